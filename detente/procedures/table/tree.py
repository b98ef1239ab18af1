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
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

import msgspec

NodeId = bytes  # 16 bytes: the hash of the path to the node, or of the content of a proposal
ContainerId = bytes  # empty: the text as imported; otherwise the id of the proposal and the number of its part
IMPORTED: ContainerId = b""


class Form(Enum):
    """How a slot is written, or how it came about."""

    BRACKET = "bracket"  # [T]: these words, or nothing
    EXCLUSIVE = "exclusive"  # [a][b]: one of these, inferred from their being adjacent and alike
    OPTIONS = "options"  # Option 1: ... Option 2: ...
    SLASH = "slash"  # [a / b]: one of these, or nothing
    PROPOSAL = "proposal"  # parties' edits on one place: the words as they stand, or one of the edits
    BAG = "bag"  # insertions at one gap: any of them, or none
    CLAUSE = "clause"  # alternatives to a whole clause

    @property
    def proposed(self) -> bool:
        """Whether acts of the parties made it; all others came with the import."""
        return self in _PROPOSED


_PROPOSED = frozenset({Form.PROPOSAL, Form.BAG, Form.CLAUSE})


class ClauseKind(Enum):
    """What a clause is, as far as its first line says."""

    FRONT = "front"  # what stands before the text: front matter, link targets
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    POINT = "point"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who is said to want this: party codes, what they do (None: not said), the line, and whether in a bracket."""

    parties: tuple[str, ...]
    verb: str | None
    line: int
    outside: bool = False


class Run(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Words at an offset (code points) of their container."""

    container: ContainerId
    lo: int
    text: str

    @property
    def hi(self) -> int:
        """The offset behind the last character."""
        return self.lo + len(self.text)


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
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


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """A place where a decision is due."""

    id: NodeId
    form: Form
    variants: tuple[Variant, ...]
    line: int = 0  # of the import; 0 for proposals
    inferred: bool = False
    placeholder: bool = False
    digest: bytes = field(default=b"", init=False)
    open: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        hashed = hashlib.sha256(b"slot\0" + self.form.value.encode())
        count = 1
        for variant in self.variants:
            hashed.update(_marks(variant))
            for passage in variant.places:
                hashed.update(passage.digest)
                count += passage.open
        object.__setattr__(self, "digest", hashed.digest())
        object.__setattr__(self, "open", count)


@dataclass(frozen=True, slots=True, eq=False)
class Echo:
    """A further place of a slot that has several: its first place holds the slot itself."""

    slot: Slot
    place: int

    @property
    def digest(self) -> bytes:
        """Which slot, and which of its places."""
        return hashlib.sha256(b"echo\0" + self.place.to_bytes(4, "big") + self.slot.digest).digest()


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """A heading, a paragraph or a point, with the alternatives to the whole of it."""

    id: NodeId
    kind: ClauseKind
    label: str
    level: int
    line: int
    passage: Passage
    alternatives: tuple[Proposal, ...] = ()  # that parties proposed to the whole clause
    choice: Slot | None = None  # between the passage and its alternatives, where there are any
    digest: bytes = field(default=b"", init=False)
    open: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        inside: Passage | Slot = self.choice or self.passage
        head = f"clause\0{self.kind.value}\0{self.level}\0{len(self.label)}\0{self.label}\0".encode()
        object.__setattr__(self, "digest", hashlib.sha256(head + inside.digest).digest())
        object.__setattr__(self, "open", inside.open)


class Proposal(msgspec.Struct, frozen=True, eq=False, array_like=True):
    """Live edits that say the same, with all who sponsor them.

    `texts` holds what each hunk puts in place; an alternative to a clause has no hunk and one text.
    """

    id: NodeId
    hunks: tuple[Place, ...]
    texts: tuple[tuple[Run, ...], ...]
    sponsors: tuple[tuple[bytes, str], ...]  # (operation, party), in order

    @property
    def containers(self) -> tuple[ContainerId, ...]:
        """The container that each of its texts made."""
        return tuple(container_of(self.id, index) for index in range(len(self.texts)))

    @property
    def parties(self) -> tuple[str, ...]:
        """Who sponsors it, each once."""
        return tuple(dict.fromkeys(party for _, party in self.sponsors))


class Place(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A range of a container in code points; empty where lo == hi: the gap before that character."""

    container: ContainerId
    lo: int
    hi: int


Item: TypeAlias = Run | Slot | Clause | Echo


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """Items in order.  `woven` is what is seen: the items, with the live proposals as slots among them."""

    items: tuple[Item, ...]
    woven: tuple[Item, ...]
    proposals: tuple[Proposal, ...] = ()
    digest: bytes = field(default=b"", init=False)
    open: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", _digest(self.woven))
        object.__setattr__(self, "open", sum(item.open for item in self.woven if isinstance(item, (Slot, Clause))))


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A text on the table: its top clauses in order."""

    passage: Passage

    @property
    def digest(self) -> bytes:
        """The content hash of the whole."""
        return self.passage.digest


def passage(items: Iterable[Item]) -> Passage:
    """A passage on which nobody has proposed anything."""
    fixed = tuple(items)
    return Passage(fixed, fixed)


def _digest(items: tuple[Item, ...]) -> bytes:
    """The hash of a sequence: words between choices as one text, however their runs are cut."""
    hashed = hashlib.sha256(b"passage\0")
    words: list[str] = []

    def flush() -> None:
        if words:
            raw = "".join(words).encode()
            hashed.update(b"T" + len(raw).to_bytes(8, "big") + raw)
            words.clear()

    for item in items:
        if isinstance(item, Run):
            if item.text:
                words.append(item.text)
        else:
            flush()
            hashed.update(b"N" + item.digest)
    flush()
    return hashed.digest()


def _marks(variant: Variant) -> bytes:
    parts = (
        variant.lead,
        variant.tail,
        variant.space.text if variant.space else "",
        variant.after.text if variant.after else "",
    )
    lengths = b"".join(len(part).to_bytes(4, "big") for part in parts)
    return b"V" + variant.written.to_bytes(1, "big") + lengths + "".join(parts).encode()


# --- ways through the tree ----------------------------------------------------------------------

Written: TypeAlias = str | Item | Passage


def slot_written(slot: Slot, place: int = 0) -> list[Written]:
    """A slot with all its variants and marks, in order.

    The space that belongs to the words is written once: before the first variant, behind the last.
    The marks of proposals are made here, for they were never imported.
    """
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
            case Run() | Echo():
                pass


def slots(whole: Passage) -> Iterator[Slot]:
    """Every open slot at every depth, each once, an outer one before what it holds."""
    return (node for node in walk(whole) if isinstance(node, Slot))


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
