"""How a text is run, on a page: revisions, what came late, inferences, the chair's texts, groups and languages."""

import re

import pytest
from pagerooms import HOSTILE, Reader, Room, hidden, well_made

from detente.procedures.table import acts
from detente.procedures.table.outline import WHOLE

SOURCE = "# Part A\n\n1. One [a][b] and [this][that].\n\n2. Two.\n"


@pytest.fixture(scope="module")
def room():
    return Room()


@pytest.fixture
def path(room):
    return room.lay(SOURCE)


def agreed(room, source="# Part A\n\n1. One.\n\n2. Two.\n", title="An agreed text"):
    """A text that all accepted and that was published: its path."""
    path = room.lay(source, title)
    content = room.chair.api(path)["content_hash"]
    for each in (room.chair, room.one, room.other):
        each.done(f"{path}/accept", content_hash=content)
    room.chair.done(f"{path}/chair/publish", content_hash=content, revision="Rev. 1")
    return path


def late(room, path, words="2. Too late."):
    clause = room.rows(path)["Part A, 2"]["id"]
    room.other.done(f"{path}/clauses/{clause}/alternative", new=words)
    return room.around(path)["late"][-1]["operation"]


def test_everybody_reads_the_page_and_only_who_presides_has_its_forms(room, path):
    for browser, forms in ((room.chair, 4), (room.one, 0)):
        page = browser.get(f"{path}/chair")
        assert page.status_code == 200
        assert page.text.count(f'action="{path}/chair/') == forms
        assert well_made(page.text) == []
    assert "How it is run" in room.one.get(path).text


# --- revisions ----------------------------------------------------------------------------------


def test_the_chair_publishes_exactly_what_was_shown(room, path):
    content = room.chair.api(path)["content_hash"]
    assert f'name="content_hash" value="{content}"' in room.chair.get(f"{path}/chair").text
    given = {"content_hash": content, "revision": f"Rev. 1 {HOSTILE}"[:60]}
    assert room.one.refused(f"{path}/chair/publish", **given) == "Only the chair does that."
    page = room.chair.done(f"{path}/chair/publish", **given)
    assert "as it stands now" in page.text
    assert HOSTILE[:20] not in page.text
    assert [each["content_hash"] for each in room.around(path)["revisions"]] == [content]
    assert "There is a revision of that name." in room.chair.refused(f"{path}/chair/publish", **given)
    for changed, sentence in (
        ({"revision": " "}, "A revision's name has"),
        ({"content_hash": "00" * 32, "revision": "Rev. 2"}, "has changed"),
        ({"content_hash": "?", "revision": "Rev. 2"}, "no identifier"),
    ):
        assert sentence in room.chair.refused(f"{path}/chair/publish", **{**given, **changed})


def test_publishing_names_the_clauses_anew_where_that_is_asked(room):
    path = room.lay("# Part A\n\n1. One.\n\n3. Three.\n", "Names")
    content = room.chair.api(path)["content_hash"]
    room.chair.done(f"{path}/chair/publish", content_hash=content, revision="Rev. 1")
    assert room.order(path) == ["Part A", "Part A, 1", "Part A, 3"]
    room.chair.done(f"{path}/chair/publish", content_hash=content, revision="Rev. 2", renumber="1")
    assert room.order(path) == ["Part A", "Part A, 1", "Part A, 2"]


# --- what came late -----------------------------------------------------------------------------


def test_what_came_late_is_listed_with_its_words_and_given_leave(room):
    path = agreed(room)
    name = late(room, path, f"2. Too late. {HOSTILE}")
    page = room.chair.get(f"{path}/chair")
    assert f"2. Too late. {HOSTILE}" in Reader(page.text).text
    assert HOSTILE not in page.text
    assert well_made(page.text) == []
    assert "Give leave" not in room.one.get(f"{path}/chair").text
    assert room.one.refused(f"{path}/chair/grant", operation=name) == "Only the chair does that."
    assert room.chair.refused(f"{path}/chair/grant") == "Choose what is given leave."
    assert "not on the late list" in room.chair.refused(f"{path}/chair/grant", operation="00" * 32)
    assert "Nothing is on the late list." in room.chair.done(f"{path}/chair/grant", operation=name).text
    assert [(each["fate"], each["name"]) for each in room.operations(path)] == [("live", "Corvalis")]


def test_what_came_late_is_withdrawn_by_its_author_alone(room):
    path = agreed(room, title="Another agreed text")
    name = late(room, path)
    assert "Withdraw it" not in room.one.get(f"{path}/chair").text
    assert "withdraws its own" in room.one.refused(f"{path}/chair/withdraw", operation=name)
    assert "Withdraw it" in room.other.get(f"{path}/chair").text
    assert "Nothing is on the late list." in room.other.done(f"{path}/chair/withdraw", operation=name).text


@pytest.mark.parametrize("kind", ["edit", "addition", "move"])
def test_every_kind_of_what_came_late_is_shown(room, kind):
    path = agreed(room, title=f"A late {kind}")
    rows = room.rows(path)
    two = bytes.fromhex(rows["Part A, 2"]["id"])
    above = bytes.fromhex(rows["Part A"]["id"])
    body = {
        "edit": acts.Edit(room.text, two, (acts.Hunk(b"", 19, 22, "Zwei"),)),
        "addition": acts.AddClause(room.text, acts.ClauseKind.PARAGRAPH, above, two, "3. Drei."),
        "move": acts.MoveClause(room.text, two, above, WHOLE),
    }[kind]
    room.say(room.one, body)
    said = {"edit": "other words", "addition": "a new clause", "move": "another place"}[kind]
    page = Reader(room.one.get(f"{path}/chair").text).text
    assert f"Belmora: {said}" in page
    assert {"edit": "Zwei", "addition": "3. Drei.", "move": "Part A"}[kind] in page


# --- what the import inferred -------------------------------------------------------------------


def inferred(room, path):
    return [each["slot"] for each in room.chair.api(f"{path}/slots") if each["inferred"]]


def test_the_chair_confirms_one_place_and_says_that_another_is_independent(room, path):
    one, two = inferred(room, path)
    given = {"listed": f"{one} {two} ", "do": "chosen"}
    assert (
        room.one.refused(f"{path}/chair/confirm", **given, **{f"slot-{one}": "as-read"}) == "Only the chair does that."
    )
    assert room.chair.refused(f"{path}/chair/confirm", **given) == "Choose the places that you have looked at."
    assert "Say of each place" in room.chair.refused(f"{path}/chair/confirm", **given, **{f"slot-{one}": "both"})
    room.chair.done(f"{path}/chair/confirm", **given, **{f"slot-{one}": "as-read", f"slot-{two}": "apart"})
    assert inferred(room, path) == []
    assert [each["form"] for each in room.chair.api(f"{path}/slots")] == ["exclusive", "bracket", "bracket"]
    assert "no longer open" in room.chair.refused(f"{path}/chair/confirm", **given, **{f"slot-{one}": "as-read"})


def test_all_that_was_listed_is_confirmed_at_once_and_nothing_that_was_not(room, path):
    page = room.chair.get(f"{path}/chair").text
    listed = re.search('name="listed" value="([^"]*)"', page)[1]
    assert listed.split() == inferred(room, path)
    one, two = inferred(room, path)
    room.chair.done(f"{path}/chair/confirm", listed=two, do="all")
    assert inferred(room, path) == [one]
    assert "all of it is confirmed" in room.chair.done(f"{path}/chair/confirm", listed=one, do="all").text
    assert room.chair.refused(f"{path}/chair/confirm", listed="", do="all") == (
        "Choose the places that you have looked at."
    )


# --- groups and languages -----------------------------------------------------------------------


def shown(room, path):
    return re.search('name="seen" value="([^"]*)"', room.chair.get(f"{path}/chair").text)[1]


def test_the_chair_says_how_it_is_run_and_a_form_made_of_something_else_is_refused(room, path):
    one, other = room.one.party.id, room.other.party.id
    seen = shown(room, path)
    given = {"seen": seen, "authentic": "fr, ar", "together": "1", "code-0": "SOUTH", "speaker-0": one,
             "members-0": [one, other]}  # fmt: skip
    assert room.one.refused(f"{path}/chair/run", **given) == "Only the chair does that."
    page = room.chair.done(f"{path}/chair/run", **given)
    assert "nothing is agreed until everything is" in page.text
    assert well_made(page.text) == []
    said = room.around(path)
    assert (list(said["languages"]), said["together"]) == (["fr", "ar"], True)
    assert [(each["code"], each["speaker"]["name"], len(each["members"])) for each in said["groups"]] == [
        ("SOUTH", "Belmora", 2)
    ]
    assert "has changed since this was shown" in room.chair.refused(f"{path}/chair/run", **given)
    room.chair.done(f"{path}/chair/run", **{**given, "seen": shown(room, path), "code-0": "", "authentic": ""})
    assert (room.around(path)["groups"], room.around(path)["languages"]) == ([], {})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"authentic": "fr, fr"}, "Authentic languages are named once each"),
        ({"authentic": "French"}, "Authentic languages are named once each"),
        ({"code-0": "south", "speaker-0": "x"}, "A group's code has 2 to 16 capital letters and digits."),
        ({"code-0": "SOUTH", "speaker-0": "x"}, "A group and its speaker are members of this line."),
    ],
)
def test_a_way_to_run_it_that_cannot_be_is_refused_with_a_sentence(room, path, fields, sentence):
    assert sentence in room.chair.refused(f"{path}/chair/run", **{"seen": shown(room, path), **fields})


# --- whom the text names ------------------------------------------------------------------------


def test_the_chair_says_whom_the_heads_in_the_text_mean(room):
    path = room.lay("# Part A\n\n1. [BEL: One][COR oppose: Two] or three.\n", "Heads")
    page = room.chair.get(f"{path}/chair")
    assert "BEL means" in page.text
    assert "COR means" in page.text
    given = {**hidden(page.text, f"{path}/chair/heads"), "means-0": room.one.party.id}
    assert room.one.refused(f"{path}/chair/heads", **given) == "Only the chair does that."
    page = room.chair.done(f"{path}/chair/heads", **given)
    assert [(each["code"], each["party"]) for each in room.around(path)["codes"]] == [("BEL", room.one.party.id)]
    assert "has changed since this was shown" in room.chair.refused(f"{path}/chair/heads", **given)
    further = {**hidden(page.text, f"{path}/chair/heads"), "head-2": "X<", "means-2": room.one.party.id}
    assert "two to five capital letters" in room.chair.refused(f"{path}/chair/heads", **further)
    stranger = {**further, "head-2": "DOR", "means-2": "nobody"}
    assert "a member of this line" in room.chair.refused(f"{path}/chair/heads", **stranger)
    assert len(room.around(path)["codes"]) == 1
