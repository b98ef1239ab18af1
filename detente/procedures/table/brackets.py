"""Which bracket closes which: one pass with a stack, and a recovery for what does not balance.

Real texts do not balance.  A closing bracket that closes nothing stays a literal character.  An
opening bracket that nothing closes is closed where its article or its option ends (`parse` knows
where); here it only gets known.  No bracket of the text are footnote anchors `[^n]`, which are
not even counted, and those that are counted and stay literal: of Markdown links, of what is printed
on every page, and round the number of a footnote.  A note at the foot of a page is paired alone, so
that what does not balance in it pulls no bracket of the words above it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from detente.procedures.table.paging import PLAIN, Layout

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
    depth: int  # the deepest nesting, as a plain search finds it
    pairs: dict[int, int]  # opening offset -> closing offset
    unclosed: tuple[int, ...]
    stray: tuple[int, ...]
    links: tuple[int, ...]  # brackets of Markdown links
    printed: tuple[int, ...]  # brackets of furniture, and round the numbers of footnotes


def match(text: str, layout: Layout = PLAIN) -> Brackets:
    """The brackets of a text, paired by a stack over its words and one over each note at the foot of a page."""
    literal = layout.literal(text)
    opened: dict[int, list[int]] = {}  # by the note that holds them; 0: the words
    pairs: dict[int, int] = {}
    stray: list[int] = []
    opening = closing = level = depth = 0
    notes = _Notes(layout)
    for found in _BRACKETS.finditer(text):
        sign, offset = found[0], found.start()
        opening += sign == "["
        closing += sign == "]"
        level = level + 1 if sign == "[" else max(level - (sign == "]"), 0)
        depth = max(depth, level)
        if offset in literal or len(sign) > 1:
            continue
        stack = opened.setdefault(notes.at(offset), [])
        if sign == "[":
            stack.append(offset)
        elif stack:
            pairs[stack.pop()] = offset
        else:
            stray.append(offset)
    unclosed = tuple(sorted(offset for stack in opened.values() for offset in stack))
    printed = tuple(sorted(literal))
    return Brackets(opening, closing, depth, pairs, unclosed, tuple(stray), _links(text, pairs), printed)


class _Notes:
    """Which note at the foot of a page holds an offset; asked in the order of the text."""

    def __init__(self, layout: Layout) -> None:
        self._notes = layout.footnotes
        self._next = 0

    def at(self, offset: int) -> int:
        """The number of the note, from 1, or 0."""
        while self._next < len(self._notes) and self._notes[self._next].hi <= offset:
            self._next += 1
        inside = self._next < len(self._notes) and self._notes[self._next].lo <= offset
        return self._next + 1 if inside else 0


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
