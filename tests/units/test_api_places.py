"""The relay and the register of a house: which addresses may be asked, and what of an answer is believed."""

import asyncio
import gzip

import httpx
import pytest

from detente.api.places import HttpPlaces, check_address
from detente.ground.errors import DetenteError, Malformed, Refused, Unavailable, Unfit

REGISTER = "http://127.0.0.1:8800"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8700", "http://127.0.0.1:8700/", "http://localhost:1", "http://[::1]:65535"]
)
def test_an_address_on_this_machine(url):
    assert check_address(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "", "http://127.0.0.1", "https://127.0.0.1:8700", "http://127.0.0.1:8700/path", "http://127.0.0.1:99999",
        "http://127.0.0.1:8700?x=", "http://127.0.0.1:8700#x", "http://somebody:secret@127.0.0.1:8700",
        "http://127.0.0.1:80@evil.example", "http://evil.example:80", "http://0x7f.1:80", "http://127.1:80",
        "http://[::ffff:127.0.0.1]:80", "http://0.0.0.0:80", "http://127.0.0.1:８0", "//127.0.0.1:80", "http://[",
        "http://127.0.0.1:80\r\nHost: evil.example", "http://169.254.169.254:80", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_an_address_of_somewhere_else_or_of_something_more(url):
    with pytest.raises(Unfit):
        check_address(url)


class Body(httpx.AsyncByteStream):
    """An answer's body as it comes from a connection: not read yet, not unfolded."""

    def __init__(self, content):
        self.content = content

    async def __aiter__(self):
        yield self.content


def says(status, content=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: httpx.Response(status, headers=named, stream=Body(content))


def published(answer):
    """What publishing says when the register gives this answer."""

    async def journey():
        places = HttpPlaces(REGISTER, REGISTER, httpx.MockTransport(answer))
        try:
            return await places.publish(REGISTER, b"{}")
        except DetenteError as error:
            return error
        finally:
            await places.close()

    return asyncio.run(journey())


def test_a_proof_comes_back():
    assert published(says(201, b'{"proof": "a proof", "more": 1}')) == "a proof"


def test_a_small_answer_that_unfolds_to_a_huge_one_is_not_unfolded():
    packed = gzip.compress(b" " * 2**26)
    said = published(says(200, packed, content_encoding="gzip"))
    assert isinstance(said, Malformed)
    assert "encoded" in said.sentence


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(200, b" " * 2**21), Malformed),
        (says(200, b"["), Malformed),
        (says(302, location="http://evil.example"), Refused),
        (says(500), Unavailable),
        (says(422, rb'{"detail": "Not \u001b[31mthis\r\n\u202eone."}'), Refused),
    ],
)
def test_what_a_register_says_is_bounded_and_plain(answer, kind):
    said = published(answer)
    assert isinstance(said, kind)
    assert said.sentence.isprintable()


def test_a_register_that_is_not_there():
    def gone(_request):
        raise httpx.ConnectError("somewhere inside")

    said = published(gone)
    assert isinstance(said, Unavailable)
    assert "inside" not in said.sentence
