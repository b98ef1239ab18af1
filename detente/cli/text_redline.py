"""`detente text redline A [B] [-o OUT.docx]`: what changed from one text to another, or between two readings of one.

Two files are compared as foreign texts: by words, labels and neighbourhood.  Of one file two readings are compared:
as a party would have it, `base` and `clean`, or, of a Word document, `rejected` and `accepted`.  With -o the answer
is a Word document with tracked changes, or a page in HTML or PDF; without, it is printed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli import text_files
from detente.cli.text_files import Source
from detente.documents import docx_writer, page_frame, page_pdf, page_redline
from detente.documents.docx_ink import NOBODY, Style
from detente.documents.docx_reading import Side, tracked
from detente.documents.matter import Meta
from detente.documents.wording import reading
from detente.ground.errors import DetenteError, Malformed
from detente.procedures.table import align, readings, sheet
from detente.procedures.table.align import Comparison, Fate, Row
from detente.procedures.table.hunks import How
from detente.procedures.table.sheet import Sheet
from detente.wire import text as safety

_LONGEST_NAME = 40  # letters of who is named as author
_AROUND = 30  # letters shown before and behind a change
_SIDES = {side.value: side for side in Side}
_MARKS = {How.KEPT: "{}", How.DELETED: "[-{}-]", How.INSERTED: "{{+{}+}}"}
_SIGNS = {Fate.CHANGED: "~", Fate.DELETED: "-", Fate.INSERTED: "+", Fate.MOVED_FROM: "<", Fate.MOVED_TO: ">"}


@dataclass(frozen=True, slots=True)
class _Half:
    """One of the two texts: where it comes from, what is read of it, and what that is called."""

    source: Source
    sheet: Sheet
    named: str


def redline(
    a: Annotated[Path, typer.Argument(help="a text: .md, .txt, .docx or .xml")],
    b: Annotated[
        Path | None, typer.Argument(help="what became of it; without it two readings of A are compared")
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option("-o", "--out", help=".docx with tracked changes, .html or .pdf")] = None,
    as_a: Annotated[
        str | None, typer.Option(help="base, clean, a party's code; of .docx also rejected, accepted")
    ] = None,
    as_b: Annotated[str | None, typer.Option(help="the same for the second")] = None,
    by: Annotated[str, typer.Option(help="whose changes they are, where the text does not say")] = NOBODY,
    title: Annotated[str | None, typer.Option(help="by default the first heading")] = None,
    language: Annotated[str | None, typer.Option(help="as in en, fr, ar; by default what the script suggests")] = None,
    at: Annotated[str | None, typer.Option(help="the moment of the changes, in UTC; by default now")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,
) -> None:
    """Compare two texts, or two readings of one."""
    try:
        safety.check_name(by, _LONGEST_NAME, "Whose changes they are")
    except Malformed as error:
        text_files.refuse(error.sentence)
    halves = _two_files(a, b, as_a, as_b) if b is not None else _two_readings(a, as_a, as_b)
    said = text_files.meta(halves[1].source, title, language, at)
    with text_files.at_work("comparing"):
        compare = align.revisions if _foreign(*halves) else align.readings
        found = compare(halves[0].sheet, halves[1].sheet)
    written = _written(found, halves, said, out, by) if out is not None else None
    if as_json:
        sys.stdout.write(json.dumps(_values(found, halves, said, written), ensure_ascii=False) + "\n")
        return
    for source in {half.source.path: half.source for half in halves}.values():
        text_files.notice(source.path, source.intake.findings)
    sys.stdout.write("" if written else "".join(f"{safety.visible(line)}\n" for line in _screen(found)))
    sys.stdout.write(safety.visible(_summary(found, halves, said, written)) + "\n")


# --- what is compared ---------------------------------------------------------------------------


def _two_files(a: Path, b: Path, as_a: str | None, as_b: str | None) -> tuple[_Half, _Half]:
    return _half(a, as_a), _half(b, as_b)


def _two_readings(a: Path, as_a: str | None, as_b: str | None) -> tuple[_Half, _Half]:
    if as_a is None and as_b is None:
        first = text_files.read(a, Side.REJECTED)
        if first.intake.reading is None or not tracked(first.intake.reading):
            text_files.refuse("Name a second file, or two readings of this one with --as-a and --as-b.")
        as_a, as_b = Side.REJECTED.value, Side.ACCEPTED.value
    if as_a is None or as_b is None:
        text_files.refuse("Of one file two readings are compared: name both, with --as-a and --as-b.")
    one = _half(a, as_a)
    if as_b in _SIDES or as_a in _SIDES:
        return one, _half(a, as_b)
    return one, _read(one.source, as_b)


def _half(path: Path, name: str | None) -> _Half:
    side = _SIDES.get(name or "")
    source = text_files.read(path, side or Side.ACCEPTED)
    if side is not None and source.intake.reading is None:
        text_files.refuse(f"{path} is no Word document: it has no tracked changes to be {side.value}.")
    if name is None or side is not None:
        return _Half(source, sheet.as_negotiated(source.document), name or "")
    return _read(source, name)


def _read(source: Source, name: str) -> _Half:
    try:
        pick = readings.named(source.document, name)
    except Malformed as error:
        text_files.refuse(f"{source.path}: {error.sentence}")
    return _Half(source, sheet.as_decided(source.document, pick), name)


def _foreign(one: _Half, two: _Half) -> bool:
    """Whether the two are trees of their own, whose ids say nothing of each other."""
    return one.source is not two.source


def _called(half: _Half, said: Meta, *, alone: bool) -> str:
    """What a half is called on a page."""
    if not half.named:
        return half.source.path.name
    called = half.named if half.named in _SIDES else reading(said.language, half.named)
    return called if alone else f"{half.source.path.name}, {called}"


def _names(halves: tuple[_Half, _Half], said: Meta) -> tuple[str, str]:
    alone = halves[0].source.path == halves[1].source.path
    one, two = (_called(half, said, alone=alone) for half in halves)
    return one, two


# --- what is answered ---------------------------------------------------------------------------


def _written(found: Comparison, halves: tuple[_Half, _Half], said: Meta, out: Path, by: str) -> dict[str, Any]:
    one, two = halves
    markdown = (one.source.intake.markdown, two.source.intake.markdown)
    with text_files.at_work(f"writing {out.name}"):
        try:
            made = _made(found, said, _names(halves, said), Style(by=by, markdown=markdown), out.suffix.lower())
        except DetenteError as error:
            text_files.refuse(error.sentence)
        text_files.write(out, made, (one.source.path, two.source.path))
    return {"file": str(out), "bytes": len(made), "sha256": hashlib.sha256(made).hexdigest()}


def _made(found: Comparison, said: Meta, names: tuple[str, str], style: Style, suffix: str) -> bytes:
    """The comparison in the format that the file's ending names: .html, .pdf, otherwise Word."""
    if suffix not in {".html", ".pdf"}:
        return docx_writer.redline(found, said, names, style)
    page = page_redline.page(found, said, names, markdown=all(style.markdown))
    return page_frame.written(page) if suffix == ".html" else page_pdf.from_page(page, said)


def _values(
    found: Comparison, halves: tuple[_Half, _Half], said: Meta, written: dict[str, Any] | None
) -> dict[str, Any]:
    one, two = ({**half.source.named(), "reading": half.named or None} for half in halves)
    rows = [
        {
            "fate": row.fate.value,
            "a": row.a,
            "b": row.b,
            "label": _paragraph(found, row).label,
            "spans": [{"how": span.how.value, "text": span.text} for span in row.spans],
        }
        for row in found.rows
        if row.fate is not Fate.EQUAL
    ]
    return {"a": one, "b": two, "title": said.title, "counts": found.counts(), "rows": rows, "written": written}


def _paragraph(found: Comparison, row: Row) -> sheet.Paragraph:
    if row.in_b and row.b is not None:
        return found.b[row.b]
    return found.a[row.a or 0]


def _screen(found: Comparison) -> Iterator[str]:
    """The rows that are not equal, what is kept cut short."""
    for row in found.rows:
        if row.fate is not Fate.EQUAL:
            shown = [span for span in row.spans if row.fate is not Fate.MOVED_TO or span.how is not How.DELETED]
            last = len(shown) - 1
            words = "".join(_span(span.how, span.text, at == 0, at == last) for at, span in enumerate(shown))
            yield f"{_SIGNS[row.fate]} {' '.join(words.split())}"


def _span(how: How, text: str, first: bool, last: bool) -> str:  # noqa: FBT001 - two plain facts
    if how is How.KEPT and len(text) > 2 * _AROUND:
        text = ("" if first else text[:_AROUND]) + " … " + ("" if last else text[-_AROUND:])
    return _MARKS[how].format(text)


def _summary(found: Comparison, halves: tuple[_Half, _Half], said: Meta, written: dict[str, Any] | None) -> str:
    counted = ", ".join(f"{count:,} {name}" for name, count in found.counts().items() if count) or "nothing at all"
    line = f"{' → '.join(_names(halves, said))}: {counted}."
    return f"{written['file']}: {written['bytes']:,} bytes. {line}" if written else line
