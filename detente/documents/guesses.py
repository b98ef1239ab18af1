"""What a document is taken to be called, and to be written in, where nobody says."""

from __future__ import annotations

import re
from typing import Final

from detente.documents import docx_layout
from detente.procedures.table import sheet
from detente.procedures.table.tree import ClauseKind, Document
from detente.wire import text as safety

_FIRST: Final = 10  # paragraphs among which the heading is looked for
_SCRIPTS: Final = (
    ("en", re.compile(r"[A-Za-z]")),
    ("ar", re.compile(r"[\u0620-\u064a\u066e-\u06d3]")),
    ("he", re.compile(r"[\u05d0-\u05ea]")),
    ("ru", re.compile(r"[\u0400-\u052f]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
)


def title_of(document: Document, otherwise: str, *, markdown: bool) -> str:
    """The first heading as it is printed, or else what is given; one visible line in either case."""
    for paragraph in sheet.as_negotiated(document)[:_FIRST]:
        if paragraph.kind is ClauseKind.HEADING:
            text = docx_layout.printed(paragraph, markdown=markdown).text
            words = _line(text.partition(docx_layout.NEW_PARAGRAPH)[0])
            if words:
                return words
    return _line(otherwise) or "Text"


def _line(words: str) -> str:
    shown = " ".join(words.split())[: safety.LONGEST_TITLE].strip()
    return " ".join(safety.visible(shown).split())[: safety.LONGEST_TITLE].strip()


def language_of(text: str) -> str:
    """The language that the script of most letters suggests; a text in Latin letters is taken for English."""
    counts = [(len(pattern.findall(text)), -order, code) for order, (code, pattern) in enumerate(_SCRIPTS)]
    return max(counts)[2]
