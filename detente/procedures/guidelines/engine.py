"""May this be done?  One question, one table, the same answer at every house.

    judge(compiled, standing, question, facts) -> Verdict

The steps, in this order; the first that has an answer gives it:

| step      | what it says                                                                                  |
|-----------|-----------------------------------------------------------------------------------------------|
| closed    | nothing is done on a line that is closed                                                      |
| assistant | no assistant acts                                                                             |
| recalled  | an office that its own party has recalled does nothing here, whatever its clock says          |
| ceiling   | nothing above the line's ceiling is said                                                      |
| emergency | a FLASH note of the emergency part passes, whatever the rung and whatever a clause says       |
| rung      | on each rung of the ladder only the kinds pass that `clauses.KINDS` lets pass there           |
| protected | receipts, objections, reports, and what this charter needs to be changed or left, always pass |
| barred    | an office that another party has barred says nothing else                                     |
| terms     | languages, bases and rules of decisions, observers' and leaving parties' notice               |
| rules     | one that forbids prevails; else one that allows; else it is refused                           |

All but the last two are code, and no charter can change them.  Among several clauses that say the same, the
one with the first id is cited, so a verdict has one wording.  Nothing here depends on the order of clauses, on a hash
seed or on a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import TypeVar

from detente.acts.facts import Facts, Role
from detente.acts.procedure import Asked
from detente.ground.identifiers import PartyId
from detente.procedures.guidelines import prose
from detente.procedures.guidelines.clauses import (
    KINDS,
    Amendment,
    Answer,
    AnyClause,
    Charter,
    Circumstance,
    Decisions,
    Effect,
    Exit,
    Kind,
    Ladder,
    Languages,
    Observers,
    Phase,
    Rule,
    Rung,
    expand,
    ordered,
)

ASSISTANT = "assistant"  # no office of that name, or of one that begins so, ever acts
_LOOKED_UP = (Amendment, Decisions, Exit, Ladder, Languages, Observers)
_MOST_QUOTED = 3
_UNKNOWN = Kind("do what these rules do not know", Rung.RESTORED)

C = TypeVar("C", bound=AnyClause)


@dataclass(frozen=True)
class Standing:
    """How the line stands at an act's place in the log."""

    rung: Rung = Rung.OPEN
    phase: Phase = Phase.PEACE
    barred: frozenset[tuple[PartyId, str]] = frozenset()  # (party, office), by another party
    recalled: frozenset[tuple[PartyId, str]] = frozenset()  # by its own
    announced: frozenset[str] = frozenset()  # parties whose admission as observers nobody stands against, in time
    leaving: frozenset[str] = frozenset()  # parties whose notice has run out


@dataclass(frozen=True)
class Compiled:
    """A charter, ready to be asked."""

    charter: Charter
    forbids: Mapping[str, tuple[Rule, ...]]  # by kind
    allows: Mapping[str, tuple[Rule, ...]]
    terms: Mapping[type, AnyClause]
    answers: Mapping[str, int]  # precedence -> minutes
    offices: tuple[str, ...]  # of which it speaks
    named: tuple[PartyId, ...]

    def term(self, kind: type[C]) -> C | None:
        """The one clause of that type."""
        found = self.terms.get(kind)
        return found if isinstance(found, kind) else None


@dataclass(frozen=True)
class Verdict:
    """The answer, the clause that gave it, and who could do it instead."""

    allowed: bool
    clause: str = ""  # its id; empty where no clause speaks of it
    sentence: str = ""  # what the author of a refused act reads
    instead: str = ""


def compiled(charter: Charter) -> Compiled:
    """Sorted by kind, each in the order of ids."""
    forbids: dict[str, list[Rule]] = {}
    allows: dict[str, list[Rule]] = {}
    for clause in ordered(charter):
        if isinstance(clause, Rule):
            table = forbids if clause.effect is Effect.MAY_NOT else allows
            for kind in expand(clause.acts):
                table.setdefault(kind, []).append(clause)
    rules = [each for each in charter.clauses if isinstance(each, Rule)]
    offices = {office for each in charter.clauses if isinstance(each, (Rule, Ladder)) for office in each.offices}
    return Compiled(
        charter,
        MappingProxyType({kind: tuple(rules) for kind, rules in forbids.items()}),
        MappingProxyType({kind: tuple(rules) for kind, rules in allows.items()}),
        MappingProxyType({type(each): each for each in ordered(charter) if isinstance(each, _LOOKED_UP)}),
        MappingProxyType({each.precedence: each.minutes for each in ordered(charter) if isinstance(each, Answer)}),
        tuple(sorted(offices)),
        tuple(sorted({party for each in rules for party in each.parties})),
    )


def judge(charter: Compiled, standing: Standing, question: Asked, facts: Facts) -> Verdict:
    """The verdict on an act, and where it is refused, who could do it at this time."""
    verdict = decide(charter, standing, question, facts)
    if verdict.allowed or verdict.instead:
        return verdict
    return replace(verdict, instead=_could(charter, standing, question, facts))


def decide(charter: Compiled, standing: Standing, question: Asked, facts: Facts) -> Verdict:
    """The verdict alone."""
    for step in _STEPS:
        verdict = step(charter, standing, question, facts)
        if verdict is not None:
            return verdict
    return _default(charter, question, standing, facts)


def emergency(charter: Compiled, question: Asked) -> bool:
    """Whether this is a note of the emergency part."""
    ladder = charter.term(Ladder)
    if ladder is None or question.kind != "correspondence.note" or question.matter.precedence != "FLASH":
        return False
    return not ladder.offices or question.office in ladder.offices


# --- the steps, none of which a charter can change --------------------------------------------------

_Step = Callable[[Compiled, Standing, Asked, Facts], Verdict | None]


def _closed(_charter: Compiled, standing: Standing, _question: Asked, _facts: Facts) -> Verdict | None:
    if standing.rung is Rung.CLOSED:
        return Verdict(allowed=False, sentence="This line is closed: what was said on it stays, and nothing is added.")
    return None


def _assistant(_charter: Compiled, _standing: Standing, question: Asked, _facts: Facts) -> Verdict | None:
    if question.office.casefold().startswith(ASSISTANT):
        return Verdict(
            allowed=False, sentence="No assistant acts: it drafts, and a person acts.", instead="an office of persons"
        )
    return None


def _recalled(_charter: Compiled, standing: Standing, question: Asked, _facts: Facts) -> Verdict | None:
    if (question.author, question.office) in standing.recalled:
        return Verdict(
            allowed=False,
            sentence=f"Its own party has recalled the office “{question.office}” from this line.",
            instead="another office of the same party",
        )
    return None


def _barred(_charter: Compiled, standing: Standing, question: Asked, _facts: Facts) -> Verdict | None:
    if (question.author, question.office) in standing.barred:
        return Verdict(
            allowed=False,
            sentence=f"A party of this line has barred the office “{question.office}” of its author: the party keeps "
            "its seat and speaks through another.",
            instead="another office of the same party",
        )
    return None


def _ceiling(_charter: Compiled, _standing: Standing, question: Asked, facts: Facts) -> Verdict | None:
    label = question.matter.label
    if label is not None and label.above(facts.ceiling):
        return Verdict(
            allowed=False, sentence=f"{label.value} is above {facts.ceiling.value}, the ceiling of this line."
        )
    return None


def _emergency(charter: Compiled, _standing: Standing, question: Asked, _facts: Facts) -> Verdict | None:
    ladder = charter.term(Ladder)
    return Verdict(allowed=True, clause=ladder.id) if ladder and emergency(charter, question) else None


def _rung(charter: Compiled, standing: Standing, question: Asked, _facts: Facts) -> Verdict | None:
    kind = KINDS.get(question.kind, _UNKNOWN)
    if standing.rung.height <= kind.until.height:
        return None
    ladder = charter.term(Ladder)
    instead = ""
    if ladder and question.kind == "correspondence.note":
        instead = f"FLASH notes pass through {prose.listing(sorted(ladder.offices), 'or') or 'any office'}"
    return Verdict(
        allowed=False,
        clause=ladder.id if ladder else "",
        sentence=f"While the line is {standing.rung.value}, nobody may {kind.words}: "
        f"that passes up to the rung {kind.until.value}.",
        instead=instead,
    )


def _protected(_charter: Compiled, _standing: Standing, question: Asked, _facts: Facts) -> Verdict | None:
    return Verdict(allowed=True) if KINDS.get(question.kind, _UNKNOWN).protected else None


# --- the clauses ------------------------------------------------------------------------------------


def _terms(charter: Compiled, standing: Standing, question: Asked, facts: Facts) -> Verdict | None:
    matter = question.matter
    languages, decisions = charter.term(Languages), charter.term(Decisions)
    observers, leaving = charter.term(Observers), charter.term(Exit)
    broken: AnyClause | None = None
    if languages and not _spoken(languages, matter.languages, authentic=matter.authentic):
        broken = languages
    elif decisions and _undecided(decisions, question):
        broken = decisions
    elif observers and matter.role is Role.OBSERVER and matter.party not in standing.announced:
        broken = observers
    elif leaving and question.kind == "charter.remove" and matter.party not in standing.leaving:
        broken = leaving
    return _cite(broken, facts) if broken else None


def _spoken(clause: Languages, languages: tuple[str, ...], *, authentic: bool) -> bool:
    may = {each.casefold() for each in (clause.authentic if authentic else (*clause.working, *clause.authentic))}
    return all(language.casefold() in may for language in languages)


def _undecided(clause: Decisions, question: Asked) -> bool:
    matter = question.matter
    if matter.basis and matter.basis not in clause.bases:
        return True
    if question.kind == "silence.open":
        return "silence" not in clause.bases
    return question.kind == "ballot.open" and ("vote" not in clause.bases or matter.voting not in clause.voting)


def _rules(charter: Compiled, standing: Standing, question: Asked, facts: Facts) -> Verdict | None:
    rule = row(charter, standing, question, facts)
    if rule is None:
        return None
    return Verdict(allowed=True, clause=rule.id) if rule.effect is Effect.MAY else _cite(rule, facts)


def row(charter: Compiled, standing: Standing, question: Asked, facts: Facts) -> Rule | None:
    """The rule that decides: the first that forbids, else the first that allows, by id."""
    role = facts.role(question.author)
    for table in (charter.forbids, charter.allows):
        for rule in table.get(question.kind, ()):
            if _whom(rule, question, role) and _on(rule, standing, question, facts):
                return rule
    return None


_STEPS: tuple[_Step, ...] = (
    _closed,
    _assistant,
    _recalled,
    _ceiling,
    _emergency,
    _rung,
    _protected,
    _barred,
    _terms,
    _rules,
)


def _whom(rule: Rule, question: Asked, role: Role | None) -> bool:
    return (
        (not rule.roles or role in rule.roles)
        and (not rule.parties or question.author in rule.parties)
        and (not rule.offices or question.office in rule.offices)
    )


def _on(rule: Rule, standing: Standing, question: Asked, facts: Facts) -> bool:
    """Whether a rule speaks of such an act at such a time, whoever does it."""
    matter = question.matter
    label = matter.label or facts.ceiling  # unmarked is not public
    return (
        (not rule.forms or matter.form in rule.forms)
        and (not rule.precedences or matter.precedence in rule.precedences)
        and (not rule.topics or topic_of(matter.subject) in rule.topics)
        and (rule.up_to is None or not label.above(rule.up_to))
        and (rule.above is None or label.above(rule.above))
        and (not rule.phases or standing.phase in rule.phases)
        and (not rule.rungs or standing.rung in rule.rungs)
        and (Circumstance.ANSWER not in rule.circumstances or matter.answers)
        and (Circumstance.EXERCISE not in rule.circumstances or matter.exercise)
    )


def topic_of(subject: str) -> str:
    """The topic that a subject names: what stands before its first colon; empty where there is none."""
    topic, colon, _ = subject.partition(":")
    return topic.strip() if colon else ""


# --- what a refusal teaches -------------------------------------------------------------------------


def _cite(clause: AnyClause, facts: Facts) -> Verdict:
    words = prose.words(clause, names_of(facts))
    return Verdict(
        allowed=False, clause=clause.id, sentence=f"{clause.article} ({clause.id}): {words} Its reason: {clause.reason}"
    )


def names_of(facts: Facts) -> prose.Names:
    """What the parties of a line are called."""
    return {party: member.name for party, member in facts.members.items()}


def _default(charter: Compiled, question: Asked, standing: Standing, facts: Facts) -> Verdict:
    """No clause allows it: then say which come nearest."""
    near = charter.allows.get(question.kind, ())
    fitting = [rule for rule in near if _on(rule, standing, question, facts)]
    sentence = f"No clause of the charter allows it (to {KINDS.get(question.kind, _UNKNOWN).words})."
    if fitting:
        sentence += f" It is allowed to others: {_quote(fitting, facts)}"
    elif near:
        sentence += f" What is allowed of this kind: {_quote(near, facts)}"
    return Verdict(allowed=False, sentence=sentence)


def _quote(rules: Iterable[Rule], facts: Facts) -> str:
    quoted = (f"{rule.article} ({rule.id}): {prose.words(rule, names_of(facts))}" for rule in rules)
    return " ".join(islice(quoted, _MOST_QUOTED))


def _could(charter: Compiled, standing: Standing, question: Asked, facts: Facts) -> str:
    """Who could do exactly this now, by the engine itself: in the same office, or else through which one."""
    free = replace(standing, barred=frozenset(), recalled=frozenset())
    found = []
    for office in dict.fromkeys((question.office, *charter.offices)):
        whom = [
            words
            for words, party in _seats(charter, facts)
            if decide(charter, free, replace(question, author=party, office=office), facts).allowed
        ]
        if whom and office == question.office:
            return prose.listing(whom, "or")
        if whom:
            found.append(f"{prose.listing(whom, 'or')} through the office {office}")
    return "; ".join(found)


def _seats(charter: Compiled, facts: Facts) -> list[tuple[str, PartyId]]:
    """One party for each role, and each of those of which a clause speaks by name."""
    seats = []
    for role in Role:
        ordinary = [party for party, each in facts.members.items() if each.role is role and party not in charter.named]
        if ordinary:
            seats.append((prose.ROLES[role], min(ordinary)))
    return seats + [(facts.members[party].name, party) for party in charter.named if party in facts.members]
