"""Every rule of the lint finds what it is for, says nothing of what is right, and changes nothing."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from detente.cli.text import app
from detente.ground.errors import Malformed
from detente.procedures.table import lint
from detente.procedures.table.lint_look import Look
from detente.procedures.table.lint_marks import values
from detente.procedures.table.lint_references import references

ARTICLES = """\
## Article 1

1. Each Party keeps a line as Article 2 says. In this Convention a line is what Article 3(2) says.

2. Nothing more.

## Article 2

1. Lines are kept at noon.

2. As paragraph 1 says, they are kept open.

3. So are those of Article 1, paragraph 2.

## Article 3

1. One.

2. Two.
"""


def said(text, rule=None):
    found = lint.look_over(text)
    return [each.sentence for each in found if rule is None or each.rule == rule]


def rules(text):
    return {each.rule for each in lint.look_over(text)}


def test_a_text_in_order_has_nothing_to_say_of_it():
    assert lint.look_over(ARTICLES) == ()


# Each row: the rule, a text of which it has something to say, a part of what it says, and one that is right.
CASES = [
    ("reference-unresolved", ARTICLES.replace("Article 2 says", "Article 7 says"), "Article 7 is not", ARTICLES),
    ("reference-unresolved", ARTICLES.replace("As paragraph 1", "As paragraph 9"), "no paragraph 9", ARTICLES),
    ("reference-unresolved", ARTICLES.replace("Article 1, paragraph 2", "Article 1, paragraph 3"), "paragraph 3 in Article 1",
     ARTICLES.replace("Article 1, paragraph 2", "Article 1, paragraphs 1 and 2")),
    ("reference-unresolved", ARTICLES.replace("Article 2 says", "Articles 2 to 5 say"), "Article 4 is not",
     ARTICLES.replace("Article 2 says", "Articles 1 to 3 say")),
    ("reference-unresolved", ARTICLES.replace("Article 3(2)", "paragraph 9 of Article 3"), "paragraph 9 in Article 3",
     ARTICLES.replace("Article 2 says", "Article 9 of the Harbour Agreement says")),
    ("reference-unresolved", ARTICLES.replace("Article 2 says", "Annex IV says") + "\n## Annex I\n\nA list.\n", "Annex IV",
     ARTICLES.replace("Article 2 says", "resolution 70/1, paragraph 9, says")),
    ("reference-ambiguous", ARTICLES + "\n## Article 2\n\n1. Again.\n", "Article 2 can be",
     ARTICLES.replace("1. Lines are kept at noon.", "**Option 1:**\n\n1. Lines.\n\n**Option 2:**\n\n1. Lines are kept at noon.")),
    ("reference-dropped", ARTICLES.replace("1. One.\n\n2. Two.", "(Deleted)"), "Article 3(2) was taken out", ARTICLES),
    ("numbering", ARTICLES.replace("2. Nothing", "3. Nothing"), "Between 1 and 3 a number is missing", ARTICLES),
    ("numbering", ARTICLES.replace("## Article 2", "## Article 2 bis").replace("## Article 3", "## Article 4"), "2 numbers are missing",
     ARTICLES.replace("2. Nothing", "1 bis. Nothing")),
    ("numbering", "1. A list:\n\n(a) one;\n\n(b) two;\n\n(d) four.\n", "Between (b) and (d)",
     "1. A list:\n\n" + "".join(f"({letter}) a point;\n\n    (i) one;\n\n    (ii) two;\n\n" for letter in "abcdefghijk")),
    ("number-twice", ARTICLES.replace("2. Nothing", "2. Nothing\n\n3. More\n\n2. Nothing"), "2 stands at line",
     ARTICLES.replace("1. One.", "[1. One.][1. Another.]")),
    ("brackets-unbalanced", "1. We [act.\n\n2. We rest.\n", "never closed", "1. We [act].\n"),
    ("placeholder", "1. Within [X] days, or by TBD.\n", "A place is kept", "1. Within ten days, as is to be decided by the Council.\n"),
    ("placeholder", "1. As Article X says.\n", "“Article X” is left over", "1. As part X of it says.\n"),
    ("placeholder", "1. The sum is to be determined.\n", "“to be determined”", "1. The sum to be determined by the Council.\n"),
    ("option-alone", "1. We act.\n\n**Option 2:** We rest.\n", "no other option", "**Option 1:** a\n\n**Option 2:** b\n"),
    ("sponsorless", "1. [BEL: One] [COR: two] [ARV: three] and [four].\n", "“four”",
     "1. [BEL: One [or two]] [COR: three] and [[BEL: four] five] [ARV: six].\n"),
    ("sponsorless", "1. [One] and [two].\n", "2 of 2 brackets", "1. One and two.\n"),
    ("final-clauses", "1. It is open for signature and enters into force at once. Done at sea.\n", "a depositary", ARTICLES),
    ("term-unused", "1. “Line” means a wire.\n", "“Line” is defined", "1. “Line” means a wire.\n\n2. Lines are long.\n"),
    ("term-undefined", "1. The JMA meets. The JMA votes.\n", "JMA is used 2 times", "1. The Joint Body (JMA) meets. The JMA votes.\n"),
    ("two-spellings", "1. They cooperate. They cooperate. They co-operate.\n", "“co-operate” stands here (1",
     "1. They cooperate. The likewise precise exercise advises four hours.\n"),
    ("two-spellings", "1. Organise it. They organize. They organize.\n", "“organise”", "1. Organise it. They organise.\n"),
    ("modals-mixed", "1. Each Party shall act. The Parties should rest.\n", "“should” stands", "1. Each Party shall act. It may rest.\n"),
    ("modals-mixed", "1. Each Party shall act. The Parties will rest.\n", "“will” stands",
     "1. The Parties [shall][should] rest, and the Parties [shall][should] act.\n"),
    ("word-twice", "1. The the line.\n", "“The” stands twice", "1. What they had had, and that that is, [the] the line.\n"),
    ("sentence-twice", f"1. {'word ' * 14}.\n\n2. {'word ' * 14}.\n", "line 1 too",
     f"**Option 1:** 1. {'word ' * 14}.\n\n**Option 2:** 1. {'word ' * 14}.\n"),
    ("and-or", "1. One and/or two.\n", "“and/or” stands 1 times", "1. One or two or both.\n"),
    ("hidden-letters", "1. A\u200bline and a\u202aturn.\n", "U+200B", "1. A line, with a no-break\u00a0space.\n"),
    ("look-alikes", "1. The P\u0430rty.\n", "U+0430", "1. The Party, \u0421\u0442\u0440\u0430\u043d\u0430 and \u03a7\u03ce\u03c1\u03b1.\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "wrong", "part", "right"), CASES, ids=[f"{at}-{row[0]}" for at, row in enumerate(CASES)]
)
def test_a_rule_finds_what_it_is_for_and_nothing_else(rule, wrong, part, right):
    assert any(part in sentence for sentence in said(wrong, rule)), said(wrong)
    assert said(right, rule) == []


def test_every_rule_is_tried_and_says_what_it_looks_for():
    tried = {row[0] for row in CASES} | {"modals-changed", "out-of-step"}
    assert tried == set(lint.BY_NAME)
    assert all(rule.what and rule.source for rule in lint.BY_NAME.values())


def test_references_know_their_article_and_leave_other_instruments_alone():
    text = "Article 4, paragraph 8, of the Convention; Articles 2 and 3(1); paragraph 2 of Article 5; this Agreement. "
    text += "TRIPS Article 9; Article 12 of the Agreement; decision 1/CP.4, paragraph 3; Article 7 of its Statute."
    found = [(each.kind, each.number, each.article) for each in references(Look(text))]
    assert found == [
        ("article", "2", None),
        ("article", "3(1)", None),
        ("paragraph", "2", "5"),
        ("article", "5", None),
        ("article", "12", None),
    ]


@pytest.mark.parametrize(
    ("number", "expected"),
    [("3", {("digits", 3)}), ("i", {("letters", 9), ("roman", 1)}), ("iv", {("roman", 4)}), ("qq.a.7", {("digits", 7)}), ("3bis", set())],
)  # fmt: skip
def test_numbers_are_read_in_every_way_that_they_can_be(number, expected):
    assert set(values(number)) == expected


def test_modals_that_changed_between_revisions_are_told_with_both_lines():
    before = Look(ARTICLES.replace("Lines are kept at noon", "Each Party shall keep its line open at noon"))
    after = Look("\n" + ARTICLES.replace("Lines are kept at noon", "Each Party should keep its line open at noon"))
    (found,) = lint.between([before, after])
    assert found.sentence == "“shall” (line 9 before) became “should”."
    assert found.line == 10
    assert lint.between([before, before]) == ()
    assert lint.between([before]) == ()


def test_versions_in_two_languages_that_are_out_of_step_are_told():
    french = ARTICLES.replace("## Article 3", "## Article 4")
    found = lint.languages({"en": Look(ARTICLES), "fr": Look(french)})
    assert [each.rule for each in found] == ["out-of-step"] * 2
    assert lint.languages({"en": Look(ARTICLES), "fr": Look(ARTICLES.replace("Nothing more", "Rien"))}) == ()
    assert lint.languages({"en": Look(ARTICLES)}) == ()


def test_what_a_rule_finds_without_end_is_cut_and_counted():
    found = lint.look_over("1. " + "the the " * (lint.MOST + 10))
    cut = [each.sentence for each in found if each.rule == "word-twice"]
    assert len(cut) == lint.MOST + 1
    assert "And 1" in cut[-1] or "more of this kind" in " ".join(cut)


def test_brackets_deeper_than_any_text_are_refused_and_long_texts_are_read_in_one_pass():
    with pytest.raises(Malformed, match="65 deep"):
        lint.look_over("[" * 65 + "x" + "]" * 65)
    bombs = {
        "[BEL: x] " * 1_000: 1,
        "".join(f"“Term {number}” means x. " for number in range(600)): 400,
        "ABC " * 5_000: lint.MOST + 1,
        "Article 9 " * 2_000: 0,
        "# A\n\nABC\n\n" * 1_000: 0,
    }
    assert [len(lint.look_over(bomb)) for bomb in bombs] == list(bombs.values())


PIECES = st.sampled_from(
    ["## Article 1\n\n", "1. ", "(a) ", "[", "]", "Article 1(2)", "paragraph 3 of Article 2", "shall", "Parties should ",
     "“Term” means", "\n\n", "\n", " ", "Option 1: ", "and/or", "\f", "TBD", "(i) ", "the the ", "\u200b", "JMA ", "decision 1/CP.2, "]
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=50).map("".join))
def test_any_text_is_looked_over_and_findings_have_a_line_of_it(text):
    lines = text.count("\n") + 1
    for each in lint.look_over(text):
        assert 0 <= each.line <= lines
        assert each.sentence
    assert len(Look(text).words) == len(text)


def run(*arguments):
    return CliRunner().invoke(app, ["lint", *map(str, arguments)])


def test_the_command_says_it_on_screen_and_in_json(tmp_path):
    one, other = tmp_path / "one.md", tmp_path / "other.md"
    one.write_text(
        ARTICLES.replace("Article 2 says", "Article 7 says").replace("Lines are kept", "Each Party shall keep its line")
    )
    other.write_text(ARTICLES.replace("Lines are kept", "Each Party should keep its line"))
    shown = run(one)
    assert shown.exit_code == 0
    assert "1 note (1 wrong, 0 doubtful, 0 style)" in shown.stdout
    found = json.loads(run(one, other, "--revisions", "--json").stdout)
    assert [each["counts"] for each in found["files"]] == [{"reference-unresolved": 1}, {}]
    assert [each["rule"] for each in found["between"]] == ["modals-changed"]
    assert run(one, other, "--languages").stdout.count("between them") == 0
    assert json.loads(run(one, "--rule", "and-or", "--json").stdout)["files"][0]["findings"] == []
    assert len(json.loads(run("--rules", "--json").stdout)["rules"]) == len(lint.RULES)
    assert "Unicode TR 39" in run("--rules").stdout
    (tmp_path / "parties.toml").write_text("[parties]\nBEL = []\n")
    assert run(one, "--profile", tmp_path / "parties.toml").exit_code == 0


def test_the_command_refuses_with_2(tmp_path):
    (tmp_path / "bad.md").write_bytes(b"\xff")
    (tmp_path / "good.md").write_text(ARTICLES)
    for arguments in (
        [],
        [tmp_path / "absent"],
        [tmp_path / "bad.md"],
        [tmp_path / "good.md", "--rule", "nonsense"],
        [tmp_path / "good.md", "--revisions"],
        [tmp_path / "good.md", tmp_path / "good.md"],
        [tmp_path / "good.md", "--profile", tmp_path / "bad.md"],
    ):
        refused = run(*arguments)
        assert (refused.exit_code, refused.stdout) == (2, ""), arguments
        assert refused.stderr


def test_what_is_printed_on_every_page_and_the_numbers_that_call_notes_are_no_words():
    pages = [
        [
            "HARBOUR STATES [x]",
            "",
            "1. As Article 1 says, the line1 is kept",
            "",
            "1",
            "   A note.",
            "",
            " " * 40 + "1",
        ],
        ["HARBOUR STATES [x]", "", "open, as Article 1[ 2] says.", "", "2   Another.", "", " " * 40 + "2"],
        ["HARBOUR STATES [x]", "", "## Article 1", "", "1. Words.", "", " " * 40 + "3"],
    ]
    text = "\f".join("\n".join(page) + "\n" for page in pages)
    look = Look(text)
    assert "HARBOUR" not in look.words
    assert "line is kept" in " ".join(look.words.split())
    assert lint.findings(look) == ()
    assert [(each.number, each.article) for each in references(look)] == [("1", None), ("1", None)]
