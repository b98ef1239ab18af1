"""Rows as CSV (RFC 4180) that a spreadsheet program opens without doing anything.

A cell that begins with = + - @, also behind blanks or as a full-width sign, with a tab or with a line end, would be
taken for a formula: it gets an apostrophe before it, as spreadsheets themselves write it.  So CSV is for people; who
wants the words as they are takes JSON.  UTF-8 with a byte order mark, by which those programs know that it is UTF-8;
lines end with CR LF; a cell with a quote, a comma or a line end is quoted.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from detente.wire import text as safety

Cell: TypeAlias = "str | int | float"
_FORMULA: Final = re.compile(r"[\t\r\n]|[\s\u200b\ufeff'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]")
_REFUSED: Final = re.compile(
    "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in safety.REFUSED_IN_TEXT) + "]"
)
LONGEST_CELL: Final = 32_000  # characters; the common programs cut, or refuse, a cell of more than 32,767


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The head and the rows.  Numbers are written as they are; words never become a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(harmless(each) for each in head)
    writer.writerows([harmless(each) if isinstance(each, str) else each for each in row] for row in rows)
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def harmless(words: str) -> str:
    """Words that no spreadsheet runs, with what no text may hold written as its number."""
    shown = _REFUSED.sub(lambda found: f"<U+{ord(found[0]):04X}>", words)
    if len(shown) > LONGEST_CELL:
        shown = shown[:LONGEST_CELL] + f" … ({len(shown) - LONGEST_CELL:,} characters more)"
    return "'" + shown if _FORMULA.match(shown) else shown
