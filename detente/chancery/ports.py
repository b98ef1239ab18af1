"""What a chancery needs from the world: a store, a clock's instants and chance.  Nothing else reaches it.

Time and entropy come as arguments (`now`, `Entropy`).  The network is not a port of the chancery at
all: transport asks what is to be sent (`outgoing`) and hands in what came (`receive`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from detente.ground.identifiers import LineId


@dataclass(frozen=True)
class LineRow:
    """A line as stored: its version counts every step, so that two workers cannot both take it."""

    line: LineId
    version: int
    core: bytes


@dataclass(frozen=True)
class EntryRow:
    """An entry of a line's log as this house keeps it: the leaf, what became of it, and the act."""

    position: int
    leaf: bytes
    outcome: str
    act: bytes  # its id, or empty
    packed: bytes  # the act with its signature, or empty
    sentence: str = ""


@dataclass(frozen=True)
class OutboxRow:
    """An own act, or an own commit, that waits for its place in the log."""

    order: int  # in which it is sealed again if it must be
    tag: bytes
    epoch: int
    act: bytes  # its id
    packed: bytes
    ciphertext: bytes


class Store(Protocol):
    """Where a house keeps everything.  Bodies lie under the key of their line.

    Every method may raise `Unfit` where the store is damaged.  What was written inside
    `transaction` is durable when the outermost one ends, or it is not there at all.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; nests."""

    def keep(self, shelf: str, key: str, value: bytes) -> None:
        """Write a value under a key, in place of what was there."""

    def fetch(self, shelf: str, key: str) -> bytes | None:
        """The value under a key."""

    def shelf(self, shelf: str) -> list[tuple[str, bytes]]:
        """All of one shelf, in the order of the keys."""

    def discard(self, shelf: str, key: str) -> None:
        """Take a value away; it need not be there."""

    def lines(self) -> list[LineRow]:
        """Every line of the house."""

    def save_line(self, line: LineId, expected: int, core: bytes) -> int:
        """Write the core if the line's version is still `expected` (0: none yet); the new version, or `Conflict`."""

    def add_entries(self, line: LineId, rows: Iterable[EntryRow]) -> None:
        """Append entries."""

    def entries(self, line: LineId, start: int = 0) -> Iterator[EntryRow]:
        """Entries from a position on."""

    def forget_entries(self, line: LineId, start: int) -> None:
        """Take entries from a position on away, before they are read anew."""

    def put_outbox(self, line: LineId, row: OutboxRow) -> None:
        """Keep an own act until it has its place."""

    def outbox(self, line: LineId) -> list[OutboxRow]:
        """What waits, in its order."""

    def tidy(self) -> None:
        """Let what was overwritten or deleted be gone for good, as far as a program can; not within a transaction."""

    def close(self) -> None:
        """Let the store go; everything in it stays."""

    def drop_outbox(self, line: LineId, tag: bytes) -> None:
        """It has its place, or was sealed again."""
