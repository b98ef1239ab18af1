"""A visit: one request of a person, with what every page needs and the calls that pages may make.

Pages make the same calls as programs do, through `Api.call`, in the name of the session's office; nothing
here reaches the house in any other way.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from detente.api.calls import Answer, Api
from detente.api.guard import read_body
from detente.api.sessions import Session
from detente.ground.errors import Malformed, Refused
from detente.web import upload
from detente.web.upload import Upload

FORM_BYTES = 16 * 2**20
FILE_FORM_BYTES = FORM_BYTES + 256 * 1024  # a document as large as any that is read, and the fields beside it
WISH = "wish"  # the field by which a form is known again when it is sent a second time
_MOST_FIELDS = 400
_PATIENCE = 5  # seconds in which an act usually has its place; later it is shown as held


class Form:
    """Fields by name; a name may come several times."""

    def __init__(self, pairs: list[tuple[str, str]], files: Mapping[str, Upload] | None = None) -> None:
        self._pairs = pairs
        self._files = files or {}

    def one(self, name: str, default: str = "") -> str:
        """The last value of a field, with line ends as this house writes them."""
        found = [value for key, value in self._pairs if key == name]
        return found[-1].replace("\r\n", "\n") if found else default

    def line(self, name: str) -> str:
        """A value of one line, without white space at its ends."""
        return self.one(name).strip()

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for key, value in self._pairs if key == name]

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.all(name))

    def file(self, name: str) -> Upload:
        """A file, or `Malformed` where none was chosen."""
        found = self._files.get(name)
        if found is None or not found.name:
            raise Malformed("Choose a file first.")
        return found

    def number(self, name: str) -> int:
        """A whole number, or `Malformed`."""
        text = self.line(name)
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise Malformed(f"“{name}” is a whole number.")
        return int(text)


@dataclass(frozen=True)
class Visit:
    """One request, by somebody who is signed in."""

    api: Api
    session: Session
    request: Request
    house: Mapping[str, Any]
    form: Form
    """The fields of the form that was sent; none where nothing was."""

    async def get(self, path: str, **query: str) -> Any:
        """What the API answers to a question."""
        return (await self.api.call(self.session, "GET", path, query=query)).value

    async def file(self, path: str, **query: str) -> Answer:
        """A file that the API hands out."""
        return await self.api.call(self.session, "GET", path, query=query)

    async def post(self, path: str, value: Any = None) -> Any:
        """Do something through the API; a form that is sent twice with the same words does it once."""
        body = json.dumps(value or {}, ensure_ascii=False).encode("utf-8", "surrogatepass")
        wish = self.form.line(WISH)
        name = f"{wish}:{hashlib.sha256(path.encode() + body).hexdigest()}" if wish else ""
        return (await self.api.call(self.session, "POST", path, body=body, request=name)).value

    async def hand_in(self, path: str, file: bytes, **query: str) -> Answer:
        """Hand a file to the API."""
        return await self.api.call(self.session, "POST", path, query=query, body=file)

    async def act(self, line: str, body: Mapping[str, Any]) -> None:
        """Do an act on a line, and wait for it as `placed` does."""
        done = await self.post(f"/lines/{line}/acts", {"body": body})
        await self.placed(line, str(done["act"]), str(body["kind"]))

    async def placed(self, line: str, act: str, kind: str) -> None:
        """Wait until an own act has its place, so that the next page shows what it did; not for long.

        Acts of a conclusion build on each other once they are confirmed, so those are waited for as confirmed.
        Where the relay is not reached nobody waits: the page says that the act is on its way.
        """
        if not self.house["relay_reached"]:
            return
        word = "confirmed" if kind.startswith("signature.") else "ordered"
        await self.get(f"/lines/{line}/acts/{act}", wait=word, seconds=str(_PATIENCE))

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def may(self, power: str) -> bool:
        """Whether the office has a power: nobody is offered what would be refused."""
        return power in self.house["powers"]


async def read_form(request: Request) -> Form:
    """A form's fields, bounded before they are parsed."""
    content_type = request.headers.get("content-type", "")
    media = content_type.partition(";")[0].strip().lower()
    if media == upload.MEDIA:
        raw = await read_body(request, FILE_FORM_BYTES)
        return Form(*await asyncio.to_thread(upload.read, raw, content_type))
    raw = await read_body(request, FORM_BYTES)
    if raw and media != "application/x-www-form-urlencoded":
        raise Refused("A form comes as a form of this house sends it.", rule="api.media")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), errors="strict",
            max_num_fields=_MOST_FIELDS,
        )  # fmt: skip
    except ValueError:
        raise Malformed("The form cannot be read.") from None
    return Form(pairs)
