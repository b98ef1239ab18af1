"""Claim: asking the charter about an act is a small part of the act's journey: under a tenth.

Decisions: 500 random acts for each of the four templates, asked of the engine.  Floor: the same questions to plain
functions of Python, written by hand from the charters' prose (tests/procedures/charter_reference.py).  Refusals cost
more: they find out who could do it instead.

The journey: a note through three houses in one process, judged, sealed, stored, ordered, opened, verified and folded,
with its two receipts; on a line with a charter and, in the same rounds, on one without.  The charter is asked at home
and at each house for each of the three acts: that many times the guard's price is its share of the whole.  CPU time.

    python bench/charter.py [--rounds N]
"""

import argparse
import random
import sys
import time

import measure
from measure import micro, milli, say, times

sys.path[:0] = [str(measure.ROOT / "tests" / each) for each in ("procedures", "journeys", "")]
import charter_reference  # noqa: E402
import charterworlds  # noqa: E402
from conference import a_note  # noqa: E402
from lineup import FACTS  # noqa: E402
from msgspec.structs import replace  # noqa: E402
from test_conference_charter import Line  # noqa: E402

from detente.procedures.guidelines.engine import compiled, judge  # noqa: E402
from detente.procedures.guidelines.rules import guard  # noqa: E402
from detente.procedures.guidelines.templates import TEMPLATES  # noqa: E402

ACTS = 500
ASKED = 3 * (1 + 3)  # a note and two receipts, each asked of its own house and then at all three


def questions(template):
    """Acts in words, and as they are asked."""
    draw = random.Random(template)
    acts = [charterworlds.random_act(draw) for _ in range(ACTS)]
    return acts, [charterworlds.question(act) for act in acts]


def all_of(work, items):
    def case():
        for item in items:
            work(*item)

    return case


def deciding(rounds):
    cases, split = {}, {}
    for name, charter in TEMPLATES.items():
        made, (acts, asked) = compiled(charter), questions(name)
        allowed = [each for each in asked if judge(made, *each, FACTS).allowed]
        refused = [each for each in asked if not judge(made, *each, FACTS).allowed]
        split[name] = len(allowed), len(refused)
        cases[name, "allowed"] = all_of(lambda where, what, made=made: judge(made, where, what, FACTS), allowed)
        cases[name, "refused"] = all_of(lambda where, what, made=made: judge(made, where, what, FACTS), refused)
        cases[name, "floor"] = all_of(charter_reference.allowed, [(name, act) for act in acts])
    figures = measure.interleaved(cases, rounds)
    rows = []
    for name, (allowed, refused) in split.items():
        one = figures[name, "allowed"].median / allowed
        no = figures[name, "refused"].median / refused
        floor = figures[name, "floor"].median / ACTS
        rows.append([name, micro(one), f"{1 / one:,.0f}", times(one / floor), micro(no), f"{1 / no:,.0f}"])
    measure.table(["charter", "allowed us", "per second", "/ by hand", "refused us", "per second"], rows)


class Journey:
    """Notes through three houses, one after the other."""

    def __init__(self, charter):
        self.room, self.sequence = Line(charter), 0

    def __call__(self):
        self.sequence += 1
        chair, one = self.room.parties[:2]
        note = a_note(self.room, chair, one, sequence=self.sequence)
        self.room.chair.do(self.room.line, replace(note, info=(self.room.other.id,)), office="registry")
        self.room.settle()

    def guarding(self):
        """The guard alone, on this line as it stands."""
        state, facts = self.room.guidelines(self.room.one), self.room.one.house.line(self.room.line).state.facts
        asked = charterworlds.question(
            {**charterworlds.random_act(random.Random(1)), "kind": "correspondence.note", "precedence": "ROUTINE"}
        )[1]
        mine = type(asked)(self.room.one.id, "registry", self.room.now, asked.kind, asked.matter)
        return lambda: guard(state, facts, mine)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    begun = time.monotonic()
    measure.opening("the charter")
    deciding(rounds)
    journey = Journey(TEMPLATES["multilateral-conference"])
    bare = Journey(None)
    cases = {"with": journey, "without": bare, "guard": journey.guarding()}
    figures = measure.interleaved(cases, rounds, batch=0.3)
    whole, guarded = figures["with"].median, figures["guard"].median
    measure.table(
        ["a note and two receipts at three houses", "CPU ms", "/ without a charter"],
        [
            ["without a charter", milli(figures["without"].median), "1.00x"],
            ["with one", milli(whole), times(whole / figures["without"].median)],
            [f"asking it {ASKED} times", milli(ASKED * guarded), times(ASKED * guarded / figures["without"].median)],
        ],
    )
    say(f"the charter's share of the journey: {100 * ASKED * guarded / whole:.2f} % (goal: under 10 %)")
    measure.closing(begun)


if __name__ == "__main__":
    main()
