"""The properties P1 to P9, P12 and P16 of the table, each by its number, against a reference that splices strings."""

from collections import Counter
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st
from immutables import Map
from lineup import ARVENIA, FACTS, START
from tableworlds import (
    PARTIES,
    SOURCE,
    TABLE,
    TEXT,
    fold,
    hunk_sets,
    live,
    reordered,
    seen_as,
    spliced,
    standing,
    verified,
    with_parents,
    worlds,
)

from detente.acts.facts import Basis, Decision
from detente.ground.errors import Refused
from detente.procedures.table import acts, deciding, packages, rules, tree, views
from detente.procedures.table.model import Fate, Table
from detente.procedures.table.parse import parse
from detente.procedures.table.tree import Form, Slot


def same(one, other):
    assert one.document.digest == other.document.digest
    assert one.digest() == other.digest()
    assert tree.render(one.document) == tree.render(other.document)
    assert views.orphans(one) == views.orphans(other)
    assert dict(one.operations) == dict(other.operations)


@given(st.data())
def test_p1_parties_operations_between_two_decisions_commute(data):
    world = data.draw(worlds())
    same(fold(world[0]), fold(data.draw(reordered(world))))


@given(worlds())
def test_p2_an_act_has_effect_once(world):
    made, _ = world
    same(fold(made), fold([act for act in made for _ in range(2)]))


@given(st.data())
def test_p3_it_does_not_matter_by_which_way_the_operations_of_two_sides_meet(data):
    made, needs = data.draw(worlds())
    assume(any(not needs[act.id] for act in made))
    mine = [act for act in made if act.author == ARVENIA and not needs[act.id]]
    theirs = [act for act in made if act not in mine]
    assume(all(needs[act.id] <= {each.id for each in theirs} for act in theirs))
    same(fold(mine + theirs), fold(theirs + mine))


@given(worlds())
def test_p4_the_words_as_they_stand_everywhere_are_the_text_as_it_was_imported(world):
    assert seen_as(fold(world[0]), set()) == SOURCE


@given(worlds())
def test_p5_every_live_proposal_is_one_variant_of_one_slot_and_every_other_is_none(world):
    made, _ = world
    text = fold(made)
    found = list(tree.slots(text.document.passage))
    assert len({slot.id for slot in found}) == len(found) == text.document.passage.open
    seen = Counter(
        variant.id for slot in found for variant in slot.variants if slot.form in {Form.PROPOSAL, Form.BAG, Form.CLAUSE}
    )
    edits = {acts.proposal_id(act.body.hunks) for act in standing(made, text)}
    alternatives = {
        acts.alternative_id(act.body.clause, act.body.words)
        for act in made
        if isinstance(act.body, acts.Alternative) and act.id in live(text)
    }
    assert all(seen[each] == 1 for each in edits | alternatives)
    proposed = {variant.id for slot in found for variant in slot.variants if variant.sponsors}
    assert proposed == edits | alternatives
    orphaned = set(views.orphans(text))
    assert orphaned == set(live(text)) - {act.id for act in standing(made, text)} - {
        act.id for act in made if isinstance(act.body, acts.Alternative)
    }


@given(worlds())
def test_every_slot_is_found_without_looking_where_none_is(world):
    whole = fold(world[0]).document.passage
    assert [id(slot) for slot in tree.slots(whole)] == [id(node) for node in tree.walk(whole) if isinstance(node, Slot)]


@given(worlds())
def test_p6_one_proposal_and_those_it_stands_on_are_exactly_its_edits(world):
    made, _ = world
    text = fold(made)
    for act in standing(made, text):
        chosen = with_parents(made, act)
        wanted = {acts.proposal_id(each.body.hunks) for each in chosen}
        assert seen_as(text, wanted) == spliced(SOURCE, chosen)


@given(st.data())
def test_p7_what_all_agreed_does_not_change_and_stay_agreed(data):
    made, _ = data.draw(worlds(most=4))
    text = settled_all(fold(made))
    for number, party in enumerate(PARTIES):
        body = acts.Accept(TEXT, b"", text.document.digest, ad_referendum=False)
        text = fold([verified(body, party, b"accept%d" % number)], Table(Map({TEXT: text})))
    assert views.status(text, FACTS) is views.Status.AGREED
    assert views.accepted_by(text) == set(PARTIES)
    late = verified(data.draw(hunk_sets()), data.draw(st.sampled_from(PARTIES)), b"late")
    after = fold([late], Table(Map({TEXT: text})))
    if after.document.digest != text.document.digest:
        assert views.status(after, FACTS) is views.Status.CONTESTED
        assert views.accepted_by(after) == set()
        back = fold([verified(acts.Withdraw(TEXT, late.id), late.author, b"back")], Table(Map({TEXT: after})))
        assert views.status(back, FACTS) is views.Status.AGREED


@given(st.data())
def test_p8_a_party_changes_no_text_of_another_but_by_adding_variants(data):
    made, _ = data.draw(worlds())
    before = fold(made)
    author = data.draw(st.sampled_from(PARTIES))
    after = fold([verified(data.draw(hunk_sets()), author, b"more")], Table(Map({TEXT: before})))
    for act in standing(made, before):
        wanted = {acts.proposal_id(each.body.hunks) for each in with_parents(made, act)}
        assert seen_as(after, wanted) == seen_as(before, wanted)
    was = {v.id: v.sponsors for s in tree.slots(before.document.passage) for v in s.variants if v.sponsors}
    now = {v.id: v.sponsors for s in tree.slots(after.document.passage) for v in s.variants if v.sponsors}
    assert all(set(sponsors) <= set(now[each]) for each, sponsors in was.items())


@given(st.data())
def test_p9_a_withdrawn_proposal_leaves_the_text_as_if_it_had_never_been(data):
    made, _ = data.draw(worlds())
    edits = [act for act in made if isinstance(act.body, (acts.Edit, acts.Alternative))]
    gone = data.draw(st.sampled_from(edits)) if edits else None
    assume(gone is not None and gone.id in live(fold(made)))
    withdrawn = fold([*made, verified(acts.Withdraw(TEXT, gone.id), gone.author, b"withdraw")])
    never = fold(without(made, gone))
    assert withdrawn.document.digest == never.document.digest
    assert tree.render(withdrawn.document) == tree.render(never.document)
    assert withdrawn.operations[gone.id].fate is Fate.WITHDRAWN


def without(made, gone):
    """The acts without this one; an act that says the same comes in its place, for others may stand on it."""
    alike = [act for act in made if act.body == gone.body]
    if alike[0] is not gone or len(alike) == 1:
        return [act for act in made if act is not gone]
    return [alike[1] if act is gone else act for act in made if act is not alike[1]]


STANCES = st.sampled_from(list(acts.Stance))


@st.composite
def sayings(draw, text):
    """What parties say of clauses and of each other's proposals, again and again."""
    targets = [*text.order, *live(text)]
    said = draw(
        st.lists(
            st.tuples(st.sampled_from(PARTIES), st.sampled_from(targets), STANCES, st.booleans()),
            min_size=1,
            max_size=12,
        )
    )
    return [
        verified(acts.Position(TEXT, target, stance, ad_referendum, ""), party, b"said%d" % number, 100 + number)
        for number, (party, target, stance, ad_referendum) in enumerate(said)
    ]


def judged(text):
    """All that hangs on what parties say, for those who must accept."""
    return (
        {target: dict(said) for target, said in text.positions.items() if said},
        packages.carried(text, FACTS).targets,
        [views.status(text, FACTS, text.clauses[each].clause) for each in text.order],
        views.status(text, FACTS),
        views.accepted_by(text),
    )


@given(st.data())
def test_p12_of_what_a_party_says_of_one_thing_the_last_counts_and_nothing_before_it(data):
    """Nobody counts twice, or on both sides: here each act has one place, so two words of a party are no fork."""
    made, _ = data.draw(worlds(most=4))
    before = Table(Map({TEXT: fold(made)}))
    said = data.draw(sayings(before.texts[TEXT]))
    lasting = {(each.author, each.body.target): each for each in said}
    every, last = fold(said, before), fold([each for each in said if each in lasting.values()], before)
    assert judged(every) == judged(last)
    assert every.digest() == last.digest()


@given(st.data())
def test_p12_two_histories_of_one_party_are_two_states_and_in_neither_counts_what_it_said_in_the_other(data):
    """Whoever is shown another history has another state, so that the heads that members sign cannot both be kept."""
    made, _ = data.draw(worlds(most=4))
    before = Table(Map({TEXT: fold(made)}))
    party = data.draw(st.sampled_from(PARTIES))
    target = data.draw(st.sampled_from([*before.texts[TEXT].order, *live(before.texts[TEXT])]))
    stances = data.draw(st.lists(STANCES, min_size=2, max_size=2, unique=True))
    two = [
        verified(acts.Position(TEXT, target, stance, False, ""), party, b"fork" + stance.value.encode(), 50)
        for stance in stances
    ]
    after = data.draw(sayings(before.texts[TEXT]))
    after = [each for each in after if (each.author, each.body.target) != (party, target)]
    histories = [fold([act, *after], before) for act in two]
    assert histories[0].digest() != histories[1].digest()
    for text, stance in zip(histories, stances, strict=True):
        assert text.positions[target][party].stance is stance
    crossed = fold([two[0], *after, replace(two[1], position=200)], before)
    assert judged(crossed) == judged(histories[1])
    assert crossed.digest() == histories[1].digest()


@given(st.data())
def test_p12_an_acceptance_counts_for_one_content_alone(data):
    """Who accepts one content and then another has accepted the last, and only while the text is that."""
    made, _ = data.draw(worlds(most=3))
    text = fold(made)
    late = verified(data.draw(hunk_sets()), data.draw(st.sampled_from(PARTIES)), b"late")
    changed = fold([late], Table(Map({TEXT: text}))).document.digest
    assume(changed != text.document.digest)
    party = data.draw(st.sampled_from(PARTIES))

    def accepting(text, content):
        body = acts.Accept(TEXT, b"", content, ad_referendum=False)
        return fold([verified(body, party, b"accept" + content, 60)], Table(Map({TEXT: text})))

    first = accepting(text, text.document.digest)
    assert views.accepted_by(first) == {party}
    assert views.accepted_by(accepting(first, changed)) == {party}  # refused as stale: what it accepted stands
    after = fold([late], Table(Map({TEXT: first})))
    assert views.accepted_by(after) == set()
    both = accepting(after, changed)
    assert views.accepted_by(both) == {party}
    assert both.accepted[b""][party].content_hash == changed
    back = fold([verified(acts.Withdraw(TEXT, late.id), late.author, b"back")], Table(Map({TEXT: both})))
    assert views.accepted_by(back) == set()  # the first acceptance gave way to the second


WORD = st.sampled_from(["Parties", "the line", "open", "close", "in time", "at noon"])
MODALS = st.lists(st.sampled_from(["shall", "should", "may", "will"]), min_size=2, max_size=4, unique=True)
PIECE = st.recursive(
    st.one_of(WORD.map(lambda word: ("words", word)), MODALS.map(lambda found: ("exclusive", found))),
    lambda inner: st.lists(inner, min_size=1, max_size=4).map(lambda pieces: ("bracket", pieces)),
    max_leaves=12,
)


def as_written(pieces):
    """The grammar, written down independently of the importer: words between, so that no two brackets touch."""
    found = []
    for kind, value in pieces:
        if kind == "words":
            found.append(value)
        elif kind == "exclusive":
            found.append("".join(f"[{each}]" for each in value))
        else:
            found.append(f"[so {as_written(value)} it]")
    return " and ".join(found)


def choices(pieces):
    return [(len(value),) if kind == "exclusive" else (2, choices(value)) for kind, value in pieces if kind != "words"]


def tree_choices(items):
    return [
        (len(item.variants),)
        if item.form is Form.EXCLUSIVE
        else (len(item.variants), tree_choices(item.variants[0].passage.items))
        for item in items
        if isinstance(item, Slot)
    ]


@given(st.lists(PIECE, min_size=1, max_size=5))
def test_p16_a_choice_tree_that_is_written_and_imported_is_the_same_tree(pieces):
    text = "1. Here " + as_written(pieces) + " there.\n"
    clause = parse(text).document.passage.items[0]
    assert tree_choices(clause.passage.items) == choices(pieces)
    again = parse(tree.render(parse(text).document))
    assert again.document.digest == parse(text).document.digest


@given(worlds())
def test_p16_a_text_with_proposals_is_written_as_a_bracketed_text_that_can_be_imported(world):
    written = tree.render(fold(world[0]).document)
    assert tree.render(parse(written).document) == written


@given(st.data())
def test_settling_all_leaves_a_clean_text_in_which_what_was_taken_stands(data):
    made, _ = data.draw(worlds())
    text = fold(made)
    slots = text.document.passage.open
    after = settled_all(text)
    assert after.clean
    assert "[" not in views.clean_text(after)
    assert len(after.settled) <= slots
    fates = {each.fate for each in after.operations.values() if each.id not in views.orphans(after)}
    assert Fate.LIVE not in fates


@given(st.data())
def test_taking_one_edit_everywhere_gives_what_the_reference_splices(data):
    """A settlement of every slot by way of acts, and the same words by cutting strings: they agree."""
    made, _ = data.draw(worlds())
    text = fold(made)
    there = standing(made, text)
    assume(there)
    act = data.draw(st.sampled_from(there))
    chosen = with_parents(made, act)
    wanted = {acts.proposal_id(each.body.hunks) for each in chosen}
    after = decided(text, wanted)
    assert tree.render(after.document) == spliced(SOURCE, chosen)


def decided(text, wanted):
    """Only what parties proposed is settled: by `wanted`, otherwise the words as they stand."""
    number = 0
    while (slot := next((each for each in views.open_slots(text) if not each.imported), None)) is not None:
        taken = [each.id for each in slot.choices if each.id in wanted]
        if slot.form is not Form.BAG and not taken:
            taken = [slot.choices[0].id]
        text = settle(text, slot, tuple(taken), number)
        number += 1
    return text


def settled_all(text):
    number = 0
    while (slot := views.next_slot(text)) is not None:
        text = settle(text, slot, (slot.choices[number % len(slot.choices)].id,), number)
        number += 1
    return text


def settle(text, slot, chosen, number):
    """Settled on a vote: parties of a world oppose what they please, and then there is no consensus."""
    body = acts.Settle(TEXT, slot.scope, slot.id, chosen, slot.precondition, acts.Basis.VOTE)
    asked = deciding.question(deciding.choices_of(body))
    voted = Decision(Basis.VOTE, TEXT, b"", bytes(32), asked, START)
    facts = replace(FACTS, decisions={TEXT: voted})
    outcome = rules.admit(Table(Map({TEXT: text})), facts, replace(verified(body), id=b"settle%026d" % number))
    assert not isinstance(outcome, Refused), outcome
    return outcome.texts[TEXT]


def test_the_world_has_places_of_every_kind():
    assert {slot.form for slot in tree.slots(TABLE.texts[TEXT].document.passage)} == {
        Form.BRACKET,
        Form.EXCLUSIVE,
        Form.OPTIONS,
    }
