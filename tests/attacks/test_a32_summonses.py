"""Who has no right to, or does it without end, asks a house into lines: nobody at the desk is drowned."""

import pytest
from conference import BEGIN, Conference, Party

from detente.acts import act as acts
from detente.acts.act import SALT_BYTES, Act
from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.chancery import house as houses
from detente.chancery import letters
from detente.chancery.letters import Letter, Summons
from detente.evidence import records
from detente.ground.identifiers import ActId, LineId
from detente.line.terms import Terms
from detente.procedures.charter.acts import Found, RegisterPlace, RelayPlace, Seat
from detente.wire import canonical


@pytest.fixture
def world():
    return Conference(2)


def ask(world, sender, addressee, seats, salt=0):
    """What the addressee's house says to a summons into a line that `sender` founded with these seats."""
    relay = RelayPlace("http://127.0.0.1:1", "relay.example/l/a", world.relay_vkey, "a")
    body = Found(
        title="A line", members=tuple(seats), ceiling=Label.SENSITIVE, must_accept=(), faults=None,
        rules={each.name: each.version for each in world.registry.procedures.values()}, relay=relay,
        register=RegisterPlace("http://127.0.0.1:2", "register.example", world.register_vkey),
    )  # fmt: skip
    raw = acts.encode(
        Act(
            line=b"", author=sender.id, office="head-of-mission", seen=0, digest=bytes(32), rules="charter/1",
            made=BEGIN, salt=salt.to_bytes(SALT_BYTES, "big"), body=canonical.raw(body),
        )
    )  # fmt: skip
    terms = Terms(relay.url, relay.origin, relay.vkey, relay.line)
    content = Summons(acts.pack(raw, sender.made.secrets.voice))
    letter = Letter(sender.id, addressee.id, acts.act_id(raw), terms, content)
    parts = letters.write(letter, sender.made.secrets.voice, addressee.house.record.mail.key)
    return LineId(ActId(acts.act_id(raw))), [addressee.house.receive_letter(sealed) for _, sealed in parts][-1]


def seat(party, role=Role.MEMBER):
    return Seat(party.id, role, (party.made.record,))


@pytest.mark.attack("A32", "prevented")
def test_who_has_no_seat_of_its_own_founds_no_line_for_others(world):
    first, second = world.parties
    stranger = Party(world, "Falkovia")
    second.house.directory.receive(records.encode_chain((stranger.made.record,)))  # known, and not accredited
    _, said = ask(world, stranger, second, [seat(first, Role.CHAIR), seat(second)])
    assert "not taken" in said
    assert second.house.summonses() == []


@pytest.mark.attack("A32", "prevented")
def test_a_member_that_is_not_the_chair_summons_nobody(world):
    first, second = world.parties
    assert "not taken" in ask(world, first, second, [seat(first), seat(second, Role.CHAIR)])[1]
    assert second.house.summonses() == []


@pytest.mark.attack("A32", "limited")
def test_one_chair_asks_into_so_many_lines_at_a_time_and_an_answer_makes_room(world, monkeypatch):
    monkeypatch.setattr(houses, "MOST_SUMMONSES", 3)
    first, second = world.parties
    seats = [seat(first, Role.CHAIR), seat(second)]
    lines, said = zip(*(ask(world, first, second, seats, salt) for salt in range(5)), strict=True)
    assert ["not taken" in each for each in said] == [False, False, False, True, True]
    assert len(second.house.summonses()) == 3
    assert "not taken" not in ask(world, first, second, seats, 0)[1], "the same once more is not another one"
    second.house.agree(lines[0], "head-of-mission")
    assert "not taken" not in ask(world, first, second, seats, 4)[1]


def test_control_a_chair_with_a_seat_is_heard(world):
    first, second = world.parties
    line, said = ask(world, first, second, [seat(first, Role.CHAIR), seat(second)])
    assert "not taken" not in said
    assert [each[0] for each in second.house.summonses()] == [line]
