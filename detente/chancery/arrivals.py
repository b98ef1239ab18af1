"""Arrivals at the chair's house: the commits by which newcomers' houses give their leaves keys of their own.

    offer       a letter brought one: the latest of each newcomer is kept
    waiting     those of the present epoch, for the house to take one up; older ones are forgotten
    placed      one was taken up and has its place: whose it was is remembered
    maker       whose arrival stands at a place in the log
    distrust    nothing more of that kind is taken up from a party, until an act removes it

What is taken up must open at the chair's house.  It may still shut out another, who is then added anew, and
each time that somebody is added it may bring one more arrival: hence `distrust`.  Without it one newcomer
could have all others read the line from its beginning again and again.
"""

from __future__ import annotations

from collections.abc import Collection

from detente.acts.facts import Role
from detente.chancery.ports import Store
from detente.ground.errors import Refused
from detente.ground.identifiers import LineId, PartyId, Position
from detente.line.engine import Line, Pending
from detente.line.terms import party_of
from detente.mls.group import Group


class Arrivals:
    """What one house, as the chair's of its lines, keeps of arrivals; every change belongs to the caller's step."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def offer(self, line: Line, party: PartyId, commit: bytes) -> None:
        """Keep a newcomer's commit; `Malformed` or `Refused` where it can be none that this house takes up."""
        group = line.group
        if line.state.facts.role(line.own) is not Role.CHAIR or group is None:
            raise Refused("Newcomers' commits are taken up by the chair's house.", rule="charter.arrival")
        if party not in {party_of(member.identity) for member in group.members if member.fresh}:
            raise Refused("The letter's sender has not just come into that line.", rule="charter.arrival")
        if self._store.fetch(_shelf("distrusted", line.id), party) is not None:
            raise Refused("Nothing more of that kind is taken up from the letter's sender.", rule="charter.arrival")
        if group.peek(commit).epoch < group.epoch:
            raise Refused("The newcomer's commit is of an epoch that is over.", rule="charter.arrival")
        self._store.keep(_shelf("arrivals", line.id), party, commit)

    def waiting(self, line: Line, epoch: int) -> list[tuple[PartyId, bytes]]:
        """The newcomers' commits of this epoch; those of a later one, which this house has not reached, stay."""
        shelf, found = _shelf("arrivals", line.id), []
        for party, commit in self._store.shelf(shelf):
            made_in = Group.peek(commit).epoch
            if made_in < epoch:
                self._store.discard(shelf, party)
            elif made_in == epoch:
                found.append((PartyId(party), commit))
        return found

    def placed(self, line: Line, pending: Pending, place: Position) -> None:
        """An own commit has its place: where it took up an arrival, remember whose."""
        if pending.newcomer is not None:
            self._store.keep(_shelf("arrived", line.id), str(place), pending.newcomer.encode())

    def maker(self, line: Line, place: int) -> PartyId | None:
        """Whose arrival was taken up at that place, if one was."""
        kept = self._store.fetch(_shelf("arrived", line.id), str(place))
        return None if kept is None else PartyId(kept.decode())

    def distrust(self, line: Line, party: PartyId) -> None:
        """Take nothing more of that kind from a party, what waits included."""
        self._store.discard(_shelf("arrivals", line.id), party)
        self._store.keep(_shelf("distrusted", line.id), party, b"1")

    def forgive(self, line: Line, members: Collection[PartyId]) -> None:
        """Whoever was removed by an act and is admitted by another comes as anybody does."""
        for party, _ in self._store.shelf(_shelf("distrusted", line.id)):
            if party not in members:
                self._store.discard(_shelf("distrusted", line.id), party)


def _shelf(name: str, line: LineId) -> str:
    return f"{name}/{line.hex()}"
