"""What people see of correspondence, as plain values: dictionaries, lists, texts, numbers, truths.

Delivered, acknowledged and answered stand side by side for each addressee and are never merged into
one word or one sign.
"""

from __future__ import annotations

from typing import Any

from detente.acts.facts import Facts
from detente.ground.identifiers import PartyId
from detente.ground.instants import LAST, Instant, iso
from detente.procedures.correspondence.acts import FORMS, Note
from detente.procedures.correspondence.machine import State as At
from detente.procedures.correspondence.rules import Entry, Mark, Standing, State

WHO_KNOWS = (
    "This non-paper bears nobody's signature or seal. Your own house knows which member of the line sent it, "
    "and cannot prove it to anybody else."
)


def notes(state: State, facts: Facts) -> list[dict[str, Any]]:
    """Every note in the order of the log."""
    return [describe(entry, facts) for entry in state.notes.values()]


def describe(entry: Entry, facts: Facts) -> dict[str, Any]:
    """One note with its standing at each addressee."""
    note = entry.note
    return {
        "id": entry.id.hex(),
        "position": entry.position,
        "at": _time(entry.at),
        "form": note.form.value,
        "number": str(note.number) if note.number else None,
        "precedence": note.precedence.value,
        "letter": note.precedence.letter,
        "character": note.character.value,
        "label": note.label.value,
        "exercise": note.exercise,
        "author": entry.author,
        "author_name": _name(facts, entry.author),
        "office": entry.office,
        "subject": note.subject,
        "text": note.text,
        "answers": note.answers.hex() if note.answers else None,
        "refers": note.refers.hex() if note.refers else None,
        "superseded_by": entry.superseded_by.hex() if entry.superseded_by else None,
        "signed": note.signed,
        "remark": "" if note.signed else WHO_KNOWS,
        "addressees": [_addressee(entry, party, standing, facts) for party, standing in entry.standings.items()],
    }


def numbers(state: State, facts: Facts) -> list[dict[str, Any]]:
    """The registry's series, with the numbers that were declared void and why."""
    return [
        {
            "party": party,
            "name": _name(facts, party),
            "office": office,
            "year": year,
            "last": last,
            "void": [
                {"number": str(number), "reason": reason}
                for owner, number, reason in state.voided
                if (owner, number.office, number.year) == (party, office, year)
            ],
        }
        for (party, office, year), last in state.series.items()
    ]


def urgent(state: State, facts: Facts) -> list[dict[str, Any]]:
    """How often each member used FLASH and IMMEDIATE, exercises apart: every member sees everybody's use."""
    return [
        {
            "party": party,
            "name": member.name,
            **{
                level: sum(
                    entry.author == party and entry.note.precedence.value == level and not entry.note.exercise
                    for entry in state.notes.values()
                )
                for level in ("FLASH", "IMMEDIATE")
            },
        }
        for party, member in facts.members.items()
    ]


def advice(note: Note, author: PartyId, facts: Facts) -> list[str]:
    """What a registry would say to the drafter.  Nothing of it is a rule, and nothing judges a language.

    A form with courtesies needs room for them: an opening, the matter and a close, and the names of
    sender and addressee in the opening.  Names in the charter have one spelling and texts have
    many, so this asks the drafter to look and refuses nothing.
    """
    manner = FORMS[note.form]
    name = note.form.value
    paragraphs = [piece for piece in note.text.split("\n\n") if piece.strip()]
    found = []
    if manner.courtesy and len(paragraphs) < 3:
        found.append(f"A {name} opens and closes with a courtesy formula; this one has no paragraphs for them.")
    opening = paragraphs[0] if paragraphs else ""
    absent = [_name(facts, party) for party in (author, *note.to) if _name(facts, party) not in opening]
    if manner.courtesy and absent:
        found.append(f"The opening of a {name} names its sender and its addressees: look for {', '.join(absent)}.")
    if not manner.signed and _name(facts, author) in note.subject + note.text:
        found.append(f"A {name} is attributed to nobody, and this one names its author.")
    return found


def _addressee(entry: Entry, party: PartyId, standing: Standing, facts: Facts) -> dict[str, Any]:
    concluded = {standing.conclusion: _mark(standing.concluded)}
    return {
        "party": party,
        "name": _name(facts, party),
        "for": "action" if party in entry.note.to else "information",
        "state": standing.state.value,
        "delivered": _mark(standing.delivered),
        "acknowledged": _mark(standing.acknowledged),
        "answered": concluded.get(At.ANSWERED),
        "noted": concluded.get(At.NOTED),
        "returned": concluded.get(At.RETURNED),
    }


def _mark(mark: Mark | None) -> dict[str, str] | None:
    if mark is None:
        return None
    return {"act": mark.act.hex(), "office": mark.office, "at": _time(mark.at), "text": mark.text}


def _name(facts: Facts, party: PartyId) -> str:
    member = facts.members.get(party)
    return member.name if member else f"{party[:8]}… (no longer a member)"


def _time(at: Instant) -> str:
    return iso(at) if 0 <= at <= LAST else ""
