"""Committees: clauses of a text are negotiated on a table of their own, and come back as the chair's text.

`refer` makes a text of clauses of another one, as they stand there: their words, their open places, the live
proposals in them with their sponsors and positions.  From then on the two go their own ways, and what is done in
one leaves the other alone; ids stay, so that what came of a clause can be followed from one to the other.
Proposals to add or to move clauses are about the parent's order and stay with the parent.

A committee may have members and a facilitator.  Where it has members, they alone propose there, and acceptance is
theirs; everybody on the line reads it, as everything on a line.  The facilitator does there what the chair does.

`report` brings the result back: for each clause that the committee changed the chair's alternative in the parent,
for each clause that it added the chair's addition, for each that it moved the chair's move; each operation names
the committee's text.  Nothing is decided by it: the parent takes what it is given as it takes any proposal, or not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import msgspec

from detente.acts.act import Verified
from detente.acts.facts import Facts, Role
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.table import tree
from detente.procedures.table.acts import AddClause, Alternative, MoveClause, Refer, Report
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
from detente.procedures.table.outline import WHOLE, Outline, Site, SiteId
from detente.procedures.table.placing import add_at, move_at, site_of
from detente.procedures.table.proposing import alternative, checked_words
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
    made = _Made(parent)
    for clause in child.outline.order:
        refused = _brought(made, child, act, clause)
        if refused is not None:
            return Refused(f"The result has no place in the text any more: {refused.sentence}", rule=refused.rule)
    if made.text is parent:
        return Refused("The committee changed nothing.", rule="table.hunks")
    ledger = tallied(made.text.ledger, add=entry("reported", act.id))
    return recorded(msgspec.structs.replace(made.text, ledger=ledger), act, "report", WHOLE, child.id)


@dataclass
class _Made:
    """The parent as it is while a report is laid before it, and where the committee's clauses will be in it."""

    text: Text
    names: dict[NodeId, NodeId] = field(default_factory=dict)  # clause of the committee's -> of the parent's
    sites: dict[NodeId, tuple[SiteId, Site]] = field(default_factory=dict)  # clause of the parent's -> proposed place

    def at(self, clause: NodeId) -> tuple[SiteId, Site] | None:
        """Where a clause of the committee's stands in the parent, once all that came before it in the report does."""
        name = self.names.get(clause, clause)
        return self.sites.get(name) or site_of(self.text, name)

    def take(self, outcome: Text, act: Verified, child: Text) -> None:
        """The parent with one operation more, of which it is known that it is a committee's."""
        operation = msgspec.structs.replace(outcome.operations[act.id], child=child.id)
        self.text = msgspec.structs.replace(outcome, operations=outcome.operations.put(act.id, operation))


def _brought(made: _Made, child: Text, act: Verified, clause: NodeId) -> Refused | None:
    """Propose what the committee made of one clause, by operations with ids of their own."""
    if any(_named(what, act, clause).id in made.text.operations for what in (b"reported", b"moved")):
        return Refused("That was reported already.", rule="table.twice")
    if clause not in made.text.outline.current:
        return _added(made, child, _named(b"reported", act, clause), clause)
    if _words(made.text, clause) != _words(child, clause):
        changed = _named(b"reported", act, clause)
        outcome = alternative(made.text, Facts(), changed, Alternative(made.text.id, clause, _words(child, clause)))
        if isinstance(outcome, Refused):
            return outcome
        made.take(outcome, changed, child)
    if child.outline.current[clause] != clause:
        return _moved(made, child, _named(b"moved", act, clause), clause)
    return None


def _added(made: _Made, child: Text, act: Verified, clause: NodeId) -> Refused | None:
    text, site, _ = _place(made, child, clause)
    form, words = child.clauses[clause].ground.clause.kind, _words(child, clause)
    refused = checked_words(text, words)
    if refused is not None:
        return refused
    outcome = add_at(text, act, AddClause(text.id, form, site.parent, site.after, words), site)
    if isinstance(outcome, Refused):
        return outcome
    made.names[clause] = outcome.operations[act.id].home
    made.take(outcome, act, child)
    return None


def _moved(made: _Made, child: Text, act: Verified, clause: NodeId) -> Refused | None:
    """Nothing where the parent has the clause at that place already."""
    text, site, after = _place(made, child, clause)
    if _stands(text, clause, site.parent, after):
        return None
    outcome = move_at(text, act, MoveClause(text.id, clause, site.parent, after), site)
    if isinstance(outcome, Refused):
        return outcome
    move = next(each for each in outcome.clauses[clause].moves if act.id in dict(each.proposal.sponsors))
    made.sites[clause] = (move.proposal.id, move.site)
    made.take(outcome, act, child)
    return None


def _stands(text: Text, clause: NodeId, parent: NodeId, after: NodeId) -> bool:
    """Whether a clause stands under that parent, right after that one (empty: first)."""
    row = text.outline.children(parent)
    return clause in row and (row[row.index(clause) - 1] if row[0] != clause else WHOLE) == after


def _named(what: bytes, act: Verified, clause: NodeId) -> Verified:
    """The report as an act of its own for one clause."""
    return replace(act, id=ActId(hashlib.sha256(what + b"\0" + act.id + clause).digest()))


def _words(text: Text, clause: NodeId) -> str:
    return "".join(tree.written(text.clauses[clause].ground.clause.passage)).rstrip()


def _place(made: _Made, child: Text, clause: NodeId) -> tuple[Text, Site, NodeId]:
    """Where a clause that the committee added or moved would stand in the parent, and after which (empty: first).

    A site that is only proposed is laid into the text, empty, so that what is proposed behind it lies behind it
    whatever becomes of it.
    """
    site = child.outline.site(clause)
    above = site.parent if site is not None else WHOLE
    row = child.outline.children(above)
    before = [each for each in reversed(row[: row.index(clause)]) if made.at(each) is not None]
    if above != WHOLE:
        parent = made.names.get(above, above)
        before = [each for each in before if _parent(made, each) == parent]
    elif before:
        parent = _parent(made, before[0])
    else:
        behind = [each for each in row[row.index(clause) + 1 :] if made.at(each) is not None]
        return _first(made, clause, behind)
    if not before:
        return made.text, Site(clause, parent, WHOLE), WHOLE
    return _after(made, clause, parent, made.names.get(before[0], before[0]))


def _first(made: _Made, clause: NodeId, behind: list[NodeId]) -> tuple[Text, Site, NodeId]:
    """The place right before the clause that will follow, among all that stand there in the parent."""
    if not behind:
        return made.text, Site(clause, WHOLE, WHOLE), WHOLE
    parent, other = _parent(made, behind[0]), made.names.get(behind[0], behind[0])
    row = [each for each in made.text.outline.children(parent) if each != clause]
    if other in row[1:]:
        return _after(made, clause, parent, row[row.index(other) - 1])
    return made.text, Site(clause, parent, WHOLE), WHOLE


def _after(made: _Made, clause: NodeId, parent: NodeId, other: NodeId) -> tuple[Text, Site, NodeId]:
    found = made.at(other)
    name, site = found if found is not None else (WHOLE, Site(other, parent, WHOLE))
    text = made.text
    if other in made.sites and name not in text.outline.sites:
        text = msgspec.structs.replace(text, outline=text.outline.with_site(name, site, standing=False))
    return text, Site(clause, parent, name), other


def _parent(made: _Made, clause: NodeId) -> NodeId:
    found = made.at(clause)
    return found[1].parent if found is not None else WHOLE
