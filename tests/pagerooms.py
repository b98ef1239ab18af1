"""Real houses in one process with their pages, a real relay between them, and no network: for forms and pages.

Whatever a form does is ordered and folded at every house before the page answers.
"""

import asyncio
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import httpx
from conference import Conference
from starlette.applications import Starlette

from detente.acts.facts import Role
from detente.api.app import HttpApi
from detente.api.calls import Api
from detente.api.entrance import Entrance
from detente.api.hub import Bell
from detente.api.routes import ROUTES
from detente.api.sessions import Sessions
from detente.procedures.table import acts
from detente.procedures.table.parse import VERSION
from detente.transport import clock
from detente.web.app import Pages

ADDRESS = "127.0.0.1:1"
HOSTILE = '<img src=x onerror="window.__xss=1"><script>window.__xss=1</script>'


class _Desk:
    """Does at once what it is given: one thread, no queue."""

    def __init__(self, party):
        self.party = party

    async def do(self, work):
        return work(self.party.house)


class _Courier:
    """Carries everything as soon as there is something; nobody has to wait for it."""

    reached = False
    relay_url = register_url = f"http://{ADDRESS}"

    def __init__(self, world):
        self.world = world

    def wake(self, _line=None):
        self.world.tick()
        self.world.settle()


class Browser:
    """One office at one house, without scripts."""

    def __init__(self, world, party, office="head-of-mission"):
        carrying = _Courier(world)
        sessions = Sessions(world.entropy)
        api = Api(Entrance(_Desk(party), carrying, sessions, carrying, Bell(), ADDRESS), ROUTES)
        http = HttpApi(api, party.id)
        self._app = Starlette(routes=[http.route, *Pages(api, http).routes])
        token, _ = sessions.open(office, bytes(16), clock.running())
        self._cookies = {http.cookie: token}
        self.party = party

    def get(self, path):
        return self._ask("GET", path)

    def post(self, path, **fields):
        """Send a form; a field with several values is a list."""
        return self._ask("POST", path, data=fields)

    def api(self, path):
        return self._ask("GET", f"/api/v1{path}").raise_for_status().json()

    def done(self, path, **fields):
        """Send a form that is taken, and look where it leads."""
        answer = self.post(path, **fields)
        assert answer.status_code == 303, (answer.status_code, problem(answer) or answer.text)
        shown = self.get(answer.headers["location"])
        assert shown.status_code == 200, shown.text
        return shown

    def refused(self, path, **fields):
        """Send a form that is refused, and read why: one sentence, and nothing has changed."""
        before = self.party.world.words(self.party.world.line)
        answer = self.post(path, **fields)
        assert answer.status_code in (400, 403, 409, 422), (answer.status_code, answer.text)
        assert self.party.world.words(self.party.world.line) == before
        return problem(answer)

    def _ask(self, method, path, **more):
        async def asked():
            transport = httpx.ASGITransport(self._app)
            headers = {"origin": f"http://{ADDRESS}"} if method == "POST" else {}
            async with httpx.AsyncClient(
                transport=transport, base_url=f"http://{ADDRESS}", cookies=self._cookies, headers=headers
            ) as client:
                return await client.request(method, path, **more)

        return asyncio.run(asked())


def problem(answer):
    """The sentence of a page that says no; empty where it says none."""
    found = re.search(r'role="alert">(.*?)</p>', answer.text)
    return unescape(re.sub("<[^>]+>", "", found[1])) if found else ""


class Room:
    """They are at one line: Arvenia presides, Belmora and Corvalis are members, Dravonia observes where it is there."""

    def __init__(self, *, observed=False):
        self.world = Conference(4 if observed else 3)
        self.world.line = self.line = self._founded()
        self.chair, self.one, self.other, *rest = (Browser(self.world, party) for party in self.world.parties)
        self.observer = rest[0] if rest else None

    def _founded(self):
        chair, *others = self.world.parties
        observing = {each.id for each in self.world.parties[3:]}
        draft = self.world.draft(must_accept=sorted(each.id for each in self.world.parties[:3]))
        roles = tuple((party, Role.OBSERVER if party in observing else role) for party, role in draft.members)
        line = chair.house.found("head-of-mission", replace(draft, members=roles), self.world.now)
        self.world.settle()
        for each in others:
            each.house.agree(line, "head-of-mission")
        self.world.settle()
        return line

    def lay(self, source, title="A text"):
        """A text of the chair's on the table: its path."""
        party = self.chair.party
        self.text = party.do(self.line, acts.Import(title, "en", VERSION, source))
        self.world.settle()
        return f"/lines/{self.line.hex()}/texts/{self.text.hex()}"

    def say(self, browser, body):
        """An act that is no form's."""
        act = browser.party.do(self.line, body)
        self.world.settle()
        return act

    def around(self, path, browser=None):
        return (browser or self.chair).api(f"{path}/around")

    def rows(self, path):
        """The clauses of a text by their names."""
        return {each["name"]: each for each in self.chair.api(f"{path}/overview")}

    def order(self, path):
        return [each["name"] for each in self.chair.api(f"{path}/overview")]

    def operations(self, path):
        return self.chair.api(path)["operations"]

    def bracketed(self, path):
        """The words that a page shows of a text."""
        return Reader(self.chair.get(path).text).text


class Reader(HTMLParser):
    """What a browser would make of a page: its words, its elements, and what each control is called."""

    def __init__(self, page):
        super().__init__()
        self.text = ""
        self.tags = []
        self.unnamed = []
        self.headings = []
        self.inside = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        is_control = tag in ("select", "textarea") or (tag == "input" and given.get("type") != "hidden")
        if is_control and "label" not in self.inside and "aria-label" not in given:
            self.unnamed.append(given.get("name"))
        if tag not in ("input", "meta", "link", "img", "br"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        assert self.inside.pop() == tag

    def handle_data(self, data):
        self.text += data


def well_made(page):
    """What is wrong with a page for somebody who hears it: controls without a name, headings out of order."""
    reader = Reader(page)
    leaps = [pair for pair in zip(reader.headings, reader.headings[1:], strict=False) if pair[1] > pair[0] + 1]
    scripts = [given for tag, given in reader.tags if tag == "script" and given.get("src") != "/static/news.js"]
    images = [given for tag, given in reader.tags if tag == "img" and given.get("src") != "/static/seal.svg"]
    return reader.unnamed + leaps + scripts + images + [reader.inside] * bool(reader.inside)


def hidden(page, action):
    """The hidden fields of the form that leads to an address, as a browser would send them."""
    form = re.search(rf'<form[^>]* method="post" action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)[1]
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found}
