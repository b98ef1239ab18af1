"""Brackets over a series of drafts: how many come and go, who brings them, and which are the oldest.

A bracket of one draft is that of the draft before where it reads the same, or nearly so.  So each has an age, in
drafts; the oldest that still stand are what a chair may want to bring to an end.  Attribution is what heads say: a
bracket without a head is nobody's, and counted so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from detente.procedures.table import tree
from detente.procedures.table.lint_look import Look, short
from detente.procedures.table.tree import Slot

NOBODY = "?"
NEARLY = 85.0  # per cent of the letters, for a bracket to be the one of the draft before
MOST_COMPARED = 2_000  # brackets of two drafts that do not read the same and are compared letter by letter


@dataclass(frozen=True)
class Draft:
    """The figures of one draft of the series."""

    open: int
    came: int
    went: int
    depth: int
    by_party: dict[str, int]  # who stands at the heads of the brackets that are open
    came_by_party: dict[str, int]  # who stands at the heads of those that came


@dataclass(frozen=True)
class Oldest:
    """An open bracket of the last draft: since which draft of the series it stands (from 0), and where."""

    since: int
    line: int
    words: str
    parties: tuple[str, ...]


@dataclass(frozen=True)
class Series:
    """Drafts, the oldest first, and the brackets of the last one, the oldest first."""

    drafts: tuple[Draft, ...]
    oldest: tuple[Oldest, ...]


@dataclass(frozen=True)
class _Bracket:
    key: str
    line: int
    words: str
    parties: tuple[str, ...]


def series(looks: list[Look]) -> Series:
    """The brackets of drafts of one text, the oldest draft first."""
    drafts: list[Draft] = []
    before: list[tuple[_Bracket, int]] = []
    for number, look in enumerate(looks):
        found = list(_brackets(look))
        known = _matched([each for each, _ in before], found)
        aged = [(each, before[known[place]][1] if place in known else number) for place, each in enumerate(found)]
        came = [each for place, each in enumerate(found) if place not in known]
        went = len(before) - len(known) if number else 0
        drafts.append(Draft(len(found), len(came), went, look.parsed.brackets.depth, _by_party(found), _by_party(came)))
        before = aged
    oldest = sorted(before, key=lambda each: (each[1], each[0].line))
    return Series(tuple(drafts), tuple(Oldest(since, each.line, each.words, each.parties) for each, since in oldest))


def _brackets(look: Look) -> Iterator[_Bracket]:
    for slot in look.slots:
        written = "".join("".join(tree.written(variant.passage)) + "|" for variant in slot.variants if variant.written)
        yield _Bracket(" ".join(written.lower().split()), slot.line, short(written.rstrip("|"), 90), _parties(slot))


def _parties(slot: Slot) -> tuple[str, ...]:
    named = (party for variant in slot.variants for each in variant.attributions for party in each.parties)
    return tuple(dict.fromkeys(named)) or (NOBODY,)


def _by_party(found: list[_Bracket]) -> dict[str, int]:
    return dict(sorted(Counter(party for each in found for party in each.parties).items()))


def _matched(before: list[_Bracket], now: list[_Bracket]) -> dict[int, int]:
    """Which bracket of now was which before, each used once: those that read the same first, then the nearest."""
    waiting: dict[str, list[int]] = {}
    for place, each in enumerate(before):
        waiting.setdefault(each.key, []).append(place)
    known: dict[int, int] = {}
    for place, each in enumerate(now):
        if waiting.get(each.key):
            known[place] = waiting[each.key].pop(0)
    left = {place: before[place].key for places in waiting.values() for place in places}
    fresh = [place for place in range(len(now)) if place not in known]
    if len(left) > MOST_COMPARED or len(fresh) > MOST_COMPARED:
        return known
    for place in fresh:
        near = process.extractOne(now[place].key, left, scorer=fuzz.ratio, score_cutoff=NEARLY)
        if near is not None:
            known[place] = near[2]
            del left[near[2]]
    return known
