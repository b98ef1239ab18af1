"""What parties say of a text without proposing anything: positions, notes, and how the chair runs it.

A group speaks through one of its members, and what it says counts for each of them that has not spoken for
itself on the same thing (`standing`).  Only *oppose* and *reserve* stand in the way of consensus.

A position may wait on other outcomes (`pending_on`: that is shown, and decides nothing) and may hold only if
something else is taken (`given`): only a position in favour can be given so, for to make an objection depend
on something has no least solution.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from detente.acts.act import Verified
from detente.acts.facts import Facts
from detente.ground.errors import Malformed, Refused
from detente.ground.identifiers import ActId, PartyId
from detente.procedures.table.acts import Codes, Group, Modalities, Note, Position, Stance
from detente.procedures.table.attribution import ANY_CODE
from detente.procedures.table.model import (
    NOTHING_SAID,
    Conduct,
    Noted,
    Said,
    Text,
    clause_holding,
    clause_stands,
    entry,
    recorded,
    required,
    tallied,
)
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.tree import NodeId
from detente.wire import text as safety

LONGEST_REMARK = 2_000  # characters of what stands beside a position
LONGEST_NOTE = 10_000  # characters
MOST_PENDING = 50
MOST_GROUPS = 100
MOST_CODES = 1_000  # several for each of two hundred parties
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
IN_FAVOUR = (Stance.SUPPORT, Stance.SUPPORT_IN_PRINCIPLE, Stance.CAN_GO_WITH_CONSENSUS, Stance.FLEXIBLE)
BLOCKING = (Stance.OPPOSE, Stance.RESERVE)
_CODE = re.compile(r"[A-Z][A-Z0-9-]{1,15}")
_HEAD_CODE = re.compile(ANY_CODE)
_NO_TARGET = Refused("There is no such proposal, package or clause in this text.", rule="table.target")


def target_clause(text: Text, target: bytes) -> NodeId | None:
    """The clause of an operation, or the clause itself; the whole for a package; None where there is none."""
    if ActId(target) in text.packages:
        return WHOLE
    operation = text.operations.get(ActId(target))
    if operation is not None:
        return clause_holding(text, operation.home)
    return target if clause_stands(text, target) else None


# --- positions ------------------------------------------------------------------------------------


def position(text: Text, _facts: Facts, act: Verified, body: Position) -> Text | Refused:
    """The text with its author's last word on a proposal or a clause."""
    if len(body.note) > LONGEST_REMARK:
        return Refused(f"A remark has at most {LONGEST_REMARK:,} characters.", rule="table.words")
    clause = target_clause(text, body.target)
    if clause is None:
        return _NO_TARGET
    if (refused := _qualified(text, act, body)) is not None:
        return refused
    voice = spoken_for(body.group) if body.group else act.author
    said = Said(body.stance, body.ad_referendum, body.note, body.pending_on, body.given)
    everybody = text.positions.get(body.target, NOTHING_SAID)
    old = everybody.get(voice)
    ledger = tallied(
        text.ledger,
        add=_said_entry(body.target, voice, said),
        remove=_said_entry(body.target, voice, old) if old is not None else 0,
    )
    positions = text.positions.put(body.target, everybody.set(voice, said))
    changed = msgspec.structs.replace(text, positions=positions, ledger=ledger)
    return recorded(changed, act, "position", clause, body.target)


def _qualified(text: Text, act: Verified, body: Position) -> Refused | None:
    """Whether what a position waits on is there, and whether its author may speak for the group."""
    if len(body.pending_on) > MOST_PENDING or any(target_clause(text, each) is None for each in body.pending_on):
        return _NO_TARGET
    if body.given and (body.given == body.target or not _is_offered(text, ActId(body.given))):
        return _NO_TARGET
    if body.given and body.stance not in IN_FAVOUR:
        return Refused("Only a position in favour can be made to depend on something.", rule="table.words")
    group = next((each for each in text.conduct.groups if each.code == body.group), None)
    if body.group and (group is None or group.speaker != act.author):
        return Refused("That party does not speak for that group.", rule="table.own")
    return None


def _is_offered(text: Text, target: ActId) -> bool:
    return target in text.operations or target in text.packages


def spoken_for(group: str) -> PartyId:
    """The name under which a group's positions are kept: no party's identifier begins so."""
    return PartyId("@" + group)


def _said_entry(target: bytes, voice: str, said: Said) -> int:
    qualified = said.stance.value.encode(), bytes([said.ad_referendum]), said.note.encode()
    return entry("position", target, voice.encode(), *qualified, said.given, *said.pending_on)


class Stand(msgspec.Struct, frozen=True):
    """Where a party stands, and in whose words: empty for its own, otherwise the group's code."""

    said: Said
    group: str = ""


def standing(text: Text, target: bytes) -> dict[PartyId, Stand]:
    """Where each party stands on an operation or a clause: its own last word, otherwise its group's.

    Of several groups to which it belongs, the one that stands most in the way.
    """
    said = text.positions.get(target)
    if said is None:
        return {}
    found: dict[PartyId, Stand] = {}
    spoken = [(each, said.get(spoken_for(each.code))) for each in text.conduct.groups]
    for group, its in sorted(spoken, key=_weight):
        if its is not None:
            found.update({PartyId(member): Stand(its, group.code) for member in group.members})
    found.update({voice: Stand(own) for voice, own in said.items() if not voice.startswith("@")})
    return found


def _weight(spoken: tuple[Group, Said | None]) -> tuple[int, str]:
    group, said = spoken
    return (_STANCES.index(said.stance) if said is not None else 0, group.code)


_STANCES = tuple(Stance)  # from the most favourable to what stands most in the way


def blocking(text: Text, facts: Facts, operations: Iterable[bytes]) -> list[PartyId]:
    """Who of those who must accept opposes one of these operations or reserves its position on it."""
    stands = [standing(text, operation) for operation in operations]
    return [
        party
        for party in required(text, facts)
        if any(party in each and each[party].said.stance in BLOCKING for each in stands)
    ]


# --- notes ----------------------------------------------------------------------------------------


def note(text: Text, facts: Facts, act: Verified, body: Note) -> Text | Refused:
    """The text with a note beside it."""
    if act.id in text.notes:
        return Refused("That note stands there already.", rule="table.twice")
    if not 1 <= len(body.words) <= LONGEST_NOTE:
        return Refused(f"A note has between 1 and {LONGEST_NOTE:,} characters.", rule="table.words")
    try:
        safety.check_text(body.words)
    except Malformed as error:
        return Refused(error.sentence, rule="table.words")
    clause = target_clause(text, body.target) if body.target != WHOLE else WHOLE
    if clause is None:
        return _NO_TARGET
    if len(set(body.audience)) != len(body.audience) or any(each not in facts.members for each in body.audience):
        return Refused("A note is for members of this line, each named once.", rule="table.audience")
    audience = tuple(PartyId(each) for each in sorted(body.audience))
    made = Noted(act.id, act.author, act.position, body.target, body.words, body.nature, audience)
    changed = msgspec.structs.replace(
        text, notes=text.notes.put(act.id, made), ledger=tallied(text.ledger, add=entry("note", act.id))
    )
    return recorded(changed, act, "note", clause, act.id)


def withdraw_note(text: Text, act: Verified, name: ActId) -> Text | Refused:
    """The text without one of its author's notes, but for the history."""
    old = text.notes[name]
    if old.party != act.author or old.withdrawn:
        return Refused("A party withdraws its own notes only, and each once.", rule="table.own")
    notes = text.notes.put(name, msgspec.structs.replace(old, withdrawn=True))
    ledger = tallied(text.ledger, add=entry("note withdrawn", name))
    clause = target_clause(text, old.target) or WHOLE
    return recorded(msgspec.structs.replace(text, notes=notes, ledger=ledger), act, "withdraw", clause, name)


def notes_for(text: Text, reader: PartyId | None) -> list[Noted]:
    """The notes that may be shown to a party, or printed for everybody where `reader` is None; oldest first."""
    found = (each for each in text.notes.values() if not each.withdrawn and _is_for(each, reader))
    return sorted(found, key=lambda each: (each.at, each.id))


def _is_for(each: Noted, reader: PartyId | None) -> bool:
    return not each.audience or (reader is not None and (reader in each.audience or reader == each.party))


# --- modalities -----------------------------------------------------------------------------------


def modalities(text: Text, facts: Facts, act: Verified, body: Modalities) -> Text | Refused:
    """The text, run otherwise from here on."""
    if len(body.groups) > MOST_GROUPS or len({each.code for each in body.groups}) != len(body.groups):
        return Refused(f"There are at most {MOST_GROUPS} groups, each named once.", rule="table.groups")
    for group in body.groups:
        if not _CODE.fullmatch(group.code):
            return Refused("A group's code has 2 to 16 capital letters and digits.", rule="table.groups")
        if group.speaker not in facts.members or any(each not in facts.members for each in group.members):
            return Refused("A group and its speaker are members of this line.", rule="table.groups")
    languages = (text.language, *body.authentic)
    if len(set(languages)) != len(languages) or not all(map(LANGUAGE.fullmatch, body.authentic)):
        return Refused("Authentic languages are named once each, as in “en” or “pt-BR”.", rule="table.languages")
    conduct = Conduct(body.groups, body.authentic, body.together, text.conduct.codes)
    ledger = tallied(text.ledger, add=entry("modalities", act.id))
    return recorded(msgspec.structs.replace(text, conduct=conduct, ledger=ledger), act, "modalities", WHOLE, act.id)


def codes(text: Text, facts: Facts, act: Verified, body: Codes) -> Text | Refused:
    """The text, in which it is known whom these heads mean."""
    if len(body.codes) > MOST_CODES or len({each.code for each in body.codes}) != len(body.codes):
        return Refused(f"There are at most {MOST_CODES} codes, each named once.", rule="table.codes")
    for each in body.codes:
        if not _HEAD_CODE.fullmatch(each.code):
            return Refused("A code has two to five capital letters, or is G77.", rule="table.codes")
        if each.party not in facts.members:
            return Refused("A code stands for a member of this line.", rule="table.codes")
    conduct = msgspec.structs.replace(text.conduct, codes=tuple(sorted(body.codes, key=lambda each: each.code)))
    ledger = tallied(text.ledger, add=entry("codes", act.id))
    return recorded(msgspec.structs.replace(text, conduct=conduct, ledger=ledger), act, "codes", WHOLE, act.id)
