"""The program `detente-relay`: a blind relay on this machine's own address.

It makes its checkpoint key on its first start (a file that its owner alone may read, in its folder), checks
its whole store before it listens, says "ready" once, and ends on SIGTERM or SIGINT with its store closed whole.

Exit status: 0 ended as asked; 2 called wrongly; 3 unfit: the reason is one sentence on standard error.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from detente.crypto.hashing import sha256
from detente.crypto.signing import SEED_BYTES, ed25519_public
from detente.ground.errors import DetenteError, Unfit
from detente.ground.identifiers import base32
from detente.ground.instants import Instant
from detente.relay.app import make_app
from detente.relay.journal import Journal
from detente.relay.news import Hub
from detente.sqlkit.marker import marker_path, sync_directory

STORE = "relay.db"
SEED = "checkpoint.seed"
_UNFIT = 3
_ORIGIN_LETTERS = 16
_REQUESTS = 1_536  # the listeners that the hub holds, and half as many others
_PATIENCE_SECONDS = 3


def now() -> Instant:
    """The relay's clock: it imports nothing of transport, so it reads the time itself, here alone."""
    return Instant(time.time_ns() // 1_000_000)


def serve(
    data: Annotated[Path, typer.Option(help="The folder for the store and the checkpoint key.")],
    listen: Annotated[
        str, typer.Option(help="A loopback address and a port; port 0 takes a free one.")
    ] = "127.0.0.1:0",
    port_file: Annotated[Path | None, typer.Option(help="Where to write the port, once it answers.")] = None,
    origin: Annotated[str, typer.Option(help="What the logs' origins begin with; made from the key by default.")] = "",
) -> None:
    """Run a relay, which orders and keeps what it cannot read."""
    try:
        host, port = loopback(listen)
        seed = checkpoint_seed(data)
        journal = Journal(data / STORE, seed, origin or default_origin(seed))
    except DetenteError as error:
        typer.echo(error.sentence, err=True)
        raise typer.Exit(_UNFIT) from None
    listener = _bind(host, port)
    try:
        server = _Server(journal, listener, port_file)
        server.run(sockets=[listener])
    finally:
        listener.close()
    raise typer.Exit(_UNFIT if server.unfit else 0)


def loopback(listen: str) -> tuple[str, int]:
    """Host and port, or `Unfit` where others than this machine could connect."""
    host, separator, port = listen.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if not separator or address is None or not port.isdigit() or int(port) > 65_535:
        raise Unfit(f"{listen!r} is not an address and a port, for example 127.0.0.1:8700.")
    if not address.is_loopback:
        raise Unfit(
            f"This relay listens on loopback only (127.0.0.1 or [::1]), not on {host}: it has no TLS of its own yet."
        )
    return host, int(port)


def checkpoint_seed(folder: Path) -> bytes:
    """The seed of the checkpoint key: the folder's, or a new one where there never was a store.  `Unfit` otherwise."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / SEED
    if not path.exists():
        if (folder / STORE).exists() or marker_path(folder / STORE).exists():
            raise Unfit(f"The checkpoint key {path.name} is gone, though there is a store that it signed for.")
        _write_new(path, secrets.token_bytes(SEED_BYTES))
    if path.stat().st_mode & 0o077:
        raise Unfit(f"Others than its owner may read the checkpoint key {path}: change its mode to 600.")
    seed = path.read_bytes()
    if len(seed) != SEED_BYTES:
        raise Unfit(f"The checkpoint key {path} does not have {SEED_BYTES} bytes: it is damaged.")
    return seed


def default_origin(seed: bytes) -> str:
    """A name for the relay that says nothing and that no other relay has."""
    return f"relay-{base32(sha256(ed25519_public(seed)))[:_ORIGIN_LETTERS]}"


def _write_new(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(path)
    sync_directory(path.parent)


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        typer.echo(f"Nobody can listen on {host}:{port} now ({error.strerror}).", err=True)
        raise typer.Exit(_UNFIT) from None
    return listener


class _Server(uvicorn.Server):
    """Uvicorn, with a word when it is ready, and streams that end when it is asked to."""

    def __init__(self, journal: Journal, listener: socket.socket, port_file: Path | None) -> None:
        self._hub = Hub()
        self._journal = journal
        self._listener = listener
        self._port_file = port_file
        self.unfit = False
        app = make_app(journal, now, secrets.token_bytes, self._hub, self._stop_unfit)
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
        host, port = self._listener.getsockname()[:2]
        if self._port_file is not None:
            _write_new(self._port_file, f"{port}\n".encode())
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"ready http://{shown}:{port} {self._journal.verifier_key.vkey} {self._journal.audited}\n")
        sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Asked to end: end the streams too, or their connections would keep us waiting."""
        super().handle_exit(sig, frame)
        self._hub.close()

    def _stop_unfit(self, error: DetenteError) -> None:
        sys.stderr.write(f"{error.sentence}\n")
        self.unfit = self.should_exit = True
        self._hub.close()


def main() -> None:
    """The entry point of `detente-relay`."""
    typer.run(serve)


if __name__ == "__main__":
    main()
