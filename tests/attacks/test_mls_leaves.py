"""The leaves that a commit and an Update bring, and the keys of a path (RFC 9420 sections 7.3, 12.1.2, 12.4.2).

The liar is a member with this very code whose own checks are off, so that all else in its message is in order,
down to the confirmation tag.  Each lie is refused by the sentence that is its own, and the victim's stored state is
the same bytes as before; the control is the same way of lying with nothing changed, which everybody follows.
"""

from dataclasses import replace

import pytest
from mls_liars import seed_of, signed, unasked
from mls_parties import CHARTER, agree
from test_mls_attacks import refused
from test_mls_checks import World, cases, lying

from detente.ground.errors import DetenteError, NotAuthentic, Refused
from detente.mls import commits, treekem
from detente.mls.types import (
    Add,
    Capabilities,
    Credential,
    Extension,
    GroupContextExtensions,
    LeafSource,
    Reference,
    Remove,
    Update,
)

pytestmark = pytest.mark.attack("A68", "prevented")


@pytest.fixture
def world():
    return World()


# --- 7.3: the leaf in a commit's path -----------------------------------------------------------------------


def other_capabilities(**lists):
    return lambda leaf_node: replace(leaf_node, capabilities=replace(leaf_node.capabilities, **lists))


PATH_LEAVES = {
    "of a key package": (
        "12.4.2",
        lambda w, one: signed(replace(one, source=LeafSource.KEY_PACKAGE, parent_hash=b""), seed_of(w, 0)),
        "another purpose",
    ),
    "of an Update": (
        "12.4.2",
        lambda w, one: signed(replace(one, source=LeafSource.UPDATE, parent_hash=b""), seed_of(w, 0)),
        "another purpose",
    ),
    "signed for another place": ("7.3", lambda w, one: signed(one, seed_of(w, 0), at=1), "signature"),
    "signed for another group": ("7.3", lambda w, one: signed(one, seed_of(w, 0), group_id=b"other"), "signature"),
    "signed by another member": ("7.3", lambda w, one: signed(one, seed_of(w, 3)), "signature"),
    "not signed": ("7.3", lambda _, one: replace(one, signature=b""), "signature"),
    "with the encryption key that it has": (
        "12.4.2",
        lambda w, one: signed(
            replace(one, encryption_key=w.groups[0].state.tree.member(0).encryption_key), seed_of(w, 0)
        ),
        "same encryption key as before",
    ),
    "with a neighbour's encryption key": (
        "7.3",
        lambda w, one: signed(
            replace(one, encryption_key=w.groups[0].state.tree.member(2).encryption_key), seed_of(w, 0)
        ),
        "same encryption key",
    ),
    "with a neighbour's signature key": (
        "7.3",
        lambda w, one: signed(
            replace(one, signature_key=w.groups[0].state.tree.member(3).signature_key), seed_of(w, 3)
        ),
        "same signature key",
    ),
    "with a point that everybody could open": (
        "7.3",
        lambda w, one: signed(replace(one, encryption_key=bytes(32)), seed_of(w, 0)),
        "everybody could open",
    ),
    "with half a key": ("7.3", lambda w, one: signed(replace(one, encryption_key=bytes(16)), seed_of(w, 0)), "length"),
    "with a neighbour's name": (
        "12.4.2",
        lambda w, one: signed(replace(one, credential=Credential(1, identity=b"Dorvik")), seed_of(w, 0)),
        "somebody else",
    ),
    "of another version": (
        "7.3",
        lambda w, one: signed(other_capabilities(versions=(2,))(one), seed_of(w, 0)),
        "version",
    ),
    "that cannot read its own credential": (
        "7.3",
        lambda w, one: signed(other_capabilities(credentials=(2,))(one), seed_of(w, 0)),
        "credentials",
    ),
    "that cannot what the group uses": (
        "7.3",
        lambda w, one: signed(replace(one, capabilities=Capabilities(), extensions=()), seed_of(w, 0)),
        "0xf001",
    ),
    "that uses what it does not announce": (
        "7.3",
        lambda w, one: signed(replace(one, extensions=(Extension(0xABCD, b""),)), seed_of(w, 0)),
        "0xabcd",
    ),
    "that one leaf has twice": (
        "13",
        lambda w, one: signed(replace(one, extensions=(Extension(0xF000, b""),) * 2), seed_of(w, 0)),
        "one type twice",
    ),
    "with another parent hash": (
        "12.4.2",
        lambda w, one: signed(replace(one, parent_hash=bytes(32)), seed_of(w, 0)),
        "parent hash",
    ),
    "with no parent hash": (
        "12.4.2",
        lambda w, one: signed(replace(one, parent_hash=b""), seed_of(w, 0)),
        "parent hash",
    ),
}


def committed_with(world, monkeypatch, change, **wish):
    """A commit of the first member, in order but for the leaf of its path."""
    true = treekem.renewed_leaf
    with unasked(monkeypatch) as liar:
        liar.setattr(treekem, "renewed_leaf", lambda *asked: change(world, true(*asked)))
        return world.parties.commit(world.groups[0], **wish).message


@pytest.mark.parametrize("name", cases(PATH_LEAVES))
def test_a_path_with_such_a_leaf_is_refused_by_every_receiver(world, monkeypatch, name):
    _, change, sentence = PATH_LEAVES[name]
    message = committed_with(world, monkeypatch, change)
    for victim in world.groups[1:3]:
        assert sentence in refused(world.parties, victim, message, DetenteError).sentence


@pytest.mark.refuses("7.3")
def test_a_path_of_one_who_is_not_accredited_any_more_is_refused(world):
    pending = world.parties.commit(world.groups[0])
    known = world.parties.accredited.pop(b"Arvenia")
    assert "not accredited" in refused(world.parties, world.groups[1], pending.message, NotAuthentic).sentence
    world.parties.accredited[b"Arvenia"] = known
    assert world.parties.staged(world.groups[1], pending.message).next  # control


def test_control_a_path_whose_maker_was_asked_nothing_is_followed(world, monkeypatch):
    message = committed_with(world, monkeypatch, lambda _, one: one)
    assert agree([world.parties.staged(victim, message).next for victim in world.groups[1:]])


# --- 12.4.2: the keys of a path ---------------------------------------------------------------------------


def brought_back(world, monkeypatch, put):
    """A commit of the first member whose path shows keys that stand in the tree, everything else following from it.

    `put(world, steps)` gives the steps of the path: (node, path secret, private key, public key) each.
    """
    true = treekem.derive_path

    def lying_path(*asked):
        found = true(*asked)
        return replace(found, steps=put(world, found.steps))

    with unasked(monkeypatch) as liar:
        liar.setattr(treekem, "derive_path", lying_path)
        return world.parties.commit(world.groups[0]).message


def with_key(at, key):
    """The steps, one of which shows another public key."""
    return lambda world, steps: (*steps[:at], (*steps[at][:3], key(world.groups[0].state.tree)), *steps[at + 1 :])


OLD_KEYS = {
    "its own parent, as before": with_key(0, lambda tree: tree.nodes[1].encryption_key),
    "its own parent at the root": with_key(1, lambda tree: tree.nodes[1].encryption_key),
    "the root below": with_key(0, lambda tree: tree.nodes[tree.root].encryption_key),
    "its own leaf": with_key(0, lambda tree: tree.member(0).encryption_key),
    "a neighbour": with_key(1, lambda tree: tree.member(3).encryption_key),
}


@pytest.mark.refuses("12.4.2")
@pytest.mark.parametrize("name", OLD_KEYS)
def test_a_path_brings_no_key_that_the_tree_had(world, monkeypatch, name):
    pending = world.parties.commit(world.groups[0])
    world.groups = [pending.next, *(world.parties.staged(one, pending.message).next for one in world.groups[1:])]
    message = brought_back(world, monkeypatch, OLD_KEYS[name])
    monkeypatch.setattr(treekem, "check_keys", lambda *_: None)  # else it is found later, by those who know secrets
    for victim in world.groups[1:3]:
        error = refused(world.parties, victim, message, Refused)
        assert "brings a key back" in error.sentence or "same encryption key" in error.sentence


@pytest.mark.refuses("12.4.2")
def test_the_leaf_of_a_path_is_not_the_key_that_stood_above_it(world, monkeypatch):
    pending = world.parties.commit(world.groups[0])
    world.groups = [pending.next, *(world.parties.staged(one, pending.message).next for one in world.groups[1:])]
    old = pending.next.state.tree.nodes[1].encryption_key
    message = committed_with(world, monkeypatch, lambda w, one: signed(replace(one, encryption_key=old), seed_of(w, 0)))
    assert "brings a key back" in refused(world.parties, world.groups[1], message, Refused).sentence
    monkeypatch.setattr(treekem, "check_fresh", lambda *_: None)
    assert world.parties.staged(world.groups[1], message).next  # control: no other check would find it


def without_path(world, monkeypatch, *named, prepare=lambda group: group):
    """A commit of these proposals that lacks the path which it needs."""
    with unasked(monkeypatch) as liar:
        liar.setattr(commits, "path_required", lambda _: False)
        return world.parties.commit(prepare(world.groups[0]), proposals=named, path=False).message


PATHLESS = {
    "nothing at all": lambda _: (),
    "a removal": lambda _: (Remove(3),),
    "other extensions": lambda _: (GroupContextExtensions(CHARTER),),
    "an addition and a removal": lambda w: (Add(w.package), Remove(3)),
}


@pytest.mark.refuses("12.4.2")
@pytest.mark.parametrize("name", PATHLESS)
def test_a_commit_that_needs_a_path_has_one(world, monkeypatch, name):
    message = without_path(world, monkeypatch, *PATHLESS[name](world))
    assert "has no path" in refused(world.parties, world.groups[1], message, Refused).sentence


@pytest.mark.refuses("12.4.2")
def test_an_update_by_reference_needs_a_path(world, monkeypatch):
    _, proposal, reference = world.groups[1].propose_update(world.parties.entropy)
    first, third = (world.parties.open(world.groups[at], proposal).group for at in (0, 2))
    with unasked(monkeypatch) as liar:
        liar.setattr(commits, "path_required", lambda _: False)
        message = world.parties.commit(first, references=[reference], path=False).message
    assert "has no path" in refused(world.parties, third, message, Refused).sentence
    assert world.parties.staged(third, world.parties.commit(first, references=[reference]).message).next  # control


def test_control_a_commit_that_needs_no_path_is_followed_without_one(world, monkeypatch):
    message = without_path(world, monkeypatch, Add(world.package))
    assert world.parties.staged(world.groups[1], message).next


# --- 7.3, 12.1.2: Updates ------------------------------------------------------------------------------------

UPDATED = {
    "signed for another place": ("7.3", lambda w, one: signed(one, seed_of(w, 1), at=2), "signature"),
    "signed for another group": ("7.3", lambda w, one: signed(one, seed_of(w, 1), b"other", 1), "signature"),
    "with a point that everybody could open": (
        "7.3",
        lambda w, one: signed(replace(one, encryption_key=bytes(32)), seed_of(w, 1), at=1),
        "everybody could open",
    ),
    "with a neighbour's signature key": (
        "7.3",
        lambda w, one: signed(
            replace(one, signature_key=w.groups[0].state.tree.member(3).signature_key), seed_of(w, 3), at=1
        ),
        "same signature key",
    ),
    "that uses what it does not announce": (
        "7.3",
        lambda w, one: signed(replace(one, extensions=(Extension(0xABCD, b""),)), seed_of(w, 1), at=1),
        "0xabcd",
    ),
    "that cannot what the group uses": (
        "7.3",
        lambda w, one: signed(replace(one, capabilities=Capabilities(), extensions=()), seed_of(w, 1), at=1),
        "0xf001",
    ),
    "of another version": (
        "7.3",
        lambda w, one: signed(other_capabilities(versions=(2,))(one), seed_of(w, 1), at=1),
        "version",
    ),
    "that cannot read its own credential": (
        "7.3",
        lambda w, one: signed(other_capabilities(credentials=(2,))(one), seed_of(w, 1), at=1),
        "credentials",
    ),
    "with a member's name that is not known here": (
        "7.3",
        lambda w, one: signed(replace(one, credential=Credential(1, identity=b"Nobody")), seed_of(w, 1), at=1),
        "somebody else",
    ),
}


@pytest.mark.parametrize("name", cases(UPDATED))
def test_such_an_update_is_refused_to_committers_and_by_receivers(world, monkeypatch, name):
    _, change, sentence = UPDATED[name]
    _, message, reference = world.groups[1].propose(Update(change(world, world.renewed(1))), world.parties.entropy)
    first, third = (world.parties.open(world.groups[at], message).group for at in (0, 2))
    before = first.serialise()
    with pytest.raises(DetenteError, match=sentence):
        world.parties.commit(first, references=[reference])
    assert first.serialise() == before
    world.groups[0], world.groups[2] = first, third
    forged = lying(world, monkeypatch, 0, Reference(reference))
    assert sentence in refused(world.parties, third, forged, DetenteError).sentence
