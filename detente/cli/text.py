"""`detente text inspect FILE [--profile PARTIES] [--json]`: what a bracketed text holds, said without any node.

Exit codes: 0 read; 2 it cannot be read.  With --json one object on one line, nothing else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.text_amendments import amendments
from detente.cli.text_chair import brackets, settle
from detente.cli.text_library import app as library
from detente.cli.text_lint import check
from detente.cli.text_search import alike, search
from detente.cli.text_votes import votes
from detente.ground.errors import Malformed
from detente.procedures.table import inferences, profile
from detente.procedures.table import inspect as inspection
from detente.procedures.table.inspect import Inspection
from detente.procedures.table.parse import LARGEST_TEXT

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Look at a negotiating text.")

_UNREADABLE = 2
_SHOWN = 40  # diagnostics and attributions on screen; --json has them all


app.command()(amendments)
app.command("lint")(check)
app.command()(search)
app.command("similar")(alike)
app.command()(votes)
app.command()(brackets)
app.command()(settle)
app.add_typer(library, name="library")


@app.callback()
def text() -> None:
    """Look at a negotiating text, without any node."""


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="a text in Markdown or plain, UTF-8")],
    parties: Annotated[
        Path | None, typer.Option("--profile", help="who sits at the table: codes, names, groups; TOML or JSON")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,
) -> None:
    """Count brackets, slots, options and attributions, and see whether the tree renders the same bytes."""
    reading = file
    try:
        known = profile.EMPTY
        if parties is not None:
            reading = parties
            known = profile.read(_read(parties))
            reading = file
        found = inspection.inspect(_read(file), known)
    except OSError as error:
        _refuse(f"{reading} cannot be read: {error.strerror or error}.")
    except Malformed as error:
        _refuse(f"{reading}: {error.sentence}")
    else:
        sys.stdout.write(_json(found) if as_json else _screen(file, found))


def _read(file: Path) -> bytes:
    """At most one byte more than a text may have, so that a huge file costs no memory."""
    with file.open("rb") as stream:
        return stream.read(LARGEST_TEXT + 1)


def _refuse(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    raise typer.Exit(_UNREADABLE)


def _json(found: Inspection) -> str:
    return json.dumps(inspection.as_json(found), ensure_ascii=False) + "\n"


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
