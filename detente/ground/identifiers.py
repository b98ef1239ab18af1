"""Names that machines use: hashes and random bits, and how they are written for people.

| name     | what it is                                          | bytes | written as           |
|----------|-----------------------------------------------------|-------|----------------------|
| ActId    | SHA-256 of the act's canonical body                 | 32    | 64 hex digits        |
| LineId   | the ActId of the line's founding act                | 32    | 64 hex digits        |
| PartyId  | SHA-256 of the party's first root record            | 32    | 52 letters of base32 |
| Position | an entry's place in the log of a line, from 0       |       | a number             |

`digits60` is what two people read to each other across a table (records.md section 5): sixty
decimal digits in twelve groups, 199 bits of the hash, so that no language is favoured.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import NewType

from detente.ground.errors import Malformed

ActId = NewType("ActId", bytes)
LineId = NewType("LineId", bytes)
PartyId = NewType("PartyId", str)
Position = NewType("Position", int)

HASH_BYTES = 32
_BASE32_LETTERS = 52


def base32(raw: bytes) -> str:
    """Lower-case RFC 4648 base32 without padding."""
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def from_base32(text: str, length: int) -> bytes:
    """The bytes behind `base32`, which must be `length` many; one spelling only."""
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError) as error:
        raise Malformed("That identifier is not written in base32.") from error
    if len(raw) != length or base32(raw) != text:
        raise Malformed("That identifier is not written in its one proper way.")
    return raw


def party_id(first_record: bytes) -> PartyId:
    """A party's self-certifying name: the hash of the first version of its root record."""
    return PartyId(base32(hashlib.sha256(first_record).digest()))


def check_party_id(text: str) -> PartyId:
    """`text` as a PartyId, or `Malformed`."""
    if len(text) != _BASE32_LETTERS:
        raise Malformed("A party's identifier has 52 letters and digits.")
    from_base32(text, HASH_BYTES)
    return PartyId(text)


def digits60(material: bytes) -> str:
    """Sixty decimal digits in twelve groups of five, for comparing by voice or by eye."""
    number = int.from_bytes(hashlib.sha256(b"detente/sixty-digits/v1\0" + material).digest(), "big") % 10**60
    digits = f"{number:060d}"
    return " ".join(digits[start : start + 5] for start in range(0, 60, 5))
