"""The ledger of the public register: what parties chose to publish, in an order that is never taken back.

Whatever enters has been verified by the same pure verifier that every citizen runs, against the register's
own anchors: all seals good, all parties known, nothing but the publication missing.  The register adds its
order, its checkpoint and a proof; it vouches for no text and recognises no State.

    publish(file)    the file's place, the checkpoint over it and its proof; the same file again: the same place
    one act, once    another file with the same sealed content (seals can be made anew) is a conflict: the first
                     one is *the* file

At start everything is checked: every file against its digest, the tree over all of them against the last
checkpoint, that checkpoint against the register's own key.  A mismatch is `Unfit`, and nothing is repaired.

Plain and synchronous; time is an argument.  One thread uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from detente.crypto.signing import ed25519_public
from detente.evidence import instrument, publication, verifier
from detente.evidence.anchors import AnchoredRegister, Anchors, check_origin
from detente.evidence.instrument import Instrument
from detente.evidence.verifier import Outcome
from detente.ground.errors import Conflict, DetenteError, Malformed, Refused, Unavailable, Unfit
from detente.ground.instants import Instant
from detente.register.schema import SCHEMA
from detente.sqlkit.database import Database, open_database
from detente.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from detente.tlog.merkle import Frontier, Tree
from detente.tlog.note import KeyKind, VerifierKey

DIGEST_BYTES: Final = 32


@dataclass(frozen=True)
class Published:
    """Where a file stands, and what proves it."""

    digest: bytes
    position: int
    checkpoint: str
    """The signed note over the log's newest head."""
    proof: str
    """The text to keep beside the file, under its name with `.tlog-proof` added."""
    new: bool
    """Whether it was published just now."""


@dataclass(frozen=True)
class Listed:
    """One line of the public list."""

    position: int
    digest: bytes
    published: Instant
    instrument: Instrument


class Ledger:
    """An open register.  `seed` (32 bytes) signs its checkpoints; `path` may be ":memory:"."""

    def __init__(self, path: Path | str, origin: str, seed: bytes) -> None:
        self._origin = check_origin(origin)
        self._seed = seed
        self._key = VerifierKey(origin, KeyKind.ED25519, ed25519_public(seed))
        self._tree = Tree()
        self._frontier = Frontier()
        self._stopped = False
        self._list: list[Listed] = []
        self._database = open_database(path, SCHEMA, verify=self._load)

    @property
    def anchor(self) -> AnchoredRegister:
        """How readers anchor this register."""
        return AnchoredRegister(self._origin, self._key.vkey)

    @property
    def size(self) -> int:
        """How many instruments stand here."""
        return self._tree.size

    def publish(self, file: bytes, anchors: Anchors | None, now: Instant) -> Published:
        """Give the file its place, durably, or say why not.

        `Malformed`: it cannot be read.  `Refused`: a check failed, or a party is not known here.
        `Conflict`: the same sealed content stands here in another file.  `Unavailable`: nothing was kept.
        """
        if self._stopped:
            raise Unavailable("This register has stopped: its store failed, and somebody must look at it.")
        digest = instrument.file_digest(file)
        found = self.find(digest)
        if found is not None:
            return found
        read = _admit(file, anchors)
        act = instrument.act_digest(instrument.encode_instrument(read))
        other = self._database.row("SELECT digest FROM instrument WHERE act = ?", (act,))
        if other is not None:
            raise Conflict(f"This instrument stands here already, in the file {other[0].hex()}.")
        try:
            self._append(file, digest, act, read, now)
        except Unfit:
            self._stopped = True
            raise
        return self._published(len(self._list) - 1, digest, new=True)

    def find(self, digest: bytes) -> Published | None:
        """Where the file with this digest stands, with a proof under the newest checkpoint."""
        row = self._database.row("SELECT position FROM instrument WHERE digest = ?", (digest,))
        return None if row is None else self._published(int(row[0]), digest, new=False)

    def file(self, digest: bytes) -> bytes | None:
        """The file with this digest, byte for byte."""
        row = self._database.row("SELECT file FROM instrument WHERE digest = ?", (digest,))
        return None if row is None else bytes(row[0])

    def checkpoint(self) -> str:
        """The signed note over the newest head."""
        row = self._database.row("SELECT note FROM checkpoint")
        if row is None:
            raise Unfit("The register has lost its checkpoint.")
        return str(row[0])

    def listed(self) -> tuple[Listed, ...]:
        """Everything that was published, the newest first."""
        return tuple(reversed(self._list))

    def close(self) -> None:
        """Close the store whole."""
        self._database.close()

    # --- inside -----------------------------------------------------------------------------------

    def _append(self, file: bytes, digest: bytes, act: bytes, read: Instrument, now: Instant) -> None:
        position = self._tree.size
        grown = self._frontier.copy()
        grown.append(publication.leaf_hash(file))
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO instrument VALUES (?, ?, ?, ?, ?)", (position, digest, act, int(now), file)
            )
            self._database.execute("UPDATE checkpoint SET note = ?", (self._sign(grown),))
        self._frontier = grown
        self._tree.append(publication.leaf_hash(file))
        self._list.append(Listed(position, digest, now, _without_text(read)))

    def _published(self, position: int, digest: bytes, *, new: bool) -> Published:
        head = Checkpoint(self._origin, self._tree.size, self._tree.root())
        proof = publication.make_proof(position, self._tree.inclusion(position), head, self._seed)
        return Published(digest, position, self.checkpoint(), proof, new)

    def _sign(self, frontier: Frontier) -> str:
        return sign_checkpoint(Checkpoint(self._origin, frontier.size, frontier.root()), self._origin, self._seed)

    def _load(self, database: Database) -> None:
        """Check the whole store, and remember the tree and the list."""
        identity = database.row("SELECT origin, key FROM register")
        if identity is None:
            if database.row("SELECT 1 FROM instrument") is not None:
                raise Unfit("The register is damaged: it holds instruments but not whose register it is.")
            database.execute("INSERT INTO register VALUES (1, ?, ?)", (self._origin, self._key.public))
            database.execute("INSERT INTO checkpoint VALUES (1, ?)", (self._sign(self._frontier),))
        elif identity != (self._origin, self._key.public):
            raise Unfit("This store belongs to a register of another origin or another key.")
        for listed, leaf in _stored(database):
            self._list.append(listed)
            self._tree.append(leaf)
            self._frontier.append(leaf)
        row = database.row("SELECT note FROM checkpoint")
        if row is None or self._open(str(row[0])) != Checkpoint(self._origin, self._tree.size, self._tree.root()):
            raise Unfit("The register is damaged: its instruments are not those under its last checkpoint.")

    def _open(self, note: str) -> Checkpoint:
        try:
            return open_checkpoint(note, self._key, origin=self._origin)
        except DetenteError as error:
            raise Unfit(f"The register is damaged: its last checkpoint is not its own. {error.sentence}") from None


def _stored(database: Database) -> Iterator[tuple[Listed, bytes]]:
    for place, row in enumerate(
        database.rows("SELECT position, digest, act, published, file FROM instrument ORDER BY 1")
    ):
        position, digest, act, published, file = row
        if position != place or instrument.file_digest(file) != digest:
            raise Unfit(f"The register is damaged: entry {place} is missing, or is not the file that was published.")
        try:
            sealed, read = instrument.read_sealed(file)
        except Malformed as error:
            raise Unfit(f"The register is damaged at entry {place}: {error.sentence}") from None
        if instrument.act_digest(sealed.payload) != act:
            raise Unfit(f"The register is damaged: entry {place} does not hold the act under which it is listed.")
        yield Listed(position, digest, Instant(published), _without_text(read)), publication.leaf_hash(file)


def _admit(file: bytes, anchors: Anchors | None) -> Instrument:
    """The instrument, if nothing but its publication is missing."""
    if anchors is None:
        raise Refused("This register knows no parties yet, so it can publish nothing.", rule="register.parties")
    verdict = verifier.verify(file, None, anchors)
    if verdict.outcome is Outcome.UNPUBLISHED:
        return instrument.read_sealed(file)[1]
    worst = next(finding for finding in verdict.findings if finding.outcome is verdict.outcome)
    if verdict.outcome is Outcome.UNREADABLE:
        raise Malformed(worst.sentence)
    raise Refused(f"This is not published: {worst.sentence}", rule=f"register.check-{worst.number}")


def _without_text(read: Instrument) -> Instrument:
    """The list needs no texts in memory."""
    return msgspec.structs.replace(read, text="")
