"""The silence procedure: what is put to the parties, and stands unless one of them objects in time.

    Open        the chair puts exactly this content, until a deadline, to parties who may object
    Received    a party's house has it: silence counts only from proven receipt
    Object      a party objects: before the deadline that breaks the silence, afterwards it is a statement
    Lift        the party takes its objection back, before the deadline
    Extend      the chair gives more time: every house has to receive it anew
    Conclude    anyone says that the deadline is over: the rules tell what came of it
    Record      the chair goes on without a party that was not reached, where the charter lets it
    Cancel      the chair takes it back before it is adopted
    Explain     an explanation of position, or a disassociation, once it is adopted

A deadline is one instant in UTC, in milliseconds, and is compared with the log's time at an act's place, never
with a clock.
"""

from __future__ import annotations

from typing import ClassVar

from detente.acts.act import Body, Weight
from detente.ground.identifiers import ActId, PartyId
from detente.ground.instants import Instant


class Open(Body, frozen=True, tag="silence.open"):
    """`scope` empty: the whole text.  `asked`: the hash of what would be settled; empty: the content itself."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: ActId
    scope: bytes
    content_hash: bytes
    asked: bytes
    question: str
    objectors: tuple[PartyId, ...]  # empty: the chair and all members
    deadline: Instant


class Received(Body, frozen=True, tag="silence.received"):
    """Said by the house itself.  It names the deadline that it saw."""

    silence: ActId
    deadline: Instant


class Object(Body, frozen=True, tag="silence.object"):
    """A proposed amendment is an objection too.  No reason is owed; the form asks for one."""

    weight: ClassVar[Weight] = Weight.DECIDING

    silence: ActId
    reason: str


class Lift(Body, frozen=True, tag="silence.lift"):
    """The author's objection is gone, as if it had not been said; the record keeps that it was."""

    weight: ClassVar[Weight] = Weight.DECIDING

    silence: ActId


class Extend(Body, frozen=True, tag="silence.extend"):
    """A later deadline: before the old one, or while the silence is held."""

    weight: ClassVar[Weight] = Weight.DECIDING

    silence: ActId
    deadline: Instant


class Conclude(Body, frozen=True, tag="silence.conclude"):
    """Judged once, at its place: its own log time says that the deadline is over."""

    weight: ClassVar[Weight] = Weight.DECIDING

    silence: ActId


class Record(Body, frozen=True, tag="silence.record"):
    """These parties are recorded as not reached, and the others' silence stands."""

    weight: ClassVar[Weight] = Weight.DECIDING

    silence: ActId
    parties: tuple[PartyId, ...]
    reason: str


class Cancel(Body, frozen=True, tag="silence.cancel"):
    """Nothing is decided."""

    weight: ClassVar[Weight] = Weight.DECIDING

    silence: ActId
    reason: str


class Explain(Body, frozen=True, tag="silence.explain"):
    """Attached to an adopted decision; it changes nothing."""

    silence: ActId
    words: str
    disassociates: bool


BODIES: tuple[type[Body], ...] = (Open, Received, Object, Lift, Extend, Conclude, Record, Cancel, Explain)
