"""Seeded storms over a conference: everything that may happen at any moment does, and then all is as it must be.

Acts, sending, reading, mail, restarts, pages that are kept back, new keys for the group, a member that is removed
and one that is admitted.  When it calms down every act stands in the log exactly once, all houses are in one
state, everything is confirmed, and nobody was alarmed.
"""

import random
from collections import Counter

import pytest
from conference import Conference, a_note
from rogues import alike, picture

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.ground.errors import Refused
from detente.procedures.charter.acts import Admit, Remove
from detente.procedures.correspondence.acts import Character, Form, Note, Number, Precedence

pytestmark = pytest.mark.slow


def a_paper(world, sender, *others, text, sequence):
    return Note(
        form=Form.AIDE_MEMOIRE,
        number=Number("registry", sequence, 2027),
        precedence=Precedence.ROUTINE,
        character=Character.POSITION,
        label=Label.UNCLASSIFIED,
        to=tuple(other.id for other in others),
        info=(),
        subject="In a storm",
        text=text,
        answers=None,
        refers=None,
        exercise=False,
    )


class Storm:
    """A conference, a chance, and what was said."""

    def __init__(self, seed, parties):
        self.chance = random.Random(seed)
        self.world = Conference(parties, seed=seed)
        self.line = self.world.found()
        self.said = []
        self.numbers = Counter()
        self.withheld = set()

    def gust(self):
        """One thing that may happen."""
        party = self.chance.choice(self.world.parties)
        things = (
            [self.say] * 4 + [self.send] * 4 + [self.read] * 6 + [self.mail, self.restart, self.withhold, self.renew]
        )
        self.chance.choice(things)(party)
        self.world.tick(self.chance.randrange(3000))

    def say(self, party):
        others = [other for other in self.world.parties if other is not party]
        self.numbers[party.id] += 1
        paper = a_paper(self.world, party, *others, text=f"Paper {len(self.said)}.", sequence=self.numbers[party.id])
        self.said.append(party.do(self.line, paper))

    def send(self, party):
        self.world.send(party, self.line)

    def read(self, party):
        if party not in self.withheld:
            self.world.read(party, self.line)

    def mail(self, party):
        self.world.carry_mail(party)

    def restart(self, party):
        before = picture(party, self.line), party.house.outgoing(self.line)
        party.reopen()
        assert (picture(party, self.line), party.house.outgoing(self.line)) == before

    def withhold(self, party):
        self.withheld ^= {party}

    def renew(self, _party):
        """The chair's house gives the group new keys, while others have acts on the way."""
        chair = self.world.parties[0]
        known = chair.house.line(self.line)
        if known.pending is None:
            with chair.house._step(known):
                known.commit({}, [], self.world.entropy)

    def calm(self):
        self.withheld.clear()
        self.world.settle()


def all_is_well(storm):
    parties, line = storm.world.parties, storm.line
    assert alike(*parties, line=line)
    for party in parties:
        known = party.house.line(line)
        assert known.size == known.confirmed
        assert not known.held
        entries = [row for row in party.store.entries(line) if row.act]
        count = Counter(row.act for row in entries if row.outcome == "admitted")
        assert all(count[act] == 1 for act in storm.said)
        assert not [row for row in entries if row.outcome in ("refused", "not understood")]
    assert not storm.world.alarms(line)
    for party in parties:
        before = picture(party, line)
        party.reopen()
        assert picture(party, line) == before


@pytest.mark.parametrize(("seed", "parties"), [(1, 3), (2, 4), (3, 3), (4, 4), (5, 2)])
def test_after_a_storm_every_act_stands_once_and_all_houses_agree(seed, parties):
    storm = Storm(seed, parties)
    for _ in range(120):
        storm.gust()
    storm.calm()
    assert storm.said
    all_is_well(storm)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 130))
def test_after_many_storms(seed):
    storm = Storm(seed, 2 + seed % 3)
    for _ in range(200):
        storm.gust()
    storm.calm()
    all_is_well(storm)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_one_leaves_and_another_enters_in_the_middle_of_it(seed):
    storm = Storm(seed, 4)
    world, line = storm.world, storm.line
    chair, *_, leaver = world.parties
    for _ in range(40):
        storm.gust()
    storm.withheld.clear()
    storm.world.settle()
    chair.do(line, Remove(leaver.id, ""))
    world.parties.remove(leaver)
    for _ in range(60):
        storm.gust()
    storm.calm()
    all_is_well(storm)
    chair.do(line, Admit(leaver.id, Role.MEMBER, (leaver.made.record,)))
    world.parties.append(leaver)
    world.settle()
    world.parties.remove(leaver)
    for _ in range(20):
        storm.gust()
    leaver.house.agree(line, "head-of-mission")
    for _ in range(30):
        storm.gust()
        world.carry_mail(leaver)
    world.parties.append(leaver)
    storm.calm()
    all_is_well(storm)


def test_put_down_and_taken_up_after_every_single_step():
    """Every house is opened anew after each errand, and stands where it stood."""
    world = Conference(3)
    errand = world.carry

    def carry(party):
        for step in (world.carry_mail, *(_bound(world.send, line) for line in list(party.house.lines()))):
            step(party)
            party.reopen()
        for line in list(party.house.lines()):
            world.read(party, line)
            party.reopen()

    world.carry = carry
    line = world.found()
    sender, *others = world.parties
    act = sender.do(line, a_note(world, sender, *others))
    sender.reopen()
    world.settle()
    sender.do(line, Remove(others[1].id, ""))
    world.settle()
    assert alike(*world.parties[:2], line=line)
    assert act in others[0].house.line(line).known
    assert not world.alarms(line)
    assert errand != carry


def _bound(step, line):
    return lambda party: step(party, line)


def test_two_change_the_log_at_once_and_the_later_one_is_made_anew():
    """The chair's commit and a member's note are made on the same head; the note is first, nothing is lost."""
    world = Conference(3)
    line = world.found()
    chair, member, other = world.parties
    known = chair.house.line(line)
    epoch = known.epoch
    chair.do(line, Remove(other.id, ""))
    for _ in range(3):
        world.carry(chair)
        world.carry(member)
        if chair.house.line(line).pending:
            break
    first = chair.house.line(line).pending
    note = member.do(line, a_note(world, member, chair))
    world.send(member, line)
    world.carry(chair)
    assert chair.house.line(line).pending is not first
    world.settle()
    assert alike(chair, member, line=line)
    assert chair.house.line(line).epoch == epoch + 1
    assert note in chair.house.line(line).known
    with pytest.raises(Refused):
        other.do(line, a_note(world, other, chair))


def test_what_was_held_while_the_group_changed_is_sealed_again_in_its_order():
    world = Conference(3)
    line = world.found()
    chair, member, other = world.parties
    acts = [
        member.do(line, a_paper(world, member, chair, text="Again.", sequence=number)) for number in (1, 2, 3, 4, 5)
    ]
    old = [held.ciphertext for held in member.house.line(line).held.values()]
    chair.do(line, Remove(other.id, ""))
    for _ in range(8):
        world.carry(chair)
        world.read(member, line)
        if member.house.outgoing(line).cosignature:
            outgoing = member.house.outgoing(line)
            key = member.made.secrets.line_keys(outgoing.terms.name).writer
            world.relay.cosign(outgoing.terms.name, key, *outgoing.cosignature)
    renewed = member.house.line(line).held.values()
    assert [held.act for held in renewed] == acts
    assert not {held.ciphertext for held in renewed} & set(old)
    world.settle()
    places = [chair.house.line(line).known[act] for act in acts]
    assert places == sorted(places)
    assert alike(chair, member, line=line)
