"""The formats in which a text leaves the table.  To add one: a writer in a file of its own, and a line in the table.

A writer that needs a heavy library imports it when it is called, so that nobody else waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from detente.documents import akn_write, docx_writer, page_html, page_pdf, rows_proposals
from detente.documents.matter import Matter, Meta
from detente.ground.errors import Malformed
from detente.wire import text as safety

Writer: TypeAlias = Callable[[Matter, Meta], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a text down: the ending of its files, its media type, and who writes it."""

    suffix: str
    media_type: str
    what: str  # a few words for a list of formats
    write: Writer


FORMATS: Final[dict[str, Format]] = {
    "docx": Format(
        ".docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "Word: brackets, sponsors in comments, notes as footnotes",
        docx_writer.write,
    ),
    "akn": Format(".akn.xml", "application/akn+xml", "Akoma Ntoso 3.0: clauses, variants, sponsors", akn_write.write),
    "html": Format(".html", "text/html", "a page in one file: brackets, sponsors, statuses", page_html.write),
    "pdf": Format(".pdf", "application/pdf", "the same page as tagged PDF", page_pdf.write),
    "csv": Format(".csv", "text/csv", "who wants what, for spreadsheets", rows_proposals.as_csv),
    "json": Format(".json", "application/json", "the same for programs", rows_proposals.as_json),
}


def named(name: str) -> Format:
    """The format of that name; `Malformed` with the names there are."""
    known = FORMATS.get(name.lower().removeprefix("."))
    if known is None:
        raise Malformed(f"There is no format “{safety.visible(name[:40])}”; there are {', '.join(FORMATS)}.")
    return known
