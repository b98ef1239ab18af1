"""Roll calls of the General Assembly on amendments and on separate paragraphs, under two majorities."""

import json
from collections import Counter
from fractions import Fraction

import pytest
from shared import shared

from detente.procedures.table.majority import SIMPLE, TWO_THIRDS, Outcome, Rule, Vote, decide, tally

pytestmark = pytest.mark.vectors
SAID = {"Y": Vote.YES, "N": Vote.NO, "A": Vote.ABSTAIN}


def test_outcomes_agree_with_the_counts():
    rows = [json.loads(line) for line in shared("corpus/unga-votes/roll_calls.jsonl").read_text("utf-8").splitlines()]
    outcomes: Counter[tuple[Outcome, Outcome]] = Counter()
    for row in rows:
        counted = Counter(row["votes"].values())
        assert set(counted) <= set("YNA")
        found = tally({state: SAID[vote] for state, vote in row["votes"].items()})
        assert (found.yes, found.no, found.abstain) == (counted["Y"], counted["N"], counted["A"])
        simple, thirds = decide(found, Rule(SIMPLE)), decide(found, Rule(TWO_THIRDS))
        voting = counted["Y"] + counted["N"]
        assert (simple is Outcome.ADOPTED) == (counted["Y"] > counted["N"])
        assert (thirds is Outcome.ADOPTED) == (voting > 0 and Fraction(counted["Y"], voting) >= Fraction(2, 3))
        assert (simple is Outcome.TIED) == (0 < counted["Y"] == counted["N"])
        outcomes[simple, thirds] += 1
    assert sum(outcomes.values()) == len(rows)
    assert outcomes == {
        (Outcome.ADOPTED, Outcome.ADOPTED): 389,
        (Outcome.ADOPTED, Outcome.REJECTED): 67,
        (Outcome.REJECTED, Outcome.REJECTED): 117,
        (Outcome.TIED, Outcome.REJECTED): 4,
    }
