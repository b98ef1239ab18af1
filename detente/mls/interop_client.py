"""A client of the official interoperation harness: every RPC of `interop_wire.RPCS` as a method.

The harness plays scripts with clients of several makers in one group and compares their epoch
authenticators.  `Client` is what stands behind the RPCs; it knows no network (`interop` has that), so the
same scripts run within one process too.

It is made for tests and says so: it trusts whoever claims to be somebody, keeps external keys as they come,
the resumption keys of all epochs, and the messages of some past epochs, and hands out private keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from detente.crypto.suites import HOUSE_SUITES, CipherSuite, Suites, suite_of
from detente.ground.errors import Malformed, Refused
from detente.mls.group import (
    Group,
    Identity,
    Opened,
    PendingCommit,
    Proposed,
    Staged,
    external_proposal,
    joining_proposal,
    key_package,
    read_group_info,
    read_key_package,
)
from detente.mls.interop_wire import RPCS, Values
from detente.mls.leaves import Entropy, PrivatePart
from detente.mls.tree import RatchetTree
from detente.mls.treemath import LeafIndex
from detente.mls.types import (
    BASIC,
    Add,
    Credential,
    Extension,
    Extensions,
    ExtensionType,
    GroupContextExtensions,
    PreSharedKey,
    PreSharedKeyId,
    Proposal,
    ReInit,
    Remove,
    extension_data,
)
from detente.wire.tls import Reader, vector, whole

_PAST_EPOCHS = 8
_RESUMPTION = 1


def _anybody(_identity: bytes, _signature_key: bytes, _extensions: Extensions) -> None:
    """Whoever the harness says."""


@dataclass
class Memory:
    """Pre-shared keys that a member knows: external ones by their id, those of epochs by group and number."""

    external: dict[bytes, bytes] = field(default_factory=dict)
    epochs: dict[tuple[bytes, int], bytes] = field(default_factory=dict)

    def __call__(self, psk: PreSharedKeyId) -> bytes | None:
        """The key of that name."""
        return self.epochs.get((psk.group_id, psk.epoch)) if psk.usage else self.external.get(psk.psk_id)


@dataclass
class Packed:
    """A key package that waits for its Welcome."""

    public: bytes
    private: bytes
    identity: Identity
    memory: Memory = field(default_factory=Memory)


@dataclass
class Seat:
    """A member in one epoch.  `sent` are its own proposals, by their bytes, with their references."""

    group: Group
    encrypt: bool
    memory: Memory
    sent: dict[bytes, bytes] = field(default_factory=dict)
    pending: PendingCommit | None = None


@dataclass
class Ended:
    """A member after a ReInit, with a key package for what follows."""

    seat: Seat
    packed: Packed


@dataclass(frozen=True)
class Signer:
    """One outside of the group who may propose."""

    private: bytes


@dataclass(frozen=True)
class Seen:
    """What a proposal must know of a group, from inside or outside."""

    tree: RatchetTree
    group_id: bytes

    @property
    def nonce_length(self) -> int:
        """The length of a pre-shared key's nonce."""
        return self.tree.suite.hash_length

    def leaf_of(self, identity: bytes) -> LeafIndex:
        """Where that member sits."""
        for leaf, node in self.tree.leaves:
            if node.credential.identity == identity:
                return leaf
        raise Refused("Nobody of that name is in the group.", rule="interop/unknown")


class Client:
    """The state of all members that one maker's client plays."""

    def __init__(self, entropy: Entropy, spoken: Suites = HOUSE_SUITES, name: str = "detente") -> None:
        self.entropy, self.spoken, self.label = entropy, spoken, name
        self._things: dict[int, Any] = {}

    def call(self, rpc: str, ask: Values) -> Values:
        """Answer one RPC; raises what the library raises."""
        method: Callable[[Values], Values | None] = getattr(self, _method(rpc))
        return method(ask) or {}

    # --- memory --------------------------------------------------------------------------------------

    def _keep(self, thing: object) -> int:
        number = len(self._things) + 1
        self._things[number] = thing
        return number

    def _find(self, number: int, kind: type[Any]) -> Any:
        found = self._things.get(number)
        if not isinstance(found, kind):
            raise Refused("The harness names something that this client does not have.", rule="interop/unknown")
        return found

    def _seat(self, ask: Values) -> Seat:
        found: Seat = self._find(ask["state_id"], Seat)
        return found

    def _seated(self, group: Group, *, encrypt: bool, memory: Memory) -> tuple[int, bytes]:
        group = group.keeping(_PAST_EPOCHS)
        memory.epochs[group.group_id, group.epoch] = group.resumption_psk
        return self._keep(Seat(group, encrypt, memory)), group.epoch_authenticator

    def _joined(self, group: Group, *, encrypt: bool, memory: Memory) -> Values:
        number, authenticator = self._seated(group, encrypt=encrypt, memory=memory)
        return {"state_id": number, "epoch_authenticator": authenticator}

    def _pack(self, suite: CipherSuite, name: bytes) -> Packed:
        identity = Identity(name, suite.new_signature_key(self.entropy))
        public, private = key_package(identity, (), self.entropy, suite=suite)
        return Packed(public, private, identity)

    # --- coming in -----------------------------------------------------------------------------------

    def name(self, _ask: Values) -> Values:
        """The name of this client."""
        return {"name": self.label}

    def supported_ciphersuites(self, _ask: Values) -> Values:
        """The suites that it speaks."""
        return {"ciphersuites": list(self.spoken)}

    def create_group(self, ask: Values) -> Values:
        """A group of one."""
        suite = suite_of(ask["cipher_suite"], self.spoken)
        identity = Identity(ask["identity"], suite.new_signature_key(self.entropy))
        group = Group.create(ask["group_id"], identity, (), (), self.entropy, suite=suite)
        return {"state_id": self._seated(group, encrypt=ask["encrypt_handshake"], memory=Memory())[0]}

    def create_key_package(self, ask: Values) -> Values:
        """A key package, with its private keys."""
        packed = self._pack(suite_of(ask["cipher_suite"], self.spoken), ask["identity"])
        return {"key_package": packed.public, **self._shown(packed)}

    def _shown(self, packed: Packed) -> Values:
        private = PrivatePart.decode(packed.private)
        return {
            "transaction_id": self._keep(packed),
            "init_priv": private.init,
            "encryption_priv": private.encryption,
            "signature_priv": packed.identity.signature_seed,
        }

    def join_group(self, ask: Values) -> Values:
        """Enter by a Welcome."""
        packed: Packed = self._find(ask["transaction_id"], Packed)
        group = self._welcomed(packed, ask)
        return self._joined(group, encrypt=ask["encrypt_handshake"], memory=packed.memory)

    def _welcomed(self, packed: Packed, ask: Values, old: Group | None = None) -> Group:
        return Group.join(
            ask["welcome"],
            packed.public,
            packed.private,
            packed.identity,
            _anybody,
            ratchet_tree=ask["ratchet_tree"] or None,
            psks=packed.memory,
            spoken=self.spoken,
            old=old,
        )

    def external_join(self, ask: Values) -> Values:
        """Enter by an external commit."""
        suite = suite_of(read_group_info(ask["group_info"]).context.cipher_suite, self.spoken)
        identity = Identity(ask["identity"], suite.new_signature_key(self.entropy))
        memory = Memory({psk["psk_id"]: psk["psk_secret"] for psk in ask["psks"]})
        bring = [PreSharedKeyId(self.entropy(suite.hash_length), psk_id=psk["psk_id"]) for psk in ask["psks"]]
        group, commit = Group.enter(
            ask["group_info"],
            identity,
            (),
            self.entropy,
            _anybody,
            ratchet_tree=ask["ratchet_tree"] or None,
            resync=ask["remove_prior"],
            bring=bring,
            psks=memory,
            spoken=self.spoken,
        )
        return {"commit": commit, **self._joined(group, encrypt=ask["encrypt_handshake"], memory=memory)}

    # --- looking -------------------------------------------------------------------------------------

    def group_info(self, ask: Values) -> Values:
        """What an external commit needs."""
        group, outside = self._seat(ask).group, ask["external_tree"]
        return {
            "group_info": group.group_info(tree=not outside),
            "ratchet_tree": group.ratchet_tree if outside else b"",
        }

    def state_auth(self, ask: Values) -> Values:
        """The epoch authenticator."""
        return {"state_auth_secret": self._seat(ask).group.epoch_authenticator}

    def export(self, ask: Values) -> Values:
        """A secret for another use."""
        group = self._seat(ask).group
        return {"exported_secret": group.export(ask["label"], ask["context"], ask["key_length"])}

    def store_psk(self, ask: Values) -> None:
        """Keep an external pre-shared key."""
        thing = self._things.get(ask["state_or_transaction_id"])
        if not isinstance(thing, Seat | Packed):
            raise Refused("The harness names nobody who could keep a key.", rule="interop/unknown")
        thing.memory.external[ask["psk_id"]] = ask["psk_secret"]

    def free(self, ask: Values) -> None:
        """Forget."""
        self._things[ask["state_id"]] = None

    # --- messages ------------------------------------------------------------------------------------

    def protect(self, ask: Values) -> Values:
        """Seal an application message."""
        seat = self._seat(ask)
        seat.group, sealed = seat.group.seal(ask["plaintext"], ask["authenticated_data"], self.entropy)
        return {"ciphertext": sealed}

    def unprotect(self, ask: Values) -> Values:
        """Open an application message."""
        seat = self._seat(ask)
        match seat.group.open(ask["ciphertext"], _anybody):
            case Opened(group=group, authenticated_data=data, plaintext=plaintext):
                seat.group = group
                return {"authenticated_data": data, "plaintext": plaintext}
            case _:
                raise Malformed("This is not an application message.")

    # --- proposals -----------------------------------------------------------------------------------

    def _propose(self, seat: Seat, proposal: Proposal) -> Values:
        made = seat.group.propose(proposal, self.entropy, public=not seat.encrypt)
        return self._sent(seat, made)

    @staticmethod
    def _sent(seat: Seat, made: tuple[Group, bytes, bytes]) -> Values:
        seat.group, message, reference = made
        seat.sent[message] = reference
        return {"proposal": message}

    def add_proposal(self, ask: Values) -> Values:
        """Propose to add."""
        return self._propose(self._seat(ask), Add(read_key_package(ask["key_package"])))

    def update_proposal(self, ask: Values) -> Values:
        """Propose to renew the own leaf."""
        seat = self._seat(ask)
        return self._sent(seat, seat.group.propose_update(self.entropy, public=not seat.encrypt))

    def remove_proposal(self, ask: Values) -> Values:
        """Propose to remove."""
        seat = self._seat(ask)
        return self._propose(seat, Remove(_seen(seat).leaf_of(ask["removed_id"])))

    def external_psk_proposal(self, ask: Values) -> Values:
        """Propose an external key."""
        seat = self._seat(ask)
        return self._propose(seat, self._described({**ask, "proposal_type": b"externalPSK"}, _seen(seat)))

    def resumption_psk_proposal(self, ask: Values) -> Values:
        """Propose the key of an earlier epoch."""
        seat = self._seat(ask)
        return self._propose(seat, self._described({**ask, "proposal_type": b"resumptionPSK"}, _seen(seat)))

    def group_context_extensions_proposal(self, ask: Values) -> Values:
        """Propose other extensions."""
        return self._propose(self._seat(ask), GroupContextExtensions(_extensions(ask["extensions"])))

    def re_init_proposal(self, ask: Values) -> Values:
        """Propose to end the group."""
        said = ReInit(ask["group_id"], 1, ask["cipher_suite"], _extensions(ask["extensions"]))
        return self._propose(self._seat(ask), said)

    def _described(self, ask: Values, seen: Seen) -> Proposal:
        """A proposal as the harness describes one."""
        nonce = self.entropy(seen.nonce_length)
        match ask["proposal_type"]:
            case b"add":
                return Add(read_key_package(ask["key_package"]))
            case b"remove":
                return Remove(seen.leaf_of(ask["removed_id"]))
            case b"externalPSK":
                return PreSharedKey(PreSharedKeyId(nonce, psk_id=ask["psk_id"]))
            case b"resumptionPSK":
                psk = PreSharedKeyId(nonce, usage=_RESUMPTION, group_id=seen.group_id, epoch=ask["epoch_id"])
                return PreSharedKey(psk)
            case b"groupContextExtensions":
                return GroupContextExtensions(_extensions(ask["extensions"]))
            case b"reinit":
                return ReInit(ask["group_id"], 1, ask["cipher_suite"], _extensions(ask["extensions"]))
            case _:
                raise Malformed("The harness describes a proposal of an unknown kind.")

    # --- commits -------------------------------------------------------------------------------------

    def _heard(self, seat: Seat, proposals: Sequence[bytes]) -> list[bytes]:
        """Take in proposals of others; the references of all, the own ones among them."""
        references = []
        for message in proposals:
            if message in seat.sent:
                references.append(seat.sent[message])
                continue
            came = seat.group.open(message, _anybody, psks=seat.memory, allow_public=True)
            if not isinstance(came, Proposed):
                raise Malformed("This is not a proposal.")
            seat.group = came.group
            references.append(came.reference)
        return references

    def commit(self, ask: Values) -> Values:
        """Commit proposals by reference and by value; the next epoch waits for `handle_pending_commit`."""
        seat = self._seat(ask)
        references = self._heard(seat, ask["by_reference"])
        seat.pending = seat.group.commit(
            references=references,
            proposals=[self._described(one, _seen(seat)) for one in ask["by_value"]],
            entropy=self.entropy,
            authenticate=_anybody,
            psks=seat.memory,
            path=ask["force_path"],
            public=not seat.encrypt,
            tree_inside=not ask["external_tree"],
        )
        seat.group = seat.pending.current
        return {
            "commit": seat.pending.message,
            "welcome": seat.pending.welcome or b"",
            "ratchet_tree": seat.pending.next.ratchet_tree if ask["external_tree"] else b"",
        }

    def re_init_commit(self, ask: Values) -> Values:
        """Commit the ReInit."""
        return self.commit(ask)

    def handle_commit(self, ask: Values) -> Values:
        """Follow another's commit."""
        seat = self._seat(ask)
        return self._joined(self._followed(seat, ask), encrypt=seat.encrypt, memory=seat.memory)

    def _followed(self, seat: Seat, ask: Values) -> Group:
        self._heard(seat, ask["proposal"])
        match seat.group.open(ask["commit"], _anybody, psks=seat.memory, allow_public=True):
            case Staged(next=Group() as group):
                return group
            case _:
                raise Malformed("This is no commit that leads on.")

    def handle_pending_commit(self, ask: Values) -> Values:
        """Take the own commit."""
        seat = self._seat(ask)
        return self._joined(self._taken(seat), encrypt=seat.encrypt, memory=seat.memory)

    @staticmethod
    def _taken(seat: Seat) -> Group:
        if seat.pending is None:
            raise Refused("No own commit waits.", rule="interop/unknown")
        return seat.pending.after(seat.group)

    # --- groups that go on -----------------------------------------------------------------------------

    def handle_pending_re_init_commit(self, ask: Values) -> Values:
        """Take the own commit that ends the group."""
        seat = self._seat(ask)
        return self._ended(seat, self._taken(seat))

    def handle_re_init_commit(self, ask: Values) -> Values:
        """Follow another's commit that ends the group."""
        seat = self._seat(ask)
        return self._ended(seat, self._followed(seat, ask))

    def _ended(self, seat: Seat, group: Group) -> Values:
        if group.reinit is None:
            raise Malformed("The group did not end.")
        name = group.state.identity.credential
        packed = replace(self._pack(suite_of(group.reinit.cipher_suite, self.spoken), name), memory=seat.memory)
        number = self._keep(Ended(Seat(group, seat.encrypt, seat.memory), packed))
        return {
            "reinit_id": number,
            "key_package": packed.public,
            "epoch_authenticator": group.epoch_authenticator,
        }

    def re_init_welcome(self, ask: Values) -> Values:
        """Found the group anew."""
        ended: Ended = self._find(ask["reinit_id"], Ended)
        pending = ended.seat.group.found_again(
            ask["key_package"],
            ended.packed.identity,
            (),
            self.entropy,
            _anybody,
            psks=ended.seat.memory,
            spoken=self.spoken,
            tree_inside=not ask["external_tree"],
        )
        return self._founded(pending, ended.seat, ask)

    def _founded(self, pending: PendingCommit, seat: Seat, ask: Values) -> Values:
        return {
            "welcome": pending.welcome or b"",
            "ratchet_tree": pending.next.ratchet_tree if ask["external_tree"] else b"",
            **self._joined(pending.next, encrypt=seat.encrypt, memory=seat.memory),
        }

    def handle_re_init_welcome(self, ask: Values) -> Values:
        """Enter the group that was founded anew."""
        ended: Ended = self._find(ask["reinit_id"], Ended)
        group = self._welcomed(ended.packed, ask, ended.seat.group)
        return self._joined(group, encrypt=ended.seat.encrypt, memory=ended.seat.memory)

    def create_branch(self, ask: Values) -> Values:
        """Branch off."""
        seat = self._seat(ask)
        pending = seat.group.branch(
            ask["group_id"],
            ask["key_packages"],
            self.entropy,
            _anybody,
            context_extensions=_extensions(ask["extensions"]),
            psks=seat.memory,
            tree_inside=not ask["external_tree"],
        )
        return self._founded(pending, seat, ask)

    def handle_branch(self, ask: Values) -> Values:
        """Enter a branch."""
        seat = self._seat(ask)
        packed: Packed = self._find(ask["transaction_id"], Packed)
        group = self._welcomed(packed, ask, seat.group)
        return self._joined(group, encrypt=seat.encrypt, memory=seat.memory)

    # --- from outside ----------------------------------------------------------------------------------

    def new_member_add_proposal(self, ask: Values) -> Values:
        """Ask to come in."""
        context = read_group_info(ask["group_info"]).context
        packed = self._pack(suite_of(context.cipher_suite, self.spoken), ask["identity"])
        seed = packed.identity.signature_seed
        proposal = joining_proposal(ask["group_info"], packed.public, seed, self.spoken)
        return {"proposal": proposal, **self._shown(packed)}

    def create_external_signer(self, ask: Values) -> Values:
        """Somebody outside with a key."""
        suite = suite_of(ask["cipher_suite"], self.spoken)
        private = suite.new_signature_key(self.entropy)
        sender = vector(suite.signature_public(private)) + Credential(BASIC, identity=ask["identity"]).encode()
        return {"signer_id": self._keep(Signer(private)), "external_sender": sender}

    def add_external_signer(self, ask: Values) -> Values:
        """Propose to name somebody outside."""
        seat = self._seat(ask)
        extensions = seat.group.context_extensions
        kind = int(ExtensionType.EXTERNAL_SENDERS)
        before = extension_data(extensions, kind)
        named = (b"" if before is None else whole(before, Reader.vector)) + ask["external_sender"]
        others = tuple(extension for extension in extensions if extension.type != kind)
        return self._propose(seat, GroupContextExtensions((*others, Extension(kind, vector(named)))))

    def external_signer_proposal(self, ask: Values) -> Values:
        """Propose from outside."""
        signer: Signer = self._find(ask["signer_id"], Signer)
        context = read_group_info(ask["group_info"]).context
        tree = RatchetTree.read(suite_of(context.cipher_suite, self.spoken), ask["ratchet_tree"])
        proposal = self._described(ask["description"], Seen(tree, context.group_id))
        raw = external_proposal(ask["group_info"], ask["signer_index"], proposal, signer.private, self.spoken)
        return {"proposal": raw}


def _method(rpc: str) -> str:
    """The method of an RPC: `ReInitWelcome` is `re_init_welcome`, `StorePSK` is `store_psk`."""
    if rpc not in RPCS:
        raise Malformed("The harness asks for something that it does not have.")
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", rpc).lower()


def _extensions(given: Sequence[Values]) -> Extensions:
    return tuple(Extension(one["extension_type"], one["extension_data"]) for one in given)


def _seen(seat: Seat) -> Seen:
    return Seen(seat.group.state.tree, seat.group.group_id)
