"""The next revision of a text that left the table, told as proposals on the clauses that exist.

A text goes out as a document, is worked on elsewhere, and comes back.  What came back is aligned with what went out,
and each difference becomes a proposal on what stands: so clauses keep their ids, and what was said of them stays
theirs.  Nothing is done by this; whoever imports the revision proposes it, or a part of it, in the order given.

    words changed in a clause      an edit, one for each clause and passage; if it is taken, the words are there
    a clause that came in          a new clause, right behind what it follows
    a clause that went             an alternative to it that says nothing
    a clause that moved            a placement; one that went and one that came, where others lie under it or are placed
                                   by it
    brackets that changed          an alternative to the clause, where its new words have none; otherwise it is said

Notes, and what comes in within a bracket, have no place of their own: they are put at the end of what they follow.
What cannot be proposed is listed with a sentence, so that a person sees to it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeAlias

from detente.ground.errors import Malformed
from detente.procedures.table import align, grammar, tree
from detente.procedures.table.acts import AddClause, Alternative, Edit, Hunk, MoveClause
from detente.procedures.table.align import Comparison, Fate, Row
from detente.procedures.table.hunks import How
from detente.procedures.table.model import Text
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.placing import addition_id
from detente.procedures.table.proposing import LONGEST_WORDS, MOST_HUNKS
from detente.procedures.table.sheet import Ink, Paragraph, Sheet
from detente.procedures.table.tree import (
    Clause,
    ClauseKind,
    ContainerId,
    Document,
    Echo,
    Item,
    NodeId,
    Passage,
    Run,
    Slot,
)
from detente.wire import text as safety

Proposed: TypeAlias = Edit | Alternative | AddClause | MoveClause
_DEEP = 1 << 30
_PLACED = frozenset({ClauseKind.HEADING, ClauseKind.PARAGRAPH, ClauseKind.POINT})


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


def revised(text: Text, base: Sheet, revision: Sheet) -> Revision:
    """The proposals on a text which make `revision` of `base`, the reading in which it left."""
    found = align.revisions(base, revision)
    teller = _Teller(text, found)
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
    within: dict[NodeId, NodeId] = field(default_factory=dict)  # clause -> the clause in whose words it lies
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
                homes.within[node.id] = home.clause
                if node.passage.woven and isinstance(node.passage.woven[-1], Run):
                    homes.plain_ends.add(node.id)
                waiting.append((tree.clause_inside(node), _Home(node.id, node.id), False))
            case Slot():
                made = node.form.proposed
                for variant in reversed(node.variants):
                    inside = home if made else _Home(home.clause, variant.id)
                    waiting.extend((place, inside, proposed or made) for place in reversed(variant.places))
            case Echo():
                pass
    return homes


# --- where clauses stand ------------------------------------------------------------------------


class _Places:
    """The outline with the clauses that come in, and what lies within what."""

    def __init__(self, text: Text, homes: _Homes) -> None:
        self._text = text
        self._within = homes.within
        self._parents: dict[NodeId, NodeId] = {}  # of clauses that come in
        self._levels: dict[NodeId, int] = {}

    def stands(self, clause: NodeId) -> bool:
        """Whether something can be placed by it."""
        return clause in self._parents or clause in self._text.outline.current

    def parent(self, clause: NodeId) -> NodeId:
        """What a clause stands under."""
        if clause in self._parents:
            return self._parents[clause]
        site = self._text.outline.site(clause)
        return site.parent if site is not None else WHOLE

    def level(self, clause: NodeId) -> int:
        """How deep it stands; what holds nothing is deeper than everything."""
        if clause in self._levels:
            return self._levels[clause]
        known = self._text.clauses[clause].ground.clause
        return known.level if known.kind in _PLACED else _DEEP

    def top(self, clause: NodeId) -> NodeId:
        """The clause of the outline in whose words a clause lies."""
        while clause and not self.stands(clause):
            clause = self._within.get(clause, WHOLE)
        return clause

    def under(self, clause: NodeId, other: NodeId) -> bool:
        """Whether a clause stands under another one, or is it."""
        while clause != WHOLE:
            if clause == other:
                return True
            clause = self.parent(clause)
        return False

    def behind(self, before: NodeId, following: NodeId, level: int) -> tuple[NodeId, NodeId] | None:
        """Parent and neighbour of a place behind `before` and ahead of `following`; None: there is none."""
        if before == WHOLE:
            return (WHOLE, WHOLE)
        after = self.top(following)
        if not self.stands(before) or (after == before and following != before):
            return None
        if (after != before and self.under(after, before)) or level > self.level(before):
            return (before, WHOLE)
        at = before
        while (above := self.parent(at)) != WHOLE and self.level(above) >= level and not self.under(after, above):
            at = above
        return (self.parent(at), at)

    def is_at(self, clause: NodeId, spot: tuple[NodeId, NodeId]) -> bool:
        """Whether a clause that stands has that place already."""
        site = self._text.outline.site(clause)
        return site is not None and (site.parent, site.after) == (spot[0], self._site(spot[1]))

    def added(self, body: AddClause, level: int) -> NodeId:
        """The id of a clause that comes in; from now on it has its place."""
        name = addition_id(body, self._site(body.after))
        self._parents[name], self._levels[name] = body.parent, level
        return name

    def _site(self, clause: NodeId) -> bytes:
        return clause if clause in self._parents else self._text.outline.current.get(clause, WHOLE)


# --- from differences to proposals --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Turn:
    """Letters lo to hi of a paragraph as it went out, and what stands in their place."""

    lo: int
    hi: int
    words: str


class _Teller:
    """Tells the rows of a comparison as proposals."""

    def __init__(self, text: Text, found: Comparison) -> None:
        self.text = text.id
        self.found = found
        self.homes = _homes(text.document)
        self.holding = set(self.homes.within.values())
        self.places = _Places(text, self.homes)
        self.leaves = {name for name in text.outline.current if not text.outline.children(name)}
        self.proposals: list[Proposed] = []
        self.unsaid: list[Unsaid] = []
        self.heads: dict[int, str] = {}  # row -> what comes in before its words
        self.tails: dict[int, str] = {}  # row -> what comes in behind them
        self.moved: set[int | None] = set()  # paragraphs of a whose move is told as one

    def tell(self) -> None:
        """What came in first, for the order among it counts; then what changed and what went."""
        self._came()
        for at, row in enumerate(self.found.rows):
            if row.a is None:
                continue
            paragraph = self.found.a[row.a]
            head, tail = self.heads.get(at, ""), self.tails.get(at, "")
            moved = row.a in self.moved
            if row.b is not None and row.in_b and (row.in_a or moved):
                wording = head + self.found.b[row.b].written + tail
                self._changed(paragraph, _turns(row, head, tail, paragraph.written), wording)
            elif row.in_a and not moved and (head or tail or not self._goes(paragraph)):
                self._changed(paragraph, [_Turn(0, len(paragraph.written), head + tail)], head + tail)

    # --- what came in ---------------------------------------------------------------------------

    def _came(self) -> None:
        """What came in, by what it follows: a paragraph that stays, or one that came in before it."""
        kept = [at for at, row in enumerate(self.found.rows) if row.in_a and row.in_b]
        before, host = WHOLE, -1  # the clause before, and the row of the last paragraph that stays
        for at, words in self._groups():
            row = self.found.rows[at]
            if row.in_a:
                before, host = self._clause(at), at
                continue
            place = bisect_right(kept, at)
            following = self._clause(kept[place]) if place < len(kept) else WHOLE
            paragraph = self.found.b[row.b or 0]
            placed = _is_placed(paragraph) and not (host < 0 and self.heads)  # behind words that have no place
            spot = self.places.behind(before, following, paragraph.level) if placed else None
            if spot is None:
                self._continues(paragraph, words, host)
            elif not self._moves(at, row, spot):
                before = self._adds(paragraph, words, spot) or before

    def _groups(self) -> Iterator[tuple[int, str]]:
        """The rows of the revision in order; to a clause that came in belong the notes that came in behind it."""
        at, words = -1, ""
        for number, row in enumerate(self.found.rows):
            if row.b is None or not row.in_b:
                continue
            paragraph = self.found.b[row.b]
            if at >= 0 and not row.in_a and not self.found.rows[at].in_a and not _is_placed(paragraph):
                words += paragraph.written
                continue
            if at >= 0:
                yield at, words
            at, words = number, paragraph.written
        if at >= 0:
            yield at, words

    def _clause(self, at: int) -> NodeId:
        where = self.found.rows[at].a
        return self.found.a[where].clause if where is not None else WHOLE

    def _adds(self, paragraph: Paragraph, words: str, spot: tuple[NodeId, NodeId]) -> NodeId | None:
        """Proposes a clause; its id, or None where its words cannot be said."""
        if not _sayable(words):
            self._say(paragraph, "The revision has brackets or unreadable characters here: see to it by hand.")
            return None
        body = AddClause(self.text, paragraph.kind, *spot, words)
        self.proposals.append(body)
        return self.places.added(body, paragraph.level)

    def _moves(self, at: int, row: Row, spot: tuple[NodeId, NodeId]) -> bool:
        """Proposes another place for a clause that holds no others, unless something else would be placed by it."""
        clause = self._clause(at) if row.fate is Fate.MOVED_TO else WHOLE
        behind = next((each for each in self.found.rows[at + 1 :] if each.in_b), None)
        if clause not in self.leaves or (behind is not None and not behind.in_a) or self.places.is_at(clause, spot):
            return False
        self.proposals.append(MoveClause(self.text, clause, *spot))
        self.moved.add(row.a)
        return True

    def _continues(self, paragraph: Paragraph, words: str, host: int) -> None:
        """Puts words at the end of the paragraph before them, or before everything."""
        rows = list(enumerate(self.found.rows))
        stays = next((at for at, row in rows if row.in_a and row.in_b), None)
        first = stays if stays is not None else next((at for at, row in rows if row.in_a), None)
        if host >= 0:
            self.tails[host] = self.tails.get(host, "") + words
        elif first is not None:
            self.heads[first] = self.heads.get(first, "") + words
        else:
            self._say(paragraph, "There is no clause beside which this could be proposed.")

    # --- what changed and what went -------------------------------------------------------------

    def _goes(self, paragraph: Paragraph) -> bool:
        """Proposes that the clause says nothing; not where other clauses lie in its words, or it has no id."""
        if not paragraph.clause or paragraph.clause in self.holding:
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
        elif not paragraph.clause or paragraph.clause in self.holding:
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


def _is_placed(paragraph: Paragraph) -> bool:
    """Whether this can be a clause with a place of its own."""
    return paragraph.kind in _PLACED and bool(paragraph.written.strip())


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
