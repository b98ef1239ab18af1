"""Where each party stands: the text as one would have it, and who is in the way of agreement.

A standpoint decides slots by who is said to want what: by the heads that an imported text writes (`[BEL propose: x]`,
`[COR oppose: y]`) and by the sponsors of live proposals.  It decides no slot of which nobody says who wants what;
a reading (readings.py) is made of it and puts one variant into those as well.

| what is written                | it means                       | base      | as BEL has it | as COR has it |
|--------------------------------|--------------------------------|-----------|---------------|---------------|
| `[COR oppose: T]`              | T stands, COR wants it out     | T         | T             | nothing       |
| `[COR reserve: T]`             | T stands, COR may want it out  | T         | T             | open          |
| `[BEL: T]`, `[BEL propose: T]` | BEL wants T in                 | nothing   | T             | nothing       |
| `[BEL propose; COR oppose: T]` | the same, and COR does not     | nothing   | T             | nothing       |
| `[BEL: a][COR: b]`             | one or the other               | open      | a             | b             |
| `[T]`, `[a][b]`, options       | nobody says who                | open      | open          | open          |
| a live proposal of BEL         | the words there, or BEL's      | the words | BEL's         | the words     |

What nobody is said to want stays open, in its brackets, from every standpoint: whoever guessed would put words
into somebody's mouth.

Who stands in the way (`blocking`): whoever opposes or reserves, and, where two variants are written, all who want
one of them; UNNAMED where rivals are written and nobody is said to want one.  Nothing here decides for anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Final, TypeAlias

from detente.procedures.table.layout import EVERY, Block, Decide, Decision
from detente.procedures.table.tree import Form, Slot, Variant

UNNAMED: Final = "?"
_AGAINST: Final[frozenset[str | None]] = frozenset({"oppose", "reserve"})
_FOR: Final[frozenset[str | None]] = frozenset({None, "propose", "alternative", "support"})
_VERBS: Final[frozenset[str | None]] = _FOR | _AGAINST | {"considering"}

Names: TypeAlias = Mapping[str, str] | None  # the codes by which sponsors of live proposals are called


class Standing(Enum):
    """How far a paragraph of a text on file has come; a text on a table has statuses of its own (views.py)."""

    CLEAN = "clean"  # nothing in it is to be decided
    OPEN = "open"  # something is, and nobody stands in the way of anybody
    CONTESTED = "contested"  # rivals, or somebody who opposes


def base(slot: Slot) -> Decision:
    """What stands without anybody's proposal; open where no one can tell."""
    if slot.form.proposed:
        return slot.variants[0] if slot.form is not Form.BAG else None
    doubted = [each for each in slot.variants if each.attributions and not _codes(each, _VERBS - _AGAINST)]
    if doubted:
        return doubted[0]
    wanted = any(_codes(each, _FOR) for each in slot.variants)
    return (_nothing(slot) or EVERY) if wanted else EVERY


def as_party(code: str, names: Names = None) -> Decide:
    """The text as one party would have it: its words, the base where it is silent, open where nobody can tell."""

    def decide(slot: Slot) -> Decision:
        own = [each for each in slot.variants if code in _wanted(each, names)]
        if own:
            return own[0]
        if any(code in _codes(each, _AGAINST - {"oppose"}) for each in slot.variants):
            return EVERY
        if any(code in _codes(each, {"oppose"}) for each in slot.variants):
            return _nothing(slot) or EVERY
        return base(slot)

    return decide


def opposes(code: str, variant: Variant) -> bool:
    """Whether that party is said to oppose these words."""
    return code in _codes(variant, {"oppose"})


def blocking(slot: Slot, names: Names = None) -> tuple[str, ...]:
    """Who stands in the way in this slot alone, in alphabetical order; empty where nobody does."""
    against = {code for variant in slot.variants for code in _codes(variant, _AGAINST)}
    written = [variant for variant in slot.variants if variant.written]
    rivals: set[str] = set()
    if len(written) > 1 and slot.form is not Form.BAG:
        rivals = {code for variant in written for code in _wanted(variant, names)} or {UNNAMED}
    elif against:
        rivals = {code for variant in written for code in _wanted(variant, names)}
    return tuple(sorted(against | rivals))


def who_blocks(slots: Iterable[Slot], names: Names = None) -> tuple[str, ...]:
    """The same over several slots."""
    return tuple(sorted({code for slot in slots for code in blocking(slot, names)}))


def slots_of(block: Block) -> tuple[Slot, ...]:
    """Every slot of which some of a variant lies in this paragraph, each once."""
    return tuple({each.slot.id: each.slot for each in block.stretches}.values())


def standing(slots: Iterable[Slot], names: Names = None) -> Standing:
    """How far what holds these slots has come."""
    found = tuple(slots)
    if not found:
        return Standing.CLEAN
    return Standing.CONTESTED if who_blocks(found, names) else Standing.OPEN


def only_what_blocks(blocks: Iterable[Block], names: Names = None) -> tuple[Block, ...]:
    """The paragraphs in which somebody stands in the way, each heading above them, in order."""
    kept: list[Block] = []
    above: list[Block] = []
    for block in blocks:
        if block.kind.value == "heading":
            above = [*(each for each in above if each.level < block.level), block]
        if who_blocks(slots_of(block), names):
            kept += [each for each in above if each not in kept and each is not block]
            kept.append(block)
    return tuple(kept)


def parties(slots: Iterable[Slot], names: Names = None) -> tuple[str, ...]:
    """Every party that is named anywhere, in alphabetical order."""
    found: set[str] = set()
    for slot in slots:
        for variant in slot.variants:
            found |= {code for each in variant.attributions for code in each.parties}
            found |= set(_live(variant, names))
    return tuple(sorted(found))


def _live(variant: Variant, names: Names) -> tuple[str, ...]:
    return tuple((names or {}).get(party, party) for party in variant.sponsors)


def _wanted(variant: Variant, names: Names) -> set[str]:
    """Who is said to want these words; a party that is only considering them is not."""
    return {*_live(variant, names), *_codes(variant, _FOR)}


def _codes(variant: Variant, verbs: AbstractSet[str | None]) -> set[str]:
    return {code for each in variant.attributions if each.verb in verbs for code in each.parties}


def _nothing(slot: Slot) -> Variant | None:
    return next((each for each in slot.variants if not each.written), None)
