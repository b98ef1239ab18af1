"""A comparison as a page: what came in is underlined, what went out is struck through, and both are coloured.

The marks are the elements `ins` and `del`, which readers that speak know; colour only repeats them.  A paragraph
that moved stands in both places: struck through where it was, in full where it is, each with a word that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detente.documents import page_frame, page_words
from detente.documents.matter import Meta
from detente.documents.page_frame import Element, put
from detente.documents.page_words import Pen
from detente.documents.wording import word
from detente.procedures.table.align import Comparison, Fate, Row
from detente.procedures.table.hunks import How
from detente.procedures.table.sheet import Paragraph
from detente.procedures.table.tree import ClauseKind

_DEEPEST: Final = 6
_MOST_INDENT: Final = 3


def write(comparison: Comparison, meta: Meta, names: tuple[str, str], *, markdown: bool = True) -> bytes:
    """The comparison as HTML in one file; `names` say what the two texts are called."""
    return page_frame.written(page(comparison, meta, names, markdown=markdown))


def page(comparison: Comparison, meta: Meta, names: tuple[str, str], *, markdown: bool = True) -> Element:
    """The same as elements."""
    counted = ", ".join(f"{count:,} {name}" for name, count in comparison.counts().items() if count)
    kind = f"{word(meta.language, 'compared')}: {names[0]} → {names[1]}"
    made, main = page_frame.frame(meta, page_frame.readable(kind), f"Paragraphs: {counted or 'none'}")
    look = _Look(_levels(comparison), meta.language, Pen(markdown=markdown))
    for row in comparison.rows:
        _row(main, _paragraph(comparison, row), row, look)
    page_words.unseen(main, look.pen)
    return page_frame.close(made)


@dataclass(frozen=True)
class _Look:
    """What holds for all rows: which heading has which level, the language of our few words, and the pen."""

    levels: dict[int, int]
    language: str
    pen: Pen


def _row(main: Element, paragraph: Paragraph, row: Row, look: _Look) -> None:
    if not paragraph.written.strip():
        return
    heading = paragraph.kind is ClauseKind.HEADING
    indent = min(max(paragraph.level - 2, 0), _MOST_INDENT)
    classes = "" if heading else f"block i{indent}" if indent else "block"
    tag = f"h{look.levels[paragraph.level]}" if heading else "div"
    holder = put(main, tag, class_=classes, dir=page_frame.direction(paragraph.words))
    if row.fate in {Fate.MOVED_FROM, Fate.MOVED_TO}:
        put(holder, "small", word(look.language, "moved"), class_="status warn")
    first = heading and look.pen.markdown
    for span in row.spans:
        text = page_words.without_heading_signs(span.text) if first else span.text
        page_words.words(_where(holder, span.how, look), text, look.pen)
        first = False


def _where(holder: Element, how: How, look: _Look) -> Element:
    if how is How.KEPT:
        return holder
    name, said = ("ins", "inserted") if how is How.INSERTED else ("del", "deleted")
    return put(holder, name, title=word(look.language, said))


def _paragraph(comparison: Comparison, row: Row) -> Paragraph:
    """The paragraph whose place and look the row has."""
    if row.in_b and row.b is not None:
        return comparison.b[row.b]
    return comparison.a[row.a or 0]


def _levels(comparison: Comparison) -> dict[int, int]:
    """A level of heading for each level that headings have in either text, none left out."""
    found = {each.level for sheet in (comparison.a, comparison.b) for each in sheet if each.kind is ClauseKind.HEADING}
    return {level: min(rank + 2, _DEEPEST) for rank, level in enumerate(sorted(found))}
