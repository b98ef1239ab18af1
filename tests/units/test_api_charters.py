"""Charters through the API of a real house: read, dry run, propose, compare; and what comes in wrong is refused."""

import asyncio
import json
import os
import sys
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "journeys"))
from serving import Places
from test_conference_charter import BELL, Line

from detente.api.calls import Api
from detente.api.entrance import Entrance
from detente.api.hub import Bell
from detente.api.routes import ROUTES
from detente.api.sessions import Session, Sessions
from detente.ground.errors import Malformed, Refused
from detente.ground.instants import Instant
from detente.procedures.guidelines.acts import Propose
from detente.procedures.guidelines.clauses import name_of
from detente.procedures.guidelines.templates import TEMPLATES
from detente.procedures.table.acts import Import
from detente.procedures.table.parse import VERSION
from detente.transport.desk import Desk


class Woken:
    """A courier that carries nothing: the test carries."""

    reached = True

    def wake(self, line=None):
        """There may be something to send."""


class Asking:
    """One office at the API of one house of a conference; each call has the house to itself."""

    def __init__(self, room, party):
        self.room, self.party = room, party

    def __call__(self, method, path, body=None, office="head-of-mission", **query):
        return asyncio.run(self._call(method, path, body, office, query))

    async def _call(self, method, path, body, office, query):
        desk = Desk(lambda: self.party.house, pytest.fail, pytest.fail)
        desk.start()
        try:
            entrance = Entrance(desk, Woken(), Sessions(os.urandom), Places(), Bell(), "127.0.0.1:1")
            session = Session(office, bytes(16), b"", Instant(0), Instant(0))
            raw = b"" if body is None else json.dumps(body).encode()
            answer = await Api(entrance, ROUTES).call(session, method, path, query=query, body=raw)
            return json.loads(json.dumps(answer.value))
        finally:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(self.party.store, "close", lambda: None)
                desk.stop()


@pytest.fixture(scope="module")
def room():
    return Line(BELL)


def at(room, party):
    asking = Asking(room, party)
    return asking, f"/lines/{room.line.hex()}"


def test_templates_are_listed_and_read_and_come_back_as_the_data_they_are(room):
    ask, _ = at(room, room.one)
    assert {each["name"] for each in ask("GET", "/charters")} == set(TEMPLATES)
    for name, known in TEMPLATES.items():
        shown = ask("GET", f"/charters/{name}")
        assert shown["page"].startswith(f"## {known.title}")
        assert len(shown["clauses"]) == len(known.clauses)
        assert msgspec.convert(shown["charter"], type(known)) == known
    with pytest.raises(Refused, match="nothing here by that name"):
        ask("GET", "/charters/treaty-of-nowhere")


def test_the_charter_in_force_is_told(room):
    ask, path = at(room, room.other)
    shown = ask("GET", f"{path}/charter")
    assert (shown["name"], shown["rung"], shown["phase"]) == (name_of(BELL).hex(), "open", "peace")
    assert len(shown["history"][0]["accepted"]) == 3


def test_a_dry_run_answers_before_anything_is_written_and_does_nothing(room):
    ask, path = at(room, room.one)
    before = room.one.house.line(room.line).size
    note = {"form": "note verbale", "precedence": "IMMEDIATE", "label": "UNCLASSIFIED"}
    no = ask("POST", f"{path}/may", {"kind": "correspondence.note", "matter": note}, office="registry")
    assert (no["may"], no["by"]) == (False, "charter")
    assert no["instead"] == (
        "the chair or members through the office duty-officer; the chair or members through the office head-of-mission"
    )
    yes = ask("POST", f"{path}/may", {"kind": "correspondence.note", "matter": note, "office": "duty-officer"})
    assert (yes["may"], yes["clause"]) == (True, "notes.urgent")
    calm = ask("POST", f"{path}/may", {"kind": "correspondence.note", "matter": {**note, "precedence": "ROUTINE"}})
    assert calm["clause"] == "notes.ordinary"
    assert room.one.house.line(room.line).size == before
    assert not room.one.house.line(room.line).held


def test_a_dry_run_of_a_whole_act_asks_the_charter_and_then_the_procedures(room):
    ask, path = at(room, room.one)
    text = json.loads(msgspec.json.encode(Import("Agreement", "en", VERSION, "1. The Parties agree.\n")))
    no = ask("POST", f"{path}/may", {"body": text})
    assert (no["may"], no["by"]) == (False, "charter")
    with pytest.raises(Refused) as refused:
        room.one.do(room.line, Import("Agreement", "en", VERSION, "1. The Parties agree.\n"))
    assert refused.value.sentence.startswith(no["sentence"])
    again = json.loads(msgspec.json.encode(Propose(BELL, name_of(BELL))))
    stale = ask("POST", f"{path}/may", {"body": again})
    assert (stale["may"], stale["by"], stale["clause"]) == (False, "rules", "guidelines.once")
    fresh = json.loads(msgspec.json.encode(Propose(TEMPLATES["ceasefire"], name_of(BELL))))
    assert ask("POST", f"{path}/may", {"body": fresh})["may"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "one of the two"),
        ({"kind": "correspondence.note", "body": {"kind": "correspondence.note"}}, "one of the two"),
        ({"kind": "correspondence.notte"}, "does not know acts of that kind"),
        ({"kind": "correspondence.note", "matter": {"label": "COSMIC"}}, "was not understood"),
        ({"kind": "correspondence.note", "colour": "red"}, "was not understood"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(room, asked, words):
    ask, path = at(room, room.one)
    with pytest.raises(Malformed, match=words):
        ask("POST", f"{path}/may", asked)


def test_a_template_is_proposed_and_everybody_is_told_what_it_would_change():
    room = Line(BELL)
    ask, path = at(room, room.one)
    with pytest.raises(Refused, match="nothing here"):
        ask("GET", f"{path}/charter/changes", proposal="zz")
    act = ask("POST", f"{path}/charter", {"template": "ceasefire"})["act"]
    room.settle()
    other, path = at(room, room.other)
    (proposed,) = other("GET", f"{path}/charter")["proposals"]
    assert (proposed["proposal"], proposed["name"]) == (act, name_of(TEMPLATES["ceasefire"]).hex())
    told = other("GET", f"{path}/charter/changes", proposal=act)
    assert "You may now lay texts on the table." in [each["sentence"] for each in told["for_me"]]
    first = other("GET", f"{path}/charter/changes")
    assert "You may no longer vote." in [each["sentence"] for each in first["for_me"]]


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({}, Malformed, "one of the two"),
        ({"template": "nowhere"}, Refused, "nothing here"),
        ({"charter": {"title": "x", "clauses": []}}, Refused, "between 1 and"),
        ({"charter": {"title": "x", "clauses": [{"clause": "spell"}]}}, Malformed, "was not understood"),
    ],
)
def test_a_charter_that_cannot_be_proposed_is_refused(room, asked, error, words):
    ask, path = at(room, room.one)
    with pytest.raises(error, match=words):
        ask("POST", f"{path}/charter", asked)
    assert not room.one.house.line(room.line).held
