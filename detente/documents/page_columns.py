"""The n-column table as a page: a row for each clause, what changed against the base, and a light with its word.

A cell that is as the base says "unchanged"; words that the base has not are marked and underlined, and `[ ]` stands
where words of the base are gone and nothing came in their place, as in the tables of a trilogue.  On a small screen
each row is a card.
"""

from __future__ import annotations

from typing import Final

from detente.documents import page_frame, page_words
from detente.documents.matter import Meta
from detente.documents.page_frame import Element, put
from detente.documents.page_words import Pen
from detente.procedures.table.columns import DELETED, Cell, Columns, Light, Likeness, Row
from detente.procedures.table.hunks import How, Span
from detente.procedures.table.tree import ClauseKind

_TONES: Final = {Light.GREEN: "good", Light.YELLOW: "warn", Light.RED: "bad"}
_STATE: Final = "State"
_BRACKETS: Final = frozenset("[]")


def write(columns: Columns, meta: Meta) -> bytes:
    """The table as HTML in one file."""
    return page_frame.written(page(columns, meta))


def page(columns: Columns, meta: Meta) -> Element:
    """The same as elements."""
    lights = ", ".join(f"{count:,} {light}" for light, count in columns.lights().items())
    made, main = page_frame.frame(
        meta, f"Text in {len(columns.heads)} columns", f"{len(columns.rows):,} rows: {lights}", "wide"
    )
    made[1].set("class", "tabular")
    main.set("class", "wide")
    pen = Pen()
    table = put(put(main, "div", class_="scroll"), "table", class_="columns")
    head = put(put(table, "thead"), "tr")
    for name in ("Clause", *columns.heads, _STATE):
        put(head, "th", page_frame.readable(name), scope="col")
    body = put(table, "tbody")
    for row in columns.rows:
        _row(body, row, columns.heads, pen)
    page_words.unseen(main, pen)
    return page_frame.close(made, width="wide")


def _row(body: Element, row: Row, heads: tuple[str, ...], pen: Pen) -> None:
    """One clause; a heading that all columns share goes over the whole line."""
    if row.kind is ClauseKind.HEADING and all(cell.likeness in {Likeness.BASE, Likeness.SAME} for cell in row.cells):
        line = put(body, "tr", class_="heading")
        cell = put(
            line, "th", colspan=str(len(heads) + 2), scope="colgroup", dir=page_frame.direction(row.cells[0].words)
        )
        page_words.words(cell, row.cells[0].words, pen)
        return
    line = put(body, "tr")
    page_words.words(put(line, "th", scope="row"), row.label, pen)
    for name, cell in zip(heads, row.cells, strict=True):
        _cell(put(line, "td", data_column=page_frame.readable(name), dir=page_frame.direction(cell.words)), cell, pen)
    state = put(line, "td", class_=f"state {_TONES[row.light]}", data_column=_STATE)
    said = page_frame.ours(state, "")
    put(said, "b", row.light.value)
    page_frame.append(said, f": {page_frame.readable(row.state)}")


def _cell(holder: Element, cell: Cell, pen: Pen) -> None:
    match cell.likeness:
        case Likeness.SAME | Likeness.GONE:
            put(holder, "span", cell.shown, class_="same", lang="en")
        case Likeness.NEW:
            page_words.words(put(holder, "ins"), cell.words, pen)
        case Likeness.CHANGED:
            _changes(holder, cell.changes, pen)
        case _:
            page_words.words(holder, cell.words, pen)


def _changes(holder: Element, changes: tuple[Span, ...], pen: Pen) -> None:
    """What came in is marked; what went out without anything in its place is `[ ]`, brackets of the base apart."""
    behind = [*changes[1:], None]
    for span, after in zip(changes, behind, strict=True):
        replaced = after is not None and after.how is How.INSERTED
        if span.how is How.DELETED:
            if not replaced and span.text.strip() and not _BRACKETS & set(span.text):
                put(holder, "del", DELETED, title=page_frame.readable(span.text))
        else:
            where = holder if span.how is How.KEPT else put(holder, "ins")
            page_words.words(where, span.text, pen)
