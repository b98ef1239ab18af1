"""What is known of a text beyond its words: who is who, how far each clause has come, who said what.

A text on file knows no more than its brackets say.  A text on a table has statuses, live proposals and positions.
Documents (detente/documents) show what is known and ask no table.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Final

from detente.acts.facts import Facts
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.table import layout, standpoints, tree, views
from detente.procedures.table.acts import Code
from detente.procedures.table.model import Text
from detente.procedures.table.tree import Document, NodeId

_CODE_LETTERS: Final = 3
_FORMS_OF_STATE: Final = frozenset((
    "arab", "commonwealth", "confederation", "cooperative", "democratic", "duchy", "emirate", "emirates", "federal",
    "federation", "federative", "grand", "independent", "islamic", "kingdom", "of", "people's", "plurinational",
    "principality", "republic", "socialist", "state", "states", "sultanate", "the", "union", "united",
))  # fmt: skip
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Said:
    """What a party said of one variant, or of one clause."""

    target: NodeId  # a variant or a clause
    party: str  # its code
    stance: str
    ad_referendum: bool = False
    note: str = ""


def _none() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Known:
    """What a document may say beside the words.  `statuses` holds a word for each clause that has one."""

    names: Mapping[str, str] = field(default_factory=_none)  # sponsor of a live proposal -> code
    parties: Mapping[str, str] = field(default_factory=_none)  # code -> name
    statuses: Mapping[NodeId, str] = field(default_factory=lambda: MappingProxyType({}))
    said: tuple[Said, ...] = ()


def of_file(document: Document) -> Known:
    """What the brackets of a text on file tell."""
    blocks = layout.lay_out(document, layout.every)
    statuses = {
        block.clause: standpoints.standing(standpoints.slots_of(block)).value for block in blocks if block.clause
    }
    named = {code: code for code in standpoints.parties(tree.slots(document.passage))}
    return Known(parties=MappingProxyType(named), statuses=MappingProxyType(statuses))


def of_table(text: Text, facts: Facts) -> Known:
    """What a table knows at one position of its log.

    A party has the code that the chair said, otherwise the one by which the text itself names it, otherwise one made
    from its name.
    """
    members = {party: member.name for party, member in facts.members.items()}
    names = codes(members, text.conduct.codes, standpoints.parties(tree.slots(text.document.passage)))
    parties = {code: code for code in standpoints.parties(tree.slots(text.document.passage), names)}
    parties |= {names[party]: name for party, name in members.items()}
    parties |= {each.code: members[PartyId(each.party)] for each in text.conduct.codes if each.party in members}
    statuses = {clause.id: views.status(text, facts, clause).value for clause in tree.clauses(text.document.passage)}
    said = tuple(_said(text, names))
    return Known(MappingProxyType(names), MappingProxyType(parties), MappingProxyType(statuses), said)


def codes(members: Mapping[PartyId, str], given: Iterable[Code] = (), written: Iterable[str] = ()) -> dict[str, str]:
    """A code for each party, each code once: the first that was given for it, if there is one.

    Of the codes that are `written` in a text, one that begins a word of one party's name alone is that party's: BEL or
    Belmora for the Kingdom of Belmora.  Otherwise it is of capitals from the name: ARV for Arvenia, ARB for a second.
    """
    listed = sorted(given, key=lambda each: each.code, reverse=True)
    made: dict[str, str] = {each.party: each.code for each in listed if each.party in members}
    taken = {each.code for each in listed} | set(members)
    for code in written:
        begun = [party for party, name in members.items() if _begins(code, name)]
        if len(begun) == 1 and code not in taken and begun[0] not in made:
            made[begun[0]] = code
            taken.add(code)
    for party, name in sorted(members.items(), key=lambda each: (each[1], each[0])):
        if party in made:
            continue
        letters = _letters(name).ljust(_CODE_LETTERS, "X")
        made[party] = next(code for code in _tries(letters) if code not in taken)
        taken.add(made[party])
    return made


def _letters(name: str) -> str:
    """The capitals of a name, without the words that say what kind of State or body it is, where others are left."""
    words = name.split()
    own = [word for word in words if word.casefold() not in _FORMS_OF_STATE]
    plain = unicodedata.normalize("NFKD", "".join(own or words)).upper()
    return "".join(letter for letter in plain if "A" <= letter <= "Z")


def _begins(code: str, name: str) -> bool:
    """Whether a word of the name begins so."""
    return len(code) > 1 and any(word.startswith(code.casefold()) for word in name.casefold().split())


def _tries(letters: str) -> Iterable[str]:
    """The first three letters; the first two with each later one; then every code of two to five letters in turn."""
    yield letters[:_CODE_LETTERS]
    stem = letters[: _CODE_LETTERS - 1]
    yield from (stem + letter for letter in letters[_CODE_LETTERS:])
    for length in range(2, 6):
        yield from map("".join, product(_ALPHABET, repeat=length))


def _said(text: Text, names: Mapping[str, str]) -> Iterable[Said]:
    for target in sorted(text.positions):
        operation = text.operations.get(ActId(target))
        node = operation.proposal if operation is not None else target
        for party, each in sorted(text.positions[target].items()):
            yield Said(node, names.get(party, party), each.stance.value, each.ad_referendum, each.note)
