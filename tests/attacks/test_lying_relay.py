"""A relay that lies: what it changes, leaves out, puts elsewhere, takes back or shows to some only.

Each house is handed pages; a lie is a page that the relay did not mean honestly.  What does not connect is not
taken, and leaves the house exactly as it was, with an alarm that keeps what the relay signed.
"""

import hashlib
import random
from dataclasses import replace

import pytest
from conference import ORIGIN, Conference, a_note

from detente.ground.errors import Forked, Malformed, NotAuthentic
from detente.ground.identifiers import Position
from detente.line import core
from detente.line.engine import Line, Page
from detente.line.terms import Ordered
from detente.relay.journal import Journal
from detente.relay.records import Submission
from detente.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from detente.tlog.leaf import LeafKind
from detente.tlog.merkle import Frontier
from detente.tlog.note import VerifierKey

RELAY_SEED = bytes(range(32))


class Lied(Conference):
    """A conference whose relay's key the test holds, so that it can sign lies."""

    def __init__(self, parties=3):
        super().__init__(parties)
        self.relay = Journal(":memory:", RELAY_SEED, ORIGIN)
        self.relay_vkey = self.relay.verifier_key.vkey
        self.line = self.found()

    def note_on_the_way(self, sender=0, sequence=1):
        """A note that the relay has and nobody has read."""
        one, *others = self.parties[sender:] + self.parties[:sender]
        act = one.do(self.line, a_note(self, one, *others, sequence=sequence))
        self.send(one, self.line)
        return act

    def state(self, party):
        return core.put_down(party.house.line(self.line))

    def sign(self, entries, frontier):
        """A checkpoint over a house's log and these entries, signed by the relay."""
        grown = frontier.copy()
        for entry in entries:
            grown.append(entry.leaf.hash())
        origin = next(iter(self.parties[0].house.lines().values())).terms.origin
        return sign_checkpoint(Checkpoint(origin, grown.size, grown.root()), ORIGIN, RELAY_SEED)

    def frontier(self, party):
        return party.house.line(self.line).frontier

    def refused(self, party, page, error=NotAuthentic):
        """The page is refused, nothing of the line changed, and an alarm stands in the house."""
        before = self.state(party)
        with pytest.raises(error):
            party.house.receive(self.line, page, self.now)
        after = party.house.line(self.line)
        if not after.forked:
            assert self.state(party) == before
        assert party.house.alarms(self.line)


def changed(entry, chance):
    """The same entry with one thing different: a field of the leaf, or a byte of the ciphertext."""
    leaf = entry.leaf
    match chance.randrange(7):
        case 0:
            return replace(entry, leaf=replace(leaf, epoch=leaf.epoch + 1 + chance.randrange(9)))
        case 1:
            return replace(entry, leaf=replace(leaf, kind=LeafKind(1 - leaf.kind)))
        case 2:
            return replace(entry, leaf=replace(leaf, time_ms=leaf.time_ms + 1 + chance.randrange(10**6)))
        case 3:
            return replace(entry, leaf=replace(leaf, bucket=leaf.bucket ^ (1 << chance.randrange(20))))
        case 4:
            return replace(entry, leaf=replace(leaf, tag=flipped(leaf.tag, chance)))
        case 5:
            return replace(entry, leaf=replace(leaf, ciphertext_hash=flipped(leaf.ciphertext_hash, chance)))
        case _:
            return replace(entry, ciphertext=flipped(entry.ciphertext, chance))


def flipped(raw, chance):
    place = chance.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ (1 << chance.randrange(8))]) + raw[place + 1 :]


@pytest.mark.attack("A15", "prevented")
def test_a_changed_entry_under_the_true_checkpoint_is_not_taken():
    world = Lied()
    victim = world.parties[1]
    world.note_on_the_way()
    page = world.page(victim, world.line)
    chance = random.Random(15)
    for _ in range(150):
        entries = list(page.entries)
        place = chance.randrange(len(entries))
        entries[place] = changed(entries[place], chance)
        world.refused(victim, Page(entries, page.checkpoint, page.cosignatures))


@pytest.mark.attack("A15", "detected")
def test_a_changed_ciphertext_under_a_checkpoint_made_for_it_is_kept_as_evidence_and_the_line_goes_on():
    """The relay signs what it changed: then the log connects, the message does not, and the house says so."""
    chance = random.Random(16)
    for _ in range(12):
        world = Lied(2)
        victim = world.parties[1]
        act = world.note_on_the_way()
        page = world.page(victim, world.line)
        entry = page.entries[-1]
        false = flipped(entry.ciphertext, chance)
        leaf = replace(entry.leaf, ciphertext_hash=signing_hash(false))
        entries = [*page.entries[:-1], Ordered(entry.position, leaf, false)]
        received = victim.house.receive(
            world.line, Page(entries, world.sign(entries, world.frontier(victim)), ()), world.now
        )
        assert received[-1].outcome.value in ("not authentic", "void")
        assert act not in victim.house.line(world.line).known


def signing_hash(raw):
    return hashlib.sha256(raw).digest()


def test_control_the_honest_page_is_taken():
    world = Lied()
    victim = world.parties[1]
    act = world.note_on_the_way()
    victim.house.receive(world.line, world.page(victim, world.line), world.now)
    assert act in victim.house.line(world.line).known
    assert not victim.house.alarms(world.line)


def test_control_without_the_check_of_the_log_a_changed_time_is_believed(monkeypatch):
    world = Lied()
    victim = world.parties[1]
    world.note_on_the_way()
    page = world.page(victim, world.line)
    entry = page.entries[-1]
    later = replace(entry, leaf=replace(entry.leaf, time_ms=entry.leaf.time_ms + 10**9))
    monkeypatch.setattr(Line, "_connect", lambda *_: None)
    victim.house.receive(world.line, Page([*page.entries[:-1], later], page.checkpoint, ()), world.now)
    assert victim.house.line(world.line).last_time == later.leaf.time_ms


@pytest.mark.attack("A17", "detected")
def test_an_entry_that_is_left_out_is_missed():
    world = Lied()
    victim = world.parties[1]
    world.note_on_the_way()
    world.note_on_the_way(sequence=1, sender=2)
    page = world.page(victim, world.line)
    assert len(page.entries) == 2
    moved = [replace(page.entries[1], position=page.entries[0].position)]
    world.refused(victim, Page(moved, page.checkpoint, ()))
    world.refused(victim, Page(page.entries[1:], page.checkpoint, ()))


@pytest.mark.attack("A17", "detected")
def test_an_entry_that_was_placed_and_is_dropped_for_good_shows_as_a_fork_to_its_author():
    """The relay answered the author, then signs a log without the entry for the others and for the author too."""
    world = Lied()
    author, other = world.parties[0], world.parties[1]
    before = world.frontier(author).copy()
    world.note_on_the_way()
    world.read(author, world.line)
    world.note_on_the_way(sender=1, sequence=1)
    known = author.house.line(world.line)
    lie = [replace(world.page(other, world.line).entries[-1], position=Position(before.size))]
    world.refused(author, Page([], world.sign(lie, before), ()), Forked)
    assert known.forked or author.house.line(world.line).forked


@pytest.mark.attack("A18", "prevented")
def test_two_entries_cannot_change_places_under_the_signed_root():
    world = Lied()
    victim = world.parties[1]
    world.note_on_the_way()
    world.note_on_the_way(sender=2)
    first, second = world.page(victim, world.line).entries
    swapped = [replace(second, position=first.position), replace(first, position=second.position)]
    world.refused(victim, Page(swapped, world.page(victim, world.line).checkpoint, ()))


@pytest.mark.attack("A19", "prevented")
def test_an_old_entry_at_a_new_place_does_nothing_twice():
    world = Lied()
    victim = world.parties[1]
    act = world.note_on_the_way()
    old = world.page(victim, world.line).entries[-1]
    world.settle()
    line = victim.house.line(world.line)
    digest = line.digest_at("correspondence", line.size)
    again = [Ordered(Position(line.size), replace(old.leaf, time_ms=line.last_time), old.ciphertext)]
    received = victim.house.receive(world.line, Page(again, world.sign(again, line.frontier), ()), world.now)
    after = victim.house.line(world.line)
    assert received[0].outcome.value in ("not authentic", "duplicate")
    assert after.digest_at("correspondence", after.size) == digest
    assert after.known[act] < line.size


@pytest.mark.attack("A19", "prevented")
def test_an_entry_of_another_line_is_not_authentic_here():
    world = Lied()
    other_line = world.found()
    victim = world.parties[1]
    world.parties[0].do(other_line, a_note(world, world.parties[0], victim))
    world.send(world.parties[0], other_line)
    foreign = world.page(victim, other_line).entries[-1]
    line = victim.house.line(world.line)
    moved = [Ordered(Position(line.size), replace(foreign.leaf, time_ms=line.last_time), foreign.ciphertext)]
    received = victim.house.receive(world.line, Page(moved, world.sign(moved, line.frontier), ()), world.now)
    assert received[0].outcome.value in ("not authentic", "void")
    assert received[0].act is None


@pytest.mark.attack("A21", "detected")
def test_a_log_that_goes_back_is_refused():
    world = Lied()
    victim = world.parties[1]
    old = world.page(victim, world.line)
    world.note_on_the_way()
    world.settle()
    world.refused(victim, Page([], old.checkpoint, ()))


@pytest.mark.attack("A16", "detected")
def test_two_histories_are_found_by_the_next_message():
    """The relay shows one party another entry at the same place; the next message that crosses says so, with evidence."""
    world = Lied()
    a, b, c = world.parties
    before = world.frontier(a).copy()
    world.note_on_the_way()
    true_page = world.page(b, world.line)
    a.house.receive(world.line, true_page, world.now)
    b.house.receive(world.line, true_page, world.now)
    entry = true_page.entries[0]
    false = [replace(entry, leaf=replace(entry.leaf, time_ms=entry.leaf.time_ms + 5))]
    c.house.receive(world.line, Page(false, world.sign(false, before), ()), world.now)
    c.do(world.line, a_note(world, c, a))
    held = next(iter(c.house.line(world.line).held.values()))
    said = _entry(a.house.line(world.line), held)
    a.house.receive(world.line, Page([said], world.sign([said], world.frontier(a)), ()), world.now)
    assert a.house.line(world.line).forked
    kinds = {alarm for _, alarm in a.house.alarms(world.line)}
    assert any(b'"kind":"fork"' in alarm for alarm in kinds)
    with pytest.raises(Exception, match="two histories"):
        a.do(world.line, a_note(world, a, b, sequence=2))


def _entry(line, held):
    """The entry that the relay would make of a held act."""
    from detente.relay.records import size_bucket
    from detente.tlog.leaf import Leaf

    leaf = Leaf(
        LeafKind.TALK,
        held.epoch,
        line.last_time,
        size_bucket(len(held.ciphertext)),
        signing_hash(held.ciphertext),
        held.tag,
    )
    return Ordered(Position(line.size), leaf, held.ciphertext)


def test_control_without_the_echo_the_fork_goes_unnoticed(monkeypatch):
    monkeypatch.setattr(Line, "_check_echo", lambda *_: None)
    world = Lied()
    a, b, c = world.parties
    before = world.frontier(a).copy()
    world.note_on_the_way()
    true_page = world.page(b, world.line)
    a.house.receive(world.line, true_page, world.now)
    entry = true_page.entries[0]
    false = [replace(entry, leaf=replace(entry.leaf, time_ms=entry.leaf.time_ms + 5))]
    c.house.receive(world.line, Page(false, world.sign(false, before), ()), world.now)
    c.do(world.line, a_note(world, c, a))
    held = next(iter(c.house.line(world.line).held.values()))
    said = _entry(a.house.line(world.line), held)
    a.house.receive(world.line, Page([said], world.sign([said], world.frontier(a)), ()), world.now)
    assert not a.house.line(world.line).forked


@pytest.mark.attack("A16", "detected")
def test_a_cosignature_over_another_root_is_a_fork_with_its_evidence():
    world = Lied()
    a, _, c = world.parties
    outgoing = c.house.outgoing(world.line)
    from detente.line.engine import witness_name
    from detente.tlog.cosignature import cosign

    size = a.house.line(world.line).size
    other_root = signing_hash(b"another history")
    keys = c.house.line(world.line).members()[c.id][1]
    seed = c.made.secrets.witness(outgoing.terms.name)
    a.house.line(world.line).witnessed[keys.witness] = 0
    line_text = cosign(Checkpoint(outgoing.terms.origin, size, other_root), witness_name(keys.witness), seed, 1)
    a.house.receive(
        world.line, Page([], world.page(a, world.line).checkpoint, [(size, other_root, line_text)]), world.now
    )
    assert a.house.line(world.line).forked


@pytest.mark.attack("A16", "prevented")
def test_a_checkpoint_of_another_log_or_another_key_is_nothing():
    world = Lied()
    victim = world.parties[1]
    world.note_on_the_way()
    page = world.page(victim, world.line)
    head = open_checkpoint(page.checkpoint, VerifierKey.parse(world.relay_vkey))
    other_log = sign_checkpoint(Checkpoint("relay.example/l/another", head.size, head.root), ORIGIN, RELAY_SEED)
    other_key = sign_checkpoint(Checkpoint(head.origin, head.size, head.root), ORIGIN, bytes(32))
    world.refused(victim, Page(page.entries, other_log, ()))
    world.refused(victim, Page(page.entries, other_key, ()))
    with pytest.raises((NotAuthentic, Malformed)):
        victim.house.receive(world.line, Page(page.entries, "nonsense", ()), world.now)


@pytest.mark.attack("A20", "detected")
def test_what_is_withheld_from_one_party_is_never_shown_as_confirmed_by_it():
    """With f = 1 of four, three confirm: two who see the act do not, however the relay smiles."""
    world = Lied(4)
    author, second, *rest = world.parties
    for each in rest:
        each.lies = lambda _: None
    act = world.note_on_the_way()
    for _ in range(6):
        world.carry(author)
        world.carry(second)
    line = author.house.line(world.line)
    assert line.known[act] >= line.confirmed
    for each in rest:
        each.lies = None
    world.settle()
    line = author.house.line(world.line)
    assert line.known[act] < line.confirmed
    assert not world.alarms(world.line)


def test_control_with_nothing_withheld_it_is_confirmed():
    world = Lied(4)
    act = world.note_on_the_way()
    world.settle()
    line = world.parties[0].house.line(world.line)
    assert line.known[act] < line.confirmed


@pytest.mark.attack("A22", "prevented")
def test_a_relay_that_counts_epochs_wrongly_stops_nobody():
    """Entries of another epoch than the one at their place are void everywhere alike, whoever wrote the number down."""
    world = Lied()
    victim, author = world.parties[1], world.parties[0]
    act = world.note_on_the_way()
    page = world.page(victim, world.line)
    entry = page.entries[-1]
    lied = [replace(entry, leaf=replace(entry.leaf, epoch=entry.leaf.epoch + 1))]
    checkpoint = world.sign(lied, world.frontier(victim))
    for party in world.parties:
        received = party.house.receive(world.line, Page(lied, checkpoint, ()), world.now)
        assert received[0].outcome.value == "void"
    held = author.house.line(world.line).held
    assert [each.act for each in held.values()] == [act]
    assert len({world.frontier(party).root() for party in world.parties}) == 1


@pytest.mark.attack("A22", "prevented")
def test_talk_that_the_relay_passes_off_as_a_commit_moves_nobody_and_stops_nobody():
    """And behind it an entry of the next epoch, as if the others had been moved."""
    world = Lied()
    act = world.note_on_the_way()
    for party in world.parties:
        epoch = party.house.line(world.line).epoch
        [entry] = world.page(party, world.line).entries
        passed_off = replace(entry, leaf=replace(entry.leaf, kind=LeafKind.COMMIT))
        later = replace(entry, position=Position(entry.position + 1), leaf=replace(entry.leaf, epoch=epoch + 1))
        pages = [passed_off, later]
        checkpoint = world.sign(pages, world.frontier(party))
        received = party.house.receive(world.line, Page(pages, checkpoint, ()), world.now)
        assert [each.outcome.value for each in received] == ["not authentic", "void"]
        known = party.house.line(world.line)
        assert (known.epoch, known.stuck) == (epoch, False)
        assert act not in known.known
    assert len({world.frontier(party).root() for party in world.parties}) == 1
    assert [each.act for each in world.parties[0].house.line(world.line).held.values()] == [act]


def on_its_way(world):
    """A newcomer's arrival that the chair's house took up, and nobody has read; whose it is."""
    chair, _, newcomer = world.parties
    known = newcomer.house.line(world.line)
    with newcomer.house._step(known):
        known.stuck = True
        newcomer.house._ask_readmission(known)
    for party in world.parties * 8:
        world.carry_mail(party)
        pending = chair.house.line(world.line).pending
        if pending and pending.newcomer == newcomer.id:
            world.send(chair, world.line)
            return newcomer
        world.send(party, world.line)
        world.read(party, world.line)
    raise AssertionError("the chair's house took nothing up")


@pytest.mark.attack("A22", "prevented")
@pytest.mark.parametrize("lie", [{"kind": LeafKind.TALK}, {"epoch": 99}])
def test_an_arrival_that_the_relay_passes_off_as_something_else_is_merged_by_nobody(lie):
    """Nor by the newcomer itself, nor by the chair's house, which takes it up once more."""
    world = Lied()
    on_its_way(world)
    entries = {}
    for party in world.parties:
        [entry] = world.page(party, world.line).entries
        entries[party] = [replace(entry, leaf=replace(entry.leaf, **lie))]
    for party, false in entries.items():
        checkpoint = world.sign(false, world.frontier(party))
        [received] = party.house.receive(world.line, Page(false, checkpoint, ()), world.now)
        assert received.outcome.value in ("not authentic", "unmerged")
        assert not party.house.line(world.line).stuck
    assert len({party.house.line(world.line).epoch for party in world.parties}) == 1
    again = world.parties[0].house.line(world.line).pending
    assert again.newcomer == world.parties[2].id
    assert again.expected == world.parties[0].house.line(world.line).size


def test_control_handed_out_as_it_is_the_arrival_is_merged_by_all():
    world = Lied()
    newcomer = on_its_way(world)
    epoch = world.parties[0].house.line(world.line).epoch
    for party in world.parties:
        world.read(party, world.line)
        assert party.house.line(world.line).epoch == epoch + 1
    assert not newcomer.house.line(world.line).group.fresh


def test_a_frontier_is_what_the_pages_are_measured_by():
    empty = Frontier()
    assert empty.size == 0
    assert Submission(bytes(32), 0, 0, bytes(32), b"x").insist is False
