"""Who is at the table in the tests of procedures, and how their acts come to it verified."""

import hashlib
from dataclasses import replace
from types import MappingProxyType

from detente.acts.act import Verified
from detente.acts.facts import Facts, Member, Role
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, LineId, PartyId, Position, base32
from detente.ground.instants import Instant

START = Instant(1_790_000_000_000)
LINE = LineId(hashlib.sha256(b"a line").digest())


def party(name):
    return PartyId(base32(hashlib.sha256(name.encode()).digest()))


ARVENIA, BELMORA, CORVALIS, DORANE = (party(name) for name in ("Arvenia", "Belmora", "Corvalis", "Dorane"))
STRANGER = party("Nowhere")


def member(name, role):
    key = hashlib.sha256(b"key of " + name.encode()).digest()
    return Member(party(name), name, role, key, key, key, key, key * 61)


FACTS = Facts(
    members=MappingProxyType(
        {
            ARVENIA: member("Arvenia", Role.CHAIR),
            BELMORA: member("Belmora", Role.MEMBER),
            CORVALIS: member("Corvalis", Role.MEMBER),
            DORANE: member("Dorane", Role.OBSERVER),
        }
    ),
    must_accept=(ARVENIA, BELMORA, CORVALIS),
    faults=1,
)


class Room:
    """One procedure, its state, and the acts in their order.  `say` gives the id of an admitted act."""

    def __init__(self, procedure, facts=FACTS):
        self.procedure = procedure
        self.facts = facts
        self.state = procedure.initial()
        self.position = 0
        self.waited = 0  # milliseconds that passed without an act

    def wait(self, milliseconds):
        self.waited += milliseconds

    @property
    def now(self):
        """The log's time at the next place."""
        return Instant(START + 60_000 * self.position + self.waited)

    def verified(self, author, body, office="registry"):
        digest = hashlib.sha256(b"%d" % self.position).digest()
        return Verified(
            id=ActId(digest),
            line=LINE,
            author=author,
            office=office,
            position=Position(self.position),
            at=self.now,
            seen=Position(self.position),
            procedure=self.procedure.name,
            body=body,
        )

    def ask(self, author, body, office="registry"):
        """The next state or the refusal; nothing is changed."""
        return self.procedure.admit(self.state, self.facts, self.verified(author, body, office))

    def say(self, author, body, office="registry"):
        act = self.verified(author, body, office)
        outcome = self.procedure.admit(self.state, self.facts, act)
        assert not isinstance(outcome, Refused), outcome.sentence
        self.state = outcome
        self.facts = self.procedure.publish(outcome, self.facts)
        self.position += 1
        return act.id

    def refused(self, author, body, rule, office="registry"):
        """The sentence with which the act is refused by that very rule."""
        before = self.procedure.digest(self.state)
        outcome = self.ask(author, body, office)
        assert isinstance(outcome, Refused), f"admitted: {body}"
        assert outcome.rule == rule, (outcome.rule, outcome.sentence)
        assert outcome.sentence.endswith(".")
        assert self.procedure.digest(self.state) == before
        return outcome.sentence

    def know(self, **changes):
        self.facts = replace(self.facts, **changes)
