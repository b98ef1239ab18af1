"""Committees: clauses go to a table of their own, and what came of them comes back as the chair's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS, FACTS, STRANGER
from tableworlds import PARTIES
from test_table_places import SOURCE, add, room_of

from detente.ground.errors import Refused, Stale
from detente.procedures.table import acts, agreeing, saved, tree, views
from detente.procedures.table.acts import Hunk, Stance
from detente.procedures.table.agreeing import Status
from detente.procedures.table.model import Fate
from detente.procedures.table.outline import WHOLE


class Both:
    """The room of a text, looked at from a committee's side."""

    def __init__(self, room, name):
        self.room, self.id = room, name

    @property
    def text(self):
        return self.room.state.texts[self.id]

    def say(self, party, body):
        return self.room.say(party, body)

    def settle_all(self, pick=0, by=ARVENIA):
        while (slot := views.next_slot(self.text)) is not None:
            chosen = (slot.choices[pick % len(slot.choices)].id,)
            basis = acts.Basis.CONSENSUS
            self.say(by, acts.Settle(self.id, slot.scope, slot.id, chosen, slot.precondition, basis))


def refer(room, *clauses, members=(), facilitator="", title="A committee"):
    return acts.Refer(room.id, title, tuple(clauses), tuple(members), facilitator)


def committee(room, *clauses, **more):
    return Both(room, room.say(ARVENIA, refer(room, *clauses, **more)))


def report(room, child, content=None):
    return acts.Report(room.id, child.id, content or agreeing.content(child.text, WHOLE))


def edit(on, at, label, old, new):
    lo = SOURCE.index(old)
    return acts.Edit(on.id, at[label], (Hunk(b"", lo, lo + len(old), new),))


def written(text, clause):
    return "".join(tree.written(text.clauses[clause].ground.clause.passage))


def words(text):
    return tree.render(text.document)


def test_a_committee_begins_with_the_clauses_as_they_stand_and_leaves_the_parent_alone():
    room, at = room_of()
    operation = room.say(BELMORA, edit(room, at, "2", "Two", "Deux"))
    room.say(CORVALIS, acts.Position(room.id, operation, Stance.OPPOSE, False, ""))
    child = committee(room, at["Article 1"])
    assert child.text.order == (at["Article 1"], at["1"], at["2"], at["(a)"])
    assert words(child.text) in words(room.text)
    assert set(child.text.operations) == {operation}
    assert child.text.positions[operation][CORVALIS].stance is Stance.OPPOSE
    before = room.text.document.digest
    child.say(CORVALIS, edit(child, at, "1", "One", "Uno"))
    child.say(BELMORA, acts.Withdraw(child.id, operation))
    child.settle_all(pick=1)
    assert views.clean_text(child.text) == "## Article 1\n\n1. Uno.\n\n2. Two.\n\n(a) Point.\n\n"
    assert room.text.document.digest == before
    assert room.text.operations[operation].fate is Fate.LIVE
    assert room.text.children == (child.id,)
    assert child.text.lineage.parent == room.id


def test_what_a_committee_made_comes_back_as_proposals_that_nobody_sponsors_and_that_name_it():
    room, at = room_of()
    child = committee(room, at["Article 1"])
    child.say(CORVALIS, edit(child, at, "1", "One", "Uno"))
    child.say(BELMORA, add(child, at["Article 1"], at["1"], "1 bis. Between."))
    child.settle_all(pick=1)
    room.say(ARVENIA, report(room, child))
    slots = room.slots()
    assert [each.form for each in slots] == [tree.Form.CLAUSE, tree.Form.ADDITION]
    assert [each.choices[1].sponsors for each in slots] == [(), ()]
    made = [room.text.operations[each.choices[1].operations[0]] for each in slots]
    assert {each.child for each in made} == {child.id}
    assert all(each.of_the_chair for each in made)
    room.settle_all(pick=1)
    assert words(child.text) in words(room.text)
    assert "1. Uno.\n\n1 bis. Between.\n\n2. Two." in views.clean_text(room.text)


def test_a_committee_reports_what_is_clean_and_changed_on_the_content_that_was_seen():
    room, at = room_of()
    child = committee(room, at["Article 1"])
    room.refused(ARVENIA, report(room, child), "table.hunks")
    child.say(CORVALIS, edit(child, at, "1", "One", "Uno"))
    room.refused(ARVENIA, report(room, child), "table.choice")
    child.settle_all(pick=1)
    assert isinstance(room.ask(ARVENIA, report(room, child, bytes(32))), Stale)
    room.refused(BELMORA, report(room, child), "table.role")
    room.refused(ARVENIA, acts.Report(room.id, room.id, bytes(32)), "table.target")
    room.refused(ARVENIA, acts.Report(room.id, b"?" * 32, bytes(32)), "table.target")
    room.refused(ARVENIA, acts.Report(child.id, child.id, bytes(32)), "table.target")


def test_a_result_whose_clause_is_gone_has_no_place():
    room, at = room_of("1. One.\n\n2. Two.\n")
    child = committee(room, at["2"])
    lo = "1. One.\n\n2. Two.\n".index("Two")
    child.say(BELMORA, acts.Edit(child.id, at["2"], (Hunk(b"", lo, lo + 3, "Deux"),)))
    child.settle_all(pick=1)
    room.say(ARVENIA, report(room, child))
    room.settle_all(pick=1)
    assert views.clean_text(room.text) == "1. One.\n\n2. Deux.\n"
    room.refused(ARVENIA, report(room, child), "table.hunks")  # the parent has it already


def test_members_propose_and_accept_and_the_facilitator_presides():
    room, at = room_of()
    child = committee(room, at["Article 1"], members=(ARVENIA, BELMORA), facilitator=BELMORA)
    room.refused(CORVALIS, edit(child, at, "1", "One", "Uno"), "table.role")
    child.say(CORVALIS, acts.Position(child.id, at["1"], Stance.SUPPORT, False, ""))
    operation = child.say(ARVENIA, edit(child, at, "1", "One", "Uno"))
    room.refused(CORVALIS, acts.Join(child.id, operation), "table.role")
    child.settle_all(pick=1, by=BELMORA)
    seen = agreeing.content(child.text, WHOLE)
    room.refused(CORVALIS, acts.Accept(child.id, WHOLE, seen, False), "table.role")
    for party in (ARVENIA, BELMORA):
        child.say(party, acts.Accept(child.id, WHOLE, seen, False))
    assert agreeing.status(child.text, FACTS) is Status.AGREED
    assert agreeing.status(room.text, FACTS) is Status.OPEN
    room.refused(BELMORA, acts.Modalities(child.id, (), (), True), "table.role")
    room.refused(BELMORA, refer(child, at["1"]), "table.role")
    clause = room.text.clauses[at["1"]].clause
    room.refused(BELMORA, acts.ChairText(room.id, at["1"], (), "1. Eins.", clause.digest), "table.role")
    room.say(BELMORA, report(room, child))
    assert len(room.slots()) == 1


def test_an_objection_of_somebody_outside_the_committee_does_not_block_it():
    room, at = room_of()
    child = committee(room, at["Article 1"], members=(ARVENIA, BELMORA))
    operation = child.say(BELMORA, edit(child, at, "1", "One", "Uno"))
    child.say(CORVALIS, acts.Position(child.id, operation, Stance.OPPOSE, False, ""))
    child.settle_all(pick=1)
    assert child.text.operations[operation].fate is Fate.TAKEN


def test_a_committee_has_committees():
    room, at = room_of()
    child = committee(room, at["Article 1"])
    grandchild = Both(room, room.say(ARVENIA, refer(child, at["2"])))
    grandchild.say(BELMORA, edit(grandchild, at, "2", "Two", "Deux"))
    grandchild.settle_all(pick=1)
    room.say(ARVENIA, report(child, grandchild))
    child.settle_all(pick=1)
    room.say(ARVENIA, report(room, child))
    room.settle_all(pick=1)
    assert "2. Deux." in views.clean_text(room.text)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (lambda room, at: refer(room, at["1"], title=""), "table.words"),
        (lambda room, at: refer(room, at["1"], members=(STRANGER,)), "table.audience"),
        (lambda room, at: refer(room, at["1"], members=(BELMORA, BELMORA)), "table.audience"),
        (lambda room, at: refer(room, at["1"], facilitator=STRANGER), "table.audience"),
        (lambda room, _: refer(room), "table.target"),
        (lambda room, at: refer(room, at["1"], at["1"]), "table.target"),
        (lambda room, at: refer(room, at["Article 1"], at["1"]), "table.target"),
        (lambda room, _: refer(room, b"?" * 16), "table.target"),
    ],
)
def test_references_to_committees_that_are_refused(body, rule):
    room, at = room_of()
    room.refused(ARVENIA, body(room, at), rule)


def test_clauses_added_at_every_kind_of_place_come_back_where_they_were():
    room, at = room_of()
    child = committee(room, at["Article 1"], at["Article 3"])
    for parent, after, said in (
        (WHOLE, WHOLE, "First of all."),
        (WHOLE, at["Article 1"], "## Article 1 bis"),
        (at["Article 1"], WHOLE, "0. Nought."),
        (at["2"], at["(a)"], "(b) Another."),
        (WHOLE, at["Article 3"], "Last."),
    ):
        child.say(BELMORA, add(child, parent, after, said, acts.ClauseKind.PARAGRAPH))
    child.settle_all(pick=1)
    heading = next(each for each in child.text.order if "Article 1 bis" in written(child.text, each))
    child.say(CORVALIS, add(child, heading, WHOLE, "1. Below it."))
    child.settle_all(pick=1)
    room.say(ARVENIA, report(room, child))
    room.settle_all(pick=1)
    whole = views.clean_text(room.text)
    order = [
        "First of all",
        "Article 1\n",
        "Nought",
        "One.",
        "(b) Another",
        "Article 1 bis",
        "Below it",
        "Article 2",
        "Four",
        "Last.",
    ]
    assert [whole.index(each) for each in order] == sorted(whole.index(each) for each in order)


def test_numbers_of_a_committees_text_add_up():
    source = "1. [One][Two].\n\n2. [Three] and [four [five]].\n"
    room, at = room_of(source)
    first = room.slots()[0]
    room.say(ARVENIA, room.settle(first, first.choices[0].id))
    child = committee(room, at["2"])
    child.settle_all(pick=0)
    figures = views.summary(child.text, FACTS)
    assert figures.slots_imported == figures.slots_settled == 4
    assert figures.slots_dropped == figures.open == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(PARTIES), st.sampled_from(["1", "2", "(a)"]), st.sampled_from(["A.", "B.", ""])),
        max_size=5,
    ),
    st.data(),
)
def test_a_committee_that_is_left_alone_is_what_the_parent_was_and_a_saved_one_too(drawn, data):
    room, at = room_of()
    for party, label, said in drawn:
        room.say(party, acts.Alternative(room.id, at[label], said))
    child = committee(room, at["Article 1"])
    for name in child.text.order:
        assert child.text.clauses[name].clause.digest == room.text.clauses[name].clause.digest
    again = saved.take_up(saved.put_down(child.text))
    assert again.document.digest == child.text.document.digest
    assert again.lineage == child.text.lineage
    assert views.orphans(child.text) == ()
    child.settle_all(pick=data.draw(st.integers(0, 2)))
    assert child.text.clean


# --- moves ----------------------------------------------------------------------------------------


def test_a_clause_that_the_committee_moved_comes_back_as_a_move_that_nobody_sponsors():
    room, at = room_of()
    child = committee(room, at["Article 1"])
    child.say(CORVALIS, acts.MoveClause(child.id, at["(a)"], at["1"], WHOLE))
    child.say(BELMORA, edit(child, at, "(a)", "Point", "Punkt"))
    child.settle_all(pick=1)
    act = room.verified(ARVENIA, report(room, child), "registry")
    room.say(ARVENIA, report(room, child))
    made = [each for each in room.text.operations.values() if each.child == child.id]
    assert [each.kind.value for each in sorted(made, key=lambda each: each.kind.value)] == ["alternative", "move"]
    assert all(each.of_the_chair for each in made)
    again = room.procedure.admit(room.state, room.facts, act)
    assert isinstance(again, Refused)
    assert again.rule == "table.twice"
    room.settle_all(pick=1)
    assert room.text.outline.children(at["1"]) == (at["(a)"],)
    assert "1. One.\n\n(a) Punkt.\n\n2. Two." in views.clean_text(room.text)
    room.refused(ARVENIA, report(room, child), "table.hunks")


def test_moves_behind_moves_come_back_in_the_committees_order():
    room, at = room_of("# A\n\n1. One.\n\n2. Two.\n\n3. Three.\n\n4. Four.\n")
    top = room.text.order[0]
    child = committee(room, top)
    for label, after in (("4", WHOLE), ("3", at["4"]), ("2", at["3"])):
        child.say(BELMORA, acts.MoveClause(child.id, at[label], top, after))
        child.settle_all(pick=1)
    assert [child.text.clauses[each].clause.label for each in child.text.order[1:]] == ["4", "3", "2", "1"]
    room.say(ARVENIA, report(room, child))
    room.settle_all(pick=1)
    assert [room.text.clauses[each].clause.label for each in room.text.order[1:]] == ["4", "3", "2", "1"]


def test_a_move_that_the_chair_does_not_take_leaves_what_was_moved_behind_it_where_it_would_be():
    room, at = room_of("# A\n\n1. One.\n\n2. Two.\n\n3. Three.\n")
    top = room.text.order[0]
    child = committee(room, top)
    for label, after in (("3", WHOLE), ("2", at["3"])):
        child.say(BELMORA, acts.MoveClause(child.id, at[label], top, after))
        child.settle_all(pick=1)
    room.say(ARVENIA, report(room, child))
    before = room.text.order
    while (slot := views.next_slot(room.text)) is not None:
        stay = int(slot.scope == at["2"])
        basis = acts.Basis.CONSENSUS
        room.say(ARVENIA, acts.Settle(room.id, slot.scope, slot.id, (slot.choices[stay].id,), slot.precondition, basis))
    assert before == (top, at["1"], at["2"], at["3"])
    assert room.text.order == (top, at["2"], at["1"], at["3"])


@given(st.data())
def test_what_the_chair_takes_whole_reads_in_the_parent_as_in_the_committee(data):
    room, at = room_of()
    child = committee(room, at["Article 1"], at["Article 2"])
    for number in range(data.draw(st.integers(1, 6))):
        order = child.text.outline.order
        parent = data.draw(st.sampled_from([each for each in order if child.text.clauses[each].clause.level <= 2]))
        after = data.draw(st.sampled_from([WHOLE, *child.text.outline.children(parent)]))
        clause = data.draw(st.sampled_from(order))
        body = data.draw(
            st.sampled_from(
                [
                    acts.MoveClause(child.id, clause, parent, after),
                    acts.AddClause(child.id, acts.ClauseKind.PARAGRAPH, parent, after, f"Added {number}."),
                    acts.Alternative(child.id, clause, f"Changed {number}."),
                ]
            )
        )
        if not isinstance(room.ask(data.draw(st.sampled_from(PARTIES)), body), Refused):
            child.say(BELMORA, body)
            child.settle_all(pick=1)
    if isinstance(room.ask(ARVENIA, report(room, child)), Refused):
        return
    room.say(ARVENIA, report(room, child))
    room.settle_all(pick=1)
    mine = [" ".join(written(child.text, each).split()) for each in child.text.order]
    theirs = [" ".join(written(room.text, each).split()) for each in room.text.order]
    assert [each for each in theirs if each in mine] == mine
