"""Identifiers and instants: one spelling each, and a refusal for every other."""

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.ground.errors import Conflict, DetenteError, Forked, Malformed, NotAuthentic, Refused, Stale
from detente.ground.identifiers import base32, check_party_id, digits60, from_base32, party_id
from detente.ground.instants import LAST, iso


@given(st.binary(max_size=64))
def test_base32_comes_back(raw):
    assert from_base32(base32(raw), len(raw)) == raw


@given(st.binary(min_size=32, max_size=32))
def test_only_one_spelling_of_an_identifier_is_read(raw):
    written = base32(raw)
    readable = []
    for last in "abcdefghijklmnopqrstuvwxyz234567":
        with contextlib.suppress(Malformed):
            readable.append(from_base32(written[:-1] + last, 32))
    assert len(readable) == 2  # the last of 52 letters carries one bit
    assert readable.count(raw) == 1
    for refused in (written.upper(), written + "=", written + "====", " " + written, written[:-1]):
        with pytest.raises(Malformed):
            from_base32(refused, 32)


@pytest.mark.parametrize("length", [0, 1, 31, 33])
def test_an_identifier_of_another_length_is_refused_however_well_it_is_written(length):
    with pytest.raises(Malformed):
        from_base32(base32(bytes(length)), 32)


@pytest.mark.parametrize("text", ["", "a" * 51, "a" * 53, "1" * 52, "A" * 52, "ä" * 52, "a" * 51 + "b"])
def test_what_is_no_party_identifier_is_refused(text):
    with pytest.raises(Malformed):
        check_party_id(text)


def test_a_party_is_named_by_the_hash_of_its_first_record():
    name = party_id(b"the first record")
    assert check_party_id(name) == name
    assert from_base32(name, 32) == hashlib.sha256(b"the first record").digest()


@given(st.binary(max_size=64))
def test_sixty_digits_are_twelve_groups_of_five(material):
    groups = digits60(material).split(" ")
    assert [len(group) for group in groups] == [5] * 12
    assert all(group.isascii() and group.isdigit() for group in groups)


def test_sixty_digits_are_those_of_the_rule_and_differ_with_a_bit():
    number = int.from_bytes(hashlib.sha256(b"detente/sixty-digits/v1\0" + b"x").digest(), "big") % 10**60
    assert digits60(b"x").replace(" ", "") == f"{number:060d}"
    assert digits60(b"x") != digits60(b"y")


def test_instants_are_written_in_utc_with_milliseconds():
    assert iso(0) == "1970-01-01T00:00:00.000Z"
    assert iso(1_790_000_000_007) == "2026-09-21T14:13:20.007Z"
    assert iso(LAST) == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize("instant", [-1, LAST + 1, 2**63])
def test_what_is_no_instant_is_refused(instant):
    with pytest.raises(Malformed):
        iso(instant)


def test_a_refusal_is_a_value():
    assert Refused("No.", rule="R1") == Refused("No.", rule="R1")
    assert hash(Refused("No.", rule="R1")) == hash(Refused("No.", rule="R1"))
    assert Refused("No.", rule="R1") != Refused("No.", rule="R2")
    assert Refused("No.") != Stale("No.")
    assert Refused("No.") != "No."
    assert Refused("No.").sentence == "No."


def test_the_tree_of_errors_is_the_one_that_is_drawn():
    assert issubclass(Stale, Refused)
    assert issubclass(Forked, NotAuthentic)
    assert not issubclass(Conflict, Refused)
    assert all(issubclass(error, DetenteError) for error in (Malformed, NotAuthentic, Refused, Conflict))
