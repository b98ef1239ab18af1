"""A sheet is the text on paper: nothing lost, nothing added, a paragraph for every clause."""

from hypothesis import given
from hypothesis import strategies as st

from detente.procedures.table import sheet, tree
from detente.procedures.table.parse import parse
from detente.procedures.table.sheet import Ink

PIECES = st.lists(
    st.sampled_from(
        ["## Article 1\n\n", "1. Each Party [shall][should] act", "[", "]", " [BEL: at once]", "\n\n", "(a) words",
         "**Option 1:**\n\n", "**Option 2:** No text\n\n", "[may / shall]", "\n", " and"]
    ),
    max_size=30,
)  # fmt: skip


@given(PIECES)
def test_a_sheet_as_negotiated_is_the_text_byte_for_byte(pieces):
    text = "".join(pieces)
    document = parse(text).document
    assert "".join(paragraph.written for paragraph in sheet.as_negotiated(document)) == text


@given(PIECES)
def test_a_sheet_as_decided_has_the_words_of_the_projection(pieces):
    document = parse("".join(pieces)).document

    def pick(slot):
        return slot.variants[-1]

    def expand(slot, place):
        taken = pick(slot)
        spaces = (taken.space.text if taken.space else "", taken.after.text if taken.after else "")
        return [spaces[0], taken.places[place], spaces[1]]

    whole = "".join(tree.written(document.passage, expand))
    decided = sheet.as_decided(document, pick)
    assert "".join(paragraph.words for paragraph in decided) == whole
    assert all(piece.ink is Ink.WORDS for paragraph in decided for piece in paragraph.pieces)


def test_every_clause_begins_a_paragraph_with_its_label_and_the_pieces_know_whose_they_are():
    document = parse("## Article 1\n\n1. Each Party [BEL/COR: shall][ARV: should] act.\n").document
    heading, first = sheet.as_negotiated(document)
    assert (heading.label, first.label) == ("Article 1", "1")
    said = {piece.text: (piece.sponsors, piece.depth) for piece in first.pieces if piece.ink is Ink.WORDS}
    assert said["shall"] == (("BEL", "COR"), 1)
    assert said["should"] == (("ARV",), 1)
    assert said[" act.\n"] == ((), 0)


def test_a_slot_for_which_nothing_is_picked_is_left_out():
    document = parse("1. Each Party [shall][should] act.\n").document
    (only,) = sheet.as_decided(document, lambda _: None)
    assert only.words == "1. Each Party  act.\n"


def test_an_empty_text_has_no_paragraph():
    assert sheet.as_negotiated(parse("").document) == ()
