"""What a group requires of its members, and lists of extensions (RFC 9420 sections 11.1, 12.1.7, 12.3, 13)."""

from dataclasses import replace

import pytest
from mls_liars import unasked
from mls_parties import CHARTER, agree, leaf
from test_mls_attacks import refused
from test_mls_checks import World, lying
from test_mls_welcome_attacks import Invitation, required

from detente.crypto.suites import SUITE_1
from detente.ground.errors import Malformed, Refused
from detente.mls import framing
from detente.mls.framing import encode_message
from detente.mls.group import Group, key_package
from detente.mls.types import (
    Add,
    Commit,
    Credential,
    Extension,
    ExtensionType,
    GroupContextExtensions,
    ReInit,
    RequiredCapabilities,
)
from detente.wire.tls import uint, vector

pytestmark = pytest.mark.attack("A68", "prevented")


@pytest.fixture
def world():
    return World()


# --- 11.1, 12.1.7, 12.3: what a group requires -------------------------------------------------------------

DEMANDS = {
    "an extension that nobody has": ({"extensions": (0xAAAA,)}, "0xaaaa"),
    "a proposal that nobody has": ({"proposals": (0xBBBB,)}, "0xbbbb"),
    "a credential that nobody reads": ({"credentials": (2,)}, "0x0002"),
}


@pytest.mark.refuses("11.1")
@pytest.mark.parametrize("name", DEMANDS)
def test_a_group_requires_nothing_that_a_member_lacks(world, monkeypatch, name):
    lists, sentence = DEMANDS[name]
    message = lying(world, monkeypatch, 0, GroupContextExtensions((*CHARTER, required(**lists))))
    for victim in world.groups[1:3]:
        assert sentence in refused(world.parties, victim, message, Refused).sentence


def able(world, **more):
    """The newcomer's key package, which can do more than the members can."""
    lists = world.package.leaf_node.capabilities
    return world.signed_leaf(
        capabilities=replace(lists, **{name: (*getattr(lists, name), *new) for name, new in more.items()})
    )


def group_of_able(world):
    """A group of two who can all do 0xAAAA."""
    parties = world.parties
    founder = Group.create(b"line", parties.identity("Galdia"), (Extension(0xAAAA, b""),), CHARTER, parties.entropy)
    identity = parties.identity("Hestran")
    package, private = key_package(identity, (Extension(0xAAAA, b""),), parties.entropy)
    pending = parties.commit(founder, add=[package])
    return [pending.next, parties.join(pending.welcome, package, private, identity)]


@pytest.mark.refuses("12.1.7")
def test_what_is_required_from_now_on_is_asked_of_those_who_come_in_the_same_commit(world, monkeypatch):
    world.groups = group_of_able(world)
    demand = GroupContextExtensions((*CHARTER, required(extensions=(0xAAAA,))))
    with unasked(monkeypatch):
        message = world.parties.commit(world.groups[0], proposals=[demand, Add(world.package)]).message
    assert "0xaaaa" in refused(world.parties, world.groups[1], message, Refused).sentence
    fit = able(world, extensions=(0xAAAA,))
    assert world.parties.staged(
        world.groups[1], world.parties.commit(world.groups[0], proposals=[demand, Add(fit)]).message
    )  # control


@pytest.mark.refuses("12.3")
def test_new_extensions_are_judged_first_whatever_their_place_in_the_list(world, monkeypatch):
    world.groups = group_of_able(world)
    demand = GroupContextExtensions((*CHARTER, Extension(0xAAAA, b"")))
    for named in ([demand, Add(world.package)], [Add(world.package), demand]):
        with unasked(monkeypatch):
            message = world.parties.commit(world.groups[0], proposals=named).message
        assert "0xaaaa" in refused(world.parties, world.groups[1], message, Refused).sentence


def test_control_what_one_who_leaves_cannot_do_is_not_asked(world):
    parties = world.parties
    first, second = group_of_able(world)
    pending = parties.commit(first, add=[encode_message(world.package)])
    first, second = pending.next, parties.staged(second, pending.message).next
    demand = (*CHARTER, required(extensions=(0xAAAA,)))
    with pytest.raises(Refused, match="0xaaaa"):
        parties.commit(first, context_extensions=demand)
    pending = parties.commit(first, context_extensions=demand, remove=[2])
    assert parties.staged(second, pending.message).next


CROOKED = {
    "required capabilities": (ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities().encode()),
    "external senders": (ExtensionType.EXTERNAL_SENDERS, b"\0"),
}


@pytest.mark.refuses("13")
@pytest.mark.parametrize("name", CROOKED)
@pytest.mark.parametrize("content", [lambda true: true + b"\0", lambda true: true[:-1], lambda _: b"\x41"])
def test_an_extension_that_cannot_be_read_does_not_enter(world, monkeypatch, name, content):
    kind, true = CROOKED[name]
    crooked = GroupContextExtensions((*CHARTER, Extension(kind, content(true))))
    before = world.groups[0].serialise()
    with pytest.raises(Malformed):
        world.parties.commit(world.groups[0], proposals=[crooked])
    assert world.groups[0].serialise() == before
    refused(world.parties, world.groups[1], lying(world, monkeypatch, 0, crooked), Malformed)


TWICE = (Extension(0xF001, b"one"), Extension(0xF001, b"other"))
DOUBLED = {
    "the group's": lambda _: GroupContextExtensions(TWICE),
    "a successor's": lambda _: ReInit(b"next", 1, 1, TWICE),
    "a key package's": lambda w: Add(w.signed_package(extensions=TWICE)),
    "a leaf's": lambda w: Add(w.signed_leaf(extensions=TWICE)),
}


@pytest.mark.refuses("13")
@pytest.mark.parametrize("name", DOUBLED)
def test_no_extension_stands_twice_wherever_a_list_of_them_stands(world, monkeypatch, name):
    message = lying(world, monkeypatch, 0, DOUBLED[name](world))
    assert "one type twice" in refused(world.parties, world.groups[1], message, Malformed).sentence


@pytest.mark.refuses("13")
@pytest.mark.parametrize("where", ["GroupInfo", "GroupContext"])
def test_no_extension_stands_twice_in_what_a_newcomer_is_shown(where):
    invited = Invitation()
    info = replace(invited.info, extensions=(*invited.info.extensions, *TWICE))
    if where == "GroupContext":
        info = replace(invited.info, context=replace(invited.info.context, extensions=TWICE))
    with pytest.raises(Malformed, match="one type twice"):
        invited.join(invited.sealed(info))


GREASE = (0x0A0A, 0xEAEA)


@pytest.mark.refuses("13")
@pytest.mark.parametrize("kind", GREASE)
def test_numbers_without_a_meaning_are_refused_where_they_would_have_one(world, kind):
    grease = GroupContextExtensions((*CHARTER, Extension(kind, b"")))
    with pytest.raises(Refused, match=f"0x{kind:04x}"):
        world.parties.commit(world.groups[0], proposals=[grease])
    for raw in (b"\1" + uint(kind, 2), uint(kind, 2)):
        with pytest.raises(Malformed):
            Commit.read(framing.Reader(vector(raw) + b"\0"))
    with pytest.raises(Malformed, match="credential type"):
        Credential.read(framing.Reader(uint(kind, 2) + b"\0"))


def test_control_numbers_without_a_meaning_are_carried_where_they_have_none(world):
    lists = world.package.leaf_node.capabilities
    greased = replace(
        lists,
        cipher_suites=(*lists.cipher_suites, *GREASE),
        extensions=(*lists.extensions, *GREASE),
        proposals=GREASE,
        credentials=(*lists.credentials, *GREASE),
    )
    package = world.signed_leaf(capabilities=greased, extensions=(*leaf("Elbany"), Extension(GREASE[0], b"any")))
    package = replace(package, extensions=(Extension(GREASE[1], b"thing"),))
    content = replace(package, signature=b"").to_be_signed
    package = replace(
        package, signature=SUITE_1.sign_with_label(world.newcomer.signature_seed, b"KeyPackageTBS", content)
    )
    raw = encode_message(package)
    pending = world.parties.commit(world.groups[0], add=[raw])
    assert agree([world.parties.join(pending.welcome, raw, world.private, world.newcomer), pending.next])
    invited = Invitation()
    info = replace(invited.info, extensions=(*invited.info.extensions, Extension(GREASE[0], b"")))
    assert invited.join(invited.sealed(info))
