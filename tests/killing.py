"""The scripted run under `kill -9`: at seeded requests of its delegates one of its processes is killed.

A moment is a request of the script and a small seeded delay after it, so that kills fall everywhere: while
an act is stored, between its commit and its answer, while it is sent, ordered, read or cosigned, and while
a process that was killed before is starting again.  Whatever was killed is started again at once.
"""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from detente.cli.demo import setting, source
from detente.cli.demo.delegate import Delegate
from detente.cli.demo.script import Script
from detente.cli.demo.world import NAMES, World

TEXT = Path(__file__).parent / "fixtures" / "understanding.md"
LONGEST_DELAY = 0.12  # seconds; an act takes about a tenth of that from the API to its checkpoint


class Played(NamedTuple):
    """What a run came to, and what each house says of it afterwards."""

    outcome: object
    requests: int  # of all delegates
    killed: list[str]
    acts: dict[str, list[dict]]  # by seat

    def deeds(self, seat):
        """What was done, without what differs between two runs: who did which kind of act, and how it came out."""
        return Counter(
            (act["author_name"], act["office"], act["kind"], act["outcome"], _words(act["body"]))
            for act in self.acts[seat]
        )


def _words(body):
    """The plain words of an act's body: no ids, no hashes, no keys."""
    if body["kind"] == "table.edit":
        return tuple((hunk["lo"], hunk["hi"], hunk["words"]) for hunk in body["hunks"])
    kept = _PLAIN.get(body["kind"], ())
    return tuple(body[name] for name in kept)


_PLAIN = {
    "correspondence.note": ("form", "subject", "text"),
    "table.import": ("title", "source"),
    "table.position": ("stance", "note"),
    "table.settle": ("basis",),
}


class Killer:
    """Counts the requests of a run; at its moments it kills one of the run's own processes, by its id."""

    def __init__(self, world, moments, chance):
        self.world, self.moments, self.chance = world, set(moments), chance
        self.requests = 0
        self.killed = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(4)
        self._under_way = []

    def count(self):
        with self._lock:
            self.requests += 1
            if self.requests in self.moments:
                victim, delay = self.chance.choice(NAMES), self.chance.uniform(0, LONGEST_DELAY)
                self._under_way.append(self._pool.submit(self._kill, victim, delay))

    def _kill(self, victim, delay):
        threading.Event().wait(delay)
        self.world.kill(victim)
        self.killed.append(victim)
        self.world.ensure()

    def finish(self):
        self._pool.shutdown()
        for each in self._under_way:
            each.result()


def play(data, monkeypatch, *, kills=0, of=0, seed=0, text=TEXT):
    """Play the main job in `data`, with so many kills spread over `of` requests."""
    chance = random.Random(seed)
    world = World(data)
    killer = Killer(world, sorted(chance.sample(range(1, of), kills)) if kills else (), chance)
    ask = Delegate._answer

    def counted(self, request):
        killer.count()
        return ask(self, request)

    monkeypatch.setattr(Delegate, "_answer", counted)
    try:
        try:
            outcome = Script(world, source.read(text), lambda _: None).play(lambda _: None)
        finally:
            killer.finish()
        monkeypatch.setattr(Delegate, "_answer", ask)
        world.ensure()
        return Played(outcome, killer.requests, killer.killed, _acts(world))
    finally:
        monkeypatch.setattr(Delegate, "_answer", ask)
        world.stop()


def _acts(world):
    delegates = setting.sit_down(world)
    found = {}
    for seat, offices in delegates.items():
        registry = offices["registry"]
        line = registry.get("/lines")[0]["line"]
        registry.wait("not all is confirmed", partial(_all_confirmed, registry, line))
        found[seat] = registry.get(f"/lines/{line}/acts")
        assert registry.get(f"/lines/{line}/alarms") == []
        for delegate in offices.values():
            delegate.close()
    return found


def _all_confirmed(delegate, line):
    found = delegate.get(f"/lines/{line}")
    return found["size"] == found["confirmed"] and not found["held"]
