"""Files that must be whole and private: keys, ports, links.

A file is written beside its name, made durable, and then put in its place, so that a reader finds the
old one or the new one and never half of either.  Whatever is written here only its owner may read.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from detente.ground.errors import Unfit

OTHERS = 0o077
_MOST = 4096  # bytes of a secret


def sync_directory(directory: Path) -> None:
    """Make the names of new files in `directory` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file whole or not at all, mode 600; `Unfit` where it is there already and not to be replaced."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            fresh.replace(path)
        else:
            os.link(fresh, path)  # unlike a renaming, it puts nothing in the place of what came meanwhile
    except FileExistsError:
        raise Unfit(f"{path} is there already; nothing was changed.") from None
    finally:
        fresh.unlink(missing_ok=True)
    sync_directory(path.parent)


def read_private(path: Path, what: str, length: int | None = None) -> bytes:
    """A secret of exactly `length` bytes, or of some; `Unfit` where others may read it, or it cannot be read."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & OTHERS:
                raise Unfit(f"Others than its owner may read {what} {path}: change its mode to 600.")
            secret = file.read(_MOST + 1)
    except OSError as error:
        raise Unfit(f"{what.capitalize()} {path} cannot be read: {error.strerror or error}.") from None
    if len(secret) > _MOST or length not in (None, len(secret)):
        raise Unfit(
            f"{what.capitalize()} {path} does not have {length or _MOST} bytes: it is another file, or damaged."
        )
    return secret


def keep_seed(path: Path, store_exists: bool, what: str, length: int = 32) -> bytes:  # noqa: FBT001 - one plain fact
    """The seed in `path`, made where there never was a store; `Unfit` where it is gone and its store is not."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        if store_exists:
            raise Unfit(f"{what.capitalize()} {path.name} is gone, though there is a store that it signed for.")
        write_private(path, secrets.token_bytes(length))
    return read_private(path, what, length)
