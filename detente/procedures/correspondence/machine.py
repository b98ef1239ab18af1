"""The passage of a note: what may follow what, as one table (state machine N of the domain's rules).

    DRAFT ─submit→ IN_CLEARANCE ─clear→ CLEARED ─authorise→ SEALED ─dispatch→ DISPATCHED      at home
      ↑─────reject──────┴────────reject────┘                   └─cancel→ VOID
    DISPATCHED ─deliver→ DELIVERED ─acknowledge→ ACKNOWLEDGED ─answer|take note|return→ …     per addressee
    … ─close→ CLOSED ─archive→ ARCHIVED;   anything after dispatch ─supersede→ SUPERSEDED

The first line happens inside the sender's own house, before there is an act; nobody else sees it.
The second happens once for each addressee.  DELIVERED says that a machine has it, ACKNOWLEDGED that
a named office has seen it, and neither that its content is accepted: three things, never one.
Closing and archiving are each house's own filing and are no acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

from detente.ground.errors import Refused


class State(Enum):
    """Where a note stands."""

    DRAFT = "draft"
    IN_CLEARANCE = "in clearance"
    CLEARED = "cleared"
    SEALED = "sealed"
    VOID = "void"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    NOTED = "noted"
    RETURNED = "returned"
    CLOSED = "closed"
    ARCHIVED = "archived"
    SUPERSEDED = "superseded"


class Event(Enum):
    """What happens to a note; the value is how a sentence names it."""

    SUBMIT = "submitted for clearance"
    CLEAR = "cleared"
    REJECT = "sent back to its drafter"
    AUTHORISE = "authorised"
    CANCEL = "cancelled"
    DISPATCH = "dispatched"
    DELIVER = "delivered"
    ACKNOWLEDGE = "acknowledged"
    ANSWER = "answered"
    TAKE_NOTE = "noted"
    RETURN = "returned"
    CLOSE = "closed"
    ARCHIVE = "archived"
    SUPERSEDE = "superseded"


_AT_HOME: Mapping[tuple[State, Event], State] = {
    (State.DRAFT, Event.SUBMIT): State.IN_CLEARANCE,
    (State.IN_CLEARANCE, Event.CLEAR): State.CLEARED,
    (State.IN_CLEARANCE, Event.REJECT): State.DRAFT,
    (State.CLEARED, Event.AUTHORISE): State.SEALED,
    (State.CLEARED, Event.REJECT): State.DRAFT,  # by who would have authorised it
    (State.SEALED, Event.CANCEL): State.VOID,  # its number stays used, and is explained by a Void
    (State.SEALED, Event.DISPATCH): State.DISPATCHED,
}
_AT_AN_ADDRESSEE: Mapping[tuple[State, Event], State] = {
    (State.DISPATCHED, Event.DELIVER): State.DELIVERED,
    (State.DELIVERED, Event.ACKNOWLEDGE): State.ACKNOWLEDGED,
    (State.ACKNOWLEDGED, Event.ANSWER): State.ANSWERED,
    (State.ACKNOWLEDGED, Event.TAKE_NOTE): State.NOTED,
    (State.ACKNOWLEDGED, Event.RETURN): State.RETURNED,
    (State.ANSWERED, Event.CLOSE): State.CLOSED,
    (State.NOTED, Event.CLOSE): State.CLOSED,
    (State.RETURNED, Event.CLOSE): State.CLOSED,
    (State.CLOSED, Event.ARCHIVE): State.ARCHIVED,
}
AFTER_DISPATCH = (
    State.DISPATCHED,
    State.DELIVERED,
    State.ACKNOWLEDGED,
    State.ANSWERED,
    State.NOTED,
    State.RETURNED,
    State.CLOSED,
    State.ARCHIVED,
)
TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        **_AT_HOME,
        **_AT_AN_ADDRESSEE,
        **{(state, Event.SUPERSEDE): State.SUPERSEDED for state in AFTER_DISPATCH},
    }
)


def advance(state: State, event: Event) -> State | Refused:
    """The state after `event`, or why that cannot happen now."""
    after = TRANSITIONS.get((state, event))
    if after is None:
        return Refused(f"A note that is {state.value} cannot be {event.value}.", rule="correspondence.passage")
    return after


@dataclass(frozen=True)
class Draft:
    """The passage of one note at home: which offices put their hand to it, and where it stands."""

    drafted_by: str
    required: frozenset[str] = frozenset()  # the offices whose clearance this note needs
    state: State = State.DRAFT
    cleared_by: frozenset[str] = frozenset()
    authorised_by: str = ""


def step(draft: Draft, event: Event, office: str) -> Draft | Refused:
    """The draft after `office` did `event`, or why it may not.

    A note is authorised by a second office, never by the one that drafted it.  It is cleared when
    each required office has cleared it (any one office where none is required), and whatever comes
    back for redrafting loses the clearances that it had.
    """
    after = advance(draft.state, event)
    if isinstance(after, Refused):
        return after
    if not office:
        return Refused("Every step of a note is taken by a named office.", rule="correspondence.office")
    match event:
        case Event.CLEAR:
            return _clear(draft, office, after)
        case Event.REJECT:
            return replace(draft, state=after, cleared_by=frozenset())
        case Event.AUTHORISE if office == draft.drafted_by:
            return Refused("A second office authorises a note, not the one that drafted it.", rule="correspondence.two")
        case Event.AUTHORISE:
            return replace(draft, state=after, authorised_by=office)
        case _:
            return replace(draft, state=after)


def _clear(draft: Draft, office: str, after: State) -> Draft | Refused:
    if draft.required and office not in draft.required:
        return Refused(f"The clearance of “{office}” is not asked for on this note.", rule="correspondence.clearance")
    cleared = draft.cleared_by | {office}
    done = draft.required <= cleared
    return replace(draft, cleared_by=cleared, state=after if done else draft.state)
