"""A procedure is a table of pure functions; a line's state is the fold of its acts through them.

    initial()                      the state before any act
    admit(state, facts, act)       the next state, or Refused with a sentence; nothing else, and total
    publish(state, facts)          the facts, with what this procedure lets the others know
    digest(state)                  32 bytes that are equal where the states are
    matter(body)                   what of an act a charter may speak of
    guard(state, facts, asked)     what this procedure has against an act of any, its own among them, or None
    owes(state, facts, party, now) the acts that the party's own machine owes at once, such as receipts; `now` is its
                                   own clock, which decides when it speaks and never what an act amounts to

`fold` is asked twice for an act: early, at home, before it is sealed; and again at every house when
it has its place.  It is the same function, so we apply to ourselves what we apply to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from detente.acts.act import Act, Body, Verified
from detente.acts.facts import Facts
from detente.acts.matter import Matter, kind_of, nothing
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import PartyId
from detente.ground.instants import Instant
from detente.wire import canonical


def _owes_nothing(_state: Any, _facts: Facts, _party: PartyId, _now: Instant) -> tuple[Body, ...]:
    return ()


@dataclass(frozen=True)
class Asked:
    """An act as a charter sees it: who, as what, when, and what it is about."""

    author: PartyId
    office: str
    at: Instant  # the log's time at its place
    kind: str
    matter: Matter


@dataclass(frozen=True)
class Procedure:
    """One kind of business."""

    name: str
    version: int
    bodies: tuple[type[Body], ...]
    initial: Callable[[], Any]
    admit: Callable[[Any, Facts, Verified], Any | Refused]
    publish: Callable[[Any, Facts], Facts]
    digest: Callable[[Any], bytes]
    owes: Callable[[Any, Facts, PartyId, Instant], tuple[Body, ...]] = _owes_nothing
    matter: Callable[[Any], Matter] = nothing
    guard: Callable[[Any, Facts, Asked], Refused | None] | None = None

    @property
    def rules(self) -> str:
        """The version of its rules, as acts name it."""
        return f"{self.name}/{self.version}"


class Registry:
    """The procedures that a house knows, by name, and the kinds of their acts."""

    def __init__(self, procedures: Iterable[Procedure]) -> None:
        self.procedures: Mapping[str, Procedure] = MappingProxyType({each.name: each for each in procedures})
        self.guards = tuple(each for each in self.procedures.values() if each.guard is not None)
        self._kinds: dict[str, tuple[Procedure, type[Body]]] = {}
        for procedure in self.procedures.values():
            for body in procedure.bodies:
                self._kinds[str(body.__struct_config__.tag)] = (procedure, body)

    def procedure_of(self, body: Body) -> Procedure:
        """The procedure whose act this is."""
        return self._kinds[kind_of(body)][0]

    def body(self, act: Act) -> Body | None:
        """The typed body; None where the kind or the version of the rules is unknown here; `Malformed` if false."""
        procedure = self.procedures.get(act.procedure)
        if procedure is None or act.rules != procedure.rules:
            return None
        kind = canonical.decode(bytes(act.body), dict[str, Any]).get("kind")
        known = self._kinds.get(str(kind))
        if known is None:
            return None
        if known[0] is not procedure:
            raise Malformed("The act names the rules of another procedure than its own.")
        return canonical.decode(bytes(act.body), known[1])


@dataclass(frozen=True)
class LineState:
    """What the acts of a line amount to, up to one position."""

    parts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    facts: Facts = field(default_factory=Facts)

    def part(self, procedure: Procedure) -> Any:
        """The state of one procedure."""
        found = self.parts.get(procedure.name)
        return procedure.initial() if found is None else found


def digest(registry: Registry, state: LineState, procedure: str) -> bytes:
    """The digest of one procedure's state; 32 zero bytes for a procedure that is unknown here."""
    known = registry.procedures.get(procedure)
    return known.digest(state.part(known)) if known else bytes(32)


def fold(registry: Registry, state: LineState, act: Verified) -> LineState | Refused:
    """The state after `act`, or why it is refused.  An act that is not understood changes nothing."""
    if act.body is None:
        return state
    if state.facts.members and act.author not in state.facts.members:
        return Refused("Its author is not a member of this line.", rule="charter.members")
    procedure = registry.procedure_of(act.body)
    refusal = guarded(registry, state, asked(registry, act))
    if refusal:
        return refusal
    outcome = procedure.admit(state.part(procedure), state.facts, act)
    if isinstance(outcome, Refused):
        return outcome
    parts = MappingProxyType({**state.parts, procedure.name: outcome})
    return replace(state, parts=parts, facts=procedure.publish(outcome, state.facts))


def asked(registry: Registry, act: Verified) -> Asked:
    """What a charter is asked about an act that is understood here."""
    if act.body is None:
        raise Malformed("An act that is not understood here can be asked nothing.")
    matter = registry.procedure_of(act.body).matter(act.body)
    return Asked(act.author, act.office, act.at, kind_of(act.body), matter)


def guarded(registry: Registry, state: LineState, question: Asked) -> Refused | None:
    """The first objection of those procedures that guard the line, in the order of the registry."""
    for each in registry.guards:
        refusal = each.guard(state.part(each), state.facts, question) if each.guard else None
        if refusal:
            return refusal
    return None
