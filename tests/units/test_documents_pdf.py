"""Text as PDF, laid out for real: tagged, named, in its language and direction, the same every time."""

import re
import shutil
import subprocess
import unicodedata
import zlib

import pytest
from test_documents_akn import matter_of
from test_documents_pages import ARABIC, TEXT

from detente.documents import page_columns, page_frame, page_pdf
from detente.documents.matter import Meta
from detente.ground.errors import Unfit
from detente.ground.instants import Instant
from detente.procedures.table import columns
from detente.procedures.table.parse import parse

pytestmark = pytest.mark.slow
AT = Instant(1_790_000_000_000)


def made(text, meta):
    try:
        return page_pdf.write(matter_of(text), meta)
    except Unfit as error:
        pytest.skip(error.sentence)


def asked(tmp_path, raw, *command):
    """What a program of poppler says of a PDF."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}: apt install poppler-utils")
    file = tmp_path / "a.pdf"
    file.write_bytes(raw)
    done = subprocess.run([command[0], *command[1:], str(file), *(["-"] if command[0] == "pdftotext" else [])],
                          capture_output=True, check=True)  # fmt: skip
    return done.stdout.decode()


def streams(raw):
    """The file with its compressed parts unpacked."""
    parts = [raw]
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", raw, re.DOTALL):
        try:
            parts.append(zlib.decompress(found[1]))
        except zlib.error:
            continue
    return b"\n".join(parts)


def test_a_pdf_is_tagged_named_dated_and_the_same_every_time(tmp_path):
    meta = Meta("A Protocol", "en", AT)
    raw = made(TEXT, meta)
    assert raw == made(TEXT, meta)
    said = asked(tmp_path, raw, "pdfinfo", "-isodates")
    assert re.search(r"Title: +A Protocol\n", said)
    assert re.search(r"Tagged: +yes\n", said)
    assert re.search(r"JavaScript: +no\n", said)
    assert re.search(r"CreationDate: +2026-09-21T", said)
    inside = streams(raw)
    assert b"/Lang (en)" in inside
    assert b"pdfuaid:part" in inside
    for outline in (b"Article 1", b"Article 2"):
        assert b"/Title (" + outline in inside
    assert b"/URI" not in inside  # nothing leads out of the file
    assert b"/Launch" not in inside
    assert b"/EmbeddedFile" not in inside


def test_a_pdf_bears_no_date_where_its_meta_bears_none(tmp_path):
    assert "CreationDate" not in asked(tmp_path, made(TEXT, Meta("A Protocol", "en")), "pdfinfo")


def test_the_words_of_a_pdf_are_those_of_the_text_in_their_order(tmp_path):
    text = " ".join(asked(tmp_path, made(TEXT, Meta("A Protocol", "en", AT)), "pdftotext", "-raw").split())
    for words in ("1. Each Party", "BEL/COR propose", "shall", "at once", "Option 2: No text", "Article 2", "1 / 1"):
        assert words in text
    assert text.index("Article 1") < text.index("at once") < text.index("Option 1:") < text.index("Article 2")


def test_tags_tell_headings_from_paragraphs(tmp_path):
    said = asked(tmp_path, made(TEXT, Meta("A Protocol", "en", AT)), "pdfinfo", "-struct")
    assert [len(re.findall(rf"^ *{tag} \(block\)$", said, re.MULTILINE)) for tag in ("H1", "H2", "H3")] == [1, 1, 2]


def test_arabic_runs_from_right_to_left(tmp_path):
    raw = made(ARABIC, Meta("اتفاق", "ar", AT))
    assert b"/Lang (ar)" in streams(raw)
    boxes = asked(tmp_path, raw, "pdftotext", "-bbox")
    places = {}
    for x, word in re.findall(r'<word xMin="([\d.]+)" yMin="[\d.]+" xMax="[\d.]+" yMax="[\d.]+">(.*?)</word>', boxes):
        places.setdefault(unicodedata.normalize("NFKC", word), float(x))  # as they are seen, so the other way round
    order = [next(x for word, x in places.items() if name[::-1] in word) for name in ("يجب", "الأطراف", "تعمل")]
    assert order == sorted(order, reverse=True), places
    badge = next(x for word, x in places.items() if "BEL" in word)
    assert badge > order[0]  # the sponsor stands before its words, so to their right


def test_a_table_of_columns_lies_on_its_side(tmp_path):
    meta = Meta("A Protocol", "en", AT)
    table = columns.of_parties(parse(TEXT).document, ["BEL", "COR"])
    try:
        raw = page_pdf.from_page(page_columns.page(table, meta), meta)
    except Unfit as error:
        pytest.skip(error.sentence)
    said = asked(tmp_path, raw, "pdfinfo")
    width, height = map(float, re.search(r"Page size: +([\d.]+) x ([\d.]+)", said).groups())
    assert width > height
    assert "Clause" in asked(tmp_path, raw, "pdftotext", "-f", "1", "-l", "1")  # the table begins on the first page


def test_a_page_that_names_a_file_or_an_address_does_not_get_it(tmp_path):
    """Nobody's words become markup, and if they did: the fetcher refuses, and the PDF is made without the picture."""
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>SECRET</text></svg>')
    meta = Meta("A Protocol", "en", AT)
    page, main = page_frame.frame(meta, "a page")
    page_frame.put(main, "img", src=secret.as_uri(), alt="x")
    page_frame.put(main, "img", src="http://127.0.0.1:9/x.png", alt="y")
    try:
        raw = page_pdf.from_page(page, meta)
    except Unfit as error:
        pytest.skip(error.sentence)
    assert "SECRET" not in asked(tmp_path, raw, "pdftotext")
