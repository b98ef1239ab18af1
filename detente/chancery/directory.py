"""The directory: whom this house knows, and whom it accredits.

A record says of itself who its party is; knowing it is not believing it.  A party is *accredited*
here when two offices of this house have each compared its sixty digits with a letter of credence, or
over a telephone number that they knew before (records.md section 5, E1).  Only then does the house
enter a line with it.  Recognition is this house's own record, and nobody else's.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

import msgspec

from detente.chancery.identity import check_power
from detente.chancery.ports import Store
from detente.evidence import records
from detente.evidence.records import RootRecord, SignedRecord
from detente.ground.errors import Malformed, NotAuthentic, Refused, Unfit
from detente.ground.identifiers import PartyId
from detente.ground.instants import Instant
from detente.line.terms import LINE_KEYS, LineKeys, party_of
from detente.mls.types import Extension
from detente.wire import canonical

OFFICES_NEEDED = 2


class Comparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An office has compared the digits of one version of a record."""

    office: str
    record: bytes
    at: int


class Credence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this house knows of another party's credentials."""

    party: str
    comparisons: tuple[Comparison, ...]

    def complete(self, record: bytes) -> bool:
        """Whether two offices have compared this version."""
        return len({each.office for each in self.comparisons if each.record == record}) >= OFFICES_NEEDED


class Directory:
    """The records that this house holds, and its own judgement of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records: dict[PartyId, RootRecord] = {}
        self._own: PartyId | None = None

    @property
    def own_party(self) -> PartyId:
        """The party whose house this is."""
        if self._own is None:
            raw = self._store.fetch("house", "party")
            if raw is None:
                raise Unfit("This store belongs to no party yet: make the house first (detente house make).")
            self._own = PartyId(raw.decode())
        return self._own

    @property
    def own_record(self) -> RootRecord:
        """The party's own record, in its newest version."""
        return self.record(self.own_party)

    def parties(self) -> list[PartyId]:
        """Every party whose record is here, accredited or not."""
        return [PartyId(party) for party, _ in self._store.shelf("records")]

    def chain(self, party: PartyId) -> tuple[SignedRecord, ...]:
        """All versions of a party's record, or `Refused` where this house holds none."""
        raw = self._store.fetch("records", party)
        if raw is None:
            raise Refused("This house holds no record of that party.", rule="directory.unknown")
        return records.decode_chain(raw)

    def record(self, party: PartyId) -> RootRecord:
        """The newest version of a party's record."""
        if party not in self._records:
            self._records[party] = records.verify_chain(self.chain(party))
        return self._records[party]

    def own_is(self, chain: Sequence[SignedRecord]) -> None:
        """Set the house up: its own record, which needs nobody's credence here."""
        party = records.chain_party_id(chain)
        records.verify_chain(chain)
        with self._store.transaction():
            self._store.keep("house", "party", party.encode())
            self._store.keep("records", party, records.encode_chain(chain))

    def receive(self, raw: bytes) -> tuple[PartyId, str]:
        """Take a record file in: (party, sixty digits to compare).  It is known from now on, and not yet believed.

        A longer chain replaces a shorter one that it continues; another beginning is another party.  Nobody
        tells a house by a file what its own party's record is: `Refused`.
        """
        chain = records.decode_chain(raw)
        records.verify_chain(chain)
        party = records.chain_party_id(chain)
        held = self._store.fetch("records", party)
        if held is not None:
            known = records.decode_chain(held)
            if chain[: len(known)] != known[: len(chain)]:
                raise NotAuthentic("The file tells another history of that party's record than the one held here.")
            if party == self.own_party and len(chain) > len(known):
                raise Refused(
                    "This is a newer record of this very party than the one that its house lives by. If nobody here "
                    "made it, somebody holds the party's root keys.",
                    rule="directory.own",
                )
            chain = max(known, chain, key=len)
        with self._store.transaction():
            self._store.keep("records", party, records.encode_chain(chain))
        self._records.pop(party, None)
        return party, self.digits(party)

    def digits(self, party: PartyId) -> str:
        """The sixty digits of the newest version held here."""
        return records.record_digits(party, self._newest(party))

    def _newest(self, party: PartyId) -> bytes:
        return records.digest(self.chain(party)[-1].body)

    def compare(self, party: PartyId, digits: str, office: str, now: Instant) -> bool:
        """An office says which digits stand on the letter of credence; True once two offices have.

        Raises `Refused` where they are not the record's: then either the letter or the file is another's.
        """
        check_power(self.own_record, office, "security")
        spoken = "".join(digits.split())
        if len(spoken) != 60 or not (spoken.isascii() and spoken.isdigit()):
            raise Malformed("Sixty digits are to be compared, in any grouping.")
        if not hmac.compare_digest(spoken, "".join(self.digits(party).split())):
            raise Refused(
                "The digits are not those of the record: do not go on before you know why.", rule="credence.digits"
            )
        record = self._newest(party)
        before = self.credence(party).comparisons
        kept = tuple(each for each in before if (each.office, each.record) != (office, record))
        credence = Credence(party, (*kept, Comparison(office, record, now)))
        with self._store.transaction():
            self._store.keep("credences", party, canonical.encode(credence))
        return credence.complete(record)

    def credence(self, party: PartyId) -> Credence:
        """What was compared so far."""
        raw = self._store.fetch("credences", party)
        return canonical.decode(raw, Credence) if raw is not None else Credence(party, ())

    def is_accredited(self, party: PartyId) -> bool:
        """Whether two offices have compared the newest version of the party's record."""
        return party == self.own_party or self.credence(party).complete(self._newest(party))

    def accredited(self, party: PartyId) -> tuple[SignedRecord, ...]:
        """The chain of an accredited party; `Refused` for any other."""
        if not self.is_accredited(party):
            name = self.name(party)
            raise Refused(
                f"{name} is not accredited at this house: two offices must compare its sixty digits first.",
                rule="credence.missing",
            )
        return self.chain(party)

    def check_accredited(self, party: PartyId, chain: Sequence[SignedRecord]) -> None:
        """Raises `Refused` unless the party is accredited with exactly this record."""
        if tuple(chain) != self.accredited(party):
            raise Refused("A party is named with another record than the one accredited here.", rule="credence.record")

    def authenticate(self, identity: bytes, signature_key: bytes, extensions: Sequence[Extension]) -> None:
        """The authentication service for a group that is being joined: every leaf is an accredited chancery."""
        party = party_of(identity)
        if not self.is_accredited(party) or self.record(party).node != signature_key:
            raise NotAuthentic("A chancery in the group has a key that is in no record accredited here.")
        if not any(extension.type == LINE_KEYS and LineKeys.decode(extension.data) for extension in extensions):
            raise NotAuthentic("A member of the group has no keys for the line.")

    def name(self, party: PartyId) -> str:
        """What the party calls itself, in English where it has an English name."""
        names = self.record(party).names
        return names.get("en") or next(iter(names.values()))
