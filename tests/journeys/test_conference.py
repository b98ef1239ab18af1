"""Journeys of acts through a whole conference, in one process."""

from conference import Conference, a_note

from detente.procedures.correspondence.acts import Acknowledge


def test_a_line_is_founded_and_everybody_is_confirmed_in_it():
    world = Conference(3)
    line = world.found()
    assert len(world.words(line)) == 1
    for party in world.parties:
        known = party.house.line(line)
        assert known.size == known.confirmed
        assert len(known.members()) == 3
        assert len(known.state.facts.members) == 3
    assert not world.alarms(line)


def test_a_note_is_sent_delivered_and_acknowledged():
    world = Conference(3)
    line = world.found()
    sender, *others = world.parties
    note = sender.do(line, a_note(world, sender, *others))
    assert len(sender.house.line(line).held) == 1
    world.settle()
    for other in others:
        assert note in other.house.line(line).known
        other.do(line, Acknowledge(note))
    world.settle()
    assert len(world.words(line)) == 1
    assert not world.alarms(line)
    state = {party.house.line(line).digest_at("correspondence", party.house.line(line).size) for party in world.parties}
    assert len(state) == 1


def test_a_restart_at_any_moment_changes_nothing():
    world = Conference(3)
    line = world.found()
    sender, *others = world.parties
    sender.do(line, a_note(world, sender, *others))
    for _ in range(6):
        for party in world.parties:
            party.reopen()
            world.carry(party)
            party.reopen()
    world.settle()
    assert len(world.words(line)) == 1
    assert all(party.house.line(line).known.keys() == sender.house.line(line).known.keys() for party in world.parties)
