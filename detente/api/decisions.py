"""Decisions of a line: silences and ballots, with what this house may do about each now."""

from __future__ import annotations

from typing import Any

import msgspec

from detente.acts.facts import Facts, Role
from detente.api.calls import Answer, Call
from detente.api.entrance import part
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.ballot import views as ballots
from detente.procedures.ballot.presets import PRESETS
from detente.procedures.ballot.rules import State as Ballots
from detente.procedures.silence import views as silences
from detente.procedures.silence.rules import State as Silences
from detente.transport import clock


async def list_all(call: Call) -> Answer:
    """Every silence and ballot of the line, newest first, the rules of procedure that are known, what may be done."""
    state = await call.entrance.state(call.line)
    line = call.line
    own, last = await call.do(lambda house: (house.party, house.line(line).last_time))
    return Answer(
        {
            "now": max(clock.now(), last),
            "shortest_silence": state.facts.shortest_silence,
            "chair": state.facts.role(own) is Role.CHAIR,
            "silences": _silences(part(state, "silence"), state.facts, own),
            "ballots": _ballots(part(state, "ballot"), state.facts, own),
            "plans": ballots.plans(part(state, "ballot") or Ballots()),
            "presets": [
                {"name": name, "sentence": ballots.sentence(rules), "rules": msgspec.to_builtins(rules)}
                for name, rules in PRESETS.items()
            ],
        }
    )


def _silences(known: Silences | None, facts: Facts, own: PartyId) -> list[dict[str, Any]]:
    state = known or Silences()
    return [
        {**each, "may": silences.may(state.silences[ActId(bytes.fromhex(each["silence"]))], facts, own)}
        for each in silences.listed(state, facts)
    ]


def _ballots(known: Ballots | None, facts: Facts, own: PartyId) -> list[dict[str, Any]]:
    state = known or Ballots()
    return [
        {**each, "may": ballots.may(state.ballots[ActId(bytes.fromhex(each["ballot"]))], facts, own)}
        for each in ballots.listed(state, facts)
    ]
