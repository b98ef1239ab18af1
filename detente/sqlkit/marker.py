"""The marker: a small file beside a store that says that a store is here, and how far it had come.

SQLite cannot tell a store that was never made from one that was lost, nor notice that its write-ahead
log was taken away or cut short: it opens what is left, and what was acknowledged is gone.  So one line
of fixed width is kept outside the store:

    detente-store 1 NAME APPLICATION-ID STATE GENERATION

| state    | what it promises                                             | what may be missing     |
|----------|--------------------------------------------------------------|-------------------------|
| creating | nothing was ever acknowledged from this store                | everything              |
| open     | a program wrote to it, and has not closed it (or was killed) | nothing: db and wal lie |
| between  | it is just being opened or closed                            | the wal                 |
| closed   | the store is whole in its one file                           | the wal (it must be)    |

GENERATION counts the store's write transactions.  It is written *after* each commit and not synced, so
after a power cut it may lag behind the store, but it is never ahead of it: a store whose own generation
is smaller has been rolled back.  What this cannot see: store and marker put back together from one older
copy.  That is for whoever holds the other end (for the relay: every member of a line).

The line is far shorter than a disk sector and is written in place, so it is not torn in practice; where
it is unreadable after all, the house refuses to start, and a person looks.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from detente.ground.errors import Unfit
from detente.hostkit.files import sync_directory

State = Literal["creating", "open", "between", "closed"]

_LINE = re.compile(
    r"detente-store 1 (?P<name>[a-z0-9-]{1,32}) (?P<id>[0-9]{10}) (?P<state>[a-z]{1,8}) *"
    r" (?P<generation>[0-9]{20})\n"
)
_MOST = 256
_DIGITS = 20


@dataclass(frozen=True)
class Mark:
    """What a marker says."""

    name: str
    """Which kind of store: relay, chancery, register."""
    application_id: int
    """SQLite's application id of that kind, in decimal."""
    state: State
    """The row of the table above."""
    generation: int
    """Write transactions that were surely committed."""

    def line(self) -> bytes:
        """The marker's bytes, always of one length for one name."""
        return (
            f"detente-store 1 {self.name} {self.application_id:010d} {self.state:<8} {self.generation:0{_DIGITS}d}\n"
        ).encode("ascii")


def marker_path(database: Path) -> Path:
    """Where the marker of `database` lies."""
    return database.with_name(database.name + ".marker")


def read_mark(database: Path) -> Mark | None:
    """The store's marker, None where there is no such file; `Unfit` where it cannot be read."""
    path = marker_path(database)
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unfit(f"The marker {path.name} beside the store cannot be read ({error.strerror}).") from error
    found = _LINE.fullmatch(raw.decode("latin-1"))
    if found is None or found["state"] not in get_args(State):
        raise Unfit(f"The marker {path.name} beside the store is damaged: it is not one line of the known form.")
    mark = Mark(found["name"], int(found["id"]), _state(found["state"]), int(found["generation"]))
    if mark.line() != raw:
        raise Unfit(f"The marker {path.name} beside the store is damaged: its line is not written as we write it.")
    return mark


def _state(word: str) -> State:
    return next(state for state in get_args(State) if state == word)


class Marker:
    """The marker of an open store, kept open for writing.

    It is made by `start` once the checks have passed; nothing here runs before that.
    """

    def __init__(self, database: Path, mark: Mark, descriptor: int) -> None:
        self._database = database
        self._mark = mark
        self._descriptor = descriptor
        self._offset = len(mark.line()) - 1 - _DIGITS

    @classmethod
    def start(cls, database: Path, mark: Mark) -> Marker:
        """Write `mark` durably, creating the file where it is missing (readable by its owner alone)."""
        descriptor = os.open(marker_path(database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        marker = cls(database, mark, descriptor)
        marker.enter(mark.state)
        sync_directory(database.parent)
        return marker

    @property
    def generation(self) -> int:
        """The generation last written."""
        return self._mark.generation

    def enter(self, state: State) -> None:
        """Change the state, durably."""
        self._mark = Mark(self._mark.name, self._mark.application_id, state, self._mark.generation)
        line = self._mark.line()
        os.pwrite(self._descriptor, line, 0)
        os.ftruncate(self._descriptor, len(line))
        os.fsync(self._descriptor)

    def advance(self, generation: int) -> None:
        """Note that the store reached `generation`.  Not synced, on purpose (see above): it costs microseconds."""
        self._mark = Mark(self._mark.name, self._mark.application_id, self._mark.state, generation)
        os.pwrite(self._descriptor, f"{generation:0{_DIGITS}d}".encode("ascii"), self._offset)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._descriptor)
