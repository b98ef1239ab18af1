"""Readings of a text: as it stood, without anything contested, and as each party would have it."""

import pytest
from lineup import ARVENIA, BELMORA
from tableworlds import SOURCE, TABLE, TEXT, fold, verified

from detente.ground.errors import Malformed
from detente.procedures.table import readings, sheet
from detente.procedures.table.acts import Edit, Hunk
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
        ("base", "1. Each Party shall act and very well quickly. 2. It can wait. One."),
        ("clean", "1. Each Party act and. 2."),
        ("ARV", "1. Each Party should act and very well quickly. 2. It can wait. One."),
        ("BEL", "1. Each Party shall act at once and very well quickly. 2. One."),
        ("COR", "1. Each Party shall act and quickly. 2. It can wait. One."),
    ],
)
def test_each_reading_takes_what_it_says(name, words):
    assert reads(name) == words


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
