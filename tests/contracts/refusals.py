"""How many hostile cases there are, by what they come from: the known wounds, and the validation lists of RFC 9420.

    python tests/contracts/refusals.py

A case is one test with one set of parameters, as pytest collects them.  It counts for a section if it bears
`@pytest.mark.refuses(section)`, and for the wounds if a row of the table in docs/specs/mls.md names its test.
Nothing is asserted about the figures; `test_mls_spec.py` holds the rows to the tests.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/specs/mls.md"
WOUND = re.compile(r"^\| (W\d\d) \| ([^|]+) \| ([^|]+) \| `(\w+)` \|$", re.MULTILINE)
SOURCES = ("7.3", "8.2", "10", "11", "12", "13")
_LINE = re.compile(r"^refusal\t([^\t]+)\t([\d., ]*)$", re.MULTILINE)


class Case(NamedTuple):
    """A test with its parameters, and the sections whose lists it is hostile to."""

    test: str
    sections: tuple[str, ...]

    @property
    def name(self) -> str:
        """The test's name alone."""
        return self.test.split("::", 1)[1].split("[", 1)[0]


def pytest_collection_finish(session: pytest.Session) -> None:
    """As a plugin of the pytest that is started below: a line for each case."""
    for item in session.items:
        sections = sorted({mark.args[0] for mark in item.iter_markers("refuses")})
        print(f"refusal\t{item.nodeid}\t{' '.join(sections)}")


def files() -> list[str]:
    """The test files in which a case can stand."""
    words = ["mark.refuses(", *(f"def {test}(" for *_, test in WOUND.findall(PAGE.read_text("utf-8")))]
    texts = {path: path.read_text("utf-8") for path in sorted((ROOT / "tests").glob("*/test_*.py"))}
    return [str(path) for path, text in texts.items() if any(word in text for word in words)]


def cases() -> list[Case]:
    """Every test of these files."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-q", "-p", "contracts.refusals", *files()]
    told = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "tests"), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [Case(test, tuple(sections.split())) for test, sections in _LINE.findall(told)]


def counted(found: list[Case]) -> dict[str, int]:
    """Source -> cases; the last is all of them, each once."""
    wounds = {test for *_, test in WOUND.findall(PAGE.read_text("utf-8"))}
    table = Counter({f"RFC 9420 section {source}": 0 for source in SOURCES})
    for case in found:
        table.update(
            f"RFC 9420 section {source}"
            for source in SOURCES
            if any(section == source or section.startswith(f"{source}.") for section in case.sections)
        )
    hostile = [case for case in found if case.sections or case.name in wounds]
    by_wounds = sum(case.name in wounds for case in found)
    return {**table, f"the {len(wounds)} tests of known wounds": by_wounds, "all, each once": len(hostile)}


def main() -> None:
    """Print the table."""
    for source, count in counted(cases()).items():
        print(f"{count:5}  {source}")


if __name__ == "__main__":
    main()
