"""A text of the table put down as bytes, and taken up again as it was: no act is folded a second time.

    "detente-table/1" NUL | SHA-256 of what follows | MessagePack

What is put down is the state itself (model.py), and of what is made of it only the hash of each clause, where
it is known: what people see is woven again when somebody looks, clause by clause.  So a change to how
proposals are woven is another version of this format.  Clauses, operations and the history lie in it
entry by entry, and each is read when somebody asks for it.

It is for a house's own shelf, not for anybody else: who takes it up believes whoever put it down, so the
store keeps it as safe as the acts of which it was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from immutables import Map

from detente.ground.errors import Malformed
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.table.maps import Layers, Log
from detente.procedures.table.model import (
    Acceptance,
    Conduct,
    Event,
    Ground,
    Held,
    Index,
    Late,
    Lineage,
    Lodged,
    Noted,
    Operation,
    Packed,
    Rendering,
    Reopening,
    Revision,
    Said,
    Settlement,
    Text,
)
from detente.procedures.table.outline import Outline, Site
from detente.procedures.table.tree import Clause, NodeId, Proposal
from detente.procedures.table.weave import Addition, Move

V = TypeVar("V")

_MAGIC = b"detente-table/1\0"
_START = len(_MAGIC) + hashlib.sha256().digest_size
_DAMAGED = "The saved table is damaged, or was saved by another version of this program."


class _Clause(msgspec.Struct, frozen=True, gc=False, array_like=True):
    ground: Clause
    proposals: dict[NodeId, tuple[Proposal, ...]]
    alternatives: dict[NodeId, tuple[Proposal, ...]]
    moves: tuple[Move, ...]
    digest: bytes = b""


class _Text(msgspec.Struct, frozen=True, array_like=True):
    """The fields of `model.Text` in plain values; what is many lies there unread."""

    id: ActId
    title: str
    language: str
    author: PartyId
    index: Index
    clauses: dict[NodeId, msgspec.Raw]
    outline: tuple[dict[bytes, Site], dict[NodeId, bytes], dict[NodeId, tuple[bytes, ...]]]
    additions: dict[NodeId, Addition]
    moved: dict[NodeId, NodeId]
    proposals: dict[NodeId, msgspec.Raw]
    operations: dict[ActId, msgspec.Raw]
    settled: dict[NodeId, msgspec.Raw]
    positions: dict[bytes, msgspec.Raw]
    accepted: dict[NodeId, dict[PartyId, Acceptance]]
    agreed: dict[NodeId, bytes]
    inventories: dict[bytes, dict[NodeId, bytes]]
    reopened: dict[NodeId, dict[PartyId, Reopening]]
    notes: dict[ActId, msgspec.Raw]
    packages: dict[ActId, Packed]
    conduct: Conduct
    history: list[msgspec.Raw]
    frozen: dict[NodeId, str]
    revisions: tuple[Revision, ...]
    closed: frozenset[NodeId]
    late: dict[ActId, Late]
    divided: dict[NodeId, NodeId]
    more: int
    versions: dict[str, dict[bytes, dict[PartyId, Rendering]]]
    lineage: Lineage
    children: tuple[ActId, ...]
    imposed: dict[NodeId, bytes]
    corrected: int
    ledger: bytes


_encode = msgspec.msgpack.Encoder().encode
_whole = msgspec.msgpack.Decoder(_Text)


def put_down(text: Text) -> bytes:
    """The bytes of a text."""
    fields = {name: _plain(getattr(text, name)) for name in _Text.__struct_fields__}
    payload = _encode([*(fields | {"ledger": text.ledger.to_bytes(32, "big")}).values()])
    return _MAGIC + hashlib.sha256(payload).digest() + payload


def _plain(value: Any) -> Any:
    match value:
        case Layers() | Map():
            return {key: _plain(each) for key, each in value.items()}
        case Log():
            return list(value)
        case Held():
            lying = dict(value.proposals), dict(value.alternatives)
            return _Clause(value.ground.clause, *lying, value.moves, value.known_digest)
        case Outline():
            return dict(value.sites), dict(value.current), dict(value.below)
        case _:
            return value


def take_up(raw: bytes) -> Text:
    """The text that was put down, or `Malformed`."""
    payload = memoryview(raw)[_START:]
    if raw[: len(_MAGIC)] != _MAGIC or hashlib.sha256(payload).digest() != raw[len(_MAGIC) : _START]:
        raise Malformed(_DAMAGED)
    try:
        kept = _whole.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise Malformed(_DAMAGED) from None
    return Text(
        id=kept.id,
        title=kept.title,
        language=kept.language,
        author=kept.author,
        index=kept.index,
        clauses=Layers({**kept.clauses}, _held),
        outline=Outline(Map(kept.outline[0]), Map(kept.outline[1]), Map(kept.outline[2])),
        additions=Map(kept.additions),
        moved=Map(kept.moved),
        proposals=Layers({**kept.proposals}, _reader(Lodged)),
        operations=Layers({**kept.operations}, _reader(Operation)),
        settled=Layers({**kept.settled}, _reader(Settlement)),
        positions=Layers({**kept.positions}, _said),
        accepted=Map({scope: Map(said) for scope, said in kept.accepted.items()}),
        agreed=Map(kept.agreed),
        inventories=Map({seen: Map(inside) for seen, inside in kept.inventories.items()}),
        reopened=Map({scope: Map(said) for scope, said in kept.reopened.items()}),
        notes=Layers({**kept.notes}, _reader(Noted)),
        packages=Map(kept.packages),
        conduct=kept.conduct,
        history=Log([*kept.history], _reader(Event)),
        frozen=Map(kept.frozen),
        revisions=kept.revisions,
        closed=kept.closed,
        late=Map(kept.late),
        divided=Map(kept.divided),
        more=kept.more,
        versions=Map(
            {language: Map({of: Map(by) for of, by in made.items()}) for language, made in kept.versions.items()}
        ),
        lineage=kept.lineage,
        children=kept.children,
        imposed=Map(kept.imposed),
        corrected=kept.corrected,
        ledger=int.from_bytes(kept.ledger, "big"),
    )


def _reader(kind: type[V]) -> Callable[[msgspec.Raw], V]:
    return msgspec.msgpack.Decoder(kind).decode


_clause = msgspec.msgpack.Decoder(_Clause)
_everybody = msgspec.msgpack.Decoder(dict[PartyId, Said])


def _held(raw: msgspec.Raw) -> Held:
    kept = _clause.decode(raw)
    held = Held(Ground(kept.ground), Map(kept.proposals), Map(kept.alternatives), kept.moves)
    return held.with_digest(kept.digest) if kept.digest else held


def _said(raw: msgspec.Raw) -> Map[PartyId, Said]:
    return Map(_everybody.decode(raw))
