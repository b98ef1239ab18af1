"""The cipher suites of MLS (RFC 9420 section 17.1), and the labelled functions of its chapter 5.

A suite is a row of a table: everything above asks the suite and names no algorithm.

| number | key exchange   | cipher            | hash    | signature |
|--------|----------------|-------------------|---------|-----------|
| 0x0001 | X25519         | AES-128-GCM       | SHA-256 | Ed25519   |
| 0x0002 | P-256          | AES-128-GCM       | SHA-256 | P-256     |
| 0x0003 | X25519         | ChaCha20-Poly1305 | SHA-256 | Ed25519   |
| 0x0004 | X448           | AES-256-GCM       | SHA-512 | Ed448     |
| 0x0005 | P-521          | AES-256-GCM       | SHA-512 | P-521     |
| 0x0006 | X448           | ChaCha20-Poly1305 | SHA-512 | Ed448     |
| 0x0007 | P-384          | AES-256-GCM       | SHA-384 | P-384     |
| TBD1   | MLKEM768X25519 | AES-128-GCM       | SHA-256 | Ed25519   |
| TBD2   | MLKEM768X25519 | AES-256-GCM       | SHA-384 | Ed25519   |
| TBD5   | MLKEM1024P384  | AES-256-GCM       | SHA-384 | P-384     |
| TBD9   | MLKEM768X25519 | ChaCha20-Poly1305 | SHA-384 | ML-DSA-44 |

The last four are those of draft-ietf-mls-pq-ciphersuites-06, which has no numbers yet; other programs
use various ones for them.  So they have numbers only by configuration: `private_use` gives them those
that a house chose, from the range for private use, and whoever did not choose them refuses them
(`suite_of` knows only the suites it is given).  `HOUSE_SUITES` are those of our own nodes.  All but the
last protect secrecy against quantum computers, not signatures: say so to people.

Every label is written "MLS 1.0 " + label, so that a signature or a key made for one purpose is worth
nothing for another.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from detente.crypto.hpke import Hpke, expand, extract
from detente.crypto.kems import (
    DHKEM_P256,
    DHKEM_P384,
    DHKEM_P521,
    DHKEM_X448,
    DHKEM_X25519,
    MLKEM768X25519,
    MLKEM1024P384,
    Kem,
)
from detente.crypto.schemes import ECDSA_P256, ECDSA_P384, ECDSA_P521, ED448, ED25519, MLDSA44, SignatureScheme
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.wire.tls import length, vector

_LABEL = b"MLS 1.0 "
_FUNCTIONS = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


@dataclass(frozen=True)
class CipherSuite:
    """One row of the table, with the functions of RFC 9420 chapter 5 under it.  Lengths are in bytes."""

    number: int
    name: str
    hpke: Hpke
    hash_name: str
    hash_length: int
    cipher: type[AESGCM | ChaCha20Poly1305]
    key_length: int
    nonce_length: int
    scheme: SignatureScheme

    # --- hashes and keys from keys (5.1, 5.2, 8) ---------------------------------------------------

    def hash(self, data: bytes) -> bytes:
        """Hash."""
        return _FUNCTIONS[self.hash_name](data).digest()

    def mac(self, key: bytes, data: bytes) -> bytes:
        """MAC: HMAC with the suite's hash."""
        return hmac.digest(key, data, self.hash_name)

    def check_mac(self, key: bytes, data: bytes, tag: bytes) -> bool:
        """Whether `tag` is the whole MAC of `data`: its length first, then its bytes in constant time."""
        return len(tag) == self.hash_length and hmac.compare_digest(self.mac(key, data), tag)

    def ref_hash(self, label: bytes, value: bytes) -> bytes:
        """RefHash; `label` is the whole label."""
        return self.hash(vector(label) + vector(value))

    def extract(self, salt: bytes, material: bytes) -> bytes:
        """KDF.Extract."""
        return extract(self.hash_name, salt, material)

    def expand_with_label(self, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
        """ExpandWithLabel."""
        return expand(self.hash_name, secret, _expansion(label, length) + vector(context), length)

    def derive_secret(self, secret: bytes, label: bytes) -> bytes:
        """DeriveSecret."""
        return self.expand_with_label(secret, label, b"", self.hash_length)

    def derive_tree_secret(self, secret: bytes, label: bytes, generation: int, length: int) -> bytes:
        """DeriveTreeSecret."""
        return self.expand_with_label(secret, label, generation.to_bytes(4, "big"), length)

    # --- signatures (5.1.2) ------------------------------------------------------------------------

    def new_signature_key(self, entropy: Callable[[int], bytes]) -> bytes:
        """A new private signature key, out of bytes that nobody can guess."""
        return self.scheme.new_private(entropy)

    def signature_public(self, private: bytes) -> bytes:
        """The public signature key of a private one."""
        return self.scheme.public_of(private)

    def sign_with_label(self, private: bytes, label: bytes, content: bytes | memoryview) -> bytes:
        """SignWithLabel."""
        return self.scheme.sign(private, _labelled(label, content))

    def verify_with_label(self, public: bytes, label: bytes, content: bytes | memoryview, signature: bytes) -> None:
        """VerifyWithLabel, or `NotAuthentic`."""
        self.scheme.verify(public, _labelled(label, content), signature)

    # --- public-key encryption (5.1.3) -------------------------------------------------------------

    def encrypt_with_label(self, public: bytes, label: bytes, context: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
        """EncryptWithLabel: (encapsulated key, ciphertext)."""
        return self.hpke.seal(public, _labelled(label, context), plaintext)

    def decrypt_with_label(
        self, private: bytes, label: bytes, context: bytes, encapsulated: bytes, ciphertext: bytes
    ) -> bytes:
        """DecryptWithLabel, or `NotAuthentic`."""
        return self.hpke.open(private, _labelled(label, context), encapsulated, ciphertext)

    # --- the cipher --------------------------------------------------------------------------------

    def aead_seal(self, key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
        """AEAD.Seal; the tag is the last 16 bytes."""
        return self.cipher(key).encrypt(nonce, plaintext, associated)

    def aead_open(self, key: bytes, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
        """AEAD.Open, or `NotAuthentic`."""
        try:
            return self.cipher(key).decrypt(nonce, ciphertext, associated)
        except (InvalidTag, ValueError) as error:
            raise NotAuthentic(
                "A sealed message cannot be opened: it was changed or sealed with another key."
            ) from error


def _labelled(label: bytes, content: bytes | memoryview) -> bytes:
    """A label and a content, which may be long, in one piece."""
    return b"".join((vector(_LABEL + label), length(len(content)), content))


@lru_cache(maxsize=256)
def _expansion(label: bytes, length: int) -> bytes:
    """How the info of an ExpandWithLabel begins: the same few labels and lengths, a thousand times."""
    return length.to_bytes(2, "big") + vector(_LABEL + label)


_HASHES = {"sha256": (1, 32), "sha384": (2, 48), "sha512": (3, 64)}
_CIPHERS: dict[int, tuple[type[AESGCM | ChaCha20Poly1305], int]] = {
    1: (AESGCM, 16),
    2: (AESGCM, 32),
    3: (ChaCha20Poly1305, 32),
}


def _suite(number: int, name: str, kem: Kem, symmetric: tuple[int, str], scheme: SignatureScheme) -> CipherSuite:
    aead_id, hash_name = symmetric
    kdf_id, hash_length = _HASHES[hash_name]
    cipher, key_length = _CIPHERS[aead_id]
    return CipherSuite(
        number=number,
        name=name,
        hpke=Hpke(aead_id, kem, kdf_id),
        hash_name=hash_name,
        hash_length=hash_length,
        cipher=cipher,
        key_length=key_length,
        nonce_length=12,
        scheme=scheme,
    )


Suites = Mapping[int, CipherSuite]

SUITES: Suites = {
    suite.number: suite
    for suite in (
        _suite(1, "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", DHKEM_X25519, (1, "sha256"), ED25519),
        _suite(2, "MLS_128_DHKEMP256_AES128GCM_SHA256_P256", DHKEM_P256, (1, "sha256"), ECDSA_P256),
        _suite(3, "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519", DHKEM_X25519, (3, "sha256"), ED25519),
        _suite(4, "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448", DHKEM_X448, (2, "sha512"), ED448),
        _suite(5, "MLS_256_DHKEMP521_AES256GCM_SHA512_P521", DHKEM_P521, (2, "sha512"), ECDSA_P521),
        _suite(6, "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448", DHKEM_X448, (3, "sha512"), ED448),
        _suite(7, "MLS_256_DHKEMP384_AES256GCM_SHA384_P384", DHKEM_P384, (2, "sha384"), ECDSA_P384),
    )
}
"""The suites of RFC 9420: what is spoken where nothing else was configured."""

_DRAFT: Mapping[str, CipherSuite] = {
    suite.name: suite
    for suite in (
        _suite(0, "MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519", MLKEM768X25519, (1, "sha256"), ED25519),
        _suite(0, "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519", MLKEM768X25519, (2, "sha384"), ED25519),
        _suite(0, "MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384", MLKEM1024P384, (2, "sha384"), ECDSA_P384),
        _suite(0, "MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44", MLKEM768X25519, (3, "sha384"), MLDSA44),
    )
}


def private_use(numbers: Mapping[int, str]) -> Suites:
    """Suites of the draft under numbers of one's own, from 0xF000 to 0xFFFF (RFC 9420 section 17.1)."""
    if not all(0xF000 <= number <= 0xFFFF for number in numbers):
        raise Malformed("A suite without a registered number takes one from 0xF000 to 0xFFFF.")
    if not set(numbers.values()) <= set(_DRAFT):
        raise Malformed("A number for private use is given to a suite that nobody here knows.")
    return {number: replace(_DRAFT[name], number=number) for number, name in numbers.items()}


HOUSE_SUITES: Suites = {
    **SUITES,
    **private_use(
        {
            0xF001: "MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519",
            0xF002: "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519",
            0xF005: "MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384",
            0xF009: "MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44",
        }
    ),
}
"""What our own nodes speak among themselves; the numbers follow the order of the draft."""

SUITE_1 = SUITES[0x0001]


def suite_of(number: int, spoken: Suites = SUITES) -> CipherSuite:
    """The suite of that number among those that are spoken, or `Refused`."""
    if not 0 <= number <= 0xFFFF:
        raise Malformed("The number of a cipher suite has two bytes.")
    suite = spoken.get(number)
    if suite is None:
        raise Refused(f"Cipher suite 0x{number:04x} is not spoken here.", rule="mls/suite")
    return suite
