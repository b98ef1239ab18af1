"""What people see of adoption, signature and publication, as plain values.

What is missing is said in the same place as what is there: who has not adopted, not sealed, not
consented, and whose seal stands without the approval of a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from detente.acts.facts import Facts
from detente.evidence import instrument as instruments
from detente.evidence import records
from detente.ground.identifiers import PartyId
from detente.ground.instants import LAST, Instant, iso
from detente.procedures.signature.rules import Instrument, Mark, State
from detente.wire import text


def pending(state: State, facts: Facts) -> list[dict[str, Any]]:
    """Texts that some have adopted and others have not.  `current` is false where the text has changed since."""
    return [
        {
            "text": name.hex(),
            "title": facts.texts[name].title if name in facts.texts else "",
            "content_hash": content.hex(),
            "current": name in facts.texts and facts.texts[name].content_hash == content,
            "adopted": _marks(marks, facts),
            "missing": [_name(facts, party) for party in facts.must_accept if party not in marks],
        }
        for (name, content), marks in state.adoptions.items()
    ]


def concluded(state: State, facts: Facts) -> list[dict[str, Any]]:
    """Every instrument, in the order in which they were adopted."""
    return [describe(one, facts) for one in state.instruments.values()]


def describe(one: Instrument, facts: Facts) -> dict[str, Any]:
    """One instrument: what it is, and how far it has come."""
    read = instruments.read_instrument(one.payload)
    names = {PartyId(each.party): each.name for each in one.parties}
    unseen = text.flags(read.text)
    return {
        "digest": one.digest.hex(),
        "text": one.text.hex(),
        "title": read.title,
        "language": read.language,
        "content_hash": one.content_hash.hex(),
        "text_sha256": read.text_sha256.hex(),
        "adopted_at": _time(Instant(read.adopted_at)),
        "parties": [{"party": party, "name": name} for party, name in names.items()],
        "adopted": _marks(one.adopted, facts),
        "sealed": _marks(one.sealed, facts),
        "not_sealed": _missing(names, one.sealed),
        "consented": _marks(one.consents, facts),
        "not_consented": _missing(names, one.consents),
        "published": _mark(one.published) if one.published else None,
        "unseen": [str(flag) for flag in unseen],
        "approvals": [
            {"party": party, "name": names[party], "office": each.office}
            for party, given in one.approvals.items()
            for each in given
        ],
        "sentence": _sentence(one, names),
        "remarks": [*_unapproved(one, names), *_gone(one, names, facts)],
    }


def _sentence(one: Instrument, names: Mapping[PartyId, str]) -> str:
    """Where it stands, in one sentence."""
    waiting = _missing(names, one.sealed)
    if waiting:
        return f"Adopted by all; {_list(waiting)} {_has(waiting)} not sealed it yet."
    waiting = _missing(names, one.consents)
    if waiting:
        return f"Sealed by all; {_list(waiting)} {_has(waiting)} not consented to its publication yet."
    if one.published is None:
        return "Sealed by all, and all consent to its publication; it does not stand in the register yet."
    return "Sealed by all and published: it stands in the register, and anybody can verify it."


def _unapproved(one: Instrument, names: Mapping[PartyId, str]) -> list[str]:
    """Parties whose seal proves no person."""
    without = [name for party, name in names.items() if records.read_record(one.chains[party][-1].body).persons is None]
    if not without:
        return []
    whose = f"No person's own approval (passkey) stands beside the seal of {_list(without)}"
    return [f"{whose}: the record asks for none, and the seal proves no person."]


def _gone(one: Instrument, names: Mapping[PartyId, str], facts: Facts) -> list[str]:
    """Parties that can no longer seal: they left, or their record is another now."""
    named = {PartyId(each.party): each.record for each in one.parties}
    lost = [
        name
        for party, name in names.items()
        if party not in one.seals and (party not in facts.members or facts.members[party].record != named[party])
    ]
    return [f"{_list(lost)} can no longer seal it under the record that it names."] if lost else []


def _missing(names: Mapping[PartyId, str], marks: Mapping[PartyId, Mark]) -> list[str]:
    return [name for party, name in names.items() if party not in marks]


def _marks(marks: Mapping[PartyId, Mark], facts: Facts) -> list[dict[str, str]]:
    return [{"party": party, "name": _name(facts, party), **_mark(mark)} for party, mark in marks.items()]


def _mark(mark: Mark) -> dict[str, str]:
    return {"act": mark.act.hex(), "office": mark.office, "at": _time(mark.at)}


def _list(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _has(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _name(facts: Facts, party: PartyId) -> str:
    member = facts.members.get(party)
    return member.name if member else f"{party[:8]}… (no longer a member)"


def _time(at: Instant) -> str:
    return iso(at) if 0 <= at <= LAST else ""
