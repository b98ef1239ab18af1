"""The official passive clients: joined by a Welcome, they follow every commit and reach the same epochs.

Every case is run for the suites that we speak; `RUN` says how many cases and how many commits there are,
so that none falls away.
The cases hold every kind of proposal there is, by value and by reference, external commits, messages
in clear, and pre-shared keys, external ones and those of earlier epochs.
"""

import pytest
from mls_vectors import ours, unhex

from detente.crypto.suites import suite_of
from detente.mls.framing import read_message
from detente.mls.group import Group, Identity, Opened, Proposed, Staged
from detente.mls.leaves import PrivatePart

pytestmark = pytest.mark.vectors

RUN = {
    "passive-client-handling-commit": (91, 182),
    "passive-client-random": (1, 200),
    "passive-client-welcome": (56, 0),
    "passive/application": (42, 0),
    "passive/branch": (224, 0),
    "passive/commit": (308, 70),
    "passive/external_join": (42, 28),
    "passive/external_proposals": (196, 322),
    "passive/reinit": (336, 0),
    "passive/welcome_join": (56, 0),
}


def known(_identity, _signature_key, _extensions):
    """The vectors' members are whoever they say."""


class Keys:
    """External pre-shared keys of the case, and the resumption keys of the epochs that were seen."""

    def __init__(self, case):
        self.external = {unhex(psk["psk_id"]): unhex(psk["psk"]) for psk in case["external_psks"]}
        self.epochs = {}

    def see(self, group):
        self.epochs[group.group_id, group.epoch] = group.resumption_psk

    def __call__(self, psk):
        return self.epochs.get((psk.group_id, psk.epoch)) if psk.usage else self.external.get(psk.psk_id)


def joined(case, keys):
    package = read_message(unhex(case["key_package"]))
    suite = suite_of(case["cipher_suite"])
    seed, init, encryption = (unhex(case[name]) for name in ("signature_priv", "init_priv", "encryption_priv"))
    assert suite.signature_public(seed) == package.leaf_node.signature_key
    assert suite.hpke.public_of(init) == package.init_key
    assert suite.hpke.public_of(encryption) == package.leaf_node.encryption_key
    return Group.join(
        unhex(case["welcome"]),
        unhex(case["key_package"]),
        PrivatePart(init, encryption).encode(),
        Identity(package.leaf_node.credential.identity, seed),
        known,
        ratchet_tree=None if case["ratchet_tree"] is None else unhex(case["ratchet_tree"]),
        psks=keys,
    )


def follow(case):
    keys = Keys(case)
    group = joined(case, keys)
    assert group.epoch_authenticator == unhex(case["initial_epoch_authenticator"])
    keys.see(group)
    for epoch in case["epochs"]:
        for message in epoch["proposals"]:
            came = group.open(unhex(message), known, psks=keys, allow_public=True)
            assert isinstance(came, Proposed | Opened)
            group = came.group
        group = Group.load(group.serialise())
        staged = group.open(unhex(epoch["commit"]), known, psks=keys, allow_public=True)
        assert isinstance(staged, Staged)
        assert staged.next is not None
        group = staged.next
        assert group.epoch_authenticator == unhex(epoch["epoch_authenticator"])
        keys.see(group)
    return len(case["epochs"])


@pytest.mark.parametrize("name", RUN)
def test_passive_client(name, official):
    followed = [follow(case) for case in ours(name)]
    assert (len(followed), sum(followed)) == RUN[name]
    official(len(followed))
