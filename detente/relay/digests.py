"""The digests that cover what no tree covers, so that a damaged row is found at start and not believed.

They find faults of disks and of files, not forgers: who can write the store can write the digest too.
Against those stand the checkpoints that every member keeps.
"""

from __future__ import annotations

from detente.crypto.hashing import sha256
from detente.wire.tls import uint


def founded(writers: tuple[bytes, ...]) -> bytes:
    """Of the write keys with which a line was founded."""
    return sha256(b"detente/relay-founded/v1\0", *sorted(writers))


def line(name: str, founded_with: bytes, writers: bytes) -> bytes:
    """Of a row of `line`."""
    return sha256(b"detente/relay-line/v1\0", name.encode(), founded_with, writers)


def head(name: str, epoch: int, size: int, time: int, frontier: bytes) -> bytes:
    """Of a row of `head`."""
    return sha256(b"detente/relay-head/v1\0", name.encode(), uint(epoch, 8), uint(size, 8), uint(time, 8), frontier)


def checkpoint(name: str, size: int, note: str) -> bytes:
    """Of a row of `checkpoint`."""
    return sha256(b"detente/relay-checkpoint/v1\0", name.encode(), uint(size, 8), note.encode())


def cosignature(name: str, writer: bytes, size: int, root: bytes, text: str) -> bytes:
    """Of a row of `cosignature`."""
    return sha256(b"detente/relay-cosignature/v1\0", name.encode(), writer, uint(size, 8), root, text.encode())


def mail(address: str, number: int, tag: bytes, sealed: bytes) -> bytes:
    """Of a row of `mail`."""
    return sha256(b"detente/relay-mail/v1\0", address.encode(), uint(number, 8), tag, sealed)
