"""The charter as people read it: sentences, each with an id that others can point to."""

from __future__ import annotations

from typing import Any

from detente.acts.facts import Member, Role, quorum
from detente.ground.instants import LAST, Instant, iso
from detente.procedures.charter.rules import State

_ROLES = {
    Role.CHAIR: "chairs this line: it admits, removes, settles and publishes, and takes part as a member",
    Role.MEMBER: "is a member",
    Role.OBSERVER: "is an observer: it reads and corresponds, and decides nothing",
}


def describe(state: State) -> dict[str, Any]:
    """Everything that the charter says, as plain values; no sentences before the line is founded."""
    return {
        "title": state.title,
        "founded": bool(state.title),
        "founded_at": _time(state.founded_at) if state.founded_at is not None else "",
        "ceiling": state.ceiling.value,
        "sentences": [{"id": name, "text": words} for name, words in _sentences(state)] if state.title else [],
        "members": [_member(member, member.party in state.must_accept) for member in state.members.values()],
        "departures": [
            {"party": each.party, "name": each.name, "at": _time(each.at), "reason": each.reason}
            for each in state.departures
        ],
        "returns": [
            {
                "party": party,
                "name": state.members[party].name,
                "act": each.act.hex(),
                "position": each.position,
                "by": each.by,
                "reason": each.reason,
            }
            for party, each in state.returns.items()
        ],
        "incidents": [
            {
                "act": each.act.hex(),
                "by": each.by,
                "at": _time(each.at),
                "position": each.position,
                "sentence": each.sentence,
                "evidence_sha256": each.evidence.hex(),
                "evidence_bytes": each.size,
            }
            for each in state.reports
        ],
    }


def _sentences(state: State) -> list[tuple[str, str]]:
    total, faults = len(state.members), state.effective_faults
    accepting = ", ".join(state.members[party].name for party in state.must_accept)
    found = [("charter.title", f"This line is called “{state.title}”.")]
    found += [
        (f"charter.members.{number}", f"{member.name} {_ROLES[member.role]}.")
        for number, member in enumerate(state.members.values(), 1)
    ]
    found += [
        ("charter.accept", f"What is concluded here is adopted, sealed and published by {accepting}, each of them."),
        ("charter.ceiling", f"Nothing labelled above {state.ceiling.value} may be said here."),
        ("charter.unmarked", f"What bears no label is treated as {state.ceiling.value}."),
        ("charter.quorum", f"An act is confirmed when {quorum(total, faults)} of {total} members have cosigned it."),
        ("charter.faults", f"That holds while no more than {faults} of them collude with the relay."),
    ]
    if state.relay and state.register:
        found += [
            ("charter.relay", f"The relay at {state.relay.url} orders what it cannot read ({state.relay.origin})."),
            ("charter.register", f"What the parties publish stands in the register at {state.register.url}."),
        ]
    found += [
        (f"charter.rules.{name}", f"{name.capitalize()} follows version {version} of its rules.")
        for name, version in state.rules.items()
    ]
    return found


def _member(member: Member, must_accept: bool) -> dict[str, Any]:  # noqa: FBT001 - a value to be shown
    return {
        "party": member.party,
        "name": member.name,
        "role": member.role.value,
        "must_accept": must_accept,
        "record": member.record.hex(),
    }


def _time(at: Instant) -> str:
    return iso(at) if 0 <= at <= LAST else ""
