"""`detente text votes LIST`: in which order a list of amendments is put to the vote, and what falls if one is adopted.

A dry run for the chair: with --adopt and --reject it goes on from what was decided so far.  What it orders is a
proposal; how far an amendment is removed from the text is for the chair to say.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.acts.voting import Outcome
from detente.cli.text_files import refuse
from detente.cli.text_work import Progress, put, read_bytes, refusing
from detente.ground.errors import Malformed
from detente.procedures.table import amendments as loading
from detente.procedures.table import amendments_list, inspect, voteorder
from detente.procedures.table.voteorder import Rehearsal, Step

_SHOWN = 60


def votes(
    file: Annotated[Path, typer.Argument(help="a list of amendments: two columns as plain text, or JSON lines")],
    base: Annotated[Path | None, typer.Option(help="the text that they amend")] = None,
    adopt: Annotated[list[str] | None, typer.Option(help="an amendment that was adopted; may be given again")] = None,
    reject: Annotated[list[str] | None, typer.Option(help="an amendment that was rejected; may be given again")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on one line")] = False,
) -> None:
    """Order amendments for the vote, the furthest removed first, and say what falls with each."""
    twice = set(adopt or ()) & set(reject or ())
    if twice:
        refuse(f"Amendment {min(twice)} cannot be adopted and rejected.")
    text = None
    if base is not None:
        with refusing(base):
            text = inspect.read(read_bytes(base))
    with refusing(file):
        listed = amendments_list.read(read_bytes(file, amendments_list.LARGEST))
        loaded = loading.load(listed.amendments, text, Progress("amendments"))
        steps = voteorder.order(loading.submissions(loaded))
    outcomes = dict.fromkeys(adopt or (), Outcome.ADOPTED) | dict.fromkeys(reject or (), Outcome.REJECTED)
    try:
        rehearsal = voteorder.rehearse(steps, outcomes)
    except Malformed as error:
        refuse(error.sentence)
    left = len(loaded.left) + len(listed.unread)
    if as_json:
        put(_values(steps, rehearsal, left))
    else:
        sys.stdout.write(_screen(steps, rehearsal, left))


def _values(steps: tuple[Step, ...], rehearsal: Rehearsal, left: int) -> dict[str, Any]:
    return {
        "votes": [_step(each) for each in steps],
        "left": left,
        "put": [{"amendment": name, "outcome": outcome.value} for name, outcome in rehearsal.put],
        "fallen": [{"amendment": each.name, "because": each.because} for each in rehearsal.fallen],
        "next": rehearsal.upcoming,
        "amended": rehearsal.amended,
    }


def _step(each: Step) -> dict[str, Any]:
    return {
        "amendment": each.submission.name,
        "place": each.submission.place,
        "scope": each.submission.scope.name.lower().replace("_", " "),
        "sponsors": list(each.submission.sponsors),
        "falls": list(each.falls),
        "alike": list(each.alike),
    }


def _screen(steps: tuple[Step, ...], rehearsal: Rehearsal, left: int) -> str:
    fallen = {each.name: each.because for each in rehearsal.fallen}
    decided = dict(rehearsal.put)
    lines = [f"{len(steps)} votes; {left} amendments are not in this order because they could not be laid on the text"]
    place = ""
    for each in steps[:_SHOWN]:
        name = each.submission.name
        if each.submission.place != place:
            place = each.submission.place
            lines.append(place)
        if name in fallen:
            lines.append(f"  {name:>7}  is not put: {fallen[name]} was adopted")
            continue
        said = f"  {name:>7}  {each.submission.scope.name.lower().replace('_', ' ')}"
        said += f": {decided[name].value}" if name in decided else ""
        said += f"; if it is adopted, {', '.join(each.falls)} fall" if each.falls else ""
        said += f"; as far removed as {', '.join(each.alike)}: the chair decides" if each.alike else ""
        lines.append(said)
    if len(steps) > _SHOWN:
        lines.append(f"and {len(steps) - _SHOWN} more (--json shows all)")
    following = f"amendment {rehearsal.upcoming}" if rehearsal.upcoming else "the proposal as a whole"
    lines.append(f"next: {following}{', as amended' if rehearsal.amended and not rehearsal.upcoming else ''}")
    return "\n".join(lines) + "\n"
