"""What people do: one function for each form, each a call of the API, then a page to go to.

A form is sent by POST from a page of this house (`api.guard.check_origin`); afterwards the browser is sent
to a page by 303, so that loading it again does nothing twice.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detente.acts.facts import Role
from detente.ground.errors import Malformed, Refused
from detente.web import pages
from detente.web.pages import Page
from detente.web.visit import Form, Visit

_OFFSET_DIGITS = 9


@dataclass(frozen=True)
class GoTo:
    """The page to go to."""

    path: str


async def agree(visit: Visit) -> GoTo:
    """Agree to a line."""
    await visit.post(f"/summonses/{visit.part('line')}/agree")
    return GoTo("/")


async def found_line(visit: Visit) -> GoTo | Page:
    """Found a line; what is refused is shown in the form again."""
    form = visit.form
    given: dict[str, Any] = {"title": form.line("title"), "ceiling": form.line("ceiling"), "roles": {}}
    for party in form.all("party"):
        given["roles"][party] = form.line(f"role-{party}")
    given["must_accept"] = [party for party in form.all("must_accept") if party in _deciding(visit, given)]
    try:
        made = await visit.post("/lines", _line_asked(visit, given))
    except (Refused, Malformed) as error:
        return await pages.new_line(visit, given, error.sentence)
    await visit.placed(made["line"], made["line"], "charter.found")  # a line bears the id of its first act
    return GoTo(f"/lines/{made['line']}")


def _deciding(visit: Visit, given: Mapping[str, Any]) -> list[str]:
    members = [party for party, role in given["roles"].items() if role == Role.MEMBER.value]
    return [visit.house["party"], *members]


def _line_asked(visit: Visit, given: Mapping[str, Any]) -> dict[str, Any]:
    seats = [{"party": party, "role": role} for party, role in given["roles"].items() if role]
    return {
        "title": given["title"],
        "ceiling": given["ceiling"],
        "members": [{"party": visit.house["party"], "role": Role.CHAIR.value}, *seats],
        "must_accept": sorted(given["must_accept"]),
    }


async def draft_note(visit: Visit) -> GoTo | Page:
    """Draft a note; what is refused is shown in the form again, with every word that was written."""
    form = visit.form
    given = _note_fields(form)
    drafts = f"/lines/{visit.part('line')}/drafts"
    try:
        await visit.post(f"{drafts}/{given['draft']}/rewrite" if given["draft"] else drafts, {"body": _note(given)})
    except (Refused, Malformed) as error:
        return await pages.compose(visit, given, error.sentence)
    return GoTo(f"/lines/{visit.part('line')}/notes")


async def clear_draft(visit: Visit) -> GoTo:
    """Clear a draft."""
    return await _step_draft(visit, "clear")


async def reject_draft(visit: Visit) -> GoTo:
    """Send a draft back to its drafter, with a word why."""
    remark = visit.form.line("remark")
    return await _step_draft(visit, "reject", {"remark": remark})


async def discard_draft(visit: Visit) -> GoTo:
    """Give up a draft that was sent back."""
    return await _step_draft(visit, "discard")


async def authorise_draft(visit: Visit) -> GoTo:
    """Authorise a draft, which dispatches it."""
    return await _step_draft(visit, "authorise")


async def _step_draft(visit: Visit, step: str, value: Mapping[str, str] | None = None) -> GoTo:
    line = visit.part("line")
    draft = await visit.post(f"/lines/{line}/drafts/{visit.part('draft')}/{step}", value)
    if draft.get("act"):
        await visit.placed(line, str(draft["act"]), "correspondence.note")
    return GoTo(f"/lines/{line}/notes")


def _note_fields(form: Form) -> dict[str, Any]:
    names = ("form", "precedence", "character", "label", "subject", "answers", "draft")
    return {
        **{name: form.line(name) for name in names},
        "text": form.one("text"),
        "to": form.all("to"),
        "info": [party for party in form.all("info") if party not in form.all("to")],
    }


def _note(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "correspondence.note",
        "form": given["form"],
        "number": None,
        "precedence": given["precedence"],
        "character": given["character"],
        "label": given["label"],
        "to": given["to"],
        "info": given["info"],
        "subject": given["subject"],
        "text": given["text"],
        "answers": from_hex(given["answers"]) if given["answers"] else None,
        "refers": None,
        "exercise": False,
    }


async def acknowledge(visit: Visit) -> GoTo:
    """Say that an office has seen the note."""
    return await _receipt(visit, {"kind": "correspondence.acknowledge"})


async def take_note(visit: Visit) -> GoTo:
    """Take note: there will be no answer."""
    return await _receipt(visit, {"kind": "correspondence.take-note"})


async def send_back(visit: Visit) -> GoTo:
    """Send the note back; no reason is owed."""
    form = visit.form
    return await _receipt(visit, {"kind": "correspondence.return", "reason": form.line("reason")})


async def _receipt(visit: Visit, body: Mapping[str, Any]) -> GoTo:
    name, note = visit.part("line"), visit.part("act")
    await visit.act(name, {**body, "note": from_hex(note)})
    return GoTo(f"/lines/{name}/notes/{note}")


# --- the table ----------------------------------------------------------------------------------


async def lay_on_table(visit: Visit) -> GoTo:
    """Import a bracketed text."""
    form = visit.form
    body = {
        "kind": "table.import",
        "title": form.line("title"),
        "language": form.line("language"),
        "importer": form.line("importer"),
        "source": form.one("source"),
    }
    await visit.act(visit.part("line"), body)
    return GoTo(f"/lines/{visit.part('line')}/texts")


async def withdraw(visit: Visit) -> GoTo:
    """Withdraw one's own proposal."""
    form = visit.form
    operation = from_hex(form.line("operation"))
    await visit.act(visit.part("line"), {"kind": "table.withdraw", "text": text_of(visit), "operation": operation})
    return to_text(visit)


async def settle(visit: Visit) -> GoTo:
    """The chair settles a slot on exactly the content that was shown."""
    form = visit.form
    body = {
        "kind": "table.settle",
        "text": text_of(visit),
        "scope": from_hex(visit.part("clause")),
        "slot": from_hex(form.line("slot")),
        "chosen": [from_hex(each) for each in form.all("chosen")],
        "precondition": from_hex(form.line("precondition")),
        "basis": form.line("basis") or "consensus",
    }
    await visit.act(visit.part("line"), body)
    shown = form.line("shown")
    from_hex(shown)
    return GoTo(f"{text_path(visit)}/clauses/{shown}") if shown else to_text(visit)


async def accept(visit: Visit) -> GoTo:
    """Accept the whole text with exactly the content that was shown."""
    await _accept(visit, "")
    return to_text(visit)


async def accept_clause(visit: Visit) -> GoTo:
    """Accept one clause with exactly the content that was shown."""
    await _accept(visit, from_hex(visit.part("clause")))
    return to_clause(visit)


async def _accept(visit: Visit, scope: str) -> None:
    form = visit.form
    body = {
        "kind": "table.accept",
        "text": text_of(visit),
        "scope": scope,
        "content_hash": from_hex(form.line("content_hash")),
        "ad_referendum": form.ticked("ad_referendum"),
    }
    await visit.act(visit.part("line"), body)


async def correct(visit: Visit) -> GoTo:
    """The chair takes brackets out that pair with nothing."""
    form = visit.form
    marks = [_mark(each) for each in form.all("mark")]
    if not marks:
        raise Refused("Choose the brackets that are to go.", rule="table.choice")
    body = {
        "kind": "table.correct",
        "text": text_of(visit),
        "scope": from_hex(visit.part("clause")),
        "marks": marks,
        "precondition": from_hex(form.line("precondition")),
    }
    await visit.act(visit.part("line"), body)
    return to_clause(visit)


def _mark(value: str) -> dict[str, Any]:
    container, _, offset = value.partition(":")
    if not (offset.isascii() and offset.isdigit() and len(offset) <= _OFFSET_DIGITS):
        raise Malformed("The form names a bracket that is none.")
    return {"container": container, "offset": int(offset)}


# --- conclusion ---------------------------------------------------------------------------------


async def adopt(visit: Visit) -> GoTo:
    """Adopt a text with exactly the content that was shown."""
    form = visit.form
    body = {
        "kind": "signature.adopt",
        "text": from_hex(form.line("text")),
        "content_hash": from_hex(form.line("content_hash")),
    }
    await visit.act(visit.part("line"), body)
    return _to_instruments(visit)


async def seal(visit: Visit) -> GoTo:
    """Have the house seal an instrument."""
    await _conclude(visit, "seal")
    return _to_instruments(visit)


async def consent(visit: Visit) -> GoTo:
    """Consent to publication."""
    instrument = from_hex(visit.part("digest"))
    await visit.act(visit.part("line"), {"kind": "signature.consent", "instrument": instrument})
    return _to_instruments(visit)


async def publish(visit: Visit) -> GoTo:
    """Hand the instrument to the register."""
    await _conclude(visit, "publish")
    return _to_instruments(visit)


async def _conclude(visit: Visit, step: str) -> None:
    line = visit.part("line")
    done = await visit.post(f"/lines/{line}/instruments/{visit.part('digest')}/{step}")
    await visit.placed(line, str(done["act"]), f"signature.{step}")


# --- the directory ------------------------------------------------------------------------------


async def receive_record(visit: Visit) -> GoTo:
    """Take a record in that was pasted."""
    form = visit.form
    await visit.hand_in("/directory", form.line("record").encode())
    return GoTo("/directory")


async def compare(visit: Visit) -> GoTo:
    """Say which sixty digits stand on the letter of credence."""
    form = visit.form
    await visit.post(f"/directory/{visit.part('party')}/comparisons", {"digits": form.line("digits")})
    return GoTo("/directory")


# --- small things -------------------------------------------------------------------------------


def text_path(visit: Visit) -> str:
    """The path of the text of this visit."""
    return f"/lines/{visit.part('line')}/texts/{visit.part('text')}"


def to_text(visit: Visit) -> GoTo:
    """To its page."""
    return GoTo(text_path(visit))


def to_clause(visit: Visit) -> GoTo:
    """To the page of the clause of this visit."""
    return GoTo(f"{text_path(visit)}/clauses/{visit.part('clause')}")


def _to_instruments(visit: Visit) -> GoTo:
    return GoTo(f"/lines/{visit.part('line')}/instruments")


def text_of(visit: Visit) -> str:
    """The text of this visit, as an act names it."""
    return from_hex(visit.part("text"))


def from_hex(text: str) -> str:
    """Hex digits of a page as the base64 of an act."""
    try:
        return base64.b64encode(binascii.unhexlify(text)).decode()
    except (ValueError, binascii.Error):
        raise Malformed("The form names something that is no identifier.") from None
