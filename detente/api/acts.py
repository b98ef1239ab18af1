"""Acts: doing them, reading the log, waiting until one has its place."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any

import msgspec

from detente.acts import act as acts
from detente.acts.act import Act
from detente.acts.procedure import LineState, Registry
from detente.api.calls import Answer, Call
from detente.api.entrance import words
from detente.api.hub import Word
from detente.api.problems import unknown
from detente.api.requests import ActAsked, convert, plain
from detente.chancery.house import Chancery
from detente.chancery.ports import EntryRow
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import ActId, PartyId
from detente.ground.instants import LAST, Instant, iso
from detente.line.engine import Held, Line
from detente.procedures.correspondence.acts import Note
from detente.tlog.leaf import Leaf
from detente.transport import clock

_SHOWN = ("admitted", "refused", "not understood")
MOST = 2000  # acts in one answer
MOST_BYTES = 16 * 2**20  # of acts in one answer, but always one act
LONGEST_WAIT = 30  # seconds
_KEPT_SMALL = 8 * 1024


async def submit(call: Call) -> Answer:
    """Do an act in the name of the session's office.  It is held, durably, when this answers."""
    asked = call.read(ActAsked)
    line, office, now = call.line, call.office, clock.now()
    registry = await call.do(lambda house: house.registry)
    body = await asyncio.to_thread(body_of, registry, asked.body)
    if isinstance(body, Note):
        raise Refused("A note is drafted first, and leaves when a second office has authorised it.", rule="draft.two")
    act = await call.do(lambda house: house.submit(line, office, body, now, call.request))
    call.entrance.changed(line)
    return Answer({"act": act.hex()})


async def list_acts(call: Call) -> Answer:
    """Acts from a position on, at most 2,000 or 16 MiB; once the log is at its end, the own ones that wait follow.

    With `brief=1` they come without their bodies, but for the kind and the subject: a list needs no more.
    """
    line, start = call.line, call.number("from", 0, 2**53)
    limit, brief = call.number("limit", MOST, MOST), call.number("brief", 0, 1)

    def work(house: Chancery) -> list[dict[str, Any]]:
        known, size = house.line(line), 0
        found: list[dict[str, Any]] = []
        for row in house.store.entries(line, start):
            size += 0 if brief else len(row.packed)
            if len(found) == limit or (found and size > MOST_BYTES):
                return found
            if row.outcome in _SHOWN:
                found.append(_placed(known, row))
        return found + [_waiting(known, held) for held in known.held.values()]

    acts = await call.do(work)
    return Answer([{**act, "body": _in_brief(act["body"])} for act in acts] if brief else acts)


async def get_act(call: Call) -> Answer:
    """One act; with `wait` the answer comes when it is ordered or confirmed, at the latest after `seconds`."""
    line, act = call.line, call.act
    wanted = call.query.get("wait")
    if wanted is not None:
        if wanted not in ("ordered", "confirmed"):
            raise Malformed("One waits until an act is ordered, or until it is confirmed.")
        seconds = call.number("seconds", LONGEST_WAIT, LONGEST_WAIT)
        if await call.do(lambda house: act not in words(house, line, [act])):
            raise unknown()
        await call.entrance.waiting.until(line, act, Word[wanted.upper()], seconds)
    return Answer(await call.do(lambda house: one(house, house.line(line), act)))


def _in_brief(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("kind", "subject") if name in body}


def one(house: Chancery, line: Line, act: ActId) -> dict[str, Any]:
    """One act as it is shown, or the refusal that says nothing is there."""
    position = line.known.get(act)
    if position is not None:
        row = next(iter(house.store.entries(line.id, position)), None)
        if row is not None and row.packed:
            return _placed(line, row)
    for held in line.held.values():
        if held.act == act:
            return _waiting(line, held)
    raise unknown()


def body_of(registry: Registry, given: dict[str, Any]) -> Any:
    """The typed body of an act from its plain JSON; what is unknown in it is refused."""
    kind = given.get("kind")
    for procedure in registry.procedures.values():
        for body in procedure.bodies:
            if body.__struct_config__.tag == kind:
                return convert(given, body)
    raise Malformed("This house does not know acts of that kind.")


def _placed(line: Line, row: EntryRow) -> dict[str, Any]:
    confirmed = row.position < line.confirmed
    return {
        "position": row.position,
        "act": row.act.hex(),
        **_act(line.state, row.packed),
        "outcome": row.outcome,
        "sentence": row.sentence,
        "word": "confirmed" if confirmed else "ordered",
        "at": iso(Instant(Leaf.decode(row.leaf).time_ms)),
    }


def _waiting(line: Line, held: Held) -> dict[str, Any]:
    made = read_act(held.packed)[0].made
    return {
        "position": None,
        "act": held.act.hex(),
        **_act(line.state, held.packed),
        "outcome": "held",
        "sentence": "",
        "word": "held",
        "at": iso(Instant(made)) if made <= LAST else "",
    }


def _act(state: LineState, packed: bytes) -> dict[str, Any]:
    act, body = read_act(packed)
    member = state.facts.members.get(PartyId(act.author))
    return {
        "author": act.author,
        "author_name": member.name if member else f"{act.author[:8]}…",
        "office": act.office,
        "kind": str(body.get("kind", "")),
        "body": body,
    }


class _Kind(msgspec.Struct):
    kind: str = ""


def read_act(packed: bytes) -> tuple[Act, dict[str, Any]]:
    """An act of this house's own store and its plain body; small ones are remembered."""
    return _small(packed) if len(packed) <= _KEPT_SMALL else _read(packed)


def _read(packed: bytes) -> tuple[Act, dict[str, Any]]:
    act = acts.decode(acts.unpack(packed)[0])
    try:
        body = plain(bytes(act.body))
    except Malformed:  # of a kind that nobody understands, and deeper than a reader could need: the list goes on
        body = {"kind": msgspec.json.decode(act.body, type=_Kind).kind}
    return act, body if isinstance(body, dict) else {}


_small = lru_cache(maxsize=2048)(_read)
