"""The MLS tests once more, on states that are written and read back as soon as they are made."""

import os
import subprocess
import sys
from pathlib import Path

import mls_reload
import pytest
from mls_parties import Parties

TESTS = Path(__file__).resolve().parent.parent
FILES = (
    "units/test_mls_lifecycle.py",
    *(f"attacks/test_mls_{name}.py" for name in ("attacks", "checks", "demands", "leaves", "outsiders", "transcripts")),
)


def test_the_mode_writes_and_reads_every_group(monkeypatch):
    monkeypatch.setattr(mls_reload, "reloaded", 0)
    parties = Parties()
    first, second = parties.group("Arvenia", "Belmora")
    for group in (first, second):
        before = group.state
        mls_reload._reload(group)
        assert group.state is not before
        assert group.state == before
    assert mls_reload.reloaded >= 2


@pytest.mark.slow
def test_the_suite_passes_on_states_that_were_stored_in_between():
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(str(TESTS / file) for file in FILES)],
        env={**os.environ, "DETENTE_MLS_RELOAD": "1"},
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
