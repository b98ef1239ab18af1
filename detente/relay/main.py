"""The program `detente-relay`: a blind relay on this machine's own address.

hostkit/program.py says how it begins and ends.

It makes its checkpoint key on its first start (a file that its owner alone may read, in its folder) and
checks its whole store before it listens.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer

from detente.crypto.hashing import sha256
from detente.crypto.signing import SEED_BYTES, ed25519_public
from detente.ground.errors import DetenteError
from detente.ground.identifiers import base32
from detente.ground.instants import Instant
from detente.hostkit.files import keep_seed
from detente.hostkit.program import UNFIT, Program, Words, bind, end_with_parent, loopback
from detente.relay.app import make_app
from detente.relay.journal import Journal
from detente.relay.news import Hub
from detente.sqlkit.marker import marker_path

STORE = "relay.db"
SEED = "checkpoint.seed"
_ORIGIN_LETTERS = 16
_REQUESTS = 1_536  # the listeners that the hub holds, and half as many others


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
    *,
    with_parent: Annotated[bool, typer.Option("--with-parent", help="End when standard input closes.")] = False,
) -> None:
    """Run a relay, which orders and keeps what it cannot read."""
    try:
        with bind(*loopback(listen, "relay")) as listener:
            seed = checkpoint_seed(data)
            journal = Journal(data / STORE, seed, origin or default_origin(seed))
            hub = Hub()
            words = Words(f"{journal.verifier_key.vkey} {journal.audited}", on_end=hub.close)
            app = make_app(journal, now, secrets.token_bytes, hub, lambda error: program.stop_unfit(error.sentence))
            program = Program(app, listener, requests=_REQUESTS, words=words, port_file=port_file)
            if with_parent:
                end_with_parent()
            status = program.serve_to_the_end()
    except DetenteError as error:
        typer.echo(error.sentence, err=True)
        raise typer.Exit(UNFIT) from None
    raise typer.Exit(status)


def checkpoint_seed(folder: Path) -> bytes:
    """The seed of the checkpoint key: the folder's, or a new one where there never was a store.  `Unfit` otherwise."""
    store = folder / STORE
    return keep_seed(folder / SEED, store.exists() or marker_path(store).exists(), "the checkpoint key", SEED_BYTES)


def default_origin(seed: bytes) -> str:
    """A name for the relay that says nothing and that no other relay has."""
    return f"relay-{base32(sha256(ed25519_public(seed)))[:_ORIGIN_LETTERS]}"


def main() -> None:
    """The entry point of `detente-relay`."""
    typer.run(serve)


if __name__ == "__main__":
    main()
