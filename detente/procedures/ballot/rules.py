"""The rules of ballots: who puts what, who votes, when it is over, and what it amounts to.

    OPEN ──close, what was put has changed────→ VOID
    OPEN ──close──────────────────────────────→ ADOPTED, REJECTED or NO QUORUM
    OPEN ──close, a tie, by rules that give a second vote──→ TIED ──again, within 48 hours→ OPEN ──a tie→ REJECTED

The checks, each with the name that its refusal bears:

    ballot.chair      the chair plans, opens, and calls a second vote
    ballot.content    the text is on the table and, where the whole is put, has exactly this content (`Stale`)
    ballot.voters     the chair or members, each once; organisations are voters too, and their members no organisations
    ballot.rules      shares are parts of a whole; a majority is one
    ballot.plan       things are put in the order of the plan, and what has fallen is not put
    ballot.open       a vote is cast, and its end said, while it is open; once it is open nothing interrupts it
    ballot.time       an end lies ahead, within a year; nobody closes before it unless everyone has voted
    ballot.target     there is such a ballot
    ballot.sponsor    who sponsored what was put does not explain its vote on it (rule 88)
    ballot.after      what one meant to vote is said after the vote
    ballot.words      questions, reasons and explanations can be read and are of bounded length

Votes cast stand, also those of a party that is removed from the line while the vote is open.  A plan ends when its
last step is decided; where all operative parts were rejected, the whole is rejected and not put (rule 89).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from detente.acts.act import Body, Verified
from detente.acts.facts import Basis, Decision, Facts, Role
from detente.acts.matter import NOTHING, Matter
from detente.acts.procedure import Procedure
from detente.acts.voting import Outcome
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import ActId, PartyId, Position
from detente.ground.instants import Instant
from detente.ground.maps import put
from detente.procedures.ballot.acts import (
    BODIES,
    Again,
    Bloc,
    Cast,
    Choice,
    Close,
    Explain,
    Intend,
    Open,
    Plan,
    Share,
    Tie,
    VotingRules,
)
from detente.procedures.ballot.presets import PRESETS
from detente.procedures.ballot.tally import Tally, tally
from detente.wire import canonical
from detente.wire import text as safety

LONGEST_QUESTION = 500  # characters
LONGEST_WORDS = 4_000  # characters of a reason or an explanation
LONGEST_TIME = 366 * 24 * 60 * 60 * 1000  # milliseconds
SECOND_VOTE = 48 * 60 * 60 * 1000  # milliseconds: rule 95 of the General Assembly
MOST_STEPS = 2_000
MOST_MEMBERS = 500  # of an organisation
_LARGEST = 1_000  # of the numbers in a share
_VOTERS = {Role.CHAIR, Role.MEMBER}


class Stage(Enum):
    """Where a ballot stands."""

    OPEN = "open"
    TIED = "tied"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    NO_QUORUM = "no quorum"
    VOID = "void"


class Fate(Enum):
    """What became of a step of a plan."""

    WAITING = "waiting"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    FALLEN = "fallen"  # another was adopted that implies its rejection


@dataclass(frozen=True)
class Vote:
    """A party's last word."""

    act: ActId
    choice: Choice
    at: Instant


@dataclass(frozen=True)
class Statement:
    """An explanation of vote, or what a party meant to vote."""

    act: ActId
    party: PartyId
    at: Instant
    words: str
    intended: Choice | None


@dataclass(frozen=True)
class Ballot:
    """One vote, from its opening to its result."""

    id: ActId
    position: Position
    at: Instant
    put: Open
    voters: tuple[PartyId, ...]
    closes: Instant
    cast: Mapping[PartyId, Vote] = field(default_factory=lambda: MappingProxyType({}))
    stage: Stage = Stage.OPEN
    result: Tally | None = None
    first: Tally | None = None  # the figures of the first vote, where there was a second
    decided: Instant | None = None
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A plan and how far it has come."""

    id: ActId
    put: Plan
    fates: tuple[Fate, ...]

    @property
    def next(self) -> int | None:
        """The step to be put now."""
        return next((index for index, fate in enumerate(self.fates) if fate is Fate.WAITING), None)


@dataclass(frozen=True)
class State:
    """All ballots and plans of a line."""

    ballots: Mapping[ActId, Ballot] = field(default_factory=lambda: MappingProxyType({}))
    plans: Mapping[ActId, Planned] = field(default_factory=lambda: MappingProxyType({}))


def admit(state: State, facts: Facts, act: Verified) -> State | Refused:
    """The state after `act`, or why it is refused."""
    match act.body:
        case Plan() as body:
            return _plan(state, facts, act, body)
        case Open() as body:
            return _open(state, facts, act, body)
        case _:
            known = state.ballots.get(ActId(getattr(act.body, "ballot", b"")))
            if known is None:
                return Refused("There is no such ballot on this line.", rule="ballot.target")
            return _on_ballot(state, known, facts, act)


def _on_ballot(state: State, known: Ballot, facts: Facts, act: Verified) -> State | Refused:
    match act.body:
        case Close():
            return _close(state, known, facts, act)
        case Cast() as body:
            outcome = _cast(known, act, body)
        case Again() as body:
            outcome = _again(known, facts, act, body)
        case Intend() as body:
            outcome = _intend(known, act, body)
        case Explain() as body:
            outcome = _explain(known, facts, act, body)
        case _:
            return Refused("This is no act of a ballot.", rule="ballot.kind")
    return outcome if isinstance(outcome, Refused) else replace(state, ballots=put(state.ballots, known.id, outcome))


# --- plans --------------------------------------------------------------------------------------


def _plan(state: State, facts: Facts, act: Verified, body: Plan) -> State | Refused:
    refused = _check_chair(facts, act) or _check_words(body.reason, LONGEST_WORDS, owed=False)
    if refused:
        return refused
    if body.text not in facts.texts:
        return Refused("The text of this plan is not on the table of this line.", rule="ballot.content")
    if not 1 <= len(body.steps) <= MOST_STEPS or act.id in state.plans:
        return Refused(f"A plan has between 1 and {MOST_STEPS:,} steps.", rule="ballot.plan")
    for index, step in enumerate(body.steps):
        if (refused := _check_words(step.question, LONGEST_QUESTION, owed=True)) is not None:
            return refused
        if any(not index < later < len(body.steps) for later in step.falls) or (step.whole and step.operative):
            return Refused("What falls with a step comes later than it; a part is not the whole.", rule="ballot.plan")
        if step.whole and index != len(body.steps) - 1:
            return Refused("The whole is put last.", rule="ballot.plan")
    return replace(state, plans=put(state.plans, act.id, Planned(act.id, body, (Fate.WAITING,) * len(body.steps))))


def _check_plan(state: State, body: Open) -> Refused | None:
    if not body.plan:
        return None
    plan = state.plans.get(ActId(body.plan))
    if plan is None or plan.put.text != body.text:
        return Refused("There is no such plan for that text.", rule="ballot.plan")
    if body.step != plan.next or plan.put.steps[body.step].question != body.question:
        return Refused("That is not what the plan puts next.", rule="ballot.plan")
    if any(each.put.plan == body.plan and each.stage in {Stage.OPEN, Stage.TIED} for each in state.ballots.values()):
        return Refused("Another step of this plan is being voted on.", rule="ballot.plan")
    return None


def _advanced(plan: Planned, step: int, stage: Stage) -> Planned:
    """The plan after one of its steps was decided; without a quorum or on changed content it is put again."""
    if stage not in {Stage.ADOPTED, Stage.REJECTED}:
        return plan
    fates = list(plan.fates)
    fates[step] = Fate.ADOPTED if stage is Stage.ADOPTED else Fate.REJECTED
    if stage is Stage.ADOPTED:
        for later in plan.put.steps[step].falls:
            if fates[later] is Fate.WAITING:
                fates[later] = Fate.FALLEN
    operative = [fates[index] for index, each in enumerate(plan.put.steps) if each.operative]
    if operative and all(fate in {Fate.REJECTED, Fate.FALLEN} for fate in operative):
        fates = [
            Fate.REJECTED if each.whole and fate is Fate.WAITING else fate
            for each, fate in zip(plan.put.steps, fates, strict=True)
        ]
    return replace(plan, fates=tuple(fates))


# --- opening ------------------------------------------------------------------------------------


def _open(state: State, facts: Facts, act: Verified, body: Open) -> State | Refused:
    voters = body.voters or tuple(sorted(each for each in facts.members if facts.role(each) in _VOTERS))
    refused = (
        _check_chair(facts, act)
        or _check_content(facts, body)
        or _check_words(body.question, LONGEST_QUESTION, owed=True)
        or _check_rules(body.rules)
        or _check_voters(facts, voters, body)
        or _check_time(act, body.closes, LONGEST_TIME)
        or _check_plan(state, body)
    )
    if refused:
        return refused
    if act.id in state.ballots:
        return Refused("That ballot is open already.", rule="ballot.open")
    fresh = Ballot(act.id, act.position, act.at, body, voters, body.closes)
    return replace(state, ballots=put(state.ballots, act.id, fresh))


def _check_chair(facts: Facts, act: Verified) -> Refused | None:
    if facts.role(act.author) is not Role.CHAIR:
        return Refused("The chair puts things to the vote, and in which order.", rule="ballot.chair")
    return None


def _check_content(facts: Facts, body: Open) -> Refused | None:
    text = facts.texts.get(body.text)
    if text is None:
        return Refused("The text that is put is not on the table of this line.", rule="ballot.content")
    if len(body.content_hash) != 32 or len(body.scope) not in (0, 16) or len(body.asked) not in (0, 32):
        return Refused(
            "What is put names a clause, its content and what would be settled by their hashes.", rule="ballot.content"
        )
    if not body.scope and text.content_hash != body.content_hash:
        return Stale("The text is no longer the one that would be put: look at it again.", rule="ballot.content")
    return None


def _check_rules(rules: VotingRules) -> Refused | None:
    if (refused := _check_words(rules.name, LONGEST_QUESTION, owed=True)) is not None:
        return refused
    if not all(_sound(share) for share in (rules.quorum, rules.majority)):
        return Refused("A share is a part of a whole, as in two thirds.", rule="ballot.rules")
    if rules.most_against is not None and not 0 <= rules.most_against <= _LARGEST:
        return Refused("How many may be against is a number of votes.", rule="ballot.rules")
    consensus = rules.most_against is not None and rules.majority.of == 0
    if not consensus and 2 * rules.majority.of < rules.majority.by:
        return Refused("A majority is half at least; for consensus say how many may be against.", rule="ballot.rules")
    if not consensus and 2 * rules.majority.of == rules.majority.by and not rules.majority.above:
        return Refused("Half is no majority: more than half is.", rule="ballot.rules")
    return None


def _sound(share: Share) -> bool:
    within = 0 <= share.of <= share.by and 1 <= share.by <= _LARGEST
    return within and not (share.above and share.of == share.by)


def _check_voters(facts: Facts, voters: tuple[PartyId, ...], body: Open) -> Refused | None:
    if not voters or len(set(voters)) != len(voters) or any(facts.role(each) not in _VOTERS for each in voters):
        return Refused("Who votes are the chair and members, each named once.", rule="ballot.voters")
    named = [each.party for each in body.blocs]
    if len(set(named)) != len(named) or not set(named) <= set(voters) or not _check_blocs(body.blocs):
        return Refused("An organisation votes itself, for members that are no organisations.", rule="ballot.voters")
    if len(set(body.sponsors)) != len(body.sponsors) or any(party not in facts.members for party in body.sponsors):
        return Refused("Sponsors are members of this line, each named once.", rule="ballot.voters")
    return None


def _check_blocs(blocs: tuple[Bloc, ...]) -> bool:
    named = {each.party for each in blocs}
    return all(
        1 <= len(each.members) <= MOST_MEMBERS and len(set(each.members)) == len(each.members)
        and not named & set(each.members)
        for each in blocs
    )  # fmt: skip


def _check_time(act: Verified, closes: Instant, longest: int) -> Refused | None:
    if not act.at < closes <= act.at + longest:
        return Refused("The end of a vote lies ahead, within the time that the rules give.", rule="ballot.time")
    return None


# --- voting -------------------------------------------------------------------------------------


def _cast(known: Ballot, act: Verified, body: Cast) -> Ballot | Refused:
    if act.author not in known.voters:
        return Refused("That party has no vote here.", rule="ballot.voters")
    if known.stage is not Stage.OPEN or act.at >= known.closes:
        return Refused("This vote is over.", rule="ballot.open")
    return replace(known, cast=put(known.cast, act.author, Vote(act.id, body.choice, act.at)))


def _close(state: State, known: Ballot, facts: Facts, act: Verified) -> State | Refused:
    if facts.role(act.author) not in _VOTERS:
        return Refused("The chair or a member says that the vote is over.", rule="ballot.voters")
    if known.stage is not Stage.OPEN:
        return Refused(f"This vote is over: {known.stage.value}.", rule="ballot.open")
    everyone = all(party in known.cast for party in known.voters)
    if act.at < known.closes and not (everyone and facts.role(act.author) is Role.CHAIR):
        return Refused("A vote ends at its time, or by the chair once everyone has voted.", rule="ballot.time")
    ended = _ended(known, facts, act)
    plan = state.plans.get(ActId(known.put.plan))
    plans = put(state.plans, plan.id, _advanced(plan, known.put.step, ended.stage)) if plan else state.plans
    return State(put(state.ballots, known.id, ended), plans)


def _ended(known: Ballot, facts: Facts, act: Verified) -> Ballot:
    text = facts.texts.get(known.put.text)
    touched = text is None or text.changed.get(known.put.scope, Position(0)) > known.position
    if touched or (text and not known.put.scope and text.content_hash != known.put.content_hash):
        return replace(known, stage=Stage.VOID, decided=act.at)
    cast = {party: vote.choice for party, vote in known.cast.items()}
    figures = tally(known.put.rules, known.voters, known.put.blocs, cast)
    match figures.outcome:
        case Outcome.ADOPTED:
            stage = Stage.ADOPTED
        case Outcome.NO_QUORUM:
            stage = Stage.NO_QUORUM
        case Outcome.TIED if known.put.rules.tie is Tie.SECOND and known.first is None:
            stage = Stage.TIED
        case _:
            stage = Stage.REJECTED
    return replace(known, stage=stage, result=figures, decided=act.at)


def _again(known: Ballot, facts: Facts, act: Verified, body: Again) -> Ballot | Refused:
    refused = _check_chair(facts, act) or _check_time(act, body.closes, SECOND_VOTE)
    if refused:
        return refused
    if known.stage is not Stage.TIED or known.decided is None or act.at > known.decided + SECOND_VOTE:
        return Refused("A second vote is taken after a tie, within 48 hours.", rule="ballot.open")
    return replace(
        known,
        closes=body.closes,
        cast=MappingProxyType({}),
        stage=Stage.OPEN,
        first=known.result,
        result=None,
        decided=None,
    )


def _intend(known: Ballot, act: Verified, body: Intend) -> Ballot | Refused:
    if act.author not in known.voters:
        return Refused("That party has no vote here.", rule="ballot.voters")
    if known.stage in {Stage.OPEN, Stage.TIED, Stage.VOID}:
        return Refused("What one meant to vote is said once the vote is over.", rule="ballot.after")
    said = Statement(act.id, act.author, act.at, "", body.choice)
    return replace(known, statements=(*known.statements, said))


def _explain(known: Ballot, facts: Facts, act: Verified, body: Explain) -> Ballot | Refused:
    refused = _check_words(body.words, LONGEST_WORDS, owed=True)
    if refused:
        return refused
    if act.author in known.put.sponsors:
        return Refused("Who sponsored what is put does not explain its vote on it.", rule="ballot.sponsor")
    if facts.role(act.author) not in _VOTERS:
        return Refused("The chair and members explain their votes.", rule="ballot.voters")
    return replace(known, statements=(*known.statements, Statement(act.id, act.author, act.at, body.words, None)))


def _check_words(words: str, longest: int, *, owed: bool) -> Refused | None:
    try:
        safety.check_text(words)
    except Malformed as error:
        return Refused(error.sentence, rule="ballot.words")
    if len(words) > longest or (owed and not words.strip()):
        return Refused(f"Here belong words, of {longest:,} characters at most.", rule="ballot.words")
    return None


# --- what the others may know ---------------------------------------------------------------------


def publish(state: State, facts: Facts) -> Facts:
    """The decisions that votes took."""
    taken = {
        each.id: Decision(
            Basis.VOTE, each.put.text, each.put.scope, each.put.content_hash, each.put.asked, each.decided
        )
        for each in state.ballots.values()
        if each.stage is Stage.ADOPTED and each.decided is not None
    }
    others = {name: each for name, each in facts.decisions.items() if each.basis is not Basis.VOTE}
    return replace(facts, decisions=MappingProxyType({**others, **taken}))


def digest(state: State) -> bytes:
    """32 bytes that are equal where the states are."""
    return canonical.digest(
        {
            "ballots": [_row(state.ballots[name]) for name in sorted(state.ballots)],
            "plans": [[name, [fate.value for fate in state.plans[name].fates]] for name in sorted(state.plans)],
        }
    )


def _row(each: Ballot) -> list[object]:
    return [
        each.id,
        each.stage.value,
        each.closes,
        {party: [vote.act, vote.choice.value] for party, vote in each.cast.items()},
        [_figures(figures) for figures in (each.first, each.result)],
        each.decided,
        [[said.act, said.intended.value if said.intended else None] for said in each.statements],
    ]


def _figures(figures: Tally | None) -> list[int]:
    return [figures.yes, figures.no, figures.abstain, figures.absent] if figures else []


def matter(body: Body) -> Matter:
    """By which rules of procedure a vote is put: by name, and only where they are those so called."""
    if isinstance(body, Open) and PRESETS.get(body.rules.name) == body.rules:
        return Matter(voting=body.rules.name)
    return NOTHING


PROCEDURE = Procedure(
    name="ballot", version=1, bodies=BODIES, initial=State, admit=admit, publish=publish, digest=digest, matter=matter
)
