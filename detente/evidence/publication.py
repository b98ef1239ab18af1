"""Publication: the register's entry for a file, and the proof that stands beside it.

The register's log is an RFC 6962 tree whose entries are `0x01 || SHA-256(file)`.  The proof is the text of
c2sp.org/tlog-proof in its narrowest form: no extra data, one signature, under a key that bears the name of
the log's origin.  Every byte of it counts: what was read, written again, is what came
(docs/specs/instrument.md section 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detente.crypto.signing import ED25519_SIGNATURE_BYTES
from detente.evidence import instrument
from detente.evidence.anchors import AnchoredRegister, check_origin
from detente.ground.errors import Malformed, NotAuthentic
from detente.tlog import merkle
from detente.tlog.checkpoint import Checkpoint, sign_checkpoint
from detente.tlog.note import Note, verify_note
from detente.tlog.proof import TlogProof

PROOF_LIMIT: Final = 64 * 1024  # bytes


@dataclass(frozen=True)
class Proof:
    """A proof whose form is proper; nothing of it is verified yet."""

    text: TlogProof
    note: Note
    checkpoint: Checkpoint

    @property
    def index(self) -> int:
        """The entry's place in the register."""
        return self.text.index

    @property
    def size(self) -> int:
        """How many entries the register had."""
        return self.checkpoint.size

    @property
    def origin(self) -> str:
        """Which register."""
        return self.checkpoint.origin


def leaf_hash(file: bytes) -> bytes:
    """The hash of the register's entry for this file."""
    return merkle.leaf_hash(instrument.register_leaf(file))


def make_proof(index: int, hashes: tuple[bytes, ...], checkpoint: Checkpoint, seed: bytes) -> str:
    """The text of a proof under a checkpoint that the register signs with `seed` (Ed25519)."""
    return TlogProof(index, hashes, sign_checkpoint(checkpoint, check_origin(checkpoint.origin), seed)).encode()


def read_proof(raw: bytes) -> Proof:
    """The proof in a file, or `Malformed`: its form only."""
    if len(raw) > PROOF_LIMIT:
        raise Malformed("A proof is not larger than 64 kB.")
    proof = TlogProof.parse(raw)
    note = Note.parse(proof.checkpoint_note)
    checkpoint = Checkpoint.parse(note.text)
    check_origin(checkpoint.origin)
    if proof.extra is not None:
        raise Malformed("The proof carries extra data, which nobody signs.")
    if len(note.signatures) != 1 or note.signatures[0].name != checkpoint.origin:
        raise Malformed("The proof carries exactly one signature, the register's own.")
    if len(note.signatures[0].signature) != ED25519_SIGNATURE_BYTES:
        raise Malformed("The register's signature does not have 64 bytes.")
    if proof.encode().encode("utf-8") != raw:
        raise Malformed("The proof is not written in the one proper way.")
    return Proof(proof, note, checkpoint)


def verify_published(file: bytes, proof: Proof) -> None:
    """Raises `NotAuthentic` unless the proof leads from this file to the root that it states."""
    verify = merkle.verify_inclusion
    verify(leaf_hash(file), proof.index, proof.size, proof.text.hashes, proof.checkpoint.root)


def verify_register(proof: Proof, register: AnchoredRegister) -> None:
    """Raises `NotAuthentic` unless this register signed the root."""
    if proof.origin != register.origin:
        raise NotAuthentic(f"It comes from {proof.origin}.")
    verify_note(proof.note, register.key)
