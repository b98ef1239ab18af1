"""`detente register`: the public register on this machine's own address.

It makes its key on its first start (a file that its owner alone may read, in its folder), checks its whole
store before it listens, says "ready" with its verifier key once, and ends on SIGTERM or SIGINT with its store
closed whole.  `--parties` names the file of anchors that says whom it publishes; the file may come later, and is
read again whenever it changes.

Exit status: 0 ended as asked; 2 called wrongly; 3 unfit: the reason is one sentence on standard error.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from detente.crypto.hashing import sha256
from detente.crypto.signing import SEED_BYTES, ed25519_public
from detente.ground.errors import DetenteError
from detente.ground.identifiers import base32
from detente.ground.instants import Instant
from detente.hostkit.files import keep_seed
from detente.hostkit.program import UNFIT, Program, Words, bind, end_with_parent, loopback
from detente.register.app import AnchorsFile, make_app
from detente.register.ledger import Ledger
from detente.sqlkit.marker import marker_path

STORE: Final = "register.db"
SEED: Final = "register.seed"
_ORIGIN_LETTERS: Final = 16
_REQUESTS: Final = 256


def now() -> Instant:
    """The register's clock."""
    return Instant(time.time_ns() // 1_000_000)


def serve(
    data: Annotated[Path, typer.Option(help="the folder for the store and the key")],
    listen: Annotated[str, typer.Option(help="a loopback address and a port; port 0 takes a free one")] = "127.0.0.1:0",
    port_file: Annotated[Path | None, typer.Option(help="where to write the port, once it answers")] = None,
    parties: Annotated[Path | None, typer.Option(help="the anchors of the parties that it publishes")] = None,
    origin: Annotated[str, typer.Option(help="the name of its log; made from its key by default")] = "",
    *,
    with_parent: Annotated[bool, typer.Option("--with-parent", help="end when standard input closes")] = False,
) -> None:
    """Run a public register of what parties chose to conclude."""
    try:
        known = AnchorsFile(parties)
        known.read()
        with bind(*loopback(listen, "register")) as listener:
            seed = register_seed(data)
            ledger = Ledger(data / STORE, origin or default_origin(seed), seed)
            app, words = make_app(ledger, known, now), Words(ledger.anchor.vkey)
            program = Program(app, listener, requests=_REQUESTS, words=words, port_file=port_file)
            if with_parent:
                end_with_parent()
            status = program.serve_to_the_end()
    except DetenteError as error:
        typer.echo(error.sentence, err=True)
        raise typer.Exit(UNFIT) from None
    raise typer.Exit(status)


def register_seed(folder: Path) -> bytes:
    """The seed of the register's key: the folder's, or a new one where there never was a store; else `Unfit`."""
    store = folder / STORE
    return keep_seed(folder / SEED, store.exists() or marker_path(store).exists(), "the register's key", SEED_BYTES)


def default_origin(seed: bytes) -> str:
    """A name that no other register has."""
    return f"register-{base32(sha256(ed25519_public(seed)))[:_ORIGIN_LETTERS]}"


def main() -> None:
    """This command alone, without the others."""
    typer.run(serve)


if __name__ == "__main__":
    main()
