"""A relay as its users see it: lines, mail and news, over HTTP, under one key.

One `RelayClient` is one key at one relay: a party has another key for each line and one for its mail box, so
it has as many clients, over one pool of connections (`connections`).  Opening sessions, and opening them
again when the relay has forgotten them, happens inside.

What a relay says is not believed here.  Answers are bounded while they come, read strictly, and their
sentences are cut to plain text; whether entries connect, hash and prove is the line's to judge.

| what happened                                        | what the caller gets                         |
|------------------------------------------------------|----------------------------------------------|
| nobody answered, not in time, or not as agreed       | `Unavailable` raised; retrying does no harm  |
| no such line or box, or it is not ours               | `Refused` raised, rule "relay.unknown"       |
| the request as a whole is not allowed                | `Refused` raised                             |
| somebody else was first (cosignature, line, mail)    | `Conflict` raised                            |
| one submission of several has no place               | a `Declined` beside the others' `Placed`     |
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeVar

import httpx

from detente.crypto.hashing import sha256
from detente.crypto.signing import ed25519_public, ed25519_sign
from detente.ground.errors import (
    Conflict,
    DetenteError,
    Malformed,
    NotAuthentic,
    Refused,
    Stale,
    Unavailable,
)
from detente.ground.identifiers import base32
from detente.tlog.leaf import Leaf
from detente.wire import relaying as say
from detente.wire.relaying import Cosigned, Description, MailItem, Submission

UNKNOWN: Final = "relay.unknown"
"""The rule of a `Refused`: no such line or box, or it is not ours."""

_MOST_ANSWER: Final = 20 * 1024 * 1024
_MOST_EVENT: Final = 4_096
_MOST_SENTENCE: Final = 300
_BATCH_ENTRIES: Final = 256
_BATCH_BYTES: Final = 8 * 1024 * 1024
_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
_STREAM_TIMEOUT: Final = httpx.Timeout(45.0, connect=5.0)  # three of the relay's heartbeats
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Placed:
    """A submission has its place in the log."""

    position: int
    time: int
    """The relay's, in milliseconds."""
    size: int
    """Of the line now."""


@dataclass(frozen=True, slots=True)
class Declined:
    """A submission has no place, and why."""

    code: Literal["conflict", "stale", "refused", "unknown"]
    """Somebody else was first; sealed for another epoch; against a limit; not a writer of such a line."""
    sentence: str
    size: int
    """Of the line now."""


@dataclass(frozen=True, slots=True)
class Page:
    """Entries from `start` on, as the relay gave them: nothing is verified yet."""

    start: int
    entries: tuple[tuple[Leaf, bytes], ...]
    """Each with its leaf and its ciphertext."""
    checkpoint: str
    """A signed note, over start + len(entries) entries if the relay is honest."""
    cosignatures: tuple[Cosigned, ...]
    """The newest of each witness."""
    size: int
    """Of the line: more than the end of this page means that there is more to read."""


def connections(base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A pool of connections to one relay, for any number of clients; whoever makes it closes it."""
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=_TIMEOUT,
        limits=httpx.Limits(max_connections=512, max_keepalive_connections=32),
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
        transport=transport,
    )


class RelayClient:
    """One key at one relay.  Use as `async with`, or call `close`."""

    def __init__(
        self,
        relay: str | httpx.AsyncClient,
        key_seed: bytes,
        *,
        origin: str | None = None,
    ) -> None:
        """`relay` is its address, or a pool made by `connections` and closed by its maker.

        `key_seed` is the 32-byte Ed25519 seed of the key.  With `origin`, a relay that calls itself otherwise is
        `NotAuthentic`: it could be passing on another relay's challenge.
        """
        self._owned = isinstance(relay, str)
        self._http = connections(relay) if isinstance(relay, str) else relay
        self._seed = key_seed
        self._origin = origin
        self._token: str | None = None
        self._signing_in = asyncio.Lock()
        self.public = ed25519_public(key_seed)
        """The public key that the relay knows us by."""
        self.box = base32(sha256(self.public))
        """The address of this key's mail box."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let the connections go, if they are this client's own."""
        if self._owned:
            await self._http.aclose()

    # --- lines -----------------------------------------------------------------------------------

    async def describe(self) -> Description:
        """The relay's origin, its checkpoint key and its limits."""
        return await self._open_call("GET", "/v1/relay", None, Description)

    async def create_line(self, line: str, writers: Sequence[bytes]) -> None:
        """Found a line; repeating it does no harm."""
        await self._call("POST", "/v1/lines", say.LineAsked(line, tuple(writers)), say.Done)

    async def append(self, line: str, submissions: Sequence[Submission]) -> list[Placed | Declined]:
        """Submit entries in order; one result for each.

        Many are sent as several requests.  If one of those fails the whole call does, and may be repeated:
        what had its place keeps it.
        """
        results: list[Placed | Declined] = []
        for batch in _batches(submissions):
            answer = await self._call("POST", f"/v1/lines/{line}/entries", say.EntriesAsked(batch), say.Results)
            if len(answer.results) != len(batch):
                raise _not_as_agreed("another number of results than of entries")
            results += [_result(one) for one in answer.results]
        return results

    async def read(self, line: str, start: int = 0, limit: int = 0) -> Page:
        """Entries from `start` on, at most about `limit` (0: as many as the relay gives at once)."""
        path = f"/v1/lines/{line}/entries?from={start}&limit={limit}"
        given = await self._call("GET", path, None, say.PageGiven)
        if given.start != start:
            raise _not_as_agreed("another place than the one that was asked for")
        with _as_agreed():
            entries = tuple((Leaf.decode(one.leaf), one.ciphertext) for one in given.entries)
        return Page(start, entries, given.checkpoint, given.cosignatures, given.size)

    async def checkpoint(self, line: str) -> str:
        """The newest checkpoint, a signed note."""
        return (await self._call("GET", f"/v1/lines/{line}/checkpoint", None, say.CheckpointGiven)).checkpoint

    async def cosign(self, line: str, size: int, root: bytes, text: str) -> None:
        """Leave our cosignature over (size, root) with the relay."""
        await self._call("POST", f"/v1/lines/{line}/cosignatures", say.Cosigning(size, root, text), say.Done)

    def news(self, line: str) -> AsyncGenerator[int, None]:
        """The line's size: now, and again whenever it or its cosignatures changed, for ever.

        Lost connections are made anew, and the first size after that tells what was missed; a line that is not
        there (yet), or not ours (yet), is asked for again.  Ends only by an error that waiting does not cure
        (`NotAuthentic`), or when its reader goes.
        """
        return self._listen(f"/v1/lines/{line}/news")

    # --- mail ------------------------------------------------------------------------------------

    async def post_mail(self, box: str, tag: bytes, sealed: bytes) -> int:
        """Put an item into somebody's box; gives its number.  Repeating it does no harm."""
        return (await self._call("POST", f"/v1/mail/{box}", say.MailPosted(tag, sealed), say.MailNumber)).number

    async def take_mail(self, box: str, start: int = 0) -> tuple[MailItem, ...]:
        """Items of our own box from number `start` on, not necessarily all; the first call opens the box."""
        return (await self._call("GET", f"/v1/mail/{box}?from={start}", None, say.MailGiven)).items

    async def drop_mail(self, box: str, through: int) -> None:
        """Have the relay forget our items up to and including number `through`."""
        await self._call("DELETE", f"/v1/mail/{box}?through={through}", None, say.Done)

    def mail_news(self, box: str) -> AsyncGenerator[int, None]:
        """The number of our box's next item: now, and again whenever something changed, for ever."""
        return self._listen(f"/v1/mail/{box}/news")

    # --- sessions --------------------------------------------------------------------------------

    async def _session(self, ended: str | None) -> str:
        """A token other than the one that has `ended`."""
        async with self._signing_in:
            if self._token is None or self._token == ended:
                self._token = await self._sign_in()
            return self._token

    async def _sign_in(self) -> str:
        origin = (await self.describe()).origin
        if self._origin is not None and origin != self._origin:
            raise NotAuthentic("The relay calls itself by another name than the one that the line was founded at.")
        asked = say.ChallengeAsked(self.public)
        given = await self._open_call("POST", "/v1/sessions/challenge", asked, say.ChallengeGiven)
        if len(given.challenge) != say.CHALLENGE_BYTES:
            raise _not_as_agreed("a challenge of another length")
        signature = ed25519_sign(self._seed, say.session_message(origin, given.challenge))
        session = say.SessionAsked(self.public, given.challenge, signature)
        return (await self._open_call("POST", "/v1/sessions", session, say.SessionGiven)).token

    # --- requests --------------------------------------------------------------------------------

    async def _call(self, method: str, path: str, body: say.Body | None, kind: type[T]) -> T:
        """A request under a session, which is opened again once if the relay has forgotten it."""
        token = await self._session(None)
        status, raw = await self._request(method, path, body, token)
        if status == httpx.codes.UNAUTHORIZED:
            token = await self._session(token)
            status, raw = await self._request(method, path, body, token)
        return _read(status, raw, kind)

    async def _open_call(self, method: str, path: str, body: say.Body | None, kind: type[T]) -> T:
        return _read(*await self._request(method, path, body, None), kind)

    async def _request(self, method: str, path: str, body: say.Body | None, token: str | None) -> tuple[int, bytes]:
        content = None if body is None else say.encode(body)
        headers = _headers(token) if body is None else {**_headers(token), "Content-Type": "application/json"}
        with _reachable():
            async with self._http.stream(method, path, content=content, headers=headers) as response:
                return response.status_code, await _bounded(response)

    async def _listen(self, path: str) -> AsyncGenerator[int, None]:
        pause = _FIRST_PAUSE
        token: str | None = None
        ended: str | None = None
        while True:
            try:
                token = await self._session(ended)
                async with contextlib.aclosing(self._events(path, token)) as sizes:
                    async for size in sizes:
                        pause = _FIRST_PAUSE
                        yield size
                ended = None
            except _SessionEnded:
                ended = token
            except Unavailable:
                ended = None
            except Refused as error:
                if error.rule != UNKNOWN:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _events(self, path: str, token: str) -> AsyncGenerator[int, None]:
        """The sizes of one connection, until it ends."""
        with _reachable():
            async with self._http.stream("GET", path, headers=_headers(token), timeout=_STREAM_TIMEOUT) as response:
                if response.status_code == httpx.codes.UNAUTHORIZED:
                    raise _SessionEnded("The session has ended.")
                if response.status_code != httpx.codes.OK:
                    raise _problem(response.status_code, await _bounded(response))
                buffer = b""
                async for chunk in response.aiter_raw():
                    *events, buffer = (buffer + chunk).split(b"\n\n")
                    if len(buffer) > _MOST_EVENT:
                        raise _not_as_agreed("an event without an end")
                    for event in events:
                        if event.startswith(b"data: "):
                            yield _decode(event.removeprefix(b"data: "), say.News).size


class _SessionEnded(Unavailable):
    """The token that was used is not known any more."""


def _headers(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


@contextlib.contextmanager
def _reachable() -> Iterator[None]:
    """Failures of the network in our words."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise Unavailable("The relay did not answer in time.") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise Unavailable("The relay could not be reached.") from error


async def _bounded(response: httpx.Response) -> bytes:
    """The answer's body, read no further than it may be long."""
    if response.headers.get("content-encoding"):
        raise _not_as_agreed("an encoded answer")
    raw = bytearray()
    async for chunk in response.aiter_raw():
        raw += chunk
        if len(raw) > _MOST_ANSWER:
            raise _not_as_agreed("an answer without an end")
    return bytes(raw)


def _read(status: int, raw: bytes, kind: type[T]) -> T:
    if status != httpx.codes.OK:
        raise _problem(status, raw)
    return _decode(raw, kind)


def _decode(raw: bytes, kind: type[T]) -> T:
    with _as_agreed():
        return say.decode(raw, kind)


@contextlib.contextmanager
def _as_agreed() -> Iterator[None]:
    try:
        yield
    except Malformed as error:
        raise _not_as_agreed("something that cannot be read") from error


def _not_as_agreed(what: str) -> Unavailable:
    return Unavailable(f"The relay does not answer as agreed: it gave {what}.")


def _problem(status: int, raw: bytes) -> DetenteError:
    """The error that a problem+json stands for."""
    try:
        problem = say.decode(raw[:_MOST_EVENT], say.Problem)
    except Malformed:
        return Unavailable(f"The relay answered with status {status} and no reason.")
    sentence = _plain(problem.sentence)
    match problem.code:
        case "not_authentic":
            return NotAuthentic(sentence)
        case "conflict":
            return Conflict(sentence)
        case "stale":
            return Stale(sentence, rule="relay")
        case "unknown":
            return Refused(sentence, rule=UNKNOWN)
        case "session":
            return _SessionEnded(sentence)
        case "unavailable":
            return Unavailable(sentence)
        case "malformed" | "refused" | "too_large":
            return Refused(sentence, rule="relay")


def _result(one: say.Result) -> Placed | Declined:
    sentence = _plain(one.sentence)
    match one.code:
        case "placed":
            if one.position is None or one.time is None:
                raise _not_as_agreed("a place without a position")
            return Placed(one.position, one.time, one.size)
        case "conflict" | "stale" | "refused" | "unknown":
            return Declined(one.code, sentence, one.size)


def _plain(text: str) -> str:
    """A relay's sentence as plain text of bounded length: it reaches a person."""
    return "".join(letter for letter in text[:_MOST_SENTENCE] if letter.isprintable())


def _batches(submissions: Sequence[Submission]) -> Iterator[tuple[Submission, ...]]:
    """The submissions in as few requests as the relay's default limits allow."""
    batch: list[Submission] = []
    held = 0
    for one in submissions:
        if batch and (len(batch) == _BATCH_ENTRIES or held + len(one.ciphertext) > _BATCH_BYTES):
            yield tuple(batch)
            batch, held = [], 0
        batch.append(one)
        held += len(one.ciphertext)
    if batch:
        yield tuple(batch)
