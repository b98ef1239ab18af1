import pytest
from damage import damaged, one_byte_changes
from hypothesis import given
from hypothesis import strategies as st

from detente.crypto.signing import ed25519_public
from detente.ground.errors import Malformed, NotAuthentic
from detente.ground.instants import LAST
from detente.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from detente.tlog.leaf import LEAF_BYTES, Leaf, LeafKind
from detente.tlog.merkle import Tree, leaf_hash
from detente.tlog.note import KeyKind, Note, VerifierKey, sign_note
from detente.tlog.proof import TlogProof

SEED, OTHER = bytes(range(32)), bytes(range(1, 33))
ORIGIN = "register.example/1"
KEY = VerifierKey(ORIGIN, KeyKind.ED25519, ed25519_public(SEED))
LEAVES = [leaf_hash(bytes([number])) for number in range(40)]


def proof_of(index, size, extra=None):
    tree = Tree(LEAVES[:size])
    note = sign_checkpoint(Checkpoint(ORIGIN, size, tree.root()), ORIGIN, SEED)
    return TlogProof(index, tree.inclusion(index), note, extra)


PROOF = proof_of(3, 7, extra=b"seal")


@given(st.data())
def test_a_proof_comes_back_as_it_was_written_and_proves(data):
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    proof = proof_of(index, size, data.draw(st.none() | st.binary(min_size=1, max_size=20)))
    assert TlogProof.parse(proof.encode()) == TlogProof.parse(proof.encode().encode()) == proof
    assert proof.verify(LEAVES[index], KEY, origin=ORIGIN).size == size
    with pytest.raises(NotAuthentic):
        proof.verify(LEAVES[index - 1] if size > 1 else bytes(32), KEY, origin=ORIGIN)


def test_the_text_is_that_of_the_specification():
    lines = proof_of(0, 2).encode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "index 0"
    assert lines[3:6] == ["", ORIGIN, "2"]
    assert PROOF.encode().split("\n")[1] == "extra c2VhbA=="


@given(st.one_of(damaged(PROOF.encode()), st.text(max_size=60), st.binary(max_size=60)))
def test_whatever_is_read_as_a_proof_was_written_in_its_one_way(text):
    try:
        proof = TlogProof.parse(text)
    except Malformed:
        return
    assert proof.encode() == text


def test_a_changed_byte_of_a_proof_never_verifies_but_for_the_extra_that_nobody_signed():
    raw = PROOF.encode().encode()
    extra = range(raw.index(b"extra "), raw.index(b"\nindex"))
    surviving = []
    for number, changed in enumerate(one_byte_changes(raw, flips=(0x01, 0x02, 0x20, 0x80))):
        try:
            TlogProof.parse(changed).verify(LEAVES[3], KEY, origin=ORIGIN)
        except (Malformed, NotAuthentic):
            continue
        surviving.append(number // 4)
    assert surviving  # the control: where no signature reaches, a change goes unnoticed
    assert set(surviving) <= set(extra)


def test_every_size_under_the_signature_is_bound_though_the_root_alone_would_not_bind_it():
    tree = Tree(LEAVES[:3])
    forged = Note.parse(sign_checkpoint(Checkpoint(ORIGIN, 3, tree.root()), ORIGIN, SEED))
    text = forged.text.replace("\n3\n", "\n4\n")
    proof = TlogProof(0, tree.inclusion(0), Note(text, forged.signatures).encode())
    with pytest.raises(NotAuthentic):
        proof.verify(LEAVES[0], KEY)
    signed = TlogProof(0, tree.inclusion(0), Note(text, (sign_note(text, ORIGIN, SEED),)).encode())
    signed.verify(LEAVES[0], KEY)  # the control: only the log itself could say so


def test_a_proof_under_another_key_or_of_another_log_is_not_authentic():
    with pytest.raises(NotAuthentic):
        PROOF.verify(LEAVES[3], VerifierKey(ORIGIN, KeyKind.ED25519, ed25519_public(OTHER)))
    with pytest.raises(NotAuthentic):
        PROOF.verify(LEAVES[3], KEY, origin="register.example/2")
    assert open_checkpoint(PROOF.checkpoint_note, KEY).size == 7


@pytest.mark.parametrize(
    "change",
    [
        ("@v1", "@v2"),
        ("extra c2VhbA==", "extra "),
        ("extra c2VhbA==", "extra"),
        ("extra c2VhbA==", "extra c2VhbA"),
        ("extra c2VhbA==", "extra c2VhbB=="),
        ("extra c2VhbA==\n", "extra c2VhbA==\nextra c2VhbA==\n"),
        ("index 3", "index 03"),
        ("index 3", "index 7"),
        ("index 3", "index  3"),
        ("index 3\n", ""),
        ("index 3", "index 6"),
        ("\n\n", "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"),
        ("\n\n", "\n\n\n"),
        ("\n\nregister", "\n\n\nregister"),
        ("\n7\n", "\n70000\n"),
    ],
)
def test_spellings_that_others_would_read(change):
    text = PROOF.encode().replace(*change, 1)
    assert text != PROOF.encode()
    with pytest.raises(Malformed):
        TlogProof.parse(text)


def test_a_proof_is_not_made_of_hashes_of_another_length_nor_of_empty_extra():
    TlogProof(3, PROOF.hashes, PROOF.checkpoint_note)
    for hashes, extra in ((PROOF.hashes[:-1], None), ((*PROOF.hashes[:-1], bytes(31)), None), (PROOF.hashes, b"")):
        with pytest.raises(Malformed):
            TlogProof(3, hashes, PROOF.checkpoint_note, extra)


# --- the entries of a line's log ----------------------------------------------------------------

HASHES = st.binary(min_size=32, max_size=32)
ENTRIES = st.builds(
    Leaf,
    kind=st.sampled_from(LeafKind),
    epoch=st.integers(0, 2**64 - 1),
    time_ms=st.integers(0, LAST),
    bucket=st.integers(0, 2**32 - 1),
    ciphertext_hash=HASHES,
    tag=HASHES,
)


@given(ENTRIES)
def test_an_entry_comes_back_from_its_86_bytes(leaf):
    raw = leaf.encode()
    assert len(raw) == LEAF_BYTES == 86
    assert Leaf.decode(raw) == leaf
    assert leaf.hash() == leaf_hash(raw)


def test_the_layout_of_an_entry():
    leaf = Leaf(LeafKind.COMMIT, 2, 3, 4, b"c" * 32, b"t" * 32)
    assert leaf.encode().hex() == "0101" + "00" * 7 + "02" + "00" * 7 + "03" + "00000004" + "63" * 32 + "74" * 32


@given(entry=ENTRIES, data=st.data())
def test_any_bytes_are_an_entry_in_one_spelling_or_malformed(entry, data):
    raw = bytearray(entry.encode())
    raw[data.draw(st.integers(0, LEAF_BYTES - 1))] ^= data.draw(st.integers(1, 255))
    for one in (bytes(raw), bytes(raw[:-1]), bytes(raw) + b"\0", data.draw(st.binary(max_size=100))):
        try:
            leaf = Leaf.decode(one)
        except Malformed:
            continue
        assert leaf.encode() == one
        assert leaf != entry


@pytest.mark.parametrize(
    "wrong",
    [
        {"epoch": -1},
        {"epoch": 2**64},
        {"time_ms": -1},
        {"time_ms": LAST + 1},
        {"bucket": -1},
        {"bucket": 2**32},
        {"ciphertext_hash": bytes(31)},
        {"tag": bytes(33)},
    ],
)
def test_what_an_entry_cannot_hold(wrong):
    sound = {
        "kind": LeafKind.TALK,
        "epoch": 0,
        "time_ms": 0,
        "bucket": 0,
        "ciphertext_hash": bytes(32),
        "tag": bytes(32),
    }
    Leaf(**sound)
    with pytest.raises(Malformed):
        Leaf(**(sound | wrong))


def test_versions_and_kinds_that_are_not_known_are_malformed():
    raw = Leaf(LeafKind.TALK, 0, 0, 0, bytes(32), bytes(32)).encode()
    for wrong in (b"\0" + raw[1:], b"\2" + raw[1:], raw[:1] + b"\2" + raw[2:]):
        with pytest.raises(Malformed, match="not understood"):
            Leaf.decode(wrong)
