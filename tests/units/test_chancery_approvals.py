"""A house asks its persons, keeps what they answered, and seals when there are as many as its record asks for."""

import msgspec
import pytest
from authenticators import Authenticator, persons
from conference import Conference

from detente.chancery.approvals import Given
from detente.evidence import instrument, verifier
from detente.evidence.anchors import make_anchors
from detente.evidence.verifier import Outcome
from detente.ground.errors import NotAuthentic, Refused
from detente.procedures.signature.acts import Adopt
from detente.procedures.signature.rules import instrument_file
from detente.procedures.table.acts import Import
from detente.procedures.table.parse import VERSION

TEXT = "# On the lake\n\n## Article 1\n\nThe Parties keep the lake open.\n"
HEAD, SPARE, REGISTRY = Authenticator("head"), Authenticator("head again", "EdDSA"), Authenticator("registry")


@pytest.fixture
def world():
    asked = persons(HEAD.passkey("h1"), SPARE.passkey("h1"), REGISTRY.passkey("h2", "registry"), approvals=2)
    world = Conference(2, persons={"Arvenia": asked})
    world.line = world.found()
    chair, member = world.parties
    text = chair.do(world.line, Import("On the lake", "en", VERSION, TEXT))
    world.settle()
    content = chair.house.line(world.line).state.facts.texts[text].content_hash
    for party in (chair, member):
        party.do(world.line, Adopt(text, content))
        world.settle()
    (world.digest,) = chair.house.line(world.line).state.parts["signature"].instruments
    return world


def answer(world, authenticator, office="head-of-mission", digits=None, **changes):
    question = world.parties[0].house.approval_question(world.line, office, world.digest)
    said = authenticator.answer(changes.pop("challenge", question.challenge), **changes)
    return Given(authenticator.credential, said, world.digest.hex()[:8] if digits is None else digits)


def seal(world, party):
    return party.house.seal_instrument(world.line, "head-of-mission", world.digest, world.now)


def test_two_persons_approve_and_the_party_seals_even_after_a_restart(world):
    chair, member = world.parties
    asked = chair.house.approval_question(world.line, "head-of-mission", world.digest)
    assert (asked.needed, asked.persons, set(asked.credentials)) == (2, 0, {HEAD.credential, SPARE.credential})
    with pytest.raises(Refused, match="approval of 2, and 0"):
        seal(world, chair)
    chair.house.approve(world.line, "head-of-mission", world.digest, answer(world, HEAD))
    chair.reopen()
    asked = chair.house.approve(world.line, "head-of-mission", world.digest, answer(world, SPARE))
    assert asked.persons == 1, "two passkeys of one person are one person"
    with pytest.raises(Refused, match="approval of 2, and 1"):
        seal(world, chair)
    assert not chair.house.line(world.line).held
    chair.house.approve(world.line, "registry", world.digest, answer(world, REGISTRY, "registry"))
    for party in (chair, member):
        seal(world, party)
        world.settle()
    states = [party.house.line(world.line).state.parts["signature"] for party in world.parties]
    files = {instrument_file(state, world.digest) for state in states}
    assert len(files) == 1
    file = files.pop()
    sealed, _ = instrument.read_sealed(file)
    assert len(sealed.approvals) == 3
    anchors = make_anchors({party.id: party.name for party in world.parties}, None)
    assert verifier.verify(file, None, anchors).outcome is Outcome.UNPUBLISHED
    with pytest.raises(Refused, match="already"):
        chair.house.approve(world.line, "head-of-mission", world.digest, answer(world, HEAD))


def test_what_is_no_approval_is_refused_and_nothing_is_kept(world):
    chair, _ = world.parties

    def refused(kind, office, given):
        with pytest.raises(kind):
            chair.house.approve(world.line, office, world.digest, given)
        assert chair.house.approval_question(world.line, "registry", world.digest).given == ()

    refused(Refused, "head-of-mission", answer(world, HEAD, digits="00000000"))
    refused(Refused, "head-of-mission", answer(world, HEAD, digits=""))
    refused(Refused, "doorman", answer(world, HEAD))
    refused(NotAuthentic, "registry", answer(world, HEAD, "registry"))
    refused(NotAuthentic, "head-of-mission", answer(world, REGISTRY))
    refused(NotAuthentic, "head-of-mission", answer(world, HEAD, challenge=bytes(32)))
    refused(NotAuthentic, "head-of-mission", answer(world, HEAD, flags=1))
    refused(NotAuthentic, "head-of-mission", answer(world, HEAD, "registry"))
    refused(NotAuthentic, "head-of-mission", msgspec.structs.replace(answer(world, HEAD), credential=bytes(20)))
    chair.house.approve(world.line, "head-of-mission", world.digest, answer(world, HEAD))  # control


def test_a_party_whose_record_asks_nobody_seals_without(world):
    _, member = world.parties
    with pytest.raises(Refused, match="asks for no person"):
        member.house.approval_question(world.line, "head-of-mission", world.digest)
    seal(world, member)
    with pytest.raises(Refused, match="no such instrument"):
        member.house.approval_question(world.line, "head-of-mission", bytes(32))
