"""From a comparison to lines of ink: what a document says, before it is a document.

A line is one paragraph on paper.  Its inks are its words in order, each with one look and one fate, and the mark at
its end has a fate as well: a paragraph that came in is words that came in and a mark that came in.  So whoever
accepts every change is left with what is printed of the second sheet, and whoever rejects every change with what is
printed of the first, letter by letter.

Notes of negotiators and footnotes stand in the sheet as paragraphs; here each hangs on the words that name it, or on
the end of the paragraph before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import accumulate, groupby

from detente.documents.docx_layout import NEW_PARAGRAPH, Printed, printed
from detente.documents.matter import Remark
from detente.ground.instants import Instant
from detente.procedures.table import attribution
from detente.procedures.table.align import Comparison, Fate, Row
from detente.procedures.table.hunks import How, Span
from detente.procedures.table.sheet import Ink as Kind
from detente.procedures.table.sheet import Paragraph, Piece, Sheet
from detente.procedures.table.tree import ClauseKind, NodeId
from detente.wire import text as safety

NOBODY = "-"
HOUSE = "Detente"
# Invisible code points that belong to proper spelling and layout: not worth a remark on the page.
_USUAL = frozenset("\f\r\u00a0\u202f\u3000\u200c\u200d")


class Turn(Enum):
    """What became of a word or of a paragraph's mark."""

    INSERTED = "ins"
    DELETED = "del"
    MOVED_TO = "moveTo"
    MOVED_FROM = "moveFrom"

    @property
    def goes(self) -> bool:
        """Whether it is gone once all is accepted."""
        return self in {Turn.DELETED, Turn.MOVED_FROM}


@dataclass(frozen=True, slots=True)
class Change:
    """A turn, and whose doing it is."""

    turn: Turn
    author: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark in the margin."""

    author: str
    text: str
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Ink:
    """Words in a row with one look and one fate, or the sign of a footnote."""

    text: str
    look: int = 0
    mark: bool = False  # a bracket or its head, not words of the text
    change: Change | None = None
    note: tuple[Ink, ...] | None = None
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph on paper.  `begins` is false where a clause goes on in a further paragraph."""

    kind: ClauseKind
    level: int
    labelled: bool
    begins: bool
    inks: tuple[Ink, ...]
    change: Change | None = None  # of the mark at its end
    move: int = 0  # a number that both ends of a move share; 0: it did not move

    @property
    def before(self) -> str:
        """What stands once all is rejected."""
        return _standing(self.inks, (Turn.INSERTED, Turn.MOVED_TO))

    @property
    def after(self) -> str:
        """What stands once all is accepted."""
        return _standing(self.inks, (Turn.DELETED, Turn.MOVED_FROM))


def _standing(inks: Iterable[Ink], gone: tuple[Turn, ...]) -> str:
    return "".join(ink.text for ink in inks if ink.change is None or ink.change.turn not in gone)


@dataclass(frozen=True, slots=True)
class Style:
    """How a comparison is inked: who is named where nobody is known, and what is shown beside it."""

    by: str = NOBODY
    remarks: tuple[Remark, ...] = ()
    markdown: tuple[bool, bool] = (True, True)
    sponsors: bool = True  # a comment on each head of a bracket, and on what several parties want


def lines(comparison: Comparison, style: Style) -> tuple[Line, ...]:
    """The lines of a comparison; of a sheet compared with itself, those of the sheet."""
    return tuple(_Inker(comparison, style).lines())


# --- one side -----------------------------------------------------------------------------------


class _Side:
    """A sheet as it is printed."""

    def __init__(self, sheet: Sheet, *, markdown: bool) -> None:
        self.sheet = sheet
        self.notes = {each.label: at for at, each in enumerate(sheet) if _is_footnote(each)}
        self._markdown = markdown
        self._last: tuple[int, _Face] | None = None

    def face(self, at: int) -> _Face:
        """The paragraph as it is printed; the last one is kept, for it is asked for again and again."""
        if self._last is None or self._last[0] != at:
            paragraph = self.sheet[at]
            self._last = (at, _Face(paragraph, printed(paragraph, self.notes, markdown=self._markdown)))
        return self._last[1]


class _Face:
    """A printed paragraph, and whose its letters are."""

    def __init__(self, paragraph: Paragraph, print_: Printed) -> None:
        self.print = print_
        self._pieces = paragraph.pieces
        self._starts = [0, *accumulate(len(piece.text) for piece in paragraph.pieces)][:-1]

    def piece(self, at: int) -> tuple[int, Piece]:
        """The piece that holds a letter, and its number."""
        number = bisect_right(self._starts, at) - 1
        return number, self._pieces[number]


def _is_footnote(paragraph: Paragraph) -> bool:
    return paragraph.kind is ClauseKind.NOTE and paragraph.label.startswith("[^")


# --- letters ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Letter:
    """What is printed for one character, or the sign of a footnote."""

    shown: str
    look: int
    mark: bool
    change: Change | None
    piece: int
    head: str = ""  # the mark's text, where this letter begins a mark that names parties
    sponsors: tuple[str, ...] = ()
    note: tuple[Ink, ...] | None = None


class _Inker:
    """Walks along the rows, and hangs notes where they belong."""

    def __init__(self, comparison: Comparison, style: Style) -> None:
        self.rows = comparison.rows
        self.style = style
        self.a = _Side(comparison.a, markdown=style.markdown[0])
        self.b = _Side(comparison.b, markdown=style.markdown[1])
        self.row_of_a = {row.a: at for at, row in enumerate(self.rows) if row.in_a and row.a is not None}
        self.row_of_b = {row.b: at for at, row in enumerate(self.rows) if row.in_b and row.b is not None}
        self.hosts = self._hosts()
        self.remarks: dict[NodeId, list[Comment]] = {}
        for remark in style.remarks:
            self.remarks.setdefault(remark.clause, []).append(Comment(remark.author, remark.text, remark.at))
        self.moves: dict[int | None, int] = {}

    def _hosts(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """Which rows of notes hang on the end of which row, for either side; the others stand by themselves."""
        found: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
        anchored = (_anchored(self.a), _anchored(self.b))
        last: list[int | None] = [None, None]
        for at, row in enumerate(self.rows):
            for side, (present, where) in enumerate(((row.in_a, row.a), (row.in_b, row.b))):
                if not present or where is None:
                    continue
                paragraph = (self.a, self.b)[side].sheet[where]
                if paragraph.kind is not ClauseKind.NOTE:
                    last[side] = at
                elif paragraph.label in anchored[side]:
                    found[side].setdefault(-1, []).append(at)
                elif (host := last[side]) is not None:
                    found[side].setdefault(host, []).append(at)
        return found

    def lines(self) -> Iterator[Line]:
        """The lines in order, without the notes that hang on others."""
        hung = tuple({at for rows in side.values() for at in rows} for side in self.hosts)
        for at, row in enumerate(self.rows):
            in_a, in_b = row.in_a and at not in hung[0], row.in_b and at not in hung[1]
            if in_a or in_b:
                yield from self._lines(at, row, in_a=in_a, in_b=in_b)

    def _lines(self, at: int, row: Row, *, in_a: bool, in_b: bool) -> Iterator[Line]:
        letters = self._letters(row, in_a=in_a, in_b=in_b)
        mark = self._turn(row, goes=in_a) if in_a != in_b else None
        letters += self._hung(at)
        paragraph = self.b.sheet[row.b] if row.in_b and row.b is not None else self.a.sheet[row.a or 0]
        comments = (*self.remarks.get(paragraph.clause, ()), *_unseen(letters))
        move = self._move(row) if mark is not None and mark.turn in {Turn.MOVED_FROM, Turn.MOVED_TO} else 0
        parts = list(_parts(letters))
        begins = owed = True  # whether the clause begins here; whether the mark before needs a line behind it
        for number, (inside, end) in enumerate(parts):
            inks = self._inks(inside)
            if inks or end is not None or not (begins or owed):
                change = mark if number == len(parts) - 1 else end
                inks = _with_comments(inks, comments) if begins else inks
                yield Line(paragraph.kind, paragraph.level, bool(paragraph.label), begins, inks, change, move)
                begins = False
            owed = end is None

    def _move(self, row: Row) -> int:
        return self.moves.setdefault(row.a, len(self.moves) + 1)

    def _turn(self, row: Row, *, goes: bool) -> Change:
        """The change that a paragraph of one side alone is; who inserted it is told by its last words."""
        match row.fate:
            case Fate.MOVED_FROM:
                return Change(Turn.MOVED_FROM, self.style.by)
            case Fate.MOVED_TO:
                return Change(Turn.MOVED_TO, self.style.by)
            case _ if not goes and row.b is not None:
                pieces = self.b.sheet[row.b].pieces
                return Change(Turn.INSERTED, self._author(pieces[-1].sponsors if pieces else ()))
            case _:
                return Change(Turn.DELETED, self.style.by)

    def _author(self, sponsors: tuple[str, ...]) -> str:
        return "/".join(sponsors) or self.style.by

    # --- the letters of a row -------------------------------------------------------------------

    def _letters(self, row: Row, *, in_a: bool, in_b: bool) -> list[_Letter]:
        """What is printed of a row, with what became of each letter."""
        found: list[_Letter] = []
        for number, span in enumerate(row.spans):
            match span.how:
                case How.KEPT if row.fate is Fate.MOVED_TO:
                    found += self._of_b(row, span, Turn.MOVED_TO)
                case How.KEPT if in_a and in_b:
                    found += self._kept(row, span)
                case How.KEPT if in_a:
                    found += self._of_a(row, span, Turn.DELETED)
                case How.KEPT:
                    found += self._of_b(row, span, Turn.INSERTED)
                case How.DELETED if in_a:
                    turn = Turn.MOVED_FROM if row.fate is Fate.MOVED_FROM else Turn.DELETED
                    behind = row.spans[number + 1] if number + 1 < len(row.spans) else None
                    found += self._of_a(row, span, turn, self._replacing(row, behind))
                case How.INSERTED if in_b:
                    found += self._of_b(row, span, Turn.INSERTED)
                case _:
                    pass
        return _without_echoes([letter for letter in found if letter.shown or letter.note is not None])

    def _replacing(self, row: Row, behind: Span | None) -> str:
        """Who deleted words: whoever put others in their place."""
        if behind is None or behind.how is not How.INSERTED or row.b is None:
            return self.style.by
        return self._author(self.b.face(row.b).piece(behind.b)[1].sponsors)

    def _of_a(self, row: Row, span: Span, turn: Turn, author: str = "") -> list[_Letter]:
        assert row.a is not None  # noqa: S101 - a row that deletes has its paragraph in a
        change = Change(turn, author or self.style.by)
        face = self.a.face(row.a)
        return [self._letter(self.a, face, at, change) for at in range(span.a, span.a + len(span.text))]

    def _of_b(self, row: Row, span: Span, turn: Turn) -> list[_Letter]:
        assert row.b is not None  # noqa: S101 - a row that inserts has its paragraph in b
        face = self.b.face(row.b)
        moved = Change(turn, self.style.by)
        found = []
        for at in range(span.b, span.b + len(span.text)):
            sponsors = face.piece(at)[1].sponsors
            change = moved if turn is Turn.MOVED_TO else Change(turn, self._author(sponsors))
            found.append(self._letter(self.b, face, at, change))
        return found

    def _kept(self, row: Row, span: Span) -> list[_Letter]:
        """Letters that are in both sheets; where they are printed in two ways, one goes and the other comes."""
        assert row.a is not None  # noqa: S101 - what is kept is in both
        assert row.b is not None  # noqa: S101
        one, two = self.a.face(row.a), self.b.face(row.b)
        found: list[_Letter] = []
        for step in range(len(span.text)):
            at, there = span.a + step, span.b + step
            labels = (one.print.notes.get(at), two.print.notes.get(there))
            same = one.print.shown[at] == two.print.shown[there] and self._same_note(*labels)
            if same:
                found.append(self._letter(self.b, two, there, None))
            else:
                found.append(self._letter(self.a, one, at, Change(Turn.DELETED, self.style.by)))
                found.append(self._letter(self.b, two, there, Change(Turn.INSERTED, self.style.by)))
        return found

    def _same_note(self, one: str | None, two: str | None) -> bool:
        if one is None or two is None:
            return one is two
        return self.row_of_a[self.a.notes[one]] == self.row_of_b[self.b.notes[two]]

    def _letter(self, side: _Side, face: _Face, at: int, change: Change | None) -> _Letter:
        number, piece = face.piece(at)
        label = face.print.notes.get(at)
        note = self._anchored(side, label, change) if label is not None else None
        mark = piece.ink is Kind.MARK
        head = piece.text if mark and ":" in piece.text else ""
        return _Letter(face.print.shown[at], face.print.look[at], mark, change, number, head, piece.sponsors, note)

    # --- notes ----------------------------------------------------------------------------------

    def _anchored(self, side: _Side, label: str, change: Change | None) -> tuple[Ink, ...]:
        """The words of a footnote that is anchored in the text."""
        rows = self.row_of_a if side is self.a else self.row_of_b
        row = self.rows[rows[side.notes[label]]]
        return self._note(row, change)

    def _note(self, row: Row, change: Change | None) -> tuple[Ink, ...]:
        """The words of a note: compared where it is kept, else as those of one side alone."""
        goes = change is not None and change.turn.goes
        letters = self._letters(row, in_a=change is None or goes, in_b=not goes)
        if change is not None:
            alone = Change(Turn.DELETED if goes else Turn.INSERTED, change.author)
            letters = [replace(each, change=alone) for each in letters]
        return self._inks([replace(each, shown=" ") if each.shown == NEW_PARAGRAPH else each for each in letters])

    def _hung(self, at: int) -> list[_Letter]:
        """The signs of the notes that hang on the end of this row."""
        one, two = (side.get(at, []) for side in self.hosts)
        found = []
        for other in dict.fromkeys(sorted((*one, *two))):
            row = self.rows[other]
            change = None if other in one and other in two else self._alone(row, goes=other in one)
            found.append(_Letter("", 0, mark=False, change=change, piece=-1 - other, note=self._note(row, change)))
        return found

    def _alone(self, row: Row, *, goes: bool) -> Change:
        if goes:
            return Change(Turn.DELETED, self.style.by)
        pieces = self.b.sheet[row.b].pieces if row.b is not None else ()
        return Change(Turn.INSERTED, self._author(pieces[-1].sponsors if pieces else ()))

    # --- from letters to inks -------------------------------------------------------------------

    def _inks(self, letters: list[_Letter]) -> tuple[Ink, ...]:
        found: list[Ink] = []
        told: set[tuple[bool, int]] = set()  # pieces that have their comment
        for (look, mark, change, piece, noted), group in groupby(letters, key=_alike):
            inside = list(group)
            text = "".join(letter.shown for letter in inside)
            if noted is not None:
                found.append(Ink("", look, mark, change, inside[0].note))
                continue
            if not text:
                continue
            key = (change is not None and change.turn.goes, piece)
            comments = self._sponsored(inside[0]) if key not in told and self.style.sponsors else ()
            told.add(key)
            ink = Ink(text, look, mark, change, None, comments)
            last = found[-1] if found else None
            if last is not None and not comments and not mark and replace(last, text=text) == ink:
                found[-1] = replace(last, text=last.text + text)
            else:
                found.append(ink)
        return tuple(found)

    def _sponsored(self, letter: _Letter) -> tuple[Comment, ...]:
        """Who wants or opposes what the head of a bracket stands for, or what several parties want."""
        if letter.head:
            groups = attribution.PLAIN.read(letter.head, 0)
            said = " ".join(_sentence(each.parties, each.verb) for each in groups)
            parties = groups[0].parties if groups else letter.sponsors
            if not said and parties and letter.head.endswith("propose: "):
                said = _sentence(parties, "propose")
            return (Comment("/".join(parties), said),) if said else ()
        if not letter.mark and letter.change is not None and not letter.change.turn.goes and len(letter.sponsors) > 1:
            return (Comment("/".join(letter.sponsors), _sentence(letter.sponsors, "propose")),)
        return ()


def _anchored(side: _Side) -> frozenset[str]:
    """The labels of the notes that some paragraph names."""
    found: set[str] = set()
    for at in range(len(side.sheet)):
        if "[^" in side.sheet[at].written:
            found.update(side.face(at).print.notes.values())
    return frozenset(found)


def _alike(letter: _Letter) -> tuple[int, bool, Change | None, int, int | None]:
    """What letters of one ink share."""
    noted = id(letter.note) if letter.note is not None else None
    return letter.look, letter.mark, letter.change, letter.piece, noted


def _without_echoes(letters: list[_Letter]) -> list[_Letter]:
    """Blanks and signs that go and come again beside each other, printed alike, as kept."""
    found: list[_Letter] = []
    for changed, group in groupby(letters, key=lambda each: each.change is not None):
        inside = list(group)
        found += _settled(inside) if changed else inside
    return found


def _settled(letters: list[_Letter]) -> list[_Letter]:
    """A stretch of changed letters, less what is the same at both its ends."""
    gone = [each for each in letters if each.change is not None and each.change.turn is Turn.DELETED]
    come = [each for each in letters if each.change is not None and each.change.turn is Turn.INSERTED]
    if not gone or not come or len(gone) + len(come) != len(letters):
        return letters
    head = _common(gone, come)
    tail = _common(gone[head:][::-1], come[head:][::-1])
    kept = [replace(each, change=None) for each in come]
    return [
        *kept[:head],
        *gone[head : len(gone) - tail],
        *come[head : len(come) - tail],
        *kept[len(come) - tail :],
    ]


def _common(one: list[_Letter], two: list[_Letter]) -> int:
    pairs = zip(one, two, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if not _echo(a, b)), min(len(one), len(two)))


def _echo(one: _Letter, two: _Letter) -> bool:
    """The same blank or sign; of words, the comparison has said what was kept."""
    return one.shown == two.shown and one.note is two.note is None and not one.shown[:1].isalnum()


def _parts(letters: list[_Letter]) -> Iterator[tuple[list[_Letter], Change | None]]:
    """The letters between new paragraphs, each with what became of the mark behind it; the last has none."""
    inside: list[_Letter] = []
    for letter in letters:
        if letter.shown == NEW_PARAGRAPH:
            yield inside, letter.change
            inside = []
        else:
            inside.append(letter)
    yield inside, None


def _unseen(letters: list[_Letter]) -> tuple[Comment, ...]:
    """A remark on code points that a reader does not see for what they are."""
    text = "".join(letter.shown for letter in letters)
    flags = [flag for flag in safety.flags(text) if chr(flag.code_point) not in _USUAL]
    found = dict.fromkeys(f"U+{flag.code_point:04X} ({flag.why})" for flag in [*flags, *safety.look_alikes(text)])
    return (Comment(HOUSE, f"Characters that are not what they seem: {', '.join(found)}."),) if found else ()


def _with_comments(inks: tuple[Ink, ...], comments: tuple[Comment, ...]) -> tuple[Ink, ...]:
    """The comments on the first words."""
    for number, ink in enumerate(inks):
        if ink.text:
            return (*inks[:number], replace(ink, comments=(*comments, *ink.comments)), *inks[number + 1 :])
    return inks


_SAYS: Mapping[str | None, str] = {
    None: "Attributed to {}.",
    "propose": "Proposed by {}.",
    "oppose": "Opposed by {}.",
    "considering": "{} considering.",
    "alternative": "Alternative by {}.",
    "reserve": "{} reserving.",
    "support": "Supported by {}.",
}


def _sentence(parties: tuple[str, ...], verb: str | None) -> str:
    *many, last = parties
    return _SAYS[verb].format(f"{', '.join(many)} and {last}" if many else last)
