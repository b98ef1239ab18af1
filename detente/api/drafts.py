"""Drafts of notes: a note leaves the house when a second office has authorised it, and not otherwise."""

from __future__ import annotations

from typing import Any

from detente.api.calls import Answer, Call
from detente.api.problems import unknown
from detente.api.requests import ActAsked, DraftAsked, Remark, convert
from detente.chancery.drafts import DraftNote
from detente.ground.instants import Instant, iso
from detente.procedures.correspondence.acts import Note
from detente.transport import clock
from detente.wire import canonical


async def write(call: Call) -> Answer:
    """Write a draft, and ask for its clearance."""
    asked = call.read(DraftAsked)
    body = convert(asked.body, Note)
    line, office, now = call.line, call.office, clock.now()
    made = await call.do(
        lambda house: house.drafts.write(line, office, body, now, required=asked.required, request=call.request)
    )
    return Answer(shown(made))


async def rewrite(call: Call) -> Answer:
    """Write anew what was sent back, and ask for its clearance again."""
    body = convert(call.read(ActAsked).body, Note)
    line, office, name, now = call.line, call.office, _name(call), clock.now()
    return Answer(shown(await call.do(lambda house: house.drafts.rewrite(line, name, office, body, now))))


async def discard(call: Call) -> Answer:
    """Give up what was sent back."""
    line, office, name = call.line, call.office, _name(call)
    await call.do(lambda house: house.drafts.discard(line, name, office))
    return Answer({})


async def list_drafts(call: Call) -> Answer:
    """The drafts for a line."""
    line = call.line
    return Answer([shown(each) for each in await call.do(lambda house: house.drafts.of(line))])


async def clear(call: Call) -> Answer:
    """Clear a draft."""
    line, office, name, now = call.line, call.office, _name(call), clock.now()
    return Answer(shown(await call.do(lambda house: house.drafts.clear(line, name, office, now))))


async def reject(call: Call) -> Answer:
    """Send a draft back."""
    remark = call.read(Remark).remark
    line, office, name, now = call.line, call.office, _name(call), clock.now()
    return Answer(shown(await call.do(lambda house: house.drafts.reject(line, name, office, remark, now))))


async def authorise(call: Call) -> Answer:
    """Authorise a draft: it gets its number and is dispatched."""
    line, office, name, now = call.line, call.office, _name(call), clock.now()
    made = await call.do(lambda house: house.drafts.authorise(line, name, office, now))
    call.entrance.changed(line)
    return Answer(shown(made))


def shown(draft: DraftNote) -> dict[str, Any]:
    """A draft as plain values."""
    note = draft.note
    return {
        "draft": draft.name,
        "state": draft.state.value,
        "form": note.form.value,
        "number": str(note.number) if note.number else None,
        "precedence": note.precedence.value,
        "character": note.character.value,
        "label": note.label.value,
        "to": list(note.to),
        "info": list(note.info),
        "subject": note.subject,
        "text": note.text,
        "answers": note.answers.hex() if note.answers else None,
        "drafted_by": draft.drafted_by,
        "required": list(draft.required),
        "cleared_by": list(draft.cleared_by),
        "authorised_by": draft.authorised_by,
        "steps": [
            {"event": each.event.value, "office": each.office, "at": iso(Instant(each.at)), "remark": each.remark}
            for each in draft.steps
        ],
        "act": draft.act.hex() if draft.act else None,
        "digest": canonical.digest(note).hex(),
    }


def _name(call: Call) -> str:
    name = call.path["draft"]
    if not (name.isascii() and name.isalnum()):
        raise unknown()
    return name
