"""What every test has: the tests folder on the path, a hypothesis profile, and a last line that says what was counted.

The profile is quick and repeatable.  The line is here and not beside the tests that count, because a run on several
workers is summed up by a process that reads no other conftest.
"""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).resolve().parent))

settings.register_profile(
    "check", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("soak", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("DETENTE_HYPOTHESIS", "check"))

COUNTED = "counted: "


@pytest.fixture
def counted(record_property):
    """Tell of what a test did how many: (name in words, count); workers hand it on with their reports."""
    return lambda name, count: record_property(COUNTED + name, count)


def pytest_terminal_summary(terminalreporter):
    ended = [report for report in terminalreporter.stats.get("", []) if report.when == "teardown"]
    total = Counter()
    for report in ended:
        for name, count in report.user_properties:
            if name.startswith(COUNTED):
                total[name.removeprefix(COUNTED)] += count
    terminalreporter.config.counted_in_all = total


def pytest_unconfigure(config):
    total = getattr(config, "counted_in_all", None)
    if total:
        missing = "" if any(total.values()) else ": what they read or need was not found"
        told = ", ".join(f"{count:,} {name}" for name, count in total.items() if count or missing)
        config.get_terminal_writer().line(told + missing)
