"""`detente text library add|list|remove`: the texts in which `detente text search` looks.

    add FILE --title T [--symbol S --date D --body B --vote V --status A --language L --source W]
    add --manifest FILE.csv     columns: file, title, symbol, date, body, vote, status, language, source
    list, remove NUMBER

What is not said of a work is shown as not known.  The library is one file, named by --library or by DETENTE_LIBRARY.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli.text_files import refuse
from detente.cli.text_work import Progress, put, read_bytes, refusing
from detente.ground.errors import DetenteError, Malformed
from detente.library.texts import STATUSES, Library, Shelved, Work, open_library
from detente.procedures.table import inspect

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Keep the texts in which search looks.")

Where = Annotated[Path, typer.Option("--library", envvar="DETENTE_LIBRARY", help="the file of the library")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on one line")]
_COLUMNS = ("file", "title", "symbol", "date", "body", "vote", "status", "language", "source")
_LARGEST_MANIFEST = 16 * 2**20  # bytes
_MOST_TEXTS = 100_000
NOT_KNOWN = "not known"


@contextmanager
def opened(path: Path, *, make: bool = False) -> Iterator[Library]:
    """The library at a path, or a refusal that says what is wrong with it."""
    try:
        library = open_library(path, make=make)
    except DetenteError as error:
        refuse(f"{path}: {error.sentence}")
    try:
        yield library
    except DetenteError as error:
        refuse(error.sentence)
    finally:
        library.close()


def known(shelved: Shelved) -> dict[str, Any]:
    """A work in plain values; what nobody said of it is None."""
    work = shelved.work
    told = {name: getattr(work, name) or None for name in _COLUMNS[2:]}
    return {"work": shelved.number, "title": work.title, **told}


def provenance(shelved: Shelved) -> str:
    """Where a text comes from, on one line; what is not known is said to be so."""
    work = shelved.work
    parts = [f"{name} {getattr(work, name) or NOT_KNOWN}" for name in ("symbol", "date", "body", "vote")]
    return f"{work.status or 'status not known'}; {'; '.join(parts)}; source {work.source or NOT_KNOWN}"


@app.command("add")
def add(  # noqa: PLR0917 - a work has as many fields as it has
    library: Where,
    file: Annotated[Path | None, typer.Argument(help="a text in Markdown or plain, UTF-8")] = None,
    title: Annotated[str, typer.Option(help="what it is called")] = "",
    symbol: Annotated[str, typer.Option(help="its document symbol")] = "",
    date: Annotated[str, typer.Option(help="of its adoption: 2031, 2031-05 or 2031-05-17")] = "",
    body: Annotated[str, typer.Option(help="who adopted it")] = "",
    vote: Annotated[str, typer.Option(help="by which vote, or without one")] = "",
    status: Annotated[str, typer.Option(help=", ".join(STATUSES))] = "",
    language: Annotated[str, typer.Option(help="as in en or pt-BR")] = "",
    source: Annotated[str, typer.Option(help="where it was taken from")] = "",
    manifest: Annotated[Path | None, typer.Option(help="a CSV with a line for each text to add")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Add a text with what is known of it, or all texts of a manifest; all are added, or none."""
    if (file is None) == (manifest is None):
        refuse("Name one text, or a manifest with several.")
    progress = Progress("texts")
    rows: list[tuple[Path, Work]] = []
    if file is not None:
        rows = [(file, Work(title or file.name, symbol, date, body, vote, status, language, source))]
    if manifest is not None:
        with refusing(manifest):
            rows = list(_rows(manifest))
    for path, work in rows:
        with refusing(path):
            work.check()
            path.stat()
    with opened(library, make=True) as held:
        added = held.add_all(((one, _text(path)) for path, one in rows), lambda done: progress(done, len(rows)))
    _say("added", added, as_json=as_json)


def _text(path: Path) -> str:
    with refusing(path):
        return inspect.read(read_bytes(path))


def _rows(manifest: Path) -> Iterator[tuple[Path, Work]]:
    """The texts of a manifest with their works.  Files lie beside it or below."""
    raw = read_bytes(manifest, _LARGEST_MANIFEST)
    if len(raw) > _LARGEST_MANIFEST:
        raise Malformed(f"A manifest has at most {_LARGEST_MANIFEST:,} bytes.")
    try:
        lines = csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), strict=True)
        if set(lines.fieldnames or ()) - set(_COLUMNS) or "file" not in (lines.fieldnames or ()):
            raise Malformed(f"The columns of a manifest are {', '.join(_COLUMNS)}; “file” is always one of them.")
        for count, row in enumerate(lines, 1):
            if count > _MOST_TEXTS:
                raise Malformed(f"A manifest names at most {_MOST_TEXTS:,} texts.")
            yield _row(manifest.parent, row, lines.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Malformed(f"The manifest cannot be read: {error}.") from None


def _row(folder: Path, row: dict[str, Any], line: int) -> tuple[Path, Work]:
    if None in row or any(value is None for value in row.values()):
        raise Malformed(f"Line {line} of the manifest has not as many fields as its head.")
    named = Path(row["file"])
    if not row["file"] or named.is_absolute() or ".." in named.parts:
        raise Malformed(f"Line {line} of the manifest names no file beside it or below.")
    told = {name: row.get(name, "").strip() for name in _COLUMNS[1:]}
    return folder / named, Work(**{**told, "title": told["title"] or named.name})


@app.command("list")
def shelves(library: Where, *, as_json: AsJson = False) -> None:
    """Say what is in the library."""
    with opened(library) as held:
        works = held.works()
    _say("works", works, as_json=as_json)


@app.command("remove")
def remove(
    library: Where,
    numbers: Annotated[list[int], typer.Argument(help="the numbers that list shows")],
    *,
    as_json: AsJson = False,
) -> None:
    """Take texts out of the library."""
    with opened(library) as held:
        for number in numbers:
            held.work(number)  # all of them are there, or none goes
        gone = [held.remove(number) for number in dict.fromkeys(numbers)]
    _say("removed", gone, as_json=as_json)


def _say(what: str, works: list[Shelved], *, as_json: bool) -> None:
    if as_json:
        put({what: [{**known(each), "bytes": each.bytes, "passages": each.passages} for each in works]})
        return
    for each in works:
        sys.stdout.write(f"{each.number:>5}  {each.work.title}  ({each.passages:,} passages)\n")
        sys.stdout.write(f"       {provenance(each)}; language {each.work.language or NOT_KNOWN}\n")
    sys.stdout.write(f"{len(works)} {what}\n")
