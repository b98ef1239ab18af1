"""What a courier hands in at the desk, and what happens when something breaks on the way."""

import asyncio
import contextlib
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import pytest
from conference import Conference

from detente.chancery.house import Post
from detente.ground.errors import Conflict, NotAuthentic, Refused
from detente.ground.identifiers import Position
from detente.line.engine import Page
from detente.line.terms import Ordered
from detente.procedures.table.acts import Import
from detente.procedures.table.parse import VERSION
from detente.store.sqlite import SqliteStore
from detente.transport.courier import Courier, _receive
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

    desk = Desk(reopened, [].append, [].append)
    desk.start()
    try:
        said, alarms, moved = asyncio.run(hand_in())
    finally:
        desk.stop()
    assert isinstance(said, NotAuthentic)
    assert len(alarms) == 1
    assert moved is True


# --- what nobody foresaw ----------------------------------------------------------------------------


class Item(NamedTuple):
    number: int
    sealed: bytes


class Relay:
    """As much of a relay's client as a mailbox needs."""

    def __init__(self, items=(), refusal=None):
        self.items, self.refusal = list(items), refusal
        self.posted, self.dropped = [], None

    async def take_mail(self, _box):
        return self.items

    async def drop_mail(self, _box, through):
        self.dropped = through

    async def post_mail(self, _box, tag, _sealed):
        self.posted.append(tag)
        if self.refusal:
            raise self.refusal


class House:
    """It stumbles over one letter, and has two to send."""

    def __init__(self):
        self.taken = []
        self.waiting = {"1": Post("1", "box", b"1", b"one"), "2": Post("2", "box", b"2", b"two")}
        self.store = SqliteStore(":memory:", bytes(32), bytes)

    def receive_letter(self, sealed):
        if sealed == b"stumble":
            raise KeyError("the plaintext of a letter")
        self.taken.append(sealed)
        return "taken"

    def posts(self):
        return list(self.waiting.values())

    def posted(self, key):
        del self.waiting[key]


@contextlib.contextmanager
def courier_of(house):
    found = []
    desk = Desk(lambda: house, found.append, found.append)
    desk.start()
    try:
        yield Courier(desk, "http://127.0.0.1:9", lambda: None, found.append), found
    finally:
        desk.stop()


def test_a_letter_that_the_house_stumbles_over_is_reported_and_holds_up_no_other():
    house = House()
    relay = Relay([Item(0, b"one"), Item(1, b"stumble"), Item(2, b"three")])
    with courier_of(house) as (courier, faults):
        asyncio.run(courier._take_mail(relay, "box"))
    assert house.taken == [b"one", b"three"]
    assert relay.dropped == 2
    assert [type(each) for each in faults] == [KeyError]


@pytest.mark.parametrize(("refusal", "left"), [(None, 0), (Conflict("It lies there already."), 0), (Refused("No."), 2)])
def test_a_part_that_lies_in_the_box_already_is_posted_and_holds_up_no_other(refusal, left):
    house, relay = House(), Relay(refusal=refusal)
    with courier_of(house) as (courier, _):
        asyncio.run(courier._carry_mail(relay, "box"))
    assert relay.posted == [b"1", b"2"]
    assert len(house.waiting) == left


def test_an_errand_that_breaks_is_reported_and_the_loop_goes_on():
    turns = []

    async def errand():
        turns.append(len(turns))
        if len(turns) == 1:
            raise ZeroDivisionError

    async def loop():
        for _ in range(2):
            await courier._persist(errand)

    with courier_of(House()) as (courier, faults):
        asyncio.run(loop())
    assert turns == [0, 1]
    assert [type(each) for each in faults] == [ZeroDivisionError]


def test_a_loop_that_ends_unforeseen_is_heard_of():
    async def ends(error):
        raise error

    async def spawn():
        courier._spawn(ends(ZeroDivisionError()))
        courier._spawn(ends(NotAuthentic("Another relay.")))
        await asyncio.gather(*courier._tasks)

    with courier_of(House()) as (courier, faults):
        asyncio.run(spawn())
    assert [type(each) for each in faults] == [ZeroDivisionError]
