"""A chair that hands a newcomer another history than the one that was: true acts at other places, or new ones.

A newcomer cannot open what was sealed before it came.  What it believes of an act that it is handed is the tag
in the leaf of its place, and the voice of its author; both must fit, and what does not is nobody's word.
"""

import pytest
from conference import Conference, a_note
from rogues import alarms, alike, outcomes, wrote

from detente.acts import act as acts
from detente.acts.facts import Role
from detente.chancery import letters
from detente.chancery.letters import Handed
from detente.procedures.charter.acts import Admit


def admitted_with(change, monkeypatch, before=lambda: None):
    """A conference of three in which two notes were exchanged, and a fourth party that was handed `change` of it."""
    world = Conference(4)
    world.line = world.found(world.parties[:3])
    chair, member, _, newcomer = world.parties
    world.acts = [
        chair.do(world.line, a_note(world, chair, member, text="We agree to the first draft.")),
        chair.do(world.line, a_note(world, chair, member, sequence=2, text="We do not agree to the second.")),
    ]
    world.settle()
    world.places = [chair.house.line(world.line).known[act] for act in world.acts]
    honest = letters.close_history
    monkeypatch.setattr(letters, "close_history", lambda history, *where: honest(tuple(change(world, history)), *where))
    chair.do(world.line, Admit(newcomer.id, Role.MEMBER, (newcomer.made.record,)))
    world.settle()
    before()
    newcomer.house.agree(world.line, "head-of-mission")
    world.settle()
    return world


def swapped(world, history):
    """Two true acts of one author, each at the other's place."""
    first, second = world.places
    by_place = {one.position: one.packed for one in history}
    by_place[first], by_place[second] = by_place[second], by_place[first]
    return [Handed(place, packed) for place, packed in sorted(by_place.items())]


def invented(world, history):
    """What the chair never said before, in its own voice, at the place of what it did say."""
    chair = world.parties[0]
    raw = wrote(world, chair, world.line, a_note(world, chair, world.parties[1], text="We agree to everything."))
    packed = acts.pack(raw, chair.house._secrets.voice)
    return [Handed(one.position, packed) if one.position == world.places[0] else one for one in history]


@pytest.mark.attack("A15", "prevented")
@pytest.mark.parametrize("change", [swapped, invented])
def test_another_history_is_nobodys_word(change, monkeypatch):
    world = admitted_with(change, monkeypatch)
    newcomer = world.parties[3]
    assert outcomes(newcomer, world.line)[world.places[0]] == "not authentic"
    assert alarms(newcomer, world.line, "false-entry")
    assert world.acts[0] not in newcomer.house.line(world.line).known


@pytest.mark.attack("A15", "detected")
def test_what_is_left_out_is_seen_to_be_missing(monkeypatch):
    def silent(world, history):
        return [one for one in history if one.position != world.places[0]]

    world = admitted_with(silent, monkeypatch)
    assert outcomes(world.parties[3], world.line)[world.places[0]] == "not handed over"


def test_control_the_true_history_is_read(monkeypatch):
    world = admitted_with(lambda _, history: history, monkeypatch)
    newcomer = world.parties[3]
    assert alike(*world.parties, line=world.line)
    assert set(world.acts) <= set(newcomer.house.line(world.line).known)
    assert not alarms(newcomer, world.line)


class Any(bytes):
    """Bytes that differ from nothing."""

    __hash__ = bytes.__hash__

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


def test_control_without_the_tag_what_the_chair_invents_is_believed(monkeypatch):
    true = acts.tag_of
    world = admitted_with(
        invented,
        monkeypatch,
        before=lambda: monkeypatch.setattr(acts, "tag_of", lambda *of: Any(true(*of))),
    )
    assert outcomes(world.parties[3], world.line)[world.places[0]] == "admitted"
