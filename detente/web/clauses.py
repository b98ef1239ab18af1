"""What is done on the page of a clause: proposals about its words and its place, what is said of it, notes.

The acts of the parties name what they are about and no content, for between two decisions they commute.  A form
still says on what it was made: the words of an edit must stand where they stood, and a new clause or a move says
under what the clause stood when the form was shown.  The chair's own text names the content of the clause.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from detente.ground.errors import Refused
from detente.procedures.table.acts import Stance
from detente.procedures.table.tree import ClauseKind
from detente.web import rolling
from detente.web.forms import GoTo, from_hex, text_of, text_path, to_clause, to_text
from detente.web.pages import NATURES
from detente.web.table import Look, chosen, look
from detente.web.visit import Form, Visit

BEGINNING: Final = "beginning"  # of the text, as a place for a clause
FORMS: Final = (ClauseKind.PARAGRAPH.value, ClauseKind.POINT.value, ClauseKind.HEADING.value)

# --- words --------------------------------------------------------------------------------------


async def propose(visit: Visit) -> GoTo:
    """Propose other words for a run of a clause: the smallest change that makes the one of the other."""
    hunk, clause = await _hunk(visit), from_hex(visit.part("clause"))
    return await _act(visit, {"kind": "table.edit", "clause": clause, "hunks": [hunk]})


async def propose_alternative(visit: Visit) -> GoTo:
    """Propose other words for a whole clause; none: that it goes."""
    clause = from_hex(visit.part("clause"))
    return await _act(visit, {"kind": "table.alternative", "clause": clause, "words": _whole(visit.form)})


async def chair_text(visit: Visit) -> GoTo:
    """The same of either as the chair's text, on exactly the content that was shown."""
    form = visit.form
    of_a_run = bool(form.all("lo"))
    body = {
        "kind": "table.chair-text",
        "clause": from_hex(visit.part("clause")),
        "hunks": [await _hunk(visit)] if of_a_run else [],
        "words": None if of_a_run else _whole(form),
        "precondition": from_hex(form.line("precondition")),
    }
    return await _act(visit, body)


async def _hunk(visit: Visit) -> dict[str, Any]:
    """The change that a form makes of a run."""
    form = visit.form
    old, new = _run(await visit.get(text_path(visit)), visit.part("clause"), form), form.one("new")
    if "\r\n" in old:
        new = new.replace("\n", "\r\n")
    hunk = rolling.hunk(form.line("container"), form.number("lo"), old, new)
    if hunk is None:
        raise Refused("The words are the same as before: nothing was proposed.", rule="table.hunks")
    return hunk


def _run(text: Mapping[str, Any], clause: str, form: Form) -> str:
    """The words that stand where the form says; they may have changed since it was shown."""
    for each in rolling.clauses(text["tree"]):
        if each["id"] != clause:
            continue
        for run in rolling.runs(each):
            if run["container"] == form.line("container") and run["lo"] == form.number("lo"):
                return str(run["text"])
    raise Refused("The words that you wanted to change do not stand there any more: look again.", rule="table.target")


def _whole(form: Form) -> str:
    words = "" if form.ticked("drop") else form.one("new")
    if not words and not form.ticked("drop"):
        raise Refused("To propose that the clause goes, say so with the box.", rule="table.words")
    return words


# --- places -------------------------------------------------------------------------------------


async def add(visit: Visit) -> GoTo:
    """Propose a new clause right after this one, or first below it."""
    form, clause = visit.form, visit.part("clause")
    row = _placed(await look(visit), clause, form)
    where = chosen(form.line("where"), ("after", "below"), "Say where the new clause is to stand.", "table.place")
    kind = chosen(form.line("form"), FORMS, "A new clause is a paragraph, a point or a heading.", "table.words")
    parent, after = (row["parent"], clause) if where == "after" else (clause, "")
    body = {"form": kind, "parent": from_hex(parent), "after": from_hex(after), "words": form.one("words")}
    await _act(visit, {"kind": "table.add-clause", **body})
    return GoTo(f"{text_path(visit)}#c{clause}")


async def move(visit: Visit) -> GoTo:
    """Propose this clause elsewhere: right after another one, or first below it, or at the beginning of the text."""
    form, clause = visit.form, visit.part("clause")
    seen = await look(visit)
    _placed(seen, clause, form)
    where = chosen(form.line("where"), ("after", "below"), "Say where the clause is to stand.", "table.place")
    target = form.line("target")
    row = seen.row(target)
    if row is None and target != BEGINNING:
        raise Refused("Choose the clause after which, or below which, this one is to stand.", rule="table.place")
    match row, where:
        case None, _:
            parent, after = "", ""
        case _, "after":
            parent, after = row["parent"], target
        case _:
            parent, after = target, ""
    return await _act(
        visit,
        {"kind": "table.move-clause", "clause": from_hex(clause), "parent": from_hex(parent), "after": from_hex(after)},
    )


def _placed(seen: Look, clause: str, form: Form) -> Mapping[str, Any]:
    """The clause as it stands in the text by itself, under what it stood when the form was shown."""
    row = seen.row(clause)
    if row is None:
        raise Refused("This clause lies within another one: it has no place of its own.", rule="table.place")
    if row["parent"] != form.line("under"):
        raise Refused("The clause stands elsewhere by now: look again.", rule="table.stale")
    return row


# --- whose it is --------------------------------------------------------------------------------


async def withdraw(visit: Visit) -> GoTo:
    """Withdraw one's own proposal or note."""
    return await _on_operation(visit, "table.withdraw")


async def join(visit: Visit) -> GoTo:
    """Sponsor another party's proposal as well."""
    return await _on_operation(visit, "table.join")


async def leave(visit: Visit) -> GoTo:
    """Sponsor it no longer."""
    return await _on_operation(visit, "table.leave")


async def _on_operation(visit: Visit, kind: str) -> GoTo:
    """Then to the clause, or to the text where the clause went with its proposal."""
    await _act(visit, {"kind": kind, "operation": from_hex(visit.form.line("operation"))})
    found = await visit.get(text_path(visit))
    stands = any(each["id"] == visit.part("clause") for each in rolling.clauses(found["tree"]))
    return to_clause(visit) if stands else to_text(visit)


# --- what is said -------------------------------------------------------------------------------


async def take_position(visit: Visit) -> GoTo:
    """Say where the party, or its group, stands on a clause or on somebody's proposal."""
    await say(visit)
    return to_clause(visit)


async def say(visit: Visit) -> None:
    """Take the position that a form describes."""
    form = visit.form
    stances = [each.value for each in Stance]
    body = {
        "kind": "table.position",
        "target": from_hex(form.line("target")),
        "stance": chosen(form.line("stance"), stances, "Choose one of the positions.", "table.words"),
        "ad_referendum": form.ticked("ad_referendum"),
        "note": form.one("note").strip(),
        "pending_on": [from_hex(each) for each in form.all("pending_on")],
        "given": from_hex(form.line("given")),
        "group": form.line("group"),
    }
    await _act(visit, body)


async def reopen(visit: Visit) -> GoTo:
    """Take back one's acceptance of the clause."""
    await _reopen(visit, from_hex(visit.part("clause")))
    return to_clause(visit)


async def reopen_text(visit: Visit) -> GoTo:
    """Take back one's acceptance of the whole text."""
    await _reopen(visit, "")
    return to_text(visit)


async def _reopen(visit: Visit, scope: str) -> None:
    await _act(visit, {"kind": "table.reopen", "scope": scope, "reason": visit.form.one("reason").strip()})


async def note(visit: Visit) -> GoTo:
    """Write a note about the clause or a proposal in it."""
    await _note(visit)
    return to_clause(visit)


async def note_on_text(visit: Visit) -> GoTo:
    """Write a note about the whole text."""
    await _note(visit)
    return to_text(visit)


async def _note(visit: Visit) -> None:
    form = visit.form
    body = {
        "kind": "table.note",
        "target": from_hex(form.line("target")),
        "words": form.one("words").strip(),
        "nature": chosen(form.line("nature"), NATURES, "Say what kind of note it is.", "table.words"),
        "audience": _audience(visit),
    }
    await _act(visit, body)


def _audience(visit: Visit) -> list[str]:
    """For whom a note is meant; what does not fit together is asked again, never guessed."""
    form = visit.form
    named = form.all("audience")
    match form.line("for"):
        case "everybody" if not named:
            return []
        case "own" if not named:
            return [str(visit.house["party"])]
        case "some" if named:
            return named
        case "some":
            raise Refused("Choose the parties for whom the note is meant.", rule="table.audience")
        case "everybody" | "own":
            raise Refused("Parties are chosen, and yet the note is not meant for those.", rule="table.audience")
        case _:
            raise Refused("Say for whom the note is meant.", rule="table.audience")


async def _act(visit: Visit, body: Mapping[str, Any]) -> GoTo:
    await visit.act(visit.part("line"), {**body, "text": text_of(visit)})
    return to_clause(visit) if "clause" in visit.request.path_params else to_text(visit)
