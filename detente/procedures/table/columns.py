"""The n-column table: one row for each clause, and beside the base what each party, or each version, has there.

Two kinds of tables:

    of_parties     one bracketed text: base | as each party would have it | the chair's draft | how it stands
    of_versions    several versions of one text: the first | the second | ... | how they differ

Rows of one text are its clauses, by their ids.  Versions are aligned one after the other with all that came before
(align.py), so that what the second brought and the third kept stands in one row.  A cell says what became of the
base's words: unchanged, changed, deleted `[ ]`, new.  A row has a light, as in the tables of a trilogue:

    green     nothing to decide; the same in all versions
    yellow    open, and nobody named stands in the way; the versions differ
    red       contested, and by whom; missing in a version that should have it
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from detente.procedures.table import align, layout, standpoints
from detente.procedures.table.align import Fate
from detente.procedures.table.hunks import Budget, Span, spans
from detente.procedures.table.layout import Block, Decide
from detente.procedures.table.sheet import Paragraph, Sheet
from detente.procedures.table.standpoints import Names, Standing
from detente.procedures.table.tree import ClauseKind, Document, NodeId

BASE: Final = "Base"
DELETED: Final = "[ ]"  # as the tables of a trilogue write it
UNCHANGED: Final = "unchanged"
_HEADING: Final = re.compile(r"\s*#{1,6}[ \t]+")


class Likeness(Enum):
    """What a cell has of the base's words."""

    BASE = "base"
    SAME = "unchanged"
    CHANGED = "changed"
    GONE = "deleted"
    NEW = "new"
    NONE = "nothing"  # neither here nor in the base


class Light(Enum):
    """How a row stands, as a colour and as a word."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Cell:
    """The words of one column, on one line; `changes` are those from the base's words to these."""

    words: str
    likeness: Likeness
    changes: tuple[Span, ...] = ()

    @property
    def shown(self) -> str:
        """What people see: the words, or the mark that stands for them."""
        return {Likeness.SAME: UNCHANGED, Likeness.GONE: DELETED}.get(self.likeness, self.words)


@dataclass(frozen=True, slots=True)
class Row:
    """One clause."""

    label: str
    kind: ClauseKind
    level: int
    cells: tuple[Cell, ...]
    light: Light
    state: str  # in words


@dataclass(frozen=True, slots=True)
class Columns:
    """The table: what each column is called, and the rows.  The last column on a page is the state."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]

    def lights(self) -> dict[str, int]:
        """How many rows have which light."""
        return {light.value: sum(row.light is light for row in self.rows) for light in Light}


# --- one bracketed text -------------------------------------------------------------------------


def of_parties(document: Document, parties: Iterable[str], draft: Sheet | None = None, names: Names = None) -> Columns:
    """The base, each party's own text, the chair's draft where there is one, and how each clause stands."""
    whole = layout.lay_out(document, layout.every, names)
    heads = [BASE]
    columns = [_by_clause(document, standpoints.base, names)]
    for party in parties:
        heads.append(party)
        columns.append(_by_clause(document, standpoints.as_party(party, names), names))
    if draft is not None:
        heads.append("Draft")
        columns.append(_drafted(layout.as_sheet(whole), draft))
    budget = Budget()
    rows = []
    for block in whole:
        cells = _cells([column.get(block.clause, "") for column in columns], budget)
        if any(cell.words for cell in cells) or block.stretches:
            light, state = _standing(block, names)
            rows.append(Row(block.label, block.kind, block.level, cells, light, state))
    return Columns(tuple(heads), tuple(rows))


def _by_clause(document: Document, decide: Decide, names: Names) -> dict[NodeId, str]:
    return {block.clause: plain(block.written) for block in layout.lay_out(document, decide, names)}


def _drafted(sheet: Sheet, draft: Sheet) -> dict[NodeId, str]:
    """What the chair's draft has for each clause; what it adds stands with the clause before it in the draft."""
    found: dict[NodeId, str] = {}
    at: NodeId = sheet[0].clause if sheet else b""
    for row in align.revisions(sheet, draft).rows:
        if row.b is None or row.fate is Fate.MOVED_TO:
            continue
        at = sheet[row.a].clause if row.a is not None else at
        found[at] = f"{found.get(at, '')} {plain(draft[row.b].written)}".strip()
    return found


def _standing(block: Block, names: Names) -> tuple[Light, str]:
    slots = standpoints.slots_of(block)
    match standpoints.standing(slots, names):
        case Standing.CLEAN:
            return Light.GREEN, "nothing to decide"
        case Standing.OPEN:
            return Light.YELLOW, f"{_places(len(slots))} open"
        case _:
            named = [code for code in standpoints.who_blocks(slots, names) if code != standpoints.UNNAMED]
            return Light.RED, f"{_places(len(slots))} contested" + (f": {', '.join(named)}" if named else "")


def _places(count: int) -> str:
    return f"{count} place" + ("s" if count > 1 else "")


# --- several versions ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Growing:
    """A row while versions come in: how its clause looks so far, and the words of each version."""

    face: Paragraph
    words: dict[int, str] = field(default_factory=dict)


def of_versions(versions: Iterable[tuple[str, Sheet]]) -> Columns:
    """The versions side by side; the first is the base."""
    heads: list[str] = []
    rows: list[_Growing] = []
    for number, (name, sheet) in enumerate(versions):
        heads.append(name)
        rows = list(_with(rows, number, sheet))
    budget = Budget()
    made = []
    for row in rows:
        cells = _cells([row.words.get(number, "") for number in range(len(heads))], budget)
        if any(cell.words for cell in cells):
            light, state = _agreement(cells, heads)
            made.append(Row(row.face.label, row.face.kind, row.face.level, cells, light, state))
    return Columns(tuple(heads), tuple(made))


def _with(rows: list[_Growing], number: int, sheet: Sheet) -> Iterable[_Growing]:
    """The rows with one more version: beside the clause that it is, or as a row of its own where it came in.

    What moved stays in the row of the clause that it was.
    """
    if not rows:
        yield from (_Growing(each, {number: plain(each.written)}) for each in sheet)
        return
    faces = tuple(row.face for row in rows)
    for pair in align.revisions(faces, sheet).rows:
        if pair.fate is Fate.MOVED_TO:
            continue
        row = rows[pair.a] if pair.a is not None else _Growing(sheet[pair.b or 0])
        if pair.b is not None:
            row.face = sheet[pair.b]
            row.words[number] = plain(sheet[pair.b].written)
        yield row


def _agreement(cells: tuple[Cell, ...], heads: list[str]) -> tuple[Light, str]:
    missing = [head for cell, head in zip(cells, heads, strict=True) if not cell.words]
    if missing:
        return Light.RED, f"missing in {', '.join(missing)}"
    changed = [head for cell, head in zip(cells, heads, strict=True) if cell.likeness is Likeness.CHANGED]
    return (Light.YELLOW, f"changed in {', '.join(changed)}") if changed else (Light.GREEN, "the same in all")


# --- cells --------------------------------------------------------------------------------------


def plain(written: str) -> str:
    """What is written, on one line and without the signs that make a heading of it."""
    return " ".join(_HEADING.sub("", written, count=1).split())


def _cells(words: list[str], budget: Budget) -> tuple[Cell, ...]:
    """The first is the base of all others."""
    base, *others = words
    return (Cell(base, Likeness.BASE if base else Likeness.NONE), *(_cell(base, each, budget) for each in others))


def _cell(base: str, words: str, budget: Budget) -> Cell:
    if words == base:
        return Cell(words, Likeness.SAME if words else Likeness.NONE)
    if not words:
        return Cell(words, Likeness.GONE)
    if not base:
        return Cell(words, Likeness.NEW)
    return Cell(words, Likeness.CHANGED, spans(base, words, budget))
