"""Closing things up: mail that only its addressee opens, and what lies at rest.

Mail    HPKE base mode (RFC 9180): X25519, HKDF-SHA256, AES-256-GCM; the context is authenticated.
        HPKE's ephemeral key is drawn inside pyca/cryptography.  Mail carries invitations and
        welcomes; its secrecy is classical today, and the threat model says so.
At rest AES-256-GCM with a 96-bit nonce that the caller draws, under a key derived for one purpose
        (HKDF-SHA256); the name of the place is authenticated, so that no cell can be moved.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from detente.ground.errors import Malformed, NotAuthentic

KEY_BYTES = 32
NONCE_BYTES = 12
_MAIL = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def mail_public(seed: bytes) -> bytes:
    """The X25519 public key (32 bytes) of a mailbox whose private key is `seed`."""
    return X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def seal_mail(plaintext: bytes, public: bytes, context: bytes) -> bytes:
    """Seal `plaintext` to the mailbox key; `context` must be the same when it is opened."""
    try:
        return _MAIL.encrypt(plaintext, X25519PublicKey.from_public_bytes(public), context)
    except ValueError as error:
        raise Malformed("That is not a mailbox key.") from error


def open_mail(sealed: bytes, seed: bytes, context: bytes) -> bytes:
    """The plaintext, or `NotAuthentic` if it was not sealed to this mailbox in this context."""
    try:
        return _MAIL.decrypt(sealed, X25519PrivateKey.from_private_bytes(seed), context)
    except (InvalidTag, ValueError) as error:
        raise NotAuthentic("The letter was not sealed to this mailbox, or was changed.") from error


def derive(key: bytes, purpose: bytes) -> bytes:
    """A key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869, without salt; one block)."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, purpose + b"\x01", hashlib.sha256)


def close(key: bytes, nonce: bytes, plaintext: bytes, place: bytes) -> bytes:
    """Nonce and ciphertext of what lies at `place`."""
    return nonce + AESGCM(key).encrypt(nonce, plaintext, place)


def disclose(key: bytes, closed: bytes, place: bytes) -> bytes:
    """What `close` closed, or `NotAuthentic` if the key, the place or a byte is another."""
    try:
        return AESGCM(key).decrypt(closed[:NONCE_BYTES], closed[NONCE_BYTES:], place)
    except (InvalidTag, ValueError) as error:
        raise NotAuthentic("A stored record does not open: it was changed or moved, or the key is another.") from error
