"""Proposals (RFC 9420 sections 12.1-12.3): which may stand together in a commit, and what they do.

Committer and receiver ask the same functions, so that nobody commits what others would refuse:

    check_list         what may stand in one commit, from whom (12.2)
    apply_proposals    what they do to the tree and to the group's extensions, in the order of 12.3:
                       extensions, updates, removals, additions
    check_entering     what the leaves that came in by it must satisfy (7.3, 10.1)

| proposal                   | from a member | from an external sender | from a newcomer | in an external commit |
|----------------------------|---------------|-------------------------|-----------------|-----------------------|
| Add                        | yes           | yes                     | its own         | no                    |
| Update                     | its own, by reference | no              | no              | no                    |
| Remove                     | of another    | yes                     | no              | one, of its old self  |
| PreSharedKey               | yes           | yes                     | no              | yes                   |
| ReInit                     | alone         | alone                   | no              | no                    |
| ExternalInit               | no            | no                      | no              | exactly one           |
| GroupContextExtensions     | one           | one                     | no              | no                    |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from detente.ground.errors import DetenteError, Malformed, NotAuthentic, Refused
from detente.mls.framing import Sender, SenderType
from detente.mls.leaves import Needs, Place, check_abilities, demands_of
from detente.mls.tree import RatchetTree
from detente.mls.treemath import LeafIndex
from detente.mls.types import (
    MLS10,
    Add,
    Credential,
    Extensions,
    ExtensionType,
    ExternalInit,
    GroupContextExtensions,
    KeyPackage,
    LeafNode,
    LeafSource,
    PreSharedKey,
    PreSharedKeyId,
    Proposal,
    ReInit,
    Remove,
    Update,
    extension_data,
)
from detente.wire.tls import Reader, whole

Succession = Callable[[Credential, Credential], None]
"""Whether the second credential is the same member's as the first; raises `NotAuthentic`."""

MOST_PROPOSALS = 1_024
"""How many proposals one commit may hold: each may cost a receiver a signature check."""


@dataclass(frozen=True)
class Sent:
    """A proposal and who made it."""

    sender: Sender
    proposal: Proposal
    by_reference: bool = False


@dataclass(frozen=True)
class Applied:
    """What the proposals of a commit amount to."""

    tree: RatchetTree
    extensions: Extensions
    added: tuple[tuple[LeafIndex, KeyPackage], ...]
    updated: tuple[tuple[LeafIndex, LeafNode], ...]
    removed: tuple[LeafIndex, ...]
    psks: tuple[PreSharedKeyId, ...]
    new_extensions: bool
    reinit: ReInit | None
    external_init: ExternalInit | None

    @property
    def newcomers(self) -> frozenset[LeafIndex]:
        """The leaves that were added."""
        return frozenset(leaf for leaf, _ in self.added)


FROM: dict[SenderType, tuple[type[Proposal], ...]] = {
    SenderType.MEMBER: (Add, Update, Remove, PreSharedKey, ReInit, GroupContextExtensions),
    SenderType.EXTERNAL: (Add, Remove, PreSharedKey, ReInit, GroupContextExtensions),
    SenderType.NEW_MEMBER_PROPOSAL: (Add,),
    SenderType.NEW_MEMBER_COMMIT: (ExternalInit, Remove, PreSharedKey),
}
"""The columns of the table above: what each kind of sender may propose."""


def _refuse(sentence: str) -> DetenteError:
    return Refused(sentence, rule="mls/proposals")


def path_required(proposals: Sequence[Sent]) -> bool:
    """Whether the commit must have a path (12.4): unless it only adds, brings keys or ends the group."""
    return not proposals or not all(isinstance(sent.proposal, Add | PreSharedKey | ReInit) for sent in proposals)


def check_list(
    committer: Sender, proposals: Sequence[Sent], nonce_length: int, *, founding: PreSharedKeyId | None = None
) -> None:
    """Section 12.2: what may stand together, or `Refused`.

    `founding` is the key by which the first commit of a group goes on from another group: it alone may
    be of those two uses.
    """
    # M34, section 12.2
    if len(proposals) > MOST_PROPOSALS:
        raise _refuse(f"A commit holds more than {MOST_PROPOSALS:,} proposals.")
    for sent in proposals:
        # M35, section 12.1, 12.2
        if not isinstance(sent.proposal, FROM[sent.sender.type]):
            raise _refuse("A commit holds a proposal that its sender may not make.")
        _check_one(committer, sent, nonce_length)
        if isinstance(sent.proposal, PreSharedKey) and sent.proposal.psk.usage > 1 and sent.proposal.psk != founding:
            # M39, section 12.1.4
            raise _refuse("A resumption key made for another purpose cannot be proposed.")
    _check_doubles(proposals)
    if committer.type == SenderType.NEW_MEMBER_COMMIT:
        _check_external(proposals)


def _check_one(committer: Sender, sent: Sent, nonce_length: int) -> None:
    """Rules on one proposal that need nothing but itself and the committer."""
    match sent.proposal:
        # M36, section 12.2
        case Update() if sent.sender == committer:
            raise _refuse("A committer renews its leaf by its path, not by a proposal.")
        # M37, section 12.2
        case Remove(removed=leaf) if committer.type == SenderType.MEMBER and leaf == committer.index:
            raise _refuse("A member cannot commit its own removal.")
        # M38, section 12.1.4
        case PreSharedKey(psk=psk) if len(psk.nonce) != nonce_length:
            raise _refuse("The nonce of a pre-shared key has not the length of the suite's hash.")
        # M40, section 12.1.5
        case ReInit(version=version) if version < MLS10:
            raise _refuse("A group cannot go back to an older version of MLS.")
        case _:
            return


def _check_doubles(proposals: Sequence[Sent]) -> None:
    """Rules on what stands twice or must stand alone."""
    touched = [leaf for sent in proposals if (leaf := _leaf_of(sent)) is not None]
    psks = [sent.proposal.psk for sent in proposals if isinstance(sent.proposal, PreSharedKey)]
    extensions = [sent for sent in proposals if isinstance(sent.proposal, GroupContextExtensions)]
    if len(set(touched)) != len(touched):
        # M41, section 12.2
        raise _refuse("A commit updates or removes one member twice.")
    if len(set(psks)) != len(psks):
        # M42, section 12.2
        raise _refuse("A commit brings one pre-shared key twice.")
    if len(extensions) > 1:
        # M43, section 12.2
        raise _refuse("A commit changes the group's extensions twice.")
    if len(proposals) > 1 and any(isinstance(sent.proposal, ReInit) for sent in proposals):
        # M44, section 12.2
        raise _refuse("A commit that ends the group does nothing else.")


def _leaf_of(sent: Sent) -> LeafIndex | None:
    match sent.proposal:
        case Update():
            return sent.sender.leaf
        case Remove(removed=leaf):
            return leaf
        case _:
            return None


def _check_external(proposals: Sequence[Sent]) -> None:
    """An external commit (12.4.3.2): its own way in, perhaps its old self out, nothing by reference."""
    if sum(isinstance(sent.proposal, ExternalInit) for sent in proposals) != 1:
        # M45, section 12.4.3.2
        raise _refuse("An external commit needs exactly one way in.")
    if sum(isinstance(sent.proposal, Remove) for sent in proposals) > 1:
        # M46, section 12.4.3.2
        raise _refuse("An external commit removes nobody but the committer's old self.")
    if any(sent.by_reference for sent in proposals):
        # M47, section 12.4.3.2
        raise _refuse("An external commit names proposals that a newcomer cannot know.")


def apply_proposals(tree: RatchetTree, extensions: Extensions, proposals: Sequence[Sent]) -> Applied:
    """The tree and the extensions after these proposals (12.3); a place where nobody is, is `Refused`."""
    changed = [sent.proposal for sent in proposals if isinstance(sent.proposal, GroupContextExtensions)]
    updates = tuple((s.sender.leaf, s.proposal.leaf_node) for s in proposals if isinstance(s.proposal, Update))
    removed = tuple(sent.proposal.removed for sent in proposals if isinstance(sent.proposal, Remove))
    for leaf in (*removed, *(leaf for leaf, _ in updates)):
        if tree.leaf(leaf) is None:
            # M48, section 12.1.2, 12.1.3
            raise _refuse(f"A proposal names leaf {leaf}, where nobody is.")
    for leaf, leaf_node in updates:
        tree = tree.update(leaf, leaf_node)
    for leaf in removed:
        tree = tree.remove(leaf)
    added = []
    for package in (sent.proposal.key_package for sent in proposals if isinstance(sent.proposal, Add)):
        tree, leaf = tree.add(package.leaf_node)
        added.append((leaf, package))
    return Applied(
        tree=tree,
        extensions=changed[0].extensions if changed else extensions,
        added=tuple(added),
        updated=updates,
        removed=removed,
        psks=tuple(sent.proposal.psk for sent in proposals if isinstance(sent.proposal, PreSharedKey)),
        new_extensions=bool(changed),
        reinit=next((sent.proposal for sent in proposals if isinstance(sent.proposal, ReInit)), None),
        external_init=next((sent.proposal for sent in proposals if isinstance(sent.proposal, ExternalInit)), None),
    )


def check_entering(
    before: RatchetTree, applied: Applied, needs: Needs, group_id: bytes, succeed: Succession | None
) -> None:
    """The leaves that came in, and, where the group's extensions changed, all leaves; `needs` of the next epoch."""
    for _, package in applied.added:
        needs.check_key_package(package)
    for leaf, leaf_node in applied.updated:
        check_successor(before.member(leaf), leaf_node, succeed)
        needs.check_leaf(leaf_node, Place(group_id, leaf), (LeafSource.UPDATE,))
    if applied.new_extensions:
        external_senders(applied.extensions)
        demands = demands_of(applied.extensions)
        for _, leaf_node in applied.tree.leaves:
            check_abilities(leaf_node, demands)


def check_successor(old: LeafNode, new: LeafNode, succeed: Succession | None) -> None:
    """A member that renews its leaf has another encryption key and stays who it was (7.3, 5.3.1).

    Whether another credential is still the same member, `succeed` says; nobody asked, it is not.
    """
    if new.encryption_key == old.encryption_key:
        # M32, section 7.3
        raise _refuse("A renewed leaf has the same encryption key as before.")
    if new.credential == old.credential:
        return
    if succeed is None:
        # M33, section 5.3.1
        raise NotAuthentic("A member cannot become somebody else by renewing its leaf.")
    succeed(old.credential, new.credential)


def resolve_psks(
    psks: Iterable[PreSharedKeyId], find: Callable[[PreSharedKeyId], bytes | None]
) -> list[tuple[PreSharedKeyId, bytes]]:
    """The pre-shared keys of these names, or `Refused` where one is not held here."""
    found = []
    for psk in psks:
        key = find(psk)
        if not key:
            # M59, section 8.4
            raise Refused("The group uses a pre-shared key that this member does not hold.", rule="mls/psk")
        found.append((psk, key))
    return found


def external_senders(extensions: Extensions) -> tuple[bytes, ...]:
    """The signature keys of those outside whom the group hears (12.1.8.1), or `Malformed`."""
    raw = extension_data(extensions, ExtensionType.EXTERNAL_SENDERS)
    # M83, section 12.1.8.1
    return () if raw is None else whole(raw, lambda reader: reader.items(_read_external_sender))


def _read_external_sender(reader: Reader) -> bytes:
    key = reader.vector()
    Credential.read(reader)
    return key


def check_external_sender(index: int, senders: Sequence[bytes]) -> bytes:
    """The signature key of an external sender, or `Malformed`."""
    if not 0 <= index < len(senders):
        # M16, section 12.1.8.1
        raise Malformed("A message names an external sender that the group does not have.")
    return senders[index]
