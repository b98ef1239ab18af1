"""The page that tells how a text stands: what is agreed, what is pending and for whom, what is new.

What is new is asked from a place of the log: where this office read last, where a party spoke last, or where a
revision was published.  The mark of this office moves when it says so, and not because a page was opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from detente.web.forms import GoTo, text_path
from detente.web.pages import Page
from detente.web.table import look
from detente.web.visit import Visit

_AWAITED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "agreement": "to come to terms",
        "decision": "to decide places in which nobody stands in the way",
        "acceptance": "to accept what is not open any more",
        "confirmation": "to confirm what was accepted ad referendum",
        "answer": "to answer a package",
        "condition": "to settle what a position was made to depend on",
        "leave": "to give leave for what came late",
        "report": "to report from a committee",
    }
)
_DONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "edit": "proposed other words",
        "alternative": "proposed an alternative",
        "addition": "proposed a new clause",
        "move": "proposed to move it",
        "withdraw": "withdrew what it had proposed or said",
        "position": "took a position",
        "note": "wrote a note",
        "accept": "accepted",
        "reopen": "took its acceptance back",
        "settle": "decided",
        "correct": "took out signs that decided nothing",
        "package": "made a package",
        "take": "took a package",
        "join": "joined a proposal",
        "leave": "left a proposal that it had joined",
        "confirm": "confirmed what the import had inferred",
        "modalities": "said how the text is negotiated",
        "codes": "said whom the heads in the text mean",
        "publish": "published a revision",
        "late": "proposed something late",
        "grant": "gave leave for what was late",
        "translate": "gave words in another language",
        "refer": "referred clauses to a committee",
        "report": "reported from a committee",
    }
)


async def standing(visit: Visit) -> Page:
    """The answers, and the changes since what was chosen."""
    seen, path = await look(visit), text_path(visit)
    told = await visit.get(f"{path}/standing")
    places = _places(told)
    asked = visit.request.query_params.get("since", "read")
    since = next((each for each in places if each["value"] == asked), places[0])
    changed = await visit.get(f"{path}/changes", **{"from": str(since["from"])})
    called = {each["clause"]: each["name"] for each in told["agreed"]}
    values = {
        "line": seen.line,
        "text": seen.text,
        "table": seen,
        "told": told,
        "statuses": _by_status(told["agreed"]),
        "waiting": _by_party(told["pending"]),
        "articles": (await visit.get(f"{path}/burn-down"))["articles"],
        "places": places,
        "since": since,
        "changed": [{**each, "name": called.get(each["clause"], "")} for each in reversed(changed)],
        "done": _DONE,
    }
    return Page("standing.html", f"{seen.text['title']}: how it stands", values)


async def read(visit: Visit) -> GoTo:
    """This office has read it up to where the page was made."""
    path = text_path(visit)
    await visit.post(f"{path}/read", {"position": visit.form.number("position")})
    return GoTo(f"{path}/standing")


def _places(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """From where one may ask what is new: the first is what is asked where nothing was chosen."""
    read_ = told["read"]
    own = {"value": "read", "name": "I read it last", "from": 0 if read_ is None else read_ + 1}
    spoken = [
        {"value": each["party"], "name": f"the last word of {each['name']}", "from": each["position"] + 1}
        for each in told["last_words"]
    ]
    published = [
        {"value": f"revision {each['name']}", "name": f"revision {each['name']}", "from": each["position"] + 1}
        for each in told["revisions"]
    ]
    return [own, *spoken, *published, {"value": "beginning", "name": "the beginning", "from": 0}]


def _by_status(agreed: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The clauses of each status, the strongest first."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in agreed:
        found.setdefault(each["status"], []).append(each)
    order = ["agreed", "agreed ad referendum", "provisional"]
    return sorted(found.items(), key=lambda each: (order.index(each[0]) if each[0] in order else len(order), each[0]))


def _by_party(pending: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each party what the text waits for, with the clauses; those named in the text alone come last."""
    found: dict[tuple[bool, str], dict[str, list[Mapping[str, Any]]]] = {}
    for each in pending:
        for who in [(False, one["name"]) for one in each["parties"]] + [(True, code) for code in each["codes"]]:
            found.setdefault(who, {}).setdefault(each["what"], []).append(each)
        if not each["parties"] and not each["codes"]:
            found.setdefault((True, ""), {}).setdefault(each["what"], []).append(each)
    return [
        {
            "name": name,
            "in_text": in_text,
            "things": [{"sentence": _AWAITED[what], "what": what, "of": things} for what, things in its.items()],
        }
        for (in_text, name), its in sorted(found.items())
    ]
