"""The key of a store: a file that its owner alone may read, or a passphrase.  It never lies beside the store.

`--key-file`         32 random bytes, made where there is none yet
`--passphrase-file`  a passphrase in a file; the key is Argon2id of it (RFC 9106), with salt and parameters
                     in `passphrase.json` beside the store, where they are no secret

The house's own secrets lie inside the encrypted store; whoever has this key and the store has the house.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from detente.ground.errors import Malformed, Unfit
from detente.hostkit.files import read_private, write_private
from detente.wire import canonical

KEY_BYTES: Final = 32
PARAMETERS: Final = "passphrase.json"
_SALT_BYTES = 16
_SHORTEST = 12  # characters
_MOST = 4096  # bytes of the parameters


class Argon(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="detente.passphrase-argon2id/1"
):
    """How a passphrase becomes a key.  The bounds keep a changed file from weakening it or filling the memory."""

    salt: Annotated[bytes, msgspec.Meta(min_length=_SALT_BYTES, max_length=_SALT_BYTES)]
    memory_kib: Annotated[int, msgspec.Meta(ge=65_536, le=4 * 1024 * 1024)]
    passes: Annotated[int, msgspec.Meta(ge=3, le=64)]
    lanes: Annotated[int, msgspec.Meta(ge=1, le=16)]


def store_key(home: Path, key_file: Path | None, passphrase_file: Path | None, *, make: bool = False) -> bytes:
    """The key of the store in `home`, 32 bytes; `Unfit` with the reason where it cannot be had.

    With `make`, what is missing of it is made: the key file, or the parameters of the passphrase.
    """
    if (key_file is None) == (passphrase_file is None):
        raise Unfit("Name the store's key once: with --key-file or with --passphrase-file.")
    if key_file is not None:
        return _from_file(home, key_file, make=make)
    return _from_passphrase(home, passphrase_file or Path(), make=make)


def _from_file(home: Path, path: Path, *, make: bool) -> bytes:
    if home.resolve() in path.resolve().parents:
        raise Unfit(f"The key {path} lies in the home that it locks: keep it somewhere else.")
    if make and not path.exists():
        write_private(path, os.urandom(KEY_BYTES))
    return read_private(path, "the key", KEY_BYTES)


def _from_passphrase(home: Path, path: Path, *, make: bool) -> bytes:
    if home.resolve() in path.resolve().parents:
        raise Unfit(f"The passphrase {path} lies in the home that it locks: keep it somewhere else.")
    passphrase = read_private(path, "the passphrase").rstrip(b"\r\n")
    parameters = home / PARAMETERS
    if make and not parameters.exists():
        if len(passphrase.decode("utf-8", "replace")) < _SHORTEST:
            raise Unfit(f"A passphrase has at least {_SHORTEST} characters; six random words are better.")
        write_private(parameters, canonical.encode(Argon(os.urandom(_SALT_BYTES), 262_144, 3, 4)))
    try:
        read = canonical.decode(parameters.read_bytes()[:_MOST], Argon)
    except (OSError, Malformed):
        raise Unfit(f"{parameters} is missing or damaged: without it the passphrase opens nothing.") from None
    kdf = Argon2id(
        salt=read.salt, length=KEY_BYTES, iterations=read.passes, lanes=read.lanes, memory_cost=read.memory_kib
    )
    return kdf.derive(passphrase)
