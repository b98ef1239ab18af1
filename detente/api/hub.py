"""Who is told when something changed, and who waits for an act to come further.

The courier and the entrances ring; everybody who listens is told once, however often it rang.  Waiting
for acts costs the house one question for each ring, not one for each who waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import IntEnum

from detente.ground.identifiers import ActId, LineId


class Word(IntEnum):
    """How safe an act is, in order (house.md)."""

    HELD = 0
    ORDERED = 1
    CONFIRMED = 2


class Bell:
    """A counter of changes on which many can wait; it is used by one event loop."""

    def __init__(self) -> None:
        self.rung = 0
        self.closed = False
        self._event = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this at every ring."""
        self._listeners.append(listener)

    def ring(self) -> None:
        """Something changed."""
        self.rung += 1
        self._event.set()
        self._event = asyncio.Event()
        for listener in self._listeners:
            listener()

    def close(self) -> None:
        """The program ends: let everybody go."""
        self.closed = True
        self.ring()

    async def wait(self, seen: int, seconds: float) -> bool:
        """Until it has rung since `seen`, at most so long; whether it has."""
        if self.rung == seen and not self.closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):  # wait_for of Python 3.11 loses a cancellation that meets a ring
                    await self._event.wait()
        return self.rung != seen


Look = Callable[[LineId, Iterable[ActId]], Awaitable[Mapping[ActId, Word]]]
_Entry = tuple[Word, "asyncio.Future[None]"]


class Waiting:
    """Everybody who waits for a word about an act."""

    def __init__(self, bell: Bell, look: Look) -> None:
        """`look` asks the house for the words of several acts of a line at once."""
        self._look = look
        self._wake = asyncio.Event()
        self._waiting: dict[LineId, dict[ActId, set[_Entry]]] = {}
        bell.listen(self._wake.set)

    async def until(self, line: LineId, act: ActId, word: Word, seconds: float) -> None:
        """Return when the act has that word, or when the time is over."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (word, future)
        self._waiting.setdefault(line, {}).setdefault(act, set()).add(entry)
        self._wake.set()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await future
        finally:
            self._forget(line, act, entry)

    def _forget(self, line: LineId, act: ActId, entry: _Entry) -> None:
        acts = self._waiting[line]
        acts[act].discard(entry)
        if not acts[act]:
            del acts[act]
        if not acts:
            del self._waiting[line]

    async def run(self) -> None:
        """Ask after every ring, and whenever somebody begins to wait, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            for line, acts in list(self._waiting.items()):
                found = await self._look(line, list(acts))
                for act, word in found.items():
                    _release(acts.get(act, set()), word)


def _release(entries: set[tuple[Word, asyncio.Future[None]]], word: Word) -> None:
    for wanted, future in entries:
        if word >= wanted and not future.done():
            future.set_result(None)
