"""`detente chancery`: run a party's house on this machine's own address.

One process: the desk that owns the store, the courier that carries to the relay and back, the API, the
pages.  It checks its store before it listens, says "ready" once, and ends on SIGTERM or SIGINT with the
store closed whole.

Exit status: 0 ended as asked; 2 called wrongly; 3 unfit: the reason is one sentence on standard error.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import structlog
import typer
import uvicorn

from detente.bootstrap import House, compose
from detente.cli.keys import store_key, write_private
from detente.ground.errors import DetenteError, Unfit

_UNFIT: Final = 3
_REQUESTS: Final = 2048
_PATIENCE_SECONDS: Final = 3


def chancery(  # noqa: PLR0917 - a command has as many options as it has
    home: Annotated[Path, typer.Option(help="the folder of the house's store")],
    relay: Annotated[str, typer.Option(help="the relay on which this house founds lines")],
    register: Annotated[str, typer.Option(help="the register in which this house publishes")],
    key_file: Annotated[Path | None, typer.Option(help="the store's key, 32 bytes")] = None,
    passphrase_file: Annotated[Path | None, typer.Option(help="a passphrase in place of a key")] = None,
    listen: Annotated[str, typer.Option(help="a loopback address and a port; port 0 takes a free one")] = "127.0.0.1:0",
    port_file: Annotated[Path | None, typer.Option(help="where to write the port, once it answers")] = None,
    demo_links: Annotated[
        Path | None, typer.Option(help="where to write one-time sign-in links; for demonstrations on loopback only")
    ] = None,
) -> None:
    """Run a party's house."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        host, port = loopback(listen)
        key = store_key(home, key_file, passphrase_file)
        with _bind(host, port) as listener:
            server = _Server(Opening(home, key, relay, register, demo_links, port_file), listener)
            server.run(sockets=[listener])
    except DetenteError as error:
        sys.stderr.write(f"{error.sentence}\n")
        raise typer.Exit(_UNFIT) from None
    raise typer.Exit(_UNFIT if server.unfit else 0)


def loopback(listen: str) -> tuple[str, int]:
    """Host and port, or `Unfit` where others than this machine could connect."""
    host, separator, port = listen.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if not separator or address is None or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise Unfit(f"{listen!r} is not an address and a port, for example 127.0.0.1:8900.")
    if not address.is_loopback:
        raise Unfit(f"This house listens on loopback only (127.0.0.1 or [::1]), not on {host}: it has no TLS yet.")
    return host, int(port)


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unfit(f"Nobody can listen on {host}:{port} now ({error.strerror}).") from None
    return listener


@dataclass(frozen=True)
class Opening:
    """What a house is opened with, and the files in which it says where it is."""

    home: Path
    key: bytes
    relay: str
    register: str
    links: Path | None
    port_file: Path | None


class _Server(uvicorn.Server):
    """Uvicorn, with a word when it is ready, and streams that end when it is asked to."""

    def __init__(self, opening: Opening, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self.unfit = False
        self._opening = opening
        self._address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._house: House = compose(
            opening.home,
            opening.key,
            relay_url=opening.relay,
            register_url=opening.register,
            address=self._address,
            on_unfit=self._stop_unfit,
            on_link=self._write_links,
        )
        super().__init__(
            uvicorn.Config(
                self._house.guarded,
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="on",
                access_log=False,
                log_level="error",
                server_header=False,
                limit_concurrency=_REQUESTS,
                timeout_graceful_shutdown=_PATIENCE_SECONDS,
            )
        )
        for one in (signal.SIGTERM, signal.SIGINT):  # what uvicorn hands the signal on to when it has ended
            signal.signal(one, lambda *_: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so."""
        await super().startup(sockets)
        if not self.started:
            return
        self._write_links()
        if self._opening.port_file is not None:
            port = self._address.rpartition(":")[2]
            write_private(self._opening.port_file, f"{port}\n".encode(), replace=True)
        sys.stdout.write(f"ready http://{self._address}\n")
        sys.stdout.flush()

    def _write_links(self) -> None:
        """For each office a link that is not used yet, in a file that its owner alone may read."""
        if self._opening.links is None:
            return
        links = self._house.sessions.links(self._house.offices)
        written = {office: f"http://{self._address}/enter/{token}" for office, token in links.items()}
        write_private(self._opening.links, json.dumps(written, indent=2).encode(), replace=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Asked to end: end the streams too, or their connections would keep us waiting."""
        super().handle_exit(sig, frame)
        self._house.bell.close()

    def _stop_unfit(self, sentence: str) -> None:
        if not self.unfit:
            sys.stderr.write(f"{sentence}\n")
        self.unfit = self.should_exit = True
