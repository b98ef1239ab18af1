"""Commits that confirm another past than theirs, and keys that a newcomer is told in another order (8.2, 8.4)."""

from dataclasses import replace

import pytest
from mls_liars import seed_of
from mls_parties import Parties, agree, leaf
from test_mls_attacks import refused, sealed, taken_apart
from test_mls_checks import PSK, World, hooks, refused_in_clear
from test_mls_welcome_attacks import Invitation

from detente.crypto.suites import SUITE_1
from detente.ground.errors import NotAuthentic
from detente.mls import commits, framing, schedule
from detente.mls.framing import WireFormat, encode_message
from detente.mls.framing import read_message as read
from detente.mls.group import Group
from detente.mls.types import Commit, PreSharedKey

pytestmark = pytest.mark.attack("A68", "prevented")


@pytest.fixture
def world():
    return World()


# --- 8.2: transcripts ----------------------------------------------------------------------------------------


def tagged(world, *, interim=None, wire_format=WireFormat.PRIVATE, signature=None, **changes):
    """A commit of the first member, whose tag is over a transcript with these changes: of the hash before, the
    wire format, the content's fields, the signature."""
    content = taken_apart(world.groups[1], world.parties.commit(world.groups[0], path=False, **world.wish).message)
    state = world.groups[0].state if interim is None else replace(world.groups[0].state, interim_hash=interim)
    told = replace(
        content,
        wire_format=wire_format,
        content=replace(content.content, **changes),
        auth=replace(content.auth, signature=content.auth.signature if signature is None else signature),
    )
    applied, _ = commits.apply(state, framing.member(0), content.content.body.proposals, hooks(world.parties))
    tag = commits.enter(state, commits._without_path(state, (applied, bytes(32))), told)[2]
    return sealed(world.parties, world.groups[0], replace(content, auth=replace(content.auth, confirmation_tag=tag)))


TRANSCRIPTS = {
    "of nothing before": {"interim": b""},
    "of zeros before": {"interim": bytes(32)},
    "without its signature": {"signature": b""},
    "with another signature": {"signature": bytes(64)},
    "in another wire format": {"wire_format": WireFormat.PUBLIC},
    "with other authenticated data": {"authenticated_data": b"another head"},
    "of the epoch after": {"epoch": 2},
    "of another group": {"group_id": b"other"},
    "of another sender": {"sender": framing.member(1)},
    "of an empty commit": {"body": Commit((), None)},
}


@pytest.mark.refuses("8.2")
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_commit_confirms_the_whole_transcript_and_no_other(world, name):
    world.wish = {"add": [encode_message(world.package)]}
    message = tagged(world, **TRANSCRIPTS[name])
    for victim in world.groups[1:3]:
        assert "confirmation tag" in refused(world.parties, victim, message, NotAuthentic).sentence
    assert world.parties.staged(world.groups[1], tagged(world)).next  # control


@pytest.mark.refuses("8.2")
@pytest.mark.parametrize("changed", ["confirmed transcript", "confirmation"])
def test_one_whose_past_is_another_follows_no_commit(world, changed):
    pending = world.parties.commit(world.groups[0])
    other = world.groups[1].state
    tag = bytes(32) if changed == "confirmation" else other.confirmation_tag
    past = bytes(32) if changed == "confirmed transcript" else other.context.confirmed_transcript_hash
    elsewhere = replace(other, interim_hash=schedule.interim_hash(SUITE_1, past, framing.Auth(b"", tag)))
    assert "confirmation tag" in refused(world.parties, Group(elsewhere), pending.message, NotAuthentic).sentence
    assert world.parties.staged(world.groups[1], pending.message).next  # control


@pytest.mark.refuses("8.2")
@pytest.mark.parametrize(
    ("part", "sentence"), [("confirmed_transcript_hash", "signature"), ("confirmation_tag", "confirmation tag")]
)
def test_one_who_came_in_alone_from_another_past_is_not_followed(world, part, sentence):
    """The GroupInfo of a lying member, by which a newcomer makes its external commit."""
    info = read(world.groups[0].group_info())
    if part == "confirmation_tag":
        info = replace(info, confirmation_tag=bytes(32))
    else:
        info = replace(info, context=replace(info.context, confirmed_transcript_hash=bytes(32)))
    info = replace(info, signature=SUITE_1.sign_with_label(seed_of(world, 0), b"GroupInfoTBS", info.to_be_signed))
    _, message = Group.enter(
        encode_message(info), world.newcomer, leaf("Elbany"), world.parties.entropy, world.parties.authenticate
    )
    refused_in_clear(world, read(message), sentence)


@pytest.mark.refuses("8.2")
@pytest.mark.parametrize("forged", [b"", bytes(32)])
def test_a_welcome_to_another_past_is_refused(forged):
    invited = Invitation()
    context = replace(invited.info.context, confirmed_transcript_hash=forged)
    with pytest.raises(NotAuthentic, match="confirmation"):
        invited.join(invited.sealed(replace(invited.info, context=context)))
    assert invited.join(invited.sealed())  # control


# --- 8.4, 12.1.4: pre-shared keys ---------------------------------------------------------------------------

TWO = (PSK, replace(PSK, nonce=b"\1" * 32))


WRONG_KEYS = {
    "in another order": lambda psks: psks[::-1],
    "one left out": lambda psks: psks[:1],
    "one twice": lambda psks: (*psks, psks[0]),
    "none": lambda _: (),
    "another nonce": lambda psks: (psks[0], replace(psks[1], nonce=bytes(32))),
    "as an application's": lambda psks: (psks[0], replace(psks[1], psk_id=b"", usage=1, group_id=b"line", epoch=1)),
}


@pytest.mark.refuses("12.4.3.1")
@pytest.mark.parametrize("name", WRONG_KEYS)
def test_a_newcomer_is_told_the_keys_of_the_commit_in_their_order(name):
    parties = Parties()
    first, _ = parties.group("Arvenia", "Belmora")
    newcomer = parties.identity("Corvalis")
    package, private = parties.package(newcomer)
    proposals = [PreSharedKey(psk) for psk in TWO]
    pending = parties.commit(first, add=[package], proposals=proposals, psks=lambda _: b"secret")
    with pytest.MonkeyPatch.context() as liar:
        true = commits.GroupSecrets
        liar.setattr(commits, "GroupSecrets", lambda joiner, path, psks: true(joiner, path, WRONG_KEYS[name](psks)))
        lie = parties.commit(first, add=[package], proposals=proposals, psks=lambda _: b"secret").welcome
    with pytest.raises(NotAuthentic, match="cannot be opened"):
        parties.join(lie, package, private, newcomer, psks=lambda _: b"secret")
    joined = parties.join(pending.welcome, package, private, newcomer, psks=lambda _: b"secret")  # control
    assert agree([joined, pending.next])
