"""The relay is blind: it loads nothing that could read, and its store does not tell who wrote what."""

import hashlib
import os
import subprocess
import sys

import pytest
from relays import CHECKOUT

from detente.crypto.signing import ed25519_public
from detente.ground.identifiers import base32
from detente.relay.journal import Journal
from detente.relay.records import Submission

SEEING = ("acts", "mls", "evidence", "procedures", "line", "chancery", "store", "transport", "api", "web", "bootstrap")
ALICE, BOB = (ed25519_public(bytes([n]) * 32) for n in (1, 2))
LINE = base32(b"l" * 16)


def loaded(module):
    """The project's own modules that a fresh interpreter has after importing this one."""
    script = f"import {module}, sys; print(*(name for name in sys.modules if name.startswith('detente.')))"
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True
    )
    return {name.split(".")[1] for name in said.stdout.split()}, said.stdout


@pytest.mark.attack("A01", "prevented")
def test_the_running_relay_has_loaded_nothing_that_could_read_an_act():
    floors, modules = loaded("detente.relay.main")
    assert floors == {"ground", "wire", "crypto", "tlog", "sqlkit", "hostkit", "relay"}
    assert not {"detente.crypto.hpke", "detente.crypto.suites", "detente.crypto.sealing"} & set(modules.split())


def test_control_the_same_look_at_a_courier_finds_what_can():
    floors, _ = loaded("detente.transport.courier")
    assert floors & set(SEEING) >= {"acts", "line", "chancery"}


def dump(path):
    """Everything that the store says, row by row."""
    import apsw

    connection = apsw.Connection(str(path))
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")]
    rows = {name: list(connection.execute(f"SELECT * FROM {name}")) for name in tables}  # noqa: S608 - the names are the schema's
    connection.close()
    return rows


def written(path, authors, body=b"sealed"):
    journal = Journal(path, bytes(32), "relay.example")
    journal.create_line(LINE, (ALICE, BOB))
    for n, author in enumerate(authors):
        journal.append(LINE, [Submission(author, 0, 0, hashlib.sha256(b"%d" % n).digest(), body)], 1_000)
    journal.close()
    return dump(path)


@pytest.mark.attack("A42", "limited")
def test_who_seizes_the_store_does_not_learn_which_key_wrote_which_entry(tmp_path):
    assert written(tmp_path / "a.db", [ALICE, BOB, ALICE]) == written(tmp_path / "b.db", [BOB, ALICE, BOB])


def test_control_the_comparison_sees_other_entries(tmp_path):
    one = written(tmp_path / "a.db", [ALICE, BOB])
    assert one != written(tmp_path / "b.db", [ALICE, BOB], b"other")
    assert one != written(tmp_path / "c.db", [ALICE])


@pytest.mark.attack("A42", "limited")
def test_mail_that_was_dropped_is_gone_from_the_disk(tmp_path):
    canary = os.urandom(32)

    def on_disk():
        return any(canary in path.read_bytes() for path in tmp_path.iterdir())

    journal = Journal(tmp_path / "relay.db", bytes(32), "relay.example")
    with journal.group():
        box = journal.mail.open_box(ALICE)
        journal.mail.post(box, bytes(32), b"before" + canary * 400)
    journal.close()
    assert on_disk()  # the control: it was there
    journal = Journal(tmp_path / "relay.db", bytes(32), "relay.example")
    with journal.group():
        journal.mail.drop(box, 0)
    journal.close()
    assert not on_disk()
