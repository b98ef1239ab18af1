"""Signed notes (c2sp.org/signed-note): a text, an empty line, and who signed it.

    this is the text, of one or more lines

    — name base64(key id || signature)
    — another base64(key id || signature)

A key is found by its name *and* its id together; the id is four bytes of a hash over name, kind and
key.  A verifier key is written `name+hex(id)+base64(kind || key)`, and an id that does not belong to
its key is refused rather than recomputed.

Stricter than the specification asks, so that a note has one spelling (`Note.parse(x).encode() == x`):
base64 in its canonical form only, no key twice, at most 512 signatures.  Signatures by keys that the
reader does not know are kept and reported, never dropped: whoever wants none can refuse them.

| kind | signs                                                                | key bytes |
|------|----------------------------------------------------------------------|-----------|
| 0x01 | the text, Ed25519                                                    | 32        |
| 0x04 | a checkpoint at a time, Ed25519 (`detente.tlog.cosignature`)         | 32        |
| 0x06 | a checkpoint at a time, ML-DSA-44: can be named, is not yet verified | 1312      |
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from detente.crypto.hashing import sha256
from detente.crypto.signing import (
    ED25519_PUBLIC_BYTES,
    MLDSA44_PUBLIC_BYTES,
    check_ed25519_key,
    check_mldsa44_key,
    ed25519_public,
    ed25519_sign,
    ed25519_verify,
)
from detente.ground.errors import Malformed, NotAuthentic

KEY_ID_BYTES: Final = 4
MOST_SIGNATURES: Final = 512  # the log's own and two for each of 193 parties, with room
_DASH: Final = "\N{EM DASH} "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")  # all below U+0020 but the newline


class KeyKind(IntEnum):
    """The signature type identifier byte (c2sp.org/signed-note, "Signature types")."""

    ED25519 = 0x01
    COSIGNATURE_ED25519 = 0x04
    COSIGNATURE_MLDSA44 = 0x06


_PUBLIC_BYTES: Final = {
    KeyKind.ED25519: ED25519_PUBLIC_BYTES,
    KeyKind.COSIGNATURE_ED25519: ED25519_PUBLIC_BYTES,
    KeyKind.COSIGNATURE_MLDSA44: MLDSA44_PUBLIC_BYTES,
}


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key under which signature lines are verified; `Malformed` if name, kind and key do not fit."""

    name: str
    kind: KeyKind
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in _PUBLIC_BYTES:
            raise Malformed(f"Signatures of type {self.kind:#04x} are not understood.")
        if len(self.public) != _PUBLIC_BYTES[self.kind]:
            raise Malformed(f"A key of type {self.kind:#04x} does not have {len(self.public)} bytes.")

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, point out this key."""
        return sha256(self.name.encode(), b"\n", bytes([self.kind]), self.public)[:KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as one text."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """What `vkey` gives; `Malformed` for everything else, an id that is not the key's own included."""
        name, _, rest = vkey.partition("+")
        digits, _, encoded = rest.partition("+")
        raw = from_base64(encoded)
        if not raw or raw[0] not in _PUBLIC_BYTES:
            raise Malformed("This is no verifier key of a kind that is understood.")
        key = cls(name, KeyKind(raw[0]), raw[1:])
        if digits != key.key_id.hex():
            raise Malformed("The id in this verifier key does not belong to the key.")
        return key

    def check(self) -> None:
        """Return if the key may be registered, else raise `Malformed`; some milliseconds, so keep the answer."""
        if self.kind is KeyKind.COSIGNATURE_MLDSA44:
            check_mldsa44_key(self.public)
        else:
            check_ed25519_key(self.public)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; `Malformed` if it is made of parts that a line cannot have."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.key_id) != KEY_ID_BYTES or not self.signature:
            raise Malformed("A signature line has a key id of four bytes and a signature.")

    def encode(self) -> str:
        """The line, with the newline that ends it."""
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> Signature:
        """What `encode` wrote; `Malformed` for everything else."""
        if not line.startswith(_DASH) or not line.endswith("\n"):
            raise Malformed("This is no signature line.")
        name, _, encoded = line[len(_DASH) : -1].partition(" ")
        raw = from_base64(encoded)
        return cls(name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])

    def is_by(self, key: VerifierKey) -> bool:
        """Whether the line names this key; that it is true is for the verifiers of its kind."""
        return self.name == key.name and self.key_id == key.key_id


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signature lines, none of them verified; `Malformed` if they make no note."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        check_text(self.text)
        if not 1 <= len(self.signatures) <= MOST_SIGNATURES:
            raise Malformed(f"A note has between 1 and {MOST_SIGNATURES} signatures, not {len(self.signatures)}.")
        if len({(one.name, one.key_id) for one in self.signatures}) != len(self.signatures):
            raise Malformed("A note is signed twice with one key.")

    def encode(self) -> str:
        """The note as it travels."""
        return self.text + "\n" + "".join(one.encode() for one in self.signatures)

    @classmethod
    def parse(cls, raw: str | bytes) -> Note:
        """What `encode` wrote, as text or as UTF-8; `Malformed` for everything else."""
        whole = check_text(_as_text(raw))
        end = whole.rfind("\n\n")
        if end < 0:
            raise Malformed("This note has no signatures.")
        lines = whole[end + 2 :].split("\n")[:-1]
        if len(lines) > MOST_SIGNATURES:
            raise Malformed(f"A note has at most {MOST_SIGNATURES} signatures, not {len(lines)}.")
        return cls(whole[: end + 1], tuple(Signature.parse(line + "\n") for line in lines))

    def by(self, key: VerifierKey) -> Signature:
        """The line that names `key`, not verified; `NotAuthentic` if there is none."""
        for one in self.signatures:
            if one.is_by(key):
                return one
        raise NotAuthentic(f"This note is not signed by {key.name}.")

    def unknown(self, keys: Iterable[VerifierKey]) -> tuple[Signature, ...]:
        """The lines that name none of these keys: for a reader who wants no strangers on a note."""
        known = {(key.name, key.key_id) for key in keys}
        return tuple(one for one in self.signatures if (one.name, one.key_id) not in known)

    def adding(self, *signatures: Signature) -> Note:
        """The same note with more signatures."""
        return Note(self.text, self.signatures + signatures)


@dataclass(frozen=True, slots=True)
class Opened:
    """A note of which at least one signature is true: by whom, and which lines nobody here knows."""

    note: Note
    verified: tuple[VerifierKey, ...]
    unknown: tuple[Signature, ...]


def sign_note(text: str, name: str, seed: bytes) -> Signature:
    """An Ed25519 signature (0x01) of a note's text; `Malformed` if it is no text of a note."""
    key = VerifierKey(name, KeyKind.ED25519, ed25519_public(seed))
    return Signature(name, key.key_id, ed25519_sign(seed, check_text(text).encode()))


def verify_note(note: Note, key: VerifierKey) -> None:
    """Return if the note carries a true signature of `key` (0x01) over its text, else raise `NotAuthentic`."""
    if key.kind is not KeyKind.ED25519:
        raise Malformed(f"The key of {key.name} does not sign the text of notes.")
    ed25519_verify(key.public, note.text.encode(), note.by(key).signature)


def open_note(raw: str | bytes, keys: Iterable[VerifierKey]) -> Opened:
    """Read a note under the keys (0x01) that are known.

    A false signature of a known key makes the whole note `NotAuthentic`, as does the lack of any true one.
    Keys that cannot be told apart are `Malformed`.
    """
    known = tuple(keys)
    if len({(key.name, key.key_id) for key in known}) != len(known):
        raise Malformed("Two of the known keys cannot be told apart.")
    note = Note.parse(raw)
    verified = tuple(key for key in known if any(one.is_by(key) for one in note.signatures))
    if not verified:
        raise NotAuthentic("This note is signed by nobody who is known here.")
    for key in verified:
        verify_note(note, key)
    return Opened(note, verified, note.unknown(known))


# --- the small parts ----------------------------------------------------------------------------


def check_name(name: str) -> str:
    """`name` if a key can have it: not empty, without spaces, plus signs and control characters."""
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise Malformed("The name of a key is not empty and has no space and no plus sign in it.")
    return _check_unicode(name)


def check_text(text: str) -> str:
    """`text` if it can be a note's: it ends in a newline and has no other control character below U+0020."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Malformed("A note ends with a newline and has no other control character.")
    return _check_unicode(text)


def to_base64(raw: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(raw).decode("ascii")


def from_base64(text: str, length: int | None = None) -> bytes:
    """The bytes that `to_base64` wrote so, `length` many if that is given; `Malformed` for everything else."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("This is not base64.") from None
    if to_base64(raw) != text:
        raise Malformed("This base64 is not written in its one proper way.")
    if length is not None and len(raw) != length:
        raise Malformed(f"{length} bytes belong here, not {len(raw)}.")
    return raw


def _as_text(raw: str | bytes) -> str:
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("This note is not written in UTF-8.") from None


def _check_unicode(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("This text has half a character in it.") from None
    return text
