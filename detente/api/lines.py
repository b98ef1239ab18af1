"""Lines: founding them, agreeing to them, and what is known of each."""

from __future__ import annotations

from typing import Any

from detente.acts.facts import Role, quorum
from detente.api.calls import Answer, Call
from detente.api.entrance import part
from detente.api.requests import LineAsked, plain
from detente.chancery.house import Chancery, Draft
from detente.ground.identifiers import LineId, PartyId, digits60
from detente.line.engine import Line
from detente.procedures.charter import views as charter
from detente.procedures.charter.acts import Found
from detente.procedures.correspondence import views as correspondence
from detente.transport import clock


async def found(call: Call) -> Answer:
    """Found a line.  Its members are summoned once its first act is confirmed."""
    asked = call.read(LineAsked)
    draft = Draft(
        title=asked.title,
        members=tuple((seat.party, seat.role) for seat in asked.members),
        must_accept=asked.must_accept,
        ceiling=asked.ceiling,
        faults=asked.faults,
        relay=await call.entrance.places.relay(),
        register=await call.entrance.places.register(),
    )
    office, now, request = call.office, clock.now(), call.request

    def work(house: Chancery) -> LineId:
        done = house.store.fetch("requests/lines", request) if request else None
        if done is not None:
            return LineId(done)
        founded = house.found(office, draft, now)
        if request:
            house.store.keep("requests/lines", request, founded)
        return founded

    line = await call.do(work)
    call.entrance.changed()
    return Answer({"line": line.hex()})


async def list_summonses(call: Call) -> Answer:
    """Lines into which this house is asked."""
    return Answer(
        await call.do(
            lambda house: [_summons(house, line, chair, body) for line, chair, body in house.summonses()],
        )
    )


async def agree(call: Call) -> Answer:
    """Agree to a line: the house sends its key package, and the chair's house adds it."""
    line, office = call.line, call.office
    await call.do(lambda house: house.agree(line, office))
    call.entrance.changed()
    return Answer({})


async def list_lines(call: Call) -> Answer:
    """Every line of the house, in short."""
    return Answer(await call.do(lambda house: [_short(house, line) for line in house.lines().values()]))


async def describe(call: Call) -> Answer:
    """One line: its charter, its members, how far it is confirmed, what is wrong with it."""
    line = call.line
    return Answer(await call.do(lambda house: _long(house, house.line(line))))


async def list_notes(call: Call) -> Answer:
    """Every note of the line in the order of its log, with its standing at each addressee."""
    line = call.line
    state, confirmed = await call.do(lambda house: (house.line(line).state, house.line(line).confirmed))
    notes = part(state, "correspondence")
    found = correspondence.notes(notes, state.facts) if notes else []
    return Answer([{**note, "word": "confirmed" if note["position"] < confirmed else "ordered"} for note in found])


async def registry_numbers(call: Call) -> Answer:
    """The registry's series of every member, and how often each used the urgent precedences."""
    state = await call.entrance.state(call.line)
    notes = part(state, "correspondence")
    if notes is None:
        return Answer({"series": [], "urgent": []})
    return Answer(
        {
            "series": correspondence.numbers(notes, state.facts),
            "urgent": correspondence.urgent(notes, state.facts),
        }
    )


async def list_alarms(call: Call) -> Answer:
    """What a person must know of a line, oldest first."""
    line = call.line

    def work(house: Chancery) -> list[dict[str, Any]]:
        house.line(line)
        return [{"number": number, **plain(raw)} for number, raw in house.alarms(line)]

    return Answer(await call.do(work))


def _summons(house: Chancery, line: LineId, chair: PartyId, body: Found) -> dict[str, Any]:
    name = house.directory.name
    return {
        "line": line.hex(),
        "title": body.title,
        "chair": chair,
        "chair_name": name(chair),
        "ceiling": body.ceiling.value,
        "members": [
            {"party": seat.party, "name": name(seat.party), "role": seat.role.value, "own": seat.party == house.party}
            for seat in body.members
        ],
        "must_accept": [{"party": party, "name": name(party)} for party in body.must_accept],
        "relay": body.relay.url,
        "register": body.register.url,
    }


def _short(house: Chancery, line: Line) -> dict[str, Any]:
    state, head = line.state, line.head
    title = getattr(part(state, "charter"), "title", "")
    return {
        "line": line.id.hex(),
        "title": title,
        "members": [member.name for member in state.facts.members.values()],
        "ceiling": state.facts.ceiling.value,
        "size": line.size,
        "confirmed": line.confirmed,
        "epoch": line.epoch,
        "acts": len(line.known),
        "checkpoints": line.checkpoints,
        "head": {"size": head.size, "root": head.root.hex()},
        "forked": line.forked,
        "stuck": line.stuck,
        "held": len(line.held),
        "alarms": len(house.alarms(line.id)),
        "texts": len(state.facts.texts),
    }


def _long(house: Chancery, line: Line) -> dict[str, Any]:
    state, present = line.state, line.members()
    about = part(state, "charter")
    shown = charter.describe(about) if about else {"sentences": [], "departures": [], "returns": [], "incidents": []}
    facts = state.facts
    return {
        **_short(house, line),
        "founded_at": shown.get("founded_at", ""),
        "charter": shown["sentences"],
        "departures": shown["departures"],
        "returns": shown["returns"],
        "incidents": shown["incidents"],
        "members": [
            {
                "party": member.party,
                "name": member.name,
                "role": member.role.value,
                "in_group": member.party in present,
                "must_accept": member.party in facts.must_accept,
                "own": member.party == house.party,
            }
            for member in facts.members.values()
        ],
        "party": house.party,
        "chair": facts.role(house.party) is Role.CHAIR,
        "in_group": house.party in present,
        "quorum": quorum(len(facts.members), facts.faults) if facts.members else 0,
        "authenticator": digits60(line.group.epoch_authenticator) if line.group else "",
        "relay": line.terms.url,
        "register": {"origin": facts.register_origin, "vkey": facts.register_vkey},
    }
