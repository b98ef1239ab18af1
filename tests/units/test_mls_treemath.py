"""Leaves and nodes: one way from each to the other, and no leaf where a parent is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.mls import treemath

POWERS = st.integers(0, 12).map(lambda height: 2**height)


@given(st.integers(0, 2**31))
def test_a_leaf_is_the_leaf_of_its_node(leaf):
    node = treemath.node_of(leaf)
    assert treemath.leaf_of(node) == leaf
    assert treemath.level(node) == 0
    with pytest.raises(ValueError, match="no leaf"):
        treemath.leaf_of(node + 1)


@given(POWERS)
def test_leaves_and_parents_are_all_nodes_and_each_once(leaves):
    of_leaves = [treemath.node_of(leaf) for leaf in treemath.leaf_indices(leaves)]
    parents = list(treemath.parent_indices(leaves))
    assert sorted(of_leaves + parents) == list(treemath.node_indices(leaves))
    assert all(treemath.level(node) > 0 for node in parents)
    assert len(of_leaves) == leaves


@given(POWERS, st.data())
def test_a_path_leads_from_a_leaf_to_the_root_beside_its_copath(leaves, data):
    leaf = data.draw(st.integers(0, leaves - 1))
    at = treemath.node_of(leaf)
    for above, beside in zip(treemath.direct_path(leaf, leaves), treemath.copath(leaf, leaves), strict=True):
        assert treemath.parent(at) == treemath.parent(beside) == above
        assert {at, beside} == set(treemath.children(above))
        assert treemath.is_ancestor(above, leaf)
        assert not treemath.is_ancestor(beside, leaf)
        at = above
    assert at == treemath.root(leaves)
