"""Passages that read alike: inside one text, and between a text and a library of others.

A passage is what is agreed on at once: a paragraph with its points, under its heading.  How alike two are is said in
per cent: the mean of the words that they share, in whatever order, and of the words of the shorter that stand in the
same order in the longer.

Within a text not every pair is compared: only passages that share five words in a row.  What more than twelve share is
a formula, and the first twelve stand for all.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, LCSseq

from detente.procedures.table.lint_look import Branch, Look, Provision, together
from detente.procedures.table.tree import ClauseKind

SHINGLE = 5  # words in a row
MOST_SHARING = 12
FEWEST_LETTERS = 12  # of a passage, to be one
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


@dataclass(frozen=True, slots=True)
class Passage:
    """Words under a label, as "Article 5, 2": its heading, the line it begins at, and where it may stand."""

    label: str
    heading: str
    line: int
    words: str
    branch: Branch = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two passages of one text that read alike.  `alternatives`: they can never stand together."""

    score: float
    one: Passage
    other: Passage
    alternatives: bool


def passages(look: Look) -> list[Passage]:
    """The passages of a text, in order: every paragraph with its points, and every heading with words of its own."""
    found: list[Passage] = []
    group: list[tuple[Provision, int, str, Branch]] = []

    def flush() -> None:
        words = " ".join(" ".join(each[2].split()) for each in group)
        if sum(map(str.isalnum, words)) >= FEWEST_LETTERS:
            found.append(_passage(look, group[0], words))
        group.clear()

    for each in look.provisions:
        for lo, words, branch in look.pieces(each):
            if each.clause.kind is not ClauseKind.POINT or not group or group[0][3] != branch:
                flush()
            if each.clause.kind is not ClauseKind.FRONT:
                group.append((each, lo, words, branch))
    flush()
    return found


def _passage(look: Look, first: tuple[Provision, int, str, Branch], words: str) -> Passage:
    provision, lo, said, branch = first
    head = look.provisions[provision.article] if provision.article >= 0 else None
    heading = " ".join(head.words.split()).lstrip("#* ") if head is not None else ""
    own = provision.clause.label if provision is not head else ""
    label = ", ".join(part for part in (head.clause.label if head is not None else "", own) if part)
    line = look.line(lo + len(said) - len(said.lstrip()))
    return Passage(label or heading[:60], heading[:200], line, words, branch)


def score(query: str, words: str) -> float:
    """How alike two passages are, in per cent."""
    return _score(query, _WORD.findall(query.lower()), words)


def _score(query: str, asked: list[str], words: str) -> float:
    said = _WORD.findall(words.lower())
    shorter = min(len(asked), len(said))
    in_order = 100 * LCSseq.similarity(asked, said) / shorter if shorter else 0.0
    return round((fuzz.token_set_ratio(query, words) + in_order) / 2, 1)


def rank(query: str, found: Mapping[int, str], most: int) -> list[tuple[int, float]]:
    """The passages that are most like a query, the likest first: (name, per cent)."""
    asked = _WORD.findall(query.lower())
    scored = [(name, _score(query, asked, words)) for name, words in found.items()]
    return sorted(scored, key=lambda each: (-each[1], each[0]))[:most]


def inside(look: Look, at_least: float = 80.0) -> list[Pair]:
    """The pairs of passages of one text that are that much alike, the likest first."""
    held = passages(look)
    found = []
    for one, other in sorted(_candidates(held)):
        likeness = round(fuzz.ratio(held[one].words, held[other].words, score_cutoff=at_least), 1)
        if likeness:
            apart = not together(held[one].branch, held[other].branch)
            found.append(Pair(likeness, held[one], held[other], apart))
    return sorted(found, key=lambda each: (-each.score, each.one.line, each.other.line))


def _candidates(held: list[Passage]) -> set[tuple[int, int]]:
    sharing: dict[int, list[int]] = defaultdict(list)
    for place, each in enumerate(held):
        for shingle in set(_shingles(each.words)):
            if len(sharing[shingle]) < MOST_SHARING:
                sharing[shingle].append(place)
    return {(one, other) for places in sharing.values() for at, one in enumerate(places) for other in places[at + 1 :]}


def _shingles(words: str) -> Iterator[int]:
    said = _WORD.findall(words.lower())
    return (hash(tuple(said[at : at + SHINGLE])) for at in range(len(said) - SHINGLE + 1))


def terms(words: str) -> list[str]:
    """The words of a text as an index has them, each once, in order: without case and without marks on letters."""
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", words.lower()) if not unicodedata.combining(letter)
    )
    return list(dict.fromkeys(_WORD.findall(bare)))


def unspaced(words: str) -> bool:
    """Whether words are written without spaces between them, as in Chinese, Japanese, Thai, Lao, Khmer, Burmese."""
    letters = sum(map(str.isalpha, words))
    return letters > 0 and len(_UNSPACED.findall(words)) * 3 > letters


def excerpt(query: str, words: str, around: int = 120) -> str:
    """The part of a passage that fits a query best: the longest row of words that both have, with what is round it."""
    asked = _WORD.findall(query.lower())
    said = list(_WORD.finditer(words))
    blocks = Indel.opcodes(asked, [each[0].lower() for each in said])
    same = [op for op in blocks if op.tag == "equal"]
    if not same:
        return words[: 2 * around].strip() + ("…" if len(words) > 2 * around else "")
    best = max(same, key=lambda op: op.dest_end - op.dest_start)
    lo = max(said[best.dest_start].start() - around, 0)
    hi = min(said[best.dest_end - 1].end() + around, len(words), lo + 6 * around)
    return ("…" if lo else "") + words[lo:hi].strip() + ("…" if hi < len(words) else "")
