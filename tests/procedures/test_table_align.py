"""Two sheets side by side: every paragraph once, in both orders, and nothing of either lost."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from detente.procedures.table import align, readings, sheet, tree
from detente.procedures.table.align import Fate
from detente.procedures.table.hunks import How
from detente.procedures.table.parse import parse
from detente.procedures.table.sheet import Ink, Paragraph, Piece
from detente.procedures.table.tree import ClauseKind

SENTENCES = [
    "Each Party keeps the line open at all hours.",
    "A Party answers within ten minutes what it is asked.",
    "Ships keep a distance of a thousand metres from each other.",
    "Exercises are notified seven days before they begin.",
    "This text takes effect on the day after its signature.",
    "No.",
    "",
]


def paragraph(text, label="", kind=ClauseKind.PARAGRAPH, name=None):
    clause = hashlib.sha256((name or text).encode()).digest()[:16]
    pieces = (Piece(text, Ink.WORDS, tree.IMPORTED, 0, (), 0),) if text else ()
    return Paragraph(clause, kind, label, 2, pieces)


def laid(*texts):
    return tuple(paragraph(text) for text in texts)


def kept(found, a, b):
    """Nothing of either sheet is lost, and each paragraph has its row, in the order of its sheet."""
    assert found.first() == "".join(each.written for each in a)
    assert found.second() == "".join(each.written for each in b)
    assert [row.a for row in found.rows if row.in_a] == list(range(len(a)))
    assert [row.b for row in found.rows if row.in_b] == list(range(len(b)))
    gone = [(row.a, row.b) for row in found.rows if row.fate is Fate.MOVED_FROM]
    come = [(row.a, row.b) for row in found.rows if row.fate is Fate.MOVED_TO]
    assert sorted(gone) == sorted(come)
    return True


SHEETS = st.lists(
    st.tuples(st.sampled_from(SENTENCES), st.sampled_from(["", "1", "2", "(a)"]), st.sampled_from(list(ClauseKind))),
    max_size=14,
).map(lambda rows: tuple(paragraph(f"{label} {text}".strip(), label, kind) for text, label, kind in rows))


@given(SHEETS, SHEETS)
def test_foreign_texts_come_back_from_their_comparison(a, b):
    assert kept(align.revisions(a, b), a, b)


@given(SHEETS, SHEETS)
def test_readings_of_one_text_come_back_from_their_comparison(a, b):
    assert kept(align.readings(a, b), a, b)


@given(SHEETS)
def test_a_text_compared_with_itself_has_not_changed(a):
    assert all(row.fate is Fate.EQUAL for row in align.revisions(a, a).rows)


def fates(found):
    return [row.fate for row in found.rows]


def test_a_changed_paragraph_is_known_by_its_words():
    found = align.revisions(
        laid(*SENTENCES[:3]), laid(SENTENCES[0], SENTENCES[1].replace("ten", "thirty"), SENTENCES[2])
    )
    assert fates(found) == [Fate.EQUAL, Fate.CHANGED, Fate.EQUAL]
    assert [(span.how, span.text) for span in found.rows[1].spans if span.how is not How.KEPT] == [
        (How.DELETED, "ten"),
        (How.INSERTED, "thirty"),
    ]


def test_what_came_in_and_what_went_stand_alone():
    found = align.revisions(laid(*SENTENCES[:3]), laid(SENTENCES[0], SENTENCES[3], SENTENCES[2]))
    assert fates(found) == [Fate.EQUAL, Fate.DELETED, Fate.INSERTED, Fate.EQUAL]
    assert found.counts() == {"equal": 2, "changed": 0, "deleted": 1, "inserted": 1, "moved": 0}


def test_what_moved_is_found_at_both_places_with_what_changed_on_the_way():
    a = laid(*SENTENCES[:5])
    b = laid(*SENTENCES[1:5], SENTENCES[0].replace("open", "free"))
    found = align.revisions(a, b)
    assert fates(found) == [Fate.MOVED_FROM, *[Fate.EQUAL] * 4, Fate.MOVED_TO]
    assert (found.rows[0].a, found.rows[0].b) == (found.rows[5].a, found.rows[5].b) == (0, 4)
    assert [span.text for span in found.rows[5].spans if span.how is How.INSERTED] == ["free"]
    assert found.counts()["moved"] == 1


def test_a_short_paragraph_is_not_said_to_have_moved():
    found = align.revisions(laid("No.", *SENTENCES[:3]), laid(*SENTENCES[:3], "No."))
    assert fates(found) == [Fate.DELETED, *[Fate.EQUAL] * 3, Fate.INSERTED]


def test_of_readings_of_one_text_even_a_short_paragraph_is_known_where_it_moved():
    found = align.readings(laid("No.", *SENTENCES[:3]), laid(*SENTENCES[:3], "No."))
    assert fates(found) == [Fate.MOVED_FROM, *[Fate.EQUAL] * 3, Fate.MOVED_TO]


def test_a_heading_is_known_by_its_label_whatever_its_title():
    a = (paragraph("Article 4: Visits", "Article 4", ClauseKind.HEADING), *laid(SENTENCES[0]))
    b = (*laid(SENTENCES[1]), paragraph("Article 4: Of guests and hosts", "Article 4", ClauseKind.HEADING))
    found = align.revisions(a, b)
    assert Fate.CHANGED in fates(found)


def test_between_the_same_neighbours_a_label_is_enough():
    a = (paragraph("1. Alpha.", "1"), paragraph("2. Beta gamma delta.", "2"), paragraph("3. Omega.", "3"))
    b = (paragraph("1. Alpha.", "1"), paragraph("2. Quite other words here", "2"), paragraph("3. Omega.", "3"))
    assert fates(align.revisions(a, b)) == [Fate.EQUAL, Fate.CHANGED, Fate.EQUAL]


def test_a_label_does_not_take_a_paragraph_from_its_words():
    a = tuple(paragraph(f"{number}. {text}", str(number)) for number, text in enumerate(SENTENCES[:4], 1))
    new = [SENTENCES[3], SENTENCES[0], SENTENCES[1]]
    b = tuple(paragraph(f"{number}. {text}", str(number)) for number, text in enumerate(new, 1))
    found = align.revisions(a, b)
    pairs = {(row.a, row.b) for row in found.rows if row.a is not None and row.b is not None}
    assert pairs == {(0, 1), (1, 2), (3, 0)}


def test_likeness_is_told_in_scripts_without_spaces_too():
    a, b = laid("各缔约方应随时保持线路畅通。", "船舶之间保持一千米的距离。"), laid("船舶之间保持五百米的距离。")
    assert fates(align.revisions(a, b)) == [Fate.DELETED, Fate.CHANGED]


def test_a_number_that_changed_does_not_hide_the_paragraph():
    a = tuple(paragraph(f"{number}. {text}", str(number)) for number, text in enumerate(SENTENCES[:4], 1))
    b = tuple(paragraph(f"{number}. {text}", str(number)) for number, text in enumerate(SENTENCES[1:4], 1))
    assert fates(align.revisions(a, b)) == [Fate.DELETED, Fate.CHANGED, Fate.CHANGED, Fate.CHANGED]


def test_many_paragraphs_of_the_same_words_are_matched_one_to_one():
    found = align.revisions(laid(*["(Deleted)"] * 300), laid(*["(Deleted)"] * 299))
    assert found.counts() == {"equal": 299, "changed": 0, "deleted": 1, "inserted": 0, "moved": 0}


def test_a_paragraph_has_a_bounded_number_of_candidates():
    words = " ".join(f"word{number % 40}" for number in range(60))
    a = laid(*(f"{words} {number}" for number in range(200)))
    names = {}
    edges = align._likely(align._Faces(a, names), align._Faces(a, names))
    assert len(edges) <= len(a) * (align._CANDIDATES + 3 + 2)


def test_pairs_of_words_that_many_paragraphs_have_find_none_of_them():
    names = {}
    many, few = (align._Faces(laid(*[SENTENCES[0]] * count), names) for count in (align._RARE + 1, align._RARE))
    assert align._by_rare_pairs(many, many)(0) == []
    assert len(align._by_rare_pairs(few, few)(0)) == align._CANDIDATES


def test_two_options_of_one_text_are_compared_word_by_word():
    text = "1. A.\n\n[BEL: 2. Each Party notifies the others at once.\n\n][COR: 2. Each Party notifies the others in time.\n\n]3. B.\n"
    document = parse(text).document
    a, b = (sheet.as_decided(document, readings.as_party(code)) for code in ("BEL", "COR"))
    found = align.readings(a, b)
    assert kept(found, a, b)
    assert [span.text for row in found.rows for span in row.spans if span.how is not How.KEPT] == ["at once", "in time"]
