"""A party's root record: its form, its succession, and what each rule keeps out."""

import msgspec
import pytest
from sealing import fields, hybrid_seeds, make_party, seed

from detente.crypto import hybrid
from detente.evidence import records
from detente.evidence.records import RootRecord
from detente.ground.errors import Malformed, NotAuthentic
from detente.wire import canonical

IDENTITY = b"\x01" + bytes(31)


@pytest.fixture(scope="module")
def party():
    return make_party("Arvenia")


def changed(record: RootRecord, **changes) -> bytes:
    return canonical.encode(msgspec.structs.replace(record, **changes))


def test_a_first_record_certifies_its_own_name(party):
    assert records.verify_chain(party.chain) == party.record
    assert len(party.id) == 52
    assert records.read_record(party.chain[0].body) == party.record


def test_a_chain_survives_its_file(party):
    raw = records.encode_chain(party.chain)
    assert records.decode_chain(raw) == party.chain
    with pytest.raises(Malformed):
        records.decode_chain(raw + b" ")


def test_digits_bind_the_party_and_the_version(party):
    shown = records.record_digits(party.id, party.record_digest)
    assert [len(group) for group in shown.split(" ")] == [5] * 12
    assert shown != records.record_digits(party.id, seed("other"))
    assert shown != records.record_digits(make_party("Belmora").id, party.record_digest)


def test_one_root_of_three_does_not_make_a_record(party):
    for count, holds in ((1, False), (2, True), (3, True)):
        chain = (records.sign(party.record, party.roots[:count]),)
        if holds:
            records.verify_chain(chain)
        else:
            with pytest.raises(NotAuthentic):
                records.verify_chain(chain)


def test_new_roots_need_the_threshold_of_the_old_and_of_the_new(party):
    fresh = tuple(hybrid_seeds("fresh", number) for number in range(3))
    moved = records.make_record(party.record, **fields("Arvenia", roots=fresh))
    for signers, holds in (
        (party.roots[:2], False),
        (fresh[:2], False),
        (party.roots[:1] + fresh[:2], False),
        (party.roots[:2] + fresh[:1], False),
        (party.roots[:2] + fresh[:2], True),
    ):
        chain = (*party.chain, records.sign(moved, signers))
        if holds:
            assert records.verify_chain(chain).version == 2
        else:
            with pytest.raises(NotAuthentic, match="enough"):
                records.verify_chain(chain)
    assert records.chain_party_id(chain) == party.id


def test_roots_that_stay_sign_once(party):
    shifted = party.next(
        records.make_record(party.record, **fields("Arvenia", seal=hybrid_seeds("new seal"))), party.roots[1:]
    )
    assert records.verify_chain(shifted.chain).version == 2
    assert len(shifted.chain[1].signatures) == 2


def test_one_root_freezes_but_only_the_threshold_thaws(party):
    frozen = party.next(records.freeze(party.record), party.roots[:1])
    assert records.verify_chain(frozen.chain).frozen
    thaw = records.make_record(frozen.record, **fields("Arvenia"))
    with pytest.raises(NotAuthentic, match="enough"):
        records.verify_chain(frozen.next(thaw, party.roots[:1]).chain)
    assert not records.verify_chain(frozen.next(thaw, party.roots[:2]).chain).frozen


def test_a_freeze_that_changes_more_needs_the_threshold(party):
    sly = records.make_record(party.record, **fields("Arvenia", seal=hybrid_seeds("mine")), frozen=True)
    with pytest.raises(NotAuthentic, match="enough"):
        records.verify_chain(party.next(sly, party.roots[:1]).chain)


def test_a_strangers_signature_spoils_the_record(party):
    with pytest.raises(NotAuthentic, match="no root"):
        records.verify_chain((records.sign(party.record, (*party.roots[:2], hybrid_seeds("stranger"))),))


@pytest.mark.parametrize("half", ["ed25519", "mldsa65"])
def test_each_half_of_a_signature_counts(party, half):
    signed = party.chain[0]
    broken = bytearray(getattr(signed.signatures[0], half))
    broken[5] ^= 1
    signatures = (msgspec.structs.replace(signed.signatures[0], **{half: bytes(broken)}), signed.signatures[1])
    with pytest.raises(NotAuthentic):
        records.verify_chain((records.SignedRecord(signed.body, signatures),))


def test_a_skipped_or_replayed_version_is_refused(party):
    second = party.next(
        records.make_record(party.record, **fields("Arvenia", seal=hybrid_seeds("s2"))), party.roots[:2]
    )
    third = second.next(
        records.make_record(second.record, **fields("Arvenia", seal=hybrid_seeds("s3"))), party.roots[:2]
    )
    records.verify_chain(third.chain)
    for chain in (
        (third.chain[0], third.chain[2]),
        (third.chain[1],),
        (third.chain[0], third.chain[1], third.chain[1]),
        (third.chain[0], third.chain[2], third.chain[1]),
    ):
        with pytest.raises(NotAuthentic):
            records.verify_chain(chain)


@pytest.mark.parametrize("where", ["node", "voice", "root", "seal"])
def test_the_identity_point_is_no_key(party, where):
    record = party.record
    bad = hybrid.HybridKey(IDENTITY, record.seal.mldsa65)
    changes = {
        "node": {"node": IDENTITY},
        "voice": {"voice": IDENTITY},
        "root": {"roots": (hybrid.HybridKey(IDENTITY, record.roots[0].mldsa65), *record.roots[1:])},
        "seal": {"seal": bad},
    }[where]
    with pytest.raises(Malformed, match="identity"):
        records.read_record(changed(record, **changes))


def test_no_key_serves_two_purposes(party):
    record = party.record
    for changes in (
        {"node": record.voice},
        {"node": record.seal.ed25519},
        {"voice": record.roots[1].ed25519},
        {"seal": record.roots[0]},
        {"seal": hybrid.HybridKey(record.seal.ed25519, record.roots[2].mldsa65)},
        {"mail": records.Mailbox("box", record.node)},
        {"roots": (record.roots[0], record.roots[0], record.roots[1])},
    ):
        with pytest.raises(Malformed, match="two purposes"):
            records.read_record(changed(record, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"names": {}},
        {"names": {"en": "Arven\u202eia"}},
        {"names": {"en": "Arvenia\u200b"}},
        {"names": {"en": " Arvenia"}},
        {"names": {"en": "Arvenia\n"}},
        {"names": {"en": "A" * 121}},
        {"names": {"english!": "Arvenia"}},
        {"threshold": 4},
        {"threshold": 0},
        {"version": 0},
        {"version": 2},
        {"previous": bytes(32)},
        {"previous": b"short"},
        {"node": bytes(31)},
        {"mail": records.Mailbox("a box", bytes(32))},
        {"offices": (records.Office("registry", ("send", "send")),)},
        {"offices": (records.Office("registry", ()), records.Office("head-of-mission", ()))},
        {"offices": (records.Office("The Registry", ()),)},
        {"offices": tuple(records.Office(f"office-{number:03d}", ()) for number in range(65))},
    ],
)
def test_a_record_out_of_form_is_refused(party, changes):
    with pytest.raises(Malformed):
        records.read_record(changed(party.record, **changes))


def test_a_name_with_a_spelled_joiner_is_a_name(party):
    """The Sinhala name of Sri Lanka is written with U+200D after a vowel killer."""
    names = {"si": "ශ්\u200dරී ලංකාව"}
    assert records.read_record(changed(party.record, names=names)).names == names


def test_a_body_larger_than_64_kb_is_refused(party):
    with pytest.raises(Malformed, match="64 kB"):
        records.read_record(party.chain[0].body + b" " * records.BODY_LIMIT)


def test_an_empty_chain_names_nobody():
    with pytest.raises(Malformed):
        records.verify_chain(())
    with pytest.raises(Malformed):
        records.chain_party_id(())


def test_seeds_are_not_printed():
    seeds = hybrid_seeds("secret")
    assert seeds.ed25519.hex() not in repr(seeds)
    assert str(seeds.ed25519) not in repr(seeds)
