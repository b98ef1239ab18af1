"""Three invented parties with their own processes, for tests that look at a house from outside.

A relay, a register and three chanceries on loopback, as `detente` starts them; each office signs in with
its one-time link and speaks to the API, as a program of a delegation would.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
from authenticators import token_of

from detente.api.app import cookie_name
from detente.evidence import anchors
from detente.evidence.anchors import AnchoredRegister

NAMES = {"arvenia": "Republic of Arvenia", "belmora": "Kingdom of Belmora", "corvalis": "Corvalis"}
OFFICES = ("head-of-mission", "registry")
PATIENCE = 120.0
TEXT = """# Line on incidents

## Article 1

1. The Parties [shall][should] inform each other [without delay] of every incident [of which they know].

2. [Belmora propose: Each Party names one office [that answers [at every hour [of every day [, holidays included]]]].]

## Article 2

Option 1: This text enters into force on signature.

Option 2: This text enters into force on the thirtieth day after the last Party has signed it.
"""


def program(*arguments):
    return [sys.executable, "-m", "detente.cli.main", *map(str, arguments)]


class Houses:
    """Use as a context; `line` is founded and all are on it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.processes = []
        self.urls = {}
        self.clients = {}
        self.parties = {}
        self.line = ""

    def __enter__(self):
        try:
            self._open()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        for client in self.clients.values():
            client.close()
        self._stop()

    def _open(self):
        self._start("relay", "relay", "--data", self.folder / "relay")
        self._start("register", "register", "--data", self.folder / "register", "--parties", self.anchors)
        making = [subprocess.Popen(self._make(key), stdout=subprocess.DEVNULL) for key in NAMES]
        assert [each.wait() for each in making] == [0, 0, 0]
        for key in NAMES:
            self._start(key, "chancery", "--home", self.home(key), "--key-file", self.key_file(key),
                        "--relay", self.urls["relay"], "--register", self.urls["register"],
                        "--demo-links", self.links_file(key), wait=False)  # fmt: skip
        for key in NAMES:
            self._wait_for(key)
            self.parties[key] = self.get(key, "/house")["party"]
        self._write_anchors()

    def meet(self):
        """Accredit each other, and found the line."""
        for key in NAMES:
            for other in (each for each in NAMES if each != key):
                self.hand_in(key, "/directory", self.client(other, "registry").get("/api/v1/record").content)
                digits = self.get(other, "/house")["digits"]
                for office in OFFICES:
                    self.post(key, f"/directory/{self.parties[other]}/comparisons", {"digits": digits}, office)
        asked = {
            "title": "Line on incidents in networks",
            "members": [
                {"party": party, "role": "chair" if key == "arvenia" else "member"}
                for key, party in self.parties.items()
            ],
            "must_accept": list(self.parties.values()),
            "ceiling": "SENSITIVE",
            "faults": None,
        }
        self.line = self.post("arvenia", "/lines", asked)["line"]
        for key in ("belmora", "corvalis"):
            self.until(lambda key=key: self.get(key, "/summonses"))
            self.post(key, f"/summonses/{self.line}/agree")
        for key in NAMES:
            self.until(lambda key=key: self._all_in(key))
        return self.line

    # --- speaking ---------------------------------------------------------------------------------

    def client(self, key, office="head-of-mission"):
        if (key, office) not in self.clients:
            client = httpx.Client(base_url=self.urls[key], timeout=60)
            client.headers["authorization"] = f"Bearer {self.token(key, office)}"
            self.clients[key, office] = client
        return self.clients[key, office]

    def token(self, key, office="head-of-mission"):
        """A new session, by the passkey of the office, which is enrolled the first time."""
        with httpx.Client(base_url=self.urls[key], timeout=60) as client:
            name = f"{self.folder} {key} {office}"
            return token_of(client, name, lambda: self.link(key, office).rsplit("/", 1)[-1])

    def cookie(self, key, office="head-of-mission"):
        """A cookie with which a browser is signed in."""
        return {"name": cookie_name(self.parties[key]), "value": self.token(key, office)}

    def get(self, key, path, **query):
        return self.client(key).get(f"/api/v1{path}", params=query).raise_for_status().json()

    def post(self, key, path, value=None, office="head-of-mission"):
        answer = self.client(key, office).post(f"/api/v1{path}", json=value or {})
        assert answer.is_success, answer.text
        return answer.json()

    def hand_in(self, key, path, file):
        headers = {"content-type": "application/octet-stream"}
        return self.client(key, "registry").post(f"/api/v1{path}", content=file, headers=headers).raise_for_status()

    def act(self, key, body):
        act = self.post(key, f"/lines/{self.line}/acts", {"body": body})["act"]
        self.confirmed(key, act)
        return act

    def confirmed(self, key, act):
        path = f"/lines/{self.line}/acts/{act}"
        self.until(lambda: self.get(key, path, wait="confirmed", seconds=20)["word"] == "confirmed")

    def everywhere(self, act):
        """Until every house holds the act."""
        for key in NAMES:
            self.until(lambda key=key: self.client(key).get(f"/api/v1/lines/{self.line}/acts/{act}").is_success)

    def link(self, key, office="head-of-mission"):
        return json.loads(self.links_file(key).read_text())[office]

    def note(self, key, to, subject="Opening of talks", text="", **changes):
        """Drafted and cleared by the registry, authorised by the head of mission; its act, once it is confirmed."""
        body = {
            "kind": "correspondence.note", "form": "note verbale", "number": None,
            "precedence": "ROUTINE", "character": "FORMAL", "label": "UNCLASSIFIED",
            "to": [self.parties[each] for each in to], "info": [], "subject": subject,
            "text": text or "The Mission presents its compliments.\n\nIt proposes to open talks.\n\nIt avails itself.",
            "answers": None, "refers": None, "exercise": False,
        }  # fmt: skip
        path = f"/lines/{self.line}/drafts"
        draft = self.post(key, path, {"body": {**body, **changes}}, "registry")["draft"]
        self.post(key, f"{path}/{draft}/clear", office="registry")
        act = self.post(key, f"{path}/{draft}/authorise")["act"]
        self.confirmed(key, act)
        return act

    def until(self, question):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if answer := question():
                return answer
            time.sleep(0.05)
        raise AssertionError("it did not happen in time")

    # --- processes --------------------------------------------------------------------------------

    @property
    def anchors(self):
        return self.folder / "anchors.json"

    def home(self, key):
        return self.folder / key / "home"

    def key_file(self, key):
        return self.folder / key / "store-key"

    def links_file(self, key):
        return self.folder / key / "links.json"

    def _make(self, key):
        (self.folder / key).mkdir(parents=True)
        return program("house", "make", "--home", self.home(key), "--name", NAMES[key],
                       "--key-file", self.key_file(key), "--roots", self.folder / key / "roots")  # fmt: skip

    def _start(self, name, *arguments, wait=True):
        log = (self.folder / f"{name}.log").open("wb")
        command = program(*arguments, "--listen", "127.0.0.1:0", "--port-file", self.folder / f"{name}.port")
        self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        log.close()
        if wait:
            self._wait_for(name)

    def _wait_for(self, name):
        port = self.folder / f"{name}.port"

        def there():
            assert all(each.poll() is None for each in self.processes), (self.folder / f"{name}.log").read_text()
            return port.exists()

        self.until(there)
        self.urls[name] = f"http://127.0.0.1:{int(port.read_text())}"

    def _write_anchors(self):
        found = httpx.get(f"{self.urls['register']}/v1/register").json()
        names = {self.parties[key]: name for key, name in NAMES.items()}
        made = anchors.make_anchors(names, AnchoredRegister(found["origin"], found["vkey"]))
        self.anchors.write_bytes(anchors.encode_anchors(made))

    def _all_in(self, key):
        if not any(each["line"] == self.line for each in self.get(key, "/lines")):
            return False
        found = self.get(key, f"/lines/{self.line}")
        return found["size"] == found["confirmed"] and all(each["in_group"] for each in found["members"])

    def _stop(self):
        for each in self.processes:
            if each.poll() is None:
                each.terminate()
        for each in self.processes:
            each.wait(20)
