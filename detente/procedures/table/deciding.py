"""What the chair decides, and on what basis.

Each act names the content on which it decides and is judged once, at its place in the log: on other content
it is `Stale`.  A settlement of several slots is one decision: all of them on the content that was seen, or none.

**The basis** is what the chair says the decision rests on, and it is checked:

    consensus   nobody who must accept opposes what is taken, or reserves its position on it
    editorial   the same; the chair says that it is a matter of form
    accept      all who must accept have taken a position in favour of what is taken, or sponsor it
    silence     a silence procedure of this line adopted exactly this question
    vote        a ballot of this line carried exactly this question

That nobody said anything is never taken for anybody's acceptance: silence counts only where a procedure for it
was opened on this very question and ran out, which that procedure publishes (`Facts.decisions`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

import msgspec

from detente.acts.act import Verified
from detente.acts.facts import Facts
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.table import grammar
from detente.procedures.table.acts import Basis, Choice, Correct, Mark, Settle
from detente.procedures.table.choosing import choose
from detente.procedures.table.model import (
    Fate,
    Text,
    at_scope,
    clause_at,
    entry,
    home_of,
    recorded,
    required,
    tallied,
    top_of,
    with_held,
)
from detente.procedures.table.proposing import lodged_at
from detente.procedures.table.saying import IN_FAVOUR, blocking, standing
from detente.procedures.table.tree import IMPORTED, Item, NodeId, Passage, Run, Slot
from detente.wire import canonical

MOST_MARKS = 1_000
MOST_CHOICES = 500


def settle(text: Text, facts: Facts, act: Verified, body: Settle) -> Text | Refused:
    """The text with one slot decided, or several at once; `Stale` on other content than the act names."""
    choices = choices_of(body)
    if len(choices) > MOST_CHOICES or len({each.slot for each in choices}) != len(choices):
        return Refused(f"One act settles up to {MOST_CHOICES} places, each once.", rule="table.choice")
    for each in choices:
        if (refused := at_scope(text, each.scope, each.precondition)) is not None:
            return refused
    taken = [name for each in choices for chosen in each.chosen for name in operations_of(text, chosen)]
    if (refused := founded(text, facts, body.basis, taken, question(choices))) is not None:
        return refused
    for each in choices:
        outcome = choose(text, act, each)
        if isinstance(outcome, Refused):
            return outcome
        text = outcome
    return by_other_means(text, body.basis, [each.scope for each in choices])


def choices_of(body: Settle) -> tuple[Choice, ...]:
    """All that a settlement decides."""
    return (Choice(body.scope, body.slot, body.chosen, body.precondition), *body.also)


def operations_of(text: Text, proposal: NodeId) -> list[ActId]:
    """The live operations that make a proposal."""
    lodged = text.proposals.get(proposal)
    names = lodged.operations if lodged is not None else ()
    return [name for name in names if text.operations[name].fate is Fate.LIVE]


def question(choices: Sequence[Choice]) -> bytes:
    """What is decided, as a silence procedure or a ballot names it: the hash of the choices, whatever the basis."""
    return hashlib.sha256(b"question\0" + canonical.encode(tuple(choices))).digest()


def founded(text: Text, facts: Facts, basis: Basis, taken: Sequence[bytes], asked: bytes) -> Refused | None:
    """Why a decision that takes these operations does not rest on the basis that it names, if it does not."""
    match basis:
        case Basis.CONSENSUS | Basis.EDITORIAL:
            return against(facts, blocking(text, facts, taken))
        case Basis.ACCEPT:
            if taken and all(_all_in_favour(text, facts, each) for each in taken):
                return None
            return Refused("Not all who must accept have said that they are in favour of that.", rule="table.basis")
        case _:
            taken_so = (each for each in facts.decisions.values() if each.basis.value == basis.value)
            if any(each.text == text.id and each.asked == asked for each in taken_so):
                return None
            return Refused(f"No procedure of this line has decided that by {basis.value}.", rule="table.basis")


def against(facts: Facts, parties: Sequence[PartyId]) -> Refused | None:
    """That there is no consensus, if these stand against it."""
    if not parties:
        return None
    names = ", ".join(facts.members[each].name if each in facts.members else each[:8] for each in parties)
    return Refused(f"There is no consensus on that: against it stands {names}.", rule="table.basis")


def _all_in_favour(text: Text, facts: Facts, operation: bytes) -> bool:
    stands, made = standing(text, operation), text.operations[ActId(operation)]
    favouring = {party for party, stand in stands.items() if stand.said.stance in IN_FAVOUR} | {*made.joined}
    favouring |= set() if made.of_the_chair else {made.party}
    return favouring >= set(required(text, facts))


def by_other_means(text: Text, basis: Basis, scopes: Sequence[NodeId]) -> Text:
    """The text with what was decided otherwise than by agreement noted: it is settled, though not agreed."""
    if basis not in {Basis.VOTE, Basis.SILENCE}:
        return text
    settled = text.imposed
    for scope in scopes:
        clause = clause_at(text, scope)
        settled = settled.set(scope, clause.digest) if clause is not None else settled
    return msgspec.structs.replace(text, imposed=settled)


def correct(text: Text, _facts: Facts, act: Verified, body: Correct) -> Text | Refused:
    """The text without these literal brackets."""
    if (refused := at_scope(text, body.scope, body.precondition)) is not None:
        return refused
    if not 1 <= len(body.marks) <= MOST_MARKS or len(set(body.marks)) != len(body.marks):
        return Refused(f"A correction removes between 1 and {MOST_MARKS} brackets.", rule="table.choice")
    for mark in sorted(body.marks, key=lambda each: (each.container, each.offset)):
        corrected = _corrected(text, body.scope, mark)
        if isinstance(corrected, Refused):
            return corrected
        text = corrected
    return recorded(text, act, "correct", body.scope, b"")


def _corrected(text: Text, scope: NodeId, mark: Mark) -> Text | Refused:
    owners = text.index.owners_at(mark.offset)
    if mark.container != IMPORTED:
        known = lodged_at(text, mark.container)
        owners = [known.home] if known else []
    for home in dict.fromkeys(home_of(text, owner) for owner in owners):
        held = top_of(text, home) if home is not None else None
        if home is None or held is None or held.ground.clause_of(home) != scope:
            continue
        node = held.ground.nodes[home]
        cut = None if isinstance(node, Slot) else _cut_mark(node.passage, mark)
        if cut is None:
            continue
        if home in held.proposals:
            return Refused("Proposals on that passage have to be settled or withdrawn first.", rule="table.target")
        ledger = tallied(text.ledger, add=entry("corrected", mark.container, mark.offset.to_bytes(8, "big")))
        after = with_held(text, held.grounded(held.ground.changed(home, cut), {})[0])
        return msgspec.structs.replace(after, corrected=text.corrected + 1, ledger=ledger)
    return Refused(
        "A correction removes brackets only, and only those that are no brackets of the text.", rule="table.target"
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
