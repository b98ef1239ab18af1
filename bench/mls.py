"""Claim: our MLS costs a small multiple of the cryptography that RFC 9420 cannot do without.

Each operation of `detente.mls.group` in suite 1, handshakes as PrivateMessage, bytes in and bytes out, beside a
floor: the number of primitive calls that the RFC asks of it, times what each costs as a bare call, in the
same rounds.  N is the number of members.  "full": every member has committed once, so a path is sealed to
about log2 N nodes; "fresh": one member added all the others at once, so it is sealed to N - 1 leaves.

The floor's counts, with d = the length of the path and s = the seals it needs:

    message    1 sign, 1 verify; content and sender data sealed and opened; 10 expansions
    create     d key pairs, s HPKE seals, 2 signatures, d x 2 + 18 expansions, 4 d hashes, one seal
    process    1 HPKE open, d key pairs, 2 verifications, d x 2 + 18 expansions, 4 d hashes, one open
    add        a create with 2 verifications, 1 signature and 1 HPKE seal more
    join       1 HPKE open, N + 1 verifications, 4 N hashes, d key pairs, 18 + 2 d expansions
    remove     a create with d seals more

A house remembers which leaves' signatures it has found true.  That memory is emptied before every call here,
except for "join again": the same join by one who knew all the members.

    python bench/mls.py [--sizes 3,10,50,200] [--rounds N]
"""

import argparse
import hashlib
import time

import measure
import primitives
from measure import micro, say, times

from detente.mls import leaves
from detente.mls.group import Group, Identity, key_package


class Entropy:
    """Bytes from a counter: the same keys in every run."""

    def __init__(self):
        self.count = 0

    def __call__(self, size):
        self.count += 1
        return hashlib.shake_256(self.count.to_bytes(8, "big")).digest(size)


ENTROPY = Entropy()


def accredited(_identity, _signature_key, _extensions):
    """Everybody is: the directory is measured elsewhere."""


def anew(call):
    """The call, by a house that has verified no leaf before."""

    def forgetful():
        leaves._verified.clear()
        return call()

    return forgetful


def newcomer(number):
    identity = Identity(b"party-%d/node" % number, ENTROPY(32))
    return identity, *key_package(identity, (), ENTROPY)


def commit(group, **wish):
    return group.commit(entropy=ENTROPY, authenticate=accredited, **wish)


def fresh(size):
    """The founder, who added all others in one commit, and the last member; what brought it in."""
    founder = Group.create(b"line", Identity(b"party-0/node", ENTROPY(32)), (), (), ENTROPY)
    others = [newcomer(number) for number in range(1, size)]
    made = commit(founder, add=[public for _, public, _ in others])
    members = [made.next]
    for at, (identity, public, private) in enumerate(others):
        if at in (0, len(others) - 1):
            members.append(Group.join(made.welcome, public, private, identity, accredited))
    return members[0], members[-1]


def full(size):
    """A group in which every member has committed once on arrival: (its first member, its last)."""
    first = Group.create(b"line", Identity(b"party-0/node", ENTROPY(32)), (), (), ENTROPY)
    groups = [first]
    for number in range(1, size):
        identity, public, private = newcomer(number)
        made = commit(groups[0], add=[public])
        joined = Group.join(made.welcome, public, private, identity, accredited)
        filled = commit(joined)
        # the first member alone follows the others: what the rest would do is not measured here
        followed = made.next.open(filled.message, accredited).next
        groups = [followed, filled.next]
    return groups[0], groups[-1]


def operations(size, *, filled):
    """Name -> (call, floor's counts, bytes)."""
    first, last = full(size) if filled else fresh(size)
    depth = max(1, (size - 1).bit_length())
    seals = depth if filled else size - 1
    made = commit(first)
    identity, public, private = newcomer(size)
    adding = commit(first, add=[public])
    removing = commit(first, remove=[size - 1]) if size > 2 else None

    def enter(welcome):
        return Group.join(welcome, public, private, identity, accredited)

    create = {
        "key_pair": depth,
        "hpke_seal": seals,
        "sign": 2,
        "expand": 2 * depth + 18,
        "hash_node": 4 * depth,
        "seal": 1,
    }
    process = {
        "hpke_open": 1,
        "key_pair": depth,
        "verify": 2,
        "expand": 2 * depth + 18,
        "hash_node": 4 * depth,
        "open": 1,
    }
    join = {
        "hpke_open": 1,
        "verify": size + 2,
        "hash_node": 4 * (size + 1),
        "key_pair": depth,
        "expand": 2 * depth + 18,
        "open": 1,
    }
    found = {
        "commit, create": (anew(lambda: commit(first)), create, len(made.message)),
        "commit, process": (anew(lambda: last.open(made.message, accredited)), process, len(made.message)),
        "add one, create": (
            anew(lambda: commit(first, add=[public])),
            {**create, "verify": 2, "sign": 3, "hpke_seal": seals + 1},
            len(adding.message),
        ),
        "join": (anew(lambda: enter(adding.welcome)), join, len(adding.welcome)),
        "join again": (lambda: enter(adding.welcome), {**join, "verify": 1}, len(adding.welcome)),
    }
    if removing:
        spread = seals + depth if filled else seals
        found["remove one, create"] = (
            anew(lambda: commit(first, remove=[size - 1])),
            {**create, "hpke_seal": spread},
            len(removing.message),
        )
    return found


def messages():
    """A message of 1 kB, sealed by one and opened by another: the first of an epoch, and one of many in a row."""
    first, last = fresh(3)
    text, head = primitives.KILOBYTE, bytes(40)
    now = [first, last]

    def opening():
        _, raw = first.seal(text, head, ENTROPY)
        last.open(raw, accredited)

    def going_on():
        now[0], raw = now[0].seal(text, head, ENTROPY)
        now[1] = now[1].open(raw, accredited).group

    counts = {"sign": 1, "verify": 1, "seal": 1, "open": 1, "seal_12_B": 2, "expand": 10}
    octets = len(first.seal(text, head, ENTROPY)[1])
    return {"1 kB, sealed and opened": (going_on, counts, octets), "the first of an epoch": (opening, counts, octets)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="3,10,50,200")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    begun = time.monotonic()
    measure.opening("mls: suite 1, against bare calls of the primitives in the same rounds; CPU time")
    plan = {("message", "", ""): messages()}
    for size in map(int, options.sizes.split(",")):
        for filled in (True, False):
            plan["group", size, "full" if filled else "fresh"] = operations(size, filled=filled)
    say(f"groups are made, {time.monotonic() - begun:.0f} s")
    bare = primitives.cases()
    cases = {("primitive", name): call for name, call in bare.items()}
    for key, found in plan.items():
        for name, (call, _, _) in found.items():
            cases[key, name] = call
    figures = measure.interleaved(cases, rounds=options.rounds, batch=0.02, budget=120)
    report(plan, figures, {name: figures["primitive", name] for name in bare})
    measure.closing(begun)


def report(plan, figures, bare):
    prices = {name: figure.median for name, figure in bare.items()}
    least = {name: figure.least for name, figure in bare.items()}
    rows = []
    for key, found in plan.items():
        _, size, kind = key
        for name, (_, counts, octets) in found.items():
            figure, floor = figures[key, name], primitives.cost(prices, **counts)
            rows.append(
                (
                    f"{name}{f', N={size} {kind}' if size else ''}",
                    micro(figure.median),
                    micro(figure.least),
                    micro(floor),
                    times(figure.median / floor),
                    times(figure.least / primitives.cost(least, **counts)),
                    f"{octets:,}",
                )
            )
    say()
    measure.table(["operation", "us", "us min", "floor us", "ratio", "ratio of mins", "bytes"], rows)
    say("primitives, us: " + ", ".join(f"{name} {price * 1e6:.1f}" for name, price in prices.items()))


if __name__ == "__main__":
    main()
