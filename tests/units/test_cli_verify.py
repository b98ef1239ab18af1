"""`detente verify`: its exit codes, its sentences, and the same answer as the strangers' program."""

import json
import subprocess
import sys

import pytest
import typer
from sealing import NAMES, make_file, make_parties, seed
from shared import CHECKOUT
from typer.testing import CliRunner

from detente.cli.verify import verify
from detente.evidence import anchors
from detente.ground.instants import Instant
from detente.register.ledger import Ledger

PARTIES = make_parties()
LEDGER = Ledger(":memory:", "register.example/1", seed("register"))
KNOWN = anchors.make_anchors({party.id: party.name for party in PARTIES}, LEDGER.anchor)
FILE = make_file(PARTIES)
PROOF = LEDGER.publish(FILE, KNOWN, Instant(1)).proof.encode()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "agreement.json").write_bytes(FILE)
    (tmp_path / "agreement.json.tlog-proof").write_bytes(PROOF)
    (tmp_path / "anchors.json").write_bytes(anchors.encode_anchors(KNOWN))
    return tmp_path


def run(*arguments):
    app = typer.Typer()
    app.command()(verify)
    found = CliRunner().invoke(app, [*map(str, arguments)])
    stranger = subprocess.run(
        [sys.executable, "-I", str(CHECKOUT / "tools/verify_instrument.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert stranger.returncode == found.exit_code, (found.output, stranger)
    assert "Traceback" not in found.output
    return found


def test_proved_with_the_proof_beside_the_file(folder):
    found = run(folder / "agreement.json", "--parties", folder / "anchors.json")
    assert found.exit_code == 0
    assert all(f"{name} sealed this instrument" in found.output for name in NAMES)
    assert "Proved:" in found.output


def test_json_is_one_object_on_one_line(folder):
    found = run("--json", "--parties", folder / "anchors.json", folder / "agreement.json")
    (line,) = found.output.splitlines()
    said = json.loads(line)
    assert (said["outcome"], said["exit"]) == ("proved", 0)
    assert {finding["number"] for finding in said["findings"]} == set(range(4, 13))


def test_the_exit_codes(folder):
    file, known, proof = folder / "agreement.json", folder / "anchors.json", folder / "agreement.json.tlog-proof"
    assert run(file).exit_code == 3
    assert run(file, "--parties", known, "--proof", folder / "nowhere").exit_code == 2
    assert run(file, "--parties", folder / "nowhere").exit_code == 2
    assert run(folder / "nowhere", "--parties", known).exit_code == 2
    assert run(folder, "--parties", known).exit_code == 2
    elsewhere = folder / "elsewhere.json"
    elsewhere.write_bytes(FILE)
    assert run(elsewhere, "--parties", known).exit_code == 3  # no proof beside it
    assert run(elsewhere, "--parties", known, "--proof", proof).exit_code == 0
    elsewhere.write_bytes(make_file(PARTIES))  # sealed anew: another file than the published one
    assert run(elsewhere, "--parties", known, "--proof", proof).exit_code == 1
    elsewhere.write_bytes(FILE[:-1])
    assert run(elsewhere, "--parties", known, "--proof", proof).exit_code == 2


def test_a_file_of_twenty_megabytes_gets_a_sentence(folder):
    huge = folder / "huge.json"
    with huge.open("wb") as stream:
        stream.truncate(20 * 2**20)
    found = run(huge, "--parties", folder / "anchors.json")
    assert found.exit_code == 2
    assert "larger than 16 MB" in found.output
