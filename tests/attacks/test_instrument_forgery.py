"""Forged, altered and borrowed instruments (A25, A33, A47): two verifiers that share no code must both refuse.

Every attack has its control: the same file, honest or with the one defence away, is proved.
"""

import base64
import importlib.util
import json
import random
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import msgspec
import pytest
from sealing import NAMES, TEXT, fields, hybrid_seeds, make_file, make_parties, make_payload, seal_by, seed
from shared import CHECKOUT

from detente.crypto import signing
from detente.evidence import anchors, instrument, publication, records, verifier
from detente.evidence.instrument import Sealed
from detente.evidence.verifier import Outcome
from detente.tlog import merkle
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.note import KeyKind, VerifierKey
from detente.wire import canonical

ORIGIN = "register.example/1"
TOOL = CHECKOUT / "tools" / "verify_instrument.py"


def load_tool():
    spec = importlib.util.spec_from_file_location("verify_instrument", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_instrument"] = module
    spec.loader.exec_module(module)
    return module


second = load_tool()


def judge(file, proof, anchored):
    """The outcome on which both verifiers agree, check by check."""
    mine = verifier.verify(file, proof, anchored)
    theirs = second.verify(file, proof, anchored)
    assert [(one.number, one.outcome.value) for one in mine.findings] == [(one.number, one.outcome) for one in theirs]
    assert mine.outcome.value == second.outcome(theirs)
    assert mine.outcome.exit_code == second.EXITS[second.outcome(theirs)]
    return mine.outcome


def failing(file, proof, anchored):
    judge(file, proof, anchored)
    return {one.number for one in verifier.verify(file, proof, anchored).findings if one.outcome is not Outcome.PROVED}


def publish(file, secret=None, origin=ORIGIN, before=5, after=3):
    """A register with some entries, this file among them; gives the proof."""
    tree = merkle.Tree(merkle.leaf_hash(bytes([number])) for number in range(before))
    index = tree.append(publication.leaf_hash(file))
    for number in range(after):
        tree.append(merkle.leaf_hash(b"after" + bytes([number])))
    checkpoint = Checkpoint(origin, tree.size, tree.root())
    return publication.make_proof(index, tree.inclusion(index), checkpoint, secret or seed("register")).encode()


def vkey(secret=None, origin=ORIGIN):
    return VerifierKey(origin, KeyKind.ED25519, signing.ed25519_public(secret or seed("register"))).vkey


def anchor(parties, *, register=True):
    known = anchors.AnchoredRegister(ORIGIN, vkey()) if register else None
    return anchors.encode_anchors(anchors.make_anchors({party.id: party.name for party in parties}, known))


PARTIES = make_parties()
PAYLOAD = make_payload(PARTIES)
FILE = make_file(PARTIES, PAYLOAD)
PROOF = publish(FILE)
ANCHORS = anchor(PARTIES)
SEALED, INSTRUMENT = instrument.read_sealed(FILE)


def sealed(**changes):
    """The file with parts exchanged, published as it is, so that the proof cannot be what fails."""
    file = canonical.encode(msgspec.structs.replace(SEALED, **changes))
    return file, publish(file)


def resealed(**changes):
    """The payload changed and sealed anew by everybody, as only the parties themselves could."""
    payload = canonical.encode(msgspec.structs.replace(INSTRUMENT, **changes))
    seals = sorted((seal_by(party, payload) for party in PARTIES), key=lambda one: one.party)
    return sealed(payload=payload, seals=tuple(seals))


# --- controls -----------------------------------------------------------------------------------


def test_control_the_honest_instrument_is_proved():
    assert judge(FILE, PROOF, ANCHORS) is Outcome.PROVED
    assert verifier.verify(FILE, PROOF, ANCHORS).outcome.exit_code == 0


def test_control_the_helpers_make_files_that_are_proved():
    assert judge(*sealed(), ANCHORS) is Outcome.PROVED
    assert judge(*resealed(title="Another Title"), ANCHORS) is Outcome.PROVED


@pytest.mark.parametrize(
    ("before", "after"), [(0, 0), (0, 1), (1, 0), (6, 0), (7, 0), (7, 1), (0, 8), (12, 21), (63, 1)]
)
def test_control_any_place_in_the_register_is_proved(before, after):
    assert judge(FILE, publish(FILE, before=before, after=after), ANCHORS) is Outcome.PROVED


def test_what_is_not_given_is_never_proved():
    assert judge(FILE, None, ANCHORS) is Outcome.UNPUBLISHED
    assert judge(FILE, PROOF, None) is Outcome.UNANCHORED
    assert judge(FILE, None, None) is Outcome.UNANCHORED
    assert judge(FILE, PROOF, anchor(PARTIES, register=False)) is Outcome.UNANCHORED
    assert judge(FILE, PROOF, anchor(PARTIES[:2])) is Outcome.UNANCHORED
    assert Outcome.UNPUBLISHED.exit_code == Outcome.UNANCHORED.exit_code == 3


# --- any byte -----------------------------------------------------------------------------------


def mutate(chance, raw):
    """One byte changed, removed, added or doubled, at random."""
    at = chance.randrange(len(raw))
    match chance.randrange(6):
        case 0 | 1 | 2:
            return raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :]
        case 3:
            return raw[:at] + raw[at + 1 :]
        case 4:
            return raw[:at] + bytes([chance.randrange(256)]) + raw[at:]
        case _:
            other = chance.randrange(256)
            return raw[:at] + bytes([other if other != raw[at] else other ^ 1]) + raw[at + 1 :]


def never_proved(file, proof):
    assert (file, proof) != (FILE, PROOF)
    outcome = judge(file, proof, ANCHORS)
    assert outcome in {Outcome.FALSE, Outcome.UNREADABLE}
    return outcome


def hunt(chance, count):
    """Random changes; some files are published again as changed, so that the proof cannot be what refuses them."""
    seen = set()
    for _ in range(count):
        file, proof = FILE, PROOF
        while (file, proof) == (FILE, PROOF):  # a byte added beside its like makes the same file
            which = chance.random()
            file = mutate(chance, FILE) if which < 0.7 else FILE
            proof = mutate(chance, PROOF) if which >= 0.7 else PROOF
        seen.add(never_proved(file, proof))
        if file != FILE and which < 0.35:
            seen.add(never_proved(file, publish(file)))
    return seen


@pytest.mark.attack("A47", "prevented")
def test_random_changes_of_the_file_or_its_proof_never_verify():
    assert hunt(random.Random(1), 150) == {Outcome.FALSE, Outcome.UNREADABLE}


@pytest.mark.slow
@pytest.mark.attack("A47", "prevented")
def test_two_thousand_random_changes_of_the_file_or_its_proof_never_verify():
    assert hunt(random.Random(20_261_123), 2000) == {Outcome.FALSE, Outcome.UNREADABLE}


@pytest.mark.slow
@pytest.mark.attack("A47", "prevented")
def test_every_byte_of_the_proof_counts():
    for at in range(len(PROOF)):
        never_proved(FILE, PROOF[:at] + bytes([PROOF[at] ^ 1 << at % 6]) + PROOF[at + 1 :])


BYTES_FIELDS = ("ed25519", "mldsa65", "record")


def spans():
    """Where each kind of byte lies in the file: name -> range."""
    found = {}
    for name in (b'"approvals"', b'"kind"', b'"payload"', b'"payload_type"', b'"records"', b'"seals"'):
        start = FILE.index(name)
        found[f"structure {name.decode()}"] = range(start, start + len(name) + 2)
    payload = base64.b64encode(PAYLOAD)
    start = FILE.index(payload)
    for name in INSTRUMENT.__struct_fields__:
        inside = PAYLOAD.index(f'"{name}"'.encode())
        at = start + inside * 4 // 3
        found[f"payload {name}"] = range(at, at + 40)
    for number, one in enumerate(SEALED.seals):
        for field in BYTES_FIELDS:
            spelled = base64.b64encode(getattr(one, field))
            at = FILE.rindex(spelled)
            found[f"seal {number} {field}"] = range(at, at + len(spelled))
    for number, chain in enumerate(SEALED.records):
        body = base64.b64encode(chain[0].body)
        at = FILE.index(body)
        found[f"record {number} body"] = range(at, at + len(body))
        for place, signature in enumerate(chain[0].signatures):
            for field in ("ed25519", "mldsa65", "root"):
                spelled = base64.b64encode(getattr(signature, field))
                at = FILE.index(spelled)
                found[f"record {number} signature {place} {field}"] = range(at, at + len(spelled))
    return found


@pytest.mark.attack("A47", "prevented")
@pytest.mark.parametrize("name", sorted(spans()))
def test_every_class_of_bytes_counts_by_itself(name):
    """Published again after the change, so that only the seals and records can be what refuses it."""
    span = spans()[name]
    chance = random.Random(name)
    for at in chance.sample(list(span), min(6, len(span))):
        file = FILE[:at] + bytes([FILE[at] ^ 1]) + FILE[at + 1 :]
        assert judge(file, PROOF, ANCHORS) in {Outcome.FALSE, Outcome.UNREADABLE}
        assert judge(file, publish(file), ANCHORS) in {Outcome.FALSE, Outcome.UNREADABLE}


@pytest.mark.attack("A25", "prevented")
def test_one_character_of_the_text_changed_with_its_hash_is_refused_by_the_seals():
    altered = TEXT.replace("open", "0pen")
    payload = canonical.encode(
        msgspec.structs.replace(INSTRUMENT, text=altered, text_sha256=instrument.text_hash(altered))
    )
    file, proof = sealed(payload=payload)
    assert judge(file, proof, ANCHORS) is Outcome.FALSE
    assert failing(file, proof, ANCHORS) == {7}
    assert judge(*resealed(text=altered, text_sha256=instrument.text_hash(altered)), ANCHORS) is Outcome.PROVED


def test_a_text_without_its_hash_is_false_though_everybody_sealed_it():
    file, proof = resealed(text=TEXT + "more")
    assert failing(file, proof, ANCHORS) == {5}


@pytest.mark.attack("A25", "detected")
def test_invisible_characters_are_counted_in_the_verdict():
    sneaky = TEXT.replace("not after", "not\u200b after")
    payload = make_payload(PARTIES, sneaky)
    file = make_file(PARTIES, payload)
    verdict = verifier.verify(file, publish(file), ANCHORS)
    assert judge(file, publish(file), ANCHORS) is Outcome.PROVED
    assert any("1 characters" in one.sentence for one in verdict.findings)


# --- who sealed ---------------------------------------------------------------------------------


@pytest.mark.attack("A33", "prevented")
def test_the_same_names_under_other_keys_are_an_impersonation():
    others = make_parties("other keys")
    file = make_file(others)
    assert failing(file, publish(file), ANCHORS) == {10}
    assert judge(file, publish(file), ANCHORS) is Outcome.FALSE
    assert judge(file, publish(file), anchor(others)) is Outcome.PROVED  # control: for who knows them, they are they


@pytest.mark.attack("A33", "prevented")
@pytest.mark.parametrize("written", ["ARVENIA", "\uff21rvenia"])
def test_a_name_that_reads_like_an_anchored_one_is_an_impersonation(written):
    from sealing import Party, make_party

    roots = tuple(hybrid_seeds("sly", number) for number in range(3))
    record = records.make_record(None, **{**fields("Sly", "s", roots=roots), "names": {"en": written}})
    sly = Party(written, roots, hybrid_seeds("Sly", "s", "seal"), record, (records.sign(record, roots[:2]),))
    file = make_file((sly, *PARTIES[1:]))
    assert 10 in failing(file, publish(file), ANCHORS)
    assert judge(file, publish(file), ANCHORS) is Outcome.FALSE
    stranger = make_party("Dovrania")
    file = make_file((stranger, *PARTIES[1:]))
    assert judge(file, publish(file), ANCHORS) is Outcome.UNANCHORED  # control: a stranger is not an impostor


def test_an_anchored_party_that_takes_the_name_of_another_is_an_impersonation():
    record = records.make_record(PARTIES[0].record, **{**fields("Arvenia"), "names": {"en": "Belmora"}})
    taker = replace(PARTIES[0].next(record, PARTIES[0].roots[:2]), name="Belmora")
    file = make_file((taker, *PARTIES[1:]))
    assert {9, 10} <= failing(file, publish(file), ANCHORS)
    assert judge(file, publish(file), ANCHORS) is Outcome.FALSE


@pytest.mark.attack("A33", "prevented")
def test_two_parties_of_one_name_conclude_nothing_however_they_are_known():
    from sealing import make_party

    twins = make_party("Dovrania"), make_party("Dovrania", "other keys")
    file = make_file((*twins, PARTIES[2]))
    assert judge(file, publish(file), ANCHORS) is Outcome.FALSE
    assert 9 in failing(file, publish(file), ANCHORS)
    file = make_file((twins[0], *PARTIES[1:]))
    assert judge(file, publish(file), ANCHORS) is Outcome.UNANCHORED  # control: one of that name is a stranger


def test_a_missing_seal_is_false():
    for gone in range(3):
        file, proof = sealed(seals=SEALED.seals[:gone] + SEALED.seals[gone + 1 :])
        assert failing(file, proof, ANCHORS) == {7}
    assert judge(*sealed(seals=()), ANCHORS) is Outcome.FALSE


def test_an_extra_seal_is_false():
    stranger = make_parties("other keys")[0]
    seals = tuple(sorted((*SEALED.seals, seal_by(stranger, PAYLOAD)), key=lambda one: one.party))
    file, proof = sealed(seals=seals)
    assert failing(file, proof, ANCHORS) == {7}


def test_a_seal_twice_or_out_of_order_is_unreadable():
    assert judge(*sealed(seals=(*SEALED.seals, SEALED.seals[-1])), ANCHORS) is Outcome.UNREADABLE
    assert judge(*sealed(seals=SEALED.seals[::-1]), ANCHORS) is Outcome.UNREADABLE


def test_a_seal_of_one_party_does_not_pass_for_another():
    swapped = (
        msgspec.structs.replace(SEALED.seals[1], party=SEALED.seals[0].party),
        msgspec.structs.replace(SEALED.seals[0], party=SEALED.seals[1].party),
        SEALED.seals[2],
    )
    assert failing(*sealed(seals=swapped), ANCHORS) == {7}


@pytest.mark.parametrize("half", ["ed25519", "mldsa65"])
def test_one_broken_half_breaks_the_seal(half):
    """Control: with only the other half checked, this seal would pass."""
    one = SEALED.seals[0]
    broken = bytearray(getattr(one, half))
    broken[7] ^= 4
    bad = msgspec.structs.replace(one, **{half: bytes(broken)})
    assert failing(*sealed(seals=(bad, *SEALED.seals[1:])), ANCHORS) == {7}
    party = next(party for party in PARTIES if party.id == one.party)
    message = instrument.sealed_message(PAYLOAD, one.party, one.record)
    key = party.record.seal
    if half == "mldsa65":
        signing.ed25519_verify(key.ed25519, instrument.LABEL + b"\0" + message, bad.ed25519)
    else:
        signing.mldsa65_verify(key.mldsa65, message, bad.mldsa65, instrument.LABEL)


def test_a_seal_without_its_post_quantum_half_cannot_be_written():
    raw = json.loads(FILE)
    raw["seals"][0]["mldsa65"] = ""
    file = json.dumps(raw, separators=(",", ":"), sort_keys=True).encode()
    assert judge(file, publish(file), ANCHORS) is Outcome.UNREADABLE


@pytest.mark.parametrize("type_", ["application/vnd.detente.seal+json", "", "application/json", "\u202e"])
def test_another_payload_type_is_false(type_):
    assert failing(*sealed(payload_type=type_), ANCHORS) == {4}


# --- whose record -------------------------------------------------------------------------------


def test_a_record_of_another_party_is_false():
    assert 6 in failing(*sealed(records=(SEALED.records[1], SEALED.records[0], SEALED.records[2])), ANCHORS)


def test_a_record_with_too_few_signatures_is_false():
    chain = SEALED.records[0]
    thin = (records.SignedRecord(chain[0].body, chain[0].signatures[:1]),)
    assert failing(*sealed(records=(thin, *SEALED.records[1:])), ANCHORS) == {6}


def successor(signers, **changes):
    """Arvenia's record in a second version, and the instrument sealed under it."""
    seal = hybrid_seeds("new seal")
    record = records.make_record(PARTIES[0].record, **{**fields("Arvenia", seal=seal), **changes})
    moved = replace(PARTIES[0].next(record, signers), seal=seal)
    among = (moved, *PARTIES[1:])
    payload = make_payload(among)
    chains = {party.id: party.chain for party in among}
    file = canonical.encode(
        Sealed(
            instrument.PAYLOAD_TYPE,
            payload,
            (),
            tuple(sorted((seal_by(party, payload) for party in among), key=lambda one: one.party)),
            tuple(chains[party] for party in sorted(chains)),
        )
    )
    return file, publish(file)


def test_a_new_seal_key_counts_only_with_the_threshold_of_roots():
    assert judge(*successor(PARTIES[0].roots[:2]), ANCHORS) is Outcome.PROVED  # control
    assert failing(*successor(PARTIES[0].roots[:1]), ANCHORS) == {6}
    assert failing(*successor(tuple(hybrid_seeds("thief", number) for number in range(2))), ANCHORS) == {6}


def test_a_frozen_record_seals_nothing():
    assert failing(*successor(PARTIES[0].roots[:2], frozen=True), ANCHORS) == {6}


def test_a_key_under_which_everything_verifies_is_unreadable():
    identity = b"\x01" + bytes(31)
    record = msgspec.structs.replace(PARTIES[0].record, voice=identity)
    chain = (records.sign(record, PARTIES[0].roots[:2]),)
    place = [named.party for named in INSTRUMENT.parties].index(PARTIES[0].id)
    chains = list(SEALED.records)
    chains[place] = chain
    assert failing(*sealed(records=tuple(chains)), ANCHORS) == {1}
    signing.ed25519_verify(identity, b"anything at all", identity + bytes(32))  # control: the library lets it pass


# --- the form -----------------------------------------------------------------------------------


def spelled_otherwise():
    text = FILE.decode()
    payload = json.loads(PAYLOAD)
    unsorted = json.dumps(dict(reversed(payload.items())), separators=(",", ":"), ensure_ascii=False).encode()
    escaped = json.dumps(payload, separators=(",", ":"), sort_keys=True).encode()
    return {
        "space after": FILE + b" ",
        "line feed after": FILE + b"\n",
        "byte after": FILE + b"\0",
        "another value after": FILE + FILE,
        "space before": b" " + FILE,
        "byte order mark": b"\xef\xbb\xbf" + FILE,
        "space inside": text.replace(",", ", ", 1).encode(),
        "key twice": text.replace('"kind":', '"kind":"detente.sealed-instrument/1","kind":', 1).encode(),
        "approvals twice": text.replace('"approvals":[],', '"approvals":[],"approvals":[],', 1).encode(),
        "unknown field": text.replace('"approvals":[]', '"also":1,"approvals":[]', 1).encode(),
        "missing field": text.replace('"approvals":[],', "", 1).encode(),
        "null list": text.replace('"approvals":[]', '"approvals":null', 1).encode(),
        "suite with fraction": text.replace('"suite":1', '"suite":1.0', 1).encode(),
        "suite with exponent": text.replace('"suite":1', '"suite":1e0', 1).encode(),
        "other suite": text.replace('"suite":1', '"suite":2', 1).encode(),
        "escaped letter": text.replace('"kind":"d', '"kind":"\\u0064', 1).encode(),
        "other kind": text.replace("sealed-instrument/1", "sealed-instrument/2", 1).encode(),
        "payload unsorted": text.replace(
            base64.b64encode(PAYLOAD).decode(), base64.b64encode(unsorted).decode()
        ).encode(),
        "payload escaped": text.replace(
            base64.b64encode(PAYLOAD).decode(), base64.b64encode(escaped).decode()
        ).encode(),
        "payload with space": text.replace(
            base64.b64encode(PAYLOAD).decode(), base64.b64encode(PAYLOAD + b" ").decode()
        ).encode(),
        "base64 without padding": text.replace("==", "", 1).encode(),
        "base64 for urls": text.replace("+", "-", 3).encode(),
        "latin-1": text.replace("sealed", "seal\xe9d", 1).encode("latin-1"),
        "utf-16": text.encode("utf-16"),
        "surrogate": text.replace("application", "appl\\ud800", 1).encode(),
        "cut": FILE[: len(FILE) // 2],
        "empty": b"",
        "nothing": b"null",
        "list": b"[]",
        "deep": b"[" * 100_000,
        "deep inside": b'{"approvals":' + b"[" * 100_000,
        "huge number": text.replace('"suite":1', '"suite":' + "1" * 5000, 1).encode(),
        "not a number": text.replace('"suite":1', '"suite":NaN', 1).encode(),
        "binary": bytes(range(256)),
    }


@pytest.mark.parametrize("name", sorted(spelled_otherwise()))
def test_one_spelling_only(name):
    file = spelled_otherwise()[name]
    assert file != FILE
    assert judge(file, publish(file), ANCHORS) is Outcome.UNREADABLE


def test_the_sentence_about_a_hostile_file_steers_no_terminal():
    file = FILE.replace(b'"approvals":[]', '"also\x1b[2J\u202e":1,"approvals":[]'.encode())
    for one in verifier.verify(file, PROOF, ANCHORS).findings:
        assert "\x1b" not in one.sentence
        assert "\u202e" not in one.sentence


@pytest.mark.parametrize("size", [instrument.FILE_LIMIT + 1, 20 * 2**20])
def test_a_file_of_twenty_megabytes_is_refused_without_being_parsed(size):
    huge = b'{"approvals":[' + b" " * size
    tracemalloc.start()
    outcome = judge(huge, None, ANCHORS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert outcome is Outcome.UNREADABLE
    assert peak < 4 * 2**20
    assert "16 MB" in verifier.verify(huge, None, ANCHORS).findings[0].sentence


def test_a_text_of_more_than_four_megabytes_is_refused_and_one_of_four_is_proved():
    longest = "x" * (instrument.TEXT_LIMIT - 1)
    payload = make_payload(PARTIES, longest + "\n")
    file = make_file(PARTIES, payload)
    assert judge(file, publish(file), ANCHORS) is Outcome.PROVED  # control
    too_long = canonical.encode(
        msgspec.structs.replace(INSTRUMENT, text=longest + "\n\n", text_sha256=instrument.text_hash(longest + "\n\n"))
    )
    assert judge(*sealed(payload=too_long), ANCHORS) is Outcome.UNREADABLE


# --- the proof ----------------------------------------------------------------------------------


def test_a_proof_of_another_file_is_false():
    other = make_file(PARTIES, make_payload(PARTIES, title="Another"))
    assert failing(FILE, publish(other), ANCHORS) == {11}


def test_the_register_of_another_key_is_false():
    assert failing(FILE, publish(FILE, secret=seed("other register")), ANCHORS) == {12}


def test_the_register_of_another_origin_is_false():
    assert failing(FILE, publish(FILE, origin="elsewhere.example/1"), ANCHORS) == {12}


def test_a_key_id_that_lies_does_not_help_another_register():
    lines = publish(FILE, secret=seed("other register")).decode().split("\n")
    name, encoded = lines[-2].rsplit(" ", 1)
    right_id = VerifierKey.parse(vkey()).key_id
    lines[-2] = f"{name} {base64.b64encode(right_id + base64.b64decode(encoded)[4:]).decode()}"
    assert failing(FILE, "\n".join(lines).encode(), ANCHORS) == {12}


def proofs_spelled_otherwise():
    text = PROOF.decode()
    head, _, note = text.partition("\n\n")
    lines = text.split("\n")
    signature = lines[-2]
    longer_root = lines[-5]
    return {
        "empty": "",
        "line feed after": text + "\n",
        "no line feed at the end": text[:-1],
        "space after": text + " ",
        "carriage returns": text.replace("\n", "\r\n"),
        "byte order mark": "\ufeff" + text,
        "other version": text.replace("@v1", "@v2"),
        "extra data": text.replace("index", "extra AAAA\nindex", 1),
        "leading zero": text.replace("index ", "index 0", 1),
        "plus sign": text.replace("index ", "index +", 1),
        "other digits": text.replace("index 5", "index \u0665", 1),
        "index beyond": text.replace("index 5", "index 9", 1),
        "index far beyond": text.replace("index 5", "index " + "9" * 30, 1),
        "one hash more": head + "\n" + lines[2] + "\n\n" + note,
        "one hash less": text.replace(lines[2] + "\n", "", 1),
        "two empty lines": text.replace("\n\n", "\n\n\n", 1),
        "two signatures": text + signature + "\n",
        "a strangers signature": text + signature.replace(ORIGIN, "stranger") + "\n",
        "another name": text.replace("— " + ORIGIN, "— stranger"),
        "hyphen for dash": text.replace("— ", "- "),
        "extension line": text.replace(longer_root + "\n", longer_root + "\nmore\n", 1) if longer_root else text + "x",
        "short signature": text.replace(signature, signature[: signature.rindex(" ") + 9]),
        "origin in capitals": text.replace(ORIGIN, ORIGIN.upper()),
        "not utf-8": text.replace("— ", "\xff "),
    }


@pytest.mark.parametrize("name", sorted(proofs_spelled_otherwise()))
def test_a_proof_has_one_spelling_only(name):
    proof = proofs_spelled_otherwise()[name]
    raw = proof.encode("latin-1", "replace") if name == "not utf-8" else proof.encode()
    assert raw != PROOF
    assert judge(FILE, raw, ANCHORS) is Outcome.UNREADABLE


def test_a_huge_proof_is_refused():
    assert judge(FILE, b"x" * (publication.PROOF_LIMIT + 1), ANCHORS) is Outcome.UNREADABLE


# --- the anchors --------------------------------------------------------------------------------


def anchors_spelled_otherwise():
    text = ANCHORS.decode()
    read = json.loads(ANCHORS)
    identity = VerifierKey(ORIGIN, KeyKind.ED25519, b"\x01" + bytes(31)).vkey
    write = lambda value: json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)  # noqa: E731
    return {
        "empty": "",
        "two line feeds": text + "\n",
        "spaces": json.dumps(read, sort_keys=True),
        "no parties": write({**read, "parties": []}),
        "party twice": write({**read, "parties": [*read["parties"], read["parties"][-1]]}),
        "out of order": write({**read, "parties": read["parties"][::-1]}),
        "names alike": write(
            {
                **read,
                "parties": [{**one, "name": name} for one, name in zip(read["parties"], ("A", "a", "C"), strict=True)],
            }
        ),
        "no identifier": write({**read, "parties": [{"name": "A", "party": "a" * 51 + "b"}]}),
        "invisible name": write({**read, "parties": [{**read["parties"][0], "name": "A\u200bB"}]}),
        "other kind": text.replace("anchors/1", "anchors/2"),
        "register without key": write({**read, "register": {"origin": ORIGIN, "vkey": ""}}),
        "identity point": write({**read, "register": {"origin": ORIGIN, "vkey": identity}}),
        "other origin": write({**read, "register": {"origin": "other.example/1", "vkey": vkey()}}),
        "wrong key id": write({**read, "register": {"origin": ORIGIN, "vkey": vkey().replace("+", "+0", 1)}}),
        "cosigner key": write(
            {
                **read,
                "register": {
                    "origin": ORIGIN,
                    "vkey": VerifierKey(
                        ORIGIN, KeyKind.COSIGNATURE_ED25519, signing.ed25519_public(seed("register"))
                    ).vkey,
                },
            }
        ),
    }


@pytest.mark.parametrize("name", sorted(anchors_spelled_otherwise()))
def test_anchors_have_one_spelling_only(name):
    raw = anchors_spelled_otherwise()[name].encode()
    assert judge(FILE, PROOF, raw) is Outcome.UNREADABLE


def test_control_anchors_without_the_line_feed_are_the_same():
    assert judge(FILE, PROOF, ANCHORS.removesuffix(b"\n")) is Outcome.PROVED


def test_all_that_cannot_be_read_is_said_at_once():
    assert failing(b"", b"", b"") == {1, 2, 3}


# --- the stranger's program ---------------------------------------------------------------------


def run_tool(*arguments):
    return subprocess.run(
        [sys.executable, "-I", str(TOOL), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_strangers_program_runs_without_detente(tmp_path):
    assert "detente" not in {
        line.split()[1].partition(".")[0]
        for line in TOOL.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    file, anchored = tmp_path / "agreement.json", tmp_path / "anchors.json"
    file.write_bytes(FILE)
    anchored.write_bytes(ANCHORS)
    assert run_tool(file, "--parties", anchored).returncode == 3  # no proof beside it
    (tmp_path / "agreement.json.tlog-proof").write_bytes(PROOF)
    found = run_tool(file, "--parties", anchored, "--json")
    assert found.returncode == 0
    assert json.loads(found.stdout)["outcome"] == "proved"
    assert all(name in found.stdout for name in NAMES)
    file.write_bytes(FILE.replace(b"records", b"recordz"))
    assert run_tool(file, "--parties", anchored).returncode == 2
    assert run_tool(tmp_path / "nowhere.json").returncode == 2
    assert "Traceback" not in run_tool(tmp_path / "nowhere.json").stderr
