"""A group as its member sees it: the public face of RFC 9420 in this house.

A `Group` never changes.  Whatever comes in gives a value that says what it was and which group would
follow; taking that group is the caller's decision, and he stores it before he lets anyone read what
came.  A message that is malformed, false or against the rules raises, and the caller still holds the
group that he had.

    founded = Group.create(group_id, identity, leaf_extensions, context_extensions, entropy)
    package, private = key_package(other_identity, leaf_extensions, entropy)
    pending = founded.commit(add=[package], entropy=entropy, authenticate=authenticate)
    ... the relay orders pending.message; then the group is pending.next, and the newcomer does
    joined = Group.join(pending.welcome, package, private, other_identity, authenticate)
    joined, message = joined.seal(b"...", b"", entropy)
    match pending.next.open(message, authenticate):
        case Opened(group=group, plaintext=plaintext): ...
        case Proposed(group=group, reference=reference): ...
        case Staged(next=None): ...          # this member was removed
        case Staged(next=group): ...

MLS cannot open its own messages: a member knows its own by the bytes that it kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detente.crypto.suites import SUITE_1, SUITES, CipherSuite, Suites
from detente.ground.errors import Malformed, Refused
from detente.mls.commits import Made, Wish, make_commit, process_commit
from detente.mls.framing import (
    Body,
    ContentType,
    PrivateMessage,
    PublicMessage,
    SenderType,
    Verified,
    encode_message,
    read_message,
)
from detente.mls.leaves import (
    ALWAYS,
    Authenticate,
    Entropy,
    Identity,
    Place,
    PrivatePart,
    new_key_package,
    renewed_leaf,
)
from detente.mls.schedule import export
from detente.mls.state import Hooks, Psks, State, open_private, open_public, remember, seal_content, sign_content
from detente.mls.store import decode_state, encode_state
from detente.mls.types import (
    Add,
    Commit,
    Extensions,
    GroupContextExtensions,
    KeyPackage,
    LeafNode,
    LeafSource,
    PreSharedKeyId,
    Proposal,
    Reference,
    Remove,
    Update,
    Welcome,
)
from detente.mls.welcome import Newcomer, found, join

__all__ = [
    "Authenticate",
    "Entropy",
    "Group",
    "Header",
    "Identity",
    "Member",
    "Opened",
    "PendingCommit",
    "Proposed",
    "Staged",
    "key_package",
    "read_key_package",
]


@dataclass(frozen=True)
class Member:
    """A leaf of the group: its place, the identity of its basic credential, its key, its extensions."""

    leaf_index: int
    identity: bytes
    signature_key: bytes
    extensions: Extensions


def _member(leaf: int, node: LeafNode) -> Member:
    return Member(leaf, node.credential.identity, node.signature_key, node.extensions)


@dataclass(frozen=True)
class Header:
    """What anyone can read of a message."""

    group_id: bytes
    epoch: int
    content_type: ContentType


@dataclass(frozen=True)
class Opened:
    """An application message of another member; `group` has the key that opened it no more."""

    group: Group
    sender_leaf: int
    authenticated_data: bytes
    plaintext: bytes


@dataclass(frozen=True)
class Proposed:
    """A proposal that a commit of this epoch may name; `sender_leaf` is None for one from outside."""

    group: Group
    sender_leaf: int | None
    authenticated_data: bytes
    proposal: Proposal
    reference: bytes


@dataclass(frozen=True)
class Staged:
    """A verified commit of another; the group that follows is `next`, or None where this member was removed.

    `removed` are leaf indices of the epoch before, `added` members of the one after.
    """

    sender_leaf: int
    authenticated_data: bytes
    added: tuple[Member, ...]
    removed: tuple[int, ...]
    next: Group | None


@dataclass(frozen=True)
class PendingCommit:
    """An own commit that waits for its place in the order.

    Until then the caller holds `current`: the present group without the key that sealed `message`.  When
    the message comes back ordered, `next` is the group; when another commit came first, forget this one.
    """

    message: bytes
    welcome: bytes | None
    current: Group
    next: Group


def key_package(
    identity: Identity,
    leaf_extensions: Extensions,
    entropy: Entropy,
    lifetime: tuple[int, int] = ALWAYS,
    suite: CipherSuite = SUITE_1,
) -> tuple[bytes, bytes]:
    """A key package as an MLSMessage, and its private part; `lifetime` in seconds since 1970, both ends."""
    package, private = new_key_package(suite, identity, leaf_extensions, lifetime, entropy)
    return encode_message(package), private.encode()


def read_key_package(raw: bytes) -> KeyPackage:
    """The key package in an MLSMessage, or `Malformed`."""
    message = read_message(raw)
    if not isinstance(message, KeyPackage):
        raise Malformed("This is not a key package.")
    return message


def _no_psks(_psk: PreSharedKeyId) -> bytes | None:
    """No pre-shared key is held."""
    return None


@dataclass(frozen=True, repr=False)
class Group:
    """One member's group in one epoch."""

    state: State

    # --- coming in ---------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        group_id: bytes,
        identity: Identity,
        leaf_extensions: Extensions,
        context_extensions: Extensions,
        entropy: Entropy,
        *,
        suite: CipherSuite = SUITE_1,
    ) -> Group:
        """A new group with its founder alone in it, in epoch 0."""
        return cls(found(group_id, identity, (leaf_extensions, context_extensions), entropy, suite))

    @classmethod
    def join(
        cls,
        welcome: bytes,
        key_package: bytes,
        private: bytes,
        identity: Identity,
        authenticate: Authenticate,
        *,
        ratchet_tree: bytes | None = None,
        psks: Psks = _no_psks,
        spoken: Suites = SUITES,
    ) -> Group:
        """The group that a Welcome leads to; the tree is inside, unless it is given.

        Every member is asked of `authenticate`.  The caller destroys `private` once the group is stored.
        """
        newcomer = Newcomer(read_key_package(key_package), PrivatePart.decode(private), identity)
        return cls(join(_expect_welcome(welcome), newcomer, Hooks(authenticate, psks), ratchet_tree, spoken))

    @classmethod
    def load(cls, raw: bytes) -> Group:
        """What `serialise` wrote, or `Malformed`."""
        return cls(decode_state(raw))

    def serialise(self) -> bytes:
        """The whole state, secrets included, for a store that encrypts it."""
        return encode_state(self.state)

    # --- looking -----------------------------------------------------------------------------------

    @property
    def group_id(self) -> bytes:
        """The group's id."""
        return self.state.context.group_id

    @property
    def epoch(self) -> int:
        """The epoch's number."""
        return self.state.context.epoch

    @property
    def own_leaf(self) -> int:
        """The leaf index of this member."""
        return self.state.own_leaf

    @property
    def members(self) -> tuple[Member, ...]:
        """All members in the order of their leaves."""
        return tuple(_member(leaf, node) for leaf, node in self.state.tree.leaves)

    @property
    def context_extensions(self) -> Extensions:
        """The extensions that all members agree on."""
        return self.state.context.extensions

    @property
    def epoch_authenticator(self) -> bytes:
        """The same for two members exactly if they are in the same epoch of the same group (8.7)."""
        return self.state.secrets.authentication

    @property
    def tree_hash(self) -> bytes:
        """The hash of the group's tree."""
        return self.state.context.tree_hash

    @property
    def resumption_psk(self) -> bytes:
        """The key by which a later group can prove that it goes on from this epoch (8.6)."""
        return self.state.secrets.resumption

    def export(self, label: bytes | str, context: bytes, length: int) -> bytes:
        """A secret of this epoch for another use (8.5), `length` bytes."""
        label = label.encode() if isinstance(label, str) else label
        return export(self.state.suite, self.state.secrets.exporter, label, context, length)

    # --- on the way out ------------------------------------------------------------------------------

    def seal(self, plaintext: bytes, authenticated_data: bytes, entropy: Entropy) -> tuple[Group, bytes]:
        """An application message, and the group without the key that sealed it: store that one first."""
        group, raw, _ = self._send(plaintext, authenticated_data, entropy)
        return group, raw

    def commit(
        self,
        *,
        add: Sequence[bytes] = (),
        remove: Sequence[int] = (),
        references: Sequence[bytes] = (),
        context_extensions: Extensions | None = None,
        leaf_extensions: Extensions | None = None,
        authenticated_data: bytes = b"",
        entropy: Entropy,
        authenticate: Authenticate,
        psks: Psks = _no_psks,
    ) -> PendingCommit:
        """The way to the next epoch, always with new keys for the own leaf.

        `add` are key packages as MLSMessages, `remove` leaf indices, `references` those of `Proposed`;
        extensions that are None stay as they are.  The Welcome is one for all who are added.
        """
        extensions = () if context_extensions is None else (GroupContextExtensions(context_extensions),)
        proposals: tuple[Proposal | Reference, ...] = (
            *(Reference(reference) for reference in references),
            *extensions,
            *(Remove(leaf) for leaf in remove),
            *(Add(read_key_package(raw)) for raw in add),
        )
        wish = Wish(proposals, leaf_extensions, authenticated_data)
        return _pending(make_commit(self.state, wish, Hooks(authenticate, psks), entropy))

    def propose(
        self, proposal: Proposal, entropy: Entropy, authenticated_data: bytes = b""
    ) -> tuple[Group, bytes, bytes]:
        """A proposal for somebody's commit: the group that knows it, the message, its reference."""
        group, raw, verified = self._send(proposal, authenticated_data, entropy)
        state, reference = remember(group.state, verified.authenticated)
        return Group(state), raw, reference

    def propose_update(self, entropy: Entropy, leaf_extensions: Extensions | None = None) -> tuple[Group, bytes, bytes]:
        """A proposal to renew the own leaf: its private key waits in the group for the commit."""
        state, suite = self.state, self.state.suite
        private, public = suite.hpke.derive_key_pair(entropy(suite.hash_length))
        old = state.tree.member(state.own_leaf)
        extensions = old.extensions if leaf_extensions is None else leaf_extensions
        new = replace(old, encryption_key=public, source=LeafSource.UPDATE, extensions=extensions)
        leaf = renewed_leaf(suite, old, new, state.identity.signature_seed, Place(self.group_id, state.own_leaf))
        waiting = Group(replace(state, renewals={**state.renewals, public: private}))
        return waiting.propose(Update(leaf), entropy)

    def _send(self, body: Body, authenticated_data: bytes, entropy: Entropy) -> tuple[Group, bytes, Verified]:
        signed = sign_content(self.state, body, authenticated_data)
        state, message = seal_content(self.state, signed, entropy)
        return Group(state), encode_message(message), Verified(signed)

    # --- on the way in -------------------------------------------------------------------------------

    @staticmethod
    def peek(message: bytes) -> Header:
        """The clear part of a group's message; nothing of it is authentic yet."""
        match read_message(message):
            case PrivateMessage(group_id=group_id, epoch=epoch, type=kind):
                return Header(group_id, epoch, kind)
            case PublicMessage(content=content):
                return Header(content.group_id, content.epoch, content.type)
            case _:
                raise Malformed("This is not a message of a group.")

    def open(
        self, message: bytes, authenticate: Authenticate, *, psks: Psks = _no_psks, allow_public: bool = False
    ) -> Opened | Proposed | Staged:
        """What came, verified; raises `Malformed`, `NotAuthentic` or `Refused`, and this group is unharmed.

        Messages in clear are refused unless `allow_public`: a line has none.
        """
        match read_message(message):
            case PrivateMessage() as private:
                state, verified = open_private(self.state, private)
            case PublicMessage() as public if allow_public:
                state, verified = self.state, open_public(self.state, public)
            case PublicMessage():
                raise Refused("A message in clear is not accepted in this group.", rule="mls/public")
            case _:
                raise Malformed("This is not a message of a group.")
        return _outcome(state, verified, Hooks(authenticate, psks))


def _outcome(state: State, verified: Verified, hooks: Hooks) -> Opened | Proposed | Staged:
    """What a verified content means for the group; `state` has its key no more."""
    content = verified.content
    match content.body:
        case bytes() as plaintext:
            return Opened(Group(state), content.sender.index, content.authenticated_data, plaintext)
        case Commit():
            return _staged(state, verified, hooks)
        case proposal:
            after, reference = remember(state, verified.authenticated)
            leaf = content.sender.index if content.sender.type == SenderType.MEMBER else None
            return Proposed(Group(after), leaf, content.authenticated_data, proposal, reference)


def _staged(state: State, verified: Verified, hooks: Hooks) -> Staged:
    step = process_commit(state, verified, hooks)
    entered = [(leaf, package.leaf_node) for leaf, package in step.applied.added]
    commit = verified.content.body
    if step.applied.external_init is not None and isinstance(commit, Commit) and commit.path is not None:
        entered.append((step.sender_leaf, commit.path.leaf_node))
    added = tuple(_member(leaf, node) for leaf, node in entered)
    following = None if step.next is None else Group(step.next)
    return Staged(step.sender_leaf, verified.content.authenticated_data, added, step.applied.removed, following)


def _pending(made: Made) -> PendingCommit:
    welcome = None if made.welcome is None else encode_message(made.welcome)
    return PendingCommit(encode_message(made.message), welcome, Group(made.current), Group(made.next))


def _expect_welcome(raw: bytes) -> Welcome:
    message = read_message(raw)
    if not isinstance(message, Welcome):
        raise Malformed("This is not a Welcome.")
    return message
