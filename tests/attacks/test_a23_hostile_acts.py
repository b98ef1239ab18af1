"""What a member sends that no honest house would: every house says the same of it, keeps it, and the line goes on.

Each pill is sealed and signed as well as a member can; the house that sends it has been changed by its owner.
After each, all houses have the same outcomes and states, can be opened again, and a note goes through.
"""

from dataclasses import replace

import msgspec
import pytest
from conference import Conference, a_note
from rogues import alarms, alike, outcomes, put, slip, wrote

from detente.acts import act as acts
from detente.acts.labels import Label
from detente.acts.procedure import Registry
from detente.chancery.house import Chancery
from detente.ground.errors import Refused
from detente.line.engine import Line
from detente.mls.framing import encode_message
from detente.mls.state import sign_content
from detente.procedures.charter.rules import PROCEDURE as CHARTER
from detente.procedures.correspondence import rules as correspondence
from detente.procedures.correspondence.acts import Acknowledge, Form
from detente.wire import tls


@pytest.fixture
def world():
    world = Conference(3)
    world.line = world.found()
    return world


def judged(world, rogue, expected):
    """Everybody reads; the last entry has this outcome at every house, and the line goes on."""
    world.send(rogue, world.line)
    place = world.relay.size(rogue.house.line(world.line).terms.name) - 1
    world.settle()
    for party in world.parties:
        assert outcomes(party, world.line)[place] == expected
    assert alike(*world.parties, line=world.line)
    for party in world.parties:
        party.reopen()
    chair, other, _ = world.parties
    act = chair.do(world.line, a_note(world, chair, other))
    world.settle()
    assert alike(*world.parties, line=world.line)
    assert all(act in party.house.line(world.line).known for party in world.parties)
    return place


def body_of(world, rogue):
    return a_note(world, rogue, world.parties[0])


PILLS = {
    "no number": lambda raw: raw.replace(b'"made":', b'"made":NaN,"x":'),
    "an infinite number": lambda raw: raw.replace(b'"exercise":false', b'"exercise":1e400'),
    "a number with a fraction": lambda raw: raw.replace(b'"seen":', b'"seen":0.5,"x":'),
    "a number that nobody holds": lambda raw: raw.replace(b'"sequence":1', b'"sequence":' + b"9" * 6000),
    "a negative place": lambda raw: raw.replace(b'"seen":', b'"seen":-', 1),
    "half a letter": lambda raw: raw.replace(b"Opening", b"\\ud800"),
    "bytes that are no text": lambda raw: raw.replace(b"Opening", b"\xff\xfe"),
    "a hundred thousand brackets": lambda raw: raw.replace(b'"answers":null', b'"answers":' + b"[" * 100_000),
    "brackets that close": lambda raw: raw.replace(b'"answers":null', b'"answers":' + b"[" * 50_000 + b"]" * 50_000),
    "a field twice": lambda raw: raw.replace(b'"exercise":false', b'"exercise":false,"exercise":false'),
    "a field that nobody knows": lambda raw: raw.replace(b'"exercise":false', b'"exercise":false,"f":1'),
    "another spelling": lambda raw: raw.replace(b'"exercise":false', b'"exercise": false'),
    "a form that does not exist": lambda raw: raw.replace(b'"form":"', b'"form":"ultimatum '),
    "nothing": lambda _: b"",
    "no JSON": lambda _: b"\x00" * 300,
    "seven megabytes": lambda raw: raw.replace(b"presents its compliments", b"x" * 7 * 2**20),
}


@pytest.mark.attack("A23", "prevented")
@pytest.mark.parametrize("name", PILLS)
def test_a_poisoned_act_is_stored_as_false_and_the_line_goes_on(world, name):
    rogue = world.parties[2]
    honest = wrote(world, rogue, world.line, body_of(world, rogue))
    raw = PILLS[name](honest)
    assert raw != honest
    slip(world, rogue, world.line, raw=raw)
    judged(world, rogue, "not authentic")


def test_control_the_unchanged_act_is_admitted(world):
    rogue = world.parties[2]
    slip(world, rogue, world.line, raw=wrote(world, rogue, world.line, body_of(world, rogue)))
    world.send(rogue, world.line)
    place = world.relay.size(rogue.house.line(world.line).terms.name) - 1
    world.settle()
    assert {outcomes(party, world.line)[place] for party in world.parties} == {"admitted"}
    assert not world.alarms(world.line)


@pytest.mark.attack("A23", "prevented")
@pytest.mark.parametrize(
    "fields",
    [
        {"body": msgspec.Raw(b'{"kind":"correspondence.telepathy"}')},
        {"body": msgspec.Raw(b'{"kind":["a","list"]}')},
        {"body": msgspec.Raw(b"{}")},
        {"rules": "divination/1", "body": msgspec.Raw(b'{"kind":"divination.entrails","of":["a","goose"]}')},
        {"rules": "correspondence/99"},
        {"rules": ""},
        {"rules": "/"},
    ],
)
def test_what_this_house_does_not_know_is_kept_as_not_understood(world, fields):
    rogue = world.parties[2]
    act = slip(world, rogue, world.line, body_of(world, rogue), **fields)
    place = judged(world, rogue, "not understood")
    row = next(row for row in world.parties[0].store.entries(world.line, place))
    assert row.act == act
    assert acts.act_id(acts.unpack(row.packed)[0]) == act


@pytest.mark.attack("A23", "prevented")
@pytest.mark.parametrize(
    "pack",
    [
        lambda raw, _: raw,
        lambda *_: b"",
        lambda *_: b"\xff" * 40,
        lambda raw, seed: acts.pack(raw, seed) + b"more",
        lambda raw, _: tls.vector(raw) + tls.vector(b"short"),
        lambda raw, _: acts.pack(raw, None),
        lambda raw, _: acts.pack(raw, bytes(32)),
        lambda raw, seed: acts.pack(raw + b" ", seed),
    ],
)
def test_a_note_that_is_not_packed_or_not_signed_by_its_author_is_nobodys(world, pack):
    rogue = world.parties[2]
    raw = wrote(world, rogue, world.line, body_of(world, rogue))
    slip(world, rogue, world.line, raw=raw, packed=pack(raw, rogue.made.secrets.voice))
    judged(world, rogue, "not authentic")


@pytest.mark.attack("A23", "prevented")
def test_a_non_paper_bears_no_signature(world):
    rogue = world.parties[2]
    paper = msgspec.structs.replace(
        body_of(world, rogue), form=Form.NON_PAPER, number=None, character=_character_of(Form.NON_PAPER)
    )
    raw = wrote(world, rogue, world.line, paper)
    slip(world, rogue, world.line, raw=raw, packed=acts.pack(raw, rogue.made.secrets.voice))
    judged(world, rogue, "not authentic")


def _character_of(_form):
    from detente.procedures.correspondence.acts import Character

    return Character.INFORMAL


@pytest.mark.attack("A33", "prevented")
@pytest.mark.parametrize("field", ["author", "line"])
def test_an_act_in_anothers_name_or_of_another_line_is_not_authentic(world, field):
    chair, other, rogue = world.parties
    said = {"author": other.id} if field == "author" else {"line": bytes(32)}
    slip(world, rogue, world.line, body_of(world, rogue), **said)
    judged(world, rogue, "not authentic")
    assert (
        not chair.house.line(world.line).state.part(correspondence.PROCEDURE).series.get((other.id, "registry", 2027))
    )


def test_control_without_the_comparison_and_the_voice_it_would_stand_in_the_others_name(world, monkeypatch):
    chair, other, rogue = world.parties
    monkeypatch.setattr(acts, "verify_voice", lambda *_: None)
    honest = Line._admit
    monkeypatch.setattr(Line, "_admit", lambda line, one, _, packed, said: honest(line, one, None, packed, said))
    slip(world, rogue, world.line, body_of(world, rogue), author=other.id)
    world.settle()
    assert chair.house.line(world.line).state.part(correspondence.PROCEDURE).series[(other.id, "registry", 2027)] == 1


@pytest.mark.attack("A19", "prevented")
def test_an_act_of_another_line_of_the_same_parties_is_not_taken_here(world):
    chair, other, rogue = world.parties
    elsewhere = world.found()
    there = rogue.do(elsewhere, body_of(world, rogue))
    packed = next(iter(rogue.house.line(elsewhere).held.values())).packed
    world.settle()
    slip(world, rogue, world.line, raw=acts.unpack(packed)[0], packed=packed)
    judged(world, rogue, "not authentic")
    assert there not in chair.house.line(world.line).known
    assert there in other.house.line(elsewhere).known


@pytest.mark.attack("A24", "prevented")
def test_what_was_refused_once_stays_refused_when_it_is_sent_again(world):
    chair, _, rogue = world.parties
    loud = msgspec.structs.replace(body_of(world, rogue), label=Label.SECRET)
    act = slip(world, rogue, world.line, loud)
    packed = next(iter(rogue.house.line(world.line).held.values())).packed
    judged(world, rogue, "refused")
    known = chair.house.line(world.line)
    with chair.house._step(known):
        known.commit({}, [], world.entropy)
    world.settle()
    slip(world, rogue, world.line, raw=acts.unpack(packed)[0], packed=packed)
    world.send(rogue, world.line)
    place = world.relay.size(known.terms.name) - 1
    world.settle()
    assert {outcomes(party, world.line)[place] for party in world.parties} == {"duplicate"}
    assert act not in chair.house.line(world.line).state.part(correspondence.PROCEDURE).notes


@pytest.mark.attack("A23", "prevented")
def test_a_note_above_the_ceiling_is_refused_at_home_and_at_every_house(world):
    rogue = world.parties[2]
    loud = msgspec.structs.replace(body_of(world, rogue), label=Label.SECRET)
    with pytest.raises(Refused, match="SECRET"):
        rogue.do(world.line, loud)
    assert not rogue.house.line(world.line).held
    slip(world, rogue, world.line, loud)
    place = judged(world, rogue, "refused")
    sentences = {row.sentence for party in world.parties for row in party.store.entries(world.line, place)}
    assert any("SECRET" in sentence for sentence in sentences)
    assert len({next(iter(p.store.entries(world.line, place))).sentence for p in world.parties}) == 1


def test_control_below_the_ceiling_it_is_admitted(world):
    rogue = world.parties[2]
    act = rogue.do(world.line, msgspec.structs.replace(body_of(world, rogue), label=Label.SENSITIVE))
    world.settle()
    assert act in world.parties[0].house.line(world.line).state.part(correspondence.PROCEDURE).notes


# --- what is not an act at all ----------------------------------------------------------------------


@pytest.mark.attack("A23", "prevented")
def test_messages_that_a_line_does_not_have_stop_nobody(world):
    """In clear, a proposal, a commit handed in as talk and talk handed in as a commit, the same bytes again, rubbish."""
    rogue = world.parties[2]
    group = rogue.house.line(world.line).group
    in_clear = encode_message(_public(group))
    proposal = group.propose_update(world.entropy)[1]
    commit = group.commit(entropy=world.entropy, authenticate=lambda *_: None).message
    talk = group.seal(b"said", b"", world.entropy)[1]
    sent = [
        (in_clear, False),
        (in_clear, True),
        (proposal, False),
        (proposal, True),
        (commit, False),
        (talk, True),
        (talk, False),
        (b"\x00\x01", True),
        (b"rubbish" * 99, False),
        (message_of_another_kind(world), True),
    ]
    for number, (message, as_commit) in enumerate(sent):
        put(world, rogue, world.line, message, commit=as_commit, tag=bytes([number]) * 32)
    for party in world.parties[:2]:
        world.read(party, world.line)
        found = list(outcomes(party, world.line).values())[-10:]
        assert set(found) <= {"not authentic", "unmerged"}
    world.settle()
    act = world.parties[0].do(world.line, a_note(world, world.parties[0], world.parties[1]))
    world.settle()
    assert alike(*world.parties[:2], line=world.line)
    assert act in world.parties[1].house.line(world.line).known


def _public(group):
    from detente.mls.framing import PublicMessage

    signed = sign_content(group.state, b"in clear", b"")
    return PublicMessage(signed.content, signed.auth, bytes(32))


def message_of_another_kind(world):
    return world.parties[2].house._package(b"\x01" * 32, world.parties[2].house.line(world.line).terms)


def test_control_a_line_that_let_refusals_through_would_stop_for_everybody(world, monkeypatch):
    """The way in catches what MLS refuses, not only what is false: else one message in clear stops every house."""
    rogue = world.parties[2]
    put(world, rogue, world.line, encode_message(_public(rogue.house.line(world.line).group)))

    def unguarded(line, ordered, said):
        line.append(ordered.leaf)
        return line._take_talk(ordered, said)

    monkeypatch.setattr(Line, "_take", unguarded)
    with pytest.raises(Refused, match="in clear"):
        world.read(world.parties[0], world.line)


@pytest.mark.attack("A23", "prevented")
def test_an_echo_of_a_head_that_is_not_there_yet_is_false(world):
    rogue = world.parties[2]
    known = rogue.house.line(world.line)
    raw = wrote(world, rogue, world.line, body_of(world, rogue))
    packed = acts.pack(raw, rogue.made.secrets.voice)
    for echo in (tls.uint(known.size + 9, 8) + bytes(32), b"", b"short", tls.uint(1, 8) + bytes(33)):
        known.group, message = known.group.seal(packed, echo, world.entropy)
        place = put(world, rogue, world.line, message)
        for party in world.parties[:2]:
            world.read(party, world.line)
            assert outcomes(party, world.line)[place] == "not authentic"
            assert not party.house.line(world.line).forked


# --- houses whose rules differ -------------------------------------------------------------------------


@pytest.mark.attack("A23", "detected")
def test_a_house_with_other_rules_under_the_same_number_is_found_by_its_digest(world):
    """One house forgets a ceiling: it admits what the others refuse, and its next act says so."""
    chair, other, rogue = world.parties
    lax = replace(correspondence.PROCEDURE, admit=_lax)
    rogue.house = Chancery(rogue.store, Registry([CHARTER, lax]), rogue.made.secrets, world.entropy)
    loud = rogue.do(world.line, msgspec.structs.replace(body_of(world, rogue), label=Label.SECRET))
    world.settle()
    assert loud in rogue.house.line(world.line).state.part(lax).notes
    quiet = chair.do(world.line, a_note(world, chair, rogue))
    world.settle()
    rogue.do(world.line, Acknowledge(quiet))
    world.settle()
    for party in (chair, other):
        (alarm, *_) = alarms(party, world.line, "digest")
        assert "another state of “correspondence”" in alarm["sentence"]
    assert alarms(rogue, world.line, "digest")


def _lax(state, facts, act):
    unbound = replace(facts, ceiling=Label.SECRET)
    return correspondence.admit(state, unbound, act)


def test_control_with_the_same_rules_nobody_is_alarmed(world):
    chair, _, rogue = world.parties
    quiet = chair.do(world.line, a_note(world, chair, rogue))
    world.settle()
    rogue.do(world.line, Acknowledge(quiet))
    world.settle()
    assert not world.alarms(world.line)
