"""Words on a page: what a text's own signs mean is shown, and what a reader cannot see is written out.

Signs of Markdown become what they stand for: `**strong**`, `*emphasis*`, `## ` before a heading, `[^1]`.  Code points
that no text may hold stand there as their number; invisible ones are followed by their number, but for those that
ordinary spelling needs (joiners, marks of direction, blanks), which are counted at the end of the page (`Flags`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from detente.documents.page_frame import Element, append, put
from detente.procedures.table import grammar
from detente.wire import text as safety

_SPELLING: Final = "".join(map(chr, (0x0C, 0x0D, 0xA0, 0x061C, *range(0x2000, 0x200B), *range(0x200C, 0x2010), 0x202F,
                                     0x3000)))  # fmt: skip
_FLAGGED: Final = re.compile(
    "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last, _ in safety.FLAGGED_IN_TEXT) + "]"
)
_REFUSED: Final = re.compile(
    "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in safety.REFUSED_IN_TEXT) + "]"
)
_SIGN: Final = re.compile(
    rf"(?P<strong>\*\*[^*\n]+\*\*)|(?P<em>(?<!\*)\*[^*\s][^*\n]*\*(?!\*))|(?P<anchor>{grammar.FOOTNOTE_ANCHOR.pattern})"
    rf"|(?P<page>\f)|(?P<refused>{_REFUSED.pattern})|(?P<flagged>{_FLAGGED.pattern})"
)
_HEADING: Final = re.compile(r"\s*#{1,6}[ \t]+")


@dataclass(slots=True)
class Flags:
    """How often each code point came that a reader does not see for what it is."""

    counts: Counter[int] = field(default_factory=Counter)

    def rows(self) -> list[tuple[str, str, int]]:
        """Number, what it is, how often; in order of the numbers."""
        return [(f"U+{point:04X}", _what(point), count) for point, count in sorted(self.counts.items())]


def words(above: Element, text: str, flags: Flags, notes: Mapping[str, str]) -> None:
    """Words into an element.  `notes` gives the id of the note to which an anchor leads."""
    at = 0
    for found in _SIGN.finditer(text):
        append(above, text[at : found.start()])
        at = found.end()
        match found.lastgroup:
            case "strong" | "em":
                signs = 2 if found.lastgroup == "strong" else 1
                words(put(above, found.lastgroup), found[0][signs:-signs], flags, notes)
            case "anchor":
                _anchor(above, found[0], notes)
            case "page":
                flags.counts[0x0C] += 1
                put(above, "span", " ", class_="page-end")
            case _:
                _flag(above, found[0], flags, refused=found.lastgroup == "refused")
    append(above, text[at:])


def without_heading_signs(text: str) -> str:
    """A heading's words without the `#` that made it one."""
    return _HEADING.sub("", text, count=1)


def unseen(above: Element, flags: Flags) -> None:
    """What a reader does not see, before anybody signs it: a table at the end of the page."""
    rows = flags.rows()
    if not rows:
        return
    section = put(above, "section", class_="flags", lang="en", dir="ltr")
    put(section, "h2", "What a reader does not see", id="unseen")
    table = put(section, "table")
    line = put(put(table, "thead"), "tr")
    for name in ("Code point", "What it is", "How often"):
        put(line, "th", name, scope="col")
    body = put(table, "tbody")
    for point, what, count in rows:
        line = put(body, "tr")
        put(line, "th", point, scope="row")
        put(line, "td", what)
        put(line, "td", f"{count:,}")


def _anchor(above: Element, anchor: str, notes: Mapping[str, str]) -> None:
    where = notes.get(anchor)
    shown = safety.visible(anchor[2:-1])
    if where:
        put(above, "a", shown, class_="fn", href="#" + where)
    else:
        put(above, "span", shown, class_="fn")


def _flag(above: Element, letter: str, flags: Flags, *, refused: bool) -> None:
    flags.counts[ord(letter)] += 1
    if not refused:
        append(above, letter)
    if refused or letter not in _SPELLING:
        put(above, "span", f"U+{ord(letter):04X}", class_="flag", title=_what(ord(letter)))


def _what(point: int) -> str:
    for first, last, why in safety.FLAGGED_IN_TEXT:
        if first <= point <= last:
            return why
    return "a code point that no text may hold"
