"""Approvals: a person's passkey over exactly what the party will seal, checked by everybody who checks the seal.

    act        SHA-256(m) of the instrument (evidence/instrument.py)
    asked      PAE("application/vnd.detente.approval+json", {act, office, party, record})
    challenge  SHA-256(asked)                         what the passkey answers
    named      SHA-256(canonical JSON of `Approval`)  how the party's seal names it

Persons approve first, the party seals second: the seal covers the approvals, so that its post-quantum half
protects the passkeys' classical signatures too, and nobody can add, drop or respell one afterwards.

The challenge is a hash of what is asked, and its type is in it: an answer to a sign-in, to another act, for another
party, office or version of the record answers another challenge.  The rules, each party by its own record:

 1. Where the record names no persons, there are no approvals: nobody could check them.
 2. An approval is by a passkey of the record, for the office that it names there, which has the power to conclude.
 3. The passkey answered this challenge, for the site and at the address that the record names, with its person
    verified (crypto/passkeys.py).
 4. As many different persons approved as the record asks for.  Two passkeys of one person are one person.

An approval proves that a person who could open that passkey did so for this hash.  It does not prove that they were
shown the text: that is why a second person compares the first digits of the hash on a screen of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from detente.crypto import passkeys
from detente.crypto.passkeys import Assertion, Credential
from detente.evidence import records
from detente.evidence.records import Hash, RootRecord
from detente.ground import identifiers
from detente.ground.errors import Malformed, NotAuthentic
from detente.wire import canonical

APPROVAL_TYPE: Final = "application/vnd.detente.approval+json"


class Approval(Assertion, frozen=True, forbid_unknown_fields=True):
    """A person's passkey assertion, and whose it is: the party, the office, the credential of the record."""

    party: str
    office: str
    credential: Credential


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person approves: this act, in this office, for this party under this version of its record."""

    act: Hash
    office: str
    party: str
    record: Hash


def pae(payload_type: str, body: bytes) -> bytes:
    """The pre-authentication encoding of DSSE version 1: type and body, each with its length in bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def challenge(act: bytes, party: str, record: bytes, office: str) -> bytes:
    """The 32 bytes that a passkey answers; `act` is SHA-256(m), `record` the digest of the party's record."""
    return hashlib.sha256(pae(APPROVAL_TYPE, canonical.encode(Asked(act, office, party, record)))).digest()


def digests(given: Sequence[Approval]) -> tuple[bytes, ...]:
    """How a seal names approvals, in their order."""
    return tuple(canonical.digest(each) for each in given)


def in_order(given: Sequence[Approval]) -> tuple[Approval, ...]:
    """By party, then by credential: the one order in which they stand in a file and in a seal."""
    return tuple(sorted(given, key=_place))


def check_order(given: Sequence[Approval]) -> None:
    """`Malformed` unless they stand in their one order, each credential once for its party."""
    for each in given:
        identifiers.check_party_id(each.party)
        if not records.WORD.fullmatch(each.office):
            raise Malformed("The office of an approval is a plain word.")
    places = [_place(each) for each in given]
    if places != sorted(set(places)):
        raise Malformed("Approvals stand in order of party and credential, each once.")


def verify(act: bytes, party: str, record: RootRecord, given: Sequence[Approval]) -> None:
    """Rules 1 to 4: `NotAuthentic` unless these are the approvals that `record`, the party's own, asks for."""
    holders = {verify_one(act, party, record, each) for each in given}
    needed = record.persons.approvals if record.persons else 0
    if len(holders) < needed:
        raise NotAuthentic(f"The party's record asks for the approval of {needed}, and {len(holders)} approved.")


def verify_one(act: bytes, party: str, record: RootRecord, one: Approval) -> str:
    """Rules 1 to 3 for one approval: who gave it (the holder of its passkey), or `NotAuthentic`."""
    persons = record.persons
    passkey = persons.approvers(record.offices).get(one.credential) if persons else None
    if persons is None or passkey is None or (one.party, one.office) != (party, passkey.office):
        raise NotAuthentic("An approval is by a passkey that the party's record does not have for that.")
    asked = challenge(act, party, canonical.digest(record), passkey.office)
    passkeys.verify(passkey.key, persons.rp, persons.origin, asked, one)
    return passkey.holder


def _place(one: Approval) -> tuple[str, bytes]:
    return one.party, one.credential
