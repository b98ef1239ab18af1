"""`demo up` as a person uses it: links, Ctrl-C, a second start, a fresh one; and nothing is ever left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import bytecode
import httpx
import pytest
from authenticators import Authenticator, answer_to, enrol

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = CHECKOUT / "tests" / "fixtures" / "protocol.md"
LINK = re.compile(r"^ +([a-z-]+) +(http://localhost:\d+)/enter/(\S+)$")
PARTIES = ("Republic of Arvenia", "Kingdom of Belmora", "Corvalis")
LIMIT = 60.0  # seconds for anything to come about

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("up")]


@pytest.fixture(scope="module", autouse=True)
def _bytecode(tmp_path_factory):
    with bytecode.kept(tmp_path_factory):
        yield


class Up:
    """A running `demo up`."""

    def __init__(self, data, *more):
        command = [sys.executable, "-m", "detente.cli.main", "demo", "up", "--data", data, "--text", TEXT, *more]
        self.process = subprocess.Popen(
            list(map(str, command)),
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if "Ctrl-C stops everything" in line:
                break
        assert self.process.poll() is None, "\n".join(self.lines)
        self.children = children(self.process.pid)
        assert len(self.children) == 5

    @property
    def links(self):
        """(address, office, token) of every link, in the order of the parties."""
        return [(found[2], found[1], found[3]) for found in map(LINK.match, self.lines) if found]

    def end(self, number):
        self.process.send_signal(number)
        rest = self.process.communicate(timeout=LIMIT)[0]
        gone(self.children)
        return rest

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        gone(self.children)


def children(pid):
    """Every child of a process, whichever of its threads started it, oldest first."""
    tasks = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return sorted(int(child) for found in tasks for child in found.split())


def gone(pids):
    """Wait until none of these runs any more; one that has ended and is not yet collected does not run."""
    until(lambda: not [pid for pid in pids if runs(pid)], "a process was left behind")


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(question, what):
    deadline = time.monotonic() + LIMIT
    while not (answer := question()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return answer


def sign_in(address, link):
    """Enrol a passkey with a link, and sign in with it."""
    with httpx.Client(base_url=address, trust_env=False) as client:
        passkey = Authenticator(link)
        made = enrol(client, passkey, link)
        if not made.is_success:
            return made.status_code, made.json()
        answer = client.post("/api/v1/session", json=answer_to(client, passkey))
        return answer.status_code, answer.json()


def ask(address, token, path):
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(f"{address}/api/v1{path}", headers=headers, trust_env=False).raise_for_status().json()


def what_waits(up):
    """The line and its text, as the first link's office sees them."""
    address, _, link = up.links[0]
    status, session = sign_in(address, link)
    assert status == 200
    [line] = ask(address, session["token"], "/lines")
    [text] = ask(address, session["token"], f"/lines/{line['line']}/texts")
    return line["line"], text


def test_a_negotiation_waits_stops_goes_on_and_begins_again(tmp_path):
    with Up(tmp_path / "demo") as up:
        assert [line.strip() for line in up.lines if line.strip() in PARTIES] == list(PARTIES)
        first = up.links
        assert {office for _, office, _ in first} >= {"head-of-mission", "registry"}
        assert len({address for address, _, _ in first}) == 3
        line, text = what_waits(up)
        assert text["open"] > text["slots"] > 0, "the parties' proposals wait beside the places of the source"
        assert sign_in(*first[0][::2])[0] == 403, "a link works once"
        assert "Everything has stopped" in up.end(signal.SIGINT)
        assert up.process.returncode == 0

    with Up(tmp_path / "demo") as up:
        assert {link for *_, link in up.links}.isdisjoint(link for *_, link in first), "links end with their process"
        assert [each[:2] for each in up.links] == [each[:2] for each in first], "everybody is where they were"
        assert sign_in(*first[1][::2])[0] == 403
        assert what_waits(up) == (line, text)
        up.end(signal.SIGTERM)
        assert up.process.returncode == 0

    with Up(tmp_path / "demo", "--fresh") as up:
        another, same = what_waits(up)
        assert another != line
        assert same["content_hash"]
        up.end(signal.SIGINT)


def test_a_new_link_is_printed_when_one_is_used_and_a_killed_house_comes_back(tmp_path):
    with Up(tmp_path / "demo") as up:
        what_waits(up)
        said = next(line for line in up.process.stdout if "the next link is" in line)
        office, link = re.search(r"Arvenia, ([a-z-]+): the next link is (\S+)", said).groups()
        address, _, token = link.rpartition("/enter/")
        assert office == up.links[0][1]
        assert sign_in(address, token)[0] == 200
        os.kill(up.children[0], signal.SIGKILL)
        assert "was started again" in next(line for line in up.process.stdout if "had ended" in line)
        up.children = [*up.children, *children(up.process.pid)]
        up.end(signal.SIGINT)


@pytest.mark.parametrize("more", [(), ("--scripted",)], ids=["up", "scripted"])
def test_when_the_demonstration_itself_is_killed_its_processes_end(tmp_path, more):
    command = [
        sys.executable,
        "-m",
        "detente.cli.main",
        "demo",
        "up",
        "--data",
        tmp_path / "demo",
        "--text",
        TEXT,
        *more,
    ]
    with subprocess.Popen(
        list(map(str, command)), cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        ports = tmp_path / "demo" / ("scripted" if more else "world")
        until(lambda: len(list(ports.glob("*.port"))) == 5 or process.poll() is not None, "it did not start")
        started = children(process.pid)
        assert len(started) >= 5
        process.kill()
        process.communicate()
        gone(started)


# --- what cannot be negotiated ----------------------------------------------------------------------

HOSTILE = {
    "twenty megabytes": (b"1. The Parties [shall] agree.\n\n" * 700_000, "larger than"),
    "invalid UTF-8": (
        b"# T\n\n1. The Parties [sh\xffall] agree.\n",
        "is not UTF-8: line 3, byte offset 23, holds 0xff",
    ),
    "UTF-16": ("1. The Parties [shall] agree.\n".encode("utf-16"), "is not UTF-8: line 1, byte offset 0"),
    "a surrogate": (b"1. [\xed\xa0\x80]\n", "is not UTF-8"),
    "a bracket bomb": (b"# T\n\n" + b"[" * 100_000 + b"x" + b"]" * 100_000, "100,000"),
    "only opening": (b"# T\n\n" + b"[" * 100_000, ""),
    "empty": (b"", "is empty"),
    "only a mark": (b"\xef\xbb\xbf\r\n \n", "is empty"),
    "no brackets": (b"1. The Parties agree on everything.\n", "nothing to decide"),
    "a directory": (None, "cannot be read"),
    "nothing there": (None, "cannot be read"),
}


def hostile(folder, name):
    content, _ = HOSTILE[name]
    path = folder / "text.md"
    if content is not None:
        path.write_bytes(content)
    elif name == "a directory":
        path.mkdir()
    return path


def limited(*arguments):
    """A command under a limit of address space, so that hostile input cannot take the machine's memory."""
    command = f"ulimit -v {1_500_000}; exec " + " ".join(f"'{part}'" for part in (sys.executable, "-m", *arguments))
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd=CHECKOUT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_that_cannot_be_negotiated_is_refused_and_nothing_is_changed(tmp_path, name):
    before = tmp_path / "demo" / "scripted" / "world.json"
    before.parent.mkdir(parents=True)
    before.write_text("what was there before")
    text = hostile(tmp_path, name)
    done = limited(
        "detente.cli.main", "demo", "up", "--scripted", "--json", "--data", tmp_path / "demo", "--text", text
    )
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert (said["ok"], said["step"]) == (False, "")
    assert HOSTILE[name][1] in said["sentence"]
    assert "Traceback" not in done.stderr
    assert [path.name for path in before.parent.iterdir()] == ["world.json"]
    assert before.read_text() == "what was there before"


def test_a_folder_that_is_not_its_own_is_never_cleared(tmp_path):
    (tmp_path / "scripted").mkdir()
    (tmp_path / "scripted" / "thesis.txt").write_text("years of work")
    done = limited("detente.cli.main", "demo", "up", "--scripted", "--data", tmp_path, "--text", TEXT)
    assert done.returncode == 1
    assert "not a demonstration's folder" in done.stdout
    assert (tmp_path / "scripted" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", HOSTILE)
def test_inspect_reads_it_or_says_why_not(tmp_path, name):
    text = hostile(tmp_path, name)
    done = limited("detente.cli.main", "text", "inspect", "--json", text)
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        [line] = done.stdout.splitlines()
        said = json.loads(line)
        assert said["byte_identical"]
        content = HOSTILE[name][0]
        assert (said["open"], said["close"]) == (content.count(b"["), content.count(b"]"))
    else:
        assert done.returncode == 2
        assert done.stdout == ""
        assert HOSTILE[name][1] in done.stderr
        assert len(done.stderr.splitlines()) == 1
