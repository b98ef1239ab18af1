"""The verifier: what a sealed instrument proves to somebody who was not there.

Twelve checks, numbered here, in docs/specs/instrument.md section 9 and in the body below:

     1  the file can be read                                            else unreadable
     2  the proof, if given, can be read                                else unreadable
     3  the anchors, if given, can be read                              else unreadable
     4  the payload is of the instrument's type                         else false
     5  the text has the hash that the instrument states                else false
     6  each party's record is true, its own, in force, and bears its name   else false
     7  every party sealed, nobody else did, and each seal is good      else false
     8  of each party as many persons approved as its record asks for, nobody else   else false
     9  no two parties bear names that read alike                       else false
    10  the anchors name every party, and no name is borrowed           else unanchored, or false
    11  the proof leads from this file to the register's root           else unpublished, or false
    12  the register of the anchors signed that root                    else unanchored, or false

Reading comes first and whole: what cannot be read is never judged.  Checks 4 to 12 are all evaluated,
so that a person sees everything that is wrong at once.  Two verifiers that share no code must agree
on every finding (tools/verify_instrument.py is the other one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from detente.crypto.hybrid import HybridKey
from detente.evidence import anchors as anchoring
from detente.evidence import instrument as instruments
from detente.evidence import publication, records
from detente.evidence.anchors import Anchors
from detente.evidence.approvals import Approval
from detente.evidence.instrument import Instrument, PartyNamed, Seal, Sealed
from detente.evidence.publication import Proof
from detente.evidence.records import RootRecord, SignedRecord
from detente.ground.errors import DetenteError, Malformed
from detente.ground.instants import Instant, iso
from detente.wire import text


class Outcome(Enum):
    """What a finding, or all of them together, says.  The first in this order counts."""

    UNREADABLE = "unreadable"
    FALSE = "false"
    UNANCHORED = "unanchored"  # consistent in itself; who the parties are is not established
    UNPUBLISHED = "unpublished"  # sealed by parties that are known, but not shown to be in the register
    PROVED = "proved"

    @property
    def exit_code(self) -> int:
        """0 only for what is proved."""
        return _EXIT[self]


_EXIT: Final = {
    Outcome.PROVED: 0,
    Outcome.FALSE: 1,
    Outcome.UNREADABLE: 2,
    Outcome.UNANCHORED: 3,
    Outcome.UNPUBLISHED: 3,
}
_ORDER: Final = tuple(Outcome)

_SUMMARY: Final = {
    Outcome.PROVED: "Proved: these parties sealed exactly this text, and it stands in the register.",
    Outcome.FALSE: "False: this is not what it claims to be.",
    Outcome.UNREADABLE: "Cannot be read.",
    Outcome.UNANCHORED: "Consistent in itself, but who the parties are is not established.",
    Outcome.UNPUBLISHED: "Sealed by the parties, but nothing shows that it was published.",
}


@dataclass(frozen=True)
class Finding:
    """One check: its number, what was found in a sentence, and what that means for the whole."""

    number: int
    sentence: str
    outcome: Outcome

    @property
    def ok(self) -> bool:
        """Whether the check holds."""
        return self.outcome is Outcome.PROVED


@dataclass(frozen=True)
class Verdict:
    """All findings, in order, and the worst of them."""

    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Outcome:
        """The first of `Outcome` that any finding has."""
        return min((finding.outcome for finding in self.findings), key=_ORDER.index)

    @property
    def summary(self) -> str:
        """The outcome in a sentence."""
        return _SUMMARY[self.outcome]


@dataclass(frozen=True)
class _Read:
    """Everything that was given, once all of it could be read."""

    file: bytes
    sealed: Sealed
    instrument: Instrument
    proof: Proof | None
    anchors: Anchors | None

    @property
    def seals(self) -> dict[str, Seal]:
        """The seals by party."""
        return {one.party: one for one in self.sealed.seals}

    def approvals(self, party: str) -> tuple[Approval, ...]:
        """The approvals of the party's persons."""
        return instruments.approvals_of(self.sealed.approvals, party)

    def newest(self, place: int) -> RootRecord:
        """The last record of the party at `place`."""
        return records.read_record(self.sealed.records[place][-1].body)

    @cached_property
    def record_findings(self) -> tuple[Finding, ...]:
        """Check 6, one finding for each party, in order."""
        return tuple(
            _record(named, chain) for named, chain in zip(self.instrument.parties, self.sealed.records, strict=True)
        )


def verify(file: bytes, proof: bytes | None, anchors: bytes | Anchors | None) -> Verdict:
    """Judge a sealed instrument.  Raises nothing: whatever is wrong is a finding.

    `file`, `proof` and `anchors` are the bytes of the three files (anchors may be read already); None
    where there is none.
    """
    findings: list[Finding] = []
    read = _read(file, proof, anchors, findings)
    if read is not None:
        for check in _CHECKS:
            findings.extend(check(read))
    return Verdict(
        tuple(Finding(finding.number, text.visible(finding.sentence), finding.outcome) for finding in findings)
    )


# --- reading: checks 1 to 3 ---------------------------------------------------------------------


def _read(file: bytes, proof: bytes | None, anchors: bytes | Anchors | None, findings: list[Finding]) -> _Read | None:
    sealed = instrument = read_proof = None
    try:
        sealed, instrument = instruments.read_sealed(file)
    except Malformed as error:
        findings.append(_unreadable(1, "The file", error))
    try:
        read_proof = publication.read_proof(proof) if proof is not None else None
    except Malformed as error:
        findings.append(_unreadable(2, "The proof", error))
    try:
        anchors = anchoring.read_anchors(anchors) if isinstance(anchors, bytes) else anchors
    except Malformed as error:
        findings.append(_unreadable(3, "The file of anchors", error))
    if findings or sealed is None or instrument is None or isinstance(anchors, bytes):
        return None
    return _Read(file, sealed, instrument, read_proof, anchors)


def _unreadable(number: int, what: str, error: Malformed) -> Finding:
    return Finding(number, f"{what} cannot be read: {error.sentence}", Outcome.UNREADABLE)


# --- what the file says of itself: checks 4 to 9 ------------------------------------------------


def _type(read: _Read) -> Iterator[Finding]:
    """Check 4."""
    if read.sealed.payload_type != instruments.PAYLOAD_TYPE:
        yield _false(4, "The payload is not of the type of an instrument.")
        return
    one = read.instrument
    names = {named.party: named.name for named in one.parties}
    adopters = _list([names[adoption.party] for adoption in one.adopted])
    day = iso(Instant(one.adopted_at))
    yield _holds(4, f"This is the instrument “{one.title}” ({one.language}), adopted by {adopters}, {day}.")


def _text(read: _Read) -> Iterator[Finding]:
    """Check 5."""
    if instruments.text_hash(read.instrument.text) != read.instrument.text_sha256:
        yield _false(5, "The text does not have the hash that the instrument states.")
        return
    flagged = text.count_flags(read.instrument.text)
    unseen = f" It contains {flagged} characters that a reader may not see for what they are." if flagged else ""
    yield _holds(5, f"The text has the SHA-256 {read.instrument.text_sha256.hex()}.{unseen}")


def _records(read: _Read) -> Iterator[Finding]:
    """Check 6, one finding for each party."""
    yield from read.record_findings


def _record(named: PartyNamed, chain: tuple[SignedRecord, ...]) -> Finding:
    return _held(
        6,
        lambda: instruments.verify_record(named, chain),
        f"The record of {named.name} ({named.party}) is its own and in force, version {len(chain)}.",
        f"The record of {named.name} ({named.party}) is false.",
    )


def _seals(read: _Read) -> Iterator[Finding]:
    """Check 7: one finding on who sealed, then one for each party whose record holds."""
    seals = read.seals
    parties = {named.party: named.name for named in read.instrument.parties}
    missing = [name for party, name in parties.items() if party not in seals]
    if missing:
        yield _false(7, f"{_list(missing)} did not seal.")
    elif seals.keys() - parties.keys():
        yield _false(7, "Somebody sealed who is no party of the instrument.")
    else:
        yield _holds(7, f"{_list(list(parties.values()))} sealed, each once, and nobody else did.")
    for place, (named, record) in enumerate(zip(read.instrument.parties, read.record_findings, strict=True)):
        if record.ok and named.party in seals:
            yield _seal(read, named, seals[named.party], read.newest(place).seal)


def _seal(read: _Read, named: PartyNamed, one: Seal, key: HybridKey) -> Finding:
    return _held(
        7,
        lambda: instruments.verify_seal(read.sealed.payload, named, one, key, read.approvals(named.party)),
        f"{named.name} sealed this instrument (Ed25519 and ML-DSA-65).",
        f"The seal of {named.name} is false.",
    )


def _approvals(read: _Read) -> Iterator[Finding]:
    """Check 8: one finding on approvals of strangers, if there are any, then one for each party whose record holds."""
    if {one.party for one in read.sealed.approvals} - {named.party for named in read.instrument.parties}:
        yield _false(8, "Somebody approved who belongs to no party of the instrument.")
    for place, (named, record) in enumerate(zip(read.instrument.parties, read.record_findings, strict=True)):
        if record.ok:
            yield _approved(read, named, read.newest(place))


def _approved(read: _Read, named: PartyNamed, record: RootRecord) -> Finding:
    given = read.approvals(named.party)
    if record.persons is None and not given:
        return _holds(
            8, f"The record of {named.name} asks for no person's own approval: the seal is the party's, no more."
        )
    return _held(
        8,
        lambda: instruments.verify_approvals(read.sealed.payload, named, record, given),
        f"{_approvers(record, given)} of {named.name} approved this instrument, each verified by a passkey.",
        f"The approvals of the persons of {named.name} do not hold.",
    )


def _approvers(record: RootRecord, given: tuple[Approval, ...]) -> str:
    """How many persons approved, and in which offices."""
    known = {each.credential: each.holder for each in record.persons.passkeys} if record.persons else {}
    count = len({known.get(one.credential) for one in given})
    offices = _list(sorted({one.office for one in given}) or ["-"])
    return f"{count} {'person' if count == 1 else 'persons'} ({offices})"


def _names(read: _Read) -> Iterator[Finding]:
    """Check 9."""
    keys = {text.name_key(named.name) for named in read.instrument.parties}
    if len(keys) != len(read.instrument.parties):
        yield _false(9, "Two parties bear names that read alike.")
        return
    yield _holds(9, "The parties bear different names.")


# --- what only the reader can know: checks 10 to 12 ---------------------------------------------


def _anchored(read: _Read) -> Iterator[Finding]:
    """Check 10, one finding for each party (A33, A47: the same names under other keys)."""
    if read.anchors is None:
        yield Finding(10, "No anchors were given: who these parties are is not established.", Outcome.UNANCHORED)
        return
    known = {anchored.party: anchored.name for anchored in read.anchors.parties}
    bearers = {text.name_key(name): party for party, name in known.items()}
    for place, named in enumerate(read.instrument.parties):
        borne = [named.name, *read.newest(place).names.values()]
        others = {bearers.get(text.name_key(name), named.party) for name in borne} - {named.party}
        if others:
            whose = known[min(others)]
            yield _false(
                10, f"{named.name} ({named.party}) bears the name of {whose} and is not {whose}: impersonation."
            )
        elif named.party in known:
            yield _holds(10, f"{named.name} is the party that your anchors call {known[named.party]}.")
        else:
            yield Finding(10, f"{named.name} ({named.party}) is not among your anchors.", Outcome.UNANCHORED)


def _published(read: _Read) -> Iterator[Finding]:
    """Check 11."""
    if read.proof is None:
        yield Finding(11, "No proof was given: nothing shows that this was published.", Outcome.UNPUBLISHED)
        return
    proof = read.proof
    yield _held(
        11,
        lambda: publication.verify_published(read.file, proof),
        f"This very file is entry {proof.index} of {proof.size} in the register {proof.origin}.",
        "The proof is not a proof for this file.",
    )


def _registered(read: _Read) -> Iterator[Finding]:
    """Check 12; says nothing where there is no proof."""
    if read.proof is None:
        return
    register = read.anchors.register if read.anchors else None
    if register is None:
        yield Finding(12, "No anchors name a register: whose proof this is, is not established.", Outcome.UNANCHORED)
        return
    proof = read.proof
    yield _held(
        12,
        lambda: publication.verify_register(proof, register),
        f"The register {register.origin} that your anchors name signed that.",
        "The register that your anchors name did not sign that.",
    )


_CHECKS: Final[tuple[Callable[[_Read], Iterator[Finding]], ...]] = (
    _type,
    _text,
    _records,
    _seals,
    _approvals,
    _names,
    _anchored,
    _published,
    _registered,
)


# --- findings -----------------------------------------------------------------------------------


def _holds(number: int, sentence: str) -> Finding:
    return Finding(number, sentence, Outcome.PROVED)


def _false(number: int, sentence: str) -> Finding:
    return Finding(number, sentence, Outcome.FALSE)


def _held(number: int, check: Callable[[], object], good: str, bad: str) -> Finding:
    """The finding of a check that raises when it does not hold."""
    try:
        check()
    except DetenteError as error:
        return _false(number, f"{bad} {error.sentence}")
    return _holds(number, good)


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
