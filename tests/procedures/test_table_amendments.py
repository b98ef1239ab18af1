"""Lists of amendments: read as parliaments write them, laid on one text, and nothing that cannot be laid is dropped."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from detente.cli.text import app
from detente.ground.errors import Malformed
from detente.ground.identifiers import ActId
from detente.procedures.table import amendments, amendments_list, amendments_place, tree
from detente.procedures.table.acts import Alternative, Edit
from detente.procedures.table.amendments import Kind

FIRST = "1. Each Party shall answer what it is asked within ten days, in good faith."
SECOND = "2. A Party that closes its line tells the others why it does so."
POINT = "(a) the reasons are given in writing;"


def row(number, location, old, new, *authors, language=""):
    text = {"old": old, "new": new}
    return {
        "amendment": number,
        "location": location,
        "authors": list(authors or ("Ada",)),
        "text": text,
        "language": language,
    }


def listed(*rows):
    return amendments_list.read("\n".join(json.dumps(each) for each in rows).encode()).amendments


def spliced(base, each):
    out, at = "", 0
    for hunk in each.hunks:
        out, at = out + base[at : hunk.lo] + hunk.words, hunk.hi
    return out + base[at:]


# --- locations ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Article 6 - paragraph 1 - point f a (new)", "Article 6 – paragraph 1 – point f a (new)"),
        ("Article 53 – paragraph 2 – subparagraph 1 – introductory part", None),
        ("Recital 2 a (new)", None),
        ("Chapter IV – section 3 – title", "Chapter iv – section 3 – title"),
        ("Article 35 — paragraph 3 bis (NEW)", "Article 35 – paragraph 3 bis (new)"),
        ("Title 1", None),
        ("Annex II – point 4", "Annex ii – point 4"),
    ],
)
def test_locations_are_read_and_written(written, shown):
    found = amendments_place.read(written)
    assert str(found) == (shown or written)
    assert amendments_place.read(str(found)) == found


@pytest.mark.parametrize(
    "written",
    ["", "Article", "paragraph 1", "Article 6 – verse 1", "Article 6 – Article", "Everything", "Recital 1 – ", "Article 1" * 60],
)  # fmt: skip
def test_what_is_no_location_is_none(written):
    assert amendments_place.read(written) is None


def test_locations_are_in_the_order_of_their_text():
    order = [
        "Title 1", "Recital 2", "Recital 2 a", "Recital 10", "Chapter 4 – section 4", "Article 6", "Article 6 – title",
        "Article 6 – paragraph 1 – introductory part", "Article 6 – paragraph 1 – point a",
        "Article 6 – paragraph 1 – point a a", "Article 6 – paragraph 1 – point b", "Article 6 – paragraph 1 – point aa",
        "Article 6 – paragraph 1 bis", "Article 6 – paragraph 2", "Article 10",
    ]  # fmt: skip
    found = [amendments_place.read(each) for each in order]
    assert sorted(set(found)) == found


# --- lists --------------------------------------------------------------------------------------

PLAIN = """\
Amendment 7
Ada Byron, Grace Hopper
on behalf of the Free Group
Proposal for a regulation
Article 1 – paragraph 1
Text proposed by the Commission         Amendment
1. Each Party shall answer what it      1. Each Party shall answer what it
is asked within ten days.               is asked within five days.
                                        It gives reasons.

Or. en

Justification
Because.

Amendment 8
Ada Byron
Article 1 – paragraph 2
|                                       |                                   |
|Text proposed by the Commission        |Amendment                          |
|2. A Party that closes its line        |deleted                            |
|tells the others.                      |                                   |
Or. en

<Amend>Amendment		<NumAm>9</NumAm>
<RepeatBlock-By><Members>Grace Hopper</Members>
</RepeatBlock-By>
<Article>Article 1 – paragraph 2 a (new)</Article>
|Text proposed by the Commission        |Amendment                          |
|                                       |2a. Lines are kept open.           |
Or. <Original>{EN}en</Original>

Amendment 10
Ada Byron
Somewhere
Text proposed by the Commission         Amendment
a                                       b
Amendment 11
Ada Byron
Article 1
"""


def test_a_list_as_it_is_printed_is_read_with_both_kinds_of_columns():
    found = amendments_list.read(PLAIN.encode())
    first, second, third = found.amendments
    assert first.authors == ("Ada Byron", "Grace Hopper", "the Free Group")
    assert (first.old, first.language) == ("1. Each Party shall answer what it is asked within ten days.", "en")
    assert first.new == "1. Each Party shall answer what it is asked within five days. It gives reasons."
    assert (second.old, second.new) == ("2. A Party that closes its line tells the others.", "")
    assert (str(third.location), third.old, third.new) == (
        "Article 1 – paragraph 2 a (new)",
        "",
        "2a. Lines are kept open.",
    )
    assert [(each.number, each.line) for each in found.unread] == [("10", 33), ("11", 38)]
    assert "no location" in found.unread[0].sentence
    assert "no two columns" in found.unread[1].sentence


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no amendment"),
        (b"Some text without any.", "no amendment"),
        (b"\xff\xfe", "not UTF-8: line 1"),
        (b"x" * (32 * 2**20 + 1), "at most 33,554,432 bytes"),
        (b'{"amendment": "1"}', "Line 1 of the list cannot be read"),
        (b'{"amendment": "1", "location": 3, "text": {"old": "", "new": ""}}', "Line 1"),
        (b'[{"a": 1}]', "cannot be read"),
        (b'[{"a":' * 3_000, "cannot be read"),
        (b"Amendment 1\n" * 20_001, "more than 20,000 amendments"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(raw, said):
    with pytest.raises(Malformed, match=said):
        amendments_list.read(raw)


@pytest.mark.parametrize(
    ("each", "said"),
    [
        (row("1", "Article 1 – verse 2", "a", "b"), "no location"),
        (row("1", "Article 1", "a", "b" * 60_001), "longer than"),
        (row("1", "Article 1", "a", "b\u202e"), "U\\+202E"),
        (row("1", "Article 1 a (new)", "", "deleted"), "puts nothing"),
        (row("1", "Article 1", "a", "b", *(["x"] * 201)), "too many authors"),
    ],
)
def test_an_amendment_that_cannot_be_read_hides_no_other(each, said):
    raw = json.dumps([each, row("2", "Article 1", "a", "b")]).encode()
    found = amendments_list.read(raw)
    assert [one.number for one in found.amendments] == ["2"]
    (unread,) = found.unread
    assert re.search(said, unread.sentence)


# --- laying on a base ---------------------------------------------------------------------------


def test_a_base_is_built_of_what_is_quoted_in_the_order_of_the_places():
    loaded = amendments.load(
        listed(
            row("2", "Article 1 – paragraph 2", SECOND, "deleted"),
            row("1", "Article 1 – paragraph 1", FIRST, FIRST.replace("ten", "five")),
            row("3", "Recital 1", "(1) Lines matter.", "(1) Lines matter much."),
        )
    )
    assert loaded.base == f"## Recital 1\n\n(1) Lines matter.\n\n## Article 1\n\n{FIRST}\n\n{SECOND}\n\n"
    assert [each.kind for each in loaded.anchored] == [Kind.DELETION, Kind.EDIT, Kind.EDIT]
    assert spliced(loaded.base, loaded.anchored[1]) == loaded.base.replace("ten", "five")
    assert loaded.anchored[0].body(ActId(b"t")) == Alternative(b"t", loaded.anchored[0].clause, "")
    assert isinstance(loaded.anchored[1].body(ActId(b"t")), Edit)


def test_several_changes_of_one_amendment_are_one_operation():
    new = FIRST.replace("Each Party", "The Parties").replace("in good faith", "in good time and gladly")
    (each,) = amendments.load(listed(row("1", "Article 1 – paragraph 1", FIRST, new))).anchored
    assert len(each.hunks) == 2
    assert spliced(f"## Article 1\n\n{FIRST}\n\n", each) == f"## Article 1\n\n{new}\n\n"


def test_equal_amendments_are_one_proposal_with_all_who_tabled_them():
    new = FIRST.replace("ten", "five")
    loaded = amendments.load(
        listed(
            row("1", "Article 1 – paragraph 1", FIRST, new, "Ada", "Grace"),
            row("2", "Article 1 – paragraph 1", FIRST, FIRST.replace("ten", "six"), "Emmy"),
            row("3", "Article 1 – paragraph 1", FIRST.replace(" what", "  what"), new, "Emmy", "Ada"),
        )
    )
    (joined,) = loaded.joined()
    assert (joined.numbers, joined.sponsors) == (("1", "3"), ("Ada", "Grace", "Emmy"))


def test_a_quotation_that_departs_is_laid_on_the_base_and_its_departure_is_no_proposal():
    other = FIRST.replace("in good faith", "and in good faith")
    loaded = amendments.load(
        listed(
            row("1", "Article 1 – paragraph 1", FIRST, FIRST.replace("ten", "nine")),
            row("2", "Article 1 – paragraph 1", FIRST, FIRST.replace("ten", "eight")),
            row("3", "Article 1 – paragraph 1", other, other.replace("ten", "five")),
        )
    )
    third = loaded.anchored[2]
    assert 0 < third.deviation < 10
    assert spliced(loaded.base, third) == loaded.base.replace("ten", "five")
    assert loaded.deviating == {third.amendment.location: 1}


def test_a_point_is_looked_up_in_the_words_of_the_paragraph_that_somebody_quotes_whole():
    whole = f"1. Reasons are given as follows: {POINT} (b) the time is given in hours."
    loaded = amendments.load(
        listed(
            row("1", "Article 1 – paragraph 1", whole, "deleted"),
            row("2", "Article 1 – paragraph 1 – point a", POINT, POINT.replace("writing", "time")),
        )
    )
    assert POINT not in loaded.base.split("\n\n")
    assert spliced(loaded.base, loaded.anchored[1]) == loaded.base.replace("writing", "time")


def test_a_new_place_stands_behind_the_place_before_it():
    loaded = amendments.load(
        listed(
            row("1", "Article 1 – paragraph 1", FIRST, FIRST.replace("ten", "nine")),
            row("2", "Article 2 – paragraph 1", SECOND, SECOND.replace("why", "when")),
            row("3", "Article 1 – paragraph 1 a (new)", "", "1a. New words."),
            row("4", "Article 1 – paragraph 3 a (new)", "", "3a. Other words."),
        )
    )
    assert f"{FIRST}\n\n1a. New words.\n\n## Article 2" in spliced(loaded.base, loaded.anchored[2])
    assert loaded.anchored[2].how == ""
    assert "behind Article 1 – paragraph 1" in loaded.anchored[3].how


def test_an_article_that_goes_without_being_quoted_is_its_heading():
    loaded = amendments.load(
        listed(row("1", "Article 1 – paragraph 1", FIRST, SECOND), row("2", "Article 1", "", "Article 1 deleted"))
    )
    rewrite, deletion = loaded.anchored
    assert (rewrite.kind, deletion.kind) == (Kind.REWRITE, Kind.DELETION)
    clauses = {clause.id: clause for clause in tree.clauses(loaded.document.passage)}
    assert clauses[deletion.clause].label == "Article 1"
    assert "heading" in deletion.how


def test_brackets_of_amendments_are_written_so_that_they_are_no_places_to_decide():
    old = "1. Within [5 years] the Parties meet."
    loaded = amendments.load(listed(row("1", "Article 1 – paragraph 1", old, old.replace("meet", "meet [or write]"))))
    assert "⟦5 years⟧" in loaded.base
    assert loaded.document.passage.open == 0
    assert loaded.anchored[0].hunks[0].words == " ⟦or write⟧"


BASE = f"""# A convention

## Article 1

{FIRST}

{SECOND}

    {POINT}

    (b) the time is given in hours [of the day].

## Article 2

1. This text binds no one.
"""


def test_a_base_that_is_given_is_found_by_its_labels_and_else_by_its_words():
    loaded = amendments.load(
        listed(
            row("1", "Article 1 – paragraph 1", FIRST, FIRST.replace("ten", "five")),
            row("2", "Article 1 – paragraph 2 – point a", POINT, POINT.replace("writing", "time")),
            row("3", "Article 9 – paragraph 4", SECOND, SECOND.replace("others", "Council")),
            row("4", "Article 2 – paragraph 1", "1. Nothing at all that is like it, anywhere.", "deleted"),
            row("5", "Article 7", "Words of which nobody has ever heard before.", "deleted"),
            row("6", "Article 1 – paragraph 1", FIRST, FIRST),
            row("7", "Article 1 – paragraph 1", "1. Cada Parte contestará lo que se le pregunte.", "x", language="es"),
        ),
        BASE,
    )
    assert [each.amendment.number for each in loaded.anchored] == ["1", "2", "3"]
    assert [spliced(BASE, each) for each in loaded.anchored] == [
        BASE.replace("ten", "five"), BASE.replace("writing", "time"), BASE.replace("the others", "the Council"),
    ]  # fmt: skip
    assert "elsewhere" in loaded.anchored[2].how
    assert [(each.amendment.number, each.how.split(",")[0][:34]) for each in loaded.left] == [
        ("4", "What it quotes is too far from wha"),
        ("5", "The base has no such place"),
        ("6", "It puts there what it quotes"),
        ("7", "It quotes the text in another lang"),
    ]


VOCABULARY = ("a", "line", "of", "words", "that", "Parties", "keep", "open", "at", "noon", "[shall]", "(b)", ";", ".")


@settings(max_examples=80)
@given(
    st.lists(
        st.sampled_from(VOCABULARY),
        min_size=3,
        max_size=30,
    ),
    st.lists(st.tuples(st.integers(0, 29), st.sampled_from(["", "new words", "noon", "[x]", "the"])), max_size=6),
)
def test_hunks_make_of_the_quotation_exactly_the_new_words(words, edits):
    new = list(words)
    for at, what in edits:
        new[at % len(new)] = what
    old, wanted = " ".join(words), " ".join(" ".join(new).split())
    place = "Article 1 – paragraph 1"
    rows = [row("1", place, old, wanted), row("2", place, old, "quite another wording")]
    loaded = amendments.load(listed(*rows))
    found = [each for each in loaded.anchored if each.amendment.number == "1" and each.hunks]
    if old != wanted and found:
        bracketless = str.maketrans("[]", "⟦⟧")
        assert spliced(loaded.base, found[0]) == loaded.base.replace(
            old.translate(bracketless) + "\n\n", wanted.translate(bracketless) + "\n\n"
        )
    assert len(loaded.anchored) + len(loaded.left) == 2


def run(*arguments):
    return CliRunner().invoke(app, ["amendments", *map(str, arguments)])


def test_the_command_says_it_on_screen_and_in_one_line_of_json(tmp_path):
    (tmp_path / "list.txt").write_text(PLAIN)
    shown = run(tmp_path / "list.txt")
    assert shown.exit_code == 0
    assert "3 (1 edit, 1 deletion, 1 insertion)" in shown.stdout
    assert "is no location" in shown.stdout
    out = run(tmp_path / "list.txt", "--json", "--write-base", tmp_path / "base.md").stdout
    assert out.count("\n") == 1
    found = json.loads(out)
    base = (tmp_path / "base.md").read_text()
    (hunk, *_) = found["operations"][0]["hunks"]
    assert base[hunk["lo"] : hunk["hi"]] == "ten days"
    assert found["operations"][0]["sponsors"] == ["Ada Byron", "Grace Hopper", "the Free Group"]
    assert (found["anchored"], len(found["unread"])) == (3, 2)
    again = json.loads(run(tmp_path / "list.txt", "--base", tmp_path / "base.md", "--json").stdout)
    assert again["anchored"] == 3


def test_the_command_refuses_with_2_and_writes_over_nothing(tmp_path):
    (tmp_path / "list.txt").write_text(PLAIN)
    (tmp_path / "base.md").write_bytes(b"\xff")
    for arguments in (
        [tmp_path / "absent"],
        [tmp_path / "base.md"],
        [tmp_path / "list.txt", "--base", tmp_path / "base.md"],
        [tmp_path / "list.txt", "--base", tmp_path / "absent"],
        [tmp_path / "list.txt", "--write-base", tmp_path / "base.md"],
    ):
        refused = run(*arguments)
        assert (refused.exit_code, refused.stdout) == (2, ""), arguments
        assert refused.stderr.count("\n") == 1
    assert (tmp_path / "base.md").read_bytes() == b"\xff"


def test_what_cannot_be_laid_on_the_base_says_why():
    both = f"Of all that the Parties ever said nothing stands here, and of {SECOND} not much."
    loaded = amendments.load(
        listed(
            row("1", "Article 1 – paragraph 1", both, both.replace("ten", "five")),
            row("2", "Recital 1 a (new)", "", "1a. Words before everything."),
            row("3", "Article 1 – paragraph 1", FIRST[3:60], "Each Party keeps silent"),
            row("4", "Article 1 – paragraph 2 a (new)", "", "2a. Palabras nuevas.", language="es"),
            row("5", "Article 1 – paragraph 2 b (new)", "Old words", "2b. New words."),
        ),
        BASE,
    )
    assert [each.amendment.number for each in loaded.left] == ["1", "2"]
    assert all(each.proposal == b"" for each in loaded.left)
    assert "nothing at that place or before it" in loaded.left[1].how
    assert [each.how for each in loaded.anchored] == [
        "It quotes a part of what stands at its place.",
        "Its words are in another language (es).",
        "It quotes words for a place that is new; they are left aside.",
    ]
    assert spliced(BASE, loaded.anchored[0]) == BASE.replace(FIRST[3:60], "Each Party keeps silent")


def test_changes_in_two_clauses_are_no_one_operation():
    base = "## Article 1\n\n1. Reasons are [given here:\n\n(a) in writing;\n\n(b) in time] by the Party that closes its line.\n"
    quoted = "1. Reasons are given here: (a) in writing; (b) in time by the Party that closes its line."
    place = "Article 1 – paragraph 1"
    loaded = amendments.load(
        listed(
            row("1", place, quoted, quoted.replace("Reasons", "Grounds").replace("writing", "words")),
            row("2", place, quoted, quoted.replace("Reasons", "Grounds").replace("closes", "shuts")),
        ),
        base,
    )
    assert [each.amendment.number for each in loaded.anchored] == ["2"]
    assert spliced(base, loaded.anchored[0]) == base.replace("Reasons", "Grounds").replace("closes", "shuts")
    assert "several clauses" in loaded.left[0].how


def test_more_parts_than_a_proposal_has_become_one():
    words = [f"word{number}" for number in range(400)]
    new = [word.upper() if at % 6 == 0 else word for at, word in enumerate(words)]
    old = "1. " + " ".join(words) + "."
    place = "Article 1 – paragraph 1"
    loaded = amendments.load(
        listed(row("1", place, old, "1. " + " ".join(new) + "."), row("2", place, old, old + " Yes."))
    )
    first = loaded.anchored[0]
    assert len(first.hunks) == 1
    assert spliced(loaded.base, first) == loaded.base.replace(" ".join(words), " ".join(new))


def test_changes_that_fall_together_on_a_departing_quotation_are_one_hunk():
    base = "1. Each Party answers."
    quoted = "1. Each Party, in the manner that follows, answers."
    place = "Article 1 – paragraph 1"
    loaded = amendments.load(
        listed(
            row("1", place, base, base + " Yes."),
            row("2", place, base, base + " No."),
            row("3", place, quoted, quoted.replace("in the", "by a").replace("follows", "precedes")),
        )
    )
    assert [each.amendment.number for each in loaded.anchored][:2] == ["1", "2"]
    assert all(hunk.lo <= hunk.hi <= len(loaded.base) for each in loaded.anchored for hunk in each.hunks)


def test_nothing_to_load_is_refused():
    with pytest.raises(Malformed, match="no amendment to load"):
        amendments.load([])


def test_long_quotations_are_laid_along_each_other_in_one_pass():
    words = [f"w{number % 977}" for number in range(9_000)]
    whole, part = "1. " + " ".join(words), "(a) " + " ".join(words[3_000:6_000])
    loaded = amendments.load(
        listed(
            row("1", "Article 1 – paragraph 1", whole, whole.replace("w976", "x")),
            row("2", "Article 1 – paragraph 1 – point a", part, part.replace("w3 ", "y ")),
            row("3", "Article 1 – paragraph 1", part + " and more", part + " and less"),
        )
    )
    assert len(loaded.anchored) + len(loaded.left) == 3
    assert loaded.anchored[0].hunks
