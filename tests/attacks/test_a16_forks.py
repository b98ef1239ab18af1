"""After a fork, and after what only looks like one: what a frozen line does, and what does not freeze it.

Two heads of one length that the relay signed, or a member's cosignature on another root, prove a fork: the line
is frozen from then on, through restarts, and what is held stays held.  Entries that do not lead to the head that
came with them prove nothing yet: they are refused, said, and asked for again.
"""

import random
from dataclasses import replace

import pytest
from conference import ORIGIN, a_note
from rogues import alarms, outcomes, put, slip
from test_lying_relay import RELAY_SEED, Lied, changed, signing_hash

from detente.acts import act as acts
from detente.crypto import signing
from detente.ground.errors import Forked, NotAuthentic, Refused
from detente.ground.identifiers import Position
from detente.line import engine
from detente.line.engine import Line, Page, witness_name
from detente.line.terms import Ordered
from detente.relay.limits import Limits
from detente.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from detente.tlog.cosignature import cosign, cosigner_key, verify_cosignature
from detente.tlog.leaf import Leaf, LeafKind
from detente.tlog.merkle import Tree
from detente.tlog.note import VerifierKey


@pytest.fixture
def world():
    return Lied(3)


def another_head(world, size=None):
    """A head of this line that the relay signed over another history of the same length."""
    line = world.parties[0].house.line(world.line)
    size = line.size if size is None else size
    return sign_checkpoint(Checkpoint(line.terms.origin, size, signing_hash(b"another history")), ORIGIN, RELAY_SEED)


def fork(world, party, size=None):
    with pytest.raises(Forked):
        party.house.receive(world.line, Page([], another_head(world, size), ()), world.now)


@pytest.mark.attack("A16", "detected")
@pytest.mark.parametrize("shorter", [0, 1])
def test_two_signed_heads_freeze_the_line_and_both_are_kept(world, shorter):
    victim = world.parties[1]
    size = victim.house.line(world.line).size - shorter
    fork(world, victim, size)
    for _ in range(2):
        assert victim.house.line(world.line).forked
        with pytest.raises(Refused, match="frozen"):
            victim.do(world.line, a_note(world, victim, world.parties[0]))
        assert victim.house.outgoing(world.line).cosignature is None
        victim.reopen()
    kept = bytes.fromhex(alarms(victim, world.line, "fork")[0]["evidence"]).decode()
    ours, theirs = kept[: kept.rindex(ORIGIN + "/l/") - 1], kept[kept.rindex(ORIGIN + "/l/") :]
    key = VerifierKey.parse(world.relay_vkey)
    first, second = open_checkpoint(ours, key), open_checkpoint(theirs, key)
    assert second.size == size
    tree = victim.house.line(world.line).tree
    assert (first.origin, first.root) == (second.origin, tree.root(first.size))
    assert second.root != tree.root(second.size)


@pytest.mark.attack("A16", "prevented")
def test_what_is_held_on_a_frozen_line_is_not_sent_and_not_lost(world):
    victim = world.parties[1]
    held = victim.do(world.line, a_note(world, victim, world.parties[0]))
    fork(world, victim)
    assert victim.house.outgoing(world.line).submissions == ()
    victim.reopen()
    assert victim.house.outgoing(world.line).submissions == ()
    assert [each.act for each in victim.house.line(world.line).held.values()] == [held]


@pytest.mark.attack("A16", "prevented")
def test_a_frozen_line_still_reads_what_is_true_also_past_a_change_of_the_group(world):
    chair, victim, other = world.parties
    victim.do(world.line, a_note(world, victim, chair))
    fork(world, victim)
    known = chair.house.line(world.line)
    with chair.house._step(known):
        known.commit({}, [], world.entropy)
    for _ in range(3):
        for party in (chair, other):
            world.send(party, world.line)
            world.read(party, world.line)
    act = chair.do(world.line, a_note(world, chair, victim))
    world.send(chair, world.line)
    world.read(victim, world.line)
    assert act in victim.house.line(world.line).known
    assert victim.house.line(world.line).epoch == known.epoch
    assert len(victim.house.line(world.line).held) == 1


def test_control_a_fork_that_is_only_remembered_by_the_object_that_was_thrown_away_freezes_nothing(world, monkeypatch):
    monkeypatch.setattr(type(world.parties[1].house), "_mistrust", lambda *_: None)
    victim = world.parties[1]
    fork(world, victim)
    assert victim.do(world.line, a_note(world, victim, world.parties[0]))


@pytest.mark.attack("A16", "detected")
def test_a_cosignature_on_another_root_is_kept_so_that_a_stranger_can_check_it(world):
    a, _, c = world.parties
    line = a.house.line(world.line)
    witness = line.members()[c.id][1].witness
    line.witnessed[witness] = 0
    other = Checkpoint(line.terms.origin, line.size, signing_hash(b"another history"))
    text = cosign(other, witness_name(witness), c.made.secrets.witness(line.terms.name), 1)
    checkpoint = world.page(a, world.line).checkpoint
    a.house.receive(world.line, Page([], checkpoint, [(other.size, other.root, text)]), world.now)
    assert a.house.line(world.line).forked
    kept = bytes.fromhex(alarms(a, world.line, "fork")[0]["evidence"]).decode()
    said, signed, note = kept.split("\n", 3)[:3], kept.split("\n")[4], kept.split("\n", 6)[-1]
    cosigned = Checkpoint.parse("\n".join(said) + "\n")
    assert verify_cosignature(cosigned, signed + "\n", cosigner_key(witness_name(witness), witness)) == 1
    ours = open_checkpoint(note, VerifierKey.parse(world.relay_vkey))
    assert (ours.origin, ours.size) == (cosigned.origin, cosigned.size)
    assert ours.root != cosigned.root


@pytest.mark.attack("A16", "prevented")
def test_a_cosignature_that_is_false_or_nobodys_counts_for_nothing(world):
    a, _, c = world.parties
    line = a.house.line(world.line)
    witness = line.members()[c.id][1].witness
    line.witnessed[witness] = 0
    confirmed = line.confirmed
    head = Checkpoint(line.terms.origin, line.size, line.tree.root())
    elsewhere = Checkpoint("relay.example/l/another", line.size, line.tree.root())
    name, seed = witness_name(witness), c.made.secrets.witness(line.terms.name)
    stranger = witness_name(signing.ed25519_public(bytes(32)))
    lines = [
        cosign(elsewhere, name, seed, 1),
        cosign(head, stranger, bytes(32), 1),
        cosign(head, name, bytes(32), 1),
        "— " + name + " nonsense\n",
        "nonsense",
        "",
    ]
    page = world.page(a, world.line)
    for text in lines:
        for root in (head.root, b"short"):
            a.house.receive(world.line, Page([], page.checkpoint, [(head.size, root, text)]), world.now)
    after = a.house.line(world.line)
    assert (after.witnessed[witness], after.confirmed, after.forked) == (0, confirmed, False)
    true = cosign(head, name, seed, 1)
    a.house.receive(world.line, Page([], page.checkpoint, [(head.size, head.root, true)]), world.now)
    assert a.house.line(world.line).witnessed[witness] == head.size


@pytest.mark.attack("A15", "detected")
def test_a_damaged_page_is_refused_and_said_and_the_true_one_is_taken_afterwards(world):
    """A changed leaf under a true checkpoint is no fork: it proves nothing, and must not stop the line for ever."""
    victim = world.parties[1]
    act = world.note_on_the_way()
    page = world.page(victim, world.line)
    chance = random.Random(7)
    for _ in range(60):
        false = [*page.entries[:-1], changed(page.entries[-1], chance)]
        with pytest.raises(NotAuthentic):
            victim.house.receive(world.line, Page(false, page.checkpoint, ()), world.now)
        assert not victim.house.line(world.line).forked
    kinds = {alarm["kind"] for alarm in alarms(victim, world.line)}
    assert kinds == {"false-page"}
    assert len(alarms(victim, world.line)) < 5  # the same thing again is not another alarm
    victim.house.receive(world.line, page, world.now)
    assert act in victim.house.line(world.line).known


@pytest.mark.attack("A15", "detected")
@pytest.mark.parametrize("note", ["", "nonsense", "\ud800", "a\n" * 100_000, "relay.example\n0\n\n"])
def test_a_checkpoint_that_cannot_be_read_is_kept_as_an_alarm(world, note):
    victim = world.parties[1]
    with pytest.raises(NotAuthentic):
        victim.house.receive(world.line, Page([], note, ()), world.now)
    kept = alarms(victim, world.line, "false-page")
    assert len(kept) == 1
    assert len(kept[0]["evidence"]) < 300_000


@pytest.mark.attack("A15", "prevented")
def test_time_does_not_go_back_and_positions_follow_each_other(world):
    victim = world.parties[1]
    world.note_on_the_way()
    page = world.page(victim, world.line)
    early = [replace(page.entries[0], leaf=replace(page.entries[0].leaf, time_ms=1))]
    with pytest.raises(NotAuthentic, match="back in time"):
        victim.house.receive(world.line, Page(early, world.sign(early, world.frontier(victim)), ()), world.now)
    later = [replace(page.entries[0], position=page.entries[0].position + 1)]
    with pytest.raises(NotAuthentic, match="left out"):
        victim.house.receive(world.line, Page(later, page.checkpoint, ()), world.now)
    with pytest.raises(NotAuthentic, match="does not end where"):
        victim.house.receive(world.line, Page([], page.checkpoint, ()), world.now)


@pytest.mark.attack("A22", "prevented")
def test_more_entries_than_a_page_holds_are_not_looked_at(world, monkeypatch):
    victim = world.parties[1]
    world.note_on_the_way()
    page = world.page(victim, world.line)
    flood = [page.entries[0]] * 100_000
    looked = []
    monkeypatch.setattr(engine, "open_checkpoint", lambda *_, **__: looked.append(1))
    with pytest.raises(NotAuthentic, match="more than a page holds"):
        victim.house.receive(world.line, Page(flood, page.checkpoint, ()), world.now)
    assert looked == []


def test_control_a_relays_fullest_page_is_taken(world):
    assert Limits().page_entries < engine.MOST_ENTRIES


def a_lie(world, victim, entries):
    """So many entries, and a head to which they do not lead."""
    line = victim.house.line(world.line)
    leaf = Leaf(LeafKind.TALK, line.epoch, line.last_time, 256, signing_hash(b"x"), bytes(32))
    said = [Ordered(Position(line.size + number), leaf, b"x") for number in range(entries)]
    return Page(said, another_head(world, line.size + entries), ())


@pytest.mark.attack("A62", "detected")
def test_a_flood_of_alarms_of_one_kind_stays_bounded_and_buries_no_other(world, monkeypatch):
    victim = world.parties[1]
    monkeypatch.setattr("detente.chancery.house.MOST_ALARMS", 20)
    for number in range(60):
        with pytest.raises(NotAuthentic):
            victim.house.receive(world.line, a_lie(world, victim, number + 1), world.now)
    assert len(alarms(victim, world.line, "false-page")) == 20
    fork(world, victim)
    assert len(alarms(victim, world.line, "fork")) == 1


def test_control_without_the_bound_every_lie_is_another_row(world):
    victim = world.parties[1]
    for number in range(30):
        with pytest.raises(NotAuthentic):
            victim.house.receive(world.line, a_lie(world, victim, number + 1), world.now)
    assert len(alarms(victim, world.line, "false-page")) == 30


@pytest.mark.attack("A64", "prevented")
def test_a_relay_that_writes_another_epoch_down_costs_no_act(world):
    """An act that was sealed before a change of the group, dated after it: nobody admits it, its author keeps it."""
    chair, author, _ = world.parties
    act = author.do(world.line, a_note(world, author, chair))
    sealed = next(iter(author.house.line(world.line).held.values()))
    known = chair.house.line(world.line)
    with chair.house._step(known):
        known.commit({}, [], world.entropy)
    world.send(chair, world.line)
    place = put(world, author, world.line, sealed.ciphertext, epoch=sealed.epoch + 1, tag=sealed.tag)
    for party in world.parties:
        world.read(party, world.line)
        assert outcomes(party, world.line)[place] == "not authentic"
    assert [each.act for each in author.house.line(world.line).held.values()] == [act]
    world.settle()
    assert all(party.house.line(world.line).known[act] > place for party in world.parties)


@pytest.mark.attack("A64", "prevented")
def test_the_relay_and_one_member_cannot_speak_for_another(world):
    """The relay gives a member the sealed act of another early; sealed again as its own, it is nobody's."""
    chair, author, rogue = world.parties
    slip(world, author, world.line, a_note(world, author, chair))
    packed = next(iter(author.house.line(world.line).held.values())).packed
    raw, _ = acts.unpack(packed)
    slip(world, rogue, world.line, raw=raw, packed=packed)
    world.send(rogue, world.line)
    place = world.relay.size(chair.house.line(world.line).terms.name) - 1
    world.settle()
    for party in (chair, author):
        assert outcomes(party, world.line)[place] == "not authentic"
        assert acts.act_id(raw) not in party.house.line(world.line).known or party is author
    world.settle()


def test_control_without_the_check_of_the_sender_it_would_stand_in_the_others_name(world, monkeypatch):
    chair, author, rogue = world.parties
    honest = Line._admit
    monkeypatch.setattr(Line, "_admit", lambda line, one, _, packed, said: honest(line, one, None, packed, said))
    slip(world, author, world.line, a_note(world, author, chair))
    packed = next(iter(author.house.line(world.line).held.values())).packed
    raw, _ = acts.unpack(packed)
    slip(world, rogue, world.line, raw=raw, packed=packed)
    world.send(rogue, world.line)
    world.read(chair, world.line)
    assert acts.act_id(raw) in chair.house.line(world.line).known


def test_control_the_entries_of_an_honest_page_lead_to_its_head(world):
    victim = world.parties[1]
    world.note_on_the_way()
    page = world.page(victim, world.line)
    tree = Tree(Ordered(Position(0), leaf, b"").leaf.hash() for leaf, _ in _all(world))
    head = open_checkpoint(page.checkpoint, VerifierKey.parse(world.relay_vkey))
    assert (tree.size, tree.root()) == (head.size, head.root)
    assert replace(page.entries[0].leaf, kind=LeafKind.TALK) == page.entries[0].leaf


def _all(world):
    return world.relay.read(world.parties[0].house.line(world.line).terms.name, 0).entries
