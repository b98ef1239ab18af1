"""A26, A36: a person's approval is for exactly what the party sealed; nothing else that a passkey signed passes for one.

Both verifiers judge every file.  In each attack the parties' own seals are good and cover what is shown, so that only
the approval stands in the way; its control is the same file with honest approvals.
"""

import base64
import hashlib
import json

import msgspec
import pytest
from authenticators import ORIGIN, RP, Authenticator, approval, approved, client_data, persons
from hypothesis import given, settings
from hypothesis import strategies as st
from sealing import hybrid_seeds, make_parties, make_party, make_payload, seal_by, seed
from test_instrument_forgery import anchor, failing, judge, publish, second

from detente.crypto import passkeys
from detente.evidence import approvals, instrument, records, verifier
from detente.evidence.instrument import Sealed
from detente.evidence.verifier import Outcome
from detente.ground.errors import DetenteError, Malformed, NotAuthentic
from detente.wire import canonical

HEAD, SPARE, LEGAL = Authenticator("head"), Authenticator("head's second key", "EdDSA"), Authenticator("legal", "EdDSA")
CLERK, STRANGER = Authenticator("clerk"), Authenticator("stranger")
OFFICES = {"clerk": ["send"], "head-of-mission": ["conclude", "send"], "legal-adviser": ["conclude"]}

ARVENIA = make_party(
    "Arvenia",
    offices=OFFICES,
    persons=persons(
        HEAD.passkey("h1"),
        SPARE.passkey("h1"),
        LEGAL.passkey("h2", "legal-adviser"),
        CLERK.passkey("h3", "clerk"),
        approvals=2,
    ),
)
BELMORA = make_party(
    "Belmora",
    offices=OFFICES,
    persons=persons(
        Authenticator("belmora").passkey("b1"), origin="https://belmora.example:8443", rp="belmora.example"
    ),
)
CORVALIS = make_party("Corvalis")
PARTIES = (ARVENIA, BELMORA, CORVALIS)
PAYLOAD = make_payload(PARTIES)
ANCHORS = anchor(PARTIES)


def by_belmora(payload=PAYLOAD):
    at = {"origin": "https://belmora.example:8443", "rp": "belmora.example"}
    return approval(BELMORA, payload, Authenticator("belmora"), **at)


def by_head(**changes):
    return approval(ARVENIA, PAYLOAD, HEAD, **changes)


def by_legal(**changes):
    return approval(ARVENIA, PAYLOAD, LEGAL, "legal-adviser", **changes)


def concluded(*given, payload=PAYLOAD, covered=None):
    """The file with these approvals, sealed over them (or over `covered`) and published."""
    given = approvals.in_order(given)
    over = given if covered is None else approvals.in_order(covered)
    among = sorted(PARTIES, key=lambda party: party.id)
    seals = tuple(seal_by(party, payload, over) for party in among)
    chains = tuple(party.chain for party in among)
    file = canonical.encode(Sealed(instrument.PAYLOAD_TYPE, payload, given, seals, chains))
    return file, publish(file)


HONEST = (by_head(), by_legal(), by_belmora())


def false(*given, **how):
    """The checks that do not hold, on which both verifiers agree."""
    return failing(*concluded(*given, **how), ANCHORS)


def test_control_persons_approve_and_the_party_seals():
    file, proof = concluded(*HONEST)
    assert judge(file, proof, ANCHORS) is Outcome.PROVED
    said = [one.sentence for one in verifier.verify(file, proof, ANCHORS).findings if one.number == 8]
    assert any("2 persons (head-of-mission and legal-adviser) of Arvenia" in one for one in said)
    assert any("asks for no person's own approval" in one for one in said)
    chains = {party.id: party.chain for party in PARTIES}
    sealed = [seal_by(party, PAYLOAD, approvals.in_order(HONEST)) for party in PARTIES]
    assert instrument.read_sealed(instrument.assemble(PAYLOAD, sealed, chains, HONEST))[0].approvals == (
        instrument.read_sealed(file)[0].approvals
    )


@pytest.mark.attack("A26", "prevented")
def test_an_approval_of_another_act_is_none():
    other = make_payload(PARTIES, title="What was shown")
    shown = approval(ARVENIA, other, HEAD)
    assert (
        judge(
            *concluded(shown, approval(ARVENIA, other, LEGAL, "legal-adviser"), by_belmora(other), payload=other),
            ANCHORS,
        )
        is Outcome.PROVED
    )
    assert false(shown, by_legal(), by_belmora()) == {8}


def test_an_answer_to_a_sign_in_is_no_approval():
    """A26: neither one to a random challenge, nor one in which the bare hash of the act was asked."""
    for challenge in (seed("a sign-in"), instrument.act_digest(PAYLOAD), hashlib.sha256(PAYLOAD).digest()):
        assert false(by_head(challenge=challenge), by_legal(), by_belmora()) == {8}


@pytest.mark.attack("A26", "limited")
def test_a_house_that_shows_a_sign_in_and_asks_for_an_act_gets_its_approval():
    """Nothing in the answer says what the screen said; the digits on another screen do (chancery/approvals.py)."""
    shown_as_a_sign_in = HEAD.answer(challenge_of())
    assert not false(approved(ARVENIA, "head-of-mission", HEAD, shown_as_a_sign_in), by_legal(), by_belmora())


@pytest.mark.attack("A36", "prevented")
@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://desk.arvenia.example.evil.example"},
        {"origin": "https://arvenia.example"},
        {"origin": "http://desk.arvenia.example"},
        {"origin": "https://desk.arvenia.example:8443"},
        {"rp": "belmora.example"},
        {"rp": "desk.arvenia.example"},
        {"kind": "webauthn.create"},
        {"kind": "payment.get"},
        {"flags": 0x01},  # present, not verified
        {"flags": 0x04},  # verified, not present
        {"flags": 0x00},
        {"flags": 0x45},  # key data promised, none there
        {"flags": 0x85},  # extensions promised, none there
        {"flags": 0x07},  # reserved bits
        {"flags": 0x25},
        {"flags": 0x15},  # backed up, and not eligible for it
    ],
    ids=str,
)
def test_an_answer_for_another_site_or_without_its_person_is_none(changes):
    assert false(by_head(**changes), by_legal(), by_belmora()) == {8}


@pytest.mark.parametrize("flags", [0x05, 0x0D, 0x1D])
def test_control_synchronised_passkeys_approve_too(flags):
    assert not false(by_head(flags=flags, counter=0), by_legal(flags=flags), by_belmora())


def challenge_of(party=ARVENIA, office="head-of-mission"):
    return approvals.challenge(instrument.act_digest(PAYLOAD), party.id, party.record_digest, office)


def spelled_otherwise():
    honest = client_data(challenge_of()).decode()
    asked = honest.split('"')[7]
    return {
        "space": honest.replace(",", ", ", 1),
        "space after": honest + " ",
        "line feed after": honest + "\n",
        "nul after": honest + "\0",
        "byte order mark": "\ufeff" + honest,
        "order": f'{{"challenge":"{asked}","type":"webauthn.get","origin":"{ORIGIN}","crossOrigin":false}}',
        "padded": honest.replace(asked, asked + "="),
        "bits after the end": honest.replace(asked, asked[:-1] + ("B" if asked[-1] != "B" else "C")),
        "escaped": honest.replace("webauthn.get", "webauthn.ge\\u0074"),
        "escaped slash": honest.replace("https://", "https:\\/\\/"),
        "type twice": honest.replace("}", ',"type":"webauthn.get"}'),
        "challenge twice": honest.replace("}", ',"challenge":"AAAA"}'),
        "origin twice": honest.replace("}", ',"origin":"https://evil.example"}'),
        "crossOrigin twice": honest.replace("}", ',"crossOrigin":false}'),
        "across origins": honest.replace("false", "true"),
        "a word for false": honest.replace("false", '"false"'),
        "a frame": honest.replace("}", ',"topOrigin":"https://evil.example"}'),
        "a frame of its own": honest.replace("}", f',"topOrigin":"{ORIGIN}"}}'),
        "an object": honest.replace("}", ',"clientExtensions":{}}'),
        "a number": honest.replace("}", ',"more":1}'),
        "null": honest.replace("}", ',"more":null}'),
        "an escape in a member": honest.replace("}", ',"more":"a\\"b"}'),
        "a control in a member": honest.replace("}", ',"more":"a\tb"}'),
        "a name without letters": honest.replace("}", ',"":"x"}'),
        "a comma too many": honest.replace("}", ",}"),
        "not closed": honest[:-1],
        "closed twice": honest + "}",
        "two values": honest + honest,
        "empty object": "{}",
        "deep": honest[:-1] + ',"x":' + "[" * 300,
    }


@pytest.mark.parametrize("name", sorted(spelled_otherwise()))
def test_what_the_browser_said_is_read_in_one_way_only(name):
    """Signed by the right passkey all the same: control is `test_control_a_browser_may_add_plain_members`."""
    client = spelled_otherwise()[name].encode()
    assert false(by_head(client=client), by_legal(), by_belmora()) == {8}


@pytest.mark.parametrize(
    "more",
    [
        "",
        ',"crossOrigin":false',
        ',"crossOrigin":false,"other_keys_can_be_added_here":"do not compare clientDataJSON against a template. See https://goo.gl/yabPex"',
        ',"hashAlgorithm":"SHA-256","new":true',
        ',"mot":"é"',
    ],
)
def test_control_a_browser_may_add_plain_members(more):
    assert not false(by_head(client=client_data(challenge_of(), more=more)), by_legal(), by_belmora())


def test_what_is_not_utf8_is_no_answer():
    client = client_data(challenge_of(), more=',"mot":"@"').replace(b"@", b"\xff")
    assert false(by_head(client=client), by_legal(), by_belmora()) == {8}


# --- whose approval -----------------------------------------------------------------------------


def test_one_person_with_two_passkeys_is_one_person():
    spare = approval(ARVENIA, PAYLOAD, SPARE)
    assert false(by_head(), spare, by_belmora()) == {8}
    assert not false(by_head(), spare, by_legal(), by_belmora())  # control: a second person


def test_one_is_not_two_and_none_is_not_one():
    assert false(by_head(), by_belmora()) == {8}
    assert false(by_head(), by_legal()) == {8}
    assert false() == {8}


def test_a_passkey_whose_office_may_not_conclude_approves_nothing():
    assert false(by_head(), by_legal(), approval(ARVENIA, PAYLOAD, CLERK, "clerk"), by_belmora()) == {8}
    assert false(by_head(), approval(ARVENIA, PAYLOAD, CLERK, "legal-adviser"), by_belmora()) == {8}


def test_a_passkey_that_the_record_does_not_have_approves_nothing():
    assert false(approval(ARVENIA, PAYLOAD, STRANGER), by_legal(), by_belmora()) == {8}


def test_the_answer_of_one_credential_does_not_pass_for_another():
    borrowed = approved(ARVENIA, "legal-adviser", LEGAL, by_head())
    assert false(by_head(), borrowed, by_belmora()) == {8}
    honest = by_legal()
    for office in ("head-of-mission", "clerk", "nobody"):
        assert false(by_head(), msgspec.structs.replace(honest, office=office), by_belmora()) == {8}


def test_an_approval_for_one_party_is_none_for_another():
    for_belmora = approved(BELMORA, "head-of-mission", HEAD, by_head())
    assert false(by_legal(), for_belmora, by_belmora()) == {8}


def test_an_approval_by_a_party_that_names_no_person_or_is_no_party_is_false():
    own = approval(CORVALIS, PAYLOAD, STRANGER)
    assert false(*HONEST, own) == {8}
    elsewhere = make_parties("elsewhere")[0]
    assert false(*HONEST, approval(elsewhere, PAYLOAD, STRANGER)) == {8}


def test_an_approval_under_an_older_record_is_none():
    """A passkey that was recalled approves nothing, and what was approved before it came approves nothing either."""
    fewer = msgspec.structs.replace(
        ARVENIA.record,
        version=2,
        previous=records.digest(ARVENIA.chain[-1].body),
        persons=persons(SPARE.passkey("h1"), LEGAL.passkey("h2", "legal-adviser"), approvals=2),
    )
    moved = ARVENIA.next(fewer, ARVENIA.roots[:2])
    among = sorted((moved, BELMORA, CORVALIS), key=lambda party: party.id)
    payload = make_payload(among)

    def judged(*given):
        given = approvals.in_order((*given, by_belmora(payload)))
        seals = tuple(seal_by(party, payload, given) for party in among)
        chains = tuple(party.chain for party in among)
        file = canonical.encode(Sealed(instrument.PAYLOAD_TYPE, payload, given, seals, chains))
        return failing(file, publish(file), ANCHORS)

    legal, spare = approval(moved, payload, LEGAL, "legal-adviser"), approval(moved, payload, SPARE)
    assert not judged(spare, legal)  # control
    assert judged(approval(moved, payload, HEAD), legal) == {8}
    old = approvals.challenge(instrument.act_digest(payload), ARVENIA.id, ARVENIA.record_digest, "head-of-mission")
    assert judged(approval(moved, payload, SPARE, challenge=old), legal) == {8}


# --- what the seal covers -----------------------------------------------------------------------


def test_approvals_are_added_dropped_or_respelled_by_nobody_after_the_seal():
    spare = approval(ARVENIA, PAYLOAD, SPARE)
    assert false(*HONEST, spare, covered=HONEST) == {7}
    assert false(*HONEST, covered=(*HONEST, spare)) == {7}
    assert false(*HONEST, covered=()) == {7}
    head, *others = HONEST
    again = msgspec.structs.replace(head, signature=negated(head.signature))
    assert not false(again, *others)  # control: ECDSA lets anybody write a second signature from the first
    assert false(again, *others, covered=HONEST) == {7}


def negated(signature):
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 - s)


def test_approvals_out_of_order_or_twice_are_unreadable():
    file, _ = concluded(*HONEST)
    sealed, _ = instrument.read_sealed(file)
    for wrong in (sealed.approvals[::-1], (*sealed.approvals, sealed.approvals[-1])):
        bad = canonical.encode(msgspec.structs.replace(sealed, approvals=wrong))
        assert judge(bad, publish(bad), ANCHORS) is Outcome.UNREADABLE


@pytest.mark.parametrize(
    "changes",
    [
        {"authenticator_data": bytes(36)},
        {"authenticator_data": bytes(38)},
        {"authenticator_data": b""},
        {"client_data": b""},
        {"client_data": b"x" * (passkeys.CLIENT_LIMIT + 1)},
        {"signature": b""},
        {"signature": bytes(73)},
        {"credential": bytes(15)},
        {"credential": bytes(1024)},
        {"office": ""},
        {"office": "Head"},
        {"office": "x\u202ey"},
        {"party": "nobody"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_approval_out_of_form_is_unreadable(changes):
    bad = msgspec.structs.replace(by_head(), **changes)
    assert judge(*concluded(bad, by_legal(), by_belmora()), ANCHORS) is Outcome.UNREADABLE


@settings(max_examples=40)
@given(st.data())
def test_no_byte_of_an_approval_can_be_changed(data):
    field = data.draw(st.sampled_from(["authenticator_data", "client_data", "signature", "credential"]))
    head, *others = HONEST
    raw = bytearray(getattr(head, field))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = msgspec.structs.replace(head, **{field: bytes(raw)})
    found = false(changed, *others)
    assert found == {8}, found


@settings(max_examples=40)
@given(st.binary(max_size=120), st.binary(max_size=80))
def test_both_read_any_client_data_and_any_signature_alike(tail, signature):
    client = client_data(challenge_of())[:-1] + tail
    forged = msgspec.structs.replace(by_head(client=client), signature=signature or b"0")
    assert 8 in false(forged, by_legal(), by_belmora()) or len(signature) > passkeys.SIGNATURE_LIMIT


# --- the keys and the record --------------------------------------------------------------------


@settings(max_examples=60)
@given(st.data())
def test_both_accept_the_same_keys(data):
    key = bytearray(data.draw(st.sampled_from([HEAD, LEGAL])).key)
    if data.draw(st.booleans()):
        key[data.draw(st.integers(0, len(key) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    if data.draw(st.booleans()):
        key = key[: data.draw(st.integers(0, len(key)))] + data.draw(st.binary(max_size=2))
    try:
        passkeys.check_key(bytes(key))
        fit = True
    except Malformed:
        fit = False
    assert second.passkey_is_fit(bytes(key)) == fit


def test_keys_without_a_fit_point_are_none():
    x, y = HEAD.key[10:42], HEAD.key[45:]
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    beyond = (int.from_bytes(x, "big") + p).to_bytes(33, "big")[-32:]
    for key in (
        passkeys.es256_key(y, x),
        passkeys.es256_key(bytes(32), bytes(32)),
        passkeys.es256_key(beyond, y),
        passkeys.es256_key(b"\xff" * 32, y),
        passkeys.eddsa_key(b"\x01" + bytes(31)),  # under it everything verifies
        b"",
        HEAD.key + b"\0",
        HEAD.key.replace(b"\x26", b"\x27", 1),
    ):
        with pytest.raises(Malformed):
            passkeys.check_key(key)
        assert not second.passkey_is_fit(key)


def changed_persons():
    good = ARVENIA.record.persons
    one, two, *rest = good.passkeys
    change = msgspec.structs.replace
    return {
        "none asked": change(good, approvals=0),
        "nine asked": change(good, approvals=9),
        "more asked than there are": change(good, approvals=3),
        "out of order": change(good, passkeys=(two, one, *rest)),
        "twice": change(good, passkeys=(one, one, two, *rest)),
        "one key twice": change(good, passkeys=(one, change(two, key=one.key), *rest)),
        "a key of the record": change(
            good, passkeys=(change(one, key=passkeys.eddsa_key(ARVENIA.record.voice)), two, *rest)
        ),
        "unfit key": change(good, passkeys=(change(one, key=passkeys.eddsa_key(b"\x01" + bytes(31))), two, *rest)),
        "no such office": change(good, passkeys=(change(one, office="minister"), two, *rest)),
        "a name for a holder": change(good, passkeys=(change(one, holder="Jane Roe"), two, *rest)),
        "a short credential": change(good, passkeys=(change(one, credential=b"\0" * 15), two, *rest)),
        "none at all": change(good, passkeys=()),
        "another site": change(good, rp="belmora.example"),
        "half a name": change(good, rp="venia.example"),
        "part of the site": change(good, rp="very.desk.arvenia.example"),
        "http": change(good, origin="http://desk.arvenia.example"),
        "a path": change(good, origin=ORIGIN + "/"),
        "a user": change(good, origin="https://x@desk.arvenia.example"),
        "capitals": change(good, origin=ORIGIN.upper()),
        "a quote": change(good, origin=ORIGIN + '"'),
        "a line feed": change(good, origin=ORIGIN + "\n"),
        "port zero": change(good, origin=ORIGIN + ":0"),
    }


def signed_with(changes):
    """A file in which Arvenia's record has these persons; everything else as it was."""
    record = msgspec.structs.replace(ARVENIA.record, persons=changes)
    file, _ = concluded(*HONEST)
    sealed, read = instrument.read_sealed(file)
    place = [named.party for named in read.parties].index(ARVENIA.id)
    chains = list(sealed.records)
    chains[place] = (records.sign(record, ARVENIA.roots[:2]),)
    bad = canonical.encode(msgspec.structs.replace(sealed, records=tuple(chains)))
    return judge(bad, publish(bad), ANCHORS)


@pytest.mark.parametrize("name", sorted(changed_persons()))
def test_a_record_out_of_form_is_unreadable_to_both(name):
    assert signed_with(changed_persons()[name]) is Outcome.UNREADABLE
    with pytest.raises(DetenteError):
        records.read_record(canonical.encode(msgspec.structs.replace(ARVENIA.record, persons=changed_persons()[name])))


@pytest.mark.parametrize(
    ("origin", "rp"),
    [
        ("https://arvenia.example", "arvenia.example"),
        ("https://a.b.arvenia.example:65535", "arvenia.example"),
        ("http://localhost:8080", "localhost"),
        ("http://localhost", "localhost"),
    ],
)
def test_control_sites_that_a_record_may_name(origin, rp):
    changed = msgspec.structs.replace(ARVENIA.record.persons, origin=origin, rp=rp)
    assert signed_with(changed) is Outcome.FALSE  # it can be read: only the hash of the record is another


def test_no_machine_of_the_party_can_add_a_passkey():
    """A record with a thief's passkey, signed by one root and the party's seal key: not by the threshold."""
    thief = persons(STRANGER.passkey("h9"))
    record = msgspec.structs.replace(
        ARVENIA.record, version=2, previous=records.digest(ARVENIA.chain[-1].body), persons=thief
    )
    for signers in (ARVENIA.roots[:1], (hybrid_seeds("Arvenia", "", "seal"), ARVENIA.roots[0])):
        with pytest.raises(NotAuthentic):
            records.verify_chain((*ARVENIA.chain, records.sign(record, signers)))
    records.verify_chain((*ARVENIA.chain, records.sign(record, ARVENIA.roots[:2])))  # control


def test_half_an_approval_is_never_assembled():
    chains = {party.id: party.chain for party in PARTIES}
    elsewhere = approval(make_parties("elsewhere")[0], PAYLOAD, STRANGER)
    for some in (HONEST[:2], HONEST[1:], (*HONEST, elsewhere)):
        seals = [seal_by(party, PAYLOAD, approvals.in_order(some)) for party in PARTIES]
        with pytest.raises(NotAuthentic):
            instrument.assemble(PAYLOAD, seals, chains, some)


def test_the_challenge_is_what_the_page_says():
    """docs/specs/instrument.md section 6.1, written again by hand."""
    act, record = instrument.act_digest(PAYLOAD), ARVENIA.record_digest
    said = json.dumps(
        {
            "act": base64.b64encode(act).decode(),
            "office": "head-of-mission",
            "party": ARVENIA.id,
            "record": base64.b64encode(record).decode(),
        },
        sort_keys=True,
        separators=(",", ":"),
    )
    kind = "application/vnd.detente.approval+json"
    assert challenge_of() == hashlib.sha256(f"DSSEv1 {len(kind)} {kind} {len(said)} {said}".encode()).digest()


def test_a_counter_is_read_from_the_answer():
    assert by_head(counter=7).counter == 7
    assert hashlib.sha256(RP.encode()).digest() == by_head().authenticator_data[:32]
