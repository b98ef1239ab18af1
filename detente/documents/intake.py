"""From a file that somebody hands in to a text: Markdown, plain text, a Word document, or Akoma Ntoso.

A Word document is read in the jail; what it says becomes a text in the grammar of the table: a heading with its
signs, a number as it is shown, a note under its label, and a note of negotiators behind the paragraph on which it
hangs.  The text is derived; the document's own bytes stay what they are, and what was noticed in reading is handed
on as findings, so that whoever looks at the text can be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detente.documents import akn_read, jail
from detente.documents.akn_read import Incoming
from detente.documents.docx_reading import Block, Finding, Reading, Side, blocks, checked, tracked
from detente.documents.jail_walls import Walls
from detente.ground.errors import Malformed
from detente.procedures.table import grammar
from detente.procedures.table.inspect import read as read_text
from detente.procedures.table.parse import LARGEST_TEXT

LARGEST: Final = 16 * 2**20  # bytes of any file
DOCX: Final = jail.Task("detente.documents.docx_reader", "read")
AKN: Final = jail.Task("detente.documents.akn_read", "read")
_MARKDOWN: Final = frozenset({".md", ".markdown"})
_XML: Final = frozenset({".xml", ".akn"})
_XML_BEGINS: Final = (b"<?xml", b"<akomaNtoso")
_PACKAGES: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")
_BULLET: Final = re.compile(r"•[ \t]+")
_LABEL: Final = re.compile(r"(\S{1,12})\t+(?=\S)")  # a number that was typed, with a tab behind it


@dataclass(frozen=True, slots=True)
class Intake:
    """A file as a text, and what there is to say of it."""

    text: str
    markdown: bool
    reading: Reading | None = None  # of a Word document
    findings: tuple[Finding, ...] = ()
    title: str = ""  # as the file itself says
    language: str = ""  # the same


def taken(raw: bytes, suffix: str, side: Side = Side.ACCEPTED) -> Intake:
    """The text of a file with that ending; `Malformed` where it cannot be read.

    `side` says which of the two texts of a document with tracked changes is wanted.
    """
    if suffix.lower() == ".docx" or raw.startswith(_PACKAGES):
        return _document(raw, side)
    if suffix.lower() in _XML or raw.startswith(_XML_BEGINS):
        return _akoma_ntoso(raw)
    return Intake(read_text(raw), suffix.lower() in _MARKDOWN)


def _bounded(raw: bytes) -> bytes:
    if len(raw) > LARGEST:
        raise Malformed(f"The document is larger than {LARGEST:,} bytes, which is the most that is read.")
    return raw


def _missing(walls: Walls) -> Iterator[Finding]:
    for wall in walls.missing:
        said = f"This system did not grant the wall “{wall}”: the document was read behind the others."
        yield Finding("walls", said)


def _akoma_ntoso(raw: bytes) -> Intake:
    opened = jail.run(AKN, _bounded(raw), Incoming)
    came = akn_read.checked(opened.value)
    findings = [*(Finding("not carried", said) for said in came.not_carried), *_missing(opened.walls)]
    language = "" if came.language == "und" else came.language
    return Intake(came.text, markdown=True, findings=tuple(findings), title=came.title, language=language)


def _document(raw: bytes, side: Side) -> Intake:
    opened = jail.run(DOCX, _bounded(raw), Reading)
    reading = checked(opened.value)
    findings = list(reading.findings)
    if tracked(reading):
        said = f"{len(reading.revisions):,} tracked changes; the text is read as if all were {side.value}."
        findings.insert(0, Finding("tracked", said))
    if reading.comments:
        findings.append(Finding("comments", f"{len(reading.comments):,} comments, which are no part of the text."))
    findings += _missing(opened.walls)
    text = written(reading, side)
    if len(text.encode()) > LARGEST_TEXT:
        raise Malformed(f"The document holds more than {LARGEST_TEXT:,} bytes of text.")
    return Intake(text, markdown=True, reading=reading, findings=tuple(findings))


def written(reading: Reading, side: Side) -> str:
    """One of the two texts of a document, in the grammar of the table."""
    notes = {note.label: _words(list(blocks(note.paragraphs, side))) for note in reading.notes}
    named: dict[str, None] = {}
    parts: list[str] = []
    for block in blocks(reading.paragraphs, side):
        text, behind = _with_notes(block, notes, named)
        if text.strip() or behind:
            parts.append(_headed(block, text))
            parts += behind
    parts += [f"{label}: {notes[label]}" for label in named if notes.get(label)]
    return "\n\n".join(part for part in parts if part.strip()) + ("\n" if parts else "")


def _headed(block: Block, text: str) -> str:
    """A paragraph with its number, and with the signs of a heading."""
    bullet = block.label == "•" or _BULLET.match(text)
    words = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
    if bullet and not block.heading:
        return f"* {words}"
    text = _LABEL.sub(r"\1 ", text, count=1) if _LABEL.match(text) else text
    signs = f"{'#' * min(block.heading, 6)} " if block.heading else ""
    return f"{signs}{block.label} {text}" if block.label else f"{signs}{text}"


def _with_notes(block: Block, notes: dict[str, str], named: dict[str, None]) -> tuple[str, list[str]]:
    """The text with the labels of its notes; negotiators' notes at its end become paragraphs of their own."""
    behind = [
        notes[label]
        for at, label in block.notes
        if at >= len(block.text.rstrip()) and grammar.NEGOTIATORS_NOTE.match(notes.get(label, ""))
    ]
    text = block.text
    for at, label in reversed(block.notes):
        if notes.get(label) in behind and at >= len(block.text.rstrip()):
            continue
        text = text[:at] + label + text[at:]
    named.update((label, None) for _, label in block.notes if label in text)
    return text, behind


def _words(inside: list[Block]) -> str:
    return " ".join(" ".join(_spoken(inside)).split())


def _spoken(inside: list[Block]) -> Iterator[str]:
    for block in inside:
        yield f"{block.label} {block.text}" if block.label else block.text
