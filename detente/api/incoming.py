"""Documents that come in: a new text, or the next revision of one; shown first, and said only when that is confirmed.

A file is handed in as its bytes, with its name (`name`) in the query; of a Word document with tracked changes `side`
says which of its two texts is meant (`accepted`, `rejected`).  The answer is a preview with a hash, under which it is
confirmed by the same session.  A revision becomes acts one by one: one that is refused holds up no other, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from detente.acts.act import Body
from detente.api.calls import Answer, Call
from detente.api.documents import state_of
from detente.api.problems import unknown
from detente.api.requests import Chosen, Entitled
from detente.api.workshop import Preview
from detente.documents import incoming
from detente.documents.docx_reading import Side
from detente.documents.incoming import New, Next, Received, Told, Unseen
from detente.documents.projections import State
from detente.documents.wording import reading
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import ActId
from detente.procedures.table import inspect
from detente.transport import clock

MOST_AT_ONCE: Final = 500  # proposals that are submitted in one call
MOST_LISTED: Final = 1_000  # of a kind of findings in an answer; the counts say how many there are
_PLACED_BY: Final = 10.0  # seconds in which an act usually has its place
_FIRST: Final = frozenset(
    {"table.place", "table.target"}
)  # what is refused so may build on an act that has no place yet
_LISTS: Final = ("attributions", "diagnostics", "inferences", "positions", "footnotes")


# --- a new text -----------------------------------------------------------------------------------


async def preview(call: Call) -> Answer:
    """What a document would lay on the table.  Nothing is said."""
    name, side, raw = call.query.get("name", ""), _side(call), call.body
    facts = (await call.entrance.state(call.line)).facts
    own = await call.do(lambda house: house.party)
    shown = await call.entrance.workshop.do(lambda: incoming.read_new(raw, name, side, facts, own))
    _keep(call, shown.digest, shown)
    return Answer(_new(shown))


async def show(call: Call) -> Answer:
    """The preview once more."""
    return Answer(_new(_kept(call, New).shown))


async def lay(call: Call) -> Answer:
    """Lay on the table what was previewed, under a title and a language."""
    asked = call.read(Entitled)
    kept = _kept(call, New)
    body = incoming.import_of(kept.shown.source, asked.title, asked.language)
    wish = f"{call.office}:preview:{kept.name}:{asked.title}:{asked.language}"
    return Answer({"act": (await _said(call, body, wish)).hex()})


# --- the next revision ----------------------------------------------------------------------------


async def preview_revision(call: Call) -> Answer:
    """What a document would propose to the text that stands.  Nothing is said."""
    name, side, raw, of = call.query.get("name", ""), _side(call), call.body, call.query.get("of", "")
    state = await state_of(call)
    own = await call.do(lambda house: house.party)
    shown = await call.entrance.workshop.do(lambda: incoming.read_next(raw, name, side, state, own, of=of))
    _keep(call, shown.digest, shown)
    return Answer(_next(shown, state))


async def show_revision(call: Call) -> Answer:
    """The preview once more."""
    kept = _kept_revision(call)
    return Answer(_next(kept.shown, await state_of(call)))


async def propose(call: Call) -> Answer:
    """Submit the chosen proposals of a revision, in its order; what is refused is named with its reason."""
    asked = call.read(Chosen)
    kept = _kept_revision(call)
    proposals = kept.shown.proposals
    chosen = sorted(set(asked.chosen))
    if not chosen or len(chosen) > MOST_AT_ONCE:
        raise Refused(f"Between 1 and {MOST_AT_ONCE} proposals are submitted at once.", rule="documents.chosen")
    if chosen[0] < 0 or chosen[-1] >= len(proposals):
        raise Refused("There is no proposal of that number in this revision.", rule="documents.chosen")
    submitted: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for number in chosen:
        try:
            act = await _said(call, proposals[number].body, f"{call.office}:preview:{kept.name}:{number}")
            submitted.append({"number": number, "act": act.hex()})
        except (Refused, Malformed) as error:
            rule = error.rule if isinstance(error, Refused) else ""
            refused.append({"number": number, "sentence": error.sentence, "rule": rule})
    return Answer({"submitted": submitted, "refused": refused})


async def _said(call: Call, body: Body, wish: str) -> ActId:
    line, office, now = call.line, call.office, clock.now()
    act = await call.do(lambda house: house.submit(line, office, body, now, wish))
    call.entrance.changed(line)
    return act


# --- what is kept ---------------------------------------------------------------------------------


def _side(call: Call) -> Side:
    name = call.query.get("side", Side.ACCEPTED.value)
    if name not in {side.value for side in Side}:
        raise Malformed("Tracked changes are read as accepted, or as rejected.")
    return Side(name)


def _session(call: Call) -> bytes:
    if call.session is None:
        raise unknown()
    return call.session.name


def _keep(call: Call, digest: str, shown: New | Next) -> None:
    call.entrance.previews.keep(_session(call), digest, call.line, shown, clock.running())


def _kept(call: Call, kind: type[New]) -> Preview[New]:
    digest = call.hash("digest").hex()
    return call.entrance.previews.get(_session(call), digest, call.line, kind, clock.running())


def _kept_revision(call: Call) -> Preview[Next]:
    digest = call.hash("digest").hex()
    kept = call.entrance.previews.get(_session(call), digest, call.line, Next, clock.running())
    if kept.shown.of[0] != call.hash("text"):
        raise unknown()
    return kept


# --- what is answered -----------------------------------------------------------------------------


def _new(shown: New) -> dict[str, Any]:
    figures = inspect.as_json(shown.inspection)
    lists = {name: figures.pop(name) for name in _LISTS}
    return {
        "preview": shown.digest,
        **_file(shown.received),
        "title": shown.title,
        "language": shown.language,
        "refused": shown.refused,
        "figures": figures,
        "counts": {"clauses": len(shown.clauses), **{name: len(each) for name, each in lists.items()}},
        "clauses": [asdict(each) for each in shown.clauses[:MOST_LISTED]],
        **{name: each[:MOST_LISTED] for name, each in lists.items()},
        "unseen": _unseen(shown.unseen),
    }


def _next(shown: Next, state: State) -> dict[str, Any]:
    return {
        "preview": shown.digest,
        **_file(shown.received),
        "reading": shown.reading,
        "reading_words": reading(state.text.language, shown.reading),
        "marked": shown.marked,
        "size": shown.of[1],
        "changed_since": state.size != shown.of[1],
        "paragraphs": shown.counts,
        "proposals": [_told(number, each) for number, each in enumerate(shown.proposals)],
        "unsaid": [
            {"clause": each.clause.hex(), "label": each.label, "sentence": each.sentence} for each in shown.unsaid
        ],
        "unseen": _unseen(shown.unseen),
    }


def _file(received: Received) -> dict[str, Any]:
    return {
        "name": received.name,
        "bytes": received.bytes,
        "sha256": received.sha256,
        "findings": [{"kind": each.kind, "sentence": each.sentence} for each in received.findings],
    }


def _told(number: int, each: Told) -> dict[str, Any]:
    return {
        "number": number,
        "kind": each.kind,
        "clause": each.clause.hex(),
        "name": each.name,
        "old": list(each.old),
        "new": list(each.new),
        "refused": each.refused,
    }


def _unseen(found: Iterable[Unseen]) -> list[dict[str, Any]]:
    return [asdict(each) for each in found]
