"""Claim: our MLS costs a small multiple of the cryptography that RFC 9420 cannot do without.

Each operation of `detente.mls.group`, handshakes as PrivateMessage, bytes in and bytes out, in suite 1 and in our
hybrid suite (0xF002: ML-KEM-768 with X25519, AES-256, SHA-384), beside a floor: the number of primitive calls that
the RFC asks of it, times what each costs as a bare call, in the same rounds.  N is the number of members; "full" and
"fresh" are in `mls_groups`.  The first member commits; its neighbour derives every key of the path, the last member,
on the other side of the tree, derives one, and so does half of the group.

The floor's counts, with d = the nodes of the path and s = its seals, both read off the commit itself:

    message    1 sign, 1 verify; content and sender data sealed and opened; 10 expansions
    create     d + 1 key pairs, s HPKE seals, 2 signatures, 4 d + 22 expansions, 2 d + 1 hashes, one seal
    process    1 HPKE open, d key pairs or 1, 2 verifications, as many expansions and hashes, one open
    add        a create with 2 verifications, 1 signature (GroupInfo) and 1 HPKE seal more
    join       1 HPKE open, N + 2 verifications, 3 N hashes, 1 key pair, 20 expansions

An expansion is one HMAC: of 4 d + 22, d + 1 are path secrets, d make key pairs, 2 d lead down the secret tree, and the
rest is the key schedule, the confirmation tag and one message's keys.  What is longer than 1 kB costs its bytes too:
hashed for a signature, sealed, and hashed into the transcript or into what a newcomer's secrets are bound to.

A house remembers which leaves' signatures it has found true, and keeps the key objects of others.  Both memories are
emptied before every call here, as if the house had just started, except for "join again": the same join by one who
knew all members.

The second floor is that of another hand: the script mls_floor.py of the shared folder, where there is one, with its
own formulas and its own prices, taken in the same rounds (for the hybrid suite its formulas with its hybrid prices).
It counts d key pairs for everybody who processes a commit, and no bytes.  It has no floor for 193 members, whose path
is as long as that of 200.

    python bench/mls.py [--suite 1|f002] [--sizes 10,50,193,200,1000] [--rounds N] [--profile]
"""

import argparse
import collections
import contextlib
import cProfile
import gc
import importlib.util
import io
import json
import pstats
import subprocess
import sys
import tempfile
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import measure
import mls_groups
import primitives
from measure import micro, say, times
from mls_groups import ENTROPY, accredited, commit
from primitives import CLASSICAL, HYBRID

from detente.crypto import kems, signing
from detente.crypto.suites import HOUSE_SUITES
from detente.mls import leaves
from detente.mls.framing import read_message
from detente.mls.group import Group
from detente.mls.types import Commit

SIZES = "10,50,193,200,1000"
LARGEST_FRESH = 200
MATRIX_SIZE, MATRIX_FLOORS = 193, 13 / 0.8
"""Members, and how many floors each needed there to shut out a removed one: 13 ms where the floor was 0.8 ms."""
AIMS = {"message": 2.0, "create": 3.0, "process": 3.0, "join": 1.6}
"""What the project means to reach, on full trees; of joins, at 200 members."""


PIECE = 0.0005
"""Seconds of one measurement, or one call: a median over many short ones is what a busy machine disturbs least."""


@dataclass(frozen=True)
class Operation:
    """One row: what is called, how often the floor pays for what, bytes on the wire, and which words name it."""

    name: str
    call: object
    counts: dict
    octets: int
    size: int = 0
    kind: str = ""
    aim: float = 0.0
    theirs: str = ""
    """What the shared script calls its floor."""

    @property
    def title(self):
        return f"{self.name}, N={self.size:,} {self.kind}" if self.size else self.name


# --- what is measured -----------------------------------------------------------------------------------


def forget():
    """As if the house had just started: nothing verified, no key object of another made."""
    leaves._verified.clear()
    for memory in (kems._loaded, kems._lattice_loaded, kems._check_pair, signing._ed25519_key):
        memory.cache_clear()


class Anew:
    """The call, by a house that remembers nothing; forgetting is not measured."""

    prepare = staticmethod(forget)

    def __init__(self, call):
        self._call = call

    def __call__(self):
        return self._call()


def longer(octets, *, signed):
    """What the bytes beyond the first 1,000 cost: hashed `signed` times for signatures, sealed, and hashed once.

    A commit is hashed into the transcript, a sealed GroupInfo into what the newcomer's secrets are bound to.
    """
    blocks = max(0, octets - 1_000) / primitives.BLOCK
    return {"sha512_64_kB": signed * blocks, "seal_64_kB": blocks, "hash_64_kB": blocks}


def both(one, other):
    """Counts of two things together."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def path_of(group, **wish):
    """Nodes and seals of such a commit's path, and its bytes before padding: counted in the commit itself."""
    message = read_message(commit(group, public=True, **wish).message)
    assert isinstance(message.content.body, Commit)
    nodes = message.content.body.path.nodes
    return len(nodes), sum(len(node.sealed) for node in nodes), len(message.content.encode())


def creation(group, **wish):
    """The floor's counts of a commit."""
    nodes, seals, octets = path_of(group, **wish)
    return {
        "key_pair": nodes + 1,
        "hpke_seal": seals,
        "sign": 2,
        "expand": 4 * nodes + 22,
        "hash_node": 2 * nodes + 1,
        "seal": 1,
        **longer(octets, signed=2),
    }


def processing(group, derived):
    """The same for one who processes it and derives so many key pairs."""
    nodes, _, octets = path_of(group)
    return {
        "hpke_open": 1,
        "key_pair": derived,
        "verify": 2,
        "expand": 2 * derived + 2 * nodes + 22,
        "hash_node": 2 * nodes + 1,
        "open": 1,
        **longer(octets, signed=1),
    }


def handshakes(suite, size, members, kind):
    """Commits in a group of that size, `members` being its first, its second and its last."""
    first, neighbour, last = members
    made = commit(first)
    processed = f"commit process N={200 if size == MATRIX_SIZE else size}"
    aims = AIMS if kind == "full" else collections.defaultdict(float)

    def row(name, call, counts, octets, **more):
        return Operation(name, call, counts, octets, size, kind, **more)

    def opened_by(group):
        return Anew(lambda: group.open(made.message, accredited))

    depth = (size - 1).bit_length()
    yield row(
        "commit, create",
        Anew(lambda: commit(first)),
        creation(first),
        len(made.message),
        aim=aims["create"],
        theirs=f"commit create N={200 if size == MATRIX_SIZE else size} {kind}",
    )
    for name, group, derived in (("neighbour", neighbour, depth), ("farthest", last, 1)):
        yield row(
            f"commit, process, {name}",
            opened_by(group),
            processing(first, derived),
            len(made.message),
            aim=aims["process"],
            theirs=processed,
        )
    if size != MATRIX_SIZE:  # which is here for one comparison
        yield from arrivals(suite, first, kind, row)
        removing = commit(first, remove=[size - 1])
        yield row(
            "remove one, create",
            Anew(lambda: commit(first, remove=[size - 1])),
            creation(first, remove=[size - 1]),
            len(removing.message),
            theirs=f"remove commit N={size} {kind}",
        )


def arrivals(suite, first, kind, row):
    """One more comes in."""
    size = len(first.members)
    identity, public, private = mls_groups.newcomer(suite, size)
    adding = commit(first, add=[public])
    welcome = {"verify": 2, "sign": 1, "hpke_seal": 1, **longer(len(adding.welcome), signed=2)}

    def enter():
        return Group.join(adding.welcome, public, private, identity, accredited, spoken={suite.number: suite})

    yield row(
        "add one, create",
        Anew(lambda: commit(first, add=[public])),
        both(creation(first, add=[public]), welcome),
        len(adding.message),
        theirs=f"add commit N={size} {kind}",
    )
    join = {
        "hpke_open": 1,
        "verify": size + 2,
        "hash_node": 3 * (size + 1),
        "key_pair": 1,
        "expand": 20,
        "open": 1,
        **longer(len(adding.welcome), signed=1),
    }
    aim = AIMS["join"] if size == 200 else 0.0
    theirs = f"join N={size} (verify all leaves)"
    yield row("join", Anew(enter), join, len(adding.welcome), aim=aim, theirs=theirs)
    again = f"join N={size} (no leaf signature check)"
    yield row("join again", enter, {**join, "verify": 1}, len(adding.welcome), theirs=again)


def messages(suite):
    """A message of 1 kB, sealed by one and opened by another: one of many in a row, and the first of an epoch."""
    first, _, last = mls_groups.fresh(suite, 3)
    text, head = primitives.KILOBYTE, bytes(40)
    now = [first, last]

    def opening():
        _, raw = first.seal(text, head, ENTROPY)
        last.open(raw, accredited)

    def going_on():
        now[0], raw = now[0].seal(text, head, ENTROPY)
        now[1] = now[1].open(raw, accredited).group

    counts = {"sign": 1, "verify": 1, "seal": 1, "open": 1, "seal_12_B": 2, "expand": 10}
    octets, aim, theirs = len(first.seal(text, head, ENTROPY)[1]), AIMS["message"], "app1k enc+dec"
    yield Operation("1 kB, sealed and opened", going_on, counts, octets, aim=aim, theirs=theirs)
    yield Operation("the first of an epoch", opening, counts, octets, aim=aim, theirs=theirs)


def operations(suite, sizes):
    """All rows of one suite, and the largest group."""
    found = [*messages(suite)]
    groups = mls_groups.grown(suite, sizes)
    for size in sizes:
        group = groups[size]
        found += handshakes(suite, size, [group.member(leaf) for leaf in (0, 1, size - 1)], "full")
        if size <= LARGEST_FRESH and size != MATRIX_SIZE:
            found += handshakes(suite, size, mls_groups.fresh(suite, size), "fresh")
    return found, groups[max(sizes)]


# --- the floor of another hand ----------------------------------------------------------------------------


class SharedFloor:
    """The shared script, if it is there: its cases in our rounds, its formulas on what they cost."""

    LATTICE = "mlkem768 private from seed + public raw"
    PAIR = "x25519 private from bytes + public raw"
    SEAL = "hpke {} encrypt"
    OPEN = "hpke {} decrypt"
    NAMES = ("x25519/sha256/aes128", "mlkem768x25519/sha384/aes256")

    def __init__(self):
        path = measure.shared("bench/mls_floor.py")
        self.cases, self._script = {}, None
        if path is None:
            return
        arguments, sys.argv = sys.argv, [str(path)]  # it reads its own when it is imported
        try:
            spec = importlib.util.spec_from_file_location("mls_floor", path)
            self._script = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self._script)
        finally:
            sys.argv = arguments
        asked = collections.defaultdict(lambda: 1.0)
        self._floors(asked)
        wanted = {*asked, self.LATTICE, *(form.format(self.NAMES[1]) for form in (self.SEAL, self.OPEN))}
        self.cases = {name: call for name, call in self._script.CASES if name in wanted}

    def _floors(self, prices):
        """Its floors in seconds, from prices in microseconds."""
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            self._script.floors(prices)
        return {line["floor"]: line["us"] / 1e6 for line in map(json.loads, told.getvalue().splitlines())}

    def floors(self, prices, number):
        """Name -> seconds, for a suite; nothing where there is no script."""
        if self._script is None:
            return {}
        micros = {name: seconds * 1e6 for name, seconds in prices.items()}
        if number == HYBRID:
            micros[self.PAIR] += micros[self.LATTICE]
            for form in (self.SEAL, self.OPEN):
                micros[form.format(self.NAMES[0])] = micros[form.format(self.NAMES[1])]
        return self._floors(micros)


# --- what is printed --------------------------------------------------------------------------------------


def report(number, found, figures, shared):
    """The table of one suite."""
    bare = {name: figure for (kind, name), figure in figures.items() if kind == ("primitive", number)}
    prices = {name: figure.median for name, figure in bare.items()}
    least = {name: figure.least for name, figure in bare.items()}
    theirs = {name: figure.median for (kind, name), figure in figures.items() if kind == "shared"}
    other = shared.floors(theirs, number)
    rows = []
    for one in found:
        figure = figures[number, one.title]
        floor, second = primitives.cost(prices, **one.counts), other.get(one.theirs)
        rows.append(
            (
                one.title,
                micro(figure.median),
                micro(floor),
                times(figure.median / floor),
                times(figure.least / primitives.cost(least, **one.counts)),
                times(figure.median / second) if second else "",
                f"{one.aim:.1f}x" if one.aim else "",
                f"{one.octets:,}",
            )
        )
    say(f"{HOUSE_SUITES[number].name}")
    measure.table(["operation", "us", "floor us", "ratio", "of mins", "to the shared floor", "aim", "bytes"], rows)
    say("primitives, us: " + ", ".join(f"{name} {price * 1e6:.1f}" for name, price in prices.items()))
    if floor := shared.floors(theirs, CLASSICAL).get("commit process N=200"):
        matrix(number, found, figures, floor)
    say()


def matrix(number, found, figures, floor):
    """The comparison with Matrix, at the size that was measured there and on the scale of that floor, in suite 1."""
    ratios = {
        one.name.split(", ")[-1]: figures[number, one.title].median / floor
        for one in found
        if one.size == MATRIX_SIZE and "process" in one.name
    }
    if ratios:
        depth = MATRIX_SIZE.bit_length()
        derived = [
            depth - leaf.bit_length() + 1 for leaf in range(1, MATRIX_SIZE)
        ]  # by each member, of the first's path
        each = (ratios["neighbour"] - ratios["farthest"]) / (depth - 1)
        ratios["the mean of all"] = ratios["farthest"] + each * (sum(derived) / len(derived) - 1)
        words = ", ".join(f"{name} {times(ratio)}" for name, ratio in ratios.items())
        say(f"a member of {MATRIX_SIZE} processes a commit in so many of suite 1's shared floors: {words}")
        say(
            f"in Matrix a member needs {times(MATRIX_FLOORS)} to shut out a removed one, a tenth of which is "
            f"{times(MATRIX_FLOORS / 10)} (quoted from elsewhere: 13 ms where that floor was 0.8 ms)"
        )


# --- memory -----------------------------------------------------------------------------------------------


def weighed(group):
    """What the last member's group weighs, each way of weighing in a process of its own."""
    first, last = group.member(0), group.member(group.size - 1)
    with tempfile.TemporaryDirectory() as folder:
        state, message = Path(folder) / "state", Path(folder) / "commit"
        state.write_bytes(last.serialise())
        message.write_bytes(commit(first).message)
        said = [
            json.loads(
                subprocess.run(
                    [sys.executable, __file__, "--weigh", how, folder],
                    env=measure.SURROUNDINGS,
                    check=True,
                    capture_output=True,
                ).stdout
            )
            for how in ("traced", "resident")
        ]
        return [len(state.read_bytes()), *said[0], *said[1]]


def weigh(how, folder):
    """In a process of its own: bytes after the group was read, after a commit was processed, and at most."""
    raw, message = ((Path(folder) / name).read_bytes() for name in ("state", "commit"))
    if how == "traced":
        tracemalloc.start()
    before = _held(how)
    group = Group.load(raw)
    read = _held(how)
    following = group.open(message, accredited).next
    del group
    held = _held(how)
    most = tracemalloc.get_traced_memory()[1] if how == "traced" else _status("VmHWM")
    assert following is not None
    print(json.dumps([read - before, held - before, most]))


def _held(how):
    if how == "traced":
        return tracemalloc.get_traced_memory()[0]
    return _status("VmRSS")


def _status(name):
    """Bytes of that line of this process's status; `ru_maxrss` would begin with the parent's."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def mega(octets):
    return f"{octets / 1e6:.1f}"


# --- where the rest goes ------------------------------------------------------------------------------------


OUTSIDE = ("cryptography", "hashlib", "hmac", "HASH", "ed25519", "x25519", "mlkem", "shake")
"""What stands in the names of the primitives' own functions."""


def profiled(number, found, size):
    """For each operation at that size: its time, its floor, and in which files the difference goes."""
    chosen = [one for one in found if one.kind != "fresh" and one.size in (0, size)]
    bare = primitives.cases(number=number)
    figures = measure.interleaved(
        {**bare, **{one.title: one.call for one in chosen}}, rounds=7, batch=0.05, piece=PIECE
    )
    prices = {name: figures[name].median for name in bare}
    for one in chosen:
        whole, floor = figures[one.title].median, primitives.cost(prices, **one.counts)
        files, functions = collections.Counter(), collections.Counter()
        for (path, _, name), (_, _, own, _, _) in _recorded(one.call, max(3, int(0.2 / whole))).items():
            where = "builtins" if path == "~" else "/".join(Path(path).parts[-2:])
            if path != "~" or not any(word in name for word in OUTSIDE):
                files[where] += own
                functions[name if path == "~" else f"{where}:{name}"] += own
        scale = max(0.0, whole - floor) / sum(files.values())
        say(f"{one.title}: {micro(whole)} us, {micro(whole - floor)} above the floor, and these by where they go:")
        for counter, most in ((files, 8), (functions, 12)):
            say("    " + ", ".join(f"{name} {micro(own * scale)}" for name, own in counter.most_common(most)))
    say()


def _recorded(call, rounds):
    """What a profiler saw of so many calls; it makes Python's own calls dearer, so only their shares are used."""
    profile = cProfile.Profile(time.process_time)
    gc.disable()
    for _ in range(rounds):
        getattr(call, "prepare", int)()
        profile.enable()
        call()
        profile.disable()
    gc.enable()
    return pstats.Stats(profile).stats


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--suite",
        type=lambda word: int(word, 16),
        choices=(CLASSICAL, HYBRID),
        metavar="{1,F002}",
        help="in hexadecimal; both by default",
    )
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--profile", action="store_true", help="where the time goes, instead of how much it is")
    parser.add_argument("--weigh", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.weigh:
        weigh(*options.weigh)
        return
    begun = time.monotonic()
    measure.opening("mls: against bare calls of the primitives in the same rounds; CPU time")
    sizes = sorted(map(int, options.sizes.split(",")))
    plan, largest = {}, {}
    for number in (options.suite,) if options.suite else (CLASSICAL, HYBRID):
        plan[number], largest[number] = operations(HOUSE_SUITES[number], sizes)
    gc.collect()
    gc.freeze()  # what else lies in memory here is not searched at an operation's expense
    say(f"groups are made, {time.monotonic() - begun:.0f} s")
    say()
    if options.profile:
        for number, found in plan.items():
            say(HOUSE_SUITES[number].name)
            profiled(number, found, min(sizes, key=lambda size: abs(size - 200)))
        return
    shared, cases = SharedFloor(), {}
    for number, found in plan.items():
        cases |= {(("primitive", number), name): call for name, call in primitives.cases(number=number).items()}
        cases |= {(number, one.title): one.call for one in found}
    cases |= {("shared", name): call for name, call in shared.cases.items()}
    figures = measure.interleaved(cases, rounds=options.rounds, batch=0.01, budget=100, piece=PIECE)
    for number, found in plan.items():
        report(number, found, figures, shared)
    weights(largest)
    measure.closing(begun)


def weights(largest):
    """What the largest groups weigh."""
    rows = []
    for number, group in largest.items():
        written, *rest = weighed(group)
        rows.append((f"0x{number:04x}, N={group.size:,} full", f"{written:,}", *map(mega, rest)))
    head = [
        "a member's group, MB",
        "bytes written",
        "read",
        "after a commit",
        "at most",
        "resident",
        "after",
        "process at most",
    ]
    measure.table(head, rows)
    say("the first three traced in Python's own memory, the last three resident, with the key objects outside of it")


if __name__ == "__main__":
    main()
