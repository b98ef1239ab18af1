"""Proofs for the drawer (c2sp.org/tlog-proof): that an entry is in a log, in one text, without a network.

    c2sp.org/tlog-proof@v1
    extra base64, if there is any
    index of the entry
    base64 of the first sibling, and so on up to the root, one a line

    the checkpoint with all its signatures, as it came

The text does not hold the entry itself, and whoever verifies brings the log's key along.  `extra` is
signed by nobody and must not be believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detente.ground.errors import Malformed
from detente.tlog.checkpoint import Checkpoint, decimal, open_checkpoint
from detente.tlog.merkle import HASH_BYTES, inclusion_length, verify_inclusion
from detente.tlog.note import Note, VerifierKey, from_base64, to_base64

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = "extra "
_INDEX: Final = "index "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """The place of an entry, the way to the root and the signed root; `Malformed` if they cannot belong together."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        checkpoint = Checkpoint.parse(Note.parse(self.checkpoint_note).text)
        if len(self.hashes) != inclusion_length(self.index, checkpoint.size):
            raise Malformed("This proof has not the length that its place in the log asks for.")
        if any(len(one) != HASH_BYTES for one in self.hashes):
            raise Malformed(f"A hash of the log has {HASH_BYTES} bytes.")
        if self.extra is not None and not self.extra:
            raise Malformed("Extra data that is empty is not written at all.")

    def encode(self) -> str:
        """The text of a `.tlog-proof` file."""
        lines = [_HEADER]
        if self.extra is not None:
            lines.append(_EXTRA + to_base64(self.extra))
        lines.append(f"{_INDEX}{self.index}")
        lines.extend(to_base64(one) for one in self.hashes)
        return "\n".join(lines) + "\n\n" + self.checkpoint_note

    @classmethod
    def parse(cls, raw: str | bytes) -> TlogProof:
        """What `encode` wrote, as text or as UTF-8; `Malformed` for everything else."""
        head, _, note = _as_text(raw).partition("\n\n")
        header, *lines = head.split("\n")
        if header != _HEADER:
            raise Malformed("This is no proof of a log of version 1.")
        extra = from_base64(lines.pop(0)[len(_EXTRA) :]) if lines and lines[0].startswith(_EXTRA) else None
        if not lines or not lines[0].startswith(_INDEX):
            raise Malformed("This proof does not name the place of the entry.")
        index = decimal(lines[0][len(_INDEX) :])
        return cls(index, tuple(from_base64(one, HASH_BYTES) for one in lines[1:]), note, extra)

    def verify(self, leaf_hash: bytes, vkey: VerifierKey, *, origin: str | None = None) -> Checkpoint:
        """The checkpoint, signed by the log's key, under which the entry with this leaf hash lies at `index`.

        `NotAuthentic` if the signature or the proof is false, or the log is another than `origin`.
        """
        checkpoint = open_checkpoint(self.checkpoint_note, vkey, origin=origin)
        verify_inclusion(leaf_hash, self.index, checkpoint.size, self.hashes, checkpoint.root)
        return checkpoint


def _as_text(raw: str | bytes) -> str:
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("This proof is not written in UTF-8.") from None
