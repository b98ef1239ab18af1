"""Groups that live: members come, go, renew their keys and talk, and after every step all agree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls_parties import CHARTER, Parties, agree, leaf

from detente.crypto.suites import HOUSE_SUITES, SUITES
from detente.ground.errors import Malformed
from detente.mls.framing import ContentType, padded
from detente.mls.group import Group, Proposed
from detente.mls.tree import RatchetTree
from detente.mls.types import Extension, Remove

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "renew", "propose", "talk", "mix"]), st.integers(0, 7), st.integers(0, 7)
    ),
    min_size=3,
    max_size=14,
)


class Session:
    """A group of at most eight, each member's state saved and loaded after every step."""

    def __init__(self, suite):
        self.parties = Parties(suite=suite)
        founder = self.parties.found("party-0")
        self.groups, self.named = [founder], 1

    def settle(self):
        for group in self.groups:
            raw = group.serialise()
            assert Group.load(raw) == group
            assert Group.load(raw).serialise() == raw
            tree = group.state.tree
            fresh = RatchetTree(tree.suite, tree.nodes)
            assert fresh.tree_hash == tree.tree_hash == group.tree_hash
            assert [fresh.node_hash(node) for node in range(len(tree.nodes))] == [
                tree.node_hash(node) for node in range(len(tree.nodes))
            ]
            fresh.check_parent_hashes()
            fresh.check_whole()
            suite = tree.suite
            for node, private in group.state.keys.items():
                assert suite.hpke.public_of(private) == tree.nodes[node].encryption_key
        self.groups = [Group.load(group.serialise()) for group in self.groups]
        assert agree(self.groups)

    def ordered(self, committer, pending):
        """A commit takes effect at all; the removed learn it and leave."""
        following = []
        for group in self.groups:
            if group.own_leaf == committer.own_leaf:
                following.append(pending.next)
                continue
            staged = self.parties.staged(group, pending.message)
            assert staged.sender_leaf == committer.own_leaf
            if group.own_leaf in staged.removed:
                assert staged.next is None
            else:
                following.append(staged.next)
        self.groups = following

    def step(self, name, one, other):
        actor = self.groups[one % len(self.groups)]
        getattr(self, name)(actor, other)
        self.settle()

    def add(self, actor, other):
        count = min(1 + other % 3, 8 - len(self.groups))
        made = []
        for _ in range(count):
            identity = self.parties.identity(f"party-{self.named}")
            made.append((identity, *self.parties.package(identity)))
            self.named += 1
        pending = self.parties.commit(actor, add=[public for _, public, _ in made])
        self.ordered(actor, pending)
        for identity, public, private in made:
            joined = self.parties.join(pending.welcome, public, private, identity)
            self.groups.append(joined)

    def remove(self, actor, other):
        leaving = self.groups[other % len(self.groups)]
        if leaving.own_leaf != actor.own_leaf:
            self.ordered(actor, self.parties.commit(actor, remove=[leaving.own_leaf]))

    def renew(self, actor, other):
        extensions = None if other % 2 else (Extension(0xF0FF, bytes([other])),)
        self.ordered(actor, self.parties.commit(actor, leaf_extensions=extensions))

    def propose(self, actor, other):
        """A member renews its leaf by a proposal that another commits."""
        committer = self.groups[other % len(self.groups)]
        if committer.own_leaf == actor.own_leaf:
            return
        proposing, message, reference = actor.propose_update(self.parties.entropy)
        groups = []
        for group in self.groups:
            if group.own_leaf == actor.own_leaf:
                groups.append(proposing)
                continue
            came = self.parties.open(group, message)
            assert isinstance(came, Proposed)
            assert (came.reference, came.sender_leaf) == (reference, actor.own_leaf)
            groups.append(Group.load(came.group.serialise()))
        self.groups = groups
        committer = next(group for group in groups if group.own_leaf == committer.own_leaf)
        self.ordered(committer, self.parties.commit(committer, references=[reference]))

    def talk(self, actor, other):
        self.say(actor, [f"note {other}".encode()] * (1 + other % 3), reverse=False)

    def mix(self, actor, other):
        """Messages come in another order than they were sealed in."""
        self.say(actor, [f"note {count}".encode() for count in range(1 + other % 4)], reverse=True)

    def say(self, actor, texts, *, reverse):
        sealed = []
        sending = actor
        for text in texts:
            sending, message = sending.seal(text, b"data", self.parties.entropy)
            assert Group.peek(message).content_type == ContentType.APPLICATION
            sealed.append((text, message))
        groups = []
        for group in self.groups:
            if group.own_leaf == actor.own_leaf:
                groups.append(sending)
                continue
            after = group
            for text, message in reversed(sealed) if reverse else sealed:
                came = self.parties.opened(after, message)
                assert (came.plaintext, came.sender_leaf, came.authenticated_data) == (text, actor.own_leaf, b"data")
                after = came.group
            groups.append(after)
        self.groups = groups


def live_through(steps, suite):
    session = Session(suite)
    session.step("add", 0, 2)
    for step in steps:
        session.step(*step)
    return session


@settings(max_examples=10)
@given(steps=STEPS, suite=st.sampled_from(list(HOUSE_SUITES.values())))
def test_all_members_agree_after_every_step(steps, suite):
    assert live_through(steps, suite).groups


@pytest.mark.slow
@settings(max_examples=60)
@given(steps=STEPS, suite=st.sampled_from(list(HOUSE_SUITES.values())))
def test_all_members_agree_after_every_step_of_many_lives(steps, suite):
    assert live_through(steps, suite).groups


def test_a_group_of_eight_fills_and_empties():
    session = Session(SUITES[1])
    while len(session.groups) < 8:
        session.step("add", session.named, 2)
    for one in range(8):
        session.step("renew", one, 0)
    assert len(session.groups[0].state.tree.nodes) == 15
    while len(session.groups) > 1:
        session.step("remove", 0, len(session.groups) - 1)
    assert len(session.groups[0].state.tree.nodes) == 1
    session.step("renew", 0, 0)
    session.step("add", 0, 1)


def test_extensions_of_the_group_and_of_leaves_are_carried():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    for group in (first, second, third):
        assert group.context_extensions == CHARTER
        assert [member.extensions for member in group.members] == [
            leaf("Arvenia"),
            leaf("Belmora"),
            leaf("Corvalis"),
        ]
    changed = (Extension(0xF001, b"another charter"),)
    pending = parties.commit(second, context_extensions=changed)
    assert pending.next.context_extensions == changed
    assert parties.staged(first, pending.message).next.context_extensions == changed


def test_staged_says_who_came_and_who_left():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    newcomer = parties.identity("Dorvik")
    package, _ = parties.package(newcomer)
    pending = parties.commit(first, add=[package], remove=[third.own_leaf], authenticated_data=b"head of the log")
    staged = parties.staged(second, pending.message)
    assert [member.identity for member in staged.added] == [b"Dorvik"]
    assert staged.removed == (2,)
    assert staged.authenticated_data == b"head of the log"
    assert staged.added[0] in staged.next.members
    assert Group.peek(pending.message).content_type == ContentType.COMMIT
    assert parties.staged(third, pending.message).next is None


def test_a_commit_that_lost_the_race_is_forgotten():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    lost, won = parties.commit(first), parties.commit(second)
    first = parties.staged(lost.current, won.message).next
    third = parties.staged(third, won.message).next
    assert agree([first, won.next, third])
    again = parties.commit(first)
    assert agree([again.next, parties.staged(third, again.message).next])


def test_a_proposal_to_remove_is_committed_by_its_reference():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    _, message, reference = first.propose(Remove(third.own_leaf), parties.entropy)
    second = parties.open(second, message).group
    third = parties.open(third, message).group
    pending = parties.commit(second, references=[reference])
    assert len(pending.next.members) == 2
    assert parties.staged(third, pending.message).next is None


def test_keys_that_were_used_are_not_in_the_stored_state():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    taken, _ = second.state.secret_tree.take(first.own_leaf, 1, 0)
    third, message = first.seal(b"a note", b"", parties.entropy)
    after = parties.opened(second, message).group
    for group in (third, after):
        assert taken[0] not in group.serialise()
        assert second.state.secret_tree.nodes[1] not in group.serialise()
    later = parties.opened(after, third.seal(b"x", b"", parties.entropy)[1]).group
    assert after.state.secret_tree.ratchets[0, 1].secret not in later.serialise()


def test_private_keys_of_an_earlier_epoch_are_not_in_the_stored_state():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    before = dict(second.state.keys)
    pending = parties.commit(second)
    for private in before.values():
        assert private in second.serialise()
        assert private not in pending.next.serialise()
    assert second.state.secrets.init not in pending.next.serialise()
    assert parties.staged(first, pending.message).next.epoch == second.epoch + 1


def test_a_secret_is_not_printed():
    parties = Parties()
    first, _ = parties.group("Arvenia", "Belmora")
    shown = repr(first) + repr(first.state) + repr(first.state.secrets) + repr(first.state.secret_tree)
    shown += repr(first.state.identity)
    for secret in (first.state.identity.signature_seed, first.state.secrets.init, *first.state.keys.values()):
        assert repr(secret) not in shown


def test_a_state_of_another_version_is_not_guessed_at():
    raw = Parties().found().serialise()
    with pytest.raises(Malformed):
        Group.load(b"\0\1" + raw[2:])
    with pytest.raises(Malformed):
        Group.load(raw + b"\0")


@given(length=st.integers(1, 300_000))
def test_padding_goes_to_buckets(length):
    bucket = padded(length)
    assert length <= bucket
    assert bucket in {256 << shift for shift in range(9)} or bucket % 65_536 == 0
    assert bucket <= max(256, 2 * length)


def test_messages_of_a_bucket_have_one_length():
    parties = Parties()
    first, _ = parties.group("Arvenia", "Belmora")
    assert len({len(first.seal(bytes(size), b"", parties.entropy)[1]) for size in (0, 1, 50, 180)}) == 1
