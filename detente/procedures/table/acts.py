"""The acts of the table.

    Import        a bracketed text is laid on the table; its act's id is the text's id from then on
    Modalities    the chair says how it is negotiated: groups, languages, nothing agreed until everything is
    Codes         the chair says whom the heads in the text mean
    Edit          hunks of new words on one passage, taken together or not at all
    Alternative   other words for a whole clause; empty: the clause goes
    AddClause     a new clause at a place
    MoveClause    another place for a clause
    Withdraw      one's own proposal, for good
    Join, Leave   a party sponsors what another proposed, or does so no longer
    Position      what a party says of an operation or of a clause, for itself or for its group
    Package       operations that are taken together
    Translate     words in another language
    Note          words about the text that are none of its words
    TakePackages  the chair takes packages whole
    ChairText     the chair's edit or alternative, which nobody sponsors
    Settle        the chair decides one slot or several, names the variants that are taken, and on what basis
    Correct       the chair removes brackets that are no brackets of the text
    Confirm       the chair confirms what the importer inferred
    Publish       the text as it stands becomes a revision, and its clauses keep their names
    Grant         the chair gives leave to what came late
    Refer         clauses go before a committee, on a table of its own
    Report        what it made of them comes back
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


class Level(Enum):
    """How far a version in another language has come."""

    MACHINE = "machine"
    DRAFT = "draft"
    REVIEWED = "reviewed"
    AUTHENTIC = "authentic"


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


class Rendered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words in another language for a clause, or for the words of a proposal."""

    of: bytes  # a clause, or the container that a proposal made
    source: bytes  # of a clause: the hash of its words as they stand; otherwise empty
    words: str


class Translate(Body, frozen=True, tag="table.translate"):
    """The author's version of some parts of the text in another language."""

    text: bytes
    language: str  # BCP 47
    level: Level
    parts: tuple[Rendered, ...]


class Refer(Body, frozen=True, tag="table.refer"):
    """Clauses of a text, with all below them, go before a committee; its text bears this act's id."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    title: str
    clauses: tuple[bytes, ...]
    members: tuple[str, ...]  # who proposes and accepts there; empty: everybody
    facilitator: str  # who does there what the chair does; empty: the chair alone


class Report(Body, frozen=True, tag="table.report"):
    """What a committee made of clauses comes back as proposals of the chair's."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes  # the parent
    child: bytes
    content_hash: bytes  # of the committee's whole text


class Confirm(Body, frozen=True, tag="table.confirm"):
    """The chair confirms what the importer inferred of adjacent brackets, or says that they are independent."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    exclusive: tuple[bytes, ...]  # slots that are alternatives, as was inferred
    independent: tuple[bytes, ...]  # slots of which each variant may stand or not


class Publish(Body, frozen=True, tag="table.publish"):
    """The text as it stands becomes a revision, and what its clauses are called is frozen."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    revision: str
    content_hash: bytes
    renumber: bool


class Grant(Body, frozen=True, tag="table.grant"):
    """The chair gives leave to operations on the late list."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    operations: tuple[bytes, ...]


class Package(Body, frozen=True, tag="table.package"):
    """Several operations that are taken together, and some that are dropped for them."""

    text: bytes
    name: str
    take: tuple[bytes, ...]
    drop: tuple[bytes, ...]
    parties: tuple[str, ...]  # to whom it is offered


class TakePackages(Body, frozen=True, tag="table.take-packages"):
    """The chair takes packages whole, on the content that `precondition` names (packages.package_hash)."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    packages: tuple[bytes, ...]
    precondition: bytes
    basis: Basis


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
    target: bytes  # an operation or a package (32 bytes), or a clause (16)
    stance: Stance
    ad_referendum: bool
    note: str
    pending_on: tuple[bytes, ...] = ()  # clauses and operations on whose outcome it waits
    given: bytes = b""  # it holds only if this operation or package is carried
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


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the words of a text call a member of the line."""

    code: str
    party: str


class Codes(Body, frozen=True, tag="table.codes"):
    """Whom the heads in a text mean (`[BEL propose: x]`); the newest holds, whole.

    A party may have several codes, each code stands for one party.  The text stays as it is written: what is said
    here tells people and documents who is meant, and gives no party a position that it has not taken itself.
    """

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    codes: tuple[Code, ...]


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
    """Exactly this content of a scope (empty: the whole text), or of a package with its circle."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: bytes
    scope: bytes
    content_hash: bytes
    ad_referendum: bool


BODIES: tuple[type[Body], ...] = (
    *(Import, Modalities, Codes),
    *(Edit, Alternative, AddClause, MoveClause, Withdraw, Join, Leave),
    *(Position, Note, Translate, Accept, Reopen),
    *(Package, TakePackages),
    *(ChairText, Settle, Correct, Confirm),
    *(Publish, Grant),
    *(Refer, Report),
)


def proposal_id(hunks: tuple[Hunk, ...]) -> NodeId:
    """What edits that say the same have in common: the hash of their hunks in order of place."""
    ordered = sorted(hunks, key=lambda each: (each.container, each.lo, each.hi))
    return hashlib.sha256(b"edit\0" + canonical.encode(ordered)).digest()[:16]


def alternative_id(clause: NodeId, words: str) -> NodeId:
    """The same for alternatives to a clause."""
    return hashlib.sha256(b"alternative\0" + clause + words.encode()).digest()[:16]
