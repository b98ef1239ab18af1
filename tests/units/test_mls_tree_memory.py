"""What a tree remembers (hashes, and that it was found whole) is what it would find anew."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls_parties import Entropy, Parties
from mls_vectors import afresh

from detente.crypto.suites import SUITE_1
from detente.ground.errors import DetenteError, Malformed, Refused
from detente.mls import leaves
from detente.mls import tree as mls_tree
from detente.mls.framing import encode_message, read_message
from detente.mls.leaves import ALWAYS, Identity, Place, check_signature, new_leaf
from detente.mls.tree import RatchetTree
from detente.mls.treekem import put_path
from detente.mls.types import Capabilities, ParentNode
from detente.wire.tls import whole

ENTROPY = Entropy(b"tree memory")


def some_leaf():
    _, key = SUITE_1.hpke.derive_key_pair(ENTROPY(32))
    return new_leaf(SUITE_1, Identity(b"party", ENTROPY(32)), key, (), ALWAYS)


def verdict(tree):
    try:
        tree.check_whole()
    except DetenteError as error:
        return type(error), error.sentence.split(":")[0]
    return None


STEP = st.tuples(
    st.sampled_from(["add", "remove", "update", "path", "twin", "signer", "stray", "blank", "small"]),
    st.integers(0, 15),
    st.integers(0, 15),
)


def changed(tree, step, one, other):
    """The tree after a step: the first four are what commits do, the others are what nobody may do."""
    members = [leaf for leaf, _ in tree.leaves]
    leaf, second = members[one % len(members)], members[other % len(members)]
    parents = [at for at in range(1, len(tree.nodes), 2) if tree.nodes[at] is not None]
    match step:
        case "add":
            return tree.add(some_leaf())[0]
        case "remove" if len(members) > 1:
            return tree.remove(leaf)
        case "update":
            return tree.update(leaf, some_leaf())
        case "path":
            keys = {node: SUITE_1.hpke.derive_key_pair(ENTROPY(32))[1] for node, _ in tree.filtered_path(leaf)}
            return tree.with_nodes({**put_path(tree, leaf, keys)[0], 2 * leaf: some_leaf()})
        case "twin" if leaf != second:
            return tree.with_nodes({2 * leaf: tree.member(second)})
        case "signer" if leaf != second and parents:
            return tree.with_nodes({parents[0]: ParentNode(tree.member(leaf).encryption_key)})
        case "stray" if parents:
            node = parents[one % len(parents)]
            return tree.with_nodes({node: ParentNode(SUITE_1.hpke.derive_key_pair(ENTROPY(32))[1], b"", (leaf,))})
        case "blank" if len(members) > 1:
            return tree.with_nodes({2 * leaf: None})
        case "small" if parents:
            return tree.with_nodes({parents[0]: ParentNode(bytes(32))})
        case _:
            return tree


@settings(max_examples=120)
@given(steps=st.lists(STEP, min_size=1, max_size=12))
def test_what_is_remembered_is_what_would_be_found(steps):
    tree = RatchetTree(SUITE_1, (some_leaf(),))
    for _ in range(5):
        tree, _ = tree.add(some_leaf())
    tree.check_whole()
    for step in steps:
        after = changed(tree, *step)
        fresh = RatchetTree(SUITE_1, after.nodes)
        assert after.tree_hash == fresh.tree_hash
        assert [after.node_hash(at) for at in range(len(after.nodes))] == [
            fresh.node_hash(at) for at in range(len(after.nodes))
        ]
        found = verdict(after)
        assert (found is None) == (verdict(fresh) is None)
        if found is None:
            tree = after


def test_control_a_tree_that_trusts_its_memory_alone_would_let_a_twin_in():
    tree, _ = RatchetTree(SUITE_1, (some_leaf(),)).add(some_leaf())
    tree.check_whole()
    twin = tree.with_nodes({2: tree.member(0)})
    assert verdict(twin) is not None
    twin._checked = tree._checked  # as if nothing had changed
    assert verdict(twin) is None


VALUES = st.sets(st.sampled_from([bytes([number]) for number in range(40)]), max_size=6)


@given(
    steps=st.lists(st.tuples(VALUES, st.lists(st.sampled_from([bytes([number]) for number in range(40)]), max_size=6)))
)
def test_a_set_with_differences_is_the_set_that_it_stands_for(steps):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(mls_tree, "_LOOSE", 5)  # so that it is made anew now and then
        kept, plain = mls_tree._Distinct(), set()
        for gone, come in steps:
            left = plain - gone
            doubled = len(set(come)) < len(come) or not left.isdisjoint(come)
            if doubled:
                with pytest.raises(Refused, match="twice"):
                    kept.changed(gone & plain, come, "twice")
                continue
            kept, plain = kept.changed(gone & plain, come, "twice"), left | set(come)
            assert (kept._base - kept._less) | kept._more == plain


def test_only_true_signatures_are_remembered_and_a_bounded_number_of_them(monkeypatch):
    monkeypatch.setattr(leaves, "_verified", {})
    monkeypatch.setattr(leaves, "_REMEMBERED", 3)
    place = Place(b"", 0)
    made = [some_leaf() for _ in range(5)]
    for leaf in made:
        check_signature(SUITE_1, leaf, place)
    assert len(leaves._verified) == 3
    asked = []
    monkeypatch.setattr(type(SUITE_1), "verify_with_label", lambda *asked_for: asked.append(asked_for))
    for leaf in made[-3:]:
        check_signature(SUITE_1, leaf, place)
    assert not asked
    check_signature(SUITE_1, made[0], place)
    assert len(asked) == 1


def test_what_was_read_and_put_together_afresh_is_written_alike():
    parties = Parties(b"afresh")
    group, *_ = parties.group("Arvenia", "Belmora", "Corvalis")
    full = parties.commit(group)
    newcomer = parties.identity("Dorland")
    package, _ = parties.package(newcomer)
    adding = parties.commit(full.next, add=[package], public=True)
    for raw in (full.next.group_info(), adding.message, adding.welcome, package):
        read = read_message(raw)
        assert encode_message(read) == encode_message(afresh(read)) == raw
    tree = RatchetTree.read(SUITE_1, full.next.ratchet_tree)
    assert any(isinstance(node, ParentNode) for node in tree.nodes)
    assert tree.encoded == RatchetTree(SUITE_1, afresh(tree.nodes)).encoded == full.next.ratchet_tree


def test_capabilities_are_read_once_for_all_who_have_the_same_and_long_ones_are_not_kept():
    usual, long = Capabilities(extensions=(1, 2, 3)), Capabilities(extensions=tuple(range(1_000)))
    for one, same in ((usual, True), (long, False)):
        raw = one.encode()
        first, second = (whole(bytes(bytearray(raw)), Capabilities.read) for _ in range(2))
        assert first == second == one
        assert (first is second) == same
    with pytest.raises(Malformed):
        whole(b"\1\0\0\0\0\0", Capabilities.read)
    for cut in range(len(usual.encode())):
        with pytest.raises(Malformed):
            whole(usual.encode()[:cut], Capabilities.read)


def test_a_leaf_that_was_read_writes_what_a_leaf_that_was_made_writes():
    made = some_leaf()
    raw = made.encode()
    read = RatchetTree.read(SUITE_1, RatchetTree(SUITE_1, (made,)).encoded).member(0)
    assert read == made
    assert read.encode() == raw == replace(read, signature=read.signature).encode()
    assert read.content == replace(read, signature=read.signature).content
    other = replace(read, signature=b"other")
    assert other.encode() != raw
    with pytest.raises(DetenteError):
        check_signature(SUITE_1, other, Place(b"", 0))
