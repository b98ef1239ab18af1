"""The one place that knows every class: it makes the parts of a house and puts them together."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.applications import Starlette

from detente.acts.procedure import Registry
from detente.api import faults
from detente.api.app import HttpApi
from detente.api.calls import Api
from detente.api.entrance import Entrance
from detente.api.guard import Guard, hosts
from detente.api.hub import Bell
from detente.api.places import HttpPlaces
from detente.api.routes import ROUTES
from detente.api.sessions import Sessions
from detente.chancery import identity
from detente.chancery.directory import Directory
from detente.chancery.house import Chancery
from detente.chancery.identity import NewHouse, Secrets
from detente.evidence.records import Persons
from detente.ground.errors import DetenteError, Unfit
from detente.ground.identifiers import PartyId
from detente.procedures.ballot import rules as ballot
from detente.procedures.charter import rules as charter
from detente.procedures.correspondence import rules as correspondence
from detente.procedures.guidelines import rules as guidelines
from detente.procedures.signature import rules as signature
from detente.procedures.silence import rules as silence
from detente.procedures.table import rules as table
from detente.store.sqlite import SqliteStore
from detente.transport.courier import Courier
from detente.transport.desk import Desk
from detente.web.app import Pages
from detente.wire import canonical

STORE: Final = "chancery.db"
REGISTRY: Final = Registry(
    (
        charter.PROCEDURE,
        guidelines.PROCEDURE,
        correspondence.PROCEDURE,
        table.PROCEDURE,
        silence.PROCEDURE,
        ballot.PROCEDURE,
        signature.PROCEDURE,
    )
)


def open_store(home: Path, key: bytes) -> SqliteStore:
    """The store of a house; `Unfit` where it is damaged, or where the key is another's."""
    return SqliteStore(home / STORE, key, os.urandom)


def make_house(
    home: Path,
    key: bytes,
    names: Mapping[str, str],
    offices: Mapping[str, Sequence[str]],
    hand_out: Callable[[NewHouse], None] = lambda _: None,
    *,
    persons: Persons | None = None,
) -> tuple[NewHouse, str]:
    """Make a party in a new store: (the party, its sixty digits).  `Unfit` where there is a house already.

    `persons` are those who approve what the party seals.
    `hand_out` takes the roots away before the house exists: there is never one whose roots nobody has.
    """
    if (home / STORE).exists():
        raise Unfit(f"There is a house in {home} already; nothing was changed.")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = identity.new_house(names, offices, os.urandom, persons)
    hand_out(made)
    store = open_store(home, key)
    try:
        with store.transaction():
            store.keep("house", "secrets", canonical.encode(made.secrets))
            directory = Directory(store)
            directory.own_is((made.record,))
        digits = directory.digits(made.party)
    finally:
        store.close()
    return made, digits


def open_house(home: Path, key: bytes) -> Chancery:
    """The house as it was left; `Unfit` where there is none, or where its store is damaged."""
    if not (home / STORE).exists():
        raise Unfit(f"There is no house in {home}: make it first (detente house make).")
    store = open_store(home, key)
    try:
        return Chancery(store, REGISTRY, _secrets(store, home), os.urandom)
    except BaseException:
        store.close()
        raise


def _secrets(store: SqliteStore, home: Path) -> Secrets:
    raw = store.fetch("house", "secrets")
    if raw is None:
        raise Unfit(f"The store in {home} has no house in it.")
    return canonical.decode(raw, Secrets)


@dataclass
class House:
    """A running house: its desk, its courier and its entrances, as one application."""

    desk: Desk
    entrance: Entrance
    sessions: Sessions
    offices: tuple[str, ...]
    app: Starlette
    guarded: Guard
    bell: Bell


def compose(
    home: Path,
    key: bytes,
    *,
    relay_url: str,
    register_url: str,
    address: str,
    on_unfit: Callable[[str], None],
    on_link: Callable[[], None] = lambda: None,
) -> House:
    """A house that is open and not yet running; its application runs the courier while it lives.

    `address` is the host:port under which it is reached; `on_link` is called when a link was used.
    """
    places = HttpPlaces(relay_url, register_url)
    desk = Desk(lambda: open_house(home, key), on_unfit, faults.report)
    desk.start()
    bell = Bell()
    courier = Courier(desk, places.relay_url, bell.ring, faults.report)
    sessions = Sessions(os.urandom, on_link)
    entrance = Entrance(desk, courier, sessions, places, bell, address)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(courier.run()), asyncio.create_task(entrance.waiting.run())]
        for task in tasks:
            task.add_done_callback(lambda ended: _look_after(ended, on_unfit))
        try:
            yield
        finally:
            bell.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await places.close()
            await asyncio.to_thread(desk.stop)

    party, offices = asyncio.run(_identity(desk))
    api = Api(entrance, ROUTES)
    http = HttpApi(api, party)
    app = Starlette(routes=[http.route, *Pages(api, http).routes], lifespan=lifespan)
    return House(desk, entrance, sessions, offices, app, Guard(app, hosts(address)), bell)


async def _identity(desk: Desk) -> tuple[PartyId, tuple[str, ...]]:
    return await desk.do(lambda house: (house.party, tuple(each.office for each in house.record.offices)))


def _look_after(task: asyncio.Task[None], on_unfit: Callable[[str], None]) -> None:
    """A part that should run as long as the house has ended: then the house ends too, and says so."""
    if task.cancelled():
        return
    error = task.exception()
    on_unfit(error.sentence if isinstance(error, DetenteError) else "A part of this house has ended unexpectedly.")
