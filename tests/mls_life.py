"""A group as it lives: members who lag, commit at once, lose messages, restart, leave and come back; and what must hold.

The relay is a list, `log`: proposals and commits in the one order that all of them follow, each member at its own
place in it.  Of several commits of one epoch the first in the log wins; whoever made another drops it when the
winner comes.  What members say to each other (`said`) has no order at all: every member has its own box of what it
did not hear yet, hears it in any order, twice, or never.

A `Member` is one life of one identity in the group: whoever is added again, or comes back alone, is another.

`check` holds what must be true after every step; the rules themselves hold what each step must give.
"""

from dataclasses import dataclass, field, replace
from itertools import groupby

import pytest
from mls_parties import CHARTER, Parties, agree, leaf

from detente.crypto.suites import HOUSE_SUITES
from detente.ground.errors import DetenteError, NotAuthentic, Refused
from detente.mls.framing import open_sender_data, read_message
from detente.mls.group import Group, Opened, PendingCommit, Proposed, external_proposal
from detente.mls.secrettree import ratchet_of
from detente.mls.tree import RatchetTree
from detente.mls.types import (
    Add,
    Credential,
    Extension,
    ExtensionType,
    GroupContextExtensions,
    PreSharedKey,
    PreSharedKeyId,
    Remove,
    Update,
)
from detente.wire.tls import vector

MOST_KEPT = 3  # past epochs, for late messages


@dataclass(eq=False)
class Member:
    """One life of one identity in the group."""

    identity: object
    group: Group
    since: int  # the first epoch of which it ever had all that it takes to hear something late
    at: int  # its place in the log
    pending: PendingCommit | None = None
    box: list = field(default_factory=list)  # what it did not hear yet
    heard: list = field(default_factory=list)

    @property
    def epoch(self):
        return self.group.epoch

    def oldest(self):
        """The oldest epoch whose messages it still opens."""
        return max(self.since, self.epoch - self.group.state.keep)


@dataclass(frozen=True, eq=False)
class Entry:
    """A proposal or a commit in its place; `sender` is None for one from outside."""

    message: bytes
    epoch: int
    sender: Member | None
    commit: bool = False


@dataclass(frozen=True, eq=False)
class Said:
    """Something that a member said."""

    message: bytes
    epoch: int
    sender: Member
    text: bytes


class Life:
    """The group, the log, and everybody who is or was in it."""

    def __init__(self, size, suite=1, most=8):
        self.parties = Parties(suite=HOUSE_SUITES[suite])
        self.most, self.named = most, 0
        self.log, self.winners, self.said = [], {}, []
        self.gone, self.invited, self.resumptions = [], {}, {}
        self.depositary = self.parties.suite.new_signature_key(self.parties.entropy)
        sender = vector(self.parties.suite.signature_public(self.depositary)) + Credential(1, b"depositary").encode()
        self.extensions = (*CHARTER, Extension(ExtensionType.EXTERNAL_SENDERS, vector(sender)))
        founder = self.named_identity()
        group = Group.create(
            b"line", founder, leaf("x"), self.extensions, self.parties.entropy, suite=self.parties.suite
        )
        self.members = [Member(founder, group, 0, 0)]
        self.commit(0, add=size - 1)
        self.all_catch_up()

    # --- who there is -----------------------------------------------------------------------------

    def named_identity(self):
        self.named += 1
        return self.parties.identity(f"party-{self.named}")

    def one(self, index):
        return self.members[index % len(self.members)]

    @property
    def newest(self):
        """Somebody who is in the last epoch."""
        return max(self.members, key=lambda member: member.epoch)

    def newcomer(self, group, again):
        """Somebody who is not in that group: one who was once, or one who never was."""
        present = {member.identity for member in group.members}
        left = [member.identity for member in self.gone if member.identity.credential not in present]
        return left[again % len(left)] if left and again % 3 == 0 else self.named_identity()

    def psks(self, name):
        """External keys by their name, and resumption keys of every epoch."""
        return self.resumptions.get(name.epoch) if name.usage else b"secret of " + name.psk_id

    def opened_by(self, group, message):
        return group.open(message, self.parties.authenticate, psks=self.psks, allow_public=True)

    # --- the log ----------------------------------------------------------------------------------

    def order(self, entry, newcomers=()):
        """Give it its place; if it is the commit that wins its epoch, those whom it adds come in."""
        place = len(self.log)
        self.log.append(entry)
        if entry.commit and self.winners.setdefault(entry.epoch, place) == place:
            self.members += [Member(identity, group, group.epoch, place + 1) for identity, group in newcomers()]

    def catch_up(self, index):
        """A member takes the next entry."""
        member = self.one(index)
        if member.at < len(self.log):
            place, member.at = member.at, member.at + 1
            self.take(member, self.log[place], wins=self.winners.get(self.log[place].epoch) == place)

    def take(self, member, entry, *, wins):
        before = member.group
        if entry.sender is member:
            if entry.commit:
                pending, member.pending = member.pending, None
                if wins:
                    assert before.epoch == entry.epoch
                    self.advance(member, pending.after(before))
        elif entry.epoch != before.epoch:
            self.refused(member, entry.message)
        elif not entry.commit:
            came = self.opened_by(before, entry.message)
            assert isinstance(came, Proposed)
            member.group = came.group
        else:
            assert wins
            staged = self.opened_by(before, entry.message)
            if member.group.own_leaf in staged.removed:
                assert staged.next is None
                self.members.remove(member)
                self.gone.append(member)
            else:
                self.advance(member, staged.next)

    def advance(self, member, following):
        """The next epoch, in which nothing of the last one's secrets is left but what is kept for late messages."""
        before = member.group
        assert following.epoch == before.epoch + 1
        stored = following.serialise()
        assert before.state.secrets.init not in stored
        assert before.state.secrets.exporter not in stored
        if not following.state.keep:
            assert before.state.secrets.sender_data not in stored
        member.group = following

    def all_catch_up(self):
        for member in list(self.members):
            while member.at < len(self.log) and member in self.members:
                self.catch_up(self.members.index(member))

    # --- proposals and commits ----------------------------------------------------------------------

    def propose(self, index, proposal):
        member = self.one(index)
        if len(member.group.state.waiting) < 8:
            member.group, message, reference = member.group.propose(proposal, self.parties.entropy)
            self.order(Entry(message, member.epoch, member))
            return reference
        return None

    def propose_update(self, index):
        member = self.one(index)
        if len(member.group.state.waiting) < 8:
            member.group, message, _ = member.group.propose_update(self.parties.entropy)
            self.order(Entry(message, member.epoch, member))

    def propose_remove(self, index, other):
        group = self.one(index).group
        self.propose(index, Remove(group.members[other % len(group.members)].leaf_index))

    def propose_add(self, index, again):
        group = self.one(index).group
        if len(group.members) < self.most:
            identity = self.newcomer(group, again)
            package, private = self.parties.package(identity)
            reference = self.propose(index, Add(read_message(package)))
            self.invited[reference] = (identity, package, private)

    def propose_psk(self, index, epochs):
        """An external key, or the resumption key of an epoch that is over."""
        nonce = self.parties.entropy(self.parties.suite.hash_length)
        past = sorted(self.resumptions)
        if epochs % 2 and past:
            name = PreSharedKeyId(nonce, usage=1, group_id=b"line", epoch=past[epochs % len(past)])
        else:
            name = PreSharedKeyId(nonce, psk_id=b"envelope %d" % epochs)
        self.propose(index, PreSharedKey(name))

    def propose_from_outside(self, other):
        """The depositary proposes a removal, in the newest epoch."""
        group = self.newest.group
        leaf_index = group.members[other % len(group.members)].leaf_index
        info = group.group_info(tree=False)
        message = external_proposal(info, 0, Remove(leaf_index), self.depositary, HOUSE_SUITES)
        self.order(Entry(message, group.epoch, None))

    def propose_extensions(self, index):
        self.propose(index, GroupContextExtensions(self.changed_extensions()))

    def acceptable(self, member, removed, room):
        """The proposals that may stand together in a commit of this member's, beside these removals.

        Each touches something that nothing else may touch: a leaf, a newcomer's name, or the group's extensions.
        """
        touched, chosen = {member.group.own_leaf, *removed}, []
        for waiting in member.group.state.waiting:
            match waiting.sent.proposal:
                case Update():
                    what = waiting.sent.sender.index
                case Remove(removed=leaf_index):
                    what = leaf_index
                case GroupContextExtensions():
                    what = "extensions"
                case Add(key_package=package) if room:
                    what, room = package.leaf_node.credential.identity, room - 1
                case Add():
                    continue
                case _:
                    what = waiting.reference
            if what not in touched:
                touched.add(what)
                chosen.append(waiting)
        return chosen

    def commit(self, index, *, add=0, remove=(), extensions=False, path=True, again=1):
        """A member commits what was proposed, and more; it holds its commit back until that has its place."""
        member = self.one(index)
        if member.pending is not None:
            return
        group, room, before = member.group, self.most - len(member.group.members), member.group.serialise()
        others = [one.leaf_index for one in group.members if one.leaf_index != group.own_leaf]
        remove = {others[one % len(others)] for one in remove} if others else set()
        chosen = self.acceptable(member, remove, room)
        asked = [self.invited[one.reference] for one in chosen if one.reference in self.invited]
        people = [self.newcomer(group, again) for _ in range(min(add, room - len(asked)))]
        new = {identity.credential: identity for identity in people}
        for identity, *_ in asked:
            new.pop(identity.credential, None)
        made = [(identity, *self.parties.package(identity)) for identity in new.values()]
        extensions = extensions and not any(isinstance(one.sent.proposal, GroupContextExtensions) for one in chosen)
        pending = self.parties.commit(
            group,
            add=[package for _, package, _ in made],
            remove=sorted(remove),
            references=[one.reference for one in chosen],
            context_extensions=self.changed_extensions() if extensions else None,
            path=path,
            psks=self.psks,
        )
        assert group.serialise() == before, "making a commit changed the group"
        member.group, member.pending = pending.current, pending

        def newcomers():
            for identity, package, private in (*asked, *made):
                yield identity, self.joined(pending, package, private, identity)

        self.order(Entry(pending.message, group.epoch, member, commit=True), newcomers)

    def changed_extensions(self):
        return (*self.extensions, Extension(0xF00E, b"%d" % len(self.log)))

    def joined(self, pending, package, private, identity):
        group = self.parties.join(pending.welcome, package, private, identity, psks=self.psks)
        assert agree([group, pending.next])
        return group

    def enter(self, index, *, resync, bring):
        """Somebody comes in alone, or a member comes back in the place of its old self."""
        shown = self.newest.group
        if resync:
            identity = self.one(index).identity
            if identity.credential not in {member.identity for member in shown.members}:
                return
        elif len(shown.members) >= self.most:
            return
        else:
            identity = self.newcomer(shown, index)
        nonce = self.parties.entropy(self.parties.suite.hash_length)
        group, message = Group.enter(
            shown.group_info(),
            identity,
            leaf("x"),
            self.parties.entropy,
            self.parties.authenticate,
            resync=resync,
            bring=[PreSharedKeyId(nonce, psk_id=b"brought")] if bring else (),
            psks=self.psks,
            spoken=HOUSE_SUITES,
        )
        self.order(Entry(message, shown.epoch, None, commit=True), lambda: [(identity, group)])

    # --- what is said -------------------------------------------------------------------------------

    def say(self, index, count):
        member = self.one(index)
        if member.group.state.waiting:  # section 12.4: a commit comes first
            before = member.group.serialise()
            with pytest.raises(Refused, match="commit before anything else is said"):
                member.group.seal(b"too early", b"head", self.parties.entropy)
            assert member.group.serialise() == before
            return
        for number in range(count):
            text = b"%d of %d" % (number, len(self.said))
            before = member.group
            member.group, message = before.seal(text, b"head", self.parties.entropy)
            self.key_is_gone(before, member.group, message)
            said = Said(message, member.epoch, member, text)
            self.said.append(said)
            for other in self.members:
                if other is not member:
                    other.box.append(said)

    def hear(self, index, pick):
        """A member gets something out of its box, whichever: it opens exactly if it is of an epoch that is kept."""
        member = self.one(index)
        if not member.box:
            return
        said = member.box[pick % len(member.box)]
        if said.epoch > member.epoch:
            self.refused(member, said.message)  # it lags: later, it will
            return
        member.box.remove(said)
        if said.epoch < member.oldest():
            self.refused(member, said.message)
            return
        before = member.group
        came = self.opened_by(before, said.message)
        assert isinstance(came, Opened)
        assert (came.plaintext, came.epoch, came.authenticated_data) == (said.text, said.epoch, b"head")
        assert came.sender_leaf == self.leaf_then(member, said)
        self.key_is_gone(before, came.group, said.message)
        member.group = came.group
        member.heard.append(said)

    def leaf_then(self, member, said):
        """Where its sender stood in the epoch of the message, as the hearer remembers it."""
        trees = {past.context.epoch: past.tree for past in member.group.state.past}
        tree = trees.get(said.epoch, member.group.state.tree)
        return next(at for at, node in tree.leaves if node.credential.identity == said.sender.identity.credential)

    def all_hear(self, pick):
        """Everybody hears one thing, whichever."""
        for index in range(len(self.members)):
            self.hear(index, pick + index)

    def lose(self, index, pick):
        member = self.one(index)
        if member.box:
            member.box.pop(pick % len(member.box))

    def hear_again(self, index, pick):
        member = self.one(index)
        if member.heard:
            self.refused(member, member.heard[pick % len(member.heard)].message)

    def all_hear_again(self):
        """Nobody hears again what it heard last."""
        for member in self.members:
            for said in member.heard[-3:]:
                self.refused(member, said.message)

    def key_is_gone(self, before, after, message):
        """The key of that message stands in the state before, in one way or another, and not in the one after."""
        raw = read_message(message)
        past = [one for one in before.state.past if one.context.epoch == raw.epoch]
        tree, secret = (
            (past[0].secret_tree, past[0].sender_data)
            if past
            else (before.state.secret_tree, before.state.secrets.sender_data)
        )
        data = open_sender_data(before.state.suite, raw, secret)
        (key, _), _ = tree.take(data.leaf, ratchet_of(raw.type), data.generation)
        assert key not in after.serialise()

    # --- what may not be ------------------------------------------------------------------------------

    def refused(self, member, message):
        before = member.group.serialise()
        with pytest.raises(DetenteError) as raised:
            self.opened_by(member.group, message)
        assert member.group.serialise() == before
        return raised.value

    def forge(self, index, pick, where, value):
        """Something true with one byte changed, cut short, or with something after its end."""
        member = self.one(index)
        true = [entry.message for entry in self.log[-4:]] + [said.message for said in self.said[-4:]]
        raw = bytearray(true[pick % len(true)])
        at = where % (len(raw) + 2)
        if at < len(raw):
            raw[at] ^= value
        elif at == len(raw):
            raw += bytes([value])
        else:
            del raw[value % len(raw) :]
        self.refused(member, bytes(raw))

    def eavesdrop(self, index, pick):
        """One who was removed hears nothing of the epochs after."""
        later = [
            (member, said)
            for member in self.gone
            for said in self.said
            if said.epoch > member.epoch and said.sender is not member
        ]
        if later:
            member, said = later[(index + pick) % len(later)]
            self.refused(member, said.message)
            pretending = replace(member.group.state, context=replace(member.group.state.context, epoch=said.epoch))
            with pytest.raises((NotAuthentic, Refused)):
                self.opened_by(Group(pretending), said.message)

    def restart(self, index):
        """Everything that a member holds is written and read back, a commit that waits too."""
        member = self.one(index)
        member.group = self.stored(member.group)
        if member.pending is not None:
            current, following = self.stored(member.pending.current), self.stored(member.pending.next)
            member.pending = replace(member.pending, current=current, next=following)

    def stored(self, group):
        raw = group.serialise()
        again = Group.load(raw)
        assert again == group
        assert again.serialise() == raw
        return again

    def keep(self, index, epochs):
        """Another policy for late messages: what is forgotten by it does not come back with the next."""
        member = self.one(index)
        member.since = member.oldest()
        member.group = member.group.keeping(epochs % (MOST_KEPT + 1))

    # --- what must hold -----------------------------------------------------------------------------

    def check(self):
        assert self.members, "somebody is always in the group"
        ordered = sorted(self.members, key=lambda member: member.epoch)
        for epoch, those in groupby(ordered, key=lambda member: member.epoch):
            groups = [member.group for member in those]
            assert agree(groups)
            self.resumptions.setdefault(epoch, groups[0].resumption_psk)
            assert {group.resumption_psk for group in groups} == {self.resumptions[epoch]}
            self.check_trees([group.state.tree for group in groups], groups)

    def check_trees(self, trees, groups):
        """What every member remembers of the tree is what anybody would find anew."""
        fresh = RatchetTree(trees[0].suite, trees[0].nodes)
        hashes = [fresh.node_hash(node) for node in range(len(fresh.nodes))]
        fresh.check_whole()
        fresh.check_parent_hashes()
        for tree, group in zip(trees, groups, strict=True):
            assert tree.nodes == fresh.nodes
            assert [tree.node_hash(node) for node in range(len(tree.nodes))] == hashes
            assert group.tree_hash == hashes[fresh.root]
            for node, private in group.state.keys.items():
                assert tree.suite.hpke.public_of(private) == tree.nodes[node].encryption_key

    def end(self):
        """Everybody catches up, hears everything that it can, and hears nothing of it twice."""
        self.all_catch_up()
        assert len({member.epoch for member in self.members}) == 1
        self.check()
        for index, member in enumerate(self.members):
            while member.box:
                self.hear(index, 0)
            for pick in range(len(member.heard)):
                self.hear_again(index, pick)
        for index in range(len(self.gone)):
            self.eavesdrop(index, index)
