"""Counting: from votes to an outcome, by rules that are data.  Whole numbers only.

1. A party that may vote has one vote.  An organisation has as many as the rules give it, less one for each of its
   members that votes itself: its votes are never additional to theirs.
2. Present is who voted, abstentions included.  Without the quorum nothing is decided.
3. The majority is counted of the base: yes and no, or all present, or all who may vote.  Nothing put to nobody is
   adopted: where the base is empty, the answer is no, except that consensus needs no vote in favour.
4. More votes against than the rules bear, and it is rejected.  A tie is a tie where more than half was needed of yes
   and no, and both are as many.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from detente.acts.voting import Outcome
from detente.ground.identifiers import PartyId
from detente.procedures.ballot.acts import Base, Bloc, Blocs, Choice, VotingRules


@dataclass(frozen=True)
class Tally:
    """The figures of a vote, in votes, and what they amount to."""

    yes: int
    no: int
    abstain: int
    absent: int
    outcome: Outcome

    @property
    def members(self) -> int:
        """All votes that there are."""
        return self.yes + self.no + self.abstain + self.absent


def tally(
    rules: VotingRules, voters: Collection[PartyId], blocs: Collection[Bloc], cast: Mapping[PartyId, Choice]
) -> Tally:
    """What these votes amount to under these rules.  Votes of who may not vote do not count."""
    weights = votes_of(rules, voters, blocs, cast)
    counted = dict.fromkeys(Choice, 0)
    for party, weight in weights.items():
        if party in cast:
            counted[cast[party]] += weight
    yes, no, abstain = (counted[each] for each in (Choice.YES, Choice.NO, Choice.ABSTAIN))
    absent = sum(weights.values()) - yes - no - abstain
    return Tally(yes, no, abstain, absent, _outcome(rules, yes, no, abstain, absent))


def votes_of(
    rules: VotingRules, voters: Collection[PartyId], blocs: Collection[Bloc], cast: Mapping[PartyId, Choice]
) -> dict[PartyId, int]:
    """How many votes each party has, given who votes itself."""
    organisations = {each.party for each in blocs}
    weights = {party: 1 for party in voters if party not in organisations}
    taken: set[PartyId] = set()  # a member of two organisations is spoken for once, by the first that votes
    for bloc in blocs:
        if rules.blocs is Blocs.NONE or bloc.party not in voters or bloc.party not in cast:
            continue
        able = set(weights) if rules.blocs is Blocs.SEATED else set(bloc.members) - organisations
        spoken_for = set(bloc.members) & able - set(cast) - taken
        taken |= spoken_for
        for party in spoken_for:
            weights.pop(party, None)
        weights[bloc.party] = len(spoken_for)
    return weights


def _outcome(rules: VotingRules, yes: int, no: int, abstain: int, absent: int) -> Outcome:
    present = yes + no + abstain
    if not present or not rules.quorum.reached(present, present + absent):
        return Outcome.NO_QUORUM
    if rules.most_against is not None and no > rules.most_against:
        return Outcome.REJECTED
    base = {Base.VOTING: yes + no, Base.PRESENT: present, Base.MEMBERS: present + absent}[rules.base]
    if rules.majority.of == 0:
        return Outcome.ADOPTED
    if base and rules.majority.reached(yes, base):
        return Outcome.ADOPTED
    halves = rules.base is Base.VOTING and rules.majority.above and 2 * rules.majority.of == rules.majority.by
    return Outcome.TIED if halves and yes == no and yes else Outcome.REJECTED
