"""What a document says of a text beyond its words: a title, a language, who is who, how far each clause has come.

A paper is made of a text on file, which knows no more than its brackets say, or of a text on a table, which has
statuses, live proposals and positions.  Documents (detente/documents) know papers and nothing of tables.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from detente.acts.facts import Facts
from detente.ground.errors import Malformed
from detente.ground.identifiers import PartyId
from detente.procedures.table import layout, readings, tree, views
from detente.procedures.table.model import Text
from detente.procedures.table.tree import Document, NodeId
from detente.wire import text as safety

UNKNOWN_LANGUAGE: Final = "und"  # BCP 47
NO_DATE: Final = dt.date(1970, 1, 1)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")
_CODE_LETTERS: Final = 3
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_SCANNED: Final = 4_000  # characters, when the direction of a text is looked for


@dataclass(frozen=True)
class Said:
    """What a party said of one variant, or of one clause."""

    target: NodeId  # a variant or a clause
    party: str  # its code
    stance: str
    ad_referendum: bool = False
    note: str = ""


@dataclass(frozen=True)
class Paper:
    """A text with what a document says of it.  `statuses` holds a word for each clause that has one.

    `Malformed` where the language is none.
    """

    title: str
    document: Document
    language: str = UNKNOWN_LANGUAGE
    date: dt.date = NO_DATE  # of this state of the text
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # sponsor -> code
    parties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # code -> name
    statuses: Mapping[NodeId, str] = field(default_factory=lambda: MappingProxyType({}))
    said: tuple[Said, ...] = ()

    def __post_init__(self) -> None:
        if not _LANGUAGE.fullmatch(self.language):
            raise Malformed(
                f"“{safety.visible(self.language[:40])}” is no language as BCP 47 writes it (en, ar, zh-Hant)."
            )

    @property
    def direction(self) -> str:
        """`rtl` where most letters at the beginning of the text are written from right to left, otherwise `ltr`."""
        balance = seen = 0
        for run in tree.walk(self.document.passage):
            if not isinstance(run, tree.Run):
                continue
            for letter in run.text[: _SCANNED - seen]:
                kind = unicodedata.bidirectional(letter)
                balance += (kind in _RIGHT_TO_LEFT) - (kind == "L")
            seen += len(run.text)
            if seen >= _SCANNED:
                break
        return "rtl" if balance > 0 else "ltr"


def of_file(title: str, document: Document, language: str = UNKNOWN_LANGUAGE, date: dt.date = NO_DATE) -> Paper:
    """A paper of a text on file: statuses and parties as far as its brackets tell them."""
    blocks = layout.lay_out(document, layout.every)
    statuses = {block.clause.id: readings.standing(readings.slots_of(block)).value for block in blocks if block.clause}
    codes = readings.parties(tree.slots(document.passage))
    return Paper(
        title, document, language, date, parties={code: code for code in codes}, statuses=MappingProxyType(statuses)
    )


def of_table(text: Text, facts: Facts, date: dt.date = NO_DATE) -> Paper:
    """A paper of a text on a table, at one position of its log; parties get codes made from their names."""
    members = {party: member.name for party, member in facts.members.items()}
    names = codes(members)
    parties = {names[party]: name for party, name in members.items()}
    parties |= {code: code for code in readings.parties(tree.slots(text.document.passage), names)} | parties
    statuses = {clause.id: views.status(text, facts, clause).value for clause in tree.clauses(text.document.passage)}
    return Paper(
        text.title,
        text.document,
        text.language,
        date,
        MappingProxyType(names),
        MappingProxyType(parties),
        MappingProxyType(statuses),
        tuple(_said(text, names)),
    )


def codes(members: Mapping[PartyId, str]) -> dict[str, str]:
    """A code of capitals for each party, from its name, each code once: ARV for Arvenia, ARB for a second one."""
    made: dict[str, str] = {}
    for party, name in sorted(members.items(), key=lambda each: (each[1], each[0])):
        letters = "".join(letter for letter in unicodedata.normalize("NFKD", name).upper() if "A" <= letter <= "Z")
        letters = letters if len(letters) >= _CODE_LETTERS else letters + "XXX"[: _CODE_LETTERS - len(letters)]
        made[party] = next(code for code in _tries(letters) if code not in made.values())
    return made


def _tries(letters: str) -> Iterable[str]:
    """The first three letters; then the first two with each later one; then with each of the alphabet, and so on."""
    yield letters[:_CODE_LETTERS]
    stem = letters[: _CODE_LETTERS - 1]
    yield from (stem + letter for letter in letters[_CODE_LETTERS:])
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    yield from (stem + letter for letter in alphabet)
    yield from (
        one + two + three + four for one in alphabet for two in alphabet for three in alphabet for four in alphabet
    )


def _said(text: Text, names: Mapping[str, str]) -> Iterable[Said]:
    for (target, party), each in sorted(text.positions.items()):
        operation = text.operations.get(target)  # type: ignore[call-overload]
        node = operation.proposal if operation is not None else target
        yield Said(node, names.get(party, party), each.stance.value, each.ad_referendum, each.note)
