"""The importer: nothing is lost, nothing recurses, and what does not balance is said with its line."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import shared
from typer.testing import CliRunner

from detente.cli.text import app
from detente.ground.errors import Malformed
from detente.procedures.table import inspect, tree
from detente.procedures.table.parse import LARGEST_TEXT, parse
from detente.procedures.table.tree import Clause, Form, Run, Slot

TEXTS = Path(__file__).resolve().parents[2] / "detente" / "cli" / "demo" / "texts"
SIGNS = [
    "[",
    "]",
    "[shall]",
    "[should]",
    "[x][y]",
    "[^1]",
    "[Placeholder]",
    "[BEL/COR propose: ",
    "[ARV oppose 3: ",
    " / ",
]
LABELS = ["## Article 1\n", "1. ", "    2. ", "(a) ", "---\n", "Negotiators' Note: ", "{Placement}", "words ", "one, "]
OPTIONS = ["**Option 1:** ", "**Option 2:** ", "Option (a): ", "Option I:\n", "No text"]
LINKS = ["[link]: http://example.org/a\n", "[link][link]", "[there](http://example.org)"]
BYTES = [" ", "\n", "\n\n", "\r\n", "\t", "\x0c", "\ufeff", "e\u0301", "\u00e9"]
PIECES = st.sampled_from([*SIGNS, *LABELS, *OPTIONS, *LINKS, *BYTES])
DRAFTS = st.lists(PIECES, max_size=60).map("".join)


def slots_of(text: str) -> list[Slot]:
    return list(tree.slots(parse(text).document.passage))


def words(variant: tree.Variant) -> str:
    return "".join(item.text for item in variant.words if isinstance(item, Run))


@settings(max_examples=200)
@given(DRAFTS)
def test_p16_any_text_is_rendered_byte_for_byte_from_the_tree_alone(text):
    parsed = parse(text)
    assert tree.render(parsed.document) == text
    found = list(tree.slots(parsed.document.passage))
    assert len({slot.id for slot in found}) == len(found) == parsed.document.passage.open
    bare = re.sub(r"\[\^[^\]\[\n]{1,60}\]", "", text)
    assert (parsed.brackets.opening, parsed.brackets.closing) == (bare.count("["), bare.count("]"))


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_any_unicode_is_rendered_byte_for_byte(text):
    raw = text.encode("utf-8", errors="ignore")
    assert inspect.inspect(raw).byte_identical


@given(DRAFTS)
def test_the_same_text_makes_the_same_tree(text):
    assert parse(text).document.digest == parse(text).document.digest


def test_forms_of_slots_and_their_variants():
    assert [words(v) for v in slots_of("We [shall][should] act.")[0].variants] == ["shall", "should"]
    assert slots_of("We [shall] [may] act.")[0].form is Form.EXCLUSIVE
    single = slots_of("We [promptly] act.")[0]
    assert [words(v) for v in single.variants] == [" promptly", ""]
    assert [slot.form for slot in slots_of("Trees[, oceans] [and lakes][, ponds]")] == [Form.BRACKET] * 3
    slash = slots_of("We [complementary to / compatible with] it")[0]
    assert [words(v) for v in slash.variants] == [" complementary to", " compatible with", ""]
    nested = slots_of("[a [b [c]]]")
    assert [slot.open for slot in nested] == [3, 2, 1]


def test_a_bracket_after_a_space_leaves_no_second_space_and_none_before_a_comma():
    taken = slots_of("It contains [, as far as known]: x")[0]
    assert (words(taken.variants[0]), taken.variants[0].lead) == (", as far as known", " [")
    two = slots_of("x [taking] [giving] y")
    assert [words(slot.variants[0]) for slot in two] == [" taking", " giving"]


@pytest.mark.parametrize(
    ("text", "variants"),
    [
        ("by [10][15][to be determined] days", 3),
        ("in [year x] [2020] [2021] at last", 3),
        ("[55][60][70][X] instruments", 4),
        ("[20 per cent] [30%] [x] of it", 3),
        ("[50][fifty or more of those which are named in the annex]", 1),
    ],
)
def test_figures_and_places_kept_for_one_are_alternatives(text, variants):
    slot = slots_of(text)[0]
    assert sum(variant.written for variant in slot.variants) == variants
    assert slot.inferred == (variants > 1)


def test_the_first_heading_behind_a_byte_order_mark_is_a_heading():
    text = "\ufeff## Article 1\n\n1. Words.\n"
    kinds = [(clause.kind.value, clause.label) for clause in tree.clauses(parse(text).document.passage)]
    assert kinds == [("heading", "Article 1"), ("paragraph", "1")]
    (options,) = slots_of("\ufeffOption 1: a\n\nOption 2: b\n")
    assert [variant.lead for variant in options.variants] == ["Option 1: ", "Option 2: "]


def test_a_line_in_capitals_is_a_heading_and_a_code_is_none():
    text = "We act.\nIV. LOSS AND DAMAGE\nWe rest.\nBEL/COR/ARV\nTBD\n[MITIGATION]\n"
    headings = [c.line for c in tree.clauses(parse(text).document.passage) if c.kind is tree.ClauseKind.HEADING]
    assert headings == [2, 6]


def test_options_make_one_slot_and_no_text_is_empty():
    text = (
        "## Article 1\n\n**Option 1:**\n\n1. One [x].\n\n2. Two.\n\n**Option 2:** No text\n\n## Article 2\n\nThree.\n"
    )
    slot, inner = slots_of(text)
    assert (slot.form, len(slot.variants), inner.form) == (Form.OPTIONS, 2, Form.BRACKET)
    assert words(slot.variants[1]) == "\n\n"
    assert [item.label for item in slot.variants[0].passage.items if isinstance(item, Clause)] == ["1", "2"]


def test_options_nest_by_letter_and_end_where_the_next_paragraph_stands_further_left():
    text = "1. **Option 1:** a\n\n    Option (a): b\n\n    Option (b): c\n\n    **Option 2:** d\n\n2. e\n"
    outer, inner = slots_of(text)
    assert (len(outer.variants), len(inner.variants)) == (2, 2)
    labels = [clause.label for clause in tree.clauses(parse(text).document.passage) if clause.label]
    assert labels == ["1", "2"]


def test_a_lone_option_stays_text():
    assert slots_of("Option 1: all there is\n") == []


def test_unclosed_brackets_end_with_their_article_and_strays_stay():
    text = "## Article 1\n\nWe [act.\n\n## Article 2\n\nWe rest].\n\n## Article 3\n\nWe [sleep.\n"
    parsed = parse(text)
    spanning, left = tree.slots(parsed.document.passage)
    assert (spanning.variants[0].tail, left.variants[0].tail) == ("]", "")
    assert [(each.line, each.kind) for each in parsed.diagnostics] == [(11, "unclosed")]
    stray = parse("We] act [here].")
    assert [(each.line, each.kind) for each in stray.diagnostics] == [(1, "stray")]
    early = parse("## Article 1\n\nWe [act.\n\n## Article 2\n\nWe rest.\n")
    assert next(iter(tree.slots(early.document.passage))).variants[0].passage.open == 0
    assert "line 3" in early.diagnostics[0].sentence


def test_links_and_footnote_anchors_are_no_slots():
    parsed = parse("See [the draft][old] and [here](http://example.org/x)[^1].\n\n[old]: http://example.org/y\n")
    assert parsed.document.passage.open == 0
    assert (parsed.brackets.opening, len(parsed.brackets.links)) == (4, 8)
    assert slots_of("See paragraph [x](a) above")[0].form is Form.BRACKET


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[BEL/COR12 propose3; ARV oppose: x]", [(("BEL", "COR"), "propose"), (("ARV",), "oppose")]),
        ("[ARV: x]", [(("ARV",), None)]),
        ("[ARV\n          oppose: x]", [(("ARV",), "oppose")]),
        ("[CORpropose: x]", [(("COR",), "propose")]),
        ("[ARV/BEL//COR, G77 oppose:13 4. x]", [(("ARV", "BEL", "COR", "G77"), "oppose")]),
        ("[ARV alternative propose; BEL/\nCOR oppose: x]", [(("ARV",), "propose"), (("BEL", "COR"), "oppose")]),
        ("agreed ARV/BEL propose: and more", [(("ARV", "BEL"), "propose")]),
        ("[words: and more]", []),
    ],
)
def test_attributions(written, expected):
    assert [(each.parties, each.verb) for each in parse(written).attributions] == expected


def test_a_code_that_looks_like_a_slip_is_reported_and_kept():
    parsed = parse("[BEL: x] " * 5 + "[BFL: y]")
    assert parsed.attributions[-1].parties == ("BFL",)
    assert [each.kind for each in parsed.diagnostics] == ["party"]


@pytest.mark.parametrize("size", [1000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_bracket_bombs_come_out_right(size):
    bomb = inspect.inspect(b"[" * size + b"x" + b"]" * size)
    assert (bomb.max_depth, bomb.slots, bomb.byte_identical) == (size, size, True)
    unclosed = inspect.inspect(b"[" * size)
    assert (len(unclosed.unclosed_lines), unclosed.byte_identical) == (size, True)


def test_too_many_brackets_and_too_many_bytes_are_refused_with_a_sentence():
    with pytest.raises(Malformed, match="250,000 opening brackets"):
        inspect.inspect(b"[" * 300_000)
    with pytest.raises(Malformed, match=f"{LARGEST_TEXT:,} bytes"):
        inspect.inspect(b"x" * (LARGEST_TEXT + 1))


def test_bytes_that_are_not_utf8_are_refused_with_line_and_offset():
    with pytest.raises(Malformed, match="line 2, byte offset 8, holds 0xff"):
        inspect.inspect(b"Article\n\xff [x]")


def test_line_ends_byte_order_mark_and_decomposed_letters_stay():
    found = inspect.inspect("\ufeff## Article 1\r\n\r\n1. Be\u0301lmora [shall][should].\r\n2. [x\r\n".encode())
    assert found.byte_identical
    assert (found.byte_order_mark, found.carriage_returns, found.composed) == (True, 4, False)
    assert (found.unclosed_lines, found.lines) == ((4,), 4)


def run(*arguments: str):
    return CliRunner().invoke(app, ["inspect", *arguments])


def test_inspect_says_it_on_screen_and_in_one_line_of_json(tmp_path):
    shown = run(str(TEXTS / "hotline.md"))
    assert shown.exit_code == 0
    assert "stray         1 (line 99)" in shown.stdout
    printed = run(str(TEXTS / "hotline.md"), "--json").stdout
    assert printed.count("\n") == 1
    found = json.loads(printed)
    assert (found["open"], found["close"], found["unclosed"], found["stray"]) == (116, 117, 0, 1)
    assert (found["byte_identical"], found["stray_lines"]) == (True, [99])
    assert {"parties": ["BEL", "COR"], "verb": "propose", "line": 41, "outside": False} in found["attributions"]


def test_inspect_ends_with_2_where_it_cannot_read(tmp_path):
    assert run(str(tmp_path / "absent.md")).exit_code == 2
    (tmp_path / "bad.md").write_bytes(b"\n\xfe")
    refused = run(str(tmp_path / "bad.md"))
    assert (refused.exit_code, refused.stdout) == (2, "")
    (tmp_path / "huge.md").write_bytes(b"x" * 20_000_000)
    assert run(str(tmp_path / "huge.md"), "--json").exit_code == 2


CORPUS = [
    ("paris-2015/agreement_2015-10-23.md", 1028, 1029, 7, [869], [24, 30]),
    ("paris-2015/agreement_2015-12-04.md", 1024, 1027, 10, [741], [25, 39, 45, 661]),
    ("paris-2015/draft_2015-10-23_layout.txt", 1617, 1618, 7, [2300, 2917], [44, 214, 2207]),
    ("paris-2015/nonpaper_2015-10-05_layout.txt", 231, 231, 3, [], []),
    ("tpp-ip-2013/tpp_ip_part1_sections_A-D.txt", 208, 208, 4, [1170], [265]),
]


@pytest.mark.vectors
@pytest.mark.parametrize("expected", CORPUS, ids=[row[0] for row in CORPUS])
def test_real_texts(expected):
    path, opening, closing, depth, unclosed, stray = expected
    found = inspect.inspect(shared(f"corpus/{path}").read_bytes())
    assert (found.open, found.close, found.max_depth) == (opening, closing, depth)
    assert (list(found.unclosed_lines), list(found.stray_lines)) == (unclosed, stray)
    assert found.byte_identical


@pytest.mark.vectors
def test_burn_down_of_the_paris_drafts():
    """From October to December brackets went: in all, and slot by slot."""
    october, december = (
        inspect.inspect(shared(f"corpus/paris-2015/agreement_2015-{day}.md").read_bytes()) for day in ("10-23", "12-04")
    )
    assert october.open > december.open
    assert october.slots > december.slots
    assert october.options > december.options


@pytest.mark.vectors
def test_every_head_of_a_bracket_in_a_text_full_of_them_is_found():
    text = shared("corpus/tpp-ip-2013/tpp_ip_part1_sections_A-D.txt").read_text("utf-8")
    found = {(each.line, each.verb) for each in parse(text).attributions}
    for head in re.finditer(r"\[[A-Z]{2}[^\]:]{0,120}?(propose|oppose)[^\]:]{0,80}:", text):
        assert (text.count("\n", 0, head.start()) + 1, head[1]) in found, head[0]


def test_front_matter_is_one_clause_and_labels_are_what_lines_begin_with():
    text = (
        "---\ntitle: A text\n---\n\n# A title\n\nPP 1\nBeing ready,\n\n[Article QQ.A.2bis: {Principles}\n\n"
        "(iv) a point\n\n3bis. A paragraph.]\n\nNegotiators' Note: BEL reserves its position.\n"
    )
    kinds = [(clause.kind.value, clause.label) for clause in tree.clauses(parse(text).document.passage)]
    assert kinds == [
        ("front", ""),
        ("heading", ""),
        ("paragraph", "PP 1"),
        ("heading", "Article QQ.A.2bis"),
        ("point", "(iv)"),
        ("paragraph", "3bis"),
        ("note", "Negotiators' Note"),
    ]
