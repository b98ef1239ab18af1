"""The demonstration's world: a relay, a register and three chanceries, each a process of its own.

Everything is real and everything is on loopback: the programs are those that a party would run, the
stores are encrypted files, the keys lie beside them only because this is a demonstration, which it
says.  Ports are chosen once and kept, so that whatever is killed comes back where it was.  Only
processes that this object started are ever ended, by their id.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from detente.ground.errors import Unavailable, Unfit

LOOPBACK = "127.0.0.1"
START_SECONDS = 40.0
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Seat:
    """A party of the demonstration: an invented one."""

    key: str
    name: str


SEATS = (Seat("arvenia", "Republic of Arvenia"), Seat("belmora", "Kingdom of Belmora"), Seat("corvalis", "Corvalis"))


@dataclass
class World:
    """The processes, where they keep their things, and how to reach them."""

    data: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.data / "ports.json"
        if path.exists():
            self.ports = json.loads(path.read_text())
        else:
            names = ("relay", "register", *(seat.key for seat in SEATS))
            self.ports = dict(zip(names, _free_ports(len(names)), strict=True))
            path.write_text(json.dumps(self.ports))

    def url(self, name: str) -> str:
        """Where a process listens."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def home(self, seat: Seat) -> Path:
        """A chancery's home."""
        return self.data / seat.key / "home"

    def key_file(self, seat: Seat) -> Path:
        """The demonstration's key of a chancery's store: beside the home, never in it."""
        return self.data / seat.key / "store-key"

    @property
    def anchors(self) -> Path:
        """The file of trust anchors: the parties' identifiers, and the register's key."""
        return self.data / "anchors.json"

    def links(self, seat: Seat) -> Mapping[str, str]:
        """The one-time sign-in links of a chancery, by office; `Unavailable` while they are not written yet."""
        path = self.data / seat.key / "links.json"
        try:
            found: dict[str, str] = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise Unavailable(f"{seat.name} has not written its sign-in links yet.") from error
        return found

    # --- processes -------------------------------------------------------------------------------

    def command(self, name: str) -> list[str]:
        """How a process of this world is started."""
        listen = ["--listen", f"{LOOPBACK}:{self.ports[name]}"]
        if name == "relay":
            return [*_program("detente.relay.main"), "--data", str(self.data / "relay"), *listen]
        if name == "register":
            parties = ["--parties", str(self.anchors)]
            return [*_program("detente.cli.main"), "register", "--data", str(self.data / "register"), *parties, *listen]
        seat = next(seat for seat in SEATS if seat.key == name)
        return [
            *_program("detente.cli.main"),
            "chancery",
            "--home",
            str(self.home(seat)),
            "--key-file",
            str(self.key_file(seat)),
            "--relay",
            self.url("relay"),
            "--register",
            self.url("register"),
            "--demo-links",
            str(self.data / seat.key / "links.json"),
            *listen,
        ]

    def start(self, name: str) -> None:
        """Start a process and wait until it answers; `Unfit` with what it said where it does not."""
        log = self.data / f"{name}.log"
        links = self.data / name / "links.json"
        links.unlink(missing_ok=True)
        with log.open("ab") as out:
            self.processes[name] = subprocess.Popen(  # noqa: S603 - our own program
                self.command(name), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                raise Unfit(f"{name} did not start: {_last_words(log)}")
            if _answers(self.url(name)) and (name in ("relay", "register") or links.exists()):
                return
            time.sleep(0.05)
        raise Unfit(f"{name} did not answer within {START_SECONDS:.0f} seconds: {_last_words(log)}")

    def ensure(self) -> list[str]:
        """Start again whatever has ended; the names of what was."""
        ended = [name for name, process in self.processes.items() if process.poll() is not None]
        for name in ended:
            self.start(name)
        return ended

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        process = self.processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End everything that was started here, politely first."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()


def run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of `detente` to its end and keep what it says."""
    return subprocess.run(  # noqa: S603 - our own program
        [*_program("detente.cli.main"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def _program(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=1.0)
    except httpx.HTTPError:
        return False
    return True


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def private_write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
