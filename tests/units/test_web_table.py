"""The table's pages as a whole: every kind of act has a form, and nobody is offered what would be refused."""

import re
from importlib import resources

import conference
import pytest
from pagerooms import Browser, Room, well_made

from detente.procedures.table import acts
from detente.web.app import PAGES

SOURCE = "# Part A\n\n1. One [a][b] and c].\n\n2. Two.\n"


@pytest.fixture(scope="module")
def room():
    """With an observer, and with an office at each house that reads and does not negotiate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conference, "OFFICES", conference.OFFICES | {"reader": ("read", "security")})
        return Room(observed=True)


@pytest.fixture(scope="module")
def pages(room):
    """Every page around a text on which something of everything lies."""
    path = room.lay(SOURCE)
    rows = room.rows(path)
    one, two = (f"{path}/clauses/{rows[name]['id']}" for name in ("Part A, 1", "Part A, 2"))
    room.one.done(f"{two}/alternative", new="2. Zwei.")
    room.one.done(f"{two}/add", under=rows["Part A, 2"]["parent"], where="after", form="paragraph", words="3. Drei.")
    room.one.done(f"{two}/note", target="", nature="negotiators", words="A word.", **{"for": "everybody"})
    (operation, _) = [each["operation"] for each in room.operations(path)]
    room.one.done(f"{path}/packages/propose", name="A deal", take=operation)
    return [path, one, two, *(f"{path}/{each}" for each in ("chair", "packages", "committees", "languages/fr"))]


def offered(browser, pages):
    """The forms of the table that these pages offer."""
    shown = [browser.get(page).text for page in pages]
    assert [wrong for page in shown for wrong in well_made(page)] == []
    return {re.sub("[0-9a-f]{32,}", "", action) for page in shown for action in actions(page)}


def actions(page):
    """What the forms of a page that do something are sent to, but for signing out."""
    return [each for each in re.findall(r'method="post" action="([^"]*)"', page) if each != "/leave"]


def test_every_kind_of_act_of_the_table_has_a_form():
    sources = "".join(
        each.read_text("utf-8") for each in resources.files("detente.web").iterdir() if each.name.endswith(".py")
    )
    kinds = {str(body.__struct_config__.tag) for body in acts.BODIES}
    assert {kind for kind in kinds if f'"{kind}"' not in sources} == set()
    assert '"table.no-such-act"' not in sources


def test_who_presides_and_who_is_seated_are_offered_different_forms(room, pages):
    chair, member = offered(room.chair, pages), offered(room.one, pages)
    of_the_chair = {each.rpartition("/")[2] for each in chair - member}
    assert of_the_chair >= {"settle", "correct", "publish", "confirm", "run", "take", "refer"}
    assert {each.rpartition("/")[2] for each in member} >= {
        *("alternative", "propose", "add", "move", "withdraw", "position", "note", "accept", "translate"),
    }
    assert {each.rpartition("/")[2] for each in offered(room.other, pages)} >= {"join"}


def test_an_observer_and_an_office_that_does_not_negotiate_read_and_are_offered_no_form(room, pages):
    reader = Browser(room.world, room.world.parties[0], "reader")
    assert (offered(room.observer, pages), offered(reader, pages)) == (set(), set())


def test_an_office_that_does_not_negotiate_is_refused_whatever_form_it_makes_up(room, pages):
    reader = Browser(room.world, room.world.parties[1], "reader")
    text = pages[0]
    clause = pages[1].rpartition("/")[2]
    given = {"under": room.rows(text)["Part A, 1"]["parent"], "where": "after", "form": "paragraph", "words": "New.",
             "target": clause, "nature": "negotiators", "for": "everybody", "stance": "support", "reason": "Because."}  # fmt: skip
    for step in ("add", "note", "position", "reopen"):
        assert "negotiate" in reader.refused(f"{pages[1]}/{step}", **given)


def test_an_observer_is_refused_whatever_form_it_makes_up(room, pages):
    clause = pages[1].rpartition("/")[2]
    given = {"target": clause, "nature": "negotiators", "for": "everybody", "words": "A word.", "stance": "support"}
    for step in ("note", "position"):
        assert "Observers read the table" in room.observer.refused(f"{pages[1]}/{step}", **given)


def test_what_leads_nowhere_is_not_there(room, pages):
    text = pages[0]
    nowhere = re.sub("[0-9a-f]{64}$", "0" * 64, text)
    for path in (nowhere, f"{nowhere}/chair", f"{nowhere}/packages", f"{nowhere}/committees", f"{nowhere}/languages"):
        assert room.one.get(path).status_code == 404
    assert room.one.get(f"{text}/clauses/{'0' * 32}").status_code == 404
    assert len({(method, path) for method, path, _ in PAGES}) == len(PAGES)
