"""Bugs that other implementations of MLS had, each tried on ours, with a control that shows what it was worth.

| whose | what went wrong | test |
| --- | --- | --- |
| OpenMLS GHSA-8x3w-qj7j-gqhf | a cut or empty tag passed | test_mls_attacks: false confirmation tags; test_mls_checks: membership tags |
| OpenMLS GHSA-qr9h-x63w-vqfm | the secret tree was not stored: keys came back | here |
| OpenMLS GHSA-rrmv-c79f-cf5r | a decoder read beyond its bytes | here: every decoder |
| OpenMLS 2147 | lengths at the borders of their forms | here |
| OpenMLS 2134 | bytes after an extension's content | here |
| OpenMLS 1944 | a late message judged by today's members | here |
| OpenMLS 1928 | one pre-shared key twice | test_mls_checks |
| OpenMLS 2143, 2149 | GroupInfo signed with the key before its rotation | test_mls_lifecycle |
| OpenMLS 2186 | a sender outside of the tree | here |
| OpenMLS 2207 | unique keys not asked of an external commit | test_mls_checks |
| mls-rs 315, 321, 342, 352, 360 | parent hashes | here, test_mls_checks, and the vectors of tree-validation |
| mls-protocol 868 | a tree that ends in blanks | test_mls_checks |
| a Python library | state replaced before the tag was checked | test_mls_attacks |
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls_parties import CHARTER, Parties, agree
from test_mls_attacks import refused

from detente.crypto.suites import SUITE_1
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
from detente.mls.leaves import PrivatePart
from detente.mls.store import decode_state
from detente.mls.tree import RatchetTree
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
