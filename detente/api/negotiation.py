"""What goes on around a text: at a glance, what changed, packages, notes, languages, revisions, committees.

As in `detente.api.texts`: ids are small hex digits, and what an act has to name (a package's hash, the source of
a translation) stands beside what it is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from detente.acts.facts import Facts
from detente.api.calls import Answer, Call
from detente.api.texts import find, named
from detente.ground.errors import Malformed
from detente.ground.identifiers import PartyId, Position
from detente.procedures.table import languages, naming, packages, saying, tree, views
from detente.procedures.table.acts import AddClause, Alternative, Edit, MoveClause
from detente.procedures.table.agreeing import acceptances
from detente.procedures.table.model import Event, Packed, Text
from detente.procedures.table.saying import LANGUAGE
from detente.procedures.table.tree import NodeId, Slot
from detente.procedures.table.views import Glance


async def overview(call: Call) -> Answer:
    """Every top clause in a line: how far it has come, how much is proposed in it, where it stands, who accepts it."""
    text, facts = await find(call)
    return Answer(await asyncio.to_thread(_overview, text, facts))


async def changes(call: Call) -> Answer:
    """What happened to each clause from a position of the log on (`from`)."""
    text, facts = await find(call)
    since = Position(call.number("from", 0, 2**53))
    found = await asyncio.to_thread(views.changes, text, since)
    return Answer(
        [{"clause": each.clause.hex(), "events": [_event(event, facts) for event in each.events]} for each in found]
    )


async def around(call: Call) -> Answer:
    """All that belongs to a text and is none of its words."""
    text, facts = await find(call)
    own = await call.do(lambda house: house.party)
    return Answer(await asyncio.to_thread(_around, text, facts, own))


async def rendered(call: Call) -> Answer:
    """Every clause in another language (`language`), and what a translation of it has to name as its source."""
    text, facts = await find(call)
    language = call.query.get("language", "")
    if not LANGUAGE.fullmatch(language) or language == text.language:
        raise Malformed("A text is shown in another language than its own, named as in “en” or “pt-BR”.")
    return Answer(await asyncio.to_thread(_rendered, text, facts, language))


def _overview(text: Text, facts: Facts) -> list[dict[str, Any]]:
    return [{**_glance(each), **_standing(text, facts, each.id)} for each in views.overview(text, facts)]


def _standing(text: Text, facts: Facts, clause: NodeId) -> dict[str, Any]:
    """Under what a clause stands (empty: at the top), or would stand; and who accepts it as it stands."""
    site = text.seen.site(clause)
    return {
        "parent": site.parent.hex() if site is not None else "",
        "proposed": clause in text.additions,
        "accepted_by": [named(facts, party) for party in sorted(acceptances(text, clause))],
    }


def _glance(each: Glance) -> dict[str, Any]:
    return {
        "id": each.id.hex(),
        "kind": each.kind.value,
        "label": each.label,
        "name": each.name,
        "level": each.level,
        "words": each.words,
        "status": each.status.value,
        "slots": each.slots,
        "proposals": each.proposals,
    }


def _event(each: Event, facts: Facts) -> dict[str, Any]:
    return {"position": each.at, **named(facts, each.party), "kind": each.kind, "subject": each.subject.hex()}


def _around(text: Text, facts: Facts, own: PartyId) -> dict[str, Any]:
    conduct, lineage = text.conduct, text.lineage
    return {
        "groups": [
            {
                "code": each.code,
                "speaker": named(facts, PartyId(each.speaker)),
                "members": [named(facts, PartyId(member)) for member in each.members],
            }
            for each in conduct.groups
        ],
        "together": conduct.together,
        "heads": sorted({code for slot in tree.slots(text.document.passage) for code in _heads(slot)}),
        "codes": [{"code": each.code, **named(facts, PartyId(each.party))} for each in conduct.codes],
        "languages": {
            language: {state.value: count for state, count in counts.items()}
            for language, counts in languages.concordance(text).items()
        },
        "notes": [
            {
                "note": each.id.hex(),
                **named(facts, each.party),
                "target": each.target.hex(),
                "nature": each.nature.value,
                "words": each.words,
                "audience": [named(facts, party) for party in each.audience],
            }
            for each in saying.notes_for(text, own)
        ],
        "packages": [_package(each, facts) for each in packages.packages(text, facts)],
        "inert_moves": [
            {"clause": clause.hex(), "operations": [name.hex() for name in names]}
            for clause, names in views.inert(text)
        ],
        "revisions": [
            {"name": each.name, "act": each.act.hex(), "position": each.at, "content_hash": each.content_hash.hex()}
            for each in text.revisions
        ],
        "late": [
            {
                "operation": each.id.hex(),
                **named(facts, each.party),
                "position": each.at,
                "words": _late_words(each.body),
            }
            for each in sorted(text.late.values(), key=lambda one: (one.at, one.id))
        ],
        "reopened": [
            {"scope": scope.hex(), **named(facts, party), "reason": each.reason}
            for scope, everybody in sorted(text.reopened.items())
            for party, each in sorted(everybody.items())
        ],
        "names": {clause.hex(): name for clause, name in naming.names(text).items()},
        "committees": [name.hex() for name in text.children],
        "parent": lineage.parent.hex(),
        "facilitator": named(facts, lineage.facilitator) if lineage.facilitator else None,
        "committee": [named(facts, party) for party in lineage.committee],
    }


def _late_words(body: Edit | Alternative | AddClause | MoveClause) -> str:
    """The words that an operation on the late list would bring; of a move there are none."""
    match body:
        case Edit():
            return " … ".join(hunk.words for hunk in body.hunks)
        case Alternative() | AddClause():
            return body.words
        case MoveClause():
            return ""


def _heads(slot: Slot) -> Iterator[str]:
    """Who is named where the brackets of a slot open."""
    return (code for variant in slot.variants for each in variant.attributions for code in each.parties)


def _package(each: packages.Shown, facts: Facts) -> dict[str, Any]:
    packed: Packed = each.packed
    return {
        "package": packed.id.hex(),
        **named(facts, packed.party),
        "title": packed.name,
        "fate": packed.fate.value,
        "take": [name.hex() for name in packed.take],
        "drop": [name.hex() for name in packed.drop],
        "offered_to": [named(facts, party) for party in packed.parties],
        "hash": each.hash.hex(),
        "joint_hash": each.joint.hex(),
        "circle": [target.hex() for target in each.circle],
        "carried": each.carried,
        "outside": [name.hex() for name in each.outside],
        "lost": [name.hex() for name in each.lost],
    }


def _rendered(text: Text, facts: Facts, language: str) -> list[dict[str, Any]]:
    return [
        {
            "clause": each.clause.hex(),
            "original": "".join(tree.written(text.clauses[each.clause].ground.clause.passage)),
            "source": languages.source_of(text, each.clause).hex(),
            "state": each.concord.value,
            "words": each.words,
            "by": named(facts, each.by) if each.by else None,
            "proposals": [
                {"container": name.hex(), **_original(text, facts, each.clause, name), "words": words}
                for name, words in each.proposals
            ],
        }
        for each in languages.in_language(text, language)
    ]


def _original(text: Text, facts: Facts, clause: NodeId, container: bytes) -> dict[str, Any]:
    """What a live proposal in a clause says in the language of the text, and who sponsors it."""
    made = next(each for each in text.clauses[clause].live() if each.id == tree.maker_of(container))
    index = next(place for place in range(len(made.words)) if tree.container_of(made.id, place) == container)
    sponsors = dict.fromkeys(PartyId(party) for _, party in made.sponsors if party)
    return {"original": made.words[index], "sponsors": [named(facts, party) for party in sponsors]}
