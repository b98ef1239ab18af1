"""The relay as a program of its own, and the client that speaks to it: places, pages, news, mail, kills."""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import re
import socket
import subprocess
import sys

import httpx
import pytest
from relays import CHECKOUT, RelayProcess, running

from detente.crypto.signing import ed25519_public, ed25519_sign
from detente.ground.errors import Conflict, NotAuthentic, Refused, Unavailable
from detente.ground.identifiers import base32
from detente.relay.app import ROUTES, Authority
from detente.tlog.checkpoint import open_checkpoint
from detente.tlog.merkle import Frontier
from detente.tlog.note import VerifierKey
from detente.transport.relay_client import UNKNOWN, Declined, Placed, RelayClient, Submission, connections

ALICE, BOB, EVE = (bytes([n]) * 32 for n in (1, 2, 9))
KEYS = {seed: ed25519_public(seed) for seed in (ALICE, BOB, EVE)}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    with running(tmp_path_factory.mktemp("relay")) as process:
        yield process


@pytest.fixture
def line():
    return base32(os.urandom(16))


def tag(n):
    return hashlib.sha256(b"tag %d" % n).digest()


def talk(n, *, epoch=0, body=None, **more):
    return Submission(kind=0, epoch=epoch, tag=tag(n), ciphertext=body or b"sealed %d" % n, **more)


def commit(n, *, epoch, expected, **more):
    return Submission(kind=1, epoch=epoch, tag=tag(n), ciphertext=b"commit %d" % n, expected=expected, **more)


async def everything(client, line):
    """All entries, each page verified against the checkpoint that comes with it."""
    description = await client.describe()
    vkey = VerifierKey.parse(description.vkey)
    entries, frontier = [], Frontier()
    while True:
        page = await client.read(line, len(entries))
        for leaf, ciphertext in page.entries:
            assert hashlib.sha256(ciphertext).digest() == leaf.ciphertext_hash
            frontier.append(leaf.hash())
        entries += page.entries
        checkpoint = open_checkpoint(page.checkpoint, vkey, origin=f"{description.origin}/l/{line}")
        assert (checkpoint.size, checkpoint.root) == (frontier.size, frontier.root())
        if len(entries) == page.size:
            return entries


def test_two_writers_share_a_line_that_a_stranger_cannot_see(relay, line):
    async def journey():
        async with RelayClient(relay.url, ALICE) as alice, RelayClient(relay.url, BOB) as bob:
            await alice.create_line(line, [alice.public])
            await alice.create_line(line, [alice.public])
            assert await alice.append(line, [talk(0)]) == [Placed(0, (await everything(alice, line))[0][0].time_ms, 1)]
            with pytest.raises(Refused) as early:
                await bob.read(line)
            (placed,) = await alice.append(line, [commit(1, epoch=0, expected=1, writers=(alice.public, bob.public))])
            assert placed.position == 1
            results = await bob.append(line, [talk(2, epoch=1), talk(3, epoch=0), commit(4, epoch=1, expected=9)])
            assert [getattr(one, "code", "placed") for one in results] == ["placed", "stale", "conflict"]
            assert {one.size for one in results} == {3}
            (insisted,) = await bob.append(line, [talk(3, epoch=0, insist=True)])
            assert insisted.position == 3
            assert [body for _, body in await everything(bob, line)] == [
                b"sealed 0",
                b"commit 1",
                b"sealed 2",
                b"sealed 3",
            ]
            page = await alice.read(line)
            checkpoint = open_checkpoint(page.checkpoint, VerifierKey.parse((await alice.describe()).vkey))
            await bob.cosign(line, checkpoint.size, checkpoint.root, "bob's word\n")
            with pytest.raises(Conflict):
                await alice.cosign(line, checkpoint.size, bytes(32), "a false word\n")
            words = (await alice.read(line, 4)).cosignatures
            assert [(word.size, word.root, word.text) for word in words] == [(4, checkpoint.root, "bob's word\n")]
        async with RelayClient(relay.url, EVE) as eve:
            sentences = {str(early.value)}
            for attempt in (
                eve.read(line),
                eve.read(base32(os.urandom(16))),
                eve.checkpoint(line),
                eve.append(line, [talk(9)]),
                eve.cosign(line, 0, bytes(32), "eve"),
            ):
                with pytest.raises(Refused) as refused:
                    await attempt
                assert refused.value.rule == UNKNOWN
                sentences.add(str(refused.value))
            assert len(sentences) == 1
            with pytest.raises(Refused, match="one of its writers"):
                await eve.create_line(base32(os.urandom(16)), [KEYS[ALICE]])

    asyncio.run(journey())


def test_many_authors_at_once_get_different_places_and_repetitions_the_old_ones(relay, line):
    async def journey():
        async with connections(relay.url) as pool:
            alice, bob = RelayClient(pool, ALICE), RelayClient(pool, BOB)
            await alice.create_line(line, [alice.public, bob.public])
            sent = [(who, n) for n in range(60) for who in (alice, bob)]
            batches = await asyncio.gather(*(who.append(line, [talk(1000 * (who is bob) + n)]) for who, n in sent))
            places = [result.position for (result,) in batches]
            assert sorted(places) == list(range(120))
            again = await alice.append(line, [talk(n) for n in range(60)])
            assert [one.position for one in again] == places[::2]
            races = await asyncio.gather(
                *(who.append(line, [commit(5000 + n, epoch=0, expected=120)]) for n, who in enumerate((alice, bob) * 4))
            )
            won = [one for (one,) in races if isinstance(one, Placed)]
            lost = [one for (one,) in races if isinstance(one, Declined)]
            assert len(won) == 1
            assert {one.code for one in lost} == {"conflict"}
            assert len(await everything(bob, line)) == 121

    asyncio.run(journey())


def test_large_entries_are_sent_and_read_in_pages(relay, line):
    async def journey():
        async with RelayClient(relay.url, ALICE) as alice:
            await alice.create_line(line, [alice.public])
            bodies = [os.urandom(size) for size in (8 << 20, 3 << 20, 3 << 20, 100, 2 << 20)]
            results = await alice.append(line, [talk(n, body=body) for n, body in enumerate(bodies)])
            assert [one.position for one in results] == [0, 1, 2, 3, 4]
            assert [body for _, body in await everything(alice, line)] == bodies
            assert len((await alice.read(line, 0)).entries) == 1
            (declined,) = await alice.append(line, [talk(9, body=bytes((8 << 20) + 1))])
            assert (declined.code, "at most" in declined.sentence) == ("refused", True)

    asyncio.run(journey())


def test_news_tells_of_every_change_and_outlives_a_kill(tmp_path, line):
    async def journey(relay):
        async with RelayClient(relay.url, ALICE) as alice, RelayClient(relay.url, BOB) as bob:
            await alice.create_line(line, [alice.public, bob.public])
            news = bob.news(line)
            assert await anext(news) == 0
            await alice.append(line, [talk(0)])
            assert await anext(news) == 1
            page = await alice.read(line)
            root = open_checkpoint(page.checkpoint, VerifierKey.parse((await alice.describe()).vkey)).root
            await alice.cosign(line, 1, root, "a word")
            assert await anext(news) == 1
            await asyncio.to_thread(relay.kill)
            with pytest.raises(Unavailable):
                await alice.append(line, [talk(1)])
            await asyncio.to_thread(relay.start)
            (again,) = await alice.append(line, [talk(0)])  # a new session is opened inside
            assert again.position == 0
            assert await anext(news) == 1
            await alice.append(line, [talk(1)])
            assert await anext(news) == 2
            await news.aclose()
            assert len(await everything(bob, line)) == 2

    with running(tmp_path) as relay:
        asyncio.run(asyncio.wait_for(journey(relay), 60))


def test_news_of_a_line_that_is_not_there_yet_waits_for_it(relay, line):
    async def journey():
        async with (
            RelayClient(relay.url, ALICE) as alice,
            RelayClient(relay.url, BOB) as bob,
            contextlib.aclosing(bob.news(line)) as news,
        ):
            first = asyncio.ensure_future(anext(news))
            await alice.create_line(line, [alice.public, bob.public])
            assert await asyncio.wait_for(first, 30) == 0

    asyncio.run(journey())


def test_mail_waits_for_its_owner_alone(relay):
    async def journey():
        seeds = os.urandom(32), os.urandom(32)
        async with RelayClient(relay.url, seeds[0]) as owner, RelayClient(relay.url, seeds[1]) as other:
            with pytest.raises(Refused) as closed:
                await other.post_mail(owner.box, tag(0), b"too early")
            assert closed.value.rule == UNKNOWN
            assert await owner.take_mail(owner.box) == ()
            news = owner.mail_news(owner.box)
            assert await anext(news) == 0
            numbers = [await other.post_mail(owner.box, tag(n), b"letter %d" % n) for n in (0, 1, 0)]
            assert numbers == [0, 1, 0]
            with pytest.raises(Conflict):
                await other.post_mail(owner.box, tag(0), b"another letter")
            assert await anext(news) in (1, 2)
            await news.aclose()
            assert [item.sealed for item in await owner.take_mail(owner.box)] == [b"letter 0", b"letter 1"]
            for attempt in (other.take_mail(owner.box), other.drop_mail(owner.box, 5)):
                with pytest.raises(Refused) as refused:
                    await attempt
                assert refused.value.rule == UNKNOWN
            await owner.drop_mail(owner.box, 0)
            assert [item.number for item in await owner.take_mail(owner.box)] == [1]

    asyncio.run(journey())


# --- raw requests --------------------------------------------------------------------------------


def b64(raw):
    return base64.b64encode(raw).decode()


def open_session(http, seed, *, origin=None, message=None):
    key = ed25519_public(seed)
    challenge = base64.b64decode(http.post("/v1/sessions/challenge", json={"key": b64(key)}).json()["challenge"])
    origin = http.get("/v1/relay").json()["origin"] if origin is None else origin
    message = message or b"detente/relay-session/v1\0" + origin.encode() + challenge
    body = {"key": b64(key), "challenge": b64(challenge), "signature": b64(ed25519_sign(seed, message))}
    return body, http.post("/v1/sessions", json=body)


def fill(path):
    return path.replace("{line}", base32(bytes(16))).replace("{box}", base32(bytes(32)))


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: f"{row.method} {row.path}")
def test_every_route_demands_what_its_row_says(relay, row):
    with httpx.Client(base_url=relay.url) as http:
        body = {"json": {}} if row.most else {}
        query = "?through=0" if row.method == "DELETE" else ""
        bare = http.request(row.method, fill(row.path) + query, **body)
        forged = http.request(row.method, fill(row.path), headers={"Authorization": "Bearer " + "0" * 64}, **body)
        if row.authority is Authority.OPEN:
            assert bare.status_code in (200, 400)
            return
        for answer in (bare, forged):
            assert (answer.status_code, answer.json()["code"]) == (401, "session")
            assert answer.headers["content-type"] == "application/problem+json"
        token = open_session(http, EVE)[1].json()["token"]
        good = {
            "/v1/lines/{line}/entries": {"entries": []},
            "/v1/lines/{line}/cosignatures": {"size": 0, "root": "", "text": ""},
        }.get(row.path, {"tag": b64(bytes(32)), "sealed": b64(b"x")})
        known = http.request(
            row.method,
            fill(row.path) + query,
            headers={"Authorization": f"Bearer {token}"},
            **({"json": good} if row.most else {}),
        )
        assert known.status_code == (400 if row.path == "/v1/lines" else 404)


def test_a_session_is_for_one_key_one_relay_and_one_challenge(relay):
    with httpx.Client(base_url=relay.url) as http:
        body, opened = open_session(http, ALICE)
        assert opened.status_code == 200
        assert http.post("/v1/sessions", json=body).status_code == 401  # the challenge is used up
        assert open_session(http, ALICE, origin="elsewhere")[1].status_code == 401
        assert open_session(http, ALICE, message=b"something else")[1].status_code == 401
        body, _ = open_session(http, BOB)
        stolen = {**body, "key": b64(KEYS[EVE])}
        assert http.post("/v1/sessions", json=stolen).status_code == 401


def test_a_client_that_pins_the_relay_s_name_refuses_another(relay):
    async def journey():
        async with RelayClient(relay.url, ALICE, origin="another-relay") as alice:
            with pytest.raises(NotAuthentic):
                await alice.checkpoint(base32(bytes(16)))

    asyncio.run(journey())


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b'{"key": 5}', {}, 400),
        (b'{"key": "AA==", "more": 1}', {}, 400),
        (b"[" * 4_000, {}, 400),
        (b'{"key": "' + b"A" * 5_000 + b'"}', {}, 413),
        (b'{"key": "AA=="}', {"Content-Type": "text/plain"}, 415),
        (b'{"key": "AA=="}', {"Content-Encoding": "gzip"}, 415),
        (b'{"key": "AA=="}', {"Host": "attacker.example"}, 400),
        (b'{"key": "\xff"}', {}, 400),
    ],
)
def test_bad_bodies_get_a_sentence(relay, content, headers, status):
    with httpx.Client(base_url=relay.url) as http:
        answer = http.post(
            "/v1/sessions/challenge", content=content, headers={"Content-Type": "application/json", **headers}
        )
        assert answer.status_code == status
        assert re.fullmatch(r"[A-Z].*\.", answer.json()["sentence"])
        assert answer.headers["cache-control"] == "no-store"


def test_a_chunked_body_is_cut_off_at_its_limit(relay):
    sent = 0

    def endless():
        nonlocal sent
        while sent < 50 << 20:
            sent += 1 << 14
            yield b"x" * (1 << 14)

    with httpx.Client(base_url=relay.url) as http:
        try:
            answer = http.post("/v1/sessions/challenge", content=endless())
        except httpx.WriteError:
            pass  # it hung up while we were still talking
        else:
            assert answer.status_code == 413
    assert sent < 50 << 20


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("PUT", "/v1/relay", 405), ("GET", "/v1/relay/../lines", 405), ("GET", "/docs", 404)],
)
def test_other_paths_are_refused_in_the_same_form(relay, method, path, status):
    with httpx.Client(base_url=relay.url) as http:
        answer = http.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "server" not in answer.headers


# --- the program ---------------------------------------------------------------------------------


def test_it_says_ready_writes_its_port_and_ends_cleanly_with_listeners(tmp_path, line):
    port_file = tmp_path / "port"
    with running(tmp_path / "data", "--port-file", str(port_file)) as relay:
        assert relay.url.endswith(f":{port_file.read_text().strip()}")

        async def listen():
            async with RelayClient(relay.url, ALICE) as alice:
                await alice.create_line(line, [alice.public])
                news = alice.news(line)
                assert await anext(news) == 0
                ended = await asyncio.to_thread(relay.stop)
                await news.aclose()
                return ended

        status, said, out = asyncio.run(listen())
        assert (status, said, out) == (0, "", "")
        assert " closed " in (relay.data / "relay.db.marker").read_text()
        seed = relay.data / "checkpoint.seed"
        assert (seed.stat().st_mode & 0o777, seed.stat().st_size) == (0o600, 32)
        with running(relay.data) as again:
            assert again.ready.split()[2] == relay.ready.split()[2]  # the same key


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:80", "example.org:80", "127.0.0.1", "::1"])
def test_it_listens_on_loopback_only(tmp_path, listen):
    said = subprocess.run(
        [sys.executable, "-m", "detente.relay.main", "--data", str(tmp_path / "d"), "--listen", listen],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == 3
    assert "loopback only" in said.stderr or "is not an address and a port" in said.stderr
    assert not (tmp_path / "d").exists()


def test_it_does_not_start_on_a_damaged_store_or_a_lost_key(tmp_path, line):
    with running(tmp_path) as relay:

        async def fill_in():
            async with RelayClient(relay.url, ALICE) as alice:
                await alice.create_line(line, [alice.public])
                await alice.append(line, [talk(0, body=b"\x5a" * 5_000)])

        asyncio.run(fill_in())
        relay.stop()
    store = tmp_path / "relay.db"
    good = store.read_bytes()
    at = good.index(b"\x5a" * 100)
    store.write_bytes(good[:at] + b"\x5b" + good[at + 1 :])
    with pytest.raises(RuntimeError, match=f"damaged at line {line}: the ciphertext of entry 0"):
        RelayProcess(tmp_path).start()
    store.write_bytes(good)
    seed = (tmp_path / "checkpoint.seed").read_bytes()
    (tmp_path / "checkpoint.seed").unlink()
    with pytest.raises(RuntimeError, match=r"The checkpoint key .* is gone"):
        RelayProcess(tmp_path).start()
    (tmp_path / "checkpoint.seed").write_bytes(seed)
    (tmp_path / "checkpoint.seed").chmod(0o644)
    with pytest.raises(RuntimeError, match="change its mode to 600"):
        RelayProcess(tmp_path).start()
    (tmp_path / "checkpoint.seed").chmod(0o600)
    with running(tmp_path) as relay, pytest.raises(RuntimeError, match="Another program has the relay store open"):
        RelayProcess(tmp_path).start()


@pytest.mark.slow
def test_killed_at_random_moments_nothing_acknowledged_is_lost_or_doubled(tmp_path, line):
    """Two authors write while the relay is killed again and again; each retries what was not answered."""
    import random

    chance = random.Random(7)
    relay = RelayProcess(tmp_path).start()
    kills = 10

    async def author(seed, first, acknowledged, stop, moved):
        async with RelayClient(relay.url, seed) as client:
            n = first
            answered = True
            while not (answered and stop.is_set()):  # an author does not leave before its last word has its answer
                answered = False
                try:
                    (result,) = await client.append(line, [talk(n)])
                except Unavailable:
                    await asyncio.sleep(0.02)
                    continue
                answered = True
                acknowledged[n] = result.position
                moved.set()
                n += 1

    async def journey():
        async with RelayClient(relay.url, ALICE) as alice:
            await alice.create_line(line, [alice.public, KEYS[BOB]])
            acknowledged, stop, moved = {}, asyncio.Event(), asyncio.Event()
            authors = [
                asyncio.ensure_future(author(seed, first, acknowledged, stop, moved))
                for seed, first in ((ALICE, 0), (BOB, 1_000_000))
            ]
            for _ in range(kills):
                goal = len(acknowledged) + chance.randrange(1, 60)
                while len(acknowledged) < goal:
                    moved.clear()
                    await moved.wait()
                await asyncio.to_thread(relay.kill)
                await asyncio.to_thread(relay.start)
            stop.set()
            await asyncio.gather(*authors)
            entries = await everything(alice, line)
            tags = [leaf.tag for leaf, _ in entries]
            assert len(set(tags)) == len(tags)
            assert {n: tags.index(tag(n)) for n in acknowledged} == acknowledged
            assert len(acknowledged) == len(entries)

    try:
        asyncio.run(asyncio.wait_for(journey(), 120))
    finally:
        relay.kill()


def test_a_slow_peer_holds_nobody_up(relay, line):
    address = ("127.0.0.1", int(relay.url.rsplit(":", 1)[1]))
    with socket.create_connection(address) as slow:
        slow.sendall(b"POST /v1/sessions/challenge HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")

        async def meanwhile():
            async with RelayClient(relay.url, ALICE) as alice:
                await alice.create_line(line, [alice.public])
                return await alice.append(line, [talk(0)])

        (placed,) = asyncio.run(meanwhile())
        assert placed.position == 0


def test_the_wire_is_json_and_names_nothing(relay):
    with httpx.Client(base_url=relay.url) as http:
        description = json.loads(http.get("/v1/relay").content)
    assert set(description) == {"origin", "vkey", "limits"}
    assert re.fullmatch(r"relay-[a-z2-7]{16}", description["origin"])
