"""The desk: one writer, groups in one transaction, and nobody left waiting."""

import asyncio
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from detente.ground.errors import Refused, Unavailable, Unfit
from detente.transport import desk
from detente.transport.desk import Desk


class Store:
    """Counts transactions; `fail` is raised when the outermost one would commit."""

    def __init__(self):
        self.depth = 0
        self.commits = 0
        self.rolled_back = 0
        self.closed = False
        self.fail = None
        self.tidied = threading.Event()
        self.untidy = None

    @contextmanager
    def transaction(self):
        self.depth += 1
        try:
            yield
        except BaseException:
            self.rolled_back += 1
            raise
        else:
            if self.depth == 1:
                if self.fail:
                    raise self.fail
                self.commits += 1
        finally:
            self.depth -= 1

    def tidy(self):
        assert self.depth == 0
        if self.untidy:
            raise self.untidy
        self.tidied.set()

    def close(self):
        self.closed = True


class Opened:
    def __init__(self):
        self.store = Store()
        self.sentences = []
        self.faults = []
        self.desk = Desk(lambda: SimpleNamespace(store=self.store), self.sentences.append, self.faults.append)
        self.desk.start()

    async def stopped(self):
        await asyncio.to_thread(self.desk.stop)
        assert self.store.closed


def run(journey):
    """Run a journey at an open desk, and see that it ends."""

    async def whole():
        opened = Opened()
        try:
            await asyncio.wait_for(journey(opened), 20)
        finally:
            await opened.stopped()

    asyncio.run(whole())


def held_up(opened):
    """Work that occupies the writer until its event is set."""
    begun, going_on = threading.Event(), threading.Event()

    def work(_house):
        begun.set()
        assert going_on.wait(20)
        return "done"

    return asyncio.ensure_future(opened.desk.do(work)), begun, going_on


def test_what_waits_together_shares_one_commit_and_keeps_its_order():
    async def journey(opened):
        first, begun, going_on = held_up(opened)
        await asyncio.to_thread(begun.wait)
        order = []
        others = [asyncio.ensure_future(opened.desk.do(lambda _house, n=n: order.append(n) or n)) for n in range(40)]
        await asyncio.sleep(0)
        going_on.set()
        assert await first == "done"
        assert await asyncio.gather(*others) == order == list(range(40))
        assert opened.store.commits == 2

    run(journey)


def test_a_step_that_fails_undoes_itself_and_no_other():
    async def journey(opened):
        def fails(_house):
            raise Refused("Not so.")

        with pytest.raises(Refused, match="Not so"):
            await opened.desk.do(fails)
        assert opened.store.rolled_back == 1
        assert await opened.desk.do(lambda _house: 7) == 7
        assert opened.sentences == []

    run(journey)


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (Unfit("The store is damaged."), Unfit, "damaged"),
        (Unavailable("The disk is full."), Unavailable, "full"),
        (RuntimeError("a secret of the inside"), Unfit, "nobody foresaw"),
    ],
)
def test_a_commit_that_fails_ends_the_house_and_answers_everybody(failure, kind, words):
    async def journey(opened):
        first, begun, going_on = held_up(opened)
        await asyncio.to_thread(begun.wait)
        opened.store.fail = failure
        others = [asyncio.ensure_future(opened.desk.do(lambda _house: "too early")) for _ in range(100)]
        await asyncio.sleep(0)
        going_on.set()
        for each in (first, *others):
            with pytest.raises((kind, Unavailable)):
                await each
        await asyncio.to_thread(opened.desk._thread.join, 20)  # the answers come first, and then the end
        [sentence] = opened.sentences
        assert words in sentence
        assert "secret" not in sentence
        assert opened.faults == ([failure] if isinstance(failure, RuntimeError) else [])
        with pytest.raises(Unavailable, match="has ended"):
            await opened.desk.do(lambda _house: "too late")

    run(journey)


def test_unfit_work_ends_the_house():
    async def journey(opened):
        def finds_damage(_house):
            raise Unfit("A cell does not open.")

        with pytest.raises(Unfit, match="does not open"):
            await opened.desk.do(finds_damage)
        await asyncio.to_thread(opened.desk._thread.join, 20)
        assert opened.sentences == ["A cell does not open."]

    run(journey)


def test_whoever_goes_away_takes_back_what_has_not_begun_and_nothing_else():
    async def journey(opened):
        done = []
        first, begun, going_on = held_up(opened)
        await asyncio.to_thread(begun.wait)
        waiting = asyncio.ensure_future(opened.desk.do(lambda _house: done.append("waiting")))
        await asyncio.sleep(0)
        first.cancel()
        waiting.cancel()
        await asyncio.gather(first, waiting, return_exceptions=True)
        going_on.set()
        assert await opened.desk.do(lambda _house: "still here") == "still here"
        assert done == []
        assert opened.store.commits == 2, "what had begun was done whole"

    run(journey)


def test_after_its_end_a_desk_turns_everybody_away():
    async def whole():
        opened = Opened()
        await opened.stopped()
        with pytest.raises(Unavailable, match="has ended"):
            await opened.desk.do(lambda _house: 1)

    asyncio.run(whole())


def test_a_house_that_does_not_open_says_why():
    def no_house():
        raise Unfit("There is no house.")

    with pytest.raises(Unfit, match="no house"):
        Desk(no_house, lambda _: None, lambda _: None).start()


def test_after_a_while_without_work_the_files_are_swept(monkeypatch):
    monkeypatch.setattr(desk, "QUIET", 0.01)

    async def journey(opened):
        assert not opened.store.tidied.is_set(), "nothing was done yet"
        for _ in range(2):
            await opened.desk.do(lambda _house: None)
            assert await asyncio.to_thread(opened.store.tidied.wait, 20)
            opened.store.tidied.clear()

    run(journey)


def test_a_store_that_fails_while_it_is_swept_ends_the_house(monkeypatch):
    monkeypatch.setattr(desk, "QUIET", 0.01)

    async def journey(opened):
        opened.store.untidy = Unfit("The disk is gone.")
        await opened.desk.do(lambda _house: None)
        await asyncio.to_thread(opened.desk._thread.join, 20)
        assert opened.sentences == ["The disk is gone."]
        with pytest.raises(Unavailable):
            await opened.desk.do(lambda _house: None)

    run(journey)
