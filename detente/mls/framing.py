"""Framing (RFC 9420 chapter 6): how a message of a group is signed, sealed, and known again.

A content is signed by its sender over the group's context (`sign`), and travels in one of two ways:

    PrivateMessage   sealed with a key of the secret tree; the group's id, the epoch, the content's kind
                     and the authenticated data are in clear, everything else is not.  A line uses no other.
    PublicMessage    in clear with a membership tag; read where a caller allows it (an external commit,
                     the proposals of an external sender), never written for a line.

What was opened is `AuthenticatedContent`, whose signature must still be checked with `verify`: its type
says that it was well formed, and `Verified` says that its sender is who it names.

Padding: the sealed content grows to the next of 256, 512, 1,024 ... 65,536 bytes, then to whole multiples
of 65,536, so that the length of a message says little about the message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from detente.crypto.suites import CipherSuite
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.mls.treemath import LeafIndex
from detente.mls.types import (
    MLS10,
    Commit,
    GroupContext,
    GroupInfo,
    KeyPackage,
    Proposal,
    Welcome,
    encode_proposal,
    one_of,
    read_proposal,
    read_version,
)
from detente.wire.tls import Reader, uint, vector, whole

_SMALLEST_BUCKET = 256
_LARGEST_BUCKET = 65_536


class WireFormat(IntEnum):
    """Section 17.2."""

    PUBLIC = 1
    PRIVATE = 2
    WELCOME = 3
    GROUP_INFO = 4
    KEY_PACKAGE = 5


class ContentType(IntEnum):
    """Section 6."""

    APPLICATION = 1
    PROPOSAL = 2
    COMMIT = 3


class SenderType(IntEnum):
    """Section 6: a member, a sender named by the group, or one who asks to come in."""

    MEMBER = 1
    EXTERNAL = 2
    NEW_MEMBER_PROPOSAL = 3
    NEW_MEMBER_COMMIT = 4


@dataclass(frozen=True)
class Sender:
    """Who sent it; `index` is the leaf of a member, or the place of an external sender, else 0."""

    type: SenderType
    index: int = 0

    @property
    def leaf(self) -> LeafIndex:
        """The leaf of a member; 0 where the sender has none."""
        return LeafIndex(self.index)

    def encode(self) -> bytes:
        """sender_type and its content."""
        if self.type in (SenderType.MEMBER, SenderType.EXTERNAL):
            return uint(self.type, 1) + uint(self.index, 4)
        return uint(self.type, 1)

    @classmethod
    def read(cls, reader: Reader) -> Sender:
        """One sender."""
        kind = one_of(SenderType, reader.uint(1), "kind of a sender")
        return cls(kind, reader.uint(4)) if kind in (SenderType.MEMBER, SenderType.EXTERNAL) else cls(kind)


def member(leaf: LeafIndex) -> Sender:
    """The member at that leaf."""
    return Sender(SenderType.MEMBER, leaf)


Body = bytes | Proposal | Commit


def type_of(body: Body) -> ContentType:
    """The content type of a body."""
    if isinstance(body, bytes):
        return ContentType.APPLICATION
    return ContentType.COMMIT if isinstance(body, Commit) else ContentType.PROPOSAL


def encode_body(body: Body) -> bytes:
    """The body alone, without its type."""
    if isinstance(body, bytes):
        return vector(body)
    return body.encode() if isinstance(body, Commit) else encode_proposal(body)


def read_body(reader: Reader, kind: ContentType) -> Body:
    """A body of that type."""
    match kind:
        case ContentType.APPLICATION:
            return reader.vector()
        case ContentType.PROPOSAL:
            return read_proposal(reader)
        case ContentType.COMMIT:
            return Commit.read(reader)


@dataclass(frozen=True)
class FramedContent:
    """What is signed: where, when, by whom, and what (section 6)."""

    group_id: bytes
    epoch: int
    sender: Sender
    authenticated_data: bytes
    body: Body

    @property
    def type(self) -> ContentType:
        """The content type."""
        return type_of(self.body)

    @cached_property
    def _encoded(self) -> bytes:
        return b"".join(
            (
                vector(self.group_id),
                uint(self.epoch, 8),
                self.sender.encode(),
                vector(self.authenticated_data),
                uint(self.type, 1),
                encode_body(self.body),
            )
        )

    def encode(self) -> bytes:
        """The whole content."""
        return self._encoded

    @classmethod
    def read(cls, reader: Reader) -> FramedContent:
        """One content."""
        group_id, epoch, sender, data = reader.vector(), reader.uint(8), Sender.read(reader), reader.vector()
        kind = one_of(ContentType, reader.uint(1), "kind of a content")
        return cls(group_id, epoch, sender, data, read_body(reader, kind))


@dataclass(frozen=True)
class Auth:
    """FramedContentAuthData: the sender's signature, and of a commit the confirmation tag."""

    signature: bytes
    confirmation_tag: bytes | None = None

    def encode(self) -> bytes:
        """signature, confirmation_tag."""
        tag = b"" if self.confirmation_tag is None else vector(self.confirmation_tag)
        return vector(self.signature) + tag

    @classmethod
    def read(cls, reader: Reader, kind: ContentType) -> Auth:
        """The authentication of a content of that type."""
        signature = reader.vector()
        return cls(signature, reader.vector() if kind == ContentType.COMMIT else None)


@dataclass(frozen=True)
class AuthenticatedContent:
    """A content with its authentication, which nobody has checked yet."""

    wire_format: WireFormat
    content: FramedContent
    auth: Auth

    def encode(self) -> bytes:
        """wire_format, content, auth: what a proposal's reference is the hash of."""
        return uint(self.wire_format, 2) + self.content.encode() + self.auth.encode()

    @classmethod
    def read(cls, reader: Reader) -> AuthenticatedContent:
        """One authenticated content."""
        wire_format = one_of(WireFormat, reader.uint(2), "wire format")
        content = FramedContent.read(reader)
        return cls(wire_format, content, Auth.read(reader, content.type))


@dataclass(frozen=True)
class Verified:
    """A content whose signature was checked against the key of the sender that it names."""

    authenticated: AuthenticatedContent

    @property
    def content(self) -> FramedContent:
        """What was signed."""
        return self.authenticated.content


def _to_be_signed(wire_format: WireFormat, content: FramedContent, context: GroupContext) -> bytes:
    """FramedContentTBS: members and external committers sign the group's context too."""
    seen = content.sender.type in (SenderType.MEMBER, SenderType.NEW_MEMBER_COMMIT)
    return uint(MLS10, 2) + uint(wire_format, 2) + content.encode() + (context.encode() if seen else b"")


def sign(
    suite: CipherSuite, wire_format: WireFormat, content: FramedContent, context: GroupContext, seed: bytes
) -> bytes:
    """The signature of a content (section 6.1)."""
    return suite.sign_with_label(seed, b"FramedContentTBS", _to_be_signed(wire_format, content, context))


def verify(
    suite: CipherSuite, authenticated: AuthenticatedContent, context: GroupContext, signature_key: bytes
) -> Verified:
    """Check the signature (section 6.1), or `NotAuthentic`."""
    signed = _to_be_signed(authenticated.wire_format, authenticated.content, context)
    # M08, section 6.1
    suite.verify_with_label(signature_key, b"FramedContentTBS", signed, authenticated.auth.signature)
    return Verified(authenticated)


# --- PublicMessage (6.2) ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PublicMessage:
    """A content in clear; members add a tag that only members can make."""

    content: FramedContent
    auth: Auth
    membership_tag: bytes | None

    def encode(self) -> bytes:
        """content, auth, membership_tag."""
        tag = b"" if self.membership_tag is None else vector(self.membership_tag)
        return self.content.encode() + self.auth.encode() + tag

    @classmethod
    def read(cls, reader: Reader) -> PublicMessage:
        """One public message."""
        content = FramedContent.read(reader)
        auth = Auth.read(reader, content.type)
        return cls(content, auth, reader.vector() if content.sender.type == SenderType.MEMBER else None)


def _to_be_tagged(authenticated: AuthenticatedContent, context: GroupContext) -> bytes:
    """AuthenticatedContentTBM."""
    return _to_be_signed(WireFormat.PUBLIC, authenticated.content, context) + authenticated.auth.encode()


def protect_public(
    suite: CipherSuite, authenticated: AuthenticatedContent, context: GroupContext, membership_key: bytes
) -> PublicMessage:
    """A member's content as a PublicMessage; application data never travels so."""
    if authenticated.content.type == ContentType.APPLICATION:
        raise Refused("What members say to each other is never sent in clear.", rule="mls/public-application")
    tag = suite.mac(membership_key, _to_be_tagged(authenticated, context))
    return PublicMessage(authenticated.content, authenticated.auth, tag)


def unprotect_public(
    suite: CipherSuite, message: PublicMessage, context: GroupContext, membership_key: bytes
) -> AuthenticatedContent:
    """Check the membership tag; the signature is still to be checked."""
    # M06, section 6
    if message.content.type == ContentType.APPLICATION:
        raise Refused("What members say to each other is never sent in clear.", rule="mls/public-application")
    authenticated = AuthenticatedContent(WireFormat.PUBLIC, message.content, message.auth)
    if message.membership_tag is not None:
        tagged = _to_be_tagged(authenticated, context)
        if not suite.check_mac(membership_key, tagged, message.membership_tag):
            # M07, section 6.2
            raise NotAuthentic("A message in clear does not come from a member of the group.")
    return authenticated


# --- PrivateMessage (6.3) ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class PrivateMessage:
    """A sealed content; these fields are in clear."""

    group_id: bytes
    epoch: int
    type: ContentType
    authenticated_data: bytes
    encrypted_sender_data: bytes
    ciphertext: bytes

    def encode(self) -> bytes:
        """The whole message."""
        return self.content_aad + vector(self.encrypted_sender_data) + vector(self.ciphertext)

    @property
    def sender_aad(self) -> bytes:
        """SenderDataAAD."""
        return vector(self.group_id) + uint(self.epoch, 8) + uint(self.type, 1)

    @property
    def content_aad(self) -> bytes:
        """PrivateContentAAD."""
        return self.sender_aad + vector(self.authenticated_data)

    @classmethod
    def read(cls, reader: Reader) -> PrivateMessage:
        """One private message."""
        group_id, epoch = reader.vector(), reader.uint(8)
        kind = one_of(ContentType, reader.uint(1), "kind of a content")
        return cls(group_id, epoch, kind, reader.vector(), reader.vector(), reader.vector())


@dataclass(frozen=True)
class SenderData:
    """Who sealed a message, with which of their keys (section 6.3.2)."""

    leaf: LeafIndex
    generation: int
    reuse_guard: bytes

    def encode(self) -> bytes:
        """leaf_index, generation, reuse_guard."""
        return uint(self.leaf, 4) + uint(self.generation, 4) + self.reuse_guard

    @classmethod
    def read(cls, reader: Reader) -> SenderData:
        """One sender data."""
        return cls(LeafIndex(reader.uint(4)), reader.uint(4), reader.take(4))


def sender_key_nonce(suite: CipherSuite, sender_data_secret: bytes, ciphertext: bytes) -> tuple[bytes, bytes]:
    """The key and nonce of the sender data, from a sample of the ciphertext."""
    sample = ciphertext[: suite.hash_length]
    key = suite.expand_with_label(sender_data_secret, b"key", sample, suite.key_length)
    return key, suite.expand_with_label(sender_data_secret, b"nonce", sample, suite.nonce_length)


def _guarded(nonce: bytes, guard: bytes) -> bytes:
    """The nonce with the reuse guard over its first four bytes."""
    return bytes(one ^ other for one, other in zip(nonce[:4], guard, strict=True)) + nonce[4:]


def padded(length: int) -> int:
    """The bucket for a content of that many bytes."""
    if length > _LARGEST_BUCKET:
        return -(-length // _LARGEST_BUCKET) * _LARGEST_BUCKET
    return max(_SMALLEST_BUCKET, 1 << (length - 1).bit_length())


def protect_private(
    suite: CipherSuite,
    authenticated: AuthenticatedContent,
    key_nonce: tuple[bytes, bytes],
    sender_data: SenderData,
    sender_data_secret: bytes,
) -> PrivateMessage:
    """Seal a member's content (section 6.3) with a key of the secret tree that is used only here."""
    content = authenticated.content
    plain = encode_body(content.body) + authenticated.auth.encode()
    plain += bytes(padded(len(plain)) - len(plain))
    message = PrivateMessage(content.group_id, content.epoch, content.type, content.authenticated_data, b"", b"")
    nonce = _guarded(key_nonce[1], sender_data.reuse_guard)
    ciphertext = suite.aead_seal(key_nonce[0], nonce, plain, message.content_aad)
    key, nonce = sender_key_nonce(suite, sender_data_secret, ciphertext)
    sealed = suite.aead_seal(key, nonce, sender_data.encode(), message.sender_aad)
    return PrivateMessage(message.group_id, message.epoch, message.type, message.authenticated_data, sealed, ciphertext)


def open_sender_data(suite: CipherSuite, message: PrivateMessage, sender_data_secret: bytes) -> SenderData:
    """Who sealed it, or `NotAuthentic`."""
    key, nonce = sender_key_nonce(suite, sender_data_secret, message.ciphertext)
    return whole(suite.aead_open(key, nonce, message.encrypted_sender_data, message.sender_aad), SenderData.read)


def unprotect_private(
    suite: CipherSuite, message: PrivateMessage, sender_data: SenderData, key_nonce: tuple[bytes, bytes]
) -> AuthenticatedContent:
    """Open a sealed content; the signature is still to be checked."""
    nonce = _guarded(key_nonce[1], sender_data.reuse_guard)
    reader = Reader(suite.aead_open(key_nonce[0], nonce, message.ciphertext, message.content_aad))
    body = read_body(reader, message.type)
    auth = Auth.read(reader, message.type)
    if reader.rest().strip(b"\0"):
        # M09, section 6.3.1
        raise Malformed("The padding of a message is not empty.")
    content = FramedContent(message.group_id, message.epoch, member(sender_data.leaf), message.authenticated_data, body)
    return AuthenticatedContent(WireFormat.PRIVATE, content, auth)


# --- MLSMessage (6) ---------------------------------------------------------------------------------------

Message = PublicMessage | PrivateMessage | Welcome | GroupInfo | KeyPackage

_MESSAGES: dict[WireFormat, Callable[[Reader], Message]] = {
    WireFormat.PUBLIC: PublicMessage.read,
    WireFormat.PRIVATE: PrivateMessage.read,
    WireFormat.WELCOME: Welcome.read,
    WireFormat.GROUP_INFO: GroupInfo.read,
    WireFormat.KEY_PACKAGE: KeyPackage.read,
}
_FORMATS: dict[type[Message], WireFormat] = {
    PublicMessage: WireFormat.PUBLIC,
    PrivateMessage: WireFormat.PRIVATE,
    Welcome: WireFormat.WELCOME,
    GroupInfo: WireFormat.GROUP_INFO,
    KeyPackage: WireFormat.KEY_PACKAGE,
}


def encode_message(message: Message) -> bytes:
    """The message as an MLSMessage."""
    return uint(MLS10, 2) + uint(_FORMATS[type(message)], 2) + message.encode()


def _read_message(reader: Reader) -> Message:
    read_version(reader)
    return _MESSAGES[one_of(WireFormat, reader.uint(2), "wire format")](reader)


def read_message(raw: bytes) -> Message:
    """An MLSMessage that fills `raw`, or `Malformed`."""
    return whole(raw, _read_message)
