"""Texts that are nearly right: where a strict reader must say no, or read exactly what was written."""

from hypothesis import strategies as st

LIKELY = "\n \t+=-—0189AZaz/é\0\r\u2028"


@st.composite
def damaged(draw, sound):
    """`sound` (a str) with one to three small pieces replaced, cut out, doubled or put in."""
    text = sound
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 3)))
        new = draw(st.one_of(st.text(alphabet=LIKELY, max_size=3), st.just(text[start:end] * 2)))
        text = text[:start] + new + text[end:]
    return text


def one_byte_changes(sound, flips=(0x01, 0x20, 0x80)):
    """Every way to change one byte of `sound` (bytes) by one of these flips."""
    for position in range(len(sound)):
        for flip in flips:
            yield sound[:position] + bytes([sound[position] ^ flip]) + sound[position + 1 :]
