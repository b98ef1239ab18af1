"""`detente text ...`: what can be done with a negotiating text without any node, on files alone.

`inspect` is here: what a bracketed text holds.  The other commands have a file each and a line below.

Exit codes: 0 read; 2 it cannot be read.  With --json one object on one line, nothing else.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from detente.cli import (
    text_amendments,
    text_chair,
    text_columns,
    text_export,
    text_files,
    text_library,
    text_lint,
    text_outline,
    text_redline,
    text_search,
    text_status,
    text_view,
    text_votes,
    text_work,
)
from detente.documents import intake
from detente.documents.docx_reading import Reading, Side, blocks
from detente.documents.intake import Intake
from detente.ground.errors import DetenteError
from detente.procedures.table import inferences, profile
from detente.procedures.table import inspect as inspection
from detente.procedures.table.inspect import Inspection
from detente.wire import text as safety

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Look at a negotiating text.")
app.command("outline")(text_outline.outline)
app.command("redline")(text_redline.redline)
app.command("export")(text_export.export)
app.command("columns")(text_columns.columns_)
app.command("status")(text_status.status)
app.command("view")(text_view.view)
app.command("amendments")(text_amendments.amendments)
app.command("lint")(text_lint.check)
app.command("search")(text_search.search)
app.command("similar")(text_search.alike)
app.command("votes")(text_votes.votes)
app.command("brackets")(text_chair.brackets)
app.command("settle")(text_chair.settle)
app.add_typer(text_library.app, name="library")

_SHOWN = 40  # diagnostics and attributions on screen; --json has them all
_WORDS_SHOWN = 80  # letters of a change or a comment on screen


@app.callback()
def text() -> None:
    """Look at a negotiating text, without any node."""


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="a text in Markdown or plain, UTF-8, a Word document or Akoma Ntoso")],
    parties: Annotated[
        Path | None, typer.Option("--profile", help="who sits at the table: codes, names, groups; TOML or JSON")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,
) -> None:
    """Count brackets, slots, options and attributions, and see whether the tree renders the same bytes."""
    raw = text_files.content(file)
    known = profile.EMPTY
    if parties is not None:
        with text_work.refusing(parties):
            known = profile.read(text_work.read_bytes(parties))
    with text_files.at_work(f"reading {file.name}"):
        try:
            came = intake.taken(raw, file.suffix)
            found = inspection.inspect(came.text.encode(), known)
        except DetenteError as error:
            text_files.refuse(f"{file}: {error.sentence}")
    if came.reading is None:
        text_files.notice(file, came.findings)
    sys.stdout.write(_json(raw, came, found) if as_json else _screen(file, found) + _document(came))


def _json(raw: bytes, came: Intake, found: Inspection) -> str:
    """Of a Word document the figures are those of its text; what else it holds stands under `document`."""
    values = inspection.as_json(found)
    if came.reading is not None:
        values["document"] = _held(raw, came, came.reading)
    return json.dumps(values, ensure_ascii=False) + "\n"


def _held(raw: bytes, came: Intake, reading: Reading) -> dict[str, Any]:
    whole: dict[str, Any] = msgspec.to_builtins(reading)
    return {
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "findings": [{"kind": each.kind, "sentence": each.sentence} for each in came.findings],
        "paragraphs": len(reading.paragraphs),
        "notes": len(reading.notes),
        "furniture": list(reading.furniture),
        "revisions": whole.get("revisions", []),
        "comments": whole.get("comments", []),
        **{side.value: [each.text for each in blocks(reading.paragraphs, side)] for side in Side},
    }


def _document(came: Intake) -> str:
    """What a Word document holds besides its text, for a screen."""
    if came.reading is None:
        return ""
    reading = came.reading
    lines = [f"document      {len(reading.paragraphs):,} paragraphs, {len(reading.notes):,} notes"]
    lines += [f"  {each.sentence}" for each in came.findings]
    lines += [
        f"  {each.kind} by {each.author or '(nobody)'}: {_short(each.text)}" for each in reading.revisions[:_SHOWN]
    ]
    lines += _more(len(reading.revisions))
    lines += [f"  comment by {each.author or '(nobody)'}: {_short(each.text)}" for each in reading.comments[:_SHOWN]]
    lines += _more(len(reading.comments))
    return "".join(f"{safety.visible(line)}\n" for line in lines)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return (
        words[:_WORDS_SHOWN] + "…"
        if len(words) > _WORDS_SHOWN
        else words or ("(blanks)" if text else "(a paragraph's mark)")
    )


def _screen(file: Path, found: Inspection) -> str:
    forms = ", ".join(f"{count} {form}" for form, count in found.slots_by_form.items()) or "none"
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.clauses.items())
    rows = (
        ("text", f"{file.name}: {found.bytes:,} bytes, {found.lines:,} lines, {kinds}"),
        ("brackets", f"{found.open:,} open, {found.close:,} close, {found.max_depth} deep"),
        ("unclosed", _with_lines(found.unclosed_lines)),
        ("stray", _with_lines(found.stray_lines)),
        ("slots", f"{found.slots:,} ({forms}); {found.inferred} with alternatives that are inferred"),
        ("options", f"{found.options}"),
        ("placeholders", f"{found.placeholders}"),
        ("remarks", f"{found.notes} negotiators' notes, {found.curly} in curly brackets"),
        ("attributions", f"{len(found.attributions)}"),
        ("positions", f"{len(found.positions)} that notes state"),
        ("pages", _pages(found)),
        ("footnotes", f"{len(found.footnotes)}; {sum(not called for _, _, called in found.footnotes)} called nowhere"),
        ("inferred", _inferred(found)),
        ("bytes", _bytes(found)),
        ("re-rendered", "byte-identical" if found.byte_identical else "NOT byte-identical"),
    )
    lines = [f"{name:<13} {value}" for name, value in rows]
    lines += [
        f"  line {each.line:>5}  {'/'.join(each.parties)} {each.verb or '(no verb)'}"
        for each in found.attributions[:_SHOWN]
    ]
    lines += _more(len(found.attributions))
    lines += [f"  line {note.line:>5}  {note.sentence}" for note in found.diagnostics[:_SHOWN]]
    return "\n".join([*lines, *_more(len(found.diagnostics))]) + "\n"


def _pages(found: Inspection) -> str:
    if not found.pages:
        return "none"
    return f"{found.pages}, with {found.printed_lines} lines that are on every page"


def _inferred(found: Inspection) -> str:
    counted = inferences.counted(found.inferences)
    return ", ".join(f"{count} {kind}" for kind, count in counted.items()) + " (--json lists them)" if counted else "0"


def _bytes(found: Inspection) -> str:
    marks = [
        "a byte order mark" if found.byte_order_mark else "",
        f"{found.carriage_returns} carriage returns" if found.carriage_returns else "",
        "" if found.composed else "decomposed letters",
        f"{found.flagged} characters that are not what they seem" if found.flagged else "",
    ]
    return "UTF-8" + "".join(f", {mark}" for mark in marks if mark)


def _with_lines(lines: tuple[int, ...]) -> str:
    shown = ", ".join(str(line) for line in lines[:_SHOWN])
    rest = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"{len(lines)}" + (f" (line {shown}{rest})" if lines else "")


def _more(count: int) -> list[str]:
    return [f"  and {count - _SHOWN} more (--json shows all)"] if count > _SHOWN else []
