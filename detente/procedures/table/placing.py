"""Where clauses stand: a new one is proposed at a place, one that stands is proposed elsewhere.

Both name a parent (empty: the top of the text) and the clause after which it would stand (empty: first).
Whether a place is there depends on what the last deciding act left, and on proposed clauses that are named;
never on where else somebody would have the same clause.  So two moves of one clause are two variants of one
placement, and two moves that would put each of two clauses under the other are both admitted: once one of
them is taken, the other is inert, and is listed as such.

A clause that is proposed is a clause: there may be edits of it, alternatives to it, clauses below it.  Its id
is the hash of its place and its words, so that two parties who propose the same propose one.
"""

from __future__ import annotations

import hashlib

import msgspec

from detente.acts.act import Verified
from detente.acts.facts import Facts
from detente.ground.errors import Refused
from detente.procedures.table import grammar, tree
from detente.procedures.table.acts import AddClause, MoveClause
from detente.procedures.table.model import Fate, Ground, Held, Kind, Lodged, Operation, Text, fated, with_held
from detente.procedures.table.outline import WHOLE, Outline, Site, SiteId, placed
from detente.procedures.table.proposing import checked_words, joined, lodged, of_the_chair, sponsor
from detente.procedures.table.tree import Clause, ClauseKind, NodeId, Proposal, Run, container_of
from detente.procedures.table.weave import Addition, Move

DEEPEST = 8  # proposed clauses below proposed clauses
_LEVELS = {ClauseKind.HEADING: 1, ClauseKind.PARAGRAPH: 2, ClauseKind.POINT: 3}
_NO_PLACE = Refused("There is no such place in the text.", rule="table.place")
STILL_PROPOSED = Refused(
    "The clause under which it would stand is still a proposal: decide that first.", rule="table.place"
)


def site_of(text: Text, clause: NodeId) -> tuple[SiteId, Site] | None:
    """Where a clause stands, or is proposed to stand."""
    name = text.outline.current.get(clause)
    if name is not None:
        return name, text.outline.sites[name]
    proposed = text.additions.get(clause)
    return (clause, proposed.site) if proposed is not None and not proposed.set_aside else None


def _place(text: Text, clause: NodeId, parent: NodeId, after: NodeId, rank: bytes) -> Site | None:
    """The site for a clause right after another one, if there is such a place."""
    if parent != WHOLE and site_of(text, parent) is None:
        return None
    if after == WHOLE:
        return Site(clause, parent, WHOLE, rank)
    before = site_of(text, after)
    return Site(clause, parent, before[0], rank) if before is not None and before[1].parent == parent else None


def _above(text: Text, parent: NodeId) -> list[NodeId]:
    """The clause, what it stands under, and so on up."""
    found: list[NodeId] = []
    while parent != WHOLE and parent not in found:
        found.append(parent)
        at = site_of(text, parent)
        parent = at[1].parent if at is not None else WHOLE
    return found


# --- a new clause ---------------------------------------------------------------------------------


def addition_id(body: AddClause, after: SiteId) -> NodeId:
    """What proposals of one clause at one place have in common."""
    parts = (body.parent, after, body.form.value.encode(), body.words.encode())
    lengths = b"".join(len(part).to_bytes(4, "big") for part in parts)
    return hashlib.sha256(b"addition\0" + lengths + b"".join(parts)).digest()[:16]


def add_clause(text: Text, _facts: Facts, act: Verified, body: AddClause) -> Text | Refused:
    """The text with one more clause proposed."""
    if (refused := checked_words(text, body.words)) is not None:
        return refused
    if not body.words.strip() or body.form not in _LEVELS:
        return Refused("A clause has words, and is a heading, a paragraph or a point.", rule="table.words")
    draft = _place(text, WHOLE, body.parent, body.after, b"")
    return _NO_PLACE if draft is None else add_at(text, act, body, draft)


def add_at(text: Text, act: Verified, body: AddClause, draft: Site) -> Text | Refused:
    """The same at a site; its words are in order, and the site's clause is not asked."""
    above = _above(text, draft.parent)
    if sum(each in text.additions for each in above) >= DEEPEST:
        return Refused("Proposed clauses stand below each other eight deep at most.", rule="table.place")
    name = addition_id(body, draft.after)
    if name in text.outline.current:
        return Refused("That very clause was taken at that place already.", rule="table.twice")
    words = body.words if body.words.endswith("\n") else body.words + "\n\n"
    known = text.additions.get(name)
    known = None if known is None or known.set_aside else known
    proposal = joined((known.proposal,) if known else (), Proposal(name, (), (words,), ((act.id, sponsor(act)),)))[0]
    site = msgspec.structs.replace(draft, clause=name, rank=name)
    if known is None:
        text = with_held(text, Held(Ground(_clause(name, body.form, len(above), words))))
    additions = text.additions.set(name, Addition(proposal, site))
    operation = Operation(act.id, act.author, name, name, Kind.ADDITION, act.position, of_the_chair=of_the_chair(act))
    made = msgspec.structs.replace(text, additions=additions)
    return lodged(made, operation, name, Lodged(name, 0, (len(words),), (act.id,)))


def _clause(name: NodeId, form: ClauseKind, depth: int, words: str) -> Clause:
    first = words.partition("\n")[0]
    mark = next((each for each in grammar.marks(first, [0]) if isinstance(each, grammar.ClauseMark)), None)
    run = Run(container_of(name, 0), 0, words)
    return Clause(name, form, mark.label if mark else "", max(_LEVELS[form], depth), 0, tree.passage((run,)))


def add_decided(text: Text, clause: NodeId, *, taken: bool) -> Text:
    """The text with a proposed clause taken, or set aside with all that was proposed in it and below it."""
    addition = text.additions[clause]
    fate = Fate.TAKEN if taken else Fate.SET_ASIDE
    if taken:
        outline = _anchored(text, addition.site).with_site(clause, addition.site)
        changed = msgspec.structs.replace(text, outline=outline, additions=text.additions.delete(clause))
        return unmoved(fated(changed, sponsoring(addition.proposal), fate))
    below = [name for name in text.additions if clause in _above(text, name)]
    for name in sorted(below):
        text = _dropped(text, name)
    return unmoved(text)


def _anchored(text: Text, site: Site) -> Outline:
    """The outline with the sites after which this one lies, be they taken or not: they are empty until they are."""
    outline, name = text.outline, site.after
    while name in text.additions and name not in outline.sites:
        outline = outline.with_site(name, text.additions[name].site, standing=False)
        name = text.additions[name].site.after
    return outline


def _dropped(text: Text, clause: NodeId) -> Text:
    addition, held = text.additions[clause], text.clauses[clause]
    lost = (addition.proposal, *held.live())
    out = msgspec.structs.replace(addition, set_aside=True)
    changed = msgspec.structs.replace(text, additions=text.additions.set(clause, out))
    return fated(changed, [name for each in lost for name in sponsoring(each)], Fate.SET_ASIDE)


def sponsoring(proposal: Proposal) -> list[bytes]:
    """The operations by which a proposal is live."""
    return list(dict.fromkeys(operation for operation, _ in proposal.sponsors))


# --- elsewhere ------------------------------------------------------------------------------------


def move_id(clause: NodeId, parent: NodeId, after: SiteId) -> NodeId:
    """What proposals to have one clause at one place have in common."""
    return hashlib.sha256(b"move\0" + clause + len(parent).to_bytes(1, "big") + parent + after).digest()[:16]


def move_clause(text: Text, _facts: Facts, act: Verified, body: MoveClause) -> Text | Refused:
    """The text with one more place proposed for a clause that stands."""
    here = text.outline.site(body.clause)
    if here is None:
        return Refused("Only a clause that stands in the text by itself can be moved.", rule="table.target")
    draft = _place(text, body.clause, body.parent, body.after, b"")
    if draft is None or body.clause == body.after:
        return _NO_PLACE
    return move_at(text, act, body, draft)


def move_at(text: Text, act: Verified, body: MoveClause, draft: Site) -> Text | Refused:
    """The same at a site; `body` names in words that people know what the site lies after."""
    here = text.outline.sites[text.outline.current[body.clause]]
    if body.clause in _above(text, draft.parent):
        return Refused("A clause does not stand under itself.", rule="table.place")
    if (draft.parent, draft.after) == (here.parent, here.after):
        return Refused("The clause stands there already.", rule="table.hunks")
    name = move_id(body.clause, draft.parent, draft.after)
    held = text.clauses[body.clause]
    known = next((each for each in held.moves if each.proposal.id == name), None)
    fresh = Proposal(name, (), (_where(text, body),), ((act.id, sponsor(act)),))
    proposal = joined((known.proposal,) if known else (), fresh)[0]
    move = Move(proposal, msgspec.structs.replace(draft, rank=name))
    moves = (*(each for each in held.moves if each is not known), move)
    chair = of_the_chair(act)
    operation = Operation(act.id, act.author, name, body.clause, Kind.MOVE, act.position, of_the_chair=chair)
    moved = msgspec.structs.replace(with_held(text, held.moving(moves)), moved=text.moved.set(name, body.clause))
    return lodged(moved, operation, body.clause, Lodged(body.clause, 0, (), (act.id,)))


def _where(text: Text, body: MoveClause) -> str:
    """The place in words, as it was called when it was proposed."""
    if body.after != WHOLE:
        return f"after {named(text, body.after)}"
    return f"first under {named(text, body.parent)}" if body.parent != WHOLE else "first"


def named(text: Text, clause: NodeId) -> str:
    """A clause's label, or its first words."""
    bare = text.clauses[clause].ground.clause
    return bare.label or "“" + " ".join("".join(tree.written(bare.passage)).split()[:5]) + "”"


def move_decided(text: Text, clause: NodeId, chosen: NodeId) -> Text | Refused:
    """The text with a clause where the chosen variant has it; all other places for it are set aside."""
    held = text.clauses[clause]
    taken = next((each for each in held.moves if each.proposal.id == chosen), None)
    outline = text.outline
    if taken is not None:
        if taken.site.parent != WHOLE and taken.site.parent not in outline.current:
            return STILL_PROPOSED
        after = placed(_anchored(text, taken.site), taken.proposal.id, taken.site)
        if after is None:
            return Refused("A clause does not stand under itself.", rule="table.place")
        outline = after
    lost = [name for each in held.moves if each is not taken for name in sponsoring(each.proposal)]
    changed = msgspec.structs.replace(with_held(text, held.moving(())), outline=outline)
    changed = fated(changed, lost, Fate.SET_ASIDE)
    if taken is not None:
        changed = fated(changed, sponsoring(taken.proposal), Fate.TAKEN)
    return unmoved(changed)


def unmoved(text: Text) -> Text:
    """The text with the moves marked inert that cannot be made as it stands now, and no others."""
    for clause in sorted(set(text.moved.values())):
        held = text.clauses[clause]
        moves = tuple(_judged(text, each) for each in held.moves)
        if moves != held.moves:
            text = with_held(text, held.moving(moves))
    return text


def _judged(text: Text, move: Move) -> Move:
    site = move.site
    gone = site.parent != WHOLE and site_of(text, site.parent) is None
    inert = gone or site.clause in _above(text, site.parent)
    return move if inert == move.inert else msgspec.structs.replace(move, inert=inert)
