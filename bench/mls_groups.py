"""Groups to measure, made quickly and of the kind that years of use would leave.

"full": every member has committed once since it came, so that every node of the tree has a key and a path is sealed
to about log2 N nodes.  "fresh": one member added all the others at once, so that it is sealed to N - 1 leaves.

A full group of a thousand is grown one by one: the member that came last adds the next one (a commit without a path),
who commits at once (with one).  All of these commits are real, signed and sealed.  What nobody does is to open them:
that would be a million times for a thousand members.  Instead the private keys of the tree are kept in one place, by
their public keys, and when the group has grown, a member is given what it would have had it followed: the epoch's
secrets, which are the same for all, its own leaf's key, and the keys of the nodes above it.  A member that was given a
wrong key could open no path; a test holds one against a member who did follow.
"""

import hashlib
from dataclasses import replace

from detente.mls.group import Group, Identity, key_package
from detente.mls.leaves import PrivatePart
from detente.mls.treemath import direct_path


class Entropy:
    """Bytes from a counter: the same keys in every run."""

    def __init__(self):
        self.count = 0

    def __call__(self, size):
        self.count += 1
        return hashlib.shake_256(self.count.to_bytes(8, "big")).digest(size)


ENTROPY = Entropy()


def accredited(_identity, _signature_key, _extensions):
    """Everybody is: the directory is measured elsewhere."""


def newcomer(suite, number):
    """(identity, key package, its private part) of one who may be added."""
    identity = Identity(b"party-%d/node" % number, suite.new_signature_key(ENTROPY))
    return identity, *key_package(identity, (), ENTROPY, suite=suite)


def founder(suite):
    """A group with one member."""
    return Group.create(
        b"line", Identity(b"party-0/node", suite.new_signature_key(ENTROPY)), (), (), ENTROPY, suite=suite
    )


def commit(group, **wish):
    """A pending commit of that member."""
    return group.commit(entropy=ENTROPY, authenticate=accredited, **wish)


class Full:
    """A full group, seen from above: `member(leaf)` is what that member would hold."""

    def __init__(self, state, identities, private_keys):
        self._state = state
        self._identities = tuple(identities)
        self._private_keys = private_keys

    @property
    def size(self):
        return len(self._identities)

    def member(self, leaf):
        tree = self._state.tree
        keys = {
            node: self._private_keys[tree.nodes[node].encryption_key]
            for node in (2 * leaf, *direct_path(leaf, tree.size))
            if tree.nodes[node] is not None
        }
        return Group(replace(self._state, identity=self._identities[leaf], own_leaf=leaf, keys=keys))


def grown(suite, sizes, sent=None):
    """Size -> the full group of that size; all are moments of one group that grows to the largest.

    `sent`, if given, gets the two commits of each newcomer.
    """
    group = founder(suite)
    identities, private_keys, found = [group.state.identity], {}, {}

    def learn():
        for node, private in group.state.keys.items():
            private_keys[group.state.tree.nodes[node].encryption_key] = private

    learn()
    for number in range(1, max(sizes) + 1):
        if number in sizes:
            found[number] = Full(group.state, identities, private_keys)
        if number == max(sizes):
            break
        identity, public, private = newcomer(suite, number)
        added = commit(group, add=[public], path=False, tree_inside=False)
        own = {2 * number: PrivatePart.decode(private).encryption}
        arrived = commit(Group(replace(added.next.state, identity=identity, own_leaf=number, keys=own)))
        identities.append(identity)
        group = arrived.next
        learn()
        if sent is not None:
            sent += [added.message, arrived.message]
    return found


def fresh(suite, size):
    """The founder, who added all the others in one commit, its neighbour, and the last to come in."""
    others = [newcomer(suite, number) for number in range(1, size)]
    made = commit(founder(suite), add=[public for _, public, _ in others])
    joined = [
        Group.join(made.welcome, public, private, identity, accredited, spoken={suite.number: suite})
        for identity, public, private in (others[0], others[-1])
    ]
    return made.next, *joined
