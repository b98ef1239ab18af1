"""What changed for me?  Two charters compared: clause by clause, and by what each seat may do under either.

Comparing words says what was written; asking the engine says what it amounts to.  So every seat is asked the same
questions under both charters, over everything that one of them can tell apart: each kind of act, and of notes each
form, precedence, label and topic that a clause names and one that none does, in each phase and on each rung named.
Terms (times, languages, notice) have no such questions and are compared as clauses.

An asymmetry is a question that two parties with a voice are answered differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from detente.acts.facts import Facts, Role
from detente.acts.labels import Label
from detente.acts.matter import Matter
from detente.acts.procedure import Asked
from detente.ground.errors import Refused
from detente.ground.identifiers import PartyId
from detente.ground.instants import Instant
from detente.procedures.guidelines import prose
from detente.procedures.guidelines.clauses import (
    FORMS,
    KINDS,
    PRECEDENCES,
    AnyClause,
    Charter,
    Circumstance,
    Effect,
    Phase,
    Rung,
    ordered,
)
from detente.procedures.guidelines.engine import Compiled, Standing, emergency, row

_NOTE = "correspondence.note"
MOST_CASES = 40_000  # of one kind of act
_OPTIONAL = tuple(kind for kind, about in KINDS.items() if not about.protected)
_DIMENSIONS = ("form", "precedence", "label", "topic", "phase", "rung", "exercise", "answer")
Case = tuple[str, ...]  # one value for each dimension; empty where it does not matter


@dataclass(frozen=True)
class Changed:
    """A clause that is in one charter only, or reads otherwise; `before` or `after` empty."""

    clause: str
    article: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class Difference:
    """What a seat may do now and could not, or no longer; `when` names the cases, or is empty: always."""

    kind: str
    now: bool
    sentence: str


@dataclass(frozen=True)
class Asymmetry:
    """Of this kind of act the parties may not do the same."""

    kind: str
    words: str
    more: tuple[str, ...]  # who may in more cases
    fewer: tuple[str, ...]


def clauses(old: Charter | None, new: Charter, names: prose.Names) -> tuple[Changed, ...]:
    """Clause by clause, in the order of ids."""
    before = {each.id: each for each in ordered(old)} if old else {}
    after = {each.id: each for each in ordered(new)}
    return tuple(
        _changed(before.get(name), after.get(name), names)
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def _changed(before: AnyClause | None, after: AnyClause | None, names: prose.Names) -> Changed:
    known = after or before
    if known is None:
        raise ValueError("A change is of a clause of one charter or the other.")
    return Changed(
        known.id,
        known.article,
        prose.words(before, names) if before else "",
        prose.words(after, names) if after else "",
        known.reason,
    )


def for_seat(old: Compiled | None, new: Compiled, facts: Facts, party: PartyId, office: str) -> tuple[Difference, ...]:
    """What changes for one office of one party; without an old charter everything was allowed by the founding act."""
    found: list[Difference] = []
    seat = (party, office)
    for kind in _OPTIONAL:
        cases = _cases(kind, (old, new))
        could = {case for case in cases if old is None or _may(old, facts, seat, kind, case)}
        can = {case for case in cases if _may(new, facts, seat, kind, case)}
        found += _differences(kind, len(cases), can - could, now=True)
        found += _differences(kind, len(cases), could - can, now=False)
    return tuple(found)


def _differences(kind: str, whole: int, cases: set[Case], *, now: bool) -> Iterator[Difference]:
    if cases:
        may = "may now" if now else "may no longer"
        limits = "" if len(cases) == whole else f" {_limits(cases)}"
        yield Difference(kind, now, f"You {may} {KINDS[kind].words}{limits}.")


def _limits(cases: set[Case]) -> str:
    """The values that occur in each dimension in which not all do; “in part” where they do not all go together."""
    seen = [sorted({case[place] for case in cases}) for place in range(len(_DIMENSIONS))]
    named = [(name, values) for name, values in zip(_DIMENSIONS, seen, strict=True) if values != [""]]
    size = 1
    for _, values in named:
        size *= len(values)
    words = "; ".join(f"{name}: {', '.join(value or 'any other' for value in values)}" for name, values in named)
    return f"in these cases ({words})" if size == len(cases) else f"in part of these cases ({words})"


def asymmetries(charter: Compiled, facts: Facts, office: str) -> tuple[Asymmetry, ...]:
    """Where the chair and the members, each through an office of that name, are not answered alike."""
    voiced = [party for party, each in facts.members.items() if each.role is not Role.OBSERVER]
    alike: dict[tuple[Role | None, str], list[PartyId]] = {}
    for party in voiced:
        alike.setdefault((facts.role(party), party if party in charter.named else ""), []).append(party)
    found: list[Asymmetry] = []
    for kind in _OPTIONAL:
        cases = _cases(kind, (charter,))
        may = [({case for case in cases if _may(charter, facts, (group[0], office), kind, case)}, group)
               for group in alike.values()]  # fmt: skip
        whole: set[Case] = set().union(*(own for own, _ in may))
        fewer = {party for own, group in may if own != whole for party in group}
        if fewer:
            sides = [
                tuple(facts.members[each].name for each in voiced if (each in fewer) is less) for less in (False, True)
            ]
            found.append(Asymmetry(kind, KINDS[kind].words, *sides))
    return tuple(found)


def _cases(kind: str, charters: Iterable[Compiled | None]) -> list[Case]:
    """Everything that a clause of one of the charters tells apart about acts of that kind; `Refused` if too much."""
    rules = [
        rule
        for charter in charters
        if charter
        for table in (charter.forbids, charter.allows)
        for rule in table.get(kind, ())
    ]
    values = (
        _named(FORMS, asked=any(rule.forms for rule in rules)),
        _named(PRECEDENCES, asked=kind == _NOTE),  # the emergency part knows FLASH, whatever the rules name
        _named([each.value for each in Label], asked=any(rule.up_to or rule.above for rule in rules)),
        ("", *sorted({topic for rule in rules for topic in rule.topics})),
        _named([each.value for each in Phase], asked=any(rule.phases for rule in rules)),
        _named([each.value for each in Rung][:-1], asked=any(rule.rungs for rule in rules)),
        _named(("", "yes"), asked=any(Circumstance.EXERCISE in rule.circumstances for rule in rules)),
        _named(("", "yes"), asked=any(Circumstance.ANSWER in rule.circumstances for rule in rules)),
    )
    if prod(map(len, values)) > MOST_CASES:
        raise Refused(
            "These charters tell more cases apart than are compared here: read them clause by clause.",
            rule="guidelines.cases",
        )
    return list(product(*values))


def _named(values: Sequence[str], *, asked: bool) -> Sequence[str]:
    return values if asked else ("",)


def _may(charter: Compiled, facts: Facts, seat: tuple[PartyId, str], kind: str, case: Case) -> bool:
    form, precedence, label, topic, phase, rung, exercise, answer = case
    matter = Matter(
        form=form,
        precedence=precedence,
        label=Label(label) if label else None,
        subject=f"{topic}: " if topic else "",
        exercise=bool(exercise),
        answers=bool(answer),
    )
    if matter.label and matter.label.above(facts.ceiling):
        return False
    standing = Standing(Rung(rung) if rung else Rung.OPEN, Phase(phase) if phase else Phase.PEACE)
    question = Asked(*seat, Instant(0), kind, matter)
    if emergency(charter, question):
        return True
    rule = row(charter, standing, question, facts)
    return standing.rung.height <= KINDS[kind].until.height and rule is not None and rule.effect is Effect.MAY
