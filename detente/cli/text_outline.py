"""`detente text outline FILE`: the clauses of a text, with labels, levels and what is open in them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli import text_files
from detente.documents.docx_layout import printed
from detente.procedures.table import tree
from detente.procedures.table.sheet import Ink, Paragraph, Piece
from detente.wire import text as safety

_WORDS_SHOWN = 70  # letters of a clause on screen


def outline(
    file: Annotated[Path, typer.Argument(help="a text: .md, .txt, .docx or .xml")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,  # noqa: FBT002 - a flag
) -> None:
    """List the clauses of a text with their labels and levels, and how many places are open in each."""
    source = text_files.read(file)
    rows = [_row(clause, markdown=source.intake.markdown) for clause in tree.clauses(source.document.passage)]
    if as_json:
        values = {**source.named(), "open": source.document.passage.open, "clauses": rows}
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
        return
    text_files.notice(file, source.intake.findings)
    sys.stdout.write("".join(f"{_line(row)}\n" for row in rows))


def _row(clause: tree.Clause, *, markdown: bool) -> dict[str, Any]:
    written = "".join(tree.written(clause.passage))
    piece = Piece(written, Ink.WORDS, tree.IMPORTED, 0, (), 0)
    shown = printed(Paragraph(clause.id, clause.kind, clause.label, clause.level, (piece,)), markdown=markdown).text
    return {
        "id": clause.id.hex(),
        "kind": clause.kind.value,
        "label": clause.label,
        "level": clause.level,
        "line": clause.line,
        "open": clause.open,
        "text": shown,
    }


def _line(row: dict[str, Any]) -> str:
    words = safety.visible(" ".join(row["text"].split()))
    cut = words[: _WORDS_SHOWN - 1] + "…" if len(words) > _WORDS_SHOWN else words
    still = f"  ({row['open']} open)" if row["open"] else ""
    return f"{row['line']:>5}  {'  ' * row['level']}{cut}{still}"
