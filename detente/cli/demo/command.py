"""`detente demo up`: the whole chain on one machine, to look at or to be played to its end.

    up               relay, register and three chanceries; a negotiation waits; one sign-in link for each office
    up --scripted    the same processes; the main job is played without a browser, step by step
    up --fresh       begins again; without it, a second start goes on where the last one stopped

Everything listens on loopback alone.  Ctrl-C ends all of it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from detente.cli.demo.script import Script
from detente.cli.demo.world import SEATS, World
from detente.ground.errors import DetenteError, Malformed

app = typer.Typer(help="A demonstration on this machine alone.", no_args_is_help=True)
TEXTS = Path(__file__).parent / "texts"
DEFAULT_TEXT = "hotline.md"
MARK = "world.json"  # a data folder that this command made, and may clear


@app.callback()
def main() -> None:
    """A demonstration on this machine alone."""


@app.command()
def up(
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last demonstration and begin again.")] = False,
    scripted: Annotated[
        bool, typer.Option("--scripted", help="Play the main job to its end, without a browser.")
    ] = False,
    text: Annotated[Path | None, typer.Option("--text", help="A bracketed text to negotiate.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON.")] = False,
    data: Annotated[Path, typer.Option("--data", help="Where the demonstration keeps its things.")] = Path(".detente"),
) -> None:
    """Three parties, a relay and a register on this machine."""
    out = Console(stderr=as_json, highlight=False, soft_wrap=True)
    source = (text or TEXTS / DEFAULT_TEXT).resolve()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        folder = _folder(data.resolve() / ("scripted" if scripted else "world"), fresh=fresh or scripted)
        if scripted:
            _play(folder, source, out, as_json=as_json)
        else:
            _open(folder, source, out)
    except KeyboardInterrupt:
        out.print("\nEverything has stopped. A second [bold]up[/] goes on from here.")
    except DetenteError as error:
        out.print(f"[bold red]Stopped:[/] {error.sentence}", markup=True)
        if as_json:
            sys.stdout.write(json.dumps({"ok": False, "sentence": error.sentence}) + "\n")
        raise typer.Exit(1) from None


def _folder(data: Path, *, fresh: bool) -> Path:
    """The data folder; cleared for a fresh start, but only one that this command made."""
    if data.exists() and fresh:
        if any(data.iterdir()) and not (data / MARK).exists():
            raise Malformed(f"{data} is not a demonstration's folder: name another, or clear it yourself.")
        shutil.rmtree(data)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data / MARK).write_text('{"kind":"detente.demonstration/1"}\n')
    return data


@contextlib.contextmanager
def _world(data: Path) -> Iterator[World]:
    world = World(data)
    try:
        yield world
    finally:
        world.stop()


def _play(data: Path, source: Path, out: Console, *, as_json: bool) -> None:
    steps = _Steps(out)
    with _world(data) as world:
        outcome = Script(world, source, steps.say).play(steps.begin)
    out.print()
    for label, value in _summary(asdict(outcome)):
        out.print(f"  [dim]{label:<18}[/] {value}")
    if as_json:
        sys.stdout.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")


def _open(data: Path, source: Path, out: Console) -> None:
    steps = _Steps(out)
    with _world(data) as world:
        script = Script(world, source, steps.say)
        script.prepare(steps.begin)
        out.print()
        out.print("[bold]A negotiation waits.[/] Sign in as an office; each link works once, on this machine only:\n")
        for seat in SEATS:
            out.print(f"  [bold]{seat.name}[/]")
            for office, link in world.links(seat).items():
                out.print(f"    {office:<18} {link}")
        out.print(f"\n  Register           {world.url('register')}/")
        out.print(f"  Everything lies in {data}; the keys of this demonstration lie beside it.")
        out.print("  [dim]Ctrl-C stops everything. A second up goes on from here; up --fresh begins again.[/]")
        while True:
            for name in world.ensure():
                out.print(f"  {name} had ended and was started again")
            time.sleep(1.0)


class _Steps:
    """Steps and what happens in them, as they happen."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._number = 0

    def begin(self, name: str) -> None:
        """A step begins."""
        self._number += 1
        self._out.print(f"[bold cyan]{self._number:>2}  {name}[/]")

    def say(self, sentence: str) -> None:
        """Something happened."""
        self._out.print(f"    {sentence}", markup=False)


def _summary(outcome: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "acts", f"{outcome['acts']} under {outcome['checkpoints']} checkpoints"
    yield (
        "slots settled",
        f"{outcome['slots_settled']} of {outcome['slots']}, besides {outcome['edits_settled']} of the parties' own",
    )
    yield "instrument", outcome["instrument"]
    yield "proof", outcome["proof"]
    yield "trust anchors", outcome["parties"]
    yield "verify with", outcome["verify"]
    yield "not there yet", "; ".join(outcome["missing"])
    yield (
        "seconds",
        f"{outcome['seconds']:.1f}: " + ", ".join(f"{name} {took:.1f}" for name, took in outcome["steps"].items()),
    )
