"""A text as a Word document, and the comparison of two as one with tracked changes.

    write      a sheet: brackets in colour and in words, who wants what in comments, notes as footnotes
    redline    a comparison: real insertions, deletions and moves, each with its author, to be accepted or rejected

The title and what is being read stand in the head of the first page, so that the body is the text and nothing
else: whoever accepts all changes of a redline has the words of the second sheet, whoever rejects them those of the
first, as `docx_ink` lays them out.

Every change has an id of its own; some tools give one id to an insertion and to the deletion beside it, and others
then take one for the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Final

from detente.documents import docx_parts as parts
from detente.documents.docx_ink import HOUSE, Change, Comment, Ink, Line, Style, Turn, lines
from detente.documents.docx_layout import ALARM, BOLD, ITALIC, NEW_LINE, TAB
from detente.documents.docx_parts import el, on
from detente.documents.matter import Matter, Meta
from detente.documents.wording import word
from detente.procedures.table.align import Comparison, Fate, Row
from detente.procedures.table.hunks import How, Span
from detente.procedures.table.tree import ClauseKind
from detente.wire import text as safety

_INDENT: Final = 567  # twentieths of a point: one centimetre
_FIRST_ID: Final = 1_000_001  # above those of notes: LibreOffice 7.4 takes a comment for the note of the same id
_DEEPEST: Final = 6  # how far points are indented, and how small headings get
_BREAKS: Final = re.compile(f"([{TAB}{NEW_LINE}])")
_LEFT_TO_RIGHT: Final = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u052f]")
_RIGHT_TO_LEFT: Final = re.compile(
    r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_STYLES: Final = {
    ClauseKind.FRONT: "ClauseFront",
    ClauseKind.HEADING: "Clause",  # what goes on below a heading
    ClauseKind.PARAGRAPH: "Clause",
    ClauseKind.POINT: "ClausePoint",
    ClauseKind.NOTE: "ClauseNote",
}


def write(matter: Matter, meta: Meta) -> bytes:
    """The sheet in the bytes of a .docx file."""
    rows = (
        Row(Fate.EQUAL, at, at, (Span(How.KEPT, each.written, 0, 0),) if each.written else ())
        for at, each in enumerate(matter.sheet)
    )
    comparison = Comparison(matter.sheet, matter.sheet, tuple(rows))
    style = Style(remarks=matter.remarks, markdown=(matter.markdown, matter.markdown))
    return _document(lines(comparison, style), meta, matter.reading, tracking=False)


def redline(comparison: Comparison, meta: Meta, names: tuple[str, str], style: Style | None = None) -> bytes:
    """The comparison in the bytes of a .docx file; `names` say what the two sheets are."""
    inked = lines(comparison, style or Style())
    said = f"{word(meta.language, 'compared')}: {names[0]} → {names[1]}"
    return _document(inked, meta, said, tracking=True)


def _document(inked: Iterable[Line], meta: Meta, reading: str, *, tracking: bool) -> bytes:
    body = _Body(meta)
    document = body.document(inked)
    made = {
        "word/document.xml": parts.serialised(document),
        "word/styles.xml": parts.styles(meta),
        "word/fontTable.xml": parts.fonts(meta),
        "word/settings.xml": parts.settings(tracking=tracking),
        "word/footnotes.xml": parts.serialised(el("footnotes", *body.notes)),
        "word/comments.xml": parts.serialised(el("comments", *body.comments)),
        "word/header1.xml": parts.serialised(el("hdr", *body.title(reading, tracking=tracking))),
        "word/header2.xml": parts.serialised(el("hdr", body.running(reading))),
        "word/footer1.xml": parts.serialised(el("ftr", body.page_number())),
    }
    return parts.zipped(parts.enveloped(made, meta))


class _Body:
    """Makes the body, and gathers notes and comments on the way."""

    def __init__(self, meta: Meta) -> None:
        self.meta = meta
        self.right = meta.right_to_left
        self.dated = parts.moment(meta.at)
        self.ids = count(_FIRST_ID)  # of changes, moves and comments alike
        self.note_ids = count(1)
        self.notes: list[Any] = [_separator(-1, "separator"), _separator(0, "continuationSeparator")]
        self.comments: list[Any] = []
        self.titled = False  # whether the text itself begins with its title

    def document(self, inked: Iterable[Line]) -> Any:
        """The whole main part."""
        known = list(inked)
        self.titled = bool(known) and known[0].kind is ClauseKind.HEADING and known[0].after == self.meta.title
        made = [each for line in known for each in self.line(line)]
        return el("document", el("body", *made, self.section()))

    # --- paragraphs -----------------------------------------------------------------------------

    def line(self, line: Line) -> Iterator[Any]:
        """The paragraph of a line, between the ends of its move if it moved."""
        inside = [each for ink in line.inks for each in self.ink(ink)]
        paragraph = el("p", self.form(line), *inside)
        if not line.move or line.change is None or line.change.turn not in {Turn.MOVED_FROM, Turn.MOVED_TO}:
            yield paragraph
            return
        tag, number = line.change.turn.value, next(self.ids)
        named = {"name": f"move{line.move}", **self.signed(line.change.author)}
        yield el(f"{tag}RangeStart", id=number, **named)
        yield paragraph
        yield el(f"{tag}RangeEnd", id=number)

    def form(self, line: Line) -> Any:
        """A paragraph's style, direction and indentation, and what became of its mark."""
        heading = line.kind is ClauseKind.HEADING and line.begins
        style = f"Heading{min(line.level + 1, _DEEPEST)}" if heading else _STYLES[line.kind]
        mark = el("rPr", self.turned(line.change)) if line.change is not None else None
        return el("pPr", el("pStyle", val=style), on("bidi", self.right), _indented(line), mark)

    def turned(self, change: Change) -> Any:
        """The mark of a paragraph that came, went or moved."""
        return el(change.turn.value, id=next(self.ids), **self.signed(change.author))

    def signed(self, author: str) -> dict[str, str]:
        """Whose change it is, and from when."""
        return {"author": safety.visible(author), "date": self.dated}

    # --- inks -----------------------------------------------------------------------------------

    def ink(self, ink: Ink) -> Iterator[Any]:
        """An ink's runs, within its change, within the reach of its comments."""
        reach = [self.comment(comment) for comment in ink.comments]
        yield from (el("commentRangeStart", id=number) for number in reach)
        runs = [self.note(ink)] if ink.note is not None else list(self.runs(ink))
        if ink.change is None:
            yield from runs
        else:
            yield el(ink.change.turn.value, *runs, id=next(self.ids), **self.signed(ink.change.author))
        for number in reach:
            yield el("commentRangeEnd", id=number)
            yield el("r", el("rPr", el("rStyle", val="CommentReference")), el("commentReference", id=number))

    def runs(self, ink: Ink) -> Iterator[Any]:
        """A bracket's head is written smaller than its bracket."""
        if ink.mark and ink.text.startswith("[") and ":" in ink.text:
            yield self.run(replace(ink, text="["), "BracketMark")
            yield self.run(replace(ink, text=ink.text[1:]), "BracketHead")
        else:
            yield self.run(ink, "BracketMark" if ink.mark else "")

    def run(self, ink: Ink, style: str = "") -> Any:
        """Words of one look."""
        gone = ink.change is not None and ink.change.turn is Turn.DELETED
        inside = [self.piece(piece, gone=gone) for piece in _BREAKS.split(ink.text) if piece]
        return el("r", self.look(ink.look, style, ink.text), *inside)

    def piece(self, piece: str, *, gone: bool) -> Any:
        if piece in {TAB, NEW_LINE}:
            return el("tab" if piece == TAB else "br")
        made = el("delText" if gone else "t")
        made.set(parts.XML_SPACE, "preserve")
        made.text = piece
        return made

    def look(self, look: int, style: str, text: str) -> Any:
        style = "Alarm" if look & ALARM else style
        bold, italic = look & BOLD, look & ITALIC
        turned = self.right and (_RIGHT_TO_LEFT.search(text) or not _LEFT_TO_RIGHT.search(text))
        made = el(
            "rPr",
            on("rStyle", style, val=style), on("b", bold), on("bCs", bold), on("i", italic), on("iCs", italic),
            on("rtl", turned),
        )  # fmt: skip
        return made if len(made) else None

    # --- notes and comments ---------------------------------------------------------------------

    def note(self, ink: Ink) -> Any:
        """The sign of a footnote, which is put down below."""
        number = next(self.note_ids)
        sign = el("r", el("rPr", el("rStyle", val="FootnoteReference")), el("footnoteRef"))
        space = self.run(Ink(" "))
        said = [each for inner in ink.note or () for each in self.ink(replace(inner, comments=()))]
        form = el("pPr", el("pStyle", val="FootnoteText"), on("bidi", self.right))
        if ink.change is not None:
            turn = Turn.DELETED if ink.change.turn.goes else Turn.INSERTED
            signed = self.signed(ink.change.author)
            sign = el(turn.value, sign, space, id=next(self.ids), **signed)
            space = None
        self.notes.append(el("footnote", el("p", form, sign, space, *said), id=number))
        return el("r", el("rPr", el("rStyle", val="FootnoteReference")), el("footnoteReference", id=number))

    def comment(self, comment: Comment) -> int:
        """The id of a comment, which is put down beside the text."""
        number = next(self.ids)
        author = safety.visible(comment.author)
        sign = el("r", el("rPr", el("rStyle", val="CommentReference")), el("annotationRef"))
        said = el("p", el("pPr", el("pStyle", val="CommentText")), sign, self.run(Ink(_plain(comment.text))))
        dated = parts.moment(comment.at if comment.at is not None else self.meta.at)
        initials = "D" if author == HOUSE else author[:3]
        self.comments.append(el("comment", said, id=number, author=author, date=dated, initials=initials))
        return number

    # --- the page -------------------------------------------------------------------------------

    def section(self) -> Any:
        """A4, with a head of its own on the first page."""
        links = parts.LINKS
        heads = [
            _linked("headerReference", "first", links["word/header1.xml"]),
            _linked("headerReference", "default", links["word/header2.xml"]),
            _linked("footerReference", "first", links["word/footer1.xml"]),
            _linked("footerReference", "default", links["word/footer1.xml"]),
        ]
        margins = el("pgMar", top=1588, right=1474, bottom=1474, left=1474, header=737, footer=680, gutter=0)
        size = el("pgSz", w=11906, h=16838)
        return el("sectPr", *heads, size, margins, el("titlePg"), on("bidi", self.right))

    def title(self, reading: str, *, tracking: bool) -> Iterator[Any]:
        """The head of the first page: the title, what is read, and how changes are shown."""
        if not self.titled:
            yield self.head("TextTitle", Ink(self.meta.title))
        said = [self.run(Ink(safety.visible(reading)))]
        if tracking:
            said += [el("r", el("br")), *self.key()]
        said += [each for mark in self.meta.marks for each in (el("r", el("br")), self.run(Ink(safety.visible(mark))))]
        yield el("p", el("pPr", el("pStyle", val="TextReading"), on("bidi", self.right)), *said)
        yield el("p", el("pPr", el("pStyle", val="Header")))

    def key(self) -> Iterator[Any]:
        """How insertions and deletions look where changes are shown."""
        language = self.meta.language
        for number, (name, look) in enumerate((("inserted", el("u", val="single")), ("deleted", el("strike")))):
            if number:
                yield self.run(Ink("  ·  "))
            shown = self.run(Ink(word(language, name)))
            form = shown.find(f"{{{parts.W}}}rPr")
            if form is None:
                shown.insert(0, el("rPr", look))
            else:
                form.insert(0, look)
            yield shown

    def running(self, reading: str) -> Any:
        """The head of the other pages."""
        said = " · ".join((self.meta.title, safety.visible(reading), *map(safety.visible, self.meta.marks[:1])))
        return self.head("Header", Ink(said))

    def head(self, style: str, ink: Ink) -> Any:
        return el("p", el("pPr", el("pStyle", val=style), on("bidi", self.right)), self.run(ink))

    def page_number(self) -> Any:
        """Page and pages, in figures alone."""
        form = el("pPr", el("pStyle", val="Footer"), on("bidi", self.right), el("jc", val="center"))
        return el("p", form, _field("PAGE"), self.run(Ink(" / ")), _field("NUMPAGES"))


def _indented(line: Line) -> Any:
    """Points hang under their label; what follows within a clause stands under its words."""
    if line.kind is not ClauseKind.POINT:
        return None
    left = _INDENT * min(max(line.level - 1, 1), _DEEPEST)
    return el("ind", left=left, hanging=_INDENT if line.begins and line.labelled else 0)


def _linked(tag: str, kind: str, link: str) -> Any:
    made = el(tag, type=kind)
    made.set(f"{{{parts.R}}}id", link)
    return made


def _field(name: str) -> Any:
    return el("fldSimple", el("r", _words("1")), instr=name)


def _words(text: str) -> Any:
    made = el("t")
    made.text = text
    return made


def _separator(number: int, kind: str) -> Any:
    form = el("pPr", el("spacing", after=0, line=240, lineRule="auto"))
    return el("footnote", el("p", form, el("r", el(kind))), type=kind, id=number)


def _plain(text: str) -> str:
    """A remark on one line, without what no text may contain."""
    refused = set(safety.refused_at(text))
    return " ".join("".join(safety.visible(each) if at in refused else each for at, each in enumerate(text)).split())
