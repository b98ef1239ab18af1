"""A text prepared for being looked over: its provisions, each with its words alone and with where it may stand.

The words of a provision are as long as the provision: whatever is no word of it (brackets, heads, what is printed on
every page, the numbers that call notes) is blank.  So an offset in the words is an offset in the text.

A provision within a variant of a slot stands only where that variant is taken: its *branch*.  Two provisions of
different variants of one slot never stand together.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from detente.ground.errors import Malformed
from detente.procedures.table import concordance, tree
from detente.procedures.table.brackets import Lines
from detente.procedures.table.parse import Parsed, parse
from detente.procedures.table.profile import EMPTY, Profile
from detente.procedures.table.tree import Clause, ClauseKind, Form, Passage, Run, Slot

DEEPEST = 64  # brackets within brackets, as the table admits them: every place knows all that holds it
_INK = re.compile(r"[^\n]")
_ANCHOR = re.compile(r"\[?[ ]?(?:\d{1,3}|\*{1,3})[ ]?\]?")
_SENTENCE_END = re.compile(r"(?<=[.;:!?])\s+(?=[A-Z(\[“\"])")

Branch = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Provision:
    """A clause with its words.  `place` is its place in `Look.provisions`.

    `article` is the place of the heading under which it is counted, or -1: of the numbered one above it, or of the
    first that has no number behind that, for over such headings the numbers count on.
    """

    place: int
    clause: Clause
    number: str
    lo: int
    words: str
    branch: Branch
    article: int

    @property
    def hi(self) -> int:
        """Where it ends."""
        return self.lo + len(self.words)

    def sentences(self) -> Iterator[tuple[int, str]]:
        """(offset in the text, sentence), in order."""
        at = 0
        for cut in _SENTENCE_END.finditer(self.words):
            yield self.lo + at, self.words[at : cut.start()]
            at = cut.end()
        yield self.lo + at, self.words[at:]


@dataclass(frozen=True)
class Finding:
    """Something to look at: which rule says so, where, and what.  It is a note; nothing is changed by it."""

    rule: str
    line: int
    sentence: str


class Look:
    """A text, its tree, and its provisions; `Malformed` where it cannot be parsed, or nests deeper than any text."""

    def __init__(self, text: str, profile: Profile = EMPTY) -> None:
        self.text = text
        self.parsed: Parsed = parse(text, profile)
        if self.parsed.brackets.depth > DEEPEST:
            raise Malformed(f"The brackets are nested {self.parsed.brackets.depth:,} deep; the most is {DEEPEST}.")
        self._lines = Lines(text)
        self.words = self._blanked()
        self.provisions: list[Provision] = list(self._provisions())

    def line(self, offset: int) -> int:
        """The number of the line of an offset, from 1."""
        return self._lines.at(offset)

    def finding(self, rule: str, offset: int, sentence: str) -> Finding:
        """A finding at an offset."""
        return Finding(rule, self.line(offset), sentence)

    def at(self, offset: int) -> Provision | None:
        """The provision that holds an offset."""
        place = bisect_right(self._starts, offset) - 1
        return self.provisions[place] if place >= 0 else None

    @cached_property
    def _starts(self) -> list[int]:
        return [each.lo for each in self.provisions]

    def pieces(self, provision: Provision) -> Iterator[tuple[int, str, Branch]]:
        """A provision cut where one of its options ends: (offset, words, what has to be chosen for them to stand)."""
        first = bisect_left(self._run_starts, provision.lo)
        cuts: list[tuple[int, Branch]] = []
        for run, branch in self._runs[first:]:
            if run.lo >= provision.hi:
                break
            chosen = tuple(each for each in branch if each[0] in self._options)
            if not cuts or cuts[-1][1] != chosen:
                cuts.append((run.lo, chosen))
        for (lo, branch), hi in zip(cuts, [*(lo for lo, _ in cuts[1:]), provision.hi], strict=True):
            yield lo, self.words[lo:hi], branch

    @cached_property
    def _options(self) -> set[bytes]:
        return {slot.id for slot in self.slots if slot.form is Form.OPTIONS}

    @cached_property
    def slots(self) -> list[Slot]:
        """Every slot, an outer one before what it holds."""
        return list(tree.slots(self.parsed.document.passage))

    # --- preparing ------------------------------------------------------------------------------

    def _blanked(self) -> str:
        kept: list[str] = []
        at = 0
        for lo, hi in self._spans():
            kept += [_INK.sub(" ", self.text[at:lo]), self.text[lo:hi]]
            at = max(hi, at)
        return "".join([*kept, _INK.sub(" ", self.text[at:])])

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Where words stand: the runs of the tree, less furniture and the numbers that call notes."""
        layout = self.parsed.layout
        calls = [(at, at + len(found[0])) for at in self._calls() if (found := _ANCHOR.match(self.text, at))]
        holes = iter(sorted([*layout.furniture, *calls]))
        hole = next(holes, None)
        for run, _ in self._runs:
            lo = run.lo
            while hole is not None and hole[0] < run.hi:
                if hole[0] > lo:
                    yield lo, hole[0]
                lo = max(lo, hole[1])
                if hole[1] > run.hi:
                    break
                hole = next(holes, None)
            if lo < run.hi:
                yield lo, run.hi

    @cached_property
    def _runs(self) -> list[tuple[Run, Branch]]:
        return [(node, branch) for node, branch in _nodes(self.parsed.document.passage) if isinstance(node, Run)]

    def branch(self, offset: int) -> Branch:
        """The variants that hold the words at an offset."""
        place = bisect_right(self._run_starts, offset) - 1
        return self._runs[place][1] if place >= 0 else ()

    @cached_property
    def _run_starts(self) -> list[int]:
        return [run.lo for run, _ in self._runs]

    def _calls(self) -> list[int]:
        return sorted(anchor for note in self.parsed.layout.footnotes for anchor in note.anchors)

    def _provisions(self) -> Iterator[Provision]:
        nodes = _nodes(self.parsed.document.passage)
        found = [(node, branch) for node, branch in nodes if isinstance(node, Clause)]
        starts = self._clause_starts([clause for clause, _ in found])
        article, numbered = -1, False
        for place, ((clause, branch), start) in enumerate(zip(found, starts, strict=True)):
            end = starts[place + 1] if place + 1 < len(starts) else len(self.text)
            number = concordance.number(clause.label)
            if clause.kind is ClauseKind.HEADING and (number or numbered or article < 0):
                article, numbered = place, bool(number)
            yield Provision(place, clause, number, start, self.words[start:end], branch, article)

    def _clause_starts(self, clauses: list[Clause]) -> list[int]:
        """Where clauses begin: at their line, or behind what stands on it already."""
        found: list[int] = []
        for clause in clauses:
            start = self._lines.starts[clause.line - 1] if clause.line else 0
            if found and start <= found[-1]:
                runs = (node.lo for node in tree.walk(clause.passage) if isinstance(node, Run))
                start = max(found[-1], next(runs, found[-1]))
            found.append(start)
        return found


def _nodes(whole: Passage) -> Iterator[tuple[Clause | Run, Branch]]:
    """Every clause and every run in order, with the variants that hold it."""
    waiting: list[tuple[Passage | Slot | Clause | Run, Branch]] = [(whole, ())]
    while waiting:
        node, branch = waiting.pop()
        if isinstance(node, (Clause, Run)):
            yield node, branch
        if isinstance(node, Clause):
            waiting.append((node.passage, branch))
        elif isinstance(node, Slot):
            waiting.extend((variant.passage, (*branch, (node.id, variant.id))) for variant in reversed(node.variants))
        elif isinstance(node, Passage):
            waiting.extend((item, branch) for item in reversed(node.items) if isinstance(item, (Slot, Clause, Run)))


def together(one: Branch, other: Branch) -> bool:
    """Whether two places can stand in one text: no slot has to be decided in two ways for them."""
    taken = dict(one)
    return all(taken.get(slot, variant) == variant for slot, variant in other)


def short(words: str, most: int = 70) -> str:
    """Words on one line, cut where they are long."""
    said = " ".join(words.split())
    return said if len(said) <= most else said[: most - 1].rstrip() + "…"
