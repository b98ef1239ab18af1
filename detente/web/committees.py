"""Committees: clauses of a text that are negotiated on a table of their own, and what comes back.

A committee's text is a text like any other, with a page of its own.  Here stands which committees a text has, how
far each has come, and the two acts that lead there and back.  A report names the content that was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detente.ground.errors import Refused
from detente.web.forms import GoTo, from_hex, text_of, text_path
from detente.web.pages import Page
from detente.web.table import look
from detente.web.visit import Visit


async def committees(visit: Visit) -> Page:
    """The committees of a text, and the form for another."""
    seen = await look(visit)
    line = visit.part("line")
    texts = {each["text"]: each for each in await visit.get(f"/lines/{line}/texts")}
    around = {name: await visit.get(f"/lines/{line}/texts/{name}/around") for name in seen.around["committees"]}
    reported = {each["child"] for each in seen.text["operations"] if each["child"]}
    values = {
        "line": seen.line,
        "text": seen.text,
        "table": seen,
        "committees": [
            {**texts[name], **_shown(seen.own, about), "reported": name in reported} for name, about in around.items()
        ],
    }
    return Page("committees.html", f"{seen.text['title']}: committees", values)


def _shown(own: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """Who is in a committee, and whether the party that looks facilitates it."""
    facilitator = about["facilitator"]
    return {
        "members": about["committee"],
        "facilitator": facilitator,
        "facilitates": facilitator is not None and facilitator["party"] == own,
    }


async def refer(visit: Visit) -> GoTo:
    """The chair has clauses go before a committee."""
    form = visit.form
    body = {
        "kind": "table.refer",
        "title": form.line("title"),
        "clauses": [from_hex(each) for each in form.all("clause")],
        "members": form.all("member"),
        "facilitator": form.line("facilitator"),
    }
    if not body["clauses"]:
        raise Refused("Choose the clauses that go before the committee.", rule="table.target")
    return await _act(visit, body)


async def report(visit: Visit) -> GoTo:
    """What a committee made of its clauses comes back, in exactly the content that was shown."""
    form = visit.form
    body = {
        "kind": "table.report",
        "child": from_hex(form.line("child")),
        "content_hash": from_hex(form.line("content_hash")),
    }
    return await _act(visit, body)


async def _act(visit: Visit, body: Mapping[str, Any]) -> GoTo:
    await visit.act(visit.part("line"), {**body, "text": text_of(visit)})
    return GoTo(f"{text_path(visit)}/committees")
