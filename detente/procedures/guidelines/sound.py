"""Is this a charter that anybody should be asked to accept?  Refused before it is proposed, with the reason.

    guidelines.unreadable   a clause that a reader cannot read, or can read as something else
    guidelines.ambiguous    two clauses where one must decide; leave that another clause takes away whole
    guidelines.locked       a charter that cannot be changed, or on which nothing could be said or settled

What is checked is a property of the charter alone, so every house says the same of it, whoever is a member.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product
from types import MappingProxyType

from detente.acts.facts import Facts, Member, Role
from detente.acts.labels import Label
from detente.acts.matter import Matter
from detente.acts.procedure import Asked
from detente.ground.errors import DetenteError, Refused
from detente.ground.identifiers import PartyId, check_party_id
from detente.ground.instants import Instant
from detente.procedures.guidelines.clauses import (
    BASES,
    FORMS,
    GROUPS,
    KINDS,
    PRECEDENCES,
    VOTING,
    Amendment,
    Answer,
    Charter,
    Decisions,
    Effect,
    Exit,
    Ladder,
    Languages,
    Observers,
    Phase,
    Promise,
    Rule,
    expand,
    ordered,
)
from detente.procedures.guidelines.engine import Compiled, Standing, compiled, row
from detente.wire import text

MOST_CLAUSES = 120  # more than that nobody reads
MOST_WORDS = 64  # in one list of one clause
MOST_MENTIONED = 16  # offices, topics and parties in all rules together: what is checked below grows with each
LONGEST_REASON = 400  # characters
LONGEST_WORD = 60
LONGEST_TIME = 366 * 24 * 60  # minutes
_ID = re.compile(r"[a-z][a-z0-9-]{0,39}(\.[a-z][a-z0-9-]{0,39})?")
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SINGLE = (Amendment, Decisions, Exit, Ladder, Languages, Observers)
_ELSEWHERE = "any other office"


def check(charter: Charter) -> Refused | None:
    """Why nobody should be asked to accept it, or None."""
    for rule, finds in (("unreadable", _unreadable), ("ambiguous", _ambiguous), ("locked", _locked)):
        sentence = next(finds(charter), None)
        if sentence:
            return Refused(sentence, rule=f"guidelines.{rule}")
    return None


# --- unreadable -------------------------------------------------------------------------------------


def _unreadable(charter: Charter) -> Iterator[str]:
    if not _line(charter.title, text.LONGEST_TITLE):
        yield "A charter has a title of one line that can be read for what it is."
    if not 1 <= len(charter.clauses) <= MOST_CLAUSES:
        yield f"A charter has between 1 and {MOST_CLAUSES} clauses."
    for clause in ordered(charter):
        if not _ID.fullmatch(clause.id):
            yield "The id of a clause is small letters, digits and hyphens, with one dot at most."
        if not _line(clause.article, LONGEST_WORD) or not _line(clause.reason, LONGEST_REASON):
            yield f"Clause {clause.id} does not give its article and its reason, each on one line that can be read."
        for sentence in _READ[type(clause)](clause):
            yield f"Clause {clause.id}: {sentence}"
    rules = [each for each in charter.clauses if isinstance(each, Rule | Ladder)]
    for what in ("offices", "topics", "parties"):
        if len({word for rule in rules for word in getattr(rule, what, ())}) > MOST_MENTIONED:
            yield f"Its rules speak of more than {MOST_MENTIONED} {what} in all."


def _line(words: str, longest: int) -> bool:
    """One line, visible, without a letter of another script inside a word."""
    try:
        text.check_name(words, longest)
    except DetenteError:
        return False
    return not text.flags(words) and not text.look_alikes(words)


def _list(words: Sequence[str], known: Sequence[str] | None, what: str) -> Iterator[str]:
    if len(words) > MOST_WORDS or len(set(words)) != len(words):
        yield f"its {what} are each named once, {MOST_WORDS} at most."
    for word in words:
        if known is not None and word not in known:
            yield f"“{text.visible(word[:LONGEST_WORD])}” is not among the {what} that there are."
        elif known is None and not _line(word, LONGEST_WORD):
            yield f"its {what} are words that can be read."


def _rule(rule: Rule) -> Iterator[str]:
    if not rule.acts:
        yield "it names no kind of act."
    yield from _list(rule.acts, (*KINDS, *GROUPS), "kinds of acts")
    yield from _list(rule.offices, None, "offices")
    yield from _list(rule.topics, None, "topics")
    yield from _list(rule.forms, FORMS, "forms")
    yield from _list(rule.precedences, PRECEDENCES, "precedences")
    if any(":" in topic for topic in rule.topics):
        yield "a topic has no colon: it ends at one."
    for many in (rule.roles, rule.parties, rule.phases, rule.rungs, rule.circumstances):
        if len(set(many)) != len(many) or len(many) > MOST_WORDS:
            yield "it names something twice."
    if not all(map(is_party, rule.parties)):
        yield "a party is named by its identifier."
    if (rule.up_to and rule.effect is Effect.MAY_NOT) or (rule.above and rule.effect is Effect.MAY):
        yield "leave goes up to a label, and what is forbidden lies above one."
    asks = rule.forms or rule.precedences or rule.topics or rule.up_to or rule.above or rule.circumstances
    if asks and expand(rule.acts) - {"correspondence.note"}:
        yield "forms, precedences, topics, labels and circumstances are asked of notes alone."


def is_party(party: str) -> bool:
    """Whether that is a party's identifier as it is written."""
    try:
        check_party_id(party)
    except DetenteError:
        return False
    return True


def _answer(clause: Answer) -> Iterator[str]:
    yield from _list((clause.precedence,), PRECEDENCES, "precedences")
    yield from _within(clause.minutes, LONGEST_TIME, "minutes", least=1)


def _languages(clause: Languages) -> Iterator[str]:
    if not clause.working and not clause.authentic:
        yield "it names no language."
    for tags in (clause.working, clause.authentic):
        yield from _list(tags, None, "languages")
        if not all(map(_TAG.fullmatch, tags)):
            yield "a language is named by its BCP 47 tag."


def _decisions(clause: Decisions) -> Iterator[str]:
    yield from _list(clause.bases, BASES, "bases")
    yield from _list(clause.voting, VOTING, "rules of procedure")
    yield from _within(clause.silence_hours, LONGEST_TIME // 60, "hours", least=1)


def _ladder(clause: Ladder) -> Iterator[str]:
    yield from _list(clause.offices, None, "offices")
    yield from _within(clause.notice_hours, LONGEST_TIME // 60, "hours")


def _amendment(clause: Amendment) -> Iterator[str]:
    yield from _within(clause.by, 1000, "parts", least=1)


def _promise(clause: Promise) -> Iterator[str]:
    if not _line(clause.words, LONGEST_REASON):
        yield "a promise is one line that can be read."


def _within(number: int, most: int, unit: str, *, least: int = 0) -> Iterator[str]:
    if not least <= number <= most:
        yield f"it names between {least} and {most} {unit}."


_READ: dict[type, Callable[..., Iterator[str]]] = {
    Rule: _rule,
    Answer: _answer,
    Languages: _languages,
    Decisions: _decisions,
    Observers: lambda clause: _within(clause.hours, LONGEST_TIME // 60, "hours"),
    Exit: lambda clause: _within(clause.days, LONGEST_TIME // (24 * 60), "days"),
    Ladder: _ladder,
    Amendment: _amendment,
    Promise: _promise,
}


# --- ambiguous --------------------------------------------------------------------------------------


def _ambiguous(charter: Charter) -> Iterator[str]:
    clauses = ordered(charter)
    for one, other in pairwise(clauses):
        if one.id == other.id:
            yield f"Two clauses are called {one.id}."
    for kind in _SINGLE:
        same = [each.id for each in clauses if isinstance(each, kind)]
        if len(same) > 1:
            yield f"Clauses {' and '.join(same)} say the same thing, and only one can hold."
    answers = [each for each in clauses if isinstance(each, Answer)]
    for place, answer in enumerate(answers):
        for other in answers[:place]:
            if answer.precedence == other.precedence:
                yield f"Clauses {other.id} and {answer.id} both say how fast {answer.precedence} is answered."
    rules = [each for each in clauses if isinstance(each, Rule)]
    yield from _contradictions(rules)
    yield from _muffled([each for each in clauses if isinstance(each, Ladder)], rules)


def _muffled(ladders: Sequence[Ladder], rules: Sequence[Rule]) -> Iterator[str]:
    """A rule that forbids nothing but what the emergency part carries all the same."""
    for ladder in ladders:
        for rule in rules:
            within = not ladder.offices or (rule.offices and set(rule.offices) <= set(ladder.offices))
            flash = rule.precedences == ("FLASH",) and rule.effect is Effect.MAY_NOT
            if flash and within:
                yield f"Clause {rule.id} forbids the FLASH notes that clause {ladder.id} lets pass on every rung."


def _contradictions(rules: Sequence[Rule]) -> Iterator[str]:
    forbids = [rule for rule in rules if rule.effect is Effect.MAY_NOT]
    for rule in rules:
        if rule.effect is Effect.MAY:
            for kind in sorted(expand(rule.acts)):
                ban = next((each for each in forbids if _covers(each, rule, kind)), None)
                if ban:
                    yield f"Clause {rule.id} allows what clause {ban.id} forbids whole ({KINDS[kind].words})."


def _covers(ban: Rule, rule: Rule, kind: str) -> bool:
    """Whether whatever `rule` allows of that kind is forbidden by `ban`."""
    narrowed = (
        (ban.roles, rule.roles),
        (ban.parties, rule.parties),
        (ban.offices, rule.offices),
        (ban.forms, rule.forms),
        (ban.precedences, rule.precedences),
        (ban.topics, rule.topics),
        (ban.phases, rule.phases),
        (ban.rungs, rule.rungs),
    )
    return (
        kind in expand(ban.acts)
        and ban.above is None
        and set(ban.circumstances) <= set(rule.circumstances)
        and all(not wide or (narrow and set(narrow) <= set(wide)) for wide, narrow in narrowed)
    )


# --- locked -----------------------------------------------------------------------------------------


def _locked(charter: Charter) -> Iterator[str]:
    amendment = next((each for each in charter.clauses if isinstance(each, Amendment)), None)
    if amendment is None:
        yield "It does not say how it is changed: a charter that nobody can change is never accepted."
    elif not 0 < amendment.of <= amendment.by:
        yield f"Clause {amendment.id}: the part that must accept is more than none and no more than all."
    for rule in ordered(charter):
        if isinstance(rule, Rule) and rule.effect is Effect.MAY_NOT:
            kept = sorted(act for act in rule.acts if act in KINDS and KINDS[act].protected)
            if kept:
                yield f"Clause {rule.id} forbids what no charter can forbid ({KINDS[kept[0]].words})."
    asked = compiled(charter)
    for phase in Phase:
        if not _somebody_writes(asked, phase):
            yield f"In the phase {phase.value} nobody could send any note: a line on which nothing can be said is none."
    yield from _unsettled(asked)


def _unsettled(asked: Compiled) -> Iterator[str]:
    decisions = asked.term(Decisions)
    if decisions is None:
        return
    if "vote" in decisions.bases and not decisions.voting:
        yield f"Clause {decisions.id} lets votes decide and names no rules of procedure for them."
    if not decisions.bases and "table.settle" in asked.allows:
        yield f"Clause {decisions.id} leaves no basis on which anything on the table could be settled."


def _somebody_writes(asked: Compiled, phase: Phase) -> bool:
    """Whether anybody, through any office, may send some ordinary note while the line is open."""
    rules = asked.allows.get("correspondence.note", ())
    topics = dict.fromkeys(("", *(topic for rule in rules for topic in rule.topics)))
    seats = (*Role, *asked.named)
    cases = product(seats, (*asked.offices, _ELSEWHERE), FORMS, PRECEDENCES[1:], topics)
    standing = Standing(phase=phase)
    return any(
        _may_write(asked, standing, seat, office, Matter(form, precedence, Label.PUBLIC, f"{topic}: x"))
        for seat, office, form, precedence, topic in cases
    )


def _may_write(asked: Compiled, standing: Standing, seat: Role | PartyId, office: str, matter: Matter) -> bool:
    author = PartyId("-") if isinstance(seat, Role) else seat
    roles = (seat,) if isinstance(seat, Role) else tuple(Role)
    question = Asked(author, office, Instant(0), "correspondence.note", matter)
    found = (row(asked, standing, question, _alone(author, role)) for role in roles)
    return any(rule is not None and rule.effect is Effect.MAY for rule in found)


def _alone(party: PartyId, role: Role) -> Facts:
    nobody = Member(party, "", role, b"", b"", b"", b"", b"")
    return Facts(members=MappingProxyType({party: nobody}))
