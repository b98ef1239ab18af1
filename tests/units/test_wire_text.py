"""Which code points a name or a text may hold, and which are pointed out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.ground.errors import Malformed
from detente.wire import text

INVISIBLE = ["\u200b", "\u202e", "\u2066", "\u00ad", "\ufeff", "\U000e0041", "\ufe0f", "\u3164", "\u00a0", "\x07", "\n"]


@pytest.mark.parametrize("hidden", INVISIBLE)
def test_a_name_holds_nothing_invisible(hidden):
    with pytest.raises(Malformed):
        text.check_name(f"Arv{hidden}enia")


@pytest.mark.parametrize("name", ["Arvenia", "Côte d'Azuria", "阿尔维尼亚", "أرفينيا", "ශ්\u200dරී ලංකාව", "नमस्\u200cते"])
def test_a_name_in_any_script_is_a_name(name):
    assert text.check_name(name) == name


def test_a_joiner_between_latin_letters_is_refused():
    with pytest.raises(Malformed):
        text.check_name("Arv\u200denia")


@pytest.mark.parametrize(
    "refused", ["\0", "\x1b", "\x85", "\u202d", "\u202e", "\U000e0020", "\ufffe", "\U0010ffff", "\ud800"]
)
def test_a_text_never_holds_what_no_text_needs(refused):
    with pytest.raises(Malformed, match="at character 3"):
        text.check_text(f"abc{refused}")


@given(st.text(max_size=80))
def test_flags_point_at_what_they_name(candidate):
    found = text.flags(candidate)
    assert len(found) == text.count_flags(candidate)
    for flag in found:
        assert ord(candidate[flag.offset]) == flag.code_point
        assert f"U+{flag.code_point:04X}" in str(flag)


def test_flags_are_bounded_but_counted():
    assert len(text.flags("\u200b" * 5000)) == text.MOST_FLAGS
    assert text.count_flags("\u200b" * 5000) == 5000


def test_names_that_read_alike_have_one_key():
    assert text.name_key("ARVENIA") == text.name_key("Arvenia") == text.name_key("Ａｒｖｅｎｉａ")
    assert text.name_key("caf\u00e9") == text.name_key("cafe\u0301")
    assert text.name_key("Arvenia") != text.name_key("Belmora")


def test_what_is_shown_steers_no_terminal():
    assert text.visible("plain") == "plain"
    assert text.visible("a\x1b[2Jb\u202ec\nd") == "a<U+001B>[2Jb<U+202E>c<U+000A>d"


@pytest.mark.parametrize(
    ("candidate", "found"),
    [
        ("Unit\u0435d Nations", [(4, "Cyrillic letter in a Latin word")]),
        ("\u0420\u043eccия", [(2, "Latin letter in a Cyrillic word"), (3, "Latin letter in a Cyrillic word")]),
        ("\u0391BGD", [(0, "Greek letter in a Latin word")]),
        ("Part\uff59", [(4, "full-width letter in a Latin word")]),
        ("United Nations", []),
        ("Россия и ελλάδα", []),
        ("côte d'Azur", []),
        ("الأطراف 缔约方", []),
        ("a\u0435", [(1, "Cyrillic letter in a Latin word")]),
        ("x\u4e2d", []),
    ],
)
def test_letters_of_another_script_within_a_word_are_pointed_out(candidate, found):
    assert [(flag.offset, flag.why) for flag in text.look_alikes(candidate)] == found


def test_look_alikes_are_bounded():
    assert len(text.look_alikes("p\u0430p \u0430bc " * text.MOST_FLAGS)) == text.MOST_FLAGS


@given(st.text(alphabet="ab\x00\u202e\ufffe\u200b", max_size=20))
def test_what_is_refused_is_found_where_it_stands(candidate):
    found = list(text.refused_at(candidate))
    assert found == [at for at, letter in enumerate(candidate) if letter in "\x00\u202e\ufffe"]
