"""`detente text brackets FILE...` and `detente text settle FILE`: for who presides over a bracketed text.

brackets   over drafts of one text, the oldest first: how many brackets came and went, who brings them, and which
           of those still open are the oldest
settle     a draft of settlements: for each open place the variant that nobody stands against, or why there is none
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli.text_files import refuse
from detente.cli.text_work import Progress, put, read_bytes, refusing
from detente.procedures.table import inflation, inspect, profile, settling
from detente.procedures.table.lint_look import Look, short
from detente.procedures.table.profile import Profile
from detente.procedures.table.settling import Drafted

_SHOWN = 40
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on one line")]
Parties = Annotated[
    Path | None, typer.Option("--profile", help="who sits at the table: codes, names, groups; TOML or JSON")
]


def _profile(parties: Path | None) -> Profile:
    if parties is None:
        return profile.EMPTY
    with refusing(parties):
        return profile.read(read_bytes(parties))


def brackets(
    files: Annotated[list[Path], typer.Argument(help="drafts of one text, the oldest first")],
    parties: Parties = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Count the brackets of a series of drafts: what came, what went, by whom, and which are the oldest."""
    if len(set(files)) < len(files):
        refuse("A file is named twice.")
    known = _profile(parties)
    progress = Progress("drafts")
    looks: list[Look] = []
    for path in files:
        with refusing(path):
            looks.append(Look(inspect.read(read_bytes(path)), known))
        progress(len(looks), len(files))
    found = inflation.series(looks)
    if as_json:
        drafts = [{"file": str(path), **asdict(each)} for path, each in zip(files, found.drafts, strict=True)]
        put({"drafts": drafts, "oldest": [asdict(each) for each in found.oldest]})
        return
    for path, each in zip(files, found.drafts, strict=True):
        sys.stdout.write(
            f"{path.name}: {each.open:,} open, {each.came:,} came, {each.went:,} went, {each.depth} deep\n"
        )
        most = sorted(each.came_by_party.items(), key=lambda one: -one[1])[:12]
        sys.stdout.write("  came from " + (", ".join(f"{party} {count}" for party, count in most) or "nobody") + "\n")
    sys.stdout.write("the oldest that are open:\n")
    for one in found.oldest[:_SHOWN]:
        since = files[one.since].name
        sys.stdout.write(f"  since {since}, line {one.line}  {'/'.join(one.parties)}: {one.words}\n")


def settle(
    file: Annotated[Path, typer.Argument(help="a text in Markdown or plain, UTF-8")],
    parties: Parties = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Draft settlements: the places where somebody wants a variant and nobody stands against it."""
    known = _profile(parties)
    with refusing(file):
        look = Look(inspect.read(read_bytes(file)), known)
    found = settling.draft(look.parsed.document)
    proposed = [each for each in found if each.chosen]
    if as_json:
        put({"file": str(file), "proposed": len(proposed), "places": [_values(each) for each in found]})
        return
    sys.stdout.write(
        f"{len(proposed)} of {len(found)} places could be settled; what lies within a place waits for it\n"
    )
    for each in proposed[:_SHOWN]:
        sys.stdout.write(f"  line {each.line}  {' + '.join(short(words, 60) for words in each.words)}\n")
        sys.stdout.write(f"       {each.reason}\n")
    if len(proposed) > _SHOWN:
        sys.stdout.write(f"  and {len(proposed) - _SHOWN} more (--json shows all)\n")


def _values(each: Drafted) -> dict[str, Any]:
    return {
        "slot": each.slot.hex(),
        "line": each.line,
        "form": each.form.value,
        "chosen": [name.hex() for name in each.chosen],
        "words": list(each.words),
        "reason": each.reason,
    }
