"""The register over HTTP.  Everything can be read by anyone; the seals are the only right to write.

| request                             | answer                                                            |
|-------------------------------------|-------------------------------------------------------------------|
| GET  /                              | the public list, for people                                       |
| GET  /v1/register                   | its origin, its key, how many instruments                         |
| GET  /v1/checkpoint                 | the signed head                                                   |
| POST /v1/instruments                | 201 published, 200 it was already: digest, position, checkpoint, proof |
| GET  /v1/instruments/{digest}       | the file, byte for byte                                           |
| GET  /v1/instruments/{digest}/proof | the text to keep beside it, under the newest head                 |

What is not a success is problem+json with a sentence.  Bodies are bounded while they come, before anything
reads them.  One thread does all work on the ledger; the event loop only waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import jinja2
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from detente.evidence import anchors as anchoring
from detente.evidence.anchors import Anchors
from detente.evidence.instrument import FILE_LIMIT
from detente.ground.errors import Conflict, DetenteError, Malformed, NotAuthentic, Refused, Unavailable, Unfit
from detente.ground.instants import Instant, iso
from detente.hostkit.program import is_loopback
from detente.register.ledger import DIGEST_BYTES, Ledger, Listed, Published
from detente.wire import canonical

T = TypeVar("T")

INSTRUMENT: Final = "application/vnd.detente.sealed-instrument+json"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
}
_AT_ONCE: Final = 8
_BODY_SECONDS: Final = 30.0
_DIGEST: Final = re.compile(f"[0-9a-f]{{{2 * DIGEST_BYTES}}}")
_PAGES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("detente.register", "pages"), autoescape=True, undefined=jinja2.StrictUndefined
)


class PublishedAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a publication answers: the file's digest in hexadecimal, its place, the signed head and the proof."""

    digest: str
    position: int
    checkpoint: str
    proof: str


class RegisterAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose register this is."""

    origin: str
    vkey: str
    size: int


class Problem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """RFC 9457: what went wrong, `detail` in a sentence."""

    title: str
    status: int
    detail: str


class AnchorsFile:
    """The parties that this register knows: a file, read again whenever it changes."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._anchors: Anchors | None = None

    def read(self) -> Anchors | None:
        """The anchors now, None where there is no file yet; `Unavailable` while the file cannot be read."""
        if self._path is None or not self._path.exists():
            return None
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                with self._path.open("rb") as stream:
                    self._anchors = anchoring.read_anchors(stream.read(anchoring.LARGEST + 1))
                self._seen = seen
        except OSError:
            raise Unavailable("The register cannot read at present whom it knows.") from None
        except Malformed as error:
            raise Unavailable(f"The register cannot read at present whom it knows: {error}") from None
        return self._anchors


@dataclass(frozen=True)
class Register:
    """What the handlers share."""

    ledger: Ledger
    parties: AnchorsFile
    now: Callable[[], Instant]
    thread: ThreadPoolExecutor
    room: asyncio.Semaphore
    """For publications: so many are in memory at once."""

    async def do(self, job: Callable[[], T]) -> T:
        """Run a job in the one thread of the ledger."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, job)


Handler = Callable[[Register, Request], Awaitable[Response]]


# --- handlers ------------------------------------------------------------------------------------


async def show(register: Register, _: Request) -> Response:
    """The public list."""
    listed = await register.do(register.ledger.listed)
    anchor = register.ledger.anchor
    page = _PAGES.get_template("register.html").render(
        origin=anchor.origin, vkey=anchor.vkey, listed=[_row(one) for one in listed]
    )
    return Response(page, media_type="text/html", headers=_HEADERS)


async def style(_: Register, __: Request) -> Response:
    """How the list looks."""
    return Response(_PAGES.get_template("register.css").render(), media_type="text/css", headers=_HEADERS)


async def describe(register: Register, _: Request) -> Response:
    """Whose register this is."""
    anchor, size = register.ledger.anchor, await register.do(lambda: register.ledger.size)
    return _json(RegisterAnswer(anchor.origin, anchor.vkey, size))


async def checkpoint(register: Register, _: Request) -> Response:
    """The signed head."""
    return _plain(await register.do(register.ledger.checkpoint))


async def publish(register: Register, request: Request) -> Response:
    """Give an instrument its place, or say why not."""
    if request.headers.get("origin"):
        raise Refused("Instruments are published by chanceries, not from web pages.", rule="register.origin")
    if request.headers.get("content-type") != INSTRUMENT:
        raise HTTPException(415, f"An instrument comes as {INSTRUMENT}.")
    async with register.room:
        file = await _body(request)
        now = register.now()
        published = await register.do(lambda: register.ledger.publish(file, register.parties.read(), now))
    return _json(_answer(published), 201 if published.new else 200)


async def take(register: Register, request: Request) -> Response:
    """The file, byte for byte."""
    digest = _digest(request)
    file = await register.do(lambda: register.ledger.file(digest))
    if file is None:
        raise _not_registered()
    named = {"Content-Disposition": f'attachment; filename="{digest.hex()}.json"'}
    return Response(file, media_type=INSTRUMENT, headers={**_HEADERS, **named})


async def prove(register: Register, request: Request) -> Response:
    """The proof under the newest head."""
    digest = _digest(request)
    found = await register.do(lambda: register.ledger.find(digest))
    if found is None:
        raise _not_registered()
    return _plain(found.proof)


ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/", show),
    ("GET", "/register.css", style),
    ("GET", "/v1/register", describe),
    ("GET", "/v1/checkpoint", checkpoint),
    ("POST", "/v1/instruments", publish),
    ("GET", "/v1/instruments/{digest}", take),
    ("GET", "/v1/instruments/{digest}/proof", prove),
)


def make_app(ledger: Ledger, parties: AnchorsFile, now: Callable[[], Instant]) -> Starlette:
    """The application around an open ledger, which is closed when the application ends."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with ThreadPoolExecutor(1, "register-ledger") as thread:
            app.state.register = Register(ledger, parties, now, thread, asyncio.Semaphore(_AT_ONCE))
            try:
                yield
            finally:
                await app.state.register.do(ledger.close)

    return Starlette(
        routes=[Route(path, partial(_serve, handler), methods=[method]) for method, path, handler in ROUTES],
        exception_handlers={DetenteError: _refuse, HTTPException: _refuse_http},
        lifespan=lifespan,
    )


# --- what every request goes through -------------------------------------------------------------


async def _serve(handler: Handler, request: Request) -> Response:
    if not is_loopback(request.headers.get("host", "")):
        raise Malformed("This register answers on this machine's own address only.")
    return await handler(request.app.state.register, request)


async def _body(request: Request) -> bytes:
    """The body, read no further than an instrument may be long, and no longer than it may take."""
    too_large = HTTPException(413, "No instrument is larger than 16 MB.")
    if request.headers.get("content-encoding"):
        raise HTTPException(415, "An instrument comes as it is, without a content encoding.")
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()) or len(announced) > 12 or int(announced) > FILE_LIMIT:
        raise too_large
    raw = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > FILE_LIMIT:
                    raise too_large
    except TimeoutError:
        raise HTTPException(408, f"An instrument comes within {_BODY_SECONDS:.0f} seconds.") from None
    return bytes(raw)


def _digest(request: Request) -> bytes:
    written = str(request.path_params["digest"])
    if not _DIGEST.fullmatch(written):
        raise _not_registered()
    return bytes.fromhex(written)


def _not_registered() -> HTTPException:
    return HTTPException(404, "Not registered: no file with that digest was ever published here.")


def _row(listed: Listed) -> Mapping[str, object]:
    one = listed.instrument
    return {
        "title": one.title,
        "language": one.language,
        "parties": [named.name for named in one.parties],
        "adopted": iso(Instant(one.adopted_at)),
        "published": iso(listed.published),
        "position": listed.position,
        "digest": listed.digest.hex(),
    }


def _answer(published: Published) -> PublishedAnswer:
    return PublishedAnswer(published.digest.hex(), published.position, published.checkpoint, published.proof)


def _json(value: msgspec.Struct, status: int = 200) -> Response:
    return Response(canonical.encode(value), status, media_type="application/json", headers=_HEADERS)


def _plain(text: str) -> Response:
    return Response(text.encode("utf-8"), media_type="text/plain; charset=utf-8", headers=_HEADERS)


# --- saying no -----------------------------------------------------------------------------------

_STATUS: Final[tuple[tuple[type[DetenteError], int, str], ...]] = (
    (Malformed, 400, "Cannot be read"),
    (NotAuthentic, 422, "Not authentic"),
    (Refused, 422, "Refused"),
    (Conflict, 409, "Conflict"),
    (Unavailable, 503, "Unavailable"),
    (Unfit, 503, "Unavailable"),
)


def _problem(status: int, title: str, detail: str) -> Response:
    body = canonical.encode(Problem(title, status, detail))
    return Response(body, status, media_type="application/problem+json", headers=_HEADERS)


async def _refuse(_: Request, error: Exception) -> Response:
    """An error of ours as an answer."""
    status, title = next(
        ((status, title) for kind, status, title in _STATUS if isinstance(error, kind)), (500, "Broken")
    )
    return _problem(status, title, str(error))


async def _refuse_http(_: Request, error: Exception) -> Response:
    """An error of HTTP as an answer."""
    status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "Broken.")
    return _problem(status, "Not possible", detail)
