"""docs/specs/mls-cost.md has the figures that bench/mls_growth.py prints."""

import importlib.util
import re
import sys
from pathlib import Path

from detente.crypto.suites import HOUSE_SUITES
from detente.line.terms import LINE_SUITE

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs/specs/mls-cost.md").read_text("utf-8")
ROW = re.compile(r"^\| 0x(\w{4}) \| ([\d,]+) \| (full|fresh) \| (.+) \|$", re.MULTILINE)
GROWN = re.compile(r"^\| ([\d,]+) \| (\d+) \| ([\d,]+) \| (\d+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", re.MULTILINE)
SIZES = (3, 10, 50, 200, 1_000)
SLACK = 16  # two ECDSA signatures in DER, each some bytes shorter or longer


def growth(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    spec = importlib.util.spec_from_file_location("mls_growth", ROOT / "bench/mls_growth.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.pop("measure", None)
    return module


def number(text):
    return int(text.replace(",", ""))


def test_the_page_has_the_figures_of_the_bench(monkeypatch):
    bench, rows = growth(monkeypatch), ROW.findall(PAGE)
    assert [int(suite, 16) for suite, *_ in rows] == [suite for suite in HOUSE_SUITES for _ in range(2)]
    for suite, package, kind, figures in rows:
        spoken = HOUSE_SUITES[int(suite, 16)]
        assert abs(len(bench.package_of(spoken, 1)) - number(package)) <= SLACK
        for size, figure in zip(SIZES, figures.split(" | "), strict=True):
            counted, _ = bench.commit_bytes(spoken, size, full=kind == "full")
            assert abs(counted - number(figure)) <= SLACK, (suite, kind, size)


def test_what_is_counted_is_what_is_sent(monkeypatch):
    bench = growth(monkeypatch)
    for suite in (1, 2, 0xF002):
        spoken = HOUSE_SUITES[suite]
        for size in (2, 3, 10):
            assert abs(bench.made(spoken, size) - bench.commit_bytes(spoken, size, full=False)[0]) <= SLACK


def test_after_parties_came_one_after_another_a_commit_is_as_short_as_in_a_full_tree(monkeypatch):
    """Counted in secrets and bytes; the page says the same for more parties than are lived through here."""
    bench = growth(monkeypatch)
    rows = {number(row[0]): [number(figure) for figure in row[1:]] for row in GROWN.findall(PAGE)}
    assert list(rows) == [3, 10, 50, 200]
    for size, (secrets, octets, bare_secrets, bare, *_) in rows.items():
        assert secrets == len(bench.recipients(size, full=True))
        assert abs(octets - bench.commit_bytes(LINE_SUITE, size, full=True)[0]) <= SLACK
        assert bare_secrets == size - 1
        assert abs(bare - bench.commit_bytes(LINE_SUITE, size, full=False)[0]) <= SLACK
    for size in (3, 10):
        lived = bench.grown(LINE_SUITE, size, arriving=True)
        assert [*lived[:2], *bench.grown(LINE_SUITE, size, arriving=False)[:2], *lived[2:]] == rows[size]
