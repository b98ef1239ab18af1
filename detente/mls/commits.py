"""Commits (RFC 9420 section 12.4): from one epoch to the next, for the committer and for everyone else.

Receiving, in this order; the state before is untouched until the caller takes `Staged.next`:

     1  the message was opened and its signature verified           (state.open_private, open_public)
     2  the proposals are found, and may stand together             proposals.check_list
     3  they are applied, and what entered is checked               proposals.check_entering
     4  the path's leaf is signed, known and the same member        Needs.check_leaf, check_successor
     5  the path's parent hash is the one that the leaf signed      treekem.merge_path
     6  no key stands twice in the tree                             RatchetTree.check_whole
     7  the path is sealed to as many as the tree says              treekem.check_recipients
     8  the path's secret opens, and gives the keys that it shows   treekem.open_path
     9  the confirmation tag is true                                schedule, `enter`

All members judge 1 to 7 alike; 8 and 9 each judges with its own secrets, and what fails there raises
`ShutOut`: the commit may have moved others.

The committer walks the same way with the functions that make instead of open, and ends in the same
`enter`.  A member who is removed cannot do 8 and 9: for it, the commit ends the group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from detente.ground.errors import Malformed, NotAuthentic, Refused, ShutOut
from detente.mls.framing import (
    Auth,
    AuthenticatedContent,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
    Verified,
    WireFormat,
    member,
)
from detente.mls.leaves import Entropy, Identity, Needs, Place, reference_of
from detente.mls.proposals import (
    Applied,
    Sent,
    apply_proposals,
    check_entering,
    check_list,
    check_successor,
    path_required,
    resolve_psks,
)
from detente.mls.schedule import (
    Epoch,
    confirmed_hash,
    epoch_from_joiner,
    interim_hash,
    joiner_secret,
    psk_secret,
    welcome_key_nonce,
)
from detente.mls.secrettree import SecretTree
from detente.mls.state import Hooks, State, recall, send_content, sign_content
from detente.mls.tree import RatchetTree
from detente.mls.treekem import (
    Keys,
    NewPath,
    PathSecrets,
    Receiver,
    check_recipients,
    make_path,
    merge_path,
    open_path,
    seal_path,
)
from detente.mls.treemath import LeafIndex, NodeIndex, common_ancestor, node_of
from detente.mls.types import (
    Commit,
    EncryptedGroupSecrets,
    Extension,
    Extensions,
    ExtensionType,
    GroupContext,
    GroupInfo,
    GroupSecrets,
    HpkeCiphertext,
    KeyPackage,
    LeafSource,
    PreSharedKeyId,
    Proposal,
    Reference,
    UpdatePath,
    Welcome,
)
from detente.wire.tls import vector

EXTERNAL_INIT = b"MLS 1.0 external init secret"


@dataclass(frozen=True)
class Transition:
    """A verified commit: who sent it, what it amounts to, and the state after it (None: this member is out)."""

    sender_leaf: LeafIndex
    applied: Applied
    next: State | None


@dataclass(frozen=True)
class Made:
    """An own commit: the message, the Welcome for the added, the present state with the used key gone, the next."""

    message: PrivateMessage | PublicMessage
    welcome: Welcome | None
    current: State
    next: State


@dataclass(frozen=True)
class Wish:
    """What an own commit shall do; `None` for extensions means that they stay, for an identity the same.

    Without `path` it brings new keys only where it must; without `tree_inside` its Welcome has no tree.
    `founding` is the key by which a new group goes on from another one.
    """

    proposals: tuple[Proposal | Reference, ...]
    leaf_extensions: Extensions | None
    authenticated_data: bytes
    identity: Identity | None = None
    path: bool = True
    wire_format: WireFormat = WireFormat.PRIVATE
    tree_inside: bool = True
    founding: PreSharedKeyId | None = None


# --- both sides -----------------------------------------------------------------------------------------


def apply(
    state: State,
    committer: Sender,
    named: tuple[Proposal | Reference, ...],
    hooks: Hooks,
    *,
    founding: PreSharedKeyId | None = None,
) -> tuple[Applied, bool]:
    """Steps 2 and 3, and whether the commit must have a path."""
    proposals = [recall(state, item.hash) if isinstance(item, Reference) else Sent(committer, item) for item in named]
    check_list(committer, proposals, state.suite.hash_length, founding=founding)
    applied = apply_proposals(state.tree, state.context.extensions, proposals)
    check_entering(state.tree, applied, needs_of(state, applied, hooks), state.context.group_id, hooks.succeed)
    return applied, path_required(proposals)


def needs_of(state: State, applied: Applied, hooks: Hooks) -> Needs:
    """What the next epoch asks of a leaf."""
    return Needs(state.suite, applied.extensions, hooks.authenticate, hooks.lifetimes)


def provisional(state: State, tree: RatchetTree, applied: Applied) -> GroupContext:
    """The context under which a path is sealed: all of the next epoch but its transcript."""
    context = state.context
    return replace(context, epoch=context.epoch + 1, tree_hash=tree.tree_hash, extensions=applied.extensions)


def surviving(keys: Keys, before: RatchetTree, after: RatchetTree) -> dict[NodeIndex, bytes]:
    """The private keys whose public keys still stand in the tree."""
    kept = {}
    for at, private in keys.items():
        old, new = before.nodes[at], after.nodes[at] if at < len(after.nodes) else None
        if old is not None and new is not None and old.encryption_key == new.encryption_key:
            kept[at] = private
    return kept


@dataclass(frozen=True, repr=False)
class Step:
    """What the next epoch is made of, besides the commit itself."""

    applied: Applied
    tree: RatchetTree
    context: GroupContext
    """All of it but the transcript."""
    keys: Keys
    init_secret: bytes
    commit_secret: bytes
    psks: bytes
    identity: Identity


def enter(state: State, step: Step, commit: AuthenticatedContent) -> tuple[Epoch, GroupContext, bytes]:
    """The key schedule of the next epoch, its context, and the confirmation tag that the commit must carry."""
    suite = state.suite
    confirmed = confirmed_hash(suite, state.interim_hash, commit)
    context = replace(step.context, confirmed_transcript_hash=confirmed)
    joiner = joiner_secret(suite, step.init_secret, step.commit_secret, context)
    epoch = epoch_from_joiner(suite, joiner, step.psks, context)
    return epoch, context, suite.mac(epoch.secrets.confirm, confirmed)


def following(state: State, step: Step, entered: tuple[Epoch, GroupContext, bytes]) -> State:
    """The member's state in the next epoch."""
    epoch, context, tag = entered
    return State(
        identity=step.identity,
        context=context,
        tree=step.tree,
        own_leaf=state.own_leaf,
        keys=step.keys,
        secrets=replace(epoch.secrets, encryption=b"", confirm=b""),
        interim_hash=interim_hash(state.suite, context.confirmed_transcript_hash, Auth(b"", tag)),
        confirmation_tag=tag,
        secret_tree=SecretTree.new(state.suite, step.tree.size, epoch.secrets.encryption),
        reinit=step.applied.reinit,
        keep=state.keep,
        past=state.passed,
    )


# --- receiving ------------------------------------------------------------------------------------------


def process_commit(state: State, verified: Verified, hooks: Hooks) -> Transition:
    """Steps 2 to 9 for a commit of another; raises, and the state before is the state."""
    content, auth = verified.content, verified.authenticated.auth
    commit, sender = content.body, content.sender
    if not isinstance(commit, Commit):
        raise Malformed("This is not a commit.")
    applied, required = apply(state, sender, commit.proposals, hooks)
    if required and commit.path is None:
        # M51, section 12.4.2
        raise Refused("A commit that changes members or keys has no path.", rule="mls/path")
    leaf, tree = _merge(state, sender, commit.path, applied, hooks)
    if state.own_leaf in applied.removed:
        return Transition(leaf, applied, None)
    context = provisional(state, tree, applied)
    keys, secret = _receive_path(state, leaf, commit.path, (tree, applied, context))
    psks = psk_secret(state.suite, resolve_psks(applied.psks, hooks.psks))
    identity = _own_identity(state, applied)
    step = Step(applied, tree, context, keys, _init_secret(state, applied), secret, psks, identity)
    entered = enter(state, step, verified.authenticated)
    if not state.suite.check_mac(
        entered[0].secrets.confirm, entered[1].confirmed_transcript_hash, auth.confirmation_tag or b""
    ):
        # M60, section 6.1, 12.4.2
        raise ShutOut("The confirmation tag of a commit is false: its author is not where this member is.")
    return Transition(leaf, applied, following(state, step, entered))


def _init_secret(state: State, applied: Applied) -> bytes:
    """The init secret of the last epoch, or the one that an external committer brings (8.3)."""
    if applied.external_init is None:
        return state.secrets.init
    suite = state.suite
    private, _ = suite.hpke.derive_key_pair(state.secrets.external)
    return suite.hpke.export_from(private, applied.external_init.kem_output, b"", EXTERNAL_INIT, suite.hash_length)


def _merge(
    state: State, sender: Sender, path: UpdatePath | None, applied: Applied, hooks: Hooks
) -> tuple[LeafIndex, RatchetTree]:
    """Steps 4 to 6: the committer's leaf and the tree with its path."""
    tree, leaf = applied.tree, sender.leaf
    if path is None:
        check_after(tree)
        return leaf, tree
    if sender.type == SenderType.NEW_MEMBER_COMMIT:
        for removed in applied.removed:
            check_successor(state.tree.member(removed), path.leaf_node, hooks.succeed)
        tree, leaf = tree.add(path.leaf_node)
    else:
        check_successor(tree.member(leaf), path.leaf_node, hooks.succeed)
    place = Place(state.context.group_id, leaf)
    needs_of(state, applied, hooks).check_leaf(path.leaf_node, place, (LeafSource.COMMIT,))
    tree = merge_path(tree, leaf, path)
    check_after(tree)
    return leaf, tree


def check_after(tree: RatchetTree) -> None:
    """Step 6: what must hold of the tree of the next epoch as a whole."""
    tree.check_whole()


def _receive_path(
    state: State, leaf: LeafIndex, path: UpdatePath | None, after: tuple[RatchetTree, Applied, GroupContext]
) -> tuple[dict[NodeIndex, bytes], bytes]:
    """Steps 7 and 8: the private keys of this member in the next epoch, and the commit secret."""
    tree, applied, context = after
    keys = _own_keys(state, applied)
    if path is None:
        return surviving(keys, applied.tree, tree), bytes(state.suite.hash_length)
    check_recipients(tree, leaf, path, applied.newcomers)
    receiver = Receiver(state.own_leaf, keys, applied.newcomers)
    try:
        secrets = open_path(tree, leaf, path, context.encode(), receiver)
    except (Malformed, NotAuthentic) as error:
        raise ShutOut(error.sentence) from error
    return {**surviving(keys, applied.tree, tree), **secrets.keys}, secrets.commit_secret


def _own_keys(state: State, applied: Applied) -> dict[NodeIndex, bytes]:
    """This member's private keys once the proposals are applied, its own Update among them."""
    keys = surviving(state.keys, state.tree, applied.tree)
    for leaf, leaf_node in applied.updated:
        if leaf == state.own_leaf:
            renewal = state.renewals.get(leaf_node.encryption_key)
            if renewal is None:
                # M58, section 12.4.2
                raise NotAuthentic("A commit renews this member's leaf with a key that is not its own.")
            keys[node_of(leaf)] = renewal.private
    return keys


def _own_identity(state: State, applied: Applied) -> Identity:
    """Who this member is in the next epoch: another where its own Update changed its key."""
    updated = (node.encryption_key for leaf, node in applied.updated if leaf == state.own_leaf)
    return next((state.renewals[key].identity for key in updated), state.identity)


# --- making -----------------------------------------------------------------------------------------------


def make_commit(state: State, wish: Wish, hooks: Hooks, entropy: Entropy) -> Made:
    """An own commit (12.4.1); nothing of it counts until the caller takes `Made.next`."""
    applied, required = apply(state, member(state.own_leaf), wish.proposals, hooks, founding=wish.founding)
    psks = psk_secret(state.suite, resolve_psks(applied.psks, hooks.psks))
    if wish.path or required:
        step, path, secrets = _with_path(state, wish, (applied, psks), hooks, entropy)
    else:
        step, path, secrets = _without_path(state, (applied, psks)), None, None
    signed = sign_content(state, Commit(wish.proposals, path), wish.authenticated_data, wish.wire_format)
    entered = enter(state, step, signed)
    tagged = replace(signed, auth=replace(signed.auth, confirmation_tag=entered[2]))
    current, message = send_content(state, tagged, entropy)
    after = following(state, step, entered)
    if not applied.added:
        return Made(message, None, current, after)
    return Made(message, make_welcome(after, applied, secrets, entered, tree=wish.tree_inside), current, after)


def _with_path(
    state: State, wish: Wish, brought: tuple[Applied, bytes], hooks: Hooks, entropy: Entropy
) -> tuple[Step, UpdatePath, PathSecrets]:
    """The next epoch with new keys for the own leaf and all above it."""
    applied, psks = brought
    made = _make_path(state, applied, wish, entropy)
    check_after(made.tree)
    needs_of(state, applied, hooks).admit(made.leaf_node)
    context = provisional(state, made.tree, applied)
    sealed = seal_path(made.tree, state.own_leaf, made.secrets, context.encode(), applied.newcomers)
    kept = surviving(state.keys, state.tree, made.tree)
    keys = {**kept, **made.secrets.keys, node_of(state.own_leaf): made.leaf_private}
    identity = state.identity if wish.identity is None else wish.identity
    secret = made.secrets.commit_secret
    step = Step(applied, made.tree, context, keys, state.secrets.init, secret, psks, identity)
    return step, UpdatePath(made.leaf_node, sealed), made.secrets


def _without_path(state: State, brought: tuple[Applied, bytes]) -> Step:
    """The next epoch with the keys that everyone has."""
    applied, psks = brought
    check_after(applied.tree)
    keys, zeros = surviving(state.keys, state.tree, applied.tree), bytes(state.suite.hash_length)
    context = provisional(state, applied.tree, applied)
    return Step(applied, applied.tree, context, keys, state.secrets.init, zeros, psks, state.identity)


def _make_path(state: State, applied: Applied, wish: Wish, entropy: Entropy) -> NewPath:
    extensions = wish.leaf_extensions
    if extensions is None:
        extensions = state.tree.member(state.own_leaf).extensions
    place, seed = Place(state.context.group_id, state.own_leaf), state.identity.signature_seed
    return make_path(applied.tree, place, seed, entropy, extensions, renewed=wish.identity)


def make_group_info(state: State, *, tree: bool, external_pub: bool) -> GroupInfo:
    """What a member shows of its epoch to one who joins, signed with the key that it has in that epoch (12.4.3)."""
    suite, extensions = state.suite, []
    if tree:
        extensions.append(Extension(ExtensionType.RATCHET_TREE, state.tree.encoded))
    if external_pub:
        _, public = suite.hpke.derive_key_pair(state.secrets.external)
        extensions.append(Extension(ExtensionType.EXTERNAL_PUB, vector(public)))
    info = GroupInfo(state.context, tuple(extensions), state.confirmation_tag, state.own_leaf, b"")
    return info.signed(suite.sign_with_label(state.identity.signature_seed, b"GroupInfoTBS", info.to_be_signed))


def make_welcome(
    state: State,
    applied: Applied,
    path: PathSecrets | None,
    entered: tuple[Epoch, GroupContext, bytes],
    *,
    tree: bool,
) -> Welcome:
    """One Welcome for all whom a commit added (12.4.3.1); `state` is the epoch they enter."""
    suite, epoch = state.suite, entered[0]
    info = make_group_info(state, tree=tree, external_pub=False)
    key, nonce = welcome_key_nonce(suite, epoch.welcome_secret)
    sealed_info = suite.aead_seal(key, nonce, info.encode(), b"")

    def secrets_for(leaf: LeafIndex, package: KeyPackage) -> EncryptedGroupSecrets:
        path_secret = None if path is None else path.secret_at(common_ancestor(state.own_leaf, leaf))
        secrets = GroupSecrets(epoch.joiner_secret, path_secret, applied.psks)
        sealed = suite.encrypt_with_label(package.init_key, b"Welcome", sealed_info, secrets.encode())
        return EncryptedGroupSecrets(reference_of(suite, package), HpkeCiphertext(*sealed))

    return Welcome(suite.number, tuple(secrets_for(leaf, package) for leaf, package in applied.added), sealed_info)
