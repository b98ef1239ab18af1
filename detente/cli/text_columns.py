"""`detente text columns FILE... [--parties BEL,COR] [--to html,csv,pdf,json]`: the n-column table.

One file: its base, each party's own text, the chair's draft, and how each clause stands.  Several files: versions of
one text side by side, the first being the base of all others.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from detente.cli import text_files
from detente.cli.text_files import Source
from detente.documents import page_columns, page_pdf, rows_columns
from detente.documents.matter import Meta
from detente.ground.errors import DetenteError
from detente.procedures.table import columns, sheet, standpoints, tree
from detente.procedures.table.columns import Columns
from detente.wire import text as safety

T = TypeVar("T")

MOST_COLUMNS: Final = 30
WRITERS: Final[dict[str, Callable[[Columns, Meta], bytes]]] = {
    "html": page_columns.write,
    "csv": lambda found, _: rows_columns.as_csv(found),
    "pdf": lambda found, said: page_pdf.from_page(page_columns.page(found, said), said),
    "json": lambda found, _: rows_columns.as_json(found),
}


def columns_(  # noqa: PLR0917 - a command has as many options as it has
    files: Annotated[list[Path], typer.Argument(help="a bracketed text, or several versions of one text")],
    parties: Annotated[str | None, typer.Option(help="codes, with commas; by default all that the text names")] = None,
    draft: Annotated[Path | None, typer.Option(help="the chair's draft, as a column of its own")] = None,
    to: Annotated[str, typer.Option(help=f"formats, with commas: {', '.join(WRITERS)}")] = "html",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="by default FILE.columns with the ending")] = None,
    title: Annotated[str | None, typer.Option(help="by default the first heading")] = None,
    language: Annotated[str | None, typer.Option(help="as in en, fr, ar; by default what the script suggests")] = None,
    at: Annotated[str | None, typer.Option(help="the moment that the document bears, in UTC; by default now")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,  # noqa: FBT002
) -> None:
    """Lay a text out in columns: by party, or by version."""
    formats = list(dict.fromkeys(to.lower().replace(" ", "").split(",")))
    unknown = [name for name in formats if name not in WRITERS]
    if unknown:
        text_files.refuse(f"There is no format “{unknown[0][:40]}”; there are {', '.join(WRITERS)}.")
    if len(files) > MOST_COLUMNS:
        text_files.refuse(f"At most {MOST_COLUMNS} versions stand side by side.")
    if len(files) > 1 and (parties or draft):
        text_files.refuse("Parties and a draft are columns beside one text; several files are versions of it.")
    sources = [text_files.read(file) for file in files]
    said = text_files.meta(sources[0], title, language, at)
    try:
        found = _by_version(sources) if len(sources) > 1 else _by_party(sources[0], parties, draft)
        written = [_written(found, said, name, _where(name, files[0], out, formats), files) for name in formats]
    except DetenteError as error:
        text_files.refuse(error.sentence)
    if as_json:
        values = {"files": [each.named() for each in sources], "title": said.title, "columns": list(found.heads),
                  "rows": len(found.rows), "lights": found.lights(), "written": written}  # fmt: skip
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
        return
    for each in sources:
        text_files.notice(each.path, each.intake.findings)
    lights = ", ".join(f"{count:,} {light}" for light, count in found.lights().items())
    for file in written:
        size = f"{len(found.rows):,} rows by {len(found.heads)} columns ({lights})"
        line = f"{file['file']}: {file['bytes']:,} bytes, {size}."
        sys.stdout.write(safety.visible(line) + "\n")


def _by_party(source: Source, wanted: str | None, draft: Path | None) -> Columns:
    known = standpoints.parties(tree.slots(source.document.passage))
    chosen = list(dict.fromkeys(wanted.replace(" ", "").split(","))) if wanted else list(known)
    missing = [code for code in chosen if code not in known]
    if missing:
        text_files.refuse(f"The text names no party “{missing[0][:40]}”; it names {', '.join(known) or 'none'}.")
    if len(chosen) > MOST_COLUMNS:
        text_files.refuse(f"The text names {len(chosen)} parties: choose at most {MOST_COLUMNS} with --parties.")
    beside = sheet.as_negotiated(text_files.read(draft).document) if draft is not None else None
    return columns.of_parties(source.document, _seen(chosen, "as each party would have it"), beside)


def _by_version(sources: list[Source]) -> Columns:
    names = [each.path.name for each in sources]
    if len(set(names)) < len(names):
        names = [str(each.path) for each in sources]
    versions = [(name, sheet.as_negotiated(each.document)) for name, each in zip(names, sources, strict=True)]
    return columns.of_versions(_seen(versions, "aligning"))


def _seen(each: list[T], what: str) -> Iterable[T]:
    """The same, with a bar at a terminal that shows how far the work is."""
    if not sys.stderr.isatty() or len(each) < 3:
        return each
    return _with_bar(each, what)


def _with_bar(each: list[T], what: str) -> Iterator[T]:
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks
    from rich.progress import track  # noqa: PLC0415

    yield from track(each, what, console=Console(stderr=True), transient=True)


def _where(name: str, file: Path, out: Path | None, formats: list[str]) -> Path:
    if out is None:
        return file.with_suffix(f".columns.{name}")
    return out.with_suffix(f".{name}") if len(formats) > 1 else out


def _written(found: Columns, said: Meta, name: str, where: Path, files: list[Path]) -> dict[str, Any]:
    with text_files.at_work(f"writing {where.name}"):
        made = WRITERS[name](found, said)
        text_files.write(where, made, tuple(files))
    return {"format": name, "file": str(where), "bytes": len(made), "sha256": hashlib.sha256(made).hexdigest()}
