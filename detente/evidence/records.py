"""A party's root record: what the party says of itself, under keys that only it can change.

The platform never says who is a State.  A party is a self-certifying name, the hash of its first
record; whoever holds that name, from a letter handed over in person, can check everything after.

    PartyId  =  base32(SHA-256(body of version 1))
    body     =  the canonical JSON of `RootRecord`
    signed   =  hybrid signature (Ed25519 and ML-DSA-65) over the body, label "detente/record/v1"

The rules of succession (those of TUF's root role; records.md section 5):

 1. Version 1 has no predecessor and is signed by a threshold of its own roots.
 2. Version n+1 says n+1 and the SHA-256 of the body of version n, and is signed by a threshold of
    the roots of n *and* by a threshold of its own.
 3. One root alone may freeze: a version that differs from the last only in its number, its
    predecessor and `frozen: true` needs one signature.  Easy to stop, hard to take over.
 4. A signature names its root by hash, so that a root that stays needs to sign once only.  Every
    signature must be good, each root signs once, none may be a stranger's.
 5. No key serves two purposes, and every Ed25519 key is one under which not anything verifies.

A record names offices and their powers.  Of persons it says at most which passkeys they hold, each under a
word that tells one person from another and names nobody, and how many of them must approve before the
party seals (evidence/approvals.py).  It is the roots that say so: no machine of the party can add one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Final

import msgspec

from detente.crypto import hybrid, passkeys
from detente.crypto.hybrid import (
    Ed25519Key,
    Ed25519Signature,
    HybridKey,
    HybridSeeds,
    HybridSignature,
    MlDsa65Signature,
)
from detente.ground import identifiers
from detente.ground.errors import Malformed, NotAuthentic
from detente.ground.identifiers import PartyId
from detente.wire import canonical, text

LABEL: Final = b"detente/record/v1"
_ROOT_ID: Final = b"detente/root-id/v1\0"

BODY_LIMIT: Final = 64 * 1024  # bytes of one record's body
CHAIN_LIMIT: Final = 64  # versions of one party's record
NAMES_LIMIT: Final = 32
ROOTS_LIMIT: Final = 16
OFFICES_LIMIT: Final = 64
POWERS_LIMIT: Final = 64
PASSKEYS_LIMIT: Final = 64
APPROVALS_LIMIT: Final = 8
CONCLUDE: Final = "conclude"  # the power that whoever approves a seal has by their office
VERSION_LIMIT: Final = 2**31 - 1

Hash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
X25519Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
WORD = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,63}")
_BOX = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_RP = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_ORIGIN = re.compile(rf"(?:https://({_RP.pattern})|http://(localhost))(?::[1-9][0-9]{{0,4}})?")


class Mailbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where sealed key packages and welcomes reach the party: a box at the relay, and its X25519 key."""

    box: str
    key: X25519Key


class Office(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An office of the party, for example "head-of-mission", and what it may do."""

    office: str
    powers: tuple[str, ...]


class Passkey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person's passkey for one office.  `holder` is a word by which the party tells its persons apart."""

    credential: passkeys.Credential
    holder: str
    key: passkeys.Key  # COSE, in its one spelling (crypto/passkeys.py)
    office: str


class Persons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who approves what the party seals: how many different persons, with which passkeys, and where they are asked."""

    approvals: Annotated[int, msgspec.Meta(ge=1, le=APPROVALS_LIMIT)]
    origin: str  # of the pages of the party's house
    passkeys: tuple[Passkey, ...]  # in order of credential
    rp: str  # the site for which the passkeys were made

    def approvers(self, offices: Sequence[Office]) -> dict[bytes, Passkey]:
        """The passkeys whose office may conclude, by credential."""
        able = {each.office for each in offices if CONCLUDE in each.powers}
        return {each.credential: each for each in self.passkeys if each.office in able}


class RootRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="detente.party-record/1"
):
    """One version of a party's record.  All fields are public."""

    version: Annotated[int, msgspec.Meta(ge=1, le=VERSION_LIMIT)]
    previous: Hash | None  # SHA-256 of the body of the version before
    names: dict[str, str]  # language -> the party's name in it: a claim, never proof of a State
    threshold: Annotated[int, msgspec.Meta(ge=1, le=ROOTS_LIMIT)]
    roots: tuple[HybridKey, ...]
    node: Ed25519Key  # signs MLS leaves
    voice: Ed25519Key  # signs acts
    seal: HybridKey  # seals instruments
    mail: Mailbox
    offices: tuple[Office, ...]
    persons: Persons | None  # None: the party seals without the approval of persons
    frozen: bool


class RootSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One root's signature over a record's body; `root` is `root_id` of the key."""

    root: Hash
    ed25519: Ed25519Signature
    mldsa65: MlDsa65Signature


class SignedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The canonical bytes of a record and the signatures over them, in order of `root`."""

    body: bytes
    signatures: tuple[RootSignature, ...]


class RecordFile(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="detente.party-records/1"
):
    """A party's whole chain as a file that parties hand to each other."""

    records: tuple[SignedRecord, ...]


# --- names of things ----------------------------------------------------------------------------


def root_id(key: HybridKey) -> bytes:
    """How a signature names its root: 32 bytes."""
    return hashlib.sha256(_ROOT_ID + key.ed25519 + key.mldsa65).digest()


def digest(body: bytes) -> bytes:
    """SHA-256 of a record's body: how other things name that version."""
    return hashlib.sha256(body).digest()


def chain_party_id(chain: Sequence[SignedRecord]) -> PartyId:
    """The name that the chain certifies, once `verify_chain` has passed."""
    if not chain:
        raise Malformed("A party's record has at least one version.")
    return identifiers.party_id(chain[0].body)


def record_digits(party: PartyId, record_digest: bytes) -> str:
    """Sixty digits for two people to compare: they bind the party's name and the version shown."""
    return identifiers.digits60(party.encode("ascii") + record_digest)


# --- making -------------------------------------------------------------------------------------


def make_record(
    previous: RootRecord | None,
    *,
    names: Mapping[str, str],
    roots: Sequence[HybridKey],
    node: bytes,
    voice: bytes,
    seal: HybridKey,
    mail: Mailbox,
    offices: Mapping[str, Sequence[str]],
    persons: Persons | None = None,
    threshold: int = 2,
    frozen: bool = False,
) -> RootRecord:
    """The next version after `previous` (None: version 1), in its one proper form, or `Malformed`."""
    record = RootRecord(
        version=previous.version + 1 if previous else 1,
        previous=digest(canonical.encode(previous)) if previous else None,
        names=dict(names),
        threshold=threshold,
        roots=tuple(roots),
        node=node,
        voice=voice,
        seal=seal,
        mail=mail,
        offices=tuple(Office(office, tuple(sorted(set(powers)))) for office, powers in sorted(offices.items())),
        persons=persons,
        frozen=frozen,
    )
    return read_record(canonical.encode(record))


def freeze(previous: RootRecord) -> RootRecord:
    """The version that stops everything; one root's signature is enough for it."""
    return msgspec.structs.replace(
        previous, version=previous.version + 1, previous=digest(canonical.encode(previous)), frozen=True
    )


def sign(record: RootRecord, signers: Sequence[HybridSeeds]) -> SignedRecord:
    """Sign `record` with the seeds of its roots (and of the roots before it, where they differ)."""
    body = canonical.encode(record)
    signatures: dict[bytes, RootSignature] = {}
    for seeds in signers:
        name = root_id(hybrid.public(seeds))
        signature = hybrid.sign(seeds, LABEL, body)
        signatures[name] = RootSignature(name, signature.ed25519, signature.mldsa65)
    return SignedRecord(body, tuple(signatures[name] for name in sorted(signatures)))


def encode_chain(chain: Sequence[SignedRecord]) -> bytes:
    """The file in which a party hands over its record, all versions."""
    return canonical.encode(RecordFile(tuple(chain)))


def decode_chain(raw: bytes) -> tuple[SignedRecord, ...]:
    """The chain of such a file; its form is checked, its signatures are not: see `verify_chain`."""
    if len(raw) > CHAIN_LIMIT * 4 * BODY_LIMIT:
        raise Malformed("That file is too large for a party's record.")
    chain = canonical.decode(raw, RecordFile).records
    read_chain(chain)
    return chain


# --- reading: form only -------------------------------------------------------------------------


def read_record(body: bytes) -> RootRecord:
    """The record whose canonical bytes these are; `Malformed` if its form is not proper.

    Every key is checked here (rule 5), so that no step after this one meets a key that lies.
    """
    if len(body) > BODY_LIMIT:
        raise Malformed("A party's record is larger than 64 kB.")
    record = canonical.decode(body, RootRecord)
    _check_names(record)
    _check_offices(record)
    if record.persons is not None:
        _check_persons(record.persons, record.offices)
    if not _BOX.fullmatch(record.mail.box):
        raise Malformed("The name of a mailbox has letters, digits and . _ ~ - only.")
    if not record.threshold <= len(record.roots) <= ROOTS_LIMIT:
        raise Malformed("A party's record has at least as many roots as its threshold asks for, and at most 16.")
    if (record.version == 1) != (record.previous is None):
        raise Malformed("Only the first version of a party's record has no predecessor.")
    _check_keys(record)
    return record


def read_chain(chain: Sequence[SignedRecord]) -> tuple[RootRecord, ...]:
    """The records of a chain, in order; `Malformed` if the form of any is not proper."""
    if not 1 <= len(chain) <= CHAIN_LIMIT:
        raise Malformed(f"A party's record has between 1 and {CHAIN_LIMIT} versions.")
    for signed in chain:
        names = [signature.root for signature in signed.signatures]
        if len(names) > 2 * ROOTS_LIMIT or any(left >= right for left, right in pairwise(names)):
            raise Malformed("The signatures of a party's record stand in order, one for each root.")
    return tuple(read_record(signed.body) for signed in chain)


def _check_names(record: RootRecord) -> None:
    if not 1 <= len(record.names) <= NAMES_LIMIT:
        raise Malformed(f"A party has between 1 and {NAMES_LIMIT} names, one for each language.")
    for language, name in record.names.items():
        if not _LANGUAGE.fullmatch(language):
            raise Malformed("The language of a name is written as a tag such as en, fr or zh-Hans.")
        text.check_name(name, what="The name of a party")


def _check_offices(record: RootRecord) -> None:
    offices = [office.office for office in record.offices]
    powers = [list(office.powers) for office in record.offices]
    if len(offices) > OFFICES_LIMIT or any(len(held) > POWERS_LIMIT for held in powers):
        raise Malformed("A party's record names too many offices or powers.")
    for words in (offices, *powers):
        if words != sorted(set(words)) or not all(WORD.fullmatch(word) for word in words):
            raise Malformed("Offices and powers are plain words in order, each once.")


def _check_persons(persons: Persons, offices: Sequence[Office]) -> None:
    host = _ORIGIN.fullmatch(persons.origin)
    if not _RP.fullmatch(persons.rp) or host is None:
        raise Malformed("The site of passkeys is a name in lower case; its pages are asked for by https, or localhost.")
    name = host[1] or host[2]
    if name != persons.rp and not name.endswith(f".{persons.rp}"):
        raise Malformed("The pages on which passkeys are asked for do not belong to the site of the passkeys.")
    credentials = [each.credential for each in persons.passkeys]
    if len(credentials) > PASSKEYS_LIMIT or any(left >= right for left, right in pairwise(credentials)):
        raise Malformed(f"The passkeys of a record, at most {PASSKEYS_LIMIT}, stand in order, each once.")
    known = {each.office for each in offices}
    if any(each.office not in known or not WORD.fullmatch(each.holder) for each in persons.passkeys):
        raise Malformed("A passkey is for an office of the record, and its holder is a plain word.")
    for each in persons.passkeys:
        passkeys.check_key(each.key)
    if len({each.holder for each in persons.approvers(offices).values()}) < persons.approvals:
        raise Malformed("The record asks for the approval of more persons than it gives the power to conclude.")


def _check_keys(record: RootRecord) -> None:
    pairs = (*record.roots, record.seal)
    small = [record.node, record.voice, *(pair.ed25519 for pair in pairs)]
    held = [passkeys.raw_key(each.key) for each in record.persons.passkeys] if record.persons else []
    every = [*small, record.mail.key, *(pair.mldsa65 for pair in pairs), *held]
    if len(set(every)) != len(every):
        raise Malformed("In a party's record no key may serve two purposes.")
    for key in small:
        hybrid.check_ed25519(key)


# --- verifying ----------------------------------------------------------------------------------


def verify_chain(chain: Sequence[SignedRecord]) -> RootRecord:
    """The newest record of a chain in which every version follows from the one before.

    Raises `Malformed` if any version cannot be read (all are read first), `NotAuthentic` if one does
    not follow.  Whether the party is the one it says it is, is another question: compare its id.
    """
    records = read_chain(chain)
    if records[0].version != 1:
        raise NotAuthentic("The record does not begin with its first version.")
    _verify_signatures(chain[0], records[0], None)
    for (before, signed_before), (after, signed) in pairwise(zip(records, chain, strict=True)):
        if after.version != before.version + 1 or after.previous != digest(signed_before.body):
            raise NotAuthentic(f"Version {after.version} of the record does not follow version {before.version}.")
        _verify_signatures(signed, after, before)
    return records[-1]


def _verify_signatures(signed: SignedRecord, record: RootRecord, before: RootRecord | None) -> None:
    own = {root_id(root): root for root in record.roots}
    old = {root_id(root): root for root in before.roots} if before else own
    known = {**own, **old}
    signers = set()
    for signature in signed.signatures:
        key = known.get(signature.root)
        if key is None:
            raise NotAuthentic(f"Version {record.version} of the record is signed by a key that is no root of it.")
        hybrid.verify(key, LABEL, signed.body, HybridSignature(signature.ed25519, signature.mldsa65))
        signers.add(signature.root)
    freezes = before is not None and record == freeze(before) and not before.frozen
    needed, needed_before = (1, 1) if freezes else (record.threshold, before.threshold if before else record.threshold)
    if len(signers & own.keys()) < needed or len(signers & old.keys()) < needed_before:
        raise NotAuthentic(f"Version {record.version} of the record is not signed by enough of the party's roots.")
