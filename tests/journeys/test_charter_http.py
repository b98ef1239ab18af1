"""A line that is founded with a charter by one command, and kept by three houses with processes of their own."""

import base64
import subprocess

import httpx
import pytest
from houses import NAMES, Houses, program

pytestmark = pytest.mark.slow


def ran(houses, key, *arguments):
    """The command as an office of that house gives it."""
    link = houses.link(key)
    client = houses.clients.pop((key, "head-of-mission"), None)
    if client is not None:
        client.close()
    ended = subprocess.run(
        program("charter", *arguments, "--house", houses.urls[key], "--link", link),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout, ended.stderr


def test_a_line_is_founded_with_a_charter_and_refuses_in_its_words_at_home(tmp_path):
    with Houses(tmp_path) as houses:
        houses.meet()
        act = tmp_path / "act.json"
        act.write_text('{"kind": "guidelines.declare", "phase": "crisis", "reason": ""}')
        assert ran(houses, "belmora", "may", houses.line, str(act))[0] == 0
        code, out, err = ran(houses, "arvenia", "propose", houses.line, "bilateral-hotline")
        assert (code, err) == (0, "")
        proposal = out.strip()
        houses.confirmed("arvenia", proposal)
        houses.everywhere(proposal)
        (proposed,) = houses.get("belmora", f"/lines/{houses.line}/charter")["proposals"]
        assert proposed["proposal"] == proposal
        accept = {
            "kind": "guidelines.accept",
            "proposal": _base64(proposal),
            "name": _base64(proposed["name"]),
        }
        for key in NAMES:
            houses.everywhere(houses.act(key, accept))
        shown = {houses.get(key, f"/lines/{houses.line}/charter")["name"] for key in NAMES}
        assert shown == {proposed["name"]}
        body = {"kind": "table.import", "title": "A text", "language": "en", "importer": "x", "source": "1. A.\n"}
        answer = houses.client("belmora").post(f"/api/v1/lines/{houses.line}/acts", json={"body": body})
        assert answer.status_code == httpx.codes.CONFLICT
        assert "No clause of the charter allows it (to lay texts on the table)." in answer.json()["sentence"]


def test_founding_with_a_template_names_the_line_and_the_proposal(tmp_path):
    with Houses(tmp_path) as houses:
        houses.meet()
        party = houses.parties["belmora"]
        code, out, err = ran(houses, "arvenia", "found", "ceasefire", "--title", "Ceasefire", "--member", party)
        assert (code, err) == (0, "")
        line, proposal = out.split()
        houses.until(lambda: houses.get("belmora", "/summonses"))
        houses.post("belmora", f"/summonses/{line}/agree")
        houses.until(
            lambda: [
                each["proposal"] for each in _proposals(houses, "belmora", line)
            ] == [proposal]
        )  # fmt: skip


def _proposals(houses, key, line):
    answer = houses.client(key).get(f"/api/v1/lines/{line}/charter")
    return answer.json()["proposals"] if answer.is_success else []


def _base64(text):
    return base64.b64encode(bytes.fromhex(text)).decode()
