"""One slot is decided: its words come to stand, what was not taken falls, and what stood on it falls with it.

To settle is to dissolve a slot: the words of the variant that is taken stand in its place, with the slots and
the live proposals in them; what stood on the variants that were not taken is set aside, and keeps its place in
the history.  Whether this may be done, and on what it rests, is told in deciding.py.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from detente.acts.act import Verified
from detente.ground.errors import Refused
from detente.procedures.table import tree
from detente.procedures.table.acts import Choice
from detente.procedures.table.model import (
    Fate,
    Held,
    Proposals,
    Settlement,
    Text,
    entry,
    fated,
    recorded,
    tallied,
    top_of,
    with_held,
)
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.placing import STILL_PROPOSED, add_decided, move_decided
from detente.procedures.table.tree import IMPORTED, Clause, Form, Item, NodeId, Passage, Proposal, Slot, Variant
from detente.procedures.table.weave import Decided, decide, decide_inside, offered, trailing

_NO_SLOT = Refused("There is no such open place in that clause.", rule="table.target")
_NO_VARIANT = Refused("Exactly one of the variants of that place has to be taken.", rule="table.choice")


def choose(text: Text, act: Verified, body: Choice) -> Text | Refused:
    """The text with one slot decided; what the choice says of the content was checked before."""
    held = top_of(text, body.scope)
    if held is None:
        return _NO_SLOT
    if (placed := _settle_place(text, act, body, held)) is not None:
        return placed
    place = held.ground.nodes.get(body.slot)
    if isinstance(place, Slot):
        return _settle_imported(text, act, body, held, place)
    seen = held.seen(body.scope)
    if isinstance(seen, Clause) and seen.choice is not None and seen.choice.id == body.slot:
        return _settle_clause(text, act, body, held, seen.choice)
    return _settle_proposals(text, act, body, held)


def _settle_place(text: Text, act: Verified, body: Choice, held: Held) -> Text | Refused | None:
    """Whether a clause comes into the text, or where it stands; None where the slot is neither."""
    placement = held.clause.placement
    if placement is not None and placement.id == body.slot:
        if not _chosen_well(placement, body.chosen):
            return _NO_VARIANT
        outcome = move_decided(text, body.scope, body.chosen[0])
        return outcome if isinstance(outcome, Refused) else _settled(outcome, act, body, imported=False)
    addition = text.additions.get(body.scope)
    slot = offered(held.clause, addition.proposal, ()) if addition is not None else None
    if addition is None or slot is None or slot.id != body.slot:
        return None
    if body.scope not in text.seen.order:
        return _NO_SLOT
    if not _chosen_well(slot, body.chosen):
        return _NO_VARIANT
    taken = body.chosen[0] == body.scope
    if taken and addition.site.parent != WHOLE and addition.site.parent not in text.outline.current:
        return STILL_PROPOSED
    return _settled(add_decided(text, body.scope, taken=taken), act, body, imported=False)


def _settle_imported(text: Text, act: Verified, body: Choice, held: Held, slot: Slot) -> Text | Refused:
    ground = held.ground
    if ground.clause_of(slot.id) != body.scope:
        return _NO_SLOT
    taken = next((each for each in slot.variants if (each.id,) == body.chosen), None)
    if taken is None:
        return _NO_VARIANT
    home = ground.above[slot.id]
    around = ground.nodes[home]
    items: list[Item] = []
    for item in () if isinstance(around, Slot) else around.passage.items:
        items.extend(taken.words if item is slot else (item,))
    live = (*held.proposals.get(home, ()), *held.proposals.get(taken.id, ()))
    after, lost = held.grounded(ground.changed(home, tuple(items)), {home: live, taken.id: ()})
    changed = fated(with_held(text, after), _operations(lost), Fate.SET_ASIDE)
    return _settled(changed, act, body, imported=True)


def _settle_clause(text: Text, act: Verified, body: Choice, held: Held, slot: Slot) -> Text | Refused:
    if len(body.chosen) != 1 or body.chosen[0] not in {each.id for each in slot.variants}:
        return _NO_VARIANT
    name = body.scope
    bare = held.ground.nodes[name]
    on_words, alternatives = held.proposals.get(name, ()), held.alternatives[name]
    taken = next((each for each in alternatives if each.id == body.chosen[0]), None)
    lost = [each for each in alternatives if each is not taken]
    ground = held.ground
    if taken is None or not isinstance(bare, Clause):
        gone = {container for each in lost for container in each.containers}
        kept = tuple(p for p in on_words if not any(place.container in gone for place in p.hunks))
    else:
        ground = ground.changed(name, (*taken.texts[0], *trailing(bare.passage.items)))
        kept = _standing_on(on_words, {run.container for run in taken.texts[0]} | set(taken.containers))
    lost += [each for each in on_words if each not in kept]
    after, fallen = held.offered(name, ()).grounded(ground, {name: kept})
    changed = fated(with_held(text, after), _operations((*lost, *fallen)), Fate.SET_ASIDE)
    if taken is not None:
        changed = fated(changed, _operations([taken]), Fate.TAKEN)
    return _settled(changed, act, body, imported=False)


def _standing_on(proposals: Proposals, containers: set[bytes]) -> Proposals:
    """The proposals on these containers, and those on them in turn."""
    kept: list[Proposal] = []
    waiting = list(proposals)
    grew = True
    while grew:
        fits = [each for each in waiting if all(place.container in containers - {IMPORTED} for place in each.hunks)]
        waiting = [each for each in waiting if each not in fits]
        containers = containers | {container for each in fits for container in each.containers}
        kept += fits
        grew = bool(fits)
    return tuple(kept)


def _settle_proposals(text: Text, act: Verified, body: Choice, held: Held) -> Text | Refused:
    """A slot that proposals made: on the words of the clause or of a variant in it, or within a proposal."""
    homes = [home for home in (*held.proposals, *held.alternatives) if held.ground.clause_of(home) == body.scope]
    for home in dict.fromkeys(homes):
        slot = _woven_slot(held, home, body.slot)
        if slot is None:
            continue
        if not _chosen_well(slot, body.chosen):
            return _NO_VARIANT
        return _settle_woven(text, act, body, held, home)
    return _NO_SLOT


def _woven_slot(held: Held, home: NodeId, slot: NodeId) -> Slot | None:
    """A slot of proposals that is seen in this clause or variant, not counting the clauses within."""
    node = held.seen(home)
    waiting: list[Item | Passage | Variant] = [tree.clause_inside(node) if isinstance(node, Clause) else node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Slot):
            if each.id == slot:
                return each
            if each.form.proposed:
                waiting.extend(each.variants)
        elif isinstance(each, Variant):
            waiting.extend(each.places)
        elif isinstance(each, Passage):
            waiting.extend(each.woven)
    return None


def _chosen_well(slot: Slot, chosen: tuple[NodeId, ...]) -> bool:
    known = {each.id for each in slot.variants}
    if slot.form is Form.BAG:
        return set(chosen) <= known and len(set(chosen)) == len(chosen)
    return len(chosen) == 1 and chosen[0] in known


def _settle_woven(text: Text, act: Verified, body: Choice, held: Held, home: NodeId) -> Text | Refused:
    outcome = _decided(held, home, body.slot, body.chosen)
    if outcome is None:
        return _NO_SLOT
    after, decided = outcome
    changed = fated(with_held(text, after), _operations(decided.taken), Fate.TAKEN)
    changed = fated(changed, _operations(decided.set_aside), Fate.SET_ASIDE)
    return _settled(changed, act, body, imported=False)


def _decided(held: Held, home: NodeId, slot: NodeId, chosen: tuple[NodeId, ...]) -> tuple[Held, Decided] | None:
    """The top clause with one slot of proposals decided, and what became of the proposals."""
    node = held.ground.nodes[home]
    items = () if isinstance(node, Slot) else node.passage.items
    live = held.proposals.get(home, ())
    decided = decide(items, live, slot, chosen)
    if decided is not None:
        ground = held.ground if decided.items is items else held.ground.changed(home, decided.items)
        after, fallen = held.grounded(ground, {home: decided.proposals})
        return after, msgspec.structs.replace(decided, set_aside=(*decided.set_aside, *fallen))
    alternatives = held.alternatives.get(home, ())
    for each in alternatives:
        if (altered := decide_inside(each, live, slot, chosen)) is not None:
            others = tuple(altered[0] if other is each else other for other in alternatives)
            return held.offered(home, others).grounded(held.ground, {home: altered[1].proposals})[0], altered[1]
    return None


def _settled(text: Text, act: Verified, body: Choice, *, imported: bool) -> Text:
    settlement = Settlement(act.id, act.position, body.chosen, imported)
    ledger = tallied(text.ledger, add=entry("settled", body.slot, *body.chosen, act.id))
    changed = msgspec.structs.replace(text, settled=text.settled.put(body.slot, settlement), ledger=ledger)
    return recorded(changed, act, "settle", body.scope, body.slot)


def _operations(proposals: Iterable[Proposal]) -> list[bytes]:
    return list(dict.fromkeys(operation for each in proposals for operation, _ in each.sponsors))
