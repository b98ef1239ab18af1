"""A second verifier of sealed instruments, for people who trust nobody's first one.

One file, Python 3.11 or later, and the package "cryptography" (50 or later); nothing of Detente.  It was written
from docs/specs/instrument.md alone; "section" and "check" below are those of that page.

    python3 verify_instrument.py --parties ANCHORS FILE [--proof PROOF] [--json]

Exit 0 proved, 1 false, 2 cannot be read, 3 consistent but the parties or the publication are not established.

Where the other verifier reads anything and compares what it would write, this one reads by the grammar: a reader
for each field, in order, that accepts one spelling only and stops at the first byte that is not it.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

FILE_LIMIT, TEXT_LIMIT, BODY_LIMIT = 16 * 1024 * 1024, 4 * 1024 * 1024, 65536
PROOF_LIMIT, ANCHORS_LIMIT = 65536, 1024 * 1024
INSTRUMENT_TYPE = "application/vnd.detente.instrument+json"
SEAL_TYPE = "application/vnd.detente.seal+json"
APPROVAL_TYPE = "application/vnd.detente.approval+json"
ORDER = ("unreadable", "false", "unanchored", "unpublished", "proved")
EXITS = {"proved": 0, "false": 1, "unreadable": 2, "unanchored": 3, "unpublished": 3}


class Finding(NamedTuple):
    """One check: its number in section 9, its outcome (a word of `ORDER`), and a sentence."""

    number: int
    outcome: str
    sentence: str


class UnreadableError(Exception):
    """An input does not have its one proper form."""


class FalseError(Exception):
    """A check does not hold."""


# --- section 3.1: canonical JSON, read by the grammar ---------------------------------------------


class Cursor:
    """A place in a JSON text."""

    def __init__(self, raw: bytes) -> None:
        try:
            self.text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise UnreadableError("it is not UTF-8") from None
        self.at = 0

    def take(self, expected: str) -> None:
        """Exactly these characters come next."""
        if not self.text.startswith(expected, self.at):
            raise UnreadableError(f"{expected} is missing at character {self.at}")
        self.at += len(expected)

    def match(self, pattern: re.Pattern[str], what: str) -> str:
        """What the pattern finds here."""
        found = pattern.match(self.text, self.at)
        if found is None:
            raise UnreadableError(f"{what} is missing at character {self.at}")
        self.at = found.end()
        return found.group()

    def sees(self, expected: str) -> bool:
        """Whether these characters come next."""
        return self.text.startswith(expected, self.at)


Reader = Callable[[Cursor], Any]

_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_ESCAPE = re.compile(r'\\(["\\bfnrt]|u00(0[0-7bef]|1[0-9a-f]))')
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_SHORT = {'"': '"', "\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def string(cursor: Cursor) -> str:
    """Rule 4."""
    cursor.take('"')
    parts = []
    while True:
        parts.append(cursor.match(_PLAIN, "a string"))
        if cursor.sees('"'):
            cursor.at += 1
            return "".join(parts)
        escape = cursor.match(_ESCAPE, "a proper escape or the end of a string")[1:]
        parts.append(_SHORT[escape] if escape in _SHORT else chr(int(escape[1:], 16)))


def like(pattern: str) -> Reader:
    """A string that matches entirely."""
    compiled = re.compile(pattern)

    def read(cursor: Cursor) -> str:
        value = string(cursor)
        if not compiled.fullmatch(value):
            raise UnreadableError(f"a word before character {cursor.at} is not of its form")
        return value

    return read


def base64_bytes(length: int | None = None) -> Reader:
    """Rule 5, of exactly `length` bytes if that is given."""
    return lambda cursor: unbase64(string(cursor), length)


def base64_between(low: int, high: int) -> Reader:
    """Rule 5, of so many bytes."""

    def read(cursor: Cursor) -> bytes:
        raw = unbase64(string(cursor))
        if not low <= len(raw) <= high:
            raise UnreadableError(f"some bytes before character {cursor.at} are too few or too many")
        return raw

    return read


def unbase64(text: str, length: int | None = None) -> bytes:
    """The bytes of canonical base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableError("something is not base64") from None
    if base64.b64encode(raw).decode() != text or (length is not None and len(raw) != length):
        raise UnreadableError("some bytes are not written in their one way, or are not as many as they should be")
    return raw


def integer(low: int, high: int) -> Reader:
    """Rule 3, within the limits."""

    def read(cursor: Cursor) -> int:
        value = int(cursor.match(_NUMBER, "a whole number"))
        if not low <= value <= high or cursor.match(re.compile(r"[0-9.eE]?"), "") != "":
            raise UnreadableError(f"a number before character {cursor.at} is out of its limits")
        return value

    return read


def constant(spelling: str, value: Any) -> Reader:
    """One spelling only."""

    def read(cursor: Cursor) -> Any:
        cursor.take(spelling)
        return value

    return read


def either(*readers: Reader) -> Reader:
    """The first reader that does not refuse."""

    def read(cursor: Cursor) -> Any:
        start = cursor.at
        for reader in readers[:-1]:
            try:
                return reader(cursor)
            except UnreadableError:
                cursor.at = start
        return readers[-1](cursor)

    return read


def array(item: Reader, most: int | None = None) -> Reader:
    """A list."""

    def read(cursor: Cursor) -> list[Any]:
        cursor.take("[")
        found: list[Any] = []
        while not cursor.sees("]"):
            if found:
                cursor.take(",")
            found.append(item(cursor))
            if most is not None and len(found) > most:
                raise UnreadableError("a list is too long")
        cursor.at += 1
        return found

    return read


def fields(**readers: Reader) -> Reader:
    """Rule 2: an object with exactly these fields."""
    ordered = sorted(readers.items())

    def read(cursor: Cursor) -> dict[str, Any]:
        found = {}
        for place, (key, reader) in enumerate(ordered):
            cursor.take(f'{"," if place else "{"}"{key}":')
            found[key] = reader(cursor)
        cursor.take("}")
        return found

    return read


def mapping(key: Reader, value: Reader) -> Reader:
    """An object whose keys are free, in order."""

    def read(cursor: Cursor) -> dict[str, str]:
        cursor.take("{")
        found: list[tuple[str, str]] = []
        while not cursor.sees("}"):
            if found:
                cursor.take(",")
            left = key(cursor)
            cursor.take(":")
            found.append((left, value(cursor)))
        cursor.at += 1
        ascending([one[0] for one in found], "the keys of an object")
        return dict(found)

    return read


def whole(raw: bytes, reader: Reader) -> Any:
    """One value and nothing after it."""
    cursor = Cursor(raw)
    value = reader(cursor)
    if cursor.at != len(cursor.text):
        raise UnreadableError("something follows the end")
    return value


def ascending(values: list[Any], what: str) -> None:
    """Strictly ascending, so that each is there once."""
    if any(not left < right for left, right in pairwise(values)):
        raise UnreadableError(f"{what} are not in order, each once")


# --- sections 3.2 and 3.3: identifiers and code points -----------------------------------------------

REFUSED = (
    "0-8 B E-1F 7F-9F 202D-202E D800-DFFF FDD0-FDEF E0000-E007F FFFE-FFFF 1FFFE-1FFFF 2FFFE-2FFFF 3FFFE-3FFFF "
    "4FFFE-4FFFF 5FFFE-5FFFF 6FFFE-6FFFF 7FFFE-7FFFF 8FFFE-8FFFF 9FFFE-9FFFF AFFFE-AFFFF BFFFE-BFFFF CFFFE-CFFFF "
    "DFFFE-DFFFF EFFFE-EFFFF FFFFE-FFFFF 10FFFE-10FFFF"
)
FLAGGED = (
    "C D A0 AD 34F 61C 115F-1160 1680 17B4-17B5 180B-180F 2000-200F 2028-202C 202F 205F 2060-206F 3000 3164 E000-F8FF "
    "FE00-FE0F FEFF FFA0 FFF0-FFFD 1BCA0-1BCA3 1D173-1D17A E0080-E0FFF F0000-FFFFD 100000-10FFFD"
)
JOINED_AFTER = "94D 9CD A4D ACD B4D BCD C4D CCD D4D DCA F84 1039 17D2"


def _letters(table: str) -> str:
    return "".join("-".join(f"\\U{int(end, 16):08x}" for end in one.split("-")) for one in table.split())


_REFUSED = re.compile(f"[{_letters(REFUSED)}]")
_FLAGGED = re.compile(f"[{_letters(FLAGGED)}]")
_UNFIT_IN_NAME = re.compile(f"[{_letters(REFUSED)}{_letters(FLAGGED)}\t\n]")
_JOINER = re.compile(f"(?<=[{_letters(JOINED_AFTER)}])[\u200c\u200d]")

WORD, LANGUAGE = r"[a-z0-9][a-z0-9._:/-]{0,63}", r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}"
ORIGIN = r"[a-z0-9][a-z0-9./:_-]{0,127}"
SITE = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"

digest = base64_bytes(32)


def party(cursor: Cursor) -> str:
    """52 characters of base32 that stand for 32 bytes."""
    value: str = like("[a-z2-7]{51}[aq]")(cursor)
    return value


def name(most: int) -> Reader:
    """A name."""

    def read(cursor: Cursor) -> str:
        value = string(cursor)
        plain = _JOINER.sub("", value)
        if not 1 <= len(value) <= most or _UNFIT_IN_NAME.search(plain):
            raise UnreadableError("a name is too long, or has characters that cannot be seen for what they are")
        if value.startswith(" ") or value.endswith(" ") or "  " in value:
            raise UnreadableError("a name has spaces where none belong")
        return value

    return read


def body_text(cursor: Cursor) -> str:
    """A text."""
    value = string(cursor)
    if not value or len(value.encode()) > TEXT_LIMIT or _REFUSED.search(value):
        raise UnreadableError("the text is empty, too long, or has characters that are refused")
    return value


def reads_as(value: str) -> str:
    """The key by which two names read alike."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).split())


# --- section 3.4: keys and signatures ----------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


@lru_cache(maxsize=4096)
def good_key(key: bytes) -> bool:
    """Whether a 32-byte Ed25519 key is a canonical point of order L."""
    point = _point(key)
    return point is not None and point != (0, 1) and _scaled(L, point) == (0, 1)


def _point(key: bytes) -> tuple[int, int] | None:
    encoded = int.from_bytes(key, "little")
    sign, y = divmod(encoded, 1 << 255)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x, y)


def _scaled(scalar: int, point: tuple[int, int]) -> tuple[int, int]:
    """Projective double-and-add from the lowest bit; only for public values."""
    total, power = (0, 1, 1), (*point, 1)
    while scalar:
        if scalar & 1:
            total = _sum(total, power)
        power, scalar = _sum(power, power), scalar >> 1
    inverse = pow(total[2], P - 2, P)
    return (total[0] * inverse % P, total[1] * inverse % P)


def _sum(one: tuple[int, int, int], two: tuple[int, int, int]) -> tuple[int, int, int]:
    """Complete addition in projective coordinates on -x^2 + y^2 = 1 + D x^2 y^2."""
    a = one[2] * two[2] % P
    b, c, d = a * a % P, one[0] * two[0] % P, one[1] * two[1] % P
    e = D * c * d % P
    f, g = b - e, b + e
    x = a * f * ((one[0] + one[1]) * (two[0] + two[1]) - c - d) % P
    return (x, a * g * (d + c) % P, f * g % P)


def ed25519_holds(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is good."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def hybrid_holds(key: dict[str, bytes], label: bytes, message: bytes, signature: dict[str, Any]) -> bool:
    """Whether both halves are good."""
    try:
        MLDSA65PublicKey.from_public_bytes(key["mldsa65"]).verify(signature["mldsa65"], message, label)
    except (InvalidSignature, ValueError):
        return False
    return ed25519_holds(key["ed25519"], label + b"\0" + message, signature["ed25519"])


# --- section 3.5: passkeys ------------------------------------------------------------------------------

P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
OKP_KEY, EC2_KEY = (
    re.compile(b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20(.{32})", re.DOTALL),
    re.compile(b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20(.{32})\x22\x58\x20(.{32})", re.DOTALL),
)
MEMBER_NAME, MEMBER_VALUE = re.compile("[A-Za-z][A-Za-z0-9_]{0,63}"), re.compile('"[^"\\\\\x00-\x1f]*"|true|false')


def passkey_is_fit(key: bytes) -> bool:
    """Whether a COSE key is one of the two kinds, in its spelling, with a fit point."""
    if edwards := OKP_KEY.fullmatch(key):
        return good_key(edwards[1])
    if not (weierstrass := EC2_KEY.fullmatch(key)):
        return False
    x, y = (int.from_bytes(part, "big") for part in weierstrass.groups())
    return x < P256 and y < P256 and (y * y - x * x * x + 3 * x - P256_B) % P256 == 0


def answered(raw: bytes, origin: str, challenge: bytes) -> bool:
    """Whether client data is that of an answer to the challenge, at the origin."""
    asked = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
    try:
        cursor = Cursor(raw)
        cursor.take(f'{{"type":"webauthn.get","challenge":"{asked}","origin":"{origin}"')
        members = {"type": "", "challenge": "", "origin": ""}
        while not cursor.sees("}"):
            cursor.take(',"')
            name = cursor.match(MEMBER_NAME, "a name")
            cursor.take('":')
            if name in members:
                return False
            members[name] = cursor.match(MEMBER_VALUE, "a plain value")
    except UnreadableError:
        return False
    plain = members.get("crossOrigin", "false") == "false" and "topOrigin" not in members
    return plain and cursor.at + 1 == len(cursor.text)


def passkey_signed(key: bytes, site: str, one: dict[str, Any]) -> bool:
    """Whether the authenticator answered for this site with its person verified, and its signature is good."""
    data, flags = one["authenticator_data"], one["authenticator_data"][32]
    if data[:32] != hashlib.sha256(site.encode()).digest() or flags not in (0x05, 0x0D, 0x1D):
        return False
    message = data + hashlib.sha256(one["client_data"]).digest()
    if edwards := OKP_KEY.fullmatch(key):
        return len(one["signature"]) == 64 and ed25519_holds(edwards[1], message, one["signature"])
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + key[10:42] + key[45:])
        point.verify(one["signature"], message, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


# --- sections 4, 5 and 8: the grammar ------------------------------------------------------------------

KEY, PQ_KEY, SIGNATURE, PQ_SIGNATURE = (base64_bytes(length) for length in (32, 1952, 64, 3309))
HYBRID_KEY = fields(ed25519=KEY, mldsa65=PQ_KEY)
SIGNED_RECORD = fields(
    body=base64_bytes(),
    signatures=array(fields(ed25519=SIGNATURE, mldsa65=PQ_SIGNATURE, root=digest), 32),
)
ENVELOPE = fields(
    approvals=array(
        fields(
            authenticator_data=base64_bytes(37),
            client_data=base64_between(1, 1024),
            credential=base64_between(16, 1023),
            office=like(WORD),
            party=party,
            signature=base64_between(1, 72),
        )
    ),
    kind=constant('"detente.sealed-instrument/1"', None),
    payload=base64_bytes(),
    payload_type=string,
    records=array(array(SIGNED_RECORD, 64), 200),
    seals=array(
        fields(ed25519=SIGNATURE, mldsa65=PQ_SIGNATURE, party=party, record=digest, suite=integer(1, 1)),
    ),
)
PAYLOAD = fields(
    adopted=array(fields(act=digest, party=party), 200),
    adopted_at=integer(0, 253402300799999),
    content_hash=digest,
    form=constant('"native_electronic"', None),
    kind=constant('"detente.instrument/1"', None),
    language=like(LANGUAGE),
    line=digest,
    parties=array(fields(name=name(120), party=party, record=digest), 200),
    text=body_text,
    text_sha256=digest,
    title=name(400),
)
RECORD = fields(
    frozen=either(constant("true", True), constant("false", False)),
    kind=constant('"detente.party-record/1"', None),
    mail=fields(box=like(r"[A-Za-z0-9._~-]{1,128}"), key=KEY),
    names=mapping(like(LANGUAGE), name(120)),
    node=KEY,
    offices=array(fields(office=like(WORD), powers=array(like(WORD), 64)), 64),
    persons=either(
        constant("null", None),
        fields(
            approvals=integer(1, 8),
            origin=like(rf"(https://{SITE}|http://localhost)(:[1-9][0-9]{{0,4}})?"),
            passkeys=array(
                fields(
                    credential=base64_between(16, 1023),
                    holder=like(WORD),
                    key=base64_between(42, 77),
                    office=like(WORD),
                ),
                64,
            ),
            rp=like(SITE),
        ),
    ),
    previous=either(constant("null", None), digest),
    roots=array(HYBRID_KEY, 16),
    seal=HYBRID_KEY,
    threshold=integer(1, 16),
    version=integer(1, 2147483647),
    voice=KEY,
)
ANCHORS = fields(
    kind=constant('"detente.anchors/1"', None),
    parties=array(fields(name=name(120), party=party), 1000),
    register=either(constant("null", None), fields(origin=like(ORIGIN), vkey=string)),
)


# --- reading: checks 1 to 3 ------------------------------------------------------------------------------


def read_file(raw: bytes) -> dict[str, Any]:
    """Check 1: the envelope, with its payload and the bodies of its records read."""
    if len(raw) > FILE_LIMIT:
        raise UnreadableError("it is larger than 16 MB, which no instrument is")
    file: dict[str, Any] = whole(raw, ENVELOPE)
    file["inner"] = inner = whole(file["payload"], PAYLOAD)
    parties = [one["party"] for one in inner["parties"]]
    adopters = [one["party"] for one in inner["adopted"]]
    ascending(parties, "the parties")
    ascending(adopters, "the adoptions")
    ascending([one["party"] for one in file["seals"]], "the seals")
    ascending([(one["party"], one["credential"]) for one in file["approvals"]], "the approvals")
    if len(parties) < 2 or not adopters or not set(adopters) <= set(parties):
        raise UnreadableError("there are not two parties, or others than they adopted")
    if len(file["records"]) != len(parties) or not all(file["records"]):
        raise UnreadableError("there is not one chain of records for each party")
    for chain in file["records"]:
        for signed in chain:
            ascending([one["root"] for one in signed["signatures"]], "the signatures of a record")
            signed["record"] = read_record(signed["body"])
    return file


def read_record(body: bytes) -> dict[str, Any]:
    """Section 5, form."""
    if len(body) > BODY_LIMIT:
        raise UnreadableError("a record is larger than 64 kB")
    record: dict[str, Any] = whole(body, RECORD)
    ascending([one["office"] for one in record["offices"]], "the offices")
    for office in record["offices"]:
        ascending(office["powers"], "the powers of an office")
    if not 1 <= len(record["names"]) <= 32 or len(record["roots"]) < record["threshold"]:
        raise UnreadableError("a record has too few or too many names, or too few roots")
    if (record["version"] == 1) != (record["previous"] is None):
        raise UnreadableError("only version 1 of a record has no predecessor")
    if record["persons"] is not None:
        _read_persons(record["persons"], record["offices"])
    pairs = [*record["roots"], record["seal"]]
    ed25519 = [record["node"], record["voice"], *(pair["ed25519"] for pair in pairs)]
    every = [*ed25519, record["mail"]["key"], *(pair["mldsa65"] for pair in pairs), *_passkeys_keys(record)]
    if len(set(every)) < len(every) or not all(good_key(key) for key in ed25519):
        raise UnreadableError("a record has a key that serves twice, or one under which anything would verify")
    return record


def _read_persons(persons: dict[str, Any], offices: list[dict[str, Any]]) -> None:
    """Section 5.1, form."""
    host = persons["origin"].split("://")[1].split(":")[0]
    if not f".{host}".endswith(f".{persons['rp']}"):
        raise UnreadableError("the pages for passkeys do not belong to the site of the passkeys")
    ascending([one["credential"] for one in persons["passkeys"]], "the passkeys")
    powers = {one["office"]: one["powers"] for one in offices}
    if not all(one["office"] in powers and passkey_is_fit(one["key"]) for one in persons["passkeys"]):
        raise UnreadableError("a passkey is for no office of the record, or its key is unfit")
    able = {one["holder"] for one in persons["passkeys"] if "conclude" in powers[one["office"]]}
    if len(able) < persons["approvals"]:
        raise UnreadableError("a record asks for more approvals than it has persons who may conclude")


def _passkeys_keys(record: dict[str, Any]) -> list[bytes]:
    keys = [one["key"] for one in record["persons"]["passkeys"]] if record["persons"] else []
    return [found[1] if (found := OKP_KEY.fullmatch(key)) else key for key in keys]


def read_proof(raw: bytes) -> dict[str, Any]:
    """Check 2: section 7, form."""
    if len(raw) > PROOF_LIMIT:
        raise UnreadableError("it is larger than 64 kB")
    lines = Cursor(raw).text.split("\n")
    if len(lines) < 9 or lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("index "):
        raise UnreadableError("it does not begin as a proof does")
    hashes, (gap, origin, size, root, gap_again, line, end) = lines[2:-7], lines[-7:]
    if gap or gap_again or end or not re.fullmatch(ORIGIN, origin) or not line.startswith(f"— {origin} "):
        raise UnreadableError("it does not hold one checkpoint with one signature by its own origin")
    signature = unbase64(line.removeprefix(f"— {origin} "), 68)
    proof: dict[str, Any] = {
        "index": _decimal(lines[1].removeprefix("index ")),
        "hashes": [unbase64(one, 32) for one in hashes],
        "origin": origin,
        "size": _decimal(size),
        "root": unbase64(root, 32),
        "signed": f"{origin}\n{size}\n{root}\n".encode(),
        "key_id": signature[:4],
        "signature": signature[4:],
    }
    if proof["index"] >= proof["size"] or len(hashes) != _length(proof["index"], proof["size"]):
        raise UnreadableError("it has not as many hashes as its place asks for")
    return proof


def _decimal(text: str) -> int:
    if not re.fullmatch("0|[1-9][0-9]{0,18}", text) or int(text) >= 2**63:
        raise UnreadableError("a number is not written in its one way")
    return int(text)


def _length(index: int, size: int) -> int:
    inner = (index ^ (size - 1)).bit_length()
    return inner + (index >> inner).bit_count()


def read_anchors(raw: bytes) -> dict[str, Any]:
    """Check 3: section 8."""
    if len(raw) > ANCHORS_LIMIT:
        raise UnreadableError("it is larger than 1 MB")
    anchors: dict[str, Any] = whole(raw.removesuffix(b"\n"), ANCHORS)
    ascending([one["party"] for one in anchors["parties"]], "the anchors")
    if not anchors["parties"] or len({reads_as(one["name"]) for one in anchors["parties"]}) < len(anchors["parties"]):
        raise UnreadableError("there are none, or two that read alike")
    if anchors["register"] is not None:
        _read_vkey(anchors["register"])
    return anchors


def _read_vkey(register: dict[str, Any]) -> None:
    origin = register["origin"]
    found = re.fullmatch(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", register["vkey"])
    raw = unbase64(found[3], 33) if found else b""
    if found is None or found[1] != origin or raw[:1] != b"\x01" or not good_key(raw[1:]):
        raise UnreadableError("the register's key is not a fit Ed25519 key of that origin")
    register["key"] = raw[1:]
    register["key_id"] = hashlib.sha256(origin.encode() + b"\n" + raw).digest()[:4]
    if found[2] != register["key_id"].hex():
        raise UnreadableError("the id of the register's key is not that of the key")


# --- checks 4 to 12 ----------------------------------------------------------------------------------------


def check_type(file: dict[str, Any], _raw: bytes) -> Iterator[Finding]:
    """Check 4."""
    good = file["payload_type"] == INSTRUMENT_TYPE
    yield _finding(4, good, f"It is the instrument “{file['inner']['title']}”.", "The payload is of another type.")


def check_text(file: dict[str, Any], _raw: bytes) -> Iterator[Finding]:
    """Check 5."""
    text = file["inner"]["text"]
    flagged = len(_FLAGGED.findall(text))
    good = hashlib.sha256(text.encode()).digest() == file["inner"]["text_sha256"]
    seen = f"The text has the hash that is stated; {flagged} of its characters are flagged as hard to see."
    yield _finding(5, good, seen, "The text does not have the hash that is stated.")


def check_records(file: dict[str, Any], _raw: bytes) -> Iterator[Finding]:
    """Check 6."""
    for named, chain in zip(file["inner"]["parties"], file["records"], strict=True):
        who = f"{named['name']} ({named['party']})"
        yield _finding(6, record_holds(named, chain), f"The record of {who} holds.", f"The record of {who} is false.")


def record_holds(named: dict[str, Any], chain: list[dict[str, Any]]) -> bool:
    """Whether a chain is true, the party's own, the version that was named, in force, and bears the name."""
    first, last = chain[0], chain[-1]
    own = base64.b32encode(hashlib.sha256(first["body"]).digest()).decode().lower().rstrip("=")
    return (
        chain_holds(chain)
        and bool(own == named["party"])
        and bool(hashlib.sha256(last["body"]).digest() == named["record"])
        and not last["record"]["frozen"]
        and bool(named["name"] in last["record"]["names"].values())
    )


def chain_holds(chain: list[dict[str, Any]]) -> bool:
    """Section 5: the chain is true."""
    if chain[0]["record"]["version"] != 1:
        return False
    for place, signed in enumerate(chain):
        before = chain[place - 1] if place else None
        if before is not None and (
            signed["record"]["version"] != before["record"]["version"] + 1
            or signed["record"]["previous"] != hashlib.sha256(before["body"]).digest()
        ):
            return False
        if not signatures_hold(signed, before["record"] if before else None):
            return False
    return True


def signatures_hold(signed: dict[str, Any], before: dict[str, Any] | None) -> bool:
    """Rules 2 to 4 of section 5."""
    record = signed["record"]
    own = {_root_id(root): root for root in record["roots"]}
    old = {_root_id(root): root for root in before["roots"]} if before else own
    needed = (record["threshold"], before["threshold"] if before else record["threshold"])
    if before is not None and _only_freezes(record, before):
        needed = (1, 1)
    signers = {one["root"] for one in signed["signatures"]}
    for one in signed["signatures"]:
        key = own.get(one["root"]) or old.get(one["root"])
        if key is None or not hybrid_holds(key, b"detente/record/v1", signed["body"], one):
            return False
    return len(signers & set(own)) >= int(needed[0]) and len(signers & set(old)) >= int(needed[1])


def _only_freezes(record: dict[str, Any], before: dict[str, Any]) -> bool:
    differ = {key for key in record if record[key] != before[key]}
    return bool(record["frozen"]) and differ == {"version", "previous", "frozen"}


def _root_id(root: dict[str, bytes]) -> bytes:
    return hashlib.sha256(b"detente/root-id/v1\0" + root["ed25519"] + root["mldsa65"]).digest()


def check_seals(file: dict[str, Any], _raw: bytes) -> Iterator[Finding]:
    """Check 7."""
    seals = {one["party"]: one for one in file["seals"]}
    parties = [one["party"] for one in file["inner"]["parties"]]
    yield _finding(7, set(seals) == set(parties), "Every party sealed.", "Not every party sealed, or others did.")
    for named, chain in zip(file["inner"]["parties"], file["records"], strict=True):
        if named["party"] in seals and record_holds(named, chain):
            key, seal = chain[-1]["record"]["seal"], seals[named["party"]]
            good = seal["record"] == named["record"] and hybrid_holds(
                key, b"detente/seal/v1", seal_message(file["payload"], named, _by(file, named)), seal
            )
            yield _finding(7, good, f"{named['name']} sealed.", f"The seal of {named['name']} is false.")


def seal_message(payload: bytes, named: dict[str, Any], approvals: list[dict[str, Any]]) -> bytes:
    """Section 6."""
    act, record = _base64(_act(payload)), _base64(named["record"])
    covered = ",".join(f'"{_base64(hashlib.sha256(_written(one)).digest())}"' for one in approvals)
    statement = f'{{"act":"{act}","approvals":[{covered}],"party":"{named["party"]}","record":"{record}"}}'
    return _pae(SEAL_TYPE, statement.encode())


def _act(payload: bytes) -> bytes:
    return hashlib.sha256(_pae(INSTRUMENT_TYPE, payload)).digest()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _by(file: dict[str, Any], named: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in file["approvals"] if one["party"] == named["party"]]


def _written(approval: dict[str, Any]) -> bytes:
    """The canonical JSON of an approval: every value of it is a word or base64, so nothing needs an escape."""
    told = {key: value if isinstance(value, str) else _base64(value) for key, value in approval.items()}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def _pae(kind: str, body: bytes) -> bytes:
    return b" ".join((b"DSSEv1", str(len(kind)).encode(), kind.encode(), str(len(body)).encode(), body))


def check_approvals(file: dict[str, Any], _raw: bytes) -> Iterator[Finding]:
    """Check 8."""
    parties = {one["party"] for one in file["inner"]["parties"]}
    if any(one["party"] not in parties for one in file["approvals"]):
        yield Finding(8, "false", "Somebody approved who belongs to no party.")
    for named, chain in zip(file["inner"]["parties"], file["records"], strict=True):
        if record_holds(named, chain):
            given, record = _by(file, named), chain[-1]["record"]
            asked = f"{record['persons']['approvals']} approved" if record["persons"] else "none is asked to approve"
            good = approvals_hold(_act(file["payload"]), named, record, given)
            bad = f"The approvals of persons of {named['name']} are false."
            yield _finding(8, good, f"Of the persons of {named['name']} {asked}, or more.", bad)


def approvals_hold(act: bytes, named: dict[str, Any], record: dict[str, Any], given: list[dict[str, Any]]) -> bool:
    """Section 6.1, for one party."""
    persons = record["persons"]
    if persons is None:
        return not given
    held = {one["credential"]: one for one in persons["passkeys"]}
    able = {one["office"] for one in record["offices"] if "conclude" in one["powers"]}
    for one in given:
        passkey = held.get(one["credential"])
        if passkey is None or passkey["office"] != one["office"] or one["office"] not in able:
            return False
        statement = (
            f'{{"act":"{_base64(act)}","office":"{one["office"]}",'
            f'"party":"{named["party"]}","record":"{_base64(named["record"])}"}}'
        )
        challenge = hashlib.sha256(_pae(APPROVAL_TYPE, statement.encode())).digest()
        if not answered(one["client_data"], persons["origin"], challenge):
            return False
        if not passkey_signed(passkey["key"], persons["rp"], one):
            return False
    return len({held[one["credential"]]["holder"] for one in given}) >= int(persons["approvals"])


def check_names(file: dict[str, Any], _raw: bytes) -> Iterator[Finding]:
    """Check 9."""
    names = [reads_as(one["name"]) for one in file["inner"]["parties"]]
    good = len(set(names)) == len(names)
    yield _finding(9, good, "The names of the parties differ.", "Two parties bear names that read alike.")


def check_anchors(file: dict[str, Any], anchors: dict[str, Any] | None) -> Iterator[Finding]:
    """Check 10."""
    if anchors is None:
        yield Finding(10, "unanchored", "No anchors were given: who the parties are is not established.")
        return
    known = {one["party"]: reads_as(one["name"]) for one in anchors["parties"]}
    for named, chain in zip(file["inner"]["parties"], file["records"], strict=True):
        who = f"{named['name']} ({named['party']})"
        borne = {reads_as(one) for one in (named["name"], *chain[-1]["record"]["names"].values())}
        if any(its in borne for other, its in known.items() if other != named["party"]):
            yield Finding(10, "false", f"{who} bears the name of another party of your anchors: impersonation.")
        elif named["party"] in known:
            yield Finding(10, "proved", f"{who} is among your anchors.")
        else:
            yield Finding(10, "unanchored", f"{who} is not among your anchors.")


def check_proof(raw: bytes, proof: dict[str, Any] | None, anchors: dict[str, Any] | None) -> Iterator[Finding]:
    """Checks 11 and 12."""
    if proof is None:
        yield Finding(11, "unpublished", "There is no proof: nothing shows that this was published.")
        return
    entry = b"\x01" + hashlib.sha256(raw).digest()
    good = _climbs(hashlib.sha256(b"\0" + entry).digest(), proof)
    where = f"entry {proof['index']} of {proof['size']} in {proof['origin']}"
    yield _finding(11, good, f"This very file is {where}.", "The proof is not one for this file.")
    register = anchors["register"] if anchors else None
    if register is None:
        yield Finding(12, "unanchored", "No anchors name a register: whose proof this is, is not established.")
        return
    good = (proof["origin"], proof["key_id"]) == (register["origin"], register["key_id"]) and ed25519_holds(
        register["key"], proof["signed"], proof["signature"]
    )
    yield _finding(12, good, "The register of your anchors signed that.", "The register of your anchors did not sign.")


def _climbs(node: bytes, proof: dict[str, Any]) -> bool:
    """RFC 9162 section 2.1.3.2."""
    fn, sn = proof["index"], proof["size"] - 1
    for sibling in proof["hashes"]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and bool(node == proof["root"])


def _finding(number: int, good: bool, when_good: str, when_false: str) -> Finding:  # noqa: FBT001
    return Finding(number, "proved" if good else "false", when_good if good else when_false)


# --- the whole ---------------------------------------------------------------------------------------------


def verify(file: bytes, proof: bytes | None, anchors: bytes | None) -> list[Finding]:
    """All findings; the first word of `ORDER` among their outcomes is the verdict."""
    findings: list[Finding] = []
    read_it = _reading(file, read_file, 1, "The file", findings)
    read_its_proof = _reading(proof, read_proof, 2, "The proof", findings)
    read_its_anchors = _reading(anchors, read_anchors, 3, "The file of anchors", findings)
    if findings or read_it is None:
        return findings
    for check in (check_type, check_text, check_records, check_seals, check_approvals, check_names):
        findings.extend(check(read_it, file))
    findings.extend(check_anchors(read_it, read_its_anchors))
    findings.extend(check_proof(file, read_its_proof, read_its_anchors))
    return findings


def _reading(
    raw: bytes | None, read: Callable[[bytes], dict[str, Any]], number: int, what: str, findings: list[Finding]
) -> dict[str, Any] | None:
    if raw is None:
        return None
    try:
        return read(raw)
    except UnreadableError as error:
        findings.append(Finding(number, "unreadable", f"{what} cannot be read: {error}."))
        return None


def outcome(findings: list[Finding]) -> str:
    """The worst of all findings."""
    return min((one.outcome for one in findings), key=ORDER.index)


def _load(path: Path, limit: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(limit + 1)


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Verify a sealed instrument, its proof and its parties, offline.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--parties", type=Path, help="the file of anchors: whom you trust to be who")
    parser.add_argument("--proof", type=Path, help="by default FILE.tlog-proof, where there is one")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    given = parser.parse_args(arguments)
    beside = given.file.with_name(given.file.name + ".tlog-proof")
    proof = given.proof or (beside if beside.exists() else None)
    try:
        findings = verify(
            _load(given.file, FILE_LIMIT),
            _load(proof, PROOF_LIMIT) if proof else None,
            _load(given.parties, ANCHORS_LIMIT) if given.parties else None,
        )
    except (OSError, UnsupportedAlgorithm) as error:
        findings = [Finding(1, "unreadable", f"Nothing could be verified: {error}.")]
    verdict = outcome(findings)
    if given.json:
        rows = [{"number": n, "ok": what == "proved", "outcome": what, "sentence": say} for n, what, say in findings]
        print(json.dumps({"exit": EXITS[verdict], "findings": rows, "outcome": verdict}))
    else:
        for one in findings:
            print(f"{one.number:2} {one.outcome:11} {one.sentence}")
        print(verdict.upper())
    return EXITS[verdict]


if __name__ == "__main__":
    sys.exit(main())
