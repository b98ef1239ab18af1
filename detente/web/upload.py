"""Forms that bring a file: multipart/form-data (RFC 7578), read whole and in memory.

Starlette would write what is longer than a megabyte to the disk, outside of the sealed store; so the parser that it
uses is driven here.  Everything is bounded: the body before it comes here (`api.guard.read_body`), then the parts, the
lines of their heads, and whatever is no file.  A body that is cut short, that names nothing, or that brings one name
twice as a file is refused whole.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from detente.ground.errors import Malformed

MEDIA: Final = "multipart/form-data"
MOST_PARTS: Final = 40
LONGEST_FIELD: Final = 64 * 1024  # bytes of a part that is no file
_LONGEST_BOUNDARY: Final = 70  # RFC 2046, section 5.1.1
_MOST_HEADS: Final = 8
_LONGEST_HEAD: Final = 4 * 1024  # bytes of a line

# The parser warns of every body that it refuses, with bytes of it: a stranger would write in the house's log.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())
logging.getLogger("python_multipart").propagate = False


@dataclass(frozen=True)
class Upload:
    """A file as a browser sends it; its name is a stranger's word."""

    name: str
    raw: bytes


@dataclass
class _Part:
    """A part as it comes in."""

    heads: dict[str, bytes] = field(default_factory=dict)
    head: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    name: str = ""
    file: str | None = None
    data: bytearray = field(default_factory=bytearray)


class _Parts:
    """What the parser tells."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.files: dict[str, Upload] = {}
        self.ended = False
        self._part = _Part()
        self._count = 0

    def begin(self) -> None:
        self._count += 1
        if self._count > MOST_PARTS:
            raise Malformed(f"A form has at most {MOST_PARTS} parts.")
        self._part = _Part()

    def head(self, raw: bytes, start: int, end: int) -> None:
        self._part.head += raw[start:end]

    def value(self, raw: bytes, start: int, end: int) -> None:
        self._part.value += raw[start:end]

    def head_ended(self) -> None:
        part = self._part
        name = bytes(part.head).decode("ascii", "replace").strip().lower()
        if name in part.heads:
            raise Malformed("The form cannot be read: a part says one thing about itself twice.")
        part.heads[name] = bytes(part.value)
        part.head, part.value = bytearray(), bytearray()

    def heads_ended(self) -> None:
        part = self._part
        kind, options = parse_options_header(part.heads.get("content-disposition", b"").decode("latin-1"))
        if kind != b"form-data" or not options.get(b"name") or "content-transfer-encoding" in part.heads:
            raise Malformed("The form cannot be read: it has a part that is no field of a form.")
        try:
            part.name = options[b"name"].decode("utf-8")
            part.file = options[b"filename"].decode("utf-8") if b"filename" in options else None
        except UnicodeDecodeError:
            raise Malformed("The form cannot be read: a name in it is not UTF-8.") from None
        if part.file is not None and part.name in self.files:
            raise Malformed("The form brings two files where one is asked for.")

    def data(self, raw: bytes, start: int, end: int) -> None:
        part = self._part
        if part.file is None and len(part.data) + end - start > LONGEST_FIELD:
            raise Malformed(f"A field of this form has at most {LONGEST_FIELD:,} bytes.")
        part.data += raw[start:end]

    def part_ended(self) -> None:
        part = self._part
        if part.file is not None:
            self.files[part.name] = Upload(part.file, bytes(part.data))
            return
        try:
            self.pairs.append((part.name, part.data.decode("utf-8")))
        except UnicodeDecodeError:
            raise Malformed("The form cannot be read: a field of it is not UTF-8.") from None

    def end(self) -> None:
        self.ended = True


def read(raw: bytes, content_type: str) -> tuple[list[tuple[str, str]], dict[str, Upload]]:
    """(fields, files) of a body; `Malformed` where it is not whole, or more than a form of ours has."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= _LONGEST_BOUNDARY:
        raise Malformed("The form does not say where its parts end.")
    parts = _Parts()
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": parts.begin,
            "on_header_field": parts.head,
            "on_header_value": parts.value,
            "on_header_end": parts.head_ended,
            "on_headers_finished": parts.heads_ended,
            "on_part_data": parts.data,
            "on_part_end": parts.part_ended,
            "on_end": parts.end,
        },
        max_header_count=_MOST_HEADS,
        max_header_size=_LONGEST_HEAD,
    )
    try:
        parser.write(raw)
        parser.finalize()
    except FormParserError:
        raise Malformed("The form cannot be read.") from None
    if not parts.ended:
        raise Malformed("The form was cut short.")
    return parts.pairs, parts.files
