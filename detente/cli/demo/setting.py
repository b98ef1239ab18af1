"""Setting the table: three invented parties come into being and accredit each other.

Each step is what the parties would do, through the same commands and the same API: make a house, hand
over the record as a file, compare sixty digits in two offices, found a line, agree to it.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial

import httpx

from detente.cli.demo.delegate import Delegate, patiently
from detente.cli.demo.world import NAMES, SEATS, Seat, World, run
from detente.ground.errors import Refused, Unfit
from detente.wire import canonical

OFFICES = ("head-of-mission", "registry")
_MADE = "made"  # a file beside a home whose making came to its end
TITLE = "Line on incidents in information networks"


def make_house(world: World, seat: Seat) -> None:
    """A party's house, where there is none yet; the root keys go into a folder of their own."""
    folder = world.data / seat.key
    if (folder / _MADE).exists():
        return
    if folder.exists():
        shutil.rmtree(folder)  # its making was broken off, and nobody has seen it yet
    made = run(
        [
            *("house", "make", "--home", str(world.home(seat)), "--name", seat.name),
            *("--key-file", str(world.key_file(seat)), "--roots", str(world.data / seat.key / "root-keys")),
        ],
        world.data,
    )
    if made.returncode:
        raise Unfit(f"The house of {seat.name} could not be made: {made.stderr.strip() or made.stdout.strip()}")
    (folder / _MADE).touch()


def start_all(world: World) -> Iterator[str]:
    """All processes at once, each house made first where there is none; the names as they begin to answer."""

    def begin(name: str) -> str:
        for seat in SEATS:
            if seat.key == name:
                make_house(world, seat)
        world.start(name)
        return name

    pool = ThreadPoolExecutor(len(NAMES))
    try:
        for future in as_completed([pool.submit(begin, name) for name in NAMES]):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def sit_down(world: World) -> dict[str, dict[str, Delegate]]:
    """The delegates of every party, by office."""
    return {seat.key: {office: Delegate(world, seat, office) for office in OFFICES} for seat in SEATS}


def identities(delegates: dict[str, dict[str, Delegate]]) -> dict[str, str]:
    """The parties' identifiers, by seat."""
    return {key: offices["registry"].get("/house")["party"] for key, offices in delegates.items()}


def accredit(delegates: dict[str, dict[str, Delegate]]) -> Iterator[str]:
    """Letters of credence: records change hands as files, and two offices compare the digits; a sentence each."""
    files = {key: offices["registry"].raw("/record") for key, offices in delegates.items()}
    houses = {key: offices["registry"].get("/house") for key, offices in delegates.items()}
    for key, offices in delegates.items():
        known = {each["party"]: each["accredited"] for each in offices["registry"].get("/directory")}
        for other, file in files.items():
            house = houses[other]
            if other == key or known.get(house["party"]):
                continue
            offices["registry"].post_file("/directory", file)
            for delegate in offices.values():
                delegate.post(f"/directory/{house['party']}/comparisons", {"digits": house["digits"]})
            yield f"{houses[key]['name']} has compared the sixty digits of {house['name']} in two offices"


def write_anchors(world: World, delegates: dict[str, dict[str, Delegate]]) -> None:
    """The file of trust anchors: whom a stranger, having met the parties, would believe."""
    parties = [
        {"party": house["party"], "name": house["name"]}
        for house in (offices["registry"].get("/house") for offices in delegates.values())
    ]
    register = register_of(world)
    anchors = {
        "kind": "detente.anchors/1",
        "parties": sorted(parties, key=lambda each: each["party"]),
        "register": {"origin": register["origin"], "vkey": register["vkey"]},
    }
    world.anchors.write_bytes(canonical.encode(anchors))


def register_of(world: World) -> dict[str, str]:
    """The register's origin and key, as it says them on its own address."""
    for _ in patiently(world, "The register does not answer"):
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.get(f"{world.url('register')}/v1/register", timeout=10.0)
            found: dict[str, str] = answer.raise_for_status().json()
            return found
    raise AssertionError


def found_line(delegates: dict[str, dict[str, Delegate]], parties: dict[str, str]) -> str:
    """The first seat founds the line, the others agree, and all wait until they are in its group."""
    chair = delegates[SEATS[0].key]["head-of-mission"]
    existing = chair.get("/lines")
    if existing:
        line: str = existing[0]["line"]
    else:
        roles = ["chair", *("member" for _ in SEATS[1:])]
        line = chair.post(
            "/lines",
            {
                "title": TITLE,
                "members": [
                    {"party": parties[seat.key], "role": role} for seat, role in zip(SEATS, roles, strict=True)
                ],
                "must_accept": sorted(parties.values()),
                "ceiling": "SENSITIVE",
                "faults": None,
            },
            wish="found",
        )["line"]
    for seat in SEATS[1:]:
        _agree(delegates[seat.key]["head-of-mission"], line)
    for seat in SEATS:
        delegate = delegates[seat.key]["registry"]
        delegate.wait(f"{seat.name} is not on the line", partial(_all_in, delegate, line))
    return line


def _agree(delegate: Delegate, line: str) -> None:
    def there() -> bool:
        if any(each["line"] == line for each in delegate.get("/summonses")):
            with contextlib.suppress(Refused):  # it was agreed to, and the answer was lost
                delegate.post(f"/summonses/{line}/agree")
            return True
        return any(each["line"] == line for each in delegate.get("/lines"))

    delegate.wait(f"{delegate.seat.name} was not asked into the line", there)


def _all_in(delegate: Delegate, line: str) -> bool:
    if not any(each["line"] == line for each in delegate.get("/lines")):
        return False
    found = delegate.get(f"/lines/{line}")
    return bool(found["size"] == found["confirmed"]) and sum(each["in_group"] for each in found["members"]) == len(
        SEATS
    )
