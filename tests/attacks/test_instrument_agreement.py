"""Two verifiers, one verdict, also on files that hostile *parties* make: whatever they write into payload,
records or anchors, they can seal and publish it, so only the rules of form stand between two readings.
"""

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sealing import fields, hybrid_seeds, seal_by, seed
from shared import CHECKOUT, shared
from test_instrument_forgery import ANCHORS, INSTRUMENT, PARTIES, SEALED, judge, publish, second

from detente.crypto import hybrid, passkeys, signing
from detente.evidence import approvals, instrument, records
from detente.evidence.verifier import Outcome
from detente.ground.errors import Malformed
from detente.wire import canonical

EDGES = "\t\n\r\f\x00\x1b\x7f\x85\u00a0\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u2028\u202d\u202e\u2066\u3000\ufeff\ufffd\ufffe\U000e0041\U000e0100\U0010fffd\u094d\u0dca\u0301\u00e9 Aa"
sneaky = st.text(st.one_of(st.sampled_from(EDGES), st.characters(codec="utf-8")), max_size=12)
names = st.one_of(sneaky, st.sampled_from(["Arvenia", " Arvenia", "Belmora", "a" * 120, "a" * 121, "ශ්\u200dරී"]))
words = st.one_of(st.sampled_from(["", "a", "send", "send.note:x/y", "A", "-a", "a" * 64, "a" * 65, "a\n"]), sneaky)
languages = st.sampled_from(["en", "fr", "zh-Hans", "e", "engl", "en-", "EN", "en-u-ca-greg", "en-a-b", "en\n", "é"])
numbers = st.integers(-3, 3) | st.sampled_from([2**31 - 1, 2**31, 2**53 - 1, 2**53, 253402300799999, 253402300800000])
hashes = st.sampled_from([bytes(32), bytes(31), bytes(33), b""])

few = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def published(payload, chains=None):
    """What the parties would publish with this payload, whatever it is."""
    seals = sorted((seal_by(party, payload) for party in PARTIES), key=lambda one: one.party)
    file = canonical.encode(
        msgspec.structs.replace(SEALED, payload=payload, seals=tuple(seals), records=chains or SEALED.records)
    )
    return judge(file, publish(file), ANCHORS)


payload_changes = st.one_of(
    st.fixed_dictionaries({"title": sneaky}),
    st.fixed_dictionaries({"title": st.sampled_from(["a" * 400, "a" * 401, "é" * 400])}),
    st.fixed_dictionaries({"language": languages}),
    st.fixed_dictionaries({"form": st.sampled_from(["native_electronic", "paper", ""])}),
    st.fixed_dictionaries({"text": sneaky}),
    st.fixed_dictionaries({"adopted_at": numbers}),
    st.fixed_dictionaries({"line": hashes}),
    st.fixed_dictionaries({"content_hash": hashes}),
    names.map(
        lambda name: {"parties": (msgspec.structs.replace(INSTRUMENT.parties[0], name=name), *INSTRUMENT.parties[1:])}
    ),
    words.map(
        lambda word: {"parties": (msgspec.structs.replace(INSTRUMENT.parties[0], party=word), *INSTRUMENT.parties[1:])}
    ),
    words.map(lambda word: {"adopted": (instrument.Adoption(word, seed("act")),)}),
    st.permutations(INSTRUMENT.parties).map(lambda order: {"parties": tuple(order)}),
    st.lists(st.sampled_from(INSTRUMENT.adopted), max_size=4).map(lambda some: {"adopted": tuple(some)}),
    st.lists(st.sampled_from(INSTRUMENT.parties), max_size=4).map(lambda some: {"parties": tuple(some)}),
)


@pytest.mark.attack("A47", "prevented")
@few
@given(payload_changes)
def test_they_agree_on_every_payload(changes):
    changed = msgspec.structs.replace(INSTRUMENT, **changes)
    if "text" in changes:
        changed = msgspec.structs.replace(changed, text_sha256=instrument.text_hash(changed.text))
    published(canonical.encode(changed))


@few
@given(st.data())
def test_they_agree_on_every_second_spelling_of_a_payload(data):
    raw = bytearray(canonical.encode(INSTRUMENT))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + data.draw(st.integers(0, 2))] = data.draw(
        st.sampled_from(
            [b" ", b"\n", b"0", b"1", b'"', b"\\", b",", b"}", b"]", b"\\u0041", b"\\n", b"\\/", b"\xed\xa0\x80", b""]
        )
    )
    published(bytes(raw))


record_changes = st.one_of(
    st.fixed_dictionaries({"names": st.dictionaries(languages, names, max_size=3)}),
    st.fixed_dictionaries({"threshold": numbers}),
    st.fixed_dictionaries({"version": numbers}),
    st.fixed_dictionaries({"previous": st.none() | hashes}),
    st.fixed_dictionaries({"frozen": st.booleans()}),
    st.fixed_dictionaries({"mail": words.map(lambda box: records.Mailbox(box, seed("mail")))}),
    st.fixed_dictionaries(
        {
            "offices": st.lists(
                st.builds(records.Office, words, st.lists(words, max_size=3).map(tuple)), max_size=3
            ).map(tuple)
        }
    ),
    st.fixed_dictionaries({"node": st.binary(min_size=32, max_size=32)}),
    st.fixed_dictionaries({"voice": st.sampled_from([b"\x01" + bytes(31), bytes(32), b"\xff" * 32])}),
    st.sampled_from(["node", "voice"]).map(lambda one: {one: PARTIES[0].record.seal.ed25519}),
    st.integers(0, 17).map(lambda count: {"roots": (PARTIES[0].record.roots * 6)[:count]}),
)


@few
@given(record_changes)
def test_they_agree_on_every_record(changes):
    place = [named.party for named in INSTRUMENT.parties].index(PARTIES[0].id)
    chains = list(SEALED.records)
    changed = msgspec.structs.replace(PARTIES[0].record, **changes)
    chains[place] = (records.sign(changed, PARTIES[0].roots[:2]),)
    published(SEALED.payload, tuple(chains))
    chains[place] = (*PARTIES[0].chain, chains[place][0])
    published(SEALED.payload, tuple(chains))


@few
@given(st.data())
def test_they_agree_on_every_chain(data):
    """Versions that change roots, thresholds and the freeze, signed by anybody, in any order."""
    rows = [tuple(hybrid_seeds("row", row, number) for number in range(3)) for row in range(2)]
    chain, record = list(PARTIES[0].chain), PARTIES[0].record
    for _ in range(data.draw(st.integers(1, 3))):
        if data.draw(st.booleans()):
            record = records.freeze(record)
        else:
            roots = data.draw(st.sampled_from([PARTIES[0].roots, *rows]))
            record = records.make_record(
                record,
                **fields("Arvenia", roots=roots),
                threshold=data.draw(st.integers(1, 3)),
                frozen=data.draw(st.booleans()),
            )
        signers = data.draw(
            st.lists(st.sampled_from([*PARTIES[0].roots, *rows[0], *rows[1]]), max_size=6, unique_by=id)
        )
        chain.append(records.sign(record, signers))
    if data.draw(st.booleans()):
        chain.pop(data.draw(st.integers(0, len(chain) - 1)))
    named = tuple(
        msgspec.structs.replace(one, record=records.digest(chain[-1].body)) if one.party == PARTIES[0].id else one
        for one in INSTRUMENT.parties
    )
    if not chain:
        return
    payload = canonical.encode(msgspec.structs.replace(INSTRUMENT, parties=named))
    place = [one.party for one in INSTRUMENT.parties].index(PARTIES[0].id)
    chains = [*SEALED.records[:place], tuple(chain), *SEALED.records[place + 1 :]]
    published(payload, tuple(chains))


def test_control_an_unchanged_payload_is_proved():
    assert published(SEALED.payload) is Outcome.PROVED


@few
@given(st.data())
def test_they_agree_on_every_anchors_file(data):
    read = json.loads(ANCHORS)
    for one in data.draw(st.lists(st.sampled_from(read["parties"]), max_size=2, unique_by=id)):
        one["name"] = data.draw(names)
    if data.draw(st.booleans()):
        read["register"]["vkey"] = data.draw(
            st.sampled_from([read["register"]["vkey"], "", "a+b+c", "+", "x+00000000+AAAA"])
        )
    raw = json.dumps(read, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    judge(canonical.encode(SEALED), None, raw)


def accepted(key):
    try:
        signing.check_ed25519_key(key)
    except Malformed:
        return False
    return True


@few
@given(st.binary(min_size=32, max_size=32))
def test_they_agree_on_every_key(key):
    assert accepted(key) == second.good_key(key)


@pytest.mark.vectors
def test_they_agree_on_the_known_edge_cases_of_keys():
    keys = {
        bytes.fromhex(one["key"]) for one in json.loads(shared("vectors/cctv-ed25519/ed25519vectors.json").read_text())
    }
    assert len(keys) > 10
    assert {key: accepted(key) for key in keys} == {key: second.good_key(key) for key in keys}
    assert {accepted(key) for key in keys} == {True, False}


def test_they_agree_on_hybrid_signatures_and_messages():
    seeds, message = hybrid_seeds("someone"), instrument.sealed_message(SEALED.payload, PARTIES[0].id, seed("record"))
    signature = msgspec.structs.asdict(hybrid.sign(seeds, instrument.LABEL, message))
    key = msgspec.structs.asdict(hybrid.public(seeds))
    assert second.hybrid_holds(key, b"detente/seal/v1", message, signature)
    assert not second.hybrid_holds(key, b"detente/record/v1", message, signature)
    assert second.seal_message(SEALED.payload, {"party": PARTIES[0].id, "record": seed("record")}, []) == message


def test_the_page_says_the_numbers_that_the_program_keeps():
    """docs/specs/instrument.md fails here when it lies."""

    page = (CHECKOUT / "docs" / "specs" / "instrument.md").read_text()
    for said in (
        f"{instrument.FILE_LIMIT:,} bytes",
        f"{instrument.TEXT_LIMIT:,} bytes",
        f"{records.BODY_LIMIT:,} bytes",
        f"1 to {records.CHAIN_LIMIT} versions",
        f"2 to {instrument.PARTIES_LIMIT}",
        f"`{instrument.PAYLOAD_TYPE}`",
        instrument.SEAL_TYPE,
        approvals.APPROVAL_TYPE,
        f"at most {records.PASSKEYS_LIMIT}",
        f"1 to {records.APPROVALS_LIMIT}",
        f"1 to {passkeys.CLIENT_LIMIT}",
        f"`{instrument.LABEL.decode()}`",
        f"`{records.LABEL.decode()}`",
        *(f"`{outcome.value}`" for outcome in Outcome),
        *(f'"{kind}"' for kind in ("detente.sealed-instrument/1", "detente.anchors/1")),
        *(f"`{kind}`" for kind in ("detente.instrument/1", "detente.party-record/1")),
        *(f"| {number} | " for number in range(1, 13)),
    ):
        assert said in page, said
