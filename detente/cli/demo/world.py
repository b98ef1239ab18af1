"""The demonstration's world: a relay, a register and three chanceries, each a process of its own.

Everything is real and everything is on loopback: the programs are those that a party would run, the
stores are encrypted files, the keys lie beside them only because this is a demonstration, which it
says.  Ports are chosen once and kept, below those that the system gives to outgoing connections, so
that whatever is killed comes back where it was.  Only processes that this object started are ever
ended, by their id; and they end by themselves when this process does, however it ends (`--with-parent`:
each reads a pipe whose other end is here).

Several threads may use one world: of each process there is one at a time.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from detente.ground.errors import Malformed, Unavailable, Unfit

SECOND_VERIFIER = Path(__file__).parents[3] / "tools" / "verify_instrument.py"
LOOPBACK = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
_PORTS = range(20_000, 32_768)  # Linux, macOS and Windows take the ports of outgoing connections from above
_LOOK = 0.02  # seconds


@dataclass(frozen=True)
class Seat:
    """A party of the demonstration: an invented one."""

    key: str
    name: str


SEATS = (Seat("arvenia", "Republic of Arvenia"), Seat("belmora", "Kingdom of Belmora"), Seat("corvalis", "Corvalis"))
NAMES = ("relay", "register", *(seat.key for seat in SEATS))


@dataclass
class World:
    """The processes, where they keep their things, and how to reach them."""

    data: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    relay_url: str = ""  # where the chanceries find the relay; by default, where it listens

    def __post_init__(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._locks = {name: threading.RLock() for name in NAMES}
        self._gate = threading.Lock()  # held while a process is made, so that none is made after the end
        self._ended = False
        path = self.data / "ports.json"
        if path.exists():
            self.ports = _read_ports(path)
        else:
            self.ports = dict(zip(NAMES, _free_ports(len(NAMES)), strict=True))
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

    def passkey_file(self, seat: Seat, office: str) -> Path:
        """The passkey of the program that plays an office: on a disk only because this is a demonstration."""
        return self.data / seat.key / "passkeys" / office

    @property
    def anchors(self) -> Path:
        """The file of trust anchors: the parties' identifiers, and the register's key."""
        return self.data / "anchors.json"

    def links(self, seat: Seat) -> Mapping[str, str]:
        """The one-time links that enrol a passkey, by office; `Unavailable` while they are not written yet."""
        path = self.data / seat.key / "links.json"
        try:
            found: dict[str, str] = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise Unavailable(f"{seat.name} has not written its links yet.") from error
        return found

    # --- processes -------------------------------------------------------------------------------

    def command(self, name: str) -> list[str]:
        """How a process of this world is started."""
        address = f"{LOOPBACK}:{self.ports[name]}"
        listen = ["--listen", address, "--port-file", str(self._port_file(name)), "--with-parent"]
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
            self.relay_url or self.url("relay"),
            "--register",
            self.url("register"),
            "--demo-links",
            str(self.data / seat.key / "links.json"),
            *listen,
        ]

    def start(self, name: str) -> None:
        """Start a process and wait until it answers; `Unfit` with what it said where it does not.

        One that was killed while it started is started again: that says nothing about whether it can start.
        """
        with self._locks[name]:
            deadline = time.monotonic() + START_SECONDS
            self._launch(name)
            while not self._port_file(name).exists():
                code = self.processes[name].poll()
                if code == -signal.SIGKILL:
                    self._launch(name)
                elif code is not None:
                    raise Unfit(f"{name} did not start: {_last_words(self._log(name))}")
                if time.monotonic() > deadline:
                    seconds = f"{START_SECONDS:.0f} seconds"
                    raise Unfit(f"{name} did not answer within {seconds}: {_last_words(self._log(name))}")
                time.sleep(_LOOK)

    def _launch(self, name: str) -> None:
        with self._gate, self._log(name).open("ab") as out:
            if self._ended:
                raise Unavailable("The demonstration has ended.")
            before = self.processes.get(name)
            if before is not None:
                _let_go(before)
            self._port_file(name).unlink(missing_ok=True)
            (self.data / name / "links.json").unlink(missing_ok=True)
            self.processes[name] = subprocess.Popen(  # noqa: S603 - our own program
                self.command(name),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                env=surroundings(self.data),
                start_new_session=True,
            )

    def ensure(self) -> list[str]:
        """Start again whatever has ended; the names of what was."""
        again = []
        for name in list(self.processes):
            with self._locks[name]:
                if not self._ended and self.processes[name].poll() is not None:
                    self.start(name)
                    again.append(name)
        return again

    def kill(self, name: str) -> bool:
        """End a process with no warning (`kill -9`); whether it was alive."""
        process = self.processes[name]
        alive = process.poll() is None
        process.kill()
        process.wait()
        return alive

    def stop(self) -> None:
        """End everything that was started here, politely first."""
        with self._gate:
            self._ended = True
            processes = list(self.processes.values())
        for process in processes:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _let_go(process)

    def _log(self, name: str) -> Path:
        return self.data / f"{name}.log"

    def _port_file(self, name: str) -> Path:
        return self.data / f"{name}.port"


def run(arguments: Sequence[str], data: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of `detente` to its end and keep what it says."""
    return subprocess.run(  # noqa: S603 - our own program
        [*_program("detente.cli.main"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=surroundings(data),
    )


def run_second_verifier(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run the verifier for strangers, which is one file beside this package and imports nothing of it."""
    if not SECOND_VERIFIER.exists():
        raise Unfit(f"The second verifier is not at {SECOND_VERIFIER}: start the demonstration from a checkout.")
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", str(SECOND_VERIFIER), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def _program(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def surroundings(data: Path) -> dict[str, str]:
    """The environment of our programs.  Who wants no bytecode in the checkout has it beside the data instead."""
    found = dict(os.environ)
    if found.pop("PYTHONDONTWRITEBYTECODE", ""):
        found.setdefault("PYTHONPYCACHEPREFIX", str(data.parent / "bytecode"))
    return found


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Close our end of a process that has ended."""
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _read_ports(path: Path) -> dict[str, int]:
    try:
        found = json.loads(path.read_text())
    except ValueError:
        found = None
    if not isinstance(found, dict) or set(found) != set(NAMES) or not all(type(one) is int for one in found.values()):
        raise Malformed(f"{path} is damaged: begin again with --fresh.")
    return found


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, and that the system gives to nobody else."""
    found: list[int] = []
    while len(found) < count:
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((LOOPBACK, port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
