"""What may stand in the body of a request, field by field; anything else is refused.

Plain JSON comes in: keys in any order, white space, the usual escapes.  Strictness lies elsewhere: a key
that stands twice, an unknown key, a fraction, a number beyond 2^53, half a character and anything nested
deeper than a reader could need are refused before a type is asked.  Bytes are standard base64.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.acts.matter import NOTHING, Matter
from detente.crypto.passkeys import Assertion, Credential
from detente.ground.errors import Malformed
from detente.ground.identifiers import PartyId
from detente.procedures.guidelines.clauses import Charter
from detente.wire import canonical

T = TypeVar("T")

DEEPEST = 32
_WHOLE = 17  # digits and a sign


class PasskeyMade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new passkey: the one-time link that allows it, the challenge, and what authenticator and browser said."""

    link: str
    challenge: bytes
    authenticator_data: bytes
    client_data: bytes


class PasskeyAnswered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passkey's answer to a challenge, to be exchanged for a session."""

    challenge: bytes
    credential: Credential
    answer: Assertion


class PasskeyNamed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passkey by its credential."""

    credential: Credential


class ReadTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to which position of the log an office has read a text, that one included."""

    position: int


class SeatAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party and its part in a line to be founded."""

    party: PartyId
    role: Role


class LineAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line to be founded."""

    title: str
    members: tuple[SeatAsked, ...]
    must_accept: tuple[PartyId, ...]
    ceiling: Label
    faults: int | None = None


class DigitsCompared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sixty digits that stand on a letter of credence."""

    digits: str


class ActAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act to be done; `body` names its kind."""

    body: dict[str, Any]


class MayAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """May this be done?  A whole act, or, before there is one, its kind and what it would be about."""

    body: dict[str, Any] | None = None
    kind: str = ""
    matter: Matter = NOTHING
    office: str = ""  # of this house; empty: the session's own


class CharterAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A charter to be proposed: a template by its name, or one of the parties' own."""

    template: str = ""
    charter: Charter | None = None


class DraftAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A note to be drafted, and the offices whose clearance it needs."""

    body: dict[str, Any]
    required: tuple[str, ...] = ()


class Remark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a draft is sent back."""

    remark: str = ""


class Entitled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a text is called that was previewed and is now laid on the table, and its language (BCP 47)."""

    title: str
    language: str


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which proposals of a revision are submitted, by their numbers in the preview."""

    chosen: tuple[int, ...]


def read(raw: bytes, kind: type[T]) -> T:
    """The request of type `kind` in `raw`, or `Malformed` with the reason."""
    return convert(plain(raw), kind)


def plain(raw: bytes) -> Any:
    """JSON as plain values."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_once,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
            parse_int=_whole,
        )
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The body of the request is not JSON in UTF-8.") from None
    _check_depth(value)
    return value


def convert(value: Any, kind: type[T]) -> T:
    """Plain values as a `kind`, or `Malformed` naming the field."""
    try:
        made = msgspec.convert(value, kind, strict=True)
        canonical.encode(made)
    except (msgspec.ValidationError, UnicodeError) as error:
        reason = "it has half a character" if isinstance(error, UnicodeError) else str(error).rstrip(".")
        raise Malformed(f"The request was not understood: {reason}.") from None
    return made


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("A key stands twice in the body of the request.")
    return found


def _no_fraction(_text: str) -> Any:
    raise Malformed("Numbers in a request are whole numbers.")


def _whole(text: str) -> int:
    if len(text) > _WHOLE or abs(int(text)) > canonical.SAFE_INTEGER:
        raise Malformed("A number in the request is beyond 2^53 - 1.")
    return int(text)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        if not inner:
            return
        level = inner
    raise Malformed(f"The body of the request is nested deeper than {DEEPEST}.")
