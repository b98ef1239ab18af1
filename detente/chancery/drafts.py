"""Drafts: the part of a note's passage that happens at home, before there is an act.

    DRAFT ─ write ─▶ IN CLEARANCE ─ clear ─▶ CLEARED ─ authorise ─▶ SEALED and DISPATCHED at once
                          └─────── reject ──────┴──▶ DRAFT ─ rewrite ─▶ IN CLEARANCE; or discard

The table of `procedures/correspondence/machine.py` says what may follow what; this keeps the drafts,
asks for the offices' powers, and gives a note its registry number at the moment it is sealed: the
next of the drafter's series, so that no number is lost on a draft that never leaves.  What the peers would
refuse as it stands is refused when it is written: nobody clears what could never leave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from detente.acts.act import SALT_BYTES
from detente.chancery.identity import check_power
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import LineId
from detente.ground.instants import Instant, iso
from detente.line.engine import Line
from detente.line.terms import Entropy
from detente.procedures.correspondence.acts import FORMS, Form, Note, Number
from detente.procedures.correspondence.machine import Draft, Event, State, step
from detente.procedures.correspondence.rules import State as Correspondence
from detente.wire import canonical

if TYPE_CHECKING:
    from detente.chancery.house import Chancery

NAME_LETTERS = 32
MOST_DRAFTS = 500
MOST_CLEARERS = 8
_YEAR_LETTERS = 4


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An office put its hand to the draft."""

    event: Event
    office: str
    at: int
    remark: str


class DraftNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="detente.draft/1"):
    """A note before it is an act, and what happened to it."""

    name: str
    line: bytes
    note: Note
    drafted_by: str
    required: tuple[str, ...]
    state: State
    cleared_by: tuple[str, ...]
    authorised_by: str
    steps: tuple[Step, ...]
    act: bytes | None

    @property
    def passage(self) -> Draft:
        """Where it stands, as the table of the passage sees it."""
        return Draft(
            self.drafted_by, frozenset(self.required), self.state, frozenset(self.cleared_by), self.authorised_by
        )


class Drafts:
    """The drafts of a house."""

    def __init__(self, house: Chancery, entropy: Entropy) -> None:
        self._house = house
        self._store = house.store
        self._entropy = entropy

    def of(self, line: LineId) -> list[DraftNote]:
        """The drafts for a line, in the order in which they were written."""
        found = [canonical.decode(raw, DraftNote) for _, raw in self._store.shelf(_shelf(line))]
        return sorted(found, key=lambda draft: (draft.steps[0].at, draft.name))

    def get(self, line: LineId, name: str) -> DraftNote:
        """One draft, or `Refused`."""
        raw = self._store.fetch(_shelf(line), name)
        if raw is None:
            raise Refused("There is no such draft in this house.", rule="draft.unknown")
        return canonical.decode(raw, DraftNote)

    def write(
        self, line: LineId, office: str, note: Note, now: Instant, *, required: Sequence[str] = (), request: str = ""
    ) -> DraftNote:
        """Write a draft and submit it for clearance by `required` offices (any one office where none is named).

        The number is given when it is sealed; a draft bears none.  `request` names the wish, as in `submit`.
        Raises `Refused` with the rule's sentence where the peers would refuse the note now.
        """
        self._house.line(line)
        check_power(self._house.record, office, "correspond")
        offices = [each.office for each in self._house.record.offices]
        if len(required) > MOST_CLEARERS or not set(required) <= set(offices):
            raise Malformed("Clearance is asked of offices of this party, of eight at most.")
        name = self._name(request)
        existing = self._store.fetch(_shelf(line), name)
        if existing is not None:
            return canonical.decode(existing, DraftNote)
        if len(self._store.shelf(_shelf(line))) >= MOST_DRAFTS:
            raise Refused(f"There are {MOST_DRAFTS} drafts for this line already.", rule="draft.limit")
        self._judge(line, office, note, now)
        passage = _taken(Draft(office, frozenset(required)), Event.SUBMIT, office)
        steps = (Step(Event.SUBMIT, office, now, ""),)
        draft = DraftNote(name, line, note, office, tuple(sorted(set(required))), passage.state, (), "", steps, None)
        return self._keep(draft)

    def clear(self, line: LineId, name: str, office: str, now: Instant) -> DraftNote:
        """An office clears the draft."""
        check_power(self._house.record, office, "correspond")
        return self._step(self.get(line, name), Event.CLEAR, office, now, "")

    def reject(self, line: LineId, name: str, office: str, remark: str, now: Instant) -> DraftNote:
        """An office sends the draft back; it is written anew."""
        check_power(self._house.record, office, "correspond")
        return self._step(self.get(line, name), Event.REJECT, office, now, remark[:2000])

    def rewrite(self, line: LineId, name: str, office: str, note: Note, now: Instant) -> DraftNote:
        """The office that drafted a note writes anew what was sent back, and submits it again.

        Raises as `write`, and `Refused` for another office: the number and the second pair of eyes are the drafter's.
        """
        draft = self._own(line, name, office)
        again = _moved(draft, Event.SUBMIT, office, now, "")
        self._judge(line, office, note, now)
        return self._keep(msgspec.structs.replace(again, note=note))

    def discard(self, line: LineId, name: str, office: str) -> None:
        """The office that drafted a note gives up what was sent back; nothing of it is left."""
        draft = self._own(line, name, office)
        if draft.state is not State.DRAFT:
            raise Refused(
                f"A note that is {draft.state.value} is not given up; send it back first.", rule="draft.state"
            )
        with self._store.transaction():
            self._store.discard(_shelf(line), name)

    def authorise(self, line: LineId, name: str, office: str, now: Instant) -> DraftNote:
        """A second office authorises the draft: it gets its number and is dispatched, in one step.

        Raises what `Chancery.submit` raises, and then the draft is as it was.
        """
        check_power(self._house.record, office, "authorise")
        draft = self.get(line, name)
        if draft.act is not None:
            return draft
        with self._house.whole():
            sealed = self._step(draft, Event.AUTHORISE, office, now, "")
            numbered = msgspec.structs.replace(
                sealed.note, number=self._number(line, sealed.drafted_by, sealed.note.form, now)
            )
            act = self._house.submit(line, office, numbered, now, f"draft/{name}")
            dispatched = _moved(sealed, Event.DISPATCH, office, now, "")
            return self._keep(msgspec.structs.replace(dispatched, note=numbered, act=act))

    def _step(self, draft: DraftNote, event: Event, office: str, now: Instant, remark: str) -> DraftNote:
        return self._keep(_moved(draft, event, office, now, remark))

    def _own(self, line: LineId, name: str, office: str) -> DraftNote:
        check_power(self._house.record, office, "correspond")
        draft = self.get(line, name)
        if draft.drafted_by != office:
            raise Refused(f"This note was drafted by “{draft.drafted_by}”, who writes it anew.", rule="draft.drafter")
        return draft

    def _judge(self, line: LineId, office: str, note: Note, now: Instant) -> None:
        if note.number is not None:
            raise Malformed("A draft bears no number: the registry gives it when the note is sealed.")
        if not self._house.line(line).state.facts.members:
            return  # its founding act is on its way: there is nothing yet by which a note could be judged
        numbered = msgspec.structs.replace(note, number=self._number(line, office, note.form, now))
        self._house.judge(line, office, numbered, now)

    def _number(self, name: LineId, drafted_by: str, form: Form, now: Instant) -> Number | None:
        """The next number of the drafter's series for this year; none for a form that bears none."""
        if not FORMS[form].numbered:
            return None
        line: Line = self._house.line(name)
        known = line.prospect().parts.get("correspondence")
        year = int(iso(now)[:_YEAR_LETTERS])
        series = known.series if isinstance(known, Correspondence) else {}
        return Number(drafted_by, series.get((self._house.party, drafted_by, year), 0) + 1, year)

    def _name(self, request: str) -> str:
        """A name of its own for each wish: of the asker's request where there is one, drawn where not."""
        material = request.encode() if request else self._entropy(SALT_BYTES)
        return hashlib.sha256(b"detente/draft/v1\0" + material).hexdigest()[:NAME_LETTERS]

    def _keep(self, draft: DraftNote) -> DraftNote:
        with self._store.transaction():
            self._store.keep(_shelf(LineId(draft.line)), draft.name, canonical.encode(draft))
        return draft


def _shelf(line: LineId) -> str:
    return f"drafts/{line.hex()}"


def _taken(passage: Draft, event: Event, office: str) -> Draft:
    after = step(passage, event, office)
    if isinstance(after, Refused):
        raise after
    return after


def _moved(draft: DraftNote, event: Event, office: str, now: Instant, remark: str) -> DraftNote:
    after = _taken(draft.passage, event, office)
    return msgspec.structs.replace(
        draft,
        state=after.state,
        cleared_by=tuple(sorted(after.cleared_by)),
        authorised_by=after.authorised_by,
        steps=(*draft.steps, Step(event, office, now, remark)),
    )
