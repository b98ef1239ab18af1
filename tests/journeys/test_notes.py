"""M1 over real processes: a note is sent, delivered, acknowledged and answered, whoever is away in between."""

import base64

import bytecode
import pytest

from detente.cli.demo import setting
from detente.cli.demo.world import NAMES, SEATS, World
from detente.ground.errors import Refused

CHAIR, SECOND, THIRD = (seat.key for seat in SEATS)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("notes")]


@pytest.fixture(scope="module", autouse=True)
def _bytecode(tmp_path_factory):
    with bytecode.kept(tmp_path_factory):
        yield


class Table:
    """Three houses on a line."""

    def __init__(self, data):
        self.world = World(data)
        self.delegates = {}

    def __enter__(self):
        try:
            list(setting.start_all(self.world))
            self.delegates = setting.sit_down(self.world)
            self.parties = setting.identities(self.delegates)
            list(setting.accredit(self.delegates))
            self.line = setting.found_line(self.delegates, self.parties)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for offices in self.delegates.values():
            for delegate in offices.values():
                delegate.close()
        self.world.stop()

    def office(self, seat, office="registry"):
        return self.delegates[seat][office]

    def drafted(self, seat, to, wish, **more):
        """A draft, cleared."""
        body = {
            "kind": "correspondence.note",
            "form": "note verbale",
            "number": None,
            "precedence": "ROUTINE",
            "character": "FORMAL",
            "label": "SENSITIVE",
            "to": sorted(self.parties[each] for each in to),
            "info": [],
            "subject": "Opening of the line",
            "text": "The Embassy presents its compliments.",
            "answers": None,
            "refers": None,
            "exercise": False,
        }
        drafts = f"/lines/{self.line}/drafts"
        draft = self.office(seat).post(drafts, {"body": body | more}, wish)["draft"]
        self.office(seat).post(f"{drafts}/{draft}/clear")
        return f"{drafts}/{draft}/authorise"

    def dispatch(self, seat, to, wish, **more):
        act: str = self.office(seat, "head-of-mission").post(self.drafted(seat, to, wish, **more))["act"]
        return act

    def note(self, seat, act):
        return next((each for each in self.office(seat).get(f"/lines/{self.line}/notes") if each["id"] == act), None)

    def standing(self, seat, act, to):
        """What a house says of a note at one of its addressees."""
        note = self.note(seat, act)
        return next((each for each in note["addressees"] if each["party"] == self.parties[to]), {}) if note else {}

    def wait(self, seat, act, to, word):
        self.office(seat).wait(f"the note is not {word}", lambda: self.standing(seat, act, to).get(word))

    def restart(self, name, *, politely):
        if politely:
            self.world.processes[name].terminate()
            self.world.processes[name].wait(30)
        else:
            self.world.kill(name)
        assert self.world.ensure() == [name]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with Table(tmp_path_factory.mktemp("notes") / "world") as table:
        yield table


def acknowledge(table, seat, act):
    body = {"kind": "correspondence.acknowledge", "note": b64(act)}
    return table.office(seat).act(table.line, f"acknowledge-{seat}-{act}", body)


def b64(digits):
    return base64.b64encode(bytes.fromhex(digits)).decode()


@pytest.mark.parametrize("name", NAMES)
def test_delivered_acknowledged_and_answered_are_three_things(table, name):
    act = table.dispatch(CHAIR, (SECOND, THIRD), name)
    table.restart(name, politely=True)
    for to in (SECOND, THIRD):
        table.wait(CHAIR, act, to, "delivered")
        assert not table.standing(CHAIR, act, to)["acknowledged"]
        table.wait(to, act, to, "delivered")
    receipt = acknowledge(table, SECOND, act)
    table.restart(name, politely=False)
    table.wait(CHAIR, act, SECOND, "acknowledged")
    assert not table.standing(CHAIR, act, THIRD)["acknowledged"]
    assert not table.standing(CHAIR, act, SECOND)["answered"]
    assert acknowledge(table, SECOND, act) == receipt, "asked twice under one name, done once"
    answer = table.dispatch(SECOND, (CHAIR,), f"answer-{name}", answers=b64(act))
    table.restart(name, politely=True)
    table.wait(CHAIR, act, SECOND, "answered")
    table.wait(SECOND, answer, CHAIR, "delivered")
    for seat in (CHAIR, SECOND, THIRD):
        table.office(seat).sees(table.line, answer)
        assert table.note(seat, act)["text"] == "The Embassy presents its compliments."
        assert table.office(seat).get(f"/lines/{table.line}/alarms") == []


def test_a_house_that_was_away_finds_everything_in_its_order(table):
    third = table.world.processes[THIRD]
    acts = []
    third.terminate()
    third.wait(30)
    held = table.world.processes.pop(THIRD)  # nobody starts it again for now
    for number in range(5):
        acts.append(table.dispatch(CHAIR, (SECOND,), f"away-{number}", subject=f"Number {number}"))
        table.wait(CHAIR, acts[-1], SECOND, "delivered")
    table.world.processes[THIRD] = held
    assert table.world.ensure() == [THIRD]
    table.office(THIRD).sees(table.line, acts[-1])
    subjects = [each["subject"] for each in table.office(THIRD).get(f"/lines/{table.line}/notes")]
    assert [each for each in subjects if each.startswith("Number")] == [f"Number {number}" for number in range(5)]


def test_a_note_above_the_ceiling_is_refused_before_it_is_sealed(table):
    before = len(table.office(CHAIR).get(f"/lines/{table.line}/acts"))
    with pytest.raises(Refused, match="SENSITIVE"):
        table.dispatch(CHAIR, (SECOND,), "too-high", label="SECRET")
    assert len(table.office(CHAIR).get(f"/lines/{table.line}/acts")) == before
    assert table.dispatch(CHAIR, (SECOND,), "high-enough", label="SENSITIVE"), "the control: at the ceiling it leaves"


def test_who_drafted_a_note_does_not_authorise_it(table):
    with pytest.raises(Refused):
        table.office(CHAIR).post(table.drafted(CHAIR, (SECOND,), "alone"))


def test_the_houses_end_with_the_same_log(table):
    table.office(CHAIR).wait("the houses do not hold the same", lambda: same_head(table))
    logs = {tuple(act["act"] for act in table.office(seat).get(f"/lines/{table.line}/acts")) for seat in table.parties}
    assert len(logs) == 1
    [log] = logs
    assert len(set(log)) == len(log)


def same_head(table):
    found = [table.office(seat).get(f"/lines/{table.line}") for seat in table.parties]
    return len({(each["head"]["root"], each["confirmed"], each["held"]) for each in found}) == 1 and all(
        each["size"] == each["confirmed"] and not each["held"] for each in found
    )
