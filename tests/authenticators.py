"""An authenticator in software: it makes the assertions that a real one makes, and every false one that a test asks for."""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from sealing import seed

from detente.crypto import passkeys
from detente.crypto.passkeys import Assertion
from detente.evidence import approvals, instrument
from detente.evidence.records import Passkey, Persons

RP = "arvenia.example"
ORIGIN = "https://desk.arvenia.example"
VERIFIED = 0x05  # user present, user verified
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Authenticator:
    """One passkey, from a named seed; `kind` is ES256 or EdDSA."""

    name: str
    kind: str = "ES256"

    @property
    def credential(self):
        return hashlib.sha256(b"credential/" + self.name.encode()).digest()[:20]

    @property
    def key(self):
        if self.kind == "EdDSA":
            return passkeys.eddsa_key(self._edwards.public_key().public_bytes_raw())
        point = self._weierstrass.public_key().public_numbers()
        return passkeys.es256_key(point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big"))

    def passkey(self, holder, office="head-of-mission"):
        return Passkey(self.credential, holder, self.key, office)

    def answer(self, challenge, *, rp=RP, origin=ORIGIN, flags=VERIFIED, counter=1, client=None, kind="webauthn.get"):
        """What it answers; `client` stands in place of the browser's own client data."""
        data = hashlib.sha256(rp.encode()).digest() + bytes([flags]) + counter.to_bytes(4, "big")
        if client is None:
            client = client_data(challenge, origin, kind=kind)
        return self.sign(data, client)

    def make(self, challenge, *, rp=RP, origin=ORIGIN, flags=0x45, behind=b"", client=None, key=None, credential=None):
        """(authenticator data, client data) of a new passkey."""
        name = self.credential if credential is None else credential
        data = hashlib.sha256(rp.encode()).digest() + bytes([flags]) + bytes(4) + bytes(16)
        data += len(name).to_bytes(2, "big") + name + (self.key if key is None else key) + behind
        return data, client_data(challenge, origin, kind="webauthn.create") if client is None else client

    def sign(self, data, client):
        message = data + hashlib.sha256(client).digest()
        if self.kind == "EdDSA":
            return Assertion(data, client, self._edwards.sign(message))
        return Assertion(data, client, self._weierstrass.sign(message, ec.ECDSA(SHA256())))

    @property
    def _edwards(self):
        return Ed25519PrivateKey.from_private_bytes(seed("passkey", self.name))

    @property
    def _weierstrass(self):
        return ec.derive_private_key(int.from_bytes(seed("passkey", self.name), "big") % _ORDER, ec.SECP256R1())


def client_data(challenge, origin=ORIGIN, more=',"crossOrigin":false', kind="webauthn.get"):
    asked = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
    return f'{{"type":"{kind}","challenge":"{asked}","origin":"{origin}"{more}}}'.encode()


def persons(*held, approvals=1, origin=ORIGIN, rp=RP):
    return Persons(approvals, origin, tuple(sorted(held, key=lambda each: each.credential)), rp)


def approval(party, payload, authenticator, office="head-of-mission", **changes):
    """What a person of `party` approves with this authenticator."""
    challenge = approvals.challenge(instrument.act_digest(payload), party.id, party.record_digest, office)
    given = authenticator.answer(changes.pop("challenge", challenge), **changes)
    return approved(party, office, authenticator, given)


def approved(party, office, authenticator, given):
    return approvals.Approval(
        given.authenticator_data, given.client_data, given.signature, party.id, office, authenticator.credential
    )


# --- at a house ---------------------------------------------------------------------------------


def ask(client):
    """What a house asks: (challenge, {rp, origin})."""
    asked = client.post("/api/v1/session/challenge", json={}).json()
    return base64.urlsafe_b64decode(asked.pop("challenge") + "="), asked


def enrol(house, authenticator, link, **changes):
    """A passkey for a one-time link: the house's answer."""
    challenge, site = ask(house)
    data, said = authenticator.make(changes.pop("challenge", challenge), **{**site, **changes})
    return house.post(
        "/api/v1/passkeys",
        json={"link": link, "challenge": b64(challenge), "authenticator_data": b64(data), "client_data": b64(said)},
    )


def answer_to(client, authenticator, counter=0, **changes):
    """The body of a sign-in."""
    challenge, site = ask(client)
    said = authenticator.answer(changes.pop("challenge", challenge), **{**site, "counter": counter, **changes})
    return {
        "challenge": b64(challenge),
        "credential": b64(authenticator.credential),
        "answer": {name: b64(getattr(said, name)) for name in said.__struct_fields__},
    }


def token_of(client, name, link):
    """A session for an office, whose passkey is enrolled with the link that `link()` gives where it is not yet."""
    authenticator = Authenticator(name)
    opened = client.post("/api/v1/session", json=answer_to(client, authenticator))
    if opened.status_code == 403:
        enrol(client, authenticator, link()).raise_for_status()
        opened = client.post("/api/v1/session", json=answer_to(client, authenticator))
    return opened.raise_for_status().json()["token"]


def b64(raw):
    return base64.b64encode(raw).decode()
