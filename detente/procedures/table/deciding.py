"""What is decided: the chair's settlements and corrections, the parties' acceptances.

Each names the content on which it decides and is judged once, at its place in the log: on other
content it is `Stale`.  To settle is to dissolve one slot: the words of the variant that is taken
stand in its place, with the slots and the live proposals in them; what stood on the variants that
were not taken is set aside, and keeps its place in the history.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from detente.acts.act import Verified
from detente.acts.facts import Facts
from detente.ground.errors import Refused, Stale
from detente.ground.identifiers import PartyId
from detente.procedures.table import grammar, tree
from detente.procedures.table.acts import Accept, Correct, Mark, Settle
from detente.procedures.table.model import (
    Acceptance,
    Fate,
    Settlement,
    Text,
    alive,
    clause_at,
    clause_of,
    entry,
    fated,
    home_of,
    passage_at,
    put,
    rebuilt,
    scope_hash,
    tallied,
    way,
    with_passage,
)
from detente.procedures.table.tree import IMPORTED, Clause, Form, Item, NodeId, Passage, Proposal, Run, Slot, Variant
from detente.procedures.table.weave import Decided, choose, decide, decide_inside, trailing, weave

MOST_MARKS = 1_000


def _at_scope(text: Text, scope: NodeId, named: bytes) -> Refused | None:
    """Whether the scope stands, with exactly the content that the act names."""
    current = scope_hash(text, scope)
    if current is None:
        return Refused("That clause does not stand in the text.", rule="table.target")
    if current != named:
        return Stale("The text has changed since this was decided; look at it again.", rule="table.stale")
    return None


def settle(text: Text, act: Verified, body: Settle) -> Text | Refused:
    """The text with one slot decided; `Stale` on other content than the act names."""
    if (refused := _at_scope(text, body.scope, body.precondition)) is not None:
        return refused
    if text.index.kinds.get(body.slot) is Slot:
        return _settle_imported(text, act, body)
    clause = clause_at(text, body.scope)
    if clause is not None and clause.choice is not None and clause.choice.id == body.slot:
        return _settle_clause(text, act, body, clause, clause.choice)
    return _settle_proposals(text, act, body)


_NO_SLOT = Refused("There is no such open place in that clause.", rule="table.target")
_NO_VARIANT = Refused("Exactly one of the variants of that place has to be taken.", rule="table.choice")


def _settle_imported(text: Text, act: Verified, body: Settle) -> Text | Refused:
    if not alive(text, body.slot) or clause_of(text, body.slot) != body.scope:
        return _NO_SLOT
    home = way(text, body.slot)[-2]
    inside = passage_at(text, home)
    slot = (
        next((each for each in inside.items if isinstance(each, Slot) and each.id == body.slot), None)
        if inside
        else None
    )
    if slot is None:
        return _NO_SLOT
    taken = next((each for each in slot.variants if (each.id,) == body.chosen), None)
    if taken is None:
        return _NO_VARIANT

    def change(node: Clause | Variant) -> Clause | Variant:
        items: list[Item] = []
        for item in node.passage.items:
            items.extend(taken.words if item is slot else (item,))
        return with_passage(node, tuple(items), (*node.passage.proposals, *taken.passage.proposals))

    lost = [each for variant in slot.variants if variant is not taken for each in _proposals_in(variant.passage)]
    changed = fated(replace(text, document=rebuilt(text, home, change)), _operations(lost), Fate.SET_ASIDE)
    return _recorded(changed, act, body, imported=True)


def _settle_clause(text: Text, act: Verified, body: Settle, clause: Clause, slot: Slot) -> Text | Refused:
    if len(body.chosen) != 1 or body.chosen[0] not in {each.id for each in slot.variants}:
        return _NO_VARIANT
    taken = next((each for each in clause.alternatives if each.id == body.chosen[0]), None)
    lost = [each for each in clause.alternatives if each is not taken]
    if taken is None:
        gone = {container for each in lost for container in each.containers}
        kept = tuple(p for p in clause.passage.proposals if not any(place.container in gone for place in p.hunks))
        lost += [each for each in clause.passage.proposals if each not in kept]
        inside = weave(clause.passage.items, kept)
    else:
        items = (*taken.texts[0], *trailing(clause.passage.items))
        on_it = {run.container for run in items if isinstance(run, Run)} | set(taken.containers)
        kept = _standing_on(clause.passage.proposals, on_it)
        lost += [each for each in _proposals_in(clause.passage) if each not in kept]
        inside = weave(items, kept)
    document = rebuilt(text, clause.id, lambda node: choose(node, inside, ()) if isinstance(node, Clause) else node)
    changed = replace(text, document=document, replaced=text.replaced | ({clause.id} if taken else set()))
    changed = fated(changed, _operations(lost), Fate.SET_ASIDE)
    if taken is not None:
        changed = fated(changed, _operations([taken]), Fate.TAKEN)
    return _recorded(changed, act, body, imported=False)


def _standing_on(proposals: tuple[Proposal, ...], containers: set[bytes]) -> tuple[Proposal, ...]:
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


def _settle_proposals(text: Text, act: Verified, body: Settle) -> Text | Refused:
    homes = dict.fromkeys(home_of(text, each.home) for each in text.operations.values() if each.fate is Fate.LIVE)
    for home in sorted(home for home in homes if home is not None):
        inside = passage_at(text, home) if clause_of(text, home) == body.scope else None
        slot = _woven_slot(text, home, body.slot) if inside is not None else None
        if slot is None:
            continue
        if not _chosen_well(slot, body.chosen):
            return _NO_VARIANT
        return _settle_woven(text, act, body, home)
    return _NO_SLOT


def _woven_slot(text: Text, home: NodeId, slot: NodeId) -> Slot | None:
    """A slot of proposals that is seen in this clause or variant, not counting the clauses within."""
    inside = passage_at(text, home)
    node = clause_at(text, home) if text.index.kinds[home] is Clause else None
    waiting: list[Item | Passage | Variant] = [node.choice if node and node.choice else inside or tree.passage(())]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Slot):
            if each.id == slot:
                return each
            if each.form in {Form.PROPOSAL, Form.BAG, Form.CLAUSE}:
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


def _settle_woven(text: Text, act: Verified, body: Settle, home: NodeId) -> Text | Refused:
    outcome: list[Decided] = []

    def change(node: Clause | Variant) -> Clause | Variant:
        inside = node.passage
        decided = decide(inside.items, inside.proposals, body.slot, body.chosen)
        if decided is not None:
            outcome.append(decided)
            return with_passage(node, decided.items, decided.proposals)
        if not isinstance(node, Clause):
            return node
        for each in node.alternatives:
            if (altered := decide_inside(each, inside.proposals, body.slot, body.chosen)) is not None:
                outcome.append(altered[1])
                others = tuple(altered[0] if other is each else other for other in node.alternatives)
                return choose(node, weave(inside.items, altered[1].proposals), others)
        return node

    document = rebuilt(text, home, change)
    if not outcome:
        return _NO_SLOT
    changed = fated(replace(text, document=document), _operations(outcome[0].taken), Fate.TAKEN)
    changed = fated(changed, _operations(outcome[0].set_aside), Fate.SET_ASIDE)
    return _recorded(changed, act, body, imported=False)


def _recorded(text: Text, act: Verified, body: Settle, *, imported: bool) -> Text:
    settlement = Settlement(act.id, act.position, body.chosen, imported)
    ledger = tallied(text.ledger, add=entry("settled", body.slot, *body.chosen, act.id))
    return replace(text, settled=put(text.settled, body.slot, settlement), ledger=ledger)


def _operations(proposals: Iterable[Proposal]) -> list[bytes]:
    return list(dict.fromkeys(operation for each in proposals for operation, _ in each.sponsors))


def _proposals_in(inside: Passage) -> Iterator[Proposal]:
    """Every live proposal in a passage and in all that it holds."""
    waiting: list[Item | Passage] = [inside]
    while waiting:
        each = waiting.pop()
        match each:
            case Passage():
                yield from each.proposals
                waiting.extend(each.items)
            case Slot():
                waiting.extend(variant.passage for variant in each.variants)
            case Clause():
                yield from each.alternatives
                waiting.append(each.passage)
            case _:
                pass


def correct(text: Text, body: Correct) -> Text | Refused:
    """The text without these literal brackets."""
    if (refused := _at_scope(text, body.scope, body.precondition)) is not None:
        return refused
    if not 1 <= len(body.marks) <= MOST_MARKS or len(set(body.marks)) != len(body.marks):
        return Refused(f"A correction removes between 1 and {MOST_MARKS} brackets.", rule="table.choice")
    for mark in sorted(body.marks, key=lambda each: (each.container, each.offset)):
        corrected = _corrected(text, body.scope, mark)
        if isinstance(corrected, Refused):
            return corrected
        text = corrected
    return text


def _corrected(text: Text, scope: NodeId, mark: Mark) -> Text | Refused:
    known = text.containers.get(mark.container)
    owners = [known.home] if known else []
    if mark.container == IMPORTED:
        owners = text.index.owners_at(mark.offset)
    for home in dict.fromkeys(home_of(text, owner) for owner in owners):
        inside = passage_at(text, home) if home is not None and clause_of(text, home) == scope else None
        cut = _cut_mark(inside, mark) if inside is not None else None
        if home is None or inside is None or cut is None:
            continue
        if inside.proposals:
            return Refused("Proposals on that passage have to be settled or withdrawn first.", rule="table.target")
        items = cut
        document = rebuilt(text, home, lambda node, items=items: with_passage(node, items, ()))  # type: ignore[misc]
        ledger = tallied(text.ledger, add=entry("corrected", mark.container, mark.offset.to_bytes(8, "big")))
        return replace(text, document=document, corrected=text.corrected + 1, ledger=ledger)
    return Refused(
        "A correction removes brackets only, and only those that are no brackets of the text.", "table.target"
    )


def _cut_mark(inside: Passage, mark: Mark) -> tuple[Item, ...] | None:
    """The items less one literal bracket, or None where none stands there."""
    for place, item in enumerate(inside.items):
        if not isinstance(item, Run) or item.container != mark.container or not item.lo <= mark.offset < item.hi:
            continue
        at = mark.offset - item.lo
        if at not in set(literal(item)):
            return None
        parts = (
            Run(item.container, item.lo, item.text[:at]),
            Run(item.container, mark.offset + 1, item.text[at + 1 :]),
        )
        kept = tuple(part for part in parts if part.text)
        return (*inside.items[:place], *kept, *inside.items[place + 1 :])
    return None


def literal(run: Run) -> Iterator[int]:
    """Where in a run literal brackets stand, footnote anchors apart."""
    covered = [found.span() for found in grammar.FOOTNOTE_ANCHOR.finditer(run.text)]
    for found in re.finditer(r"[\[\]]", run.text):
        if not any(lo <= found.start() < hi for lo, hi in covered):
            yield found.start()


def accept(text: Text, facts: Facts, act: Verified, body: Accept) -> Text | Refused:
    """The text with its author's acceptance of a scope, which holds for exactly this content."""
    if (refused := _at_scope(text, body.scope, body.content_hash)) is not None:
        return refused
    key = (body.scope, act.author)
    fresh = Acceptance(body.content_hash, body.ad_referendum)
    old = text.accepted.get(key)
    ledger = tallied(
        text.ledger, add=_accepted_entry(key, fresh), remove=_accepted_entry(key, old) if old is not None else 0
    )
    accepted = put(text.accepted, key, fresh)
    agreed = text.agreed
    if facts.must_accept and all(
        (each := accepted.get((body.scope, party))) is not None and each.content_hash == body.content_hash
        for party in facts.must_accept
    ):
        agreed = put(agreed, body.scope, body.content_hash)
    return replace(text, accepted=accepted, agreed=agreed, ledger=ledger)


def _accepted_entry(key: tuple[NodeId, PartyId], each: Acceptance) -> int:
    return entry("accepted", key[0], key[1].encode(), each.content_hash, bytes([each.ad_referendum]))
