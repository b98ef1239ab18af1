"""Packages: several proposals that are taken together or not at all, and what depends on what.

A package names operations to be taken and operations to be dropped; it is a thing of its own, on which parties
take positions and which they accept.  A position may hold only if another package, or another operation, is
carried: "we support A if B".  So what is carried is the least solution of

    carried(x)   x was taken;  or all who must accept accepted it, as it stands, in one set;  or each of them
                 stands in favour of x, and what its position depends on is carried;
                 or x is an operation and a package that takes it is carried

A if B, and B if A: the least solution has neither.  Such a circle is reported as a *joint acceptance set*: it is
carried once all who must accept have accepted its hash, which stands for all of it as it is, and that is the only
way out of it.  (The circles are in the greatest solution and not in the least; mutual dependence is reachability
in both directions.)

The chair takes packages (`TakePackages`): each of their proposals is taken in its place, each that they drop is
set aside, all by one act on the content that it names.  A member that was settled alone is shown as outside its
package, which is then neither here nor there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import msgspec
from immutables import Map

from detente.acts.act import Verified
from detente.acts.facts import Facts
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.table.acts import Accept, Basis, Choice, Package, TakePackages
from detente.procedures.table.choosing import choose, slot_of
from detente.procedures.table.deciding import against, founded
from detente.procedures.table.model import (
    Acceptance,
    Fate,
    Kind,
    Operation,
    Packed,
    Text,
    clause_holding,
    entry,
    fated,
    recorded,
    relived,
    required,
    scope_hash,
    tallied,
)
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.saying import BLOCKING, IN_FAVOUR, standing
from detente.procedures.table.tree import NodeId, Proposal
from detente.wire import text as safety

MOST_MEMBERS = 200
Target = bytes  # a package or an operation


# --- to propose one ---------------------------------------------------------------------------------


def package(text: Text, facts: Facts, act: Verified, body: Package) -> Text | Refused:
    """The text with one more package on the table."""
    if act.id in text.packages:
        return Refused("That package is on the table already.", rule="table.twice")
    try:
        safety.check_name(body.name, safety.LONGEST_NAME, "A package's name")
    except Malformed as error:
        return Refused(error.sentence, rule="table.words")
    named = (*body.take, *body.drop)
    if not body.take or len(named) > MOST_MEMBERS or len(set(named)) != len(named):
        return Refused(
            f"A package takes something, and names up to {MOST_MEMBERS} proposals once each.", rule="table.package"
        )
    operations = [text.operations.get(ActId(each)) for each in named]
    if any(each is None or each.fate in {Fate.TAKEN, Fate.SET_ASIDE} for each in operations):
        return Refused("A package holds proposals that are on the table.", rule="table.target")
    if len(set(body.parties)) != len(body.parties) or any(each not in facts.members for each in body.parties):
        return Refused("A package is offered to members of this line, each named once.", rule="table.audience")
    made = Packed(
        act.id, act.author, act.position, body.name, tuple(map(ActId, body.take)), tuple(map(ActId, body.drop)),
        tuple(PartyId(each) for each in sorted(body.parties)),
    )  # fmt: skip
    ledger = tallied(text.ledger, add=_tally(made))
    changed = msgspec.structs.replace(text, packages=text.packages.set(act.id, made), ledger=ledger)
    return recorded(changed, act, "package", WHOLE, act.id)


def _tally(each: Packed) -> int:
    return entry("package", each.id, each.fate.value.encode())


def withdraw_package(text: Text, act: Verified, name: ActId) -> Text | Refused:
    """The text without one of its author's packages; what it held stays on the table."""
    old = text.packages[name]
    if old.party != act.author or old.fate is not Fate.LIVE:
        return Refused("A party withdraws its own packages only, and each once.", rule="table.own")
    return recorded(_fated(text, [name], Fate.WITHDRAWN), act, "withdraw", WHOLE, name)


def _fated(text: Text, names: Iterable[ActId], fate: Fate) -> Text:
    for name in names:
        old = text.packages[name]
        fresh = msgspec.structs.replace(old, fate=fate)
        ledger = tallied(text.ledger, add=_tally(fresh), remove=_tally(old))
        text = msgspec.structs.replace(text, packages=text.packages.set(name, fresh), ledger=ledger)
    return text


# --- what is carried --------------------------------------------------------------------------------


class Carried(msgspec.Struct, frozen=True):
    """What is carried, and the circles that only joint acceptance can carry, each with the hash that stands for it."""

    targets: frozenset[Target]
    joint: tuple[tuple[bytes, tuple[Target, ...]], ...]


def carried(text: Text, facts: Facts) -> Carried:
    """The least solution, and the circles in the greatest."""
    targets = _concerned(text)
    wants = {each: _wants(text, facts, each) for each in targets}
    seeds = frozenset(each for each in targets if _decided(text, each) or joint_hash(text, [each]) in text.agreed)
    circles = _circles(text, wants, seeds)
    fired = {each for seen, circle in circles if seen in text.agreed for each in circle}
    least = _least(text, wants, seeds | fired)
    return Carried(frozenset(least), tuple((seen, circle) for seen, circle in circles if not least >= set(circle)))


def _concerned(text: Text) -> list[Target]:
    """Packages, what they take, and whatever a position depends on or is taken on with a condition."""
    live = [each for each in text.packages.values() if each.fate is not Fate.WITHDRAWN]
    found: set[Target] = {name for each in live for name in (each.id, *each.take)}
    for target, said in text.positions.items():
        conditions = {each.given for each in said.values() if each.given}
        found |= conditions | ({target} if conditions else set())
    return sorted(each for each in found if each in text.operations or each in text.packages)


def _decided(text: Text, target: Target) -> bool:
    made: Packed | Operation | None = text.packages.get(ActId(target)) or text.operations.get(ActId(target))
    return made is not None and made.fate is Fate.TAKEN


def _wants(text: Text, facts: Facts, target: Target) -> frozenset[Target] | None:
    """On what the positions in favour of it depend; None where somebody who must accept is not in favour."""
    stands = standing(text, target)
    needed: set[Target] = set()
    for party in required(text, facts):
        stand = stands.get(party)
        if stand is not None and stand.said.stance in IN_FAVOUR:
            needed |= {stand.said.given} if stand.said.given else set()
        elif stand is not None or party not in _sponsors(text, target):
            return None
    return frozenset(needed) if required(text, facts) else None


def _sponsors(text: Text, target: Target) -> AbstractSet[PartyId]:
    packed = text.packages.get(ActId(target))
    if packed is not None:
        return {packed.party} if packed.fate is Fate.LIVE else set()
    made = text.operations.get(ActId(target))
    if made is None or made.fate is not Fate.LIVE:
        return set()
    return {*made.joined} if made.of_the_chair else {made.party, *made.joined}


def _least(text: Text, wants: Mapping[Target, frozenset[Target] | None], seeds: AbstractSet[Target]) -> set[Target]:
    found = set(seeds)
    while True:
        fresh = {each for each, needed in wants.items() if needed is not None and needed <= found}
        fresh |= _members(text, found | fresh)
        if fresh <= found:
            return found
        found |= fresh


def _members(text: Text, targets: Iterable[Target]) -> set[Target]:
    """The operations that packages among these take."""
    packed = (text.packages.get(ActId(each)) for each in targets)
    return {name for each in packed if each is not None for name in each.take}


def _greatest(text: Text, wants: Mapping[Target, frozenset[Target] | None], seeds: AbstractSet[Target]) -> set[Target]:
    found = set(wants)
    while True:
        held = _members(text, found)
        kept = {
            each
            for each in found
            if each in seeds or each in held or ((needed := wants[each]) is not None and needed <= found)
        }
        if kept == found:
            return found
        found = kept


def _circles(
    text: Text, wants: Mapping[Target, frozenset[Target] | None], seeds: AbstractSet[Target]
) -> list[tuple[bytes, tuple[Target, ...]]]:
    """What depends on itself in a circle, and could be carried if it were carried together."""
    between = _greatest(text, wants, seeds) - _least(text, wants, seeds)
    below = {each: _needs(text, wants, each) & between for each in between}
    reach = {each: _reached(below, each) for each in between}
    circles = {
        tuple(sorted(one for one in reach[each] if each in reach[one])) for each in between if each in reach[each]
    }
    return sorted((joint_hash(text, circle), circle) for circle in circles)


def _needs(text: Text, wants: Mapping[Target, frozenset[Target] | None], target: Target) -> set[Target]:
    """On what a target depends directly: an operation also on the packages that take it, where that is its way."""
    holders = {each.id for each in text.packages.values() if target in each.take}
    needed = wants[target]
    return set(holders) if needed is None else set(needed)


def _reached(below: Mapping[Target, set[Target]], start: Target) -> set[Target]:
    found: set[Target] = set()
    waiting = list(below[start])
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(below[each])
    return found


# --- accepting together -----------------------------------------------------------------------------


def package_hash(text: Text, targets: Iterable[Target]) -> bytes:
    """What packages are as they stand: their members, and every clause in which these lie."""
    parts: list[bytes] = []
    for target in sorted(set(targets)):
        packed = text.packages.get(ActId(target))
        members = (*packed.take, b"drop", *packed.drop) if packed is not None else (target,)
        parts += (b"package", target, len(members).to_bytes(4, "big"))
        for name in members:
            made = text.operations.get(ActId(name))
            clause = clause_holding(text, made.home) if made is not None else WHOLE
            parts += (
                name,
                made.proposal if made is not None else b"",
                scope_hash(text, clause) or b"" if made else b"",
            )
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha256(b"packages\0" + framed).digest()


def joint_hash(text: Text, targets: Iterable[Target]) -> bytes:
    """What is named to accept these together."""
    return hashlib.sha256(b"joint\0" + package_hash(text, targets)).digest()


def accept_jointly(text: Text, facts: Facts, act: Verified, body: Accept) -> Text | Refused:
    """The text with its author's acceptance of a package, or of the whole circle in which it lies."""
    circles = {each: circle for _, circle in carried(text, facts).joint for each in circle}
    together = circles.get(body.scope, (body.scope,))
    seen = joint_hash(text, together)
    if seen != body.content_hash:
        return Stale("The package has changed since this was decided; look at it again.", rule="table.stale")
    everybody = text.accepted.get(seen, Map())
    if act.author in everybody:
        return Refused("That party has accepted exactly that already.", rule="table.twice")
    everybody = everybody.set(act.author, Acceptance(seen, body.ad_referendum, act.position))
    agreed = text.agreed
    if required(text, facts) and all(party in everybody for party in required(text, facts)):
        agreed = agreed.set(seen, seen)
    added = entry("accepted together", seen, act.author.encode(), bytes([body.ad_referendum]))
    changed = msgspec.structs.replace(
        text,
        accepted=text.accepted.set(seen, everybody),
        agreed=agreed,
        ledger=tallied(text.ledger, add=added),
    )
    return recorded(changed, act, "accept", WHOLE, body.scope)


# --- taking them ------------------------------------------------------------------------------------


def take_packages(text: Text, facts: Facts, act: Verified, body: TakePackages) -> Text | Refused:
    """The text with packages taken whole; `Stale` on other content than the act names."""
    packed = [text.packages.get(ActId(each)) for each in body.packages]
    found = [each for each in packed if each is not None and each.fate is Fate.LIVE]
    if not found or len(found) != len(packed) or len(set(body.packages)) != len(body.packages):
        return Refused("There is no such package on the table.", rule="table.target")
    if package_hash(text, body.packages) != body.precondition:
        return Stale("The packages have changed since this was decided; look at them again.", rule="table.stale")
    take = list(dict.fromkeys(name for each in found for name in each.take))
    drop = list(dict.fromkeys(name for each in found for name in each.drop))
    if set(take) & set(drop):
        return Refused("One of these packages drops what another takes.", rule="table.choice")
    if (refused := _founded(text, facts, body, found)) is not None:
        return refused
    taken = _taken(_dropped(text, drop), act, take)
    if isinstance(taken, Refused):
        return taken
    return recorded(_fated(taken, [each.id for each in found], Fate.TAKEN), act, "take", WHOLE, b"".join(body.packages))


def _founded(text: Text, facts: Facts, body: TakePackages, packages: Iterable[Packed]) -> Refused | None:
    """As for a settlement (deciding.py); who is in favour of a package is not against what it takes."""
    match body.basis:
        case Basis.CONSENSUS | Basis.EDITORIAL:
            return against(facts, [party for party in required(text, facts) if _is_against(text, party, packages)])
        case Basis.ACCEPT:
            if carried(text, facts).targets >= {each.id for each in packages}:
                return None
            return Refused("Not all who must accept have said that they are in favour of that.", rule="table.basis")
        case _:
            return founded(text, facts, body.basis, (), body.precondition)


def _is_against(text: Text, party: PartyId, packages: Iterable[Packed]) -> bool:
    for each in packages:
        stand = standing(text, each.id).get(party)
        if stand is not None and stand.said.stance in BLOCKING:
            return True
        if stand is None or stand.said.stance not in IN_FAVOUR:
            members = (standing(text, name).get(party) for name in each.take)
            if any(member is not None and member.said.stance in BLOCKING for member in members):
                return True
    return False


def _dropped(text: Text, operations: Iterable[ActId]) -> Text:
    """The text with these operations set aside, as if they had been withdrawn."""
    for name in operations:
        made = text.operations[name]
        if made.fate is not Fate.LIVE:
            continue

        def without(each: Proposal, gone: ActId = name) -> Proposal:
            return msgspec.structs.replace(each, sponsors=tuple(one for one in each.sponsors if one[0] != gone))

        text = fated(relived(text, made, without), [name], Fate.SET_ASIDE)
    return text


def _taken(text: Text, act: Verified, operations: Iterable[ActId]) -> Text | Refused:
    """The text with each of these taken in its place, or why that cannot be."""
    ordered = sorted((text.operations[name] for name in operations), key=lambda each: _turn(text, each))
    wanted = {each.proposal for each in ordered}
    for made in ordered:
        fate = text.operations[made.id].fate
        if fate is Fate.TAKEN:
            continue
        if fate is not made.fate:
            return _EXCLUDED
        found = slot_of(text, made)
        if found is None:
            return Refused("One of the proposals of that package does not stand any more.", rule="table.target")
        scope, slot = found
        chosen = tuple(each.id for each in slot.variants if each.id in wanted)
        outcome = choose(text, act, Choice(scope, slot.id, chosen, b""))
        if isinstance(outcome, Refused):
            return outcome
        text = outcome
    return text


_EXCLUDED = Refused("Two proposals of that package exclude each other.", rule="table.choice")
_TURNS = {Kind.ADDITION: 0, Kind.ALTERNATIVE: 1, Kind.EDIT: 2, Kind.MOVE: 3}


def _turn(text: Text, made: Operation) -> tuple[int, int, NodeId]:
    """New clauses first, the upper before the lower; then whole clauses; then edits, the inner first; moves last."""
    depth = -text.proposals[made.proposal].depth
    if made.kind is Kind.ADDITION:
        depth, at = 0, text.additions.get(made.proposal)
        while at is not None and at.site.parent in text.additions:
            depth, at = depth + 1, text.additions[at.site.parent]
    return _TURNS[made.kind], depth, made.proposal


# --- to look ----------------------------------------------------------------------------------------


class Shown(msgspec.Struct, frozen=True):
    """A package as people see it."""

    packed: Packed
    hash: bytes  # the precondition to take it alone
    joint: bytes  # the hash to accept it, alone or with its circle
    circle: tuple[Target, ...]  # with what it can only be accepted together; empty: alone
    carried: bool
    outside: tuple[ActId, ...]  # members that were taken without it
    lost: tuple[ActId, ...]  # members that can be taken no more


def packages(text: Text, facts: Facts) -> list[Shown]:
    """All packages, oldest first."""
    found = carried(text, facts)
    circles = {each: circle for _, circle in found.joint for each in circle}
    return [
        _shown(text, each, found, circles.get(each.id, ()))
        for each in sorted(text.packages.values(), key=lambda one: (one.at, one.id))
    ]


def _shown(text: Text, each: Packed, found: Carried, circle: tuple[Target, ...]) -> Shown:
    fates = {name: text.operations[name].fate for name in each.take}
    taken = each.fate is Fate.TAKEN
    return Shown(
        each,
        package_hash(text, [each.id]),
        joint_hash(text, circle or [each.id]),
        circle,
        each.id in found.targets,
        () if taken else tuple(name for name, fate in fates.items() if fate is Fate.TAKEN),
        tuple(name for name, fate in fates.items() if fate in {Fate.SET_ASIDE, Fate.WITHDRAWN}),
    )
