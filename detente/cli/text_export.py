"""`detente text export FILE --to docx [-o OUT]`: a text in the formats in which it leaves the table."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli import text_files
from detente.cli.text_files import Source
from detente.documents import formats
from detente.documents.formats import Format
from detente.documents.matter import Matter, Meta
from detente.documents.wording import reading
from detente.ground.errors import DetenteError, Malformed
from detente.procedures.table import readings, sheet
from detente.wire import text as safety


def export(
    file: Annotated[Path, typer.Argument(help="a text: .md, .txt, .docx or .xml")],
    *,
    to: Annotated[str, typer.Option(help=f"formats, with commas between them: {', '.join(formats.FORMATS)}")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="the file to write; by default FILE with another ending")
    ] = None,
    as_: Annotated[
        str | None, typer.Option("--as", help="a reading: base, clean or a party's code; by default with all brackets")
    ] = None,
    title: Annotated[str | None, typer.Option(help="by default the first heading")] = None,
    language: Annotated[str | None, typer.Option(help="as in en, fr, ar; by default what the script suggests")] = None,
    at: Annotated[str | None, typer.Option(help="the moment that the document bears, in UTC; by default now")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,
) -> None:
    """Write a text as a document: with all its brackets, or as one party would have it."""
    try:
        wanted = {name: formats.named(name) for name in dict.fromkeys(to.lower().replace(" ", "").split(","))}
    except Malformed as error:
        text_files.refuse(error.sentence)
    source = text_files.read(file)
    said = text_files.meta(source, title, language, at)
    matter = _matter(source, said, as_)
    written = [
        _written(form, matter, said, _where(form, file, out, many=len(wanted) > 1), file) for form in wanted.values()
    ]
    if as_json:
        values = {**source.named(), "title": said.title, "language": said.language, "written": written}
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
        return
    text_files.notice(file, source.intake.findings)
    for each in written:
        sys.stdout.write(safety.visible(f"{each['file']}: {each['bytes']:,} bytes, {matter.reading}.") + "\n")


def _matter(source: Source, said: Meta, name: str | None) -> Matter:
    called = reading(said.language, name or "negotiated")
    if name is None:
        laid = sheet.as_negotiated(source.document)
    else:
        try:
            laid = sheet.as_decided(source.document, readings.named(source.document, name))
        except Malformed as error:
            text_files.refuse(error.sentence)
    return Matter(source.document, laid, called, markdown=source.intake.markdown)


def _where(form: Format, file: Path, out: Path | None, *, many: bool) -> Path:
    if out is None:
        return file.with_suffix(form.suffix)
    return out.with_suffix(form.suffix) if many else out


def _written(form: Format, matter: Matter, said: Meta, where: Path, file: Path) -> dict[str, Any]:
    with text_files.at_work(f"writing {where.name}"):
        try:
            made = form.write(matter, said)
        except DetenteError as error:
            text_files.refuse(error.sentence)
        text_files.write(where, made, (file,))
    return {"file": str(where), "bytes": len(made), "sha256": hashlib.sha256(made).hexdigest()}
