"""What a member, a recalled envoy, a false clock and a relay that withholds can make of a line's charter: nothing."""

import sys
from pathlib import Path

import pytest
from conference import a_note
from msgspec.structs import replace
from rogues import slip

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "journeys"))
from test_conference_charter import BELL, HOUR, Line
from test_conference_decisions import Room

from detente.ground.errors import Refused
from detente.ground.instants import Instant
from detente.procedures.correspondence.acts import Precedence
from detente.procedures.guidelines.acts import Accept, Bar, Leave, Propose, Step
from detente.procedures.guidelines.clauses import Charter, Rung, name_of
from detente.procedures.guidelines.templates import TEMPLATES
from detente.procedures.silence.rules import Stage

SKEW = 400 * 24 * HOUR


@pytest.mark.attack("A46", "prevented")
@pytest.mark.parametrize("skew", [-SKEW, 0, SKEW])
def test_a_recalled_envoy_does_nothing_on_the_line_whatever_a_clock_says(skew):
    room = Line()
    note = replace(a_note(room, room.one, room.chair), precedence=Precedence.FLASH)
    control = slip(room, room.one, room.line, note, office="registry")  # control: before the recall it is admitted
    room.settle()
    assert room.outcomes(control) == {("admitted", "")}
    room.one.do(room.line, Bar(room.one.id, "registry", barred=True, reason="Recalled."))
    room.settle()
    again = replace(note, number=replace(note.number, sequence=2))
    stolen = slip(room, room.one, room.line, again, office="registry", made=room.now + skew)
    back = slip(room, room.one, room.line, Bar(room.one.id, "registry", barred=False, reason=""), office="registry")
    room.settle()
    for act in (stolen, back):
        ((outcome, sentence),) = room.outcomes(act)
        assert outcome == "refused"
        assert "Its own party has recalled the office “registry”" in sentence
    other = slip(room, room.one, room.line, Leave(stays=False, reason=""), office="head-of-mission")
    room.settle()
    assert room.outcomes(other) == {("admitted", "")}


@pytest.mark.attack("A63", "prevented")
@pytest.mark.parametrize("skew", [-SKEW, -3 * HOUR, SKEW])
def test_no_clock_of_a_house_begins_a_suspension_or_ends_a_notice_early(skew):
    room = Line()
    room.one.do(room.line, Step(Rung.SUSPENDED, ""))
    room.settle()
    note = a_note(room, room.chair, room.one)
    room.tick(23 * HOUR)
    early = slip(room, room.chair, room.line, note, office="registry", made=Instant(room.now + skew))
    room.settle()
    assert room.outcomes(early) == {("admitted", "")}
    room.tick(2 * HOUR)  # control: by the log's own time the notice is over
    second = replace(note, number=replace(note.number, sequence=2))
    late = slip(room, room.chair, room.line, second, office="registry", made=Instant(room.now + skew))
    room.settle()
    ((outcome, sentence),) = room.outcomes(late)
    assert outcome == "refused"
    assert "While the line is suspended" in sentence


@pytest.mark.attack("A20", "prevented")
def test_a_party_from_whom_the_relay_withholds_holds_the_silence_and_the_charter():
    room = Room()
    name = room.silence()
    everyone, room.parties = room.parties, room.parties[:2]
    room.settle()
    room.pass_time(81 * HOUR)
    assert room.stages("silence", name) == {Stage.HELD}
    proposal = room.chair.do(room.line, Propose(BELL, b""))
    room.settle()
    for party in room.parties:
        party.do(room.line, Accept(proposal, name_of(BELL)))
    room.settle()
    assert room.part(room.chair, "guidelines").charter is None
    room.parties = everyone  # control: what was withheld arrives, and its own word makes the charter hold
    room.settle()
    room.parties[2].do(room.line, Accept(proposal, name_of(BELL)))
    room.settle()
    assert {room.part(party, "guidelines").name for party in room.parties} == {name_of(BELL)}


@pytest.mark.attack("A23", "prevented")
def test_an_unsound_charter_that_a_changed_house_proposes_is_refused_at_all_houses_and_nobody_is_bound():
    room = Line()
    locking = Charter("Locking", BELL.clauses[:1])
    with pytest.raises(Refused, match="does not say how it is changed") as at_home:
        room.one.do(room.line, Propose(locking, name_of(BELL)))
    act = slip(room, room.one, room.line, Propose(locking, name_of(BELL)))
    taken = slip(room, room.one, room.line, Accept(act, name_of(locking)))
    room.settle()
    assert room.outcomes(act) == {("refused", at_home.value.sentence)}
    assert {outcome for outcome, _ in room.outcomes(taken)} == {"refused"}
    sound = TEMPLATES["allied-group"]  # control
    room.adopt(sound)
    assert room.guidelines(room.other).name == name_of(sound)
