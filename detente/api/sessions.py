"""Sessions of officers, and the one-time links that begin them in a demonstration.

A session stands for one office of the house's party and ends fifteen minutes after it was last used,
eight hours after it began, or with the process: nothing here touches the disk.  Instants come from a clock
that nobody sets back (`transport.clock.running`).  Tokens have 256 random
bits; only their hashes are kept.  Passkeys take the place of the links in the web entrance; until then
a link exists on loopback only, works once, and the page on which it is used says what it is.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from detente.crypto.hashing import sha256
from detente.ground.errors import Refused
from detente.ground.instants import Instant

IDLE = 15 * 60_000  # milliseconds
LONGEST = 8 * 3_600_000
MOST = 256  # sessions at once; the one that was used longest ago gives way
_TOKEN_BYTES = 32
_TOKEN_LETTERS = 43

Entropy = Callable[[int], bytes]


@dataclass(frozen=True)
class Session:
    """An office at work: until when, and the token's hash, which the forms of the pages are bound to."""

    office: str
    name: bytes
    began: Instant
    used: Instant

    def ended(self, now: Instant) -> bool:
        """Whether it has been idle too long, or has lasted too long."""
        return now - self.used > IDLE or now - self.began > LONGEST


class Sessions:
    """All open sessions and all unused links of one process."""

    def __init__(self, entropy: Entropy, on_use: Callable[[], None] = lambda: None) -> None:
        """`on_use` is called when a link was used up, so that another can be written down."""
        self._entropy = entropy
        self._on_use = on_use
        self._links: dict[bytes, str] = {}
        self._shown: dict[str, str] = {}  # office -> its link, as long as it is not used
        self._sessions: dict[bytes, Session] = {}

    def link(self, office: str) -> str:
        """A token that opens one session for the office, once."""
        token = self._token()
        self._links[_hash(token)] = office
        return token

    def links(self, offices: Iterable[str]) -> dict[str, str]:
        """For each office a token that is not used yet: a new one where its last was used up."""
        waiting = set(self._links.values())
        for office in offices:
            if office not in waiting:
                self._shown[office] = self.link(office)
        return dict(self._shown)

    def office_of(self, link: str) -> str | None:
        """Whose link this is, without using it; None where it is used up or never was one."""
        return self._links.get(_hash(link))

    def open(self, link: str, now: Instant) -> tuple[str, Session]:
        """(token, session) for an unused link, which is used up by this; `Refused` for any other."""
        office = self._links.pop(_hash(link), None)
        if office is None:
            raise Refused("This link has been used already, or never was one.", rule="session.link")
        self._make_room(now)
        token = self._token()
        session = Session(office, _hash(token), now, now)
        self._sessions[session.name] = session
        self._on_use()
        return token, session

    def of(self, token: str, now: Instant) -> Session | None:
        """The open session of a token, which is used by this."""
        session = self._sessions.pop(_hash(token), None)
        if session is None or session.ended(now):
            return None
        session = replace(session, used=now)
        self._sessions[session.name] = session
        return session

    def lives(self, session: Session, now: Instant) -> bool:
        """Whether a session is still open, without using it."""
        held = self._sessions.get(session.name)
        return held is not None and not held.ended(now)

    def close(self, session: Session) -> None:
        """End a session."""
        self._sessions.pop(session.name, None)

    def _make_room(self, now: Instant) -> None:
        for name, session in list(self._sessions.items()):
            if session.ended(now) or len(self._sessions) >= MOST:
                del self._sessions[name]

    def _token(self) -> str:
        return base64.urlsafe_b64encode(self._entropy(_TOKEN_BYTES)).decode().rstrip("=")


def _hash(token: str) -> bytes:
    """What is kept of a token.  Looking a token up by its hash tells nothing about the tokens that are there."""
    return sha256(token[: 2 * _TOKEN_LETTERS].encode("utf-8", "replace"))
