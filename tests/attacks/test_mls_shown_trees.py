"""Trees that a lying inviter shows to the one whom it invites, each with one thing false (RFC 9420 section 12.4.3.1)."""

from dataclasses import replace

import pytest
from mls_liars import signed
from test_mls_checks import World
from test_mls_welcome_attacks import Invitation

from detente.crypto.suites import SUITE_1
from detente.ground.errors import DetenteError
from detente.mls.types import (
    Capabilities,
    Credential,
    Extension,
    LeafSource,
    ParentNode,
)

pytestmark = pytest.mark.attack("A68", "prevented")


@pytest.fixture
def world():
    return World()


# --- 11.2, 11.3, 12.4.3.1: trees and groups that a newcomer is shown ---------------------------------------


def shown(invited, change):
    """A Welcome to a tree in which `change` exchanged nodes, the hash of which its GroupInfo names."""
    tree = invited.pending.next.state.tree
    return invited.sealed(invited.with_tree(tree.with_nodes(change(invited, tree)).trimmed()))


def at_leaf(at, *, place=None, group_id=b"line", **changes):
    """One member's leaf with something changed, signed by its owner for a place."""

    def change(invited, tree):
        owner = invited.parties.accredited[tree.member(at).credential.identity]
        given = {name: value(tree) if callable(value) else value for name, value in changes.items()}
        leaf_node = replace(tree.member(at), **given)
        return {2 * at: signed(leaf_node, owner.signature_seed, group_id, at if place is None else place)}

    return change


def bare():
    """A tree of leaves alone, in which no leaf is vouched for by a parent hash."""
    return Invitation(path=False)


def node(**changes):
    """The root with something changed."""

    def change(_invited, tree):
        given = {name: value(tree) if callable(value) else value for name, value in changes.items()}
        return {tree.root: replace(tree.nodes[tree.root], **given)}

    return change


def stray(_invited, _tree):
    """A key above the last two places, put there by nobody."""
    return {5: ParentNode(SUITE_1.hpke.derive_key_pair(b"n" * 32)[1])}


UPDATED = {"source": LeafSource.UPDATE}
TREES = {
    "a member for another place": (bare, at_leaf(1, place=0, **UPDATED), "signature"),
    "a member for another group": (bare, at_leaf(1, group_id=b"other", **UPDATED), "signature"),
    "a member that nobody signed": (bare, lambda _, tree: {2: replace(tree.member(1), signature=b"")}, "signature"),
    "a member that cannot what the group uses": (
        bare,
        at_leaf(1, capabilities=Capabilities(), extensions=()),
        "0xf001",
    ),
    "a member that uses what it does not announce": (
        bare,
        at_leaf(1, extensions=(Extension(0xABCD, b""),)),
        "0xabcd",
    ),
    "a member of another version": (
        bare,
        at_leaf(1, capabilities=lambda tree: replace(tree.member(1).capabilities, versions=(2,))),
        "version",
    ),
    "a member that cannot read the others' credentials": (
        bare,
        at_leaf(1, capabilities=lambda tree: replace(tree.member(1).capabilities, credentials=(2,))),
        "cannot judge",
    ),
    "a member with a credential that the others cannot read": (
        bare,
        at_leaf(1, credential=Credential(2, certificates=(b"chain",))),
        "cannot judge",
    ),
    "a member with a point that everybody could open": (bare, at_leaf(1, encryption_key=bytes(32)), "everybody could"),
    "a member with another's encryption key": (
        bare,
        at_leaf(1, encryption_key=lambda tree: tree.member(0).encryption_key),
        "same encryption key",
    ),
    "a member with another's signature key": (
        bare,
        lambda invited, tree: {
            2: signed(
                replace(tree.member(1), signature_key=tree.member(0).signature_key),
                invited.group.state.identity.signature_seed,
            )
        },
        "same signature key",
    ),
    "an unknown member": (bare, at_leaf(1, credential=Credential(1, identity=b"Mallory")), "not accredited"),
    "a member with a node's encryption key": (
        Invitation,
        at_leaf(1, encryption_key=lambda tree: tree.nodes[tree.root].encryption_key),
        "same encryption key",
    ),
    "a member that others did not stand beside": (Invitation, at_leaf(1, extensions=()), "could know"),
    "a node with a member's key": (
        Invitation,
        node(encryption_key=lambda tree: tree.member(1).encryption_key),
        "same encryption key",
    ),
    "a node with half a key": (Invitation, node(encryption_key=bytes(16)), "length"),
    "a node with another's parent hash": (Invitation, node(parent_hash=bytes(32)), "could know"),
    "a node that lists an empty place": (Invitation, node(unmerged_leaves=(3,)), "not under it"),
    "a node that lists a place beyond the tree": (Invitation, node(unmerged_leaves=(4,)), "not under it"),
    "a node that lists one whom a node below forgets": (Invitation, node(unmerged_leaves=(1,)), "forgets"),
    "a node whose list is not in order": (Invitation, node(unmerged_leaves=(2, 1)), "rising order"),
    "a node that nobody made": (Invitation, stray, "could know"),
    "no newcomer": (bare, lambda *_: {4: None}, "newcomer is not in the tree"),
    "another in the newcomer's place": (bare, at_leaf(2, extensions=()), "newcomer is not in the tree"),
    "a signer who is gone": (bare, lambda *_: {0: None}, "where nobody is"),
}


@pytest.mark.refuses("12.4.3.1")
@pytest.mark.parametrize("name", TREES)
def test_such_a_tree_is_not_joined(name):
    invite, change, sentence = TREES[name]
    invited = invite()
    mine = invited.package, invited.private
    with pytest.raises(DetenteError, match=sentence):
        invited.join(shown(invited, change))
    assert (invited.package, invited.private) == mine
    assert invited.join(shown(invited, lambda *_: {}))  # control: what was used for nothing is still good
