"""Letters: who may ask a house into a line, what a welcome must lead into, and what an old letter may still do.

A letter comes from anybody who knows the address of a mailbox.  What counts is its signature by an accredited
party, and what it says of the line: all of it is proved by the founding act and the history, or nothing is.
"""

from dataclasses import replace
from types import MappingProxyType

import msgspec
import pytest
from conference import Conference, Party, a_note
from rogues import alarms, alike, outcomes, put, slip

from detente.acts.facts import Role
from detente.chancery import house as houses
from detente.chancery import letters
from detente.chancery.house import Chancery
from detente.chancery.letters import Agreement, Letter, Readmission, Summons, Welcome
from detente.crypto import sealing
from detente.evidence import records
from detente.ground.errors import Refused
from detente.ground.identifiers import Position
from detente.line.engine import Line, Page
from detente.line.terms import LINE_KEYS, Ordered, credential
from detente.mls.group import Identity, key_package
from detente.mls.types import Extension
from detente.procedures.charter.acts import Admit, Remove
from detente.procedures.correspondence.acts import Character, Form
from detente.wire import canonical


@pytest.fixture
def world():
    return Conference(3)


def founded(world, *members):
    """A line whose summonses lie in the mailboxes."""
    members = members or world.parties
    world.line = members[0].house.found("head-of-mission", world.draft(list(members)), world.now)
    world.settle()
    return world.line


def letter(sender, addressee, line, terms, content, *, voice=None, mail=None):
    """A letter as its sender's house writes it, in sealed parts."""
    raw = Letter(sender.id, addressee.id, line, terms, content)
    return letters.write(raw, voice or sender.made.secrets.voice, mail or addressee.house.record.mail.key)


def deliver(addressee, parts):
    return [addressee.house.receive_letter(sealed) for _, sealed in parts][-1]


def summons(world, chair, **more):
    known = chair.house.line(world.line)
    founding = next(chair.store.entries(world.line)).packed
    return Summons(founding), known.terms


# --- summonses ----------------------------------------------------------------------------------------


@pytest.mark.attack("A33", "prevented")
def test_a_chair_who_is_not_accredited_summons_nobody():
    world = Conference(2)
    impostor = Party(world, "Falkovia")
    world.accredit(impostor, world.parties[1])
    world.accredit(impostor, world.parties[0])
    world.parties.append(impostor)
    founded(world, impostor, world.parties[1])
    victim = world.parties[1]
    content, terms = summons(world, impostor)
    assert "not taken" in deliver(victim, letter(impostor, victim, world.line, terms, content))
    assert victim.house.summonses() == []
    victim.house.directory.receive(_chain(impostor))  # known now, and still not believed
    assert "not accredited" in deliver(victim, letter(impostor, victim, world.line, terms, content))
    assert victim.house.summonses() == []


def _chain(party):
    return records.encode_chain((party.made.record,))


@pytest.mark.attack("A33", "prevented")
def test_a_line_with_somebody_who_is_not_accredited_here_is_not_entered(world):
    a, b, c = world.parties
    stranger = Party(world, "Falkovia")
    world.parties.append(stranger)
    world.accredit(a, stranger)
    founded(world, a, b, stranger)
    content, terms = summons(world, a)
    assert "not taken" in deliver(b, letter(a, b, world.line, terms, content))
    assert b.house.summonses() == []
    assert c.house.summonses() == []


def test_control_an_accredited_chair_summons(world):
    founded(world)
    assert [(line, chair) for line, chair, _ in world.parties[1].house.summonses()] == [
        (world.line, world.parties[0].id)
    ]


@pytest.mark.attack("A33", "prevented")
def test_a_letter_says_who_it_is_from_to_whom_and_of_which_line_under_one_signature(world):
    founded(world)
    chair, victim, other = world.parties
    content, terms = summons(world, chair)
    forged = [
        letter(chair, victim, world.line, terms, content, voice=other.made.secrets.voice),
        letter(chair, other, world.line, terms, content, mail=victim.house.record.mail.key),
        letter(victim, victim, world.line, terms, content),
        letter(other, victim, world.line, terms, content),
        letter(chair, victim, bytes(32), terms, content),
        letter(chair, victim, world.line, msgspec.structs.replace(terms, url="http://127.0.0.1:666"), content),
        letter(chair, victim, world.line, terms, Summons(b"rubbish")),
    ]
    with victim.store.transaction():
        victim.store.discard("summonses", world.line.hex())
    for parts in forged:
        assert "not taken" in deliver(victim, parts)
        assert victim.house.summonses() == []
    assert "asks this house" in deliver(victim, letter(chair, victim, world.line, terms, content))


def test_control_without_the_voice_anybody_writes_in_the_chairs_name(world, monkeypatch):
    founded(world)
    chair, victim, other = world.parties
    content, terms = summons(world, chair)
    monkeypatch.setattr(letters, "verify", lambda *_: None)
    said = deliver(victim, letter(chair, victim, world.line, terms, content, voice=other.made.secrets.voice))
    assert "asks this house" in said


@pytest.mark.attack("A33", "prevented")
def test_a_summons_whose_parties_must_be_compared_again_hides_no_other(world):
    first = founded(world)
    with world.parties[1].store.transaction():
        world.parties[1].store.discard("credences", world.parties[2].id)
    second = founded(world, world.parties[0], world.parties[1])
    assert [line for line, _, _ in world.parties[1].house.summonses()] == [second]
    with pytest.raises(Refused):
        world.parties[1].house.agree(bytes(32), "head-of-mission")
    assert first != second


# --- parts ----------------------------------------------------------------------------------------------


def long_letter(world, monkeypatch, pieces=3):
    """A summons in several parts."""
    chair, victim, _ = world.parties
    content, terms = summons(world, chair)
    monkeypatch.setattr(letters, "PART_BYTES", len(content.founding) * 4 // 3 // pieces + 400)
    return letter(chair, victim, world.line, terms, content)


@pytest.mark.attack("A22", "prevented")
def test_parts_come_in_any_order_and_twice_and_one_that_is_missing_is_waited_for(world, monkeypatch):
    founded(world)
    victim = world.parties[1]
    with victim.store.transaction():
        victim.store.discard("summonses", world.line.hex())
    parts = long_letter(world, monkeypatch)
    assert len(parts) > 2
    for _, sealed in [parts[-1], parts[-1], *parts[1:-1], parts[-1]]:
        assert "still missing" in victim.house.receive_letter(sealed)
    victim.reopen()
    assert "asks this house" in victim.house.receive_letter(parts[0][1])
    assert victim.store.shelf("letters-open") == []
    assert [key for key, _ in victim.store.shelf("letters-open")] == []


@pytest.mark.attack("A22", "prevented")
def test_parts_of_two_letters_do_not_mix_and_false_ones_leave_nothing_behind(world, monkeypatch):
    founded(world)
    victim = world.parties[1]
    mail = victim.house.record.mail.key
    name = bytes(32)
    for number in range(2):
        part = canonical.encode(letters.Part(name, number, 2, b"piece %d" % number))
        said = victim.house.receive_letter(sealing.seal_mail(part, mail, b"detente/mail/v1"))
    assert "do not belong together" in said
    assert victim.store.shelf(f"parts/{name.hex()}") == []
    assert victim.store.shelf("letters-open") == []
    for broken in (
        letters.Part(name, 2, 2, b""),
        letters.Part(name, -1, 2, b""),
        letters.Part(name, 0, 10**6, b""),
        letters.Part(b"short", 0, 1, b""),
    ):
        sealed = sealing.seal_mail(canonical.encode(broken), mail, b"detente/mail/v1")
        assert "not a part of a letter" in victim.house.receive_letter(sealed)
    assert "not taken" in victim.house.receive_letter(b"rubbish")
    assert "not taken" in victim.house.receive_letter(sealing.seal_mail(b"rubbish", mail, b"detente/mail/v1"))


@pytest.mark.attack("A22", "prevented")
def test_a_flood_of_parts_that_never_become_letters_stays_bounded(world, monkeypatch):
    monkeypatch.setattr(houses, "MOST_PARTS_WAITING", 10)
    founded(world)
    victim = world.parties[1]
    with victim.store.transaction():
        victim.store.discard("summonses", world.line.hex())
    mail = victim.house.record.mail.key
    genuine = long_letter(world, monkeypatch)

    def rubbish(number):
        part = letters.Part(number.to_bytes(32, "big"), 0, 2, b"x")
        victim.house.receive_letter(sealing.seal_mail(canonical.encode(part), mail, b"detente/mail/v1"))

    for number in range(40):
        rubbish(number)
    for _, sealed in genuine[:-1]:
        victim.house.receive_letter(sealed)
        rubbish(1000 + len(sealed))
    assert len(victim.store.shelf("letters-open")) <= 10
    assert "asks this house" in victim.house.receive_letter(genuine[-1][1])


def test_control_without_the_bound_they_are_all_kept(world):
    founded(world)
    victim = world.parties[1]
    for number in range(40):
        part = letters.Part(number.to_bytes(32, "big"), 0, 2, b"x")
        sealed = sealing.seal_mail(canonical.encode(part), victim.house.record.mail.key, b"detente/mail/v1")
        victim.house.receive_letter(sealed)
    assert len(victim.store.shelf("letters-open")) == 40


# --- agreements and returns ------------------------------------------------------------------------------


def recorded(world, party, kind):
    """Run until the party has written a letter of this kind; gives its sealed parts."""
    kept = []
    honest = Chancery._write_letter

    def write(house, addressee, line, terms, content):
        honest(house, addressee, line, terms, content)
        if house is party.house and isinstance(content, kind):
            record = house.directory.record(addressee)
            raw = Letter(house.party, addressee, line, terms, content)
            kept.append(letters.write(raw, party.made.secrets.voice, record.mail.key))

    return kept, write


@pytest.mark.attack("A19", "prevented")
def test_an_old_agreement_is_not_used_a_second_time(world, monkeypatch):
    """Its keys were used and destroyed: who removes and admits that party again must hear from it anew."""
    founded(world)
    chair, member, other = world.parties
    kept, write = recorded(world, member, Agreement)
    with monkeypatch.context() as patched:
        patched.setattr(Chancery, "_write_letter", write)
        member.house.agree(world.line, "head-of-mission")
        other.house.agree(world.line, "head-of-mission")
        world.settle()
    assert "came before" in deliver(chair, kept[0])
    chair.do(world.line, Remove(member.id, ""))
    world.settle()
    assert "not a member" in deliver(chair, kept[0])
    chair.do(world.line, Admit(member.id, Role.MEMBER, (member.made.record,)))
    world.settle()
    assert "came before" in deliver(chair, kept[0])
    assert member.id not in chair.house.line(world.line).members()
    member.house.agree(world.line, "head-of-mission")
    world.settle()
    assert alike(*world.parties, line=world.line)
    assert member.id in chair.house.line(world.line).members()
    assert member.do(world.line, a_note(world, member, chair)) is not None
    world.settle()
    assert alike(*world.parties, line=world.line)
    assert not world.alarms(world.line)


@pytest.mark.attack("A19", "prevented")
def test_an_old_request_to_be_added_anew_shuts_nobody_out(world):
    world.line = world.found()
    chair, member, _ = world.parties
    terms = chair.house.line(world.line).terms
    extensions = (Extension(LINE_KEYS, member.made.secrets.line_keys(terms.name).encode()),)
    suite = {"suite": chair.house.line(world.line).group.state.suite}
    identity = Identity(credential(member.id), member.made.secrets.node)
    package, _ = key_package(identity, extensions, world.entropy, **suite)
    parts = letter(member, chair, world.line, terms, Readmission(package, 1, b""))
    assert "anew" in deliver(chair, parts)
    epoch = chair.house.line(world.line).epoch
    for _ in range(3):
        world.send(chair, world.line)
        world.read(chair, world.line)
    assert chair.house.line(world.line).epoch == epoch + 1
    for _ in range(2):
        assert "came before" in deliver(chair, parts)
    assert chair.house.line(world.line).pending is None


def test_control_without_the_memory_the_relay_could_have_it_added_again_and_again(world, monkeypatch):
    world.line = world.found()
    chair, member, _ = world.parties
    terms = chair.house.line(world.line).terms
    extensions = (Extension(LINE_KEYS, member.made.secrets.line_keys(terms.name).encode()),)
    identity = Identity(credential(member.id), member.made.secrets.node)
    suite = {"suite": chair.house.line(world.line).group.state.suite}
    package, _ = key_package(identity, extensions, world.entropy, **suite)
    parts = letter(member, chair, world.line, terms, Readmission(package, 1, b""))
    monkeypatch.setattr(Chancery, "_expect_member", lambda *_: None)
    deliver(chair, parts)
    world.settle()
    deliver(chair, parts)
    assert chair.house.line(world.line).pending is not None


@pytest.mark.attack("A33", "prevented")
def test_somebody_elses_key_package_brings_nobody_in(world):
    founded(world)
    chair, member, other = world.parties
    terms = chair.house.line(world.line).terms
    suite = {"suite": chair.house.line(world.line).group.state.suite}
    extensions = (Extension(LINE_KEYS, other.made.secrets.line_keys(terms.name).encode()),)
    package, _ = key_package(
        Identity(credential(other.id), other.made.secrets.node), extensions, world.entropy, **suite
    )
    deliver(chair, letter(member, chair, world.line, terms, Agreement(package)))
    assert chair.house.line(world.line).pending is None
    assert set(chair.house.line(world.line).members()) == {chair.id}
    assert any("another party's name" in alarm["sentence"] for alarm in alarms(chair, world.line))
    stranger = Party(world, "Falkovia")
    world.accredit(chair, stranger)
    world.accredit(stranger, chair)
    said = deliver(chair, letter(stranger, chair, world.line, terms, Agreement(package)))
    assert "not a member" in said


# --- welcomes ---------------------------------------------------------------------------------------------


def welcomed(world, change):
    """A member agrees, and what the chair hands it was changed on the way, sealed and signed by the chair."""
    founded(world)
    chair, member, other = world.parties
    honest = Chancery._write_letter

    def write(house, addressee, line, terms, content):
        honest(house, addressee, line, terms, change(content) if isinstance(content, Welcome) else content)

    chair.house._write_letter = lambda *arguments: write(chair.house, *arguments)
    other.house.agree(world.line, "head-of-mission")
    member.house.agree(world.line, "head-of-mission")
    for _ in range(8):
        for party in world.parties:
            world.carry(party)
    return member


@pytest.mark.attack("A13", "prevented")
@pytest.mark.parametrize(
    "change",
    [
        lambda content: msgspec.structs.replace(content, welcome=content.welcome[:-1] + b"\x00"),
        lambda content: msgspec.structs.replace(content, welcome=b"rubbish"),
        lambda content: msgspec.structs.replace(content, founding=b"rubbish"),
    ],
)
def test_a_welcome_that_is_broken_leads_nowhere_and_the_package_waits(world, change):
    member = welcomed(world, change)
    assert world.line not in member.house.lines()
    assert member.store.fetch("packages", world.line.hex()) is not None


@pytest.mark.attack("A13", "prevented")
@pytest.mark.parametrize(
    "change",
    [
        lambda content: msgspec.structs.replace(content, position=content.position - 1),
        lambda content: msgspec.structs.replace(content, merged=()),
        lambda content: msgspec.structs.replace(content, merged=(*content.merged, 0)),
    ],
)
def test_a_history_that_does_not_lead_to_the_group_is_not_entered(world, change):
    member = welcomed(world, change)
    line = member.house.line(world.line)
    if line.group is not None:  # the change was none: nothing had been merged before
        assert change.__code__.co_consts
        assert alike(world.parties[0], member, line=world.line)
        return
    assert alarms(member, world.line, "false-entry")
    with pytest.raises(Refused):
        member.do(world.line, a_note(world, member, world.parties[0]))


@pytest.mark.attack("A13", "prevented")
def test_the_way_in_is_the_commit_that_made_the_group_and_no_earlier_one(world):
    founded(world)
    chair, member, other = world.parties
    other.house.agree(world.line, "head-of-mission")
    world.settle()
    member.house.agree(world.line, "head-of-mission")
    honest = chair.house._write_letter

    def earlier(addressee, line, terms, content):
        if isinstance(content, Welcome):
            content = msgspec.structs.replace(content, position=content.merged[0], merged=())
        honest(addressee, line, terms, content)

    chair.house._write_letter = earlier
    for _ in range(8):
        for party in world.parties:
            world.carry(party)
    assert "does not lead" in alarms(member, world.line, "false-entry")[0]["sentence"]
    assert member.house.line(world.line).group is None


@pytest.mark.attack("A13", "prevented")
def test_a_group_with_somebody_whom_no_act_admits_is_not_entered(world, monkeypatch):
    """The chair shows a newcomer a group of its own making, with a party in it that the others never saw."""
    world.line = world.found(world.parties[:2])
    chair, member, newcomer = world.parties
    chair.do(world.line, Admit(newcomer.id, Role.MEMBER, (newcomer.made.record,)))
    world.settle()
    newcomer.house.agree(world.line, "head-of-mission")
    honest = Line._why_not_enter
    seen = []

    def why(line, leaf):
        known = dict(line.state.facts.members)
        known.pop(member.id)
        line.state = replace(line.state, facts=replace(line.state.facts, members=MappingProxyType(known)))
        seen.append(honest(line, leaf))
        return seen[-1]

    monkeypatch.setattr(Line, "_why_not_enter", why)
    for _ in range(8):
        for party in world.parties:
            world.carry(party)
    assert seen == ["In the group of the welcome is a chancery that the line's acts do not admit."]
    assert newcomer.house.line(world.line).group is None


@pytest.mark.attack("A33", "prevented")
def test_a_non_paper_that_is_handed_over_is_nobodys_word(world):
    """A member seals an unsigned paper in another's name; the chair, in league with it, hands it to a newcomer."""
    world.line = world.found(world.parties[:2])
    chair, member, newcomer = world.parties
    paper = msgspec.structs.replace(
        a_note(world, member, chair), form=Form.NON_PAPER, number=None, character=Character.INFORMAL
    )
    forged = slip(world, chair, world.line, paper, author=member.id)
    packed = next(iter(chair.house.line(world.line).held.values())).packed
    world.settle()
    place = next(at for at, outcome in outcomes(chair, world.line).items() if outcome == "not authentic")
    chair.do(world.line, Admit(newcomer.id, Role.MEMBER, (newcomer.made.record,)))
    world.settle()
    newcomer.house.agree(world.line, "head-of-mission")
    handed = []

    def put_in(line, ordered, said):
        if ordered.position == place:
            line.handed[place] = packed
            handed.append(place)
        return honest(line, ordered, said)

    honest = Line._take_handed
    Line._take_handed = put_in
    try:
        world.settle()
    finally:
        Line._take_handed = honest
    assert handed == [place]
    assert outcomes(newcomer, world.line)[place] == "not authentic"
    assert forged not in newcomer.house.line(world.line).known


# --- who comes later ------------------------------------------------------------------------------------------


@pytest.mark.attack("A31", "prevented")
@pytest.mark.parametrize("page", [1000, 1, 2])
def test_who_is_admitted_later_reads_the_history_and_ends_where_the_others_are(world, page):
    """Through pages of any size; with refused, void and unsigned entries in it, and a party that left meanwhile."""
    world = Conference(4)
    world.line = world.found(world.parties[:3])
    chair, member, leaver, newcomer = world.parties
    said = [member.do(world.line, a_note(world, member, chair))]
    slip(world, leaver, world.line, msgspec.structs.replace(a_note(world, leaver, chair), subject=""))
    paper = msgspec.structs.replace(
        a_note(world, chair, member), form=Form.NON_PAPER, number=None, character=Character.INFORMAL
    )
    informal = chair.do(world.line, paper)
    put(world, leaver, world.line, b"rubbish")
    world.settle()
    chair.do(world.line, Remove(leaver.id, "done"))
    world.settle()
    chair.do(world.line, Admit(newcomer.id, Role.MEMBER, (newcomer.made.record,)))
    world.settle()
    said.append(member.do(world.line, a_note(world, member, chair, sequence=2)))
    newcomer.house.agree(world.line, "head-of-mission")
    before = world.page

    def small(party, line, relay=None):
        if party is not newcomer:
            return before(party, line, relay)
        known = party.house.line(line)
        found = world.relay.read(known.terms.name, known.size, limit_entries=page)
        entries = [Ordered(Position(place), *entry) for place, entry in enumerate(found.entries, known.size)]
        return Page(entries, found.checkpoint, [(one.size, one.root, one.text) for one in found.cosignatures])

    world.page = small
    world.settle()
    assert alike(chair, member, newcomer, line=world.line)
    known = newcomer.house.line(world.line)
    assert all(act in known.known for act in said)
    assert informal not in known.known
    assert known.size == known.confirmed
    assert not alarms(newcomer, world.line)
    newcomer.reopen()
    act = newcomer.do(world.line, a_note(world, newcomer, chair))
    world.settle()
    assert alike(chair, member, newcomer, line=world.line)
    assert act in chair.house.line(world.line).known
    assert outcomes(newcomer, world.line)[_place(chair, world.line, informal)] == "not handed over"


def _place(party, line, act):
    return party.house.line(line).known[act]


def test_control_nobody_enters_without_being_admitted(world):
    world.line = world.found(world.parties[:2])
    chair, _, stranger = world.parties
    terms = chair.house.line(world.line).terms
    assert stranger.house.summonses() == []
    parts = letter(stranger, chair, world.line, terms, Agreement(b"anything"))
    assert "not a member" in deliver(chair, parts)
