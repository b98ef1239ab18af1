"""Who wants these words: the heads that secretariats write into brackets.

    [BEL/COR propose; ARV oppose: words]    two groups, each with its verb
    [BEL: words]                            one group, the verb not said
    BEL/COR 12 propose3: words              footnote numbers may stick to codes and to verbs
    [Belmora and friends propose: words]    names, where a profile of the parties knows them

Codes are two to five capitals, and those of the profile.  What is unknown is not dropped: a code is a
code.  With a profile, each that it does not know is told with the nearest that it does; without one, a
code that occurs once and differs by one letter from one that occurs often is reported as a likely slip.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from detente.procedures.table.profile import EMPTY, Profile
from detente.procedures.table.tree import Attribution

_FOOT = r"(?:\s?\d{1,3}(?!\d))?"
ANY_CODE = r"G-?77|[A-Z]{2,5}"  # what is read as a code where no profile says more
_VERBS = "propos(?:e|al)|oppose|consider(?:ing)?|alternative(?:ly)?|reserve|support"
_VERB = rf"(?i:(?:alternative\s+)?(?:{_VERBS})s?){_FOOT}"
_STEMS = (("propos", "propose"), ("oppose", "oppose"), ("consider", "considering"), ("alternative", "alternative"),
          ("reserve", "reserve"), ("support", "support"))  # fmt: skip
_LONGEST = 400  # of a head, in characters: real ones stay below 120
_OFTEN = 5  # times that a code occurs, to be known without a profile
_MOST_OFTEN = 500  # codes with which one that occurs once is compared
_NEVER = frozenset({"NOTE", "TBD", "TOC", "NB", "AND", "OR"})


class Heads:
    """What a head looks like, given who sits at the table."""

    def __init__(self, profile: Profile = EMPTY) -> None:
        self._profile = profile
        name = "|".join((*_names(profile), ANY_CODE))
        party = rf"(?:{name}){_FOOT}"
        parties = rf"{party}(?:\s{{0,3}}[/,]{{1,2}}\s{{0,8}}{party}){{0,24}}"
        group = rf"{parties}(?:\s{{0,24}}{_VERB})?"
        more = rf"(?:\s{{0,3}}[;,]{_FOOT}\s{{0,8}}{group}){{0,6}}\s{{0,3}}"
        self._head = re.compile(rf"\s{{0,8}}{group}{more}(?::\d{{0,3}}|(?<=propose)\.)\s?")
        self._one_group = re.compile(rf"({parties})(?:\s{{0,24}}({_VERB}))?")
        self._outside = re.compile(rf"(?<![A-Za-z/\[]){parties}\s{{0,24}}{_VERB}{more}:")
        self._code = re.compile(name)
        sentence = r"(?:[^.;:\[\]]|\.(?=\S)){3,300}"
        self._stated = re.compile(
            rf"(?:\A[\s\d*]*|[.;:\]\[]\s*)({parties}(?:\s+and\s+{parties})?)\s*:?\s+(?!{_VERB}\s*:)({sentence})"
        )

    def end(self, text: str, start: int, end: int) -> int:
        """Where the head that begins at `start` ends; `start` where there is none."""
        found = self._head.match(text, start, min(end, start + _LONGEST))
        return found.end() if found is not None and self._groups(found[0]) else start

    def read(self, written: str, line: int, *, outside: bool = False) -> tuple[Attribution, ...]:
        """The groups of a head, in order."""
        return tuple(Attribution(parties, verb, line, outside) for parties, verb in self._groups(written))

    def outside(self, text: str) -> Iterator[tuple[int, str]]:
        """Heads that stand outside any bracket's beginning: (offset, head)."""
        for found in self._outside.finditer(text):
            yield found.start(), found[0]

    def stated(self, note: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """Sentences of a note that begin with parties: (parties, what is said of them)."""
        at = 0
        while (found := self._stated.search(note, at)) is not None:
            parties = self._named(found[1])
            if parties:
                yield parties, " ".join(found[2].split())
            at = max(found.end(1), found.end() - 1) if parties else found.end(1)

    def _named(self, written: str) -> tuple[str, ...]:
        named = (each for each in self._code.findall(written) if each not in _NEVER)
        return tuple(self._profile.code(each) or each for each in named)

    def _groups(self, written: str) -> list[tuple[tuple[str, ...], str | None]]:
        groups = []
        for found in self._one_group.finditer(written):
            parties = self._named(found[1])
            if parties:
                groups.append((parties, _verb(found[2])))
        return groups


def _names(profile: Profile) -> list[str]:
    """What the profile knows as expressions, the longest first, one for each first letter."""
    by_letter: dict[str, list[str]] = {}
    for name, _ in sorted(profile.names(), key=lambda each: (-len(each[0]), each[0])):
        by_letter.setdefault(name[0], []).append(r"\s{1,8}".join(re.escape(word) for word in name[1:].split(" ")))
    return [rf"{re.escape(letter)}(?:{'|'.join(rests)})(?![A-Za-z])" for letter, rests in sorted(by_letter.items())]


def _verb(written: str | None) -> str | None:
    lowered = written.lower() if written else ""
    return next((verb for stem, verb in _STEMS if stem in lowered), None)


def unknown(found: Iterable[Attribution], profile: Profile) -> list[tuple[Attribution, str, str | None]]:
    """Codes that the profile does not know, each once: (where first, the code, the nearest that it knows)."""
    first: dict[str, Attribution] = {}
    for each in found:
        for code in each.parties:
            if profile.code(code) is None:
                first.setdefault(code, each)
    return [(each, code, profile.nearest(code)) for code, each in first.items()]


def slips(found: Iterable[Attribution]) -> list[tuple[Attribution, str, str]]:
    """Codes that look like slips of the pen: (where, the code, the code that was probably meant)."""
    known = list(found)
    counted = Counter(code for each in known for code in each.parties)
    often = [code for code, count in counted.most_common(_MOST_OFTEN) if count >= _OFTEN]
    slipped = []
    for each in known:
        for code in (code for code in each.parties if counted[code] == 1):
            nearest = next((other for other in often if _one_letter_apart(code, other)), None)
            if nearest is not None:
                slipped.append((each, code, nearest))
    return slipped


def _one_letter_apart(one: str, other: str) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


PLAIN = Heads()
