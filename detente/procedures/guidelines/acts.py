"""The guidelines: how the parties of a line agree on its charter, and where the line stands on the ladder.

    Propose    a charter, to replace the one in force
    Accept     exactly that charter, by its hash
    Step       a rung of the ladder, in the author's own name
    Declare    how relations are, as the author sees it
    Announce   a party is to be admitted as an observer
    Object     against such an admission
    Leave      the author says that it will leave
    Bar        an office is not received here any more, or again; no reason is owed.  One's own is so recalled

The founding act stays what it is: a line without an accepted charter keeps to its founding act alone.
"""

from __future__ import annotations

from typing import ClassVar

from detente.acts.act import Body, Weight
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.guidelines.clauses import Charter, Phase, Rung


class Propose(Body, frozen=True, tag="guidelines.propose"):
    """`replaces` is the name of the charter in force; empty: there is none."""

    weight: ClassVar[Weight] = Weight.DECIDING

    charter: Charter
    replaces: bytes


class Accept(Body, frozen=True, tag="guidelines.accept"):
    """`name` is the hash of the proposed charter (clauses.name_of)."""

    weight: ClassVar[Weight] = Weight.DECIDING

    proposal: ActId
    name: bytes


class Step(Body, frozen=True, tag="guidelines.step"):
    """The line stands on the highest rung on which one of its parties stands; `OPEN` takes the author's own back."""

    weight: ClassVar[Weight] = Weight.DECIDING

    rung: Rung
    reason: str


class Declare(Body, frozen=True, tag="guidelines.declare"):
    """The line is in the gravest phase that one of its parties declares."""

    weight: ClassVar[Weight] = Weight.DECIDING

    phase: Phase
    reason: str


class Announce(Body, frozen=True, tag="guidelines.announce"):
    """From its place in the log on, the time in which members may object runs."""

    weight: ClassVar[Weight] = Weight.DECIDING

    party: PartyId


class Object(Body, frozen=True, tag="guidelines.object"):
    """It stands until its author takes it back (`stands` false)."""

    weight: ClassVar[Weight] = Weight.DECIDING

    party: PartyId
    stands: bool


class Leave(Body, frozen=True, tag="guidelines.leave"):
    """`stays`: the author takes its notice back."""

    weight: ClassVar[Weight] = Weight.DECIDING

    stays: bool
    reason: str


class Bar(Body, frozen=True, tag="guidelines.bar"):
    """What that office said before stays valid, and its party keeps its seat."""

    weight: ClassVar[Weight] = Weight.DECIDING

    party: PartyId
    office: str
    barred: bool
    reason: str


BODIES: tuple[type[Body], ...] = (Propose, Accept, Step, Declare, Announce, Object, Leave, Bar)
