"""From a bracketed text to its choice tree, in one sweep and without losing a character.

Three kinds of things happen along a text: brackets open and close (brackets.py pairs them first),
clauses begin, options begin (grammar.py).  The sweep keeps a stack of frames, and each event
closes what it ends and opens what it begins, so that whatever comes out is well nested:

    a bracket closes    everything that was opened in it closes with it
    a clause begins     the clause before it ends; options end where the clause stands further left
    an option begins    the option before it ends, where one with a lower number is open
    a heading begins    brackets that nothing ever closes end before it

A bracket that opens in one paragraph and closes articles later thus becomes one slot that holds
clauses.  Whether adjacent brackets exclude each other is not written in such texts; what is
inferred here is marked as inferred.  `VERSION` names these rules: the same version makes the same
tree of the same text, and an act of import names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge

from detente.ground.errors import Malformed
from detente.procedures.table import attribution, brackets, grammar
from detente.procedures.table.grammar import ClauseMark, OptionMark
from detente.procedures.table.paging import Layout, recognise
from detente.procedures.table.profile import EMPTY, Profile
from detente.procedures.table.tree import (
    IMPORTED,
    Attribution,
    Clause,
    ClauseKind,
    Document,
    Form,
    Item,
    NodeId,
    Run,
    Slot,
    Variant,
    passage,
    path_id,
)

VERSION = "detente-text/2"
LARGEST_TEXT = 4 * 2**20  # bytes of UTF-8: forty times the longest text of the Paris series
_ROOT: NodeId = bytes(16)
_MODAL = re.compile(r"[\s*_]*(?:shall|should|may|will|must|can|could|would|other|are to|is to)[\s*_]*\Z", re.IGNORECASE)
_VALUE = re.compile(  # a figure, a date, or a place kept for one
    r"[\s*_]*(?:(?:by |in |USD? |EUR )?\d[\d., ]*(?: ?%| ?per cent| ?°C)?|x{1,3}|tb[cd]|_{2,}|\.{3}|…|date|year(?: x)?|"
    r"to be (?:agreed|confirmed|decided|defined|determined|specified))[\s*_]*\Z",
    re.IGNORECASE,
)
_LONGEST_VALUE = 40
_JOINING = re.compile(r"[\s*_]*(?:[,;.:]|(?:and|or|and/or)\b)|\s*\Z", re.IGNORECASE)
_FIRST = re.compile(r"[\s*_]*([A-Z]|[a-z]|\d|.)?")
_SHORT = 14  # characters below which two alternatives are alike in length whatever they are
_LONGEST_SLASH = 300


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that a person should know about a line of the text."""

    line: int
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What came of a text: the tree, where it lay on its pages, and what was noticed on the way."""

    document: Document
    brackets: brackets.Brackets
    layout: Layout
    diagnostics: tuple[Diagnostic, ...]
    attributions: tuple[Attribution, ...]
    lines: int


@dataclass(slots=True)
class _Span:
    """A bracket that closed and is not yet a slot."""

    id: NodeId
    start: int
    end: int  # behind the closing bracket
    inside: int  # where the words begin, behind the head
    lead: str
    tail: str
    items: tuple[Item, ...]
    attributions: tuple[Attribution, ...]
    line: int
    option: int = 0  # the number of the option that it holds from its beginning to its end, or 0


_Growing = list["Item | _Span"]


@dataclass(slots=True)
class _Frame:
    """Something that is open during the sweep."""

    kind: str  # root, clause, bracket, block, option
    id: NodeId
    start: int = 0
    inside: int = 0
    lead: str = ""
    closes: int | None = None  # bracket: where its partner is; None: nothing closes it
    mark: ClauseMark | OptionMark | None = None
    attributions: tuple[Attribution, ...] = ()
    items: _Growing = field(default_factory=list)
    options: list[Variant] = field(default_factory=list)
    last: int = 0  # block: the number of its last option
    children: int = 0

    def child(self, kind: str) -> NodeId:
        """The id of the next node in this one."""
        self.children += 1
        return path_id(self.id, kind, self.children)


@dataclass(frozen=True, slots=True)
class _Sign:
    """A bracket as an event: `closes` is set for an opening one that has a partner."""

    offset: int
    opening: bool
    closes: int | None = None


_Event = _Sign | ClauseMark | OptionMark


def parse(text: str, profile: Profile = EMPTY) -> Parsed:
    """The choice tree of a text; `Malformed` where it has more brackets than a text can mean.

    A profile of the parties makes heads with names readable, so the tree is that of text, version and profile; an
    act of import knows no profile, and its tree is that of the empty one.
    """
    if text.count("[") > brackets.MOST_BRACKETS:
        raise Malformed(f"The text has more than {brackets.MOST_BRACKETS:,} opening brackets; that is no treaty text.")
    layout = recognise(text)
    found = brackets.match(text, layout)
    sweep = _Sweep(text, found, layout, profile)
    for event in merge(_signs(found), grammar.marks(text, sweep.lines.starts, layout), key=_order):
        sweep.take(event)
    return sweep.finish()


def _signs(found: brackets.Brackets) -> list[_Sign]:
    signs = [_Sign(start, opening=True, closes=end) for start, end in found.pairs.items()]
    signs += [_Sign(end, opening=False) for end in found.pairs.values()]
    signs += [_Sign(start, opening=True) for start in found.unclosed]
    return sorted(signs, key=_order)


def _order(event: _Event) -> tuple[int, int]:
    """Where two begin at one offset: the clause first, then the option, then the bracket."""
    match event:
        case ClauseMark():
            return (event.offset, 0)
        case OptionMark():
            return (event.offset, 1)
        case _:
            return (event.offset, 2)


class _Sweep:
    """The stack of frames, and how far the text has been read."""

    def __init__(self, text: str, found: brackets.Brackets, layout: Layout, profile: Profile) -> None:
        self.text = text
        self.found = found
        self.layout = layout
        self.profile = profile
        self.reader = attribution.Heads(profile) if profile else attribution.PLAIN
        self.lines = brackets.Lines(text)
        self.at = 0
        self.stack = [_Frame("root", _ROOT)]
        self.diagnostics: list[Diagnostic] = []
        self.attributions: list[Attribution] = []
        self.heads: list[tuple[int, int]] = []

    def take(self, event: _Event) -> None:
        """One event, in the order of the text; what lies within a mark already read is no event."""
        if event.offset < self.at:
            return
        match event:
            case ClauseMark():
                self._clause(event)
            case OptionMark():
                self._option(event)
            case _Sign(opening=True):
                self._open(event)
            case _:
                self._words(event.offset)
                self._close_bracket(event.offset + 1, "]")

    def finish(self) -> Parsed:
        """Closes what is open at the end of the text."""
        self._close_unclosed(len(self.text))
        self._words(len(self.text))
        while len(self.stack) > 1:
            self._close_top()
        document = Document(passage(_settled(self.text, self.stack[0].items)))
        for offset in self.found.stray:
            self._tell(offset, "stray", "This closing bracket closes nothing; it is kept as it stands.")
        self._outside()
        self._parties()
        self._pages()
        self.diagnostics.sort(key=lambda each: (each.line, each.kind))
        self.attributions.sort(key=lambda each: each.line)
        counted = len(self.lines.starts) - (self.lines.starts[-1] == len(self.text) and len(self.text) > 0)
        return Parsed(document, self.found, self.layout, tuple(self.diagnostics), tuple(self.attributions), counted)

    # --- events ---------------------------------------------------------------------------------

    def _clause(self, mark: ClauseMark) -> None:
        if mark.kind is ClauseKind.HEADING:
            self._close_unclosed(mark.offset)
        self._words(mark.offset)
        while self._ends_by(mark):
            self._close_top()
        top = self.stack[-1]
        self.stack.append(_Frame("clause", top.child("clause"), start=mark.offset, mark=mark))

    def _ends_by(self, mark: ClauseMark) -> bool:
        top = self.stack[-1]
        if top.kind == "clause":
            return True
        if top.kind == "block":
            return True  # only right after its last option was closed
        if top.kind != "option":
            return False
        if mark.foot:
            return False
        if mark.kind in {ClauseKind.HEADING, ClauseKind.NOTE, ClauseKind.FRONT}:
            return True
        block = self.stack[-2].mark
        indent = block.indent if isinstance(block, OptionMark) else 0
        said = self.text[top.inside : mark.offset]
        silent = len(said) < 300 and grammar.NO_TEXT.match(said) is not None
        return mark.indent < indent or (silent and mark.indent <= indent)

    def _option(self, mark: OptionMark) -> None:
        depth = self._block_for(mark)
        if depth is not None:
            while any(frame.kind == "bracket" for frame in self.stack[depth + 1 :]):
                self._close_one_unclosed(mark.offset)
            begin = max(self.at, mark.line) if mark.fresh else mark.offset
            self._words(begin)
            while len(self.stack) > depth + 1:
                self._close_top()
            if mark.ordinal <= self.stack[-1].last:
                self._close_top()
                depth = None
        if depth is None:
            begin = mark.offset
            self._words(begin)
            self._leave_note()
            top = self._holder(mark.offset)
            self.stack.append(_Frame("block", top.child("options"), start=mark.offset, mark=mark))
        block = self.stack[-1]
        block.last = mark.ordinal
        lead = self.text[begin : mark.end]
        self.stack.append(_Frame("option", block.child("option"), start=begin, inside=mark.end, lead=lead, mark=mark))
        self.at = mark.end

    def _block_for(self, mark: OptionMark) -> int | None:
        """The depth of the open block to which this option belongs, or which it ends as its sibling."""
        for depth in range(len(self.stack) - 1, 0, -1):
            frame = self.stack[depth]
            if frame.kind == "bracket" and frame.closes is not None:
                return None
            if frame.kind != "block" or not isinstance(frame.mark, OptionMark):
                continue
            if frame.mark.lettered != mark.lettered:
                continue
            if mark.ordinal > frame.last and mark.indent >= frame.mark.indent - 2:
                return depth
            if mark.ordinal <= frame.last and abs(mark.indent - frame.mark.indent) <= 2:
                return depth
        return None

    def _open(self, sign: _Sign) -> None:
        self._words(sign.offset)
        top = self._holder(sign.offset)
        limit = sign.closes if sign.closes is not None else len(self.text)
        inside = self.reader.end(self.text, sign.offset + 1, limit)
        frame = _Frame("bracket", top.child("bracket"), start=sign.offset, inside=inside, closes=sign.closes)
        frame.lead = self.text[sign.offset : inside]
        if inside > sign.offset + 1:
            self.heads.append((sign.offset, inside))
            frame.attributions = self.reader.read(frame.lead, self.lines.at(sign.offset))
            self.attributions.extend(frame.attributions)
        self.stack.append(frame)
        self.at = inside

    # --- closing --------------------------------------------------------------------------------

    def _close_unclosed(self, before: int) -> None:
        """Brackets that nothing closes end here, unless a bracket that does close stands in between."""
        while True:
            inner = next((frame for frame in reversed(self.stack) if frame.kind == "bracket"), None)
            if inner is None or inner.closes is not None:
                return
            self._close_one_unclosed(before)

    def _close_one_unclosed(self, before: int) -> None:
        end = max(self.at, len(self.text[self.at : before].rstrip()) + self.at)
        self._words(end)
        inner = next(frame for frame in reversed(self.stack) if frame.kind == "bracket")
        if inner.closes is None:
            sentence = f"The bracket opened here is never closed; it is taken to end at line {self.lines.at(end - 1)}."
            self._tell(inner.start, "unclosed", sentence)
        self._close_bracket(end, "")

    def _close_bracket(self, end: int, tail: str) -> None:
        while self.stack[-1].kind != "bracket":
            self._close_top()
        frame = self.stack.pop()
        items = _settled(self.text, frame.items)
        line = self.lines.at(frame.start)
        span = _Span(
            frame.id, frame.start, end, frame.inside, frame.lead, tail, items, frame.attributions, line, frame.last
        )
        self.stack[-1].items.append(span)
        self.at = end

    def _close_top(self) -> None:
        frame = self.stack.pop()
        below = self.stack[-1]
        match frame.kind:
            case "clause":
                below.items.append(self._made_clause(frame))
            case "option":
                below.options.append(_made_option(self.text, frame))
            case "block":
                self._made_block(frame, below)
            case _:  # a bracket at the end of the text was closed before
                raise AssertionError(frame.kind)

    def _made_clause(self, frame: _Frame) -> Clause:
        mark = frame.mark
        inside = passage(_settled(self.text, frame.items))
        line = self.lines.at(frame.start)
        if isinstance(mark, ClauseMark):
            return Clause(frame.id, mark.kind, mark.label, mark.level, line, inside)
        return Clause(frame.id, ClauseKind.PARAGRAPH, "", 2, line, inside)

    def _made_block(self, frame: _Frame, below: _Frame) -> None:
        if len(frame.options) > 1:
            line = self.lines.at(frame.start)
            below.items.append(Slot(path_id(frame.id, "slot", 0), Form.OPTIONS, tuple(frame.options), line))
            return
        (only,) = frame.options
        if below.kind == "bracket" and not below.items:
            below.last = frame.last
        below.items.append(Run(IMPORTED, frame.start, only.lead))
        below.items.extend(only.passage.items)

    # --- small things ---------------------------------------------------------------------------

    def _holder(self, offset: int) -> _Frame:
        """The frame that takes words and slots; at the root a clause is begun for them."""
        top = self.stack[-1]
        if top.kind == "root":
            top = _Frame("clause", top.child("clause"), start=offset)
            self.stack.append(top)
        return top

    def _leave_note(self) -> None:
        """An option is no part of the note at the foot of a page that stands before it."""
        mark = self.stack[-1].mark
        if isinstance(mark, ClauseMark) and mark.kind is ClauseKind.NOTE and mark.foot:
            self._close_top()

    def _words(self, until: int) -> None:
        if until > self.at:
            self._holder(self.at).items.append(Run(IMPORTED, self.at, self.text[self.at : until]))
            self.at = until

    def _tell(self, offset: int, kind: str, sentence: str) -> None:
        self.diagnostics.append(Diagnostic(self.lines.at(offset), kind, sentence))

    def _outside(self) -> None:
        inside = iter([*self.heads, (len(self.text) + 1, len(self.text) + 1)])
        start, end = next(inside)
        for offset, written in self.reader.outside(self.text):
            while end <= offset:
                start, end = next(inside)
            if offset < start:
                self.attributions.extend(self.reader.read(written, self.lines.at(offset), outside=True))

    def _parties(self) -> None:
        if self.profile:
            for each, code, nearest in attribution.unknown(self.attributions, self.profile):
                probably = f"; was “{nearest}” meant?" if nearest else ", and nobody with a name like it."
                sentence = f"The profile of the parties does not know “{code}”{probably}"
                self.diagnostics.append(Diagnostic(each.line, "party", sentence))
            return
        for each, code, probably in attribution.slips(self.attributions):
            sentence = f"The party “{code}” is named here only; was “{probably}” meant?"
            self.diagnostics.append(Diagnostic(each.line, "party", sentence))

    def _pages(self) -> None:
        for note in (*self.layout.footnotes, *self.layout.notes):
            if not note.anchors:
                sentence = f"Nothing that the importer can see calls the footnote {note.label}."
                self.diagnostics.append(Diagnostic(note.line, "footnote", sentence))
        for each in self.layout.columns:
            sentence = (
                "Two columns stand side by side from here on; they are read line by line, left and right together."
            )
            self.diagnostics.append(Diagnostic(each.line, "columns", sentence))


# --- from spans to slots ------------------------------------------------------------------------


def _settled(text: str, growing: _Growing) -> tuple[Item, ...]:
    """The items of a sequence, with its brackets made into slots."""
    if not any(isinstance(item, _Span) for item in growing):
        return tuple(item for item in growing if not isinstance(item, _Span))
    done: list[Item] = []
    for piece in _grouped(text, growing):
        if isinstance(piece, list):
            _add_slot(text, done, piece)
        elif isinstance(piece, Run):
            _add_run(done, piece)
        else:
            done.append(piece)
    return tuple(done)


def _grouped(text: str, growing: _Growing) -> Iterator[Item | list[_Span]]:
    """Spans that exclude each other together, with the blanks between them; everything else alone."""
    group: list[_Span] = []
    gap: Run | None = None
    for item in growing:
        if isinstance(item, _Span):
            if group and not _exclusive(text, group[-1], item, gap.text if gap else ""):
                yield group
                if gap is not None:
                    yield gap
                group = []
            group.append(item)
            gap = None
        elif group and gap is None and isinstance(item, Run) and item.text.isspace():
            gap = item
        else:
            if group:
                yield group
                group = []
            if gap is not None:
                yield gap
                gap = None
            yield item
    if group:
        yield group
    if gap is not None:
        yield gap


def _exclusive(text: str, one: _Span, other: _Span, gap: str) -> bool:
    """Whether adjacent brackets are alternatives.  Nobody writes it down; this is the inference."""
    if one.option and other.option:
        return other.option > one.option
    if gap.count("\n") > 1:
        return False
    if one.attributions and other.attributions:
        return _rivals(one.attributions, other.attributions)
    if one.attributions or other.attributions:
        return False
    if all(span.end - span.inside <= _SHORT and _MODAL.match(_inner(text, span)) for span in (one, other)):
        return gap in {"", " "}
    if all(span.end - span.inside <= _LONGEST_VALUE and _VALUE.match(_inner(text, span)) for span in (one, other)):
        return gap in {"", " "}
    return gap == "" and _alike(_inner(text, one), _inner(text, other))


def _inner(text: str, span: _Span) -> str:
    return text[span.inside : span.end - len(span.tail)]


def _rivals(one: tuple[Attribution, ...], other: tuple[Attribution, ...]) -> bool:
    """Words of different parties, or words to be replaced and those to replace them."""
    first, second = one[0], other[0]
    if {first.verb, second.verb} == {"oppose", "propose"}:
        return True
    return first.verb == second.verb and not set(first.parties) & set(second.parties)


def _alike(one: str, other: str) -> bool:
    if _JOINING.match(one) or _JOINING.match(other):
        return False
    short, long = sorted((len(one), len(other)))
    if long > _SHORT and short * 4 < long:
        return False
    return _category(one) == _category(other)


def _category(words: str) -> str:
    found = _FIRST.match(words)
    letter = (found[1] if found else None) or ""
    if letter.isdigit():
        return "number"
    if letter.isalpha():
        return "upper" if letter.isupper() else "lower"
    return "other"


def _add_run(done: list[Item], run: Run) -> None:
    """A run, less the space that the slot before it took for its own."""
    before = done[-1] if done else None
    taken = before.variants[0].after if isinstance(before, Slot) else None
    if taken is not None and taken.lo == run.lo:
        if len(run.text) > 1:
            done.append(Run(IMPORTED, run.lo + 1, run.text[1:]))
        return
    done.append(run)


def _add_slot(text: str, done: list[Item], group: list[_Span]) -> None:
    first = group[0]
    slot_id = path_id(first.id, "slot", 0)
    placeholder = grammar.PLACEHOLDER.match(text, first.inside, min(first.end - len(first.tail), first.inside + 40))
    if len(group) > 1:
        variants = tuple(_member(text, group, index) for index in range(len(group)))
        form = Form.OPTIONS if first.option else Form.EXCLUSIVE
        done.append(Slot(slot_id, form, variants, first.line, inferred=form is Form.EXCLUSIVE))
        return
    space, after = _spaces(text, done, first)
    nothing = Variant(path_id(slot_id, "nothing", 0), (passage(()),), written=False)
    parts = _slashed(first)
    written: tuple[Variant, ...]
    if parts:
        written = _slash_variants(first, parts, space, after)
    else:
        written = (
            Variant(
                first.id,
                (passage(first.items),),
                first.lead,
                first.tail,
                space,
                after,
                attributions=first.attributions,
            ),
        )
    form = Form.SLASH if parts else Form.BRACKET
    done.append(
        Slot(slot_id, form, (*written, nothing), first.line, inferred=bool(parts), placeholder=bool(placeholder))
    )


def _member(text: str, group: list[_Span], index: int) -> Variant:
    span = group[index]
    gap = text[group[index - 1].end : span.start] if index else ""
    return Variant(span.id, (passage(span.items),), gap + span.lead, span.tail, attributions=span.attributions)


def _spaces(text: str, done: list[Item], span: _Span) -> tuple[Run | None, Run | None]:
    """The one space that belongs to a bracket's words, so that two are not left when the words go.

    Words that begin with a comma take no space with them: there the space before is part of the mark.
    """
    behind = text[span.end : span.end + 1]
    if _space_before(done) and (not behind or behind in " \n\r.,;:)]"):
        last = done.pop()
        if isinstance(last, Run) and len(last.text) > 1:
            done.append(Run(last.container, last.lo, last.text[:-1]))
        if text[span.inside : span.inside + 1] in {",", ";", ".", ":"}:
            span.lead = " " + span.lead
            return None, None
        return Run(IMPORTED, span.start - 1, " "), None
    begins = not done or (isinstance(done[-1], Run) and done[-1].text[-1:].isspace())
    if begins and behind == " " and text[span.end + 1 : span.end + 2].strip():
        return None, Run(IMPORTED, span.end, " ")
    return None, None


def _space_before(done: list[Item]) -> bool:
    """Whether one space, which is no indentation, ends what stands before."""
    last = done[-1] if done else None
    if not isinstance(last, Run) or last.text[-1:] != " ":
        return False
    if len(last.text) == 1:
        return len(done) > 1 and isinstance(done[-2], Slot)
    return not last.text[-2].isspace()


def _slashed(span: _Span) -> list[tuple[str, Run]]:
    """The inline alternatives of a bracket that holds words only, each with the mark before it."""
    if len(span.items) != 1 or not isinstance(span.items[0], Run) or span.end - span.inside > _LONGEST_SLASH:
        return []
    run = span.items[0]
    found = list(grammar.SLASH.finditer(run.text))
    if not found:
        return []
    parts: list[tuple[str, Run]] = []
    mark, at = "", 0
    for each in found:
        parts.append((mark, Run(run.container, run.lo + at, run.text[at : each.start()])))
        mark, at = each[0], each.end()
    return [*parts, (mark, Run(run.container, run.lo + at, run.text[at:]))]


def _slash_variants(
    span: _Span, parts: list[tuple[str, Run]], space: Run | None, after: Run | None
) -> tuple[Variant, ...]:
    """The marks before, between and behind stand with the first, the next and the last; the space with each."""
    made = []
    for index, (mark, run) in enumerate(parts):
        last = index == len(parts) - 1
        made.append(
            Variant(
                path_id(span.id, "slash", index),
                (passage((run,)),),
                mark if index else span.lead,
                span.tail if last else "",
                space,
                after,
                attributions=span.attributions,
            )
        )
    return tuple(made)


def _made_option(text: str, frame: _Frame) -> Variant:
    """An option; where it says "No text", those words are a mark and it holds nothing."""
    items = _settled(text, frame.items)
    only = items[0].passage.items if len(items) == 1 and isinstance(items[0], Clause) else items
    said = "".join(item.text for item in only if isinstance(item, Run))
    if all(isinstance(item, Run) for item in only) and grammar.NO_TEXT.match(said):
        words = said.rstrip()
        start = only[0].lo if isinstance(only[0], Run) else frame.inside
        rest = Run(IMPORTED, start + len(words), said[len(words) :])
        return Variant(frame.id, (passage((rest,) if rest.text else ()),), frame.lead + words)
    return Variant(frame.id, (passage(items),), frame.lead)
