import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS, DORANE, FACTS, START, STRANGER, Room

from detente.acts.labels import Label
from detente.ground.errors import Refused
from detente.procedures.correspondence.acts import (
    FORMS,
    Acknowledge,
    Character,
    Delivered,
    Form,
    Note,
    Number,
    Precedence,
    Return,
    Supersede,
    TakeNote,
    Void,
)
from detente.procedures.correspondence.machine import State as At
from detente.procedures.correspondence.rules import BRIEF_WORDS, EXERCISE, LARGEST_TEXT, PROCEDURE
from detente.procedures.correspondence.views import advice, notes, numbers, urgent
from detente.wire import canonical

UNKNOWN = bytes(32)


def note(sequence=1, **changes):
    given_number = changes.pop("number", Number("registry", sequence, 2026))
    body = Note(
        form=Form.NOTE_VERBALE,
        number=given_number,
        precedence=Precedence.ROUTINE,
        character=Character.FORMAL,
        label=Label.UNCLASSIFIED,
        to=(BELMORA,),
        info=(CORVALIS,),
        subject="The second round",
        text="Arvenia presents its compliments to Belmora.\n\nThe round opens on Monday.\n\nIt avails itself of this.",
        answers=None,
        refers=None,
        exercise=False,
    )
    return msgspec.structs.replace(body, **changes)


def non_paper(**changes):
    return note(**{"number": None, "form": Form.NON_PAPER, "character": Character.INFORMAL, **changes})


@pytest.fixture
def room():
    return Room(PROCEDURE)


def standing(room, identifier, party):
    return room.state.notes[identifier].standings[party]


def acknowledged(room, body, by=BELMORA):
    identifier = room.say(ARVENIA, body)
    room.say(by, Delivered(identifier))
    room.say(by, Acknowledge(identifier), office="duty-officer")
    return identifier


# --- the life of a note ------------------------------------------------------------------------


def test_a_note_is_delivered_acknowledged_and_answered_as_three_different_things(room):
    sent = room.say(ARVENIA, note())
    seen = [standing(room, sent, BELMORA)]
    for author, body in (
        (BELMORA, Delivered(sent)),
        (BELMORA, Acknowledge(sent)),
        (BELMORA, note(to=(ARVENIA,), info=(), answers=sent)),
    ):
        room.say(author, body, office="duty-officer")
        seen.append(standing(room, sent, BELMORA))
    assert [each.state for each in seen] == [At.DISPATCHED, At.DELIVERED, At.ACKNOWLEDGED, At.ANSWERED]
    marks = [(bool(each.delivered), bool(each.acknowledged), bool(each.concluded)) for each in seen]
    assert marks == [(False, False, False), (True, False, False), (True, True, False), (True, True, True)]
    assert standing(room, sent, CORVALIS).state is At.DISPATCHED, "another addressee has done nothing"


def test_the_view_never_merges_the_three(room):
    sent = room.say(ARVENIA, note())
    room.say(BELMORA, Delivered(sent))
    belmora, corvalis = notes(room.state, room.facts)[0]["addressees"]
    assert (belmora["for"], corvalis["for"]) == ("action", "information")
    assert belmora["delivered"]["office"] == "registry"
    assert belmora["acknowledged"] is None
    assert belmora["answered"] is None
    assert corvalis["delivered"] is None
    answer = acknowledged(room, note(2))
    room.say(BELMORA, Return(answer, "not addressed to the competent ministry"))
    returned = notes(room.state, room.facts)[1]["addressees"][0]
    assert returned["returned"]["text"] == "not addressed to the competent ministry"
    assert returned["answered"] is None


def test_an_acknowledgement_comes_after_delivery_and_from_a_named_office(room):
    sent = room.say(ARVENIA, note())
    room.refused(BELMORA, Acknowledge(sent), "correspondence.passage")
    room.say(BELMORA, Delivered(sent))
    room.refused(BELMORA, Acknowledge(sent), "correspondence.office", office=" ")
    room.say(BELMORA, Acknowledge(sent))


@pytest.mark.parametrize("conclude", [TakeNote, lambda sent: Return(sent, "")])
def test_a_note_is_noted_or_returned_only_when_it_was_acknowledged_and_once(room, conclude):
    sent = room.say(ARVENIA, note())
    room.say(BELMORA, Delivered(sent))
    room.refused(BELMORA, conclude(sent), "correspondence.passage")
    room.say(BELMORA, Acknowledge(sent))
    room.say(BELMORA, conclude(sent))
    room.refused(BELMORA, conclude(sent), "correspondence.passage")


def test_a_machine_may_repeat_its_receipt_and_a_person_may_not_repeat_a_word(room):
    sent = acknowledged(room, note())
    before = room.state
    room.say(BELMORA, Delivered(sent))
    assert room.state == before
    assert "acknowledged" in room.refused(BELMORA, Acknowledge(sent), "correspondence.passage")


@pytest.mark.parametrize("body", [Delivered, Acknowledge, TakeNote, lambda sent: Return(sent, "")])
def test_only_an_addressee_answers_for_an_addressee(room, body):
    sent = acknowledged(room, note(info=()))
    for other in (ARVENIA, CORVALIS, DORANE):
        room.refused(other, body(sent), "correspondence.addressee-only")
    room.refused(BELMORA, body(UNKNOWN), "correspondence.reference")


def test_one_act_is_one_note(room):
    room.say(ARVENIA, non_paper())
    room.position = 0
    room.refused(ARVENIA, non_paper(), "correspondence.twice")


# --- answers -----------------------------------------------------------------------------------


def test_an_answer_has_the_form_of_what_it_answers_and_goes_to_its_author(room):
    sent = acknowledged(room, note())
    reply = note(to=(ARVENIA,), info=(), answers=sent)
    room.refused(
        BELMORA,
        msgspec.structs.replace(reply, form=Form.AIDE_MEMOIRE, character=Character.RECORD),
        "correspondence.answer",
    )
    room.refused(BELMORA, msgspec.structs.replace(reply, to=(CORVALIS,)), "correspondence.answer")
    room.refused(DORANE, reply, "correspondence.addressee-only")
    room.refused(CORVALIS, reply, "correspondence.passage")
    room.refused(BELMORA, msgspec.structs.replace(reply, answers=UNKNOWN), "correspondence.reference")
    room.refused(BELMORA, msgspec.structs.replace(reply, refers=UNKNOWN), "correspondence.reference")
    room.say(BELMORA, reply)
    room.refused(BELMORA, note(2, to=(ARVENIA,), info=(), answers=sent), "correspondence.passage")
    room.say(BELMORA, note(2, to=(ARVENIA,), info=(), refers=sent))


# --- each check of a note ----------------------------------------------------------------------


def test_a_note_above_the_ceiling_is_refused_and_the_sentence_names_both_levels(room):
    for label in Label:
        outcome = room.ask(ARVENIA, note(label=label))
        assert isinstance(outcome, Refused) == (label.level > Label.SENSITIVE.level)
    sentence = room.refused(ARVENIA, note(label=Label.SECRET), "correspondence.label")
    assert "SECRET" in sentence
    assert "SENSITIVE" in sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"to": ()},
        {"to": (BELMORA, BELMORA)},
        {"to": (BELMORA,), "info": (BELMORA,)},
        {"to": (ARVENIA,)},
        {"info": (ARVENIA,)},
        {"to": (STRANGER,)},
        {"info": (STRANGER,)},
    ],
)
def test_addressees_are_other_members_each_once(room, changes):
    room.refused(ARVENIA, note(**changes), "correspondence.addressees")


def test_observers_write_and_are_written_to(room):
    room.say(DORANE, note(to=(ARVENIA,), info=(BELMORA, CORVALIS)))
    room.say(ARVENIA, note(to=(DORANE,), info=()))


def test_numbers_run_without_a_gap_for_each_party_office_and_year(room):
    room.refused(ARVENIA, note(2), "correspondence.number")
    room.refused(ARVENIA, note(0), "correspondence.number")
    room.say(ARVENIA, note(1))
    room.refused(ARVENIA, note(1), "correspondence.number")
    assert "registry/2/2026, not registry/3/2026" in room.refused(ARVENIA, note(3), "correspondence.number")
    room.say(ARVENIA, note(2))
    room.say(ARVENIA, note(number=Number("registry", 1, 2027)))
    room.say(ARVENIA, note(number=Number("legal-adviser", 1, 2026)))
    room.say(BELMORA, note(1, to=(ARVENIA,), info=()))
    for wrong in (Number("", 1, 2026), Number("a/b", 1, 2026), Number("a\nb", 1, 2026), Number("a", 1, 0)):
        room.refused(ARVENIA, note(number=wrong), "correspondence.number")


def test_a_number_that_was_not_dispatched_is_explained_before_the_next_is_used(room):
    room.say(ARVENIA, note(1))
    room.refused(ARVENIA, note(3), "correspondence.number")
    room.refused(ARVENIA, Void(Number("registry", 3, 2026), "cancelled"), "correspondence.number")
    room.refused(ARVENIA, Void(Number("registry", 2, 2026), " "), "correspondence.size")
    room.say(ARVENIA, Void(Number("registry", 2, 2026), "cancelled before dispatch"))
    room.say(ARVENIA, note(3))
    (series,) = numbers(room.state, room.facts)
    assert series["last"] == 3
    assert series["void"] == [{"number": "registry/2/2026", "reason": "cancelled before dispatch"}]


def test_forms_are_what_the_table_says(room):
    for form, manner in FORMS.items():
        for character in Character:
            for numbered in (True, False):
                body = note(form=form, character=character, number=Number("registry", 1, 2026) if numbered else None)
                right = character in manner.characters and numbered == manner.numbered
                outcome = room.ask(ARVENIA, body)
                assert isinstance(outcome, Refused) != right, (form, character, numbered)
                if not right:
                    assert outcome.rule == "correspondence.form"


def test_a_non_paper_is_unsigned_and_everything_else_is_signed():
    assert [form for form in Form if not note(form=form).signed] == [Form.NON_PAPER]
    assert Delivered(UNKNOWN).signed


def test_there_is_no_way_to_say_binding_act():
    written = canonical.encode(note()).replace(b'"FORMAL"', b'"BINDING_ACT"')
    with pytest.raises(Exception, match="BINDING_ACT"):
        canonical.decode(written, Note)


def test_sizes(room):
    room.refused(ARVENIA, note(text=" \n\t"), "correspondence.size")
    room.refused(ARVENIA, note(subject=" "), "correspondence.size")
    room.refused(ARVENIA, note(subject="two\nlines"), "correspondence.size")
    room.refused(ARVENIA, note(subject="x" * 301), "correspondence.size")
    room.refused(ARVENIA, note(text="x" * (LARGEST_TEXT + 1)), "correspondence.size")
    room.refused(ARVENIA, note(text="turned \u202e round"), "correspondence.size")
    room.refused(ARVENIA, note(text="é" * (LARGEST_TEXT // 2 + 1)), "correspondence.size")
    room.say(ARVENIA, note(text="x" * LARGEST_TEXT))
    sent = acknowledged(room, note(2))
    room.refused(BELMORA, Return(sent, "x" * 2001), "correspondence.size")
    room.refused(BELMORA, Return(sent, "\x00"), "correspondence.size")


@pytest.mark.parametrize("level", list(Precedence))
def test_brevity_is_for_flash_and_immediate(room, level):
    assert not isinstance(room.ask(ARVENIA, note(precedence=level, text="word " * BRIEF_WORDS)), Refused)
    for long in ("word " * (BRIEF_WORDS + 1), "字" * 2001):
        outcome = room.ask(ARVENIA, note(precedence=level, text=long))
        assert isinstance(outcome, Refused) == level.brief
    marked = f"{EXERCISE}\n{'word ' * BRIEF_WORDS}\n{EXERCISE}"
    assert not isinstance(room.ask(ARVENIA, note(precedence=level, text=marked, exercise=True)), Refused)


def test_an_exercise_is_marked_at_both_ends_and_nothing_else_is(room):
    whole = f"{EXERCISE}\nThe bridge is closed.\n{EXERCISE}\n"
    room.say(ARVENIA, note(1, text=whole, exercise=True))
    for text in (EXERCISE, f"{EXERCISE}\nThe bridge.", f"The bridge.\n{EXERCISE}", "The bridge."):
        room.refused(ARVENIA, note(2, text=text, exercise=True), "correspondence.exercise")
    for text in (whole, f"{EXERCISE}\nThe bridge.", f"The bridge.\n{EXERCISE}"):
        room.refused(ARVENIA, note(2, text=text), "correspondence.exercise")


def test_everybody_sees_how_often_urgency_is_used(room):
    room.say(ARVENIA, note(1, precedence=Precedence.FLASH, text="Now."))
    room.say(ARVENIA, note(2, precedence=Precedence.FLASH, text=f"{EXERCISE}\nNow.\n{EXERCISE}", exercise=True))
    room.say(BELMORA, note(1, to=(ARVENIA,), info=(), precedence=Precedence.IMMEDIATE, text="Soon."))
    seen = {row["name"]: (row["FLASH"], row["IMMEDIATE"]) for row in urgent(room.state, room.facts)}
    assert seen == {"Arvenia": (1, 0), "Belmora": (0, 1), "Corvalis": (0, 0), "Dorane": (0, 0)}


# --- superseding -------------------------------------------------------------------------------


def test_a_note_is_superseded_by_a_later_one_of_its_author_and_once(room):
    first = acknowledged(room, note(1))
    second = room.say(ARVENIA, note(2))
    other = room.say(BELMORA, note(1, to=(ARVENIA,), info=()))
    room.refused(BELMORA, Supersede(first, second), "correspondence.author")
    room.refused(ARVENIA, Supersede(first, other), "correspondence.author")
    room.refused(ARVENIA, Supersede(second, first), "correspondence.supersede")
    room.refused(ARVENIA, Supersede(first, first), "correspondence.supersede")
    room.refused(ARVENIA, Supersede(first, UNKNOWN), "correspondence.reference")
    room.say(ARVENIA, Supersede(first, second))
    room.refused(ARVENIA, Supersede(first, second), "correspondence.supersede")
    room.refused(BELMORA, TakeNote(first), "correspondence.passage")
    room.say(CORVALIS, Delivered(first))
    assert standing(room, first, CORVALIS).state is At.SUPERSEDED
    assert standing(room, first, CORVALIS).delivered is not None
    assert notes(room.state, room.facts)[0]["superseded_by"] == second.hex()


def test_no_signed_paper_says_whose_a_non_paper_was(room):
    first, second = room.say(ARVENIA, non_paper()), room.say(ARVENIA, non_paper())
    room.refused(ARVENIA, note(refers=first), "correspondence.reference")
    room.say(ARVENIA, non_paper(refers=first))
    for party in (BELMORA, CORVALIS):
        room.say(party, Delivered(first))
    room.say(BELMORA, Acknowledge(first))
    room.refused(BELMORA, note(to=(ARVENIA,), info=(), answers=first), "correspondence.answer")
    room.refused(ARVENIA, Supersede(first, second), "correspondence.form")
    assert "nobody's signature" in notes(room.state, room.facts)[0]["remark"]


# --- advice ------------------------------------------------------------------------------------


def test_advice_names_what_a_registry_would_miss_and_refuses_nothing(room):
    assert advice(note(), ARVENIA, FACTS) == []
    bare = note(text="The round opens on Monday.")
    assert len(advice(bare, ARVENIA, FACTS)) == 2
    assert not isinstance(room.ask(ARVENIA, bare), Refused)
    assert advice(non_paper(text="The round could open sooner."), ARVENIA, FACTS) == []
    assert "names its author" in advice(non_paper(text="Arvenia would like it."), ARVENIA, FACTS)[0]


def test_a_member_who_left_is_still_shown(room):
    room.say(ARVENIA, note())
    room.know(members={party: each for party, each in FACTS.members.items() if party != BELMORA})
    assert "no longer a member" in notes(room.state, room.facts)[0]["addressees"][0]["name"]


# --- properties --------------------------------------------------------------------------------

PARTIES = st.sampled_from([ARVENIA, BELMORA, CORVALIS, DORANE, STRANGER])
IDS = st.sampled_from([UNKNOWN, b"", *(Room(PROCEDURE).verified(ARVENIA, None).id,)])


def bodies(known):
    """Bodies of every kind: any value that the types allow, mixed with values that are nearly right."""
    ids = st.sampled_from([UNKNOWN, b"", *known])
    number = st.builds(Number, st.sampled_from(["registry", "", "a/b"]) | st.text(), st.integers(), st.integers())
    near = st.builds(
        note,
        sequence=st.integers(0, 3),
        form=st.sampled_from(Form),
        to=st.lists(PARTIES, max_size=3).map(tuple),
        info=st.lists(PARTIES, max_size=1).map(tuple),
        answers=st.none() | ids,
        exercise=st.booleans(),
    )
    wild = st.builds(
        Note,
        form=st.sampled_from(Form),
        number=st.none() | number,
        precedence=st.sampled_from(Precedence),
        character=st.sampled_from(Character),
        label=st.sampled_from(Label),
        to=st.lists(PARTIES | st.text(), max_size=3).map(tuple),
        info=st.lists(PARTIES | st.text(), max_size=2).map(tuple),
        subject=st.text(st.characters(), max_size=10),
        text=st.text(st.characters(), max_size=30),
        answers=st.none() | st.binary(),
        refers=st.none() | ids,
        exercise=st.booleans(),
    )
    small = st.one_of(*(st.builds(kind, ids) for kind in (Delivered, Acknowledge, TakeNote)))
    return st.one_of(
        near, wild, small, st.builds(Return, ids, st.text()), st.builds(Supersede, ids, ids),
        st.builds(Void, number, st.text()),
    )  # fmt: skip


@settings(max_examples=30)
@given(st.data())
def test_the_rules_are_total_deterministic_and_keep_what_they_promise(data):
    one, two = Room(PROCEDURE), Room(PROCEDURE)
    known = []
    for _ in range(data.draw(st.integers(1, 12))):
        author, body = data.draw(st.sampled_from([ARVENIA, BELMORA, CORVALIS, DORANE])), data.draw(bodies(known))
        act = one.verified(author, body)
        outcome = PROCEDURE.admit(one.state, one.facts, act)
        assert outcome == PROCEDURE.admit(two.state, two.facts, act)
        one.position, two.position = one.position + 1, two.position + 1
        if isinstance(outcome, Refused):
            assert outcome.rule.startswith("correspondence.")
            continue
        one.state, two.state = outcome, PROCEDURE.admit(two.state, two.facts, act)
        assert PROCEDURE.digest(one.state) == PROCEDURE.digest(two.state)
        if isinstance(body, Note):
            known.append(act.id)
    for entry in one.state.notes.values():
        assert (entry.note.number is None) == (entry.note.form is Form.NON_PAPER)
        for each in entry.standings.values():
            assert not (each.acknowledged and not each.delivered)
            assert not (each.concluded and not each.acknowledged)
    drawn = sorted(str(e.note.number) for e in one.state.notes.values() if e.note.number)
    assert len(drawn) == len(set(drawn)) or len({e.author for e in one.state.notes.values()}) > 1
    assert len(notes(one.state, one.facts)) == len(one.state.notes)


def test_every_body_survives_its_canonical_spelling():
    number = Number("registry", 1, 2026)
    for body in (
        note(), non_paper(), Delivered(UNKNOWN), Acknowledge(UNKNOWN), TakeNote(UNKNOWN), Return(UNKNOWN, ""),
        Supersede(UNKNOWN, UNKNOWN), Void(number, "why"),
    ):  # fmt: skip
        assert canonical.decode(canonical.encode(body), type(body)) == body


def test_a_house_that_was_not_handed_the_non_papers_holds_the_same_digest():
    """What a newcomer is handed: everything but the non-papers.  Acts about those are refused there, and change nothing."""
    early, late = Room(PROCEDURE), Room(PROCEDURE)

    def both(author, body, *, handed=True):
        act = early.verified(author, body)
        for room in (early, late) if handed else (early,):
            outcome = PROCEDURE.admit(room.state, room.facts, act)
            room.state = room.state if isinstance(outcome, Refused) else outcome
        early.position += 1
        return act.id

    sent = both(ARVENIA, note())
    paper = both(ARVENIA, non_paper(), handed=False)
    for body in (Delivered(paper), Acknowledge(paper), Return(paper, "why"), Delivered(sent), Acknowledge(sent)):
        both(BELMORA, body)
    both(BELMORA, non_paper(to=(ARVENIA,), info=(), refers=paper), handed=False)
    both(BELMORA, note(to=(ARVENIA,), info=(), answers=sent, refers=paper))
    both(BELMORA, note(to=(ARVENIA,), info=(), answers=sent))
    assert len(early.state.notes) == 4
    assert len(late.state.notes) == 2
    assert PROCEDURE.digest(early.state) == PROCEDURE.digest(late.state)
    assert late.state.series == early.state.series


def test_a_house_owes_each_receipt_until_it_is_given(room):
    first, second = room.say(ARVENIA, note(1)), room.say(ARVENIA, note(2, info=()))
    assert PROCEDURE.owes(room.state, room.facts, BELMORA, START) == (Delivered(first), Delivered(second))
    assert PROCEDURE.owes(room.state, room.facts, CORVALIS, START) == (Delivered(first),)
    assert PROCEDURE.owes(room.state, room.facts, ARVENIA, START) == ()
    room.say(BELMORA, Delivered(first))
    assert PROCEDURE.owes(room.state, room.facts, BELMORA, START) == (Delivered(second),)
    room.say(CORVALIS, Delivered(first))
    room.say(BELMORA, Delivered(second))
    assert not room.state.awaited


def test_another_procedures_act_is_none_of_ours(room):
    room.refused(ARVENIA, None, "correspondence.kind")


def test_the_digest_moves_with_every_change():
    room = Room(PROCEDURE)
    seen = {PROCEDURE.digest(room.state)}
    sent = room.say(ARVENIA, note())
    seen.add(PROCEDURE.digest(room.state))
    for body in (Delivered(sent), Acknowledge(sent), TakeNote(sent)):
        room.say(BELMORA, body)
        seen.add(PROCEDURE.digest(room.state))
    assert len(seen) == 5
