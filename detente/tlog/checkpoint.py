"""Checkpoints (c2sp.org/tlog-checkpoint): the head of a log, signed by whoever keeps it.

    origin of the log
    number of entries
    base64 of the root

The specification allows further lines; nobody audits them and some signatures do not cover them, so
Detente writes none and reads none.  A checkpoint of no entries has one root only, that of the empty tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detente.ground.errors import Malformed, NotAuthentic
from detente.tlog.merkle import EMPTY_ROOT, HASH_BYTES, LARGEST_SIZE
from detente.tlog.note import Note, VerifierKey, check_text, from_base64, sign_note, to_base64, verify_note

_LINES: Final = 3
_MOST_DIGITS: Final = len(str(LARGEST_SIZE))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` has `size` entries, whose tree has this root; `Malformed` if that cannot be."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_text(self.origin + "\n")
        if not self.origin or "\n" in self.origin:
            raise Malformed("The origin of a log is one line of text.")
        if not 0 <= self.size <= LARGEST_SIZE:
            raise Malformed("A log cannot have that many entries.")
        if len(self.root) != HASH_BYTES:
            raise Malformed(f"The root of a log has {HASH_BYTES} bytes, not {len(self.root)}.")
        if not self.size and self.root != EMPTY_ROOT:
            raise Malformed("A log without entries has another root than this one.")

    def encode(self) -> str:
        """The three lines, which are the text of the note."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """What `encode` wrote; `Malformed` for everything else."""
        lines = text.split("\n")
        if len(lines) != _LINES + 1 or lines[-1]:
            raise Malformed("A checkpoint has three lines.")
        origin, size, root, _ = lines
        return cls(origin, decimal(size), from_base64(root, HASH_BYTES))


def sign_checkpoint(checkpoint: Checkpoint, name: str, seed: bytes) -> str:
    """The note that the keeper of the log signs with its Ed25519 seed; `name` should be the origin."""
    text = checkpoint.encode()
    return Note(text, (sign_note(text, name, seed),)).encode()


def open_checkpoint(note_text: str | bytes, vkey: VerifierKey, *, origin: str | None = None) -> Checkpoint:
    """The checkpoint in a note which `vkey` has truly signed.

    Where one key signs for several logs, name the `origin` that is meant: another log's head is `NotAuthentic`, as
    is a false or missing signature.  What is no such note is `Malformed`.  Other lines of the note are not looked at.
    """
    note = Note.parse(note_text)
    verify_note(note, vkey)
    checkpoint = Checkpoint.parse(note.text)
    if origin is not None and checkpoint.origin != origin:
        raise NotAuthentic("This is the head of another log.")
    return checkpoint


def decimal(text: str) -> int:
    """A number of at most 63 bits in ASCII digits without leading zeros; `Malformed` for everything else."""
    if len(text) > _MOST_DIGITS or not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0"):
        raise Malformed("A number is not written in its one proper way.")
    return int(text)
