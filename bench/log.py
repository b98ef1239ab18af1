"""Claim: the log costs little more than its hashes, and the relay's journal little more than its commits.

The tree: appending, roots, proofs and their verification, beside the SHA-256 calls that each cannot do
without, in the same rounds (CPU time).  The journal: one entry of 1 kB, and 64 in one group, each with the
leaf, the frontier and the signed checkpoint, beside bare SQLite inserts of the same bytes with
synchronous=FULL in the same folder (time that passes: a disk is waited for).

    python bench/log.py [--leaves N] [--rounds N]
"""

import argparse
import hashlib
import os
import sqlite3
import tempfile
import time
from pathlib import Path

import measure
from measure import micro, say, times

from detente.crypto.signing import ed25519_public
from detente.ground.identifiers import base32
from detente.ground.instants import Instant
from detente.relay.journal import Journal
from detente.relay.records import Submission
from detente.tlog.merkle import Frontier, Tree, leaf_hash, verify_consistency, verify_inclusion

BULK = 512
GROUP = 64


def trees(leaves, rounds):
    """The tree against its hashes; one row each."""
    hashes = [leaf_hash(number.to_bytes(8, "big")) for number in range(leaves)]
    tree = Tree(hashes)
    old, index = leaves // 3, leaves // 7
    root, old_root = tree.root(), tree.root(old)
    inclusion, consistency = tree.inclusion(index), tree.consistency(old)
    pair = b"\x01" + bytes(64)

    def hashed(count):
        return lambda: [hashlib.sha256(pair).digest() for _ in range(count)]

    def grown(kind):
        def grow():
            fresh = kind()
            for one in hashes[:BULK]:
                fresh.append(one)

        return grow

    ragged = max(1, leaves.bit_count() - 1)
    plan = {
        f"append, {BULK} to a tree": (grown(Tree), BULK - 1, BULK),
        f"append, {BULK} to a frontier": (grown(Frontier), BULK - 1, BULK),
        "root": (tree.root, ragged, 1),
        "root of a past size": (lambda: tree.root(old), max(1, old.bit_count() - 1), 1),
        "inclusion proof, made": (lambda: tree.inclusion(index), 0, 1),
        "inclusion proof, verified": (
            lambda: verify_inclusion(hashes[index], index, leaves, inclusion, root),
            len(inclusion),
            1,
        ),
        "consistency proof, made": (lambda: tree.consistency(old), 0, 1),
        "consistency proof, verified": (
            lambda: verify_consistency(old, old_root, leaves, root, consistency),
            len(consistency) + 1,
            1,
        ),
    }
    cases = {name: call for name, (call, _, _) in plan.items()}
    cases |= {("floor", name): hashed(max(count, 1)) for name, (_, count, _) in plan.items()}
    figures = measure.interleaved(cases, rounds=rounds, budget=60)
    rows = []
    for name, (_, count, per) in plan.items():
        figure, floor = figures[name], figures["floor", name]
        ratio = times(figure.median / floor.median) if count else "no hash needed"
        rows.append((name, micro(figure.median / per), micro(figure.least / per), count, ratio))
    say(f"a tree of {leaves:,} leaves")
    measure.table(["", "us each", "us min", "hashes", "/ hashes"], rows)


def journals(folder, rounds):
    """The journal against bare inserts."""
    seed = os.urandom(32)
    writer = ed25519_public(os.urandom(32))
    journal = Journal(folder / "relay.db", seed, "relay.example")
    name = base32(os.urandom(16))
    journal.create_line(name, [writer])
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute("CREATE TABLE entry (place INTEGER PRIMARY KEY, body BLOB)")
    body = os.urandom(1_000)

    def submissions(count):
        return [Submission(writer, 0, 0, os.urandom(32), body) for _ in range(count)]

    def append(count):
        journal.append(name, submissions(count), Instant(time.time_ns() // 1_000_000))

    def insert(count):
        bare.execute("BEGIN")
        for _ in range(count):
            bare.execute("INSERT INTO entry (body) VALUES (?)", (body,))
        bare.execute("COMMIT")

    def separately():
        with journal.group():
            for _ in range(GROUP):
                append(1)

    cases = {
        "bare insert, 1 kB": lambda: insert(1),
        "journal, one entry": lambda: append(1),
        f"bare insert, {GROUP} together": lambda: insert(GROUP),
        f"journal, {GROUP} in one request": lambda: append(GROUP),
        f"journal, {GROUP} requests in one group": separately,
        "journal, a page of 200 read": lambda: journal.read(name, 0, 200),
    }
    figures = measure.interleaved(cases, rounds=rounds, batch=0.15, budget=60, clock=time.perf_counter)
    single, many = figures["bare insert, 1 kB"].median, figures[f"bare insert, {GROUP} together"].median / GROUP
    rows = []
    for case, figure in figures.items():
        per = GROUP if str(GROUP) in case else 200 if "200" in case else 1
        against = times(figure.median / per / (single if per == 1 else many)) if per != 200 else ""
        rows.append(
            (case, micro(figure.median / per), micro(figure.least / per), f"{per / figure.median:,.0f}", against)
        )
    say("the relay's journal, synchronous=FULL; an entry carries its leaf, and each group one signed checkpoint")
    measure.table(["", "us each", "us min", "per s", "/ bare, same grouping"], rows)
    journal.close()
    bare.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leaves", type=int, default=100_003)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    begun = time.monotonic()
    measure.opening("log: the tree and the relay's journal")
    trees(options.leaves, options.rounds)
    with tempfile.TemporaryDirectory(prefix="detente-bench-") as folder:
        journals(Path(folder), options.rounds)
    measure.closing(begun)


if __name__ == "__main__":
    main()
