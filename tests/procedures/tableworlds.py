"""Small worlds for the table's properties: a text, operations of three parties on it, and a reference.

The reference knows nothing of trees, slots or weaving.  It splices strings: `spliced` applies hunks
to the source by their offsets, and `standing` tells from the operations alone which are live and
have their place.
"""

import hashlib
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS, FACTS, LINE, START

from detente.acts.act import Verified
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, Position
from detente.ground.instants import Instant
from detente.procedures.table import acts, rules, tree
from detente.procedures.table.model import Fate, Table, Text
from detente.procedures.table.parse import VERSION

SOURCE = (
    "## Article 1\n\n1. The Parties [shall][should] open the line at noon and keep it open.\n\n"
    "2. A Party [promptly] answers what it is asked, in good faith.\n\n**Option 1:** One. [Two [or three].]\n\n"
    "**Option 2:** No text\n\n## Article 2\n\n1. This text binds no one.\n"
)
PARTIES = (ARVENIA, BELMORA, CORVALIS)
TEXT = ActId(hashlib.sha256(b"the text").digest())


def verified(body, author=ARVENIA, name=b"", position=0):
    return Verified(
        id=ActId(hashlib.sha256(b"act" + name).digest()),
        line=LINE,
        author=author,
        office="registry",
        position=Position(position),
        at=Instant(START),
        seen=Position(position),
        procedure="table",
        body=body,
    )


def laid(source=SOURCE) -> Table:
    act = replace(verified(acts.Import("A text", "en", VERSION, source)), id=TEXT)
    outcome = rules.admit(Table(), FACTS, act)
    assert isinstance(outcome, Table), outcome
    return outcome


TABLE = laid()


def fold(operations, table=TABLE, facts=FACTS) -> Text:
    """What is refused changes nothing."""
    for act in operations:
        outcome = rules.admit(table, facts, act)
        if not isinstance(outcome, Refused):
            table = outcome
    return table.texts[TEXT]


@dataclass(frozen=True)
class Passage:
    """A stretch of the source in which hunks may lie: its clause, and its runs as (lo, hi)."""

    clause: bytes
    runs: tuple[tuple[int, int], ...]


def passages(text: Text) -> list[Passage]:
    """The passages of the import, by who holds the runs."""
    held: dict[bytes, list[tuple[int, int]]] = {}
    ends = [*text.index.starts[1:], len(SOURCE)]
    runs = {node.lo: node.hi for node in tree.walk(text.document.passage) if isinstance(node, tree.Run)}
    for lo, _, owner in zip(text.index.starts, ends, text.index.owners, strict=True):
        if lo in runs:
            held.setdefault(owner, []).append((lo, runs[lo]))
    from detente.procedures.table.model import clause_holding

    return [Passage(clause_holding(text, owner), tuple(spans)) for owner, spans in held.items()]


PASSAGES = passages(TABLE.texts[TEXT])
WORDS = st.text(alphabet="abc ", max_size=6)


@st.composite
def hunk_sets(draw):
    """Hunks of one edit on one passage of the import, in order and apart."""
    where = draw(st.sampled_from(PASSAGES))
    places = sorted({offset for lo, hi in where.runs for offset in range(lo, hi + 1)})
    edges = sorted(draw(st.lists(st.sampled_from(places), min_size=2, max_size=4)))
    hunks = []
    for lo, hi in zip(edges[::2], edges[1::2], strict=False):
        if not hunks or hunks[-1].hi < lo:
            hunks.append(acts.Hunk(b"", lo, hi, draw(WORDS)))
    return acts.Edit(TEXT, where.clause, tuple(hunks))


@st.composite
def worlds(draw, most=8):
    """Acts of the parties, each on what came before it, with the acts that each needs to have come first."""
    made: list[Verified] = []
    needs: dict[ActId, set[ActId]] = {}
    for number in range(draw(st.integers(1, most))):
        author = draw(st.sampled_from(PARTIES))
        edits = [act for act in made if isinstance(act.body, acts.Edit)]
        kind = draw(st.sampled_from(["edit", "edit", "again", "nested", "withdraw", "alternative", "position"]))
        needed: set[ActId] = set()
        target = draw(st.sampled_from(edits)) if edits else None
        if kind == "again" and target is not None:
            body, needed = target.body, needs[target.id]
        elif kind == "nested" and target is not None:
            body, needed = draw(nested(target.body)), {target.id}
        elif kind == "withdraw" and target is not None:
            body, needed, author = acts.Withdraw(TEXT, target.id), {target.id}, target.author
        elif kind == "position" and target is not None:
            stance = draw(st.sampled_from(list(acts.Stance)))
            body, needed = acts.Position(TEXT, target.id, stance, False, ""), {target.id}
            needed = needed | {
                each.id for each in made if isinstance(each.body, acts.Position) and each.author == author
            }
        elif kind == "alternative":
            body = acts.Alternative(TEXT, draw(st.sampled_from(PASSAGES)).clause, draw(WORDS))
        else:
            body = draw(hunk_sets())
        act = verified(body, author, b"%d" % number, number)
        made.append(act)
        needs[act.id] = set(needed)
    return made, needs


@st.composite
def nested(draw, body):
    identity = acts.proposal_id(body.hunks)
    ordered = sorted(body.hunks, key=lambda each: (each.container, each.lo, each.hi))
    index = draw(st.integers(0, len(ordered) - 1))
    length = len(ordered[index].words)
    lo, hi = sorted((draw(st.integers(0, length)), draw(st.integers(0, length))))
    return acts.Edit(TEXT, body.clause, (acts.Hunk(tree.container_of(identity, index), lo, hi, draw(WORDS)),))


@st.composite
def reordered(draw, world):
    """The same acts in another order, each after what it needs."""
    made, needs = world
    waiting, done, order = list(made), set(), []
    while waiting:
        ready = [act for act in waiting if needs[act.id] <= done]
        act = draw(st.sampled_from(ready))
        waiting.remove(act)
        done.add(act.id)
        order.append(act)
    return order


# --- the reference ------------------------------------------------------------------------------


def live(text: Text) -> list[ActId]:
    return [each.id for each in text.operations.values() if each.fate is Fate.LIVE]


def maker(made, container):
    """The edits whose hunk made this container."""
    found = []
    for act in made:
        if isinstance(act.body, acts.Edit):
            identity = acts.proposal_id(act.body.hunks)
            if any(tree.container_of(identity, index) == container for index in range(len(act.body.hunks))):
                found.append(act)
    return found


def standing(made, text: Text):
    """The live edits whose words stand on words that are live in turn."""
    alive = set(live(text))

    def placed(act):
        return all(
            hunk.container == b"" or any(other.id in alive and placed(other) for other in maker(made, hunk.container))
            for hunk in act.body.hunks
        )

    return [act for act in made if isinstance(act.body, acts.Edit) and act.id in alive and placed(act)]


def with_parents(made, act):
    """The edit and those on whose words it stands."""
    found = [act]
    for hunk in act.body.hunks:
        if hunk.container:
            found += with_parents(made, maker(made, hunk.container)[0])
    return found


def spliced(source, chosen):
    """The source with exactly these edits, by plain cutting of strings."""
    hunks = {(h.container, h.lo, h.hi, h.words): (act, h) for act in chosen for h in act.body.hunks}

    def of(container, words):
        here = sorted((h.lo, h.hi, h.words, act) for (c, *_), (act, h) in hunks.items() if c == container for _ in [0])
        out, at = "", 0
        for lo, hi, new, act in here:
            ordered = sorted(act.body.hunks, key=lambda each: (each.container, each.lo, each.hi))
            index = next(
                n for n, each in enumerate(ordered) if (each.container, each.lo, each.hi) == (container, lo, hi)
            )
            made = tree.container_of(acts.proposal_id(act.body.hunks), index)
            out += words[at:lo] + of(made, new)
            at = hi
        return out + words[at:]

    return of(b"", source)


def seen_as(text: Text, wanted):
    """The text with its imported marks, every proposal decided by `wanted` (ids of proposals), from the tree."""

    def expand(slot, place):
        if slot.form not in {tree.Form.PROPOSAL, tree.Form.BAG, tree.Form.CLAUSE}:
            return tree.slot_written(slot, place)
        taken = next((each for each in slot.variants if each.id in wanted), None)
        if taken is None:
            return [] if slot.form is tree.Form.BAG else [slot.variants[0].places[place]]
        return [taken.places[place]]

    return "".join(tree.written(text.document.passage, expand))
