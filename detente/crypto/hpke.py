"""HPKE (RFC 9180) as MLS needs it: base mode, X25519 with HKDF-SHA256.

pyca's `Suite` seals and opens in one shot, and draws its own ephemeral key; it writes the
encapsulated key and the ciphertext as one string, which is split here.  What it lacks stands here
by hand: `derive_key_pair` (section 7.1.3), because MLS derives its keys from secrets, and the export
interface (section 5.3) in `export_to` and `export_from`, because an external commit takes its init
secret from it.

Private keys live as long as the call that uses them: nothing here remembers a secret.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from detente.ground.errors import Malformed, NotAuthentic

_VERSION = b"HPKE-v1"
_BASE_MODE = b"\0"
_KDF_HKDF_SHA256 = 1
_P = 2**255 - 19
_SMALL_ORDER = frozenset(
    number.to_bytes(32, "little")
    for number in (
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        _P - 1,
        _P,
        _P + 1,
    )
)
"""The u-coordinates of Curve25519 under which every exchange gives zero, so that everybody knows the secret."""
_AEADS = {1: hpke.AEAD.AES_128_GCM, 3: hpke.AEAD.CHACHA20_POLY1305}


def extract(hash_name: str, salt: bytes, material: bytes) -> bytes:
    """HKDF-Extract (RFC 5869) under the hash of that name."""
    return hmac.digest(salt, material, hash_name)


def expand(hash_name: str, key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand (RFC 5869): `length` bytes, at most 255 blocks of the hash."""
    block = hmac.digest(key, info + b"\1", hash_name)
    if length <= len(block):
        return block[:length]
    if length > 255 * len(block):
        raise Malformed("More bytes are asked of a key than it can give.")
    output = bytearray(block)
    while len(output) < length:
        block = hmac.digest(key, block + info + bytes([len(output) // len(block) + 1]), hash_name)
        output += block
    return bytes(output[:length])


@lru_cache(maxsize=512)
def _public(raw: bytes) -> X25519PublicKey:
    if raw[:-1] + bytes([raw[-1] & 0x7F] if raw else ()) in _SMALL_ORDER:
        raise Malformed("An encryption key is one that everybody could open.")
    try:
        return X25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise Malformed("An encryption key does not have its 32 bytes.") from error


def _private(raw: bytes) -> X25519PrivateKey:
    try:
        return X25519PrivateKey.from_private_bytes(raw)
    except ValueError as error:
        raise Malformed("A private encryption key does not have its 32 bytes.") from error


@dataclass(frozen=True)
class Hpke:
    """One HPKE suite over DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256; `aead_id` as in RFC 9180 section 7.3."""

    aead_id: int

    kem_id = 0x0020
    hash_name = "sha256"
    encapsulated_length = 32
    private_length = 32

    @property
    def _suite(self) -> hpke.Suite:
        return _suite(self.aead_id)

    def derive_key_pair(self, material: bytes) -> tuple[bytes, bytes]:
        """DeriveKeyPair: (private, public), the same for the same material."""
        suite_id = b"KEM" + self.kem_id.to_bytes(2, "big")
        key = _labeled_extract(suite_id, b"", b"dkp_prk", material)
        private = _labeled_expand(suite_id, key, b"sk", b"", self.private_length)
        return private, self.public_of(private)

    def public_of(self, private: bytes) -> bytes:
        """The public key that belongs to `private`."""
        return _private(private).public_key().public_bytes_raw()

    def check_public(self, public: bytes) -> None:
        """`Malformed` unless `public` can be a public key of this suite: its length, and no point of small order."""
        _public(public)

    def seal(self, public: bytes, info: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
        """SealBase with no associated data: (encapsulated key, ciphertext)."""
        sealed = self._suite.encrypt(plaintext, _public(public), info)
        return sealed[: self.encapsulated_length], sealed[self.encapsulated_length :]

    def open(self, private: bytes, info: bytes, encapsulated: bytes, ciphertext: bytes) -> bytes:
        """OpenBase with no associated data, or `NotAuthentic`."""
        if len(encapsulated) != self.encapsulated_length:
            raise Malformed("An encapsulated key does not have its 32 bytes.")
        try:
            return self._suite.decrypt(encapsulated + ciphertext, _private(private), info)
        except (InvalidTag, ValueError) as error:
            raise NotAuthentic("A sealed secret cannot be opened: it was made for another key or changed.") from error

    def export_to(self, public: bytes, info: bytes, context: bytes, length: int, seed: bytes) -> tuple[bytes, bytes]:
        """SetupBaseS and Export: (encapsulated key, secret).  `seed` is 32 bytes of entropy for the ephemeral key."""
        private, encapsulated = self.derive_key_pair(seed)
        secret = self._shared(private, public, encapsulated + public)
        return encapsulated, self._export(secret, info, context, length)

    def export_from(self, private: bytes, encapsulated: bytes, info: bytes, context: bytes, length: int) -> bytes:
        """SetupBaseR and Export: the secret that `export_to` gave to the other side."""
        secret = self._shared(private, encapsulated, encapsulated + self.public_of(private))
        return self._export(secret, info, context, length)

    def _shared(self, private: bytes, public: bytes, context: bytes) -> bytes:
        """DH and ExtractAndExpand of section 4.1."""
        kem = b"KEM" + self.kem_id.to_bytes(2, "big")
        key = _labeled_extract(kem, b"", b"eae_prk", _exchange(private, public))
        return _labeled_expand(kem, key, b"shared_secret", context, 32)

    def _export(self, shared: bytes, info: bytes, context: bytes, length: int) -> bytes:
        """The key schedule of section 5.1 as far as the exporter secret, then Export."""
        suite = b"HPKE" + b"".join(
            number.to_bytes(2, "big") for number in (self.kem_id, _KDF_HKDF_SHA256, self.aead_id)
        )
        psk_id_hash = _labeled_extract(suite, b"", b"psk_id_hash", b"")
        info_hash = _labeled_extract(suite, b"", b"info_hash", info)
        key = _labeled_extract(suite, shared, b"secret", b"")
        exporter = _labeled_expand(suite, key, b"exp", _BASE_MODE + psk_id_hash + info_hash, 32)
        return _labeled_expand(suite, exporter, b"sec", context, length)


@lru_cache(maxsize=8)
def _suite(aead_id: int) -> hpke.Suite:
    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, _AEADS[aead_id])


def _exchange(private: bytes, public: bytes) -> bytes:
    return _private(private).exchange(_public(public))


def _labeled_extract(suite_id: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return extract("sha256", salt, _VERSION + suite_id + label + material)


def _labeled_expand(suite_id: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return expand("sha256", key, length.to_bytes(2, "big") + _VERSION + suite_id + label + info, length)
