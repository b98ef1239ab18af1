"""The state of the table: texts, each a tree of what was decided, with the live proposals beside it.

**What is kept, and what is made of it.**  A text is held clause by clause.  Of a top clause there is its
`Ground`, the tree as the acts have decided it so far, and beside it the proposals that are live in it, by
the clause or variant (their *home*) on whose words they are.  An operation of a party only adds to the
second.  What people see, the woven tree with its slots, digests and counts, is made of both when somebody
looks, and is kept with the clause until the next act on that clause.  So one more operation costs what it
touches, whatever the size of the table.

`Index` is made once, at the import, and never changes: where each character stands, and what holds
what.  A slot that was settled dissolves: its words stand in the passage that held it (`home_of`).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias

import msgspec
from immutables import Map

from detente.acts.act import Verified
from detente.acts.facts import Facts
from detente.ground.errors import Refused, Stale
from detente.ground.identifiers import ActId, PartyId, Position
from detente.procedures.table import tree
from detente.procedures.table.acts import AddClause, Alternative, Code, Edit, Group, Level, MoveClause, Nature, Stance
from detente.procedures.table.maps import Layers, Log
from detente.procedures.table.outline import WHOLE, Outline, placed
from detente.procedures.table.tree import (
    Clause,
    Document,
    Item,
    NodeId,
    Passage,
    Pick,
    Proposal,
    Run,
    Slot,
    Variant,
)
from detente.procedures.table.weave import Addition, Laid, Move, choose, offered, place, weave

Node: TypeAlias = Clause | Slot | Variant
Proposals: TypeAlias = tuple[Proposal, ...]

BLANK = Run(b"\0", 0, "\n\n")  # belongs to no act, so nobody can change it
_MODULUS = 1 << 256


class Kind(Enum):
    """What an operation proposes."""

    EDIT = "edit"
    ALTERNATIVE = "alternative"
    ADDITION = "addition"
    MOVE = "move"


class Fate(Enum):
    """What became of an operation."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"
    TAKEN = "taken"
    SET_ASIDE = "set aside"
    LATE = "late"


class Operation(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Who proposed what, where and when, and what became of it."""

    id: ActId
    party: PartyId
    proposal: NodeId
    home: NodeId  # the clause or the variant, as imported, that holds its place; what is added or moved
    kind: Kind
    at: Position
    fate: Fate = Fate.LIVE
    joined: tuple[PartyId, ...] = ()  # who sponsors it as well
    of_the_chair: bool = False  # nobody's but the chair's, and shown without a sponsor
    child: ActId = ActId(b"")  # the committee's text from which it came back


class Settlement(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A decision of the chair: the act, its place in the log, and the variants taken."""

    act: ActId
    at: Position
    chosen: tuple[NodeId, ...]
    imported: bool  # whether the slot came with the import


class Said(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A party's last word on an operation or a clause."""

    stance: Stance
    ad_referendum: bool
    note: str
    pending_on: tuple[bytes, ...] = ()
    given: bytes = b""


NOTHING_SAID: Map[PartyId, Said] = Map()


class Acceptance(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A party's last acceptance of a scope: exactly this content."""

    content_hash: bytes
    ad_referendum: bool
    at: Position


class Reopening(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """That a party took its acceptance of a scope back: why, and when."""

    reason: str
    at: Position


class Noted(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A note: whose, about what, for whom."""

    id: ActId
    party: PartyId
    at: Position
    target: bytes
    words: str
    nature: Nature
    audience: tuple[PartyId, ...]
    withdrawn: bool = False


class Packed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A package: whose, what it takes and drops, and what became of it."""

    id: ActId
    party: PartyId
    at: Position
    name: str
    take: tuple[ActId, ...]
    drop: tuple[ActId, ...]
    parties: tuple[PartyId, ...]
    fate: Fate = Fate.LIVE


class Rendering(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Words in another language, and what they were made of."""

    act: ActId
    words: str
    level: Level
    source: bytes


class Revision(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The text as the chair published it."""

    name: str
    act: ActId
    at: Position
    content_hash: bytes


class Late(msgspec.Struct, frozen=True, array_like=True):
    """An operation on the late list: who would do what."""

    id: ActId
    party: PartyId
    office: str
    at: Position
    body: Edit | Alternative | AddClause | MoveClause


class Lineage(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Of a committee's text: whose clauses, who is in it, and what the parent was then."""

    parent: ActId = ActId(b"")
    facilitator: PartyId = PartyId("")
    committee: tuple[PartyId, ...] = ()
    scopes: tuple[NodeId, ...] = ()
    seen: bytes = b""


class Conduct(msgspec.Struct, frozen=True, array_like=True):
    """How the negotiation is run, as the chair said last."""

    groups: tuple[Group, ...] = ()
    authentic: tuple[str, ...] = ()
    together: bool = False
    codes: tuple[Code, ...] = ()  # whom the heads in the text mean

    def meant(self, code: str) -> PartyId | None:
        """The party that a head in the text means; None: the chair has not said."""
        return next((PartyId(each.party) for each in self.codes if each.code == code), None)


class Lodged(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A proposal that was ever made: where it belongs, on how many others it stands, and by which operations."""

    home: NodeId
    depth: int
    lengths: tuple[int, ...]  # of its texts, in code points
    operations: tuple[ActId, ...]


class Event(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an act did, and to which clause: one line of the history."""

    at: Position  # of the act in the log
    party: PartyId
    kind: str  # the act's tag without "table."
    clause: NodeId  # empty: the whole text
    subject: bytes  # the operation, the slot or whatever else it was about


class Index(msgspec.Struct, frozen=True, eq=False, array_like=True):
    """Where the import put things.  Shared by all states of a text."""

    starts: tuple[int, ...]  # offsets at which the imported runs begin
    owners: tuple[NodeId, ...]  # the clause or variant that holds each of them
    parents: dict[NodeId, NodeId]  # node -> the node that holds it; a top clause has none
    clauses: frozenset[NodeId]
    slots: frozenset[NodeId]
    unended: NodeId  # the last top clause, if its text does not end with a line; empty otherwise

    def owners_at(self, offset: int) -> list[NodeId]:
        """Who may hold an offset of the imported text: two where a run ends and the next begins."""
        place = bisect_right(self.starts, offset) - 1
        near = [self.owners[place]] if place >= 0 else []
        if place > 0 and self.starts[place] == offset:
            near.append(self.owners[place - 1])
        return near


class Ground(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A top clause as it has been decided so far, without the proposals that are live in it."""

    clause: Clause
    known: _Known | None = None  # what the ground before told of its nodes

    @cached_property
    def _nodes(self) -> _Known:
        return self.known or _known((self.clause,), None)

    @property
    def nodes(self) -> Map[NodeId, Node]:
        """Every clause, slot and variant that stands in it."""
        return self._nodes[0]

    @property
    def above(self) -> Map[NodeId, NodeId]:
        """Node -> the node that holds it; the top clause is held by none."""
        return self._nodes[1]

    @cached_property
    def clauses(self) -> tuple[NodeId, ...]:
        """The clause and those within it, by their ids."""
        return tuple(node.id for node in self.nodes.values() if isinstance(node, Clause))

    @cached_property
    def _laid(self) -> dict[NodeId, Laid]:
        return {}

    def laid(self, home: NodeId) -> Laid:
        """The words of a clause or variant, laid out so that places can be found in them."""
        known = self._laid.get(home)
        if known is None:
            node = self.clause if home == self.clause.id else self.nodes[home]
            known = self._laid[home] = Laid(() if isinstance(node, Slot) else node.passage.items)
        return known

    def clause_of(self, node: NodeId) -> NodeId:
        """The innermost clause that holds this node (or is it)."""
        while not isinstance(self.nodes[node], Clause):
            node = self.above[node]
        return node

    def way(self, node: NodeId) -> list[NodeId]:
        """The ids from the top clause down to this node."""
        found = [node]
        while (node := self.above.get(node, WHOLE)) != WHOLE:
            found.append(node)
        return found[::-1]

    def changed(self, home: NodeId, items: tuple[Item, ...]) -> Ground:
        """The ground with other words in one clause or variant; what holds it is made anew, the rest is shared."""
        old = self.nodes[home]
        fresh = _with_items(old, items)
        nodes, above = _moved(self._nodes, old, fresh)
        while (name := self.above.get(home)) is not None:
            outer = self.nodes[name]
            fresh = _with_inner(outer, old, fresh)
            nodes = nodes.set(name, fresh)
            old, home = outer, name
        if not isinstance(fresh, Clause):
            raise TypeError(fresh)
        return Ground(fresh, (nodes, above))


_Known: TypeAlias = tuple[Map[NodeId, Node], Map[NodeId, NodeId]]


def _known(nodes: Iterable[Node], above: NodeId | None) -> _Known:
    """All nodes in these, and what holds each."""
    found: dict[NodeId, Node] = {}
    holders: dict[NodeId, NodeId] = {}
    waiting = [(node, above) for node in nodes]
    while waiting:
        node, holder = waiting.pop()
        found[node.id] = node
        if holder is not None:
            holders[node.id] = holder
        waiting.extend((inner, node.id) for inner in _held(node))
    return Map(found), Map(holders)


def _moved(known: _Known, old: Node, fresh: Node) -> _Known:
    """The same after one node has other words: what is gone is known no more, what came is."""
    nodes, above = known
    was, now = {inner.id: inner for inner in _held(old)}, {inner.id: inner for inner in _held(fresh)}
    gone, _ = _known((inner for name, inner in was.items() if now.get(name) is not inner), None)
    come, holders = _known((inner for name, inner in now.items() if was.get(name) is not inner), fresh.id)
    with nodes.mutate() as change:
        for name in gone:
            del change[name]
        change.update(come)
        change[fresh.id] = fresh
        nodes = change.finish()
    return nodes, above.update(holders)


def _held(node: Node) -> Iterator[Node]:
    if isinstance(node, Slot):
        yield from node.variants
        return
    for inside in (node.passage,) if isinstance(node, Clause) else node.places:
        yield from (item for item in inside.items if isinstance(item, (Slot, Clause)))


def _with_items(node: Node, items: tuple[Item, ...]) -> Node:
    if isinstance(node, Clause):
        return choose(node, tree.passage(items), ())
    if isinstance(node, Variant):
        return _variant(node, tree.passage(items))
    raise TypeError(node)


def _with_inner(above: Node, old: Node, fresh: Node) -> Node:
    if isinstance(above, Slot):
        variants = tuple(fresh if each is old else each for each in above.variants)
        return _slot(above, tuple(each for each in variants if isinstance(each, Variant)))
    items = tuple(fresh if each is old else each for each in above.passage.items)
    return _with_items(above, tuple(each for each in items if not isinstance(each, Variant)))


def _slot(slot: Slot, variants: tuple[Variant, ...]) -> Slot:
    """The slot with other variants."""
    return Slot(slot.id, slot.form, variants, slot.line, slot.inferred, slot.placeholder)


def _variant(variant: Variant, inside: Passage) -> Variant:
    """The variant with other words."""
    return Variant(
        variant.id, (inside,), variant.lead, variant.tail, variant.space, variant.after, variant.written,
        variant.attributions, variant.sponsors,
    )  # fmt: skip


_Memo: TypeAlias = dict[NodeId, tuple[tuple[object, ...], Passage | Slot | Clause]]


class Held(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A top clause: its ground, the proposals that are live in it, and what is seen of both."""

    ground: Ground
    proposals: Map[NodeId, Proposals] = Map()  # home -> on its words
    alternatives: Map[NodeId, Proposals] = Map()  # clause -> to the whole of it
    moves: tuple[Move, ...] = ()  # to have it elsewhere
    memo: _Memo = msgspec.field(default_factory=dict)  # what was woven last; good only for what it was woven of
    kept: dict[str, object] = msgspec.field(default_factory=dict)  # what views made of exactly this

    @cached_property
    def clause(self) -> Clause:
        """The clause as it is seen."""
        bare = self.ground.clause
        seen = self._clause(bare) if self.proposals or self.alternatives else bare
        return place(seen, [each for each in self.moves if not each.inert])

    @cached_property
    def digest(self) -> bytes:
        """The hash of the clause as it is seen; a saved table brings it along, so that nothing is woven for it."""
        return self.clause.digest

    @property
    def known_digest(self) -> bytes:
        """The same where it is known already; empty where somebody would have to look first."""
        if "digest" in self.__dict__ or "clause" in self.__dict__:
            return self.digest
        return b""

    def with_digest(self, digest: bytes) -> Held:
        """The same, told its digest by whoever knows it."""
        self.__dict__["digest"] = digest
        return self

    @cached_property
    def clauses(self) -> Mapping[NodeId, Clause]:
        """The clause and those within it, as they are seen."""
        if len(self.names) == 1:
            return {self.clause.id: self.clause}
        return {node.id: node for node in tree.clauses(self.clause)}

    @property
    def names(self) -> tuple[NodeId, ...]:
        """The clause and those within it, by their ids."""
        return self.ground.clauses

    @cached_property
    def contested(self) -> bool:
        """Whether something in it is to be decided: told without weaving it."""
        moved = any(not each.inert for each in self.moves)
        return bool(self.ground.clause.open or self.alternatives or moved) or any(
            all(self.ground.laid(home).locate(place) is not None for place in each.hunks)
            for home, proposals in self.proposals.items()
            for each in proposals
        )

    def seen(self, name: NodeId) -> Node:
        """A clause, slot or variant of the ground as it is seen."""
        node: Node = self.clause
        for wanted in self.ground.way(name)[1:]:
            node = next(inner for inner in _held(node) if inner.id == wanted)
        return node

    @cached_property
    def _touched(self) -> frozenset[NodeId]:
        """The homes of proposals, and what holds them: all else is seen as it stands."""
        found: set[NodeId] = set()
        for home in (*self.proposals, *self.alternatives):
            at: NodeId | None = home
            while at is not None and at not in found:
                found.add(at)
                at = self.ground.above.get(at)
        return frozenset(found)

    # Brackets nest no deeper than `rules.DEEPEST`, so here the woven tree may be made by functions that call
    # each other.

    def _clause(self, bare: Clause) -> Clause:
        inside = self._passage(bare.id, bare.passage)
        alternatives = self.alternatives.get(bare.id, ())
        made = self._remembered(
            b"clause" + bare.id, (bare, inside, alternatives), lambda: choose(bare, inside, alternatives)
        )
        return made if isinstance(made, Clause) else bare

    def _passage(self, home: NodeId, bare: Passage) -> Passage:
        items = tuple(self._item(item) for item in bare.items)
        proposals = self.proposals.get(home, ())
        made = self._remembered(home, (*items, proposals), lambda: weave(items, proposals))
        return made if isinstance(made, Passage) else bare

    def _item(self, bare: Item) -> Item:
        if isinstance(bare, (Run, tree.Echo)) or bare.id not in self._touched:
            return bare
        if isinstance(bare, Clause):
            return self._clause(bare)
        variants = tuple(
            _variant(each, self._passage(each.id, each.passage)) if each.id in self._touched else each
            for each in bare.variants
        )
        places = tuple(place for each in variants for place in each.places)
        made = self._remembered(bare.id, (bare, *places), lambda: _slot(bare, variants))
        return made if isinstance(made, Slot) else bare

    def _remembered(
        self, name: NodeId, made_of: tuple[object, ...], make: Callable[[], Passage | Slot | Clause]
    ) -> Passage | Slot | Clause:
        """What was made of exactly these parts before, or made now."""
        known = self.memo.get(name)
        if known is not None and _same(known[0], made_of):
            return known[1]
        made = make()
        self.memo[name] = (made_of, made)
        return made

    # --- changes ------------------------------------------------------------------------------------

    def proposed(self, home: NodeId, proposals: Proposals) -> Held:
        """With these live proposals on the words of one home."""
        return self._with(proposals=_lying(self.proposals, home, proposals))

    def offered(self, clause: NodeId, alternatives: Proposals) -> Held:
        """With these alternatives to one clause."""
        return self._with(alternatives=_lying(self.alternatives, clause, alternatives))

    def moving(self, moves: tuple[Move, ...]) -> Held:
        """With these proposals to have it elsewhere."""
        return self._with(moves=moves)

    def _with(self, **changes: Any) -> Held:
        """Otherwise the same, with what views made of it forgotten."""
        return msgspec.structs.replace(self, kept={}, **changes)

    def live(self) -> Iterator[Proposal]:
        """Every live proposal in it."""
        for lying in (self.proposals, self.alternatives):
            for home in sorted(lying):
                yield from lying[home]
        yield from (each.proposal for each in self.moves)

    def grounded(self, ground: Ground, moved: Mapping[NodeId, Proposals]) -> tuple[Held, Proposals]:
        """With another ground, and what lost its place with it.

        `moved` says what is live now on the words of homes where that changed.
        """
        proposals, alternatives = self.proposals, self.alternatives
        for home, live in moved.items():
            proposals = _lying(proposals, home, live)
        fallen: list[Proposal] = []
        for home in sorted(home for home in proposals if home not in ground.nodes):
            fallen += proposals[home]
            proposals = proposals.delete(home)
        for home in sorted(home for home in alternatives if home not in ground.nodes):
            fallen += alternatives[home]
            alternatives = alternatives.delete(home)
        return self._with(ground=ground, proposals=proposals, alternatives=alternatives), tuple(fallen)


def _lying(known: Map[NodeId, Proposals], home: NodeId, proposals: Proposals) -> Map[NodeId, Proposals]:
    """With these at one home; where there is none, the home is not named."""
    if proposals:
        return known.set(home, proposals)
    return known.delete(home) if home in known else known


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


class Text(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One text on the table, at one position of the log."""

    id: ActId
    title: str
    language: str
    author: PartyId
    index: Index
    clauses: Layers[NodeId, Held]
    outline: Outline
    additions: Map[NodeId, Addition] = Map()  # that were ever proposed and not taken
    moved: Map[NodeId, NodeId] = Map()  # move that was ever proposed -> the clause
    proposals: Layers[NodeId, Lodged] = msgspec.field(default_factory=Layers)
    operations: Layers[ActId, Operation] = msgspec.field(default_factory=Layers)
    settled: Layers[NodeId, Settlement] = msgspec.field(default_factory=Layers)
    positions: Layers[bytes, Map[PartyId, Said]] = msgspec.field(default_factory=Layers)  # by target
    accepted: Map[NodeId, Map[PartyId, Acceptance]] = Map()  # scope -> who accepted what content of it
    agreed: Map[NodeId, bytes] = Map()  # scope -> what all accepted
    inventories: Map[bytes, Map[NodeId, bytes]] = Map()  # content accepted -> that of each clause in it
    reopened: Map[NodeId, Map[PartyId, Reopening]] = Map()  # scope -> who took its acceptance back
    notes: Layers[ActId, Noted] = msgspec.field(default_factory=Layers)
    packages: Map[ActId, Packed] = Map()
    conduct: Conduct = Conduct()
    history: Log[Event] = msgspec.field(default_factory=Log)
    frozen: Map[NodeId, str] = Map()  # what clauses were called when they were published
    revisions: tuple[Revision, ...] = ()
    closed: frozenset[NodeId] = frozenset()  # scopes that all had accepted by then
    late: Map[ActId, Late] = Map()
    divided: Map[NodeId, NodeId] = Map()  # variant or bracket of a slot that the chair divided -> what holds it now
    more: int = 0  # how many brackets there are by that beyond those of the import
    versions: Map[str, Map[bytes, Map[PartyId, Rendering]]] = Map()  # language -> clause or container -> whose
    lineage: Lineage = Lineage()
    children: tuple[ActId, ...] = ()  # texts of committees
    imposed: Map[NodeId, bytes] = Map()  # clause -> what a vote or a silence procedure made of it
    corrected: int = 0  # how many marks the chair removed
    ledger: int = 0  # the sum of the hashes of everything said and decided; independent of order

    @cached_property
    def seen(self) -> Outline:
        """The outline with the clauses that are proposed."""
        outline = self.outline
        for name in sorted(self.additions):
            each = self.additions[name]
            live = bool(each.proposal.sponsors) and not each.set_aside
            outline = outline.with_site(name, each.site, standing=live)
        return outline

    @cached_property
    def order(self) -> tuple[NodeId, ...]:
        """The top clauses in order, those that are proposed among them."""
        return self.seen.order

    @cached_property
    def document(self) -> Document:
        """The whole as it is seen."""
        return Document(tree.passage(item for name in self.rows for item in self.row(name)), self._placed)

    @cached_property
    def rows(self) -> tuple[NodeId, ...]:
        """The top clauses in order, but of clauses that are proposed below each other only the first."""
        return tuple(self._rows(self.seen, self.seen.children(WHOLE)))

    def row(self, name: NodeId) -> tuple[Item, ...]:
        """What is seen of one of the rows: nothing of the others is woven for it."""
        return self._row(self.seen, name, last=name == self.rows[-1])

    def _rows(self, outline: Outline, names: Iterable[NodeId]) -> Iterator[NodeId]:
        waiting = list(names)[::-1]
        while waiting:
            name = waiting.pop()
            yield name
            if name not in self.additions:
                waiting.extend(outline.children(name)[::-1])

    def _items(self, outline: Outline, names: Iterable[NodeId]) -> list[Item]:
        """These clauses with all below them; what is proposed as a slot of its own, with what is below it inside."""
        rows = list(self._rows(outline, names))
        return [item for name in rows for item in self._row(outline, name, last=name == rows[-1])]

    def _row(self, outline: Outline, name: NodeId, *, last: bool) -> tuple[Item, ...]:
        """The clause, and an empty line behind the one that ended the import without one, now that others follow."""
        clause = self.clauses[name].clause
        if name in self.additions:  # they stand on each other no deeper than `placing.DEEPEST`
            below = self._items(outline, outline.children(name))
            return (offered(clause, self.additions[name].proposal, below),)
        return (clause, BLANK) if name == self.index.unended and not last else (clause,)

    def _placed(self, pick: Pick) -> Passage:
        """The top clauses as they stand once `pick` has decided where."""
        outline = self.seen
        moves: list[Move] = []
        for name in outline.order:
            held = self.clauses[name]
            slot = held.clause.placement
            taken = pick(slot) if slot is not None else None
            moves += [each for each in held.moves if taken is not None and each.proposal.id == taken.id]
        for move in sorted(moves, key=lambda each: each.proposal.id):  # where two would loop, the second is inert
            outline = placed(outline, move.proposal.id, move.site) or outline
        return tree.passage(self._items(outline, outline.children(WHOLE))) if moves else self.document.passage

    @cached_property
    def contents(self) -> dict[NodeId, bytes]:
        """What agreeing.py knows of this state's content hashes."""
        return {}

    @cached_property
    def statuses(self) -> dict[tuple[PartyId, ...], dict[NodeId, Any]]:
        """What agreeing.py knows of this state's statuses, by who must accept."""
        return {}

    @cached_property
    def named(self) -> dict[NodeId, str]:
        """What naming.py knows of this state's names."""
        return {}

    @cached_property
    def grouped(self) -> dict[NodeId, list[tuple[bytes, dict[PartyId, Acceptance]]]]:
        """What agreeing.py knows of this state's acceptances."""
        return {}

    @property
    def clean(self) -> bool:
        """Whether nothing is open."""
        return not any(name in self.additions or self.clauses[name].contested for name in self.order)

    def digest(self) -> bytes:
        """32 bytes that are equal where the same was said and decided, with the same outcome (docs/decisions/0010)."""
        return hashlib.sha256(self.id + self.ledger.to_bytes(32, "big")).digest()


class Table(msgspec.Struct, frozen=True, eq=False):
    """All texts of a line."""

    texts: Map[ActId, Text] = Map()
    laid: tuple[ActId, ...] = ()  # their names, in the order in which they were laid on it


# --- the import -----------------------------------------------------------------------------------


def index_of(document: Document) -> Index:
    """The index of a document just parsed."""
    starts: list[int] = []
    owners: list[NodeId] = []
    parents: dict[NodeId, NodeId] = {}
    clauses: set[NodeId] = set()
    slots: set[NodeId] = set()
    for node, owner in _owned(document):
        if isinstance(node, Run):
            starts.append(node.lo)
            owners.append(owner)
            continue
        if isinstance(node, Clause):
            clauses.add(node.id)
        elif isinstance(node, Slot):
            slots.add(node.id)
        if owner:
            parents[node.id] = owner
    last = document.passage.items[-1] if document.passage.items else None
    ended = last is None or "".join(tree.written(tree.passage((last,)))).endswith("\n")
    unended = last.id if isinstance(last, Clause) and not ended else WHOLE
    return Index(tuple(starts), tuple(owners), parents, frozenset(clauses), frozenset(slots), unended)


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


def held_of(document: Document) -> Layers[NodeId, Held]:
    """The top clauses of a document just parsed."""
    return Layers({each.id: Held(Ground(each)) for each in document.passage.items if isinstance(each, Clause)})


def required(text: Text, facts: Facts) -> tuple[PartyId, ...]:
    """Who must accept: of a committee's text its members, otherwise whom the charter names."""
    return text.lineage.committee or facts.must_accept


# --- to find --------------------------------------------------------------------------------------


def holder(text: Text, node: NodeId) -> NodeId | None:
    """What holds this node, or held it at the import."""
    return text.divided.get(node) or text.index.parents.get(node)


def top_of(text: Text, node: NodeId) -> Held | None:
    """The top clause that holds this node, or that held it at the import; None where it is not in the text."""
    while (above := holder(text, node)) is not None:
        node = above
    proposed = text.additions.get(node)
    return None if proposed is not None and proposed.set_aside else text.clauses.get(node)


def alive(text: Text, node: NodeId) -> bool:
    """Whether this clause, slot or variant stands."""
    held = top_of(text, node)
    return held is not None and node in held.ground.nodes


def home_of(text: Text, owner: NodeId) -> NodeId | None:
    """The clause or variant whose passage holds now what `owner` held at the import; None where it is gone."""
    held = top_of(text, owner)
    at: NodeId | None = owner
    while held is not None and at is not None and at not in held.ground.nodes:
        slot = holder(text, at)
        decision = text.settled.get(slot) if slot is not None else None
        if slot is None or decision is None or at not in decision.chosen:
            return None
        at = holder(text, slot)  # both the variant and its slot have dissolved
    return at if held is not None else None


def clause_stands(text: Text, clause: NodeId) -> bool:
    """Whether this is a clause of the text, and stands."""
    held = top_of(text, clause)
    return held is not None and isinstance(held.ground.nodes.get(clause), Clause)


def clause_holding(text: Text, owner: NodeId) -> NodeId:
    """The innermost clause that holds, or held at the import, this node; empty where there is none."""
    home = home_of(text, owner)
    held = top_of(text, home) if home is not None else None
    if home is not None and held is not None:
        return held.ground.clause_of(home)
    at: NodeId | None = owner
    while at is not None and at not in text.index.clauses:
        at = holder(text, at)
    return at or WHOLE


def clause_at(text: Text, clause: NodeId) -> Clause | None:
    """The clause as it is seen now."""
    held = top_of(text, clause)
    if held is None or not isinstance(held.ground.nodes.get(clause), Clause):
        return None
    seen = held.seen(clause)
    return seen if isinstance(seen, Clause) else None


def scope_hash(text: Text, scope: NodeId) -> bytes | None:
    """The content hash of a clause, or of the whole where `scope` is empty; None where it does not stand."""
    if scope == WHOLE:
        return text.document.digest
    held = top_of(text, scope)
    if held is not None and held.ground.clause.id == scope:
        return held.digest
    clause = clause_at(text, scope)
    return clause.digest if clause else None


def at_scope(text: Text, scope: NodeId, named: bytes) -> Refused | None:
    """Whether the scope stands, with exactly the content that the act names."""
    current = scope_hash(text, scope)
    if current is None:
        return Refused("That clause does not stand in the text.", rule="table.target")
    if current != named:
        return Stale("The text has changed since this was decided; look at it again.", rule="table.stale")
    return None


# --- to change ------------------------------------------------------------------------------------


def with_held(text: Text, held: Held) -> Text:
    """The text with one top clause in another state."""
    return msgspec.structs.replace(text, clauses=text.clauses.put(held.ground.clause.id, held))


def entry(kind: str, *parts: bytes) -> int:
    """What one thing said or decided adds to the ledger."""
    hashed = hashlib.sha256(b"ledger\0" + kind.encode())
    for part in parts:
        hashed.update(len(part).to_bytes(4, "big") + part)
    return int.from_bytes(hashed.digest(), "big")


def tallied(ledger: int, *, add: int = 0, remove: int = 0) -> int:
    """The ledger with one entry more, one less, or one in place of another."""
    return (ledger + add - remove) % _MODULUS


def tally(operation: Operation) -> int:
    """The entry of an operation, its fate and who joined it."""
    return entry(
        "operation", operation.id, operation.fate.value.encode(), *(each.encode() for each in operation.joined)
    )


def recorded(text: Text, act: Verified, kind: str, clause: NodeId, subject: bytes) -> Text:
    """The text with one line more in its history."""
    event = Event(act.position, act.author, kind, clause, subject)
    return msgspec.structs.replace(text, history=text.history.added(event))


def relived(text: Text, operation: Operation, change: Callable[[Proposal], Proposal]) -> Text:
    """The text with an operation's proposal changed where it is live; one that nobody sponsors any more goes."""
    if operation.kind is Kind.ADDITION:
        addition = text.additions.get(operation.proposal)
        if addition is None:
            return text
        fresh = msgspec.structs.replace(addition, proposal=change(addition.proposal))
        return msgspec.structs.replace(text, additions=text.additions.set(operation.proposal, fresh))
    home = home_of(text, operation.home)
    held = top_of(text, home) if home is not None else None
    if home is None or held is None:
        return text

    def changed(proposals: Proposals) -> Proposals:
        return tuple(each for each in map(change, proposals) if each.sponsors)

    match operation.kind:
        case Kind.EDIT:
            held = held.proposed(home, changed(held.proposals.get(home, ())))
        case Kind.ALTERNATIVE:
            held = held.offered(home, changed(held.alternatives.get(home, ())))
        case Kind.MOVE:
            fresh_moves = (msgspec.structs.replace(each, proposal=change(each.proposal)) for each in held.moves)
            held = held.moving(tuple(each for each in fresh_moves if each.proposal.sponsors))
    return with_held(text, held)


def fated(text: Text, operations: Iterable[bytes], fate: Fate) -> Text:
    """The text with these operations at their end, and the ledger kept."""
    known, ledger = text.operations, text.ledger
    for name in operations:
        old = known[ActId(name)]
        fresh = msgspec.structs.replace(old, fate=fate)
        known = known.put(old.id, fresh)
        ledger = tallied(ledger, add=tally(fresh), remove=tally(old))
    return msgspec.structs.replace(text, operations=known, ledger=ledger)
