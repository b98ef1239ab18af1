"""The page for researchers says what the code does: its program prints what it says, its functions and commands are there."""

import contextlib
import importlib.util
import io
import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from detente.cli.main import app

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "researchers.md").read_text("utf-8")
PROGRAM, PRINTED = re.findall(r"```(?:python)?\n(.*?)```", PAGE, re.DOTALL)
FILES = {"LIST.jsonl": '{"amendment": 1, "location": "Article 1 – paragraph 1", "authors": ["BEL"], '
         '"text": {"old": "Lines are kept open.", "new": "Lines stay open."}}\n',
         "TEXT.md": "## Article 1\n\n1. Lines are kept open.\n", "HARBOUR.md": "1. Every line is kept open by night.\n"}  # fmt: skip


def run():
    out, names = io.StringIO(), {}
    with contextlib.redirect_stdout(out):
        exec(compile(PROGRAM, "researchers.md", "exec"), names)  # noqa: S102 - the page's own program
    return out.getvalue(), names


def test_the_program_prints_what_the_page_says():
    assert run()[0] == PRINTED


def test_it_is_short_enough_to_be_read():
    assert 20 <= sum(bool(line.strip()) for line in PROGRAM.splitlines()) <= 45


def test_every_function_that_it_names_is_there():
    table = PAGE.partition("## What the functions are")[2].partition("## The same as commands")[0]
    named = re.findall(r"`(\w+)\.(\w+)`", table)
    assert len(named) > 15
    places = ("procedures.table", "documents", "library")
    for module, name in named:
        if module == "Library":
            assert hasattr(importlib.import_module("detente.library.texts").Library, name)
            continue
        found = [
            f"detente.{place}.{module}" for place in places if importlib.util.find_spec(f"detente.{place}.{module}")
        ]
        assert any(hasattr(importlib.import_module(each), name) for each in found), f"{module}.{name}"


def test_every_command_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drafts = run()[1]["DRAFTS"]
    for name, said in (FILES | {f"{month.upper()}.md": said for month, said in drafts.items()}).items():
        (tmp_path / name).write_text(said, "utf-8")
    lines = re.findall(r"^ {4}detente (text .*?)(?: {2,}|(?<=--json) )[a-z].*$", PAGE, re.MULTILINE)
    assert len(lines) == 10
    for line in lines:
        answer = CliRunner().invoke(app, shlex.split(line))
        assert answer.exit_code == 0, (line, answer.output)
