"""Newcomers give their leaves keys of their own, one after the other, and so a commit stays short however many come.

What is counted are sealed secrets: one in each node of a commit's path where the tree is full, and one for each
member where nobody has brought keys of its own.
"""

import random

import pytest
from conference import Conference, a_note
from rogues import alarms, alike, offers_nothing, outcomes

from detente.acts.facts import Role
from detente.chancery import letters
from detente.line.commits import AT_ONCE
from detente.mls import commits as mls_commits
from detente.procedures.charter.acts import Admit, Remove


def secrets_sealed(world, line, monkeypatch):
    """How many secrets the chair's next commit seals, and to how many nodes of its path; it is made and ordered."""
    chair = world.parties[0]
    known = chair.house.line(line)
    honest, counted = mls_commits.seal_path, []

    def seal(*what):
        nodes = honest(*what)
        counted.append((sum(len(node.sealed) for node in nodes), len(nodes)))
        return nodes

    with monkeypatch.context() as patched:
        patched.setattr(mls_commits, "seal_path", seal)
        with chair.house._step(known):
            known.commit({}, [], world.entropy)
    world.settle()
    (found,) = counted
    return found


def fresh(world, line):
    return [member.leaf_index for member in world.parties[0].house.line(line).group.members if member.fresh]


def one_after_another(parties):
    world = Conference(parties)
    chair, *others = world.parties
    line = chair.house.found("head-of-mission", world.draft(), world.now)
    world.settle()
    for each in others:
        each.house.agree(line, "head-of-mission")
        world.settle()
    return world, line


MANY = pytest.param(9, 4, marks=pytest.mark.slow)


@pytest.mark.parametrize(("parties", "path"), [(2, 1), (3, 2), (6, 3), MANY])
def test_after_many_came_one_after_another_the_chairs_commit_is_as_short_as_can_be(monkeypatch, parties, path):
    world, line = one_after_another(parties)
    assert fresh(world, line) == []
    assert secrets_sealed(world, line, monkeypatch) == (path, path)
    assert alike(*world.parties, line=line)
    known = world.parties[0].house.line(line)
    assert known.epoch == 2 * (parties - 1) + 1  # each came by one commit and brought one, and the last is the chair's
    assert known.size == known.confirmed
    assert len(known.spans) == parties  # who counts changes with who comes, and not with an arrival
    assert not world.alarms(line)


@pytest.mark.parametrize("parties", [4, 6])
def test_control_if_nobody_brought_keys_it_would_grow_with_every_member(monkeypatch, parties):
    monkeypatch.setattr("detente.line.engine.Line.to_offer", property(lambda _: False))
    world, line = one_after_another(parties)
    assert len(fresh(world, line)) == parties - 1
    assert secrets_sealed(world, line, monkeypatch)[0] == parties - 1


@pytest.mark.parametrize(("parties", "path"), [(7, 3), pytest.param(12, 4, marks=pytest.mark.slow)])
def test_many_who_come_at_once_take_turns(monkeypatch, parties, path):
    """They agree in one breath: few letters for each epoch, and in the end every leaf has keys of its own."""
    offered = []
    honest = letters.write

    def write(letter, *keys):
        if isinstance(letter.content, letters.Arrival):
            offered.append(letter.sender)
        return honest(letter, *keys)

    monkeypatch.setattr(letters, "write", write)
    world = Conference(parties)
    line = world.found()
    known = world.parties[0].house.line(line)
    assert fresh(world, line) == []
    assert set(offered) == {party.id for party in world.parties[1:]}
    assert len(offered) <= AT_ONCE * known.epoch
    assert secrets_sealed(world, line, monkeypatch) == (path, path)
    assert not world.alarms(line)


def test_nothing_waits_for_those_who_bring_nothing():
    """More of them than may offer at once, and at the head of the order: the others come when the turn passes on."""
    world = Conference(5)
    chair, *others = world.parties
    line = chair.house.found("head-of-mission", world.draft(), world.now)
    world.settle()
    offers_nothing(*others)
    for each in others:
        each.house.agree(line, "head-of-mission")
        world.settle()
    willing = others[0]  # of the leaves 1 to 4, read backwards, the order is 4, 2, 1, 3
    del willing.house._offer
    for number in range(40):
        chair.do(line, a_note(world, chair, willing, sequence=1 + number))
        if number % 8 == 0:
            world.settle()
    world.settle()
    assert fresh(world, line) == [2, 3, 4]
    known = chair.house.line(line)
    assert known.size == known.confirmed
    assert alike(*world.parties, line=line)


def test_those_who_come_and_go_by_an_act_go_before_those_who_bring_keys():
    world = Conference(4)
    line = world.found(world.parties[:3])
    chair, _, leaver, newcomer = world.parties
    chair.do(line, Admit(newcomer.id, Role.MEMBER, (newcomer.made.record,)))
    world.settle()
    offers_nothing(newcomer)
    newcomer.house.agree(line, "head-of-mission")
    world.settle()
    del newcomer.house._offer
    chair.do(line, Remove(leaver.id, ""))
    for _ in range(3):
        world.carry(chair)
        world.read(newcomer, line)
        world.read(leaver, line)
    world.carry_mail(newcomer)
    world.carry_mail(chair)  # the letter lies there now, and the removal is not confirmed yet
    assert chair.store.shelf(f"arrivals/{line.hex()}")
    assert chair.house.line(line).pending is None or chair.house.line(line).pending.removed
    world.settle()
    outcome = [what for _, what in sorted(outcomes(chair, line).items())]
    assert outcome[-2:] == ["merged", "merged"]
    assert leaver.id not in chair.house.line(line).members()
    assert fresh(world, line) == []
    assert leaver.house.line(line).group is None


def test_while_the_chairs_house_is_away_newcomers_talk_and_wait():
    world = Conference(3)
    chair, member, other = world.parties
    line = chair.house.found("head-of-mission", world.draft(), world.now)
    world.settle()
    for each in (member, other):
        each.house.agree(line, "head-of-mission")
    while not all(each.house.lines() and not each.house.line(line).catching_up for each in (member, other)):
        for party in world.parties:
            world.carry(party)
    for _ in range(2):
        world.carry(chair)
        world.read(member, line)
        world.read(other, line)
    away = world.parties.pop(0)
    act = member.do(line, a_note(world, member, other))
    world.settle()
    assert act in other.house.line(line).known
    world.parties.insert(0, away)
    world.settle()
    assert fresh(world, line) == []
    assert alike(*world.parties, line=line)
    assert not world.alarms(line)


def test_a_chairs_house_that_has_read_less_than_the_newcomer_waits_and_mistrusts_nobody():
    world = Conference(3)
    line = world.found(world.parties[:2])
    chair, member, newcomer = world.parties
    chair.do(line, Admit(newcomer.id, Role.MEMBER, (newcomer.made.record,)))
    world.settle()
    offers_nothing(newcomer)
    newcomer.house.agree(line, "head-of-mission")
    world.settle()
    del newcomer.house._offer
    act = member.do(line, a_note(world, member, chair))
    world.send(member, line)
    world.read(newcomer, line)
    assert newcomer.house.line(line).arrival
    world.carry_mail(newcomer)
    world.carry_mail(chair)
    assert chair.house.line(line).size < newcomer.house.line(line).size
    assert chair.house.line(line).pending is None
    assert len(chair.store.shelf(f"arrivals/{line.hex()}")) == 1
    world.settle()
    assert act in chair.house.line(line).known
    assert fresh(world, line) == []
    assert not world.alarms(line)


@pytest.mark.parametrize("seed", range(4))
def test_kept_back_restarted_and_interrupted_at_any_moment_every_arrival_comes_to_its_end(seed):
    """Nothing is released before it is stored, so a house that is killed goes on with the commit that it offered."""
    chance = random.Random(seed)
    world = Conference(5, seed=seed)
    chair, *others = world.parties
    line = chair.house.found("head-of-mission", world.draft(), world.now)
    world.settle()
    for each in others:
        each.house.agree(line, "head-of-mission")
    said, numbers = [], dict.fromkeys((party.id for party in world.parties), 0)
    for _ in range(150):
        party = chance.choice(world.parties)
        match chance.randrange(6):
            case 0:
                world.carry_mail(party)
            case 1 | 2 if line in party.house.lines():
                world.send(party, line)
            case 3 | 4 if line in party.house.lines():
                world.read(party, line)
            case _:
                party.reopen()
        known = party.house.lines().get(line)
        if known and known.group and not known.catching_up and not chance.randrange(8):
            numbers[party.id] += 1
            text = f"Said as number {len(said)}."
            said.append(party.do(line, a_note(world, party, chair if party is not chair else others[0],
                                              sequence=numbers[party.id], text=text)))  # fmt: skip
    world.settle()
    assert fresh(world, line) == []
    assert alike(*world.parties, line=line)
    for party in world.parties:
        known = party.house.line(line)
        assert set(said) <= known.known.keys()
        assert not known.held
        assert known.arrival is None
        assert known.size == known.confirmed
        assert alarms(party, line) == []


def test_an_arrival_that_was_offered_survives_a_restart_and_a_letter_that_is_lost_is_no_end():
    world = Conference(3)
    line = world.found(world.parties[:2])
    chair, member, newcomer = world.parties
    chair.do(line, Admit(newcomer.id, Role.MEMBER, (newcomer.made.record,)))
    world.settle()
    newcomer.house.agree(line, "head-of-mission")
    while line not in newcomer.house.lines() or newcomer.house.line(line).arrival is None:
        for party in world.parties:
            world.carry(party)
    offered = newcomer.house.line(line).arrival
    newcomer.reopen()
    again = newcomer.house.line(line).arrival
    assert (again.message, again.next.epoch_authenticator) == (offered.message, offered.next.epoch_authenticator)
    for post in newcomer.house.posts():
        newcomer.house.posted(post.key)  # the relay says that it has it, and drops it
    chair.do(line, a_note(world, chair, member))
    world.settle()
    assert fresh(world, line) == [2]
    known = chair.house.line(line)
    with chair.house._step(known):
        known.commit({}, [], world.entropy)
    world.settle()
    assert newcomer.house.line(line).arrival is None
    assert fresh(world, line) == []
