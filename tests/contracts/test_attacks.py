"""The threat model and the attack tests say the same.

An attack test bears `@pytest.mark.attack(id, outcome)`; its file has a control: a test with `control` in its
name, or a line that ends in `# control`, which shows the attack succeeding with the defence away or the honest
case passing.  Every id and every outcome stands in the table of docs/threat-model.md, and every test that a row
names bears the row's id.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
OUTCOMES = {"prevented", "detected", "limited"}
ATTACK = re.compile(r"A\d\d")
TEST = re.compile(r"tests/[\w/]+\.py(?:::\w+)?")


class Mark(NamedTuple):
    attack: str
    outcome: str


class Row(NamedTuple):
    attack: str
    outcomes: set[str]
    tests: list[str]


def marks(tree: ast.AST) -> Iterator[Mark]:
    """What `mark.attack(...)` says, wherever it stands in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "attack":
            values = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if len(values) == 2 and all(isinstance(value, str) for value in values):
                yield Mark(*values)
            else:
                yield Mark("", "")


def has_control(tree: ast.AST, text: str) -> bool:
    named = any(isinstance(node, ast.FunctionDef) and "control" in node.name for node in ast.walk(tree))
    return named or any(re.search(r"\S.*# (?:the )?control\b", line) for line in text.splitlines())


def faults_of_a_file(text: str) -> list[str]:
    """What a file of attacks lacks."""
    tree = ast.parse(text)
    found = list(marks(tree))
    faults = [] if found else ["it marks no attack"]
    faults += [f"{mark.attack!r} is no attack" for mark in found if not ATTACK.fullmatch(mark.attack)]
    faults += [f"{mark.outcome!r} is no outcome" for mark in found if mark.outcome not in OUTCOMES]
    return faults + ([] if has_control(tree, text) else ["it has no control"])


def rows(page: str) -> list[Row]:
    """The rows of the table of attacks."""
    cells = [[cell.strip() for cell in line.strip("|\n ").split(" | ")] for line in page.splitlines() if "|" in line]
    return [
        Row(row[0], {word.strip() for word in row[3].split(",")}, TEST.findall(row[5]))
        for row in cells
        if len(row) == 6 and ATTACK.fullmatch(row[0])
    ]


def disagreements(table: list[Row], files: dict[str, str]) -> list[str]:
    """Where table and tests differ.  `files`: path -> text, of every test file that marks attacks."""
    said = {row.attack: row for row in table}
    marked = {path: set(marks(ast.parse(text))) for path, text in files.items()}
    wrong = [] if len(said) == len(table) else ["an attack has two rows"]
    for path, found in sorted(marked.items()):
        for attack, outcome in sorted(found):
            if attack not in said:
                wrong.append(f"{attack} of {path} has no row")
            elif outcome not in said[attack].outcomes:
                wrong.append(f"{attack} is {outcome} in {path}, and not in its row")
            elif path not in {test.split("::")[0] for test in said[attack].tests}:
                wrong.append(f"the row of {attack} does not name {path}")
    for row in table:
        wrong += [] if row.tests else [f"the row of {row.attack} names no test"]
        wrong += [f"{word!r} of {row.attack} is no outcome" for word in sorted(row.outcomes - OUTCOMES)]
        outcomes = {mark.outcome for found in marked.values() for mark in found if mark.attack == row.attack}
        wrong += [f"no test shows that {row.attack} is {word}" for word in sorted((row.outcomes & OUTCOMES) - outcomes)]
        for test in row.tests:
            path = test.split("::")[0]
            if row.attack not in {mark.attack for mark in marked.get(path, ())}:
                wrong.append(f"{path} does not mark {row.attack}")
    return wrong


def attack_files() -> dict[str, str]:
    """Every test file that marks an attack, wherever it lies."""
    files = {
        str(path.relative_to(ROOT)): path.read_text("utf-8")
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if path.parent.name != "contracts"
    }
    return {path: text for path, text in files.items() if any(marks(ast.parse(text)))}


def page() -> str:
    return (ROOT / "docs" / "threat-model.md").read_text("utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "attacks").glob("test_*.py")), ids=lambda path: path.stem)
def test_a_file_of_attacks_names_them_and_has_a_control(path):
    assert faults_of_a_file(path.read_text("utf-8")) == []


def test_the_table_and_the_tests_say_the_same():
    assert disagreements(rows(page()), attack_files()) == []


def test_the_page_says_what_no_software_can_do():
    last = page().split("## ")[-1]
    assert last.startswith("Where no software helps")
    for word in ("repeat what it reads", "can lie", "not that it will be kept", "coerces", "seizure", "compare"):
        assert word in last


GOOD = '@pytest.mark.attack("A01", "prevented")\ndef test_a(): ...\ndef test_control(): ...\n'
TABLE = "| A01 | CR | read | prevented | sealed | tests/attacks/test_x.py |"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD, None),
        ("def test_control(): ...", "it marks no attack"),
        (GOOD.replace("A01", "reading"), "'reading' is no attack"),
        (GOOD.replace("prevented", "refused"), "'refused' is no outcome"),
        (GOOD.replace("test_control", "test_b"), "it has no control"),
        (GOOD.replace("test_control(): ...", "test_b(): assert f()  # control: as it was"), None),
        (GOOD.replace('"A01", "prevented"', "A, B"), "'' is no attack"),
    ],
)
def test_control_a_file_that_lacks_something_is_found(text, fault):
    faults = faults_of_a_file(text)
    assert faults == [] if fault is None else fault in faults


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        (TABLE, GOOD, None),
        ("", GOOD, "A01 of tests/attacks/test_x.py has no row"),
        (
            TABLE.replace("prevented", "detected"),
            GOOD,
            "A01 is prevented in tests/attacks/test_x.py, and not in its row",
        ),
        (TABLE.replace("prevented", "prevented, detected"), GOOD, "no test shows that A01 is detected"),
        (TABLE.replace("test_x", "test_y"), GOOD, "the row of A01 does not name tests/attacks/test_x.py"),
        (f"{TABLE}\n{TABLE}", GOOD, "an attack has two rows"),
        (f"{TABLE}\n{TABLE.replace('A01', 'A02')}", GOOD, "tests/attacks/test_x.py does not mark A02"),
        (TABLE.replace("tests/attacks/test_x.py", "soon"), GOOD, "the row of A01 names no test"),
    ],
)
def test_control_a_table_that_lags_behind_is_found(table, text, said):
    found = disagreements(rows(table), {"tests/attacks/test_x.py": text})
    assert found == [] if said is None else said in found
