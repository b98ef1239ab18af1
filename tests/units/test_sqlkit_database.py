"""A store opens only where marker, file and write-ahead log tell one story; any doubt changes nothing."""

import hashlib
import os
import subprocess
import sys
import textwrap

import apsw
import pytest

from detente.ground.errors import Unfit
from detente.sqlkit.database import MEMORY, Schema, open_database, open_reader
from detente.sqlkit.marker import Mark, marker_path, read_mark

SCHEMA = Schema("example", 0x44455401, ("CREATE TABLE thing (name TEXT PRIMARY KEY, body BLOB) STRICT",))
KEY = bytes(range(32))


def snapshot(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def put(database, name, body=b"x"):
    with database.transaction():
        database.execute("INSERT INTO thing VALUES (?, ?)", (name, body))


def names(database):
    return [row[0] for row in database.rows("SELECT name FROM thing ORDER BY name")]


def make(folder, *, closed=True, key=None, count=3):
    database = open_database(folder / "s.db", SCHEMA, key=key)
    for n in range(count):
        put(database, f"n{n}", os.urandom(3000))
    if closed:
        database.close()
    else:
        database.abandon()
    return folder / "s.db"


def refuses(path, sentence, *, key=None, schema=SCHEMA, verify=None):
    """Opening is Unfit, says why, and leaves every byte as it was."""
    before = snapshot(path.parent)
    with pytest.raises(Unfit, match=sentence):
        open_database(path, schema, key=key, verify=verify)
    assert snapshot(path.parent) == before


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("key", [None, KEY])
def test_what_was_committed_is_there_after_close_and_after_a_kill(tmp_path, closed, key):
    path = make(tmp_path, closed=closed, key=key)
    for _ in range(3):
        database = open_database(path, SCHEMA, key=key)
        assert names(database) == ["n0", "n1", "n2"]
        database.close() if closed else database.abandon()


def test_every_setting_that_we_rely_on_is_on(tmp_path):
    database = open_database(tmp_path / "s.db", SCHEMA)
    settings = {
        name: database.row(f"PRAGMA {name}")[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "application_id", "user_version")
    }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "application_id": SCHEMA.application_id,
        "user_version": 1,
    }
    assert (tmp_path / "s.db").stat().st_mode & 0o777 == 0o600
    database.close()


def test_memory_store():
    database = open_database(MEMORY, SCHEMA)
    put(database, "a")
    assert names(database) == ["a"]
    database.close()


def test_a_transaction_is_whole_or_nothing(tmp_path):
    database = open_database(tmp_path / "s.db", SCHEMA)
    generation = database.generation

    def twice():
        with database.transaction():
            database.execute("INSERT INTO thing VALUES ('a', NULL)")
            database.execute("INSERT INTO thing VALUES ('a', NULL)")

    with pytest.raises(apsw.ConstraintError):
        twice()
    assert names(database) == []
    assert database.generation == generation
    put(database, "b")
    assert database.generation == generation + 1
    database.close()


def test_what_only_reads_writes_nothing(tmp_path):
    path = tmp_path / "s.db"
    database = open_database(path, SCHEMA)
    put(database, "a")
    generation, log = database.generation, path.with_name("s.db-wal").stat().st_size
    with database.transaction():
        assert names(database) == ["a"]
    assert (database.generation, path.with_name("s.db-wal").stat().st_size) == (generation, log)
    with database.transaction():
        database.execute("UPDATE thing SET name = 'b'")
    assert database.generation == generation + 1
    assert path.with_name("s.db-wal").stat().st_size > log
    database.close()


def test_a_second_program_is_refused(tmp_path):
    path = make(tmp_path)
    database = open_database(path, SCHEMA)
    script = f"""
        from pathlib import Path
        from detente.ground.errors import Unfit
        from detente.sqlkit.database import Schema, open_database
        try:
            open_database(Path({str(path)!r}), Schema("example", {SCHEMA.application_id}, {SCHEMA.migrations!r}))
        except Unfit as error:
            print(error)
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "Another program has the example store open" in said.stdout
    database.close()


def test_readers_beside_a_shared_writer(tmp_path):
    writer = open_database(tmp_path / "s.db", SCHEMA, shared=True, key=KEY)
    reader = open_reader(tmp_path / "s.db", SCHEMA, key=KEY)
    put(writer, "a")
    assert names(reader) == ["a"]
    with pytest.raises(Unfit):
        reader.execute("INSERT INTO thing VALUES ('b', NULL)")
    reader.close()
    writer.close()
    again = open_database(tmp_path / "s.db", SCHEMA, key=KEY)
    assert names(again) == ["a"]
    again.close()


# --- files that are missing, short, strange ------------------------------------------------------


def test_a_store_that_is_gone(tmp_path):
    path = make(tmp_path)
    path.unlink()
    refuses(path, "is gone, though its marker says")


def test_a_store_that_is_empty(tmp_path):
    path = make(tmp_path)
    path.write_bytes(b"")
    refuses(path, "is empty, though its marker says")


@pytest.mark.parametrize("keep", [512, 4096, 4097, 8192])
def test_a_store_that_is_short(tmp_path, keep):
    path = make(tmp_path, count=12)
    path.write_bytes(path.read_bytes()[:keep])
    refuses(path, "damaged|cannot be read|failed")


def test_a_write_ahead_log_that_is_gone(tmp_path):
    path = make(tmp_path, closed=False)
    (tmp_path / "s.db-wal").unlink()
    refuses(path, "write-ahead log s.db-wal .* missing")


def test_control_without_the_marker_sqlite_forgets_without_a_word(tmp_path):
    path = make(tmp_path, closed=False)
    (tmp_path / "s.db-wal").unlink()
    connection = apsw.Connection(str(path))
    assert connection.pragma("quick_check") == "ok"
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)  # all three rows are lost
    connection.close()


def test_a_write_ahead_log_that_was_cut_short(tmp_path):
    path = make(tmp_path, closed=False)
    wal = tmp_path / "s.db-wal"
    wal.write_bytes(wal.read_bytes()[:-4200])
    refuses(path, "has gone back")


def test_control_a_cut_log_is_silent_without_the_generation(tmp_path):
    path = make(tmp_path, closed=False)
    wal = tmp_path / "s.db-wal"
    wal.write_bytes(wal.read_bytes()[:-4200])
    marker = marker_path(path)
    marker.write_bytes(Mark("example", SCHEMA.application_id, "open", 0).line())
    database = open_database(path, SCHEMA)
    assert names(database) == ["n0", "n1"]  # n2 was acknowledged and is lost
    database.close()


def test_an_older_copy_put_in_place(tmp_path):
    path = make(tmp_path)
    old = path.read_bytes()
    database = open_database(path, SCHEMA)
    put(database, "later")
    database.close()
    path.write_bytes(old)
    refuses(path, "has gone back")


def test_a_strange_write_ahead_log(tmp_path):
    path = make(tmp_path)
    (tmp_path / "s.db-wal").write_bytes(b"w" * 5000)
    refuses(path, "comes from somewhere else")


def test_a_marker_that_is_gone(tmp_path):
    path = make(tmp_path)
    marker_path(path).unlink()
    refuses(path, r"the marker s.db.marker .* is missing")


@pytest.mark.parametrize("damage", [b"", b"detente-store 1 example\n", b"x" * 300])
def test_a_marker_that_is_damaged(tmp_path, damage):
    path = make(tmp_path)
    marker_path(path).write_bytes(damage)
    refuses(path, "is damaged")


def test_another_program_s_marker(tmp_path):
    path = make(tmp_path)
    refuses(path, "belongs to another program", schema=Schema("other", 7, SCHEMA.migrations))


def test_another_application_id(tmp_path):
    path = make(tmp_path)
    connection = apsw.Connection(str(path))
    connection.pragma("application_id", 99)
    connection.pragma("journal_mode", "delete")
    connection.close()
    refuses(path, "application id is 99")


def test_a_store_from_the_future(tmp_path):
    newer = Schema("example", SCHEMA.application_id, (*SCHEMA.migrations, "CREATE TABLE more (a) "))
    open_database(tmp_path / "s.db", newer).close()
    refuses(tmp_path / "s.db", "version 2; this program knows versions 1 to 1")


def test_the_wrong_key_and_no_key(tmp_path):
    path = make(tmp_path, key=KEY)
    assert b"SQLite format 3" not in path.read_bytes()
    refuses(path, "its key is another one", key=bytes(32))
    refuses(path, "its key is another one")
    with pytest.raises(Unfit, match="32 bytes"):
        open_database(path, SCHEMA, key=b"short")


def test_any_changed_byte_of_an_encrypted_store_is_found(tmp_path):
    path = make(tmp_path, key=KEY)
    good = path.read_bytes()
    for position in range(16, len(good), max(1, len(good) // 40)):  # the first 16 are a salt that a raw key ignores
        path.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        refuses(path, "store", key=KEY)
    path.write_bytes(good)
    open_database(path, SCHEMA, key=KEY).close()


# --- migrations and the caller's own check -------------------------------------------------------


def test_migrations_run_once_each_and_in_order(tmp_path):
    path = make(tmp_path)
    second = Schema("example", SCHEMA.application_id, (*SCHEMA.migrations, "ALTER TABLE thing ADD COLUMN n INTEGER"))
    for _ in range(2):
        database = open_database(path, second)
        assert database.row("PRAGMA user_version") == (2,)
        assert database.row("SELECT count(n), count(*) FROM thing") == (0, 3)
        database.close()


@pytest.mark.parametrize("closed", [True, False])
def test_a_failing_check_undoes_the_migration_and_touches_nothing(tmp_path, closed):
    path = make(tmp_path, closed=closed)
    second = Schema("example", SCHEMA.application_id, (*SCHEMA.migrations, "ALTER TABLE thing ADD COLUMN n INTEGER"))

    def verify(database):
        assert database.row("SELECT count(n) FROM thing") == (0,)
        raise Unfit("The rows contradict one another.")

    refuses(path, "contradict", schema=second, verify=verify)
    database = open_database(path, SCHEMA)
    assert names(database) == ["n0", "n1", "n2"]
    database.close()


@pytest.mark.parametrize("state", ["creating", "between"])
def test_a_kill_while_opening_or_closing_is_no_damage(tmp_path, state):
    path = make(tmp_path)
    marker_path(path).write_bytes(Mark("example", SCHEMA.application_id, state, 1).line())
    database = open_database(path, SCHEMA)
    assert names(database) == ["n0", "n1", "n2"]
    database.abandon()
    marker_path(path).write_bytes(Mark("example", SCHEMA.application_id, state, 1).line())
    database = open_database(path, SCHEMA)
    assert names(database) == ["n0", "n1", "n2"]
    database.close()
    assert read_mark(path).state == "closed"


def test_a_kill_while_creating_leaves_nothing_in_the_way(tmp_path):
    path = tmp_path / "s.db"
    marker_path(path).write_bytes(Mark("example", SCHEMA.application_id, "creating", 0).line())
    open_database(path, SCHEMA).close()
    path.write_bytes(b"")
    marker_path(path).write_bytes(Mark("example", SCHEMA.application_id, "creating", 0).line())
    database = open_database(path, SCHEMA)
    put(database, "a")
    assert names(database) == ["a"]
    database.close()


# --- what files keep of what is gone ----------------------------------------------------------------


def traces(folder, secret):
    """In how many places a file in `folder` shows a stretch of 32 bytes of `secret`."""
    files = [path.read_bytes() for path in folder.iterdir()]
    pieces = [secret[start : start + 32] for start in range(0, len(secret) - 31, 32)]
    return sum(piece in file for piece in pieces for file in files)


@pytest.mark.parametrize("size", [100, 3_000, 50_000])
@pytest.mark.parametrize("step", ["UPDATE thing SET body = randomblob(70)", "DELETE FROM thing"])
def test_what_was_overwritten_or_deleted_is_in_no_file_after_tidying(tmp_path, size, step):
    secret = os.urandom(size)
    database = open_database(tmp_path / "s.db", SCHEMA)
    put(database, "a", secret)
    with database.transaction():
        database.execute(step)
    assert traces(tmp_path, secret) > 0, "without tidying the write-ahead log still shows it: the control"
    database.tidy()
    assert traces(tmp_path, secret) == 0
    put(database, "b", secret)
    database.abandon()
    database = open_database(tmp_path / "s.db", SCHEMA)  # a store that was killed after tidying is whole
    assert "b" in names(database)
    database.close()


def test_tidying_twice_costs_nothing_and_waits_for_readers(tmp_path):
    database = open_database(tmp_path / "s.db", SCHEMA)
    put(database, "a", os.urandom(9_000))
    generation = database.generation
    reading = database.rows("SELECT * FROM thing")
    next(reading)
    database.tidy()
    assert database.generation == generation
    reading.close()
    database.tidy()
    database.tidy()
    assert database.generation == generation + 1
    database.abandon()
    open_database(tmp_path / "s.db", SCHEMA).close()
