"""A draft of settlements for the chair: for each open place the variant that nobody opposes, or why there is none.

It proposes and decides nothing.  A variant is proposed where all of this holds:

    somebody is known to want it    it has a sponsor, or a head that names who proposes it, or a supporter
    nobody stands against it        no head says "oppose", no party opposes or reserves its position
    nothing else is in its way      no other variant of the place is wanted as well; of a bag any number may be taken

Words at whose head stands nothing but who opposes them are those of the text: all others want them.  Where nobody is
named, where a place is kept for something, or where several are wanted, the reason is given instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detente.ground.identifiers import ActId
from detente.procedures.table import tree
from detente.procedures.table.acts import Stance
from detente.procedures.table.model import Text
from detente.procedures.table.tree import Document, Form, NodeId, Slot, Variant

OTHERS = "the others"
AGAINST = frozenset({Stance.OPPOSE, Stance.RESERVE})
FOR = frozenset({Stance.SUPPORT, Stance.SUPPORT_IN_PRINCIPLE, Stance.CAN_GO_WITH_CONSENSUS})

Said = Mapping[NodeId, tuple[tuple[str, Stance], ...]]  # proposal or variant -> what parties say of it


@dataclass(frozen=True)
class Drafted:
    """An open place with what could be settled there: `chosen` is empty where nothing is proposed."""

    slot: NodeId
    line: int
    form: Form
    chosen: tuple[NodeId, ...]
    words: tuple[str, ...]
    reason: str


def positions(text: Text) -> Said:
    """What parties say of the live proposals of a text on the table."""
    found: dict[NodeId, list[tuple[str, Stance]]] = {}
    for target in sorted(text.positions):
        operation = text.operations.get(ActId(target))
        if operation is not None:
            said = found.setdefault(operation.proposal, [])
            said += [(party, each.stance) for party, each in sorted(text.positions[target].items())]
    return {proposal: tuple(said) for proposal, said in found.items()}


def draft(document: Document, said: Said | None = None) -> tuple[Drafted, ...]:
    """The draft for a text: one entry for each open place that stands in no other, in the order of the text.

    `said` is what parties say of live proposals and of imported variants, by their ids.
    """
    return tuple(_drafted(slot, said or {}) for slot in _outermost(document))


def _outermost(document: Document) -> Iterator[Slot]:
    """The slots that are no part of another: what lies within a variant waits until it is taken."""
    within: set[NodeId] = set()
    for slot in tree.slots(document.passage):
        if slot.id not in within:
            yield slot
            within |= {inner.id for variant in slot.variants for place in variant.places for inner in tree.slots(place)}


def _drafted(slot: Slot, said: Said) -> Drafted:
    if slot.placeholder:
        return _none(slot, "A place is kept here for something that is not there yet.")
    wanted = {variant.id: _wanted_by(variant, said) for variant in slot.variants}
    against = {variant.id: _opposed_by(variant, said) for variant in slot.variants}
    free = [variant for variant in slot.variants if wanted[variant.id] and not against[variant.id]]
    if free and (slot.form is Form.BAG or len([each for each in slot.variants if wanted[each.id]]) == 1):
        supporters = "; ".join(", ".join(wanted[variant.id]) for variant in free)
        return _chosen(slot, free, f"{supporters}: wanted, and nobody stands against it.")
    if not any(wanted.values()) and not any(against.values()):
        return _none(slot, "Nobody is named who wants these words or stands against them.")
    if len(free) > 1:
        return _none(slot, f"{len(free)} variants are wanted, and nobody stands against any of them.")
    opposing = ", ".join(dict.fromkeys(party for parties in against.values() for party in parties))
    return _none(slot, f"{opposing or 'Those who want another variant'} would have to agree.")


def _wanted_by(variant: Variant, said: Said) -> tuple[str, ...]:
    if variant.attributions and all(each.verb == "oppose" for each in variant.attributions):
        return (OTHERS,)
    heads = (party for each in variant.attributions if each.verb != "oppose" for party in each.parties)
    stances = (party for party, stance in said.get(variant.id, ()) if stance in FOR)
    return tuple(dict.fromkeys((*variant.sponsors, *heads, *stances)))


def _opposed_by(variant: Variant, said: Said) -> tuple[str, ...]:
    heads = (party for each in variant.attributions if each.verb == "oppose" for party in each.parties)
    stances = (party for party, stance in said.get(variant.id, ()) if stance in AGAINST)
    return tuple(dict.fromkeys((*heads, *stances)))


def _chosen(slot: Slot, variants: list[Variant], reason: str) -> Drafted:
    words = tuple("".join(tree.written(variant.passage)) for variant in variants)
    return Drafted(slot.id, slot.line, slot.form, tuple(variant.id for variant in variants), words, reason)


def _none(slot: Slot, reason: str) -> Drafted:
    return Drafted(slot.id, slot.line, slot.form, (), (), reason)
