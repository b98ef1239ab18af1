"""The one thread that uses the journal, and how many requests share one fsync.

While one group is being made durable, requests queue up; the next group takes them all (up to a bound),
does each, and commits once.  Nobody is answered before the commit of the group that served them, so an
answer never tells of something that a power cut could undo, reads included.

A job that is refused has written nothing and harms no neighbour.  A job that breaks (a fault of ours) takes
its group back with it; the group's jobs are then done again one by one, so that only the broken one fails.
Where the store itself fails nothing more is acknowledged: `on_unfit` stops the program.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from detente.ground.errors import Conflict, DetenteError, Malformed, NotAuthentic, Refused, Unavailable, Unfit
from detente.relay.journal import Journal

T = TypeVar("T")
Job = Callable[[Journal], Any]

_GROUP = 256
_WAITING = 2_048
QUIET = 1.0  # seconds without work, after which dropped mail is swept out of the store's files
_REFUSALS = (Refused, Conflict, Malformed, NotAuthentic)


class _Asked:
    """A job and who waits for it."""

    def __init__(self, job: Job, answer: asyncio.Future[Any]) -> None:
        self.job = job
        self.answer = answer
        self.outcome: Any = None
        self.error: Exception | None = None


class Writer:
    """Runs jobs on the journal, in groups, in a thread of its own."""

    def __init__(
        self,
        journal: Journal,
        on_news: Callable[[set[str]], None],
        on_unfit: Callable[[DetenteError], None],
    ) -> None:
        """`on_news` gets the topics of each group that became durable; `on_unfit`, once, that it is over.

        Both are called in the event loop.
        """
        self._journal = journal
        self._on_news = on_news
        self._on_unfit = on_unfit
        self._queue: queue.Queue[_Asked | None] = queue.Queue(_WAITING)
        self._loop = asyncio.get_running_loop()
        self._unfit: DetenteError | None = None
        self._told = False
        self._thread = threading.Thread(target=self._run, name="relay-writer", daemon=True)
        self._thread.start()

    async def do(self, job: Callable[[Journal], T]) -> T:
        """The job's result, once everything that it did is durable; or its error."""
        if self._unfit is not None:
            raise Unavailable("This relay has stopped: its store is damaged.")
        asked = _Asked(job, self._loop.create_future())
        try:
            self._queue.put_nowait(asked)
        except queue.Full:
            raise Unavailable("The relay has more to do than it can hold; try again later.") from None
        return cast("T", await asked.answer)

    async def stop(self) -> None:
        """Finish what is queued, then end the thread.  The journal stays open."""
        await asyncio.to_thread(self._queue.put, None)
        await asyncio.to_thread(self._thread.join)

    # --- in the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        going, swept = True, True
        while going:
            try:
                group, going = self._take(None if swept else QUIET)
            except queue.Empty:
                group, swept = [], True
                self._sweep()
            else:
                swept = False
            if group or self._unfit is not None:
                self._loop.call_soon_threadsafe(self._deliver, group, self._serve(group))

    def _sweep(self) -> None:
        try:
            self._journal.tidy()
        except DetenteError as error:
            self._fail([], error)

    def _take(self, patience: float | None) -> tuple[list[_Asked], bool]:
        """All that waits, and whether there will be more; `queue.Empty` where nothing came in so many seconds."""
        group: list[_Asked] = []
        asked = self._queue.get(timeout=patience)
        while asked is not None:
            group.append(asked)
            if len(group) >= _GROUP:
                return group, True
            try:
                asked = self._queue.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _serve(self, group: list[_Asked]) -> set[str]:
        try:
            return self._together(group)
        except DetenteError as error:
            self._fail(group, error)
        except Exception as error:  # noqa: BLE001 - a broken job must not end the thread that all wait for
            if len(group) == 1:
                group[0].error = error
            else:
                return set().union(*(self._serve([asked]) for asked in group))
        return set()

    def _together(self, group: list[_Asked]) -> set[str]:
        if self._unfit is not None:
            raise Unavailable("This relay has stopped: its store is damaged.")
        with self._journal.group() as news:
            for asked in group:
                asked.outcome = asked.error = None
                try:
                    asked.outcome = asked.job(self._journal)
                except _REFUSALS as error:
                    asked.error = error
        return set(news)

    def _fail(self, group: list[_Asked], error: DetenteError) -> None:
        """Nothing of this group is durable, and everyone in it is told so."""
        if isinstance(error, Unfit):
            self._unfit = error
        for asked in group:
            asked.outcome, asked.error = None, Unavailable(f"Nothing was kept: {error.sentence}")

    # --- in the event loop -----------------------------------------------------------------------

    def _deliver(self, group: list[_Asked], news: set[str]) -> None:
        for asked in group:
            if asked.answer.done():  # whoever asked has gone
                continue
            if asked.error is not None:
                asked.answer.set_exception(asked.error)
            else:
                asked.answer.set_result(asked.outcome)
        if news:
            self._on_news(news)
        if self._unfit is not None and not self._told:
            self._told = True
            self._on_unfit(self._unfit)
