"""What the commands on texts share: files in and out, what is said beside the work, and how work is seen to go on.

Standard output has the answer and nothing else.  Standard error has what was noticed, why something is refused, and,
at a terminal, what is being worked on.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import typer

from detente.documents import guesses, intake
from detente.documents.docx_reading import Finding, Side
from detente.documents.intake import Intake
from detente.documents.matter import Meta
from detente.ground.errors import DetenteError, Malformed
from detente.ground.instants import Instant
from detente.hostkit.files import write_private
from detente.procedures.table.parse import parse
from detente.procedures.table.tree import Document
from detente.transport import clock
from detente.wire import text as safety

UNREADABLE: Final = 2
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?Z?")


@dataclass(frozen=True, slots=True)
class Source:
    """A file as a text and as its tree."""

    path: Path
    raw: bytes
    intake: Intake
    document: Document

    @property
    def sha256(self) -> str:
        """Of the file's own bytes."""
        return hashlib.sha256(self.raw).hexdigest()

    def named(self) -> dict[str, Any]:
        """The file for a program: its name, its hash, what was noticed."""
        noticed = [{"kind": each.kind, "sentence": each.sentence} for each in self.intake.findings]
        return {"file": self.path.name, "sha256": self.sha256, "findings": noticed}


def refuse(sentence: str) -> NoReturn:
    """Ends the command with a sentence on standard error."""
    sys.stderr.write(safety.visible(sentence) + "\n")
    raise typer.Exit(UNREADABLE)


def read(path: Path, side: Side = Side.ACCEPTED) -> Source:
    """The file as a text; ends the command where it cannot be read."""
    with at_work(f"reading {path.name}"):
        raw = content(path)
        try:
            found = intake.taken(raw, path.suffix, side)
            return Source(path, raw, found, parse(found.text).document)
        except DetenteError as error:
            refuse(f"{path}: {error.sentence}")


def content(path: Path) -> bytes:
    """The file's bytes, at most one more than any file may have, so that a huge one costs no memory."""
    try:
        with path.open("rb") as stream:
            return stream.read(intake.LARGEST + 1)
    except OSError as error:
        refuse(f"{path} cannot be read: {error.strerror or error}.")


def notice(path: Path, findings: tuple[Finding, ...]) -> None:
    """What was noticed in reading a file, on standard error."""
    for each in findings:
        sys.stderr.write(safety.visible(f"{path.name}: {each.sentence}") + "\n")


def write(out: Path, made: bytes, inputs: tuple[Path, ...]) -> None:
    """Writes a file whole or not at all, readable by its owner; never over one of the inputs."""
    if any(out.resolve() == each.resolve() for each in inputs):
        refuse(f"{out} is what is read; name another file to be written.")
    try:
        write_private(out, made, replace=True)
    except OSError as error:
        refuse(f"{out} cannot be written: {error.strerror or error}.")


@contextmanager
def at_work(what: str) -> Iterator[None]:
    """Shows at a terminal that something is being worked on, and what."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks
    from rich.markup import escape  # noqa: PLC0415

    with Console(stderr=True).status(escape(safety.visible(what))):
        yield


# --- what a document says of itself -------------------------------------------------------------


def meta(source: Source, title: str | None, language: str | None, at: str | None) -> Meta:
    """Title, language and date of a document, as they were asked for or as the text has them."""
    try:
        language = language or source.intake.language or guesses.language_of(source.intake.text)
        return Meta(title or source.intake.title or title_of(source), language, instant(at))
    except Malformed as error:
        refuse(error.sentence)


def title_of(source: Source) -> str:
    """The first heading as it is printed, or the file's name without its ending."""
    return guesses.title_of(source.document, source.path.stem, markdown=source.intake.markdown)


def instant(at: str | None) -> Instant:
    """That moment of UTC, or now."""
    if at is None:
        return clock.now()
    if not _MOMENT.fullmatch(at):
        refuse("A moment is named as in 2026-01-31 or 2026-01-31T09:00Z, in UTC.")
    try:
        moment = datetime.fromisoformat(at.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        refuse("There is no such moment.")
    return Instant(int(moment.timestamp()) * 1000)
