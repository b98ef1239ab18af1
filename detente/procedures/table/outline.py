"""In which order the top clauses of a text stand, and which stand under which.

A text is read as a row of clauses; a heading of the second level under one of the first, a point under its
paragraph.  This is the order that can be argued about: a clause may be proposed at a place, or a clause that
stands may be proposed elsewhere, and neither may depend on who was first to say so.

A *site* is a place under a parent, right after another site of the same parent, or first.  Clauses stand at
sites, and sites never change: a clause that is moved leaves its site empty, and those that were placed after
it stay where they were.  Sites after the same one stand in the order of their ranks, what was imported last
(a replicated growable array, after Roh and others, 2011, with hashes for clocks).  So the order is a function
of the set of sites, whichever came first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec
from immutables import Map

from detente.procedures.table.tree import Clause, ClauseKind, NodeId

WHOLE: NodeId = b""
SiteId = bytes  # of a clause's first site: the id of the clause; of a further one: of the proposal that it came by


class Site(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A place for a clause: under a parent (empty: at the top), right after another site (empty: first)."""

    clause: NodeId
    parent: NodeId
    after: SiteId
    rank: bytes = b""  # empty: imported


class Outline(msgspec.Struct, frozen=True, eq=False, dict=True):
    """All sites, and at which of them each clause stands."""

    sites: Map[SiteId, Site] = Map()
    current: Map[NodeId, SiteId] = Map()
    below: Map[NodeId, tuple[SiteId, ...]] = Map()  # parent -> sites, in no order

    def with_site(self, name: SiteId, site: Site, *, standing: bool = True) -> Outline:
        """With one site more; its clause stands there from now on, or the site is empty."""
        below = self.below
        if name not in self.sites:
            below = below.set(site.parent, (*below.get(site.parent, ()), name))
        current = self.current.set(site.clause, name) if standing else self.current
        return Outline(self.sites.set(name, site), current, below)

    def site(self, clause: NodeId) -> Site | None:
        """Where a clause stands."""
        name = self.current.get(clause)
        return None if name is None else self.sites[name]

    def ways(self, clause: NodeId) -> Iterator[NodeId]:
        """The clause, its parent, and so on up to the top clause; the whole text is not named."""
        while clause != WHOLE:
            yield clause
            site = self.site(clause)
            clause = site.parent if site is not None else WHOLE

    def children(self, parent: NodeId) -> tuple[NodeId, ...]:
        """The clauses right under a clause (empty: at the top), in order."""
        known = self._children.get(parent)
        if known is None:
            known = self._children[parent] = tuple(self._ordered(parent))
        return known

    @cached_property
    def _children(self) -> dict[NodeId, tuple[NodeId, ...]]:
        return {}

    def _ordered(self, parent: NodeId) -> Iterator[NodeId]:
        behind: dict[SiteId, list[SiteId]] = {}
        for name in self.below.get(parent, ()):
            behind.setdefault(self.sites[name].after, []).append(name)
        for followers in behind.values():
            followers.sort(key=self._rank, reverse=True)  # they wait on a stack
        waiting = behind.get(WHOLE, [])
        while waiting:
            name = waiting.pop()
            clause = self.sites[name].clause
            if self.current.get(clause) == name:
                yield clause
            waiting.extend(behind.get(name, ()))

    def _rank(self, name: SiteId) -> tuple[bool, bytes]:
        rank = self.sites[name].rank
        return (not rank, rank)

    @cached_property
    def order(self) -> tuple[NodeId, ...]:
        """Every clause that can be reached from the top, in the order in which they are read."""
        return tuple(self.under(WHOLE))

    @cached_property
    def reached(self) -> frozenset[NodeId]:
        """The same clauses, in no order."""
        return frozenset(self.order)

    def under(self, parent: NodeId) -> Iterator[NodeId]:
        """Every clause below this one, in the order in which they are read."""
        waiting = list(reversed(self.children(parent)))
        while waiting:
            clause = waiting.pop()
            yield clause
            waiting.extend(reversed(self.children(clause)))


def outline_of(clauses: Iterable[Clause]) -> Outline:
    """The outline of a text just imported, from the levels of its clauses.

    Notes, and what stands before a text, hold nothing: what follows them stands under what stood before.
    """
    sites: dict[SiteId, Site] = {}
    below: dict[NodeId, list[SiteId]] = {}
    open_: list[Clause] = []
    for clause in clauses:
        leaf = clause.kind in {ClauseKind.NOTE, ClauseKind.FRONT}
        while open_ and not leaf and open_[-1].level >= clause.level:
            open_.pop()
        parent = open_[-1].id if open_ else WHOLE
        before = below.setdefault(parent, [])
        sites[clause.id] = Site(clause.id, parent, before[-1] if before else WHOLE)
        before.append(clause.id)
        if not leaf:
            open_.append(clause)
    found = {parent: tuple(names) for parent, names in below.items()}
    return Outline(Map(sites), Map({each: each for each in sites}), Map(found))


def placed(outline: Outline, name: SiteId, site: Site) -> Outline | None:
    """With the clause of a site standing there, and all below it; None where it would stand under itself."""
    if site.clause in outline.ways(site.parent):
        return None
    return outline.with_site(name, site)
