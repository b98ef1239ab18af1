"""What the commands on texts have in common: reading without being filled up, refusing with a sentence, progress.

Exit codes: 0 done; 2 refused, and then nothing is on standard output.  Progress goes to standard error.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from detente.cli.text_files import refuse
from detente.ground.errors import DetenteError
from detente.procedures.table.parse import LARGEST_TEXT

_PAUSE: Final = 1.0  # seconds between two lines of progress


def read_bytes(file: Path, largest: int = LARGEST_TEXT) -> bytes:
    """At most one byte more than is wanted, so that a huge file costs no memory; who reads it refuses that byte."""
    with file.open("rb") as stream:
        return stream.read(largest + 1)


@contextmanager
def refusing(file: Path) -> Iterator[None]:
    """What goes wrong with a file becomes a sentence that names it."""
    try:
        yield
    except OSError as error:
        refuse(f"{file} cannot be read: {error.strerror or error}.")
    except DetenteError as error:
        refuse(f"{file}: {error.sentence}")


def put(values: dict[str, Any]) -> None:
    """One JSON object on one line."""
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


class Progress:
    """How far long work has come, said once a second and not at all where it is short."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._last = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        """So many of so many."""
        now = time.monotonic()
        if now - self._last >= _PAUSE:
            self._last = now
            sys.stderr.write(f"{done:,} of {of:,} {self._what}\n")
            sys.stderr.flush()
