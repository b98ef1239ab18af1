"""Who wants these words: the heads that secretariats write into brackets.

    [BEL/COR propose; ARV oppose: words]    two groups, each with its verb
    [BEL: words]                            one group, the verb not said
    BEL/COR 12 propose3: words              footnote numbers may stick to codes and to verbs

Codes are two to five capitals.  What is unknown is not dropped: a code is a code.  A code that
occurs once and differs by one letter from one that occurs often is reported as a likely slip.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from detente.procedures.table.tree import Attribution

_FOOT = r"(?:\s?\d{1,3}(?!\d))?"
_PARTY = rf"(?:G-?77|[A-Z]{{2,5}}){_FOOT}"
_LIST = rf"{_PARTY}(?:\s{{0,3}}[/,]{{1,2}}\s{{0,8}}{_PARTY}){{0,24}}"
_VERBS = "propose|oppose|consider(?:ing)?|alternative(?:ly)?|reserve|support"
_VERB = rf"(?i:(?:alternative\s+)?(?:{_VERBS})s?){_FOOT}"
_GROUP = rf"{_LIST}(?:\s{{0,24}}{_VERB})?"
_HEAD = re.compile(
    rf"\s{{0,8}}{_GROUP}(?:\s{{0,3}}[;,]{_FOOT}\s{{0,8}}{_GROUP}){{0,6}}\s{{0,3}}(?::\d{{0,3}}|(?<=propose)\.)\s?"
)
_ONE_GROUP = re.compile(rf"({_LIST})(?:\s{{0,24}}({_VERB}))?")
_OUTSIDE = re.compile(rf"(?<![A-Za-z/\[]){_LIST}\s{{0,24}}{_VERB}(?:\s{{0,3}}[;,]\s{{0,8}}{_GROUP}){{0,6}}\s{{0,3}}:")
_CODE = re.compile(r"G-?77|[A-Z]{2,5}")
_STEMS = ("propose", "oppose", "consider", "alternative", "reserve", "support")
_LONGEST = 400  # of a head, in characters: real ones stay below 120
_NEVER = frozenset({"NOTE", "TBD", "TOC", "NB", "AND", "OR"})


def head(text: str, start: int, end: int) -> int:
    """Where the head that begins at `start` ends; `start` where there is none."""
    found = _HEAD.match(text, start, min(end, start + _LONGEST))
    if found is None or not any(parties for parties, _ in _groups(found[0])):
        return start
    return found.end()


def attributions(written: str, line: int, *, outside: bool = False) -> tuple[Attribution, ...]:
    """The groups of a head, in order."""
    return tuple(Attribution(parties, verb, line, outside) for parties, verb in _groups(written))


def outside(text: str, start: int, end: int) -> Iterable[tuple[int, str]]:
    """Heads that stand outside any bracket's beginning: (offset, head)."""
    for found in _OUTSIDE.finditer(text, start, end):
        yield found.start(), found[0]


def _groups(written: str) -> list[tuple[tuple[str, ...], str | None]]:
    groups = []
    for found in _ONE_GROUP.finditer(written):
        parties = tuple(code for code in _CODE.findall(found[1]) if code not in _NEVER)
        if parties:
            groups.append((parties, _verb(found[2])))
    return groups


def _verb(written: str | None) -> str | None:
    if written is None:
        return None
    lowered = written.lower()
    for stem in _STEMS:
        if stem in lowered:
            return "considering" if stem == "consider" else stem
    return None


def slips(found: Iterable[Attribution]) -> list[tuple[Attribution, str, str]]:
    """Codes that look like slips of the pen: (where, the code, the code that was probably meant)."""
    known = list(found)
    often = Counter(code for each in known for code in each.parties)
    slipped = []
    for each in known:
        for code in each.parties:
            nearest = [other for other in often if often[other] >= 5 and _one_letter_apart(code, other)]
            if often[code] == 1 and nearest:
                slipped.append((each, code, min(nearest, key=lambda other: (-often[other], other))))
    return slipped


def _one_letter_apart(one: str, other: str) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1
