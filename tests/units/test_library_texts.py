"""The library of agreed texts: what is found bears its source, a query is only words, and a damaged file is left alone."""

import contextlib
import json

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from detente.cli.text import app
from detente.ground.errors import Malformed, Refused, Unfit
from detente.library.texts import LONGEST_QUERY, Work, open_library

HARBOURS = """\
## Article 1 (Lines)

1. Each Party shall keep a line open at noon, and shall answer what it is asked in good faith.

2. A Party that closes its line tells the others:

(a) why it does so;

(b) when it opens it again.

## Article 2 (Disputes)

1. Disputes are settled by the Council of the Harbours, whose decision is final.
"""
RIVERS = """\
## Article 7

1. Every Party shall keep a line open at noon, and shall answer what it is asked in good time.

## Article 8

1. La Partie répond à toute question qui lui est posée.
"""
KNOWN = Work("Convention of the Harbours", "HS/2031/4", "2031-05-17", "Council of the Harbours", "12-0-3", "in force",
             "en", "Harbour Gazette 4")  # fmt: skip


@pytest.fixture
def library():
    opened = open_library(":memory:")
    opened.add(KNOWN, HARBOURS)
    opened.add(Work("Convention of the Rivers"), RIVERS)
    yield opened
    opened.close()


def test_a_hit_says_where_it_was_agreed_and_what_is_not_known_is_empty(library):
    first, *rest = library.search("line noon faith")
    assert (first.label, first.whole, first.work.work) == ("Article 1, 1", True, KNOWN)
    assert "open at noon" in first.excerpt
    assert not any(each.whole for each in rest)
    rivers = next(each.work.work for each in rest if each.work.number == 2)
    assert rivers == Work("Convention of the Rivers")


def test_points_belong_to_their_paragraph_and_headings_are_found(library):
    (found,) = library.search('"opens it again"')
    assert (found.label, found.line) == ("Article 1, 2", 5)
    assert library.search("disputes")[0].heading == "Article 2 (Disputes)"


def test_letters_are_found_without_their_marks_and_case(library):
    assert library.search("REPOND posee")[0].work.work.title == "Convention of the Rivers"


def test_a_passage_is_found_by_what_reads_like_it(library):
    hits = library.like(
        "1. Each Party shall keep its line open at noon and shall answer in good faith what it is asked."
    )
    assert [each.work.work.title for each in hits[:2]] == ["Convention of the Harbours", "Convention of the Rivers"]
    assert hits[0].score > hits[1].score > 50
    assert library.like("zzz qqq") == []
    with pytest.raises(Malformed, match="no words"):
        library.like("  \n ")


def test_scripts_without_spaces_are_found_by_three_letters():
    library = open_library(":memory:")
    library.add(Work("港口公约", language="zh"), "第一条\n\n缔约方应当在正午保持线路畅通，并善意回答所提出的问题。\n")
    assert library.search("保持线路")[0].work.work.title == "港口公约"
    assert library.like("缔约方应在正午保持线路畅通")[0].work.work.title == "港口公约"
    with pytest.raises(Malformed, match="at least three letters"):
        library.search("线路")
    library.remove(1)
    assert library.search("保持线路") == []
    library.close()


# What a query language would take for operators, and what would break out of quotes.
INJECTIONS = [
    'noon" OR "1"="1', "noon OR disputes", "NEAR(line noon, 3)", "heading: disputes", "no*", "^line", "line NOT noon",
    "{heading words}: line", '" " ""', "line AND", "(line", "'; DROP TABLE works; --", "\\", '"line" + "noon"', "-line",
]  # fmt: skip


@pytest.mark.parametrize("query", INJECTIONS)
def test_no_query_is_more_than_words(library, query):
    with contextlib.suppress(Malformed):  # of no word at all
        assert all(each.work.number in {1, 2} for each in library.search(query))
    assert len(library.works()) == 2
    assert library.search("line noon faith")[0].whole


def test_words_that_are_operators_elsewhere_are_words_here(library):
    assert all(not each.whole for each in library.search("line NOT noon"))  # no passage has the word "not"
    assert library.search("no*") == []


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_query_finds_or_is_refused(query):
    library = open_library(":memory:")
    library.add(KNOWN, HARBOURS)
    with contextlib.closing(library), contextlib.suppress(Malformed):
        assert all(each.work.number == 1 for each in library.search(query))


def test_queries_that_are_too_large_are_refused(library):
    with pytest.raises(Malformed, match="at most 1,000 characters"):
        library.search("x" * (LONGEST_QUERY + 1))
    with pytest.raises(Malformed, match="at most 40 words"):
        library.search("x " * 41)
    assert library.search("x " * 40) == []


@pytest.mark.parametrize(
    ("work", "text", "said"),
    [
        (Work(""), "1. Words that are long enough.", "title"),
        (Work("T\u202e"), "1. Words that are long enough.", "U\\+202E"),
        (Work("T", symbol="x" * 500), "1. Words that are long enough.", "symbol"),
        (Work("T", date="17 May"), "1. Words that are long enough.", "2031-05-17"),
        (Work("T", status="agreed"), "1. Words that are long enough.", "is one of: adopted"),
        (Work("T", language="English"), "1. Words that are long enough.", "language"),
        (Work("T"), "", "between 1 and 50,000 passages"),
        (Work("T"), "1. A\u202e word that turns.", "U\\+202E"),
        (Work("T"), "[" * 70 + "x" + "]" * 70, "nested 70 deep"),
    ],
)
def test_what_cannot_be_a_work_is_refused_and_nothing_is_added(library, work, text, said):
    with pytest.raises(Malformed, match=said):
        library.add_all([(Work("Good"), "1. A text that is good enough."), (work, text)])
    assert len(library.works()) == 2
    assert library.search('"good enough"') == []


def test_a_text_is_in_the_library_once_and_goes_as_a_whole(library):
    with pytest.raises(Refused, match="already: number 1"):
        library.add(Work("The same again"), HARBOURS)
    assert library.remove(1).work == KNOWN
    assert [each.number for each in library.works()] == [2]
    assert library.search("disputes") == []
    with pytest.raises(Refused, match="no work of the number 1"):
        library.remove(1)
    again = library.add(KNOWN, HARBOURS)
    assert library.search("disputes")[0].work.number == again.number


# --- the file -----------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path):
    path = tmp_path / "library.db"
    opened = open_library(path, make=True)
    for number in range(30):
        opened.add(Work(f"Text {number}"), HARBOURS.replace("noon", f"hour{number}"))
    opened.close()
    return path


def whole(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_library_is_there_again_and_is_made_only_when_asked(shelf, tmp_path):
    opened = open_library(shelf)
    assert opened.search("hour17")[0].work.work.title == "Text 17"
    opened.close()
    with pytest.raises(Unfit, match="There is no library"):
        open_library(tmp_path / "other.db")
    assert not (tmp_path / "other.db").exists()


def test_a_second_program_is_refused_while_the_first_works(shelf):
    opened = open_library(shelf)
    with pytest.raises(Unfit, match="Another program"):
        open_library(shelf)
    opened.close()


@pytest.mark.parametrize("kind", ["cut", "flipped", "empty", "foreign", "no marker", "gone"])
def test_a_damaged_library_is_not_opened_and_not_touched(shelf, kind):
    raw = shelf.read_bytes()
    match kind:
        case "cut":
            shelf.write_bytes(raw[: len(raw) // 2])
        case "flipped":
            middle = len(raw) // 2
            shelf.write_bytes(
                raw[:middle] + bytes(each ^ 0x5A for each in raw[middle : middle + 4096]) + raw[middle + 4096 :]
            )
        case "empty":
            shelf.write_bytes(b"")
        case "foreign":
            shelf.write_bytes(b"A text, and no store at all. " * 1_000)
        case "no marker":
            next(each for each in shelf.parent.iterdir() if each != shelf).unlink()
        case _:
            shelf.unlink()
    before = whole(shelf.parent)
    with pytest.raises(Unfit) as refused:
        open_library(shelf, make=True)
    assert refused.value.sentence
    assert whole(shelf.parent) == before


def test_an_index_that_tells_of_other_texts_than_the_passages_is_found(shelf):
    connection = apsw.Connection(str(shelf))
    connection.execute("DELETE FROM passages WHERE passage = 3")
    connection.close()
    before = whole(shelf.parent)
    with pytest.raises(Unfit, match="do not tell of the same texts"):
        open_library(shelf)
    assert whole(shelf.parent) == before


# --- the commands -------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "harbours.md").write_text(HARBOURS)
    (tmp_path / "rivers.md").write_text(RIVERS)
    return tmp_path


def run(desk, *arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], env={"DETENTE_LIBRARY": str(desk / "library.db")})


def test_texts_are_added_listed_found_and_removed(desk):
    made = run(desk, "library", "add", desk / "harbours.md", "--title", "Convention of the Harbours", "--symbol", "HS/2031/4",
               "--date", "2031", "--body", "Council", "--vote", "12-0-3", "--status", "in force", "--language", "en",
               "--source", "Gazette")  # fmt: skip
    assert made.exit_code == 0, made.stderr
    assert "in force; symbol HS/2031/4; date 2031; body Council; vote 12-0-3; source Gazette" in made.stdout
    plain = run(desk, "library", "add", desk / "rivers.md")
    assert "status not known; symbol not known; date not known" in plain.stdout
    shown = run(desk, "search", "line noon")
    assert "in force; symbol HS/2031/4" in shown.stdout
    assert "vote not known; source not known" in shown.stdout
    found = json.loads(run(desk, "search", "line noon", "--json").stdout)["hits"]
    assert {each["work"]["work"]: (each["work"]["vote"], each["work"]["symbol"]) for each in found} == {
        1: ("12-0-3", "HS/2031/4"),
        2: (None, None),
    }
    assert "Nothing in the library" in run(desk, "search", "submarine").stdout
    assert json.loads(run(desk, "library", "list", "--json").stdout)["works"][1]["title"] == "rivers.md"
    assert run(desk, "library", "remove", "1").exit_code == 0
    assert [each["work"] for each in json.loads(run(desk, "library", "list", "--json").stdout)["works"]] == [2]


def test_the_passages_of_a_file_are_looked_for_each_for_itself(desk):
    run(desk, "library", "add", desk / "harbours.md")
    found = json.loads(run(desk, "search", "--like", desk / "rivers.md", "--at-least", "70", "--json").stdout)[
        "passages"
    ]
    hits = {each["label"]: [hit["label"] for hit in each["hits"]] for each in found}
    assert hits["Article 7, 1"] == ["Article 1, 1"]
    assert hits["Article 8, 1"] == []
    assert "nothing in the library reads like this" in run(desk, "search", "--like", desk / "rivers.md").stdout


def test_a_manifest_adds_all_or_none(desk):
    manifest = desk / "texts.csv"
    manifest.write_text("file,title,status\nharbours.md,The Harbours,adopted\nrivers.md,,\n")
    added = json.loads(run(desk, "library", "add", "--manifest", manifest, "--json").stdout)["added"]
    assert [(each["title"], each["status"]) for each in added] == [("The Harbours", "adopted"), ("rivers.md", None)]
    manifest.write_text("file,title\nharbours.md,Again\n")
    assert run(desk, "library", "add", "--manifest", manifest).exit_code == 2
    assert len(json.loads(run(desk, "library", "list", "--json").stdout)["works"]) == 2


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("title\nx\n", "columns of a manifest"),
        ("file,colour\nx,red\n", "columns of a manifest"),
        ("file,title\nharbours.md\n", "Line 2 of the manifest has not"),
        ("file\n../harbours.md\n", "names no file beside it"),
        ("file\n/etc/hostname\n", "names no file beside it"),
        ("file\nabsent.md\n", "absent.md cannot be read"),
        ('file\n"unclosed\n', "cannot be read"),
        ("file,date\nharbours.md,yesterday\n", "A date is written"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_before_a_library_is_made(desk, written, said):
    (desk / "texts.csv").write_text(written)
    refused = run(desk, "library", "add", "--manifest", desk / "texts.csv")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert not (desk / "library.db").exists()


def test_commands_refuse_with_2(desk):
    (desk / "bad.md").write_bytes(b"\xff")
    run(desk, "library", "add", desk / "harbours.md")
    for arguments in (
        ["search"],
        ["search", "x", "--like", desk / "rivers.md"],
        ["search", "x", "--most", "0"],
        ["search", "..."],
        ["search", "--like", desk / "bad.md"],
        ["search", "--like", desk / "absent.md"],
        ["library", "add"],
        ["library", "add", desk / "bad.md"],
        ["library", "add", desk / "harbours.md"],
        ["library", "remove", "9"],
        ["similar", desk / "bad.md"],
        ["similar", desk / "harbours.md", "--at-least", "0"],
    ):
        refused = run(desk, *arguments)
        assert (refused.exit_code, refused.stdout) == (2, ""), arguments
        assert refused.stderr.count("\n") == 1
    (desk / "library.db").write_bytes(b"not a store")
    refused = run(desk, "search", "line")
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_clauses_of_one_text_that_read_alike_are_told(desk):
    (desk / "text.md").write_text(HARBOURS + "\n" + RIVERS)
    (pair,) = json.loads(run(desk, "similar", desk / "text.md", "--json").stdout)["pairs"]
    assert (pair["one"]["label"], pair["other"]["label"], pair["alternatives"]) == (
        "Article 1, 1",
        "Article 7, 1",
        False,
    )
    shown = run(desk, "similar", desk / "text.md", "--at-least", "70").stdout
    assert shown.endswith("1 pairs\n")
