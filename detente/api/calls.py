"""A call of the API, whoever makes it: over HTTP, or a page of this house.

Every route stands in one table (`detente.api.routes`) with its method, its path, the power that the
office of the session must have, and how large the body may be.  Pages do not reach around it: they make
the same calls, with the same checks, in the same process.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from detente.api.entrance import Entrance
from detente.api.problems import unknown
from detente.api.requests import read
from detente.api.sessions import Session
from detente.chancery.house import Chancery
from detente.chancery.identity import check_power
from detente.ground.errors import Malformed, Refused, Unfit
from detente.ground.identifiers import ActId, LineId

T = TypeVar("T")

OPEN: Final = "open"  # anybody on this machine
POWERS: Final = frozenset({OPEN, "read", "correspond", "authorise", "negotiate", "conclude", "security"})
LONGEST_REQUEST: Final = 200
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Answer:
    """What a handler gives: a value for JSON, or a file, or a stream of events."""

    value: Any = None
    file: bytes | None = None
    name: str = ""  # of the file
    media: str = "application/json"
    stream: AsyncIterator[bytes] | None = None


@dataclass(frozen=True)
class Call:
    """One call, after everything that all routes have in common was checked."""

    entrance: Entrance
    session: Session | None
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    request: str = ""  # the asker's own name for this wish; asked again under it, nothing is done twice

    @property
    def office(self) -> str:
        """In whose name it is made."""
        if self.session is None:
            raise Refused("This needs a session: sign in first.", rule="session.none")
        return self.session.office

    @property
    def line(self) -> LineId:
        """The line in the path."""
        return LineId(_from_hex(self.path["line"]))

    @property
    def act(self) -> ActId:
        """The act in the path."""
        return ActId(_from_hex(self.path["act"]))

    def hash(self, name: str) -> bytes:
        """A hash of 32 bytes in the path, written as 64 small hex digits."""
        return _from_hex(self.path[name])

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from the query."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= most):
            raise Malformed(f"“{name}” is a whole number of at most {most}.")
        return int(text)

    def read(self, kind: type[T]) -> T:
        """The body as a request of that type."""
        return read(self.body, kind)

    async def do(self, work: Callable[[Chancery], T]) -> T:
        """Have the house do something."""
        return await self.entrance.desk.do(work)


Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    method: str
    path: str
    power: str
    most: int  # bytes of the body
    handler: Handler
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        if self.power not in POWERS:
            raise Unfit(f"The route {self.method} {self.path} does not say which power it needs.")
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]{1,128})", self.path)
        object.__setattr__(self, "pattern", re.compile(pattern))


class Api:
    """All routes of a house."""

    def __init__(self, entrance: Entrance, routes: Iterable[Route]) -> None:
        self.entrance = entrance
        self.routes = tuple(routes)
        seen = [(route.method, route.path) for route in self.routes]
        if len(set(seen)) != len(seen):
            raise Unfit("A route of the API stands in its table twice.")

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """The route of a path without the API's prefix; the same refusal for all that is not there."""
        for route in self.routes:
            match = route.pattern.fullmatch(path)
            if match and route.method == method:
                return route, match.groupdict()
        raise unknown()

    async def call(
        self,
        session: Session | None,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        request: str = "",
    ) -> Answer:
        """Make a call; raises what the house says against it."""
        route, parts = self.find(method, path)
        await self.check(route, session)
        if len(body) > route.most:
            raise Refused(f"The body of this request has at most {route.most} bytes.", rule="api.large")
        return await route.handler(Call(self.entrance, session, parts, query or {}, body, _wish(session, request)))

    async def check(self, route: Route, session: Session | None) -> None:
        """Raises `Refused` unless the session's office has the power that the route needs."""
        if route.power == OPEN:
            return
        if session is None:
            raise Refused("This needs a session: sign in first.", rule="session.none")
        check_power(await self.entrance.record(), session.office, route.power)


def _wish(session: Session | None, request: str) -> str:
    """The name of a wish, apart for each office; `Malformed` where it is no plain word."""
    if not request:
        return ""
    if len(request) > LONGEST_REQUEST or not (request.isascii() and request.isprintable()):
        raise Malformed(f"A request's own name has at most {LONGEST_REQUEST} plain characters.")
    return f"{session.office if session else ''}:{request}"


def _from_hex(text: str) -> bytes:
    if not _HASH.fullmatch(text):
        raise unknown()
    return bytes.fromhex(text)
