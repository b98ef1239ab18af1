"""The cipher suites of MLS (RFC 9420 section 17.1), and the labelled functions of its chapter 5.

A suite is a row of `SUITES`: everything above asks the suite and names no algorithm.  A suite is
added by a row, once its parts are there.

| number | key exchange | cipher            | hash    | signature |
|--------|--------------|-------------------|---------|-----------|
| 0x0001 | X25519       | AES-128-GCM       | SHA-256 | Ed25519   |
| 0x0003 | X25519       | ChaCha20-Poly1305 | SHA-256 | Ed25519   |

Every label is written "MLS 1.0 " + label, so that a signature or a key made for one purpose is worth
nothing for another.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from detente.crypto.hpke import Hpke, expand, extract
from detente.crypto.signing import ed25519_public, ed25519_sign, ed25519_verify
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.wire.tls import vector

_LABEL = b"MLS 1.0 "


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

    # --- hashes and keys from keys (5.1, 5.2, 8) ---------------------------------------------------

    def hash(self, data: bytes) -> bytes:
        """Hash."""
        return hashlib.new(self.hash_name, data).digest()

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
        info = length.to_bytes(2, "big") + vector(_LABEL + label) + vector(context)
        return expand(self.hash_name, secret, info, length)

    def derive_secret(self, secret: bytes, label: bytes) -> bytes:
        """DeriveSecret."""
        return self.expand_with_label(secret, label, b"", self.hash_length)

    def derive_tree_secret(self, secret: bytes, label: bytes, generation: int, length: int) -> bytes:
        """DeriveTreeSecret."""
        return self.expand_with_label(secret, label, generation.to_bytes(4, "big"), length)

    # --- signatures (5.1.2) ------------------------------------------------------------------------

    def signature_public(self, seed: bytes) -> bytes:
        """The public signature key of a 32-byte seed."""
        return ed25519_public(seed)

    def sign_with_label(self, seed: bytes, label: bytes, content: bytes) -> bytes:
        """SignWithLabel."""
        return ed25519_sign(seed, vector(_LABEL + label) + vector(content))

    def verify_with_label(self, public: bytes, label: bytes, content: bytes, signature: bytes) -> None:
        """VerifyWithLabel, or `NotAuthentic`."""
        ed25519_verify(public, vector(_LABEL + label) + vector(content), signature)

    # --- public-key encryption (5.1.3) -------------------------------------------------------------

    def encrypt_with_label(self, public: bytes, label: bytes, context: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
        """EncryptWithLabel: (encapsulated key, ciphertext)."""
        return self.hpke.seal(public, vector(_LABEL + label) + vector(context), plaintext)

    def decrypt_with_label(
        self, private: bytes, label: bytes, context: bytes, encapsulated: bytes, ciphertext: bytes
    ) -> bytes:
        """DecryptWithLabel, or `NotAuthentic`."""
        return self.hpke.open(private, vector(_LABEL + label) + vector(context), encapsulated, ciphertext)

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


SUITES: dict[int, CipherSuite] = {
    suite.number: suite
    for suite in (
        CipherSuite(
            number=0x0001,
            name="MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
            hpke=Hpke(aead_id=1),
            hash_name="sha256",
            hash_length=32,
            cipher=AESGCM,
            key_length=16,
            nonce_length=12,
        ),
        CipherSuite(
            number=0x0003,
            name="MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
            hpke=Hpke(aead_id=3),
            hash_name="sha256",
            hash_length=32,
            cipher=ChaCha20Poly1305,
            key_length=32,
            nonce_length=12,
        ),
    )
}
SUITE_1 = SUITES[0x0001]


def suite_of(number: int) -> CipherSuite:
    """The suite of that number, or `Refused`."""
    if not 0 <= number <= 0xFFFF:
        raise Malformed("The number of a cipher suite has two bytes.")
    suite = SUITES.get(number)
    if suite is None:
        raise Refused(f"Cipher suite 0x{number:04x} is not spoken here.", rule="mls/suite")
    return suite
