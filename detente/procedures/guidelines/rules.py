"""The rules of the guidelines, each with the name that its refusal bears; those of a charter are in `sound`.

guidelines.party     the chair and members propose, accept, step, declare, announce and object;
                     observers leave, and accept
guidelines.base      a proposal replaces the charter in force (`Stale`): what was proposed against another lapses
guidelines.target    there is such a proposal, such a party, such an announcement
guidelines.name      who accepts names the hash of what it accepts (`Stale`)
guidelines.once      each party accepts a proposal once, and has one in its name at a time
guidelines.ladder    without a charter that has one, a line has no ladder; the table MOVES
guidelines.own       nobody lifts a bar that another party set, or sets one twice
guidelines.words     reasons can be read and are of bounded length; none is ever owed

The ladder.  Every party stands on a rung of its own, and the line on the highest of them: so one party's step back does
not undo another's, and the order in which they step changes nothing.  A suspension begins when its notice is over, by
the log's time.  A rupture ends by consent of all, in a line that is restored or one that is closed.

What is accepted replaces the whole charter in force, once enough have accepted it by the amendment rule of the charter
that it replaces.  The first is accepted by the chair and all members; by observers too, on a line whose founding act
does not name these rules, since a house that cannot read them would be bound by what it does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from detente.acts.act import Body, Verified
from detente.acts.facts import Facts, Role
from detente.acts.procedure import Asked, Procedure
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import ActId, PartyId
from detente.ground.instants import Instant
from detente.ground.maps import put
from detente.procedures.guidelines import sound
from detente.procedures.guidelines.acts import (
    BODIES,
    Accept,
    Announce,
    Bar,
    Declare,
    Leave,
    Object,
    Propose,
    Step,
)
from detente.procedures.guidelines.clauses import (
    Amendment,
    Charter,
    Decisions,
    Exit,
    Ladder,
    Observers,
    Phase,
    Rung,
    name_of,
)
from detente.procedures.guidelines.engine import Compiled, Standing, Verdict, compiled, judge
from detente.wire import canonical
from detente.wire import text as safety

NAME = "guidelines"
VERSION = 1
LONGEST_WORDS = 2_000  # characters of a reason
MOST_BARRED = 1_000  # offices on one line
MOST_ANNOUNCED = 500
_HOUR = 60 * 60 * 1000  # milliseconds
_DECIDERS = (Role.CHAIR, Role.MEMBER)
_ANYWHERE = frozenset({Rung.OPEN, Rung.DEGRADED, Rung.RESTRICTED, Rung.SUSPENDED, Rung.RUPTURED})
MOVES: Mapping[Rung, frozenset[Rung]] = MappingProxyType(
    {
        Rung.OPEN: _ANYWHERE - {Rung.OPEN},
        Rung.DEGRADED: _ANYWHERE,
        Rung.RESTORED: _ANYWHERE,
        Rung.RESTRICTED: _ANYWHERE,
        Rung.SUSPENDED: _ANYWHERE,
        Rung.RUPTURED: frozenset({Rung.RESTORED, Rung.CLOSED}),  # both by consent of all
        Rung.CLOSED: frozenset(),
    }
)


@dataclass(frozen=True)
class Stood:
    """A party's own rung, and from when it holds by the log's time."""

    rung: Rung
    at: Instant
    begins: Instant
    reason: str


@dataclass(frozen=True)
class Proposal:
    """A charter that somebody proposed, and who accepted it."""

    id: ActId
    by: PartyId
    at: Instant
    charter: Charter
    name: bytes
    accepted: tuple[PartyId, ...] = ()


@dataclass(frozen=True)
class InForce:
    """A charter from when on it was in force; the last one is."""

    proposal: ActId
    name: bytes
    at: Instant
    rules: Compiled
    accepted: tuple[PartyId, ...]


@dataclass(frozen=True)
class Announcement:
    """A party that is to be an observer, and who objects."""

    at: Instant
    by: PartyId
    objections: tuple[PartyId, ...] = ()


@dataclass(frozen=True)
class Barred:
    """An office that is not received here."""

    party: PartyId
    office: str
    by: PartyId
    at: Instant


@dataclass(frozen=True)
class State:
    """What the parties agreed on, and where each stands."""

    history: tuple[InForce, ...] = ()
    proposals: Mapping[ActId, Proposal] = field(default_factory=lambda: MappingProxyType({}))
    stood: Mapping[PartyId, Stood] = field(default_factory=lambda: MappingProxyType({}))
    consents: Mapping[PartyId, Rung] = field(default_factory=lambda: MappingProxyType({}))
    base: Rung = Rung.OPEN  # restored or closed, once all consented to that
    phases: Mapping[PartyId, Phase] = field(default_factory=lambda: MappingProxyType({}))
    announced: Mapping[PartyId, Announcement] = field(default_factory=lambda: MappingProxyType({}))
    leaving: Mapping[PartyId, Instant] = field(default_factory=lambda: MappingProxyType({}))
    barred: tuple[Barred, ...] = ()

    @property
    def charter(self) -> Compiled | None:
        """The charter in force; None where there is the founding act alone."""
        return self.history[-1].rules if self.history else None

    @property
    def name(self) -> bytes:
        """The hash of the charter in force; empty where there is none."""
        return self.history[-1].name if self.history else b""


def deciders(facts: Facts) -> tuple[PartyId, ...]:
    """The chair and the members."""
    return tuple(party for party, each in facts.members.items() if each.role in _DECIDERS)


def rung_at(state: State, facts: Facts, at: Instant) -> Rung:
    """The rung on which the line stands at that time of its log."""
    if state.base is Rung.CLOSED or state.charter is None or state.charter.term(Ladder) is None:
        return Rung.CLOSED if state.base is Rung.CLOSED else Rung.OPEN
    stood = [each.rung for party, each in state.stood.items() if party in facts.members and each.begins <= at]
    return max((state.base, *stood), key=lambda each: each.height)


def phase_of(state: State, facts: Facts) -> Phase:
    """The gravest phase that one of the parties declares."""
    declared = (each for party, each in state.phases.items() if party in facts.members)
    return max(declared, key=lambda each: each.height, default=Phase.PEACE)


def standing_at(state: State, facts: Facts, at: Instant) -> Standing:
    """How the line stands at that time of its log."""
    charter = state.charter
    observers = charter.term(Observers) if charter else None
    leaving = charter.term(Exit) if charter else None
    wait = observers.hours * _HOUR if observers else 0
    notice = leaving.days * 24 * _HOUR if leaving else 0
    return Standing(
        rung=rung_at(state, facts, at),
        phase=phase_of(state, facts),
        barred=frozenset((each.party, each.office) for each in state.barred if each.by != each.party),
        recalled=frozenset((each.party, each.office) for each in state.barred if each.by == each.party),
        announced=frozenset(
            party for party, each in state.announced.items() if not _against(each, facts) and each.at + wait <= at
        ),
        leaving=frozenset(party for party, said in state.leaving.items() if said + notice <= at),
    )


def _against(each: Announcement, facts: Facts) -> tuple[PartyId, ...]:
    return tuple(party for party in each.objections if facts.role(party) in _DECIDERS)


def verdict_on(state: State, facts: Facts, question: Asked) -> Verdict:
    """What the charter in force says of an act at that time; without one, that it says nothing."""
    if state.charter is None:
        return Verdict(allowed=True)
    return judge(state.charter, standing_at(state, facts, question.at), question, facts)


def guard(state: State, facts: Facts, question: Asked) -> Refused | None:
    """What the charter in force has against an act; the words are the clause's own."""
    verdict = verdict_on(state, facts, question)
    if verdict.allowed:
        return None
    instead = f" It could be done by {verdict.instead}." if verdict.instead else ""
    return Refused(f"{verdict.sentence}{instead}", rule=f"charter/{verdict.clause}" if verdict.clause else "charter")


# --- the acts ---------------------------------------------------------------------------------------


def admit(state: State, facts: Facts, act: Verified) -> State | Refused:
    """The state after `act`, or why it is refused."""
    body = act.body
    if facts.role(act.author) not in _DECIDERS and not isinstance(body, (Accept, Leave)):
        return Refused("Only the chair and members decide on the charter and on its ladder.", rule="guidelines.party")
    for kind, does in _ACTS.items():
        if isinstance(body, kind):
            return _unreadable(body) or does(state, facts, act, body)
    return Refused("This is no act of the guidelines.", rule="guidelines.kind")


def _unreadable(body: Body) -> Refused | None:
    reason = getattr(body, "reason", "")
    try:
        safety.check_text(reason)
    except Malformed as error:
        return Refused(error.sentence, rule="guidelines.words")
    if len(reason) > LONGEST_WORDS:
        return Refused(f"A reason has {LONGEST_WORDS} characters at most.", rule="guidelines.words")
    return None


def _propose(state: State, facts: Facts, act: Verified, body: Propose) -> State | Refused:
    if body.replaces != state.name:
        return Stale("What this would replace is not the charter in force.", rule="guidelines.base")
    refusal = sound.check(body.charter)
    if refusal:
        return refusal
    name = name_of(body.charter)
    if name == state.name:
        return Refused("That charter is in force already.", rule="guidelines.once")
    kept = {key: each for key, each in state.proposals.items() if each.by != act.author and each.by in facts.members}
    proposal = Proposal(act.id, act.author, act.at, body.charter, name)
    return replace(state, proposals=MappingProxyType({**kept, act.id: proposal}))


def _accept(state: State, facts: Facts, act: Verified, body: Accept) -> State | Refused:
    proposal = state.proposals.get(body.proposal)
    if proposal is None:
        return Refused("There is no such proposal of a charter, or it has lapsed.", rule="guidelines.target")
    if body.name != proposal.name:
        return Stale("What is accepted is not what was proposed.", rule="guidelines.name")
    if act.author in proposal.accepted:
        return Refused("This party has accepted that charter already.", rule="guidelines.once")
    proposal = replace(proposal, accepted=(*proposal.accepted, act.author))
    if not _carried(state, facts, proposal):
        return replace(state, proposals=put(state.proposals, proposal.id, proposal))
    entered = InForce(proposal.id, proposal.name, act.at, compiled(proposal.charter), proposal.accepted)
    return replace(state, history=(*state.history, entered), proposals=MappingProxyType({}))


def _carried(state: State, facts: Facts, proposal: Proposal) -> bool:
    """Whether enough of those who are here now have accepted it."""
    whole = deciders(facts)
    if state.charter is None and NAME not in facts.rules:
        return set(proposal.accepted) >= set(facts.members)
    accepted = sum(party in proposal.accepted for party in whole)
    rule = state.charter.term(Amendment) if state.charter else None
    of, by = (rule.of, rule.by) if rule else (1, 1)
    return accepted * by >= of * len(whole)


def _step(state: State, facts: Facts, act: Verified, body: Step) -> State | Refused:
    ladder = state.charter.term(Ladder) if state.charter else None
    if ladder is None:
        return Refused("The charter of this line has no ladder.", rule="guidelines.ladder")
    now = rung_at(state, facts, act.at)
    if body.rung not in MOVES[now] and not (body.rung is Rung.OPEN and act.author in state.stood and now is Rung.OPEN):
        return Refused(
            f"From {now.value} a line does not go to {body.rung.value} by this step.", rule="guidelines.ladder"
        )
    if now is Rung.RUPTURED:
        return _consent(state, facts, act, body.rung)
    if body.rung is Rung.OPEN:
        return _step_back(state, facts, act)
    notice = ladder.notice_hours * _HOUR if body.rung is Rung.SUSPENDED else 0
    stood = Stood(body.rung, act.at, Instant(act.at + notice), body.reason)
    return replace(state, stood=put(state.stood, act.author, stood), consents=MappingProxyType({}))


def _step_back(state: State, facts: Facts, act: Verified) -> State | Refused:
    """A party takes its own step back; a line that was restored is open again when all say so."""
    if act.author in state.stood:
        kept = {party: each for party, each in state.stood.items() if party != act.author}
        return replace(state, stood=MappingProxyType(kept))
    if state.base is Rung.RESTORED:
        return _consent(state, facts, act, Rung.OPEN)
    return Refused("This party has taken no step that it could take back.", rule="guidelines.ladder")


def _consent(state: State, facts: Facts, act: Verified, rung: Rung) -> State:
    consents = put(state.consents, act.author, rung)
    if any(consents.get(party) is not rung for party in deciders(facts)):
        return replace(state, consents=consents)
    return replace(state, base=rung, stood=MappingProxyType({}), consents=MappingProxyType({}))


def _declare(state: State, _facts: Facts, act: Verified, body: Declare) -> State | Refused:
    return replace(state, phases=put(state.phases, act.author, body.phase))


def _announce(state: State, facts: Facts, act: Verified, body: Announce) -> State | Refused:
    if body.party in facts.members:
        return Refused("That party is on this line already.", rule="guidelines.target")
    if body.party in state.announced:
        return Refused("That party has been announced, and the time for objections runs.", rule="guidelines.once")
    if not sound.is_party(body.party):
        return Refused("A party is named by its identifier.", rule="guidelines.target")
    if len(state.announced) >= MOST_ANNOUNCED:
        return Refused(f"At most {MOST_ANNOUNCED} observers are announced on one line.", rule="guidelines.once")
    return replace(state, announced=put(state.announced, body.party, Announcement(act.at, act.author)))


def _object(state: State, _facts: Facts, act: Verified, body: Object) -> State | Refused:
    known = state.announced.get(body.party)
    if known is None:
        return Refused("No such observer was announced.", rule="guidelines.target")
    if (act.author in known.objections) == body.stands:
        return Refused("That is what this party has said already.", rule="guidelines.once")
    others = tuple(party for party in known.objections if party != act.author)
    objections = tuple(sorted((*others, act.author))) if body.stands else others
    return replace(state, announced=put(state.announced, body.party, replace(known, objections=objections)))


def _leave(state: State, _facts: Facts, act: Verified, body: Leave) -> State | Refused:
    if (act.author not in state.leaving) == body.stays:
        return Refused("That is what this party has said already.", rule="guidelines.once")
    kept = {party: at for party, at in state.leaving.items() if party != act.author}
    return replace(state, leaving=MappingProxyType(kept if body.stays else {**kept, act.author: act.at}))


def _bar(state: State, facts: Facts, act: Verified, body: Bar) -> State | Refused:
    if body.party not in facts.members or not 1 <= len(body.office) <= sound.LONGEST_WORD:
        return Refused("There is no such office of a party of this line.", rule="guidelines.target")
    same = [
        each for each in state.barred if (each.party, each.office, each.by) == (body.party, body.office, act.author)
    ]
    if bool(same) == body.barred:
        return Refused("This party has barred that office already, or never did.", rule="guidelines.own")
    if body.barred and len(state.barred) >= MOST_BARRED:
        return Refused(f"At most {MOST_BARRED} offices are barred from one line.", rule="guidelines.once")
    others = tuple(each for each in state.barred if each not in same)
    return replace(
        state, barred=(*others, Barred(body.party, body.office, act.author, act.at)) if body.barred else others
    )


_ACTS: Mapping[type[Body], Callable[..., State | Refused]] = MappingProxyType(
    {
        Propose: _propose,
        Accept: _accept,
        Step: _step,
        Declare: _declare,
        Announce: _announce,
        Object: _object,
        Leave: _leave,
        Bar: _bar,
    }
)


def publish(state: State, facts: Facts) -> Facts:
    """What the charter says of silences; nothing else changes for a line without one."""
    decisions = state.charter.term(Decisions) if state.charter else None
    if decisions is None:
        return replace(facts, shortest_silence=Facts().shortest_silence, silence_without_all=False)
    return replace(facts, shortest_silence=decisions.silence_hours * _HOUR, silence_without_all=decisions.without_all)


def digest(state: State) -> bytes:
    """SHA-256 of the canonical spelling of everything in the state, charters by their names."""
    return canonical.digest(
        {
            "history": [[each.proposal, each.name, each.at, each.accepted] for each in state.history],
            "proposals": [[each.id, each.by, each.at, each.name, each.accepted] for each in state.proposals.values()],
            "stood": {party: [each.rung, each.at, each.begins, each.reason] for party, each in state.stood.items()},
            "consents": dict(state.consents),
            "base": state.base,
            "phases": dict(state.phases),
            "announced": {party: [each.at, each.by, each.objections] for party, each in state.announced.items()},
            "leaving": dict(state.leaving),
            "barred": [[each.party, each.office, each.by, each.at] for each in state.barred],
        }
    )


PROCEDURE = Procedure(
    name=NAME,
    version=VERSION,
    bodies=BODIES,
    initial=State,
    admit=admit,
    publish=publish,
    digest=digest,
    guard=guard,
)
