"""Sessions: for an hour, a random token stands for a key that signed a challenge.

Nothing here touches the disk: a relay that starts again has forgotten every session, and its users sign anew.

* A challenge is not remembered when it is given out.  It carries its own end and an HMAC under a secret of
  this process, over the key that asked, so that asking costs the relay nothing to keep.  Only a challenge
  that was truly signed is remembered, until it ends, so that it opens one session and not two.
* A token has 256 random bits.  It is kept as its hash, found by that, and then compared in constant time.
* Their number is bounded: for one key (the oldest goes) and together (nobody new is let in).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from detente.crypto.hashing import equal, hmac_sha256, sha256
from detente.crypto.signing import ED25519_PUBLIC_BYTES, check_ed25519_key, ed25519_verify
from detente.ground.errors import Malformed, NotAuthentic, Unavailable
from detente.ground.instants import Instant
from detente.wire.relaying import CHALLENGE_BYTES, session_message
from detente.wire.tls import uint

_NONCE_BYTES = 24
_END_BYTES = 8
_TOKEN_BYTES = 32


@dataclass(frozen=True)
class SessionLimits:
    """How many and how long, in milliseconds."""

    challenge_lasts: int = 60_000
    session_lasts: int = 3_600_000
    sessions: int = 4_096
    sessions_of_a_key: int = 8


@dataclass(frozen=True)
class Session:
    """One open session."""

    token_hash: bytes
    key: bytes
    ends: Instant


class Sessions:
    """All sessions of one relay process."""

    def __init__(self, origin: str, entropy: Callable[[int], bytes], limits: SessionLimits | None = None) -> None:
        self._origin = origin
        self._entropy = entropy
        self._limits = limits or SessionLimits()
        self._secret = entropy(32)
        self._used: OrderedDict[bytes, Instant] = OrderedDict()
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def challenge(self, key: bytes, now: Instant) -> bytes:
        """A challenge for `key`, to be signed before it ends."""
        if len(key) != ED25519_PUBLIC_BYTES:
            raise Malformed("A session's key is an Ed25519 key of 32 bytes.")
        body = self._entropy(_NONCE_BYTES) + uint(now + self._limits.challenge_lasts, _END_BYTES)
        return body + self._seal(key, body)

    def open(self, key: bytes, challenge: bytes, signature: bytes, now: Instant) -> tuple[str, Instant]:
        """A token and its end, for a signature over a challenge of ours; `NotAuthentic` for anything else."""
        self._forget(now)
        ends = self._challenge_end(key, challenge)
        if now >= ends or challenge in self._used:
            raise NotAuthentic("That challenge is over; ask for another.")
        ed25519_verify(key, session_message(self._origin, challenge), signature)
        own = [token_hash for token_hash, session in self._sessions.items() if session.key == key]
        if not own:
            check_ed25519_key(key)
        if len(own) >= self._limits.sessions_of_a_key:
            del self._sessions[own[0]]
        elif len(self._sessions) >= self._limits.sessions:
            raise Unavailable("The relay has as many sessions as it can hold; try again later.")
        self._used[challenge] = ends
        token = self._entropy(_TOKEN_BYTES).hex()
        session = Session(sha256(token.encode()), key, Instant(now + self._limits.session_lasts))
        self._sessions[session.token_hash] = session
        return token, session.ends

    def key_of(self, token: str, now: Instant) -> bytes | None:
        """The key that a token stands for now, or None."""
        token_hash = sha256(token.encode("utf-8", "replace"))
        session = self._sessions.get(token_hash)
        if session is None or not equal(session.token_hash, token_hash) or now >= session.ends:
            return None
        return session.key

    def _seal(self, key: bytes, body: bytes) -> bytes:
        return hmac_sha256(self._secret, key, body)

    def _challenge_end(self, key: bytes, challenge: bytes) -> Instant:
        body, seal = challenge[: _NONCE_BYTES + _END_BYTES], challenge[_NONCE_BYTES + _END_BYTES :]
        if len(challenge) != CHALLENGE_BYTES or not equal(seal, self._seal(key, body)):
            raise NotAuthentic("That challenge was not given by this relay for this key.")
        return Instant(int.from_bytes(body[_NONCE_BYTES:], "big"))

    def _forget(self, now: Instant) -> None:
        """Let go what has ended; both are kept in the order in which they end."""
        while self._used and next(iter(self._used.values())) <= now:
            self._used.popitem(last=False)
        while self._sessions and next(iter(self._sessions.values())).ends <= now:
            self._sessions.popitem(last=False)
