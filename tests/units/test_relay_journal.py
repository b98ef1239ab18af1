"""The journal: places once given stay, whatever is repeated, raced, interrupted or damaged."""

import dataclasses
import hashlib
import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from detente.crypto.signing import ed25519_public
from detente.ground.errors import Conflict, Malformed, Refused, Unfit
from detente.ground.identifiers import base32
from detente.relay.journal import Journal
from detente.relay.limits import Limits
from detente.relay.records import UNKNOWN, Declined, Placed, Submission, size_bucket
from detente.tlog.checkpoint import open_checkpoint
from detente.tlog.leaf import LeafKind
from detente.tlog.merkle import Frontier

SEED = bytes(range(32))
PREFIX = "relay.example"
ALICE, BOB, CAROL, EVE = (ed25519_public(bytes([n]) * 32) for n in range(1, 5))
LINE = base32(b"l" * 16)
OTHER = base32(b"o" * 16)


def tag(n):
    return hashlib.sha256(b"tag %d" % n).digest()


def talk(n, *, epoch=0, writer=ALICE, body=None, **more):
    return Submission(writer, 0, epoch, tag(n), body or b"sealed %d" % n, **more)


def commit(n, *, epoch, expected, writer=ALICE, **more):
    return Submission(writer, 1, epoch, tag(n), b"commit %d" % n, expected, **more)


def journal(path=":memory:", **more):
    return Journal(path, SEED, PREFIX, **more)


@pytest.fixture
def founded():
    made = journal()
    made.create_line(LINE, (ALICE, BOB))
    yield made
    made.close()


def one(made, submission, now=1_000, line=LINE):
    (result,) = made.append(line, [submission], now)
    return result


def everything(made, line=LINE):
    """All pages put together; each must end where its checkpoint does, and connect to the one before."""
    entries, frontier = [], Frontier()
    while True:
        page = made.read(line, len(entries))
        for leaf, ciphertext in page.entries:
            assert hashlib.sha256(ciphertext).digest() == leaf.ciphertext_hash
            frontier.append(leaf.hash())
        entries += page.entries
        checkpoint = open_checkpoint(page.checkpoint, made.verifier_key, origin=f"{PREFIX}/l/{line}")
        assert (checkpoint.size, checkpoint.root) == (frontier.size, frontier.root())
        if len(entries) == page.size:
            return entries


# --- placing -------------------------------------------------------------------------------------


def test_entries_get_places_in_order_and_a_checkpoint_covers_them(founded):
    results = founded.append(LINE, [talk(0), talk(1), commit(2, epoch=0, expected=2), talk(3, epoch=1)], 5_000)
    assert results == [Placed(n, 5_000, n + 1) for n in range(4)]
    entries = everything(founded)
    assert [leaf.kind for leaf, _ in entries] == [0, 0, 1, 0]
    assert [leaf.epoch for leaf, _ in entries] == [0, 0, 0, 1]
    assert [ciphertext for _, ciphertext in entries] == [b"sealed 0", b"sealed 1", b"commit 2", b"sealed 3"]
    assert [leaf for leaf, _ in entries] == founded.leaves(LINE, 0, 4)


def test_a_repetition_is_given_its_old_place_even_when_it_is_stale_by_now(founded):
    first = one(founded, talk(0), now=1_000)
    one(founded, commit(1, epoch=0, expected=1))
    assert one(founded, talk(0), now=9_000) == dataclasses.replace(first, size=2)
    assert one(founded, commit(1, epoch=0, expected=1)).position == 1
    assert founded.size(LINE) == 2


def test_the_same_tag_with_other_bytes_is_a_conflict(founded):
    one(founded, talk(0))
    assert one(founded, talk(0, body=b"other")).code == "conflict"
    assert founded.size(LINE) == 1


def test_of_two_commits_for_one_place_the_first_wins(founded):
    won, lost = founded.append(LINE, [commit(0, epoch=0, expected=0), commit(1, epoch=0, expected=0, writer=BOB)], 1)
    assert won == Placed(0, 1, 1)
    assert (lost.code, lost.size) == ("conflict", 1)


def test_a_commit_says_how_long_the_line_is(founded):
    refused = one(founded, Submission(ALICE, 1, 0, tag(0), b"c"))
    assert (refused.code, "how long the line must be" in refused.sentence) == ("refused", True)


def test_an_entry_of_another_epoch_is_stale_unless_its_author_insists(founded):
    one(founded, commit(0, epoch=0, expected=0))
    stale = one(founded, talk(1, epoch=0))
    assert (stale.code, stale.size) == ("stale", 1)
    assert isinstance(one(founded, talk(1, epoch=0, insist=True)), Placed)  # the commit was void
    assert isinstance(one(founded, talk(2, epoch=0, writer=BOB)), Placed)  # and the relay believes it now
    assert isinstance(one(founded, commit(3, epoch=0, expected=3)), Placed)
    assert isinstance(one(founded, talk(4, epoch=1)), Placed)


def test_time_never_goes_back(founded):
    times = [one(founded, talk(n), now=now).time for n, now in enumerate([5_000, 4_000, 6_000, 0])]
    assert times == [5_000, 5_000, 6_000, 6_000]
    assert [leaf.time_ms for leaf, _ in everything(founded)] == times


# --- who may write -------------------------------------------------------------------------------


def test_a_commit_changes_the_writers_at_its_place(founded):
    results = founded.append(
        LINE,
        [
            talk(0, writer=BOB),
            commit(1, epoch=0, expected=1, writers=(ALICE, CAROL)),
            talk(2, epoch=1, writer=BOB),
            talk(3, epoch=1, writer=CAROL),
        ],
        1,
    )
    assert [type(result) for result in results] == [Placed, Placed, Declined, Placed]
    assert results[2] == Declined("unknown", "There is no such line, or it is not yours.", 0)
    assert [founded.may_write(LINE, key) for key in (ALICE, BOB, CAROL)] == [True, False, True]


def test_a_stranger_s_line_and_no_line_look_the_same(founded):
    assert one(founded, talk(0, writer=EVE)).code == "unknown"
    with pytest.raises(Refused) as nowhere:
        founded.append(OTHER, [talk(0)], 1)
    assert nowhere.value.rule == UNKNOWN
    assert not founded.may_write(OTHER, ALICE)


def test_a_line_is_founded_once(founded):
    founded.create_line(LINE, (BOB, ALICE))
    one(founded, commit(0, epoch=0, expected=0, writers=(CAROL,)))
    founded.create_line(LINE, (ALICE, BOB))  # the founder's repetition, late: nothing changes
    assert not founded.may_write(LINE, ALICE)
    with pytest.raises(Conflict):
        founded.create_line(LINE, (ALICE, CAROL))


@pytest.mark.parametrize(
    ("writers", "error"),
    [((), Refused), ((ALICE, ALICE), Refused), ((bytes([1]) + bytes(31),), Malformed), ((b"short",), Malformed)],
)
def test_write_keys_are_looked_at_closely(founded, writers, error):
    with pytest.raises(error):
        founded.create_line(OTHER, writers)
    assert one(founded, commit(0, epoch=0, expected=0, writers=writers)).code == "refused"
    assert founded.size(LINE) == 0


def test_only_a_commit_changes_writers(founded):
    assert one(founded, talk(0, writers=(EVE,))).code == "refused"


@pytest.mark.parametrize("name", ["", "x", LINE.upper(), LINE + "a", "../" + LINE[3:]])
def test_line_names_have_one_spelling(founded, name):
    with pytest.raises(Malformed):
        founded.create_line(name, (ALICE,))


# --- limits --------------------------------------------------------------------------------------

SMALL = Limits(
    ciphertext_bytes=100,
    batch_entries=3,
    batch_bytes=250,
    line_entries=4,
    lines=1,
    writers=2,
    cosignature_bytes=50,
    page_entries=2,
    page_bytes=150,
    boxes=1,
    mail_bytes=100,
    box_items=2,
    box_bytes=150,
)


def test_every_limit_has_its_sentence():
    made = journal(limits=SMALL)
    made.create_line(LINE, (ALICE,))
    with pytest.raises(Refused, match="keeps 1 lines"):
        made.create_line(OTHER, (ALICE,))
    with pytest.raises(Refused, match="between 1 and 2 write keys"):
        made.create_line(OTHER, (ALICE, BOB, CAROL))
    with pytest.raises(Refused, match="at most 3 entries"):
        made.append(LINE, [talk(n) for n in range(4)], 1)
    with pytest.raises(Refused, match="at most 250 bytes of entries"):
        made.append(LINE, [talk(n, body=b"x" * 90) for n in range(3)], 1)
    assert "at most 100 bytes" in one(made, talk(0, body=b"x" * 101)).sentence
    assert "not empty" in one(made, Submission(ALICE, 0, 0, tag(1), b"")).sentence
    assert "32 bytes" in one(made, Submission(ALICE, 0, 0, b"short", b"x")).sentence
    assert "talk (0) or a commit (1)" in one(made, Submission(ALICE, 2, 0, tag(1), b"x")).sentence
    assert "whole number" in one(made, Submission(ALICE, 0, 2**53, tag(1), b"x", insist=True)).sentence
    with pytest.raises(Refused, match="at most 50 bytes"):
        made.cosign(LINE, ALICE, 0, bytes(32), "x" * 51)
    for n in range(4):
        assert isinstance(one(made, talk(n)), Placed)
    assert "found it anew" in one(made, talk(5)).sentence
    with pytest.raises(Refused, match="nothing at 5"):
        made.read(LINE, 5)
    made.close()


def test_pages_end_at_checkpoints_and_stay_within_their_limits():
    made = journal(limits=dataclasses.replace(SMALL, line_entries=100, batch_entries=50, batch_bytes=5_000))
    made.create_line(LINE, (ALICE,))
    sizes = [10, 90, 60, 100, 1, 1, 1, 1, 99, 100]
    made.append(LINE, [talk(n, body=b"x" * size) for n, size in enumerate(sizes)], 1)
    assert len(everything(made)) == len(sizes)
    start = 0
    while start < len(sizes):
        page = made.read(LINE, start)
        assert 1 <= len(page.entries) <= 2
        assert len(page.entries) == 1 or sum(len(body) for _, body in page.entries) <= 150
        start += len(page.entries)
    assert made.read(LINE, start).entries == ()
    made.close()


def test_what_is_read_inside_a_group_is_covered_too(founded):
    with founded.group() as news:
        one(founded, talk(0))
        assert len(everything(founded)) == 1
        one(founded, talk(1))
        assert open_checkpoint(founded.head(LINE), founded.verifier_key).size == 2
    assert news == {f"l/{LINE}"}
    assert len(everything(founded)) == 2


# --- cosignatures --------------------------------------------------------------------------------


def test_the_latest_cosignature_of_each_witness_is_served(founded):
    one(founded, talk(0))
    root = open_checkpoint(founded.head(LINE), founded.verifier_key).root
    founded.cosign(LINE, ALICE, 1, root, "alice 1")
    founded.cosign(LINE, BOB, 0, hashlib.sha256(b"").digest(), "bob 0")
    founded.cosign(LINE, BOB, 1, root, "bob 1")
    founded.cosign(LINE, BOB, 0, hashlib.sha256(b"").digest(), "bob 0 again")  # smaller: nothing changes
    words = founded.read(LINE, 0).cosignatures
    assert {(word.writer, word.size, word.text) for word in words} == {(ALICE, 1, "alice 1"), (BOB, 1, "bob 1")}
    founded.cosign(LINE, BOB, 1, root, "bob 1 later")
    assert "bob 1 later" in {word.text for word in founded.read(LINE, 1).cosignatures}


def test_a_false_cosignature_is_refused(founded):
    one(founded, talk(0))
    with pytest.raises(Conflict):
        founded.cosign(LINE, ALICE, 1, bytes(32), "another root")
    with pytest.raises(Refused):
        founded.cosign(LINE, ALICE, 2, bytes(32), "too long")
    with pytest.raises(Refused):
        founded.cosign(LINE, EVE, 0, bytes(32), "a stranger")
    assert founded.read(LINE, 0).cosignatures == ()


def test_the_words_of_a_removed_witness_go(founded):
    founded.cosign(LINE, BOB, 0, hashlib.sha256(b"").digest(), "bob 0")
    one(founded, commit(0, epoch=0, expected=0, writers=(ALICE, CAROL)))
    assert founded.read(LINE, 0).cosignatures == ()


# --- mail ----------------------------------------------------------------------------------------


def test_mail_is_posted_taken_and_dropped(founded):
    box = founded.mail
    with founded.group() as news:
        address = box.open_box(CAROL)
        assert address == box.open_box(CAROL) == base32(hashlib.sha256(CAROL).digest())
        assert [box.post(address, tag(n), b"m%d" % n) for n in (0, 1, 0)] == [0, 1, 0]
    assert news == {f"m/{address}"}
    assert [(m.number, m.sealed) for m in box.take(address)] == [(0, b"m0"), (1, b"m1")]
    with founded.group():
        box.drop(address, 0)
        assert box.post(address, tag(2), b"m2") == 2
        box.drop(address, 99)
        assert box.post(address, tag(3), b"m3") == 3  # numbers are never used twice
    assert [m.number for m in box.take(address)] == [3]


def test_mail_has_limits_and_conflicts():
    made = journal(limits=SMALL)
    with made.group():
        address = made.mail.open_box(CAROL)
        made.mail.post(address, tag(0), b"x" * 100)
        with pytest.raises(Conflict):
            made.mail.post(address, tag(0), b"y")
        for sealed, t in ((b"x" * 60, tag(1)), (b"x" * 101, tag(1)), (b"", tag(1)), (b"x", b"")):
            with pytest.raises(Refused):
                made.mail.post(address, t, sealed)
        made.mail.post(address, tag(1), b"x")
        with pytest.raises(Refused, match="full"):
            made.mail.post(address, tag(2), b"x")
        with pytest.raises(Refused, match="keeps 1 boxes"):
            made.mail.open_box(BOB)
        with pytest.raises(Refused) as nowhere:
            made.mail.post(base32(bytes(32)), tag(3), b"x")
    assert nowhere.value.rule == UNKNOWN
    assert len(made.mail.take(address, limit_bytes=1)) == 1
    made.close()


# --- groups --------------------------------------------------------------------------------------


def test_a_group_that_fails_leaves_nothing_behind(founded):
    one(founded, talk(0))

    def fail():
        with founded.group():
            founded.create_line(OTHER, (ALICE,))
            one(founded, talk(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert founded.size(LINE) == 1
    assert not founded.may_write(OTHER, ALICE)
    assert one(founded, talk(2)) == Placed(1, 1_000, 2)
    assert len(everything(founded)) == 2


def test_one_group_over_many_lines_is_one_transaction(tmp_path):
    made = journal(tmp_path / "relay.db")
    for line in (LINE, OTHER):
        made.create_line(line, (ALICE,))
    before = made._database.generation
    with made.group():
        for n, line in itertools.product(range(5), (LINE, OTHER)):
            one(made, talk(n), line=line)
    assert made._database.generation == before + 1
    for line in (LINE, OTHER):
        assert len(everything(made, line)) == 5
    made.abandon()


# --- damage --------------------------------------------------------------------------------------


def fill(path, *, closed=True):
    made = journal(path)
    made.create_line(LINE, (ALICE, BOB))
    made.append(LINE, [talk(n, body=bytes([n]) * 900) for n in range(8)], 1_000)
    one(made, commit(8, epoch=0, expected=8, writers=(ALICE, BOB, CAROL)))
    root = open_checkpoint(made.head(LINE), made.verifier_key).root
    made.cosign(LINE, BOB, 9, root, "bob's word")
    with made.group():
        made.mail.post(made.mail.open_box(CAROL), tag(0), b"m" * 700)
    made.close() if closed else made.abandon()
    return path


def contents(made):
    address = base32(hashlib.sha256(CAROL).digest())
    return (
        everything(made),
        made.head(LINE),
        made.read(LINE, 0).cosignatures,
        made.mail.take(address),
        [made.may_write(LINE, key) for key in (ALICE, BOB, CAROL, EVE)],
        one(made, talk(3, body=bytes([3]) * 900)),  # known by its tag
        one(made, talk(99, epoch=0)).code,
        made.create_line(LINE, (ALICE, BOB)),
    )


def snapshot(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def refuses(path, match, **more):
    before = snapshot(path.parent)
    with pytest.raises(Unfit, match=match):
        journal(path, **more)
    assert snapshot(path.parent) == before


def test_any_flipped_byte_is_refused_or_harmless(tmp_path):
    path = fill(tmp_path / "relay.db")
    good = snapshot(tmp_path)
    made = journal(path)
    expected = contents(made)
    made.close()
    store = good["relay.db"]
    found = harmless = 0
    for position in range(3, len(store), 997):
        for name, raw in good.items():
            (tmp_path / name).write_bytes(raw)
        path.write_bytes(store[:position] + bytes([store[position] ^ 0x10]) + store[position + 1 :])
        before = snapshot(tmp_path)
        try:
            made = journal(path)
        except Unfit:
            found += 1
            assert snapshot(tmp_path) == before
            continue
        harmless += 1
        assert contents(made) == expected, position
        made.close()
    assert found > 10
    assert harmless > 0  # free space inside pages


SWAPS = {
    "ciphertext": "UPDATE ciphertext SET bytes = zeroblob(900) WHERE position = 4",
    "length": "UPDATE ciphertext SET bytes = zeroblob(9000) WHERE position = 4",
    "tag": "UPDATE entry SET tag = zeroblob(32) WHERE position = 4",
    "time": "UPDATE entry SET time = 5 WHERE position = 4",
    "kind": "UPDATE entry SET kind = 1 WHERE position = 4",
    "kind nobody knows": "UPDATE entry SET kind = 7 WHERE position = 4",
    "bucket": "UPDATE entry SET bucket = 0 WHERE position = 4",
    "leaf hash": "UPDATE entry SET leaf_hash = zeroblob(32) WHERE position = 4",
    "last ciphertext gone": "DELETE FROM ciphertext WHERE position = 8",
    "last entry gone": "DELETE FROM ciphertext WHERE position = 8; DELETE FROM entry WHERE position = 8",
    "middle entry gone": "DELETE FROM ciphertext WHERE position = 3; DELETE FROM entry WHERE position = 3",
    "epoch": "UPDATE head SET epoch = 0",
    "frontier": "UPDATE head SET frontier = substr(frontier, 1, 40)",
    "head gone": "DELETE FROM head",
    "writers": "UPDATE line SET writers = zeroblob(32)",
    "founders": "UPDATE line SET founded = zeroblob(32)",
    "checkpoint": "UPDATE checkpoint SET note = replace(note, 'relay', 'delay')",
    "earlier checkpoint": "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 9) WHERE size < 9",
    "checkpoint gone": "DELETE FROM checkpoint WHERE size = 9",
    "cosignature": "UPDATE cosignature SET size = 8",
    "mail": "UPDATE mail SET sealed = zeroblob(700)",
    "mail number": "UPDATE box SET next = 0",
    "box": "UPDATE box SET address = 'elsewhere'",
    "owner": "UPDATE relay SET origin = 'other'",
    "owner gone": "DELETE FROM relay",
    "reference": "PRAGMA foreign_keys = off; DELETE FROM line",
}


@pytest.mark.parametrize("sql", SWAPS.values(), ids=SWAPS.keys())
def test_a_row_that_was_changed_is_refused(tmp_path, sql):
    path = fill(tmp_path / "relay.db")
    import apsw

    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()
    refuses(path, f"{LINE}|relay store is damaged|belongs to the relay")


def test_control_a_store_that_was_not_changed_opens(tmp_path):
    path = fill(tmp_path / "relay.db")
    made = journal(path)
    assert made.audited == "Verified 1 lines with 9 entries (each with its ciphertext) and 1 items of mail."
    made.close()


def test_a_log_that_was_cut_or_taken_away_and_a_store_that_is_gone(tmp_path):
    path = fill(tmp_path / "relay.db", closed=False)
    good = snapshot(tmp_path)
    wal = tmp_path / "relay.db-wal"
    wal.write_bytes(good["relay.db-wal"][:-5_000])
    refuses(path, "has gone back")
    wal.unlink()
    refuses(path, "missing or empty")
    wal.write_bytes(good["relay.db-wal"])
    path.unlink()
    refuses(path, "is gone")
    path.write_bytes(good["relay.db"])
    made = journal(path)
    assert len(everything(made)) == 9
    made.close()


def test_another_checkpoint_key_or_origin_is_refused(tmp_path):
    path = fill(tmp_path / "relay.db")
    with pytest.raises(Unfit, match="another checkpoint key"):
        Journal(path, bytes(32), PREFIX)
    with pytest.raises(Unfit, match="belongs to the relay"):
        Journal(path, SEED, "elsewhere.example")


def test_a_bounded_start_says_what_it_did_not_read_and_reading_still_notices(tmp_path):
    path = fill(tmp_path / "relay.db")
    import apsw

    connection = apsw.Connection(str(path))
    connection.execute(SWAPS["ciphertext"])
    connection.close()
    made = journal(path, rehash_last=2)
    assert "ciphertexts of the last 2 of each line only" in made.audited
    with pytest.raises(Unfit, match="entry 4"):
        everything(made)
    made.close()
    refuses(path, LINE)


# --- against a model -----------------------------------------------------------------------------


@dataclasses.dataclass
class Model:
    """What the journal promises, as a list."""

    entries: list = dataclasses.field(default_factory=list)
    places: dict = dataclasses.field(default_factory=dict)
    writers: set = dataclasses.field(default_factory=lambda: {ALICE, BOB})
    epoch: int = 0

    def place(self, asked):
        if asked.writer not in self.writers:
            return "unknown"
        if asked.tag in self.places:
            position, body = self.places[asked.tag]
            return position if body == asked.ciphertext else "conflict"
        if asked.expected is not None and asked.expected != len(self.entries):
            return "conflict"
        if asked.epoch != self.epoch and not asked.insist:
            return "stale"
        position = len(self.entries)
        self.entries.append((asked.kind, asked.epoch, asked.tag, asked.ciphertext))
        self.places[asked.tag] = (position, asked.ciphertext)
        self.epoch = asked.epoch + asked.kind
        if asked.writers:
            self.writers = set(asked.writers)
        return position


WRITERS = st.sampled_from([ALICE, BOB, CAROL])


class Machine(RuleBasedStateMachine):
    """Random appends, commits, repetitions, closes and kills; the store is opened again after each kill."""

    @initialize()
    def start(self):
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "relay.db"
        self.limits = Limits(page_entries=3, page_bytes=40)
        self.journal = journal(self.path, limits=self.limits)
        self.models = {LINE: Model(), OTHER: Model()}
        for line in self.models:
            self.journal.create_line(line, (ALICE, BOB))
        self.now = 0

    @rule(
        batch=st.lists(
            st.tuples(
                st.sampled_from([LINE, OTHER]),
                WRITERS,
                st.integers(0, 12),
                st.booleans(),
                st.sampled_from([0, 0, 0, -1, 1]),
                st.sampled_from([0, 0, 0, 1]),
                st.sampled_from([None, None, (ALICE, BOB), (ALICE, CAROL)]),
                st.booleans(),
            ),
            min_size=1,
            max_size=6,
        ),
        step=st.integers(-5, 50),
    )
    def append(self, batch, step):
        self.now = max(0, self.now + step)
        with self.journal.group():
            for line, writer, n, is_commit, epoch_off, size_off, writers, insist in batch:
                model = self.models[line]
                submission = Submission(
                    writer,
                    int(is_commit),
                    max(0, model.epoch + epoch_off),
                    tag(n),
                    b"body %d %d" % (n, is_commit),
                    len(model.entries) + size_off if is_commit else None,
                    writers if is_commit else None,
                    insist,
                )
                expected = model.place(submission)
                got = one(self.journal, submission, now=self.now, line=line)
                assert (got.position if isinstance(got, Placed) else got.code) == expected

    @rule()
    def close(self):
        self.journal.close()
        self.journal = journal(self.path, limits=self.limits)

    @rule()
    def kill(self):
        self.journal.abandon()
        self.journal = journal(self.path, limits=self.limits)

    @rule(line=st.sampled_from([LINE, OTHER]), who=st.sampled_from([ALICE, CAROL]))
    def cosign(self, line, who):
        checkpoint = open_checkpoint(self.journal.head(line), self.journal.verifier_key)
        try:
            self.journal.cosign(line, who, checkpoint.size, checkpoint.root, "a word")
        except Refused:
            assert who not in self.models[line].writers

    @invariant()
    def same_as_the_model(self):
        for line, model in getattr(self, "models", {}).items():
            entries = everything(self.journal, line)
            assert [(leaf.kind, leaf.epoch, leaf.tag, body) for leaf, body in entries] == model.entries
            times = [leaf.time_ms for leaf, _ in entries]
            assert times == sorted(times)
            assert {k for k in (ALICE, BOB, CAROL) if self.journal.may_write(line, k)} == model.writers

    def teardown(self):
        if hasattr(self, "journal"):
            self.journal.close()
            self.folder.cleanup()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=15, stateful_step_count=10, deadline=None, derandomize=True)


def test_size_buckets():
    assert [size_bucket(n) for n in (1, 256, 257, 512, 513, 8 << 20)] == [256, 256, 512, 512, 1024, 8 << 20]
    assert LeafKind.COMMIT == 1
