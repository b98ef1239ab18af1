"""Sessions end, links are used once, and whoever waits for an act is told."""

import asyncio
import itertools

import pytest

from detente.api import sessions
from detente.api.hub import Bell, Waiting, Word
from detente.api.sessions import Sessions
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, LineId
from detente.ground.instants import Instant

LINE = LineId(bytes(32))
PASSKEY = bytes(16)
ACTS = [ActId(bytes([number]) * 32) for number in range(5)]


def counted():
    numbers = itertools.count(1)
    return lambda length: next(numbers).to_bytes(length, "big")


def test_a_session_ends_when_idle_and_ends_at_last_however_busy():
    held = Sessions(counted())
    token, _ = held.open("registry", PASSKEY, Instant(0))
    assert held.of(token, Instant(sessions.IDLE)) is not None
    assert held.of(token, Instant(2 * sessions.IDLE + 1)) is None
    token, _ = held.open("registry", PASSKEY, Instant(0))
    at = 0
    while at + sessions.IDLE <= sessions.LONGEST:
        at += sessions.IDLE
        assert held.of(token, Instant(at)) is not None
    assert held.of(token, Instant(sessions.LONGEST + 1)) is None


def test_a_link_works_once_and_another_is_written_down_in_its_place():
    used = []
    held = Sessions(counted(), lambda: used.append(1))
    first = held.links(["registry"])
    assert held.links(["registry"]) == first
    held.use(first["registry"])
    assert used == [1]
    assert held.links(["registry"]) != first
    with pytest.raises(Refused, match="used"):
        held.use(first["registry"])


def test_sessions_are_bounded_and_the_longest_unused_gives_way():
    held = Sessions(counted())
    tokens = [held.open("registry", PASSKEY, Instant(1))[0] for _ in range(sessions.MOST + 1)]
    assert held.of(tokens[0], Instant(2)) is None
    assert held.of(tokens[1], Instant(2)) is not None
    assert held.of(tokens[-1], Instant(2)) is not None


def test_many_wait_and_a_ring_costs_one_question():
    words = dict.fromkeys(ACTS, Word.HELD)
    asked = []

    async def story():
        bell, first = Bell(), asyncio.Event()

        async def look(line, acts):
            asked.append(tuple(acts))
            first.set()
            return {act: words[act] for act in acts}

        waiting = Waiting(bell, look)
        run = asyncio.create_task(waiting.run())
        waiters = [asyncio.create_task(waiting.until(LINE, act, Word.ORDERED, 30)) for act in ACTS for _ in range(20)]
        await first.wait()
        before = len(asked)
        words.update(dict.fromkeys(ACTS[1:], Word.CONFIRMED))
        bell.ring()
        await asyncio.gather(*waiters[20:])
        assert len(asked) - before == 1
        assert not any(waiter.done() for waiter in waiters[:20])
        words[ACTS[0]] = Word.ORDERED
        bell.ring()
        await asyncio.gather(*waiters)
        run.cancel()
        assert not waiting._waiting

    asyncio.run(story())


def test_who_waits_in_vain_is_let_go():
    async def look(line, acts):
        return {}

    async def story():
        waiting = Waiting(Bell(), look)
        await waiting.until(LINE, ACTS[0], Word.CONFIRMED, 0)
        assert not waiting._waiting

    asyncio.run(story())
