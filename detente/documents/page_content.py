"""What a page or a file holds: the blocks of one reading, and what is known beside its words."""

from __future__ import annotations

from dataclasses import dataclass

from detente.documents.matter import Matter, Meta
from detente.procedures.table import known as knowledge
from detente.procedures.table import layout
from detente.procedures.table.known import Known
from detente.procedures.table.layout import Block


@dataclass(frozen=True)
class Content:
    """One reading of one text, laid out."""

    matter: Matter
    meta: Meta
    known: Known
    blocks: tuple[Block, ...]


def laid_out(matter: Matter, meta: Meta, known: Known | None = None) -> Content:
    """The blocks of the matter's sheet: with all variants where the sheet is the whole text as negotiated."""
    known = known or knowledge.of_file(matter.document)
    blocks = layout.lay_out(matter.document, layout.every)
    if layout.as_sheet(blocks) != matter.sheet:
        return Content(matter, meta, known, layout.of_sheet(matter.sheet))
    if known.names:
        blocks = layout.lay_out(matter.document, layout.every, known.names)
    return Content(matter, meta, known, blocks)
