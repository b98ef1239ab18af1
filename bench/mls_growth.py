"""Claim: what a commit costs in bytes, in every suite, at 3 to 1,000 members; docs/specs/mls-cost.md says the same.

Bytes are what they are: nothing is timed here.  A commit is made as RFC 9420 makes one, with one secret for each
node of its path, sealed to each node beside it; a group of a thousand is not lived through for that, but
its tree is laid out: "full", where every member has committed since it came, and "fresh", where one
member added all the others at once.  Small sizes are made for real too, and must give the same bytes.

The second table is lived through, in the suite that lines speak: parties come one after another, each brings
keys of its own on arrival or none does, and then the founder's next commit is taken apart and its sealed
secrets are counted.  It says also what an arrival weighs as the line carries it, sealed twice and padded twice.

    python bench/mls_growth.py [--sizes 3,10,50,200,1000] [--grown 3,10,50]
"""

import argparse
import hashlib

from measure import say, table

from detente.crypto.suites import HOUSE_SUITES
from detente.line.commits import envelope
from detente.line.terms import LINE_SUITE
from detente.mls.framing import padded, read_message
from detente.mls.group import Group, Identity, key_package
from detente.mls.treemath import direct_path
from detente.wire.tls import vector

SIZES = "3,10,50,200,1000"
GROWN = "3,10,50"


class Entropy:
    def __init__(self):
        self.count = 0

    def __call__(self, size):
        self.count += 1
        return hashlib.shake_256(self.count.to_bytes(8, "big")).digest(size)


ENTROPY = Entropy()


def accredited(_identity, _signature_key, _extensions):
    """Everybody is."""


def one_seal(suite):
    """Bytes of one sealed path secret, with its lengths."""
    _, public = suite.hpke.derive_key_pair(bytes(32))
    kem_output, ciphertext = suite.hpke.seal(public, b"", bytes(suite.hash_length))
    return len(vector(kem_output)) + len(vector(ciphertext)), len(public)


def own_leaf(suite):
    """Bytes of a committer's leaf: as in a key package, with a parent hash instead of a lifetime."""
    identity = Identity(b"party-0/node", suite.new_signature_key(ENTROPY))
    group = Group.create(b"line", identity, (), (), ENTROPY, suite=suite)
    two = group.commit(add=[package_of(suite, 1)], entropy=ENTROPY, authenticate=accredited).next
    leaf = two.state.tree.member(0)
    return len(leaf.encode()), len(leaf.signature)


def package_of(suite, number):
    identity = Identity(b"party-%d/node" % number, suite.new_signature_key(ENTROPY))
    return key_package(identity, (), ENTROPY, suite=suite)[0]


def recipients(size, *, full):
    """How many secrets are sealed for each node of the first member's path."""
    room = 1 << max(1, (size - 1).bit_length())
    counts = []
    for height, _ in enumerate(direct_path(0, room)):
        first, last = 1 << height, min(1 << height + 1, size)
        under = max(0, last - first)
        if under:
            # in a full tree the subtree beside has a key of its own, but for a lone last leaf that needs none
            counts.append(1 if full else under)
    return counts


def commit_bytes(suite, size, *, full):
    """A sealed commit without proposals, in the bucket that its padding makes it."""
    seal, public = one_seal(suite)
    leaf, signature = own_leaf(suite)
    nodes = sum(len(vector(bytes(public))) + len(vector(bytes(seal * count))) for count in recipients(size, full=full))
    body = len(vector(b"")) + 1 + leaf + len(vector(bytes(nodes)))
    auth = len(vector(bytes(signature))) + len(vector(bytes(suite.hash_length)))
    plain = body + auth
    return plain, padded(plain)


def made(suite, size):
    """The same made for real, all added at once: bytes before padding."""
    group = Group.create(
        b"line", Identity(b"party-0/node", suite.new_signature_key(ENTROPY)), (), (), ENTROPY, suite=suite
    )
    added = group.commit(
        add=[package_of(suite, number) for number in range(1, size)], entropy=ENTROPY, authenticate=accredited
    )
    sent = added.next.commit(entropy=ENTROPY, authenticate=accredited, public=True)
    return len(sent.message) - frame(suite)


def frame(suite):
    """Bytes that a commit in clear has around what a sealed one has too."""
    return len(vector(b"line")) + 8 + 5 + 1 + 1 + 4 + len(vector(bytes(suite.hash_length)))


def grown(suite, size, *, arriving):
    """A group into which parties came one after another: (secrets, bytes) of the founder's next commit, and of the
    last arrival its bytes as the newcomer seals it and as the chair's house hands it in.
    """
    identity = Identity(b"party-0/node", suite.new_signature_key(ENTROPY))
    group = Group.create(b"line", identity, (), (), ENTROPY, suite=suite)
    carried = (0, 0)
    for number in range(1, size):
        identity = Identity(b"party-%d/node" % number, suite.new_signature_key(ENTROPY))
        package, private = key_package(identity, (), ENTROPY, suite=suite)
        came = group.commit(add=[package], entropy=ENTROPY, authenticate=accredited)
        group = came.next
        if arriving:
            newcomer = Group.join(came.welcome, package, private, identity, accredited, spoken={suite.number: suite})
            offered = newcomer.commit(entropy=ENTROPY, authenticate=accredited).message
            _, handed_in = group.seal(envelope(offered), b"", ENTROPY)
            group, carried = group.open(offered, accredited).next, (len(offered), len(handed_in))
    sent = group.commit(entropy=ENTROPY, authenticate=accredited, public=True).message
    secrets = sum(len(node.sealed) for node in read_message(sent).content.body.path.nodes)
    return secrets, len(sent) - frame(suite), *carried


def show_grown(suite, sizes):
    rows = []
    for size in sizes:
        secrets, octets, offered, handed_in = grown(suite, size, arriving=True)
        bare_secrets, bare, *_ = grown(suite, size, arriving=False)
        rows.append((f"{size:,}", secrets, f"{octets:,}", bare_secrets, f"{bare:,}", f"{offered:,}", f"{handed_in:,}"))
    say(f"\n{suite.number:#06x}, lived through: N came one after another, then the founder commits")
    head = ["N", "secrets, each brought keys", "bytes", "secrets, none did", "bytes", "an arrival", "as handed in"]
    table(head, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--grown", default=GROWN)
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    rows = []
    for suite in HOUSE_SUITES.values():
        package = len(package_of(suite, 1))
        for full in (True, False):
            found = [commit_bytes(suite, size, full=full)[0] for size in sizes]
            kind = "full" if full else "fresh"
            rows.append((f"0x{suite.number:04x}", f"{package:,}", kind, *(f"{octets:,}" for octets in found)))
        real, counted = made(suite, 10), commit_bytes(suite, 10, full=False)[0]
        difference = abs(real - counted)
        assert difference <= 16, (suite.name, real, counted)  # DER signatures differ by some bytes
    table(["suite", "key package", "tree", *(f"N={size:,}" for size in sizes)], rows)
    say("bytes of a commit before padding; sent sealed, it grows to the next of 256, 512 ... 65,536 bytes")
    show_grown(LINE_SUITE, [int(size) for size in asked.grown.split(",")])


if __name__ == "__main__":
    main()
