"""981 amendments of one committee, and 260 of another, laid on one text: none lost, none changed, equal ones joined."""

import hashlib
import random
from collections import Counter
from dataclasses import replace
from types import MappingProxyType

import pytest
from lineup import FACTS, member, party
from shared import shared

from detente.acts.act import Verified
from detente.acts.facts import Role
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, Position
from detente.ground.instants import Instant
from detente.procedures.table import amendments, amendments_list, rules, tree
from detente.procedures.table.acts import Import
from detente.procedures.table.amendments import Kind
from detente.procedures.table.model import Table
from detente.procedures.table.parse import VERSION
from detente.procedures.table.views import projection, summary

pytestmark = pytest.mark.vectors
ITRE = "corpus/gdpr-amendments-2012/amendments_ITRE.jsonl"
LIBE = "corpus/gdpr-amendments-2012/LIBE_amendments_2091-2350_antiword.txt"
TEXT = ActId(hashlib.sha256(b"the base").digest())


def listed(path):
    found = amendments_list.read(shared(path).read_bytes())
    assert found.unread == ()
    return found.amendments


@pytest.fixture(scope="module")
def loaded():
    return amendments.load(listed(ITRE))


def act(author, number, body, position):
    name = ActId(hashlib.sha256(b"%d" % number).digest())
    at = Instant(1_790_000_000_000 + number)
    return Verified(
        name, FACTS_LINE, party(author), "registry", Position(position), at, Position(position), "table", body
    )


FACTS_LINE = hashlib.sha256(b"a line").digest()


@pytest.fixture(scope="module")
def world(loaded):
    """The acts: one for each amendment, by the first of its authors; and the table before any of them."""
    acts = [
        act(each.amendment.authors[0], number, each.body(TEXT), number)
        for number, each in enumerate(loaded.anchored, 1)
    ]
    members = {party(name): member(name, Role.MEMBER) for name in {a.amendment.authors[0] for a in loaded.anchored}}
    facts = replace(FACTS, members=MappingProxyType({**FACTS.members, **members}))
    laid = replace(act("Arvenia", 0, Import("The base", "en", VERSION, loaded.base), 0), id=TEXT)
    table = rules.admit(Table(), facts, laid)
    assert isinstance(table, Table), table
    return table, facts, acts


def fold(world, acts):
    table, facts, _ = world
    for each in acts:
        outcome = rules.admit(table, facts, each)
        assert not isinstance(outcome, Refused), (each.position, outcome)
        table = outcome
    return table.texts[TEXT]


@pytest.fixture(scope="module")
def folded(world):
    return fold(world, world[2])


def squeezed(text):
    return " ".join(text.split())


def test_all_981_are_operations_on_one_base(loaded):
    assert (len(loaded.anchored), loaded.left) == (981, ())
    kinds = Counter(each.kind for each in loaded.anchored)
    assert kinds[Kind.DELETION] + sum(not each.amendment.new for each in loaded.anchored if each.hunks) == 141
    assert kinds[Kind.INSERTION] == 160
    assert loaded.document.passage.open == 0


def test_places_that_are_quoted_in_several_wordings_are_reported_with_how_far_each_departs(loaded):
    assert len(loaded.deviating) == 9
    departing = {each.amendment.location for each in loaded.anchored if each.deviation}
    assert departing
    assert departing <= set(loaded.deviating)
    assert max(each.deviation for each in loaded.anchored) < 10


def test_identical_amendments_are_one_proposal_under_all_their_sponsors(loaded, folded):
    joined = loaded.joined()
    assert sum(len(each.numbers) for each in joined) == 242 + 261
    by_several = [each for each in joined if len(each.sponsors) > 1]
    assert by_several
    proposals = {
        proposal.id: proposal
        for clause in tree.clauses(folded.document.passage)
        for proposal in (*clause.passage.proposals, *clause.alternatives)
    }
    authors = {each.proposal: set() for each in loaded.anchored}
    for each in loaded.anchored:
        authors[each.proposal].add(party(each.amendment.authors[0]))
    assert {name: set(each.parties) for name, each in proposals.items()} == authors
    for each in joined:
        assert len(proposals[each.proposal].sponsors) == len(each.numbers)


def test_every_proposal_is_seen_once_and_none_is_lost(loaded, folded):
    """P5: each is a variant of exactly one slot."""
    seen = Counter(variant.id for slot in tree.slots(folded.document.passage) for variant in slot.variants)
    for each in loaded.anchored:
        assert seen[each.proposal] == 1
    figures = summary(folded, FACTS)
    assert figures.orphans == ()
    assert figures.operations["live"] == 981


def test_choosing_the_base_everywhere_is_the_base(loaded, folded):
    """P4."""
    assert projection(folded, lambda slot: slot.variants[0] if slot.form is not tree.Form.BAG else None) == loaded.base


def test_choosing_one_amendment_is_the_base_with_exactly_its_words(loaded, folded):
    """P6, and the words are those that the amendment asks for: the base spliced by hand."""
    wanted = {each.proposal: each for each in loaded.anchored}
    spans = clause_spans(loaded)
    for proposal, each in wanted.items():

        def pick(slot, proposal=proposal):
            taken = next((variant for variant in slot.variants if variant.id == proposal), None)
            return taken or (None if slot.form is tree.Form.BAG else slot.variants[0])

        assert projection(folded, pick) == spliced(loaded.base, each, spans)


def clause_spans(loaded):
    spans: dict[bytes, tuple[int, int]] = {}
    for clause in tree.clauses(loaded.document.passage):
        runs = [item for item in clause.passage.items if isinstance(item, tree.Run)]
        spans[clause.id] = (runs[0].lo, runs[0].lo + len("".join(run.text for run in runs).rstrip()))
    return spans


def spliced(base, each, spans):
    if not each.hunks:
        lo, hi = spans[each.clause]
        return base[:lo] + each.words + base[hi:]
    out, at = "", 0
    for hunk in each.hunks:
        out += base[at : hunk.lo] + hunk.words
        at = hunk.hi
    return out + base[at:]


def test_what_an_amendment_asks_for_stands_where_it_is_taken(loaded):
    """The hunks of an amendment that quotes its place as the base has it make of it exactly its new words."""
    spans = clause_spans(loaded)
    exact = [each for each in loaded.anchored if not each.deviation and each.amendment.old and not each.how]
    assert len(exact) > 780
    for each in exact:
        assert each.amendment.old in loaded.base
        changed = spliced(loaded.base, each, spans)
        before = loaded.base.index(each.amendment.old)
        assert squeezed(each.amendment.new) in squeezed(changed), each.amendment.number
        assert len(changed) - len(loaded.base) == len(each.amendment.new) - len(each.amendment.old), before


def test_the_order_of_the_acts_does_not_matter_and_an_act_twice_is_refused(world, folded):
    """P1 and P2, on a tenth of them: the rest stands in its own order behind."""
    _, facts, acts = world
    mixed = acts[:100]
    random.Random(9).shuffle(mixed)
    again = fold(world, mixed)
    assert again.document.digest == fold(world, acts[:100]).document.digest
    outcome = rules.admit(Table({TEXT: folded}), facts, acts[0])
    assert isinstance(outcome, Refused)
    assert outcome.rule == "table.twice"


def test_a_list_as_parliament_prints_it_is_read_to_the_last_amendment():
    found = listed(LIBE)
    assert [int(each.number) for each in found] == list(range(2091, 2351))
    loaded = amendments.load(found)
    assert (len(loaded.anchored), len(loaded.left)) == (217, 43)
    assert {each.amendment.language for each in loaded.left} == {"es", "de", "fr", "pl"}
    assert all("another language" in each.how for each in loaded.left)
    assert max(each.deviation for each in loaded.anchored) < 10
    assert len(loaded.joined()) >= 28
