"""The register's ledger: what enters, in which order, and that nothing damaged is ever served."""

import apsw
import pytest
from sealing import ADOPTED_AT, TEXT, make_file, make_parties, make_payload, seed

from detente.evidence import anchors, verifier
from detente.evidence.verifier import Outcome
from detente.ground.errors import Conflict, Malformed, Refused, Unfit
from detente.ground.instants import Instant
from detente.register.ledger import Ledger

ORIGIN = "register.example/1"
NOW = Instant(ADOPTED_AT + 1000)
PARTIES = make_parties()
FILE = make_file(PARTIES)
FILES = [make_file(PARTIES, make_payload(PARTIES, TEXT + f"\nAnnex {number}\n")) for number in range(5)]
KNOWN = anchors.make_anchors({party.id: party.name for party in PARTIES}, None)


def open_ledger(path=":memory:", origin=ORIGIN, owner="register"):
    return Ledger(path, origin, seed(owner))


def readers_anchors(ledger):
    return anchors.make_anchors({party.id: party.name for party in PARTIES}, ledger.anchor)


def test_what_is_published_verifies_from_its_proof_alone():
    ledger = open_ledger()
    for place, file in enumerate(FILES):
        published = ledger.publish(file, KNOWN, NOW)
        assert (published.position, published.new) == (place, True)
        assert published.proof.endswith(published.checkpoint)
        assert verifier.verify(file, published.proof.encode(), readers_anchors(ledger)).outcome is Outcome.PROVED
    for file in FILES:  # and again under the newest head
        found = ledger.publish(file, KNOWN, NOW)
        assert not found.new
        assert verifier.verify(file, found.proof.encode(), readers_anchors(ledger)).outcome is Outcome.PROVED
        assert ledger.file(found.digest) == file
    assert ledger.size == 5
    assert [one.position for one in ledger.listed()] == [4, 3, 2, 1, 0]


def test_the_register_takes_its_own_word_for_nothing():
    ledger = open_ledger()
    stranger = make_parties("other keys")
    with pytest.raises(Refused, match="impersonation"):
        ledger.publish(make_file(stranger), KNOWN, NOW)
    with pytest.raises(Refused, match="not among"):
        ledger.publish(FILE, anchors.make_anchors({PARTIES[0].id: "Arvenia"}, None), NOW)
    with pytest.raises(Refused, match="no parties"):
        ledger.publish(FILE, None, NOW)
    with pytest.raises(Malformed):
        ledger.publish(FILE + b" ", KNOWN, NOW)
    with pytest.raises(Malformed):
        ledger.publish(b"x" * (20 * 2**20), KNOWN, NOW)
    assert ledger.size == 0
    assert ledger.publish(FILE, KNOWN, NOW).position == 0  # control


def test_one_instrument_stands_in_one_file():
    """Seals can be made anew (ML-DSA signing is randomised); the first file is the file."""
    ledger = open_ledger()
    ledger.publish(FILE, KNOWN, NOW)
    again = make_file(PARTIES)
    assert again != FILE
    with pytest.raises(Conflict, match="stands here already"):
        ledger.publish(again, KNOWN, NOW)


def test_it_goes_on_where_it_stopped(tmp_path):
    ledger = open_ledger(tmp_path / "register.db")
    first = ledger.publish(FILES[0], KNOWN, NOW)
    ledger.close()
    ledger = open_ledger(tmp_path / "register.db")
    assert ledger.find(first.digest).proof == first.proof
    assert ledger.publish(FILES[1], KNOWN, NOW).position == 1
    ledger._database.abandon()  # killed
    ledger = open_ledger(tmp_path / "register.db")
    assert ledger.size == 2
    ledger.close()


@pytest.mark.parametrize("who", [{"origin": "other.example/1"}, {"owner": "other"}])
def test_another_registers_store_is_not_served(tmp_path, who):
    open_ledger(tmp_path / "register.db").close()
    with pytest.raises(Unfit, match="another"):
        open_ledger(tmp_path / "register.db", **who)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE instrument SET file = X'7B7D' WHERE position = 1",
        "UPDATE instrument SET digest = randomblob(32) WHERE position = 1",
        "UPDATE instrument SET act = randomblob(32) WHERE position = 1",
        "DELETE FROM instrument WHERE position = 1",
        "DELETE FROM instrument WHERE position = 2",
        "DELETE FROM instrument",
        "DELETE FROM register",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET note = replace(note, '3', '2')",
        "UPDATE register SET key = randomblob(32)",
    ],
)
def test_a_damaged_register_does_not_start(tmp_path, damage):
    path = tmp_path / "register.db"
    ledger = open_ledger(path)
    for file in FILES[:3]:
        ledger.publish(file, KNOWN, NOW)
    ledger.close()
    open_ledger(path).close()  # control
    connection = apsw.Connection(str(path))
    connection.execute(damage)
    connection.close()
    for stray in ("register.db-wal", "register.db-shm"):
        (tmp_path / stray).unlink(missing_ok=True)
    with pytest.raises(Unfit):
        open_ledger(path)
