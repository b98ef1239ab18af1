"""What is agreed, what is taken back, and that no scope is stronger than its weakest part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS, DORANE, FACTS
from tableworlds import PARTIES
from test_table_places import SOURCE, add, room_of

from detente.procedures.table import acts, agreeing, tree, views
from detente.procedures.table.agreeing import Status
from detente.procedures.table.outline import WHOLE

ORDER = list(Status)


def accept(room, scope, *, ad_referendum=False):
    return acts.Accept(room.id, scope, agreeing.content(room.text, scope), ad_referendum)


def all_accept(room, scope):
    for party in PARTIES:
        room.say(party, accept(room, scope))


def status(room, scope=WHOLE):
    clause = room.text.clauses[scope].clause if scope else None
    return agreeing.status(room.text, room.facts, clause)


def edit(room, at, label, old, new):
    lo = SOURCE.index(old)
    return acts.Edit(room.id, at[label], (acts.Hunk(b"", lo, lo + len(old), new),))


def test_a_clause_accepted_with_the_whole_stays_agreed_while_others_change():
    room, at = room_of()
    all_accept(room, WHOLE)
    assert {status(room, name) for name in room.text.order} == {Status.AGREED} == {status(room)}
    room.say(CORVALIS, edit(room, at, "2", "Two", "Deux"))
    assert status(room, at["2"]) is status(room, at["Article 1"]) is status(room) is Status.CONTESTED
    assert status(room, at["1"]) is status(room, at["Article 2"]) is Status.AGREED
    room.settle_all(pick=1)
    assert status(room, at["2"]) is status(room, at["Article 1"]) is status(room) is Status.REOPENED
    assert status(room, at["(a)"]) is status(room, at["Article 3"]) is Status.AGREED
    all_accept(room, at["2"])
    assert status(room, at["2"]) is Status.AGREED
    assert status(room, at["Article 1"]) is Status.REOPENED
    all_accept(room, at["Article 1"])
    assert status(room, at["Article 1"]) is Status.AGREED
    assert status(room) is Status.REOPENED


def test_an_article_is_accepted_with_all_below_it_and_its_order():
    room, at = room_of()
    all_accept(room, at["Article 1"])
    assert {status(room, at[label]) for label in ("Article 1", "1", "2", "(a)")} == {Status.AGREED}
    assert status(room, at["Article 2"]) is Status.OPEN
    room.refused(
        BELMORA,
        acts.Accept(room.id, at["Article 1"], room.text.clauses[at["Article 1"]].clause.digest, False),
        "table.stale",
    )
    room.say(BELMORA, acts.MoveClause(room.id, at["2"], at["Article 1"], WHOLE))
    assert status(room, at["Article 1"]) is Status.CONTESTED
    room.settle_all(pick=1)
    assert status(room, at["Article 1"]) is Status.REOPENED
    assert status(room, at["1"]) is status(room, at["2"]) is Status.AGREED


def test_that_all_its_clauses_are_agreed_one_by_one_does_not_make_an_article_agreed():
    room, at = room_of()
    for label in ("1", "(a)", "2"):
        all_accept(room, at[label])
    assert status(room, at["2"]) is Status.AGREED
    assert status(room, at["Article 1"]) is Status.OPEN


def test_who_accepts_by_the_whole_and_who_by_the_clause_are_counted_together():
    room, at = room_of()
    room.say(ARVENIA, accept(room, WHOLE))
    room.say(BELMORA, accept(room, at["Article 1"]))
    room.say(CORVALIS, accept(room, at["1"], ad_referendum=True))
    assert status(room, at["1"]) is Status.AGREED_AD_REFERENDUM
    assert status(room, at["2"]) is Status.OPEN
    room.say(CORVALIS, accept(room, at["Article 1"]))
    assert status(room, at["1"]) is Status.AGREED


def test_who_takes_back_takes_back_what_it_named_and_nothing_beside_it():
    room, at = room_of()
    all_accept(room, WHOLE)
    room.say(CORVALIS, acts.Reopen(room.id, at["Article 1"], "New instructions."))
    assert status(room, at["Article 1"]) is status(room, at["2"]) is status(room) is Status.REOPENED
    assert status(room, at["Article 2"]) is Status.AGREED
    assert room.facts.texts[room.id].accepted_by == {ARVENIA, BELMORA}
    assert room.text.reopened[at["Article 1"]][CORVALIS].reason == "New instructions."
    room.refused(CORVALIS, acts.Reopen(room.id, at["1"], "Again."), "table.own")
    room.say(CORVALIS, accept(room, at["1"]))
    assert status(room, at["1"]) is Status.AGREED
    assert status(room, at["Article 1"]) is Status.REOPENED
    room.say(CORVALIS, accept(room, WHOLE))
    assert status(room) is Status.AGREED


def test_reopening_a_clause_reopens_what_it_stands_under():
    room, at = room_of()
    all_accept(room, WHOLE)
    room.say(BELMORA, acts.Reopen(room.id, at["(a)"], "It is not clear."))
    for label in ("(a)", "2", "Article 1"):
        assert status(room, at[label]) is Status.REOPENED
    assert status(room, at["1"]) is Status.AGREED


def test_what_was_never_agreed_is_reopened_with_the_part_of_it_that_was():
    room, at = room_of()
    all_accept(room, at["1"])
    assert status(room, at["Article 1"]) is Status.OPEN
    room.say(BELMORA, acts.Reopen(room.id, at["1"], "It is not clear."))
    assert status(room, at["Article 1"]) is status(room) is Status.REOPENED


@pytest.mark.parametrize(
    ("scope", "reason", "rule"),
    [
        (WHOLE, "", "table.words"),
        (WHOLE, "x" * 2_001, "table.words"),
        (WHOLE, "a\x00b", "table.words"),
        (b"?" * 16, "Why not.", "table.target"),
        (WHOLE, "It was never accepted.", "table.own"),
    ],
)
def test_reopenings_that_are_refused(scope, reason, rule):
    room, _ = room_of()
    room.refused(BELMORA, acts.Reopen(room.id, scope, reason), rule)


def test_a_proposed_clause_is_accepted_when_it_is_taken_and_not_before():
    room, at = room_of()
    room.say(BELMORA, add(room, at["Article 1"], WHOLE, "0. Before."))
    (slot,) = room.slots()
    room.refused(BELMORA, acts.Accept(room.id, slot.scope, slot.precondition, False), "table.target")
    room.settle_all(pick=1)
    all_accept(room, slot.scope)
    assert status(room, slot.scope) is Status.AGREED


def test_nothing_is_agreed_until_everything_is_agreed():
    room, at = room_of()
    room.say(ARVENIA, acts.Modalities(room.id, (), (), together=True))
    all_accept(room, at["Article 1"])
    assert status(room, at["1"]) is status(room, at["Article 1"]) is Status.PROVISIONAL
    all_accept(room, WHOLE)
    assert status(room, at["1"]) is status(room) is Status.AGREED
    room.say(BELMORA, acts.Reopen(room.id, at["Article 3"], "Not yet."))
    assert status(room, at["1"]) is Status.PROVISIONAL


def test_an_observer_accepts_nothing():
    room, _ = room_of()
    room.refused(DORANE, accept(room, WHOLE), "table.role")
    room.refused(DORANE, acts.Reopen(room.id, WHOLE, "x"), "table.role")


def test_a_clause_within_an_option_is_a_scope_of_its_own():
    room, _ = room_of("## Article 1\n\n**Option 1:**\n\n1. One.\n\n2. Two.\n\n**Option 2:** No text\n")
    inner = next(each for each in tree.clauses(room.text.document.passage) if each.label == "1")
    for party in PARTIES:
        room.say(party, acts.Accept(room.id, inner.id, inner.digest, False))
    assert agreeing.status(room.text, FACTS, inner) is Status.AGREED
    assert status(room, room.text.order[0]) is Status.CONTESTED
    assert list(agreeing.covering(room.text, inner.id)) == [inner.id, room.text.order[0], WHOLE]
    room.settle_all()
    all_accept(room, WHOLE)
    assert len(room.text.inventories[room.text.document.digest]) == 3
    room.say(BELMORA, acts.Reopen(room.id, inner.id, "Look again."))
    inner = agreeing.clause_at(room.text, inner.id)
    assert agreeing.status(room.text, FACTS, inner) is status(room) is Status.REOPENED


# --- P7 and P17 -------------------------------------------------------------------------------------


@st.composite
def bodies(draw, kind, room, at, scope):
    match kind:
        case "accept":
            return accept(room, scope, ad_referendum=draw(st.booleans()))
        case "reopen":
            return acts.Reopen(room.id, scope, "A reason.")
        case "edit":
            return edit(room, at, "2", "Two", draw(st.sampled_from(["Deux", "Zwei"])))
        case "move":
            return acts.MoveClause(room.id, scope or at["2"], at["Article 3"], WHOLE)
        case _:
            return add(room, scope, WHOLE, "New.")


@st.composite
def stories(draw):
    """A room in which parties accept, take back, edit, move and settle."""
    room, at = room_of()
    labels = sorted(at)
    for _ in range(draw(st.integers(1, 12))):
        party = draw(st.sampled_from(PARTIES))
        scope = draw(st.sampled_from([WHOLE, *(at[label] for label in labels)]))
        kind = draw(st.sampled_from(["accept", "all", "all", "reopen", "edit", "move", "settle", "add"]))
        if kind == "settle":
            room.settle_all(pick=draw(st.integers(0, 1)))
        elif kind == "all":
            all_accept(room, scope)
        elif not hasattr(room.ask(party, body := draw(bodies(kind, room, at, scope))), "rule"):
            room.say(party, body)
    return room


def below(text, scope):
    return text.seen.children(scope)


@given(stories())
def test_p17_no_scope_is_stronger_than_its_weakest_part(room):
    for scope in (WHOLE, *room.text.order):
        for part in below(room.text, scope):
            assert ORDER.index(status(room, scope)) <= ORDER.index(status(room, part))


@given(stories(), st.data())
def test_p7_what_is_agreed_leaves_that_status_when_a_word_or_its_order_changes(room, data):
    before = {scope: (status(room, scope), agreeing.content(room.text, scope)) for scope in (WHOLE, *room.text.order)}
    lo = SOURCE.index("Four")
    scope = data.draw(st.sampled_from(room.text.outline.order))
    bodies = [
        acts.Edit(
            room.id,
            next(each for each in room.text.order if b"Four" in words(room, each)),
            (acts.Hunk(b"", lo, lo + 4, "4"),),
        ),
        acts.MoveClause(room.id, scope, WHOLE, WHOLE),
        add(room, scope, WHOLE, "Newer."),
        acts.Alternative(room.id, scope, "Other words."),
    ]
    body = data.draw(st.sampled_from(bodies))
    if hasattr(room.ask(BELMORA, body), "rule"):
        return
    room.say(BELMORA, body)
    for scope, (was, seen) in before.items():
        if agreeing.content(room.text, scope) == seen:
            assert status(room, scope) is was
        else:
            assert status(room, scope) is Status.CONTESTED


def words(room, name):
    return "".join(tree.written(room.text.clauses[name].ground.clause.passage)).encode()


@given(stories())
def test_a_status_is_what_counting_every_party_by_hand_gives(room):
    """The same by brute force: every party, every scope, every acceptance and every reopening, one by one."""
    text = room.text
    for name in text.order:
        if name in text.additions or text.clauses[name].contested:
            continue
        around = list(agreeing.covering(text, name))
        now = agreeing.content(text, name)
        for party in PARTIES:
            back = [
                each[party].at
                for scope, each in text.reopened.items()
                if party in each and (scope in around or name in agreeing.covering(text, scope))
            ]
            given = [
                each.at
                for scope in around
                for who, each in text.accepted.get(scope, {}).items()
                if who == party
                and (each.content_hash == now or text.inventories.get(each.content_hash, {}).get(name) == now)
            ]
            holds = any(at > max(back, default=-1) for at in given)
            assert (party in agreeing.acceptances(text, name)) == holds
    assert views.accepted_by(text) == set(agreeing.acceptances(text, WHOLE))
