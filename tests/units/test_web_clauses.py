"""The page of a clause: its place, its words, whose proposals they are, what is said, and for whom a note is."""

import pytest
from pagerooms import HOSTILE, Reader, Room, well_made

from detente.procedures.table import acts
from detente.procedures.table.outline import WHOLE
from detente.web import rolling

SOURCE = (
    "# Part A\n\n## Article 1\n\n1. One [a][b].\n\n2. Two.\n\n## Article 2\n\n1. Three.\n\n# Part B\n\n"
    "## Article 3\n\n1. Four.\n"
)
TWO, ARTICLE, OTHER = "Part A, Article 1, 2", "Part A, Article 1", "Part A, Article 2"


@pytest.fixture(scope="module")
def room():
    return Room()


@pytest.fixture
def path(room):
    return room.lay(SOURCE)


def clause(room, path, name):
    return f"{path}/clauses/{room.rows(path)[name]['id']}"


def under(room, path, name):
    return room.rows(path)[name]["parent"]


# --- places -------------------------------------------------------------------------------------


def test_a_new_clause_is_proposed_after_this_one_and_another_below_it(room, path):
    here, seen = clause(room, path, TWO), under(room, path, TWO)
    room.one.done(f"{here}/add", under=seen, where="after", form="paragraph", words="3. Between.")
    room.one.done(f"{here}/add", under=seen, where="below", form="point", words="(a) Beneath.")
    order = room.order(path)
    assert order.index(TWO) + 1 == order.index(f"{TWO} (a)") < order.index(f"{ARTICLE}, 3") < order.index(OTHER)
    added = room.rows(path)[f"{TWO} (a)"]
    assert (added["proposed"], added["parent"]) == (True, room.rows(path)[TWO]["id"])
    page = room.one.get(f"{path}/clauses/{added['id']}")
    assert "A new clause, or none" in page.text
    assert well_made(page.text) == []


def test_a_new_clause_that_the_chair_does_not_take_is_gone_and_the_page_leads_to_the_text(room, path):
    here = clause(room, path, TWO)
    room.one.done(f"{here}/add", under=under(room, path, TWO), where="after", form="paragraph", words="3. Between.")
    (slot,) = [each for each in room.chair.api(f"{path}/slots") if each["form"] == "addition"]
    shown = f"{path}/clauses/{slot['scope']}"
    assert 'name="shown" value=""' in room.chair.get(shown).text
    fields = {"slot": slot["slot"], "precondition": slot["precondition"], "basis": "consensus", "shown": ""}
    room.chair.done(f"{shown}/settle", chosen=slot["variants"][0]["id"], **fields)
    assert f"{ARTICLE}, 3" not in room.order(path)
    assert room.one.get(shown).status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"where": "beside"}, "Say where the new clause is to stand."),
        ({"form": "front"}, "A new clause is a paragraph, a point or a heading."),
        ({"words": "  "}, "A clause has words, and is a heading, a paragraph or a point."),
        ({"words": "3. [This][That]."}, "New words hold no brackets"),
        ({"under": "00" * 16}, "The clause stands elsewhere by now: look again."),
        ({"under": ""}, "The clause stands elsewhere by now: look again."),
    ],
)
def test_a_new_clause_that_is_none_is_refused_with_a_sentence(room, path, fields, sentence):
    given = {"under": under(room, path, TWO), "where": "after", "form": "paragraph", "words": "3. New."}
    assert sentence in room.one.refused(f"{clause(room, path, TWO)}/add", **{**given, **fields})


def test_a_clause_is_proposed_elsewhere_by_the_name_of_another_and_the_chair_takes_it(room, path):
    here, rows = clause(room, path, ARTICLE), room.rows(path)
    page = room.one.get(here).text
    offered = page[page.index('name="target"', page.index('action="' + here + '/move"')) :].partition("</select>")[0]
    assert rows["Part B"]["id"] in offered
    assert rows[TWO]["id"] not in offered, "no clause goes below itself"
    move = {"under": rows[ARTICLE]["parent"], "where": "after", "target": rows["Part B, Article 3"]["id"]}
    assert "Where it stands is to be decided" in room.one.done(f"{here}/move", **move).text
    (slot,) = [each for each in room.chair.api(f"{path}/slots") if each["form"] == "placement"]
    shown = room.chair.get(here)
    assert "Here, or elsewhere" in shown.text
    assert Reader(shown.text).text.count("after Part B, Article 3") >= 3, "the text, the choice, the proposal"
    fields = {"slot": slot["slot"], "precondition": slot["precondition"], "shown": rows[ARTICLE]["id"]}
    room.chair.done(f"{here}/settle", chosen=slot["variants"][1]["id"], basis="consensus", **fields)
    order = room.order(path)
    assert order.index("Part B, Article 3") < order.index("Part B, Article 1")
    assert "stands elsewhere by now" in room.other.refused(f"{here}/move", **move)


def test_a_move_to_the_beginning_names_no_clause(room, path):
    rows = room.rows(path)
    here = clause(room, path, "Part B")
    room.one.done(f"{here}/move", under="", where="below", target="beginning")
    assert room.operations(path)[-1]["where"] == "first in the text"
    room.one.done(f"{here}/move", under="", where="below", target=rows["Part A, Article 2"]["id"])
    assert room.operations(path)[-1]["where"] == "first below Part A, Article 2"
    refused = room.one.refused(f"{here}/move", under="", where="after", target="")
    assert refused == "Choose the clause after which, or below which, this one is to stand."
    for target, sentence in (
        ("ff" * 16, "Choose the clause after which"),
        ("zz", "Choose the clause after which"),
        (rows["Part B, Article 3"]["id"], "A clause does not stand under itself."),
        (rows["Part B"]["id"], "A clause does not stand under itself."),
    ):
        assert sentence in room.one.refused(f"{here}/move", under="", where="below", target=target)
    assert "Say where" in room.one.refused(f"{here}/move", under="", where="", target="")


def test_a_place_after_a_proposed_clause_that_was_withdrawn_is_still_told(room, path):
    here, under_it = clause(room, path, TWO), under(room, path, TWO)
    room.one.done(f"{here}/add", under=under_it, where="after", form="paragraph", words="3. Between.")
    added = room.operations(path)[-1]
    one = clause(room, path, f"{ARTICLE}, 1")
    room.other.done(f"{one}/move", under=under_it, where="after", target=added["clause"])
    assert room.operations(path)[-1]["where"] == f"after {ARTICLE}, 3"
    room.one.done(f"{path}/withdraw", operation=added["operation"])
    assert room.operations(path)[-1]["where"] == "after a clause that is not proposed any more"
    assert "after a clause that is not proposed any more" in room.one.get(one).text


# --- whose it is, and words ---------------------------------------------------------------------


def change(browser, here, words, step="propose", **more):
    old, new = words
    (run,) = [each for each in runs(browser, here) if old in each["text"]]
    fields = {"container": run["container"], "lo": str(run["lo"]), "new": run["text"].replace(old, new)}
    return browser.done(f"{here}/{step}", **fields, **more)


def runs(browser, here):
    text, _, wanted = here.rpartition("/clauses/")
    tree = browser.api(text)["tree"]
    return rolling.runs(next(each for each in rolling.clauses(tree) if each["id"] == wanted))


def test_another_party_joins_a_proposal_and_leaves_it_and_its_author_withdraws_it(room, path):
    change(room.one, clause(room, path, TWO), ("Two", "Deux"))
    here, operation = clause(room, path, TWO), room.operations(path)[-1]["operation"]
    assert "Sponsor it too" in room.other.get(here).text
    assert "Sponsor it no longer" in room.other.done(f"{here}/join", operation=operation).text
    assert [each["name"] for each in room.operations(path)[-1]["joined"]] == ["Corvalis"]
    assert "sponsors it already" in room.other.refused(f"{here}/join", operation=operation)
    room.other.done(f"{here}/leave", operation=operation)
    assert room.operations(path)[-1]["joined"] == []
    assert "withdraws its own" in room.other.refused(f"{here}/withdraw", operation=operation)
    room.one.done(f"{here}/withdraw", operation=operation)
    assert room.operations(path)[-1]["fate"] == "withdrawn"
    for step in ("join", "leave", "withdraw"):
        assert "no such proposal" in room.one.refused(f"{here}/{step}", operation="00" * 32)
        assert "no identifier" in room.one.refused(f"{here}/{step}", operation="no hex")


def test_a_proposed_clause_that_is_withdrawn_leads_to_the_text(room, path):
    here = clause(room, path, TWO)
    room.one.done(f"{here}/add", under=under(room, path, TWO), where="after", form="paragraph", words="3. Between.")
    made = room.operations(path)[-1]
    page = room.one.done(f"{path}/clauses/{made['clause']}/withdraw", operation=made["operation"])
    assert "Content <code" in page.text


def test_an_amendment_is_amended(room, path):
    change(room.one, clause(room, path, TWO), ("Two", "Deux or more"))
    change(room.other, clause(room, path, TWO), ("more", "fewer"))
    page = Reader(room.chair.get(clause(room, path, TWO)).text).text
    assert "Belmora: other words, Part A, Article 1, 2 (“Deux or more.”)" in page
    assert "Belmora: Deux or" in " ".join(page.split()), "whose words one would change"
    (slot, _) = [each for each in room.chair.api(f"{path}/slots") if each["form"] == "proposal"]
    assert [each["sponsors"] for each in slot["variants"]] == [[], ["Corvalis"]], "within Belmora's words"
    outer = [each for each in room.chair.api(f"{path}/slots") if each["form"] == "proposal"][1]
    assert outer["variants"][1]["text"] == "Deux or [more.][Corvalis propose: fewer.]", "by name, not by identifier"
    assert room.operations(path)[-1]["clause"] == room.rows(path)[TWO]["id"]


def test_the_chair_puts_words_that_nobody_sponsors_on_the_content_that_was_shown(room, path):
    before = clause(room, path, TWO)
    shown = room.chair.get(before).text
    assert "Put it as the chair’s text" in shown
    assert "Put it as the chair’s text" not in room.one.get(before).text
    digest = next(
        each["digest"] for each in room.chair.api(path)["tree"] if each.get("id") == room.rows(path)[TWO]["id"]
    )
    page = change(room.chair, clause(room, path, TWO), ("Two", "Zwei"), "chair-text", precondition=digest)
    assert "the chair" in Reader(page.text).text
    stale = {"new": "2. All else.", "precondition": digest}
    assert "has changed" in room.chair.refused(f"{before}/chair-text", **stale)
    assert room.one.refused(f"{before}/chair-text", **stale) == "Only the chair does that."
    digest = next(
        each["digest"] for each in room.chair.api(path)["tree"] if each.get("id") == room.rows(path)[TWO]["id"]
    )
    room.chair.done(f"{before}/chair-text", new="2. All else.", precondition=digest)
    assert [each["of_the_chair"] for each in room.operations(path)] == [True, True]


# --- what is said -------------------------------------------------------------------------------


def test_a_position_waits_on_something_and_depends_on_something(room, path):
    change(room.one, clause(room, path, TWO), ("Two", "Deux"))
    here, rows = clause(room, path, TWO), room.rows(path)
    operation = room.operations(path)[-1]["operation"]
    said = {"target": rows[TWO]["id"], "stance": "support", "given": operation, "note": "", "group": "",
            "pending_on": [rows[OTHER]["id"], rows["Part B"]["id"]]}  # fmt: skip
    page = Reader(room.other.done(f"{here}/position", **said).text).text
    assert "support, if this is taken: Belmora: other words, Part A, Article 1, 2" in page
    assert "waiting on Part A, Article 2; Part B" in page
    for changed, sentence in (
        ({"stance": "oppose"}, "Only a position in favour"),
        ({"stance": "maybe"}, "Choose one of the positions."),
        ({"given": "00" * 32}, "no such proposal"),
        ({"pending_on": ["11" * 16]}, "no such proposal"),
        ({"group": "SOUTH"}, "does not speak for that group"),
        ({"target": "22" * 16}, "no such proposal"),
    ):
        assert sentence in room.other.refused(f"{here}/position", **{**said, **changed})


def test_a_party_speaks_for_its_group(room, path):
    group = acts.Group("SOUTH", room.one.party.id, (room.one.party.id, room.other.party.id))
    room.say(room.chair, acts.Modalities(room.text, (group,), (), False))
    here = clause(room, path, TWO)
    assert 'name="group"' in room.one.get(here).text
    assert 'name="group"' not in room.other.get(here).text
    said = {"target": room.rows(path)[TWO]["id"], "stance": "reserve", "note": "", "given": "", "group": "SOUTH"}
    assert "SOUTH: reserve" in Reader(room.one.done(f"{here}/position", **said).text).text


def test_an_acceptance_is_taken_back_with_a_reason(room, path):
    here, name = clause(room, path, TWO), room.rows(path)[TWO]["id"]
    assert "Take the acceptance back" not in room.one.get(here).text
    assert "takes back only what it has accepted" in room.one.refused(f"{here}/reopen", reason="Why not.")
    content = next(each["content"] for each in room.one.api(path)["tree"] if each.get("id") == name)
    assert "Take the acceptance back" in room.one.done(f"{here}/accept", content_hash=content).text
    assert "A reason has between" in room.one.refused(f"{here}/reopen", reason="  ")
    page = room.one.done(f"{here}/reopen", reason=HOSTILE)
    assert HOSTILE not in page.text
    assert f"Belmora took its acceptance back: “{HOSTILE}”" in Reader(page.text).text
    assert "taken back" in page.text
    assert "Take the acceptance back" not in page.text
    assert well_made(page.text) == []


def test_who_accepted_the_whole_takes_one_clause_or_the_whole_back(room, path):
    here = clause(room, path, TWO)
    whole = room.one.api(path)["content_hash"]
    assert "Reopen the whole text" in room.one.done(f"{path}/accept", content_hash=whole).text
    assert "Reopen this clause" in room.one.get(here).text
    room.one.done(f"{path}/reopen", reason="New instructions.")
    assert [each["scope"] for each in room.around(path)["reopened"]] == [WHOLE.hex()]
    assert "Reopen" not in room.one.get(here).text


# --- notes --------------------------------------------------------------------------------------


def test_a_note_is_seen_by_those_for_whom_it_is_meant_and_by_nobody_else(room, path):
    here, name = clause(room, path, TWO), room.rows(path)[TWO]["id"]
    given = {"target": name, "nature": "negotiators"}
    room.one.done(f"{here}/note", **given, words=f"For all. {HOSTILE}", **{"for": "everybody"})
    room.one.done(f"{here}/note", **given, words="For us.", **{"for": "own"})
    room.one.done(f"{here}/note", **given, words="For the chair.", **{"for": "some"}, audience=[room.chair.party.id])
    seen = {each.party.name: Reader(each.get(here).text).text for each in (room.chair, room.one, room.other)}
    assert [each for each in seen if f"For all. {HOSTILE}" in seen[each]] == ["Arvenia", "Belmora", "Corvalis"]
    assert [each for each in seen if "For us." in seen[each]] == ["Belmora"]
    assert [each for each in seen if "For the chair." in seen[each]] == ["Arvenia", "Belmora"]
    page = room.other.get(here)
    assert HOSTILE not in page.text
    assert "Withdraw this note" not in page.text
    assert well_made(page.text) == []


def test_a_note_is_withdrawn_by_its_author_alone(room, path):
    here, name = clause(room, path, TWO), room.rows(path)[TWO]["id"]
    room.one.done(f"{here}/note", target=name, nature="footnote", words="A slip.", **{"for": "everybody"})
    (note,) = room.around(path)["notes"]
    assert "withdraws its own notes" in room.other.refused(f"{here}/withdraw", operation=note["note"])
    assert "A slip." not in room.one.done(f"{here}/withdraw", operation=note["note"]).text
    assert room.around(path)["notes"] == []


def test_a_note_on_the_whole_text_stands_beside_the_text(room, path):
    room.other.done(f"{path}/note", target="", nature="pending", words="Where do we meet?", **{"for": "everybody"})
    page = room.one.get(path)
    assert "Where do we meet?" in page.text
    assert well_made(page.text) == []
    (note,) = room.around(path)["notes"]
    assert "Where do we meet?" not in room.other.done(f"{path}/withdraw", operation=note["note"]).text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"for": ""}, "Say for whom the note is meant."),
        ({"for": "some"}, "Choose the parties for whom the note is meant."),
        ({"for": "everybody", "audience": "a" * 52}, "Parties are chosen, and yet the note is not meant for those."),
        ({"for": "own", "audience": "a" * 52}, "Parties are chosen, and yet the note is not meant for those."),
        ({"for": "some", "audience": "a" * 52}, "A note is for members of this line, each named once."),
        ({"nature": "poem"}, "Say what kind of note it is."),
        ({"words": " "}, "A note has between 1 and 10,000 characters."),
        ({"target": "33" * 16}, "There is no such proposal, package or clause in this text."),
        ({"target": "?"}, "The form names something that is no identifier."),
    ],
)
def test_a_note_that_does_not_say_for_whom_or_what_is_refused_with_a_sentence(room, path, fields, sentence):
    given = {"target": room.rows(path)[TWO]["id"], "nature": "negotiators", "words": "A word.", "for": "everybody"}
    assert room.one.refused(f"{clause(room, path, TWO)}/note", **{**given, **fields}) == sentence


def test_control_a_page_that_is_not_well_made_is_seen_to_be_so():
    bad = "<h1>A</h1><h3>B</h3><input name=one><select name=two></select><script>1</script><img src=x><div>"
    assert well_made(bad) == ["one", "two", (1, 3), {}, {"src": "x"}, ["div"]]
    assert well_made('<h1>A</h1><label>One<input name=one></label><input aria-label="Two">') == []


def test_a_clause_within_an_option_has_no_place_of_its_own(room):
    path = room.lay("# A\n\n## Article 1\n\nOption 1:\n\n1. One.\n\nOption 2:\n\n1. None.\n", "Options")
    rows = room.rows(path).values()
    inner = next(
        each["id"]
        for each in rolling.clauses(room.one.api(path)["tree"])
        if each["id"] not in {row["id"] for row in rows}
    )
    here = f"{path}/clauses/{inner}"
    page = room.one.get(here)
    assert "A new clause beside this one" not in page.text
    given = {"under": "", "where": "after", "form": "paragraph", "words": "New.", "target": ""}
    for step in ("add", "move"):
        assert "lies within another one" in room.one.refused(f"{here}/{step}", **given)
    assert well_made(page.text) == []
