"""One SQLite store: how it is opened, checked, migrated, written and closed.  It knows no domain.

Opening is a sequence in which nothing on the disk changes before every check has passed:

1. the files: marker, store and write-ahead log must tell one story (`marker.py` has the table);
2. the store opens alone (no second program), with the given key, as SQLite, with the right application id
   and a version that is not from the future; SQLite's own check finds its pages sound, no foreign key dangles;
3. inside one transaction: the missing migrations, then the caller's own `verify`, then the next generation.
   If `verify` raises, the transaction is rolled back and the files are what they were.

Any doubt is `Unfit` with a sentence: an unexplained missing, short or damaged file is never repaired and
never replaced by an empty store (domain/threats.md section 3.1: what "cleaned up" its files lost data).

Durability is not a setting: WAL with `synchronous=FULL`, the only mode in which a power cut loses nothing
acknowledged; the price is bought back by putting many requests into one transaction.

What was overwritten or deleted is written over with zeros in the store (`secure_delete`), but its old pages
stay in the write-ahead log until that begins anew.  `Database.tidy` makes it begin anew and cuts it short;
without it a thousand pages of the past stay at most, and with it nothing that a file of ours still shows.  What a
disk keeps of blocks that were given back is beyond a program.

With a key the store is encrypted page by page (AEGIS, raw 32-byte key, no passphrase derivation here).
That needs SQLite with Multiple Ciphers; under plain apsw the same class serves unencrypted stores and says
so when a key is given.  The key is never written anywhere by this file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import apsw

from detente.ground.errors import Unavailable, Unfit
from detente.sqlkit.marker import Mark, Marker, marker_path, read_mark

MEMORY = ":memory:"
KEY_BYTES = 32

Value = None | int | float | str | bytes
Row = tuple[Any, ...]

_BROKEN = (
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.IOError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.NoLFSError,
)
_BUSY = (apsw.BusyError, apsw.LockedError)

_FIRST = "CREATE TABLE sqlkit_generation (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), generation INTEGER) STRICT"


@dataclass(frozen=True)
class Schema:
    """Which kind of store this is, and how its tables came to be."""

    name: str
    """A word of lower-case letters, for messages and the marker."""
    application_id: int
    """SQLite's application id, 1 to 2^31 - 1, one for each kind of store."""
    migrations: tuple[str, ...]
    """SQL scripts; the store's user_version says how many of them it has had.  Append only."""
    check: Literal["quick_check", "integrity_check"] = "quick_check"
    """SQLite's check at every start: pages only, or indexes against their tables too (slower)."""


@dataclass(frozen=True)
class _Place:
    """The file of a store, and what its marker said before it was opened."""

    path: Path
    mark: Mark | None

    @property
    def wal(self) -> Path:
        return self.path.with_name(self.path.name + "-wal")


class Database:
    """An open store with one writer, which is the thread that uses it.

    Statements take positional parameters; rows come back as tuples.  Errors of the store itself become
    `Unfit` (stop: after a failed write nothing more may be acknowledged) or `Unavailable` (disk full or
    busy: nothing of this transaction was written).  Errors of our own SQL stay what apsw calls them.
    """

    def __init__(self, connection: apsw.Connection, schema: Schema) -> None:
        self._connection = connection
        self._schema = schema
        self._marker: Marker | None = None
        self._inside = False
        self._tidied = 0
        self.generation = 0
        """Write transactions since the store was made, this one included while one is open."""

    @property
    def in_transaction(self) -> bool:
        """Whether a `transaction` is open."""
        return self._inside

    def execute(self, sql: str, values: Sequence[Value] = ()) -> None:
        """Run one statement and drop its rows."""
        with _translated(self._schema):
            for _ in self._connection.execute(sql, tuple(values)):
                pass

    def rows(self, sql: str, values: Sequence[Value] = ()) -> Generator[Row, None, None]:
        """The rows of a query, read as they are asked for."""
        with _translated(self._schema):
            yield from self._connection.execute(sql, tuple(values))

    def row(self, sql: str, values: Sequence[Value] = ()) -> Row | None:
        """The first row of a query, or None."""
        with contextlib.closing(self.rows(sql, values)) as rows:
            return next(rows, None)

    @contextlib.contextmanager
    def transaction(self, *, counted: bool = False) -> Iterator[None]:
        """Everything inside becomes durable together on leaving, or nothing does.

        One that changed no row costs no sync of the disk and no generation, unless it is `counted`.
        """
        if self._inside:
            raise RuntimeError("transactions do not nest")
        self.execute("BEGIN IMMEDIATE")
        self._inside = True
        before, changes = self.generation, self._connection.total_changes()
        try:
            yield
            if counted or self._connection.total_changes() != changes:
                self.generation = before + 1
                self.execute("UPDATE sqlkit_generation SET generation = ? WHERE only_row = 1", (self.generation,))
            self.execute("COMMIT")
        except BaseException:
            self.generation = before
            self._roll_back()
            raise
        finally:
            self._inside = False
        if self._marker is not None and self.generation != before:
            self._marker.advance(self.generation)

    def _roll_back(self) -> None:
        with _translated(self._schema):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def tidy(self) -> None:
        """Leave nothing in the files of what was overwritten or deleted; costs two syncs, or nothing if nothing was.

        The last rows to go lie in the write-ahead log until the next write after it was folded in, so one is made.
        While somebody is still reading rows nothing is done: then the next time.
        """
        if self._tidied == self.generation:
            return
        with _translated(self._schema):
            try:
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
            except _BUSY:
                return
        with self.transaction(counted=True):
            self._tidied = self.generation + 1

    def close(self) -> None:
        """Fold the write-ahead log into the store and let it go.  A second call does nothing."""
        if self._marker is None:
            self._connection.close()
            return
        marker, self._marker = self._marker, None
        try:
            marker.enter("between")
            with _translated(self._schema):
                self._connection.close()
            marker.enter("closed")
        finally:
            marker.close()

    def abandon(self) -> None:
        """Let the store go as a killed program would: what was committed stays in the write-ahead log."""
        self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self._connection.close()
        if self._marker is not None:
            self._marker.close()
            self._marker = None


def open_database(
    path: Path | str,
    schema: Schema,
    *,
    key: bytes | None = None,
    shared: bool = False,
    verify: Callable[[Database], None] | None = None,
) -> Database:
    """The store at `path` (":memory:" for one that dies with its object), made where there never was one.

    `key` encrypts it (32 raw bytes).  `shared` lets `open_reader` stand beside it; without it no other
    connection opens the file.  `verify` looks at the store after the migrations and raises `Unfit` where
    its contents contradict one another.  Raises `Unfit`, and then nothing on the disk was changed.
    """
    _check_key(key)
    if str(path) == MEMORY:
        return _start(_connect(MEMORY, schema, key, alone=True), schema, verify or _no_further_check)
    place = _look(Path(path), schema)
    wal_was_there = place.wal.exists()
    if place.mark is None:
        Marker.start(place.path, Mark(schema.name, schema.application_id, "creating", 0)).close()

    def verify_then_mark(database: Database) -> None:
        (verify or _no_further_check)(database)
        if place.mark is not None and place.mark.state != "creating":
            Marker.start(place.path, replace(place.mark, state="between")).close()

    try:
        connection = _connect(str(place.path), schema, key, alone=True)
        try:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            database = _start(connection, schema, verify_then_mark, place.mark)
        except BaseException:
            connection.close()
            raise
    except BaseException:
        _sweep(place, wal_was_there=wal_was_there)
        raise
    if shared:
        connection.close()
        connection = _connect(str(place.path), schema, key, alone=False)
        database = _again(connection, schema, database.generation)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
    database._marker = Marker.start(  # noqa: SLF001 - this function is the class's only maker
        place.path, Mark(schema.name, schema.application_id, "open", database.generation)
    )
    return database


def open_reader(path: Path, schema: Schema, *, key: bytes | None = None) -> Database:
    """A connection that only reads, beside the one that `open_database(..., shared=True)` gave."""
    _check_key(key)
    connection = _connect(str(path), schema, key, alone=False, flags=apsw.SQLITE_OPEN_READONLY)
    return Database(connection, schema)


def _no_further_check(_: Database) -> None:
    """For stores whose rows promise nothing to each other beyond what SQLite keeps."""


# --- before opening: do the files tell one story? ------------------------------------------------


def _look(path: Path, schema: Schema) -> _Place:
    """The table of `marker.py` as checks.  Reads names and sizes only."""
    if not path.parent.is_dir():
        raise Unfit(f"The folder for the {schema.name} store, {path.parent}, is not there.")
    place = _Place(path, read_mark(path))
    if place.mark is None:
        _nothing_here(place, schema)
        return place
    mark = place.mark
    if (mark.name, mark.application_id) != (schema.name, schema.application_id):
        raise Unfit(f"{path.name} belongs to another program: its marker says {mark.name}, not {schema.name}.")
    if mark.state == "creating":
        return place
    if not path.exists():
        raise Unfit(f"The {schema.name} store {path.name} is gone, though its marker says that it was here.")
    if path.stat().st_size == 0:
        raise Unfit(f"The {schema.name} store {path.name} is empty, though its marker says that it was in use.")
    _wal_as_promised(place, schema, mark)
    return place


def _nothing_here(place: _Place, schema: Schema) -> None:
    for suffix in ("", "-wal", "-journal"):
        stray = place.path.with_name(place.path.name + suffix)
        if stray.exists():
            raise Unfit(
                f"{stray.name} is there, but the marker {marker_path(place.path).name} that every {schema.name} "
                f"store has beside it is missing."
            )


def _wal_as_promised(place: _Place, schema: Schema, mark: Mark) -> None:
    size = place.wal.stat().st_size if place.wal.exists() else 0
    if mark.state == "open" and size == 0:
        raise Unfit(
            f"The write-ahead log {place.wal.name} of the {schema.name} store is missing or empty, though the "
            f"store was not closed: what was acknowledged last may be gone."
        )
    if mark.state == "closed" and size != 0:
        raise Unfit(
            f"A write-ahead log {place.wal.name} lies beside the {schema.name} store, though the store was "
            f"closed whole: it comes from somewhere else."
        )
    if place.path.with_name(place.path.name + "-journal").exists():
        raise Unfit(f"A rollback journal lies beside the {schema.name} store {place.path.name}; it is not ours.")


# --- opening -------------------------------------------------------------------------------------


def _check_key(key: bytes | None) -> None:
    if key is None:
        return
    if len(key) != KEY_BYTES:
        raise Unfit("A store's key has 32 bytes.")
    if not hasattr(apsw, "mc_version"):
        raise Unfit("This SQLite cannot encrypt: install apsw-sqlite3mc, or run without a store key.")


def _connect(
    path: str,
    schema: Schema,
    key: bytes | None,
    *,
    alone: bool,
    flags: int = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE,
) -> apsw.Connection:
    """A connection with every setting that this project relies on; nothing is written."""
    with _translated(schema):
        connection = apsw.Connection(path, flags=flags)
        try:
            _set_up(connection, key, alone=alone)
        except BaseException:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.close()
            raise
    if path != MEMORY and flags & apsw.SQLITE_OPEN_CREATE:
        Path(path).chmod(0o600)
    return connection


def _set_up(connection: apsw.Connection, key: bytes | None, *, alone: bool) -> None:
    if key is not None:
        connection.pragma("cipher", "aegis")
        connection.pragma("key", "raw:" + key.hex())
    if alone:
        connection.pragma("locking_mode", "exclusive")
    connection.set_busy_timeout(0 if alone else 5_000)
    for name, value in (
        ("synchronous", "full"),
        ("foreign_keys", "on"),
        ("secure_delete", "on"),
        ("trusted_schema", "off"),
        ("cell_size_check", "on"),
        ("temp_store", "memory"),
        ("cache_spill", "off"),
        ("journal_size_limit", 0),
    ):
        connection.pragma(name, value)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)


def _start(
    connection: apsw.Connection,
    schema: Schema,
    verify: Callable[[Database], None],
    mark: Mark | None = None,
) -> Database:
    """Check, migrate, verify and count one generation, in that order; see the head of this file."""
    database = Database(connection, schema)
    with _translated(schema):
        _check_sound(connection, schema)
    version = _check_kind(connection, schema, fresh=mark is None or mark.state == "creating")
    with _translated(schema):
        if version > 0 and connection.pragma("journal_mode") != "wal":
            raise Unfit(f"The {schema.name} store is not in write-ahead mode, in which every store of ours is.")
        connection.pragma("journal_mode", "wal")
        if connection.pragma("synchronous") != 2:
            raise Unfit("This SQLite does not keep synchronous=FULL.")
    if version > 0:
        _check_generation(database, schema, mark)
    with database.transaction(counted=True):
        _migrate(database, schema, version)
        verify(database)
    return database


def _again(connection: apsw.Connection, schema: Schema, generation: int) -> Database:
    """The same store on a connection that readers may stand beside."""
    database = Database(connection, schema)
    database.generation = generation
    found = database.row("SELECT generation FROM sqlkit_generation")
    if found != (generation,):
        raise Unfit(f"The {schema.name} store changed while it was being opened.")
    return database


def _check_sound(connection: apsw.Connection, schema: Schema) -> None:
    report = connection.pragma(schema.check)
    if report != "ok":
        first = str(report).replace("\n", " ")[:200]
        raise Unfit(f"The {schema.name} store is damaged; SQLite's check says: {first}.")
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise Unfit(f"The {schema.name} store is damaged: a row refers to another that is not there.")


def _check_kind(connection: apsw.Connection, schema: Schema, *, fresh: bool) -> int:
    """The store's version, after its application id was found right; 0 for one that is being made."""
    with _translated(schema):
        found = int(connection.pragma("application_id"))
        version = int(connection.pragma("user_version"))
        empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    if fresh and empty and (found, version) == (0, 0):
        return 0
    if found != schema.application_id:
        raise Unfit(f"This is not a {schema.name} store: its application id is {found}, not {schema.application_id}.")
    if not 1 <= version <= len(schema.migrations):
        raise Unfit(
            f"This {schema.name} store has version {version}; this program knows versions 1 to "
            f"{len(schema.migrations)}. A newer program wrote it, or it is damaged."
        )
    return version


def _check_generation(database: Database, schema: Schema, mark: Mark | None) -> None:
    found = database.row("SELECT generation FROM sqlkit_generation WHERE only_row = 1")
    if found is None:
        raise Unfit(f"The {schema.name} store is damaged: it does not say how often it was written.")
    database.generation = int(found[0])
    if mark is not None and database.generation < mark.generation:
        raise Unfit(
            f"The {schema.name} store has gone back: it stands at its transaction {database.generation}, its marker "
            f"saw {mark.generation}. Part of it was cut off, or an older copy was put in its place."
        )


def _migrate(database: Database, schema: Schema, version: int) -> None:
    if version == 0:
        database.execute(_FIRST)
        database.execute("INSERT INTO sqlkit_generation VALUES (1, 0)")
        database.execute(f"PRAGMA application_id = {int(schema.application_id)}")
    for script in schema.migrations[version:]:
        database.execute(script)
    if version != len(schema.migrations):
        database.execute(f"PRAGMA user_version = {len(schema.migrations)}")


def _sweep(place: _Place, *, wal_was_there: bool) -> None:
    """Take away the empty write-ahead log that merely looking has made; nothing that held anything."""
    if not wal_was_there and place.wal.exists() and place.wal.stat().st_size == 0:
        place.wal.unlink()


@contextlib.contextmanager
def _translated(schema: Schema) -> Iterator[None]:
    """What SQLite says, in our words.  apsw's own text may quote SQL, so it is not passed on."""
    try:
        yield
    except apsw.NotADBError as error:
        raise Unfit(
            f"The {schema.name} store cannot be read: its key is another one, or its first page is damaged."
        ) from error
    except _BROKEN as error:
        raise Unfit(f"The {schema.name} store failed ({type(error).__name__}); stop and look at the disk.") from error
    except apsw.FullError as error:
        raise Unavailable("The disk is full; nothing of this was written.") from error
    except _BUSY as error:
        raise Unfit(f"Another program has the {schema.name} store open.") from error
