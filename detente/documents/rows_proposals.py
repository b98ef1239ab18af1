"""Who wants what, as rows: every variant of every place to decide, and what each party says of it.

CSV has one row for each variant and each party that says something of it (one without a party where nobody does);
JSON has the same as a tree, with clauses and statuses.  docs/specs/rows.md describes every column and key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from detente.documents import rows_csv
from detente.documents.matter import Matter, Meta
from detente.documents.page_content import Content, laid_out
from detente.documents.rows_csv import Cell
from detente.procedures.table import standpoints, tree
from detente.procedures.table.known import Known
from detente.procedures.table.tree import Clause, ClauseKind, NodeId, Slot, Variant

VERSION: Final = "detente-rows/1"
COLUMNS: Final = (
    "article", "clause", "line", "slot", "form", "inferred", "depth", "variant", "party", "name", "stance",
    "ad referendum", "note", "words",
)  # fmt: skip
NO_VERB: Final = "no verb"  # the head of a bracket names a party and does not say what it does


@dataclass(frozen=True)
class Voice:
    """What one party says of one variant."""

    party: str
    stance: str
    ad_referendum: bool = False
    note: str = ""


@dataclass(frozen=True)
class Place:
    """A place to decide, and where it stands."""

    slot: Slot
    article: str
    clause: Clause | None
    depth: int  # 1 where no other slot holds it


def as_csv(matter: Matter, meta: Meta, known: Known | None = None) -> bytes:
    """A row for each variant and each party that says something of it."""
    content = laid_out(matter, meta, known)
    return rows_csv.table(COLUMNS, _rows(content))


def as_json(matter: Matter, meta: Meta, known: Known | None = None) -> bytes:
    """The same as one JSON object on one line."""
    content = laid_out(matter, meta, known)
    return json.dumps(_tree(content), ensure_ascii=False).encode() + b"\n"


def places(document: tree.Document) -> Iterator[Place]:
    """Every place to decide, an outer one before what it holds, with its clause and the heading above."""
    waiting: list[tuple[Any, Clause | None, int]] = [(document.passage, None, 0)]
    article = ""
    while waiting:
        node, clause, depth = waiting.pop()
        match node:
            case Clause():
                if node.kind is ClauseKind.HEADING:
                    article = node.label or _line("".join(tree.written(node.passage))).lstrip("# ")
                waiting.append((tree.clause_inside(node), node, depth))
            case tree.Passage():
                waiting.extend((item, clause, depth) for item in reversed(node.woven))
            case Slot():
                yield Place(node, article, clause, depth + 1)
                waiting.extend((each, clause, depth + 1) for each in reversed(node.variants))
            case Variant():
                waiting.extend((each, clause, depth) for each in reversed(node.places))
            case _:
                pass


def voices(variant: Variant, known: Known) -> list[Voice]:
    """What the text itself says of a variant, and what parties said of it on the table."""
    said = [Voice(code, each.verb or NO_VERB) for each in variant.attributions for code in each.parties]
    said += [Voice(known.names.get(party, party), "propose") for party in variant.sponsors]
    said += [
        Voice(each.party, each.stance, each.ad_referendum, each.note)
        for each in known.said
        if each.target == variant.id
    ]
    return said


def _rows(content: Content) -> Iterator[list[Cell]]:
    known = content.known
    for number, place in enumerate(places(content.matter.document), 1):
        slot, clause = place.slot, place.clause
        label = clause.label if clause else ""
        line = slot.line or (clause.line if clause else 0)
        for index, variant in enumerate(slot.variants, 1):
            words = _line("".join(piece for each in variant.places for piece in tree.written(each)))
            said = voices(variant, known) or ([Voice("", "")] if variant.written else [])
            for voice in said:
                yield [
                    place.article, label, line, number, slot.form.value, "yes" if slot.inferred else "no", place.depth,
                    index, voice.party, known.parties.get(voice.party, voice.party), voice.stance,
                    ("yes" if voice.ad_referendum else "no") if voice.party else "", voice.note, words,
                ]  # fmt: skip

    for clause in tree.clauses(content.matter.document.passage):
        for voice in _said(clause.id, known):
            yield ["", clause.label, clause.line, "", "clause", "no", 0, "", voice.party,
                   known.parties.get(voice.party, voice.party), voice.stance,
                   "yes" if voice.ad_referendum else "no", voice.note, ""]  # fmt: skip


def _tree(content: Content) -> dict[str, Any]:
    known, document = content.known, content.matter.document
    return {
        "format": VERSION,
        "title": content.meta.title,
        "language": content.meta.language,
        "content_hash": document.digest.hex(),
        **({"marks": list(content.meta.marks)} if content.meta.marks else {}),
        "parties": [{"code": code, "name": name} for code, name in sorted(known.parties.items())],
        "clauses": [_clause(each, known) for each in tree.clauses(document.passage)],
        "slots": [_slot(each, known) for each in places(document)],
        "remarks": [
            {"clause": each.clause.hex(), "author": each.author, "text": each.text} for each in content.matter.remarks
        ],
    }


def _clause(clause: Clause, known: Known) -> dict[str, Any]:
    return {
        "id": clause.id.hex(),
        "kind": clause.kind.value,
        "label": clause.label,
        "level": clause.level,
        "line": clause.line,
        "open": clause.open,
        "status": known.statuses.get(clause.id, ""),
        "positions": [_position(each) for each in _said(clause.id, known)],
    }


def _slot(place: Place, known: Known) -> dict[str, Any]:
    slot = place.slot
    return {
        "id": slot.id.hex(),
        "clause": place.clause.id.hex() if place.clause else "",
        "article": place.article,
        "line": slot.line,
        "form": slot.form.value,
        "inferred": slot.inferred,
        "placeholder": slot.placeholder,
        "depth": place.depth,
        "blocking": list(standpoints.blocking(slot, known.names)),
        "variants": [
            {
                "id": each.id.hex(),
                "written": each.written,
                "words": ["".join(tree.written(passage)) for passage in each.places],
                "voices": [_position(voice) for voice in voices(each, known)],
            }
            for each in slot.variants
        ],
    }


def _said(target: NodeId, known: Known) -> list[Voice]:
    return [
        Voice(each.party, each.stance, each.ad_referendum, each.note) for each in known.said if each.target == target
    ]


def _position(voice: Voice) -> dict[str, Any]:
    return {"party": voice.party, "stance": voice.stance, "ad_referendum": voice.ad_referendum, "note": voice.note}


def _line(words: str) -> str:
    return " ".join(words.split())
