"""A text as Akoma Ntoso 3.0: any reader of the standard finds clauses, variants, sponsors and notes in it.

    clause                 the element of its kind; wId = clause id, eId = the path of labels
    variant                a span for as much of it as lies in one paragraph; refersTo = its sponsors,
                           alternativeTo = the first variant of its slot, wId = variant id
    marks                  <inline name="mark">: brackets, heads and options stay where they are seen
    party                  TLCOrganization
    note                   authorialNote; `[^n]` becomes a noteRef to it
    hash, status, stance   in our own namespace inside <proprietary>

The words are all there, in order, and nothing is written between them, so the text can be had back byte for byte
(akn_read.py); `before` holds the signs of Markdown that stand before a label and are no part of it, `behind` the
blanks that end a paragraph.  What XML cannot hold is refused, but for the form feed, which is the standard's end
of page.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from lxml import etree

from detente.documents.akn_names import AKN, OWN, VERSION, XML, akn, own
from detente.documents.akn_reading import LANGUAGE
from detente.documents.matter import Matter, Meta
from detente.documents.page_content import Content, laid_out
from detente.ground.errors import Malformed
from detente.ground.instants import Instant, iso
from detente.procedures.table import grammar, layout
from detente.procedures.table.known import Known
from detente.procedures.table.layout import Block, Inside, Stretch, cut
from detente.procedures.table.sheet import Ink, Piece
from detente.procedures.table.tree import ClauseKind, NodeId, Variant
from detente.wire import text as safety

_HEADED: Final = {
    "article": ("article", "art"),
    "section": ("section", "sec"),
    "chapter": ("chapter", "chp"),
    "part": ("part", "part"),
}
_ANNEX: Final = ("hcontainer", "annex")
_PLAIN: Final = {
    ClauseKind.FRONT: ("hcontainer", "front"),
    ClauseKind.HEADING: ("division", "dvs"),
    ClauseKind.PARAGRAPH: ("paragraph", "para"),
    ClauseKind.POINT: ("point", "point"),
    ClauseKind.NOTE: ("hcontainer", "note"),
}
_BEFORE_LABEL: Final = re.compile(r"[ \t#*_]*")
_BEHIND_LABEL: Final = re.compile(r"[.)]?")
_BEHIND: Final = re.compile(r"[ \t\r\n]*\Z")
_BEFORE_HEADING: Final = re.compile(r"[ \t]*#{1,6}[ \t]+")
_NOT_IN_AN_ID: Final = re.compile(r"[^\w.-]+")
_SPECIAL: Final = re.compile(rf"\f|{grammar.FOOTNOTE_ANCHOR.pattern}")
_MOST_LEVELS: Final = 16
NO_DATE: Final = Instant(0)  # the standard wants a date of every document
_STRUCTURE: Final = frozenset(map(akn, ("akomaNtoso", "doc", "meta", "identification", "FRBRWork", "FRBRExpression",
    "FRBRManifestation", "references", "proprietary", "mainBody", "content", "intro", "article", "section", "chapter",
    "part", "division", "hcontainer", "paragraph", "point", "indent"))) | {own("text")}  # fmt: skip

Element: TypeAlias = Any  # lxml brings no types of its own


def write(matter: Matter, meta: Meta, known: Known | None = None) -> bytes:
    """The reading as one Akoma Ntoso document in UTF-8; what is known beside the words may be given.

    `Malformed` where the text holds a code point that no text on a table may have, or nests too deep to be shown.
    """
    if not LANGUAGE.fullmatch(meta.language):
        raise Malformed(f"“{safety.visible(meta.language[:40])}” is no language as BCP 47 writes it (en, ar, zh-Hant).")
    content = laid_out(matter, meta, known)
    written = safety.check_text("".join(block.written for block in content.blocks))
    root = etree.Element(akn("akomaNtoso"), nsmap={None: AKN, "d": OWN})
    doc = etree.SubElement(root, akn("doc"), name="negotiatingText", contains="originalVersion")
    head = etree.SubElement(doc, akn("meta"))
    body = _Body(content)
    main = body.element()
    _identify(head, meta)
    _refer(head, content.known)
    _own_words(head, content, written, body)
    doc.append(main)
    _indent(root, 0)
    made: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


# --- what is said of the text -------------------------------------------------------------------


def _identify(head: Element, meta: Meta) -> None:
    """Work, expression and manifestation.  The text belongs to no country: `xx`, which ISO 3166 gives to nobody."""
    date = iso(meta.at or NO_DATE)[: len("2026-01-31")]
    work = f"/akn/xx/doc/negotiating-text/{date}/{hashlib.sha256(meta.title.encode()).hexdigest()[:16]}"
    expression = f"{work}/{meta.language}@{date}"
    identification = etree.SubElement(head, akn("identification"), source="#detente")
    for name, uri, parts in (
        ("FRBRWork", work, (("FRBRcountry", "value", "xx"), ("FRBRname", "value", meta.title))),
        ("FRBRExpression", expression, (("FRBRlanguage", "language", meta.language),)),
        ("FRBRManifestation", expression + ".akn", (("FRBRformat", "value", "application/akn+xml"),)),
    ):
        level = etree.SubElement(identification, akn(name))
        etree.SubElement(level, akn("FRBRthis"), value=uri)
        etree.SubElement(level, akn("FRBRuri"), value=uri)
        etree.SubElement(level, akn("FRBRdate"), date=date, name="state")
        etree.SubElement(level, akn("FRBRauthor"), href="#parties")
        for part, attribute, value in parts:
            etree.SubElement(level, akn(part), {attribute: value})


def _refer(head: Element, known: Known) -> None:
    references = etree.SubElement(head, akn("references"), source="#detente")
    for code, name in sorted(known.parties.items()):
        etree.SubElement(references, akn("TLCOrganization"), eId=party_id(code),
                         href=f"/akn/ontology/organization/xx/{_id(code)}", showAs=safety.visible(name),
                         shortForm=safety.visible(code))  # fmt: skip
    etree.SubElement(references, akn("TLCOrganization"), eId="parties",
                     href="/akn/ontology/organization/xx/parties", showAs="The parties to this text")  # fmt: skip
    etree.SubElement(references, akn("TLCProcess"), eId="detente",
                     href="/akn/ontology/process/xx/detente", showAs="Detente")  # fmt: skip


def _own_words(head: Element, content: Content, written: str, body: _Body) -> None:
    """Hashes (hexadecimal SHA-256), how far each clause has come, and who said what, in our own namespace."""
    proprietary = etree.SubElement(head, akn("proprietary"), source="#detente")
    text = etree.SubElement(proprietary, own("text"), version=VERSION, contentHash=content.matter.document.digest.hex(),
                            textHash=hashlib.sha256(written.encode()).hexdigest())  # fmt: skip
    for mark in content.meta.marks:
        etree.SubElement(text, own("mark")).text = _readable(mark)
    for clause, where in body.clauses.items():
        if clause in content.known.statuses:
            etree.SubElement(text, own("status"), of="#" + where, value=content.known.statuses[clause])
    for stretch, where in body.variants:
        for parties, verb in _heads(stretch.variant, content.known):
            etree.SubElement(text, own("said"), on="#" + where, by=_parties(parties), verb=verb)
    _remarks(text, content, body)


def _heads(variant: Variant, known: Known) -> Iterator[tuple[tuple[str, ...], str]]:
    """Who is said to do what with a variant: what the head of a bracket says, or a live proposal."""
    yield from ((each.parties, each.verb or "") for each in variant.attributions if each.parties)
    if variant.sponsors:
        yield layout.wanted_by(variant, known.names), "propose"


def _remarks(text: Element, content: Content, body: _Body) -> None:
    """Positions on a variant or a clause, and remarks."""
    places = {stretch.variant.id: where for stretch, where in reversed(body.variants)} | body.clauses
    for each in content.known.said:
        if each.target in places:
            said = etree.SubElement(text, own("position"), on="#" + places[each.target], by=_parties((each.party,)),
                                    stance=each.stance, adReferendum=str(each.ad_referendum).lower())  # fmt: skip
            said.text = _readable(each.note) or None
    for remark in content.matter.remarks:
        if remark.clause in body.clauses:
            said = etree.SubElement(text, own("remark"), on="#" + body.clauses[remark.clause],
                                    by=safety.visible(remark.author))  # fmt: skip
            said.text = _readable(remark.text)


def _readable(words: str) -> str:
    """Words of a person for XML: lines are kept, and what nobody sees is written as its number."""
    return "\n".join(safety.visible(line) for line in words.splitlines())


def party_id(code: str) -> str:
    """The eId of a party."""
    return "party-" + _id(code)


def _parties(codes: Iterable[str]) -> str:
    return " ".join("#" + party_id(code) for code in codes)


def _id(label: str) -> str:
    """A label as a part of an eId: letters, digits, dots and dashes of any script."""
    return _NOT_IN_AN_ID.sub("-", label).strip("-.") or "x"


def element_for(kind: ClauseKind, label: str) -> tuple[str, str]:
    """The element that a clause becomes, and the short name with which its eId begins."""
    if kind is ClauseKind.HEADING and label:
        word = label.split(maxsplit=1)[0].casefold()
        return _ANNEX if word == "annex" else _HEADED.get(word, _PLAIN[kind])
    if kind is ClauseKind.POINT and label in {"-", "*", "+"}:
        return "indent", "indent"
    return _PLAIN[kind]


# --- the body -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Node:
    """A block with the blocks that stand under it."""

    block: Block
    level: tuple[int, int]
    under: list[_Node] = field(default_factory=list)


class _Body:
    """The clauses as elements; on the way every clause and every variant gets its eId."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.clauses: dict[NodeId, str] = {}
        self.variants: list[tuple[Stretch, str]] = []
        self.taken: dict[str, int] = {}
        self.slots: dict[NodeId, int] = {}
        self.places: dict[tuple[NodeId, int], str] = {}  # variant and place -> eId of its first stretch
        self.notes = _notes(content.blocks)

    def element(self) -> Element:
        main = etree.Element(akn("mainBody"))
        main.set(f"{{{XML}}}lang", self.content.meta.language)
        main.set(f"{{{XML}}}space", "preserve")
        for node in _hierarchy(self.content.blocks):
            self._put(main, node, "")
        if not len(main):
            etree.SubElement(main, akn("p"))
        return main

    def _put(self, above: Element, node: _Node, path: str) -> None:
        block = node.block
        name, short = element_for(block.kind, block.label)
        note = self.notes.get(block.clause)
        where = self._eid(note or f"{path}{short}_{_id(block.label) if block.label else 'u'}")
        element = etree.SubElement(above, akn(name), eId=where)
        if name == "hcontainer":
            element.set("name", short)
        if block.clause:
            element.set("wId", block.clause.hex())
            self.clauses[block.clause] = where
        rest = self._named(element, block)
        if rest:
            holder = etree.SubElement(element, akn("intro" if node.under else "content"))
            paragraph = etree.SubElement(holder, akn("p"))
            if block.kind is ClauseKind.NOTE:
                self._note(paragraph, block, rest)
            else:
                self._last(paragraph, rest)
        for each in node.under:
            self._put(element, each, where + "__")

    def _named(self, element: Element, block: Block) -> Inside:
        """The label as <num>, a heading's words as <heading>; gives what is left for <p>."""
        rest = block.inside
        if block.kind in {ClauseKind.NOTE, ClauseKind.FRONT}:
            return rest
        written = block.written
        at = written.find(block.label) if block.label else -1
        if at >= 0:
            behind = _BEHIND_LABEL.match(written, at + len(block.label))
            rest = self._prefixed(element, "num", rest, _BEFORE_LABEL, behind.end() if behind else None)
        if block.kind is ClauseKind.HEADING:
            rest = self._prefixed(element, "heading", rest, _BEFORE_HEADING, None)
        return rest

    def _prefixed(self, above: Element, name: str, inside: Inside, before: re.Pattern[str], end: int | None) -> Inside:
        """An element with what is written up to `end`; plain signs before it go into an attribute."""
        held, rest = cut(inside, end) if end is not None else (inside, ())
        element = etree.SubElement(above, akn(name))
        first = held[0] if held else None
        found = before.match(first.text) if isinstance(first, Piece) and first.ink is Ink.WORDS else None
        if found and found.end():
            element.set(own("before"), found[0])
            held = cut(held, found.end())[1]
        if rest:
            self._fill(element, held)
        else:
            self._last(element, held)
        return rest

    def _note(self, outer: Element, block: Block, rest: Inside) -> None:
        """A note lies in a paragraph of its own; the anchor of a footnote is its marker."""
        note = etree.SubElement(outer, akn("authorialNote"), placement="bottom")
        inner = etree.SubElement(note, akn("p"))
        anchor = f"{block.label}:"
        first = rest[0] if rest else None
        if block.label.startswith("[^") and isinstance(first, Piece) and first.text.startswith(anchor):
            note.set("marker", block.label[2:-1])
            inner.set(own("before"), anchor)
            rest = cut(rest, len(anchor))[1]
        self._last(inner, rest)

    def _last(self, element: Element, inside: Inside) -> None:
        """The last words of a block; the blanks that end them go into an attribute."""
        last = inside[-1] if inside else None
        if isinstance(last, Piece) and last.ink is Ink.WORDS:
            words = _BEHIND.sub("", last.text)
            if words != last.text:
                element.set(own("behind"), last.text[len(words) :])
                inside = (*inside[:-1], replace(last, text=words))
        self._fill(element, inside)

    def _fill(self, element: Element, inside: Inside) -> None:
        for node in inside:
            if isinstance(node, Stretch):
                self._fill(self._span(element, node), node.inside)
            elif node.ink is Ink.MARK:
                self._words(etree.SubElement(element, akn("inline"), name="mark"), node.text)
            else:
                self._words(element, node.text)

    def _words(self, element: Element, text: str) -> None:
        at = 0
        for found in _SPECIAL.finditer(text):
            note = self.notes.get(found[0])
            if found[0] != "\f" and note is None:
                continue
            _append(element, text[at : found.start()])
            if note is None:
                etree.SubElement(element, akn("eop"))
            else:
                etree.SubElement(element, akn("noteRef"), href="#" + note, marker=found[0][2:-1])
            at = found.end()
        _append(element, text[at:])

    def _span(self, above: Element, stretch: Stretch) -> Element:
        slot, variant = stretch.slot, stretch.variant
        number = self.slots.setdefault(slot.id, len(self.slots) + 1)
        shown = [each.id for each in slot.variants if each.written]
        index = shown.index(variant.id) + 1
        first = f"slot_{number}__v_{index}" + (f"__place_{stretch.place + 1}" if stretch.place else "")
        where = self._eid(first)
        span = etree.SubElement(above, akn("span"), {"eId": where, "class": slot.form.value})
        begun = self.places.setdefault((variant.id, stretch.place), where)
        if begun == where:
            span.set("wId", variant.id.hex())
            self.variants.append((stretch, where))
        else:
            span.set(own("continues"), "#" + begun)
        if index > 1:
            span.set("alternativeTo", f"#slot_{number}__v_1")
        sponsors = layout.wanted_by(variant, self.content.known.names)
        if sponsors:
            span.set("refersTo", _parties(sponsors))
        return span

    def _eid(self, wanted: str) -> str:
        """The eId, with a number behind it where another element has it already."""
        while wanted in self.taken:
            self.taken[wanted] += 1
            wanted = f"{wanted}-{self.taken[wanted]}"
        self.taken[wanted] = 1
        return wanted


def _notes(blocks: tuple[Block, ...]) -> dict[NodeId | str, str]:
    """The eIds of footnotes, by their clause and by their anchor; an anchor that two notes bear belongs to none."""
    named: dict[NodeId | str, str] = {}
    footnotes = [block for block in blocks if block.kind is ClauseKind.NOTE and block.label.startswith("[^")]
    labels = [block.label for block in footnotes]
    for number, block in enumerate(footnotes, 1):
        where = f"fn_{number}"
        named[block.clause] = where
        if labels.count(block.label) == 1:
            named[block.label] = where
    return named


def _hierarchy(blocks: tuple[Block, ...]) -> Iterator[_Node]:
    """Blocks under the heading, and under the paragraph, to which they belong."""
    way: list[_Node] = []
    tops: list[_Node] = []
    for block in blocks:
        if block.kind is ClauseKind.HEADING:
            level = (0, min(block.level, _MOST_LEVELS))
        elif block.kind is ClauseKind.NOTE:
            level = (2, 0)
        else:
            level = (1, min(block.level, _MOST_LEVELS))
        node = _Node(block, level)
        while way and way[-1].level >= level:
            way.pop()
        (way[-1].under if way else tops).append(node)
        way.append(node)
    yield from tops


def _append(element: Element, text: str) -> None:
    """Text behind whatever the element holds."""
    if not text:
        return
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _indent(element: Element, depth: int) -> None:
    """Line breaks between elements that hold elements alone; words are left as they are."""
    if element.tag not in _STRUCTURE or not len(element):
        return
    element.text = "\n" + " " * (depth + 1)
    for child in element:
        _indent(child, depth + 1)
        child.tail = "\n" + " " * (depth + 1)
    element[-1].tail = "\n" + " " * depth
