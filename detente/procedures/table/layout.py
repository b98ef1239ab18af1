"""A text laid out for a page: its paragraphs, and in each as much of every variant as lies in it.

A variant may begin in one paragraph and end articles later; paper, HTML and Akoma Ntoso know no such thing.
So it is cut where a clause begins, and each stretch says whether the variant begins or ends in it:

    Block      a paragraph: the clause that begins it, and what it holds
    Stretch    as much of one variant of one slot as lies in one paragraph, with what it holds in turn
    Piece      words or marks (sheet.py)

`decide` says of every slot what is shown: EVERY variant with its marks, one variant, or none.  So the text as it
is negotiated, as one party would have it, and clean are one function.  The pieces of all blocks in their order
are the text; with EVERY for all, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, Literal, TypeAlias

import msgspec

from detente.ground.errors import Malformed
from detente.procedures.table import tree
from detente.procedures.table.sheet import Ink, Paragraph, Piece, Sheet
from detente.procedures.table.tree import Clause, ClauseKind, Document, Echo, Form, NodeId, Passage, Run, Slot, Variant

DEEPEST: Final = 80  # brackets within brackets; the rules admit 64 and eight proposals on them


class Showing(Enum):
    """A slot that stays open."""

    EVERY = "every variant, with its marks"


EVERY: Final = Showing.EVERY
Decision: TypeAlias = "Variant | Literal[Showing.EVERY] | None"
Decide: TypeAlias = Callable[[Slot], Decision]

Inside: TypeAlias = "tuple[Piece | Stretch, ...]"


@dataclass(frozen=True, slots=True)
class Stretch:
    """As much of one variant as lies in one paragraph."""

    slot: Slot
    variant: Variant
    place: int  # of a slot that has several
    begins: bool
    ends: bool
    inside: Inside


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph: the clause that begins it, and what it holds.  Before the first clause the id is empty."""

    clause: NodeId
    kind: ClauseKind
    label: str
    level: int
    inside: Inside

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Everything written in it, in order."""
        return tuple(node for node in _flat(self.inside) if isinstance(node, Piece))

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """Every stretch at every depth, an outer one before what it holds."""
        return tuple(node for node in _flat(self.inside) if isinstance(node, Stretch))

    @property
    def written(self) -> str:
        """All that is written, marks included."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def words(self) -> str:
        """The words alone."""
        return "".join(piece.text for piece in self.pieces if piece.ink is Ink.WORDS)


def lay_out(document: Document, decide: Decide, names: Mapping[str, str] | None = None) -> tuple[Block, ...]:
    """The blocks of a text.  `names` gives the code by which a live proposal's sponsor is called.

    `Malformed` where brackets are nested deeper than any page can show.
    """
    layout = _Layout()
    for step in _steps(document.passage, decide, names or {}):
        layout.take(step)
    return layout.finish()


def every(_: Slot) -> Decision:
    """The text as it is negotiated."""
    return EVERY


def as_sheet(blocks: tuple[Block, ...]) -> Sheet:
    """The blocks as a sheet, which knows no variants."""
    return tuple(Paragraph(block.clause, block.kind, block.label, block.level, block.pieces) for block in blocks)


def of_sheet(sheet: Sheet) -> tuple[Block, ...]:
    """The blocks of a sheet, in which every variant is no more than its marks and words."""
    return tuple(Block(each.clause, each.kind, each.label, each.level, each.pieces) for each in sheet)


def _flat(inside: Inside) -> Iterator[Piece | Stretch]:
    waiting: list[Piece | Stretch] = list(reversed(inside))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Stretch):
            waiting.extend(reversed(node.inside))


# --- from the tree to steps ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Around:
    """What holds the place where we are."""

    sponsors: tuple[str, ...] = ()
    depth: int = 0


@dataclass(frozen=True, slots=True)
class _Enter:
    """A variant begins."""

    slot: Slot
    variant: Variant
    place: int


@dataclass(frozen=True, slots=True)
class _Leave:
    """The variant that began last ends."""


_Step: TypeAlias = Piece | Clause | _Enter | _Leave
_Node: TypeAlias = "str | Run | Passage | Clause | Slot | Echo | _Enter | _Leave"


def _steps(whole: Passage, decide: Decide, names: Mapping[str, str]) -> Iterator[_Step]:
    waiting: list[tuple[_Node, _Around]] = [(whole, _Around())]
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
            case Slot() | Echo():
                slot, place = (node, 0) if isinstance(node, Slot) else (node.slot, node.place)
                waiting.extend(reversed(_expanded(slot, place, around, decide, names)))
            case _Enter() | _Leave():
                yield node


def _expanded(
    slot: Slot, place: int, around: _Around, decide: Decide, names: Mapping[str, str]
) -> list[tuple[_Node, _Around]]:
    taken = decide(slot)
    if taken is None:
        return []
    if isinstance(taken, Variant):
        inside = _Around(wanted_by(taken, names) or around.sponsors, around.depth)
        nodes = [*_spaces(taken.space), taken.places[place], *_spaces(taken.after)]
        return [(node, inside) for node in nodes]
    return _every_variant(slot, place, around, names)


def _every_variant(slot: Slot, place: int, around: _Around, names: Mapping[str, str]) -> list[tuple[_Node, _Around]]:
    """All variants with their marks; the space that belongs to the words is written once, outside of them."""
    if slot.form is Form.PLACEMENT:
        return [_placed(variant, around, names) for variant in slot.variants]
    shown = [variant for variant in slot.variants if variant.written]
    nodes: list[tuple[_Node, _Around]] = []
    for index, variant in enumerate(shown):
        inside = _Around(wanted_by(variant, names) or around.sponsors, around.depth + 1)
        if slot.form.proposed:
            sponsors = "/".join(names.get(party, party) for party in variant.sponsors)
            lead, tail = f"[{sponsors} propose: " if sponsors else "[", "]"
        else:
            lead, tail = variant.lead, variant.tail
            nodes += [(run, inside) for run in _spaces(variant.space if index == 0 else None)]
        held: list[_Node] = [_Enter(slot, variant, place), lead, variant.places[place], tail, _Leave()]
        nodes += [(node, inside) for node in held]
        if not slot.form.proposed and index == len(shown) - 1:
            nodes += [(run, inside) for run in _spaces(variant.after)]
    return nodes


def _placed(variant: Variant, around: _Around, names: Mapping[str, str]) -> tuple[_Node, _Around]:
    """The mark that somebody would have the clause elsewhere, under that party's code."""
    wanted = wanted_by(variant, names)
    mark = tree.placement_mark(msgspec.structs.replace(variant, sponsors=wanted) if wanted else variant)
    return mark, _Around(wanted, around.depth + 1)


def wanted_by(variant: Variant, names: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Whose words these are: sponsors of a live proposal by their codes, or those whom the imported text names."""
    if variant.sponsors:
        return tuple((names or {}).get(party, party) for party in variant.sponsors)
    said = (code for each in variant.attributions if each.verb != "oppose" for code in each.parties)
    return tuple(dict.fromkeys(said))


def _spaces(run: Run | None) -> list[_Node]:
    return [run] if run else []


# --- from steps to blocks -----------------------------------------------------------------------


@dataclass(slots=True)
class _Open:
    """A variant that has begun, and its stretch in the paragraph at hand."""

    entered: _Enter
    begins: bool = True
    inside: list[Piece | Stretch] = field(default_factory=list)


class _Layout:
    """The paragraph at hand, and the variants that are open in it."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.clause: Clause | None = None
        self.inside: list[Piece | Stretch] = []
        self.open: list[_Open] = []

    def take(self, step: _Step) -> None:
        match step:
            case Piece():
                self._here().append(step)
            case Clause():
                self._end_block()
                self.clause = step
            case _Enter():
                if len(self.open) == DEEPEST:
                    raise Malformed(
                        f"The brackets of the text are nested more than {DEEPEST} deep; no page can show that."
                    )
                self.open.append(_Open(step))
            case _Leave():
                self._close(ends=True)

    def finish(self) -> tuple[Block, ...]:
        self._end_block()
        return tuple(self.blocks)

    def _here(self) -> list[Piece | Stretch]:
        return self.open[-1].inside if self.open else self.inside

    def _close(self, *, ends: bool) -> None:
        top = self.open.pop()
        if top.inside or (top.begins and ends):
            at = top.entered
            self._here().append(Stretch(at.slot, at.variant, at.place, top.begins, ends, tuple(top.inside)))
            top.begins = False

    def _end_block(self) -> None:
        """Cuts what is open, so that it goes on in the next block."""
        cut = list(self.open)
        while self.open:
            self._close(ends=False)
        if self.clause is not None or self.inside:
            self.blocks.append(_block(self.clause, tuple(self.inside)))
        self.clause, self.inside = None, []
        self.open = [_Open(each.entered, begins=each.begins) for each in cut]


def _block(clause: Clause | None, inside: Inside) -> Block:
    if clause is None:
        return Block(b"", ClauseKind.FRONT, "", 0, inside)
    return Block(clause.id, clause.kind, clause.label, clause.level, inside)


# --- to cut a block -----------------------------------------------------------------------------


def cut(inside: Inside, at: int) -> tuple[Inside, Inside]:
    """What is written before and from the `at`-th character; a stretch that is cut goes on in the second part."""
    left: list[Piece | Stretch] = []
    for index, node in enumerate(inside):
        length = _length(node)
        if at >= length and (at > 0 or length == 0):
            left.append(node)
            at -= length
            continue
        if at == 0:
            return tuple(left), inside[index:]
        before, behind = _halves(node, at)
        return (*left, before), (behind, *inside[index + 1 :])
    return tuple(left), ()


def _halves(node: Piece | Stretch, at: int) -> tuple[Piece | Stretch, Piece | Stretch]:
    if isinstance(node, Piece):
        lo = node.lo + at if node.ink is Ink.WORDS else 0
        return replace(node, text=node.text[:at]), replace(node, text=node.text[at:], lo=lo)
    before, behind = cut(node.inside, at)
    return replace(node, ends=False, inside=before), replace(node, begins=False, inside=behind)


def _length(node: Piece | Stretch) -> int:
    return len(node.text) if isinstance(node, Piece) else sum(map(_length, node.inside))
