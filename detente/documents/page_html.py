"""A text as a page of HTML in one file: rolling, with brackets, sponsors and statuses, or decided.

Who wants what is written as a code beside the words and repeated as a colour, so that nothing is said by colour
alone; brackets carry the depth at which they stand, because real texts nest seven deep.  Every clause, heading and
note has an id, and the contents lead to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from detente.documents import page_frame, page_words
from detente.documents.matter import Matter, Meta
from detente.documents.page_content import Content, laid_out
from detente.documents.page_frame import Element, put
from detente.documents.page_words import Pen
from detente.procedures.table import layout, standpoints, tree
from detente.procedures.table.known import Known
from detente.procedures.table.layout import Block, Stretch
from detente.procedures.table.sheet import Ink, Piece
from detente.procedures.table.tree import ClauseKind, Form, NodeId

COLOURS: Final = 6
_DEEPEST_HEADING: Final = 6
_MOST_INDENT: Final = 3
_FIRST_LEVEL: Final = 2  # of a paragraph that stands at the margin
_BRACKET: Final = re.compile(r"(?P<before>[^\[]*)(?P<sign>\[)(?P<head>.*)\Z", re.DOTALL)
_HEADING: Final = re.compile(r"h[2-6]")
TONES: Final = {
    "clean": "good",
    "agreed": "good",
    "agreed ad referendum": "good",
    "open": "warn",
    "reopened": "warn",
    "contested": "bad",
}


def write(matter: Matter, meta: Meta, known: Known | None = None) -> bytes:
    """The reading as a page; `Malformed` where brackets are nested deeper than any page can show."""
    return page_frame.written(page(matter, meta, known))


def page(matter: Matter, meta: Meta, known: Known | None = None) -> Element:
    """The same as elements."""
    return _Page(laid_out(matter, meta, known)).finish()


class Palette:
    """A colour for each party, by its place in the alphabet; after six they begin anew, for the code says who it is."""

    def __init__(self, known: Known) -> None:
        self._of = {code: f"s{index % COLOURS + 1}" for index, code in enumerate(sorted(known.parties))}

    def of(self, codes: Iterable[str]) -> str:
        """The class of the first of these, or none."""
        return next((self._of[code] for code in codes if code in self._of), "")


class _Page:
    """The page at hand: what has been shown, and the ids that were given."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.palette = Palette(content.known)
        self.notes = _notes(content.blocks)
        self.levels = {level: min(rank + 2, _DEEPEST_HEADING) for rank, level in enumerate(sorted(
            {block.level for block in content.blocks if block.kind is ClauseKind.HEADING}))}  # fmt: skip
        anchors = {name: where for name, where in self.notes.items() if isinstance(name, str)}
        self.pen = Pen(anchors, content.matter.markdown)
        slots = {each.slot.id: each.slot for block in content.blocks for each in block.stretches}
        self.negotiated = bool(slots or content.known.names)
        self.page, self.main = page_frame.frame(content.meta, content.matter.reading, _figures(content, len(slots)))

    def finish(self) -> Element:
        for number, block in enumerate(self.content.blocks, 1):
            self._block(block, number)
        self._contents()
        page_words.unseen(self.main, self.pen)
        digest = self.content.matter.document.digest.hex()
        return page_frame.close(self.page, f"Content hash of the text as negotiated (SHA-256): {digest}")

    # --- before the text ------------------------------------------------------------------------

    def _contents(self) -> None:
        """Who takes part and what there is, put before the text once the text is known."""
        before = self.main.makeelement("div", {"class": "before in"})
        headings = [each for each in self.main.iter() if _HEADING.fullmatch(str(each.tag))]
        if len(headings) > 2:
            fold = put(put(before, "nav", class_="contents", aria_label="Contents"), "details")
            page_frame.ours(put(fold, "summary"), "Contents")
            entries = put(fold, "ol")
            top = min(int(each.tag[1]) for each in headings)
            for each in headings:
                entry = put(entries, "li", class_=f"l{min(int(each.tag[1]) - top, 2)}", dir=each.get("dir", ""))
                put(entry, "a", " ".join("".join(each.itertext()).split()) or "…", href=f"#{each.get('id')}")
        if self.content.known.parties:
            who = put(before, "ul", class_="parties", aria_label="Parties")
            for code, name in sorted(self.content.known.parties.items()):
                entry = put(who, "li")
                put(entry, "span", code, class_=f"by {self.palette.of([code])}")
                page_frame.append(entry, f" {page_frame.readable(name)}" if name != code else "")
        if len(before):
            self.main.addprevious(before)

    # --- the text -------------------------------------------------------------------------------

    def _block(self, block: Block, number: int) -> None:
        if not block.written.strip():
            return
        where = self.notes.get(block.clause) or f"c{number}"
        way = page_frame.direction(block.words)
        if block.kind is ClauseKind.HEADING:
            holder = put(self.main, f"h{self.levels[block.level]}", id=where, dir=way)
            self._inside(holder, block.inside, first=True)
            self._status(self.main, block)
            return
        holder = put(self.main, "div", class_=_classes(block), id=where, dir=way)
        if block.kind is ClauseKind.NOTE:
            holder.set("role", "note")
        self._status(holder, block)
        self._inside(put(holder, "div"), block.inside, first=False)
        self._said(holder, block)

    def _status(self, holder: Element, block: Block) -> None:
        """How far the clause has come, as a word; a clause in which nothing is to be decided says nothing."""
        status = self.content.known.statuses.get(block.clause, "")
        shown = block.clause and status not in {"", "clean"} and self.negotiated
        if shown and (block.stretches or status not in {"open", "contested"}):
            blocking = standpoints.who_blocks(standpoints.slots_of(block), self.content.known.names)
            named = [code for code in blocking if code != standpoints.UNNAMED]
            words = f"{status}: {', '.join(named)}" if named else status
            page_frame.ours(put(holder, "small", class_=f"status {TONES.get(status, '')}"), words)

    def _inside(self, above: Element, inside: layout.Inside, *, first: bool) -> None:
        for node in inside:
            if isinstance(node, Stretch):
                self._stretch(above, node)
            elif node.ink is Ink.MARK:
                self._mark(above, node, None)
            else:
                plain = first and self.content.matter.markdown
                text = page_words.without_heading_signs(node.text) if plain else node.text
                page_words.words(above, text, self.pen)
            first = False

    def _stretch(self, above: Element, stretch: Stretch) -> None:
        wanted = layout.wanted_by(stretch.variant, self.content.known.names)
        option = " option" if stretch.slot.form is Form.OPTIONS else ""
        span = put(above, "span", class_=f"v{option} {self.palette.of(wanted)}".rstrip())
        for node in stretch.inside:
            if isinstance(node, Stretch):
                self._stretch(span, node)
            elif node.ink is Ink.MARK:
                self._mark(span, node, stretch)
            else:
                page_words.words(span, node.text, self.pen)

    def _mark(self, above: Element, piece: Piece, stretch: Stretch | None) -> None:
        """A bracket with its depth, a head as a badge, the sign of an option."""
        found = _BRACKET.match(piece.text)
        if found is None:
            self._sign(above, piece.text, piece.depth)
            return
        page_words.words(above, found["before"], self.pen)
        self._sign(above, "[", piece.depth)
        head = found["head"].strip().removesuffix(":")
        if not head:
            page_frame.append(above, found["head"])
            return
        codes = layout.wanted_by(stretch.variant, self.content.known.names) if stretch else piece.sponsors
        names = [self.content.known.parties.get(code, code) for code in codes]
        badge = put(above, "span", class_="by" if stretch else f"by {self.palette.of(codes)}",
                    title=page_frame.readable(", ".join(names)))  # fmt: skip
        page_words.words(badge, head, self.pen)

    def _sign(self, above: Element, text: str, depth: int) -> None:
        """A mark in one piece: what orders letters of two directions does so within one element at a time."""
        mark = put(above, "span", class_="mark")
        page_words.words(mark, text.replace("*", "") if self.pen.markdown else text, self.pen)
        if depth > 1 and text.strip() in {"[", "]"}:
            put(mark, "sub", str(depth), aria_hidden="true")

    def _said(self, holder: Element, block: Block) -> None:
        """Positions on the clause and on what is proposed in it, and remarks."""
        here = {block.clause} | {stretch.variant.id for stretch in block.stretches}
        said = [each for each in self.content.known.said if each.target in here]
        remarks = [each for each in self.content.matter.remarks if each.clause == block.clause]
        if not said and not remarks:
            return
        entries = put(holder, "ul", class_="said")
        for each in said:
            entry = put(entries, "li")
            put(entry, "b", page_frame.readable(each.party))
            where = self._quoted(block, each.target)
            referendum = ", ad referendum" if each.ad_referendum else ""
            note = f": {page_frame.readable(each.note)}" if each.note else ""
            page_frame.append(entry, f" {page_frame.readable(each.stance)}{referendum}{where}{note}")
        for remark in remarks:
            entry = put(entries, "li")
            put(entry, "b", page_frame.readable(remark.author))
            page_frame.append(entry, f": {page_frame.readable(remark.text)}")

    def _quoted(self, block: Block, target: NodeId) -> str:
        """The first words of the variant that is spoken of."""
        found = next((each.variant for each in block.stretches if each.variant.id == target), None)
        if found is None:
            return ""
        words = page_frame.readable("".join(tree.written(found.passage)))
        return f" on “{words if len(words) < 40 else words[:40].rstrip() + '…'}”"


def _notes(blocks: tuple[Block, ...]) -> dict[NodeId | str, str]:
    """The ids of footnotes, by their clause and by their anchor; of two with one anchor it leads to the first."""
    found: dict[NodeId | str, str] = {}
    for block in blocks:
        if block.kind is ClauseKind.NOTE and block.label.startswith("[^"):
            where = f"note-{len(found) + 1}"
            found[block.clause] = where
            found.setdefault(block.label, where)
    return found


def _classes(block: Block) -> str:
    """What a paragraph is, how far in it stands, and whether a bracket goes on through it."""
    indent = min(max(block.level - _FIRST_LEVEL, 0), _MOST_INDENT)
    cut = any(isinstance(node, Stretch) and not (node.begins and node.ends) for node in block.inside)
    plain = block.kind in {ClauseKind.FRONT, ClauseKind.NOTE}
    names = ["block", block.kind.value if plain else "", f"i{indent}" if indent else "", "range" if cut else ""]
    return " ".join(name for name in names if name)


def _figures(content: Content, slots: int) -> str:
    """How much there is, and how much of it is to be decided."""
    clauses = sum(1 for block in content.blocks if block.clause and block.written.strip())
    open_ = sum(1 for block in content.blocks if block.stretches)
    decided = f"{slots:,} places to decide, in {open_:,} of them" if slots else "nothing to decide"
    return f"{clauses:,} paragraphs; {decided}"
