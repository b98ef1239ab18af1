"""What is agreed: acceptances of exactly this content, what is taken back, and how far each scope has come.

A scope is a clause with all that stands below it, or the whole text.  Its content hash (`content`) covers words,
open choices and order, and never who said what.  Who accepts a scope accepts every clause in it as it stands:
what each of them contained is written down (`inventories`), so a clause that was accepted with the whole stays
accepted while others change.  No act of anybody changes the text under an acceptance: on other content it
counts no more, and says so.

The status of a scope is derived, from the weakest to the strongest:

    contested               something in it is to be decided
    reopened                all had accepted it, and it has changed since or somebody took it back
    open                    nothing to decide, and not accepted by all
    settled                 nothing to decide, decided by a vote or by silence, and not accepted by all
    provisional             accepted by all; but nothing is agreed until everything is agreed
    agreed ad referendum    accepted by all, by some of them pending confirmation
    agreed

A scope is no stronger than its weakest part, and is agreed only if all accepted it as it stands, its order
included: that all its clauses are agreed one by one does not make it agreed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

import msgspec
from immutables import Map

from detente.acts.act import Verified
from detente.acts.facts import Facts
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import PartyId
from detente.procedures.table.acts import Accept, Reopen
from detente.procedures.table.languages import authentic_words
from detente.procedures.table.model import (
    Acceptance,
    Reopening,
    Text,
    clause_at,
    entry,
    recorded,
    required,
    scope_hash,
    tallied,
    top_of,
)
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.tree import Clause, NodeId
from detente.wire import text as safety

LONGEST_REASON = 2_000  # characters


class Status(Enum):
    """How far a scope has come, from the weakest to the strongest."""

    CONTESTED = "contested"
    REOPENED = "reopened"
    OPEN = "open"
    SETTLED = "settled"
    PROVISIONAL = "provisional"
    AGREED_AD_REFERENDUM = "agreed ad referendum"
    AGREED = "agreed"


_WEAKEST_FIRST = {status: place for place, status in enumerate(Status)}


def weakest(found: Iterable[Status], otherwise: Status) -> Status:
    """The weakest of some, or what it is otherwise."""
    return min(found, key=_WEAKEST_FIRST.__getitem__, default=otherwise)


# --- scopes ---------------------------------------------------------------------------------------


def content(text: Text, scope: NodeId) -> bytes | None:
    """The content hash of a scope; None where it does not stand.

    Of a single clause, and of a text that stands as it was imported, it is the hash of the tree.  Beyond that it
    holds the order of the clauses, under what those stand that were added or moved, and the words in the
    authentic languages.
    """
    known = text.contents.get(scope)
    if known is not None:
        return known
    made = scope_hash(text, scope)
    if made is None:
        return None
    below = list(text.seen.under(scope))
    parts = [text.clauses[name].digest for name in below] if scope != WHOLE else []
    parts += _languages(text, scope)
    parts += [part for name in below for part in (*_place(text, name), *_languages(text, name))]
    if parts:
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in (made, *parts))
        made = hashlib.sha256(b"scope\0" + framed).digest()
    text.contents[scope] = made
    return made


def _place(text: Text, clause: NodeId) -> list[bytes]:
    """Under what a clause stands that was added or moved: it belongs to what holds the clause, not to the clause."""
    site = text.seen.site(clause)
    return [b"placed" + clause + site.parent] if site is not None and site.rank else []


def _languages(text: Text, clause: NodeId) -> list[bytes]:
    """The authentic words of a clause in other languages than the one in which it is negotiated."""
    words = authentic_words(text, clause) if text.conduct.authentic and clause != WHOLE else b""
    return [b"languages" + clause + words] if words else []


def _inside(text: Text, scope: NodeId) -> Iterator[Clause]:
    """Every clause of a scope that stands in the text, the scope's own first."""
    names = text.outline.order if scope == WHOLE else (scope, *text.outline.under(scope))
    for name in names:
        held = text.clauses.get(name) if name in text.outline.current else None
        if held is not None:
            yield from (held.clauses[each] for each in held.names)
        elif (clause := clause_at(text, name)) is not None:
            yield clause


def covering(text: Text, scope: NodeId) -> Iterator[NodeId]:
    """The scopes that hold this one: itself, the clauses around it and above it, the whole."""
    held = top_of(text, scope) if scope != WHOLE else None
    if held is not None:
        way = [each for each in held.ground.way(scope) if isinstance(held.ground.nodes[each], Clause)]
        yield from reversed(way[1:])
        yield from text.seen.ways(way[0])
    yield WHOLE


# --- acts -----------------------------------------------------------------------------------------


def accept(text: Text, facts: Facts, act: Verified, body: Accept) -> Text | Refused:
    """The text with its author's acceptance of a scope, which holds for exactly this content."""
    current = content(text, body.scope)
    if current is None or body.scope in text.additions:
        return Refused("That clause does not stand in the text.", rule="table.target")
    if current != body.content_hash:
        return Stale("The text has changed since this was decided; look at it again.", rule="table.stale")
    everybody = text.accepted.get(body.scope, Map())
    fresh, old = Acceptance(body.content_hash, body.ad_referendum, act.position), everybody.get(act.author)
    ledger = tallied(
        text.ledger,
        add=_entry(body.scope, act.author, fresh),
        remove=_entry(body.scope, act.author, old) if old is not None else 0,
    )
    inventories = text.inventories
    if current not in inventories:
        inside = {each.id: content(text, each.id) or b"" for each in _inside(text, body.scope)}
        inventories = inventories.set(current, Map(inside)) if len(inside) > 1 else inventories
    changed = msgspec.structs.replace(
        text,
        accepted=text.accepted.set(body.scope, everybody.set(act.author, fresh)),
        inventories=inventories,
        ledger=ledger,
    )
    if _by_all(changed, facts, body.scope) in {Status.AGREED, Status.AGREED_AD_REFERENDUM}:
        changed = msgspec.structs.replace(changed, agreed=text.agreed.set(body.scope, body.content_hash))
    return recorded(changed, act, "accept", body.scope, body.content_hash)


def _entry(scope: NodeId, party: PartyId, each: Acceptance) -> int:
    return entry("accepted", scope, party.encode(), each.content_hash, bytes([each.ad_referendum]))


def reopen(text: Text, _facts: Facts, act: Verified, body: Reopen) -> Text | Refused:
    """The text with its author's acceptance of a scope taken back; what it holds beside it stays accepted."""
    if not 1 <= len(body.reason) <= LONGEST_REASON:
        return Refused(f"A reason has between 1 and {LONGEST_REASON:,} characters.", rule="table.words")
    try:
        safety.check_text(body.reason)
    except Malformed as error:
        return Refused(error.sentence, rule="table.words")
    if content(text, body.scope) is None:
        return Refused("That clause does not stand in the text.", rule="table.target")
    if act.author not in acceptances(text, body.scope):
        return Refused("A party takes back only what it has accepted as it stands.", rule="table.own")
    everybody = text.reopened.get(body.scope, Map()).set(act.author, Reopening(body.reason, act.position))
    ledger = tallied(text.ledger, add=entry("reopened", body.scope, act.id))
    around = set(covering(text, body.scope))
    closed = frozenset(each for each in text.closed if each not in around and body.scope not in covering(text, each))
    changed = msgspec.structs.replace(
        text, reopened=text.reopened.set(body.scope, everybody), closed=closed, ledger=ledger
    )
    return recorded(changed, act, "reopen", body.scope, b"")


# --- who accepts, and what follows ------------------------------------------------------------------


def acceptances(text: Text, scope: NodeId) -> Mapping[PartyId, Acceptance]:
    """Who accepts a scope as it stands, be it that the acceptance was given for it or for more than it."""
    if not text.accepted:
        return {}
    around = list(covering(text, scope))
    named = [name for name in around if name in text.accepted]
    now = content(text, scope) if named else None
    given = [each for name in named for seen, each in _by_content(text, name) if _covers(text, seen, scope, now)]
    if len(given) == 1 and not text.reopened:
        return given[0]
    merged: dict[PartyId, Acceptance] = {}
    for party, each in ((party, each) for group in given for party, each in group.items()):
        known = merged.get(party)
        if each.at > _taken_back(text, party, scope, around) and (known is None or known.ad_referendum):
            merged[party] = each
    return merged


def _by_content(text: Text, scope: NodeId) -> list[tuple[bytes, dict[PartyId, Acceptance]]]:
    """The acceptances of a scope, those of one content together."""
    known = text.grouped.get(scope)
    if known is None:
        found: dict[bytes, dict[PartyId, Acceptance]] = {}
        for party, each in text.accepted[scope].items():
            found.setdefault(each.content_hash, {})[party] = each
        known = text.grouped[scope] = sorted(found.items())
    return known


def _covers(text: Text, seen: bytes, scope: NodeId, now: bytes | None) -> bool:
    """Whether what was accepted is this scope as it stands, or holds it so."""
    return now is not None and (seen == now or text.inventories.get(seen, _NOTHING).get(scope) == now)


_NOTHING: Map[NodeId, bytes] = Map()


def _taken_back(text: Text, party: PartyId, scope: NodeId, around: list[NodeId]) -> int:
    """When the party took back last what holds this scope, or lies in it; -1: never."""
    return max(
        (
            each[party].at
            for name, each in text.reopened.items()
            if party in each and (name in around or scope in covering(text, name))
        ),
        default=-1,
    )


def accepted_by(text: Text) -> frozenset[PartyId]:
    """Who accepted the whole text with exactly its present content."""
    return frozenset(acceptances(text, WHOLE))


def status(text: Text, facts: Facts, clause: Clause | None = None) -> Status:
    """The status of a clause with all below it, or of the whole."""
    scope = clause.id if clause is not None else WHOLE
    if clause is not None and scope not in text.seen.reached:  # within a slot: nothing stands below it
        return Status.CONTESTED if clause.open else _own(text, facts, scope)
    known: dict[NodeId, Status] = text.statuses.setdefault(required(text, facts), {})
    if scope not in known:
        for name in (*reversed([*text.seen.under(scope)]), scope):  # each comes after what is below it
            if name not in known:
                known[name] = _weakest_of(text, facts, name, known)
    return known[scope]


def _weakest_of(text: Text, facts: Facts, name: NodeId, known: Mapping[NodeId, Status]) -> Status:
    """The status of a scope, from those of the clauses right below it."""
    below = weakest((known[each] for each in text.seen.children(name)), Status.AGREED)
    if name in text.additions or (name != WHOLE and text.clauses[name].contested):
        below = Status.CONTESTED
    return below if below is Status.CONTESTED else weakest((below, _own(text, facts, name)), below)


def _own(text: Text, facts: Facts, scope: NodeId) -> Status:
    """How a scope stands in which nothing is to be decided."""
    own = _by_all(text, facts, scope) if text.accepted else Status.OPEN
    if own is Status.OPEN:
        return _not_agreed(text, scope)
    if text.conduct.together and scope != WHOLE and _by_all(text, facts, WHOLE) is Status.OPEN:
        return Status.PROVISIONAL
    return own


def _by_all(text: Text, facts: Facts, scope: NodeId) -> Status:
    theirs = acceptances(text, scope)
    if not required(text, facts) or not theirs.keys() >= set(required(text, facts)):
        return Status.OPEN
    if any(theirs[party].ad_referendum for party in required(text, facts)):
        return Status.AGREED_AD_REFERENDUM
    return Status.AGREED


def _not_agreed(text: Text, scope: NodeId) -> Status:
    """Whether all had accepted it once, or it was decided in another way."""
    if text.agreed:
        for name in covering(text, scope):
            was = text.agreed.get(name)
            if was is not None and (name == scope or scope in text.inventories.get(was, _NOTHING)):
                return Status.REOPENED
    imposed = text.imposed.get(scope)
    return Status.SETTLED if imposed is not None and imposed == scope_hash(text, scope) else Status.OPEN
