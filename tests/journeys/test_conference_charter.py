"""A charter through a whole conference: proposed, accepted, kept at home, and kept at every other house all the same."""

import pytest
from conference import Conference, a_note
from msgspec.structs import replace
from rogues import slip

from detente.ground.errors import Refused
from detente.procedures.correspondence.acts import Precedence
from detente.procedures.guidelines.acts import Accept, Propose, Step
from detente.procedures.guidelines.clauses import Charter, Ladder, Rung, name_of
from detente.procedures.guidelines.rules import rung_at
from detente.procedures.guidelines.templates import HOTLINE, TEMPLATES
from detente.procedures.table.acts import Import
from detente.procedures.table.parse import VERSION

HOUR = 3_600_000
BELL = Charter("Hotline", tuple(
    replace(each, offices=("registry",)) if isinstance(each, Ladder) else each for each in HOTLINE.clauses
))  # fmt: skip


class Line(Conference):
    """Three houses on a line that has a charter, unless none is given."""

    def __init__(self, charter=BELL):
        super().__init__(3)
        self.line = self.found()
        self.chair, self.one, self.other = self.parties
        if charter is not None:
            self.adopt(charter)

    def adopt(self, charter):
        proposal = self.chair.do(self.line, Propose(charter, self.guidelines(self.chair).name))
        self.settle()
        for party in self.parties:
            party.do(self.line, Accept(proposal, name_of(charter)))
        self.settle()

    def guidelines(self, party):
        state = party.house.line(self.line).state
        return state.part(self.registry.procedures["guidelines"])

    def outcomes(self, act):
        """What each house made of an act: (outcome, sentence)."""
        rows = [row for party in self.parties for row in party.store.entries(self.line) if row.act == act]
        assert len(rows) == len(self.parties)
        return {(row.outcome, row.sentence) for row in rows}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_charter_is_in_force_at_all_houses_once_all_have_accepted_it(name):
    room = Line(TEMPLATES[name])
    assert {room.guidelines(party).name for party in room.parties} == {name_of(TEMPLATES[name])}
    assert not room.alarms(room.line)


def test_what_the_charter_refuses_at_home_it_refuses_everywhere_in_the_same_words():
    room = Line()
    text = Import("Agreement", "en", VERSION, "1. The Parties agree.\n")
    with pytest.raises(Refused, match="No clause of the charter allows it") as at_home:
        room.one.do(room.line, text)
    act = slip(room, room.one, room.line, text)
    room.settle()
    assert room.outcomes(act) == {("refused", at_home.value.sentence)}
    assert not room.alarms(room.line)
    assert len(room.words(room.line)) == 1


def test_on_a_suspended_line_a_flash_note_still_passes_and_nothing_else_does():
    room = Line()
    room.one.do(room.line, Step(Rung.SUSPENDED, "We need time."))
    room.settle()
    room.tick(25 * HOUR)
    flash = replace(a_note(room, room.other, room.chair), precedence=Precedence.FLASH)
    sent = room.other.do(room.line, flash, office="registry")
    with pytest.raises(Refused, match="While the line is suspended"):
        room.chair.do(room.line, a_note(room, room.chair, room.one), office="registry")
    room.settle()
    assert room.outcomes(sent) == {("admitted", "")}
    states = {rung_at(room.guidelines(each), each.house.line(room.line).state.facts, room.now) for each in room.parties}
    assert states == {Rung.SUSPENDED}
    room.one.do(room.line, Step(Rung.OPEN, ""))
    room.settle()
    room.chair.do(room.line, a_note(room, room.chair, room.one), office="registry")


def test_a_restarted_house_ends_where_it_was():
    room = Line()
    before = room.guidelines(room.one)
    room.one.reopen()
    assert room.guidelines(room.one) == before
    with pytest.raises(Refused, match="No clause of the charter"):
        room.one.do(room.line, Import("Agreement", "en", VERSION, "1. The Parties agree.\n"))
