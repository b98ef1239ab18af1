"""One text in several languages: what was rendered, what has become stale, whether the versions agree.

A text is negotiated in one language.  Whoever renders a clause or the words of a proposal into another says what
it rendered: of a clause its words as they stand, by their hash, for these change when a proposal is taken; of a
proposal its container, which never changes.  Versions of several parties lie beside each other; the one that is
shown is of what stands now before one that is stale, then the higher level, then the greater id, so that it does
not matter who was first.  Reviewed and authentic versions are the chair's.

    machine, draft      anybody's
    reviewed            the chair's house has seen to it
    authentic           as it is to be signed, in a language that the modalities name

Words in authentic languages are part of the content that is accepted: whoever changes one of them changes what all
have accepted.  *Concordance* is a status of its own: it says of each clause and language what is missing, stale,
incomplete (a live proposal has no words in that language) or not authentic yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import Enum

import msgspec
from immutables import Map

from detente.acts.act import Verified
from detente.acts.facts import Facts, Role
from detente.ground.errors import Malformed, Refused, Stale
from detente.ground.identifiers import PartyId
from detente.procedures.table import tree
from detente.procedures.table.acts import Level, Rendered, Translate
from detente.procedures.table.model import Rendering, Text, entry, recorded, tallied
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.proposing import LONGEST_WORDS, lodged_at
from detente.procedures.table.saying import LANGUAGE
from detente.procedures.table.tree import NodeId, container_of
from detente.wire import text as safety

MOST_PARTS = 5_000
_LEVELS = {level: place for place, level in enumerate(Level)}
_NOTHING: Map[bytes, Map[PartyId, Rendering]] = Map()


# --- to render ------------------------------------------------------------------------------------


def translate(text: Text, facts: Facts, act: Verified, body: Translate) -> Text | Refused:
    """The text with its author's version of some clauses and proposals in another language."""
    if (refused := _checked_language(text, facts, act, body)) is not None:
        return refused
    if not 1 <= len(body.parts) <= MOST_PARTS or len({each.of for each in body.parts}) != len(body.parts):
        return Refused(
            f"A translation has between 1 and {MOST_PARTS:,} parts, each of something else.", rule="table.words"
        )
    versions = text.versions.get(body.language, _NOTHING)
    for part in body.parts:
        if (refused := _checked_part(text, part)) is not None:
            return refused
        made = Rendering(act.id, part.words, body.level, part.source)
        versions = versions.set(part.of, versions.get(part.of, Map()).set(act.author, made))
    rendered = msgspec.structs.replace(
        text,
        versions=text.versions.set(body.language, versions),
        ledger=tallied(text.ledger, add=entry("translated", act.id)),
    )
    clause = body.parts[0].of if len(body.parts) == 1 and body.parts[0].of in text.clauses else WHOLE
    return recorded(rendered, act, "translate", clause, act.id)


def _checked_language(text: Text, facts: Facts, act: Verified, body: Translate) -> Refused | None:
    if not LANGUAGE.fullmatch(body.language) or body.language == text.language:
        return Refused("A text is rendered into another language, named as in “en” or “pt-BR”.", rule="table.languages")
    if body.level is Level.AUTHENTIC and body.language not in text.conduct.authentic:
        return Refused("The modalities do not name that language as authentic.", rule="table.languages")
    if _LEVELS[body.level] >= _LEVELS[Level.REVIEWED] and facts.role(act.author) is not Role.CHAIR:
        return Refused("Reviewed and authentic versions are the chair's.", rule="table.role")
    return None


def _checked_part(text: Text, part: Rendered) -> Refused | None:
    try:
        safety.check_text(part.words)
    except Malformed as error:
        return Refused(error.sentence, rule="table.words")
    if len(part.words) > LONGEST_WORDS:
        return Refused(f"The words of one part have at most {LONGEST_WORDS:,} characters.", rule="table.words")
    if part.of in text.seen.current:
        if part.source == source_of(text, part.of):
            return None
        return Stale("The words of that clause have changed since they were rendered.", rule="table.stale")
    if lodged_at(text, part.of) is None or part.source:
        return Refused("There is no such clause and no such proposal in this text.", rule="table.target")
    return None


def source_of(text: Text, clause: NodeId) -> bytes:
    """The hash of a clause's words as they stand, with the brackets of the import and without proposals."""
    return text.clauses[clause].ground.clause.passage.digest


# --- what is shown ----------------------------------------------------------------------------------


def rendering(text: Text, language: str, of: bytes) -> tuple[PartyId, Rendering] | None:
    """The version that is shown of a clause or of a proposal's words, and whose it is."""
    theirs = text.versions.get(language, _NOTHING).get(of)
    if not theirs:
        return None
    return max(theirs.items(), key=lambda each: (_is_fresh(text, of, each[1]), _LEVELS[each[1].level], each[1].act))


def _is_fresh(text: Text, of: bytes, made: Rendering) -> bool:
    return of not in text.clauses or made.source == source_of(text, of)


class Concord(Enum):
    """How a clause stands in one language, from the worst."""

    MISSING = "missing"
    STALE = "stale"
    INCOMPLETE = "incomplete"
    MACHINE = "machine"
    DRAFT = "draft"
    REVIEWED = "reviewed"
    AUTHENTIC = "authentic"


class Shown(msgspec.Struct, frozen=True):
    """A clause in another language.  `proposals` holds the words of live ones, by container; None: not rendered."""

    clause: NodeId
    concord: Concord
    words: str | None
    by: PartyId | None
    proposals: tuple[tuple[bytes, str | None], ...]


def in_language(text: Text, language: str) -> list[Shown]:
    """Every clause of the text, those that are proposed too, in another language."""
    return [_shown(text, language, name) for name in text.order]


def _shown(text: Text, language: str, clause: NodeId) -> Shown:
    found = rendering(text, language, clause)
    rendered = [(each, rendering(text, language, each)) for each in _containers(text, clause)]
    proposals = tuple((each, made[1].words if made else None) for each, made in rendered)
    concord = _concord(text, clause, found[1] if found else None)
    if concord not in {Concord.MISSING, Concord.STALE} and any(words is None for _, words in proposals):
        concord = Concord.INCOMPLETE
    return Shown(clause, concord, found[1].words if found else None, found[0] if found else None, proposals)


def _concord(text: Text, clause: NodeId, made: Rendering | None) -> Concord:
    if made is None:
        return Concord.MISSING if _says_something(text, clause) else Concord.AUTHENTIC
    return Concord(made.level.value) if _is_fresh(text, clause, made) else Concord.STALE


def _says_something(text: Text, clause: NodeId) -> bool:
    return any(piece.strip() for piece in tree.written(text.clauses[clause].ground.clause.passage))


def _containers(text: Text, clause: NodeId) -> Iterator[bytes]:
    """The containers of the live proposals in a clause that hold any words."""
    held = text.clauses[clause]
    for lying in (held.proposals, held.alternatives):
        for home in sorted(lying):
            for each in lying[home]:
                yield from (container_of(each.id, index) for index, words in enumerate(each.words) if words)


def concordance(text: Text) -> dict[str, dict[Concord, int]]:
    """For each authentic language how many clauses stand how."""
    found: dict[str, dict[Concord, int]] = {}
    for language in text.conduct.authentic:
        counts = dict.fromkeys(Concord, 0)
        for each in in_language(text, language):
            counts[each.concord] += 1
        found[language] = counts
    return found


def concordant(text: Text) -> bool:
    """Whether every clause has its authentic words in every authentic language."""
    return all(
        count == 0 or state is Concord.AUTHENTIC
        for counts in concordance(text).values()
        for state, count in counts.items()
    )


def authentic_words(text: Text, clause: NodeId) -> bytes:
    """What the authentic languages add to the content of a clause; empty where they add nothing."""
    parts: list[bytes] = []
    for language in sorted(text.conduct.authentic):
        found = rendering(text, language, clause)
        if found is not None:
            parts += (language.encode(), hashlib.sha256(found[1].words.encode()).digest())
    return b"\0".join(parts)
