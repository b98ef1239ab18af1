"""Documents of others are opened by a child that has nothing: no file, no network, no secret, little memory and time.

The parent hands in bytes and gets back a typed value, or `Malformed` with a sentence.  A document that takes its
reader over has taken a process that can compute and answer, and whose answer is decoded as a stranger's: by its
type, within its size (attacks A50, A51).

Where the kernel grants less than was asked for, the document is still read, within the limits that stand
everywhere, and `Walls.missing` says what is missing, so that whoever shows the document can say it too.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Generic, TypeVar

import msgspec

from detente.documents.jail_walls import Limits, Walls
from detente.ground.errors import Malformed, Unavailable
from detente.wire import text as safety

T = TypeVar("T")

LIMITS: Final = Limits()
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_CHILD: Final = Path(__file__).with_name("jailed.py")
_CHUNK: Final = 1 << 16
_LONGEST_SENTENCE: Final = 1_000
_TOO_LONG: Final = "The document takes longer to read than its reader is given; nothing of it was taken."
_BROKE: Final = "The document broke the program that reads it; nothing of it was taken."
_TOO_MUCH: Final = "The document holds more than its reader may say; nothing of it was taken."


@dataclass(frozen=True, slots=True)
class Task:
    """What the child does: a function from bytes to a value that msgspec can write, and where it is found."""

    module: str
    function: str
    roots: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened(Generic[T]):
    """What the child said, and behind which walls it stood."""

    value: T
    walls: Walls


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    walls: Walls
    refused: str | None
    broke: str | None
    result: msgspec.Raw


def run(task: Task, raw: bytes, kind: type[T], limits: Limits = LIMITS) -> Opened[T]:
    """What `task` makes of these bytes, as a `kind`; `Malformed` where it refuses them, breaks, or takes too much.

    `Unavailable` where no child can be started at all.
    """
    ended, answer = _asked(task, raw, limits)
    if ended == -signal.SIGXCPU:
        raise Malformed(_TOO_LONG)
    if ended != 0:
        raise Malformed(_BROKE)
    try:
        said = msgspec.json.decode(answer, type=_Answer)
        if said.refused is None and said.broke is None:
            return Opened(msgspec.json.decode(said.result, type=kind), said.walls)
    except (msgspec.MsgspecError, RecursionError):
        raise Malformed(_BROKE) from None
    if said.refused is not None:
        raise Malformed(safety.visible(said.refused[:_LONGEST_SENTENCE]))
    raise Malformed(_BROKE)


def _asked(task: Task, raw: bytes, limits: Limits) -> tuple[int, bytes]:
    """How the child ended, and what it said.  Whatever happens, no process of its group is left."""
    roots = os.pathsep.join(str(root) for root in (_ROOT, *task.roots))
    written = msgspec.json.encode(limits).decode()
    command = [sys.executable, "-I", "-B", str(_CHILD), roots, task.module, task.function, written]
    try:
        child = subprocess.Popen(  # noqa: S603 - this very interpreter, on a file of this package
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(f"No reader for documents can be started ({error.strerror or error}).") from None
    try:
        answer = _exchanged(child, raw, limits)
        return child.wait(_PATIENCE), answer
    except subprocess.TimeoutExpired:
        raise Malformed(_TOO_LONG) from None
    finally:
        _end(child)


_PATIENCE: Final = 5.0  # seconds for a child that has said all to end


def _exchanged(child: subprocess.Popen[bytes], raw: bytes, limits: Limits) -> bytes:
    """Hands the document in while taking the answer, until the child has said all or time is up."""
    if child.stdin is None or child.stdout is None:
        raise Unavailable("No reader for documents can be started.")
    ends = time.monotonic() + limits.wall
    answer = bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, events in ((child.stdin, selectors.EVENT_WRITE), (child.stdout, selectors.EVENT_READ)):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, events)
        rest = memoryview(raw)
        while child.stdout in (key.fileobj for key in selector.get_map().values()):
            ready = selector.select(max(ends - time.monotonic(), 0))
            if time.monotonic() >= ends:
                raise Malformed(_TOO_LONG)
            for key, _ in ready:
                if key.fileobj is child.stdin:
                    rest = _handed(child.stdin, rest, selector)
                elif not _taken(child.stdout, answer):
                    selector.unregister(child.stdout)
            if len(answer) > limits.output:
                raise Malformed(_TOO_MUCH)
    return bytes(answer)


def _handed(stream: IO[bytes], rest: memoryview, selector: selectors.BaseSelector) -> memoryview:
    """Writes what the pipe takes; closes it at the end, or when nobody reads any more."""
    try:
        rest = rest[os.write(stream.fileno(), rest[:_CHUNK]) :]
    except BrokenPipeError:
        rest = rest[len(rest) :]
    if not rest:
        selector.unregister(stream)
        with contextlib.suppress(BrokenPipeError):
            stream.close()
    return rest


def _taken(stream: IO[bytes], answer: bytearray) -> bool:
    """Takes what has come; False at the end."""
    piece = os.read(stream.fileno(), _CHUNK)
    answer += piece
    return bool(piece)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and whatever it may have started: its session is its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    child.wait()
