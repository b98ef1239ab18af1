"""Committees on their page: set up over chosen clauses, negotiated by their members, brought back as they were shown."""

import pytest
from pagerooms import HOSTILE, Reader, Room, well_made

SOURCE = "# Part A\n\n1. One [a][b].\n\n2. Two.\n\n# Part B\n\n1. Three.\n"


@pytest.fixture(scope="module")
def room():
    return Room()


@pytest.fixture
def path(room):
    return room.lay(SOURCE)


def referred(room, path, clauses=("Part A, 1",), **more):
    """A committee of Belmora and Corvalis, facilitated by Belmora: the path of its text."""
    rows = room.rows(path)
    members = [room.one.party.id, room.other.party.id]
    given = {"title": "A committee", "clause": [rows[each]["id"] for each in clauses], "member": members,
             "facilitator": room.one.party.id}  # fmt: skip
    page = room.chair.done(f"{path}/committees/refer", **{**given, **more})
    child = room.around(path)["committees"][-1]
    return page, path.rpartition("/")[0] + f"/{child}"


def settled(room, browser, path):
    """The one open place of a text decided for its first variant, by the forms that the page offers."""
    (slot,) = room.chair.api(f"{path}/slots")
    here = f"{path}/clauses/{slot['scope']}"
    assert "Settle as chosen" in browser.get(here).text
    given = {"slot": slot["slot"], "precondition": slot["precondition"], "basis": "consensus", "shown": ""}
    browser.done(f"{here}/settle", chosen=slot["variants"][0]["id"], **given)


def test_the_chair_sets_a_committee_up_and_everybody_sees_its_state(room, path):
    assert "Set up a committee" not in room.one.get(f"{path}/committees").text
    page, child = referred(room, path, title=f"A committee {HOSTILE}")
    assert HOSTILE not in page.text
    text = Reader(page.text).text
    assert f"A committee {HOSTILE}" in text
    assert "1 to decide, 0 settled" in text
    assert "MembersBelmora, CorvalisFacilitatorBelmora" in text
    assert "comes back once nothing in it is open" in text
    assert well_made(page.text) == []
    inside = room.other.get(child)
    assert f'href="{path}"' in inside.text, "from the committee's text back to the one it came from"
    assert well_made(inside.text) == []


def test_who_would_have_a_clause_elsewhere_says_so_in_the_parent_and_not_in_the_committee(room, path):
    clause = room.rows(path)["Part A, 1"]
    given = {"under": clause["parent"], "where": "after", "target": room.rows(path)["Part A, 2"]["id"]}
    room.one.done(f"{path}/clauses/{clause['id']}/move", **given)
    _, child = referred(room, path)
    assert "Where it stands is to be decided" in room.one.get(path).text
    inside = room.one.get(child)
    assert inside.status_code == 200
    assert "Where it stands is to be decided" not in inside.text
    assert [each["where"] for each in room.operations(child)] == [""]


def test_in_a_committee_its_members_propose_its_facilitator_presides_and_the_chair_does_too(room, path):
    _, child = referred(room, path, member=[room.one.party.id])
    (clause,) = [each["id"] for each in room.rows(child).values()]
    shown = {each.party.name: each.get(f"{child}/clauses/{clause}").text for each in (room.chair, room.one, room.other)}
    assert [each for each in shown if "Propose other words" in shown[each]] == ["Belmora"]
    assert [each for each in shown if "Settle as chosen" in shown[each]] == ["Arvenia", "Belmora"]
    refused = room.other.refused(f"{child}/clauses/{clause}/alternative", new="1. Else.")
    assert refused == "In a committee its members propose and accept."


def test_the_result_comes_back_as_it_was_shown_and_as_the_chairs_proposals(room, path):
    _, child = referred(room, path)
    name = child.rpartition("/")[2]
    content = room.chair.api(child)["content_hash"]
    given = {"child": name, "content_hash": content}
    assert "nothing is open" in room.one.refused(f"{path}/committees/report", **given)
    settled(room, room.one, child)
    assert "has changed" in room.one.refused(f"{path}/committees/report", **given)
    given["content_hash"] = room.chair.api(child)["content_hash"]
    assert "Bring the result back" in room.one.get(f"{path}/committees").text
    assert "Bring the result back" not in room.other.get(f"{path}/committees").text
    assert (
        room.other.refused(f"{path}/committees/report", **given) == "The chair or the committee's facilitator reports."
    )
    page = room.one.done(f"{path}/committees/report", **given)
    assert "reported" in page.text
    (operation,) = room.operations(path)
    assert (operation["of_the_chair"], operation["child"], operation["fate"]) == (True, name, "live")
    assert "the chair: the clause otherwise, Part A, 1" in Reader(room.one.get(f"{path}/chair").text).text
    assert "1. One a." in Reader(room.other.get(path).text).text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"clause": []}, "Choose the clauses that go before the committee."),
        ({"clause": ["00" * 16]}, "Only a clause that stands in the text by itself can be referred."),
        ({"clause": ["?"]}, "The form names something that is no identifier."),
        ({"clause": "both"}, "A clause is referred with all that stands under it: do not name it twice."),
        ({"title": ""}, "A title has"),
        ({"member": ["a" * 52]}, "A committee and its facilitator are members of this line."),
        ({"facilitator": "a" * 52}, "A committee and its facilitator are members of this line."),
    ],
)
def test_a_committee_that_cannot_be_is_refused_with_a_sentence(room, path, fields, sentence):
    rows = room.rows(path)
    given = {"title": "A committee", "clause": [rows["Part A"]["id"]], "member": [], "facilitator": "", **fields}
    if given["clause"] == "both":
        given["clause"] = [rows["Part A"]["id"], rows["Part A, 1"]["id"]]
    assert sentence in room.chair.refused(f"{path}/committees/refer", **given)
    assert room.around(path)["committees"] == []


def test_only_the_chair_sets_a_committee_up_and_only_a_committees_text_is_reported(room, path):
    clause = room.rows(path)["Part A"]["id"]
    given = {"title": "A committee", "clause": clause, "member": [], "facilitator": ""}
    assert room.one.refused(f"{path}/committees/refer", **given) == "Only the chair does that."
    own = path.rpartition("/")[2]
    refused = room.chair.refused(f"{path}/committees/report", child=own, content_hash="00" * 32)
    assert refused == "That is no text of a committee of this one."
