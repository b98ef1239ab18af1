"""Whoever takes a house's files, and every key of its store too, finds no key that was used before.

Here both locks of the store are off (the file's and the line's), so that its files show what somebody sees
who has both keys.  Read are all files: the store, its write-ahead log, whatever else lies there.
"""

import base64
from functools import partial
from itertools import count

import conference
import pytest
from conference import Conference, a_note

from detente.crypto import sealing
from detente.sqlkit.database import open_database
from detente.store import sqlite
from detente.store.sqlite import SqliteStore


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Two houses on one line, whose files are in the clear."""
    houses = count()

    def opened(_path, key, entropy):
        folder = tmp_path / str(next(houses))
        folder.mkdir()
        return SqliteStore(folder / "chancery.db", key, entropy)

    monkeypatch.setattr(sqlite, "open_database", lambda path, schema, **_key: open_database(path, schema))
    monkeypatch.setattr(sealing, "close", lambda _key, nonce, plaintext, _place: nonce + plaintext)
    monkeypatch.setattr(sealing, "disclose", lambda _key, closed, _place: closed[sealing.NONCE_BYTES :])
    monkeypatch.setattr(conference, "SqliteStore", opened)
    made = Conference(2)
    yield made
    for party in made.parties:
        party.store.close()


def forms(secret):
    """The secret as it is, and as it stands within base64 at each of the three places where it can begin."""
    yield secret
    for shift in range(3):
        yield base64.b64encode(bytes(shift) + secret)[4 if shift else 0 : -4]


def shown(folder, secrets):
    """Those of the secrets that a file in the folder shows."""
    files = [path.read_bytes() for path in folder.iterdir()]
    return {secret for secret in secrets if any(form in file for form in forms(secret) for file in files)}


def secrets_of(party, line):
    """Everything from which a message key of the present epoch can be derived."""
    tree = party.house.line(line).group.state.secret_tree
    return {each.secret for each in tree.ratchets.values()} | set(tree.nodes.values())


def spoken(world, line, sequence):
    """One note goes from the first party to the second, with all that follows of it."""
    sender, receiver = world.parties
    sender.do(line, a_note(world, sender, receiver, sequence=sequence))
    world.settle()


@pytest.mark.attack("A05", "prevented")
def test_no_secret_that_was_used_is_in_a_file_of_the_house(world, tmp_path):
    line = world.found()
    used = [set(), set()]
    for sequence in range(1, 4):
        before = [secrets_of(party, line) for party in world.parties]
        spoken(world, line, sequence)
        for place, party in enumerate(world.parties):
            used[place] |= before[place] - secrets_of(party, line)
    for place, party in enumerate(world.parties):
        see = partial(shown, tmp_path / str(place))
        assert len(used[place]) > 3
        assert see(secrets_of(party, line)) == secrets_of(party, line), "what is still needed is there, and is found"
        party.store.tidy()
        assert see(used[place]) == set()
        assert see(secrets_of(party, line)) == secrets_of(party, line)


@pytest.mark.attack("A05", "prevented")
def test_no_secret_of_an_epoch_that_ended_is_in_a_file_of_the_house(world, tmp_path):
    line = world.found()
    spoken(world, line, 1)
    chair = world.parties[0]
    before = secrets_of(chair, line) | {chair.house.line(line).group.state.secrets.exporter}
    chair.house.line(line).commit({}, (), world.entropy)
    with chair.house._step(chair.house.line(line)):
        pass
    world.settle()
    chair.store.tidy()
    assert not before & secrets_of(chair, line)
    assert shown(tmp_path / "0", before) == set()


def test_control_without_tidying_the_write_ahead_log_still_shows_them(world, tmp_path):
    line = world.found()
    spoken(world, line, 1)
    before = secrets_of(world.parties[1], line)
    spoken(world, line, 2)
    used = before - secrets_of(world.parties[1], line)
    assert used
    assert shown(tmp_path / "1", used) == used
