import pytest

from detente.ground.errors import Refused
from detente.procedures.correspondence.machine import AFTER_DISPATCH, TRANSITIONS, Draft, Event, State, advance, step

GOLDEN = """
draft -submitted for clearance-> in clearance
in clearance -cleared-> cleared
in clearance -sent back to its drafter-> draft
cleared -authorised-> sealed
cleared -sent back to its drafter-> draft
sealed -cancelled-> void
sealed -dispatched-> dispatched
dispatched -delivered-> delivered
delivered -acknowledged-> acknowledged
acknowledged -answered-> answered
acknowledged -noted-> noted
acknowledged -returned-> returned
answered -closed-> closed
noted -closed-> closed
returned -closed-> closed
closed -archived-> archived
"""


def test_the_table_is_the_one_a_registrar_would_draw():
    rows = [f"{a.value} -{e.value}-> {b.value}" for (a, e), b in TRANSITIONS.items() if e is not Event.SUPERSEDE]
    assert rows == GOLDEN.strip().splitlines()
    assert {a for (a, e) in TRANSITIONS if e is Event.SUPERSEDE} == set(AFTER_DISPATCH)


def test_every_pair_has_a_state_or_a_sentence():
    for state in State:
        for event in Event:
            after = advance(state, event)
            assert (after is TRANSITIONS[state, event]) if (state, event) in TRANSITIONS else isinstance(after, Refused)


def test_nothing_that_was_dispatched_comes_home_again():
    before = {State.DRAFT, State.IN_CLEARANCE, State.CLEARED, State.SEALED, State.VOID}
    for (state, _), after in TRANSITIONS.items():
        assert state in before or after not in before


def walk(draft, *steps):
    for event, office in steps:
        draft = step(draft, event, office)
        assert not isinstance(draft, Refused), draft.sentence
    return draft


def test_a_second_office_authorises():
    cleared = walk(Draft("desk"), (Event.SUBMIT, "desk"), (Event.CLEAR, "legal-adviser"))
    refused = step(cleared, Event.AUTHORISE, "desk")
    assert isinstance(refused, Refused)
    assert refused.rule == "correspondence.two"
    sealed = walk(cleared, (Event.AUTHORISE, "head-of-mission"))
    assert (sealed.state, sealed.authorised_by) == (State.SEALED, "head-of-mission")
    assert walk(sealed, (Event.DISPATCH, "registry")).state is State.DISPATCHED
    assert walk(sealed, (Event.CANCEL, "head-of-mission")).state is State.VOID


def test_all_required_offices_clear_and_a_rejection_begins_again():
    required = frozenset({"legal-adviser", "protocol"})
    draft = walk(Draft("desk", required), (Event.SUBMIT, "desk"), (Event.CLEAR, "protocol"))
    assert draft.state is State.IN_CLEARANCE
    assert step(draft, Event.CLEAR, "press").rule == "correspondence.clearance"
    assert walk(draft, (Event.CLEAR, "legal-adviser")).state is State.CLEARED
    again = walk(draft, (Event.REJECT, "legal-adviser"), (Event.SUBMIT, "desk"), (Event.CLEAR, "legal-adviser"))
    assert again.state is State.IN_CLEARANCE, "the clearance given before the rejection does not count"


@pytest.mark.parametrize("event", list(Event))
def test_a_step_without_an_office_or_out_of_turn_is_refused(event):
    assert isinstance(step(Draft("desk", state=State.SEALED), event, ""), Refused)
    if event is not Event.SUBMIT:
        assert step(Draft("desk"), event, "head-of-mission").rule == "correspondence.passage"
