"""What a vote decides: counting, majorities, ties.

Rules of procedure of the General Assembly (A/520), and the Vienna Convention on the Law of Treaties:

    RoP 86        "present and voting" are those that vote yes or no; who abstains does not vote
    RoP 85        more yes than no decides
    RoP 83, 84    two thirds of those present and voting decide important questions, and amendments to them
    VCLT 9(2)     so does a conference on the text of a treaty, unless it chose another rule by the same majority
    RoP 67        a decision needs a majority of the members present
    RoP 95        a tie is voted on again; RoP 133: in a Main Committee it rejects at once

A majority is a fraction, compared without division.  Where nobody votes yes or no, nothing is decided for.  Consensus
is no majority: it is that nobody objects when the chair puts a text, and nobody is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Vote(Enum):
    """What a member says when it is asked."""

    YES = "yes"
    NO = "no"
    ABSTAIN = "abstain"


class Outcome(Enum):
    """What became of it."""

    ADOPTED = "adopted"
    REJECTED = "rejected"
    TIED = "tied"  # to be voted on again
    NO_QUORUM = "no quorum"


@dataclass(frozen=True)
class Tally:
    """How many said what."""

    yes: int
    no: int
    abstain: int = 0

    def __post_init__(self) -> None:
        if min(self.yes, self.no, self.abstain) < 0:
            raise ValueError("A tally counts members.")

    @property
    def voting(self) -> int:
        """Present and voting (RoP 86)."""
        return self.yes + self.no

    @property
    def present(self) -> int:
        """All that answered."""
        return self.voting + self.abstain


@dataclass(frozen=True)
class Majority:
    """Which part of those present and voting has to say yes: at least so much, or more than so much."""

    name: str
    part: int
    of: int
    more: bool

    def reached(self, yes: int, voting: int) -> bool:
        """Whether so many of so many are enough; of nobody, nobody is."""
        if not voting:
            return False
        return yes * self.of > voting * self.part if self.more else yes * self.of >= voting * self.part


SIMPLE: Final = Majority("simple majority", 1, 2, more=True)
TWO_THIRDS: Final = Majority("two thirds", 2, 3, more=False)


@dataclass(frozen=True)
class Rule:
    """How a body decides.  `members` is all that belong to it: without it no quorum is asked for."""

    majority: Majority
    members: int | None = None
    tie_is_final: bool = False  # as in a Main Committee; otherwise a tie is voted on again


def tally(votes: Mapping[str, Vote] | Iterable[Vote]) -> Tally:
    """The votes of members, counted.  A mapping has one vote for each member (RoP 82)."""
    counted = Counter(votes.values() if isinstance(votes, Mapping) else votes)
    return Tally(counted[Vote.YES], counted[Vote.NO], counted[Vote.ABSTAIN])


def decide(counted: Tally, rule: Rule) -> Outcome:
    """What a vote decides under a rule."""
    if rule.members is not None and 2 * counted.present <= rule.members:
        return Outcome.NO_QUORUM
    if rule.majority.reached(counted.yes, counted.voting):
        return Outcome.ADOPTED
    tied = counted.yes == counted.no and counted.yes > 0 and rule.majority is SIMPLE
    return Outcome.TIED if tied and not rule.tie_is_final else Outcome.REJECTED


def again(first: Outcome, counted: Tally, rule: Rule) -> Outcome:
    """The second vote after a tie: another tie rejects (RoP 95).  `ValueError` where the first was no tie."""
    if first is not Outcome.TIED:
        raise ValueError("A vote is repeated after a tie only.")
    second = decide(counted, rule)
    return Outcome.REJECTED if second is Outcome.TIED else second


def needed(voting: int, majority: Majority) -> int:
    """How many yes are enough where so many vote yes or no."""
    least = voting * majority.part
    return least // majority.of + 1 if majority.more else -(-least // majority.of)
