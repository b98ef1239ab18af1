"""Coverage: measured in each worker of a test run, and judged for the pure floors.

As a pytest plugin (`-p contracts.measured`, with DETENTE_MEASURED naming a folder) it measures what the
worker itself imports and runs.  The programs that tests start are not measured: they would only become
slower, and a rule that is reached by nothing but a journey has no test of its own.

As a program it combines what was measured and exits 0 only if the tests reached at least 95 % of the
lines and 95 % of the branches of the pure floors.  The tests marked `vectors` are not measured: their
files lie outside the project, and the gate must say the same without them.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import coverage

PURE = ("ground", "wire", "crypto", "mls", "tlog", "acts", "evidence", "procedures", "line", "chancery")
GATE = 95.0  # percent
QUIET = ["no-data-collected", "module-not-imported", "module-not-measured"]

_measuring: list[coverage.Coverage] = []


def _coverage(folder: Path, *, suffix: bool) -> coverage.Coverage:
    measure = coverage.Coverage(
        data_file=str(folder / "data"),
        data_suffix=suffix,
        config_file=str(Path.cwd() / "pyproject.toml"),
        messages=False,
    )
    measure.set_option("run:disable_warnings", QUIET)
    return measure


def pytest_configure(config):
    """Start in a worker, or in the only process if there are no workers."""
    is_controller = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if not is_controller:
        folder = Path(os.environ["DETENTE_MEASURED"])
        folder.mkdir(parents=True, exist_ok=True)
        _measuring.append(_coverage(folder, suffix=True))
        _measuring[0].start()


def pytest_sessionfinish(session):
    """Write what was measured, before a worker says that it has finished: from then on it has five seconds to live."""
    _write()


def pytest_unconfigure(config):
    """The same where the session came to no end."""
    _write()


def _write():
    while _measuring:
        measure = _measuring.pop()
        measure.stop()
        measure.save()


def floor_of(path: str) -> str:
    """The floor that a file of the package belongs to: `detente/mls/tree.py` -> `mls`."""
    parts = Path(path).parts
    below = parts[parts.index("detente") + 1 :]
    return below[0] if len(below) > 1 else ""


def totals(report: dict) -> dict[str, tuple[int, int, int, int]]:
    """For each pure floor: statements reached, statements, branches reached, branches."""
    found = dict.fromkeys(PURE, (0, 0, 0, 0))
    for path, data in report["files"].items():
        floor, seen = floor_of(path), data["summary"]
        if floor in found:
            numbers = (
                seen["covered_lines"],
                seen["num_statements"],
                seen["covered_branches"],
                seen["num_branches"],
            )
            found[floor] = tuple(map(sum, zip(found[floor], numbers, strict=True)))
    return found


def percent(reached: int, all_of_them: int) -> float:
    """A share in percent; nothing to reach is all reached."""
    return 100.0 * reached / all_of_them if all_of_them else 100.0


def judge(found: dict[str, tuple[int, int, int, int]]) -> list[str]:
    """What is wrong, as sentences; nothing if the gate is passed."""
    sums = tuple(map(sum, zip(*found.values(), strict=True)))
    if not sums[0]:
        return ["Nothing was measured."]
    shares = {"lines": percent(*sums[:2]), "branches": percent(*sums[2:])}
    return [
        f"The tests reach {share:.1f} % of the {what} of the pure floors; {GATE:.0f} % is the gate."
        for what, share in shares.items()
        if share < GATE
    ]


def untested(report: dict) -> list[str]:
    """The files of the pure floors that miss the gate on their own, worst first."""
    below = []
    for path, data in report["files"].items():
        if floor_of(path) in PURE and data["summary"]["percent_covered"] < GATE:
            lines = ", ".join(map(str, data["missing_lines"][:12]))
            share = data["summary"]["percent_covered"]
            below.append((share, f"  {share:5.1f} %  {path}" + (f"  lines {lines}" if lines else "")))
    return [text for _, text in sorted(below)]


def main() -> int:
    """Combine, print a table of the floors and judge."""
    folder = Path(os.environ["DETENTE_MEASURED"])
    measure = _coverage(folder, suffix=False)
    try:
        measure.combine([str(folder)], strict=True)
    except coverage.CoverageException as nothing:
        print(f"Nothing was measured: {nothing}")
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch) / "coverage.json"
        measure.json_report(outfile=str(written))
        report = json.loads(written.read_text("utf-8"))
    found = totals(report)
    print(f"{'floor':12} {'lines':>8} {'branches':>9}")
    for floor, (lines, all_lines, branches, all_branches) in found.items():
        print(f"{floor:12} {percent(lines, all_lines):6.1f} % {percent(branches, all_branches):7.1f} %")
    print("\n".join(["files below the gate:", *untested(report)]) if untested(report) else "no file is below the gate")
    wrong = judge(found)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
