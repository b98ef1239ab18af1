"""What the tests themselves must be: collected, named once, able to fail; and every module says what it is.

Whether a test can fail is asked of its syntax: it asserts, expects an error, or calls a function of the tests
that does.  A test whose point is that nothing is raised says so with `assert f() is None`.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = ROOT / "tests"
EXPECT = {"raises", "warns", "fail"}  # of pytest
PLACES = {"attacks", "browser", "contracts", "journeys", "procedures", "sim", "units", "vectors"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> dict[str, Function]:
    """Name -> function, methods included; of two with one name the last."""
    return {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}


@cache
def calls(function: Function) -> frozenset[str]:
    """The names that are called, whatever stands before the dot; and the fixtures that are asked for."""
    return frozenset(_calls(function))


def _calls(function: Function) -> Iterator[str]:
    yield from (argument.arg for argument in function.args.args)
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr


@cache
def fails(function: Function) -> bool:
    """Whether there is an assertion, or an error that is expected, in the function."""
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in EXPECT)
        for node in ast.walk(function)
    )


def known_to(tree: ast.Module, helpers: dict[str, dict[str, Function]]) -> dict[str, Function]:
    """The functions that a file can call: its own, and those of the tests' files that it imports."""
    known: dict[str, Function] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in helpers:
            known |= helpers[node.module]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                known |= helpers.get(alias.name, {})
    return known | functions(tree)


def idle(sources: dict[str, str]) -> list[str]:
    """The tests that cannot fail, as `file::test`.  `sources`: path -> text."""
    trees = {path: ast.parse(text) for path, text in sources.items()}
    helpers = {Path(path).stem: functions(tree) for path, tree in trees.items()}
    found = []
    for path, tree in trees.items():
        known = known_to(tree, helpers)
        able = {name for name, function in known.items() if fails(function)}
        while more := {name for name, one in known.items() if name not in able and able & calls(one)}:
            able |= more
        found += [f"{path}::{name}" for name in functions(tree) if name.startswith("test_") and name not in able]
    return found


def sources() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(TESTS.rglob("*.py"))}


def test_every_test_can_fail():
    assert idle(sources()) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def test_a(): f()", ["t.py::test_a"]),
        ("def test_a(): assert f()", []),
        ("def test_a():\n    with pytest.raises(E): f()", []),
        ("def held(): assert 1\ndef test_a(): held()", []),
        ("def held(): pass\ndef test_a(): held()", ["t.py::test_a"]),
        ("class W:\n    def agree(self): assert self\ndef test_a(w): w.agree()", []),
        ("from helper import agree\ndef test_a(): agree()", []),
        ("from elsewhere import agree\ndef test_a(): agree()", ["t.py::test_a"]),
        ("class C:\n    def test_a(self): f()\n    async def test_b(self): f()", ["t.py::test_a", "t.py::test_b"]),
    ],
)
def test_control_a_test_that_cannot_fail_is_found(text, found):
    assert idle({"t.py": text, "helper.py": "def agree(): assert inner()\ndef inner(): pass"}) == found


def test_every_test_file_has_a_name_of_its_own_and_lies_where_it_is_collected():
    files = sorted(TESTS.rglob("*.py"))
    collected = [path for path in files if path.name.startswith("test_")]
    names = [path.name for path in collected]
    assert {name for name in names if names.count(name) > 1} == set(), "two files with one name hide each other"
    assert {path.parent.name for path in collected} <= PLACES
    assert [path for path in collected if path.parent.parent != TESTS] == []
    strays = [path for path in files if path.name.endswith("_test.py")]
    assert strays == [], "pytest would collect them, and nobody looks for them there"
    others = {path.name: ast.parse(path.read_text("utf-8")) for path in files if path not in collected}
    lost = {name for name, tree in others.items() if any(one.startswith("test_") for one in functions(tree))}
    assert lost == set(), "tests in a file that is not collected"


@pytest.mark.parametrize("folder", ["detente", "tools"])
def test_every_module_says_what_it_is(folder):
    modules = [path for path in (ROOT / folder).rglob("*.py") if path.name != "__init__.py"]
    assert modules
    silent = [str(path.relative_to(ROOT)) for path in modules if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []
