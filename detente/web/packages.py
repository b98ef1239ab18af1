"""Packages: proposals that are taken together or not at all, on a page of their own.

Whoever accepts a package accepts the hash that was shown, which stands for every proposal in it as it is, and where
packages depend on each other in a circle, for the whole circle.  The chair takes one on the hash that was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from detente.ground.errors import Refused
from detente.procedures.table.acts import Stance
from detente.web import clauses
from detente.web.forms import GoTo, from_hex, text_of, text_path
from detente.web.pages import Page
from detente.web.table import Look, chosen, look
from detente.web.visit import Visit

BASES: Final = {
    "consensus": "consensus",
    "editorial": "an editorial matter",
    "accept": "all who must accept are in favour",
}


async def packages(visit: Visit) -> Page:
    """Every package on a text, and the form for another."""
    seen = await look(visit)
    operations = {each["operation"]: each for each in seen.text["operations"]}
    values = {
        "line": seen.line,
        "text": seen.text,
        "table": seen,
        "packages": [_shown(seen, operations, each) for each in reversed(seen.around["packages"])],
        "stances": [each.value for each in Stance],
        "bases": BASES,
    }
    return Page("packages.html", f"{seen.text['title']}: packages", values)


def _shown(seen: Look, operations: Mapping[str, Mapping[str, Any]], one: Mapping[str, Any]) -> dict[str, Any]:
    """A package with its proposals, who accepted exactly this of it, and whether that is a circle."""
    accepted = [each for each in seen.text["acceptances"] if each["scope"] == one["joint_hash"]]
    return {
        **one,
        "taking": [operations[each] for each in one["take"]],
        "dropping": [operations[each] for each in one["drop"]],
        "accepted": accepted,
        "mine": seen.own in [each["party"] for each in accepted],
        "with": [seen.called(each) for each in one["circle"] if each != one["package"]],
    }


async def propose(visit: Visit) -> GoTo:
    """Propose a package over the chosen proposals."""
    form = visit.form
    body = {
        "kind": "table.package",
        "name": form.line("name"),
        "take": [from_hex(each) for each in form.all("take")],
        "drop": [from_hex(each) for each in form.all("drop")],
        "parties": form.all("party"),
    }
    if not body["take"]:
        raise Refused("Choose the proposals that the package takes.", rule="table.package")
    return await _act(visit, body)


async def accept(visit: Visit) -> GoTo:
    """Accept a package with exactly what was shown of it."""
    form = visit.form
    body = {
        "kind": "table.accept",
        "scope": from_hex(form.line("package")),
        "content_hash": from_hex(form.line("joint_hash")),
        "ad_referendum": form.ticked("ad_referendum"),
    }
    if not body["scope"]:
        raise Refused("The form does not say which package is accepted.", rule="table.target")
    return await _act(visit, body)


async def withdraw(visit: Visit) -> GoTo:
    """Withdraw one's own package; what it held stays on the table."""
    return await _act(visit, {"kind": "table.withdraw", "operation": from_hex(visit.form.line("package"))})


async def take(visit: Visit) -> GoTo:
    """The chair takes a package whole, on exactly what was shown of it."""
    form = visit.form
    body = {
        "kind": "table.take-packages",
        "packages": [from_hex(form.line("package"))],
        "precondition": from_hex(form.line("precondition")),
        "basis": chosen(form.line("basis"), BASES, "Say on what basis it is taken.", "table.basis"),
    }
    return await _act(visit, body)


async def take_position(visit: Visit) -> GoTo:
    """Say where the party stands on a package."""
    await clauses.say(visit)
    return _here(visit)


async def _act(visit: Visit, body: Mapping[str, Any]) -> GoTo:
    await visit.act(visit.part("line"), {**body, "text": text_of(visit)})
    return _here(visit)


def _here(visit: Visit) -> GoTo:
    return GoTo(f"{text_path(visit)}/packages")
