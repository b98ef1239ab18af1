"""The main job from the command line, played to its end by real processes, and checked from outside."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import bytecode
import pytest
from projection import Projection
from shared import shared

CHECKOUT = Path(__file__).resolve().parents[2]
FIXTURES = CHECKOUT / "tests" / "fixtures"
FOOTNOTES = re.compile(r"\[\^[^\]\n]+\]")
PARTIES = {"Republic of Arvenia", "Kingdom of Belmora", "Corvalis"}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("scripted")]


def detente(*arguments, check=True):
    done = subprocess.run(
        [sys.executable, "-m", "detente.cli.main", *map(str, arguments)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


class Run:
    """A scripted run: what it printed last, and what lies in its folder."""

    def __init__(self, folder, text):
        done = detente("demo", "up", "--scripted", "--json", "--data", folder, "--text", text)
        [last] = done.stdout.splitlines()
        self.said = json.loads(last)
        self.screen = done.stderr
        self.source = text.read_bytes().decode()
        self.inspected = json.loads(detente("text", "inspect", "--json", text).stdout)
        acts = json.loads(Path(self.said["acts_file"]).read_text("utf-8"))
        self.acts = acts["acts"]
        self.parties = acts["parties"]
        self.instrument = json.loads(Path(self.said["instrument"]).read_bytes())
        self.payload = json.loads(base64.b64decode(self.instrument["payload"]))

    def of(self, kind, outcome="admitted"):
        return [act for act in self.acts if act["kind"] == kind and act["outcome"] == outcome]


def check(run):
    """What holds of every run, whatever the text."""
    said = run.said
    assert said["ok"]
    assert said["acts"] == len(run.acts) == len({act["act"] for act in run.acts})
    assert all(act["word"] == "confirmed" for act in run.acts)
    assert said["checkpoints"] > 0
    assert said["slots_settled"] == said["slots"] == run.inspected["slots"]
    assert sum(said["steps"].values()) <= said["seconds"]
    check_settlements(run)
    check_the_parties_part(run)
    check_the_text(run)
    check_the_verifiers(run)


def check_settlements(run):
    """Each is an act of its own, of the chair, that names the variant taken and the content it was taken on."""
    settlements = run.of("table.settle")
    assert len(settlements) == run.said["slots_settled"] + run.said["edits_settled"]
    assert len({act["body"]["slot"] for act in settlements}) == len(settlements)
    assert {act["author_name"] for act in settlements} == {"Republic of Arvenia"}
    assert all(len(act["body"]["chosen"]) == 1 for act in settlements)
    assert all(len(base64.b64decode(act["body"]["precondition"])) == 32 for act in settlements)


def check_the_parties_part(run):
    assert {act["author_name"] for act in run.of("table.edit")} == PARTIES
    [withdrawn] = run.of("table.withdraw")
    edits = {act["act"]: act["author"] for act in run.of("table.edit")}
    assert edits[base64.b64decode(withdrawn["body"]["operation"]).hex()] == withdrawn["author"]
    [refused] = run.said["refused"]
    assert "changed since" in refused
    for kind in ("table.accept", "signature.adopt", "signature.sign", "signature.consent"):
        assert Counter(act["author_name"] for act in run.of(kind)) == dict.fromkeys(PARTIES, 1), kind
    assert len(run.of("signature.published")) == 1


def check_the_text(run):
    text = run.payload["text"]
    assert hashlib.sha256(text.encode()).hexdigest() == run.said["text_sha256"]
    assert base64.b64decode(run.payload["text_sha256"]).hex() == run.said["text_sha256"]
    accepted = {act["body"]["content_hash"] for act in (*run.of("table.accept"), *run.of("signature.adopt"))}
    assert accepted == {run.payload["content_hash"]}
    assert base64.b64decode(run.payload["content_hash"]).hex() == run.said["content_hash"]
    assert "proposes “immediately”, and withdraws it" in run.screen
    assert "immediately " not in text or "immediately " in run.source


def check_the_verifiers(run):
    arguments = run.said["verify"].split()
    assert arguments[:2] == [".venv/bin/detente", "verify"]
    assert detente(*arguments[1:]).returncode == 0
    assert Path(run.said["proof"]).is_file()
    assert Path(run.said["parties"]).is_file()
    second = [sys.executable, "-I", CHECKOUT / "tools" / "verify_instrument.py", *arguments[2:]]
    assert subprocess.run(second, capture_output=True, check=False).returncode == 0
    without = [part for part in arguments[1:] if part not in {"--parties", run.said["parties"]}]
    assert detente(*without, check=False).returncode == 3, "who they are is not established without anchors"


@pytest.fixture(scope="module", autouse=True)
def _bytecode(tmp_path_factory):
    with bytecode.kept(tmp_path_factory):
        yield


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Run(tmp_path_factory.mktemp("small") / "demo", FIXTURES / "protocol.md")


def test_a_small_text_is_what_its_source_and_its_acts_say(small):
    check(small)
    projection = Projection(small.source, small.acts)
    assert projection.text() == small.payload["text"]
    assert len(projection.inserted) == small.said["edits_settled"] > 0
    assert set(projection.slots) <= set(projection.chosen)
    assert small.payload["title"] == "Protocol on Visits to Military Installations"


def _text_or_none(projection):
    try:
        return projection.text()
    except KeyError:  # the other variant holds a place on which nobody had to decide
        return None


def test_the_projection_notices_every_other_choice(small):
    """The control: with one settlement that names another variant the projection gives another text, or none."""
    first = Projection(small.source, small.acts)
    first.text()
    tried = 0
    for slot, variants in first.slots.items():
        for other in variants - set(first.chosen[slot]):
            changed = Projection(small.source, small.acts)
            changed.chosen[slot] = [other]
            tried += 1
            assert _text_or_none(changed) != small.payload["text"]
    assert tried >= len(first.slots)


def test_line_ends_marks_and_decomposed_letters_stay_as_they_came(tmp_path):
    source = (FIXTURES / "protocol.md").read_text("utf-8").replace("permission", "pe\u0301rmission")
    text = tmp_path / "protocol.md"
    text.write_bytes(b"\xef\xbb\xbf" + source.replace("\n", "\r\n").encode())
    run = Run(tmp_path / "demo", text)
    check(run)
    assert run.payload["title"] == "Protocol on Visits to Military Installations"
    signed = run.payload["text"]
    assert signed.startswith("\ufeff#")
    assert "pe\u0301rmission" in signed
    assert signed.count("\n") == signed.count("\r\n") == source.count("\n")


def check_corpus(run):
    check(run)
    text = run.payload["text"]
    left = FOOTNOTES.sub("", text)
    assert "[" not in left
    assert "]" not in left
    assert len(text) > len(run.source) / 4
    removed = sum(len(act["body"]["marks"]) for act in run.of("table.correct"))
    assert removed == run.said["brackets_removed"]


@pytest.mark.vectors
def test_the_paris_text_of_4_december(tmp_path):
    run = Run(tmp_path / "demo", shared("corpus/paris-2015/agreement_2015-12-04.md"))
    assert (run.inspected["open"], run.inspected["close"]) == (1024, 1027)
    check_corpus(run)
    assert run.said["slots_settled"] > 500


@pytest.mark.vectors
def test_the_tpp_text(tmp_path):
    run = Run(tmp_path / "demo", shared("corpus/tpp-ip-2013/tpp_ip_part1_sections_A-D.txt"))
    assert (run.inspected["open"], run.inspected["close"]) == (208, 208)
    check_corpus(run)
    assert run.said["slots_settled"] > 150
