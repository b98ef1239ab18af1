import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.crypto import selftest as module
from detente.crypto.hashing import equal, hkdf, hkdf_expand, sha256
from detente.crypto.selftest import selftest
from detente.ground.errors import Malformed, Unfit


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_the_hash_of_parts_is_the_hash_of_the_whole(parts):
    assert sha256(*parts) == hashlib.sha256(b"".join(parts)).digest()


@given(length=st.integers(0, 300), more=st.integers(0, 100))
def test_a_shorter_key_is_the_beginning_of_a_longer_one(length, more):
    short = hkdf(b"secret", salt=b"", info=b"purpose", length=length)
    assert hkdf(b"secret", salt=b"", info=b"purpose", length=length + more)[:length] == short
    assert len(short) == length


def test_hkdf_ends_where_rfc_5869_ends_it():
    assert len(hkdf_expand(bytes(32), b"", 8160)) == 8160
    for length in (-1, 8161):
        with pytest.raises(Malformed):
            hkdf_expand(bytes(32), b"", length)


@given(left=st.binary(max_size=4), right=st.binary(max_size=4))
def test_equal_is_equality(left, right):
    assert equal(left, right) is (left == right)


def test_the_known_answers_hold_here():
    assert selftest() is None


@pytest.mark.parametrize("row", range(len(module._CHECKS)))
def test_a_wrong_answer_keeps_the_house_closed(monkeypatch, row):
    name = module._CHECKS[row][0]
    rows = list(module._CHECKS)
    rows[row] = (name, lambda: False)
    monkeypatch.setattr(module, "_CHECKS", tuple(rows))
    with pytest.raises(Unfit, match=name):
        selftest()


def test_a_backend_without_the_post_quantum_primitives_keeps_the_house_closed(monkeypatch):
    def missing(_):
        raise module_error

    from cryptography.exceptions import UnsupportedAlgorithm

    module_error = UnsupportedAlgorithm("ML-KEM is not supported by this backend")
    monkeypatch.setattr(module, "MLKEM768PrivateKey", type("Missing", (), {"from_seed_bytes": staticmethod(missing)}))
    with pytest.raises(Unfit, match="ML-KEM-768"):
        selftest()
    monkeypatch.setattr(module, "mldsa65_public", missing)
    with pytest.raises(Unfit, match="ML-DSA-65"):
        selftest()


def test_a_check_of_keys_that_checks_nothing_is_noticed(monkeypatch):
    monkeypatch.setattr(module, "check_ed25519_key", lambda _: None)
    with pytest.raises(Unfit, match="check of Ed25519 keys"):
        selftest()
