"""Majorities: by the rules' own words, against a count with fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.procedures.table.majority import (
    SIMPLE,
    TWO_THIRDS,
    Outcome,
    Rule,
    Tally,
    Vote,
    again,
    decide,
    needed,
    tally,
)

COUNTS = st.integers(0, 200)


@given(COUNTS, COUNTS, COUNTS)
def test_majorities_are_fractions_of_those_present_and_voting(yes, no, abstain):
    counted = Tally(yes, no, abstain)
    share = Fraction(yes, yes + no) if yes + no else Fraction(0)
    assert (decide(counted, Rule(SIMPLE)) is Outcome.ADOPTED) == (share > Fraction(1, 2))
    assert (decide(counted, Rule(TWO_THIRDS)) is Outcome.ADOPTED) == (share >= Fraction(2, 3))
    assert (decide(counted, Rule(SIMPLE)) is Outcome.TIED) == (yes == no > 0)
    assert decide(counted, Rule(SIMPLE, tie_is_final=True)) is not Outcome.TIED


@given(st.integers(1, 400), st.sampled_from([SIMPLE, TWO_THIRDS]))
def test_what_is_needed_is_the_least_that_is_enough(voting, majority):
    least = needed(voting, majority)
    assert majority.reached(least, voting)
    assert not majority.reached(least - 1, voting)


@given(st.dictionaries(st.text(max_size=3), st.sampled_from(Vote)))
def test_votes_are_counted_once_for_each_member(votes):
    counted = tally(votes)
    assert counted == tally(list(votes.values()))
    assert counted.present == len(votes)
    assert counted.voting == counted.present - counted.abstain


@pytest.mark.parametrize(
    ("counted", "members", "outcome"),
    [
        (Tally(3, 1, 1), 10, Outcome.NO_QUORUM),
        (Tally(3, 1, 2), 10, Outcome.ADOPTED),
        (Tally(0, 0, 6), 10, Outcome.REJECTED),
        (Tally(0, 0, 0), 0, Outcome.NO_QUORUM),
        (Tally(0, 0, 0), None, Outcome.REJECTED),
    ],
)
def test_a_decision_needs_a_majority_of_the_members_present(counted, members, outcome):
    assert decide(counted, Rule(SIMPLE, members)) is outcome


def test_a_tie_is_voted_on_again_and_a_second_tie_rejects():
    rule = Rule(SIMPLE)
    assert decide(Tally(5, 5), rule) is Outcome.TIED
    assert again(Outcome.TIED, Tally(5, 5), rule) is Outcome.REJECTED
    assert again(Outcome.TIED, Tally(6, 5), rule) is Outcome.ADOPTED
    with pytest.raises(ValueError, match="after a tie"):
        again(Outcome.REJECTED, Tally(6, 5), rule)
    assert decide(Tally(5, 5), Rule(TWO_THIRDS)) is Outcome.REJECTED


def test_nobody_votes_less_than_nobody():
    with pytest.raises(ValueError, match="counts members"):
        Tally(-1, 0)
