"""Bugs that other implementations of MLS had, each tried on ours, with a control that shows what it was worth.

The table "Known wounds" of docs/specs/mls.md says whose they were, and names a test for each: here, or in the files
beside this one.
"""

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st
from mls_parties import CHARTER, Parties, agree, rewritten
from test_mls_attacks import refused

from detente.crypto.suites import HOUSE_SUITES, SUITE_1
from detente.ground.errors import DetenteError, Malformed, NotAuthentic, Refused
from detente.mls import framing, state
from detente.mls.framing import (
    Auth,
    AuthenticatedContent,
    FramedContent,
    SenderData,
    WireFormat,
    encode_message,
    member,
)
from detente.mls.group import Group
from detente.mls.interop_wire import MESSAGES, RPCS, decode, encode
from detente.mls.leaves import Place, PrivatePart, check_signature
from detente.mls.store import decode_state
from detente.mls.tree import RatchetTree
from detente.mls.treekem import put_path
from detente.mls.types import (
    Commit,
    Extension,
    ExtensionType,
    GroupContext,
    GroupInfo,
    GroupSecrets,
    KeyPackage,
    LeafNode,
    ParentNode,
    PreSharedKeyId,
    Remove,
    RequiredCapabilities,
    UpdatePath,
    Welcome,
    read_proposal,
)
from detente.wire.tls import Reader, length, whole

pytestmark = pytest.mark.attack("A68", "prevented")


@pytest.fixture
def three():
    parties = Parties()
    return parties, *parties.group("Arvenia", "Belmora", "Corvalis")


def test_a_key_that_was_used_does_not_come_back_from_the_store(three):
    parties, first, second, _ = three
    _, message = first.seal(b"note", b"", parties.entropy)
    stored = parties.opened(second, message).group.serialise()
    refused(parties, Group.load(stored), message, NotAuthentic)
    after = Group.load(first.seal(b"one", b"", parties.entropy)[0].serialise())
    again = after.seal(b"one", b"", parties.entropy)[1]
    assert (
        framing.open_sender_data(SUITE_1, framing.read_message(again), second.state.secrets.sender_data).generation == 1
    )
    forgetful = Group.load(second.serialise())  # control: a store that kept the state before opens it again
    assert parties.opened(forgetful, message).plaintext == b"note"


DECODERS = {
    "message": framing.read_message,
    "state": decode_state,
    "private part": PrivatePart.decode,
    "tree": lambda raw: RatchetTree.read(SUITE_1, raw),
    "proposal": lambda raw: whole(raw, read_proposal),
    **{
        kind.__name__: (lambda raw, kind=kind: whole(raw, kind.read))
        for kind in (
            AuthenticatedContent,
            Commit,
            GroupContext,
            GroupInfo,
            GroupSecrets,
            KeyPackage,
            LeafNode,
            ParentNode,
            PreSharedKeyId,
            RequiredCapabilities,
            SenderData,
            UpdatePath,
            Welcome,
        )
    },
}


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=80)
@given(raw=st.binary(max_size=200))
def test_every_decoder_reads_or_says_malformed(name, raw):
    try:
        DECODERS[name](raw)
    except Malformed:
        return
    except Refused as error:
        assert error.rule == "mls/suite"  # noqa: PT017 - bytes may well name a suite that is not spoken, and no more


HOSTILE = Parties(b"wounds")
PAIR = HOSTILE.group("Arvenia", "Belmora")
TRUE = {
    "message": HOSTILE.commit(PAIR[0]).message,
    "GroupInfo": framing.read_message(PAIR[0].group_info()).encode(),
    "KeyPackage": framing.read_message(HOSTILE.package(HOSTILE.identity("Dorvik"))[0]).encode(),
    "tree": PAIR[0].ratchet_tree,
    "state": PAIR[0].serialise(),
}


@pytest.mark.parametrize("name", TRUE)
@settings(max_examples=150)
@given(cut=st.integers(0, 5_000), flip=st.integers(0, 5_000), value=st.integers(0, 255))
def test_true_bytes_cut_or_changed_are_read_or_malformed(name, cut, flip, value):
    raw = bytearray(TRUE[name])
    raw[flip % len(raw)] ^= value
    for hostile in (bytes(raw), TRUE[name][: cut % len(raw)]):
        try:
            DECODERS[name](hostile)
        except DetenteError:
            continue
    assert DECODERS[name](TRUE[name])  # control


@pytest.mark.parametrize("rpc", RPCS)
@settings(max_examples=20)
@given(raw=st.binary(max_size=80))
def test_messages_of_the_harness_are_read_or_malformed(rpc, raw):
    for message in RPCS[rpc]:
        try:
            values = decode(message, raw)
        except Malformed:
            continue
        assert decode(message, encode(message, values)) == values
    assert set(MESSAGES) == {"Psk", "Extension", "Description"}


@pytest.mark.parametrize("border", [0x3F, 0x40, 0x3FFF, 0x4000, 0x3FFFFFFF])
def test_lengths_at_the_borders_of_their_forms(border):
    assert whole(length(border), Reader.length) == border
    longer = {
        0x3F: b"\x40\x3f",
        0x3FFF: b"\x80\x00\x3f\xff",
        0x40: b"\x80\x00\x00\x40",
        0x4000: None,
        0x3FFFFFFF: None,
    }[border]
    if longer is not None:
        with pytest.raises(Malformed):
            whole(longer, Reader.length)


def test_lengths_beyond_the_last_form_do_not_exist():
    with pytest.raises(Malformed):
        length(0x40000000)
    with pytest.raises(Malformed):
        whole(b"\xc0\0\0\0\0\0\0\1", Reader.length)


def test_bytes_after_the_content_of_an_extension_are_malformed(three):
    parties, first, _, _ = three
    required = RequiredCapabilities(extensions=(0xF001,)).encode()
    for kind, content in ((ExtensionType.REQUIRED_CAPABILITIES, required), (ExtensionType.EXTERNAL_SENDERS, b"\0")):
        wish = (*CHARTER, Extension(kind, content))
        assert parties.commit(first, context_extensions=wish).next  # control
        with pytest.raises(Malformed, match="after the end"):
            parties.commit(first, context_extensions=(*CHARTER, Extension(kind, content + b"\0")))


def test_a_late_message_is_judged_by_the_members_of_its_own_epoch(three, monkeypatch):
    parties, first, second, third = three
    second = second.keeping(1)
    context = third.state.context
    content = FramedContent(context.group_id, context.epoch, member(third.own_leaf), b"", b"in its name")
    newcomer = parties.identity("Dorvik")
    package, _ = parties.package(newcomer)
    pending = parties.commit(first, remove=[third.own_leaf], add=[package])  # Dorvik takes the place of Corvalis
    after = parties.staged(second, pending.message).next
    assert after.members[2].identity == b"Dorvik"
    signature = framing.sign(SUITE_1, WireFormat.PRIVATE, content, context, newcomer.signature_seed)
    forged = AuthenticatedContent(WireFormat.PRIVATE, content, Auth(signature))
    message = encode_message(state.seal_content(third.state, forged, parties.entropy)[1])
    refused(parties, after, message, NotAuthentic)
    true = third.seal(b"its own", b"", parties.entropy)[1]
    assert parties.opened(after, true).plaintext == b"its own"
    past = replace(after.state.past[0], tree=after.state.tree)  # control: judged by today's members it would pass
    assert parties.opened(Group(replace(after.state, past=(past,))), message).plaintext == b"in its name"


@pytest.mark.parametrize("leaf", [4, 5, 2**31, 2**32 - 1])
def test_a_sender_outside_of_the_tree_is_refused(three, leaf):
    parties, first, second, _ = three
    context = first.state.context
    content = FramedContent(context.group_id, context.epoch, member(leaf), b"", b"boo")
    signature = framing.sign(SUITE_1, WireFormat.PRIVATE, content, context, first.state.identity.signature_seed)
    key_nonce, _ = first.state.secret_tree.take(1, 1, 0)
    message = framing.protect_private(
        SUITE_1,
        AuthenticatedContent(WireFormat.PRIVATE, content, Auth(signature)),
        key_nonce,
        SenderData(leaf, 0, bytes(4)),
        first.state.secrets.sender_data,
    )
    refused(parties, second, encode_message(message), NotAuthentic)


def test_one_false_parent_hash_among_true_ones_is_found():
    """Neither an early success, nor a blank in between, nor a hash that is not asked, hides it."""
    parties = Parties()
    groups = parties.group(*(f"party-{number}" for number in range(8)))
    first = groups[0]
    for at in (3, 5, 6):
        pending = parties.commit(first)
        groups = [pending.next if g.own_leaf == 0 else parties.staged(g, pending.message).next for g in groups]
        pending = parties.commit(groups[at])
        groups = [pending.next if g.own_leaf == at else parties.staged(g, pending.message).next for g in groups]
        first = groups[0]
    assert agree(groups)
    tree = groups[0].state.tree
    tree.check_parent_hashes()  # control
    parents = [at for at in range(1, len(tree.nodes), 2) if tree.nodes[at] is not None]
    assert len(parents) >= 5
    for at in parents:
        for forged in (b"", bytes(32), tree.nodes[at].parent_hash[:-1], tree.nodes[at].parent_hash + b"\0"):
            if forged != tree.nodes[at].parent_hash:
                with pytest.raises(NotAuthentic):
                    tree.with_nodes({at: replace(tree.nodes[at], parent_hash=forged)}).check_parent_hashes()
    for leaf, node in tree.leaves:
        if node.parent_hash:
            with pytest.raises(NotAuthentic):
                tree.with_nodes({2 * leaf: replace(node, parent_hash=bytes(32))}).check_parent_hashes()


# --- what is written and what is remembered ----------------------------------------------------------------


KINDS = {"message": framing.encode_message, "GroupInfo": GroupInfo.encode, "KeyPackage": KeyPackage.encode}


@pytest.mark.parametrize("name", KINDS)
def test_what_was_read_is_written_from_what_it_says_and_not_from_memory(name):
    read = DECODERS[name](TRUE[name])
    assert rewritten(read) == read
    assert KINDS[name](rewritten(read)) == KINDS[name](read) == TRUE[name]
    body = state.open_private(PAIR[1].state, framing.read_message(TRUE["message"]))[1].content.body
    assert rewritten(body).encode() == body.encode()
    leaf_node = body.path.leaf_node
    assert replace(leaf_node, encryption_key=b"other").encode() != leaf_node.encode()  # control: no memory in the way


def test_what_was_found_false_once_is_not_remembered_as_true(three):
    """The one memory that outlives a call is of true signatures; a false leaf is false every time."""
    parties, first, second, _ = three
    pending = parties.commit(first)
    leaf_node = pending.next.state.tree.member(0)
    place = Place(b"line", 0)
    for _ in range(2):
        with pytest.raises(NotAuthentic):
            check_signature(SUITE_1, replace(leaf_node, signature=bytes(64)), place)
        check_signature(SUITE_1, leaf_node, place)  # control
        with pytest.raises(NotAuthentic):
            check_signature(SUITE_1, replace(leaf_node, extensions=()), place)
    assert parties.staged(second, pending.message).next


# --- keys ---------------------------------------------------------------------------------------------------


def test_the_exporter_is_that_of_the_rfc_by_another_hand(three):
    """8.5 and 5.2 written again over pyca's HKDF: nothing of ours but the exporter secret."""
    _, first, _, _ = three

    def labelled(secret, label, context, size):
        label = b"MLS 1.0 " + label
        info = size.to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)]) + context
        return HKDFExpand(SHA256(), size, info).derive(secret)

    for label, context, size in ((b"detente/test", b"context", 32), (b"x", b"", 16), (b"", b"\0", 200)):
        derived = labelled(first.state.secrets.exporter, label, b"", 32)
        expected = labelled(derived, b"exported", hashlib.sha256(context).digest(), size)
        assert first.export(label, context, size) == expected
    assert first.export(b"x", b"", 16) != first.export(b"x", b"", 32)[:16]  # control: the length counts


def test_no_two_messages_have_one_key_and_nonce(three, monkeypatch):
    """Of one sender, of two, of both ratchets, after a restart, and with chance that repeats itself."""
    _, first, second, _ = three
    used = []
    seal = type(SUITE_1).aead_seal

    def noted(suite, key, nonce, plain, associated):
        used.append((key, nonce))
        return seal(suite, key, nonce, plain, associated)

    monkeypatch.setattr(type(SUITE_1), "aead_seal", noted)
    stuck = bytes  # the reuse guard is always four zeros
    for talking in (first, second):
        for _ in range(3):
            talking = Group.load(talking.serialise()).seal(b"the same words", b"", stuck)[0]  # noqa: PLW2901
            talking = talking.propose(Remove(2), stuck)[0]  # noqa: PLW2901
    content = [pair for pair in used if len(pair[0]) == SUITE_1.key_length]
    assert len(content) == 24  # twelve messages, each with its sender data
    assert len(set(content)) == len(content)
    for _ in range(2):  # control: a store that gave the state before back would seal twice with one key
        first.seal(b"the same words", b"", stuck)
    assert len(set(used)) < len(used)


@pytest.mark.parametrize("suite", HOUSE_SUITES.values(), ids=lambda suite: suite.name)
def test_no_two_secrets_are_sealed_alike(suite):
    """HPKE makes a key for each: the same secret for the same receiver never looks the same."""
    _, public = suite.hpke.derive_key_pair(b"m" * 64)
    sealed = [suite.encrypt_with_label(public, b"label", b"context", b"secret") for _ in range(4)]
    assert len({encapsulated for encapsulated, _ in sealed}) == len({ciphertext for _, ciphertext in sealed}) == 4


# --- trees --------------------------------------------------------------------------------------------------


def test_unmerged_leaves_are_listed_in_order_whoever_comes_last():
    parties = Parties()
    groups = parties.group(*(f"party-{number}" for number in range(8)))
    tree = groups[0].state.tree
    for leaf in (2, 5, 6):
        tree = tree.remove(leaf)
    keys = {node: SUITE_1.hpke.derive_key_pair(bytes([node]) * 32)[1] for node, _ in tree.filtered_path(7)}
    tree, _ = put_path(tree, 7, keys)
    for number in range(3):
        tree, _ = tree.add(framing.read_message(parties.package(parties.identity(f"late-{number}"))[0]).leaf_node)
    assert tree.nodes[tree.root].unmerged_leaves == (2, 5, 6)
    tree = tree.with_nodes({4: None})
    shuffled = replace(tree.nodes[tree.root], unmerged_leaves=(5, 6))
    tree, leaf = tree.with_nodes({tree.root: shuffled}).add(tree.member(0))
    assert (leaf, tree.nodes[tree.root].unmerged_leaves) == (2, (2, 5, 6))  # the last to come stands first
    with pytest.raises(Malformed, match="rising order"):
        whole(replace(shuffled, unmerged_leaves=(6, 5)).encode(), ParentNode.read)  # control


def test_a_parent_hash_reaches_over_blank_nodes_and_no_further():
    """Beside the committer stand blank places: the next node above it is not the next in the tree."""
    parties = Parties()
    groups = parties.group(*(f"party-{number}" for number in range(8)))
    first = groups[0]
    for leaf in (1, 2, 3):
        first = parties.commit(first, remove=[leaf]).next
    tree = first.state.tree
    assert [node for node, _ in tree.filtered_path(0)] == [tree.root]
    assert tree.nodes[1] is None
    assert tree.nodes[3] is None
    tree.check_parent_hashes()  # control
    own = tree.member(0)
    for forged in (
        {0: replace(own, parent_hash=b"")},
        {tree.root: replace(tree.nodes[tree.root], parent_hash=bytes(32))},
        {1: ParentNode(SUITE_1.hpke.derive_key_pair(b"n" * 32)[1], own.parent_hash)},
        {3: ParentNode(SUITE_1.hpke.derive_key_pair(b"n" * 32)[1], own.parent_hash)},
    ):
        with pytest.raises(NotAuthentic):
            tree.with_nodes(forged).check_parent_hashes()
