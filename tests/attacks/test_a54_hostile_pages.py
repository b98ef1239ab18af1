"""Words of others in documents: hostile strings in every place of a page, a table and a file of Akoma Ntoso.

As with the pages of a house: a document of hostile words has no element with attributes that a document of harmless
words has not, and leads nowhere else.  The control writes the same words without the escaping.
"""

import csv
import io
import json

import pytest
from lxml import etree
from test_a54_hostile_words import HOSTILE

from detente.documents import (
    akn_read,
    akn_write,
    page_columns,
    page_frame,
    page_html,
    page_redline,
    rows_columns,
    rows_proposals,
)
from detente.documents.matter import Matter, Meta, Remark
from detente.procedures.table import align, columns, sheet, tree
from detente.procedures.table.known import Known, Said
from detente.procedures.table.parse import parse
from detente.wire import text as safety

pytestmark = pytest.mark.attack("A54", "prevented")
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", '"=1', '=HYPERLINK("http://e.x")')


def matter_with(words):
    """A text with these words as heading, paragraph, label's neighbour, note, variant and remark."""
    flat = " ".join(words.split()).replace("[", "(").replace("]", ")")
    text = (
        f"# {flat}\n\n## Article 1 {flat}\n\n1. {flat} [BEL propose: {flat}][COR: x {flat}] {flat}[^1]\n\n"
        f"(a) {flat}\n\n[^1]: {flat}\n\n**Option 1:** {flat}\n\n**Option 2:** {flat}\n\nNegotiators' Note: {flat}\n"
    )
    document = parse(text).document
    clause = next(each for each in tree.clauses(document.passage) if each.label == "1")
    variant = next(tree.slots(document.passage)).variants[0]
    known = Known(
        parties={"BEL": words, "COR": words},
        statuses={clause.id: words},
        said=(Said(variant.id, words, words, note=words), Said(clause.id, words, words)),
    )
    remarks = (Remark(clause.id, words, words),)
    return Matter(document, sheet.as_negotiated(document), remarks=remarks), known


def title(words):
    """A title is one visible line already, and no longer than it may be."""
    return " ".join(safety.visible(words).split())[:200].strip() or "x"


def pages_with(words):
    matter, known = matter_with(words)
    meta = Meta(title(words), "en")
    other = matter_with(words + " and more")[0].sheet
    yield page_html.write(matter, meta, known)
    yield page_columns.write(columns.of_parties(matter.document, ["BEL", "COR"], other), meta)
    yield page_redline.write(align.revisions(matter.sheet, other), meta, (words, words))


def shapes(raw):
    """The elements of a page with the names of their attributes."""
    return {
        (each.tag, tuple(sorted(each.attrib))) for each in etree.HTML(raw.decode()).iter() if isinstance(each.tag, str)
    }


def leads_out(raw):
    root = etree.HTML(raw.decode())
    return [each for each in root.xpath("//@href|//@src|//@action") if not each.startswith("#")]


def test_no_hostile_word_becomes_markup_on_a_page():
    harmless = [
        set().union(*(shapes(raw) for raw in each))
        for each in zip(*(pages_with(f"Word {n} *x*") for n in range(3)), strict=True)
    ]
    added = {("em", ()), ("strong", ()), ("ins", ("title",)), ("del", ("title",)), ("span", ("class", "title")),
             ("div", ("class", "dir")), ("div", ("class", "dir", "id")), ("td", ("data-column", "dir"))}  # fmt: skip
    for words in HOSTILE[::7]:
        for raw, known in zip(pages_with(words), harmless, strict=True):
            strange = shapes(raw) - known - added - unseen_table(raw)
            assert not strange, (words, strange)
            assert not leads_out(raw), words
            assert raw.count(b"<style>") == 1
            assert b"<script" not in raw.lower()


def unseen_table(raw):
    """The table of code points that nobody sees is there only where there are some."""
    if b'id="unseen"' not in raw:
        return set()
    section = etree.HTML(raw.decode()).xpath("//section")[0]
    return {(each.tag, tuple(sorted(each.attrib))) for each in section.iter()} | {("span", ("class", "title"))}


def test_control_the_same_words_without_escaping_are_markup():
    page, main = page_frame.frame(Meta("x", "en"), "x")
    page_frame.put(main, "p", "WORDS")
    raw = page_frame.written(page)
    spoilt = [raw.replace(b"WORDS", words.encode("utf-8", "surrogatepass")) for words in HOSTILE[::7]]
    assert sum(bool(shapes(each) - shapes(raw)) for each in spoilt) > 20


def test_no_hostile_word_becomes_an_element_of_akoma_ntoso():
    names = {each.tag for each in etree.fromstring(akn_write.write(*with_meta("Word"))).iter()}
    written = 0
    for words in HOSTILE[::7]:
        if any(ord(letter) > 126 and safety.visible(letter) != letter for letter in words):
            continue  # refused as a text, which test_documents_akn.py tries
        raw = akn_write.write(*with_meta(words))
        assert {each.tag for each in etree.fromstring(raw).iter()} <= names
        assert akn_read.read(raw).exact
        written += 1
    assert written > 40


def with_meta(words):
    matter, known = matter_with(words)
    return matter, Meta(title(words), "en"), known


@pytest.mark.parametrize("words", FORMULAS)
def test_no_cell_of_a_spreadsheet_runs(words):
    matter, known = matter_with(words)
    table = columns.of_parties(matter.document, ["BEL", "COR"])
    for raw in (rows_proposals.as_csv(matter, Meta("x", "en"), known), rows_columns.as_csv(table)):
        assert raw.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
        assert len({len(row) for row in rows}) == 1
        for cell in (cell for row in rows for cell in row):
            bare = cell.lstrip(" \t\r\n\"'\u200b")
            assert not (bare[:1] and bare[0] in "=+-@\uff1d\uff0b\uff0d\uff20") or cell.startswith("'"), cell
            assert not cell.startswith(("\t", "\r", "\n")), cell


def test_control_json_has_the_words_as_they_are():
    matter, known = matter_with("=1+1")
    values = json.loads(rows_proposals.as_json(matter, Meta("x", "en"), known))
    said = [voice["note"] for slot in values["slots"] for variant in slot["variants"] for voice in variant["voices"]]
    assert "=1+1" in said
