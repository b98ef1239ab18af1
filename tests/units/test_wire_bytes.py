"""Bytes and values: what was written is read, and nothing that is written in another way."""

import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.ground.errors import Malformed
from detente.wire import canonical, tls

# --- TLS presentation ---------------------------------------------------------------------------


@given(st.integers(0, tls.MAX_VECTOR))
def test_a_length_comes_back_and_is_as_short_as_can_be(value):
    written = tls.length(value)
    assert tls.whole(written, tls.Reader.length) == value
    assert len(written) == (1 if value < 2**6 else 2 if value < 2**14 else 4)


@pytest.mark.parametrize("value", [0, 63, 64, 16383, 16384, tls.MAX_VECTOR])
def test_the_lengths_at_the_borders_come_back(value):
    assert tls.whole(tls.length(value), tls.Reader.length) == value


@pytest.mark.parametrize("raw", ["4000", "403f", "80000000", "80003fff", "c000000000000000", "ff", "40", "800000", ""])
def test_a_length_in_another_form_is_refused(raw):
    with pytest.raises(Malformed):
        tls.whole(bytes.fromhex(raw), tls.Reader.length)


@given(st.lists(st.binary(max_size=70), max_size=6))
def test_vectors_of_vectors_come_back(items):
    written = tls.vector(b"".join(map(tls.vector, items)))
    assert tls.whole(written, lambda reader: reader.items(tls.Reader.vector)) == tuple(items)


@given(st.lists(st.lists(st.binary(max_size=5), max_size=3), max_size=3), st.binary(max_size=9))
def test_lists_of_lists_come_back_and_leave_what_follows_them(lists, after):
    written = tls.vector(b"".join(tls.vector(b"".join(map(tls.vector, items))) for items in lists))
    reader = tls.Reader(written + after)
    found = reader.items(lambda outer: outer.items(tls.Reader.vector))
    assert found == tuple(map(tuple, lists))
    assert reader.rest() == after


@pytest.mark.parametrize("more", [b"", b"cdefgh"])
def test_nothing_in_a_list_reaches_beyond_its_end(more):
    for read in (tls.Reader.vector, lambda inner: inner.uint(2), lambda inner: inner.take(2), tls.Reader.length):
        with pytest.raises(Malformed):
            tls.Reader(b"\x03\x05\x01\x40" + more).items(read)
    inside = tls.vector(b"\x02ab\x05c")
    with pytest.raises(Malformed):
        tls.Reader(tls.vector(inside) + more).items(lambda outer: outer.items(tls.Reader.vector))
    with pytest.raises(Malformed):
        tls.Reader(b"\x09" + more).items(tls.Reader.vector)
    reader = tls.Reader(b"\x02ab" + more)
    assert reader.items(lambda inner: (inner.rest(), inner.empty)) == ((b"ab", True),)
    assert reader.rest() == more


def test_what_was_read_can_be_seen_again_with_and_without_a_copy():
    reader = tls.Reader(b"xabc")
    reader.take(1)
    start = reader.mark
    reader.take(2)
    assert reader.since(start) == bytes(reader.view(start)) == b"ab"


@given(st.binary(max_size=100), st.data())
def test_whatever_is_cut_short_is_refused(raw, data):
    written = tls.vector(raw)
    cut = data.draw(st.integers(0, len(written) - 1))
    with pytest.raises(Malformed):
        tls.whole(written[:cut], tls.Reader.vector)
    with pytest.raises(Malformed):
        tls.whole(written + b"\0", tls.Reader.vector)


def test_a_reader_gives_no_less_than_was_asked_for():
    reader = tls.Reader(b"ab")
    for refused in (3, 2**40):
        with pytest.raises(Malformed, match="too early"):
            reader.take(refused)
    assert reader.take(2) == b"ab"


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_integers_have_their_width_and_no_more(width):
    largest = 256**width - 1
    for value in (0, 1, largest):
        assert tls.whole(tls.uint(value, width), lambda reader: reader.uint(width)) == value
    for value in (-1, largest + 1):
        with pytest.raises(Malformed):
            tls.uint(value, width)


def test_a_vector_that_is_too_long_cannot_be_written():
    with pytest.raises(Malformed):
        tls.length(tls.MAX_VECTOR + 1)


@pytest.mark.parametrize("value", [None, b"", b"x"])
def test_an_optional_value_comes_back(value):
    written = tls.optional(None if value is None else tls.vector(value))
    assert tls.whole(written, lambda reader: reader.optional(tls.Reader.vector)) == value


def test_an_optional_value_is_there_or_not():
    with pytest.raises(Malformed):
        tls.whole(b"\2\0", lambda reader: reader.optional(tls.Reader.vector))


def test_the_rest_is_everything():
    reader = tls.Reader(b"abc")
    assert (reader.take(1), reader.empty, reader.rest(), reader.empty) == (b"a", False, b"bc", True)


# --- canonical JSON -----------------------------------------------------------------------------


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="sample"):
    """A shape with every kind of field that acts have."""

    zebra: str
    apple: int
    raw: bytes
    maybe: str | None
    inner: tuple[str, ...]


SAMPLE = Sample("é\n\u2028/<", -7, b"\xff\0", None, ("a", "b"))
SPELLED = '{"apple":-7,"inner":["a","b"],"kind":"sample","maybe":null,"raw":"/wA=","zebra":"é\\n\u2028/<"}'


def test_the_spelling_is_the_one_that_the_rules_give():
    assert canonical.encode(SAMPLE) == SPELLED.encode()
    assert canonical.decode(SPELLED.encode(), Sample) == SAMPLE
    assert canonical.digest(SAMPLE) == hashlib.sha256(SPELLED.encode()).digest()


def test_keys_are_in_the_order_of_their_code_points_and_not_of_utf16():
    assert canonical.encode({"\U0001f600": 1, "\uffee": 2, "a": 3}) == '{"a":3,"\uffee":2,"\U0001f600":1}'.encode()


@given(st.text(), st.integers(-canonical.SAFE_INTEGER, canonical.SAFE_INTEGER), st.binary(max_size=40))
def test_what_was_written_is_read(text, number, raw):
    sample = Sample(text.encode("utf-8", "replace").decode(), number, raw, None, ())
    written = canonical.encode(sample)
    assert canonical.decode(written, Sample) == sample
    assert json.loads(written)["apple"] == number


OTHERWISE = {
    "a space": SPELLED.replace(":-7", ": -7"),
    "a space behind": SPELLED + " ",
    "a mark before": "\ufeff" + SPELLED,
    "another order": SPELLED.replace('"apple":-7,', "").replace('"raw"', '"apple":-7,"raw"'),
    "a fraction": SPELLED.replace("-7", "-7.0"),
    "an exponent": SPELLED.replace("-7", "-7e0"),
    "minus nought": SPELLED.replace("-7", "-0"),
    "an escape that is not needed": SPELLED.replace("é", "\\u00e9"),
    "an escaped slash": SPELLED.replace("/<", "\\/<"),
    "a long escape": SPELLED.replace("\\n", "\\u000a"),
    "bytes without padding": SPELLED.replace("/wA=", "/wA"),
    "bytes with loose bits": SPELLED.replace("/wA=", "/wB="),
    "bytes for the web": SPELLED.replace("/wA=", "_wA="),
    "a field too many": SPELLED.replace('"apple"', '"a":1,"apple"'),
    "a field twice": SPELLED.replace('"apple":-7', '"apple":-7,"apple":-7'),
    "a field too few": SPELLED.replace('"maybe":null,', ""),
    "another kind": SPELLED.replace('"sample"', '"simple"'),
    "a string for a number": SPELLED.replace("-7", '"-7"'),
    "something behind": SPELLED + "{}",
    "nothing": "",
}


@pytest.mark.parametrize("how", OTHERWISE)
def test_another_spelling_is_refused(how):
    assert OTHERWISE[how] != SPELLED
    with pytest.raises(Malformed, match="Sample"):
        canonical.decode(OTHERWISE[how].encode(), Sample)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"zebra":"\xff"}',
        b"\xed\xa0\x80",
        b'"\\ud800"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":1.5,"b":[{},true]}',
    ],
)
def test_hostile_bytes_are_refused_with_a_sentence(raw):
    with pytest.raises(Malformed):
        canonical.decode(raw, dict)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw):
    try:
        value = canonical.decode(raw, dict)
    except Malformed:
        return
    assert canonical.encode(value) == raw


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64, 10**30])
def test_a_number_that_not_every_reader_reads_alike_is_refused(number):
    with pytest.raises(Malformed):
        canonical.decode(f'{{"n":{number}}}'.encode(), dict)


@pytest.mark.parametrize("number", ["1.5", "1e3", "0.1"])
def test_a_fraction_is_refused_wherever_it_stands(number):
    with pytest.raises(Malformed):
        canonical.decode(f'{{"n":{number}}}'.encode(), dict)
