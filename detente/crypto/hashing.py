"""SHA-256 and what is made of it: HMAC, HKDF, and a comparison that tells nothing by its duration.

Everything that Detente names, chains or proves is named by SHA-256 (RFC 6962 trees, act ids, records).
The hashes of MLS suites are chosen per suite and live in `detente.crypto.suites`; these here are fixed.
"""

from __future__ import annotations

import hashlib
import hmac

from detente.ground.errors import Malformed

HASH_BYTES = 32
_HKDF_LARGEST = 255 * HASH_BYTES  # RFC 5869 section 2.3: the block counter is one byte


def sha256(*parts: bytes) -> bytes:
    """SHA-256 (FIPS 180-4) of the parts, one after the other: 32 bytes.

    The parts are joined without lengths: callers see to it that the joined bytes can be read in one way only.
    """
    state = hashlib.sha256()
    for part in parts:
        state.update(part)
    return state.digest()


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104) of the parts, one after the other: 32 bytes."""
    return hmac.digest(key, b"".join(parts), "sha256")


def hkdf_extract(salt: bytes, ikm: bytes) -> bytes:
    """HKDF-Extract (RFC 5869 section 2.2): a key of 32 bytes; an empty salt stands for 32 zero bytes."""
    return hmac.digest(salt or bytes(HASH_BYTES), ikm, "sha256")


def hkdf_expand(prk: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand (RFC 5869 section 2.3): `length` bytes; `Malformed` beyond 8160, the most there is."""
    if not 0 <= length <= _HKDF_LARGEST:
        raise Malformed(f"HKDF with SHA-256 gives at most {_HKDF_LARGEST} bytes, not {length}.")
    made, block = b"", b""
    for counter in range(1, -(-length // HASH_BYTES) + 1):
        block = hmac.digest(prk, block + info + bytes([counter]), "sha256")
        made += block
    return made[:length]


def hkdf(ikm: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA-256 (RFC 5869): `length` bytes from `ikm`; `info` says what they are for."""
    return hkdf_expand(hkdf_extract(salt, ikm), info, length)


def equal(left: bytes, right: bytes) -> bool:
    """Whether two secrets or tags are the same, in a time that depends on their lengths alone."""
    return len(left) == len(right) and hmac.compare_digest(left, right)
