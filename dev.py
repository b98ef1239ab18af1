#!/usr/bin/env python3
"""The commands of a checkout: `up`, `check`, `soak`, `lock`.  Standard library only, Python 3.11 or newer.

How the environment comes about, and why so:

1. `.venv` is made by the standard library's `venv`; nothing is written outside the checkout.
2. `requirements/run.txt` (to use Detente) or `requirements/dev.txt` (to work on it) names every
   package with its version and its hashes, and no address.  What comes from anywhere is installed
   only if its hash is right, so an index, a proxy or a wheelhouse need not be trusted.
3. uv, itself pinned by hash in `requirements/uv.txt`, installs them in a second.  It does not read
   pip's configuration, so where it fails for whatever reason, plain pip does the same from the same file.
4. The project itself is not installed by a build: that would need a build backend, which is one more
   download that no hash holds.  A `.pth` file makes the checkout importable, and the programs named in
   `pyproject.toml` are written as small scripts.  This is all that an editable install would do.
5. A stamp is written last.  While it fits, a later start installs nothing and takes no time.

Progress goes to standard error, so that `up --json` leaves standard output to the program.

`check` runs every step even if one before it failed, and tells at the end which did.  The tests run
in parts that have no test in common: those that need nothing from outside, whose branch coverage is
measured; those that read official vectors, which must not be what coverage rests on; and the slow ones.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python gets a sentence instead of a traceback
    sys.exit(
        "Detente needs Python 3.11 or newer, and this is Python {}.{}. "
        "Start dev.py with a newer one, for example: python3.11 dev.py up".format(*sys.version_info[:2])
    )

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
STAMP = VENV / "detente-stamp.json"
LAYOUT = 1  # raise it when what `link` writes changes, so that old environments are made anew

PYTHON_OF_THE_LOCK = "3.11"
COMPILE = f"pip compile --universal --python-version {PYTHON_OF_THE_LOCK} --generate-hashes --no-header --quiet"
LOCKED: dict[str, tuple[str, ...]] = {  # compiled file -> the extras that it holds
    "run": (),
    "dev": ("dev", "pdf", "bench"),
    "fuzz": ("fuzz",),
}
FINGERPRINT = "# dependencies of pyproject.toml: sha256:"

BARE_MACHINE = (
    "This Python cannot make virtual environments: its module {} is missing. "
    "On Debian or Ubuntu: apt install python3-venv   (as root; then start dev.py again)"
)
NO_PACKAGES = (
    "The packages could not be installed; the lines above say why. Without a network, fill a folder on a machine "
    "that has one:  python3 -m pip download --require-hashes -d DIR -r requirements/uv.txt   and the same with "
    "{}; then use --wheelhouse DIR."
)


class Sorry(Exception):
    """The command cannot be carried out; the message says why and what to do."""


def say(text: str) -> None:
    """A line of progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


# --- running programs --------------------------------------------------------------------------


def surroundings(**more: str) -> dict[str, str]:
    """The environment of what we start: ours, less what would bend the Python of `.venv`, and with its programs."""
    bent = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONSTARTUP"}
    kept = {name: value for name, value in os.environ.items() if name not in bent}
    kept["PATH"] = f"{BIN}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return kept | more


def run(command: Sequence[str | Path], **more: str) -> int:
    """The exit code of a program whose output goes where ours goes."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=surroundings(**more), check=False).returncode


def installs(command: Sequence[str | Path], **more: str) -> bool:
    """Whether an installer succeeded; its main lines are shown as they come, and its last ones if it fails."""
    last: deque[str] = deque(maxlen=12)
    started = subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env=surroundings(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with started as program:
        for line in program.stdout or ():
            last.append(line.rstrip())
            if line.startswith(("Collecting ", "Downloading ", "Installing ", "Prepared ", "Installed ", "Building ")):
                say("      " + line.rstrip()[:110])
    if program.returncode:
        say("\n".join("      | " + line for line in last if line))
    return program.returncode == 0


# --- the environment ---------------------------------------------------------------------------


class Interpreter(NamedTuple):
    """The Python of `.venv`, as it describes itself."""

    version: str
    packages: Path  # where it looks for packages


class Stamp(NamedTuple):
    """What was installed, for whom.  Two equal stamps mean that there is nothing to do."""

    root: str
    python: str
    purpose: str  # "run" or "dev"; dev.txt holds all of run.txt
    digest: str


def programs() -> dict[str, str]:
    """The console programs of `pyproject.toml`: name -> "module:function"."""
    table: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    return table


def digest(purpose: str) -> str:
    """SHA-256 over everything that decides what `.venv` contains, in hexadecimal."""
    state = hashlib.sha256(json.dumps([LAYOUT, programs()]).encode())
    for name in (f"{purpose}.txt", "uv.txt"):
        state.update(hashlib.sha256((REQUIREMENTS / name).read_bytes()).digest())
    return state.hexdigest()


def interpreter() -> Interpreter | None:
    """The Python of `.venv` if it is there, runs, has pip and is new enough."""
    question = (
        "import json, pip, sys, sysconfig; "
        "print(json.dumps([sys.version.split()[0], sysconfig.get_path('purelib'), sys.version_info >= (3, 11)]))"
    )
    try:
        answer = subprocess.run(
            [PYTHON, "-c", question], env=surroundings(), capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version, packages, new_enough = json.loads(answer.stdout)
    return Interpreter(version, Path(packages)) if new_enough else None


def read_stamp() -> Stamp | None:
    """The stamp of the last installation that was finished, if any."""
    try:
        return Stamp(**json.loads(STAMP.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def purpose_to_install(wanted: str, stamp: Stamp | None) -> str:
    """An environment that was once made for development stays one: `up` takes no tools away."""
    return "dev" if stamp is not None and stamp.purpose == "dev" else wanted


def ensure(wanted: str, wheelhouse: Path | None = None) -> None:
    """Make `.venv` fit for `wanted` ("run" or "dev").  Raises Sorry."""
    purpose = purpose_to_install(wanted, read_stamp())
    if is_ready(purpose):
        return
    with one_at_a_time():
        if is_ready(purpose):
            return
        STAMP.unlink(missing_ok=True)
        found = interpreter() or make_venv()
        install(purpose, wheelhouse)
        link(found.packages)
        compile_once()
        stamp = Stamp(str(ROOT), found.version, purpose, digest(purpose))
        STAMP.write_text(json.dumps(stamp._asdict()), "utf-8")
        say("[4/4] the environment is ready")


def is_ready(purpose: str) -> bool:
    """Whether the stamp describes exactly what would be installed now."""
    stamp = read_stamp()
    if stamp is None or (stamp.root, stamp.purpose, stamp.digest) != (str(ROOT), purpose, digest(purpose)):
        return False
    found = interpreter()
    return found is not None and found.version == stamp.python


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two commands started at once must not install into one folder together: the second waits."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another dev.py is making the environment; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def missing_module() -> str | None:
    """The part of the standard library that Debian packs separately, if it is missing."""
    return next((name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None), None)


def make_venv() -> Interpreter:
    """Make `.venv` from the Python that runs this file.  Raises Sorry with what to install."""
    lacking = missing_module()
    if lacking:
        raise Sorry(BARE_MACHINE.format(lacking))
    if VENV.exists() and any(VENV.iterdir()) and not (VENV / "pyvenv.cfg").exists():
        raise Sorry(f"{VENV} is there and is no virtual environment; move it away first.")
    version = "{}.{}.{}".format(*sys.version_info[:3])
    say(f"[1/4] making .venv with Python {version}")
    made = installs([sys.executable, "-m", "venv", "--clear", VENV])
    found = interpreter() if made else None
    if found is None:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Sorry(BARE_MACHINE.format("ensurepip (or a part of it)"))
    return found


def install(purpose: str, wheelhouse: Path | None) -> None:
    """Install what `requirements/<purpose>.txt` names, each by its hash.  Raises Sorry."""
    if wheelhouse is not None and not wheelhouse.is_dir():
        raise Sorry(f"--wheelhouse: {wheelhouse} is not a folder.")
    where: list[str | Path] = ["--no-index", "--find-links", wheelhouse.resolve()] if wheelhouse else []
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--retries=2"]
    pip += ["--require-hashes", *where]
    listed = REQUIREMENTS / f"{purpose}.txt"
    say("[2/4] fetching the installer (uv), held by its hash")
    if installs([*pip, "--quiet", "--only-binary=:all:", "-r", REQUIREMENTS / "uv.txt"]):
        say(f"[3/4] installing what requirements/{listed.name} names, each held by its hash")
        uv: list[str | Path] = [PYTHON, "-m", "uv", "--no-config", "--no-progress", "pip", "sync", "--python", PYTHON]
        if installs([*uv, "--require-hashes", *where, listed], UV_SYSTEM_CERTS="1", UV_LINK_MODE="copy"):
            return
    say("[3/4] uv could not do it here; plain pip installs from the same file (up to a minute)")
    if not installs([*pip, "-r", listed]):
        raise Sorry(NO_PACKAGES.format(f"requirements/{listed.name}"))


def compile_once() -> None:
    """Have what the programs import compiled now, once: else eight of them do it at once at their first start."""
    with contextlib.suppress(OSError):
        subprocess.run([PYTHON, "-c", "import detente.bootstrap"], env=surroundings(), capture_output=True, check=False)


SCRIPT = """#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
import sys
from {module} import {function}
sys.exit({function}())
"""


def link(packages: Path) -> None:
    """Make the checkout importable and write its programs.

    Each program begins as a shell script, because a path in a first line may have neither spaces nor great
    length; Python reads the shell's line as a string.
    """
    (packages / "detente-checkout.pth").write_text(f"{ROOT}\n", "utf-8")
    for name, target in programs().items():
        module, function = target.split(":")
        path = BIN / name
        path.write_text(
            SCRIPT.format(python=shlex.quote(str(PYTHON)), module=module, function=function), encoding="utf-8"
        )
        path.chmod(0o755)


# --- up ----------------------------------------------------------------------------------------


def demo_arguments(options: argparse.Namespace) -> list[str]:
    """What `detente` is started with."""
    arguments = ["demo", "up", "--data", str(options.data or ROOT / ".detente")]
    arguments += [f"--{flag}" for flag in ("fresh", "scripted", "json") if getattr(options, flag)]
    if options.text:
        arguments += ["--text", str(options.text)]
    return arguments


def up(options: argparse.Namespace) -> NoReturn:
    """Make the environment, then become the demonstration."""
    ensure("run", options.wheelhouse)
    program = BIN / "detente"
    sys.stdout.flush()
    os.execve(program, [str(program), *demo_arguments(options)], surroundings())  # noqa: S606 - our own program


# --- check -------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """How a step ended."""

    word: str  # "ok", "FAILED" or "skipped"
    note: str = ""


class Counts(NamedTuple):
    """What pytest counted.  An error outside a test counts as failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def ran(self) -> int:
        """Tests that came to a result."""
        return self.passed + self.failed

    def __str__(self) -> str:
        """The line that CI reads."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(*(ours + theirs for ours, theirs in zip(self, other, strict=True)))


def count(report: Path) -> Counts:
    """The counts in a JUnit file that pytest wrote; none if it did not come to write it."""
    try:
        suites = list(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - written by our own pytest
    except (OSError, ET.ParseError):
        return Counts()
    tests, failures, errors, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    return Counts(max(tests - failures - errors - skipped, 0), failures + errors, skipped)


NO_TESTS_COLLECTED = 5  # pytest's exit code


def judge_tests(code: int, counts: Counts, *, may_be_empty: bool) -> Outcome:
    """A part of the tests is good if pytest says so, and if something ran where something must run."""
    if code == NO_TESTS_COLLECTED or (code == 0 and counts.ran == 0):
        return Outcome("skipped" if may_be_empty else "FAILED", f"no test ran ({counts})")
    return Outcome("FAILED" if code else "ok", str(counts))


def vectors_folder() -> Path:
    """Where official vectors lie, if they do: as tests/shared.py finds them."""
    return Path(os.environ.get("DETENTE_SHARED") or ROOT.parent / "shared") / "vectors"


def is_there(probe: str) -> bool:
    """Whether a program is on the path, or a file where its absolute name says; `*` stands for any folder."""
    if not probe.startswith("/"):
        return shutil.which(probe) is not None
    return Path(probe).exists() or ("*" in probe and any(Path("/").glob(probe[1:])))


def lacking_packages() -> list[str]:
    """The Debian packages of requirements/debian.txt whose program or file is not on this machine."""
    lacking = []
    for line in (REQUIREMENTS / "debian.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            package, probe = line.split()[:2]
            lacking += [] if is_there(probe) else [package]
    return lacking


def judge_packages(lacking: Sequence[str], *, is_ci: bool) -> Outcome:
    """At home a missing package is said, and its tests skip; in CI it is a failure."""
    if not lacking:
        return Outcome("ok")
    note = f"not here: {', '.join(lacking)}; tests that need them skip (apt install {' '.join(lacking)})"
    return Outcome("FAILED" if is_ci else "skipped", note)


class Check:
    """One run of `check`: its options, its scratch folder, and what the tests counted so far."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self.only: str = options.k or ""
        self.fast: bool = options.fast
        self.scratch = scratch
        self.counts = Counts()

    def steps(self) -> list[tuple[str, Callable[[], Outcome]]]:
        """The steps in order."""

        def command(*parts: str | Path) -> Callable[[], Outcome]:
            return lambda: Outcome("FAILED" if run(parts) else "ok")

        steps = [
            ("format", command(BIN / "ruff", "format", "--check", ".")),
            ("lint", command(BIN / "ruff", "check", ".")),
            ("types", command(PYTHON, "-m", "mypy")),
            ("walls", command(BIN / "lint-imports", "--config", "pyproject.toml", "--no-cache")),
            ("house rules", command(PYTHON, "tests/contracts/house.py")),
            ("Debian packages", lambda: judge_packages(lacking_packages(), is_ci=os.environ.get("CI") == "true")),
            ("tests", self.plain_tests),
            ("vector tests", self.vector_tests),
            ("coverage", self.coverage),
        ]
        if not self.fast:
            steps += [("slow tests", self.slow_tests), ("mutants", self.mutants)]
        return steps

    def plain_tests(self) -> Outcome:
        """The quick tests that need nothing from outside, measured."""
        measuring = () if self.only else ("-p", "contracts.measured")
        code, counts = self.pytest("not vectors and not slow and not soak", *measuring)
        return judge_tests(code, counts, may_be_empty=bool(self.only))

    def vector_tests(self) -> Outcome:
        """The quick tests that read official vectors or real texts; some must run where the folder is there."""
        code, counts = self.pytest("vectors and not slow and not soak")
        return judge_tests(code, counts, may_be_empty=bool(self.only) or not vectors_folder().is_dir())

    def slow_tests(self) -> Outcome:
        """Real processes and thousands of cases."""
        code, counts = self.pytest("slow and not soak")
        return judge_tests(code, counts, may_be_empty=True)

    def pytest(self, marks: str, *more: str) -> tuple[int, Counts]:
        """Run the tests with these marks on two workers."""
        report = self.scratch / f"{len(list(self.scratch.iterdir()))}.xml"
        command: list[str | Path] = [
            PYTHON,
            "-m",
            "pytest",
            "-n",
            "2",
            "--dist",
            "loadgroup",
            "--timeout",
            "900",
            "--durations",
            "5",
        ]
        command += ["-r", "fEs", "-m", marks, f"--junitxml={report}", *more]
        command += ["-k", self.only] if self.only else []
        code = run(command, PYTHONPATH=str(ROOT / "tests"), DETENTE_MEASURED=str(self.scratch / "coverage"))
        counts = count(report)
        self.counts = self.counts.plus(counts)
        return code, counts

    def coverage(self) -> Outcome:
        """The gate: what the plain tests reached of the pure floors."""
        if self.only:
            return Outcome("skipped", "a choice of tests says nothing about coverage")
        code = run([PYTHON, "tests/contracts/measured.py"], DETENTE_MEASURED=str(self.scratch / "coverage"))
        return Outcome("FAILED" if code else "ok")

    def mutants(self) -> Outcome:
        """Every named guard, taken away in a copy, must be missed by a test."""
        if self.only:
            return Outcome("skipped", "a choice of tests says nothing about mutants")
        return Outcome("FAILED" if run([PYTHON, "tests/mutants/hunt.py"]) else "ok")


def check(options: argparse.Namespace) -> int:
    """Run every step, whatever the one before gave; 0 only if none failed."""
    ensure("dev", options.wheelhouse)
    results: list[tuple[str, Outcome, float]] = []
    with tempfile.TemporaryDirectory(prefix="detente-check-") as scratch:
        checking = Check(options, Path(scratch))
        steps = checking.steps()
        for number, (name, step) in enumerate(steps, 1):
            print(f"\n=== {number}/{len(steps)} {name}", flush=True)
            began = time.monotonic()
            outcome = step()
            results.append((name, outcome, time.monotonic() - began))
    return conclude(results, checking)


def conclude(results: Sequence[tuple[str, Outcome, float]], checking: Check) -> int:
    """Print the summary and give the exit code."""
    print("\n=== summary")
    for number, (name, outcome, seconds) in enumerate(results, 1):
        print(f"{number:3}  {name:16} {seconds:7.1f} s  {outcome.word:8} {outcome.note}".rstrip())
    failed = [name for name, outcome, _ in results if outcome.word == "FAILED"]
    if checking.only and not checking.counts.ran:
        failed.append(f"no test matches {checking.only!r}")
    print(
        f"{sum(seconds for *_, seconds in results):.0f} s; "
        + (f"failed: {', '.join(failed)}" if failed else "all good")
    )
    print(f"tests: {checking.counts}", flush=True)
    return 1 if failed else 0


# --- soak and lock -----------------------------------------------------------------------------


def fuzzer_is_there(wheelhouse: Path | None) -> bool:
    """Whether `.venv` has the fuzzer, fetched now if it has not.

    Its wheels do not fit every Python and machine, and nothing but the soak uses it: so it is in no environment
    that was not asked for a soak.
    """
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip += ["--require-hashes", "--only-binary=:all:"]
    pip += ["--no-index", "--find-links", wheelhouse.resolve()] if wheelhouse else []
    return installs([*pip, "-r", REQUIREMENTS / "fuzz.txt"])


def fuzz(options: argparse.Namespace) -> int:
    """Every entrance for hostile bytes, each for so many minutes under the fuzzer."""
    if not options.fuzz_minutes:
        return 0
    if not fuzzer_is_there(options.wheelhouse):
        say("dev.py: the fuzzer (requirements/fuzz.txt) could not be installed here: the entrances are not hunted")
        return 1 if os.environ.get("CI") == "true" else 0
    return run([PYTHON, "tests/fuzz/hunt.py", "--seconds", str(round(60 * options.fuzz_minutes))])


def soak(options: argparse.Namespace) -> int:
    """The long hunts, again and again until the time is over or one finds something."""
    ensure("dev", options.wheelhouse)
    end = time.monotonic() + 60 * options.minutes
    rounds = 0
    while rounds == 0 or time.monotonic() < end:
        rounds += 1
        print(f"\n=== round {rounds}", flush=True)
        code = run(
            [PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-m", "soak", "-r", "fEs"],
            DETENTE_HYPOTHESIS="soak",
            PYTHONPATH=str(ROOT / "tests"),
        )
        if code == NO_TESTS_COLLECTED:
            say("dev.py: no test is marked soak, so there is nothing to hunt")
        code = code or fuzz(options)
        if code:
            return code
    return 0


def declared(extras: Sequence[str] = ()) -> list[str]:
    """The dependencies that `pyproject.toml` declares, with those of the extras, in order of their names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted: list[str] = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return sorted(wanted)


def fingerprint(wanted: Sequence[str]) -> str:
    """The first line of a compiled file: which declarations it was compiled from."""
    return FINGERPRINT + hashlib.sha256("\n".join(wanted).encode()).hexdigest()


def lock(options: argparse.Namespace) -> int:
    """Compile `requirements/*.txt` anew.  Without --upgrade every version stays that still fits."""
    ensure("dev", options.wheelhouse)
    upgrade = ["--upgrade"] if options.upgrade else []
    for name, extras in LOCKED.items():
        wanted = declared(extras)
        command: list[str | Path] = [
            PYTHON,
            "-m",
            "uv",
            "--no-config",
            *COMPILE.split(),
            "--no-emit-index-url",
            *upgrade,
        ]
        command += [part for extra in extras for part in ("--extra", extra)]
        if extras:
            command += ["--constraint", "requirements/run.txt"]
        target = REQUIREMENTS / f"{name}.txt"
        if run([*command, "pyproject.toml", "--output-file", target.relative_to(ROOT)], UV_SYSTEM_CERTS="1"):
            raise Sorry(f"{target.name} could not be compiled; it is as it was.")
        target.write_text(f"{fingerprint(wanted)}\n{target.read_text('utf-8')}", "utf-8")
        say(f"compiled {target.relative_to(ROOT)}")
    say("the hashes of uv itself stand in requirements/uv.txt; its first line says how to compile it")
    return 0


# --- the command line --------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="dev.py", description="The commands of a checkout of Detente.")
    commands = top.add_subparsers(dest="command", required=True, metavar="up | check | soak | lock")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--wheelhouse", type=Path, metavar="DIR", help="install from the files in DIR, no network")

    one = commands.add_parser("up", parents=[shared], help="a relay, a register and three chanceries on this machine")
    one.add_argument("--fresh", action="store_true", help="forget the last demonstration and start again")
    one.add_argument("--scripted", action="store_true", help="play the main job to its end without a browser")
    one.add_argument("--text", type=Path, metavar="FILE", help="the bracketed text to negotiate")
    one.add_argument("--json", action="store_true", help="the last line is one JSON object")
    one.add_argument(
        "--data", type=Path, metavar="DIR", help="where the stores lie (default: .detente in the checkout)"
    )
    one.set_defaults(act=up)

    one = commands.add_parser("check", parents=[shared], help="format, lint, types, walls, tests, coverage, mutants")
    one.add_argument("--fast", action="store_true", help="leave out slow tests and mutants")
    one.add_argument("-k", metavar="EXPRESSION", help="only the tests that match, as pytest's -k")
    one.set_defaults(act=check)

    one = commands.add_parser("soak", parents=[shared], help="the long hunts")
    one.add_argument("--minutes", type=float, default=0, metavar="N", help="repeat for N minutes (default: one round)")
    one.add_argument(
        "--fuzz-minutes", type=float, default=0.1, metavar="N", help="fuzz each entrance for N minutes (default: 0.1)"
    )
    one.set_defaults(act=soak)

    one = commands.add_parser("lock", parents=[shared], help="compile requirements/*.txt from pyproject.toml")
    one.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    one.set_defaults(act=lock)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; the exit code."""
    options = parser().parse_args(arguments)
    try:
        code: int = options.act(options)
    except Sorry as sorry:
        say(f"dev.py: {sorry}")
        return 2
    except KeyboardInterrupt:
        say("dev.py: stopped")
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
