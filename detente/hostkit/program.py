"""A program that answers on this machine's own address: relay, register and chancery begin and end alike.

It binds before it opens anything else, checks everything before it listens, says one line that begins
with "ready" when it answers, writes its port where it is asked to, and ends on SIGTERM or SIGINT, or,
where it was started so, when the one who started it is gone.

Exit status: 0 ended as asked; 2 called wrongly; 3 unfit: the reason is one sentence on standard error.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn

from detente.ground.errors import Unfit
from detente.hostkit.files import write_private

UNFIT: Final = 3
_LARGEST_PORT: Final = 65_535
_PATIENCE_SECONDS: Final = 3


def loopback(listen: str, what: str) -> tuple[str, int]:
    """Host and port; `Unfit` where others than this machine could connect.  `what` names the program."""
    host, separator, port = listen.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if not separator or address is None or not (port.isascii() and port.isdigit()) or int(port) > _LARGEST_PORT:
        raise Unfit(f"{listen!r} is not an address and a port, for example 127.0.0.1:8700.")
    if not address.is_loopback:
        raise Unfit(
            f"This {what} listens on loopback only (127.0.0.1 or [::1]), not on {host}: it has no TLS of its own yet."
        )
    return host, int(port)


def is_loopback(authority: str) -> bool:
    """Whether a request's `Host` names this machine itself: a page elsewhere cannot point its own name here."""
    with contextlib.suppress(ValueError):
        host = urlsplit(f"//{authority}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return False


def bind(host: str, port: int) -> socket.socket:
    """A socket on that address; `Unfit` where somebody else has it."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unfit(f"Nobody can listen on {host}:{port} now ({error.strerror}).") from None
    return listener


def address_of(listener: socket.socket) -> str:
    """host:port, as it stands in an address."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True)
class Words:
    """What a program says when it answers, and what it does then and when it is asked to end."""

    ready: str = ""  # after the address
    on_ready: Callable[[], None] = lambda: None
    on_end: Callable[[], None] = lambda: None


class Program(uvicorn.Server):
    """Uvicorn on one bound socket, with a word when it is ready, and streams that end when it is asked to."""

    def __init__(
        self, app: Any, listener: socket.socket, *, requests: int, words: Words, port_file: Path | None = None
    ) -> None:
        """`requests` is how many may be under way at once; streams count among them."""
        self._listener = listener
        self._words = words
        self._port_file = port_file
        self._loop: asyncio.AbstractEventLoop | None = None
        self.unfit = False
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="on",
                access_log=False,
                log_level="error",
                server_header=False,
                limit_concurrency=requests,
                timeout_graceful_shutdown=_PATIENCE_SECONDS,
            )
        )
        for one in (signal.SIGTERM, signal.SIGINT):  # what uvicorn hands the signal on to when it has ended
            signal.signal(one, lambda *_: None)

    def serve_to_the_end(self) -> int:
        """Answer until asked to end; the exit status."""
        self.run(sockets=[self._listener])
        return UNFIT if self.unfit else 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if not self.started:
            return
        self._words.on_ready()
        if self._port_file is not None:
            write_private(self._port_file, f"{self._listener.getsockname()[1]}\n".encode(), replace=True)
        sys.stdout.write(f"ready http://{address_of(self._listener)} {self._words.ready}".rstrip() + "\n")
        sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Asked to end: end the streams too, or their connections would keep us waiting."""
        super().handle_exit(sig, frame)
        self._words.on_end()

    def stop_unfit(self, sentence: str) -> None:
        """End, because nobody may go on from here; from whatever thread."""
        if not self.unfit:
            sys.stderr.write(f"{sentence}\n")
        self.unfit = self.should_exit = True
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._words.on_end)


def end_with_parent() -> None:
    """End this program as by SIGTERM when its standard input closes: when the one who started it is gone."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
