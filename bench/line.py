"""Claim: an act travels between three houses through the relay at a small multiple of what its durability costs.

One relay and three houses, each a process of its own with its files, on loopback: the desk, the courier
and the encrypted store that a party runs; only the HTTP entrance for people is left out.  A message is an
act of 1 kB (a position on a text, signed by its party's voice), or a note of 1 kB, to which each of the two
addressees' houses answers with a receipt by itself.  It counts when *every* house, its author's included,
has it committed in its store (SQLite, synchronous=FULL), verified and folded by the rules.

In the same rounds: bare SQLite inserts of 1 kB with synchronous=FULL, one by one and 64 in a transaction,
and the cryptography that such a message cannot do without, as bare calls, for all four processes together.

    python bench/line.py [--rounds N] [--messages N] [--profile]
"""

import argparse
import asyncio
import contextlib
import cProfile
import io
import json
import os
import pstats
import queue
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import measure
import primitives
from measure import SURROUNDINGS, milli, say, times

PARTIES = ("Arvenia", "Belmora", "Corvalis")
TEXT = "## Article 1\n\nThe Parties [shall][should] keep the line open.\n"
OFFICE = "registry"
PATIENCE = 60.0
ONE = "act, one at a time"
ONE_NOTE = "note, one at a time"
WORDS = ("It is proposed that the line be kept open at every hour. " * 20)[:1_000]


# --- a house, in its own process ---------------------------------------------------------------


def unforeseen(error):
    """A bench with a fault in it measures nothing."""
    raise error


class Worker:
    """Obeys one JSON line at a time, and tells whenever more acts are durable here."""

    def __init__(self, home, key, relay, *, profile):
        from detente.bootstrap import open_house
        from detente.transport.courier import Courier
        from detente.transport.desk import Desk

        self.profiles = [cProfile.Profile(), cProfile.Profile()] if profile else []
        self.house = self.line = None
        self.told = -1

        def make():
            self.house = open_house(home, key)
            if profile:
                self.profiles[0].enable()
            return self.house

        self.desk = Desk(make, lambda sentence: os._exit(sentence and 3), unforeseen)
        self.desk.start()
        self.relay = relay
        self.courier = Courier(self.desk, relay, self.changed, unforeseen)
        self.made = 0

    async def run(self):
        if self.profiles:
            self.profiles[1].enable()
        carrying = asyncio.create_task(self.courier.run())
        loop = asyncio.get_running_loop()
        asked = asyncio.Queue()

        def read():
            for raw in sys.stdin.buffer:
                loop.call_soon_threadsafe(asked.put_nowait, json.loads(raw))
            loop.call_soon_threadsafe(asked.put_nowait, None)

        threading.Thread(target=read, daemon=True).start()
        tell(party=self.house.party)
        while (order := await asked.get()) is not None:
            verb = order.pop("do")
            tell(done=verb, result=await getattr(self, verb)(**order))
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)
        if self.profiles:
            self.profiles[1].disable()
            await self.desk.do(lambda _: self.profiles[0].disable())
        await asyncio.to_thread(self.desk.stop)
        for name, profile in zip(("desk", "courier"), self.profiles, strict=False):
            out = io.StringIO()
            pstats.Stats(profile, stream=out).sort_stats("tottime").print_stats(25).sort_stats("cumtime").print_stats(
                25
            )
            tell(profile=name, text=out.getvalue())

    def changed(self):
        """Called by the courier when what it handed in is durable, before it hands in more."""
        if self.line is not None and self.line in self.house.lines():
            known = len(self.house.line(self.line).known)
            if known != self.told:
                self.told = known
                tell(known=known, at=time.monotonic())

    async def found(self, parties, description):
        from detente.acts.facts import Role
        from detente.acts.labels import Label
        from detente.chancery.house import Draft
        from detente.ground.identifiers import PartyId
        from detente.procedures.charter.acts import RegisterPlace, RelayPlace
        from detente.transport import clock

        place = RelayPlace(self.relay, description["origin"], description["vkey"], "")
        roles = tuple((PartyId(each), Role.MEMBER if at else Role.CHAIR) for at, each in enumerate(parties))
        draft = Draft(
            title="A line to measure",
            members=roles,
            must_accept=tuple(sorted(PartyId(each) for each in parties)),
            ceiling=Label.UNCLASSIFIED,
            faults=None,
            relay=place,
            register=RegisterPlace("http://127.0.0.1:1", description["origin"], description["vkey"]),
        )
        self.line = await self.desk.do(lambda house: house.found("head-of-mission", draft, clock.now()))
        self.courier.wake()
        return self.line.hex()

    async def agree(self, line):
        from detente.ground.identifiers import LineId

        self.line = LineId(bytes.fromhex(line))
        while not any(each == self.line for each, _, _ in self.house.summonses()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await self.desk.do(lambda house: house.agree(self.line, "head-of-mission"))
        self.courier.wake()

    async def until_all_in(self):
        while True:
            line = self.house.lines().get(self.line)
            if line and line.group and len(line.members()) == len(PARTIES) and line.confirmed == line.size:
                self.told = len(line.known)
                return self.told
            await asyncio.sleep(0.05)

    async def lay(self):
        """A small text, on which positions are taken."""
        from detente.procedures.table.acts import Import
        from detente.procedures.table.parse import VERSION

        return (await self._submit(Import("A text", "en", VERSION, TEXT))).hex()

    async def begin(self, text):
        from detente.procedures.table import tree

        while (table := self._table()) is None or bytes.fromhex(text) not in table.texts:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        found = table.texts[bytes.fromhex(text)]
        self.text, self.clause = found.id, next(tree.clauses(found.document.passage)).id
        return len(self.house.line(self.line).known)

    def _table(self):
        return self.house.line(self.line).state.parts.get("table")

    async def send(self, kind, count):
        """Hand in so many acts at once."""
        make = self._position if kind == "position" else self._note
        await asyncio.gather(*(self._submit(make()) for _ in range(count)))
        return time.monotonic()

    async def rest(self):
        """Until everything is confirmed and nothing waits; what has gone wrong, if anything."""
        while (line := self.house.line(self.line)).held or line.confirmed != line.size:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return len(line.known)

    async def account(self):
        """What the house has kept of everything."""
        refused, alarms = await self.desk.do(
            lambda house: (
                sum(each.outcome == "refused" for each in house.store.entries(self.line)),
                [json.loads(raw)["sentence"] for _, raw in house.alarms(self.line)],
            )
        )
        line = self.house.line(self.line)
        return {"known": len(line.known), "refused": refused, "alarms": alarms, "checkpoints": line.checkpoints}

    async def _submit(self, body):
        from detente.transport import clock

        act = await self.desk.do(lambda house: house.submit(self.line, OFFICE, body, clock.now()))
        self.courier.wake(self.line)
        return act

    def _position(self):
        from detente.procedures.table.acts import Position, Stance

        self.made += 1
        return Position(self.text, self.clause, Stance.SUPPORT, False, f"{self.made:06d} {WORDS}"[:1_000])

    def _note(self):
        from detente.acts.labels import Label
        from detente.procedures.correspondence.acts import Character, Form, Note, Number, Precedence

        self.made += 1
        facts = self.house.line(self.line).state.facts
        return Note(
            form=Form.NOTE_VERBALE,
            number=Number(f"series-{self.made}", 1, 2027),
            precedence=Precedence.ROUTINE,
            character=Character.FORMAL,
            label=Label.UNCLASSIFIED,
            to=tuple(party for party in facts.members if party != self.house.party),
            info=(),
            subject="Opening of the line",
            text=WORDS,
            answers=None,
            refers=None,
            exercise=False,
        )


def tell(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


# --- the driver --------------------------------------------------------------------------------


class Seat:
    """A house as the driver sees it."""

    def __init__(self, folder, relay, *, profile):
        command = [sys.executable, __file__, "--house", folder, "--relay", relay, *(["--profile"] if profile else [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=SURROUNDINGS
        )
        self.told = queue.Queue()
        self.known, self.when = 0, []
        self.party = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            said = json.loads(line)
            if "known" in said:
                self.known = said["known"]
                self.when.append((said["known"], said["at"]))
            else:
                self.told.put(said)
        self.told.put(None)

    def next(self):
        said = self.told.get(timeout=PATIENCE)
        if said is None:
            raise RuntimeError("a house has ended")
        return said

    def ask(self, verb, **more):
        self.process.stdin.write(json.dumps({"do": verb, **more}) + "\n")
        self.process.stdin.flush()

    def call(self, verb, **more):
        self.ask(verb, **more)
        return self.next()["result"]

    def end(self):
        """Let the house end by itself; what it still said.  A second call does nothing."""
        if self.process.returncode is not None:
            return []
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        said = []
        with contextlib.suppress(queue.Empty):
            while (one := self.told.get(timeout=20)) is not None:
                said.append(one)
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        return said


def start_relay(folder):
    command = [sys.executable, "-m", "detente.relay.main", "--data", str(folder), "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=SURROUNDINGS)
    ready = process.stdout.readline()
    if not ready.startswith("ready "):
        raise SystemExit("the relay did not start")
    return process, ready.split()[1]


def make_houses(folder):
    """Three parties that accredit each other, by the houses' own means."""
    from detente.bootstrap import make_house, open_store
    from detente.chancery.directory import Directory
    from detente.evidence import records
    from detente.transport import clock

    every = ("authorise", "conclude", "correspond", "negotiate", "read", "security")
    offices = {"head-of-mission": every, OFFICE: every}
    made = {}
    for name in PARTIES:
        (folder / name).mkdir()
        (folder / name / "key").write_bytes(os.urandom(32))
        made[name] = make_house(folder / name / "home", (folder / name / "key").read_bytes(), {"en": name}, offices)[0]
    for name in PARTIES:
        store = open_store(folder / name / "home", (folder / name / "key").read_bytes())
        with store.transaction():
            directory = Directory(store)
            for other in PARTIES:
                if other != name:
                    party, digits = directory.receive(records.encode_chain((made[other].record,)))
                    for office in offices:
                        directory.compare(party, digits, office, clock.now())
        store.close()


def wait_for(seats, target):
    """Until every house has `target` acts; the moment at which the last one had."""
    deadline = time.monotonic() + PATIENCE
    while any(seat.known < target for seat in seats):
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {PATIENCE:.0f} s: {[seat.known for seat in seats]} of {target} acts")
        time.sleep(0.0005)
    return max(next(at for known, at in seat.when if known >= target) for seat in seats)


def cpu_of(processes):
    """CPU seconds that the processes have used so far, all threads, in user and kernel mode."""
    total = 0
    for process in processes:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


class Run:
    def __init__(self, seats, base, processes):
        self.seats, self.total, self.processes = seats, base, processes

    def with_cpu(self, case, count):
        """(seconds, CPU seconds) of a message: elapsed, and summed over the relay and the three houses."""
        before = cpu_of(self.processes)
        seconds = case()
        return seconds, (cpu_of(self.processes) - before) / count

    def sequential(self, kind, count):
        """Seconds per message, one after the other, each counted when it is everywhere."""
        spent = 0.0
        for _ in range(count):
            begun = time.monotonic()
            self.seats[0].ask("send", kind=kind, count=1)
            self.total += 3 if kind == "note" else 1
            if kind == "note":
                spent += wait_for(self.seats, self.total - 2) - begun
                wait_for(self.seats, self.total)
            else:
                spent += wait_for(self.seats, self.total) - begun
            self.seats[0].next()
        self._calm()
        return spent / count

    def pipelined(self, kind, count, senders=1):
        """Seconds per message where all are handed in at once, until the last is everywhere (receipts too)."""
        begun = time.monotonic()
        for seat in self.seats[:senders]:
            seat.ask("send", kind=kind, count=count)
        self.total += count * senders * (3 if kind == "note" else 1)
        ended = wait_for(self.seats, self.total)
        for seat in self.seats[:senders]:
            seat.next()
        self._calm()
        return (ended - begun) / (count * senders)

    def _calm(self):
        for seat in self.seats:
            seat.ask("rest")
        if any(seat.next()["result"] != self.total for seat in self.seats):
            raise RuntimeError("an act was lost or doubled")


def bare_inserts(folder):
    """Calls that insert one row of 1 kB durably: one by one, and 64 together."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE entry (place INTEGER PRIMARY KEY, body BLOB)")
    body = os.urandom(1_000)

    def one():
        connection.execute("INSERT INTO entry (body) VALUES (?)", (body,))

    def together():
        connection.execute("BEGIN")
        for _ in range(64):
            connection.execute("INSERT INTO entry (body) VALUES (?)", (body,))
        connection.execute("COMMIT")

    return one, together


def floor_of(prices, *, alone):
    """The cryptography of one message, in all four processes.

    Its author signs twice (voice, and the group's framing) and seals; each of three houses verifies the
    voice, and the two others the framing, and open.  A message that is alone under its checkpoint costs one
    signature of the relay, three verifications of it, three cosignatures and six verifications of those.
    """
    message = primitives.cost(prices, sign=2, verify=5, seal=1, open=2, seal_12_B=3, expand=15, hash_1_kB=12)
    return message + (primitives.cost(prices, sign=4, verify=9) if alone else 0.0)


def measured(run, folder, options):
    one, together = bare_inserts(folder)
    count = options.messages
    third, notes = count // 3, count // 4
    cases = {
        "bare FULL insert, 1 kB": lambda: (_timed(one, 40), 0.0),
        "bare FULL insert, 64 together": lambda: (_timed(together, 6) / 64, 0.0),
        ONE: lambda: run.with_cpu(lambda: run.sequential("position", 12), 12),
        f"act, {count} in flight, one sender": lambda: run.with_cpu(lambda: run.pipelined("position", count), count),
        f"act, {third} in flight at each of three": lambda: run.with_cpu(
            lambda: run.pipelined("position", third, 3), 3 * third
        ),
        ONE_NOTE: lambda: run.with_cpu(lambda: run.sequential("note", 5), 5),
        f"note with two receipts, {notes} in flight": lambda: run.with_cpu(lambda: run.pipelined("note", notes), notes),
    }
    figures = {name: (measure.Figure(), measure.Figure()) for name in cases}
    bare = {name: measure.Figure() for name in primitives.cases()}
    begun = time.monotonic()
    for number in range(options.rounds + 1):
        if number > 1 and (time.monotonic() - begun) * (number + 1) / number > options.seconds:
            say(f"stopped after {number - 1} of {options.rounds} rounds: the time is up")
            break
        for name, figure in measure.interleaved(primitives.cases(), rounds=1, batch=0.01).items():
            bare[name].seconds += figure.seconds
        for name, case in cases.items():
            result = case()
            if number:  # the first round warms up
                for figure, value in zip(figures[name], result, strict=True):
                    figure.seconds.append(value)
    return figures, {name: figure.median for name, figure in bare.items()}


def _timed(case, count):
    begun = time.perf_counter()
    for _ in range(count):
        case()
    return (time.perf_counter() - begun) / count


def report(figures, prices):
    single = figures["bare FULL insert, 1 kB"][0].median
    rows = []
    for name, (wall, cpu) in figures.items():
        alone = name in (ONE, ONE_NOTE)
        floor = floor_of(prices, alone=alone) * (1 if alone or name.startswith("act") else 3)
        bare = name.startswith("bare")
        rows.append(
            (
                name,
                milli(wall.median),
                milli(wall.least),
                f"{1 / wall.median:,.0f}",
                times(wall.median / single),
                "" if bare else milli(cpu.median),
                "" if bare else times(cpu.median / floor),
                "" if bare else times(wall.median / floor),
            )
        )
    head = ["a message", "ms", "min", "per s", "/ bare insert", "CPU ms", "CPU / floor", "time / floor"]
    measure.table(head, rows)
    say(
        f"floor, the cryptography of one message: {floor_of(prices, alone=False) * 1e6:,.0f} us of CPU in flight with "
        f"others, {floor_of(prices, alone=True) * 1e6:,.0f} us alone under its checkpoint "
        f"(sign {prices['sign'] * 1e6:.0f}, verify {prices['verify'] * 1e6:.0f} us), in all four processes together"
    )
    say("an act alone waits for three commits one after another (author, relay, houses) and three journeys over HTTP")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=240, help="in flight at once")
    parser.add_argument("--seconds", type=float, default=130.0, help="begin no round after so many seconds")
    parser.add_argument("--profile", action="store_true", help="where the sender's house spends its time")
    parser.add_argument("--house", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--relay", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.house:
        key = (options.house / "key").read_bytes()
        worker = Worker(options.house / "home", key, options.relay, profile=options.profile)
        asyncio.run(worker.run())
        return
    drive(options)


def drive(options):
    import httpx

    begun = time.monotonic()
    measure.opening("line: acts of 1 kB between three houses through the relay, durable at all of them")
    with tempfile.TemporaryDirectory(prefix="detente-bench-") as name, contextlib.ExitStack() as ends:
        folder = Path(name)
        make_houses(folder)
        relay, url = start_relay(folder / "relay")
        ends.callback(relay.wait)
        ends.callback(relay.terminate)
        seats = []
        for at, party in enumerate(PARTIES):
            seats.append(Seat(folder / party, url, profile=options.profile and not at))
            ends.callback(seats[-1].end)
        for seat in seats:
            seat.party = seat.next()["party"]
        description = httpx.get(f"{url}/v1/relay", trust_env=False).json()
        line = seats[0].call("found", parties=[seat.party for seat in seats], description=description)
        for seat in seats[1:]:
            seat.ask("agree", line=line)
        for seat in seats[1:]:
            seat.next()
        for seat in seats:
            seat.call("until_all_in")
        text = seats[0].call("lay")
        base = {seat.call("begin", text=text) for seat in seats}
        run = Run(seats, max(base), [relay, *(seat.process for seat in seats)])
        figures, prices = measured(run, folder, options)
        report(figures, prices)
        accounts = [seat.call("account") for seat in seats]
        if any(each["alarms"] or each["refused"] for each in accounts):
            raise RuntimeError(f"something was refused, or an alarm raised: {accounts}")
        last = accounts[0]
        say(f"{last['known']:,} acts under {last['checkpoints']:,} checkpoints, nothing refused or lost, no alarm")
        said = [each for seat in seats for each in seat.end()]
    for each in said:
        if "profile" in each:
            say(f"\n--- the sender's {each['profile']} thread\n{each['text']}")
    measure.closing(begun)


if __name__ == "__main__":
    main()
