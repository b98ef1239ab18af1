"""Packages on their page: proposed over chosen proposals, accepted as they were shown, taken whole, withdrawn."""

import pytest
from pagerooms import HOSTILE, Reader, Room, well_made

SOURCE = "# Part A\n\n1. One.\n\n2. Two.\n\n3. Three.\n"


@pytest.fixture(scope="module")
def room():
    return Room()


@pytest.fixture
def path(room):
    """A text with an alternative of Belmora's to 1 and one of Corvalis's to 2."""
    path = room.lay(SOURCE)
    for browser, name, words in ((room.one, "Part A, 1", "1. Eins."), (room.other, "Part A, 2", "2. Zwei.")):
        browser.done(f"{path}/clauses/{room.rows(path)[name]['id']}/alternative", new=words)
    return path


def offered(room, path, name="A deal", take=None, drop=()):
    take = [each["operation"] for each in room.operations(path)] if take is None else take
    page = room.one.done(f"{path}/packages/propose", name=name, take=take, drop=list(drop))
    return page, room.around(path)["packages"][-1]


def test_a_package_is_proposed_over_chosen_proposals_and_shown_to_all(room, path):
    assert "No package is on the table." in room.other.get(f"{path}/packages").text
    one, two = [each["operation"] for each in room.operations(path)]
    _, made = offered(room, path, f"A deal {HOSTILE}", [one], [two])
    assert (made["take"], made["drop"]) == ([one], [two])
    page = room.other.get(f"{path}/packages")
    assert HOSTILE not in page.text
    text = Reader(page.text).text
    assert f"A deal {HOSTILE}" in text
    assert text.index("It takes") < text.index("“1. Eins.”") < text.index("It drops") < text.index("“2. Zwei.”")
    assert well_made(page.text) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"take": []}, "Choose the proposals that the package takes."),
        ({"name": ""}, "A package's name has"),
        ({"take": ["00" * 32]}, "A package holds proposals that are on the table."),
        ({"take": ["?"]}, "The form names something that is no identifier."),
        ({"party": ["a" * 52]}, "A package is offered to members of this line, each named once."),
        ({"drop": "all"}, "names up to 200 proposals once each"),
    ],
)
def test_a_package_that_is_none_is_refused_with_a_sentence(room, path, fields, sentence):
    every = [each["operation"] for each in room.operations(path)]
    given = {"name": "A deal", "take": every, "drop": [], "party": [], **fields}
    given["drop"] = every[:1] if given["drop"] == "all" else given["drop"]
    assert sentence in room.one.refused(f"{path}/packages/propose", **given)
    assert room.around(path)["packages"] == []


def test_a_package_is_accepted_exactly_as_it_was_shown_by_all_and_then_taken(room, path):
    _, made = offered(room, path)
    given = {"package": made["package"], "joint_hash": made["joint_hash"]}
    page = room.other.done(f"{path}/packages/accept", **given)
    assert "Accept this package" not in page.text
    assert "Accepted, exactly as it is" in page.text
    assert "accepted exactly that already" in room.other.refused(f"{path}/packages/accept", **given)
    assert "has changed" in room.one.refused(f"{path}/packages/accept", **{**given, "joint_hash": "00" * 32})
    assert "which package" in room.one.refused(f"{path}/packages/accept", joint_hash=made["joint_hash"])
    taking = {"package": made["package"], "precondition": made["hash"], "basis": "accept"}
    assert "Not all who must accept" in room.chair.refused(f"{path}/packages/take", **taking)
    for browser in (room.chair, room.one):
        browser.done(f"{path}/packages/accept", **given)
    assert "carried" in room.one.get(f"{path}/packages").text
    assert "Take it whole" not in room.one.get(f"{path}/packages").text
    assert room.one.refused(f"{path}/packages/take", **taking) == "Only the chair does that."
    assert "Say on what basis" in room.chair.refused(f"{path}/packages/take", **{**taking, "basis": "vote"})
    assert "have changed" in room.chair.refused(f"{path}/packages/take", **{**taking, "precondition": "00" * 32})
    room.chair.done(f"{path}/packages/take", **taking)
    assert {each["fate"] for each in room.operations(path)} == {"taken"}
    assert room.around(path)["packages"][-1]["fate"] == "taken"


def test_an_acceptance_does_not_reach_a_package_whose_words_changed(room, path):
    _, made = offered(room, path)
    clause = room.rows(path)["Part A, 2"]["id"]
    room.one.done(f"{path}/clauses/{clause}/alternative", new="2. Deux.")
    given = {"package": made["package"], "joint_hash": made["joint_hash"]}
    assert "has changed since" in room.other.refused(f"{path}/packages/accept", **given)


def test_a_position_is_taken_on_a_package_and_may_depend_on_another(room, path):
    one, two = [each["operation"] for each in room.operations(path)]
    _, first = offered(room, path, "First", [one])
    _, second = offered(room, path, "Second", [two])
    said = {"target": first["package"], "stance": "support", "given": second["package"], "note": "", "group": ""}
    page = room.other.done(f"{path}/packages/position", **said)
    assert "Corvalis: support, if this is taken: the package “Second”" in Reader(page.text).text
    refused = room.other.refused(f"{path}/packages/position", **{**said, "given": first["package"]})
    assert "no such proposal, package or clause" in refused


def test_a_circle_is_named_and_accepted_by_one_hash(room, path):
    one, two = [each["operation"] for each in room.operations(path)]
    _, first = offered(room, path, "First", [one])
    _, second = offered(room, path, "Second", [two])
    for browser in (room.chair, room.one, room.other):
        for target, given in ((first, second), (second, first)):
            said = {"target": target["package"], "stance": "support", "given": given["package"], "group": ""}
            browser.done(f"{path}/packages/position", **said)
    first, second = room.around(path)["packages"]
    assert first["joint_hash"] == second["joint_hash"]
    page = room.one.get(f"{path}/packages").text
    assert page.count("It depends in a circle on these") == 2
    for browser in (room.chair, room.one, room.other):
        browser.done(f"{path}/packages/accept", package=first["package"], joint_hash=first["joint_hash"])
    assert [each["carried"] for each in room.around(path)["packages"]] == [True, True]


def test_a_package_is_withdrawn_by_its_author_alone_and_what_it_held_stays(room, path):
    _, made = offered(room, path)
    assert "Withdraw this package" not in room.other.get(f"{path}/packages").text
    assert "its own packages" in room.other.refused(f"{path}/packages/withdraw", package=made["package"])
    page = room.one.done(f"{path}/packages/withdraw", package=made["package"])
    assert "withdrawn" in page.text
    assert "Accept this package" not in page.text
    assert {each["fate"] for each in room.operations(path)} == {"live"}
    assert "its own packages" in room.one.refused(f"{path}/packages/withdraw", package=made["package"])


def test_a_member_that_was_taken_alone_or_withdrawn_is_said_to_be_so(room, path):
    one, two = [each["operation"] for each in room.operations(path)]
    offered(room, path)
    slot = next(each for each in room.chair.api(f"{path}/slots") if one in each["variants"][1]["operations"])
    given = {"slot": slot["slot"], "precondition": slot["precondition"], "basis": "consensus", "shown": ""}
    room.chair.done(f"{path}/clauses/{slot['scope']}/settle", chosen=slot["variants"][1]["id"], **given)
    room.other.done(f"{path}/withdraw", operation=two)
    page = Reader(room.one.get(f"{path}/packages").text).text
    assert "Taken without the package: Belmora: the clause otherwise, Part A, 1" in page
    assert "Can be taken no more: Corvalis: the clause otherwise, Part A, 2" in page
    assert "none is on the table" in page
