"""Revisions, names that are frozen, references by id, and the late list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS
from tableworlds import PARTIES
from test_table_agreeing import accept, all_accept, status
from test_table_places import SOURCE, add, room_of

from detente.ground.errors import Stale
from detente.procedures.table import acts, agreeing, naming, tree, views
from detente.procedures.table.acts import ClauseKind, Hunk
from detente.procedures.table.agreeing import Status
from detente.procedures.table.model import Fate
from detente.procedures.table.outline import WHOLE


def publish(room, name="Rev. 1", *, renumber=False, content=None):
    return acts.Publish(room.id, name, content or agreeing.content(room.text, WHOLE), renumber)


def names(room):
    return [naming.names(room.text)[each] for each in room.text.order]


def edit(room, at, label, old, new):
    lo = SOURCE.index(old)
    return acts.Edit(room.id, at[label], (Hunk(b"", lo, lo + len(old), new),))


IMPORTED = [
    "Part A", "Part A, Article 1", "Part A, Article 1, 1", "Part A, Article 1, 2", "Part A, Article 1, 2 (a)",
    "Part A, Article 2", "Part A, Article 2, 1", "Part B", "Part B, Article 3", "Part B, Article 3, 1",
    "Part B, Article 3, 2",
]  # fmt: skip


def test_names_are_the_labels_as_written_under_what_they_stand_under():
    room, _ = room_of()
    assert names(room) == IMPORTED
    assert [each.name for each in views.overview(room.text, room.facts)] == IMPORTED


def test_what_comes_in_after_the_names_are_frozen_is_called_bis_ter_and_quater():
    room, at = room_of()
    room.say(ARVENIA, publish(room))
    room.say(BELMORA, add(room, at["Article 1"], at["1"], "Two more."))
    room.settle_all(pick=1)
    for words in ("One more.", "And more.", "2. Called two."):
        room.say(BELMORA, add(room, at["Article 1"], at["1"], words))
    under = [naming.names(room.text)[each] for each in room.text.seen.children(at["Article 1"])]
    assert under == [f"Part A, Article 1, {own}" for own in ("1", "1 bis", "1 ter", "1 quater", "1 quinquies", "2")]
    room.say(CORVALIS, add(room, at["Article 1"], WHOLE, "Before all."))
    first = room.text.seen.children(at["Article 1"])[0]
    assert naming.names(room.text)[first] == "Part A, Article 1, 0"
    assert names(room)[0] == "Part A"


def test_a_new_clause_may_bear_the_name_that_its_author_wrote_where_it_is_free():
    room, at = room_of()
    room.say(BELMORA, add(room, at["Article 1"], at["1"], "1 bis. In between."))
    room.say(BELMORA, add(room, at["Article 2"], WHOLE, "1. Taken already."))
    found = names(room)
    assert "Part A, Article 1, 1 bis" in found
    assert "Part A, Article 2, 1" in found
    assert len(set(found)) == len(found)


def test_a_frozen_name_goes_with_its_clause_and_a_new_numbering_gives_new_ones():
    room, at = room_of()
    room.say(ARVENIA, publish(room))
    room.say(BELMORA, acts.MoveClause(room.id, at["Article 1"], at["Article 3"], WHOLE))
    room.settle_all(pick=1)
    assert naming.names(room.text)[at["Article 1"]] == "Part A, Article 1"
    room.say(ARVENIA, publish(room, "Rev. 2"))
    assert naming.names(room.text)[at["Article 1"]] == "Part A, Article 1"
    room.say(ARVENIA, publish(room, "Rev. 3", renumber=True))
    assert names(room) == [
        "Part A", "Part A, Article 1", "Part A, Article 1, 1", "Part B", "Part B, Article 1",
        "Part B, Article 1, Article 1", "Part B, Article 1, Article 1, 1", "Part B, Article 1, Article 1, 2",
        "Part B, Article 1, Article 1, 2 (a)", "Part B, Article 1, 1", "Part B, Article 1, 2",
    ]  # fmt: skip
    assert [each.name for each in room.text.revisions] == ["Rev. 1", "Rev. 2", "Rev. 3"]


def test_letters_and_small_roman_numbers_go_on():
    room, at = room_of("1. One.\n\n(a) A.\n\n(b) B.\n\n2. Two.\n\n(i) I.\n\n(ii) II.\n")
    two = at["2"]
    room.say(BELMORA, add(room, at["1"], at["(a)"], "(a bis) More.", ClauseKind.POINT))
    room.say(BELMORA, add(room, two, at["(ii)"], "(iii) Third.", ClauseKind.POINT))
    room.settle_all(pick=1)
    room.say(ARVENIA, publish(room, renumber=True))
    assert names(room) == ["1", "1 (a)", "1 (b)", "1 (c)", "2", "2 (i)", "2 (ii)", "2 (iii)"]
    assert naming._letters(26) + naming._letters(27) == "zaa"
    assert [naming._roman(number) for number in (4, 9, 14, 40, 90)] == ["iv", "ix", "xiv", "xl", "xc"]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (lambda room: publish(room, ""), "table.words"),
        (lambda room: publish(room, "a\u202eb"), "table.words"),
        (lambda room: publish(room, content=bytes(32)), "table.stale"),
        (lambda room: acts.Grant(room.id, ()), "table.choice"),
        (lambda room: acts.Grant(room.id, (b"?" * 32,)), "table.target"),
    ],
)
def test_publications_that_are_refused(body, rule):
    room, _ = room_of()
    room.refused(ARVENIA, body(room), rule)


def test_a_revision_is_the_chairs_and_has_a_name_of_its_own():
    room, _ = room_of()
    room.refused(BELMORA, publish(room), "table.role")
    room.say(ARVENIA, publish(room))
    room.refused(ARVENIA, publish(room), "table.twice")
    room.say(BELMORA, add(room, WHOLE, WHOLE, "New."))
    stale = publish(room, "Rev. 2")
    room.settle_all(pick=1)
    assert isinstance(room.ask(ARVENIA, stale), Stale)


# --- references -------------------------------------------------------------------------------------


def reference(clause):
    return f"{{ref:{clause.hex()}}}"


def test_a_reference_is_read_as_the_name_of_its_clause_wherever_that_goes():
    room, at = room_of()
    room.say(BELMORA, edit(room, at, "1", "One", f"See {reference(at['(a)'])}"))
    room.settle_all(pick=1)
    assert "1. See Part A, Article 1, 2 (a)." in views.clean_text(room.text)
    room.say(BELMORA, acts.MoveClause(room.id, at["2"], at["Article 3"], WHOLE))
    room.settle_all(pick=1)
    assert "See Part B, Article 3, 2 (a)." in views.clean_text(room.text).replace("2 bis", "2")
    assert reference(at["(a)"]) in tree.render(room.text.document)


def test_a_text_that_refers_to_a_clause_that_was_dropped_is_not_clean():
    room, at = room_of()
    room.say(BELMORA, edit(room, at, "1", "One", f"See {reference(at['(a)'])}"))
    room.settle_all(pick=1)
    room.say(CORVALIS, acts.Alternative(room.id, at["(a)"], ""))
    room.settle_all(pick=1)
    assert room.text.clean
    assert views.clean_text(room.text) is None
    assert room.facts.texts[room.id].clean_text is None
    assert naming.dangling(room.text, tree.render(room.text.document)) == [at["(a)"]]
    assert naming.referring(room.text, reference(at["(a)"])) == reference(at["(a)"])


def test_new_words_refer_to_clauses_that_are_in_the_text():
    room, at = room_of()
    room.refused(BELMORA, edit(room, at, "1", "One", reference(b"?" * 16)), "table.reference")
    room.refused(BELMORA, add(room, WHOLE, WHOLE, reference(b"?" * 16)), "table.reference")
    room.refused(BELMORA, acts.Alternative(room.id, at["1"], reference(b"?" * 16)), "table.reference")


# --- the late list ----------------------------------------------------------------------------------


def published():
    """Article 1 is agreed and closed, the rest is open."""
    room, at = room_of()
    all_accept(room, at["Article 1"])
    room.say(ARVENIA, publish(room))
    return room, at


def late(room, at):
    return {
        "edit": edit(room, at, "2", "Two", "Deux"),
        "alternative": acts.Alternative(room.id, at["(a)"], ""),
        "below": add(room, at["Article 1"], WHOLE, "New."),
        "away": acts.MoveClause(room.id, at["2"], at["Article 3"], WHOLE),
        "into": acts.MoveClause(room.id, at["Article 2"], at["Article 1"], WHOLE),
    }


@pytest.mark.parametrize("kind", ["edit", "alternative", "below", "away", "into"])
def test_what_touches_a_closed_clause_comes_late_and_changes_nothing_until_leave_is_given(kind):
    room, at = published()
    before = room.text.document.digest
    body = late(room, at)[kind]
    operation = room.say(BELMORA, body)
    assert room.text.operations[operation].fate is Fate.LATE
    assert room.text.document.digest == before
    assert status(room, at["Article 1"]) is Status.AGREED
    assert room.slots() == []
    room.refused(CORVALIS, acts.Grant(room.id, (operation,)), "table.role")
    room.say(ARVENIA, acts.Grant(room.id, (operation,)))
    assert room.text.operations[operation].fate is Fate.LIVE
    assert status(room, at["Article 2" if kind == "into" else "Article 1"]) is Status.CONTESTED
    assert len(room.slots()) == 1
    room.refused(ARVENIA, acts.Grant(room.id, (operation,)), "table.target")
    fresh, _ = room_of()
    fresh.say(BELMORA, body)  # control: where nothing is closed it is a proposal at once
    assert len(fresh.slots()) == 1


def test_elsewhere_nothing_is_late_nor_before_the_text_is_published():
    room, at = published()
    operation = room.say(BELMORA, add(room, at["Article 2"], WHOLE, "New."))
    assert room.text.operations[operation].fate is Fate.LIVE
    assert status(room, at["Article 2"]) is Status.CONTESTED


def test_a_late_proposal_is_withdrawn_and_has_a_place_among_positions():
    room, at = published()
    operation = room.say(BELMORA, late(room, at)["edit"])
    room.say(CORVALIS, acts.Position(room.id, operation, acts.Stance.SUPPORT, False, ""))
    room.refused(CORVALIS, acts.Join(room.id, operation), "table.own")
    room.refused(CORVALIS, acts.Withdraw(room.id, operation), "table.own")
    room.say(BELMORA, acts.Withdraw(room.id, operation))
    room.refused(ARVENIA, acts.Grant(room.id, (operation,)), "table.target")
    room.refused(BELMORA, acts.Withdraw(room.id, operation), "table.own")


def test_who_takes_its_acceptance_back_opens_what_it_had_accepted():
    room, at = published()
    room.say(CORVALIS, acts.Reopen(room.id, at["2"], "New instructions."))
    operation = room.say(BELMORA, late(room, at)["edit"])
    assert room.text.operations[operation].fate is Fate.LIVE
    other = room.say(BELMORA, edit(room, at, "1", "One", "Uno"))  # beside it, and still accepted
    assert room.text.operations[other].fate is Fate.LATE


def test_a_chairs_text_needs_no_leave():
    room, at = published()
    clause = room.text.clauses[at["2"]].clause
    operation = room.say(ARVENIA, acts.ChairText(room.id, at["2"], (), "2. Better.", clause.digest))
    assert room.text.operations[operation].fate is Fate.LIVE


def test_leave_is_not_given_to_what_can_be_proposed_no_more():
    room, at = published()
    operation = room.say(BELMORA, late(room, at)["edit"])
    clause = room.text.clauses[at["2"]].clause
    room.say(ARVENIA, acts.ChairText(room.id, at["2"], (), "2. Better.", clause.digest))
    room.settle_all(pick=1)
    assert "any more" in room.refused(ARVENIA, acts.Grant(room.id, (operation,)), "table.target")


def test_the_whole_is_closed_when_all_have_accepted_the_whole():
    room, at = room_of()
    all_accept(room, WHOLE)
    room.say(ARVENIA, publish(room))
    for body in (add(room, WHOLE, WHOLE, "New."), edit(room, at, "2", "Two", "Deux")):
        operation = room.say(BELMORA, body)
        assert room.text.operations[operation].fate is Fate.LATE
    assert room.facts.texts[room.id].accepted_by == set(PARTIES)
    assert len(room.text.late) == 2
    room.say(CORVALIS, accept(room, WHOLE))


# --- P14 --------------------------------------------------------------------------------------------


@st.composite
def revisions(draw):
    """A room with moves, new clauses and publications; what was frozen last, and whether that still holds."""
    room, at = room_of()
    frozen = {}
    clauses = list(at.values())
    for number in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["add", "add", "move", "settle", "publish"]))
        parent = draw(st.sampled_from([WHOLE, *clauses]))
        after = draw(st.sampled_from([WHOLE, *room.text.outline.children(parent)]))
        if kind == "settle":
            room.settle_all(pick=draw(st.integers(0, 1)))
        elif kind == "publish":
            room.say(ARVENIA, publish(room, f"Rev. {number}", renumber=draw(st.booleans())))
            frozen = dict(room.text.frozen)
        else:
            body = add(room, parent, after, draw(st.sampled_from(["New.", "2. Two.", "1 bis. More."])))
            if kind == "move":
                body = acts.MoveClause(room.id, draw(st.sampled_from(clauses)), parent, after)
            if not hasattr(room.ask(BELMORA, body), "rule"):
                room.say(BELMORA, body)
        called = naming.names(room.text)
        assert all(called[each] == name for each, name in frozen.items())
        assert len(set(called.values())) == len(called)
        assert set(called) == set(room.text.order)
    return room, frozen


@given(revisions())
def test_p14_names_are_unique_in_order_and_what_is_frozen_never_changes_within_a_revision(drawn):
    room, frozen = drawn
    called = naming.names(room.text)
    if not frozen:
        return
    for parent in (WHOLE, *room.text.order):
        numbers = []
        for each in room.text.seen.children(parent):
            if each in frozen:
                numbers = []
                continue
            suffix = called[each].rpartition(" ")[2]
            numbers.append(naming._LATIN.index(suffix) if suffix in naming._LATIN else -1)
        assert numbers == sorted(numbers)
    for clause in room.text.outline.order:
        words = naming.referring(room.text, f"{{ref:{clause.hex()}}}")
        assert words == called[clause]
