"""Languages on their pages: how versions stand, words handed in for a clause and for a proposal, what became stale."""

import pytest
from pagerooms import HOSTILE, Reader, Room, well_made

from detente.procedures.table import acts

SOURCE = "# Part A\n\n1. One.\n\n2. Two.\n"
TWO = "Part A, 2"


@pytest.fixture(scope="module")
def room():
    return Room()


@pytest.fixture
def path(room):
    path = room.lay(SOURCE)
    room.say(room.chair, acts.Modalities(room.text, (), ("fr",), False))
    return path


def rendered(room, path, name=TWO, language="fr"):
    clause = room.rows(path)[name]["id"]
    return next(each for each in room.chair.api(f"{path}/rendered?language={language}") if each["clause"] == clause)


def version(room, path, words="2. Deux.", level="draft", **changes):
    one = rendered(room, path)
    return {"of": one["clause"], "source": one["source"], "words": words, "level": level, **changes}


def test_the_way_to_a_language_and_what_is_no_language(room, path):
    page = room.one.get(f"{path}/languages")
    assert "missing3 clauses" in Reader(page.text).text
    assert well_made(page.text) == []
    assert room.one.get(f"{path}/languages?language=ar").headers["location"] == f"{path}/languages/ar"
    for wanted in ("en", "French", "//elsewhere.example", "fr/../..", "<b>"):
        refused = room.one.get(f"{path}/languages?language={wanted}")
        assert refused.status_code == 409
        assert "named as in “fr” or “pt-BR”" in refused.text
    assert room.one.get(f"{path}/languages/en").status_code == 409


def test_a_version_of_a_clause_is_handed_in_and_becomes_stale_with_its_words(room, path):
    page = room.one.done(f"{path}/languages/fr/translate", **version(room, path, f"2. Deux. {HOSTILE}"))
    assert HOSTILE not in page.text
    assert f"2. Deux. {HOSTILE}" in Reader(page.text).text
    assert "fr, by Belmora" in Reader(page.text).text
    assert well_made(page.text) == []
    assert rendered(room, path)["state"] == "draft"
    given = version(room, path)
    clause = f"{path}/clauses/{given['of']}"
    room.chair.done(f"{clause}/alternative", new="2. Both.")
    (slot,) = room.chair.api(f"{path}/slots")
    settling = {"slot": slot["slot"], "precondition": slot["precondition"], "basis": "consensus", "shown": ""}
    room.chair.done(f"{clause}/settle", chosen=slot["variants"][1]["id"], **settling)
    assert "made of others than those that stand now" in room.other.get(f"{path}/languages/fr").text
    assert "have changed since they were rendered" in room.other.refused(f"{path}/languages/fr/translate", **given)


def test_the_words_of_a_proposal_are_rendered_too(room, path):
    room.one.done(f"{path}/languages/fr/translate", **version(room, path))
    room.other.done(f"{path}/clauses/{room.rows(path)[TWO]['id']}/alternative", new="2. Both.")
    one = rendered(room, path)
    assert one["state"] == "incomplete"
    (proposal,) = one["proposals"]
    assert (proposal["original"], [each["name"] for each in proposal["sponsors"]]) == ("2. Both.", ["Corvalis"])
    page = room.one.get(f"{path}/languages/fr").text
    assert "Proposed by Corvalis" in Reader(page).text
    given = version(room, path, "2. Les deux.", of=proposal["container"], source="")
    room.one.done(f"{path}/languages/fr/translate", **given)
    assert rendered(room, path)["state"] == "draft"


def test_the_words_of_an_edit_and_of_the_chair_are_shown_with_whose_they_are(room, path):
    clause, at = bytes.fromhex(room.rows(path)[TWO]["id"]), SOURCE.index("Two")
    room.say(room.one, acts.Edit(room.text, clause, (acts.Hunk(b"", at, at, "x"), acts.Hunk(b"", at + 3, at + 3, "y"))))
    digest = next(each["digest"] for each in room.chair.api(path)["tree"] if each.get("id") == clause.hex())
    room.say(room.chair, acts.ChairText(room.text, clause, (), "2. Chair.", bytes.fromhex(digest)))
    said = {each["original"]: [one["name"] for one in each["sponsors"]] for each in rendered(room, path)["proposals"]}
    assert said == {"x": ["Belmora"], "y": ["Belmora"], "2. Chair.": []}
    assert "Proposed by the chair" in Reader(room.one.get(f"{path}/languages/fr").text).text


def test_reviewed_and_authentic_versions_are_offered_to_the_chair_alone(room, path):
    assert "authentic, as it is to be signed" in room.chair.get(f"{path}/languages/fr").text
    assert "authentic, as it is to be signed" not in room.chair.get(f"{path}/languages/ar").text
    page = room.one.get(f"{path}/languages/fr").text
    assert "authentic, as it is to be signed" not in page
    assert "reviewed" not in page
    refused = room.one.refused(f"{path}/languages/fr/translate", **version(room, path, level="reviewed"))
    assert refused == "Reviewed and authentic versions are the chair's."
    room.chair.done(f"{path}/languages/fr/translate", **version(room, path, level="authentic"))
    assert "authentic1 clause" in Reader(room.one.get(f"{path}/languages").text).text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"words": "  "}, "A version has words."),
        ({"words": "\u0000"}, "U+0000"),
        ({"level": "perfect"}, "Say how far the version has come."),
        ({"source": "00" * 32}, "have changed since they were rendered"),
        ({"of": "00" * 16}, "There is no such clause and no such proposal"),
        ({"of": "?"}, "The form names something that is no identifier."),
    ],
)
def test_a_version_that_is_none_is_refused_with_a_sentence(room, path, fields, sentence):
    refused = room.one.refused(f"{path}/languages/fr/translate", **version(room, path, **fields))
    assert sentence in refused
    assert refused.endswith(".")


def test_a_version_in_no_language_is_refused_with_a_sentence(room, path):
    for language in ("en", "French"):
        refused = room.one.refused(f"{path}/languages/{language}/translate", **version(room, path))
        assert "into another language" in refused
