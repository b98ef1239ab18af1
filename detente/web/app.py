"""Pages."""
from __future__ import annotations
from detente.api.app import HttpApi
from detente.api.calls import Api
from starlette.routing import BaseRoute, Route
from starlette.responses import PlainTextResponse

class Pages:
    def __init__(self, api: Api, http: HttpApi) -> None:
        async def root(r): return PlainTextResponse("soon")
        self.routes: list[BaseRoute] = [Route("/", root)]
