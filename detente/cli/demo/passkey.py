"""A passkey in software, for programs: those that play the persons of a demonstration, and commands with a link.

It does what an authenticator and a browser do together, with an Ed25519 key, and says that a person was verified, of
which nobody knows but who runs the program.  People use the authenticator of their own device.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from detente.crypto import passkeys
from detente.hostkit.files import read_private, write_private

_SEED: Final = 32
_ANSWERING, _MAKING = 0x05, 0x45  # present and verified; and with the new key behind
_NO_MODEL: Final = bytes(16)


class SoftPasskey:
    """The passkey of a seed of 32 random bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes_raw()
        self._credential = hashlib.sha256(self._public).digest()

    def make(self, asked: dict[str, str], link: str) -> dict[str, Any]:
        """The body with which it is enrolled."""
        length = len(self._credential).to_bytes(2, "big")
        key = passkeys.eddsa_key(self._public)
        data = _said(asked, _MAKING) + _NO_MODEL + length + self._credential + key
        return {
            "link": link,
            "challenge": _base64(_challenge(asked)),
            "authenticator_data": _base64(data),
            "client_data": _base64(_client(asked, "webauthn.create")),
        }

    def answer(self, asked: dict[str, str]) -> dict[str, Any]:
        """The body with which it signs in."""
        data, client = _said(asked, _ANSWERING), _client(asked, "webauthn.get")
        signature = self._key.sign(data + hashlib.sha256(client).digest())
        return {
            "challenge": _base64(_challenge(asked)),
            "credential": _base64(self._credential),
            "answer": {
                "authenticator_data": _base64(data),
                "client_data": _base64(client),
                "signature": _base64(signature),
            },
        }


def kept_in(file: Path) -> SoftPasskey:
    """The passkey whose seed lies in a file, which is made where it is not there."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, os.urandom(_SEED))
    return SoftPasskey(read_private(file, "a passkey of the demonstration", _SEED))


def for_once() -> SoftPasskey:
    """A passkey that nobody keeps: it signs in as long as this program runs."""
    return SoftPasskey(os.urandom(_SEED))


def _said(asked: dict[str, str], flags: int) -> bytes:
    """The site, the flags, and a counter that does not count."""
    return hashlib.sha256(asked["rp"].encode()).digest() + bytes([flags]) + bytes(4)


def _client(asked: dict[str, str], kind: str) -> bytes:
    return (passkeys.client_start(kind, asked["origin"], _challenge(asked)) + ',"crossOrigin":false}').encode()


def _challenge(asked: dict[str, str]) -> bytes:
    return base64.urlsafe_b64decode(asked["challenge"] + "=")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
