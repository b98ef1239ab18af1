"""Silences and votes through a whole conference: houses give receipts and end what is over by themselves."""

import pytest
from conference import Conference
from msgspec.structs import replace

from detente.acts import facts
from detente.ground.errors import Refused
from detente.ground.instants import Instant
from detente.procedures.ballot.acts import Cast, Close
from detente.procedures.ballot.acts import Choice as Voted
from detente.procedures.ballot.acts import Open as Vote
from detente.procedures.ballot.presets import PRESETS
from detente.procedures.ballot.rules import Stage as VoteStage
from detente.procedures.silence.acts import Extend, Object, Open
from detente.procedures.silence.rules import Stage
from detente.procedures.table import views
from detente.procedures.table.acts import Basis, Choice, Edit, Hunk, Import, Settle, Withdraw
from detente.procedures.table.deciding import question
from detente.procedures.table.parse import VERSION

HOUR = 3_600_000
DAY = 24 * HOUR
WORDS = "1. The Parties shall keep the line open at every hour.\n"


class Room(Conference):
    """Three houses with a clean text on their table."""

    def __init__(self):
        super().__init__(3)
        self.line = self.found()
        self.chair, *self.others = self.parties
        self.text = self.chair.do(self.line, Import("Agreement", "en", VERSION, WORDS))
        self.settle()

    def facts(self, party):
        return party.house.line(self.line).state.facts

    def part(self, party, procedure):
        state = party.house.line(self.line).state
        return state.part(party.house.registry.procedures[procedure])

    def content(self):
        return self.facts(self.chair).texts[self.text].content_hash

    def silence(self, hours=80):
        deadline = Instant(self.now + hours * HOUR)
        return self.chair.do(
            self.line, Open(self.text, b"", self.content(), b"", "Shall it stand as it is?", (), deadline)
        )

    def pass_time(self, milliseconds):
        self.tick(milliseconds)
        for party in self.parties:
            party.house.tend(self.line, self.now)
        self.settle()

    def stages(self, procedure, name):
        kind = "silences" if procedure == "silence" else "ballots"
        return {getattr(self.part(party, procedure), kind)[name].stage for party in self.parties}


def test_a_silence_is_received_by_the_houses_and_ended_by_the_chairs_without_anybodys_doing():
    room = Room()
    name = room.silence()
    room.settle()
    known = room.part(room.others[0], "silence").silences[name]
    assert set(known.received) == {party.id for party in room.parties}
    room.pass_time(79 * HOUR)
    assert room.stages("silence", name) == {Stage.RUNNING}
    room.pass_time(2 * HOUR)
    assert room.stages("silence", name) == {Stage.ADOPTED}
    decisions = {room.facts(party).decisions[name] for party in room.parties}
    assert len(decisions) == 1
    assert decisions.pop().basis is facts.Basis.SILENCE
    assert len(room.words(room.line)) == 1
    assert not room.alarms(room.line)


def test_a_silence_is_broken_at_the_last_second():
    room = Room()
    name = room.silence()
    room.settle()
    room.tick(80 * HOUR - 1_000)
    room.others[1].do(room.line, Object(name, "Paragraph 1 goes too far."))
    room.settle()
    room.pass_time(2_000)
    assert room.stages("silence", name) == {Stage.BROKEN}


def test_a_house_that_cannot_be_reached_holds_the_silence_until_it_is():
    room = Room()
    away = room.others[1]
    present = [party for party in room.parties if party is not away]
    name = room.silence()
    everyone, room.parties = room.parties, present
    room.settle()
    room.pass_time(81 * HOUR)
    assert room.stages("silence", name) == {Stage.HELD}
    room.chair.do(room.line, Extend(name, Instant(room.now + DAY)))
    room.settle()
    room.parties = everyone
    room.settle()
    room.pass_time(DAY + 1)
    assert room.stages("silence", name) == {Stage.ADOPTED}
    assert not room.alarms(room.line)


def slot_of(room):
    (slot,) = [each for each in views.open_slots(room.part(room.chair, "table").texts[room.text]) if not each.imported]
    return slot


def test_what_a_silence_decided_is_settled_on_it_and_nothing_else_is():
    room = Room()
    text = room.part(room.chair, "table").texts[room.text]
    (clause,) = [each for each in text.document.passage.items if each.label == "1"]
    hunk = Hunk(b"", WORDS.index("every hour"), WORDS.index("every hour") + len("every hour"), "all times")
    room.others[0].do(room.line, Edit(room.text, clause.id, (hunk,)))
    room.settle()
    slot = slot_of(room)
    choice = Choice(slot.scope, slot.id, (slot.choices[1].id,), slot.precondition)
    settle = Settle(room.text, slot.scope, slot.id, choice.chosen, slot.precondition, Basis.SILENCE)
    with pytest.raises(Refused, match="by silence"):
        room.chair.do(room.line, settle)
    put = Open(
        room.text, slot.scope, slot.precondition, question([choice]), "Shall it read so?", (),
        Instant(room.now + 80 * HOUR),
    )  # fmt: skip
    name = room.chair.do(room.line, put)
    room.settle()
    room.pass_time(81 * HOUR)
    assert room.stages("silence", name) == {Stage.ADOPTED}
    other = replace(settle, chosen=(slot.choices[0].id,))
    with pytest.raises(Refused, match="by silence"):
        room.chair.do(room.line, other)
    room.chair.do(room.line, settle)
    room.settle()
    for party in room.parties:
        assert "at all times" in views.clean_text(room.part(party, "table").texts[room.text])


def test_a_text_that_is_changed_and_put_back_under_silence_voids_it():
    room = Room()
    name = room.silence()
    room.settle()
    text = room.part(room.chair, "table").texts[room.text]
    (clause,) = [each for each in text.document.passage.items if each.label == "1"]
    edit = room.others[0].do(room.line, Edit(room.text, clause.id, (Hunk(b"", 3, 6, "All"),)))
    room.settle()
    room.others[0].do(room.line, Withdraw(room.text, edit))
    room.settle()
    assert room.content() == room.part(room.chair, "silence").silences[name].put.content_hash
    room.pass_time(81 * HOUR)
    assert room.stages("silence", name) == {Stage.VOID}


def test_a_restored_house_gives_its_receipt_once_more_and_nothing_changes():
    room = Room()
    name = room.silence()
    room.settle()
    before = room.part(room.chair, "silence").silences[name].received
    for party in room.parties:
        party.reopen()
        party.house.tend(room.line, room.now)
    room.settle()
    assert room.part(room.chair, "silence").silences[name].received == before


def test_a_vote_is_taken_by_the_houses_and_known_to_all():
    room = Room()
    closes = Instant(room.now + HOUR)
    put = Vote(
        room.text, b"", room.content(), b"", "Who is in favour?", PRESETS["main-committee"], (), (), (), closes, b"", 0
    )
    name = room.chair.do(room.line, put)
    room.settle()
    for party, choice in zip(room.parties, (Voted.YES, Voted.NO, Voted.YES), strict=True):
        party.do(room.line, Cast(name, choice))
    room.settle()
    room.chair.do(room.line, Close(name))
    room.settle()
    assert room.stages("ballot", name) == {VoteStage.ADOPTED}
    assert {room.facts(party).decisions[name].basis for party in room.parties} == {facts.Basis.VOTE}
    assert len(room.words(room.line)) == 1
    assert not room.alarms(room.line)
