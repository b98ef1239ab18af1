"""What stands before every entrance of a house: the API and the pages alike.

1. The host that is named is this machine's own: a page elsewhere cannot point its own name here.
2. A body comes as it is, without a content encoding, and is counted while it comes; what is longer than
   its route allows is not read on.
3. Whatever changes anything was sent by a page of this very origin (Sec-Fetch-Site, Origin), or by a
   program that named its session itself: a cookie alone is no will.
4. Every answer says that nothing may be embedded, guessed, kept or passed on.

Cookies do not know ports, so the name of each house's cookie has its party's identifier in it.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detente.ground.errors import Malformed, Refused, Unavailable

_BODY_SECONDS: Final = 60.0
_LENGTH_DIGITS: Final = 12
_MOST_HEADERS: Final = 16 * 1024
_SAFE: Final = ("GET", "HEAD")
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware for 1 and 4, and for what is too large in a header."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        """`allowed` are the values of Host under which this house answers."""
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before anything else reads it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if sum(len(name) + len(value) for name, value in headers.raw) > _MOST_HEADERS:
            await _refuse(send, 431, b"The headers of this request are too long.\n")
        elif headers.getlist("host") not in [[host] for host in self._allowed]:
            await _refuse(send, 421, b"This house answers under this machine's own address only.\n")
        else:
            await self._app(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending


async def _refuse(send: Send, status: int, sentence: bytes) -> None:
    sending = _with_headers(send)
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await sending({"type": "http.response.start", "status": status, "headers": headers})
    await sending({"type": "http.response.body", "body": sentence})


def hosts(address: str) -> frozenset[str]:
    """The names of this machine's own address, with the port of `address` (host:port)."""
    port = address.rpartition(":")[2]
    return frozenset({f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"})


def check_origin(request: Request, *, bearer: bool) -> None:
    """Rule 3; raises `Refused`.  A program that names its session itself needs no origin, but may not have another."""
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = f"http://{request.headers.get('host', '')}"
    allowed = site == "same-origin" if site is not None else origin == own or (origin is None and bearer)
    if not allowed or origin not in (None, "null", own):
        raise Refused("This was not sent by a page of this house: nothing was done.", rule="api.origin")


async def read_body(request: Request, most: int) -> bytes:
    """Rule 2: the body, read no further than it may be long."""
    if request.headers.get("content-encoding"):
        raise Refused("A body comes as it is, without a content encoding.", rule="api.media")
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit() and len(announced) <= _LENGTH_DIGITS):
        raise Malformed("The length of a body is a number.")
    if int(announced) > most:
        raise _too_large(most)
    raw = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise Unavailable("The body of the request did not come in time.") from None
    return bytes(raw)


def _too_large(most: int) -> Refused:
    return Refused(f"The body of this request has at most {most} bytes.", rule="api.large")
