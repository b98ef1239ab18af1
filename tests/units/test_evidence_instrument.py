"""The sealed instrument: its one form, its order, and that nothing half-sealed is ever assembled."""

import hashlib
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealing import TEXT, fields, hybrid_seeds, make_file, make_parties, make_payload, seal_by, seed

from detente.evidence import instrument, records
from detente.ground.errors import Malformed, NotAuthentic
from detente.wire import canonical

PARTIES = make_parties()


def test_what_was_made_is_read_again():
    payload = make_payload(PARTIES)
    read = instrument.read_instrument(payload)
    assert read.text == TEXT
    assert read.text_sha256 == hashlib.sha256(TEXT.encode()).digest()
    assert [named.party for named in read.parties] == sorted(party.id for party in PARTIES)
    sealed, inner = instrument.read_sealed(make_file(PARTIES, payload))
    assert inner == read
    assert sealed.approvals == ()


def test_the_order_in_which_it_is_assembled_does_not_matter():
    payload = make_payload(PARTIES)
    seals = [seal_by(party, payload) for party in PARTIES]
    chains = {party.id: party.chain for party in PARTIES}
    files = {instrument.assemble(payload, order, chains) for order in (seals, seals[::-1], seals[1:] + seals[:1])}
    assert len(files) == 1


def test_pae_is_that_of_dsse():
    assert instrument.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_missing_surplus_or_foreign_seal_is_not_assembled():
    payload = make_payload(PARTIES)
    seals = [seal_by(party, payload) for party in PARTIES]
    chains = {party.id: party.chain for party in PARTIES}
    stranger = make_parties("other")[0]
    for wrong in (seals[:2], [*seals, seals[0]], [*seals, seal_by(stranger, payload)]):
        with pytest.raises((Malformed, NotAuthentic)):
            instrument.assemble(payload, wrong, chains)
    with pytest.raises(Malformed, match="Belmora"):
        instrument.assemble(payload, seals, {id_: chain for id_, chain in chains.items() if id_ != PARTIES[1].id})


def test_a_seal_over_another_payload_is_not_assembled():
    payload = make_payload(PARTIES)
    other = make_payload(PARTIES, TEXT.replace("open", "shut"))
    seals = [seal_by(PARTIES[0], payload), seal_by(PARTIES[1], payload), seal_by(PARTIES[2], other)]
    with pytest.raises(NotAuthentic):
        instrument.assemble(payload, seals, {party.id: party.chain for party in PARTIES})


def test_a_frozen_partys_seal_does_not_count():
    frozen = PARTIES[0].next(records.freeze(PARTIES[0].record), PARTIES[0].roots[:1])
    with pytest.raises(NotAuthentic, match="frozen"):
        make_file((frozen, *PARTIES[1:]))


def test_a_name_that_the_record_does_not_bear_is_not_sealed():
    named = [msgspec.structs.replace(PARTIES[0].named, name="Dovrania"), PARTIES[1].named, PARTIES[2].named]
    payload = make_payload(PARTIES, parties=named)
    with pytest.raises(NotAuthentic, match="name"):
        make_file(PARTIES, payload)


def test_a_later_version_of_the_record_seals_with_its_own_key():
    seal_seeds = hybrid_seeds("second seal")

    record = records.make_record(PARTIES[0].record, **fields("Arvenia", seal=seal_seeds))
    second = PARTIES[0].next(record, PARTIES[0].roots[:2])
    with pytest.raises(NotAuthentic):
        make_file((second, *PARTIES[1:]))  # still the old seal key

    make_file((replace(second, seal=seal_seeds), *PARTIES[1:]))


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "Two\nlines"},
        {"title": "x" * 401},
        {"language": "English"},
        {"form": "on_paper"},
        {"line": bytes(31)},
        {"text": ""},
        {"text": "nul \0"},
        {"text": "over\u202eride"},
        {"text": "tag \U000e0041"},
        {"adopted": ()},
        {"adopted_at": -1},
        {"adopted_at": 2**60},
        {"parties": (PARTIES[0].named,)},
        {"parties": ()},
    ],
)
def test_an_instrument_out_of_form_is_refused(changes):
    good = instrument.read_instrument(make_payload(PARTIES))
    with pytest.raises(Malformed):
        instrument.read_instrument(canonical.encode(msgspec.structs.replace(good, **changes)))


def test_order_and_membership_are_part_of_the_form():
    good = instrument.read_instrument(make_payload(PARTIES))
    stranger = instrument.Adoption(make_parties("other")[0].id, seed("act"))
    for changes in (
        {"parties": good.parties[::-1]},
        {"parties": (*good.parties, good.parties[-1])},
        {"adopted": good.adopted[::-1]},
        {"adopted": (stranger,)},
    ):
        with pytest.raises(Malformed):
            instrument.read_instrument(canonical.encode(msgspec.structs.replace(good, **changes)))


def test_a_text_with_half_a_character_is_refused():
    with pytest.raises(Malformed, match="half a character"):
        make_payload(PARTIES, "half \ud800")


@given(st.text(min_size=1, max_size=200))
def test_any_text_is_kept_to_the_code_point_or_refused(final_text):
    try:
        payload = make_payload(PARTIES, final_text)
    except Malformed:
        return
    assert instrument.read_instrument(payload).text == final_text


def test_composed_and_decomposed_spellings_are_two_texts():
    """A25: two texts that look alike have two hashes."""
    composed, decomposed = "caf\u00e9\n", "cafe\u0301\n"
    assert make_payload(PARTIES, composed) != make_payload(PARTIES, decomposed)
    assert instrument.text_hash(composed) != instrument.text_hash(decomposed)


def test_the_registers_leaf_names_the_whole_file():
    assert instrument.register_leaf(b"abc") == b"\x01" + hashlib.sha256(b"abc").digest()
