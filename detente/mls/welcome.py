"""Founding a group and joining one (RFC 9420 chapter 11 and section 12.4.3.1).

Joining, in this order; the private part of the key package is used up when it succeeds:

     1  the Welcome has secrets for this key package, and they open
     2  the GroupInfo opens, and is of the suite of the Welcome
     3  the tree is the one whose hash the group's context names
     4  the tree is whole: unmerged leaves, no key twice, parent hashes
     5  every leaf is signed for its place, can do what the group needs, and is known to the caller
     6  the GroupInfo is signed by the member that it names
     7  the newcomer stands in the tree with the leaf of its key package
     8  the path secret gives the keys that the tree shows
     9  the confirmation tag is true
    10  where the group goes on from another, by a ReInit or as a branch, it is what that one allows
        (`succession.check_successor_group`, with the old group, which the caller gives)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from detente.crypto.suites import CipherSuite, Suites, suite_of
from detente.ground.errors import Malformed, NotAuthentic, Refused
from detente.mls.framing import Auth
from detente.mls.leaves import (
    Entropy,
    Identity,
    Needs,
    Place,
    PrivatePart,
    new_leaf,
    reference_of,
)
from detente.mls.proposals import resolve_psks
from detente.mls.schedule import (
    Epoch,
    EpochSecrets,
    epoch_from_joiner,
    epoch_secrets,
    interim_hash,
    psk_secret,
    welcome_key_nonce,
    welcome_secret,
)
from detente.mls.secrettree import SecretTree
from detente.mls.state import Hooks, State
from detente.mls.succession import check_successor_group, founding_key, knowing
from detente.mls.tree import RatchetTree
from detente.mls.treekem import check_keys, derive_path
from detente.mls.treemath import LeafIndex, NodeIndex, common_ancestor, leaf_of, node_of
from detente.mls.types import (
    Extensions,
    ExtensionType,
    GroupContext,
    GroupInfo,
    GroupSecrets,
    KeyPackage,
    LeafSource,
    Welcome,
    extension_data,
)
from detente.wire.tls import whole


def found(
    group_id: bytes, identity: Identity, extensions: tuple[Extensions, Extensions], entropy: Entropy, suite: CipherSuite
) -> State:
    """A group of one (chapter 11); `extensions` are those of the own leaf, and those of the group."""
    private, public = suite.hpke.derive_key_pair(entropy(suite.hash_length))
    leaf = new_leaf(suite, identity, public, extensions[0], (0, 2**64 - 1))
    tree = RatchetTree(suite, (leaf,))
    context = GroupContext(suite.number, group_id, 0, tree.tree_hash, b"", extensions[1])
    secrets = epoch_secrets(suite, entropy(suite.hash_length))
    return _state(identity, context, tree, {node_of(LeafIndex(0)): private}, secrets)


def _state(
    identity: Identity, context: GroupContext, tree: RatchetTree, keys: dict[NodeIndex, bytes], secrets: EpochSecrets
) -> State:
    """The state of one who has just come in; its leaf is the lowest key that it has."""
    suite = tree.suite
    tag = suite.mac(secrets.confirm, context.confirmed_transcript_hash)
    return State(
        identity=identity,
        context=context,
        tree=tree,
        own_leaf=leaf_of(next(node for node in keys if node % 2 == 0)),
        keys=keys,
        secrets=replace(secrets, encryption=b"", confirm=b""),
        interim_hash=interim_hash(suite, context.confirmed_transcript_hash, Auth(b"", tag)),
        confirmation_tag=tag,
        secret_tree=SecretTree.new(suite, tree.size, secrets.encryption),
    )


@dataclass(frozen=True, repr=False)
class Newcomer:
    """One who joins: its key package, the private part of it, and its identity."""

    package: KeyPackage
    private: PrivatePart
    identity: Identity


def open_secrets(suite: CipherSuite, welcome: Welcome, package: KeyPackage, private: PrivatePart) -> GroupSecrets:
    """Step 1."""
    reference = reference_of(suite, package)
    mine = next((item.sealed for item in welcome.secrets if item.new_member == reference), None)
    if mine is None:
        # M61, section 12.4.3.1
        raise Refused("The Welcome is not for this key package.", rule="mls/welcome")
    plain = suite.decrypt_with_label(
        private.init, b"Welcome", welcome.encrypted_group_info, mine.kem_output, mine.ciphertext
    )
    return whole(plain, GroupSecrets.read)


def open_group_info(suite: CipherSuite, welcome: Welcome, joiner: bytes, psks: bytes) -> GroupInfo:
    """Step 2."""
    key, nonce = welcome_key_nonce(suite, welcome_secret(suite, joiner, psks))
    info = whole(suite.aead_open(key, nonce, welcome.encrypted_group_info, b""), GroupInfo.read)
    if info.context.cipher_suite != welcome.cipher_suite:
        # M62, section 12.4.3.1
        raise Malformed("A Welcome is of another cipher suite than its group.")
    return info


def verify_group_info(suite: CipherSuite, info: GroupInfo, signature_key: bytes) -> None:
    """Step 6."""
    # M63, section 12.4.3.1
    suite.verify_with_label(signature_key, b"GroupInfoTBS", info.to_be_signed, info.signature)


def confirmed_epoch(suite: CipherSuite, info: GroupInfo, joiner: bytes, psks: bytes) -> Epoch:
    """Step 9."""
    epoch = epoch_from_joiner(suite, joiner, psks, info.context)
    transcript = info.context.confirmed_transcript_hash
    if not suite.check_mac(epoch.secrets.confirm, transcript, info.confirmation_tag):
        # M72, section 12.4.3.1
        raise NotAuthentic("The confirmation tag of a Welcome is false.")
    return epoch


def join(
    welcome: Welcome,
    newcomer: Newcomer,
    hooks: Hooks,
    ratchet_tree: bytes | None,
    spoken: Suites,
    *,
    old: State | None = None,
) -> State:
    """All ten steps; `ratchet_tree` stands in where the Welcome has no tree inside, `old` is for step 10."""
    suite = suite_of(welcome.cipher_suite, spoken)
    if newcomer.package.cipher_suite != suite.number:
        raise Malformed("A Welcome is of another cipher suite than the key package.")
    secrets = open_secrets(suite, welcome, newcomer.package, newcomer.private)
    founding = founding_key(secrets.psks)
    if (founding is None) != (old is None):
        # M73, section 11.2, 11.3
        raise Refused("A group goes on from another exactly if its Welcome says so.", rule="mls/succession")
    if old is not None:
        hooks = knowing(hooks, old)
    psks = psk_secret(suite, resolve_psks(secrets.psks, hooks.psks))
    info = open_group_info(suite, welcome, secrets.joiner_secret, psks)
    tree = check_tree(suite, info, ratchet_tree, hooks)
    verify_group_info(suite, info, tree.member(info.signer).signature_key)
    keys = _own_keys(tree, info.signer, newcomer, secrets.path_secret)
    epoch = confirmed_epoch(suite, info, secrets.joiner_secret, psks)
    if founding is not None and old is not None:
        check_successor_group(old, founding, info.context, tree)
    return _state(newcomer.identity, info.context, tree, keys, epoch.secrets)


def check_tree(suite: CipherSuite, info: GroupInfo, ratchet_tree: bytes | None, hooks: Hooks) -> RatchetTree:
    """Steps 3 to 5."""
    raw = extension_data(info.extensions, ExtensionType.RATCHET_TREE)
    raw = ratchet_tree if raw is None else raw
    if raw is None:
        # M64, section 12.4.3.3
        raise Malformed("A Welcome comes without the group's tree.")
    tree = RatchetTree.read(suite, raw)
    if tree.tree_hash != info.context.tree_hash:
        # M65, section 12.4.3.1
        raise NotAuthentic("The tree of a Welcome is not the tree of its group.")
    tree.check_whole()
    tree.check_parent_hashes()
    needs, every = Needs(suite, info.context.extensions, hooks.authenticate), tuple(LeafSource)
    for leaf, leaf_node in tree.leaves:
        needs.check_leaf(leaf_node, Place(info.context.group_id, leaf), every)
    return tree


def _own_keys(
    tree: RatchetTree, signer: LeafIndex, newcomer: Newcomer, path_secret: bytes | None
) -> dict[NodeIndex, bytes]:
    """Steps 7 and 8: the own leaf's private key first, then those of the path above it."""
    sought = newcomer.package.leaf_node.encode()
    own = next((leaf for leaf, node in tree.leaves if node.encode() == sought), None)
    if own is None:
        # M70, section 12.4.3.1
        raise NotAuthentic("The newcomer is not in the tree of the group that it should join.")
    if tree.suite.signature_public(newcomer.identity.signature_seed) != newcomer.package.leaf_node.signature_key:
        raise NotAuthentic("The key package was made for another identity.")
    keys = {node_of(own): newcomer.private.encryption}
    check_keys(tree, {node_of(own): tree.suite.hpke.public_of(newcomer.private.encryption)})
    if path_secret is not None:
        above = common_ancestor(own, signer)
        path = [node for node, _ in tree.filtered_path(signer)]
        if above not in path:
            # M71, section 12.4.3.1
            raise Malformed("A Welcome brings a path secret where its sender has no path.")
        secrets = derive_path(tree.suite, path[path.index(above) :], path_secret)
        check_keys(tree, secrets.public_keys)
        keys |= secrets.keys
    return keys
