r"""The arithmetic of the tree (RFC 9420 section 4.1 and appendix C).

A tree has 2^d leaves.  Its nodes lie in one array: leaf i is node 2i, and a node's level is the
number of ones at the low end of its index.

        3
      /   \
     1     5
    / \   / \
   0   2 4   6      nodes
   0   1 2   3      leaves

Indices of leaves and of nodes are never mixed: a parameter is called `leaf` or `node`.
"""

from __future__ import annotations


def node_width(leaves: int) -> int:
    """How many nodes a tree of `leaves` leaves has."""
    return 2 * leaves - 1


def level(node: int) -> int:
    """How far above the leaves a node lies."""
    return ((node ^ (node + 1)).bit_length()) - 1


def root(leaves: int) -> int:
    """The root of a tree of `leaves` leaves, a power of two."""
    return leaves - 1


def parent(node: int) -> int:
    """The node above; of the root, the root of a tree of twice the size."""
    height = level(node)
    return (node | (1 << height)) & ~(1 << (height + 1))


def children(node: int) -> tuple[int, int]:
    """Both children of a parent node, the left one first."""
    half = (node ^ (node + 1)) + 1 >> 2
    return node - half, node + half


def ancestor(leaf: int, height: int) -> int:
    """The node that lies `height` levels above a leaf."""
    return ((leaf >> height) << (height + 1)) + (1 << height) - 1


def direct_path(leaf: int, leaves: int) -> tuple[int, ...]:
    """The ancestors of a leaf, from its parent to the root."""
    return tuple(ancestor(leaf, height) for height in range(1, leaves.bit_length()))


def copath(leaf: int, leaves: int) -> tuple[int, ...]:
    """The other child of each ancestor of a leaf, in the same order."""
    return tuple(ancestor(leaf, height) ^ (2 << height) for height in range(leaves.bit_length() - 1))


def is_ancestor(node: int, leaf: int) -> bool:
    """Whether `leaf` lies under `node` (a leaf lies under itself)."""
    low, high = span(node)
    return low <= leaf < high


def span(node: int) -> tuple[int, int]:
    """The leaves under a node: (first, one past the last)."""
    height = level(node)
    first = (node - ((1 << height) - 1)) // 2
    return first, first + (1 << height)


def common_ancestor(leaf: int, other: int) -> int:
    """The lowest node above both of two leaves; of a leaf with itself, its own node."""
    return ancestor(leaf, (leaf ^ other).bit_length())
