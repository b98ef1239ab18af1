"""Pairs of acts that two houses make at the same time, each by its name: what comes of them in either order.

Operations of parties commute.  A decision and an operation do not: the log says which was first, and the one that
was second is judged on what the first left; neither is ever silently absorbed.
"""

import pytest
from lineup import ARVENIA, BELMORA, CORVALIS
from tableworlds import PARTIES
from test_table_agreeing import accept, status
from test_table_places import SOURCE, add, room_of

from detente.ground.errors import Refused, Stale
from detente.procedures.table import acts, agreeing, naming, tree, views
from detente.procedures.table.acts import Hunk, Stance
from detente.procedures.table.agreeing import Status
from detente.procedures.table.model import Fate
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.tree import Form, container_of


def edit(room, at, label, old, new):
    lo = SOURCE.index(old)
    return acts.Edit(room.id, at[label], (Hunk(b"", lo, lo + len(old), new),))


def both_ways(first, second, prepare=lambda _room, _at: None):
    """Two rooms in which the same two acts have the same ids and came in the one and in the other order."""
    rooms = []
    for order in ((0, 1), (1, 0)):
        room, at = room_of()
        prepare(room, at)
        made = []
        for party, make in (first, second):
            made.append(room.verified(party, make(room, at)))
            room.position += 1
        for index in order:
            outcome = room.procedure.admit(room.state, room.facts, made[index])
            assert not isinstance(outcome, Refused), outcome
            room.state = outcome
            room.facts = room.procedure.publish(outcome, room.facts)
        rooms.append((room, at))
    (one, at), (other, _) = rooms
    assert one.text.digest() == other.text.digest()
    assert agreeing.content(one.text, WHOLE) == agreeing.content(other.text, WHOLE)
    assert views.rolling(one.text, one.facts) == views.rolling(other.text, other.facts)
    assert naming.names(one.text) == naming.names(other.text)
    return one, at


def words(room):
    return [[each.words for each in slot.choices] for slot in room.slots()]


def test_edits_of_disjoint_words_are_two_independent_places():
    room, _ = both_ways(
        (BELMORA, lambda r, at: edit(r, at, "1", "One", "Un")),
        (CORVALIS, lambda r, at: edit(r, at, "2", "Two", "Deux")),
    )
    assert words(room) == [["One", "Un"], ["Two", "Deux"]]


def test_edits_that_overlap_are_one_place_and_neither_is_lost():
    room, _ = both_ways(
        (BELMORA, lambda r, at: edit(r, at, "1", "One.", "Un.")),
        (CORVALIS, lambda r, at: edit(r, at, "1", "1. One", "1. Eins")),
    )
    (place,) = words(room)
    assert place[0] == "1. One."
    assert set(place[1:]) == {"1. Un.", "1. Eins."}


def test_identical_edits_are_shown_once_with_both_sponsors():
    room, _ = both_ways(*[(party, lambda r, at: edit(r, at, "1", "One", "Un")) for party in (BELMORA, CORVALIS)])
    (slot,) = room.slots()
    assert set(slot.choices[1].sponsors) == {BELMORA, CORVALIS}
    assert len(room.text.operations) == 2


def test_an_edit_of_anothers_words_is_a_place_within_its_variant():
    room, at = room_of()
    outer = room.say(BELMORA, edit(room, at, "1", "One", "Uno y dos"))
    container = container_of(room.text.operations[outer].proposal, 0)
    room.say(CORVALIS, acts.Edit(room.id, at["1"], (Hunk(container, 4, 5, "o"),)))
    inner, around = room.slots()
    assert [each.words for each in inner.choices] == ["y", "o"]
    assert around.choices[1].open == 1


def test_an_edit_of_words_that_their_author_withdraws_is_an_orphan_whichever_came_first():
    proposal = {}

    def prepare(room, at):
        operation = room.say(BELMORA, edit(room, at, "1", "One", "Uno y dos"))
        proposal[room] = operation

    room, _ = both_ways(
        (BELMORA, lambda r, _: acts.Withdraw(r.id, proposal[r])),
        (
            CORVALIS,
            lambda r, at: acts.Edit(
                r.id, at["1"], (Hunk(container_of(r.text.operations[proposal[r]].proposal, 0), 4, 5, "o"),)
            ),
        ),
        prepare,
    )
    assert room.slots() == []
    assert len(views.orphans(room.text)) == 1


@pytest.mark.parametrize("kind", ["dropped", "moved"])
def test_an_edit_stays_with_its_clause_while_that_is_to_be_dropped_or_moved(kind):
    def other(room, at):
        if kind == "dropped":
            return acts.Alternative(room.id, at["2"], "")
        return acts.MoveClause(room.id, at["2"], at["Article 3"], WHOLE)

    room, _ = both_ways((BELMORA, lambda r, at: edit(r, at, "2", "Two", "Deux")), (CORVALIS, other))
    assert [slot.form for slot in room.slots()] == [Form.PROPOSAL, Form.CLAUSE if kind == "dropped" else Form.PLACEMENT]
    room.settle_all(pick=0)
    assert views.clean_text(room.text) == SOURCE


def test_an_acceptance_and_an_edit_neither_is_silently_absorbed():
    room, at = room_of()
    seen = accept(room, at["1"])
    room.say(CORVALIS, edit(room, at, "1", "One", "Un"))
    assert isinstance(room.ask(BELMORA, seen), Stale)  # the edit was first: the acceptance is of other content
    room, at = room_of()
    for party in PARTIES:
        room.say(party, accept(room, at["1"]))
    assert status(room, at["1"]) is Status.AGREED
    room.say(CORVALIS, edit(room, at, "1", "One", "Un"))  # the acceptance was first: it counts no more, and says so
    assert status(room, at["1"]) is Status.CONTESTED
    room.settle_all(pick=1)
    assert status(room, at["1"]) is Status.REOPENED


def test_a_settlement_and_an_edit_the_edit_is_seen_or_the_settlement_is_stale():
    room, at = room_of()
    room.say(BELMORA, edit(room, at, "1", "One", "Un"))
    (slot,) = room.slots()
    body = room.settle(slot, slot.choices[1].id)
    room.say(CORVALIS, edit(room, at, "1", "1. O", "1. A"))
    assert isinstance(room.ask(ARVENIA, body), Stale)
    room, at = room_of()
    room.say(BELMORA, edit(room, at, "1", "One", "Un"))
    (slot,) = room.slots()
    room.say(ARVENIA, room.settle(slot, slot.choices[1].id))
    room.refused(CORVALIS, edit(room, at, "1", "1. O", "1. A"), "table.target")  # the words do not stand any more
    room.say(CORVALIS, edit(room, at, "2", "Two", "Deux"))  # control: in another clause it does


def test_two_settlements_of_one_place_the_first_decides_and_the_second_changes_nothing():
    room, at = room_of()
    room.say(BELMORA, edit(room, at, "1", "One", "Un"))
    (slot,) = room.slots()
    first, second = (room.settle(slot, choice.id) for choice in slot.choices)
    room.say(ARVENIA, first)
    refused = room.ask(ARVENIA, second)
    assert isinstance(refused, Refused)
    assert refused.rule in {"table.stale", "table.target"}
    assert views.clean_text(room.text) == SOURCE


def test_two_places_for_one_clause_are_alternatives():
    room, _ = both_ways(
        (BELMORA, lambda r, at: acts.MoveClause(r.id, at["2"], at["Article 2"], WHOLE)),
        (CORVALIS, lambda r, at: acts.MoveClause(r.id, at["2"], at["Article 3"], WHOLE)),
    )
    (slot,) = room.slots()
    assert (slot.form, len(slot.choices)) == (Form.PLACEMENT, 3)


def test_two_new_clauses_at_one_place_stand_in_one_order_and_each_may_be_taken():
    room, at = both_ways(
        (BELMORA, lambda r, at: add(r, at["Article 1"], at["1"], "From the one.")),
        (CORVALIS, lambda r, at: add(r, at["Article 1"], at["1"], "From the other.")),
    )
    assert [slot.form for slot in room.slots()] == [Form.ADDITION] * 2
    room.settle_all(pick=1)
    assert len(room.text.outline.children(at["Article 1"])) == 4


def test_of_two_positions_of_one_party_the_last_in_the_log_is_its_position():
    """The fold knows no fork: two acts of one party have two places in one log, and a relay that shows two logs is
    caught by the members' cosignatures (P12)."""
    for order in ((Stance.OPPOSE, Stance.SUPPORT), (Stance.SUPPORT, Stance.OPPOSE)):
        room, at = room_of()
        for stance in order:
            room.say(BELMORA, acts.Position(room.id, at["1"], stance, False, ""))
        assert room.text.positions[at["1"]][BELMORA].stance is order[-1]


def test_positions_of_two_parties_and_sponsors_do_not_meet():
    room, at = room_of()
    operation = room.say(BELMORA, edit(room, at, "1", "One", "Un"))
    assert operation in room.text.operations

    def prepare(room, at):
        room.first = room.say(BELMORA, edit(room, at, "1", "One", "Un"))

    room, _ = both_ways(
        (CORVALIS, lambda r, _: acts.Join(r.id, r.first)),
        (ARVENIA, lambda r, _: acts.Position(r.id, r.first, Stance.OPPOSE, False, "")),
        prepare,
    )
    (slot,) = room.slots()
    assert set(slot.choices[1].sponsors) == {BELMORA, CORVALIS}


def test_what_comes_after_a_publication_and_touches_what_was_accepted_is_on_the_late_list():
    room, at = room_of()
    body = edit(room, at, "1", "One", "Un")
    for party in PARTIES:
        room.say(party, accept(room, at["1"]))
    published = acts.Publish(room.id, "Rev. 1", agreeing.content(room.text, WHOLE), False)
    room.say(ARVENIA, published)
    operation = room.say(BELMORA, body)
    assert room.text.operations[operation].fate is Fate.LATE
    assert status(room, at["1"]) is Status.AGREED
    room, at = room_of()
    for party in PARTIES:
        room.say(party, accept(room, at["1"]))
    operation = room.say(BELMORA, body)  # the edit was first
    assert room.text.operations[operation].fate is Fate.LIVE
    assert isinstance(room.ask(ARVENIA, published), Stale)


def test_a_new_clause_and_a_move_to_its_place():
    room, at = both_ways(
        (BELMORA, lambda r, at: add(r, at["Article 2"], WHOLE, "0. New.")),
        (CORVALIS, lambda r, at: acts.MoveClause(r.id, at["2"], at["Article 2"], WHOLE)),
    )
    room.settle_all(pick=1)
    under = room.text.outline.children(at["Article 2"])
    assert len(under) == 3
    assert at["2"] in under[:2]
    assert tree.render(room.text.document).count("0. New.") == 1
