"""The client of the interoperation harness, with scripts of our own: two of ours in one group, every RPC asked.

The official scripts are played among the vector tests; these need nothing from outside.
"""

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_runner import InProcess, Play, actors_of, play_all
from mls_parties import Entropy

from detente.ground.errors import DetenteError, Malformed
from detente.mls import interop
from detente.mls.interop_client import Client
from detente.mls.interop_wire import MESSAGES, RPCS, decode, encode

THREE = {"action": "createGroup", "actor": "a", "members": ["b", "c"]}
MORE = [{"extension_type": 3, "extension_data": "AAAA"}]  # what a member must be able to do: nothing


def all_follow(actor, *others, **what):
    return {"action": "fullCommit", "actor": actor, "members": list(others), **what}


def signed_outside(description):
    """Somebody outside proposes, and the group commits."""
    return [
        THREE,
        {"action": "addExternalSigner", "actor": "a", "signer": "d"},
        all_follow("a", "b", "c", byReference=[1]),
        {"action": "externalSignerProposal", "actor": "d", "member": "b", "description": description},
    ]


SCRIPTS = {
    "members come, renew themselves and go": [
        THREE,
        {"action": "createKeyPackage", "actor": "d"},
        {"action": "addProposal", "actor": "b", "keyPackage": 1},
        {"action": "updateProposal", "actor": "c"},
        all_follow("a", "b", "c", byReference=[2, 3], joiners=["d"], external_tree=True),
        {"action": "removeProposal", "actor": "d", "removed": "b"},
        all_follow("c", "a", "d", byReference=[5]),
        all_follow("d", "a", byValue=[{"proposalType": "remove", "removed": "c"}]),
        {"action": "commit", "actor": "a", "force_path": True},
        {"action": "handleCommit", "actor": "d", "commit": 8},
        {"action": "handlePendingCommit", "actor": "a"},
    ],
    "a key package is added by value and joins apart": [
        {"action": "createGroup", "actor": "a"},
        {"action": "createKeyPackage", "actor": "b"},
        all_follow("a", byValue=[{"proposalType": "add", "keyPackage": 1}]),
        {"action": "createKeyPackage", "actor": "c"},
        {"action": "commit", "actor": "a", "byValue": [{"proposalType": "add", "keyPackage": 3}]},
        {"action": "handlePendingCommit", "actor": "a"},
        {"action": "joinGroup", "actor": "c", "welcome": 4},
    ],
    "keys from elsewhere and from before": [
        THREE,
        {"action": "installExternalPSK", "clients": ["a", "b", "c"]},
        {"action": "externalPSKProposal", "actor": "a", "pskID": 1},
        {"action": "resumptionPSKProposal", "actor": "b", "epochID": 1},
        all_follow("c", "a", "b", byReference=[2, 3]),
        all_follow(
            "b",
            "a",
            "c",
            byValue=[{"proposalType": "externalPSK", "pskID": 1}, {"proposalType": "resumptionPSK", "epochID": 2}],
        ),
    ],
    "the group's extensions": [
        THREE,
        {"action": "groupContextExtensionsProposal", "actor": "b", "extensions": MORE},
        all_follow("a", "b", "c", byReference=[1]),
        all_follow("c", "a", "b", byValue=[{"proposalType": "groupContextExtensions", "extensions": []}]),
    ],
    "messages in another order, also past a commit": [
        THREE,
        {"action": "protect", "actor": "a", "authenticatedData": "one", "plaintext": "first"},
        {"action": "protect", "actor": "a", "authenticatedData": "", "plaintext": "second"},
        all_follow("b", "a", "c"),
        {"action": "unprotect", "actor": "c", "ciphertext": 2},
        {"action": "unprotect", "actor": "c", "ciphertext": 1},
    ],
    "from outside, with a key, and again in one's own place": [
        {"action": "createGroup", "actor": "a"},
        {"action": "installExternalPSK", "clients": ["a"]},
        {"action": "externalJoin", "actor": "a", "joiner": "b", "psks": [1], "externalTree": True},
        {"action": "externalJoin", "actor": "a", "joiner": "b", "removePrior": True},
        {"action": "externalJoin", "actor": "a", "joiner": "c", "members": ["b"]},
    ],
    "a newcomer proposes itself": [
        {"action": "createGroup", "actor": "a"},
        {"action": "newMemberAddProposal", "actor": "a", "joiner": "b"},
        all_follow("a", byReference=[1], joiners=["b"]),
    ],
    "somebody outside removes": [
        *signed_outside({"proposalType": "remove", "removed": "c"}),
        all_follow("a", "b", byReference=[3]),
    ],
    "somebody outside ends the group": [
        *signed_outside({"proposalType": "reinit", "changeGroupID": True, "changeCipherSuite": True}),
        {"action": "reinit", "externalReinitProposal": 3, "committer": "a", "welcomer": "b", "members": ["c"]},
    ],
    "a group is founded anew": [
        THREE,
        {
            "action": "reinit",
            "proposer": "a",
            "committer": "b",
            "welcomer": "c",
            "members": ["a", "b"],
            "changeGroupID": True,
            "extensions": MORE,
        },
    ],
    "a group within a group": [THREE, {"action": "branch", "actor": "b", "members": ["a", "c"], "extensions": MORE}],
}


def two_of_ours():
    return [InProcess(Client(Entropy(seed))) for seed in (b"one", b"other")]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_played_to_its_end_sealed_and_in_clear(name):
    runs, failures = play_all(two_of_ours(), {name: SCRIPTS[name]}, [1], most=2)
    assert failures == []
    assert runs == 4


def test_control_members_who_do_not_follow_do_not_agree():
    one = InProcess(Client(Entropy(b"one")))
    play = Play(1, dict.fromkeys("abc", one), [1], encrypt=True)
    play.run([THREE, all_follow("a", "b")])
    assert play_all([one], {"lost": [THREE, all_follow("a", "b"), all_follow("a", "c")]}, [1])[1] != []


def test_the_scripts_ask_for_everything_that_a_harness_may_ask():
    asked = Counter()

    class Counting(InProcess):
        def call(self, rpc, ask):
            asked[rpc] += 1
            return super().call(rpc, ask)

    one = Counting(Client(Entropy(b"one")))
    for script in SCRIPTS.values():
        Play(1, dict.fromkeys(actors_of(script), one), [1, 2], encrypt=True).run(script)
    apart = {"Name", "SupportedCiphersuites", "StateAuth", "Export", "Free"}
    assert set(RPCS) - set(asked) <= apart
    assert one.call("Name", {})["name"]
    assert 1 in one.call("SupportedCiphersuites", {})["ciphersuites"]
    made = one.call("CreateGroup", {"group_id": b"group", "cipher_suite": 1, "identity": b"a"})
    state = {"state_id": made["state_id"]}
    assert one.call("StateAuth", state)["state_auth_secret"]
    assert (
        len(one.call("Export", {**state, "label": "label", "context": b"", "key_length": 17})["exported_secret"]) == 17
    )
    one.call("Free", state)
    with pytest.raises(DetenteError):
        one.call("StateAuth", state)


@pytest.mark.parametrize(
    ("rpc", "ask"),
    [
        ("Commit", {"state_id": 9}),
        ("JoinGroup", {"transaction_id": 9, "welcome": b""}),
        ("CreateKeyPackage", {"cipher_suite": 0x7777}),
        ("HandlePendingCommit", {"state_id": 1}),
        ("HandleCommit", {"state_id": 1, "commit": b"nonsense"}),
        ("Commit", {"state_id": 1, "by_value": [{"proposal_type": b"dance"}]}),
    ],
)
def test_what_cannot_be_done_is_said(rpc, ask):
    one = InProcess(Client(Entropy(b"one")))
    one.call("CreateGroup", {"group_id": b"group", "cipher_suite": 1, "identity": b"a"})
    with pytest.raises(DetenteError):
        one.call(rpc, ask)


@given(st.sampled_from(sorted(MESSAGES)), st.binary(max_size=60))
def test_any_bytes_are_a_message_of_the_harness_or_malformed(name, raw):
    try:
        values = decode(MESSAGES[name], raw)
    except Malformed:
        return
    assert decode(MESSAGES[name], encode(MESSAGES[name], values)) == values


@pytest.mark.parametrize("raw", [b"\x08", b"\x0a\x05ab", b"\x0d\x00\x00\x00\x00", b"\x80" * 11])
def test_bytes_that_no_number_field_holds(raw):
    with pytest.raises(Malformed):
        decode("state_id:u", raw)


def test_without_its_package_the_program_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "grpc", None)
    monkeypatch.setattr(sys, "argv", ["interop", "--port", "1"])
    assert interop.main() == 1
    assert "grpcio" in capsys.readouterr().err
    assert (
        subprocess.run([sys.executable, "-m", "detente.mls.interop"], capture_output=True, check=False).returncode == 2
    )
