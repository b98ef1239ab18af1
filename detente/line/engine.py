"""The engine of one line: seal, open, verify, order, catch up.  No IO, no clock, no chance of its own.

What comes from the relay goes through one gate, `receive`, in the order of the log:

    Ordered   the leaves connect our last head to the relay's signed checkpoint, or nothing is taken
    Opened    MLS opens it; a commit is only staged, and judged by the table in line/commits.py; the head that
              its author echoes is on our branch
    Verified  its author's voice signed it, and the tag of its leaf names it
    Admitted  the rules fold it; what they refuse is kept, and refused alike at every house

Own acts come back through the same gate and are known by tag and ciphertext, since MLS does not open
its own messages.  The object is owned by one writer; it is stored after every step and, where
storing failed, thrown away and loaded again.  See docs/journey.md for the whole way of an act.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from detente.acts import act as acts
from detente.acts.act import Verified, Weight
from detente.acts.facts import Member, Role
from detente.acts.procedure import LineState, Registry, digest, fold
from detente.ground.errors import DetenteError, Forked, Malformed, NotAuthentic, Refused, ShutOut
from detente.ground.identifiers import ActId, LineId, PartyId, Position
from detente.ground.instants import Instant
from detente.line import commits, quorum
from detente.line.quorum import Span
from detente.line.terms import (
    LINE_KEYS,
    Alarm,
    Entropy,
    Head,
    LineKeys,
    Ordered,
    Outcome,
    Received,
    Terms,
    party_of,
)
from detente.mls.framing import ContentType
from detente.mls.group import Group, Opened, PendingCommit, Staged
from detente.mls.state import OWN_MESSAGE
from detente.mls.treemath import LeafIndex
from detente.mls.types import Extension
from detente.tlog.checkpoint import Checkpoint, open_checkpoint
from detente.tlog.cosignature import verify_cosignature
from detente.tlog.leaf import Leaf, LeafKind
from detente.tlog.merkle import Frontier, Tree
from detente.tlog.note import KeyKind, VerifierKey

_BEGINNING = Instant(0)
MOST_ENTRIES = 10_000  # in one page; a relay hands out a tenth of that
_NOBODY = LeafIndex(2**32 - 1)  # no leaf has this index
_MOST_EVIDENCE = 65_536  # bytes of a ciphertext that are kept with an alarm


@dataclass(frozen=True)
class Held:
    """An own act that waits for its place: the act itself, and its sealed bytes for one epoch."""

    act: ActId
    packed: bytes
    epoch: int
    tag: bytes
    ciphertext: bytes


@dataclass(frozen=True)
class Pending:
    """An own commit that waits for its place, with the group as it will be."""

    commit: PendingCommit
    tag: bytes
    epoch: int
    expected: int  # the size of the log on which it was made: another entry first, and it is void
    added: tuple[PartyId, ...]
    removed: tuple[LeafIndex, ...]  # leaves of the epoch that it ends
    writers: tuple[bytes, ...]

    @property
    def newcomer(self) -> PartyId | None:
        """Whose arrival it takes up: whose leaf is fresh before it and not after; None for a commit of our own."""
        if self.added or self.removed:
            return None
        before, after = (
            {member.identity for member in group.members if member.fresh}
            for group in (self.commit.current, self.commit.next)
        )
        return next((party_of(identity) for identity in before - after), None)


@dataclass(frozen=True)
class Arrival:
    """The commit by which this house gives its fresh leaf keys of its own; the chair's house is to take it up."""

    message: bytes
    next: Group


@dataclass(frozen=True)
class Page:
    """What the relay handed out: entries from our size on, its signed checkpoint, the members' cosignatures."""

    entries: Sequence[Ordered]
    checkpoint: str
    cosignatures: Sequence[tuple[int, bytes, str]] = ()  # (size, root, cosignature line)


@dataclass
class Line:
    """One line at one house."""

    id: LineId
    terms: Terms
    own: PartyId
    registry: Registry
    group: Group | None
    state: LineState = field(default_factory=LineState)
    tree: Tree = field(default_factory=Tree)
    frontier: Frontier = field(default_factory=Frontier)
    spans: list[Span] = field(default_factory=list)
    witnessed: dict[bytes, int] = field(default_factory=dict)
    confirmed: int = 0
    epoch: int = 0  # at the end of what is folded: the number of commits that took effect
    last_time: Instant = _BEGINNING
    note: str = ""  # the relay's newest checkpoint that we verified
    checkpoints: int = 0  # how many we verified
    stuck: bool = False  # a commit moved others and not us: we stand before it, and must be added anew
    forked: bool = False
    joined_at: int = -1  # the commit that brought us in; what lies before is read from what was handed over
    handed: dict[int, bytes] = field(default_factory=dict)
    merged: set[int] = field(default_factory=set)
    held: dict[bytes, Held] = field(default_factory=dict)
    pending: Pending | None = None
    arrival: Arrival | None = None  # of this epoch; gone with it
    known: dict[ActId, Position] = field(default_factory=dict)
    decided: dict[str, int] = field(default_factory=dict)  # procedure -> size after its last deciding act
    digests: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    _foreseen: tuple[int, tuple[bytes, ...], LineState] | None = None

    # --- what is known -------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many entries are folded."""
        return self.tree.size

    @property
    def head(self) -> Head:
        """The head that we verified last."""
        return Head(self.size, self.tree.root())

    @property
    def catching_up(self) -> bool:
        """Whether this house has not read all yet that lies before its own entry: it does nothing till then."""
        return self.size <= self.joined_at

    def members(self) -> Mapping[PartyId, tuple[LeafIndex, LineKeys]]:
        """The parties in the group, with their leaf and their keys for the line."""
        if self.group is None:
            return {}
        return {
            party_of(member.identity): (member.leaf_index, _line_keys(member.extensions))
            for member in self.group.members
        }

    def digest_at(self, procedure: str, size: int) -> bytes:
        """The digest of a procedure's state after `size` entries."""
        changes = self.digests.get(procedure, [])
        index = bisect_right(changes, size, key=lambda change: change[0])
        return changes[index - 1][1] if index else digest(self.registry, LineState(), procedure)

    # --- on the way out ------------------------------------------------------------------------

    def ask(self, act: Verified) -> LineState | Refused:
        """What the rules would say of an act, had it the next place after what this house holds already."""
        return fold(self.registry, self.prospect(), act)

    def prospect(self) -> LineState:
        """The state as it will be once the own talk that is held has its place; decisions are not foreseen.

        Two notes that are held together are numbered, and judged, one after the other.
        """
        tags = tuple(self.held)
        size, done, state = self._foreseen or (-1, (), self.state)
        if size != self.size or tags[: len(done)] != done:
            done, state = (), self.state
        for tag in tags[len(done) :]:
            state = self._foresee(state, self.held[tag])
        self._foreseen = self.size, tags, state
        return state

    def _foresee(self, state: LineState, held: Held) -> LineState:
        raw, _ = acts.unpack(held.packed)
        one = acts.decode(raw)
        body = self.registry.body(one)
        if body is None or body.weight is Weight.DECIDING:
            return state
        place = Position(self.size)
        act = Verified(
            held.act, self.id, self.own, one.office, place, self.last_time, Position(one.seen), one.procedure, body
        )
        outcome = fold(self.registry, state, act)
        return state if isinstance(outcome, Refused) else outcome

    def seal(self, identifier: ActId, packed: bytes, entropy: Entropy) -> Held:
        """Seal a packed act for the present epoch; the group's ratchet moves on, so store before sending."""
        group = self._open_group()
        moved, ciphertext = group.seal(packed, self.head.encode(), entropy)
        held = Held(identifier, packed, group.epoch, acts.tag_of(identifier, group.epoch), ciphertext)
        self.group = moved
        self.held[held.tag] = held
        return held

    def reseal(self, entropy: Entropy) -> list[tuple[Held, Held]]:
        """Seal again what was sealed for an epoch that is over: (the old, the new), in the old order."""
        if self.group is None or self.stuck or self.forked or self.catching_up:
            return []
        stale = [held for held in self.held.values() if held.epoch != self.group.epoch]
        renewed = []
        for old in stale:
            del self.held[old.tag]
            if old.act not in self.known:
                renewed.append((old, self.seal(old.act, old.packed, entropy)))
        return renewed

    def commit(self, add: Mapping[PartyId, bytes], remove: Collection[PartyId], entropy: Entropy) -> Pending:
        """Make a commit that adds key packages and removes parties; it takes effect when it has its place."""
        group = self._open_group()
        present = self.members()
        removed = tuple(present[party][0] for party in remove)
        made = group.commit(
            add=tuple(add.values()),
            remove=removed,
            entropy=entropy,
            authenticated_data=self.head.encode(),
            authenticate=self.authenticate,
        )
        expected = (set(present) - set(remove)) | set(add)
        if {party_of(member.identity) for member in made.next.members} != expected:
            raise Refused("A key package bears another party's name than its sender's.", rule="charter.commit")
        keys = [_line_keys(member.extensions) for member in made.next.members]
        if len({key for each in keys for key in (each.writer, each.witness)}) != 2 * len(keys):
            raise Refused("Two members would have one and the same key for the line.", rule="charter.commit")
        return self._await_place(made, tuple(add), removed)

    def _await_place(self, made: PendingCommit, added: tuple[PartyId, ...], removed: tuple[LeafIndex, ...]) -> Pending:
        """The commit takes effect at the very next place in the log, or not at all."""
        tag = hashlib.sha256(b"detente/commit/v1\0" + made.message).digest()
        writers = tuple(_line_keys(member.extensions).writer for member in made.next.members)
        self.group = made.current
        self.pending = Pending(made, tag, made.current.epoch, self.size, added, removed, writers)
        return self.pending

    @property
    def to_offer(self) -> bool:
        """Whether this house's leaf is fresh, and it is its turn to offer its arrival (line/commits.py)."""
        group = self.group
        if group is None or self.stuck or self.forked or self.catching_up:
            return False
        if self.arrival or not group.fresh:
            return False
        fresh = [member.leaf_index for member in group.members if member.fresh]
        return commits.in_turn(group.own_leaf, fresh, self.size)

    def offer(self, entropy: Entropy) -> bytes:
        """Make this newcomer's arrival, and give it for the chair's house to take up; store before sending."""
        made = self._open_group().commit(
            entropy=entropy, authenticated_data=self.head.encode(), authenticate=self.authenticate
        )
        self.group, self.arrival = made.current, Arrival(made.message, made.next)
        return made.message

    def take_up(self, party: PartyId, arrival: bytes, entropy: Entropy, alarms: list[Alarm]) -> Pending | None:
        """Seal a newcomer's arrival into a message of this house, the chair's, which vouches that it opened it.

        None while this house has read less than the newcomer had.  Raises `Malformed`, `NotAuthentic` or
        `Refused` where it does not open here, or is not what an arrival of that party may be.
        """
        group = self._open_group()
        staged = commits.staged_of(group.open(arrival, self.authenticate))
        if staged.next is None or self._party_at(staged.sender_leaf) != party:
            raise NotAuthentic("The commit is not one of the house that sent it.")
        refusal = commits.refuse_arrival(group, staged)
        if refusal:
            raise refusal
        if Head.decode(staged.authenticated_data).size > self.size:
            return None
        self._check_echo(staged.authenticated_data, Position(self.size), party, alarms)
        if self.forked:
            return None
        moved, sealed = group.seal(commits.envelope(arrival), self.head.encode(), entropy)
        return self._await_place(PendingCommit(sealed, None, moved, staged.next), (), ())

    def _open_group(self) -> Group:
        if self.group is None or self.stuck:
            raise Refused("This house is not in the line's group at present.", rule="line.member")
        if self.forked:
            raise Refused("The relay has shown two histories of this line: it is frozen.", rule="line.fork")
        if self.catching_up:
            raise Refused("This house is still reading what was said before it entered the line.", rule="line.history")
        return self.group

    # --- on the way in -------------------------------------------------------------------------

    def nothing_new(self, page: Page) -> bool:
        """Whether a page says only what this house knows: no step is stored for it."""
        if page.entries or page.checkpoint != self.note:
            return False
        return not any(self._counts(line, size) for size, _, line in page.cosignatures)

    def _counts(self, line: str, size: int) -> bytes:
        """The witness whose cosignature over `size` would tell something new; empty where it would not."""
        witness = self._witness_of(line)
        return witness if self.witnessed.get(witness, 0) < size <= self.size else b""

    def _witness_of(self, line: str) -> bytes:
        """The witness key of the member in whose name a cosignature line stands; empty where it is nobody's."""
        name = line.removeprefix("— ").partition(" ")[0]
        keys = (line_keys.witness for _, line_keys in self.members().values())
        return next((witness for witness in keys if witness_name(witness) == name), b"")

    def receive(self, page: Page) -> tuple[list[Received], list[Alarm]]:
        """Take entries in.  Raises `NotAuthentic` or `Forked`, having taken nothing, if they do not connect."""
        self._connect(page)
        received: list[Received] = []
        alarms: list[Alarm] = []
        for ordered in page.entries:
            one = self._take(ordered, alarms)
            if self.stuck:
                break  # what this house cannot judge is not among what it stands on
            received.append(one)
        if self.pending and self.size > self.pending.expected:
            self.pending = None  # another entry came first: the commit can have no place any more, and is made anew
        alarms += self._witness(page)
        return received, alarms

    def append(self, leaf: Leaf) -> None:
        """An entry has been dealt with: it is part of the log that this house stands on."""
        leaf_hash = leaf.hash()
        self.tree.append(leaf_hash)
        self.frontier.append(leaf_hash)
        self.last_time = Instant(leaf.time_ms)

    def _connect(self, page: Page) -> None:
        """1 Ordered: no gap, bytes as hashed, time that does not go back, a root that the relay signed."""
        if len(page.entries) > MOST_ENTRIES:
            raise NotAuthentic(f"The relay handed out {len(page.entries)} entries at once, more than a page holds.")
        checkpoint = self._open_checkpoint(page)
        at = self.last_time
        for place, ordered in enumerate(page.entries, self.size):
            if ordered.position != place:
                raise NotAuthentic("The relay left out an entry, or gave one twice.")
            if hashlib.sha256(ordered.ciphertext).digest() != ordered.leaf.ciphertext_hash:
                raise NotAuthentic(f"Entry {place} is not the one that the log names.")
            if ordered.leaf.time_ms < at:
                raise NotAuthentic(f"Entry {place} goes back in time.")
            at = Instant(ordered.leaf.time_ms)
        if checkpoint.size != self.size + len(page.entries):
            raise NotAuthentic("The relay's checkpoint does not end where its entries end.")
        frontier = self.frontier.copy()
        for ordered in page.entries:
            frontier.append(ordered.leaf.hash())
        if frontier.root() != checkpoint.root:  # the entries may be false, or the head: which of them is not proved
            raise NotAuthentic(
                f"The entries do not lead from the {self.size} that this house stands on to the {checkpoint.size} that "
                "the relay signed: it is damaged, or it shows another history."
            )
        self.checkpoints += page.checkpoint != self.note
        self.note = page.checkpoint

    def _open_checkpoint(self, page: Page) -> Checkpoint:
        """The head that the relay signed: of this log, not shorter than ours, and not another of a length we know."""
        try:
            checkpoint = open_checkpoint(page.checkpoint, VerifierKey.parse(self.terms.vkey), origin=self.terms.origin)
        except Malformed as error:
            raise NotAuthentic(f"The relay's checkpoint cannot be read: {error.sentence}") from None
        if checkpoint.size <= self.size and checkpoint.root != self.tree.root(checkpoint.size):
            raise Forked(
                f"The relay signed another history of {checkpoint.size} entries than the one it gave this house before."
            )
        if checkpoint.size < self.size:
            raise NotAuthentic(f"The relay's log has gone back from {self.size} to {checkpoint.size} entries.")
        return checkpoint

    def _take(self, ordered: Ordered, alarms: list[Alarm]) -> Received:
        """Steps 2 to 4 for one entry.  Whatever is false in it, the line goes on."""
        place = ordered.position
        try:
            if place < self.joined_at:
                received = self._take_handed(ordered, alarms)
            elif place == self.joined_at:
                received = self._enter(ordered)
            elif ordered.leaf.kind is LeafKind.COMMIT:
                received = self._take_commit(ordered, alarms)
            else:
                received = self._take_talk(ordered, alarms)
        except (Malformed, NotAuthentic, Refused) as error:
            self._notice_lost_time(ordered, ordered.ciphertext, alarms)
            evidence = ordered.ciphertext[:_MOST_EVIDENCE]
            alarms.append(Alarm("false-entry", place, f"Entry {place}: {error.sentence}", evidence))
            received = Received(place, ordered.leaf, Outcome.NOT_AUTHENTIC, error.sentence)
        if not self.stuck:
            self.append(ordered.leaf)
        return received

    def _take_talk(self, ordered: Ordered, alarms: list[Alarm]) -> Received:
        place, leaf = ordered.position, ordered.leaf
        own = self.held.get(leaf.tag)
        if own is not None and own.ciphertext == ordered.ciphertext:
            if leaf.epoch != self.epoch:
                sentence = "Sealed for an epoch that was over; it is sealed again."
                return Received(place, leaf, Outcome.VOID, sentence, own.act)
            if own.epoch != leaf.epoch:  # it stays held, and is sealed again
                raise NotAuthentic("The epoch that the relay wrote down is not the message's.")
            del self.held[leaf.tag]
            return self._admit(ordered, self.own, own.packed, alarms)
        if leaf.epoch != self.epoch or self.group is None:
            return _other_epoch(ordered)
        if self.group.peek(ordered.ciphertext).epoch != leaf.epoch:
            raise NotAuthentic("The epoch that the relay wrote down is not the message's.")
        opened = self.group.open(ordered.ciphertext, self.authenticate)
        if not isinstance(opened, Opened):
            raise NotAuthentic("A commit was handed in as talk.")
        author = self._party_at(opened.sender_leaf)
        self.group = opened.group
        self._check_echo(opened.authenticated_data, place, author, alarms)
        return self._admit(ordered, author, opened.plaintext, alarms)

    def _take_commit(self, ordered: Ordered, alarms: list[Alarm]) -> Received:
        """A change of the group: the chair's own, or a newcomer's arrival that the chair's house takes up."""
        place, leaf = ordered.position, ordered.leaf
        if leaf.epoch != self.epoch or self.group is None:
            return _other_epoch(ordered)
        pending, self.pending = self.pending, None
        if pending and pending.commit.message == ordered.ciphertext and pending.expected == place:
            return self._merge(place, ordered, pending.commit.next, pending.removed)
        header = self.group.peek(ordered.ciphertext)
        if header.epoch != leaf.epoch:
            return Received(place, leaf, Outcome.UNMERGED, "A commit of another epoch than the one at its place.")
        if header.content_type == ContentType.COMMIT:
            return self._take_chairs(self.group, ordered, alarms)
        return self._take_arrival(self.group, ordered, alarms)

    def _take_chairs(self, group: Group, ordered: Ordered, alarms: list[Alarm]) -> Received:
        place, message = ordered.position, ordered.ciphertext
        try:
            staged = commits.staged_of(group.open(message, self.authenticate))
        except (Malformed, NotAuthentic, Refused) as error:
            return self._cannot_follow(ordered, message, error, alarms, vouched=self._is_chairs(group, ordered))
        self._check_echo(staged.authenticated_data, place, self._party_at(staged.sender_leaf), alarms)
        return self._judge(ordered, staged, self._refuse_commit(group, staged, place))

    def _take_arrival(self, group: Group, ordered: Ordered, alarms: list[Alarm]) -> Received:
        """The chair's house says that it could open the commit inside; whoever cannot is shut out, and knows it."""
        place = ordered.position
        opened = group.open(ordered.ciphertext, self.authenticate)
        if not isinstance(opened, Opened):
            raise NotAuthentic("Something else than a commit was handed in as one.")
        author, arrival = self._party_at(opened.sender_leaf), commits.taken_up(opened.plaintext)
        self.group = opened.group
        self._check_echo(opened.authenticated_data, place, author, alarms)
        refusal = self._refuse_vouching(opened, place)
        if refusal:
            return Received(place, ordered.leaf, Outcome.UNMERGED, refusal.sentence)
        if self.arrival and self.arrival.message == arrival:
            return self._merge(place, ordered, self.arrival.next, ())
        try:
            staged = commits.staged_of(opened.group.open(arrival, self.authenticate))
        except (Malformed, NotAuthentic, Refused) as error:
            return self._cannot_follow(ordered, arrival, error, alarms, vouched=True)
        self._check_echo(staged.authenticated_data, place, self._party_at(staged.sender_leaf), alarms)
        return self._judge(ordered, staged, commits.refuse_arrival(group, staged))

    def _judge(self, ordered: Ordered, staged: Staged, refusal: Refused | None) -> Received:
        if refusal:
            return Received(ordered.position, ordered.leaf, Outcome.UNMERGED, refusal.sentence)
        return self._merge(ordered.position, ordered, staged.next, staged.removed)

    def _cannot_follow(
        self, ordered: Ordered, message: bytes, error: DetenteError, alarms: list[Alarm], *, vouched: bool
    ) -> Received:
        """A commit that does not open here.  One that fails where all judge alike moved nobody, and the line goes on.

        Where the chair's house vouches for a commit that others may have opened (its secret is false for us, or our
        own leaf sent it and we have forgotten), the line is where the chair's house is: we stop before it and ask to
        be added anew.  Whoever went on in the old epoch, and were there a quorum of them, would call admitted and
        confirmed what is void to the others.
        """
        place = ordered.position
        self._notice_lost_time(ordered, message, alarms)
        evidence = ordered.ciphertext[:_MOST_EVIDENCE]
        alarms.append(Alarm("false-entry", place, f"Commit {place}: {error.sentence}", evidence))
        only_here = isinstance(error, ShutOut) or (isinstance(error, Refused) and error.rule == OWN_MESSAGE)
        if vouched and only_here and not self.stuck:
            self.stuck = True
            sentence = f"The commit at {place} moved the others and not this house; it asks to be added anew."
            alarms.append(Alarm("stuck", place, sentence))
        return Received(place, ordered.leaf, Outcome.UNMERGED, error.sentence)

    def _notice_lost_time(self, ordered: Ordered, message: bytes, alarms: list[Alarm]) -> None:
        """A message that our own leaf truly sent, and for which we still have the key that sealed it: we lost time.

        The store was put back from a backup.  What is sealed with such a state nobody can open; so it is given up.
        """
        if self.group is None or ordered.leaf.epoch != self.epoch:
            return
        own = self.group.own_leaf
        try:
            found = Group(replace(self.group.state, own_leaf=_NOBODY)).signer(message)
        except (Malformed, NotAuthentic, Refused):
            return
        if found == own:
            self.stuck = True
            sentence = (
                f"This house sent entry {ordered.position} and does not remember it: its store is older than the line. "
                "It asks to be added anew."
            )
            alarms.append(Alarm("stuck", ordered.position, sentence))

    def _is_chairs(self, group: Group, ordered: Ordered) -> bool:
        """Whether the chair's house truly made this commit, and for this place, whatever else is wrong with it."""
        try:
            leaf = group.signer(ordered.ciphertext)
            made_for = Head.decode(group.peek(ordered.ciphertext).authenticated_data).size
        except (Malformed, NotAuthentic, Refused):
            return False
        return made_for == ordered.position and self.state.facts.role(self._party_at(leaf)) is Role.CHAIR

    def _refuse_commit(self, group: Group, staged: Staged, place: Position) -> Refused | None:
        """A commit that stands in the log by itself is the chair's, and only carries out what acts decided."""
        if self.state.facts.role(self._party_at(staged.sender_leaf)) is not Role.CHAIR:
            return Refused("Only the chair's house changes the group.", rule="charter.commit")
        if Head.decode(staged.authenticated_data).size != place:
            return Refused("The commit was made for another place in the log.", rule="charter.commit")
        return commits.refuse_chairs(self.state.facts, self.members(), group, staged)

    def _refuse_vouching(self, envelope: Opened, place: Position) -> Refused | None:
        """An arrival is taken up by the chair's house, and for exactly its place."""
        if self.state.facts.role(self._party_at(envelope.sender_leaf)) is not Role.CHAIR:
            return Refused("Only the chair's house takes a newcomer's commit up.", rule="charter.arrival")
        if Head.decode(envelope.authenticated_data).size != place:
            return Refused("The commit was taken up for another place in the log.", rule="charter.arrival")
        return None

    def _merge(self, place: Position, ordered: Ordered, group: Group | None, removed: Sequence[LeafIndex]) -> Received:
        before = self.members()
        leaving = {party for party, (leaf, _) in before.items() if leaf in removed}
        if group is not None:
            after = {party_of(member.identity) for member in group.members}
            leaving |= {party for party in before if party not in after}
        if leaving:
            self.spans.append(self._span(place, without=leaving))
        self.group, self.arrival = group, None
        self.epoch += 1
        following = self._span(place + 1)
        if group is not None and not following.goes_on_from(self.spans[-1]):
            self.spans.append(following)
        return Received(place, ordered.leaf, Outcome.MERGED)

    def _span(self, first: int, without: Collection[PartyId] = ()) -> Span:
        """From here on: those in the group whom the charter has as members (before the founding act, its author)."""
        facts = self.state.facts
        counted = {
            party: keys
            for party, (_, keys) in self.members().items()
            if party not in without and (party in facts.members or not facts.members)
        }
        return Span(first, tuple(keys.witness for keys in counted.values()), facts.faults)

    # --- what was handed over --------------------------------------------------------------------

    def _take_handed(self, ordered: Ordered, alarms: list[Alarm]) -> Received:
        """An entry from before we joined: read from what a member gave us, proved by the tag of its leaf."""
        place, leaf = ordered.position, ordered.leaf
        if leaf.kind is LeafKind.COMMIT:
            if place not in self.merged:
                return Received(place, leaf, Outcome.UNMERGED, "Handed over as a commit that took no effect.")
            self.epoch += 1
            return Received(place, leaf, Outcome.MERGED)
        if leaf.epoch != self.epoch:
            return Received(place, leaf, Outcome.VOID, "Of another epoch than the one at its place.")
        packed = self.handed.pop(place, None)
        if packed is None:
            return Received(
                place, leaf, Outcome.NOT_HANDED_OVER, "From before this house joined; nobody handed it over."
            )
        return self._admit(ordered, None, packed, alarms)

    def _enter(self, ordered: Ordered) -> Received:
        """The commit that brought us in: from here on we open everything ourselves."""
        wrong = self._why_not_enter(ordered.leaf)
        self.handed, self.merged = {}, set()
        if wrong:
            self.group = None
            raise NotAuthentic(wrong)
        self.epoch += 1
        self.spans = [self._span(0)]
        return Received(ordered.position, ordered.leaf, Outcome.MERGED)

    def _why_not_enter(self, leaf: Leaf) -> str:
        """What is wrong between the history that was handed over and the group that the welcome led into."""
        group, members = self.group, self.state.facts.members
        if leaf.kind is not LeafKind.COMMIT or leaf.epoch != self.epoch or not group or group.epoch != self.epoch + 1:
            return "The history that was handed over does not lead to the epoch of the welcome."
        if self.own not in members:
            return "The history that was handed over does not have this party as a member."
        for each in group.members:
            known = members.get(party_of(each.identity))
            if known is None or known.node != each.signature_key:
                return "In the group of the welcome is a chancery that the line's acts do not admit."
        return ""

    # --- verifying and admitting -----------------------------------------------------------------

    def _admit(self, ordered: Ordered, sender: PartyId | None, packed: bytes, alarms: list[Alarm]) -> Received:
        """Steps 3 and 4.  `sender` is the member whose leaf sealed it; None where it was handed over."""
        place, leaf = ordered.position, ordered.leaf
        raw, signature = acts.unpack(packed)
        identifier = acts.act_id(raw)
        if acts.tag_of(identifier, leaf.epoch) != leaf.tag:
            raise NotAuthentic("The tag at this place names another act.")
        one = acts.decode(raw)
        body = self.registry.body(one)
        author = PartyId(one.author)
        if sender is not None and author != sender:
            raise NotAuthentic("The act bears another party's name than the one that sealed it.")
        self._check_line(one, identifier)
        if identifier in self.known:
            return Received(place, leaf, Outcome.DUPLICATE, "The same act has its place already.", identifier, author)
        verified = Verified(
            identifier,
            self.id,
            author,
            one.office,
            place,
            Instant(leaf.time_ms),
            Position(one.seen),
            one.procedure,
            body,
        )
        outcome = fold(self.registry, self.state, verified)
        if isinstance(outcome, Refused) and author not in self.state.facts.members and self.size:
            self.known[identifier] = place  # removed by an act before this one, though not from the group yet
            return Received(place, leaf, Outcome.REFUSED, outcome.sentence, identifier, author, packed)
        voice = self._voice(author, outcome)
        if body is None or body.signed:
            acts.verify_voice(raw, signature, voice)
        elif signature or sender is None:
            raise NotAuthentic("A non-paper bears nobody's signature, and so nobody can hand it over.")
        self.known[identifier] = place
        self._compare(one, place, alarms)
        before = self.state.facts.members.keys()
        self.remember(verified, outcome, place)
        if before - self.state.facts.members.keys():
            self.spans.append(self._span(place))  # who is being removed is not counted on the removal
        if isinstance(outcome, Refused):
            return Received(place, leaf, Outcome.REFUSED, outcome.sentence, identifier, author, packed)
        kind = Outcome.ADMITTED if body is not None else Outcome.NOT_UNDERSTOOD
        return Received(place, leaf, kind, "", identifier, author, packed)

    def _check_line(self, one: acts.Act, identifier: ActId) -> None:
        """The founding act names no line, and is named by it; every other names this one."""
        founding = self.size == 0
        if one.line != (b"" if founding else self.id) or (founding and bytes(identifier) != bytes(self.id)):
            raise NotAuthentic("The act belongs to another line.")

    def _voice(self, author: PartyId, outcome: LineState | Refused) -> bytes:
        """The author's key: of the line's facts, and for the founding act of the facts that it makes."""
        member: Member | None = self.state.facts.members.get(author)
        if member is None and self.size == 0 and isinstance(outcome, LineState):
            member = outcome.facts.members.get(author)
        if member is None:
            raise NotAuthentic("Its author is not a member of this line.")
        return member.voice

    def remember(self, act: Verified, outcome: LineState | Refused, place: Position) -> None:
        """Go on to the state after an act, and note its digest."""
        if isinstance(outcome, Refused):
            return
        self.state = outcome
        size = place + 1
        self.digests.setdefault(act.procedure, []).append((size, digest(self.registry, outcome, act.procedure)))
        if act.body is not None and act.body.weight is Weight.DECIDING:
            self.decided[act.procedure] = size

    def _compare(self, one: acts.Act, place: Position, alarms: list[Alarm]) -> None:
        """Where both houses hold the same version of the rules, both must hold the same state."""
        procedure = self.registry.procedures.get(one.procedure)
        if procedure is None or procedure.rules != one.rules or not 0 < one.seen <= place:
            return
        if self.digest_at(one.procedure, one.seen) != one.digest:
            sentence = f"{one.author} sees another state of “{one.procedure}” after {one.seen} entries than this house."
            alarms.append(Alarm("digest", place, sentence, one.digest))

    def _party_at(self, leaf: LeafIndex) -> PartyId:
        for party, (index, _) in self.members().items():
            if index == leaf:
                return party
        raise NotAuthentic("The message comes from a leaf that nobody holds.")

    def authenticate(self, identity: bytes, signature_key: bytes, extensions: Sequence[Extension]) -> None:
        """The authentication service of the group: a leaf is a member's chancery, with the node key of its record."""
        member = self.state.facts.members.get(party_of(identity))
        if member is None or member.node != signature_key:
            raise NotAuthentic("That chancery's key is not in the record of any member of this line.")
        _line_keys(extensions)

    # --- heads -----------------------------------------------------------------------------------

    def _check_echo(self, echoed: bytes, place: Position, author: PartyId, alarms: list[Alarm]) -> None:
        """The head that a member echoes must be on our branch: else the relay shows two histories."""
        head = Head.decode(echoed)
        if head.size > place:
            raise NotAuthentic("The message echoes a head that lies after its own place.")
        if head.size and self.tree.root(head.size) != head.root:
            sentence = f"{author} was shown another history of this line up to entry {head.size}."
            self._fork(place, sentence, Checkpoint(self.terms.origin, head.size, head.root).encode(), alarms)

    def _witness(self, page: Page) -> list[Alarm]:
        """Count the members' cosignatures, each over a head that we can recompute."""
        alarms: list[Alarm] = []
        for size, root, line in page.cosignatures:
            witness = self._counts(line, size)
            if not witness:
                continue
            key = VerifierKey(witness_name(witness), KeyKind.COSIGNATURE_ED25519, witness)
            try:
                checkpoint = Checkpoint(self.terms.origin, size, root)
                verify_cosignature(checkpoint, line, key)
            except (Malformed, NotAuthentic):
                continue  # the relay keeps lines that it cannot check; one that is false counts for nothing
            if self.tree.root(size) != root:
                sentence = f"A member cosigned another history of this line, of {size} entries."
                self._fork(Position(size), sentence, f"{checkpoint.encode()}\n{line}", alarms)
                continue
            self.witnessed[witness] = size
        self.confirmed = quorum.confirmed(self.confirmed, self.size, self.spans, self.witnessed)
        return alarms

    def cosigned(self, witness: bytes) -> None:
        """Count our own cosignature of the present head."""
        self.witnessed[witness] = self.size
        self.confirmed = quorum.confirmed(self.confirmed, self.size, self.spans, self.witnessed)

    def _fork(self, place: Position, sentence: str, theirs: str, alarms: list[Alarm]) -> None:
        """Freeze the line, and keep the two heads that cannot both be true: theirs, and the relay's to us."""
        self.forked = True
        alarms.append(Alarm("fork", place, sentence, f"{theirs}\n{self.note}".encode()))


def _other_epoch(ordered: Ordered) -> Received:
    outcome = Outcome.UNMERGED if ordered.leaf.kind is LeafKind.COMMIT else Outcome.VOID
    return Received(ordered.position, ordered.leaf, outcome, "Of another epoch than the one at its place.")


def witness_name(witness: bytes) -> str:
    """The name under which a witness key cosigns: opaque, and bound to the key."""
    return "w-" + hashlib.sha256(witness).hexdigest()[:20]


def _line_keys(extensions: Sequence[Extension]) -> LineKeys:
    for extension in extensions:
        if extension.type == LINE_KEYS:
            return LineKeys.decode(extension.data)
    raise NotAuthentic("A member of the group has no keys for the line.")
