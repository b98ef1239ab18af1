"""A text in other languages: how its versions stand, and a form for the words of each clause and proposal.

A version names the hash of the words that it renders, as they were shown; of words that have changed since it is
refused.  What a page shows of a clause is the version that counts (languages.py of the table says which that is).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from detente.ground.errors import Refused
from detente.procedures.table.acts import Level
from detente.procedures.table.languages import Concord
from detente.procedures.table.saying import LANGUAGE
from detente.web.forms import GoTo, from_hex, text_of, text_path
from detente.web.pages import Page
from detente.web.table import Look, chosen, look
from detente.web.visit import Visit

OF_ALL: Final = (Level.DRAFT.value, Level.MACHINE.value)
OF_THE_CHAIR: Final = (Level.REVIEWED.value, Level.AUTHENTIC.value)


async def languages(visit: Visit) -> Page | GoTo:
    """How the authentic languages stand; with `language` the way to that one."""
    wanted = visit.request.query_params.get("language", "").strip()
    seen = await look(visit)
    if wanted:
        return GoTo(f"{text_path(visit)}/languages/{_language(wanted, seen)}")
    values = {"line": seen.line, "text": seen.text, "table": seen, "states": [each.value for each in Concord]}
    return Page("languages.html", f"{seen.text['title']}: languages", values)


async def language(visit: Visit) -> Page:
    """The text in one language: each clause as it stands, its words there, and how it stands."""
    seen = await look(visit)
    wanted = _language(visit.part("language"), seen)
    found = await visit.get(f"{text_path(visit)}/rendered", language=wanted)
    levels = [*OF_ALL, *(OF_THE_CHAIR if seen.line["chair"] else ())]
    values = {
        "line": seen.line,
        "text": seen.text,
        "table": seen,
        "language": wanted,
        "levels": levels if wanted in seen.around["languages"] else [each for each in levels if each != "authentic"],
        "clauses": found,
    }
    return Page("language.html", f"{seen.text['title']}: {wanted}", values)


async def translate(visit: Visit) -> GoTo:
    """Hand in the words of a clause, or of a proposal, in another language."""
    form, wanted = visit.form, visit.part("language")
    levels = (*OF_ALL, *OF_THE_CHAIR)
    body = {
        "kind": "table.translate",
        "text": text_of(visit),
        "language": wanted,
        "level": chosen(form.line("level"), levels, "Say how far the version has come.", "table.languages"),
        "parts": [
            {"of": from_hex(form.line("of")), "source": from_hex(form.line("source")), "words": form.one("words")}
        ],
    }
    if not form.one("words").strip():
        raise Refused("A version has words.", rule="table.words")
    await visit.act(visit.part("line"), body)
    return GoTo(f"{text_path(visit)}/languages/{quote(wanted, safe='')}#r{form.line('of')}")


def _language(wanted: str, seen: Look) -> str:
    """The name of another language than the text's own."""
    if not LANGUAGE.fullmatch(wanted) or wanted == seen.text["language"]:
        raise Refused("Another language than the text’s own is named as in “fr” or “pt-BR”.", rule="table.languages")
    return wanted
