"""Charters: the templates, the one in force, what is proposed and what it would change, and “may I?”."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec

from detente.acts.act import Body
from detente.acts.matter import Matter, kind_of
from detente.acts.procedure import Asked
from detente.api.acts import body_of
from detente.api.calls import Answer, Call
from detente.api.entrance import part
from detente.api.problems import unknown
from detente.api.requests import CharterAsked, MayAsked
from detente.chancery.house import Chancery
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import ActId, LineId
from detente.ground.instants import Instant
from detente.procedures.guidelines import prose, sound, views
from detente.procedures.guidelines.acts import Propose
from detente.procedures.guidelines.clauses import KINDS, Charter
from detente.procedures.guidelines.rules import State, verdict_on
from detente.procedures.guidelines.templates import TEMPLATES
from detente.transport import clock


async def list_templates(_call: Call) -> Answer:
    """The charters that one can begin from."""
    return Answer([{"name": name, "title": each.title} for name, each in TEMPLATES.items()])


async def template(call: Call) -> Answer:
    """One template: as it reads, and as data that can be changed and proposed."""
    found = TEMPLATES.get(call.path["name"])
    if found is None:
        raise unknown()
    return Answer({**views.clauses(found, {}), "page": prose.page(found, {}), "charter": msgspec.to_builtins(found)})


async def describe(call: Call) -> Answer:
    """The charter in force, proposals, the rung and the phase, and who has taken which step."""
    line = call.line
    state, last = await call.do(lambda house: (house.line(line).state, house.line(line).last_time))
    return Answer(views.describe(part(state, "guidelines") or State(), state.facts, Instant(max(clock.now(), last))))


async def propose(call: Call) -> Answer:
    """Propose a template or a charter of one's own, in place of the one in force.  Unsound ones are refused."""
    asked, line, office, now = call.read(CharterAsked), call.line, call.office, clock.now()
    charter = _chosen(asked)
    refusal = await asyncio.to_thread(sound.check, charter)
    if refusal:
        raise refusal

    def work(house: Chancery) -> ActId:
        state = part(house.line(line).state, "guidelines") or State()
        return house.submit(line, office, Propose(charter, state.name), now, call.request)

    act = await call.do(work)
    call.entrance.changed(line)
    return Answer({"act": act.hex()})


def _chosen(asked: CharterAsked) -> Charter:
    if (asked.charter is None) == (not asked.template):
        raise Malformed("A template is named, or a charter is given: one of the two.")
    found = asked.charter or TEMPLATES.get(asked.template)
    if found is None:
        raise unknown()
    return found


async def changes(call: Call) -> Answer:
    """What changed for me: by the last amendment, or, where `proposal` names one, what would change by it."""
    line, proposal = call.line, call.query.get("proposal")
    office = call.query.get("office") or call.office
    state, party = await call.do(lambda house: (house.line(line).state, house.party))
    asked = None if proposal is None else _act(proposal)
    found = await asyncio.to_thread(
        views.changes, part(state, "guidelines") or State(), state.facts, asked, party, office
    )
    if found is None:
        raise unknown()
    return Answer(found)


def _act(text: str) -> ActId:
    try:
        return ActId(bytes.fromhex(text))
    except ValueError:
        raise unknown() from None


@dataclass(frozen=True)
class _Wish:
    """What somebody would like to do: the body is None where only its kind and matter are known."""

    body: Body | None
    kind: str
    matter: Matter


async def may(call: Call) -> Answer:
    """Whether an act would be allowed now, why not, and who could do it.  Nothing is done, and nothing is recorded."""
    asked, line, now = call.read(MayAsked), call.line, clock.now()
    office = asked.office or call.office
    registry = await call.do(lambda house: house.registry)
    if (asked.body is None) == (not asked.kind):
        raise Malformed("A whole act is asked about, or a kind of act and what it would be about: one of the two.")
    if asked.body is not None:
        body = await asyncio.to_thread(body_of, registry, asked.body)
        wish = _Wish(body, kind_of(body), registry.procedure_of(body).matter(body))
    elif asked.kind in KINDS:
        wish = _Wish(None, asked.kind, asked.matter)
    else:
        raise Malformed("This house does not know acts of that kind.")
    return Answer(await call.do(lambda house: _may(house, line, office, wish, now)))


def _may(house: Chancery, line: LineId, office: str, wish: _Wish, now: Instant) -> dict[str, Any]:
    known = house.line(line)
    state = known.prospect()
    at = Instant(max(now, known.last_time))
    guidelines = part(state, "guidelines") or State()
    verdict = verdict_on(guidelines, state.facts, Asked(house.party, office, at, wish.kind, wish.matter))
    answer = {
        "may": verdict.allowed,
        "by": "charter" if guidelines.charter and not verdict.allowed else "",
        "clause": verdict.clause,
        "sentence": verdict.sentence,
        "instead": verdict.instead,
    }
    if verdict.allowed and wish.body is not None:
        try:
            house.judge(line, office, wish.body, now)
        except Refused as refusal:
            answer |= {"may": False, "by": "rules", "clause": refusal.rule, "sentence": refusal.sentence}
    return answer
