"""A36, A08: nothing but a fresh answer of an enrolled passkey, for this site and with its person verified, opens a session."""

import pytest
from authenticators import Authenticator, answer_to, ask, b64, client_data, enrol
from serving import serving, signed_in, visitor

from detente import bootstrap
from detente.api import sessions
from detente.chancery.identity import EVERY_POWER
from detente.crypto import passkeys
from detente.transport import clock

OFFICES = {"head-of-mission": EVERY_POWER, "reader": ("read",)}
HEAD = Authenticator("head of mission", "EdDSA")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("house")
    bootstrap.make_house(home, bytes(32), {"en": "Republic of Arvenia"}, OFFICES)
    with serving(home) as made:
        with visitor(made) as client:
            enrol(client, HEAD, made.sessions.link("head-of-mission")).raise_for_status()
        yield made


@pytest.fixture
def anybody(house):
    with visitor(house) as client:
        yield client


def opened(client, body):
    return client.post("/api/v1/session", json=body)


def test_control_an_enrolled_passkey_opens_a_session_of_its_office(anybody):
    assert opened(anybody, answer_to(anybody, HEAD)).json()["office"] == "head-of-mission"


@pytest.mark.attack("A36", "prevented")
@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "http://localhost:1"},
        {"origin": "https://localhost.evil.example"},
        {"origin": "http://127.0.0.1"},
        {"rp": "evil.example"},
        {"flags": 0x01},
        {"flags": 0x04},
        {"flags": 0x45},
        {"kind": "webauthn.create"},
        {"challenge": bytes(32)},
    ],
    ids=str,
)
def test_an_answer_from_a_look_alike_page_or_without_its_person_opens_nothing(anybody, changes):
    answer = opened(anybody, answer_to(anybody, HEAD, **changes))
    assert (answer.status_code, answer.json()["code"]) == (400, "not-authentic")


@pytest.mark.attack("A36", "prevented")
def test_an_answer_opens_one_session_and_a_false_one_uses_its_challenge_up(anybody):
    good = answer_to(anybody, HEAD)
    assert opened(anybody, good).status_code == 200
    assert opened(anybody, good).json()["rule"] == "session.challenge"
    good = answer_to(anybody, HEAD)
    false = {**good, "answer": {**good["answer"], "signature": b64(bytes(64))}}
    assert opened(anybody, false).status_code == 400
    assert opened(anybody, good).json()["rule"] == "session.challenge"


@pytest.mark.attack("A36", "prevented")
def test_a_challenge_that_is_old_was_never_asked_or_was_pushed_out_opens_nothing(anybody, house, monkeypatch):
    late, now = answer_to(anybody, HEAD), clock.running()
    with monkeypatch.context() as later:
        later.setattr(clock, "running", lambda: now + sessions.CHALLENGE + 1_000)
        assert opened(anybody, late).json()["rule"] == "session.challenge"
    own = bytes(range(32))
    made = answer_to(anybody, HEAD, challenge=own)
    assert opened(anybody, {**made, "challenge": b64(own)}).json()["rule"] == "session.challenge"
    monkeypatch.setattr(sessions, "MOST_CHALLENGES", 3)
    early = answer_to(anybody, HEAD)
    for _ in range(3):
        ask(anybody)
    assert opened(anybody, early).json()["rule"] == "session.challenge"
    assert len(house.sessions._challenges) <= 3


@pytest.mark.attack("A08", "prevented")
def test_a_copy_of_an_authenticator_is_noticed_by_its_counter(anybody, house):
    counting = Authenticator("counting")
    enrol(anybody, counting, house.sessions.link("reader")).raise_for_status()
    for counter in (4, 5, 9):
        assert opened(anybody, answer_to(anybody, counting, counter)).status_code == 200  # control
    for counter in (9, 3, 0):
        answer = opened(anybody, answer_to(anybody, counting, counter))
        assert (answer.status_code, answer.json()["code"]) == (400, "not-authentic")


def test_a_passkey_of_nobody_opens_nothing_and_one_office_has_no_other(anybody, house):
    answer = opened(anybody, answer_to(anybody, Authenticator("nobody")))
    assert (answer.status_code, answer.json()["rule"]) == (403, "passkey.unknown")
    stolen = {**answer_to(anybody, Authenticator("thief")), "credential": b64(HEAD.credential)}
    assert opened(anybody, stolen).json()["code"] == "not-authentic"


@pytest.mark.attack("A08", "prevented")
def test_a_passkey_that_was_withdrawn_opens_nothing_and_its_sessions_end(anybody, house):
    lost = Authenticator("lost")
    enrol(anybody, lost, house.sessions.link("reader")).raise_for_status()
    token = opened(anybody, answer_to(anybody, lost)).json()["token"]
    asked = {"headers": {"authorization": f"Bearer {token}"}}
    assert anybody.get("/api/v1/house", **asked).status_code == 200  # control
    with signed_in(house) as head:
        listed = {each["credential"]: each["office"] for each in head.get("/api/v1/passkeys").json()}
        assert listed[passkeys.for_urls(lost.credential)] == "reader"
        named = {"credential": b64(lost.credential)}
        assert head.post("/api/v1/passkeys/withdraw", json=named).status_code == 200
        assert head.post("/api/v1/passkeys/withdraw", json=named).json()["rule"] == "passkey.unknown"
    assert anybody.get("/api/v1/house", **asked).status_code == 401
    assert opened(anybody, answer_to(anybody, lost)).json()["rule"] == "passkey.unknown"


# --- enrolment ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "http://evil.example"},
        {"rp": "evil.example"},
        {"flags": 0x41},  # nobody was verified
        {"flags": 0x05},  # there is no key
        {"flags": 0xC5},  # extensions promised, none there
        {"behind": b"\xa0"},  # and there, not promised
        {"credential": bytes(15)},
        {"credential": bytes(1024)},
        {"key": b""},
        {"key": passkeys.eddsa_key(b"\x01" + bytes(31))},  # under it everything verifies
        {"key": passkeys.es256_key(bytes(32), bytes(32))},
        {"client": client_data(bytes(32), "http://localhost:1", kind="webauthn.get")},
        {"client": b"x" * 2000},
        {"challenge": bytes(32)},
    ],
    ids=str,
)
def test_a_passkey_that_is_none_is_not_enrolled_and_its_link_stays_good(anybody, house, changes):
    link = house.sessions.link("reader")
    name = Authenticator(f"attempt {changes}")
    answer = enrol(anybody, name, link, **changes)
    assert answer.status_code == 400, answer.text
    assert house.sessions.office_of(link) == "reader"
    assert enrol(anybody, name, link).json()["office"] == "reader"  # control


def test_what_an_authenticator_adds_behind_the_key_is_let_be(anybody, house):
    protected = Authenticator("protected")
    behind = bytes.fromhex("a16b6372656450726f7465637402")  # {"credProtect": 2}
    assert enrol(anybody, protected, house.sessions.link("reader"), flags=0xC5, behind=behind).status_code == 200
    assert opened(anybody, answer_to(anybody, protected)).json()["office"] == "reader"


def test_a_passkey_is_enrolled_once_and_their_number_is_bounded(anybody, house, monkeypatch):
    once = Authenticator("once")
    assert enrol(anybody, once, house.sessions.link("reader")).status_code == 200
    again = enrol(anybody, once, house.sessions.link("head-of-mission"))
    assert again.json()["rule"] == "passkey.once"
    assert opened(anybody, answer_to(anybody, once)).json()["office"] == "reader"
    monkeypatch.setattr("detente.chancery.passkeys.MOST", 1)
    assert enrol(anybody, Authenticator("more"), house.sessions.link("reader")).json()["rule"] == "passkey.most"


def test_a_link_opens_no_session(anybody, house):
    link = house.sessions.link("head-of-mission")
    own = {"origin": f"http://{house.entrance.address}"}
    assert anybody.post(f"/enter/{link}", headers=own).status_code in (404, 405)
    assert anybody.post("/api/v1/session", json={"token": link}).status_code == 400
    assert not anybody.cookies


@pytest.mark.parametrize("headers", [{}, {"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_another_page_cannot_sign_a_browser_in(anybody, house, headers):
    answer = anybody.post("/sign-in", json=answer_to(anybody, HEAD), headers=headers)
    assert (answer.status_code, answer.json()["rule"]) == (403, "api.origin")
    assert not anybody.cookies
