"""In which order amendments are put to the vote, and what falls if one is adopted: a dry run for the chair.

General Assembly, rules of procedure (A/520), and the same principle elsewhere:

    RoP 90   amendments before the proposal; of several the one furthest removed in substance from the original
             first; where adopting one necessarily implies rejecting another, the other is not put
    RoP 90   an amendment adds to, deletes from or revises part of a proposal; what does more is another proposal
    RoP 89   parts may be voted on separately; what is approved is then voted on as a whole, and if all operative
             parts are rejected the whole is rejected
    RoP 95   a tie is voted on again, and a second tie rejects

How far an amendment is removed is a matter of substance, which no program sees.  What stands in for it here, for the
chair to confirm or to change: to delete a place is further than to put other words in its place, that is further than
to change a part of it, and to insert is nearest; of two of a kind the one that touches more letters; of two alike the
one that was submitted first, and the tie is told.  An amendment to an amendment comes before what it amends.

Adopting one implies rejecting another where both touch the same words (an insertion at one place does not exclude
another there), and where sponsors or the secretariat have said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from detente.acts.voting import Outcome
from detente.ground.errors import Malformed
from detente.procedures.table import tree
from detente.procedures.table.tree import Clause, Document, NodeId, Place, Proposal


class Scope(IntEnum):
    """What an amendment does to its place, from the furthest removed."""

    DELETE_WHOLE = 0
    REPLACE_WHOLE = 1
    CHANGE_PART = 2
    INSERT = 3


@dataclass(frozen=True)
class Submission:
    """An amendment as the vote sees it."""

    name: str
    place: str  # the clause; places are voted on in the order in which they come first
    scope: Scope
    spans: tuple[Place, ...] = ()  # what it touches; empty: all of its place
    touched: int = 0  # how many letters it takes away or puts in
    submitted: int = 0
    on: str | None = None  # the amendment that it amends
    excludes: frozenset[str] = frozenset()  # what its adoption implies the rejection of, as somebody said
    sponsors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One vote: what is put, what falls if it is adopted, and with what it is equally far removed."""

    submission: Submission
    falls: tuple[str, ...]
    alike: tuple[str, ...]


@dataclass(frozen=True)
class Fallen:
    """A submission that is not put, and the one whose adoption (or end) is why."""

    name: str
    because: str


@dataclass(frozen=True)
class Rehearsal:
    """A dry run as far as outcomes were given: what was put, what fell, what is put next; None: the proposal itself."""

    put: tuple[tuple[str, Outcome], ...]
    fallen: tuple[Fallen, ...]
    upcoming: str | None

    @property
    def amended(self) -> bool:
        """Whether the proposal is voted on as amended."""
        return any(outcome is Outcome.ADOPTED for _, outcome in self.put)


def order(submissions: Iterable[Submission]) -> tuple[Step, ...]:
    """The votes in their order.  `Malformed` where names repeat, are not there, or amend each other in a circle."""
    listed = list(submissions)
    by_name = {each.name: each for each in listed}
    _check(listed, by_name)
    places = {each.place: number for number, each in reversed(list(enumerate(listed)))}
    below: dict[str | None, list[Submission]] = {}
    for each in sorted(listed, key=lambda one: (places[one.place], _removal(one), one.submitted, one.name)):
        below.setdefault(each.on, []).append(each)
    ordered = list(_before(below, None))
    if len(ordered) != len(listed):
        raise Malformed("Amendments amend each other in a circle.")
    return tuple(
        Step(each, tuple(_falls(each, ordered[at + 1 :], by_name)), tuple(_alike(each, below[each.on])))
        for at, each in enumerate(ordered)
    )


def _check(listed: list[Submission], by_name: Mapping[str, Submission]) -> None:
    if len(by_name) != len(listed):
        raise Malformed("Two amendments bear one name.")
    for each in listed:
        for named in ({each.on} if each.on else set()) | each.excludes:
            if named not in by_name:
                raise Malformed(f"Amendment {each.name} names {named}, which is not among them.")


def _removal(each: Submission) -> tuple[int, int]:
    return int(each.scope), -each.touched


def _before(below: Mapping[str | None, list[Submission]], on: str | None) -> Iterator[Submission]:
    """What amends an amendment comes before it."""
    waiting = [(each, False) for each in reversed(below.get(on, []))]
    while waiting:
        each, opened = waiting.pop()
        if opened:
            yield each
        else:
            waiting.append((each, True))
            waiting.extend((inner, False) for inner in reversed(below.get(each.name, [])))


def _alike(each: Submission, beside: list[Submission]) -> Iterator[str]:
    for other in beside:
        if other is not each and other.place == each.place and _removal(other) == _removal(each):
            yield other.name


def _falls(each: Submission, later: list[Submission], by_name: Mapping[str, Submission]) -> Iterator[str]:
    """What comes later and is not put once this is adopted; what amends something that falls, falls with it."""
    gone: set[str] = set()
    for other in sorted(later, key=lambda one: _depth(one, by_name)):
        if other.name == each.on:
            continue
        if other.name in each.excludes or other.on in gone or (other.on == each.on and excludes(each, other)):
            gone.add(other.name)
    yield from (other.name for other in later if other.name in gone)


def _depth(each: Submission, by_name: Mapping[str, Submission]) -> int:
    depth = 0
    while each.on is not None:
        each, depth = by_name[each.on], depth + 1
    return depth


def excludes(one: Submission, other: Submission) -> bool:
    """Whether two amendments touch the same words, so that they cannot both be adopted."""
    if not one.spans or not other.spans:
        return one.place == other.place and not one.scope is other.scope is Scope.INSERT
    return any(_overlap(mine, theirs) for mine in one.spans for theirs in other.spans)


def _overlap(one: Place, other: Place) -> bool:
    """Ranges of one container that share a character; a gap, where it lies strictly inside a range."""
    if one.container != other.container:
        return False
    return one.lo < other.hi and other.lo < one.hi and not (one.lo == one.hi == other.lo == other.hi)


# --- the dry run --------------------------------------------------------------------------------


def rehearse(steps: tuple[Step, ...], outcomes: Mapping[str, Outcome]) -> Rehearsal:
    """What would be put and what would fall, with these outcomes; it stops at the first vote without one.

    A tie stands for one that was voted on again: it rejects.  `Malformed` where an outcome is of something unknown, or
    where there was no quorum: then nothing was decided.
    """
    by_name = {step.submission.name: step for step in steps}
    for name, outcome in outcomes.items():
        if name not in by_name:
            raise Malformed(f"There is no amendment {name} to vote on.")
        if outcome is Outcome.NO_QUORUM:
            raise Malformed(f"Without a quorum nothing is decided on amendment {name}.")
    put: list[tuple[str, Outcome]] = []
    fallen: dict[str, Fallen] = {}
    for step in steps:
        name = step.submission.name
        if name in fallen:
            continue
        if name not in outcomes:
            return Rehearsal(tuple(put), tuple(fallen.values()), name)
        outcome = Outcome.REJECTED if outcomes[name] is Outcome.TIED else outcomes[name]
        put.append((name, outcome))
        if outcome is Outcome.ADOPTED:
            fallen |= {other: Fallen(other, name) for other in step.falls if other not in fallen}
    return Rehearsal(tuple(put), tuple(fallen.values()), None)


@dataclass(frozen=True)
class Part:
    """A part of a proposal that is voted on separately; `operative`: of its operative part, not of its preamble."""

    name: str
    operative: bool
    outcome: Outcome


def divided(parts: Iterable[Part], whole: Outcome | None) -> Outcome | None:
    """What becomes of a proposal after division (RoP 89); None: what was approved has still to be put as a whole."""
    voted = list(parts)
    operative = [part for part in voted if part.operative]
    nothing_left = operative and all(part.outcome is not Outcome.ADOPTED for part in operative)
    nothing_at_all = voted and all(part.outcome is not Outcome.ADOPTED for part in voted)
    if nothing_left or nothing_at_all:
        return Outcome.REJECTED
    return whole


# --- from a text on the table -------------------------------------------------------------------


def from_document(document: Document) -> tuple[Submission, ...]:
    """The live proposals of a text as submissions, clause by clause; their names are those of the proposals in hex."""
    found: list[Submission] = []
    for clause in tree.clauses(document.passage):
        home = (clause.label or clause.kind.value) + " " + clause.id.hex()[:8]
        owners = {container: each.id for each in clause.passage.proposals for container in each.containers}
        found += [_alternative(each, home, clause) for each in clause.alternatives]
        found += [_edit(each, home, owners) for each in clause.passage.proposals]
    return tuple(replace(each, submitted=number) for number, each in enumerate(found))


def _alternative(each: Proposal, home: str, clause: Clause) -> Submission:
    words = _letters(each)
    scope = Scope.REPLACE_WHOLE if words else Scope.DELETE_WHOLE
    old = sum(len(item.text) for item in clause.passage.items if isinstance(item, tree.Run))
    return Submission(each.id.hex(), home, scope, touched=old + words, sponsors=each.parties)


def _edit(each: Proposal, home: str, owners: Mapping[bytes, NodeId]) -> Submission:
    on = next((owners[place.container] for place in each.hunks if place.container in owners), None)
    scope = Scope.INSERT if all(place.lo == place.hi for place in each.hunks) else Scope.CHANGE_PART
    touched = _letters(each) + sum(place.hi - place.lo for place in each.hunks)
    return Submission(
        each.id.hex(), home, scope, each.hunks, touched, on=on.hex() if on else None, sponsors=each.parties
    )


def _letters(each: Proposal) -> int:
    return sum(len(piece) for text in each.texts for piece in tree.written(tree.passage(text)))
