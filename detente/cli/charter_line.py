"""What `detente charter` asks of a house: one office signs in, asks or acts over the API, and signs out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msgspec

from detente.cli.demo import passkey
from detente.ground.errors import DetenteError, Refused, Unavailable
from detente.procedures.guidelines.clauses import Charter

PATIENCE: Final = 45.0  # seconds for one answer
TIMES: Final = 6  # that a founding is waited for, 20 seconds each


@dataclass(frozen=True)
class Seats:
    """Who sits on a new line, besides the house's own party."""

    members: tuple[str, ...]
    observers: tuple[str, ...]


class Visitor:
    """An office that is signed in."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The house's answer, or its refusal raised."""
        try:
            answer = self._client.request(method, f"/api/v1{path}", json=body, params=query)
        except httpx.HTTPError:
            raise Unavailable("The house does not answer.") from None
        if answer.is_success:
            return answer.json()
        raise _error(answer)


def _error(answer: httpx.Response) -> DetenteError:
    try:
        problem = answer.json()
        sentence, rule = str(problem["sentence"]), str(problem["rule"])
    except (ValueError, KeyError, TypeError):
        return Unavailable(f"The house answered {answer.status_code} and no sentence.")
    return Refused(sentence, rule=rule) if answer.is_client_error else Unavailable(sentence)


@contextmanager
def visit(house: str, link: str) -> Iterator[Visitor]:
    """Sign in with a passkey for this once, which the link enrols, and out again at the end."""
    try:
        client = httpx.Client(base_url=house, timeout=PATIENCE)
    except (httpx.InvalidURL, ValueError):
        raise Unavailable("That is no address of a house.") from None
    with client:
        visitor = Visitor(client)
        own = passkey.for_once()
        asked = visitor.ask("POST", "/session/challenge", {})
        visitor.ask("POST", "/passkeys", own.make(asked, link.rsplit("/", 1)[-1]))
        opened = visitor.ask("POST", "/session", own.answer(visitor.ask("POST", "/session/challenge", {})))
        client.headers["authorization"] = f"Bearer {opened['token']}"
        try:
            yield visitor
        finally:
            client.delete("/api/v1/session")


def found(visitor: Visitor, title: str, seats: Seats, ceiling: str, charter: Charter) -> str:
    """Found the line, wait until its founding act has its place, and propose its charter."""
    own = visitor.ask("GET", "/house")["party"]
    roles = [(own, "chair"), *((each, "member") for each in seats.members if each != own)]
    asked = {
        "title": title,
        "members": [{"party": party, "role": role} for party, role in roles]
        + [{"party": party, "role": "observer"} for party in seats.observers],
        "must_accept": sorted(party for party, _ in roles),
        "ceiling": ceiling,
        "faults": None,
    }
    line = visitor.ask("POST", "/lines", asked)["line"]
    for _ in range(TIMES):
        if visitor.ask("GET", f"/lines/{line}/acts/{line}", wait="ordered", seconds=20)["word"] != "held":
            return f"{line}\n{propose(visitor, line, charter)}"
    raise Unavailable(f"The line {line} is founded at home, and the relay does not answer: propose its charter later.")


def propose(visitor: Visitor, line: str, charter: Charter) -> str:
    """The id of the proposal."""
    proposed: str = visitor.ask("POST", f"/lines/{line}/charter", {"charter": msgspec.to_builtins(charter)})["act"]
    return proposed


def may(visitor: Visitor, line: str, body: Any) -> str:
    """The answer in words; `Refused` where the act would be."""
    answer = visitor.ask("POST", f"/lines/{line}/may", {"body": body})
    if answer["may"]:
        return f"Yes: {answer['clause'] or 'nothing stands against it'}."
    instead = f" It could be done by {answer['instead']}." if answer["instead"] else ""
    raise Refused(f"{answer['sentence']}{instead}", rule=answer["clause"])
