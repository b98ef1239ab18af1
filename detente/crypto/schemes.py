"""The signature schemes of MLS suites (RFC 9420 section 5.1.2, draft-ietf-mls-pq-ciphersuites), one row each.

| scheme    | private key    | public key             | signature           |
|-----------|----------------|------------------------|---------------------|
| Ed25519   | a 32-byte seed | 32 bytes               | 64 bytes            |
| Ed448     | a 57-byte seed | 57 bytes               | 114 bytes           |
| P-256     | the scalar     | an uncompressed point  | DER, ECDSA, SHA-256 |
| P-384     | the scalar     | an uncompressed point  | DER, ECDSA, SHA-384 |
| P-521     | the scalar     | an uncompressed point  | DER, ECDSA, SHA-512 |
| ML-DSA-44 | a 32-byte seed | 1,312 bytes            | 2,420 bytes         |

ECDSA and ML-DSA draw chance inside pyca: no decision depends on the bytes of a signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey, Ed448PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from detente.crypto.signing import (
    ed25519_public,
    ed25519_sign,
    ed25519_verify,
    mldsa44_public,
    mldsa44_sign,
    mldsa44_verify,
)
from detente.ground.errors import Malformed, NotAuthentic

_OWN_KEYS = 32
_FOREIGN_KEYS = 1024


@dataclass(frozen=True, eq=False)
class SignatureScheme:
    """One row: `new_private(entropy)`, `public_of(private)`, `sign(private, message)`, `verify(public, message, sig)`.

    `verify` returns nothing where the signature is true and raises `NotAuthentic` everywhere else.
    """

    name: str
    new_private: Callable[[Callable[[int], bytes]], bytes]
    public_of: Callable[[bytes], bytes]
    sign: Callable[[bytes, bytes], bytes]
    verify: Callable[[bytes, bytes, bytes], None]


def _false(name: str) -> NotAuthentic:
    return NotAuthentic(f"The {name} signature is not true for this text and this key.")


# --- Ed448 ---------------------------------------------------------------------------------------


@lru_cache(maxsize=_OWN_KEYS)
def _ed448_private(seed: bytes) -> Ed448PrivateKey:
    try:
        return Ed448PrivateKey.from_private_bytes(seed)
    except ValueError as error:
        raise Malformed("The seed of an Ed448 key has 57 bytes.") from error


@lru_cache(maxsize=_FOREIGN_KEYS)
def _ed448_key(public: bytes) -> Ed448PublicKey:
    return Ed448PublicKey.from_public_bytes(public)


def _ed448_verify(public: bytes, message: bytes, signature: bytes) -> None:
    try:
        _ed448_key(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise _false("Ed448") from None


# --- ECDSA ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Ecdsa:
    """ECDSA over one curve with one hash; `order` is the number of its points."""

    name: str
    curve: ec.EllipticCurve
    digest: hashes.HashAlgorithm
    order: int

    @property
    def _size(self) -> int:
        return (self.curve.key_size + 7) // 8

    def new_private(self, entropy: Callable[[int], bytes]) -> bytes:
        """A scalar: drawn again until it is one, never reduced."""
        mask = 0xFF >> (8 * self._size - self.curve.key_size)
        for _ in range(256):
            raw = entropy(self._size)
            raw = bytes([raw[0] & mask]) + raw[1:]
            if 0 < int.from_bytes(raw, "big") < self.order:
                return raw
        raise Malformed("The source of chance gives no private key.")

    def private_key(self, private: bytes) -> ec.EllipticCurvePrivateKey:
        """The key of a scalar, whose leading zeros other programs drop."""
        if len(private) > self._size:
            raise Malformed(f"A private {self.name} key has {self._size} bytes.")
        try:
            return ec.derive_private_key(int.from_bytes(private, "big"), self.curve)
        except ValueError as error:
            raise Malformed(f"A private {self.name} key lies outside of its curve.") from error

    def public_key(self, public: bytes) -> ec.EllipticCurvePublicKey:
        """The key of an uncompressed point, or `ValueError`."""
        if len(public) != 2 * self._size + 1:
            raise ValueError(self.name)
        return ec.EllipticCurvePublicKey.from_encoded_point(self.curve, public)

    def public_of(self, private: bytes) -> bytes:
        """The uncompressed point of a scalar."""
        return _own_ecdsa(self, private).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, private: bytes, message: bytes) -> bytes:
        """A signature in DER; another one every time."""
        return _own_ecdsa(self, private).sign(message, ec.ECDSA(self.digest))

    def verify(self, public: bytes, message: bytes, signature: bytes) -> None:
        """Silence, or `NotAuthentic`."""
        try:
            _foreign_ecdsa(self, public).verify(signature, message, ec.ECDSA(self.digest))
        except (InvalidSignature, ValueError):
            raise _false(self.name) from None

    def scheme(self) -> SignatureScheme:
        """The row of the table."""
        return SignatureScheme(self.name, self.new_private, self.public_of, self.sign, self.verify)


@lru_cache(maxsize=_OWN_KEYS)
def _own_ecdsa(curve: _Ecdsa, private: bytes) -> ec.EllipticCurvePrivateKey:
    return curve.private_key(private)


@lru_cache(maxsize=_FOREIGN_KEYS)
def _foreign_ecdsa(curve: _Ecdsa, public: bytes) -> ec.EllipticCurvePublicKey:
    return curve.public_key(public)


# --- the rows ------------------------------------------------------------------------------------

ED25519 = SignatureScheme("Ed25519", lambda entropy: entropy(32), ed25519_public, ed25519_sign, ed25519_verify)
ED448 = SignatureScheme(
    "Ed448",
    lambda entropy: entropy(57),
    lambda seed: _ed448_private(seed).public_key().public_bytes_raw(),
    lambda seed, message: _ed448_private(seed).sign(message),
    _ed448_verify,
)
ECDSA_P256 = _Ecdsa(
    "P-256",
    ec.SECP256R1(),
    hashes.SHA256(),
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
).scheme()
ECDSA_P384 = _Ecdsa(
    "P-384",
    ec.SECP384R1(),
    hashes.SHA384(),
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
).scheme()
ECDSA_P521 = _Ecdsa(
    "P-521",
    ec.SECP521R1(),
    hashes.SHA512(),
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
).scheme()
MLDSA44 = SignatureScheme(
    "ML-DSA-44",
    lambda entropy: entropy(32),
    mldsa44_public,
    lambda seed, message: mldsa44_sign(seed, message, b""),
    lambda public, message, signature: mldsa44_verify(public, message, signature, b""),
)
