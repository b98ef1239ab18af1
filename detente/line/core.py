"""The part of a line that is neither in its log nor in its acts: how it is put down and taken up again.

Leaves and acts are stored entry by entry; everything here changes with every step and is small: the
group, who cosigned what, the spans of the quorum, an own commit or arrival on its way.  `restore` folds the
acts again and so ends in the state that it left, or the store is not to be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from detente.acts import act as acts
from detente.acts.act import Verified
from detente.acts.procedure import LineState, Registry, fold
from detente.ground.errors import Malformed, Unfit
from detente.ground.identifiers import LineId, PartyId, Position
from detente.ground.instants import Instant
from detente.line.engine import Arrival, Held, Line, Pending
from detente.line.quorum import Span
from detente.line.terms import Outcome, Received, Terms
from detente.mls.group import Group, PendingCommit
from detente.mls.treemath import LeafIndex
from detente.tlog.leaf import Leaf
from detente.wire import canonical

_FOLDED = (Outcome.ADMITTED, Outcome.REFUSED, Outcome.NOT_UNDERSTOOD)


class PendingCore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An own commit on its way."""

    message: bytes
    welcome: bytes | None
    next: bytes
    tag: bytes
    epoch: int
    expected: int
    added: tuple[str, ...]
    removed: tuple[LeafIndex, ...]
    writers: tuple[bytes, ...]


class Witnessed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a member's cosignatures reach."""

    witness: bytes
    size: int


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act that was handed over and is not read yet."""

    position: int
    packed: bytes


class ArrivalCore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An own arrival that the chair's house is to take up."""

    message: bytes
    next: bytes


class _Both(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a line's core has in either version."""

    terms: Terms
    own: str
    group: bytes | None
    size: int
    root: bytes
    epoch: int
    confirmed: int
    spans: tuple[Span, ...]
    witnessed: tuple[Witnessed, ...]
    note: str
    checkpoints: int
    stuck: bool
    forked: bool
    joined_at: int
    handed: tuple[Given, ...]
    merged: tuple[int, ...]
    pending: PendingCore | None


class FirstCore(_Both, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="detente.line-core/1"):
    """Version 1: houses brought no arrivals yet, and one that was shut out waited for the next entry to be sure."""

    doubted: int | None


class Core(_Both, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="detente.line-core/2"):
    """Version 2 of a line's core."""

    arrival: ArrivalCore | None


def put_down(line: Line) -> bytes:
    """The canonical bytes of the line's core."""
    pending, arrival = line.pending, line.arrival
    return canonical.encode(
        Core(
            terms=line.terms,
            own=line.own,
            group=line.group.serialise() if line.group else None,
            size=line.size,
            root=line.tree.root(),
            epoch=line.epoch,
            confirmed=line.confirmed,
            spans=tuple(line.spans),
            witnessed=tuple(Witnessed(key, size) for key, size in sorted(line.witnessed.items())),
            note=line.note,
            checkpoints=line.checkpoints,
            stuck=line.stuck,
            forked=line.forked,
            joined_at=line.joined_at,
            handed=tuple(Given(place, packed) for place, packed in sorted(line.handed.items())),
            merged=tuple(sorted(line.merged)),
            pending=PendingCore(
                pending.commit.message,
                pending.commit.welcome,
                pending.commit.next.serialise(),
                pending.tag,
                pending.epoch,
                pending.expected,
                tuple(pending.added),
                pending.removed,
                pending.writers,
            )
            if pending
            else None,
            arrival=ArrivalCore(arrival.message, arrival.next.serialise()) if arrival else None,
        )
    )


def take_up(
    identifier: LineId, raw: bytes, registry: Registry, entries: Iterable[Received], held: Sequence[Held]
) -> Line:
    """The line as it was put down, or `Unfit` where its entries do not lead to the state that it left."""
    core = _read(raw)
    line = Line(
        id=identifier,
        terms=core.terms,
        own=PartyId(core.own),
        registry=registry,
        group=Group.load(core.group) if core.group is not None else None,
        spans=list(core.spans),
        witnessed={each.witness: each.size for each in core.witnessed},
        confirmed=core.confirmed,
        epoch=core.epoch,
        note=core.note,
        checkpoints=core.checkpoints,
        stuck=core.stuck,
        forked=core.forked,
        joined_at=core.joined_at,
        handed={each.position: each.packed for each in core.handed},
        merged=set(core.merged),
        held={each.tag: each for each in held},
        pending=_pending(core),
        arrival=Arrival(core.arrival.message, Group.load(core.arrival.next)) if core.arrival else None,
    )
    for entry in entries:
        refold(line, entry)
    if (line.size, line.tree.root()) != (core.size, core.root):
        raise Unfit("The stored entries of a line do not lead to the head that it left: the store is damaged.")
    return line


def _read(raw: bytes) -> Core:
    """A core of either version."""
    with suppress(Malformed):
        return canonical.decode(raw, Core)
    with suppress(Malformed):
        first = canonical.decode(raw, FirstCore)
        kept = {name: getattr(first, name) for name in _Both.__struct_fields__}
        return Core(**kept | {"stuck": first.stuck or first.doubted is not None}, arrival=None)
    raise Unfit("The stored core of a line cannot be read: the store is damaged, or newer than this program.")


def refold(line: Line, entry: Received) -> None:
    """Fold one stored entry again; it was verified when it was stored."""
    if entry.position != line.size:
        raise Unfit("An entry of a line is missing from the store.")
    leaf: Leaf = entry.leaf
    if entry.outcome in _FOLDED:
        raw, _ = acts.unpack(entry.packed)
        one = acts.decode(raw)
        identifier = acts.act_id(raw)
        act = Verified(
            identifier,
            line.id,
            PartyId(one.author),
            one.office,
            entry.position,
            Instant(leaf.time_ms),
            Position(one.seen),
            one.procedure,
            line.registry.body(one),
        )
        outcome = fold(line.registry, line.state, act)
        if isinstance(outcome, LineState) != (entry.outcome is not Outcome.REFUSED):
            raise Unfit("A stored act is judged otherwise than when it was stored: the store or the program changed.")
        line.known[identifier] = entry.position
        line.remember(act, outcome, entry.position)
    line.append(leaf)


def _pending(core: Core) -> Pending | None:
    pending = core.pending
    if pending is None or core.group is None:
        return None
    commit = PendingCommit(pending.message, pending.welcome, Group.load(core.group), Group.load(pending.next))
    added = tuple(PartyId(party) for party in pending.added)
    return Pending(commit, pending.tag, pending.epoch, pending.expected, added, pending.removed, pending.writers)
