"""What a house does at home: asked twice, refused, interrupted, and the little ways in which a line is entered."""

import msgspec
import pytest
from conference import Conference, Party, a_note
from rogues import alarms, alike

from detente.chancery import letters
from detente.chancery.house import Chancery
from detente.chancery.letters import Agreement, Letter, Summons
from detente.ground.errors import Conflict, Malformed, NotAuthentic, Refused, Unfit
from detente.ground.identifiers import LineId
from detente.mls.group import Group
from detente.procedures.charter.acts import Remove
from detente.procedures.correspondence.acts import Number


@pytest.fixture
def world():
    world = Conference(3)
    world.line = world.found()
    return world


def test_asked_twice_under_one_name_it_is_done_once(world):
    chair, member, _ = world.parties
    note = a_note(world, chair, member)
    first = chair.house.submit(world.line, "registry", note, world.now, "wish")
    assert chair.house.submit(world.line, "registry", note, world.now, "wish") == first
    chair.reopen()
    assert chair.house.submit(world.line, "registry", note, world.now, "wish") == first
    assert len(chair.house.line(world.line).held) == 1


def test_an_unknown_line_an_unknown_office_and_an_act_that_is_too_large_are_refused(world, monkeypatch):
    chair, member, _ = world.parties
    note = a_note(world, chair, member)
    with pytest.raises(Refused, match="no such line"):
        chair.do(LineId(bytes(32)), note)
    with pytest.raises(Refused, match="no office"):
        chair.do(world.line, note, office="doorman")
    monkeypatch.setattr("detente.acts.act.LARGEST", 200)
    with pytest.raises(Malformed, match="six megabytes"):
        chair.do(world.line, note)
    assert not chair.house.line(world.line).held


def test_what_builds_on_a_decision_waits_until_it_is_confirmed(world):
    chair, _, other = world.parties
    chair.do(world.line, Remove(other.id, ""))
    world.send(chair, world.line)
    world.read(chair, world.line)
    assert chair.house.line(world.line).decided["charter"] > chair.house.line(world.line).confirmed
    with pytest.raises(Refused, match="Held back"):
        chair.do(world.line, Remove(world.parties[1].id, ""))
    chair.do(world.line, a_note(world, chair, world.parties[1]))
    world.settle()
    assert len(chair.house.line(world.line).members()) == 2


def test_notes_that_are_authorised_while_others_are_held_bear_numbers_that_follow(world):
    chair, member, _ = world.parties
    sent = []
    for number in range(3):
        draft = msgspec.structs.replace(a_note(world, chair, member), number=None)
        name = chair.house.drafts.write(world.line, "registry", draft, world.now, request=f"note {number}").name
        chair.house.drafts.clear(world.line, name, "registry", world.now)
        sent.append(chair.house.drafts.authorise(world.line, name, "head-of-mission", world.now))
    assert [one.note.number for one in sent] == [Number("registry", sequence, 2027) for sequence in (1, 2, 3)]
    world.settle()
    known = member.house.line(world.line).state.parts["correspondence"].notes
    assert all(one.act in known for one in sent)


def test_what_is_foreseen_is_forgotten_when_it_comes_out_otherwise(world):
    chair, member, _ = world.parties
    known = chair.house.line(world.line)
    assert known.prospect() is known.state
    chair.do(world.line, a_note(world, chair, member))
    foreseen = known.prospect()
    assert foreseen is not known.state
    assert known.prospect() is foreseen
    world.settle()
    known = chair.house.line(world.line)
    assert known.prospect() is known.state
    assert len(known.state.parts["correspondence"].notes) == 1


# --- interrupted ----------------------------------------------------------------------------------------


def test_a_step_that_cannot_be_stored_has_not_happened(world, monkeypatch):
    chair, member, _ = world.parties
    act = member.do(world.line, a_note(world, member, chair))
    world.send(member, world.line)
    size = chair.house.line(world.line).size
    with monkeypatch.context() as full:
        full.setattr(chair.store, "save_line", _full)
        with pytest.raises(Unfit):
            world.read(chair, world.line)
        with pytest.raises(Unfit):
            chair.do(world.line, a_note(world, chair, member))
    assert chair.house.line(world.line).size == size
    assert not chair.house.line(world.line).held
    chair.do(world.line, a_note(world, chair, member))
    world.settle()
    assert act in chair.house.line(world.line).known
    assert alike(*world.parties, line=world.line)
    assert not world.alarms(world.line)


def _full(*_):
    raise Unfit("The disk is full.")


def half_authorised(world, monkeypatch):
    """A draft whose act is sealed, and whose own row cannot be written any more."""
    chair, member, _ = world.parties
    draft = msgspec.structs.replace(a_note(world, chair, member), number=None)
    name = chair.house.drafts.write(world.line, "registry", draft, world.now).name
    chair.house.drafts.clear(world.line, name, "registry", world.now)
    honest = chair.house.drafts._keep
    with monkeypatch.context() as full:
        full.setattr(chair.house.drafts, "_keep", lambda draft: _full() if draft.act else honest(draft))
        with pytest.raises(Unfit):
            chair.house.drafts.authorise(world.line, name, "head-of-mission", world.now)
    return chair, name


def test_several_steps_that_are_one_fail_as_one(world, monkeypatch):
    chair, name = half_authorised(world, monkeypatch)
    assert not chair.house.line(world.line).held
    sent = chair.house.drafts.authorise(world.line, name, "head-of-mission", world.now)
    world.settle()
    assert sent.act in world.parties[1].house.line(world.line).known


def test_control_if_the_line_were_not_loaded_again_it_would_be_ahead_of_its_store(world, monkeypatch):
    chair = world.parties[0]
    monkeypatch.setattr(Chancery, "whole", lambda house: house.store.transaction())
    chair, name = half_authorised(world, monkeypatch)
    assert chair.house.line(world.line).held
    with pytest.raises(Conflict):
        chair.house.drafts.authorise(world.line, name, "head-of-mission", world.now)


# --- ways into a line --------------------------------------------------------------------------------------


def deliver(world, sender, addressee, content):
    known = world.parties[0].house.line(world.line)
    letter = Letter(sender.id, addressee.id, world.line, known.terms, content)
    parts = letters.write(letter, sender.made.secrets.voice, addressee.house.record.mail.key)
    return [addressee.house.receive_letter(sealed) for _, sealed in parts][-1]


def test_who_is_in_a_line_is_not_asked_into_it_and_does_not_agree_to_it_again(world):
    chair, member, _ = world.parties
    founding = next(chair.store.entries(world.line)).packed
    assert "in that line already" in deliver(world, chair, member, Summons(founding))
    assert "in that line's group already" in deliver(world, member, chair, Agreement(b"any"))
    with pytest.raises(Refused, match="Nobody has asked"):
        member.house.agree(world.line, "head-of-mission")


def test_a_line_that_its_own_rules_refuse_is_not_founded(world):
    chair = world.parties[0]
    draft = world.draft()
    with pytest.raises(Refused):
        chair.house.found("head-of-mission", type(draft)(**{**vars(draft), "title": ""}), world.now)
    stranger = Party(world, "Falkovia")
    chair.house.directory.receive(_file(stranger))
    with pytest.raises(Refused, match="not accredited"):
        chair.house.found("head-of-mission", world.draft([chair, stranger]), world.now)
    assert list(chair.house.lines()) == [world.line]


def _file(party):
    from detente.evidence import records

    return records.encode_chain((party.made.record,))


def test_a_welcome_into_another_group_is_not_followed(monkeypatch):
    world = Conference(2)
    chair, member = world.parties
    line = chair.house.found("head-of-mission", world.draft(), world.now)
    world.settle()
    member.house.agree(line, "head-of-mission")
    monkeypatch.setattr(Group, "group_id", property(lambda _: b"another group"))
    world.settle()
    assert line not in member.house.lines()
    assert "another group" in world.last_letter


def test_a_history_that_no_letter_can_carry_is_said_and_the_line_goes_on(monkeypatch):
    world = Conference(3)
    chair, member, other = world.parties
    world.line = chair.house.found("head-of-mission", world.draft(), world.now)
    world.settle()
    other.house.agree(world.line, "head-of-mission")
    world.settle()
    member.house.agree(world.line, "head-of-mission")
    world.carry_mail(member)
    world.carry_mail(chair)
    monkeypatch.setattr(letters, "MOST_PARTS", 0)
    for _ in range(6):
        world.carry(chair)
    (said,) = alarms(chair, world.line, "welcome")
    assert "cannot enter" in said["sentence"]
    act = chair.do(world.line, a_note(world, chair, other))
    for _ in range(4):
        for party in (chair, other):
            world.send(party, world.line)
            world.read(party, world.line)
    assert act in other.house.line(world.line).known


def test_a_house_that_reads_its_history_says_nothing_yet(world):
    chair = world.parties[0]
    known = chair.house.line(world.line)
    known.joined_at = known.size
    with pytest.raises(Refused, match="still reading"):
        chair.do(world.line, a_note(world, chair, world.parties[1]))
    with pytest.raises(NotAuthentic, match="nobody holds"):
        chair.house.line(world.line)._party_at(99)
