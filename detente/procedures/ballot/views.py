"""What people see of ballots: the question, the figures, who voted how, and what may be done now."""

from __future__ import annotations

from typing import Any

from detente.acts.facts import Facts, Role
from detente.ground.identifiers import PartyId
from detente.ground.instants import iso
from detente.procedures.ballot.acts import Base, VotingRules
from detente.procedures.ballot.rules import Ballot, Planned, Stage, State
from detente.procedures.ballot.tally import Tally, tally


def listed(state: State, facts: Facts) -> list[dict[str, Any]]:
    """All ballots, the newest first."""
    return [describe(each, facts) for each in list(state.ballots.values())[::-1]]


def plans(state: State) -> list[dict[str, Any]]:
    """All plans, the newest first, with what became of each step."""
    return [_plan(each) for each in list(state.plans.values())[::-1]]


def _plan(each: Planned) -> dict[str, Any]:
    steps = zip(each.put.steps, each.fates, strict=True)
    return {
        "plan": each.id.hex(),
        "text": each.put.text.hex(),
        "reason": each.put.reason,
        "next": each.next,
        "steps": [
            {
                "question": step.question,
                "fate": fate.value,
                "falls": list(step.falls),
                "operative": step.operative,
                "whole": step.whole,
            }
            for step, fate in steps
        ],
    }


def describe(one: Ballot, facts: Facts) -> dict[str, Any]:
    """One ballot in plain values; while it is open the figures are those so far."""
    text = facts.texts.get(one.put.text)
    figures = one.result or tally(
        one.put.rules, one.voters, one.put.blocs, {party: vote.choice for party, vote in one.cast.items()}
    )
    return {
        "ballot": one.id.hex(),
        "stage": one.stage.value,
        "question": one.put.question,
        "text": one.put.text.hex(),
        "title": text.title if text else "",
        "scope": one.put.scope.hex(),
        "content_hash": one.put.content_hash.hex(),
        "rules": one.put.rules.name,
        "sentence": sentence(one.put.rules),
        "opened": iso(one.at),
        "closes": iso(one.closes),
        "decided": iso(one.decided) if one.decided is not None else None,
        "figures": _figures(figures),
        "first": _figures(one.first) if one.first else None,
        "votes": [
            {**_named(facts, party), "choice": one.cast[party].choice.value if party in one.cast else None}
            for party in one.voters
        ],
        "sponsors": [_named(facts, party) for party in one.put.sponsors],
        "statements": [
            {
                **_named(facts, each.party),
                "at": iso(each.at),
                "words": each.words,
                "intended": each.intended.value if each.intended else None,
            }
            for each in one.statements
        ],
    }


def may(one: Ballot, facts: Facts, party: PartyId) -> list[str]:
    """Which acts this party's rules would not refuse for its stage; time is judged at the act's place."""
    chair, seated = facts.role(party) is Role.CHAIR, facts.role(party) in {Role.CHAIR, Role.MEMBER}
    over = one.stage in {Stage.ADOPTED, Stage.REJECTED, Stage.NO_QUORUM}
    able = {
        "cast": one.stage is Stage.OPEN and party in one.voters,
        "close": one.stage is Stage.OPEN and seated,
        "again": one.stage is Stage.TIED and chair,
        "intend": over and party in one.voters,
        "explain": seated and party not in one.put.sponsors,
    }
    return [act for act, is_able in able.items() if is_able]


def sentence(rules: VotingRules) -> str:
    """The rules as one reads them."""
    share = f"{rules.majority.of}/{rules.majority.by}"
    needed = f"more than {share}" if rules.majority.above else f"at least {share}"
    base = {Base.VOTING: "yes and no", Base.PRESENT: "those present", Base.MEMBERS: "all who may vote"}[rules.base]
    parts = [] if rules.majority.of == 0 else [f"{needed} of {base}"]
    if rules.most_against is not None:
        parts.append("nobody against" if rules.most_against == 0 else f"at most {rules.most_against} against")
    quorum = f"{'more than' if rules.quorum.above else 'at least'} {rules.quorum.of}/{rules.quorum.by}"
    return f"Adopted by {' and '.join(parts)}; {quorum} have to be present."


def _figures(figures: Tally) -> dict[str, Any]:
    return {
        "yes": figures.yes,
        "no": figures.no,
        "abstain": figures.abstain,
        "absent": figures.absent,
        "outcome": figures.outcome.value,
    }


def _named(facts: Facts, party: PartyId) -> dict[str, str]:
    member = facts.members.get(party)
    return {"party": party, "name": member.name if member else f"{party[:8]}…"}
