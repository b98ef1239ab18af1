"""`kill -9` of a process of ours at seeded moments of the scripted run: nothing is lost and nothing doubled."""

import random

import bytecode
import pytest
from killing import play

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill")]

RUNS, KILLS = 3, 10
SOAK_RUNS = 15


@pytest.fixture(scope="module", autouse=True)
def _bytecode(tmp_path_factory):
    with bytecode.kept(tmp_path_factory):
        yield


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return play(tmp_path_factory.mktemp("undisturbed") / "world", patch)


def check(played, undisturbed, kills):
    assert len(played.killed) == kills
    assert played.outcome.ok
    assert played.outcome.content_hash == undisturbed.outcome.content_hash
    assert played.outcome.text_sha256 == undisturbed.outcome.text_sha256
    assert played.outcome.slots_settled == undisturbed.outcome.slots_settled
    orders = {tuple(act["act"] for act in acts) for acts in played.acts.values()}
    assert len(orders) == 1, "the houses hold different logs"
    [order] = orders
    assert len(set(order)) == len(order), "an act has two places"
    for seat in played.acts:
        assert played.deeds(seat) == undisturbed.deeds(seat)


def test_the_undisturbed_run_does_every_act_once(undisturbed):
    check(undisturbed, undisturbed, 0)
    [order] = {tuple(act["act"] for act in acts) for acts in undisturbed.acts.values()}
    assert len(order) == undisturbed.outcome.acts


@pytest.mark.parametrize("seed", range(RUNS))
def test_kills_at_random_moments_change_nothing(undisturbed, tmp_path, monkeypatch, seed):
    played = play(tmp_path / "world", monkeypatch, kills=KILLS, of=undisturbed.requests * 3 // 4, seed=seed)
    check(played, undisturbed, KILLS)


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(SOAK_RUNS))
def test_a_hundred_and_fifty_kills_change_nothing(undisturbed, tmp_path, monkeypatch, round_):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - what a replay needs
    played = play(tmp_path / "world", monkeypatch, kills=KILLS, of=undisturbed.requests * 3 // 4, seed=seed)
    check(played, undisturbed, KILLS)
