"""What people see of silences: where each stands, who has it, who objects, and what may be done now."""

from __future__ import annotations

from typing import Any

from detente.acts.facts import Facts, Role
from detente.ground.identifiers import PartyId
from detente.ground.instants import iso
from detente.procedures.silence.rules import Silence, Stage, State


def listed(state: State, facts: Facts) -> list[dict[str, Any]]:
    """All silences, the newest first."""
    return [describe(each, facts) for each in list(state.silences.values())[::-1]]


def describe(one: Silence, facts: Facts) -> dict[str, Any]:
    """One silence in plain values; instants are ISO 8601 in UTC, hashes and ids hex digits."""
    text = facts.texts.get(one.put.text)
    return {
        "silence": one.id.hex(),
        "stage": one.stage.value,
        "question": one.put.question,
        "text": one.put.text.hex(),
        "title": text.title if text else "",
        "scope": one.put.scope.hex(),
        "content_hash": one.put.content_hash.hex(),
        "opened": iso(one.at),
        "deadline": iso(one.deadline),
        "decided": iso(one.decided) if one.decided is not None else None,
        "reason": one.reason,
        "objectors": [
            {
                **_named(facts, party),
                "received": iso(one.received[party]) if party in one.received else None,
                "objects": party in one.standing,
                "not_reached": party in one.unreached,
            }
            for party in one.objectors
        ],
        "objections": [
            {
                **_named(facts, party),
                "at": iso(each.at),
                "reason": each.reason,
                "lifted": iso(each.lifted) if each.lifted is not None else None,
            }
            for party, each in one.objections.items()
        ],
        "statements": [
            {
                **_named(facts, each.party),
                "at": iso(each.at),
                "words": each.words,
                "late": each.late,
                "disassociates": each.disassociates,
            }
            for each in one.statements
        ],
    }


def may(one: Silence, facts: Facts, party: PartyId) -> list[str]:
    """Which acts this party's rules would not refuse for its stage; the deadline is judged at the act's place."""
    chair = facts.role(party) is Role.CHAIR
    running, held, adopted = (one.stage is stage for stage in (Stage.RUNNING, Stage.HELD, Stage.ADOPTED))
    able = {
        "object": running and party in one.objectors and party not in one.standing,
        "lift": running and party in one.standing,
        "extend": chair and (running or held),
        "conclude": running and facts.role(party) in {Role.CHAIR, Role.MEMBER},
        "record": chair and held and facts.silence_without_all and bool(one.received),
        "cancel": chair and (running or held),
        "explain": adopted and facts.role(party) in {Role.CHAIR, Role.MEMBER},
    }
    return [act for act, is_able in able.items() if is_able]


def _named(facts: Facts, party: PartyId) -> dict[str, str]:
    member = facts.members.get(party)
    return {"party": party, "name": member.name if member else f"{party[:8]}…"}
