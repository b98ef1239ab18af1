"""Who may change the group of a line, and what: every house asks this table before it merges a commit.

| made by              | counts when                                  | may change                                   |
|----------------------|----------------------------------------------|----------------------------------------------|
| the chair's house    | it is ordered                                | who is in, as the charter's acts decided;    |
|                      |                                              | its own keys                                 |
| a house whose leaf   | the chair's house took it up, and that       | its own keys, and nothing else               |
| is fresh: an arrival | message of the chair's is ordered            |                                              |
| anybody else         | never                                        | nothing                                      |

Both count at the place in the log for which the chair's house made them, and nowhere else.  Whoever stays,
stays what it was: its name, its keys for the line, what it can do.

A leaf is fresh while it is the one of the key package (RFC 9420 section 7.2), so each admission allows one
arrival, and the tree itself says who still has one.  Until then the paths above a newcomer are blank,
and whoever commits seals a secret to every single leaf; see docs/specs/mls-cost.md.

The chair's house takes up only what it could open itself.  So it is never the house that an arrival shuts
out, and any other that is can be added anew (docs/decisions/0010-the-chairs-house-takes-arrivals-up.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from detente.acts.facts import Facts
from detente.ground.errors import NotAuthentic, Refused
from detente.ground.identifiers import PartyId
from detente.line.terms import party_of
from detente.mls.group import Group, Member, Opened, Proposed, Staged
from detente.mls.treemath import LeafIndex

AT_ONCE = 2
"""How many newcomers offer their arrivals in one epoch: one is taken up, and one may be away."""
PATIENCE = 32
"""After so many entries of the log the turn passes on, so that those who are away hold up nobody for long."""

_TAKEN_UP = b"detente/arrival/v1\0"


# --- what may be changed -----------------------------------------------------------------------------


def refuse_chairs(facts: Facts, present: Collection[PartyId], group: Group, staged: Staged) -> Refused | None:
    """Why a commit of the chair's house does more than carry out what the charter's acts decided, if it does."""
    changed = _refuse_other_changes(group, staged)
    if changed:
        return changed
    parties = {member.leaf_index: party_of(member.identity) for member in group.members}
    added = [party_of(member.identity) for member in staged.added]
    removed = [parties[leaf] for leaf in staged.removed]
    for party in added:
        if party not in facts.members or (party in present and party not in removed) or added.count(party) > 1:
            return Refused("The commit adds a chancery that no act of the line admits.", rule="charter.commit")
    if any(party in facts.members and party not in added for party in removed):
        return Refused("The commit removes a member that no act of the line removes.", rule="charter.commit")
    return None


def refuse_arrival(group: Group, staged: Staged) -> Refused | None:
    """Why a commit that the chair's house took up is not an arrival, or does more than one may, if so."""
    if staged.proposals:
        return Refused("A newcomer's commit brings its own keys, and proposes nothing.", rule="charter.arrival")
    if not any(member.fresh and member.leaf_index == staged.sender_leaf for member in group.members):
        return Refused("Whoever has keys of its own already does not bring them again.", rule="charter.arrival")
    return _refuse_other_changes(group, staged)


def _refuse_other_changes(group: Group, staged: Staged) -> Refused | None:
    """What the group is, and what each member in it is, no commit changes."""
    after = staged.next
    if after is None:
        return None  # this house is removed, and sees nothing of the next epoch
    if after.reinit or after.context_extensions != group.context_extensions:
        return Refused("The commit changes what the group is, and not who is in it.", rule="charter.commit")
    stay = [member for member in group.members if member.leaf_index not in staged.removed]
    if _as_known(after.members) != _as_known([*stay, *staged.added]):
        return Refused("The commit makes of a member something else than it was.", rule="charter.commit")
    return None


def _as_known(members: Sequence[Member]) -> Mapping[int, Member]:
    return {member.leaf_index: replace(member, fresh=False) for member in members}


# --- how an arrival is taken up ------------------------------------------------------------------------


def envelope(arrival: bytes) -> bytes:
    """What the chair's house seals to take a newcomer's commit up."""
    return _TAKEN_UP + arrival


def taken_up(plaintext: bytes) -> bytes:
    """The newcomer's commit in what the chair's house sealed, or `NotAuthentic`: the message was no commit."""
    if not plaintext.startswith(_TAKEN_UP):
        raise NotAuthentic("Talk was handed in as a commit.")
    return plaintext[len(_TAKEN_UP) :]


def staged_of(opened: Opened | Proposed | Staged) -> Staged:
    """The commit that was opened, or `NotAuthentic` where it is none."""
    if not isinstance(opened, Staged):
        raise NotAuthentic("Something else than a commit was handed in as one.")
    return opened


# --- whose turn it is ------------------------------------------------------------------------------------


def in_turn(own: LeafIndex, fresh: Sequence[LeafIndex], size: int) -> bool:
    """Whether the newcomer at leaf `own` offers its arrival now, of those at the leaves `fresh`, in a log of `size`.

    The order is that of the leaves' numbers read backwards, bit by bit: so those come first whose paths
    fill the upper nodes, and N newcomers who came at once seal some N log N secrets and not N * N / 2.
    """
    order = sorted(fresh, key=_backwards)
    return (order.index(own) - size // PATIENCE) % len(order) < AT_ONCE


def _backwards(leaf: LeafIndex) -> int:
    return int(f"{leaf:032b}"[::-1], 2)
