"""Two sheets side by side: which paragraph of one is which of the other, and what changed within.

Two states or two readings of one text share their clauses' ids.  Two foreign texts share nothing but likeness, say
a draft and the next revision that came back from outside; there paragraphs are matched

    by being the same       the words are equal, the label apart; of equals the first with the first
    by their label          the same kind and label under the same heading
    by rare pairs of words  that both have and few others have

Of all that might match, the heaviest set that keeps the order is taken.  What lies in short gaps between matches is
tried again, all with all.  What is still alone and very like something elsewhere has moved.  The rest was deleted
or inserted.  Nothing here is quadratic in the length of a text: every paragraph has a bounded number of candidates.

A comparison is lossless: the paragraphs of `a` are its rows but for what came in, byte for byte, and those of `b`
its rows but for what went out.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TypeAlias

from rapidfuzz import fuzz

from detente.procedures.table.hunks import Budget, How, Span, spans
from detente.procedures.table.sheet import Paragraph, Sheet
from detente.procedures.table.tree import ClauseKind

LIKE = 0.55  # how alike two paragraphs are that are one, unless their labels say so
LIKE_BY_LABEL = 0.3
MOVED = 0.75  # how alike a paragraph is to where it went
_FEWEST_MOVED = 4  # words of a paragraph that can be told to have moved
_COMPARED = 2_000  # letters of a paragraph that are looked at for likeness
_PAIRS = 400  # pairs of words of a paragraph that are looked at
_RARE = 16  # paragraphs that may share a pair of words
_CANDIDATES = 8  # of a paragraph
_GAP = 12  # paragraphs on either side of a gap in which all are tried with all
_WORD = re.compile(r"\w+")


class Fate(Enum):
    """What became of a paragraph."""

    EQUAL = "equal"
    CHANGED = "changed"
    DELETED = "deleted"
    INSERTED = "inserted"
    MOVED_FROM = "moved from here"
    MOVED_TO = "moved to here"


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph of one sheet, or of both.  What moved has two rows, each of which knows both places."""

    fate: Fate
    a: int | None
    b: int | None
    spans: tuple[Span, ...]

    @property
    def in_a(self) -> bool:
        """Whether this row is a paragraph of the first sheet."""
        return self.fate not in {Fate.INSERTED, Fate.MOVED_TO}

    @property
    def in_b(self) -> bool:
        """Whether this row is a paragraph of the second sheet."""
        return self.fate not in {Fate.DELETED, Fate.MOVED_FROM}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sheets, and the rows in an order that keeps that of both."""

    a: Sheet
    b: Sheet
    rows: tuple[Row, ...]

    def first(self) -> str:
        """All that the first sheet says, from the rows alone."""
        return "".join(span.text for row in self.rows if row.in_a for span in row.spans if span.how is not How.INSERTED)

    def second(self) -> str:
        """All that the second sheet says, from the rows alone."""
        return "".join(span.text for row in self.rows if row.in_b for span in row.spans if span.how is not How.DELETED)

    def counts(self) -> dict[str, int]:
        """How many paragraphs have which fate; what moved counts once."""
        found = Counter(row.fate for row in self.rows if row.fate is not Fate.MOVED_FROM)
        names = {fate: "moved" if fate is Fate.MOVED_TO else fate.value for fate in Fate if fate is not Fate.MOVED_FROM}
        return {name: found[fate] for fate, name in names.items()}


def readings(a: Sheet, b: Sheet) -> Comparison:
    """Two readings or two states of one text: a clause is known by its id."""
    by_id = [_once(sheet) for sheet in (a, b)]
    edges = [_Edge(at, by_id[1][name], 1.0) for name, at in by_id[0].items() if name in by_id[1]]
    return _compared(a, b, edges, trusted=True)


def revisions(a: Sheet, b: Sheet) -> Comparison:
    """Two texts that came from outside, or one of them: a clause is known by its words, label and place."""
    return _compared(a, b, _likely(_Faces(a), _Faces(b)), trusted=False)


# --- how paragraphs look ------------------------------------------------------------------------


class _Faces:
    """What of each paragraph of a sheet is compared."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.words = [_words(paragraph) for paragraph in sheet]
        self.plain = [" ".join(words)[:_COMPARED] for words in self.words]
        self.places = list(_places(sheet, self.words))

    def __len__(self) -> int:
        return len(self.sheet)


_Place: TypeAlias = tuple[tuple[str, ...], ClauseKind, str]


def _words(paragraph: Paragraph) -> tuple[str, ...]:
    """The words in lower case, without the label, unless there is nothing else."""
    written = paragraph.written
    bare = written.replace(paragraph.label, "", 1) if paragraph.label else written
    return tuple(_WORD.findall(bare.lower())) or tuple(_WORD.findall(written.lower()))


def _places(sheet: Sheet, words: Sequence[tuple[str, ...]]) -> Iterator[_Place | None]:
    """Under which heading, as what kind and with which label a paragraph stands; None without a label."""
    heading: tuple[str, ...] = ()
    for paragraph, said in zip(sheet, words, strict=True):
        if paragraph.kind is ClauseKind.HEADING:
            heading = (paragraph.label,) if paragraph.label else said
            yield ((), paragraph.kind, paragraph.label) if paragraph.label else None
        else:
            yield (heading, paragraph.kind, paragraph.label) if paragraph.label else None


@dataclass(frozen=True, slots=True)
class _Edge:
    """Two paragraphs that may be one, and how much speaks for it."""

    a: int
    b: int
    weight: float


def _once(sheet: Sheet) -> dict[bytes, int]:
    """Where the clauses stand whose id occurs once."""
    counted = Counter(paragraph.clause for paragraph in sheet)
    return {each.clause: at for at, each in enumerate(sheet) if counted[each.clause] == 1}


# --- what may match -----------------------------------------------------------------------------


def _likely(a: _Faces, b: _Faces) -> list[_Edge]:
    """The pairs that may be one paragraph, a bounded number for each."""
    lookers = (_by_sameness(a, b), _by_place(a, b), _by_rare_pairs(a, b))
    edges = []
    for other in range(len(b)):
        candidates = dict.fromkeys(at for looker in lookers for at in looker(other))
        edges += [edge for at in candidates if (edge := _judged(a, b, at, other)) is not None]
    return edges


_Looker: TypeAlias = Callable[[int], Iterable[int]]


def _by_sameness(a: _Faces, b: _Faces) -> _Looker:
    """The n-th paragraph with these words looks for the n-th, and for those beside it."""
    where: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, words in enumerate(a.words):
        where[words].append(at)
    seen: Counter[tuple[str, ...]] = Counter()
    number = []
    for words in b.words:
        number.append(seen[words])
        seen[words] += 1

    def look(other: int) -> Iterable[int]:
        return where.get(b.words[other], [])[max(number[other] - 1, 0) : number[other] + 2]

    return look


def _by_place(a: _Faces, b: _Faces) -> _Looker:
    where: dict[_Place, list[int]] = defaultdict(list)
    for at, place in enumerate(a.places):
        if place is not None:
            where[place].append(at)

    def look(other: int) -> Iterable[int]:
        place = b.places[other]
        return where.get(place, [])[:2] if place is not None else ()

    return look


def _by_rare_pairs(a: _Faces, b: _Faces) -> _Looker:
    where: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, words in enumerate(a.words):
        for pair in dict.fromkeys(pairwise(words[: _PAIRS + 1])):
            where[pair].append(at)

    def look(other: int) -> Iterable[int]:
        found: Counter[int] = Counter()
        for pair in dict.fromkeys(pairwise(b.words[other][: _PAIRS + 1])):
            having = where.get(pair, [])
            if len(having) <= _RARE:
                found.update(having)
        return [at for at, _ in found.most_common(_CANDIDATES)]

    return look


def _judged(a: _Faces, b: _Faces, at: int, other: int, *, alone: bool = False) -> _Edge | None:
    """The pair with its weight, or None where too little speaks for it.

    `alone`: they lie between the same neighbours, so that one label is enough.
    """
    one, two = a.sheet[at], b.sheet[other]
    alike = fuzz.ratio(a.plain[at], b.plain[other]) / 100
    same_place = a.places[at] is not None and a.places[at] == b.places[other]
    same_kind = one.kind is two.kind
    named = same_place and (alone or one.kind is ClauseKind.HEADING)
    if not (named or alike >= LIKE or (same_place and alike >= LIKE_BY_LABEL)):
        return None
    size = min(len(a.words[at]), len(b.words[other]), 20) / 20  # what is long is seldom alike by chance
    return _Edge(at, other, alike * (0.5 + size) + 0.3 * same_place + 0.1 * same_kind)


# --- what matches -------------------------------------------------------------------------------


def _compared(a: Sheet, b: Sheet, edges: list[_Edge], *, trusted: bool) -> Comparison:
    """`trusted`: the pairs are known to be right; what does not keep the order has moved."""
    faces = (_Faces(a), _Faces(b))
    kept = _in_order(edges, len(a))
    kept = sorted([*kept, *_in_gaps(*faces, kept)], key=lambda edge: edge.a)
    moved = _moved(*faces, kept, edges, trusted=trusted)
    budget = Budget()
    return Comparison(a, b, tuple(_rows(a, b, kept, moved, budget)))


def _in_order(edges: list[_Edge], most: int) -> list[_Edge]:
    """The heaviest set of pairs in which both sides go up."""
    best = _Heaviest(most)
    before: dict[int, int | None] = {}
    ordered = sorted(edges, key=lambda edge: (edge.b, -edge.a))  # of one paragraph at most one pair is taken
    for number, edge in enumerate(ordered):
        weight, last = best.below(edge.a)
        before[number] = last
        best.put(edge.a, weight + edge.weight, number)
    _, at = best.below(most)
    found: list[_Edge] = []
    while at is not None:
        found.append(ordered[at])
        at = before[at]
    return found[::-1]


class _Heaviest:
    """The heaviest of what ends below a place: a Fenwick tree of maxima."""

    def __init__(self, most: int) -> None:
        self._cells: list[tuple[float, int | None]] = [(0.0, None)] * (most + 1)

    def below(self, place: int) -> tuple[float, int | None]:
        best: tuple[float, int | None] = (0.0, None)
        while place > 0:
            best = max(best, self._cells[place], key=lambda cell: cell[0])
            place -= place & -place
        return best

    def put(self, place: int, weight: float, number: int) -> None:
        place += 1
        while place < len(self._cells):
            if weight > self._cells[place][0]:
                self._cells[place] = (weight, number)
            place += place & -place


def _in_gaps(a: _Faces, b: _Faces, kept: list[_Edge]) -> Iterator[_Edge]:
    """Pairs in the short gaps between those that match."""
    edges = [_Edge(-1, -1, 0), *kept, _Edge(len(a), len(b), 0)]
    for one, two in pairwise(edges):
        here, there = range(one.a + 1, two.a), range(one.b + 1, two.b)
        if here and there and max(len(here), len(there)) <= _GAP:
            tried = (_judged(a, b, at, other, alone=True) for at in here for other in there)
            yield from _in_order([edge for edge in tried if edge is not None], two.a)


def _moved(a: _Faces, b: _Faces, kept: list[_Edge], edges: list[_Edge], *, trusted: bool) -> dict[int, int]:
    """Where the paragraphs went that match out of order: place in a -> place in b."""
    used_a, used_b = {edge.a for edge in kept}, {edge.b for edge in kept}
    found: dict[int, int] = {}
    for edge in sorted(edges, key=lambda each: (-each.weight, each.a, each.b)):
        if edge.a in used_a or edge.b in used_b:
            continue
        if trusted or (
            len(b.words[edge.b]) >= _FEWEST_MOVED and fuzz.ratio(a.plain[edge.a], b.plain[edge.b]) / 100 >= MOVED
        ):
            found[edge.a] = edge.b
            used_a.add(edge.a)
            used_b.add(edge.b)
    return found


# --- rows ---------------------------------------------------------------------------------------


def _rows(a: Sheet, b: Sheet, kept: list[_Edge], moved: dict[int, int], budget: Budget) -> Iterator[Row]:
    origin = {there: here for here, there in moved.items()}
    at = other = 0
    for edge in [*kept, _Edge(len(a), len(b), 0)]:
        for here in range(at, edge.a):
            gone = Span(How.DELETED, a[here].written, 0, 0)
            yield Row(Fate.MOVED_FROM if here in moved else Fate.DELETED, here, moved.get(here), _said(gone))
        for there in range(other, edge.b):
            yield _came(a, b, origin.get(there), there, budget)
        if edge.a < len(a):
            changed = spans(a[edge.a].written, b[edge.b].written, budget)
            same = all(span.how is How.KEPT for span in changed)
            yield Row(Fate.EQUAL if same else Fate.CHANGED, edge.a, edge.b, changed)
        at, other = edge.a + 1, edge.b + 1


def _came(a: Sheet, b: Sheet, origin: int | None, there: int, budget: Budget) -> Row:
    """A paragraph that was inserted, or that moved to here: then its kept words are those that came along."""
    if origin is None:
        return Row(Fate.INSERTED, None, there, _said(Span(How.INSERTED, b[there].written, 0, 0)))
    return Row(Fate.MOVED_TO, origin, there, spans(a[origin].written, b[there].written, budget))


def _said(span: Span) -> tuple[Span, ...]:
    return (span,) if span.text else ()
