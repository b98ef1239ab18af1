"""`detente text status FILE...`: how far a text has come, by article; of several drafts, how the figures changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from detente.cli import text_files
from detente.ground.errors import DetenteError
from detente.procedures.table import burndown
from detente.procedures.table.burndown import Count, State
from detente.wire import text as safety

MOST_FILES: Final = 50
_SHOWN: Final = 12  # parties on screen; --json has all
_NAME: Final = 28  # letters of an article's name on screen


def status(
    files: Annotated[list[Path], typer.Argument(help="a text, or the drafts of one text in the order of their dates")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,
) -> None:
    """Count what is open, what is contested and by whom, by article; over several drafts the burn-down."""
    if len(files) > MOST_FILES:
        text_files.refuse(f"At most {MOST_FILES} drafts are counted at once.")
    sources = [text_files.read(file) for file in files]
    with text_files.at_work("counting"):
        try:
            states = [burndown.state(source.path.name, source.document) for source in sources]
        except DetenteError as error:
            text_files.refuse(error.sentence)
    if as_json:
        values = {"states": [_values(each) for each in states], "files": [source.named() for source in sources]}
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
        return
    for source in sources:
        text_files.notice(source.path, source.intake.findings)
    lines = _one(states[0]) if len(states) == 1 else _series(states)
    sys.stdout.write("".join(f"{safety.visible(line)}\n" for line in lines))


def _values(state: State) -> dict[str, Any]:
    return {
        "name": state.name,
        "whole": _count(state.whole),
        "articles": [{"article": name, **_count(count)} for name, count in state.articles.items()],
    }


def _count(count: Count) -> dict[str, Any]:
    return {**asdict(count), "share": round(count.share, 4)}


def _one(state: State) -> Iterator[str]:
    """A line for each article, and the whole below."""
    yield f"{'':<{_NAME}} {'open':>6} {'variants':>9} {'contested':>10} {'clean':>12}"
    for name, count in [*state.articles.items(), ("the whole", state.whole)]:
        clean = f"{count.clean}/{count.paragraphs} {count.share:4.0%}"
        yield f"{_cut(name):<{_NAME}} {count.open:>6} {count.variants:>9} {count.contested:>10} {clean:>12}"
    yield from _who(state)


def _series(states: list[State]) -> Iterator[str]:
    """The states as columns: what is open in each article, and the whole in every figure below."""
    width = max(10, *(len(_cut(each.name)) for each in states)) + 2
    yield f"{'open':<{_NAME}}" + "".join(f"{_cut(each.name):>{width}}" for each in states)
    for name, counts in burndown.over_time(states).items():
        yield f"{_cut(name):<{_NAME}}" + "".join(f"{count.open if count else '-':>{width}}" for count in counts)
    wholes = [each.whole for each in states]
    rows = (
        ("all that is open", [str(count.open) for count in wholes]),
        ("variants", [str(count.variants) for count in wholes]),
        ("contested", [str(count.contested) for count in wholes]),
        ("clean paragraphs", [f"{count.clean}/{count.paragraphs}" for count in wholes]),
        ("share that is clean", [f"{count.share:.0%}" for count in wholes]),
    )
    for name, figures in rows:
        yield f"{name:<{_NAME}}" + "".join(f"{figure:>{width}}" for figure in figures)
    for state in states:
        yield from _who(state)


def _who(state: State) -> Iterator[str]:
    """Who stands in the way, those in the most places first."""
    parties = [f"{code} {count}" for code, count in state.whole.blocking.items()]
    if parties:
        more = f" and {len(parties) - _SHOWN} more" if len(parties) > _SHOWN else ""
        yield f"in the way in {state.name} (party, places; ? is not said): {', '.join(parties[:_SHOWN])}{more}"


def _cut(name: str) -> str:
    shown = safety.visible(name or "(before any heading)")
    return shown if len(shown) < _NAME else shown[: _NAME - 2] + "…"
