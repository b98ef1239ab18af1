"""Houses that were changed by their owners: they do what ours would refuse to do, and the others must cope.

A rogue has everything that a member has: its keys, the group, the right to write.  Nothing here forges what a
member does not have; whatever these send is sealed and signed as well as it can be.
"""

import contextlib

import msgspec

from detente.acts import act as acts
from detente.acts.facts import Role
from detente.chancery.letters import Arrival
from detente.crypto import signing
from detente.crypto.hashing import sha256
from detente.line.commits import envelope
from detente.mls import commits
from detente.mls.treekem import recipients
from detente.mls.treemath import is_ancestor
from detente.relay.records import Submission
from detente.wire import canonical


def wrote(world, party, line, body, /, office="head-of-mission", **fields):
    """The canonical bytes of an act as the party's house writes it, but for these fields."""
    raw = party.house._write(party.house.line(line), office, body, world.now)
    return acts.encode(msgspec.structs.replace(acts.decode(raw), **fields)) if fields else raw


def slip(world, party, line, body=None, /, *, raw=None, packed=None, **fields):
    """Seal and hold an act that nobody at home was asked about; gives its id."""
    house = party.house
    raw = raw if raw is not None else wrote(world, party, line, body, **fields)
    signed = body is None or body.signed
    packed = acts.pack(raw, house._secrets.voice if signed else None) if packed is None else packed
    known = house.line(line)
    with house._step(known):
        known.seal(acts.act_id(raw), packed, world.entropy)
    return acts.act_id(raw)


def put(world, party, line, ciphertext, *, commit=False, epoch=None, tag=None):
    """Have the relay order any bytes in this party's name."""
    outgoing = party.house.outgoing(line)
    known = party.house.line(line)
    writer = signing.ed25519_public(outgoing.writer_seed)
    epoch = known.epoch if epoch is None else epoch
    size = world.relay.size(known.terms.name)
    asked = Submission(
        writer, int(commit), epoch, tag or sha256(ciphertext), ciphertext, size if commit else None, None, True
    )
    return world.relay.append(known.terms.name, [asked], world.now)[0].position


def commit(world, party, line, **wish):
    """A commit of any kind, from whoever is in the group; the rogue's own house is not told."""
    return put(world, party, line, committed(world, party, line, **wish), commit=True)


def committed(world, party, line, **wish):
    """Such a commit, not sent to anybody yet."""
    known = party.house.line(line)
    wish.setdefault("authenticated_data", known.head.encode())
    made = known.group.commit(entropy=world.entropy, authenticate=lambda *_: None, **wish)
    with party.house._step(known):
        known.group = made.current
    return made.message


def vouch(world, party, line, arrival, head=None):
    """A commit taken up by a house that looks at nothing, its own included; the place where it stands."""
    known = party.house.line(line)
    with party.house._step(known):
        known.group, sealed = known.group.seal(envelope(arrival), (head or known.head).encode(), world.entropy)
    return put(world, party, line, sealed, commit=True)


def send_arrival(world, party, line, arrival):
    """The letter with which a newcomer's house offers a commit, whatever that is."""
    known = party.house.line(line)
    chair = next(member for member in known.state.facts.members.values() if member.role is Role.CHAIR)
    with party.store.transaction():
        party.house._write_letter(chair.party, line, known.terms, Arrival(arrival))


def offers_nothing(*parties):
    """These houses, until they are started again, stay as their key packages brought them."""
    for party in parties:
        party.house._offer = lambda _line: None


@contextlib.contextmanager
def bad_path_for(monkeypatch, *leaves):
    """Whoever commits inside of this seals false secrets to these members, and true ones to the others.

    Where a secret is sealed to all who are under one node, those beside such a member get the false one too.
    """
    honest = commits.seal_path

    def seal(tree, sender, secrets, context, newcomers):
        nodes = []
        for (_, beside), node in zip(
            tree.filtered_path(sender), honest(tree, sender, secrets, context, newcomers), strict=True
        ):
            sealed = tuple(
                _spoiled(one) if any(is_ancestor(at, leaf) for leaf in leaves) else one
                for at, one in zip(recipients(tree, beside, newcomers), node.sealed, strict=True)
            )
            nodes.append(type(node)(node.encryption_key, sealed))
        return tuple(nodes)

    with monkeypatch.context() as patched:
        patched.setattr(commits, "seal_path", seal)
        yield


def _spoiled(sealed):
    """The same box with its last bit changed."""
    return type(sealed)(sealed.kem_output, sealed.ciphertext[:-1] + bytes([sealed.ciphertext[-1] ^ 1]))


def outcomes(party, line):
    """position -> what became of the entry at this house."""
    return {row.position: row.outcome for row in party.house.store.entries(line)}


def alarms(party, line, kind=None):
    """The alarms of a house as plain values."""
    found = [canonical.decode(raw, dict) for _, raw in party.house.alarms(line)]
    return [alarm for alarm in found if kind in (None, alarm["kind"])]


def picture(party, line):
    """What must be equal at all houses: size, head, epoch, and every procedure's digest."""
    known = party.house.line(line)
    digests = {name: known.digest_at(name, known.size) for name in known.registry.procedures}
    return known.size, known.tree.root(), known.epoch, digests


def alike(*parties, line):
    """Whether these houses stand on the same line in the same state."""
    first, *rest = [picture(party, line) for party in parties]
    return all(each == first for each in rest)
