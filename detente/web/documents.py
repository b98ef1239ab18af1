"""Documents on pages: what can be had of a text, and what a document that comes in would say, before it is said.

A file is handed in by one form, shown on a page of its own, and confirmed by another form, which names the hash of
what was shown and brings nothing itself (`detente.api.incoming`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from detente.api.calls import Answer
from detente.ground.errors import Refused
from detente.web.forms import GoTo, text_path
from detente.web.pages import Page
from detente.web.table import look
from detente.web.visit import Visit

MOST_SHOWN: Final = 200  # proposals, clauses or findings of a kind on a page; the API has all
_NAMES: Final = {
    "docx": "Word",
    "akn": "Akoma Ntoso",
    "html": "Page",
    "pdf": "PDF",
    "csv": "Spreadsheet",
    "json": "JSON",
}
_TOLD: Final = {
    "table.edit": "Other words",
    "table.alternative": "Other words for the whole",
    "table.add-clause": "A new clause",
    "table.move-clause": "Another place",
}


async def documents(visit: Visit) -> Page:
    """What can be had of a text, and the form for its next revision."""
    seen = await look(visit)
    found = await visit.get(f"{text_path(visit)}/documents")
    values = {
        "line": seen.line,
        "text": seen.text,
        "table": seen,
        "found": found,
        "kinds": {
            kind: [(each["form"], _NAMES[each["form"].rpartition(".")[2]]) for each in found["forms"]
                   if each["readings"] == kind]
            for kind in ("one", "two", "parties")
        },
    }  # fmt: skip
    return Page("documents.html", f"{seen.text['title']}: documents", values)


async def file(visit: Visit) -> Answer:
    """One document, to be kept."""
    asked = visit.request.query_params
    query = {name: asked[name] for name in ("of", "from", "to") if name in asked}
    if asked.getlist("parties"):
        query["parties"] = ",".join(asked.getlist("parties"))
    form = asked.get("form", "")
    if not form or "/" in form:
        raise Refused("The form does not say which document is wanted.", rule="documents.form")
    return await visit.file(f"{text_path(visit)}/documents/{form}", **query)


# --- a new text -----------------------------------------------------------------------------------


async def hand_in(visit: Visit) -> GoTo:
    """Take a file in, to be shown."""
    path = f"/lines/{visit.part('line')}/documents"
    brought = visit.form.file("document")
    side = visit.form.line("side") or "accepted"
    shown = (await visit.hand_in(path, brought.raw, name=brought.name, side=side)).value
    return GoTo(f"{path}/{shown['preview']}")


async def preview(visit: Visit) -> Page:
    """What was read of a document, and the form that lays it on the table."""
    name = visit.part("line")
    about = await visit.get(f"/lines/{name}")
    seen = await visit.get(f"/lines/{name}/documents/{visit.part('digest')}")
    values = {"line": about, "seen": seen, "most": MOST_SHOWN, "text": None, "outcome": None, "told": _TOLD}
    return Page("preview.html", f"{seen['name']}: what was read", values)


async def lay(visit: Visit) -> GoTo:
    """Lay on the table what was shown."""
    form, line = visit.form, visit.part("line")
    asked = {"title": form.line("title"), "language": form.line("language")}
    done = await visit.post(f"/lines/{line}/documents/{visit.part('digest')}/import", asked)
    await visit.placed(line, str(done["act"]), "table.import")
    return GoTo(f"/lines/{line}/texts")


# --- the next revision ----------------------------------------------------------------------------


async def hand_in_revision(visit: Visit) -> GoTo:
    """Take the next revision in, to be shown as proposals."""
    path, form = f"{text_path(visit)}/revisions", visit.form
    brought = form.file("document")
    query = {"name": brought.name, "side": form.line("side") or "accepted", "of": form.line("of")}
    shown = (await visit.hand_in(path, brought.raw, **query)).value
    return GoTo(f"{path}/{shown['preview']}")


async def preview_revision(visit: Visit) -> Page:
    """What a revision would propose, and the form that proposes it."""
    return await _revision(visit, None)


async def propose(visit: Visit) -> Page:
    """Propose what was chosen, act by act; the page says of each what became of it."""
    line = visit.part("line")
    chosen = [_number(each) for each in visit.form.all("chosen")]
    path = f"{text_path(visit)}/revisions/{visit.part('digest')}/propose"
    outcome = await visit.post(path, {"chosen": chosen})
    if outcome["submitted"]:
        await visit.placed(line, str(outcome["submitted"][-1]["act"]), "table.edit")
    return await _revision(visit, outcome)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise Refused("The form names a proposal that is none.", rule="documents.chosen")
    return int(text)


async def _revision(visit: Visit, outcome: Mapping[str, Any] | None) -> Page:
    name, which = visit.part("line"), visit.part("text")
    about = await visit.get(f"/lines/{name}")
    seen = await visit.get(f"{text_path(visit)}/revisions/{visit.part('digest')}")
    titles = {each["text"]: each for each in await visit.get(f"/lines/{name}/texts")}
    done = {each["number"]: "" for each in outcome["submitted"]} if outcome else {}
    done |= {each["number"]: each["sentence"] for each in outcome["refused"]} if outcome else {}
    values = {
        "line": about,
        "text": titles[which],
        "seen": seen,
        "most": MOST_SHOWN,
        "outcome": outcome,
        "done": done,
        "told": _TOLD,
    }
    return Page("preview.html", f"{seen['name']}: what it would propose", values)


def back(parts: list[str]) -> str:
    """The page that a refused form about documents stood on, by the parts of the form's path; empty for others."""
    match parts:
        case ["lines", line, "documents", digest, "import"]:
            return f"/lines/{line}/documents/{digest}"
        case ["lines", line, "documents", *_]:
            return f"/lines/{line}/texts"
        case ["lines", line, "texts", text, "revisions", digest, "propose"]:
            return f"/lines/{line}/texts/{text}/revisions/{digest}"
        case ["lines", line, "texts", text, "revisions", *_] | ["lines", line, "texts", text, "documents", "file"]:
            return f"/lines/{line}/texts/{text}/documents"
        case _:
            return ""
