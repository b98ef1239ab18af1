"""Cosignatures (c2sp.org/tlog-cosignature, Ed25519, type 0x04): "at that time, this was the head that I knew".

A member who verified that the log only grew signs its checkpoint *with the time*:

    cosignature/v1
    time 1679315147
    origin, size and root, as in the checkpoint

and writes the time (u64, seconds since 1970) before the signature in the note's line.  Enough of these
under one checkpoint make its entries *confirmed*: the log's keeper can no longer show another past.

The signed message does not bind the name of the cosigner, so each name needs a key of its own.
"""

from __future__ import annotations

from typing import Final

from detente.crypto.signing import ED25519_SIGNATURE_BYTES, ed25519_public, ed25519_sign, ed25519_verify
from detente.ground.errors import Malformed, NotAuthentic
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.note import KeyKind, Signature, VerifierKey
from detente.wire import tls

LATEST_SECONDS: Final = 2**63 - 1
_TIME_BYTES: Final = 8


def cosigner_key(name: str, public: bytes) -> VerifierKey:
    """The verifier key of a cosigner; `Malformed` if name or key cannot be one."""
    return VerifierKey(name, KeyKind.COSIGNATURE_ED25519, public)


def cosign(checkpoint: Checkpoint, name: str, seed: bytes, at_seconds: int) -> str:
    """The signature line, newline included, that says: at this time (UTC seconds since 1970) this was the head.

    Whoever signs has verified before that the checkpoint is consistent with all that it signed earlier.
    """
    key = cosigner_key(name, ed25519_public(seed))
    signature = ed25519_sign(seed, _message(checkpoint, at_seconds))
    return Signature(name, key.key_id, tls.uint(at_seconds, _TIME_BYTES) + signature).encode()


def verify_cosignature(checkpoint: Checkpoint, line: str | Signature, vkey: VerifierKey) -> int:
    """The time (UTC seconds since 1970) at which `vkey` truly cosigned `checkpoint`.

    `NotAuthentic` if the line names another key or is false; `Malformed` if it is no cosignature at all.
    """
    if vkey.kind is not KeyKind.COSIGNATURE_ED25519:
        raise Malformed(f"The key of {vkey.name} does not cosign checkpoints with Ed25519.")
    signature = Signature.parse(line) if isinstance(line, str) else line
    if not signature.is_by(vkey):
        raise NotAuthentic(f"This cosignature is not by {vkey.name}.")
    at_seconds, raw = cosigned_at(signature), signature.signature[_TIME_BYTES:]
    ed25519_verify(vkey.public, _message(checkpoint, at_seconds), raw)
    return at_seconds


def cosigned_at(signature: Signature) -> int:
    """The time that a cosignature claims, *not verified*; `Malformed` if it has not the shape of one."""
    if len(signature.signature) != _TIME_BYTES + ED25519_SIGNATURE_BYTES:
        raise Malformed("A cosignature is a time of eight bytes and an Ed25519 signature.")
    return _check_time(int.from_bytes(signature.signature[:_TIME_BYTES], "big"))


def _message(checkpoint: Checkpoint, at_seconds: int) -> bytes:
    return f"cosignature/v1\ntime {_check_time(at_seconds)}\n{checkpoint.encode()}".encode()


def _check_time(at_seconds: int) -> int:
    if not 0 <= at_seconds <= LATEST_SECONDS:
        raise Malformed("The time of a cosignature is out of range.")
    return at_seconds
