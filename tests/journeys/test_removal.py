"""A party is removed: who decides on it, and what it can still say."""

from conference import Conference, a_note

from detente.procedures.charter.acts import Remove


def remove(world, line, party):
    return world.parties[0].do(line, Remove(party.id, ""))


def test_a_removed_party_leaves_the_group_and_the_line_goes_on():
    world = Conference(4)
    line = world.found()
    chair, *others, gone = world.parties
    remove(world, line, gone)
    world.settle()
    for party in (chair, *others):
        known = party.house.line(line)
        assert gone.id not in known.members()
        assert gone.id not in known.state.facts.members
        assert known.size == known.confirmed
    assert gone.house.line(line).group is None
    chair.do(line, a_note(world, chair, others[0]))
    world.settle()
    assert {each.house.line(line).size for each in (chair, *others)} == {chair.house.line(line).confirmed}


def test_who_is_being_removed_is_not_needed_for_the_removal():
    """Of three, two confirm; on the removal of the third it is both of the two who stay."""
    world = Conference(3)
    line = world.found()
    chair, other, gone = world.parties
    act = remove(world, line, gone)
    for _ in range(12):
        world.carry(chair)
        world.carry(other)
    known = chair.house.line(line)
    assert known.known[act] < known.confirmed
    assert gone.id not in known.members()


def test_control_without_the_other_one_it_is_not_confirmed():
    world = Conference(3)
    line = world.found()
    chair, _, gone = world.parties
    act = remove(world, line, gone)
    for _ in range(12):
        world.carry(chair)
        world.carry(gone)
    known = chair.house.line(line)
    assert known.known[act] >= known.confirmed
    assert gone.id in known.members()
