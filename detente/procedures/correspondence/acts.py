"""Correspondence: what one party writes to others, and what those do with it.

The forms have the names that diplomats use and no others.  What distinguishes them is the table
FORMS, so that a registrar can check it at a glance.  All of this is talk: it is shown at once, and
decides nothing.  A binding act has its own procedure and is never offered here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from detente.acts.act import Body
from detente.acts.labels import Label
from detente.ground.identifiers import ActId, PartyId


class Form(Enum):
    """The kind of paper."""

    NOTE_VERBALE = "note verbale"
    AIDE_MEMOIRE = "aide-mémoire"
    NON_PAPER = "non-paper"


class Precedence(Enum):
    """How urgently it is handled, with the letter that telegrams bear (ACP 121)."""

    FLASH = "FLASH"
    IMMEDIATE = "IMMEDIATE"
    PRIORITY = "PRIORITY"
    ROUTINE = "ROUTINE"

    @property
    def letter(self) -> str:
        """Z, O, P or R."""
        return {"FLASH": "Z", "IMMEDIATE": "O", "PRIORITY": "P", "ROUTINE": "R"}[self.value]

    @property
    def brief(self) -> bool:
        """Whether brevity is mandatory."""
        return self in (Precedence.FLASH, Precedence.IMMEDIATE)


class Character(Enum):
    """What the paper wants to be in law.  A binding act is no correspondence and is missing on purpose."""

    INFORMAL = "INFORMAL"
    RECORD = "RECORD"
    POSITION = "POSITION"
    PROCEDURAL = "PROCEDURAL"
    FORMAL = "FORMAL"


class Manner(NamedTuple):
    """What one form asks for."""

    person: str  # the grammatical person in which it is written
    signed: bool  # whether the act bears the author's voice
    courtesy: bool  # whether courtesy formulas open and close it: advice, see views.advice
    numbered: bool
    characters: frozenset[Character]


FORMS: Mapping[Form, Manner] = MappingProxyType(
    {
        Form.NOTE_VERBALE: Manner(
            "third", True, True, True, frozenset({Character.FORMAL, Character.POSITION, Character.PROCEDURAL})
        ),
        Form.AIDE_MEMOIRE: Manner(
            "none", True, False, True, frozenset({Character.RECORD, Character.POSITION, Character.INFORMAL})
        ),
        Form.NON_PAPER: Manner("none", False, False, False, frozenset({Character.INFORMAL})),
    }
)


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A registry number: the sender's series, its next number, the year of the series."""

    office: str
    sequence: int
    year: int

    def __str__(self) -> str:
        return f"{self.office}/{self.sequence}/{self.year}"


class Note(Body, frozen=True, tag="correspondence.note"):
    """A paper from its author to others.  An answer is a Note that `answers` another."""

    form: Form
    number: Number | None
    precedence: Precedence
    character: Character
    label: Label
    to: tuple[PartyId, ...]  # for action
    info: tuple[PartyId, ...]  # for information
    subject: str
    text: str
    answers: ActId | None
    refers: ActId | None
    exercise: bool

    @property
    def signed(self) -> bool:
        """Whether the author's voice signs it: not a non-paper."""
        return FORMS[self.form].signed


class Delivered(Body, frozen=True, tag="correspondence.delivered"):
    """An addressee's chancery has the note: the receipt of a machine."""

    note: ActId


class Acknowledge(Body, frozen=True, tag="correspondence.acknowledge"):
    """An office of the addressee (the act's own) has seen the note.  It accepts nothing."""

    note: ActId


class TakeNote(Body, frozen=True, tag="correspondence.take-note"):
    """The addressee takes note: there will be no answer."""

    note: ActId


class Return(Body, frozen=True, tag="correspondence.return"):
    """The addressee does not accept the note and sends it back.  An act, not a failure of delivery."""

    note: ActId
    reason: str  # may be empty: no reason is owed


class Supersede(Body, frozen=True, tag="correspondence.supersede"):
    """The author of both says that `by` takes the place of `note`.  Nothing is ever unsent."""

    note: ActId
    by: ActId


class Void(Body, frozen=True, tag="correspondence.void"):
    """A number was used for a note that was cancelled before dispatch: this explains the gap."""

    number: Number
    reason: str
