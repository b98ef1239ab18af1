"""A group that goes on from another (RFC 9420 sections 8.6, 11.2, 11.3): founded anew by a ReInit, or a branch of it.

Its first commit brings a resumption key of the old group, so that only those who were in that epoch can
enter, and its Welcome says so.  What then must hold, for the one who founds it and for all who join:

| by     | suite and extensions   | group id             | members                          |
|--------|------------------------|----------------------|----------------------------------|
| ReInit | those of the proposal  | that of the proposal | exactly those of the old group   |
| branch | the suite of the old   | another one          | some of the old group, no others |

Members are compared by their credentials: a key may change on the way, who somebody is may not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from enum import IntEnum

from detente.ground.errors import DetenteError, Refused
from detente.mls.leaves import Entropy
from detente.mls.state import Hooks, State
from detente.mls.tree import RatchetTree
from detente.mls.types import MLS10, Credential, GroupContext, PreSharedKeyId


class Usage(IntEnum):
    """What a resumption key is for (8.6)."""

    APPLICATION = 1
    REINIT = 2
    BRANCH = 3


def _refuse(sentence: str) -> DetenteError:
    return Refused(sentence, rule="mls/succession")


def founding_key(psks: Iterable[PreSharedKeyId]) -> PreSharedKeyId | None:
    """The key among those of a Welcome by which the group goes on from another; at most one."""
    found = [psk for psk in psks if psk.usage in (Usage.REINIT, Usage.BRANCH)]
    if len(found) > 1:
        # M74, section 11.2, 11.3
        raise _refuse("A group goes on from one other group, not from several.")
    return found[0] if found else None


def new_founding_key(old: State, usage: Usage, nonce_length: int, entropy: Entropy) -> PreSharedKeyId:
    """The name under which a new group brings the resumption key of `old`."""
    return PreSharedKeyId(entropy(nonce_length), usage=usage, group_id=old.context.group_id, epoch=old.context.epoch)


def knowing(hooks: Hooks, old: State) -> Hooks:
    """The hooks that find the resumption key of `old` too."""

    def find(psk: PreSharedKeyId) -> bytes | None:
        if psk.usage and (psk.group_id, psk.epoch) == (old.context.group_id, old.context.epoch):
            return old.secrets.resumption
        return hooks.psks(psk)

    return replace(hooks, psks=find)


def check_successor_group(old: State, founding: PreSharedKeyId, context: GroupContext, tree: RatchetTree) -> None:
    """The table above, or `Refused`."""
    if context.epoch != 1:
        raise _refuse("A group that goes on from another begins with its first epoch.")
    if (founding.group_id, founding.epoch) != (old.context.group_id, old.context.epoch):
        raise _refuse("A new group goes on from another group, or another epoch, than the one that is known here.")
    before, after = _who(old.tree), _who(tree)
    if founding.usage == Usage.REINIT:
        _check_reinit(old, context)
        if after != before:
            # M75, section 11.2
            raise _refuse("A group that was founded anew has other members than the one before it.")
        return
    if context.cipher_suite != old.context.cipher_suite:
        raise _refuse("A branch of a group keeps its cipher suite.")
    if context.group_id == old.context.group_id:
        # M78, section 11.3
        raise _refuse("A branch of a group has an id of its own.")
    if after - before:
        # M77, section 11.3
        raise _refuse("A branch of a group has members that the group does not have.")


def _check_reinit(old: State, context: GroupContext) -> None:
    said = old.reinit
    if said is None:
        raise _refuse("A group is founded anew though nobody ended the one before it.")
    if said.version != MLS10 or (said.group_id, said.cipher_suite, said.extensions) != (
        context.group_id,
        context.cipher_suite,
        context.extensions,
    ):
        # M76, section 11.2
        raise _refuse("A group was founded anew with other parameters than were agreed.")


def _who(tree: RatchetTree) -> Counter[Credential]:
    return Counter(leaf_node.credential for _, leaf_node in tree.leaves)
