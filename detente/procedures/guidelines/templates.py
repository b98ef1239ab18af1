"""Four charters to begin from, as data.  docs/specs/charters.md prints them as they read; a test holds it to that.

    bilateral-hotline       two States that want to be able to reach each other, and nothing else
    allied-group            States that work together, with guests
    multilateral-conference a conference that votes where it must
    ceasefire               two sides and a mission that verifies

Each is a beginning: parties copy one, change what does not suit them, and accept the result, never the template.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.procedures.guidelines.clauses import (
    Amendment,
    Answer,
    Charter,
    Circumstance,
    Decisions,
    Effect,
    Exit,
    Ladder,
    Languages,
    Observers,
    Phase,
    Promise,
    Rule,
    Rung,
)

_MAY, _MAY_NOT = Effect.MAY, Effect.MAY_NOT
_SEATED = (Role.CHAIR, Role.MEMBER)
_PAPERS = ("correspondence.return", "correspondence.supersede", "correspondence.void")
_URGENT = ("FLASH", "IMMEDIATE")
_ORDINARY = ("PRIORITY", "ROUTINE")

HOTLINE = Charter(
    "Hotline between two States",
    (
        Rule("notes.ordinary", "Article 1", "A line that is used in quiet times works in others.",
             _MAY, ("correspondence.note",), roles=_SEATED, precedences=_ORDINARY),
        Rule("notes.urgent", "Article 1", "Whoever is woken at night must know who can wake them.",
             _MAY, ("correspondence.note",), roles=_SEATED, offices=("duty-officer", "head-of-mission"),
             precedences=_URGENT),
        Rule("notes.papers", "Article 1", "Every paper can be returned, and its number explained.",
             _MAY, _PAPERS, roles=_SEATED),
        Rule("notes.unsigned", "Article 2", "An urgent word is one that its author answers for.",
             _MAY_NOT, ("correspondence.note",), forms=("non-paper",), precedences=_URGENT),
        Rule("notes.drills", "Article 2", "In a conflict nobody should have to ask whether it is a drill.",
             _MAY_NOT, ("correspondence.note",), phases=(Phase.CRISIS, Phase.CONFLICT),
             circumstances=(Circumstance.EXERCISE,)),
        Rule("members", "Article 3", "The line is between two; who else joins is for both to agree by amendment.",
             _MAY, ("charter.remove",), roles=(Role.CHAIR,)),
        Answer("answers.flash", "Article 4", "A hotline is as good as its slowest night.", "FLASH", 10),
        Answer("answers.immediate", "Article 4", "So that urgency keeps its meaning.", "IMMEDIATE", 30),
        Answer("answers.priority", "Article 4", "So that urgency keeps its meaning.", "PRIORITY", 180),
        Answer("answers.routine", "Article 4", "One day, so that nobody needs urgency to be heard.", "ROUTINE", 1440),
        Ladder("ladder", "Article 5", "A door may close; the bell stays.", ("duty-officer", "head-of-mission"), 24),
        Exit("exit", "Article 6", "Time to put something else in its place.", 90),
        Amendment("amendment", "Article 7", "Two parties, two consents.", 1, 1),
        Promise("assistants", "Article 8", "Speed must not take the place of judgement.",
                "What leaves this line was read by a person of the sending party, and no assistant answers for one."),
    ),
)  # fmt: skip

ALLIES = Charter(
    "Allied group",
    (
        Rule("notes", "Article 1", "Those who sit here write to each other as they need.",
             _MAY, ("correspondence.*",), roles=_SEATED),
        Rule("notes.guests", "Article 1", "Guests speak, in papers that bind nobody.",
             _MAY, ("correspondence.note",), roles=(Role.OBSERVER,), forms=("aide-mémoire", "non-paper"),
             precedences=_ORDINARY, up_to=Label.UNCLASSIFIED),
        Rule("notes.papers", "Article 1", "Every paper can be returned, and its number explained.",
             _MAY, _PAPERS, roles=(Role.OBSERVER,)),
        Rule("guests.conflict", "Article 2", "In a conflict the group speaks among itself.",
             _MAY_NOT, ("correspondence.note",), roles=(Role.OBSERVER,), phases=(Phase.CONFLICT,)),
        Rule("table", "Article 3", "Texts are worked on by those who will be bound.",
             _MAY, ("table.*", "signature.*"), roles=_SEATED),
        Rule("silence", "Article 3", "The usual way to decide among allies.", _MAY, ("silence.*",), roles=_SEATED),
        Rule("members", "Article 4", "One house keeps the list.",
             _MAY, ("charter.admit", "charter.remove"), roles=(Role.CHAIR,)),
        Decisions("decisions", "Article 3", "Nobody is outvoted among allies.",
                  ("consensus", "editorial", "accept", "silence"), (), 24, without_all=False),
        Observers("observers", "Article 4", "A guest of one is a guest of all.", 72),
        Languages("languages", "Article 5", "Two languages that all houses read.", ("en", "fr"), ("en", "fr")),
        Answer("answers.flash", "Article 6", "An ally in need is answered at once.", "FLASH", 10),
        Answer("answers.immediate", "Article 6", "So that urgency keeps its meaning.", "IMMEDIATE", 60),
        Ladder("ladder", "Article 7", "Also among allies a door may close; the bell stays.", (), 72),
        Exit("exit", "Article 8", "One year to hand over what is shared.", 365),
        Amendment("amendment", "Article 9", "What all live by, all accept.", 1, 1),
        Promise("retention", "Article 10", "What is shared in confidence stays where it was shared.",
                "Each party keeps what others said here for ten years and discloses it with their consent alone."),
    ),
)  # fmt: skip

CONFERENCE = Charter(
    "Multilateral conference",
    (
        Rule("notes", "Rule 1", "Delegations write to each other.", _MAY, ("correspondence.*",), roles=_SEATED),
        Rule("notes.observers", "Rule 2", "Observers make themselves heard in the open.",
             _MAY, ("correspondence.note", *_PAPERS), roles=(Role.OBSERVER,)),
        Rule("observers.label", "Rule 2", "What an observer says, all may repeat.",
             _MAY_NOT, ("correspondence.note",), roles=(Role.OBSERVER,), above=Label.UNCLASSIFIED),
        Rule("observers.urgent", "Rule 2", "Urgency is for those who decide; the bell is everybody's.",
             _MAY_NOT, ("correspondence.note",), roles=(Role.OBSERVER,), precedences=("IMMEDIATE",)),
        Rule("table", "Rule 3", "Every delegation works on the text.", _MAY, ("table.*",), roles=_SEATED),
        Rule("votes", "Rule 4", "Every delegation decides.", _MAY, ("silence.*", "ballot.*"), roles=_SEATED),
        Rule("signing", "Rule 5", "What is adopted is sealed by those who will be bound.",
             _MAY, ("signature.*",), roles=_SEATED),
        Rule("signing.conflict", "Rule 5", "Nothing is concluded under the threat of arms.",
             _MAY_NOT, ("signature.adopt", "signature.sign"), phases=(Phase.CONFLICT,)),
        Rule("members", "Rule 6", "The chair carries out what was decided on admission.",
             _MAY, ("charter.admit", "charter.remove"), roles=(Role.CHAIR,)),
        Decisions("decisions", "Rule 4", "Consensus is sought first, and a conference can still end.",
                  ("consensus", "editorial", "accept", "silence", "vote"), ("consensus", "treaty-conference"), 72,
                  without_all=False),
        Observers("observers", "Rule 6", "Nobody watches against the will of a delegation.", 168),
        Languages("languages", "Rule 7", "The six languages of the United Nations.",
                  ("ar", "en", "es", "fr", "ru", "zh"), ("ar", "en", "es", "fr", "ru", "zh")),
        Answer("answers.priority", "Rule 8", "A day, wherever the delegation sits.", "PRIORITY", 1440),
        Ladder("ladder", "Rule 9", "Whoever leaves the room can still be reached.", (), 168),
        Exit("exit", "Rule 10", "Nobody is expelled from a conference; who wants to go, goes.", 0),
        Amendment("amendment", "Rule 11", "Rules of procedure are changed by two thirds.", 2, 3),
        Promise("disclosure", "Rule 12", "The world may know what was concluded.",
                "Conclusions are published, and what led to them is kept by each delegation as it sees fit."),
    ),
)  # fmt: skip

CEASEFIRE = Charter(
    "Ceasefire with verification",
    (
        Rule("notes.sides", "Point 1", "The sides speak about what keeps the fire ceased.",
             _MAY, ("correspondence.note",), roles=_SEATED, topics=("access", "incident", "release", "withdrawal")),
        Rule("notes.liaison", "Point 1", "Liaison officers speak about anything, at any hour.",
             _MAY, ("correspondence.note",), roles=_SEATED, offices=("liaison",)),
        Rule("notes.mission", "Point 2", "The mission reports what it saw and asks for access.",
             _MAY, ("correspondence.note",), roles=(Role.OBSERVER,), offices=("mission",),
             forms=("aide-mémoire", "note verbale"), topics=("access", "incident")),
        Rule("notes.papers", "Point 1", "Every paper can be returned, and its number explained.", _MAY, _PAPERS),
        Rule("notes.unsigned", "Point 2", "A report that nobody signs feeds rumours.",
             _MAY_NOT, ("correspondence.note",), forms=("non-paper",), topics=("incident",)),
        Rule("notes.drills", "Point 3", "Nobody drills along a line of contact.",
             _MAY_NOT, ("correspondence.note",), circumstances=(Circumstance.EXERCISE,)),
        Rule("table", "Point 4", "Arrangements are drafted together.",
             _MAY, ("table.*", "signature.*"), roles=_SEATED),
        Rule("table.fighting", "Point 4", "While there is fighting, one stops it first.",
             _MAY_NOT, ("signature.adopt", "signature.sign", "table.settle"), phases=(Phase.CONFLICT,)),
        Rule("table.impaired", "Point 4", "Nothing is settled with a side that may not be reached.",
             _MAY_NOT, ("table.settle",), rungs=(Rung.DEGRADED,)),
        Rule("members", "Point 5", "The list is kept by one side, and its entries are announced.",
             _MAY, ("charter.admit",), roles=(Role.CHAIR,)),
        Decisions("decisions", "Point 4", "Silence means nothing where lines are cut.",
                  ("accept", "consensus"), (), 72, without_all=False),
        Observers("observers", "Point 5", "A mission works where both sides bear it.", 24),
        Answer("answers.flash", "Point 6", "Fire spreads faster than letters.", "FLASH", 10),
        Answer("answers.immediate", "Point 6", "An incident is looked at on the same day.", "IMMEDIATE", 60),
        Ladder("ladder", "Point 7", "Liaison and mission are heard to the last.", ("liaison", "mission"), 72),
        Amendment("amendment", "Point 8", "Neither side changes the rules alone.", 1, 1),
        Promise("records", "Point 9", "Who verifies must be able to look back.",
                "Reports of incidents are kept for as long as the ceasefire lasts, and shown to both sides alike."),
    ),
)  # fmt: skip

TEMPLATES: Mapping[str, Charter] = MappingProxyType(
    {
        "bilateral-hotline": HOTLINE,
        "allied-group": ALLIES,
        "multilateral-conference": CONFERENCE,
        "ceasefire": CEASEFIRE,
    }
)
