"""A document that comes in: what it would lay on the table as a new text, or propose to one that stands.

Whatever comes is read in the jailed child (jail.py) or as UTF-8, and then asked of the rules, as the peers would ask
them, before anybody says anything: what would be refused is known in the preview.  Nothing here is kept or said.

A revision is compared with the reading of the text that went out as this document (projections.py).  If the document
bears the hash of a reading as it is no longer, it is refused: what others have proposed since would be taken for
struck out.  A document that bears none is compared with the text as it stands, and that is said.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final

import msgspec

from detente.acts import act as lines
from detente.acts.act import Body, Verified
from detente.acts.facts import Facts
from detente.documents import akn_write, docx_writer, guesses, intake, projections
from detente.documents.docx_reading import Finding, Side
from detente.documents.intake import Intake
from detente.documents.matter import Matter, Meta
from detente.documents.projections import Projection, State
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import ActId, LineId, PartyId, Position
from detente.ground.instants import Instant
from detente.procedures.table import inspect, naming, returned, revision, rules, sheet, tree
from detente.procedures.table.acts import AddClause, Alternative, Edit, Hunk, Import, MoveClause
from detente.procedures.table.inspect import Inspection
from detente.procedures.table.model import Table, Text
from detente.procedures.table.parse import VERSION, parse
from detente.procedures.table.revision import Proposed, Unsaid
from detente.procedures.table.sheet import Ink, Sheet
from detente.procedures.table.tree import NodeId
from detente.wire import canonical
from detente.wire import text as safety

SUFFIXES: Final = {".md": "Markdown", ".markdown": "Markdown", ".txt": "plain text", ".docx": "a Word document",
                   ".xml": "Akoma Ntoso", ".akn": "Akoma Ntoso"}  # fmt: skip
MOST_PROPOSALS: Final = 2_000
_ENVELOPE: Final = 4 * 1024  # bytes of an act beside its body, and more than they are
_LONGEST_FILE_NAME: Final = 255
_SHOWN: Final = 160  # letters of a clause in a list
_TEXT_HASH: Final = re.compile(rb'textHash="[0-9a-f]{64}"')
_UNTRIED: Final = LineId(bytes(32))
_OFFICE: Final = "preview"


@dataclass(frozen=True)
class Unseen:
    """A code point that a reader does not see for what it is, and how often it stands in a text."""

    code_point: int
    why: str
    count: int
    line: int  # of the first


@dataclass(frozen=True)
class Shown:
    """A clause as it was read."""

    kind: str
    label: str
    level: int
    line: int
    open: int
    words: str


@dataclass(frozen=True)
class Received:
    """A file, and what was noticed in reading it."""

    name: str  # as a person may read it
    bytes: int
    sha256: str
    came: Intake

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed."""
        return self.came.findings


@dataclass(frozen=True)
class New:
    """A text that could be laid on the table."""

    received: Received
    title: str  # suggested
    language: str  # suggested
    inspection: Inspection
    clauses: tuple[Shown, ...]
    unseen: tuple[Unseen, ...]
    refused: str  # why the rules would refuse it; empty where they would not

    @property
    def source(self) -> str:
        """The words, as they would be laid on the table."""
        return self.received.came.text

    @property
    def digest(self) -> str:
        """SHA-256 of the words in UTF-8, in hexadecimal digits: what was previewed."""
        return hashlib.sha256(self.source.encode()).hexdigest()


@dataclass(frozen=True)
class Told:
    """One proposal, for a person."""

    body: Proposed
    clause: NodeId
    name: str  # what the clause is called, or beside which one it would stand
    old: tuple[str, ...]  # words, one for each part
    new: tuple[str, ...]
    refused: str  # why the rules would refuse it; empty where they would not

    @property
    def kind(self) -> str:
        """The kind of its act."""
        return str(type(self.body).__struct_config__.tag)


@dataclass(frozen=True)
class Next:
    """A revision, told as proposals on the text that stands."""

    received: Received
    reading: str
    marked: bool  # whether the document itself says of which reading it was made
    proposals: tuple[Told, ...]
    unsaid: tuple[Unsaid, ...]
    counts: dict[str, int]  # paragraphs by what became of them
    unseen: tuple[Unseen, ...]
    of: tuple[bytes, int] = field(default=(b"", 0))  # the text, and the entry of the log

    @property
    def digest(self) -> str:
        """SHA-256 of the proposals as their acts would say them, in hexadecimal digits: what was previewed."""
        framed = canonical.encode([each.body for each in self.proposals])
        return hashlib.sha256(b"revision\0" + self.of[0] + framed).hexdigest()


# --- any file -------------------------------------------------------------------------------------


def receive(raw: bytes, name: str, side: Side = Side.ACCEPTED) -> Received:
    """The text of a file by that name; `Malformed` where it is none that a text can come in."""
    if not name or len(name) > _LONGEST_FILE_NAME:
        raise Malformed(f"A file has a name of at most {_LONGEST_FILE_NAME} characters.")
    bare = PurePosixPath(name.replace("\\", "/")).name
    suffix = PurePosixPath(bare).suffix.lower()
    if suffix not in SUFFIXES:
        raise Malformed(
            f"“{safety.visible(bare[:80])}” is no text that is read here: a text comes as Markdown (.md), "
            "plain text (.txt), a Word document (.docx) or Akoma Ntoso (.xml, .akn)."
        )
    if not raw:
        raise Malformed("The file is empty.")
    came = intake.taken(raw, suffix, side)
    if not came.text.strip():
        raise Malformed("There are no words in this document.")
    return Received(safety.visible(bare), len(raw), hashlib.sha256(raw).hexdigest(), came)


def _lighter(received: Received) -> Received:
    """Without the document's own paragraphs, of which nothing more is asked: previews are kept in memory."""
    return replace(received, came=replace(received.came, reading=None))


def unseen(text: str) -> tuple[Unseen, ...]:
    """What stands in a text and is not seen for what it is: refused, invisible, or of another script than its word."""
    found: dict[tuple[int, str], tuple[int, int]] = {}
    refused = [(at, ord(text[at]), "no text may contain it") for at in safety.refused_at(text)]
    flagged = [(each.offset, each.code_point, each.why) for each in (*safety.flags(text), *safety.look_alikes(text))]
    for at, code_point, why in (*refused, *flagged):
        count, first = found.get((code_point, why), (0, at))
        found[code_point, why] = (count + 1, min(first, at))
    return tuple(
        Unseen(code_point, why, count, text.count("\n", 0, first) + 1)
        for (code_point, why), (count, first) in sorted(found.items())
    )


def _verified(body: Body, author: PartyId, position: int, at: Instant) -> Verified:
    """An act as the rules would see it if it were next; its id is none that any act can have."""
    name = ActId(hashlib.sha256(b"a preview\0%d" % position).digest())
    place = Position(position)
    return Verified(name, _UNTRIED, author, _OFFICE, place, at, place, rules.PROCEDURE.name, body)


# --- a new text -----------------------------------------------------------------------------------


def read_new(raw: bytes, name: str, side: Side, facts: Facts, author: PartyId) -> New:
    """What would be laid on the table; `Malformed`, `Unavailable` where the file cannot be read."""
    received = receive(raw, name, side)
    came = received.came
    document = parse(came.text).document
    stem = PurePosixPath(received.name).stem
    title = came.title or guesses.title_of(document, stem, markdown=came.markdown)
    language = came.language or guesses.language_of(came.text)
    return New(
        _lighter(received),
        title,
        language,
        inspect.inspect(came.text.encode()),
        tuple(_clauses(document)),
        unseen(came.text),
        tried_import(import_of(came.text, title, language), facts, author),
    )


def import_of(source: str, title: str, language: str) -> Import:
    """The act that lays these words on the table."""
    return Import(title, language, VERSION, source)


def tried_import(body: Import, facts: Facts, author: PartyId) -> str:
    """Why the rules would refuse this; empty where they would not."""
    if len(canonical.encode(body)) + _ENVELOPE > lines.LARGEST:
        return "Written as an act this text is larger than an act may be; divide it."
    outcome = rules.admit(Table(), facts, _verified(body, author, 0, Instant(0)))
    return outcome.sentence if isinstance(outcome, Refused) else ""


def _clauses(document: tree.Document) -> Iterator[Shown]:
    for each in tree.clauses(document.passage):
        words = " ".join("".join(tree.written(each.passage)).split())
        yield Shown(
            each.kind.value, each.label, each.level, each.line, each.open,
            words if len(words) <= _SHOWN else words[:_SHOWN] + "…",
        )  # fmt: skip


# --- a revision -----------------------------------------------------------------------------------


def read_next(raw: bytes, name: str, side: Side, state: State, author: PartyId, *, of: str = "") -> Next:
    """What would be proposed to come from the text to its revision.

    `of` names the reading that went out; empty: the one that the document bears, otherwise the text as it stands.
    `Stale` where that reading has changed since; `Malformed`, `Unavailable` where the file cannot be read.
    """
    received = receive(raw, name, side)
    reading = received.came.reading
    mark = projections.marked(state, name, reading.furniture if reading is not None else ())
    chosen = of or (mark[0] if mark is not None else projections.NEGOTIATED)
    if chosen == projections.IMPORTED:
        raise Malformed("A revision is told against the text as it stands, or against a reading of it as it is now.")
    base = projections.project(state, chosen)
    if mark is not None and mark[0] == chosen and mark[1] != base.digest:
        raise Stale(
            f"This document was made of the reading “{safety.visible(chosen)}” as it is no longer: what was said since "
            "would be taken for struck out. Make the document anew and put the changes into it.",
            rule="documents.stale",
        )
    back = returned.regrouped(base.sheet, _read(_put_back(state, base, received)))
    found = revision.revised(state.text, base.sheet, back)
    words = _Words(base.sheet)
    proposals = [each for one in found.proposals if (each := _of_words(one, words)) is not None]
    if len(proposals) > MOST_PROPOSALS:
        raise Malformed(
            f"This differs from the text in more than {MOST_PROPOSALS:,} places: lay it on the table as another text."
        )
    return Next(
        _lighter(received),
        chosen,
        mark is not None and mark[0] == chosen,
        tuple(_told(state, words, proposals, author)),
        found.unsaid,
        found.comparison.counts(),
        unseen(received.came.text),
        (state.text.id, state.size),
    )


def _put_back(state: State, base: Projection, received: Received) -> str:
    """The text that came back, without what only its format had changed (returned.py)."""
    suffix = PurePosixPath(received.name).suffix.lower()
    matter, meta = Matter(base.document, base.sheet), Meta(state.text.title, state.text.language)
    if received.came.reading is not None:
        sent = intake.taken(docx_writer.write(matter, meta), ".docx").text
    elif suffix in {".xml", ".akn"}:
        written = akn_write.write(matter, meta, base.known)
        if intake.taken(written, suffix).text == received.came.text:
            return received.came.text
        sent = intake.taken(_TEXT_HASH.sub(b'textHash="%s"' % (b"0" * 64), written, count=1), suffix).text
    else:
        return received.came.text
    before, after = (returned.regrouped(base.sheet, _read(each)) for each in (sent, received.came.text))
    return returned.restored(base.sheet, before, after)


def _read(text: str) -> Sheet:
    return sheet.as_negotiated(parse(text).document)


def _of_words(body: Proposed, words: _Words) -> Proposed | None:
    """The proposal without hunks that change blanks alone; None where nothing is left of it."""
    if not isinstance(body, Edit):
        return body
    hunks = tuple(each for each in body.hunks if words.within(each).strip() or each.words.strip())
    return msgspec.structs.replace(body, hunks=hunks) if hunks else None


def _told(state: State, words: _Words, proposals: Iterable[Proposed], author: PartyId) -> Iterator[Told]:
    """The proposals in their order, each tried on what those before it would leave."""
    table = Table(Table().texts.set(state.text.id, state.text))
    called = naming.names(state.text)
    for number, body in enumerate(proposals):
        position = state.size + number
        outcome = rules.admit(table, state.facts, _verified(body, author, position, state.at))
        refused = outcome.sentence if isinstance(outcome, Refused) else ""
        table = table if isinstance(outcome, Refused) else outcome
        yield _one(state.text, body, words, called, refused)


def _one(text: Text, body: Proposed, words: _Words, called: Mapping[NodeId, str], refused: str) -> Told:
    match body:
        case Edit():
            old = tuple(words.within(hunk) for hunk in body.hunks)
            new = tuple(hunk.words for hunk in body.hunks)
            return Told(body, body.clause, _name(text, body.clause, called), old, new, refused)
        case Alternative():
            old = (words.of_clause(body.clause),)
            return Told(body, body.clause, _name(text, body.clause, called), old, (body.words,), refused)
        case AddClause():
            return Told(body, body.after, _beside(text, body, called), (), (body.words,), refused)
        case MoveClause():
            old = (words.of_clause(body.clause),)
            name = f"{_name(text, body.clause, called)}: {_beside(text, body, called)}"
            return Told(body, body.clause, name, old, (), refused)


def _name(text: Text, clause: NodeId, called: Mapping[NodeId, str]) -> str:
    """What a clause is called; one within a bracket by its label, or not at all."""
    if clause in called:
        return called[clause]
    held = text.clauses.get(clause)
    return held.clause.label if held is not None else ""


def _beside(text: Text, body: AddClause | MoveClause, called: Mapping[NodeId, str]) -> str:
    """Where a clause would stand."""
    if body.after:
        return f"after {_name(text, body.after, called) or 'the clause that is proposed before this'}"
    if body.parent:
        return f"first under {_name(text, body.parent, called) or 'the clause that is proposed before this'}"
    return "before everything"


class _Words:
    """The words of a reading, by their place in a container and by their clause."""

    def __init__(self, base: Sheet) -> None:
        self._clauses = {each.clause: each.written.strip() for each in base}
        self._pieces: dict[bytes, list[tuple[int, str]]] = {}
        for piece in (one for each in base for one in each.pieces):
            if piece.ink is Ink.WORDS:
                self._pieces.setdefault(piece.container, []).append((piece.lo, piece.text))
        for pieces in self._pieces.values():
            pieces.sort()

    def of_clause(self, clause: NodeId) -> str:
        """All that is written in a clause."""
        return self._clauses.get(clause, "")

    def within(self, hunk: Hunk) -> str:
        """What a hunk takes out."""
        pieces = self._pieces.get(hunk.container, [])
        first = max(bisect_right(pieces, hunk.lo, key=lambda each: each[0]) - 1, 0)
        found = []
        for lo, words in pieces[first:]:
            if lo >= hunk.hi:
                break
            found.append(words[max(hunk.lo - lo, 0) : max(hunk.hi - lo, 0)])
        return "".join(found)
