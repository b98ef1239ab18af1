"""What people see: one function for each page, each a question to the API and a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.api.problems import unknown
from detente.procedures.correspondence.acts import FORMS, Character, Precedence
from detente.procedures.correspondence.acts import Form as NoteForm
from detente.procedures.table.acts import Nature, Stance
from detente.procedures.table.parse import VERSION
from detente.web import rolling
from detente.web.table import KINDS, Look, look
from detente.web.visit import Visit

ANSWERABLE = ("delivered", "acknowledged")
NATURES = {
    Nature.NEGOTIATORS.value: "for negotiators",
    Nature.FOOTNOTE.value: "meant as a footnote",
    Nature.PENDING.value: "what this waits on",
    Nature.PLACEMENT.value: "about its place",
}


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
    drafts = [
        {"line": line, "draft": draft}
        for line in lines
        for draft in await visit.get(f"/lines/{line['line']}/drafts")
        if draft["act"] is None
    ]
    values = {"lines": lines, "summonses": summonses, "waiting": waiting, "held": held, "drafts": drafts}
    return Page("desk.html", "Desk", values)


async def new_line(visit: Visit, given: Mapping[str, Any] | None = None, problem: str = "") -> Page:
    """The form for a line; `given` are values that were refused, `problem` says why."""
    parties = [each for each in await visit.get("/directory") if not each["own"]]
    accredited = [each for each in parties if each["accredited"] and not each["frozen"]]
    if given is None:
        everyone = [visit.house["party"], *(each["party"] for each in accredited)]
        roles = {each["party"]: Role.MEMBER.value for each in accredited}
        given = {"title": "", "ceiling": Label.SENSITIVE.value, "roles": roles, "must_accept": everyone}
    values = {
        "given": given,
        "problem": problem,
        "parties": accredited,
        "strangers": len(parties) - len(accredited),
        "labels": [each.value for each in Label],
        "roles": (Role.MEMBER.value, Role.OBSERVER.value),
    }
    return Page("new_line.html", "A new line", values, status=422 if problem else 200)


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
    names = {member["party"]: member["name"] for member in about["members"]}
    values = {"line": about, "notes": found[::-1], "on_the_way": held, "drafts": drafts, "names": names}
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
    query = visit.request.query_params
    values = given if given is not None else await _suggested(visit, name, query.get("answers", ""))
    if given is None and query.get("draft"):
        values = await _again(visit, name, query["draft"])
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
    seen = await look(visit)
    about, found = seen.line, seen.text
    own = [one for one in seen.live if one["party"] == visit.house["party"]]
    values = {
        "line": about,
        "text": found,
        "table": seen,
        "tokens": list(rolling.tokens(found["tree"], _palette(about))),
        "own": own,
        "kinds": KINDS,
        "natures": NATURES,
        "accepted": visit.house["party"] in [each["party"] for each in found["accepted_by"]],
    }
    return Page("text.html", found["title"], values)


async def clause(visit: Visit) -> Page:
    """One clause: its variants side by side, and what an office may do there."""
    name, which, wanted = visit.part("line"), visit.part("text"), visit.part("clause")
    seen = await look(visit)
    about, found = seen.line, seen.text
    one = next((each for each in rolling.clauses(found["tree"]) if each["id"] == wanted), None)
    if one is None:
        raise unknown()
    inner = {each["id"] for each in rolling.clauses([one])}
    slots = [each for each in await visit.get(f"/lines/{name}/texts/{which}/slots") if each["scope"] in inner]
    proposals = rolling.operations([one])
    values: dict[str, Any] = {
        "line": about,
        "text": found,
        "table": seen,
        "clause": one,
        "row": seen.row(wanted),
        "tokens": list(rolling.tokens([one], _palette(about))),
        "slots": slots,
        "runs": rolling.runs(one),
        "strays": [
            {**each, "around": rolling.around(one, each["container"], each["offset"])}
            for each in found["literal_brackets"]
            if each["scope"] == wanted
        ],
        "accepted": [each for each in found["acceptances"] if each["scope"] == wanted],
        "mine": _accepts(seen, wanted),
        "reopened": [each for each in seen.around["reopened"] if each["scope"] == wanted],
        "proposals": [each for each in found["operations"] if each["operation"] in proposals],
        "stances": [each.value for each in Stance],
        "natures": NATURES,
        "colour": _palette(about).of,
    }
    heading = rolling.heading_of(found["tree"], wanted)
    values["heading"] = ", ".join(each for each in (heading, one["label"]) if each) or "A clause"
    return Page("clause.html", values["heading"], values)


def _accepts(seen: Look, clause: str) -> bool:
    """Whether the party accepts a clause as it stands, by itself or with more than it."""
    row = seen.row(clause)
    if row is not None:
        return seen.own in [each["party"] for each in row["accepted_by"]]
    own = [each for each in seen.text["acceptances"] if each["party"] == seen.own and each["scope"] == clause]
    return any(each["holds"] for each in own)


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
        "draft": "",
    }
    before = [each for each in await visit.get(f"/lines/{name}/notes") if each["id"] == answers]
    if before:
        suggested.update(to=[before[0]["author"]], subject=f"Re: {before[0]['subject']}"[:200], answers=answers)
    return suggested


async def _again(visit: Visit, name: str, draft: str) -> dict[str, Any]:
    """A draft that was sent back, as values of the form."""
    found = [each for each in await visit.get(f"/lines/{name}/drafts") if each["draft"] == draft]
    if not found:
        raise unknown()
    names = ("form", "precedence", "character", "label", "to", "info", "subject", "text", "draft")
    return {**{each: found[0][each] for each in names}, "answers": found[0]["answers"] or ""}
