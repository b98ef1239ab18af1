import pytest
from damage import one_byte_changes
from hypothesis import given
from hypothesis import strategies as st

from detente.crypto import signing
from detente.ground.errors import Malformed, NotAuthentic

SEED, OTHER = bytes(range(32)), bytes(range(1, 33))
P = 2**255 - 19

LATTICE = {
    "ML-DSA-44": (
        signing.mldsa44_public,
        signing.mldsa44_sign,
        signing.mldsa44_verify,
        signing.check_mldsa44_key,
        1312,
        2420,
    ),
    "ML-DSA-65": (
        signing.mldsa65_public,
        signing.mldsa65_sign,
        signing.mldsa65_verify,
        signing.check_mldsa65_key,
        1952,
        3309,
    ),
}
lattice = pytest.mark.parametrize("algorithm", LATTICE.values(), ids=LATTICE)


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200))
def test_what_ed25519_signs_it_verifies_and_every_key_it_makes_may_be_registered(seed, message):
    public, signature = signing.ed25519_public(seed), signing.ed25519_sign(seed, message)
    signing.check_ed25519_key(public)
    signing.ed25519_verify(public, message, signature)
    with pytest.raises(NotAuthentic):
        signing.ed25519_verify(public, message + b"\0", signature)


def test_no_changed_byte_of_an_ed25519_signature_verifies():
    public, signature = signing.ed25519_public(SEED), signing.ed25519_sign(SEED, b"text")
    for changed in one_byte_changes(signature):
        with pytest.raises(NotAuthentic):
            signing.ed25519_verify(public, b"text", changed)
    for changed in one_byte_changes(public):
        with pytest.raises(NotAuthentic):
            signing.ed25519_verify(changed, b"text", signature)


def test_s_plus_the_order_is_another_spelling_and_does_not_verify():
    public, signature = signing.ed25519_public(SEED), signing.ed25519_sign(SEED, b"text")
    s = int.from_bytes(signature[32:], "little") + signing._L
    with pytest.raises(NotAuthentic):
        signing.ed25519_verify(public, b"text", signature[:32] + s.to_bytes(32, "little"))


@given(public=st.binary(max_size=40), message=st.binary(max_size=20), signature=st.binary(max_size=70))
def test_ed25519_refuses_anything_else_with_one_error(public, message, signature):
    with pytest.raises(NotAuthentic):
        signing.ed25519_verify(public, message, signature)


@given(public=st.one_of(st.binary(max_size=40), st.binary(min_size=32, max_size=32)))
def test_checking_a_key_either_returns_or_says_malformed(public):
    try:
        signing.check_ed25519_key(public)
    except Malformed:
        return
    assert len(public) == 32
    assert int.from_bytes(public, "little") & (1 << 255) - 1 < P


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (1, "identity"),
        (1 | 1 << 255, "proper way"),  # the identity with x = -0
        (P - 1, "prime order"),  # order 2
        (0, "prime order"),  # order 4
        (P, "proper way"),  # y = 0, written as p
        (P + 1, "proper way"),  # the identity, written as p + 1
        (2**255 - 1, "proper way"),
        (2, "no point"),
    ],
)
def test_keys_that_are_not_admitted(key, reason):
    with pytest.raises(Malformed, match=reason):
        signing.check_ed25519_key(key.to_bytes(32, "little"))


def test_a_proper_key_moved_by_a_point_of_order_two_is_not_admitted():
    x, y, *_ = signing._decompress(signing.ed25519_public(SEED))
    moved = ((P - y) | (P - x & 1) << 255).to_bytes(32, "little")  # (x, y) + (0, -1) = (-x, -y)
    with pytest.raises(Malformed, match="prime order"):
        signing.check_ed25519_key(moved)


@lattice
def test_what_ml_dsa_signs_it_verifies_under_its_context_alone(algorithm):
    public_of, sign, verify, check, public_bytes, signature_bytes = algorithm
    public, signature = public_of(SEED), sign(SEED, b"text", b"context")
    assert (len(public), len(signature)) == (public_bytes, signature_bytes)
    check(public)
    verify(public, b"text", signature, b"context")
    assert sign(SEED, b"text", b"context") != signature  # hedged: nothing may depend on the bytes
    for wrong in (
        (public, b"texT", signature, b"context"),
        (public, b"text", signature, b"contexT"),
        (public, b"text", signature, b""),
        (public_of(OTHER), b"text", signature, b"context"),
        (public, b"text", signature[:-1], b"context"),
        (public[:-1], b"text", signature, b"context"),
        (public, b"text", bytes(signature_bytes), b"context"),
        (public, b"text", signature, bytes(256)),
    ):
        with pytest.raises(NotAuthentic):
            verify(*wrong)
    for changed in list(one_byte_changes(signature, flips=(1,)))[::97]:
        with pytest.raises(NotAuthentic):
            verify(public, b"text", changed, b"context")


@lattice
def test_ml_dsa_keys_of_another_length_and_contexts_that_are_too_long(algorithm):
    _, sign, _, check, public_bytes, _ = algorithm
    for length in (0, 32, public_bytes - 1, public_bytes + 1):
        with pytest.raises(Malformed):
            check(bytes(length))
    sign(SEED, b"", bytes(255))
    with pytest.raises(Malformed):
        sign(SEED, b"", bytes(256))


@pytest.mark.parametrize("public_of", [signing.ed25519_public, signing.mldsa44_public, signing.mldsa65_public])
@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_has_32_bytes(public_of, length):
    with pytest.raises(Malformed):
        public_of(bytes(length))
