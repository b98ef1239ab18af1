"""An office that oversteps: every power against every route and every kind of act, and objects of elsewhere."""

import base64

import pytest
from serving import NOTHING, own_line, path_of, serving, signed_in, visitor

from detente import bootstrap
from detente.api.calls import OPEN
from detente.api.routes import ROUTES
from detente.chancery.identity import EVERY_POWER, POWERS

ONLY = {f"only-{power}": (power,) for power in EVERY_POWER}
WITHOUT = {f"without-{power}": tuple(each for each in EVERY_POWER if each != power) for power in EVERY_POWER}
READING = {f"read-{power}": ("read", power) for power in EVERY_POWER if power != "read"}
OFFICES = {"head-of-mission": EVERY_POWER, "reader": ("read",), **ONLY, **WITHOUT, **READING}
BYTES = base64.b64encode(bytes(32)).decode()
BODIES = {
    "correspondence": {"kind": "correspondence.acknowledge", "note": BYTES},
    "table": {"kind": "table.withdraw", "text": BYTES, "operation": BYTES},
    "silence": {"kind": "silence.lift", "silence": BYTES},
    "ballot": {"kind": "ballot.cast", "ballot": BYTES, "choice": "yes"},
    "signature": {"kind": "signature.consent", "instrument": BYTES},
    "guidelines": {"kind": "guidelines.accept", "proposal": BYTES, "name": BYTES},
    "charter": {"kind": "charter.incident", "position": 0, "evidence": "", "sentence": "A test."},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("house")
    bootstrap.make_house(home, bytes(32), {"en": "Republic of Arvenia"}, OFFICES)
    with serving(home) as made:
        yield made


@pytest.fixture(scope="module")
def lines(house):
    """Two lines of the house."""
    with signed_in(house) as head:
        return own_line(head), own_line(head)


def refused_for_its_power(answer):
    return (answer.status_code, answer.json().get("rule")) == (403, "record.powers")


def ask(client, route):
    """Ask a route for what is not there; a stream is not read on."""
    with client.stream(route.method, path_of(route), json={} if route.most else None) as answer:
        if not answer.headers["content-type"].startswith("text/event-stream"):
            answer.read()
        return answer


def is_refused(answer):
    return answer.status_code == 403 and refused_for_its_power(answer)


@pytest.mark.attack("A07", "prevented")
@pytest.mark.parametrize(
    "office",
    ["only-read", *(pytest.param(each, marks=pytest.mark.slow) for each in sorted({*ONLY, *WITHOUT} - {"only-read"}))],
)
def test_an_office_does_what_its_power_allows_and_nothing_else(house, office):
    held = set(OFFICES[office])
    for route in ROUTES:
        if (route.method, route.path) == ("DELETE", "/session"):
            continue
        with signed_in(house, office) as client:
            answer = ask(client, route)
        allowed = route.power == OPEN or route.power in held
        assert is_refused(answer) is not allowed, (route.method, route.path)
        assert answer.status_code not in (401, 500, 503), (route.method, route.path)


@pytest.mark.attack("A07", "prevented")
@pytest.mark.parametrize("procedure", sorted(BODIES))
def test_an_act_needs_the_power_of_its_procedure_besides(house, lines, procedure):
    assert set(BODIES) == set(POWERS)
    for office, held in {**READING, "reader": ("read",)}.items():
        with signed_in(house, office) as client:
            answer = client.post(f"/api/v1/lines/{lines[0]}/acts", json={"body": BODIES[procedure]})
        assert refused_for_its_power(answer) is (POWERS[procedure] not in held), office


@pytest.mark.attack("A07", "prevented")
def test_an_office_that_another_record_has_has_no_power_here(house, monkeypatch):
    token, session = house.sessions.open("reader", bytes(16), 0)
    monkeypatch.setitem(
        house.sessions._sessions, session.name, type(session)("a-stranger", bytes(16), session.name, 0, 2**60)
    )
    with visitor(house) as client:
        answer = client.get("/api/v1/house", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["rule"]) == (403, "record.offices")


@pytest.mark.attack("A07", "prevented")
def test_what_belongs_to_another_line_is_as_little_there_as_what_never_was(house, lines):
    note = {
        "kind": "correspondence.note", "form": "note verbale", "number": None, "precedence": "ROUTINE",
        "character": "FORMAL", "label": "UNCLASSIFIED", "to": [], "info": [], "subject": "A draft", "text": "Words.",
        "answers": None, "refers": None, "exercise": False,
    }  # fmt: skip
    first, second = lines
    with signed_in(house) as head:
        drafted = head.post(f"/api/v1/lines/{first}/drafts", json={"body": note})
        draft = drafted.json()["draft"]
        answers = [
            head.request(method, f"/api/v1/lines/{line}{path}", json={} if method == "POST" else None)
            for line in (second, NOTHING)
            for method, path in (
                *(("POST", f"/drafts/{draft}/{step}") for step in ("clear", "reject", "authorise")),
                ("POST", "/drafts/../clear"),
                ("GET", f"/acts/{first}"),
                ("GET", f"/texts/{first}"),
                ("GET", f"/instruments/{first}"),
            )
        ]
        assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
        assert head.post(f"/api/v1/lines/{first}/drafts/{draft}/reject", json={}).status_code == 200, "the control"


def test_control_with_every_power_every_route_answers(house):
    for route in ROUTES:
        with signed_in(house) as head:
            assert not is_refused(ask(head, route)), (route.method, route.path)
