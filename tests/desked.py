"""One house of a conference behind its API, in this process: what an office asks is done, carried and ordered.

The houses, the relay's journal and the stores are the real ones; only the network between them is left out.
"""

import asyncio
import contextlib
import json
import os

import httpx
from conference import Conference
from starlette.applications import Starlette

from detente.api.app import HttpApi
from detente.api.calls import Api
from detente.api.entrance import Entrance
from detente.api.hub import Bell
from detente.api.routes import ROUTES
from detente.api.sessions import Sessions
from detente.ground.errors import DetenteError
from detente.procedures.table.acts import Import
from detente.procedures.table.parse import VERSION
from detente.transport import clock
from detente.transport.desk import Desk
from detente.web.app import Pages


class Carrier:
    """A courier that carries everything at once, as long as the relay is reached."""

    relay_url = register_url = "http://127.0.0.1:9"

    def __init__(self, world, desk, bell):
        self.world, self.desk, self.bell = world, desk, bell
        self.reached, self.tasks = True, set()

    def wake(self, _line=None):
        if self.reached:
            task = asyncio.ensure_future(self.carry())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def carry(self):
        await self.desk.do(lambda _house: self.world.settle())
        self.bell.ring()


class Desked:
    """Use as a context.  `party` is whose house it is: 0 is the chair."""

    def __init__(self, source, title="On incidents", party=0, parties=3):
        self.world = Conference(parties)
        self.line = self.world.found()
        self.party = self.world.parties[party]
        self.text = self.world.parties[0].do(self.line, Import(title, "en", VERSION, source))
        self.world.settle()

    def __enter__(self):
        self.runner = asyncio.Runner()
        self.desk = Desk(self._opened, [].append, [].append)
        self.desk.start()
        self.runner.run(self._began())
        return self

    async def _began(self):
        bell = Bell()
        self.courier = Carrier(self.world, self.desk, bell)
        self.sessions = Sessions(os.urandom)
        self.entrance = Entrance(self.desk, self.courier, self.sessions, self.courier, bell, "127.0.0.1:80")
        self.api = Api(self.entrance, ROUTES)
        self.waiting = asyncio.ensure_future(self.entrance.waiting.run())
        self.session, self.cookie = self.signed_in(), ""

    def __exit__(self, *_):
        self.runner.run(self._ended())
        self.runner.close()
        self.desk.stop()

    async def _ended(self):
        self.waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.waiting

    def _opened(self):
        self.party.reopen()
        return self.party.house

    def signed_in(self, office="head-of-mission"):
        return self.sessions.open(office, bytes(16), clock.running())[1]

    @property
    def path(self):
        return f"/lines/{self.line.hex()}"

    @property
    def text_path(self):
        return f"{self.path}/texts/{self.text.hex()}"

    def answer(self, method, path, body=b"", session=None, **query):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        session = session or self.session
        return self.runner.run(self._asked(session, method, path, raw, query))

    async def _asked(self, session, method, path, raw, query):
        answer = await self.api.call(session, method, path, query=query, body=raw)
        while self.courier.tasks:
            await asyncio.gather(*self.courier.tasks)
        return answer

    def visit(self, method, path, **more):
        """A request of a browser that is signed in; the answer of the pages."""
        return self.runner.run(self._visited(method, path, more))

    async def _visited(self, method, path, more):
        http = HttpApi(self.api, self.party.id)
        if not self.cookie:
            self.cookie = self.sessions.open("head-of-mission", bytes(16), clock.running())[0]
        transport = httpx.ASGITransport(Starlette(routes=Pages(self.api, http).routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:80") as browser:
            browser.cookies.set(http.cookie, self.cookie)
            answer = await browser.request(method, path, headers={"origin": "http://127.0.0.1"}, **more)
        while self.courier.tasks:
            await asyncio.gather(*self.courier.tasks)
        return answer

    def get(self, path, **query):
        return self.answer("GET", path, **query).value

    def post(self, path, body=b"", **query):
        return self.answer("POST", path, body, **query).value

    def refusal(self, method, path, body=b"", **query):
        """The error with which a call is refused; the line is as it was."""
        before = self.picture()
        try:
            self.answer(method, path, body, **query)
        except DetenteError as error:
            assert self.picture() == before
            return error
        raise AssertionError("it was not refused")

    def act(self, body, party=None):
        """An act of some party, ordered everywhere."""
        chosen = self.world.parties[party] if party is not None else self.party
        act = self.runner.run(self.desk.do(lambda _house: chosen.do(self.line, body)))
        self.runner.run(self.courier.carry())
        return act

    def picture(self):
        """How many acts the line has, and how many wait."""

        def look(house):
            line = house.line(self.line)
            return line.size, len(line.held)

        return self.runner.run(self.desk.do(look))

    @property
    def table(self):
        return self.runner.run(self.desk.do(lambda house: house.line(self.line).state.parts["table"]))
