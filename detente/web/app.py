"""The pages over HTTP: one table of paths, sign-in by passkey, and nothing else that needs a script.

Pages are rendered here from what the API answers.  Every template escapes what it is given; there is no
inline script or style, and nothing is loaded from elsewhere.  `/static/passkeys.js` speaks to the authenticator,
which only a script can; `/static/news.js` only says that something has changed: without it one loads the page again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from importlib import resources
from typing import Any, Final

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from detente.api import faults, problems
from detente.api.app import HttpApi, response
from detente.api.calls import Answer, Api
from detente.api.guard import check_origin
from detente.api.sessions import Session
from detente.ground.errors import DetenteError
from detente.web import (
    chairing,
    clauses,
    committees,
    decisions,
    documents,
    forms,
    languages,
    packages,
    pages,
    rolling,
    standing,
)
from detente.web.forms import GoTo
from detente.web.pages import Page
from detente.web.visit import WISH, Form, Visit, read_form

Show = Callable[[Visit], Awaitable[Page | GoTo | Answer]]

_LINE: Final = "/lines/{line}"
_NOTE: Final = f"{_LINE}/notes/{{act}}"
_TEXT: Final = f"{_LINE}/texts/{{text}}"
_CLAUSE: Final = f"{_TEXT}/clauses/{{clause}}"
_INSTRUMENT: Final = f"{_LINE}/instruments/{{digest}}"

PAGES: Final[tuple[tuple[str, str, Show], ...]] = (
    ("GET", "/", pages.desk),
    ("POST", "/summonses/{line}/agree", forms.agree),
    ("GET", "/new-line", pages.new_line),
    ("POST", "/new-line", forms.found_line),
    ("GET", "/directory", pages.directory),
    ("POST", "/directory", forms.receive_record),
    ("POST", "/directory/{party}/comparisons", forms.compare),
    ("GET", "/not-yet", pages.not_yet),
    ("GET", _LINE, pages.line),
    ("GET", f"{_LINE}/log", pages.log),
    ("GET", f"{_LINE}/notes", pages.notes),
    ("GET", f"{_LINE}/notes/new", pages.compose),
    ("POST", f"{_LINE}/notes/new", forms.draft_note),
    ("POST", f"{_LINE}/drafts/{{draft}}/clear", forms.clear_draft),
    ("POST", f"{_LINE}/drafts/{{draft}}/reject", forms.reject_draft),
    ("POST", f"{_LINE}/drafts/{{draft}}/authorise", forms.authorise_draft),
    ("POST", f"{_LINE}/drafts/{{draft}}/discard", forms.discard_draft),
    ("GET", _NOTE, pages.note),
    ("POST", f"{_NOTE}/acknowledge", forms.acknowledge),
    ("POST", f"{_NOTE}/take-note", forms.take_note),
    ("POST", f"{_NOTE}/return", forms.send_back),
    ("GET", f"{_LINE}/texts", pages.texts),
    ("POST", f"{_LINE}/texts", forms.lay_on_table),
    ("GET", _TEXT, pages.text),
    ("GET", f"{_TEXT}/clean", pages.clean),
    ("GET", f"{_TEXT}/standing", standing.standing),
    ("POST", f"{_TEXT}/standing", standing.read),
    ("POST", f"{_TEXT}/accept", forms.accept),
    ("POST", f"{_TEXT}/withdraw", forms.withdraw),
    ("POST", f"{_TEXT}/reopen", clauses.reopen_text),
    ("POST", f"{_TEXT}/note", clauses.note_on_text),
    ("GET", _CLAUSE, pages.clause),
    ("POST", f"{_CLAUSE}/settle", forms.settle),
    ("POST", f"{_CLAUSE}/accept", forms.accept_clause),
    ("POST", f"{_CLAUSE}/correct", forms.correct),
    ("POST", f"{_CLAUSE}/position", clauses.take_position),
    ("POST", f"{_CLAUSE}/propose", clauses.propose),
    ("POST", f"{_CLAUSE}/alternative", clauses.propose_alternative),
    ("POST", f"{_CLAUSE}/chair-text", clauses.chair_text),
    ("POST", f"{_CLAUSE}/add", clauses.add),
    ("POST", f"{_CLAUSE}/move", clauses.move),
    ("POST", f"{_CLAUSE}/withdraw", clauses.withdraw),
    ("POST", f"{_CLAUSE}/join", clauses.join),
    ("POST", f"{_CLAUSE}/leave", clauses.leave),
    ("POST", f"{_CLAUSE}/reopen", clauses.reopen),
    ("POST", f"{_CLAUSE}/note", clauses.note),
    ("GET", f"{_TEXT}/chair", chairing.conduct),
    ("POST", f"{_TEXT}/chair/publish", chairing.publish),
    ("POST", f"{_TEXT}/chair/grant", chairing.grant),
    ("POST", f"{_TEXT}/chair/withdraw", chairing.withdraw),
    ("POST", f"{_TEXT}/chair/confirm", chairing.confirm),
    ("POST", f"{_TEXT}/chair/run", chairing.run),
    ("POST", f"{_TEXT}/chair/heads", chairing.heads),
    ("GET", f"{_TEXT}/packages", packages.packages),
    ("POST", f"{_TEXT}/packages/propose", packages.propose),
    ("POST", f"{_TEXT}/packages/position", packages.take_position),
    ("POST", f"{_TEXT}/packages/accept", packages.accept),
    ("POST", f"{_TEXT}/packages/withdraw", packages.withdraw),
    ("POST", f"{_TEXT}/packages/take", packages.take),
    ("GET", f"{_TEXT}/committees", committees.committees),
    ("POST", f"{_TEXT}/committees/refer", committees.refer),
    ("POST", f"{_TEXT}/committees/report", committees.report),
    ("GET", f"{_TEXT}/languages", languages.languages),
    ("GET", f"{_TEXT}/languages/{{language}}", languages.language),
    ("POST", f"{_TEXT}/languages/{{language}}/translate", languages.translate),
    ("POST", f"{_LINE}/documents", documents.hand_in),
    ("GET", f"{_LINE}/documents/{{digest}}", documents.preview),
    ("POST", f"{_LINE}/documents/{{digest}}/import", documents.lay),
    ("GET", f"{_TEXT}/documents", documents.documents),
    ("GET", f"{_TEXT}/documents/file", documents.file),
    ("POST", f"{_TEXT}/revisions", documents.hand_in_revision),
    ("GET", f"{_TEXT}/revisions/{{digest}}", documents.preview_revision),
    ("POST", f"{_TEXT}/revisions/{{digest}}/propose", documents.propose),
    ("GET", f"{_LINE}/decisions", decisions.decisions),
    ("POST", f"{_LINE}/decisions", decisions.put),
    ("POST", f"{_LINE}/silences/{{act}}", decisions.on_silence),
    ("POST", f"{_LINE}/ballots/{{act}}", decisions.on_ballot),
    ("GET", f"{_LINE}/instruments", pages.instruments),
    ("POST", f"{_LINE}/adopt", forms.adopt),
    ("POST", f"{_INSTRUMENT}/seal", forms.seal),
    ("POST", f"{_INSTRUMENT}/consent", forms.consent),
    ("POST", f"{_INSTRUMENT}/publish", forms.publish),
)
STATIC: Final = {
    "detente.css": "text/css",
    "news.js": "text/javascript",
    "passkeys.js": "text/javascript",
    "seal.svg": "image/svg+xml",
}

_PARTS: Final = ("word", "when", "digits", "mark", "held", "alarm")


class Pages:
    """All pages of a house."""

    def __init__(self, api: Api, http: HttpApi) -> None:
        self._api = api
        self._http = http
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("detente.web", "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["wish"] = wish
        self._templates.filters["moment"] = moment
        self._templates.filters["marked"] = rolling.marked
        parts = self._templates.get_template("parts.html").module
        self._templates.globals.update({name: getattr(parts, name) for name in _PARTS})
        folder = resources.files("detente.web") / "static"
        self._static = {name: (folder / name).read_bytes() for name in STATIC}

    @property
    def routes(self) -> list[BaseRoute]:
        """For Starlette."""
        shown = [Route(path, partial(self._serve, show), methods=[method]) for method, path, show in PAGES]
        return [
            *shown,
            Route("/enter/{token}", self.enter, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            Route("/leave", self.leave, methods=["POST"]),
            Route("/static/{name}", self.static, methods=["GET"]),
            Route("/{rest:path}", self.nothing, methods=["GET", "POST"]),
        ]

    # --- signing in and out ----------------------------------------------------------------------

    async def enter(self, request: Request) -> Response:
        """A one-time link, with which an office enrols a passkey.  Looking at it uses nothing up: the button does."""
        token = str(request.path_params["token"])
        office = self._api.entrance.sessions.office_of(token)
        values = {"office": office, "link": token, **self._site()}
        return await self._page(Page("enter.html", "Make a passkey", values, 200 if office else 403))

    async def sign_in(self, request: Request) -> Response:
        """The door; and, by the script on it, a passkey's answer in exchange for a cookie."""
        if request.method == "GET":
            session = self._http.session(request)
            values = {"other": session.office if session else "", **self._site()}
            return await self._page(Page("sign_in.html", "Sign in", values))
        try:
            check_origin(request, bearer=False)
            before = self._http.session(request)
            cookie = await self._http.enter(request)
            if before is not None:
                self._api.entrance.sessions.close(before)
        except DetenteError as error:
            status, problem = problems.describe(error)
            return JSONResponse(problem, status, media_type=problems.MEDIA)
        response = Response(status_code=204)
        response.set_cookie(self._http.cookie, cookie, httponly=True, samesite="strict", path="/")
        return response

    def _site(self) -> dict[str, str]:
        return {"rp": self._api.entrance.rp, "origin": self._api.entrance.origin}

    async def leave(self, request: Request) -> Response:
        """End the session."""
        try:
            check_origin(request, bearer=False)
        except DetenteError as error:
            return await self._problem(error)
        session = self._http.session(request)
        if session is not None:
            self._api.entrance.sessions.close(session)
        response = RedirectResponse("/", 303)
        response.delete_cookie(self._http.cookie, httponly=True, samesite="strict", path="/")
        return response

    # --- everything else -------------------------------------------------------------------------

    async def static(self, request: Request) -> Response:
        """Style, script and sign: files by name, never by path."""
        name = str(request.path_params["name"])
        if name not in self._static:
            return await self.nothing(request)
        headers = {"Cache-Control": "max-age=300"}
        return Response(self._static[name], media_type=STATIC[name], headers=headers)

    async def nothing(self, request: Request) -> Response:
        """What is not there, and what is not yours."""
        return await self._problem(problems.unknown(), self._http.session(request))

    async def _serve(self, show: Show, request: Request) -> Response:
        session = None
        try:
            check_origin(request, bearer=False)
            session = self._http.session(request)
            if session is None:
                return await self._page(Page("signed_out.html", "Signed out", self._site(), 401))
            visit = await self._visit(session, request, await read_form(request))
            shown = await show(visit)
            if isinstance(shown, GoTo):
                return RedirectResponse(shown.path, 303)
            if isinstance(shown, Answer):
                return response(shown)
            return await self._page(shown, visit)
        except DetenteError as error:
            return await self._problem(error, session, _back(request))
        except Exception as error:  # noqa: BLE001 - a page says nothing of it; the house's own log says more
            faults.report(error)
            return await self._page(Page("problem.html", "A fault", {"problem": problems.fault()[1], "back": ""}, 500))

    async def _visit(self, session: Session, request: Request, form: Form) -> Visit:
        house = (await self._api.call(session, "GET", "/house")).value
        return Visit(self._api, session, request, house, form)

    async def _problem(self, error: DetenteError, session: Session | None = None, back: str = "") -> Response:
        status, problem = problems.describe(error)
        values = {"problem": problem, "signed_in": session is not None, "back": back}
        return await self._page(Page("problem.html", problem["title"], values, status))

    async def _page(self, page: Page, visit: Visit | None = None) -> Response:
        house: Any = visit.house if visit else None
        name = house["name"] if house else (await self._api.entrance.record()).names
        values = {
            "signed_in": visit is not None,
            **page.values,
            "title": page.title,
            "house": house,
            "house_name": name if isinstance(name, str) else next(iter(name.values())),
            "may": visit.may if visit else (lambda _power: False),
            "here": visit.request.url.path if visit else "",
        }
        template = self._templates.get_template(page.template)
        return Response(await asyncio.to_thread(template.render, values), page.status, media_type="text/html")


def wish() -> Markup:
    """A field of a form with a name that no other form has: sent twice, it is one wish (`visit.post`)."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(WISH, secrets.token_urlsafe(16))


def _back(request: Request) -> str:
    """The page that a refused form stood on; nothing for what was no form."""
    parts = request.url.path.strip("/").split("/")
    if back := documents.back(parts):
        return back
    if request.method != "POST":
        return ""
    match parts:
        case ["lines", line, "drafts", *_]:
            return f"/lines/{line}/notes"
        case ["lines", line, "adopt"] | ["lines", line, "instruments", *_]:
            return f"/lines/{line}/instruments"
        case ["lines", line, "decisions" | "silences" | "ballots", *_]:
            return f"/lines/{line}/decisions"
        case ["lines", line, "texts"]:
            return f"/lines/{line}/texts"
        case ["lines", _, "texts" | "notes", _, *_]:  # also of what lies deeper: the page that the form stood on
            return "/" + "/".join(parts[:-1])
        case ["directory", *_]:
            return "/directory"
        case _:
            return ""


def moment(iso: str) -> str:
    """An instant as people write it, in UTC; the log's own time, not this machine's."""
    if not iso:
        return ""
    at = datetime.fromisoformat(iso)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
