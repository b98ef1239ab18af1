"""Passkeys, as far as evidence needs them: two kinds of key, and what an authenticator signs (WebAuthn level 3).

    signed            authenticator data || SHA-256(client data)
    authenticator     SHA-256(rp id), 32 bytes;  flags, 1;  counter, 4                 and nothing more
    client data       {"type":"webauthn.get","challenge":"<base64url>","origin":"<origin>"  then members  }

An assertion that is shown to a stranger years later is read by grammar, not by a JSON or CBOR library: every byte
is accounted for, so that two readers cannot take it for two different things.

 1. A key has one spelling: the COSE key of ES256 on P-256 or of EdDSA on Ed25519 in CTAP's canonical order,
    with a point of the curve (of prime order, for Ed25519: crypto/signing.py says why).
 2. The client data begins exactly with the type, the challenge and the origin that are asked for.  Browsers may
    add members; each has a plain name that is there once and a string without escapes, true or false.
 3. Nothing was asked through a frame of another origin: `crossOrigin` is false or absent, `topOrigin` absent.
 4. The authenticator data has 37 bytes, names the rp id by its hash, says that a person was present (UP) *and* was
    verified (UV), and neither carries extensions or key data nor sets a bit without a meaning.
 5. The signature is true.

The counter is not looked at: it means something only to the house that saw the last one.  What an authenticator
shows to its person is the rp id at most; that this person saw what they approved is nothing that a signature proves.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from detente.crypto import signing
from detente.ground.errors import Malformed, NotAuthentic

# {kty: OKP, alg: EdDSA, crv: Ed25519, x}  and  {kty: EC2, alg: ES256, crv: P-256, x, y}
_EDDSA: Final = bytes.fromhex("a4010103272006215820")
_ES256_X: Final = bytes.fromhex("a5010203262001215820")
_ES256_Y: Final = bytes.fromhex("225820")
_EDDSA_BYTES: Final = len(_EDDSA) + 32
_ES256_BYTES: Final = len(_ES256_X) + 32 + len(_ES256_Y) + 32

AUTHENTICATOR_BYTES: Final = 37
CLIENT_LIMIT: Final = 1024  # bytes of client data
SIGNATURE_LIMIT: Final = 72  # bytes: an ECDSA signature on P-256 in DER has no more
CREDENTIAL_BYTES: Final = (16, 1023)  # WebAuthn section 4, "credential ID"

Key = Annotated[bytes, msgspec.Meta(min_length=_EDDSA_BYTES, max_length=_ES256_BYTES)]
Credential = Annotated[bytes, msgspec.Meta(min_length=CREDENTIAL_BYTES[0], max_length=CREDENTIAL_BYTES[1])]

REGISTRATION_LIMIT: Final = 4096  # bytes of the authenticator data of a new passkey
_SHORTEST_REGISTRATION: Final = 55 + CREDENTIAL_BYTES[0] + _EDDSA_BYTES

_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP, _KEY_DATA, _EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
_MEMBER = re.compile(r',"([A-Za-z][A-Za-z0-9_]{0,63})":("[^"\\\x00-\x1f]*"|true|false)')


class Assertion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an authenticator and a browser answer to a challenge."""

    authenticator_data: Annotated[bytes, msgspec.Meta(min_length=AUTHENTICATOR_BYTES, max_length=AUTHENTICATOR_BYTES)]
    client_data: Annotated[bytes, msgspec.Meta(min_length=1, max_length=CLIENT_LIMIT)]
    signature: Annotated[bytes, msgspec.Meta(min_length=1, max_length=SIGNATURE_LIMIT)]

    @property
    def counter(self) -> int:
        """How often the authenticator says that it has signed; 0 where it does not count."""
        return int.from_bytes(self.authenticator_data[33:37], "big")


# --- keys ---------------------------------------------------------------------------------------


def check_key(key: bytes) -> None:
    """Rule 1; `Malformed` for a key that is not fit to be registered."""
    if len(key) == _EDDSA_BYTES and key.startswith(_EDDSA):
        _check_ed25519(key[len(_EDDSA) :])
    else:
        _p256(key)


def raw_key(key: bytes) -> bytes:
    """The Ed25519 key inside, to be compared with others of its kind; an ES256 key as it is."""
    return key.removeprefix(_EDDSA)


def eddsa_key(public: bytes) -> bytes:
    """The COSE key of a 32-byte Ed25519 key."""
    return _EDDSA + public


def es256_key(x: bytes, y: bytes) -> bytes:
    """The COSE key of a point of P-256, 32 bytes each."""
    return _ES256_X + x + _ES256_Y + y


@lru_cache(maxsize=1024)
def _check_ed25519(public: bytes) -> None:
    signing.check_ed25519_key(public)


@lru_cache(maxsize=1024)
def _p256(key: bytes) -> ec.EllipticCurvePublicKey:
    x, between, y = key[len(_ES256_X) :][:32], key[-32 - len(_ES256_Y) : -32], key[-32:]
    if len(key) != _ES256_BYTES or not key.startswith(_ES256_X) or between != _ES256_Y:
        raise Malformed("The key of a passkey is ES256 on P-256 or EdDSA on Ed25519, in its one proper spelling.")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
    except ValueError:
        raise Malformed("The key of a passkey is no point of its curve.") from None


# --- making one -----------------------------------------------------------------------------------


def read_registration(rp: str, origin: str, challenge: bytes, data: bytes, client: bytes) -> tuple[bytes, bytes]:
    """(credential, key) of a passkey that was made for this challenge, or `NotAuthentic`, `Malformed`.

    The key is believed as it comes, without an attestation: whoever may enrol says which key is theirs.  What
    extensions an authenticator adds behind the key (`credProtect`, for example) is not read.
    """
    if len(client) > CLIENT_LIMIT or not _SHORTEST_REGISTRATION <= len(data) <= REGISTRATION_LIMIT:
        raise Malformed("What came of the new passkey is too short or too long.")
    _check_client(client, origin, challenge, "webauthn.create")
    _check_flags(data, rp, _PRESENT | _VERIFIED | _KEY_DATA, _ELIGIBLE | _BACKED_UP | _EXTENDED)
    length = int.from_bytes(data[53:55], "big")
    credential, rest = data[55 : 55 + length], data[55 + length :]
    if len(credential) != length or not CREDENTIAL_BYTES[0] <= length <= CREDENTIAL_BYTES[1]:
        raise Malformed("The name of the new passkey is too short or too long.")
    key = rest[: _EDDSA_BYTES if rest.startswith(_EDDSA) else _ES256_BYTES]
    check_key(key)
    if bool(data[32] & _EXTENDED) != (len(rest) > len(key)):
        raise Malformed("Behind the key of the new passkey stands something that was not announced.")
    return credential, key


# --- assertions ---------------------------------------------------------------------------------


def verify(key: bytes, rp: str, origin: str, challenge: bytes, assertion: Assertion) -> None:
    """Rules 2 to 5: `NotAuthentic` unless the owner of `key` answered this challenge, for this rp at this origin."""
    _check_client(assertion.client_data, origin, challenge)
    _check_authenticator(assertion.authenticator_data, rp)
    message = assertion.authenticator_data + hashlib.sha256(assertion.client_data).digest()
    if key.startswith(_EDDSA):
        signing.ed25519_verify(key[len(_EDDSA) :], message, assertion.signature)
        return
    try:
        _p256(key).verify(assertion.signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise NotAuthentic("The passkey's signature is not true.") from None


def for_urls(raw: bytes) -> str:
    """Bytes as a browser writes and takes them: base64 for URLs (RFC 4648 section 5) without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def client_start(kind: str, origin: str, challenge: bytes) -> str:
    """How client data of this kind begins (`webauthn.get`, `webauthn.create`)."""
    asked = for_urls(challenge)
    return f'{{"type":"{kind}","challenge":"{asked}","origin":"{origin}"'


def _check_client(raw: bytes, origin: str, challenge: bytes, kind: str = "webauthn.get") -> None:
    """Rules 2 and 3."""
    try:
        said = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotAuthentic("What the browser said is not UTF-8.") from None
    start = client_start(kind, origin, challenge)
    if not said.startswith(start):
        raise NotAuthentic("The passkey answered something else, or at another address, than was asked here.")
    names, at = {"type", "challenge", "origin"}, len(start)
    while member := _MEMBER.match(said, at):
        name, value = member.groups()
        if name in names or name == "topOrigin" or (name == "crossOrigin" and value != "false"):
            raise NotAuthentic("The passkey was asked through another page, or the browser said something twice.")
        names.add(name)
        at = member.end()
    if said[at:] != "}":
        raise NotAuthentic("What the browser said does not end as it should.")


def _check_authenticator(raw: bytes, rp: str) -> None:
    """Rule 4."""
    if len(raw) != AUTHENTICATOR_BYTES:
        raise NotAuthentic("What the authenticator said has not the length of an answer.")
    _check_flags(raw, rp, _PRESENT | _VERIFIED, _ELIGIBLE | _BACKED_UP)


def _check_flags(raw: bytes, rp: str, needed: int, allowed: int) -> None:
    """For this site, with every flag that is needed and none beside those that are allowed."""
    if raw[:32] != hashlib.sha256(rp.encode()).digest():
        raise NotAuthentic("The passkey answered for another site.")
    flags = raw[32]
    if flags & needed != needed:
        raise NotAuthentic("The authenticator did not verify its person.")
    if flags & ~(needed | allowed) or (flags & _BACKED_UP and not flags & _ELIGIBLE):
        raise NotAuthentic("The authenticator said something that belongs into no answer.")
