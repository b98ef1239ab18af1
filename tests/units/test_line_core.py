"""A line that is put down and taken up again, and stores that do not lead to where the line was."""

from dataclasses import replace
from typing import Any

import pytest
from conference import Conference, a_note

from detente.acts.procedure import Registry
from detente.ground.errors import Malformed, NotAuthentic, Unfit
from detente.ground.identifiers import PartyId, Position
from detente.line import core
from detente.line.engine import Line, _line_keys
from detente.line.terms import Head, LineKeys, Outcome, credential, party_of
from detente.mls.group import Staged
from detente.procedures.charter.rules import PROCEDURE as CHARTER
from detente.procedures.correspondence import rules as correspondence
from detente.wire import canonical


@pytest.fixture
def world():
    world = Conference(2)
    world.line = world.found()
    world.parties[0].do(world.line, a_note(world, *world.parties))
    world.settle()
    return world


def parts(world):
    """(identifier, core, entries, held) of the chair's line."""
    party = world.parties[0]
    (row,) = party.store.lines()
    from detente.chancery.house import _received

    return row.line, row.core, [_received(each) for each in party.store.entries(row.line)]


def take_up(world, *, raw=None, entries=None, registry=None):
    line, kept, rows = parts(world)
    return core.take_up(line, raw or kept, registry or world.registry, rows if entries is None else entries, [])


def test_it_comes_back_as_it_was(world):
    line = world.parties[0].house.line(world.line)
    again = take_up(world)
    assert core.put_down(again) == core.put_down(line) == parts(world)[1]
    assert (again.known, again.decided, again.digests, again.last_time) == (
        line.known,
        line.decided,
        line.digests,
        line.last_time,
    )
    assert again.frontier.root() == line.tree.root()


def test_an_own_commit_on_its_way_comes_back_too(world):
    chair = world.parties[0]
    known = chair.house.line(world.line)
    with chair.house._step(known):
        known.commit({}, [], world.entropy)
    again = take_up(world)
    assert again.pending.commit.message == known.pending.commit.message
    assert replace(again.pending, commit=known.pending.commit) == known.pending
    chair.reopen()
    world.settle()
    assert {party.house.line(world.line).epoch for party in world.parties} == {known.epoch + 1}


def test_an_arrival_that_waits_to_be_taken_up_comes_back_too(world):
    member = world.parties[1]
    known = member.house.line(world.line)
    with member.house._step(known):
        known.offer(world.entropy)
    member.reopen()
    again = member.house.line(world.line)
    assert again.arrival.message == known.arrival.message
    assert again.arrival.next.serialise() == known.arrival.next.serialise()
    assert core.put_down(again) == core.put_down(known)


@pytest.mark.parametrize("doubted", [None, 3])
def test_a_core_of_the_first_version_is_read_too(world, doubted):
    """Houses brought no arrivals then; one that doubted a commit of the chair's house is where it cannot go on."""
    fields = canonical.decode(parts(world)[1], dict[str, Any])
    assert fields.pop("arrival") is None
    first = canonical.encode(fields | {"kind": "detente.line-core/1", "doubted": doubted})
    again = take_up(world, raw=first)
    assert again.stuck is (doubted is not None)
    assert again.arrival is None
    again.stuck = False
    assert core.put_down(again) == parts(world)[1]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows[:-1],
        lambda rows: rows[1:],
        lambda rows: [*rows[:2], *rows[3:]],
        lambda rows: [*rows, rows[-1]],
        lambda rows: [*rows[:-1], replace(rows[-1], leaf=replace(rows[-1].leaf, bucket=7))],
        lambda rows: [replace(row, outcome=Outcome.REFUSED) if row.packed else row for row in rows],
    ],
)
def test_a_store_that_does_not_lead_to_the_head_that_was_left_is_refused(world, spoil):
    with pytest.raises(Unfit):
        take_up(world, entries=spoil(parts(world)[2]))


@pytest.mark.parametrize(
    "raw", [b"{}", b"rubbish", b'{"kind":"detente.line-core/2"}', b'{"kind":"detente.line-core/3"}']
)
def test_a_core_that_cannot_be_read_is_refused(world, raw):
    with pytest.raises(Unfit, match="cannot be read"):
        take_up(world, raw=raw)


def test_rules_that_judge_the_past_otherwise_are_refused(world):
    from detente.ground.errors import Refused

    strict = replace(correspondence.PROCEDURE, admit=lambda *_: Refused("No more notes.", rule="test"))
    with pytest.raises(Unfit, match="judged otherwise"):
        take_up(world, registry=Registry([CHARTER, strict]))


def test_control_it_is_taken_up_with_the_rules_under_which_it_was_put_down(world):
    assert isinstance(take_up(world), Line)


# --- small gates of the engine ------------------------------------------------------------------------------


def test_a_commit_is_asked_whom_it_adds_whatever_was_asked_before(world):
    """The keys were judged by MLS and the record; here it is the acts that decide."""
    chair, member = world.parties
    known = member.house.line(world.line)
    inside = {party_of(one.identity): one for one in known.group.members}
    stranger = replace(inside[member.id], identity=credential(PartyId("falkovia")), leaf_index=9)
    head = Head(known.size, bytes(32)).encode()

    def judged(added=(), removed=(), echo=head, sender=inside[chair.id].leaf_index):
        return known._refuse_commit(known.group, Staged(sender, echo, added, removed, None), Position(known.size))

    leaf = inside[member.id].leaf_index
    assert judged() is None
    assert judged((inside[member.id],), (leaf,)) is None
    for added, removed in [
        ((stranger,), ()),
        ((inside[member.id],), ()),
        ((inside[member.id], inside[member.id]), (leaf,)),
    ]:
        assert "no act of the line admits" in judged(added, removed).sentence
    assert "no act of the line removes" in judged((), (leaf,)).sentence
    assert "another place" in judged(echo=Head(known.size - 1, bytes(32)).encode()).sentence
    assert "Only the chair" in judged(sender=leaf).sentence


def test_keys_for_a_line_are_two_and_different_and_in_every_leaf():
    key = Conference(1).parties[0].made.secrets.line_keys("a line")
    assert LineKeys.decode(key.encode()) == key
    for raw in (
        LineKeys(key.writer, key.writer).encode(),
        key.encode()[:-1],
        b"",
        LineKeys(bytes(32), key.writer).encode(),
    ):
        with pytest.raises(Malformed):
            LineKeys.decode(raw)
    with pytest.raises(NotAuthentic, match="no keys"):
        _line_keys(())


@pytest.mark.parametrize("identity", [b"", b"abc", b"abc/door", b"/", b"abc/node/node"])
def test_a_leaf_bears_a_partys_name(identity):
    with pytest.raises(Malformed):
        party_of(identity)


def test_a_head_is_forty_bytes():
    head = Head(7, bytes(range(32)))
    assert Head.decode(head.encode()) == head
    for raw in (head.encode()[:-1], head.encode() + b"\0", b""):
        with pytest.raises(Malformed):
            Head.decode(raw)
