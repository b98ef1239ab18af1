"""How a text is run: revisions, what came late, what the import inferred, the chair's texts, groups, languages, codes.

Everybody reads this page; its forms are the chair's, in a committee's text its facilitator's.  To publish names the
content that was shown.  What is confirmed and what is given leave is named one by one, as it was listed.  How the
text is run is said whole, so that form carries what it was made of, and is refused where that has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from detente.ground.errors import Refused, Stale
from detente.web.forms import GoTo, from_hex, text_of, text_path
from detente.web.pages import Page
from detente.web.table import Look, chosen, look
from detente.web.visit import Form, Visit

MOST_LISTED: Final = 300  # inferences on one page: each is a field of the form
_GROUPS: Final = 100  # as many as the table admits
_HEADS: Final = 400  # codes on one page


async def conduct(visit: Visit) -> Page:
    """The page."""
    seen = await look(visit)
    slots = await visit.get(f"{text_path(visit)}/slots")
    inferred = [each for each in slots if each["inferred"]]
    operations = {each["operation"]: each for each in seen.text["operations"]}
    values = {
        "line": seen.line,
        "text": seen.text,
        "table": seen,
        "inferred": inferred[:MOST_LISTED],
        "more": max(0, len(inferred) - MOST_LISTED),
        "late": [{**each, **operations[each["operation"]]} for each in seen.around["late"]],
        "own_texts": [each for each in seen.text["operations"] if each["of_the_chair"]],
        "seen": _conduct(seen),
        "authentic": ", ".join(seen.around["languages"]),
        "heads": _heads(seen),
    }
    return Page("chair.html", f"{seen.text['title']}: how it is run", values)


# --- revisions, and what came late --------------------------------------------------------------


async def publish(visit: Visit) -> GoTo:
    """Publish the text, in exactly the content that was shown, as a revision."""
    form = visit.form
    body = {
        "kind": "table.publish",
        "revision": form.line("revision"),
        "content_hash": from_hex(form.line("content_hash")),
        "renumber": form.ticked("renumber"),
    }
    return await _act(visit, body)


async def grant(visit: Visit) -> GoTo:
    """Give leave to operations on the late list."""
    operations = [from_hex(each) for each in visit.form.all("operation")]
    if not operations:
        raise Refused("Choose what is given leave.", rule="table.choice")
    return await _act(visit, {"kind": "table.grant", "operations": operations})


async def withdraw(visit: Visit) -> GoTo:
    """Withdraw what came late from oneself."""
    return await _act(visit, {"kind": "table.withdraw", "operation": from_hex(visit.form.line("operation"))})


# --- what the import inferred -------------------------------------------------------------------


async def confirm(visit: Visit) -> GoTo:
    """Confirm what was inferred: place by place, or all that was listed."""
    form = visit.form
    answers = {name: form.line(f"slot-{name}") for name in form.line("listed").split()}
    if form.line("do") == "all":
        answers = dict.fromkeys(answers, "as-read")
    for answer in answers.values():
        chosen(answer, ("", "as-read", "apart"), "Say of each place how it is to be read.", "table.choice")
    exclusive = [from_hex(name) for name, answer in answers.items() if answer == "as-read"]
    independent = [from_hex(name) for name, answer in answers.items() if answer == "apart"]
    if not exclusive and not independent:
        raise Refused("Choose the places that you have looked at.", rule="table.choice")
    return await _act(visit, {"kind": "table.confirm", "exclusive": exclusive, "independent": independent})


# --- groups and languages -----------------------------------------------------------------------


async def run(visit: Visit) -> GoTo:
    """Say how the text is run, whole."""
    form, known = visit.form, await look(visit)
    if form.line("seen") != _conduct(known):
        raise Stale("How the text is run has changed since this was shown: look again.", rule="table.stale")
    body = {
        "kind": "table.modalities",
        "groups": list(_groups(form)),
        "authentic": [each.strip() for each in form.line("authentic").split(",") if each.strip()],
        "together": form.ticked("together"),
    }
    return await _act(visit, body)


def _groups(form: Form) -> Iterator[dict[str, Any]]:
    """The groups of the form that have a code; one whose code was taken out is no group any more."""
    for number in range(_GROUPS + 1):
        code = form.line(f"code-{number}")
        if code:
            yield {"code": code, "speaker": form.line(f"speaker-{number}"), "members": form.all(f"members-{number}")}


async def heads(visit: Visit) -> GoTo:
    """Say whom the heads in the text mean, whole."""
    form, known = visit.form, await look(visit)
    if form.line("seen") != _conduct(known):
        raise Stale("How the text is run has changed since this was shown: look again.", rule="table.stale")
    said = [(form.line(f"head-{number}"), form.line(f"means-{number}")) for number in range(_HEADS + 1)]
    codes = [{"code": code, "party": party} for code, party in said if code and party]
    return await _act(visit, {"kind": "table.codes", "codes": codes})


def _heads(seen: Look) -> list[tuple[str, str]]:
    """The codes that stand in the text or were said, with whom each means (empty: not said); the last is a new one."""
    said = {each["code"]: each["party"] for each in seen.around["codes"]}
    return [(code, said.get(code, "")) for code in sorted({*said, *seen.around["heads"]})[:_HEADS]] + [("", "")]


def _conduct(seen: Look) -> str:
    """The hash of how a text is run: what a form was made of."""
    said: Mapping[str, Any] = seen.around
    made = [said["groups"], list(said["languages"]), said["together"], said["codes"]]
    return hashlib.sha256(json.dumps(made).encode()).hexdigest()


async def _act(visit: Visit, body: Mapping[str, Any]) -> GoTo:
    await visit.act(visit.part("line"), {**body, "text": text_of(visit)})
    return GoTo(f"{text_path(visit)}/chair")
