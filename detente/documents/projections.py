"""A text on a table as documents: which reading of it, in which form, and what every document says of itself.

| reading | what stands |
| --- | --- |
| `imported` | the text as it was laid on the table, with its brackets |
| `negotiated` | the text as it stands: brackets that are open, live proposals under the codes of their sponsors |
| `base`, `clean` | what stood before anybody proposed; only what is outside every open place |
| a party's code | as that party would have it |

A document bears how sensitive it is, of which entry of the log it was made, the content hash of the text at that
entry, and a short hash of the reading, by which a revision that comes back is known (`Reading base 3fa4c08912ab34cd`).
A text has no label of its own, and what bears none is treated as the ceiling of its line (acts/labels.py).  The same
state makes the same bytes, at every house: the moment is that of the log's last entry, and no clock is read.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from detente.acts.facts import Facts
from detente.documents import (
    akn_write,
    docx_writer,
    formats,
    page_columns,
    page_html,
    page_pdf,
    page_redline,
    rows_columns,
    rows_proposals,
)
from detente.documents.docx_ink import Style
from detente.documents.matter import Matter, Meta
from detente.documents.wording import reading
from detente.ground.errors import Malformed
from detente.ground.instants import Instant, iso
from detente.procedures.table import agreeing, align, columns, known, layout, readings, sheet, standpoints, tree
from detente.procedures.table.align import Comparison
from detente.procedures.table.columns import Columns
from detente.procedures.table.known import Known
from detente.procedures.table.model import Text
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.parse import parse
from detente.procedures.table.sheet import Sheet
from detente.procedures.table.tree import Document
from detente.wire import text as safety

IMPORTED: Final = "imported"
NEGOTIATED: Final = "negotiated"
BASE: Final = "base"
CLEAN: Final = "clean"
MOST_COLUMNS: Final = 30
LARGEST_PDF: Final = 256 * 1024  # characters: laying pages out takes longer than anything else here
_MARK: Final = re.compile(r"Reading (\S{1,60}) ([0-9a-f]{16})\b")
_FILE_MARK: Final = re.compile(r"_([A-Za-z0-9-]{1,60})-([0-9a-f]{16})[.( ]")
_LONGEST_STEM: Final = 60


@dataclass(frozen=True)
class State:
    """A text at one position of the log of its line."""

    text: Text
    facts: Facts
    size: int  # entries of the log
    at: Instant  # the log's time at the last of them
    source: str | None = None  # the words that were laid on the table, where this house has them

    @cached_property
    def known(self) -> Known:
        """Codes, statuses and positions."""
        return known.of_table(self.text, self.facts)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Who can be asked how it would have the text: the members, and whom the text names."""
        return tuple(sorted({*readings.parties(self.text.document, self.known.names), *self.known.names.values()}))

    @property
    def readings(self) -> tuple[str, ...]:
        """The names of all readings that there are."""
        return (*((IMPORTED,) if self.source is not None else ()), NEGOTIATED, BASE, CLEAN, *self.codes)

    @property
    def label(self) -> str:
        """How sensitive a document is that is made of the text."""
        return self.facts.ceiling.value

    @property
    def content(self) -> str:
        """The content hash of the whole text, in hexadecimal digits."""
        return (agreeing.content(self.text, WHOLE) or b"").hex()

    def marks(self, *more: str) -> tuple[str, ...]:
        """What every document of this state bears."""
        at = iso(self.at)[:16].replace("T", " ")
        return (
            f"Treated as {self.label}, the ceiling of its line",
            f"Made of entry {self.size} of the log, {at} UTC",
            f"Content hash {self.content}",
            *more,
        )

    def meta(self, *more: str) -> Meta:
        """Title, language, moment and marks."""
        return Meta(self.text.title, self.text.language, self.at, self.marks(*more))


@dataclass(frozen=True)
class Projection:
    """One reading of a text."""

    name: str
    document: Document
    sheet: Sheet
    known: Known

    @property
    def digest(self) -> str:
        """The beginning of the SHA-256 of all that is written, in hexadecimal digits."""
        return hashlib.sha256("".join(each.written for each in self.sheet).encode()).hexdigest()[:16]

    @property
    def mark(self) -> str:
        """By which a document that comes back is known."""
        return f"Reading {self.name} {self.digest}"


@dataclass(frozen=True)
class File:
    """A document to be handed out."""

    raw: bytes
    name: str  # plain letters, digits and signs that no system takes for anything else
    media: str


def project(state: State, name: str) -> Projection:
    """The reading of that name; `Malformed` with the names that there are."""
    document, names = state.text.document, state.known.names
    if name == IMPORTED:
        if state.source is None:
            raise Malformed("This house does not have the words with which this text was laid on the table.")
        came = parse(state.source).document
        return Projection(name, came, sheet.as_negotiated(came), known.of_file(came))
    if name == NEGOTIATED:
        laid = layout.as_sheet(layout.lay_out(document, layout.every, names))
    else:
        laid = _called(sheet.as_decided(document, readings.named(document, name, names)), state.known)
    return Projection(name, document, laid, state.known)


def _called(decided: Sheet, about: Known) -> Sheet:
    """The sheet with sponsors under their codes."""
    return tuple(
        replace(
            paragraph,
            pieces=tuple(
                replace(piece, sponsors=tuple(about.names.get(party, party) for party in piece.sponsors))
                for piece in paragraph.pieces
            ),
        )
        for paragraph in decided
    )


# --- one reading ----------------------------------------------------------------------------------


def write(state: State, form: str, name: str = NEGOTIATED) -> File:
    """A reading of the text in one of the formats (`formats.FORMATS`).

    `Malformed` where there is no such form or reading; `Unfit` where this system cannot make a PDF.
    """
    found = formats.named(form)
    if form in {"csv", "json"} and name not in {IMPORTED, NEGOTIATED}:
        raise Malformed("Rows hold what every party wants: they are made of the whole text, imported or negotiated.")
    shown = project(state, name)
    meta = state.meta(shown.mark)
    matter = Matter(shown.document, shown.sheet, reading(meta.language, name))
    return File(_written(form, matter, meta, shown), _name(state, shown, found.suffix), found.media_type)


def _written(form: str, matter: Matter, meta: Meta, shown: Projection) -> bytes:
    match form:
        case "docx":
            return docx_writer.write(matter, meta)
        case "akn":
            return akn_write.write(matter, meta, shown.known)
        case "html":
            return page_html.write(matter, meta, shown.known)
        case "pdf":
            _not_too_long(sum(len(each.written) for each in shown.sheet))
            return page_pdf.apart(page_html.page(matter, meta, shown.known), meta)
        case "csv":
            return rows_proposals.as_csv(matter, meta, shown.known)
        case _:
            return rows_proposals.as_json(matter, meta, shown.known)


def _not_too_long(letters: int) -> None:
    if letters > LARGEST_PDF:
        raise Malformed(
            f"A PDF is made of at most {LARGEST_PDF:,} characters here; take the page in HTML and print it."
        )


# --- two readings ---------------------------------------------------------------------------------


_REDLINES: Final[dict[str, Callable[[Comparison, Meta, tuple[str, str]], bytes]]] = {
    "docx": lambda found, meta, names: docx_writer.redline(found, meta, names, Style()),
    "html": page_redline.write,
    "pdf": lambda found, meta, names: page_pdf.apart(page_redline.page(found, meta, names), meta),
}
REDLINES: Final = tuple(_REDLINES)


def redline(state: State, form: str, one: str = IMPORTED, two: str = NEGOTIATED) -> File:
    """What it takes to come from one reading to the other: tracked changes in Word, or a page."""
    if form not in _REDLINES:
        raise Malformed(f"A redline is written as {', '.join(REDLINES)}.")
    before, after = project(state, one), project(state, two)
    if form == "pdf":
        _not_too_long(sum(len(each.written) for shown in (before, after) for each in shown.sheet))
    meta = state.meta(f"{before.mark} → {after.mark}")
    found = align.readings(before.sheet, after.sheet)
    names = (reading(meta.language, one), reading(meta.language, two))
    known_form = formats.named(form)
    return File(_REDLINES[form](found, meta, names), _name(state, None, known_form.suffix), known_form.media_type)


# --- columns --------------------------------------------------------------------------------------


_COLUMNS: Final[dict[str, Callable[[Columns, Meta], bytes]]] = {
    "html": page_columns.write,
    "csv": lambda found, _: rows_columns.as_csv(found),
    "json": lambda found, _: rows_columns.as_json(found),
    "pdf": lambda found, meta: page_pdf.apart(page_columns.page(found, meta), meta),
}
COLUMNS: Final = tuple(_COLUMNS)


def in_columns(state: State, form: str, parties: Iterable[str] = ()) -> File:
    """The base and each party's own text, clause by clause; without names all that want something, or are named."""
    if form not in _COLUMNS:
        raise Malformed(f"Columns are written as {', '.join(COLUMNS)}.")
    names = state.known.names
    there = standpoints.parties(tree.slots(state.text.document.passage), names)
    chosen = list(dict.fromkeys(parties)) or list(there)
    missing = [code for code in chosen if code not in {*there, *names.values()}]
    if missing:
        raise Malformed(f"The text names no party “{safety.visible(missing[0][:40])}”.")
    if len(chosen) > MOST_COLUMNS:
        raise Malformed(f"At most {MOST_COLUMNS} parties stand side by side: name those that you want.")
    found = columns.of_parties(state.text.document, chosen, names=names)
    if form == "pdf":
        _not_too_long(sum(len(cell.words) for row in found.rows for cell in row.cells))
    known_form = formats.named(form)
    name = _name(state, None, f".columns{known_form.suffix}")
    return File(_COLUMNS[form](found, state.meta()), name, known_form.media_type)


# --- names, and what is known by them -------------------------------------------------------------


def _name(state: State, shown: Projection | None, suffix: str) -> str:
    """A name of letters, digits, dots and dashes: the title, how sensitive it is, the entry, and which reading."""
    what = f"{_plain(shown.name, 'party')}-{shown.digest}" if shown is not None else "redline"
    what = "columns" if suffix.startswith(".columns") else what
    stem = _plain(state.text.title, "text")[:_LONGEST_STEM].strip("-")
    return f"{stem}_{state.label}_entry-{state.size}_{what}{suffix.removeprefix('.columns')}"


def _plain(words: str, otherwise: str) -> str:
    bare = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[A-Za-z0-9]+", bare)) or otherwise


def marked(state: State, name: str, furniture: Iterable[str]) -> tuple[str, str] | None:
    """The reading and its hash that a document bears, in the heads of its pages or in its name; None: neither.

    What a document says of itself is a stranger's word: it only decides with what the document is compared.
    """
    for line in furniture:
        if (found := _MARK.search(line)) is not None:
            return found[1], found[2]
    if (found := _FILE_MARK.search(name)) is not None:
        named = next((each for each in state.readings if _plain(each, "party") == found[1]), None)
        return (named, found[2]) if named is not None else None
    return None
