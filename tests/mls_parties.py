"""Parties for tests of MLS: entropy that repeats, an authentication service, and a group of some members."""

import datetime as dt
import hashlib
from dataclasses import fields, is_dataclass, replace

import mls_reload  # noqa: F401  (its mode is switched by the environment)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from detente.crypto.suites import HOUSE_SUITES, SUITE_1
from detente.ground.errors import NotAuthentic
from detente.mls.group import Group, Identity, Opened, Staged, key_package
from detente.mls.types import Extension

CHARTER = (Extension(0xF001, b"the charter's hash"),)


class Entropy:
    """Bytes from a counter: the same in every run, never the same twice."""

    def __init__(self, seed=b""):
        self.seed, self.count = seed, 0

    def __call__(self, size):
        self.count += 1
        return hashlib.shake_256(self.seed + self.count.to_bytes(8, "big")).digest(size)


class Parties:
    """Who is accredited, what they draw, and what authenticates them."""

    def __init__(self, seed=b"", suite=None):
        self.entropy = Entropy(b"entropy" + seed)
        self.accredited = {}
        self.suite = SUITE_1 if suite is None else suite
        self.options = {} if suite is None else {"suite": suite}

    def identity(self, name):
        identity = Identity(name.encode(), self.suite.new_signature_key(self.entropy))
        self.accredited[identity.credential] = identity
        return identity

    def authenticate(self, identity, _signature_key, _extensions):
        if identity not in self.accredited:
            raise NotAuthentic("This chancery is not accredited.")

    def found(self, name="Arvenia"):
        return Group.create(b"line", self.identity(name), leaf(name), CHARTER, self.entropy, **self.options)

    def package(self, identity):
        return key_package(identity, leaf(identity.credential.decode()), self.entropy, **self.options)

    def commit(self, group, **wish):
        return group.commit(entropy=self.entropy, authenticate=self.authenticate, **wish)

    def group(self, *names):
        """Groups of the members of that name, all in one epoch, in the order of their leaves."""
        founder, *others = names
        packages = {name: (identity := self.identity(name), *self.package(identity)) for name in others}
        pending = self.commit(self.found(founder), add=[public for _, public, _ in packages.values()])
        joined = [
            self.join(pending.welcome, public, private, identity) for identity, public, private in packages.values()
        ]
        return [pending.next, *joined]

    def join(self, welcome, public, private, identity, **options):
        return Group.join(welcome, public, private, identity, self.authenticate, spoken=HOUSE_SUITES, **options)

    def open(self, group, message):
        return group.open(message, self.authenticate)

    def staged(self, group, message):
        came = self.open(group, message)
        assert isinstance(came, Staged)
        return came

    def opened(self, group, message):
        came = self.open(group, message)
        assert isinstance(came, Opened)
        return came


def leaf(name):
    """A leaf extension of a private type, as a line puts its keys there."""
    return (Extension(0xF000, b"the line's keys of " + name.encode()),)


def agree(groups):
    """All are in the same epoch and can make the same secrets."""
    seen = {
        (
            group.epoch,
            group.epoch_authenticator,
            group.tree_hash,
            group.members,
            group.export("detente/test", b"context", 40),
        )
        for group in groups
    }
    return len(seen) == 1


def certificate(seed, issuer_seed, name):
    """A certificate of an invented accreditation office, for the key of that seed."""
    key, issuer = (Ed25519PrivateKey.from_private_bytes(one) for one in (seed, issuer_seed))
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    office = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "accreditation office")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(office)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=300))
        .sign(issuer, None)
        .public_bytes(Encoding.DER)
    )


def rewritten(value):
    """The same value, made anew all the way down, so that nothing can be written from bytes that were kept."""
    if is_dataclass(value):
        return replace(value, **{field.name: rewritten(getattr(value, field.name)) for field in fields(value)})
    return tuple(rewritten(one) for one in value) if type(value) is tuple else value
