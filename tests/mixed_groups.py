"""A group whose members are of two makers; after every epoch all are asked whether they agree.

`ours` and `theirs` are clients of the official harness (`interop_wire.RPCS`), theirs being ts-mls.  `Mixed` is what can
be done in such a group; `Play` draws what is done from one seeded generator, so that a seed names a play, though the
keys are new every time.  A step is one thing that people do: talk, propose, commit, come in alone, come back.

A play keeps off what ts-mls does otherwise than RFC 9420; tests of their own show each of these
(`journeys/test_ts_mls.py`).  What lies in the tree cannot be kept off, so it is foretold: `nested` says when ts-mls
will not enter a group, and it is an error if it enters then, or stays outside otherwise.
"""

from collections import Counter
from dataclasses import dataclass, field

from interop_runner import Failed

from detente.crypto.suites import HOUSE_SUITES
from detente.ground.errors import DetenteError
from detente.mls.tree import RatchetTree
from detente.mls.treemath import direct_path
from detente.mls.types import ParentNode

MOST_MEMBERS = 8
MOST_WAITING = 3
LATE = 3  # epochs after which a message is still opened: ts-mls keeps four, our client eight
UNDERSTOOD = 0xF001  # an extension that both say they understand

OUT = ("this member was removed", "This is no commit that leads on")
UNSEEN = "No overlap between provided private keys and update path"
NESTED = "non-blank intermediate node must list leaf node in its unmerged_leaves"


@dataclass
class Counts:
    """What was done, for the line at the end; `refused` are good groups that ts-mls did not enter."""

    groups: int = 0
    epochs: int = 0
    messages: int = 0
    refused: int = 0
    deeds: Counter = field(default_factory=Counter)


@dataclass
class Seat:
    """A member: who plays it, under which number its client knows its state, in which epoch it came."""

    name: str
    maker: str
    state: int
    since: int
    encrypt: bool


@dataclass
class Newcomer:
    """Somebody with a key package, or with an Add of its own."""

    name: str
    maker: str
    transaction: int
    package: bytes = b""


@dataclass
class Waiting:
    """A proposal that the next commit takes in: whose it is, whose leaves it changes, whom it adds."""

    message: bytes
    maker: str
    kind: str
    leaves: frozenset = frozenset()
    adds: tuple = ()
    epoch: int | None = None  # whose resumption key it brings


@dataclass
class Said:
    """A sealed message and what is in it."""

    sender: Seat
    epoch: int
    sealed: bytes
    data: bytes
    text: bytes


def nested(tree):
    """Whether a leaf is unmerged at one node and another node above it lists others: RFC 9420 allows that (7.1)."""
    for node in tree.nodes:
        for leaf in node.unmerged_leaves if isinstance(node, ParentNode) else ():
            above = [tree.parent_node(at) for at in direct_path(leaf, tree.size)]
            if any(one is not None and one.unmerged_leaves != node.unmerged_leaves for one in above):
                return True
    return False


def lopsided(occupied):
    """Whether nobody is in the left half of a tree with these leaves: no path of its members reaches the root."""
    last = max(occupied, default=0)
    half = 1 << last.bit_length() - 1 if last else 0
    return min(occupied, default=0) >= half > 0


class Mixed:
    """One group.  `peers` are the clients, by maker; `rng` draws everything that is not a key.

    `sealed` says whether handshakes are sealed or in clear; with None each member is drawn to do one or the other.
    """

    def __init__(self, peers, suite, rng, counts, *, sealed=None):
        self.peers, self.suite, self.rng, self.counts, self.sealed = peers, suite, rng, counts, sealed
        self.seats, self.waiting, self.psks = {}, [], {}
        self.gone = []  # in the tree, but never came in
        self.epoch = self.born = 0

    # --- asking ------------------------------------------------------------------------------------

    def ask(self, seat, rpc, **values):
        return self.peers[seat.maker].call(rpc, {"state_id": seat.state, **values})

    def refusal(self, seat, rpc, **values):
        """The words of a refusal; it is an error if there is none."""
        try:
            self.ask(seat, rpc, **values)
        except (Failed, DetenteError) as error:
            return str(error)
        raise AssertionError(f"{seat.name} did not refuse {rpc}")

    def others(self, *names):
        return [seat for seat in self.seats.values() if seat.name not in names]

    def any_seat(self, *but):
        return self.rng.choice(self.others(*but))

    def of(self, maker):
        return next(seat for seat in self.seats.values() if seat.maker == maker)

    def tree(self):
        shown = self.ask(self.any_seat(), "GroupInfo", external_tree=True)
        return RatchetTree.read(HOUSE_SUITES[self.suite], shown["ratchet_tree"])

    def draw_encrypt(self):
        return self.rng.random() < 0.5 if self.sealed is None else self.sealed

    def count(self, deed, *makers):
        self.counts.deeds[" ".join((deed, *makers))] += 1

    # --- people --------------------------------------------------------------------------------------

    def new_name(self, maker):
        self.born += 1
        return f"{maker} {self.born}"

    def newcomer(self, maker):
        name = self.new_name(maker)
        made = self.peers[maker].call("CreateKeyPackage", {"cipher_suite": self.suite, "identity": name.encode()})
        return Newcomer(name, maker, made["transaction_id"], made["key_package"])

    def new_psk(self):
        """A new external key, which all members have; whoever the next commit adds is given it then."""
        psk_id, secret = self.rng.randbytes(8), self.rng.randbytes(32)
        self.give({psk_id: secret}, [(seat.maker, seat.state) for seat in self.seats.values()])
        self.psks[psk_id] = secret
        return psk_id

    def give(self, psks, holders):
        for psk_id, secret in psks.items():
            for maker, thing in holders:
                ask = {"state_or_transaction_id": thing, "psk_id": psk_id, "psk_secret": secret}
                self.peers[maker].call("StorePSK", ask)

    # --- from one epoch to the next ------------------------------------------------------------------

    def found(self, founder, *others):
        """A group of one of `founder`, which adds one of each of the `others`."""
        self.counts.groups += 1
        name, encrypt = self.new_name(founder), self.draw_encrypt()
        ask = {"group_id": self.rng.randbytes(16), "cipher_suite": self.suite, "identity": name.encode()}
        answer = self.peers[founder].call("CreateGroup", {**ask, "encrypt_handshake": encrypt})
        self.seats[name] = Seat(name, founder, answer["state_id"], 0, encrypt)
        self.commit(self.seats[name], adds=[self.newcomer(maker) for maker in others])

    def compare(self):
        """All are in one epoch, and can make the same secrets."""
        use = {"label": "detente/mixed", "context": self.rng.randbytes(8), "key_length": 40}
        seen = {
            (self.ask(seat, "StateAuth")["state_auth_secret"], self.ask(seat, "Export", **use)["exported_secret"])
            for seat in self.seats.values()
        }
        assert len(seen) == 1, "the members do not agree"
        self.counts.epochs += 1

    def commit(self, committer, **wish):
        """A commit of all that waits by reference and of the wish by value, in sight of everybody."""
        newcomers = [*wish.get("adds", ()), *(one for waiting in self.waiting for one in waiting.adds)]
        self.give(self.psks, [(one.maker, one.transaction) for one in newcomers])
        leaving = {*wish.get("removes", ()), *self.leaving()}
        proposals, made = self.make_commit(committer, **wish)
        self.take_in(committer, made["commit"], proposals, leaving, filled=bool(newcomers))
        self.move(committer, self.ask(committer, "HandlePendingCommit"))
        self.enter_epoch(leaving)
        self.welcome(newcomers, made)
        self.count("sealed commit of" if committer.encrypt else "clear commit of", committer.maker)
        self.compare()

    def make_commit(self, committer, *, adds=(), removes=(), psks=(), epochs=(), extensions=(), path=None):
        """The proposals by reference, and the answer of the committer, whose pending commit it is."""
        by_value = [{"proposal_type": b"add", "key_package": one.package} for one in adds]
        by_value += [{"proposal_type": b"remove", "removed_id": name.encode()} for name in removes]
        by_value += [{"proposal_type": b"externalPSK", "psk_id": psk} for psk in psks]
        by_value += [{"proposal_type": b"resumptionPSK", "epoch_id": epoch} for epoch in epochs]
        by_value += [{"proposal_type": b"groupContextExtensions", "extensions": one} for one in extensions]
        self.rng.shuffle(by_value)
        proposals = [one.message for one in self.waiting]
        how = {
            "force_path": self.rng.random() < 0.5 if path is None else path,
            "external_tree": self.rng.random() < 0.5,
        }
        return proposals, self.ask(committer, "Commit", by_reference=proposals, by_value=by_value, **how)

    def take_in(self, committer, commit, proposals, leaving, *, filled):
        """All follow, or learn that they are out; ts-mls does not see that where its place is `filled` at once."""
        for seat in self.others(committer.name):
            if seat.name in leaving:
                said = self.refusal(seat, "HandleCommit", proposal=proposals, commit=commit)
                assert any(words in said for words in (*OUT, *((UNSEEN,) if filled else ()))), said
                self.count("removed", seat.maker)
            else:
                self.move(seat, self.ask(seat, "HandleCommit", proposal=proposals, commit=commit))

    def move(self, seat, answer):
        """The seat in the next epoch; the state before is forgotten, but for what its client keeps of it."""
        self.ask(seat, "Free")
        seat.state = answer["state_id"]

    def enter_epoch(self, leaving=()):
        for waiting in self.waiting:
            self.count(f"{waiting.kind} proposed by", waiting.maker)
        self.waiting, self.psks, self.epoch = [], {}, self.epoch + 1
        self.gone = [name for name in self.gone if name not in leaving]
        for name in leaving:
            self.seats.pop(name, None)

    def welcome(self, newcomers, made):
        """All who were added come in, but for ts-mls where it takes a good tree for a bad one."""
        bad = bool(newcomers) and nested(self.tree())
        where = "beside" if made["ratchet_tree"] else "inside"
        for one in newcomers:
            ask = {"transaction_id": one.transaction, "welcome": made["welcome"], "ratchet_tree": made["ratchet_tree"]}
            if self.sit(one.name, one.maker, "JoinGroup", ask, bad=bad):
                self.count(f"welcome with the tree {where} for", one.maker)
            else:
                self.gone.append(one.name)

    def sit(self, name, maker, rpc, ask, *, bad):
        """Somebody comes in by that RPC: the answer, or None where ts-mls stays out of a tree that is `bad` to it."""
        encrypt = self.draw_encrypt()
        try:
            answer = self.peers[maker].call(rpc, {**ask, "identity": name.encode(), "encrypt_handshake": encrypt})
        except Failed as error:
            if not (bad and NESTED in str(error)):
                raise
            self.counts.refused += 1
            return None
        assert not (bad and maker == "theirs"), "ts-mls came in, though it never entered such a tree before"
        self.seats[name] = Seat(name, maker, answer["state_id"], self.epoch, encrypt)
        return answer

    def external(self, maker, name, *, prior):
        """Somebody comes in alone, or comes back in the place of its old self; what waited is void."""
        shown = self.ask(self.any_seat(name), "GroupInfo", external_tree=self.rng.random() < 0.5)
        bad = nested(self.tree())
        answer = self.sit(name, maker, "ExternalJoin", {**shown, "remove_prior": prior}, bad=bad)
        if answer is None:
            return
        for seat in self.others(name):
            self.move(seat, self.ask(seat, "HandleCommit", commit=answer["commit"]))
        self.waiting.clear()
        self.enter_epoch()
        self.seats[name].since = self.epoch
        self.count("return of" if prior else "external commit of", maker)
        self.compare()

    def leaving(self):
        """Those whose removal waits."""
        return {name for one in self.waiting if one.kind == "remove" for name in one.leaves}

    # --- messages ----------------------------------------------------------------------------------

    def say(self, sender):
        data, text = self.rng.randbytes(4), self.rng.randbytes(self.rng.randrange(300))
        sealed = self.ask(sender, "Protect", authenticated_data=data, plaintext=text)["ciphertext"]
        return Said(sender, self.epoch, sealed, data, text)

    def hear(self, seat, said):
        opened = self.ask(seat, "Unprotect", ciphertext=said.sealed)
        assert (opened["authenticated_data"], opened["plaintext"]) == (said.data, said.text)
        self.counts.messages += 1
        self.count("message from", said.sender.maker, "to", seat.maker)


class Play(Mixed):
    """A group in which everything is drawn."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.late = []

    def step(self):
        """One deed that is possible now."""
        deeds = {self.talk: 3, self.propose: 4, self.decide: 4, self.enter: 1, self.come_back: 1, self.apply: 1}
        self.rng.choices(list(deeds), list(deeds.values()))[0]()

    # --- what may be drawn -------------------------------------------------------------------------

    def makers_room(self):
        """Makers of those who may come in; nobody while a key of an earlier epoch waits, which they cannot have."""
        waiting = sum(len(one.adds) for one in self.waiting)
        room = 0 if self.bound() else MOST_MEMBERS - len(self.seats) - len(self.gone) - waiting
        return [self.rng.choice(("ours", "theirs")) for _ in range(min(2, room))]

    def bound(self):
        return any(one.epoch is not None for one in self.waiting)

    def changing(self):
        return any(one.kind == "extensions" for one in self.waiting)

    def touched(self):
        return frozenset().union(*(one.leaves for one in self.waiting))

    def committers(self, *but):
        """Who may commit what waits: not whoever it renews or removes; of theirs, nobody where extensions change."""
        able = [seat for seat in self.others(*but) if seat.name not in self.touched()]
        return [seat for seat in able if seat.maker == "ours" or not self.changing()]

    def ours_may_commit(self, *but):
        return any(seat.maker == "ours" for seat in self.committers(*but))

    def may_leave(self, *but):
        """Who can be removed: of each maker one stays, and the tree does not become lopsided."""
        places = {leaf.credential.identity.decode(): at for at, leaf in self.tree().leaves}
        leaving, found = self.leaving(), []
        for name in [*self.seats, *self.gone]:
            rest = {at for other, at in places.items() if other != name and other not in leaving}
            if name in but or name in self.touched() or lopsided(rest):
                continue
            stay = [other for other in self.others(name, *leaving) if other.maker == name.split()[0]]
            if stay or name in self.gone:
                found.append(name)
        return found

    def shared_epochs(self):
        """Epochs whose resumption key every member has; ts-mls keeps those of four."""
        since = max(seat.since for seat in self.seats.values())
        return list(range(max(self.epoch - LATE, since), self.epoch + 1))

    def extensions(self):
        return [{"extension_type": UNDERSTOOD, "extension_data": self.rng.randbytes(self.rng.randrange(40))}]

    # --- talking -----------------------------------------------------------------------------------

    def talk(self):
        """Some speak; each hears it in an order of its own, and some only epochs later.

        Not while proposals wait: then a commit comes first (section 12.4).
        """
        if self.waiting:
            return
        said = [self.say(self.any_seat()) for _ in range(self.rng.randint(1, 4))]
        for seat in self.seats.values():
            for one in self.rng.sample(said, len(said)):
                if one.sender is seat:
                    continue
                if self.rng.random() < 0.2:
                    self.late.append((seat, one))
                else:
                    self.hear(seat, one)
        self.hear_late()

    def hear_late(self):
        """What was kept back arrives, if the one who should hear it is still the same member."""
        there = [(seat, said) for seat, said in self.late if self.seats.get(seat.name) is seat]
        self.late = []
        for seat, said in there:
            if self.epoch - said.epoch > LATE:
                continue
            if self.rng.random() < 0.5:
                self.late.append((seat, said))
                continue
            self.hear(seat, said)
            self.count("message of an earlier epoch to" if said.epoch < self.epoch else "late message to", seat.maker)

    # --- proposing and deciding ----------------------------------------------------------------------

    def propose(self):
        """A proposal for somebody's commit."""
        if len(self.waiting) == MOST_WAITING:
            self.decide()
            return
        kinds = [self._add, self._remove, self._update, self._psk, self._resumption, self._extensions]
        self.rng.choice(kinds)(self.any_seat())

    def wait(self, proposer, kind, rpc, *, leaves=(), adds=(), epoch=None, **values):
        message = self.ask(proposer, rpc, **values)["proposal"]
        self.waiting.append(Waiting(message, proposer.maker, kind, frozenset(leaves), tuple(adds), epoch))

    def _add(self, proposer):
        for maker in self.makers_room()[:1]:
            new = self.newcomer(maker)
            self.wait(proposer, "add", "AddProposal", adds=[new], key_package=new.package)

    def _remove(self, proposer):
        if able := [name for name in self.may_leave(proposer.name) if self.ours_may_commit(name)]:
            name = self.rng.choice(able)
            self.wait(proposer, "remove", "RemoveProposal", leaves=[name], removed_id=name.encode())

    def _update(self, proposer):
        if proposer.name not in self.touched() and self.ours_may_commit(proposer.name):
            self.wait(proposer, "update", "UpdateProposal", leaves=[proposer.name])

    def _psk(self, proposer):
        self.wait(proposer, "external key", "ExternalPSKProposal", psk_id=self.new_psk())

    def _resumption(self, proposer):
        epochs = self.shared_epochs()
        if epochs and not self.bound() and not any(one.adds for one in self.waiting):
            epoch = self.rng.choice(epochs)
            self.wait(proposer, "resumption key", "ResumptionPSKProposal", epoch=epoch, epoch_id=epoch)

    def _extensions(self, proposer):
        if not self.changing():
            self.wait(proposer, "extensions", "GroupContextExtensionsProposal", extensions=self.extensions())

    def apply(self):
        """Somebody outside asks to come in."""
        for maker in self.makers_room()[:1]:
            name, shown = self.new_name(maker), self.ask(self.any_seat(), "GroupInfo")
            ask = {"group_info": shown["group_info"], "identity": name.encode()}
            made = self.peers[maker].call("NewMemberAddProposal", ask)
            new = Newcomer(name, maker, made["transaction_id"])
            self.waiting.append(Waiting(made["proposal"], maker, "joining", adds=(new,)))

    def decide(self):
        """A commit of what waits, with something more by value or nothing."""
        committer, wish = self.rng.choice(self.committers()), {}
        adding = any(one.adds for one in self.waiting)
        if self.rng.random() < 0.5:
            wish["adds"] = [self.newcomer(maker) for maker in self.makers_room()]
            adding = adding or bool(wish["adds"])
        if self.rng.random() < 0.4 and (able := self.may_leave(committer.name)):
            wish["removes"] = [self.rng.choice(able)]
        if self.rng.random() < 0.2:
            wish["psks"] = [self.new_psk()]
        if self.rng.random() < 0.2 and not adding and not self.bound():
            wish["epochs"] = self.shared_epochs()[-1:]
        if self.rng.random() < 0.2 and committer.maker == "ours" and not self.changing():
            wish["extensions"] = [self.extensions()]
        self.commit(committer, **wish)

    # --- coming in alone -----------------------------------------------------------------------------

    def enter(self):
        """Somebody comes in alone."""
        for maker in self.makers_room()[:1]:
            self.external(maker, self.new_name(maker), prior=False)

    def come_back(self):
        """A member that lost its state comes back in the place of its old self."""
        seat = self.any_seat()
        if len([one for one in self.others() if one.maker == seat.maker]) > 1:
            self.external(seat.maker, seat.name, prior=True)
