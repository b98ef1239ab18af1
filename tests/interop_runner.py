"""The scripts of the official interoperation harness, played with clients of any makers.

As a program:  python tests/interop_runner.py --client 127.0.0.1:50001 --client 127.0.0.1:50002 --config FILE...
plays every script for every suite that the clients share, with handshakes sealed and in clear, and for
every way to give the actors to the clients; the line at the end says how many runs there were and how
many failed.  In tests the clients live in this process, without a network.
"""

import argparse
import base64
import importlib
import itertools
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

from detente.mls.interop_wire import RPCS, decode, encode


class Failed(Exception):
    """Members do not agree."""


class Peer:
    """A client behind gRPC on the loopback address."""

    def __init__(self, address):
        self.grpc = importlib.import_module("grpc")
        self.channel = self.grpc.insecure_channel(address)
        self.methods = {
            rpc: self.channel.unary_unary(
                f"/mls_client.MLSClient/{rpc}",
                request_serializer=lambda values, asked=asked: encode(asked, values),
                response_deserializer=lambda raw, answered=answered: decode(answered, raw),
            )
            for rpc, (asked, answered) in RPCS.items()
        }

    def call(self, rpc, ask):
        try:
            return self.methods[rpc](ask, timeout=60)
        except self.grpc.RpcError as error:
            raise Failed(f"{rpc}: {error.details()}") from error


class InProcess:
    """A client in this process; what goes in and out is still written and read as the harness writes it."""

    def __init__(self, client):
        self.client = client

    def call(self, rpc, ask):
        asked, answered = RPCS[rpc]
        return decode(answered, encode(answered, self.client.call(rpc, decode(asked, encode(asked, ask)))))


class Play:
    """One script with one suite, one way of sending handshakes and one cast."""

    def __init__(self, suite, cast, suites, *, encrypt):
        self.suite, self.cast, self.suites, self.encrypt = suite, cast, suites, encrypt
        self.states, self.transactions, self.signers, self.said = {}, {}, {}, {}

    def run(self, script):
        for number, told in enumerate(script):
            self.number = number
            self.said[number] = {}
            step = SimpleNamespace(**{"members": [], **told})
            getattr(self, "do_" + words(step.action))(step)

    def ask(self, actor, rpc, **values):
        return self.cast[actor].call(rpc, values)

    def keep(self, **messages):
        self.said[self.number].update(messages)

    def agree(self, actor, answer, authenticator):
        if answer["epoch_authenticator"] != authenticator:
            raise Failed(f"{actor} does not agree on the epoch authenticator")
        self.states[actor] = answer["state_id"]

    def group_id(self, *, change):
        return self.said[0]["group_id"] + (b"++" if change else b"")

    def other_suite(self):
        self.suite = next(suite for suite in self.suites if suite != self.suite)

    # --- coming in ---------------------------------------------------------------------------------

    def do_create_group(self, step):
        group_id = f"group of {step.actor} {uuid4()}".encode()
        made = self.ask(
            step.actor,
            "CreateGroup",
            group_id=group_id,
            cipher_suite=self.suite,
            encrypt_handshake=self.encrypt,
            identity=step.actor.encode(),
        )
        self.states[step.actor] = made["state_id"]
        self.keep(group_id=group_id)
        if not step.members:
            return
        packages = [self.key_package(member) for member in step.members]
        adds = [{"proposal_type": b"add", "key_package": package} for package in packages]
        done = self.ask(step.actor, "Commit", state_id=self.states[step.actor], by_value=adds)
        authenticator = self.take(step.actor)
        for member in step.members:
            self.join(member, done["welcome"], authenticator)

    def key_package(self, actor):
        made = self.ask(actor, "CreateKeyPackage", cipher_suite=self.suite, identity=actor.encode())
        self.transactions[actor] = made["transaction_id"]
        return made["key_package"]

    def join(self, actor, welcome, authenticator=None, tree=b""):
        answer = self.ask(
            actor,
            "JoinGroup",
            transaction_id=self.transactions[actor],
            welcome=welcome,
            encrypt_handshake=self.encrypt,
            identity=actor.encode(),
            ratchet_tree=tree,
        )
        self.agree(actor, answer, answer["epoch_authenticator"] if authenticator is None else authenticator)

    def take(self, actor):
        answer = self.ask(actor, "HandlePendingCommit", state_id=self.states[actor])
        self.states[actor] = answer["state_id"]
        return answer["epoch_authenticator"]

    def do_create_key_package(self, step):
        self.keep(key_package=self.key_package(step.actor))

    def do_join_group(self, step):
        self.join(step.actor, self.said[step.welcome]["welcome"])

    def do_external_join(self, step):
        shown = self.shown(step.actor, outside=getattr(step, "externalTree", False))
        psks = [{name: self.said[at][name] for name in ("psk_id", "psk_secret")} for at in getattr(step, "psks", [])]
        answer = self.ask(
            step.joiner,
            "ExternalJoin",
            group_info=shown["group_info"],
            ratchet_tree=shown["ratchet_tree"],
            encrypt_handshake=self.encrypt,
            identity=step.joiner.encode(),
            remove_prior=getattr(step, "removePrior", False),
            psks=psks,
        )
        self.states[step.joiner] = answer["state_id"]
        for member in [*step.members, step.actor]:
            self.follow(member, answer["commit"], (), answer["epoch_authenticator"])

    def follow(self, actor, commit, proposals, authenticator=None):
        answer = self.ask(actor, "HandleCommit", state_id=self.states[actor], proposal=list(proposals), commit=commit)
        self.agree(actor, answer, answer["epoch_authenticator"] if authenticator is None else authenticator)

    def shown(self, actor, *, outside=False):
        return self.ask(actor, "GroupInfo", state_id=self.states[actor], external_tree=outside)

    def do_install_external_psk(self, step):
        names = f"psk {self.number} {uuid4()}".encode(), f"secret {self.number}".encode().ljust(32)
        self.keep(psk_id=names[0], psk_secret=names[1])
        for actor in step.clients:
            thing = self.states.get(actor, self.transactions.get(actor, 0))
            self.ask(actor, "StorePSK", state_or_transaction_id=thing, psk_id=names[0], psk_secret=names[1])

    # --- proposals ---------------------------------------------------------------------------------

    def propose(self, step, rpc, **values):
        self.keep(**self.ask(step.actor, rpc, state_id=self.states[step.actor], **values))

    def do_add_proposal(self, step):
        self.propose(step, "AddProposal", key_package=self.said[step.keyPackage]["key_package"])

    def do_update_proposal(self, step):
        self.propose(step, "UpdateProposal")

    def do_remove_proposal(self, step):
        self.propose(step, "RemoveProposal", removed_id=step.removed.encode())

    def do_external_psk_proposal(self, step):
        self.propose(step, "ExternalPSKProposal", psk_id=self.said[step.pskID]["psk_id"])

    def do_resumption_psk_proposal(self, step):
        self.propose(step, "ResumptionPSKProposal", epoch_id=step.epochID)

    def do_group_context_extensions_proposal(self, step):
        self.propose(step, "GroupContextExtensionsProposal", extensions=extensions(step.extensions))

    def described(self, told):
        kind = told["proposalType"]
        values = {"proposal_type": kind.encode()}
        match kind:
            case "add":
                values["key_package"] = self.said[told["keyPackage"]]["key_package"]
            case "remove":
                values["removed_id"] = told["removed"].encode()
            case "externalPSK":
                values["psk_id"] = self.said[told["pskID"]]["psk_id"]
            case "resumptionPSK":
                values["epoch_id"] = told["epochID"]
            case "groupContextExtensions":
                values["extensions"] = extensions(told["extensions"])
            case "reinit":
                values["extensions"] = extensions(told.get("extensions", []))
                if told.get("changeCipherSuite"):
                    self.other_suite()
                values["cipher_suite"] = self.suite
                values["group_id"] = self.group_id(change=told.get("changeGroupID", False))
        return values

    # --- commits -----------------------------------------------------------------------------------

    def proposals(self, step):
        return [self.said[at]["proposal"] for at in getattr(step, "byReference", [])]

    def do_commit(self, step):
        done = self.ask(
            step.actor,
            "Commit",
            state_id=self.states[step.actor],
            by_reference=self.proposals(step),
            by_value=[self.described(told) for told in getattr(step, "byValue", [])],
            force_path=getattr(step, "force_path", False),
            external_tree=getattr(step, "external_tree", False),
        )
        self.keep(**done)
        return done

    def do_full_commit(self, step):
        done, proposals = self.do_commit(step), self.proposals(step)
        authenticator = self.take(step.actor)
        for member in step.members:
            self.follow(member, done["commit"], proposals, authenticator)
        for joiner in getattr(step, "joiners", []):
            self.join(joiner, done["welcome"], authenticator, done["ratchet_tree"])

    def do_handle_commit(self, step):
        self.follow(step.actor, self.said[step.commit]["commit"], self.proposals(step))

    def do_handle_pending_commit(self, step):
        self.take(step.actor)

    # --- messages ----------------------------------------------------------------------------------

    def do_protect(self, step):
        data, text = step.authenticatedData.encode(), step.plaintext.encode()
        sealed = self.ask(
            step.actor, "Protect", state_id=self.states[step.actor], authenticated_data=data, plaintext=text
        )
        self.keep(authenticated_data=data, plaintext=text, **sealed)

    def do_unprotect(self, step):
        said = self.said[step.ciphertext]
        opened = self.ask(step.actor, "Unprotect", state_id=self.states[step.actor], ciphertext=said["ciphertext"])
        if any(opened[name] != said[name] for name in ("authenticated_data", "plaintext")):
            raise Failed("A message was opened as something else.")

    # --- groups that go on -------------------------------------------------------------------------

    def do_reinit(self, step):
        proposer = getattr(step, "proposer", "")
        everybody = sorted({step.welcomer, step.committer, *step.members, *([proposer] if proposer else [])})
        group_id = self.group_id(change=getattr(step, "changeGroupID", False))
        if getattr(step, "changeCipherSuite", False):
            self.other_suite()
        if proposer:
            proposal = self.ask(
                proposer,
                "ReInitProposal",
                state_id=self.states[proposer],
                cipher_suite=self.suite,
                group_id=group_id,
                extensions=extensions(getattr(step, "extensions", [])),
            )["proposal"]
        else:
            proposal = self.said[step.externalReinitProposal]["proposal"]
        committer = step.committer
        commit = self.ask(committer, "ReInitCommit", state_id=self.states[committer], by_reference=[proposal])["commit"]
        ended = {committer: self.ask(committer, "HandlePendingReInitCommit", state_id=self.states[committer])}
        for member in everybody:
            if member != committer:
                ended[member] = self.ask(
                    member,
                    "HandleReInitCommit",
                    state_id=self.states[member],
                    proposal=[proposal],
                    commit=commit,
                )
        if len({one["epoch_authenticator"] for one in ended.values()}) != 1:
            raise Failed("The members do not agree on the last epoch.")
        others = [member for member in everybody if member != step.welcomer]
        founded = self.ask(
            step.welcomer,
            "ReInitWelcome",
            reinit_id=ended[step.welcomer]["reinit_id"],
            key_package=[ended[member]["key_package"] for member in others],
            force_path=getattr(step, "forcePath", False),
            external_tree=getattr(step, "externalTree", False),
        )
        self.states[step.welcomer] = founded["state_id"]
        for member in others:
            answer = self.ask(
                member,
                "HandleReInitWelcome",
                reinit_id=ended[member]["reinit_id"],
                welcome=founded["welcome"],
                ratchet_tree=founded["ratchet_tree"],
            )
            self.agree(member, answer, founded["epoch_authenticator"])

    def do_branch(self, step):
        packages = [self.key_package(member) for member in step.members]
        founded = self.ask(
            step.actor,
            "CreateBranch",
            state_id=self.states[step.actor],
            group_id=f"branch {uuid4()}".encode(),
            extensions=extensions(getattr(step, "extensions", [])),
            key_packages=packages,
            force_path=getattr(step, "force_path", False),
            external_tree=getattr(step, "external_tree", False),
        )
        self.states[step.actor] = founded["state_id"]
        for member in step.members:
            answer = self.ask(
                member,
                "HandleBranch",
                state_id=self.states[member],
                transaction_id=self.transactions[member],
                welcome=founded["welcome"],
                ratchet_tree=founded["ratchet_tree"],
            )
            self.agree(member, answer, founded["epoch_authenticator"])

    # --- from outside ------------------------------------------------------------------------------

    def do_new_member_add_proposal(self, step):
        shown = self.shown(step.actor)
        made = self.ask(
            step.joiner, "NewMemberAddProposal", group_info=shown["group_info"], identity=step.joiner.encode()
        )
        self.transactions[step.joiner] = made["transaction_id"]
        self.keep(proposal=made["proposal"])

    def do_add_external_signer(self, step):
        made = self.ask(step.signer, "CreateExternalSigner", cipher_suite=self.suite, identity=step.signer.encode())
        self.signers[step.signer] = made["signer_id"]
        self.propose(step, "AddExternalSigner", external_sender=made["external_sender"])

    def do_external_signer_proposal(self, step):
        shown = self.shown(step.member, outside=True)
        answer = self.ask(
            step.actor,
            "ExternalSignerProposal",
            signer_id=self.signers[step.actor],
            description=self.described(step.description),
            **shown,
        )
        self.keep(**answer)


def words(action):
    """`fullCommit` is `full_commit`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", action).lower()


def extensions(given):
    """Extensions as the scripts write them: their data in base64."""
    return [
        {"extension_type": one["extension_type"], "extension_data": base64.b64decode(one["extension_data"])}
        for one in given
    ]


def actors_of(script):
    """Who plays in a script."""
    found = set()
    for step in script:
        for name in ("actor", "joiner", "signer", "proposer", "committer", "welcomer"):
            found.update({step[name]} if step.get(name) else ())
        found.update(step.get("members", ()))
    return sorted(found)


def suites_of(peers):
    """The suites that all of them speak."""
    spoken = [set(peer.call("SupportedCiphersuites", {})["ciphersuites"]) for peer in peers]
    return sorted(set.intersection(*spoken))


def casts(actors, peers, most):
    """Every way to give the actors to the peers, or, where there are more than `most`, some of them evenly."""
    ways = list(itertools.product(peers, repeat=len(actors)))
    step = max(1, -(-len(ways) // most))
    return [dict(zip(actors, way, strict=True)) for way in ways[::step]]


def mixed_casts(actors, peers, most):
    """Of all ways those in which every peer has a part, thinned out evenly in the same way."""
    ways = [way for way in casts(actors, peers, len(peers) ** len(actors)) if set(way.values()) == set(peers)]
    return ways[:: max(1, -(-len(ways) // most))]


def play_all(peers, scripts, suites, most=64, ways=casts):
    """Every script, suite, way of sending and cast: (runs, sentences of those that failed)."""
    runs, failures = 0, []
    for name, script in scripts.items():
        for suite, encrypt in itertools.product(suites, (True, False)):
            for cast in ways(actors_of(script), peers, most):
                play = Play(suite, cast, suites_of(peers), encrypt=encrypt)
                runs += 1
                try:
                    play.run(script)
                except Exception as error:  # noqa: BLE001
                    where = f"{name}, suite {suite}, {'sealed' if encrypt else 'in clear'}, step {play.number}"
                    who = [peers.index(cast[actor]) for actor in cast]
                    failures.append(f"{where}, cast {who}: {type(error).__name__} {error}")
    return runs, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", action="append", required=True)
    parser.add_argument("--config", type=Path, nargs="+", required=True)
    parser.add_argument("--most", type=int, default=64)
    options = parser.parse_args()
    peers = [Peer(address) for address in options.client]
    names, suites = [peer.call("Name", {})["name"] for peer in peers], suites_of(peers)
    print(f"{', '.join(names)}; suites {suites}")
    total = failed = 0
    for config in options.config:
        scripts = json.loads(config.read_text("utf-8"))["scripts"]
        runs, failures = play_all(peers, scripts, suites, options.most)
        print(f"{config.stem}: {runs} runs, {len(failures)} failed", flush=True)
        for sentence in failures[:10]:
            print("   ", sentence)
        total, failed = total + runs, failed + len(failures)
    print(f"{total} runs, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
