"""What builds on a decision waits at home until a quorum has confirmed the decision; talk does not wait."""

import pytest
from conference import Conference, a_note

from detente.ground.errors import Refused
from detente.procedures.charter.acts import Remove


@pytest.fixture
def world():
    """Five parties; the chair has removed one, the relay has ordered it, and nobody else has seen it."""
    world = Conference(5)
    world.line = world.found()
    chair, gone = world.parties[0], world.parties[4]
    for other in world.parties[1:]:
        other.lies = lambda _: None
    world.act = chair.do(world.line, Remove(gone.id, ""))
    for _ in range(4):
        world.carry(chair)
    return world


def test_a_decision_that_only_the_relay_has_shown_is_nothing_to_build_on(world):
    chair, _, other, *_ = world.parties
    known = chair.house.line(world.line)
    assert known.known[world.act] >= known.confirmed
    with pytest.raises(Refused, match="Held back") as refused:
        chair.do(world.line, Remove(other.id, ""))
    assert refused.value.rule == "line.confirmed"
    assert not known.held


def test_talk_does_not_wait(world):
    chair, member, *_ = world.parties
    act = chair.do(world.line, a_note(world, chair, member))
    assert act in {held.act for held in chair.house.line(world.line).held.values()}


def test_control_once_it_is_confirmed_the_next_may_be_taken(world):
    chair, _, other, *_ = world.parties
    for each in world.parties[1:]:
        each.lies = None
    world.settle()
    act = chair.do(world.line, Remove(other.id, ""))
    world.settle()
    known = chair.house.line(world.line)
    assert known.known[act] < known.confirmed
    assert other.id not in known.members()
