"""The directory: whose records this house holds, and whom two of its offices have accredited."""

from __future__ import annotations

from typing import Any

from detente.api.calls import Answer, Call
from detente.api.problems import unknown
from detente.api.requests import DigitsCompared
from detente.chancery.house import Chancery
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import PartyId, check_party_id
from detente.ground.instants import Instant, iso
from detente.transport import clock


async def list_parties(call: Call) -> Answer:
    """Every party whose record is here, the house's own among them."""
    return Answer(await call.do(lambda house: [_party(house, party) for party in house.directory.parties()]))


async def receive_record(call: Call) -> Answer:
    """Take a record file in.  The party is known from now on, and not yet believed."""

    def work(house: Chancery) -> dict[str, Any]:
        party, digits = house.directory.receive(call.body)
        return {"party": party, "name": house.directory.name(party), "digits": digits}

    answer = await call.do(work)
    call.entrance.changed()
    return Answer(answer)


async def compare(call: Call) -> Answer:
    """An office says which sixty digits stand on the letter of credence that it holds in its hands."""
    asked = call.read(DigitsCompared)
    party, office, now = _party_in(call), call.office, clock.now()

    def work(house: Chancery) -> bool:
        if party not in house.directory.parties():
            raise unknown()
        if party == house.party:
            raise Refused("A house does not accredit itself.", rule="credence.own")
        return house.directory.compare(party, asked.digits, office, now)

    accredited = await call.do(work)
    call.entrance.changed()
    return Answer({"accredited": accredited})


def _party_in(call: Call) -> PartyId:
    try:
        return check_party_id(call.path["party"])
    except Malformed:
        raise unknown() from None


def _party(house: Chancery, party: PartyId) -> dict[str, Any]:
    directory = house.directory
    record = directory.record(party)
    return {
        "party": party,
        "name": directory.name(party),
        "names": record.names,
        "own": party == house.party,
        "version": record.version,
        "frozen": record.frozen,
        "digits": directory.digits(party),
        "offices": [each.office for each in record.offices],
        "accredited": directory.is_accredited(party),
        "comparisons": [
            {"office": each.office, "at": iso(Instant(each.at)), "record": each.record.hex()}
            for each in directory.credence(party).comparisons
        ],
    }
