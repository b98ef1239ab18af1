"""`detente register`: the public register on this machine's own address.

It makes its key on its first start (a file that its owner alone may read, in its folder), checks its whole
store before it listens, says "ready" with its verifier key once, and ends on SIGTERM or SIGINT with its store
closed whole.  `--parties` names the file of anchors that says whom it publishes; the file may come later, and is
read again whenever it changes.

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
from typing import Annotated, Final

import typer
import uvicorn

from detente.crypto.hashing import sha256
from detente.crypto.signing import SEED_BYTES, ed25519_public
from detente.ground.errors import DetenteError, Unfit
from detente.ground.identifiers import base32
from detente.ground.instants import Instant
from detente.register.app import AnchorsFile, make_app
from detente.register.ledger import Ledger
from detente.sqlkit.marker import marker_path, sync_directory

STORE: Final = "register.db"
SEED: Final = "register.seed"
_UNFIT: Final = 3
_ORIGIN_LETTERS: Final = 16
_REQUESTS: Final = 256
_PATIENCE_SECONDS: Final = 3


def now() -> Instant:
    """The register's clock."""
    return Instant(time.time_ns() // 1_000_000)


def serve(
    data: Annotated[Path, typer.Option(help="the folder for the store and the key")],
    listen: Annotated[str, typer.Option(help="a loopback address and a port; port 0 takes a free one")] = "127.0.0.1:0",
    port_file: Annotated[Path | None, typer.Option(help="where to write the port, once it answers")] = None,
    parties: Annotated[Path | None, typer.Option(help="the anchors of the parties that it publishes")] = None,
    origin: Annotated[str, typer.Option(help="the name of its log; made from its key by default")] = "",
) -> None:
    """Run a public register of what parties chose to conclude."""
    try:
        host, port = loopback(listen)
        known = AnchorsFile(parties)
        known.read()
        with _bind(host, port) as listener:
            seed = register_seed(data)
            ledger = Ledger(data / STORE, origin or default_origin(seed), seed)
            _Server(ledger, known, listener, port_file).run(sockets=[listener])
    except DetenteError as error:
        typer.echo(error.sentence, err=True)
        raise typer.Exit(_UNFIT) from None


def loopback(listen: str) -> tuple[str, int]:
    """Host and port, or `Unfit` where others than this machine could connect."""
    host, separator, port = listen.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if not separator or address is None or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise Unfit(f"{listen!r} is not an address and a port, for example 127.0.0.1:8800.")
    if not address.is_loopback:
        raise Unfit(f"This register listens on loopback only (127.0.0.1 or [::1]), not on {host}: it has no TLS yet.")
    return host, int(port)


def register_seed(folder: Path) -> bytes:
    """The seed of the register's key: the folder's, or a new one where there never was a store; else `Unfit`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / SEED
    if not path.exists():
        if (folder / STORE).exists() or marker_path(folder / STORE).exists():
            raise Unfit(f"The register's key {path.name} is gone, though there is a store that it signed for.")
        _write_new(path, secrets.token_bytes(SEED_BYTES))
    if path.stat().st_mode & 0o077:
        raise Unfit(f"Others than its owner may read the register's key {path}: change its mode to 600.")
    seed = path.read_bytes()
    if len(seed) != SEED_BYTES:
        raise Unfit(f"The register's key {path} does not have {SEED_BYTES} bytes: it is damaged.")
    return seed


def default_origin(seed: bytes) -> str:
    """A name that no other register has."""
    return f"register-{base32(sha256(ed25519_public(seed)))[:_ORIGIN_LETTERS]}"


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
        raise Unfit(f"Nobody can listen on {host}:{port} now ({error.strerror}).") from None
    return listener


class _Server(uvicorn.Server):
    """Uvicorn, with a word when it is ready."""

    def __init__(self, ledger: Ledger, known: AnchorsFile, listener: socket.socket, port_file: Path | None) -> None:
        self._ledger = ledger
        self._listener = listener
        self._port_file = port_file
        super().__init__(
            uvicorn.Config(
                make_app(ledger, known, now),
                loop="auto",
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
        sys.stdout.write(f"ready http://{shown}:{port} {self._ledger.anchor.vkey}\n")
        sys.stdout.flush()


def main() -> None:
    """This command alone, without the others."""
    typer.run(serve)


if __name__ == "__main__":
    main()
