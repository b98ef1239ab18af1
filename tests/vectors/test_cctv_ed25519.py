"""The 914 edge cases of Ed25519 points: what the library accepts, and what is left once keys are checked."""

import json
from functools import cache

import pytest
from shared import shared

from detente.crypto.signing import check_ed25519_key, ed25519_verify
from detente.ground.errors import Malformed, NotAuthentic

pytestmark = pytest.mark.vectors

BAD_KEYS = {"low_order_A", "non_canonical_A", "low_order_component_A"}


@cache
def may_register(public):
    try:
        check_ed25519_key(public)
    except Malformed:
        return False
    return True


def verifies(public, message, signature):
    try:
        ed25519_verify(public, message, signature)
    except NotAuthentic:
        return False
    return True


def cases():
    for case in json.loads(shared("vectors/cctv-ed25519/ed25519vectors.json").read_text(encoding="utf-8")):
        key, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
        yield case["number"], key, case["msg"].encode(), signature, frozenset(case["flags"] or ())


def test_of_914_cases_the_library_accepts_208_and_the_check_of_keys_leaves_2():
    everything = list(cases())
    assert len(everything) == 914
    accepted = [case for case in everything if verifies(*case[1:4])]
    assert len(accepted) == 208
    left = [case for case in accepted if may_register(case[1])]
    assert len(left) == 2
    assert len({key for _, key, *_ in left}) == 1  # one proper key: its owner alone can make such signatures
    assert all(not flags & BAD_KEYS for *_, flags in left)


def test_a_key_is_refused_exactly_where_it_is_flagged():
    wrong = {number for number, key, _, _, flags in cases() if may_register(key) is bool(flags & BAD_KEYS)}
    assert wrong == set()


def test_the_identity_point_signs_everything_unless_it_is_refused_as_a_key():
    identity, signature = b"\x01" + bytes(31), b"\x01" + bytes(63)
    for message in (b"we agree", b"we never agreed", b""):
        assert verifies(identity, message, signature)  # the control: without the check the attack succeeds
    with pytest.raises(Malformed, match="identity"):
        check_ed25519_key(identity)
