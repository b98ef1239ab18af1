"""Claims: a settlement costs one clause, not the text; one more operation costs what it touches, not the table.

**Settling.**  A generated text of about a thousand slots (and another of a quarter of that) is imported through the
rules, then every slot is settled by an act of its own, the innermost first, as the chair's house would fold it:
`views.next_slot` names the next one, `rules.admit` folds the settlement.  Texts given with --text are measured
the same way.  Floors, in the same rounds: for the import, the parse alone, and finding the brackets alone; for a
settlement, hashing the words of the whole text once, and of a clause of average size once.

**Many hands.**  20,000 edits, each of one to four hunks, by 193 parties on 680 clauses of sixty words are folded
from nothing; then one more, a view of the whole, what changed since, the saved table put down and taken up, and
what people open then: the overview, and a page of twenty clauses.  What it all holds in memory, by tracemalloc.
Beside it pycrdt and Loro, who apply the same edits to the same words as plain text, one transaction an edit, and
load what they saved.  They give one sequence of words; the alternatives, who proposed them and what became of
them are lost to them, and the table keeps all of it: so this compares prices, not goods.  The floor is SHA-256 of
each act.  CPU time.

    python bench/table.py [--slots N] [--operations N] [--rounds N] [--text FILE] [--part settling|hands]
"""

import argparse
import gc
import hashlib
import random
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import measure
from measure import micro, milli, say, times

from detente.acts.act import Verified
from detente.acts.facts import Facts, Member, Role
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, LineId, PartyId, Position
from detente.ground.instants import Instant
from detente.procedures.table import brackets, rules, saved, tree, views
from detente.procedures.table.acts import Basis, Edit, Hunk, Import, Settle
from detente.procedures.table.model import Table
from detente.procedures.table.parse import VERSION, parse
from detente.procedures.table.tree import ClauseKind
from detente.wire import canonical

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


# --- many hands ---------------------------------------------------------------------------------

CLAUSES, EACH, HANDS = 680, 60, 193
VOCABULARY = tuple(
    "the each Parties shall open a line and keep it open at every hour of day holidays included answer calls "  # noqa: SIM905
    "without delay in good faith promptly".split()
)
MANY = Facts(
    members=MappingProxyType(
        {
            (name := PartyId(f"party-{number:03}")): Member(
                name, name, Role.MEMBER if number else Role.CHAIR, *([bytes(32)] * 4), bytes(1984)
            )
            for number in range(HANDS)
        }
    ),
    must_accept=tuple(PartyId(f"party-{number:03}") for number in range(HANDS)),
    faults=0,
)


def words_of_many(chance):
    text = []
    for number in range(CLAUSES):
        if number % 10 == 0:
            text.append(f"## Article {number // 10 + 1}\n\n")
        else:
            text.append(f"{number % 10}. " + " ".join(chance.choice(VOCABULARY) for _ in range(EACH)) + ".\n\n")
    return "".join(text)


def edits_of_many(text, count, chance):
    """Edits at places drawn from the whole text: insertions, replacements and deletions of a few words."""
    paragraphs = [
        (clause.id, clause.passage.items[0])
        for clause in tree.clauses(text.document.passage)
        if clause.kind is ClauseKind.PARAGRAPH
    ]
    parties = list(MANY.members)
    found = []
    while len(found) < count:
        clause, run = chance.choice(paragraphs)
        spans, at = [], run.lo
        for word in run.text.split(" "):
            spans.append((at, at + len(word)))
            at += len(word) + 1
        hunks, end = [], 0
        parts = 1 if chance.random() < 0.7 else chance.randint(2, 4)
        for place in sorted(chance.sample(range(1, len(spans) - 4), parts)):
            lo = spans[place][0]
            inserts = chance.random() < 0.4
            hi = lo if inserts else spans[place + chance.randint(0, 3)][1]
            said = f"{chance.choice(VOCABULARY)} {chance.choice(VOCABULARY)}"
            if lo >= end:
                hunks.append(Hunk(b"", lo, hi, f"{said} " if inserts else chance.choice(("", said))))
                end = hi + 1
        act = verified(Edit(text.id, clause, tuple(hunks)), len(found) + 1)
        found.append(replace(act, author=chance.choice(parties)))
    return found


def in_one_sequence(source, acts):
    """The same edits for a plain text: (offset, how many characters go, what comes) where the text is by then."""
    widths = Sums(len(source) + 1)
    for act in acts:
        edits = []
        for hunk in act.body.hunks:
            lo, hi = widths.before(hunk.lo), widths.before(hunk.hi)
            edits.append((lo, hi - lo, hunk.words))
            widths.replace(hunk.lo, hunk.hi, len(hunk.words))
        yield edits


class Sums:
    """Where each character of the first text is now: sums over a binary indexed tree."""

    def __init__(self, size):
        self.own = [1] * size
        self.tree = [index & -index for index in range(size + 1)]

    def before(self, index):
        total = 0
        while index > 0:
            total += self.tree[index]
            index -= index & -index
        return total

    def _set(self, index, width):
        change = width - self.own[index]
        self.own[index] = width
        index += 1
        while change and index < len(self.tree):
            self.tree[index] += change
            index += index & -index

    def replace(self, lo, hi, width):
        """What stood from `lo` to `hi` is gone, and `width` characters stand before what comes then."""
        for index in range(lo, hi):
            self._set(index, 0)
        self._set(hi, self.own[hi] + width)


def folded(table, acts):
    for act in acts:
        outcome = rules.admit(table, MANY, act)
        if not isinstance(outcome, Refused):
            table = outcome
    return table


def timed(work):
    gc.collect()
    start = time.process_time()
    made = work()
    return made, time.process_time() - start


def in_pycrdt(source, edits):
    import pycrdt

    document = pycrdt.Doc()
    text = document.get("text", type=pycrdt.Text)
    text += source
    start = time.process_time()
    for hunks in edits:
        with document.transaction():
            for lo, gone, words in hunks:
                if gone:
                    del text[lo : lo + gone]
                if words:
                    text.insert(lo, words)
    spent = time.process_time() - start
    whole = document.get_update()

    def load():
        again = pycrdt.Doc()
        again.apply_update(whole)
        return again

    return spent, load, len(whole), str(text)


def in_loro(source, edits):
    import loro

    document = loro.LoroDoc()
    text = document.get_text("text")
    text.insert(0, source)
    document.commit()
    start = time.process_time()
    for hunks in edits:
        for lo, gone, words in hunks:
            if gone:
                text.delete(lo, gone)
            if words:
                text.insert(lo, words)
        document.commit()
    spent = time.process_time() - start
    whole = document.export(loro.ExportMode.Snapshot())

    def load():
        again = loro.LoroDoc()
        again.import_(whole)
        return again.get_text("text").to_string()  # Loro reads a snapshot only when it is asked for something

    return spent, load, len(whole), text.to_string()


class Fresh:
    """A view of a table that was just taken up; that is not measured."""

    def __init__(self, raw, view):
        self.raw, self.view = raw, view

    def prepare(self):
        gc.collect()  # of the one before
        self.text = saved.take_up(self.raw)

    def __call__(self):
        return self.view(self.text)


def many_hands(count, rounds):
    chance = random.Random(7)
    source = words_of_many(chance)
    act = verified(Import("A text", "en", VERSION, source), 0)
    empty = rules.admit(Table(), MANY, replace(act, author=PartyId("party-000")))
    (text,) = empty.texts.values()
    acts = edits_of_many(text, count, chance)
    edits = list(in_one_sequence(source, acts))
    bodies = [canonical.encode(each.body) for each in acts]
    say(
        f"{count:,} edits of {sum(len(each.body.hunks) for each in acts):,} hunks by {HANDS} parties "
        f"on {CLAUSES} clauses, {len(source):,} characters"
    )

    table, folding = timed(lambda: folded(empty, acts))
    (text,) = table.texts.values()
    _, floor = timed(lambda: [hashlib.sha256(body).digest() for body in bodies])
    _, weaving = timed(lambda: text.document.digest)
    _, showing = timed(lambda: views.rolling(text, MANY))
    loro_spent, loro_load, loro_bytes, sequence = in_loro(source, edits)
    pycrdt_spent, pycrdt_load, pycrdt_bytes, same = in_pycrdt(source, edits)
    if sequence != same:
        raise SystemExit("the two peers do not hold the same words")
    rows = [
        (name, milli(spent), micro(spent / count), times(spent / pycrdt_spent), times(spent / floor))
        for name, spent in (
            ("the table folds them", folding),
            ("  and its content hash is asked for", folding + weaving),
            ("  and the whole is shown with all alternatives", folding + weaving + showing),
            ("pycrdt, one sequence", pycrdt_spent),
            ("Loro, one sequence", loro_spent),
            ("SHA-256 of each act", floor),
        )
    ]
    measure.table(["from nothing", "ms", "us each", "/ pycrdt", "/ hashing"], rows)

    raw = saved.put_down(text)
    small = folded(empty, acts[: count // 10])
    more = [edits_of_one_more(text, chance, count + at) for at in range(200)]

    def one_more(table):
        turn = iter(more * 1_000)
        return lambda: rules.admit(table, MANY, next(turn))

    def seen_again():
        after = rules.admit(table, MANY, more[0])
        (changed,) = after.texts.values()
        return views.rolling(changed, MANY)

    views.rolling(text, MANY)
    cases = {
        "one more operation": one_more(table),
        "one more operation, on a tenth of the table": one_more(small),
        "one more, and the whole is shown": seen_again,
        "taken up, and the overview shown": lambda: views.overview(saved.take_up(raw), MANY),
        "the overview, once it is taken up": Fresh(raw, lambda text: views.overview(text, MANY)),
        "a page of 20 clauses, once it is taken up": Fresh(raw, lambda text: views.page(text, MANY, 0, 20)),
        "  and the overview after that": Fresh(
            raw, lambda text: (views.page(text, MANY, 0, 20), views.overview(text, MANY))
        ),
        "all 680 with all alternatives, once it is taken up": Fresh(raw, lambda text: views.rolling(text, MANY)),
        "the figures of the text": lambda: views.summary(text, MANY),
        "what changed since the last 100 acts": lambda: views.changes(text, Position(count - 100)),
        "what changed since the import": lambda: views.changes(text, Position(0)),
        "the words as they stand": lambda: views.standing_words(text),
        "the saved table taken up": lambda: saved.take_up(raw),
        "pycrdt takes up its document": pycrdt_load,
        "Loro takes up its document": loro_load,
        "the table put down": lambda: saved.put_down(text),
    }
    figures = measure.interleaved(cases, rounds=rounds, batch=0.1, budget=60)
    load = figures["pycrdt takes up its document"].median
    rows = [(name, milli(one.median), milli(one.least), times(one.median / load)) for name, one in figures.items()]
    measure.table(["", "ms", "ms min", "/ pycrdt loads"], rows)
    growth = figures["one more operation"].median / figures["one more operation, on a tenth of the table"].median
    say(f"ten times the table: one more operation costs {times(growth)}")
    say(f"saved: the table {len(raw):,} bytes, pycrdt {pycrdt_bytes:,}, Loro {loro_bytes:,}")
    memory(empty, acts, raw, sum(map(len, bodies)))


def memory(empty, acts, raw, said):
    """What the table holds, against the bytes of the acts that made it: folded, taken up, and with everything woven."""
    made = {}
    for name, make in (
        ("folded", lambda: folded(empty, acts)),
        ("taken up", lambda: saved.take_up(raw)),
        ("taken up, everything woven", lambda: woven(saved.take_up(raw))),
    ):
        gc.collect()
        tracemalloc.start()
        kept = make()
        gc.collect()
        made[name] = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del kept
    rows = [
        (name, f"{held / 2**20:,.1f}", f"{most / 2**20:,.1f}", times(held / said))
        for name, (held, most) in made.items()
    ]
    measure.table(["memory", "MiB", "at most", "/ the acts' bytes"], rows)


def woven(text):
    return text.document.digest and text


def edits_of_one_more(text, chance, number):
    (act,) = edits_of_many(text, 1, chance)
    return replace(act, id=ActId(hashlib.sha256(b"more %d" % number).digest()), position=Position(number))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=1_000)
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", choices=("settling", "hands"))
    parser.add_argument("--text", type=Path)
    options = parser.parse_args()
    begun = time.monotonic()
    measure.opening("table: import, settlement and proposals on long texts, through the rules; CPU time")
    if options.part != "settling":
        many_hands(options.operations, options.rounds)
    if options.part != "hands":
        settling(options)
    measure.closing(begun)


def settling(options):
    small, each_small = measured("generated, a quarter", generated(options.slots // 4), options.rounds)
    large, each_large = measured("generated", generated(options.slots), options.rounds)
    say(
        f"{large / small:.1f} times the slots: a settlement costs {times(each_large / each_small)}, "
        f"all of them {times(each_large * large / (each_small * small))}\n"
    )
    other = options.text or measure.shared(PARIS)
    if other:
        measured(other.name, other.read_text("utf-8"), options.rounds)


if __name__ == "__main__":
    main()
