"""The page that a text was printed on: what repeats at the edges of pages, notes at their foot, two columns.

A text that falls out of a PDF is read with its pages: running heads, page numbers and footnotes stand in the
middle of sentences.  Nothing of it is lost or moved.  `recognise` only says where it is, in offsets of the text
as it came, so that the importer begins no clause there, counts its brackets and decides nothing on them, and a
view that wants the words alone can leave it out (`Layout.within`).

    page       begins at a form feed; without any, behind a line that is a page's number
    furniture  lines at the edge of three pages or more that read the same, page numbers that count on, and the
               blank lines between them and the words
    footnote   at a page's foot, a line that begins with the next number (no full stop behind it), to the next one;
               its anchor is the same number in the words of that page, stuck to a word, in brackets or alone
    columns    four lines or more, one below the other, with a gap at one and the same place

What has no pages has none of this, except footnotes of Markdown, `[^n]:`, whose anchors are `[^n]`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

EDGE = 8  # lines that are looked at on either edge of a page
REPEATS = 3  # pages on which a line has to stand to be furniture
FEWEST_COLUMN_LINES = 4

_LINE_END = re.compile(r"\r\n|\r|\n")
_PAGE_NUMBER = re.compile(r"[-–—\s]*(?:[Pp]age\s+)?(\d{1,4})(?:\s*(?:of|/)\s*\d{1,4})?[-–—\s]*")
_LABELLED = re.compile(r"[\[{(*_“\"]*(?:\(?[A-Za-z0-9]{1,4}[.)]|Option\b|Article\b|ARTICLE\b|PP|Pp|OP)")
_FEWEST_LETTERS = 8  # a repeated line with fewer, or with a label, stands on half of the pages to be furniture
_FOOT = re.compile(r"[ ]{0,4}(\d{1,3}|\*{1,3})(?:[ ]*$|([ ]{1,6})(?=\S))")
_MOST_SKIPPED = 4  # numbers of footnotes that may be missing between two that were found
_ANCHOR = re.compile(
    r"(?P<bracketed>\[[ ]?(\d{1,3})[ ]?\])"
    r"|(?<![A-Z0-9]\.)(?<=[A-Za-z\]\)}.,;:\"”’'*])(?P<stuck>\d{1,3}|\*{1,3})(?![\d%°]|\.\d)"
    r"|(?<=[ \n])(?P<alone>\d{1,3})(?=[ ]*(?:[\n\]]|[ ]\[))"
    r"|(?<=[A-Za-z\])][ ])(?P<spaced>\d{1,3})(?=[ ;:,)]|\.\s)"
)
_LIKELIEST = ("bracketed", "stuck", "alone", "spaced")
_MARKDOWN_NOTE = re.compile(r"^[ ]{0,3}\[\^([^\]\n]{1,60})\]:", re.MULTILINE)
_MARKDOWN_ANCHOR = re.compile(r"\[\^([^\]\[\n]{1,60})\](?!:)")
_ENDED = re.compile(r"[.;:!?…,][\])}\"”’*_\d\s]*\Z")
_GAP = re.compile(r"(?<=\S)[ ]{3,}(?=\S)")
_FEWEST_COLUMN_LETTERS = 6

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Footnote:
    """A note, where it stands, and where it is called.  Offsets in code points; a line counts from 1."""

    label: str
    line: int
    lo: int
    hi: int
    anchors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Lines in two columns: where they begin and end, and the place of the gap between them."""

    line: int
    lo: int
    hi: int
    gutter: int  # characters of a line that belong to the left column


@dataclass(frozen=True, slots=True)
class Repeated:
    """A line that is printed on many pages: how it reads, on how many, and where first."""

    words: str
    pages: int
    line: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What was found; all spans in order and apart."""

    pages: int = 0
    furniture: tuple[Span, ...] = ()
    repeated: tuple[Repeated, ...] = ()
    footnotes: tuple[Footnote, ...] = ()  # those at the foot of pages
    notes: tuple[Footnote, ...] = ()  # those of Markdown
    columns: tuple[Columns, ...] = ()

    def within(self, offset: int) -> bool:
        """Whether this character is furniture."""
        at = bisect_right(self.furniture, (offset, 1 << 60)) - 1
        return at >= 0 and offset < self.furniture[at][1]

    def literal(self, text: str) -> frozenset[int]:
        """The offsets of brackets that decide nothing: those of furniture, and those round the number of a footnote."""
        found = {lo + each.start() for lo, hi in self.furniture for each in re.finditer(r"[\[\]]", text[lo:hi])}
        for note in self.footnotes:
            for anchor in note.anchors:
                if text[anchor] == "[":
                    found |= {anchor, text.index("]", anchor)}
        return frozenset(found)


PLAIN = Layout()


def recognise(text: str) -> Layout:
    """The layout of a text; of one without pages, its Markdown footnotes alone."""
    lines = _lines(text)
    pages = _pages(text, lines)
    notes = _markdown(text, lines)
    columns = tuple(_columns(text, lines))
    if len(pages) < REPEATS:
        return Layout(notes=notes, columns=columns)
    keys = [[" ".join(text[lo:hi].split()) for lo, hi in page.lines] for page in pages]
    furnished = _Furniture(keys)
    bodies = [furnished.body(index) for index in range(len(pages))]
    furniture = _gaps(text, pages, bodies)
    footnotes = _Footnotes(text)
    for page, body in zip(pages, bodies, strict=True):
        footnotes.take(page, body)
    return Layout(len(pages), furniture, furnished.repeated(pages), tuple(footnotes.found), notes, columns)


def goes_on(before: str, line: str) -> bool:
    """Whether a page's first line continues the sentence that the page before it left."""
    return _ENDED.search(before[-40:]) is None or line.lstrip()[:1].islower()


# --- pages --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    first: int  # the number of its first line, from 0
    lines: Sequence[Span]


def _lines(text: str) -> list[Span]:
    """Every line without its end; a form feed begins a line's words, it does not end one."""
    found: list[Span] = []
    at = 0
    for end in _LINE_END.finditer(text):
        found.append((at, end.start()))
        at = end.end()
    return [*found, (at, len(text))] if at < len(text) else found


def _pages(text: str, lines: list[Span]) -> list[_Page]:
    starts = [number for number, (lo, hi) in enumerate(lines) if text.find("\f", lo, min(hi, lo + 3)) >= 0]
    if not starts:
        starts = [number + 1 for number in _numbers_that_count_on(text, lines)]
    edges = sorted({0, *starts, len(lines)})
    return [_Page(lo, lines[lo:hi]) for lo, hi in pairwise(edges)]


def _numbers_that_count_on(text: str, lines: list[Span]) -> list[int]:
    """Lines that are a page's number and nothing else, in a row that counts by one; a footnote's stands at the left."""
    found: list[int] = []
    expected: int | None = None
    for number, (lo, hi) in enumerate(lines):
        if hi - lo > 160 or not text[lo : lo + 12].isspace():
            continue
        said = _PAGE_NUMBER.fullmatch(text, lo, hi)
        if said is None or (expected is not None and int(said[1]) != expected):
            continue
        found.append(number)
        expected = int(said[1]) + 1
    return found if len(found) >= REPEATS else []


# --- furniture ----------------------------------------------------------------------------------


class _Furniture:
    """Which lines at the edges of pages repeat, or count the pages."""

    def __init__(self, keys: list[list[str]]) -> None:
        self._keys = keys
        self._edges = [_edges(page) for page in keys]
        seen: Counter[str] = Counter()
        for page, (head, foot) in zip(keys, self._edges, strict=True):
            seen.update({page[number] for number in (*head, *foot)})
        self._repeated = {key: count for key, count in seen.items() if count >= self._needed(key)}
        self._offset = self._numbering()

    def _needed(self, key: str) -> int:
        plain = sum(letter.isalpha() for letter in key) >= _FEWEST_LETTERS and not _LABELLED.match(key)
        unlike_words = not any(letter.isalnum() for letter in key)
        return REPEATS if plain or unlike_words else max(REPEATS, (len(self._keys) + 1) // 2)

    def _numbering(self) -> int | None:
        """By how much the printed number of a page is ahead of its place, where three pages agree on it."""
        ahead: Counter[int] = Counter()
        for place, (page, (head, foot)) in enumerate(zip(self._keys, self._edges, strict=True)):
            outermost = {*head[:2], *foot[:2]}
            ahead.update({number - place for line in outermost if (number := _page_number(page[line])) is not None})
        most = ahead.most_common(1)
        return most[0][0] if most and most[0][1] >= REPEATS else None

    def _is(self, place: int, line: int) -> bool:
        key = self._keys[place][line]
        if key in self._repeated:
            return True
        number = _page_number(key)
        return number is not None and self._offset is not None and number - place == self._offset

    def body(self, place: int) -> range:
        """The lines of a page between its furniture: the first that is none, and the last."""
        head, foot = self._edges[place]
        first = next((line for line in head if not self._is(place, line)), head[-1] + 1 if head else 0)
        last = next((line for line in foot if not self._is(place, line)), foot[-1] - 1 if foot else 0)
        return range(first, max(first, last + 1))

    def repeated(self, pages: list[_Page]) -> tuple[Repeated, ...]:
        """What repeats and was taken for furniture somewhere."""
        first: dict[str, int] = {}
        for place, (page, edges) in enumerate(zip(self._keys, self._edges, strict=True)):
            inside = self.body(place)
            for line in sorted(line for edge in edges for line in edge if line not in inside):
                first.setdefault(page[line], pages[place].first + line + 1)
        return tuple(Repeated(key, self._repeated[key], line) for key, line in first.items() if key in self._repeated)


def _edges(page: list[str]) -> tuple[list[int], list[int]]:
    """The first and the last lines of a page that hold something, each from the edge inwards."""
    held = [number for number, key in enumerate(page) if key]
    return held[:EDGE], held[::-1][:EDGE]


def _page_number(key: str) -> int | None:
    found = _PAGE_NUMBER.fullmatch(key)
    return int(found[1]) if found else None


def _gaps(text: str, pages: list[_Page], bodies: list[range]) -> tuple[Span, ...]:
    """From the last words of a page to the first words of the next."""
    found: list[Span] = []
    at = 0  # where the furniture begun last begins
    for page, body in zip(pages, bodies, strict=True):
        if not body:
            continue
        start = page.lines[body[0]][0]
        if start > at:
            found.append((at, start))
        at = _behind(text, page.lines[body[-1]][1])
    if at < len(text):
        found.append((at, len(text)))
    return tuple(found)


def _behind(text: str, offset: int) -> int:
    """Behind the end of the line whose words end here: furniture and notes begin with a line of their own."""
    end = _LINE_END.match(text, offset)
    return end.end() if end else offset


# --- footnotes ----------------------------------------------------------------------------------


class _Footnotes:
    """Notes at the foot of pages, whose numbers count on from page to page or begin again on each."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._last = 0
        self.found: list[Footnote] = []

    def take(self, page: _Page, body: range) -> None:
        """The notes of one page."""
        lines = [page.lines[number] for number in body]
        notes = self._block(lines)
        if not notes:
            return
        ends = [*(first for first, _ in notes[1:]), len(lines)]
        called = _anchors(self._text, lines[0][0], lines[notes[0][0]][0])
        if notes[0][1] != "1" and not self._last and notes[0][1] not in called:
            return  # a first note has the number one, unless a part was cut out of a longer text
        at = -1
        for (first, label), end in zip(notes, ends, strict=True):
            anchor = _nearest(called.get(label, []), at)
            at = anchor if anchor is not None else at
            hi = _behind(self._text, lines[end - 1][1])
            anchors = (anchor,) if anchor is not None else ()
            self.found.append(Footnote(label, page.first + body[first] + 1, lines[first][0], hi, anchors))
        self._last = max(int(label) for _, label in notes if label.isdigit())

    def _block(self, lines: list[Span]) -> list[tuple[int, str]]:
        """The lines at which notes begin, with their labels: the first line that can begin the block decides."""
        found: list[tuple[int, str]] = []
        expected = 0
        for number, (lo, hi) in enumerate(lines):
            said = _FOOT.match(self._text[lo : min(hi, lo + 40)])
            if said is None:
                continue
            label = said[1]
            if label.startswith("*"):
                if found:
                    found.append((number, label))
                continue
            if not self._follows(
                int(label), expected, said, blank=number > 0 and _blank(self._text, lines[number - 1])
            ):
                continue
            found.append((number, label))
            expected = int(label) + 1
        return found

    def _follows(self, number: int, expected: int, said: re.Match[str], *, blank: bool) -> bool:
        if expected:
            return number == expected
        set_off = blank or said[2] is None or len(said[2]) > 1
        return set_off and (number == 1 or self._last < number <= self._last + 1 + _MOST_SKIPPED)


def _blank(text: str, line: Span) -> bool:
    return not text[line[0] : line[1]].strip()


def _anchors(text: str, lo: int, hi: int) -> dict[str, list[tuple[int, int]]]:
    """Where numbers stand that may call a note: label -> (how likely, offset), from the likeliest."""
    found: dict[str, list[tuple[int, int]]] = {}
    for each in _ANCHOR.finditer(text, lo, hi):
        kind = each.lastgroup or ""
        label = each[2] if kind == "bracketed" else each[kind]
        found.setdefault(label, []).append((_LIKELIEST.index(kind), each.start()))
    return found


def _nearest(called: list[tuple[int, int]], after: int) -> int | None:
    """The first place of the likeliest kind behind the anchor of the note before."""
    return min((each for each in called if each[1] > after), default=(0, None))[1]


def _markdown(text: str, lines: list[Span]) -> tuple[Footnote, ...]:
    called: dict[str, list[int]] = {}
    for each in _MARKDOWN_ANCHOR.finditer(text):
        called.setdefault(each[1], []).append(each.start())
    starts = [lo for lo, _ in lines]
    found = []
    for each in _MARKDOWN_NOTE.finditer(text):
        line = bisect_right(starts, each.start())
        found.append(Footnote(each[1], line, each.start(), lines[line - 1][1], tuple(called.get(each[1], ()))))
    return tuple(found)


# --- columns ------------------------------------------------------------------------------------


def _columns(text: str, lines: list[Span]) -> Iterator[Columns]:
    for first, block in _blocks(text, lines):
        gutter = _gutter([text[lo:hi] for lo, hi in block])
        if gutter is not None:
            yield Columns(first + 1, block[0][0], block[-1][1], gutter)


def _blocks(text: str, lines: list[Span]) -> Iterator[tuple[int, list[Span]]]:
    """Lines in a row that hold something, where one of them has a gap."""
    block: list[Span] = []
    gaps = 0
    for number, (lo, hi) in enumerate([*lines, (0, 0)]):
        if hi > lo and not text[lo:hi].isspace():
            block.append((lo, hi))
            gaps += _GAP.search(text, lo, hi) is not None
            continue
        if gaps >= FEWEST_COLUMN_LINES:
            yield number - len(block), block
        block, gaps = [], 0


def _gutter(block: list[str]) -> int | None:
    """Where the right column begins: in most lines, at one place, with words on both sides of the gap."""
    begins: Counter[int] = Counter()
    for line in block:
        begins.update(each.end() for each in _GAP.finditer(line))
    if not begins:
        return None
    gutter, count = begins.most_common(1)[0]
    crossed = sum(not line[max(gutter - 2, 0) : gutter].isspace() for line in block if len(line) > gutter)
    worded = sum(_worded(line[:gutter]) and _worded(line[gutter:]) for line in block)
    return gutter if count >= max(FEWEST_COLUMN_LINES, len(block) // 2) and worded * 2 > count and not crossed else None


def _worded(part: str) -> bool:
    return sum(letter.isalpha() for letter in part) >= _FEWEST_COLUMN_LETTERS


def column_texts(lines: Iterable[str], gutter: int) -> tuple[list[str], list[str]]:
    """The lines of the left column and those of the right, blanks at their ends cut."""
    pairs = [(line[:gutter].rstrip(), line[gutter:].strip()) for line in lines]
    return [left for left, _ in pairs], [right for _, right in pairs]
