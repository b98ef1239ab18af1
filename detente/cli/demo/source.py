"""The text that is to be negotiated: read whole, and judged, before anything is started or cleared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detente.ground.errors import Malformed
from detente.procedures.table import inspect
from detente.procedures.table.parse import LARGEST_TEXT

LONGEST_TITLE: Final = 200  # characters
DEEPEST: Final = 200  # brackets in brackets; the deepest real text that we know has 10
_HEADING = re.compile(r"^\ufeff?#{1,6}[ \t]+(.+?)[ \t#]*\r?$", re.MULTILINE)
_MARKUP = re.compile(r"\[\^\w+\]|[*_`\[\]]")


@dataclass(frozen=True)
class Source:
    """A text as it came, what it calls itself, and how many decisions it asks for."""

    title: str
    text: str
    slots: int


def read(path: Path) -> Source:
    """The text in a file; `Malformed` with a sentence where nobody could negotiate it."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_TEXT + 1)
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror or error}.") from None
    try:
        text = inspect.read(raw)
        found = inspect.inspect(raw)
    except Malformed as error:
        raise Malformed(f"{path}: {error.sentence}") from None
    if not text.strip("\ufeff \t\r\n"):
        raise Malformed(f"{path} is empty: there is nothing to negotiate.")
    if not found.slots:
        raise Malformed(f"{path} has no brackets: there is nothing to decide in it.")
    if found.max_depth > DEEPEST:
        raise Malformed(
            f"{path} has brackets {found.max_depth:,} deep; nobody can negotiate more than {DEEPEST} in each other."
        )
    return Source(title_of(text) or _named(path), text, found.slots)


def title_of(text: str) -> str:
    """The words of the first heading, without its markup; empty where there is none."""
    heading = _HEADING.search(text)
    return " ".join(_MARKUP.sub("", heading[1]).split())[:LONGEST_TITLE].strip() if heading else ""


def _named(path: Path) -> str:
    words = path.stem.replace("_", " ").replace("-", " ").strip()[:LONGEST_TITLE]
    return words[:1].upper() + words[1:] or "Draft"
