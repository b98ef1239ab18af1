"""Leaves and key packages (RFC 9420 sections 7.2, 7.3 and 10): making them, and what they must satisfy.

Every leaf that enters a tree, whichever way, passes `check_leaf` once: it is signed for its place, can
do what the group needs, and the caller's `Authenticate` knows it.  The lifetime of a key package is judged
where the caller says what time it is (`Lifetimes`): this floor has no clock.

A signature that was true once is true for ever: `check_signature` remembers the hashes of leaves whose
signatures it has verified, so that joining again, a branch or a new foundation costs no verification twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from detente.crypto.certificates import subject_key
from detente.crypto.suites import SUITES, CipherSuite
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.mls.treemath import LeafIndex
from detente.mls.types import (
    BASIC,
    MLS10,
    X509,
    Capabilities,
    Credential,
    Extensions,
    ExtensionType,
    KeyPackage,
    LeafNode,
    LeafSource,
    RequiredCapabilities,
    extension_data,
    types_of,
)
from detente.wire.tls import vector, whole

Authenticate = Callable[[bytes, bytes, Extensions], None]
"""The authentication service: (basic identity, signature key, leaf extensions); raises `NotAuthentic`."""

AuthenticateChain = Callable[[tuple[bytes, ...], bytes, Extensions], None]
"""The same for a chain of DER certificates, the member's own first, of which only its key was compared yet."""


@dataclass(frozen=True)
class AuthService:
    """One authentication service for both kinds of credentials; it stands wherever an `Authenticate` does."""

    basic: Authenticate
    x509: AuthenticateChain

    def __call__(self, identity: bytes, signature_key: bytes, extensions: Extensions) -> None:
        """A basic credential."""
        self.basic(identity, signature_key, extensions)


Entropy = Callable[[int], bytes]
"""That many bytes that nobody can guess."""

ALWAYS = (0, 2**64 - 1)
HOUSE_EXTENSIONS = tuple(range(0xF000, 0xF010))
"""The private-use extension types that our own leaves say they understand."""

_DEFAULT_EXTENSIONS = frozenset(ExtensionType)
_DEFAULT_PROPOSALS = frozenset(range(1, 8))
_REMEMBERED = 16_384
_verified: dict[bytes, None] = {}  # hashes of leaves with true signatures, the oldest first


@dataclass(frozen=True)
class Identity:
    """Who signs: the content of a basic credential or a chain of certificates, and the private signature key.

    `judges` are the kinds of credentials that this member's authentication service knows.
    """

    credential: bytes
    signature_seed: bytes
    certificates: tuple[bytes, ...] = ()
    judges: tuple[int, ...] = (BASIC,)

    @property
    def shown(self) -> Credential:
        """The credential."""
        if self.certificates:
            return Credential(X509, certificates=self.certificates)
        return Credential(BASIC, identity=self.credential)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.credential, self.certificates))

    def __repr__(self) -> str:
        return f"Identity({self.credential!r})"


def new_leaf(
    suite: CipherSuite, identity: Identity, encryption_key: bytes, extensions: Extensions, lifetime: tuple[int, int]
) -> LeafNode:
    """A leaf for a key package, or for the founder of a group."""
    understood = sorted({*HOUSE_EXTENSIONS, *types_of(extensions)} - _DEFAULT_EXTENSIONS)
    leaf = LeafNode(
        encryption_key=encryption_key,
        signature_key=suite.signature_public(identity.signature_seed),
        credential=identity.shown,
        capabilities=Capabilities(
            cipher_suites=tuple(sorted({*SUITES, suite.number})),
            extensions=tuple(understood),
            credentials=tuple(sorted({*identity.judges, identity.shown.type})),
        ),
        source=LeafSource.KEY_PACKAGE,
        extensions=extensions,
        signature=b"",
        lifetime=lifetime,
    )
    return _signed(suite, leaf, identity.signature_seed, b"", LeafIndex(0))


@dataclass(frozen=True)
class Place:
    """Where a leaf stands: what its signature is bound to when it is no key package's."""

    group_id: bytes
    leaf: LeafIndex


def renewed_leaf(suite: CipherSuite, old: LeafNode, new: LeafNode, seed: bytes, place: Place) -> LeafNode:
    """`new` signed for its place, with what `old` said of what it can do."""
    known = tuple(sorted({*old.capabilities.extensions, *(set(types_of(new.extensions)) - _DEFAULT_EXTENSIONS)}))
    leaf = replace(
        new,
        capabilities=replace(old.capabilities, extensions=known),
        lifetime=(0, 0),
        parent_hash=new.parent_hash if new.source == LeafSource.COMMIT else b"",
    )
    return _signed(suite, leaf, seed, place.group_id, place.leaf)


def _signed(suite: CipherSuite, leaf: LeafNode, seed: bytes, group_id: bytes, at: LeafIndex) -> LeafNode:
    signature = suite.sign_with_label(seed, b"LeafNodeTBS", leaf.to_be_signed(group_id, at))
    return replace(leaf, signature=signature)


def check_signature(suite: CipherSuite, leaf: LeafNode, place: Place) -> None:
    """The leaf is signed by its own key for this place (7.3), or `NotAuthentic`."""
    signed = leaf.to_be_signed(place.group_id, place.leaf)
    known = hashlib.sha256(b"".join((suite.number.to_bytes(2, "big"), vector(signed), leaf.signature))).digest()
    if known in _verified:
        return
    # M20, section 7.3
    suite.verify_with_label(leaf.signature_key, b"LeafNodeTBS", signed, leaf.signature)
    if len(_verified) >= _REMEMBERED:
        del _verified[next(iter(_verified))]
    _verified[known] = None


@dataclass(frozen=True)
class Lifetimes:
    """The time at which key packages are judged, and the longest lifetime that is accepted; in seconds."""

    now: int
    longest: int = 2**64 - 1

    def check(self, leaf: LeafNode) -> None:
        """Section 7.2 for the leaf of a key package, or `Refused`."""
        if leaf.source != LeafSource.KEY_PACKAGE:
            return
        first, last = leaf.lifetime
        if not first <= self.now <= last:
            # M27, section 7.2
            raise Refused("A key package is not valid yet, or no longer.", rule="mls/lifetime")
        if last - first > self.longest:
            raise Refused("A key package claims a longer lifetime than is accepted here.", rule="mls/lifetime")


@dataclass(frozen=True)
class Needs:
    """What a group asks of a leaf: its suite, its extensions, and that the caller knows it."""

    suite: CipherSuite
    extensions: Extensions
    authenticate: Authenticate
    lifetimes: Lifetimes | None = None

    def check_leaf(self, leaf: LeafNode, place: Place, sources: Iterable[LeafSource]) -> None:
        """Section 7.3 for a leaf that enters: source, signature, key, abilities, and who it is."""
        if leaf.source not in sources:
            # M19, section 7.3
            raise Malformed("A leaf was signed for another purpose than it is used for.")
        check_signature(self.suite, leaf, place)
        self.admit(leaf)

    def admit(self, leaf: LeafNode) -> None:
        """What is asked of a leaf besides its signature; a committer asks it of its own."""
        # M21, section 7.3
        self.suite.hpke.check_public(leaf.encryption_key)
        check_abilities(leaf, self._demands)
        self._identify(leaf)

    @cached_property
    def _demands(self) -> RequiredCapabilities:
        return demands_of(self.extensions)

    def _identify(self, leaf: LeafNode) -> None:
        """The caller knows who this is; of a certificate, it is first of all the one of this key (5.3)."""
        credential = leaf.credential
        if credential.type == BASIC:
            # M24, section 5.3.1
            self.authenticate(credential.identity, leaf.signature_key, leaf.extensions)
            return
        if not isinstance(self.authenticate, AuthService):
            raise Refused("Members are known by basic credentials here, not by certificates.", rule="mls/credential")
        if not credential.certificates or subject_key(credential.certificates[0]) != leaf.signature_key:
            # M25, section 5.3
            raise NotAuthentic("A member's certificate is not for the key that it signs with.")
        self.authenticate.x509(credential.certificates, leaf.signature_key, leaf.extensions)

    def check_key_package(self, package: KeyPackage) -> None:
        """Section 10.1 for a key package that is added."""
        if package.cipher_suite != self.suite.number:
            # M28, section 10.1
            raise Refused("A key package is of another cipher suite than the group.", rule="mls/suite")
        if package.init_key == package.leaf_node.encryption_key:
            # M29, section 10.1
            raise Malformed("A key package uses one key for two purposes.")
        # M30, section 10.1
        self.suite.hpke.check_public(package.init_key)
        public, signature = package.leaf_node.signature_key, package.signature
        # M31, section 10.1
        self.suite.verify_with_label(public, b"KeyPackageTBS", package.to_be_signed, signature)
        self.check_leaf(package.leaf_node, Place(b"", LeafIndex(0)), (LeafSource.KEY_PACKAGE,))
        if self.lifetimes is not None:
            self.lifetimes.check(package.leaf_node)


def demands_of(group_extensions: Extensions) -> RequiredCapabilities:
    """What a group with these extensions asks of every leaf: what it requires, and to know these extensions."""
    raw = extension_data(group_extensions, ExtensionType.REQUIRED_CAPABILITIES)
    required = RequiredCapabilities() if raw is None else whole(raw, RequiredCapabilities.read)
    return replace(required, extensions=(*required.extensions, *types_of(group_extensions)))


def check_abilities(leaf: LeafNode, demands: RequiredCapabilities) -> None:
    """The leaf can do what it uses itself and what the group demands (7.2, 7.3, 11.1)."""
    able = leaf.capabilities
    if MLS10 not in able.versions or leaf.credential.type not in able.credentials:
        # M23, section 7.2
        raise Refused("A member does not speak this version of MLS or its credentials.", rule="mls/capabilities")
    missing = (
        _beyond((*demands.extensions, *types_of(leaf.extensions)), _DEFAULT_EXTENSIONS, able.extensions)
        or _beyond(demands.proposals, _DEFAULT_PROPOSALS, able.proposals)
        or _beyond(demands.credentials, able.credentials)
    )
    if missing:
        names = ", ".join(f"0x{number:04x}" for number in sorted(missing))
        # M22, section 7.2, 11.1
        raise Refused(f"A member cannot do what the group requires of all: {names}.", rule="mls/capabilities")


def _beyond(asked: Iterable[int], *known: Collection[int]) -> set[int]:
    """What is asked and not known."""
    return {number for number in asked if not any(number in some for some in known)}


def reference_of(suite: CipherSuite, package: KeyPackage) -> bytes:
    """KeyPackageRef (5.2)."""
    return suite.ref_hash(b"MLS 1.0 KeyPackage Reference", package.encode())


@dataclass(frozen=True)
class PrivatePart:
    """The private keys of a key package, kept by its owner until a Welcome uses them once."""

    init: bytes
    encryption: bytes

    def encode(self) -> bytes:
        """A version byte, then two vectors."""
        return b"\1" + vector(self.init) + vector(self.encryption)

    @classmethod
    def decode(cls, raw: bytes) -> PrivatePart:
        """What `encode` wrote."""
        if raw[:1] != b"\1":
            raise Malformed("The private part of a key package was written by another version.")
        return whole(raw[1:], lambda reader: cls(reader.vector(), reader.vector()))

    def __repr__(self) -> str:
        return "PrivatePart(...)"


def new_key_package(
    suite: CipherSuite, identity: Identity, leaf_extensions: Extensions, lifetime: tuple[int, int], entropy: Entropy
) -> tuple[KeyPackage, PrivatePart]:
    """A key package and its private part."""
    init, init_key = suite.hpke.derive_key_pair(entropy(suite.hash_length))
    encryption, encryption_key = suite.hpke.derive_key_pair(entropy(suite.hash_length))
    leaf = new_leaf(suite, identity, encryption_key, leaf_extensions, lifetime)
    package = KeyPackage(suite.number, init_key, leaf, (), b"")
    signature = suite.sign_with_label(identity.signature_seed, b"KeyPackageTBS", package.to_be_signed)
    return replace(package, signature=signature), PrivatePart(init, encryption)
