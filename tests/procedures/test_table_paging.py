"""Pages: what is printed on every one is no part of the text, and nothing is lost by knowing it."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.procedures.table import inferences, inspect, paging, tree
from detente.procedures.table.parse import parse
from detente.procedures.table.tree import ClauseKind, Form

HEAD = ["CONFERENCE OF THE HARBOUR STATES", "HS/2031/L.4   [Rights] Chapter"]
WORDS = [
    "1. Each Party shall [promptly] answer what it is asked, and keep",
    "the line open [at all times] between noon and midnight.",
    "2. A Party that [BEL/COR propose: closes] its line tells the others",
    "why it does so, and when it opens it again.",
    "(a) The reasons are given in writing.",
    "(b) The time is given in hours [of the day][of the night].",
    "3. Nothing in this Article [ARV oppose: binds] a Party that",
    "stands outside the Convention.",
]


def printed(lines, per_page, *, number="{}", form_feed="\f", head=HEAD):
    """The lines on pages, with a running head, and a number at the foot that stands far to the right."""
    pages = [lines[at : at + per_page] for at in range(0, len(lines), per_page)]
    written = []
    for page, held in enumerate(pages, 1):
        foot = " " * 40 + number.format(page)
        written += [form_feed + head[0], *head[1:], "", *held, "", foot]
    return "\n".join(written) + "\n"


def different(times):
    """The lines again and again, each time with another word in them: what repeats at an edge is furniture."""
    return [line.replace(" ", f" {word} ", 1) for word in ("here", "there", "then", "now")[:times] for line in WORDS]


def shape(text):
    """Kinds and labels of clauses, forms of slots, and the words of each variant, blanks apart."""
    found = []
    for node in tree.walk(parse(text).document.passage):
        if isinstance(node, tree.Clause):
            found.append((node.kind.value, node.label))
        elif isinstance(node, tree.Slot):
            found.append((node.form.value, len(node.variants)))
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.booleans(), st.sampled_from(["{}", "{} of 9", "- {} -", "Page {}"]))
def test_a_text_has_the_same_clauses_and_slots_on_pages_as_without(per_page, fed, number):
    lines = different(4)
    text = printed(lines, per_page, number=number, form_feed="\f" if fed else "")
    assert shape(text) == [("paragraph", ""), *shape("\n".join(lines))]
    parsed = parse(text)
    assert tree.render(parsed.document) == text
    bare = "".join(text[lo:hi] for lo, hi in kept(text, parsed.layout.furniture))
    assert bare.split("\n") == [*lines, ""]
    assert (parsed.brackets.opening, parsed.brackets.closing) == (text.count("["), text.count("]"))


def kept(text, furniture):
    at = 0
    for lo, hi in furniture:
        yield at, lo
        at = hi
    yield at, len(text)


@given(
    st.lists(st.sampled_from([*WORDS, *HEAD, "\f", "", "1", "  2 A note", "12 of 20", " " * 30 + "3", "[ 4]", "x 4"]))
)
def test_whatever_lies_on_pages_is_rendered_byte_for_byte(lines):
    text = "\n".join(lines)
    parsed = parse(text)
    assert tree.render(parsed.document) == text
    spans = [span for span in parsed.layout.furniture if span[0] < span[1]]
    assert spans == sorted(spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert all(note.lo < note.hi for note in parsed.layout.footnotes)


def test_brackets_of_a_running_head_decide_nothing_and_are_counted():
    text = printed(different(2), 4)
    parsed = parse(text)
    assert len(parsed.brackets.printed) == 8
    assert "Rights" not in {
        "".join(tree.written(slot.variants[0].passage)) for slot in tree.slots(parsed.document.passage)
    }
    assert "[Rights] Chapter" in {each.words.split("L.4 ")[-1] for each in parsed.layout.repeated}


def test_a_line_that_is_on_two_pages_only_or_in_the_middle_of_pages_is_text():
    twice = printed(different(2), 8, number="")
    assert paging.recognise(twice) == paging.Layout()
    lines = different(4)
    middle = [
        line for at in range(0, 32, 8) for line in (*lines[at : at + 4], "They repeat this.", *lines[at + 4 : at + 8])
    ]
    found = paging.recognise(printed(middle, 9))
    assert "They repeat this." not in {each.words for each in found.repeated}


def test_labels_that_begin_many_pages_are_no_furniture():
    lines = []
    for number in range(1, 13):
        lines += [
            "Option 1:" if number % 3 == 0 else f"{number}. Words of number {number}.",
            f"and words {number} more.",
        ]
    found = paging.recognise(printed(lines, 2))
    assert {each.words for each in found.repeated} == {HEAD[0], " ".join(HEAD[1].split())}


NOTED = (
    [
        *WORDS[:3],
        "which it owes to the Council of",
        "",
        "1",
        "     BEL reserves its position.",
        "2    [COR: in a note]",
    ],
    ["the Harbour States.1", "4. More [3] words2 and", "", "3  Another note, which", "   goes on."],
    [*WORDS[4:6], "that stand here."],
)


def noted():
    pages = [[*HEAD, "", *page, "", " " * 40 + str(number)] for number, page in enumerate(NOTED, 1)]
    return "\f".join("\n".join(page) + "\n" for page in pages)


def test_notes_at_the_foot_of_pages_are_clauses_of_their_own_and_know_what_calls_them():
    text = noted()
    parsed = parse(text)
    notes = [(note.label, len(note.anchors)) for note in parsed.layout.footnotes]
    assert notes == [("1", 0), ("2", 0), ("3", 1)]
    (anchor,) = parsed.layout.footnotes[2].anchors
    assert text[anchor : anchor + 3] == "[3]"
    assert anchor in parsed.brackets.printed
    clauses = list(tree.clauses(parsed.document.passage))
    assert [each.label for each in clauses if each.kind is ClauseKind.NOTE] == ["1", "2", "3"]
    assert [each.kind for each in inferences.of(parsed, text)].count("goes on") == 1
    assert [each.line for each in parsed.diagnostics if each.kind == "footnote"] == [9, 11]


def test_an_option_block_goes_on_behind_a_note():
    page = [*HEAD, "", "1. Words:", "   Option 1: One thing1", "", "1", "  A note.", "", " " * 40 + "1"]
    other = [*HEAD, "", "   Option 2: Another thing.", "2. More.", "", " " * 40 + "2"]
    last = [*HEAD, "", "3. The end.", "", " " * 40 + "3"]
    text = "\f".join("\n".join(each) + "\n" for each in (page, other, last))
    (options,) = (slot for slot in tree.slots(parse(text).document.passage) if slot.form is Form.OPTIONS)
    assert [variant.lead.strip() for variant in options.variants] == ["Option 1:", "Option 2:"]


def test_what_does_not_balance_in_a_note_pulls_no_bracket_of_the_words():
    page = [*HEAD, "", "1. Words [that stand1", "", "1", "  A note] with a stray.", "", " " * 40 + "1"]
    rest = [[*HEAD, "", f"{n}. here] and there.", "", " " * 40 + str(n)] for n in (2, 3)]
    text = "\f".join("\n".join(each) + "\n" for each in (page, *rest))
    parsed = parse(text)
    assert [each.line for each in parsed.diagnostics if each.kind == "stray"] == [7, 19]
    assert len(parsed.brackets.pairs) == 1


def test_markdown_footnotes_are_known_with_all_that_calls_them():
    found = paging.recognise("One[^1] and two[^1], three[^b].\n\n[^1]: A note.\n[^2]: Not called.\n")
    assert [(note.label, note.line, len(note.anchors)) for note in found.notes] == [("1", 3, 2), ("2", 4, 0)]


def test_a_page_with_nothing_of_its_own_is_furniture_throughout():
    pages = [[*HEAD, "", f"{n}. Words of number {n}.", "", " " * 40 + str(n)] for n in (1, 2)]
    pages.insert(1, [*HEAD, "", " " * 40 + "2"])
    pages[2][-1] = " " * 40 + "3"
    text = "\f".join("\n".join(page) + "\n" for page in pages)
    parsed = parse(text)
    assert tree.render(parsed.document) == text
    found = parsed.layout
    assert found.pages == 3
    assert all(found.within(text.index(head, at)) for head in HEAD for at in (0, 60))
    assert not found.within(text.index("Words"))
    assert not paging.PLAIN.within(0)


def test_carriage_returns_end_lines_on_pages_too():
    text = printed(different(2), 4).replace("\n", "\r\n")
    found = paging.recognise(text)
    assert (found.pages, len(found.repeated)) == (4, 2)
    assert all(text[lo - 1 : lo] in {"", "\n"} for lo, _ in found.furniture)


def test_two_columns_are_told_and_can_be_read_apart():
    left = ["Text proposed first by", "the Conference, which", "is long enough to be", "seen as a column."]
    right = ["Amendment to it, in", "words of the others,", "that stand beside the", "first ones."]
    text = "Title\n\n" + "\n".join(f"{a:<34}{b}" for a, b in zip(left, right, strict=True)) + "\n\n(a)     a point\n"
    (found,) = paging.recognise(text).columns
    assert (found.line, found.gutter) == (3, 34)
    assert paging.column_texts(text[found.lo : found.hi].splitlines(), found.gutter) == (left, right)
    assert [each.kind for each in parse(text).diagnostics] == ["columns"]
    points = "\n".join(f"({letter})     words that go on and on" for letter in "abcdef")
    assert paging.recognise(points).columns == ()


@pytest.mark.parametrize(
    "bomb", ["\f\n" * 20_000, "\f1\n" * 15_000, ("\f" + HEAD[0] + "\n1\n") * 7_000, "x 1 " * 20_000]
)
def test_pages_without_end_are_read_in_one_pass(bomb):
    assert inspect.inspect(bomb.encode()).byte_identical


def test_inspect_says_what_is_printed_and_what_was_inferred():
    found = inspect.inspect(noted().encode())
    assert (found.pages, found.printed_brackets) == (3, 8)
    assert found.footnotes == (("1", 9, 0), ("2", 11, 0), ("3", 20, 1))
    assert [(each.parties, each.stance.value) for each in found.positions] == [(("BEL",), "reserve")]
    values = inspect.as_json(found)
    kinds = {"exclusive", "footnote", "goes on", "page", "repeats", "sponsor"}
    assert {each["kind"] for each in values["inferences"]} == kinds
    assert re.fullmatch(r"(?:[0-9a-f]{32})?", values["inferences"][0]["node"])
