"""Where documents are read and written, beside the house: so many at once, and what was previewed is kept for a while.

The writer's thread waits for none of it.  A document that is being made goes on to its end even if nobody waits for it
any more, and counts as long; whoever would have to wait too long is told to come again.

A preview is in memory only, for the session that asked for it, under the hash of what it showed.  What is done on
confirmation is what the house read then, not what is sent again; each preview has a name of its own besides, so that
confirming twice does nothing twice.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from detente.ground.errors import Refused, Unavailable
from detente.ground.identifiers import LineId
from detente.ground.instants import Instant

T = TypeVar("T")

AT_ONCE: Final = 2  # documents that are read or written at the same time
PATIENCE: Final = 30.0  # seconds until the turn of a document comes
KEPT_FOR: Final = 30 * 60_000  # milliseconds
MOST_OF_ONE: Final = 4  # previews of one session; the oldest gives way
MOST_OF_ALL: Final = 16


class Workshop:
    """Work on documents, outside of the writer's thread."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = asyncio.Semaphore(at_once)

    async def do(self, work: Callable[[], T]) -> T:
        """What the work gives; `Unavailable` where its turn does not come in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("This house is at work on other documents: try again in a moment.") from None
        doing = asyncio.ensure_future(asyncio.to_thread(work))
        doing.add_done_callback(self._ended)
        return await asyncio.shield(doing)

    def _ended(self, doing: asyncio.Future[T]) -> None:
        self._free.release()
        if not doing.cancelled():
            doing.exception()  # looked at, even if nobody waits for it any more


@dataclass(frozen=True)
class Preview(Generic[T]):
    """Something that was shown, and may be confirmed."""

    line: LineId
    shown: T
    since: Instant
    name: str = field(default_factory=lambda: secrets.token_hex(16))


class Previews:
    """What was shown to the sessions of a house, and may still be confirmed."""

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, str], Preview[object]] = {}

    def keep(self, session: bytes, digest: str, line: LineId, shown: object, now: Instant) -> None:
        """Keep what was shown to a session, under the hash of it; what is too old or too much gives way."""
        self._kept.pop((session, digest), None)
        for key, each in list(self._kept.items()):
            if now - each.since > KEPT_FOR:
                del self._kept[key]
        own = [key for key in self._kept if key[0] == session]
        for key in (
            *own[: max(len(own) - MOST_OF_ONE + 1, 0)],
            *list(self._kept)[: max(len(self._kept) - MOST_OF_ALL + 1, 0)],
        ):
            self._kept.pop(key, None)
        self._kept[session, digest] = Preview(line, shown, now)

    def get(self, session: bytes, digest: str, line: LineId, kind: type[T], now: Instant) -> Preview[T]:
        """What was shown to the session under that hash; `Refused` where it was not, or is too long ago."""
        kept = self._kept.get((session, digest))
        if kept is None or kept.line != line or now - kept.since > KEPT_FOR or not isinstance(kept.shown, kind):
            raise Refused(
                "No document of that content was shown to you, or it was too long ago: hand it in again.",
                rule="documents.preview",
            )
        return kept  # type: ignore[return-value]  # of what it was asked to show
