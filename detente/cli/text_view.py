"""`detente text view FILE [--as CODE] [--only-blocks]`: a text as one party would have it, or only what blocks.

What nobody is said to want stays in its brackets (standpoints.py): nothing is put into anybody's mouth.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli import text_files
from detente.cli.text_files import Source
from detente.ground.errors import DetenteError
from detente.procedures.table import layout, standpoints, tree
from detente.procedures.table.layout import Block, Decide
from detente.wire import text as safety

_SHOWN = 12  # codes that a sentence names


def view(
    file: Annotated[Path, typer.Argument(help="a text: .md, .txt, .docx or .xml")],
    *,
    as_: Annotated[str | None, typer.Option("--as", help="base, or a party's code; by default all variants")] = None,
    only_blocks: Annotated[bool, typer.Option("--only-blocks", help="only where somebody stands in the way")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,
) -> None:
    """Read a text as one party would have it, or only the paragraphs in which somebody stands in the way."""
    source = text_files.read(file)
    try:
        whole = layout.lay_out(source.document, layout.every)
        shown = standpoints.only_what_blocks(whole) if only_blocks else whole
        decided = layout.lay_out(source.document, _decide(source, as_))
    except DetenteError as error:
        text_files.refuse(error.sentence)
    standing = {block.clause: block for block in shown}
    kept = [block for block in decided if block.clause in standing]
    if as_json:
        values = {**source.named(), "as": as_ or "negotiated", "only_blocks": only_blocks,
                  "paragraphs": [_values(block, standing[block.clause]) for block in kept]}  # fmt: skip
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
        return
    text_files.notice(file, source.intake.findings)
    if only_blocks and not kept:
        sys.stderr.write("Nobody stands in the way of anybody in this text, as far as its brackets say.\n")
    sys.stdout.write("".join(_shown(block.written) for block in kept))


def _decide(source: Source, name: str | None) -> Decide:
    if name is None:
        return layout.every
    if name == "base":
        return standpoints.base
    known = standpoints.parties(tree.slots(source.document.passage))
    if name not in known:
        there = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
        text_files.refuse(f"The text names no party “{name[:40]}”; it names {there or 'none'}.")
    return standpoints.as_party(name)


def _values(decided: Block, whole: Block) -> dict[str, Any]:
    slots = standpoints.slots_of(whole)
    return {
        "clause": decided.clause.hex(),
        "kind": decided.kind.value,
        "label": decided.label,
        "written": decided.written,
        "standing": standpoints.standing(slots).value,
        "blocking": list(standpoints.who_blocks(slots)),
    }


def _shown(written: str) -> str:
    """The text as it is for a file or a program; at a terminal what no reader sees is written as its number."""
    if not sys.stdout.isatty():
        return written
    return "\n".join(safety.visible(line) for line in written.split("\n"))
