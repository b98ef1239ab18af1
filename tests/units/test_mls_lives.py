"""Groups that live as groups do: hypothesis looks for an order of things in which something that must hold does not.

Small groups in every check, up to fifty members among the slow tests, and longer lives in the soak.  What a step
does and must give stands in `mls_life.py`.
"""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from mls_life import Life

from detente.mls import state, store, tree
from detente.mls.group import Group, PendingCommit
from detente.mls.secrettree import SecretTree

ANY = st.integers(0, 10_000)


class Lives(RuleBasedStateMachine):
    """A group of at most `most`, of which at least `least` begin."""

    least, most = 1, 6
    suites = (1, 0xF002)

    @initialize(data=st.data())
    def found(self, data):
        size = data.draw(st.integers(self.least, self.most))
        self.life = Life(size, data.draw(st.sampled_from(self.suites)), self.most)
        for index in range(size):
            self.life.keep(index, data.draw(st.integers(0, 3)))

    @rule(who=ANY)
    def catch_up(self, who):
        self.life.catch_up(who)

    @rule()
    def all_catch_up(self):
        self.life.all_catch_up()

    @rule(who=ANY, add=st.integers(0, 3), remove=st.lists(ANY, max_size=2), extensions=st.booleans(), again=ANY)
    def commit(self, who, **wish):
        self.life.commit(who, **wish)

    @rule(who=ANY, other=ANY, add=st.integers(0, 2), leaving=st.booleans())
    def a_day(self, who, other, add, leaving):
        """Two talk, one of them changes the group, everybody follows, and some of what was said is heard late."""
        self.life.say(who, 2)
        self.life.say(other, 2)
        self.life.all_hear(other)
        self.life.restart(other)
        self.life.commit(who, add=add, remove=[other] if leaving else ())
        self.life.all_hear(who)  # while the commit waits for its place
        self.life.all_catch_up()
        self.life.all_hear(other)
        self.life.all_hear_again()

    @rule(who=ANY, other=ANY)
    def two_commits_in_one_epoch(self, who, other):
        self.life.commit(who)
        self.life.commit(other, remove=[who])

    @rule(who=ANY, add=st.integers(0, 2))
    def commit_without_a_path(self, who, add):
        self.life.commit(who, add=add, path=False)

    @rule(who=ANY)
    def propose_update(self, who):
        self.life.propose_update(who)

    @rule(who=ANY, other=ANY)
    def propose_remove(self, who, other):
        self.life.propose_remove(who, other)

    @rule(who=ANY, again=ANY)
    def propose_add(self, who, again):
        self.life.propose_add(who, again)

    @rule(who=ANY, epochs=ANY)
    def propose_psk(self, who, epochs):
        self.life.propose_psk(who, epochs)

    @rule(who=ANY)
    def propose_extensions(self, who):
        self.life.propose_extensions(who)

    @rule(other=ANY)
    def propose_from_outside(self, other):
        self.life.propose_from_outside(other)

    @rule(who=ANY, resync=st.booleans(), bring=st.booleans())
    def enter(self, who, **how):
        self.life.enter(who, **how)

    @rule(who=ANY, count=st.integers(1, 4))
    def say(self, who, count):
        self.life.say(who, count)

    @rule(who=ANY, pick=ANY)
    def hear(self, who, pick):
        self.life.hear(who, pick)

    @rule(who=ANY, pick=ANY)
    def lose(self, who, pick):
        self.life.lose(who, pick)

    @rule(who=ANY, pick=ANY)
    def hear_again(self, who, pick):
        self.life.hear_again(who, pick)

    @rule(who=ANY, pick=ANY, where=ANY, value=st.integers(1, 255))
    def forge(self, who, **how):
        self.life.forge(who, **how)

    @rule(who=ANY, pick=ANY)
    def eavesdrop(self, who, pick):
        self.life.eavesdrop(who, pick)

    @rule(who=ANY)
    def restart(self, who):
        self.life.restart(who)

    @rule(who=ANY, epochs=ANY)
    def keep(self, who, epochs):
        self.life.keep(who, epochs)

    @invariant()
    def holds(self):
        if hasattr(self, "life"):
            self.life.check()

    def teardown(self):
        if hasattr(self, "life"):
            self.life.end()


class ManyLives(Lives):
    """The same with up to fifty members."""

    least, most, suites = 20, 50, (1,)


QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}
AS_FOUND = {
    **QUIET,
    "phases": (Phase.explicit, Phase.reuse, Phase.generate),
}  # to shrink a life of fifty takes too long


def live(lives, examples, steps, **how):
    run_state_machine_as_test(lives, settings=settings(max_examples=examples, stateful_step_count=steps, **how))


def test_a_small_group_lives():
    assert live(Lives, 25, 25, **QUIET) is None


@pytest.mark.slow
def test_a_group_of_fifty_lives():
    assert live(ManyLives, 8, 70, **AS_FOUND) is None


@pytest.mark.soak
@pytest.mark.parametrize(("lives", "examples", "steps"), [(Lives, 200, 120), (ManyLives, 12, 150)])
def test_groups_live_long(lives, examples, steps):
    assert live(lives, examples, steps, **AS_FOUND) is None


# --- controls: the same lives find what is broken --------------------------------------------------------------


def _used_keys_stay(tree, leaf, kind, generation, true=SecretTree.take):
    """The tree as it was before."""
    return true(tree, leaf, kind, generation)[0], tree


def _past_as_it_was(pending, held):
    """What was heard while the commit waited can be heard again."""
    return Group(replace(pending.next.state, keep=held.state.keep, past=pending.current.state.passed))


def _root_alone(hashes, node, top):
    """A change forgets its own hash and that of the root, and none between."""
    hashes[node] = hashes[top] = None


def _memoryless(tree):
    """A store that forgets which keys were skipped."""
    return encode_tree(replace(tree, ratchets={at: replace(one, skipped={}) for at, one in tree.ratchets.items()}))


encode_tree = store._encode_secret_tree
BROKEN = {
    "used keys stay": (SecretTree, "take", _used_keys_stay),
    "the past comes back": (PendingCommit, "after", _past_as_it_was),
    "hashes stay": (tree, "_forget", _root_alone),
    "skipped keys are not stored": (store, "_encode_secret_tree", _memoryless),
    "nobody asks for the epoch": (state, "_check_epoch", lambda *_: None),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_control_a_broken_group_does_not_live(name, monkeypatch):
    monkeypatch.setattr(*BROKEN[name])
    with pytest.raises((Exception, pytest.fail.Exception)):
        live(Lives, 200, 40, report_multiple_bugs=False, **AS_FOUND)
