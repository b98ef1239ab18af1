"""Facts: what procedures may know of one another.

No procedure knows another.  Each publishes what the others need, typed, and reads theirs here.
A fact is as old as the last act that changed it, and equal at every house at the same position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from detente.acts.labels import CEILING_BY_DEFAULT, Label
from detente.ground.identifiers import ActId, PartyId, Position
from detente.ground.instants import Instant

THREE_DAYS = 72 * 60 * 60 * 1000  # milliseconds: the least time of a silence in General Assembly decision 74/544


class Role(Enum):
    """A party's part in a line."""

    CHAIR = "chair"  # a member that also presides: settles, publishes, admits, removes
    MEMBER = "member"
    OBSERVER = "observer"  # reads, and takes part in correspondence; decides nothing


@dataclass(frozen=True)
class Member:
    """One party of the line, with the public keys of its record (evidence/records.py)."""

    party: PartyId
    name: str
    role: Role
    record: bytes  # SHA-256 of the version of its root record that the line knows
    node: bytes  # Ed25519: signs its leaf of the group
    voice: bytes  # Ed25519: signs its acts
    seal_ed25519: bytes
    seal_mldsa65: bytes
    chain: bytes = b""  # the file of all versions of its record, from which the above was read


@dataclass(frozen=True)
class TextFacts:
    """What is known of one text on the table."""

    title: str
    language: str
    content_hash: bytes  # of the whole, in its present state
    open_slots: int
    clean_text: str | None  # None while anything is open
    accepted_by: frozenset[PartyId]  # of exactly this content
    changed: Mapping[bytes, Position] = field(default_factory=lambda: MappingProxyType({}))  # scope -> its last change


class Basis(Enum):
    """How a decision was taken."""

    SILENCE = "silence"
    VOTE = "vote"


@dataclass(frozen=True)
class Decision:
    """A decision that was really taken, on exactly this content of exactly this scope.

    What was decided on other content than the scope has when somebody carries it out carries nothing.
    """

    basis: Basis
    text: ActId
    scope: bytes  # the id of a clause; empty for the whole text
    content_hash: bytes
    asked: bytes  # the hash of the choices that were put, as the table names them; empty: the content itself was put
    at: Instant


@dataclass(frozen=True)
class Facts:
    """All facts of a line at one position."""

    members: Mapping[PartyId, Member] = field(default_factory=lambda: MappingProxyType({}))
    ceiling: Label = CEILING_BY_DEFAULT
    must_accept: tuple[PartyId, ...] = ()
    faults: int = 0  # how many members may collude with the relay (the f of the quorum)
    register_origin: str = ""
    register_vkey: str = ""
    rules: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    texts: Mapping[ActId, TextFacts] = field(default_factory=lambda: MappingProxyType({}))
    adopted: Mapping[ActId, bytes] = field(default_factory=lambda: MappingProxyType({}))  # text -> content hash
    shortest_silence: int = THREE_DAYS  # milliseconds
    silence_without_all: bool = False  # whether the chair may go on without a party that was not reached
    decisions: Mapping[ActId, Decision] = field(default_factory=lambda: MappingProxyType({}))  # by opening act

    def role(self, party: PartyId) -> Role | None:
        """The party's role, or None where it is no member of the line."""
        member = self.members.get(party)
        return member.role if member else None


def quorum(members: int, faults: int) -> int:
    """How many cosignatures confirm: floor((n + f) / 2) + 1 (house.md), at most n."""
    return min(members, (members + faults) // 2 + 1)


def faults_by_default(members: int) -> int:
    """The f of a charter that names none: floor((n - 1) / 3)."""
    return max(0, members - 1) // 3
