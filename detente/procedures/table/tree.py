"""The choice tree: a negotiating text as a tree of texts and of places where a decision is due.

    Run       words, and where they came from: a container and an offset in it, in code points
    Slot      a place where a decision is due, with two or more variants
    Variant   one way to decide it; it holds a passage
    Passage   runs, slots and clauses in order, and the live proposals on them
    Clause    a heading, a paragraph, a point: the scope of decisions
    Document  the whole

Everything is immutable, and every node carries what is asked of it again and again: the hash of
its content, and how many slots are open in it.  So to settle a slot means to make the nodes on the
way to it anew, and nothing else.  Hashes do not depend on how runs are cut: what reads the same
and offers the same choices has the same hash, by whatever acts it came about.

The tree alone renders the text that was imported, byte for byte: every mark that is not words
(a bracket, "Option 1:", the head "BEL propose:") stands in the lead or the tail of its variant.
Texts nest as deep as their authors please, so nothing here recurses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import msgspec

NodeId = bytes  # 16 bytes: the hash of the path to the node, or of the content of a proposal
ContainerId = bytes  # empty: the text as imported; otherwise the id of the proposal and the number of its part
IMPORTED: ContainerId = b""
NOBODY = ""  # who sponsors a chair's text
_keep = msgspec.structs.force_setattr  # what a node knows of itself is written down once, when it is made


class Form(Enum):
    """How a slot is written, or how it came about."""

    BRACKET = "bracket"  # [T]: these words, or nothing
    EXCLUSIVE = "exclusive"  # [a][b]: one of these, inferred from their being adjacent and alike
    OPTIONS = "options"  # Option 1: ... Option 2: ...
    SLASH = "slash"  # [a / b]: one of these, or nothing
    PROPOSAL = "proposal"  # parties' edits on one place: the words as they stand, or one of the edits
    BAG = "bag"  # insertions at one gap: any of them, or none
    CLAUSE = "clause"  # alternatives to a whole clause
    ADDITION = "addition"  # a clause that is proposed, or none
    PLACEMENT = "placement"  # where a clause stands: here, or where somebody proposes it

    @property
    def proposed(self) -> bool:
        """Whether acts of the parties made it; all others came with the import."""
        return self in _PROPOSED


_PROPOSED = frozenset({Form.PROPOSAL, Form.BAG, Form.CLAUSE, Form.ADDITION, Form.PLACEMENT})


class ClauseKind(Enum):
    """What a clause is, as far as its first line says."""

    FRONT = "front"  # what stands before the text: front matter, link targets
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    POINT = "point"
    NOTE = "note"


class Attribution(msgspec.Struct, frozen=True, array_like=True):
    """Who is said to want this: party codes, what they do (None: not said), the line, and whether in a bracket."""

    parties: tuple[str, ...]
    verb: str | None
    line: int
    outside: bool = False


class Run(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="run"):
    """Words at an offset (code points) of their container."""

    container: ContainerId
    lo: int
    text: str

    @property
    def hi(self) -> int:
        """The offset behind the last character."""
        return self.lo + len(self.text)


class Variant(msgspec.Struct, frozen=True, eq=False, gc=False, array_like=True):
    """One way to decide a slot.

    `lead` and `tail` are marks: written while the slot is open, gone once it is settled.  `space`
    and `after` are one space each that belongs to the words: it stays with them and goes with them.
    A slot made of proposals may have several places; every variant has a passage for each.
    """

    id: NodeId
    places: tuple[Passage, ...]
    lead: str = ""
    tail: str = ""
    space: Run | None = None
    after: Run | None = None
    written: bool = True  # the variant "nothing" of a bracket is not written
    attributions: tuple[Attribution, ...] = ()
    sponsors: tuple[str, ...] = ()  # parties whose live proposal this is
    operations: tuple[bytes, ...] = ()  # the acts by which it is live
    site: bytes = b""  # of a placement: the parent and the site after which the clause would stand
    where: str = ""  # the same, for people

    @property
    def passage(self) -> Passage:
        """What the variant says, at the slot's first place."""
        return self.places[0]

    @property
    def words(self) -> tuple[Item, ...]:
        """What stands in the slot's place once this is taken."""
        before = (self.space,) if self.space else ()
        behind = (self.after,) if self.after else ()
        return before + self.passage.items + behind


class Slot(msgspec.Struct, frozen=True, eq=False, gc=False, array_like=True, tag="slot"):
    """A place where a decision is due."""

    id: NodeId
    form: Form
    variants: tuple[Variant, ...]
    line: int = 0  # of the import; 0 for proposals
    inferred: bool = False
    placeholder: bool = False
    digest: bytes = b""
    open: int = 0

    def __post_init__(self) -> None:
        if self.digest:
            return
        parts = [b"slot\0", self.form.value.encode()]
        count = 1
        for variant in self.variants:
            parts += (_marks(variant), variant.site)
            for passage in variant.places:
                parts.append(passage.digest)
                count += passage.open
        _keep(self, "digest", hashlib.sha256(b"".join(parts)).digest())
        _keep(self, "open", count)


class Echo(msgspec.Struct, frozen=True, eq=False, gc=False, array_like=True, tag="echo"):
    """A further place of a slot that has several: its first place holds the slot itself."""

    slot: Slot
    place: int

    @property
    def digest(self) -> bytes:
        """Which slot, and which of its places."""
        return hashlib.sha256(b"echo\0" + self.place.to_bytes(4, "big") + self.slot.digest).digest()


class Clause(msgspec.Struct, frozen=True, eq=False, gc=False, array_like=True, tag="clause"):
    """A heading, a paragraph or a point, with the alternatives to the whole of it."""

    id: NodeId
    kind: ClauseKind
    label: str
    level: int
    line: int
    passage: Passage
    alternatives: tuple[Proposal, ...] = ()  # that parties proposed to the whole clause
    choice: Slot | None = None  # between the passage and its alternatives, where there are any
    placement: Slot | None = None  # where it stands, where that is to be decided
    digest: bytes = b""
    open: int = 0

    def __post_init__(self) -> None:
        if self.digest:
            return
        inside: Passage | Slot = self.choice or self.passage
        head = f"clause\0{self.kind.value}\0{self.level}\0{len(self.label)}\0{self.label}\0".encode()
        placement = self.placement.digest if self.placement else b""
        _keep(self, "digest", hashlib.sha256(head + inside.digest + placement).digest())
        _keep(self, "open", inside.open + (self.placement.open if self.placement else 0))


class Proposal(msgspec.Struct, frozen=True, eq=False, gc=False, array_like=True):
    """Live edits that say the same, with all who sponsor them.

    `words` holds what each hunk puts in place; an alternative to a clause has no hunk and one text.
    """

    id: NodeId
    hunks: tuple[Place, ...]
    words: tuple[str, ...]
    sponsors: tuple[tuple[bytes, str], ...]  # (operation, party), in order
    decided: tuple[tuple[Run, ...], ...] | None = None  # its texts, once proposals on them were settled

    @property
    def texts(self) -> tuple[tuple[Run, ...], ...]:
        """What stands in each of its places once it is taken."""
        if self.decided is not None:
            return self.decided
        return tuple(
            (Run(container_of(self.id, index), 0, words),) if words else () for index, words in enumerate(self.words)
        )

    @property
    def containers(self) -> tuple[ContainerId, ...]:
        """The container that each of its texts made."""
        return tuple(container_of(self.id, index) for index in range(len(self.words)))

    @property
    def parties(self) -> tuple[str, ...]:
        """Who sponsors it, each once."""
        return tuple(dict.fromkeys(party for _, party in self.sponsors if party != NOBODY))


class Place(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A range of a container in code points; empty where lo == hi: the gap before that character."""

    container: ContainerId
    lo: int
    hi: int


Item: TypeAlias = Run | Slot | Clause | Echo
Pick: TypeAlias = Callable[[Slot], Variant | None]


class Passage(msgspec.Struct, frozen=True, eq=False, gc=False, array_like=True):
    """Items in order, and the live proposals on them."""

    items: tuple[Item, ...]
    seen: tuple[Item, ...] | None = None  # what is seen, where proposals make that another
    proposals: tuple[Proposal, ...] = ()
    digest: bytes = b""
    open: int = 0

    def __post_init__(self) -> None:
        if not self.digest:
            _keep(self, "digest", _digest(self.woven))
            _keep(self, "open", sum(item.open for item in self.woven if isinstance(item, (Slot, Clause))))

    @property
    def woven(self) -> tuple[Item, ...]:
        """What is seen: the items, with the live proposals as slots among them."""
        return self.items if self.seen is None else self.seen


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A text on the table: its top clauses in order, with those that are proposed among them.

    `placing` says in which order they stand once it is decided for each clause where it stands.
    """

    passage: Passage
    placing: Callable[[Pick], Passage] | None = None

    def placed(self, pick: Pick) -> Passage:
        """The top clauses in the order in which they stand if every slot is decided so."""
        return self.passage if self.placing is None else self.placing(pick)

    @property
    def digest(self) -> bytes:
        """The content hash of the whole."""
        return self.passage.digest


def passage(items: Iterable[Item]) -> Passage:
    """A passage on which nobody has proposed anything."""
    return Passage(tuple(items))


def _digest(items: tuple[Item, ...]) -> bytes:
    """The hash of a sequence: words between choices as one text, however their runs are cut."""
    parts = [b"passage\0"]
    words: list[str] = []
    for item in items:
        if isinstance(item, Run):
            words.append(item.text)
        else:
            _flush(parts, words)
            parts += (b"N", item.digest)
    _flush(parts, words)
    return hashlib.sha256(b"".join(parts)).digest()


def _flush(parts: list[bytes], words: list[str]) -> None:
    raw = "".join(words).encode()
    if raw:
        parts += (b"T", len(raw).to_bytes(8, "big"), raw)
    words.clear()


def _marks(variant: Variant) -> bytes:
    parts = (
        variant.lead,
        variant.tail,
        variant.space.text if variant.space else "",
        variant.after.text if variant.after else "",
    )
    if not any(parts):
        return _NO_MARKS if variant.written else _NOT_WRITTEN
    lengths = b"".join(len(part).to_bytes(4, "big") for part in parts)
    return b"V" + variant.written.to_bytes(1, "big") + lengths + "".join(parts).encode()


_NO_MARKS, _NOT_WRITTEN = b"V\1" + bytes(16), b"V\0" + bytes(16)


# --- ways through the tree ----------------------------------------------------------------------

Written: TypeAlias = str | Item | Passage


def slot_written(slot: Slot, place: int = 0) -> list[Written]:
    """A slot with all its variants and marks, in order.

    The space that belongs to the words is written once: before the first variant, behind the last.
    The marks of proposals are made here, for they were never imported.
    """
    if slot.form is Form.PLACEMENT:
        return [placement_mark(variant) for variant in slot.variants]
    shown = [variant for variant in slot.variants if variant.written]
    pieces: list[Written] = []
    for index, variant in enumerate(shown):
        inner = variant.places[place]
        if slot.form.proposed:
            head = "/".join(variant.sponsors) + " propose: " if variant.sponsors else ""
            pieces.extend(("[", head, inner, "]"))
            continue
        before = variant.space.text if variant.space and index == 0 else ""
        behind = variant.after.text if variant.after and index == len(shown) - 1 else ""
        pieces.extend((before, variant.lead, inner, variant.tail, behind))
    return pieces


def placement_mark(variant: Variant) -> str:
    """How it is written that somebody would have a clause elsewhere; nothing where it stands."""
    return f"{{{'/'.join(variant.sponsors)} propose: to be placed {variant.where}}} " if variant.site else ""


def clause_inside(clause: Clause) -> Passage | Slot:
    """What a clause holds: its passage, or the choice between it and its alternatives."""
    return clause.choice or clause.passage


def written(whole: Passage, expand: Callable[[Slot, int], Iterable[Written]] = slot_written) -> Iterator[str]:
    """The pieces of text of a passage.  `expand` says what stands for a slot: all of it, or one variant."""
    waiting: list[Written] = [whole]
    while waiting:
        piece = waiting.pop()
        match piece:
            case str():
                yield piece
            case Run():
                yield piece.text
            case Passage():
                waiting.extend(reversed(piece.woven))
            case Clause():
                waiting.append(clause_inside(piece))
                waiting.extend([piece.placement] if piece.placement else [])
            case Slot():
                waiting.extend(reversed(list(expand(piece, 0))))
            case Echo():
                waiting.extend(reversed(list(expand(piece.slot, piece.place))))


def render(document: Document) -> str:
    """The text with its brackets; of a document just parsed, exactly the text that was parsed."""
    return "".join(written(document.passage))


def walk(whole: Passage | Clause) -> Iterator[Slot | Clause | Run | Variant]:
    """Every node in the order of the text, a slot before its variants and a variant before what it holds."""
    waiting: list[Passage | Slot | Clause | Run | Variant | Echo] = [whole]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (Slot, Clause, Run, Variant)):
            yield node
        match node:
            case Passage():
                waiting.extend(reversed(node.woven))
            case Slot():
                waiting.extend(reversed(node.variants))
            case Variant():
                waiting.extend(reversed(node.places))
            case Clause():
                waiting.append(clause_inside(node))
                waiting.extend([node.placement] if node.placement else [])
            case Run() | Echo():
                pass


def slots(whole: Passage) -> Iterator[Slot]:
    """Every open slot at every depth, each once, an outer one before what it holds: what holds none is passed by."""
    waiting: list[Passage | Slot | Clause] = [whole]
    while waiting:
        node = waiting.pop()
        match node:
            case Passage():
                waiting.extend(item for item in reversed(node.woven) if isinstance(item, (Slot, Clause)) and item.open)
            case Slot():
                yield node
                waiting.extend(
                    place for variant in reversed(node.variants) for place in reversed(variant.places) if place.open
                )
            case Clause():
                waiting.append(clause_inside(node))
                waiting.extend([node.placement] if node.placement else [])


def clauses(whole: Passage | Clause) -> Iterator[Clause]:
    """Every clause at every depth, in order."""
    return (node for node in walk(whole) if isinstance(node, Clause))


def path_id(parent: NodeId, kind: str, index: int) -> NodeId:
    """The id of the `index`-th child of that kind: the hash of its path, stable as long as the import is."""
    return hashlib.sha256(parent + kind.encode() + index.to_bytes(8, "big")).digest()[:16]


def container_of(proposal: NodeId, index: int) -> ContainerId:
    """The container that the `index`-th text of a proposal makes, its hunks counted in order of place."""
    return proposal + index.to_bytes(4, "big")


def maker_of(container: ContainerId) -> NodeId:
    """The proposal that made a container which is not the imported text."""
    return container[:-4]
