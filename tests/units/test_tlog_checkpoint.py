import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from damage import damaged, one_byte_changes
from hypothesis import given
from hypothesis import strategies as st

from detente.crypto.signing import ed25519_public
from detente.ground.errors import Malformed, NotAuthentic
from detente.tlog.checkpoint import Checkpoint, decimal, open_checkpoint, sign_checkpoint
from detente.tlog.cosignature import cosign, cosigned_at, cosigner_key, verify_cosignature
from detente.tlog.merkle import EMPTY_ROOT
from detente.tlog.note import KeyKind, Note, Signature, VerifierKey

SEED, OTHER = bytes(range(32)), bytes(range(1, 33))
ORIGIN, COSIGNER = "relay.example/l/abc", "w.example/7"
KEY = VerifierKey(ORIGIN, KeyKind.ED25519, ed25519_public(SEED))
WITNESS = cosigner_key(COSIGNER, ed25519_public(OTHER))
HEAD = Checkpoint(ORIGIN, 7, bytes(range(32)))
SIGNED = sign_checkpoint(HEAD, ORIGIN, SEED)
ORIGINS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)
HEADS = st.builds(Checkpoint, ORIGINS, st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
TIMES = st.integers(0, 2**63 - 1)


# --- checkpoints --------------------------------------------------------------------------------


@given(HEADS)
def test_a_checkpoint_comes_back_as_it_was_written(head):
    assert Checkpoint.parse(head.encode()) == head
    assert open_checkpoint(sign_checkpoint(head, ORIGIN, SEED), KEY, origin=head.origin) == head


@given(st.one_of(damaged(HEAD.encode()), st.text(max_size=60)))
def test_whatever_is_read_as_a_checkpoint_was_written_in_its_one_way(text):
    try:
        head = Checkpoint.parse(text)
    except Malformed:
        return
    assert head.encode() == text


@given(st.one_of(damaged(SIGNED), st.binary(max_size=60)))
def test_only_the_signed_head_opens(raw):
    try:
        head = open_checkpoint(raw, KEY)
    except (Malformed, NotAuthentic):
        return
    assert head == HEAD


def test_a_changed_byte_of_a_signed_checkpoint_never_opens():
    raw = SIGNED.encode()
    assert open_checkpoint(raw, KEY) == HEAD  # the control
    for changed in one_byte_changes(raw, flips=(0x01, 0x02, 0x20, 0x80)):
        with pytest.raises((Malformed, NotAuthentic)):
            open_checkpoint(changed, KEY)


def test_the_head_of_another_log_under_the_same_key_is_refused_when_the_origin_is_named():
    other = sign_checkpoint(Checkpoint("relay.example/l/xyz", 9, bytes(32)), ORIGIN, SEED)
    assert open_checkpoint(other, KEY).size == 9  # the control: whoever names no origin takes any
    with pytest.raises(NotAuthentic, match="another log"):
        open_checkpoint(other, KEY, origin=ORIGIN)


def test_a_signature_by_another_key_or_of_another_kind_opens_nothing():
    with pytest.raises(NotAuthentic):
        open_checkpoint(sign_checkpoint(HEAD, ORIGIN, OTHER), KEY)
    with pytest.raises(Malformed):
        open_checkpoint(SIGNED, VerifierKey(ORIGIN, KeyKind.COSIGNATURE_ED25519, KEY.public))


@pytest.mark.parametrize(
    "change",
    [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n+7\n"),
        ("\n7\n", "\n7 \n"),
        ("\n7\n", "\n٧\n"),
        ("\n7\n", "\n\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n7_0\n"),
        ("\n7\n", "\n9223372036854775808\n"),
        ("\n7\n", "\n" + "9" * 5000 + "\n"),
        ("\n7\n", "\n0\n"),
        ("8=\n", "9=\n"),
        ("8=\n", "8\n"),
        ("8=\n", "8=\nextension\n"),
        ("8=\n", "8="),
        ("relay", "re\tlay"),
        (ORIGIN, ""),
    ],
)
def test_spellings_that_others_would_read(change):
    assert Checkpoint.parse(HEAD.encode()) == HEAD
    text = HEAD.encode().replace(*change)
    assert text != HEAD.encode()
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


def test_a_log_without_entries_has_one_head():
    assert Checkpoint.parse(Checkpoint(ORIGIN, 0, EMPTY_ROOT).encode()).size == 0
    for origin, size, root in (
        (ORIGIN, 0, bytes(32)),
        (ORIGIN, -1, bytes(32)),
        (ORIGIN, 1, bytes(31)),
        ("a\nb", 1, bytes(32)),
    ):
        with pytest.raises(Malformed):
            Checkpoint(origin, size, root)


@given(
    st.one_of(
        st.integers(0, 2**64).map(str), st.from_regex(r"[0٣²+_-]{0,2}[0-9]{1,20}", fullmatch=True), st.text(max_size=22)
    )
)
def test_a_number_has_one_spelling(text):
    try:
        number = decimal(text)
    except Malformed:
        return
    assert str(number) == text


# --- cosignatures -------------------------------------------------------------------------------


@given(head=HEADS, at=TIMES)
def test_a_cosignature_tells_its_time(head, at):
    line = cosign(head, COSIGNER, OTHER, at)
    assert verify_cosignature(head, line, WITNESS) == at
    assert cosigned_at(Signature.parse(line)) == at
    assert Signature.parse(line).encode() == line


def test_a_cosignature_signs_what_the_specification_says():
    line = Signature.parse(cosign(HEAD, COSIGNER, OTHER, 1679315147))
    message = b"cosignature/v1\ntime 1679315147\n" + HEAD.encode().encode()
    assert line.signature == (1679315147).to_bytes(8, "big") + Ed25519PrivateKey.from_private_bytes(OTHER).sign(message)


def test_a_changed_byte_of_a_cosignature_never_verifies():
    raw = cosign(HEAD, COSIGNER, OTHER, 1679315147).encode()
    assert verify_cosignature(HEAD, raw.decode(), WITNESS)  # the control
    for changed in one_byte_changes(raw, flips=(0x01, 0x02, 0x20)):
        with pytest.raises((Malformed, NotAuthentic)):
            verify_cosignature(HEAD, changed.decode("utf-8", "surrogateescape"), WITNESS)


@given(st.one_of(damaged(cosign(HEAD, COSIGNER, OTHER, 5)), st.text(max_size=30)))
def test_any_line_is_the_cosignature_or_refused(line):
    try:
        assert verify_cosignature(HEAD, line, WITNESS) == 5
    except (Malformed, NotAuthentic):
        return


def test_a_cosignature_is_for_one_head_by_one_key_at_one_time():
    line = Signature.parse(cosign(HEAD, COSIGNER, OTHER, 1000))
    later = Signature(line.name, line.key_id, (1001).to_bytes(8, "big") + line.signature[8:])
    for head, signature, key in (
        (Checkpoint(ORIGIN, 8, HEAD.root), line, WITNESS),
        (Checkpoint(ORIGIN, 7, bytes(32)), line, WITNESS),
        (Checkpoint("relay.example/l/xyz", 7, HEAD.root), line, WITNESS),
        (HEAD, later, WITNESS),
        (HEAD, line, cosigner_key(COSIGNER, KEY.public)),
        (HEAD, line, cosigner_key("w.example/8", WITNESS.public)),
    ):
        with pytest.raises(NotAuthentic):
            verify_cosignature(head, signature, key)


def test_a_signature_over_the_text_is_no_cosignature():
    line = Note.parse(SIGNED).signatures[0]
    with pytest.raises(Malformed):
        verify_cosignature(HEAD, line, KEY)
    as_cosigner = cosigner_key(ORIGIN, KEY.public)
    with pytest.raises(NotAuthentic):  # the id tells the kinds apart
        verify_cosignature(HEAD, line, as_cosigner)
    with pytest.raises(Malformed):
        verify_cosignature(HEAD, Signature(ORIGIN, as_cosigner.key_id, line.signature), as_cosigner)


def test_a_key_that_signs_texts_does_not_cosign_whatever_it_signs():
    line = Signature.parse(cosign(HEAD, ORIGIN, SEED, 7))
    assert verify_cosignature(HEAD, line, cosigner_key(ORIGIN, KEY.public)) == 7  # control
    with pytest.raises(Malformed):
        verify_cosignature(HEAD, Signature(ORIGIN, KEY.key_id, line.signature), KEY)


@pytest.mark.parametrize("at", [-1, 2**63])
def test_times_that_no_cosignature_has(at):
    with pytest.raises(Malformed):
        cosign(HEAD, COSIGNER, OTHER, at)
    if at > 0:
        with pytest.raises(Malformed):
            cosigned_at(Signature(COSIGNER, WITNESS.key_id, at.to_bytes(8, "big") + bytes(64)))
