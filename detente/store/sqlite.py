"""The embedded store of a chancery: SQLite, encrypted as a whole, and each line once more under its own key.

    file       AEGIS under a key derived from the house's key, which lies somewhere else
    bodies     acts and a line's core: AES-256-GCM under the line's own key, drawn at random when the line
               begins and itself closed under the house's key; the place of a cell is authenticated

So one stolen statement or a dump of one table does not open a line, and a line's key can be destroyed
without touching the others.  Columns in clear inside the encrypted file: positions, leaves, outcomes.

A key that was used is gone from the core as soon as the step is stored, and from the files at the next `tidy`:
until then the page on which it lay stands in the write-ahead log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from detente.chancery.ports import EntryRow, LineRow, OutboxRow
from detente.crypto import sealing
from detente.ground.errors import Conflict, NotAuthentic, Unfit
from detente.ground.identifiers import LineId
from detente.line.terms import Entropy
from detente.sqlkit.database import MEMORY, Database, Schema, open_database

_FIRST = """
CREATE TABLE shelves (
  shelf TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (shelf, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE lines (
  line BLOB PRIMARY KEY, version INTEGER NOT NULL, key BLOB NOT NULL, core BLOB NOT NULL
) STRICT;
CREATE TABLE entries (
  line BLOB NOT NULL, position INTEGER NOT NULL, leaf BLOB NOT NULL, outcome TEXT NOT NULL,
  act BLOB NOT NULL, packed BLOB NOT NULL, sentence TEXT NOT NULL, PRIMARY KEY (line, position)
) STRICT;
CREATE TABLE outbox (
  line BLOB NOT NULL, place INTEGER NOT NULL, tag BLOB NOT NULL, epoch INTEGER NOT NULL,
  act BLOB NOT NULL, packed BLOB NOT NULL, ciphertext BLOB NOT NULL, PRIMARY KEY (line, tag)
) STRICT;
"""

SCHEMA = Schema(name="chancery", application_id=0x44434859, migrations=(_FIRST,))


class SqliteStore:
    """The Store port over one SQLite file; see `chancery.ports.Store` for what each method promises."""

    def __init__(self, path: Path | str, key: bytes, entropy: Entropy) -> None:
        """Open the store; `key` is the house's key, 32 bytes.  Raises `Unfit`, and then touches nothing."""
        self._entropy = entropy
        self._wrapping = sealing.derive(key, b"detente/store/lines/v1")
        file_key = None if str(path) == MEMORY else sealing.derive(key, b"detente/store/file/v1")  # memory has no file
        self._database: Database = open_database(path, SCHEMA, key=file_key)
        self._keys: dict[LineId, bytes] = {}
        self._depth = 0

    def close(self) -> None:
        """Let the store go."""
        self._database.close()

    def tidy(self) -> None:
        """Leave nothing in the files of what was overwritten or deleted."""
        self._database.tidy()

    def abandon(self) -> None:
        """Let the store go as a killed program would."""
        self._database.abandon()

    # --- transactions ----------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an inner one is a savepoint of the outer."""
        outermost = self._depth == 0
        self._depth += 1
        try:
            if outermost:
                with self._database.transaction():
                    yield
            else:
                yield from self._savepoint(f"step{self._depth}")
        except BaseException:
            self._keys.clear()
            raise
        finally:
            self._depth -= 1

    def _savepoint(self, name: str) -> Iterator[None]:
        self._database.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self._database.execute(f"ROLLBACK TO {name}")
            self._database.execute(f"RELEASE {name}")
            raise
        self._database.execute(f"RELEASE {name}")

    # --- shelves ---------------------------------------------------------------------------------

    def keep(self, shelf: str, key: str, value: bytes) -> None:
        """Write a value under a key, in place of what was there."""
        with self.transaction():
            self._database.execute("INSERT OR REPLACE INTO shelves VALUES (?, ?, ?)", (shelf, key, value))

    def fetch(self, shelf: str, key: str) -> bytes | None:
        """The value under a key."""
        row = self._database.row("SELECT value FROM shelves WHERE shelf = ? AND key = ?", (shelf, key))
        return row[0] if row else None

    def shelf(self, shelf: str) -> list[tuple[str, bytes]]:
        """All of one shelf, in the order of the keys."""
        return [
            (key, value)
            for key, value in self._database.rows(
                "SELECT key, value FROM shelves WHERE shelf = ? ORDER BY key", (shelf,)
            )
        ]

    def discard(self, shelf: str, key: str) -> None:
        """Take a value away; it need not be there."""
        with self.transaction():
            self._database.execute("DELETE FROM shelves WHERE shelf = ? AND key = ?", (shelf, key))

    # --- lines -----------------------------------------------------------------------------------

    def lines(self) -> list[LineRow]:
        """Every line of the house."""
        rows = list(self._database.rows("SELECT line, version, core FROM lines ORDER BY line"))
        return [
            LineRow(LineId(line), version, self._open(LineId(line), "core", 0, core)) for line, version, core in rows
        ]

    def save_line(self, line: LineId, expected: int, core: bytes) -> int:
        """Write the core if its version is still `expected`; the new version, or `Conflict`."""
        row = self._database.row("SELECT version FROM lines WHERE line = ?", (line,))
        if (row[0] if row else 0) != expected:
            raise Conflict("Another worker has taken this line on in the meantime.")
        with self.transaction():
            if row is None:
                nonce = self._entropy(sealing.NONCE_BYTES)
                wrapped = sealing.close(self._wrapping, nonce, self._key(line), b"line" + line)
                self._database.execute(
                    "INSERT INTO lines VALUES (?, 1, ?, ?)", (line, wrapped, self._close(line, "core", 0, core))
                )
            else:
                closed = self._close(line, "core", 0, core)
                self._database.execute(
                    "UPDATE lines SET version = ?, core = ? WHERE line = ?", (expected + 1, closed, line)
                )
        return expected + 1

    def add_entries(self, line: LineId, rows: Iterable[EntryRow]) -> None:
        """Append entries."""
        with self.transaction():
            for row in rows:
                packed = self._close(line, "entry", row.position, row.packed) if row.packed else b""
                sentence = row.sentence
                self._database.execute(
                    "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (line, row.position, row.leaf, row.outcome, row.act, packed, sentence),
                )

    def entries(self, line: LineId, start: int = 0) -> Iterator[EntryRow]:
        """Entries from a position on."""
        rows = self._database.rows(
            "SELECT position, leaf, outcome, act, packed, sentence FROM entries"
            " WHERE line = ? AND position >= ? ORDER BY position",
            (line, start),
        )
        for position, leaf, outcome, act, packed, sentence in rows:
            opened = self._open(line, "entry", position, packed) if packed else b""
            yield EntryRow(position, leaf, outcome, act, opened, sentence)

    def forget_entries(self, line: LineId, start: int) -> None:
        """Take entries from a position on away."""
        with self.transaction():
            self._database.execute("DELETE FROM entries WHERE line = ? AND position >= ?", (line, start))

    # --- the outbox ------------------------------------------------------------------------------

    def put_outbox(self, line: LineId, row: OutboxRow) -> None:
        """Keep an own act until it has its place."""
        with self.transaction():
            self._database.execute(
                "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    line,
                    row.order,
                    row.tag,
                    row.epoch,
                    row.act,
                    self._close(line, "outbox", row.order, row.packed),
                    row.ciphertext,
                ),
            )

    def outbox(self, line: LineId) -> list[OutboxRow]:
        """What waits, in its order."""
        rows = list(
            self._database.rows(
                "SELECT place, tag, epoch, act, packed, ciphertext FROM outbox WHERE line = ? ORDER BY place", (line,)
            )
        )
        return [
            OutboxRow(place, tag, epoch, act, self._open(line, "outbox", place, packed), ciphertext)
            for place, tag, epoch, act, packed, ciphertext in rows
        ]

    def drop_outbox(self, line: LineId, tag: bytes) -> None:
        """It has its place, or was sealed again."""
        with self.transaction():
            self._database.execute("DELETE FROM outbox WHERE line = ? AND tag = ?", (line, tag))

    # --- the line's own key ------------------------------------------------------------------------

    def _key(self, line: LineId) -> bytes:
        if line not in self._keys:
            row = self._database.row("SELECT key FROM lines WHERE line = ?", (line,))
            if row is None:  # a line's first rows may be written just before the line itself
                self._keys[line] = self._entropy(sealing.KEY_BYTES)
            else:
                self._keys[line] = self._disclosed(self._wrapping, row[0], b"line" + line)
        return self._keys[line]

    def _close(self, line: LineId, what: str, number: int, plaintext: bytes) -> bytes:
        return sealing.close(self._key(line), self._entropy(sealing.NONCE_BYTES), plaintext, _place(line, what, number))

    def _open(self, line: LineId, what: str, number: int, closed: bytes) -> bytes:
        return self._disclosed(self._key(line), closed, _place(line, what, number))

    def _disclosed(self, key: bytes, closed: bytes, place: bytes) -> bytes:
        try:
            return sealing.disclose(key, closed, place)
        except NotAuthentic as error:
            raise Unfit(error.sentence) from error


def _place(line: LineId, what: str, number: int) -> bytes:
    return b"detente/cell/v1\0" + line + what.encode() + b"\0" + number.to_bytes(8, "big")
