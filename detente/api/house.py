"""The house itself: who it is, who is signed in, what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from detente.api.calls import Answer, Call
from detente.api.entrance import Entrance
from detente.api.problems import unknown
from detente.api.sessions import Session
from detente.evidence import records
from detente.ground.errors import Unavailable
from detente.ground.instants import iso
from detente.transport import clock

MOST_LISTENERS = 32  # streams of one session at once: so many tabs, and no more
_HEARTBEAT = 15.0  # seconds
_LOOK_AGAIN = b"data: look again\n\n"
_STILL_HERE = b": still here\n\n"


async def close_session(call: Call) -> Answer:
    """End one's own session."""
    if call.session is None:
        raise unknown()
    call.entrance.sessions.close(call.session)
    return Answer({})


async def describe(call: Call) -> Answer:
    """Whose house this is, its offices, and what it reaches."""
    entrance, office = call.entrance, call.office
    party, digits = await call.do(lambda house: (house.party, house.directory.digits(house.party)))
    record = await entrance.record()
    return Answer(
        {
            "party": party,
            "name": record.names.get("en") or next(iter(record.names.values())),
            "names": record.names,
            "digits": digits,
            "offices": [{"office": each.office, "powers": list(each.powers)} for each in record.offices],
            "office": office,
            "at": iso(clock.now()),
            "powers": [power for each in record.offices if each.office == office for power in each.powers],
            "relay": entrance.places.relay_url,
            "relay_reached": entrance.courier.reached,
            "register": entrance.places.register_url,
        }
    )


async def own_record(call: Call) -> Answer:
    """The party's record as a file for other parties."""
    raw = await call.do(lambda house: records.encode_chain(house.directory.chain(house.party)))
    return Answer(file=raw, name="party-record.json")


async def news(call: Call) -> Answer:
    """An event whenever views may have changed, for as long as the session lasts."""
    session = call.session
    if session is None:
        raise unknown()
    if call.entrance.listeners[session.name] >= MOST_LISTENERS:
        raise Unavailable("This session listens in as many places as one session may.")
    return Answer(media="text/event-stream", stream=_events(call.entrance, session))


async def _events(entrance: Entrance, session: Session) -> AsyncIterator[bytes]:
    bell = entrance.bell
    if entrance.listeners[session.name] >= MOST_LISTENERS:  # several asked in the same moment
        return
    entrance.listeners[session.name] += 1
    try:
        yield _LOOK_AGAIN
        while not bell.closed and entrance.sessions.lives(session, clock.running()):
            seen = bell.rung
            changed = await bell.wait(seen, _HEARTBEAT)
            if not bell.closed:
                yield _LOOK_AGAIN if changed else _STILL_HERE
    finally:
        entrance.listeners[session.name] -= 1
        entrance.listeners += Counter()  # forget those who listen nowhere any more
