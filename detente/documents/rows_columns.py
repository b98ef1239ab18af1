"""The n-column table as rows: CSV for spreadsheets, JSON for programs.  docs/specs/rows.md describes them."""

from __future__ import annotations

import json
from typing import Any

from detente.documents import rows_csv
from detente.procedures.table.columns import Columns, Row

VERSION = "detente-columns/1"


def as_csv(columns: Columns) -> bytes:
    """A row for each clause; a cell says `unchanged` or `[ ]` where the table of a trilogue would."""
    head = ("clause", "kind", *columns.heads, "light", "state")
    return rows_csv.table(
        head,
        (
            (row.label, row.kind.value, *(cell.shown for cell in row.cells), row.light.value, row.state)
            for row in columns.rows
        ),
    )


def as_json(columns: Columns) -> bytes:
    """The same as one JSON object on one line, with the words of every cell."""
    values = {
        "format": VERSION,
        "columns": list(columns.heads),
        "lights": columns.lights(),
        "rows": [_row(row) for row in columns.rows],
    }
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _row(row: Row) -> dict[str, Any]:
    return {
        "clause": row.label,
        "kind": row.kind.value,
        "level": row.level,
        "cells": [{"words": cell.words, "likeness": cell.likeness.value} for cell in row.cells],
        "light": row.light.value,
        "state": row.state,
    }
