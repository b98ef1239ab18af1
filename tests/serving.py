"""One real house that answers over HTTP in this process, and a relay and a register that are not there."""

import contextlib
import re
import socket
import threading

import httpx
import pytest
import uvicorn
from authenticators import token_of

from detente import bootstrap
from detente.crypto.signing import ed25519_public
from detente.procedures.charter.acts import RegisterPlace, RelayPlace
from detente.tlog.note import KeyKind, VerifierKey

NOTHING = "0" * 64


class Places:
    """A relay and a register that say who they are and nothing else."""

    relay_url = "http://127.0.0.1:9"
    register_url = "http://127.0.0.1:9"

    async def relay(self):
        return RelayPlace(self.relay_url, "relay-a", _key("relay-a"), "")

    async def register(self):
        return RegisterPlace(self.register_url, "register-a", _key("register-a"))

    async def publish(self, *_):
        raise AssertionError


def _key(origin):
    return VerifierKey(origin, KeyKind.ED25519, ed25519_public(origin.encode().ljust(32))).vkey


@contextlib.contextmanager
def serving(home):
    """A house that answers on a port of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        made = bootstrap.compose(
            home,
            bytes(32),
            relay_url=Places.relay_url,
            register_url=Places.register_url,
            address=f"127.0.0.1:{listener.getsockname()[1]}",
            on_unfit=pytest.fail,
        )
        made.entrance.places = Places()
        started = threading.Event()
        config = uvicorn.Config(made.guarded, log_level="error", server_header=False, ws="none", lifespan="on")
        server = uvicorn.Server(config)
        server.startup = _and_then(server.startup, started.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert started.wait(60)
        yield made
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def _and_then(startup, done):
    async def begin(sockets=None):
        await startup(sockets)
        done()

    return begin


def visitor(house):
    return httpx.Client(base_url=f"http://{house.entrance.address}", timeout=60)


@contextlib.contextmanager
def signed_in(house, office="head-of-mission"):
    with visitor(house) as client:
        client.headers["authorization"] = f"Bearer {token_for(house, office)}"
        yield client


def token_for(house, office="head-of-mission"):
    """A new session, by the passkey of the office, which is enrolled the first time."""
    with visitor(house) as client:
        return token_of(client, f"{house.entrance.address} {office}", lambda: house.sessions.link(office))


def cookie_of(house):
    """The name of the house's cookie."""
    return house.app.routes[0].endpoint.__self__.cookie


def path_of(route):
    """A path that the route serves, and that names nothing."""
    filled = route.path.replace("{party}", "a" * 52).replace("{draft}", "b" * 32)
    return "/api/v1" + re.sub(r"\{\w+\}", NOTHING, filled)


def own_line(client, **headers):
    """A line with oneself, which needs nobody: its name."""
    about = client.get("/api/v1/house").json()
    asked = {
        "title": "A line with oneself",
        "members": [{"party": about["party"], "role": "chair"}],
        "must_accept": [about["party"]],
        "ceiling": "SENSITIVE",
        "faults": None,
    }
    return client.post("/api/v1/lines", json=asked, headers=headers).json()["line"]
