"""What the importer inferred is confirmed in bulk, or said to be wrong; no word changes by either."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA
from test_table_rules import Table

from detente.procedures.table import acts, tree, views
from detente.procedures.table.model import Fate
from detente.procedures.table.tree import Form

SOURCE = "1. Each Party [shall] [should] open [now][later] the line [a / b].\n\n2. It [BEL: is][COR: may be] shut.\n"


def confirm(room, exclusive=(), independent=()):
    return acts.Confirm(room.id, tuple(exclusive), tuple(independent))


def inferred(room):
    return [slot.id for slot in room.slots() if slot.inferred]


def forms(room):
    return [slot.form for slot in room.slots()]


def test_what_was_inferred_is_confirmed_in_bulk_and_nothing_else_changes():
    room = Table(SOURCE)
    before = room.text.document.digest
    assert len(inferred(room)) == 4
    room.say(ARVENIA, confirm(room, inferred(room)))
    assert inferred(room) == []
    assert room.text.document.digest == before
    assert tree.render(room.text.document) == SOURCE


def test_what_is_independent_is_a_bracket_each_and_reads_as_it_did():
    room = Table(SOURCE)
    modal, when, slash, who = (slot.id for slot in room.slots())
    room.say(ARVENIA, confirm(room, (slash,), (modal, when, who)))
    assert tree.render(room.text.document) == SOURCE
    assert forms(room) == [Form.BRACKET] * 4 + [Form.SLASH] + [Form.BRACKET] * 2
    assert views.summary(room.text, room.facts).slots_imported == 7
    room.settle_all(pick=0)
    assert (
        views.clean_text(room.text) == "1. Each Party shall should open nowlater the line a.\n\n2. It ismay be shut.\n"
    )
    figures = views.summary(room.text, room.facts)
    assert (figures.slots_settled, figures.slots_dropped) == (7, 0)


def test_of_independent_ones_each_may_go_with_its_space():
    room = Table(SOURCE)
    modal = room.slots()[0].id
    room.say(ARVENIA, confirm(room, independent=(modal,)))
    first, second = room.slots()[:2]
    room.say(ARVENIA, room.settle(first, first.choices[0].id))
    second = next(slot for slot in room.slots() if slot.id == second.id)
    room.say(ARVENIA, room.settle(second, second.choices[1].id))
    assert tree.render(room.text.document).startswith("1. Each Party shall open [now]")


def test_proposals_stay_where_they_were():
    room = Table(SOURCE)
    lo, hi = SOURCE.index("[now]"), SOURCE.index(" the line")
    inner = SOURCE.index("later")
    around = room.say(BELMORA, room.edit("1", (lo, hi, "at once")))
    within = room.say(BELMORA, room.edit("1", (inner, inner + 5, "afterwards")))
    when = next(slot.id for slot in room.slots() if slot.form is Form.EXCLUSIVE and slot.choices[0].words == "now")
    room.say(ARVENIA, confirm(room, independent=(when,)))
    assert {room.text.operations[each].fate for each in (around, within)} == {Fate.LIVE}
    assert views.orphans(room.text) == ()
    later = room.say(BELMORA, room.edit("1", (inner, inner + 5, "in time")))
    assert views.orphans(room.text) == ()
    place = next(each for each in room.slots() if each.form is Form.PROPOSAL and len(each.choices) == 3)
    room.say(ARVENIA, room.settle(place, next(one.id for one in place.choices if later in one.operations)))
    bracket = next(each for each in room.slots() if each.choices[0].words == "in time")
    room.say(ARVENIA, room.settle(bracket, bracket.choices[0].id))
    room.settle_all(pick=0)
    assert "open nowin time the line" in views.clean_text(room.text)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (confirm, "table.choice"),
        (lambda room: confirm(room, inferred(room), inferred(room)), "table.choice"),
        (lambda room: confirm(room, (b"?" * 16,)), "table.target"),
        (lambda room: confirm(room, independent=(room.slots()[2].id,)), "table.choice"),
    ],
)
def test_confirmations_that_are_refused(body, rule):
    room = Table(SOURCE)
    room.refused(ARVENIA, body(room), rule)


def test_what_was_written_or_settled_or_confirmed_is_not_confirmed():
    room = Table("1. [now] [shall][should] go.\n")
    written, modal = room.slots()
    room.refused(ARVENIA, confirm(room, (written.id,)), "table.target")
    room.refused(BELMORA, confirm(room, (modal.id,)), "table.role")
    room.say(ARVENIA, confirm(room, (modal.id,)))
    room.refused(ARVENIA, confirm(room, (modal.id,)), "table.target")
    room.say(ARVENIA, room.settle(modal, modal.choices[0].id, precondition=room.clause("1").digest))
    room.refused(ARVENIA, confirm(room, independent=(modal.id,)), "table.target")


PIECES = st.lists(
    st.sampled_from(
        ["words", "[shall][should]", "[one][two [three][four]]", "[a][b][c]", "[x / y]", "[BEL: p][COR: q]"]
    ),
    min_size=1,
    max_size=5,
)


@given(PIECES, st.data())
def test_whatever_is_said_of_inferences_the_text_reads_the_same_and_can_be_settled(pieces, data):
    source = "1. Here " + " and ".join(pieces) + " there.\n"
    room = Table(source)
    for name in inferred(room):
        slot = next(each for each in room.slots() if each.id == name)
        wrong = slot.form is Form.EXCLUSIVE and data.draw(st.booleans())
        room.say(ARVENIA, confirm(room, () if wrong else (name,), (name,) if wrong else ()))
        assert tree.render(room.text.document) == source
    assert inferred(room) == []
    found = list(tree.slots(room.text.document.passage))
    assert len({slot.id for slot in found}) == len(found)
    room.settle_all(pick=data.draw(st.integers(0, 1)))
    figures = views.summary(room.text, room.facts)
    assert figures.slots_settled + figures.slots_dropped == figures.slots_imported
