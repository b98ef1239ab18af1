"""Acts as bytes: what is hashed, what is signed, what the log is told, and the labels and quorums beside them."""

import hashlib
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.acts import act as acts
from detente.acts.act import Act
from detente.acts.facts import Facts, faults_by_default, quorum
from detente.acts.labels import CEILING_BY_DEFAULT, HIGHEST_CEILING, Label, label
from detente.crypto.signing import ed25519_public
from detente.ground.errors import Malformed, NotAuthentic

SEED = bytes(range(32))
ACT = Act(
    line=bytes(32),
    author="a" * 52,
    office="registry",
    seen=3,
    digest=bytes(32),
    rules="correspondence/1",
    made=1_790_000_000_000,
    salt=bytes(16),
    body=msgspec.Raw(b'{"kind":"correspondence.note","text":"Sir"}'),
)


def changed(**changes):
    return acts.encode(msgspec.structs.replace(ACT, **changes))


def test_an_act_comes_back_and_is_named_by_its_bytes():
    raw = acts.encode(ACT)
    assert acts.encode(acts.decode(raw)) == raw
    assert acts.act_id(raw) == hashlib.sha256(raw).digest()
    assert acts.decode(raw).procedure == "correspondence"


def test_a_founding_act_names_no_line():
    assert acts.decode(changed(line=b"")).line == b""


@pytest.mark.parametrize(
    "changes",
    [
        {"line": bytes(31)},
        {"line": bytes(33)},
        {"digest": bytes(31)},
        {"digest": b""},
        {"salt": b""},
        {"salt": bytes(15)},
        {"salt": bytes(17)},
        {"seen": -1},
        {"made": -1},
        {"seen": 2**53},
        {"body": msgspec.Raw(b'{"b":1,"a":2}')},
        {"body": msgspec.Raw(b'{"a": 1}')},
        {"body": msgspec.Raw(b"[]")},
        {"body": msgspec.Raw(b'{"a":1.5}')},
    ],
)
def test_an_act_out_of_form_is_refused(changes):
    with pytest.raises(Malformed):
        acts.decode(changed(**changes))


def test_an_act_of_six_megabytes_is_read_and_a_larger_one_is_not():
    def of(size):
        room = size - len(changed(body=msgspec.Raw(b'{"text":""}')))
        return changed(body=msgspec.Raw(b'{"text":"' + b"x" * room + b'"}'))

    assert len(acts.decode(of(acts.LARGEST)).body) > 6_000_000
    with pytest.raises(Malformed, match="six megabytes"):
        acts.decode(of(acts.LARGEST + 1))


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**64 - 1), st.integers(0, 63))
def test_a_tag_binds_the_act_and_the_epoch(identifier, epoch, bit):
    tag = acts.tag_of(identifier, epoch)
    assert tag == hashlib.sha256(b"detente/tag/v1\0" + epoch.to_bytes(8, "big") + identifier).digest()
    assert acts.tag_of(identifier, epoch ^ 1 << bit) != tag
    assert acts.tag_of(bytes([identifier[0] ^ 1]) + identifier[1:], epoch) != tag


@given(st.binary(max_size=100))
def test_a_packed_act_comes_back_and_its_voice_is_heard(raw):
    plain, signature = acts.unpack(acts.pack(raw, SEED))
    assert plain == raw
    acts.verify_voice(raw, signature, ed25519_public(SEED))
    with pytest.raises(NotAuthentic):
        acts.verify_voice(raw + b"!", signature, ed25519_public(SEED))
    with pytest.raises(NotAuthentic):
        acts.verify_voice(raw, signature, ed25519_public(bytes(32)))


def test_a_non_paper_is_unsigned_and_therefore_nobodys_word():
    raw, signature = acts.unpack(acts.pack(b"a non-paper", None))
    assert (raw, signature) == (b"a non-paper", b"")
    with pytest.raises(NotAuthentic, match="not signed"):
        acts.verify_voice(raw, signature, ed25519_public(SEED))


def test_a_signature_of_another_length_or_with_something_behind_is_refused():
    packed = acts.pack(b"a note", SEED)
    with pytest.raises(Malformed):
        acts.unpack(packed + b"\0")
    with pytest.raises(Malformed):
        acts.unpack(b"\x01a\x01b")


# --- labels and quorums -------------------------------------------------------------------------


def test_labels_are_in_their_order():
    order = ["PUBLIC", "UNCLASSIFIED", "SENSITIVE", "RESTRICTED", "CONFIDENTIAL", "SECRET"]
    for lower, higher in pairwise(map(label, order)):
        assert higher.above(lower)
        assert not lower.above(higher)
        assert not lower.above(lower)
    assert not CEILING_BY_DEFAULT.above(HIGHEST_CEILING)
    assert HIGHEST_CEILING is Label.SENSITIVE


@pytest.mark.parametrize("text", ["", "public", "PUBLIC ", "TOP SECRET"])
def test_what_is_no_label_is_refused(text):
    with pytest.raises(Malformed, match="not a label"):
        label(text)


@given(st.integers(1, 400))
def test_two_quorums_share_an_honest_member(members):
    """So that two forks cannot both be confirmed, and so that the honest members alone can confirm."""
    faults = faults_by_default(members)
    needed = quorum(members, faults)
    assert 2 * needed - members > faults or needed == members
    assert needed <= members - faults
    assert faults == (members - 1) // 3


def test_quorums_as_the_table_has_them():
    assert [quorum(count, faults_by_default(count)) for count in (1, 2, 3, 4, 7, 10, 197)] == [1, 2, 2, 3, 5, 7, 132]
    assert quorum(3, 3) == 3


def test_a_stranger_has_no_role():
    assert Facts().role("a" * 52) is None
