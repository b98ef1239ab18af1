"""Each wall between the floors stops what it is there to stop.

A small house with the project's own floors and the project's own contracts is built in a scratch folder.
As it is, every contract is kept: that is the control.  With one more import, or one more floor, exactly
the contract that is meant is broken.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in CONFIGURATION["contracts"]}
PURE = ("ground", "wire", "crypto", "mls", "tlog", "acts", "evidence", "procedures", "line", "chancery")
NAMED = re.compile(r"detente(?:\.\w+)+")
BIN = Path(sys.executable).parent

Imports = dict[str, tuple[str, ...]]

# (the broken contract, what is imported where)
VIOLATIONS: dict[str, tuple[str, Imports]] = {
    "a floor imports the one above": ("floors", {"wire.text": ("detente.crypto.signing",)}),
    "the lowest floor imports the highest": ("floors", {"ground.errors": ("detente.cli.main",)}),
    "a floor imports its sibling": ("floors", {"tlog.note": ("detente.acts.act",)}),
    "store and transport see each other": ("floors", {"transport.one": ("detente.store.one",)}),
    "a line knows a procedure": ("floors", {"line.one": ("detente.procedures.table.one",)}),
    "the register reads the relay": ("floors", {"register.one": ("detente.relay.one",)}),
    "a floor that nobody placed": ("floors", {"attic.one": ()}),
    "the relay reaches a group": ("blind-relay", {"relay.one": ("detente.mls.one",)}),
    "the relay opens sealed boxes": ("blind-relay", {"relay.one": ("detente.crypto.hpke",)}),
    "the relay reaches an act through another floor": (
        "blind-relay",
        {"relay.one": ("detente.tlog.one",), "tlog.one": ("detente.acts.act",)},
    ),
    "the relay reaches an act through its store": (
        "blind-relay",
        {"relay.one": ("detente.relay.two",), "relay.two": ("detente.store.one",), "store.one": ("detente.acts.act",)},
    ),
    **{
        f"a pure floor imports {module}": ("pure-floors", {"acts.act": (module,)})
        for module in (
            "os",
            "io",
            "socket",
            "time",
            "random",
            "secrets",
            "uuid",
            "asyncio",
            "sqlite3",
            "pathlib",
            "logging",
        )
    },
    **{f"{floor} reads the clock": ("pure-floors", {f"{floor}.clock": ("time",)}) for floor in PURE},
    "a pure floor opens a store": ("pure-floors", {"evidence.one": ("detente.sqlkit.database",)}),
    "a procedure knows another": (
        "procedures-apart",
        {"procedures.table.one": ("detente.procedures.signature.one",), "procedures.signature.one": ()},
    ),
    "a group knows an act": ("mls-alone", {"mls.one": ("detente.acts.act",)}),
    "a group keeps a log": ("mls-alone", {"mls.one": ("detente.tlog.one",)}),
    "a document reaches a key store": ("documents-without-keys", {"documents.one": ("detente.sqlkit.database",)}),
    "a document reaches a house through another floor": (
        "documents-without-keys",
        {"documents.one": ("detente.procedures.table.one",), "procedures.table.one": ("detente.evidence.one",)},
    ),
    "the jailed reader reaches an act": ("jailed-child", {"documents.docx_reader": ("detente.acts.act",)}),
    "the jailed reader opens a connection": ("jailed-child", {"documents.docx_package": ("ssl",)}),
    "a command opens a document itself": ("opened-in-the-jail", {"cli.one": ("detente.documents.docx_package",)}),
    "the parent reads what its child should": (
        "opened-in-the-jail",
        {"documents.intake": ("detente.documents.docx_reader",)},
    ),
    "a page reaches the store": ("entrance-without-keys", {"web.one": ("detente.store.one",)}),
    "a page reaches a key": ("entrance-without-keys", {"web.one": ("detente.crypto.signing",)}),
    "a page reaches the engine of a line": ("entrance-without-keys", {"web.one": ("detente.line.one",)}),
}

# What stands in every small house, so that each wildcard and each allowed way has something to hold.
FURNITURE: Imports = {
    "procedures.table.one": ("detente.acts.act",),
    "procedures.signature.one": ("detente.acts.act",),
    "relay.one": ("detente.tlog.one", "detente.crypto.signing", "detente.sqlkit.database", "asyncio"),
    "acts.act": ("detente.crypto.signing", "hashlib", "detente.wire.text"),
    "web.one": ("detente.api.one",),
    "api.one": ("detente.chancery.one",),
    "chancery.one": ("detente.line.one", "detente.procedures.table.one"),
    "transport.one": ("socket", "time", "detente.chancery.one"),
}


def modules_named_by_the_contracts() -> set[str]:
    """Every module of the project that a contract names, and every floor."""
    names: set[str] = set()
    for contract in CONTRACTS.values():
        names |= set(NAMED.findall(str(contract)))
    floors = {floor for layer in CONTRACTS["floors"]["layers"] for floor in re.findall(r"(?<!\()\b\w+\b(?!\))", layer)}
    return {name.removeprefix("detente.") for name in names} | floors


def build(home: Path, more: Imports) -> None:
    """A tree named detente with the floors, the furniture and these imports."""
    imports: dict[str, tuple[str, ...]] = dict.fromkeys(modules_named_by_the_contracts(), ())
    for source in (FURNITURE, more):
        for module, targets in source.items():
            imports[module] = imports.get(module, ()) + targets
    for targets in list(imports.values()):
        for target in targets:
            if target.startswith("detente."):
                imports.setdefault(target.removeprefix("detente."), ())
    packages = {"": None} | {module.rpartition(".")[0]: None for module in imports}
    for package in list(packages):
        parts = package.split(".")
        packages |= {".".join(parts[:count]): None for count in range(1, len(parts) + 1)}
    packages |= {module: None for module in imports if "." not in module}
    for package in packages:
        folder = home / "detente" / Path(*package.split("."))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
    for module, targets in imports.items():
        if module not in packages:
            path = home / "detente" / Path(*module.split(".")).with_suffix(".py")
            path.write_text("".join(f"import {target}\n" for target in targets), "utf-8")


def broken(home: Path) -> set[str]:
    """The ids of the contracts that import-linter finds broken in that house."""
    shutil.copy2(ROOT / "pyproject.toml", home / "pyproject.toml")
    ended = subprocess.run(
        [BIN / "lint-imports", "--config", "pyproject.toml", "--no-cache"],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(BIN), "COLUMNS": "500", "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    said = " ".join(ended.stdout.split())
    found = {identifier for identifier, contract in CONTRACTS.items() if f"{contract['name']} BROKEN" in said}
    kept = {identifier for identifier, contract in CONTRACTS.items() if f"{contract['name']} KEPT" in said}
    assert found | kept == set(CONTRACTS), ended.stdout + ended.stderr
    assert (ended.returncode != 0) == bool(found)
    return found


def test_the_small_house_keeps_every_contract(tmp_path):
    build(tmp_path, {})
    assert broken(tmp_path) == set()


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_violation_breaks_the_contract_that_is_meant(tmp_path, violation):
    contract, imports = VIOLATIONS[violation]
    build(tmp_path, imports)
    assert contract in broken(tmp_path)


def test_every_contract_has_a_violation_here():
    assert {contract for contract, _ in VIOLATIONS.values()} == set(CONTRACTS)


def test_every_pure_floor_is_held_and_every_floor_is_placed():
    assert {name.removeprefix("detente.") for name in CONTRACTS["pure-floors"]["source_modules"]} == set(PURE)
    layers = " ".join(CONTRACTS["floors"]["layers"])
    there = {path.stem for path in (ROOT / "detente").iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert there | {"bootstrap"} <= set(re.findall(r"\w+", layers))
    assert CONTRACTS["floors"]["exhaustive"] is True


BLIND = ("ground", "wire", "tlog", "sqlkit", "hostkit", "relay", "crypto.signing", "crypto.hashing")


def test_the_relay_reaches_nothing_but_what_a_blind_relay_needs():
    """The contract says what it must not reach; this says what it may, so that a new module is not forgotten."""
    graph = grimp.build_graph("detente", cache_dir=None)
    own = {"detente.relay"} | graph.find_descendants("detente.relay")
    reached = own | {module for start in own for module in graph.find_upstream_modules(start)}
    allowed = tuple(f"detente.{floor}" for floor in BLIND)
    packages = {"detente", "detente.crypto"}  # their files are empty
    astray = {
        module
        for module in reached - packages
        if not any(module == floor or module.startswith(f"{floor}.") for floor in allowed)
    }
    assert astray == set()


CLOCKS = (
    "from datetime import datetime\nNOW = datetime.now()\n",
    "import datetime\nNOW = datetime.datetime.now(datetime.UTC)\n",
    "import datetime as calendar\nNOW = calendar.datetime.utcnow()\n",
    "from datetime import date\nTODAY = date.today()\n",
    "from datetime import datetime\nTODAY = datetime.today()\n",
)


def lint(text: str) -> str:
    """What ruff says of a file of a pure floor that holds this text."""
    return subprocess.run(
        [BIN / "ruff", "check", "--no-cache", "--output-format=concise", "--stdin-filename=detente/acts/clock.py", "-"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize("text", CLOCKS)
def test_a_clock_is_refused_by_name(text):
    assert "TID251" in lint(text)


def test_an_instant_that_was_handed_in_is_not():
    assert "TID251" not in lint("from datetime import UTC, datetime\nTHEN = datetime(2026, 1, 1, tzinfo=UTC)\n")


def test_a_relative_import_is_refused():
    """It would read as its own floor and mean another."""
    assert "TID252" in lint("from ..wire import text\n\nTEXT = text\n")
