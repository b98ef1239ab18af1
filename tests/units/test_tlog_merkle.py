import hashlib
from itertools import product

import pytest
from damage import one_byte_changes
from hypothesis import given
from hypothesis import strategies as st

from detente.ground.errors import Malformed, NotAuthentic
from detente.tlog import merkle
from detente.tlog.merkle import EMPTY_ROOT, Frontier, Tree, leaf_hash, node_hash, verify_consistency, verify_inclusion

LEAVES = [leaf_hash(bytes([number])) for number in range(256)]
SIZES = st.integers(1, 200)


def tree_of(size):
    return Tree(LEAVES[:size])


# --- the definitions of RFC 6962 section 2.1, as they stand there -------------------------------


def split(size):
    return 1 << (size - 1).bit_length() - 1


def naive_root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\1" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old, leaves, complete):
    if old == len(leaves):
        return [] if complete else [naive_root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*naive_subproof(old, leaves[:k], complete), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], False), naive_root(leaves[:k])]


def sides(index, size):
    """On which side each sibling stands: the shape that a proof has."""
    if size == 1:
        return ""
    k = split(size)
    return sides(index, k) + "R" if index < k else sides(index - k, size - k) + "L"


# --- building -----------------------------------------------------------------------------------


def test_the_root_of_every_past_size_is_the_root_of_the_definition():
    tree, frontier = Tree(), Frontier()
    for size in range(len(LEAVES) + 1):
        assert tree.size == frontier.size == size
        assert tree.root() == frontier.root() == naive_root(LEAVES[:size])
        if size < len(LEAVES):
            assert tree.append(LEAVES[size]) == frontier.append(LEAVES[size]) == size
            assert tree.leaf(size) == LEAVES[size]
    assert [tree.root(size) for size in range(len(LEAVES) + 1)] == [
        naive_root(LEAVES[:size]) for size in range(len(LEAVES) + 1)
    ]


@given(st.data())
def test_proofs_are_those_of_the_definition_from_a_tree_of_any_later_size(data):
    size = data.draw(SIZES)
    new = data.draw(st.integers(1, size))
    old = data.draw(st.integers(1, new))
    tree = tree_of(size)
    assert list(tree.inclusion(old - 1, new)) == naive_path(old - 1, LEAVES[:new])
    assert list(tree.consistency(old, new)) == naive_subproof(old, LEAVES[:new], complete=True)


def test_every_proof_up_to_48_leaves_verifies_and_has_the_length_foretold():
    tree = tree_of(48)
    for size in range(1, 49):
        for index in range(size):
            proof = tree.inclusion(index, size)
            assert len(proof) == merkle.inclusion_length(index, size)
            verify_inclusion(LEAVES[index], index, size, proof, tree.root(size))
            way = tree.consistency(index + 1, size)
            assert len(way) == merkle.consistency_length(index + 1, size)
            verify_consistency(index + 1, tree.root(index + 1), size, tree.root(size), way)


def test_a_tree_keeps_no_more_than_two_hashes_a_leaf_and_finds_past_roots_in_few_steps(monkeypatch):
    tree = Tree()
    for number in range(3000):
        tree.append(LEAVES[number % 256])
    assert sum(len(level) for level in tree._levels) < 2 * 3000 * 32
    steps = []
    monkeypatch.setattr(merkle, "node_hash", lambda left, right: steps.append(1) or node_hash(left, right))
    for size in range(1, 3001):
        steps.clear()
        tree.root(size)
        assert len(steps) < 12
        tree.inclusion(size // 2, size)
        tree.consistency(size, 3000)
        assert len(steps) < 36


@given(size=st.integers(0, 200), more=st.lists(st.sampled_from(LEAVES), max_size=20))
def test_a_frontier_that_was_put_away_goes_on_like_the_tree(size, more):
    first = Frontier()
    for leaf in LEAVES[:size]:
        first.append(leaf)
    raw = first.encode()
    frontier, tree = Frontier.decode(raw), tree_of(size)
    assert frontier.encode() == raw
    assert len(raw) == 8 + 32 * size.bit_count()
    for leaf in more:
        frontier.append(leaf)
        tree.append(leaf)
    assert (frontier.size, frontier.root()) == (tree.size, tree.root())
    assert first.encode() == raw


def test_a_copied_frontier_goes_its_own_way():
    frontier = Frontier()
    frontier.append(LEAVES[0])
    tried = frontier.copy()
    tried.append(LEAVES[1])
    assert (frontier.size, frontier.root()) == (1, LEAVES[0])
    assert (tried.size, tried.root()) == (2, node_hash(LEAVES[0], LEAVES[1]))


@given(
    st.one_of(
        st.binary(max_size=80),
        st.builds(lambda n, r: n.to_bytes(8, "big") + r, st.integers(0, 3), st.binary(max_size=70)),
    )
)
def test_any_bytes_are_a_frontier_in_one_spelling_or_malformed(raw):
    try:
        frontier = Frontier.decode(raw)
    except Malformed:
        return
    assert frontier.encode() == raw


def test_a_frontier_longer_than_any_log_is_malformed():
    with pytest.raises(Malformed):
        Frontier.decode((2**63).to_bytes(8, "big") + bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_hash_has_32_bytes(length):
    for log in (Tree(), Frontier()):
        with pytest.raises(Malformed):
            log.append(bytes(length))
        assert (log.size, log.root()) == (0, EMPTY_ROOT)


def test_what_a_tree_does_not_hold_cannot_be_asked():
    tree = tree_of(5)
    for ask in (
        lambda: tree.root(6),
        lambda: tree.root(-1),
        lambda: tree.leaf(5),
        lambda: tree.leaf(-1),
        lambda: tree.inclusion(5, 5),
        lambda: tree.inclusion(-1, 5),
        lambda: tree.inclusion(0, 6),
        lambda: tree.inclusion(0, 0),
        lambda: tree.consistency(0, 5),
        lambda: tree.consistency(4, 3),
        lambda: tree.consistency(5, 6),
    ):
        with pytest.raises(Malformed):
            ask()


# --- verifying ----------------------------------------------------------------------------------


def refuses(verify, *arguments):
    try:
        verify(*arguments)
    except (Malformed, NotAuthentic):
        return True
    return False


@given(st.data())
def test_no_changed_byte_of_leaf_proof_or_root_verifies(data):
    size = data.draw(SIZES)
    index = data.draw(st.integers(0, size - 1))
    tree = tree_of(size)
    whole = b"".join((LEAVES[index], tree.root(), *tree.inclusion(index, size)))

    def verify(raw):
        leaf, root, *proof = (raw[start : start + 32] for start in range(0, len(raw), 32))
        verify_inclusion(leaf, index, size, proof, root)

    verify(whole)  # the control
    for changed in one_byte_changes(whole, flips=(data.draw(st.integers(1, 255)),)):
        with pytest.raises(NotAuthentic):
            verify(changed)


@given(st.data())
def test_no_changed_byte_of_a_consistency_proof_or_its_roots_verifies(data):
    new = data.draw(SIZES)
    old = data.draw(st.integers(1, new))
    tree = tree_of(new)
    whole = b"".join((tree.root(old), tree.root(new), *tree.consistency(old, new)))

    def verify(raw):
        first, second, *proof = (raw[start : start + 32] for start in range(0, len(raw), 32))
        verify_consistency(old, first, new, second, proof)

    verify(whole)  # the control
    for changed in one_byte_changes(whole, flips=(data.draw(st.integers(1, 255)),)):
        with pytest.raises(NotAuthentic):
            verify(changed)


def test_no_wrong_index_and_no_wrong_old_size_verifies():
    tree = tree_of(24)
    for size in range(1, 25):
        for claimed, true in product(range(-1, size + 2), range(size)):
            if claimed != true:
                proof = tree.inclusion(true, size)
                assert refuses(verify_inclusion, LEAVES[true], claimed, size, proof, tree.root(size))
                way, old_root = tree.consistency(true + 1, size), tree.root(true + 1)
                assert refuses(verify_consistency, claimed + 1, old_root, size, tree.root(size), way)


def test_a_wrong_size_verifies_only_where_it_makes_no_difference_to_the_way_to_the_root():
    """RFC 6962's root does not bind the size: the signed checkpoint does, so the two are never taken apart."""
    tree = tree_of(24)
    alike = 0
    for size, claimed in product(range(1, 25), range(30)):
        if claimed == size:
            continue
        for index in range(size):
            same = index < claimed and sides(index, claimed) == sides(index, size)
            alike += same
            arguments = (LEAVES[index], index, claimed, tree.inclusion(index, size), tree.root(size))
            assert refuses(verify_inclusion, *arguments) is not same
            if index + 1 < size:
                arguments = (tree.root(index + 1), claimed, tree.root(size), tree.consistency(index + 1, size))
                assert refuses(verify_consistency, index + 1, *arguments) is not same
    assert alike  # for example the first of three entries and the first of four


@given(st.data())
def test_a_proof_of_another_length_is_refused_before_anything_is_hashed(data):
    new = data.draw(SIZES)
    old = data.draw(st.integers(1, new))
    tree = tree_of(new)
    old_root, new_root = tree.root(old), tree.root(new)
    attempts = [
        (tree.inclusion(old - 1, new), lambda proof: verify_inclusion(LEAVES[old - 1], old - 1, new, proof, new_root)),
        (tree.consistency(old, new), lambda proof: verify_consistency(old, old_root, new, new_root, proof)),
    ]
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merkle, "node_hash", lambda *_: calls.append(1))
        for proof, verify in attempts:
            wrong = [(*proof, bytes(32)), (bytes(32), *proof)]
            wrong += [proof[:-1], proof[1:], (*proof[:-1], proof[-1][:-1])] if proof else []
            for one in wrong:
                with pytest.raises(Malformed):
                    verify(one)
    assert not calls


def test_sizes_that_no_log_has_are_malformed():
    for arguments in ((0, 0), (0, 5), (5, 4), (-1, 5), (1, 2**63)):
        with pytest.raises(Malformed):
            verify_consistency(arguments[0], bytes(32), arguments[1], bytes(32), ())
    for index, size in ((0, 0), (-1, 1), (1, 1), (0, 2**63), (2**64 - 1, 2**64)):
        with pytest.raises(Malformed):
            verify_inclusion(bytes(32), index, size, (), bytes(32))


def test_one_size_has_one_root():
    root = tree_of(5).root()
    verify_consistency(5, root, 5, root, ())
    with pytest.raises(NotAuthentic):
        verify_consistency(5, root, 5, tree_of(6).root(), ())
    with pytest.raises(Malformed):
        verify_consistency(5, root, 5, root, (bytes(32),))


def test_a_node_cannot_pose_as_an_entry():
    tree = tree_of(4)
    left = node_hash(LEAVES[0], LEAVES[1])
    forged = LEAVES[0] + LEAVES[1]
    with pytest.raises(NotAuthentic):
        verify_inclusion(leaf_hash(forged), 0, 2, (node_hash(LEAVES[2], LEAVES[3]),), tree.root())
    verify_inclusion(left, 0, 2, (node_hash(LEAVES[2], LEAVES[3]),), tree.root())  # the control: without the prefix
