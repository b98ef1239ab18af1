"""Who waits for which line or box, and how they are woken.  Lives in the event loop, keeps nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator

from detente.ground.errors import Unavailable

_WAITERS = 1_024


class Hub:
    """Topics ("l/<line>", "m/<box>") and those who wait for them."""

    def __init__(self, most: int = _WAITERS) -> None:
        self._most = most
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._count = 0
        self.closed = False
        """The relay is ending: every stream should."""

    @contextlib.contextmanager
    def waiting(self, topic: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the topic changed; clear it before looking."""
        if self._count >= self._most:
            raise Unavailable("The relay has as many listeners as it can hold; ask again from time to time.")
        event = asyncio.Event()
        self._waiters.setdefault(topic, set()).add(event)
        self._count += 1
        try:
            yield event
        finally:
            self._count -= 1
            others = self._waiters[topic]
            others.discard(event)
            if not others:
                del self._waiters[topic]

    def publish(self, topics: Iterable[str]) -> None:
        """Wake those who wait for any of the topics."""
        for topic in topics:
            for event in self._waiters.get(topic, ()):
                event.set()

    def close(self) -> None:
        """Wake everyone for the last time."""
        self.closed = True
        self.publish(list(self._waiters))
