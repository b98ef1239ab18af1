"""Readings of a text: which variant stands in each slot, for somebody's eyes.  `sheet.as_decided` takes them.

    base        what stood there before anybody proposed: in an imported bracket its words, unless they are said
                to be somebody's proposal; of alternatives the one that somebody opposes, or the first
    clean       what nobody contests: nothing of what is still to be decided
    as_party    what that party wants wherever it wants something, not what it opposes, and base elsewhere

A reading is an aid for the eye.  It decides nothing, and it says of no party that it agreed.
"""

from __future__ import annotations

from detente.ground.errors import Malformed
from detente.procedures.table import tree
from detente.procedures.table.sheet import Pick
from detente.procedures.table.standpoints import Names
from detente.procedures.table.tree import Document, Form, Slot, Variant
from detente.wire import text as safety

_SHOWN = 12  # codes that a sentence names
_AGAINST = "oppose"
_FOR = frozenset({None, "propose", "support", "alternative"})


def base(slot: Slot) -> Variant | None:
    """The words as they stood before anybody proposed."""
    if slot.form is Form.BAG:
        return None
    opposed = next((each for each in slot.variants if _said(each, frozenset({_AGAINST}))), None)
    if opposed is not None:
        return opposed  # what somebody wants to have out is in
    first = slot.variants[0]
    return slot.variants[-1] if slot.form is Form.BRACKET and _said(first, _FOR) else first


def clean(slot: Slot) -> Variant | None:
    """Nothing: only what is outside every slot stands."""
    del slot
    return None


def as_party(code: str, names: Names = None) -> Pick:
    """The text as that party would have it.  `names` gives the codes of those who sponsor live proposals."""

    def pick(slot: Slot) -> Variant | None:
        wanted = next((variant for variant in slot.variants if _wants(code, variant, names)), None)
        if wanted is not None:
            return wanted
        usual = base(slot)
        if usual is None or not _opposes(code, usual):
            return usual
        return next((variant for variant in slot.variants if not _opposes(code, variant)), None)

    return pick


def _said(variant: Variant, verbs: frozenset[str | None]) -> bool:
    return any(each.verb in verbs for each in variant.attributions)


def _wants(code: str, variant: Variant, names: Names) -> bool:
    said = any(code in each.parties and each.verb in _FOR for each in variant.attributions)
    return said or code in _sponsors(variant, names)


def _sponsors(variant: Variant, names: Names) -> tuple[str, ...]:
    return tuple((names or {}).get(party, party) for party in variant.sponsors)


def _opposes(code: str, variant: Variant) -> bool:
    return any(code in each.parties and each.verb == _AGAINST for each in variant.attributions)


def parties(document: Document, names: Names = None) -> tuple[str, ...]:
    """The codes of those who want something in the text or are named in its brackets, in order of their letters."""
    found = {
        code
        for node in tree.walk(document.passage)
        if isinstance(node, Variant)
        for code in (*_sponsors(node, names), *(each for said in node.attributions for each in said.parties))
    }
    return tuple(sorted(found))


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
