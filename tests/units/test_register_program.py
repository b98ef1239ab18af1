"""The register as a program: it says when it is ready, answers, and ends with its store closed whole."""

import signal
import subprocess
import sys

import httpx
import pytest
from sealing import make_file, make_parties
from shared import CHECKOUT

from detente.evidence import anchors
from detente.register.app import INSTRUMENT

PARTIES = make_parties()


def start(folder, *more):
    return subprocess.Popen(
        [sys.executable, "-m", "detente.register.main", "--data", str(folder / "data"), *map(str, more)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_starts_publishes_and_resumes_after_a_kill(tmp_path):
    known = tmp_path / "anchors.json"
    known.write_bytes(anchors.encode_anchors(anchors.make_anchors({party.id: party.name for party in PARTIES}, None)))
    file = make_file(PARTIES)
    proofs = set()
    for ending, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)):
        port_file = tmp_path / f"port-{ending}"
        with start(tmp_path, "--parties", known, "--port-file", port_file) as program:
            word, address, vkey = program.stdout.readline().split()
            assert word == "ready"
            assert vkey.startswith("register-")
            assert address.endswith(":" + port_file.read_text().strip())
            answer = httpx.post(
                f"{address}/v1/instruments", content=file, headers={"content-type": INSTRUMENT}, timeout=30
            )
            assert answer.status_code in {200, 201}
            proofs.add(answer.json()["proof"])
            program.send_signal(ending)
            program.communicate(timeout=30)
            assert program.returncode == status
    assert len(proofs) == 1


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "nonsense"])
def test_anything_but_loopback_is_refused_with_a_sentence(tmp_path, listen):
    with start(tmp_path, "--listen", listen) as program:
        _, said = program.communicate(timeout=30)
    assert program.returncode == 3
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists()
