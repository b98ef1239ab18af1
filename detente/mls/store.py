"""A member's state as bytes, for the store that keeps it (encrypted there, not here).

It is written at every message, so it is short: the tree is written once per tree and kept, and of the
secret tree only what is still needed.  Version 2; another version is `Malformed`, never guessed.
What stands in these bytes are secrets: the signature seed, private keys, and the ratchets.
"""

from __future__ import annotations

from dataclasses import astuple

from detente.crypto.suites import HOUSE_SUITES, CipherSuite, suite_of
from detente.ground.errors import Malformed
from detente.mls.framing import Sender
from detente.mls.leaves import Identity
from detente.mls.proposals import Sent
from detente.mls.schedule import EpochSecrets
from detente.mls.secrettree import Ratchet, SecretTree
from detente.mls.state import PastEpoch, Renewal, State, Waiting
from detente.mls.tree import RatchetTree
from detente.mls.treemath import LeafIndex, NodeIndex
from detente.mls.types import GroupContext, ReInit, encode_proposal, read_proposal, read_uints, uints, values
from detente.wire.tls import Reader, optional, uint, vector, whole

_VERSION = 2


def encode_state(state: State) -> bytes:
    """The whole state."""
    return b"".join(
        (
            uint(_VERSION, 2),
            _encode_identity(state.identity),
            vector(state.context.encode()),
            vector(state.tree.encoded),
            uint(state.own_leaf, 4),
            values(uint(node, 4) + vector(key) for node, key in state.keys.items()),
            b"".join(vector(secret) for secret in astuple(state.secrets)),
            vector(state.interim_hash),
            vector(state.confirmation_tag),
            _encode_secret_tree(state.secret_tree),
            values(_encode_waiting(waiting) for waiting in state.waiting),
            values(vector(public) + _encode_renewal(renewal) for public, renewal in state.renewals.items()),
            optional(None if state.reinit is None else state.reinit.encode()),
            uint(state.keep, 4),
            values(_encode_past(past) for past in state.past),
        )
    )


def decode_state(raw: bytes) -> State:
    """What `encode_state` wrote, or `Malformed`."""
    return whole(raw, _read_state)


def _read_state(reader: Reader) -> State:
    if reader.uint(2) != _VERSION:
        raise Malformed("The state of a group was written by another version of this program.")
    identity = _read_identity(reader)
    context = whole(reader.vector(), GroupContext.read)
    suite = suite_of(context.cipher_suite, HOUSE_SUITES)
    return State(
        identity=identity,
        context=context,
        tree=RatchetTree.read(suite, reader.vector()),
        own_leaf=LeafIndex(reader.uint(4)),
        keys=dict(reader.items(_read_of_node)),
        secrets=EpochSecrets(*(reader.vector() for _ in range(9))),
        interim_hash=reader.vector(),
        confirmation_tag=reader.vector(),
        secret_tree=_read_secret_tree(reader, suite),
        waiting=reader.items(_read_waiting),
        renewals=dict(reader.items(lambda inner: (inner.vector(), _read_renewal(inner)))),
        reinit=reader.optional(ReInit.read),
        keep=reader.uint(4),
        past=reader.items(lambda inner: _read_past(inner, suite)),
    )


def _encode_identity(identity: Identity) -> bytes:
    chain = values(vector(certificate) for certificate in identity.certificates)
    return vector(identity.credential) + vector(identity.signature_seed) + chain + uints(identity.judges, 2)


def _read_identity(reader: Reader) -> Identity:
    return Identity(reader.vector(), reader.vector(), reader.items(Reader.vector), read_uints(reader, 2))


def _encode_renewal(renewal: Renewal) -> bytes:
    return vector(renewal.private) + _encode_identity(renewal.identity)


def _read_renewal(reader: Reader) -> Renewal:
    return Renewal(reader.vector(), _read_identity(reader))


def _encode_past(past: PastEpoch) -> bytes:
    return b"".join(
        (
            vector(past.context.encode()),
            vector(past.tree.encoded),
            vector(past.sender_data),
            _encode_secret_tree(past.secret_tree),
        )
    )


def _read_past(reader: Reader, suite: CipherSuite) -> PastEpoch:
    context, tree = whole(reader.vector(), GroupContext.read), RatchetTree.read(suite, reader.vector())
    return PastEpoch(context, tree, reader.vector(), _read_secret_tree(reader, suite))


def _encode_secret_tree(tree: SecretTree) -> bytes:
    nodes = values(uint(node, 4) + vector(secret) for node, secret in tree.nodes.items())
    ratchets = values(
        uint(leaf, 4) + uint(kind, 1) + _encode_ratchet(ratchet) for (leaf, kind), ratchet in tree.ratchets.items()
    )
    return uint(tree.size, 4) + nodes + ratchets


def _encode_ratchet(ratchet: Ratchet) -> bytes:
    skipped = values(
        uint(generation, 4) + vector(key) + vector(nonce) for generation, (key, nonce) in ratchet.skipped.items()
    )
    return vector(ratchet.secret) + uint(ratchet.generation, 4) + skipped


def _read_secret_tree(reader: Reader, suite: CipherSuite) -> SecretTree:
    size = reader.uint(4)
    nodes = dict(reader.items(_read_of_node))
    ratchets = dict(reader.items(lambda inner: ((LeafIndex(inner.uint(4)), inner.uint(1)), _read_ratchet(inner))))
    return SecretTree(suite, size, nodes, ratchets)


def _read_of_node(reader: Reader) -> tuple[NodeIndex, bytes]:
    """A node, and its secret or its private key."""
    return NodeIndex(reader.uint(4)), reader.vector()


def _read_ratchet(reader: Reader) -> Ratchet:
    secret, generation = reader.vector(), reader.uint(4)
    return Ratchet(secret, generation, dict(reader.items(_read_skipped)))


def _read_skipped(reader: Reader) -> tuple[int, tuple[bytes, bytes]]:
    return reader.uint(4), (reader.vector(), reader.vector())


def _encode_waiting(waiting: Waiting) -> bytes:
    return vector(waiting.reference) + waiting.sent.sender.encode() + encode_proposal(waiting.sent.proposal)


def _read_waiting(reader: Reader) -> Waiting:
    reference, sender = reader.vector(), Sender.read(reader)
    return Waiting(reference, Sent(sender, read_proposal(reader), by_reference=True))
