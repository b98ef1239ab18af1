"""Readings of a text: as it stood, without anything contested, and as each party would have it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA
from tableworlds import SOURCE, TABLE, TEXT, fold, verified

from detente.ground.errors import Malformed
from detente.procedures.table import layout, readings, sheet, standpoints, tree
from detente.procedures.table.acts import Edit, Hunk
from detente.procedures.table.layout import EVERY
from detente.procedures.table.parse import parse

MADE = (
    "1. Each Party [BEL/COR: shall][ARV: should] act [BEL propose: at once] and [COR oppose: very well] [quickly].\n\n"
    "2. [ARV propose; BEL oppose: It can wait.]\n\n**Option 1:** One.\n\n**Option 2:** Two.\n"
)
DOCUMENT = parse(MADE).document


def reads(name, document=DOCUMENT):
    laid = sheet.as_decided(document, readings.named(document, name))
    return " ".join("".join(each.words for each in laid).split())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("base", "1. Each Party shall act and very well quickly. 2. One."),
        ("clean", "1. Each Party act and. 2."),
        ("ARV", "1. Each Party should act and very well quickly. 2. It can wait. One."),
        ("BEL", "1. Each Party shall act at once and very well quickly. 2. One."),
        ("COR", "1. Each Party shall act and quickly. 2. One."),
    ],
)
def test_each_reading_takes_what_it_says(name, words):
    assert reads(name) == words


CONTESTED = "1. They meet[BEL propose; COR oppose:  at dawn].\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [("base", "1. They meet."), ("BEL", "1. They meet at dawn."), ("COR", "1. They meet."), ("clean", "1. They meet.")],
)
def test_words_that_one_proposes_and_another_opposes_are_an_insertion_in_readings_and_standpoints(name, words):
    document = parse(CONTESTED).document
    assert reads(name, document) == words
    if name != "clean":
        decide = standpoints.base if name == "base" else standpoints.as_party(name)
        assert "".join(block.words for block in layout.lay_out(document, decide)).strip() == words


HEADS = ("", "BEL: ", "BEL propose: ", "COR oppose: ", "COR reserve: ", "BEL propose; COR oppose: ", "BEL considering: ",
         "BEL/COR propose: ", "ARV alternative: ", "COR oppose; BEL propose: ")  # fmt: skip
BRACKETS = st.builds(
    lambda head, words: f"[{head}{words}]", st.sampled_from(HEADS), st.sampled_from(("now", "may / shall", "it", ", x"))
)


@given(st.lists(st.one_of(BRACKETS, st.sampled_from((" and ", "\n\n2. ", " "))), max_size=10))
def test_a_reading_is_the_standpoint_wherever_that_decides_and_nowhere_what_the_party_opposes(pieces):
    document = parse("1. Each " + "".join(pieces) + "\n").document
    for slot in tree.slots(document.passage):
        told = standpoints.base(slot)
        assert readings.base(slot) is (slot.variants[0] if told is EVERY else told)
        for code in ("ARV", "BEL", "COR"):
            told, taken = standpoints.as_party(code)(slot), readings.as_party(code)(slot)
            assert told is EVERY or taken is told
            wanted = [each for each in slot.variants if any(
                code in said.parties and said.verb in {None, "propose", "support", "alternative"} for said in each.attributions
            )]  # fmt: skip
            against = [each for each in slot.variants if any(
                code in said.parties and said.verb == "oppose" for said in each.attributions
            )]  # fmt: skip
            assert taken in (wanted or [each for each in slot.variants if each not in against])


def test_who_is_named_is_known_and_others_are_refused_with_those_that_are():
    assert readings.parties(DOCUMENT) == ("ARV", "BEL", "COR")
    with pytest.raises(Malformed, match="ARV, BEL, COR"):
        readings.named(DOCUMENT, "XYZ")
    with pytest.raises(Malformed, match="it names none"):
        readings.named(parse("1. Nothing.\n").document, "XYZ")
    many = parse("".join(f"[{chr(65 + at)}AA: x] " for at in range(14))).document
    with pytest.raises(Malformed, match="and 2 more"):
        readings.named(many, "XYZ")


def test_a_code_that_cannot_be_seen_is_said_again_in_figures():
    with pytest.raises(Malformed, match="U\\+202E"):
        readings.named(DOCUMENT, "A\u202eB")


def test_a_party_has_its_own_live_proposal_and_the_others_do_not():
    at = SOURCE.index("noon")
    clause = next(each for each in sheet.as_negotiated(TABLE.texts[TEXT].document) if "noon" in each.written).clause
    text = fold([verified(Edit(TEXT, clause, (Hunk(b"", at, at + 4, "six"),)), BELMORA)])
    assert "at six" in reads(BELMORA, text.document)
    assert "at noon" in reads("base", text.document)
    assert "at noon" not in reads("clean", text.document)


def test_insertions_at_one_gap_are_no_part_of_the_base():
    at = SOURCE.index(" at noon")
    clause = next(each for each in sheet.as_negotiated(TABLE.texts[TEXT].document) if "noon" in each.written).clause
    acts = [
        verified(Edit(TEXT, clause, (Hunk(b"", at, at, word),)), who, word.encode(), number)
        for number, (word, who) in enumerate(((" soon", ARVENIA), (" late", BELMORA)))
    ]
    text = fold(acts)
    assert "soon" not in reads("base", text.document)
    assert "soon" in reads(ARVENIA, text.document)
    assert "late" not in reads(ARVENIA, text.document)
