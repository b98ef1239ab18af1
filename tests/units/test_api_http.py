"""The API as anybody on this machine meets it: one real house, and a relay that is not there."""

import asyncio
import json

import pytest
from authenticators import Authenticator, answer_to, enrol
from serving import NOTHING, cookie_of, own_line, path_of, serving, signed_in, token_for, visitor

from detente import bootstrap
from detente.acts.act import SALT_BYTES, Act, encode, pack
from detente.api import acts as acts_api
from detente.api import calls, faults, problems
from detente.api.calls import Answer, Api, Route
from detente.api.routes import ROUTES
from detente.chancery.identity import EVERY_POWER
from detente.chancery.ports import EntryRow
from detente.ground.errors import Unfit
from detente.ground.identifiers import LineId
from detente.tlog.leaf import Leaf, LeafKind
from detente.wire import canonical

OFFICES = {"head-of-mission": EVERY_POWER, "reader": ("read",), "registry": ("correspond", "read", "security")}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("house")
    bootstrap.make_house(home, bytes(32), {"en": "Republic of Arvenia"}, OFFICES)
    with serving(home) as made:
        yield made


@pytest.fixture
def anybody(house):
    with visitor(house) as client:
        yield client


@pytest.fixture
def head(house):
    with signed_in(house) as client:
        yield client


# --- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [each for each in ROUTES if each.power != calls.OPEN], ids=lambda r: r.path)
def test_without_a_session_nothing_is_answered(anybody, route):
    answer = anybody.request(route.method, path_of(route), headers={"authorization": "Bearer wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "session")
    assert answer.headers["content-type"] == problems.MEDIA


@pytest.mark.parametrize("route", [each for each in ROUTES if each.power not in (calls.OPEN, "read")])
def test_an_office_without_the_power_is_refused_and_one_with_it_is_not(house, head, route):
    with signed_in(house, "reader") as reader:
        refused = reader.request(route.method, path_of(route), json={})
    assert (refused.status_code, refused.json()["rule"]) == (403, "record.powers")
    allowed = head.request(route.method, path_of(route), json={})
    assert allowed.status_code not in (401, 403, 500)


def test_a_route_that_does_not_say_its_power_stops_the_start():
    async def handler(_call):
        return Answer()

    with pytest.raises(Unfit, match="power"):
        Route("GET", "/secrets", "", 0, handler)
    twice = Route("GET", "/once", "read", 0, handler)
    with pytest.raises(Unfit, match="twice"):
        Api(None, (twice, twice))


def test_what_is_not_there_and_what_is_nobodys_have_one_answer(head):
    answers = {
        head.get(f"/api/v1{path}").content
        for path in ("/nothing", f"/lines/{NOTHING}", f"/lines/{NOTHING}/notes", "/lines/x", f"/lines/{NOTHING}/acts")
    }
    assert len(answers) == 1
    assert head.get(f"/api/v1/lines/{NOTHING}").status_code == 404


def test_a_link_enrols_one_passkey_and_looking_at_it_enrols_none(house, anybody):
    link = house.sessions.link("registry")
    assert anybody.get(f"/enter/{link}").status_code == 200
    assert anybody.get(f"/enter/{link}").status_code == 200
    first = enrol(anybody, Authenticator("first"), link)
    assert first.json()["office"] == "registry"
    assert anybody.get(f"/enter/{link}").status_code == 403
    again = enrol(anybody, Authenticator("second"), link)
    assert (again.status_code, again.json()["rule"]) == (403, "session.link")
    opened = anybody.post("/api/v1/session", json=answer_to(anybody, Authenticator("first")))
    assert opened.json()["office"] == "registry"


def test_a_session_ends_when_its_office_says_so(head):
    assert head.get("/api/v1/house").status_code == 200
    assert head.delete("/api/v1/session").status_code == 200
    assert head.get("/api/v1/house").status_code == 401


# --- from where --------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["chancery.example", "127.0.0.1:80", "127.0.0.1.example:8901", ""])
def test_a_name_from_elsewhere_that_points_here_is_refused(house, anybody, host):
    assert anybody.get("/api/v1/house", headers={"host": host}).status_code == 421
    own = house.entrance.address.replace("127.0.0.1", "localhost")
    assert anybody.get("/", headers={"host": own}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "done"),
    [
        ({}, False),
        ({"origin": "http://127.0.0.1:8902"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "http://evil.example"}, False),
        ({"origin": "own"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
    ],
)
def test_a_cookie_alone_changes_nothing(house, anybody, headers, done):
    own = f"http://{house.entrance.address}"
    token_for(house)
    headers = {name: own if value == "own" else value for name, value in headers.items()}
    signed = answer_to(anybody, Authenticator(f"{house.entrance.address} head-of-mission"))
    entered = anybody.post("/sign-in", json=signed, headers={"origin": own})
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    answer = anybody.post(f"/api/v1/summonses/{NOTHING}/agree", json={}, headers=headers)
    assert answer.json()["rule"] == ("charter.summons" if done else "api.origin")
    page = anybody.post("/leave", headers=headers, follow_redirects=False)
    assert page.status_code == (303 if done else 403)


def test_a_session_of_a_header_needs_no_origin_but_may_not_have_another(head):
    assert head.post(f"/api/v1/summonses/{NOTHING}/agree", json={}).json()["rule"] == "charter.summons"
    foreign = head.post(f"/api/v1/summonses/{NOTHING}/agree", json={}, headers={"origin": "http://evil.example"})
    assert foreign.json()["rule"] == "api.origin"


# --- what comes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b'{"token": "a", "token": "b"}',
        b'{"token": "a", "more": 1}',
        b'{"token": 1.0}',
        b'{"token": NaN}',
        b'{"token": "\\ud800"}',
        b'{"token": 99999999999999999999}',
        b'{"token": "\xff"}',
        b"[" * 5000,
        b'{"token": ' + b"[" * 40 + b"]" * 40 + b"}",
        b"",
    ],
    ids=["twice", "unknown", "fraction", "nan", "half a character", "huge", "no utf-8", "bomb", "deep", "empty"],
)
def test_a_body_that_could_be_read_two_ways_is_refused(anybody, body):
    answer = anybody.post("/api/v1/session", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_bodies_are_bounded_before_they_are_read(anybody):
    large = b" " * (16 * 1024 + 1)
    headers = {"content-type": "application/json"}
    assert anybody.post("/api/v1/session", content=large, headers=headers).status_code == 413
    chunks = anybody.post("/api/v1/session", content=iter([large[:9000], large[9000:]]), headers=headers)
    assert chunks.status_code == 413
    packed = anybody.post("/api/v1/session", content=b"x", headers={**headers, "content-encoding": "gzip"})
    assert packed.status_code == 415
    form = anybody.post("/api/v1/session", data={"token": "x"})
    assert form.status_code == 415
    assert anybody.get("/", headers={"x-long": "a" * 20_000}).status_code == 431


def test_a_fault_says_nothing_of_itself_to_anybody_nor_to_the_log(house, head, monkeypatch, capfd):
    def broken(*_):
        seed = "the seed is 42"
        raise RuntimeError(seed)

    faults.configure()
    monkeypatch.setattr(house.entrance.desk, "do", broken)
    answer = head.get("/api/v1/directory")
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    said = capfd.readouterr()
    logged = json.loads(said.out.splitlines()[-1])
    assert (logged["kind"], logged["at"][-1].endswith(" broken")) == ("RuntimeError", True)
    for words in (answer.text, said.out, said.err):
        assert "42" not in words.replace(logged["timestamp"], "").replace(json.dumps(logged["at"]), "")
        assert "Traceback" not in words


@pytest.mark.parametrize(
    "path", ["/", "/directory", "/nothing", "/static/detente.css", "/enter/x", "/sign-in", "/api/v1/house"]
)
def test_every_answer_says_that_nothing_may_be_embedded_or_guessed(anybody, path):
    headers = anybody.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy.replace("https", "http")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


# --- what it is for ------------------------------------------------------------------------------------


def test_a_line_is_founded_once_however_often_the_answer_was_lost(head):
    made = [own_line(head, **{"idempotency-key": "found"}) for _ in range(2)]
    assert made[0] == made[1]
    line = head.get(f"/api/v1/lines/{made[0]}").json()
    assert (line["size"], line["held"]) == (0, 1)
    (act,) = head.get(f"/api/v1/lines/{made[0]}/acts").json()
    assert (act["act"], act["word"], act["kind"], act["position"]) == (made[0], "held", "charter.found", None)
    waited = head.get(f"/api/v1/lines/{made[0]}/acts/{made[0]}", params={"wait": "ordered", "seconds": 0})
    assert waited.json()["word"] == "held"


def test_a_list_of_acts_is_bounded_in_bytes_and_goes_on_where_it_ended(house, head, monkeypatch):
    line = own_line(head)
    rows = [EntryRow(n, leaf(n), "refused", b"", packed(line, n), "No.") for n in range(10)]
    desk = house.entrance.desk
    asyncio.run(desk.do(lambda home: home.store.add_entries(LineId(bytes.fromhex(line)), rows)))
    monkeypatch.setattr(acts_api, "MOST_BYTES", 4_500)
    asked = [head.get(f"/api/v1/lines/{line}/acts", params={"from": n}).json() for n in (0, 3, 9)]
    assert [[act["position"] for act in page] for page in asked] == [[0, 1, 2], [3, 4, 5], [9, None]]
    brief = head.get(f"/api/v1/lines/{line}/acts", params={"brief": 1}).json()
    assert [act["position"] for act in brief] == [*range(10), None]
    assert brief[0]["body"] == {"kind": "test.act", "subject": "A subject"}
    assert len(asked[0][0]["body"]["words"]) == 1_000
    monkeypatch.setattr(acts_api, "MOST_BYTES", 10)
    assert len(head.get(f"/api/v1/lines/{line}/acts").json()) == 1, "one is always given"


def leaf(number):
    return Leaf(LeafKind.TALK, 0, number, 256, bytes(32), bytes(32)).encode()


def nested(depth):
    return [] if depth == 0 else [nested(depth - 1)]


def test_an_act_that_nobody_can_read_hides_no_other(house, head):
    line = own_line(head)
    bodies = [
        {"kind": "test.one"},
        {"kind": "test.deep", "deep": nested(200)},
        {"deep": nested(200)},
        {"kind": "test.last"},
    ]
    rows = [
        EntryRow(n, leaf(n), "not understood", bytes([n]) * 32, packed(line, n, b), "") for n, b in enumerate(bodies)
    ]
    asyncio.run(house.entrance.desk.do(lambda home: home.store.add_entries(LineId(bytes.fromhex(line)), rows)))
    shown = head.get(f"/api/v1/lines/{line}/acts").json()
    assert [act["body"].get("kind") for act in shown[:4]] == ["test.one", "test.deep", "", "test.last"]
    with visitor(house) as browser:
        browser.cookies.set(cookie_of(house), token_for(house))
        page = browser.get(f"/lines/{line}/log")
    assert page.status_code == 200


def packed(line, number, body=None):
    body = body or {"kind": "test.act", "subject": "A subject", "words": "x" * 1_000}
    made = Act(
        line=bytes.fromhex(line), author="a" * 52, office="x", seen=0, digest=bytes(32), rules="test/1", made=number,
        salt=bytes(SALT_BYTES), body=canonical.raw(body),
    )  # fmt: skip
    return pack(encode(made), None)


def test_an_act_of_no_known_kind_or_with_a_field_too_many_is_refused(head):
    line = own_line(head)
    for body in ({"kind": "table.burn"}, {}, {"kind": "signature.consent", "instrument": "", "more": 1}):
        answer = head.post(f"/api/v1/lines/{line}/acts", json={"body": body})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed"), body


def test_a_record_goes_out_as_a_file_and_a_changed_one_does_not_come_in(head):
    record = head.get("/api/v1/record")
    assert record.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in record.headers["content-security-policy"]
    headers = {"content-type": "application/octet-stream"}
    assert head.post("/api/v1/directory", content=record.content, headers=headers).status_code == 200
    spoilt = record.content.replace(b"body", b"bodY")
    assert head.post("/api/v1/directory", content=spoilt, headers=headers).status_code == 400


def test_digits_that_are_others_accredit_nobody(head):
    own = head.get("/api/v1/house").json()["party"]
    answer = head.post(f"/api/v1/directory/{own}/comparisons", json={"digits": "1" * 60})
    assert answer.json()["rule"] == "credence.own"
    stranger = head.post(f"/api/v1/directory/{'a' * 52}/comparisons", json={"digits": "1" * 60})
    assert stranger.status_code == 404


def test_answers_are_plain_json(head):
    answer = head.get("/api/v1/directory")
    assert json.loads(answer.content)[0]["own"] is True
