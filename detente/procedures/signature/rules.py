"""The rules of signature, each with the name that its refusal bears.

    signature.text       the text is on the table
    signature.party      who must accept adopts; the parties of an instrument seal it and consent
    signature.clean      nothing in it is open
    signature.content    the hash is that of its present content (else the act is stale)
    signature.once       adopted, sealed, consented, published: once each
    signature.form       the text, its title, language and parties make an instrument
    signature.unknown    the instrument exists
    signature.record     the party's record is still the one that the instrument names
    signature.approvals  as many of the party's persons approved as its record asks for, over this very instrument
    signature.seal       the seal verifies, both halves of it
    signature.sealed     consent comes after every party's seal, publication after every consent
    signature.proof      the proof leads from this very file to a root that the charter's register signed

**The instrument is made by the last adoption** and never again: its bytes are a function of facts
and of the adopting acts, so every house holds the same ones, and whoever seals, seals what it
computed itself.  Its parties are those that must accept.  Their records are frozen with it; what
the table or the charter say later cannot reach into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from detente.acts.act import Verified
from detente.acts.facts import Facts, Role, TextFacts
from detente.acts.procedure import Procedure
from detente.crypto.hashing import sha256
from detente.evidence import approvals as approving
from detente.evidence import instrument as instruments
from detente.evidence import publication, records
from detente.evidence.anchors import AnchoredRegister
from detente.evidence.approvals import Approval
from detente.evidence.instrument import PartyNamed, Seal
from detente.evidence.records import SignedRecord
from detente.ground.errors import DetenteError, Refused, Stale
from detente.ground.identifiers import ActId, PartyId
from detente.ground.instants import Instant
from detente.procedures.signature.acts import Adopt, Consent, Published, Sign
from detente.wire import canonical

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Mark:
    """What one party did: by which act and office, and when by the log."""

    act: ActId
    office: str
    at: Instant


@dataclass(frozen=True)
class Instrument:
    """An adopted text, and how far its conclusion has come."""

    digest: bytes  # SHA-256(m)
    text: ActId
    content_hash: bytes
    payload: bytes  # the canonical bytes that every party seals
    parties: tuple[PartyNamed, ...]
    chains: Mapping[PartyId, tuple[SignedRecord, ...]]
    adopted: Mapping[PartyId, Mark]
    approvals: Mapping[PartyId, tuple[Approval, ...]] = field(default_factory=lambda: MappingProxyType({}))
    seals: Mapping[PartyId, Seal] = field(default_factory=lambda: MappingProxyType({}))
    sealed: Mapping[PartyId, Mark] = field(default_factory=lambda: MappingProxyType({}))
    consents: Mapping[PartyId, Mark] = field(default_factory=lambda: MappingProxyType({}))
    file: bytes = b""  # assembled with the last seal
    proof: str = ""
    published: Mark | None = None

    def named(self, party: PartyId) -> PartyNamed | None:
        """The party as the instrument names it, or None where it is no party to it."""
        return next((each for each in self.parties if each.party == party), None)


@dataclass(frozen=True)
class State:
    """Adoptions that are not yet everybody's, by text and content; and the instruments, by digest."""

    adoptions: Mapping[tuple[ActId, bytes], Mapping[PartyId, Mark]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    instruments: Mapping[bytes, Instrument] = field(default_factory=lambda: MappingProxyType({}))
    by_text: Mapping[ActId, bytes] = field(default_factory=lambda: MappingProxyType({}))


def admit(state: State, facts: Facts, act: Verified) -> State | Refused:
    """The state of signature after `act`, or why it is refused."""
    match act.body:
        case Adopt():
            return _adopt(state, facts, act, act.body)
        case Sign():
            return _sign(state, facts, act, act.body)
        case Consent():
            return _consent(state, act, act.body)
        case Published():
            return _published(state, facts, act, act.body)
        case _:
            return Refused("This is no act of signature.", rule="signature.kind")


# --- adoption ----------------------------------------------------------------------------------


def _adopt(state: State, facts: Facts, act: Verified, body: Adopt) -> State | Refused:
    text = facts.texts.get(body.text)
    if text is None:
        return Refused("The text that this act names is not on the table.", rule="signature.text")
    refusal = _check_adoption(state, facts, act, body, text)
    if refusal:
        return refusal
    before = state.adoptions.get((body.text, body.content_hash), MappingProxyType({}))
    adopted = before if act.author in before else _put(before, act.author, _mark(act))
    made = _make(facts, act, body.text, text, adopted)
    if isinstance(made, Refused):
        return made
    if not set(facts.must_accept) <= set(adopted):
        return replace(state, adoptions=_put(state.adoptions, (body.text, body.content_hash), adopted))
    return replace(
        state,
        adoptions=MappingProxyType({key: value for key, value in state.adoptions.items() if key[0] != body.text}),
        instruments=_put(state.instruments, made.digest, made),
        by_text=_put(state.by_text, body.text, made.digest),
    )


def _check_adoption(state: State, facts: Facts, act: Verified, body: Adopt, text: TextFacts) -> Refused | None:
    if act.author not in facts.must_accept:
        return Refused("A text is adopted by the parties that must accept it.", rule="signature.party")
    if body.text in state.by_text:
        return Refused("This text has been adopted by all already.", rule="signature.once")
    if text.content_hash != body.content_hash:
        return Stale(
            "The text is no longer the one that this adoption names: look at it again and decide anew.",
            rule="signature.content",
        )
    if text.open_slots or text.clean_text is None:
        return Refused(
            f"The text is not clean: {text.open_slots} of its places are open. Settle them first.",
            rule="signature.clean",
        )
    adopted = state.adoptions.get((body.text, body.content_hash), {})
    # Where a party that had not adopted was removed, any adoption said again makes the instrument.
    if act.author in adopted and not set(facts.must_accept) <= set(adopted):
        return Refused("This party has adopted this text already.", rule="signature.once")
    return None


def _make(
    facts: Facts, act: Verified, name: ActId, text: TextFacts, adopted: Mapping[PartyId, Mark]
) -> Instrument | Refused:
    """The instrument of these adoptions.  It is made at the first of them too, so that nobody adopts what cannot be."""
    parties = tuple(
        PartyNamed(party, facts.members[party].name, facts.members[party].record)
        for party in sorted(facts.must_accept)
        if party in facts.members
    )
    adopting = MappingProxyType({party: adopted[party] for party in sorted(adopted) if party in facts.must_accept})
    try:
        chains = {PartyId(each.party): _chain(facts, each) for each in parties}
        made = instruments.make_instrument(
            title=text.title,
            language=text.language,
            line=act.line,
            final_text=text.clean_text or "",
            content_hash=text.content_hash,
            parties=parties,
            adopted={party: mark.act for party, mark in adopting.items()},
            adopted_at=act.at,
        )
    except DetenteError as error:
        return Refused(f"This text cannot become an instrument: {error.sentence}", rule="signature.form")
    payload = instruments.encode_instrument(made)
    return Instrument(
        digest=instruments.act_digest(payload),
        text=name,
        content_hash=text.content_hash,
        payload=payload,
        parties=made.parties,
        chains=MappingProxyType(chains),
        adopted=adopting,
    )


def _chain(facts: Facts, named: PartyNamed) -> tuple[SignedRecord, ...]:
    chain = records.decode_chain(facts.members[PartyId(named.party)].chain)
    instruments.verify_record(named, chain)
    return chain


# --- seals, consents, publication --------------------------------------------------------------


def _sign(state: State, facts: Facts, act: Verified, body: Sign) -> State | Refused:
    found = _find(state, act, body.instrument)
    if isinstance(found, Refused):
        return found
    one, named = found
    if act.author in one.seals:
        return Refused("This party has sealed this instrument already.", rule="signature.once")
    member = facts.members.get(act.author)
    if member is None or member.record != named.record:
        return Refused("The party's record is no longer the one that the instrument names.", rule="signature.record")
    record = records.read_record(one.chains[act.author][-1].body)
    try:
        approving.check_order(body.approvals)
        instruments.verify_approvals(one.payload, named, record, body.approvals)
    except DetenteError as error:
        return Refused(f"The persons' approvals do not hold: {error.sentence}", rule="signature.approvals")
    try:
        instruments.verify_seal(one.payload, named, body.seal, record.seal, body.approvals)
    except DetenteError as error:
        return Refused(f"The seal does not hold: {error.sentence}", rule="signature.seal")
    sealed = replace(
        one,
        approvals=_put(one.approvals, act.author, body.approvals),
        seals=_put(one.seals, act.author, body.seal),
        sealed=_put(one.sealed, act.author, _mark(act)),
    )
    return _complete(state, sealed)


def _complete(state: State, one: Instrument) -> State | Refused:
    """With the last seal the file is assembled, once and for all."""
    if len(one.seals) < len(one.parties):
        return _keep(state, one)
    try:
        approvals = tuple(each for given in one.approvals.values() for each in given)
        file = instruments.assemble(one.payload, tuple(one.seals.values()), one.chains, approvals)
    except DetenteError as error:
        return Refused(f"The sealed instrument does not hold: {error.sentence}", rule="signature.form")
    return _keep(state, replace(one, file=file))


def _consent(state: State, act: Verified, body: Consent) -> State | Refused:
    found = _find(state, act, body.instrument)
    if isinstance(found, Refused):
        return found
    one, _ = found
    if not one.file:
        return Refused("Consent to publication comes after every party's seal.", rule="signature.sealed")
    if act.author in one.consents:
        return Refused("This party has consented already.", rule="signature.once")
    return _keep(state, replace(one, consents=_put(one.consents, act.author, _mark(act))))


def _published(state: State, facts: Facts, act: Verified, body: Published) -> State | Refused:
    one = state.instruments.get(body.instrument)
    if one is None:
        return Refused("The instrument that this act names does not exist.", rule="signature.unknown")
    if facts.role(act.author) in (None, Role.OBSERVER):
        return Refused("An observer publishes nothing.", rule="signature.party")
    if len(one.consents) < len(one.parties):
        return Refused("Publication comes after every party's consent.", rule="signature.sealed")
    if one.published:
        return Refused("This instrument has been published already.", rule="signature.once")
    register = AnchoredRegister(facts.register_origin, facts.register_vkey)
    try:
        proof = publication.read_proof(body.proof.encode("utf-8", "surrogatepass"))
        publication.verify_register(proof, register)
        publication.verify_published(one.file, proof)
    except DetenteError as error:
        return Refused(f"The proof of publication does not hold: {error.sentence}", rule="signature.proof")
    return _keep(state, replace(one, proof=body.proof, published=_mark(act)))


def instrument_file(state: State, digest: bytes) -> bytes:
    """The sealed instrument as the file that verifiers read; raises `Refused` before every party has sealed it."""
    one = state.instruments.get(digest)
    if one is None:
        raise Refused("There is no such instrument on this line.", rule="signature.unknown")
    if not one.file:
        raise Refused("Not every party has sealed this instrument yet.", rule="signature.sealed")
    return one.file


# --- small things ------------------------------------------------------------------------------


def _find(state: State, act: Verified, digest: bytes) -> tuple[Instrument, PartyNamed] | Refused:
    """The instrument, and the act's author as it names it."""
    one = state.instruments.get(digest)
    if one is None:
        return Refused("The instrument that this act names does not exist.", rule="signature.unknown")
    named = one.named(act.author)
    if named is None:
        return Refused("Only a party of the instrument does that.", rule="signature.party")
    return one, named


def _mark(act: Verified) -> Mark:
    return Mark(act.id, act.office, act.at)


def _keep(state: State, one: Instrument) -> State:
    return replace(state, instruments=_put(state.instruments, one.digest, one))


def _put(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    return MappingProxyType({**mapping, key: value})


def publish(state: State, facts: Facts) -> Facts:
    """Which texts are adopted, in which content: the table closes them."""
    adopted = {text: state.instruments[digest].content_hash for text, digest in state.by_text.items()}
    return replace(facts, adopted=MappingProxyType(adopted))


def digest(state: State) -> bytes:
    """SHA-256 of the canonical spelling of the state, in which acts stand by their ids."""
    adoptions = [
        [text, content, _acts(marks)] for (text, content), marks in sorted(state.adoptions.items(), key=lambda i: i[0])
    ]
    concluded = [
        [
            name,
            _acts(one.adopted),
            _acts(one.sealed),
            _acts(one.consents),
            sha256(one.file),
            one.published.act if one.published else None,
        ]
        for name, one in sorted(state.instruments.items())
    ]
    return canonical.digest([adoptions, concluded])


def _acts(marks: Mapping[PartyId, Mark]) -> dict[str, bytes]:
    return {party: mark.act for party, mark in marks.items()}


PROCEDURE = Procedure(
    name="signature",
    version=1,
    bodies=(Adopt, Sign, Consent, Published),
    initial=State,
    admit=admit,
    publish=publish,
    digest=digest,
)
