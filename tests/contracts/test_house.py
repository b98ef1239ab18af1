"""The house rules see what they are there to see; each test has a file that keeps the rule beside one that does not."""

import subprocess
import sys
from pathlib import Path

import pytest
from contracts import house, measured

HASH = "--hash=sha256:" + "0" * 64


def said(rule, **files):
    return list(rule({name.replace("__", "/"): text for name, text in files.items()}))


@pytest.mark.parametrize(
    "text",
    [
        "see https://" + "py" + "pi.org/simple",
        "files.python" + "hosted.org",
        "registry.np" + "mjs.org",
        "/wo" + "rk/main/x",
        "'/ro" + "ot/x'",
        "at /ho" + "me/someone/x",
    ],
)
def test_a_place_is_found_and_its_line_named(text):
    assert said(house.places, a=f"well\n{text}\n") == [
        f"a:2 names {'a package registry' if 'org' in text else 'a path of one machine'}."
    ]


@pytest.mark.parametrize(
    "text", ["/usr/share/fonts/x.ttf", "c2sp.org/tlog-proof", "network/main", "./work/x", "a/root/x"]
)
def test_other_places_are_left_alone(text):
    assert said(house.places, a=text) == []


@pytest.mark.parametrize("code", [0x202E, 0x2066, 0x200B, 0x200F, 0xFEFF, 0x2060])
def test_a_hidden_letter_is_found_and_its_escape_is_not(code):
    assert said(house.hidden_letters, a=f"x\nif is_{chr(code)}chair:") == [
        f"a:2 holds the invisible U+{code:04X}; write it as an escape."
    ]
    assert said(house.hidden_letters, a=f"if is_\\u{code:04x}chair:") == []
    assert said(house.hidden_letters, a="می\u200cنویسیم") == []


def test_package_files_are_there_and_empty():
    files = {"detente/__init__.py": "", "detente/mls/__init__.py": "", "detente/mls/tree.py": "X = 1"}
    assert list(house.empty_packages(files)) == []
    assert list(house.empty_packages(files | {"detente/mls/__init__.py": "import os"})) == [
        "detente/mls/__init__.py is not empty."
    ]
    (missing,) = house.empty_packages({"detente/__init__.py": "", "detente/mls/tree.py": ""})
    assert "no __init__.py" in missing


def compiled():
    return {
        f"requirements/{name}.txt": (house.ROOT / f"requirements/{name}.txt").read_text("utf-8")
        for name in ("run", "dev", "fuzz", "uv")
    }


def test_the_compiled_files_are_in_step():
    assert list(house.requirements(compiled())) == []


@pytest.mark.parametrize(
    ("name", "before", "after", "sentence"),
    [
        ("run", "msgspec==", "msgspek==", "does not name msgspec"),
        ("run", "sha256:", "sha256:0", "compiled from other dependencies"),
        ("dev", "msgspec==", "msgspec==1", "not the same msgspec"),
        ("fuzz", "msgspec==", "msgspec==1", "not the same msgspec"),
        ("fuzz", "atheris==", "atheriz==", "does not name atheris"),
        ("uv", "--hash=sha256:", "--mash=sha256:", "no version or no hash"),
        ("run", "# via", "# via https://somewhere", "holds an address"),
    ],
)
def test_a_compiled_file_out_of_step_is_named(name, before, after, sentence):
    files = compiled()
    path = f"requirements/{name}.txt"
    assert before in files[path]
    files[path] = files[path].replace(before, after)
    assert any(path in said and sentence in said for said in house.requirements(files))


@pytest.mark.parametrize(
    ("line", "held"),
    [
        (f"one==1.0 \\\n    {HASH}\n    # via two\n", True),
        (f"one==1.0 ; sys_platform != 'win32' \\\n    {HASH}\n", True),
        ("one==1.0\n", False),
        (f"one>=1.0 \\\n    {HASH}\n", False),
        (f"one @ file:///x \\\n    {HASH}\n", False),
        ("-e .\n", False),
        ("--index-url x\n", False),
    ],
)
def test_each_requirement_has_one_version_and_a_hash(line, held):
    assert (not list(house.unhashed("a", line))) is held


# --- the coverage gate --------------------------------------------------------------------------


def report(lines, branches, path="detente/mls/tree.py"):
    summary = {
        "covered_lines": lines,
        "num_statements": 100,
        "covered_branches": branches,
        "num_branches": 100,
        "percent_covered": (lines + branches) / 2,
    }
    return {"files": {path: {"summary": summary, "missing_lines": [7]}}}


@pytest.mark.parametrize(("lines", "branches", "wrong"), [(95, 95, 0), (100, 94, 1), (94, 100, 1), (0, 0, 1)])
def test_lines_and_branches_are_judged_apart(lines, branches, wrong):
    assert len(measured.judge(measured.totals(report(lines, branches)))) == wrong


def test_a_floor_with_io_does_not_lift_the_pure_ones():
    assert measured.judge(measured.totals(report(100, 100, "detente/relay/app.py"))) == ["Nothing was measured."]


def test_a_file_below_the_gate_is_named():
    (line,) = measured.untested(report(50, 50))
    assert "detente/mls/tree.py" in line
    assert "lines 7" in line


BRANCHES = """def f(x):
    if x:
        return 1
    return 2
"""


@pytest.mark.parametrize(("asserted", "code"), [("f(1) == 1", 1), ("f(1) == 1 and f(0) == 2", 0)])
def test_the_gate_measures_in_workers_and_judges(tmp_path, asserted, code):
    """The whole way in a house of four lines: the plugin, two workers, the combination, the verdict."""
    (tmp_path / "detente" / "mls").mkdir(parents=True)
    for package in ("detente", "detente/mls"):
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "detente/mls/tree.py").write_text(BRANCHES, "utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.coverage.run]\nbranch = true\nsource = ["detente"]\n', "utf-8")
    (tmp_path / "test_f.py").write_text(
        f"from detente.mls.tree import f\n\ndef test_f():\n    assert {asserted}\n", "utf-8"
    )
    environment = {
        "PYTHONPATH": f"{tmp_path}:{Path(measured.__file__).parent.parent}",
        "DETENTE_MEASURED": str(tmp_path / "measured"),
    }
    tests = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "contracts.measured", "test_f.py"]
    subprocess.run(tests, cwd=tmp_path, env=environment, check=True, capture_output=True)
    judged = subprocess.run(
        [sys.executable, measured.__file__], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
    )
    assert judged.returncode == code, judged.stdout
    assert "Nothing" not in judged.stdout
