"""An inviter who lies to the one whom it invites, and groups that ask for what a newcomer cannot do.

The inviter of these tests opens its own true Welcome, changes one thing, signs the GroupInfo anew where
it could, and seals everything again.  Every one of these is refused; the unchanged one leads in.
"""

from dataclasses import replace

import pytest
from mls_parties import Parties, agree

from detente.crypto.suites import SUITE_1
from detente.ground.errors import DetenteError, Malformed, NotAuthentic, Refused
from detente.mls import framing, schedule, types, welcome
from detente.mls.framing import encode_message, read_message
from detente.mls.group import Group, Identity, key_package
from detente.mls.leaves import PrivatePart, check_abilities, demands_of, reference_of
from detente.mls.types import Capabilities, Credential, Extension, ExtensionType, RequiredCapabilities

pytestmark = pytest.mark.attack("A68", "prevented")


class Invitation:
    """A true Welcome, taken apart by those who know its secrets."""

    def __init__(self, *, path=True):
        self.parties = Parties()
        self.group, _ = self.parties.group("Arvenia", "Belmora")
        self.group = self.parties.commit(self.group).next if path else self.without_a_path()
        self.newcomer = self.parties.identity("Corvalis")
        self.package, self.private = self.parties.package(self.newcomer)
        self.pending = self.parties.commit(self.group, add=[self.package], path=path)
        self.message = read_message(self.pending.welcome)
        self.key_package = read_message(self.package)
        private = PrivatePart.decode(self.private)
        self.secrets = welcome.open_secrets(SUITE_1, self.message, self.key_package, private)
        self.info = welcome.open_group_info(SUITE_1, self.message, self.secrets.joiner_secret, bytes(32))

    def without_a_path(self):
        """The same two, in whose tree there are leaves alone."""
        package, _ = self.parties.package(self.parties.identity("Belmora"))
        return self.parties.commit(self.parties.found(), add=[package], path=False).next

    def sealed(self, info=None, secrets=None, *, signer=None):
        """The Welcome with another GroupInfo or other secrets."""
        info = info or self.info
        seed = (signer or self.group.state.identity).signature_seed
        info = replace(info, signature=SUITE_1.sign_with_label(seed, b"GroupInfoTBS", info.to_be_signed))
        key, nonce = schedule.welcome_key_nonce(
            SUITE_1, schedule.welcome_secret(SUITE_1, self.secrets.joiner_secret, bytes(32))
        )
        hidden = SUITE_1.aead_seal(key, nonce, info.encode(), b"")
        pair = SUITE_1.encrypt_with_label(
            self.key_package.init_key, b"Welcome", hidden, (secrets or self.secrets).encode()
        )
        member = types.EncryptedGroupSecrets(reference_of(SUITE_1, self.key_package), types.HpkeCiphertext(*pair))
        return encode_message(types.Welcome(1, (member,), hidden))

    def join(self, raw, **given):
        mine = {"key_package": self.package, "private": self.private, "identity": self.newcomer, **given}
        return Group.join(raw, authenticate=self.parties.authenticate, **mine)

    def with_tree(self, tree):
        """A GroupInfo for another tree."""
        context = replace(self.info.context, tree_hash=tree.tree_hash)
        return replace(self.info, context=context, extensions=(Extension(ExtensionType.RATCHET_TREE, tree.encoded),))


@pytest.fixture
def invited():
    return Invitation()


def test_control_a_true_welcome_sealed_again_leads_in(invited):
    assert agree([invited.join(invited.sealed()), invited.pending.next])


@pytest.mark.refuses("12.4.3.1")
def test_a_group_info_must_be_signed_by_the_member_that_it_names(invited):
    with pytest.raises(NotAuthentic):
        invited.join(invited.sealed(signer=invited.newcomer))
    with pytest.raises(NotAuthentic):
        invited.join(invited.sealed(replace(invited.info, signer=1)))
    with pytest.raises(NotAuthentic):
        invited.join(invited.sealed(replace(invited.info, signer=77)))


@pytest.mark.refuses("12.4.3.1")
@pytest.mark.parametrize("tag", [b"", b"\0", bytes(32)])
def test_the_confirmation_tag_of_a_welcome_must_be_true(invited, tag):
    with pytest.raises(NotAuthentic, match="confirmation"):
        invited.join(invited.sealed(replace(invited.info, confirmation_tag=tag)))


@pytest.mark.refuses("12.4.3.1")
def test_the_tree_must_be_the_one_that_the_group_has(invited):
    other = invited.group.state.tree
    extension = Extension(ExtensionType.RATCHET_TREE, other.encoded)
    with pytest.raises(NotAuthentic, match="tree"):
        invited.join(invited.sealed(replace(invited.info, extensions=(extension,))))
    with pytest.raises(Malformed, match="without"):
        invited.join(invited.sealed(replace(invited.info, extensions=())))


@pytest.mark.refuses("12.4.3.1")
def test_a_tree_without_the_newcomer_is_refused(invited):
    with pytest.raises(NotAuthentic, match="newcomer"):
        invited.join(invited.sealed(invited.with_tree(invited.group.state.tree)))


@pytest.mark.refuses("12.4.3.1")
def test_a_tree_with_an_unsigned_member_is_refused(invited):
    tree = invited.pending.next.state.tree
    ghost = replace(tree.member(2), encryption_key=tree.suite.hpke.derive_key_pair(b"g" * 32)[1])
    ghost = replace(ghost, signature_key=tree.suite.signature_public(b"g" * 32))
    grown, _ = tree.add(ghost)
    with pytest.raises(NotAuthentic, match="signature"):
        invited.join(invited.sealed(invited.with_tree(grown)))


@pytest.mark.refuses("12.4.3.1")
def test_a_tree_with_a_key_that_nobody_vouches_for_is_refused(invited):
    tree = invited.pending.next.state.tree
    node = next(at for at in range(1, len(tree.nodes), 2) if tree.nodes[at] is not None)
    _, key = tree.suite.hpke.derive_key_pair(b"spy" * 11)
    spied = tree.with_nodes({node: replace(tree.nodes[node], encryption_key=key)})
    with pytest.raises(NotAuthentic, match="could know"):
        invited.join(invited.sealed(invited.with_tree(spied)))


@pytest.mark.refuses("12.4.3.1")
def test_a_tree_that_lists_leaves_where_nobody_is_is_malformed(invited):
    tree = invited.pending.next.state.tree
    node = next(at for at in range(1, len(tree.nodes), 2) if tree.nodes[at] is not None)
    odd = tree.with_nodes({node: replace(tree.nodes[node], unmerged_leaves=(1_000_000,))})
    with pytest.raises(Malformed):
        invited.join(invited.sealed(invited.with_tree(odd)))


@pytest.mark.refuses("12.4.3.1")
def test_a_path_secret_must_give_the_keys_that_the_tree_shows(invited):
    assert invited.secrets.path_secret is not None
    with pytest.raises(NotAuthentic):
        invited.join(invited.sealed(secrets=replace(invited.secrets, path_secret=bytes(32))))
    with pytest.raises(NotAuthentic):
        invited.join(invited.sealed(secrets=replace(invited.secrets, joiner_secret=bytes(32))))


@pytest.mark.refuses("12.4.3.1")
def test_a_welcome_for_another_key_package_or_identity_leads_nowhere(invited):
    package, private = invited.parties.package(invited.newcomer)
    with pytest.raises(Refused):
        invited.join(invited.pending.welcome, key_package=package, private=private)
    with pytest.raises(NotAuthentic):
        invited.join(invited.pending.welcome, private=private)
    with pytest.raises(NotAuthentic):
        invited.join(invited.pending.welcome, identity=Identity(b"Corvalis", bytes(32)))
    with pytest.raises(Malformed):
        invited.join(invited.package)
    with pytest.raises(Malformed):
        invited.join(invited.pending.welcome, key_package=invited.pending.welcome)
    with pytest.raises(Malformed):
        invited.join(invited.pending.welcome, private=b"\2" + invited.private[1:])
    with pytest.raises(Malformed):
        invited.join(encode_message(replace(invited.message, cipher_suite=3)))
    assert agree([invited.join(invited.pending.welcome), invited.pending.next])


@pytest.mark.refuses("12.4.3.1")
def test_a_pre_shared_key_that_nobody_holds_opens_nothing(invited):
    psk = types.PreSharedKeyId(bytes(32), psk_id=b"unknown")
    with pytest.raises(Refused):
        invited.join(invited.sealed(secrets=replace(invited.secrets, psks=(psk,))))


def test_a_welcome_is_no_message_of_a_group(invited):
    for raw in (invited.pending.welcome, invited.package):
        with pytest.raises(Malformed):
            Group.peek(raw)
        with pytest.raises(Malformed):
            invited.parties.open(invited.group, raw)
    assert Group.peek(invited.pending.message).epoch == invited.group.epoch


# --- what a group asks of its members ---------------------------------------------------------------------


def required(**lists):
    return Extension(ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities(**lists).encode())


def test_one_who_cannot_do_what_the_group_requires_does_not_come_in(invited):
    parties, group = invited.parties, invited.group
    with pytest.raises(Refused, match="0xaaaa"):
        parties.commit(group, context_extensions=(required(extensions=(0xAAAA,)),))
    with pytest.raises(Refused, match="0xbbbb"):
        parties.commit(group, context_extensions=(required(proposals=(0xBBBB,)),))
    with pytest.raises(Refused, match="0x0002"):
        parties.commit(group, context_extensions=(required(credentials=(2,)),))
    with pytest.raises(Refused, match="0xcccc"):
        parties.commit(group, context_extensions=(Extension(0xCCCC, b""),))
    group = parties.commit(group, context_extensions=(required(extensions=(0xF001,)),)).next
    parties.commit(group, add=[invited.package])  # control
    leaf = invited.key_package.leaf_node
    bare = replace(leaf, capabilities=Capabilities(cipher_suites=(1,)), extensions=())
    with pytest.raises(Refused, match="0xf001"):
        check_abilities(bare, demands_of(group.context_extensions))
    check_abilities(bare, demands_of(()))


def test_leaves_that_say_what_they_cannot_be_are_refused():
    parties = Parties()
    leaf = read_message(parties.package(parties.identity("Arvenia"))[0]).leaf_node
    check_abilities(leaf, demands_of(()))  # control
    for odd in (
        replace(leaf, credential=Credential(2, certificates=(b"chain",))),
        replace(leaf, capabilities=replace(leaf.capabilities, versions=(2,))),
        replace(leaf, capabilities=replace(leaf.capabilities, credentials=(2,))),
        replace(leaf, extensions=(Extension(0xDDDD, b""),)),
    ):
        with pytest.raises(Refused):
            check_abilities(odd, demands_of(()))


def test_a_leaf_of_a_running_group_is_no_key_package(invited):
    leaf = invited.group.state.tree.member(0)
    package = replace(invited.key_package, leaf_node=leaf)
    seed = invited.group.state.identity.signature_seed
    signature = SUITE_1.sign_with_label(seed, b"KeyPackageTBS", package.to_be_signed)
    with pytest.raises(Malformed, match="purpose"):
        invited.parties.commit(invited.group, add=[encode_message(replace(package, signature=signature))], remove=[1])


def test_a_list_of_extensions_has_each_type_once():
    parties = Parties()
    twice = (Extension(0xF000, b"one"), Extension(0xF000, b"other"))
    package, _ = key_package(parties.identity("Arvenia"), twice, parties.entropy)
    with pytest.raises(DetenteError):
        read_message(package)
    once, _ = key_package(parties.identity("Arvenia"), twice[:1], parties.entropy)
    assert read_message(once).leaf_node.extensions == twice[:1]


def test_an_ended_group_says_nothing_more():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    before = second
    first, message, reference = first.propose(types.ReInit(b"next", 1, 1, ()), parties.entropy)
    second = parties.open(second, message).group
    pending = parties.commit(first, references=[reference])
    after = parties.staged(second, pending.message).next
    assert agree([after, pending.next])
    for group in (after, Group.load(after.serialise())):
        with pytest.raises(Refused, match="ended"):
            group.seal(b"", b"", parties.entropy)
        with pytest.raises(Refused, match="ended"):
            parties.commit(group)
    assert before.seal(b"before the end", b"", parties.entropy)  # control


def test_a_commit_must_name_proposals_that_were_sent(invited):
    with pytest.raises(NotAuthentic, match="nobody sent"):
        invited.parties.commit(invited.group, references=[bytes(32)])


def test_an_export_has_a_length(invited):
    for length in (0, -1, 8_161):
        with pytest.raises(Malformed):
            invited.group.export("label", b"", length)
    assert invited.group.export("label", b"", 32) == invited.group.export(b"label", b"", 32)
    assert invited.group.export("label", b"", 32) != invited.group.export("label", b"x", 32)
    assert invited.group.export("label", b"", 32) != invited.group.export("other", b"", 32)


def test_a_large_note_travels_whole():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    text = bytes(range(256)) * 1_200
    _, message = first.seal(text, b"", parties.entropy)
    assert parties.opened(second, message).plaintext == text
    assert len(read_message(message).ciphertext) == framing.padded(len(text) + 70) + 16
