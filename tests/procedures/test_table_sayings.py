"""Sponsors, positions and notes: who says what, for whom it counts, and who is shown it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS, DORANE, FACTS, STRANGER
from test_table_rules import Table

from detente.procedures.table import acts, saying, views
from detente.procedures.table.acts import Group, Nature, Stance
from detente.procedures.table.model import Fate


def proposed(room, party=BELMORA):
    return room.say(party, room.replace("1", "noon", "dawn"))


def sponsors(room, operation):
    slot = next((each for each in room.slots() if not each.imported), None)
    return set(slot.choices[1].sponsors) if slot else None


def test_who_joins_sponsors_until_it_leaves():
    room = Table()
    operation = proposed(room)
    room.say(CORVALIS, acts.Join(room.id, operation))
    room.say(ARVENIA, acts.Join(room.id, operation))
    assert sponsors(room, operation) == {ARVENIA, BELMORA, CORVALIS}
    room.refused(CORVALIS, acts.Join(room.id, operation), "table.twice")
    room.refused(BELMORA, acts.Join(room.id, operation), "table.twice")
    room.say(CORVALIS, acts.Leave(room.id, operation))
    assert sponsors(room, operation) == {ARVENIA, BELMORA}
    room.refused(CORVALIS, acts.Leave(room.id, operation), "table.own")
    room.refused(BELMORA, acts.Leave(room.id, operation), "table.own")
    for body in (acts.Join(room.id, b"?" * 32), acts.Leave(room.id, b"?" * 32)):
        room.refused(CORVALIS, body, "table.target")
    room.refused(DORANE, acts.Join(room.id, operation), "table.role")


def test_its_author_takes_a_joined_proposal_off_and_the_others_may_propose_it_anew():
    room = Table()
    operation = proposed(room)
    room.say(CORVALIS, acts.Join(room.id, operation))
    room.say(BELMORA, acts.Withdraw(room.id, operation))
    assert sponsors(room, operation) is None
    again = proposed(room, CORVALIS)
    assert sponsors(room, again) == {CORVALIS}


def test_joining_and_withdrawing_make_one_state_in_either_order():
    digests = set()
    for order in ((0, 1), (1, 0)):
        room = Table()
        operation = proposed(room)
        both = (CORVALIS, acts.Join(room.id, operation)), (BELMORA, acts.Withdraw(room.id, operation))
        for index in order:
            room.say(*both[index])
        digests.add((room.text.digest(), room.text.document.digest))
    assert len(digests) == 1


def test_nobody_joins_what_was_decided():
    room = Table()
    operation = proposed(room)
    slot = next(each for each in room.slots() if not each.imported)
    room.say(ARVENIA, room.settle(slot, slot.choices[1].id))
    assert room.text.operations[operation].fate is Fate.TAKEN
    room.refused(CORVALIS, acts.Join(room.id, operation), "table.own")


def test_an_alternative_is_joined_as_well():
    room = Table()
    operation = room.say(BELMORA, acts.Alternative(room.id, room.clause("2").id, "2. Closed."))
    room.say(CORVALIS, acts.Join(room.id, operation))
    assert sponsors(room, operation) == {BELMORA, CORVALIS}
    room.say(CORVALIS, acts.Leave(room.id, operation))
    assert sponsors(room, operation) == {BELMORA}


# --- positions ------------------------------------------------------------------------------------

SOUTH = Group("SOUTH", BELMORA, (BELMORA, CORVALIS))
ALL = Group("ALL", CORVALIS, (ARVENIA, BELMORA, CORVALIS))


def position(room, target, stance=Stance.SUPPORT, **more):
    return acts.Position(room.id, target, stance, False, "", **more)


def grouped(*groups):
    room = Table()
    room.say(ARVENIA, acts.Modalities(room.id, groups, (), together=False))
    return room, proposed(room)


def stand(room, target):
    return {party: (each.said.stance, each.group) for party, each in saying.standing(room.text, target).items()}


def test_a_groups_position_gives_way_to_a_members_own():
    room, operation = grouped(SOUTH)
    room.say(BELMORA, position(room, operation, Stance.OPPOSE, group="SOUTH"))
    assert stand(room, operation) == {BELMORA: (Stance.OPPOSE, "SOUTH"), CORVALIS: (Stance.OPPOSE, "SOUTH")}
    assert saying.blocking(room.text, FACTS, [operation]) == [BELMORA, CORVALIS]
    room.say(CORVALIS, position(room, operation, Stance.SUPPORT))
    assert stand(room, operation)[CORVALIS] == (Stance.SUPPORT, "")
    assert saying.blocking(room.text, FACTS, [operation]) == [BELMORA]


def test_of_two_groups_the_one_that_stands_most_in_the_way_counts():
    room, operation = grouped(SOUTH, ALL)
    room.say(CORVALIS, position(room, operation, Stance.SUPPORT, group="ALL"))
    room.say(BELMORA, position(room, operation, Stance.RESERVE, group="SOUTH"))
    assert stand(room, operation) == {
        ARVENIA: (Stance.SUPPORT, "ALL"),
        BELMORA: (Stance.RESERVE, "SOUTH"),
        CORVALIS: (Stance.RESERVE, "SOUTH"),
    }


def test_only_its_speaker_speaks_for_a_group_and_nobody_for_none():
    room, operation = grouped(SOUTH)
    room.refused(CORVALIS, position(room, operation, group="SOUTH"), "table.own")
    room.refused(BELMORA, position(room, operation, group="NORTH"), "table.own")
    assert stand(room, operation) == {}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (lambda room: acts.Modalities(room.id, (SOUTH, SOUTH), (), False), "table.groups"),
        (lambda room: acts.Modalities(room.id, (Group("south", BELMORA, ()),), (), False), "table.groups"),
        (lambda room: acts.Modalities(room.id, (Group("SOUTH", STRANGER, ()),), (), False), "table.groups"),
        (lambda room: acts.Modalities(room.id, (Group("SOUTH", BELMORA, (STRANGER,)),), (), False), "table.groups"),
        (lambda room: acts.Modalities(room.id, (), ("en",), False), "table.languages"),
        (lambda room: acts.Modalities(room.id, (), ("fr", "fr"), False), "table.languages"),
        (lambda room: acts.Modalities(room.id, (), ("French",), False), "table.languages"),
    ],
)
def test_modalities_that_are_refused(body, rule):
    room = Table()
    room.refused(ARVENIA, body(room), rule)


def test_modalities_are_the_chairs():
    room = Table()
    room.refused(BELMORA, acts.Modalities(room.id, (SOUTH,), (), True), "table.role")


def heads(room, *codes):
    return acts.Codes(room.id, tuple(acts.Code(code, party) for code, party in codes))


@pytest.mark.parametrize(
    "said",
    [
        [("BEL", BELMORA), ("BEL", CORVALIS)],
        [("BEL", STRANGER)],
        [("bel", BELMORA)],
        [("B", BELMORA)],
        [("BELMORA", BELMORA)],
        [("BE\u0555", BELMORA)],
        [(f"{a}{b}", BELMORA) for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"] * 2,
    ],
)
def test_codes_that_are_refused(said):
    room = Table()
    room.refused(ARVENIA, heads(room, *said), "table.codes")
    assert room.text.conduct.codes == ()


def test_the_chair_says_whom_the_heads_mean_and_the_newest_holds():
    room = Table()
    room.refused(BELMORA, heads(room, ("BEL", BELMORA)), "table.role")
    before = room.text.document.digest
    room.say(ARVENIA, heads(room, ("COR", CORVALIS), ("BEL", BELMORA), ("BE", BELMORA)))
    conduct = room.text.conduct
    assert [conduct.meant(code) for code in ("BEL", "BE", "COR", "ARV")] == [BELMORA, BELMORA, CORVALIS, None]
    room.say(ARVENIA, acts.Modalities(room.id, (SOUTH,), (), together=False))
    assert room.text.conduct.codes == conduct.codes
    room.say(ARVENIA, heads(room, ("BEL", CORVALIS)))
    assert room.text.conduct.meant("BEL") == CORVALIS
    assert room.text.conduct.meant("COR") is None
    assert room.text.conduct.groups == (SOUTH,)
    assert room.text.document.digest == before


def test_whom_a_head_means_takes_no_position_for_it():
    room = Table("# A\n\n1. The line [COR oppose: stays] open.\n")
    room.say(ARVENIA, heads(room, ("COR", CORVALIS)))
    (slot,) = room.slots()
    assert saying.standing(room.text, slot.choices[0].id) == {}
    assert saying.blocking(room.text, FACTS, [choice.id for choice in slot.choices]) == []


def test_a_position_waits_on_and_depends_on_what_is_there():
    room = Table()
    operation, other = proposed(room), room.say(CORVALIS, room.replace("2", "stays", "is"))
    clause = room.clause("2").id
    room.say(CORVALIS, position(room, operation, Stance.RESERVE, pending_on=(clause, other)))
    room.say(BELMORA, position(room, other, Stance.SUPPORT, given=operation))
    said = room.text.positions[operation][CORVALIS]
    assert (said.pending_on, said.stance) == ((clause, other), Stance.RESERVE)
    room.refused(BELMORA, position(room, other, pending_on=(b"?" * 16,)), "table.target")
    room.refused(BELMORA, position(room, other, pending_on=(clause,) * 51), "table.target")
    room.refused(BELMORA, position(room, other, given=b"?" * 32), "table.target")
    room.refused(BELMORA, position(room, other, Stance.OPPOSE, given=operation), "table.words")


# --- notes ----------------------------------------------------------------------------------------


def note(room, words="A word.", audience=(), target=b""):
    return acts.Note(room.id, target, words, Nature.NEGOTIATORS, audience)


def test_a_note_is_withdrawn_by_its_author_and_only_once():
    room = Table()
    name = room.say(BELMORA, note(room, target=room.clause("2").id))
    assert [each.id for each in saying.notes_for(room.text, None)] == [name]
    room.refused(CORVALIS, acts.Withdraw(room.id, name), "table.own")
    room.say(BELMORA, acts.Withdraw(room.id, name))
    assert saying.notes_for(room.text, None) == []
    room.refused(BELMORA, acts.Withdraw(room.id, name), "table.own")
    assert [event.kind for event in views.changes(room.text, 0)[-1].events] == ["note", "withdraw"]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (lambda room: note(room, words=""), "table.words"),
        (lambda room: note(room, words="x" * 10_001), "table.words"),
        (lambda room: note(room, words="a\x00b"), "table.words"),
        (lambda room: note(room, target=b"?" * 16), "table.target"),
        (lambda room: note(room, audience=(STRANGER,)), "table.audience"),
        (lambda room: note(room, audience=(BELMORA, BELMORA)), "table.audience"),
    ],
)
def test_notes_that_are_refused(body, rule):
    room = Table()
    room.refused(BELMORA, body(room), rule)


def test_a_note_changes_no_word_and_no_hash():
    room = Table()
    before = room.text.document.digest
    room.say(BELMORA, note(room))
    assert room.text.document.digest == before


PARTIES = (ARVENIA, BELMORA, CORVALIS)


@given(st.lists(st.tuples(st.sampled_from(PARTIES), st.sets(st.sampled_from(PARTIES))), max_size=8))
def test_p20_a_note_for_some_is_never_among_those_for_others(drawn):
    room = Table()
    made = {room.say(party, note(room, audience=tuple(audience))): (party, audience) for party, audience in drawn}
    for reader in (*PARTIES, DORANE, None):
        shown = {each.id for each in saying.notes_for(room.text, reader)}
        allowed = {name for name, (party, wanted) in made.items() if not wanted or reader in {party, *wanted}}
        assert shown == allowed
