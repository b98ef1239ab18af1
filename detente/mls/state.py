"""The state of one member in one epoch, and its messages (RFC 9420 chapters 6 and 9).

A `State` never changes.  Every function here gives what it made together with the state after it, and
whoever asked decides which of the two to keep: if anything was false, the one before, unharmed.

The secrets of past epochs are not kept unless a member asks for it (`State.keep`, as many epochs back): an
act of another epoch is void in this house.  What is kept opens application messages, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from detente.crypto.suites import CipherSuite
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.mls.framing import (
    Auth,
    AuthenticatedContent,
    Body,
    ContentType,
    FramedContent,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderData,
    SenderType,
    Verified,
    WireFormat,
    member,
    open_sender_data,
    protect_private,
    protect_public,
    sign,
    unprotect_private,
    unprotect_public,
    verify,
)
from detente.mls.leaves import Authenticate, Entropy, Identity, Lifetimes
from detente.mls.proposals import FROM, Sent, Succession, check_external_sender, external_senders
from detente.mls.schedule import EpochSecrets
from detente.mls.secrettree import SecretTree, ratchet_of
from detente.mls.tree import RatchetTree
from detente.mls.treekem import Keys
from detente.mls.treemath import LeafIndex
from detente.mls.types import (
    Add,
    Commit,
    GroupContext,
    PreSharedKeyId,
    ReInit,
)

OWN_MESSAGE = "mls/own"
"""The rule by which a member's own message is refused at home, and nowhere else."""

MOST_WAITING = 256
"""How many proposals of one epoch are remembered: more is no negotiation, but a flood."""

Psks = Callable[[PreSharedKeyId], bytes | None]
"""Where pre-shared keys are looked up by their name."""


@dataclass(frozen=True)
class Hooks:
    """What the caller decides: who is who, and which pre-shared keys there are."""

    authenticate: Authenticate
    psks: Psks
    lifetimes: Lifetimes | None = None
    succeed: Succession | None = None


@dataclass(frozen=True)
class Waiting:
    """A proposal of this epoch that a commit may name by its reference."""

    reference: bytes
    sent: Sent


@dataclass(frozen=True, repr=False)
class Renewal:
    """What an own Update proposal will bring: the private key of the leaf, and who signs from then on."""

    private: bytes
    identity: Identity


@dataclass(frozen=True, repr=False)
class PastEpoch:
    """What opens the application messages of an epoch that is over; `tree` says who signed what then."""

    context: GroupContext
    tree: RatchetTree
    sender_data: bytes
    secret_tree: SecretTree


@dataclass(frozen=True, repr=False)
class State:
    """One member's view of one epoch, with its secrets."""

    identity: Identity
    context: GroupContext
    tree: RatchetTree
    own_leaf: LeafIndex
    keys: Keys
    secrets: EpochSecrets
    interim_hash: bytes
    confirmation_tag: bytes
    secret_tree: SecretTree
    waiting: tuple[Waiting, ...] = ()
    renewals: Mapping[bytes, Renewal] = field(default_factory=dict)
    """Own Update proposals that wait for a commit, by the public key of their leaf."""
    reinit: ReInit | None = None
    """The proposal that ended the group: nothing is said in it any more."""
    keep: int = 0
    """How many past epochs are kept for late application messages."""
    past: tuple[PastEpoch, ...] = ()
    """Those that are kept, the latest first."""

    @property
    def ended(self) -> bool:
        """Whether a ReInit ended the group."""
        return self.reinit is not None

    def keeping(self, epochs: int) -> State:
        """The state under another deletion policy; what lies farther back is gone at once."""
        if epochs < 0:
            raise Malformed("A number of past epochs is not negative.")
        return replace(self, keep=epochs, past=self.past[:epochs])

    @property
    def passed(self) -> tuple[PastEpoch, ...]:
        """What the next epoch keeps of this one and of those before."""
        own = PastEpoch(self.context, self.tree, self.secrets.sender_data, self.secret_tree)
        return (own, *self.past)[: self.keep]

    @property
    def suite(self) -> CipherSuite:
        """The group's cipher suite."""
        return self.tree.suite


# --- on the way out -----------------------------------------------------------------------------------


def sign_content(
    state: State, body: Body, authenticated_data: bytes, wire_format: WireFormat = WireFormat.PRIVATE
) -> AuthenticatedContent:
    """Own content, signed for its wire format; of a commit, the confirmation tag is still missing."""
    if state.ended:
        raise Refused("This group was ended; nothing is said in it any more.", rule="mls/ended")
    context = state.context
    content = FramedContent(context.group_id, context.epoch, member(state.own_leaf), authenticated_data, body)
    signature = sign(state.suite, wire_format, content, context, state.identity.signature_seed)
    return AuthenticatedContent(wire_format, content, Auth(signature))


def send_content(
    state: State, content: AuthenticatedContent, entropy: Entropy
) -> tuple[State, PrivateMessage | PublicMessage]:
    """The content as its wire format says, and the state after it."""
    if content.wire_format == WireFormat.PRIVATE:
        return seal_content(state, content, entropy)
    return state, protect_public(state.suite, content, state.context, state.secrets.membership)


def seal_content(state: State, content: AuthenticatedContent, entropy: Entropy) -> tuple[State, PrivateMessage]:
    """The content under the next key of the own ratchet, and the state without that key."""
    kind, leaf = ratchet_of(content.content.type), state.own_leaf
    generation = state.secret_tree.next_generation(leaf, kind)
    key_nonce, secret_tree = state.secret_tree.take(leaf, kind, generation)
    data = SenderData(leaf, generation, entropy(4))
    message = protect_private(state.suite, content, key_nonce, data, state.secrets.sender_data)
    return replace(state, secret_tree=secret_tree), message


# --- on the way in ------------------------------------------------------------------------------------


def open_private(state: State, message: PrivateMessage) -> tuple[State, Verified]:
    """A PrivateMessage of another member, verified, and the state without the key that opened it."""
    late = _past_epoch(state, message)
    if late is not None:
        return _open_late(state, message, late)
    _check_epoch(state, message.group_id, message.epoch)
    data = open_sender_data(state.suite, message, state.secrets.sender_data)
    _check_foreign(state, data.leaf)
    signer = state.tree.member(data.leaf)
    key_nonce, secret_tree = state.secret_tree.take(data.leaf, ratchet_of(message.type), data.generation)
    opened = unprotect_private(state.suite, message, data, key_nonce)
    verified = verify(state.suite, opened, state.context, signer.signature_key)
    return replace(state, secret_tree=secret_tree), verified


def _past_epoch(state: State, message: PrivateMessage) -> PastEpoch | None:
    """The past epoch that a late application message belongs to, if it is kept."""
    if message.type != ContentType.APPLICATION or message.group_id != state.context.group_id:
        return None
    return next((past for past in state.past if past.context.epoch == message.epoch), None)


def _open_late(state: State, message: PrivateMessage, past: PastEpoch) -> tuple[State, Verified]:
    """Open it with the keys, and judge it by the members, of its own epoch."""
    data = open_sender_data(state.suite, message, past.sender_data)
    _check_foreign(state, data.leaf)
    signer = past.tree.member(data.leaf)
    key_nonce, secret_tree = past.secret_tree.take(data.leaf, ratchet_of(message.type), data.generation)
    opened = unprotect_private(state.suite, message, data, key_nonce)
    verified = verify(state.suite, opened, past.context, signer.signature_key)
    left = replace(past, secret_tree=secret_tree)
    return replace(state, past=tuple(left if one is past else one for one in state.past)), verified


def open_public(state: State, message: PublicMessage) -> Verified:
    """A PublicMessage, verified."""
    content = message.content
    _check_epoch(state, content.group_id, content.epoch)
    if content.sender.type == SenderType.MEMBER:
        _check_foreign(state, content.sender.leaf)
    opened = unprotect_public(state.suite, message, state.context, state.secrets.membership)
    return verify(state.suite, opened, state.context, _signature_key(state, content))


def _check_epoch(state: State, group_id: bytes, epoch: int) -> None:
    # M10, section 6
    if group_id != state.context.group_id:
        raise Refused("The message belongs to another group.", rule="mls/group")
    # M11, section 6, 14
    if epoch != state.context.epoch:
        raise Refused(f"The message is of epoch {epoch}; the group is in {state.context.epoch}.", rule="mls/epoch")
    # M12, section 11.2
    if state.ended:
        raise Refused("This group was ended; nothing is said in it any more.", rule="mls/ended")


def _check_foreign(state: State, leaf: LeafIndex) -> None:
    # M13, section 6.3
    if leaf == state.own_leaf:
        raise Refused("This is an own message; nobody can open what he sealed himself.", rule=OWN_MESSAGE)


def _signature_key(state: State, content: FramedContent) -> bytes:
    """Whose key must have signed a content in clear (6.1); the sender and the content must fit each other."""
    match content.sender, content.body:
        case Sender(type=SenderType.MEMBER, leaf=leaf), _:
            return state.tree.member(leaf).signature_key
        case Sender(type=SenderType.NEW_MEMBER_COMMIT), Commit(path=path) if path is not None:
            return path.leaf_node.signature_key
        case Sender(type=SenderType.NEW_MEMBER_PROPOSAL), Add(key_package=package):
            return package.leaf_node.signature_key
        case Sender(type=SenderType.EXTERNAL, index=index), body if isinstance(body, FROM[SenderType.EXTERNAL]):
            return check_external_sender(index, external_senders(state.context.extensions))
        case _:
            # M15, section 6
            raise Malformed("A message comes from a kind of sender that cannot say such a thing.")


def reference_of(suite: CipherSuite, content: AuthenticatedContent) -> bytes:
    """ProposalRef (5.2)."""
    return suite.ref_hash(b"MLS 1.0 Proposal Reference", content.encode())


def remember(state: State, content: AuthenticatedContent) -> tuple[State, bytes]:
    """The state that knows this proposal by its reference, and the reference."""
    body = content.content.body
    if isinstance(body, bytes | Commit) or content.content.type != ContentType.PROPOSAL:
        raise Malformed("Only a proposal can be named by reference.")
    reference = reference_of(state.suite, content)
    waiting = Waiting(reference, Sent(content.content.sender, body, by_reference=True))
    kept = tuple(known for known in state.waiting if known.reference != reference)
    if len(kept) == MOST_WAITING:
        # M50, section 15
        raise Refused("Too many proposals wait in this epoch; commit, and propose again.", rule="mls/waiting")
    return replace(state, waiting=(*kept, waiting)), reference


def recall(state: State, reference: bytes) -> Sent:
    """The proposal of that reference, or `NotAuthentic`: nobody saw it in this epoch."""
    for known in state.waiting:
        if known.reference == reference:
            return known.sent
    # M49, section 12.4
    raise NotAuthentic("A commit names a proposal that nobody sent in this epoch.")
