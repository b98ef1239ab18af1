"""The charter: who is on a line, and the few values on which its other rules stand.

This is the minimal charter.  It founds the line, it lets the chair admit and remove, and it lets
everybody say that a chancery must be added anew or that something false arrived.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from detente.acts.act import Body, Weight
from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.evidence.records import SignedRecord
from detente.ground.identifiers import PartyId


class Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party with its role and its whole root record, so that every house checks the keys itself."""

    party: PartyId
    role: Role
    records: tuple[SignedRecord, ...]


class RelayPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the line is ordered."""

    url: str
    origin: str  # of the line's log, as its checkpoints name it
    vkey: str  # the relay's checkpoint key, a C2SP verifier key
    line: str  # the relay's name of the line: base32 of 16 random bytes


class RegisterPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the parties publish what they conclude."""

    url: str
    origin: str
    vkey: str


class Found(Body, frozen=True, tag="charter.found"):
    """The first act of a line; its id is the line's."""

    weight: ClassVar[Weight] = Weight.DECIDING

    title: str
    members: tuple[Seat, ...]
    ceiling: Label
    must_accept: tuple[PartyId, ...]  # who adopts, seals and consents: the parties of what is concluded here
    faults: int | None  # the f of the quorum; None for floor((n - 1) / 3)
    rules: dict[str, int]  # procedure -> version
    relay: RelayPlace
    register: RegisterPlace


class Admit(Body, frozen=True, tag="charter.admit"):
    """The chair admits a party.  It does not become one of those that must accept."""

    weight: ClassVar[Weight] = Weight.DECIDING

    party: PartyId
    role: Role
    records: tuple[SignedRecord, ...]


class Remove(Body, frozen=True, tag="charter.remove"):
    """The chair removes a party: from its place in the log on, that party says nothing here."""

    weight: ClassVar[Weight] = Weight.DECIDING

    party: PartyId
    reason: str  # may be empty: none is owed


class Rejoin(Body, frozen=True, tag="charter.rejoin"):
    """A member's chancery must be added to the group anew: it was restored, or a commit shut it out."""

    party: PartyId
    reason: str


class Incident(Body, frozen=True, tag="charter.incident"):
    """A member met a commit that it cannot process, or a message that is not authentic."""

    position: int
    evidence: bytes
    sentence: str
