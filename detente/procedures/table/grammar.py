"""What a line of a negotiating text begins: a heading, a paragraph, a point, an option, a note.

The importer reads what secretariats write (Markdown or plain, also as it falls out of a PDF) and
loses nothing: whatever has no mark of its own is a paragraph.  A clause begins where a line is a
heading, bears a label, or follows a blank line.  An option begins at "Option n" with a colon, a
full stop or the end of the line behind it, at the beginning of a line or right after its label.

Where a text has pages (paging.py), nothing begins in what is printed on every page, and each note
at the foot of a page is one clause.  The words of the next page go on with the sentence that the
page before left, and a sentence that a footnote cut in two goes on in a paragraph of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from detente.procedures.table import attribution
from detente.procedures.table.paging import PLAIN, Layout, goes_on
from detente.procedures.table.tree import ClauseKind

_OPENERS = r"[ \t\f]*[\[{(*_“\"]{0,6}"
_NUMBER = r"\d{1,3}(?:\.\d{1,3}){0,3}[ ]?(?:bis|ter|quater|quinquies|alt)?"
_ARTICLE = (  # in the six languages of the United Nations and some others
    r"Article|ARTICLE|Artículo|ARTÍCULO|Статья|СТАТЬЯ|المادة|مادة|Artikel|Articolo|Artigo|Artykuł|Άρθρο|Artikolu"
    r"|Airteagal|Член|Стаття"
)
_LATIN = r"(?:[ ]?(?:bis|ter|quater|quinquies)\b)?"
_HEADED = (
    rf"(?:{_ARTICLE}|Section|Chapter|Annex|Part)[ \t]+[\w.]{{1,20}}{_LATIN}|第[一二三四五六七八九十百零\d]{{1,6}}条"
)
_HEADING = re.compile(rf"(#{{1,6}})[ \t]+{_OPENERS}({_HEADED})?")
_NAMED = re.compile(
    rf"{_OPENERS}((?:{_ARTICLE}|Section|SECTION|Chapter|CHAPTER|Annex|ANNEX|Part|PART)[ \t]+"
    rf"[A-Z]{{0,3}}\.?[\w.]{{0,12}}{_LATIN}|第[一二三四五六七八九十百零\d]{{1,6}}条)[\]}}*_ \t]*(?=$|[:{{(\[.\r\n–-])"
)
_CENTRED = 10  # columns from the left, from which a heading needs no blank line before it
_CAPITALS = re.compile(  # MITIGATION, IV. ADMINISTRATIVE MATTERS: what a secretariat writes over a part of the text
    rf"{_OPENERS}(?:(?:[IVX]{{1,5}}|[A-Z])\.[ \t]+)?{_OPENERS}"
    r"[A-Z][A-Z&’'-]{2,}(?:[ \t]+[A-Z0-9&’'(),-]{2,}){0,9}[\]})*_ \t\d]*\Z"
)
_FEWEST_CAPITALS = 8
_NUMBERED = re.compile(rf"{_OPENERS}({_NUMBER})[.)]?[*_]{{0,3}}(?=[ \t*\[]|$)")
_DOTTED = re.compile(rf"{_OPENERS}({_NUMBER})(?:[.)][*_]{{0,3}}|(?<=[a-z])[ \t])(?=[ \t*\[]|$)")
_POINT = re.compile(r"[ \t\f]*[\[*_]{0,4}(\((?:[a-z]{1,2}|[ivx]{1,5}|\d{1,2})\)|[a-z]\.(?=[ \t])|[*+-](?=[ \t]))")
_PREAMBLE = re.compile(r"[ \t]*((?:PP|Pp|OP)[ ]?\d{1,3}(?:bis|ter)?)\s*$")
_NOTE = re.compile(r"[ \t]*(?:(\[\^[^\]\n]{1,60}\]):|(?:\d{1,3}[ \t]{1,6})?(Negotiators?['’]?s?['’]? Notes?):)")
_FRONT = re.compile(r"(?:---\s*$|\{:|[ ]{0,3}\[[^\]\n^]{1,60}\]:[ \t])")
_FENCED = re.compile(r"\ufeff?---[ \t]*\r?\n(?:[^\n]{0,400}\n){0,40}?---[ \t]*\r?\n")
_OPTION = re.compile(
    r"[*_]{0,3}Options?[ \t]+(?:(\d{1,2})|\(([a-z])\)|([IVX]{1,5}))(?:\[\^[^\]\n]{1,60}\]){0,4}"
    r"(?:[ \t]*\([^()\n]{1,60}\)(?=:))?"
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
    foot: bool = False  # a note at the foot of a page, or what goes on behind it: options do not end there


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


def marks(text: str, starts: list[int], layout: Layout = PLAIN) -> Iterator[ClauseMark | OptionMark]:
    """What begins where, in the order of the text.  `starts` are the offsets at which lines begin."""
    pages = _Pages(text, layout)
    fenced = _FENCED.match(text) is not None
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(text)
        mark = text.startswith("\ufeff", start) and start == 0  # a byte order mark stands before the first line's words
        line = text[start + mark : min(end, start + 600)]
        if pages.printed(start):
            continue
        if (note := pages.note(start)) is not None:
            yield note
            continue
        if not line.strip():
            pages.blank = True
            continue
        if fenced:
            fenced = number == 0 or not line.startswith("---")
            if number == 0:
                yield ClauseMark(start, ClauseKind.FRONT, "", 0, 0)
            pages.blank = not fenced
            continue
        yield from pages.line(line, start, mark)


@dataclass
class _Pages:
    """Where we are on a page: what was printed there, which note we are in, what the words before it were."""

    text: str
    layout: Layout
    blank: bool = True  # whether a paragraph may begin here
    turned: bool = False  # a page was turned since the last words
    noted: bool = False  # we are in a note, or come from one
    headed: bool = False  # the last line of words was a heading
    last: str = ""
    level: int = 2
    _furniture: int = 0
    _notes: int = 0
    _until: int = field(default=0)

    def printed(self, start: int) -> bool:
        """Whether this line is printed on every page."""
        spans = self.layout.furniture
        while self._furniture < len(spans) and spans[self._furniture][1] <= start:
            self._furniture += 1
        inside = self._furniture < len(spans) and spans[self._furniture][0] <= start
        self.turned = self.turned or inside
        return inside

    def note(self, start: int) -> ClauseMark | None:
        """The note that begins at this line, if one does."""
        notes = self.layout.footnotes
        if self._notes < len(notes) and notes[self._notes].lo == start:
            found = notes[self._notes]
            self._notes, self._until, self.noted = self._notes + 1, found.hi, True
            return ClauseMark(start, ClauseKind.NOTE, found.label, 1, 0, foot=True)
        return None

    def line(self, line: str, start: int, shift: int) -> Iterator[ClauseMark | OptionMark]:
        """What a line of words begins.  Its first `shift` characters, which it does not hold, are no words."""
        if start < self._until:
            return
        if self.turned and self.last:
            self.blank = self.headed or not goes_on(self.last, line) or _NAMED.match(line) is not None
        mark = _clause(line, start, blank=self.blank)
        if mark is None and self.noted:
            mark = ClauseMark(start, ClauseKind.PARAGRAPH, "", self.level, _indent(line), foot=True)
        option = _option(self.text, line, start + shift)
        if mark is not None and not (option is not None and option.fresh and not mark.label):
            self.level = mark.level
            yield mark
        if option is not None:
            yield option
        self.headed = self.blank = mark is not None and mark.kind is ClauseKind.HEADING
        self.turned = self.noted = False
        self.last = line


def _clause(line: str, start: int, *, blank: bool) -> ClauseMark | None:
    indent = _indent(line)
    if heading := _HEADING.match(line):
        return ClauseMark(start, ClauseKind.HEADING, heading[2] or "", len(heading[1]) - 1, 0)
    if (blank or indent >= _CENTRED) and (named := _NAMED.match(line)) and len(line) < 200:
        return ClauseMark(start, ClauseKind.HEADING, named[1].strip(), 1, 0)
    if _in_capitals(line):
        return ClauseMark(start, ClauseKind.HEADING, "", 1, 0)
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
        return ClauseMark(start, ClauseKind.PARAGRAPH, _behind_head(line), 2 + indent // 4, indent)
    return None


def _behind_head(line: str) -> str:
    """The number of a paragraph that begins within a bracket, behind its head: [BEL/COR propose: 2. Words]."""
    opened = line.find("[")
    if opened < 0 or line[:opened].strip() or ":" not in line:
        return ""
    at = opened + 1 + line.startswith("[[", opened)
    head = attribution.PLAIN.end(line, at, len(line))
    numbered = _DOTTED.match(line, head) if head > at else None
    return numbered[1] if numbered else ""


def _in_capitals(line: str) -> bool:
    """Whether a line is a heading because it shouts; a code, a list of codes or a word alone in capitals is none."""
    said = line.rstrip("\r\n")
    if len(said) > 120 or _CAPITALS.match(said) is None:
        return False
    return sum(letter.isupper() for letter in said) >= _FEWEST_CAPITALS


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
