"""Letters: what chanceries send each other outside a line, through mailboxes that the relay cannot read.

| letter      | from        | to          | says                                                        |
|-------------|-------------|-------------|-------------------------------------------------------------|
| Summons     | the chair   | a member    | here is the founding act; send a key package if you agree    |
| Agreement   | a member    | the chair   | here is my key package for this line                         |
| Welcome     | the chair   | a member    | here is the way into the group, and the history              |
| Arrival     | a newcomer  | the chair   | here is the commit that gives my leaf keys of its own         |
| Readmission | a member    | the chair   | a commit shut me out; here are a new key package and evidence |

A letter is signed by its sender's voice and sealed to the addressee's mailbox key; the line, the
sender and the addressee are under the signature.  A long letter travels in parts.

A mailbox key is classical (X25519).  So what was said on the line travels in a welcome under one more
key, which the group of the welcome derives: whoever opens the letter later has not opened the line.
"""

from __future__ import annotations

import hashlib

import msgspec

from detente.crypto import sealing, signing
from detente.ground.errors import Malformed, NotAuthentic
from detente.line.terms import Terms
from detente.wire import canonical, tls

_LABEL = b"detente/letter/v1\0"
_CONTEXT = b"detente/mail/v1"
_HISTORY = b"detente/history/v1\0"
PART_BYTES = 512 * 1024
MOST_PARTS = 256


class Handed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act of the line's history, at its position."""

    position: int
    packed: bytes


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was said before, as far as it can be proved to a newcomer."""

    acts: tuple[Handed, ...]


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What a letter says."""


class Summons(Content, frozen=True, tag="summons"):
    """The chair asks a member into the line."""

    founding: bytes  # the founding act, packed


class Agreement(Content, frozen=True, tag="agreement"):
    """The member agrees, and sends what the group needs to add its chancery."""

    key_package: bytes


class Readmission(Content, frozen=True, tag="readmission"):
    """A member could not process a commit that others could, or was restored: it must be added anew."""

    key_package: bytes
    position: int
    evidence: bytes


class Arrival(Content, frozen=True, tag="arrival"):
    """A newcomer's commit, sealed for the line's present epoch: the chair's house takes it up, or lets it be."""

    commit: bytes


class Welcome(Content, frozen=True, tag="welcome"):
    """The way in: the MLS welcome, the position of its commit, and the history that its sender knows."""

    welcome: bytes
    position: int
    founding: bytes
    history: bytes  # `History`, closed under a key that only the group of the welcome can derive
    merged: tuple[int, ...]  # the positions of the commits that took effect


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A letter before it is signed and sealed."""

    sender: str
    addressee: str
    line: bytes
    terms: Terms
    content: Summons | Agreement | Arrival | Readmission | Welcome


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of a signed letter, as it is sealed."""

    letter: bytes  # SHA-256 of the whole
    number: int
    total: int
    piece: bytes


def close_history(acts: tuple[Handed, ...], key: bytes, nonce: bytes, line: bytes) -> bytes:
    """Close the history under the group's own key, so that it is no less secret than the line it is of."""
    return sealing.close(key, nonce, canonical.encode(History(acts)), _HISTORY + line)


def open_history(closed: bytes, key: bytes, line: bytes) -> tuple[Handed, ...]:
    """What `close_history` closed; `NotAuthentic` or `Malformed` otherwise."""
    return canonical.decode(sealing.disclose(key, closed, _HISTORY + line), History).acts


def write(letter: Letter, voice_seed: bytes, mailbox_key: bytes) -> list[tuple[bytes, bytes]]:
    """Sign, split and seal: (tag, sealed) of every part, the tag being the same at every repetition."""
    raw = canonical.encode(letter)
    whole = tls.vector(raw) + tls.vector(signing.ed25519_sign(voice_seed, _LABEL + raw))
    name = hashlib.sha256(whole).digest()
    pieces = [whole[start : start + PART_BYTES] for start in range(0, len(whole), PART_BYTES)]
    if len(pieces) > MOST_PARTS:
        raise Malformed("The line's history is too long for a letter.")
    sealed = []
    for number, piece in enumerate(pieces):
        part = canonical.encode(Part(name, number, len(pieces), piece))
        tag = hashlib.sha256(name + number.to_bytes(4, "big") + mailbox_key).digest()
        sealed.append((tag, sealing.seal_mail(part, mailbox_key, _CONTEXT)))
    return sealed


def open_part(sealed: bytes, mail_seed: bytes) -> Part:
    """One part of a letter to us; `NotAuthentic` or `Malformed` if it is none."""
    part = canonical.decode(sealing.open_mail(sealed, mail_seed, _CONTEXT), Part)
    if not 0 <= part.number < part.total <= MOST_PARTS or len(part.piece) > PART_BYTES or len(part.letter) != 32:
        raise Malformed("That is not a part of a letter.")
    return part


def join(parts: list[Part]) -> tuple[Letter, bytes, bytes]:
    """The letter whose parts these all are, with its signed bytes and its signature, not yet verified."""
    whole = b"".join(part.piece for part in sorted(parts, key=lambda part: part.number))
    if hashlib.sha256(whole).digest() != parts[0].letter:
        raise NotAuthentic("The parts of the letter do not belong together.")
    raw, signature = tls.whole(whole, lambda reader: (reader.vector(), reader.vector()))
    return canonical.decode(raw, Letter), raw, signature


def verify(raw: bytes, signature: bytes, voice: bytes) -> None:
    """Raises `NotAuthentic` unless the sender's voice signed the letter."""
    signing.ed25519_verify(voice, _LABEL + raw, signature)
