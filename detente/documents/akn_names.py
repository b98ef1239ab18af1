"""The words of Akoma Ntoso 3.0 (OASIS Standard, 29 August 2018) that Detente writes and reads, and its own beside them.

docs/specs/akoma-ntoso.md is the same as a page.  `OWN` is the namespace of what the standard has no word for: the
content hash, positions, the status of negotiation (the standard's `status` is editorial), how a slot is written.
"""

from __future__ import annotations

from typing import Any, Final

from detente.procedures.table.tree import ClauseKind

AKN: Final = "http://docs.oasis-open.org/legaldocml/ns/akn/3.0"
DRAFTS: Final = AKN + "/"  # working drafts append their number: .../3.0/WD17, .../3.0/CSD02
OWN: Final = "urn:detente:text:1"
XML: Final = "http://www.w3.org/XML/1998/namespace"
VERSION: Final = "detente-akn/1"

_HEADED: Final = {
    "article": ("article", "art"),
    "section": ("section", "sec"),
    "chapter": ("chapter", "chp"),
    "part": ("part", "part"),
}
_ANNEX: Final = ("hcontainer", "annex")
_PLAIN: Final = {
    ClauseKind.FRONT: ("hcontainer", "front"),
    ClauseKind.HEADING: ("division", "dvs"),
    ClauseKind.PARAGRAPH: ("paragraph", "para"),
    ClauseKind.POINT: ("point", "point"),
    ClauseKind.NOTE: ("hcontainer", "note"),
}


def element_for(kind: ClauseKind, label: str) -> tuple[str, str]:
    """The element that a clause becomes, and the short name with which its eId begins."""
    if kind is ClauseKind.HEADING and label:
        word = label.split(maxsplit=1)[0].casefold()
        return _ANNEX if word == "annex" else _HEADED.get(word, _PLAIN[kind])
    if kind is ClauseKind.POINT and label in {"-", "*", "+"}:
        return "indent", "indent"
    return _PLAIN[kind]


def akn(name: str) -> str:
    """A name of the standard, as lxml writes it."""
    return f"{{{AKN}}}{name}"


def own(name: str) -> str:
    """A name of ours, as lxml writes it."""
    return f"{{{OWN}}}{name}"


def local(element: Any) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]
