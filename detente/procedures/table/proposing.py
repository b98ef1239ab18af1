"""What parties propose and say: edits, alternatives, withdrawals, positions.

Between two deciding acts these commute (rules.py says how, and why that needs care).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

from detente.acts.act import Verified
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.table import grammar
from detente.procedures.table.acts import (
    Alternative,
    Edit,
    Hunk,
    Position,
    Withdraw,
    alternative_id,
    container_of,
    proposal_id,
)
from detente.procedures.table.model import (
    Container,
    Fate,
    Operation,
    Said,
    Text,
    alive,
    clause_at,
    clause_of,
    entry,
    fated,
    home_of,
    passage_at,
    put,
    rebuilt,
    tallied,
    tally,
    with_passage,
)
from detente.procedures.table.tree import IMPORTED, Clause, Item, NodeId, Passage, Place, Proposal, Run, Variant
from detente.procedures.table.weave import Laid, choose, sponsored
from detente.wire import text as safety

MOST_HUNKS = 50  # the largest real amendment has 10
LONGEST_WORDS = 64 * 1024  # characters of one hunk or alternative
LONGEST_NOTE = 2_000  # characters
DEEPEST_PROPOSAL = 8  # proposals on proposals
_TWICE = Refused("That proposal is on the table already.", rule="table.twice")


def _words(words: str) -> Refused | None:
    if len(words) > LONGEST_WORDS:
        return Refused(f"New words have at most {LONGEST_WORDS:,} characters.", rule="table.words")
    try:
        safety.check_text(words)
    except Malformed as error:
        return Refused(error.sentence, rule="table.words")
    bare = grammar.FOOTNOTE_ANCHOR.sub("", words)
    if "[" in bare or "]" in bare:
        return Refused(
            "New words hold no brackets: what is not agreed is proposed, each party for itself.", rule="table.words"
        )
    return None


def edit(text: Text, act: Verified, body: Edit) -> Text | Refused:
    """The text with one more proposal on one of its passages."""
    if act.id in text.operations:
        return _TWICE
    if not 1 <= len(body.hunks) <= MOST_HUNKS:
        return Refused(f"A proposal has between 1 and {MOST_HUNKS} parts.", rule="table.hunks")
    for hunk in body.hunks:
        if (refused := _words(hunk.words)) is not None:
            return refused
        if not 0 <= hunk.lo <= hunk.hi or (hunk.lo == hunk.hi and not hunk.words):
            return Refused("A part of the proposal changes nothing.", rule="table.hunks")
    found = _home(text, body)
    if isinstance(found, Refused):
        return found
    home, depth = found
    proposal = _proposal(act, body)
    words = {container: len(_said(said)) for container, said in zip(proposal.containers, proposal.texts, strict=True)}
    containers = {name: Container(proposal.id, home, length, depth + 1) for name, length in words.items()}
    return _proposed(text, act, proposal, home, containers)


def _proposal(act: Verified, body: Edit) -> Proposal:
    identity = proposal_id(body.hunks)
    ordered = sorted(body.hunks, key=lambda each: (each.container, each.lo, each.hi))
    containers = tuple(container_of(identity, index) for index in range(len(ordered)))
    texts = tuple(
        (Run(container, 0, hunk.words),) if hunk.words else ()
        for container, hunk in zip(containers, ordered, strict=True)
    )
    places = tuple(Place(hunk.container, hunk.lo, hunk.hi) for hunk in ordered)
    return Proposal(identity, places, containers, texts, ((act.id, act.author),))


def _said(items: Iterable[Item]) -> str:
    return "".join(item.text for item in items if isinstance(item, Run))


def _home(text: Text, body: Edit) -> tuple[NodeId, int] | Refused:
    """The clause or variant whose passage holds all hunks, and on how many proposals they stand."""
    gone = Refused("The words that this proposal would change do not stand there.", rule="table.target")
    first = body.hunks[0]
    known = text.containers.get(first.container)
    if first.container != IMPORTED and known is None:
        return gone
    owners = [known.home] if known else text.index.owners_at(first.lo)
    homes = dict.fromkeys(home_of(text, owner) for owner in owners)
    for home in homes:
        if home is None or clause_of(text, home) != body.clause:
            continue
        inside = passage_at(text, home)
        if inside is not None and (outcome := _fits(text, inside, body.hunks, home)) is not None:
            return outcome
    return gone


def _fits(text: Text, inside: Passage, hunks: tuple[Hunk, ...], home: NodeId) -> tuple[NodeId, int] | Refused | None:
    """Whether the hunks can be made in this passage; None: their words do not stand in it."""
    laid = Laid(inside.items)
    if any(laid.holds(hunk.container) for hunk in hunks):
        return _fits_items(laid, hunks, home)
    container = hunks[0].container
    known = text.containers.get(container)
    if known is None or any(hunk.container != container for hunk in hunks):
        return Refused("The parts of one proposal lie in one passage; propose them apart.", rule="table.hunks")
    if known.home != home and home_of(text, known.home) != home:
        return None
    if known.length == 0 or max(hunk.hi for hunk in hunks) > known.length or not _standing(text, known.proposal):
        return None
    if known.depth >= DEEPEST_PROPOSAL:
        return Refused("Proposals on proposals go eight deep at most; propose anew.", rule="table.hunks")
    spans = sorted((hunk.lo, hunk.hi) for hunk in hunks)
    return _overlapping(spans) or (home, known.depth)


def _fits_items(laid: Laid, hunks: tuple[Hunk, ...], home: NodeId) -> tuple[NodeId, int] | Refused | None:
    spans: list[tuple[int, int]] = []
    changed = False
    for hunk in hunks:
        if not laid.holds(hunk.container):
            return Refused("The parts of one proposal lie in one passage; propose them apart.", rule="table.hunks")
        span = laid.locate(Place(hunk.container, hunk.lo, hunk.hi))
        if span is None:
            return None
        old = laid.cut(*span)
        if any(isinstance(item, Clause) for item in old):
            return Refused("An edit stays within a clause; propose an alternative to each clause.", rule="table.hunks")
        changed = changed or any(not isinstance(item, Run) for item in old) or _said(old) != hunk.words
        spans.append(span)
    if not changed:
        return Refused("The proposal changes nothing.", rule="table.hunks")
    return _overlapping(sorted(spans)) or (home, 0)


def _overlapping(spans: list[tuple[int, int]]) -> Refused | None:
    for (lo, hi), (following, end) in pairwise(spans):
        if following < hi or (lo, hi) == (following, end):
            return Refused("The parts of one proposal do not overlap.", rule="table.hunks")
    return None


def _standing(text: Text, proposal: NodeId) -> bool:
    """Whether this proposal was neither taken elsewhere nor set aside (a withdrawn one counts: see above)."""
    fates = {each.fate for each in text.operations.values() if each.proposal == proposal}
    return bool(fates & {Fate.LIVE, Fate.WITHDRAWN})


def alternative(text: Text, act: Verified, body: Alternative) -> Text | Refused:
    """The text with one more alternative to one of its clauses."""
    if act.id in text.operations:
        return _TWICE
    if (refused := _words(body.words)) is not None:
        return refused
    clause = clause_at(text, body.clause)
    if clause is None:
        return Refused("That clause does not stand in the text.", rule="table.target")
    identity = alternative_id(body.clause, body.words)
    container = container_of(identity, 0)
    said: tuple[Item, ...] = (Run(container, 0, body.words),) if body.words else ()
    proposal = Proposal(identity, (), (container,), (said,), ((act.id, act.author),))
    return _proposed(
        text, act, proposal, body.clause, {container: Container(identity, body.clause, len(body.words), 1)}
    )


def _proposed(text: Text, act: Verified, proposal: Proposal, home: NodeId, containers: dict[bytes, Container]) -> Text:
    alternative = not proposal.hunks

    def change(node: Clause | Variant) -> Clause | Variant:
        if alternative and isinstance(node, Clause):
            return choose(node, node.passage, _joined(node.alternatives, proposal))
        return with_passage(node, node.passage.items, _joined(node.passage.proposals, proposal))

    operation = Operation(act.id, act.author, proposal.id, home, alternative)
    return replace(
        text,
        document=rebuilt(text, home, change),
        containers=MappingProxyType({**containers, **text.containers}),
        operations=put(text.operations, act.id, operation),
        ledger=tallied(text.ledger, add=tally(operation)),
    )


def _joined(known: tuple[Proposal, ...], proposal: Proposal) -> tuple[Proposal, ...]:
    by_id = {each.id: each for each in known}
    by_id[proposal.id] = sponsored(by_id, proposal)
    return tuple(by_id.values())


def withdraw(text: Text, act: Verified, body: Withdraw) -> Text | Refused:
    """The text as if the operation had not been, but for its history and for what stood on it."""
    operation = text.operations.get(ActId(body.operation))
    if operation is None:
        return Refused("There is no such proposal on this text.", rule="table.target")
    if operation.party != act.author:
        return Refused("A party withdraws its own proposals only.", rule="table.own")
    if operation.fate is not Fate.LIVE:
        return Refused(f"That proposal is no longer live: it was {operation.fate.value}.", rule="table.own")
    home = home_of(text, operation.home)
    if home is None:
        return Refused("The place of that proposal does not stand any more.", rule="table.target")

    def change(node: Clause | Variant) -> Clause | Variant:
        if operation.alternative and isinstance(node, Clause):
            return choose(node, node.passage, _without(node.alternatives, operation.id))
        return with_passage(node, node.passage.items, _without(node.passage.proposals, operation.id))

    return fated(replace(text, document=rebuilt(text, home, change)), [operation.id], Fate.WITHDRAWN)


def _without(known: tuple[Proposal, ...], operation: ActId) -> tuple[Proposal, ...]:
    kept = (
        replace(each, sponsors=tuple(sponsor for sponsor in each.sponsors if sponsor[0] != operation)) for each in known
    )
    return tuple(each for each in kept if each.sponsors)


def position(text: Text, act: Verified, body: Position) -> Text | Refused:
    """The text with its author's last word on a proposal or a clause."""
    if len(body.note) > LONGEST_NOTE:
        return Refused(f"A note has at most {LONGEST_NOTE:,} characters.", rule="table.words")
    known = ActId(body.target) in text.operations or (
        text.index.kinds.get(body.target) is Clause and alive(text, body.target)
    )
    if not known:
        return Refused("There is no such proposal and no such clause in this text.", rule="table.target")
    said = Said(body.stance, body.ad_referendum, body.note)
    key = (body.target, act.author)
    old = text.positions.get(key)
    ledger = tallied(text.ledger, add=_said_entry(key, said), remove=_said_entry(key, old) if old is not None else 0)
    return replace(text, positions=put(text.positions, key, said), ledger=ledger)


def _said_entry(key: tuple[bytes, PartyId], said: Said) -> int:
    return entry(
        "position", key[0], key[1].encode(), said.stance.value.encode(), bytes([said.ad_referendum]), said.note.encode()
    )
