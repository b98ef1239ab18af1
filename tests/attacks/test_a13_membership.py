"""A member that changes the group otherwise than the line's acts decided, and a chair that shuts a house out.

Only the chair's house moves the group, and only to where the charter's acts have led already.  Whoever else
commits, or commits anything else, has written an entry that no house merges, and the line goes on.
"""

import pytest
from conference import Conference, Party, a_note
from rogues import alarms, alike, bad_path_for, commit, committed, outcomes, put, slip

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.chancery.house import Draft
from detente.chancery.letters import Agreement
from detente.ground.errors import NotAuthentic, Refused
from detente.line.engine import Line
from detente.line.terms import LINE_KEYS, LINE_SUITE, LineKeys, credential
from detente.mls.group import Identity, key_package
from detente.mls.types import Extension, GroupContextExtensions
from detente.procedures.charter.acts import RegisterPlace, RelayPlace, Remove
from detente.procedures.correspondence.rules import PROCEDURE as CORRESPONDENCE


@pytest.fixture
def world():
    world = Conference(3)
    world.line = world.found()
    return world


def a_package(world, party, keys=None, name=None, seed=None):
    """A key package for the line, as a member or a stranger makes it."""
    known = (
        party.house.line(world.line) if world.line in party.house.lines() else world.parties[0].house.line(world.line)
    )
    own = keys or party.made.secrets.line_keys(known.terms.name)
    extensions = (Extension(LINE_KEYS, own.encode()),)
    identity = Identity(credential(name or party.id), seed or party.made.secrets.node)
    return key_package(identity, extensions, world.entropy, suite=LINE_SUITE)[0]


def nothing_changed(world, rogue, place, sequence=1):
    """No house merged the entry, all stand alike, and the next note goes through."""
    honest = [party for party in world.parties if party is not rogue]
    for party in honest:
        world.read(party, world.line)
        assert outcomes(party, world.line)[place] in ("unmerged", "not authentic")
    assert len({party.house.line(world.line).epoch for party in world.parties}) == 1
    act = honest[0].do(world.line, a_note(world, honest[0], honest[1], sequence=sequence))
    world.settle()
    assert alike(*honest, line=world.line)
    assert all(act in party.house.line(world.line).known for party in honest)
    assert not any(party.house.line(world.line).stuck for party in honest)


@pytest.mark.attack("A13", "prevented")
def test_a_chancery_that_no_act_admits_is_not_added_by_anyone(world):
    stranger = Party(world, "Falkovia")
    chair, member, _ = world.parties
    for rogue in (chair, member):
        place = commit(world, rogue, world.line, add=(a_package(world, stranger),))
        nothing_changed(world, rogue, place)


@pytest.mark.attack("A13", "prevented")
def test_a_second_chancery_of_a_member_is_not_added(world):
    chair, member, other = world.parties
    place = commit(world, chair, world.line, add=(a_package(world, member, seed=bytes(32)),))
    nothing_changed(world, chair, place)
    hidden = a_package(world, member, name=other.id, seed=bytes(32))
    nothing_changed(world, chair, commit(world, chair, world.line, add=(hidden,)), sequence=2)


@pytest.mark.attack("A13", "prevented")
def test_nobody_is_removed_without_an_act(world):
    chair, member, other = world.parties
    leaf = chair.house.line(world.line).members()[other.id][0]
    for rogue in (member, chair):
        place = commit(world, rogue, world.line, remove=(leaf,))
        nothing_changed(world, rogue, place)
    assert other.house.line(world.line).group is not None


@pytest.mark.attack("A13", "prevented")
def test_only_the_chairs_house_moves_the_group(world):
    _, member, _ = world.parties
    nothing_changed(world, member, commit(world, member, world.line))


def test_control_without_the_rule_any_member_moves_the_group(world, monkeypatch):
    monkeypatch.setattr(Line, "_refuse_commit", lambda *_: None)
    chair, member, other = world.parties
    place = commit(world, member, world.line)
    for party in (chair, other):
        world.read(party, world.line)
        assert outcomes(party, world.line)[place] == "merged"


def test_control_without_the_rules_of_commits_a_member_is_removed_by_nobodys_decision(world, monkeypatch):
    monkeypatch.setattr(Line, "_refuse_commit", lambda *_: None)
    chair, member, other = world.parties
    leaf = chair.house.line(world.line).members()[other.id][0]
    commit(world, member, world.line, remove=(leaf,))
    world.read(other, world.line)
    assert other.house.line(world.line).group is None


@pytest.mark.attack("A13", "prevented")
def test_an_observer_moves_nothing():
    world = Conference(3)
    chair, member, observer = world.parties
    draft = Draft(
        title="A line with somebody who looks on",
        members=((chair.id, Role.CHAIR), (member.id, Role.MEMBER), (observer.id, Role.OBSERVER)),
        must_accept=(chair.id, member.id),
        ceiling=Label.SENSITIVE,
        faults=None,
        relay=RelayPlace("http://127.0.0.1:1", "relay.example", world.relay_vkey, ""),
        register=RegisterPlace("http://127.0.0.1:2", "register.example", world.register_vkey),
    )
    world.line = chair.house.found("head-of-mission", draft, world.now)
    world.settle()
    for each in (member, observer):
        each.house.agree(world.line, "head-of-mission")
    world.settle()
    nothing_changed(world, observer, commit(world, observer, world.line))


@pytest.mark.attack("A19", "prevented")
def test_a_commit_counts_at_the_place_for_which_it_was_made_and_nowhere_else(world):
    """A relay in league with nobody in particular orders a true commit later than it was made for."""
    chair, member, other = world.parties
    known = chair.house.line(world.line)
    epoch = known.epoch
    with chair.house._step(known):
        known.commit({}, [], world.entropy)
    late = known.pending.commit.message
    note = member.do(world.line, a_note(world, member, chair))
    world.send(member, world.line)
    place = put(world, chair, world.line, late, commit=True)
    for party in world.parties:
        world.read(party, world.line)
        assert note in party.house.line(world.line).known
        assert outcomes(party, world.line)[place] in ("unmerged", "not authentic")
    assert {party.house.line(world.line).epoch for party in world.parties} == {epoch}
    assert not other.house.line(world.line).stuck


@pytest.mark.attack("A68", "prevented")
def test_the_chair_changes_who_is_in_the_group_and_not_what_it_is(world):
    chair = world.parties[0]
    other_rules = GroupContextExtensions((Extension(0xF00A, b"another kind of line"),))
    place = commit(world, chair, world.line, proposals=(other_rules,))
    nothing_changed(world, chair, place)


@pytest.mark.attack("A13", "prevented")
def test_two_members_cannot_have_one_key_for_the_line(world):
    """Else one cosignature counted twice, and the relay refused the commit for ever."""
    chair, member, _ = world.parties
    newcomer = late_party(world)
    theirs = chair.house.line(world.line).members()[member.id][1]
    own = newcomer.made.secrets.line_keys(chair.house.line(world.line).terms.name)
    admit(world, newcomer)
    for keys in (LineKeys(theirs.writer, own.witness), LineKeys(own.writer, theirs.witness)):
        send_package(world, newcomer, a_package(world, newcomer, keys=keys))
        assert newcomer.id not in chair.house.line(world.line).members()
        assert chair.house.line(world.line).pending is None
    assert any("one and the same key" in alarm["sentence"] for alarm in alarms(chair, world.line))
    send_package(world, newcomer, a_package(world, newcomer, keys=own))
    assert newcomer.id in chair.house.line(world.line).members()


@pytest.mark.attack("A13", "prevented")
def test_one_false_key_package_keeps_nobody_else_out():
    """Three agree at once, one of them with the key of another party: the other two come in."""
    world = Conference(4)
    chair, rogue, *others = world.parties
    world.line = chair.house.found("head-of-mission", world.draft(), world.now)
    world.settle()
    with chair.store.transaction():
        chair.store.keep(f"agreements/{world.line.hex()}", rogue.id, a_package(world, rogue, seed=bytes(32)))
        chair.store.keep(f"agreements/{world.line.hex()}", others[0].id, b"nonsense")
    others[1].house.agree(world.line, "head-of-mission")
    world.settle()
    inside = set(chair.house.line(world.line).members())
    assert inside == {chair.id, others[1].id}
    assert {alarm["kind"] for alarm in alarms(chair, world.line)} == {"false-package"}
    assert others[1].house.line(world.line).size == chair.house.line(world.line).size


def late_party(world):
    newcomer = Party(world, "Falkovia")
    world.parties.append(newcomer)
    for each in world.parties[:-1]:
        world.accredit(each, newcomer)
        world.accredit(newcomer, each)
    return newcomer


def admit(world, newcomer):
    from detente.procedures.charter.acts import Admit

    world.parties[0].do(world.line, Admit(newcomer.id, Role.MEMBER, (newcomer.made.record,)))
    world.settle()


def send_package(world, party, package):
    known = world.parties[0].house.line(world.line)
    with party.store.transaction():
        party.house._write_letter(world.parties[0].id, world.line, known.terms, Agreement(package))
    world.settle()


# --- a house that is shut out ---------------------------------------------------------------------


def shut_out(world, monkeypatch, *victims):
    """The chair's house commits with a false secret for some members; gives the commit's place."""
    chair = world.parties[0]
    known = chair.house.line(world.line)
    leaves = [known.members()[victim.id][0] for victim in victims]
    with bad_path_for(monkeypatch, *leaves), chair.house._step(known):
        known.commit({}, [], world.entropy)
    place = known.size
    for _ in range(2):
        for party in world.parties:
            world.send(party, world.line)
            world.read(party, world.line)
    return place


@pytest.mark.attack("A68", "detected")
@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize("parties", [2, 3])
def test_a_house_that_a_commit_shuts_out_says_so_and_is_added_anew(monkeypatch, reopened, parties):
    world = Conference(parties)
    world.line = world.found()
    chair, victim = world.parties[:2]
    held = victim.do(world.line, a_note(world, victim, chair, sequence=1))
    place = shut_out(world, monkeypatch, victim)
    assert victim.house.line(world.line).epoch == chair.house.line(world.line).epoch - 1
    assert victim.house.line(world.line).size == place
    with pytest.raises(Refused, match="not in the line's group at present"):
        victim.do(world.line, a_note(world, victim, chair, sequence=2))
    said = chair.do(world.line, a_note(world, chair, victim, sequence=1))
    if reopened:
        victim.reopen()
    for _ in range(20):
        for party in world.parties:
            world.carry(party)
            if reopened:
                party.reopen()
    world.settle()
    assert alike(*world.parties, line=world.line)
    known = victim.house.line(world.line)
    assert not known.stuck
    assert not known.held
    assert known.known.keys() == chair.house.line(world.line).known.keys() >= {held, said}
    assert known.size == known.confirmed
    assert alarms(victim, world.line, "stuck")[0]["position"] == place
    reported = alarms(chair, world.line, "incident")[0]
    assert reported["position"] == place
    commit_bytes = next(
        leaf_and_bytes[1]
        for at, leaf_and_bytes in enumerate(world.relay.read(known.terms.name, 0).entries)
        if at == place
    )
    assert bytes.fromhex(reported["evidence"]) == commit_bytes


@pytest.mark.attack("A68", "prevented")
def test_those_who_are_shut_out_together_do_not_go_on_among_themselves(monkeypatch):
    """Three of five, who would be a quorum: what they say in the old epoch must not be confirmed to them alone."""
    world, chair, victims, said = three_of_five(monkeypatch)
    for each in victims:
        assert each.house.line(world.line).stuck
        assert not said & each.house.line(world.line).known.keys()
    world.settle()
    assert alike(*world.parties, line=world.line)
    assert said <= chair.house.line(world.line).known.keys()


def test_control_if_they_waited_for_the_next_entry_they_would_confirm_what_is_void(monkeypatch):
    honest = Line._cannot_follow

    def patient(line, *what, vouched):
        return honest(line, *what, vouched=False)

    monkeypatch.setattr(Line, "_cannot_follow", patient)
    world, chair, victims, said = three_of_five(monkeypatch)
    for _ in range(4):
        for party in world.parties:
            world.carry(party)
    known = victims[0].house.line(world.line)
    assert all(known.known[act] < known.confirmed for act in said)
    assert not said & chair.house.line(world.line).known.keys()


def three_of_five(monkeypatch):
    """The chair's house shuts three members of five out while each has something on the way, and says no more."""
    world = Conference(5)
    world.line = world.found()
    chair, *_ = world.parties
    leaves = {leaf: party for party, (leaf, _) in chair.house.line(world.line).members().items()}
    victims = [each for each in world.parties if each.id in (leaves[2], leaves[3], leaves[4])]
    said = {each.do(world.line, a_note(world, each, chair)) for each in victims}
    shut_out(world, monkeypatch, *victims)
    return world, chair, victims, said


@pytest.mark.attack("A68", "detected")
def test_it_notices_also_when_nothing_but_commits_follow(world, monkeypatch):
    victim = world.parties[1]
    shut_out(world, monkeypatch, victim)
    chair = world.parties[0]
    known = chair.house.line(world.line)
    with chair.house._step(known):
        known.commit({}, [], world.entropy)
    world.settle()
    assert alarms(victim, world.line, "stuck")
    assert alike(*world.parties, line=world.line)


@pytest.mark.attack("A68", "prevented")
def test_rubbish_that_looks_like_a_commit_shuts_nobody_out(world):
    """Two entries of rubbish, a commit and something of the next epoch: every house stays where it is."""
    rogue = world.parties[2]
    message = next(iter(_a_message(world, rogue)))
    put(world, rogue, world.line, message, commit=True)
    put(world, rogue, world.line, b"of the next epoch", epoch=rogue.house.line(world.line).epoch + 1)
    for party in world.parties:
        world.read(party, world.line)
        assert not party.house.line(world.line).stuck
    world.settle()
    act = world.parties[0].do(world.line, a_note(world, world.parties[0], world.parties[1]))
    world.settle()
    assert alike(*world.parties, line=world.line)
    assert act in rogue.house.line(world.line).known


@pytest.mark.attack("A22", "prevented")
def test_an_old_commit_of_the_chairs_house_that_nobody_can_open_at_a_later_place_shuts_nobody_out(world, monkeypatch):
    """The chair's house made it for another place and has forgotten it; a relay that kept it puts it in late."""
    chair, member, other = world.parties
    known = chair.house.line(world.line)
    with bad_path_for(monkeypatch, known.members()[member.id][0], known.members()[other.id][0]):
        late = committed(world, chair, world.line)
    act = member.do(world.line, a_note(world, member, chair))
    world.send(member, world.line)
    put(world, chair, world.line, late, commit=True)
    world.settle()
    for party in (member, other):
        assert act in party.house.line(world.line).known
        assert not party.house.line(world.line).stuck
    assert alike(*world.parties, line=world.line)


def test_control_if_any_false_commit_were_believed_one_entry_would_stop_everybody(world, monkeypatch):
    monkeypatch.setattr(Line, "_is_chairs", lambda *_: True)
    rogue = world.parties[2]
    known = rogue.house.line(world.line)
    with bad_path_for(monkeypatch, *(known.members()[victim.id][0] for victim in world.parties[:2])):
        commit(world, rogue, world.line)
    for party in world.parties[:2]:
        world.read(party, world.line)
        assert party.house.line(world.line).stuck


def _a_message(world, rogue):
    """A commit whose bytes are broken behind its clear part."""
    known = rogue.house.line(world.line)
    made = known.group.commit(entropy=world.entropy, authenticate=lambda *_: None)
    yield made.message[:-1] + bytes([made.message[-1] ^ 1])


@pytest.mark.attack("A68", "prevented")
def test_a_signed_commit_of_a_member_that_nobody_can_process_shuts_nobody_out(world, monkeypatch):
    rogue = world.parties[2]
    known = rogue.house.line(world.line)
    for victim in world.parties[:2]:
        with bad_path_for(monkeypatch, known.members()[victim.id][0]):
            commit(world, rogue, world.line)
    put(world, rogue, world.line, b"of the next epoch", epoch=rogue.house.line(world.line).epoch + 1)
    for party in world.parties[:2]:
        world.read(party, world.line)
        assert not party.house.line(world.line).stuck


# --- a removed member -------------------------------------------------------------------------------


@pytest.mark.attack("A31", "prevented")
def test_an_act_that_is_ordered_after_its_author_was_removed_is_refused_everywhere_and_alarms_nobody(world):
    chair, stays, leaves = world.parties
    chair.do(world.line, Remove(leaves.id, "The talks go on without you."))
    world.send(chair, world.line)
    late = leaves.do(world.line, a_note(world, leaves, chair))
    world.send(leaves, world.line)
    place = world.relay.size(chair.house.line(world.line).terms.name) - 1
    world.settle()
    for party in (chair, stays):
        assert outcomes(party, world.line)[place] == "refused"
        assert late not in party.house.line(world.line).state.part(CORRESPONDENCE).notes
    assert alike(chair, stays, line=world.line)
    assert not world.alarms(world.line)


def test_control_an_act_that_is_ordered_before_stands(world):
    chair, stays, leaves = world.parties
    before = leaves.do(world.line, a_note(world, leaves, chair))
    world.send(leaves, world.line)
    world.read(chair, world.line)
    chair.do(world.line, Remove(leaves.id, ""))
    world.settle()
    assert before in stays.house.line(world.line).state.part(CORRESPONDENCE).notes


@pytest.mark.attack("A31", "prevented")
def test_a_removed_member_neither_writes_nor_reads_what_follows(world):
    chair, stays, leaves = world.parties
    old = leaves.house.line(world.line).group
    chair.do(world.line, Remove(leaves.id, ""))
    world.settle()
    assert leaves.house.line(world.line).group is None
    with pytest.raises(Refused):
        leaves.do(world.line, a_note(world, leaves, chair))
    chair.do(world.line, a_note(world, chair, stays, text="Not for those who left."))
    world.send(chair, world.line)
    world.read(stays, world.line)
    name = chair.house.line(world.line).terms.name
    sealed = world.relay.read(name, 0).entries[-1][1]
    with pytest.raises((NotAuthentic, Refused, Exception)):
        old.open(sealed, lambda *_: None)
    key = leaves.made.secrets.line_keys(name).writer
    assert not world.relay.may_write(name, key)


@pytest.mark.attack("A31", "prevented")
def test_what_it_sealed_before_it_was_removed_is_void_when_it_comes_later(world):
    chair, stays, leaves = world.parties
    slip(world, leaves, world.line, a_note(world, leaves, chair))
    sealed = next(iter(leaves.house.line(world.line).held.values()))
    chair.do(world.line, Remove(leaves.id, ""))
    world.send(chair, world.line)
    for _ in range(6):
        for party in (chair, stays):
            world.read(party, world.line)
            world.send(party, world.line)
    place = put(world, chair, world.line, sealed.ciphertext, epoch=sealed.epoch, tag=sealed.tag)
    for party in (chair, stays):
        world.read(party, world.line)
        assert outcomes(party, world.line)[place] == "void"
    assert alike(chair, stays, line=world.line)
