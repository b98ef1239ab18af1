"""The rules of the minimal charter, each with the name that its refusal bears.

charter.first       nothing comes before the founding act, and no second one after it
charter.chair       a line has exactly one chair, who founds it, admits and removes
charter.records     each party's record verifies, bears its id, is not frozen, never goes back
charter.names       no two members have a name that a reader takes for the other's
charter.keys        no two members have a key in common
charter.ceiling     not above the highest that this software may carry
charter.accept      who must accept are members and no observers, one at least, each once
charter.faults      fewer than the members: then any two quorums share more than f of them
charter.places      relay and register: an address, an origin, a sound key
charter.versions    the rules' versions, those of the charter itself among them
charter.members     admitted once; removed when there; the chair does not remove itself
charter.about       a chancery's return is asked for by its own party, or by the chair
charter.size        titles, reasons, sentences and evidence within their bounds
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from detente.acts.act import Body, Verified
from detente.acts.facts import Facts, Member, Role, faults_by_default
from detente.acts.labels import CEILING_BY_DEFAULT, HIGHEST_CEILING, Label
from detente.acts.matter import NOTHING, Matter
from detente.acts.procedure import Procedure
from detente.crypto.hashing import sha256
from detente.evidence import records
from detente.evidence.anchors import check_origin
from detente.evidence.records import RootRecord, SignedRecord
from detente.ground.errors import DetenteError, Refused
from detente.ground.identifiers import ActId, PartyId, Position, from_base32
from detente.ground.instants import Instant
from detente.procedures.charter.acts import Admit, Found, Incident, RegisterPlace, Rejoin, RelayPlace, Remove
from detente.tlog.note import KeyKind, VerifierKey
from detente.wire import canonical, text

VERSION = 1
MOST_MEMBERS = 193  # every member State of the United Nations
LARGEST_EVIDENCE = 64 * 1024  # bytes
LONGEST_SENTENCE = 2_000  # characters
LONGEST_ADDRESS = 300  # characters
LINE_NAME_BYTES = 16
_MOST_PROCEDURES = 64
_WORD = re.compile(r"[a-z][a-z-]{0,39}")
_ADDRESS = re.compile(r"https?://[!-~]+")

V = TypeVar("V")


@dataclass(frozen=True)
class Departure:
    """A party that was removed."""

    party: PartyId
    name: str
    at: Instant
    reason: str


@dataclass(frozen=True)
class Return:
    """A chancery that asked, or for which the chair asked, to be added anew; the latest of each party."""

    act: ActId
    position: Position
    by: PartyId
    reason: str


@dataclass(frozen=True)
class Report:
    """Something false that a member met.  The evidence itself stands in the act."""

    act: ActId
    by: PartyId
    at: Instant
    position: int
    sentence: str
    evidence: bytes  # its SHA-256
    size: int


@dataclass(frozen=True)
class State:
    """The charter as it stands; `title` is empty before the line is founded."""

    title: str = ""
    founded_at: Instant | None = None
    members: Mapping[PartyId, Member] = field(default_factory=lambda: MappingProxyType({}))
    ceiling: Label = CEILING_BY_DEFAULT
    must_accept: tuple[PartyId, ...] = ()
    faults: int | None = None
    rules: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    relay: RelayPlace | None = None
    register: RegisterPlace | None = None
    known: Mapping[PartyId, tuple[bytes, ...]] = field(default_factory=lambda: MappingProxyType({}))
    names: Mapping[PartyId, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))  # folded
    departures: tuple[Departure, ...] = ()
    returns: Mapping[PartyId, Return] = field(default_factory=lambda: MappingProxyType({}))
    reports: tuple[Report, ...] = ()

    @property
    def effective_faults(self) -> int:
        """The f of the quorum for the members as they are now."""
        if self.faults is None:
            return faults_by_default(len(self.members))
        return min(self.faults, max(0, len(self.members) - 1))


def admit(state: State, _facts: Facts, act: Verified) -> State | Refused:
    """The charter after `act`, or why it is refused."""
    body = act.body
    if isinstance(body, Found) == bool(state.title):
        return Refused("A line is founded once, by its first act, and nothing comes before that.", rule="charter.first")
    match body:
        case Found():
            return _found(act, body)
        case Admit():
            return _admit(state, act, body)
        case Remove():
            return _remove(state, act, body)
        case Rejoin():
            return _rejoin(state, act, body)
        case Incident():
            return _incident(state, act, body)
        case _:
            return Refused("This is no act of the charter.", rule="charter.kind")


# --- founding ----------------------------------------------------------------------------------


def _found(act: Verified, body: Found) -> State | Refused:
    refusal = (
        _check_title(body)
        or _check_roles(act, body)
        or _check_ceiling(body)
        or _check_must_accept(body)
        or _check_faults(body)
        or _check_versions(body)
        or _check_places(body)
    )
    if refusal:
        return refusal
    state = State(
        title=body.title,
        founded_at=act.at,
        ceiling=body.ceiling,
        must_accept=body.must_accept,
        faults=body.faults,
        rules=MappingProxyType(dict(sorted(body.rules.items()))),
        relay=body.relay,
        register=body.register,
    )
    for seat in body.members:
        seated = _seat(state, seat.party, seat.role, seat.records)
        if isinstance(seated, Refused):
            return seated
        state = seated
    return state


def _check_title(body: Found) -> Refused | None:
    if not _passes(lambda: text.check_name(body.title, text.LONGEST_TITLE, "The title of a line")):
        return Refused("A line has a title of one line that can be read for what it is.", rule="charter.size")
    return None


def _check_roles(act: Verified, body: Found) -> Refused | None:
    parties = [seat.party for seat in body.members]
    chairs = [seat.party for seat in body.members if seat.role is Role.CHAIR]
    if not 1 <= len(parties) <= MOST_MEMBERS or len(set(parties)) != len(parties):
        return Refused(f"A line has between 1 and {MOST_MEMBERS} members, each once.", rule="charter.members")
    if chairs != [act.author]:
        return Refused("A line is founded by its chair, and has exactly one.", rule="charter.chair")
    return None


def _check_ceiling(body: Found) -> Refused | None:
    if body.ceiling.above(HIGHEST_CEILING):
        return Refused(
            f"A ceiling of {body.ceiling.value} is above {HIGHEST_CEILING.value}, the highest that may be set here. "
            "Approval for more is given by an accreditation authority, not by this software.",
            rule="charter.ceiling",
        )
    return None


def _check_must_accept(body: Found) -> Refused | None:
    able = {seat.party for seat in body.members if seat.role is not Role.OBSERVER}
    named = body.must_accept
    if not named or len(set(named)) != len(named) or not set(named) <= able:
        return Refused("Who must accept are members and no observers: at least one, each once.", rule="charter.accept")
    return None


def _check_faults(body: Found) -> Refused | None:
    if body.faults is not None and not 0 <= body.faults < len(body.members):
        return Refused("How many may collude is a number below that of the members.", rule="charter.faults")
    return None


def _check_versions(body: Found) -> Refused | None:
    sound = len(body.rules) <= _MOST_PROCEDURES and all(
        _WORD.fullmatch(name) and 1 <= version <= canonical.SAFE_INTEGER for name, version in body.rules.items()
    )
    if not sound or body.rules.get("charter") != VERSION:
        return Refused(
            f"A charter names the rules of its procedures by version, its own (charter, {VERSION}) among them.",
            rule="charter.versions",
        )
    return None


def _check_places(body: Found) -> Refused | None:
    for name, place in (("relay", body.relay), ("register", body.register)):
        if not (_ADDRESS.fullmatch(place.url) and len(place.url) <= LONGEST_ADDRESS):
            return Refused(f"The address of the {name} is not one.", rule="charter.places")
        if not (_one_line(place.origin, LONGEST_ADDRESS) and _passes(_key_check(place.vkey))):
            return Refused(f"The log of the {name} has an origin and a sound key.", rule="charter.places")
    if not _passes(lambda: check_origin(body.register.origin)) or not body.register.vkey.startswith(
        f"{body.register.origin}+"
    ):
        return Refused("The register's key bears the name of its origin.", rule="charter.places")
    if not _passes(lambda: from_base32(body.relay.line, LINE_NAME_BYTES)):
        return Refused("The relay's name of a line is base32 of 16 bytes.", rule="charter.places")
    return None


def _key_check(vkey: str) -> Callable[[], object]:
    def check() -> None:
        key = VerifierKey.parse(vkey)
        if key.kind is not KeyKind.ED25519:
            raise Refused("Not a key that signs checkpoints.")
        key.check()

    return check


# --- members -----------------------------------------------------------------------------------


def _seat(state: State, party: PartyId, role: Role, chain: tuple[SignedRecord, ...]) -> State | Refused:
    """The state with this party among the members, once its record and what it claims are sound."""
    record = _verify(party, chain)
    if isinstance(record, Refused):
        return record
    digests = tuple(records.digest(signed.body) for signed in chain)
    earlier = state.known.get(party, ())
    if digests[: len(earlier)] != earlier:
        return Refused("The record of this party goes back behind the one that is known here.", rule="charter.records")
    member = Member(
        party=party,
        name=_name(record),
        role=role,
        record=digests[-1],
        node=record.node,
        voice=record.voice,
        seal_ed25519=record.seal.ed25519,
        seal_mldsa65=record.seal.mldsa65,
        chain=records.encode_chain(chain),
    )
    names = frozenset(text.name_key(name) for name in record.names.values())
    refusal = _check_apart(state, names, member)
    if refusal:
        return refusal
    return replace(
        state,
        members=MappingProxyType({**state.members, party: member}),
        names=MappingProxyType({**state.names, party: names}),
        known=MappingProxyType({**state.known, party: digests}),
    )


def _verify(party: PartyId, chain: Sequence[SignedRecord]) -> RootRecord | Refused:
    try:
        record = records.verify_chain(chain)
        owner = records.chain_party_id(chain)
    except DetenteError as error:
        return Refused(f"A party's record does not hold: {error.sentence}", rule="charter.records")
    if owner != party:
        return Refused("A party's record is another party's: its hash is not the identifier.", rule="charter.records")
    if record.frozen:
        return Refused("A party's record is frozen: nothing new is done under it.", rule="charter.records")
    return record


def _check_apart(state: State, names: frozenset[str], member: Member) -> Refused | None:
    """No name and no key of the new member is another member's."""
    for other in state.members.values():
        if names & state.names[other.party]:
            return Refused(f"Two members would be called “{member.name}”.", rule="charter.names")
        if set(_keys(member)) & set(_keys(other)):
            return Refused(f"{member.name} and {other.name} claim one and the same key.", rule="charter.keys")
    return None


def _keys(member: Member) -> Iterable[bytes]:
    return member.node, member.voice, member.seal_ed25519, member.seal_mldsa65


def _name(record: RootRecord) -> str:
    """The name by which a line shows a party: the English one, or that of the first language by its tag."""
    return record.names.get("en") or record.names[min(record.names)]


def _admit(state: State, act: Verified, body: Admit) -> State | Refused:
    refusal = _check_chair(state, act)
    if refusal:
        return refusal
    if body.role is Role.CHAIR:
        return Refused("A line has exactly one chair.", rule="charter.chair")
    if body.party in state.members:
        return Refused("That party is a member of this line already.", rule="charter.members")
    if len(state.members) >= MOST_MEMBERS:
        return Refused(f"A line has {MOST_MEMBERS} members at most.", rule="charter.members")
    return _seat(state, body.party, body.role, body.records)


def _remove(state: State, act: Verified, body: Remove) -> State | Refused:
    refusal = _check_chair(state, act) or _check_words(body.reason)
    if refusal:
        return refusal
    leaving = state.members.get(body.party)
    if leaving is None:
        return Refused("That party is no member of this line.", rule="charter.members")
    if body.party == act.author:
        return Refused("The chair does not remove itself.", rule="charter.members")
    remaining = tuple(party for party in state.must_accept if party != body.party)
    if not remaining:
        return Refused("Without that party nobody would be left who must accept.", rule="charter.accept")
    return replace(
        state,
        members=_without(state.members, body.party),
        names=_without(state.names, body.party),
        must_accept=remaining,
        departures=(*state.departures, Departure(body.party, leaving.name, act.at, body.reason)),
        returns=_without(state.returns, body.party),
    )


def _check_chair(state: State, act: Verified) -> Refused | None:
    member = state.members.get(act.author)
    if member is None or member.role is not Role.CHAIR:
        return Refused("Only the chair admits and removes.", rule="charter.chair")
    return None


# --- what members report -----------------------------------------------------------------------


def _rejoin(state: State, act: Verified, body: Rejoin) -> State | Refused:
    refusal = _check_words(body.reason)
    if refusal:
        return refusal
    if body.party not in state.members:
        return Refused("That party is no member of this line.", rule="charter.members")
    if body.party != act.author and _check_chair(state, act):
        return Refused("A chancery's return is asked for by its own party, or by the chair.", rule="charter.about")
    asked = Return(act.id, act.position, act.author, body.reason)
    return replace(state, returns=MappingProxyType({**state.returns, body.party: asked}))


def _incident(state: State, act: Verified, body: Incident) -> State | Refused:
    if act.author not in state.members:
        return Refused("Only a member reports what happened on this line.", rule="charter.members")
    if not body.sentence.strip() or len(body.evidence) > LARGEST_EVIDENCE:
        return Refused("A report says what happened, with 64 kB of evidence at most.", rule="charter.size")
    if not 0 <= body.position < act.position:
        return Refused("A report is about something that came before it.", rule="charter.about")
    refusal = _check_words(body.sentence)
    if refusal:
        return refusal
    report = Report(
        act=act.id,
        by=act.author,
        at=act.at,
        position=body.position,
        sentence=body.sentence,
        evidence=sha256(body.evidence),
        size=len(body.evidence),
    )
    return replace(state, reports=(*state.reports, report))


def _check_words(words: str) -> Refused | None:
    if len(words) > LONGEST_SENTENCE or not _passes(lambda: text.check_text(words)):
        return Refused(
            f"Reasons and reports are text that can be read, of {LONGEST_SENTENCE} characters at most.",
            rule="charter.size",
        )
    return None


# --- small things ------------------------------------------------------------------------------


def _passes(check: Callable[[], object]) -> bool:
    try:
        check()
    except DetenteError:
        return False
    return True


def _one_line(words: str, longest: int) -> bool:
    return 0 < len(words) <= longest and len(words.splitlines()) == 1 and _passes(lambda: text.check_text(words))


def _without(mapping: Mapping[PartyId, V], key: PartyId) -> Mapping[PartyId, V]:
    return MappingProxyType({party: value for party, value in mapping.items() if party != key})


def publish(state: State, facts: Facts) -> Facts:
    """Who is on the line, and the values on which the other procedures stand."""
    return replace(
        facts,
        members=state.members,
        ceiling=state.ceiling,
        must_accept=state.must_accept,
        faults=state.effective_faults,
        register_origin=state.register.origin if state.register else "",
        register_vkey=state.register.vkey if state.register else "",
        rules=state.rules,
    )


def digest(state: State) -> bytes:
    """SHA-256 of the canonical spelling of everything in the state, records by their hashes."""
    return canonical.digest(
        {
            "title": state.title,
            "founded_at": state.founded_at,
            "members": [[m.party, m.name, m.role, m.record] for m in state.members.values()],
            "ceiling": state.ceiling,
            "must_accept": state.must_accept,
            "faults": [state.faults, state.effective_faults],
            "rules": dict(state.rules),
            "places": [state.relay, state.register],
            "known": dict(state.known),
            "departures": [[d.party, d.name, d.at, d.reason] for d in state.departures],
            "returns": {party: [r.act, r.position, r.by] for party, r in state.returns.items()},
            "reports": [[r.act, r.by, r.position, r.evidence] for r in state.reports],
        }
    )


def matter(body: Body) -> Matter:
    """Whom it admits or removes."""
    match body:
        case Admit():
            return Matter(party=body.party, role=body.role)
        case Remove():
            return Matter(party=body.party)
        case _:
            return NOTHING


PROCEDURE = Procedure(
    name="charter",
    version=VERSION,
    bodies=(Found, Admit, Remove, Rejoin, Incident),
    initial=State,
    admit=admit,
    publish=publish,
    digest=digest,
    matter=matter,
)
