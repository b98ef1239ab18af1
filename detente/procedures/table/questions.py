"""The four questions about a text that a secretary can be asked at any moment, and how far each party has come.

    what is agreed          its top clauses by status (agreeing.py)
    who may speak           who is in the chair, who proposes, who accepts; the others read
    when may one propose    now; on what all had accepted when the chair published last, with the chair's leave
    what is pending         for whom what is waiting, in the order of the table `Awaited`

Nobody asks a party what it has read.  What can be known is its last word on a text: whatever stood in the log before
that, its house had.  So "what is new for Belmora" is asked from there (`last_words`).

Nothing here is an act or a rule; the answers are those of the rules, said together.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec
from immutables import Map

from detente.acts.facts import Facts, Role
from detente.ground.identifiers import ActId, PartyId, Position
from detente.procedures.table import standpoints
from detente.procedures.table.agreeing import Status, acceptances, status
from detente.procedures.table.model import Fate, Table, Text, required
from detente.procedures.table.naming import names
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.packages import packages
from detente.procedures.table.placing import sponsoring
from detente.procedures.table.saying import blocking, standing
from detente.procedures.table.tree import Clause, NodeId, slots

AGREED = frozenset({Status.AGREED, Status.AGREED_AD_REFERENDUM, Status.PROVISIONAL})


class Awaited(Enum):
    """What a text waits for; each with whom it waits for."""

    AGREEMENT = "agreement"  # those who stand in the way in a clause, to come to terms
    DECISION = "decision"  # the chair, to decide places in which nobody stands in the way
    ACCEPTANCE = "acceptance"  # who must accept and has not, a clause in which and below which nothing is open
    CONFIRMATION = "confirmation"  # who accepted ad referendum, its capital's word
    ANSWER = "answer"  # those to whom a package is offered
    CONDITION = "condition"  # who made its position depend on something else
    LEAVE = "leave"  # the chair, for what came late
    REPORT = "report"  # the committee's facilitator, for what the committee made of its clauses


class Pending(msgspec.Struct, frozen=True):
    """One thing that is waited for."""

    what: Awaited
    parties: tuple[PartyId, ...]  # for whom it waits; empty: nobody in particular is named
    codes: tuple[str, ...]  # further names that stand in the text itself, as it writes them
    clause: NodeId  # empty: the whole text
    subject: bytes  # the operation, package or text that it is about; empty: the clause


class Floor(msgspec.Struct, frozen=True):
    """Who may speak about a text, and to what effect."""

    presiding: tuple[PartyId, ...]
    proposing: tuple[PartyId, ...]
    accepting: tuple[PartyId, ...]  # whose acceptance counts
    reading: tuple[PartyId, ...]  # who follows, and neither proposes nor presides


class Answers(msgspec.Struct, frozen=True):
    """The four answers."""

    agreed: tuple[tuple[NodeId, str, Status], ...]  # every top clause: id, name, status
    floor: Floor
    with_leave: tuple[NodeId, ...]  # where a proposal comes late; `WHOLE` among them: everywhere
    pending: tuple[Pending, ...]

    @property
    def counted(self) -> dict[Status, int]:
        """How many top clauses have each status, from the weakest."""
        return {each: count for each in Status if (count := sum(at is each for _, _, at in self.agreed))}


def answers(table: Table, name: ActId, facts: Facts) -> Answers:
    """All four, of one text of a table as it stands.  `KeyError` where no text has that name."""
    text = table.texts[name]
    called = names(text)
    clauses = [text.clauses[name].clause for name in text.order]
    agreed = tuple((each.id, called.get(each.id, ""), status(text, facts, each)) for each in clauses)
    late = tuple(each for each in (WHOLE, *text.order) if each in text.closed)
    who = floor(text, facts)
    pending = (*_pending(text, facts, clauses, who.presiding), *_out(text, table))
    return Answers(agreed, who, late, pending)


def floor(text: Text, facts: Facts) -> Floor:
    """By the roles that the charter gives; in a committee its facilitator presides and its members propose."""
    chairs = [party for party, each in facts.members.items() if each.role is Role.CHAIR]
    members = [party for party, each in facts.members.items() if each.role in {Role.CHAIR, Role.MEMBER}]
    committee = text.lineage.committee
    presiding = {*chairs, *([text.lineage.facilitator] if text.lineage.facilitator in members else [])}
    proposing = {party for party in members if party in committee or not committee}
    reading = set(facts.members) - presiding - proposing
    accepting = [party for party in required(text, facts) if party in proposing]
    return Floor(*(tuple(sorted(each)) for each in (presiding, proposing, accepting, reading)))


def last_words(text: Text) -> dict[PartyId, Position]:
    """Where in the log each party spoke last about this text; who never did is not there."""
    found: dict[PartyId, Position] = {}
    for event in text.history:
        found[event.party] = max(event.at, found.get(event.party, event.at))
    return dict(sorted(found.items()))


# --- what is pending --------------------------------------------------------------------------------


def _pending(text: Text, facts: Facts, clauses: list[Clause], chair: tuple[PartyId, ...]) -> Iterator[Pending]:
    for clause in clauses:
        if clause.open or text.clauses[clause.id].contested or clause.id in text.additions:
            yield _open(text, facts, clause, chair)
        elif status(text, facts, clause) is not Status.CONTESTED:
            yield from _accepting(text, facts, clause.id)
    yield from _accepting(text, facts, WHOLE) if text.clean else ()
    yield from _promised(text, facts)
    for late in sorted(text.late.values(), key=lambda one: (one.at, one.id)):
        yield Pending(Awaited.LEAVE, chair, (), WHOLE, late.id)


def _open(text: Text, facts: Facts, clause: Clause, chair: tuple[PartyId, ...]) -> Pending:
    """Of those who stand in the way agreement is awaited; where nobody does, the chair's decision."""
    placement = clause.placement
    open_places = [*slots(clause.passage), *([placement] if placement is not None else [])]
    named = set(standpoints.who_blocks(open_places))
    operations = [name for slot in open_places for variant in slot.variants for name in variant.operations]
    if clause.id in text.additions:  # the clause itself is what is proposed
        operations += sponsoring(text.additions[clause.id].proposal)
    meant = {each: text.conduct.meant(each) or PartyId(each) for each in named}
    parties = {each for each in meant.values() if each in facts.members} | {*blocking(text, facts, operations)}
    codes = tuple(sorted(code for code, each in meant.items() if each not in parties and code != standpoints.UNNAMED))
    if named or parties:
        return Pending(Awaited.AGREEMENT, tuple(sorted(parties)), codes, clause.id, b"")
    return Pending(Awaited.DECISION, chair, (), clause.id, b"")


def _accepting(text: Text, facts: Facts, scope: NodeId) -> Iterator[Pending]:
    given = acceptances(text, scope)
    missing = tuple(party for party in required(text, facts) if party not in given)
    if missing:
        yield Pending(Awaited.ACCEPTANCE, missing, (), scope, b"")
    doubted = tuple(sorted(party for party, each in given.items() if each.ad_referendum))
    if doubted:
        yield Pending(Awaited.CONFIRMATION, doubted, (), scope, b"")


def _promised(text: Text, facts: Facts) -> Iterator[Pending]:
    """What was offered, and what was made to depend on something."""
    for shown in packages(text, facts):
        asked = shown.packed.parties or required(text, facts)
        given = text.accepted.get(NodeId(shown.joint), Map())
        unsaid = tuple(party for party in asked if party not in given and party != shown.packed.party)
        if shown.packed.fate is Fate.LIVE and unsaid:
            yield Pending(Awaited.ANSWER, unsaid, (), WHOLE, shown.packed.id)
    for target in sorted(text.positions):
        depending = {party for party, each in standing(text, target).items() if each.said.pending_on or each.said.given}
        if depending:
            yield Pending(Awaited.CONDITION, tuple(sorted(depending)), (), WHOLE, target)


def _out(text: Text, table: Table) -> Iterator[Pending]:
    """The committees that have not reported yet."""
    reported = {event.subject for event in text.history if event.kind == "report"} if text.children else set()
    for child in text.children:
        if child not in reported:
            yield Pending(Awaited.REPORT, (table.texts[child].lineage.facilitator,), (), WHOLE, child)
