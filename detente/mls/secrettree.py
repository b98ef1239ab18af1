"""The secret tree (RFC 9420 chapter 9): a key of its own for every message of every member.

The encryption secret of the epoch is the secret of the root.  A node's secret gives those of its two
children and is forgotten; a leaf's gives two ratchets, one for handshake messages and one for
application messages, and is forgotten; a ratchet's secret gives a key and the next secret and is forgotten.
So what is left at any time opens no message that was opened before.

A `SecretTree` never changes: taking a key gives the key and another tree without it.  Whoever finds
that a message was false keeps the tree that he had, so that a forged generation burns nothing.

Two bounds, both per ratchet: a message at most `FORWARD` generations ahead is looked at, and at most
`KEPT` keys of skipped generations are kept, the oldest going first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from detente.crypto.suites import CipherSuite
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.mls.framing import ContentType
from detente.mls.treemath import LeafIndex, NodeIndex, children, is_ancestor, node_of, root

FORWARD = 1_000
KEPT = 256
LAST_GENERATION = 2**32 - 1

HANDSHAKE, APPLICATION = 0, 1
_NAMES = (b"handshake", b"application")

KeyNonce = tuple[bytes, bytes]


def ratchet_of(kind: ContentType) -> int:
    """Which of a member's two ratchets seals content of that type."""
    return APPLICATION if kind == ContentType.APPLICATION else HANDSHAKE


@dataclass(frozen=True, repr=False)
class Ratchet:
    """The secret of the next generation, and keys of skipped ones."""

    secret: bytes
    generation: int = 0
    skipped: Mapping[int, KeyNonce] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class SecretTree:
    """Secrets of nodes that were not needed yet, and the ratchets of leaves that were: (leaf, kind) to ratchet."""

    suite: CipherSuite
    size: int
    nodes: Mapping[NodeIndex, bytes]
    ratchets: Mapping[tuple[LeafIndex, int], Ratchet] = field(default_factory=dict)

    @classmethod
    def new(cls, suite: CipherSuite, size: int, encryption_secret: bytes) -> SecretTree:
        """The tree of an epoch whose ratchet tree has room for `size` leaves."""
        return cls(suite, size, {root(size): encryption_secret})

    def next_generation(self, leaf: LeafIndex, kind: int) -> int:
        """The generation that this leaf's ratchet would give next."""
        ratchet = self.ratchets.get((leaf, kind))
        return 0 if ratchet is None else ratchet.generation

    def take(self, leaf: LeafIndex, kind: int, generation: int) -> tuple[KeyNonce, SecretTree]:
        """The key and nonce of a generation, and the tree that has them no more.

        `NotAuthentic` where the key was used before, `Refused` where it lies too far ahead.
        """
        if not 0 <= leaf < self.size:
            raise NotAuthentic(f"Leaf {leaf} names a place in the group where nobody is.")
        tree = self if (leaf, kind) in self.ratchets else self._expanded(leaf)
        ratchet = tree.ratchets[leaf, kind]
        key_nonce, after = (
            _take_skipped(ratchet, generation)
            if generation < ratchet.generation
            else self._advance(ratchet, generation)
        )
        ratchets = {**tree.ratchets, (leaf, kind): after}
        return key_nonce, SecretTree(self.suite, self.size, tree.nodes, ratchets)

    def _advance(self, ratchet: Ratchet, generation: int) -> tuple[KeyNonce, Ratchet]:
        """Step to a generation that is not behind, keeping the keys between."""
        if generation - ratchet.generation > FORWARD or generation >= LAST_GENERATION:
            # M18, section 9.1
            raise Refused("A message lies too many messages ahead of the last one that came.", rule="mls/generation")
        secret, skipped = ratchet.secret, dict(ratchet.skipped)
        for step in range(ratchet.generation, generation + 1):
            skipped[step] = self._key_nonce(secret, step)
            secret = self.suite.derive_tree_secret(secret, b"secret", step, self.suite.hash_length)
        found = skipped.pop(generation)
        kept = dict(list(skipped.items())[-KEPT:])
        return found, Ratchet(secret, generation + 1, kept)

    def _key_nonce(self, secret: bytes, generation: int) -> KeyNonce:
        suite = self.suite
        key = suite.derive_tree_secret(secret, b"key", generation, suite.key_length)
        return key, suite.derive_tree_secret(secret, b"nonce", generation, suite.nonce_length)

    def _expanded(self, leaf: LeafIndex) -> SecretTree:
        """The tree with the ratchets of a leaf, and without the secrets that they came from."""
        nodes = dict(self.nodes)
        node = next((node for node in nodes if is_ancestor(node, leaf)), None)
        if node is None:
            raise Malformed("The secret tree has no secret for a leaf.")
        secret, size = nodes.pop(node), self.suite.hash_length
        while node % 2:
            before, after = children(node)
            sides = {
                before: self.suite.expand_with_label(secret, b"tree", b"left", size),
                after: self.suite.expand_with_label(secret, b"tree", b"right", size),
            }
            node = before if node_of(leaf) < node else after
            secret = sides.pop(node)
            nodes.update(sides)
        started = {
            (leaf, kind): Ratchet(self.suite.expand_with_label(secret, name, b"", size))
            for kind, name in enumerate(_NAMES)
        }
        return SecretTree(self.suite, self.size, nodes, {**self.ratchets, **started})


def _take_skipped(ratchet: Ratchet, generation: int) -> tuple[KeyNonce, Ratchet]:
    """The key of a generation that was passed over."""
    if generation not in ratchet.skipped:
        # M17, section 9.1
        raise NotAuthentic("A message came a second time, or so late that its key was forgotten.")
    skipped = {at: key_nonce for at, key_nonce in ratchet.skipped.items() if at != generation}
    return ratchet.skipped[generation], Ratchet(ratchet.secret, ratchet.generation, skipped)
