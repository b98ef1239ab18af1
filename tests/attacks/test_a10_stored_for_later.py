"""Whoever stores ciphertext for a quantum day: what the classical keys of a mailbox open, and what they do not."""

import pytest
from conference import Conference, a_note

from detente.acts.facts import Role
from detente.chancery import letters
from detente.line.terms import LINE_SUITE, SPOKEN
from detente.procedures.charter.acts import Admit

SAID = "What was said on the line before anybody else was there."


def letters_of_a_late_joiner(world):
    """(the group's history key, letters in clear): what somebody reads who has broken the mailbox's X25519 key."""
    *early, late = world.parties
    line = world.found(early)
    early[0].do(line, a_note(world, early[0], early[1], text=SAID))
    world.settle()
    early[0].do(line, Admit(late.id, Role.MEMBER, (late.made.record,)))
    read, take = [], late.house.receive_letter

    def recording(sealed):
        read.append(letters.open_part(sealed, late.made.secrets.mail))
        return take(sealed)

    late.house.receive_letter = recording
    world.settle()
    late.house.agree(line, "head-of-mission")
    world.settle()
    assert late.house.line(line).size == early[0].house.line(line).size
    return line, late, read


@pytest.mark.attack("A10", "prevented")
def test_a_broken_mailbox_key_does_not_open_what_was_said():
    world = Conference(3)
    _, _, parts = letters_of_a_late_joiner(world)
    clear = b"".join(part.piece for part in parts)
    assert SAID.encode() not in clear
    assert any(b'"kind":"welcome"' in part.piece for part in parts)


def test_control_the_group_itself_was_handed_exactly_that():
    world = Conference(3)
    line, late, _ = letters_of_a_late_joiner(world)
    assert any(SAID.encode() in row.packed for row in late.store.entries(line))


@pytest.mark.attack("A10", "prevented")
def test_lines_speak_the_hybrid_suite_and_nothing_else():
    world = Conference(2)
    line = world.found()
    assert list(SPOKEN) == [LINE_SUITE.number] == [0xF002]
    for party in world.parties:
        assert party.house.line(line).group.state.suite.name == "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519"
