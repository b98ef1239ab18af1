"""Our Word documents in the hands of others: pandoc accepts and rejects them, LibreOffice opens and prints them."""

import json
import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from printing import alone, flat, negotiated
from shared import shared
from wordfiles import pairs

from detente.documents import docx_writer, intake
from detente.documents.docx_ink import Style, lines
from detente.documents.docx_reading import Side, blocks
from detente.documents.matter import Matter, Meta
from detente.ground.instants import Instant
from detente.procedures.table import align, readings, sheet
from detente.procedures.table.parse import parse

META = Meta("A text", "en", Instant(1_790_000_000_000))


@pytest.fixture(scope="module")
def pandoc():
    if shutil.which("pandoc") is None:
        pytest.skip("pandoc is not installed here: apt-get install pandoc.")
    return _pandoc


def _pandoc(made, mode):
    """The paragraphs of a document with all changes accepted or rejected, notes in angles where their signs stand."""
    command = ["pandoc", "-f", "docx", "-t", "json", f"--track-changes={mode}"]
    ended = subprocess.run(command, input=made, capture_output=True, check=True, timeout=60)
    return [each for each in _blocks(json.loads(ended.stdout)["blocks"]) if each]


def _blocks(found):
    for block in found:
        kind, inside = block["t"], block.get("c")
        match kind:
            case "Para" | "Plain":
                yield _spaced(_inlines(inside))
            case "Header":
                yield _spaced(_inlines(inside[2]))
            case "BlockQuote":
                yield from _blocks(inside)
            case "Div":
                yield from _blocks(inside[1])
            case "BulletList":
                yield from (text for item in inside for text in _blocks(item))
            case "OrderedList":
                yield from (text for item in inside[1] for text in _blocks(item))
            case _:
                raise AssertionError(kind)


def _inlines(found):
    text = ""
    for inline in found:
        kind, inside = inline["t"], inline.get("c")
        match kind:
            case "Str":
                text += inside
            case "Space" | "SoftBreak" | "LineBreak":
                text += " "
            case "Note":
                text += f"<{' '.join(_blocks(inside))}>"
            case "Span" | "Quoted":
                text += _inlines(inside[1])
            case "Code" | "Math":
                text += inside[1]
            case "Link":
                text += _inlines(inside[1])
            case _:
                text += _inlines(inside)
    return text


def _spaced(text):
    """With single blanks; pandoc puts letters and their marks together."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def both_ways(pandoc, pair):
    """Whether our redline holds both texts, and pandoc finds them there.

    Where two paragraphs are joined, pandoc puts a blank between them.
    """
    found = align.revisions(*map(negotiated, pair))
    made = docx_writer.redline(found, META, ("a", "b"))
    inked = lines(found, Style())
    for text, side, mode in zip(pair, ("before", "after"), ("reject", "accept"), strict=True):
        assert flat(inked, side) == alone(text)
        assert pandoc(made, mode) == [_spaced(each) for each in flat(inked, side, " ")]
    return True


PAIRS = [
    ("1. The Parties shall act.\n\n2. Another.\n", "1. The Parties should act at once.\n\n3. A third.\n"),
    ("1. One stays here.\n\n2. Two moves away from here.\n\n3. Three stays.\n",
     "1. One stays here.\n\n3. Three stays.\n\n2. Two moves away from here.\n"),
    ("# Title\n\n1. Words[^1].\n\n[^1]: A note.\n", "# Other title\n\n1. Words and more[^1].\n\n[^1]: A longer note.\n"),
    ("1. One.\n\nNegotiators' Note: ARV reserves.\n\n2. Two.\n", "1. One.\n\n2. Two.\n\nNegotiators' Note: BEL reserves.\n"),
    ("", "1. Everything is new.\n"),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS)
def test_pandoc_rejects_to_the_first_text_and_accepts_to_the_second(pandoc, pair):
    assert both_ways(pandoc, pair)


@pytest.mark.slow
@settings(max_examples=200, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(pair=pairs())
def test_pandoc_finds_both_texts_in_two_hundred_redlines(pandoc, pair):
    assert both_ways(pandoc, pair)


def test_control_pandoc_finds_a_wrong_word(pandoc):
    a, b = PAIRS[0]
    made = docx_writer.redline(align.revisions(negotiated(a), negotiated(b)), META, ("a", "b"))
    assert pandoc(made, "accept") == [_spaced(each) for each in alone(b)]
    assert pandoc(made, "accept") != [_spaced(each) for each in alone(b.replace("third", "fourth"))]
    assert pandoc(made, "accept") != pandoc(made, "reject")


@pytest.mark.vectors
def test_a_document_with_changes_of_several_authors_is_read_as_pandoc_reads_it(pandoc):
    raw = shared("corpus/docx-tracked-changes/OXML_TrackChanges_Test.docx").read_bytes()
    reading = intake.taken(raw, ".docx").reading
    for side, mode in ((Side.ACCEPTED, "accept"), (Side.REJECTED, "reject")):
        ours = [_spaced(block.text) for block in blocks(reading.paragraphs, side)]
        assert [each for each in ours if each] == pandoc(raw, mode)
    assert [(each.kind, each.author) for each in reading.revisions] == [
        ("insertion", "Test Author"),
        ("deletion", "Test Author"),
        ("deletion", "Editor A"),
        ("insertion", "Editor A"),
        ("deletion", "Reviewer"),
        ("insertion", "Reviewer B"),
        ("insertion", "Author A"),
        ("deletion", "Author B"),
    ]


@pytest.mark.vectors
@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("paris-2015/agreement_2015-10-23.md", "paris-2015/agreement_2015-12-04.md"),
        ("paris-2015/nonpaper_2015-10-05_layout.txt", "paris-2015/draft_2015-10-23_layout.txt"),
    ],
)
def test_revisions_of_a_real_draft_are_found_in_their_redline(pandoc, one, two):
    a, b = (shared(f"corpus/{name}").read_bytes().decode() for name in (one, two))
    assert both_ways(pandoc, (a, b))


# --- LibreOffice --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Prints a document and gives the text of its pages."""
    for program, package in (("soffice", "libreoffice-writer"), ("pdftotext", "poppler-utils")):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed here: apt-get install {package}.")
    folder = tmp_path_factory.mktemp("office")

    def text_of(made, name):
        (folder / f"{name}.docx").write_bytes(made)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        subprocess.run(["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), f"{name}.docx"],
                       cwd=folder, check=True, capture_output=True, timeout=240)  # fmt: skip
        ended = subprocess.run(
            ["pdftotext", "-layout", f"{name}.pdf", "-"], cwd=folder, check=True, capture_output=True
        )
        return _spaced(ended.stdout.decode())

    return text_of


TEXT = (
    "# A memorandum\n\n1. The Parties [BEL propose: shall][COR propose: should] act[^1].\n\n"
    "Negotiators' Note: ARV reserves its position.\n\n## Article 2\n\n1. They [BEL: may] stop.\n\n[^1]: Not at night.\n"
)
ARABIC = "# مذكرة تفاهم\n\n1. يتعين على الأطراف أن تبقي خط الاتصال [BEL propose: مفتوحا].\n"


@pytest.mark.slow
def test_libreoffice_prints_what_was_written_notes_and_all(printed):
    document = parse(TEXT).document
    text = printed(docx_writer.write(Matter(document, sheet.as_negotiated(document)), META), "rolling")
    for words in ("A memorandum", "The Parties [BEL propose: shall][COR propose: should] act1.2", "1 Not at night.",
                  "2 Negotiators' Note: ARV reserves its position.", "Article 2", "text as negotiated", "1/1"):  # fmt: skip
        assert words in text
    a, b = (sheet.as_decided(document, readings.as_party(code)) for code in ("BEL", "COR"))
    text = printed(docx_writer.redline(align.readings(a, b), META, ("as BEL", "as COR")), "redline")
    assert "The Parties shallshould act" in text
    assert "Comparison: as BEL → as COR" in text


@pytest.mark.slow
def test_libreoffice_prints_a_text_from_right_to_left(printed):
    document = parse(ARABIC).document
    meta = Meta("نص", "ar", Instant(0))
    text = printed(docx_writer.write(Matter(document, sheet.as_negotiated(document)), meta), "arabic")
    assert "BEL propose" in text
    assert sum(letter in text for letter in "مذكرة تفاهم") >= 8
