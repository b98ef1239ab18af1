"""docs/specs/mls.md says what the code does: its tables of checks and of wounds, and its example."""

import ast
import re
from pathlib import Path

from contracts import refusals

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs/specs/mls.md").read_text("utf-8")
ROW = re.compile(r"^\| (M\d\d) \| ([^|]+) \| [^|]+ \| `(mls/\w+\.py):([\w.]+)` \| `(\w+)` \|$", re.MULTILINE)
COMMENT = re.compile(r"# (M\d\d), section (.+)$", re.MULTILINE)


def functions(path):
    """The source of every function of a file, by its name with its class."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    found = {}
    for node in ast.parse(text).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for one in inner:
            if isinstance(one, ast.FunctionDef):
                name = f"{node.name}.{one.name}" if isinstance(node, ast.ClassDef) else one.name
                found[name] = "\n".join(lines[one.lineno - 1 : one.end_lineno])
    return found


def test_every_numbered_check_stands_where_the_table_says_and_has_its_test():
    rows = ROW.findall(PAGE)
    assert [number for number, *_ in rows] == [f"M{count:02d}" for count in range(1, len(rows) + 1)]
    assert len(rows) >= 80
    sources = {path.name: functions(path) for path in (ROOT / "detente/mls").glob("*.py")}
    tests = {name for path in (ROOT / "tests").rglob("test_mls_*.py") for name in functions(path)}
    for number, section, file, function, test in rows:
        source = sources[Path(file).name][function]
        assert (number, section) in COMMENT.findall(source), (number, file, function)
        assert test in tests, (number, test)


def test_no_check_of_the_code_is_missing_from_the_table():
    written = [
        number for path in (ROOT / "detente/mls").glob("*.py") for number, _ in COMMENT.findall(path.read_text("utf-8"))
    ]
    assert sorted(written) == [number for number, *_ in ROW.findall(PAGE)]


def test_every_known_wound_and_every_validation_list_is_tried_by_a_test_that_is_collected():
    rows = refusals.WOUND.findall(PAGE)
    assert [number for number, *_ in rows] == [f"W{count:02d}" for count in range(1, len(rows) + 1)]
    assert PAGE.count("\n| W") == len(rows), "a row is not in its form"
    found = refusals.cases()
    named = {case.name for case in found}
    assert [row for row in rows if row[-1] not in named] == []
    table = refusals.counted(found)
    print("\n".join(f"{count:5}  {source}" for source, count in table.items()))  # noqa: T201 - what the page points at
    assert [source for source, count in table.items() if not count] == []


def test_the_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for line in example.splitlines() if line and not line.startswith(("#", "from"))]
    assert len(lines) <= 24
    exec(compile(example, "docs/specs/mls.md", "exec"), {})  # noqa: S102
