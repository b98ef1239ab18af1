"""Where this house begins its lines and where it publishes: one relay and one register, asked over HTTP.

Their keys are taken at the moment a line is founded and stand in its charter from then on; every house
that is asked into the line reads them there.  What the register answers is believed only with its proof.
"""

from __future__ import annotations

import re
from typing import TypeVar

import httpx
import msgspec

from detente.evidence.publication import PROOF_LIMIT
from detente.ground.errors import Malformed, Refused, Unavailable, Unfit
from detente.procedures.charter.acts import RegisterPlace, RelayPlace
from detente.transport.relay_client import RelayClient
from detente.wire import text

T = TypeVar("T")

_INSTRUMENT = "application/vnd.detente.sealed-instrument+json"
_ADDRESS = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}/?")
_LARGEST_PORT = 65_535
_MOST_SENTENCE = 500
_SECONDS = 30.0
_MOST = 4 * PROOF_LIMIT  # bytes of an answer
_ASKER = bytes(32)  # to ask a relay who it is, no key of anybody's is needed


class _Description(msgspec.Struct, frozen=True):
    origin: str
    vkey: str


class _Publication(msgspec.Struct, frozen=True):
    proof: str


class HttpPlaces:
    """The relay and the register of one house."""

    def __init__(self, relay_url: str, register_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.relay_url = check_address(relay_url)
        self.register_url = check_address(register_url)
        self._http = httpx.AsyncClient(
            timeout=_SECONDS,
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def relay(self) -> RelayPlace:
        """The relay's address, the beginning of its logs' origins, and its checkpoint key."""
        async with RelayClient(self.relay_url, _ASKER) as client:
            found = await client.describe()
        return RelayPlace(self.relay_url, found.origin, found.vkey, "")

    async def register(self) -> RegisterPlace:
        """The register's address, origin and key."""
        found = _read(await self._ask("GET", f"{self.register_url}/v1/register"), _Description)
        return RegisterPlace(self.register_url, found.origin, found.vkey)

    async def publish(self, url: str, file: bytes) -> str:
        """Hand a sealed instrument to a register: the text of its proof, not verified yet."""
        raw = await self._ask("POST", f"{check_address(url)}/v1/instruments", content=file)
        return _read(raw, _Publication).proof

    async def _ask(self, method: str, url: str, content: bytes | None = None) -> bytes:
        headers = {"Content-Type": _INSTRUMENT} if content is not None else {}
        try:
            async with self._http.stream(method, url, content=content, headers=headers) as response:
                raw = await _bounded(response)
        except httpx.HTTPError as error:
            raise Unavailable("The register was not reached: nothing was published.") from error
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable("The register does not work at present: nothing was published.")
        if not response.is_success:
            raise Refused(f"The register says no: {_detail(raw)}", rule="register.refused")
        return raw


def check_address(url: str) -> str:
    """An address on this machine, without a slash at its end; `Unfit` for any other, until there is TLS."""
    if not _ADDRESS.fullmatch(url) or int(url.rstrip("/").rpartition(":")[2]) > _LARGEST_PORT:
        raise Unfit(f"{url[:200]!r} is not an address on this machine, for example http://127.0.0.1:8700.")
    return url.rstrip("/")


async def _bounded(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding"):
        raise Malformed("The register's answer is encoded, though nobody asked for that.")
    raw = bytearray()
    async for chunk in response.aiter_raw():
        raw += chunk
        if len(raw) > _MOST:
            raise Malformed("The register's answer is longer than any answer of a register.")
    return bytes(raw)


def _read(raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError:
        raise Malformed("The register's answer was not understood.") from None


def _detail(raw: bytes) -> str:
    """The sentence of a problem, or that there was none."""
    try:
        found = msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.DecodeError:
        found = {}
    return text.visible(str(found.get("detail") or "it gave no reason.")[:_MOST_SENTENCE])
