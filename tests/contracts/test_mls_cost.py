"""docs/specs/mls-cost.md has the figures that bench/mls_growth.py prints."""

import importlib.util
import re
import sys
from pathlib import Path

from detente.crypto.suites import HOUSE_SUITES

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs/specs/mls-cost.md").read_text("utf-8")
ROW = re.compile(r"^\| 0x(\w{4}) \| ([\d,]+) \| (full|fresh) \| (.+) \|$", re.MULTILINE)
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
