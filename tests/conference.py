"""A whole conference inside one test: real chanceries and a real relay, without a network or a clock.

The relay's journal and the houses' stores are the real ones, in memory.  `settle` carries what is to
be carried until nothing moves.  A relay that lies is a function from page to page, put in at `lies`.
"""

import random

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.acts.procedure import Registry
from detente.chancery.house import Chancery, Draft
from detente.chancery.identity import EVERY_POWER, new_house
from detente.crypto import signing
from detente.evidence import records
from detente.ground.errors import Conflict, Refused
from detente.ground.identifiers import Position
from detente.ground.instants import Instant
from detente.line.engine import Page
from detente.line.terms import Ordered
from detente.procedures.ballot.rules import PROCEDURE as BALLOT
from detente.procedures.charter.acts import RegisterPlace, RelayPlace
from detente.procedures.charter.rules import PROCEDURE as CHARTER
from detente.procedures.correspondence.acts import Character, Form, Note, Number, Precedence
from detente.procedures.correspondence.rules import PROCEDURE as CORRESPONDENCE
from detente.procedures.guidelines.rules import PROCEDURE as GUIDELINES
from detente.procedures.signature.rules import PROCEDURE as SIGNATURE
from detente.procedures.silence.rules import PROCEDURE as SILENCE
from detente.procedures.table.rules import PROCEDURE as TABLE
from detente.relay.journal import Journal
from detente.relay.records import Submission
from detente.store.sqlite import SqliteStore
from detente.tlog.note import KeyKind, VerifierKey

NAMES = (
    *("Arvenia", "Belmora", "Corvalis", "Dravonia", "Estavia", "Galdania", "Hestria", "Isarland", "Jorvania"),
    *("Kelmark", "Lurania", "Morvania"),
)
ORIGIN = "relay.example"
BEGIN = 1_800_000_000_000
OFFICES = {"head-of-mission": EVERY_POWER, "registry": EVERY_POWER}


def procedures():
    return [CHARTER, GUIDELINES, CORRESPONDENCE, TABLE, SILENCE, BALLOT, SIGNATURE]


class Party:
    """A chancery, and what the test remembers of it."""

    def __init__(self, world, name, persons=None):
        self.world, self.name = world, name
        self.made = new_house({"en": name}, OFFICES, world.entropy, persons)
        self.key = world.entropy(32)
        self.store = SqliteStore(":memory:", self.key, world.entropy)
        from detente.chancery.directory import Directory

        Directory(self.store).own_is((self.made.record,))
        self.house = Chancery(self.store, world.registry, self.made.secrets, world.entropy)
        self.mail_read = 0
        self.lies = None

    @property
    def id(self):
        return self.made.party

    def reopen(self):
        """What a restart does: everything in memory is gone, the store is what it was."""
        self.house = Chancery(self.store, self.world.registry, self.made.secrets, self.world.entropy)

    def do(self, line, body, office="head-of-mission"):
        return self.house.submit(line, office, body, self.world.now)


class Conference:
    """`parties` houses that accredit each other, and a relay between them."""

    def __init__(self, parties=3, seed=0, faults=None, persons=None):
        self.chance = random.Random(seed)
        self.now = Instant(BEGIN)
        self.registry = Registry(procedures())
        relay_seed = self.entropy(32)
        self.relay = Journal(":memory:", relay_seed, ORIGIN)
        self.relay_vkey = VerifierKey(ORIGIN, KeyKind.ED25519, signing.ed25519_public(relay_seed)).vkey
        self.register_seed = self.entropy(32)
        self.register_vkey = VerifierKey(
            "register.example", KeyKind.ED25519, signing.ed25519_public(self.register_seed)
        ).vkey
        self.parties = [Party(self, name, (persons or {}).get(name)) for name in NAMES[:parties]]
        self.faults = faults
        self.accredit_all()

    def entropy(self, count):
        return self.chance.randbytes(count)

    def tick(self, milliseconds=1000):
        self.now = Instant(self.now + milliseconds)

    def accredit_all(self):
        for one in self.parties:
            for other in self.parties:
                if one is not other:
                    self.accredit(one, other)

    def accredit(self, one, other):
        party, digits = one.house.directory.receive(records.encode_chain((other.made.record,)))
        for office in OFFICES:
            one.house.directory.compare(party, digits, office, self.now)

    def draft(self, members=None, ceiling=Label.SENSITIVE, must_accept=None):
        members = members or self.parties
        roles = [(members[0].id, Role.CHAIR), *((each.id, Role.MEMBER) for each in members[1:])]
        return Draft(
            title="Trial of a line",
            members=tuple(roles),
            must_accept=tuple(must_accept or sorted(each.id for each in members)),
            ceiling=ceiling,
            faults=self.faults,
            relay=RelayPlace("http://127.0.0.1:1", ORIGIN, self.relay_vkey, ""),
            register=RegisterPlace("http://127.0.0.1:2", "register.example", self.register_vkey),
        )

    def found(self, members=None, **more):
        """A line on which all of `members` are, and everything is confirmed."""
        members = members or self.parties
        line = members[0].house.found("head-of-mission", self.draft(members, **more), self.now)
        self.settle()
        for each in members[1:]:
            each.house.agree(line, "head-of-mission")
        self.settle()
        return line

    # --- carrying --------------------------------------------------------------------------------

    def settle(self, most=60):
        """Carry until nothing moves."""
        for _ in range(most):
            before = self.picture()
            for party in self.parties:
                self.carry(party)
            if self.picture() == before:
                return
        raise AssertionError("the conference does not come to rest")

    def picture(self):
        return [
            (
                [
                    (line.size, line.confirmed, len(line.held), line.pending is None, line.stuck)
                    for line in party.house.lines().values()
                ],
                [post.key for post in party.house.posts()],
                party.mail_read,
            )
            for party in self.parties
        ]

    def carry(self, party):
        self.carry_mail(party)
        for line in list(party.house.lines()):
            self.send(party, line)
            self.read(party, line)

    def carry_mail(self, party):
        box, seed = party.house.box
        with self.relay.group():
            self.relay.mail.open_box(signing.ed25519_public(seed))
        for post in party.house.posts():
            try:
                with self.relay.group():
                    self.relay.mail.post(post.box, post.tag, post.sealed)
            except Refused:  # the addressee has not opened its box yet
                continue
            except Conflict:  # the same part, sealed another time, lies there already
                pass
            party.house.posted(post.key)
        for item in self.relay.mail.take(box, party.mail_read):
            party.mail_read = item.number + 1
            self.last_letter = party.house.receive_letter(item.sealed)
            with self.relay.group():
                self.relay.mail.drop(box, item.number)

    def send(self, party, line):
        outgoing = party.house.outgoing(line)
        name, writer = outgoing.terms.name, signing.ed25519_public(outgoing.writer_seed)
        if outgoing.found:
            self.relay.create_line(name, [writer])
        if not self.relay.may_write(name, writer):
            return
        asked = [
            Submission(writer, int(s.commit), s.epoch, s.tag, s.ciphertext, s.expected, s.writers, insist=True)
            for s in outgoing.submissions
        ]
        if asked:
            self.relay.append(name, asked, self.now)
        if outgoing.cosignature:
            self.relay.cosign(name, writer, *outgoing.cosignature)

    def page(self, party, line, relay=None):
        """What the relay would hand this house now."""
        known = party.house.line(line)
        page = (relay or self.relay).read(known.terms.name, known.size)
        entries = [Ordered(Position(place), *entry) for place, entry in enumerate(page.entries, known.size)]
        cosignatures = [(each.size, each.root, each.text) for each in page.cosignatures]
        return Page(entries, page.checkpoint, cosignatures)

    def read(self, party, line):
        if party.house.line(line).stuck:
            return
        try:
            taken = self.page(party, line)
        except Refused:
            return
        if party.lies:
            taken = party.lies(taken)
        if taken is not None:
            party.house.receive(line, taken, self.now)

    # --- looking ---------------------------------------------------------------------------------

    def words(self, line):
        """Each house's (size, confirmed, epoch), which are equal when all is well."""
        return {(p.house.line(line).size, p.house.line(line).confirmed, p.house.line(line).epoch) for p in self.parties}

    def alarms(self, line):
        return [alarm for party in self.parties for alarm in party.house.alarms(line)]


def a_note(world, sender, *others, sequence=1, text="The Embassy presents its compliments.", label=Label.UNCLASSIFIED):
    return Note(
        form=Form.NOTE_VERBALE,
        number=Number("registry", sequence, 2027),
        precedence=Precedence.ROUTINE,
        character=Character.FORMAL,
        label=label,
        to=tuple(other.id for other in others),
        info=(),
        subject="Opening of the line",
        text=text,
        answers=None,
        refers=None,
        exercise=False,
    )
