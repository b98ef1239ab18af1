"""Those who are no members: what they may propose, and how they may not come in (RFC 9420 sections 12.1.8, 12.4.3.2)."""

from dataclasses import replace

import pytest
from mls_liars import seed_of, signed
from mls_parties import CHARTER
from test_mls_attacks import refused, sealed, taken_apart
from test_mls_checks import PSK, World, entering, hooks, lying, refused_in_clear

from detente.crypto.suites import SUITE_1
from detente.ground.errors import DetenteError, NotAuthentic, Refused
from detente.mls import framing
from detente.mls.framing import FramedContent, Sender, SenderType, WireFormat, encode_message
from detente.mls.framing import read_message as read
from detente.mls.group import Proposed, external_proposal, joining_proposal
from detente.mls.types import (
    Add,
    Capabilities,
    Commit,
    Credential,
    Extension,
    ExtensionType,
    ExternalInit,
    GroupContextExtensions,
    LeafSource,
    PreSharedKey,
    PreSharedKeyId,
    Reference,
    ReInit,
    Remove,
    Update,
    UpdatePath,
)
from detente.wire.tls import vector

pytestmark = pytest.mark.attack("A68", "prevented")


@pytest.fixture
def world():
    return World()


# --- 12.1.8: proposals from outside --------------------------------------------------------------------------


def hearing(world, *keys):
    """The same four, who hear external senders with these signature keys."""
    raw = b"".join(vector(key) + Credential(1, identity=b"depositary").encode() for key in keys)
    extensions = (*CHARTER, Extension(ExtensionType.EXTERNAL_SENDERS, vector(raw)))
    pending = world.parties.commit(world.groups[0], context_extensions=extensions)
    world.groups = [pending.next, *(world.parties.staged(one, pending.message).next for one in world.groups[1:])]


FROM_OUTSIDE = {
    "an Update": lambda w: Update(w.renewed(1)),
    "a way in": lambda _: ExternalInit(bytes(32)),
}


@pytest.mark.refuses("12.1.8")
@pytest.mark.parametrize("name", FROM_OUTSIDE)
def test_what_no_external_sender_may_propose_is_malformed_when_it_comes(world, name):
    seed = world.parties.entropy(32)
    hearing(world, SUITE_1.signature_public(seed))
    message = external_proposal(world.groups[0].group_info(), 0, FROM_OUTSIDE[name](world), seed)
    refused_in_clear(world, read(message), "cannot say such a thing")
    true = external_proposal(world.groups[0].group_info(), 0, Add(world.package), seed)
    assert isinstance(world.groups[1].open(true, world.parties.authenticate, allow_public=True), Proposed)  # control


@pytest.mark.refuses("12.1.8")
@pytest.mark.parametrize(
    ("body", "sentence"),
    [(b"a word", "never sent in clear"), (Commit((), None), "cannot say such a thing")],
    ids=["a word", "a commit"],
)
@pytest.mark.parametrize("kind", [SenderType.EXTERNAL, SenderType.NEW_MEMBER_PROPOSAL, SenderType.NEW_MEMBER_COMMIT])
def test_one_outside_says_nothing_but_what_is_its_to_say(world, kind, body, sentence):
    seed = world.newcomer.signature_seed
    hearing(world, SUITE_1.signature_public(seed))
    context = world.groups[0].state.context
    content = FramedContent(context.group_id, context.epoch, Sender(kind), b"", body)
    signature = framing.sign(SUITE_1, WireFormat.PUBLIC, content, context, seed)
    tag = bytes(32) if isinstance(body, Commit) else None
    message = framing.PublicMessage(content, framing.Auth(signature, tag), None)
    refused_in_clear(world, message, sentence)


@pytest.mark.refuses("12.1.8")
def test_a_proposal_from_outside_is_signed_by_whom_it_names(world):
    seed, other = world.parties.entropy(32), world.parties.entropy(32)
    hearing(world, SUITE_1.signature_public(seed), SUITE_1.signature_public(other))
    info = world.groups[0].group_info()
    refused_in_clear(world, read(external_proposal(info, 1, Remove(2), seed)), "signature")
    refused_in_clear(world, read(external_proposal(info, 2, Remove(2), seed)), "does not have")
    package = encode_message(world.package)
    refused_in_clear(world, read(joining_proposal(info, package, seed)), "signature")


@pytest.mark.refuses("12.1.8")
def test_a_group_that_names_nobody_hears_nobody(world):
    seed = world.parties.entropy(32)
    hearing(world, SUITE_1.signature_public(seed))
    context = world.groups[0].state.context
    deaf = World()
    content = FramedContent(context.group_id, deaf.groups[0].epoch, Sender(SenderType.EXTERNAL, 0), b"", Remove(2))
    signature = framing.sign(SUITE_1, WireFormat.PUBLIC, content, deaf.groups[0].state.context, seed)
    refused_in_clear(deaf, framing.PublicMessage(content, framing.Auth(signature), None), "does not have")


@pytest.mark.refuses("12.1")
@pytest.mark.parametrize("at", ["before", "after"])
def test_a_proposal_is_of_this_epoch(world, at):
    first, second = world.groups[:2]
    pending = world.parties.commit(first)
    later = world.parties.staged(second, pending.message).next
    sender, victim = (first, later) if at == "before" else (pending.next, second)
    message = sender.propose(Remove(3), world.parties.entropy)[1]
    assert refused(world.parties, victim, message, Refused).rule == "mls/epoch"


@pytest.mark.refuses("12.1")
def test_a_proposal_is_signed(world):
    first, second = world.groups[:2]
    content = taken_apart(second, first.propose(Remove(3), world.parties.entropy)[1])
    for signature in (b"", bytes(64), content.auth.signature[:-1]):
        forged = sealed(world.parties, first, replace(content, auth=framing.Auth(signature)))
        assert "signature" in refused(world.parties, second, forged, NotAuthentic).sentence


# --- 12.4.3.2: external commits -----------------------------------------------------------------------------


def outside(world, proposals, change=lambda path: path, seed=None):
    """The newcomer's external commit with other proposals or another path, signed as it must be."""
    true = entering(world)
    path = true.content.body.path
    body = Commit(tuple(proposals(true.content.body.proposals)), None if path is None else change(path))
    content = replace(true.content, body=body)
    context = world.groups[0].state.context
    signature = framing.sign(
        SUITE_1, WireFormat.PUBLIC, content, context, world.newcomer.signature_seed if seed is None else seed
    )
    return replace(true, content=content, auth=replace(true.auth, signature=signature))


def resigned(change, seed=None, at=4):
    """A path whose leaf was changed and signed again."""

    def of(world):
        def path_with(path):
            return UpdatePath(
                signed(change(world, path.leaf_node), seed or world.newcomer.signature_seed, at=at), path.nodes
            )

        return path_with

    return of


ENTERING = {
    "no way in": (lambda _w, _given: [], None, "exactly one way in"),
    "a key instead of a way in": (lambda _w, _given: [PreSharedKey(PSK)], None, "exactly one way in"),
    "two ways in": (lambda _, given: [*given, ExternalInit(bytes(32))], None, "exactly one way in"),
    "two removed": (lambda _, given: [*given, Remove(0), Remove(1)], None, "old self"),
    "nobody removed": (lambda _, given: [*given, Remove(9)], None, "where nobody is"),
    "somebody else removed": (lambda _, given: [*given, Remove(2)], None, "somebody else"),
    "an addition": (lambda w, given: [*given, Add(w.package)], None, "may not make"),
    "an Update": (lambda w, given: [*given, Update(w.renewed(1))], None, "may not make"),
    "a ReInit": (lambda _, given: [*given, ReInit(b"x", 1, 1, ())], None, "may not make"),
    "other extensions": (lambda _, given: [*given, GroupContextExtensions(CHARTER)], None, "may not make"),
    "a key twice": (lambda _, given: [*given, PreSharedKey(PSK), PreSharedKey(PSK)], None, "key twice"),
    "a key that nobody holds": (
        lambda _, given: [*given, PreSharedKey(replace(PSK, psk_id=b"?"))],
        None,
        "does not hold",
    ),
    "a ReInit's key": (
        lambda _, given: [*given, PreSharedKey(PreSharedKeyId(bytes(32), usage=2))],
        None,
        "another purpose",
    ),
    "a short nonce": (lambda _, given: [*given, PreSharedKey(replace(PSK, nonce=b""))], None, "nonce"),
    "an unknown reference": (lambda _, given: [*given, Reference(bytes(32))], None, "nobody sent"),
    "half a way in": (lambda _, given: [ExternalInit(given[0].kem_output[:-1])], None, "encapsulated key"),
    "a long way in": (lambda _, given: [ExternalInit(given[0].kem_output + b"\0")], None, "encapsulated key"),
    "a way in for everybody": (
        lambda _w, _given: [ExternalInit(bytes(32))],
        None,
        "everybody could open",
    ),
    "another way in": (
        lambda _w, _given: [ExternalInit(SUITE_1.hpke.derive_key_pair(bytes(32))[1])],
        None,
        "confirmation tag",
    ),
    "a leaf of a key package": (
        None,
        resigned(lambda _, one: replace(one, source=LeafSource.KEY_PACKAGE, parent_hash=b"")),
        "another purpose",
    ),
    "a leaf for another place": (None, resigned(lambda _, one: one, at=5), "signature"),
    "a leaf with a member's encryption key": (
        None,
        resigned(lambda w, one: replace(one, encryption_key=w.groups[0].state.tree.member(1).encryption_key)),
        "same encryption key",
    ),
    "a leaf with a node's encryption key": (
        None,
        resigned(lambda w, one: replace(one, encryption_key=w.groups[0].state.tree.nodes[1].encryption_key)),
        "same encryption key",
    ),
    "a leaf that cannot what the group uses": (
        None,
        resigned(lambda _, one: replace(one, capabilities=Capabilities(), extensions=())),
        "0xf001",
    ),
    "a leaf with a false parent hash": (
        None,
        resigned(lambda _, one: replace(one, parent_hash=bytes(32))),
        "parent hash",
    ),
    "an unknown party": (
        None,
        resigned(lambda _, one: replace(one, credential=Credential(1, identity=b"Mallory"))),
        "not accredited",
    ),
    "a short path": (None, lambda _: lambda path: UpdatePath(path.leaf_node, path.nodes[:-1]), "does not fit"),
    "a long path": (None, lambda _: lambda path: UpdatePath(path.leaf_node, path.nodes * 2), "does not fit"),
    "no path": (None, lambda _: lambda _path: None, "cannot say such a thing"),
}


@pytest.mark.refuses("12.4.3.2")
@pytest.mark.parametrize("name", ENTERING)
def test_such_an_external_commit_is_refused_by_every_member(world, name):
    proposals, change, sentence = ENTERING[name]
    for at in (1, 2):
        pending = world.parties.commit(world.groups[0])
        world.groups = [pending.next, *(world.parties.staged(one, pending.message).next for one in world.groups[1:])]
        message = outside(
            world,
            (lambda given: given) if proposals is None else (lambda given: proposals(world, given)),
            (lambda path: path) if change is None else change(world),
        )
        before = world.groups[at].serialise()
        with pytest.raises(DetenteError, match=sentence):
            world.groups[at].open(
                encode_message(message), world.parties.authenticate, psks=hooks(world.parties).psks, allow_public=True
            )
        assert world.groups[at].serialise() == before


@pytest.mark.refuses("12.4.3.2")
def test_an_external_commit_names_no_proposal_that_the_members_know(world):
    first, proposal, reference = world.groups[0].propose(Remove(3), world.parties.entropy)
    world.groups[:2] = [first, world.parties.open(world.groups[1], proposal).group]
    named = outside(world, lambda given: [*given, Reference(reference)])
    refused_in_clear(world, named, "cannot know")
    refused_in_clear(world, outside(world, lambda _: [Reference(reference)]), "exactly one way in")


@pytest.mark.refuses("12.4.3.2")
def test_an_external_commit_is_signed_by_the_key_of_its_leaf(world):
    refused_in_clear(world, outside(world, lambda given: given, seed=seed_of(world, 0)), "signature")
    message = outside(world, lambda given: given)
    assert world.groups[1].open(encode_message(message), world.parties.authenticate, allow_public=True)  # control


@pytest.mark.refuses("12.4.3.2")
def test_a_member_does_not_commit_as_one_who_comes_in(world, monkeypatch):
    """ExternalInit from within, sealed and in clear."""
    error = refused(world.parties, world.groups[1], lying(world, monkeypatch, 0, ExternalInit(bytes(32))), Refused)
    assert "may not make" in error.sentence
    _, proposal, reference = world.groups[0].propose(ExternalInit(bytes(32)), world.parties.entropy)
    third = world.parties.open(world.groups[2], proposal).group
    with pytest.raises(Refused, match="may not make"):
        world.parties.commit(third, references=[reference])
