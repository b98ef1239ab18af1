"""The API over HTTP: from a request to a call, from an answer or a refusal to a response."""

from __future__ import annotations

import json
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route as Path

from detente.api import faults, problems
from detente.api.calls import OPEN, Answer, Api, Route
from detente.api.guard import check_origin, read_body
from detente.api.requests import PasskeyAnswered, read
from detente.api.sessions import Session
from detente.api.signing_in import sign_in
from detente.ground.errors import DetenteError, Refused
from detente.ground.identifiers import PartyId
from detente.transport import clock

PREFIX: Final = "/api/v1"
_SIGN_IN = 16 * 1024  # bytes of a passkey's answer


class HttpApi:
    """The routes of an `Api` under /api/v1."""

    def __init__(self, api: Api, party: PartyId) -> None:
        self.api = api
        self.cookie = cookie_name(party)

    @property
    def route(self) -> Path:
        """The one path of Starlette's under which the table lies."""
        return Path(f"{PREFIX}/{{rest:path}}", self.serve, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])

    async def serve(self, request: Request) -> Response:
        """One request."""
        try:
            return await self._serve(request)
        except DetenteError as error:
            return _problem(*problems.describe(error))
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 - an entrance says of it nothing, and its own log says more
            faults.report(error)
            return _problem(*problems.fault())

    async def _serve(self, request: Request) -> Response:
        route, _ = self.api.find(request.method, _path(request))
        token = _bearer(request)
        check_origin(request, bearer=token is not None or route.power == OPEN)
        session = self.session(request, token)
        await self.api.check(route, session)
        body = await _body(request, route)
        answer = await self.api.call(
            session,
            request.method,
            _path(request),
            query=dict(request.query_params),
            body=body,
            request=request.headers.get("idempotency-key", ""),
        )
        return response(answer)

    async def enter(self, request: Request) -> str:
        """The token of a session for the passkey's answer in the body, for a cookie; raises what is against it."""
        raw = await read_body(request, _SIGN_IN)
        return (await sign_in(self.api.entrance, read(raw, PasskeyAnswered)))[0]

    def session(self, request: Request, token: str | None = None) -> Session | None:
        """The session that a request names: in its header, or else by its cookie."""
        named = token if token is not None else request.cookies.get(self.cookie, "")
        return self.api.entrance.sessions.of(named, clock.running()) if named else None


def cookie_name(party: PartyId) -> str:
    """The name of a house's cookie: houses on one machine share its cookies, whatever their ports."""
    return f"detente-{party[:16]}"


def _path(request: Request) -> str:
    return "/" + str(request.path_params["rest"])


def _bearer(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token if scheme.lower() == "bearer" else ""


async def _body(request: Request, route: Route) -> bytes:
    raw = await read_body(request, route.most)
    media = request.headers.get("content-type", "").partition(";")[0].strip()
    if raw and media not in ("application/json", "application/octet-stream"):
        raise Refused("A body is application/json, or a file as application/octet-stream.", rule="api.media")
    return raw


def response(answer: Answer) -> Response:
    """An answer over HTTP.  A file is kept, never shown: whatever is in it runs nowhere under this house's address."""
    if answer.stream is not None:
        return StreamingResponse(answer.stream, media_type=answer.media)
    if answer.file is not None:
        headers = {
            "Content-Disposition": f'attachment; filename="{answer.name}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return Response(answer.file, media_type=answer.media, headers=headers)
    return Response(_json(answer.value), media_type="application/json")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _problem(status: int, body: dict[str, object]) -> Response:
    return Response(_json(body), status, media_type=problems.MEDIA)
