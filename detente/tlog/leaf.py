"""One entry of a line's log: what the relay orders and every member keeps, and nothing that tells.

The layout is fixed, 86 bytes:

| bytes | field           | what it is                                                              |
|-------|-----------------|-------------------------------------------------------------------------|
| 1     | version         | 0x01                                                                    |
| 1     | kind            | 0 talk, 1 commit                                                        |
| 8     | epoch           | the MLS epoch that it was sealed for, big-endian                        |
| 8     | time_ms         | the relay's time in milliseconds since 1970, never going back           |
| 4     | bucket          | the size of the ciphertext, as the bucket in which it was padded, bytes |
| 32    | ciphertext_hash | SHA-256 of the ciphertext                                               |
| 32    | tag             | chosen by the sender, so that a retry is not a second entry             |

The ciphertext lies outside the tree: it may be large, and it may be erased without breaking a proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from detente.ground.errors import Malformed
from detente.ground.instants import LAST
from detente.tlog.merkle import HASH_BYTES, leaf_hash
from detente.wire import tls

LEAF_BYTES: Final = 86
TAG_BYTES: Final = 32
_VERSION: Final = 1


class LeafKind(IntEnum):
    """What was ordered: a message, or a change of the group's keys."""

    TALK = 0
    COMMIT = 1


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry; `Malformed` when it is made with a value that its field cannot hold."""

    kind: LeafKind
    epoch: int
    time_ms: int
    bucket: int
    ciphertext_hash: bytes
    tag: bytes

    def __post_init__(self) -> None:
        if len(self.ciphertext_hash) != HASH_BYTES or len(self.tag) != TAG_BYTES:
            raise Malformed("The hash and the tag of a log's entry have 32 bytes each.")
        if not 0 <= self.time_ms <= LAST:
            raise Malformed("The time of a log's entry lies between 1970 and 9999.")
        if not (0 <= self.epoch < 1 << 64 and 0 <= self.bucket < 1 << 32):
            raise Malformed("The epoch or the size of a log's entry is out of range.")

    def encode(self) -> bytes:
        """The 86 bytes."""
        return b"".join(
            (
                bytes((_VERSION, self.kind)),
                tls.uint(self.epoch, 8),
                tls.uint(self.time_ms, 8),
                tls.uint(self.bucket, 4),
                self.ciphertext_hash,
                self.tag,
            )
        )

    @classmethod
    def decode(cls, raw: bytes) -> Leaf:
        """What `encode` wrote; `Malformed` for everything else."""
        return tls.whole(raw, _read)

    def hash(self) -> bytes:
        """The leaf hash, as the tree has it."""
        return leaf_hash(self.encode())


def _read(reader: tls.Reader) -> Leaf:
    version, kind = reader.uint(1), reader.uint(1)
    if version != _VERSION:
        raise Malformed(f"A log's entry of version {version} is not understood.")
    if kind not in (LeafKind.TALK, LeafKind.COMMIT):
        raise Malformed(f"A log's entry of kind {kind} is not understood.")
    return Leaf(
        kind=LeafKind(kind),
        epoch=reader.uint(8),
        time_ms=reader.uint(8),
        bucket=reader.uint(4),
        ciphertext_hash=reader.take(HASH_BYTES),
        tag=reader.take(TAG_BYTES),
    )
