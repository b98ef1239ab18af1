"""A newcomer whose first commit is made to harm: it shuts houses out, changes what it may not, or is not its own.

A newcomer's house may give its leaf keys of its own, once, by a commit that the chair's house takes up.  Whatever
it puts into that commit, the chair's house goes on, whoever is shut out comes back, and nobody becomes another.
"""

import base64

import pytest
from conference import Conference, Party, a_note
from rogues import (
    alarms,
    alike,
    bad_path_for,
    commit,
    committed,
    offers_nothing,
    outcomes,
    put,
    send_arrival,
    slip,
    vouch,
)

from detente.chancery.arrivals import Arrivals
from detente.line import commits
from detente.line.engine import Line
from detente.line.terms import LINE_KEYS, LINE_SUITE, Head, LineKeys, credential
from detente.mls.group import Identity, key_package
from detente.mls.types import Capabilities, Extension, GroupContextExtensions
from detente.procedures.charter.acts import Remove


def arrived(parties, *still):
    """A conference whose leaves are in the order of its parties; those named have not brought their own keys yet."""
    world = Conference(parties)
    chair, *others = world.parties
    offers_nothing(*others)
    world.line = chair.house.found("head-of-mission", world.draft(), world.now)
    world.settle()
    for each in others:
        each.house.agree(world.line, "head-of-mission")
        world.settle()
    assert [leaf_of(world, each) for each in world.parties] == list(range(parties))
    for each in others:
        if each.name not in still:
            del each.house._offer
    chair.do(world.line, a_note(world, chair, *others))
    world.settle()
    assert [leaf_is_fresh(chair, world, each) for each in world.parties] == [p.name in still for p in world.parties]
    return world


def leaf_of(world, party):
    return world.parties[0].house.line(world.line).members()[party.id][0]


def epochs(world):
    return [party.house.line(world.line).epoch for party in world.parties]


def goes_on(world, *honest, sequence=1):
    """What a member says is heard by all these, and they stand alike."""
    first, second, *_ = honest
    act = second.do(world.line, a_note(world, second, first, sequence=sequence))
    world.settle()
    assert alike(*honest, line=world.line)
    for each in honest:
        known = each.house.line(world.line)
        assert act in known.known
        assert not known.stuck
        assert known.size == known.confirmed


# --- it shuts a house out ----------------------------------------------------------------------------


@pytest.mark.attack("A68", "prevented")
def test_a_newcomer_cannot_shut_the_chairs_house_out(monkeypatch):
    """What the chair's house cannot open it does not take up, and it takes up nothing more from there."""
    world = arrived(3, "Belmora", "Corvalis")
    chair, rogue, member = world.parties
    before = epochs(world)
    with bad_path_for(monkeypatch, leaf_of(world, chair)):
        crafted = committed(world, rogue, world.line)
    send_arrival(world, rogue, world.line, crafted)
    world.settle()
    assert epochs(world) == before
    (said,) = alarms(chair, world.line, "false-arrival")
    assert rogue.id in said["sentence"]
    assert bytes.fromhex(said["evidence"]) == crafted
    send_arrival(world, rogue, world.line, committed(world, rogue, world.line))
    world.settle()
    assert "Nothing more" in world.last_letter
    assert epochs(world) == before
    goes_on(world, chair, member)


def test_control_if_whoever_can_open_it_merged_it_the_chairs_house_would_be_left_behind(monkeypatch):
    world = arrived(3, "Belmora", "Corvalis")
    chair, rogue, member = world.parties
    monkeypatch.setattr(Line, "_refuse_commit", lambda *_: None)
    with bad_path_for(monkeypatch, leaf_of(world, chair)):
        commit(world, rogue, world.line)
    for party in (chair, member):
        world.read(party, world.line)
    assert member.house.line(world.line).epoch == chair.house.line(world.line).epoch + 1


def shuts_out(world, monkeypatch, rogue, *victims):
    """The rogue's house, changed by its owner, offers a commit that it can follow and these cannot; its bytes."""
    known = rogue.house.line(world.line)
    with bad_path_for(monkeypatch, *(leaf_of(world, each) for each in victims)), rogue.house._step(known):
        crafted = known.offer(world.entropy)
    send_arrival(world, rogue, world.line, crafted)
    return crafted


@pytest.mark.attack("A68", "detected")
@pytest.mark.parametrize("reopened", [False, True])
def test_whom_a_newcomer_shuts_out_is_added_anew_and_the_chair_knows_by_whom(monkeypatch, reopened):
    """All but the chair's house at once, three of five: each of them comes back, and what it held is said."""
    world = arrived(5, "Belmora", "Corvalis", "Dravonia", "Estavia")
    chair, rogue, *victims = world.parties
    held = [each.do(world.line, a_note(world, each, chair)) for each in victims]
    shuts_out(world, monkeypatch, rogue, *victims)
    place = chair.house.line(world.line).size
    for _ in range(2):
        for party in (rogue, chair):
            world.carry(party)
    assert outcomes(chair, world.line)[place] == outcomes(rogue, world.line)[place] == "merged"
    for each in victims:
        world.read(each, world.line)
        assert each.house.line(world.line).stuck
        assert each.house.line(world.line).size == place
    if reopened:
        for party in world.parties:
            party.reopen()
    world.settle()
    goes_on(world, chair, rogue, *victims)
    for each, act in zip(victims, held, strict=True):
        assert act in chair.house.line(world.line).known
        assert alarms(each, world.line, "stuck")[0]["position"] == place
        if reopened:
            assert not leaf_is_fresh(chair, world, each)
    reports = alarms(chair, world.line, "incident")
    assert len(reports) == 3
    assert all(report["position"] == place and f"{rogue.id} made" in report["sentence"] for report in reports)


def twice(world, monkeypatch):
    """A newcomer shuts a member out, has itself added anew, and tries once more; how often it succeeded."""
    chair, rogue, victim = world.parties
    for _ in range(2):
        shuts_out(world, monkeypatch, rogue, victim)
        world.settle()
        known = rogue.house.line(world.line)
        known.stuck = True
        with rogue.house._step(known):
            rogue.house._ask_readmission(known)
        world.settle()
        assert leaf_is_fresh(chair, world, rogue)
    assert alike(*world.parties, line=world.line)
    return len(alarms(victim, world.line, "stuck"))


@pytest.mark.attack("A68", "limited")
def test_who_shut_somebody_out_is_not_trusted_a_second_time(monkeypatch):
    world = arrived(3, "Belmora")
    chair, rogue, _ = world.parties
    assert twice(world, monkeypatch) == 1
    assert chair.store.fetch(f"distrusted/{world.line.hex()}", rogue.id) is not None
    chair.do(world.line, Remove(rogue.id, ""))
    world.settle()
    assert chair.store.shelf(f"distrusted/{world.line.hex()}") == []


def test_control_without_that_memory_it_does_so_again_and_again(monkeypatch):
    world = arrived(3, "Belmora")
    monkeypatch.setattr(Arrivals, "distrust", lambda *_: None)
    assert twice(world, monkeypatch) == 2


@pytest.mark.attack("A68", "prevented")
def test_a_newcomers_commit_that_nobody_can_open_stops_nobody(monkeypatch):
    """Sent past the chair's house, and behind it rubbish of the next epoch: nobody believes that others were moved."""
    world = arrived(3, "Corvalis")
    chair, member, rogue = world.parties
    before = chair.house.line(world.line).epoch
    with bad_path_for(monkeypatch, leaf_of(world, chair), leaf_of(world, member)):
        commit(world, rogue, world.line)
    put(world, rogue, world.line, b"of the next epoch", epoch=before + 1)
    for party in (chair, member):
        world.read(party, world.line)
        assert not party.house.line(world.line).stuck
    goes_on(world, chair, member)


# --- it does more than an arrival may ------------------------------------------------------------------


def other_keys(world, rogue, other):
    """The rogue's leaf with the witness key of another member: each cosignature of that one would count twice."""
    known = rogue.house.line(world.line)
    theirs, own = known.members()[other.id][1], known.members()[rogue.id][1]
    return {"leaf_extensions": (Extension(LINE_KEYS, LineKeys(own.writer, theirs.witness).encode()),)}


def a_stranger(world, *_):
    stranger = Party(world, "Falkovia")
    keys = stranger.made.secrets.line_keys(world.parties[0].house.line(world.line).terms.name)
    identity = Identity(credential(stranger.id), stranger.made.secrets.node)
    return {"add": (key_package(identity, (Extension(LINE_KEYS, keys.encode()),), world.entropy, suite=LINE_SUITE)[0],)}


def a_removal(world, _, other):
    return {"remove": (leaf_of(world, other),)}


def another_group(*_):
    return {"proposals": (GroupContextExtensions((Extension(0xF00A, b"another kind of line"),)),)}


def the_same_group(*_):
    """A proposal that changes nothing is still one."""
    return {"proposals": (GroupContextExtensions(()),)}


HARMS = [other_keys, a_stranger, a_removal, another_group, the_same_group]


@pytest.mark.attack("A68", "prevented")
@pytest.mark.parametrize("harm", HARMS)
def test_an_arrival_that_does_more_is_not_taken_up(harm):
    world = arrived(3, "Corvalis")
    chair, member, rogue = world.parties
    send_arrival(world, rogue, world.line, committed(world, rogue, world.line, **harm(world, rogue, member)))
    world.settle()
    assert chair.house.line(world.line).pending is None
    assert alarms(chair, world.line, "false-arrival")
    assert leaf_is_fresh(chair, world, rogue)
    goes_on(world, chair, member)


@pytest.mark.attack("A13", "prevented")
@pytest.mark.parametrize("harm", HARMS)
def test_an_arrival_that_does_more_is_merged_by_nobody_though_the_chairs_house_takes_it_up(harm):
    world = arrived(4, "Dravonia")
    chair, member, other, rogue = world.parties
    before = member.house.line(world.line).epoch
    place = vouch(world, chair, world.line, committed(world, rogue, world.line, **harm(world, rogue, member)))
    for party in (member, other):
        world.read(party, world.line)
        assert outcomes(party, world.line)[place] == "unmerged"
        assert party.house.line(world.line).epoch == before
        assert not party.house.line(world.line).stuck


def leaf_is_fresh(party, world, other):
    members = {member.leaf_index: member for member in party.house.line(world.line).group.members}
    return members[leaf_of(world, other)].fresh


def test_control_without_the_table_a_cosignature_of_one_would_count_for_two(monkeypatch):
    world = arrived(4, "Dravonia")
    chair, member, _, rogue = world.parties
    monkeypatch.setattr(commits, "refuse_arrival", lambda *_: None)
    vouch(world, chair, world.line, committed(world, rogue, world.line, **other_keys(world, rogue, member)))
    world.read(member, world.line)
    known = member.house.line(world.line).members()
    assert known[rogue.id][1].witness == known[member.id][1].witness


@pytest.mark.attack("A68", "prevented")
def test_a_member_stays_able_to_do_what_it_could(monkeypatch):
    """A leaf that can do less than before would forbid the others whatever they cannot do without it."""
    world = arrived(3, "Corvalis")
    chair, member, rogue = world.parties
    send_arrival(world, rogue, world.line, crippled(world, rogue, monkeypatch))
    world.settle()
    assert "something else than it was" in alarms(chair, world.line, "false-arrival")[0]["sentence"]
    goes_on(world, chair, member)


def crippled(world, rogue, monkeypatch):
    """A commit whose leaf can do no more than what it needs today."""
    from dataclasses import replace

    from detente.mls import leaves, treekem

    def renewed(suite, old, new, seed, place):
        poor = replace(new, capabilities=Capabilities((1,), (suite.number,), (LINE_KEYS,), (), (1,)), lifetime=(0, 0))
        return leaves._signed(suite, poor, seed, place.group_id, place.leaf)

    with monkeypatch.context() as patched:
        patched.setattr(treekem, "renewed_leaf", renewed)
        return committed(world, rogue, world.line)


@pytest.mark.attack("A68", "prevented")
def test_each_admission_allows_one_arrival():
    world = arrived(3)
    chair, member, rogue = world.parties
    before = chair.house.line(world.line).epoch
    second = committed(world, rogue, world.line)
    send_arrival(world, rogue, world.line, second)
    world.settle()
    assert "not just come" in world.last_letter
    place = vouch(world, chair, world.line, second)
    world.read(member, world.line)
    assert outcomes(member, world.line)[place] == "unmerged"
    assert member.house.line(world.line).epoch == before


def test_control_without_that_question_a_member_would_move_the_group_when_it_likes(monkeypatch):
    world = arrived(3)
    chair, member, rogue = world.parties
    monkeypatch.setattr(commits, "refuse_arrival", lambda *_: None)
    place = vouch(world, chair, world.line, committed(world, rogue, world.line))
    world.read(member, world.line)
    assert outcomes(member, world.line)[place] == "merged"


# --- it is not taken up by the chair's house ------------------------------------------------------------


@pytest.mark.attack("A68", "prevented")
def test_nobody_but_the_chairs_house_takes_an_arrival_up():
    world = arrived(4, "Corvalis", "Dravonia")
    chair, member, helper, rogue = world.parties
    for taker in (helper, rogue):
        place = vouch(world, taker, world.line, committed(world, rogue, world.line))
        for party in (chair, member):
            world.read(party, world.line)
            assert outcomes(party, world.line)[place] in ("unmerged", "not authentic")
    assert len(set(epochs(world)[:2])) == 1
    goes_on(world, chair, member)


@pytest.mark.attack("A19", "prevented")
def test_an_arrival_counts_at_the_place_for_which_it_was_taken_up_and_nowhere_else():
    """The relay, or whoever was quicker, puts another entry first: then the chair's house takes it up anew."""
    world = arrived(3, "Corvalis")
    chair, member, newcomer = world.parties
    before = member.house.line(world.line).epoch
    head = chair.house.line(world.line).head
    note = member.do(world.line, a_note(world, member, chair))
    world.send(member, world.line)
    place = vouch(world, chair, world.line, committed(world, newcomer, world.line), head)
    for party in (chair, member):
        world.read(party, world.line)
        assert note in party.house.line(world.line).known
        assert outcomes(party, world.line)[place] in ("unmerged", "not authentic")
        assert party.house.line(world.line).epoch == before


@pytest.mark.parametrize("guard", ["who", "where"])
def test_control_without_the_question_who_took_it_up_and_where_it_counts(monkeypatch, guard):
    world = arrived(3, "Corvalis")
    chair, member, rogue = world.parties
    monkeypatch.setattr(Line, "_refuse_vouching", lambda *_: None)
    taker = rogue if guard == "who" else chair
    head = Head(0, bytes(32)) if guard == "where" else None
    place = vouch(world, taker, world.line, committed(world, rogue, world.line), head)
    world.read(member, world.line)
    assert outcomes(member, world.line)[place] == "merged"


@pytest.mark.attack("A16", "detected")
def test_a_newcomer_that_was_shown_another_history_says_so_by_what_it_offers():
    world = arrived(3, "Corvalis")
    chair, _, newcomer = world.parties
    known = newcomer.house.line(world.line)
    other = Head(known.size, bytes(range(32)))
    send_arrival(world, newcomer, world.line, committed(world, newcomer, world.line, authenticated_data=other.encode()))
    world.carry_mail(newcomer)
    world.carry_mail(chair)
    assert chair.house.line(world.line).forked
    assert chair.house.line(world.line).pending is None
    (said,) = alarms(chair, world.line, "fork")
    assert bytes(range(32)) in base64_root(bytes.fromhex(said["evidence"]))
    assert chair.store.shelf(f"distrusted/{world.line.hex()}") == []


def base64_root(evidence):
    """The roots that the signed and the claimed head of an alarm name."""
    return [base64.b64decode(line) for line in evidence.split(b"\n") if len(line) == 44 and line.endswith(b"=")]


@pytest.mark.attack("A33", "prevented")
def test_letters_that_offer_what_is_not_the_senders_are_dropped():
    world = arrived(3, "Belmora", "Corvalis")
    chair, member, newcomer = world.parties
    stranger = Party(world, "Falkovia")
    for one, other in ((chair, stranger), (stranger, chair)):
        world.accredit(one, other)
    theirs = committed(world, newcomer, world.line)
    said = []
    for sender, offered in ((stranger, theirs), (newcomer, b"rubbish"), (newcomer, old_message(world, newcomer))):
        said.append(posted(world, sender, chair, offered))
    said.append(posted(world, newcomer, member, theirs))
    reasons = ("not just come into", "another version of MLS", "an epoch that is over", "taken up by the chair's house")
    for sentence, reason in zip(said, reasons, strict=True):
        assert "not taken" in sentence
        assert reason in sentence
    assert all(party.store.shelf(f"arrivals/{world.line.hex()}") == [] for party in (chair, member))
    world.settle()
    posted(world, member, chair, committed(world, newcomer, world.line))
    assert "not one of the house that sent it" in alarms(chair, world.line, "false-arrival")[0]["sentence"]
    assert chair.house.line(world.line).pending is None


def posted(world, sender, addressee, commit_):
    """What a house says to a letter that is brought to it."""
    from detente.chancery import letters

    terms = world.parties[0].house.line(world.line).terms
    letter = letters.Letter(sender.id, addressee.id, world.line, terms, letters.Arrival(commit_))
    parts = letters.write(letter, sender.made.secrets.voice, addressee.house.record.mail.key)
    return [addressee.house.receive_letter(sealed) for _, sealed in parts][-1]


def old_message(world, party):
    """What the party said in the epoch before."""
    slip(world, party, world.line, a_note(world, party, world.parties[0]))
    sealed = next(iter(party.house.line(world.line).held.values())).ciphertext
    known = world.parties[0].house.line(world.line)
    with world.parties[0].house._step(known):
        known.commit({}, [], world.entropy)
    world.send(world.parties[0], world.line)
    world.read(world.parties[0], world.line)
    return sealed


@pytest.mark.attack("A22", "prevented")
def test_a_flood_of_offers_leaves_one_of_each_newcomer():
    world = arrived(3, "Corvalis")
    chair, _, rogue = world.parties
    known = chair.house.line(world.line)
    with chair.house._step(known):
        known.commit({}, [], world.entropy)  # something is on its way, so that offers wait
    for _ in range(20):
        posted(world, rogue, chair, committed(world, rogue, world.line))
    assert len(chair.store.shelf(f"arrivals/{world.line.hex()}")) == 1
    world.settle()
    assert chair.store.shelf(f"arrivals/{world.line.hex()}") == []


@pytest.mark.attack("A68", "prevented")
def test_the_chair_does_not_make_another_of_itself_either():
    """The table is the same for the chair's own commits: whoever stays, stays what it was."""
    world = arrived(3)
    chair, member, other = world.parties
    place = commit(world, chair, world.line, **other_keys(world, chair, other))
    for party in (member, other):
        world.read(party, world.line)
        assert outcomes(party, world.line)[place] == "unmerged"
