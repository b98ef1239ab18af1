"""The values of RFC 9420 and their bytes: credentials, leaves, key packages, proposals, commits, welcomes.

Each class is frozen, writes itself with `encode` and is read by `read` from a `Reader`; there is one
spelling for each value, so what was read and written again is the same bytes, and signatures and
hashes may be taken over what was written.  What is read here is well formed, nothing more: whether
it is signed, allowed or true is asked in the files of the other chapters.

Numbers: versions, suites, extension, proposal and credential types have two bytes, leaf indices four,
epochs eight.  Extensions of unknown type are carried as they came (section 13).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TypeVar

from detente.ground.errors import Malformed
from detente.mls.treemath import LeafIndex
from detente.wire.tls import Reader, length, optional, uint, vector

MLS10 = 1
BASIC = 1
X509 = 2


class ExtensionType(IntEnum):
    """Section 17.3: what every client knows without saying so in its capabilities."""

    APPLICATION_ID = 1
    RATCHET_TREE = 2
    REQUIRED_CAPABILITIES = 3
    EXTERNAL_PUB = 4
    EXTERNAL_SENDERS = 5


class ProposalType(IntEnum):
    """Section 17.4."""

    ADD = 1
    UPDATE = 2
    REMOVE = 3
    PSK = 4
    REINIT = 5
    EXTERNAL_INIT = 6
    GROUP_CONTEXT_EXTENSIONS = 7


class LeafSource(IntEnum):
    """Section 7.2: why a leaf was signed."""

    KEY_PACKAGE = 1
    UPDATE = 2
    COMMIT = 3


_PACKED = {2: "H", 4: "I"}
E = TypeVar("E", bound=IntEnum)
T = TypeVar("T")


def one_of(kinds: type[E], value: int, what: str) -> E:
    """The member of an enumeration, or `Malformed` with `what` in the sentence."""
    try:
        return kinds(value)
    except ValueError as error:
        # M02, section 6
        raise Malformed(f"The {what} {value} is unknown.") from error


def uints(values: Iterable[int], width: int) -> bytes:
    """A vector of unsigned integers of two or four bytes."""
    numbers = tuple(values)
    try:
        return vector(_packed(len(numbers), width).pack(*numbers))
    except struct.error as error:
        raise Malformed(f"A number does not fit into {width} bytes.") from error


def read_uints(reader: Reader, width: int) -> tuple[int, ...]:
    """What `uints` wrote."""
    raw = reader.vector()
    if not raw:
        return ()
    if len(raw) % width:
        raise Malformed("The message ends too early.")
    return _packed(len(raw) // width, width).unpack(raw)


@lru_cache(maxsize=128)
def _packed(count: int, width: int) -> struct.Struct:
    return struct.Struct(f">{count}{_PACKED[width]}")


def values(items: Iterable[bytes]) -> bytes:
    """A vector of values that are already written."""
    return vector(b"".join(items))


def _keeping(value: T, raw: bytes) -> T:
    """The value, which was read from these bytes and will write them again: there is one spelling."""
    object.__setattr__(value, "_encoded", raw)
    return value


def read_version(reader: Reader) -> None:
    """The protocol version, which is MLS 1.0."""
    if reader.uint(2) != MLS10:
        # M01, section 6
        raise Malformed("The message is of another version of MLS.")


@dataclass(frozen=True)
class Extension:
    """An extension of any type (section 13); `data` is its content, unread."""

    type: int
    data: bytes

    def encode(self) -> bytes:
        """extension_type, extension_data<V>, in one piece: the data may be a whole tree."""
        return b"".join((uint(self.type, 2), length(len(self.data)), self.data))

    @classmethod
    def read(cls, reader: Reader) -> Extension:
        """One extension."""
        return cls(reader.uint(2), reader.vector())


Extensions = tuple[Extension, ...]


def encode_extensions(extensions: Extensions) -> bytes:
    """Extension extensions<V>."""
    return values(extension.encode() for extension in extensions)


def read_extensions(reader: Reader) -> Extensions:
    """Extension extensions<V>, in which no type may stand twice."""
    extensions = reader.items(Extension.read)
    if len(extensions) > 1 and len({extension.type for extension in extensions}) != len(extensions):
        # M03, section 13
        raise Malformed("A list of extensions has one type twice.")
    return extensions


def extension_data(extensions: Extensions, kind: int) -> bytes | None:
    """The content of the extension of that type, if it is there."""
    return next((extension.data for extension in extensions if extension.type == kind), None)


@dataclass(frozen=True)
class Credential:
    """Who a leaf says it is (section 5.3): a basic identity, or a chain of certificates."""

    type: int
    identity: bytes = b""
    certificates: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """credential_type and its content."""
        if self.type == BASIC:
            return uint(BASIC, 2) + vector(self.identity)
        return uint(X509, 2) + values(vector(certificate) for certificate in self.certificates)

    @classmethod
    def read(cls, reader: Reader) -> Credential:
        """A basic or an X.509 credential."""
        match reader.uint(2):
            case 1:
                return cls(BASIC, identity=reader.vector())
            case 2:
                return cls(X509, certificates=reader.items(Reader.vector))
            case other:
                raise Malformed(f"The credential type {other} is unknown.")


@dataclass(frozen=True)
class Capabilities:
    """What a client can do (section 7.2), as numbers of the registries; unknown numbers are kept."""

    versions: tuple[int, ...] = (MLS10,)
    cipher_suites: tuple[int, ...] = ()
    extensions: tuple[int, ...] = ()
    proposals: tuple[int, ...] = ()
    credentials: tuple[int, ...] = (BASIC,)

    def encode(self) -> bytes:
        """Five vectors of two-byte numbers."""
        lists = (self.versions, self.cipher_suites, self.extensions, self.proposals, self.credentials)
        return b"".join(uints(numbers, 2) for numbers in lists)

    @classmethod
    def read(cls, reader: Reader) -> Capabilities:
        """Five vectors of two-byte numbers."""
        start = reader.mark
        for _ in range(5):
            reader.vector()
        raw = reader.since(start)
        return _common(raw) if len(raw) <= _USUAL else _capabilities(raw)


def _capabilities(raw: bytes) -> Capabilities:
    reader = Reader(raw)
    return Capabilities(*(read_uints(reader, 2) for _ in range(5)))


_USUAL = 256
"""Bytes of capabilities that are worth remembering; what a stranger sends in length is not."""

_common = lru_cache(maxsize=64)(_capabilities)
"""Those of members whose programs can do the same, read once for all: a group has two or three kinds of programs."""


@dataclass(frozen=True)
class RequiredCapabilities:
    """What every member must be able to do (section 11.1)."""

    extensions: tuple[int, ...] = ()
    proposals: tuple[int, ...] = ()
    credentials: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """Three vectors of two-byte numbers."""
        return b"".join(uints(numbers, 2) for numbers in (self.extensions, self.proposals, self.credentials))

    @classmethod
    def read(cls, reader: Reader) -> RequiredCapabilities:
        """Three vectors of two-byte numbers."""
        return cls(*(read_uints(reader, 2) for _ in range(3)))


@dataclass(frozen=True)
class LeafNode:
    """A member's public keys and what it says of itself (section 7.2).

    `lifetime` (seconds of the epoch, both ends) stands in leaves of key packages alone, `parent_hash`
    in leaves of commits alone.
    """

    encryption_key: bytes
    signature_key: bytes
    credential: Credential
    capabilities: Capabilities
    source: LeafSource
    extensions: Extensions
    signature: bytes
    lifetime: tuple[int, int] = (0, 0)
    parent_hash: bytes = b""

    @cached_property
    def _encoded(self) -> bytes:
        match self.source:
            case LeafSource.KEY_PACKAGE:
                tail = uint(self.lifetime[0], 8) + uint(self.lifetime[1], 8)
            case LeafSource.COMMIT:
                tail = vector(self.parent_hash)
            case LeafSource.UPDATE:
                tail = b""
        return b"".join(
            (
                vector(self.encryption_key),
                vector(self.signature_key),
                self.credential.encode(),
                self.capabilities.encode(),
                uint(self.source, 1),
                tail,
                encode_extensions(self.extensions),
                vector(self.signature),
            )
        )

    @property
    def content(self) -> bytes:
        """Everything before the signature."""
        return self._encoded[: -len(vector(self.signature))]

    def encode(self) -> bytes:
        """The whole leaf, signature included."""
        return self._encoded

    def to_be_signed(self, group_id: bytes, leaf: LeafIndex) -> bytes:
        """LeafNodeTBS: the place of the leaf is signed too, except in a key package, which has none."""
        if self.source == LeafSource.KEY_PACKAGE:
            return self.content
        return self.content + vector(group_id) + uint(leaf, 4)

    @classmethod
    def read(cls, reader: Reader) -> LeafNode:
        """One leaf, which keeps the bytes that it was read from."""
        start = reader.mark
        encryption_key, signature_key = reader.vector(), reader.vector()
        credential, capabilities = Credential.read(reader), Capabilities.read(reader)
        source = one_of(LeafSource, reader.uint(1), "source of a leaf")
        lifetime, parent_hash = (0, 0), b""
        if source == LeafSource.KEY_PACKAGE:
            lifetime = (reader.uint(8), reader.uint(8))
        elif source == LeafSource.COMMIT:
            parent_hash = reader.vector()
        leaf = cls(
            encryption_key,
            signature_key,
            credential,
            capabilities,
            source,
            extensions=read_extensions(reader),
            signature=reader.vector(),
            lifetime=lifetime,
            parent_hash=parent_hash,
        )
        return _keeping(leaf, reader.since(start))


@dataclass(frozen=True)
class ParentNode:
    """A node above leaves (section 7.1); `unmerged_leaves` are leaf indices in rising order."""

    encryption_key: bytes
    parent_hash: bytes = b""
    unmerged_leaves: tuple[LeafIndex, ...] = ()

    @cached_property
    def _encoded(self) -> bytes:
        return vector(self.encryption_key) + vector(self.parent_hash) + uints(self.unmerged_leaves, 4)

    def encode(self) -> bytes:
        """encryption_key, parent_hash, unmerged_leaves."""
        return self._encoded

    @classmethod
    def read(cls, reader: Reader) -> ParentNode:
        """One parent node, which keeps the bytes that it was read from."""
        start = reader.mark
        key, parent_hash, unmerged = reader.vector(), reader.vector(), read_uints(reader, 4)
        if any(one >= other for one, other in pairwise(unmerged)):
            # M04, section 7.1
            raise Malformed("The unmerged leaves of a node are not in rising order.")
        node = cls(key, parent_hash, tuple(map(LeafIndex, unmerged)))
        return _keeping(node, reader.since(start))


Node = LeafNode | ParentNode


@dataclass(frozen=True)
class KeyPackage:
    """What lets a client be added while it is away (section 10)."""

    cipher_suite: int
    init_key: bytes
    leaf_node: LeafNode
    extensions: Extensions
    signature: bytes

    @property
    def to_be_signed(self) -> bytes:
        """KeyPackageTBS."""
        return b"".join(
            (
                uint(MLS10, 2),
                uint(self.cipher_suite, 2),
                vector(self.init_key),
                self.leaf_node.encode(),
                encode_extensions(self.extensions),
            )
        )

    def encode(self) -> bytes:
        """The whole key package."""
        return self.to_be_signed + vector(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> KeyPackage:
        """One key package."""
        read_version(reader)
        return cls(reader.uint(2), reader.vector(), LeafNode.read(reader), read_extensions(reader), reader.vector())


# --- proposals and commits (section 12) -----------------------------------------------------------------


@dataclass(frozen=True)
class PreSharedKeyId:
    """The name of a pre-shared key (section 8.4).  `usage` 0 means an external one, named by `psk_id`."""

    nonce: bytes
    psk_id: bytes = b""
    usage: int = 0
    group_id: bytes = b""
    epoch: int = 0

    def encode(self) -> bytes:
        """Psktype, its content, psk_nonce."""
        if self.usage:
            head = b"\2" + uint(self.usage, 1) + vector(self.group_id) + uint(self.epoch, 8)
        else:
            head = b"\1" + vector(self.psk_id)
        return head + vector(self.nonce)

    @classmethod
    def read(cls, reader: Reader) -> PreSharedKeyId:
        """One name of a pre-shared key."""
        match reader.uint(1):
            case 1:
                psk_id = reader.vector()
                return cls(reader.vector(), psk_id=psk_id)
            case 2:
                usage, group_id, epoch = reader.uint(1), reader.vector(), reader.uint(8)
                if usage not in (1, 2, 3):
                    raise Malformed("The use of a resumption key is unknown.")
                return cls(reader.vector(), usage=usage, group_id=group_id, epoch=epoch)
            case _:
                raise Malformed("The kind of a pre-shared key is unknown.")


@dataclass(frozen=True)
class Add:
    """A new member, by its key package (12.1.1)."""

    key_package: KeyPackage
    type = ProposalType.ADD

    def encode(self) -> bytes:
        """Its content alone, without the type."""
        return self.key_package.encode()

    @classmethod
    def read(cls, reader: Reader) -> Add:
        """Its content alone."""
        return cls(KeyPackage.read(reader))


@dataclass(frozen=True)
class Update:
    """The sender's own new leaf (12.1.2)."""

    leaf_node: LeafNode
    type = ProposalType.UPDATE

    def encode(self) -> bytes:
        """Its content alone, without the type."""
        return self.leaf_node.encode()

    @classmethod
    def read(cls, reader: Reader) -> Update:
        """Its content alone."""
        return cls(LeafNode.read(reader))


@dataclass(frozen=True)
class Remove:
    """A member leaves (12.1.3)."""

    removed: LeafIndex
    type = ProposalType.REMOVE

    def encode(self) -> bytes:
        """Its content alone, without the type."""
        return uint(self.removed, 4)

    @classmethod
    def read(cls, reader: Reader) -> Remove:
        """Its content alone."""
        return cls(LeafIndex(reader.uint(4)))


@dataclass(frozen=True)
class PreSharedKey:
    """A key that members hold already goes into the next epoch (12.1.4)."""

    psk: PreSharedKeyId
    type = ProposalType.PSK

    def encode(self) -> bytes:
        """Its content alone, without the type."""
        return self.psk.encode()

    @classmethod
    def read(cls, reader: Reader) -> PreSharedKey:
        """Its content alone."""
        return cls(PreSharedKeyId.read(reader))


@dataclass(frozen=True)
class ReInit:
    """The group ends and is founded anew with these parameters (12.1.5)."""

    group_id: bytes
    version: int
    cipher_suite: int
    extensions: Extensions
    type = ProposalType.REINIT

    def encode(self) -> bytes:
        """Its content alone, without the type."""
        return (
            vector(self.group_id)
            + uint(self.version, 2)
            + uint(self.cipher_suite, 2)
            + encode_extensions(self.extensions)
        )

    @classmethod
    def read(cls, reader: Reader) -> ReInit:
        """Its content alone."""
        return cls(reader.vector(), reader.uint(2), reader.uint(2), read_extensions(reader))


@dataclass(frozen=True)
class ExternalInit:
    """A newcomer's own way in (12.1.6)."""

    kem_output: bytes
    type = ProposalType.EXTERNAL_INIT

    def encode(self) -> bytes:
        """Its content alone, without the type."""
        return vector(self.kem_output)

    @classmethod
    def read(cls, reader: Reader) -> ExternalInit:
        """Its content alone."""
        return cls(reader.vector())


@dataclass(frozen=True)
class GroupContextExtensions:
    """New extensions of the group, all of them (12.1.7)."""

    extensions: Extensions
    type = ProposalType.GROUP_CONTEXT_EXTENSIONS

    def encode(self) -> bytes:
        """Its content alone, without the type."""
        return encode_extensions(self.extensions)

    @classmethod
    def read(cls, reader: Reader) -> GroupContextExtensions:
        """Its content alone."""
        return cls(read_extensions(reader))


Proposal = Add | Update | Remove | PreSharedKey | ReInit | ExternalInit | GroupContextExtensions

_PROPOSALS: dict[int, Callable[[Reader], Proposal]] = {
    ProposalType.ADD: Add.read,
    ProposalType.UPDATE: Update.read,
    ProposalType.REMOVE: Remove.read,
    ProposalType.PSK: PreSharedKey.read,
    ProposalType.REINIT: ReInit.read,
    ProposalType.EXTERNAL_INIT: ExternalInit.read,
    ProposalType.GROUP_CONTEXT_EXTENSIONS: GroupContextExtensions.read,
}


def encode_proposal(proposal: Proposal) -> bytes:
    """proposal_type and content."""
    return uint(proposal.type, 2) + proposal.encode()


def read_proposal(reader: Reader) -> Proposal:
    """One proposal of a known type."""
    kind = reader.uint(2)
    read = _PROPOSALS.get(kind)
    if read is None:
        raise Malformed(f"The proposal type {kind} is unknown.")
    return read(reader)


@dataclass(frozen=True)
class Reference:
    """A proposal that was sent before, by its hash (section 5.2)."""

    hash: bytes


def _encode_named(proposal: Proposal | Reference) -> bytes:
    if isinstance(proposal, Reference):
        return b"\2" + vector(proposal.hash)
    return b"\1" + encode_proposal(proposal)


def _read_named(reader: Reader) -> Proposal | Reference:
    match reader.uint(1):
        case 1:
            return read_proposal(reader)
        case 2:
            return Reference(reader.vector())
        case _:
            raise Malformed("A commit names a proposal in an unknown way.")


@dataclass(frozen=True)
class HpkeCiphertext:
    """A secret sealed to one public key (section 7.6)."""

    kem_output: bytes
    ciphertext: bytes

    def encode(self) -> bytes:
        """kem_output, ciphertext."""
        return vector(self.kem_output) + vector(self.ciphertext)

    @classmethod
    def read(cls, reader: Reader) -> HpkeCiphertext:
        """One sealed secret."""
        return cls(reader.vector(), reader.vector())


@dataclass(frozen=True)
class UpdatePathNode:
    """A node's new public key, and its secret sealed to those below the sibling (section 7.6)."""

    encryption_key: bytes
    sealed: tuple[HpkeCiphertext, ...]

    def encode(self) -> bytes:
        """encryption_key, encrypted_path_secret."""
        return vector(self.encryption_key) + values(item.encode() for item in self.sealed)

    @classmethod
    def read(cls, reader: Reader) -> UpdatePathNode:
        """One node of an update path."""
        return cls(reader.vector(), reader.items(HpkeCiphertext.read))


@dataclass(frozen=True)
class UpdatePath:
    """The committer's new leaf and the nodes of its filtered direct path (section 7.6)."""

    leaf_node: LeafNode
    nodes: tuple[UpdatePathNode, ...]

    def encode(self) -> bytes:
        """leaf_node, nodes."""
        return self.leaf_node.encode() + values(node.encode() for node in self.nodes)

    @classmethod
    def read(cls, reader: Reader) -> UpdatePath:
        """One update path."""
        return cls(LeafNode.read(reader), reader.items(UpdatePathNode.read))


@dataclass(frozen=True)
class Commit:
    """Proposals that take effect together, in this order, and perhaps a new path (section 12.4)."""

    proposals: tuple[Proposal | Reference, ...]
    path: UpdatePath | None

    @cached_property
    def _encoded(self) -> bytes:
        path = None if self.path is None else self.path.encode()
        return values(_encode_named(item) for item in self.proposals) + optional(path)

    def encode(self) -> bytes:
        """proposals, path."""
        return self._encoded

    @classmethod
    def read(cls, reader: Reader) -> Commit:
        """One commit, which keeps the bytes that it was read from."""
        start = reader.mark
        commit = cls(reader.items(_read_named), reader.optional(UpdatePath.read))
        return _keeping(commit, reader.since(start))


# --- the group as seen from outside (sections 8.1, 12.4.3) ----------------------------------------------


@dataclass(frozen=True)
class GroupContext:
    """What all members of an epoch agree on (section 8.1)."""

    cipher_suite: int
    group_id: bytes
    epoch: int
    tree_hash: bytes
    confirmed_transcript_hash: bytes
    extensions: Extensions

    @cached_property
    def _encoded(self) -> bytes:
        return b"".join(
            (
                uint(MLS10, 2),
                uint(self.cipher_suite, 2),
                vector(self.group_id),
                uint(self.epoch, 8),
                vector(self.tree_hash),
                vector(self.confirmed_transcript_hash),
                encode_extensions(self.extensions),
            )
        )

    def encode(self) -> bytes:
        """The whole context, as it is signed and hashed into secrets."""
        return self._encoded

    @classmethod
    def read(cls, reader: Reader) -> GroupContext:
        """One group context."""
        read_version(reader)
        suite, group_id, epoch = reader.uint(2), reader.vector(), reader.uint(8)
        return cls(suite, group_id, epoch, reader.vector(), reader.vector(), read_extensions(reader))


@dataclass(frozen=True)
class GroupInfo:
    """What a member shows to one who joins (section 12.4.3)."""

    context: GroupContext
    extensions: Extensions
    confirmation_tag: bytes
    signer: LeafIndex
    signature: bytes

    @cached_property
    def to_be_signed(self) -> bytes | memoryview:
        """GroupInfoTBS."""
        return b"".join(
            (
                self.context.encode(),
                encode_extensions(self.extensions),
                vector(self.confirmation_tag),
                uint(self.signer, 4),
            )
        )

    def signed(self, signature: bytes) -> GroupInfo:
        """The same with a signature; what was signed is not written a second time."""
        info = replace(self, signature=signature)
        object.__setattr__(info, "to_be_signed", self.to_be_signed)
        return info

    def encode(self) -> bytes:
        """The whole GroupInfo."""
        return b"".join((self.to_be_signed, vector(self.signature)))

    @classmethod
    def read(cls, reader: Reader) -> GroupInfo:
        """One GroupInfo, which keeps the bytes that are signed: the whole tree may be in them."""
        start = reader.mark
        context, extensions = GroupContext.read(reader), read_extensions(reader)
        confirmation_tag, signer, signed = reader.vector(), LeafIndex(reader.uint(4)), reader.view(start)
        info = cls(context, extensions, confirmation_tag, signer, reader.vector())
        object.__setattr__(info, "to_be_signed", signed)
        return info


@dataclass(frozen=True, repr=False)
class GroupSecrets:
    """What a Welcome seals to each newcomer (section 12.4.3.1)."""

    joiner_secret: bytes
    path_secret: bytes | None
    psks: tuple[PreSharedKeyId, ...]

    def encode(self) -> bytes:
        """joiner_secret, path_secret, psks."""
        path = None if self.path_secret is None else vector(self.path_secret)
        return vector(self.joiner_secret) + optional(path) + values(psk.encode() for psk in self.psks)

    @classmethod
    def read(cls, reader: Reader) -> GroupSecrets:
        """One newcomer's secrets."""
        return cls(reader.vector(), reader.optional(Reader.vector), reader.items(PreSharedKeyId.read))


@dataclass(frozen=True)
class EncryptedGroupSecrets:
    """GroupSecrets sealed to the key package of that reference."""

    new_member: bytes
    sealed: HpkeCiphertext

    def encode(self) -> bytes:
        """new_member, encrypted_group_secrets."""
        return vector(self.new_member) + self.sealed.encode()

    @classmethod
    def read(cls, reader: Reader) -> EncryptedGroupSecrets:
        """One newcomer's sealed secrets."""
        return cls(reader.vector(), HpkeCiphertext.read(reader))


@dataclass(frozen=True)
class Welcome:
    """The way in for those whom a commit added (section 12.4.3.1)."""

    cipher_suite: int
    secrets: tuple[EncryptedGroupSecrets, ...]
    encrypted_group_info: bytes

    def encode(self) -> bytes:
        """cipher_suite, secrets, encrypted_group_info."""
        return (
            uint(self.cipher_suite, 2)
            + values(item.encode() for item in self.secrets)
            + vector(self.encrypted_group_info)
        )

    @classmethod
    def read(cls, reader: Reader) -> Welcome:
        """One Welcome."""
        return cls(reader.uint(2), reader.items(EncryptedGroupSecrets.read), reader.vector())


def types_of(extensions: Sequence[Extension]) -> tuple[int, ...]:
    """The types of a list of extensions."""
    return tuple(extension.type for extension in extensions)
