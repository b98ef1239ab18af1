"""Readings of a text: which variant stands in each slot, for somebody's eyes.  `sheet.as_decided` takes them.

    base        what stood there before anybody proposed: in an imported bracket its words, unless they are said
                to be somebody's proposal, whoever opposes them; of alternatives the one that somebody wants out, or
                the first
    clean       what nobody contests: nothing of what is still to be decided
    as_party    what that party wants wherever it wants something, not what it opposes, and base elsewhere

What a head means is said once, in the table of standpoints.py.  A standpoint leaves open what nobody can tell; a
reading has words everywhere, so there it takes the first variant that the party does not oppose.

A reading is an aid for the eye.  It decides nothing, and it says of no party that it agreed.
"""

from __future__ import annotations

from detente.ground.errors import Malformed
from detente.procedures.table import standpoints, tree
from detente.procedures.table.layout import EVERY
from detente.procedures.table.sheet import Pick
from detente.procedures.table.standpoints import Names
from detente.procedures.table.tree import Document, Slot, Variant
from detente.wire import text as safety

_SHOWN = 12  # codes that a sentence names


def base(slot: Slot) -> Variant | None:
    """The words as they stood before anybody proposed."""
    told = standpoints.base(slot)
    return slot.variants[0] if told is EVERY else told


def clean(slot: Slot) -> Variant | None:
    """Nothing: only what is outside every slot stands."""
    del slot
    return None


def as_party(code: str, names: Names = None) -> Pick:
    """The text as that party would have it.  `names` gives the codes of those who sponsor live proposals."""
    standpoint = standpoints.as_party(code, names)

    def pick(slot: Slot) -> Variant | None:
        told = standpoint(slot)
        if told is not EVERY:
            return told
        return next((each for each in slot.variants if not standpoints.opposes(code, each)), slot.variants[0])

    return pick


def parties(document: Document, names: Names = None) -> tuple[str, ...]:
    """The codes of those who want something in the text or are named in its brackets, in order of their letters."""
    return standpoints.parties(tree.slots(document.passage), names)


def named(document: Document, name: str, names: Names = None) -> Pick:
    """The reading of that name: `base`, `clean`, or a party's code; `Malformed` with the codes that there are."""
    if name == "base":
        return base
    if name == "clean":
        return clean
    known = parties(document, names)
    if name in known or name in (names or {}).values():
        return as_party(name, names)
    there = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    raise Malformed(
        f"The text names no party “{safety.visible(name[:40])}”; "
        + (f"it names {there}." if known else "it names none.")
    )
