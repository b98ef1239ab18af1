"""The page on texts without a house says what the code does: its rules, its versions, its bounds."""

import re
from pathlib import Path

from detente.library.texts import STATUSES
from detente.procedures.table import amendments, lint, parse, profile

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "specs" / "library.md").read_text("utf-8")


def test_the_table_of_rules_is_that_of_the_code():
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(rule.name, rule.severity.value, rule.what) for rule, _ in lint.RULES]


def test_versions_bounds_and_words_are_those_of_the_code():
    flat = " ".join(PAGE.split())
    assert f"`{parse.VERSION}`" in flat
    assert parse.LARGEST_TEXT == 4 * 2**20
    assert "at most four MiB" in flat
    assert f"Below {amendments.NEAREST:.0f} per cent of common words" in flat
    assert f"status ({', '.join(STATUSES)})" in flat


def test_the_profile_of_the_page_can_be_read():
    written = re.search(r"(?m)^    \[parties\]\n(?:(?:    .*)?\n)*?    HARBOURS.*\n", PAGE)
    assert written is not None
    read = profile.read(re.sub(r"(?m)^    ", "", written[0]).encode())
    assert read.members("HARBOURS") == ("BEL", "COR")
    assert read.code("Republic of Belmora") == "BEL"


def test_the_program_of_the_page_runs(tmp_path, monkeypatch):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "draft.md").write_text("1. Lines are kept [BEL: open] at noon, and and at night.\n")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(program, "library.md", "exec"), names)  # noqa: S102 - the page's own program
    assert [each.rule for each in names["notes"]] == ["word-twice"]
    assert [each.words for each in names["drafted"]] == [("open",)]
    assert names["hits"][0].work.work.symbol == "HS/2031/4"
    assert names["found"].byte_identical
