"""The rules of the table: which act is admitted, and what it changes.

The checks, in order, each with the name that its refusal bears:

    table.role      members and the chair propose, say and accept; the rest is the chair's alone
    table.twice     an act has effect once
    table.import    a title, a language, the importer of this house, a text that can be read and overseen
    table.target    the text, the clause, the operation or the slot is known and still stands
    table.words     new words hold no brackets (a proposal is made as a proposal) and nothing unreadable
    table.place     a clause stands after one that is there, and not under itself
    table.hunks     a proposal changes something, in one passage, and its parts do not overlap
    table.own       one withdraws what is one's own, and live; leaves what one joined; takes back what one accepted;
                    speaks for one's own group
    table.audience  a note is for members of the line; a package is offered to them
    table.package   a package takes something
    table.groups    a group has a code, members and a speaker, all of them members of the line
    table.codes     a code that a text's heads may bear stands for one member
    table.languages a language is named once, as in “en”
    table.choice    one variant is taken, and it is one of the slot's; of a bag any
    table.basis     what the chair decides rests on what the act says
    table.reference words refer to clauses that are in the text
    table.stale     a deciding act names the content as it is at its place in the log: `Stale` otherwise

**One order, and where it does not matter.**  The fold runs in the order of the log, and an act with
an unknown target is refused.  Between two deciding acts the operations of the parties commute:
whether one is admitted depends on what the last deciding act left and on the operations that it
names, never on others that happen to stand there.  So an edit on words that their author withdrew
in the meantime is admitted, and is an orphan, whichever came first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from detente.acts.act import Body, Verified
from detente.acts.facts import Facts, Role, TextFacts
from detente.acts.matter import NOTHING, Matter
from detente.acts.procedure import Procedure
from detente.crypto.hashing import sha256
from detente.ground import identifiers
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import ActId
from detente.procedures.table import brackets, tree
from detente.procedures.table.acts import (
    BODIES,
    Accept,
    AddClause,
    Alternative,
    ChairText,
    Codes,
    Confirm,
    Correct,
    Edit,
    Grant,
    Import,
    Join,
    Leave,
    Level,
    Modalities,
    MoveClause,
    Note,
    Package,
    Position,
    Publish,
    Refer,
    Reopen,
    Report,
    Settle,
    TakePackages,
    Translate,
    Withdraw,
)
from detente.procedures.table.agreeing import accept, accepted_by, content, reopen
from detente.procedures.table.children import refer, report
from detente.procedures.table.confirming import confirm
from detente.procedures.table.deciding import correct, settle
from detente.procedures.table.languages import translate
from detente.procedures.table.model import Event, Lineage, Table, Text, held_of, index_of
from detente.procedures.table.naming import dangling, referring
from detente.procedures.table.outline import WHOLE, outline_of
from detente.procedures.table.packages import accept_jointly, package, take_packages, withdraw_package
from detente.procedures.table.parse import LARGEST_TEXT, VERSION, parse
from detente.procedures.table.placing import add_clause, move_clause
from detente.procedures.table.proposing import alternative, chair_text, edit, join, leave, withdraw
from detente.procedures.table.publishing import Fold, grant, in_time, withdraw_late
from detente.procedures.table.publishing import publish as publish_revision
from detente.procedures.table.saying import LANGUAGE, codes, modalities, note, position, withdraw_note
from detente.procedures.table.tree import NodeId
from detente.wire import text as safety

DEEPEST = 64  # brackets within brackets; the worst real text has 10
MOST_SLOTS = 20_000  # the longest real text has 1,700


def admit(state: Table, facts: Facts, act: Verified) -> Table | Refused:
    """The table after this act, or why it is refused."""
    body = act.body
    known = state.texts.get(ActId(getattr(body, "text", b"")))
    if (refused := _role(known, facts, act)) is not None:
        return refused
    if act.id in state.texts:
        return Refused("That text is on the table already.", rule="table.twice")
    if isinstance(body, Import):
        return _laid(state, _import(act, body))
    if known is None:
        return Refused("There is no such text on the table of this line.", rule="table.target")
    match body:
        case Refer():
            return _laid(state, refer(known, facts, act, body))
        case Report():
            return _laid(state, report(known, state.texts.get(ActId(body.child)), facts, act, body))
        case _:
            return _laid(state, _on_text(known, facts, act))


def _laid(state: Table, outcome: Text | tuple[Text, ...] | Refused) -> Table | Refused:
    """The table with these texts as they are now."""
    if isinstance(outcome, Refused):
        return outcome
    texts = outcome if isinstance(outcome, tuple) else (outcome,)
    fresh = tuple(each.id for each in texts if each.id not in state.texts)
    return Table(state.texts.update({each.id: each for each in texts}), state.laid + fresh)


def _role(text: Text | None, facts: Facts, act: Verified) -> Refused | None:
    role = facts.role(act.author)
    if role not in {Role.CHAIR, Role.MEMBER}:
        return Refused("Observers read the table; they do not act on it.", rule="table.role")
    lineage = text.lineage if text is not None else Lineage()
    presides = role is Role.CHAIR or act.author == lineage.facilitator
    if isinstance(act.body, _OF_THE_CHAIR) and not presides:
        return Refused("Only the chair does that.", rule="table.role")
    if isinstance(act.body, (Refer, Modalities, Codes)) and role is not Role.CHAIR:
        return Refused("Only the chair does that.", rule="table.role")
    if isinstance(act.body, _OF_A_COMMITTEE) and lineage.committee and act.author not in lineage.committee:
        return Refused("In a committee its members propose and accept.", rule="table.role")
    return None


def _accept(text: Text, facts: Facts, act: Verified, body: Accept) -> Text | Refused:
    """Of a scope, or of a package."""
    is_package = ActId(body.scope) in text.packages or ActId(body.scope) in text.operations
    return accept_jointly(text, facts, act, body) if is_package else accept(text, facts, act, body)


def _withdraw(text: Text, facts: Facts, act: Verified, body: Withdraw) -> Text | Refused:
    """A proposal, a note or a package."""
    name = ActId(body.operation)
    if name in text.late:
        return withdraw_late(text, act, name)
    if name in text.packages:
        return withdraw_package(text, act, name)
    if name in text.notes:
        return withdraw_note(text, act, name)
    return withdraw(text, facts, act, body)


_OF_THE_CHAIR = (ChairText, Settle, TakePackages, Correct, Confirm, Publish, Grant)
_OF_A_COMMITTEE = (Edit, Alternative, AddClause, MoveClause, Package, Join, Accept, Reopen)

_PROPOSING: Mapping[type[Body], Fold] = {
    Edit: edit,
    Alternative: alternative,
    AddClause: add_clause,
    MoveClause: move_clause,
}
_FOLDS: Mapping[type[Body], Fold] = {
    **{kind: in_time(fold) for kind, fold in _PROPOSING.items()},
    Withdraw: _withdraw,
    Join: join,
    Leave: leave,
    Position: position,
    Note: note,
    Translate: translate,
    Accept: _accept,
    Reopen: reopen,
    ChairText: chair_text,
    Package: package,
    TakePackages: take_packages,
    Settle: settle,
    Correct: correct,
    Confirm: confirm,
    Publish: publish_revision,
    Grant: grant(_PROPOSING),
    Modalities: modalities,
    Codes: codes,
}


def _on_text(text: Text, facts: Facts, act: Verified) -> Text | Refused:
    fold = _FOLDS.get(type(act.body)) if act.body is not None else None
    if fold is None:
        return Refused("The table does not know such an act.", rule="table.target")
    if act.id in text.operations:
        return Refused("That proposal is on the table already.", rule="table.twice")
    return fold(text, facts, act, act.body)


# --- import -------------------------------------------------------------------------------------


def _overseen(source: str) -> Refused | None:
    """Whether the brackets are few enough to be parsed in an act; told before any tree is built."""
    found = brackets.match(source)
    if found.depth > DEEPEST:
        return Refused(
            f"The brackets of the text are nested {found.depth:,} deep; the most is {DEEPEST}.", rule="table.import"
        )
    if found.opening > 2 * MOST_SLOTS:
        return Refused(f"The text has more than {2 * MOST_SLOTS:,} brackets; divide it.", rule="table.import")
    return None


def _import(act: Verified, body: Import) -> Text | Refused:
    try:
        safety.check_name(body.title, safety.LONGEST_TITLE, "A title")
        safety.check_text(body.source)
        if not LANGUAGE.fullmatch(body.language):
            return Refused("A language is named as in “en” or “pt-BR”.", rule="table.import")
        if body.importer != VERSION:
            return Refused(f"This house reads texts by {VERSION} only.", rule="table.import")
        if not body.source.strip() or len(body.source.encode()) > LARGEST_TEXT:
            return Refused(f"A text has between 1 and {LARGEST_TEXT:,} bytes.", rule="table.import")
        if (refused := _overseen(body.source)) is not None:
            return refused
        parsed = parse(body.source)
    except Malformed as error:
        return Refused(error.sentence, rule="table.import")
    if parsed.document.passage.open > MOST_SLOTS:
        return Refused(f"The text has more than {MOST_SLOTS:,} places to decide; divide it.", rule="table.import")
    document = parsed.document
    return Text(
        act.id,
        body.title,
        body.language,
        act.author,
        index_of(document),
        held_of(document),
        outline_of(each for each in document.passage.items if isinstance(each, tree.Clause)),
    )


# --- what the others may know -------------------------------------------------------------------


def clean_text(text: Text) -> str | None:
    """The words, once nothing is open and they refer to nothing that is not there; None before."""
    if not text.clean:
        return None
    words = tree.render(text.document)
    return None if dangling(text, words) else referring(text, words)


# what changes no content of a text
SAYINGS = frozenset(
    {"accept", "reopen", "position", "note", "join", "leave", "modalities", "codes", "package", "publish", "late"}
)


class Changes(Mapping[bytes, identifiers.Position]):
    """Scope -> the place in the log of the last act that changed its content, looked up in the history.

    An act that was undone by another has changed it all the same: whoever saw it had reason to think so.
    """

    def __init__(self, text: Text) -> None:
        self._text = text

    def __getitem__(self, scope: bytes) -> identifiers.Position:
        for event in reversed(self._text.history):
            if self._changes(event) and self._holds(scope, event.clause):
                return event.at
        raise KeyError(scope)

    def _changes(self, event: Event) -> bool:
        of_a_note = event.kind == "withdraw" and self._text.notes.get(ActId(event.subject)) is not None
        return event.kind not in SAYINGS and not of_a_note

    def _holds(self, scope: bytes, clause: NodeId) -> bool:
        """Whether a clause is the scope, or lies in it; an act on the whole touches every scope."""
        if WHOLE in {scope, clause}:
            return True
        at: NodeId | None = clause
        while at is not None and at != scope:
            at = self._text.index.parents.get(at)
        return at == scope

    def __iter__(self) -> Iterator[bytes]:
        return iter(dict.fromkeys(event.clause for event in self._text.history if self._changes(event)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Published(Mapping[ActId, TextFacts]):
    """The facts about each text, made when somebody asks: most acts are on the table, and few ask about it."""

    def __init__(self, texts: Mapping[ActId, Text]) -> None:
        self._texts = texts
        self._made: dict[ActId, TextFacts] = {}

    def __getitem__(self, name: ActId) -> TextFacts:
        made = self._made.get(name)
        if made is None:
            text = self._texts[name]
            made = self._made[name] = TextFacts(
                text.title,
                text.language,
                content(text, WHOLE) or b"",
                text.document.passage.open,
                clean_text(text),
                accepted_by(text),
                Changes(text),
            )
        return made

    def __iter__(self) -> Iterator[ActId]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def publish(state: Table, facts: Facts) -> Facts:
    """The facts about each text: its content hash, how much is open, its clean words, who accepted."""
    return replace(facts, texts=Published(state.texts))


def digest(state: Table) -> bytes:
    """32 bytes that are equal where the tables are."""
    return sha256(b"detente/table/v2\0", *(state.texts[name].digest() for name in sorted(state.texts)))


def matter(body: Body) -> Matter:
    """The languages in which something is laid or made authentic, and the basis of a decision."""
    match body:
        case Import():
            return Matter(languages=(body.language,))
        case Translate():
            return Matter(languages=(body.language,), authentic=body.level is Level.AUTHENTIC)
        case Modalities():
            return Matter(languages=body.authentic, authentic=True)
        case Settle() | TakePackages():
            return Matter(basis=body.basis.value)
        case _:
            return NOTHING


PROCEDURE = Procedure(
    name="table", version=2, bodies=BODIES, initial=Table, admit=admit, publish=publish, digest=digest, matter=matter
)
