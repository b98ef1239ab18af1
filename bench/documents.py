"""Claims: a long text comes in, leaves as a document and is compared at a price that its formats explain.

**In.**  The longest plain texts of the shared folder (or one generated here, where there is none) are imported through
the rules, as bracket text.  Floors: finding the brackets alone, and hashing the bytes; the peer is markdown-it-py,
which makes a tree of blocks of the same bytes and knows nothing of brackets, parties or places.

**Out.**  The Paris draft of December 2015 (or the generated text) as Word, Akoma Ntoso, HTML and CSV.  The floor of
each is its own form, with nothing of ours: lxml reads the same bytes and writes them again, and zlib packs them; the
csv module writes the same rows.

**Compared.**  Two successive drafts (or the generated text and one with every seventh word changed) as a Word
document with tracked changes.  The peer is difflib, which finds the longest common runs of words of the whole, and
knows of no clause and nothing that moved; nothing is written for it.

    python bench/documents.py [--rounds N]
"""

import argparse
import csv
import difflib
import hashlib
import io
import re
import time
import zipfile

import measure
import table
from lxml import etree
from markdown_it import MarkdownIt
from measure import milli, say, times

from detente.documents import akn_write, docx_writer, page_html, rows_proposals
from detente.documents.matter import Matter, Meta
from detente.ground.instants import Instant
from detente.procedures.table import align, brackets, sheet
from detente.procedures.table.parse import parse

LONGEST = 3  # texts that are imported
DRAFTS = ("corpus/paris-2015/agreement_2015-10-23.md", table.PARIS)
META = Meta("A text", "en", Instant(0))
WRITERS = {
    "Word": docx_writer.write,
    "Akoma Ntoso": akn_write.write,
    "HTML": page_html.write,
    "CSV": rows_proposals.as_csv,
}


def longest():
    """(name, text) of the longest plain texts there are, the longest first."""
    folder = measure.shared("corpus")
    if folder is None:
        say("The shared folder is not here: a generated text stands for the corpus.")
        return [("generated", table.generated(2_000))]
    files = sorted(
        (path for path in folder.rglob("*") if path.suffix in {".md", ".txt"}), key=lambda path: -path.stat().st_size
    )
    return [(path.name, path.read_text("utf-8")) for path in files[:LONGEST]]


def drafts():
    """Two successive drafts."""
    paths = [measure.shared(name) for name in DRAFTS]
    if all(paths):
        return [path.read_text("utf-8") for path in paths]
    first = table.generated(900)
    words = re.split(r"(?<= )", first)
    return [first, "".join("promptly " if at % 7 == 3 and word.isalpha() else word for at, word in enumerate(words))]


# --- in -----------------------------------------------------------------------------------------


def coming_in(name, source, rounds):
    raw = source.encode()
    figures = measure.interleaved(
        {
            "imported, as folded": lambda: table.imported(source),
            "parsed alone": lambda: parse(source),
            "peer: blocks of Markdown": lambda: MarkdownIt().parse(source),
            "floor: its brackets found": lambda: brackets.match(source),
            "floor: hashed": lambda: hashlib.sha256(raw).digest(),
        },
        rounds=rounds,
        batch=0.05,
        budget=40,
    )
    say(f"{name}: {len(raw):,} bytes, {source.count('['):,} opening brackets")
    _rows(figures, figures["peer: blocks of Markdown"].median, "/ the peer", len(raw))


def _rows(figures, against, named, size):
    measure.table(
        ["", "ms", "ms min", "MB/s", named],
        [
            (case, milli(one.median), milli(one.least), f"{size / one.median / 1e6:,.2f}", times(one.median / against))
            for case, one in figures.items()
        ],
    )


# --- out ----------------------------------------------------------------------------------------


def floor_of(form, made):
    """What the form alone costs: the same bytes read and written by the libraries that know it."""
    if form == "CSV":
        rows = list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")))
        return lambda: csv.writer(io.StringIO(newline="")).writerows(rows)
    if form == "Word":
        with zipfile.ZipFile(io.BytesIO(made)) as package:
            parts = {name: package.read(name) for name in package.namelist()}
        return lambda: packed(parts)
    parser = etree.HTMLParser(huge_tree=True) if form == "HTML" else etree.XMLParser(huge_tree=True)
    return lambda: etree.tostring(etree.fromstring(made, parser))


def packed(parts):
    """These parts, each read and written as XML, in a zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, raw in parts.items():
            package.writestr(name, etree.tostring(etree.fromstring(raw)))
    return out.getvalue()


def going_out(source, rounds):
    matter = Matter(document := parse(source).document, sheet.as_negotiated(document))
    made = {form: write(matter, META) for form, write in WRITERS.items()}
    cases = {}
    for form, write in WRITERS.items():
        cases[form] = lambda write=write: write(matter, META)
        cases[f"floor of {form}"] = floor_of(form, made[form])
    figures = measure.interleaved(cases, rounds=rounds, batch=0.05, budget=60)
    say(f"a text of {len(source.encode()):,} bytes as a document")
    measure.table(
        ["", "ms", "ms min", "kB", "/ its form"],
        [
            (
                form,
                milli(figures[form].median),
                milli(figures[form].least),
                f"{len(made[form]) / 1e3:,.0f}",
                times(figures[form].median / figures[f"floor of {form}"].median),
            )
            for form in WRITERS
        ],
    )


# --- compared -----------------------------------------------------------------------------------


def compared(one, other, rounds):
    sheets = [sheet.as_negotiated(parse(each).document) for each in (one, other)]
    words = [each.split() for each in (one, other)]
    found = align.revisions(*sheets)
    figures = measure.interleaved(
        {
            "compared, clause by clause": lambda: align.revisions(*sheets),
            "written as Word with tracked changes": lambda: docx_writer.redline(found, META, ("A", "B")),
            "peer: difflib over all words": lambda: difflib.SequenceMatcher(None, *words, autojunk=False).get_opcodes(),
            "peer: difflib over lines": lambda: list(difflib.ndiff(one.splitlines(), other.splitlines())),
        },
        rounds=rounds,
        batch=0.05,
        budget=90,
    )
    say(
        f"{len(one.encode()):,} and {len(other.encode()):,} bytes: "
        + ", ".join(f"{n:,} {w}" for w, n in found.counts().items())
    )
    _rows(figures, figures["peer: difflib over all words"].median, "/ difflib, words", len(one.encode()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    begun = time.monotonic()
    measure.opening("documents: long texts in, out and compared; CPU time")
    for name, source in longest():
        coming_in(name, source, rounds)
    two = drafts()
    going_out(two[1], rounds)
    compared(*two, rounds)
    measure.closing(begun)


if __name__ == "__main__":
    main()
