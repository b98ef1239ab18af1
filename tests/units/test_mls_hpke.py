"""HPKE by hand against pyca and against itself."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from detente.crypto import hpke
from detente.crypto.hpke import Hpke, expand, extract
from detente.crypto.suites import SUITE_1, suite_of
from detente.ground.errors import Malformed, NotAuthentic, Refused

BOTH = pytest.mark.parametrize("suite", [Hpke(1), Hpke(3)])


@given(key=st.binary(min_size=1, max_size=80), info=st.binary(max_size=80), length=st.integers(1, 8160))
def test_expand_is_hkdf(key, info, length):
    assert expand("sha256", key, info, length) == HKDFExpand(SHA256(), length, info).derive(key)


@given(salt=st.binary(min_size=1, max_size=80), material=st.binary(max_size=80))
def test_extract_is_hkdf(salt, material):
    assert extract("sha256", salt, material) == HKDF.extract(SHA256(), salt, material)


def test_more_than_a_key_can_give_is_refused():
    with pytest.raises(Malformed):
        expand("sha256", bytes(32), b"", 8161)


@BOTH
def test_what_is_sealed_opens_with_the_right_key_and_the_right_info_alone(suite):
    private, public = suite.derive_key_pair(b"m" * 32)
    other, _ = suite.derive_key_pair(b"n" * 32)
    sealed = suite.seal(public, b"info", b"secret")
    assert suite.open(private, b"info", *sealed) == b"secret"
    for key, info, (encapsulated, ciphertext) in (
        (other, b"info", sealed),
        (private, b"other", sealed),
        (private, b"info", (sealed[0], sealed[1][:-1])),
        (private, b"info", (bytes(32), sealed[1])),
    ):
        with pytest.raises(NotAuthentic):
            suite.open(key, info, encapsulated, ciphertext)
    with pytest.raises(Malformed):
        suite.open(private, b"info", sealed[0] + sealed[1][:1], sealed[1][1:])


@BOTH
def test_both_sides_export_the_same_secret(suite):
    private, public = suite.derive_key_pair(b"m" * 32)
    encapsulated, secret = suite.export_to(public, b"info", b"context", 48, b"s" * 32)
    assert suite.export_from(private, encapsulated, b"info", b"context", 48) == secret
    assert suite.export_from(private, encapsulated, b"other", b"context", 48) != secret
    assert suite.export_from(private, encapsulated, b"info", b"other", 48) != secret


def test_the_points_of_small_order_are_those_that_pyca_refuses_to_use():
    own = X25519PrivateKey.generate()
    for point in hpke._SMALL_ORDER:
        for raw in (point, point[:-1] + bytes([point[-1] | 0x80])):
            with pytest.raises(ValueError, match="shared"):
                own.exchange(X25519PublicKey.from_public_bytes(raw))
            with pytest.raises(Malformed):
                Hpke(1).check_public(raw)
    Hpke(1).check_public(own.public_key().public_bytes_raw())


def test_keys_of_other_lengths_are_malformed():
    for raw in (b"", bytes(31), b"\2" * 33):
        with pytest.raises(Malformed):
            Hpke(1).check_public(raw)
        with pytest.raises(Malformed):
            Hpke(1).public_of(raw)


def test_an_unknown_suite_is_refused():
    assert suite_of(1) is SUITE_1
    with pytest.raises(Refused):
        suite_of(2)
    with pytest.raises(Malformed):
        suite_of(65536)
