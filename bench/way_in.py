"""Claim: from nothing to a note that others have read and acknowledged takes one command.

Clones the checkout into an empty folder and types that command with an empty HOME, with no caches and with
only HOME, PATH and DETENTE_SHARED set.  Counted: commands, seconds to the end of the step in which the first
note is delivered, acknowledged and answered, seconds of the whole, megabytes on the disk, and the resident
memory of each process, looked at all the while.

Where packages come from is this machine's business: with an empty HOME only pip's system-wide settings are
left.  If that does not reach the packages, the run is done again with the real HOME and fresh caches, and the
bench says so.

The figures of a Matrix server are quoted, not measured here: 8 commands, 33 s, 311 MB, 124 MB of resident
memory to a first decrypted message, on another day.  They say what people are used to, and are no peer in the
sense of the other benches.

    python bench/way_in.py [--python PYTHON]
"""

import argparse
import contextlib
import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import measure
from measure import ROOT, say

FIRST_NOTE = ("processes", "credence", "line", "correspondence")
PROGRAMS = {"relay": "detente.relay.main", "register": " register ", "chancery": " chancery "}


class Memory:
    """The largest resident memory of each kind of process of one checkout, in kB."""

    def __init__(self, marker):
        self.marker, self.most, self.homes = str(marker), {}, set()
        self._on = True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self):
        self._on = False
        self._thread.join()
        return self.most

    def _watch(self):
        while self._on:
            for path in Path("/proc").iterdir():
                if path.name.isdigit():
                    with contextlib.suppress(OSError, StopIteration):
                        self._look(path)
            time.sleep(0.2)

    def _look(self, path):
        command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace") + " "
        if self.marker not in command or "--listen" not in command:
            return
        kind = next(kind for kind, words in PROGRAMS.items() if words in command)
        status = dict(line.split(":", 1) for line in (path / "status").read_text().splitlines() if ":" in line)
        resident = int(status["VmRSS"].split()[0])
        self.most[kind] = max(self.most.get(kind, 0), resident)


def clone(folder):
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(folder / "detente")], check=True)
    return folder / "detente"


def surroundings(folder, *, empty_home):
    kept = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder / "home")}
    (folder / "home").mkdir(exist_ok=True)
    shared = os.environ.get("DETENTE_SHARED") or ROOT.parent / "shared"
    kept["DETENTE_SHARED"] = str(shared)
    if not empty_home:
        caches = {"PIP_NO_CACHE_DIR": "1", "UV_NO_CACHE": "1", "XDG_CACHE_HOME": str(folder / "cache")}
        kept = {**os.environ, **caches}
    return kept


def type_it(python, folder, *, empty_home):
    """(last line, seconds, memory, what it said) of the one command, in a checkout of its own."""
    checkout = clone(folder)
    begun = time.monotonic()
    memory = Memory(checkout)
    try:
        ended = subprocess.run(
            [python, "dev.py", "up", "--scripted", "--json"],
            cwd=checkout,
            env=surroundings(folder, empty_home=empty_home),
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
    finally:
        most = memory.end()
    whole = time.monotonic() - begun
    lines = ended.stdout.strip().splitlines()
    return (json.loads(lines[-1]) if lines else {}), whole, most, ended.stderr, checkout


def megabytes(path):
    """What the files take on the disk, links counted once."""
    seen, total = set(), 0
    for found in path.rglob("*"):
        with contextlib.suppress(OSError):
            status = found.lstat()
            if status.st_ino not in seen:
                seen.add(status.st_ino)
                total += status.st_blocks * 512
    return total / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default="python3", help="the Python that a stranger has")
    options = parser.parse_args()
    begun = time.monotonic()
    measure.opening("the way in: from an empty folder, without caches")
    with tempfile.TemporaryDirectory(prefix="detente-bench-") as name:
        folder = Path(name)
        for attempt, empty_home in enumerate((True, False)):
            place = folder / str(attempt)
            place.mkdir()
            found, whole, most, said, checkout = type_it(options.python, place, empty_home=empty_home)
            if found.get("ok"):
                break
            say("with an empty HOME: " + (found.get("sentence") or "\n".join(said.strip().splitlines()[-3:])))
        else:
            raise SystemExit("the way in leads nowhere")
        say(f"HOME is {'empty' if empty_home else 'the real one, caches fresh'}; {measure.load()}\n")
        report(found, whole, most, checkout)
    measure.closing(begun)


def report(found, whole, most, checkout):
    environment = whole - found["seconds"]
    first = environment + sum(found["steps"][step] for step in FIRST_NOTE)
    installed = megabytes(checkout / ".venv")
    rows = [
        ("commands", 1, 8),
        ("seconds to the first note read and acknowledged", f"{first:.1f}", 33),
        ("  of these, the environment and starting", f"{environment:.1f}", ""),
        ("seconds to the signed, published, verified text", f"{whole:.1f}", ""),
        ("MB installed (.venv)", f"{installed:.0f}", 311),
        ("MB of the checkout besides, with its history", f"{megabytes(checkout) - installed:.0f}", ""),
        *(
            (f"MB resident, {kind} (most seen)", f"{kilobytes * 1024 / 1e6:.0f}", 124 if kind == "relay" else "")
            for kind, kilobytes in most.items()
        ),
    ]
    measure.table(["", "here", "a Matrix server, quoted"], rows)
    ratios = (
        (33 / first, "its seconds"),
        (311 / installed, "its megabytes"),
        (124e6 / (most["relay"] * 1024), "its memory"),
    )
    say("quoted / here: " + ", ".join(f"{ratio:.2f} for {what}" for ratio, what in ratios))
    say("the quoted figures were measured elsewhere, on another day: they are a yardstick, and no peer in the same run")


if __name__ == "__main__":
    main()
