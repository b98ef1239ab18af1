"""Packages: taken whole, offered on conditions, accepted in circles."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS, FACTS, START, STRANGER
from tableworlds import PARTIES
from test_table_places import SOURCE, room_of

from detente.acts import facts
from detente.ground.errors import Stale
from detente.procedures.table import acts, packages, views
from detente.procedures.table.acts import Basis, ClauseKind, Hunk, Stance
from detente.procedures.table.model import Fate
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.saying import IN_FAVOUR
from detente.procedures.table.tree import container_of


def edit(room, at, label, old, new):
    lo = SOURCE.index(old)
    return acts.Edit(room.id, at[label], (Hunk(b"", lo, lo + len(old), new),))


def table():
    """A room with three edits in three clauses: by Belmora, by Corvalis, by Belmora."""
    room, at = room_of()
    one = room.say(BELMORA, edit(room, at, "2", "Two", "Deux"))
    two = room.say(CORVALIS, acts.Alternative(room.id, at["(a)"], "(a) Another point."))
    three = room.say(BELMORA, acts.MoveClause(room.id, at["Article 1"], at["Article 3"], WHOLE))
    return room, at, (one, two, three)


def package(room, take, drop=(), name="A deal", parties=()):
    return acts.Package(room.id, name, tuple(take), tuple(drop), tuple(parties))


def say(room, party, target, stance=Stance.SUPPORT, given=b""):
    room.say(party, acts.Position(room.id, target, stance, False, "", given=given))


def all_say(room, target, *, given=b"", but=()):
    for party in PARTIES:
        if party not in but:
            say(room, party, target, given=given)


def take(room, *names, basis=Basis.CONSENSUS, precondition=None):
    return acts.TakePackages(room.id, names, precondition or packages.package_hash(room.text, names), basis)


def shown(room, name):
    return next(each for each in packages.packages(room.text, room.facts) if each.packed.id == name)


def fates(room, operations):
    return [room.text.operations[each].fate for each in operations]


def test_taking_a_package_takes_all_of_it_and_drops_what_it_drops():
    room, at, (one, two, three) = table()
    rival = room.say(CORVALIS, edit(room, at, "2", "Two", "Zwei"))
    other = room.say(CORVALIS, edit(room, at, "1", "One", "Uno"))
    name = room.say(BELMORA, package(room, (one, two, three), (other,)))
    room.say(ARVENIA, take(room, name))
    assert fates(room, (one, two, three)) == [Fate.TAKEN] * 3
    assert fates(room, (rival, other)) == [Fate.SET_ASIDE] * 2
    words = views.clean_text(room.text)
    assert words.index("Article 3") < words.index("Article 1") < words.index("2. Deux.") < words.index("Another point.")
    assert "1. One." in words
    assert shown(room, name).packed.fate is Fate.TAKEN
    assert shown(room, name).carried
    room.refused(ARVENIA, take(room, name), "table.target")


def test_a_package_is_taken_on_the_content_that_was_seen():
    room, at, (one, two, _) = table()
    name = room.say(BELMORA, package(room, (one, two)))
    before = packages.package_hash(room.text, [name])
    room.say(CORVALIS, edit(room, at, "1", "One", "Uno"))
    assert packages.package_hash(room.text, [name]) == before  # in another clause
    room.say(CORVALIS, edit(room, at, "2", "2. T", "2. D"))
    assert isinstance(room.ask(ARVENIA, take(room, name, precondition=before)), Stale)
    room.refused(BELMORA, take(room, name), "table.role")


def test_nested_and_new_things_are_taken_in_the_order_that_they_need():
    room, _, _ = table()
    upper = room.say(BELMORA, acts.AddClause(room.id, ClauseKind.HEADING, WHOLE, WHOLE, "# Part 0"))
    heading = next(iter(room.text.additions))
    lower = room.say(CORVALIS, acts.AddClause(room.id, ClauseKind.PARAGRAPH, heading, WHOLE, "1. Nought."))
    body = acts.Edit(room.id, heading, (Hunk(container_of(heading, 0), 2, 6, "Section"),))
    inner = room.say(CORVALIS, body)
    proposal = room.text.operations[inner].proposal
    deepest = room.say(BELMORA, acts.Edit(room.id, heading, (Hunk(container_of(proposal, 0), 0, 3, "Frac"),)))
    name = room.say(BELMORA, package(room, (deepest, lower, inner, upper)))
    room.say(ARVENIA, take(room, name))
    assert fates(room, (upper, lower, inner, deepest)) == [Fate.TAKEN] * 4
    assert "# Fraction 0\n\n1. Nought.\n\n# Part A" in views.bracketed(room.text)


def test_what_excludes_itself_is_not_taken_and_nothing_changes():
    room, at, (one, _, _) = table()
    rival = room.say(CORVALIS, edit(room, at, "2", "Two", "Zwei"))
    name = room.say(BELMORA, package(room, (one, rival)))
    room.refused(ARVENIA, take(room, name), "table.choice")
    whole = room.say(CORVALIS, acts.Alternative(room.id, at["2"], "2. All new."))
    other = room.say(BELMORA, package(room, (one, whole), name="Another"))
    room.refused(ARVENIA, take(room, other), "table.choice")
    third = room.say(CORVALIS, package(room, (rival,), (one,), name="A third"))
    room.refused(ARVENIA, take(room, third, other), "table.choice")
    assert fates(room, (one, rival, whole)) == [Fate.LIVE] * 3


def test_a_member_settled_alone_is_outside_its_package():
    room, _, (one, two, _) = table()
    name = room.say(BELMORA, package(room, (one, two)))
    slot = next(each for each in room.slots() if each.label == "2")
    room.say(ARVENIA, room.settle(slot, slot.choices[1].id))
    assert (shown(room, name).outside, shown(room, name).lost) == ((one,), ())
    room.say(CORVALIS, acts.Withdraw(room.id, two))
    assert shown(room, name).lost == (two,)
    room.refused(ARVENIA, take(room, name), "table.target")


def test_the_rest_of_a_package_may_still_be_taken():
    room, _, (one, two, _) = table()
    name = room.say(BELMORA, package(room, (one, two)))
    slot = next(each for each in room.slots() if each.label == "2")
    room.say(ARVENIA, room.settle(slot, slot.choices[1].id))
    room.say(ARVENIA, take(room, name))
    assert shown(room, name).outside == ()
    assert fates(room, (one, two)) == [Fate.TAKEN] * 2


def test_a_package_is_withdrawn_by_its_author_and_its_members_stay():
    room, _, (one, _, _) = table()
    name = room.say(BELMORA, package(room, (one,)))
    room.refused(CORVALIS, acts.Withdraw(room.id, name), "table.own")
    room.say(BELMORA, acts.Withdraw(room.id, name))
    room.refused(BELMORA, acts.Withdraw(room.id, name), "table.own")
    room.refused(ARVENIA, take(room, name), "table.target")
    assert fates(room, (one,)) == [Fate.LIVE]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (lambda room, _: package(room, ()), "table.package"),
        (lambda room, one: package(room, (one, one)), "table.package"),
        (lambda room, one: package(room, (one,), (one,)), "table.package"),
        (lambda room, one: package(room, [one] * 201), "table.package"),
        (lambda room, _: package(room, (b"?" * 32,)), "table.target"),
        (lambda room, one: package(room, (one,), name=""), "table.words"),
        (lambda room, one: package(room, (one,), name="x\u202ey"), "table.words"),
        (lambda room, one: package(room, (one,), parties=(STRANGER,)), "table.audience"),
        (lambda room, _: acts.TakePackages(room.id, (), bytes(32), Basis.CONSENSUS), "table.target"),
        (lambda room, _: acts.TakePackages(room.id, (b"?" * 32,), bytes(32), Basis.CONSENSUS), "table.target"),
    ],
)
def test_packages_that_are_refused(body, rule):
    room, _, (one, _, _) = table()
    room.refused(ARVENIA, body(room, one), rule)


def test_who_is_in_favour_of_the_package_is_not_against_what_it_takes():
    room, _, (one, two, _) = table()
    name = room.say(BELMORA, package(room, (one, two)))
    say(room, CORVALIS, one, Stance.OPPOSE)
    room.refused(ARVENIA, take(room, name), "table.basis")
    say(room, CORVALIS, name, Stance.SUPPORT)
    outcome = room.ask(ARVENIA, take(room, name))
    assert not hasattr(outcome, "rule")
    say(room, CORVALIS, name, Stance.RESERVE)
    room.refused(ARVENIA, take(room, name), "table.basis")


def test_by_acceptance_is_taken_what_is_carried():
    room, _, (one, two, _) = table()
    name = room.say(BELMORA, package(room, (one, two)))
    body = take(room, name, basis=Basis.ACCEPT)
    room.refused(ARVENIA, body, "table.basis")
    all_say(room, name, but=(BELMORA,))  # whose package it is
    room.say(ARVENIA, body)
    assert fates(room, (one, two)) == [Fate.TAKEN] * 2


@pytest.mark.parametrize("basis", [Basis.VOTE, Basis.SILENCE])
def test_by_a_vote_is_taken_what_a_ballot_carried(basis):
    room, _, (one, two, _) = table()
    name = room.say(BELMORA, package(room, (one, two)))
    body = take(room, name, basis=basis)
    room.refused(ARVENIA, body, "table.basis")
    taken_so = facts.Basis(basis.value)
    room.know(decisions={room.id: facts.Decision(taken_so, room.id, b"", bytes(32), body.precondition, START)})
    room.say(ARVENIA, body)


# --- conditions -------------------------------------------------------------------------------------


def carried(room):
    return packages.carried(room.text, room.facts)


def test_a_position_holds_only_if_what_it_depends_on_is_carried():
    room, _, (one, two, three) = table()
    first = room.say(BELMORA, package(room, (one,)))
    second = room.say(CORVALIS, package(room, (two,)))
    all_say(room, second, given=first)
    assert carried(room).targets == frozenset()
    all_say(room, first, but=(ARVENIA,))
    assert carried(room).targets == frozenset()
    say(room, ARVENIA, first, Stance.CAN_GO_WITH_CONSENSUS)
    assert carried(room).targets == {first, one, second, two}
    say(room, CORVALIS, first, Stance.RESERVE)
    assert carried(room).targets == frozenset()
    assert three not in carried(room).targets


def test_a_circle_is_carried_only_by_accepting_it_together():
    room, at, (one, two, _) = table()
    first = room.say(BELMORA, package(room, (one,)))
    second = room.say(CORVALIS, package(room, (two,)))
    all_say(room, first, given=second)
    all_say(room, second, given=first)
    found = carried(room)
    assert found.targets == frozenset()
    ((seen, circle),) = found.joint
    assert circle == tuple(sorted((first, second)))
    assert shown(room, first).joint == shown(room, second).joint == seen
    room.refused(ARVENIA, take(room, first, second, basis=Basis.ACCEPT), "table.basis")
    for party, target in ((ARVENIA, first), (BELMORA, second)):
        room.say(party, acts.Accept(room.id, target, seen, False))
    assert carried(room).joint
    room.refused(BELMORA, acts.Accept(room.id, first, seen, False), "table.twice")
    room.refused(CORVALIS, acts.Accept(room.id, first, bytes(32), False), "table.stale")
    room.say(CORVALIS, acts.Accept(room.id, first, seen, True))
    assert carried(room).targets == {first, second, one, two}
    assert carried(room).joint == ()
    room.say(ARVENIA, take(room, first, second, basis=Basis.ACCEPT))
    assert fates(room, (one, two)) == [Fate.TAKEN] * 2
    assert at


def test_what_changes_under_a_joint_acceptance_is_not_carried_by_it():
    room, at, (one, two, _) = table()
    first = room.say(BELMORA, package(room, (one,)))
    second = room.say(CORVALIS, package(room, (two,)))
    all_say(room, first, given=second)
    all_say(room, second, given=first)
    ((seen, _),) = carried(room).joint
    for party in PARTIES:
        room.say(party, acts.Accept(room.id, first, seen, False))
    assert first in carried(room).targets
    room.say(CORVALIS, edit(room, at, "2", "2. T", "2. D"))
    assert carried(room).targets == frozenset()
    assert carried(room).joint[0][0] != seen


def test_a_package_is_accepted_by_itself_as_well():
    room, _, (one, two, _) = table()
    name = room.say(BELMORA, package(room, (one, two)))
    seen = packages.joint_hash(room.text, [name])
    for party in PARTIES:
        assert name not in carried(room).targets
        room.say(party, acts.Accept(room.id, name, seen, False))
    assert carried(room).targets == {name, one, two}


def test_nothing_depends_on_itself_and_no_objection_on_anything():
    room, _, (one, _, _) = table()
    name = room.say(BELMORA, package(room, (one,)))
    for target, stance, rule in (
        (name, Stance.SUPPORT, "table.target"),
        (one, Stance.RESERVE, "table.words"),
        (one, Stance.CONSIDERING, "table.words"),
    ):
        body = acts.Position(room.id, target, stance, False, "", given=name)
        room.refused(CORVALIS, body, rule)
    say(room, CORVALIS, one, given=name)


# --- the reference: every set of targets is tried ----------------------------------------------------


@st.composite
def deals(draw):
    room, _, operations = table()
    names = list(operations)
    for number in range(draw(st.integers(1, 3))):
        members = draw(st.sets(st.sampled_from(operations), min_size=1, max_size=2))
        names.append(room.say(draw(st.sampled_from(PARTIES)), package(room, sorted(members), name=f"Deal {number}")))
    for _ in range(draw(st.integers(0, 14))):
        target = draw(st.sampled_from(names))
        given = draw(st.sampled_from([b"", b"", *(each for each in names if each != target)]))
        stance = draw(st.sampled_from([Stance.SUPPORT, Stance.SUPPORT, Stance.FLEXIBLE, Stance.OPPOSE]))
        say(room, draw(st.sampled_from(PARTIES)), target, stance, given if stance in IN_FAVOUR else b"")
    return room, names


def in_favour(room, party, target, assumed):
    said = room.text.positions.get(target, {}).get(party)
    if said is not None:
        return said.stance in IN_FAVOUR and (not said.given or said.given in assumed)
    made = room.text.packages.get(target) or room.text.operations[target]
    return made.party == party


def follows(room, target, assumed):
    """Whether a target is carried once the assumed ones are."""
    if any(target in each.take for name, each in room.text.packages.items() if name in assumed):
        return True
    return all(in_favour(room, party, target, assumed) for party in FACTS.must_accept)


@given(deals())
def test_what_is_carried_is_the_least_of_all_solutions_and_circles_are_the_rest_of_the_greatest(drawn):
    room, names = drawn
    concerned = packages._concerned(room.text)
    every = [set(some) for size in range(len(concerned) + 1) for some in combinations(concerned, size)]
    closed = [some for some in every if all(not follows(room, each, some) or each in some for each in concerned)]
    least = set(concerned).intersection(*closed)
    grounded = [some for some in every if all(follows(room, each, some) for each in some)]
    greatest = set().union(*grounded)
    found = carried(room)
    assert found.targets == least
    circles = {each for _, circle in found.joint for each in circle}
    assert circles <= greatest - least
    assert bool(circles) == bool(greatest - least)
    for _, circle in found.joint:  # each is self-supporting once what is carried anyway is there
        around = least | greatest
        assert all(follows(room, each, around) for each in circle)
    assert set(names) >= least
