"""The charter in force, what is proposed, and where the line stands, as plain values for pages and programs."""

from __future__ import annotations

from typing import Any

from detente.acts.facts import Facts
from detente.ground.identifiers import ActId, PartyId
from detente.ground.instants import Instant
from detente.procedures.guidelines import diff, prose
from detente.procedures.guidelines.clauses import Charter, ordered
from detente.procedures.guidelines.engine import compiled, names_of
from detente.procedures.guidelines.rules import Proposal, State, deciders, phase_of, rung_at


def describe(state: State, facts: Facts, now: Instant) -> dict[str, Any]:
    """Everything about the line's guidelines at that time; instants in milliseconds of the log's time."""
    names = names_of(facts)
    return {
        "charter": clauses(state.charter.charter, names) if state.charter else None,
        "name": state.name.hex(),
        "since": state.history[-1].at if state.history else None,
        "history": [
            {"name": each.name.hex(), "at": each.at, "accepted": [_party(names, party) for party in each.accepted]}
            for each in state.history
        ],
        "proposals": [_proposal(each, facts) for each in state.proposals.values()],
        "rung": rung_at(state, facts, now).value,
        "phase": phase_of(state, facts).value,
        "steps": [
            {
                **_party(names, party),
                "rung": each.rung.value,
                "at": each.at,
                "begins": each.begins,
                "reason": each.reason,
            }
            for party, each in state.stood.items()
        ],
        "consents": [{**_party(names, party), "rung": rung.value} for party, rung in state.consents.items()],
        "announced": [
            {"party": party, "at": each.at, "objections": [_party(names, by) for by in each.objections]}
            for party, each in state.announced.items()
            if party not in facts.members
        ],
        "leaving": [{**_party(names, party), "at": at} for party, at in state.leaving.items()],
        "barred": [{**_party(names, each.party), "office": each.office, "at": each.at} for each in state.barred],
    }


def clauses(charter: Charter, names: prose.Names) -> dict[str, Any]:
    """A charter as it reads."""
    return {
        "title": charter.title,
        "clauses": [
            {"id": each.id, "article": each.article, "words": prose.words(each, names), "reason": each.reason}
            for each in sorted(ordered(charter), key=prose.as_read)
        ],
    }


def changes(state: State, facts: Facts, proposal: ActId | None, party: PartyId, office: str) -> dict[str, Any] | None:
    """What a proposal would change for an office, or what the last amendment changed; None where there is neither."""
    earlier = [each.rules for each in state.history]
    if proposal is not None:
        found = state.proposals.get(proposal)
        old, new = state.charter, compiled(found.charter) if found else None
    else:
        old, new = (earlier[-2] if len(earlier) > 1 else None), state.charter
    if new is None:
        return None
    names = names_of(facts)
    return {
        "clauses": [
            {"id": each.clause, "article": each.article, "before": each.before, "after": each.after}
            for each in diff.clauses(old.charter if old else None, new.charter, names)
        ],
        "for_me": [
            {"kind": each.kind, "may": each.now, "sentence": each.sentence}
            for each in diff.for_seat(old, new, facts, party, office)
        ],
        "asymmetries": [
            {"kind": each.kind, "words": each.words, "more": list(each.more), "fewer": list(each.fewer)}
            for each in diff.asymmetries(new, facts, office)
        ],
    }


def _proposal(each: Proposal, facts: Facts) -> dict[str, Any]:
    names = names_of(facts)
    return {
        "proposal": each.id.hex(),
        "name": each.name.hex(),
        "by": _party(names, each.by),
        "at": each.at,
        "charter": clauses(each.charter, names),
        "accepted": [_party(names, party) for party in each.accepted],
        "waits_for": [_party(names, party) for party in deciders(facts) if party not in each.accepted],
    }


def _party(names: prose.Names, party: PartyId) -> dict[str, str]:
    return {"party": party, "name": names.get(party, f"{party[:8]}…")}
