"""What people read: which code points may stand in a name or in a text, and which are pointed out.

Two texts that look alike may differ, and one text may look like two (attack A25).  Nothing is ever
changed here: the code points that came are the ones that are hashed and signed.  Instead

    a name   (of a party, an office's title, an instrument's title) is refused with anything that a
             reader cannot see or that turns the order of what they see;
    a text   is refused with what no text needs (control codes, overrides of the writing direction,
             the invisible "tag" letters), and whatever else is invisible is *flagged*: it is shown
             before anybody seals, and in the verdict afterwards.

The tables are fixed ranges, not categories of a Unicode version, so that every house and every
verifier decides alike for ever (docs/specs/instrument.md, "Code points").  Normalisation (NFKC with
case folding) exists only as `name_key`, a derived key for noticing that two names read alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from detente.ground.errors import Malformed

_Range = tuple[int, int]

# Every non-character: the last two code points of each plane, and U+FDD0..U+FDEF.
_NON_CHARACTERS: tuple[_Range, ...] = (
    (0xFDD0, 0xFDEF),
    *((plane << 16 | 0xFFFE, plane << 16 | 0xFFFF) for plane in range(17)),
)

REFUSED_IN_TEXT: tuple[_Range, ...] = (
    (0x0000, 0x0008),  # control codes, but for tab, line feed, form feed and carriage return
    (0x000B, 0x000B),
    (0x000E, 0x001F),
    (0x007F, 0x009F),
    (0x202D, 0x202E),  # overrides of the writing direction
    (0xD800, 0xDFFF),  # surrogates are no characters
    (0xE0000, 0xE007F),  # tags: invisible letters
    *_NON_CHARACTERS,
)

FLAGGED_IN_TEXT: tuple[tuple[int, int, str], ...] = (
    (0x000C, 0x000C, "form feed"),
    (0x000D, 0x000D, "carriage return"),
    (0x00A0, 0x00A0, "no-break space"),
    (0x00AD, 0x00AD, "soft hyphen"),
    (0x034F, 0x034F, "invisible joiner"),
    (0x061C, 0x061C, "direction mark"),
    (0x115F, 0x1160, "invisible filler"),
    (0x1680, 0x1680, "unusual space"),
    (0x17B4, 0x17B5, "invisible vowel"),
    (0x180B, 0x180F, "invisible selector"),
    (0x2000, 0x200A, "unusual space"),
    (0x200B, 0x200B, "zero-width space"),
    (0x200C, 0x200D, "zero-width joiner"),
    (0x200E, 0x200F, "direction mark"),
    (0x2028, 0x2029, "unusual line break"),
    (0x202A, 0x202C, "direction embedding"),
    (0x202F, 0x202F, "unusual space"),
    (0x205F, 0x205F, "unusual space"),
    (0x2060, 0x2065, "invisible operator"),
    (0x2066, 0x2069, "direction isolate"),
    (0x206A, 0x206F, "invisible format code"),
    (0x3000, 0x3000, "unusual space"),
    (0x3164, 0x3164, "invisible filler"),
    (0xE000, 0xF8FF, "private-use letter"),
    (0xFE00, 0xFE0F, "invisible selector"),
    (0xFEFF, 0xFEFF, "zero-width no-break space"),
    (0xFFA0, 0xFFA0, "invisible filler"),
    (0xFFF0, 0xFFFD, "replacement or annotation code"),
    (0x1BCA0, 0x1BCA3, "invisible format code"),
    (0x1D173, 0x1D17A, "invisible format code"),
    (0xE0080, 0xE0FFF, "invisible selector"),
    (0xF0000, 0xFFFFD, "private-use letter"),
    (0x100000, 0x10FFFD, "private-use letter"),
)

# Letters of scripts that look alike.  A word takes its letters from one of them, unless somebody put in a double.
_ALIKE: tuple[tuple[str, tuple[_Range, ...]], ...] = (
    ("Latin", ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF))),
    ("Greek", ((0x370, 0x3FF), (0x1F00, 0x1FFF))),
    ("Cyrillic", ((0x400, 0x52F), (0x1C80, 0x1C8F), (0x2DE0, 0x2DFF), (0xA640, 0xA69F))),
    ("Armenian", ((0x531, 0x587),)),
    ("Cherokee", ((0x13A0, 0x13FF), (0xAB70, 0xABBF))),
    ("full-width", ((0xFF21, 0xFF3A), (0xFF41, 0xFF5A))),
    ("mathematical", ((0x1D400, 0x1D7FF),)),
)

# After a vowel killer a joiner is part of the spelling (as in the Sinhala name of Sri Lanka).
_VOWEL_KILLERS = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u0f84\u1039\u17d2"

LONGEST_NAME = 120
LONGEST_TITLE = 400
MOST_FLAGS = 1000


def _class_of(ranges: tuple[_Range, ...]) -> str:
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) + "]"


_flag_ranges = tuple((first, last) for first, last, _ in FLAGGED_IN_TEXT)
_refused_in_text = re.compile(_class_of(REFUSED_IN_TEXT))
_flagged_in_text = re.compile(_class_of(_flag_ranges))
_refused_in_name = re.compile(_class_of((*REFUSED_IN_TEXT, *_flag_ranges, (0x09, 0x0A))))
_word = re.compile(r"[^\W\d_]{2,}")
_plain_word = re.compile(_class_of(_ALIKE[0][1]) + "+")
_spelled_joiner = re.compile(f"(?<=[{_VOWEL_KILLERS}])[\u200c\u200d]")


@dataclass(frozen=True)
class Flag:
    """A code point that a reader does not see as what it is."""

    offset: int  # in code points from the start of the text
    code_point: int
    why: str

    def __str__(self) -> str:
        return f"U+{self.code_point:04X} ({self.why}) at {self.offset}"


def check_name(name: str, longest: int = LONGEST_NAME, what: str = "A name") -> str:
    """`name` itself, or `Malformed`: one line, visible letters, single spaces between words only."""
    if not 1 <= len(name) <= longest:
        raise Malformed(f"{what} has between 1 and {longest} characters.")
    found = _refused_in_name.search(_spelled_joiner.sub("", name))
    if found:
        raise Malformed(f"{what} may not contain U+{ord(found.group()):04X}, which a reader cannot see for what it is.")
    if name != name.strip(" ") or "  " in name:
        raise Malformed(f"{what} has single spaces, and only between words.")
    return name


def check_text(text: str) -> str:
    """`text` itself, or `Malformed` naming the first code point that no text may contain."""
    found = _refused_in_text.search(text)
    if found:
        raise Malformed(f"The text contains U+{ord(found.group()):04X} at character {found.start()}, which is refused.")
    return text


def flags(text: str) -> tuple[Flag, ...]:
    """The code points to point out before anybody seals, at most `MOST_FLAGS`, in order."""
    found: list[Flag] = []
    for match in _flagged_in_text.finditer(text):
        found.append(Flag(match.start(), ord(match.group()), _why(ord(match.group()))))
        if len(found) == MOST_FLAGS:
            break
    return tuple(found)


def count_flags(text: str) -> int:
    """How many code points would be flagged, without a bound."""
    return sum(1 for _ in _flagged_in_text.finditer(text))


def refused_at(text: str) -> Iterator[int]:
    """Where the code points stand that no text may contain, in order."""
    return (found.start() for found in _refused_in_text.finditer(text))


def look_alikes(text: str) -> tuple[Flag, ...]:
    """Letters that are of another script than most of their word, at most `MOST_FLAGS`, in order.

    A word that is wholly of another script is a proper word, and is not found.
    """
    found: list[Flag] = []
    for word in _word.finditer(text):
        if _plain_word.fullmatch(word[0]):
            continue
        scripts = [_script(ord(letter)) for letter in word[0]]
        counted = Counter(script for script in scripts if script)
        if len(counted) < 2:
            continue
        usual = counted.most_common(1)[0][0]
        for at, script in enumerate(scripts):
            if script not in {"", usual}:
                found.append(Flag(word.start() + at, ord(word[0][at]), f"{script} letter in a {usual} word"))
        if len(found) >= MOST_FLAGS:
            return tuple(found[:MOST_FLAGS])
    return tuple(found)


def name_key(name: str) -> str:
    """A derived key, never stored in place of the name: equal keys mean that a reader sees one name."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def visible(sentence: str) -> str:
    """`sentence` for a terminal or a page: whatever no name may contain is written as its number."""
    return _refused_in_name.sub(lambda match: f"<U+{ord(match.group()):04X}>", sentence)


def _script(code_point: int) -> str:
    return next((name for name, ranges in _ALIKE if any(lo <= code_point <= hi for lo, hi in ranges)), "")


def _why(code_point: int) -> str:
    return next(why for first, last, why in FLAGGED_IN_TEXT if first <= code_point <= last)
