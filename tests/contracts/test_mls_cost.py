"""docs/specs/mls-cost.md has the figures that bench/mls_growth.py prints, and bench/mls.py measures true groups."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from detente.crypto.suites import HOUSE_SUITES
from detente.line.terms import LINE_SUITE

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs/specs/mls-cost.md").read_text("utf-8")
ROW = re.compile(r"^\| 0x(\w{4}) \| ([\d,]+) \| (full|fresh) \| (.+) \|$", re.MULTILINE)
GROWN = re.compile(r"^\| ([\d,]+) \| (\d+) \| ([\d,]+) \| (\d+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", re.MULTILINE)
SIZES = (3, 10, 50, 200, 1_000)
SLACK = 16  # two ECDSA signatures in DER, each some bytes shorter or longer


def bench_file(monkeypatch, name):
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    spec = importlib.util.spec_from_file_location(name, ROOT / f"bench/{name}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)  # where its dataclasses look for it
    spec.loader.exec_module(module)
    for shared in ("measure", "mls_groups", "primitives"):
        sys.modules.pop(shared, None)
    return module


def growth(monkeypatch):
    return bench_file(monkeypatch, "mls_growth")


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


@pytest.mark.parametrize("suite", [0x0001, 0xF002], ids=["classical", "hybrid"])
def test_a_member_that_is_put_together_is_one_who_followed(monkeypatch, suite):
    groups, spoken, sent = bench_file(monkeypatch, "mls_groups"), HOUSE_SUITES[suite], []
    found = groups.grown(spoken, (2, 3, 6, 7), sent)
    assert len(sent) == 12
    for leaf, size in ((0, 2), (1, 3)):  # from when it only follows: the second adds the third
        member = found[size].member(leaf)
        for raw in sent[2 * size - 2 : 10]:
            member = member.open(raw, groups.accredited).next
        assert member == found[6].member(leaf)
        for raw in sent[10:]:
            member = member.open(raw, groups.accredited).next
        assert member == found[7].member(leaf)


def test_a_full_group_is_full_and_every_member_opens_what_the_first_commits(monkeypatch):
    groups, suite = bench_file(monkeypatch, "mls_groups"), HOUSE_SUITES[1]
    full = groups.grown(suite, (8,))[8]
    members = [full.member(leaf) for leaf in range(8)]
    assert all(node is not None for node in members[0].state.tree.nodes)
    made = groups.commit(members[0])
    following = [member.open(made.message, groups.accredited).next for member in members[1:]]
    assert {one.epoch_authenticator for one in following} == {made.next.epoch_authenticator}


def test_the_floor_counts_what_a_commit_holds(monkeypatch):
    bench, suite = bench_file(monkeypatch, "mls"), HOUSE_SUITES[1]
    full = bench.mls_groups.grown(suite, (8, 9))
    assert bench.path_of(full[8].member(0))[:2] == (3, 3)
    assert bench.path_of(full[9].member(0))[:2] == (4, 4)
    assert bench.path_of(full[8].member(0), remove=[7])[:2] == (3, 4)
    assert bench.path_of(bench.mls_groups.fresh(suite, 8)[0])[:2] == (3, 7)
    counts = bench.creation(full[8].member(0))
    assert [counts[name] for name in ("key_pair", "hpke_seal", "sign")] == [4, 3, 2]
    prices = dict.fromkeys(bench.primitives.cases(), 1.0)
    assert bench.primitives.cost(prices, **counts) > 4 + 3 + 2


def test_all_operations_of_the_bench_can_be_called(monkeypatch):
    bench = bench_file(monkeypatch, "mls")
    found, largest = bench.operations(HOUSE_SUITES[0xF002], [5])
    assert largest.size == 5
    assert len({one.title for one in found}) == len(found) == 16
    for one in found:
        one.call()


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
