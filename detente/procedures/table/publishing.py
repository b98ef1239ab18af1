"""Revisions: the chair publishes the text as it stands, and what comes after that touches what was accepted.

To publish is to give the text as it stands a name and to freeze what its clauses are called (naming.py).  What all
have accepted by then is closed: an operation on it is neither refused nor seen in the text, it goes to the *late
list*, and becomes a proposal like any other once the chair gives it leave.  Whoever takes its acceptance back
opens what it had accepted again.  A chair's text needs no leave.

An operation is late or not by what the last deciding act left, so it makes no difference which of two was first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import msgspec

from detente.acts.act import Body, Verified
from detente.acts.facts import Facts
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import ActId
from detente.procedures.table.acts import AddClause, Alternative, Edit, Grant, MoveClause, Publish
from detente.procedures.table.agreeing import Status, content, covering, status
from detente.procedures.table.model import (
    Fate,
    Kind,
    Late,
    Operation,
    Revision,
    Text,
    clause_holding,
    entry,
    fated,
    recorded,
    tallied,
    tally,
)
from detente.procedures.table.naming import names, numbered
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.tree import NodeId
from detente.wire import text as safety

Fold: TypeAlias = Callable[[Text, Facts, Verified, Any], Text | Refused]

MOST_GRANTED = 200
_AGREED = (Status.AGREED, Status.AGREED_AD_REFERENDUM, Status.PROVISIONAL)


def publish(text: Text, facts: Facts, act: Verified, body: Publish) -> Text | Refused:
    """The text with one more revision; `Stale` on other content than the act names."""
    try:
        safety.check_name(body.revision, safety.LONGEST_NAME, "A revision's name")
    except Malformed as error:
        return Refused(error.sentence, rule="table.words")
    if any(each.name == body.revision for each in text.revisions):
        return Refused("There is a revision of that name.", rule="table.twice")
    if content(text, WHOLE) != body.content_hash:
        return Stale("The text has changed since this was decided; look at it again.", rule="table.stale")
    called = numbered(text) if body.renumber else names(text)
    frozen = text.frozen.update({each: called[each] for each in text.outline.order})
    revision = Revision(body.revision, act.id, act.position, body.content_hash)
    published = msgspec.structs.replace(
        text,
        frozen=frozen,
        revisions=(*text.revisions, revision),
        closed=frozenset(_closed(text, facts)),
        ledger=tallied(text.ledger, add=entry("published", act.id)),
    )
    return recorded(published, act, "publish", WHOLE, act.id)


def _closed(text: Text, facts: Facts) -> Iterator[NodeId]:
    """The scopes that all have accepted."""
    if status(text, facts) in _AGREED:
        yield WHOLE
    for name in text.outline.order:
        held = text.clauses[name]
        yield from (each for each in held.names if status(text, facts, held.clauses[each]) in _AGREED)


# --- the late list ----------------------------------------------------------------------------------


def in_time(fold: Fold) -> Fold:
    """A fold of operations that sends to the late list what touches what is closed."""

    def folded(text: Text, facts: Facts, act: Verified, body: Any) -> Text | Refused:
        outcome = fold(text, facts, act, body)
        if isinstance(outcome, Refused) or not text.closed:
            return outcome
        made = outcome.operations[act.id]
        return _late(text, act, body, made) if _touches(text, outcome, made) else outcome

    return folded


def _touches(text: Text, outcome: Text, made: Operation) -> bool:
    """Whether an operation would change a scope that is closed."""
    scopes = [clause_holding(outcome, made.home)]
    if made.kind is Kind.ADDITION:
        scopes = [outcome.additions[made.proposal].site.parent]
    elif made.kind is Kind.MOVE:
        move = next(each for each in outcome.clauses[made.home].moves if each.proposal.id == made.proposal)
        here = outcome.outline.site(made.home)
        scopes += [move.site.parent, here.parent if here is not None else WHOLE]
    return any(each in text.closed for scope in scopes for each in covering(outcome, scope))


def _late(text: Text, act: Verified, body: Any, made: Operation) -> Text:
    late = msgspec.structs.replace(made, fate=Fate.LATE)
    listed = msgspec.structs.replace(
        text,
        operations=text.operations.put(act.id, late),
        late=text.late.set(act.id, Late(act.id, act.author, act.office, act.position, body)),
        ledger=tallied(text.ledger, add=tally(late)),
    )
    return recorded(listed, act, "late", clause_holding(text, made.home), act.id)


def withdraw_late(text: Text, act: Verified, name: ActId) -> Text | Refused:
    """The text without one of its author's late operations."""
    if text.late[name].party != act.author:
        return Refused("A party withdraws its own proposals only.", rule="table.own")
    clause = clause_holding(text, text.operations[name].home)
    gone = msgspec.structs.replace(fated(text, [name], Fate.WITHDRAWN), late=text.late.delete(name))
    return recorded(gone, act, "withdraw", clause, name)


def grant(folds: Mapping[type[Body], Fold]) -> Fold:
    """The chair gives leave: the folds by which operations on the late list become proposals."""

    def granted(text: Text, facts: Facts, act: Verified, body: Grant) -> Text | Refused:
        if not 1 <= len(body.operations) <= MOST_GRANTED or len(set(body.operations)) != len(body.operations):
            return Refused(
                f"Leave is given to between 1 and {MOST_GRANTED} operations, once each.", rule="table.choice"
            )
        for name in body.operations:
            late = text.late.get(ActId(name))
            if late is None:
                return Refused("That operation is not on the late list.", rule="table.target")
            again = replace(act, id=late.id, author=late.party, office=late.office, body=late.body)
            before = msgspec.structs.replace(
                text,
                late=text.late.delete(late.id),
                ledger=tallied(text.ledger, remove=tally(text.operations[late.id])),
            )
            outcome = folds[type(late.body)](before, facts, again, late.body)
            if isinstance(outcome, Refused):
                return Refused(f"It cannot be proposed any more: {outcome.sentence}", rule=outcome.rule)
            text = recorded(outcome, act, "grant", clause_holding(outcome, outcome.operations[late.id].home), late.id)
        return text

    return granted


LATE_BODIES = (Edit, Alternative, AddClause, MoveClause)
