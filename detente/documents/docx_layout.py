"""How the words of a paragraph are printed: what is shown for each character, and how it looks.

A text keeps the bytes that came: line ends of its editor, Markdown's marks, blanks at the end of a line.  On paper

    a line end                  is a space; two of them begin a new paragraph; two blanks and one, a new line
    # and **                    are headings and bold letters, where the text is Markdown
    [^7]                        is a footnote, where the text has a note of that name
    * at the head of a point    is a bullet
    what no text may contain    is written as its number, so that nobody overlooks it

Nothing else is left out or changed.  What is printed is given for every single character, so that a comparison of
two wordings can say of each printed letter whether it was kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final

from detente.procedures.table.sheet import Paragraph
from detente.procedures.table.tree import ClauseKind
from detente.wire import text as safety

BOLD: Final = 1
ITALIC: Final = 2
ALARM: Final = 4  # a code point that no text may contain, written as its number

NEW_PARAGRAPH: Final = "\n"
NEW_LINE: Final = "\v"
TAB: Final = "\t"
BULLET: Final = "•"

_BLANKS = re.compile(r"[ \t]*(?:\r\n|[\r\n\f])[ \t\r\n\f]*| {2,}")
_LINE_END = re.compile(r"\r\n|[\r\n]")
_EDGES = re.compile(r"\A\ufeff?[ \t\r\n\f]+|\A\ufeff|[ \t\r\n\f]+\Z")
_ONLY_CLOSING = re.compile(r"[\])}*_ \t\r\n]*\Z")
_HEADING = re.compile(r"\ufeff?(#{1,6}[ \t]+)")
_POINT = re.compile(r"[ \t\f]*[\[*_]{0,4}([*+-])([ \t]+)")
_ANCHOR = re.compile(r"\[(\^[^\]\[\n]{1,60})\](:[ \t]?)?")
_EMPHASIS = re.compile(r"\*{1,3}|_{1,9}")
_LOOKS: Final = {1: ITALIC, 2: BOLD, 3: BOLD | ITALIC}
_LABEL_WITHIN = 24  # letters from the beginning in which a label stands


@dataclass(slots=True)
class Printed:
    """For every character: what is shown (nothing, itself, or something else), and how it looks."""

    shown: list[str]
    look: bytearray
    notes: dict[int, str] = field(default_factory=dict)  # where a footnote is anchored, and its label

    @property
    def text(self) -> str:
        """What a reader sees, notes apart."""
        return "".join(self.shown)


def printed(paragraph: Paragraph, notes: Container[str] = (), *, markdown: bool = True) -> Printed:
    """What is printed of a paragraph.  `notes` are the labels (`[^7]`) for which the text has a note."""
    written = paragraph.written
    found = Printed(list(written), bytearray(len(written)))
    if markdown:
        _emphasis(written, found)
        if paragraph.kind is ClauseKind.HEADING and (mark := _HEADING.match(written)):
            _hide(found, *mark.span(1))
    _anchors(paragraph, found, notes)
    _blanks(written, found)
    _after_label(paragraph, found)
    for at in safety.refused_at(written):
        found.shown[at] = safety.visible(written[at])
        found.look[at] |= ALARM
    return found


def _hide(found: Printed, lo: int, hi: int, instead: str = "") -> None:
    found.shown[lo:hi] = [instead, *[""] * (hi - lo - 1)]


def _emphasis(written: str, found: Printed) -> None:
    """Pairs of Markdown's marks: they open before a letter, close behind one, and never span paragraphs."""
    opened: dict[str, int] = {}
    last_end = 0
    for mark in _EMPHASIS.finditer(written):
        sign, lo, hi = mark[0], mark.start(), mark.end()
        if len(sign) not in _LOOKS or (_LINE_END.search(written, last_end, lo) and _parts(written, last_end, lo)):
            opened.clear()
        last_end = hi
        if len(sign) not in _LOOKS:
            continue  # a line to be filled in
        before, behind = written[lo - 1 : lo] or " ", written[hi : hi + 1] or " "
        start = opened.pop(sign, None)
        if start is not None and start + len(sign) < lo and not before.isspace() and _free(sign, behind):
            for at in range(start, hi):
                found.look[at] |= _LOOKS[len(sign)]
            _hide(found, start, start + len(sign))
            _hide(found, lo, hi)
        elif not behind.isspace() and _free(sign, before):
            opened[sign] = lo


def _free(sign: str, beside: str) -> bool:
    """Whether a mark may stand beside this: a low line within a word belongs to the word."""
    return sign[0] == "*" or not beside.isalnum()


def _parts(written: str, lo: int, hi: int) -> bool:
    return any(len(_LINE_END.findall(blanks[0])) > 1 for blanks in _BLANKS.finditer(written, lo, hi))


def _anchors(paragraph: Paragraph, found: Printed, notes: Container[str]) -> None:
    own = paragraph.kind is ClauseKind.NOTE
    for anchor in _ANCHOR.finditer(paragraph.written):
        label = f"[{anchor[1]}]"
        if own and anchor[2] and not paragraph.written[: anchor.start()].strip() and label in notes:
            _hide(found, *anchor.span())  # the note's own name: its number takes the place
        elif not own and label in notes:
            lo = anchor.start()
            _hide(found, lo, lo + len(label))
            found.notes[lo] = label


def _blanks(written: str, found: Printed) -> None:
    for blanks in _BLANKS.finditer(written):
        _hide(found, *blanks.span(), _instead(written, blanks))
    for edge in _EDGES.finditer(written):
        _hide(found, *edge.span())


def _instead(written: str, blanks: re.Match[str]) -> str:
    """What a run of blanks is on paper."""
    ends = len(_LINE_END.findall(blanks[0]))
    if _ONLY_CLOSING.match(written, blanks.end()) and ends:
        return ""  # a bracket that closes on a line of its own
    if ends > 1:
        return NEW_PARAGRAPH
    if ends and (blanks[0].startswith("  ") or written[blanks.start() - 1 : blanks.start()] == "\\"):
        return NEW_LINE
    beside = (written[blanks.start() - 1 : blanks.start()], written[blanks.end() : blanks.end() + 1])
    if ends and all(letter and unicodedata.east_asian_width(letter) in "WF" for letter in beside):
        return ""
    return " "


def _after_label(paragraph: Paragraph, found: Printed) -> None:
    """A tab behind the label of a paragraph or a point, so that labels stand in a column of their own."""
    if paragraph.kind not in {ClauseKind.PARAGRAPH, ClauseKind.POINT} or not paragraph.label:
        return
    written = paragraph.written
    if bullet := _POINT.match(written):
        _hide(found, *bullet.span(1), BULLET)
        _hide(found, *bullet.span(2), TAB)
        return
    start = written.find(paragraph.label, 0, _LABEL_WITHIN + len(paragraph.label))
    at = start + len(paragraph.label)
    while start >= 0 and written[at : at + 1] and written[at] in ".)*_":
        at += 1
    if start >= 0 and written[at : at + 1] in {" ", "\t"} and found.shown[at]:
        found.shown[at] = TAB
