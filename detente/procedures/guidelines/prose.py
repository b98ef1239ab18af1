"""A charter as a diplomat reads it: every clause is one sentence, the same at every house.

What a refusal cites is exactly what stands here, so that nobody is told other words than were agreed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from detente.acts.facts import Role
from detente.procedures.guidelines.clauses import (
    GROUPS,
    KINDS,
    Amendment,
    Answer,
    AnyClause,
    Charter,
    Circumstance,
    Decisions,
    Effect,
    Exit,
    Ladder,
    Languages,
    Observers,
    Promise,
    Rule,
)

Names = Mapping[str, str]
ROLES = {Role.CHAIR: "the chair", Role.MEMBER: "members", Role.OBSERVER: "observers"}
_CIRCUMSTANCES = {Circumstance.ANSWER: "as an answer", Circumstance.EXERCISE: "marked as an exercise"}
_VOTES = {
    "general-assembly": "the simple majority of the General Assembly",
    "important-question": "the two thirds of important questions",
    "main-committee": "the simple majority of a main committee",
    "treaty-conference": "the two thirds of a treaty conference",
    "consent-of-all": "the consent of all",
    "consensus": "the absence of any vote against",
}


def listing(words: Iterable[str], last: str = "and") -> str:
    """“a, b and c”."""
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}" if found else ""


def who(rule: Rule, names: Names) -> str:
    """Whom a rule speaks of."""
    roles = listing((ROLES[role] for role in Role if role in rule.roles), "or" if rule.parties else "and")
    offices = listing(sorted(rule.offices), "or")
    found = []
    if rule.parties:
        found.append(listing(names.get(party, f"{party[:8]}…") for party in sorted(rule.parties)))
    if roles:
        found.append(f"as {roles}" if found else roles)
    if offices:
        found.append(f"through the office {offices}" if found else f"whoever acts through the office {offices}")
    if not found:
        return "everybody"
    return found[0] if len(found) == 1 else f"{', '.join(found)},"


def words(clause: AnyClause, names: Names) -> str:
    """The sentence that a clause is."""
    match clause:
        case Rule():
            return _rule(clause, names)
        case Answer():
            return f"A note of precedence {clause.precedence} is acknowledged within {_time(clause.minutes)}."
        case Languages():
            return _languages(clause)
        case Decisions():
            return _decisions(clause)
        case Observers():
            return (
                f"A party is admitted as an observer once that was announced for {_count(clause.hours, 'hour')} and "
                "no objection of the chair or a member stands."
            )
        case Exit():
            return f"A party leaves {_count(clause.days, 'day')} after it said so, and nobody is removed without that."
        case Ladder():
            return _ladder(clause)
        case Amendment():
            return f"This charter is replaced when {_share(clause)} of the chair and members have accepted the new one."
        case Promise():
            return f"{clause.words} (A promise: no machine checks it.)"


def _rule(rule: Rule, names: Names) -> str:
    subject = who(rule, names)
    effect = "may" if rule.effect is Effect.MAY else "may not"
    if subject == "everybody" and rule.effect is Effect.MAY_NOT:
        subject, effect = "nobody", "may"
    what = listing((GROUPS.get(act) or KINDS[act].words for act in sorted(rule.acts)), "or")
    return f"{subject[0].upper()}{subject[1:]} {effect} {what}{''.join(_conditions(rule))}."


def _conditions(rule: Rule) -> Iterable[str]:
    if rule.forms:
        yield f", in the form {listing(_in_order(rule.forms), 'or')}"
    if rule.precedences:
        yield f", of precedence {listing(_in_order(rule.precedences), 'or')}"
    if rule.topics:
        yield f", on the topic {listing(_quoted(rule.topics), 'or')}"
    if rule.up_to:
        yield f", labelled {rule.up_to.value} at most"
    if rule.above:
        yield f", labelled above {rule.above.value}"
    if rule.circumstances:
        yield f", {listing(_CIRCUMSTANCES[each] for each in Circumstance if each in rule.circumstances)}"
    if rule.phases:
        phases = (each.value for each in sorted(rule.phases, key=lambda each: each.height))
        yield f", in the phase {listing(phases, 'or')}"
    if rule.rungs:
        rungs = (each.value for each in sorted(rule.rungs, key=lambda each: each.height))
        yield f", while the line is {listing(rungs, 'or')}"


def _in_order(words: Sequence[str]) -> list[str]:
    return sorted(words)


def _quoted(words: Sequence[str]) -> list[str]:
    return [f"“{word}”" for word in sorted(words)]


def _languages(clause: Languages) -> str:
    authentic = sorted(clause.authentic)
    made = f"authentic in {listing(authentic, 'or')} alone" if authentic else "authentic in no further language"
    return f"Texts are laid and translated in {listing(sorted({*clause.working, *authentic}), 'or')}, and {made}."


def _decisions(clause: Decisions) -> str:
    found = (
        f"What is settled is settled by {listing(sorted(clause.bases), 'or')}" if clause.bases else "Nothing is settled"
    )
    if clause.voting:
        found += f"; votes need {listing((_VOTES[each] for each in sorted(clause.voting)), 'or')}"
    reached = "goes on without" if clause.without_all else "waits for"
    return (
        f"{found}; a silence lasts {_count(clause.silence_hours, 'hour')} at least and {reached} parties that it did "
        "not reach."
    )


def _ladder(clause: Ladder) -> str:
    carriers = f"through the office {listing(sorted(clause.offices), 'or')}" if clause.offices else "through any office"
    return (
        f"FLASH notes {carriers} pass on every rung of the ladder until the line is closed; a suspension begins "
        f"{_count(clause.notice_hours, 'hour')} after it was announced."
    )


def _share(clause: Amendment) -> str:
    return "all" if clause.of == clause.by else f"at least {clause.of} in {clause.by}"


def _time(minutes: int) -> str:
    return _count(minutes, "minute") if minutes % 60 or not minutes else _count(minutes // 60, "hour")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def page(charter: Charter, names: Names) -> str:
    """The whole charter in Markdown."""
    lines = [f"## {charter.title}", ""]
    for clause in sorted(charter.clauses, key=as_read):
        lines += [f"**{clause.article}** (`{clause.id}`). {words(clause, names)} *{clause.reason}*", ""]
    return "\n".join(lines)


def as_read(clause: AnyClause) -> tuple[list[tuple[int, str]], str]:
    """By article, “Article 10” after “Article 9”; inside one by id."""
    pieces = re.split(r"([0-9]+)", clause.article)
    return [(int(piece), "") if piece.isdecimal() else (0, piece) for piece in pieces], clause.id
