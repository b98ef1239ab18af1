"""The register over HTTP: what it answers, what it refuses, and the page for people."""

import asyncio
import contextlib
import json

import httpx
import pytest
from sealing import ADOPTED_AT, TEXT, make_file, make_parties, make_payload, seed

from detente.evidence import anchors, instrument, verifier
from detente.evidence.verifier import Outcome
from detente.ground.errors import Unfit
from detente.ground.instants import Instant
from detente.register import app as register_app
from detente.register import main
from detente.register.app import INSTRUMENT, AnchorsFile, make_app
from detente.register.ledger import Ledger

ORIGIN = "register.example/1"
PARTIES = make_parties()
FILE = make_file(PARTIES, make_payload(PARTIES, title="Agreement <b>on</b> & Lakes"))
TYPE = {"content-type": INSTRUMENT}


@contextlib.contextmanager
def serving(app):
    """The application without a socket: `ask(method, path, ...)` gives its answer."""
    with asyncio.Runner() as runner:
        alive = app.router.lifespan_context(app)
        runner.run(alive.__aenter__())

        async def one(method, path, **more):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8800") as caller:
                return await caller.request(method, path, **more)

        yield lambda *arguments, **more: runner.run(one(*arguments, **more))
        runner.run(alive.__aexit__(None, None, None))


@pytest.fixture
def parties_file(tmp_path):
    return tmp_path / "anchors.json"


@pytest.fixture
def client(parties_file):
    parties_file.write_bytes(anchors.encode_anchors(known()))
    ledger = Ledger(":memory:", ORIGIN, seed("register"))
    app = make_app(ledger, AnchorsFile(parties_file), lambda: Instant(ADOPTED_AT + 86_400_000))
    with serving(app) as ask:
        yield ask


def known(parties=PARTIES, register=None):
    return anchors.make_anchors({party.id: party.name for party in parties}, register)


def test_published_taken_and_proved(client):
    answer = client("POST", "/v1/instruments", content=FILE, headers=TYPE)
    assert answer.status_code == 201
    digest = instrument.file_digest(FILE).hex()
    assert answer.json()["digest"] == digest
    assert client("POST", "/v1/instruments", content=FILE, headers=TYPE).status_code == 200
    taken = client("GET", f"/v1/instruments/{digest}")
    assert taken.content == FILE
    proof = client("GET", f"/v1/instruments/{digest}/proof").content
    who = client("GET", "/v1/register").json()
    assert (who["origin"], who["size"]) == (ORIGIN, 1)
    trusted = known(register=anchors.AnchoredRegister(who["origin"], who["vkey"]))
    assert verifier.verify(taken.content, proof, trusted).outcome is Outcome.PROVED
    assert client("GET", "/v1/checkpoint").text == answer.json()["checkpoint"]
    assert answer.json()["proof"].encode() == proof


def test_the_page_shows_the_list_and_escapes_what_it_shows(client):
    assert "Nothing has been published" in client("GET", "/").text
    client("POST", "/v1/instruments", content=FILE, headers=TYPE)
    page = client("GET", "/")
    assert "Agreement &lt;b&gt;on&lt;/b&gt; &amp; Lakes" in page.text
    assert all(party.name in page.text for party in PARTIES)
    assert "detente verify" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert client("GET", "/register.css").headers["content-type"].startswith("text/css")


def test_not_registered_is_said(client):
    """A47: whatever is not here is not registered, and the register says so."""
    for digest in ("0" * 64, "nonsense", "0" * 63):
        answer = client("GET", f"/v1/instruments/{digest}")
        assert answer.status_code == 404
        assert client("GET", f"/v1/instruments/{digest}/proof").status_code == 404
    assert "Not registered" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", TYPE, 400),
        (b"{}", TYPE, 400),
        (FILE + b"\n", TYPE, 400),
        (FILE, {"content-type": "application/json"}, 415),
        (FILE, {**TYPE, "content-encoding": "gzip"}, 415),
        (FILE, {**TYPE, "origin": "http://evil.example"}, 422),
        (FILE, {**TYPE, "host": "register.example"}, 400),
        (make_file(make_parties("other keys")), TYPE, 422),
        (b"x" * (20 * 2**20), TYPE, 413),
    ],
)
def test_what_is_refused_has_a_sentence_and_changes_nothing(client, content, headers, status):
    answer = client("POST", "/v1/instruments", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(".")
    assert client("GET", "/v1/register").json()["size"] == 0


def test_an_endless_body_is_cut_off(client):
    async def endless():
        for _ in range(20):
            yield b" " * 2**20

    assert client("POST", "/v1/instruments", content=endless(), headers=TYPE).status_code == 413


def test_a_body_that_does_not_come_in_time_is_not_waited_for(client, monkeypatch):
    async def slow():
        yield b"{"
        await asyncio.Event().wait()

    monkeypatch.setattr(register_app, "_BODY_SECONDS", 0.01)
    for _ in range(3 * register_app._AT_ONCE):
        assert client("POST", "/v1/instruments", content=slow(), headers=TYPE).status_code == 408
    assert client("POST", "/v1/instruments", content=FILE, headers=TYPE).status_code == 201


@pytest.mark.parametrize("host", ["[", "register.example", "[::1"])
def test_a_host_that_is_none_is_refused_and_no_fault(client, host):
    assert client("GET", "/v1/register", headers={"host": host}).status_code == 400


def test_where_its_files_lie_is_nobody_s_business(client, parties_file):
    parties_file.unlink()
    parties_file.mkdir()
    answer = client("POST", "/v1/instruments", content=FILE, headers=TYPE)
    assert answer.status_code == 503
    assert str(parties_file) not in answer.text
    assert parties_file.name not in answer.text


def test_the_parties_are_read_again_when_their_file_changes(client, parties_file):
    other = make_parties("second conference")
    file = make_file(other, make_payload(other, TEXT + "more\n"))
    assert client("POST", "/v1/instruments", content=file, headers=TYPE).status_code == 422
    parties_file.write_bytes(anchors.encode_anchors(known(other)))
    assert client("POST", "/v1/instruments", content=file, headers=TYPE).status_code == 201
    parties_file.write_bytes(b"{ damaged")
    assert client("POST", "/v1/instruments", content=FILE, headers=TYPE).status_code == 503
    parties_file.unlink()
    answer = client("POST", "/v1/instruments", content=FILE, headers=TYPE)
    assert answer.status_code == 422
    assert "no parties" in json.loads(answer.content)["detail"]


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:80", "example.org:80", "127.0.0.1", "127.0.0.1:99999", "::1"]
)
def test_it_listens_on_loopback_only(listen):
    with pytest.raises(Unfit):
        main.loopback(listen, "register")


def test_loopback_is_understood():
    assert main.loopback("127.0.0.1:0", "register") == ("127.0.0.1", 0)
    assert main.loopback("[::1]:8800", "register") == ("::1", 8800)
    assert main.loopback("localhost:8800", "register") == ("127.0.0.1", 8800)


def test_the_key_is_made_once_and_kept_from_others(tmp_path):
    made = main.register_seed(tmp_path / "data")
    assert main.register_seed(tmp_path / "data") == made
    path = tmp_path / "data" / main.SEED
    assert path.stat().st_mode & 0o077 == 0
    path.chmod(0o644)
    with pytest.raises(Unfit, match="mode"):
        main.register_seed(tmp_path / "data")
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(Unfit, match="damaged"):
        main.register_seed(tmp_path / "data")
    path.unlink()
    Ledger(tmp_path / "data" / main.STORE, ORIGIN, seed("x")).close()
    with pytest.raises(Unfit, match="gone"):
        main.register_seed(tmp_path / "data")
