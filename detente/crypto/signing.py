"""Signatures: Ed25519 (RFC 8032) and ML-DSA-44 and -65 (FIPS 204), each with the same four functions.

| function          | gives                                | refuses with                                |
|-------------------|--------------------------------------|---------------------------------------------|
| `<a>_public`      | the public key of a 32-byte seed     | `Malformed`: the seed has another length    |
| `<a>_sign`        | a signature                          | `Malformed`: seed or context                |
| `<a>_verify`      | nothing: silence is a true signature | `NotAuthentic`: everything that is not true |
| `check_<a>_key`   | nothing: the key may be registered   | `Malformed`: it may not                     |

Why keys are checked when they are registered.  Verification in common libraries accepts public keys
of small order: under the identity point *every* message has a valid signature, so that the owner of
such a key could disown whatever it signed, or have it "prove" anything.  `check_ed25519_key` admits
only the canonical encoding of a point other than the identity in the subgroup of prime order L.  It
costs some milliseconds of plain Python, once per key: callers keep the answer beside the key.  With
such keys a verification that uses or omits the cofactor differs for hostile signers alone.

ML-DSA signing is hedged inside pyca, so the same message gets another signature every time; nothing
may depend on the bytes of a signature.  `context` (at most 255 bytes) is FIPS 204's own domain
separation; Ed25519 has none, so callers put a label into the message.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)

from detente.ground.errors import Malformed, NotAuthentic

SEED_BYTES: Final = 32
CONTEXT_BYTES: Final = 255
ED25519_PUBLIC_BYTES: Final = 32
ED25519_SIGNATURE_BYTES: Final = 64
MLDSA44_PUBLIC_BYTES: Final = 1312
MLDSA44_SIGNATURE_BYTES: Final = 2420
MLDSA65_PUBLIC_BYTES: Final = 1952
MLDSA65_SIGNATURE_BYTES: Final = 3309

_OWN_KEYS = 32  # a house signs for a few lines; more only costs making the key object again
_FOREIGN_KEYS = 1024

# --- Ed25519 ------------------------------------------------------------------------------------


def ed25519_public(seed: bytes) -> bytes:
    """The 32-byte public key of a 32-byte seed."""
    return _ed25519_private(seed).public_key().public_bytes_raw()


def ed25519_sign(seed: bytes, message: bytes) -> bytes:
    """The 64-byte signature of `message`; the same every time."""
    return _ed25519_private(seed).sign(message)


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Return if `signature` over `message` is true under `public`, else raise `NotAuthentic`."""
    _exact("Ed25519", public, ED25519_PUBLIC_BYTES, signature, ED25519_SIGNATURE_BYTES)
    try:
        _ed25519_key(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise NotAuthentic("The Ed25519 signature is not true for this text and this key.") from None


def check_ed25519_key(public: bytes) -> None:
    """Return if `public` is fit to be registered, else raise `Malformed`; some milliseconds, so keep the answer."""
    point = _decompress(public)
    if _is_identity(point):
        raise Malformed("This Ed25519 key is the identity point: it would sign everything.")
    if not _is_identity(_times(_L, point)):
        raise Malformed("This Ed25519 key is not in the subgroup of prime order.")


# --- ML-DSA-44 ----------------------------------------------------------------------------------


def mldsa44_public(seed: bytes) -> bytes:
    """The 1312-byte public key of a 32-byte seed."""
    return _mldsa44_private(seed).public_key().public_bytes_raw()


def mldsa44_sign(seed: bytes, message: bytes, context: bytes) -> bytes:
    """A 2420-byte signature of `message` under `context`; another one every time."""
    return _mldsa44_private(seed).sign(message, _context(context))


def mldsa44_verify(public: bytes, message: bytes, signature: bytes, context: bytes) -> None:
    """Return if `signature` over `message` under `context` is true, else raise `NotAuthentic`."""
    _exact("ML-DSA-44", public, MLDSA44_PUBLIC_BYTES, signature, MLDSA44_SIGNATURE_BYTES)
    try:
        _mldsa44_key(public).verify(signature, message, context)
    except (InvalidSignature, ValueError):
        raise NotAuthentic("The ML-DSA-44 signature is not true for this text and this key.") from None


def check_mldsa44_key(public: bytes) -> None:
    """Return if `public` is an ML-DSA-44 key, else raise `Malformed`.  Every 1312 bytes are one (FIPS 204)."""
    if len(public) != MLDSA44_PUBLIC_BYTES:
        raise Malformed(f"An ML-DSA-44 key has {MLDSA44_PUBLIC_BYTES} bytes, not {len(public)}.")


# --- ML-DSA-65 ----------------------------------------------------------------------------------


def mldsa65_public(seed: bytes) -> bytes:
    """The 1952-byte public key of a 32-byte seed."""
    return _mldsa65_private(seed).public_key().public_bytes_raw()


def mldsa65_sign(seed: bytes, message: bytes, context: bytes) -> bytes:
    """A 3309-byte signature of `message` under `context`; another one every time."""
    return _mldsa65_private(seed).sign(message, _context(context))


def mldsa65_verify(public: bytes, message: bytes, signature: bytes, context: bytes) -> None:
    """Return if `signature` over `message` under `context` is true, else raise `NotAuthentic`."""
    _exact("ML-DSA-65", public, MLDSA65_PUBLIC_BYTES, signature, MLDSA65_SIGNATURE_BYTES)
    try:
        _mldsa65_key(public).verify(signature, message, context)
    except (InvalidSignature, ValueError):
        raise NotAuthentic("The ML-DSA-65 signature is not true for this text and this key.") from None


def check_mldsa65_key(public: bytes) -> None:
    """Return if `public` is an ML-DSA-65 key, else raise `Malformed`.  Every 1952 bytes are one (FIPS 204)."""
    if len(public) != MLDSA65_PUBLIC_BYTES:
        raise Malformed(f"An ML-DSA-65 key has {MLDSA65_PUBLIC_BYTES} bytes, not {len(public)}.")


# --- lengths and key objects --------------------------------------------------------------------


def _exact(algorithm: str, public: bytes, public_bytes: int, signature: bytes, signature_bytes: int) -> None:
    if len(public) != public_bytes:
        raise NotAuthentic(f"An {algorithm} key has {public_bytes} bytes, not {len(public)}.")
    if len(signature) != signature_bytes:
        raise NotAuthentic(f"An {algorithm} signature has {signature_bytes} bytes, not {len(signature)}.")


def _seed(seed: bytes) -> bytes:
    if len(seed) != SEED_BYTES:
        raise Malformed(f"The seed of a signing key has {SEED_BYTES} bytes, not {len(seed)}.")
    return seed


def _context(context: bytes) -> bytes:
    if len(context) > CONTEXT_BYTES:
        raise Malformed(f"A signature's context has at most {CONTEXT_BYTES} bytes, not {len(context)}.")
    return context


@lru_cache(maxsize=_OWN_KEYS)
def _ed25519_private(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_seed(seed))


@lru_cache(maxsize=_FOREIGN_KEYS)
def _ed25519_key(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


@lru_cache(maxsize=_OWN_KEYS)
def _mldsa44_private(seed: bytes) -> MLDSA44PrivateKey:
    return MLDSA44PrivateKey.from_seed_bytes(_seed(seed))


@lru_cache(maxsize=_FOREIGN_KEYS)
def _mldsa44_key(public: bytes) -> MLDSA44PublicKey:
    return MLDSA44PublicKey.from_public_bytes(public)


@lru_cache(maxsize=_OWN_KEYS)
def _mldsa65_private(seed: bytes) -> MLDSA65PrivateKey:
    return MLDSA65PrivateKey.from_seed_bytes(_seed(seed))


@lru_cache(maxsize=_FOREIGN_KEYS)
def _mldsa65_key(public: bytes) -> MLDSA65PublicKey:
    return MLDSA65PublicKey.from_public_bytes(public)


# --- the curve of Ed25519, only as far as the check of a key needs it (RFC 8032 section 5.1) ------

Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)
_IDENTITY: Final[Point] = (0, 1, 1, 0)


def _decompress(public: bytes) -> Point:
    """The point behind a canonical encoding (RFC 8032 section 5.1.3), else `Malformed`."""
    if len(public) != ED25519_PUBLIC_BYTES:
        raise Malformed(f"An Ed25519 key has {ED25519_PUBLIC_BYTES} bytes, not {len(public)}.")
    number = int.from_bytes(public, "little")
    y, odd = number & (1 << 255) - 1, number >> 255
    if y >= _P:
        raise Malformed("This Ed25519 key is not written in its one proper way.")
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if x * x % _P != square:
        raise Malformed("This Ed25519 key is no point of the curve.")
    if x == 0 and odd:
        raise Malformed("This Ed25519 key is not written in its one proper way.")
    if x & 1 != odd:
        x = _P - x
    return (x, y, 1, x * y % _P)


def _add(left: Point, right: Point) -> Point:
    """Complete addition on the twisted Edwards curve; right for doubling and for the identity too."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % _P
    b = (left[1] + left[0]) * (right[1] + right[0]) % _P
    c = 2 * left[3] * right[3] * _D % _P
    d = 2 * left[2] * right[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times(scalar: int, point: Point) -> Point:
    """`scalar` times `point`, from the highest bit down; not for secrets."""
    total = _IDENTITY
    for bit in f"{scalar:b}":
        total = _add(total, total)
        if bit == "1":
            total = _add(total, point)
    return total


def _is_identity(point: Point) -> bool:
    return point[0] == 0 and point[1] == point[2]
