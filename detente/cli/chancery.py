"""`detente chancery`: run a party's house on this machine's own address.

One process: the desk that owns the store, the courier that carries to the relay and back, the API, the
pages.  hostkit/program.py says how it begins and ends.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from detente.api import faults
from detente.bootstrap import House, compose
from detente.cli.keys import store_key
from detente.ground.errors import DetenteError
from detente.hostkit.files import write_private
from detente.hostkit.program import UNFIT, Program, Words, address_of, bind, end_with_parent, loopback

_REQUESTS: Final = 2048


def chancery(  # noqa: PLR0917 - a command has as many options as it has
    home: Annotated[Path, typer.Option(help="the folder of the house's store")],
    relay: Annotated[str, typer.Option(help="the relay on which this house founds lines")],
    register: Annotated[str, typer.Option(help="the register in which this house publishes")],
    key_file: Annotated[Path | None, typer.Option(help="the store's key, 32 bytes")] = None,
    passphrase_file: Annotated[Path | None, typer.Option(help="a passphrase in place of a key")] = None,
    listen: Annotated[str, typer.Option(help="a loopback address and a port; port 0 takes a free one")] = "127.0.0.1:0",
    port_file: Annotated[Path | None, typer.Option(help="where to write the port, once it answers")] = None,
    demo_links: Annotated[
        Path | None,
        typer.Option(help="where to write one-time links that enrol passkeys; for demonstrations only"),
    ] = None,
    *,
    with_parent: Annotated[bool, typer.Option("--with-parent", help="end when standard input closes")] = False,
) -> None:
    """Run a party's house."""
    faults.configure()
    try:
        host, port = loopback(listen, "house")
        key = store_key(home, key_file, passphrase_file)
        with bind(host, port) as listener:
            links = Links(demo_links, address_of(listener))
            house = compose(
                home,
                key,
                relay_url=relay,
                register_url=register,
                address=links.address,
                on_unfit=lambda sentence: program.stop_unfit(sentence),  # noqa: PLW0108 - it is made below
                on_link=links.write,
            )
            links.house = house
            words = Words(on_ready=links.write, on_end=house.bell.close)
            program = Program(house.guarded, listener, requests=_REQUESTS, words=words, port_file=port_file)
            if with_parent:
                end_with_parent()
            status = program.serve_to_the_end()
    except DetenteError as error:
        sys.stderr.write(f"{error.sentence}\n")
        raise typer.Exit(UNFIT) from None
    raise typer.Exit(status)


@dataclass
class Links:
    """For each office a link that enrols a passkey and is not used yet, in a file that its owner alone may read."""

    path: Path | None
    address: str
    house: House | None = None

    def write(self) -> None:
        """Write those that are good now; called when the house answers, and when a link was used."""
        if self.path is None or self.house is None:
            return
        links = self.house.sessions.links(self.house.offices)
        written = {office: f"{self.house.entrance.origin}/enter/{token}" for office, token in links.items()}
        write_private(self.path, json.dumps(written, indent=2).encode(), replace=True)
