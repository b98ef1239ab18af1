"""Sessions of officers, the challenges that their passkeys answer, and the one-time links that enrol a passkey.

A session begins with an answer of a passkey, stands for the one office of that passkey, and ends fifteen minutes
after it was last used, eight hours after it began, or with the process: nothing here touches the disk.  Instants
come from a clock that nobody sets back (`transport.clock.running`).  Tokens have 256 random bits; only their hashes
are kept.  A challenge is used up by the first answer, true or false, and lapses after two minutes.  A link opens no
session: it enrols one passkey, once, and exists in a demonstration on loopback only.
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
CHALLENGE = 2 * 60_000
MOST_CHALLENGES = 1024  # unanswered at once; the oldest gives way
MOST = 256  # sessions at once; the one that was used longest ago gives way
_TOKEN_BYTES = 32
_TOKEN_LETTERS = 43

Entropy = Callable[[int], bytes]


@dataclass(frozen=True)
class Session:
    """An office at work: until when, and the token's hash, which the forms of the pages are bound to."""

    office: str
    credential: bytes  # of the passkey that began it
    name: bytes
    began: Instant
    used: Instant

    def ended(self, now: Instant) -> bool:
        """Whether it has been idle too long, or has lasted too long."""
        return now - self.used > IDLE or now - self.began > LONGEST


class Sessions:
    """All open sessions, unanswered challenges and unused links of one process."""

    def __init__(self, entropy: Entropy, on_use: Callable[[], None] = lambda: None) -> None:
        """`on_use` is called when a link was used up, so that another can be written down."""
        self._entropy = entropy
        self._on_use = on_use
        self._links: dict[bytes, str] = {}
        self._shown: dict[str, str] = {}  # office -> its link, as long as it is not used
        self._challenges: dict[bytes, Instant] = {}
        self._sessions: dict[bytes, Session] = {}

    def link(self, office: str) -> str:
        """A token that enrols one passkey for the office, once."""
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

    def use(self, link: str) -> str:
        """The office of an unused link, which is used up by this; `Refused` for any other."""
        office = self._links.pop(_hash(link), None)
        if office is None:
            raise Refused("This link has been used already, or never was one.", rule="session.link")
        self._on_use()
        return office

    def challenge(self, now: Instant) -> bytes:
        """32 new random bytes for a passkey to answer."""
        made = self._entropy(_TOKEN_BYTES)
        while len(self._challenges) >= MOST_CHALLENGES:
            del self._challenges[next(iter(self._challenges))]
        self._challenges[made] = now
        return made

    def answered(self, challenge: bytes, now: Instant) -> None:
        """Uses a challenge up; `Refused` where it was answered before, lapsed, or never was one."""
        asked = self._challenges.pop(challenge, None)
        if asked is None or now - asked > CHALLENGE:
            raise Refused("This took too long, or was answered before: begin again.", rule="session.challenge")

    def open(self, office: str, credential: bytes, now: Instant) -> tuple[str, Session]:
        """(token, session) for an office whose passkey has answered."""
        self._make_room(now)
        token = self._token()
        session = Session(office, credential, _hash(token), now, now)
        self._sessions[session.name] = session
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

    def close_all(self, credential: bytes) -> None:
        """End every session that this passkey began."""
        for session in [each for each in self._sessions.values() if each.credential == credential]:
            self.close(session)

    def _make_room(self, now: Instant) -> None:
        for name, session in list(self._sessions.items()):
            if session.ended(now) or len(self._sessions) >= MOST:
                del self._sessions[name]

    def _token(self) -> str:
        return base64.urlsafe_b64encode(self._entropy(_TOKEN_BYTES)).decode().rstrip("=")


def _hash(token: str) -> bytes:
    """What is kept of a token.  Looking a token up by its hash tells nothing about the tokens that are there."""
    return sha256(token[: 2 * _TOKEN_LETTERS].encode("utf-8", "replace"))
