"""What goes into the relay's journal and comes out of it, as values.

A refusal of one submission is a value beside its neighbours' places, because a request carries many and
each stands for itself.  Refusals of a whole request (an unknown line, a foreign box) are raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from detente.ground.errors import Refused
from detente.tlog.leaf import Leaf

_SMALLEST_BUCKET = 256

UNKNOWN = "relay.unknown"
"""The rule of a `Refused` that says: no such line or box, or it is not yours (one answer for both)."""


def unknown() -> Refused:
    """The one answer for what is not there and for what is not the asker's."""
    return Refused("There is no such line or box, or it is not yours.", rule=UNKNOWN)


def size_bucket(length: int) -> int:
    """The class of a ciphertext's length, as its leaf has it: the next power of two, 256 at least."""
    return max(_SMALLEST_BUCKET, 1 << (length - 1).bit_length())


@dataclass(frozen=True, slots=True)
class Submission:
    """One entry that a writer wants placed."""

    writer: bytes
    """The Ed25519 public key whose session asks, pseudonymous and of this line alone."""
    kind: int
    """0 talk, 1 commit."""
    epoch: int
    """The epoch that it was sealed in."""
    tag: bytes
    """32 bytes of the author's choice; the same tag with the same ciphertext is the same entry."""
    ciphertext: bytes
    """What the relay cannot read."""
    expected: int | None = None
    """The size that the line must have; a commit must say it."""
    writers: tuple[bytes, ...] | None = None
    """With a commit: the whole new set of write keys."""
    insist: bool = False
    """The author has read everything, and knows that the relay's idea of the epoch is wrong."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The entry has its place, once and for all."""

    position: int
    time: int
    """Milliseconds; never smaller than that of the entry before."""
    size: int
    """Of the line now."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The entry was not placed."""

    code: Literal["conflict", "stale", "refused", "unknown"]
    sentence: str
    size: int
    """Of the line now, so that the author knows how far to read."""


@dataclass(frozen=True, slots=True)
class Cosignature:
    """The latest word of one witness; opaque to the relay."""

    writer: bytes
    size: int
    root: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Entries from one position on, with what vouches for them."""

    entries: tuple[tuple[Leaf, bytes], ...]
    """Each entry's leaf and ciphertext, in order."""
    checkpoint: str
    """The relay's signed note over the line up to the end of this page, exactly."""
    cosignatures: tuple[Cosignature, ...]
    """The newest of each witness, over whatever sizes they are."""
    size: int
    """Of the line now: more than the end of the page means that there is more to read."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One sealed item in a box."""

    number: int
    tag: bytes
    sealed: bytes
