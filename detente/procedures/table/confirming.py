"""What the importer inferred, and what the chair says of it.

Nobody writes down whether `[shall][should]` is a choice between the two, or twice a bracket round words that may
stand or not.  The importer infers it and says so (`Slot.inferred`).  The chair confirms in bulk: these exclude each
other, as was inferred; those are independent of each other, and each becomes a bracket of its own.  No word changes.
"""

from __future__ import annotations

import msgspec

from detente.acts.act import Verified
from detente.acts.facts import Facts
from detente.ground.errors import Refused
from detente.procedures.table import tree
from detente.procedures.table.acts import Confirm
from detente.procedures.table.model import Held, Text, entry, recorded, tallied, top_of, with_held
from detente.procedures.table.tree import IMPORTED, Form, Item, NodeId, Run, Slot, Variant, path_id

MOST_CONFIRMED = 20_000


def confirm(text: Text, _facts: Facts, act: Verified, body: Confirm) -> Text | Refused:
    """The text with inferences of the import confirmed, or said to be wrong."""
    named = (*body.exclusive, *body.independent)
    if not 1 <= len(named) <= MOST_CONFIRMED or len(set(named)) != len(named):
        return Refused("What is confirmed are inferred places, each named once.", rule="table.choice")
    for name in named:
        held = top_of(text, name)
        slot = held.ground.nodes.get(name) if held is not None else None
        if held is None or not isinstance(slot, Slot) or not slot.inferred:
            return Refused("That place was not inferred, or is no longer open.", rule="table.target")
        if name in body.exclusive:
            text = _replaced(text, held, slot, (msgspec.structs.replace(slot, inferred=False, digest=b""),))
        elif slot.form is Form.EXCLUSIVE:
            text = _divided(text, held, slot)
        else:
            return Refused("Only what was taken for alternatives can be independent.", rule="table.choice")
    ledger = tallied(text.ledger, add=entry("confirmed", act.id))
    return recorded(msgspec.structs.replace(text, ledger=ledger), act, "confirm", tree.IMPORTED, act.id)


def _divided(text: Text, held: Held, slot: Slot) -> Text:
    """The text with each variant of a slot as a bracket of its own."""
    above = held.ground.above[slot.id]
    brackets = tuple(_bracket(slot, place, variant) for place, variant in enumerate(slot.variants))
    divided = text.divided.update({variant.id: new.id for variant, new in zip(slot.variants, brackets, strict=True)})
    divided = divided.update({new.id: above for new in brackets})
    more = text.more + len(brackets) - 1
    return _replaced(msgspec.structs.replace(text, divided=divided, more=more), held, slot, brackets)


def _bracket(slot: Slot, place: int, variant: Variant) -> Slot:
    """One variant as a bracket: its words, or nothing.  The blank before it goes with its words."""
    name = path_id(slot.id, "independent", place)
    nothing = Variant(path_id(name, "nothing", 0), (tree.passage(()),), written=False)
    gap = len(variant.lead) - len(variant.lead.lstrip())
    first = next((item for item in variant.passage.items if isinstance(item, Run)), None)
    if gap and first is not None:
        blank = Run(IMPORTED, first.lo - len(variant.lead), variant.lead[:gap])
        variant = msgspec.structs.replace(variant, lead=variant.lead[gap:], space=blank)
    return Slot(name, Form.BRACKET, (variant, nothing), slot.line)


def _replaced(text: Text, held: Held, slot: Slot, fresh: tuple[Slot, ...]) -> Text:
    home: NodeId = held.ground.above[slot.id]
    around = held.ground.nodes[home]
    items: list[Item] = []
    for item in () if isinstance(around, Slot) else around.passage.items:
        items.extend(fresh if item is slot else (item,))
    return with_held(text, held.grounded(held.ground.changed(home, tuple(items)), {})[0])
