"""The relay over HTTP: one table of routes, each with the authority that it demands.

| authority | who                                                                              |
|-----------|----------------------------------------------------------------------------------|
| OPEN      | anyone                                                                           |
| SESSION   | whoever holds a session: a key that signed a challenge                           |
| WRITER    | a session whose key is a writer of the line in the path, at the moment of doing  |
| OWNER     | a session whose key the box in the path belongs to                               |

The authority is asked in the same breath in which the journal does the work, so a writer who was just
removed does nothing more.  No such line and not your line are one answer, 404 with the same bytes.

Every answer that is not a success is a problem+json with a sentence.  Bodies are bounded while they come,
before anything reads them.  Nothing of what passes is logged: the relay has no access log.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from enum import Enum
from functools import partial
from typing import Final, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from detente.ground.errors import (
    Conflict,
    DetenteError,
    Malformed,
    NotAuthentic,
    Refused,
    Stale,
    Unavailable,
    Unfit,
)
from detente.ground.instants import Instant
from detente.hostkit.program import is_loopback
from detente.relay.journal import Journal
from detente.relay.limits import KIB, MIB
from detente.relay.mailbox import address_of
from detente.relay.news import Hub
from detente.relay.records import UNKNOWN, Declined, Placed, Submission, unknown
from detente.relay.sessions import Sessions
from detente.relay.writer import Writer
from detente.wire import relaying as say

T = TypeVar("T")

SMALL: Final = 4 * KIB
KEYS: Final = 64 * KIB
WORDS: Final = 32 * KIB
SEALED: Final = 12 * MIB
MANY: Final = 20 * MIB
_HEARTBEAT_SECONDS: Final = 15.0
_BODY_SECONDS: Final = 60.0
_LARGE: Final = 256 * KIB
_LARGE_AT_ONCE: Final = 16
_LENGTH_DIGITS: Final = 12  # of a length that anybody may announce
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Authority(Enum):
    """What a route demands; the table is at the head of this file."""

    OPEN = "open"
    SESSION = "session"
    WRITER = "writer"
    OWNER = "owner"


@dataclass(frozen=True)
class Relay:
    """What the handlers share."""

    writer: Writer
    sessions: Sessions
    hub: Hub
    now: Callable[[], Instant]
    description: say.Description
    room: asyncio.Semaphore
    """For requests with large bodies: so many are in memory at once."""


@dataclass(frozen=True)
class Call:
    """One request, after the checks that all have in common."""

    relay: Relay
    request: Request
    body: bytes
    key: bytes
    """Of the session; empty on an OPEN route."""
    token: str
    authority: Authority

    @property
    def line(self) -> str:
        """The line in the path."""
        return str(self.request.path_params["line"])

    @property
    def box(self) -> str:
        """The box in the path."""
        return str(self.request.path_params["box"])

    def number(self, name: str, default: str = "") -> int:
        """A whole number from the query, or `Malformed`."""
        text = self.request.query_params.get(name, default)
        if not (text.isascii() and text.isdigit() and len(text) <= 16):
            raise Malformed(f"The query's {name!r} is a whole number.")
        return int(text)

    async def do(self, job: Callable[[Journal], T]) -> T:
        """Run a job on the journal under this route's authority."""
        return await self.relay.writer.do(partial(self._allowed, job))

    def _allowed(self, job: Callable[[Journal], T], journal: Journal) -> T:
        if self.authority is Authority.WRITER and not journal.may_write(self.line, self.key):
            raise unknown()
        if self.authority is Authority.OWNER and address_of(self.key) != self.box:
            raise unknown()
        return job(journal)


Handler = Callable[[Call], Awaitable[Response]]


# --- handlers ------------------------------------------------------------------------------------


async def describe(call: Call) -> Response:
    """Who signs the checkpoints here, and the limits."""
    return _answer(call.relay.description)


async def give_challenge(call: Call) -> Response:
    """A challenge for a key."""
    asked = say.decode(call.body, say.ChallengeAsked)
    return _answer(say.ChallengeGiven(call.relay.sessions.challenge(asked.key, call.relay.now())))


async def open_session(call: Call) -> Response:
    """A token for a signed challenge."""
    asked = say.decode(call.body, say.SessionAsked)
    token, ends = call.relay.sessions.open(asked.key, asked.challenge, asked.signature, call.relay.now())
    return _answer(say.SessionGiven(token, ends))


async def create_line(call: Call) -> Response:
    """A new line, of which the asker is a writer."""
    asked = say.decode(call.body, say.LineAsked)
    if call.key not in asked.writers:
        raise Refused("Whoever founds a line is one of its writers.", rule="relay.writers")

    def job(journal: Journal) -> None:
        journal.create_line(asked.line, asked.writers)

    await call.do(job)
    return _answer(say.Done(0))


async def append(call: Call) -> Response:
    """A place for each submission, or why not."""
    asked = say.decode(call.body, say.EntriesAsked)
    submissions = [
        Submission(call.key, one.kind, one.epoch, one.tag, one.ciphertext, one.expected, one.writers, one.insist)
        for one in asked.entries
    ]
    now = call.relay.now()

    def job(journal: Journal) -> list[Placed | Declined]:
        return journal.append(call.line, submissions, now)

    return _answer(say.Results(tuple(_result(one) for one in await call.do(job))))


def _result(one: Placed | Declined) -> say.Result:
    match one:
        case Placed(position, time, size):
            return say.Result("placed", size, position, time)
        case Declined(code, sentence, size):
            return say.Result(code, size, sentence=sentence)


async def read(call: Call) -> Response:
    """A page of entries with the checkpoint that ends where it does."""
    start, limit = call.number("from", "0"), call.number("limit", "0")

    def job(journal: Journal) -> say.PageGiven:
        page = journal.read(call.line, start, limit)
        return say.PageGiven(
            start,
            tuple(say.PlacedEntry(leaf.encode(), ciphertext) for leaf, ciphertext in page.entries),
            page.checkpoint,
            tuple(say.Cosigned(word.size, word.root, word.text) for word in page.cosignatures),
            page.size,
        )

    return _answer(await call.do(job))


async def checkpoint(call: Call) -> Response:
    """The newest checkpoint."""

    def job(journal: Journal) -> str:
        return journal.head(call.line)

    return _answer(say.CheckpointGiven(await call.do(job)))


async def cosign(call: Call) -> Response:
    """Keep a witness's word."""
    asked = say.decode(call.body, say.Cosigning)

    def job(journal: Journal) -> int:
        journal.cosign(call.line, call.key, asked.size, asked.root, asked.text)
        return journal.size(call.line)

    return _answer(say.Done(await call.do(job)))


async def line_news(call: Call) -> Response:
    """An event whenever the line or its cosignatures changed."""
    return await _stream(call, f"l/{call.line}", lambda journal: journal.size(call.line))


async def take_mail(call: Call) -> Response:
    """What waits in the owner's box; the first time, the box is opened."""
    start = call.number("from", "0")

    def job(journal: Journal) -> tuple[say.MailItem, ...]:
        journal.mail.open_box(call.key)
        return tuple(say.MailItem(one.number, one.tag, one.sealed) for one in journal.mail.take(call.box, start))

    return _answer(say.MailGiven(await call.do(job)))


async def post_mail(call: Call) -> Response:
    """Put an item into somebody's box."""
    asked = say.decode(call.body, say.MailPosted)

    def job(journal: Journal) -> int:
        return journal.mail.post(call.box, asked.tag, asked.sealed)

    return _answer(say.MailNumber(await call.do(job)))


async def drop_mail(call: Call) -> Response:
    """Forget what the owner has taken."""
    through = call.number("through")

    def job(journal: Journal) -> None:
        journal.mail.drop(call.box, through)

    await call.do(job)
    return _answer(say.Done())


async def mail_news(call: Call) -> Response:
    """An event whenever something came into the owner's box."""

    def job(journal: Journal) -> int:
        return journal.mail.next_number(journal.mail.open_box(call.key))

    return await _stream(call, f"m/{call.box}", job)


async def _stream(call: Call, topic: str, look: Callable[[Journal], int]) -> Response:
    """Server-sent events: the size now, and again after each change, for as long as the session lasts."""
    await call.do(look)  # refuse with a proper answer, before the stream begins

    async def events() -> AsyncIterator[bytes]:
        hub = call.relay.hub
        with contextlib.suppress(DetenteError), hub.waiting(topic) as changed:
            changed.set()
            while not hub.closed and call.relay.sessions.key_of(call.token, call.relay.now()) == call.key:
                if changed.is_set():
                    changed.clear()
                    yield b"data: " + say.encode(say.News(await call.do(look))) + b"\n\n"
                else:
                    yield b": still here\n\n"
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_HEARTBEAT_SECONDS):
                        await changed.wait()

    return StreamingResponse(events(), media_type="text/event-stream", headers=_HEADERS)


# --- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One route: what is asked, who may, how large the body may be, who does it."""

    method: str
    path: str
    authority: Authority
    most: int
    handler: Handler


ROUTES: Final = (
    Row("GET", "/v1/relay", Authority.OPEN, 0, describe),
    Row("POST", "/v1/sessions/challenge", Authority.OPEN, SMALL, give_challenge),
    Row("POST", "/v1/sessions", Authority.OPEN, SMALL, open_session),
    Row("POST", "/v1/lines", Authority.SESSION, KEYS, create_line),
    Row("POST", "/v1/lines/{line}/entries", Authority.WRITER, MANY, append),
    Row("GET", "/v1/lines/{line}/entries", Authority.WRITER, 0, read),
    Row("GET", "/v1/lines/{line}/checkpoint", Authority.WRITER, 0, checkpoint),
    Row("POST", "/v1/lines/{line}/cosignatures", Authority.WRITER, WORDS, cosign),
    Row("GET", "/v1/lines/{line}/news", Authority.WRITER, 0, line_news),
    Row("GET", "/v1/mail/{box}", Authority.OWNER, 0, take_mail),
    Row("POST", "/v1/mail/{box}", Authority.SESSION, SEALED, post_mail),
    Row("DELETE", "/v1/mail/{box}", Authority.OWNER, 0, drop_mail),
    Row("GET", "/v1/mail/{box}/news", Authority.OWNER, 0, mail_news),
)


def make_app(
    journal: Journal,
    now: Callable[[], Instant],
    entropy: Callable[[int], bytes],
    hub: Hub,
    on_unfit: Callable[[DetenteError], None],
) -> Starlette:
    """The application around an open journal, which is closed when the application ends."""
    limits = {name: int(value) for name, value in asdict(journal.limits).items()}
    description = say.Description(journal.origin_prefix, journal.verifier_key.vkey, limits)
    sessions = Sessions(journal.origin_prefix, entropy)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        writer = Writer(journal, hub.publish, on_unfit)
        app.state.relay = Relay(writer, sessions, hub, now, description, asyncio.Semaphore(_LARGE_AT_ONCE))
        try:
            yield
        finally:
            hub.close()
            await writer.stop()
            journal.close()

    return Starlette(
        routes=[
            Route(row.path, partial(_serve, row), methods=[row.method], name=row.handler.__name__) for row in ROUTES
        ],
        exception_handlers={DetenteError: _refuse, HTTPException: _refuse_http},
        lifespan=lifespan,
    )


# --- what every request goes through -------------------------------------------------------------


async def _serve(row: Row, request: Request) -> Response:
    relay: Relay = request.app.state.relay
    _check_host(request)
    token = _bearer(request)
    key = b"" if row.authority is Authority.OPEN else relay.sessions.key_of(token, relay.now())
    if key is None:
        return _problem(401, "session", "This needs a session; the one that was named is not open, or has ended.")
    announced = _announced(request, row.most)
    async with relay.room if announced > _LARGE else contextlib.nullcontext():
        body = await _body(request, row.most)
        return await row.handler(Call(relay, request, body, key, token, row.authority))


def _check_host(request: Request) -> None:
    """On loopback, only loopback names."""
    if not is_loopback(request.headers.get("host", "")):
        raise Malformed("This relay answers on this machine's own address only.")


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _announced(request: Request, most: int) -> int:
    """How long the body says that it will be; as long as it may, if it does not say."""
    if request.headers.get("content-encoding"):
        raise HTTPException(415, "A body comes as it is, without a content encoding.")
    if "transfer-encoding" in request.headers:
        return most
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()) or len(announced) > _LENGTH_DIGITS or int(announced) > most:
        raise _too_large(most)
    return int(announced)


async def _body(request: Request, most: int) -> bytes:
    """The body, read no further and no longer than it may take."""
    raw = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise HTTPException(408, f"A request comes within {_BODY_SECONDS:.0f} seconds.") from None
    if raw and request.headers.get("content-type", "") != "application/json":
        raise HTTPException(415, "A body is application/json.")
    return bytes(raw)


def _too_large(most: int) -> HTTPException:
    return HTTPException(413, f"The body of this request has at most {most} bytes.")


def _answer(body: say.Body) -> Response:
    return Response(say.encode(body), media_type="application/json", headers=_HEADERS)


def _problem(status: int, code: say.Code, sentence: str) -> Response:
    title = code.replace("_", " ").capitalize()
    body = say.encode(say.Problem(title, status, code, sentence))
    return Response(body, status, media_type=say.PROBLEM, headers=_HEADERS)


_STATUS: Final[tuple[tuple[type[DetenteError], int, say.Code], ...]] = (
    (Malformed, 400, "malformed"),
    (NotAuthentic, 401, "not_authentic"),
    (Stale, 409, "stale"),
    (Refused, 422, "refused"),
    (Conflict, 409, "conflict"),
    (Unavailable, 503, "unavailable"),
    (Unfit, 503, "unavailable"),
)


async def _refuse(_: Request, error: Exception) -> Response:
    """An error of ours as an answer."""
    if isinstance(error, Refused) and error.rule == UNKNOWN:
        return _problem(404, "unknown", str(error))
    status, code = next((status, code) for kind, status, code in _STATUS if isinstance(error, kind))
    return _problem(status, code, str(error))


_HTTP_CODES: Final[dict[int, say.Code]] = {404: "unknown", 413: "too_large"}


async def _refuse_http(_: Request, error: Exception) -> Response:
    """A refusal of the framework, or of `_body`, as an answer of the same form."""
    if not isinstance(error, HTTPException):
        raise error
    sentence = str(unknown()) if error.status_code == 404 else error.detail
    answer = _problem(error.status_code, _HTTP_CODES.get(error.status_code, "malformed"), sentence)
    if error.status_code == 413:
        answer.headers["Connection"] = "close"  # hang up: the rest of the body is not worth reading
    return answer
