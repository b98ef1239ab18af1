"""The one place of a house that reads the clock.

Everything below is handed its instants; tests hand in their own.  What this says is this machine's idea of
the time: deadlines run on the log's timestamps, never on it.
"""

from __future__ import annotations

import time

from detente.ground.instants import Instant


def now() -> Instant:
    """This machine's time."""
    return Instant(time.time_ns() // 1_000_000)
