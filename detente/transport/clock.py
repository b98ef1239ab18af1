"""The one place of a house that reads a clock.

Everything below is handed its instants; tests hand in their own.  What `now` says is this machine's idea of
the time: deadlines run on the log's timestamps, never on it.  How long something has lasted here, a session
for instance, is measured on `running`, which nobody sets back.
"""

from __future__ import annotations

import time

from detente.ground.instants import Instant


def now() -> Instant:
    """This machine's time."""
    return Instant(time.time_ns() // 1_000_000)


def running() -> Instant:
    """Milliseconds since this machine began, its sleep included: good for differences, and for nothing else."""
    return Instant(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)
