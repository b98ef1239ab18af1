"""HPKE by hand against pyca and against itself, for every mechanism that a suite uses."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey, MLKEM1024PublicKey
from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey, X448PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from hypothesis import given
from hypothesis import strategies as st
from mls_parties import Entropy

from detente.crypto.hpke import Hpke, expand, extract
from detente.crypto.kems import DHKEM_P256, DHKEM_X448, MLKEM768X25519, MLKEM1024P384
from detente.crypto.suites import HOUSE_SUITES, SUITE_1, SUITES, private_use, suite_of
from detente.ground.errors import Malformed, NotAuthentic, Refused

SPOKEN = list(HOUSE_SUITES.values())
ALL = pytest.mark.parametrize("suite", [suite.hpke for suite in SPOKEN], ids=[suite.name for suite in SPOKEN])


@given(key=st.binary(min_size=1, max_size=80), info=st.binary(max_size=80), length=st.integers(1, 8160))
def test_expand_is_hkdf(key, info, length):
    assert expand("sha256", key, info, length) == HKDFExpand(SHA256(), length, info).derive(key)


@given(salt=st.binary(min_size=1, max_size=80), material=st.binary(max_size=80))
def test_extract_is_hkdf(salt, material):
    assert extract("sha256", salt, material) == HKDF.extract(SHA256(), salt, material)


def test_more_than_a_key_can_give_is_refused():
    with pytest.raises(Malformed):
        expand("sha256", bytes(32), b"", 8161)


@ALL
def test_what_is_sealed_opens_with_the_right_key_and_the_right_info_alone(suite):
    private, public = suite.derive_key_pair(b"m" * 32)
    other, _ = suite.derive_key_pair(b"n" * 32)
    sealed = suite.seal(public, b"info", b"secret")
    assert suite.open(private, b"info", *sealed) == b"secret"
    for key, info, (encapsulated, ciphertext) in (
        (other, b"info", sealed),
        (private, b"other", sealed),
        (private, b"info", (sealed[0], sealed[1][:-1])),
        (private, b"info", (bytes(len(sealed[0])), sealed[1])),
        (private, b"info", (sealed[0][:-1] + bytes([sealed[0][-1] ^ 1]), sealed[1])),
    ):
        with pytest.raises(NotAuthentic):
            suite.open(key, info, encapsulated, ciphertext)
    with pytest.raises(Malformed):
        suite.open(private, b"info", sealed[0] + sealed[1][:1], sealed[1][1:])


@ALL
def test_a_derived_key_is_its_bytes_and_its_object_is_used_under_its_own_mechanism_alone(suite):
    private, public = suite.derive_key_pair(b"m" * 32)
    plain = bytes(private)
    assert type(plain) is bytes
    assert (private, hash(private)) == (plain, hash(plain))
    assert suite.kem.private_key(private) is suite.kem.private_key(private)
    assert suite.kem.private_key(plain) is not suite.kem.private_key(plain)
    assert suite.public_of(private) == suite.public_of(plain) == public
    sealed = suite.seal(public, b"info", b"secret")
    assert suite.open(private, b"info", *sealed) == suite.open(plain, b"info", *sealed) == b"secret"
    for other in (one.hpke for one in SPOKEN if one.hpke.kem is not suite.kem):
        try:
            made = other.kem.private_key(plain)
        except Malformed:  # of another length
            with pytest.raises(Malformed):
                other.kem.private_key(private)
        else:
            assert type(other.kem.private_key(private)) is type(made)
            assert other.public_of(private) == other.public_of(plain)


@ALL
def test_both_sides_export_the_same_secret(suite):
    private, public = suite.derive_key_pair(b"m" * 32)
    encapsulated, secret = suite.export_to(public, b"info", b"context", 48, b"s" * 32)
    assert suite.export_from(private, encapsulated, b"info", b"context", 48) == secret
    assert suite.export_from(private, encapsulated, b"other", b"context", 48) != secret
    assert suite.export_from(private, encapsulated, b"info", b"other", 48) != secret


@ALL
def test_what_is_sealed_by_hand_opens_in_one_shot_and_what_is_changed_does_not_export(suite):
    private, public = suite.derive_key_pair(b"m" * 32)
    sealed = suite.seal(public, b"info", b"secret", seed=b"s" * 64)
    assert suite.open(private, b"info", *sealed) == b"secret"
    assert suite._open_by_hand(private, b"info", *suite.seal(public, b"info", b"secret")) == b"secret"
    with pytest.raises(Malformed):
        suite.export_from(private, sealed[0] + b"\0", b"info", b"", 32)


SMALL_25519 = (
    0,
    1,
    2**255 - 20,
    2**255 - 19,
    2**255 - 18,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)
P448 = 2**448 - 2**224 - 1


def test_the_points_of_small_order_are_those_that_pyca_refuses_to_use():
    own = X25519PrivateKey.generate()
    for number in SMALL_25519:
        point = number.to_bytes(32, "little")
        for raw in (point, point[:-1] + bytes([point[-1] | 0x80])):
            with pytest.raises(ValueError, match="shared"):
                own.exchange(X25519PublicKey.from_public_bytes(raw))
            with pytest.raises(Malformed):
                Hpke(1).check_public(raw)
    Hpke(1).check_public(own.public_key().public_bytes_raw())
    other = X448PrivateKey.generate()
    for number in (0, 1, P448 - 1, P448, P448 + 1):
        raw = number.to_bytes(56, "little")
        with pytest.raises(ValueError, match="shared"):
            other.exchange(X448PublicKey.from_public_bytes(raw))
        with pytest.raises(Malformed):
            Hpke(2, DHKEM_X448, 3).check_public(raw)
    Hpke(2, DHKEM_X448, 3).check_public(other.public_key().public_bytes_raw())


def test_points_beside_the_curve_and_compressed_points_are_no_keys():
    curve = Hpke(1, DHKEM_P256)
    _, public = curve.derive_key_pair(b"m" * 32)
    curve.check_public(public)
    for raw in (public[:-1] + bytes([public[-1] ^ 1]), b"\2" + public[1:33], b"\0" * 65, b"\0"):
        with pytest.raises(Malformed):
            curve.check_public(raw)
    hybrid = Hpke(1, MLKEM768X25519)
    _, public = hybrid.derive_key_pair(b"m" * 32)
    hybrid.check_public(public)
    for raw in (public[:-32] + bytes(32), b"\xff" * 1184 + public[-32:], public[:-1]):
        with pytest.raises(Malformed):
            hybrid.check_public(raw)


@pytest.mark.parametrize(
    ("kem", "keys"), [(MLKEM768X25519, MLKEM768PublicKey), (MLKEM1024P384, MLKEM1024PublicKey)], ids=["768", "1024"]
)
@given(data=st.data())
def test_a_lattice_key_passes_exactly_if_pyca_takes_it(kem, keys, data):
    """FIPS 203 section 7.2: every coefficient is below 3,329; a few at a time are put there or beyond."""
    _, public = kem.derive_key_pair(b"m" * 32)
    size = kem.lattice_public_length - 32
    number, bits = int.from_bytes(public[:size], "little"), size * 8
    ends, values = st.sampled_from([0, bits - 12]), st.sampled_from([0, 3328, 3329, 3330, 4095])
    places = st.one_of(ends, st.integers(0, bits // 12 - 1).map(lambda at: 12 * at))
    for at in data.draw(st.lists(places, max_size=4)):
        value = data.draw(st.one_of(values, st.integers(0, 4095)))
        number = number & ~(4095 << at) | value << at
    changed = number.to_bytes(size, "little") + public[size:]
    try:
        keys.from_public_bytes(changed[: kem.lattice_public_length])
    except ValueError:
        with pytest.raises(Malformed, match="lattice"):
            kem.check_public(changed)
        with pytest.raises(Malformed, match="lattice"):
            kem.public_key(changed)
    else:
        kem.check_public(changed)
        kem.public_key(changed)


def test_a_private_scalar_is_drawn_and_never_reduced():
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    candidates = {0: order, 1: 0, 2: order - 1, 3: 5}
    asked = []

    def candidate(counter):
        asked.append(counter)
        return candidates[counter].to_bytes(32, "big")

    assert DHKEM_P256.group.derive(candidate) == (order - 1).to_bytes(32, "big")
    assert asked == [0, 1, 2]
    with pytest.raises(Malformed):
        DHKEM_P256.group.derive(lambda _: bytes(32))


@ALL
def test_keys_of_other_lengths_are_malformed(suite):
    private, public = suite.derive_key_pair(b"m" * 32)
    for raw in (b"", public[:-1], public + b"\0"):
        with pytest.raises(Malformed):
            suite.check_public(raw)
    for raw in (b"", private + b"\0"):
        with pytest.raises(Malformed):
            suite.public_of(raw)


@pytest.mark.parametrize("suite", SPOKEN, ids=[suite.name for suite in SPOKEN])
def test_signatures_are_true_for_one_text_one_label_and_one_key(suite):
    entropy = Entropy(b"sign")
    private, other = suite.new_signature_key(entropy), suite.new_signature_key(entropy)
    public = suite.signature_public(private)
    signature = suite.sign_with_label(private, b"label", b"text")
    suite.verify_with_label(public, b"label", b"text", signature)
    for key, label, text, made in (
        (suite.signature_public(other), b"label", b"text", signature),
        (public, b"other", b"text", signature),
        (public, b"label", b"other", signature),
        (public, b"label", b"text", signature[:-1]),
        (public, b"label", b"text", b""),
        (public[:-1], b"label", b"text", signature),
        (b"", b"label", b"text", signature),
    ):
        with pytest.raises(NotAuthentic):
            suite.verify_with_label(key, label, text, made)
    with pytest.raises(Malformed):
        suite.signature_public(private + b"\0")


def test_an_ecdsa_key_comes_from_entropy_within_its_order():
    suite = SUITES[2]
    drawn = iter([b"\xff" * 32, bytes(32), b"\1" * 32])
    private = suite.new_signature_key(lambda _: next(drawn))
    assert private == b"\1" * 32
    assert suite.signature_public(private)[1:33] == ec.derive_private_key(
        int.from_bytes(private, "big"), ec.SECP256R1()
    ).public_key().public_numbers().x.to_bytes(32, "big")
    with pytest.raises(Malformed):
        suite.new_signature_key(bytes)


def test_an_unknown_suite_is_refused_and_a_private_one_is_spoken_only_where_it_was_configured():
    assert suite_of(1) is SUITE_1
    with pytest.raises(Refused):
        suite_of(8)
    with pytest.raises(Malformed):
        suite_of(65536)
    assert list(SUITES) == [1, 2, 3, 4, 5, 6, 7]
    for number in (0xF001, 0xF002, 0xF005, 0xF009):
        with pytest.raises(Refused):
            suite_of(number)
        assert suite_of(number, HOUSE_SUITES).number == number
    name = HOUSE_SUITES[0xF002].name
    assert private_use({0xFABC: name})[0xFABC] == replace(HOUSE_SUITES[0xF002], number=0xFABC)
    for wrong in ({8: name}, {0x10000: name}, {0xF002: "MLS_0_NONE"}):
        with pytest.raises(Malformed):
            private_use(wrong)
