"""What a line is made of before its first message: its terms, its members' keys, its entries' journey.

A party's leaf in the group carries the extension LINE_KEYS: two Ed25519 keys of this party for this
line alone, so that the relay can know who may write and whose cosignature it keeps without learning
who that is, and so that two lines of one party cannot be told to be the same party's.

    writer    opens sessions at the relay
    witness   cosigns checkpoints (C2SP tlog-cosignature)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import msgspec

from detente.crypto.signing import check_ed25519_key
from detente.crypto.suites import HOUSE_SUITES, Suites
from detente.ground.errors import Malformed
from detente.ground.identifiers import ActId, LineId, PartyId, Position
from detente.tlog.leaf import Leaf
from detente.wire import tls

LINE_KEYS = 0xF0D1  # private use, RFC 9420 section 17.3

LINE_SUITE = HOUSE_SUITES[0xF002]
"""What lines speak: ML-KEM-768 with X25519, AES-256-GCM, SHA-384 (post-quantum in secrecy), and Ed25519 signatures."""
SPOKEN: Suites = {LINE_SUITE.number: LINE_SUITE}
"""Nothing else is spoken on a line, so that nobody can be talked down to less."""

Entropy = Callable[[int], bytes]


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a line lies: its relay, and the relay's opaque name for it (base32 of 16 random bytes)."""

    url: str
    origin: str  # of the line's log, "<relay's prefix>/l/<name>"
    vkey: str  # the relay's checkpoint key, as a signed-note verifier key
    name: str


@dataclass(frozen=True)
class LineKeys:
    """The public keys of one party for one line."""

    writer: bytes
    witness: bytes

    def encode(self) -> bytes:
        """The data of the leaf extension."""
        return tls.vector(self.writer) + tls.vector(self.witness)

    @classmethod
    def decode(cls, raw: bytes) -> LineKeys:
        """Read the leaf extension; `Malformed` unless it has two sound and different Ed25519 keys."""
        return _read_keys(raw)


@lru_cache(maxsize=4096)
def _read_keys(raw: bytes) -> LineKeys:
    writer, witness = tls.whole(raw, lambda reader: (reader.vector(), reader.vector()))
    if writer == witness:
        raise Malformed("A member's two keys for the line are one and the same.")
    check_ed25519_key(writer)
    check_ed25519_key(witness)
    return LineKeys(writer, witness)


def credential(party: PartyId) -> bytes:
    """The identity in the MLS credential of a party's chancery."""
    return f"{party}/node".encode()


def party_of(identity: bytes) -> PartyId:
    """The party behind an MLS credential, or `Malformed`."""
    party, separator, node = identity.partition(b"/")
    if not separator or node != b"node":
        raise Malformed("A member of the group does not bear a party's name.")
    return PartyId(party.decode("ascii", "replace"))


@dataclass(frozen=True)
class Ordered:
    """An entry as the relay hands it out: nothing about it is believed yet but its place."""

    position: Position
    leaf: Leaf
    ciphertext: bytes


@dataclass(frozen=True)
class Head:
    """The size and the root of a log: what every message echoes, so that a fork cannot last."""

    size: int
    root: bytes

    def encode(self) -> bytes:
        """Forty bytes: the size as a u64, and the root."""
        return tls.uint(self.size, 8) + self.root

    @classmethod
    def decode(cls, raw: bytes) -> Head:
        """Read forty bytes, or `Malformed`."""
        return tls.whole(raw, lambda reader: cls(reader.uint(8), reader.take(32)))


class Outcome(Enum):
    """What became of an entry at this house."""

    ADMITTED = "admitted"
    REFUSED = "refused"  # authentic, against the rules: the same at every house
    NOT_UNDERSTOOD = "not understood"  # a kind or a version that this house does not know; kept
    DUPLICATE = "duplicate"  # the same act has its place already
    VOID = "void"  # of another epoch than the one at its place
    NOT_AUTHENTIC = "not authentic"  # false in itself; evidence is kept
    NOT_HANDED_OVER = "not handed over"  # before this house joined, and nobody gave it
    MERGED = "merged"  # a commit that took effect
    UNMERGED = "unmerged"  # a commit that did not


@dataclass(frozen=True)
class Received:
    """One entry and what became of it.  `packed` is the act with its signature, where there is one."""

    position: Position
    leaf: Leaf
    outcome: Outcome
    sentence: str = ""
    act: ActId | None = None
    author: PartyId | None = None
    packed: bytes = b""


@dataclass(frozen=True)
class Alarm:
    """Something that a person must know, with what proves it."""

    kind: str  # "fork", "false-entry", "digest", "stuck", "incident", "false-arrival"
    position: Position
    sentence: str
    evidence: bytes = b""


@dataclass(frozen=True)
class Invitation:
    """The ids that an invitation must agree on."""

    line: LineId
    terms: Terms
