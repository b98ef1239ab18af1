"""The page of decisions, and its forms: what the chair puts, and what the parties say to it.

Deadlines are given in hours from now.  The page then shows which instant that is, and the log's time judges.
"""

from __future__ import annotations

from typing import Any

from detente.ground.errors import Refused
from detente.web.forms import GoTo, from_hex
from detente.web.pages import Page
from detente.web.visit import Visit

_HOUR = 3_600_000  # milliseconds
_DIGITS = 5


async def decisions(visit: Visit) -> Page:
    """Silences and votes of a line."""
    name = visit.part("line")
    about = await visit.get(f"/lines/{name}")
    found = await visit.get(f"/lines/{name}/decisions")
    values = {
        "line": about,
        "found": found,
        "texts": await visit.get(f"/lines/{name}/texts"),
        "hours": found["shortest_silence"] // _HOUR + 1,
    }
    return Page("decisions.html", f"{about['title']}: decisions", values)


async def put(visit: Visit) -> GoTo:
    """The chair puts a whole text, in exactly the content that was shown, to a silence or to a vote."""
    form = visit.form
    text, _, content = form.line("text").partition(":")
    common = {
        "text": from_hex(text),
        "scope": "",
        "content_hash": from_hex(content),
        "asked": "",
        "question": form.line("question"),
    }
    end = await _end(visit)
    if form.line("how") == "silence":
        body: dict[str, Any] = {"kind": "silence.open", **common, "objectors": [], "deadline": end}
    else:
        known = await visit.get(f"/lines/{visit.part('line')}/decisions")
        rules = next((each["rules"] for each in known["presets"] if each["name"] == form.line("how")), None)
        if rules is None:
            raise Refused("Choose how it is to be decided.", rule="ballot.rules")
        body = {
            "kind": "ballot.open", **common, "rules": rules, "voters": [], "blocs": [], "sponsors": [],
            "closes": end, "plan": "", "step": 0,
        }  # fmt: skip
    return await _act(visit, body)


async def on_silence(visit: Visit) -> GoTo:
    """One act on a silence: which one the button says."""
    form, silence = visit.form, from_hex(visit.part("act"))
    reason = form.one("words").strip()
    body: dict[str, Any]
    match form.line("do"):
        case "object":
            body = {"kind": "silence.object", "reason": reason}
        case "lift":
            body = {"kind": "silence.lift"}
        case "extend":
            body = {"kind": "silence.extend", "deadline": await _end(visit)}
        case "conclude":
            body = {"kind": "silence.conclude"}
        case "record":
            body = {"kind": "silence.record", "parties": form.all("party"), "reason": reason}
        case "cancel":
            body = {"kind": "silence.cancel", "reason": reason}
        case "explain":
            disassociates = form.ticked("disassociates")
            body = {"kind": "silence.explain", "words": reason, "disassociates": disassociates}
        case _:
            raise Refused("The form does not say what is to be done.", rule="silence.kind")
    return await _act(visit, {**body, "silence": silence})


async def on_ballot(visit: Visit) -> GoTo:
    """One act on a ballot: which one the button says."""
    form, ballot = visit.form, from_hex(visit.part("act"))
    body: dict[str, Any]
    match form.line("do"):
        case "yes" | "no" | "abstain" as choice:
            body = {"kind": "ballot.cast", "choice": choice}
        case "close":
            body = {"kind": "ballot.close"}
        case "again":
            body = {"kind": "ballot.again", "closes": await _end(visit)}
        case "intend":
            body = {"kind": "ballot.intend", "choice": form.line("choice")}
        case "explain":
            body = {"kind": "ballot.explain", "words": form.one("words").strip()}
        case _:
            raise Refused("The form does not say what is to be done.", rule="ballot.kind")
    return await _act(visit, {**body, "ballot": ballot})


async def _act(visit: Visit, body: dict[str, Any]) -> GoTo:
    await visit.act(visit.part("line"), body)
    return GoTo(f"/lines/{visit.part('line')}/decisions")


async def _end(visit: Visit) -> int:
    """The instant that lies so many hours ahead."""
    known = await visit.get(f"/lines/{visit.part('line')}/decisions")
    return int(known["now"]) + _hours(visit.form.line("hours")) * _HOUR


def _hours(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) <= _DIGITS):
        raise Refused("How long it lasts is a whole number of hours.", rule="silence.deadline")
    return int(written)
