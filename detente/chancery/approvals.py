"""Approvals at home: what a person of the party is asked, and what they answered until the party seals.

Persons approve one after the other, each in a session and with a passkey of their own; the house keeps what they
answered, beside nothing else, and hands it on inside the seal.  It keeps only what every peer would accept: each
answer is checked when it comes, by the same rule (evidence/approvals.py).

Whoever approves also writes down the first eight digits of the act as their own screen shows them.  That is for
the person and not for a machine: somebody who compares them with a colleague finds out that two screens show two acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from detente.chancery.ports import Store
from detente.crypto.passkeys import Assertion, Credential
from detente.evidence import approvals, records
from detente.evidence.approvals import Approval
from detente.ground.errors import Refused
from detente.ground.identifiers import LineId, PartyId
from detente.procedures.signature.rules import Instrument
from detente.wire import canonical

DIGITS: Final = 8  # of the act's digest, in hexadecimal


@dataclass(frozen=True)
class Question:
    """What one office is asked: the challenge for its passkeys, and how far the approvals have come."""

    challenge: bytes
    rp: str
    credentials: tuple[bytes, ...]  # those of the office
    needed: int  # how many different persons
    given: tuple[Approval, ...]
    persons: int  # how many different persons gave them


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person answers: by which passkey, and the first eight digits of the act on their own screen."""

    credential: Credential
    answer: Assertion
    digits: str


class Approvals:
    """The approvals of one house, by line and act."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def given(self, line: LineId, act: bytes) -> tuple[Approval, ...]:
        """What was approved so far, in the order of a seal."""
        kept = (canonical.decode(raw, Approval) for _, raw in self._store.shelf(_shelf(line, act)))
        return approvals.in_order(tuple(kept))

    def question(self, line: LineId, one: Instrument, party: PartyId, office: str) -> Question:
        """What `office` is asked about an instrument; `Refused` where the party's record asks nobody."""
        record = records.read_record(one.chains[party][-1].body)
        if record.persons is None:
            raise Refused("The record of this party asks for no person's approval.", rule="approval.none")
        approvers = record.persons.approvers(record.offices)
        given = self.given(line, one.digest)
        return Question(
            challenge=approvals.challenge(one.digest, party, canonical.digest(record), office),
            rp=record.persons.rp,
            credentials=tuple(sorted(name for name, each in approvers.items() if each.office == office)),
            needed=record.persons.approvals,
            given=given,
            persons=len({approvers[each.credential].holder for each in given}),
        )

    def approve(self, line: LineId, one: Instrument, party: PartyId, office: str, given: Given) -> None:
        """Keep a person's approval.  `NotAuthentic` or `Refused` where it is none; nothing is kept then."""
        if given.digits.strip().lower() != one.digest.hex()[:DIGITS]:
            raise Refused("These are not the first eight digits of the act: look at it again.", rule="approval.digits")
        if party in one.seals:
            raise Refused("This party has sealed this instrument already.", rule="signature.once")
        said = given.answer
        approval = Approval(said.authenticator_data, said.client_data, said.signature, party, office, given.credential)
        record = records.read_record(one.chains[party][-1].body)
        approvals.verify_one(one.digest, party, record, approval)
        with self._store.transaction():
            self._store.keep(_shelf(line, one.digest), given.credential.hex(), canonical.encode(approval))


def _shelf(line: LineId, act: bytes) -> str:
    return f"approvals/{line.hex()}/{act.hex()}"
