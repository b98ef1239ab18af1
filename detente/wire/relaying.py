"""What is said over HTTP between a relay and those who use it: one struct for each body, both ways.

JSON in UTF-8, bytes as standard base64, unknown fields refused.  Nothing of it is signed or hashed as it
stands (leaves, checkpoints and ciphertexts carry their own proofs), so it need not be canonical.

A session is opened by signing `session_message`: a label, the relay's origin and the challenge that the
relay gave for the key.  Challenges have one fixed length, so the bytes can be read in one way only; and a relay
cannot use what it was sent to open a session at another one.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from detente.ground.errors import Malformed

CHALLENGE_BYTES = 64
PROBLEM = "application/problem+json"

Code = Literal[
    "malformed", "not_authentic", "session", "unknown", "conflict", "stale", "refused", "too_large", "unavailable"
]
"""Why a request was not done."""

T = TypeVar("T")


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every body is."""


class Problem(Body, frozen=True):
    """Every answer that is not a success (RFC 9457), with a sentence for a person."""

    title: str
    status: int
    code: Code
    sentence: str
    size: int | None = None


class Description(Body, frozen=True):
    """GET /v1/relay: who signs here, and what is kept at most."""

    origin: str
    vkey: str
    limits: dict[str, int]


class ChallengeAsked(Body, frozen=True):
    """POST /v1/sessions/challenge."""

    key: bytes


class ChallengeGiven(Body, frozen=True):
    """The answer: sign `session_message` over it within a minute, once."""

    challenge: bytes


class SessionAsked(Body, frozen=True):
    """POST /v1/sessions."""

    key: bytes
    challenge: bytes
    signature: bytes


class SessionGiven(Body, frozen=True):
    """The answer: a bearer token, and the instant (milliseconds) at which it ends."""

    token: str
    expires: int


class LineAsked(Body, frozen=True):
    """POST /v1/lines."""

    line: str
    writers: tuple[bytes, ...]


class Done(Body, frozen=True):
    """The answer where there is nothing else to say."""

    size: int | None = None


class Submission(Body, frozen=True):
    """One entry that wants a place: talk (kind 0) or a commit (kind 1), sealed for an epoch, under a tag of 32 bytes.

    A commit says how long the line must be (`expected`) and may name the whole new set of write keys (`writers`);
    `insist` says that its author has read everything and knows the epoch better than the relay.
    """

    kind: int
    epoch: int
    tag: bytes
    ciphertext: bytes
    expected: int | None = None
    writers: tuple[bytes, ...] | None = None
    insist: bool = False


class EntriesAsked(Body, frozen=True):
    """POST /v1/lines/{line}/entries."""

    entries: tuple[Submission, ...]


class Result(Body, frozen=True):
    """What became of one submission: a place (code "placed"), or why not."""

    code: Literal["placed", "conflict", "stale", "refused", "unknown"]
    size: int
    position: int | None = None
    time: int | None = None
    sentence: str = ""


class Results(Body, frozen=True):
    """The answer to `EntriesAsked`, one result for each submission, in their order."""

    results: tuple[Result, ...]


class PlacedEntry(Body, frozen=True):
    """An entry of a page: its leaf as the tree has it (86 bytes), and its ciphertext."""

    leaf: bytes
    ciphertext: bytes


class Cosigned(Body, frozen=True):
    """The latest word of one witness."""

    size: int
    root: bytes
    text: str


class PageGiven(Body, frozen=True):
    """GET /v1/lines/{line}/entries?from=&limit=: entries from `start`, with a checkpoint that ends where they do."""

    start: int
    entries: tuple[PlacedEntry, ...]
    checkpoint: str
    cosignatures: tuple[Cosigned, ...]
    size: int
    """Of the line; larger than start plus entries if there is more to read."""


class CheckpointGiven(Body, frozen=True):
    """GET /v1/lines/{line}/checkpoint."""

    checkpoint: str


class Cosigning(Body, frozen=True):
    """POST /v1/lines/{line}/cosignatures."""

    size: int
    root: bytes
    text: str


class News(Body, frozen=True):
    """One server-sent event: look again.  The size of the line, or the number of the box's next item."""

    size: int


class MailPosted(Body, frozen=True):
    """POST /v1/mail/{box}."""

    tag: bytes
    sealed: bytes


class MailNumber(Body, frozen=True):
    """The answer: the item's number."""

    number: int


class MailItem(Body, frozen=True):
    """One item that waits."""

    number: int
    tag: bytes
    sealed: bytes


class MailGiven(Body, frozen=True):
    """GET /v1/mail/{box}?from=: items from a number on, not necessarily all."""

    items: tuple[MailItem, ...]


def session_message(origin: str, challenge: bytes) -> bytes:
    """What is signed to open a session."""
    return b"detente/relay-session/v1\0" + origin.encode() + challenge


def encode(body: Body) -> bytes:
    """The JSON of a body."""
    return msgspec.json.encode(body)


def decode(raw: bytes, kind: type[T]) -> T:
    """The body of type `kind`, or `Malformed`."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        reason = str(error).split("\n", 1)[0].rstrip(".")
        raise Malformed(f"This is not a well-formed {kind.__name__}: {reason}.") from None
