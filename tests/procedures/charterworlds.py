"""Charters, questions and lines for the tests of the guidelines."""

import random
from dataclasses import replace

from lineup import ARVENIA, BELMORA, CORVALIS, DORANE, FACTS, STRANGER, Room

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.acts.matter import Matter
from detente.acts.procedure import Asked
from detente.ground.instants import Instant
from detente.procedures.guidelines.acts import Accept, Propose
from detente.procedures.guidelines.clauses import (
    BASES,
    FORMS,
    KINDS,
    PRECEDENCES,
    VOTING,
    Amendment,
    Charter,
    Effect,
    Ladder,
    Phase,
    Rule,
    Rung,
    name_of,
)
from detente.procedures.guidelines.engine import Standing
from detente.procedures.guidelines.rules import PROCEDURE

HOUR = 60 * 60 * 1000
SEATED = (Role.CHAIR, Role.MEMBER)
WHO = {"chair": ARVENIA, "member": BELMORA, "observer": DORANE}
OFFICES = ("duty-officer", "head-of-mission", "liaison", "mission", "registry", "assistant", "Assistant-2")
TOPICS = ("", "access", "incident", "release", "withdrawal", "weather")
KNOWING = replace(FACTS, rules={"charter": 1, "guidelines": 1})  # a line whose founding act names these rules


def rule(name, effect=Effect.MAY, acts=("correspondence.note",), **limits):
    return Rule(name, f"Article {name}", "So that there is a reason.", effect, acts, **limits)


def amendment(of=1, by=1, name="amendment"):
    return Amendment(name, "Article 98", "Nothing is for ever.", of, by)


def ladder(offices=("duty-officer",), hours=24):
    return Ladder("ladder", "Article 99", "A door may close; the bell stays.", offices, hours)


def charter(*clauses, title="A small charter"):
    return Charter(title, (*clauses, amendment()))


OPEN_TO_ALL = charter(rule("notes", acts=("correspondence.*",)), rule("table", acts=("table.*",)), ladder())


def room(agreed=OPEN_TO_ALL, facts=KNOWING):
    """A line on which that charter is in force."""
    made = Room(PROCEDURE, facts)
    if agreed is not None:
        adopt(made, agreed)
    return made


def propose(made, agreed, author=ARVENIA):
    return made.say(author, Propose(agreed, made.state.name))


def adopt(made, agreed):
    proposal = propose(made, agreed)
    for party in (ARVENIA, BELMORA, CORVALIS):
        if proposal in made.state.proposals:
            made.say(party, Accept(proposal, name_of(agreed)))
    assert made.state.name == name_of(agreed)


def ask(made, author, kind="correspondence.note", office="registry", **matter):
    """What the guard says of such an act at this place of the log."""
    about = Matter(**{"label": Label.UNCLASSIFIED, "form": "note verbale", "precedence": "ROUTINE", **matter})
    return PROCEDURE.guard(made.state, made.facts, Asked(author, office, made.now, kind, about))


def random_act(draw: random.Random):
    """An act as plain words, in everything that a template may ask about."""
    kind = draw.choice([*KINDS, *["correspondence.note"] * len(KINDS)])
    note = kind == "correspondence.note"
    talk = ("table.import", "table.translate", "table.modalities")
    return {
        "kind": kind,
        "role": draw.choice(list(WHO)),
        "office": draw.choice(OFFICES),
        "form": draw.choice(FORMS) if note else "",
        "precedence": draw.choice(PRECEDENCES) if note else "",
        "label": draw.choice(list(Label)[:4]).value if note else "",
        "topic": draw.choice(TOPICS) if note else "",
        "exercise": note and draw.random() < 0.2,
        "languages": [draw.choice(("en", "fr", "ru", "xx"))] if kind in talk else [],
        "authentic": kind == "table.modalities",
        "basis": draw.choice(BASES) if kind in ("table.settle", "table.take-packages") else "",
        "voting": draw.choice(("", *VOTING)) if kind == "ballot.open" else "",
        "admits": draw.choice(("member", "observer")) if kind == "charter.admit" else "",
        "announced": draw.random() < 0.5,
        "notice_over": draw.random() < 0.5,
        "barred": draw.random() < 0.1,
        "rung": draw.choice([*Rung, *[Rung.OPEN] * 6]).value,
        "phase": draw.choice(list(Phase)).value,
    }


def question(act):
    """The same act as the engine is asked: (standing, question)."""
    author = WHO[act["role"]]
    other = STRANGER if act["kind"] == "charter.admit" else BELMORA if act["kind"] == "charter.remove" else ""
    matter = Matter(
        form=act["form"],
        precedence=act["precedence"],
        label=Label(act["label"]) if act["label"] else None,
        subject=f"{act['topic']}: of today" if act["topic"] else "Of today",
        exercise=act["exercise"],
        languages=tuple(act["languages"]),
        authentic=act["authentic"],
        basis=act["basis"],
        voting=act["voting"],
        party=other,
        role=Role(act["admits"]) if act["admits"] else None,
    )
    standing = Standing(
        rung=Rung(act["rung"]),
        phase=Phase(act["phase"]),
        barred=frozenset({(author, act["office"])} if act["barred"] else ()),
        announced=frozenset({other} if act["announced"] else ()),
        leaving=frozenset({other} if act["notice_over"] else ()),
    )
    return standing, Asked(author, act["office"], Instant(0), act["kind"], matter)
