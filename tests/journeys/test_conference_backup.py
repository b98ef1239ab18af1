"""A house that was put back from a backup has lost time: it never goes on with its old leaf, and is added anew."""

import shutil

import pytest
from conference import Conference, a_note
from rogues import alarms, alike

from detente.acts.facts import Role
from detente.chancery.directory import Directory
from detente.ground.errors import Refused
from detente.line.engine import Line
from detente.procedures.charter.acts import Admit
from detente.procedures.correspondence.acts import Acknowledge
from detente.store.sqlite import SqliteStore


@pytest.fixture
def world(tmp_path):
    """A conference in which one house keeps its store in a file."""
    world = Conference(3)
    party = world.parties[1]
    (tmp_path / "house").mkdir()
    party.path = tmp_path / "house" / "house.sqlite"
    party.store = SqliteStore(party.path, party.key, world.entropy)
    Directory(party.store).own_is((party.made.record,))
    party.reopen()
    for other in world.parties:
        if other is not party:
            world.accredit(party, other)
    world.line = world.found()
    yield world
    party.store.close()


def back_up(party):
    party.store.close()
    shutil.copytree(party.path.parent, party.path.parent.parent / "backup")
    _open(party)


def put_back(party):
    party.store.close()
    shutil.rmtree(party.path.parent)
    shutil.copytree(party.path.parent.parent / "backup", party.path.parent)
    _open(party)


def _open(party):
    party.store = SqliteStore(party.path, party.key, party.world.entropy)
    party.reopen()


def lost_time(world):
    """The house holds an act, says another after the backup, and is put back to where it held the first."""
    chair, member, _ = world.parties
    first = member.do(world.line, a_note(world, member, chair))
    back_up(member)
    world.settle()
    second = member.do(world.line, a_note(world, member, chair, sequence=2))
    world.settle()
    put_back(member)
    assert [held.act for held in member.house.line(world.line).held.values()] == [first]
    return first, second


def test_it_notices_is_added_anew_and_nothing_is_lost(world):
    chair, member, other = world.parties
    said = lost_time(world)
    world.read(member, world.line)
    assert member.house.line(world.line).stuck
    with pytest.raises(Refused, match="not in the line's group at present"):
        member.do(world.line, a_note(world, member, chair, sequence=2))
    world.settle()
    assert "older than the line" in alarms(member, world.line, "stuck")[0]["sentence"]
    assert alarms(chair, world.line, "incident")
    assert alike(chair, member, other, line=world.line)
    known = member.house.line(world.line)
    assert (known.stuck, known.held) == (False, {})
    assert known.known.keys() >= set(said)
    third = member.do(world.line, a_note(world, member, chair, sequence=3))
    world.settle()
    chair.do(world.line, Acknowledge(third))
    world.settle()
    assert alike(chair, member, other, line=world.line)
    assert not [alarm for party in world.parties for alarm in alarms(party, world.line, "digest")]


def test_control_if_it_went_on_with_its_old_leaf_it_would_stand_elsewhere(world, monkeypatch):
    monkeypatch.setattr(Line, "_notice_lost_time", lambda *_: None)
    chair, member, _ = world.parties
    _, second = lost_time(world)
    world.settle()
    assert second in chair.house.line(world.line).known
    assert second not in member.house.line(world.line).known
    assert not alike(chair, member, line=world.line)


def test_a_backup_after_which_nothing_was_said_goes_on(world):
    chair, member, _ = world.parties
    back_up(member)
    act = chair.do(world.line, a_note(world, chair, world.parties[2]))
    world.settle()
    put_back(member)
    world.settle()
    assert act in member.house.line(world.line).known
    assert alike(*world.parties, line=world.line)
    assert not world.alarms(world.line)


@pytest.mark.parametrize("page", [1000, 1])
def test_a_newcomer_that_forgot_what_it_offered_notices_when_it_is_taken_up(tmp_path, page):
    """Put back to before it offered; where it reads entry by entry, it has offered another commit in the meantime."""
    world = Conference(3)
    chair, newcomer, other = world.parties
    (tmp_path / "house").mkdir()
    newcomer.path = tmp_path / "house" / "house.sqlite"
    newcomer.store = SqliteStore(newcomer.path, newcomer.key, world.entropy)
    Directory(newcomer.store).own_is((newcomer.made.record,))
    newcomer.reopen()
    for each in (chair, other):
        world.accredit(newcomer, each)
    world.line = world.found([chair, other])
    chair.do(world.line, Admit(newcomer.id, Role.MEMBER, (newcomer.made.record,)))
    world.settle()
    newcomer.house.agree(world.line, "head-of-mission")
    while world.line not in newcomer.house.lines():
        for party in (chair, other):
            world.carry(party)
        world.carry_mail(newcomer)
    back_up(newcomer)
    world.settle()
    assert not newcomer.house.line(world.line).group.fresh
    put_back(newcomer)
    whole = world.relay.read
    world.relay.read = lambda name, size: whole(name, size, limit_entries=page)
    world.settle()
    assert alarms(newcomer, world.line, "stuck")
    assert alike(chair, newcomer, other, line=world.line)
    assert not newcomer.house.line(world.line).group.fresh
    act = newcomer.do(world.line, a_note(world, newcomer, chair))
    world.settle()
    assert act in other.house.line(world.line).known
    newcomer.store.close()
