"""The one writer of a chancery: a thread that owns the house and its store, and commits in groups.

Entrances and couriers hand in functions of the house and await their results; nothing else touches
it.  What waits together is done together in one transaction, so that many acts share one sync of the
disk; a result is released only after that transaction is durable.  A step that fails undoes itself
(a savepoint); a commit that fails ends the program, because nobody may go on from an unknown state.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from detente.chancery.house import Chancery
from detente.ground.errors import Unavailable, Unfit

T = TypeVar("T")

MOST_TOGETHER = 64
QUIET = 1.0  # seconds without work, after which used keys are swept out of the store's files
_ENDED = "This house has ended and takes nothing more."
_FAULT = "The house's writer failed in a way that nobody foresaw; it stops, so that nothing is built on it."
_Job = tuple[Callable[[Chancery], Any], "Future[Any]"]
_Done = tuple["Future[Any]", Any, BaseException | None]


class Desk:
    """Give work to the house; see the module for what is promised."""

    def __init__(
        self,
        make: Callable[[], Chancery],
        on_unfit: Callable[[str], None],
        on_fault: Callable[[BaseException], None],
    ) -> None:
        """`make` opens the house inside the thread; `on_unfit` is told the sentence when it must stop.

        `on_fault` is given what nobody foresaw, before that.
        """
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._on_unfit = on_unfit
        self._on_fault = on_fault
        self._ready: Future[None] = Future()
        self._gate = threading.Lock()
        self._ended = False
        self._thread = threading.Thread(target=self._run, args=(make,), name="desk", daemon=True)

    def start(self) -> None:
        """Open the house; raises what opening it raised."""
        self._thread.start()
        self._ready.result()

    async def do(self, work: Callable[[Chancery], T]) -> T:
        """The result of `work` on the house, after it is durable; raises what it raised.

        Whoever is cancelled while the work still waits takes it back; once it has begun it is done whole.
        Raises `Unavailable` where the house has ended.
        """
        future: Future[T] = Future()
        with self._gate:
            if self._ended:
                raise Unavailable(_ENDED)
            self._jobs.put((work, future))
        return await asyncio.wrap_future(future)

    def stop(self) -> None:
        """Finish what was handed in, and close the store."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self, make: Callable[[], Chancery]) -> None:
        try:
            house = make()
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to whoever starts the house
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        going, swept = True, True
        while going:
            try:
                batch, going = self._gather(None if swept else QUIET)
            except queue.Empty:
                going, swept = self._sweep(house), True
                continue
            if batch:
                going, swept = self._commit(house, batch) and going, False
        self._turn_away()
        house.store.close()

    def _gather(self, patience: float | None) -> tuple[list[_Job], bool]:
        """What waits, and whether there will be more; `queue.Empty` where nothing came in so many seconds."""
        batch: list[_Job] = []
        job = self._jobs.get(timeout=patience)
        while job is not None:
            if job[1].set_running_or_notify_cancel():
                batch.append(job)
            if len(batch) >= MOST_TOGETHER:
                return batch, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit(self, house: Chancery, batch: list[_Job]) -> bool:
        done: list[_Done] = []
        try:
            with house.store.transaction():
                for work, future in batch:
                    done.append(_attempt(house, work, future))
        except BaseException as error:  # noqa: BLE001 - nobody may go on from an unknown state, whatever it is
            return self._give_up(error, batch)
        for future, result, failure in done:
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(result)
        return True

    def _sweep(self, house: Chancery) -> bool:
        try:
            house.store.tidy()
        except BaseException as error:  # noqa: BLE001 - as in `_commit`
            return self._give_up(error, ())
        return True

    def _give_up(self, error: BaseException, batch: Sequence[_Job]) -> bool:
        known = error if isinstance(error, (Unfit, Unavailable)) else Unfit(_FAULT)
        if known is not error:
            self._on_fault(error)
        for _, future in batch:
            future.set_exception(known)
        self._on_unfit(known.sentence)
        return False

    def _turn_away(self) -> None:
        """The house has ended: nobody waits for an answer that cannot come."""
        with self._gate:
            self._ended = True
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            if job is not None and job[1].set_running_or_notify_cancel():
                job[1].set_exception(Unavailable(_ENDED))


def _attempt(house: Chancery, work: Callable[[Chancery], Any], future: Future[Any]) -> _Done:
    try:
        with house.store.transaction():
            return future, work(house), None
    except Unfit:
        raise
    except Exception as error:  # noqa: BLE001 - it goes to whoever handed the work in
        return future, None, error
