"""Lists of amendments as files: what they quote, what they put in its place, who tables them.

    JSON     one object on each line, or one array:  {"amendment": "12", "location": "Article 6 – paragraph 1",
             "authors": ["..."], "text": {"old": "...", "new": "..."}}; what else an object holds is not read
    plain    as parliaments write them, with or without the tags of their templates:

                 Amendment 12                                          <Amend>Amendment <NumAm>12</NumAm>
                 Names, with commas                                    <Members>Names, with commas</Members>
                 Article 6 – paragraph 1                               <Article>Article 6 – paragraph 1</Article>
                 Text proposed by the Commission       Amendment       | ... | ... |
                 left column                           right column    | ... | ... |
                 Or. en

             The two columns are told by strokes, or by the place where the head of the right one stands.

An amendment that cannot be read is told with its number and its line; it does not hide the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from detente.ground.errors import Malformed
from detente.procedures.table import amendments_place
from detente.procedures.table.amendments_place import Location
from detente.wire import text as safety

LARGEST = 32 * 2**20  # bytes of a list: ten times all that one committee tabled to one act in 2013
MOST = 20_000  # amendments
LONGEST = 60_000  # characters that one quotes or puts in place
MOST_AUTHORS = 200

_IS_JSON = re.compile(r"\s*(?:\{|\[\s*\{)")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z-]{0,40}>(?:\{[^{}\n]{0,40}\})?")
_HEAD = re.compile(r"[ \t]*Amendment[ \t]+(\d{1,6}[a-z]?)[ \t]*")
_COLUMNS = re.compile(
    r"[| \t]*(Text proposed by [^|]{2,60}?|Present text|Draft \S[^|]{0,60}?)[ \t]*(?:\||[ ]{3,})[ \t]*(Amendment)\b.*"
)
_ORIGIN = re.compile(r"[ \t]*Or\.[ \t]+([a-z]{2,3})[ \t]*")
_ON_BEHALF = re.compile(r"[ \t]*on behalf of (.{2,200})", re.IGNORECASE)
_TITLE = re.compile(r"[ \t]*(?:Proposal for|Draft|Motion for|Present act)\b", re.IGNORECASE)
_GONE = (  # "deleted" as the columns of the Union's lists say it
    r"deleted?|entfällt|supprimé|suprimido|soppresso|eliminado|skreślon[yae]|törölve|geschrapt|utgår|udgår|poistetaan"
    r"|διαγράφεται|črtano|zrušený|imħassar|scrios"
)
_DELETED = re.compile(rf"(?:[A-Z][\w –—-]{{0,80}}[ ])?(?:{_GONE})\.?", re.IGNORECASE)


@dataclass(frozen=True)
class Amendment:
    """One amendment; `old` is empty where it quotes nothing, `new` where it deletes."""

    number: str
    location: Location
    authors: tuple[str, ...]
    old: str
    new: str
    language: str  # in which it was tabled; empty where the list does not say
    line: int


@dataclass(frozen=True)
class Unread:
    """An amendment that could not be read, and why."""

    number: str
    line: int
    sentence: str


@dataclass(frozen=True)
class AmendmentList:
    """What a file holds, in its order."""

    amendments: tuple[Amendment, ...]
    unread: tuple[Unread, ...]


class _Words(msgspec.Struct, frozen=True):
    old: str
    new: str


class _Row(msgspec.Struct, frozen=True):
    """An amendment as a file has it; what else the file says of it is not read."""

    amendment: str | int
    location: str
    text: _Words
    authors: list[str] = []
    language: str = ""


def read(raw: bytes) -> AmendmentList:
    """The list in these bytes; `Malformed` where it is no list, or where it is too large."""
    if len(raw) > LARGEST:
        raise Malformed(f"A list of amendments has at most {LARGEST:,} bytes.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Malformed(f"The list is not UTF-8: line {line}, byte offset {error.start}.") from None
    each = _json(text) if _IS_JSON.match(text) else _plain(text.splitlines())
    found = list(_bounded(each))
    if not found:
        raise Malformed("There is no amendment in this file.")
    read_well = tuple(one for one in found if isinstance(one, Amendment))
    return AmendmentList(read_well, tuple(one for one in found if isinstance(one, Unread)))


def _bounded(found: Iterator[Amendment | Unread]) -> Iterator[Amendment | Unread]:
    for count, each in enumerate(found, 1):
        if count > MOST:
            raise Malformed(f"The list has more than {MOST:,} amendments; divide it.")
        yield each


def _made(raw: _Row, line: int) -> Amendment | Unread:
    """The amendment, or what is wrong with it."""
    number, location, authors = str(raw.amendment), raw.location, raw.authors
    place = amendments_place.read(location)
    if place is None:
        shown = safety.visible(location[:80])
        return Unread(number, line, f"Amendment {number} stands at “{shown}”, which is no location.")
    old, new = " ".join(raw.text.old.split()), " ".join(raw.text.new.split())
    if max(len(old), len(new)) > LONGEST or len(authors) > MOST_AUTHORS:
        return Unread(
            number, line, f"Amendment {number} is longer than {LONGEST:,} characters, or has too many authors."
        )
    try:
        safety.check_text(old + new)
    except Malformed as error:
        return Unread(number, line, f"Amendment {number}: {error.sentence}")
    if _DELETED.fullmatch(new):
        new = ""
    if not new and not old and place.new:
        return Unread(number, line, f"Amendment {number} puts nothing at a new place.")
    names = tuple(dict.fromkeys(" ".join(name.split()) for name in authors if name.strip()))
    return Amendment(number, place, names, old, new, raw.language, line)


# --- JSON ---------------------------------------------------------------------------------------


def _json(text: str) -> Iterator[Amendment | Unread]:
    if text.lstrip().startswith("["):
        try:
            rows = [(1, row) for row in msgspec.json.decode(text, type=list[_Row])]
        except (msgspec.DecodeError, RecursionError) as error:
            raise Malformed(f"The list of amendments cannot be read: {error}.") from None
    else:
        rows = list(_json_lines(text))
    for line, row in rows:
        yield _made(row, line)


def _json_lines(text: str) -> Iterator[tuple[int, _Row]]:
    decoder = msgspec.json.Decoder(_Row)
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Malformed(f"Line {number} of the list cannot be read: {error}.") from None


# --- plain text ---------------------------------------------------------------------------------


def _plain(lines: list[str]) -> Iterator[Amendment | Unread]:
    bare = [_TAG.sub("", line) for line in lines]
    heads = [at for at, line in enumerate(bare) if _HEAD.fullmatch(line)]
    for first, end in pairwise([*heads, len(bare)]):
        yield _block(bare[first:end], first + 1)


def _block(lines: list[str], line: int) -> Amendment | Unread:
    head = _HEAD.fullmatch(lines[0])
    number = head[1] if head else ""
    at = next((place for place, each in enumerate(lines) if _COLUMNS.match(each)), None)
    if at is None:
        return Unread(number, line, f"Amendment {number} has no two columns.")
    before = [each.strip() for each in lines[1:at] if each.strip(" \t|")]
    location = before[-1] if before else ""
    authors = [name for each in before[:-1] if not _TITLE.match(each) for name in _authors(each)]
    end = next((place for place, each in enumerate(lines) if place > at and _ORIGIN.fullmatch(each)), len(lines))
    origin = _ORIGIN.fullmatch(lines[end]) if end < len(lines) else None
    old, new = _two_columns(lines[at], lines[at + 1 : end])
    return _made(_Row(number, location, _Words(old, new), authors, origin[1] if origin else ""), line)


def _authors(line: str) -> list[str]:
    behalf = _ON_BEHALF.fullmatch(line)
    return [behalf[1]] if behalf else line.split(",")


def _two_columns(head: str, lines: list[str]) -> tuple[str, str]:
    """What stands in the left column, and what in the right one."""
    rows = [line for line in lines if line.strip()]
    if "|" in head:
        cells = [line.strip().strip("|").split("|", 1) for line in rows if line.count("|") > 1]
        pairs = [(cell[0], cell[1] if len(cell) > 1 else "") for cell in cells]
    else:
        gutter = head.rindex("Amendment")
        pairs = [(line[:gutter], line[gutter:]) for line in rows]
    return " ".join(left for left, _ in pairs), " ".join(right for _, right in pairs)
