"""What makes a house the house of a party: its secrets, its record, and the powers of its offices.

The roots of the record are made here once and handed out, never kept: they belong in two sealed
envelopes, not in a machine.  Every other secret serves one purpose.  The keys for a line are derived
from one secret and the line's name, so that a backup of the secrets is a backup of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from detente.crypto import hybrid, sealing, signing
from detente.crypto.hashing import sha256
from detente.crypto.hybrid import HybridSeeds
from detente.evidence import records
from detente.evidence.records import CONCLUDE, Mailbox, Persons, RootRecord, SignedRecord
from detente.ground.errors import Refused
from detente.ground.identifiers import PartyId, base32
from detente.line.terms import Entropy, LineKeys

ROOTS = 3
THRESHOLD = 2
_SEED = 32

POWERS: Mapping[str, str] = {
    "correspondence": "correspond",
    "table": "negotiate",
    "silence": "negotiate",
    "ballot": "negotiate",
    "signature": CONCLUDE,
    "charter": CONCLUDE,
    "guidelines": CONCLUDE,
}
EVERY_POWER = ("authorise", CONCLUDE, "correspond", "negotiate", "read", "security")
MACHINE = "chancery"  # the office in which the house itself gives receipts


class Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seeds of a house, 32 bytes each.  It shows none of them, wherever it is written down by mistake."""

    node: bytes
    voice: bytes
    seal_ed25519: bytes
    seal_mldsa65: bytes
    mail: bytes
    box: bytes
    lines: bytes

    def __repr__(self) -> str:
        return "Secrets(…)"

    @property
    def seal(self) -> HybridSeeds:
        """The party's seal."""
        return HybridSeeds(self.seal_ed25519, self.seal_mldsa65)

    def writer(self, name: str) -> bytes:
        """The seed under which this house writes to the relay's line `name`."""
        return sealing.derive(self.lines, b"detente/writer/v1\0" + name.encode())

    def witness(self, name: str) -> bytes:
        """The seed with which this house cosigns the heads of the relay's line `name`."""
        return sealing.derive(self.lines, b"detente/witness/v1\0" + name.encode())

    def line_keys(self, name: str) -> LineKeys:
        """The public halves of both."""
        return LineKeys(signing.ed25519_public(self.writer(name)), signing.ed25519_public(self.witness(name)))


@dataclass(frozen=True)
class NewHouse:
    """A party's beginning: `roots` are to be taken away from the machine."""

    party: PartyId
    secrets: Secrets
    roots: tuple[HybridSeeds, ...]
    record: SignedRecord


def new_house(
    names: Mapping[str, str], offices: Mapping[str, Sequence[str]], entropy: Entropy, persons: Persons | None = None
) -> NewHouse:
    """Make a party: its secrets, three roots of which two must sign, and the first version of its record.

    `persons` are those who approve what it seals; None where it seals without.
    """
    secrets = Secrets(*(entropy(_SEED) for _ in Secrets.__struct_fields__))
    roots = tuple(HybridSeeds(entropy(_SEED), entropy(_SEED)) for _ in range(ROOTS))
    record = records.make_record(
        None,
        names=names,
        roots=[hybrid.public(seeds) for seeds in roots],
        node=signing.ed25519_public(secrets.node),
        voice=signing.ed25519_public(secrets.voice),
        seal=hybrid.public(secrets.seal),
        mail=Mailbox(box_address(signing.ed25519_public(secrets.box)), sealing.mail_public(secrets.mail)),
        offices=offices,
        persons=persons,
        threshold=THRESHOLD,
    )
    signed = records.sign(record, roots[:THRESHOLD])
    return NewHouse(records.chain_party_id((signed,)), secrets, roots, signed)


def box_address(key: bytes) -> str:
    """The relay's address of the mailbox whose owner signs in with `key`."""
    return base32(sha256(key))


def check_power(record: RootRecord, office: str, power: str) -> None:
    """Raises `Refused` unless the party's record gives the office this power."""
    for each in record.offices:
        if each.office == office:
            if power in each.powers:
                return
            raise Refused(f"The office “{office}” does not have the power to {power}.", rule="record.powers")
    raise Refused(f"There is no office “{office[:60]}” in the party's record.", rule="record.offices")
