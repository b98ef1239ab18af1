"""The writer thread: one commit for many, nobody answered early, a broken job alone in its misery."""

import asyncio
import secrets
import threading

import pytest

from detente.crypto.signing import ed25519_public
from detente.ground.errors import Refused, Unavailable, Unfit
from detente.ground.identifiers import base32
from detente.relay import writer
from detente.relay.journal import Journal
from detente.relay.mailbox import address_of
from detente.relay.news import Hub
from detente.relay.records import Submission
from detente.relay.writer import Writer

KEY = ed25519_public(bytes(32))
LINE = base32(b"l" * 16)


def entry(n):
    return Submission(KEY, 0, 0, n.to_bytes(32, "big"), b"sealed %d" % n)


def append(n):
    return lambda journal: journal.append(LINE, [entry(n)], 1)[0].position


class Stage:
    """A writer whose first job waits until the others have queued up behind it."""

    def __init__(self, path):
        self.journal = Journal(path, bytes(32), "relay.example")
        self.journal.create_line(LINE, (KEY,))
        self.news = []
        self.unfit = []
        self.entered = threading.Event()
        self.gate = threading.Event()

    def wait(self, _):
        self.entered.set()
        assert self.gate.wait(30)

    async def play(self, jobs):
        writer = Writer(self.journal, lambda topics: self.news.append(sorted(topics)), self.unfit.append)
        first = asyncio.ensure_future(writer.do(self.wait))
        await asyncio.to_thread(self.entered.wait)
        results = [asyncio.ensure_future(writer.do(job)) for job in jobs]
        await asyncio.sleep(0)
        self.gate.set()
        await first
        given = await asyncio.gather(*results, return_exceptions=True)
        await writer.stop()
        return given


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path / "relay.db")
    yield made
    made.journal.abandon()


def test_what_waits_together_is_committed_once(stage):
    before = stage.journal._database.generation
    assert asyncio.run(stage.play([append(n) for n in range(100)])) == list(range(100))
    assert stage.journal._database.generation == before + 1
    assert stage.news == [[f"l/{LINE}"]]


def test_control_what_comes_one_by_one_is_committed_one_by_one(stage):
    before = stage.journal._database.generation

    async def play():
        writer = Writer(stage.journal, lambda _: None, stage.unfit.append)
        for n in range(10):
            await writer.do(append(n))
        await writer.stop()

    asyncio.run(play())
    assert stage.journal._database.generation == before + 10


def test_a_refused_job_harms_no_neighbour(stage):
    def refused(journal):
        raise Refused("Not so.")

    given = asyncio.run(stage.play([append(0), refused, append(1)]))
    assert given == [0, Refused("Not so."), 1]
    assert stage.journal.size(LINE) == 2


def test_a_broken_job_takes_back_what_it_did_and_nothing_else(stage):
    def broken(journal):
        journal.append(LINE, [entry(77)], 1)
        raise ZeroDivisionError

    given = asyncio.run(stage.play([append(0), broken, append(1)]))
    assert [type(one) for one in given] == [int, ZeroDivisionError, int]
    assert sorted(given[::2]) == [0, 1]
    assert [body for _, body in stage.journal.read(LINE, 0).entries] == [b"sealed 0", b"sealed 1"]
    assert stage.unfit == []


def test_after_a_failure_of_the_store_nothing_is_acknowledged_any_more(stage):
    def failing(journal):
        journal.append(LINE, [entry(77)], 1)
        raise Unfit("The disk failed.")

    given = asyncio.run(stage.play([append(0), failing, append(1)]))
    assert {type(one) for one in given} == {Unavailable}
    assert [str(error) for error in stage.unfit] == ["The disk failed."]
    assert stage.journal.size(LINE) == 0
    assert stage.news == []


def test_who_went_away_is_not_waited_for(stage):
    async def play():
        writer = Writer(stage.journal, lambda _: None, stage.unfit.append)
        first = asyncio.ensure_future(writer.do(stage.wait))
        await asyncio.to_thread(stage.entered.wait)
        gone = asyncio.ensure_future(writer.do(append(0)))
        await asyncio.sleep(0)
        gone.cancel()
        stage.gate.set()
        await first
        position = await writer.do(append(1))
        await writer.stop()
        return position

    assert asyncio.run(play()) == 1  # what was asked for is done, whether or not somebody still listens


def test_the_hub_wakes_those_who_wait_and_is_bounded():
    async def play():
        hub = Hub(most=2)
        with hub.waiting("l/a") as a, hub.waiting("l/b") as b:
            hub.publish(["l/a", "l/c"])
            assert (a.is_set(), b.is_set()) == (True, False)
            with pytest.raises(Unavailable), hub.waiting("l/a"):
                pass
            hub.close()
            assert hub.closed
            assert b.is_set()
        with hub.waiting("l/a") as a:
            assert not a.is_set()
        assert hub._waiters == {}

    asyncio.run(play())


def test_mail_that_was_dropped_leaves_the_files_when_it_is_quiet(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "QUIET", 0.01)
    box, sealed = address_of(KEY), secrets.token_bytes(9_000)
    swept = threading.Event()
    tidy = stage.journal.tidy
    monkeypatch.setattr(stage.journal, "tidy", lambda: (tidy(), swept.set()))

    def seen():
        files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        return any(sealed[start : start + 32] in files for start in range(0, 8_960, 32))

    def post(journal):
        journal.mail.open_box(KEY)
        journal.mail.post(box, bytes(32), sealed)

    async def journey():
        made = Writer(stage.journal, stage.news.append, stage.unfit.append)
        await made.do(post)
        await made.do(lambda journal: journal.mail.drop(box, 1))
        swept.clear()
        assert await asyncio.to_thread(swept.wait, 20)
        await made.stop()

    with stage.journal.group():
        post(stage.journal)
    with stage.journal.group():
        stage.journal.mail.drop(box, 0)
    assert seen(), "the control: dropped, and still in the write-ahead log"
    asyncio.run(journey())
    assert not seen()
