"""Named mutants: each guard of `mutants.toml` is taken away in a copy of the tree, and a test must miss it.

A coverage figure says that a line ran; a mutant that dies says that somebody would notice if the line
were gone.  The table is for guards whose silent loss would hurt a user: a comparison, a bound, an order.

How a mutant is judged:

1. its snippet stands exactly once in its file, otherwise the entry is out of date, which is a failure;
2. the tests that it names pass in the untouched copy (the control, run once for all);
3. with the snippet replaced they fail: pytest ends with 1, or does not end in time.  Every other end is a
   failure of the entry, because a mutant that cannot be imported shows nothing.

The working tree is never touched.  `hunt.py NAME...` hunts only those named.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = Path(__file__).resolve().parent / "mutants.toml"
COPIED = ("detente", "tests", "tools", "docs", "dev.py", "pyproject.toml", "requirements")
WORKERS = 2
PATIENCE = 180  # seconds for the named tests of one mutant; a mutant may well loop for ever
TESTS_FAILED = 1  # pytest's exit code


class Mutant(NamedTuple):
    """One guard, and who must miss it."""

    name: str
    file: str
    snippet: str
    replacement: str
    tests: list[str]
    why: str


def read(text: str) -> list[Mutant]:
    """The entries of a table.  Raises TypeError or ValueError if one has not exactly the six parts."""
    mutants = [Mutant(**entry) for entry in tomllib.loads(text)["mutant"]]
    names = [mutant.name for mutant in mutants]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"Two mutants have one name: {', '.join(sorted(twice))}.")
    return mutants


def copy_tree(target: Path, root: Path = ROOT) -> Path:
    """A copy of what tests need, without anything that was made by running."""
    leave = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "node_modules")
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=leave)
        elif source.exists():
            shutil.copy2(source, target / name)
    return target


def run_tests(tree: Path, tests: Sequence[str], *, whole: bool = False) -> int | None:
    """pytest's exit code for these tests in that tree; None if it did not end in time.

    With `whole` they are all those of the table, on all workers and with more patience.
    """
    environment = os.environ | {
        "PYTHONPATH": str(tree),  # before the checkout, which the environment would find otherwise
        "PYTHONDONTWRITEBYTECODE": "1",  # a mutant may have the size and the second of what it replaces
        "DETENTE_SHARED": os.environ.get("DETENTE_SHARED") or str(ROOT.parent / "shared"),
    }
    workers = ["-n", str(WORKERS), "--dist", "loadgroup"] if whole else ["-p", "no:xdist"]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *workers, "-m", "not soak", *tests]
    try:
        ended = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=PATIENCE * (5 if whole else 1),
        )
    except subprocess.TimeoutExpired:
        return None
    return ended.returncode


def stale(mutant: Mutant, tree: Path) -> str | None:
    """What is out of date in an entry, if anything."""
    path = tree / mutant.file
    if not path.is_file():
        return f"{mutant.file} is not there."
    times = path.read_text("utf-8").count(mutant.snippet)
    if times != 1:
        return f"its snippet stands {times} times in {mutant.file}, not once."
    missing = [test for test in mutant.tests if not (tree / test.split("::", 1)[0]).exists()]
    if missing or not mutant.tests:
        return f"no such test: {', '.join(missing) or 'none is named'}."
    if mutant.snippet == mutant.replacement:
        return "it changes nothing."
    return None


def verdict(code: int | None) -> str | None:
    """What is wrong with how the tests of a mutant ended; None if they noticed that the guard is gone."""
    if code in (TESTS_FAILED, None):
        return None
    return (
        "it survived: no named test notices that the guard is gone."
        if code == 0
        else f"pytest ended with {code}, which is no test."
    )


def hunt(mutant: Mutant, tree: Path) -> str | None:
    """Apply, run, restore.  What is wrong, or None."""
    problem = stale(mutant, tree)
    if problem:
        return problem
    path = tree / mutant.file
    whole = path.read_text("utf-8")
    try:
        path.write_text(whole.replace(mutant.snippet, mutant.replacement), "utf-8")
        return verdict(run_tests(tree, mutant.tests))
    finally:
        path.write_text(whole, "utf-8")


def hunt_all(mutants: Sequence[Mutant], scratch: Path) -> list[tuple[Mutant, str | None]]:
    """Hunt them, each worker in a copy of its own; in the order of the table."""
    trees: Queue[Path] = Queue()
    for number in range(WORKERS):
        trees.put(copy_tree(scratch / f"tree-{number}"))

    def in_some_tree(mutant: Mutant) -> tuple[Mutant, str | None]:
        tree = trees.get()
        try:
            return mutant, hunt(mutant, tree)
        finally:
            trees.put(tree)

    with ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(in_some_tree, mutants))


def main(names: Sequence[str]) -> int:
    """Hunt all or those named; 0 if every mutant was caught by its tests."""
    mutants = [mutant for mutant in read(TABLE.read_text("utf-8")) if not names or mutant.name in names]
    unknown = set(names) - {mutant.name for mutant in mutants}
    if unknown or not mutants:
        print(f"no such mutant: {', '.join(sorted(unknown)) or 'the table is empty'}")
        return 1
    with tempfile.TemporaryDirectory(prefix="detente-mutants-") as scratch:
        control = copy_tree(Path(scratch) / "control")
        outdated = [f"{mutant.name}: {problem}" for mutant in mutants if (problem := stale(mutant, control))]
        if outdated:
            print("\n".join(outdated))
            return 1
        if run_tests(control, sorted({test for mutant in mutants for test in mutant.tests}), whole=True) != 0:
            print("The named tests do not pass in an untouched copy, so nothing can be said about mutants.")
            return 1
        results = hunt_all(mutants, Path(scratch))
    for mutant, problem in results:
        print(f"{'SURVIVES' if problem else 'caught  '}  {mutant.name}" + (f": {problem}" if problem else ""))
    survivors = [mutant for mutant, problem in results if problem]
    print(f"{len(results) - len(survivors)} of {len(results)} mutants are caught by a test")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
