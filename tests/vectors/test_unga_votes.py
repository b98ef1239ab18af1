"""Roll calls of the General Assembly: what our counting says agrees with the recorded figures, vote by vote."""

import json
from collections import Counter

import pytest
from shared import shared

from detente.acts.voting import Outcome
from detente.ground.identifiers import PartyId
from detente.procedures.ballot.acts import Choice
from detente.procedures.ballot.presets import PRESETS
from detente.procedures.ballot.tally import tally

pytestmark = pytest.mark.vectors
LETTERS = {"Y": Choice.YES, "N": Choice.NO, "A": Choice.ABSTAIN}


def test_every_roll_call_has_the_outcome_of_its_figures_under_both_majorities():
    lines = shared("corpus/unga-votes/roll_calls.jsonl").read_text("utf-8").splitlines()
    calls = [json.loads(line)["votes"] for line in lines]
    every_state = sorted({state for votes in calls for state in votes})
    decided = Counter()
    for votes in calls:
        counted = Counter(votes.values())
        yes, no, abstain = (counted[letter] for letter in "YNA")
        cast = {PartyId(state): LETTERS[letter] for state, letter in votes.items()}
        voters = [PartyId(state) for state in votes]  # who was absent is not in the record
        simple = tally(PRESETS["general-assembly"], voters, (), cast)
        important = tally(PRESETS["important-question"], voters, (), cast)
        assert (simple.yes, simple.no, simple.abstain) == (yes, no, abstain)
        assert (simple.outcome is Outcome.ADOPTED) == (yes > no)
        assert (simple.outcome is Outcome.TIED) == (yes == no and yes > 0)
        assert (important.outcome is Outcome.ADOPTED) == (yes > 0 and yes >= 2 * no)
        decided[simple.outcome, important.outcome] += 1
    assert len(calls) > 500
    assert len(every_state) > 190
    assert {simple for simple, _ in decided} >= {Outcome.ADOPTED, Outcome.REJECTED}
    assert decided[Outcome.ADOPTED, Outcome.REJECTED]  # what a majority wanted and two thirds did not
