"""Mail: sealed items for somebody who is not in a line yet (key packages, welcomes), or not any more.

A box belongs to a key, and its address is the hash of that key, so that nobody can open a box under an
address that was given out by another.  Whoever knows the address may post; only the owner takes and drops.
Items are numbered from 0 and a number is never used twice.  The tag makes posting safe to repeat for as
long as the item lies there; after that a repetition is delivered again, and its reader knows it by its contents.
"""

from __future__ import annotations

from collections.abc import Callable

from detente.crypto.hashing import sha256
from detente.crypto.signing import check_ed25519_key
from detente.ground.errors import Conflict, Refused
from detente.ground.identifiers import base32
from detente.relay import digests
from detente.relay.limits import Limits
from detente.relay.records import Mail, unknown
from detente.sqlkit.database import Database

TAG_BYTES = 32


def address_of(key: bytes) -> str:
    """The address of the box that belongs to an Ed25519 key."""
    return base32(sha256(key))


class Mailbox:
    """The boxes of one relay.  `writing(topic)` begins the group's transaction."""

    def __init__(self, database: Database, limits: Limits, writing: Callable[[str], None]) -> None:
        self._database = database
        self._limits = limits
        self._writing = writing

    def open_box(self, key: bytes) -> str:
        """The address of the owner's box, which is made if it is not there yet."""
        address = address_of(key)
        if self._database.row("SELECT 1 FROM box WHERE address = ?", (address,)) is not None:
            return address
        check_ed25519_key(key)
        count = self._database.row("SELECT count(*) FROM box")
        if count is None or count[0] >= self._limits.boxes:
            raise Refused(
                f"This relay keeps {self._limits.boxes} boxes, and has no room for another.", rule="relay.boxes"
            )
        self._writing(f"m/{address}")
        self._database.execute("INSERT INTO box (address, key, next) VALUES (?, ?, 0)", (address, key))
        return address

    def post(self, box: str, tag: bytes, sealed: bytes) -> int:
        """Put an item into a box; gives its number.  The same tag with the same bytes is the same item.

        Raises `Refused` (no such box, too large, box full) or `Conflict` (the tag is another item's).
        """
        if len(tag) != TAG_BYTES or not sealed:
            raise Refused("An item of mail is not empty, and its tag has 32 bytes.", rule="relay.mail")
        if len(sealed) > self._limits.mail_bytes:
            raise Refused(f"An item of mail has at most {self._limits.mail_bytes} bytes.", rule="relay.mail")
        number, following = self._box(box)
        earlier = self._database.row("SELECT number, sealed FROM mail WHERE box = ? AND tag = ?", (number, tag))
        if earlier is not None:
            if earlier[1] == sealed:
                return int(earlier[0])
            raise Conflict("Another item in this box bears the same tag.")
        self._check_room(number, len(sealed))
        self._writing(f"m/{box}")
        self._database.execute(
            "INSERT INTO mail VALUES (?, ?, ?, ?, ?)",
            (number, following, tag, sealed, digests.mail(box, following, tag, sealed)),
        )
        self._database.execute("UPDATE box SET next = ? WHERE number = ?", (following + 1, number))
        return following

    def _check_room(self, number: int, more: int) -> None:
        row = self._database.row("SELECT count(*), coalesce(sum(length(sealed)), 0) FROM mail WHERE box = ?", (number,))
        items, held = row or (0, 0)
        if items >= self._limits.box_items or held + more > self._limits.box_bytes:
            raise Refused("That box is full until its owner empties it.", rule="relay.mail")

    def take(self, box: str, start: int = 0, limit_bytes: int | None = None) -> list[Mail]:
        """The waiting items from number `start` on: as many as `limit_bytes` allow, but always one."""
        number, _ = self._box(box)
        most = self._limits.page_bytes if limit_bytes is None else limit_bytes
        taken: list[Mail] = []
        total = 0
        rows = self._database.rows(
            "SELECT number, tag, sealed FROM mail WHERE box = ? AND number >= ? ORDER BY number", (number, start)
        )
        for item in rows:
            mail = Mail(*item)
            total += len(mail.sealed)
            if taken and total > most:
                break
            taken.append(mail)
        return taken

    def drop(self, box: str, through: int) -> None:
        """Forget the items up to and including number `through`."""
        number, _ = self._box(box)
        waiting = self._database.row("SELECT 1 FROM mail WHERE box = ? AND number <= ?", (number, through))
        if waiting is None:
            return
        self._writing(f"m/{box}")
        self._database.execute("DELETE FROM mail WHERE box = ? AND number <= ?", (number, through))

    def next_number(self, box: str) -> int:
        """The number that the next item will have."""
        return self._box(box)[1]

    def _box(self, box: str) -> tuple[int, int]:
        row = self._database.row("SELECT number, next FROM box WHERE address = ?", (box,))
        if row is None:
            raise unknown()
        return int(row[0]), int(row[1])
