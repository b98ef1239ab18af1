"""Groups mixed with ts-mls, another maker's MLS: played at random, in the official scripts, and with tampered commits.

The last part shows where ts-mls 1.6.4 departs from RFC 9420, section by section, each with what it does right beside
it; when one of these tests fails, ts-mls has changed, and the plays need not keep off it any more.
"""

import json
import random

import pytest
import ts_mls
from interop_runner import InProcess, mixed_casts, play_all
from mixed_groups import UNDERSTOOD, UNSEEN, Counts, Mixed, Play, nested
from mls_parties import Entropy
from shared import shared

from detente.ground.errors import Malformed
from detente.mls.interop_client import Client

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("ts-mls")]

MAKERS = ("ours", "theirs")
STEPS = 40
SUITES = (1, 2, 3, 4, 5, 6, 7)
SEEDS = {1: range(20)}  # and one more that is new in each run
FEW = range(2)
DEEDS = {
    *(f"message from {one} to {other}" for one in MAKERS for other in MAKERS),
    *(
        f"{deed} {maker}"
        for maker in MAKERS
        for deed in (
            "sealed commit of",
            "clear commit of",
            "external commit of",
            "return of",
            "removed",
            "welcome with the tree inside for",
            "welcome with the tree beside for",
            "add proposed by",
            "remove proposed by",
            "update proposed by",
            "external key proposed by",
            "resumption key proposed by",
            "extensions proposed by",
            "joining proposed by",
            "late message to",
            "message of an earlier epoch to",
        )
    ),
}


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ts-mls")
    ts_mls.install(folder)
    theirs = ts_mls.TsMls(folder)
    yield {"ours": InProcess(Client(Entropy(b"ours"))), "theirs": theirs}
    theirs.close()


@pytest.fixture
def counts(counted):
    """What a test did, told at the end of the run."""
    made = Counts()
    yield made
    counted("mixed groups", made.groups)
    counted("epochs compared", made.epochs)
    counted("messages opened", made.messages)
    counted("entries refused as foretold", made.refused)


@pytest.fixture
def mixed(peers, counts):
    """A group of suite 1 in which everything that is not drawn here is drawn from one seed."""
    return Mixed(peers, 1, random.Random(0), counts)


# --- what both do ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suite", SUITES)
def test_all_agree_after_every_step(peers, counts, suite):
    fresh = random.SystemRandom().randrange(2**32)
    for number, seed in enumerate([*SEEDS.get(suite, FEW), fresh]):
        print(f"suite {suite}, seed {seed}")  # noqa: T201 - what a replay needs
        play = Play(peers, suite, random.Random(seed), counts)
        founder, other = MAKERS if number % 2 else MAKERS[::-1]
        play.found(founder, other, *play.rng.choices(MAKERS, k=2))
        for _ in range(STEPS):
            play.step()
        assert {seat.maker for seat in play.seats.values()} == set(MAKERS)
    if suite in SEEDS:
        assert set(counts.deeds) >= DEEDS, "the seeds do not reach everything"


SENDERS = "Could not decode external_senders"  # section 12.1.8.1: a list, for ts-mls one sender
NOT_DONE = {
    "branch with_extensions": ("ts-mls gives a branch the extensions of its group",),
    "commit group_context_extensions": (SENDERS,),
    "commit all_together_alice_proposes": (SENDERS,),
    "commit all_together_bob_proposes": (SENDERS,),
    "reinit change_extensions": (SENDERS,),
    "external_join with_psk": ("ts-mls brings no pre-shared key into an external commit",),
    **{
        f"external_proposals {script}": (SENDERS, "ts-mls does not do CreateExternalSigner", "AddExternalSigner")
        for script in (
            "external_add",
            "external_remove",
            "external_psk",
            "resumption_psk",
            "group_context_extensions",
            "multiple_external",
            "external_reinit",
        )
    },
}


@pytest.mark.vectors
@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(
    "name", ["application", "branch", "commit", "external_join", "external_proposals", "reinit", "welcome_join"]
)
def test_official_scripts(peers, counted, name, suite):
    """Each script in casts of both makers; what fails is what ts-mls is known not to do, and nothing else."""
    scripts = json.loads(shared(f"vectors/mls/interop-configs/{name}.json").read_text("utf-8"))["scripts"]
    passed, most = 0, 8 if suite == 1 else 2
    for script, steps in scripts.items():
        runs, failures = play_all(list(peers.values()), {script: steps}, [suite], most, mixed_casts)
        known = NOT_DONE.get(f"{name} {script}", ())
        assert [one for one in failures if not any(words in one for words in known)] == []
        assert failures or not known or suite != 1, f"{name} {script} was thought to fail"
        passed += runs - len(failures)
    counted("official scripts with ts-mls", passed)


# --- what nobody takes ------------------------------------------------------------------------------


def bent(message, rng):
    """The message with one bit changed, in many places; without its end; with something after it."""
    for at in sorted(rng.sample(range(len(message)), min(48, len(message)))):
        yield message[:at] + bytes([message[at] ^ 1 << rng.randrange(8)]) + message[at + 1 :]
    yield message[:-1]
    yield message + bytes(1)


def stored(mixed, seat):
    """All that a member's client would store of it."""
    if seat.maker == "theirs":
        return mixed.ask(seat, "State")["state"]
    return mixed.peers["ours"].client._things[seat.state].group.serialise()


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "in clear"])
@pytest.mark.parametrize("committer", MAKERS)
@pytest.mark.parametrize("suite", [1, 2, 4])
def test_a_tampered_commit_is_refused_and_changes_nothing(peers, counts, suite, committer, sealed):
    mixed = Mixed(peers, suite, random.Random(suite), counts, sealed=sealed)
    mixed.found("ours", "theirs", "ours", "theirs")
    sender = mixed.of(committer)
    receivers = [seat for seat in mixed.others() if seat.maker != committer]
    removed = next(seat.name for seat in receivers[1:])
    new = mixed.newcomer(committer)
    proposals, made = mixed.make_commit(sender, adds=[new], removes=[removed], psks=[mixed.new_psk()])
    mixed.give(mixed.psks, [(new.maker, new.transaction)])
    before = stored(mixed, receivers[0])
    for message in bent(made["commit"], mixed.rng):
        mixed.refusal(receivers[0], "HandleCommit", commit=message)
        assert stored(mixed, receivers[0]) == before
    mixed.take_in(sender, made["commit"], proposals, {removed}, filled=True)  # control: as it was sent, all follow
    mixed.move(sender, mixed.ask(sender, "HandlePendingCommit"))
    mixed.enter_epoch({removed})
    mixed.welcome([new], made)
    mixed.compare()


@pytest.mark.parametrize("sender", MAKERS)
def test_a_tampered_message_is_refused_and_the_true_one_opens_once(mixed, sender):
    mixed.found("ours", "theirs")
    said, [receiver] = mixed.say(mixed.of(sender)), mixed.others(mixed.of(sender).name)
    before = stored(mixed, receiver)
    for message in bent(said.sealed, mixed.rng):
        mixed.refusal(receiver, "Unprotect", ciphertext=message)
        assert stored(mixed, receiver) == before
    mixed.hear(receiver, said)
    after = stored(mixed, receiver)
    assert after != before
    mixed.refusal(receiver, "Unprotect", ciphertext=said.sealed)
    assert stored(mixed, receiver) == after


def test_messages_are_opened_in_any_order(mixed):
    mixed.found("ours", "theirs")
    for sender in MAKERS:
        said = [mixed.say(mixed.of(sender)) for _ in range(9)]
        [receiver] = mixed.others(mixed.of(sender).name)
        for one in mixed.rng.sample(said, len(said)):
            mixed.hear(receiver, one)


# --- where ts-mls departs from RFC 9420 ---------------------------------------------------------------


def test_section_12_4_ts_mls_changes_extensions_without_a_path(mixed):
    mixed.found("ours", "theirs")
    change = [{"extension_type": UNDERSTOOD, "extension_data": b"x"}]
    _, made = mixed.make_commit(mixed.of("theirs"), extensions=[change])
    assert "has no path" in mixed.refusal(mixed.of("ours"), "HandleCommit", commit=made["commit"])
    mixed.commit(mixed.of("ours"), extensions=[change])  # it follows such a commit with a path


def test_section_12_4_1_ts_mls_seals_a_path_under_the_old_extensions(mixed):
    mixed.found("ours", "theirs", "ours")
    change = [{"extension_type": UNDERSTOOD, "extension_data": b"x"}]
    third = mixed.others()[-1].name
    _, made = mixed.make_commit(mixed.of("theirs"), extensions=[change], removes=[third])
    said = mixed.refusal(mixed.of("ours"), "HandleCommit", commit=made["commit"])
    assert "cannot be opened" in said
    mixed.commit(mixed.of("theirs"), removes=[third])  # without other extensions its path opens


def test_section_12_1_7_ts_mls_keeps_extensions_that_are_taken_away(mixed):
    mixed.found("ours", "theirs")
    mixed.commit(mixed.of("ours"), extensions=[[{"extension_type": UNDERSTOOD, "extension_data": b"x"}]])
    _, made = mixed.make_commit(mixed.of("ours"), extensions=[[]])
    assert mixed.refusal(mixed.of("theirs"), "HandleCommit", commit=made["commit"])
    mixed.commit(mixed.of("ours"), extensions=[[{"extension_type": UNDERSTOOD, "extension_data": b"y"}]])


@pytest.mark.parametrize("committer", MAKERS)
def test_section_12_4_1_ts_mls_derives_one_secret_too_many_where_no_path_reaches_the_root(mixed, committer):
    other = next(maker for maker in MAKERS if maker != committer)
    mixed.found("ours", "theirs", "ours", "theirs")
    mixed.commit(mixed.others()[2], path=True)
    left = [seat.name for seat in mixed.others()[:2]]
    sender = next(seat for seat in mixed.others(*left) if seat.maker == committer)
    receiver = next(seat for seat in mixed.others(*left) if seat.maker == other)
    _, made = mixed.make_commit(sender, removes=left)
    assert "onfirmation tag" in mixed.refusal(receiver, "HandleCommit", commit=made["commit"])
    mixed.commit(sender, removes=left[:1])  # with somebody left in the left half both agree


def test_section_12_4_3_2_ts_mls_writes_the_external_key_without_its_length(mixed):
    mixed.found("theirs", "ours")
    shown = mixed.ask(mixed.of("theirs"), "OwnGroupInfo")
    ask = {**shown, "identity": b"a newcomer"}
    with pytest.raises(Malformed):
        mixed.peers["ours"].call("ExternalJoin", ask)
    mixed.external("ours", "ours again", prior=False)  # with its length, which tests/peers puts before it


def test_section_7_1_ts_mls_takes_a_tree_with_nested_unmerged_leaves_for_a_bad_one(mixed):
    mixed.found("ours", "ours", "ours")
    mixed.commit(mixed.others()[0], path=True)
    for makers in (["ours"], ["ours", "ours", "theirs"]):
        mixed.commit(mixed.others()[0], adds=[mixed.newcomer(maker) for maker in makers], path=False)
    assert not nested(mixed.tree())
    mixed.commit(mixed.others()[5], path=True)
    assert nested(mixed.tree())
    refused = mixed.counts.refused
    mixed.commit(mixed.others()[0], adds=[mixed.newcomer("theirs")], path=False)
    assert (mixed.counts.refused, len(mixed.gone)) == (refused + 1, 1)
    mixed.commit(mixed.others()[0], adds=[mixed.newcomer("ours")], path=False)  # ours comes in


def test_ts_mls_does_not_see_its_removal_where_its_place_is_filled_at_once(mixed):
    mixed.found("ours", "theirs", "ours")
    removed, new = mixed.of("theirs"), mixed.newcomer("ours")
    _, made = mixed.make_commit(mixed.of("ours"), adds=[new], removes=[removed.name])
    assert UNSEEN in mixed.refusal(removed, "HandleCommit", commit=made["commit"])
    _, made = mixed.make_commit(mixed.of("ours"), removes=[removed.name])
    assert "was removed" in mixed.refusal(removed, "HandleCommit", commit=made["commit"])
