"""Ballots: open votes by rules of procedure that are data.

    Plan        the chair confirms in which order things are put, and what falls if something is adopted
    Open        the chair puts exactly this content to the vote: from here on nobody interrupts it
    Cast        a party votes; its last word before the end counts
    Close       the end: everyone has voted, or the time is over
    Again       after a tie, where the rules give a second vote
    Intend      a party says after the vote what it meant to vote: noted, the result unchanged
    Explain     an explanation of vote; never by who sponsored what was put

A vote is cast by a party, in the open.  Secret ballots are another thing, and are not here.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

import msgspec

from detente.acts.act import Body, Weight
from detente.ground.identifiers import ActId, PartyId
from detente.ground.instants import Instant


class Choice(Enum):
    """A vote."""

    YES = "yes"
    NO = "no"
    ABSTAIN = "abstain"


class Base(Enum):
    """Of what the majority is counted."""

    VOTING = "present and voting"  # yes and no: who abstains is not voting (rule 86 of the General Assembly)
    PRESENT = "present"  # yes, no and abstentions
    MEMBERS = "members"  # all who may vote


class Tie(Enum):
    """What a tie is, where the majority is more than half."""

    REJECTED = "rejected"  # at once, as in a main committee (rule 133)
    SECOND = "second vote"  # then rejected (rule 95)


class Blocs(Enum):
    """For whom an organisation of States votes, where its members do not vote themselves."""

    NONE = "none"  # organisations have no votes
    SEATED = "seated"  # as many votes as it has members among those who may vote here
    ALL = "all"  # as many votes as it has members


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a whole, exactly; `above` asks for more than it, otherwise that much is enough."""

    of: int
    by: int
    above: bool

    def reached(self, count: int, whole: int) -> bool:
        """Whether `count` is this share of `whole`; in whole numbers, so nothing is rounded."""
        return count * self.by > whole * self.of if self.above else count * self.by >= whole * self.of


class VotingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules of procedure, as far as a vote needs them.  presets.py has those of known bodies."""

    name: str
    quorum: Share  # of those who may vote, present
    majority: Share
    base: Base
    most_against: int | None  # more votes against than this, and it is rejected: 0 is consensus
    tie: Tie
    blocs: Blocs


class Bloc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An organisation that votes for its members.  Its votes are never additional to theirs."""

    party: PartyId
    members: tuple[PartyId, ...]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to be put.  `falls`: later steps (counted from 0) that are not put if this one is adopted."""

    question: str
    falls: tuple[int, ...]
    operative: bool  # an operative part, put separately: if all of them are rejected, so is the whole
    whole: bool  # the text as a whole, last of all


class Plan(Body, frozen=True, tag="ballot.plan"):
    """Software proposes the order; that it is the right one is the chair's ruling."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: ActId
    steps: tuple[Step, ...]
    reason: str


class Open(Body, frozen=True, tag="ballot.open"):
    """`asked`: the hash of what would be settled; empty: the content itself.  `plan` empty: a vote on its own."""

    weight: ClassVar[Weight] = Weight.DECIDING

    text: ActId
    scope: bytes
    content_hash: bytes
    asked: bytes
    question: str
    rules: VotingRules
    voters: tuple[PartyId, ...]  # empty: the chair and all members
    blocs: tuple[Bloc, ...]
    sponsors: tuple[PartyId, ...]
    closes: Instant
    plan: bytes
    step: int


class Cast(Body, frozen=True, tag="ballot.cast"):
    """One vote for each party."""

    weight: ClassVar[Weight] = Weight.DECIDING

    ballot: ActId
    choice: Choice


class Close(Body, frozen=True, tag="ballot.close"):
    """Judged once, at its place in the log."""

    weight: ClassVar[Weight] = Weight.DECIDING

    ballot: ActId


class Again(Body, frozen=True, tag="ballot.again"):
    """The second vote after a tie."""

    weight: ClassVar[Weight] = Weight.DECIDING

    ballot: ActId
    closes: Instant


class Intend(Body, frozen=True, tag="ballot.intend"):
    """What the author had meant to vote."""

    ballot: ActId
    choice: Choice


class Explain(Body, frozen=True, tag="ballot.explain"):
    """Before or after the vote."""

    ballot: ActId
    words: str


BODIES: tuple[type[Body], ...] = (Plan, Open, Cast, Close, Again, Intend, Explain)
