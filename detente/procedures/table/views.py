"""What people see of a text: derived from the state, and derivable again.

    open_slots, next_slot   what is still to be decided, inner ones first, with all that a settlement names
    scope_hash              (model.py) the precondition of the next settlement in a clause
    rolling, page           the text as a tree of runs, slots and variants, with sponsors and states; a page of it
    projection              the words with one variant chosen everywhere: as one party would have it
    literal_brackets        strays and links, for the chair's correction
    status, summary         how far a clause and the whole have come

Nothing here recurses deeper than brackets nest, and the rules admit no text that nests deeper than
`rules.DEEPEST`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias, TypeVar, cast

import msgspec

from detente.acts.facts import Facts
from detente.ground.identifiers import ActId, PartyId, Position
from detente.procedures.table import tree
from detente.procedures.table.acts import Stance
from detente.procedures.table.agreeing import Status, accepted_by, content, status
from detente.procedures.table.deciding import literal
from detente.procedures.table.model import BLANK, NOTHING_SAID, Event, Fate, Held, Text
from detente.procedures.table.naming import names
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.rules import clean_text
from detente.procedures.table.tree import (
    Attribution,
    Clause,
    ContainerId,
    Echo,
    Form,
    Item,
    NodeId,
    Passage,
    Run,
    Slot,
    Variant,
)

T = TypeVar("T")

__all__ = ["Status", "accepted_by", "clean_text", "next_slot", "open_slots", "projection", "rolling", "status"]


# --- what is to be decided ----------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One variant of an open slot."""

    id: NodeId
    words: str
    sponsors: tuple[str, ...]
    operations: tuple[bytes, ...]
    attributions: tuple[Attribution, ...]
    open: int  # slots within it


@dataclass(frozen=True)
class OpenSlot:
    """A place to decide, with all that a `Settle` names."""

    id: NodeId
    form: Form
    scope: NodeId
    precondition: bytes  # as long as nothing in the scope changes
    choices: tuple[Choice, ...]
    label: str  # of the clause
    line: int
    inferred: bool
    placeholder: bool
    imported: bool


def open_slots(text: Text) -> list[OpenSlot]:
    """All open slots, what lies within a slot before the slot itself, otherwise in the order of the text.

    What stands below a clause that is proposed comes after it: it can only be decided then.
    """
    return list(_open(text))


def next_slot(text: Text) -> OpenSlot | None:
    """The first of them, found without walking through the rest."""
    return next(_open(text), None)


@dataclass(frozen=True)
class _Leave:
    """A slot whose inside was walked through."""

    slot: Slot


def _open(text: Text) -> Iterator[OpenSlot]:
    waiting: list[tuple[Item | Passage | _Leave, Clause | None]] = [(text.document.passage, None)]
    while waiting:
        node, scope = waiting.pop()
        match node:
            case _Leave():
                if scope is not None:
                    yield _open_slot(node.slot, scope)
            case Clause():
                if node.open:
                    waiting += [(each, node) for each in (node.placement, tree.clause_inside(node)) if each is not None]
            case Passage():
                if node.open:
                    waiting.extend((item, scope) for item in reversed(node.woven))
            case Slot(form=Form.ADDITION):
                clause, *below = node.variants[-1].passage.items  # what stands below it is decided after it
                waiting += [(item, None) for item in reversed(below)]
                waiting += [(_Leave(node), clause if isinstance(clause, Clause) else None), (clause, None)]
            case Slot():
                waiting.append((_Leave(node), scope))
                waiting.extend(
                    (place, scope) for variant in reversed(node.variants) for place in reversed(variant.places)
                )
            case _:
                pass


def _open_slot(slot: Slot, scope: Clause) -> OpenSlot:
    choices = tuple(
        Choice(
            variant.id,
            variant.where or "".join(piece for place in variant.places for piece in tree.written(place)),
            variant.sponsors,
            variant.operations,
            variant.attributions,
            sum(place.open for place in variant.places),
        )
        for variant in slot.variants
    )
    imported = not slot.form.proposed
    return OpenSlot(
        slot.id, slot.form, scope.id, scope.digest, choices, scope.label, slot.line or scope.line, slot.inferred,
        slot.placeholder, imported,
    )  # fmt: skip


# --- at a glance -----------------------------------------------------------------------------------


class Glance(msgspec.Struct, frozen=True):
    """How far one top clause has come, in a line."""

    id: NodeId
    kind: tree.ClauseKind
    label: str
    name: str  # what it is called, and nothing else in the text
    level: int
    words: str  # the first of them
    status: Status
    slots: int  # that came with the import and are open
    proposals: int  # that are live; edits that say the same are one


def overview(text: Text, facts: Facts) -> list[Glance]:
    """Every top clause in a line.  Nothing is woven for it where something is to be decided anyway."""
    return [_glance(text, facts, text.clauses[each]) for each in text.order]


def _glance(text: Text, facts: Facts, held: Held) -> Glance:
    clause = held.ground.clause
    at = status(text, facts, clause)
    live = sum(map(len, held.proposals.values())) + sum(map(len, held.alternatives.values()))
    words = " ".join(islice("".join(islice(tree.written(clause.passage), 4)).split(), 8))
    name = names(text).get(clause.id, "")
    return Glance(clause.id, clause.kind, clause.label, name, clause.level, words, at, clause.open, live)


class Changed(msgspec.Struct, frozen=True):
    """What happened to one clause: the id is empty for what was about the whole text."""

    clause: NodeId
    events: tuple[Event, ...]


def changes(text: Text, since: Position) -> list[Changed]:
    """What acts did from a position of the log on, clause by clause, the clause that changed last at the end.

    It costs what happened since, whatever lies before: the history is read from its end.
    """
    found: dict[NodeId, list[Event]] = {}
    for index in range(len(text.history) - 1, -1, -1):
        event = text.history[index]
        if event.at < since:
            break
        found.setdefault(event.clause, []).append(event)
    return [Changed(clause, tuple(reversed(events))) for clause, events in reversed(found.items())]


def standing_words(text: Text) -> str:
    """The text as it was imported and decided since, with the marks of the import and without any proposal."""
    order = text.outline.order
    blank = {text.index.unended: BLANK.text} if order and order[-1] != text.index.unended else {}
    return "".join(
        piece
        for each in order
        for piece in (*tree.written(text.clauses[each].ground.clause.passage), blank.get(each, ""))
    )


# --- the text as it reads -----------------------------------------------------------------------


def projection(text: Text, pick: Callable[[Slot], Variant | None]) -> str:
    """The words with one variant taken in every slot; None takes nothing.

    Marks go, and the spaces that belong to the words stay with them, as in a settlement.
    """

    def expand(slot: Slot, place: int) -> list[tree.Written]:
        variant = pick(slot)
        if variant is None:
            return []
        before = variant.space.text if variant.space else ""
        behind = variant.after.text if variant.after else ""
        return [before, variant.places[place], behind]

    return "".join(tree.written(text.document.placed(pick), expand))


def bracketed(text: Text) -> str:
    """The text as it stands, with the marks of the import and with brackets round the proposals."""
    return tree.render(text.document)


class Words(msgspec.Struct, frozen=True, gc=False):
    """Words that stand, and the act that brought them: None for the import."""

    text: str
    container: ContainerId
    lo: int


class ShownVariant(msgspec.Struct, frozen=True, gc=False):
    """One way to decide, with the parts of every place of its slot.

    `lead` and `tail` are its marks as they are written, with the space that belongs to the words: leads, parts
    and tails in their order are the text.
    """

    id: NodeId
    parts: tuple[Shown, ...]
    sponsors: tuple[str, ...]
    operations: tuple[bytes, ...]
    attributions: tuple[Attribution, ...]
    lead: str
    tail: str
    where: str  # of a placement: where the clause would stand


class ShownSlot(msgspec.Struct, frozen=True, gc=False):
    """A place to decide.  `further` is 0 at its first place, then counts its further places."""

    id: NodeId
    form: Form
    variants: tuple[ShownVariant, ...]
    inferred: bool
    placeholder: bool
    further: int
    line: int


class ShownClause(msgspec.Struct, frozen=True, gc=False):
    """A clause with its status."""

    id: NodeId
    kind: tree.ClauseKind
    label: str
    level: int
    line: int
    status: Status
    open: int
    name: str  # what it is called, and nothing else in the text; empty within an option
    digest: bytes  # of the clause itself: what a settlement in it names
    content: bytes  # of the clause with all below it: what an acceptance of it names
    parts: tuple[Shown, ...]
    placement: ShownSlot | None  # where that is to be decided: who would have it elsewhere


Shown: TypeAlias = Words | ShownSlot | ShownClause
_States: TypeAlias = Mapping[NodeId, tuple[Status, bytes, str]]


def rolling(text: Text, facts: Facts) -> tuple[Shown, ...]:
    """The text for a page: clauses, words, slots, variants, and who sponsors what.

    What is shown of a clause is kept with it, and made anew only where the clause or a status in it has changed.
    """
    return page(text, facts, 0, len(text.rows))


def page(text: Text, facts: Facts, first: int, most: int) -> tuple[Shown, ...]:
    """The same of at most so many rows (`Text.rows`) from one on, counted from 0.

    No other clause is woven for it, but for the content hash of a heading those below it whose hash nobody knows yet.
    """
    return tuple(
        _shown_top(text, facts, text.clauses[item.id]) if isinstance(item, Clause) else _shown_added(text, facts, item)
        for name in text.rows[first : first + most]
        for item in text.row(name)
    )


def _shown_added(text: Text, facts: Facts, item: Item) -> Shown:
    """A clause that is proposed, with those below it; or blanks between clauses."""
    if isinstance(item, Run):
        return Words(item.text, item.container, item.lo)
    inside = tree.passage((item,))
    states = {each.id: _state(text, facts, each) for each in tree.clauses(inside)}
    return _shown_passage(inside, states)[0]


def _shown_top(text: Text, facts: Facts, held: Held) -> Shown:
    states = {each: _state(text, facts, held.clauses[each]) for each in held.names}
    known = held.kept.get("rolling")
    if isinstance(known, _Kept) and known.states == states:
        return known.shown
    shown = _shown_clause(held.clause, states)
    held.kept["rolling"] = _Kept(states, shown)
    return shown


def _state(text: Text, facts: Facts, clause: Clause) -> tuple[Status, bytes, str]:
    return status(text, facts, clause), content(text, clause.id) or b"", names(text).get(clause.id, "")


class _Kept(msgspec.Struct, frozen=True):
    states: _States
    shown: ShownClause


def _shown_passage(inside: Passage, states: _States) -> tuple[Shown, ...]:
    shown: list[Shown] = []
    for item in inside.woven:
        match item:
            case Run():
                shown.append(Words(item.text, item.container, item.lo))
            case Slot():
                shown.append(_shown_slot(item, 0, states))
            case Echo():
                shown.append(_shown_slot(item.slot, item.place, states, further=True))
            case Clause():
                shown.append(_shown_clause(item, states))
    return tuple(shown)


def _shown_clause(clause: Clause, states: _States) -> ShownClause:
    parts: tuple[Shown, ...]
    if clause.choice is not None:
        parts = (_shown_slot(clause.choice, 0, states),)
    else:
        parts = _shown_passage(clause.passage, states)
    at, inside, name = states[clause.id]
    return ShownClause(
        clause.id, clause.kind, clause.label, clause.level, clause.line, at, clause.open, name, clause.digest,
        inside, parts,
        _shown_slot(clause.placement, 0, states) if clause.placement else None,
    )  # fmt: skip


def _shown_slot(slot: Slot, place: int, states: _States, *, further: bool = False) -> ShownSlot:
    variants = []
    seen = [variant for variant in slot.variants if variant.written]
    for variant in slot.variants:
        before = variant.space.text if variant.space and variant is seen[0] else ""
        behind = variant.after.text if variant.after and variant is seen[-1] else ""
        variants.append(
            ShownVariant(
                variant.id,
                _shown_passage(variant.places[place], states),
                variant.sponsors,
                variant.operations,
                variant.attributions,
                before + variant.lead,
                variant.tail + behind,
                variant.where,
            )
        )
    shown_place = max(place, 1) if further else 0
    return ShownSlot(slot.id, slot.form, tuple(variants), slot.inferred, slot.placeholder, shown_place, slot.line)


def stances(text: Text, operations: Iterable[bytes]) -> list[tuple[PartyId, Stance]]:
    """What parties said of the operations that make a variant."""
    return [
        (party, said.stance)
        for operation in operations
        for party, said in sorted(text.positions.get(operation, NOTHING_SAID).items())
    ]


# --- corrections, states, figures -------------------------------------------------------------


@dataclass(frozen=True)
class LiteralBracket:
    """A bracket that is no bracket of the text: where it is, for a `Correct`."""

    container: ContainerId
    offset: int
    sign: str
    scope: NodeId
    line: int  # of the clause


def literal_brackets(text: Text) -> list[LiteralBracket]:
    """Strays, and the brackets of links, in the order of the text; those within open slots too."""
    return [each for found in _of_rows(text, "literal brackets", _literal_brackets) for each in found]


def _literal_brackets(row: Passage) -> tuple[LiteralBracket, ...]:
    found: list[LiteralBracket] = []
    waiting: list[tuple[Item | Passage | Variant, Clause | None]] = [(row, None)]
    while waiting:
        node, scope = waiting.pop()
        match node:
            case Run() if scope is not None:
                found.extend(
                    LiteralBracket(node.container, node.lo + at, node.text[at], scope.id, scope.line)
                    for at in literal(node)
                )
            case Clause():
                waiting.append((tree.clause_inside(node), node))
            case Slot():
                waiting.extend((variant, scope) for variant in reversed(node.variants))
            case Variant():
                waiting.extend((place, scope) for place in reversed(node.places))
            case Passage():
                waiting.extend((item, scope) for item in reversed(node.woven))
            case _:
                pass
    return tuple(found)


def _of_rows(text: Text, name: str, told: Callable[[Passage], T]) -> Iterator[T]:
    """What is told of each row of the text; of a clause that stands it is kept until the next act on the clause."""
    for row in text.rows:
        kept = text.clauses[row].kept if row not in text.additions else {}
        if name not in kept:
            kept[name] = told(tree.passage(text.row(row)))
        yield cast("T", kept[name])


@dataclass(frozen=True)
class Summary:
    """Figures of a text."""

    slots_imported: int
    slots_settled: int  # of the imported ones, one act each
    slots_dropped: int  # of the imported ones: they fell with a variant that was not taken
    proposals_settled: int  # slots that parties' proposals had made
    open: int  # now, of both kinds
    corrected: int
    operations: dict[str, int]  # by fate
    orphans: tuple[ActId, ...]
    accepted_by: frozenset[PartyId]
    status: Status
    content_hash: bytes


def summary(text: Text, facts: Facts) -> Summary:
    """How far the text has come."""
    settled = sum(each.imported for each in text.settled.values())
    imported = len(text.index.slots) + text.more
    standing = sum(imported for imported, _ in _of_rows(text, "slots", _slots))
    fates = {fate.value: 0 for fate in Fate}
    for each in text.operations.values():
        fates[each.fate.value] += 1
    return Summary(
        slots_imported=imported,
        slots_settled=settled,
        slots_dropped=imported - settled - standing,
        proposals_settled=len(text.settled) - settled,
        open=text.document.passage.open,
        corrected=text.corrected,
        operations=fates,
        orphans=orphans(text),
        accepted_by=accepted_by(text),
        status=status(text, facts),
        content_hash=content(text, WHOLE) or b"",
    )


def inert(text: Text) -> list[tuple[NodeId, tuple[bytes, ...]]]:
    """Moves that cannot be made as the text stands: the clause, and the operations that propose it."""
    return [
        (clause, tuple(dict.fromkeys(name for name, _ in move.proposal.sponsors)))
        for clause in sorted(set(text.moved.values()))
        for move in text.clauses[clause].moves
        if move.inert
    ]


def orphans(text: Text) -> tuple[ActId, ...]:
    """Live proposals whose place is gone: nothing shows them, and their authors may propose anew."""
    shown = frozenset().union(*(variants for _, variants in _of_rows(text, "slots", _slots)))
    return tuple(
        sorted(each.id for each in text.operations.values() if each.fate is Fate.LIVE and each.proposal not in shown)
    )


def _slots(row: Passage) -> tuple[int, frozenset[NodeId]]:
    """How many slots of the import are open in it, and every variant of any slot in it."""
    slots = list(tree.slots(row))
    return sum(not slot.form.proposed for slot in slots), frozenset(each.id for slot in slots for each in slot.variants)
