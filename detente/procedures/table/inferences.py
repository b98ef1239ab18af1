"""What the importer took for granted although nobody wrote it: a list that a chair can go through and confirm in bulk.

| kind      | what was taken                                                                   |
|-----------|----------------------------------------------------------------------------------|
| exclusive | brackets one behind the other are alternatives: one of them stands                |
| slash     | words on the sides of a stroke in a bracket are alternatives                      |
| ends      | a bracket that nothing closes ends there                                          |
| stray     | a closing bracket that closes nothing is a letter like others                     |
| sponsor   | parties at the head of a bracket without a verb are those who want its words      |
| repeats   | a line that stands at the edge of many pages is no part of the text               |
| page      | the lines between two pages are no part of the text                               |
| footnote  | this number calls that note                                                       |
| goes on   | a sentence that a note at a page's foot cut in two goes on behind it              |

Each has the line of the text, and the id of the slot where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from detente.procedures.table import tree
from detente.procedures.table.brackets import Lines
from detente.procedures.table.parse import Parsed
from detente.procedures.table.tree import Clause, ClauseKind, Form, NodeId, Slot

_SHOWN = 60  # characters of the words in question


@dataclass(frozen=True, slots=True)
class Inference:
    """One thing that was taken for granted.  `node` is empty where it is about no slot and no clause."""

    kind: str
    line: int
    node: NodeId
    sentence: str


def of(parsed: Parsed, text: str) -> tuple[Inference, ...]:
    """What was inferred about a text, in the order of its lines."""
    lines = Lines(text)
    found = [*_from_tree(parsed), *_from_brackets(parsed), *_from_pages(parsed, text, lines)]
    return tuple(sorted(found, key=lambda each: (each.line, each.kind, each.node)))


def counted(found: tuple[Inference, ...]) -> dict[str, int]:
    """How many of each kind."""
    kinds: dict[str, int] = {}
    for each in found:
        kinds[each.kind] = kinds.get(each.kind, 0) + 1
    return dict(sorted(kinds.items()))


def _from_tree(parsed: Parsed) -> Iterator[Inference]:
    before: Clause | None = None
    notes = {note.lo for note in parsed.layout.footnotes}
    for node in tree.walk(parsed.document.passage):
        if isinstance(node, Slot):
            yield from _slot(node)
        elif isinstance(node, Clause):
            foot = before is not None and before.kind is ClauseKind.NOTE and _start(before) in notes
            if foot and node.kind is ClauseKind.PARAGRAPH and not node.label:
                sentence = f"The sentence before the note goes on here: {_short(node.passage)}"
                yield Inference("goes on", node.line, node.id, sentence)
            before = node


def _start(clause: Clause) -> int:
    runs = (node.lo for node in tree.walk(clause.passage) if isinstance(node, tree.Run))
    return next(runs, -1)


def _slot(slot: Slot) -> Iterator[Inference]:
    if slot.form is Form.EXCLUSIVE:
        words = " | ".join(_short(variant.passage) for variant in slot.variants)
        yield Inference("exclusive", slot.line, slot.id, f"One of these stands: {words}")
    elif slot.form is Form.SLASH:
        words = " | ".join(_short(variant.passage) for variant in slot.variants if variant.written)
        yield Inference("slash", slot.line, slot.id, f"One of these stands, or none: {words}")
    for variant in slot.variants:
        for each in variant.attributions:
            if each.verb is None:
                who = ", ".join(each.parties)
                yield Inference("sponsor", each.line, slot.id, f"{who} wants these words: {_short(variant.passage)}")


def _short(inside: tree.Passage) -> str:
    """The first words of a passage; of a long one no more is read than is shown."""
    words = ""
    for piece in tree.written(inside):
        words = f"{words} {piece[: 4 * _SHOWN]}" if words and piece[:1].isspace() else words + piece[: 4 * _SHOWN]
        if len(words) > 4 * _SHOWN:
            break
    words = " ".join(words.split())
    return f"“{words[:_SHOWN]}{'…' if len(words) > _SHOWN else ''}”"


def _from_brackets(parsed: Parsed) -> Iterator[Inference]:
    kinds = {"unclosed": "ends", "stray": "stray"}
    for each in parsed.diagnostics:
        if each.kind in kinds:
            yield Inference(kinds[each.kind], each.line, b"", each.sentence)


def _from_pages(parsed: Parsed, text: str, lines: Lines) -> Iterator[Inference]:
    layout = parsed.layout
    for each in layout.repeated:
        sentence = f"“{each.words[:_SHOWN]}” stands at the edge of {each.pages} pages."
        yield Inference("repeats", each.line, b"", sentence)
    for lo, hi in layout.furniture:
        words = " ".join(text[lo:hi].split())
        yield Inference("page", lines.at(lo), b"", f"No part of the text: “{words[:_SHOWN]}”")
    for note in layout.footnotes:
        for anchor in note.anchors:
            sentence = f"The number here calls the footnote {note.label} of line {note.line}."
            yield Inference("footnote", lines.at(anchor), b"", sentence)
