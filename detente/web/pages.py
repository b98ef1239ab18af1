"""What people see: one function for each page, each a question to the API and a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detente.acts.labels import Label
from detente.api.problems import unknown
from detente.procedures.correspondence.acts import FORMS, Character, Precedence
from detente.procedures.correspondence.acts import Form as NoteForm
from detente.procedures.table.parse import VERSION
from detente.web import rolling
from detente.web.visit import Visit

ANSWERABLE = ("delivered", "acknowledged")


@dataclass(frozen=True)
class Page:
    """A template with its values."""

    template: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


async def desk(visit: Visit) -> Page:
    """The lines of the house, and what waits for it."""
    lines = await visit.get("/lines")
    summonses = await visit.get("/summonses")
    waiting = [
        {"line": line, "note": note, "mine": mine}
        for line in lines
        for note in await visit.get(f"/lines/{line['line']}/notes")
        if (mine := _mine(visit, note)) is not None and mine["state"] in ANSWERABLE and mine["for"] == "action"
    ]
    held = [
        {"line": line, "act": act} for line in lines if line["held"] for act in await _held(visit, str(line["line"]))
    ]
    values = {"lines": lines, "summonses": summonses, "waiting": waiting, "held": held}
    return Page("desk.html", "Desk", values)


async def line(visit: Visit) -> Page:
    """One line: its members, how far it is confirmed, its charter, what is wrong."""
    name = visit.part("line")
    about = await visit.get(f"/lines/{name}")
    values = {
        "line": about,
        "alarms": await visit.get(f"/lines/{name}/alarms"),
        "texts": await visit.get(f"/lines/{name}/texts"),
        "on_the_way": await _held(visit, name),
    }
    return Page("line.html", about["title"], values)


async def log(visit: Visit) -> Page:
    """The acts of a line in their order, newest first."""
    name = visit.part("line")
    about = await visit.get(f"/lines/{name}")
    start = max(0, int(about["size"]) - 200)
    acts = await visit.get(f"/lines/{name}/acts", brief="1", **{"from": str(start)})
    return Page("log.html", f"{about['title']}: log", {"line": about, "acts": acts[::-1], "start": start})


async def notes(visit: Visit) -> Page:
    """The correspondence of a line."""
    name = visit.part("line")
    about = await visit.get(f"/lines/{name}")
    found = await visit.get(f"/lines/{name}/notes")
    held = [act for act in await _held(visit, name) if act["kind"] == "correspondence.note"]
    drafts = [each for each in await visit.get(f"/lines/{name}/drafts") if each["act"] is None]
    values = {"line": about, "notes": found[::-1], "on_the_way": held, "drafts": drafts}
    return Page("notes.html", f"{about['title']}: notes", values)


async def note(visit: Visit) -> Page:
    """One note, with its standing at each addressee."""
    name, act = visit.part("line"), visit.part("act")
    about = await visit.get(f"/lines/{name}")
    found = {each["id"]: each for each in await visit.get(f"/lines/{name}/notes")}
    if act not in found:
        raise unknown()
    one = found[act]
    values = {
        "line": about,
        "note": one,
        "mine": _mine(visit, one),
        "answers": found.get(one["answers"] or ""),
        "answered_by": [each for each in found.values() if each["answers"] == act],
    }
    return Page("note.html", one["subject"], values)


async def compose(visit: Visit, given: Mapping[str, Any] | None = None, problem: str = "") -> Page:
    """The form for a note; `given` are values that were refused, `problem` says why."""
    name = visit.part("line")
    about = await visit.get(f"/lines/{name}")
    answers = visit.request.query_params.get("answers", "")
    values = given if given is not None else await _suggested(visit, name, answers)
    return Page(
        "compose.html",
        "A new note",
        {
            "line": about,
            "given": values,
            "problem": problem,
            "others": [member for member in about["members"] if not member["own"]],
            "forms": [
                {"value": form.value, "numbered": FORMS[form].numbered, "signed": FORMS[form].signed}
                for form in NoteForm
            ],
            "characters": [each.value for each in Character],
            "precedences": [each.value for each in Precedence][::-1],
            "labels": [each.value for each in Label if not each.above(Label(about["ceiling"]))],
        },
        status=422 if problem else 200,
    )


async def texts(visit: Visit) -> Page:
    """The table of a line."""
    name = visit.part("line")
    about = await visit.get(f"/lines/{name}")
    found = await visit.get(f"/lines/{name}/texts")
    return Page("texts.html", f"{about['title']}: texts", {"line": about, "texts": found, "importer": VERSION})


async def text(visit: Visit) -> Page:
    """A text with its brackets."""
    name, which = visit.part("line"), visit.part("text")
    about = await visit.get(f"/lines/{name}")
    found = await visit.get(f"/lines/{name}/texts/{which}")
    own = [one for one in found["operations"] if one["party"] == visit.house["party"] and one["fate"] == "live"]
    values = {
        "line": about,
        "text": found,
        "tokens": list(rolling.tokens(found["tree"], _palette(about))),
        "own": own,
        "accepted": visit.house["party"] in [each["party"] for each in found["accepted_by"]],
    }
    return Page("text.html", found["title"], values)


async def clause(visit: Visit) -> Page:
    """One clause: its variants side by side, and what an office may do there."""
    name, which, wanted = visit.part("line"), visit.part("text"), visit.part("clause")
    about = await visit.get(f"/lines/{name}")
    found = await visit.get(f"/lines/{name}/texts/{which}")
    one = next((each for each in rolling.clauses(found["tree"]) if each["id"] == wanted), None)
    if one is None:
        raise unknown()
    slots = [each for each in await visit.get(f"/lines/{name}/texts/{which}/slots") if each["scope"] == wanted]
    operations = {each["operation"]: each for each in found["operations"]}
    values = {
        "line": about,
        "text": found,
        "clause": one,
        "tokens": list(rolling.tokens([one], _palette(about))),
        "slots": slots,
        "runs": rolling.runs(one),
        "operations": operations,
        "colour": _palette(about).of,
    }
    return Page("clause.html", one["label"] or "A clause", values)


async def clean(visit: Visit) -> Page:
    """The words of a text in which nothing is open."""
    name, which = visit.part("line"), visit.part("text")
    about = await visit.get(f"/lines/{name}")
    found = {each["text"]: each for each in await visit.get(f"/lines/{name}/texts")}
    words = await visit.get(f"/lines/{name}/texts/{which}/clean")
    return Page("clean.html", found[which]["title"], {"line": about, "text": found[which], "words": words["text"]})


async def instruments(visit: Visit) -> Page:
    """What was adopted, sealed and published on a line, and what is missing."""
    name = visit.part("line")
    about = await visit.get(f"/lines/{name}")
    found = await visit.get(f"/lines/{name}/instruments")
    texts_ = await visit.get(f"/lines/{name}/texts")
    adopted = {each["text"] for each in found["concluded"]}
    own = visit.house["party"]
    pending = {each["text"]: each for each in found["pending"] if each["current"]}
    ready = [
        {**each, "mine": own in [mark["party"] for mark in pending.get(each["text"], {"adopted": []})["adopted"]]}
        for each in texts_
        if each["clean"] and each["text"] not in adopted
    ]
    values = {"line": about, "pending": found["pending"], "concluded": found["concluded"], "ready": ready, "own": own}
    return Page("instruments.html", f"{about['title']}: instruments", values)


async def directory(visit: Visit) -> Page:
    """Whose records this house holds, the sixty digits, and who compared them."""
    return Page("directory.html", "Directory", {"parties": await visit.get("/directory")})


async def not_yet(_visit: Visit) -> Page:
    """What this build does not do yet."""
    return Page("not_yet.html", "Not yet")


# --- what pages ask of views ----------------------------------------------------------------------


def _mine(visit: Visit, one: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The standing of a note at this house, where it is addressed to it."""
    own = visit.house["party"]
    return next((each for each in one["addressees"] if each["party"] == own), None)


def _palette(about: Mapping[str, Any]) -> rolling.Palette:
    return rolling.Palette(member["name"] for member in about["members"])


async def _held(visit: Visit, name: str) -> list[Mapping[str, Any]]:
    """Own acts that have no place yet."""
    about = await visit.get(f"/lines/{name}")
    if not about["held"]:
        return []
    acts = await visit.get(f"/lines/{name}/acts", brief="1", **{"from": str(about["size"])})
    return [act for act in acts if act["word"] == "held"]


async def _suggested(visit: Visit, name: str, answers: str) -> dict[str, Any]:
    """A form to begin with, and for an answer its addressee and subject."""
    suggested: dict[str, Any] = {
        "form": NoteForm.NOTE_VERBALE.value,
        "precedence": Precedence.ROUTINE.value,
        "character": Character.FORMAL.value,
        "label": Label.UNCLASSIFIED.value,
        "to": [],
        "info": [],
        "subject": "",
        "text": "",
        "answers": "",
    }
    before = [each for each in await visit.get(f"/lines/{name}/notes") if each["id"] == answers]
    if before:
        suggested.update(to=[before[0]["author"]], subject=f"Re: {before[0]['subject']}"[:200], answers=answers)
    return suggested
