"""What a line of a negotiating text begins: a heading, a paragraph, a point, an option, a note.

The importer reads what secretariats write (Markdown or plain, also as it falls out of a PDF) and
loses nothing: whatever has no mark of its own is a paragraph.  A clause begins where a line is a
heading, bears a label, or follows a blank line.  An option begins at "Option n" with a colon, a
full stop or the end of the line behind it, at the beginning of a line or right after its label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from detente.procedures.table.tree import ClauseKind

_OPENERS = r"[ \t\f]*[\[{(*_“\"]{0,6}"
_NUMBER = r"\d{1,3}(?:\.\d{1,3}){0,3}[ ]?(?:bis|ter|quater|quinquies|alt)?"
_HEADING = re.compile(rf"(#{{1,6}})[ \t]+{_OPENERS}((?:Article|Section|Chapter|Annex|Part)[ \t]+[\w.]{{1,20}})?")
_NAMED = re.compile(
    rf"{_OPENERS}((?:Article|ARTICLE|Section|SECTION|Chapter|CHAPTER|Annex|ANNEX|Part|PART)[ \t]+"
    r"[A-Z]{0,3}\.?[\w.]{0,12})[\]}*_ \t]*(?=$|[:{(\[.\r\n–-])"
)
_NUMBERED = re.compile(rf"{_OPENERS}({_NUMBER})[.)]?[*_]{{0,3}}(?=[ \t*\[]|$)")
_DOTTED = re.compile(rf"{_OPENERS}({_NUMBER})(?:[.)][*_]{{0,3}}|(?<=[a-z])[ \t])(?=[ \t*\[]|$)")
_POINT = re.compile(r"[ \t\f]*[\[*_]{0,4}(\((?:[a-z]{1,2}|[ivx]{1,5}|\d{1,2})\)|[a-z]\.(?=[ \t])|[*+-](?=[ \t]))")
_PREAMBLE = re.compile(r"[ \t]*((?:PP|Pp|OP)[ ]?\d{1,3}(?:bis|ter)?)\s*$")
_NOTE = re.compile(r"[ \t]*(?:(\[\^[^\]\n]{1,60}\]):|(?:\d{1,3}[ \t]{1,6})?(Negotiators?['’]?s?['’]? Notes?):)")
_FRONT = re.compile(r"(?:---\s*$|\{:|[ ]{0,3}\[[^\]\n^]{1,60}\]:[ \t])")
_FENCED = re.compile(r"\ufeff?---[ \t]*\r?\n(?:[^\n]{0,400}\n){0,40}?---[ \t]*\r?\n")
_OPTION = re.compile(
    r"[*_]{0,3}Options?[ \t]+(?:(\d{1,2})|\(([a-z])\)|([IVX]{1,5}))(?:\[\^[^\]\n]{1,60}\]){0,4}"
    r"(?:[*_]{0,3}[:.]{1,2}[*_]{0,3}:?|[*_]{2,3}(?![\w])|(?=[ \t]*(?:\r?\n|$)))[ \t]*"
)
_BEFORE_OPTION = re.compile(rf"[ \t\f]*(?:{_NUMBER}[.)]?[ \t]*|\([a-z]{{1,2}}\)[ \t]*)?[\[*_]{{0,4}}")
_BLANKS = re.compile(r"(?:[ \t\f]*(?:\r\n|\r|\n))*")
NO_TEXT = re.compile(r"[*_({\s]*(?:No (?:text|provisions?|reference)|Deleted|Empty)\b[^\n]{0,200}\s*\Z", re.IGNORECASE)
PLACEHOLDER = re.compile(r"[*_{\s]*(?:Placeholder\b|\.\.\.|…|[Xx]{1,2}[\s*]*\Z|_{2,}|TBD\b)", re.IGNORECASE)
CURLY = re.compile(r"\{[^{}\n]{1,400}(?:\n[^{}\n]{0,200}){0,3}\}")
FOOTNOTE_ANCHOR = re.compile(r"\[\^[^\]\[\n]{1,60}\]")
NEGOTIATORS_NOTE = re.compile(r"Negotiators?['’]?s?['’]? Notes?:")
SLASH = re.compile(r"(?<!\band)(?<!\bor)[ ]/\s")
_ROMAN = {"I": 1, "V": 5, "X": 10}


@dataclass(frozen=True, slots=True)
class ClauseMark:
    """A clause begins here."""

    offset: int
    kind: ClauseKind
    label: str
    level: int  # 0 the front matter and headings, deeper for what stands further right
    indent: int


@dataclass(frozen=True, slots=True)
class OptionMark:
    """An option begins here; its mark ends at `end`."""

    offset: int
    end: int
    ordinal: int
    lettered: bool
    indent: int
    fresh: bool  # nothing but blanks stands before it on its line, which begins at `line`
    line: int


def marks(text: str, starts: list[int]) -> Iterator[ClauseMark | OptionMark]:
    """What begins where, in the order of the text.  `starts` are the offsets at which lines begin."""
    blank = True
    fenced = _FENCED.match(text) is not None
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(text)
        line = text[start : min(end, start + 600)]
        if not line.strip():
            blank = True
            continue
        if fenced:
            fenced = number == 0 or not line.startswith("---")
            if number == 0:
                yield ClauseMark(start, ClauseKind.FRONT, "", 0, 0)
            blank = not fenced
            continue
        mark = _clause(line, start, blank=blank)
        option = _option(text, line, start)
        if mark is not None and not (option is not None and option.fresh and not mark.label):
            yield mark
        if option is not None:
            yield option
        blank = mark is not None and mark.kind is ClauseKind.HEADING


def _clause(line: str, start: int, *, blank: bool) -> ClauseMark | None:
    indent = _indent(line)
    if heading := _HEADING.match(line):
        return ClauseMark(start, ClauseKind.HEADING, heading[2] or "", len(heading[1]) - 1, 0)
    if blank and (named := _NAMED.match(line)) and len(line) < 200:
        return ClauseMark(start, ClauseKind.HEADING, named[1].strip(), 1, 0)
    if note := _NOTE.match(line):
        return ClauseMark(start, ClauseKind.NOTE, note[1] or note[2], 1, 0)
    if _FRONT.match(line):
        return ClauseMark(start, ClauseKind.FRONT, "", 0, 0)
    if preamble := _PREAMBLE.match(line):
        return ClauseMark(start, ClauseKind.PARAGRAPH, preamble[1], 2, indent)
    numbered = _NUMBERED.match(line) if blank else _DOTTED.match(line)
    if numbered:
        return ClauseMark(start, ClauseKind.PARAGRAPH, numbered[1], 2 + indent // 4, indent)
    if point := _POINT.match(line):
        return ClauseMark(start, ClauseKind.POINT, point[1], 3 + indent // 4, indent)
    if blank:
        return ClauseMark(start, ClauseKind.PARAGRAPH, "", 2 + indent // 4, indent)
    return None


def _option(text: str, line: str, start: int) -> OptionMark | None:
    before = _BEFORE_OPTION.match(line)
    lead = before.end() if before else 0
    while lead > 0 and line[lead - 1] in "*_":
        lead -= 1
    found = _OPTION.match(line, lead)
    if found is None:
        return None
    end = start + found.end()
    if end < len(text) and text[end] in "\r\n":
        blanks = _BLANKS.match(text, end)
        end = blanks.end() if blanks else end
    fresh = not line[:lead].strip()
    indent = _indent(line) + (0 if fresh else 1)
    return OptionMark(start + lead, end, _ordinal(found), found[2] is not None, indent, fresh, start)


def _ordinal(found: re.Match[str]) -> int:
    if found[1]:
        return int(found[1])
    if found[2]:
        return ord(found[2]) - ord("a") + 1
    values = [_ROMAN[letter] for letter in found[3]]
    return sum(-value if value < behind else value for value, behind in zip(values, [*values[1:], 0], strict=True))


def _indent(line: str) -> int:
    width = 0
    for letter in line:
        if letter == " ":
            width += 1
        elif letter == "\t":
            width += 4
        else:
            break
    return width
