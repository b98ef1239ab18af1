"""Read marks: how far an office of this house has read a text on the table.

A mark is a position of the log.  It stays in the house: no act carries it, and no other party learns of it.  It only
goes forward, and never beyond what has come in.
"""

from __future__ import annotations

from detente.chancery.house import Chancery
from detente.ground.errors import Refused
from detente.ground.identifiers import ActId, LineId, Position


def mark(house: Chancery, line: LineId, text: ActId, office: str) -> Position | None:
    """The position up to which an office has read a text, that one included; None: not at all."""
    raw = house.store.fetch(_shelf(line), _key(text, office))
    return Position(int(raw)) if raw is not None else None


def move(house: Chancery, line: LineId, text: ActId, office: str, position: Position) -> Position:
    """Set the mark of an office, durably, and give where it stands now.

    Raises `Refused` where nothing stands at that position yet; a mark that is further already stays.
    """
    if not 0 <= position < house.line(line).size:
        raise Refused("Nothing stands at that place of the line yet.", rule="mark.position")
    before = mark(house, line, text, office)
    if before is not None and before >= position:
        return before
    with house.store.transaction():
        house.store.keep(_shelf(line), _key(text, office), str(position).encode())
    return position


def _shelf(line: LineId) -> str:
    return f"read/{line.hex()}"


def _key(text: ActId, office: str) -> str:
    return f"{text.hex()}/{office}"
