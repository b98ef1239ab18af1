"""What a document is made of, whatever its format: the text in one of its readings, and what stands beside it.

A writer takes a `Matter` and a `Meta` and gives bytes.  It reads no clock and no file, and what it writes names
no machine and no user: the same matter and the same meta make the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from detente.ground.errors import Malformed
from detente.ground.instants import Instant
from detente.procedures.table.sheet import Sheet
from detente.procedures.table.tree import Document, NodeId
from detente.wire import text as safety

_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "syr", "ug", "ur", "yi"})
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"adlm", "arab", "aran", "hebr", "nkoo", "rohg", "syrc", "thaa"})


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody says of a clause, a position for instance: shown beside the text, never in it."""

    clause: NodeId
    author: str  # a party's code or name
    text: str
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """A text, the reading of it that is written down, and the remarks on it.

    `reading` says in words which reading it is ("text as negotiated", "as BEL would have it"); `sheet` is that reading.
    """

    document: Document
    sheet: Sheet
    reading: str = "text as negotiated"
    remarks: tuple[Remark, ...] = ()
    markdown: bool = True  # whether # and * in the words are Markdown's marks


@dataclass(frozen=True, slots=True)
class Meta:
    """What a document says of itself.  `at` is the instant that it bears; None: it bears none.

    `marks` are lines that it bears under its title, the first of them at the head of every page: how sensitive it
    is, of which state of a text it was made, and the hashes of that.  Spreadsheets have no place for them.
    """

    title: str
    language: str  # BCP 47
    at: Instant | None = None
    marks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """`Malformed` where the title is not one visible line."""
        safety.check_name(self.title, safety.LONGEST_TITLE, "A title")
        if not self.language:
            raise Malformed("A document names its language, as in “en” or “ar”.")

    @property
    def right_to_left(self) -> bool:
        """Whether the language, or the script that its tag names, is written from right to left."""
        first, *rest = self.language.lower().split("-")
        scripts = [part for part in rest if len(part) == 4 and part.isalpha()]
        return scripts[0] in _RIGHT_TO_LEFT_SCRIPTS if scripts else first in _RIGHT_TO_LEFT
