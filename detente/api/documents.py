"""Documents of a text: what it is as Word, Akoma Ntoso, page, PDF or rows, how two readings differ, and in columns.

    {form}   docx akn html pdf csv json                          one reading (`of`, by default `negotiated`)
             redline.docx redline.html redline.pdf               two (`from`, by default `imported`; `to`, `negotiated`)
             columns.html columns.csv columns.json columns.pdf   each party's (`parties`: codes with commas)

Which readings there are is said by the list.  Documents are made of an immutable state beside the writer's thread
(workshop.py); what each bears is said in `detente.documents.projections`.
"""

from __future__ import annotations

import msgspec

from detente.acts import act as lines
from detente.api.calls import Answer, Call
from detente.api.entrance import part
from detente.api.problems import unknown
from detente.chancery.house import Chancery
from detente.documents import formats, projections
from detente.documents.projections import File, State
from detente.documents.wording import reading
from detente.ground.errors import Malformed
from detente.ground.identifiers import ActId
from detente.procedures.table.model import Text


async def list_forms(call: Call) -> Answer:
    """What can be had of a text: forms, and readings with the words for them."""
    state = await state_of(call)
    return Answer(await call.entrance.workshop.do(lambda: _listed(state)))


async def get(call: Call) -> Answer:
    """One document, as a file."""
    state = await state_of(call)
    form, query = call.path["form"], dict(call.query)
    made = await call.entrance.workshop.do(lambda: _made(state, form, query))
    return Answer(file=made.raw, name=made.name, media=made.media)


async def state_of(call: Call) -> State:
    """The text in the path as it stands, with the words that were laid down where this house has them."""
    line, text = call.line, ActId(call.hash("text"))

    def look(house: Chancery) -> tuple[State, bytes]:
        about = house.line(line)
        table = part(about.state, "table")
        found: Text | None = table.texts.get(text) if table else None
        if found is None:
            raise unknown()
        position = about.known.get(text)
        row = next(iter(house.store.entries(line, position)), None) if position is not None else None
        return State(found, about.state.facts, about.size, about.last_time), row.packed if row else b""

    state, packed = await call.do(look)
    source = await call.entrance.workshop.do(lambda: _source(packed))
    return State(state.text, state.facts, state.size, state.at, source)


class _Source(msgspec.Struct):
    """What of an act is looked for: of an import its words; a committee's text has none."""

    source: str | None = None


def _source(packed: bytes) -> str | None:
    if not packed:
        return None
    return msgspec.json.decode(lines.decode(lines.unpack(packed)[0]).body, type=_Source).source


def _listed(state: State) -> dict[str, object]:
    language = state.text.language
    shapes = [
        *((name, each.what, "one") for name, each in formats.FORMATS.items()),
        *((f"redline.{name}", "what changed from one reading to another", "two") for name in projections.REDLINES),
        *(
            (f"columns.{name}", "what each party would have, clause by clause", "parties")
            for name in projections.COLUMNS
        ),
    ]
    return {
        "label": state.label,
        "size": state.size,
        "content_hash": state.content,
        "forms": [{"form": form, "what": what, "readings": readings} for form, what, readings in shapes],
        "readings": [{"reading": name, "words": reading(language, name)} for name in state.readings],
        "parties": [{"code": code, "name": state.known.parties.get(code, code)} for code in state.codes],
    }


def _made(state: State, form: str, query: dict[str, str]) -> File:
    kind, _, shape = form.partition(".")
    if kind == "redline":
        one, two = query.get("from", projections.IMPORTED), query.get("to", projections.NEGOTIATED)
        return projections.redline(state, shape, one, two)
    if kind == "columns":
        parties = [code for code in query.get("parties", "").replace(" ", "").split(",") if code]
        return projections.in_columns(state, shape, parties)
    if form not in formats.FORMATS:
        raise Malformed(f"There is no such form; there are {', '.join(formats.FORMATS)}, redline and columns.")
    return projections.write(state, form, query.get("of", projections.NEGOTIATED))
