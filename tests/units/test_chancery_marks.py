"""How far an office has read: it goes forward only, and no further than what came in."""

import pytest
from conference import Conference

from detente.chancery import marks
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId
from detente.procedures.table import acts
from detente.procedures.table.parse import VERSION


@pytest.fixture
def told():
    world = Conference(2)
    line = world.found()
    chair, other = world.parties
    text = chair.do(line, acts.Import("Hours", "en", VERSION, "# H\n\n1. One.\n"))
    world.settle()
    return chair.house, other.house, line, text


def test_a_mark_is_of_one_office_of_one_house(told):
    house, other, line, text = told
    assert marks.mark(house, line, text, "registry") is None
    last = house.line(line).size - 1
    assert marks.move(house, line, text, "registry", last) == last
    assert marks.mark(house, line, text, "registry") == last
    assert marks.mark(house, line, text, "head-of-mission") is None
    assert marks.mark(house, line, ActId(bytes(32)), "registry") is None
    assert marks.mark(other, line, text, "registry") is None


def test_a_mark_does_not_go_back(told):
    house, _, line, text = told
    last = house.line(line).size - 1
    marks.move(house, line, text, "registry", last)
    assert marks.move(house, line, text, "registry", 0) == last
    assert marks.mark(house, line, text, "registry") == last


@pytest.mark.parametrize("beyond", [0, 1, 2**53])
def test_nobody_has_read_what_has_not_come(told, beyond):
    house, _, line, text = told
    for position in (house.line(line).size + beyond, -1 - beyond):
        with pytest.raises(Refused) as refused:
            marks.move(house, line, text, "registry", position)
        assert refused.value.rule == "mark.position"
    assert marks.mark(house, line, text, "registry") is None
