"""What the relay checks of its own store before it says a word: everything, once.

For each line the tree is built again from its entries (each ciphertext hashed), and must give the stored
frontier, every stored checkpoint's root, and a last checkpoint that our key has truly signed.  What no
tree covers has a digest.  The first contradiction is `Unfit` and names the line by its opaque id.
Nothing is repaired: a relay that forgot is filled again by those who hold what it had acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from detente.crypto.hashing import sha256
from detente.ground.errors import DetenteError, Unfit
from detente.ground.identifiers import base32
from detente.relay import digests
from detente.relay.records import size_bucket
from detente.sqlkit.database import Database, Row
from detente.tlog.checkpoint import Checkpoint, open_checkpoint
from detente.tlog.leaf import Leaf, LeafKind
from detente.tlog.merkle import Frontier
from detente.tlog.note import Note, VerifierKey

_KEY_BYTES = 32


def split_keys(joined: bytes) -> frozenset[bytes]:
    """The keys in a row of `line`."""
    return frozenset(joined[start : start + _KEY_BYTES] for start in range(0, len(joined), _KEY_BYTES))


@dataclass
class Audit:
    """One pass over a store.  `rehash_last` bounds the ciphertexts read for each line; None reads all."""

    verifier_key: VerifierKey
    origin_prefix: str
    rehash_last: int | None = None
    sentence: str = field(default="Nothing was verified.", init=False)
    """What was done, once `verify` has returned."""

    def verify(self, database: Database) -> None:
        """Return if the store contradicts itself nowhere, else raise `Unfit`.  A new store is given its owner."""
        self._check_owner(database)
        entries = 0
        lines = list(database.rows("SELECT number, name, founded, writers, digest FROM line ORDER BY number"))
        for number, name, founded, writers, digest in lines:
            if digest != digests.line(name, founded, writers):
                raise _damaged(name, "its keys are not the ones that were written")
            try:
                entries += self._check_line(database, number, name)
            except Unfit:
                raise
            except DetenteError as error:
                raise _damaged(name, "something in it cannot be read") from error
        items = self._check_mail(database)
        scope = (
            "each with its ciphertext"
            if self.rehash_last is None
            else (f"ciphertexts of the last {self.rehash_last} of each line only")
        )
        self.sentence = f"Verified {len(lines)} lines with {entries} entries ({scope}) and {items} items of mail."

    def _check_owner(self, database: Database) -> None:
        owner = (self.origin_prefix, self.verifier_key.public)
        found = database.row("SELECT origin, key FROM relay WHERE only_row = 1")
        if found is None:
            if database.row("SELECT 1 FROM line") is not None:
                raise Unfit("The relay store is damaged: it does not say whose it is.")
            database.execute("INSERT INTO relay VALUES (1, ?, ?)", owner)
        elif found != owner:
            raise Unfit(f"This store belongs to the relay {found[0]!r} with another checkpoint key, or is damaged.")

    def _check_line(self, database: Database, number: int, name: str) -> int:
        head = database.row("SELECT epoch, size, time, frontier, digest FROM head WHERE line = ?", (number,))
        if head is None or head[4] != digests.head(name, *head[:4]):
            raise _damaged(name, "its head is missing or not the one that was written")
        epoch, size, time, frontier, _ = head
        notes = _Notes(database, number, name, f"{self.origin_prefix}/l/{name}")
        grown, last_epoch, last_time = Frontier(), 0, 0
        notes.check(grown)
        first_read = 0 if self.rehash_last is None else max(0, size - self.rehash_last)
        for row in _entries(database, number, first_read):
            leaf = _check_entry(row, name, grown.size, last_time)
            grown.append(leaf.hash())
            last_time, last_epoch = leaf.time_ms, leaf.epoch + (leaf.kind is LeafKind.COMMIT)
            notes.check(grown)
        if (grown.encode(), grown.size, last_time, last_epoch) != (frontier, size, time, epoch):
            raise _damaged(name, f"its {grown.size} entries do not give the head that was written")
        notes.check_end(size, self.verifier_key)
        self._check_cosignatures(database, number, name)
        return grown.size

    def _check_cosignatures(self, database: Database, number: int, name: str) -> None:
        rows = database.rows("SELECT writer, size, root, text, digest FROM cosignature WHERE line = ?", (number,))
        for *row, digest in rows:
            if digest != digests.cosignature(name, *row):
                raise _damaged(name, "a cosignature is not the one that was written")

    def _check_mail(self, database: Database) -> int:
        items = 0
        for number, address, key, following in list(database.rows("SELECT number, address, key, next FROM box")):
            if address != base32(sha256(key)):
                raise Unfit("The relay store is damaged: a mail box does not belong to its address.")
            for item, tag, sealed, digest in database.rows(
                "SELECT number, tag, sealed, digest FROM mail WHERE box = ?", (number,)
            ):
                if digest != digests.mail(address, item, tag, sealed) or item >= following:
                    raise Unfit(f"The relay store is damaged: item {item} of box {address} is not what was posted.")
                items += 1
        return items


class _Notes:
    """The checkpoints of one line, compared as its tree grows past them."""

    def __init__(self, database: Database, number: int, name: str, origin: str) -> None:
        self._name = name
        self._origin = origin
        self._rows = database.rows("SELECT size, note, digest FROM checkpoint WHERE line = ? ORDER BY size", (number,))
        self._next = next(self._rows, None)
        self._last: tuple[int, str] | None = None

    def check(self, grown: Frontier) -> None:
        """Compare the checkpoint over exactly these entries, if there is one."""
        if self._next is None or self._next[0] != grown.size:
            return
        size, note, digest = self._next
        text = Checkpoint(self._origin, size, grown.root()).encode()
        if digest != digests.checkpoint(self._name, size, note) or Note.parse(note).text != text:
            raise _damaged(self._name, f"its checkpoint over {size} entries is not over these entries")
        self._last = (size, note)
        self._next = next(self._rows, None)

    def check_end(self, size: int, key: VerifierKey) -> None:
        """The last checkpoint covers the whole line, and our key has signed it."""
        if self._next is not None or self._last is None or self._last[0] != size:
            raise _damaged(self._name, "its last checkpoint does not cover it exactly")
        open_checkpoint(self._last[1], key, origin=self._origin)


def _entries(database: Database, number: int, first_read: int) -> Iterator[Row]:
    """The entries in order, with the ciphertext, or without it below `first_read`."""
    return database.rows(
        "SELECT e.position, e.kind, e.epoch, e.time, e.bucket, e.hash, e.tag, e.leaf_hash, length(c.bytes),"
        " CASE WHEN e.position >= ? THEN c.bytes END"
        " FROM entry AS e LEFT JOIN ciphertext AS c USING (line, position) WHERE e.line = ? ORDER BY e.position",
        (first_read, number),
    )


def _check_entry(row: Row, name: str, place: int, last_time: int) -> Leaf:
    position, kind, epoch, time, bucket, content, tag, leaf_hash, length, ciphertext = row
    if position != place:
        raise _damaged(name, f"entry {place} is missing")
    leaf = Leaf(LeafKind(kind), epoch, time, bucket, content, tag) if kind in (0, 1) else None
    if leaf is None or leaf.hash() != leaf_hash or time < last_time:
        raise _damaged(name, f"entry {place} is not the one that was written")
    if length is None or bucket != size_bucket(length) or (ciphertext is not None and sha256(ciphertext) != content):
        raise _damaged(name, f"the ciphertext of entry {place} is missing or not the one that was written")
    return leaf


def _damaged(name: str, what: str) -> Unfit:
    return Unfit(f"The relay store is damaged at line {name}: {what}.")
