"""docs/specs/table.md says what the code does: its example, its acts and its rules."""

import contextlib
import io
import re
from pathlib import Path

from lineup import ARVENIA, BELMORA, CORVALIS, FACTS, Room

from detente.acts.act import Weight
from detente.procedures.table import acts, rules
from detente.procedures.table.agreeing import Status

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "specs" / "table.md").read_text("utf-8")
CODE = "\n".join(path.read_text("utf-8") for path in (ROOT / "detente" / "procedures" / "table").glob("*.py"))


class Story(Room):
    """The room of the example: it names texts by their ids and parties by their names."""

    def __init__(self):
        super().__init__(rules.PROCEDURE)

    def text(self, name):
        return self.state.texts[name]

    def order(self, name):
        return self.text(name).order


def test_the_example_prints_what_it_says():
    program, printed = re.findall(r"```(?:python)?\n(.*?)```", PAGE, re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(program, {"room": Story(), "ARVENIA": ARVENIA, "BELMORA": BELMORA, "CORVALIS": CORVALIS})  # noqa: S102
    said = out.getvalue()
    for party, name in ((BELMORA, "Belmora"), (CORVALIS, "Corvalis")):
        assert FACTS.members[party].name == name
        said = said.replace(party, name)
    assert said == printed


def test_every_act_and_who_may_do_it_and_whether_it_decides():
    table = PAGE.partition("## Acts")[2].partition("## Rules")[0]
    named = re.findall(r"`(table\.[a-z-]+)`", table)
    assert sorted(named) == sorted(str(body.__struct_config__.tag) for body in acts.BODIES)
    deciding = {str(body.__struct_config__.tag) for body in acts.BODIES if body.weight is Weight.DECIDING}
    chair = table[table.index("| the chair") :]
    assert deciding == {*re.findall(r"`(table\.[a-z-]+)`", chair), "table.accept", "table.reopen"}


def test_every_rule_that_refuses_is_named_there_and_in_the_code():
    rules_there = set(re.findall(r"`(table\.[a-z]+)`", PAGE.partition("## Rules")[2].partition("## What the chair")[0]))
    refusing = set(re.findall(r"rule=\"(table\.[a-z]+)\"", CODE))
    assert rules_there == refusing
    assert all(f"    {name} " in rules.__doc__ for name in refusing)


def test_every_status_is_there_in_its_order():
    place = PAGE.partition("## Statuses")[2]
    places = [" ".join(place.split()).index(f"*{status.value}*") for status in Status]
    assert places == sorted(places)
