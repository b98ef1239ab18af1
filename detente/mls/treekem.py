"""TreeKEM (RFC 9420 sections 7.4-7.6): how a commit's path carries a new secret to everyone but the removed.

The committer draws a secret, derives one from it for each node of its filtered direct path, puts the
public keys into its path, and seals the secret of each node to the members under that node's other
child.  A receiver opens the one that is sealed to it, derives the rest, and finds the same public keys.
The secret after the last is the commit secret.

    path_secret[0] = drawn;  path_secret[n+1] = DeriveSecret(path_secret[n], "path")
    the key pair of a node  = DeriveKeyPair(DeriveSecret(path_secret, "node"))

`Keys` are a member's private keys: node index to private key, for its own leaf and for the nodes above
it whose secret it has learned.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from detente.crypto.suites import CipherSuite
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.mls.leaves import Entropy, Identity, Place, renewed_leaf
from detente.mls.tree import RatchetTree
from detente.mls.treemath import LeafIndex, NodeIndex, direct_path, is_ancestor, leaf_of, node_of
from detente.mls.types import (
    Extensions,
    HpkeCiphertext,
    LeafNode,
    LeafSource,
    Node,
    ParentNode,
    UpdatePath,
    UpdatePathNode,
)

Keys = Mapping[NodeIndex, bytes]

_LABEL = b"UpdatePathNode"


@dataclass(frozen=True, repr=False)
class PathSecrets:
    """The secrets of a path from some node up: (node, path secret, private key, public key) each."""

    steps: tuple[tuple[NodeIndex, bytes, bytes, bytes], ...]
    commit_secret: bytes

    @property
    def keys(self) -> dict[NodeIndex, bytes]:
        """The private keys of these nodes."""
        return {node: private for node, _, private, _ in self.steps}

    @property
    def public_keys(self) -> dict[NodeIndex, bytes]:
        """The public keys of these nodes."""
        return {node: public for node, _, _, public in self.steps}

    def secret_at(self, node: NodeIndex) -> bytes | None:
        """The path secret of a node."""
        return next((secret for at, secret, _, _ in self.steps if at == node), None)


def derive_path(suite: CipherSuite, nodes: Collection[NodeIndex], secret: bytes) -> PathSecrets:
    """The secrets and keys of `nodes`, from the lowest up, where `secret` belongs to the first (7.4)."""
    steps = []
    for node in nodes:
        private, public = suite.hpke.derive_key_pair(suite.derive_secret(secret, b"node"))
        steps.append((node, secret, private, public))
        secret = suite.derive_secret(secret, b"path")
    if not steps:  # alone in the group: nobody has to be told
        secret = suite.derive_secret(secret, b"path")
    return PathSecrets(tuple(steps), secret)


def put_path(
    tree: RatchetTree, leaf: LeafIndex, public_keys: Mapping[NodeIndex, bytes]
) -> tuple[dict[NodeIndex, Node | None], bytes]:
    """The new nodes above `leaf`, chained by parent hashes from the root down, and that of the leaf (7.9)."""
    path = tree.filtered_path(leaf)
    changes: dict[NodeIndex, Node | None] = dict.fromkeys(direct_path(leaf, tree.size))
    parent_hash = b""
    for node, beside in reversed(path):
        new = ParentNode(public_keys[node], parent_hash)
        changes[node] = new
        parent_hash = tree.hash_of_parent(new, beside)
    return changes, parent_hash


def public_keys_of(tree: RatchetTree, leaf: LeafIndex, path: UpdatePath) -> dict[NodeIndex, bytes]:
    """The public keys of a path that came, by node; their number must fit the tree."""
    nodes = tree.filtered_path(leaf)
    if len(nodes) != len(path.nodes):
        # M52, section 7.6
        raise Malformed("The path of a commit does not fit the group's tree.")
    return {node: given.encryption_key for (node, _), given in zip(nodes, path.nodes, strict=True)}


@dataclass(frozen=True, repr=False)
class NewPath:
    """A path that a committer made: the tree with it, the new leaf and its private key, and the secrets above."""

    tree: RatchetTree
    leaf_node: LeafNode
    leaf_private: bytes
    secrets: PathSecrets


def make_path(
    tree: RatchetTree,
    place: Place,
    seed: bytes,
    entropy: Entropy,
    extensions: Extensions,
    *,
    renewed: Identity | None = None,
) -> NewPath:
    """New keys for the leaf at `place` and for its filtered direct path, not sealed to anyone yet (7.4, 7.5).

    `seed` signs the leaf; with `renewed` the leaf shows, and is signed by, that identity from now on.
    """
    suite, old = tree.suite, tree.member(place.leaf)
    if renewed is not None:
        seed = renewed.signature_seed
    nodes = [node for node, _ in tree.filtered_path(place.leaf)]
    secrets = derive_path(suite, nodes, entropy(suite.hash_length))
    leaf_private, leaf_public = suite.hpke.derive_key_pair(entropy(suite.hash_length))
    changes, parent_hash = put_path(tree, place.leaf, secrets.public_keys)
    new = replace(
        old, encryption_key=leaf_public, source=LeafSource.COMMIT, parent_hash=parent_hash, extensions=extensions
    )
    if renewed is not None:
        new = replace(new, credential=renewed.shown, signature_key=suite.signature_public(seed))
    leaf_node = renewed_leaf(suite, old, new, seed, place)
    return NewPath(tree.with_nodes({**changes, node_of(place.leaf): leaf_node}), leaf_node, leaf_private, secrets)


def merge_path(tree: RatchetTree, leaf: LeafIndex, path: UpdatePath) -> RatchetTree:
    """The tree after a path that came (7.5); the leaf must vouch for it by its parent hash (7.9.2)."""
    check_fresh(tree, leaf, path)
    changes, parent_hash = put_path(tree, leaf, public_keys_of(tree, leaf, path))
    if path.leaf_node.parent_hash != parent_hash:
        # M53, section 7.9.2
        raise NotAuthentic("The path of a commit is not the one that its committer signed: its parent hash is false.")
    return tree.with_nodes({**changes, node_of(leaf): path.leaf_node})


def check_fresh(tree: RatchetTree, leaf: LeafIndex, path: UpdatePath) -> None:
    """No key of a path stands where the path itself would take it away; `check_whole` sees to all other places."""
    above = {node.encryption_key for at in direct_path(leaf, tree.size) if (node := tree.nodes[at]) is not None}
    new = {node.encryption_key for node in path.nodes}
    if not above.isdisjoint({*new, path.leaf_node.encryption_key}) or _key(tree, node_of(leaf)) in new:
        # M82, section 12.4.2
        raise Refused("The path of a commit brings a key back that it should replace.", rule="mls/unique-keys")


def seal_path(
    tree: RatchetTree, leaf: LeafIndex, secrets: PathSecrets, context: bytes, newcomers: Collection[LeafIndex]
) -> tuple[UpdatePathNode, ...]:
    """Seal each secret to those under the other child of its node; newcomers are told by their Welcome (7.6).

    `tree` is the tree with the path already in it, `context` the provisional group context.
    """
    nodes = []
    for (_, beside), (_, secret, _, public) in zip(tree.filtered_path(leaf), secrets.steps, strict=True):
        sealed = (
            tree.suite.encrypt_with_label(_key(tree, one), _LABEL, context, secret)
            for one in recipients(tree, beside, newcomers)
        )
        nodes.append(UpdatePathNode(public, tuple(HpkeCiphertext(*pair) for pair in sealed)))
    return tuple(nodes)


def recipients(tree: RatchetTree, beside: NodeIndex, newcomers: Collection[LeafIndex]) -> tuple[NodeIndex, ...]:
    """The nodes to which a secret is sealed: a resolution without the leaves that the same commit added."""
    return tuple(node for node in tree.resolution(beside) if node % 2 or leaf_of(node) not in newcomers)


def check_recipients(tree: RatchetTree, sender: LeafIndex, path: UpdatePath, newcomers: Collection[LeafIndex]) -> None:
    """Every secret of a path is sealed to as many as the tree says, also those that are for others (7.6)."""
    for (_, beside), given in zip(tree.filtered_path(sender), path.nodes, strict=True):
        if len(given.sealed) != len(recipients(tree, beside, newcomers)):
            # M56, section 7.6
            raise Malformed("The path of a commit is not sealed to the members that are in the group.")


@dataclass(frozen=True, repr=False)
class Receiver:
    """A member that opens a path: where it is, what it can open, and who came with this commit."""

    leaf: LeafIndex
    keys: Keys
    newcomers: Collection[LeafIndex]


def open_path(
    tree: RatchetTree, sender: LeafIndex, path: UpdatePath, context: bytes, receiver: Receiver
) -> PathSecrets:
    """The secrets of a path from the lowest node above both, checked against its public keys (7.5, 7.6)."""
    nodes = tree.filtered_path(sender)
    place = next((at for at, (node, _) in enumerate(nodes) if is_ancestor(node, receiver.leaf)), None)
    if place is None or len(nodes) != len(path.nodes):
        raise Malformed("The path of a commit does not reach this member.")
    reached = zip(recipients(tree, nodes[place][1], receiver.newcomers), path.nodes[place].sealed, strict=True)
    mine = next(((one, key) for node, one in reached if (key := receiver.keys.get(node))), None)
    if mine is None:
        raise NotAuthentic("The path of a commit is sealed to keys that this member does not have.")
    sealed, key = mine
    secret = tree.suite.decrypt_with_label(key, _LABEL, context, sealed.kem_output, sealed.ciphertext)
    secrets = derive_path(tree.suite, [node for node, _ in nodes[place:]], secret)
    check_keys(tree, secrets.public_keys)
    return secrets


def check_keys(tree: RatchetTree, public_keys: Mapping[NodeIndex, bytes]) -> None:
    """The tree shows exactly these keys at these nodes, or `NotAuthentic`."""
    for node, public in public_keys.items():
        if _key(tree, node) != public:
            # M57, section 7.5
            raise NotAuthentic("A secret of a commit's path does not belong to the key that the path shows.")


def _key(tree: RatchetTree, node: NodeIndex) -> bytes:
    found = tree.nodes[node]
    if found is None:
        raise Malformed("A blank node of the tree has no key.")
    return found.encryption_key
