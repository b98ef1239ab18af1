"""A text as a sheet: paragraphs in order, each with its pieces.  What documents, columns and comparisons are made of.

The tree holds a text as places to decide; a sheet holds it as it lies on paper.  There are two kinds:

    as_negotiated   every variant of every open slot, with its marks (brackets, "Option 1:", heads with codes)
    as_decided      one variant in every slot: as one party would have it, as the chair's draft has it, or clean

A clause begins a paragraph.  Marks and words behind a clause that lies within a slot stand in the paragraph that
was begun last, so the pieces of a sheet in their order are the text, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from detente.procedures.table import tree
from detente.procedures.table.tree import (
    Clause,
    ClauseKind,
    ContainerId,
    Document,
    Echo,
    Form,
    NodeId,
    Passage,
    Run,
    Slot,
    Variant,
)

Pick: TypeAlias = tree.Pick


class Ink(Enum):
    """What a piece is."""

    WORDS = "words"
    MARK = "mark"  # written while a slot is open, gone once it is settled


@dataclass(frozen=True, slots=True)
class Piece:
    """Words or marks in a row, and whose they are: party codes or names, as the text or its acts give them."""

    text: str
    ink: Ink
    container: ContainerId
    lo: int  # offset of the first character in its container, in code points; 0 for marks
    sponsors: tuple[str, ...]
    depth: int  # how many open slots hold it


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One clause as it lies on paper.  What stands before the first clause has an empty id."""

    clause: NodeId
    kind: ClauseKind
    label: str
    level: int
    pieces: tuple[Piece, ...]

    @property
    def written(self) -> str:
        """All that is written, marks included."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def words(self) -> str:
        """The words alone."""
        return "".join(piece.text for piece in self.pieces if piece.ink is Ink.WORDS)


Sheet: TypeAlias = tuple[Paragraph, ...]


def as_negotiated(document: Document) -> Sheet:
    """The text with all its variants and marks."""
    return _sheet(document.passage, _every_variant)


def as_decided(document: Document, pick: Pick) -> Sheet:
    """The text with one variant in every slot; where `pick` gives None the slot is left empty."""

    def chosen(slot: Slot, place: int, around: _Around) -> list[_Step]:
        variant = pick(slot)
        if variant is None:
            return []
        inside = _Around(_wanted_by(variant) or around.sponsors, around.depth)
        return [*_space(variant.space, inside), (variant.places[place], inside), *_space(variant.after, inside)]

    return _sheet(document.placed(pick), chosen)


# --- the way through the tree -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Around:
    """What holds the place where we are."""

    sponsors: tuple[str, ...] = ()
    depth: int = 0


_Step: TypeAlias = "tuple[str | Run | Passage | Clause | Slot | Echo, _Around]"
_Expand: TypeAlias = Callable[[Slot, int, _Around], list[_Step]]


def _every_variant(slot: Slot, place: int, around: _Around) -> list[_Step]:
    if slot.form is Form.PLACEMENT:
        return [(tree.placement_mark(each), _Around(each.sponsors, around.depth + 1)) for each in slot.variants]
    made_here = slot.form.proposed
    shown = [variant for variant in slot.variants if variant.written]
    steps: list[_Step] = []
    for index, variant in enumerate(shown):
        inside = _Around(_wanted_by(variant) or around.sponsors, around.depth + 1)
        if made_here:
            head = "/".join(variant.sponsors) + " propose: " if variant.sponsors else ""
            steps += [("[" + head, inside), (variant.places[place], inside), ("]", inside)]
            continue
        steps += _space(variant.space if index == 0 else None, inside)
        steps += [(variant.lead, inside), (variant.places[place], inside), (variant.tail, inside)]
        steps += _space(variant.after if index == len(shown) - 1 else None, inside)
    return steps


def _wanted_by(variant: Variant) -> tuple[str, ...]:
    """Whose words these are: sponsors of a live proposal, or the codes that the imported text gives."""
    said = (code for each in variant.attributions if each.verb != "oppose" for code in each.parties)
    return variant.sponsors or tuple(dict.fromkeys(said))


def _space(run: Run | None, around: _Around) -> list[_Step]:
    return [(run, around)] if run else []


def _sheet(whole: Passage, expand: _Expand) -> Sheet:
    paragraphs: list[Paragraph] = []
    opened: Clause | None = None
    pieces: list[Piece] = []
    for step in _steps(whole, expand):
        if isinstance(step, Piece):
            pieces.append(step)
            continue
        if opened is not None or pieces:
            paragraphs.append(_paragraph(opened, pieces))
        opened, pieces = step, []
    return (*paragraphs, _paragraph(opened, pieces)) if opened is not None or pieces else tuple(paragraphs)


def _paragraph(clause: Clause | None, pieces: list[Piece]) -> Paragraph:
    if clause is None:
        return Paragraph(b"", ClauseKind.FRONT, "", 0, tuple(pieces))
    return Paragraph(clause.id, clause.kind, clause.label, clause.level, tuple(pieces))


def _steps(whole: Passage, expand: _Expand) -> Iterator[Piece | Clause]:
    """Pieces in the order of the text, and every clause where it begins."""
    waiting: list[_Step] = [(whole, _Around())]
    while waiting:
        node, around = waiting.pop()
        match node:
            case str():
                if node:
                    yield Piece(node, Ink.MARK, tree.IMPORTED, 0, around.sponsors, around.depth)
            case Run():
                if node.text:
                    yield Piece(node.text, Ink.WORDS, node.container, node.lo, around.sponsors, around.depth)
            case Passage():
                waiting.extend((item, around) for item in reversed(node.woven))
            case Clause():
                yield node
                waiting += [(each, around) for each in (tree.clause_inside(node), node.placement) if each is not None]
            case Slot():
                waiting.extend(reversed(expand(node, 0, around)))
            case Echo():
                waiting.extend(reversed(expand(node.slot, node.place, around)))
