"""The official interoperation scripts, ours against ours: all suites, handshakes sealed and in clear."""

import json
import os

import pytest
from interop_runner import InProcess, actors_of, play_all
from mls_parties import Entropy
from shared import shared

from detente.crypto.suites import HOUSE_SUITES
from detente.mls.interop_client import Client

pytestmark = pytest.mark.vectors

SCRIPTS = {
    "application": 3,
    "branch": 4,
    "commit": 9,
    "external_join": 5,
    "external_proposals": 8,
    "reinit": 6,
    "welcome_join": 4,
}
SUITES = list(HOUSE_SUITES) if os.environ.get("DETENTE_HYPOTHESIS") == "soak" else [1, 2, 0xF002]


SLOW = ("branch", "commit", "reinit")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in SCRIPTS])
def test_scripts(name):
    scripts = json.loads(shared(f"vectors/mls/interop-configs/{name}.json").read_text("utf-8"))["scripts"]
    peers = [InProcess(Client(Entropy(seed))) for seed in (b"one", b"other")]
    runs, failures = play_all(peers, scripts, SUITES, most=2)
    assert not failures
    assert len(scripts) == SCRIPTS[name]
    casts = [2 if len(actors_of(script)) > 1 else 1 for script in scripts.values()]
    assert runs == 2 * len(SUITES) * sum(casts)
