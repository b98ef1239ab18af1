"""The commands of a checkout: what they are told, what they install, when they do nothing, and what they say."""

import argparse
import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from contracts import house
from mutants import hunt

dev = house.dev
ROOT = dev.ROOT


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty checkout with the project's own lists, in a folder whose name has a space."""
    root = tmp_path / "a checkout"
    (root / "requirements").mkdir(parents=True)
    for name in ("run", "dev", "uv", "debian"):
        (root / f"requirements/{name}.txt").write_bytes((ROOT / f"requirements/{name}.txt").read_bytes())
    (root / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for name, value in {
        "ROOT": root,
        "REQUIREMENTS": root / "requirements",
        "VENV": root / ".venv",
        "BIN": root / ".venv/bin",
        "PYTHON": root / ".venv/bin/python",
        "STAMP": root / ".venv/detente-stamp.json",
    }.items():
        monkeypatch.setattr(dev, name, value)
    return root


@pytest.fixture
def installer(checkout, monkeypatch):
    """Installers that note what they are asked for.  `failing` holds words of the commands that fail."""

    class Installer:
        asked: list[str] = []  # noqa: RUF012 - one fixture, one class
        failing: set[str] = set()  # noqa: RUF012

        def __call__(self, command, **_):
            text = " ".join(map(str, command))
            self.asked.append(text)
            if " -m venv " in text:
                (checkout / ".venv/bin").mkdir(parents=True)
                (checkout / ".venv/pyvenv.cfg").touch()
            return not any(word in text for word in self.failing)

    packages = checkout / ".venv/packages"
    packages.mkdir(parents=True)
    (checkout / ".venv/pyvenv.cfg").touch()
    (checkout / ".venv/bin").mkdir()
    monkeypatch.setattr(dev, "installs", Installer())
    monkeypatch.setattr(dev, "interpreter", lambda: dev.Interpreter("3.11.7", packages))
    Installer.asked.clear()
    Installer.failing.clear()
    return dev.installs


# --- only what every Python has -----------------------------------------------------------------


def test_nothing_but_the_standard_library_is_imported():
    tree = ast.parse((ROOT / "dev.py").read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_an_old_python_reads_the_file_and_gets_a_sentence(tmp_path):
    """Python 3.6 must be able to read what says that it is too old, and nothing newer may be imported before."""
    text = (ROOT / "dev.py").read_text("utf-8")
    ast.parse(text, feature_version=(3, 6))
    before = text[: text.index("if sys.version_info")]
    assert [line for line in before.splitlines() if line.startswith(("import", "from"))] == ["import sys"]
    newer = tmp_path / "dev.py"
    newer.write_text(text.replace("sys.version_info < (3, 11)", "sys.version_info < (9, 9)"), "utf-8")
    ended = subprocess.run([sys.executable, newer, "up"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("Detente needs Python 3.11 or newer, and this is Python ")
    assert "Traceback" not in ended.stderr


# --- arguments ----------------------------------------------------------------------------------


def asked_of_demo(*words):
    return dev.demo_arguments(dev.parser().parse_args(["up", *words]))


def test_up_hands_on_what_it_was_told():
    data = str(ROOT / ".detente")
    assert asked_of_demo() == ["demo", "up", "--data", data]
    assert asked_of_demo("--fresh", "--scripted", "--json", "--text", "a b.md", "--data", "/x") == [
        *("demo", "up", "--data", "/x", "--fresh", "--scripted", "--json", "--text", "a b.md")
    ]
    assert asked_of_demo("--wheelhouse", "wheels") == ["demo", "up", "--data", data]


@pytest.mark.parametrize(
    "words", [[], ["down"], ["up", "--loud"], ["check", "--data", "x"], ["soak", "--minutes", "x"]]
)
def test_what_is_no_command_is_refused(words, capsys):
    with pytest.raises(SystemExit) as ended:
        dev.main(words)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_up_becomes_the_program_and_leaves_standard_output_to_it(checkout, installer, monkeypatch, capsys):
    became = []
    monkeypatch.setattr(os, "execve", lambda *what: became.append(what))
    dev.up(dev.parser().parse_args(["up", "--json"]))
    ((program, arguments, environment),) = became
    assert program == checkout / ".venv/bin/detente"
    assert arguments == [str(program), "demo", "up", "--data", str(checkout / ".detente"), "--json"]
    assert environment["PATH"].startswith(str(checkout / ".venv/bin"))
    said = capsys.readouterr()
    assert said.out == ""
    assert "[3/4]" in said.err


# --- the environment ----------------------------------------------------------------------------


def test_the_second_start_installs_nothing(installer):
    dev.ensure("run")
    first = list(installer.asked)
    assert len(first) == 2
    assert "uv.txt" in first[0]
    assert "pip sync" in first[1]
    assert all("--require-hashes" in command for command in first)
    dev.ensure("run")
    assert installer.asked == first


def test_where_uv_fails_plain_pip_installs_from_the_same_file(installer, capsys):
    installer.failing.add("-m uv ")
    dev.ensure("run")
    last = installer.asked[-1]
    assert "-m pip install" in last
    assert "--require-hashes" in last
    assert last.endswith("requirements/run.txt")
    assert "plain pip" in capsys.readouterr().err


def test_where_uv_cannot_be_fetched_it_is_not_tried(installer):
    installer.failing.add("uv.txt")
    dev.ensure("run")
    assert not any("-m uv " in command for command in installer.asked)


def test_where_everything_fails_there_is_a_sentence_and_no_stamp(installer, capsys):
    installer.failing |= {"-m uv ", "-m pip "}
    assert dev.main(["up"]) == 2
    assert "--wheelhouse DIR" in capsys.readouterr().err
    assert not dev.STAMP.exists()


def test_a_failed_installation_takes_the_old_stamp_away(installer):
    dev.ensure("run")
    installer.failing |= {"-m uv ", "-m pip "}
    (dev.REQUIREMENTS / "run.txt").write_text("# changed\n", "utf-8")
    with pytest.raises(dev.Sorry):
        dev.ensure("run")
    assert not dev.STAMP.exists()


@pytest.mark.parametrize("changed", ["requirements/run.txt", "requirements/uv.txt", "pyproject.toml"])
def test_what_decides_the_environment_is_in_the_stamp(checkout, installer, changed):
    dev.ensure("run")
    before = len(installer.asked)
    path = checkout / changed
    path.write_text(path.read_text("utf-8").replace("detente-relay", "detente-carrier") + "\n# changed\n", "utf-8")
    dev.ensure("run")
    assert len(installer.asked) == before + 2


def test_another_python_or_another_place_makes_the_environment_anew(installer, monkeypatch):
    dev.ensure("run")
    assert dev.is_ready("run")
    packages = dev.interpreter().packages
    monkeypatch.setattr(dev, "interpreter", lambda: dev.Interpreter("3.13.1", packages))
    assert not dev.is_ready("run")
    monkeypatch.setattr(dev, "interpreter", lambda: None)
    assert not dev.is_ready("run")
    monkeypatch.setattr(dev, "interpreter", lambda: dev.Interpreter("3.11.7", packages))
    assert dev.is_ready("run")
    stamp = json.loads(dev.STAMP.read_text("utf-8"))
    dev.STAMP.write_text(json.dumps(stamp | {"root": "/elsewhere"}), "utf-8")
    assert not dev.is_ready("run")


@pytest.mark.parametrize("stamp", ["", "{}", "[]", "null", '{"root": "x"}'])
def test_a_damaged_stamp_is_none(installer, stamp):
    dev.STAMP.write_text(stamp, "utf-8")
    assert dev.read_stamp() is None
    dev.ensure("run")
    assert dev.read_stamp() is not None


def test_up_takes_no_tools_away(installer):
    dev.ensure("dev")
    asked = len(installer.asked)
    dev.ensure("run")
    assert len(installer.asked) == asked
    (dev.REQUIREMENTS / "dev.txt").write_text("# changed\n", "utf-8")
    dev.ensure("run")
    assert installer.asked[-1].endswith("requirements/dev.txt")


def test_a_wheelhouse_is_the_only_place_that_is_asked(installer, tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    installer.failing.add("-m uv ")
    dev.ensure("run", wheels)
    assert len(installer.asked) == 3
    assert all(f"--no-index --find-links {wheels}" in command for command in installer.asked)
    with pytest.raises(dev.Sorry, match="is not a folder"):
        dev.ensure("dev", tmp_path / "nowhere")


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_bare_debian_is_told_what_to_install(checkout, monkeypatch, capsys, module):
    found = dev.importlib.util.find_spec
    monkeypatch.setattr(dev.importlib.util, "find_spec", lambda name: None if name == module else found(name))
    assert dev.main(["up"]) == 2
    said = capsys.readouterr().err
    assert module in said
    assert "apt install python3-venv" in said
    assert not (checkout / ".venv").exists()


def test_a_venv_that_was_made_by_half_is_taken_away(checkout, installer, monkeypatch):
    monkeypatch.setattr(dev, "interpreter", lambda: None)
    dev.shutil.rmtree(checkout / ".venv")
    with pytest.raises(dev.Sorry, match="apt install"):
        dev.make_venv()
    assert not (checkout / ".venv").exists()


def test_a_folder_that_is_no_environment_is_never_cleared(checkout):
    (checkout / ".venv").mkdir()
    (checkout / ".venv/letters.txt").write_text("mine", "utf-8")
    with pytest.raises(dev.Sorry, match="move it away"):
        dev.make_venv()
    assert (checkout / ".venv/letters.txt").read_text("utf-8") == "mine"


@pytest.mark.slow
def test_the_programs_run_from_a_path_with_a_space(checkout):
    """A real environment without packages: the checkout is importable, the program gets its arguments and its code."""
    subprocess.run([sys.executable, "-m", "venv", checkout / ".venv"], check=True)
    (checkout / "detente/cli").mkdir(parents=True)
    for name in ("__init__", "cli/__init__"):
        (checkout / f"detente/{name}.py").touch()
    (checkout / "detente/cli/main.py").write_text("import sys\ndef main():\n    print(sys.argv[1:])\n    return 3\n")
    dev.link(dev.interpreter().packages)
    ended = subprocess.run(
        [checkout / ".venv/bin/detente", "a b", "--c"], capture_output=True, text=True, check=False, cwd="/", env={}
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "['a b', '--c']\n", "")


def test_what_bends_a_python_is_not_handed_on(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/x")
    monkeypatch.setenv("PYTHONHOME", "/x")
    monkeypatch.setenv("DETENTE_SHARED", "/y")
    given = dev.surroundings(CI="true")
    assert "PYTHONPATH" not in given
    assert "PYTHONHOME" not in given
    assert (given["DETENTE_SHARED"], given["CI"]) == ("/y", "true")


# --- check --------------------------------------------------------------------------------------

REPORT = '<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>'


def test_the_counts_are_those_of_pytest(tmp_path):
    (tmp_path / "a.xml").write_text(REPORT, "utf-8")
    counted = dev.count(tmp_path / "a.xml")
    assert counted == dev.Counts(3, 3, 3)
    assert str(counted.plus(counted)) == "6 passed, 6 failed, 6 skipped"
    assert dev.count(tmp_path / "none.xml") == dev.Counts()
    (tmp_path / "b.xml").write_text("<half", "utf-8")
    assert dev.count(tmp_path / "b.xml") == dev.Counts()


@pytest.mark.parametrize(
    ("code", "counts", "may_be_empty", "word"),
    [
        (0, dev.Counts(1, 0, 0), False, "ok"),
        (1, dev.Counts(1, 1, 0), False, "FAILED"),
        (1, dev.Counts(0, 0, 0), True, "FAILED"),
        (3, dev.Counts(5, 0, 0), True, "FAILED"),
        (0, dev.Counts(0, 0, 9), False, "FAILED"),  # the vectors are there and every test of them skipped
        (0, dev.Counts(0, 0, 9), True, "skipped"),
        (5, dev.Counts(0, 0, 0), False, "FAILED"),
        (5, dev.Counts(0, 0, 0), True, "skipped"),
    ],
)
def test_a_part_without_a_test_is_no_success_where_something_must_run(code, counts, may_be_empty, word):
    assert dev.judge_tests(code, counts, may_be_empty=may_be_empty).word == word


def test_vectors_must_run_exactly_where_their_folder_is(tmp_path, monkeypatch):
    checking = dev.Check(argparse.Namespace(k=None, fast=True), tmp_path)
    monkeypatch.setattr(checking, "pytest", lambda *_, **__: (0, dev.Counts(0, 0, 4)))
    monkeypatch.setenv("DETENTE_SHARED", str(tmp_path))
    assert checking.vector_tests().word == "skipped"
    (tmp_path / "vectors").mkdir()
    assert checking.vector_tests().word == "FAILED"


def test_a_missing_package_is_said_at_home_and_fails_in_ci():
    assert dev.judge_packages([], is_ci=True).word == "ok"
    assert dev.judge_packages(["chromium"], is_ci=False).word == "skipped"
    told = dev.judge_packages(["chromium"], is_ci=True)
    assert told.word == "FAILED"
    assert "apt install chromium" in told.note


def test_the_missing_packages_are_those_whose_proof_is_missing(checkout):
    (checkout / "requirements/debian.txt").write_text(
        "# a comment\n\nthere sh what\nnot-there no-such-program what\nfile / what\nno-file /no/such what\n", "utf-8"
    )
    assert dev.lacking_packages() == ["not-there", "no-file"]


def test_every_step_runs_though_one_fails_and_the_end_says_so(tmp_path, monkeypatch, capsys):
    ran = []

    def step(name, word):
        return name, lambda: ran.append(name) or dev.Outcome(word)

    monkeypatch.setattr(dev, "ensure", lambda *_: None)
    monkeypatch.setattr(dev.Check, "steps", lambda _: [step("one", "FAILED"), step("two", "ok"), step("three", "ok")])
    assert dev.main(["check", "--fast"]) == 1
    assert ran == ["one", "two", "three"]
    last = capsys.readouterr().out.splitlines()[-2:]
    assert last[0].endswith("failed: one")
    assert last[1] == "tests: 0 passed, 0 failed, 0 skipped"
    monkeypatch.setattr(dev.Check, "steps", lambda _: [step("one", "ok"), step("two", "skipped")])
    assert dev.main(["check"]) == 0
    assert dev.main(["check", "-k", "nothing_matches"]) == 1


def test_the_parts_of_the_tests_have_none_in_common_and_leave_none_out(tmp_path, monkeypatch):
    """Of every combination of marks exactly one part runs it, but for the soak, which is left to its own command."""
    checking = dev.Check(argparse.Namespace(k=None, fast=False), tmp_path)
    asked = []
    monkeypatch.setattr(checking, "pytest", lambda marks, *_: asked.append(marks) or (0, dev.Counts(1)))
    for part in (checking.plain_tests, checking.vector_tests, checking.slow_tests):
        part()
    for chosen in range(8):
        marks = {"vectors": bool(chosen & 1), "slow": bool(chosen & 2), "soak": bool(chosen & 4)}
        times = sum(bool(eval(part, {"__builtins__": {}}, marks)) for part in asked)  # noqa: S307 - our own marks
        assert times == (0 if marks["soak"] else 1)


def test_fast_leaves_out_what_is_slow_and_nothing_else(tmp_path):
    whole = [name for name, _ in dev.Check(argparse.Namespace(k=None, fast=False), tmp_path).steps()]
    fast = [name for name, _ in dev.Check(argparse.Namespace(k=None, fast=True), tmp_path).steps()]
    assert set(whole) - set(fast) == {"slow tests", "mutants"}
    assert [name for name in whole if name in fast] == fast


def test_ci_takes_its_packages_from_the_one_list():
    text = (ROOT / ".ci/run").read_text("utf-8")
    assert "requirements/debian.txt" in text
    assert "export CI=true" in text
    assert text.rstrip().endswith("exec python3 dev.py check")
    assert subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=False).returncode == 0


# --- mutants ------------------------------------------------------------------------------------


def mutant(**changes):
    whole = {
        "name": "a bound",
        "file": "detente/f.py",
        "snippet": "x > 1",
        "replacement": "x > 2",
        "tests": ["tests/test_f.py"],
        "why": "because",
    }
    return hunt.Mutant(**(whole | changes))


@pytest.fixture
def tree(tmp_path):
    for folder in ("detente", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "detente/__init__.py").touch()
    (tmp_path / "detente/f.py").write_text("def f(x):\n    return x > 1\n", "utf-8")
    (tmp_path / "tests/test_f.py").write_text(
        "from detente.f import f\n\ndef test_f():\n    assert f(2)\n    assert not f(0)\n", "utf-8"
    )
    return tmp_path


def test_a_mutant_that_a_test_catches_is_well_and_the_tree_is_as_it_was(tree):
    before = (tree / "detente/f.py").read_text("utf-8")
    assert hunt.run_tests(tree, ["tests/test_f.py"]) == 0
    assert hunt.hunt(mutant(), tree) is None
    assert (tree / "detente/f.py").read_text("utf-8") == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"replacement": "x >= 1"}, "it survived"),
        ({"replacement": "x >"}, "pytest ended with 2"),
        ({"snippet": "x > 9"}, "stands 0 times"),
        ({"snippet": "x"}, "stands 2 times"),
        ({"file": "detente/g.py"}, "is not there"),
        ({"tests": ["tests/test_g.py"]}, "no such test: tests/test_g.py"),
        ({"tests": []}, "none is named"),
        ({"replacement": "x > 1"}, "changes nothing"),
    ],
)
def test_a_mutant_that_shows_nothing_is_a_failure(tree, changes, sentence):
    assert sentence in hunt.hunt(mutant(**changes), tree)


def test_the_table_is_in_form_and_up_to_date():
    mutants = hunt.read(hunt.TABLE.read_text("utf-8"))
    assert mutants
    assert [f"{each.name}: {problem}" for each in mutants if (problem := hunt.stale(each, ROOT))] == []
    assert all(each.why and Path(each.file).parts[0] == "detente" for each in mutants)


def test_two_mutants_do_not_share_a_name():
    entry = '[[mutant]]\nname="a"\nfile="f"\nsnippet="s"\nreplacement="r"\ntests=[]\nwhy="w"\n'
    with pytest.raises(ValueError, match="one name"):
        hunt.read(entry + entry)
    with pytest.raises(TypeError):
        hunt.read(entry + "more=1\n")


def test_a_copy_holds_nothing_that_running_made(tree, tmp_path_factory):
    (tree / "detente/__pycache__").mkdir()
    (tree / ".venv").mkdir()
    target = hunt.copy_tree(tmp_path_factory.mktemp("copy"), tree)
    assert (target / "detente/f.py").exists()
    assert not (target / "detente/__pycache__").exists()
    assert not (target / ".venv").exists()
