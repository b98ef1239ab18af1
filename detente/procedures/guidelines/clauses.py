"""The clauses of a charter: what its parties agreed on about their line, as a table of typed rows.

    Rule        who may, or may not, do what, on what, when and under which condition
    Answer      how fast one answers, by precedence
    Languages   in which languages texts are laid, and in which they may be authentic
    Decisions   on what bases something is settled, by which rules of procedure, after how long a silence
    Observers   a party is admitted as an observer if, so long announced, no member objects
    Exit        how long before it leaves a party says so
    Ladder      who carries the emergency part of the line, and the notice of a suspension
    Amendment   whose acceptance changes the charter
    Promise     what the parties promise each other and no machine checks: retention, disclosure, assistants

Every clause has an id, the article under which people find it, and its reason.  A charter is a set: the order in which
its clauses stand means nothing, and its name is the hash of the clauses in the order of their ids.

An empty tuple in a rule means "any".  What no rule allows is not allowed, and what one rule forbids, no other allows.
KINDS says which acts there are to speak of.  It is part of version 1 of these rules: a charter that names another kind
is refused at every house alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.ground.identifiers import PartyId
from detente.wire import canonical


class Effect(Enum):
    """What a rule does.  A rule that forbids prevails over all that allow."""

    MAY = "may"
    MAY_NOT = "may not"


class Phase(Enum):
    """How relations are; later in this order is graver."""

    PEACE = "peace"
    AFTER = "after"  # a conflict is over, and not yet forgotten
    CRISIS = "crisis"
    CONFLICT = "conflict"

    @property
    def height(self) -> int:
        """The place in the order."""
        return _PHASES[self]


class Rung(Enum):
    """A step of the ladder (state machine L); later in this order, less passes."""

    OPEN = "open"
    DEGRADED = "degraded"  # somebody's means are impaired: expect delay
    RESTORED = "restored"  # after a rupture, by consent of all
    RESTRICTED = "restricted"  # talk goes on, nothing is put or concluded
    SUSPENDED = "suspended"  # the emergency part alone
    RUPTURED = "ruptured"  # the same, and it ends by consent alone
    CLOSED = "closed"  # nothing; the archives remain

    @property
    def height(self) -> int:
        """The place in the order."""
        return _RUNGS[self]


_PHASES = {each: place for place, each in enumerate(Phase)}
_RUNGS = {each: place for place, each in enumerate(Rung)}


class Circumstance(Enum):
    """What may be asked of an act besides what it is about."""

    ANSWER = "answer"
    EXERCISE = "exercise"


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="clause"):
    """What all clauses have."""

    id: str
    article: str
    reason: str


class Rule(Clause, frozen=True, tag="rule"):
    """One row: whoever fits `roles`, `parties` and `offices` may, or may not, do `acts`."""

    effect: Effect
    acts: tuple[str, ...]  # kinds, or "procedure.*"
    roles: tuple[Role, ...] = ()
    parties: tuple[PartyId, ...] = ()
    offices: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    precedences: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()  # what stands before the first colon of a subject
    up_to: Label | None = None  # of a rule that allows: no label above it
    above: Label | None = None  # of a rule that forbids: labels above it
    phases: tuple[Phase, ...] = ()
    rungs: tuple[Rung, ...] = ()
    circumstances: tuple[Circumstance, ...] = ()  # all of them


class Answer(Clause, frozen=True, tag="answer"):
    """A note of that precedence is acknowledged within so many minutes."""

    precedence: str
    minutes: int


class Languages(Clause, frozen=True, tag="languages"):
    """BCP 47 tags."""

    working: tuple[str, ...]
    authentic: tuple[str, ...]


class Decisions(Clause, frozen=True, tag="decisions"):
    """How something is settled."""

    bases: tuple[str, ...]
    voting: tuple[str, ...]  # rules of procedure, by the names of the ballot's presets
    silence_hours: int  # the shortest silence
    without_all: bool  # whether the chair may go on without a party that was not reached


class Observers(Clause, frozen=True, tag="observers"):
    """How long an observer's admission is announced before it, on a non-objection basis."""

    hours: int


class Exit(Clause, frozen=True, tag="exit"):
    """How many days before it leaves a party says so; nobody is removed without."""

    days: int


class Ladder(Clause, frozen=True, tag="ladder"):
    """The emergency part of the line, and how many hours before it begins a suspension is announced."""

    offices: tuple[str, ...]  # that carry the emergency part; empty: every office
    notice_hours: int


class Amendment(Clause, frozen=True, tag="amendment"):
    """At least `of` in `by` of the chair and members accept what is to replace the charter."""

    of: int
    by: int


class Promise(Clause, frozen=True, tag="promise"):
    """What no machine can check, in words."""

    words: str


AnyClause = Rule | Answer | Languages | Decisions | Observers | Exit | Ladder | Amendment | Promise


class Charter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A title and clauses."""

    title: str
    clauses: tuple[AnyClause, ...]


def ordered(charter: Charter) -> tuple[AnyClause, ...]:
    """The clauses in the one order in which they are judged, hashed and shown."""
    return tuple(sorted(charter.clauses, key=lambda each: each.id))


def name_of(charter: Charter) -> bytes:
    """The charter's name: a SHA-256 that does not depend on the order in which its clauses were written."""
    return canonical.digest(Charter(charter.title, ordered(charter)))


class Kind(NamedTuple):
    """A kind of act: what doing it is called, the last rung on which it passes, whether a charter can forbid it."""

    words: str
    until: Rung
    protected: bool = False


_ALWAYS = Rung.RUPTURED  # the last rung before a line is closed


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "correspondence.note": Kind("send notes", Rung.RESTRICTED),
        "correspondence.delivered": Kind("give receipts", _ALWAYS, protected=True),
        "correspondence.acknowledge": Kind("acknowledge notes", _ALWAYS, protected=True),
        "correspondence.take-note": Kind("take note", _ALWAYS, protected=True),
        "correspondence.return": Kind("return notes", Rung.RESTRICTED),
        "correspondence.supersede": Kind("replace their own notes", Rung.RESTRICTED),
        "correspondence.void": Kind("explain gaps in their numbers", Rung.RESTRICTED),
        "table.import": Kind("lay texts on the table", Rung.RESTORED),
        "table.modalities": Kind("say how a text is negotiated", Rung.RESTORED),
        "table.edit": Kind("propose words", Rung.RESTORED),
        "table.alternative": Kind("propose alternatives", Rung.RESTORED),
        "table.add-clause": Kind("propose clauses", Rung.RESTORED),
        "table.move-clause": Kind("propose other places for clauses", Rung.RESTORED),
        "table.withdraw": Kind("withdraw their proposals", Rung.RESTRICTED),
        "table.join": Kind("sponsor what others proposed", Rung.RESTORED),
        "table.leave": Kind("sponsor it no longer", Rung.RESTRICTED),
        "table.position": Kind("state positions", Rung.RESTRICTED),
        "table.note": Kind("put notes to a text", Rung.RESTRICTED),
        "table.translate": Kind("give versions in other languages", Rung.RESTORED),
        "table.accept": Kind("accept content", Rung.RESTORED),
        "table.reopen": Kind("take acceptances back", Rung.RESTRICTED),
        "table.package": Kind("offer packages", Rung.RESTORED),
        "table.take-packages": Kind("take packages", Rung.RESTORED),
        "table.chair-text": Kind("put a text that nobody sponsors", Rung.RESTORED),
        "table.settle": Kind("settle", Rung.RESTORED),
        "table.correct": Kind("remove stray brackets", Rung.RESTORED),
        "table.confirm": Kind("confirm what was inferred", Rung.RESTORED),
        "table.publish": Kind("make revisions", Rung.RESTORED),
        "table.grant": Kind("give leave to what came late", Rung.RESTORED),
        "table.refer": Kind("refer clauses to committees", Rung.RESTORED),
        "table.report": Kind("bring back what committees made", Rung.RESTORED),
        "silence.open": Kind("put something under silence", Rung.RESTORED),
        "silence.received": Kind("give receipts of silences", _ALWAYS, protected=True),
        "silence.object": Kind("object", _ALWAYS, protected=True),
        "silence.lift": Kind("lift their objections", _ALWAYS, protected=True),
        "silence.extend": Kind("extend silences", Rung.RESTORED),
        "silence.conclude": Kind("conclude silences", Rung.RESTORED),
        "silence.record": Kind("go on without those not reached", Rung.RESTORED),
        "silence.cancel": Kind("cancel silences", Rung.RESTRICTED),
        "silence.explain": Kind("explain positions on silences", Rung.RESTRICTED),
        "ballot.plan": Kind("rule on the order of votes", Rung.RESTORED),
        "ballot.open": Kind("put something to the vote", Rung.RESTORED),
        "ballot.cast": Kind("vote", Rung.RESTRICTED),
        "ballot.close": Kind("close votes", Rung.RESTORED),
        "ballot.again": Kind("put a second vote", Rung.RESTORED),
        "ballot.intend": Kind("say what they meant to vote", Rung.RESTRICTED),
        "ballot.explain": Kind("explain votes", Rung.RESTRICTED),
        "signature.adopt": Kind("adopt texts", Rung.RESTORED),
        "signature.sign": Kind("seal instruments", Rung.RESTORED),
        "signature.consent": Kind("consent to publication", Rung.RESTORED),
        "signature.published": Kind("report publication", Rung.RESTRICTED),
        "charter.admit": Kind("admit parties", _ALWAYS),
        "charter.remove": Kind("remove parties", _ALWAYS),
        "charter.rejoin": Kind("ask to be added anew", _ALWAYS, protected=True),
        "charter.incident": Kind("report incidents", _ALWAYS, protected=True),
        "guidelines.propose": Kind("propose another charter", _ALWAYS, protected=True),
        "guidelines.accept": Kind("accept another charter", _ALWAYS, protected=True),
        "guidelines.step": Kind("take a step on the ladder", _ALWAYS, protected=True),
        "guidelines.declare": Kind("declare a phase", _ALWAYS, protected=True),
        "guidelines.announce": Kind("announce observers", _ALWAYS, protected=True),
        "guidelines.object": Kind("object to observers", _ALWAYS, protected=True),
        "guidelines.leave": Kind("give notice that they leave", _ALWAYS, protected=True),
        "guidelines.bar": Kind("bar persons", _ALWAYS, protected=True),
    }
)
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "correspondence.*": "correspond in every way",
        "table.*": "do everything that is done with texts on the table",
        "silence.*": "do everything that a silence procedure needs",
        "ballot.*": "do everything that a vote needs",
        "signature.*": "adopt, seal and publish",
        "charter.*": "admit and remove parties",
    }
)
FORMS = ("note verbale", "aide-mémoire", "non-paper")
PRECEDENCES = ("FLASH", "IMMEDIATE", "PRIORITY", "ROUTINE")
BASES = ("consensus", "editorial", "accept", "silence", "vote")
VOTING = (
    "general-assembly",
    "important-question",
    "main-committee",
    "treaty-conference",
    "consent-of-all",
    "consensus",
)


def expand(acts: tuple[str, ...]) -> frozenset[str]:
    """The kinds that a rule speaks of.  A group never holds what no charter can forbid: that needs no leave."""
    found = {kind for kind in acts if kind in KINDS}
    for group in (each for each in acts if each in GROUPS):
        found.update(kind for kind, about in KINDS.items() if kind.startswith(group[:-1]) and not about.protected)
    return frozenset(found)
