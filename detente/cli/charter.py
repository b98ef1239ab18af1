"""`detente charter`: charters as files, without any house; and, with a house, founding, proposing and asking.

A charter is a file of JSON: `detente charter show NAME --json` writes a template as one.  Exit 0 sound or done;
1 refused, with the reason; 2 cannot be read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import msgspec
import typer

from detente.api import requests
from detente.cli import charter_line
from detente.ground.errors import DetenteError, Refused
from detente.procedures.guidelines import diff, prose, sound
from detente.procedures.guidelines.clauses import Charter
from detente.procedures.guidelines.templates import TEMPLATES
from detente.wire import text

LARGEST: Final = 1 << 20  # bytes of a file
REFUSED: Final = 1
UNREADABLE: Final = 2

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
Which = Annotated[str, typer.Argument(metavar="NAME|FILE", help="a template's name, or a file of JSON")]


@app.callback()
def charter() -> None:
    """Read, check and compare charters; found a line with one, propose one, ask whether an act is allowed."""


@app.command("list")
def list_templates() -> None:
    """The templates."""
    for name, each in TEMPLATES.items():
        sys.stdout.write(f"{name:<24} {each.title}\n")


@app.command()
def show(
    which: Which, *, as_json: Annotated[bool, typer.Option("--json", help="as data, to be changed")] = False
) -> None:
    """Print a charter as it reads."""
    found = read(which)
    if as_json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(found), ensure_ascii=False, indent=2) + "\n")
        return
    sys.stdout.write("".join(f"{text.visible(line)}\n" for line in prose.page(found, {}).split("\n")))


@app.command()
def check(which: Which) -> None:
    """Say whether anybody should be asked to accept a charter."""
    refusal = sound.check(read(which))
    if refusal:
        _end(f"{refusal.rule}: {refusal.sentence}", REFUSED)
    sys.stdout.write("It can be read, says one thing, and does not lock itself.\n")


@app.command("diff")
def compare(before: Which, after: Which) -> None:
    """Print which clauses two charters do not have alike."""
    for each in diff.clauses(read(before), read(after), {}):
        sys.stdout.write(f"{each.article} ({each.clause})\n")
        for mark, words in (("-", each.before), ("+", each.after)):
            if words:
                sys.stdout.write(f"  {mark} {text.visible(words)}\n")


def read(which: str) -> Charter:
    """A template by its name, or the charter in a file; ends the program where it cannot be read."""
    if which in TEMPLATES:
        return TEMPLATES[which]
    try:
        with Path(which).open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        _end(f"“{which}” is no template, and no file that can be read ({error.strerror}).", UNREADABLE)
    if len(raw) > LARGEST:
        _end("A charter is a file of a megabyte at most.", UNREADABLE)
    try:
        return requests.read(raw, Charter)
    except DetenteError as error:
        _end(f"{which}: {error.sentence}", UNREADABLE)


def _end(sentence: str, code: int) -> NoReturn:
    sys.stderr.write(f"{text.visible(sentence)}\n")
    raise typer.Exit(code)


# --- with a house -----------------------------------------------------------------------------------

House = Annotated[str, typer.Option(help="where the house answers, for example http://127.0.0.1:8001")]
Link = Annotated[str, typer.Option(help="a sign-in link of the office, or its token; it is used up")]
Line = Annotated[str, typer.Argument(help="the line, 64 hex digits")]


def _with_house(house: str, link: str, work: Any) -> None:
    try:
        with charter_line.visit(house, link) as visitor:
            sys.stdout.write(f"{work(visitor)}\n")
    except Refused as error:
        _end(error.sentence, REFUSED)
    except DetenteError as error:
        _end(error.sentence, UNREADABLE)


@app.command()
def found(
    which: Which,
    *,
    house: House,
    link: Link,
    title: Annotated[str, typer.Option(help="what the line is called")],
    member: Annotated[list[str], typer.Option(help="a party that decides, by its identifier; once for each")],
    observer: Annotated[list[str] | None, typer.Option(help="a party that watches; once for each")] = None,
    ceiling: Annotated[str, typer.Option(help="the highest label that may be said")] = "SENSITIVE",
) -> None:
    """Found a line and propose a charter for it; the house's own party chairs it.  Prints the line and the proposal."""
    agreed = read(which)
    _refuse_unsound(agreed)
    seats = charter_line.Seats(tuple(member), tuple(observer or ()))
    _with_house(house, link, lambda visitor: charter_line.found(visitor, title, seats, ceiling, agreed))


@app.command()
def propose(line: Line, which: Which, *, house: House, link: Link) -> None:
    """Propose a charter on a line, in place of the one in force.  Prints the proposal."""
    agreed = read(which)
    _refuse_unsound(agreed)
    _with_house(house, link, lambda visitor: charter_line.propose(visitor, line, agreed))


@app.command()
def may(
    line: Line,
    act: Annotated[Path, typer.Argument(help="an act's body as JSON")],
    *,
    house: House,
    link: Link,
) -> None:
    """Ask whether an act would be allowed now, why not, and who could do it.  Nothing is done."""
    try:
        body = requests.plain(act.read_bytes()[: LARGEST + 1])
    except OSError as error:
        _end(f"{act}: {error.strerror}.", UNREADABLE)
    except DetenteError as error:
        _end(f"{act}: {error.sentence}", UNREADABLE)
    _with_house(house, link, lambda visitor: charter_line.may(visitor, line, body))


def _refuse_unsound(agreed: Charter) -> None:
    refusal = sound.check(agreed)
    if refusal:
        _end(f"{refusal.rule}: {refusal.sentence}", REFUSED)
