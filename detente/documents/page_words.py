"""Words on a page: what a text's own signs mean is shown, and what a reader cannot see is written out.

Signs of Markdown become what they stand for: `**strong**`, `*emphasis*`, `## ` before a heading, `[^1]`.  Code points
that no text may hold stand there as their number; invisible ones are followed by their number, but for those that
ordinary spelling needs (joiners, marks of direction, blanks), which are counted at the end of the page (`unseen`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
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
class Pen:
    """How words are put on a page, and what was met on the way.

    `notes` gives the id of the note to which an anchor leads; `markdown` says whether stars and signs mean anything.
    """

    notes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    markdown: bool = True
    unseen: Counter[int] = field(default_factory=Counter)  # code points that a reader does not see for what they are


def words(above: Element, text: str, pen: Pen) -> None:
    """Words into an element."""
    at = 0
    for found in _SIGN.finditer(text):
        kind = str(found.lastgroup)
        if kind in {"strong", "em"} and not pen.markdown:
            continue
        append(above, text[at : found.start()])
        at = found.end()
        match kind:
            case "strong" | "em":
                signs = 2 if kind == "strong" else 1
                words(put(above, kind), found[0][signs:-signs], pen)
            case "anchor":
                _anchor(above, found[0], pen)
            case "page":
                pen.unseen[0x0C] += 1
                put(above, "span", " ", class_="page-end")
            case _:
                _flag(above, found[0], pen, refused=kind == "refused")
    append(above, text[at:])


def without_heading_signs(text: str) -> str:
    """A heading's words without the `#` that made it one."""
    return _HEADING.sub("", text, count=1)


def unseen(above: Element, pen: Pen) -> None:
    """What a reader does not see, before anybody signs it: a table at the end of the page."""
    if not pen.unseen:
        return
    section = put(above, "section", class_="flags", lang="en", dir="ltr")
    put(section, "h2", "What a reader does not see", id="unseen")
    table = put(section, "table")
    line = put(put(table, "thead"), "tr")
    for name in ("Code point", "What it is", "How often"):
        put(line, "th", name, scope="col")
    body = put(table, "tbody")
    for point, count in sorted(pen.unseen.items()):
        line = put(body, "tr")
        put(line, "th", f"U+{point:04X}", scope="row")
        put(line, "td", _what(point))
        put(line, "td", f"{count:,}")


def _anchor(above: Element, anchor: str, pen: Pen) -> None:
    where = pen.notes.get(anchor)
    shown = safety.visible(anchor[2:-1])
    if where:
        put(above, "a", shown, class_="fn", href="#" + where)
    else:
        put(above, "span", shown, class_="fn")


def _flag(above: Element, letter: str, pen: Pen, *, refused: bool) -> None:
    pen.unseen[ord(letter)] += 1
    if not refused:
        append(above, letter)
    if refused or letter not in _SPELLING:
        put(above, "span", f"U+{ord(letter):04X}", class_="flag", title=_what(ord(letter)))


def _what(point: int) -> str:
    for first, last, why in safety.FLAGGED_IN_TEXT:
        if first <= point <= last:
            return why
    return "a code point that no text may hold"
