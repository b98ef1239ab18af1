"""Attacks on a group, from inside and outside; each has a control that shows what the defence is worth.

The forger of these tests is a member with this very code: it takes its own true message apart, changes
one thing, signs it anew where a member could, and seals it with its own keys.  After every refusal the
victim's stored state must be the same bytes as before.
"""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mls_parties import Parties, agree

from detente.crypto.hpke import Hpke
from detente.crypto.suites import SUITES, CipherSuite
from detente.ground.errors import DetenteError, Malformed, NotAuthentic, Refused
from detente.mls import commits, framing, leaves, state, treekem
from detente.mls.framing import Auth, AuthenticatedContent, FramedContent, WireFormat, encode_message, member
from detente.mls.group import Group
from detente.mls.state import open_private, seal_content
from detente.mls.tree import RatchetTree
from detente.mls.types import (
    Add,
    Commit,
    Credential,
    ParentNode,
    PreSharedKey,
    PreSharedKeyId,
    Remove,
    Update,
    UpdatePath,
)
from detente.wire.tls import whole

pytestmark = pytest.mark.attack("A68", "prevented")


def refused(parties, group, message, error):
    """The message is refused with that error, and the group is what it was."""
    before = group.serialise()
    with pytest.raises(error) as raised:
        parties.open(group, message)
    assert group.serialise() == before
    return raised.value


def taken_apart(reader, message):
    """The content of a message, as another member reads it."""
    return open_private(reader.state, framing.read_message(message))[1].authenticated


def signed_again(sender, content):
    signature = framing.sign(
        sender.state.suite,
        WireFormat.PRIVATE,
        content.content,
        sender.state.context,
        sender.state.identity.signature_seed,
    )
    return replace(content, auth=replace(content.auth, signature=signature))


def sealed(parties, sender, content):
    return encode_message(seal_content(sender.state, content, parties.entropy)[1])


@pytest.fixture
def three():
    parties = Parties()
    return parties, *parties.group("Arvenia", "Belmora", "Corvalis")


# --- the confirmation tag ---------------------------------------------------------------------------------


FALSE_TAGS = {
    "empty": lambda _: b"",
    "first byte": lambda tag: tag[:1],
    "half": lambda tag: tag[:16],
    "all but one": lambda tag: tag[:-1],
    "longer": lambda tag: tag + b"\0",
    "zeros": lambda _: bytes(32),
    **{f"bit {bit}": lambda tag, bit=bit: changed(tag, bit // 8, 1 << bit % 8) for bit in range(0, 256, 17)},
}


@pytest.mark.refuses("12.4.2")
@pytest.mark.parametrize("forge", FALSE_TAGS.values(), ids=FALSE_TAGS)
def test_a_false_confirmation_tag_changes_nothing(three, forge):
    parties, first, second, _ = three
    pending = parties.commit(first)
    content = taken_apart(second, pending.message)
    forged = replace(content, auth=replace(content.auth, confirmation_tag=forge(content.auth.confirmation_tag)))
    refused(parties, second, sealed(parties, first, forged), NotAuthentic)
    after = parties.staged(second, sealed(parties, first, content)).next  # control: the same, not forged
    assert agree([after, pending.next])


def test_control_a_tag_compared_as_far_as_it_goes_lets_an_empty_one_in(three, monkeypatch):
    parties, first, second, _ = three
    content = taken_apart(second, parties.commit(first).message)
    forged = sealed(parties, first, replace(content, auth=replace(content.auth, confirmation_tag=b"")))
    refused(parties, second, forged, NotAuthentic)

    def as_far_as_it_goes(suite, key, data, tag):
        return all(one == other for one, other in zip(suite.mac(key, data), tag, strict=False))

    monkeypatch.setattr(CipherSuite, "check_mac", as_far_as_it_goes)
    assert parties.staged(second, forged).next is not None


# --- who sent it ------------------------------------------------------------------------------------------


def in_the_name_of(parties, forger, victim, text):
    """A message that `forger` seals with the ratchet of `victim`, as every member can, and signs itself."""
    context = forger.state.context
    content = FramedContent(context.group_id, context.epoch, member(victim.own_leaf), b"", text)
    unsigned = AuthenticatedContent(WireFormat.PRIVATE, content, Auth(b""))
    as_victim = replace(forger.state, own_leaf=victim.own_leaf)
    return encode_message(seal_content(as_victim, signed_again(forger, unsigned), parties.entropy)[1])


def test_a_member_cannot_speak_in_the_name_of_another(three, monkeypatch):
    parties, first, second, third = three
    forged = in_the_name_of(parties, second, first, b"We withdraw.")
    refused(parties, third, forged, NotAuthentic)
    assert parties.opened(third, first.seal(b"We stay.", b"", parties.entropy)[1]).plaintext == b"We stay."
    monkeypatch.setattr(state, "verify", lambda _suite, content, _context, _key: framing.Verified(content))
    assert parties.opened(third, forged).sender_leaf == first.own_leaf  # control: without the check it would stand


def test_an_empty_signature_is_refused(three):
    parties, first, second, _ = three
    content = taken_apart(second, first.seal(b"note", b"", parties.entropy)[1])
    refused(parties, second, sealed(parties, first, replace(content, auth=Auth(b""))), NotAuthentic)
    assert parties.opened(second, sealed(parties, first, content)).plaintext == b"note"


def test_a_message_from_an_empty_place_is_refused(three):
    parties, first, second, third = three
    pending = parties.commit(first, remove=[second.own_leaf])
    third = parties.staged(third, pending.message).next
    ghost = replace(pending.next.state, own_leaf=second.own_leaf, identity=second.state.identity)
    content = AuthenticatedContent(
        WireFormat.PRIVATE, FramedContent(b"line", third.epoch, member(second.own_leaf), b"", b"boo"), Auth(b"")
    )
    message = encode_message(seal_content(ghost, signed_again(Group(ghost), content), parties.entropy)[1])
    refused(parties, third, message, NotAuthentic)
    assert parties.opened(third, pending.next.seal(b"note", b"", parties.entropy)[1]).plaintext == b"note"


def test_authenticated_data_cannot_be_exchanged(three):
    parties, first, second, _ = three
    message = framing.read_message(first.seal(b"note", b"head 7", parties.entropy)[1])
    refused(parties, second, encode_message(replace(message, authenticated_data=b"head 8")), NotAuthentic)
    assert parties.opened(second, encode_message(message)).authenticated_data == b"head 7"


# --- generations ------------------------------------------------------------------------------------------


@pytest.mark.attack("A19", "prevented")
def test_a_message_is_opened_once(three):
    parties, first, second, _ = three
    _, message = first.seal(b"note", b"", parties.entropy)
    after = parties.opened(second, message).group
    refused(parties, after, message, NotAuthentic)
    refused(parties, Group.load(after.serialise()), message, NotAuthentic)
    assert parties.opened(second, message).plaintext == b"note"  # control: the state before still could


def test_a_forged_generation_burns_nothing(three):
    parties, first, second, third = three
    context = second.state.context
    content = FramedContent(context.group_id, context.epoch, member(first.own_leaf), b"", b"x")
    key_nonce, _ = second.state.secret_tree.take(first.own_leaf, 1, 500)
    forged = framing.protect_private(
        second.state.suite,
        AuthenticatedContent(WireFormat.PRIVATE, content, Auth(bytes(64))),
        key_nonce,
        framing.SenderData(first.own_leaf, 500, bytes(4)),
        second.state.secrets.sender_data,
    )
    refused(parties, third, encode_message(forged), NotAuthentic)
    _, message = first.seal(b"note", b"", parties.entropy)
    assert parties.opened(third, message).plaintext == b"note"
    burnt = third.state.secret_tree.take(first.own_leaf, 1, 0)[1]  # control: a state that kept the step is deaf
    with pytest.raises(NotAuthentic):
        parties.open(Group(replace(third.state, secret_tree=burnt)), message)


def test_a_generation_too_far_ahead_is_refused_and_one_within_reach_is_not(three):
    _, first, second, _ = three
    tree = second.state.secret_tree
    with pytest.raises(Refused):
        tree.take(first.own_leaf, 1, 1_001)
    _, after = tree.take(first.own_leaf, 1, 1_000)
    assert len(after.ratchets[first.own_leaf, 1].skipped) == 256
    assert after.take(first.own_leaf, 1, 999)[0] == tree.take(first.own_leaf, 1, 999)[0]
    with pytest.raises(NotAuthentic):
        after.take(first.own_leaf, 1, 3)


# --- the path of a commit ---------------------------------------------------------------------------------


@pytest.mark.refuses("12.4.2")
def test_a_path_with_a_false_parent_hash_is_refused(three, monkeypatch):
    parties, first, second, _ = three
    true_path = treekem.put_path
    with monkeypatch.context() as forger:
        forger.setattr(treekem, "put_path", lambda *asked: (true_path(*asked)[0], bytes(32)))
        forged = parties.commit(first).message
    refused(parties, second, forged, NotAuthentic)

    def unasked(tree, leaf, path):
        changes, _ = true_path(tree, leaf, treekem.public_keys_of(tree, leaf, path))
        return tree.with_nodes({**changes, 2 * leaf: path.leaf_node})

    monkeypatch.setattr(commits, "merge_path", unasked)
    assert parties.staged(second, forged).next is not None  # control


@pytest.mark.refuses("7.3")
def test_a_leaf_that_its_key_did_not_sign_is_refused(three, monkeypatch):
    parties, first, second, third = three
    true_leaf = treekem.renewed_leaf
    with monkeypatch.context() as forger:
        seed = third.state.identity.signature_seed
        forger.setattr(
            treekem, "renewed_leaf", lambda suite, old, new, _, place: true_leaf(suite, old, new, seed, place)
        )
        forged = parties.commit(first).message
    refused(parties, second, forged, NotAuthentic)
    monkeypatch.setattr(leaves, "check_signature", lambda *_: None)
    assert parties.staged(second, forged).next is not None  # control


@pytest.mark.refuses("7.3")
def test_a_member_cannot_become_another_by_its_path(three, monkeypatch):
    parties, first, second, _ = three
    true_leaf = treekem.renewed_leaf

    def as_belmora(suite, old, new, seed, place):
        return true_leaf(suite, old, replace(new, credential=Credential(1, identity=b"Belmora")), seed, place)

    with monkeypatch.context() as forger:
        forger.setattr(treekem, "renewed_leaf", as_belmora)
        forged = parties.commit(first).message
    refused(parties, second, forged, NotAuthentic)
    monkeypatch.setattr(commits, "check_successor", lambda *_: None)
    staged = parties.staged(second, forged)  # control
    assert staged.next.members[0].identity == b"Belmora"


def test_a_leaf_signed_for_another_place_or_group_is_refused(three):
    parties, first, _, _ = three
    leaf = parties.commit(first).next.state.tree.member(0)
    leaves.check_signature(SUITES[1], leaf, leaves.Place(b"line", 0))
    for place in (leaves.Place(b"line", 1), leaves.Place(b"other", 0)):
        with pytest.raises(NotAuthentic):
            leaves.check_signature(SUITES[1], leaf, place)


@pytest.mark.refuses("12.4.2")
def test_a_bad_path_secret_stops_the_one_whom_it_hits(three):
    parties, first, second, third = three
    content = taken_apart(second, parties.commit(first).message)
    commit = content.content.body
    wrong = tuple(
        replace(node, sealed=tuple(replace(one, ciphertext=bytes(len(one.ciphertext))) for one in node.sealed))
        for node in commit.path.nodes
    )
    body = Commit(commit.proposals, UpdatePath(commit.path.leaf_node, wrong))
    forged = signed_again(first, replace(content, content=replace(content.content, body=body)))
    for victim in (second, third):
        refused(parties, victim, sealed(parties, first, forged), NotAuthentic)
    assert parties.staged(second, sealed(parties, first, content)).next is not None


@pytest.mark.refuses("12.4.2")
def test_a_path_that_does_not_fit_the_tree_is_refused(three):
    parties, first, second, _ = three
    content = taken_apart(second, parties.commit(first).message)
    commit = content.content.body
    for nodes in ((), commit.path.nodes[:1], (*commit.path.nodes, commit.path.nodes[0])):
        body = Commit(commit.proposals, UpdatePath(commit.path.leaf_node, nodes))
        forged = signed_again(first, replace(content, content=replace(content.content, body=body)))
        refused(parties, second, sealed(parties, first, forged), Malformed)
    body = Commit(commit.proposals, None)
    forged = signed_again(first, replace(content, content=replace(content.content, body=body)))
    refused(parties, second, sealed(parties, first, forged), Refused)


def test_a_key_put_into_the_tree_by_nobody_is_found():
    parties = Parties()
    groups = parties.group("Arvenia", "Belmora", "Corvalis", "Dorvik", "Elbany")
    tree = groups[0].state.tree
    tree.check_parent_hashes()  # control
    node = next(index for index in range(1, len(tree.nodes), 2) if tree.nodes[index] is not None)
    _, key = tree.suite.hpke.derive_key_pair(parties.entropy(32))
    for forged in (
        replace(tree.nodes[node], encryption_key=key),
        replace(tree.nodes[node], parent_hash=b"x"),
        ParentNode(key),
    ):
        with pytest.raises(NotAuthentic):
            tree.with_nodes({node: forged}).check_parent_hashes()


# --- proposals --------------------------------------------------------------------------------------------


def committing(parties, sender, reader, *proposals):
    """A commit by `sender` with these proposals, made without asking the rules, for `reader` to judge."""
    content = taken_apart(reader, parties.commit(sender).message)
    body = Commit(proposals, content.content.body.path)
    return sealed(parties, sender, signed_again(sender, replace(content, content=replace(content.content, body=body))))


def test_proposals_that_may_not_stand_are_refused_by_receivers_and_by_committers_alike(three):
    parties, first, second, third = three
    package = framing.read_message(parties.package(parties.identity("Dorvik"))[0])
    psk = PreSharedKeyId(bytes(32), psk_id=b"nobody holds it")
    lists = [
        [Remove(first.own_leaf)],
        [Remove(third.own_leaf), Remove(third.own_leaf)],
        [Remove(7)],
        [Update(first.state.tree.member(0))],
        [PreSharedKey(psk)],
        [PreSharedKey(psk), PreSharedKey(psk)],
        [PreSharedKey(replace(psk, nonce=b"short"))],
        [Add(package), Add(package)],
        [Add(replace(package, signature=bytes(64)))],
        [Add(replace(package, init_key=package.leaf_node.encryption_key))],
        [Add(replace(package, cipher_suite=3))],
    ]
    for proposals in lists:
        refused(parties, second, committing(parties, first, second, *proposals), DetenteError)
        wish = commits.Wish(tuple(proposals), None, b"")
        hooks = state.Hooks(parties.authenticate, lambda _: None)
        with pytest.raises(DetenteError):
            commits.make_commit(first.state, wish, hooks, parties.entropy)
    commits.make_commit(first.state, commits.Wish((Add(package),), None, b""), hooks, parties.entropy)  # control


@pytest.mark.refuses("12.2")
@pytest.mark.attack("A22", "prevented")
def test_a_flood_of_proposals_is_refused_before_it_is_looked_at(three):
    parties, first, second, third = three
    package = framing.read_message(parties.package(parties.identity("Dorvik"))[0])
    flood = committing(parties, first, second, *([Add(replace(package, signature=b""))] * 1_025))
    assert "1,024" in refused(parties, second, flood, Refused).sentence
    group = second
    for number in range(256):
        first, message, _ = first.propose(Remove(third.own_leaf), parties.entropy, bytes([number]))
        group = parties.open(group, message).group
    with pytest.raises(Refused):
        first.propose_update(parties.entropy)
    _, message, _ = Group(replace(first.state, waiting=())).propose_update(parties.entropy)
    assert refused(parties, group, message, Refused).rule == "mls/waiting"


@pytest.mark.refuses("7.3")
@pytest.mark.attack("A13", "prevented")
def test_an_unaccredited_chancery_comes_in_nowhere(three):
    parties, first, second, _ = three
    stranger = parties.identity("Mallory's chancery")
    package, private = parties.package(stranger)
    pending = parties.commit(first, add=[package])
    before = dict(parties.accredited)
    del parties.accredited[stranger.credential]
    with pytest.raises(NotAuthentic):
        parties.commit(first, add=[package])
    refused(parties, second, pending.message, NotAuthentic)
    with pytest.raises(NotAuthentic):
        Group.join(pending.welcome, package, private, stranger, parties.authenticate)
    parties.accredited = before
    assert len(parties.staged(second, pending.message).next.members) == 4  # control


def test_a_key_that_everybody_could_open_does_not_enter(three, monkeypatch):
    parties, first, _, _ = three
    identity = parties.identity("Dorvik")
    for small in (bytes(32), b"\1" + bytes(31), b"\1" + bytes(30) + b"\x80", (2**255 - 20).to_bytes(32, "little")):
        with pytest.raises(Malformed):
            Hpke(1).check_public(small)
        with monkeypatch.context() as forger:
            forger.setattr(Hpke, "derive_key_pair", lambda _self, material, small=small: (material, small))
            forger.setattr(parties, "entropy", bytes)
            package, _ = parties.package(identity)
        with pytest.raises(Malformed):
            parties.commit(first, add=[package])


def test_a_member_is_not_added_twice(three):
    parties, first, _, _ = three
    again, _ = parties.package(parties.accredited[b"Belmora"])
    with pytest.raises(Refused):
        parties.commit(first, add=[again])
    pending = parties.commit(first, remove=[1], add=[again])  # control: in the place of its old self
    assert len(pending.next.members) == 3


# --- epochs and wire formats ------------------------------------------------------------------------------


def test_a_message_of_another_epoch_or_group_is_void(three):
    parties, first, second, _ = three
    _, early = first.seal(b"too late", b"", parties.entropy)
    pending = parties.commit(first)
    after = parties.staged(second, pending.message).next
    assert refused(parties, after, early, Refused).rule == "mls/epoch"
    assert refused(parties, second, pending.next.seal(b"", b"", parties.entropy)[1], Refused).rule == "mls/epoch"
    assert refused(parties, after, pending.message, Refused).rule == "mls/epoch"
    message = replace(framing.read_message(early), group_id=b"other line")
    assert refused(parties, second, encode_message(message), Refused).rule == "mls/group"
    assert parties.opened(second, early).plaintext == b"too late"  # control


def test_a_removed_member_reads_nothing_more(three):
    parties, first, second, third = three
    pending = parties.commit(first, remove=[third.own_leaf])
    assert parties.staged(third, pending.message).next is None
    _, message = pending.next.seal(b"among us", b"", parties.entropy)
    refused(parties, third, message, Refused)
    pretending = Group(replace(third.state, context=pending.next.state.context))
    refused(parties, pretending, message, NotAuthentic)
    assert parties.opened(parties.staged(second, pending.message).next, message).plaintext == b"among us"


def test_an_own_message_is_known_as_such(three):
    parties, first, _, _ = three
    after, message = first.seal(b"note", b"", parties.entropy)
    assert refused(parties, after, message, Refused).rule == "mls/own"


def test_a_commit_in_clear_is_not_accepted_on_a_line(three):
    parties, first, second, _ = three
    content = taken_apart(second, parties.commit(first).message)
    own = first.state
    signature = framing.sign(own.suite, WireFormat.PUBLIC, content.content, own.context, own.identity.signature_seed)
    content = replace(content, wire_format=WireFormat.PUBLIC, auth=replace(content.auth, signature=signature))
    public = framing.protect_public(own.suite, content, own.context, own.secrets.membership)
    assert refused(parties, second, encode_message(public), Refused).rule == "mls/public"
    no_member = replace(public, membership_tag=b"")
    with pytest.raises(NotAuthentic, match="member of the group"):
        second.open(encode_message(no_member), parties.authenticate, allow_public=True)
    with pytest.raises(NotAuthentic, match="confirmation tag"):  # control: past the wire format and the membership
        second.open(encode_message(public), parties.authenticate, allow_public=True)


# --- bytes ------------------------------------------------------------------------------------------------


def test_bytes_after_the_end_and_long_lengths_are_refused(three):
    parties, first, second, _ = three
    _, message = first.seal(b"note", b"", parties.entropy)
    refused(parties, second, message + b"\0", Malformed)
    assert message[4] == len(b"line")
    refused(parties, second, message[:4] + b"\x40\x04" + message[5:], Malformed)
    package, _ = parties.package(parties.identity("Dorvik"))
    with pytest.raises(Malformed):
        parties.commit(first, add=[package + b"\0"])
    assert parties.opened(second, message).plaintext == b"note"


def test_padding_that_is_not_empty_is_refused(three, monkeypatch):
    parties, first, second, _ = three
    _, clean = first.seal(b"note", b"", parties.entropy)
    encode = framing.Auth.encode
    with monkeypatch.context() as forger:
        forger.setattr(framing.Auth, "encode", lambda auth: encode(auth) + b"\1")
        _, message = first.seal(b"note", b"", parties.entropy)
    refused(parties, second, message, Malformed)
    assert parties.opened(second, clean).plaintext == b"note"


HOSTILE = Parties(b"hostile")
MEMBERS = HOSTILE.group("Arvenia", "Belmora", "Corvalis")
NEWCOMER = HOSTILE.identity("Dorvik")
PACKAGE, PRIVATE = HOSTILE.package(NEWCOMER)
ADDED = HOSTILE.commit(MEMBERS[0], add=[PACKAGE])
NOTE = MEMBERS[0].seal(b"note", b"head", HOSTILE.entropy)[1]


def changed(raw, where, value):
    at = where % len(raw)
    return raw[:at] + bytes([raw[at] ^ value]) + raw[at + 1 :]


@settings(max_examples=150)
@given(where=st.integers(0, 5000), value=st.integers(1, 255), cut=st.booleans())
def test_no_changed_byte_of_a_message_passes_or_breaks_the_program(where, value, cut):
    for raw in (NOTE, ADDED.message):
        hostile = raw[: where % len(raw)] if cut else changed(raw, where, value)
        refused(HOSTILE, MEMBERS[1], hostile, DetenteError)


@settings(max_examples=80)
@given(where=st.integers(0, 5000), value=st.integers(1, 255))
def test_no_changed_byte_of_a_welcome_or_a_key_package_passes(where, value):
    with pytest.raises(DetenteError):
        Group.join(changed(ADDED.welcome, where, value), PACKAGE, PRIVATE, NEWCOMER, HOSTILE.authenticate)
    with pytest.raises(DetenteError):
        HOSTILE.commit(MEMBERS[0], add=[changed(PACKAGE, where, value)])


FIVE = HOSTILE.group("Dorvik", "Elbany", "Fermont", "Galdia", "Hestran")
WISHED = HOSTILE.commit(FIVE[0], add=[PACKAGE], remove=[3])
CONTENT = taken_apart(FIVE[1], WISHED.message)
BODY = CONTENT.content.body.encode()


@settings(max_examples=250)
@given(where=st.integers(0, len(BODY) - 1), value=st.integers(1, 255), count=st.integers(1, 4))
def test_what_a_member_signs_is_not_believed_for_that(where, value, count):
    """Commits changed inside, then signed and sealed as they should be: refused, by every kind of check."""
    raw = BODY
    for step in range(count):
        raw = changed(raw, where * (step + 1), value)
    assume(raw != BODY)
    try:
        body = whole(raw, Commit.read)
    except Malformed:
        return
    forged = signed_again(FIVE[0], replace(CONTENT, content=replace(CONTENT.content, body=body)))
    refused(HOSTILE, FIVE[1], sealed(HOSTILE, FIVE[0], forged), DetenteError)


TREE = WISHED.next.state.tree.encoded


@settings(max_examples=250)
@given(where=st.integers(0, len(TREE) - 1), value=st.integers(1, 255))
def test_a_changed_tree_is_malformed_or_another_tree(where, value):
    true = WISHED.next.state.tree
    try:
        tree = RatchetTree.read(true.suite, changed(TREE, where, value))
        tree.check_whole()
        tree.check_parent_hashes()
    except DetenteError:
        return
    assert tree.tree_hash != true.tree_hash


@pytest.mark.parametrize("unmerged", [(99,), (2, 99), (3,), (0, 1)])
def test_unmerged_leaves_that_are_not_there_are_malformed(unmerged):
    tree = WISHED.next.state.tree
    node = tree.root
    with pytest.raises(DetenteError):
        tree.with_nodes({node: replace(tree.nodes[node], unmerged_leaves=unmerged)}).check_whole()
    tree.check_whole()  # control


def test_control_unchanged_they_pass():
    joined = Group.join(ADDED.welcome, PACKAGE, PRIVATE, NEWCOMER, HOSTILE.authenticate)
    assert agree([joined, ADDED.next, HOSTILE.staged(MEMBERS[1], ADDED.message).next])
    assert HOSTILE.opened(MEMBERS[1], NOTE).plaintext == b"note"
    again = sealed(HOSTILE, FIVE[0], signed_again(FIVE[0], CONTENT))
    assert agree([HOSTILE.staged(FIVE[1], again).next, WISHED.next])


@settings(max_examples=150)
@given(raw=st.binary(max_size=300), start=st.sampled_from([b"", b"\0\1\0\1", b"\0\1\0\2", b"\0\1\0\3", b"\0\1\0\5"]))
def test_any_bytes_at_all_are_malformed_or_refused(raw, start):
    refused(HOSTILE, MEMBERS[1], start + raw, DetenteError)
    for hostile in (start + raw, MEMBERS[1].serialise()[: len(raw)] + raw):
        with pytest.raises(DetenteError):
            Group.load(hostile)
