"""Where clauses stand: proposed at a place, proposed elsewhere.  The reference moves items about in plain lists."""

import copy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map
from lineup import ARVENIA, BELMORA, CORVALIS, FACTS
from tableworlds import PARTIES, TEXT, laid, verified
from test_table_rules import Table as Room
from test_table_rules import flat, read_aloud

from detente.ground.errors import Refused
from detente.procedures.table import acts, placing, rules, sheet, tree, views
from detente.procedures.table.model import Fate, Kind, Table
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.tree import ClauseKind, Form

SOURCE = (
    "# Part A\n\n## Article 1\n\n1. One.\n\n2. Two.\n\n(a) Point.\n\n## Article 2\n\n1. Three.\n\n"
    "# Part B\n\n## Article 3\n\n1. Four.\n\n2. Five.\n"
)
TABLE = laid(SOURCE)
START = TABLE.texts[TEXT]
CLAUSES = START.order
LABELS = {each: START.clauses[each].clause.label or "Part" for each in CLAUSES}


def words_of(text, name):
    return "".join(tree.written(text.clauses[name].ground.clause.passage))


def admitted(table, made):
    done = []
    for act in made:
        outcome = rules.admit(table, FACTS, act)
        if not isinstance(outcome, Refused):
            table, done = outcome, [*done, act]
    return table.texts[TEXT], done


# --- the reference: a tree of lists ---------------------------------------------------------------


def nested(outline, parent=WHOLE):
    return [[name, nested(outline, name)] for name in outline.children(parent)]


def siblings(trees, parent):
    """The list in which the children of a clause lie."""
    if parent == WHOLE:
        return trees
    for name, below in trees:
        found = below if name == parent else siblings(below, parent)
        if found is not None:
            return found
    return None


def put(trees, node, parent, after):
    row = siblings(trees, parent)
    names = [name for name, _ in row]
    row.insert(names.index(after) + 1 if after != WHOLE else 0, node)


def taken_out(trees, clause):
    for index, (name, below) in enumerate(trees):
        if name == clause:
            return trees.pop(index)
        found = taken_out(below, clause)
        if found is not None:
            return found
    return None


def row(trees):
    return [each for name, below in trees for each in (name, *row(below))]


# --- what parties do ------------------------------------------------------------------------------


@st.composite
def places(draw, names=CLAUSES, outline=START.outline):
    parent = draw(st.sampled_from([WHOLE, *names]))
    return parent, draw(st.sampled_from([WHOLE, *outline.children(parent)]))


@st.composite
def worlds(draw, most=8):
    """Clauses and moves of the parties, some after or below clauses that are proposed themselves."""
    made, new, table = [], {}, TABLE
    for number in range(draw(st.integers(1, most))):
        author = draw(st.sampled_from(PARTIES))
        kind = draw(st.sampled_from(["add", "add", "below", "move", "edit", "withdraw", "again"]))
        parent, after = draw(places())
        if kind == "below" and new:
            under = draw(st.sampled_from(sorted(new)))
            parent, after = draw(st.sampled_from([(under, WHOLE), (new[under].parent, under)]))
        body = acts.AddClause(TEXT, draw(st.sampled_from(list(placing._LEVELS))), parent, after, draw(WORDS))
        if kind == "move":
            body = acts.MoveClause(TEXT, draw(st.sampled_from(CLAUSES)), parent, after)
        elif kind == "edit" and new:
            name = draw(st.sampled_from(sorted(new)))
            hunk = acts.Hunk(tree.container_of(name, 0), 0, draw(st.integers(0, 2)), "x")
            body = acts.Edit(TEXT, name, (hunk,))
        elif kind in {"withdraw", "again"} and made:
            target = draw(st.sampled_from(made))
            body = target.body
            if kind == "withdraw":
                author, body = target.author, acts.Withdraw(TEXT, target.id)
        act = verified(body, author, b"%d" % number, number)
        outcome = rules.admit(table, FACTS, act)
        if not isinstance(outcome, Refused):
            made.append(act)
            new |= {each: body for each in outcome.texts[TEXT].additions if each not in new}
            table = outcome
    return made


WORDS = st.sampled_from(["New one.", "New two.\n\n", "9. New nine."])


def asks(act):
    """The acts that must come before this one, by what they make."""
    body = act.body
    match body:
        case acts.AddClause():
            return {body.parent, body.after}
        case acts.MoveClause():
            return {body.parent, body.after}
        case acts.Edit():
            return {body.clause, *(hunk.container for hunk in body.hunks)}
        case acts.Withdraw():
            return {body.operation}
        case _:
            return set()


@st.composite
def reordered(draw, made):
    """The same acts in another order: each after what it names, and an author's acts on one thing as they were."""
    waiting, order, table = list(made), [], TABLE
    while waiting:
        ready = []
        for act in waiting:
            before = waiting[: waiting.index(act)]
            names = {each.id for each in before}
            if not names & asks(act) and not isinstance(rules.admit(table, FACTS, act), Refused):
                ready.append(act)
        act = draw(st.sampled_from(ready))
        waiting.remove(act)
        order.append(act)
        table = rules.admit(table, FACTS, act)
    return order


def same(one, other):
    assert one.document.digest == other.document.digest
    assert one.digest() == other.digest()
    assert one.order == other.order
    assert tree.render(one.document) == tree.render(other.document)
    assert dict(one.operations) == dict(other.operations)
    assert views.orphans(one) == views.orphans(other)


@given(st.data())
def test_p1_where_clauses_are_proposed_does_not_depend_on_who_was_first(data):
    made = data.draw(worlds())
    same(admitted(TABLE, made)[0], admitted(TABLE, data.draw(reordered(made)))[0])


@given(worlds())
def test_p4_with_nothing_taken_the_text_stands_as_it_was_imported(made):
    text, _ = admitted(TABLE, made)
    assert views.projection(text, lambda slot: slot.variants[0]) == SOURCE
    assert views.standing_words(text) == SOURCE


@given(worlds())
def test_p5_every_live_place_is_one_variant_or_listed_as_one_that_cannot_be(made):
    text, _ = admitted(TABLE, made)
    found = [variant.id for slot in tree.slots(text.document.passage) for variant in slot.variants if variant.sponsors]
    assert len(found) == len(set(found))
    live = {each.proposal for each in text.operations.values() if each.fate is Fate.LIVE}
    lost = {text.operations[each].proposal for each in views.orphans(text)}
    assert set(found) == live - lost
    for name in lost & set(text.additions):  # what it stands under was withdrawn, at some height
        above = placing._above(text, text.additions[name].site.parent)
        assert any(each in text.additions and not text.additions[each].proposal.sponsors for each in above)


@given(st.data())
def test_p6_one_move_and_nothing_else_is_what_moving_in_lists_gives(data):
    made = data.draw(worlds())
    text, _ = admitted(TABLE, made)
    moves = [each for name in text.outline.order for each in text.clauses[name].moves]
    if not moves:
        return
    move = data.draw(st.sampled_from(moves))
    parent, after = move.site.parent, move.site.after
    if parent in text.additions or after in text.additions:
        return
    trees = nested(text.outline)
    node = taken_out(trees, move.site.clause)
    put(trees, node, parent, after)
    wanted = "".join(words_of(text, name) for name in row(trees))
    shown = views.projection(
        text, lambda slot: next((v for v in slot.variants if v.id == move.proposal.id), slot.variants[0])
    )
    assert shown == wanted
    assert (
        "".join(
            each.words
            for each in sheet.as_decided(
                text.document,
                lambda slot: next((v for v in slot.variants if v.id == move.proposal.id), slot.variants[0]),
            )
        )
        == wanted
    )


@given(st.data())
def test_p6_one_new_clause_and_those_it_stands_under_are_what_inserting_in_lists_gives(data):
    made = data.draw(worlds())
    text, _ = admitted(TABLE, made)
    names = [name for name in text.seen.order if name in text.additions]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    chosen = [each for each in placing._above(text, name) if each in text.additions]
    trees = nested(text.outline)
    for each in reversed(chosen):
        site = text.additions[each].site
        after = site.after
        while after in text.additions and after not in chosen:  # nothing stands there: what stands before it does
            after = text.additions[after].site.after
        put(trees, [each, []], site.parent, after)
    wanted = "".join(words_of(text, each) for each in row(trees))

    def pick(slot):
        return next((variant for variant in slot.variants if variant.id in chosen), slot.variants[0])

    assert views.projection(text, pick) == wanted


@given(worlds())
def test_p15_no_clause_stands_under_itself_and_each_is_reached_or_listed(made):
    text, _ = admitted(TABLE, made)
    assert sorted(text.order) == sorted({*text.order})
    assert set(text.outline.order) == set(text.outline.current)
    reached = set(text.order) | {text.operations[each].proposal for each in views.orphans(text)}
    live = {name for name, each in text.additions.items() if each.proposal.sponsors}
    assert live <= reached

    def all_of_them(slot):
        return slot.variants[-1]

    placed = list(tree.clauses(text.document.placed(all_of_them)))
    assert len({each.id for each in placed}) == len(placed)
    assert set(text.outline.order) <= {each.id for each in placed}


@given(st.data())
def test_settling_everything_leaves_each_clause_once_and_nothing_open(data):
    made = data.draw(worlds())
    text, _ = admitted(TABLE, made)
    table, number = Table(Map({TEXT: text})), 0
    while (slot := views.next_slot(text)) is not None:
        index = data.draw(st.integers(0, len(slot.choices) - 1))
        for chosen in (slot.choices[index].id, slot.choices[0].id):
            body = acts.Settle(TEXT, slot.scope, slot.id, (chosen,), slot.precondition, acts.Basis.CONSENSUS)
            outcome = rules.admit(table, FACTS, replace(verified(body), id=b"settle%026d" % number))
            if not isinstance(outcome, Refused):
                break
            assert outcome.rule == "table.place"
        table, text, number = outcome, outcome.texts[TEXT], number + 1
    assert text.clean
    assert rules.clean_text(text) == views.standing_words(text)
    assert not isinstance(text.document.passage.items[0], tree.Slot)
    order = [item.id for item in text.document.passage.items if isinstance(item, tree.Clause)]
    assert len(order) == len(set(order)) == len(text.outline.current)
    assert {*CLAUSES} <= {*order}
    live = {each.id for each in text.operations.values() if each.fate is Fate.LIVE}
    assert live == set(views.orphans(text))


# --- by name --------------------------------------------------------------------------------------


def room_of(source=SOURCE):
    room = Room(source)
    at = {}
    for name in room.text.order:
        at.setdefault(room.text.clauses[name].clause.label, name)
    return room, at


def add(room, parent, after, words, form=ClauseKind.PARAGRAPH):
    return acts.AddClause(room.id, form, parent, after, words)


def settle(room, slot, *chosen):
    room.say(ARVENIA, room.settle(slot, *chosen))


def test_a_new_clause_is_proposed_edited_and_taken():
    room, at = room_of()
    operation = room.say(BELMORA, add(room, at["Article 1"], at["1"], "1 bis. Between."))
    room.say(CORVALIS, add(room, at["Article 1"], at["1"], "1 bis. Between."))
    (slot,) = room.slots()
    assert (slot.form, set(slot.choices[1].sponsors)) == (Form.ADDITION, {BELMORA, CORVALIS})
    assert slot.label == "1 bis"
    room.say(CORVALIS, acts.Edit(room.id, slot.scope, (acts.Hunk(tree.container_of(slot.scope, 0), 7, 14, "Amid"),)))
    assert [each.form for each in room.slots()] == [Form.PROPOSAL, Form.ADDITION]
    assert "[" in tree.render(room.text.document)
    room.settle_all(pick=1)
    assert "1. One.\n\n1 bis. Amid.\n\n2. Two." in views.clean_text(room.text)
    assert room.text.operations[operation].fate is Fate.TAKEN
    room.refused(BELMORA, add(room, at["Article 1"], at["1"], "1 bis. Between."), "table.twice")


def test_what_is_set_aside_takes_all_below_it_along():
    room, at = room_of()
    room.say(BELMORA, add(room, WHOLE, WHOLE, "# Part 0", ClauseKind.HEADING))
    (slot,) = room.slots()
    below = room.say(CORVALIS, add(room, slot.scope, WHOLE, "1. Below."))
    inner = room.say(
        CORVALIS, acts.Edit(room.id, slot.scope, (acts.Hunk(tree.container_of(slot.scope, 0), 2, 6, "Title"),))
    )
    moved = room.say(BELMORA, acts.MoveClause(room.id, at["Article 3"], slot.scope, WHOLE))
    outer = next(each for each in room.slots() if each.form is Form.ADDITION and each.scope == slot.scope)
    lowest = next(each for each in room.slots() if each.form is Form.ADDITION and each.scope != slot.scope)
    room.refused(ARVENIA, room.settle(lowest, lowest.choices[1].id), "table.place")
    place = next(each for each in room.slots() if each.form is Form.PLACEMENT)
    room.refused(ARVENIA, room.settle(place, place.choices[1].id), "table.place")
    settle(room, outer, outer.choices[0].id)
    assert {room.text.operations[each].fate for each in (below, inner)} == {Fate.SET_ASIDE}
    assert views.orphans(room.text) == (moved,)
    assert room.slots() == []
    room.refused(BELMORA, add(room, slot.scope, WHOLE, "1. Again."), "table.place")
    room.refused(BELMORA, acts.Position(room.id, slot.scope, acts.Stance.SUPPORT, False, ""), "table.target")
    room.say(BELMORA, add(room, WHOLE, WHOLE, "# Part 0", ClauseKind.HEADING))
    assert [each.form for each in room.slots()] == [Form.PLACEMENT, Form.ADDITION] or len(room.slots()) == 1


def test_a_heading_moves_with_all_below_it_and_ids_survive():
    room, at = room_of()
    before = set(room.text.order)
    room.say(BELMORA, acts.MoveClause(room.id, at["Article 1"], at["Article 3"], WHOLE))
    (slot,) = room.slots()
    assert (slot.form, slot.choices[1].words) == (Form.PLACEMENT, "first under Article 3")
    written = tree.render(room.text.document)
    assert "propose: to be placed first under Article 3} ## Article 1" in written
    shown = "".join(read_aloud(views.rolling(room.text, room.facts)))
    assert shown == SOURCE
    (placement,) = (
        each.placement
        for each in flat(views.rolling(room.text, room.facts))
        if isinstance(each, views.ShownClause) and each.placement
    )
    assert placement.variants[1].where == "first under Article 3"
    settle(room, slot, slot.choices[1].id)
    words = views.clean_text(room.text)
    assert words.index("Article 3") < words.index("Article 1") < words.index("Point.") < words.index("Four.")
    assert words.endswith("2. Five.\n")
    assert set(room.text.order) == before
    assert room.text.outline.site(at["Article 1"]).parent == at["Article 3"]


def test_two_moves_that_would_loop_are_both_admitted_and_the_second_is_inert():
    room, at = room_of()
    one = room.say(BELMORA, acts.MoveClause(room.id, at["Article 1"], at["Article 2"], WHOLE))
    other = room.say(CORVALIS, acts.MoveClause(room.id, at["Article 2"], at["Article 1"], WHOLE))
    slots = room.slots()
    assert [each.form for each in slots] == [Form.PLACEMENT] * 2

    def both(slot):
        return slot.variants[-1]

    assert sorted(views.projection(room.text, both)) == sorted(SOURCE)
    first = next(each for each in slots if each.scope == at["Article 1"])
    settle(room, first, first.choices[1].id)
    assert room.slots() == []
    assert views.orphans(room.text) == (other,)
    assert views.inert(room.text) == [(at["Article 2"], (other,))]
    room.refused(CORVALIS, acts.MoveClause(room.id, at["Article 2"], at["Article 1"], WHOLE), "table.place")
    assert room.text.operations[one].fate is Fate.TAKEN
    room.say(CORVALIS, acts.Withdraw(room.id, other))
    assert views.inert(room.text) == []


def test_two_places_for_one_clause_exclude_each_other_and_the_text_may_stay_as_it_is():
    room, at = room_of()
    room.say(BELMORA, acts.MoveClause(room.id, at["2"], at["Article 2"], WHOLE))
    room.say(CORVALIS, acts.MoveClause(room.id, at["2"], at["Article 1"], WHOLE))
    (slot,) = room.slots()
    assert len(slot.choices) == 3
    room.refused(ARVENIA, room.settle(slot, *(each.id for each in slot.choices)), "table.choice")
    settle(room, slot, slot.choices[0].id)
    assert views.clean_text(room.text) == SOURCE
    assert {each.fate for each in room.text.operations.values()} == {Fate.SET_ASIDE}


def test_edits_stay_with_a_clause_wherever_it_goes():
    room, at = room_of()
    lo = SOURCE.index("Two")
    room.say(CORVALIS, acts.Edit(room.id, at["2"], (acts.Hunk(b"", lo, lo + 3, "Deux"),)))
    room.say(BELMORA, acts.MoveClause(room.id, at["2"], at["Article 2"], WHOLE))
    place = next(each for each in room.slots() if each.form is Form.PLACEMENT)
    settle(room, place, place.choices[1].id)
    (edit,) = room.slots()
    settle(room, edit, edit.choices[1].id)
    words = views.clean_text(room.text)
    assert words.index("Article 2") < words.index("2. Deux.") < words.index("(a) Point.") < words.index("1. Three.")


def test_moves_are_joined_and_left():
    room, at = room_of()
    move = room.say(BELMORA, acts.MoveClause(room.id, at["2"], at["Article 2"], WHOLE))
    room.say(CORVALIS, acts.Join(room.id, move))
    assert set(room.slots()[0].choices[1].sponsors) == {BELMORA, CORVALIS}
    added = room.say(BELMORA, add(room, at["Article 1"], WHOLE, "New."))
    room.say(CORVALIS, acts.Join(room.id, added))
    slot = next(each for each in room.slots() if each.form is Form.ADDITION)
    assert set(slot.choices[1].sponsors) == {BELMORA, CORVALIS}
    room.say(BELMORA, acts.Withdraw(room.id, added))
    room.say(BELMORA, acts.Withdraw(room.id, move))
    assert room.slots() == []
    assert {each.kind for each in room.text.operations.values()} == {Kind.MOVE, Kind.ADDITION}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (lambda room, _: add(room, b"?" * 16, WHOLE, "x"), "table.place"),
        (lambda room, at: add(room, at["Article 1"], at["Article 2"], "x"), "table.place"),
        (lambda room, at: add(room, at["Article 1"], b"?" * 16, "x"), "table.place"),
        (lambda room, at: add(room, at["Article 1"], WHOLE, " "), "table.words"),
        (lambda room, at: add(room, at["Article 1"], WHOLE, "[x]"), "table.words"),
        (lambda room, at: add(room, at["Article 1"], WHOLE, "x", ClauseKind.NOTE), "table.words"),
        (lambda room, _: acts.MoveClause(room.id, b"?" * 16, WHOLE, WHOLE), "table.target"),
        (lambda room, at: acts.MoveClause(room.id, at["2"], b"?" * 16, WHOLE), "table.place"),
        (lambda room, at: acts.MoveClause(room.id, at["2"], at["Article 1"], at["2"]), "table.place"),
        (lambda room, at: acts.MoveClause(room.id, at["2"], at["Article 1"], at["1"]), "table.hunks"),
        (lambda room, at: acts.MoveClause(room.id, at["2"], at["2"], WHOLE), "table.place"),
        (lambda room, at: acts.MoveClause(room.id, at["Article 1"], at["2"], WHOLE), "table.place"),
    ],
)
def test_places_that_are_refused(body, rule):
    room, at = room_of()
    room.refused(BELMORA, body(room, at), rule)


def test_proposed_clauses_stand_below_each_other_eight_deep():
    room, _ = room_of()
    parent = WHOLE
    for depth in range(8):
        room.say(BELMORA, add(room, parent, WHOLE, f"{depth}."))
        parent = next(
            each
            for each in room.text.order
            if each not in CLAUSES and each != parent and room.text.clauses[each].clause.label == str(depth)
        )
    room.refused(BELMORA, add(room, parent, WHOLE, "9."), "table.place")
    room.settle_all(pick=0)
    assert room.text.clean


def test_a_text_that_ends_without_a_line_gets_one_when_something_comes_after_it():
    room, at = room_of("1. One.\n\n2. Two.")
    room.say(BELMORA, add(room, WHOLE, at["2"], "3. Three."))
    room.settle_all(pick=1)
    assert views.clean_text(room.text) == views.standing_words(room.text) == "1. One.\n\n2. Two.\n\n3. Three.\n\n"


def test_siblings_at_one_place_keep_their_order_when_one_of_them_is_taken():
    room, at = room_of()
    for words in ("One more.", "Two more.", "Three more.", "Four more."):
        room.say(BELMORA, add(room, at["Article 1"], at["1"], words))
    before = list(room.text.order)
    for _ in range(3):
        slot = room.slots()[1]
        settle(room, slot, slot.choices[1].id)
        assert list(room.text.order) == before


def test_the_reference_moves_lists():
    trees = nested(START.outline)
    assert row(trees) == list(CLAUSES)
    before = copy.deepcopy(trees)
    node = taken_out(trees, CLAUSES[1])
    put(trees, node, WHOLE, CLAUSES[0])
    assert trees != before
    assert sorted(row(trees)) == sorted(CLAUSES)
