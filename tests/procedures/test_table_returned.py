"""A text that returns from paper: what nobody changed is as it was, and what somebody changed is changed there."""

import re

from hypothesis import given
from hypothesis import strategies as st

from detente.procedures.table import readings, sheet
from detente.procedures.table.parse import parse
from detente.procedures.table.returned import regrouped, restored

SOURCE = (
    "# A **memorandum**\n\n\n## Article 1\n\n1. The Parties *shall* keep the line\n   open at all hours,  and test it.  \n\n"
    "2. A Party answers within [ten][twenty] minutes what\nit is asked.\n\n   (a) at night;\n\n   (b) by day.\n\n"
    "3. Ships keep a distance of a thousand metres from each other.\n"
)


def on(text):
    return sheet.as_negotiated(parse(text).document)


def on_paper(text):
    """What paper makes of a text: no stars, no line ends within a paragraph, single blanks."""
    paragraphs = (" ".join(each.replace("*", "").split()) for each in re.split(r"\n\s*\n", text))
    return "\n\n".join(each for each in paragraphs if each) + "\n"


def returned(source, change=lambda words: words):
    sent = on_paper(source)
    back = change(sent)
    assert change is returned.__defaults__[0] or back != sent
    return restored(on(source), on(sent), on(back))


def test_what_nobody_changed_comes_back_byte_for_byte():
    assert on_paper(SOURCE) != SOURCE
    assert returned(SOURCE) == SOURCE


def test_one_word_is_changed_in_its_place_and_the_marks_stay():
    found = returned(SOURCE, lambda words: words.replace("all hours", "most hours"))
    assert found == SOURCE.replace("all hours", "most hours")


def test_words_beside_what_paper_left_out_are_changed_without_it():
    found = returned(SOURCE, lambda words: words.replace("shall keep", "should keep"))
    assert found == SOURCE.replace("*shall*", "*should*")
    found = returned(SOURCE, lambda words: words.replace("the line open", "the line always open"))
    assert found == SOURCE.replace("line\n   open", "line\n   always open")


def test_a_blank_that_stood_for_a_line_end_can_be_changed():
    found = returned(SOURCE, lambda words: words.replace("line open", "line, open"))
    assert found == SOURCE.replace("line\n   open", "line,\n   open")


def test_paragraphs_that_came_went_and_moved():
    new = "2bis. An answer is in writing.\n\n"
    found = returned(SOURCE, lambda words: words.replace("3. Ships", new + "3. Ships"))
    assert found == SOURCE.replace("3. Ships", new + "3. Ships")
    found = returned(SOURCE, lambda words: words.replace("(a) at night;\n\n", ""))
    assert found == SOURCE.replace("   (a) at night;\n\n", "")
    ships = "3. Ships keep a distance of a thousand metres from each other.\n"
    found = returned(SOURCE, lambda words: words.replace(ships, "").replace("1. The", ships + "\n1. The"))
    assert found.index("3. Ships") < found.index("1. The Parties *shall* keep the line\n   open")


def test_where_paper_carries_everything_the_answer_is_what_came_back():
    plain = on_paper(SOURCE)
    back = plain.replace("at night", "before dawn").replace("[ten][twenty]", "ten")
    assert restored(on(plain), on(plain), on(back)) == back


def test_of_nothing_comes_what_came_back():
    assert restored((), (), on("1. Words.\n")) == "1. Words.\n"
    assert restored(on("1. Words.\n"), on("1. Words.\n"), ()) == ""
    assert restored(on("1. Words.\n"), (), on("1. Words.\n")) == "1. Words.\n"
    assert restored(on("1. Words.\n"), (), ()) == "1. Words.\n"


def test_what_paper_did_not_carry_whole_stays_where_nobody_touched_it_and_is_taken_as_it_came_elsewhere():
    base = "1. One[^12].\n\n2. Two[^13].\n\n3. Three.\n\n4. Four.\n"
    sent = "1. One[^1].\n\n2. Two[^2].\n\n3. Three.\n\n4. Four.\n"
    assert restored(on(base), on(sent), on(sent.replace("Three", "Drei"))) == base.replace("Three", "Drei")
    back = sent.replace("Two[^2]", "Zwei[^2]")
    assert restored(on(base), on(sent), on(back)) == back


WORDS = st.sampled_from(
    ["the", "Parties", "*shall*", "**act**", "at once,", "[now]", "[then]", "Party.", "  ", "\n", "1. ", "## A\n"]
)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=8).map(" ".join), max_size=6).map("\n\n".join)


@given(TEXTS, TEXTS)
def test_the_two_promises_hold_for_any_texts(one, other):
    paper = on_paper(one)
    assert restored(on(paper), on(paper), on(other)) == other
    assert restored(on(one), on(other), on(other)) == one


@given(TEXTS)
def test_no_word_that_paper_carried_is_lost_or_doubled(text):
    paper = on_paper(text)
    found = restored(on(text), on(paper), on(paper))
    assert found.replace("*", "").split() == paper.split()


CHOSEN = "# A\n\n## Article 2\n\nOption 1: It ends on Monday.\n\nOption 2: It ends on Friday.\n\n## Article 3\n\n1. The last.\n"


def decided(text):
    return sheet.as_decided(parse(text).document, readings.base)


def test_a_variant_that_reads_as_a_paragraph_of_its_own_stays_in_its_clause():
    base = decided(CHOSEN)
    written = "".join(each.written for each in base)
    again = on(written)
    assert len(again) > len(base)
    assert [each.written for each in regrouped(base, again)] == [each.written for each in base]
    changed = regrouped(base, on(written.replace("Monday", "Sunday")))
    assert [each.written for each in changed] == [each.written.replace("Monday", "Sunday") for each in base]
    new = regrouped(base, on(written.replace("It ends", "A new one.\n\nIt ends")))
    assert "".join(each.written for each in new) == written.replace("It ends", "A new one.\n\nIt ends")


@given(TEXTS, TEXTS)
def test_to_put_paragraphs_together_loses_no_word(one, other):
    for base in (on(one), decided(one)):
        assert "".join(each.written for each in regrouped(base, on(other))) == other
