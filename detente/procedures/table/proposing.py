"""What parties propose: edits, alternatives, withdrawals, and who sponsors them.

Between two deciding acts these commute (rules.py says how, and why that needs care).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import msgspec

from detente.acts.act import Verified
from detente.acts.facts import Facts
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import ActId
from detente.procedures.table import grammar
from detente.procedures.table.acts import (
    Alternative,
    ChairText,
    Edit,
    Hunk,
    Join,
    Leave,
    Withdraw,
    alternative_id,
    proposal_id,
)
from detente.procedures.table.model import (
    Event,
    Fate,
    Held,
    Kind,
    Lodged,
    Operation,
    Proposals,
    Text,
    at_scope,
    clause_holding,
    fated,
    home_of,
    recorded,
    relived,
    tallied,
    tally,
    top_of,
    with_held,
)
from detente.procedures.table.saying import withdraw_note
from detente.procedures.table.tree import (
    IMPORTED,
    NOBODY,
    Clause,
    ContainerId,
    Item,
    NodeId,
    Place,
    Proposal,
    Run,
    container_of,
    maker_of,
)
from detente.procedures.table.weave import Laid
from detente.wire import text as safety

MOST_HUNKS = 50  # the largest real amendment has 10
LONGEST_WORDS = 64 * 1024  # characters of one hunk or alternative
DEEPEST_PROPOSAL = 8  # proposals on proposals
_TWICE = Refused("That proposal is on the table already.", rule="table.twice")


def checked_words(words: str) -> Refused | None:
    """Why these may not be new words, if they may not."""
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


def edit(text: Text, _facts: Facts, act: Verified, body: Edit) -> Text | Refused:
    """The text with one more proposal on one of its passages."""
    if act.id in text.operations:
        return _TWICE
    if not 1 <= len(body.hunks) <= MOST_HUNKS:
        return Refused(f"A proposal has between 1 and {MOST_HUNKS} parts.", rule="table.hunks")
    for hunk in body.hunks:
        if (refused := checked_words(hunk.words)) is not None:
            return refused
        if not 0 <= hunk.lo <= hunk.hi or (hunk.lo == hunk.hi and not hunk.words):
            return Refused("A part of the proposal changes nothing.", rule="table.hunks")
    found = _home(text, body)
    if isinstance(found, Refused):
        return found
    proposal = _proposal(act, body)
    return _proposed(text, act, proposal, found, body.clause)


def _proposal(act: Verified, body: Edit) -> Proposal:
    identity = proposal_id(body.hunks)
    ordered = sorted(body.hunks, key=lambda each: (each.container, each.lo, each.hi))
    return Proposal(
        identity,
        tuple(Place(hunk.container, hunk.lo, hunk.hi) for hunk in ordered),
        tuple(hunk.words for hunk in ordered),
        ((act.id, _sponsor(act)),),
    )


def _sponsor(act: Verified) -> str:
    """Whose proposal it is: a chair's text is nobody's."""
    return NOBODY if isinstance(act.body, ChairText) else act.author


def chair_text(text: Text, facts: Facts, act: Verified, body: ChairText) -> Text | Refused:
    """The text with a proposal of the chair's; `Stale` on other content than it names."""
    if (refused := at_scope(text, body.clause, body.precondition)) is not None:
        return refused
    if body.words is None:
        return edit(text, facts, act, Edit(body.text, body.clause, body.hunks))
    if body.hunks:
        return Refused("A chair's text is an edit or an alternative, not both.", rule="table.hunks")
    return alternative(text, facts, act, Alternative(body.text, body.clause, body.words))


class _Home(msgspec.Struct, frozen=True, eq=False):
    """Where a proposal belongs."""

    held: Held
    name: NodeId
    depth: int  # on how many other proposals it stands


_GONE = Refused("The words that this proposal would change do not stand there.", rule="table.target")
_APART = Refused("The parts of one proposal lie in one passage; propose them apart.", rule="table.hunks")


def _home(text: Text, body: Edit) -> _Home | Refused:
    """The clause or variant whose passage holds all hunks, and on how many proposals they stand."""
    first = body.hunks[0]
    known = None
    if first.container == IMPORTED:
        owners = text.index.owners_at(first.lo)
    elif (known := lodged_at(text, first.container)) is not None:
        owners = [known.home]
    else:
        return _GONE
    for home in dict.fromkeys(home_of(text, owner) for owner in owners):
        held = top_of(text, home) if home is not None else None
        if home is None or held is None or held.ground.clause_of(home) != body.clause:
            continue
        if (outcome := _fits(text, held, home, body.hunks)) is not None:
            return outcome
    return _GONE


def lodged_at(text: Text, container: ContainerId) -> Lodged | None:
    """The proposal that made a container."""
    known = text.proposals.get(maker_of(container))
    made = known is not None and any(
        container == container_of(maker_of(container), index) for index in range(len(known.lengths))
    )
    return known if made else None


def _fits(text: Text, held: Held, home: NodeId, hunks: tuple[Hunk, ...]) -> _Home | Refused | None:
    """Whether the hunks can be made in this passage; None: their words do not stand in it."""
    laid = held.ground.laid(home)
    if any(laid.holds(hunk.container) for hunk in hunks):
        return _fits_items(held, laid, hunks, home)
    container = hunks[0].container
    if any(hunk.container != container for hunk in hunks):
        return _APART
    known = lodged_at(text, container)
    if known is None or not _standing(text, known):
        return None
    length = known.lengths[int.from_bytes(container[-4:], "big")]
    if length == 0 or max(hunk.hi for hunk in hunks) > length:
        return None
    if known.depth >= DEEPEST_PROPOSAL:
        return Refused("Proposals on proposals go eight deep at most; propose anew.", rule="table.hunks")
    spans = sorted((hunk.lo, hunk.hi) for hunk in hunks)
    return _overlapping(spans) or _Home(held, home, known.depth)


def _fits_items(held: Held, laid: Laid, hunks: tuple[Hunk, ...], home: NodeId) -> _Home | Refused | None:
    spans: list[tuple[int, int]] = []
    changed = False
    for hunk in hunks:
        if not laid.holds(hunk.container):
            return _APART
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
    return _overlapping(sorted(spans)) or _Home(held, home, 0)


def _said(items: list[Item]) -> str:
    return "".join(item.text for item in items if isinstance(item, Run))


def _overlapping(spans: list[tuple[int, int]]) -> Refused | None:
    for (lo, hi), (following, end) in pairwise(spans):
        if following < hi or (lo, hi) == (following, end):
            return Refused("The parts of one proposal do not overlap.", rule="table.hunks")
    return None


def _standing(text: Text, lodged: Lodged) -> bool:
    """Whether this proposal was neither taken elsewhere nor set aside (a withdrawn one counts: see rules.py)."""
    fates = {text.operations[each].fate for each in lodged.operations}
    return bool(fates & {Fate.LIVE, Fate.WITHDRAWN})


def alternative(text: Text, _facts: Facts, act: Verified, body: Alternative) -> Text | Refused:
    """The text with one more alternative to one of its clauses."""
    if act.id in text.operations:
        return _TWICE
    if (refused := checked_words(body.words)) is not None:
        return refused
    held = top_of(text, body.clause)
    if held is None or not isinstance(held.ground.nodes.get(body.clause), Clause):
        return Refused("That clause does not stand in the text.", rule="table.target")
    identity = alternative_id(body.clause, body.words)
    proposal = Proposal(identity, (), (body.words,), ((act.id, _sponsor(act)),))
    return _proposed(text, act, proposal, _Home(held, body.clause, 0), body.clause)


def _proposed(text: Text, act: Verified, proposal: Proposal, at: _Home, clause: NodeId) -> Text | Refused:
    known = text.proposals.get(proposal.id)
    if known is not None and any(text.operations[each].fate is Fate.TAKEN for each in known.operations):
        return Refused("Those very words were taken at that place already.", rule="table.twice")
    if proposal.hunks:
        kind, held = Kind.EDIT, at.held.proposed(at.name, joined(at.held.proposals.get(at.name, ()), proposal))
    else:
        kind = Kind.ALTERNATIVE
        held = at.held.offered(at.name, joined(at.held.alternatives.get(at.name, ()), proposal))
    of_the_chair = isinstance(act.body, ChairText)
    operation = Operation(act.id, act.author, proposal.id, at.name, kind, act.position, of_the_chair=of_the_chair)
    lengths = tuple(map(len, proposal.words))
    return lodged(with_held(text, held), operation, clause, Lodged(at.name, at.depth + 1, lengths, (act.id,)))


def lodged(text: Text, operation: Operation, clause: NodeId, first: Lodged) -> Text:
    """The text with an operation among those that were ever made.  `first` is what is kept if it is the first such."""
    known = text.proposals.get(operation.proposal)
    if known is not None:
        first = msgspec.structs.replace(known, operations=(*known.operations, operation.id))
    event = Event(operation.at, operation.party, operation.kind.value, clause, operation.id)
    return msgspec.structs.replace(
        text,
        proposals=text.proposals.put(operation.proposal, first),
        operations=text.operations.put(operation.id, operation),
        history=text.history.added(event),
        ledger=tallied(text.ledger, add=tally(operation)),
    )


def joined(known: Proposals, proposal: Proposal) -> Proposals:
    """With one proposal more, or with its sponsors beside those of its like."""
    for place, each in enumerate(known):
        if each.id == proposal.id:
            sponsors = tuple(sorted({*each.sponsors, *proposal.sponsors}))
            return (*known[:place], msgspec.structs.replace(each, sponsors=sponsors), *known[place + 1 :])
    return (*known, proposal)


def withdraw(text: Text, _facts: Facts, act: Verified, body: Withdraw) -> Text | Refused:
    """The text as if the operation had not been, but for its history and for what stood on it."""
    if ActId(body.operation) in text.notes:
        return withdraw_note(text, act, ActId(body.operation))
    operation = text.operations.get(ActId(body.operation))
    if operation is None:
        return Refused("There is no such proposal on this text.", rule="table.target")
    if operation.party != act.author:
        return Refused("A party withdraws its own proposals only.", rule="table.own")
    if operation.fate is not Fate.LIVE:
        return Refused(f"That proposal is no longer live: it was {operation.fate.value}.", rule="table.own")
    if operation.kind is not Kind.ADDITION and home_of(text, operation.home) is None:
        return Refused("The place of that proposal does not stand any more.", rule="table.target")

    def without(each: Proposal) -> Proposal:
        kept = tuple(sponsor for sponsor in each.sponsors if sponsor[0] != operation.id)
        return msgspec.structs.replace(each, sponsors=kept)

    changed = fated(relived(text, operation, without), [operation.id], Fate.WITHDRAWN)
    return recorded(changed, act, "withdraw", *_about(text, operation))


def join(text: Text, _facts: Facts, act: Verified, body: Join) -> Text | Refused:
    """The text with one sponsor more of an operation.

    A withdrawn operation may be joined too, without effect: whether its author was first makes no difference.
    """
    operation = _sponsored(text, body.operation)
    if isinstance(operation, Refused):
        return operation
    if operation.party == act.author or act.author in operation.joined:
        return Refused("That party sponsors it already.", rule="table.twice")
    joined = tuple(sorted((*operation.joined, act.author)))
    fresh = msgspec.structs.replace(operation, joined=joined)

    def sponsor(each: Proposal) -> Proposal:
        if all(name != operation.id for name, _ in each.sponsors):
            return each
        return msgspec.structs.replace(each, sponsors=tuple(sorted((*each.sponsors, (operation.id, act.author)))))

    return recorded(_responsored(text, fresh, sponsor), act, "join", *_about(text, operation))


def leave(text: Text, _facts: Facts, act: Verified, body: Leave) -> Text | Refused:
    """The text with one sponsor less of an operation; its author withdraws instead."""
    operation = _sponsored(text, body.operation)
    if isinstance(operation, Refused):
        return operation
    if act.author not in operation.joined:
        return Refused("Only who joined a proposal leaves it; its author withdraws it.", rule="table.own")
    fresh = msgspec.structs.replace(operation, joined=tuple(each for each in operation.joined if each != act.author))
    gone = (operation.id, act.author)

    def sponsor(each: Proposal) -> Proposal:
        return msgspec.structs.replace(each, sponsors=tuple(one for one in each.sponsors if one != gone))

    return recorded(_responsored(text, fresh, sponsor), act, "leave", *_about(text, operation))


def _sponsored(text: Text, name: bytes) -> Operation | Refused:
    operation = text.operations.get(ActId(name))
    if operation is None:
        return Refused("There is no such proposal on this text.", rule="table.target")
    if operation.fate not in {Fate.LIVE, Fate.WITHDRAWN}:
        return Refused(f"That proposal is no longer live: it was {operation.fate.value}.", rule="table.own")
    return operation


def _about(text: Text, operation: Operation) -> tuple[NodeId, bytes]:
    return clause_holding(text, operation.home), operation.id


def _responsored(text: Text, fresh: Operation, change: Callable[[Proposal], Proposal]) -> Text:
    """The text with an operation's sponsors changed, in what is live too."""
    old = text.operations[fresh.id]
    ledger = tallied(text.ledger, add=tally(fresh), remove=tally(old))
    changed = relived(text, old, change)
    return msgspec.structs.replace(changed, operations=text.operations.put(old.id, fresh), ledger=ledger)
