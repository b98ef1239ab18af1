"""Committees: clauses of a text are negotiated on a table of their own, and come back as the chair's text.

`refer` makes a text of clauses of another one, as they stand there: their words, their open places, the live
proposals in them with their sponsors and positions.  From then on the two go their own ways, and what is done in
one leaves the other alone; ids stay, so that what came of a clause can be followed from one to the other.
Proposals to add or to move clauses are about the parent's order and stay with the parent.

A committee may have members and a facilitator.  Where it has members, they alone propose there, and acceptance is
theirs; everybody on the line reads it, as everything on a line.  The facilitator does there what the chair does.

`report` brings the result back: for each clause that the committee changed the chair's alternative in the parent,
for each clause that it added the chair's addition; each operation names the committee's text.  Nothing is decided
by it: the parent takes what it is given as it takes any proposal, or does not.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import msgspec

from detente.acts.act import Verified
from detente.acts.facts import Facts, Role
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.table import tree
from detente.procedures.table.acts import AddClause, Alternative, Refer, Report
from detente.procedures.table.agreeing import content
from detente.procedures.table.maps import Layers, Log
from detente.procedures.table.model import (
    Held,
    Index,
    Lineage,
    Text,
    entry,
    recorded,
    tallied,
    top_of,
)
from detente.procedures.table.outline import WHOLE, Outline, Site
from detente.procedures.table.placing import add_clause, site_of
from detente.procedures.table.proposing import alternative
from detente.procedures.table.tree import NodeId, Slot
from detente.wire import text as safety

MOST_CLAUSES = 500


# --- to a committee -------------------------------------------------------------------------------


def refer(text: Text, facts: Facts, act: Verified, body: Refer) -> tuple[Text, Text] | Refused:
    """The text with some of its clauses before a committee, and the committee's text."""
    try:
        safety.check_name(body.title, safety.LONGEST_TITLE, "A title")
    except Malformed as error:
        return Refused(error.sentence, rule="table.words")
    parties = {*body.members, *([body.facilitator] if body.facilitator else [])}
    if any(each not in facts.members for each in parties) or len(set(body.members)) != len(body.members):
        return Refused("A committee and its facilitator are members of this line.", rule="table.audience")
    named = set(body.clauses)
    if not 1 <= len(named) <= MOST_CLAUSES or len(named) != len(body.clauses):
        return Refused(f"Between 1 and {MOST_CLAUSES} clauses are referred, each once.", rule="table.target")
    if any(each not in text.outline.current for each in named):
        return Refused("Only a clause that stands in the text by itself can be referred.", rule="table.target")
    if any(named & set(text.outline.under(each)) for each in named):
        return Refused("A clause is referred with all that stands under it: do not name it twice.", rule="table.target")
    child = _branched(text, act, body)
    changed = msgspec.structs.replace(
        text, children=(*text.children, act.id), ledger=tallied(text.ledger, add=entry("referred", act.id))
    )
    return recorded(changed, act, "refer", WHOLE, act.id), child


def _branched(text: Text, act: Verified, body: Refer) -> Text:
    outline = _outline(text, [each for each in text.outline.order if each in body.clauses])
    held = {name: text.clauses[name].moving(()) for name in outline.order}
    homes = set(held)

    def concerned(home: NodeId) -> bool:
        top = top_of(text, home)
        return top is not None and top.ground.clause.id in homes

    operations = {name: each for name, each in text.operations.items() if concerned(each.home)}
    proposals = {name: each for name, each in text.proposals.items() if concerned(each.home)}
    positions = {target: said for target, said in text.positions.items() if target in operations or target in homes}
    child = Text(
        id=act.id,
        title=body.title,
        language=text.language,
        author=act.author,
        index=_index(text, held),
        clauses=Layers({**held}),
        outline=outline,
        proposals=Layers({**proposals}),
        operations=Layers({**operations}),
        settled=text.settled,
        positions=Layers({**positions}),
        conduct=text.conduct,
        frozen=text.frozen,
        divided=text.divided,
        versions=text.versions,
        imposed=text.imposed,
        lineage=Lineage(
            text.id,
            PartyId(body.facilitator),
            tuple(PartyId(each) for each in sorted(body.members)),
            tuple(each for each in outline.children(WHOLE)),
            content(text, WHOLE) or b"",
        ),
        history=Log(),
        ledger=tallied(text.ledger, add=entry("branched", act.id)),
    )
    return recorded(child, act, "refer", WHOLE, text.id)


def _outline(text: Text, scopes: list[NodeId]) -> Outline:
    """The clauses with all below them, as if they had been imported so."""
    outline = Outline()
    before = WHOLE
    for scope in scopes:
        outline = outline.with_site(scope, Site(scope, WHOLE, before))
        before = scope
    for parent in (each for scope in scopes for each in (scope, *text.outline.under(scope))):
        before = WHOLE
        for name in text.outline.children(parent):
            outline = outline.with_site(name, Site(name, parent, before))
            before = name
    return outline


def _index(text: Text, held: dict[NodeId, Held]) -> Index:
    """The parent's index; of its brackets those that are settled, and those that stand in these clauses."""
    standing = {name for each in held.values() for name, node in each.ground.nodes.items() if isinstance(node, Slot)}
    settled = {name for name, each in text.settled.items() if each.imported}
    last = text.index.unended if text.index.unended in held else WHOLE
    return msgspec.structs.replace(text.index, slots=frozenset(standing | settled), unended=last)


# --- and back -------------------------------------------------------------------------------------


def report(parent: Text, child: Text | None, facts: Facts, act: Verified, body: Report) -> Text | Refused:
    """The parent with what a committee made of its clauses, as proposals of the chair's."""
    if child is None or child.lineage.parent != parent.id:
        return Refused("That is no text of a committee of this one.", rule="table.target")
    if act.author != child.lineage.facilitator and facts.role(act.author) is not Role.CHAIR:
        return Refused("The chair or the committee's facilitator reports.", rule="table.role")
    if content(child, WHOLE) != body.content_hash:
        return Stale("The committee's text has changed since this was decided; look at it again.", rule="table.stale")
    if not child.clean:
        return Refused("A committee reports words in which nothing is open.", rule="table.choice")
    text, made = parent, dict[NodeId, NodeId]()
    for clause in child.outline.order:
        if clause in parent.outline.current and _words(parent, clause) == _words(child, clause):
            continue
        outcome = _proposed(text, child, act, clause, made)
        if isinstance(outcome, Refused):
            return Refused(f"The result has no place in the text any more: {outcome.sentence}", rule=outcome.rule)
        text = outcome
    if not made:
        return Refused("The committee changed nothing.", rule="table.hunks")
    ledger = tallied(text.ledger, add=entry("reported", act.id))
    return recorded(msgspec.structs.replace(text, ledger=ledger), act, "report", WHOLE, child.id)


def _proposed(text: Text, child: Text, act: Verified, clause: NodeId, made: dict[NodeId, NodeId]) -> Text | Refused:
    """The text with one clause as the committee has it, proposed by an operation with an id of its own.

    `made` tells which clause of the committee's became which of the parent's.
    """
    act = replace(act, id=ActId(hashlib.sha256(b"reported\0" + act.id + clause).digest()))
    if act.id in text.operations:
        return Refused("That was reported already.", rule="table.twice")
    words, facts = _words(child, clause), Facts()
    if clause in text.outline.current:
        outcome = alternative(text, facts, act, Alternative(text.id, clause, words))
    else:
        parent, after = _place(text, child, clause, made)
        form = child.clauses[clause].ground.clause.kind
        outcome = add_clause(text, facts, act, AddClause(text.id, form, parent, after, words))
    if isinstance(outcome, Refused):
        return outcome
    operation = msgspec.structs.replace(outcome.operations[act.id], child=child.id)
    made[clause] = operation.home
    return msgspec.structs.replace(outcome, operations=outcome.operations.put(act.id, operation))


def _words(text: Text, clause: NodeId) -> str:
    return "".join(tree.written(text.clauses[clause].ground.clause.passage)).rstrip()


def _place(text: Text, child: Text, clause: NodeId, made: dict[NodeId, NodeId]) -> tuple[NodeId, NodeId]:
    """Where a clause that the committee added would stand in the parent: (parent, after)."""
    site = child.outline.site(clause)
    above = site.parent if site is not None else WHOLE
    row = child.outline.children(above)
    before = [made.get(each, each) for each in reversed(row[: row.index(clause)])]
    behind = [made.get(each, each) for each in row[row.index(clause) + 1 :]]
    there = [each for each in before if site_of(text, each) is not None]
    if above != WHOLE:
        parent = made.get(above, above)
        return parent, next((each for each in there if _parent(text, each) == parent), WHOLE)
    beside = [*there, *(each for each in behind if site_of(text, each) is not None)]
    return (_parent(text, beside[0]) if beside else WHOLE), next(iter(there), WHOLE)


def _parent(text: Text, clause: NodeId) -> NodeId:
    found = site_of(text, clause)
    return found[1].parent if found is not None else WHOLE
