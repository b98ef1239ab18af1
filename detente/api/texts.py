"""Texts on the table: the rolling text, the places that are open, the clean words.

Views are made of an immutable state outside the writer's thread, so a long text keeps nobody waiting.
Ids of clauses, slots, variants and operations are small hex digits here; where a view prepares an act
(`settle`, `correct`) its bytes are base64 already, as in the body of the act.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from detente.acts.facts import Facts
from detente.api.calls import Answer, Call
from detente.api.entrance import part
from detente.api.problems import unknown
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.table import views
from detente.procedures.table.agreeing import acceptances, content
from detente.procedures.table.model import Fate, Kind, Operation, Text, clause_holding, required
from detente.procedures.table.naming import names
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.tree import Attribution
from detente.procedures.table.views import LiteralBracket, OpenSlot, Shown, ShownClause, ShownSlot, ShownVariant, Words

MOST_SLOTS = 20_000
PAGE, MOST_ON_A_PAGE = 20, 200


async def list_texts(call: Call) -> Answer:
    """Every text on the line's table, in short, in the order in which they were laid on it."""
    state = await call.entrance.state(call.line)
    table = part(state, "table")
    texts = [table.texts[name] for name in table.laid] if table else []
    return Answer([await asyncio.to_thread(_short, text, state.facts) for text in texts])


async def describe(call: Call) -> Answer:
    """One text with its brackets: clauses, words, slots with all their variants, proposals, literal brackets."""
    text, facts = await find(call)
    return Answer(await asyncio.to_thread(_long, text, facts))


async def page(call: Call) -> Answer:
    """So many clauses (`most`) of the text with its brackets from one on (`first`, from 0), and how many there are."""
    first, most = call.number("first", 0, MOST_SLOTS), call.number("most", PAGE, MOST_ON_A_PAGE)
    text, facts = await find(call)
    return Answer(await asyncio.to_thread(_page, text, facts, first, most))


async def list_slots(call: Call) -> Answer:
    """Open slots, inner ones first, each with what a settlement of it names; `limit=1` finds the next one fast."""
    text, facts = await find(call)
    limit = call.number("limit", MOST_SLOTS, MOST_SLOTS)
    return Answer(await asyncio.to_thread(_slots, text, facts, limit))


async def clean(call: Call) -> Answer:
    """The words of a text in which nothing is open."""
    text, _ = await find(call)
    words = views.clean_text(text)
    if words is None:
        raise Refused("Something in this text is still open.", rule="signature.clean")
    return Answer({"content_hash": (content(text, WHOLE) or b"").hex(), "text": words})


async def find(call: Call) -> tuple[Text, Facts]:
    """The text in the path as it stands, and the facts of its line."""
    state = await call.entrance.state(call.line)
    table = part(state, "table")
    text = table.texts.get(ActId(call.hash("text"))) if table else None
    if text is None:
        raise unknown()
    return text, state.facts


def _short(text: Text, facts: Facts) -> dict[str, Any]:
    summary = views.summary(text, facts)
    return {
        "text": text.id.hex(),
        "title": text.title,
        "language": text.language,
        "author": text.author,
        "author_name": _name(facts, text.author),
        "content_hash": summary.content_hash.hex(),
        "status": summary.status.value,
        "open": summary.open,
        "slots": summary.slots_imported,
        "settled": summary.slots_settled,
        "dropped": summary.slots_dropped,
        "proposals_settled": summary.proposals_settled,
        "corrected": summary.corrected,
        "operations_by_fate": summary.operations,
        "clean": text.clean,
        "must_accept": [named(facts, party) for party in required(text, facts)],
        "accepted_by": [named(facts, party) for party in facts.members if party in summary.accepted_by],
        "adopted": facts.adopted[text.id].hex() if text.id in facts.adopted else None,
    }


def _long(text: Text, facts: Facts) -> dict[str, Any]:
    orphans = set(views.orphans(text))
    return {
        **_short(text, facts),
        "tree": [_shown(each, text, facts) for each in views.rolling(text, facts)],
        "literal_brackets": [_literal(each) for each in views.literal_brackets(text)],
        "operations": [
            {
                "operation": each.id.hex(),
                **named(facts, each.party),
                "fate": each.fate.value,
                "kind": each.kind.value,
                "alternative": each.kind is Kind.ALTERNATIVE,
                "of_the_chair": each.of_the_chair,
                "child": each.child.hex(),  # the committee's text from which it came back
                "joined": [named(facts, party) for party in each.joined],
                "home": each.home.hex(),
                "clause": clause_holding(text, each.home).hex(),  # empty: it is in none any more
                "where": _where(text, each),  # of a live move: after what, or below what
                "orphan": each.id in orphans,
            }
            for each in sorted(text.operations.values(), key=lambda one: (one.at, one.id))
        ],
        "acceptances": [
            {
                "scope": scope.hex(),  # empty: the whole text
                **named(facts, party),
                "content_hash": said.content_hash.hex(),
                "ad_referendum": said.ad_referendum,
                "holds": content(text, scope) is None or party in acceptances(text, scope),  # of packages: for good
            }
            for scope, everybody in sorted(text.accepted.items())
            for party, said in sorted(everybody.items())
        ],
        "positions": [
            {
                "target": target.hex(),
                **named(facts, party),
                "stance": said.stance.value,
                "ad_referendum": said.ad_referendum,
                "note": said.note,
                "pending_on": [each.hex() for each in said.pending_on],
                "given": said.given.hex(),  # empty: without a condition
            }
            for target, everybody in sorted(text.positions.items())
            for party, said in sorted(everybody.items())
        ],
    }


def _where(text: Text, each: Operation) -> str:
    """Where a live move would have its clause, by the names that clauses have now; in a committee's text nowhere."""
    if each.kind is not Kind.MOVE or each.fate is not Fate.LIVE:
        return ""
    site = next((one.site for one in text.clauses[each.home].moves if one.proposal.id == each.proposal), None)
    if site is None:
        return ""
    called, gone = names(text), "a clause that is not proposed any more"
    if site.after != WHOLE:
        return f"after {called.get(text.seen.sites[site.after].clause, gone)}"
    return f"first below {called.get(site.parent, gone)}" if site.parent != WHOLE else "first in the text"


def _page(text: Text, facts: Facts, first: int, most: int) -> dict[str, Any]:
    return {
        "text": text.id.hex(),
        "title": text.title,
        "clauses": len(text.rows),
        "first": first,
        "tree": [_shown(each, text, facts) for each in views.page(text, facts, first, most)],
    }


# --- the rolling text ---------------------------------------------------------------------------


def _shown(each: Shown, text: Text, facts: Facts) -> dict[str, Any]:
    match each:
        case Words():
            return {"is": "words", "text": each.text, "container": _base64(each.container), "lo": each.lo}
        case ShownClause():
            return {
                "is": "clause",
                "id": each.id.hex(),
                "kind": each.kind.value,
                "label": each.label,
                "level": each.level,
                "line": each.line,
                "status": each.status.value,
                "open": each.open,
                "name": each.name,
                "digest": each.digest.hex(),
                "content": each.content.hex(),
                "parts": [_shown(one, text, facts) for one in each.parts],
                "placement": _shown(each.placement, text, facts) if each.placement else None,
            }
        case ShownSlot():
            return {
                "is": "slot",
                "id": each.id.hex(),
                "form": each.form.value,
                "inferred": each.inferred,
                "placeholder": each.placeholder,
                "further": each.further,
                "line": each.line,
                "variants": [_variant(one, text, facts) for one in each.variants],
            }


def _variant(each: ShownVariant, text: Text, facts: Facts) -> dict[str, Any]:
    return {
        "id": each.id.hex(),
        "lead": each.lead,
        "tail": each.tail,
        "where": each.where,
        "sponsors": _sponsors(facts, each.sponsors, each.operations),
        "operations": [operation.hex() for operation in each.operations],
        "attributions": [_attribution(one) for one in each.attributions],
        "stances": [
            {**named(facts, party), "stance": stance.value} for party, stance in views.stances(text, each.operations)
        ],
        "parts": [_shown(one, text, facts) for one in each.parts],
    }


def _sponsors(facts: Facts, sponsors: Iterable[str], operations: Sequence[bytes]) -> list[str]:
    """Who sponsors a variant; what operations made and nobody sponsors is the chair's."""
    found = [_name(facts, PartyId(party)) for party in sponsors]
    return found or (["the chair"] if operations else [])


def _attribution(each: Attribution) -> dict[str, Any]:
    return {"parties": list(each.parties), "verb": each.verb, "line": each.line}


# --- what is to be decided ----------------------------------------------------------------------


def _slots(text: Text, facts: Facts, limit: int) -> list[dict[str, Any]]:
    if limit == 1:
        first = views.next_slot(text)
        return [_slot(text, facts, first)] if first else []
    return [_slot(text, facts, each) for each in views.open_slots(text)[:limit]]


def _slot(text: Text, facts: Facts, each: OpenSlot) -> dict[str, Any]:
    return {
        "slot": each.id.hex(),
        "scope": each.scope.hex(),
        "precondition": each.precondition.hex(),
        "form": each.form.value,
        "label": each.label,
        "line": each.line,
        "inferred": each.inferred,
        "placeholder": each.placeholder,
        "imported": each.imported,
        "variants": [
            {
                "id": one.id.hex(),
                "text": _spelt(one.words, facts),
                "operations": [operation.hex() for operation in one.operations],
                "sponsors": _sponsors(facts, one.sponsors, one.operations),
                "attributions": [_attribution(who) for who in one.attributions],
                "open": one.open,
            }
            for one in each.choices
        ],
        "settle": {
            "kind": "table.settle",
            "text": _base64(text.id),
            "scope": _base64(each.scope),
            "slot": _base64(each.id),
            "chosen": [_base64(each.choices[0].id)],
            "precondition": _base64(each.precondition),
            "basis": "consensus",
        },
    }


def _spelt(words: str, facts: Facts) -> str:
    """Words in whose brackets the parties are called by their names."""
    for party, member in facts.members.items():
        words = words.replace(party, member.name)
    return words


def _literal(each: LiteralBracket) -> dict[str, Any]:
    fields = asdict(each)
    return {**fields, "container": _base64(each.container), "scope": each.scope.hex()}


def named(facts: Facts, party: PartyId) -> dict[str, str]:
    """A party with its name; the code of a group where it spoke for one."""
    return {"party": party, "name": _name(facts, party)}


def _name(facts: Facts, party: PartyId) -> str:
    if party.startswith("@"):
        return party[1:]
    member = facts.members.get(party)
    return member.name if member else f"{party[:8]}…"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
