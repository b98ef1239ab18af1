"""Which bracket closes which: one pass with a stack, and a recovery for what does not balance.

Real texts do not balance.  A closing bracket that closes nothing stays a literal character.  An
opening bracket that nothing closes is closed where its article or its option ends (`parse` knows
where); here it only gets known.  No bracket of the text are footnote anchors `[^n]`, which are
not even counted, and the brackets of Markdown links, which are counted and stay literal.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

MOST_BRACKETS = 250_000  # opening ones: a hundred times the largest text of the corpus

_BRACKETS = re.compile(r"\[\^[^\]\[\n]{1,60}\]|[\[\]]")
_TARGET = re.compile(r"^ {0,3}\[([^\]\[\n^]{1,60})\]:[ \t]+[<h/#.][^\s]{2,}", re.MULTILINE)
_LINK = re.compile(r"\[([^\]\[\n]{1,300})\](?:\[([^\]\[\n]{1,60})\]|\(((?:[a-z]{2,8}:|/|#)[^)\s]{1,400})\))")
_LINE_END = re.compile(r"\r\n|\r|\n")


class Lines:
    """From offsets to line numbers, which count from 1; a line ends with LF, CR LF or CR."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def at(self, offset: int) -> int:
        """The number of the line that holds the character at `offset`."""
        return bisect_right(self._starts, offset)

    @property
    def starts(self) -> list[int]:
        """Where the lines begin."""
        return self._starts


@dataclass(frozen=True)
class Brackets:
    """What one pass over a text finds; all offsets in code points and in order."""

    opening: int  # how many, footnote anchors apart
    closing: int
    depth: int  # the deepest nesting
    pairs: dict[int, int]  # opening offset -> closing offset
    unclosed: tuple[int, ...]
    stray: tuple[int, ...]
    links: tuple[int, ...]  # brackets of Markdown links


def match(text: str) -> Brackets:
    """The brackets of a text, paired by a stack over the whole of it."""
    pairs: dict[int, int] = {}
    stack: list[int] = []
    stray: list[int] = []
    opening = closing = depth = 0
    for found in _BRACKETS.finditer(text):
        sign = found[0]
        if sign == "[":
            opening += 1
            stack.append(found.start())
            depth = max(depth, len(stack))
        elif sign == "]":
            closing += 1
            if stack:
                pairs[stack.pop()] = found.start()
            else:
                stray.append(found.start())
    return Brackets(opening, closing, depth, pairs, tuple(stack), tuple(stray), _links(text, pairs))


def _links(text: str, pairs: dict[int, int]) -> tuple[int, ...]:
    """The brackets of links, which are taken out of `pairs`."""
    targets = {found[1].lower(): found.start(1) - 1 for found in _TARGET.finditer(text)}
    opened = [offset for offset in targets.values() if offset in pairs]
    for found in _LINK.finditer(text):
        if found[3] is None and found[2].lower() not in targets:
            continue
        opened.append(found.start())
        if found[2] is not None:
            opened.append(found.start(2) - 1)
    ends = [pairs.pop(offset) for offset in dict.fromkeys(opened) if offset in pairs]
    return tuple(sorted({*(offset for offset in opened if offset not in pairs), *ends}))
