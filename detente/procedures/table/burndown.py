"""How far a text has come: by article, and over the states of a text as time goes by.

A state is a draft of a series, or a text on a table at some position of its log.  Of each the same is counted:

    open        places to decide, at every depth
    variants    what could stand in them, as it is written
    contested   places in which somebody stands in the way (standpoints.py); with the parties, and in how many places
    clean       paragraphs in which nothing is to be decided, of all that are no heading, note or front matter;
                one that merely lies within a bracket around whole articles is clean, one in an option is not

A burn-down seldom goes down for long: parties put brackets in before they take them out.  The figures say nothing
of how much a bracket matters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from detente.procedures.table import layout, standpoints
from detente.procedures.table.layout import Block, Stretch
from detente.procedures.table.standpoints import Names
from detente.procedures.table.tree import ClauseKind, Document, Form, NodeId, Slot

_NO_PARAGRAPH = frozenset({ClauseKind.HEADING, ClauseKind.NOTE, ClauseKind.FRONT})
_LONGEST_NAME = 80  # characters of a heading that names its part


@dataclass(frozen=True, slots=True)
class Count:
    """The figures of a text or of one article."""

    open: int = 0
    variants: int = 0
    contested: int = 0
    paragraphs: int = 0
    clean: int = 0
    blocking: dict[str, int] = field(default_factory=dict)  # party -> in how many places

    @property
    def share(self) -> float:
        """Of the paragraphs, the part that is clean; 1 where there is none."""
        return self.clean / self.paragraphs if self.paragraphs else 1.0


@dataclass(frozen=True, slots=True)
class State:
    """One text at one time: the whole, and its articles in order.  What has no heading above it is named ''."""

    name: str
    whole: Count
    articles: dict[str, Count]


def state(name: str, document: Document, names: Names = None) -> State:
    """The figures of a text.  `names` gives the codes by which sponsors of live proposals are called."""
    articles: dict[str, _Tally] = {}
    seen: set[NodeId] = set()
    whole, at = _Tally(), ""
    for block in layout.lay_out(document, layout.every, names):
        at = _heading(block) or at if block.kind is ClauseKind.HEADING else at
        for tally in (whole, articles.setdefault(at, _Tally())):
            tally.take(block, seen)
        seen |= {each.slot.id for each in block.stretches}
    counted = {article: tally.count(names) for article, tally in articles.items()}
    kept = {article: count for article, count in counted.items() if count.paragraphs or count.open}
    return State(name, whole.count(names), kept)


def over_time(states: Iterable[State]) -> dict[str, list[Count | None]]:
    """Each article with its figures at each state, in the order in which articles came; None: it was not there."""
    given = list(states)
    articles = dict.fromkeys(article for each in given for article in each.articles)
    return {article: [each.articles.get(article) for each in given] for article in articles}


def _heading(block: Block) -> str:
    """By what a part is called: the label of its heading, or its words."""
    words = " ".join(block.words.strip("# \t\r\n*").split())
    return block.label or words[:_LONGEST_NAME]


def _decides(stretch: Stretch) -> bool:
    """Whether something of the paragraph itself is to be decided, and not only all around it."""
    return stretch.begins or stretch.ends or stretch.slot.form is not Form.BRACKET


class _Tally:
    """Figures that grow."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.paragraphs = self.clean = 0

    def take(self, block: Block, seen: set[NodeId]) -> None:
        """One paragraph; a place that began in one before is counted there alone."""
        slots = standpoints.slots_of(block)
        self.slots += [slot for slot in slots if slot.id not in seen]
        if block.kind not in _NO_PARAGRAPH and block.written.strip():
            self.paragraphs += 1
            self.clean += not any(_decides(stretch) for stretch in block.stretches)

    def count(self, names: Names) -> Count:
        """The figures so far."""
        who = [standpoints.blocking(slot, names) for slot in self.slots]
        blocking = Counter(code for codes in who for code in codes)
        return Count(
            open=len(self.slots),
            variants=sum(variant.written for slot in self.slots for variant in slot.variants),
            contested=sum(bool(codes) for codes in who),
            paragraphs=self.paragraphs,
            clean=self.clean,
            blocking=dict(sorted(blocking.items(), key=lambda each: (-each[1], each[0]))),
        )
