"""The numbers that a Word document shows before its paragraphs, which are written nowhere in it.

A paragraph names a list and a level; the list is an instance of an abstract one, which says for each level in which
figures it counts and how the number is written ("%1.%2").  Instances of one abstract list count on together, unless
one of them says where it starts.  Runs in the jailed child only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from detente.documents.docx_elements import child, is_on, local, number, setting, value

LEVELS: Final = 9
BULLET: Final = "•"
_LARGEST: Final = 1_000_000
_PLACE: Final = re.compile(r"%([1-9])")
_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


def _letters(count: int) -> str:
    """One letter, then the same twice, as Word counts; zero and less are figures."""
    return chr(ord("a") + (count - 1) % 26) * min((count - 1) // 26 + 1, 30) if count > 0 else str(count)


def _roman(count: int) -> str:
    if not 0 < count < 4_000:
        return str(count)
    found = ""
    for worth, figure in _ROMAN:
        found += figure * (count // worth)
        count %= worth
    return found


_FIGURES: Final[Mapping[str, Callable[[int], str]]] = {
    "decimal": str,
    "decimalZero": lambda count: f"{count:02d}",
    "lowerLetter": _letters,
    "upperLetter": lambda count: _letters(count).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda count: _roman(count).upper(),
    "ordinal": lambda count: f"{count}.",
    "none": lambda _: "",
}


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list counts and is written."""

    start: int
    figures: str
    text: str
    restarts: int | None  # after which level it begins anew; None: after any higher one; 0: never
    legal: bool  # all figures decimal


@dataclass(frozen=True, slots=True)
class Instance:
    """A list: the abstract list on which it counts, and where it starts by itself."""

    abstract: str
    starts: Mapping[int, int]
    levels: Mapping[int, Level]  # those that it writes otherwise


class Lists:
    """All lists of a document, as they are defined."""

    def __init__(self, root: Any) -> None:
        self.abstract: dict[str, dict[int, Level]] = {}
        self.instances: dict[str, Instance] = {}
        self.unknown: set[str] = set()  # kinds of figures that are shown as decimal ones
        for each in root if root is not None else ():
            match local(each):
                case "abstractNum":
                    levels = {number(value(lvl, "ilvl"), 0): _level(lvl) for lvl in each if local(lvl) == "lvl"}
                    self.abstract[value(each, "abstractNumId") or ""] = levels
                case "num":
                    self.instances[value(each, "numId") or ""] = _instance(each)
                case _:
                    pass

    def level(self, name: str, at: int) -> Level | None:
        """How that level of that list is written; None where there is no such list."""
        instance = self.instances.get(name)
        if instance is None:
            return None
        return instance.levels.get(at) or self.abstract.get(instance.abstract, {}).get(at)


class Counter:
    """Counts along the paragraphs of one of the two texts."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()

    def label(self, name: str, at: int) -> str:
        """The number that the next paragraph of that list and level shows; empty where it shows none."""
        level = self._lists.level(name, at)
        if level is None or not 0 <= at < LEVELS:
            return ""
        instance = self._lists.instances[name]
        counts = self._counts.setdefault(instance.abstract, {})
        if at in instance.starts and (name, at) not in self._begun:
            counts[at] = instance.starts[at]
        else:
            counts[at] = min(counts[at] + 1, _LARGEST) if at in counts else level.start
        self._begun.add((name, at))
        for deeper in [each for each in counts if each > at]:
            below = self._lists.level(name, deeper)
            if below is None or below.restarts is None or 0 < below.restarts > at:
                del counts[deeper]
        if level.figures == "bullet":
            return BULLET
        return _PLACE.sub(lambda place: self._figure(name, level, counts, int(place[1]) - 1), level.text)

    def _figure(self, name: str, level: Level, counts: Mapping[int, int], at: int) -> str:
        shown = self._lists.level(name, at)
        count = counts.get(at, shown.start if shown else 1)
        figures = "decimal" if level.legal else (shown.figures if shown else "decimal")
        if figures not in _FIGURES:
            self._lists.unknown.add(figures)
        return _FIGURES.get(figures, str)(count)


def _level(element: Any) -> Level:
    said = {local(each): value(each, "val") for each in element}
    restarts = said.get("lvlRestart")
    legal = child(element, "isLgl")
    return Level(
        number(said.get("start"), 0),
        said.get("numFmt") or "decimal",
        said.get("lvlText") or "",
        None if restarts is None else number(restarts, 0),
        legal is not None and is_on(legal),
    )


def _instance(element: Any) -> Instance:
    starts, levels = {}, {}
    for each in element:
        if local(each) == "lvlOverride":
            at = number(value(each, "ilvl"), 0)
            start, level = setting(each, "startOverride"), child(each, "lvl")
            if start is not None:
                starts[at] = number(start, 1)
            if level is not None:
                levels[at] = _level(level)
    return Instance(setting(element, "abstractNumId") or "", starts, levels)
