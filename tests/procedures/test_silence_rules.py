"""The silence procedure: every stage, every refusal, and the traps of the field by their names."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from lineup import ARVENIA, BELMORA, CORVALIS, DORANE, FACTS, STRANGER, Room

from detente.acts.facts import Basis, TextFacts
from detente.ground.errors import Refused, Stale
from detente.ground.identifiers import ActId, Position
from detente.ground.instants import Instant
from detente.procedures.silence.acts import (
    Cancel,
    Conclude,
    Explain,
    Extend,
    Lift,
    Object,
    Open,
    Received,
    Record,
)
from detente.procedures.silence.rules import LONGEST_TIME, PROCEDURE, Stage

HOUR = 3_600_000
DAY = 24 * HOUR
TEXT = ActId(hashlib.sha256(b"a text").digest())
CONTENT = hashlib.sha256(b"its content").digest()
OTHER = hashlib.sha256(b"another content").digest()
CLAUSE = bytes(16)


def on_the_table(content=CONTENT, changed=None):
    return TextFacts("A text", "en", content, 0, "words", frozenset(), changed or {})


@pytest.fixture
def room():
    return Room(PROCEDURE, replace(FACTS, texts={TEXT: on_the_table()}))


def opening(room, **more):
    fields = {
        "text": TEXT,
        "scope": b"",
        "content_hash": CONTENT,
        "asked": b"",
        "question": "Shall the text stand as it is?",
        "objectors": (),
        "deadline": Instant(room.now + 4 * DAY),
    }
    return Open(**(fields | more))


def opened(room, **more):
    return room.say(ARVENIA, opening(room, **more))


def silence(room, name):
    return room.state.silences[name]


def all_receive(room, name, parties=(ARVENIA, BELMORA, CORVALIS)):
    for party in parties:
        room.say(party, Received(name, silence(room, name).deadline))


def until_the_deadline(room, name, before=0):
    """The next act has its place exactly `before` milliseconds before the deadline."""
    room.wait(silence(room, name).deadline - before - room.now)


def test_a_silence_that_nobody_breaks_is_adopted_as_of_its_deadline(room):
    name = opened(room)
    all_receive(room, name)
    until_the_deadline(room, name)
    room.say(BELMORA, Conclude(name))
    found = silence(room, name)
    assert (found.stage, found.decided) == (Stage.ADOPTED, found.deadline)
    decision = room.facts.decisions[name]
    assert (decision.basis, decision.text, decision.content_hash) == (Basis.SILENCE, TEXT, CONTENT)
    assert decision.at == found.deadline


def test_an_objection_one_millisecond_before_the_deadline_breaks_it(room):
    """Golden case (v)."""
    name = opened(room)
    all_receive(room, name)
    until_the_deadline(room, name, before=1)
    room.say(CORVALIS, Object(name, ""))
    room.wait(DAY)
    room.say(ARVENIA, Conclude(name))
    assert silence(room, name).stage is Stage.BROKEN
    assert name not in room.facts.decisions


def test_an_objection_at_the_deadline_is_a_statement_and_changes_nothing(room):
    name = opened(room)
    all_receive(room, name)
    until_the_deadline(room, name)
    room.say(CORVALIS, Object(name, "Too late."))
    room.say(ARVENIA, Conclude(name))
    found = silence(room, name)
    assert found.stage is Stage.ADOPTED
    assert [(said.party, said.late) for said in found.statements] == [(CORVALIS, True)]


def test_an_objection_that_is_lifted_in_time_breaks_nothing_and_stays_on_record(room):
    name = opened(room)
    all_receive(room, name)
    room.say(CORVALIS, Object(name, "Not yet."))
    room.refused(CORVALIS, Object(name, "Again."), "silence.stage")
    room.say(CORVALIS, Lift(name))
    until_the_deadline(room, name)
    room.refused(CORVALIS, Lift(name), "silence.party")
    room.say(ARVENIA, Conclude(name))
    found = silence(room, name)
    assert found.stage is Stage.ADOPTED
    assert found.objections[CORVALIS].reason == "Not yet."
    assert found.objections[CORVALIS].lifted is not None


def test_an_objection_cannot_be_lifted_after_the_deadline(room):
    name = opened(room)
    all_receive(room, name)
    room.say(CORVALIS, Object(name, ""))
    until_the_deadline(room, name)
    room.refused(CORVALIS, Lift(name), "silence.stage")
    room.say(ARVENIA, Conclude(name))
    assert silence(room, name).stage is Stage.BROKEN


def test_any_change_of_the_text_voids_the_silence_even_one_that_was_taken_back(room):
    """Trap 18: who saw the text change had no reason to object any more."""
    name = opened(room)
    all_receive(room, name)
    room.know(texts={TEXT: on_the_table(CONTENT, {b"": Position(room.position)})})
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    assert silence(room, name).stage is Stage.VOID


def test_a_text_with_another_content_voids_the_silence(room):
    name = opened(room)
    all_receive(room, name)
    room.know(texts={TEXT: on_the_table(OTHER)})
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    assert silence(room, name).stage is Stage.VOID


def test_a_silence_on_a_clause_is_voided_by_a_change_of_that_clause_and_of_no_other(room):
    one = opened(room, scope=CLAUSE, content_hash=OTHER)
    two = opened(room, scope=CLAUSE[:-1] + b"1", content_hash=OTHER)
    all_receive(room, one)
    all_receive(room, two)
    place = Position(room.position)
    room.know(texts={TEXT: on_the_table(OTHER, {b"": place, CLAUSE: place})})
    until_the_deadline(room, two)
    room.say(ARVENIA, Conclude(one))
    room.say(ARVENIA, Conclude(two))
    assert silence(room, one).stage is Stage.VOID
    assert silence(room, two).stage is Stage.ADOPTED


def test_a_party_whose_house_was_not_reached_holds_the_decision(room):
    name = opened(room)
    all_receive(room, name, (ARVENIA, BELMORA))
    until_the_deadline(room, name)
    room.say(CORVALIS, Received(name, silence(room, name).deadline))  # at the deadline: too late to object
    room.say(ARVENIA, Conclude(name))
    found = silence(room, name)
    assert (found.stage, found.unreached) == (Stage.HELD, (CORVALIS,))
    assert name not in room.facts.decisions


def test_a_held_silence_goes_on_once_it_is_extended_and_everyone_receives_it_anew(room):
    name = opened(room)
    all_receive(room, name, (ARVENIA, BELMORA))
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    old = silence(room, name).deadline
    room.refused(ARVENIA, Extend(name, old), "silence.deadline")
    room.say(ARVENIA, Extend(name, Instant(room.now + DAY)))
    assert silence(room, name).received == {}
    room.refused(BELMORA, Received(name, old), "silence.deadline")
    all_receive(room, name)
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    assert silence(room, name).stage is Stage.ADOPTED


def test_an_extension_comes_before_the_deadline_or_not_at_all(room):
    name = opened(room)
    room.say(ARVENIA, Extend(name, Instant(silence(room, name).deadline + DAY)))
    until_the_deadline(room, name)
    room.refused(ARVENIA, Extend(name, Instant(room.now + DAY)), "silence.stage")


def test_nobody_is_passed_over_unless_the_charter_lets_the_chair(room):
    name = opened(room)
    all_receive(room, name, (ARVENIA, BELMORA))
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    recording = Record(name, (CORVALIS,), "Its mission is closed since March.")
    room.refused(ARVENIA, recording, "silence.chair")
    room.know(silence_without_all=True)
    room.refused(ARVENIA, Record(name, (BELMORA,), "Not so."), "silence.stage")
    room.refused(ARVENIA, Record(name, (CORVALIS,), " "), "silence.words")
    room.refused(BELMORA, recording, "silence.chair")
    room.say(ARVENIA, recording)
    found = silence(room, name)
    assert (found.stage, found.unreached) == (Stage.ADOPTED, (CORVALIS,))
    assert name in room.facts.decisions


def test_a_silence_that_reached_nobody_is_never_adopted(room):
    room.know(silence_without_all=True)
    name = opened(room)
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    room.refused(ARVENIA, Record(name, (ARVENIA, BELMORA, CORVALIS), "All away."), "silence.stage")


def test_a_held_silence_whose_text_changed_is_void_when_the_chair_goes_on(room):
    room.know(silence_without_all=True)
    name = opened(room)
    all_receive(room, name, (ARVENIA, BELMORA))
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    room.know(texts={})
    room.say(ARVENIA, Record(name, (CORVALIS,), "Away."))
    assert silence(room, name).stage is Stage.VOID


def test_a_party_that_left_the_line_neither_breaks_nor_holds_it(room):
    name = opened(room)
    all_receive(room, name, (ARVENIA, BELMORA))
    room.say(CORVALIS, Object(name, ""))
    room.know(members={party: each for party, each in FACTS.members.items() if party != CORVALIS})
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    assert silence(room, name).stage is Stage.ADOPTED


def test_what_the_chair_takes_back_is_not_decided(room):
    name = opened(room)
    room.say(ARVENIA, Cancel(name, "The text goes back to the table."))
    assert silence(room, name).stage is Stage.CANCELLED
    room.refused(ARVENIA, Cancel(name, ""), "silence.stage")
    room.refused(CORVALIS, Object(name, ""), "silence.stage")
    room.refused(ARVENIA, Conclude(name), "silence.stage")
    room.refused(ARVENIA, Extend(name, Instant(room.now + 9 * DAY)), "silence.stage")


def test_positions_are_explained_once_it_is_adopted(room):
    """Trap 17: to disassociate oneself from what was adopted is lawful, and undoes nothing."""
    name = opened(room)
    all_receive(room, name)
    room.refused(BELMORA, Explain(name, "We read it narrowly.", disassociates=False), "silence.stage")
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    room.refused(DORANE, Explain(name, "We observe.", disassociates=False), "silence.party")
    room.refused(BELMORA, Explain(name, "", disassociates=False), "silence.words")
    room.say(BELMORA, Explain(name, "Not paragraph 3.", disassociates=True))
    assert silence(room, name).statements[0].disassociates
    assert name in room.facts.decisions


@pytest.mark.parametrize(
    ("author", "change", "broken"),
    [
        (BELMORA, {}, "silence.chair"),
        (ARVENIA, {"text": ActId(bytes(32))}, "silence.content"),
        (ARVENIA, {"content_hash": b"short"}, "silence.content"),
        (ARVENIA, {"scope": b"short"}, "silence.content"),
        (ARVENIA, {"asked": b"short"}, "silence.content"),
        (ARVENIA, {"content_hash": OTHER}, "silence.content"),
        (ARVENIA, {"question": " "}, "silence.words"),
        (ARVENIA, {"question": "q" * 501}, "silence.words"),
        (ARVENIA, {"question": "a\x00b"}, "silence.words"),
        (ARVENIA, {"objectors": (BELMORA, BELMORA)}, "silence.objectors"),
        (ARVENIA, {"objectors": (DORANE,)}, "silence.objectors"),
        (ARVENIA, {"objectors": (STRANGER,)}, "silence.objectors"),
    ],
)
def test_what_may_not_be_put_is_refused(room, author, change, broken):
    room.refused(author, opening(room, **change), broken)


def test_what_is_put_on_an_old_content_is_stale(room):
    assert isinstance(room.ask(ARVENIA, opening(room, content_hash=OTHER)), Stale)


def test_a_silence_is_as_long_as_the_charter_says_and_not_endless(room):
    short = opening(room, deadline=Instant(room.now + 3 * DAY - 1))
    assert "72 hours" in room.refused(ARVENIA, short, "silence.deadline")
    room.refused(ARVENIA, opening(room, deadline=Instant(room.now + LONGEST_TIME + 1)), "silence.deadline")
    room.know(shortest_silence=HOUR)
    room.say(ARVENIA, opening(room, deadline=Instant(room.now + HOUR)))


def test_only_those_to_whom_it_was_put_have_a_word(room):
    name = opened(room, objectors=(BELMORA,))
    room.refused(CORVALIS, Object(name, ""), "silence.party")
    room.refused(CORVALIS, Received(name, silence(room, name).deadline), "silence.party")
    room.refused(DORANE, Conclude(name), "silence.party")
    room.refused(BELMORA, Object(name, "x" * 4_001), "silence.words")
    room.refused(BELMORA, Conclude(name), "silence.early")
    room.refused(BELMORA, Conclude(ActId(bytes(32))), "silence.target")


def test_a_receipt_that_is_given_twice_keeps_the_first_time(room):
    name = opened(room)
    all_receive(room, name)
    first = silence(room, name).received[BELMORA]
    before = PROCEDURE.digest(room.state)
    room.say(BELMORA, Received(name, silence(room, name).deadline))
    assert silence(room, name).received[BELMORA] == first
    assert PROCEDURE.digest(room.state) == before


def test_each_house_owes_its_receipt_and_the_chairs_house_the_end(room):
    name = opened(room)
    deadline = silence(room, name).deadline
    assert PROCEDURE.owes(room.state, room.facts, BELMORA, room.now) == (Received(name, deadline),)
    assert PROCEDURE.owes(room.state, room.facts, DORANE, room.now) == ()
    all_receive(room, name)
    assert PROCEDURE.owes(room.state, room.facts, BELMORA, room.now) == ()
    assert PROCEDURE.owes(room.state, room.facts, ARVENIA, deadline) == (Conclude(name),)
    assert PROCEDURE.owes(room.state, room.facts, BELMORA, deadline) == ()
    until_the_deadline(room, name)
    room.say(ARVENIA, Conclude(name))
    assert PROCEDURE.owes(room.state, room.facts, ARVENIA, Instant(deadline + DAY)) == ()


def test_a_foreign_act_is_no_act_of_silence(room):
    name = opened(room)
    stranger = room.verified(ARVENIA, None)
    assert isinstance(PROCEDURE.admit(room.state, room.facts, stranger), Refused)
    assert silence(room, name).stage is Stage.RUNNING


class Machine(RuleBasedStateMachine):
    """Random acts at random times.  Whatever happens, a decision means that nobody stood against it."""

    @initialize(hours=st.integers(72, 200))
    def begin(self, hours):
        self.room = Room(PROCEDURE, replace(FACTS, texts={TEXT: on_the_table()}))
        self.name = self.room.say(ARVENIA, opening(self.room, deadline=Instant(self.room.now + hours * HOUR)))
        self.touched = False

    @property
    def found(self):
        return silence(self.room, self.name)

    def tell(self, author, body):
        outcome = self.room.ask(author, body)
        if not isinstance(outcome, Refused):
            self.room.say(author, body)

    @rule(hours=st.integers(1, 80))
    def pass_time(self, hours):
        self.room.wait(hours * HOUR)

    @rule(party=st.sampled_from([ARVENIA, BELMORA, CORVALIS, DORANE]))
    def receive(self, party):
        self.tell(party, Received(self.name, self.found.deadline))

    @rule(party=st.sampled_from([ARVENIA, BELMORA, CORVALIS, DORANE]))
    def object(self, party):
        self.tell(party, Object(self.name, ""))

    @rule(party=st.sampled_from([ARVENIA, BELMORA, CORVALIS]))
    def lift(self, party):
        self.tell(party, Lift(self.name))

    @rule(hours=st.integers(1, 200))
    def extend(self, hours):
        self.tell(ARVENIA, Extend(self.name, Instant(self.room.now + hours * HOUR)))

    @rule()
    def change(self):
        self.touched = self.touched or self.found.stage in {Stage.RUNNING, Stage.HELD}
        self.room.know(texts={TEXT: on_the_table(CONTENT, {b"": Position(self.room.position)})})

    @rule(party=st.sampled_from([ARVENIA, BELMORA, CORVALIS, DORANE]))
    def conclude(self, party):
        self.tell(party, Conclude(self.name))

    @precondition(lambda self: self.found.stage is Stage.HELD)
    @rule()
    def go_on(self):
        self.room.know(silence_without_all=True)
        self.tell(ARVENIA, Record(self.name, self.found.unreached, "Away."))

    @invariant()
    def a_decision_was_really_taken(self):
        adopted = self.found.stage is Stage.ADOPTED
        assert (self.name in self.room.facts.decisions) == adopted
        if not adopted:
            return
        assert not self.touched
        assert not self.found.standing
        for party in self.found.objectors:
            reached = self.found.received.get(party)
            assert party in self.found.unreached or (reached is not None and reached < self.found.deadline)


TestMachine = Machine.TestCase
