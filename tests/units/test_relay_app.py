"""The application with a clock and chance of our own: sessions that end, writers that were removed, a store that fails."""

import asyncio
import contextlib
import itertools

import httpx
import pytest

from detente.crypto.signing import ed25519_public
from detente.ground.errors import Refused, Unavailable
from detente.ground.identifiers import base32
from detente.relay.app import ROUTES, Authority, make_app
from detente.relay.journal import Journal
from detente.relay.news import Hub
from detente.transport.relay_client import Declined, Placed, RelayClient, Submission, connections

ALICE, BOB = (bytes([n]) * 32 for n in (1, 2))
KEYS = {seed: ed25519_public(seed) for seed in (ALICE, BOB)}
LINE = base32(b"l" * 16)
HOUR = 3_600_000


class World:
    """A relay inside the test's own event loop."""

    def __init__(self, path=":memory:"):
        self.journal = Journal(path, bytes(32), "relay.example")
        self.hub = Hub()
        self.time = 1_000
        self.failures = []
        counter = itertools.count()
        self.app = make_app(
            self.journal,
            lambda: self.time,
            lambda length: next(counter).to_bytes(length, "big"),
            self.hub,
            self.failures.append,
        )

    @contextlib.asynccontextmanager
    async def clients(self, *seeds):
        transport = httpx.ASGITransport(self.app)
        async with self.app.router.lifespan_context(self.app), connections("http://127.0.0.1", transport) as pool:
            yield [RelayClient(pool, seed) for seed in seeds]


def talk(n, *, epoch=0, size=9):
    return Submission(0, epoch, n.to_bytes(32, "big"), n.to_bytes(size, "big"))


def play(journey, *more):
    return asyncio.run(asyncio.wait_for(journey(*more), 30))


def test_a_session_ends_after_an_hour_and_the_client_opens_another():
    async def journey():
        world = World()
        async with world.clients(ALICE) as (alice,):
            await alice.create_line(LINE, [alice.public])
            first = alice._token
            world.time += HOUR - 1
            await alice.checkpoint(LINE)
            assert alice._token == first
            world.time += 1
            await alice.checkpoint(LINE)
            assert alice._token != first

    play(journey)


def test_the_leaf_bears_the_relay_s_time():
    async def journey():
        world = World()
        async with world.clients(ALICE) as (alice,):
            await alice.create_line(LINE, [alice.public])
            (placed,) = await alice.append(LINE, [talk(0)])
            world.time = 5
            (later,) = await alice.append(LINE, [talk(1)])
            assert (placed, later) == (Placed(0, 1_000, 1), Placed(1, 1_000, 2))

    play(journey)


def test_a_removed_writer_s_open_session_and_open_stream_are_worth_nothing():
    async def journey():
        world = World()
        async with world.clients(ALICE, BOB) as (alice, bob):
            await alice.create_line(LINE, [alice.public, bob.public])
            await bob.append(LINE, [talk(0)])
            token = {"Authorization": f"Bearer {bob._token}"}
            stream = asyncio.ensure_future(bob._http.get(f"/v1/lines/{LINE}/news", headers=token))
            while not world.hub._waiters:  # noqa: ASYNC110 - the hub has no reason to tell who listens
                await asyncio.sleep(0)
            removal = Submission(1, 0, bytes(32 * [9]), b"commit", 1, (alice.public,))
            assert isinstance((await alice.append(LINE, [removal]))[0], Placed)
            heard = (await stream).content  # it ended by itself
            assert heard in (b'data: {"size":1}\n\n', b"")
            for attempt in (bob.read(LINE), bob.append(LINE, [talk(1, epoch=1)]), bob.checkpoint(LINE)):
                with pytest.raises(Refused):
                    await attempt

    play(journey)


def test_a_store_that_fails_stops_the_relay_and_nothing_more_is_said():
    async def journey():
        world = World()
        async with world.clients(ALICE) as (alice,):
            await alice.create_line(LINE, [alice.public])
            await alice.append(LINE, [talk(0)])
            world.journal._database.execute("UPDATE ciphertext SET bytes = zeroblob(8)")
            answers = []
            for attempt in (alice.read(LINE), alice.append(LINE, [talk(1)]), alice.checkpoint(LINE)):
                try:
                    answers.append(await attempt)
                except Unavailable as error:
                    answers.append(str(error))
            assert "entry 0 is not the one that its leaf names" in answers[0]
            assert answers[1:] == ["This relay has stopped: its store is damaged."] * 2
            assert len(world.failures) == 1

    play(journey)


def test_a_full_disk_is_said_and_what_fits_later_is_placed(tmp_path):
    async def journey():
        world = World(tmp_path / "relay.db")
        async with world.clients(ALICE) as (alice,):
            await alice.create_line(LINE, [alice.public])
            database = world.journal._database
            pages = database.row("PRAGMA page_count")[0]
            database.execute(f"PRAGMA max_page_count = {pages + 10}")
            answer = None
            try:
                await alice.append(LINE, [talk(0), talk(1, size=100_000)])
            except Unavailable as error:
                answer = str(error)
            assert answer == "Nothing was kept: The disk is full; nothing of this was written."
            assert (await alice.read(LINE)).size == 0
            database.execute("PRAGMA max_page_count = 100000")
            placed = await alice.append(LINE, [talk(0), talk(1, size=100_000)])
            assert [one.position for one in placed] == [0, 1]
            assert world.failures == []

    play(journey)
    Journal(tmp_path / "relay.db", bytes(32), "relay.example").close()


def test_a_broken_submission_harms_no_other_in_its_request():
    async def journey():
        world = World()
        async with world.clients(ALICE) as (alice,):
            await alice.create_line(LINE, [alice.public])
            results = await alice.append(LINE, [talk(0), Submission(7, 0, bytes(32), b"x"), talk(2), talk(0)])
            assert [type(one) for one in results] == [Placed, Declined, Placed, Placed]
            assert [one.position for one in results if isinstance(one, Placed)] == [0, 1, 0]

    play(journey)


def test_the_table_is_whole():
    assert len({(row.method, row.path) for row in ROUTES}) == len(ROUTES)
    assert {row.path for row in ROUTES if row.authority is Authority.OPEN} == {
        "/v1/relay",
        "/v1/sessions",
        "/v1/sessions/challenge",
    }
    for row in ROUTES:
        if "{line}" in row.path:
            assert row.authority is Authority.WRITER
