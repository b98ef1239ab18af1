"""Where an amendment stands: the grammar of locations in a list of amendments.

    location = step { " – " step } [ "(new)" ]
    step     = kind number [ suffix ] | "introductory part" | "title"
    number   = digits | a letter or two | roman
    suffix   = a letter or two | "bis" | "ter" | ...

So `Article 6 – paragraph 1 – point f a (new)` is a place behind point f of the first paragraph of Article 6.  A
dash may be long or short.  Locations are ordered as their text is: titles and introductions before what they
introduce, `2 a` between `2` and `3`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import total_ordering

_OUTER = ("title", "citation", "recital", "part", "chapter", "article", "annex")
_INNER = ("title", "introductory part", "section", "article", "paragraph", "subparagraph", "point", "indent", "table")
_NAMED = "|".join((*_OUTER, "section", "paragraph", "subparagraph", "sub-paragraph", "point", "indent", "table"))
_STEP = re.compile(
    rf"(?P<kind>{_NAMED})[ ]+\(?(?P<number>\d{{1,4}}|[ivxlc]{{1,7}}|[a-z]{{1,2}})\)?"
    r"(?:[ ]*(?P<suffix>bis|ter|quater|quinquies|[a-z]{1,2}))?"
    r"|(?P<bare>introductory part|title|table)",
    re.IGNORECASE,
)
_DASH = re.compile(r"[ ]+[–—-]+[ ]+")
_NEW = re.compile(r"[ ]*\(new\)$", re.IGNORECASE)
_LATIN = {"": 0, "bis": 1, "ter": 2, "quater": 3, "quinquies": 4}
_LONGEST = 200  # characters


@dataclass(frozen=True)
class Step:
    """One step of the way to a place: `point f a` is ("point", "f", "a")."""

    kind: str
    number: str = ""
    suffix: str = ""

    @property
    def key(self) -> tuple[tuple[int, str], tuple[int, str]]:
        """How steps of one kind are ordered: by number, then by suffix, where bis comes where a would."""
        number = (int(self.number), "") if self.number.isdigit() else (len(self.number), self.number)
        suffix = (_LATIN[self.suffix], "") if self.suffix in _LATIN else (ord(self.suffix[0]) - 96, self.suffix)
        return number, suffix

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, self.number, self.suffix) if part)


@total_ordering
@dataclass(frozen=True)
class Location:
    """The way to a place; `new` where nothing stands there yet."""

    steps: tuple[Step, ...]
    new: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """How locations are ordered: as the text is."""
        ranks = [(_OUTER if at == 0 else _INNER).index(step.kind) for at, step in enumerate(self.steps)]
        return tuple((rank, *step.key) for rank, step in zip(ranks, self.steps, strict=True))

    def __lt__(self, other: Location) -> bool:
        return (self.key, self.new) < (other.key, other.new)

    def holders(self) -> list[Location]:
        """The places that hold this one, the nearest first."""
        return [Location(self.steps[:count]) for count in range(len(self.steps) - 1, 0, -1)]

    def before(self) -> Location:
        """The place behind which a new one stands: `point f` for `point f a (new)`; of one that is there, itself."""
        return Location((*self.steps[:-1], replace(self.steps[-1], suffix=""))) if self.new else self

    def __str__(self) -> str:
        written = " – ".join(map(str, self.steps))
        return written[:1].upper() + written[1:] + (" (new)" if self.new else "")


def read(written: str) -> Location | None:
    """The location that is written there, or None."""
    said = " ".join(written.split())
    if len(said) > _LONGEST:
        return None
    new = _NEW.search(said) is not None
    steps = [_step(part) for part in _DASH.split(_NEW.sub("", said))]
    known = [step for step in steps if step is not None]
    if len(known) < len(steps) or not known or known[0].kind not in _OUTER or not known[0].number:
        return None
    return Location(tuple(known), new) if all(step.kind in _INNER for step in known[1:]) else None


def _step(part: str) -> Step | None:
    found = _STEP.fullmatch(part.strip())
    if found is None:
        return None
    if found["bare"]:
        return Step(found["bare"].lower())
    kind = found["kind"].lower().replace("sub-p", "subp")
    return Step(kind, found["number"].lower(), (found["suffix"] or "").lower())
