"""The rules of the silence procedure (state machine S of the domain's rules), and its table of stages.

    RUNNING ──object→ RUNNING with objections ──lift→ RUNNING          before the deadline
    RUNNING ──extend→ RUNNING                                          all houses have to receive it anew
    RUNNING ──conclude, text changed since───────────────→ VOID        no edits under silence
    RUNNING ──conclude, an objection stands──────────────→ BROKEN
    RUNNING ──conclude, somebody was not reached─────────→ HELD ──extend→ RUNNING, ──record→ ADOPTED
    RUNNING ──conclude, none of these────────────────────→ ADOPTED     as of the deadline
    RUNNING, HELD ──cancel→ CANCELLED

The checks, each with the name that its refusal bears:

    silence.chair       the chair opens, extends, records and cancels
    silence.content     the text is on the table and, where the whole is put, has exactly this content (`Stale`)
    silence.objectors   they are the chair or members, each once, one at least
    silence.deadline    at least the charter's shortest time after the act; an extension is later than what it extends
    silence.target      there is such a silence
    silence.stage       the act may follow what was: the table above
    silence.party       only who may object objects, lifts and receives
    silence.early       nobody concludes before the deadline
    silence.words       questions, reasons and explanations can be read and are of bounded length

**Silence counts only from proven receipt.**  A house that never received what was put did not consent to it; so it
holds the decision, and everybody sees whom it waits for.  A receipt bears the log's time of its own act.

**Any change voids it**, even one that was taken back: who saw the text change had no reason to object any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from detente.acts.act import Body, Verified
from detente.acts.facts import Basis, Decision, Facts, Role
from detente.acts.procedure import Procedure
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import ActId, PartyId, Position
from detente.ground.instants import Instant
from detente.ground.maps import put
from detente.procedures.silence.acts import (
    BODIES,
    Cancel,
    Conclude,
    Explain,
    Extend,
    Lift,
    Object,
    Open,
    Received,
    Record,
)
from detente.wire import canonical
from detente.wire import text as safety

LONGEST_QUESTION = 500  # characters
LONGEST_WORDS = 4_000  # characters of a reason or an explanation
LONGEST_TIME = 366 * 24 * 60 * 60 * 1000  # milliseconds: a deadline farther away is a slip
_VOTERS = {Role.CHAIR, Role.MEMBER}


class Stage(Enum):
    """Where a silence stands.  Objections before the deadline do not end it: they can be lifted."""

    RUNNING = "running"
    HELD = "held"
    BROKEN = "broken"
    VOID = "void"
    ADOPTED = "adopted"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Objection:
    """Who objected, when by the log, and why, where it said so."""

    act: ActId
    at: Instant
    reason: str
    lifted: Instant | None = None


@dataclass(frozen=True)
class Statement:
    """An explanation of position.  `late`: it was an objection, and came after the deadline."""

    act: ActId
    party: PartyId
    at: Instant
    words: str
    disassociates: bool
    late: bool


@dataclass(frozen=True)
class Silence:
    """One silence.  `received` has the log's time of each receipt of the present deadline."""

    id: ActId
    position: Position
    at: Instant
    put: Open
    objectors: tuple[PartyId, ...]
    deadline: Instant
    received: Mapping[PartyId, Instant] = field(default_factory=lambda: MappingProxyType({}))
    objections: Mapping[PartyId, Objection] = field(default_factory=lambda: MappingProxyType({}))
    stage: Stage = Stage.RUNNING
    unreached: tuple[PartyId, ...] = ()  # who holds it, or was recorded as not reached
    decided: Instant | None = None
    statements: tuple[Statement, ...] = ()
    reason: str = ""

    @property
    def standing(self) -> tuple[PartyId, ...]:
        """Whose objections stand."""
        return tuple(party for party, each in self.objections.items() if each.lifted is None)


@dataclass(frozen=True)
class State:
    """All silences of a line, in the order of the log."""

    silences: Mapping[ActId, Silence] = field(default_factory=lambda: MappingProxyType({}))


def admit(state: State, facts: Facts, act: Verified) -> State | Refused:
    """The state after `act`, or why it is refused."""
    body = act.body
    outcome = _open(state, facts, act, body) if isinstance(body, Open) else _on_silence(state, facts, act)
    if isinstance(outcome, Refused):
        return outcome
    return State(put(state.silences, outcome.id, outcome))


def _on_silence(state: State, facts: Facts, act: Verified) -> Silence | Refused:
    known = state.silences.get(ActId(getattr(act.body, "silence", b"")))
    if known is None:
        return Refused("There is no such silence procedure on this line.", rule="silence.target")
    match act.body:
        case Received() as body:
            return _received(known, facts, act, body)
        case Object() as body:
            return _object(known, act, body)
        case Lift():
            return _lift(known, act)
        case Extend() as body:
            return _extend(known, facts, act, body)
        case Conclude():
            return _conclude(known, facts, act)
        case Record() as body:
            return _record(known, facts, act, body)
        case Cancel() as body:
            return _cancel(known, facts, act, body)
        case Explain() as body:
            return _explain(known, facts, act, body)
        case _:
            return Refused("This is no act of a silence procedure.", rule="silence.kind")


# --- opening ------------------------------------------------------------------------------------


def _open(state: State, facts: Facts, act: Verified, body: Open) -> Silence | Refused:
    refused = (
        _check_chair(facts, act)
        or _check_once(state, act)
        or _check_content(facts, body)
        or _check_words(body.question, LONGEST_QUESTION, owed=True)
        or _check_deadline(facts, act, body.deadline)
    )
    if refused:
        return refused
    objectors = body.objectors or tuple(sorted(each for each in facts.members if facts.role(each) in _VOTERS))
    if len(set(objectors)) != len(objectors) or any(facts.role(each) not in _VOTERS for each in objectors):
        return Refused("Who may object are the chair and members, each named once.", rule="silence.objectors")
    return Silence(act.id, act.position, act.at, body, objectors, body.deadline)


def _check_chair(facts: Facts, act: Verified) -> Refused | None:
    if facts.role(act.author) is not Role.CHAIR:
        return Refused("The chair opens a silence procedure, extends and ends it.", rule="silence.chair")
    return None


def _check_once(state: State, act: Verified) -> Refused | None:
    if act.id in state.silences:
        return Refused("That silence procedure is open already.", rule="silence.stage")
    return None


def _check_content(facts: Facts, body: Open) -> Refused | None:
    text = facts.texts.get(body.text)
    if text is None:
        return Refused("The text that is put is not on the table of this line.", rule="silence.content")
    if len(body.content_hash) != 32 or len(body.scope) not in (0, 16) or len(body.asked) not in (0, 32):
        return Refused(
            "What is put names a clause, its content and what would be settled by their hashes.", rule="silence.content"
        )
    if not body.scope and text.content_hash != body.content_hash:
        return Stale("The text is no longer the one that would be put: look at it again.", rule="silence.content")
    return None


def _check_deadline(facts: Facts, act: Verified, deadline: Instant) -> Refused | None:
    if deadline - act.at < facts.shortest_silence:
        hours = facts.shortest_silence / 3_600_000
        return Refused(f"A silence lasts {hours:g} hours at least on this line.", rule="silence.deadline")
    if deadline - act.at > LONGEST_TIME:
        return Refused("A silence lasts a year at most.", rule="silence.deadline")
    return None


# --- while it runs ------------------------------------------------------------------------------


def _received(known: Silence, facts: Facts, act: Verified, body: Received) -> Silence | Refused:
    if act.author not in known.objectors or facts.role(act.author) not in _VOTERS:
        return Refused("Only a house that may object says that it received this.", rule="silence.party")
    if body.deadline != known.deadline:
        return Refused("The deadline that this house received is not the present one.", rule="silence.deadline")
    if known.stage is not Stage.RUNNING or act.author in known.received:
        return known  # said again: a house that was restored cannot know that it said it
    return replace(known, received=put(known.received, act.author, act.at))


def _object(known: Silence, act: Verified, body: Object) -> Silence | Refused:
    refused = _check_words(body.reason, LONGEST_WORDS, owed=False)
    if refused:
        return refused
    if act.author not in known.objectors:
        return Refused("That party is not among those to whom this was put.", rule="silence.party")
    if known.stage in {Stage.CANCELLED, Stage.VOID}:
        return Refused(f"This silence is {known.stage.value}: there is nothing to object to.", rule="silence.stage")
    if act.at >= known.deadline or known.stage is not Stage.RUNNING:
        said = Statement(act.id, act.author, act.at, body.reason, disassociates=False, late=True)
        return replace(known, statements=(*known.statements, said))
    if act.author in known.standing:
        return Refused("That party's objection stands already.", rule="silence.stage")
    return replace(known, objections=put(known.objections, act.author, Objection(act.id, act.at, body.reason)))


def _lift(known: Silence, act: Verified) -> Silence | Refused:
    if act.author not in known.standing:
        return Refused("That party has no objection that stands.", rule="silence.party")
    if known.stage is not Stage.RUNNING or act.at >= known.deadline:
        return Refused("An objection is taken back before the deadline, not after it.", rule="silence.stage")
    lifted = replace(known.objections[act.author], lifted=act.at)
    return replace(known, objections=put(known.objections, act.author, lifted))


def _extend(known: Silence, facts: Facts, act: Verified, body: Extend) -> Silence | Refused:
    refused = _check_chair(facts, act) or _check_deadline_of(known, act, body.deadline)
    if refused:
        return refused
    running = known.stage is Stage.RUNNING and act.at < known.deadline
    if not running and known.stage is not Stage.HELD:
        return Refused("A silence is extended before its deadline, or while it is held.", rule="silence.stage")
    return replace(
        known,
        deadline=body.deadline,
        stage=Stage.RUNNING,
        unreached=(),
        received=MappingProxyType({}),
    )


def _check_deadline_of(known: Silence, act: Verified, deadline: Instant) -> Refused | None:
    if not max(known.deadline, act.at) < deadline <= act.at + LONGEST_TIME:
        return Refused("The new deadline is later than the old one, by a year at most.", rule="silence.deadline")
    return None


# --- what came of it ----------------------------------------------------------------------------


def _conclude(known: Silence, facts: Facts, act: Verified) -> Silence | Refused:
    if facts.role(act.author) not in _VOTERS:
        return Refused("The chair or a member says that the time is over.", rule="silence.party")
    if known.stage is not Stage.RUNNING:
        return Refused(f"This silence is over already: it is {known.stage.value}.", rule="silence.stage")
    if act.at < known.deadline:
        return Refused("The deadline is not over yet, by the time of the line's log.", rule="silence.early")
    concerned = [party for party in known.objectors if party in facts.members]
    standing = [party for party in known.standing if party in facts.members]
    unreached = tuple(party for party in concerned if not _in_time(known, party))
    if _touched(known, facts):
        return replace(known, stage=Stage.VOID, decided=act.at)
    if standing:
        return replace(known, stage=Stage.BROKEN, decided=known.deadline)
    if unreached or not concerned:
        return replace(known, stage=Stage.HELD, unreached=unreached)
    return replace(known, stage=Stage.ADOPTED, decided=known.deadline)


def _in_time(known: Silence, party: PartyId) -> bool:
    at = known.received.get(party)
    return at is not None and at < known.deadline


def _touched(known: Silence, facts: Facts) -> bool:
    """Whether what was put has changed since, or is not there any more."""
    text = facts.texts.get(known.put.text)
    if text is None or text.changed.get(known.put.scope, Position(0)) > known.position:
        return True
    return not known.put.scope and text.content_hash != known.put.content_hash


def _record(known: Silence, facts: Facts, act: Verified, body: Record) -> Silence | Refused:
    refused = _check_chair(facts, act) or _check_words(body.reason, LONGEST_WORDS, owed=True)
    if refused:
        return refused
    if not facts.silence_without_all:
        return Refused("The charter of this line lets no silence stand for a party not reached.", rule="silence.chair")
    if known.stage is not Stage.HELD or set(body.parties) != set(known.unreached) or not known.received:
        return Refused("Exactly those whom a held silence waits for are recorded as not reached.", "silence.stage")
    if _touched(known, facts):
        return replace(known, stage=Stage.VOID, decided=act.at)
    return replace(known, stage=Stage.ADOPTED, decided=act.at, reason=body.reason)


def _cancel(known: Silence, facts: Facts, act: Verified, body: Cancel) -> Silence | Refused:
    refused = _check_chair(facts, act) or _check_words(body.reason, LONGEST_WORDS, owed=False)
    if refused:
        return refused
    if known.stage not in {Stage.RUNNING, Stage.HELD}:
        return Refused(f"This silence is over already: it is {known.stage.value}.", rule="silence.stage")
    return replace(known, stage=Stage.CANCELLED, decided=act.at, reason=body.reason)


def _explain(known: Silence, facts: Facts, act: Verified, body: Explain) -> Silence | Refused:
    refused = _check_words(body.words, LONGEST_WORDS, owed=True)
    if refused:
        return refused
    if facts.role(act.author) not in _VOTERS:
        return Refused("The chair and members explain their positions.", rule="silence.party")
    if known.stage is not Stage.ADOPTED:
        return Refused("Positions are explained once the decision is adopted.", rule="silence.stage")
    said = Statement(act.id, act.author, act.at, body.words, body.disassociates, late=False)
    return replace(known, statements=(*known.statements, said))


def _check_words(words: str, longest: int, *, owed: bool) -> Refused | None:
    try:
        safety.check_text(words)
    except Malformed as error:
        return Refused(error.sentence, rule="silence.words")
    if len(words) > longest or (owed and not words.strip()):
        return Refused(f"Here belong words, of {longest:,} characters at most.", rule="silence.words")
    return None


# --- what the others may know, and what the house owes --------------------------------------------


def publish(state: State, facts: Facts) -> Facts:
    """The decisions that silence took."""
    taken = {
        each.id: Decision(
            Basis.SILENCE, each.put.text, each.put.scope, each.put.content_hash, each.put.asked, each.decided
        )
        for each in state.silences.values()
        if each.stage is Stage.ADOPTED and each.decided is not None
    }
    others = {name: each for name, each in facts.decisions.items() if each.basis is not Basis.SILENCE}
    return replace(facts, decisions=MappingProxyType({**others, **taken}))


def owes(state: State, facts: Facts, party: PartyId, now: Instant) -> tuple[Body, ...]:
    """The receipts that a house owes, and the chair's house the end of what is over."""
    owed: list[Body] = []
    for each in state.silences.values():
        if each.stage is not Stage.RUNNING:
            continue
        if party in each.objectors and party not in each.received and now < each.deadline:
            owed.append(Received(each.id, each.deadline))
        if now >= each.deadline and facts.role(party) is Role.CHAIR:
            owed.append(Conclude(each.id))
    return tuple(owed)


def digest(state: State) -> bytes:
    """32 bytes that are equal where the states are."""
    return canonical.digest([_row(state.silences[name]) for name in sorted(state.silences)])


def _row(each: Silence) -> list[object]:
    return [
        each.id,
        each.deadline,
        each.stage.value,
        dict(each.received),
        {party: [said.act, said.lifted] for party, said in each.objections.items()},
        list(each.unreached),
        each.decided,
        [[said.act, said.late, said.disassociates] for said in each.statements],
    ]


PROCEDURE = Procedure(
    name="silence", version=1, bodies=BODIES, initial=State, admit=admit, publish=publish, digest=digest, owes=owes
)
