"""What the notes of a text say of the parties' positions: "ARV supports this article ad referendum".

A sentence of a note that begins with parties is read by the table below, from the top; one that no row knows is
no position.  Whatever it hangs on is kept in its own words: "pending the outcome of Article 9", "subject to ...".
Nothing here is a party's act: it is what the secretariat wrote down, for the chair to confirm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from detente.procedures.table import attribution, tree
from detente.procedures.table.acts import Stance
from detente.procedures.table.profile import EMPTY, Profile
from detente.procedures.table.tree import Clause, ClauseKind, Document

_STANCES: tuple[tuple[str, Stance], ...] = (
    (r"(?:do(?:es)? not object|no (?:\w+ )?objection)", Stance.CAN_GO_WITH_CONSENSUS),
    (r"reserv|withhold", Stance.RESERVE),
    (r"oppos|cannot (?:accept|support|agree)|objects?\b", Stance.OPPOSE),
    (r"support\w* (?:\w+ ){0,3}in principle|in principle support|agrees? in principle", Stance.SUPPORT_IN_PRINCIPLE),
    (r"consensus", Stance.CAN_GO_WITH_CONSENSUS),
    (r"flexib|prepared to|can accept|could accept", Stance.FLEXIBLE),
    (r"support\w* (?:\w+ ){0,4}(?:subject to|contingent)", Stance.SUPPORT_IN_PRINCIPLE),
    (
        r"(?:^|is |are |to |still |further )(?:consider|reflect|review|consult|seek|continu)|under review|clarif",
        Stance.CONSIDERING,
    ),
    (r"support|agrees? (?:to|with)", Stance.SUPPORT),
)
_READ = tuple((re.compile(pattern, re.IGNORECASE), stance) for pattern, stance in _STANCES)
_AD_REFERENDUM = re.compile(r"\bad referendum\b", re.IGNORECASE)
_HANGS = re.compile(r"\b(?:pending|subject to|depending on|contingent (?:up)?on|until)\b[^,]{2,200}", re.IGNORECASE)
_REFERENCE = re.compile(r"\b(?:Articles?|Chapters?|paragraphs?)\s+(?:[A-Z]{1,3}\.)?[A-Z0-9][\w.]{0,12}")


@dataclass(frozen=True, slots=True)
class Stated:
    """A position as a note states it; `hangs_on` is empty where it is unconditional."""

    parties: tuple[str, ...]
    stance: Stance
    ad_referendum: bool
    hangs_on: str
    references: tuple[str, ...]  # the articles and paragraphs that the condition names
    line: int
    words: str


def stated(document: Document, profile: Profile = EMPTY) -> tuple[Stated, ...]:
    """The positions in the notes of a text, in order."""
    heads = attribution.Heads(profile) if profile else attribution.PLAIN
    found: list[Stated] = []
    for clause in tree.clauses(document.passage):
        if clause.kind is ClauseKind.NOTE:
            found.extend(_of(clause, heads))
    return tuple(found)


def _of(clause: Clause, heads: attribution.Heads) -> Iterator[Stated]:
    words = "".join(tree.written(clause.passage))
    for parties, said in heads.stated(words):
        stance = next((stance for pattern, stance in _READ if pattern.search(said)), None)
        if stance is None:
            continue
        hangs = _HANGS.search(said)
        condition = hangs[0].strip() if hangs else ""
        yield Stated(
            parties,
            stance,
            _AD_REFERENDUM.search(said) is not None,
            condition,
            tuple(_REFERENCE.findall(condition)),
            clause.line,
            " ".join(f"{'/'.join(parties)} {said}".split()),
        )
