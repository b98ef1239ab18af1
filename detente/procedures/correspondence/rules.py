"""The rules of correspondence: which paper is admitted, and what its addressees may do with it.

The checks of a note, in order, each with the name that its refusal bears:

    correspondence.label        not above the ceiling of the line
    correspondence.addressees   members of the line, each once, never the author, at least one for action
    correspondence.size         a subject of one line; a text that is not empty, of 256 kB at most
    correspondence.form         signature, number and legal character as FORMS says
    correspondence.number       the next of its series: (party, office, year) without a gap
    correspondence.brevity      FLASH and IMMEDIATE in 200 words, or 2,000 characters of any script
    correspondence.exercise     an exercise says so in its first and its last line; nothing else does
    correspondence.reference    what it answers or refers to is a note of this line; a non-paper is not cited
    correspondence.answer       to its author, in the same form, by an addressee who acknowledged it

No rule judges wording.  That a note verbale opens and closes with courtesies is known to every
registry, but a rule that looked for the words would be right in one language and wrong in the
others, and a refusal must be right at every house.  `views.advice` tells the drafter instead.

**Said twice.**  A machine's receipt changes nothing the second time, because a house restored from
a backup cannot know that it sent one.  What a person said is refused the second time: a second
acknowledgement or answer would read as if something new had happened.

**Non-papers leave no trace in the digest.**  A non-paper is not handed to a house that joins later,
since unsigned it proves nothing.  So that such a house still holds the same state as the others, the
digest counts signed papers only, and no signed paper may answer, cite or supersede a non-paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from detente.acts.act import Body, Verified
from detente.acts.facts import Facts
from detente.acts.matter import NOTHING, Matter
from detente.acts.procedure import Procedure
from detente.crypto.hashing import sha256
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import ActId, PartyId, Position
from detente.ground.instants import Instant
from detente.procedures.correspondence.acts import (
    FORMS,
    Acknowledge,
    Delivered,
    Note,
    Number,
    Return,
    Supersede,
    TakeNote,
    Void,
)
from detente.procedures.correspondence.machine import Event, advance
from detente.procedures.correspondence.machine import State as At
from detente.wire import canonical, text

LARGEST_TEXT = 256 * 1024  # bytes of UTF-8
LONGEST_SUBJECT = 300  # characters
LONGEST_REASON = 2_000  # characters
LONGEST_OFFICE = 64  # characters
BRIEF_WORDS = 200  # United States telegram guidance for FLASH and IMMEDIATE
BRIEF_CHARACTERS = 2_000  # the same bound for scripts that put no space between words
EXERCISE = "EXERCISE EXERCISE EXERCISE"

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Mark:
    """One thing that happened at one addressee: by which act and office, and when by the log."""

    act: ActId
    office: str
    at: Instant
    text: str = ""


@dataclass(frozen=True)
class Standing:
    """A note at one addressee.  The three marks are three facts; none implies the content is accepted."""

    state: At = At.DISPATCHED
    delivered: Mark | None = None
    acknowledged: Mark | None = None
    concluded: Mark | None = None
    conclusion: At | None = None  # ANSWERED, NOTED or RETURNED; stays what it was when the note is superseded


@dataclass(frozen=True)
class Entry:
    """A note on the line."""

    id: ActId
    author: PartyId
    office: str
    position: Position
    at: Instant
    note: Note
    standings: Mapping[PartyId, Standing]
    superseded_by: ActId | None = None


@dataclass(frozen=True)
class State:
    """All correspondence of a line.  Notes stand in the order of the log."""

    notes: Mapping[ActId, Entry] = field(default_factory=lambda: MappingProxyType({}))
    awaited: Mapping[ActId, frozenset[PartyId]] = field(default_factory=lambda: MappingProxyType({}))  # receipts
    series: Mapping[tuple[PartyId, str, int], int] = field(default_factory=lambda: MappingProxyType({}))
    voided: tuple[tuple[PartyId, Number, str], ...] = ()
    trail: bytes = bytes(32)  # SHA-256 over the trail before and the row of the signed paper that changed


def admit(state: State, facts: Facts, act: Verified) -> State | Refused:
    """The correspondence after `act`, or why it is refused."""
    match act.body:
        case Note():
            return _note(state, facts, act, act.body)
        case Delivered():
            return _delivered(state, act, act.body)
        case Acknowledge():
            return _acknowledge(state, act, act.body)
        case TakeNote():
            return _conclude(state, act, act.body.note, Event.TAKE_NOTE, "")
        case Return():
            return _return(state, act, act.body)
        case Supersede():
            return _supersede(state, act, act.body)
        case Void():
            return _void(state, act, act.body)
        case _:
            return Refused("This is no act of correspondence.", rule="correspondence.kind")


# --- a note ------------------------------------------------------------------------------------


def _note(state: State, facts: Facts, act: Verified, note: Note) -> State | Refused:
    refusal = (
        _check_label(facts, note)
        or _check_addressees(facts, act.author, note)
        or _check_size(note)
        or _check_form(note)
        or (_check_number(state, act.author, note.number) if note.number else None)
        or _check_brevity(note)
        or _check_exercise(note)
        or _check_reference(state, note)
    )
    if refusal:
        return refusal
    if act.id in state.notes:
        return Refused("This note is on the line already.", rule="correspondence.twice")
    answered = _answer(state, act, note) if note.answers else state
    if isinstance(answered, Refused):
        return answered
    entry = Entry(
        id=act.id,
        author=act.author,
        office=act.office,
        position=act.position,
        at=act.at,
        note=note,
        standings=MappingProxyType({party: Standing() for party in note.to + note.info}),
    )
    counted = _count(answered, act.author, note.number)
    return _write(replace(counted, awaited=_put(counted.awaited, act.id, frozenset(entry.standings))), entry)


def _check_label(facts: Facts, note: Note) -> Refused | None:
    if note.label.above(facts.ceiling):
        return Refused(
            f"The note is labelled {note.label.value}, and the ceiling of this line is {facts.ceiling.value}.",
            rule="correspondence.label",
        )
    return None


def _check_addressees(facts: Facts, author: PartyId, note: Note) -> Refused | None:
    everyone = note.to + note.info
    if not note.to:
        sentence = "A note has at least one addressee for action."
    elif len(set(everyone)) != len(everyone):
        sentence = "Each addressee is named once, for action or for information."
    elif author in everyone:
        sentence = "A party does not address a note to itself."
    elif any(party not in facts.members for party in everyone):
        sentence = "An addressee of this note is not a member of this line."
    else:
        return None
    return Refused(sentence, rule="correspondence.addressees")


def _check_size(note: Note) -> Refused | None:
    if not _is_line(note.subject, LONGEST_SUBJECT):
        sentence = f"A note has a subject of one line and {LONGEST_SUBJECT} characters at most."
    elif not note.text.strip() or not _readable(note.text):
        sentence = "A note has a text, and nothing in it that no text needs."
    elif len(note.text.encode("utf-8")) > LARGEST_TEXT:
        sentence = "The text of a note may have 256 kB at most; a longer one belongs on the table."
    else:
        return None
    return Refused(sentence, rule="correspondence.size")


def _check_form(note: Note) -> Refused | None:
    manner = FORMS[note.form]
    name = note.form.value
    if note.character not in manner.characters:
        allowed = ", ".join(sorted(each.value for each in manner.characters))
        sentence = f"A {name} is {allowed}, not {note.character.value}."
    elif manner.numbered and note.number is None:
        sentence = f"A {name} bears a number of its sender's registry."
    elif not manner.numbered and note.number is not None:
        sentence = f"A {name} bears no number: it belongs to nobody's registry."
    else:
        return None
    return Refused(sentence, rule="correspondence.form")


def _check_number(state: State, author: PartyId, number: Number) -> Refused | None:
    if not _is_line(number.office, LONGEST_OFFICE) or "/" in number.office or not 1 <= number.year <= 9999:
        return Refused("A number has the form office/sequence/year.", rule="correspondence.number")
    due = state.series.get((author, number.office, number.year), 0) + 1
    if number.sequence != due:
        return Refused(
            f"The next number of this series is {number.office}/{due}/{number.year}, not {number}; "
            "a number that was not dispatched is declared void first.",
            rule="correspondence.number",
        )
    return None


def _check_brevity(note: Note) -> Refused | None:
    if not note.precedence.brief:
        return None
    text = "\n".join(line for line in note.text.splitlines() if line.strip() != EXERCISE)
    if len(text.split()) > BRIEF_WORDS or len(text) > BRIEF_CHARACTERS:
        return Refused(
            f"A note of precedence {note.precedence.value} has {BRIEF_WORDS} words at most "
            f"and {BRIEF_CHARACTERS} characters at most.",
            rule="correspondence.brevity",
        )
    return None


def _check_exercise(note: Note) -> Refused | None:
    lines = [line.strip() for line in note.text.strip().splitlines()]
    ends = [lines[0] == EXERCISE, lines[-1] == EXERCISE]
    if note.exercise and not (all(ends) and len(lines) > 1):
        return Refused(
            f"An exercise says “{EXERCISE}” in its first and in its last line.", rule="correspondence.exercise"
        )
    if not note.exercise and any(ends):
        return Refused("A note that calls itself an exercise is sent as one.", rule="correspondence.exercise")
    return None


def _check_reference(state: State, note: Note) -> Refused | None:
    for target in (note.answers, note.refers):
        entry = None if target is None else state.notes.get(target)
        if target is not None and entry is None:
            return Refused("The note that this one names is not on this line.", rule="correspondence.reference")
        if entry is not None and target == note.refers and note.signed and not entry.note.signed:
            return Refused("A signed paper does not cite a non-paper.", rule="correspondence.reference")
    return None


def _answer(state: State, act: Verified, note: Note) -> State | Refused:
    """The state in which the answered note is answered."""
    entry = state.notes[note.answers or ActId(b"")]
    if entry.author not in note.to:
        return Refused("An answer goes to the author of the note that it answers.", rule="correspondence.answer")
    if note.form is not entry.note.form:
        return Refused(
            f"A {entry.note.form.value} is answered by a {entry.note.form.value}, in the form in which it came.",
            rule="correspondence.answer",
        )
    return _conclude(state, act, entry.id, Event.ANSWER, "")


# --- what addressees do ------------------------------------------------------------------------


def _find(state: State, act: Verified, target: ActId) -> tuple[Entry, Standing] | Refused:
    """The note and its standing at the act's author, who must be an addressee."""
    entry = state.notes.get(target)
    if entry is None:
        return Refused("The note that this act names is not on this line.", rule="correspondence.reference")
    standing = entry.standings.get(act.author)
    if standing is None:
        return Refused("Only an addressee of a note does that.", rule="correspondence.addressee-only")
    return entry, standing


def _delivered(state: State, act: Verified, body: Delivered) -> State | Refused:
    found = _find(state, act, body.note)
    if isinstance(found, Refused):
        return found
    entry, standing = found
    if standing.delivered is not None:
        return state
    after = advance(standing.state, Event.DELIVER)
    # A receipt that comes after the note was superseded is still a fact, and moves nothing.
    kept = standing.state if isinstance(after, Refused) else after
    received = replace(state, awaited=_receive(state.awaited, entry.id, act.author))
    return _stand(received, entry, act.author, replace(standing, state=kept, delivered=_mark(act)))


def _acknowledge(state: State, act: Verified, body: Acknowledge) -> State | Refused:
    found = _find(state, act, body.note)
    if isinstance(found, Refused):
        return found
    entry, standing = found
    if not act.office.strip():
        return Refused("A note is acknowledged by a named office.", rule="correspondence.office")
    after = advance(standing.state, Event.ACKNOWLEDGE)
    if isinstance(after, Refused):
        return after
    return _stand(state, entry, act.author, replace(standing, state=after, acknowledged=_mark(act)))


def _return(state: State, act: Verified, body: Return) -> State | Refused:
    if len(body.reason) > LONGEST_REASON or not _readable(body.reason):
        return Refused(
            f"A reason is text that can be read, of {LONGEST_REASON} characters at most.", rule="correspondence.size"
        )
    return _conclude(state, act, body.note, Event.RETURN, body.reason)


def _conclude(state: State, act: Verified, target: ActId, event: Event, text: str) -> State | Refused:
    """Answer, take note or return: one of the three, once."""
    found = _find(state, act, target)
    if isinstance(found, Refused):
        return found
    entry, standing = found
    after = advance(standing.state, event)
    if isinstance(after, Refused):
        return after
    return _stand(
        state, entry, act.author, replace(standing, state=after, concluded=_mark(act, text), conclusion=after)
    )


# --- what the author does afterwards -----------------------------------------------------------


def _supersede(state: State, act: Verified, body: Supersede) -> State | Refused:
    old, new = state.notes.get(body.note), state.notes.get(body.by)
    if old is None or new is None:
        return Refused("The note that this act names is not on this line.", rule="correspondence.reference")
    if act.author != old.author or act.author != new.author:
        return Refused(
            "Only the author of both notes puts one in the place of the other.", rule="correspondence.author"
        )
    if not (old.note.signed and new.note.signed):
        return Refused(
            "A non-paper is superseded by nothing: a signed act would say whose it was.", rule="correspondence.form"
        )
    if old.position >= new.position or old.superseded_by is not None:
        return Refused("A note is superseded once, by a later note.", rule="correspondence.supersede")
    standings: dict[PartyId, Standing] = {}
    for party, standing in old.standings.items():
        after = advance(standing.state, Event.SUPERSEDE)
        if isinstance(after, Refused):
            return after
        standings[party] = replace(standing, state=after)
    return _write(state, replace(old, standings=MappingProxyType(standings), superseded_by=new.id))


def _void(state: State, act: Verified, body: Void) -> State | Refused:
    if not _is_line(body.reason, LONGEST_REASON):
        return Refused("A void number is explained in one line.", rule="correspondence.size")
    refusal = _check_number(state, act.author, body.number)
    if refusal:
        return refusal
    voided = (*state.voided, (act.author, body.number, body.reason))
    trail = sha256(state.trail, canonical.encode(["void", act.author, body.number, body.reason]))
    return replace(_count(state, act.author, body.number), voided=voided, trail=trail)


# --- small things ------------------------------------------------------------------------------


def _readable(words: str) -> bool:
    """Whether the words have no code point that no text may contain."""
    try:
        text.check_text(words)
    except Malformed:
        return False
    return True


def _is_line(words: str, longest: int) -> bool:
    """Whether it is one line that can be read, with something in it."""
    return words.strip() != "" and len(words) <= longest and len(words.splitlines()) == 1 and _readable(words)


def _receive(
    awaited: Mapping[ActId, frozenset[PartyId]], note: ActId, by: PartyId
) -> Mapping[ActId, frozenset[PartyId]]:
    rest = awaited.get(note, frozenset()) - {by}
    return MappingProxyType(
        {each: rest if each == note else parties for each, parties in awaited.items() if each != note or rest}
    )


def _mark(act: Verified, text: str = "") -> Mark:
    return Mark(act.id, act.office, act.at, text)


def _count(state: State, author: PartyId, number: Number | None) -> State:
    if number is None:
        return state
    return replace(state, series=_put(state.series, (author, number.office, number.year), number.sequence))


def _stand(state: State, entry: Entry, party: PartyId, standing: Standing) -> State:
    return _write(state, replace(entry, standings=_put(entry.standings, party, standing)))


def _write(state: State, entry: Entry) -> State:
    """The state with this row new or changed, and the trail lengthened by the row as it now is."""
    trail = sha256(state.trail, canonical.encode(_row(entry))) if entry.note.signed else state.trail
    return replace(state, notes=_put(state.notes, entry.id, entry), trail=trail)


def _row(entry: Entry) -> dict[str, Any]:
    """What the digest knows of a note: its id commits to what was written, the rest is derived here."""
    standings = {
        party: [each.state.value, *(mark.act if mark else None for mark in (each.delivered, each.acknowledged))]
        for party, each in entry.standings.items()
    }
    concluded = {party: each.concluded.act for party, each in entry.standings.items() if each.concluded}
    return {"note": entry.id, "standings": standings, "concluded": concluded, "superseded_by": entry.superseded_by}


def _put(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    return MappingProxyType({**mapping, key: value})


def owes(state: State, _facts: Facts, party: PartyId, _now: Instant) -> tuple[Body, ...]:
    """The receipts that the party's chancery has not given yet."""
    return tuple(Delivered(note) for note, parties in state.awaited.items() if party in parties)


def _publish(_state: State, facts: Facts) -> Facts:
    """Correspondence tells the others nothing."""
    return facts


def matter(body: Body) -> Matter:
    """What a charter may speak of in a note."""
    if not isinstance(body, Note):
        return NOTHING
    return Matter(
        form=body.form.value,
        precedence=body.precedence.value,
        label=body.label,
        subject=body.subject,
        answers=body.answers is not None,
        exercise=body.exercise,
    )


PROCEDURE = Procedure(
    name="correspondence",
    version=1,
    bodies=(Note, Delivered, Acknowledge, TakeNote, Return, Supersede, Void),
    initial=State,
    admit=admit,
    publish=_publish,
    digest=lambda state: state.trail,
    owes=owes,
    matter=matter,
)
