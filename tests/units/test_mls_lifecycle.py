"""Groups beyond the ordinary: coming in alone, proposals from outside, founded anew, branched, keys rotated, late notes."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mls_parties import CHARTER, Parties, agree, certificate, leaf

from detente.crypto.suites import HOUSE_SUITES, SUITES
from detente.ground.errors import DetenteError, Malformed, NotAuthentic, Refused
from detente.mls.framing import encode_message, read_message
from detente.mls.group import (
    AuthService,
    Group,
    Identity,
    Lifetimes,
    Proposed,
    external_proposal,
    joining_proposal,
    key_package,
    read_group_info,
)
from detente.mls.leaves import ALWAYS
from detente.mls.types import (
    X509,
    Credential,
    Extension,
    ExtensionType,
    PreSharedKey,
    PreSharedKeyId,
    ReInit,
    Remove,
    RequiredCapabilities,
)
from detente.wire.tls import vector

EVERY_SUITE = pytest.mark.parametrize("suite", HOUSE_SUITES.values(), ids=[s.name for s in HOUSE_SUITES.values()])


def in_clear(parties, group, message, **options):
    return group.open(message, parties.authenticate, allow_public=True, **options)


def enter(parties, group_info, identity, **options):
    return Group.enter(
        group_info, identity, leaf("x"), parties.entropy, parties.authenticate, spoken=HOUSE_SUITES, **options
    )


# --- coming in alone --------------------------------------------------------------------------------------


@EVERY_SUITE
def test_a_newcomer_comes_in_alone_and_everybody_follows(suite):
    parties = Parties(suite=suite)
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    entered, message = enter(parties, second.group_info(), parties.identity("Dorvik"))
    first, second, third = (in_clear(parties, group, message).next for group in (first, second, third))
    assert agree([first, second, third, entered])
    assert [member.identity for member in entered.members][-1] == b"Dorvik"
    pending = parties.commit(entered)
    assert agree([pending.next, parties.staged(first, pending.message).next])


def test_staged_says_who_came_in_alone():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    _, message = enter(parties, first.group_info(), parties.identity("Corvalis"))
    staged = in_clear(parties, second, message)
    assert ([member.identity for member in staged.added], staged.sender_leaf) == ([b"Corvalis"], 2)
    assert Group.peek(message).epoch == first.epoch
    with pytest.raises(Refused, match="in clear"):
        parties.open(second, message)


def test_one_who_lost_its_state_comes_back_in_the_place_of_its_old_self():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    back, message = enter(parties, first.group_info(), parties.accredited[b"Belmora"], resync=True)
    first, third = (in_clear(parties, group, message).next for group in (first, third))
    assert agree([first, third, back])
    assert [member.identity for member in back.members] == [b"Arvenia", b"Belmora", b"Corvalis"]
    assert in_clear(parties, second, message).next is None  # the old self is out
    with pytest.raises(Refused, match="old self"):
        enter(parties, first.group_info(), parties.identity("Dorvik"), resync=True)


@pytest.mark.refuses("12.4.3.2")
def test_a_resync_cannot_remove_somebody_else(monkeypatch):
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    with monkeypatch.context() as forger:
        forger.setattr("detente.mls.external._old_self", lambda *_: (second.own_leaf,))
        forger.setattr("detente.mls.commits.check_successor", lambda *_: None)
        _, message = enter(parties, first.group_info(), parties.identity("Dorvik"))
    before = third.serialise()
    with pytest.raises(NotAuthentic, match="somebody else"):
        in_clear(parties, third, message)
    assert third.serialise() == before
    monkeypatch.setattr("detente.mls.commits.check_successor", lambda *_: None)
    assert in_clear(parties, third, message).removed == (second.own_leaf,)  # control


def test_the_tree_may_come_by_another_way():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    bare = first.group_info(tree=False)
    with pytest.raises(Malformed, match="tree"):
        enter(parties, bare, parties.identity("Corvalis"))
    entered, message = enter(parties, bare, parties.identity("Corvalis"), ratchet_tree=first.ratchet_tree)
    assert agree([entered, in_clear(parties, second, message).next])
    newcomer = parties.identity("Dorvik")
    package, private = parties.package(newcomer)
    pending = parties.commit(first, add=[package], tree_inside=False)
    with pytest.raises(Malformed, match="tree"):
        parties.join(pending.welcome, package, private, newcomer)
    with pytest.raises(NotAuthentic, match="not the tree"):
        parties.join(pending.welcome, package, private, newcomer, ratchet_tree=first.ratchet_tree)
    joined = parties.join(pending.welcome, package, private, newcomer, ratchet_tree=pending.next.ratchet_tree)
    assert agree([joined, pending.next])


def test_a_group_that_shows_no_key_lets_nobody_in_alone():
    parties = Parties()
    first, _ = parties.group("Arvenia", "Belmora")
    with pytest.raises(Refused, match="no key"):
        enter(parties, first.group_info(external_pub=False), parties.identity("Corvalis"))
    forged = read_group_info(first.group_info())
    with pytest.raises(NotAuthentic):
        enter(parties, encode_message(replace(forged, signature=bytes(64))), parties.identity("Corvalis"))
    with pytest.raises(NotAuthentic):
        enter(parties, encode_message(replace(forged, confirmation_tag=bytes(32))), parties.identity("Corvalis"))
    with pytest.raises(Malformed):
        read_group_info(parties.package(parties.identity("Elbany"))[0])


def test_a_pre_shared_key_goes_into_an_external_commit():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    psk = PreSharedKeyId(bytes(32), psk_id=b"envelope")
    entered, message = enter(
        parties, first.group_info(), parties.identity("Corvalis"), bring=[psk], psks=lambda _: b"secret"
    )
    with pytest.raises(Refused, match="does not hold"):
        in_clear(parties, second, message)
    with pytest.raises(NotAuthentic):
        in_clear(parties, second, message, psks=lambda _: b"another")
    assert agree([entered, in_clear(parties, second, message, psks=lambda _: b"secret").next])


# --- proposals from outside ---------------------------------------------------------------------------------


def with_senders(parties, group, *keys):
    raw = b"".join(vector(key) + Credential(1, identity=b"depositary").encode() for key in keys)
    return (*CHARTER, Extension(ExtensionType.EXTERNAL_SENDERS, vector(raw)))


@EVERY_SUITE
def test_one_whom_the_group_names_proposes_and_a_member_commits(suite):
    parties = Parties(suite=suite)
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    secret = suite.new_signature_key(parties.entropy)
    pending = parties.commit(first, context_extensions=with_senders(parties, first, suite.signature_public(secret)))
    first, second = pending.next, parties.staged(second, pending.message).next
    message = external_proposal(first.group_info(), 0, Remove(third.own_leaf), secret, HOUSE_SUITES)
    came = [in_clear(parties, group, message) for group in (first, second)]
    assert all(isinstance(one, Proposed) and one.sender_leaf is None for one in came)
    pending = parties.commit(came[0].group, references=[came[0].reference])
    assert agree([pending.next, parties.staged(came[1].group, pending.message).next])
    assert len(pending.next.members) == 2


@pytest.mark.refuses("12.1.8")
def test_one_whom_the_group_does_not_name_is_not_heard():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    named, other = (first.state.suite.new_signature_key(parties.entropy) for _ in range(2))
    with pytest.raises(Malformed, match="no external senders"):
        external_proposal(first.group_info(), 0, Remove(1), named)
    pending = parties.commit(
        first, context_extensions=with_senders(parties, first, first.state.suite.signature_public(named))
    )
    first, second = pending.next, parties.staged(second, pending.message).next
    for index, key in ((0, other), (1, named), (2**32 - 1, named)):
        before = second.serialise()
        with pytest.raises(DetenteError):
            in_clear(parties, second, external_proposal(first.group_info(), index, Remove(0), key))
        assert second.serialise() == before
    message = external_proposal(first.group_info(), 0, Remove(0), named)
    assert isinstance(in_clear(parties, second, message), Proposed)  # control
    with pytest.raises(Refused, match="in clear"):
        parties.open(second, message)


def test_a_newcomer_asks_to_come_in():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    newcomer = parties.identity("Corvalis")
    package, private = parties.package(newcomer)
    message = joining_proposal(first.group_info(), package, newcomer.signature_seed)
    first, second = (in_clear(parties, group, message) for group in (first, second))
    pending = parties.commit(first.group, references=[first.reference])
    joined = parties.join(pending.welcome, package, private, newcomer)
    assert agree([pending.next, joined, parties.staged(second.group, pending.message).next])
    stranger = parties.identity("Mallory").signature_seed
    with pytest.raises(NotAuthentic):
        in_clear(parties, joined, joining_proposal(joined.group_info(), parties.package(newcomer)[0], stranger))


def test_a_newcomer_asks_for_nothing_but_its_own_entry(monkeypatch):
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    newcomer = parties.identity("Corvalis")
    package, _ = parties.package(newcomer)
    with monkeypatch.context() as forger:
        forger.setattr("detente.mls.external.Add", lambda _: Remove(0))
        message = joining_proposal(first.group_info(), package, newcomer.signature_seed)
    with pytest.raises(Malformed, match="cannot say"):
        in_clear(parties, second, message)


# --- pre-shared keys by value -------------------------------------------------------------------------------


def test_a_pre_shared_key_by_value_separates_those_who_hold_it_from_the_rest():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    psk = PreSharedKey(PreSharedKeyId(bytes(32), psk_id=b"envelope"))
    pending = parties.commit(first, proposals=[psk], psks=lambda _: b"secret", path=False)
    assert agree([pending.next, second.open(pending.message, parties.authenticate, psks=lambda _: b"secret").next])
    with pytest.raises(Refused, match="does not hold"):
        parties.open(third, pending.message)
    with pytest.raises(NotAuthentic, match="confirmation tag"):
        third.open(pending.message, parties.authenticate, psks=lambda _: b"guess")


def test_a_resumption_key_of_an_earlier_epoch_ties_two_epochs():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    known = {(first.group_id, first.epoch): first.resumption_psk}
    pending = parties.commit(first)
    first, second = pending.next, parties.staged(second, pending.message).next
    psk = PreSharedKeyId(bytes(32), usage=1, group_id=b"line", epoch=first.epoch - 1)
    find = lambda name: known.get((name.group_id, name.epoch))  # noqa: E731
    pending = parties.commit(first, proposals=[PreSharedKey(psk)], psks=find)
    assert agree([pending.next, second.open(pending.message, parties.authenticate, psks=find).next])
    for usage in (2, 3):
        with pytest.raises(Refused, match="another purpose"):
            parties.commit(first, proposals=[PreSharedKey(replace(psk, usage=usage))], psks=find)


def test_nothing_is_said_while_proposals_wait():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    proposing, message, reference = first.propose(Remove(2), parties.entropy)
    hearing = parties.open(second, message).group
    for group in (proposing, hearing, Group.load(hearing.serialise())):
        with pytest.raises(Refused, match="commit before") as refusal:
            group.seal(b"for two, not three", b"", parties.entropy)
        assert refusal.value.rule == "mls/commit-first"
    _, early = third.seal(b"not heard yet", b"", parties.entropy)  # who saw no proposal speaks, and is heard
    assert parties.opened(hearing, early).plaintext == b"not heard yet"
    pending = parties.commit(hearing, references=[reference])
    after = parties.staged(proposing, pending.message).next
    _, said = pending.next.seal(b"for two", b"", parties.entropy)
    assert parties.opened(after, said).plaintext == b"for two"


def test_a_commit_without_a_path_is_made_only_where_it_may_be():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    newcomer = parties.identity("Dorvik")
    package, private = parties.package(newcomer)
    pending = parties.commit(first, add=[package], path=False)
    assert len(pending.message) < len(parties.commit(first, add=[package]).message)
    joined = parties.join(pending.welcome, package, private, newcomer)
    assert agree([joined, pending.next, *(parties.staged(group, pending.message).next for group in (second, third))])
    for forced in ({"remove": [2]}, {}, {"leaf_extensions": ()}):
        sent = parties.commit(first, path=False, **forced)
        assert sent.next.state.tree.member(0).encryption_key != first.state.tree.member(0).encryption_key
        assert parties.staged(second, sent.message).next is not None


# --- a group that goes on from another ----------------------------------------------------------------------


def ended(parties, groups, **parameters):
    """The same groups after a ReInit."""
    said = ReInit(b"next line", 1, parameters.get("suite", 1), parameters.get("extensions", CHARTER))
    first, *others = groups
    pending = parties.commit(first, proposals=[said], path=False)
    return [pending.next, *(parties.staged(group, pending.message).next for group in others)]


@pytest.mark.parametrize("number", [1, 2, 0xF002])
def test_a_group_is_founded_anew_with_another_suite(number):
    parties = Parties()
    groups = ended(parties, parties.group("Arvenia", "Belmora", "Corvalis"), suite=number)
    assert all(group.reinit.cipher_suite == number for group in groups)
    suite = HOUSE_SUITES[number]
    after = Parties(suite=suite)
    people = {name: after.identity(name) for name in ("Arvenia", "Belmora", "Corvalis")}
    packages = {name: after.package(people[name]) for name in ("Belmora", "Corvalis")}
    pending = groups[0].found_again(
        [public for public, _ in packages.values()],
        people["Arvenia"],
        leaf("Arvenia"),
        after.entropy,
        after.authenticate,
        spoken=HOUSE_SUITES,
    )
    joined = [
        after.join(pending.welcome, *packages[name], people[name], old=Group.load(old.serialise()))
        for name, old in zip(("Belmora", "Corvalis"), groups[1:], strict=True)
    ]
    assert agree([pending.next, *joined])
    assert (pending.next.epoch, pending.next.group_id) == (1, b"next line")
    with pytest.raises(Refused, match="exactly if"):
        after.join(pending.welcome, *packages["Belmora"], people["Belmora"])


def newly_packed(parties, *names):
    return {name: parties.package(parties.accredited[name.encode()]) for name in names}


@pytest.mark.refuses("11.2")
def test_a_group_is_not_founded_anew_with_other_members_or_parameters(monkeypatch):
    parties = Parties()
    groups = parties.group("Arvenia", "Belmora", "Corvalis")
    own = parties.accredited[b"Arvenia"]
    with pytest.raises(Refused, match="only after"):
        groups[0].found_again([], own, (), parties.entropy, parties.authenticate)
    groups = ended(parties, groups)
    packed = newly_packed(parties, "Belmora", "Corvalis")
    stranger = parties.package(parties.identity("Dorvik"))

    def refound(old, packages):
        return old.found_again(packages, own, (), parties.entropy, parties.authenticate)

    publics = [public for public, _ in packed.values()]
    for packages in (publics[:1], [publics[0], stranger[0]], [*publics, stranger[0]]):
        with pytest.raises(Refused, match="other members"):
            refound(groups[0], packages)
    lies = [
        (publics[:1], groups[0].reinit, "other members"),
        ([*publics, stranger[0]], groups[0].reinit, "other members"),
        (publics, replace(groups[0].reinit, group_id=b"elsewhere"), "other parameters"),
        (publics, replace(groups[0].reinit, extensions=()), "other parameters"),
    ]
    for packages, said, sentence in lies:
        with monkeypatch.context() as forger:
            forger.setattr("detente.mls.group.check_successor_group", lambda *_: None)
            pending = refound(Group(replace(groups[0].state, reinit=said)), packages)
        before = groups[1].serialise()
        with pytest.raises(Refused, match=sentence):
            parties.join(pending.welcome, *packed["Belmora"], parties.accredited[b"Belmora"], old=groups[1])
        assert groups[1].serialise() == before
    pending = refound(groups[0], publics)
    assert parties.join(pending.welcome, *packed["Belmora"], parties.accredited[b"Belmora"], old=groups[1])  # control
    other = parties.group("Arvenia", "Belmora")[1]
    with pytest.raises(DetenteError):
        parties.join(pending.welcome, *packed["Belmora"], parties.accredited[b"Belmora"], old=other)


@pytest.mark.refuses("11.3")
def test_some_members_branch_off_while_the_group_goes_on():
    parties = Parties()
    groups = parties.group("Arvenia", "Belmora", "Corvalis")
    packed = newly_packed(parties, "Belmora")
    public, private = packed["Belmora"]
    branch = groups[0].branch(b"working group", [public], parties.entropy, parties.authenticate)
    joined = parties.join(branch.welcome, public, private, parties.accredited[b"Belmora"], old=groups[1])
    assert agree([branch.next, joined])
    assert (joined.epoch, len(joined.members)) == (1, 2)
    pending = parties.commit(groups[0])
    assert agree([pending.next, parties.staged(groups[2], pending.message).next])  # the group goes on
    with pytest.raises(Refused, match="does not have"):
        groups[0].branch(b"x", [parties.package(parties.identity("Dorvik"))[0]], parties.entropy, parties.authenticate)
    with pytest.raises(Refused, match="id of its own"):
        groups[0].branch(b"line", [public], parties.entropy, parties.authenticate)
    later = pending.next.branch(b"x", [public], parties.entropy, parties.authenticate)
    before = groups[1].serialise()
    with pytest.raises(DetenteError):  # from an epoch that the joiner does not know
        parties.join(later.welcome, public, private, parties.accredited[b"Belmora"], old=groups[1])
    assert groups[1].serialise() == before


@pytest.mark.refuses("11.3")
@pytest.mark.parametrize(
    ("group_id", "stranger", "sentence"),
    [(b"line", False, "id of its own"), (b"working group", True, "does not have")],
    ids=["under the id of its group", "with a stranger"],
)
def test_a_branch_that_may_not_be_is_not_joined(monkeypatch, group_id, stranger, sentence):
    parties = Parties()
    groups = parties.group("Arvenia", "Belmora", "Corvalis")
    public, private = newly_packed(parties, "Belmora")["Belmora"]
    packages = [public, parties.package(parties.identity("Dorvik"))[0]] if stranger else [public]
    with monkeypatch.context() as liar:
        liar.setattr("detente.mls.group.check_successor_group", lambda *_: None)
        branch = groups[0].branch(group_id, packages, parties.entropy, parties.authenticate)
    before = groups[1].serialise()
    with pytest.raises(Refused, match=sentence):
        parties.join(branch.welcome, public, private, parties.accredited[b"Belmora"], old=groups[1])
    assert groups[1].serialise() == before


@pytest.mark.refuses("12.1.5")
def test_a_reinit_to_an_older_version_is_refused():
    parties = Parties()
    first, _ = parties.group("Arvenia", "Belmora")
    before = first.serialise()
    with pytest.raises(Refused, match="older version"):
        parties.commit(first, proposals=[ReInit(b"next", 0, 1, ())])
    with pytest.raises(Refused, match="nothing else"):
        parties.commit(first, proposals=[ReInit(b"next", 1, 1, ()), Remove(1)])
    assert first.serialise() == before


# --- keys and credentials that change -----------------------------------------------------------------------


@pytest.mark.parametrize("way", ["commit", "proposal"])
def test_a_member_rotates_its_signature_key(way):
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    new = Identity(b"Belmora", parties.entropy(32))
    if way == "commit":
        pending = parties.commit(second, identity=new)
        second, first = pending.next, parties.staged(first, pending.message).next
    else:
        second, message, reference = second.propose_update(parties.entropy, identity=new)
        second, first = Group.load(second.serialise()), parties.open(first, message).group
        pending = parties.commit(first, references=[reference])
        first, second = pending.next, parties.staged(second, pending.message).next
    assert agree([first, second])
    assert first.members[1].signature_key == first.state.suite.signature_public(new.signature_seed)
    assert third.members[1].signature_key != first.members[1].signature_key
    second, message = second.seal(b"with the new key", b"", parties.entropy)
    assert parties.opened(first, message).plaintext == b"with the new key"
    newcomer = parties.identity("Dorvik")
    package, private = parties.package(newcomer)
    pending = parties.commit(second, add=[package])  # its GroupInfo is signed with the new key
    assert agree([parties.join(pending.welcome, package, private, newcomer), pending.next])
    enter(parties, second.group_info(), parties.identity("Elbany"))


def test_the_commit_that_rotates_a_key_and_adds_a_member_welcomes_with_the_new_key():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    newcomer = parties.identity("Dorvik")
    package, private = parties.package(newcomer)
    pending = parties.commit(first, add=[package], identity=Identity(b"Arvenia", parties.entropy(32)))
    joined = parties.join(pending.welcome, package, private, newcomer)
    assert agree([joined, pending.next, parties.staged(second, pending.message).next])


def test_whether_another_credential_is_the_same_member_is_asked():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    new = Identity(b"Belmora (renamed)", parties.entropy(32))
    parties.accredited[new.credential] = new
    with pytest.raises(NotAuthentic, match="somebody else"):
        parties.staged(first, parties.commit(second, identity=new).message)
    asked = []
    pending = parties.commit(second, identity=new)
    staged = first.open(pending.message, parties.authenticate, succeed=lambda *both: asked.append(both))
    assert agree([staged.next, pending.next])
    assert [credential.identity for credential in asked[0]] == [b"Belmora", b"Belmora (renamed)"]


# --- lifetimes ----------------------------------------------------------------------------------------------


@pytest.mark.refuses("7.3")
def test_a_key_package_is_judged_by_the_time_that_the_caller_says():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    package, _ = key_package(parties.identity("Corvalis"), (), parties.entropy, (1_000, 2_000))
    for now in (999, 2_001):
        with pytest.raises(Refused, match="not valid yet, or no longer"):
            parties.commit(first, add=[package], lifetimes=Lifetimes(now))
    with pytest.raises(Refused, match="longer lifetime"):
        parties.commit(first, add=[package], lifetimes=Lifetimes(1_500, longest=999))
    for now in (1_000, 2_000):
        pending = parties.commit(first, add=[package], lifetimes=Lifetimes(now, longest=1_000))
    before = second.serialise()
    with pytest.raises(Refused, match="no longer"):
        second.open(pending.message, parties.authenticate, lifetimes=Lifetimes(5_000))
    assert second.serialise() == before
    assert parties.staged(second, pending.message).next is not None  # nobody asked the time
    assert Lifetimes(5, longest=2**64).check(replace(read_message(package).leaf_node, lifetime=ALWAYS)) is None


# --- late messages ------------------------------------------------------------------------------------------


def test_late_messages_are_opened_as_long_as_their_epoch_is_kept_and_judged_by_its_members():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    second = second.keeping(2)
    first_late = first.seal(b"before the first", b"", parties.entropy)[1]
    third_late = third.seal(b"before it left", b"", parties.entropy)[1]
    for count, wish in enumerate(({"remove": [third.own_leaf]}, {}, {})):
        if count < 2:
            assert parties.opened(second, first_late).plaintext == b"before the first"
            opened = parties.opened(Group.load(second.serialise()), third_late)
            assert (opened.sender_leaf, opened.epoch) == (third.own_leaf, 1)
            with pytest.raises(NotAuthentic, match="second time"):
                parties.open(opened.group, third_late)
        pending = parties.commit(first, **wish)
        first, second = pending.next, parties.staged(second, pending.message).next
        assert [past.context.epoch for past in second.state.past] == list(range(first.epoch - 1, 0, -1))[:2]
    with pytest.raises(Refused, match="is of epoch 1"):
        parties.open(second, first_late)
    assert second.keeping(0).state.past == ()
    with pytest.raises(Malformed):
        second.keeping(-1)


def test_what_was_heard_while_an_own_commit_waited_is_not_heard_again():
    parties = Parties()
    first, second, _ = parties.group("Arvenia", "Belmora", "Corvalis")
    second = second.keeping(1)
    first, heard = first.seal(b"in time", b"", parties.entropy)
    first, late = first.seal(b"late", b"", parties.entropy)
    pending = parties.commit(second)
    held = parties.opened(pending.current, heard).group  # the commit waits for its place
    (used, _), _ = second.state.secret_tree.take(first.own_leaf, 1, 0)
    after = pending.after(held)
    assert used not in after.serialise()
    for again in (after, Group.load(after.serialise())):
        with pytest.raises(NotAuthentic, match="second time"):
            parties.open(again, heard)
        opened = parties.opened(again, late)
        assert (opened.plaintext, opened.epoch) == (b"late", 1)
        with pytest.raises(NotAuthentic, match="second time"):
            parties.open(opened.group, late)
    forgotten = pending.after(pending.current)  # control: with the past as it was when the commit was made
    assert parties.opened(forgotten, heard).plaintext == b"in time"
    with pytest.raises(Refused, match="epoch 1"):  # and the next group by itself knows no past at all
        parties.open(pending.next, late)
    for elsewhere in (after, parties.found("Dorvik")):
        with pytest.raises(Refused, match="another epoch"):
            pending.after(elsewhere)
    following = parties.staged(first, pending.message).next
    assert agree([after, following])


def test_by_default_nothing_of_a_past_epoch_is_kept():
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    late = first.seal(b"late", b"", parties.entropy)[1]
    old = second.state
    pending = parties.commit(first)
    after = parties.staged(second, pending.message).next
    with pytest.raises(Refused, match="is of epoch 1"):
        parties.open(after, late)
    for secret in (old.secrets.sender_data, old.secrets.exporter, *old.secret_tree.nodes.values()):
        assert secret not in after.serialise()
    kept = parties.staged(second.keeping(1), pending.message).next
    assert old.secrets.sender_data in kept.serialise()  # control
    assert old.secrets.exporter not in kept.serialise()


@pytest.mark.refuses("12.4.2")
def test_a_late_commit_or_proposal_is_void_even_where_epochs_are_kept():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    stale = parties.commit(third).message, third.propose(Remove(0), parties.entropy)[1]
    pending = parties.commit(first)
    second = parties.staged(second.keeping(5), pending.message).next
    before = second.serialise()
    for message in stale:
        with pytest.raises(Refused, match="is of epoch 1"):
            parties.open(second, message)
    assert second.serialise() == before


# --- certificates -------------------------------------------------------------------------------------------


class Office:
    """Parties by certificates: the office's key is what everybody trusts."""

    def __init__(self):
        self.parties = Parties()
        self.seed = self.parties.entropy(32)
        self.asked = []

    def identity(self, name):
        seed = self.parties.entropy(32)
        return Identity(b"", seed, certificates=(certificate(seed, self.seed, name),), judges=(1, X509))

    def chain(self, certificates, signature_key, _extensions):
        self.asked.append((len(certificates), signature_key))
        try:
            issuer = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
            own = x509.load_der_x509_certificate(certificates[0])
            issuer.verify(own.signature, own.tbs_certificate_bytes)
        except Exception as error:
            raise NotAuthentic("The accreditation office did not issue this.") from error

    @property
    def service(self):
        return AuthService(self.parties.authenticate, self.chain)


def test_members_by_certificates():
    office = Office()
    entropy = office.parties.entropy
    founder, other = office.identity("Arvenia"), office.identity("Belmora")
    group = Group.create(b"line", founder, (), CHARTER, entropy)
    package, private = key_package(other, (), entropy)
    pending = group.commit(add=[package], entropy=entropy, authenticate=office.service)
    joined = Group.join(pending.welcome, package, private, other, office.service)
    assert agree([pending.next, joined])
    assert office.asked
    assert joined.members[0].certificates == founder.certificates
    assert agree([Group.load(joined.serialise()), joined])
    with pytest.raises(Refused, match="not by certificates"):
        Group.join(pending.welcome, package, private, other, office.parties.authenticate)
    swapped = Identity(b"", other.signature_seed, certificates=founder.certificates, judges=(1, X509))
    with pytest.raises(NotAuthentic, match="not for the key"):
        group.commit(add=[key_package(swapped, (), entropy)[0]], entropy=entropy, authenticate=office.service)
    office.seed = bytes(32)
    forged = office.identity("Mallory")
    office.seed = entropy(32)
    with pytest.raises(NotAuthentic, match="did not issue"):
        group.commit(add=[key_package(forged, (), entropy)[0]], entropy=entropy, authenticate=office.service)
    garbled = Identity(b"", other.signature_seed, certificates=(b"no certificate",), judges=(1, X509))
    with pytest.raises(Malformed, match="cannot be read"):
        group.commit(add=[key_package(garbled, (), entropy)[0]], entropy=entropy, authenticate=office.service)


def test_who_cannot_judge_a_certificate_is_in_no_group_with_one():
    office = Office()
    entropy = office.parties.entropy
    basic = office.parties.identity("Belmora")  # judges basic credentials only
    group = Group.create(b"line", office.identity("Arvenia"), (), CHARTER, entropy)
    package, _ = key_package(basic, (), entropy)
    with pytest.raises(Refused, match="cannot judge"):
        group.commit(add=[package], entropy=entropy, authenticate=office.service)
    able, _ = key_package(replace(basic, judges=(1, X509)), (), entropy)
    assert group.commit(add=[able], entropy=entropy, authenticate=office.service)  # control
    needs = (Extension(ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities(credentials=(X509,)).encode()),)
    with pytest.raises(Refused, match="0x0002"):
        office.parties.commit(office.parties.found(), context_extensions=needs)


# --- small things -------------------------------------------------------------------------------------------


def test_a_suite_that_was_not_configured_is_refused_from_every_side():
    parties = Parties(suite=HOUSE_SUITES[0xF002])
    first = parties.found()
    newcomer = parties.identity("Belmora")
    package, private = parties.package(newcomer)
    pending = parties.commit(first, add=[package])
    with pytest.raises(Refused, match="0xf002"):
        Group.join(pending.welcome, package, private, newcomer, parties.authenticate)
    with pytest.raises(Refused, match="0xf002"):
        Group.enter(first.group_info(), newcomer, (), parties.entropy, parties.authenticate, spoken=SUITES)
    with pytest.raises(Refused, match="0xf002"):
        joining_proposal(first.group_info(), package, newcomer.signature_seed)
    classical, _ = Parties().package(newcomer)
    with pytest.raises(Refused, match="another cipher suite"):
        parties.commit(first, add=[classical])


def test_public_handshakes_are_followed_where_they_are_allowed():
    parties = Parties()
    first, second, third = parties.group("Arvenia", "Belmora", "Corvalis")
    first, message, reference = first.propose(Remove(third.own_leaf), parties.entropy, public=True)
    second = in_clear(parties, second, message).group
    second, message, update = second.propose_update(parties.entropy, public=True)
    first = in_clear(parties, first, message).group
    pending = parties.commit(first, references=[reference, update], public=True)
    assert agree([pending.next, in_clear(parties, second, pending.message).next])
