"""Claim: the whole chain, from nothing to a verified instrument, takes seconds, and they are spent where the work is.

Runs `python3 dev.py up --scripted --json` so many times, each time in a fresh data folder, with the environment
already made (bench/way_in.py measures it from nothing), and prints the seconds of each step: median, smallest,
share of the whole.  For comparison, in the same turns: `python -c "import detente.bootstrap"`, which every process
of a house must do before it can do anything, and which is what the first step mostly consists of.

    python bench/up.py [--runs N] [--text FILE]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure
from measure import ROOT, SURROUNDINGS, say

DEFAULT = ROOT / "detente" / "cli" / "demo" / "texts" / "hotline.md"


def one_run(text):
    """The last line of one run: steps, seconds, what was settled."""
    with tempfile.TemporaryDirectory(prefix="detente-bench-") as folder:
        command = [sys.executable, "dev.py", "up", "--scripted", "--json", "--text", str(text)]
        begun = time.monotonic()
        ended = subprocess.run(
            [*command, "--data", folder], cwd=ROOT, capture_output=True, text=True, check=False, env=SURROUNDINGS
        )
        whole = time.monotonic() - begun
    lines = ended.stdout.strip().splitlines()
    found = json.loads(lines[-1]) if lines else {}
    if ended.returncode or not found.get("ok"):
        raise SystemExit(f"the run failed: {found.get('sentence') or ended.stderr[-500:]}")
    return found, whole


def one_import():
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import detente.bootstrap"], cwd=ROOT, check=True, env=SURROUNDINGS)
    return time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--text", type=Path, default=DEFAULT)
    parser.add_argument("--seconds", type=float, default=120.0, help="begin no run after so many seconds")
    options = parser.parse_args()
    begun = time.monotonic()
    measure.opening(f"up --scripted, {options.text.name}")
    one_import()
    one_run(options.text.resolve())  # not counted: what is imported for the first time is compiled
    runs, wholes, imports = [], [], []
    for number in range(options.runs):
        imports.append(one_import())
        found, whole = one_run(options.text.resolve())
        runs.append(found)
        wholes.append(whole)
        say(f"run {number + 1}: {whole:.1f} s, {measure.load()}")
        if (time.monotonic() - begun) * (number + 2) / (number + 1) > options.seconds:
            break
    report(runs, wholes, imports)
    measure.closing(begun)


def report(runs, wholes, imports):
    last = runs[-1]
    say(
        f"\n{last['acts']} acts under {last['checkpoints']} checkpoints, {last['slots_settled']} slots settled, "
        f"{len(runs)} runs\n"
    )
    whole = statistics.median(wholes)
    rows = []
    for step in last["steps"]:
        seconds = [each["steps"][step] for each in runs]
        rows.append((step, *_figures(seconds, whole)))
    outside = [all_of - each["seconds"] for each, all_of in zip(runs, wholes, strict=True)]
    rows.append(("starting, and ending every process", *_figures(outside, whole)))
    rows.append(("whole command", *_figures(wholes, whole)))
    rows.append(("floor: one import of a house's code", *_figures(imports, whole)))
    measure.table(["step", "s median", "s min", "share"], rows)
    imported = statistics.median(imports)
    say(f"the whole command takes {measure.times(whole / imported)} one import; it starts about a dozen such programs")
    settling = statistics.median(each["steps"]["settlement"] for each in runs)
    say(f"a settlement, through the API and all three houses: {settling / max(1, last['slots_settled']) * 1e3:.0f} ms")


def _figures(seconds, whole):
    return (
        f"{statistics.median(seconds):.2f}",
        f"{min(seconds):.2f}",
        f"{statistics.median(seconds) / whole:.0%}",
    )


if __name__ == "__main__":
    main()
