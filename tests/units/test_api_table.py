"""The table through the API: every kind of its acts can be handed in, and all that goes on around a text is plain JSON."""

import base64
import json
import sys
from pathlib import Path

import msgspec
import pytest
from conference import Conference
from rogues import alike
from serving import own_line, serving, signed_in

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "procedures"))
from lineup import ARVENIA, BELMORA, CORVALIS
from test_table_places import SOURCE, add, room_of

from detente import bootstrap
from detente.api import acts as acts_api
from detente.api import negotiation, standing, texts
from detente.chancery.identity import EVERY_POWER
from detente.procedures.table import acts, agreeing, languages, packages, rules, saying, tree, views
from detente.procedures.table.acts import Basis, ClauseKind, Hunk, Level, Nature, Rendered, Stance
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.parse import VERSION


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    home = tmp_path_factory.mktemp("house")
    bootstrap.make_house(home, bytes(32), {"en": "Republic of Arvenia"}, {"head-of-mission": EVERY_POWER})
    with serving(home) as made, signed_in(made) as client:
        yield client


class Story:
    """Three houses; whatever one of them does comes as plain JSON, is ordered, and is folded at all of them."""

    def __init__(self):
        self.world = Conference(3)
        self.line = self.world.found()
        self.chair, self.one, self.other = self.world.parties
        self.done = set()

    def say(self, party, body):
        given = json.loads(msgspec.json.encode(body))
        act = party.do(self.line, acts_api.body_of(self.world.registry, given))
        self.world.settle()
        assert act in party.house.line(self.line).known
        self.done.add(type(body))
        return act

    @property
    def table(self):
        return self.chair.house.line(self.line).state.parts["table"]

    def text(self, name):
        return self.table.texts[name]


def test_acts_of_every_kind_go_from_house_to_house_and_make_one_state():
    told = Story()
    chair, one, other = told.chair, told.one, told.other
    name = told.say(chair, acts.Import("A text", "en", VERSION, SOURCE + "\n(b) Each [a][b] here].\n"))
    at = {told.text(name).clauses[each].clause.label: each for each in told.text(name).order}
    last = told.text(name).order[-1]
    told.say(chair, acts.Modalities(name, (acts.Group("SOUTH", one.id, (one.id, other.id)),), ("fr",), False))
    told.say(chair, acts.Codes(name, (acts.Code("BEL", one.id),)))
    lo = SOURCE.index("Two")
    edit = told.say(one, acts.Edit(name, at_(told, name, "Two"), (Hunk(b"", lo, lo + 3, "Deux"),)))
    told.say(other, acts.Join(name, edit))
    told.say(other, acts.Leave(name, edit))
    told.say(one, acts.Position(name, edit, Stance.SUPPORT, False, "", (last,), b"", "SOUTH"))
    regretted = told.say(one, acts.Alternative(name, at["(a)"], ""))
    told.say(one, acts.Withdraw(name, regretted))
    added = told.say(other, acts.AddClause(name, ClauseKind.PARAGRAPH, at["Article 2"], WHOLE, "0. New."))
    moved = told.say(other, acts.MoveClause(name, at["Article 2"], at["Article 3"], WHOLE))
    told.say(one, acts.Note(name, last, "For us.", Nature.PENDING, (other.id,)))
    source = languages.source_of(told.text(name), last)
    told.say(other, acts.Translate(name, "fr", Level.DRAFT, (Rendered(last, source, "(b) Ici."),)))
    deal = told.say(one, acts.Package(name, "A deal", (edit, added, moved), (), ()))
    told.say(chair, acts.TakePackages(name, (deal,), packages.package_hash(told.text(name), [deal]), Basis.CONSENSUS))
    inferred = next(slot.id for slot in tree.slots(told.text(name).document.passage) if slot.inferred)
    told.say(chair, acts.Confirm(name, (inferred,), ()))
    slot = views.next_slot(told.text(name))
    told.say(chair, acts.Settle(name, slot.scope, slot.id, (slot.choices[0].id,), slot.precondition, Basis.CONSENSUS))
    stray = views.literal_brackets(told.text(name))[0]
    digest = told.text(name).clauses[last].clause.digest
    told.say(chair, acts.Correct(name, last, (acts.Mark(stray.container, stray.offset),), digest))
    child = told.say(chair, acts.Refer(name, "A committee", (last,), (one.id, other.id), one.id))
    digest = told.text(child).clauses[last].clause.digest
    told.say(one, acts.ChairText(child, last, (), "(b) Each there.", digest))
    slot = views.next_slot(told.text(child))
    told.say(one, acts.Settle(child, slot.scope, slot.id, (slot.choices[1].id,), slot.precondition, Basis.CONSENSUS))
    told.say(one, acts.Report(name, child, agreeing.content(told.text(child), WHOLE)))
    slot = views.next_slot(told.text(name))
    told.say(chair, acts.Settle(name, slot.scope, slot.id, (slot.choices[1].id,), slot.precondition, Basis.CONSENSUS))
    whole = agreeing.content(told.text(name), WHOLE)
    for party in (chair, one, other):
        told.say(party, acts.Accept(name, WHOLE, whole, False))
    told.say(chair, acts.Publish(name, "Rev. 1", whole, False))
    late = told.say(other, acts.Alternative(name, last, "(b) Too late."))
    told.say(chair, acts.Grant(name, (late,)))
    told.say(other, acts.Withdraw(name, late))
    told.say(one, acts.Reopen(name, last, "New instructions."))
    assert told.done == set(acts.BODIES)
    whole = views.clean_text(told.text(name))
    assert whole.index("Article 3") < whole.index("Article 2") < whole.index("0. New.") < whole.index("Each there.")
    assert "2. Deux." in whole
    assert alike(*told.world.parties, line=told.line)
    for party in told.world.parties:
        before = rules.digest(party.house.line(told.line).state.parts["table"])
        party.reopen()
        assert rules.digest(party.house.line(told.line).state.parts["table"]) == before
        assert party.house.alarms(told.line) == []


def at_(told, name, words):
    text = told.text(name)
    return next(each for each in text.order if words in "".join(tree.written(text.clauses[each].ground.clause.passage)))


def test_every_kind_of_act_of_the_table_is_known_to_the_api(head):
    line = own_line(head)
    kinds = {str(body.__struct_config__.tag) for body in acts.BODIES}
    assert len(kinds) == len(acts.BODIES) == 25
    for kind in kinds:
        answer = head.post(f"/api/v1/lines/{line}/acts", json={"body": {"kind": kind, "nonsense": 1}})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
        assert "acts of that kind" not in answer.text  # it is the field that is refused, not the kind


def test_what_is_around_a_text_that_is_not_there_is_not_there(head):
    line = own_line(head)
    for view in ("overview", "changes", "around", "rendered", "standing", "burn-down", "page"):
        assert head.get(f"/api/v1/lines/{line}/texts/{'0' * 64}/{view}").status_code == 404


@pytest.fixture
def negotiated():
    room, at = room_of()
    room.say(ARVENIA, acts.Modalities(room.id, (acts.Group("SOUTH", BELMORA, (BELMORA, CORVALIS)),), ("fr",), True))
    lo = SOURCE.index("Two")
    edit = room.say(BELMORA, acts.Edit(room.id, at["2"], (Hunk(b"", lo, lo + 3, "Deux"),)))
    room.say(CORVALIS, acts.Join(room.id, edit))
    room.say(BELMORA, acts.Position(room.id, edit, Stance.SUPPORT, False, "", (), b"", "SOUTH"))
    room.say(BELMORA, add(room, at["Article 1"], WHOLE, "0. Before."))
    room.say(CORVALIS, acts.MoveClause(room.id, at["Article 1"], at["Article 2"], WHOLE))
    room.say(CORVALIS, acts.Package(room.id, "A deal", (edit,), (), (BELMORA,)))
    room.say(BELMORA, acts.Note(room.id, at["2"], "For us two.", Nature.PENDING, (CORVALIS,)))
    source = languages.source_of(room.text, at["1"])
    room.say(BELMORA, acts.Translate(room.id, "fr", Level.DRAFT, (Rendered(at["1"], source, "1. Un."),)))
    room.say(ARVENIA, acts.Refer(room.id, "A committee", (at["Article 3"],), (BELMORA,), BELMORA))
    return room, at, edit


def plain(value):
    return json.loads(json.dumps(value))


def test_all_that_is_around_a_text_is_plain_json_and_true(negotiated):
    room, at, edit = negotiated
    said = plain(negotiation._around(room.text, room.facts, CORVALIS))
    assert said["groups"][0]["speaker"]["name"] == "Belmora"
    assert [each["words"] for each in said["notes"]] == ["For us two."]
    assert plain(negotiation._around(room.text, room.facts, ARVENIA))["notes"] == []
    (package,) = said["packages"]
    assert (package["title"], package["take"]) == ("A deal", [edit.hex()])
    assert bytes.fromhex(package["hash"]) == packages.package_hash(room.text, [bytes.fromhex(package["package"])])
    assert said["languages"]["fr"]["draft"] == 1
    assert said["names"][at["2"].hex()] == "Part A, Article 1, 2"
    assert len(said["committees"]) == 1
    child = room.state.texts[room.text.children[0]]
    inner = plain(negotiation._around(child, room.facts, BELMORA))
    assert inner["parent"] == room.id.hex()
    assert inner["facilitator"]["name"] == "Belmora"


def test_a_clause_with_a_placement_and_one_that_is_proposed_are_plain_json(negotiated):
    room, at, edit = negotiated
    said = plain(texts._long(room.text, room.facts))
    heading = next(each for each in said["tree"] if each.get("id") == at["Article 1"].hex())
    assert heading["placement"]["variants"][1]["where"] == "first under Article 2"
    added = next(each for each in said["tree"] if each["is"] == "slot")
    assert (added["form"], added["variants"][1]["sponsors"]) == ("addition", ["Belmora"])
    operation = next(each for each in said["operations"] if each["operation"] == edit.hex())
    assert (operation["kind"], [each["name"] for each in operation["joined"]]) == ("edit", ["Corvalis"])
    assert next(each for each in said["positions"])["name"] == "SOUTH"
    slots = plain(texts._slots(room.text, room.facts, 100))
    assert {each["form"] for each in slots} == {"proposal", "addition", "placement"}
    assert base64.b64decode(slots[0]["settle"]["precondition"]) == bytes.fromhex(slots[0]["precondition"])


def test_overview_changes_and_another_language_are_plain_json(negotiated):
    room, at, _ = negotiated
    rows = plain([negotiation._glance(each) for each in negotiation.views.overview(room.text, room.facts)])
    assert next(row for row in rows if row["id"] == at["2"].hex())["proposals"] == 1
    told = negotiation.views.changes(room.text, 0)
    assert plain([negotiation._event(event, room.facts) for each in told for event in each.events])
    shown = plain(negotiation._rendered(room.text, room.facts, "fr"))
    assert next(each for each in shown if each["clause"] == at["1"].hex())["words"] == "1. Un."
    assert saying.notes_for(room.text, None) == []


def test_how_a_text_stands_is_plain_json_and_names_everybody(negotiated):
    room, at, _ = negotiated
    said = plain(standing._standing(room.state, room.text, room.facts))
    assert [each["clause"] for each in said["agreed"]] == [name.hex() for name in room.text.order]
    assert sum(said["counted"].values()) == len(room.text.order)
    assert [each["name"] for each in said["floor"]["presiding"]] == ["Arvenia"]
    open_one = next(each for each in said["pending"] if each["what"] == "agreement" and each["clause"] == at["2"].hex())
    assert "Belmora" in [each["name"] for each in open_one["parties"]]
    assert (open_one["name"], open_one["codes"]) == ("Part A, Article 1, 2", [])
    assert {each["what"] for each in said["pending"]} >= {"answer", "report", "agreement"}
    assert {each["name"] for each in said["last_words"]} == {"Arvenia", "Belmora", "Corvalis"}
    burnt = plain(standing._burn_down(room.text, room.facts))
    assert burnt["whole"]["open"] == sum(each["open"] for each in burnt["articles"]) > 0
    assert {each["code"] for each in burnt["whole"]["blocking"]} <= {"Arvenia", "Belmora", "Corvalis"}


def test_page_after_page_is_the_text(negotiated):
    room, _, _ = negotiated
    whole = plain(texts._long(room.text, room.facts))
    pages = [plain(texts._page(room.text, room.facts, first, 2)) for first in range(0, len(room.text.rows) + 2, 2)]
    assert [each for page in pages for each in page["tree"]] == whole["tree"]
    assert {(page["text"], page["title"], page["clauses"]) for page in pages} == {
        (whole["text"], whole["title"], len(room.text.rows))
    }
    assert [page["first"] for page in pages] == [*range(0, len(room.text.rows) + 2, 2)]


def test_a_page_is_asked_for_in_whole_numbers_that_are_not_too_large(head):
    line = own_line(head)
    where = f"/api/v1/lines/{line}/texts/{'0' * 64}/page"
    assert head.get(where, params={"first": 1, "most": 200}).status_code == 404
    for query in ("first=-1", "first=x", "most=201", "first=20001", "most=1.5"):
        answer = head.get(f"{where}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed"), query


def test_a_chairs_text_is_shown_as_the_chairs():
    room, at = room_of()
    clause = room.text.clauses[at["2"]].clause
    room.say(ARVENIA, acts.ChairText(room.id, at["2"], (), "2. Better.", clause.digest))
    (slot,) = texts._slots(room.text, room.facts, 10)
    assert [each["sponsors"] for each in slot["variants"]] == [[], ["the chair"]]
