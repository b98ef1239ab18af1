"""Who may change a line's group, and whose turn it is to bring keys of its own: the table and the order, alone."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.ground.errors import NotAuthentic
from detente.line import commits
from detente.line.commits import AT_ONCE, PATIENCE, envelope, in_turn, refuse_arrival, staged_of, taken_up
from detente.line.quorum import Span
from detente.line.terms import LINE_SUITE
from detente.mls.group import Group, Identity, Opened, Staged, key_package
from detente.mls.types import Extension, ExternalInit

CHANCE = random.Random(9420).randbytes
FRESH = st.sets(st.integers(0, 300), min_size=1, max_size=40)


# --- whose turn it is ------------------------------------------------------------------------------------


@given(FRESH, st.integers(0, 10**6))
def test_in_every_epoch_a_few_offer_and_never_more(fresh, size):
    offering = [leaf for leaf in fresh if in_turn(leaf, sorted(fresh), size)]
    assert len(offering) == min(AT_ONCE, len(fresh))


@given(FRESH, st.integers(0, 10**6))
def test_everybodys_turn_comes_however_many_are_away(fresh, size):
    for leaf in fresh:
        assert any(in_turn(leaf, sorted(fresh), size + PATIENCE * turn) for turn in range(len(fresh)))


@given(FRESH, st.integers(0, 10**6), st.randoms())
def test_every_house_computes_the_same_turn(fresh, size, chance):
    shuffled = chance.sample(sorted(fresh), len(fresh))
    assert [in_turn(leaf, shuffled, size) for leaf in fresh] == [in_turn(leaf, sorted(fresh), size) for leaf in fresh]


def sealed_by(order, leaves):
    """How many secrets newcomers seal in all who bring their keys in this order, in a tree whose first leaf commits.

    A node counts as filled once somebody under it has committed: then one secret reaches all who were there.
    """
    filled, sealed = set(), 0

    def reach(low, high):
        if high - low == 1 or (low, high) in filled:
            return 1
        middle = (low + high) // 2
        return reach(low, middle) + reach(middle, high)

    for leaf in order:
        low, high = 0, leaves
        path = []
        while high - low > 1:
            path.append((low, high))
            middle = (low + high) // 2
            near, far = ((low, middle), (middle, high)) if leaf < middle else ((middle, high), (low, middle))
            sealed += reach(*far)
            low, high = near
        filled.update(path)
    return sealed


def test_read_backwards_the_upper_nodes_are_filled_first():
    """Of 128 who came at once: some N log N secrets, where the plain order takes some N * N / 2."""
    everybody = list(range(1, 128))
    waiting, order = list(everybody), [0]
    while waiting:
        order.append(next(leaf for leaf in sorted(waiting, key=commits._backwards) if in_turn(leaf, waiting, 0)))
        waiting.remove(order[-1])
    assert sealed_by(order, 128) < 2 * 128 * 7
    assert sealed_by([0, *everybody], 128) > 128 * 128 / 2


# --- the table ---------------------------------------------------------------------------------------------


@pytest.fixture
def pair():
    """A founder alone, the founder after a newcomer came, the newcomer, and its arrival as the founder opened it."""

    def known(*_):
        """Everybody is."""

    founder, newcomer = Identity(b"one", CHANCE(32)), Identity(b"two", CHANCE(32))
    group = Group.create(b"line", founder, (), (), CHANCE, suite=LINE_SUITE)
    package, private = key_package(newcomer, (), CHANCE, suite=LINE_SUITE)
    made = group.commit(add=[package], entropy=CHANCE, authenticate=known)
    spoken = {LINE_SUITE.number: LINE_SUITE}
    joined = Group.join(made.welcome, package, private, newcomer, known, spoken=spoken)
    arrival = joined.commit(entropy=CHANCE, authenticate=known)
    return group, made.next, joined, made.next.open(arrival.message, known)


def test_a_leaf_is_fresh_until_its_member_commits(pair):
    alone, founder, newcomer, staged = pair
    assert (alone.fresh, founder.fresh, newcomer.fresh) == (True, False, True)
    assert [member.fresh for member in founder.members] == [False, True]
    assert [member.fresh for member in staged.next.members] == [False, False]
    assert staged.proposals == ()


def test_an_arrival_changes_one_leaf_and_nothing_else(pair):
    _, group, _, staged = pair
    assert refuse_arrival(group, staged) is None
    assert "not bring them again" in refuse_arrival(group, replace(staged, sender_leaf=0)).sentence
    assert "not bring them again" in refuse_arrival(group, replace(staged, sender_leaf=7)).sentence
    assert "proposes nothing" in refuse_arrival(group, replace(staged, proposals=(ExternalInit(b""),))).sentence
    for other in changed(staged):
        assert "something else than it was" in refuse_arrival(group, replace(staged, next=other)).sentence


def changed(staged):
    """The next epoch with one thing different about one member."""
    tree = staged.next.state.tree
    for leaf, node in tree.leaves:
        for change in (
            {"extensions": (*node.extensions, Extension(0xF00B, b"more"))},
            {"signature_key": bytes(32)},
            {"credential": replace(node.credential, identity=b"somebody else")},
            {"capabilities": replace(node.capabilities, cipher_suites=())},
        ):
            other = tree.with_nodes({2 * leaf: replace(node, **change)})
            yield Group(replace(staged.next.state, tree=other))
    yield Group(replace(staged.next.state, tree=tree.remove(1)))


def test_what_is_taken_up_is_what_was_offered_and_talk_is_no_commit(pair):
    _, founder, newcomer, _ = pair
    assert taken_up(envelope(b"a commit")) == b"a commit"
    for talk in (b"", b"talk", b"detente/arrival/v1"):
        with pytest.raises(NotAuthentic, match="Talk"):
            taken_up(talk)
    _, message = newcomer.seal(b"talk", b"", CHANCE)
    opened = founder.open(message, lambda *_: None)
    assert isinstance(opened, Opened)
    with pytest.raises(NotAuthentic, match="than a commit"):
        staged_of(opened)
    staged = Staged(0, b"", (), (), None)
    assert staged_of(staged) is staged


def test_a_span_goes_on_while_the_same_count():
    span = Span(3, (b"one", b"two"), 0)
    assert Span(9, (b"one", b"two"), 0).goes_on_from(span)
    assert not Span(9, (b"one", b"two"), 1).goes_on_from(span)
    assert not Span(9, (b"one",), 0).goes_on_from(span)
