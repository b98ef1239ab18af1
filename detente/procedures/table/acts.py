"""The acts of the table.

    Import        a bracketed text is laid on the table; its act's id is the text's id from then on
    Modalities    the chair says how it is negotiated: groups, languages, nothing agreed until everything is
    Edit          hunks of new words on one passage, taken together or not at all
    Alternative   other words for a whole clause; empty: the clause goes
    AddClause     a new clause at a place
    MoveClause    another place for a clause
    Withdraw      one's own proposal, for good
    Join, Leave   a party sponsors what another proposed, or does so no longer
    Position      what a party says of an operation or of a clause, for itself or for its group
    Note          words about the text that are none of its words
    ChairText     the chair's edit or alternative, which nobody sponsors
    Settle        the chair decides one slot or several, names the variants that are taken, and on what basis
    Correct       the chair removes brackets that are no brackets of the text
    Accept        a party accepts a scope with exactly this content
    Reopen        it takes that back

Places are (container, offset in code points).  A container never changes, so an anchor never moves:
the empty container is the text as imported; every hunk makes one of its own (`tree.container_of`).  A
deciding act names the content hash on which it decides.

An import carries the source text and the version of the importer, not the tree.  The parse is
deterministic, the text is a fifth of the size of a written tree and can be read by a person who
checks the act years later, and no tree can be smuggled in that the importer would not have made.
From the fold on there is the tree alone; the text's identity is the tree's content hash.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import ClassVar

import msgspec

from detente.acts.act import Body, Weight
from detente.procedures.table.tree import ClauseKind, NodeId
from detente.wire import canonical


class Stance(Enum):
    """What a party says; only oppose and reserve stand in the way of consensus."""

    SUPPORT = "support"
    SUPPORT_IN_PRINCIPLE = "support-in-principle"
    CAN_GO_WITH_CONSENSUS = "can-go-with-consensus"
    FLEXIBLE = "flexible"
    CONSIDERING = "considering"
    RESERVE = "reserve"
    OPPOSE = "oppose"


class Nature(Enum):
    """What a note is."""

    NEGOTIATORS = "negotiators"
    FOOTNOTE = "footnote"
    PENDING = "pending"
    PLACEMENT = "placement"


class Basis(Enum):
    """On what the chair settles (deciding.py says what is checked)."""

    CONSENSUS = "consensus"
    EDITORIAL = "editorial"
    ACCEPT = "accept"
    SILENCE = "silence"
    VOTE = "vote"


class Import(Body, frozen=True, tag="table.import"):
    """A bracketed text, as it came: byte order mark, line ends and decomposed letters stay."""

    title: str
    language: str  # BCP 47
    importer: str  # the version of the importer: parse.VERSION
    source: str


class Hunk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """New words for a range of a container; lo == hi inserts before that character."""

    container: bytes
    lo: int
    hi: int
    words: str


class Edit(Body, frozen=True, tag="table.edit"):
    """A proposal of its author: all its hunks or none."""

    text: bytes
    clause: bytes
    hunks: tuple[Hunk, ...]


class Alternative(Body, frozen=True, tag="table.alternative"):
    """Other words for a whole clause, its label included."""

    text: bytes
    clause: bytes
    words: str


class ChairText(Body, frozen=True, tag="table.chair-text"):
    """New words that nobody sponsors: an edit, or, where `words` is given, an alternative to the whole clause."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    clause: bytes
    hunks: tuple[Hunk, ...]
    words: str | None
    precondition: bytes


class AddClause(Body, frozen=True, tag="table.add-clause"):
    """A new clause is proposed under a parent (empty: at the top), right after another one of its (empty: first)."""

    text: bytes
    form: ClauseKind  # a heading, a paragraph or a point
    parent: bytes
    after: bytes
    words: str  # its label included, if it is to have one


class MoveClause(Body, frozen=True, tag="table.move-clause"):
    """A clause that stands is proposed elsewhere, with all below it."""

    text: bytes
    clause: bytes
    parent: bytes
    after: bytes


class Withdraw(Body, frozen=True, tag="table.withdraw"):
    """Final; to revive it is to propose it again.  It takes off whatever its author put there, whoever joined it."""

    text: bytes
    operation: bytes


class Join(Body, frozen=True, tag="table.join"):
    """The author sponsors another party's operation as well."""

    text: bytes
    operation: bytes


class Leave(Body, frozen=True, tag="table.leave"):
    """The author sponsors it no longer."""

    text: bytes
    operation: bytes


class Position(Body, frozen=True, tag="table.position"):
    """The author's last word so far on an operation or a clause."""

    text: bytes
    target: bytes  # an operation (32 bytes) or a clause (16)
    stance: Stance
    ad_referendum: bool
    note: str
    pending_on: tuple[bytes, ...] = ()  # clauses and operations on whose outcome it waits
    given: bytes = b""  # it holds only if this operation is taken
    group: str = ""  # the code of the group in whose name it is said; empty: in the author's own


class Note(Body, frozen=True, tag="table.note"):
    """Words about the text that are no words of the text.

    `audience` names the parties for whom it is meant; empty: everybody.  An act on a line is read by every
    member's house, so an audience does not keep a note from a member: it keeps it out of what is shown and
    exported to others.  What a member must not read is said on another line.
    """

    text: bytes
    target: bytes  # an operation, a clause, or empty: the whole text
    words: str
    nature: Nature
    audience: tuple[str, ...]


class Reopen(Body, frozen=True, tag="table.reopen"):
    """The author takes back its acceptance of a scope, and says why; `scope` empty: the whole text."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    scope: bytes
    reason: str


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parties in whose name one of them may speak."""

    code: str
    speaker: str
    members: tuple[str, ...]


class Modalities(Body, frozen=True, tag="table.modalities"):
    """How the negotiation of a text is run; the newest holds, whole."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    groups: tuple[Group, ...]
    authentic: tuple[str, ...]  # further languages in which the text will be authentic, BCP 47
    together: bool  # nothing is agreed until everything is agreed


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One slot decided: as in `Settle`."""

    scope: bytes
    slot: bytes
    chosen: tuple[bytes, ...]
    precondition: bytes


class Settle(Body, frozen=True, tag="table.settle"):
    """One slot, decided on the content that `precondition` names, and with it others at once.

    `scope` is the innermost clause that holds the slot.  `chosen` names one variant; of a bag any
    number, in any order.
    """

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    scope: bytes
    slot: bytes
    chosen: tuple[bytes, ...]
    precondition: bytes
    basis: Basis
    also: tuple[Choice, ...] = ()


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One character of a container."""

    container: bytes
    offset: int


class Correct(Body, frozen=True, tag="table.correct"):
    """Removes literal brackets of one clause: strays, and those of links.  Words cannot be changed so."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    scope: bytes
    marks: tuple[Mark, ...]
    precondition: bytes


class Accept(Body, frozen=True, tag="table.accept"):
    """Exactly this content; `scope` empty: the whole text."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    scope: bytes
    content_hash: bytes
    ad_referendum: bool


BODIES: tuple[type[Body], ...] = (
    *(Import, Modalities),
    *(Edit, Alternative, AddClause, MoveClause, Withdraw, Join, Leave),
    *(Position, Note, Accept, Reopen),
    *(ChairText, Settle, Correct),
)


def proposal_id(hunks: tuple[Hunk, ...]) -> NodeId:
    """What edits that say the same have in common: the hash of their hunks in order of place."""
    ordered = sorted(hunks, key=lambda each: (each.container, each.lo, each.hi))
    return hashlib.sha256(b"edit\0" + canonical.encode(ordered)).digest()[:16]


def alternative_id(clause: NodeId, words: str) -> NodeId:
    """The same for alternatives to a clause."""
    return hashlib.sha256(b"alternative\0" + clause + words.encode()).digest()[:16]
