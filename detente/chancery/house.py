"""A chancery: a party's own house, its lines and its directory of others.  Pure orchestration.

On the way out   submit    an office's act is judged by the peers' own rule, signed, sealed and stored
                 outgoing  what transport is to send; sending changes nothing, a repetition does no harm
On the way in    receive   a page of a line's log goes through the line's gate, and is stored with all
                           that follows from it: receipts that the house owes, members who are to be
                           added or removed, a newcomer's arrival, what has to be sealed again
                 receive_letter   letters that lead into lines
To look          lines, directory, summonses, alarms

One writer owns the object.  Every step is stored in one transaction before anything of it is
released; where that fails, the line is thrown away and loaded again as it was stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from detente.acts import act as acts
from detente.acts.act import Act, Body, Verified
from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.acts.procedure import Registry, digest
from detente.chancery import letters
from detente.chancery.approvals import Approvals, Given, Question
from detente.chancery.arrivals import Arrivals
from detente.chancery.directory import Directory
from detente.chancery.drafts import Drafts
from detente.chancery.identity import MACHINE, POWERS, Secrets, check_power
from detente.chancery.letters import Agreement, Arrival, Handed, Letter, Readmission, Summons, Welcome
from detente.chancery.passkeys import Passkeys
from detente.chancery.ports import EntryRow, LineRow, OutboxRow, Store
from detente.crypto import hybrid, sealing
from detente.crypto.hashing import sha256
from detente.evidence import instrument as instruments
from detente.evidence.instrument import PartyNamed
from detente.evidence.records import RootRecord
from detente.ground.errors import DetenteError, Forked, Malformed, NotAuthentic, Refused
from detente.ground.identifiers import ActId, LineId, PartyId, Position, base32
from detente.ground.instants import Instant
from detente.line import core
from detente.line.engine import Held, Line, Page, Pending, witness_name
from detente.line.quorum import Span
from detente.line.terms import LINE_KEYS, LINE_SUITE, SPOKEN, Alarm, Entropy, Outcome, Received, Terms, credential
from detente.mls.group import Group, Identity, key_package
from detente.mls.types import Extension
from detente.procedures.charter.acts import Found, RegisterPlace, RelayPlace, Seat
from detente.procedures.signature.acts import Sign
from detente.procedures.signature.rules import Instrument
from detente.procedures.signature.rules import State as Signatures
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.cosignature import cosign
from detente.tlog.leaf import Leaf
from detente.wire import canonical

_WITH_ACT = (Outcome.ADMITTED, Outcome.REFUSED, Outcome.NOT_UNDERSTOOD)
_WAITS_FOR_CONFIRMATION = ("signature", "charter", "silence", "ballot")
NAME_BYTES = 16
MOST_ALARMS = 256  # of one kind on one line; the first are kept, and what is beyond them only repeats
MOST_SUMMONSES = 32  # of one chair that wait for an answer
MOST_PARTS_WAITING = 512  # of letters that are not whole yet
LARGEST_EVIDENCE = 65_536


@dataclass(frozen=True)
class Submission:
    """An entry for the relay to append.  `expected` and `writers` come with a commit only."""

    commit: bool
    epoch: int
    tag: bytes
    ciphertext: bytes
    expected: int | None = None
    writers: tuple[bytes, ...] | None = None


@dataclass(frozen=True)
class Outgoing:
    """What a line has to send now.  Whoever sends it twice does no harm."""

    terms: Terms
    writer_seed: bytes
    found: bool  # the relay may not know the line yet
    size: int
    submissions: tuple[Submission, ...]
    cosignature: tuple[int, bytes, str] | None


@dataclass(frozen=True)
class Post:
    """A sealed part of a letter, for a mailbox."""

    key: str
    box: str
    tag: bytes
    sealed: bytes


@dataclass(frozen=True)
class Draft:
    """What a founder says of a new line."""

    title: str
    members: tuple[tuple[PartyId, Role], ...]
    must_accept: tuple[PartyId, ...]
    ceiling: Label
    faults: int | None
    relay: RelayPlace  # its `line` is drawn here
    register: RegisterPlace


class Chancery:
    """A party's house."""

    def __init__(self, store: Store, registry: Registry, secrets: Secrets, entropy: Entropy) -> None:
        self.store = store
        self.registry = registry
        self.directory = Directory(store)
        self.drafts = Drafts(self, entropy)
        self.passkeys = Passkeys(store)
        self._approvals = Approvals(store)
        self.arrivals = Arrivals(store)
        self._secrets = secrets
        self._entropy = entropy
        self._lines: dict[LineId, Line] = {}
        self._versions: dict[LineId, int] = {}
        self._owed: dict[LineId, int] = {}
        self._stored: dict[LineId, set[bytes]] = {}  # the tags in the store's outbox: reading it opens every act
        for row in store.lines():
            self._load(row)

    # --- to look -------------------------------------------------------------------------------

    @property
    def party(self) -> PartyId:
        """The party whose house this is."""
        return self.directory.own_party

    @property
    def record(self) -> RootRecord:
        """The party's own record."""
        return self.directory.own_record

    @property
    def box(self) -> tuple[str, bytes]:
        """The address of the house's mailbox, and the seed of the key that opens sessions for it."""
        return self.record.mail.box, self._secrets.box

    def lines(self) -> Mapping[LineId, Line]:
        """The lines of the house."""
        return self._lines

    def line(self, identifier: LineId) -> Line:
        """One line, or `Refused` with the same words for an unknown one as for another's."""
        line = self._lines.get(identifier)
        if line is None:
            raise Refused("There is no such line in this house.", rule="line.unknown")
        return line

    def alarms(self, identifier: LineId) -> list[tuple[str, bytes]]:
        """What a person must know of a line: (number, canonical JSON), oldest first."""
        return self.store.shelf(f"alarms/{identifier.hex()}")

    # --- on the way out ------------------------------------------------------------------------

    def submit(self, identifier: LineId, office: str, body: Body, now: Instant, request: str = "") -> ActId:
        """Do an act in the name of an office.  It is held, durably, when this returns.

        `request` is the asker's own name for this wish: asked again under the same name, after an answer
        that was lost, nothing is done twice and the first act's id comes back.
        Raises `Refused` with the rule's own sentence where the peers would refuse it, where the office
        does not have the power, and where a decision that it builds on is not confirmed yet.
        """
        line = self.line(identifier)
        procedure = self.registry.procedure_of(body)
        check_power(self.record, office, POWERS.get(procedure.name, "conclude"))
        done = self.store.fetch(f"requests/{identifier.hex()}", request) if request else None
        if done is not None:
            return ActId(done)
        self._check_held_back(line, procedure.name)
        raw = self._judged(line, office, body, now)
        with self._step(line):
            held = self._hold(line, raw, body)
            if request:
                self.store.keep(f"requests/{identifier.hex()}", request, held.act)
        return held.act

    def judge(self, identifier: LineId, office: str, body: Body, now: Instant) -> None:
        """Raises `Refused` with the rule's own sentence where the peers would refuse this act now; does nothing."""
        self._judged(self.line(identifier), office, body, now)

    def seal_instrument(self, identifier: LineId, office: str, digest: bytes, now: Instant, request: str = "") -> ActId:
        """Seal an instrument with the party's seal and tell the line; `digest` is SHA-256(m) of its payload.

        What is sealed is the payload that this house computed itself from the adoptions, and the approvals that
        its persons gave before.  Raises as `submit`.
        """
        one, named = self._to_seal(identifier, office, digest)
        if hybrid.public(self._secrets.seal) != self.record.seal:
            raise Refused("The seal of this house is not the one in the party's record.", rule="signature.record")
        given = self._approvals.given(identifier, digest)
        seal = instruments.seal(one.payload, self.party, named.record, self._secrets.seal, given)
        return self.submit(identifier, office, Sign(digest, given, seal), now, request)

    def approval_question(self, identifier: LineId, office: str, digest: bytes) -> Question:
        """What a person in `office` is asked before the party seals; `Refused` where nobody is."""
        one, _ = self._to_seal(identifier, office, digest)
        return self._approvals.question(identifier, one, self.party, office)

    def approve(self, identifier: LineId, office: str, digest: bytes, given: Given) -> Question:
        """A person in `office` approves an instrument: how far the approvals have come with it.

        Raises `Refused`, `Malformed` or `NotAuthentic` where this is no approval that every peer would accept;
        nothing is kept then.
        """
        one, _ = self._to_seal(identifier, office, digest)
        self._approvals.approve(identifier, one, self.party, office, given)
        return self._approvals.question(identifier, one, self.party, office)

    def _to_seal(self, identifier: LineId, office: str, digest: bytes) -> tuple[Instrument, PartyNamed]:
        """An instrument of this party, and the party as it is named there."""
        check_power(self.record, office, POWERS["signature"])
        state = self.line(identifier).state.parts.get("signature", Signatures())
        one = state.instruments.get(digest)
        named = one.named(self.party) if one else None
        if one is None or named is None:
            raise Refused("There is no such instrument for this party to seal.", rule="signature.unknown")
        return one, named

    def _judged(self, line: Line, office: str, body: Body, now: Instant) -> bytes:
        raw = self._write(line, office, body, now)
        outcome = line.ask(self._as_next(line, acts.act_id(raw), office, body, now))
        if isinstance(outcome, Refused):
            raise outcome
        return raw

    def _write(self, line: Line, office: str, body: Body, now: Instant) -> bytes:
        procedure = self.registry.procedure_of(body)
        act = Act(
            line=line.id,
            author=self.party,
            office=office,
            seen=line.size,
            digest=digest(self.registry, line.state, procedure.name),
            rules=procedure.rules,
            made=now,
            salt=self._entropy(acts.SALT_BYTES),
            body=canonical.raw(body),
        )
        raw = acts.encode(act)
        if len(raw) > acts.LARGEST:
            raise Malformed("An act may not be larger than six megabytes.")
        return raw

    def _as_next(self, line: Line, act: ActId, office: str, body: Body, now: Instant) -> Verified:
        name = self.registry.procedure_of(body).name
        at = Instant(max(now, line.last_time))
        place = Position(line.size)
        return Verified(act, line.id, self.party, office, place, at, place, name, body)

    def _check_held_back(self, line: Line, procedure: str) -> None:
        """An act that builds on a decision waits at home until a quorum has confirmed the decision."""
        if procedure in _WAITS_FOR_CONFIRMATION and max(line.decided.values(), default=0) > line.confirmed:
            raise Refused(
                "Held back: a decision on which this builds is ordered, but no quorum has confirmed it yet.",
                rule="line.confirmed",
            )

    def _hold(self, line: Line, raw: bytes, body: Body) -> Held:
        packed = acts.pack(raw, self._secrets.voice if body.signed else None)
        return line.seal(acts.act_id(raw), packed, self._entropy)

    def outgoing(self, identifier: LineId) -> Outgoing:
        """What the line has to send: own acts in their order, own commit, own cosignature of the head."""
        line = self.line(identifier)
        waiting = []
        if not line.forked:  # a line that is frozen says nothing more, and what is held stays held
            waiting = [Submission(False, held.epoch, held.tag, held.ciphertext) for held in line.held.values()]
        if line.pending and not line.forked:
            pending = line.pending
            commit = pending.commit.message
            waiting.append(Submission(True, pending.epoch, pending.tag, commit, pending.expected, pending.writers))
        name = line.terms.name
        return Outgoing(
            terms=line.terms,
            writer_seed=self._secrets.writer(name),
            found=line.joined_at < 0 and line.size == 0,
            size=line.size,
            submissions=tuple(waiting),
            cosignature=self._cosignature(line),
        )

    def _cosignature(self, line: Line) -> tuple[int, bytes, str] | None:
        if line.group is None or line.stuck or line.forked or not line.size or line.catching_up:
            return None
        name, head = line.terms.name, line.head
        key = self._secrets.line_keys(name).witness
        seconds = line.last_time // 1000
        made = cosign(
            Checkpoint(line.terms.origin, head.size, head.root), witness_name(key), self._secrets.witness(name), seconds
        )
        return head.size, head.root, made

    def posts(self) -> list[Post]:
        """Sealed parts of letters that wait to be posted."""
        found = []
        for key, raw in self.store.shelf("posts"):
            box, _, rest = raw.partition(b"\n")
            found.append(Post(key, box.decode(), rest[:32], rest[32:]))
        return found

    def posted(self, key: str) -> None:
        """A part has been posted."""
        with self.store.transaction():
            self.store.discard("posts", key)

    # --- founding and joining --------------------------------------------------------------------

    def found(self, office: str, draft: Draft, now: Instant) -> LineId:
        """Found a line: its first act, held at this house; the others are summoned when it is confirmed."""
        check_power(self.record, office, "conclude")
        name = base32(self._entropy(NAME_BYTES))
        seats = tuple(Seat(party, role, self.directory.accredited(party)) for party, role in draft.members)
        relay = RelayPlace(draft.relay.url, f"{draft.relay.origin}/l/{name}", draft.relay.vkey, name)
        versions = {each.name: each.version for each in self.registry.procedures.values()}
        body = Found(
            title=draft.title,
            members=seats,
            ceiling=draft.ceiling,
            must_accept=draft.must_accept,
            faults=draft.faults,
            rules=versions,
            relay=relay,
            register=draft.register,
        )
        return self._begin(office, body, Terms(relay.url, relay.origin, relay.vkey, name), now)

    def _begin(self, office: str, body: Found, terms: Terms, now: Instant) -> LineId:
        keys = self._secrets.line_keys(terms.name)
        blank = Line(LineId(b""), terms, self.party, self.registry, None, spans=[Span(0, (keys.witness,), 0)])
        raw = self._write(blank, office, body, now)
        identifier = LineId(acts.act_id(raw))
        verified = self._as_next(blank, ActId(identifier), office, body, now)
        outcome = blank.ask(verified)
        if isinstance(outcome, Refused):
            raise outcome
        blank.id = identifier
        leaf = self._leaf_extensions(terms.name)
        blank.group = Group.create(identifier, self._identity, leaf, (), self._entropy, suite=LINE_SUITE)
        with self._step(blank):
            self._lines[identifier] = blank
            self._hold(blank, raw, body)
        return identifier

    @property
    def _identity(self) -> Identity:
        return Identity(credential(self.party), self._secrets.node)

    def _leaf_extensions(self, name: str) -> tuple[Extension, ...]:
        return (Extension(LINE_KEYS, self._secrets.line_keys(name).encode()),)

    def summonses(self) -> list[tuple[LineId, PartyId, Found]]:
        """Lines into which this house was asked and has not agreed: (line, chair, founding act)."""
        found = []
        for key, raw in self.store.shelf("summonses"):
            letter = canonical.decode(raw, Letter)
            if isinstance(letter.content, Summons):
                with suppress(Refused):  # a party in it may have a newer record that is to be compared first
                    body = self._founding(LineId(bytes.fromhex(key)), letter.content.founding)
                    found.append((LineId(bytes.fromhex(key)), PartyId(letter.sender), body))
        return found

    def agree(self, identifier: LineId, office: str) -> None:
        """Agree to a line: the house sends its key package for it, and waits to be added."""
        check_power(self.record, office, "conclude")
        raw = self.store.fetch("summonses", identifier.hex())
        if raw is None:
            raise Refused("Nobody has asked this house into that line.", rule="charter.summons")
        letter = canonical.decode(raw, Letter)
        with self.store.transaction():
            package = self._package(identifier, letter.terms)
            self._write_letter(PartyId(letter.sender), identifier, letter.terms, Agreement(package))
            self.store.discard("summonses", identifier.hex())

    def _package(self, identifier: LineId, terms: Terms) -> bytes:
        leaf = self._leaf_extensions(terms.name)
        package, private = key_package(self._identity, leaf, self._entropy, suite=LINE_SUITE)
        self.store.keep("packages", identifier.hex(), private)
        self.store.keep("packages-public", identifier.hex(), package)
        return package

    def _write_letter(
        self,
        addressee: PartyId,
        line: LineId,
        terms: Terms,
        content: Summons | Agreement | Arrival | Readmission | Welcome,
    ) -> None:
        record = self.directory.record(addressee)
        letter = Letter(self.party, addressee, line, terms, content)
        for tag, sealed in letters.write(letter, self._secrets.voice, record.mail.key):
            self.store.keep("posts", tag.hex(), record.mail.box.encode() + b"\n" + tag + sealed)

    # --- letters that came -----------------------------------------------------------------------

    def receive_letter(self, sealed: bytes) -> str:
        """Take one sealed part from the mailbox; what is false or not for us is dropped, and the sentence says why."""
        try:
            part = letters.open_part(sealed, self._secrets.mail)
        except (Malformed, NotAuthentic) as error:
            return f"A letter was not taken: {error.sentence}"
        try:
            with self.whole():
                if not self._collect(part):
                    return "A part of a letter came; others are still missing."
                kept = [canonical.decode(raw, letters.Part) for _, raw in self.store.shelf(_parts(part.letter.hex()))]
                letter, raw, signature = letters.join(kept)
                self._check_letter(letter, raw, signature)
                said = self._read_letter(letter, raw)
                self._forget_letter(part.letter.hex())
                return said
        except (Malformed, NotAuthentic, Refused) as error:
            with self.store.transaction():
                self._forget_letter(part.letter.hex())
            return f"A letter was not taken: {error.sentence}"

    def _collect(self, part: letters.Part) -> bool:
        """Keep a part, and say whether its letter is whole.  Nobody is known by a part: so they are few at a time."""
        name, key = part.letter.hex(), f"{part.number:06d}"
        waiting = {each: [int(number) for number in raw.split()] for each, raw in self.store.shelf("letters-open")}
        newest = max((order for order, _ in waiting.values()), default=0)
        order, count = waiting.pop(name, [newest + 1, 0])
        if self.store.fetch(_parts(name), key) is None:
            count += 1
        self.store.keep(_parts(name), key, canonical.encode(part))
        self.store.keep("letters-open", name, f"{order} {count}".encode())
        total = count + sum(each for _, each in waiting.values())
        for oldest in sorted(waiting, key=waiting.__getitem__):
            if total > MOST_PARTS_WAITING:
                total -= waiting[oldest][1]
                self._forget_letter(oldest)
        return count >= part.total

    def _forget_letter(self, name: str) -> None:
        for key, _ in self.store.shelf(_parts(name)):
            self.store.discard(_parts(name), key)
        self.store.discard("letters-open", name)

    def _check_letter(self, letter: Letter, raw: bytes, signature: bytes) -> None:
        if letter.addressee != self.party or letter.sender == self.party:
            raise NotAuthentic("The letter is addressed to another party.")
        letters.verify(raw, signature, self.directory.record(PartyId(letter.sender)).voice)

    def _read_letter(self, letter: Letter, raw: bytes) -> str:
        line, sender = LineId(letter.line), PartyId(letter.sender)
        match letter.content:
            case Summons(founding=founding):
                self._founding(line, founding, expected_author=sender, terms=letter.terms)
                self._expect_outside(line)
                self._expect_room(line, sender)
                self.store.keep("summonses", line.hex(), raw)
                return "The chair of a line asks this house into it."
            case Agreement(key_package=package):
                self._expect_member(line, sender, raw)
                if sender in self.line(line).members():
                    raise Refused("The letter's sender is in that line's group already.", rule="charter.members")
                self.store.keep(f"agreements/{line.hex()}", sender, package)
                self._bring_in_step(line)
                return "A member agrees to a line."
            case Arrival(commit=commit):
                self.arrivals.offer(self.line(line), sender, commit)
                self._bring_in_step(line)
                return "A newcomer to a line brings keys of its own."
            case Readmission(key_package=package):
                self._expect_member(line, sender, raw)
                self.store.keep(f"readmissions/{line.hex()}", sender, package)
                self._hear_of_shutting_out(self.line(line), sender, letter.content)
                self._bring_in_step(line)
                return "A member asks to be added to a line anew."
            case Welcome():
                self._enter(line, sender, letter.terms, letter.content)
                return "This house has entered a line."

    def _expect_outside(self, identifier: LineId) -> None:
        known = self._lines.get(identifier)
        if known is not None and known.group is not None and not known.stuck:
            raise Refused("This house is in that line already.", rule="charter.summons")

    def _expect_room(self, identifier: LineId, chair: PartyId) -> None:
        """One chair asks into a bounded number of lines at a time; to ask into the same one again is no other."""
        waiting = dict(self.store.shelf("summonses"))
        waiting.pop(identifier.hex(), None)
        if sum(canonical.decode(raw, Letter).sender == chair for raw in waiting.values()) >= MOST_SUMMONSES:
            raise Refused("That party has asked this house into too many lines already.", rule="letter.summonses")

    def _expect_member(self, identifier: LineId, party: PartyId, raw: bytes) -> None:
        """The sender is a member, and the letter not an old one that somebody sent again: its keys are used once."""
        if self.line(identifier).state.facts.role(party) is None:
            raise Refused("The letter's sender is not a member of that line.", rule="charter.members")
        shelf, name = f"letters-taken/{identifier.hex()}", acts.act_id(raw).hex()
        if self.store.fetch(shelf, name) is not None:
            raise Refused("The same letter came before.", rule="letter.twice")
        self.store.keep(shelf, name, b"1")

    def _founding(
        self, line: LineId, packed: bytes, expected_author: PartyId | None = None, terms: Terms | None = None
    ) -> Found:
        """The founding act of a line: it hashes to the line's id, and this house accredits everybody in it."""
        raw, signature = acts.unpack(packed)
        act = acts.decode(raw)
        body = self.registry.body(act)
        if bytes(acts.act_id(raw)) != bytes(line) or not isinstance(body, Found):
            raise NotAuthentic("The founding act is not the one that the line is named after.")
        if [seat.party for seat in body.members if seat.role is Role.CHAIR] != [act.author]:
            raise NotAuthentic("The founding act is not the chair's own.")
        for seat in body.members:
            self.directory.check_accredited(PartyId(seat.party), seat.records)
        acts.verify_voice(raw, signature, self.directory.record(PartyId(act.author)).voice)
        if expected_author not in (None, act.author):
            raise NotAuthentic("The letter does not come from the chair who founded the line.")
        named = Terms(body.relay.url, body.relay.origin, body.relay.vkey, body.relay.line)
        if terms not in (None, named):
            raise NotAuthentic("The letter names another relay than the founding act does.")
        return body

    def _enter(self, identifier: LineId, sender: PartyId, terms: Terms, welcome: Welcome) -> None:
        """Join the group of a line, or join it anew; what lies before is read from what was handed over."""
        self._expect_outside(identifier)
        known = self._lines.get(identifier)
        self._founding(identifier, welcome.founding, expected_author=sender, terms=terms)
        package = self.store.fetch("packages-public", identifier.hex())
        private = self.store.fetch("packages", identifier.hex())
        if package is None or private is None:
            raise Refused("This house has not agreed to that line.", rule="charter.welcome")
        authenticate = self.directory.authenticate
        group = Group.join(welcome.welcome, package, private, self._identity, authenticate, spoken=SPOKEN)
        if group.group_id != identifier:
            raise NotAuthentic("The welcome leads into another group.")
        line = Line(identifier, terms, self.party, self.registry, group, joined_at=welcome.position)
        handed = letters.open_history(welcome.history, _history_key(group), identifier)
        line.handed = {each.position: each.packed for each in handed}
        line.merged = set(welcome.merged)
        if known is not None:
            line.held = dict(known.held)
        with self._step(line):
            self._lines[identifier] = line
            self.store.forget_entries(identifier, 0)
            self.store.discard("packages", identifier.hex())
            self.store.discard("packages-public", identifier.hex())

    # --- on the way in ---------------------------------------------------------------------------

    def receive(self, identifier: LineId, page: Page, now: Instant) -> list[Received]:
        """Take a page of a line's log in, with everything that follows from it, in one transaction.

        Raises `NotAuthentic` or `Forked`, having kept the evidence and taken nothing, where the page does
        not continue the log that this house stands on.
        """
        line = self.line(identifier)
        if line.stuck or line.nothing_new(page):
            return []
        pending = line.pending
        size, confirmed = line.size, line.confirmed
        try:
            with self._step(line):
                received, alarms = line.receive(page)
                self.store.add_entries(identifier, (_row(each) for each in received))
                self._raise_alarms(line, alarms)
                merged_at = _place_of(pending.commit.message, received) if pending else None
                if pending and merged_at is not None:
                    self._welcome(line, pending, merged_at)
                    self.arrivals.placed(line, pending, merged_at)
                self._follow_up(line, now, moved=(line.size, line.confirmed) != (size, confirmed))
        except (Forked, NotAuthentic) as error:
            self._mistrust(self.line(identifier), error, page)
            raise
        return received

    def tend(self, identifier: LineId, now: Instant) -> None:
        """What the house owes because time has passed, though nothing came in: the end of a silence, for example.

        `now` decides when it speaks.  What its act amounts to is judged by the log's time at its place.
        """
        line = self.line(identifier)
        if line.stuck or line.catching_up or line.confirmed < line.size or not self._due(line, now):
            return
        with self._step(line):
            self._owe(line, now)

    def _follow_up(self, line: Line, now: Instant, *, moved: bool) -> None:
        """Seal again, cosign, give the receipts that are owed, and bring the group in step with the charter."""
        if line.stuck:
            self._ask_readmission(line)
            return
        if line.catching_up:
            return
        line.reseal(self._entropy)
        if self._cosignature(line):
            line.cosigned(self._secrets.line_keys(line.terms.name).witness)
        if moved or line.confirmed == line.size:
            self._owe(line, now)
            self._reconcile(line)
            self._offer(line)

    def _owe(self, line: Line, now: Instant) -> None:
        """What the house itself owes at once, for example the receipt of a note that was delivered to it."""
        owed = self._due(line, now)
        if not owed or line.group is None or line.forked:
            return
        waiting = {bytes(acts.decode(acts.unpack(held.packed)[0]).body) for held in line.held.values()}
        for body in owed:
            if canonical.encode(body) not in waiting:
                raw = self._write(line, MACHINE, body, now)
                verified = self._as_next(line, acts.act_id(raw), MACHINE, body, now)
                if not isinstance(line.ask(verified), Refused):
                    self._hold(line, raw, body)

    def _due(self, line: Line, now: Instant) -> list[Body]:
        state, procedures = line.state, self.registry.procedures.values()
        return [body for each in procedures for body in each.owes(state.part(each), state.facts, self.party, now)]

    def _bring_in_step(self, identifier: LineId) -> None:
        line = self.line(identifier)
        with self._step(line):
            self._reconcile(line)

    def _reconcile(self, line: Line) -> None:
        """The chair's house brings the group in step with what the charter's acts decided and confirmed."""
        facts = line.state.facts
        if facts.role(self.party) is not Role.CHAIR or line.pending or line.group is None or line.forked or line.stuck:
            return
        present = line.members()
        shelves = (f"agreements/{line.id.hex()}", f"readmissions/{line.id.hex()}")
        asked = {party: self.store.fetch(shelves[party in present], party) for party in facts.members}
        arriving = {party: package for party, package in asked.items() if package is not None}
        if line.decided.get("charter", 0) > line.confirmed:  # who is shut out may be needed to confirm it
            self._change_group(line, {each: package for each, package in arriving.items() if each in present}, ())
            return
        self.arrivals.forgive(line, facts.members)
        for party, _ in self.store.shelf(f"summoned/{line.id.hex()}"):
            if party not in facts.members:  # should it be admitted again, it is summoned again
                self.store.discard(f"summoned/{line.id.hex()}", party)
        for party in facts.members:
            if party not in present and self.store.fetch(f"summoned/{line.id.hex()}", party) is None:
                self._summon(line, party)
        self._change_group(line, arriving, [party for party in present if party not in facts.members])
        self._take_up(line, line.group.epoch)  # after who comes and who goes: that was decided by acts

    def _summon(self, line: Line, party: PartyId) -> None:
        founding = next(self.store.entries(line.id)).packed
        self._write_letter(party, line.id, line.terms, Summons(founding))
        self.store.keep(f"summoned/{line.id.hex()}", party, b"1")

    def _change_group(self, line: Line, arriving: Mapping[PartyId, bytes], leaving: Sequence[PartyId]) -> None:
        """Commit; where a key package is false, find out whose, drop that one, and go on with the others."""
        if not arriving and not leaving:
            return
        again = [party for party in arriving if party in line.members()]
        try:
            line.commit(arriving, [*leaving, *again], self._entropy)
        except (Malformed, NotAuthentic, Refused) as error:
            if len(arriving) > 1:
                for party, package in arriving.items():
                    if line.pending is None:
                        self._change_group(line, {party: package}, leaving)
                return
            for party in arriving:
                self._drop_packages(line, party)
            sentence = f"{', '.join(arriving)}: a change of the group failed. {error.sentence}"
            self._raise_alarms(line, [Alarm("false-package", Position(line.size), sentence)])

    def _offer(self, line: Line) -> None:
        """A newcomer's house offers the chair's the commit that gives its leaf keys of its own: so paths stay short."""
        chair = _chair(line)
        if chair not in (None, self.party) and line.to_offer:
            self._write_letter(chair, line.id, line.terms, Arrival(line.offer(self._entropy)))

    def _take_up(self, line: Line, epoch: int) -> None:
        """The chair's house takes up one arrival that it can open; then the epoch is over, and the others are void."""
        alarms: list[Alarm] = []
        for party, commit in self.arrivals.waiting(line, epoch):
            if line.pending is None and not line.forked:
                try:
                    line.take_up(party, commit, self._entropy, alarms)
                except (Malformed, NotAuthentic, Refused) as error:
                    self.arrivals.distrust(line, party)
                    sentence = f"{party} brought a commit that this house cannot take up. {error.sentence}"
                    alarms.append(Alarm("false-arrival", Position(line.size), sentence, commit[:LARGEST_EVIDENCE]))
        self._raise_alarms(line, alarms)

    def _hear_of_shutting_out(self, line: Line, victim: PartyId, letter: Readmission) -> None:
        """A member could not go on from a commit; where that was an arrival, its maker brings no other."""
        maker = self.arrivals.maker(line, letter.position)
        sentence = f"{victim} could not go on from entry {letter.position}, and is added anew."
        if maker not in (None, victim):
            self.arrivals.distrust(line, maker)
            sentence += f" {maker} made that commit when it came; no other is taken up from it."
        evidence = letter.evidence[:LARGEST_EVIDENCE]
        self._raise_alarms(line, [Alarm("incident", Position(letter.position), sentence, evidence)])

    def _drop_packages(self, line: Line, party: PartyId) -> None:
        for shelf in ("agreements", "readmissions"):
            self.store.discard(f"{shelf}/{line.id.hex()}", party)

    def _welcome(self, line: Line, pending: Pending, merged_at: Position) -> None:
        """Our own commit has its place: hand the newcomers the way in, and the history that we can prove."""
        if not pending.added:
            return
        history, merged, founding = [], [], b""
        for row in self.store.entries(line.id):
            if row.position >= merged_at:
                break
            if row.outcome == Outcome.MERGED.value:
                merged.append(row.position)
            elif row.packed:
                founding = founding or row.packed
                if acts.unpack(row.packed)[1]:  # an unsigned non-paper proves nothing to whoever joins later
                    history.append(Handed(row.position, row.packed))
        key = _history_key(pending.commit.next)
        closed = letters.close_history(tuple(history), key, self._entropy(sealing.NONCE_BYTES), line.id)
        content = Welcome(pending.commit.welcome or b"", merged_at, founding, closed, tuple(merged))
        for party in pending.added:
            self._drop_packages(line, party)
            try:
                self._write_letter(party, line.id, line.terms, content)
            except Malformed as error:  # the line goes on without it
                self._raise_alarms(line, [Alarm("welcome", merged_at, f"{party} cannot enter: {error.sentence}")])

    def _ask_readmission(self, line: Line) -> None:
        """A commit moved the others and not us: we stand before it, and ask the chair to be added anew."""
        chair = _chair(line)
        if chair is None or chair == self.party:
            return
        evidence = self._evidence(line, Position(line.size))
        package = self._package(line.id, line.terms)
        self._write_letter(chair, line.id, line.terms, Readmission(package, line.size, evidence))

    def _evidence(self, line: Line, position: Position) -> bytes:
        """What was kept with the first alarm about an entry."""
        for _, raw in self.alarms(line.id):
            alarm = canonical.decode(raw, dict[str, Any])
            if (alarm["kind"], alarm["position"]) == ("false-entry", position):
                return bytes.fromhex(alarm["evidence"])
        return b""

    def _mistrust(self, line: Line, error: DetenteError, page: Page) -> None:
        """Keep what the relay signed and what we stood on; a fork freezes the line."""
        fork = isinstance(error, Forked)
        evidence = f"{line.note}\n{page.checkpoint[:LARGEST_EVIDENCE]}".encode(errors="replace")
        kind = "fork" if fork else "false-page"
        alarm = Alarm(kind, Position(line.size), error.sentence, evidence)
        with self._step(line):
            line.forked = line.forked or fork
            self._raise_alarms(line, [alarm])

    def _raise_alarms(self, line: Line, alarms: Sequence[Alarm]) -> None:
        """Keep alarms; the same alarm again is not another one, and a flood of one kind does not bury another."""
        if not alarms:
            return
        shelf = f"alarms/{line.id.hex()}"
        kept = [canonical.decode(raw, dict[str, Any]) for _, raw in self.store.shelf(shelf)]
        known = {(each["kind"], each["sentence"]) for each in kept}
        for alarm in alarms:
            of_its_kind = sum(kind == alarm.kind for kind, _ in known)
            if (alarm.kind, alarm.sentence) in known or of_its_kind >= MOST_ALARMS:
                continue
            fields = {
                "kind": alarm.kind,
                "position": alarm.position,
                "sentence": alarm.sentence,
                "evidence": alarm.evidence.hex(),
            }
            self.store.keep(shelf, f"{len(known):08d}", canonical.encode(fields))
            known.add((alarm.kind, alarm.sentence))

    # --- storing ---------------------------------------------------------------------------------

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Several steps as one: where it fails, the lines that moved are loaded again as they were stored."""
        before = dict(self._versions)
        try:
            with self.store.transaction():
                yield
        except BaseException:
            for identifier in [each for each, version in self._versions.items() if before.get(each) != version]:
                self._reload(identifier)
            raise

    @contextmanager
    def _step(self, line: Line) -> Iterator[None]:
        """One step of a line: stored whole, or the line is as it was stored before."""
        try:
            with self.store.transaction():
                yield
                self._sync_outbox(line)
                expected = self._versions.get(line.id, 0)
                self._versions[line.id] = self.store.save_line(line.id, expected, core.put_down(line))
        except BaseException:
            self._reload(line.id)
            raise

    def _sync_outbox(self, line: Line) -> None:
        stored = self._stored.get(line.id, set())
        for tag in stored - set(line.held):
            self.store.drop_outbox(line.id, tag)
        order = self._owed.get(line.id, 0)
        for tag, held in line.held.items():
            if tag not in stored:
                order += 1
                row = OutboxRow(order, tag, held.epoch, held.act, held.packed, held.ciphertext)
                self.store.put_outbox(line.id, row)
        self._owed[line.id] = order
        self._stored[line.id] = set(line.held)

    def _reload(self, identifier: LineId) -> None:
        self._lines.pop(identifier, None)
        self._versions.pop(identifier, None)
        self._stored.pop(identifier, None)
        for row in self.store.lines():
            if row.line == identifier:
                self._load(row)

    def _load(self, row: LineRow) -> None:
        outbox = self.store.outbox(row.line)
        held = [Held(ActId(each.act), each.packed, each.epoch, each.tag, each.ciphertext) for each in outbox]
        self._owed[row.line] = max((each.order for each in outbox), default=0)
        self._stored[row.line] = {each.tag for each in outbox}
        entries = (_received(each) for each in self.store.entries(row.line))
        self._lines[row.line] = core.take_up(row.line, row.core, self.registry, entries, held)
        self._versions[row.line] = row.version


def _history_key(group: Group) -> bytes:
    """The key under which a welcome carries the history: only members of that very epoch can derive it."""
    return group.export("detente/history/v1", group.group_id, sealing.KEY_BYTES)


def _parts(letter: str) -> str:
    return f"parts/{letter}"


def _place_of(commit: bytes, received: Sequence[Received]) -> Position | None:
    """Where our own commit took effect, if it did."""
    name = sha256(commit)
    merged = [each for each in received if each.outcome is Outcome.MERGED]
    return next((each.position for each in merged if each.leaf.ciphertext_hash == name), None)


def _chair(line: Line) -> PartyId | None:
    return next((each.party for each in line.state.facts.members.values() if each.role is Role.CHAIR), None)


def _row(received: Received) -> EntryRow:
    return EntryRow(
        received.position,
        received.leaf.encode(),
        received.outcome.value,
        received.act or b"",
        received.packed,
        received.sentence,
    )


def _received(row: EntryRow) -> Received:
    leaf, outcome = Leaf.decode(row.leaf), Outcome(row.outcome)
    act = ActId(row.act) if row.act else None
    return Received(Position(row.position), leaf, outcome, row.sentence, act, None, row.packed)
