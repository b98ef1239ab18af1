"""What the handlers share: the house's desk, its courier, who is signed in, and where relay and register are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from detente.acts.procedure import LineState
from detente.api.hub import Bell, Waiting, Word
from detente.api.sessions import Sessions
from detente.api.workshop import Previews, Workshop
from detente.chancery.house import Chancery
from detente.evidence.records import RootRecord
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, LineId
from detente.procedures.charter.acts import RegisterPlace, RelayPlace
from detente.transport.desk import Desk


class Courier(Protocol):
    """What is asked of the courier here."""

    reached: bool

    def wake(self, line: LineId | None = None) -> None:
        """There may be something to send."""


class Places(Protocol):
    """The relay and the register with which this house begins new lines, and the way to the register."""

    relay_url: str
    register_url: str

    async def relay(self) -> RelayPlace:
        """The relay's address, the beginning of its logs' origins, and its checkpoint key; `line` is empty."""

    async def register(self) -> RegisterPlace:
        """The register's address, origin and key."""

    async def publish(self, url: str, file: bytes) -> str:
        """Hand a file to a register: the text of its proof, not verified yet.  `Unavailable`, `Refused`."""


@dataclass
class Entrance:
    """One house as its entrances know it."""

    desk: Desk
    courier: Courier
    sessions: Sessions
    places: Places
    bell: Bell
    address: str  # host:port under which it is reached
    waiting: Waiting = field(init=False)
    workshop: Workshop = field(default_factory=Workshop, init=False)
    previews: Previews = field(default_factory=Previews, init=False)
    listeners: Counter[bytes] = field(default_factory=Counter, init=False)  # streams of news, by session
    _record: RootRecord | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.waiting = Waiting(self.bell, self._words)

    @property
    def rp(self) -> str:
        """The site of the passkeys with which offices sign in."""
        return "localhost"

    @property
    def origin(self) -> str:
        """Where their browsers ask for them."""
        return f"http://{self.rp}:{self.address.rpartition(':')[2]}"

    async def record(self) -> RootRecord:
        """The party's own record; it does not change while the program runs."""
        if self._record is None:
            self._record = await self.desk.do(lambda house: house.record)
        return self._record

    async def state(self, line: LineId) -> LineState:
        """The state of a line.  It is immutable, so views are made of it outside the writer's thread."""
        return await self.desk.do(lambda house: house.line(line).state)

    def changed(self, line: LineId | None = None) -> None:
        """An office did something: the courier is to look, and so is everybody who waits."""
        self.courier.wake(line)
        self.bell.ring()

    async def _words(self, line: LineId, asked: Iterable[ActId]) -> Mapping[ActId, Word]:
        try:
            return await self.desk.do(lambda house: words(house, line, asked))
        except Refused:
            return {}


def words(house: Chancery, identifier: LineId, asked: Iterable[ActId]) -> dict[ActId, Word]:
    """How far acts have come at this house; what is unknown here is left out."""
    line = house.line(identifier)
    held = {each.act for each in line.held.values()}
    found: dict[ActId, Word] = {}
    for act in asked:
        position = line.known.get(act)
        if position is not None:
            found[act] = Word.CONFIRMED if position < line.confirmed else Word.ORDERED
        elif act in held:
            found[act] = Word.HELD
    return found


def part(state: LineState, procedure: str) -> Any:
    """The state of one procedure, or None where no act of it was admitted yet."""
    return state.parts.get(procedure)
