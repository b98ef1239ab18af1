import hashlib
from dataclasses import replace

import msgspec
import pytest
from authenticators import Authenticator, approval, persons
from hypothesis import given, settings
from hypothesis import strategies as st
from lineup import LINE, START, Room
from sealing import TEXT, fields, make_parties, make_party, seal_by, seed

from detente.acts.facts import Facts, Member, Role, TextFacts
from detente.crypto import signing
from detente.evidence import instrument, publication, records
from detente.evidence.anchors import AnchoredRegister, make_anchors
from detente.evidence.approvals import in_order
from detente.evidence.instrument import Seal
from detente.evidence.verifier import Outcome, verify
from detente.ground.errors import Refused, Stale
from detente.ground.identifiers import ActId
from detente.procedures.signature.acts import Adopt, Consent, Published, Sign
from detente.procedures.signature.rules import PROCEDURE, instrument_file
from detente.procedures.signature.views import concluded, pending
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.merkle import Tree
from detente.tlog.note import KeyKind, VerifierKey
from detente.wire import canonical

ARVENIA, BELMORA, CORVALIS = PARTIES = make_parties()
DORANE, ELLORY = make_party("Dorane"), make_party("Ellory")
NAME = ActId(seed("the text"))
CONTENT = seed("content")
REGISTER = VerifierKey("register.example", KeyKind.ED25519, signing.ed25519_public(seed("register")))
REGISTER_SEED = seed("register")
UNKNOWN = bytes(32)


def member(party, role=Role.MEMBER):
    record = party.record
    return Member(
        party=party.id,
        name=party.name,
        role=role,
        record=party.record_digest,
        node=record.node,
        voice=record.voice,
        seal_ed25519=record.seal.ed25519,
        seal_mldsa65=record.seal.mldsa65,
        chain=records.encode_chain(party.chain),
    )


def table(**changes):
    text = TextFacts("On the shared waters", "en", CONTENT, 0, TEXT, frozenset())
    return {NAME: replace(text, **changes)}


FACTS = Facts(
    members={
        ARVENIA.id: member(ARVENIA, Role.CHAIR),
        BELMORA.id: member(BELMORA),
        CORVALIS.id: member(CORVALIS),
        DORANE.id: member(DORANE),
        ELLORY.id: member(ELLORY, Role.OBSERVER),
    },
    must_accept=(CORVALIS.id, ARVENIA.id, BELMORA.id),
    texts=table(),
    register_origin=REGISTER.name,
    register_vkey=REGISTER.vkey,
)
ADOPT = Adopt(NAME, CONTENT)


@pytest.fixture
def room():
    return Room(PROCEDURE, FACTS)


def adopt(room):
    """All adopt; gives the instrument."""
    for party in PARTIES:
        room.say(party.id, ADOPT)
    return room.state.instruments[room.state.by_text[NAME]]


def sign(room):
    one = adopt(room)
    for party in PARTIES:
        room.say(party.id, Sign(one.digest, (), seal_by(party, one.payload)))
    return room.state.instruments[one.digest]


def consent(room):
    one = sign(room)
    for party in PARTIES:
        room.say(party.id, Consent(one.digest))
    return room.state.instruments[one.digest]


def proof_of(file, origin=REGISTER.name, key=REGISTER_SEED, others=3):
    tree = Tree()
    for number in range(others):
        tree.append(publication.leaf_hash(b"another file %d" % number))
    index = tree.append(publication.leaf_hash(file))
    return publication.make_proof(
        index, tree.inclusion(index, tree.size), Checkpoint(origin, tree.size, tree.root()), key
    )


# --- the whole way -----------------------------------------------------------------------------


def test_from_adoption_to_a_file_that_a_stranger_verifies(room):
    one = consent(room)
    file = instrument_file(room.state, one.digest)
    proof = proof_of(file)
    room.say(ARVENIA.id, Published(one.digest, proof))
    anchors = make_anchors({party.id: party.name for party in PARTIES}, AnchoredRegister(REGISTER.name, REGISTER.vkey))
    verdict = verify(file, proof.encode(), anchors)
    assert verdict.outcome is Outcome.PROVED, [finding.sentence for finding in verdict.findings]
    assert concluded(room.state, room.facts)[0]["sentence"].startswith("Sealed by all and published")


def test_the_instrument_says_what_was_adopted_by_whom_and_when(room):
    acts = [room.say(party.id, ADOPT) for party in PARTIES]
    one = room.state.instruments[room.state.by_text[NAME]]
    read = instrument.read_instrument(one.payload)
    assert (read.title, read.language, read.text) == ("On the shared waters", "en", TEXT)
    assert (read.line, read.content_hash) == (LINE, CONTENT)
    assert read.text_sha256 == hashlib.sha256(TEXT.encode()).digest()
    assert [named.party for named in read.parties] == sorted(party.id for party in PARTIES)
    assert {adoption.party: adoption.act for adoption in read.adopted} == dict(
        zip([party.id for party in PARTIES], acts, strict=True)
    )
    assert read.adopted_at == START + 2 * 60_000, "the log's time of the last adoption"
    assert one.digest == instrument.act_digest(one.payload)
    assert dict(room.facts.adopted) == {NAME: CONTENT}


def test_before_everybody_adopted_nothing_is_adopted(room):
    for party in PARTIES[:2]:
        room.say(party.id, ADOPT)
    assert not room.facts.adopted
    assert not room.state.instruments
    (row,) = pending(room.state, room.facts)
    assert row["missing"] == ["Corvalis"]
    assert row["current"] is True


# --- adoption ----------------------------------------------------------------------------------


def test_who_must_accept_adopts_once(room):
    room.refused(DORANE.id, ADOPT, "signature.party")
    room.refused(ELLORY.id, ADOPT, "signature.party")
    room.refused(ARVENIA.id, Adopt(UNKNOWN, CONTENT), "signature.text")
    room.say(ARVENIA.id, ADOPT)
    room.refused(ARVENIA.id, ADOPT, "signature.once")
    for party in PARTIES[1:]:
        room.say(party.id, ADOPT)
    room.refused(BELMORA.id, ADOPT, "signature.once")


def test_an_adoption_of_what_the_text_no_longer_is_is_stale(room):
    room.refused(ARVENIA.id, Adopt(NAME, UNKNOWN), "signature.content")
    assert isinstance(room.ask(ARVENIA.id, Adopt(NAME, UNKNOWN)), Stale)
    room.say(ARVENIA.id, ADOPT)
    room.know(texts=table(content_hash=UNKNOWN))
    assert isinstance(room.ask(BELMORA.id, ADOPT), Stale)
    assert pending(room.state, room.facts)[0]["current"] is False


def test_adoptions_of_two_contents_are_never_counted_together(room):
    room.say(ARVENIA.id, ADOPT)
    room.know(texts=table(content_hash=UNKNOWN))
    for party in PARTIES[1:]:
        room.say(party.id, Adopt(NAME, UNKNOWN))
    assert not room.facts.adopted
    room.say(ARVENIA.id, Adopt(NAME, UNKNOWN))
    assert dict(room.facts.adopted) == {NAME: UNKNOWN}
    assert not pending(room.state, room.facts)


@pytest.mark.parametrize("changes", [{"open_slots": 2, "clean_text": None}, {"open_slots": 1}, {"clean_text": None}])
def test_a_text_with_anything_open_is_not_adopted(room, changes):
    room.know(texts=table(**changes))
    room.refused(ARVENIA.id, ADOPT, "signature.clean")


@pytest.mark.parametrize(
    "changes",
    [{"title": ""}, {"title": "a\u202eb"}, {"language": "English"}, {"clean_text": ""}, {"clean_text": "\x00"}],
)
def test_nobody_adopts_what_cannot_be_an_instrument(room, changes):
    room.know(texts=table(**changes))
    room.refused(ARVENIA.id, ADOPT, "signature.form")


def test_one_party_alone_concludes_nothing(room):
    room.know(must_accept=(ARVENIA.id,))
    room.refused(ARVENIA.id, ADOPT, "signature.form")


def test_when_the_last_one_missing_is_removed_an_adoption_said_again_makes_the_instrument(room):
    for party in PARTIES[:2]:
        room.say(party.id, ADOPT)
    room.know(must_accept=(ARVENIA.id, BELMORA.id))
    room.say(BELMORA.id, ADOPT)
    (one,) = room.state.instruments.values()
    assert {named.party for named in one.parties} == {ARVENIA.id, BELMORA.id}


# --- seals -------------------------------------------------------------------------------------


def test_each_party_seals_once_and_nobody_else_does(room):
    one = adopt(room)
    room.refused(DORANE.id, Sign(one.digest, (), seal_by(DORANE, one.payload)), "signature.party")
    room.refused(ARVENIA.id, Sign(UNKNOWN, (), seal_by(ARVENIA, one.payload)), "signature.unknown")
    room.say(ARVENIA.id, Sign(one.digest, (), seal_by(ARVENIA, one.payload)))
    room.refused(ARVENIA.id, Sign(one.digest, (), seal_by(ARVENIA, one.payload)), "signature.once")
    assert set(concluded(room.state, room.facts)[0]["not_sealed"]) == {"Belmora", "Corvalis"}


def turned(seal, part):
    raw = getattr(seal, part)
    return msgspec.structs.replace(seal, **{part: bytes([raw[0] ^ 1]) + raw[1:]})


def test_a_false_seal_is_refused(room):
    one = adopt(room)
    good = seal_by(ARVENIA, one.payload)
    other = instrument.seal(one.payload + b" ", ARVENIA.id, ARVENIA.record_digest, ARVENIA.seal)
    foreign_key = instrument.seal(one.payload, ARVENIA.id, ARVENIA.record_digest, BELMORA.seal)
    for false in (
        turned(good, "ed25519"),
        turned(good, "mldsa65"),
        turned(good, "record"),
        other,
        foreign_key,
        seal_by(BELMORA, one.payload),
        msgspec.structs.replace(seal_by(BELMORA, one.payload), party=ARVENIA.id),
    ):
        room.refused(ARVENIA.id, Sign(one.digest, (), false), "signature.seal")
    room.say(ARVENIA.id, Sign(one.digest, (), good))


def test_a_party_whose_record_changed_does_not_seal_under_the_old_one(room):
    one = adopt(room)
    later = ARVENIA.next(records.make_record(ARVENIA.record, **fields("Arvenia", "later")), ARVENIA.roots)
    room.know(members={**FACTS.members, ARVENIA.id: replace(member(ARVENIA), record=later.record_digest)})
    room.refused(ARVENIA.id, Sign(one.digest, (), seal_by(ARVENIA, one.payload)), "signature.record")
    assert "Arvenia can no longer seal" in concluded(room.state, room.facts)[0]["remarks"][1]


def test_no_file_before_the_last_seal(room):
    with pytest.raises(Refused, match="no such instrument"):
        instrument_file(room.state, UNKNOWN)
    one = adopt(room)
    for party in PARTIES[:2]:
        room.say(party.id, Sign(one.digest, (), seal_by(party, one.payload)))
    with pytest.raises(Refused, match="Not every party"):
        instrument_file(room.state, one.digest)


def test_what_the_table_says_later_does_not_reach_into_the_instrument(room):
    one = adopt(room)
    room.know(texts=table(content_hash=UNKNOWN, clean_text="Something else.", title="Else"))
    for party in PARTIES:
        room.say(party.id, Sign(one.digest, (), seal_by(party, one.payload)))
    sealed, read = instrument.read_sealed(instrument_file(room.state, one.digest))
    assert read.text == TEXT
    assert sealed.payload == one.payload


# --- the approval of persons -------------------------------------------------------------------


@pytest.fixture
def guarded():
    """Arvenia's record asks for two persons; the others' ask for none."""
    head, legal = Authenticator("head"), Authenticator("legal", "EdDSA")
    offices = {"head-of-mission": ["conclude"], "legal-adviser": ["conclude"]}
    asked = persons(head.passkey("h1"), legal.passkey("h2", "legal-adviser"), approvals=2)
    arvenia = make_party("Arvenia", "guarded", offices=offices, persons=asked)
    members = {each.id: member(each) for each in (BELMORA, CORVALIS)} | {arvenia.id: member(arvenia, Role.CHAIR)}
    room = Room(PROCEDURE, replace(FACTS, members=members, must_accept=(arvenia.id, BELMORA.id, CORVALIS.id)))
    for party in (arvenia, BELMORA, CORVALIS):
        room.say(party.id, ADOPT)
    return room, arvenia, room.state.instruments[room.state.by_text[NAME]], head, legal


def test_a_party_seals_after_as_many_persons_approved_as_its_record_asks_for(guarded):
    room, arvenia, one, head, legal = guarded
    first = approval(arvenia, one.payload, head)
    given = in_order((first, approval(arvenia, one.payload, legal, "legal-adviser")))
    strange = in_order((*given, approval(BELMORA, one.payload, Authenticator("b"))))
    for wrong in ((), (first,), given[::-1], (*given, given[-1]), strange):
        sealed = instrument.seal(one.payload, arvenia.id, arvenia.record_digest, arvenia.seal, wrong)
        room.refused(arvenia.id, Sign(one.digest, wrong, sealed), "signature.approvals")
    bare = seal_by(arvenia, one.payload)
    room.refused(arvenia.id, Sign(one.digest, given, bare), "signature.seal")  # the seal covers none of them
    room.say(arvenia.id, Sign(one.digest, given, seal_by(arvenia, one.payload, given)))
    for party in (BELMORA, CORVALIS):
        room.refused(party.id, Sign(one.digest, given, seal_by(party, one.payload, given)), "signature.approvals")
        room.say(party.id, Sign(one.digest, (), seal_by(party, one.payload)))
    file = instrument_file(room.state, one.digest)
    anchored = make_anchors({party.id: party.name for party in (arvenia, BELMORA, CORVALIS)}, None)
    assert verify(file, None, anchored).outcome is Outcome.UNPUBLISHED
    seen = concluded(room.state, room.facts)[0]
    assert sorted(each["office"] for each in seen["approvals"]) == ["head-of-mission", "legal-adviser"]
    assert "Arvenia" not in seen["remarks"][0]
    assert "Belmora" in seen["remarks"][0]


# --- consent and publication -------------------------------------------------------------------


def test_consent_comes_after_every_seal_and_publication_after_every_consent(room):
    one = adopt(room)
    room.refused(ARVENIA.id, Consent(one.digest), "signature.sealed")
    for party in PARTIES:
        room.say(party.id, Sign(one.digest, (), seal_by(party, one.payload)))
    proof = proof_of(instrument_file(room.state, one.digest))
    for party in PARTIES:
        room.refused(ARVENIA.id, Published(one.digest, proof), "signature.sealed")
        room.refused(DORANE.id, Consent(one.digest), "signature.party")
        room.say(party.id, Consent(one.digest))
        room.refused(party.id, Consent(one.digest), "signature.once")
    room.refused(ELLORY.id, Published(one.digest, proof), "signature.party")
    room.refused(ARVENIA.id, Published(UNKNOWN, proof), "signature.unknown")
    room.say(BELMORA.id, Published(one.digest, proof))
    room.refused(ARVENIA.id, Published(one.digest, proof), "signature.once")


def test_a_wrong_proof_is_refused(room):
    one = consent(room)
    file = instrument_file(room.state, one.digest)
    good = proof_of(file)
    for false in (
        "",
        "\ud800",
        good + " ",
        good.replace("index 3", "index 2"),
        proof_of(file + b" "),
        proof_of(file, key=seed("another register")),
        proof_of(file, origin="another.example"),
        "x" * 70_000,
    ):
        room.refused(ARVENIA.id, Published(one.digest, false), "signature.proof")
    room.say(ARVENIA.id, Published(one.digest, good))
    assert room.state.instruments[one.digest].proof == good


def test_without_a_register_nothing_is_published(room):
    one = consent(room)
    proof = proof_of(instrument_file(room.state, one.digest))
    room.know(register_vkey="", register_origin="")
    room.refused(ARVENIA.id, Published(one.digest, proof), "signature.proof")


# --- what people see ---------------------------------------------------------------------------


def test_the_view_says_what_is_missing_as_plainly_as_what_is_there(room):
    one = adopt(room)
    seen = [concluded(room.state, room.facts)[0]]
    for party in PARTIES:
        room.say(party.id, Sign(one.digest, (), seal_by(party, one.payload)))
    seen.append(concluded(room.state, room.facts)[0])
    for party in PARTIES:
        room.say(party.id, Consent(one.digest))
    seen.append(concluded(room.state, room.facts)[0])
    assert len(seen[0]["not_sealed"]) == 3
    assert "have not sealed" in seen[0]["sentence"]
    assert "have not consented" in seen[1]["sentence"]
    assert "does not stand in the register yet" in seen[2]["sentence"]
    assert all("passkey" in each["remarks"][0] and each["approvals"] == [] for each in seen)
    assert all(party.name in each["remarks"][0] for party in PARTIES for each in seen)
    assert msgspec.json.encode(seen)


def test_what_a_reader_does_not_see_is_pointed_out_before_anybody_seals(room):
    room.know(texts=table(clean_text="A lake\u200b is open.\n"))
    adopt(room)
    assert concluded(room.state, room.facts)[0]["unseen"] == ["U+200B (zero-width space) at 6"]


# --- properties --------------------------------------------------------------------------------

SEALS = {}


def seal_of(party, payload):
    """Sealing is costly and randomised: one seal for each party and payload."""
    key = (party.id, payload)
    if key not in SEALS:
        SEALS[key] = seal_by(party, payload)
    return SEALS[key]


PEOPLE = (*PARTIES, DORANE, ELLORY)
WILD_SEAL = st.builds(
    Seal,
    st.sampled_from([party.id for party in PEOPLE]) | st.text(max_size=3),
    st.just(1),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=64, max_size=64),
    st.just(bytes(3309)),
)


@settings(max_examples=40)
@given(st.data())
def test_the_rules_are_total_deterministic_and_keep_what_they_promise(data):
    one, two = Room(PROCEDURE, FACTS), Room(PROCEDURE, FACTS)
    if data.draw(st.booleans()):
        for room in (one, two):
            adopt(room)
    for _ in range(data.draw(st.integers(1, 10))):
        party = data.draw(st.sampled_from(PEOPLE))
        known = st.sampled_from([UNKNOWN, *one.state.instruments])
        content = st.sampled_from([CONTENT, UNKNOWN]) | st.binary(max_size=3)
        seals = WILD_SEAL
        if one.state.instruments:
            (payload,) = {each.payload for each in one.state.instruments.values()}
            seals = st.one_of(WILD_SEAL, *(st.just(seal_of(each, payload)) for each in PARTIES))
        body = data.draw(
            st.one_of(
                st.builds(Adopt, st.sampled_from([NAME, UNKNOWN]), content),
                st.builds(Sign, known, st.just(()), seals),
                st.builds(Consent, known),
                st.builds(Published, known, st.text()),
            )
        )
        act = one.verified(party.id, body)
        outcome, again = (PROCEDURE.admit(room.state, room.facts, act) for room in (one, two))
        assert outcome == again
        one.position = two.position = one.position + 1
        if isinstance(outcome, Refused):
            assert outcome.rule.startswith("signature.")
            continue
        one.state, two.state = outcome, again
        assert PROCEDURE.digest(outcome) == PROCEDURE.digest(again)
    for each in one.state.instruments.values():
        assert bool(each.file) == (len(each.seals) == 3)
        assert not each.consents or each.file
        assert not each.published
        assert set(each.seals) <= {party.id for party in PARTIES}
    assert len(concluded(one.state, one.facts)) == len(one.state.instruments)


@given(st.permutations(PARTIES))
def test_who_adopts_first_changes_the_acts_and_nothing_else(order):
    room = Room(PROCEDURE, FACTS)
    for party in order:
        room.say(party.id, ADOPT)
    (one,) = room.state.instruments.values()
    read = instrument.read_instrument(one.payload)
    assert [named.party for named in read.parties] == sorted(party.id for party in PARTIES)
    assert [adoption.party for adoption in read.adopted] == sorted(party.id for party in PARTIES)


def test_every_body_survives_its_canonical_spelling(room):
    one = adopt(room)
    seal = seal_by(ARVENIA, one.payload)
    for body in (ADOPT, Sign(one.digest, (), seal), Consent(one.digest), Published(one.digest, "proof")):
        assert canonical.decode(canonical.encode(body), type(body)) == body


def test_another_procedures_act_is_none_of_ours(room):
    room.refused(ARVENIA.id, None, "signature.kind")


def test_the_digest_moves_with_every_change(room):
    seen = [PROCEDURE.digest(room.state)]

    def say(party, body):
        room.say(party.id, body)
        seen.append(PROCEDURE.digest(room.state))

    for party in PARTIES:
        say(party, ADOPT)
    (one,) = room.state.instruments.values()
    for party in PARTIES:
        say(party, Sign(one.digest, (), seal_by(party, one.payload)))
    for party in PARTIES:
        say(party, Consent(one.digest))
    say(ARVENIA, Published(one.digest, proof_of(instrument_file(room.state, one.digest))))
    assert len(set(seen)) == len(seen) == 11
