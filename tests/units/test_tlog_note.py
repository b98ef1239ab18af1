import base64

import pytest
from damage import damaged, one_byte_changes
from hypothesis import given
from hypothesis import strategies as st

from detente.crypto.signing import ed25519_public, mldsa44_public
from detente.ground.errors import Malformed, NotAuthentic
from detente.tlog.note import (
    MOST_SIGNATURES,
    KeyKind,
    Note,
    Signature,
    VerifierKey,
    from_base64,
    open_note,
    sign_note,
    verify_note,
)

SEED, OTHER = bytes(range(32)), bytes(range(1, 33))
NAME = "relay.example/l/abc"
KEY = VerifierKey(NAME, KeyKind.ED25519, ed25519_public(SEED))
OTHER_KEY = VerifierKey("other.example", KeyKind.ED25519, ed25519_public(OTHER))
TEXT = "Die Straße ist offen.\n\nLa route est ouverte.\n"
NOTE = Note(TEXT, (sign_note(TEXT, NAME, SEED),))
NAMES = st.text(min_size=1, max_size=8).filter(
    lambda name: "+" not in name and not any(letter.isspace() or letter < " " for letter in name)
)
LINES = st.builds(Signature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=70))
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=40).map(
    lambda text: text + "\n"
)


@given(text=TEXTS, lines=st.lists(LINES, min_size=1, max_size=4, unique_by=lambda one: (one.name, one.key_id)))
def test_a_note_comes_back_as_it_was_written(text, lines):
    note = Note(text, tuple(lines))
    assert Note.parse(note.encode()) == Note.parse(note.encode().encode()) == note
    for line in lines:
        assert Signature.parse(line.encode()) == line


@given(st.one_of(damaged(NOTE.encode()), st.text(max_size=30)))
def test_whatever_is_read_as_a_note_was_written_in_its_one_way(text):
    try:
        note = Note.parse(text)
    except Malformed:
        return
    assert note.encode() == text


@given(st.one_of(st.binary(max_size=60), damaged(NOTE.encode()).map(lambda text: text.encode()[1:])))
def test_any_bytes_are_a_note_or_malformed(raw):
    try:
        note = Note.parse(raw)
    except Malformed:
        return
    assert note.encode().encode() == raw


@given(st.one_of(damaged(KEY.vkey), st.text(max_size=60)))
def test_whatever_is_read_as_a_key_was_written_in_its_one_way(text):
    try:
        key = VerifierKey.parse(text)
    except Malformed:
        return
    assert key.vkey == text


def test_a_changed_byte_of_a_note_with_one_signature_never_opens():
    raw = NOTE.encode().encode()
    assert open_note(raw, [KEY]).verified == (KEY,)
    for changed in one_byte_changes(raw, flips=(0x01, 0x04, 0x10, 0x20, 0x80)):
        with pytest.raises((Malformed, NotAuthentic)):
            open_note(changed, [KEY])


def test_a_signature_by_a_stranger_is_reported_and_can_be_refused():
    note = NOTE.adding(sign_note(TEXT, "stranger.example", OTHER))
    opened = open_note(note.encode(), [KEY])
    assert opened.verified == (KEY,)
    assert [line.name for line in opened.unknown] == ["stranger.example"]
    assert note.unknown([KEY]) == opened.unknown
    assert NOTE.unknown([KEY]) == ()


def test_one_false_signature_of_a_known_key_spoils_the_note():
    false = Signature(OTHER_KEY.name, OTHER_KEY.key_id, bytes(64))
    note = NOTE.adding(false).encode()
    assert open_note(note, [KEY]).unknown == (false,)  # the control: unknown, it is only reported
    with pytest.raises(NotAuthentic):
        open_note(note, [KEY, OTHER_KEY])


def test_a_note_that_nobody_known_signed_is_not_authentic():
    for keys in ([], [OTHER_KEY], [VerifierKey(NAME, KeyKind.ED25519, OTHER_KEY.public)]):
        with pytest.raises(NotAuthentic):
            open_note(NOTE.encode(), keys)
    with pytest.raises(NotAuthentic):
        verify_note(NOTE, OTHER_KEY)


def test_a_key_of_another_kind_does_not_sign_texts():
    cosigner = VerifierKey(NAME, KeyKind.COSIGNATURE_ED25519, KEY.public)
    line = Signature(NAME, cosigner.key_id, NOTE.signatures[0].signature)
    with pytest.raises(Malformed):
        verify_note(Note(TEXT, (line,)), cosigner)


def test_known_keys_that_cannot_be_told_apart_are_malformed():
    with pytest.raises(Malformed):
        open_note(NOTE.encode(), [KEY, KEY])


def test_a_note_is_not_signed_twice_with_one_key_nor_by_too_many():
    with pytest.raises(Malformed, match="twice"):
        Note.parse(NOTE.encode() + NOTE.signatures[0].encode())
    lines = tuple(Signature("many.example", number.to_bytes(4, "big"), b"x") for number in range(MOST_SIGNATURES + 1))
    assert Note.parse(Note(TEXT, lines[1:]).encode()).signatures == lines[1:]
    with pytest.raises(Malformed, match="most"):
        Note.parse(TEXT + "\n" + "".join(line.encode() for line in lines))
    with pytest.raises(Malformed):
        Note(TEXT, ())


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2028b", "a\nb", "a\0b", "a\ud800b"])
def test_names_that_a_key_cannot_have(name):
    for make in (lambda: VerifierKey(name, KeyKind.ED25519, bytes(32)), lambda: Signature(name, bytes(4), b"x")):
        with pytest.raises(Malformed):
            make()


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "bell\a\n", "carriage\r\n", "\ud800\n"])
def test_texts_that_a_note_cannot_have(text):
    with pytest.raises(Malformed):
        Note(text, NOTE.signatures)
    with pytest.raises(Malformed):
        sign_note(text, NAME, SEED)


def test_a_note_in_another_encoding_is_malformed():
    with pytest.raises(Malformed, match="UTF-8"):
        Note.parse(b"\xff" + NOTE.encode().encode())
    with pytest.raises(Malformed):
        Note.parse("\ufeff" + NOTE.encode().replace("\n", "\r\n"))


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(33), bytes(1312)])
def test_a_key_has_the_length_of_its_kind(public):
    with pytest.raises(Malformed):
        VerifierKey(NAME, KeyKind.ED25519, public)


def test_keys_are_checked_when_they_are_registered():
    KEY.check()
    VerifierKey(NAME, KeyKind.COSIGNATURE_MLDSA44, mldsa44_public(SEED)).check()
    identity = VerifierKey(NAME, KeyKind.ED25519, b"\x01" + bytes(31))
    forged = Signature(NAME, identity.key_id, b"\x01" + bytes(63))
    verify_note(Note("I owe you everything.\n", (forged,)), identity)  # the control: unchecked, the forgery holds
    with pytest.raises(Malformed, match="identity"):
        identity.check()


@given(st.binary(max_size=20))
def test_base64_has_one_spelling(raw):
    text = base64.b64encode(raw).decode()
    assert from_base64(text) == from_base64(text, len(raw)) == raw
    for wrong in (text + "\n", " " + text, text.rstrip("=") + "A===", text + "=", "é" + text):
        with pytest.raises(Malformed):
            from_base64(wrong)
    with pytest.raises(Malformed):
        from_base64(text, len(raw) + 1)


@pytest.mark.parametrize("text", ["AB==", "AAB=", "AA", "A", "_-_-", "====", "AA==AAAA"])
def test_base64_that_others_would_read(text):
    with pytest.raises(Malformed):
        from_base64(text)


@pytest.mark.parametrize(
    "line", ["", "\n", "- a AAAAAAA=\n", "— a AAAAAAA=", "— a\n", "— a AAAA\n", "— a AAAAAA==\n", "— a  AAAAAAA=\n"]
)
def test_lines_that_are_no_signatures(line):
    assert Signature.parse("— a AAAAAAA=\n").signature == b"\0"
    with pytest.raises(Malformed):
        Signature.parse(line)


@pytest.mark.parametrize("kind", [0x00, 0x02, 0x05, 0xFF])
def test_kinds_of_keys_that_are_not_understood(kind):
    with pytest.raises(Malformed, match="not understood"):
        VerifierKey(NAME, kind, bytes(32))
