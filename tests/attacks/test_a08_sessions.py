"""A session in the wrong hands: fixed before sign-in, kept alive by a clock, or used to use the house up."""

import contextlib

import pytest
from authenticators import Authenticator, answer_to, token_of
from serving import cookie_of, serving, signed_in, visitor

from detente import bootstrap
from detente.api import house as house_api
from detente.api import sessions
from detente.chancery.identity import EVERY_POWER
from detente.transport import clock


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("house")
    bootstrap.make_house(home, bytes(32), {"en": "Republic of Arvenia"}, {"head-of-mission": EVERY_POWER})
    with serving(home) as made:
        yield made


def enter(house, browser):
    """Sign in as a browser does: the value of the cookie."""
    name = f"{house.entrance.address} head-of-mission"
    token_of(browser, name, lambda: house.sessions.link("head-of-mission"))
    own = {"origin": f"http://{house.entrance.address}"}
    answer = browser.post("/sign-in", json=answer_to(browser, Authenticator(name)), headers=own)
    assert answer.status_code == 204
    return browser.cookies[cookie_of(house)]


def is_in(house, token):
    with visitor(house) as client:
        return client.get("/api/v1/house", headers={"authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.attack("A08", "prevented")
def test_a_cookie_that_somebody_fixed_beforehand_opens_nothing_afterwards(house):
    with visitor(house) as browser:
        browser.cookies.set(cookie_of(house), "fixed-by-somebody-else")
        browser.cookies.clear()
        assert enter(house, browser) != "fixed-by-somebody-else"
    assert not is_in(house, "fixed-by-somebody-else")


@pytest.mark.attack("A08", "prevented")
def test_signing_in_again_ends_the_session_before(house):
    with visitor(house) as browser:
        before = enter(house, browser)
        assert is_in(house, before)
        after = enter(house, browser)
    assert not is_in(house, before)
    assert is_in(house, after)


@pytest.mark.attack("A08", "prevented")
def test_a_clock_that_is_set_back_prolongs_no_session(house, monkeypatch):
    at = {"now": 10**12, "running": 10**6}
    monkeypatch.setattr(clock, "now", lambda: at["now"])
    monkeypatch.setattr(clock, "running", lambda: at["running"])
    with visitor(house) as browser:
        token = enter(house, browser)
    at["now"] -= 24 * 3_600_000
    at["running"] += sessions.IDLE + 1
    assert not is_in(house, token)


@pytest.mark.attack("A08", "limited")
def test_one_session_cannot_use_up_the_streams_of_all(house, monkeypatch):
    monkeypatch.setattr(house_api, "MOST_LISTENERS", 3)
    with signed_in(house) as client, signed_in(house) as other, contextlib.ExitStack() as streams:
        for _ in range(3):
            assert listens(streams, client)
        assert not listens(streams, client)
        assert listens(streams, other), "another session is none the worse"
        streams.close()
        house.bell.ring()
        while sum(house.entrance.listeners.values()):  # they are let go when they notice
            client.get("/api/v1/house")
        assert listens(streams, client)


def listens(streams, client):
    answer = streams.enter_context(client.stream("GET", "/api/v1/news"))
    if answer.status_code == 503:
        return False
    lines = streams.enter_context(contextlib.closing(answer.iter_lines()))
    return next(lines).startswith("data")


def test_control_a_session_in_use_stays_open(house):
    with visitor(house) as browser:
        token = enter(house, browser)
    assert is_in(house, token)
