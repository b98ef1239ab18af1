"""The next revision of a text that left the table, told as proposals on the clauses that exist.

A text goes out as a document, is worked on elsewhere, and comes back.  What came back is aligned with what went out,
and each difference becomes a proposal on the words that stand: so clauses keep their ids, and what was said of them
stays theirs.  Nothing is done by this; whoever imports the revision proposes it, or a part of it.

    words changed in a clause      an edit, one for each clause and passage; if it is taken, the words are there
    a clause that came in          an edit at the end of the clause before it
    a clause that went             an alternative to it that says nothing
    brackets that changed          an alternative to the clause, where its new words have none; otherwise it is said

What cannot be proposed is listed with a sentence, so that a person sees to it.  A clause that moved is told as one
that went and one that came, and named besides.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeAlias

from detente.ground.errors import Malformed
from detente.procedures.table import align, grammar, tree
from detente.procedures.table.acts import Alternative, Edit, Hunk
from detente.procedures.table.align import Comparison, Fate, Row
from detente.procedures.table.hunks import How
from detente.procedures.table.proposing import LONGEST_WORDS, MOST_HUNKS
from detente.procedures.table.sheet import Ink, Paragraph, Sheet
from detente.procedures.table.tree import Clause, ContainerId, Document, Echo, Form, Item, NodeId, Passage, Run, Slot
from detente.wire import text as safety

Proposed: TypeAlias = Edit | Alternative


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A difference that cannot be told as a proposal, and why."""

    clause: NodeId
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Revision:
    """What somebody would propose to come from the text to its revision."""

    proposals: tuple[Proposed, ...]
    unsaid: tuple[Unsaid, ...]
    moved: tuple[NodeId, ...]  # clauses that stand elsewhere in the revision
    comparison: Comparison


def revised(text: bytes, document: Document, base: Sheet, revision: Sheet) -> Revision:
    """The proposals on the text of that id which make `revision` of `base`, a reading of `document`."""
    found = align.revisions(base, revision)
    teller = _Teller(text, document, found)
    teller.tell()
    moved = tuple(base[row.a].clause for row in found.rows if row.fate is Fate.MOVED_FROM and row.a is not None)
    return Revision(tuple(teller.proposals), tuple(teller.unsaid), moved, found)


# --- whose words lie where ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Home:
    """Where words lie: the innermost clause, and the passage whose words can be changed together."""

    clause: NodeId
    passage: bytes


@dataclass(slots=True)
class _Homes:
    """The homes of all runs of a document."""

    runs: dict[tuple[ContainerId, int], _Home] = field(default_factory=dict)
    holding: set[NodeId] = field(default_factory=set)  # clauses that hold other clauses
    plain_ends: set[NodeId] = field(default_factory=set)  # clauses that end in words: an alternative keeps their blanks

    def put(self, run: Run, home: _Home) -> None:
        """The first to be met is the passage's own; what a proposal leaves of it is met again."""
        self.runs.setdefault((run.container, run.lo), home)


def _homes(document: Document) -> _Homes:
    homes = _Homes()
    waiting: list[tuple[Item | Passage, _Home, bool]] = [(document.passage, _Home(b"", b""), False)]
    while waiting:
        node, home, proposed = waiting.pop()
        match node:
            case Run():
                alone = proposed and node.container != tree.IMPORTED
                homes.put(node, _Home(home.clause, node.container) if alone else home)
            case Passage():
                waiting.extend((item, home, proposed) for item in reversed(node.woven))
            case Clause():
                homes.holding.add(home.clause)
                if node.passage.woven and isinstance(node.passage.woven[-1], Run):
                    homes.plain_ends.add(node.id)
                waiting.append((tree.clause_inside(node), _Home(node.id, node.id), False))
            case Slot():
                made = node.form in {Form.PROPOSAL, Form.BAG, Form.CLAUSE}
                for variant in reversed(node.variants):
                    inside = home if made else _Home(home.clause, variant.id)
                    waiting.extend((place, inside, proposed or made) for place in reversed(variant.places))
            case Echo():
                pass
    return homes


# --- from differences to proposals --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Turn:
    """Letters lo to hi of a paragraph as it went out, and what stands in their place."""

    lo: int
    hi: int
    words: str


class _Teller:
    """Tells the rows of a comparison as proposals."""

    def __init__(self, text: bytes, document: Document, found: Comparison) -> None:
        self.text = text
        self.found = found
        self.homes = _homes(document)
        self.proposals: list[Proposed] = []
        self.unsaid: list[Unsaid] = []

    def tell(self) -> None:
        """Row by row; what came in is told with the paragraph before it, or, at the beginning, behind it."""
        before, after = self._came()
        for at, row in enumerate(self.found.rows):
            if not row.in_a or row.a is None:
                continue
            paragraph = self.found.a[row.a]
            head, tail = before.get(at, ""), after.get(at, "")
            if row.in_b:
                wording = head + self.found.b[row.b or 0].written + tail
                self._changed(paragraph, _turns(row, head, tail, paragraph.written), wording)
            elif head or tail or not self._goes(paragraph):
                self._changed(paragraph, [_Turn(0, len(paragraph.written), head + tail)], head + tail)

    def _came(self) -> tuple[dict[int, str], dict[int, str]]:
        """What comes in, by the row to whose beginning or end it is told."""
        before: dict[int, str] = {}
        after: dict[int, str] = {}
        kept = [at for at, row in enumerate(self.found.rows) if row.in_a and row.in_b]
        stands = kept or [at for at, row in enumerate(self.found.rows) if row.in_a][:1]
        for at, row in enumerate(self.found.rows):
            if not row.in_b or row.in_a or row.b is None:
                continue
            words = self.found.b[row.b].written
            place = bisect_right(stands, at) - 1
            if place >= 0:
                after[stands[place]] = after.get(stands[place], "") + words
            elif stands:
                before[stands[0]] = before.get(stands[0], "") + words
            else:
                self._say(self.found.b[row.b], "There is no clause beside which this could be proposed.")
        return before, after

    def _goes(self, paragraph: Paragraph) -> bool:
        """Proposes that the clause says nothing; not where it holds others, or has no id."""
        if not paragraph.clause or paragraph.clause in self.homes.holding:
            return False
        self.proposals.append(Alternative(self.text, paragraph.clause, ""))
        return True

    def _changed(self, paragraph: Paragraph, turns: list[_Turn], wording: str) -> None:
        """Edits in the passages that the changes touch, or an alternative to the whole clause."""
        if not turns:
            return
        hunks = _Hunks(paragraph, self.homes)
        told = [hunks.told(turn) for turn in turns]
        if all(told) and all(_sayable(turn.words) for turn in turns):
            self.proposals += hunks.edits(self.text)
        elif not paragraph.clause or paragraph.clause in self.homes.holding:
            self._say(
                paragraph, "The revision changes marks here, and the place holds other clauses: see to it by hand."
            )
        elif not _sayable(wording):
            self._say(paragraph, "The revision has brackets or unreadable characters here: see to it by hand.")
        else:
            words = wording.rstrip() if paragraph.clause in self.homes.plain_ends else wording
            self.proposals.append(Alternative(self.text, paragraph.clause, words))

    def _say(self, paragraph: Paragraph, sentence: str) -> None:
        self.unsaid.append(Unsaid(paragraph.clause, paragraph.label, sentence))


def _turns(row: Row, head: str, tail: str, written: str) -> list[_Turn]:
    """The changes of a row in order, with what comes in before and behind it."""
    found: list[_Turn] = []
    for span in row.spans:
        last = found[-1] if found else None
        if span.how is How.DELETED:
            found.append(_Turn(span.a, span.a + len(span.text), ""))
        elif span.how is How.INSERTED and last is not None and last.hi == span.a and not last.words:
            found[-1] = _Turn(last.lo, last.hi, span.text)
        elif span.how is How.INSERTED:
            found.append(_Turn(span.a, span.a, span.text))
    if head:
        first = found.pop(0) if found and found[0].lo == 0 else _Turn(0, 0, "")
        found.insert(0, _Turn(first.lo, first.hi, head + first.words))
    if tail:
        last = found.pop() if found and found[-1].hi == len(written) else _Turn(len(written), len(written), "")
        found.append(_Turn(last.lo, last.hi, last.words + tail))
    return [turn for turn in found if written[turn.lo : turn.hi] != turn.words]


class _Hunks:
    """The hunks of one paragraph, by the passages in which they lie."""

    def __init__(self, paragraph: Paragraph, homes: _Homes) -> None:
        self.pieces = paragraph.pieces
        self.starts = [0, *accumulate(len(piece.text) for piece in paragraph.pieces)]
        self.homes = homes
        self.found: dict[_Home, list[Hunk]] = {}

    def told(self, turn: _Turn) -> bool:
        """Whether this change can be made of hunks; if so, it is among them."""
        parts = list(self._parts(turn.lo, turn.hi))
        if any(home is None for _, home in parts):
            return False
        words = turn.words
        if not parts:
            gap = self._gap(turn.lo)
            if gap is None:
                return False
            parts = [gap]
        for hunk, home in parts:
            if home is not None:
                self.found.setdefault(home, []).append(Hunk(hunk.container, hunk.lo, hunk.hi, words))
                words = ""
        return True

    def _parts(self, lo: int, hi: int) -> Iterator[tuple[Hunk, _Home | None]]:
        """The ranges of containers that letters lo to hi are; marks have no home."""
        for number, piece in enumerate(self.pieces):
            start, end = max(lo, self.starts[number]), min(hi, self.starts[number + 1])
            if start < end:
                at = piece.lo + start - self.starts[number]
                yield Hunk(piece.container, at, at + end - start, ""), self._home(number)

    def _gap(self, at: int) -> tuple[Hunk, _Home] | None:
        """The gap at a letter: at the end of the words before it or before those behind, whichever lie less deep."""
        beside: list[tuple[int, Hunk, _Home]] = []
        for number, piece in enumerate(self.pieces):
            home = self._home(number)
            if home is not None and self.starts[number] <= at <= self.starts[number + 1] and piece.text:
                place = piece.lo + at - self.starts[number]
                beside.append((piece.depth, Hunk(piece.container, place, place, ""), home))
        if not beside:
            return None
        _, hunk, home = min(beside, key=lambda each: each[0])
        return hunk, home

    def _home(self, number: int) -> _Home | None:
        piece = self.pieces[number]
        return self.homes.runs.get((piece.container, piece.lo)) if piece.ink is Ink.WORDS else None

    def edits(self, text: bytes) -> Iterator[Edit]:
        """One edit for each passage, or several where it would have too many hunks."""
        for home, hunks in self.found.items():
            ordered = sorted(hunks, key=lambda hunk: (hunk.lo, hunk.hi))
            for first in range(0, len(ordered), MOST_HUNKS):
                yield Edit(text, home.clause, tuple(ordered[first : first + MOST_HUNKS]))


def _sayable(words: str) -> bool:
    """Whether these can be the words of a proposal."""
    if len(words) > LONGEST_WORDS:
        return False
    try:
        safety.check_text(words)
    except Malformed:
        return False
    bare = grammar.FOOTNOTE_ANCHOR.sub("", words)
    return "[" not in bare and "]" not in bare
