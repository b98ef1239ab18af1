"""What ran of the official MLS vectors, as the last line: a run that found none says so."""

import pytest

CASES = "official MLS cases"


@pytest.fixture
def official(record_property):
    """Tell how many official cases a test ran, once all of them passed; workers hand it on with their reports."""
    return lambda count: record_property(CASES, count)


def pytest_terminal_summary(terminalreporter):
    reports = [report for found in terminalreporter.stats.values() for report in found if hasattr(report, "nodeid")]
    if not any("test_mls_vectors" in one.nodeid or "test_mls_passive" in one.nodeid for one in reports):
        return
    passed = terminalreporter.stats.get("passed", [])
    ran = sum(count for report in passed for name, count in report.user_properties if name == CASES)
    terminalreporter.config.official_mls_cases = ran


def pytest_unconfigure(config):
    ran = getattr(config, "official_mls_cases", None)
    if ran is not None:
        missing = "" if ran else ": the vectors were not found (DETENTE_SHARED)"
        config.get_terminal_writer().line(f"{ran:,} {CASES}{missing}")
