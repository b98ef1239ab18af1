"""The hunt in every entrance: each target under atheris in a child process of its own, for a time that was given.

    hunt.py [--seconds N] [TARGET...]      all targets if none is named; `dev.py soak` starts it

1. The control first: a decoder with a fault that was put in.  If that is not found, nothing else would be.
2. Two children at a time.  A child gets the target's true bytes to begin from, and ends with its time or with
   the first fault: an exception that the target does not document, a state that changed with a refusal, bytes
   that are written in another way than they were read, or an input that takes longer than `PATIENCE`.
3. An input that was a fault is printed in hexadecimal, to be written into `targets.WOUNDS`.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from fuzz.targets import CONTROL, TARGETS  # noqa: E402

AT_ONCE = 2
PATIENCE = 20  # seconds for one input: a decoder that takes so long has hung
GRACE = 300  # seconds beyond its time in which a child must have ended by itself
CONTROL_SECONDS = 60
_RUNS = re.compile(r"number_of_executed_units:\s*(\d+)")
_FAULT = re.compile(r"=== Uncaught Python exception: ===\n(.*?)\n\n", re.DOTALL)


class Hunted(NamedTuple):
    """What came of one target."""

    name: str
    runs: int
    fault: str | None = None
    found: bytes = b""

    def __str__(self) -> str:
        """A line for a person, and the input where there is one."""
        if self.fault is None:
            return f"{self.name}: {self.runs:,} inputs, no fault"
        return f"{self.name}: A FAULT after {self.runs:,} inputs\n{self.fault}\n  input: {self.found.hex()}"


def hunt(name: str, seconds: int) -> Hunted:
    """One target, for so many seconds."""
    with tempfile.TemporaryDirectory(prefix="detente-fuzz-") as scratch:
        corpus = Path(scratch) / "corpus"
        corpus.mkdir()
        flags = [
            f"-max_total_time={seconds}",
            f"-timeout={PATIENCE}",
            f"-artifact_prefix={scratch}/",
            "-rss_limit_mb=2048",
        ]
        command = [sys.executable, str(HERE / "child.py"), name, *flags, "-print_final_stats=1", str(corpus)]
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, errors="replace", check=False, timeout=seconds + GRACE
            )
            return judged(name, ended.returncode, ended.stdout + ended.stderr, Path(scratch))
        except subprocess.TimeoutExpired:
            return Hunted(name, 0, "the child did not end with its time")


def judged(name: str, code: int, said: str, scratch: Path) -> Hunted:
    """What a child's exit code, its words and the input that it left behind mean."""
    runs = sum(int(number) for number in _RUNS.findall(said))
    if code == 0 and runs:
        return Hunted(name, runs)
    left = [path for path in sorted(scratch.iterdir()) if path.is_file()]
    fault = _FAULT.search(said)
    return Hunted(name, runs, fault[1] if fault else said[-3000:], left[0].read_bytes() if left else b"")


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt; 0 only if the control was found and nothing else was."""
    parser = argparse.ArgumentParser(description="The hunt in every entrance.")
    parser.add_argument("--seconds", type=int, default=6, help="for each target (default: 6)")
    parser.add_argument("targets", nargs="*", help="names of targets (default: all)")
    options = parser.parse_args(arguments)
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(sorted(TARGETS))}")
    control = hunt(CONTROL, CONTROL_SECONDS)
    if control.fault is None or "put in" not in control.fault:
        print(f"The control was not found, so nothing is shown.\n{control}", flush=True)
        return 1
    print(f"the control was found after {control.runs:,} inputs", flush=True)
    hunted = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for one in pool.map(lambda name: hunt(name, options.seconds), options.targets or list(TARGETS)):
            print(one, flush=True)
            hunted.append(one)
    faults = [one.name for one in hunted if one.fault is not None]
    total = sum(one.runs for one in hunted)
    print(f"{len(hunted)} targets, {total:,} inputs; " + (f"faults: {', '.join(faults)}" if faults else "no fault"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
