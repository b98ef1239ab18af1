"""The client of the official harness, without a network, in scripts of our own that use every RPC."""

import sys
from types import SimpleNamespace

import pytest
from interop_runner import Failed, InProcess, Play, play_all
from mls_parties import Entropy

from detente.crypto.suites import HOUSE_SUITES, SUITES
from detente.ground.errors import DetenteError, Malformed, Refused
from detente.mls import interop
from detente.mls.interop_client import Client, _method
from detente.mls.interop_wire import RPCS, decode, encode

THREE = {"action": "createGroup", "actor": "alice", "members": ["bob", "carol"]}
SCRIPTS = {
    "talk": [
        THREE,
        {"action": "protect", "actor": "alice", "authenticatedData": "data", "plaintext": "hello"},
        {"action": "fullCommit", "actor": "bob", "members": ["alice", "carol"], "force_path": True},
        {"action": "unprotect", "actor": "carol", "ciphertext": 1},
    ],
    "proposals": [
        THREE,
        {"action": "installExternalPSK", "clients": ["alice", "bob", "carol"]},
        {"action": "createKeyPackage", "actor": "dan"},
        {"action": "addProposal", "actor": "bob", "keyPackage": 2},
        {"action": "updateProposal", "actor": "carol"},
        {"action": "externalPSKProposal", "actor": "alice", "pskID": 1},
        {"action": "resumptionPSKProposal", "actor": "alice", "epochID": 1},
        {"action": "groupContextExtensionsProposal", "actor": "bob", "extensions": []},
        {"action": "installExternalPSK", "clients": ["dan"]},
        {"action": "fullCommit", "actor": "alice", "byReference": [4, 7], "members": ["bob", "carol"]},
        {"action": "removeProposal", "actor": "alice", "removed": "carol"},
        {"action": "fullCommit", "actor": "bob", "byReference": [10], "members": ["alice"]},
    ],
    "by value": [
        THREE,
        {"action": "installExternalPSK", "clients": ["alice", "bob", "carol"]},
        {"action": "createKeyPackage", "actor": "dan"},
        {
            "action": "fullCommit",
            "actor": "alice",
            "byValue": [
                {"proposalType": "remove", "removed": "carol"},
                {"proposalType": "externalPSK", "pskID": 1},
                {"proposalType": "resumptionPSK", "epochID": 1},
                {"proposalType": "groupContextExtensions", "extensions": []},
            ],
            "members": ["bob"],
        },
        {
            "action": "fullCommit",
            "actor": "bob",
            "byValue": [{"proposalType": "add", "keyPackage": 2}],
            "members": ["alice"],
            "joiners": ["dan"],
            "external_tree": True,
        },
    ],
    "steps": [
        THREE,
        {"action": "commit", "actor": "alice", "force_path": True},
        {"action": "handlePendingCommit", "actor": "alice"},
        {"action": "handleCommit", "actor": "bob", "commit": 1},
        {"action": "createKeyPackage", "actor": "dan"},
        {"action": "commit", "actor": "bob", "byValue": [{"proposalType": "add", "keyPackage": 4}]},
        {"action": "joinGroup", "actor": "dan", "welcome": 5},
    ],
    "from outside": [
        THREE,
        {"action": "installExternalPSK", "clients": ["alice", "bob", "carol"]},
        {"action": "externalJoin", "actor": "alice", "joiner": "dan", "members": ["bob", "carol"], "psks": [1]},
        {"action": "addExternalSigner", "actor": "bob", "signer": "ds"},
        {"action": "fullCommit", "actor": "alice", "byReference": [3], "members": ["bob", "carol", "dan"]},
        {
            "action": "externalSignerProposal",
            "actor": "ds",
            "member": "bob",
            "description": {"proposalType": "remove", "removed": "carol"},
        },
        {"action": "newMemberAddProposal", "actor": "bob", "joiner": "eve"},
        {
            "action": "fullCommit",
            "actor": "dan",
            "byReference": [5, 6],
            "members": ["alice", "bob"],
            "joiners": ["eve"],
        },
        {"action": "externalJoin", "actor": "bob", "joiner": "alice", "members": ["dan", "eve"], "removePrior": True},
    ],
    "anew": [
        THREE,
        {
            "action": "reinit",
            "proposer": "carol",
            "committer": "alice",
            "welcomer": "bob",
            "changeCipherSuite": True,
            "changeGroupID": True,
            "externalTree": True,
        },
        {"action": "fullCommit", "actor": "carol", "members": ["alice", "bob"]},
        {"action": "branch", "actor": "bob", "members": ["alice"], "external_tree": True},
        {"action": "fullCommit", "actor": "alice", "members": ["bob"]},
    ],
}


def clients():
    return [InProcess(Client(Entropy(seed))) for seed in (b"one", b"other")]


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_of_our_own(name):
    runs, failures = play_all(clients(), {name: SCRIPTS[name]}, [1], most=4)
    assert not failures
    assert runs == 8


def test_members_who_do_not_agree_are_found():
    peer = clients()[0]

    class Elsewhere(InProcess):
        def call(self, rpc, ask):
            answer = super().call(rpc, ask)
            return {**answer, "epoch_authenticator": bytes(32)} if rpc == "HandleCommit" else answer

    script = SCRIPTS["talk"][:3]
    cast = {"alice": peer, "bob": peer, "carol": Elsewhere(peer.client)}
    with pytest.raises(Failed, match="carol"):
        Play(1, cast, [1], encrypt=True).run(script)
    Play(1, {**cast, "carol": peer}, [1], encrypt=True).run(script)  # control


def test_every_rpc_has_its_method_and_says_no_in_a_sentence():
    client = Client(Entropy(b"alone"))
    assert all(callable(getattr(client, _method(rpc))) for rpc in RPCS)
    assert client.call("Name", {}) == {"name": "detente"}
    assert client.call("SupportedCiphersuites", {})["ciphersuites"] == list(HOUSE_SUITES)
    made = client.call(
        "CreateGroup", {"group_id": b"x", "cipher_suite": 1, "encrypt_handshake": True, "identity": b"alice"}
    )
    shown = client.call("StateAuth", made)["state_auth_secret"]
    assert len(shown) == 32
    secret = client.call("Export", {**made, "label": "l", "context": b"", "key_length": 16})
    assert len(secret["exported_secret"]) == 16
    for rpc, ask in (
        ("HandlePendingCommit", made),
        ("RemoveProposal", {**made, "removed_id": b"nobody"}),
        ("StateAuth", {"state_id": 99}),
        ("StorePSK", {"state_or_transaction_id": 99, "psk_id": b"", "psk_secret": b""}),
        ("JoinGroup", {"transaction_id": made["state_id"]}),
        ("CreateKeyPackage", {"cipher_suite": 0x9999, "identity": b"x"}),
    ):
        with pytest.raises(Refused):
            client.call(rpc, ask)
    with pytest.raises(Malformed):
        client.call("Dance", {})
    sealed = client.call("Protect", {**made, "plaintext": b"x", "authenticated_data": b""})
    with pytest.raises(DetenteError):
        client.call("Unprotect", {**made, **sealed})
    client.call("Free", made)
    with pytest.raises(Refused):
        client.call("StateAuth", made)


def test_messages_are_written_as_protocol_buffers_are():
    asked, _ = RPCS["Export"]
    values = {"state_id": 300, "label": "ü", "context": b"", "key_length": 5}
    assert encode(asked, values) == b"\x08\xac\x02\x12\x02\xc3\xbc\x20\x05"
    assert decode(asked, encode(asked, values)) == values
    _, answered = RPCS["SupportedCiphersuites"]
    assert decode(answered, b"\x0a\x03\x01\xac\x02") == {"ciphersuites": [1, 300]}  # packed, as others write it
    assert decode(answered, encode(answered, {"ciphersuites": [1, 300]})) == {"ciphersuites": [1, 300]}
    assert decode("name:s", b"\x10\x05\x0a\x01x") == {"name": "x"}  # a field of another number
    for raw in (b"\x0a\x05x", b"\x0d\0\0\0\0", b"\xff" * 12, b"\x08\x01"):
        with pytest.raises(Malformed):
            decode("name:s", raw)


class FakeGrpc:
    """As much of grpcio as `interop` calls."""

    StatusCode = SimpleNamespace(INVALID_ARGUMENT="invalid")

    def __init__(self):
        self.ports, self.handlers, self.started = [], {}, False

    def unary_unary_rpc_method_handler(self, call, request_deserializer, response_serializer):
        return lambda raw, context: response_serializer(call(request_deserializer(raw), context) or {})

    def method_handlers_generic_handler(self, service, handlers):
        self.handlers[service] = handlers
        return service

    def server(self, _pool):
        return self

    def add_generic_rpc_handlers(self, _handlers):
        pass

    def add_insecure_port(self, address):
        self.ports.append(address)

    def start(self):
        self.started = True

    def wait_for_termination(self):
        pass


def test_the_program_serves_on_the_loopback_address(monkeypatch):
    fake = FakeGrpc()
    monkeypatch.setitem(sys.modules, "grpc", fake)
    monkeypatch.setattr(sys, "argv", ["interop", "--port", "50001"])
    assert interop.main() == 0
    assert (fake.ports, fake.started) == (["127.0.0.1:50001"], True)
    handlers = fake.handlers["mls_client.MLSClient"]
    assert set(handlers) == set(RPCS)
    assert decode("name:s", handlers["Name"](b"", None)) == {"name": "detente"}
    said = []
    context = SimpleNamespace(abort=lambda *told: said.append(told))
    assert handlers["StateAuth"](b"\x08\x63", context) == b""
    assert said == [("invalid", "The harness names something that this client does not have.")]


def test_without_grpcio_the_program_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "grpc", None)
    monkeypatch.setattr(sys, "argv", ["interop", "--port", "50001"])
    assert interop.main() == 1
    assert "grpcio" in capsys.readouterr().err
    assert 1 in SUITES
