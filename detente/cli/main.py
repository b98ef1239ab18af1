"""`detente`: every command is a module of its own, read only when it is called.

A command that is not in this build says so; the others do not suffer from it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

_NOT_HERE: Final = 2


@dataclass(frozen=True)
class Command:
    """Where a command is found: `module:name`, a function, or an app with commands of its own."""

    where: str
    what: str
    app: bool = False


COMMANDS: Final = {
    "house": Command("detente.cli.house:app", "Make a party's house; hand over its record.", app=True),
    "chancery": Command("detente.cli.chancery:chancery", "Run a party's house: its lines, its API and its pages."),
    "relay": Command("detente.relay.main:serve", "Run a relay, which orders and keeps what it cannot read."),
    "register": Command("detente.register.main:serve", "Run a public register of what parties chose to conclude."),
    "verify": Command("detente.cli.verify:verify", "Say what a sealed instrument proves and by whom, offline."),
    "text": Command("detente.cli.text:app", "Look at a negotiating text.", app=True),
    "charter": Command("detente.cli.charter:app", "Read, check, compare, found and propose charters.", app=True),
    "demo": Command("detente.cli.demo.command:app", "The demonstration: three parties on this machine.", app=True),
}


class Commands(TyperGroup):
    """The table above, as a group of commands that are read when they are called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every name, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name, or None where there is none."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        return _load(cmd_name, entry) if entry else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list that --help shows, without reading any command."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.what) for name, entry in COMMANDS.items()])


def _load(name: str, entry: Command) -> Any:
    module, _, attribute = entry.where.partition(":")
    try:
        found: Any = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        sys.stderr.write(f"“detente {name}” is not in this build.\n")
        raise typer.Exit(_NOT_HERE) from None
    if not entry.app:
        found, function = typer.Typer(add_completion=False), found
        found.command(name, help=entry.what)(function)
    made = typer.main.get_command(found)
    made.name = name
    return made


app = typer.Typer(
    cls=Commands, rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False
)


@app.callback(help="Lines, boundaries and agreements between parties that do not trust each other.")
def detente() -> None:
    """Lines, boundaries and agreements between parties that do not trust each other."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of `detente`."""
    app(arguments if arguments is None else list(arguments), prog_name="detente")


if __name__ == "__main__":
    main()
