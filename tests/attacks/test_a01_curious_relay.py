"""A01: whoever runs the relay reads all of its disk, its memory and its traffic, and finds nothing that was said.

A hundred canaries travel through three chanceries in everything that people write or bear: notes,
subjects, titles, a text and the proposals on it, positions, the names of parties and of offices.
The control puts canaries in clear where a chancery puts its ciphertexts, and the same search finds
them, in every encoding, on the disk, in the memory and in the traffic.
"""

import asyncio
import base64
import hashlib
import os

import bytecode
import canaries
import pytest
from recording import Recorder

from detente.cli.demo import setting
from detente.cli.demo.delegate import Delegate
from detente.cli.demo.world import SEATS, World, run
from detente.ground.identifiers import base32
from detente.procedures.table.parse import VERSION
from detente.transport.relay_client import RelayClient
from detente.wire.relaying import Submission

CANARIES = 100
CLAUSES = 30
NOTE = {
    "kind": "correspondence.note",
    "form": "note verbale",
    "number": None,
    "precedence": "ROUTINE",
    "character": "FORMAL",
    "label": "SENSITIVE",
    "info": [],
    "answers": None,
    "refers": None,
    "exercise": False,
}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("a01")]


class Planted:
    """Three houses on one line over a relay that is listened to, and all that they said to each other."""

    def __init__(self, data):
        self.world = World(data)
        self.recorder = Recorder(("127.0.0.1", self.world.ports["relay"]))
        self.world.relay_url = self.recorder.url
        self.canaries = [canaries.draw() for _ in range(CANARIES)]
        self._next = iter(self.canaries)
        self._offices = {}
        self.delegates = {}
        self.said = []  # plain words that are no canaries: parties' ids and names, labels

    def take(self):
        return next(self._next)

    def play(self, patch):
        for seat in SEATS:
            self._make(seat)
        list(setting.start_all(self.world))
        patch.setattr(setting, "TITLE", f"Line {self.take()}")
        self.delegates = setting.sit_down(self.world)
        parties = setting.identities(self.delegates)
        list(setting.accredit(self.delegates))
        self.line = setting.found_line(self.delegates, parties)
        self.said += parties.values()
        self._negotiate()
        self._correspond(parties)
        self.settle()
        assert next(self._next, None) is None

    def _make(self, seat):
        folder = self.world.data / seat.key
        name, self._offices[seat.key] = f"{seat.name} {self.take()}", self.take()
        arguments = ["house", "make", "--home", self.world.home(seat), "--key-file", self.world.key_file(seat)]
        arguments += ["--name", name, "--roots", folder / "root-keys"]
        for office in ("head-of-mission", "registry", f"{self._offices[seat.key]}=read,correspond"):
            arguments += ["--offices", office]
        made = run(list(map(str, arguments)), self.world.data)
        assert made.returncode == 0, made.stderr
        (folder / "made").touch()
        self.said.append(seat.name)

    def _negotiate(self):
        chair, second, third = (self.delegates[seat.key]["head-of-mission"] for seat in SEATS)
        source = "".join(
            f"{number}. The Parties [shall] agree on {self.take()} today.\n\n" for number in range(1, CLAUSES + 1)
        )
        body = {"kind": "table.import", "title": self.take(), "language": "en", "importer": VERSION, "source": source}
        self.text = chair.act(self.line, "import", body)
        chair.until(self.line, self.text, "confirmed")
        clauses = [
            each for each in chair.get(f"/lines/{self.line}/texts/{self.text}")["tree"] if each["is"] == "clause"
        ]
        for number, (delegate, clause) in enumerate(zip((second, third), clauses, strict=False)):
            delegate.sees(self.line, self.text)
            at = source.index("The Parties", source.index(f"{number + 1}. "))
            hunk = {"container": "", "lo": at, "hi": at, "words": f"{self.take()} "}
            body = {"kind": "table.edit", "text": b64(self.text), "clause": b64(clause["id"]), "hunks": [hunk]}
            edit = delegate.act(self.line, f"edit-{number}", body)
            delegate.until(self.line, edit)
            chair.sees(self.line, edit)
            stance = {"stance": "reserve", "ad_referendum": False, "note": self.take()}
            body = {"kind": "table.position", "text": b64(self.text), "target": b64(edit), **stance}
            chair.until(self.line, chair.act(self.line, f"position-{number}", body))

    def _correspond(self, parties):
        """Notes with all the canaries that are left, two in each."""
        left = list(self._next)
        for number, (subject, text) in enumerate(zip(left[::2], left[1::2], strict=True)):
            seat, to = SEATS[number % len(SEATS)], SEATS[(number + 1) % len(SEATS)]
            clerk = Delegate(self.world, seat, self._offices[seat.key])
            body = NOTE | {"to": [parties[to.key]], "subject": subject, "text": f"The Embassy {text}"}
            draft = clerk.post(f"/lines/{self.line}/drafts", {"body": body}, f"note-{number}")["draft"]
            clerk.post(f"/lines/{self.line}/drafts/{draft}/clear")
            head = self.delegates[seat.key]["head-of-mission"]
            sent = head.post(f"/lines/{self.line}/drafts/{draft}/authorise")
            head.until(self.line, sent["act"])
            clerk.close()

    def settle(self):
        """Wait until all houses hold all of it, and check that all of it travelled."""
        for seat in SEATS:
            registry = self.delegates[seat.key]["registry"]
            registry.wait("not all is confirmed", lambda registry=registry: self._still(registry))
            acts = registry.raw(f"/lines/{self.line}/acts").decode()
            assert all(canary in acts for canary in self.canaries)

    def _still(self, delegate):
        found = delegate.get(f"/lines/{self.line}")
        notes = delegate.get(f"/lines/{self.line}/notes")
        delivered = all(each["delivered"] for note in notes for each in note["addressees"])
        return delivered and found["size"] == found["confirmed"] and not found["held"]

    def close(self):
        for offices in self.delegates.values():
            for delegate in offices.values():
                delegate.close()
        self.world.stop()
        self.recorder.close()

    def disk(self):
        return canaries.files(self.world.data / "relay")

    def memory(self):
        return canaries.memory(self.world.processes["relay"].pid)

    def traffic(self):
        return self.recorder.streams


def b64(digits):
    return base64.b64encode(bytes.fromhex(digits)).decode()


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    with bytecode.kept(tmp_path_factory), pytest.MonkeyPatch.context() as patch:
        world = Planted(tmp_path_factory.mktemp("a01") / "world")
        try:
            world.play(patch)
            yield world
        finally:
            world.close()


def found(search, places):
    return {name for place in places for name in search(place)}


def forms(words):
    return [((form, word), needle) for word in words for form, needle in canaries.encodings(word)]


@pytest.mark.parametrize("place", ["disk", "memory", "traffic"])
@pytest.mark.attack("A01", "prevented")
def test_no_canary_lies_where_the_relay_can_look(planted, place):
    search = canaries.Search(forms(planted.canaries))
    looked = list(getattr(planted, place)())
    assert sum(map(len, looked)) > 100_000, "there is something to look at"
    assert found(search, looked) == set()


@pytest.mark.parametrize("place", ["disk", "memory", "traffic"])
@pytest.mark.attack("A01", "prevented")
def test_the_relay_holds_no_name_of_a_party(planted, place):
    """Parties' ids and names are shorter than canaries: they are looked for as they are, and in base64 and hex."""
    needles = []
    for word in planted.said:
        raw = word.encode()
        needles += [raw, raw.hex().encode(), word.encode("utf-16-le"), raw[::-1]]
        needles += [base64.b64encode(bytes(shift) + raw)[4 if shift else 0 : -4] for shift in range(3)]
    for content in getattr(planted, place)():
        assert not [needle for needle in needles if len(needle) > 8 and needle in content]


@pytest.mark.parametrize("place", ["disk", "traffic"])
@pytest.mark.attack("A01", "prevented")
def test_the_relay_holds_no_word_of_a_label_or_of_a_procedure(planted, place):
    """In the memory such words may lie for other reasons: libraries bring their own."""
    words = (
        b"SENSITIVE",
        b"UNCLASSIFIED",
        b"ROUTINE",
        b"note verbale",
        b"correspondence",
        b"table.",
        b"head-of-mission",
    )
    for content in getattr(planted, place)():
        assert not [word for word in words if word in content]


@pytest.mark.attack("A01", "prevented")
def test_control_what_is_put_in_clear_is_found_in_every_form_and_place(planted):
    """The same relay, the same search: entries that nobody sealed."""
    word = canaries.draw()
    clear = dict(canaries.encodings(word))
    asyncio.run(put_in_clear(planted.recorder.url, clear.values()))
    search = canaries.Search(clear.items())
    assert found(search, planted.disk()) == set(clear)
    assert found(search, planted.memory()) == set(clear)
    on_the_wire = found(canaries.Search(forms([word])), planted.traffic())
    assert {form for form, _ in on_the_wire} >= {"base64 at 0", "base64 at 1", "base64 at 2"}


@pytest.mark.attack("A01", "prevented")
def test_control_a_tag_in_clear_is_found(planted):
    word = canaries.draw()
    asyncio.run(put_in_clear(planted.recorder.url, [b"a sealed message"], tag=word.encode()))
    search = canaries.Search(forms([word]))
    for place in (planted.disk(), planted.memory(), planted.traffic()):
        assert found(search, place)


async def put_in_clear(url, contents, tag=None):
    line = base32(os.urandom(16))
    async with RelayClient(url, os.urandom(32)) as client:
        await client.create_line(line, [client.public])
        entries = [
            Submission(
                kind=0,
                epoch=0,
                tag=tag or hashlib.sha256(bytes([number, shift]) + content).digest(),
                ciphertext=bytes(shift) + content + bytes(64),
                expected=None,
                writers=None,
                insist=False,
            )
            for number, content in enumerate(contents)
            for shift in range(1 if tag else 3)  # so that it stands at each place of base64 on the wire
        ]
        for result in await client.append(line, entries):
            assert result.position >= 0


def test_the_search_finds_every_form_at_every_offset():
    word, other = canaries.draw(), canaries.draw()
    search = canaries.Search(forms([word]))
    for form, needle in canaries.encodings(word):
        for offset in range(16):
            assert (form, word) in search(os.urandom(100 + offset) + needle + os.urandom(50))
        assert search(os.urandom(100) + needle[:-1]) <= {
            (each, word) for each, short in canaries.encodings(word) if short in needle
        }
    assert search(b"".join(needle for _, needle in canaries.encodings(other))) == set()
