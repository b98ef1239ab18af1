"""The client against relays that lie, stammer or fall silent: bounded, and with a sentence each time."""

import asyncio
import base64
import contextlib

import httpx
import pytest

from detente.crypto.signing import ed25519_verify
from detente.ground.errors import Conflict, DetenteError, NotAuthentic, Refused, Stale, Unavailable
from detente.transport.clock import now
from detente.transport.relay_client import Declined, Placed, RelayClient, Submission, connections
from detente.wire import relaying as say

SEED = bytes([7]) * 32
CHALLENGE = bytes(64)
LINE = "a" * 26


def raw(status, content, **headers):
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


def submission(n=0, size=1):
    return Submission(0, 0, bytes([n % 256]) * 32, b"x" * size)


class Liar:
    """A relay made of answers; it signs in whoever signs the challenge, and counts."""

    def __init__(self, answer):
        self.answer = answer
        self.signed_in = 0
        self.asked = []

    def __call__(self, request):
        path = request.url.path
        if path == "/v1/relay":
            return self.say(say.Description("relay.example", "vkey", {}))
        if path == "/v1/sessions/challenge":
            return self.say(say.ChallengeGiven(CHALLENGE))
        if path == "/v1/sessions":
            asked = say.decode(request.content, say.SessionAsked)
            ed25519_verify(asked.key, say.session_message("relay.example", CHALLENGE), asked.signature)
            self.signed_in += 1
            return self.say(say.SessionGiven(f"token {self.signed_in}", 1))
        self.asked.append((request.method, str(request.url.raw_path, "ascii"), request.headers["authorization"]))
        return self.answer(request)

    @staticmethod
    def say(body, status=200):
        return raw(status, say.encode(body))


def problem(status, code, sentence="No."):
    return Liar.say(say.Problem("Title", status, code, sentence), status)


def ask(answer, question):
    """The outcome of a question to a relay that gives this answer, and the relay."""
    liar = Liar(answer)

    async def play():
        async with connections("http://relay.example", httpx.MockTransport(liar)) as pool:
            try:
                return await question(RelayClient(pool, SEED))
            except DetenteError as error:
                return error

    return asyncio.run(asyncio.wait_for(play(), 30)), liar


def read(client):
    return client.read(LINE)


def append(client):
    return client.append(LINE, [submission()])


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "malformed", Refused),
        (401, "not_authentic", NotAuthentic),
        (401, "session", Unavailable),
        (404, "unknown", Refused),
        (409, "conflict", Conflict),
        (409, "stale", Stale),
        (422, "refused", Refused),
        (413, "too_large", Refused),
        (503, "unavailable", Unavailable),
    ],
)
def test_problems_become_errors_of_ours_in_plain_text(status, code, kind):
    error, _ = ask(lambda _: problem(status, code, "No\x1b[31m\n" + "o" * 9_00), read)
    assert type(error).__mro__.index(kind) <= 1
    assert str(error).startswith("No[31mo")
    assert len(str(error)) <= 300


@pytest.mark.parametrize(
    "answer",
    [
        raw(200, b""),
        raw(200, b"{}"),
        httpx.Response(200, content=b'{"start": 0}'),
        raw(200, b"[" * 100_000),
        raw(200, b"\xff"),
        raw(200, say.encode(say.PageGiven(5, (), "note", (), 9))),
        raw(200, say.encode(say.PageGiven(0, (say.PlacedEntry(b"no leaf", b""),), "note", (), 1))),
        httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"bomb")),
        httpx.Response(302, headers={"location": "http://elsewhere.example/"}),
        raw(500, b"<html>"),
        raw(500, b"x" * 1_000_000),
    ],
)
def test_what_is_not_as_agreed_is_unavailable(answer):
    error, liar = ask(lambda _: answer, read)
    assert isinstance(error, Unavailable)
    assert str(error).startswith("The relay ")
    assert len(liar.asked) == 1


def test_an_answer_without_an_end_is_cut_off():
    given = 0

    async def endless():
        nonlocal given
        while True:
            given += 1 << 20
            yield bytes(1 << 20)

    error, _ = ask(lambda _: httpx.Response(200, content=endless()), read)
    assert isinstance(error, Unavailable)
    assert given < 30 << 20


@pytest.mark.parametrize("failure", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")])
def test_a_relay_that_cannot_be_reached_is_unavailable(failure):
    def answer(_):
        raise failure

    error, _ = ask(answer, read)
    assert isinstance(error, Unavailable)


def test_a_forgotten_session_is_opened_again_once():
    def forgetful(request):
        if request.headers["authorization"] == "Bearer token 1":
            return problem(401, "session")
        return Liar.say(say.PageGiven(0, (), "note", (), 0))

    page, liar = ask(forgetful, read)
    assert page.checkpoint == "note"
    assert [token for _, _, token in liar.asked] == ["Bearer token 1", "Bearer token 2"]
    error, liar = ask(lambda _: problem(401, "session"), read)
    assert isinstance(error, Unavailable)
    assert liar.signed_in == 2


def results(*given):
    return lambda _: Liar.say(say.Results(tuple(given)))


def test_results_come_as_values():
    assert ask(results(say.Result("placed", 4, 3, 99)), append)[0] == [Placed(3, 99, 4)]
    for code in ("conflict", "stale", "refused", "unknown"):
        assert ask(results(say.Result(code, 4, sentence="Why\x07.")), append)[0] == [Declined(code, "Why.", 4)]


@pytest.mark.parametrize("given", [(), (say.Result("placed", 4, 3, 99),) * 2, (say.Result("placed", 4),)])
def test_results_that_do_not_fit_are_unavailable(given):
    assert isinstance(ask(results(*given), append)[0], Unavailable)


def test_many_submissions_go_in_several_requests_in_order():
    def answer(request):
        entries = say.decode(request.content, say.EntriesAsked).entries
        return Liar.say(say.Results(tuple(say.Result("placed", 1, len(one.ciphertext), 0) for one in entries)))

    sizes = [n % 7 + 1 for n in range(600)] + [5 << 20, 5 << 20, 1]
    given, liar = ask(answer, lambda client: client.append(LINE, [submission(n, s) for n, s in enumerate(sizes)]))
    assert [one.position for one in given] == sizes
    assert len(liar.asked) == 4
    assert ask(answer, lambda client: client.append(LINE, []))[0] == []


def test_news_are_read_across_chunks_and_connections():
    connected = []

    async def first():
        for chunk in (b": still here\n\nda", b'ta: {"si', b'ze": 1}\n\ndata: {"size": 2}\n\n'):
            yield chunk

    async def second():
        yield b'data: {"size": 3}\n\n'
        yield b"x" * 5_000  # an event without an end: this connection is given up too
        yield b'data: {"size": 99}\n\n'

    def answer(_):
        connected.append(1)
        return httpx.Response(200, content=(first, second)[(len(connected) - 1) % 2]())

    async def listen(client):
        sizes = []
        async with contextlib.aclosing(client.news(LINE)) as news:
            async for size in news:
                sizes.append(size)
                if len(sizes) == 5:
                    return sizes
        return None

    assert ask(answer, listen)[0] == [1, 2, 3, 1, 2]


def test_news_end_only_where_waiting_cures_nothing():
    answers = iter(
        [problem(404, "unknown"), problem(503, "unavailable"), problem(401, "session"), problem(422, "refused")]
    )

    async def listen(client):
        return await anext(client.news(LINE))

    error, liar = ask(lambda _: next(answers), listen)
    assert isinstance(error, Refused)
    assert liar.signed_in == 2


def test_the_box_is_the_hash_of_the_key():
    _, liar = ask(lambda _: Liar.say(say.MailGiven(())), lambda client: client.take_mail(client.box, 7))
    method, path, _ = liar.asked[0]
    assert (method, len(path)) == ("GET", len("/v1/mail/") + 52 + len("?from=7"))


def test_bytes_travel_as_base64():
    assert say.encode(say.MailPosted(b"\x00\xff", b"x")) == b'{"tag":"%s","sealed":"eA=="}' % base64.b64encode(
        b"\x00\xff"
    )


def test_the_clock_says_milliseconds():
    assert 1_500_000_000_000 < now() <= now()
