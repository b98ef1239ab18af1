"""What was played with ts-mls, as the last line of a run; workers hand their counts on with their reports."""

COUNTED = "ts-mls "


def pytest_terminal_summary(terminalreporter):
    told = [
        (name.removeprefix(COUNTED), count)
        for report in terminalreporter.stats.get("passed", [])
        for name, count in report.user_properties
        if name.startswith(COUNTED)
    ]
    if told:
        totals = {}
        for name, count in told:
            totals[name] = totals.get(name, 0) + count
        terminalreporter.config.played_with_ts_mls = totals


def pytest_unconfigure(config):
    totals = getattr(config, "played_with_ts_mls", None)
    if totals is not None:
        line = ", ".join(f"{count:,} {name}" for name, count in totals.items() if count)
        config.get_terminal_writer().line(f"with ts-mls: {line}")
