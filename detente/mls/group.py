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

Who judges what came is an argument of every call: `authenticate` says who is who, `psks` which pre-shared
keys there are, `lifetimes` what time it is for key packages, `succeed` whether a new credential is still
the same member's.  For one who is no member there are `Group.enter`, `joining_proposal` and
`external_proposal`; for a group that goes on from this one `found_again` and `branch`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detente.crypto.suites import SUITE_1, SUITES, CipherSuite, Suites, suite_of
from detente.ground.errors import Malformed, Refused
from detente.mls.commits import Made, Wish, make_commit, make_group_info, process_commit
from detente.mls.external import Entrant, join_externally, open_group_info, propose_externally, propose_joining
from detente.mls.framing import (
    Body,
    ContentType,
    PrivateMessage,
    PublicMessage,
    SenderType,
    Verified,
    WireFormat,
    encode_message,
    read_message,
)
from detente.mls.leaves import (
    ALWAYS,
    Authenticate,
    AuthService,
    Entropy,
    Identity,
    Lifetimes,
    Place,
    PrivatePart,
    new_key_package,
    renewed_leaf,
)
from detente.mls.proposals import Succession
from detente.mls.schedule import export
from detente.mls.state import (
    Hooks,
    Psks,
    Renewal,
    State,
    open_private,
    open_public,
    remember,
    send_content,
    sign_content,
)
from detente.mls.store import decode_state, encode_state
from detente.mls.succession import Usage, check_successor_group, knowing, new_founding_key
from detente.mls.treemath import LeafIndex
from detente.mls.types import (
    Add,
    Capabilities,
    Commit,
    Extensions,
    GroupContextExtensions,
    GroupInfo,
    KeyPackage,
    LeafNode,
    LeafSource,
    PreSharedKey,
    PreSharedKeyId,
    Proposal,
    Reference,
    ReInit,
    Remove,
    Update,
    Welcome,
)
from detente.mls.welcome import Newcomer, found, join

__all__ = [
    "AuthService",
    "Authenticate",
    "Entropy",
    "Group",
    "Header",
    "Identity",
    "Lifetimes",
    "Member",
    "Opened",
    "PendingCommit",
    "Proposed",
    "Staged",
    "Usage",
    "external_proposal",
    "joining_proposal",
    "key_package",
    "read_group_info",
    "read_key_package",
]


@dataclass(frozen=True)
class Member:
    """A leaf of the group: its place, the identity of its basic credential, its key, what it says and can do.

    `certificates` are those of an X.509 credential, which has no identity besides.  A `fresh` leaf is still
    the one of its key package: its member has neither committed nor renewed it since it came (7.2).
    """

    leaf_index: LeafIndex
    identity: bytes
    signature_key: bytes
    extensions: Extensions
    capabilities: Capabilities
    certificates: tuple[bytes, ...] = ()
    fresh: bool = False


def _member(leaf: LeafIndex, node: LeafNode) -> Member:
    shown, fresh = node.credential, node.source == LeafSource.KEY_PACKAGE
    return Member(
        leaf, shown.identity, node.signature_key, node.extensions, node.capabilities, shown.certificates, fresh
    )


@dataclass(frozen=True)
class Header:
    """What anyone can read of a message."""

    group_id: bytes
    epoch: int
    content_type: ContentType
    authenticated_data: bytes


@dataclass(frozen=True)
class Opened:
    """An application message of another member; `group` has the key that opened it no more.

    `epoch` is that of the message, before the group's own only where past epochs are kept.
    """

    group: Group
    sender_leaf: LeafIndex
    authenticated_data: bytes
    plaintext: bytes
    epoch: int


@dataclass(frozen=True)
class Proposed:
    """A proposal that a commit of this epoch may name; `sender_leaf` is None for one from outside."""

    group: Group
    sender_leaf: LeafIndex | None
    authenticated_data: bytes
    proposal: Proposal
    reference: bytes


@dataclass(frozen=True)
class Staged:
    """A verified commit of another; the group that follows is `next`, or None where this member was removed.

    `removed` are leaf indices of the epoch before, `added` members of the one after, `proposals` all that
    the commit names, whatever they amount to.  `next` goes on from the group that opened the commit: it is
    taken before that group hears anything more.
    """

    sender_leaf: LeafIndex
    authenticated_data: bytes
    added: tuple[Member, ...]
    removed: tuple[LeafIndex, ...]
    next: Group | None
    proposals: tuple[Proposal | Reference, ...] = ()


@dataclass(frozen=True)
class PendingCommit:
    """An own commit that waits for its place in the order.

    Until then the caller holds `current`: the present group without the key that sealed `message`.  When
    the message comes back ordered, `next` is the group; when another commit came first, forget this one.
    `next` knows no past epochs: a member that keeps them takes `after` instead.
    """

    message: bytes
    welcome: bytes | None
    current: Group
    next: Group

    def after(self, held: Group) -> Group:
        """`next` with the past epochs of the group as it is held now, its own as the last of them.

        Keys that were used since the commit was made do not come back so.  `Refused` where `held` is not in the
        epoch that the commit ends.
        """
        if (held.group_id, held.epoch + 1) != (self.next.group_id, self.next.epoch):
            # M84, section 9.2
            raise Refused("The commit was made in another epoch than the group is in.", rule="mls/epoch")
        return Group(replace(self.next.state, keep=held.state.keep, past=held.state.passed))


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


def read_group_info(raw: bytes) -> GroupInfo:
    """The GroupInfo in an MLSMessage, or `Malformed`; nothing of it is authentic yet."""
    message = read_message(raw)
    if not isinstance(message, GroupInfo):
        raise Malformed("This is not the description of a group.")
    return message


def joining_proposal(group_info: bytes, key_package: bytes, signature_key: bytes, spoken: Suites = SUITES) -> bytes:
    """A newcomer's own Add; `signature_key` is the private one of its key package."""
    context, package = read_group_info(group_info).context, read_key_package(key_package)
    return encode_message(propose_joining(context, package, signature_key, spoken))


def external_proposal(
    group_info: bytes, index: int, proposal: Proposal, signature_key: bytes, spoken: Suites = SUITES
) -> bytes:
    """A proposal of the external sender at `index` of the group's list, who holds that private key."""
    context = read_group_info(group_info).context
    return encode_message(propose_externally(context, index, proposal, signature_key, spoken))


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
        old: Group | None = None,
    ) -> Group:
        """The group that a Welcome leads to; the tree is inside, unless it is given.

        Every member is asked of `authenticate`.  The caller destroys `private` once the group is stored.
        `old` is the group that this one goes on from, by a ReInit or as a branch; without it, none is joined.
        """
        newcomer = Newcomer(read_key_package(key_package), PrivatePart.decode(private), identity)
        hooks, before = Hooks(authenticate, psks), None if old is None else old.state
        return cls(join(_expect_welcome(welcome), newcomer, hooks, ratchet_tree, spoken, old=before))

    @classmethod
    def enter(
        cls,
        group_info: bytes,
        identity: Identity,
        leaf_extensions: Extensions,
        entropy: Entropy,
        authenticate: Authenticate,
        *,
        ratchet_tree: bytes | None = None,
        resync: bool = False,
        bring: Sequence[PreSharedKeyId] = (),
        psks: Psks = _no_psks,
        spoken: Suites = SUITES,
    ) -> tuple[Group, bytes]:
        """An external commit: the group as it will be if the members take the message beside it.

        `resync` removes this member's old leaf; `bring` are pre-shared keys that go into the epoch.
        """
        info, hooks = read_group_info(group_info), Hooks(authenticate, psks)
        tree = open_group_info(info, hooks, ratchet_tree, spoken)
        entrant = Entrant(identity, leaf_extensions, tuple(bring), resync)
        state, message = join_externally(info, tree, entrant, hooks, entropy)
        return cls(state), encode_message(message)

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
    def own_leaf(self) -> LeafIndex:
        """The leaf index of this member."""
        return self.state.own_leaf

    @property
    def fresh(self) -> bool:
        """Whether the leaf of this member is still the one of its key package, or of its founding."""
        return self.state.tree.member(self.own_leaf).source == LeafSource.KEY_PACKAGE

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

    @property
    def ratchet_tree(self) -> bytes:
        """The tree, for one who joins and gets it outside of the Welcome."""
        return self.state.tree.encoded

    @property
    def reinit(self) -> ReInit | None:
        """The proposal that ended this group, if one did."""
        return self.state.reinit

    def group_info(self, *, tree: bool = True, external_pub: bool = True) -> bytes:
        """What an external commit or proposal needs of this epoch, signed: whoever has it sees the members."""
        return encode_message(make_group_info(self.state, tree=tree, external_pub=external_pub))

    def export(self, label: bytes | str, context: bytes, length: int) -> bytes:
        """A secret of this epoch for another use (8.5), `length` bytes."""
        label = label.encode() if isinstance(label, str) else label
        return export(self.state.suite, self.state.secrets.exporter, label, context, length)

    def keeping(self, epochs: int) -> Group:
        """The group that keeps the secrets of so many past epochs, for late application messages (off: 0).

        Who keeps any goes on from an own commit by `PendingCommit.after`.
        """
        return Group(self.state.keeping(epochs))

    # --- on the way out ------------------------------------------------------------------------------

    def seal(self, plaintext: bytes, authenticated_data: bytes, entropy: Entropy) -> tuple[Group, bytes]:
        """An application message, and the group without the key that sealed it: store that one first.

        Nothing is said while proposals wait: a commit comes first, so that whoever is to leave hears no more.
        """
        if self.state.waiting:
            # M85, section 12.4
            raise Refused("Proposals wait in this epoch; commit before anything else is said.", rule="mls/commit-first")
        group, raw, _ = self._send(plaintext, authenticated_data, entropy)
        return group, raw

    def commit(
        self,
        *,
        add: Sequence[bytes] = (),
        remove: Sequence[LeafIndex] = (),
        references: Sequence[bytes] = (),
        proposals: Sequence[Proposal] = (),
        context_extensions: Extensions | None = None,
        leaf_extensions: Extensions | None = None,
        identity: Identity | None = None,
        authenticated_data: bytes = b"",
        entropy: Entropy,
        authenticate: Authenticate,
        psks: Psks = _no_psks,
        lifetimes: Lifetimes | None = None,
        succeed: Succession | None = None,
        path: bool = True,
        public: bool = False,
        tree_inside: bool = True,
    ) -> PendingCommit:
        """The way to the next epoch, with new keys for the own leaf unless `path` is off and they may stay.

        `add` are key packages as MLSMessages, `remove` leaf indices, `references` those of `Proposed`,
        `proposals` others by value (a pre-shared key, a ReInit); extensions that are None stay as they are.
        `identity` is who signs from the next epoch on.  The Welcome is one for all who are added, with the
        tree unless it is handed over otherwise; `public` sends the commit in clear.
        """
        extensions = () if context_extensions is None else (GroupContextExtensions(context_extensions),)
        named: tuple[Proposal | Reference, ...] = (
            *(Reference(reference) for reference in references),
            *proposals,
            *extensions,
            *(Remove(leaf) for leaf in remove),
            *(Add(read_key_package(raw)) for raw in add),
        )
        wish = Wish(
            named,
            leaf_extensions,
            authenticated_data,
            identity=identity,
            path=path or identity is not None or leaf_extensions is not None,
            wire_format=_format(public=public),
            tree_inside=tree_inside,
        )
        hooks = Hooks(authenticate, psks, lifetimes, succeed)
        return _pending(make_commit(self.state, wish, hooks, entropy))

    def found_again(
        self,
        packages: Sequence[bytes],
        identity: Identity,
        leaf_extensions: Extensions,
        entropy: Entropy,
        authenticate: Authenticate,
        *,
        psks: Psks = _no_psks,
        spoken: Suites = SUITES,
        tree_inside: bool = True,
    ) -> PendingCommit:
        """The group that a ReInit asked for, with all members of this one, in its first epoch (11.2).

        `packages` are key packages of all other members; nobody has to be told of `message`, only of `welcome`.
        """
        said = self.state.reinit
        if said is None:
            raise Refused("A group is founded anew only after a ReInit ended it.", rule="mls/succession")
        suite = suite_of(said.cipher_suite, spoken)
        new = found(said.group_id, identity, (leaf_extensions, said.extensions), entropy, suite)
        return self._go_on(Usage.REINIT, new, packages, Hooks(authenticate, psks), entropy, tree=tree_inside)

    def branch(
        self,
        group_id: bytes,
        packages: Sequence[bytes],
        entropy: Entropy,
        authenticate: Authenticate,
        *,
        leaf_extensions: Extensions = (),
        context_extensions: Extensions = (),
        identity: Identity | None = None,
        psks: Psks = _no_psks,
        tree_inside: bool = True,
    ) -> PendingCommit:
        """A group of some members of this one, in its first epoch, while this one goes on (11.3)."""
        own = self.state.identity if identity is None else identity
        new = found(group_id, own, (leaf_extensions, context_extensions), entropy, self.state.suite)
        return self._go_on(Usage.BRANCH, new, packages, Hooks(authenticate, psks), entropy, tree=tree_inside)

    def _go_on(
        self, usage: Usage, new: State, packages: Sequence[bytes], hooks: Hooks, entropy: Entropy, *, tree: bool
    ) -> PendingCommit:
        """The first commit of a new group, which brings this one's resumption key; judged as those who join will."""
        founding = new_founding_key(self.state, usage, new.suite.hash_length, entropy)
        named: tuple[Proposal, ...] = (PreSharedKey(founding), *(Add(read_key_package(raw)) for raw in packages))
        wish = Wish(named, None, b"", tree_inside=tree, founding=founding)
        made = make_commit(new, wish, knowing(hooks, self.state), entropy)
        check_successor_group(self.state, founding, made.next.context, made.next.tree)
        return _pending(made)

    def propose(
        self, proposal: Proposal, entropy: Entropy, authenticated_data: bytes = b"", *, public: bool = False
    ) -> tuple[Group, bytes, bytes]:
        """A proposal for somebody's commit: the group that knows it, the message, its reference."""
        group, raw, verified = self._send(proposal, authenticated_data, entropy, _format(public=public))
        state, reference = remember(group.state, verified.authenticated)
        return Group(state), raw, reference

    def propose_update(
        self,
        entropy: Entropy,
        leaf_extensions: Extensions | None = None,
        *,
        identity: Identity | None = None,
        public: bool = False,
    ) -> tuple[Group, bytes, bytes]:
        """A proposal to renew the own leaf: its private key waits in the group for the commit.

        `identity` is who signs once the proposal is committed.
        """
        state, suite = self.state, self.state.suite
        signing = state.identity if identity is None else identity
        private, key = suite.hpke.derive_key_pair(entropy(suite.hash_length))
        old = state.tree.member(state.own_leaf)
        extensions = old.extensions if leaf_extensions is None else leaf_extensions
        new = replace(
            old,
            encryption_key=key,
            source=LeafSource.UPDATE,
            extensions=extensions,
            credential=signing.shown,
            signature_key=suite.signature_public(signing.signature_seed),
        )
        leaf = renewed_leaf(suite, old, new, signing.signature_seed, Place(self.group_id, state.own_leaf))
        waiting = Group(replace(state, renewals={**state.renewals, key: Renewal(private, signing)}))
        return waiting.propose(Update(leaf), entropy, public=public)

    def _send(
        self, body: Body, authenticated_data: bytes, entropy: Entropy, wire_format: WireFormat = WireFormat.PRIVATE
    ) -> tuple[Group, bytes, Verified]:
        signed = sign_content(self.state, body, authenticated_data, wire_format)
        state, message = send_content(self.state, signed, entropy)
        return Group(state), encode_message(message), Verified(signed)

    # --- on the way in -------------------------------------------------------------------------------

    @staticmethod
    def peek(message: bytes) -> Header:
        """The clear part of a group's message; nothing of it is authentic yet."""
        match read_message(message):
            case PrivateMessage(group_id=group_id, epoch=epoch, type=kind, authenticated_data=data):
                return Header(group_id, epoch, kind, data)
            case PublicMessage(content=content):
                return Header(content.group_id, content.epoch, content.type, content.authenticated_data)
            case _:
                raise Malformed("This is not a message of a group.")

    def signer(self, message: bytes) -> LeafIndex:
        """The leaf of the other member who truly sent this, whatever else is wrong with it; raises as `open`."""
        private = read_message(message)
        if not isinstance(private, PrivateMessage):
            raise Malformed("This is not a sealed message of a group.")
        return open_private(self.state, private)[1].content.sender.leaf

    def open(
        self,
        message: bytes,
        authenticate: Authenticate,
        *,
        psks: Psks = _no_psks,
        allow_public: bool = False,
        lifetimes: Lifetimes | None = None,
        succeed: Succession | None = None,
    ) -> Opened | Proposed | Staged:
        """What came, verified; raises `Malformed`, `NotAuthentic` or `Refused`, and this group is unharmed.

        `ShutOut`, a `NotAuthentic`, is raised for a commit that others may have followed, and not this member.
        Messages in clear are refused unless `allow_public`: a line has none.
        """
        match read_message(message):
            case PrivateMessage() as private:
                state, verified = open_private(self.state, private)
            case PublicMessage() as public if allow_public:
                state, verified = self.state, open_public(self.state, public)
            case PublicMessage():
                # M05, section 6
                raise Refused("A message in clear is not accepted in this group.", rule="mls/public")
            case _:
                raise Malformed("This is not a message of a group.")
        return _outcome(state, verified, Hooks(authenticate, psks, lifetimes, succeed))


def _outcome(state: State, verified: Verified, hooks: Hooks) -> Opened | Proposed | Staged:
    """What a verified content means for the group; `state` has its key no more."""
    content = verified.content
    match content.body:
        case bytes() as plaintext:
            return Opened(Group(state), content.sender.leaf, content.authenticated_data, plaintext, content.epoch)
        case Commit() as commit:
            return _staged(state, verified, commit, hooks)
        case proposal:
            after, reference = remember(state, verified.authenticated)
            leaf = content.sender.leaf if content.sender.type == SenderType.MEMBER else None
            return Proposed(Group(after), leaf, content.authenticated_data, proposal, reference)


def _staged(state: State, verified: Verified, commit: Commit, hooks: Hooks) -> Staged:
    step = process_commit(state, verified, hooks)
    entered = [(leaf, package.leaf_node) for leaf, package in step.applied.added]
    if step.applied.external_init is not None and commit.path is not None:
        entered.append((step.sender_leaf, commit.path.leaf_node))
    added = tuple(_member(leaf, node) for leaf, node in entered)
    following = None if step.next is None else Group(step.next)
    data = verified.content.authenticated_data
    return Staged(step.sender_leaf, data, added, step.applied.removed, following, commit.proposals)


def _format(*, public: bool) -> WireFormat:
    return WireFormat.PUBLIC if public else WireFormat.PRIVATE


def _pending(made: Made) -> PendingCommit:
    welcome = None if made.welcome is None else encode_message(made.welcome)
    forgetful = replace(made.next, past=())  # keys of those epochs may be used before the commit has its place
    return PendingCommit(encode_message(made.message), welcome, Group(made.current), Group(forgetful))


def _expect_welcome(raw: bytes) -> Welcome:
    message = read_message(raw)
    if not isinstance(message, Welcome):
        raise Malformed("This is not a Welcome.")
    return message
