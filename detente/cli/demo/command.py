"""`detente demo up`: the whole chain on one machine, to look at or to be played to its end.

    up               relay, register and three chanceries; a negotiation waits; one sign-in link for each office
    up --scripted    the same processes; the main job is played without a browser, step by step
    up --fresh       begins again; without it, a second start goes on where the last one stopped

Everything listens on loopback alone.  Ctrl-C ends all of it.
"""

from __future__ import annotations

import contextlib
import fcntl
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
from rich.markup import escape

from detente.cli.demo import source as sources
from detente.cli.demo.script import PREPARED, Script
from detente.cli.demo.source import Source
from detente.cli.demo.world import SEATS, World
from detente.ground.errors import DetenteError, Malformed, Unavailable

app = typer.Typer(help="A demonstration on this machine alone.", no_args_is_help=True, add_completion=False)
TEXTS = Path(__file__).parent / "texts"
DEFAULT_TEXT = "hotline.md"
_INTERRUPTED = 130
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
    steps = _Steps(out)
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a shell may have told it to ignore the first
        signal.signal(one, signal.default_int_handler)
    try:
        source = sources.read(text or TEXTS / DEFAULT_TEXT)
        place = data.resolve() / ("scripted" if scripted else "world")
        with _alone(place):
            folder = _folder(place, fresh=fresh or scripted)
            if scripted:
                _play(folder, source, steps, as_json=as_json)
            else:
                if text is not None and (place / PREPARED).exists():
                    out.print(
                        f"{text} is not laid on this table, which has its text; up --fresh begins with it.",
                        markup=False,
                    )
                _open(folder, source, steps)
    except KeyboardInterrupt:
        out.print("\nEverything has stopped." + ("" if scripted else " A second [bold]up[/] goes on from here."))
        raise typer.Exit(_INTERRUPTED if scripted else 0) from None
    except (DetenteError, OSError) as error:
        sentence = error.sentence if isinstance(error, DetenteError) else f"{error.filename or ''}: {error.strerror}."
        where = f" in step {steps.number}, {steps.name}" if steps.number else ""
        out.print(f"[bold red]Stopped{where}:[/] {escape(sentence)}")
        if as_json:
            sys.stdout.write(json.dumps({"ok": False, "step": steps.name, "sentence": sentence}) + "\n")
        raise typer.Exit(1) from None


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One demonstration at a time in a folder, so that none clears what another runs on."""
    data.parent.mkdir(parents=True, exist_ok=True)
    with data.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"A demonstration runs in {data} already: end that one first, or name another.") from None
        yield


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


def _play(data: Path, source: Source, steps: _Steps, *, as_json: bool) -> None:
    with _world(data) as world:
        outcome = Script(world, source, steps.say).play(steps.begin)
    steps.out.print()
    for label, value in _summary(asdict(outcome)):
        steps.out.print(f"  [dim]{label:<18}[/] {escape(value)}")
    if as_json:
        sys.stdout.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")


def _open(data: Path, source: Source, steps: _Steps) -> None:
    out = steps.out
    with _world(data) as world:
        Script(world, source, steps.say).prepare(steps.begin)
        out.print()
        out.print("[bold]A negotiation waits.[/] Each link makes a passkey for an office, once, here only:\n")
        shown = {seat.key: dict(world.links(seat)) for seat in SEATS}
        for seat in SEATS:
            out.print(f"  [bold]{seat.name}[/]")
            for office, link in shown[seat.key].items():
                out.print(f"    {office:<18} {link}")
        out.print(f"\n  Register           {world.url('register')}/")
        out.print(f"  Trust anchors      {world.anchors}", markup=False)
        out.print(f"  Everything lies in {data}; the keys of this demonstration lie beside it.", markup=False)
        out.print("  [dim]Ctrl-C stops everything. A second up goes on from here; up --fresh begins again.[/]\n")
        while True:
            time.sleep(1.0)
            for name in world.ensure():
                out.print(f"  {name} had ended and was started again")
            for sentence in _new_links(world, shown):
                out.print(sentence, markup=False)


def _new_links(world: World, shown: dict[str, dict[str, str]]) -> Iterator[str]:
    """A sentence for each link that took the place of one that was used."""
    for seat in SEATS:
        with contextlib.suppress(Unavailable):
            links = dict(world.links(seat))
            for office, link in links.items():
                if link != shown[seat.key].get(office):
                    yield f"  {seat.name}, {office}: the next link is {link}"
            shown[seat.key] = links


class _Steps:
    """Steps and what happens in them, as they happen."""

    def __init__(self, out: Console) -> None:
        self.out = out
        self.number = 0
        self.name = ""

    def begin(self, name: str) -> None:
        """A step begins."""
        self.number += 1
        self.name = name
        self.out.print(f"[bold cyan]{self.number:>2}  {name}[/]")

    def say(self, sentence: str) -> None:
        """Something happened."""
        self.out.print(f"    {sentence}", markup=False)


def _summary(outcome: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "acts", f"{outcome['acts']} under {outcome['checkpoints']} checkpoints"
    yield (
        "slots settled",
        f"{outcome['slots_settled']} of {outcome['slots']}, besides {outcome['edits_settled']} of the parties' own",
    )
    yield "rightly refused", "; ".join(outcome["refused"])
    yield "instrument", outcome["instrument"]
    yield "proof", outcome["proof"]
    yield "trust anchors", outcome["parties"]
    yield "all acts", outcome["acts_file"]
    yield "verify with", outcome["verify"]
    yield "not there yet", "; ".join(outcome["missing"])
    yield (
        "seconds",
        f"{outcome['seconds']:.1f}: " + ", ".join(f"{name} {took:.1f}" for name, took in outcome["steps"].items()),
    )
