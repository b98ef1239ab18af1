"""The relay's journal: it puts what it cannot read into an order, and never takes that back.

A line is a sequence of entries, a set of keys that may write, and a tree over the entries' leaves.  What
makes an append safe to repeat, to race and to interrupt is one sequence of questions, the same for all:

    1 may this key write here?             else unknown    (the same answer as for a line that is not there)
    2 is it shaped and sized as allowed?   else refused
    3 has this tag a place already?        same bytes: that place again; other bytes: conflict
    4 is the line as long as was expected? else conflict   (a commit must say how long)
    5 is it sealed for the present epoch?  else stale      (unless the author insists)

The relay cannot know the epoch; it supposes that the next entry is sealed in the epoch of the last one,
or the next epoch after a commit.  That spares an author a void place in the log.  Where the supposition
is wrong (the members found a commit void), whoever has read everything insists, and is believed from then on.

Everything done inside `group` becomes durable with one fsync, and every line touched gets one checkpoint
over its new head: nobody is answered before that.  A page handed out ends exactly where some checkpoint
does, so its reader can verify it alone; no stretch between two checkpoints is larger than a page.

Plain and synchronous; time is an argument.  One thread uses it (`writer.py` sees to that).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detente.crypto.hashing import sha256
from detente.crypto.signing import check_ed25519_key, ed25519_public
from detente.ground.errors import Conflict, Malformed, Refused, Unfit
from detente.ground.identifiers import from_base32
from detente.ground.instants import Instant
from detente.relay import digests
from detente.relay.audit import Audit, split_keys
from detente.relay.limits import Limits
from detente.relay.mailbox import Mailbox
from detente.relay.records import (
    Cosignature,
    Declined,
    Page,
    Placed,
    Submission,
    size_bucket,
    unknown,
)
from detente.relay.schema import SCHEMA
from detente.sqlkit.database import Row, open_database
from detente.tlog.checkpoint import Checkpoint, sign_checkpoint
from detente.tlog.leaf import Leaf, LeafKind
from detente.tlog.merkle import Frontier
from detente.tlog.note import KeyKind, VerifierKey

LINE_NAME_BYTES = 16
TAG_BYTES = 32
KEY_BYTES = 32
LARGEST_INTEGER = 2**53 - 1
_HEADS_KEPT = 1_024


@dataclass
class _Head:
    """A line as the journal works on it: its rows, and what is not written yet."""

    number: int
    name: str
    founded: bytes
    writers: frozenset[bytes]
    epoch: int
    time: Instant
    frontier: Frontier
    moved: bool = False
    """Its row is behind."""
    uncovered_entries: int = 0
    """Those after the last checkpoint."""
    uncovered_bytes: int = 0
    new_writers: bool = False

    @property
    def size(self) -> int:
        return self.frontier.size


class Journal:
    """All lines and all mail of one relay, in one store."""

    def __init__(
        self,
        path: Path | str,
        seed: bytes,
        origin_prefix: str,
        limits: Limits | None = None,
        rehash_last: int | None = None,
    ) -> None:
        """Open the store, or make it where there never was one.

        `seed` is the 32-byte Ed25519 seed that signs checkpoints, `origin_prefix` begins the origin of every
        line ("<prefix>/l/<line>") and names the key.  Everything kept is verified first; `rehash_last` reads only
        the ciphertexts of that many last entries of each line (their leaves are always checked).  Raises `Unfit`.
        """
        self.limits = limits or Limits()
        self.origin_prefix = origin_prefix
        self.verifier_key = VerifierKey(origin_prefix, KeyKind.ED25519, ed25519_public(seed))
        self._seed = seed
        audit = Audit(self.verifier_key, origin_prefix, rehash_last)
        self._database = open_database(path, SCHEMA, verify=audit.verify)
        self.audited = audit.sentence
        """What was verified at start, in one sentence."""
        self._heads: dict[str, _Head] = {}
        self._news: set[str] | None = None
        self._write: contextlib.ExitStack | None = None
        self._mail = Mailbox(self._database, self.limits, self._writing)

    # --- groups ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def group(self) -> Iterator[set[str]]:
        """One transaction, one fsync, one checkpoint for each line touched; nests.

        Gives the set of topics ("l/<line>", "m/<box>") that changed; it is to be told to others after leaving.
        """
        if self._news is not None:
            yield self._news
            return
        self._news = set()
        try:
            with contextlib.ExitStack() as self._write:
                yield self._news
                self._settle()
        except BaseException:
            self._heads.clear()
            raise
        finally:
            self._news = None
            self._write = None
        while len(self._heads) > _HEADS_KEPT:
            del self._heads[next(iter(self._heads))]

    def _writing(self, topic: str) -> None:
        """Begin the group's transaction with its first write, and note what changes."""
        if self._write is None or self._news is None:
            raise RuntimeError("a write outside of a group")
        if not self._database.in_transaction:
            self._write.enter_context(self._database.transaction())
        self._news.add(topic)

    def _settle(self) -> None:
        for head in self._heads.values():
            if head.moved:
                self._cover(head)
                self._write_head(head)
            if head.new_writers:
                self._write_line(head)

    def tidy(self) -> None:
        """Leave nothing in the files of mail that was dropped, or of anything else that was; not within a group."""
        self._database.tidy()

    def close(self) -> None:
        """Close the store whole."""
        self._database.close()

    def abandon(self) -> None:
        """Let the store go as if the program had been killed now."""
        self._database.abandon()

    # --- lines -----------------------------------------------------------------------------------

    def origin(self, line: str) -> str:
        """The origin of a line's log."""
        return f"{self.origin_prefix}/l/{line}"

    def create_line(self, line: str, writers: Sequence[bytes]) -> None:
        """Found a line under a name of the founder's own making: base32 of 16 random bytes.

        Doing it again with the same keys changes nothing; with others it is a `Conflict`.
        """
        from_base32(line, LINE_NAME_BYTES)
        keys = self._check_writers(writers, frozenset())
        founded = digests.founded(tuple(keys))
        with self.group():
            try:
                head = self._head(line)
            except Refused:
                self._make_line(line, keys, founded)
                return
            if head.founded != founded:
                raise Conflict("A line of this name exists already, founded with other keys.")

    def _make_line(self, line: str, keys: frozenset[bytes], founded: bytes) -> None:
        count = self._database.row("SELECT count(*) FROM line")
        if count is None or count[0] >= self.limits.lines:
            raise Refused(
                f"This relay keeps {self.limits.lines} lines, and has no room for another.", rule="relay.lines"
            )
        self._writing(f"l/{line}")
        self._database.execute("INSERT INTO line VALUES (?, ?, ?, ?, ?)", (count[0] + 1, line, founded, b"", b""))
        head = _Head(count[0] + 1, line, founded, keys, 0, Instant(0), Frontier())
        self._write_line(head)
        self._cut(head)
        self._write_head(head)
        self._heads[line] = head

    def may_write(self, line: str, key: bytes) -> bool:
        """Whether there is such a line and `key` is one of its writers."""
        try:
            return key in self._head(line).writers
        except Refused:
            return False

    def size(self, line: str) -> int:
        """Entries of the line; `Refused` if there is no such line."""
        return self._head(line).size

    def head(self, line: str) -> str:
        """The newest checkpoint of the line, a signed note; `Refused` if there is no such line."""
        head = self._head(line)
        self._cover(head)
        return self._checkpoint(head, head.size)

    # --- appending -------------------------------------------------------------------------------

    def append(self, line: str, submissions: Sequence[Submission], now: Instant) -> list[Placed | Declined]:
        """Give each submission its place, in order, each for itself; one result for each.

        Raises `Refused` where there is no such line or the request as a whole is too large.
        """
        self._check_batch(submissions)
        with self.group():
            head = self._head(line)
            return [self._place(head, submission, now) for submission in submissions]

    def _check_batch(self, submissions: Sequence[Submission]) -> None:
        limits = self.limits
        if len(submissions) > limits.batch_entries:
            raise Refused(f"A request carries at most {limits.batch_entries} entries.", rule="relay.batch")
        if sum(len(submission.ciphertext) for submission in submissions) > limits.batch_bytes:
            raise Refused(f"A request carries at most {limits.batch_bytes} bytes of entries.", rule="relay.batch")

    def _place(self, head: _Head, asked: Submission, now: Instant) -> Placed | Declined:
        """The five questions at the head of this file."""
        if asked.writer not in head.writers:
            return Declined("unknown", "There is no such line, or it is not yours.", 0)
        keys, wrong = self._shape(head, asked)
        if wrong:
            return Declined("refused", wrong, head.size)
        content = sha256(asked.ciphertext)
        earlier = self._database.row(
            "SELECT position, time, hash FROM entry WHERE line = ? AND tag = ?", (head.number, asked.tag)
        )
        if earlier is not None:
            position, time, kept = earlier
            if kept == content:
                return Placed(position, time, head.size)
            return Declined("conflict", "Another entry of this line bears the same tag.", head.size)
        declined = _too_late(head, asked)
        if declined is not None:
            return declined
        return self._write_entry(head, asked, keys, content, now)

    def _shape(self, head: _Head, asked: Submission) -> tuple[frozenset[bytes] | None, str]:
        """The new write keys if there are any, and what is wrong with the submission in itself."""
        limits = self.limits
        checks = (
            (asked.kind not in (LeafKind.TALK, LeafKind.COMMIT), "An entry is talk (0) or a commit (1)."),
            (len(asked.tag) != TAG_BYTES, "An entry's tag has 32 bytes."),
            (not asked.ciphertext, "An entry is not empty."),
            (
                len(asked.ciphertext) > limits.ciphertext_bytes,
                f"An entry has at most {limits.ciphertext_bytes} bytes.",
            ),
            (not 0 <= asked.epoch <= LARGEST_INTEGER, "An epoch is a whole number from 0 to 2^53 - 1."),
            (asked.kind == LeafKind.COMMIT and asked.expected is None, "A commit says how long the line must be."),
            (
                asked.kind != LeafKind.COMMIT and asked.writers is not None,
                "Only a commit changes the keys that may write.",
            ),
            (head.size >= limits.line_entries, f"A line has at most {limits.line_entries} entries; found it anew."),
        )
        wrong = next((sentence for fails, sentence in checks if fails), "")
        if wrong or asked.writers is None:
            return None, wrong
        try:
            return self._check_writers(asked.writers, head.writers), ""
        except (Malformed, Refused) as error:
            return None, str(error)

    def _write_entry(
        self, head: _Head, asked: Submission, keys: frozenset[bytes] | None, content: bytes, now: Instant
    ) -> Placed:
        self._writing(f"l/{head.name}")
        self._keep_pages_small(head, len(asked.ciphertext))
        time = Instant(max(now, head.time))
        leaf = Leaf(LeafKind(asked.kind), asked.epoch, time, size_bucket(len(asked.ciphertext)), content, asked.tag)
        leaf_hash = leaf.hash()
        position = head.size
        self._database.execute(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (head.number, position, asked.kind, asked.epoch, time, leaf.bucket, content, asked.tag, leaf_hash),
        )
        self._database.execute("INSERT INTO ciphertext VALUES (?, ?, ?)", (head.number, position, asked.ciphertext))
        head.frontier.append(leaf_hash)
        head.time = time
        head.epoch = asked.epoch + (asked.kind == LeafKind.COMMIT)
        head.moved = True
        head.uncovered_entries += 1
        head.uncovered_bytes += len(asked.ciphertext)
        if keys is not None:
            head.writers = keys
            head.new_writers = True
        return Placed(position, time, head.size)

    def _keep_pages_small(self, head: _Head, more: int) -> None:
        """Cut a checkpoint now if the stretch that none covers would otherwise outgrow a page."""
        full = head.uncovered_entries + 1 > self.limits.page_entries
        heavy = head.uncovered_bytes + more > self.limits.page_bytes
        if head.uncovered_entries and (full or heavy):
            self._cut(head)

    def _check_writers(self, writers: Sequence[bytes], known: Iterable[bytes]) -> frozenset[bytes]:
        """The keys as a set.  Keys that are not `known` already are looked at closely: milliseconds each."""
        if not 1 <= len(writers) <= self.limits.writers:
            raise Refused(f"A line has between 1 and {self.limits.writers} write keys.", rule="relay.writers")
        keys = frozenset(writers)
        if len(keys) != len(writers):
            raise Refused("A write key is named twice.", rule="relay.writers")
        for key in keys.difference(known):
            check_ed25519_key(key)
        return keys

    # --- reading ---------------------------------------------------------------------------------

    def read(self, line: str, start: int, limit_entries: int | None = None, limit_bytes: int | None = None) -> Page:
        """Entries from `start` on, up to a checkpoint.

        The page ends at the last checkpoint within both limits, or at the first one after `start` if there is none
        within.  Raises `Refused` where there is no such line, or `start` lies beyond its end; `Unfit` where a
        ciphertext is not the one that its leaf names.
        """
        head = self._head(line)
        self._cover(head)
        if not 0 <= start <= head.size:
            raise Refused(f"The line has {head.size} entries; there is nothing at {start}.", rule="relay.start")
        end = self._page_end(
            head,
            start,
            min(limit_entries or self.limits.page_entries, self.limits.page_entries),
            min(limit_bytes or self.limits.page_bytes, self.limits.page_bytes),
        )
        rows = self._database.rows(
            "SELECT kind, epoch, time, bucket, hash, tag, bytes FROM entry JOIN ciphertext USING (line, position)"
            " WHERE line = ? AND position >= ? AND position < ? ORDER BY position",
            (head.number, start, end),
        )
        entries = tuple((_leaf(row), row[6]) for row in rows)
        for position, (leaf, ciphertext) in enumerate(entries, start):
            if sha256(ciphertext) != leaf.ciphertext_hash:
                raise Unfit(f"Line {line} is damaged: entry {position} is not the one that its leaf names.")
        return Page(entries, self._checkpoint(head, end), self._cosignatures(head), head.size)

    def leaves(self, line: str, start: int, end: int) -> list[Leaf]:
        """The leaves of the entries from `start` to before `end`, at most the limit of one answer."""
        head = self._head(line)
        if not 0 <= start <= end <= head.size:
            raise Refused(f"The line has {head.size} entries; that is no part of it.", rule="relay.start")
        rows = self._database.rows(
            "SELECT kind, epoch, time, bucket, hash, tag FROM entry"
            " WHERE line = ? AND position >= ? AND position < ? ORDER BY position",
            (head.number, start, min(end, start + self.limits.leaves)),
        )
        return [_leaf(row) for row in rows]

    def _page_end(self, head: _Head, start: int, most_entries: int, most_bytes: int) -> int:
        if start == head.size:
            return start
        ends = [
            int(row[0])
            for row in self._database.rows(
                "SELECT size FROM checkpoint WHERE line = ? AND size > ? ORDER BY size LIMIT ?",
                (head.number, start, most_entries),
            )
        ]
        lengths = self._database.rows(
            "SELECT position, length(bytes) FROM ciphertext WHERE line = ? AND position >= ? ORDER BY position LIMIT ?",
            (head.number, start, most_entries),
        )
        reach, total = start, 0
        with contextlib.closing(lengths):
            for position, length in lengths:
                total += length
                if total > most_bytes:
                    break
                reach = position + 1
        return max((end for end in ends if end <= reach), default=ends[0])

    def _checkpoint(self, head: _Head, size: int) -> str:
        row = self._database.row("SELECT note FROM checkpoint WHERE line = ? AND size = ?", (head.number, size))
        if row is None:
            raise Refused(f"No checkpoint of the line ends at {size}: pages begin where one ends.", rule="relay.start")
        return str(row[0])

    # --- cosignatures ----------------------------------------------------------------------------

    def cosign(self, line: str, writer: bytes, size: int, root: bytes, text: str) -> None:
        """Keep a witness's signature lines over (size, root), in place of its earlier ones.

        The text is opaque here: those who count it verify it.  One over a smaller size than was kept before changes
        nothing.  Raises `Refused` where the line is not that long, or has another root at its present size.
        """
        if len(text.encode()) > self.limits.cosignature_bytes:
            raise Refused(f"A cosignature has at most {self.limits.cosignature_bytes} bytes.", rule="relay.cosignature")
        with self.group():
            head = self._head(line)
            if writer not in head.writers:
                raise unknown()
            if not 0 <= size <= head.size or len(root) != KEY_BYTES:
                raise Refused(
                    f"The line has {head.size} entries; this is signed over {size}.", rule="relay.cosignature"
                )
            if size == head.size and root != head.frontier.root():
                raise Conflict("The root that was signed is not the line's root at that size.")
            kept = self._database.row(
                "SELECT size, text FROM cosignature WHERE line = ? AND writer = ?", (head.number, writer)
            )
            if kept is not None and (kept[0] > size or kept == (size, text)):
                return
            self._writing(f"l/{line}")
            self._database.execute(
                "INSERT OR REPLACE INTO cosignature VALUES (?, ?, ?, ?, ?, ?)",
                (head.number, writer, size, root, text, digests.cosignature(line, writer, size, root, text)),
            )

    def _cosignatures(self, head: _Head) -> tuple[Cosignature, ...]:
        return tuple(
            Cosignature(*row)
            for row in self._database.rows(
                "SELECT writer, size, root, text FROM cosignature WHERE line = ? ORDER BY writer", (head.number,)
            )
        )

    # --- mail ------------------------------------------------------------------------------------

    @property
    def mail(self) -> Mailbox:
        """The boxes; its writes belong into a `group` too."""
        return self._mail

    # --- rows ------------------------------------------------------------------------------------

    def _head(self, line: str) -> _Head:
        found = self._heads.get(line)
        if found is not None:
            return found
        row = self._database.row(
            "SELECT number, name, founded, writers, epoch, time, frontier FROM line JOIN head ON head.line = number"
            " WHERE name = ?",
            (line,),
        )
        if row is None:
            raise unknown()
        number, name, founded, writers, epoch, time, frontier = row
        head = _Head(number, name, founded, split_keys(writers), epoch, Instant(time), Frontier.decode(frontier))
        self._heads[line] = head
        return head

    def _cut(self, head: _Head) -> None:
        """Sign and keep a checkpoint over the head as it is."""
        checkpoint = Checkpoint(self.origin(head.name), head.size, head.frontier.root())
        note = sign_checkpoint(checkpoint, self.origin_prefix, self._seed)
        self._database.execute(
            "INSERT INTO checkpoint VALUES (?, ?, ?, ?)",
            (head.number, head.size, note, digests.checkpoint(head.name, head.size, note)),
        )
        head.uncovered_entries = head.uncovered_bytes = 0

    def _cover(self, head: _Head) -> None:
        """See to it that a checkpoint ends where the line does."""
        if head.uncovered_entries:
            self._cut(head)

    def _write_head(self, head: _Head) -> None:
        frontier = head.frontier.encode()
        self._database.execute(
            "INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?, ?)",
            (
                head.number,
                head.epoch,
                head.size,
                head.time,
                frontier,
                digests.head(head.name, head.epoch, head.size, head.time, frontier),
            ),
        )
        head.moved = False

    def _write_line(self, head: _Head) -> None:
        """Write the keys, and let the words of those who may write no more go."""
        writers = b"".join(sorted(head.writers))
        self._database.execute(
            "UPDATE line SET writers = ?, digest = ? WHERE number = ?",
            (writers, digests.line(head.name, head.founded, writers), head.number),
        )
        witnesses = [
            row[0] for row in self._database.rows("SELECT writer FROM cosignature WHERE line = ?", (head.number,))
        ]
        for writer in set(witnesses) - head.writers:
            self._database.execute("DELETE FROM cosignature WHERE line = ? AND writer = ?", (head.number, writer))
        head.new_writers = False


def _too_late(head: _Head, asked: Submission) -> Declined | None:
    """Questions 4 and 5: whether somebody else was first."""
    if asked.expected is not None and asked.expected != head.size:
        return Declined(
            "conflict", f"The line has {head.size} entries, not {asked.expected}: somebody else was first.", head.size
        )
    if asked.epoch != head.epoch and not asked.insist:
        return Declined(
            "stale", f"This was sealed for epoch {asked.epoch}; the line is in epoch {head.epoch}.", head.size
        )
    return None


def _leaf(row: Row) -> Leaf:
    """The leaf in the first six columns of a row."""
    kind, epoch, time, bucket, content, tag = row[:6]
    return Leaf(LeafKind(kind), epoch, time, bucket, content, tag)
