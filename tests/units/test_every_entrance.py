"""Every entrance for hostile bytes: true bytes are read, false ones refused in the documented ways, and no other.

The same targets are hunted for minutes each by `dev.py soak` (tests/fuzz); here hypothesis changes true bytes a
little, in every check.
"""

import pytest
from fuzz.target import Target
from fuzz.targets import CONTROL, EVERY, TARGETS, WOUNDS
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.ground.errors import DetenteError, Malformed, NotAuthentic

NAMES = sorted(TARGETS)
BORDERS = (0, 1, 0x3F, 0x40, 0x7F, 0x80, 0xBF, 0xC0, 0xFE, 0xFF)


@st.composite
def changed(draw, seeds):
    """True bytes with one to three places cut out, doubled, overwritten or put in; or any bytes at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=120))
    raw = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.sampled_from((0, 1, 1, 2, 4, 32))))
        new = draw(st.one_of(st.sampled_from(BORDERS).map(lambda byte: bytes([byte])), st.binary(max_size=8)))
        raw = raw[:start] + draw(st.sampled_from((new, raw[start:end] * 2, b""))) + raw[end:]
    return raw


@pytest.mark.parametrize("name", NAMES)
def test_true_bytes_are_read_or_refused_for_what_only_their_author_could_know(name):
    """A commit that was signed again lacks its confirmation tag: it is refused at the last step and no earlier."""
    said = [sentence for raw in TARGETS[name].seeds if (sentence := refusal(name, raw))]
    assert TARGETS[name].seeds
    assert all(name == "insider" and "confirmation tag" in sentence for sentence in said)


def refusal(name, raw):
    """Why a target refuses these bytes, if it does."""
    try:
        TARGETS[name].read(raw)
    except DetenteError as error:
        return error.sentence
    return None


@pytest.mark.parametrize("name", NAMES)
def test_false_bytes_are_read_or_refused_and_nothing_else(name):
    target = TARGETS[name]
    asked = []

    @settings(max_examples=50)
    @given(raw=changed(target.seeds))
    def hostile(raw):
        asked.append(target.takes(raw))

    hostile()
    assert len(asked) >= 50


@pytest.mark.parametrize(("name", "wound"), [(name, wound) for name in WOUNDS for wound in WOUNDS[name]])
def test_what_a_hunt_once_found_is_refused(name, wound):
    assert TARGETS[name].takes(bytes.fromhex(wound)) is False


def test_control_a_fault_is_not_taken_for_a_refusal():
    with pytest.raises(IndexError):
        EVERY[CONTROL].takes(b"MLS\x01")
    with pytest.raises(NotAuthentic):
        Target(_false, [], (Malformed,)).takes(b"")
    assert Target(_false, [], (NotAuthentic,)).takes(b"") is False


def _false(_raw):
    raise NotAuthentic("A refusal that this target does not document.")
