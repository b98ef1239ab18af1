"""From the bytes of a Word document to what it says.  Runs in the jailed child only (jail.py says why).

Along the paragraphs of the body everything that a person may read is taken, with the tracked changes that brought
it or took it away, one change within another too.  What is not text, or not seen, or seen otherwise than it is, is
told as a finding; nothing of the text is left out in silence.  Changes of form alone are no changes of the text.

Elements that this reader does not know are walked through, so that their words are not lost.
"""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from detente.documents import docx_numbering
from detente.documents.docx_elements import (
    belongs,
    child,
    chosen,
    holder,
    is_on,
    local,
    number,
    plain,
    setting,
    symbol,
    value,
)
from detente.documents.docx_package import Package
from detente.documents.docx_reading import (
    MOST_COMMENTS,
    MOST_PARAGRAPHS,
    MOST_REVISIONS,
    NONE,
    Comment,
    Finding,
    Note,
    Paragraph,
    Piece,
    Reading,
    Revision,
)
from detente.ground.errors import Malformed
from detente.wire import text as safety

_LONGEST_NAME: Final = 200
_SHOWN: Final = 300  # letters of a change or of commented words that are kept beside it
_SAMPLE: Final = 80  # letters that a finding quotes
_TINY: Final = 4  # half points: letters of two points or less are not read by anybody
_PALE: Final = 0xF0  # red, green and blue of a colour that is not seen on white

_LETTERS: Final = {
    "tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad",
}  # fmt: skip
_KINDS: Final[dict[str, Literal["insertion", "deletion", "move from", "move to"]]] = {
    "ins": "insertion",
    "del": "deletion",
    "moveFrom": "move from",
    "moveTo": "move to",
}
_FETCHING: Final = re.compile(
    r"\A\s*(DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|INCLUDE|LINK|IMPORT|DATABASE|MACROBUTTON|RD|AUTOTEXT)\b",
    re.IGNORECASE,
)
_HEADING: Final = re.compile(r"heading ([1-9])\Z", re.IGNORECASE)
_SKIPPED: Final = frozenset(
    {
        "pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sdtPr", "sdtEndPr", "sectPr", "smartTagPr", "customXmlPr",
        "fldData", "annotationRef", "footnoteRef", "endnoteRef", "separator", "continuationSeparator",
        "lastRenderedPageBreak", "bookmarkStart", "bookmarkEnd", "proofErr", "permStart", "permEnd", "delInstrText",
        "dayShort", "dayLong", "monthShort", "monthLong", "yearShort", "yearLong", "pgNum", "rt", "rubyPr",
    }
)  # fmt: skip
_SENTENCES: Final = {
    "table": "{} cells of tables are read one after the other, as paragraphs",
    "box": "{} paragraphs stand in text boxes; they are read behind the paragraph that holds the box",
    "hidden": "{} pieces of hidden text, which a reader of the document does not see",
    "pale": "{} pieces of text in the colour of the paper",
    "tiny": "{} pieces of text too small to be read",
    "turned": "{} stretches whose writing direction is forced, so that they read otherwise than they are",
    "picture": "{} pictures or drawings, which are no part of the text",
    "maths": "{} formulas, of which the letters are read and not their form",
    "symbol": "{} symbols of a special font, read as their bare code",
    "field": "{} fields; what they show is read, what they compute is not",
    "link": "{} links that lead elsewhere; none was followed",
    "strange": "{} elements that this reader does not know; the words in them are read",
    "numbers": "{} numbers of lists are counted in figures that this reader shows as 1, 2, 3",
    "refused": "{} characters that no text may contain",
    "flagged": "{} characters that are not what they seem",
    "look-alike": "{} letters of another script than the rest of their word",
}


@dataclass(frozen=True, slots=True)
class _Around:
    """What holds the place where we are."""

    inserted: int = NONE
    deleted: int = NONE
    place: Literal["text", "cell", "box"] = "text"


@dataclass(slots=True)
class _Look:
    """What of a form matters: whether letters can be seen, and what a style says of lists and headings."""

    hidden: bool | None = None
    colour: str | None = None
    size: int | None = None
    list: tuple[str, int] | None = None
    heading: int | None = None
    name: str = ""

    def over(self, below: _Look) -> _Look:
        """This look where it says something, else the one below."""
        return _Look(
            below.hidden if self.hidden is None else self.hidden,
            self.colour or below.colour,
            below.size if self.size is None else self.size,
            self.list or below.list,
            below.heading if self.heading is None else self.heading,
            self.name or below.name,
        )


@dataclass(slots=True)
class _Growing:
    """A paragraph that is being read."""

    look: _Look
    pieces: list[Piece] = field(default_factory=list)
    behind: list[Paragraph] = field(default_factory=list)  # what stood in boxes within it


@dataclass(slots=True)
class _Field:
    """A field that is being read: its instruction until the separator, then what it shows."""

    instruction: str = ""
    shows: bool = False


def read(raw: bytes) -> Reading:
    """All that the document says; `Malformed` where it is refused."""
    return _Reader(Package(raw)).reading()


class _Reader:
    """Walks through the parts of one document."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.main = package.main()
        self.told: Tally[str] = Tally()
        self.samples: dict[str, str] = {}
        self.revisions: list[Revision] = []
        self.texts: list[str] = []  # of the revisions, as far as they are kept
        self.fields: list[_Field] = []
        self.open_comments: dict[str, str] = {}
        self.about: dict[str, str] = {}
        self.labels: dict[tuple[str, str], str] = {}  # (kind, id) of a note -> its label, in the order of their signs
        self.noted: Tally[str] = Tally()
        self.paragraphs = 0
        self.styles, self.default = self._styles()
        lists = docx_numbering.Lists(self._root("numbering"))
        self.lists = lists
        self.counters = (docx_numbering.Counter(lists), docx_numbering.Counter(lists))

    def reading(self) -> Reading:
        """The whole."""
        root = self.package.xml(self.main)
        body = next((each for each in root if local(each) == "body"), None)
        if local(root) != "document" or body is None:
            raise Malformed("The main part holds no text: it is no Word document.")
        paragraphs = tuple(self.blocks(body, _Around()))
        notes = tuple(self._notes("footnote")) + tuple(self._notes("endnote"))
        furniture = tuple(self._furniture())
        comments = tuple(self._comments())
        revisions = tuple(
            replace_text(revision, text) for revision, text in zip(self.revisions, self.texts, strict=True)
        )
        return Reading(paragraphs, notes, revisions, comments, furniture, tuple(self._findings(paragraphs, notes)))

    def _root(self, kind: str) -> Any:
        names = [name for name in self.package.linked(self.main, kind) if self.package.has(name)]
        return self.package.xml(names[0]) if names else None

    def tell(self, kind: str, sample: str = "", count: int = 1) -> None:
        """Something that a person should know."""
        self.told[kind] += count
        if sample.strip():
            self.samples.setdefault(kind, sample.strip()[:_SAMPLE])

    # --- styles ---------------------------------------------------------------------------------

    def _styles(self) -> tuple[dict[str, _Look], _Look]:
        """What each style says, those on which it is based included, and what the document says without any."""
        root = self._root("styles")
        own: dict[str, tuple[_Look, str]] = {}
        default = _Look()
        for each in root if root is not None else ():
            if local(each) == "style":
                based = next((value(inner, "val") or "" for inner in each if local(inner) == "basedOn"), "")
                own[value(each, "styleId") or ""] = (_style(each), based)
            elif local(each) == "docDefaults":
                default = _look(next(each.iter("{*}rPr"), None))
        return {name: self._based(own, name) for name in own}, default

    @staticmethod
    def _based(own: dict[str, tuple[_Look, str]], name: str) -> _Look:
        look, below = own[name]
        seen = {name}
        while below in own and below not in seen:
            seen.add(below)
            look = look.over(own[below][0])
            below = own[below][1]
        return look

    # --- blocks ---------------------------------------------------------------------------------

    def blocks(self, holder: Any, around: _Around) -> Iterator[Paragraph]:
        """The paragraphs of a body, a cell, a box or a note, in order."""
        for each in holder:
            match local(each):
                case "p":
                    yield from self.paragraph(each, around)
                case "tbl":
                    yield from self.table(each, around)
                case "AlternateContent":
                    yield from self.blocks(chosen(each), around)
                case "ins" | "del" | "moveFrom" | "moveTo":
                    yield from self.blocks(each, self.revised(each, around))
                case name if name in _SKIPPED or name.endswith(("RangeStart", "RangeEnd", "PrChange")):
                    self.range(each, name)
                case "sdt" | "sdtContent" | "customXml" | "smartTag":
                    yield from self.blocks(each, around)
                case _:
                    self.tell("strange", local(each))
                    yield from self.blocks(each, around)

    def table(self, table: Any, around: _Around) -> Iterator[Paragraph]:
        """The cells of a table, row by row; a row that was inserted or deleted as a whole is so in all its cells."""
        for row in table.iter("{*}tr"):
            if holder(row, "tbl") is not table:
                continue
            inside = replace(around, place="cell")
            for mark in row.iterfind("{*}trPr/*"):
                if local(mark) in _KINDS:
                    inside = self.revised(mark, inside)
            for cell in row.iter("{*}tc"):
                if holder(cell, "tr") is row:
                    self.tell("table")
                    yield from self.blocks(cell, inside)

    def paragraph(self, element: Any, around: _Around) -> Iterator[Paragraph]:
        """A paragraph, and behind it what stood in boxes within it."""
        self.paragraphs += 1
        if self.paragraphs > MOST_PARAGRAPHS:
            raise Malformed(f"The document has more than {MOST_PARAGRAPHS:,} paragraphs.")
        form = child(element, "pPr")
        style = self.styles.get(setting(form, "pStyle") or "", _Look())
        look = _own_form(form).over(style).over(self.default)
        mark = self.mark(form, around)
        growing = _Growing(look)
        self.inline(element, around, growing)
        labels = self.numbered(look, mark)
        yield Paragraph(
            tuple(_merged(growing.pieces)),
            look.name[:_LONGEST_NAME],
            look.heading or 0,
            labels[0],
            labels[1],
            around.place,
            mark.inserted,
            mark.deleted,
        )
        yield from growing.behind

    def mark(self, form: Any, around: _Around) -> _Around:
        """What became of the mark at the end of a paragraph."""
        found = around
        properties = child(form, "rPr")
        for each in properties if properties is not None else ():
            if local(each) in _KINDS:
                found = self.revised(each, found)
        return found

    def numbered(self, look: _Look, mark: _Around) -> tuple[str, str]:
        """The number once all is accepted, and once all is rejected; what does not stand is not counted."""
        if look.list is None or look.list[0] == "0":
            return "", ""
        after, before = self.counters
        return (
            after.label(*look.list)[:_LONGEST_NAME] if mark.deleted == NONE else "",
            before.label(*look.list)[:_LONGEST_NAME] if mark.inserted == NONE else "",
        )

    def revised(self, element: Any, around: _Around) -> _Around:
        """The place within a tracked change."""
        kind = _KINDS[local(element)]
        if len(self.revisions) >= MOST_REVISIONS:
            raise Malformed(f"The document has more than {MOST_REVISIONS:,} tracked changes.")
        author, date = (value(element, name) or "" for name in ("author", "date"))
        self.revisions.append(Revision(kind, author[:_LONGEST_NAME], date[:40], ""))
        self.texts.append("")
        last = len(self.revisions) - 1
        if kind in {"insertion", "move to"}:
            return replace(around, inserted=last)
        return replace(around, deleted=last)

    # --- within a paragraph ---------------------------------------------------------------------

    def inline(self, holder: Any, around: _Around, growing: _Growing) -> None:
        """Everything in a paragraph, in order."""
        for each in holder:
            name = local(each)
            if name == "r":
                self.run(each, around, growing)
            elif name in _KINDS:
                self.inline(each, self.revised(each, around), growing)
            elif name == "AlternateContent":
                self.inline(chosen(each), around, growing)
            elif name in {"dir", "bdo"}:
                self.tell("turned", plain(each))
                self.inline(each, around, growing)
            elif name == "fldSimple":
                self.instructed(value(each, "instr") or "")
                self.inline(each, around, growing)
            elif name in {"oMath", "oMathPara"}:
                self.tell("maths", plain(each))
                self.letters(plain(each), around, growing, growing.look)
            elif name in _SKIPPED or name.endswith(("RangeStart", "RangeEnd", "PrChange")):
                self.range(each, name)
            elif name in {"hyperlink", "sdt", "sdtContent", "smartTag", "customXml", "ruby", "rubyBase"}:
                self.inline(each, around, growing)
            else:
                self.tell("strange", name)
                self.inline(each, around, growing)

    def run(self, run: Any, around: _Around, growing: _Growing) -> None:
        """Letters of one form, and whatever else stands among them."""
        form = child(run, "rPr")
        style = self.styles.get(setting(form, "rStyle") or "", _Look())
        look = _look(form).over(style).over(growing.look)
        for each in run:
            name = local(each)
            if name in {"t", "delText"}:
                self.letters(each.text or "", around, growing, look)
            elif name in _LETTERS:
                self.letters(_LETTERS[name], around, growing, look)
            elif name == "sym":
                self.tell("symbol")
                self.letters(symbol(value(each, "char")), around, growing, look)
            elif name == "AlternateContent":
                self.run(chosen(each), around, growing)
            else:
                self.sign_or_thing(each, name, around, growing)

    def sign_or_thing(self, element: Any, name: str, around: _Around, growing: _Growing) -> None:
        """What else stands among letters: signs of notes, fields, drawings."""
        if name in {"footnoteReference", "endnoteReference"}:
            self.sign(element, name.removesuffix("Reference"), around, growing)
        elif name in {"fldChar", "instrText"}:
            self.field(element, name)
        elif name in {"drawing", "pict", "object"}:
            self.drawing(element, around, growing)
        elif name == "ruby":
            self.inline(element, around, growing)
        elif name not in _SKIPPED and name != "commentReference" and not name.endswith("PrChange"):
            self.tell("strange", name)
            self.inline(element, around, growing)

    def letters(self, text: str, around: _Around, growing: _Growing, look: _Look) -> None:
        """Letters that a paragraph shows; those of a field's instruction it does not."""
        if not text or (self.fields and not all(each.shows for each in self.fields)):
            return
        unseen = _unseen(look)
        if unseen:
            self.tell(unseen, text)
        for at in {around.inserted, around.deleted} - {NONE}:
            self.texts[at] = (self.texts[at] + text)[:_SHOWN]
        for comment, about in self.open_comments.items():
            self.open_comments[comment] = (about + text)[:_SHOWN]
        growing.pieces.append(Piece(text, around.inserted, around.deleted, bool(unseen)))

    def sign(self, element: Any, kind: str, around: _Around, growing: _Growing) -> None:
        """The sign of a note, which gets the next label."""
        key = (kind, value(element, "id") or "")
        if key not in self.labels:
            self.noted[kind] += 1
            self.labels[key] = f"[^{self.noted[kind]}]" if kind == "footnote" else f"[^e{self.noted[kind]}]"
        growing.pieces.append(Piece("", around.inserted, around.deleted, note=self.labels[key]))

    def drawing(self, element: Any, around: _Around, growing: _Growing) -> None:
        """What stands in boxes of a drawing; a drawing without words is a picture."""
        boxes = [each for each in element.iter("{*}txbxContent") if belongs(each, element)]
        if not boxes:
            self.tell("picture")
        for box in boxes:
            found = list(self.blocks(box, replace(around, place="box")))
            self.tell("box", "".join(piece.text for each in found for piece in each.pieces), len(found))
            growing.behind += found

    # --- fields, comments -----------------------------------------------------------------------

    def field(self, element: Any, name: str) -> None:
        """A field begins, is instructed, shows something, ends."""
        if name == "instrText":
            if self.fields:
                self.fields[-1].instruction += element.text or ""
            return
        match value(element, "fldCharType"):
            case "begin":
                self.fields.append(_Field())
            case "separate" if self.fields:
                self.fields[-1].shows = True
                self.instructed(self.fields[-1].instruction)
            case "end" if self.fields:
                ended = self.fields.pop()
                if not ended.shows:
                    self.instructed(ended.instruction)
            case _:
                pass

    def instructed(self, instruction: str) -> None:
        """Refuses what would fetch or run something."""
        found = _FETCHING.match(instruction)
        if found:
            raise Malformed(
                f"The document has a field that fetches or runs something ({found[1].upper()}); it is refused."
            )
        self.tell("field", instruction)

    def range(self, element: Any, name: str) -> None:
        """The words between these are what a comment is about."""
        comment = value(element, "id") or ""
        if name == "commentRangeStart" and len(self.open_comments) < MOST_COMMENTS:
            self.open_comments[comment] = ""
        elif name == "commentRangeEnd" and comment in self.open_comments:
            self.about[comment] = self.open_comments.pop(comment)

    # --- the other parts ------------------------------------------------------------------------

    def _notes(self, kind: Literal["footnote", "endnote"]) -> Iterator[Note]:
        """The notes whose signs stand in the text, in their order."""
        root = self._root(f"{kind}s")
        known = {value(each, "id"): each for each in (root if root is not None else ()) if local(each) == kind}
        for (of, name), label in list(self.labels.items()):
            if of != kind:
                continue
            if name not in known:
                raise Malformed(f"The document names a {kind} that it does not have.")
            yield Note(label, kind, tuple(self.blocks(known[name], _Around())))

    def _furniture(self) -> Iterator[str]:
        """The words in the heads and feet of pages, each once; what is odd about them is nobody's concern."""
        found: dict[str, None] = {}
        told, samples = self.told.copy(), dict(self.samples)
        for kind in ("header", "footer"):
            for name in self.package.linked(self.main, kind):
                paragraphs = self.blocks(self.package.xml(name), _Around())
                said = (" ".join(piece.text for piece in each.pieces).strip() for each in paragraphs)
                found.update((each[:1000], None) for each in said if each)
        self.told, self.samples = told, samples
        yield from found

    def _comments(self) -> Iterator[Comment]:
        root = self._root("comments")
        for count, each in enumerate(root if root is not None else ()):
            if count >= MOST_COMMENTS:
                raise Malformed(f"The document has more than {MOST_COMMENTS:,} comments.")
            said = "\n".join("".join(piece.text for piece in p.pieces) for p in self.blocks(each, _Around()))
            author, date, initials = (value(each, name) or "" for name in ("author", "date", "initials"))
            about = self.about.get(value(each, "id") or "", "")
            yield Comment(author[:_LONGEST_NAME], date[:40], initials[:20], said, about)

    def _findings(self, paragraphs: Iterable[Paragraph], notes: Iterable[Note]) -> Iterator[Finding]:
        everywhere = [*paragraphs, *(each for note in notes for each in note.paragraphs)]
        for each in everywhere:
            self._letters_told("".join(piece.text for piece in each.pieces))
        self.told["numbers"] = len(self.lists.unknown)
        links = self.package.followed
        if links:
            self.tell("link", links[0], len(links))
        for kind, sentence in _SENTENCES.items():
            if self.told[kind]:
                sample = self.samples.get(kind)
                said = sentence.format(f"{self.told[kind]:,}")
                yield Finding(kind, safety.visible(f"{said}: “{sample}”." if sample else f"{said}."))

    def _letters_told(self, text: str) -> None:
        for at in safety.refused_at(text):
            self.tell("refused", safety.visible(text[at]))
        flags = [flag for flag in safety.flags(text) if flag.code_point != 0xA0]
        for kind, found in (("flagged", flags), ("look-alike", safety.look_alikes(text))):
            if found:
                self.tell(kind, str(found[0]), len(found))


def replace_text(revision: Revision, text: str) -> Revision:
    """The revision with what it brought or took."""
    return Revision(revision.kind, revision.author, revision.date, text)


# --- forms --------------------------------------------------------------------------------------


def _look(form: Any) -> _Look:
    """What the form of letters says."""
    found = _Look()
    for each in form if form is not None else ():
        match local(each):
            case "vanish" | "specVanish" | "webHidden":
                found.hidden = bool(found.hidden) or is_on(each)
            case "color":
                found.colour = value(each, "val")
            case "sz":
                found.size = number(value(each, "val"), 24)
            case "highlight" | "shd":
                found.colour = "auto"  # there is something behind the letters, so that their colour says nothing
            case _:
                pass
    return found


def _own_form(form: Any) -> _Look:
    """What the form of a paragraph says itself."""
    found = _Look()
    for each in form if form is not None else ():
        match local(each):
            case "numPr":
                found.list = (setting(each, "numId") or "", number(setting(each, "ilvl"), 0))
            case "outlineLvl":
                level = number(value(each, "val"), 9)
                found.heading = level + 1 if 0 <= level < 9 else 0
            case _:
                pass
    return found


def _style(style: Any) -> _Look:
    """What a style says itself."""
    found = _look(child(style, "rPr"))
    form = _own_form(child(style, "pPr"))
    found.list, found.heading = form.list, form.heading
    found.name = setting(style, "name") or ""
    named = _HEADING.fullmatch(found.name)
    if named:
        found.heading = int(named[1])
    elif found.name.lower() == "title":
        found.heading = 1
    return found


def _unseen(look: _Look) -> str:
    """Why letters of this look are not seen; empty where they are."""
    if look.hidden:
        return "hidden"
    colour = look.colour or ""
    if re.fullmatch(r"[0-9A-Fa-f]{6}", colour) and min(bytes.fromhex(colour)) >= _PALE:
        return "pale"
    return "tiny" if look.size is not None and look.size <= _TINY else ""


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Pieces in a row with one history as one."""
    texts: list[str] = []
    last: Piece | None = None
    for piece in pieces:
        if last is not None and not piece.note and not last.note and _history(piece) == _history(last):
            texts.append(piece.text)
            continue
        if last is not None:
            yield _with_text(last, "".join(texts))
        last, texts = piece, [piece.text]
    if last is not None:
        yield _with_text(last, "".join(texts))


def _history(piece: Piece) -> tuple[int, int, bool]:
    return piece.inserted, piece.deleted, piece.hidden


def _with_text(piece: Piece, text: str) -> Piece:
    return Piece(text, piece.inserted, piece.deleted, piece.hidden, piece.note)
