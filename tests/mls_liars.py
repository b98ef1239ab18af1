"""How the members of attack tests lie: their own checks are off, so that all else in what they send is in order."""

import contextlib
from dataclasses import replace

from detente.crypto.suites import SUITE_1
from detente.mls import commits


class Anything:
    """What a group asks of a leaf, where nobody asks."""

    def admit(self, _leaf):
        pass

    check_leaf = admit


@contextlib.contextmanager
def unasked(monkeypatch):
    """Whoever makes a commit inside of this is asked nothing."""
    with monkeypatch.context() as liar:
        for check in ("check_list", "check_entering", "check_after"):
            liar.setattr(commits, check, lambda *_, **__: None)
        liar.setattr(commits, "needs_of", lambda *_: Anything())
        yield liar


def signed(leaf_node, seed, group_id=b"line", at=0):
    """The leaf signed by that seed, for that place."""
    content = leaf_node.to_be_signed(group_id, at)
    return replace(leaf_node, signature=SUITE_1.sign_with_label(seed, b"LeafNodeTBS", content))


def seed_of(world, at):
    return world.groups[at].state.identity.signature_seed
