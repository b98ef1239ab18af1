"""The instrument: the one text that parties concluded, and the file in which they sealed it.

    payload   canonical JSON of `Instrument`: the text itself, who concluded it, which content of
              which line it is, and the acts by which it was adopted
    m         PAE(payload type, payload)                     (the pre-authentication encoding of DSSE)
    seal      hybrid signature, label "detente/seal/v1", over
              PAE("application/vnd.detente.seal+json", {act: SHA-256(m), approvals, party, record})
    file      canonical JSON of `Sealed`: type, payload, approvals, seals, and for each party the
              chain of its root record up to the version whose seal key was used

Persons come first and parties second: a seal names the approvals that it covers, so that the
post-quantum half protects the passkeys' evidence too (evidence/approvals.py).  Whether there must be any,
and by how many persons, is what the party's own record says.

Bytes are signed, never a meaning: whoever verifies hashes what came and re-encodes what was read
(docs/specs/instrument.md).  ML-DSA signatures differ every time, so two assemblies of one instrument
differ too; after its publication the one in the register is *the* file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec

from detente.crypto import hybrid
from detente.crypto.hybrid import Ed25519Signature, HybridKey, HybridSeeds, HybridSignature, MlDsa65Signature
from detente.evidence import approvals as approving
from detente.evidence import records
from detente.evidence.approvals import Approval, pae
from detente.evidence.records import Hash, RootRecord, SignedRecord
from detente.ground import identifiers, instants
from detente.ground.errors import Malformed, NotAuthentic
from detente.ground.identifiers import ActId, LineId, PartyId
from detente.ground.instants import Instant
from detente.wire import canonical, text

PAYLOAD_TYPE: Final = "application/vnd.detente.instrument+json"
SEAL_TYPE: Final = "application/vnd.detente.seal+json"
LABEL: Final = b"detente/seal/v1"
LEAF: Final = b"\x01"  # the register's leaf: this byte and the SHA-256 of the file

FILE_LIMIT: Final = 16 * 2**20  # bytes of the whole file
TEXT_LIMIT: Final = 4 * 2**20  # bytes of the text in UTF-8
PARTIES_LIMIT: Final = 200

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")


class PartyNamed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party of the instrument, the name it bears there, and the version of its record it used."""

    party: str
    name: str
    record: Hash


class Adoption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The act by which a party adopted the content."""

    party: str
    act: Hash


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="detente.instrument/1"):
    """What is sealed.  Build it with `make_instrument`."""

    title: str
    language: str
    form: Literal["native_electronic"]
    line: Hash
    text: str  # exactly the code points that the parties settled
    text_sha256: Hash  # of the text in UTF-8
    content_hash: Hash  # the table's root hash, by which the content was adopted
    parties: tuple[PartyNamed, ...]
    adopted: tuple[Adoption, ...]
    adopted_at: Annotated[int, msgspec.Meta(ge=0, le=int(instants.LAST))]


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One party's seal.  Suite 1 is Ed25519 with ML-DSA-65."""

    party: str
    suite: Literal[1]
    record: Hash
    ed25519: Ed25519Signature
    mldsa65: MlDsa65Signature


class Sealed(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="detente.sealed-instrument/1"
):
    """The file: `approvals` by party and credential, `seals` by party, `records` a chain for each party in turn."""

    payload_type: str
    payload: bytes
    approvals: tuple[Approval, ...]
    seals: tuple[Seal, ...]
    records: tuple[tuple[SignedRecord, ...], ...]


class SealStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a seal signs: the act, the approvals it covers, who seals and under which record."""

    act: Hash
    approvals: tuple[Hash, ...]
    party: str
    record: Hash


# --- making -------------------------------------------------------------------------------------


def make_instrument(
    *,
    title: str,
    language: str,
    line: LineId,
    final_text: str,
    content_hash: bytes,
    parties: Sequence[PartyNamed],
    adopted: Mapping[PartyId, ActId],
    adopted_at: Instant,
) -> Instrument:
    """The instrument in its one proper form and order, or `Malformed` with the reason."""
    made = Instrument(
        title=title,
        language=language,
        form="native_electronic",
        line=line,
        text=final_text,
        text_sha256=text_hash(final_text),
        content_hash=content_hash,
        parties=tuple(sorted(parties, key=lambda named: named.party)),
        adopted=tuple(Adoption(party, adopted[party]) for party in sorted(adopted)),
        adopted_at=adopted_at,
    )
    return read_instrument(canonical.encode(made))


def encode_instrument(instrument: Instrument) -> bytes:
    """The canonical bytes: the payload that every party seals."""
    return canonical.encode(instrument)


def seal(
    instrument_bytes: bytes, party: PartyId, record: bytes, seeds: HybridSeeds, approvals: Sequence[Approval] = ()
) -> Seal:
    """`party` seals the payload and the approvals of its persons, in their order.

    `record` is the digest of the version of its record that holds the seal key.
    """
    signature = hybrid.sign(seeds, LABEL, sealed_message(instrument_bytes, party, record, approvals))
    return Seal(party, 1, record, signature.ed25519, signature.mldsa65)


def assemble(
    instrument_bytes: bytes,
    seals: Sequence[Seal],
    chains: Mapping[PartyId, Sequence[SignedRecord]],
    approvals: Sequence[Approval] = (),
) -> bytes:
    """The file of an instrument that every party has sealed, in its one proper order.

    `chains` holds each party's record up to the version that its seal names.  Raises `Malformed` or
    `NotAuthentic` if anything is missing or false: no house hands on a file that would not verify.
    """
    instrument = read_instrument(instrument_bytes)
    missing = [named.name for named in instrument.parties if named.party not in chains]
    if missing:
        raise Malformed(f"The record of {', '.join(missing)} is missing.")
    made = canonical.encode(
        Sealed(
            payload_type=PAYLOAD_TYPE,
            payload=instrument_bytes,
            approvals=approving.in_order(approvals),
            seals=tuple(sorted(seals, key=lambda one: one.party)),
            records=tuple(tuple(chains[PartyId(named.party)]) for named in instrument.parties),
        )
    )
    sealed, _ = read_sealed(made)
    if [one.party for one in sealed.seals] != [named.party for named in instrument.parties]:
        raise NotAuthentic("Every party of the instrument seals it once, and nobody else does.")
    for named, one, chain in zip(instrument.parties, sealed.seals, sealed.records, strict=True):
        verify_party(instrument_bytes, named, one, chain, approvals_of(sealed.approvals, named.party))
    if len(sealed.approvals) != sum(len(approvals_of(sealed.approvals, named.party)) for named in instrument.parties):
        raise NotAuthentic("Only persons of the instrument's parties approve it.")
    return made


# --- the bytes that are signed ------------------------------------------------------------------


def act_digest(instrument_bytes: bytes) -> bytes:
    """SHA-256(m): what seals and approvals name, and what a second approver compares."""
    return hashlib.sha256(pae(PAYLOAD_TYPE, instrument_bytes)).digest()


def sealed_message(instrument_bytes: bytes, party: str, record: bytes, approvals: Sequence[Approval] = ()) -> bytes:
    """The bytes that a party's seal signs; `approvals` are those of its own persons, in their order."""
    statement = SealStatement(act_digest(instrument_bytes), approving.digests(approvals), party, record)
    return pae(SEAL_TYPE, canonical.encode(statement))


def approvals_of(given: Sequence[Approval], party: str) -> tuple[Approval, ...]:
    """The approvals of one party's persons, in the order of the file."""
    return tuple(each for each in given if each.party == party)


def text_hash(final_text: str) -> bytes:
    """SHA-256 of the text in UTF-8; `Malformed` if it has code points that UTF-8 cannot write."""
    try:
        return hashlib.sha256(final_text.encode("utf-8")).digest()
    except UnicodeEncodeError:
        raise Malformed("The text contains half a character (a lone surrogate).") from None


def file_digest(file: bytes) -> bytes:
    """SHA-256 of the whole file: its name in the register."""
    return hashlib.sha256(file).digest()


def register_leaf(file: bytes) -> bytes:
    """The entry of the register's log for this file: 33 bytes."""
    return LEAF + file_digest(file)


# --- reading: form only -------------------------------------------------------------------------


def read_instrument(raw: bytes) -> Instrument:
    """The instrument whose canonical bytes these are; `Malformed` if its form is not proper."""
    read = canonical.decode(raw, Instrument)
    text.check_name(read.title, text.LONGEST_TITLE, "The title of an instrument")
    if not _LANGUAGE.fullmatch(read.language):
        raise Malformed("The language of an instrument is written as a tag such as en, fr or zh-Hans.")
    if not read.text or len(read.text.encode("utf-8")) > TEXT_LIMIT:
        raise Malformed("The text of an instrument is not empty, and not larger than 4 MB.")
    text.check_text(read.text)
    _check_parties(read)
    return read


def read_sealed(raw: bytes) -> tuple[Sealed, Instrument]:
    """The file and its payload; `Malformed` if the form of either, or of any record in it, is not proper."""
    if len(raw) > FILE_LIMIT:
        raise Malformed("The file is larger than 16 MB, which no instrument is.")
    sealed = canonical.decode(raw, Sealed)
    instrument = read_instrument(sealed.payload)
    sealers = [one.party for one in sealed.seals]
    _check_order(sealers, "The seals")
    approving.check_order(sealed.approvals)
    if len(sealed.records) != len(instrument.parties):
        raise Malformed("The file has one chain of records for each party of the instrument.")
    for chain in sealed.records:
        records.read_chain(chain)
    return sealed, instrument


def _check_parties(read: Instrument) -> None:
    parties = [named.party for named in read.parties]
    adopters = [adoption.party for adoption in read.adopted]
    _check_order(parties, "The parties")
    _check_order(adopters, "The adoptions")
    if not 2 <= len(parties) <= PARTIES_LIMIT:
        raise Malformed(f"An instrument has between 2 and {PARTIES_LIMIT} parties.")
    if not adopters or not set(adopters) <= set(parties):
        raise Malformed("An instrument is adopted by one or more of its own parties.")
    for named in read.parties:
        text.check_name(named.name, what="The name of a party")


def _check_order(parties: Sequence[str], what: str) -> None:
    for party in parties:
        identifiers.check_party_id(party)
    if list(parties) != sorted(set(parties)):
        raise Malformed(f"{what} stand in order of their identifiers, each once.")


# --- verifying ----------------------------------------------------------------------------------


def verify_party(
    instrument_bytes: bytes,
    named: PartyNamed,
    one: Seal,
    chain: Sequence[SignedRecord],
    approvals: Sequence[Approval] = (),
) -> None:
    """Raises `NotAuthentic` unless the chain is this party's own, bears its name, and its last version sealed.

    Its persons approved before, as many as that version asks for, and the seal covers their approvals.
    """
    verify_record(named, chain)
    newest = records.read_record(chain[-1].body)
    verify_seal(instrument_bytes, named, one, newest.seal, approvals)
    verify_approvals(instrument_bytes, named, newest, approvals)


def verify_record(named: PartyNamed, chain: Sequence[SignedRecord]) -> None:
    """Raises `NotAuthentic` unless the chain is true, the party's own, in force and the one that was named."""
    newest = records.verify_chain(chain)
    if records.chain_party_id(chain) != named.party:
        raise NotAuthentic("The record is another party's: its hash is not the party's identifier.")
    if records.digest(chain[-1].body) != named.record:
        raise NotAuthentic("The record is not the version that the instrument names.")
    if newest.frozen:
        raise NotAuthentic("The party's record is frozen: no seal under it counts.")
    if named.name not in newest.names.values():
        raise NotAuthentic("The party does not bear that name in its own record.")


def verify_seal(
    instrument_bytes: bytes, named: PartyNamed, one: Seal, key: HybridKey, approvals: Sequence[Approval] = ()
) -> None:
    """Raises `NotAuthentic` unless `one` is this party's seal over payload and approvals, under the record it named."""
    if (one.party, one.record) != (named.party, named.record):
        raise NotAuthentic("The seal names another party, or another version of its record, than the instrument does.")
    message = sealed_message(instrument_bytes, one.party, one.record, approvals)
    hybrid.verify(key, LABEL, message, HybridSignature(one.ed25519, one.mldsa65))


def verify_approvals(
    instrument_bytes: bytes, named: PartyNamed, record: RootRecord, approvals: Sequence[Approval]
) -> None:
    """Raises `NotAuthentic` unless as many of the party's persons approved the payload as its record asks for."""
    approving.verify(act_digest(instrument_bytes), named.party, record, approvals)
