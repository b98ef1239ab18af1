"""Whether the versions of a text in several languages have the same structure.

Nothing is said about what the words mean.  Two versions are in step where their clauses, one after the other, have
the same kind, the same depth and the same number; the word before a number ("Article", "Статья") is the language's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from detente.procedures.table import tree
from detente.procedures.table.tree import Clause, ClauseKind, Document

_LATIN = re.compile(r"[ ](bis|ter|quater|quinquies)\b")


@dataclass(frozen=True)
class Difference:
    """Where one version goes another way than the version it is compared with; lines count from 1, 0: none there."""

    language: str
    line: int
    reference_line: int
    sentence: str


def compare(versions: Mapping[str, Document]) -> tuple[Difference, ...]:
    """How every version departs from the first, in the order of its lines."""
    names = list(versions)
    if len(names) < 2:
        return ()
    reference = _outline(versions[names[0]])
    found: list[Difference] = []
    for name in names[1:]:
        found.extend(_between(name, names[0], reference, _outline(versions[name])))
    return tuple(found)


_Entry = tuple[tuple[str, int, str], Clause]


def _outline(document: Document) -> list[_Entry]:
    """Every clause that has a number or is a heading, with what has to be equal in all languages."""
    found = []
    for clause in tree.clauses(document.passage):
        if clause.kind is ClauseKind.FRONT:
            continue
        found.append(((clause.kind.value, clause.level, number(clause.label)), clause))
    return found


def number(label: str) -> str:
    """The number of a label, without the word before it: "10" of "Article 10", "3bis" of "3 bis", "a" of "(a)"."""
    words = re.sub(_LATIN, r"\1", label.strip("().")).split()
    if len(words) > 1:
        return words[-1].strip("().").lower()
    return re.sub(r"[第条]", "", words[0]).lower() if words else ""


def _between(name: str, first: str, reference: list[_Entry], other: list[_Entry]) -> list[Difference]:
    found = []
    for op in Indel.opcodes([key for key, _ in reference], [key for key, _ in other]):
        if op.tag == "delete":
            for _, clause in reference[op.src_start : op.src_end]:
                line = other[op.dest_start - 1][1].line if op.dest_start else 0
                sentence = f"{_named(clause)} of {first} has nothing that answers it in {name}."
                found.append(Difference(name, line, clause.line, sentence))
        elif op.tag == "insert":
            for _, clause in other[op.dest_start : op.dest_end]:
                line = reference[op.src_start - 1][1].line if op.src_start else 0
                sentence = f"{_named(clause)} of {name} has nothing that answers it in {first}."
                found.append(Difference(name, clause.line, line, sentence))
    return found


def _named(clause: Clause) -> str:
    return f"The {clause.kind.value} {clause.label}" if clause.label else f"A {clause.kind.value} without a number"
