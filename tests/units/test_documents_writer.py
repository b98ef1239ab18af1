"""What a document prints: letter by letter what the text says, and in a redline both texts, one behind the other."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree
from printing import alone, flat, negotiated
from wordfiles import W, pairs

from detente.documents import docx_reader, docx_writer, formats, intake
from detente.documents.docx_ink import HOUSE, NOBODY, Style, Turn, lines
from detente.documents.docx_layout import ALARM, BOLD, ITALIC, printed
from detente.documents.docx_reading import Side, blocks
from detente.documents.matter import Matter, Meta, Remark
from detente.documents.wording import reading, word
from detente.ground.errors import Malformed
from detente.ground.instants import Instant
from detente.procedures.table import align, readings, sheet, tree
from detente.procedures.table.parse import parse

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
META = Meta("A text", "en", Instant(1_790_000_000_000))
NAMES = ("the first", "the second")


def shown(text, *, markdown=True, notes=()):
    """What is printed of each paragraph."""
    return [printed(each, notes, markdown=markdown).text for each in negotiated(text)]


# --- layout -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("## Article 1: **Purpose**\n\n", ["Article 1: Purpose"]),
        ("1. One\nline.\n\n2. Two\r\n\r\n", ["1.\tOne line.", "2.\tTwo"]),
        ("One  \ntwo\\\nthree", ["One\vtwo\\\vthree"]),
        ("(a)   point\n\n* bullet\n\n- dash\n", ["(a)\tpoint", "•\tbullet", "•\tdash"]),
        ("中文\n文字 and\nmore", ["中文文字 and more"]),
        ("\ufeffA text", ["A text"]),
        ("under_score 5 * 3 * 2 ____ **open", ["under_score 5 * 3 * 2 ____ **open"]),
        ("**Option 1:** [Two.\n\n**Option 2:** One.\n]\n", ["Option 1: [Two.\nOption 2: One.]"]),
        ("a\x00b\u202ec", ["a<U+0000>b<U+202E>c"]),
        ("a\x0cb", ["a b"]),
        ("**a\n\nb**", ["**a", "b**"]),
        ("1.Words", ["1.Words"]),
        ("", []),
    ],
)
def test_what_is_printed_of_a_text(text, paragraphs):
    assert shown(text) == paragraphs


def test_a_text_that_is_no_markdown_keeps_its_signs():
    assert shown("## A **b** *c*\n", markdown=False) == ["## A **b** *c*"]


def test_letters_look_as_their_marks_say():
    (only,) = negotiated("a **b** *c* ***d*** \u202e")
    found = printed(only)
    looks = {found.shown[at]: found.look[at] for at in range(len(found.shown)) if found.shown[at].strip()}
    assert looks == {"a": 0, "b": BOLD, "c": ITALIC, "d": BOLD | ITALIC, "<U+202E>": ALARM}


def test_a_note_is_anchored_where_the_text_has_it_and_nowhere_else():
    (only,) = negotiated("Words [^1] and [^2].")
    assert printed(only, {"[^1]"}).notes == {6: "[^1]"}
    assert "[^2]" in printed(only, {"[^1]"}).text


# --- inks ---------------------------------------------------------------------------------------


@given(pairs())
def test_a_redline_holds_both_texts_letter_by_letter(pair):
    a, b = pair
    inked = lines(align.revisions(negotiated(a), negotiated(b)), Style())
    assert flat(inked, "before") == alone(a)
    assert flat(inked, "after") == alone(b)


@pytest.mark.parametrize(
    "pair",
    [
        ("Negotiators' Note: A.\n\nshall\n\n", "should\n\nNegotiators' Note: A.\n\n"),
        ("One.\n\nTwo.\n\nNegotiators' Note: A.\n\n", "One.\n\nNegotiators' Note: A.\n\nThree.\n\n"),
        ("1. A[^1].\n\n[^1]: N.\n", "1. A.\n\n[^1]: N.\n"),
        ("1. A[^1] and B[^1].\n\n[^1]: N.\n", "1. A and B[^1].\n\n[^1]: M.\n"),
    ],
)
def test_a_note_that_stands_alone_in_one_text_and_hangs_in_the_other(pair):
    inked = lines(align.revisions(*map(negotiated, pair)), Style())
    assert (flat(inked, "before"), flat(inked, "after")) == (alone(pair[0]), alone(pair[1]))


@given(pairs())
def test_no_letter_of_a_text_is_left_out(pair):
    text = pair[0].replace("[^1]", "").replace("\u202e", "")
    assert re.sub(r"[\W_]", "", "".join(shown(text))) == re.sub(r"[\W_]", "", text)


MEMO = (
    "# A memorandum\n\n1. The Parties [BEL/COR propose; ARV oppose: act at once][^1].\n\nNegotiators' Note: ARV reserves.\n\n"
    "2. They [BEL: may][COR: can] stop.\n\n[^1]: Not at night.\n"
)


def test_heads_of_brackets_are_told_in_comments_with_their_parties():
    inked = lines(align.readings(negotiated(MEMO), negotiated(MEMO)), Style())
    said = [(each.author, each.text) for line in inked for ink in line.inks for each in ink.comments]
    assert said == [
        ("BEL/COR", "Proposed by BEL and COR. Opposed by ARV."),
        ("BEL", "Attributed to BEL."),
        ("COR", "Attributed to COR."),
    ]


def test_notes_hang_on_the_words_that_name_them_or_on_the_paragraph_before():
    inked = lines(align.readings(negotiated(MEMO), negotiated(MEMO)), Style())
    notes = [["".join(each.text for each in ink.note) for ink in line.inks if ink.note] for line in inked]
    assert notes == [[], ["Not at night.", "Negotiators' Note: ARV reserves."], []]


def test_a_note_that_moved_with_its_words_is_taken_from_one_place_and_put_at_another():
    a = "1. One thing is here[^1].\n\n2. Another thing is there.\n\n[^1]: A note.\n"
    b = "1. One thing is here.\n\n2. Another thing is there[^1].\n\n[^1]: A note.\n"
    inked = lines(align.revisions(negotiated(a), negotiated(b)), Style())
    assert (flat(inked, "before"), flat(inked, "after")) == (alone(a), alone(b))
    assert [ink.change.turn for line in inked for ink in line.inks if ink.note is not None] == [
        Turn.DELETED,
        Turn.INSERTED,
    ]


def test_who_wants_words_is_their_author_and_several_are_told():
    document = parse("1. Act [BEL/COR: at once][ARV: in time].\n").document
    a, b = (sheet.as_decided(document, readings.as_party(code)) for code in ("ARV", "BEL"))
    inked = lines(align.readings(a, b), Style(by="SEC"))
    changed = [(ink.change.turn, ink.change.author, ink.text) for line in inked for ink in line.inks if ink.change]
    assert changed == [(Turn.DELETED, "BEL/COR", "in time"), (Turn.INSERTED, "BEL/COR", "at once")]
    assert [each.text for line in inked for ink in line.inks for each in ink.comments] == ["Proposed by BEL and COR."]


def test_where_nobody_is_known_the_author_is_a_dash_or_who_was_named():
    a, b = negotiated("1. Act now.\n"), negotiated("1. Act then.\n\n2. More of it.\n")
    for style, author in ((Style(), NOBODY), (Style(by="SEC"), "SEC")):
        inked = lines(align.revisions(a, b), style)
        assert {ink.change.author for line in inked for ink in line.inks if ink.change} == {author}
        assert inked[-1].change.author == author


def test_remarks_stand_beside_the_clause_that_they_are_about():
    found = negotiated("1. A thing.\n\n2. B thing.\n")
    style = Style(remarks=(Remark(found[1].clause, "BEL", "can go with consensus"),))
    inked = lines(align.readings(found, found), style)
    assert [[each.text for ink in line.inks for each in ink.comments] for line in inked] == [
        [],
        ["can go with consensus"],
    ]


def test_what_cannot_be_seen_is_remarked_on_and_stays():
    found = negotiated("1. A\u200bB and Unit\u0435d.\n\n2. It\u00a0is.\n")
    inked = lines(align.readings(found, found), Style())
    (comment,) = [each for line in inked for ink in line.inks for each in ink.comments]
    assert comment.author == HOUSE
    assert "U+200B" in comment.text
    assert "U+0435" in comment.text
    assert "\u200b" in inked[0].after


# --- the file -----------------------------------------------------------------------------------


def opened(made):
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        return {name: package.read(name) for name in package.namelist()}


def read_texts(made):
    """The two texts of a document, notes behind their signs, as our own reader finds them."""
    found = docx_reader.read(made)
    sides = []
    for side in (Side.REJECTED, Side.ACCEPTED):
        notes = {
            note.label: "".join(each.text for each in blocks(note.paragraphs, side)).strip() for note in found.notes
        }
        texts = []
        for block in blocks(found.paragraphs, side):
            text = block.text
            for at, label in reversed(block.notes):
                text = f"{text[:at]}<{notes[label]}>{text[at:]}"
            texts.append(text.replace("\n", "\v"))
        sides.append([each for each in texts if each.strip()])
    return sides


@given(pairs())
def test_what_is_written_is_what_is_read(pair):
    a, b = pair
    made = docx_writer.redline(align.revisions(negotiated(a), negotiated(b)), META, NAMES)
    assert read_texts(made) == [alone(a), alone(b)]


@given(pairs())
def test_every_change_and_comment_has_an_id_of_its_own(pair):
    made = opened(docx_writer.redline(align.revisions(*map(negotiated, pair)), META, NAMES))
    ids = [
        each.get(f"{{{W}}}id")
        for name in ("word/document.xml", "word/footnotes.xml", "word/comments.xml")
        for each in etree.fromstring(made[name]).iter(
            *(
                f"{{{W}}}{tag}"
                for tag in ("ins", "del", "moveFrom", "moveTo", "moveFromRangeStart", "moveToRangeStart", "comment")
            )
        )
    ]
    assert len(ids) == len(set(ids))


def test_no_comment_has_the_number_of_a_note():
    """LibreOffice 7.4 prints notes under wrong numbers where one has."""
    made = opened(docx_writer.write(Matter(parse(MEMO).document, negotiated(MEMO)), META))
    comments, notes = (
        {each.get(f"{{{W}}}id") for each in etree.fromstring(made[f"word/{name}s.xml"])}
        for name in ("comment", "footnote")
    )
    assert comments
    assert not comments & notes


def test_a_text_that_went_out_comes_back():
    """But for bold letters and indentation."""
    text = re.sub(r"(?m)^ +|\*\*", "", (FIXTURES / "understanding.md").read_text("utf-8"))
    made = docx_writer.write(Matter(parse(text).document, negotiated(text)), META)
    assert intake.written(docx_reader.read(made), Side.ACCEPTED) == text


def test_the_same_text_makes_the_same_bytes_and_another_moment_others():
    matter = Matter(parse(MEMO).document, negotiated(MEMO))
    assert docx_writer.write(matter, META) == docx_writer.write(matter, META)
    assert docx_writer.write(matter, META) != docx_writer.write(matter, Meta("A text", "en", Instant(0)))


def test_a_move_has_two_ends_with_one_name():
    clauses = [
        "1. The Parties keep the line open.\n\n",
        "2. Ships show lights at night.\n\n",
        "3. This takes effect today.\n\n",
    ]
    a, b = "".join(clauses), "".join([clauses[1], clauses[2], clauses[0]])
    document = etree.fromstring(
        opened(docx_writer.redline(align.revisions(negotiated(a), negotiated(b)), META, NAMES))["word/document.xml"]
    )
    names = {
        tag: [each.get(f"{{{W}}}name") for each in document.iter(f"{{{W}}}{tag}RangeStart")]
        for tag in ("moveFrom", "moveTo")
    }
    assert names == {"moveFrom": ["move1"], "moveTo": ["move1"]}
    for tag in ("moveFrom", "moveTo"):
        starts = {each.get(f"{{{W}}}id") for each in document.iter(f"{{{W}}}{tag}RangeStart")}
        assert starts == {each.get(f"{{{W}}}id") for each in document.iter(f"{{{W}}}{tag}RangeEnd")}


@pytest.mark.parametrize(
    ("language", "right"), [("en", False), ("ar", True), ("he-IL", True), ("az-Arab", True), ("ar-Latn", False)]
)
def test_paragraphs_run_as_their_language_does(language, right):
    meta = Meta("عنوان", language, Instant(0))
    made = opened(docx_writer.write(Matter(parse(MEMO).document, negotiated(MEMO)), meta))
    document = etree.fromstring(made["word/document.xml"])
    paragraphs = document.findall(f".//{{{W}}}p")
    assert all((each.find(f"./{{{W}}}pPr/{{{W}}}bidi") is not None) is right for each in paragraphs)
    assert (document.find(f".//{{{W}}}sectPr/{{{W}}}bidi") is not None) is right


def test_the_title_stands_once_on_the_first_page():
    matter = Matter(parse(MEMO).document, negotiated(MEMO), "as it is")
    for title, count in (("A memorandum", 0), ("Another title", 1)):
        made = opened(docx_writer.write(matter, Meta(title, "en")))
        assert made["word/header1.xml"].decode().count(title) == count
        assert "as it is" in made["word/header1.xml"].decode()
        assert title in made["docProps/core.xml"].decode()


def test_letters_that_no_xml_can_hold_are_written_as_numbers():
    text = "1. A\x00B\ufffe\U000e0041 & <C>\n"
    made = docx_writer.write(Matter(parse(text).document, negotiated(text), "r\x01"), META)
    assert read_texts(made)[1] == ["1.\tA<U+0000>B<U+FFFE><U+E0041> & <C>"]


def test_a_clause_within_a_clause_of_six_levels_and_deeper_has_a_style():
    text = "###### Deep\n\n" + "".join(f"{' ' * 4 * depth}(a) point\n\n" for depth in range(9))
    made = opened(docx_writer.write(Matter(parse(text).document, negotiated(text)), META))
    styles = set(re.findall(r'w:styleId="(\w+)"', made["word/styles.xml"].decode()))
    assert set(re.findall(r'w:pStyle w:val="(\w+)"', made["word/document.xml"].decode())) <= styles
    assert set(re.findall(r'w:rStyle w:val="(\w+)"', made["word/document.xml"].decode())) <= styles


# --- around it ----------------------------------------------------------------------------------


def test_a_format_is_found_by_its_name_and_others_are_refused_with_those_there_are():
    assert formats.named("DOCX") is formats.FORMATS["docx"]
    assert formats.named(".docx").suffix == ".docx"
    with pytest.raises(Malformed, match=r"no format “pages<U\+202E>”.*docx"):
        formats.named("pages\u202e")


def test_a_document_has_a_title_that_is_read_as_it_is_and_a_language():
    with pytest.raises(Malformed):
        Meta("a\u202eb", "en")
    with pytest.raises(Malformed):
        Meta("A title", "")


@pytest.mark.parametrize("language", ["en", "fr", "es", "ru", "ar", "zh", "tlh"])
def test_a_reading_has_a_name_in_every_language(language):
    assert "BEL" in reading(language, "BEL")
    assert len({reading(language, name) for name in ("negotiated", "base", "clean", "BEL")}) == 4
    assert word(language, "inserted") != word(language, "deleted")


def test_marks_are_no_words_of_the_text():
    found = negotiated(MEMO)
    inked = lines(align.readings(found, found), Style())
    marks = "".join(ink.text for line in inked for ink in line.inks if ink.mark)
    assert marks == "[BEL/COR propose; ARV oppose: ][BEL: ][COR: ]"
    assert tree.IMPORTED == b""
