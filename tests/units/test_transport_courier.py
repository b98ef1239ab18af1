"""What a courier hands in at the desk: a false page leaves its alarm in the store, and the line goes on."""

import asyncio
from dataclasses import replace
from functools import partial

from conference import Conference

from detente.ground.errors import NotAuthentic
from detente.ground.identifiers import Position
from detente.line.engine import Page
from detente.line.terms import Ordered
from detente.procedures.table.acts import Import
from detente.procedures.table.parse import VERSION
from detente.transport.courier import _receive
from detente.transport.desk import Desk


def test_an_alarm_outlives_the_step_that_found_it_and_the_next_true_page_is_taken():
    world = Conference(2)
    line = world.found()
    sender, receiver = world.parties
    sender.do(line, Import("A text", "en", VERSION, "The Parties [shall][should] meet.\n"))
    world.send(sender, line)
    known = receiver.house.line(line)
    page = world.relay.read(known.terms.name, known.size)
    entries = [Ordered(Position(place), *entry) for place, entry in enumerate(page.entries, known.size)]
    false = [replace(entries[0], ciphertext=entries[0].ciphertext[:-1] + b"?"), *entries[1:]]

    async def hand_in():
        said = await desk.do(partial(_receive, line=line, page=Page(false, page.checkpoint), now=world.now))
        alarms = await desk.do(lambda house: house.alarms(line))
        moved = await desk.do(partial(_receive, line=line, page=Page(entries, page.checkpoint), now=world.now))
        return said, alarms, moved

    def reopened():
        receiver.reopen()
        return receiver.house

    desk = Desk(reopened, [].append)
    desk.start()
    try:
        said, alarms, moved = asyncio.run(hand_in())
    finally:
        desk.stop()
    assert isinstance(said, NotAuthentic)
    assert len(alarms) == 1
    assert moved is True
