"""How a text stands: the four questions, where each party spoke last, and how far an office here has read.

As in `detente.api.texts`: ids are small hex digits.  What changed since a mark or a word is asked of `changes` with
`from` set one behind it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from detente.acts.facts import Facts
from detente.api.calls import Answer, Call
from detente.api.requests import ReadTo
from detente.api.texts import find, named
from detente.chancery import marks
from detente.ground.identifiers import Position
from detente.procedures.table import burndown, questions
from detente.procedures.table.burndown import Count
from detente.procedures.table.model import Table, Text
from detente.procedures.table.questions import Floor, Pending


async def standing(call: Call) -> Answer:
    """The four answers about a text, the last words of the parties, and this office's own mark."""
    text, facts = await find(call)
    state = await call.entrance.state(call.line)
    line, office = call.line, call.office
    own, size = await call.do(lambda house: (marks.mark(house, line, text.id, office), house.line(line).size))
    table: Table = state.parts["table"]
    return Answer({"read": own, "size": size, **await asyncio.to_thread(_standing, table, text, facts)})


async def burn_down(call: Call) -> Answer:
    """How much is open in each article of a text, and who is in the way of how much."""
    text, facts = await find(call)
    return Answer(await asyncio.to_thread(_burn_down, text, facts))


async def read_to(call: Call) -> Answer:
    """This office has read the text as it stood at a position; nobody outside the house learns of it."""
    text, _ = await find(call)
    line, office = call.line, call.office
    position = Position(call.read(ReadTo).position)
    return Answer({"read": await call.do(lambda house: marks.move(house, line, text.id, office, position))})


def _standing(table: Table, text: Text, facts: Facts) -> dict[str, Any]:
    found = questions.answers(table, text.id, facts)
    called = {name: own for name, own, _ in found.agreed}
    return {
        "agreed": [{"clause": name.hex(), "name": called, "status": at.value} for name, called, at in found.agreed],
        "counted": {status.value: count for status, count in found.counted.items()},
        "floor": _floor(found.floor, facts),
        "with_leave": [name.hex() for name in found.with_leave],
        "pending": [_pending(each, called.get(each.clause, ""), facts) for each in found.pending],
        "last_words": [
            {**named(facts, party), "position": position} for party, position in questions.last_words(text).items()
        ],
        "revisions": [{"name": each.name, "position": each.at} for each in text.revisions],
    }


def _floor(floor: Floor, facts: Facts) -> dict[str, Any]:
    return {
        name: [named(facts, party) for party in getattr(floor, name)]
        for name in ("presiding", "proposing", "accepting", "reading")
    }


def _pending(each: Pending, name: str, facts: Facts) -> dict[str, Any]:
    return {
        "what": each.what.value,
        "parties": [named(facts, party) for party in each.parties],
        "codes": list(each.codes),
        "clause": each.clause.hex(),
        "name": name,
        "subject": each.subject.hex(),
    }


def _burn_down(text: Text, facts: Facts) -> dict[str, Any]:
    names: dict[str, str] = {party: each.name for party, each in facts.members.items()}
    state = burndown.state(text.title, text.document, names)
    return {
        "whole": _count(state.whole),
        "articles": [{"article": article, **_count(count)} for article, count in state.articles.items()],
    }


def _count(count: Count) -> dict[str, Any]:
    return {
        "open": count.open,
        "variants": count.variants,
        "contested": count.contested,
        "paragraphs": count.paragraphs,
        "clean": count.clean,
        "blocking": [{"code": code, "places": places} for code, places in count.blocking.items()],
    }
