import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lineup import Room
from sealing import fields, hybrid_seeds, make_parties, make_party, seed

from detente.acts.facts import Facts, Role
from detente.acts.labels import Label
from detente.crypto import hybrid, signing
from detente.evidence import records
from detente.ground.errors import Refused
from detente.ground.identifiers import base32
from detente.procedures.charter import rules
from detente.procedures.charter.acts import (
    Admit,
    Found,
    Incident,
    RegisterPlace,
    Rejoin,
    RelayPlace,
    Remove,
    Seat,
)
from detente.procedures.charter.rules import LARGEST_EVIDENCE, PROCEDURE
from detente.procedures.charter.views import describe
from detente.tlog.note import KeyKind, VerifierKey
from detente.wire import canonical

ARVENIA, BELMORA, CORVALIS = make_parties()
DORANE = make_party("Dorane")
LAW = {"charter": 1, "correspondence": 1}


def vkey(name):
    return VerifierKey(name, KeyKind.ED25519, signing.ed25519_public(seed(name))).vkey


def seat(party, role=Role.MEMBER, **changes):
    return msgspec.structs.replace(Seat(party.id, role, party.chain), **changes)


def found(**changes):
    body = Found(
        title="The shared waters of the lake",
        members=(seat(ARVENIA, Role.CHAIR), seat(BELMORA), seat(CORVALIS)),
        ceiling=Label.SENSITIVE,
        must_accept=(ARVENIA.id, BELMORA.id),
        faults=None,
        rules=LAW,
        relay=RelayPlace("http://127.0.0.1:8100", "relay.example/l/x", vkey("relay.example"), base32(bytes(16))),
        register=RegisterPlace("http://127.0.0.1:8200", "register.example", vkey("register.example")),
    )
    return msgspec.structs.replace(body, **changes)


def new_room():
    return Room(PROCEDURE, Facts())


@pytest.fixture
def room():
    return new_room()


@pytest.fixture
def line(room):
    room.say(ARVENIA.id, found())
    return room


# --- founding ----------------------------------------------------------------------------------


def test_a_founding_act_publishes_who_and_what(line):
    facts = line.facts
    assert [member.name for member in facts.members.values()] == ["Arvenia", "Belmora", "Corvalis"]
    assert facts.members[BELMORA.id].voice == BELMORA.record.voice
    assert facts.members[BELMORA.id].seal_mldsa65 == BELMORA.record.seal.mldsa65
    assert records.decode_chain(facts.members[BELMORA.id].chain) == BELMORA.chain
    assert facts.members[BELMORA.id].record == BELMORA.record_digest
    assert (facts.ceiling, facts.must_accept, facts.faults) == (Label.SENSITIVE, (ARVENIA.id, BELMORA.id), 0)
    assert facts.register_origin == "register.example"
    assert dict(facts.rules) == LAW
    assert facts.role(ARVENIA.id) is Role.CHAIR


def test_the_founding_act_is_the_first_and_only_one(room):
    for body in (Admit(DORANE.id, Role.MEMBER, DORANE.chain), Remove(BELMORA.id, ""), Rejoin(BELMORA.id, ""), None):
        room.refused(ARVENIA.id, body, "charter.first")
    room.say(ARVENIA.id, found())
    room.refused(ARVENIA.id, found(), "charter.first")
    room.refused(ARVENIA.id, None, "charter.kind")


def test_only_its_one_chair_founds_a_line(room):
    room.refused(BELMORA.id, found(), "charter.chair")
    room.refused(DORANE.id, found(), "charter.chair")
    room.refused(ARVENIA.id, found(members=(seat(ARVENIA), seat(BELMORA))), "charter.chair")
    two = (seat(ARVENIA, Role.CHAIR), seat(BELMORA, Role.CHAIR))
    room.refused(ARVENIA.id, found(members=two), "charter.chair")


def altered(party):
    """The party's record with one byte of a signature turned."""
    first = party.chain[0]
    signature = first.signatures[0]
    turned = bytes([signature.ed25519[0] ^ 1]) + signature.ed25519[1:]
    false = msgspec.structs.replace(signature, ed25519=turned)
    return (msgspec.structs.replace(first, signatures=(false, *first.signatures[1:])),)


def test_every_record_is_verified_and_belongs_to_its_party(room):
    def with_belmora(**changes):
        return found(members=(seat(ARVENIA, Role.CHAIR), seat(BELMORA, **changes), seat(CORVALIS)))

    frozen = BELMORA.next(records.freeze(BELMORA.record), BELMORA.roots[:1])
    room.refused(ARVENIA.id, with_belmora(records=altered(BELMORA)), "charter.records")
    room.refused(ARVENIA.id, with_belmora(records=DORANE.chain), "charter.records")
    room.refused(ARVENIA.id, with_belmora(records=()), "charter.records")
    sentence = room.refused(ARVENIA.id, with_belmora(records=frozen.chain), "charter.records")
    assert "frozen" in sentence


def impostor(name, **keys):
    """Another party whose record claims what it is told to claim."""
    roots = tuple(hybrid_seeds(name, "impostor", number) for number in range(3))
    claims = {**fields(name, "impostor", roots=roots), **keys}
    return records.sign(records.make_record(None, **claims), roots[:2])


@pytest.mark.parametrize(
    ("claims", "rule"),
    [
        ({"names": {"en": "Belmora"}}, "charter.names"),
        ({"names": {"xx": "ＢＥＬＭＯＲＡ"}}, "charter.names"),
        ({"names": {"en": "Dorane", "fr": "belmora"}}, "charter.names"),
        ({"names": {"en": "Dorane"}, "node": BELMORA.record.node}, "charter.keys"),
        ({"names": {"en": "Dorane"}, "voice": BELMORA.record.voice}, "charter.keys"),
        ({"names": {"en": "Dorane"}, "seal": hybrid.public(BELMORA.seal)}, "charter.keys"),
    ],
)
def test_no_member_takes_another_members_name_or_key(line, claims, rule):
    signed = impostor("Dorane", **claims)
    line.refused(ARVENIA.id, Admit(records.chain_party_id([signed]), Role.MEMBER, (signed,)), rule)


def test_members_stand_in_the_charter_once(room):
    twice = (seat(ARVENIA, Role.CHAIR), seat(BELMORA), seat(BELMORA))
    room.refused(ARVENIA.id, found(members=twice), "charter.members")
    room.refused(ARVENIA.id, found(members=()), "charter.members")


def test_the_ceiling_is_one_that_this_software_may_carry(room):
    for label in Label:
        outcome = room.ask(ARVENIA.id, found(ceiling=label))
        assert isinstance(outcome, Refused) == (label.level > Label.SENSITIVE.level)
    assert "accreditation" in room.refused(ARVENIA.id, found(ceiling=Label.SECRET), "charter.ceiling")


def test_who_must_accept_is_a_member_and_no_observer(room):
    observed = (seat(ARVENIA, Role.CHAIR), seat(BELMORA), seat(CORVALIS, Role.OBSERVER))
    wrong = [
        found(must_accept=()),
        found(must_accept=(ARVENIA.id, ARVENIA.id)),
        found(must_accept=(DORANE.id,)),
        found(members=observed, must_accept=(ARVENIA.id, CORVALIS.id)),
    ]
    for body in wrong:
        room.refused(ARVENIA.id, body, "charter.accept")
    assert not isinstance(room.ask(ARVENIA.id, found(members=observed)), Refused)


def test_how_many_may_collude_is_fewer_than_the_members(room):
    for faults in (-1, 3, 10**9):
        room.refused(ARVENIA.id, found(faults=faults), "charter.faults")
    for faults in (0, 1, 2):
        assert PROCEDURE.publish(room.ask(ARVENIA.id, found(faults=faults)), Facts()).faults == faults


@pytest.mark.parametrize(
    "rules",
    [{}, {"correspondence": 1}, {"charter": 2}, {"charter": 1, "Table": 1}, {"charter": 1, "table": 0}],
)
def test_the_charter_names_the_versions_of_its_rules(room, rules):
    room.refused(ARVENIA.id, found(rules=rules), "charter.versions")


def test_places_have_an_address_and_a_sound_key(room):
    good = found()
    identity_point = VerifierKey("x", KeyKind.ED25519, b"\1" + bytes(31)).vkey
    cosigner = VerifierKey("x", KeyKind.COSIGNATURE_ED25519, signing.ed25519_public(seed("x"))).vkey
    for changes in (
        {"url": "file:///etc"}, {"url": ""}, {"url": "http://a b"}, {"origin": ""}, {"origin": "a\nb"},
        {"vkey": ""}, {"vkey": identity_point}, {"vkey": cosigner}, {"line": "short"}, {"line": base32(bytes(32))},
    ):  # fmt: skip
        relay = msgspec.structs.replace(good.relay, **changes)
        room.refused(ARVENIA.id, found(relay=relay), "charter.places")
        if "line" not in changes:
            register = msgspec.structs.replace(good.register, **changes)
            room.refused(ARVENIA.id, found(register=register), "charter.places")
    other = msgspec.structs.replace(good.register, origin="another.example")
    room.refused(ARVENIA.id, found(register=other), "charter.places")


@pytest.mark.parametrize("title", ["", " ", "two\nlines", "x" * 401, "a\u202eb"])
def test_a_line_has_a_title_that_can_be_read(room, title):
    room.refused(ARVENIA.id, found(title=title), "charter.size")


# --- admitting and removing --------------------------------------------------------------------


def test_the_chair_admits_and_nobody_else(line):
    admit = Admit(DORANE.id, Role.OBSERVER, DORANE.chain)
    line.refused(BELMORA.id, admit, "charter.chair")
    line.refused(ARVENIA.id, Admit(DORANE.id, Role.CHAIR, DORANE.chain), "charter.chair")
    line.refused(ARVENIA.id, Admit(BELMORA.id, Role.MEMBER, BELMORA.chain), "charter.members")
    line.refused(ARVENIA.id, Admit(DORANE.id, Role.MEMBER, BELMORA.chain), "charter.records")
    line.say(ARVENIA.id, admit)
    assert line.facts.role(DORANE.id) is Role.OBSERVER
    assert line.facts.faults == 1, "the default f follows the number of members: floor(3 / 3)"
    assert DORANE.id not in line.facts.must_accept


def test_a_line_has_room_for_so_many_and_no_more(line, monkeypatch):
    monkeypatch.setattr(rules, "MOST_MEMBERS", 3)
    line.refused(ARVENIA.id, Admit(DORANE.id, Role.MEMBER, DORANE.chain), "charter.members")
    monkeypatch.setattr(rules, "MOST_MEMBERS", 4)
    line.say(ARVENIA.id, Admit(DORANE.id, Role.MEMBER, DORANE.chain))


def test_the_chair_removes_and_what_is_published_follows(line):
    line.refused(BELMORA.id, Remove(CORVALIS.id, ""), "charter.chair")
    line.refused(ARVENIA.id, Remove(DORANE.id, ""), "charter.members")
    line.refused(ARVENIA.id, Remove(ARVENIA.id, ""), "charter.members")
    line.refused(ARVENIA.id, Remove(BELMORA.id, "x" * 2001), "charter.size")
    line.say(ARVENIA.id, Remove(BELMORA.id, "withdrew from the talks"))
    assert BELMORA.id not in line.facts.members
    assert line.facts.must_accept == (ARVENIA.id,)
    assert describe(line.state)["departures"][0]["reason"] == "withdrew from the talks"
    line.refused(ARVENIA.id, Remove(BELMORA.id, ""), "charter.members")


def test_somebody_is_left_who_must_accept(room):
    room.say(ARVENIA.id, found(must_accept=(BELMORA.id,)))
    room.refused(ARVENIA.id, Remove(BELMORA.id, ""), "charter.accept")


def test_a_fixed_number_of_faults_stays_below_the_members(room):
    room.say(ARVENIA.id, found(faults=2))
    room.say(ARVENIA.id, Remove(CORVALIS.id, ""))
    assert room.facts.faults == 1


def test_a_party_comes_back_with_the_same_record_or_a_later_one_and_never_an_earlier_one(room):
    record = records.make_record(BELMORA.record, **fields("Belmora", seal=hybrid_seeds("second seal")))
    later = BELMORA.next(record, BELMORA.roots[:2])
    room.say(ARVENIA.id, found(members=(seat(ARVENIA, Role.CHAIR), seat(later), seat(CORVALIS))))
    assert room.facts.members[BELMORA.id].seal_ed25519 == hybrid.public(hybrid_seeds("second seal")).ed25519
    room.say(ARVENIA.id, Remove(BELMORA.id, ""))
    room.refused(ARVENIA.id, Admit(BELMORA.id, Role.MEMBER, BELMORA.chain), "charter.records")
    room.say(ARVENIA.id, Admit(BELMORA.id, Role.MEMBER, later.chain))
    assert room.facts.role(BELMORA.id) is Role.MEMBER


# --- what members report -----------------------------------------------------------------------


def test_a_chancerys_return_is_asked_for_by_its_party_or_by_the_chair(line):
    line.refused(CORVALIS.id, Rejoin(BELMORA.id, "restored"), "charter.about")
    line.refused(ARVENIA.id, Rejoin(DORANE.id, "restored"), "charter.members")
    line.refused(BELMORA.id, Rejoin(BELMORA.id, "\x00"), "charter.size")
    line.say(BELMORA.id, Rejoin(BELMORA.id, "restored from a backup"))
    line.say(ARVENIA.id, Rejoin(CORVALIS.id, "cannot open what is said"))
    asked = describe(line.state)["returns"]
    assert [(each["name"], each["by"] == ARVENIA.id) for each in asked] == [("Belmora", False), ("Corvalis", True)]
    assert BELMORA.id in line.facts.members


def test_an_incident_names_something_that_came_before_it_with_bounded_evidence(line):
    line.refused(BELMORA.id, Incident(1, b"", "A false commit."), "charter.about")
    line.refused(BELMORA.id, Incident(-1, b"", "A false commit."), "charter.about")
    line.refused(BELMORA.id, Incident(0, bytes(LARGEST_EVIDENCE + 1), "A false commit."), "charter.size")
    line.refused(BELMORA.id, Incident(0, b"", " "), "charter.size")
    line.refused(BELMORA.id, Incident(0, b"", "x" * 2001), "charter.size")
    line.refused(DORANE.id, Incident(0, b"", "A false commit."), "charter.members")
    line.say(BELMORA.id, Incident(0, bytes(LARGEST_EVIDENCE), "A false commit."))
    (seen,) = describe(line.state)["incidents"]
    assert (seen["position"], seen["evidence_bytes"]) == (0, LARGEST_EVIDENCE)
    assert seen["evidence_sha256"] == hashlib.sha256(bytes(LARGEST_EVIDENCE)).hexdigest()


# --- what people read --------------------------------------------------------------------------


def test_the_charter_is_read_as_sentences_each_with_an_id(line):
    view = describe(line.state)
    names = [each["id"] for each in view["sentences"]]
    assert len(names) == len(set(names))
    said = {each["id"]: each["text"] for each in view["sentences"]}
    assert said["charter.accept"].endswith("by Arvenia, Belmora, each of them.")
    assert said["charter.quorum"] == "An act is confirmed when 2 of 3 members have cosigned it."
    assert "SENSITIVE" in said["charter.ceiling"]
    assert view["members"][0]["role"] == "chair"
    assert msgspec.json.encode(view)


def test_before_the_line_is_founded_there_is_nothing_to_read():
    assert describe(PROCEDURE.initial())["sentences"] == []


# --- properties --------------------------------------------------------------------------------

PEOPLE = {party.id: party for party in (ARVENIA, BELMORA, CORVALIS, DORANE)}
WHO = st.sampled_from([*PEOPLE, "nobody"])
CHAINS = st.sampled_from([(), *(party.chain for party in PEOPLE.values()), altered(BELMORA)])
WORDS = st.sampled_from(["", "why", "\x00", "x" * 3000]) | st.text(max_size=5)
SEATS = st.builds(Seat, WHO, st.sampled_from(Role), CHAINS)
BODIES = st.one_of(
    st.builds(
        found,
        title=WORDS,
        members=st.lists(SEATS, max_size=3).map(tuple),
        ceiling=st.sampled_from(Label),
        must_accept=st.lists(WHO, max_size=3).map(tuple),
        faults=st.none() | st.integers(),
        rules=st.dictionaries(st.text(max_size=3) | st.just("charter"), st.integers(), max_size=2),
        relay=st.builds(RelayPlace, WORDS, WORDS, WORDS, WORDS),
    ),
    st.builds(found, faults=st.none() | st.integers(0, 3)),
    st.builds(Admit, WHO, st.sampled_from(Role), CHAINS),
    st.builds(Remove, WHO, WORDS),
    st.builds(Rejoin, WHO, WORDS),
    st.builds(Incident, st.integers(), st.binary(max_size=4), WORDS),
)


@settings(max_examples=30)
@given(st.lists(st.tuples(WHO, BODIES), max_size=6), st.booleans())
def test_the_rules_are_total_deterministic_and_keep_what_they_promise(acts, founded):
    one, two = new_room(), new_room()
    for author, body in ([(ARVENIA.id, found())] if founded else []) + acts:
        act = one.verified(author, body)
        outcome, again = (PROCEDURE.admit(each.state, each.facts, act) for each in (one, two))
        assert outcome == again
        one.position = two.position = one.position + 1
        if isinstance(outcome, Refused):
            assert outcome.rule.startswith("charter.")
            continue
        one.state, two.state = outcome, again
        assert PROCEDURE.digest(outcome) == PROCEDURE.digest(again)
        facts = PROCEDURE.publish(outcome, Facts())
        assert [member.role for member in facts.members.values()].count(Role.CHAIR) == 1
        assert facts.must_accept
        assert all(facts.role(party) in (Role.CHAIR, Role.MEMBER) for party in facts.must_accept)
        assert 0 <= facts.faults < len(facts.members)
        assert describe(outcome)["founded"]


def test_every_body_survives_its_canonical_spelling():
    for body in (
        found(), found(faults=1), Admit(DORANE.id, Role.MEMBER, DORANE.chain), Remove(DORANE.id, ""),
        Rejoin(DORANE.id, ""), Incident(0, b"\0", "why"),
    ):  # fmt: skip
        assert canonical.decode(canonical.encode(body), type(body)) == body


def test_the_digest_moves_with_every_change(room):
    seen = [PROCEDURE.digest(room.state)]
    for body in (
        found(), Admit(DORANE.id, Role.MEMBER, DORANE.chain), Rejoin(DORANE.id, "why"), Incident(0, b"", "why"),
        Remove(DORANE.id, ""),
    ):  # fmt: skip
        room.say(ARVENIA.id, body)
        seen.append(PROCEDURE.digest(room.state))
    assert len(set(seen)) == len(seen)
