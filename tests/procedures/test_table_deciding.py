"""What the chair decides: several places at once, on a basis that is checked, and texts that nobody sponsors."""

from types import MappingProxyType

import pytest
from lineup import ARVENIA, BELMORA, CORVALIS, FACTS, START
from test_table_rules import SMALL, Table

from detente.acts import facts
from detente.ground.errors import Stale
from detente.procedures.table import acts, agreeing, deciding, tree, views
from detente.procedures.table.acts import Basis, Choice, Stance
from detente.procedures.table.agreeing import Status
from detente.procedures.table.model import Fate


def choice(slot, index):
    return Choice(
        slot.scope, slot.slot if hasattr(slot, "slot") else slot.id, (slot.choices[index].id,), slot.precondition
    )


def settlement(room, *choices, basis=Basis.CONSENSUS):
    first, *also = choices
    return acts.Settle(room.id, first.scope, first.slot, first.chosen, first.precondition, basis, tuple(also))


def proposed(room, party=BELMORA, old="noon", new="dawn"):
    return room.say(party, room.replace("1", old, new))


def place(room):
    return next(each for each in room.slots() if not each.imported)


def test_several_places_are_settled_by_one_act_on_the_content_that_was_seen():
    room = Table()
    modal, promptly = room.slots()
    room.say(ARVENIA, settlement(room, choice(modal, 0), choice(promptly, 1)))
    assert views.clean_text(room.text).startswith("1. The Parties shall open the line at noon.")
    assert len(room.text.settled) == 2


def test_of_several_places_all_are_settled_or_none():
    room = Table()
    modal, promptly = room.slots()
    wrong = replace_choice(choice(promptly, 0), chosen=(b"?" * 16,))
    room.refused(ARVENIA, settlement(room, choice(modal, 0), wrong), "table.choice")
    stale = replace_choice(choice(promptly, 0), precondition=bytes(32))
    assert isinstance(room.ask(ARVENIA, settlement(room, choice(modal, 0), stale)), Stale)
    room.refused(ARVENIA, settlement(room, choice(modal, 0), choice(modal, 0)), "table.choice")
    assert len(room.slots()) == 2


def replace_choice(one, **changes):
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    return Choice(**(fields | changes))


def test_a_place_that_another_choice_of_the_same_act_took_away_is_not_settled():
    room = Table("1. Open [at noon [sharp]][at one].\n")
    inner, outer = room.slots()
    room.refused(ARVENIA, settlement(room, choice(outer, 1), choice(inner, 0)), "table.target")
    room.say(ARVENIA, settlement(room, choice(inner, 0), choice(outer, 0)))
    assert views.clean_text(room.text) == "1. Open at noon sharp.\n"


@pytest.mark.parametrize("stance", [Stance.OPPOSE, Stance.RESERVE])
def test_there_is_no_consensus_on_what_somebody_stands_against(stance):
    room = Table()
    operation = proposed(room)
    room.say(CORVALIS, acts.Position(room.id, operation, stance, False, ""))
    for basis in (Basis.CONSENSUS, Basis.EDITORIAL):
        sentence = room.refused(ARVENIA, settlement(room, choice(place(room), 1), basis=basis), "table.basis")
        assert "Corvalis" in sentence
    room.say(ARVENIA, settlement(room, choice(place(room), 0)))  # control: the words as they stand may be kept
    assert room.text.operations[operation].fate is Fate.SET_ASIDE


def test_consensus_comes_with_the_last_objection_gone():
    room = Table()
    operation = proposed(room)
    room.say(CORVALIS, acts.Position(room.id, operation, Stance.OPPOSE, False, ""))
    room.say(CORVALIS, acts.Position(room.id, operation, Stance.CAN_GO_WITH_CONSENSUS, False, ""))
    room.say(ARVENIA, settlement(room, choice(place(room), 1)))
    assert room.text.operations[operation].fate is Fate.TAKEN


def test_by_acceptance_is_taken_only_what_all_are_in_favour_of():
    room = Table()
    operation = proposed(room)
    body = settlement(room, choice(place(room), 1), basis=Basis.ACCEPT)
    room.refused(ARVENIA, body, "table.basis")
    room.say(CORVALIS, acts.Join(room.id, operation))
    room.refused(ARVENIA, body, "table.basis")
    room.say(ARVENIA, acts.Position(room.id, operation, Stance.CONSIDERING, False, ""))
    room.refused(ARVENIA, body, "table.basis")
    room.say(ARVENIA, acts.Position(room.id, operation, Stance.SUPPORT, False, ""))
    room.refused(ARVENIA, settlement(room, choice(place(room), 0), basis=Basis.ACCEPT), "table.basis")
    room.say(ARVENIA, body)
    assert room.text.operations[operation].fate is Fate.TAKEN


def decided(room, asked, basis):
    """What a silence procedure or a ballot of the line decided."""
    return {room.id: facts.Decision(facts.Basis(basis.value), room.id, b"", bytes(32), asked, START)}


@pytest.mark.parametrize("basis", [Basis.SILENCE, Basis.VOTE])
def test_p11_nobodys_silence_is_taken_for_acceptance_unless_a_procedure_ran_out_on_that_very_question(basis):
    room = Table()
    proposed(room)
    chosen = choice(place(room), 1)
    body = settlement(room, chosen, basis=basis)
    assert basis.value in room.refused(ARVENIA, body, "table.basis")
    asked = deciding.question([replace_choice(chosen, chosen=(place(room).choices[0].id,))])
    room.know(decisions=decided(room, asked, basis))
    room.refused(ARVENIA, body, "table.basis")  # another question was decided
    other = Basis.VOTE if basis is Basis.SILENCE else Basis.SILENCE
    room.know(decisions=decided(room, deciding.question([chosen]), other))
    room.refused(ARVENIA, body, "table.basis")  # in another way
    room.know(decisions=decided(room, deciding.question([chosen]), basis))
    room.say(ARVENIA, body)
    assert views.accepted_by(room.text) == frozenset()


def test_what_a_vote_decided_is_settled_and_not_agreed():
    room = Table("1. Open [now][later].\n\n2. Close.\n")
    (slot,) = room.slots()
    chosen = choice(slot, 1)
    room.know(decisions=decided(room, deciding.question([chosen]), Basis.VOTE))
    room.say(ARVENIA, settlement(room, chosen, basis=Basis.VOTE))
    assert agreeing.status(room.text, room.facts, room.clause("1")) is Status.SETTLED
    assert agreeing.status(room.text, room.facts, room.clause("2")) is Status.OPEN
    room.say(CORVALIS, room.edit("1", (3, 7, "Shut")))
    room.settle_all(pick=1)
    assert agreeing.status(room.text, room.facts, room.clause("1")) is Status.OPEN
    for party in (ARVENIA, BELMORA, CORVALIS):
        room.say(party, acts.Accept(room.id, room.clause("1").id, room.clause("1").digest, False))
    assert agreeing.status(room.text, room.facts, room.clause("1")) is Status.AGREED


def test_whoever_must_accept_may_have_left_the_line():
    room = Table()
    operation = proposed(room)
    room.say(CORVALIS, acts.Position(room.id, operation, Stance.OPPOSE, False, ""))
    room.know(members=MappingProxyType({p: m for p, m in FACTS.members.items() if p != CORVALIS}))
    room.refused(ARVENIA, settlement(room, choice(place(room), 1)), "table.basis")


# --- chair's texts ----------------------------------------------------------------------------------


def chair(room, label, *hunks, words=None, precondition=None):
    clause = room.clause(label)
    return acts.ChairText(room.id, clause.id, hunks, words, precondition or clause.digest)


def test_a_chairs_text_is_an_unattributed_variant():
    room = Table()
    lo = SMALL.index("noon")
    operation = room.say(ARVENIA, chair(room, "1", acts.Hunk(b"", lo, lo + 4, "midday")))
    slot = place(room)
    assert [each.sponsors for each in slot.choices] == [(), ()]
    assert slot.choices[1].operations == (operation,)
    assert "at [noon][midday]." in tree.render(room.text.document)
    room.say(CORVALIS, acts.Join(room.id, operation))
    assert place(room).choices[1].sponsors == (CORVALIS,)
    room.refused(BELMORA, acts.Withdraw(room.id, operation), "table.own")
    room.say(ARVENIA, acts.Withdraw(room.id, operation))
    assert [each.imported for each in room.slots()] == [True, True]


def test_a_chairs_alternative_and_what_is_refused_of_chairs_texts():
    room = Table()
    room.say(ARVENIA, chair(room, "2", words="2. It is open."))
    slot = place(room)
    assert (slot.form, slot.choices[1].sponsors) == (tree.Form.CLAUSE, ())
    hunk = acts.Hunk(b"", SMALL.index("noon"), SMALL.index("noon") + 4, "dawn")
    room.refused(ARVENIA, chair(room, "1", hunk, words="1. Both."), "table.hunks")
    room.refused(ARVENIA, chair(room, "1"), "table.hunks")
    room.refused(ARVENIA, chair(room, "1", hunk, precondition=bytes(32)), "table.stale")
    room.refused(BELMORA, chair(room, "1", hunk), "table.role")
    gone = acts.ChairText(room.id, b"?" * 16, (hunk,), None, bytes(32))
    room.refused(ARVENIA, gone, "table.target")


def test_a_chairs_text_counts_as_nobodys_position():
    room = Table()
    room.say(ARVENIA, chair(room, "2", words="2. It is open."))
    room.refused(ARVENIA, settlement(room, choice(place(room), 1), basis=Basis.ACCEPT), "table.basis")
    room.say(ARVENIA, settlement(room, choice(place(room), 1)))
    assert views.bracketed(room.text).endswith("2. It is open.\n")
