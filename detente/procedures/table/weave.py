"""How live proposals become slots: the heart of the table.

A passage keeps its items as they stand and, beside them, the live proposals on them.  What is seen
is woven from both, and depends on nothing else: not on the order in which proposals came.

1. Each hunk of a proposal names a range of a container.  Laid along the items (a character is one
   step, a slot is one step) it becomes an interval of coordinates.
2. Intervals that overlap form a group.  A gap at the edge of a range does not overlap it, a gap
   strictly inside does; insertions at one gap form a group.
3. Groups that share a proposal form one slot, for the hunks of a proposal are taken together or
   not at all.  Its variants: the words as they stand, then one for each proposal, in the order of
   the oldest operation that sponsors it.  Where all are insertions at one gap, any of them may be
   taken, and the slot is a bag.
4. A proposal on the words of another proposal is woven, by the same rule, into that variant.
5. A proposal whose place is gone is not seen here; the views list it as an orphan.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from detente.procedures.table.outline import Site
from detente.procedures.table.tree import (
    IMPORTED,
    Clause,
    ContainerId,
    Echo,
    Form,
    Item,
    NodeId,
    Passage,
    Place,
    Proposal,
    Run,
    Slot,
    Variant,
    passage,
)


class Hold(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A hunk of a proposal, laid along a passage: coordinates, and what it puts there."""

    lo: int
    hi: int
    proposal: Proposal
    text: tuple[Run, ...]


@dataclass(frozen=True)
class Component:
    """Proposals that have to be decided together, and the places where they act."""

    id: NodeId
    proposals: tuple[Proposal, ...]
    groups: tuple[tuple[Hold, ...], ...]

    @property
    def bag(self) -> bool:
        """Whether several of the proposals may be taken."""
        return len(self.groups) == 1 and len(self.proposals) > 1 and all(hold.lo == hold.hi for hold in self.groups[0])

    @property
    def base(self) -> NodeId:
        """The id of the variant that keeps the words as they stand."""
        return hashlib.sha256(b"base\0" + self.id).digest()[:16]


class Laid:
    """Items with coordinates, so that ranges of containers can be found in them."""

    def __init__(self, items: tuple[Item, ...]) -> None:
        self.items = items
        self.starts: list[int] = []
        self._runs: dict[ContainerId, list[tuple[Run, int, int]]] = {}  # run, its coordinate, its index
        at = 0
        for index, item in enumerate(items):
            self.starts.append(at)
            if isinstance(item, Run):
                self._runs.setdefault(item.container, []).append((item, at, index))
                at += len(item.text)
            else:
                at += 1
        self.end = at

    def holds(self, container: ContainerId) -> bool:
        """Whether words of this container stand here."""
        return container in self._runs

    def locate(self, place: Place) -> tuple[int, int] | None:
        """The coordinates of a range, or None where its edges do not stand here in order."""
        runs = self._runs.get(place.container, [])
        if place.lo == place.hi:
            found = next((start + place.lo - run.lo for run, start, _ in runs if run.lo <= place.lo <= run.hi), None)
            return None if found is None else (found, found)
        lo = next((start + place.lo - run.lo for run, start, _ in runs if run.lo <= place.lo < run.hi), None)
        hi = next((start + place.hi - run.lo for run, start, _ in runs if run.lo < place.hi <= run.hi), None)
        lo = self._before_mark(runs, place) if lo is None else lo
        hi = self._behind_mark(runs, place) if hi is None else hi
        return None if lo is None or hi is None or lo >= hi else (lo, hi)

    def _before_mark(self, runs: list[tuple[Run, int, int]], place: Place) -> int | None:
        """Where a range begins right before a bracket, open or dissolved."""
        for run, start, at in runs:
            if run.hi == place.lo and self._neighbour(at + 1, run.container):
                return start + len(run.text)
        return None

    def _behind_mark(self, runs: list[tuple[Run, int, int]], place: Place) -> int | None:
        """Where a range ends right behind a bracket, open or dissolved."""
        for run, start, at in runs:
            if run.lo == place.hi and self._neighbour(at - 1, run.container):
                return start
        return None

    def _neighbour(self, at: int, container: ContainerId) -> bool:
        """Whether a slot stands there, or words of the same container: no other words came in between."""
        if not 0 <= at < len(self.items):
            return False
        item = self.items[at]
        return isinstance(item, Slot) or (isinstance(item, Run) and item.container == container)

    def cut(self, lo: int, hi: int) -> list[Item]:
        """What stands between two coordinates."""
        found: list[Item] = []
        if lo >= hi:
            return found
        for index in range(max(bisect_right(self.starts, lo) - 1, 0), bisect_left(self.starts, hi)):
            item, start = self.items[index], self.starts[index]
            if isinstance(item, Run):
                first = lo - start if lo > start else 0
                text = item.text[first : hi - start]
                if text:
                    found.append(Run(item.container, item.lo + first, text))
            elif lo <= start < hi:
                found.append(item)
        return found

    def with_holds(self, lo: int, hi: int, holds: Iterable[Hold]) -> list[Item]:
        """What stands between two coordinates once these hunks, given in order of place, are taken."""
        found: list[Item] = []
        for hold in holds:
            found += [*self.cut(lo, hold.lo), *hold.text]
            lo = hold.hi
        return [*found, *self.cut(lo, hi)]


def components(laid: Laid, proposals: Sequence[Proposal]) -> list[Component]:
    """What has to be decided on these items, in the order of the text."""
    holds = [hold for proposal in proposals for hold in _holds(laid, proposal)]
    groups = _groups(sorted(holds, key=lambda each: (each.lo, each.hi, each.proposal.id)))
    parent = list(range(len(groups)))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    seen: dict[NodeId, int] = {}
    for index, group in enumerate(groups):
        for hold in group:
            other = root(seen.setdefault(hold.proposal.id, index))
            here = root(index)
            parent[max(other, here)] = min(other, here)
    joined: dict[int, list[tuple[Hold, ...]]] = {}
    for index, group in enumerate(groups):
        joined.setdefault(root(index), []).append(tuple(group))
    return [_component(parts) for _, parts in sorted(joined.items())]


def _holds(laid: Laid, proposal: Proposal) -> list[Hold]:
    """All hunks of a proposal as intervals, or none."""
    found: list[Hold] = []
    for place, text in zip(proposal.hunks, proposal.texts, strict=False):
        interval = laid.locate(place)
        if interval is None:
            return []
        found.append(Hold(*interval, proposal, text))
    return found


def _groups(holds: list[Hold]) -> list[list[Hold]]:
    groups: list[list[Hold]] = []
    lowest = highest = -1
    for hold in holds:
        same_gap = hold.lo == hold.hi == lowest == highest
        if groups and (hold.lo < highest or same_gap):
            groups[-1].append(hold)
            highest = max(highest, hold.hi)
        else:
            groups.append([hold])
            lowest, highest = hold.lo, hold.hi
    return groups


def _component(parts: list[tuple[Hold, ...]]) -> Component:
    unique = {hold.proposal.id: hold.proposal for group in parts for hold in group}
    identity = hashlib.sha256(b"proposals\0" + b"".join(sorted(unique))).digest()[:16]
    ordered = tuple(sorted(unique.values(), key=lambda each: (each.sponsors[0][0], each.id)))
    return Component(identity, ordered, tuple(parts))


# --- weaving ------------------------------------------------------------------------------------


def weave(items: tuple[Item, ...], proposals: tuple[Proposal, ...]) -> Passage:
    """The passage of these items under these proposals (kept in the order of their ids)."""
    if not proposals:
        return passage(items)
    kept = tuple(sorted(proposals, key=lambda each: each.id))
    return Passage(items, _woven(items, kept), kept)


def _woven(items: tuple[Item, ...], proposals: tuple[Proposal, ...]) -> tuple[Item, ...]:
    laid = Laid(items)
    found = components(laid, proposals)
    aimed = {place.container for each in proposals for place in each.hunks} - {IMPORTED}
    spots: list[tuple[int, int, Item]] = []
    for component in found:
        slot = _slot(laid, component, proposals, aimed)
        for place, group in enumerate(component.groups):
            lo, hi = _extent(group)
            spots.append((lo, hi, Echo(slot, place) if place else slot))
    woven: list[Item] = []
    at = 0
    for lo, hi, item in sorted(spots, key=lambda each: (each[0], each[1])):
        woven += [*laid.cut(at, lo), item]
        at = hi
    return (*woven, *laid.cut(at, laid.end))


def _extent(group: Sequence[Hold]) -> tuple[int, int]:
    return min(hold.lo for hold in group), max(hold.hi for hold in group)


def _slot(laid: Laid, component: Component, proposals: tuple[Proposal, ...], aimed: set[ContainerId]) -> Slot:
    extents = [_extent(group) for group in component.groups]
    kept = tuple(passage(laid.cut(lo, hi)) for lo, hi in extents)
    variants = [] if component.bag else [Variant(component.base, kept)]
    untouched = tuple(passage(_once(item) for item in each.items) if each.open else each for each in kept)
    theirs = _by_proposal(component.groups)
    for proposal in component.proposals:
        nested = bool(aimed) and any(run.container in aimed for text in proposal.texts for run in text)
        places = list(untouched)
        for place, own in theirs[proposal.id].items():
            words = tuple(_once(item) for item in laid.with_holds(*extents[place], own))
            places[place] = _nested(words, proposal, proposals) if nested else passage(words)
        variants.append(_said(proposal, tuple(places)))
    return Slot(component.id, Form.BAG if component.bag else Form.PROPOSAL, tuple(variants))


def _by_proposal(groups: Sequence[Sequence[Hold]]) -> dict[NodeId, dict[int, list[Hold]]]:
    """The holds of each proposal, by the groups in which it has some, in order of place as they are there."""
    found: dict[NodeId, dict[int, list[Hold]]] = {}
    for place, group in enumerate(groups):
        for hold in group:
            found.setdefault(hold.proposal.id, {}).setdefault(place, []).append(hold)
    return found


def _said(proposal: Proposal, places: tuple[Passage, ...]) -> Variant:
    operations = tuple(dict.fromkeys(operation for operation, _ in proposal.sponsors))
    return Variant(proposal.id, places, sponsors=proposal.parties, operations=operations)


def _once(item: Item) -> Item:
    """A slot that a proposal leaves standing is counted among the words as they stand, here only shown."""
    return Echo(item, 0) if isinstance(item, Slot) else item


def _nested(items: tuple[Item, ...], proposal: Proposal, proposals: tuple[Proposal, ...]) -> Passage:
    """The words of a proposal with the proposals on them."""
    own = set(proposal.containers)
    held = {run.container for text in proposal.texts for run in text} | own
    on_it = tuple(
        each for each in proposals if each.id != proposal.id and all(place.container in held for place in each.hunks)
    )
    deeper = _below(on_it, proposals)
    return Passage(items, _woven(items, deeper)) if deeper else passage(items)


def _below(found: tuple[Proposal, ...], proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """These proposals and all that stand on them, directly or not."""
    reached = {each.id: each for each in found if each.hunks}
    fresh = list(reached.values())
    while fresh:
        containers = {container for each in fresh for container in each.containers}
        fresh = [
            each
            for each in proposals
            if each.id not in reached and any(place.container in containers for place in each.hunks)
        ]
        reached.update((each.id, each) for each in fresh)
    return tuple(reached.values())


def choose(clause: Clause, inside: Passage, alternatives: tuple[Proposal, ...]) -> Clause:
    """The clause with this passage and these alternatives to the whole of it."""
    if not alternatives:
        return replace_clause(clause, inside, (), None)
    ordered = tuple(sorted(alternatives, key=lambda each: (each.sponsors[0][0], each.id)))
    tail = trailing(inside.items)
    base = hashlib.sha256(b"clause\0" + clause.id).digest()[:16]
    variants = [Variant(base, (inside,))]
    for each in ordered:
        said = _nested((*each.texts[0], *tail), each, inside.proposals)
        variants.append(_said(each, (said,)))
    identity = hashlib.sha256(b"choice\0" + clause.id + b"".join(sorted(each.id for each in ordered))).digest()[:16]
    return replace_clause(clause, inside, ordered, Slot(identity, Form.CLAUSE, tuple(variants)))


def replace_clause(clause: Clause, inside: Passage, alternatives: tuple[Proposal, ...], choice: Slot | None) -> Clause:
    """A clause anew, with what it is and where it came from kept."""
    return Clause(clause.id, clause.kind, clause.label, clause.level, clause.line, inside, alternatives, choice)


def place(clause: Clause, moves: Sequence[Move]) -> Clause:
    """The clause with these proposals to have it elsewhere."""
    if not moves:
        return clause
    ordered = sorted(moves, key=lambda each: (each.proposal.sponsors[0][0], each.proposal.id))
    base = hashlib.sha256(b"here\0" + clause.id).digest()[:16]
    variants = [Variant(base, (passage(()),))]
    for each in ordered:
        said = _said(each.proposal, (passage(()),))
        site = each.site.parent + b"/" + each.site.after
        variants.append(msgspec.structs.replace(said, site=site, where=each.proposal.words[0]))
    identity = hashlib.sha256(b"placement\0" + clause.id + b"".join(sorted(each.proposal.id for each in moves)))
    slot = Slot(identity.digest()[:16], Form.PLACEMENT, tuple(variants))
    return Clause(
        clause.id, clause.kind, clause.label, clause.level, clause.line, clause.passage, clause.alternatives,
        clause.choice, slot,
    )  # fmt: skip


class Move(msgspec.Struct, frozen=True, eq=False, array_like=True):
    """A proposal to have a clause elsewhere; its words say where, for people.

    One that would put the clause under itself, or at a place that is gone, is inert: it is listed, and no variant.
    """

    proposal: Proposal
    site: Site
    inert: bool = False


class Addition(msgspec.Struct, frozen=True, eq=False, array_like=True):
    """A clause that is proposed, and where.  Without sponsors it was withdrawn; set aside it is out for good."""

    proposal: Proposal
    site: Site
    set_aside: bool = False


def offered(clause: Clause, proposal: Proposal, below: Iterable[Item]) -> Slot:
    """A clause that is proposed, with what is proposed below it: it, or nothing."""
    name = hashlib.sha256(b"addition\0" + clause.id).digest()[:16]
    nothing = Variant(hashlib.sha256(b"absent\0" + clause.id).digest()[:16], (passage(()),), written=False)
    return Slot(name, Form.ADDITION, (nothing, _said(proposal, (passage((clause, *below)),))))


def trailing(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The blanks at the end of a clause, which an alternative to it leaves standing."""
    last = items[-1] if items else None
    if not isinstance(last, Run):
        return ()
    kept = len(last.text.rstrip())
    return (Run(last.container, last.lo + kept, last.text[kept:]),) if kept < len(last.text) else ()


# --- deciding -----------------------------------------------------------------------------------


class Decided(msgspec.Struct, frozen=True, eq=False):
    """A passage after one of its slots was settled: what stands, what is still live, what fell."""

    items: tuple[Item, ...]
    proposals: tuple[Proposal, ...]
    taken: tuple[Proposal, ...]
    set_aside: tuple[Proposal, ...]


def decide(
    items: tuple[Item, ...], proposals: tuple[Proposal, ...], slot: NodeId, chosen: tuple[NodeId, ...]
) -> Decided | None:
    """Settles the slot of that id among these items or in the words of a proposal; None where it is not here.

    `chosen` was checked against the slot's variants: one of them, or any of a bag.
    """
    laid = Laid(items)
    for component in components(laid, proposals):
        if component.id == slot:
            taken = tuple(each for each in component.proposals if each.id in chosen)
            fallen = _fallen(component, taken, proposals)
            after = _applied(laid, component, set(chosen))
            gone = {each.id for each in (*component.proposals, *fallen)}
            live = tuple(each for each in proposals if each.id not in gone)
            return Decided(after, live, taken, fallen)
    for proposal in proposals:
        if (changed := decide_inside(proposal, proposals, slot, chosen)) is not None:
            altered, inner = changed
            live = tuple(altered if each.id == altered.id else each for each in inner.proposals)
            return Decided(items, live, inner.taken, inner.set_aside)
    return None


def decide_inside(
    proposal: Proposal, proposals: tuple[Proposal, ...], slot: NodeId, chosen: tuple[NodeId, ...]
) -> tuple[Proposal, Decided] | None:
    """The same in the words of one proposal: the proposal with the words that were chosen."""
    for index, text in enumerate(proposal.texts):
        laid = Laid(text)
        found = next((each for each in components(laid, proposals) if each.id == slot), None)
        if found is None:
            continue
        taken = tuple(each for each in found.proposals if each.id in chosen)
        fallen = _fallen(found, taken, proposals)
        texts = list(proposal.texts)
        texts[index] = tuple(item for item in _applied(laid, found, set(chosen)) if isinstance(item, Run))
        gone = {each.id for each in (*found.proposals, *fallen)}
        live = tuple(each for each in proposals if each.id not in gone)
        return msgspec.structs.replace(proposal, decided=tuple(texts)), Decided((), live, taken, fallen)
    return None


def _applied(laid: Laid, component: Component, chosen: set[NodeId]) -> tuple[Item, ...]:
    order = {each.id: place for place, each in enumerate(component.proposals)}
    holds = [hold for group in component.groups for hold in group if hold.proposal.id in chosen]
    holds.sort(key=lambda each: (each.lo, each.hi, order[each.proposal.id]))
    return tuple(laid.with_holds(0, laid.end, holds))


def _fallen(component: Component, taken: tuple[Proposal, ...], proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """What was not taken, with the proposals on it."""
    kept = {each.id for each in taken}
    lost = tuple(each for each in component.proposals if each.id not in kept)
    below = _below(
        tuple(
            each
            for each in proposals
            if any(place.container in other.containers for other in lost for place in each.hunks)
        ),
        proposals,
    )
    return (*lost, *(each for each in below if each.id not in kept))
