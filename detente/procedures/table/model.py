"""The state of the table: texts, each a tree that acts have changed, and what was said of it.

A text's tree is kept as the fold left it.  To change one passage is to make the nodes between it
and the root anew (`rebuilt`); everything else is shared with the state before, so that an act on a
long text costs as much as the clause it touches and the list of the top clauses.

`Index` is made once, at the import, and never changes: where each character stands, and what holds
what.  A slot that was settled dissolves: its words stand in the passage that held it.  So the way
to a place is the way of the index, less the slots that were settled (`way`).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import TypeVar

from detente.ground.identifiers import ActId, PartyId, Position
from detente.procedures.table import tree
from detente.procedures.table.acts import Stance
from detente.procedures.table.tree import (
    Clause,
    ContainerId,
    Document,
    Item,
    NodeId,
    Passage,
    Run,
    Slot,
    Variant,
)
from detente.procedures.table.weave import choose, weave

K = TypeVar("K")
V = TypeVar("V")

WHOLE: NodeId = b""
_MODULUS = 1 << 256


class Fate(Enum):
    """What became of an operation."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"
    TAKEN = "taken"
    SET_ASIDE = "set aside"


@dataclass(frozen=True)
class Operation:
    """An edit or an alternative: who proposed it, where, and what became of it."""

    id: ActId
    party: PartyId
    proposal: NodeId
    home: NodeId  # the clause or the variant, as imported, that holds its place
    alternative: bool
    fate: Fate = Fate.LIVE


@dataclass(frozen=True)
class Settlement:
    """A decision of the chair: the act, its place in the log, and the variants taken."""

    act: ActId
    at: Position
    chosen: tuple[NodeId, ...]
    imported: bool  # whether the slot came with the import


@dataclass(frozen=True)
class Said:
    """A party's last word on an operation or a clause."""

    stance: Stance
    ad_referendum: bool
    note: str


@dataclass(frozen=True)
class Acceptance:
    """A party's last acceptance of a scope: exactly this content."""

    content_hash: bytes
    ad_referendum: bool


@dataclass(frozen=True)
class Container:
    """New words: what made them, where they belong, how long they are, and on how many others they stand."""

    proposal: NodeId
    home: NodeId
    length: int
    depth: int


@dataclass(frozen=True)
class Index:
    """Where the import put things.  Shared by all states of a text."""

    starts: tuple[int, ...]  # offsets at which the imported runs begin
    owners: tuple[NodeId, ...]  # the clause or variant that holds each of them
    parents: Mapping[NodeId, NodeId]  # node -> the node that holds it; a top clause has none
    kinds: Mapping[NodeId, type[Clause | Slot | Variant]]
    top: Mapping[NodeId, int]  # top clause -> its place
    slots: int

    def owners_at(self, offset: int) -> list[NodeId]:
        """Who may hold an offset of the imported text: two where a run ends and the next begins."""
        place = bisect_right(self.starts, offset) - 1
        near = [self.owners[place]] if place >= 0 else []
        if place > 0 and self.starts[place] == offset:
            near.append(self.owners[place - 1])
        return near


@dataclass(frozen=True)
class Text:
    """One text on the table, at one position of the log."""

    id: ActId
    title: str
    language: str
    author: PartyId
    document: Document
    index: Index
    containers: Mapping[ContainerId, Container] = field(default_factory=lambda: MappingProxyType({}))
    operations: Mapping[ActId, Operation] = field(default_factory=lambda: MappingProxyType({}))
    settled: Mapping[NodeId, Settlement] = field(default_factory=lambda: MappingProxyType({}))
    positions: Mapping[tuple[bytes, PartyId], Said] = field(default_factory=lambda: MappingProxyType({}))
    accepted: Mapping[tuple[NodeId, PartyId], Acceptance] = field(default_factory=lambda: MappingProxyType({}))
    agreed: Mapping[NodeId, bytes] = field(default_factory=lambda: MappingProxyType({}))  # scope -> what all accepted
    replaced: frozenset[NodeId] = frozenset()  # clauses whose place an alternative took
    corrected: int = 0  # how many marks the chair removed
    ledger: int = 0  # the sum of the hashes of everything said and decided; independent of order

    @property
    def clean(self) -> bool:
        """Whether nothing is open."""
        return self.document.passage.open == 0

    def digest(self) -> bytes:
        """32 bytes that are equal where the states are."""
        return hashlib.sha256(self.id + self.document.digest + self.ledger.to_bytes(32, "big")).digest()


@dataclass(frozen=True)
class Table:
    """All texts of a line."""

    texts: Mapping[ActId, Text] = field(default_factory=lambda: MappingProxyType({}))


def index_of(document: Document) -> Index:
    """The index of a document just parsed."""
    starts: list[int] = []
    owners: list[NodeId] = []
    parents: dict[NodeId, NodeId] = {}
    kinds: dict[NodeId, type[Clause | Slot | Variant]] = {}
    top = {clause.id: place for place, clause in enumerate(document.passage.items) if isinstance(clause, Clause)}
    for node, owner in _owned(document):
        if isinstance(node, Run):
            starts.append(node.lo)
            owners.append(owner)
            continue
        kinds[node.id] = type(node)
        if owner:
            parents[node.id] = owner
    slots = document.passage.open
    return Index(tuple(starts), tuple(owners), MappingProxyType(parents), MappingProxyType(kinds), top, slots)


def _owned(document: Document) -> Iterator[tuple[Run | Slot | Variant | Clause, NodeId]]:
    """Every node with the id of the one that holds it, in the order of the text."""
    waiting: list[tuple[Item | Variant, NodeId]] = [(item, WHOLE) for item in reversed(document.passage.items)]
    while waiting:
        node, owner = waiting.pop()
        match node:
            case Run():
                yield node, owner
            case Clause():
                yield node, owner
                waiting.extend((item, node.id) for item in reversed(node.passage.items))
            case Slot():
                yield node, owner
                waiting.extend((variant, node.id) for variant in reversed(node.variants))
            case Variant():
                yield node, owner
                waiting.extend((item, node.id) for item in reversed(node.words))
            case _:
                pass


# --- ways and changes ---------------------------------------------------------------------------


def way(text: Text, node: NodeId) -> list[NodeId]:
    """The ids from a top clause down to this clause, slot or variant, settled slots left out."""
    found: list[NodeId] = []
    at: NodeId | None = node
    parents, kinds, settled = text.index.parents, text.index.kinds, text.settled
    while at:
        above = parents.get(at)
        if kinds.get(at) is Variant and above in settled:
            at = parents.get(above) if above else None  # both the variant and its slot are gone
            continue
        found.append(at)
        at = above
    return found[::-1]


def alive(text: Text, node: NodeId) -> bool:
    """Whether this node of the import still stands: every settled slot above it took the variant that holds it."""
    parents, kinds = text.index.parents, text.index.kinds
    if node not in kinds or (kinds[node] is Slot and node in text.settled):
        return False
    at: NodeId | None = node
    while at:
        above = parents.get(at)
        if kinds[at] is Variant and above and above in text.settled and at not in text.settled[above].chosen:
            return False
        if at != node and at in text.replaced:
            return False
        at = above
    return True


def descend(text: Text, ids: list[NodeId]) -> list[Clause | Slot | Variant] | None:
    """The nodes of a way, from the top clause down; None where one of them does not stand."""
    place = text.index.top.get(ids[0]) if ids else None
    if place is None:
        return None
    first = text.document.passage.items[place]
    if not isinstance(first, Clause):
        return None
    nodes: list[Clause | Slot | Variant] = [first]
    for wanted in ids[1:]:
        inside = _inside(nodes[-1])
        found = next((node for node in inside if not isinstance(node, (Run, tree.Echo)) and node.id == wanted), None)
        if found is None:
            return None
        nodes.append(found)
    return nodes


def _inside(node: Clause | Slot | Variant) -> tuple[Item, ...] | tuple[Variant, ...]:
    return node.variants if isinstance(node, Slot) else node.passage.items


def clause_of(text: Text, node: NodeId) -> NodeId | None:
    """The innermost clause that holds this node (or is it)."""
    return next((each for each in reversed(way(text, node)) if text.index.kinds[each] is Clause), None)


def clause_at(text: Text, clause: NodeId) -> Clause | None:
    """The clause as it stands now."""
    if text.index.kinds.get(clause) is not Clause or not alive(text, clause):
        return None
    nodes = descend(text, way(text, clause))
    return nodes[-1] if nodes and isinstance(nodes[-1], Clause) else None


def scope_hash(text: Text, scope: NodeId) -> bytes | None:
    """The content hash of a clause, or of the whole where `scope` is empty; None where it does not stand."""
    if scope == WHOLE:
        return text.document.digest
    clause = clause_at(text, scope)
    return clause.digest if clause else None


def home_of(text: Text, owner: NodeId) -> NodeId | None:
    """The clause or variant whose passage holds now what `owner` held at the import; None where it is gone."""
    if not alive(text, owner):
        return None
    ids = way(text, owner)
    return ids[-1] if ids else None


def passage_at(text: Text, home: NodeId) -> Passage | None:
    """The passage of a clause or variant that stands."""
    nodes = descend(text, way(text, home))
    if not nodes:
        return None
    last = nodes[-1]
    return None if isinstance(last, Slot) else last.passage


Change = Callable[[Clause | Variant], Clause | Variant]


def rebuilt(text: Text, home: NodeId, change: Change) -> Document:
    """The document with one clause or variant changed, and what holds it made anew.

    `home` stands: it came from `home_of` or `clause_at`.
    """
    nodes = descend(text, way(text, home))
    if not nodes or isinstance(nodes[-1], Slot):
        raise LookupError(home)
    fresh: Clause | Slot | Variant = change(nodes[-1])
    for above, old in zip(reversed(nodes[:-1]), reversed(nodes[1:]), strict=True):
        fresh = _with(above, old, fresh)
    items = text.document.passage.items
    place = text.index.top[nodes[0].id]
    first = (fresh,) if isinstance(fresh, Clause) else ()
    return Document(tree.passage((*items[:place], *first, *items[place + 1 :])))


def _with(
    above: Clause | Slot | Variant, old: Clause | Slot | Variant, fresh: Clause | Slot | Variant
) -> Clause | Slot | Variant:
    if isinstance(above, Slot):
        variants = tuple(fresh if each is old else each for each in above.variants)
        return replace_slot(above, tuple(each for each in variants if isinstance(each, Variant)))
    items = tuple(fresh if each is old else each for each in above.passage.items)
    return with_passage(above, tuple(each for each in items if not isinstance(each, Variant)), above.passage.proposals)


def replace_slot(slot: Slot, variants: tuple[Variant, ...]) -> Slot:
    """The slot with other variants."""
    return Slot(slot.id, slot.form, variants, slot.line, slot.inferred, slot.placeholder)


def with_passage(
    node: Clause | Variant, items: tuple[Item, ...], proposals: tuple[tree.Proposal, ...]
) -> Clause | Variant:
    """The clause or variant with these items and live proposals."""
    inside = weave(items, proposals)
    if isinstance(node, Clause):
        return choose(node, inside, node.alternatives)
    return replace(node, places=(inside,))


def entry(kind: str, *parts: bytes) -> int:
    """What one thing said or decided adds to the ledger."""
    hashed = hashlib.sha256(b"ledger\0" + kind.encode())
    for part in parts:
        hashed.update(len(part).to_bytes(4, "big") + part)
    return int.from_bytes(hashed.digest(), "big")


def tallied(ledger: int, *, add: int = 0, remove: int = 0) -> int:
    """The ledger with one entry more, one less, or one in place of another."""
    return (ledger + add - remove) % _MODULUS


def put(old: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """The mapping with one entry more, or another."""
    return MappingProxyType({**old, key: value})


def tally(operation: Operation) -> int:
    """The entry of an operation and its fate."""
    return entry("operation", operation.id, operation.fate.value.encode())


def fated(text: Text, operations: Iterable[bytes], fate: Fate) -> Text:
    """The text with these operations at their end, and the ledger kept."""
    known = dict(text.operations)
    ledger = text.ledger
    for name in operations:
        old = known[ActId(name)]
        known[old.id] = replace(old, fate=fate)
        ledger = tallied(ledger, add=tally(known[old.id]), remove=tally(old))
    return replace(text, operations=MappingProxyType(known), ledger=ledger)
