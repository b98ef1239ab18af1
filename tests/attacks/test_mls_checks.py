"""The validation lists of RFC 9420, case by case: each is refused with its own sentence, and nothing changes.

`docs/specs/mls.md` numbers the checks and names for each the test here, or in the files beside it, that shows
what happens where the check is not met.
"""

from dataclasses import replace

import pytest
from mls_parties import CHARTER, Parties, agree, leaf
from test_mls_attacks import refused, sealed, signed_again, taken_apart
from test_mls_welcome_attacks import Invitation

from detente.ground.errors import DetenteError, Malformed, NotAuthentic, Refused
from detente.mls import commits, external, framing, proposals
from detente.mls.commits import Wish, make_commit
from detente.mls.framing import (
    AuthenticatedContent,
    FramedContent,
    PublicMessage,
    Sender,
    SenderType,
    WireFormat,
    encode_message,
    member,
    read_message,
)
from detente.mls.group import Group, Identity
from detente.mls.leaves import Place, PrivatePart, new_leaf, renewed_leaf
from detente.mls.state import Hooks
from detente.mls.tree import RatchetTree
from detente.mls.types import (
    Add,
    Capabilities,
    Commit,
    Credential,
    Extension,
    ExternalInit,
    GroupContextExtensions,
    KeyPackage,
    LeafSource,
    ParentNode,
    PreSharedKey,
    PreSharedKeyId,
    Reference,
    ReInit,
    Remove,
    Update,
    UpdatePath,
    values,
)
from detente.mls.welcome import open_secrets
from detente.wire.tls import optional, uint, vector, whole

pytestmark = pytest.mark.attack("A68", "prevented")

PSK = PreSharedKeyId(bytes(32), psk_id=b"envelope")


def cases(table):
    """The names of a table's rows, each marked with its section of the RFC, which is the row's first word."""
    return [pytest.param(name, marks=pytest.mark.refuses(row[0])) for name, row in table.items()]


class World:
    """Four members, and a newcomer with a key package."""

    def __init__(self):
        self.parties = Parties()
        self.groups = self.parties.group("Arvenia", "Belmora", "Corvalis", "Dorvik")
        self.newcomer = self.parties.identity("Elbany")
        raw, self.private = self.parties.package(self.newcomer)
        self.package = read_message(raw)

    def signed_package(self, **changes):
        """The newcomer's key package with something changed, signed as it should be."""
        package = replace(self.package, **changes, signature=b"")
        suite = self.groups[0].state.suite
        signature = suite.sign_with_label(self.newcomer.signature_seed, b"KeyPackageTBS", package.to_be_signed)
        return replace(package, signature=signature)

    def signed_leaf(self, **changes):
        """The same for the leaf in it."""
        leaf_node = replace(self.package.leaf_node, **changes)
        suite = self.groups[0].state.suite
        signature = suite.sign_with_label(self.newcomer.signature_seed, b"LeafNodeTBS", leaf_node.to_be_signed(b"", 0))
        return self.signed_package(leaf_node=replace(leaf_node, signature=signature))

    def renewed(self, at, **changes):
        """A leaf of that member's for an Update, signed as it should be."""
        group = self.groups[at]
        suite, old = group.state.suite, group.state.tree.member(at)
        _, key = suite.hpke.derive_key_pair(self.parties.entropy(32))
        new = replace(old, encryption_key=key, source=LeafSource.UPDATE)
        return renewed_leaf(
            suite, old, replace(new, **changes), group.state.identity.signature_seed, Place(group.group_id, at)
        )


@pytest.fixture
def world():
    return World()


def hooks(parties, **more):
    return Hooks(parties.authenticate, lambda psk: b"secret" if psk.psk_id == b"envelope" else None, **more)


def lying(world, monkeypatch, sender, *named):
    """A commit of these proposals, tagged and sealed as by one who did not ask what may be."""
    parties, group = world.parties, world.groups[sender]
    try:
        with monkeypatch.context() as forger:
            for check in ("check_list", "check_entering", "check_after"):
                forger.setattr(commits, check, lambda *_, **__: None)
            forger.setattr(commits, "resolve_psks", lambda psks, _: [(psk, b"guess") for psk in psks])
            return encode_message(
                make_commit(group.state, Wish(named, None, b""), hooks(parties), parties.entropy).message
            )
    except (DetenteError, ValueError, KeyError):  # not even this code can make a path for it: then without a true one
        content = taken_apart(world.groups[(sender + 1) % 4], parties.commit(group).message)
        body = Commit(named, content.content.body.path)
        forged = signed_again(group, replace(content, content=replace(content.content, body=body)))
        return sealed(parties, group, forged)


# --- 12.1, 12.2: what may stand in a commit -----------------------------------------------------------------

LISTS = {
    "own removal": ("12.2", lambda _: [Remove(0)], "own removal"),
    "own update": ("12.2", lambda w: [Update(w.renewed(0))], "renews its leaf by its path"),
    "one removed twice": ("12.2", lambda _: [Remove(2), Remove(2)], "one member twice"),
    "nobody removed": ("12.1.3", lambda _: [Remove(9)], "where nobody is"),
    "far beyond the tree": ("12.1.3", lambda _: [Remove(2**32 - 1)], "where nobody is"),
    "one key twice": ("12.2", lambda _: [PreSharedKey(PSK), PreSharedKey(PSK)], "pre-shared key twice"),
    "an unknown key": ("12.4.2", lambda _: [PreSharedKey(replace(PSK, psk_id=b"?"))], "does not hold"),
    "a short nonce": ("12.1.4", lambda _: [PreSharedKey(replace(PSK, nonce=b"short"))], "nonce"),
    "an empty nonce": ("12.1.4", lambda _: [PreSharedKey(replace(PSK, nonce=b""))], "nonce"),
    "a long nonce": ("12.1.4", lambda _: [PreSharedKey(replace(PSK, nonce=bytes(33)))], "nonce"),
    "a reinit's key": ("11.2", lambda _: [PreSharedKey(replace(PSK, psk_id=b"", usage=2))], "another purpose"),
    "a branch's key": ("11.3", lambda _: [PreSharedKey(replace(PSK, psk_id=b"", usage=3))], "another purpose"),
    "extensions twice": (
        "12.2",
        lambda _: [GroupContextExtensions(CHARTER), GroupContextExtensions(())],
        "extensions twice",
    ),
    "extensions nobody knows": ("13", lambda _: [GroupContextExtensions((Extension(0xCCCC, b""),))], "0xcccc"),
    "a reinit and more": ("12.2", lambda _: [ReInit(b"x", 1, 1, ()), Remove(2)], "nothing else"),
    "two reinits": ("12.2", lambda _: [ReInit(b"x", 1, 1, ()), ReInit(b"y", 1, 1, ())], "nothing else"),
    "an older version": ("12.1.5", lambda _: [ReInit(b"x", 0, 1, ())], "older version"),
    "a way in from outside": ("12.2", lambda _: [ExternalInit(bytes(32))], "may not make"),
    "a stranger": (
        "7.3",
        lambda w: [Add(w.signed_leaf(credential=Credential(1, identity=b"Mallory")))],
        "not accredited",
    ),
    "one added twice": ("12.2", lambda w: [Add(w.package), Add(w.package)], "same encryption key|same signature key"),
    "one who is there": (
        "12.2",
        lambda w: [Add(read_message(w.parties.package(w.parties.accredited[b"Belmora"])[0]))],
        "same signature key",
    ),
    "an unsigned package": ("10.1", lambda w: [Add(replace(w.package, signature=b""))], "signature"),
    "a package signed for other keys": (
        "10.1",
        lambda w: [Add(replace(w.package, init_key=bytes(31) + b"\x07"))],
        "signature",
    ),
    "one key for two purposes": (
        "10.1",
        lambda w: [Add(w.signed_package(init_key=w.package.leaf_node.encryption_key))],
        "two purposes",
    ),
    "a package of another suite": ("10.1", lambda w: [Add(w.signed_package(cipher_suite=3))], "another cipher suite"),
    "an init key of small order": (
        "10.1",
        lambda w: [Add(w.signed_package(init_key=bytes(32)))],
        "everybody could open",
    ),
    "a short init key": ("10.1", lambda w: [Add(w.signed_package(init_key=b"\x09"))], "length"),
    "an unsigned leaf": (
        "7.3",
        lambda w: [Add(w.signed_package(leaf_node=replace(w.package.leaf_node, signature=bytes(64))))],
        "signature",
    ),
    "a leaf of small order": ("7.3", lambda w: [Add(w.signed_leaf(encryption_key=bytes(32)))], "everybody could open"),
    "a leaf with a member's key": (
        "7.3",
        lambda w: [Add(w.signed_leaf(encryption_key=w.groups[0].state.tree.member(1).encryption_key))],
        "same encryption key",
    ),
    "a leaf without this version": (
        "7.3",
        lambda w: [Add(w.signed_leaf(capabilities=replace(w.package.leaf_node.capabilities, versions=(2,))))],
        "version",
    ),
    "a leaf that cannot judge": (
        "7.3",
        lambda w: [Add(w.signed_leaf(capabilities=replace(w.package.leaf_node.capabilities, credentials=())))],
        "version|credential",
    ),
    "a leaf that cannot what the group uses": (
        "13",
        lambda w: [Add(w.signed_leaf(capabilities=Capabilities(cipher_suites=(1,)), extensions=()))],
        "0xf001",
    ),
    "a leaf that uses what it cannot": (
        "7.3",
        lambda w: [Add(w.signed_leaf(extensions=(Extension(0xABCD, b""),)))],
        "0xabcd",
    ),
    "a leaf by certificate": (
        "7.3",
        lambda w: [
            Add(
                w.signed_leaf(
                    credential=Credential(2, certificates=(b"chain",)),
                    capabilities=replace(w.package.leaf_node.capabilities, credentials=(1, 2)),
                )
            )
        ],
        "not by certificates",
    ),
}


@pytest.mark.parametrize("name", cases(LISTS))
def test_a_list_that_may_not_stand_is_refused_to_the_committer(world, name):
    _, made, sentence = LISTS[name]
    before = world.groups[0].serialise()
    with pytest.raises(DetenteError, match=sentence):
        make_commit(world.groups[0].state, Wish(tuple(made(world)), None, b""), hooks(world.parties), bytes)
    assert world.groups[0].serialise() == before


@pytest.mark.parametrize("name", cases(LISTS))
def test_a_list_that_may_not_stand_is_refused_by_every_receiver(world, monkeypatch, name):
    _, made, sentence = LISTS[name]
    message = lying(world, monkeypatch, 0, *made(world))
    for victim in world.groups[1:3]:
        before = victim.serialise()
        with pytest.raises(DetenteError, match=sentence):
            victim.open(message, world.parties.authenticate, psks=hooks(world.parties).psks)
        assert victim.serialise() == before


def test_control_lists_that_may_stand_are_made_and_followed(world):
    for named in (
        [Remove(3)],
        [PreSharedKey(PSK)],
        [PreSharedKey(PSK), PreSharedKey(replace(PSK, nonce=b"\1" * 32))],
        [GroupContextExtensions(CHARTER)],
        [Add(world.package)],
        [ReInit(b"x", 1, 1, ())],
        [Remove(3), Add(world.package), PreSharedKey(PSK), GroupContextExtensions(())],
    ):
        asked = hooks(world.parties)
        made = make_commit(world.groups[0].state, Wish(tuple(named), None, b""), asked, world.parties.entropy)
        staged = world.groups[1].open(encode_message(made.message), world.parties.authenticate, psks=asked.psks)
        assert agree([staged.next, Group(made.next)])


# --- by reference -------------------------------------------------------------------------------------------

UPDATES = {
    "the same encryption key": (
        lambda w: w.renewed(1, encryption_key=w.groups[1].state.tree.member(1).encryption_key),
        "same encryption key",
    ),
    "a neighbour's encryption key": (
        lambda w: w.renewed(1, encryption_key=w.groups[1].state.tree.member(2).encryption_key),
        "same encryption key",
    ),
    "a neighbour's name": (lambda w: w.renewed(1, credential=Credential(1, identity=b"Corvalis")), "somebody else"),
    "a neighbour's signature key": (
        lambda w: w.renewed(1, signature_key=w.groups[1].state.tree.member(2).signature_key),
        "signature",
    ),
    "a leaf for a commit": (lambda w: w.renewed(1, source=LeafSource.COMMIT), "another purpose"),
    "a leaf of a key package": (lambda w: w.renewed(1, source=LeafSource.KEY_PACKAGE), "another purpose"),
    "no signature": (lambda w: replace(w.renewed(1), signature=b""), "signature"),
    "a use it does not announce": (
        lambda w: replace(w.renewed(1), extensions=(Extension(0xABCD, b""),)),
        "signature|0xabcd",
    ),
}


@pytest.mark.refuses("7.3")
@pytest.mark.parametrize("name", UPDATES)
def test_an_update_that_may_not_be_is_refused_to_committers_and_by_receivers(world, monkeypatch, name):
    made, sentence = UPDATES[name]
    first, second, third, _ = world.groups
    _, message, reference = second.propose(Update(made(world)), world.parties.entropy)
    first, third = (world.parties.open(group, message).group for group in (first, third))
    with pytest.raises(DetenteError, match=sentence):
        world.parties.commit(first, references=[reference])
    with monkeypatch.context() as forger:
        forger.setattr(commits, "check_entering", lambda *_: None)
        forger.setattr(commits, "check_after", lambda *_: None)
        forged = world.parties.commit(first, references=[reference]).message
    before = third.serialise()
    with pytest.raises(DetenteError, match=sentence):
        world.parties.open(third, forged)
    assert third.serialise() == before


@pytest.mark.refuses("12.2")
def test_an_update_by_value_is_anothers_or_nobodys(world, monkeypatch):
    error = refused(world.parties, world.groups[1], lying(world, monkeypatch, 0, Update(world.renewed(2))), Refused)
    assert "path" in error.sentence


def test_one_is_not_updated_and_removed_in_one_commit(world):
    first, second, third, _ = world.groups
    _, message, update = second.propose(Update(world.renewed(1)), world.parties.entropy)
    first, third = (world.parties.open(group, message).group for group in (first, third))
    with pytest.raises(Refused, match="one member twice"):
        world.parties.commit(first, references=[update], remove=[1])
    assert world.parties.commit(first, references=[update], remove=[3])  # control


@pytest.mark.refuses("12.4.2")
def test_a_commit_that_brings_a_foreign_key_to_the_own_leaf_is_refused(world):
    first, second, _, _ = world.groups
    _, message, reference = second.propose(Update(world.renewed(1)), world.parties.entropy)
    first = world.parties.open(first, message).group
    pending = world.parties.commit(first, references=[reference])
    known = second.propose(Update(world.renewed(1)), world.parties.entropy)[0].state.waiting[0]
    confused = Group(
        replace(second.state, waiting=(replace(known, reference=reference, sent=first.state.waiting[0].sent),))
    )
    assert refused(world.parties, confused, pending.message, NotAuthentic).sentence.startswith("A commit renews")


@pytest.mark.refuses("12.4.2")
def test_a_reference_that_was_never_sent_is_refused(world, monkeypatch):
    refused(world.parties, world.groups[1], lying(world, monkeypatch, 0, Reference(bytes(32))), NotAuthentic)
    with pytest.raises(NotAuthentic, match="nobody sent"):
        world.parties.commit(world.groups[0], references=[b"short"])


def test_what_an_external_sender_may_not_propose_is_not_committed(world):
    sent = proposals.Sent(Sender(SenderType.EXTERNAL, 0), Update(world.renewed(1)))
    with pytest.raises(Refused, match="may not make"):
        proposals.check_list(member(0), [sent], 32)
    sent = proposals.Sent(Sender(SenderType.NEW_MEMBER_PROPOSAL), Remove(1))
    with pytest.raises(Refused, match="may not make"):
        proposals.check_list(member(0), [sent], 32)


# --- 12.4.3.2: external commits -------------------------------------------------------------------------------

OUTSIDE = Sender(SenderType.NEW_MEMBER_COMMIT)
ENTERING = {
    "no way in": ([PreSharedKey(PSK)], "exactly one way in"),
    "two ways in": ([ExternalInit(b"a"), ExternalInit(b"b")], "exactly one way in"),
    "two removed": ([ExternalInit(b"a"), Remove(0), Remove(1)], "old self"),
    "an addition": ([ExternalInit(b"a"), Add], "may not make"),
    "an update": ([ExternalInit(b"a"), Update], "may not make"),
    "a reinit": ([ExternalInit(b"a"), ReInit(b"x", 1, 1, ())], "may not make"),
    "other extensions": ([ExternalInit(b"a"), GroupContextExtensions(())], "may not make"),
    "a key twice": ([ExternalInit(b"a"), PreSharedKey(PSK), PreSharedKey(PSK)], "key twice"),
}


@pytest.mark.parametrize("name", ENTERING)
def test_an_external_commit_that_may_not_be_is_refused(world, name):
    given, sentence = ENTERING[name]
    concrete = {Add: lambda: Add(world.package), Update: lambda: Update(world.renewed(1))}
    named = [concrete[one]() if isinstance(one, type) else one for one in given]
    with pytest.raises(Refused, match=sentence):
        proposals.check_list(OUTSIDE, [proposals.Sent(OUTSIDE, one) for one in named], 32)


def test_an_external_commit_names_nothing_by_reference(world):
    sent = [
        proposals.Sent(OUTSIDE, ExternalInit(b"a")),
        proposals.Sent(member(0), PreSharedKey(PSK), by_reference=True),
    ]
    with pytest.raises(Refused, match="cannot know"):
        proposals.check_list(OUTSIDE, sent, 32)
    proposals.check_list(OUTSIDE, sent[:1], 32)  # control


def entering(world, monkeypatch=None, **patched):
    """An external commit by the newcomer, with functions of its maker exchanged."""
    if monkeypatch is None:
        return read_message(
            Group.enter(
                world.groups[0].group_info(),
                world.newcomer,
                leaf("Elbany"),
                world.parties.entropy,
                world.parties.authenticate,
            )[1]
        )
    with monkeypatch.context() as forger:
        for name, function in patched.items():
            forger.setattr(external, name, function)
        return entering(world)


def refused_in_clear(world, message, sentence, at=1):
    before = world.groups[at].serialise()
    with pytest.raises(DetenteError, match=sentence):
        world.groups[at].open(encode_message(message), world.parties.authenticate, allow_public=True)
    assert world.groups[at].serialise() == before


@pytest.mark.refuses("12.4.3.2")
def test_an_external_commit_changed_on_the_way_is_refused(world):
    message = entering(world)
    body = message.content.body
    changed = {
        "signature": replace(message, auth=replace(message.auth, signature=bytes(64))),
        "The Ed25519 signature": replace(message, content=replace(message.content, authenticated_data=b"x")),
        "confirmation tag": replace(message, auth=replace(message.auth, confirmation_tag=b"")),
        "The confirmation tag": replace(message, auth=replace(message.auth, confirmation_tag=bytes(32))),
        "cannot say such a thing": replace(
            message, content=replace(message.content, body=Commit(body.proposals, None))
        ),
        "is of epoch 9": replace(message, content=replace(message.content, epoch=9)),
        "another group": replace(message, content=replace(message.content, group_id=b"other")),
    }
    for sentence, forged in changed.items():
        refused_in_clear(world, forged, sentence)
    assert world.groups[1].open(encode_message(message), world.parties.authenticate, allow_public=True).next  # control


def test_a_newcomer_comes_in_once_and_only_if_it_is_known(world):
    message = entering(world)
    del world.parties.accredited[b"Elbany"]
    refused_in_clear(world, message, "not accredited")
    again = Identity(b"Belmora", world.parties.accredited[b"Belmora"].signature_seed)
    with pytest.raises(Refused, match="same signature key"):
        Group.enter(world.groups[0].group_info(), again, (), world.parties.entropy, world.parties.authenticate)


@pytest.mark.refuses("12.4.3.2")
def test_a_newcomer_with_a_members_key_is_refused_by_the_members(world, monkeypatch):
    world.newcomer = Identity(b"Belmora", world.parties.accredited[b"Belmora"].signature_seed)
    forged = entering(world, monkeypatch, check_after=lambda _: None)
    refused_in_clear(world, forged, "same signature key", at=2)


@pytest.mark.refuses("12.4.3.2")
def test_a_newcomer_whose_leaf_cannot_do_what_the_group_needs_is_refused(world, monkeypatch):
    def bare(suite, identity, key, extensions, lifetime):
        return replace(new_leaf(suite, identity, key, (), lifetime), capabilities=Capabilities(cipher_suites=(1,)))

    class Anything:
        def admit(self, _leaf):
            pass

    forged = entering(world, monkeypatch, new_leaf=bare, needs_of=lambda *_: Anything())
    refused_in_clear(world, forged, "0xf00")


# --- 6: framing ---------------------------------------------------------------------------------------------


def test_a_message_of_another_version_or_wire_format_is_malformed(world):
    raw = world.groups[0].seal(b"note", b"", world.parties.entropy)[1]
    for forged in (b"\0\2" + raw[2:], b"\0\0" + raw[2:], raw[:2] + b"\0\6" + raw[4:], raw[:2] + b"\0\0" + raw[4:]):
        refused(world.parties, world.groups[1], forged, Malformed)


def test_application_data_in_clear_is_refused_even_where_clear_messages_are_read(world):
    own = world.groups[0].state
    content = FramedContent(own.context.group_id, own.context.epoch, member(0), b"", b"note")
    signature = framing.sign(own.suite, WireFormat.PUBLIC, content, own.context, own.identity.signature_seed)
    clear = AuthenticatedContent(WireFormat.PUBLIC, content, framing.Auth(signature))
    with pytest.raises(Refused, match="never sent in clear"):
        framing.protect_public(own.suite, clear, own.context, own.secrets.membership)
    tag = own.suite.mac(own.secrets.membership, framing._to_be_tagged(clear, own.context))
    refused_in_clear(world, PublicMessage(content, clear.auth, tag), "never sent in clear")


TAGS = {"empty": b"", "first": None, "zeros": bytes(32), "long": bytes(33)}


@pytest.mark.refuses("12.4.2")
@pytest.mark.parametrize("name", TAGS)
def test_a_false_membership_tag_is_refused(world, name):
    message = read_message(world.groups[0].propose(Remove(2), world.parties.entropy, public=True)[1])
    tag = message.membership_tag[:1] if TAGS[name] is None else TAGS[name]
    refused_in_clear(world, replace(message, membership_tag=tag), "member of the group")
    refused_in_clear(world, replace(message, auth=framing.Auth(bytes(64))), "member of the group")
    assert world.groups[1].open(encode_message(message), world.parties.authenticate, allow_public=True)  # control


def test_a_message_signed_for_one_wire_format_is_false_in_another(world):
    own = world.groups[0].state
    content = FramedContent(own.context.group_id, own.context.epoch, member(0), b"", Remove(2))
    signature = framing.sign(own.suite, WireFormat.PRIVATE, content, own.context, own.identity.signature_seed)
    clear = AuthenticatedContent(WireFormat.PUBLIC, content, framing.Auth(signature))
    message = framing.protect_public(own.suite, clear, own.context, own.secrets.membership)
    refused_in_clear(world, message, "signature")


def test_a_message_of_an_earlier_member_in_the_name_of_its_old_place_is_refused(world):
    pending = world.parties.commit(world.groups[0], remove=[2])
    after = world.parties.staged(world.groups[1], pending.message).next
    own = after.state
    content = FramedContent(own.context.group_id, own.context.epoch, member(2), b"", Remove(0))
    seed = world.groups[2].state.identity.signature_seed
    signature = framing.sign(own.suite, WireFormat.PUBLIC, content, own.context, seed)
    clear = AuthenticatedContent(WireFormat.PUBLIC, content, framing.Auth(signature))
    message = framing.protect_public(own.suite, clear, own.context, own.secrets.membership)
    with pytest.raises(NotAuthentic, match="where nobody is"):
        after.open(encode_message(message), world.parties.authenticate, allow_public=True)


# --- 7: trees -----------------------------------------------------------------------------------------------


def raw_tree(tree, changes=(), end=None):
    """The bytes of a tree with some nodes exchanged: index to (type, bytes) or None."""
    kinds = [(1 if at % 2 == 0 else 2, node.encode()) if node else None for at, node in enumerate(tree.nodes)]
    for at, given in dict(changes).items():
        kinds[at] = given
    return values(optional(None if one is None else uint(one[0], 1) + one[1]) for one in kinds[:end])


def test_trees_of_a_wrong_shape_are_malformed(world):
    tree = world.groups[0].state.tree
    assert RatchetTree.read(tree.suite, raw_tree(tree)) == tree  # control
    leaf_bytes, parent_bytes = tree.nodes[0].encode(), ParentNode(bytes(32)).encode()
    for changes, end in (
        ({}, 0),
        ({6: None}, 7),
        ({0: (2, parent_bytes)}, None),
        ({1: (1, leaf_bytes)}, None),
        ({0: (3, leaf_bytes)}, None),
        ({0: (1, leaf_bytes + b"\0")}, None),
        ({0: (1, leaf_bytes[:-1])}, None),
        ({1: (2, ParentNode(bytes(32), b"", (1, 0)).encode())}, None),
        ({1: (2, ParentNode(bytes(32), b"", (1, 1)).encode())}, None),
    ):
        with pytest.raises(Malformed):
            RatchetTree.read(tree.suite, raw_tree(tree, changes, end))


def test_a_tree_whose_nodes_forget_an_unmerged_leaf_is_malformed():
    parties = Parties()
    groups = parties.group(*(f"party-{number}" for number in range(8)))
    first = parties.commit(groups[1]).next
    tree = first.state.tree
    low, high = 1, tree.root
    with pytest.raises(Malformed, match="forgets"):
        tree.with_nodes(
            {
                low: replace(tree.nodes[low] or ParentNode(b"\x09" + bytes(31)), unmerged_leaves=()),
                high: replace(tree.nodes[high], unmerged_leaves=(0,)),
            }
        ).check_whole()


def test_a_null_parent_hash_vouches_for_nothing(world):
    tree = world.parties.commit(world.groups[0]).next.state.tree
    tree.check_parent_hashes()  # control
    with pytest.raises(NotAuthentic, match="could know"):
        tree.with_nodes({0: replace(tree.nodes[0], parent_hash=b"")}).check_parent_hashes()


# --- 11, 12.4.3.1: coming in --------------------------------------------------------------------------------


@pytest.mark.refuses("12.4.3.1")
def test_a_welcome_whose_group_is_of_another_suite_is_malformed():
    invited = Invitation()
    info = replace(invited.info, context=replace(invited.info.context, cipher_suite=3))
    with pytest.raises(Malformed, match="another cipher suite"):
        invited.join(invited.sealed(info))


@pytest.mark.refuses("12.4.3.1")
def test_a_path_secret_from_one_who_made_no_path_is_malformed():
    invited = Invitation()
    parties = invited.parties
    pending = parties.commit(invited.group, add=[invited.package], path=False)
    assert invited.join(pending.welcome).epoch == pending.next.epoch  # control: without a path, and without its secret
    message = read_message(pending.welcome)
    suite = invited.group.state.suite
    secrets = open_secrets(suite, message, read_message(invited.package), PrivatePart.decode(invited.private))
    plain = replace(secrets, path_secret=bytes(32)).encode()
    (mine,) = message.secrets
    package = read_message(invited.package)
    encapsulated, ciphertext = suite.encrypt_with_label(
        package.init_key, b"Welcome", message.encrypted_group_info, plain
    )
    forged = replace(
        message,
        secrets=(replace(mine, sealed=replace(mine.sealed, kem_output=encapsulated, ciphertext=ciphertext)),),
    )
    with pytest.raises(DetenteError):
        invited.join(encode_message(forged))


@pytest.mark.refuses("12.4.3.1")
def test_a_welcome_with_two_founding_keys_or_one_of_a_group_unknown_here_is_refused():
    invited = Invitation()
    founding = PreSharedKeyId(bytes(32), usage=3, group_id=b"old", epoch=4)
    for psks in ((founding,), (founding, replace(founding, epoch=5))):
        with pytest.raises(Refused, match=r"from several|exactly if"):
            invited.join(invited.sealed(secrets=replace(invited.secrets, psks=psks)))


# --- bytes --------------------------------------------------------------------------------------------------


def test_numbers_that_the_registries_do_not_have_are_malformed(world):
    raw = world.package.encode()
    assert whole(raw, KeyPackage.read) == world.package  # control
    leaf_node = world.package.leaf_node
    source = raw.index(leaf_node.capabilities.encode()) + len(leaf_node.capabilities.encode())
    for forged in (
        b"\0\2" + raw[2:],
        raw[:source] + b"\4" + raw[source + 1 :],
        raw[:source] + b"\0" + raw[source + 1 :],
        raw.replace(leaf_node.credential.encode(), b"\0\3" + leaf_node.credential.encode()[2:]),
    ):
        with pytest.raises(Malformed):
            whole(forged, KeyPackage.read)
    for commit in (b"\1\3\0", vector(b"\1\0\x63") + b"\0", b"\0\2", vector(b"\1\0\4\3") + b"\0", b""):
        with pytest.raises(Malformed):
            whole(commit, Commit.read)


@pytest.mark.refuses("12.4.2")
def test_a_path_with_a_key_that_stands_elsewhere_in_the_tree_is_refused(world, monkeypatch):
    known = world.groups[0].state.tree.member(2).encryption_key
    true = commits.make_path

    def copied(*asked, **more):
        made = true(*asked, **more)
        return replace(made, leaf_node=replace(made.leaf_node, encryption_key=known))

    with monkeypatch.context() as forger:
        forger.setattr(commits, "make_path", copied)
        content = taken_apart(world.groups[1], world.parties.commit(world.groups[0]).message)
    path = content.content.body.path
    unsigned = path.leaf_node
    place, seed = Place(b"line", 0), world.groups[0].state.identity.signature_seed
    path = UpdatePath(renewed_leaf(world.groups[0].state.suite, unsigned, unsigned, seed, place), path.nodes)
    body = Commit((), path)
    forged = signed_again(world.groups[0], replace(content, content=replace(content.content, body=body)))
    error = refused(world.parties, world.groups[1], sealed(world.parties, world.groups[0], forged), Refused)
    assert "same encryption key" in error.sentence
