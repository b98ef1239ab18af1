import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.crypto import hybrid, sealing
from detente.crypto.hybrid import HybridKey, HybridSeeds, HybridSignature
from detente.ground.errors import Malformed, NotAuthentic

MAILBOX, OTHER = bytes(range(32)), bytes(range(1, 33))
KEY, NONCE = bytes(range(2, 34)), bytes(12)
SEEDS = HybridSeeds(bytes([1]) * 32, bytes([2]) * 32)
STRANGERS = HybridSeeds(bytes([3]) * 32, bytes([4]) * 32)
ORDER_EIGHT = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")


def flipped(raw: bytes, bit: int) -> bytes:
    """`raw` with one bit changed."""
    bit %= 8 * len(raw)
    return raw[: bit // 8] + bytes([raw[bit // 8] ^ 1 << bit % 8]) + raw[bit // 8 + 1 :]


# --- mail --------------------------------------------------------------------------------------


@given(plaintext=st.binary(max_size=300), context=st.binary(max_size=40))
def test_a_letter_opens_at_its_mailbox_in_its_context(plaintext, context):
    sealed = sealing.seal_mail(plaintext, sealing.mail_public(MAILBOX), context)
    assert sealing.open_mail(sealed, MAILBOX, context) == plaintext
    for seed, where in ((OTHER, context), (MAILBOX, context + b"x")):
        with pytest.raises(NotAuthentic):
            sealing.open_mail(sealed, seed, where)


def test_two_letters_of_one_text_have_nothing_in_common():
    letters = [sealing.seal_mail(b"text", sealing.mail_public(MAILBOX), b"") for _ in range(2)]
    assert letters[0][:32] != letters[1][:32]
    assert letters[0][32:] != letters[1][32:]


@given(bit=st.integers(0), cut=st.integers(0, 200))
def test_a_letter_that_was_changed_or_cut_does_not_open(bit, cut):
    sealed = sealing.seal_mail(b"a text of some length", sealing.mail_public(MAILBOX), b"line")
    for bent in (flipped(sealed, bit), sealed[:-1] if cut >= len(sealed) else sealed[:cut], sealed + b"\0"):
        with pytest.raises(NotAuthentic):
            sealing.open_mail(bent, MAILBOX, b"line")


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), bytes(32)], ids=["none", "short", "long", "of small order"])
def test_a_letter_is_sealed_to_a_key_or_not_at_all(key):
    with pytest.raises(Malformed):
        sealing.seal_mail(b"text", key, b"")


# --- at rest -----------------------------------------------------------------------------------


@given(plaintext=st.binary(max_size=300), place=st.binary(max_size=40), nonce=st.binary(min_size=12, max_size=12))
def test_what_lies_at_rest_opens_in_its_place(plaintext, place, nonce):
    closed = sealing.close(KEY, nonce, plaintext, place)
    assert sealing.disclose(KEY, closed, place) == plaintext
    for key, where in ((OTHER, place), (KEY, place + b"x")):
        with pytest.raises(NotAuthentic):
            sealing.disclose(key, closed, where)


@given(bit=st.integers(0), cut=st.integers(0, 60))
def test_what_was_changed_or_cut_at_rest_does_not_open(bit, cut):
    closed = sealing.close(KEY, NONCE, b"a state of some length", b"line/1")
    for bent in (flipped(closed, bit), closed[: min(cut, len(closed) - 1)]):
        with pytest.raises(NotAuthentic):
            sealing.disclose(KEY, bent, b"line/1")


def test_a_key_for_one_purpose_is_none_for_another():
    purposes = [b"", b"a", b"b", b"ab", b"a\x01"]
    derived = {sealing.derive(key, purpose) for key in (KEY, OTHER) for purpose in purposes}
    assert len(derived) == 2 * len(purposes)
    assert {len(key) for key in derived} == {sealing.KEY_BYTES}
    assert not derived & {KEY, OTHER}


# --- party seals -------------------------------------------------------------------------------


@settings(max_examples=20)
@given(message=st.binary(max_size=100), label=st.binary(min_size=1, max_size=20).filter(lambda label: 0 not in label))
def test_a_seal_is_good_for_its_message_its_purpose_and_its_party(message, label):
    signature = hybrid.sign(SEEDS, label, message)
    hybrid.verify(hybrid.public(SEEDS), label, message, signature)
    for key, purpose, what in (
        (hybrid.public(STRANGERS), label, message),
        (hybrid.public(SEEDS), label + b"x", message),
        (hybrid.public(SEEDS), label, message + b"x"),
    ):
        with pytest.raises(NotAuthentic):
            hybrid.verify(key, purpose, what, signature)


@pytest.mark.parametrize("half", ["ed25519", "mldsa65"])
def test_whoever_breaks_one_scheme_seals_nothing(half):
    ours, theirs = hybrid.sign(SEEDS, b"seal", b"text"), hybrid.sign(STRANGERS, b"seal", b"text")
    halves = {"ed25519": ours.ed25519, "mldsa65": ours.mldsa65} | {half: getattr(theirs, half)}
    with pytest.raises(NotAuthentic):
        hybrid.verify(hybrid.public(SEEDS), b"seal", b"text", HybridSignature(**halves))


def test_a_key_under_which_anything_verifies_is_no_key_of_a_party():
    good = hybrid.public(SEEDS)
    hybrid.check_key(good)
    for bad in (
        HybridKey(ORDER_EIGHT, good.mldsa65),
        HybridKey(b"\1" + bytes(31), good.mldsa65),
        HybridKey(good.ed25519[:-1], good.mldsa65),
        HybridKey(good.ed25519, good.mldsa65[:-1]),
    ):
        with pytest.raises(Malformed):
            hybrid.check_key(bad)


def test_seeds_are_not_printed():
    shown = repr(SEEDS)
    assert "HybridSeeds" in shown
    assert not any(repr(seed) in shown or seed.hex() in shown for seed in (SEEDS.ed25519, SEEDS.mldsa65))
