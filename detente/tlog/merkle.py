"""Merkle trees of RFC 6962: what a log has said, in 32 bytes, and proofs about it.

The tree over n > 1 leaves splits at the largest power of two below n, so that a log that grows never
changes a complete subtree.  Two consequences carry this file:

* Node `i` of level `k` stands for the leaves [i * 2^k, (i + 1) * 2^k) once these all exist, and then
  for good.  `Tree` keeps exactly those, one byte array per level: appending is one leaf and, on
  average, one node hash; the root of *any* past size, and every proof, is put together from O(log n)
  kept nodes.
* Where a size is not a power of two the right edge is ragged: the complete subtrees that the bits of
  the size name, folded from the right.  `Frontier` keeps only these: at most 63 hashes to go on
  appending, and no proofs.

A leaf is hashed with 0x00 before it and a node with 0x01, so that neither can pose as the other.

Verifying is strict: sizes, the number of hashes and each hash's length are looked at *before* anything
is hashed (`Malformed`), and only then is the root recomputed (`NotAuthentic`).  A tree of no leaves
proves nothing about its successors, so consistency is asked from size 1 on.  Sizes stay below 2^63.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from detente.ground.errors import Malformed, NotAuthentic
from detente.wire import tls

HASH_BYTES: Final = 32
LARGEST_SIZE: Final = 2**63 - 1
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """The hash of one entry (RFC 6962 section 2.1): 32 bytes."""
    return hashlib.sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours (RFC 6962 section 2.1): 32 bytes."""
    return hashlib.sha256(_NODE + left + right).digest()


# --- building -----------------------------------------------------------------------------------


class Tree:
    """A log's tree with all its leaf hashes and complete nodes: about 64 bytes for each leaf.

    `Tree(hashes)` begins with these leaf hashes.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels = [bytearray()]
        for one in leaf_hashes:
            self.append(one)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf_hash: bytes) -> int:
        """Add a leaf by its hash; gives its index.  `Malformed` unless it has 32 bytes."""
        _check_hash(leaf_hash)
        row = self._levels[0]
        row += leaf_hash
        position = self.size
        level = 0
        while not position >> level & 1:
            level += 1
            pair = row[-2 * HASH_BYTES :]
            if level == len(self._levels):
                self._levels.append(bytearray())
            row = self._levels[level]
            row += hashlib.sha256(_NODE + pair).digest()
        return position - 1

    def leaf(self, index: int) -> bytes:
        """The leaf hash at `index`; `Malformed` if there is none."""
        _check_index(index, self.size)
        return self._node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` leaves, by default over all; `Malformed` if there are fewer."""
        size = self._check_size(self.size if size is None else size)
        return self._ragged(size, size.bit_length()) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """The proof that leaf `index` is in the tree of `size` leaves (RFC 6962 section 2.1.1)."""
        size = self._check_size(self.size if size is None else size)
        _check_index(index, size)
        return self._path(0, index, size)

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        """The proof that the tree of `old` leaves became that of `new` leaves (RFC 6962 section 2.1.2)."""
        new = self._check_size(self.size if new is None else new)
        _check_sizes(old, new)
        if old == new:
            return ()
        level = _trailing_zeros(old)
        index = (old >> level) - 1
        seed = (self._node(level, index),) if index else ()
        return seed + self._path(level, index, new)

    def _node(self, level: int, index: int) -> bytes:
        return bytes(self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def _ragged(self, size: int, below: int) -> bytes:
        """The root of the last leaves up to `size`, those which the lowest `below` bits of `size` count."""
        total = b""
        for level in range(below):
            if size >> level & 1:
                node = self._node(level, (size >> level) - 1)
                total = node_hash(node, total) if total else node
        return total

    def _path(self, level: int, index: int, size: int) -> tuple[bytes, ...]:
        """The siblings from node `index` of `level` up to the root of the tree of `size` leaves."""
        path: list[bytes] = []
        while 1 << level < size:
            sibling = index ^ 1
            if sibling + 1 << level <= size:
                path.append(self._node(level, sibling))
            elif sibling << level < size:
                path.append(self._ragged(size, level))
            level, index = level + 1, index >> 1
        return tuple(path)

    def _check_size(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise Malformed(f"This log has {self.size} entries; nothing can be said about {size}.")
        return size


class Frontier:
    """The right edge of a tree: enough to append and to know the root, and at most 63 hashes."""

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[bytes] = []  # roots of the complete subtrees, the largest first

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    def append(self, leaf_hash: bytes) -> int:
        """Add a leaf by its hash; gives its index.  `Malformed` unless it has 32 bytes."""
        node = _check_hash(leaf_hash)
        for _ in range(_trailing_zeros(self._size + 1)):
            node = node_hash(self._peaks.pop(), node)
        self._peaks.append(node)
        self._size += 1
        return self._size - 1

    def root(self) -> bytes:
        """The root over all leaves."""
        if not self._peaks:
            return EMPTY_ROOT
        total = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            total = node_hash(peak, total)
        return total

    def copy(self) -> Frontier:
        """A frontier that goes its own way, for a batch that may yet be given up."""
        other = Frontier()
        other._size, other._peaks = self._size, self._peaks.copy()
        return other

    def encode(self) -> bytes:
        """The size as u64, then the hashes, the largest subtree's first."""
        return tls.uint(self._size, 8) + b"".join(self._peaks)

    @classmethod
    def decode(cls, raw: bytes) -> Frontier:
        """What `encode` wrote; `Malformed` for everything else."""
        reader = tls.Reader(raw)
        found = cls()
        found._size = reader.uint(8)
        if found._size > LARGEST_SIZE:
            raise Malformed("A log cannot be that long.")
        found._peaks = [reader.take(HASH_BYTES) for _ in range(found._size.bit_count())]
        reader.end()
        return found


# --- verifying ----------------------------------------------------------------------------------


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if `proof` shows that the leaf is number `index` of the `size` leaves under `root`.

    RFC 9162 section 2.1.3.2.  `Malformed` if the proof cannot be one for this place, `NotAuthentic` if it is false.
    """
    _check_index(index, size)
    _check_proof(proof, inclusion_length(index, size), leaf_hash, root)
    inner = _inner(index, size)
    climbed = _climb(leaf_hash, index, proof[:inner])
    if _edge(climbed, proof[inner:]) != root:
        raise NotAuthentic("The proof does not show that this entry is in the log.")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Return if `proof` shows that the old log is the beginning of the new one.

    RFC 9162 section 2.1.4.2.  `Malformed` if the proof cannot be one for these sizes, `NotAuthentic` if it is false.
    """
    _check_sizes(old_size, new_size)
    _check_proof(proof, consistency_length(old_size, new_size), old_root, new_root)
    if old_size == new_size:
        if old_root != new_root:
            raise NotAuthentic("Two different roots are claimed for one size of the log.")
        return
    level = _trailing_zeros(old_size)
    index = (old_size >> level) - 1  # of the last complete subtree of the old log, whose sibling comes first
    seed, rest = (proof[0], proof[1:]) if index else (old_root, proof)
    inner = _inner(old_size - 1, new_size) - level
    old = _edge(_climb_left(seed, index, rest[:inner]), rest[inner:])
    new = _edge(_climb(seed, index, rest[:inner]), rest[inner:])
    if old != old_root or new != new_root:
        raise NotAuthentic("The proof does not show that the log only grew.")


def inclusion_length(index: int, size: int) -> int:
    """How many hashes the one proof for this place has; `Malformed` if the place does not exist."""
    _check_index(index, size)
    inner = _inner(index, size)
    return inner + (index >> inner).bit_count()


def consistency_length(old_size: int, new_size: int) -> int:
    """How many hashes the one proof between these sizes has; `Malformed` unless 1 <= old <= new."""
    _check_sizes(old_size, new_size)
    if old_size == new_size:
        return 0
    level = _trailing_zeros(old_size)
    power_of_two = old_size == 1 << level
    return inclusion_length(old_size - 1, new_size) - level + (not power_of_two)


def _inner(index: int, size: int) -> int:
    """Up to which level a leaf's path runs apart from that of the last leaf."""
    return (index ^ size - 1).bit_length()


def _climb(node: bytes, index: int, path: Sequence[bytes]) -> bytes:
    """Go up past siblings on either side, as the bits of `index` say."""
    for level, sibling in enumerate(path):
        node = node_hash(sibling, node) if index >> level & 1 else node_hash(node, sibling)
    return node


def _climb_left(node: bytes, index: int, path: Sequence[bytes]) -> bytes:
    """Go up past the siblings on the left alone: those that the old log already had."""
    for level, sibling in enumerate(path):
        if index >> level & 1:
            node = node_hash(sibling, node)
    return node


def _edge(node: bytes, path: Sequence[bytes]) -> bytes:
    """Go up the right edge, where every sibling is on the left."""
    for sibling in path:
        node = node_hash(sibling, node)
    return node


def _check_hash(one: bytes) -> bytes:
    if len(one) != HASH_BYTES:
        raise Malformed(f"A hash of the log has {HASH_BYTES} bytes, not {len(one)}.")
    return one


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size <= LARGEST_SIZE:
        raise Malformed(f"A log of {size} entries has no entry {index}.")


def _check_sizes(old: int, new: int) -> None:
    if not 0 < old <= new <= LARGEST_SIZE:
        raise Malformed(f"A log of {old} entries cannot be shown to have become one of {new}.")


def _check_proof(proof: Sequence[bytes], length: int, *others: bytes) -> None:
    if len(proof) != length:
        raise Malformed(f"The proof has {len(proof)} hashes where {length} belong.")
    for one in (*proof, *others):
        _check_hash(one)


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1
