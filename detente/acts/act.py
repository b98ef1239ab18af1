"""An act: one thing that one party did.  A command until it is ordered, an event afterwards.

    Act       the body that is hashed (its id), signed by its author's voice and sealed for the line
    Verified  the same, once its author, its signature and its place in the log are beyond doubt

The id is the SHA-256 of the canonical body, so no decision ever depends on ciphertext or signature
bytes.  Sixteen bytes of salt keep a short act from being guessed by its id, which the relay sees
hashed into the tag of the entry.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

import msgspec

from detente.crypto import signing
from detente.ground.errors import Malformed, NotAuthentic
from detente.ground.identifiers import ActId, LineId, PartyId, Position
from detente.ground.instants import Instant
from detente.wire import canonical, tls

SALT_BYTES = 16
LARGEST = 6 * 2**20  # of an act's body in bytes: a text of some megabytes, with room for its escapes
_VOICE = b"detente/act/v1\0"
_TAG = b"detente/tag/v1\0"
_SIGNATURE_BYTES = 64


class Weight(Enum):
    """What an act waits for before it has effect."""

    TALK = "talk"  # shown at once, with its word: held, ordered, confirmed
    DECIDING = "deciding"  # judged once at its place, takes effect when confirmed


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What was done: every procedure has its own kinds, tagged "procedure.verb"."""

    weight: ClassVar[Weight] = Weight.TALK

    @property
    def signed(self) -> bool:
        """Whether the author's voice signs it; all acts but the non-paper."""
        return True


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body that is hashed.  `line` is empty in a founding act, whose id becomes the line's."""

    line: bytes
    author: str
    office: str  # the author's own office that did it, for example "head-of-mission"
    seen: int  # how many entries of the log the author had folded
    digest: bytes  # the author's digest of the procedure's state there
    rules: str  # "procedure/version" by which the author judged it
    made: int  # the author's own clock: information, never a deadline
    salt: bytes
    body: msgspec.Raw

    @property
    def procedure(self) -> str:
        """The procedure whose business this is."""
        return self.rules.partition("/")[0]


@dataclass(frozen=True)
class Verified:
    """An act as the rules see it.  `body` is None where this house does not know the kind."""

    id: ActId
    line: LineId
    author: PartyId
    office: str
    position: Position
    at: Instant  # the log's time at that position
    seen: Position
    procedure: str
    body: Body | None


def encode(act: Act) -> bytes:
    """The canonical bytes of an act."""
    return canonical.encode(act)


def decode(raw: bytes) -> Act:
    """The act whose canonical bytes these are, or `Malformed`.  The body may be of an unknown kind."""
    if len(raw) > LARGEST:
        raise Malformed("An act may not be larger than six megabytes.")
    act = canonical.decode(raw, Act)
    canonical.decode(bytes(act.body), dict[str, Any])
    if len(act.line) not in (0, 32) or len(act.digest) != 32 or len(act.salt) != SALT_BYTES:
        raise Malformed("A field of the act does not have its proper length.")
    if min(act.seen, act.made) < 0:
        raise Malformed("An act does not count from below zero.")
    return act


def act_id(raw: bytes) -> ActId:
    """The id of the act whose canonical bytes these are."""
    return ActId(hashlib.sha256(raw).digest())


def tag_of(identifier: ActId, epoch: int) -> bytes:
    """What the entry's leaf says of its act: 32 bytes that bind the act's id and its epoch.

    The relay knows a repetition by it; whoever is handed the act later knows by it that the act
    belongs at this place of the log (docs/decisions/0003).
    """
    return hashlib.sha256(_TAG + epoch.to_bytes(8, "big") + identifier).digest()


def pack(raw: bytes, voice_seed: bytes | None) -> bytes:
    """The plaintext that is sealed: the act and its author's signature, absent for a non-paper."""
    signature = signing.ed25519_sign(voice_seed, _VOICE + raw) if voice_seed else b""
    return tls.vector(raw) + tls.vector(signature)


def unpack(plaintext: bytes) -> tuple[bytes, bytes]:
    """(canonical bytes, signature) of a packed act, or `Malformed`."""
    raw, signature = tls.whole(plaintext, lambda reader: (reader.vector(), reader.vector()))
    if len(signature) not in (0, _SIGNATURE_BYTES):
        raise Malformed("An act's signature has 64 bytes, or is absent.")
    return raw, signature


def verify_voice(raw: bytes, signature: bytes, voice: bytes) -> None:
    """Raises `NotAuthentic` unless `voice` (Ed25519, 32 bytes) signed the act."""
    if not signature:
        raise NotAuthentic("The act is not signed by its author.")
    signing.ed25519_verify(voice, _VOICE + raw, signature)
