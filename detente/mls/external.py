"""What one who is no member can do (RFC 9420 sections 8.3, 12.1.8, 12.4.3.2): come in alone, ask for it, propose.

    join_externally     a commit by which a newcomer enters without being invited, from a GroupInfo that shows the
                        group's external key; with its old self removed, where it was in the group before (resync)
    propose_joining     a newcomer's own Add, for a member to commit
    propose_externally  a proposal of one whom the group names in its `external_senders`

All three travel as PublicMessages: who sends them has no key of the group.  The group decides what it lets
in: a line reads no PublicMessage at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from detente.crypto.suites import Suites, suite_of
from detente.ground.errors import Malformed, Refused
from detente.mls.commits import (
    EXTERNAL_INIT,
    Step,
    apply,
    check_after,
    enter,
    following,
    needs_of,
    provisional,
)
from detente.mls.framing import (
    Auth,
    AuthenticatedContent,
    FramedContent,
    PublicMessage,
    Sender,
    SenderType,
    WireFormat,
    sign,
)
from detente.mls.leaves import ALWAYS, Entropy, Identity, Place, new_leaf
from detente.mls.proposals import Applied, resolve_psks
from detente.mls.schedule import EpochSecrets, interim_hash, psk_secret
from detente.mls.secrettree import SecretTree
from detente.mls.state import Hooks, State
from detente.mls.tree import RatchetTree
from detente.mls.treekem import NewPath, make_path, seal_path
from detente.mls.treemath import LeafIndex, node_of
from detente.mls.types import (
    Add,
    Commit,
    Extensions,
    ExtensionType,
    ExternalInit,
    GroupContext,
    GroupInfo,
    KeyPackage,
    PreSharedKey,
    PreSharedKeyId,
    Proposal,
    Remove,
    UpdatePath,
    extension_data,
)
from detente.mls.welcome import check_tree, verify_group_info
from detente.wire.tls import Reader, whole

_NEWCOMER = Sender(SenderType.NEW_MEMBER_COMMIT)
_NO_SECRETS = EpochSecrets(*(b"" for _ in range(9)))


@dataclass(frozen=True, repr=False)
class Entrant:
    """One who comes in alone: who it is, what its leaf says, which keys it brings, whether its old self goes out."""

    identity: Identity
    leaf_extensions: Extensions
    psks: tuple[PreSharedKeyId, ...] = ()
    resync: bool = False
    authenticated_data: bytes = b""


def open_group_info(info: GroupInfo, hooks: Hooks, ratchet_tree: bytes | None, spoken: Suites) -> RatchetTree:
    """The verified tree of a GroupInfo that is signed by a member of it."""
    suite = suite_of(info.context.cipher_suite, spoken)
    tree = check_tree(suite, info, ratchet_tree, hooks)
    verify_group_info(suite, info, tree.member(info.signer).signature_key)
    return tree


def join_externally(
    info: GroupInfo, tree: RatchetTree, entrant: Entrant, hooks: Hooks, entropy: Entropy
) -> tuple[State, PublicMessage]:
    """The state of the next epoch, if the members take the commit beside it."""
    suite = tree.suite
    external = extension_data(info.extensions, ExtensionType.EXTERNAL_PUB)
    if external is None:
        # M79, section 12.4.3.2
        raise Refused("The group shows no key by which one could come in alone.", rule="mls/external")
    kem_output, init_secret = suite.hpke.export_to(
        whole(external, Reader.vector), b"", EXTERNAL_INIT, suite.hash_length, entropy(suite.hash_length)
    )
    state = _outside(info, tree, entrant, init_secret)
    proposals: tuple[Proposal, ...] = (
        ExternalInit(kem_output),
        *(Remove(leaf) for leaf in _old_self(tree, entrant)),
        *(PreSharedKey(psk) for psk in entrant.psks),
    )
    applied, _ = apply(state, _NEWCOMER, proposals, hooks)
    made, leaf = _path_of_newcomer(state, applied, entrant, entropy)
    check_after(made.tree)
    needs_of(state, applied, hooks).admit(made.leaf_node)
    context = provisional(state, made.tree, applied)
    sealed = seal_path(made.tree, leaf, made.secrets, context.encode(), ())
    commit = Commit(proposals, UpdatePath(made.leaf_node, sealed))
    signed = _signed(commit, state, entrant.authenticated_data)
    step = Step(
        applied,
        made.tree,
        context,
        {node_of(leaf): made.leaf_private, **made.secrets.keys},
        init_secret,
        made.secrets.commit_secret,
        psk_secret(suite, resolve_psks(applied.psks, hooks.psks)),
        entrant.identity,
    )
    entered = enter(state, step, signed)
    after = following(replace(state, own_leaf=leaf), step, entered)
    return after, PublicMessage(signed.content, replace(signed.auth, confirmation_tag=entered[2]), None)


def _outside(info: GroupInfo, tree: RatchetTree, entrant: Entrant, init_secret: bytes) -> State:
    """The epoch as one sees it who is not in it: public values, and the init secret that it made itself."""
    suite = tree.suite
    transcript = interim_hash(suite, info.context.confirmed_transcript_hash, Auth(b"", info.confirmation_tag))
    return State(
        identity=entrant.identity,
        context=info.context,
        tree=tree,
        own_leaf=LeafIndex(0),
        keys={},
        secrets=replace(_NO_SECRETS, init=init_secret),
        interim_hash=transcript,
        confirmation_tag=info.confirmation_tag,
        secret_tree=SecretTree(suite, tree.size, {}),
    )


def _old_self(tree: RatchetTree, entrant: Entrant) -> tuple[LeafIndex, ...]:
    """The leaf that a resync removes."""
    if not entrant.resync:
        return ()
    found = tuple(leaf for leaf, node in tree.leaves if node.credential == entrant.identity.shown)
    if len(found) != 1:
        # M80, section 12.4.3.2
        raise Refused("One who was not in the group has no old self to remove from it.", rule="mls/external")
    return found


def _path_of_newcomer(state: State, applied: Applied, entrant: Entrant, entropy: Entropy) -> tuple[NewPath, LeafIndex]:
    """A leaf in the leftmost empty place, and the path above it."""
    suite, identity = state.suite, entrant.identity
    placeholder = new_leaf(suite, identity, b"", entrant.leaf_extensions, ALWAYS)
    tree, leaf = applied.tree.add(placeholder)
    place = Place(state.context.group_id, leaf)
    return make_path(tree, place, identity.signature_seed, entropy, entrant.leaf_extensions), leaf


def _signed(commit: Commit, state: State, data: bytes) -> AuthenticatedContent:
    context = state.context
    content = FramedContent(context.group_id, context.epoch, _NEWCOMER, data, commit)
    signature = sign(state.suite, WireFormat.PUBLIC, content, context, state.identity.signature_seed)
    return AuthenticatedContent(WireFormat.PUBLIC, content, Auth(signature))


def propose_joining(context: GroupContext, package: KeyPackage, signature_key: bytes, spoken: Suites) -> PublicMessage:
    """A newcomer's own Add, signed with the private key of its key package (12.1.8)."""
    return _proposed(context, Sender(SenderType.NEW_MEMBER_PROPOSAL), Add(package), signature_key, spoken)


def propose_externally(
    context: GroupContext, index: int, proposal: Proposal, signature_key: bytes, spoken: Suites
) -> PublicMessage:
    """A proposal of the external sender at `index` of the group's list (12.1.8)."""
    if extension_data(context.extensions, ExtensionType.EXTERNAL_SENDERS) is None:
        raise Malformed("The group names no external senders.")
    return _proposed(context, Sender(SenderType.EXTERNAL, index), proposal, signature_key, spoken)


def _proposed(
    context: GroupContext, sender: Sender, proposal: Proposal, signature_key: bytes, spoken: Suites
) -> PublicMessage:
    suite = suite_of(context.cipher_suite, spoken)
    content = FramedContent(context.group_id, context.epoch, sender, b"", proposal)
    return PublicMessage(content, Auth(sign(suite, WireFormat.PUBLIC, content, context, signature_key)), None)
