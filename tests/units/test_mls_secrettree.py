"""The keys of an epoch: each generation opens one message, in whatever order messages come, and is then gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.crypto.suites import SUITE_1
from detente.ground.errors import NotAuthentic, Refused
from detente.mls import secrettree
from detente.mls.secrettree import FORWARD, KEPT, SecretTree

LEAVES = 8
SECRET = bytes(range(32))


def tree():
    return SecretTree.new(SUITE_1, LEAVES, SECRET)


def in_order(leaf, kind, count):
    """The keys of the first generations, as a sender uses them."""
    keys, one = [], tree()
    for generation in range(count):
        key, one = one.take(leaf, kind, generation)
        keys.append(key)
    return keys


@given(order=st.permutations(range(8)), leaf=st.integers(0, LEAVES - 1), kind=st.integers(0, 1))
def test_messages_open_in_any_order_with_the_keys_of_their_sender(order, leaf, kind):
    keys, one = in_order(leaf, kind, len(order)), tree()
    for generation in order:
        key, one = one.take(leaf, kind, generation)
        assert key == keys[generation]


@given(order=st.lists(st.integers(0, 12), min_size=1, max_size=8), again=st.integers(0, 7))
def test_a_key_is_given_once(order, again):
    one, taken = tree(), []
    for generation in order:
        if generation in taken:
            with pytest.raises(NotAuthentic):
                one.take(3, 0, generation)
        else:
            taken.append(generation)
            one = one.take(3, 0, generation)[1]
    with pytest.raises(NotAuthentic):
        one.take(3, 0, taken[again % len(taken)])


def test_no_two_keys_are_alike():
    keys = [key for leaf in range(LEAVES) for kind in (0, 1) for key in in_order(leaf, kind, 4)]
    assert len({key for key, _ in keys}) == len({nonce for _, nonce in keys}) == 4 * 2 * LEAVES


def test_taking_a_key_leaves_the_tree_before_as_it_was():
    before = tree()
    first = before.take(2, 0, 0)[0]
    assert before.take(2, 0, 0)[0] == first


def test_what_was_taken_cannot_be_found_in_what_is_kept():
    (key, nonce), after = tree().take(5, 0, 6)
    kept = repr((after.nodes, after.ratchets))
    assert repr(key) not in kept
    assert repr(nonce) not in kept
    assert repr(SECRET) not in kept


def test_the_window_ahead_has_an_end_and_of_skipped_keys_the_newest_are_kept(monkeypatch):
    monkeypatch.setattr(secrettree, "KEPT", 3)
    assert KEPT > 3  # what is kept otherwise
    with pytest.raises(Refused):
        tree().take(0, 0, FORWARD + 1)
    _, one = tree().take(0, 0, 10)
    for generation in (7, 8, 9):
        assert one.take(0, 0, generation)
    with pytest.raises(NotAuthentic):
        one.take(0, 0, 6)


@pytest.mark.parametrize("leaf", [-1, LEAVES, 2**32])
def test_a_leaf_that_is_not_there_has_no_keys(leaf):
    with pytest.raises(NotAuthentic):
        tree().take(leaf, 0, 0)
