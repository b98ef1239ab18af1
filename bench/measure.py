"""How every bench here measures and prints.

A figure alone says little on a machine that does other work too.  So every bench measures its floor, or
a peer, in the same run: the cases take turns, round by round, and what slows the machine down for a
moment hits all of them alike.  Printed are medians and smallest times, and ratios of medians.  Every run
begins and ends with the load of the machine.  Nothing here asserts a time.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SURROUNDINGS = {**os.environ, "PYTHONPATH": str(ROOT)}
if SURROUNDINGS.pop("PYTHONDONTWRITEBYTECODE", ""):  # whoever wants no bytecode in the checkout has it elsewhere
    SURROUNDINGS["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "detente-bench-bytecode")


class Figure:
    """Seconds of one case, over all rounds."""

    def __init__(self):
        self.seconds = []

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def least(self):
        return min(self.seconds)


def interleaved(cases, rounds=7, batch=0.03, budget=120.0, clock=time.process_time, *, piece=None):
    """Seconds per call of each case (name -> function), in turns; at most about `budget` seconds in all.

    By default seconds of this process's own CPU time, which other programs disturb least; what waits for a
    disk is measured with `time.perf_counter`.  A case that has a `prepare` is prepared before each call, unmeasured.

    A case runs `batch` seconds in each round.  That is one measurement, unless it is taken in pieces of so many
    seconds, or of one call: then a moment in which others had the processor, and left nothing of ours in its
    caches, spoils one piece and not the mean of all.
    """
    begun = time.monotonic()
    plan = []
    for name, case in cases.items():
        _spent(case, 1, clock)
        once = max(_spent(case, 1, clock), 1e-6)
        calls = max(1, int((piece or batch) / once))
        plan.append((name, case, calls, max(1, int(batch / (calls * once)))))
    figures = {name: Figure() for name in cases}
    for number in range(rounds):
        if number and (time.monotonic() - begun) * (number + 1) / number > budget:
            say(f"stopped after {number} of {rounds} rounds: the time is up")
            break
        for name, case, calls, pieces in plan:
            figures[name].seconds += [_spent(case, calls, clock) / calls for _ in range(pieces)]
    return figures


def _spent(case, times, clock):
    """Seconds of so many calls."""
    prepare = getattr(case, "prepare", None)
    if prepare is None:
        start = clock()
        for _ in range(times):
            case()
        return clock() - start
    spent = 0.0
    for _ in range(times):
        prepare()
        start = clock()
        case()
        spent += clock() - start
    return spent


def shared(name):
    """A file of the shared folder, or None where there is none on this machine."""
    path = Path(os.environ.get("DETENTE_SHARED") or ROOT.parent / "shared") / name
    return path if path.exists() else None


def say(text=""):
    print(text, flush=True)


def opening(title):
    say(f"{title}")
    say(f"{os.cpu_count()} cores, Python {platform.python_version()}, {load()}")
    say()


def closing(begun):
    say()
    say(f"{time.monotonic() - begun:.0f} s in all, {load()}")


def load():
    return "load {:.1f} {:.1f} {:.1f}".format(*os.getloadavg())


def table(head, rows):
    """Columns; the first is words, the others are numbers or short words."""
    cells = [head, *([str(each) for each in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        first, *rest = (
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        say("  ".join([first, *rest]).rstrip())
    say()


def micro(seconds):
    return f"{seconds * 1e6:,.1f}"


def milli(seconds):
    return f"{seconds * 1e3:,.2f}"


def times(ratio):
    return f"{ratio:,.1f}x" if ratio >= 10 else f"{ratio:.2f}x"
