"""What is agreed, who may speak, when may one propose, what is pending; and where each party spoke last."""

import pytest
from hypothesis import given
from lineup import ARVENIA, BELMORA, CORVALIS, DORANE, FACTS, STRANGER
from tableworlds import TABLE, TEXT, fold, verified, worlds
from test_table_agreeing import accept, all_accept, edit
from test_table_children import committee, report
from test_table_packages import package
from test_table_places import SOURCE, add, room_of

from detente.ground.errors import Refused
from detente.procedures.table import acts, agreeing, packages, questions, rules, views
from detente.procedures.table.acts import Stance
from detente.procedures.table.agreeing import Status
from detente.procedures.table.model import Fate
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.questions import Awaited


def answers(room, name=None):
    return questions.answers(room.state, name or room.id, room.facts)


def pending(room, what, name=None):
    return [each for each in answers(room, name).pending if each.what is what]


def test_a_new_text_waits_for_acceptance_everywhere_and_after_that_for_nothing():
    room, at = room_of()
    found = answers(room)
    assert [name for name, _, _ in found.agreed] == list(room.text.order)
    assert {status for _, _, status in found.agreed} == {Status.OPEN}
    waiting = pending(room, Awaited.ACCEPTANCE)
    assert {each.clause for each in waiting} == {WHOLE, *room.text.order}
    assert {each.parties for each in waiting} == {room.facts.must_accept}
    room.say(BELMORA, accept(room, at["2"]))
    (mine,) = (each for each in pending(room, Awaited.ACCEPTANCE) if each.clause == at["2"])
    assert mine.parties == tuple(party for party in room.facts.must_accept if party != BELMORA)
    all_accept(room, WHOLE)
    assert answers(room).pending == ()
    assert answers(room).counted == {Status.AGREED: len(room.text.order)}


def test_a_proposal_waits_for_those_who_stand_in_the_way_and_otherwise_for_the_chair():
    room, at = room_of()
    made = room.say(CORVALIS, edit(room, at, "2", "Two", "Deux"))
    assert pending(room, Awaited.DECISION) == []
    (one,) = pending(room, Awaited.AGREEMENT)
    assert (one.clause, one.parties, one.codes) == (at["2"], (CORVALIS,), ())
    room.say(BELMORA, acts.Position(room.id, made, Stance.OPPOSE, False, ""))
    assert pending(room, Awaited.AGREEMENT)[0].parties == (BELMORA, CORVALIS)
    room.say(CORVALIS, acts.Withdraw(room.id, made))
    assert pending(room, Awaited.AGREEMENT) == []


def test_a_clause_that_is_proposed_is_pending_too_and_whoever_opposes_it_is_named():
    room, at = room_of()
    made = room.say(BELMORA, add(room, at["Article 1"], at["1"], "1 bis. Between."))
    new = room.text.operations[made].home
    assert [(each.clause, each.parties) for each in pending(room, Awaited.DECISION)] == [(new, (ARVENIA,))]
    room.say(CORVALIS, acts.Position(room.id, made, Stance.OPPOSE, False, ""))
    assert [(each.clause, each.parties) for each in pending(room, Awaited.AGREEMENT)] == [(new, (CORVALIS,))]
    assert new not in {each.clause for each in pending(room, Awaited.ACCEPTANCE)}
    room.say(CORVALIS, acts.Position(room.id, made, Stance.SUPPORT, False, ""))
    assert pending(room, Awaited.AGREEMENT) == []
    room.settle_all(pick=1)
    assert new in {each.clause for each in pending(room, Awaited.ACCEPTANCE)}


def test_who_is_named_in_the_text_itself_is_told_as_the_text_writes_it():
    room, at = room_of("# A\n\n1. The line [XYZ oppose: stays] open.\n\n2. It is [promptly] tested.\n")
    (one,) = pending(room, Awaited.AGREEMENT)
    assert (one.clause, one.parties, one.codes) == (at["1"], (), ("XYZ",))
    room.say(ARVENIA, acts.Codes(room.id, (acts.Code("XYZ", CORVALIS),)))
    assert [(each.parties, each.codes) for each in pending(room, Awaited.AGREEMENT)] == [((CORVALIS,), ())]
    (two,) = pending(room, Awaited.DECISION)
    assert (two.clause, two.parties) == (at["2"], (ARVENIA,))


def test_capitals_packages_and_conditions_are_waited_for():
    room, at = room_of()
    room.say(BELMORA, accept(room, at["1"], ad_referendum=True))
    assert [(each.clause, each.parties) for each in pending(room, Awaited.CONFIRMATION)] == [(at["1"], (BELMORA,))]
    made = room.say(BELMORA, edit(room, at, "2", "Two", "Deux"))
    deal = room.say(BELMORA, package(room, (made,)))
    (offer,) = pending(room, Awaited.ANSWER)
    assert (offer.subject, offer.parties) == (deal, tuple(each for each in room.facts.must_accept if each != BELMORA))
    (shown,) = packages.packages(room.text, room.facts)
    room.say(ARVENIA, acts.Accept(room.id, deal, shown.joint, False))
    assert ARVENIA not in pending(room, Awaited.ANSWER)[0].parties
    room.say(CORVALIS, acts.Position(room.id, made, Stance.SUPPORT, False, "", (at["1"],)))
    assert [(each.subject, each.parties) for each in pending(room, Awaited.CONDITION)] == [(made, (CORVALIS,))]
    room.say(BELMORA, acts.Withdraw(room.id, deal))
    assert pending(room, Awaited.ANSWER) == []


def test_what_is_late_waits_for_the_chair_where_all_had_accepted():
    room, at = room_of()
    all_accept(room, at["Article 2"])
    assert answers(room).with_leave == ()
    room.say(ARVENIA, acts.Publish(room.id, "Rev. 1", agreeing.content(room.text, WHOLE), False))
    assert at["Article 2"] in answers(room).with_leave
    assert WHOLE not in answers(room).with_leave
    late = room.say(BELMORA, acts.Alternative(room.id, at["Article 2"], "Article 2 of another kind"))
    assert [(each.subject, each.parties) for each in pending(room, Awaited.LEAVE)] == [(late, (ARVENIA,))]
    room.say(ARVENIA, acts.Grant(room.id, (late,)))
    assert pending(room, Awaited.LEAVE) == []


def test_a_committee_is_waited_for_until_it_reports_and_has_a_floor_of_its_own():
    room, at = room_of()
    friends = committee(room, at["2"], members=(BELMORA, CORVALIS), facilitator=BELMORA)
    (out,) = pending(room, Awaited.REPORT)
    assert (out.subject, out.parties) == (friends.id, (BELMORA,))
    its = answers(room, friends.id).floor
    assert (set(its.presiding), set(its.proposing)) == ({ARVENIA, BELMORA}, {BELMORA, CORVALIS})
    assert its.accepting == its.proposing
    lo = SOURCE.index("Two")
    friends.say(CORVALIS, acts.Edit(friends.id, at["2"], (acts.Hunk(b"", lo, lo + 3, "Deux"),)))
    friends.settle_all(pick=1, by=BELMORA)
    room.say(BELMORA, report(room, friends))
    assert pending(room, Awaited.REPORT) == []


@pytest.mark.parametrize("inside", [False, True])
def test_who_may_speak_is_what_the_rules_say(inside):
    room, at = room_of()
    on = committee(room, at["2"], members=(BELMORA, CORVALIS), facilitator=BELMORA) if inside else room
    floor = answers(room, on.id).floor
    lo = SOURCE.index("Two")
    proposal = acts.Edit(on.id, at["2"], (acts.Hunk(b"", lo, lo + 3, "Deux"),))
    leading = acts.Publish(on.id, "Rev. 1", b"\0" * 32, False)
    for party in (*room.facts.members, STRANGER):
        for body, those in ((proposal, floor.proposing), (leading, floor.presiding)):
            outcome = rules.admit(room.state, room.facts, verified(body, party, b"floor"))
            barred = isinstance(outcome, Refused) and outcome.rule == "table.role"
            assert barred == (party not in those), (party, body)
    assert set(floor.reading) == set(room.facts.members) - set(floor.proposing) - set(floor.presiding)
    assert DORANE not in floor.proposing


@given(worlds())
def test_exactly_where_a_place_is_open_agreement_or_a_decision_is_awaited(world):
    made, _ = world
    text = fold(made)
    table = rules.Table(TABLE.texts.set(TEXT, text), TABLE.laid)
    found = questions.answers(table, TEXT, FACTS)
    awaited = [each for each in found.pending if each.what in {Awaited.AGREEMENT, Awaited.DECISION}]
    assert len({each.clause for each in awaited}) == len(awaited)
    assert {each.clause for each in awaited} == {name for name in text.order if text.clauses[name].contested}
    standing = {
        act.author
        for act in made
        if act.id in {name for name, each in text.operations.items() if each.fate is Fate.LIVE}
    }
    named = {party for each in awaited if each.what is Awaited.AGREEMENT for party in each.parties}
    if all(isinstance(act.body, (acts.Edit, acts.Alternative, acts.Withdraw)) for act in made):
        assert named <= standing


def test_a_partys_last_word_is_where_what_is_new_for_it_begins():
    room, at = room_of()
    first = room.say(BELMORA, edit(room, at, "2", "Two", "Deux"))
    then = questions.last_words(room.text)
    room.say(CORVALIS, acts.Alternative(room.id, at["(a)"], "(a) Another point."))
    now = questions.last_words(room.text)
    assert now[BELMORA] == then[BELMORA] == room.text.operations[first].at
    assert now[CORVALIS] > now[BELMORA]
    new = views.changes(room.text, now[BELMORA] + 1)
    assert [each.clause for each in new] == [at["(a)"]]
    assert STRANGER not in now
