"""Claim: a settlement costs one clause, not the text: all of a long text takes a time that grows with its slots.

A generated text of about a thousand slots (and another of a quarter of that) is imported through the rules,
then every slot is settled by an act of its own, the innermost first, as the chair's house would fold it:
`views.next_slot` names the next one, `rules.admit` folds the settlement.  Texts given with --text are measured
the same way.

Floors, in the same rounds: for the import, the parse alone, and finding the brackets alone; for a settlement,
hashing the words of the whole text once, and of a clause of average size once: what one would pay if every
settlement hashed everything, and what it cannot do without.  CPU time.

    python bench/table.py [--slots N] [--rounds N] [--text FILE]
"""

import argparse
import hashlib
import time
from pathlib import Path
from types import MappingProxyType

import measure
from measure import micro, milli, say, times

from detente.acts.act import Verified
from detente.acts.facts import Facts, Member, Role
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, LineId, PartyId, Position
from detente.ground.instants import Instant
from detente.procedures.table import brackets, rules, tree, views
from detente.procedures.table.acts import Basis, Import, Settle
from detente.procedures.table.model import Table
from detente.procedures.table.parse import VERSION, parse

PARIS = "corpus/paris-2015/agreement_2015-12-04.md"
CHAIR = PartyId("chair")
FACTS = Facts(
    members=MappingProxyType({CHAIR: Member(CHAIR, "Arvenia", Role.CHAIR, *([bytes(32)] * 4), bytes(1984))}),
    must_accept=(CHAIR,),
    faults=0,
)
PARAGRAPH = (
    "{0}. [Each Party][The Parties] [shall][should][may] keep the line open [at every hour [of every day "
    "[, holidays included]]], and answer {0} calls [without delay].\n\n"
)


def generated(slots):
    """A text of articles and paragraphs with about so many slots, six in a paragraph, up to three deep."""
    text = []
    for number in range(slots // 6):
        if number % 8 == 0:
            text.append(f"## Article {number // 8 + 1}\n\n")
        text.append(PARAGRAPH.format(number % 8 + 1))
    return "".join(text)


def verified(body, number):
    name = hashlib.sha256(b"%d" % number).digest()
    at = Position(number)
    return Verified(ActId(name), LineId(bytes(32)), CHAIR, "registry", at, Instant(number), at, "table", body)


def imported(source):
    outcome = rules.admit(Table(), FACTS, verified(Import("A text", "en", VERSION, source), 0))
    if isinstance(outcome, Refused):
        raise SystemExit(outcome.sentence)
    return outcome


def settled(table):
    """Every slot settled: (the table, seconds of finding the next, seconds of folding), a number for each slot."""
    (name,) = table.texts
    finding, folding = [], []
    number = 0
    while True:
        start = time.process_time()
        slot = views.next_slot(table.texts[name])
        found = time.process_time()
        if slot is None:
            return table, finding, folding
        number += 1
        chosen = (slot.choices[number % len(slot.choices)].id,)
        body = Settle(name, slot.scope, slot.id, chosen, slot.precondition, Basis.CONSENSUS)
        act = verified(body, number)
        begun = time.process_time()
        outcome = rules.admit(table, FACTS, act)
        folding.append(time.process_time() - begun)
        finding.append(found - start)
        if isinstance(outcome, Refused):
            raise SystemExit(outcome.sentence)
        table = outcome


def measured(name, source, rounds):
    """The rows of one text."""
    table = imported(source)
    (text,) = table.texts.values()
    slots = text.document.passage.open
    clauses = sum(1 for _ in tree.clauses(text.document.passage))
    whole, clause = source.encode(), source.encode()[: len(source) // max(1, clauses)]
    cases = {
        "import, as folded": lambda: imported(source),
        "parse alone": lambda: parse(source),
        "finding brackets alone": lambda: brackets.match(source),
        "every open slot listed": lambda: views.open_slots(text),
        "bracketed text rendered": lambda: tree.render(text.document),
        "hashing the text": lambda: hashlib.sha256(whole).digest(),
        "hashing a clause": lambda: hashlib.sha256(clause).digest(),
    }
    figures = measure.interleaved(cases, rounds=rounds, batch=0.05, budget=40)
    first, last, all_of, found = measure.Figure(), measure.Figure(), measure.Figure(), measure.Figure()
    begun = time.monotonic()
    for number in range(rounds):
        after, finding, folding = settled(table)
        if not next(iter(after.texts.values())).clean and not text.document.passage.open:
            raise SystemExit("the text is not clean though every slot is settled")
        tenth = max(1, len(folding) // 10)
        first.seconds.append(sum(folding[:tenth]) / tenth)
        last.seconds.append(sum(folding[-tenth:]) / tenth)
        all_of.seconds.append(sum(folding) / len(folding))
        found.seconds.append(sum(finding) / len(finding))
        if (time.monotonic() - begun) * (number + 2) / (number + 1) > 30:
            break
    say(f"{name}: {len(whole):,} bytes, {clauses} clauses, {slots:,} slots, {len(folding):,} settlements")
    rows = [(case, milli(figure.median), milli(figure.least)) for case, figure in figures.items() if "hash" not in case]
    measure.table(["", "ms", "ms min"], rows)
    parsing = figures["import, as folded"].median
    say(
        f"import / parse alone {times(parsing / figures['parse alone'].median)}, "
        f"import / brackets alone {times(parsing / figures['finding brackets alone'].median)}"
    )
    rows = [
        (
            case,
            micro(figure.median),
            micro(figure.least),
            times(figure.median / figures["hashing a clause"].median),
            times(figure.median / figures["hashing the text"].median),
        )
        for case, figure in (
            ("a settlement, folded (mean of all)", all_of),
            ("  of the first tenth", first),
            ("  of the last tenth", last),
            ("finding the next slot", found),
        )
    ]
    measure.table(["", "us", "us min", "/ hashing a clause", "/ hashing the text"], rows)
    return slots, all_of.median


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--text", type=Path)
    options = parser.parse_args()
    begun = time.monotonic()
    measure.opening("table: import and settlement of long texts through the rules; CPU time")
    small, each_small = measured("generated, a quarter", generated(options.slots // 4), options.rounds)
    large, each_large = measured("generated", generated(options.slots), options.rounds)
    say(
        f"{large / small:.1f} times the slots: a settlement costs {times(each_large / each_small)}, "
        f"all of them {times(each_large * large / (each_small * small))}\n"
    )
    other = options.text or measure.shared(PARIS)
    if other:
        measured(other.name, other.read_text("utf-8"), options.rounds)
    measure.closing(begun)


if __name__ == "__main__":
    main()
