"""What a Word document says, as plain values: the answer of the child that read it, and nothing is believed of it.

Paragraphs in order, each in pieces; a piece knows the revisions that brought it and took it away, by their numbers
in `Reading.revisions`.  From these follow the two texts that a document with tracked changes holds: what stands
when all is accepted, and what stood when all is rejected.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final, Literal

import msgspec

from detente.ground.errors import Malformed

NONE: Final = -1
MOST_PARAGRAPHS: Final = 100_000
MOST_REVISIONS: Final = 100_000
MOST_COMMENTS: Final = 20_000


class Side(Enum):
    """Which of the two texts of a document with tracked changes."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Revision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tracked change: what it is, whose, and when, in the words of the document."""

    kind: Literal["insertion", "deletion", "move from", "move to"]
    author: str
    date: str
    text: str  # what it brought or took, at most some hundred letters; empty where it is a paragraph's mark


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Letters with one history."""

    text: str
    inserted: int = NONE  # the revision that brought it
    deleted: int = NONE  # the revision that took it away
    hidden: bool = False  # a reader of the document does not see it
    note: str = ""  # the label of the note whose sign stands here


class Paragraph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paragraph.  `label` is its number as it is shown once all is accepted, `label_before` once all is rejected."""

    pieces: tuple[Piece, ...]
    style: str = ""
    heading: int = 0  # 1 to 9; 0: no heading
    label: str = ""
    label_before: str = ""
    place: Literal["text", "cell", "box"] = "text"
    mark_inserted: int = NONE
    mark_deleted: int = NONE


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A footnote or an endnote."""

    label: str
    kind: Literal["footnote", "endnote"]
    paragraphs: tuple[Paragraph, ...]


class Comment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A remark in the margin, and the first of the words that it is about."""

    author: str
    date: str
    initials: str
    text: str
    about: str


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a person should know about the document."""

    kind: str
    sentence: str


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that was read of a document."""

    paragraphs: tuple[Paragraph, ...]
    notes: tuple[Note, ...] = ()
    revisions: tuple[Revision, ...] = ()
    comments: tuple[Comment, ...] = ()
    furniture: tuple[str, ...] = ()  # what stands in the heads and feet of pages
    findings: tuple[Finding, ...] = ()


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paragraph of one of the two texts."""

    text: str
    heading: int
    label: str
    place: str
    notes: tuple[tuple[int, str], ...]  # offsets in the text, and the labels of notes


def checked(reading: Reading) -> Reading:
    """The reading itself; `Malformed` where it speaks of revisions that it does not have, or of too many things."""
    most = len(reading.revisions)
    everywhere = [*reading.paragraphs, *(each for note in reading.notes for each in note.paragraphs)]
    if (
        len(everywhere) > MOST_PARAGRAPHS
        or most > MOST_REVISIONS
        or len(reading.comments) > MOST_COMMENTS
        or any(not NONE <= number < most for each in everywhere for number in _numbers(each))
        or any(not 0 <= each.heading <= 9 for each in everywhere)
    ):
        raise Malformed("What was read of the document does not fit together; nothing of it was taken.")
    return reading


def _numbers(paragraph: Paragraph) -> Iterator[int]:
    yield from (paragraph.mark_inserted, paragraph.mark_deleted)
    for piece in paragraph.pieces:
        yield from (piece.inserted, piece.deleted)


def blocks(paragraphs: tuple[Paragraph, ...], side: Side) -> Iterator[Block]:
    """The paragraphs of one of the two texts: where a mark is gone, two paragraphs are one, in the second's form."""
    text = ""
    notes: list[tuple[int, str]] = []
    for paragraph in paragraphs:
        for piece in paragraph.pieces:
            if _stands(piece.inserted, piece.deleted, side):
                if piece.note:
                    notes.append((len(text), piece.note))
                text += piece.text
        if _stands(paragraph.mark_inserted, paragraph.mark_deleted, side):
            label = paragraph.label if side is Side.ACCEPTED else paragraph.label_before
            yield Block(text, paragraph.heading, label, paragraph.place, tuple(notes))
            text, notes = "", []
    if text or notes:
        yield Block(text, 0, "", "text", tuple(notes))


def _stands(inserted: int, deleted: int, side: Side) -> bool:
    return (deleted if side is Side.ACCEPTED else inserted) == NONE


def tracked(reading: Reading) -> bool:
    """Whether the two texts may differ."""
    return bool(reading.revisions)
