"""A delegate: one office of one party, at the API of its own chancery.

This is what a program of a delegation would do: it signs in with a passkey, asks and acts over HTTP, and
tries again when its house was away for a moment.  Every wish has a name, so that asking again after an
answer that was lost does nothing twice.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from detente.cli.demo import passkey as passkeys
from detente.cli.demo.world import Seat, World
from detente.ground.errors import DetenteError, Malformed, NotAuthentic, Refused, Stale, Unavailable

PATIENCE = 90.0  # seconds for which a house may be away before a delegate gives up
PAUSE = 0.05
_UNKNOWN = "api.unknown"  # the rule of an answer that something is not there
_KINDS: Mapping[str, type[DetenteError]] = {
    "stale": Stale,
    "malformed": Malformed,
    "not-authentic": NotAuthentic,
}


class Delegate:
    """An office at work."""

    def __init__(self, world: World, seat: Seat, office: str) -> None:
        self.seat = seat
        self.office = office
        self._world = world
        self._client = httpx.Client(base_url=world.url(seat.key), timeout=45.0)
        self._token = ""

    def close(self) -> None:
        """Sign out, where one is signed in and the house is there, and leave."""
        if self._token:
            with contextlib.suppress(httpx.HTTPError):
                self._client.delete("/api/v1/session", headers=self._headers())
        self._client.close()

    def get(self, path: str, **query: Any) -> Any:
        """What the house answers, as plain values."""
        return self._ask(lambda: self._client.get(f"/api/v1{path}", params=query, headers=self._headers()))

    def raw(self, path: str) -> bytes:
        """A file of the house."""
        return self._answer(lambda: self._client.get(f"/api/v1{path}", headers=self._headers())).content

    def post(self, path: str, content: Any = None, wish: str = "") -> Any:
        """Do something; `wish` names it where doing it twice would matter."""
        return self._ask(lambda: self._client.post(f"/api/v1{path}", json=content or {}, headers=self._headers(wish)))

    def post_file(self, path: str, content: bytes) -> Any:
        """Hand in a file."""
        headers = {"content-type": "application/octet-stream"}
        return self._ask(
            lambda: self._client.post(f"/api/v1{path}", content=content, headers={**self._headers(), **headers})
        )

    def act(self, line: str, wish: str, body: Mapping[str, Any]) -> str:
        """Do an act on a line: its id."""
        done: str = self.post(f"/lines/{line}/acts", {"body": body}, wish)["act"]
        return done

    def until(self, line: str, act: str, word: str = "ordered") -> dict[str, Any]:
        """Wait until an act is ordered or confirmed; what became of it."""
        for _ in self._patiently(f"act {act[:8]} is not {word}"):
            item: dict[str, Any] = self.get(f"/lines/{line}/acts/{act}", wait=word, seconds=20)
            if item["word"] == word or item["word"] == "confirmed":
                return item
        raise AssertionError

    def sees(self, line: str, act: str) -> None:
        """Wait until another's act has come to this house."""

        def there() -> bool:
            try:
                self.get(f"/lines/{line}/acts/{act}")
            except Refused as error:
                if error.rule != _UNKNOWN:
                    raise
                return False
            return True

        self.wait(f"act {act[:8]} has not come to {self.seat.name}", there)

    def wait(self, what: str, question: Callable[[], Any]) -> Any:
        """Ask until the answer is something."""
        for _ in self._patiently(what):
            answer = question()
            if answer:
                return answer
        raise AssertionError

    # --- speaking --------------------------------------------------------------------------------

    def _ask(self, request: Callable[[], httpx.Response]) -> Any:
        return self._answer(request).json()

    def _answer(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        for _ in self._patiently(f"{self.seat.name} does not answer"):
            try:
                if not self._token:
                    self._sign_in()
                response = request()
            except (httpx.HTTPError, Unavailable):
                self._world.ensure()
                continue
            if response.status_code == httpx.codes.UNAUTHORIZED:
                self._token = ""
                continue
            if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                continue
            if response.is_success:
                return response
            raise _error(response)
        raise AssertionError

    def _patiently(self, what: str) -> Iterator[None]:
        return patiently(self._world, what)

    def _sign_in(self) -> None:
        """With the office's passkey, which is enrolled where the house does not know it yet."""
        passkey = passkeys.kept_in(self._world.passkey_file(self.seat, self.office))
        answer = self._send("/session", passkey.answer(self._send("/session/challenge", {}).json()))
        if answer.status_code == httpx.codes.FORBIDDEN:
            link = self._world.links(self.seat).get(self.office, "").rsplit("/", 1)[-1]
            self._send("/passkeys", passkey.make(self._send("/session/challenge", {}).json(), link))
            answer = self._send("/session", passkey.answer(self._send("/session/challenge", {}).json()))
        if not answer.is_success:
            raise Unavailable("The passkey was not taken.")
        self._token = answer.json()["token"]

    def _send(self, path: str, content: Any) -> httpx.Response:
        return self._client.post(f"/api/v1{path}", json=content)

    def _headers(self, wish: str = "") -> dict[str, str]:
        headers = {"authorization": f"Bearer {self._token}"}
        if wish:
            headers["idempotency-key"] = wish
        return headers


def patiently(world: World, what: str) -> Iterator[None]:
    """Try again and again, while what has ended is started again; `Unavailable` when it took too long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        yield
        world.ensure()
        time.sleep(PAUSE)
    raise Unavailable(f"{what} within {PATIENCE:.0f} seconds.")


def _error(response: httpx.Response) -> DetenteError:
    try:
        problem = response.json()
        code, sentence, rule = problem["code"], problem["sentence"], problem["rule"]
    except (ValueError, KeyError):
        return Unavailable(f"The house answered {response.status_code} and no sentence.")
    kind = _KINDS.get(code)
    return kind(sentence) if kind else Refused(sentence, rule=rule)
