"""`detente text amendments LIST [--base FILE]`: a list of amendments as operations on one text.

With --json one object on one line: the counts, the operations with their hunks as offsets (code points) of the base,
the amendments that come to the same, those that could not be laid on the base and those that could not be read.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli.text_files import refuse
from detente.cli.text_work import Progress, put, read_bytes, refusing
from detente.procedures.table import amendments as loading
from detente.procedures.table import amendments_list, inspect, tree
from detente.procedures.table.amendments import Anchored, Loaded
from detente.procedures.table.amendments_list import AmendmentList

_SHOWN = 20


def amendments(
    file: Annotated[Path, typer.Argument(help="a list of amendments: two columns as plain text, or JSON lines")],
    base: Annotated[
        Path | None, typer.Option(help="the text they amend; otherwise it is built from what they quote")
    ] = None,
    write_base: Annotated[Path | None, typer.Option(help="where to write the base; never over a file")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,
) -> None:
    """Lay a list of amendments on one text, as operations that the table takes."""
    with refusing(file):
        listed = amendments_list.read(read_bytes(file, amendments_list.LARGEST))
    text = None
    if base is not None:
        with refusing(base):
            text = inspect.read(read_bytes(base))
    with refusing(file):
        loaded = loading.load(listed.amendments, text, Progress("amendments"))
    if write_base is not None:
        _write(write_base, loaded.base)
    if as_json:
        put(_values(listed, loaded))
    else:
        sys.stdout.write(_screen(file, listed, loaded))


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except OSError as error:
        refuse(f"The base cannot be written to {path}: {error.strerror or error}.")


def _values(listed: AmendmentList, loaded: Loaded) -> dict[str, Any]:
    labels = {clause.id: (clause.label, clause.line) for clause in tree.clauses(loaded.document.passage)}
    return {
        "amendments": len(listed.amendments),
        "anchored": len(loaded.anchored),
        "kinds": dict(Counter(each.kind.value for each in loaded.anchored)),
        "base_characters": len(loaded.base),
        "operations": [_operation(each, labels) for each in loaded.anchored],
        "joined": [
            {"proposal": each.proposal.hex(), "amendments": list(each.numbers), "sponsors": list(each.sponsors)}
            for each in loaded.joined()
        ],
        "deviating_places": {str(place): count for place, count in loaded.deviating.items()},
        "left": [_left(each) for each in loaded.left],
        "unread": [{"amendment": each.number, "line": each.line, "why": each.sentence} for each in listed.unread],
    }


def _operation(each: Anchored, labels: dict[bytes, tuple[str, int]]) -> dict[str, Any]:
    label, line = labels[each.clause]
    return {
        "amendment": each.amendment.number,
        "location": str(each.amendment.location),
        "sponsors": list(each.amendment.authors),
        "kind": each.kind.value,
        "clause": each.clause.hex(),
        "label": label,
        "line": line,
        "hunks": [{"lo": hunk.lo, "hi": hunk.hi, "words": hunk.words} for hunk in each.hunks],
        "words": each.words,
        "proposal": each.proposal.hex(),
        "deviation": each.deviation,
        "note": each.how,
    }


def _left(each: Anchored) -> dict[str, Any]:
    return {
        "amendment": each.amendment.number,
        "location": str(each.amendment.location),
        "sponsors": list(each.amendment.authors),
        "deviation": each.deviation,
        "why": each.how,
    }


def _screen(file: Path, listed: AmendmentList, loaded: Loaded) -> str:
    kinds = Counter(each.kind.value for each in loaded.anchored)
    joined = loaded.joined()
    several = sum(len(each.sponsors) > 1 for each in joined)
    departing = [each for each in loaded.anchored if each.deviation]
    twice = len(listed.amendments) - len({each.number for each in listed.amendments})
    made = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    same = f"{len(joined)} proposals of {sum(len(each.numbers) for each in joined)} amendments"
    wordings = f"{len(loaded.deviating)} places are quoted in several"
    rows = (
        ("list", f"{file.name}: {len(listed.amendments):,} amendments, {len(listed.unread)} that cannot be read"),
        ("repeated", f"{twice} numbers stand in it again"),
        ("base", f"{len(loaded.base):,} characters"),
        ("operations", f"{len(loaded.anchored):,} ({made})"),
        ("identical", f"{same}; {several} of them under several sponsors"),
        ("wordings", f"{wordings}; {len(departing)} amendments depart from the base"),
        ("left", f"{len(loaded.left)} could not be laid on the base"),
    )
    lines = [f"{name:<11} {value}" for name, value in rows]
    told = [f"  {each.amendment.number:>6}  {each.amendment.location}: {each.how}" for each in loaded.left]
    told += [f"  {each.number:>6}  line {each.line}: {each.sentence}" for each in listed.unread]
    lines += told[:_SHOWN]
    if len(told) > _SHOWN:
        lines.append(f"  and {len(told) - _SHOWN} more (--json shows all)")
    return "\n".join(lines) + "\n"
