r"""The arithmetic of the tree (RFC 9420 section 4.1 and appendix C).

A tree has 2^d leaves.  Its nodes lie in one array: leaf i is node 2i, and a node's level is the
number of ones at the low end of its index.

        3
      /   \
     1     5
    / \   / \
   0   2 4   6      nodes
   0   1 2   3      leaves

Indices of leaves and of nodes are never mixed: they are two types, and only `node_of` and `leaf_of` lead from one
to the other.  A parameter is called `leaf` or `node`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NewType

LeafIndex = NewType("LeafIndex", int)
"""The place of a leaf, counted from the left; as RFC 9420 numbers members."""

NodeIndex = NewType("NodeIndex", int)
"""The place of a node in the array of all nodes."""


def node_of(leaf: LeafIndex) -> NodeIndex:
    """The node that a leaf is."""
    return NodeIndex(2 * leaf)


def leaf_of(node: NodeIndex) -> LeafIndex:
    """The leaf that a node of level 0 is.  `ValueError` for a parent."""
    if node % 2:
        raise ValueError(f"Node {node} is no leaf.")
    return LeafIndex(node // 2)


def leaf_indices(leaves: int) -> Iterator[LeafIndex]:
    """All leaves of a tree, from the left."""
    return map(LeafIndex, range(leaves))


def node_indices(leaves: int) -> Iterator[NodeIndex]:
    """All nodes of a tree, from the left."""
    return map(NodeIndex, range(node_width(leaves)))


def parent_indices(leaves: int) -> Iterator[NodeIndex]:
    """All nodes of a tree that are no leaves, from the left."""
    return map(NodeIndex, range(1, node_width(leaves), 2))


def node_width(leaves: int) -> int:
    """How many nodes a tree of `leaves` leaves has."""
    return 2 * leaves - 1


def level(node: NodeIndex) -> int:
    """How far above the leaves a node lies."""
    return ((node ^ (node + 1)).bit_length()) - 1


def root(leaves: int) -> NodeIndex:
    """The root of a tree of `leaves` leaves, a power of two."""
    return NodeIndex(leaves - 1)


def parent(node: NodeIndex) -> NodeIndex:
    """The node above; of the root, the root of a tree of twice the size."""
    height = level(node)
    return NodeIndex((node | (1 << height)) & ~(1 << (height + 1)))


def children(node: NodeIndex) -> tuple[NodeIndex, NodeIndex]:
    """Both children of a parent node, the left one first."""
    half = (node ^ (node + 1)) + 1 >> 2
    return NodeIndex(node - half), NodeIndex(node + half)


def ancestor(leaf: LeafIndex, height: int) -> NodeIndex:
    """The node that lies `height` levels above a leaf."""
    return NodeIndex(((leaf >> height) << (height + 1)) + (1 << height) - 1)


def direct_path(leaf: LeafIndex, leaves: int) -> tuple[NodeIndex, ...]:
    """The ancestors of a leaf, from its parent to the root."""
    return tuple(ancestor(leaf, height) for height in range(1, leaves.bit_length()))


def copath(leaf: LeafIndex, leaves: int) -> tuple[NodeIndex, ...]:
    """The other child of each ancestor of a leaf, in the same order."""
    return tuple(NodeIndex(ancestor(leaf, height) ^ (2 << height)) for height in range(leaves.bit_length() - 1))


def is_ancestor(node: NodeIndex, leaf: LeafIndex) -> bool:
    """Whether `leaf` lies under `node` (a leaf lies under itself)."""
    low, high = span(node)
    return low <= leaf < high


def span(node: NodeIndex) -> tuple[int, int]:
    """The leaves under a node: (first, one past the last)."""
    height = level(node)
    first = (node - ((1 << height) - 1)) // 2
    return first, first + (1 << height)


def common_ancestor(leaf: LeafIndex, other: LeafIndex) -> NodeIndex:
    """The lowest node above both of two leaves; of a leaf with itself, its own node."""
    return ancestor(leaf, (leaf ^ other).bit_length())
