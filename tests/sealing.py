"""Parties and sealed instruments for tests: real keys from named seeds, so that a failure can be replayed."""

import hashlib
from dataclasses import dataclass, replace

from detente.crypto import hybrid, signing
from detente.crypto.hybrid import HybridSeeds
from detente.evidence import instrument, records
from detente.evidence.instrument import PartyNamed
from detente.evidence.records import Mailbox, RootRecord, SignedRecord

TEXT = (
    "AGREEMENT ON THE SHARED WATERS OF THE LAKE\n\n"
    "Article 1\n\nThe Parties keep the lake open to every vessel of the Parties, in peace & at all hours.\n\n"
    'Article 2\n\nEach Party says "no" before it acts, not after; naïve trust is not asked for.\n'
)
NAMES = ("Arvenia", "Belmora", "Corvalis")
ADOPTED_AT = 1_769_850_000_000


def seed(*words):
    return hashlib.sha256("/".join(map(str, words)).encode()).digest()


def hybrid_seeds(*words):
    return HybridSeeds(seed(*words, "ed25519"), seed(*words, "mldsa65"))


@dataclass(frozen=True)
class Party:
    """One party's secret seeds and its public chain; `salt` makes another party of the same name."""

    name: str
    roots: tuple[HybridSeeds, ...]
    seal: HybridSeeds
    record: RootRecord
    chain: tuple[SignedRecord, ...]

    @property
    def id(self):
        return records.chain_party_id(self.chain)

    @property
    def record_digest(self):
        return records.digest(self.chain[-1].body)

    @property
    def named(self):
        return PartyNamed(self.id, self.name, self.record_digest)

    def next(self, record, signers):
        return replace(self, record=record, chain=(*self.chain, records.sign(record, signers)))


def fields(name, salt="", roots=None, seal=None):
    """What a record says, as arguments of `make_record`."""
    roots = roots or tuple(hybrid_seeds(name, salt, "root", number) for number in range(3))
    seal = seal or hybrid_seeds(name, salt, "seal")
    return {
        "names": {"en": name, "fr": f"La {name}"},
        "roots": [hybrid.public(one) for one in roots],
        "node": signing.ed25519_public(seed(name, salt, "node")),
        "voice": signing.ed25519_public(seed(name, salt, "voice")),
        "seal": hybrid.public(seal),
        "mail": Mailbox("box-" + seed(name, salt, "box").hex()[:16], seed(name, salt, "mail")),
        "offices": {"head-of-mission": ["seal", "send"], "registry": ["send"]},
    }


def make_party(name, salt="", **changes):
    roots = tuple(hybrid_seeds(name, salt, "root", number) for number in range(3))
    record = records.make_record(None, **{**fields(name, salt), **changes})
    return Party(name, roots, hybrid_seeds(name, salt, "seal"), record, (records.sign(record, roots[:2]),))


def make_parties(salt=""):
    return tuple(make_party(name, salt) for name in NAMES)


def make_payload(among, final_text=TEXT, **changes):
    arguments = {
        "title": "Agreement on the Shared Waters of the Lake",
        "language": "en",
        "line": seed("line"),
        "final_text": final_text,
        "content_hash": seed("content"),
        "parties": [party.named for party in among],
        "adopted": {party.id: seed("act", party.name) for party in among},
        "adopted_at": ADOPTED_AT,
    }
    return instrument.encode_instrument(instrument.make_instrument(**{**arguments, **changes}))


def seal_by(party, payload, approvals=()):
    own = [each for each in approvals if each.party == party.id]
    return instrument.seal(payload, party.id, party.record_digest, party.seal, own)


def make_file(parties, payload=None, approvals=()):
    payload = payload or make_payload(parties)
    return instrument.assemble(
        payload,
        [seal_by(party, payload, approvals) for party in parties],
        {party.id: party.chain for party in parties},
        approvals,
    )
