"""Party seals: Ed25519 and ML-DSA-65 together, both of which must verify.

    signature  =  Ed25519(label || 0x00 || message)  and  ML-DSA-65(message, context = label)

The label says what is signed (a record, a seal) and keeps a signature made for one purpose from
being shown as one for another.  Whoever would forge has to break both schemes; the design follows
records.md section 4 and claims conformance to no composite draft.

ML-DSA signing draws its own randomness inside the library, so two signatures of one message differ;
nothing may ever depend on a signature's bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated

import msgspec

from detente.crypto import signing


def _exactly(length: int) -> msgspec.Meta:
    return msgspec.Meta(min_length=length, max_length=length)


Ed25519Key = Annotated[bytes, _exactly(signing.ED25519_PUBLIC_BYTES)]
Ed25519Signature = Annotated[bytes, _exactly(signing.ED25519_SIGNATURE_BYTES)]
MlDsa65Key = Annotated[bytes, _exactly(signing.MLDSA65_PUBLIC_BYTES)]
MlDsa65Signature = Annotated[bytes, _exactly(signing.MLDSA65_SIGNATURE_BYTES)]


class HybridKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two public keys of one signer: 32 and 1,952 bytes."""

    ed25519: Ed25519Key
    mldsa65: MlDsa65Key


@dataclass(frozen=True)
class HybridSeeds:
    """The two secret seeds of one signer, 32 bytes each; never printed."""

    ed25519: bytes = field(repr=False)
    mldsa65: bytes = field(repr=False)


class HybridSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """64 and 3,309 bytes; worth nothing unless both are good."""

    ed25519: Ed25519Signature
    mldsa65: MlDsa65Signature


def public(seeds: HybridSeeds) -> HybridKey:
    """The public keys of two seeds."""
    return HybridKey(signing.ed25519_public(seeds.ed25519), signing.mldsa65_public(seeds.mldsa65))


def check_key(key: HybridKey) -> None:
    """Raises `Malformed` for a key of wrong length, or an Ed25519 key under which anything verifies."""
    check_ed25519(key.ed25519)
    signing.check_mldsa65_key(key.mldsa65)


@lru_cache(maxsize=4096)
def check_ed25519(key: bytes) -> None:
    """`signing.check_ed25519_key`, with the good answers kept: one key stands in many records."""
    signing.check_ed25519_key(key)


def sign(seeds: HybridSeeds, label: bytes, message: bytes) -> HybridSignature:
    """Sign `message` for the purpose `label` (ASCII without a zero byte)."""
    return HybridSignature(
        signing.ed25519_sign(seeds.ed25519, label + b"\0" + message),
        signing.mldsa65_sign(seeds.mldsa65, message, label),
    )


def verify(key: HybridKey, label: bytes, message: bytes, signature: HybridSignature) -> None:
    """Raises `NotAuthentic` unless both halves are good."""
    signing.ed25519_verify(key.ed25519, label + b"\0" + message, signature.ed25519)
    signing.mldsa65_verify(key.mldsa65, message, signature.mldsa65, label)
