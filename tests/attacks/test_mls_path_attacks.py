"""Paths and trees that are signed, hashed and sealed as they should be, and still lie about one key.

The committer and the inviter of these tests use this very code with one step exchanged, so that everything
around the lie is true; in each case the control shows that nothing but the one check stands in the way.
"""

from dataclasses import replace

import pytest
from mls_parties import Parties, agree
from test_mls_attacks import refused, sealed, signed_again, taken_apart
from test_mls_welcome_attacks import Invitation

from detente.crypto.hpke import Hpke
from detente.crypto.suites import SUITE_1
from detente.ground.errors import Malformed, NotAuthentic, ShutOut
from detente.mls import treekem, welcome
from detente.mls.types import Commit, Extension, ExtensionType, UpdatePath

pytestmark = pytest.mark.attack("A68", "prevented")


@pytest.fixture
def four():
    parties = Parties()
    groups = parties.group("Arvenia", "Belmora", "Corvalis", "Dravonia")
    return parties, groups


def commit_with_a_key_that_nobody_holds(parties, group, monkeypatch):
    """A commit whose lowest node shows a public key of the committer's choice; everything else follows from it."""
    true = treekem.derive_path
    _, stranger = SUITE_1.hpke.derive_key_pair(b"a key of somebody outside".ljust(32))

    def lying(suite, nodes, secret):
        found = true(suite, nodes, secret)
        (node, path_secret, private, _), *above = found.steps
        return replace(found, steps=((node, path_secret, private, stranger), *above))

    with monkeypatch.context() as patched:
        patched.setattr(treekem, "derive_path", lying)
        return parties.commit(group)


@pytest.mark.refuses("12.4.2")
def test_a_path_shows_no_key_but_those_that_its_secrets_give(four, monkeypatch):
    parties, (first, second, third, _) = four
    pending = commit_with_a_key_that_nobody_holds(parties, first, monkeypatch)
    error = refused(parties, second, pending.message, NotAuthentic)
    assert "does not belong" in error.sentence
    monkeypatch.setattr(treekem, "check_keys", lambda *_: None)  # control: the commit would stand
    assert agree([parties.staged(second, pending.message).next, pending.next])
    assert agree([parties.staged(third, pending.message).next, pending.next])


@pytest.mark.refuses("12.4.2")
def test_a_path_is_sealed_to_those_in_the_tree_and_to_nobody_beside_them(four):
    parties, (first, second, third, _) = four
    content = taken_apart(second, parties.commit(first).message)
    commit = content.content.body

    def sealed_to(change):
        """Each secret of the path sealed to others than the tree names."""
        nodes = tuple(replace(node, sealed=change(node.sealed)) for node in commit.path.nodes)
        body = Commit(commit.proposals, UpdatePath(commit.path.leaf_node, nodes))
        forged = signed_again(first, replace(content, content=replace(content.content, body=body)))
        return sealed(parties, first, forged)

    for victim in (second, third):
        for change in (lambda given: (*given, given[0]), lambda given: given * 2, lambda given: given[:-1]):
            refused(parties, victim, sealed_to(change), Malformed)
        control = parties.staged(victim, sealed_to(lambda given: given))
        assert control.next is not None


def test_who_alone_is_shut_out_knows_it_from_what_nobody_can_follow(four):
    """Of a path, the number of secrets is everybody's to judge, and what is in them is only theirs who open it."""
    parties, (first, second, third, fourth) = four
    content = taken_apart(second, parties.commit(first).message)
    commit = content.content.body
    lowest, highest = commit.path.nodes

    def with_lowest(given, tag=content.auth.confirmation_tag):
        """The commit with other secrets for the second member, whom alone the lowest node reaches."""
        path = UpdatePath(commit.path.leaf_node, (replace(lowest, sealed=given), highest))
        body = Commit(commit.proposals, path)
        forged = replace(content, content=replace(content.content, body=body))
        return sealed(
            parties, first, signed_again(first, replace(forged, auth=replace(forged.auth, confirmation_tag=tag)))
        )

    (secret,) = lowest.sealed
    spoiled = replace(secret, ciphertext=secret.ciphertext[:-1] + bytes([secret.ciphertext[-1] ^ 1]))
    short = replace(secret, kem_output=secret.kem_output[:-1])
    for false in (spoiled, short):
        refused(parties, second, with_lowest((false,)), ShutOut)
    for several in ((), (secret, secret)):
        for party in (second, third, fourth):
            assert not isinstance(refused(parties, party, with_lowest(several), Malformed), ShutOut)
    refused(parties, third, with_lowest((secret,), bytes(32)), ShutOut)
    assert parties.staged(third, with_lowest((secret,), content.auth.confirmation_tag)).next is not None  # control


@pytest.mark.refuses("12.4.3.1")
def test_a_newcomer_is_shown_the_tree_that_its_group_has(monkeypatch):
    invited = Invitation()
    later = invited.parties.commit(invited.pending.next).next.state.tree  # whole and signed, of another epoch
    extension = Extension(ExtensionType.RATCHET_TREE, later.encoded)
    info = replace(invited.info, extensions=(extension,))
    secrets = replace(invited.secrets, path_secret=None)  # a path secret would not fit the other keys
    with pytest.raises(NotAuthentic, match="not the tree of its group"):
        invited.join(invited.sealed(info, secrets))

    class Blind(welcome.RatchetTree):
        tree_hash = info.context.tree_hash

    monkeypatch.setattr(welcome, "RatchetTree", Blind)
    assert invited.join(invited.sealed(info, secrets)).epoch == invited.pending.next.epoch  # control


def test_control_a_path_of_the_same_code_without_the_lie_is_followed_by_all(four):
    parties, (first, *others) = four
    pending = parties.commit(first)
    assert agree([pending.next, *(parties.staged(other, pending.message).next for other in others)])
    assert isinstance(SUITE_1.hpke, Hpke)
