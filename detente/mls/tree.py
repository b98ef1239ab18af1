"""The public ratchet tree (RFC 9420 chapters 4 and 7): who is where, and with which public keys.

A `RatchetTree` never changes: every operation gives another tree.  Nodes lie in a tuple in the order of
`treemath`; a blank node is None.  The hash of each subtree is kept beside the nodes and handed on: a
change forgets the hashes from the changed nodes up to the root and no others (a memory of what the nodes
say already, so two trees with the same nodes are the same tree).

    resolution(node)      the nodes whose keys reach everyone under `node`        4.1.1
    filtered_path(leaf)   the ancestors that a path gives new keys to             4.1.2
    add, update, remove   what proposals do to the tree                           12.1.1-12.1.3, 7.7
    node_hash             the tree hash of a subtree                              7.8
    check_parent_hashes   that every key above the leaves was put there by one    7.9.2
                          who knew all that lies under it
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from detente.crypto.suites import CipherSuite
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.mls.treemath import (
    LeafIndex,
    NodeIndex,
    children,
    copath,
    direct_path,
    is_ancestor,
    leaf_indices,
    leaf_of,
    level,
    node_indices,
    node_of,
    node_width,
    parent,
    parent_indices,
    root,
    span,
)
from detente.mls.types import LeafNode, LeafSource, Node, ParentNode, values
from detente.wire.tls import Reader, optional, uint, vector, whole

_LEAF, _PARENT = b"\1", b"\2"


def _encode_node(node: Node | None) -> bytes:
    if node is None:
        return optional(None)
    return optional((_LEAF if isinstance(node, LeafNode) else _PARENT) + node.encode())


def _read_node(reader: Reader) -> Node:
    match reader.uint(1):
        case 1:
            return LeafNode.read(reader)
        case 2:
            return ParentNode.read(reader)
        case _:
            raise Malformed("A node of the tree is neither a leaf nor a parent.")


class RatchetTree:
    """An immutable tree of public keys under one cipher suite.

    `size` is how many leaves there is room for, a power of two; `root` is the root's node index.
    """

    def __init__(
        self,
        suite: CipherSuite,
        nodes: Iterable[Node | None],
        hashes: list[bytes | None] | None = None,
        checked: _Checked | None = None,
    ) -> None:
        self.suite = suite
        self.nodes = tuple(nodes)
        self.size = (len(self.nodes) + 1) // 2
        self.root = root(self.size)
        self._hashes: list[bytes | None] = [None] * len(self.nodes) if hashes is None else hashes
        self._checked = checked
        self._paths: dict[LeafIndex, tuple[tuple[NodeIndex, NodeIndex], ...]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RatchetTree) and (self.suite, self.nodes) == (other.suite, other.nodes)

    def __hash__(self) -> int:
        return hash((self.suite.number, self.nodes))

    # --- looking -----------------------------------------------------------------------------------

    @cached_property
    def leaves(self) -> tuple[tuple[LeafIndex, LeafNode], ...]:
        """The members: leaf index and leaf, in order."""
        found = zip(leaf_indices(self.size), self.nodes[::2], strict=True)
        return tuple((leaf, node) for leaf, node in found if isinstance(node, LeafNode))

    def leaf(self, leaf: LeafIndex) -> LeafNode | None:
        """The leaf at that place, if somebody is there."""
        node = self.nodes[node_of(leaf)] if 0 <= leaf < self.size else None
        return node if isinstance(node, LeafNode) else None

    def member(self, leaf: LeafIndex) -> LeafNode:
        """The leaf at that place, or `NotAuthentic`: nobody can have signed from an empty place."""
        node = self.leaf(leaf)
        if node is None:
            # M14, section 6.3.2
            raise NotAuthentic(f"Leaf {leaf} names a place in the group where nobody is.")
        return node

    def parent_node(self, node: NodeIndex) -> ParentNode | None:
        """The node above leaves at that index, if it is not blank."""
        found = self.nodes[node]
        return found if isinstance(found, ParentNode) else None

    def resolution(self, node: NodeIndex) -> tuple[NodeIndex, ...]:
        """The shortest list of non-blank nodes that reaches every member under `node` (4.1.1)."""
        found = self.nodes[node]
        if isinstance(found, LeafNode):
            return (node,)
        if isinstance(found, ParentNode):
            return (node, *(node_of(leaf) for leaf in found.unmerged_leaves))
        if node % 2 == 0:
            return ()
        before, after = children(node)
        return self.resolution(before) + self.resolution(after)

    def filtered_path(self, leaf: LeafIndex) -> tuple[tuple[NodeIndex, NodeIndex], ...]:
        """The direct path with, for each node, its child off the path; without those whose child is empty (4.1.2)."""
        known = self._paths.get(leaf)
        if known is None:
            pairs = zip(direct_path(leaf, self.size), copath(leaf, self.size), strict=True)
            known = tuple(pair for pair in pairs if self.nodes[pair[1]] is not None or self.resolution(pair[1]))
            self._paths[leaf] = known
        return known

    @cached_property
    def encoded(self) -> bytes:
        """The content of the ratchet_tree extension (12.4.3.3): it does not end in blanks."""
        end = max((index for index, node in enumerate(self.nodes) if node is not None), default=-1) + 1
        return values(_encode_node(node) for node in self.nodes[:end])

    # --- changing ----------------------------------------------------------------------------------

    def with_nodes(self, changes: Mapping[NodeIndex, Node | None]) -> RatchetTree:
        """The tree with other nodes at these indices."""
        nodes, hashes = list(self.nodes), self._hashes.copy()
        for index, node in changes.items():
            nodes[index] = node
            _forget(hashes, index, self.root)
        checked = None if self._checked is None else self._checked.with_changed(changes)
        return RatchetTree(self.suite, nodes, hashes, checked)

    def add(self, leaf_node: LeafNode) -> tuple[RatchetTree, LeafIndex]:
        """The tree with a new member in the leftmost empty place, and that place (12.1.1)."""
        leaf = next(
            (leaf for leaf in leaf_indices(self.size) if self.nodes[node_of(leaf)] is None), LeafIndex(self.size)
        )
        grown = self if leaf < self.size else self._extended()
        changes: dict[NodeIndex, Node | None] = {node_of(leaf): leaf_node}
        for index in direct_path(leaf, grown.size):
            node = grown.parent_node(index)
            if node is not None:
                unmerged = tuple(sorted({*node.unmerged_leaves, leaf}))
                changes[index] = ParentNode(node.encryption_key, node.parent_hash, unmerged)
        return grown.with_nodes(changes), leaf

    def update(self, leaf: LeafIndex, leaf_node: LeafNode) -> RatchetTree:
        """The tree with another leaf at that place and nothing above it (12.1.2)."""
        return self.with_nodes({node_of(leaf): leaf_node, **dict.fromkeys(direct_path(leaf, self.size))})

    def remove(self, leaf: LeafIndex) -> RatchetTree:
        """The tree without that member and what its member knew; empty right halves fall away (12.1.3, 7.7)."""
        tree = self.with_nodes({node_of(leaf): None, **dict.fromkeys(direct_path(leaf, self.size))})
        return tree.trimmed()

    def trimmed(self) -> RatchetTree:
        """The tree without right halves in which nobody is (7.7)."""
        keep = self.size
        while keep > 1 and all(node is None for node in self.nodes[keep : node_width(keep) : 2]):
            keep //= 2
        width = node_width(keep)
        if width == len(self.nodes):
            return self
        checked = self._checked if all(node is None for node in self.nodes[width:]) else None
        return RatchetTree(self.suite, self.nodes[:width], self._hashes[:width], checked)

    def _extended(self) -> RatchetTree:
        """The tree with twice the room."""
        blanks: list[None] = [None] * (len(self.nodes) + 1)
        return RatchetTree(self.suite, (*self.nodes, *blanks), [*self._hashes, *blanks], self._checked)

    # --- hashes ------------------------------------------------------------------------------------

    @property
    def tree_hash(self) -> bytes:
        """The hash of the whole tree (7.8)."""
        return self.node_hash(self.root)

    def node_hash(self, node: NodeIndex) -> bytes:
        """The tree hash of the subtree under `node` (7.8)."""
        known = self._hashes[node]
        if known is None:
            below: tuple[bytes, ...] = ()
            if node % 2:
                before, after = children(node)
                below = self.node_hash(before), self.node_hash(after)
            known = self._hashes[node] = self._digest(node, self.nodes[node], below)
        return known

    def _original_hash(self, node: NodeIndex, without: Collection[LeafIndex]) -> bytes:
        """The tree hash as it would be if the leaves in `without` had never been added (7.9)."""
        low, high = span(node)
        inside = [leaf for leaf in without if low <= leaf < high]
        if not inside:
            return self.node_hash(node)
        if node % 2 == 0:
            return self._digest(node, None, ())
        found = self.nodes[node]
        if isinstance(found, ParentNode):
            unmerged = tuple(leaf for leaf in found.unmerged_leaves if leaf not in inside)
            found = ParentNode(found.encryption_key, found.parent_hash, unmerged)
        return self._digest(node, found, tuple(self._original_hash(child, inside) for child in children(node)))

    def _digest(self, node: NodeIndex, found: Node | None, below: tuple[bytes, ...]) -> bytes:
        """TreeHashInput (7.8), hashed: the node as it is or was, and the hashes of its children."""
        body = optional(None if found is None else found.encode())
        if node % 2 == 0:
            return self.suite.hash(_LEAF + uint(leaf_of(node), 4) + body)
        return self.suite.hash(b"".join((_PARENT, body, *map(vector, below))))

    def parent_hash(self, node: NodeIndex, beside: NodeIndex) -> bytes:
        """The hash by which a child vouches for its parent at `node`, whose other child is `beside` (7.9)."""
        found = self.parent_node(node)
        if found is None:
            raise Malformed("A blank node has no parent hash.")
        return self.hash_of_parent(found, beside)

    def hash_of_parent(self, node: ParentNode, beside: NodeIndex) -> bytes:
        """The same for a node that is not in the tree yet."""
        unmerged = node.unmerged_leaves
        original = self._original_hash(beside, unmerged) if unmerged else self.node_hash(beside)
        return self.suite.hash(b"".join((vector(node.encryption_key), vector(node.parent_hash), vector(original))))

    def check_parent_hashes(self) -> None:
        """Every node above the leaves is vouched for by one child (7.9.2), or `NotAuthentic`; after `check_whole`."""
        for index in parent_indices(self.size):
            node = self.parent_node(index)
            if node is not None and not any(self._vouches(index, node, *sides) for sides in _sides(index)):
                # M67, section 7.9.2
                raise NotAuthentic("A key in the group's tree was not put there by one who could know it.")

    def _vouches(self, index: NodeIndex, node: ParentNode, child: NodeIndex, beside: NodeIndex) -> bool:
        """Whether a node in the resolution of `child` carries the parent hash of `node`, and only it was there then."""
        expected = self.parent_hash(index, beside)
        reached = self.resolution(child)
        unmerged = {node_of(leaf) for leaf in node.unmerged_leaves if is_ancestor(child, leaf)}
        return any(_parent_hash_of(self.nodes[one]) == expected and unmerged == set(reached) - {one} for one in reached)

    # --- as it came from outside ---------------------------------------------------------------------

    @classmethod
    def read(cls, suite: CipherSuite, raw: bytes) -> RatchetTree:
        """The content of a ratchet_tree extension: well formed, and filled up with blanks to a whole tree."""
        nodes = whole(raw, lambda reader: reader.items(lambda inner: inner.optional(_read_node)))
        if not nodes or nodes[-1] is None:
            # M66, section 12.4.3.3
            raise Malformed("A group's tree is empty or ends in an empty place.")
        if any(node is not None and isinstance(node, LeafNode) != (at % 2 == 0) for at, node in enumerate(nodes)):
            raise Malformed("A group's tree has a leaf where a parent belongs, or the other way.")
        size = 1
        while node_width(size) < len(nodes):
            size *= 2
        return cls(suite, (*nodes, *([None] * (node_width(size) - len(nodes)))))

    def check_whole(self) -> None:
        """What must hold of a tree as a whole (12.4.3.1, 7.3): keys, unmerged leaves, credentials.

        No key stands twice or is unfit, unmerged leaves are where they say, all can judge all.  A tree that
        came from one that was found whole is asked only for what changed since.
        """
        before = self._checked or _NOTHING
        changed = before.changed if self._checked else frozenset(node_indices(self.size))
        gone = [node for at in changed if at < len(before.nodes) and (node := before.nodes[at]) is not None]
        come = [node for at in changed if at < len(self.nodes) and (node := self.nodes[at]) is not None]
        left, entered = ([node for node in some if isinstance(node, LeafNode)] for some in (gone, come))
        keys = self._check_keys(before.keys, gone, come)
        signers = _check_signers(before.signers, left, entered)
        self._check_unmerged(_upward(before.changed, self.root) if self._checked else parent_indices(self.size))
        kinds = self._check_credentials(before.kinds, entered)
        self._checked = _Checked(self.nodes, keys, signers, kinds)

    def _check_keys(self, before: _Distinct, gone: Collection[Node], come: Collection[Node]) -> _Distinct:
        """The encryption keys after `gone` gave way to `come`."""
        # M54, section 7.3, 12.4.2
        twice = "Two nodes of the group's tree have the same encryption key."
        keys = before.changed((node.encryption_key for node in gone), (node.encryption_key for node in come), twice)
        for node in come:
            self.suite.hpke.check_public(node.encryption_key)
        return keys

    def _check_unmerged(self, indices: Iterable[NodeIndex]) -> None:
        """The unmerged leaves of these nodes: those that changed, and all above them."""
        for index in indices:
            node = self.nodes[index]
            for leaf in node.unmerged_leaves if isinstance(node, ParentNode) else ():
                self._check_unmerged_leaf(index, leaf)

    def _check_unmerged_leaf(self, index: NodeIndex, leaf: LeafIndex) -> None:
        if not is_ancestor(index, leaf) or self.leaf(leaf) is None:
            # M68, section 7.1
            raise Malformed("A node of the group's tree lists a leaf that is not under it.")
        for between in direct_path(leaf, self.size):
            if level(between) < level(index) and leaf not in _unmerged_of(self.nodes[between], leaf):
                # M69, section 7.1
                raise Malformed("A node of the group's tree forgets a leaf that a node above it lists.")

    def _check_credentials(self, kinds: frozenset[int], entered: Collection[LeafNode]) -> frozenset[int]:
        """The kinds of credentials in use: a new kind is asked of everybody, the known ones of those who came."""
        if {leaf.credential.type for leaf in entered} <= kinds and all(
            kinds.issubset(leaf.capabilities.credentials) for leaf in entered
        ):
            return kinds
        members = [leaf for _, leaf in self.leaves]
        used = frozenset(leaf.credential.type for leaf in members)
        if not all(used.issubset(leaf.capabilities.credentials) for leaf in members):
            # M26, section 7.3
            raise Refused("A member cannot judge the credential of another.", rule="mls/capabilities")
        return used


class _Distinct:
    """Values of which none stands twice, as a large set that many trees share and what is different in this one."""

    def __init__(
        self,
        base: frozenset[bytes] = frozenset(),
        less: frozenset[bytes] = frozenset(),
        more: frozenset[bytes] = frozenset(),
    ) -> None:
        self._base, self._less, self._more = base, less, more

    def changed(self, gone: Iterable[bytes], come: Iterable[bytes], twice: str) -> _Distinct:
        """Without `gone`, which are in it, and with `come`; if one would stand twice, `Refused` with that sentence."""
        left, new = set(gone), list(come)
        more, less = self._more - left, self._less | (left - self._more)
        entered = frozenset(new)
        if len(entered) < len(new) or entered & more or (entered & self._base) - less:
            raise Refused(twice, rule="mls/unique-keys")
        more |= entered
        if len(less) + len(more) > _LOOSE:
            return _Distinct((self._base - less) | more)
        return _Distinct(self._base, less, more)


_LOOSE = 128
"""How many differences are kept beside the large set before it is made anew."""


@dataclass(frozen=True)
class _Checked:
    """A tree that was found whole, and which of its nodes changed since."""

    nodes: tuple[Node | None, ...]
    keys: _Distinct
    signers: _Distinct
    kinds: frozenset[int]
    changed: frozenset[NodeIndex] = frozenset()

    def with_changed(self, indices: Iterable[NodeIndex]) -> _Checked:
        """The same after more changes."""
        return replace(self, changed=self.changed.union(indices))


_NOTHING = _Checked((), _Distinct(), _Distinct(), frozenset())


def _check_signers(before: _Distinct, left: Iterable[LeafNode], entered: Iterable[LeafNode]) -> _Distinct:
    """The signature keys of the members after some left and others entered."""
    # M55, section 7.3
    twice = "Two members of the group have the same signature key."
    return before.changed((leaf.signature_key for leaf in left), (leaf.signature_key for leaf in entered), twice)


def _upward(nodes: Iterable[NodeIndex], top: NodeIndex) -> set[NodeIndex]:
    """These nodes and all above them, as far as they lie in the tree."""
    found: set[NodeIndex] = set()
    for node in nodes:
        at = node
        while at <= 2 * top and at not in found:
            found.add(at)
            at = top if at == top else parent(at)
    return found


def _sides(node: NodeIndex) -> tuple[tuple[NodeIndex, NodeIndex], tuple[NodeIndex, NodeIndex]]:
    """Each child with the other one; the right one first, where those are who came last and committed last."""
    before, after = children(node)
    return (after, before), (before, after)


def _parent_hash_of(node: Node | None) -> bytes:
    """The parent hash that a node carries; empty where it carries none."""
    if isinstance(node, LeafNode):
        return node.parent_hash if node.source == LeafSource.COMMIT else b""
    return node.parent_hash if node is not None else b""


def _unmerged_of(node: Node | None, leaf: LeafIndex) -> tuple[LeafIndex, ...]:
    """The unmerged leaves of a parent; a blank one contradicts nothing."""
    return node.unmerged_leaves if isinstance(node, ParentNode) else (leaf,)


def _forget(hashes: list[bytes | None], node: NodeIndex, top: NodeIndex) -> None:
    """Forget the hashes of a node and of all above it; above one that is forgotten, all are."""
    while hashes[node] is not None:
        hashes[node] = None
        if node != top:
            node = parent(node)
