"""What changed between two wordings: words kept, deleted and inserted, and nothing lost.

Both wordings are cut into words, punctuation and blanks, never inside what a reader sees as one letter.  The
longest common subsequence of these says what was kept; a word or two that happen to be common in the middle of
what was rewritten are not shown as kept, for nobody reads a comparison that jumps from word to word.

Time and memory are bounded whatever comes: where two wordings are longer than `MOST_CELLS` allows, the words that
occur once in each hold them together, and what lies between is compared piece by piece, or replaced as a whole.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, pairwise
from typing import TypeAlias

from rapidfuzz.distance import LCSseq

MOST_CELLS = 1 << 24  # words of one wording times words of the other, compared at once: four thousand each
ALL_CELLS = 1 << 31  # the same over a whole comparison of two texts
_CHANCE = 3  # so many words in a row may be common by chance

# Scripts written without spaces: there every letter is a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
_UNSPACED += "\U00020000-\U0003ffff"
_FLAG_LETTERS = "\U0001f1e6-\U0001f1ff"
_PIECE = re.compile(
    rf"\r\n|[\r\n]|[^\S\r\n]+|[{_FLAG_LETTERS}]{{2}}|[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+|.", re.DOTALL
)
_UNSPACED_LETTER = re.compile(rf"[{_UNSPACED}]")
_PREFIXED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")  # they hold the number behind them


class How(Enum):
    """What became of words."""

    KEPT = "kept"
    DELETED = "deleted"
    INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class Span:
    """Words with one fate, and where they stand or would stand: offsets in code points in both wordings."""

    how: How
    text: str
    a: int
    b: int


Block: TypeAlias = tuple[int, int, int]  # so many tokens from this one and from that one on are the same


class Budget:
    """How much may still be compared word by word."""

    def __init__(self, cells: int = ALL_CELLS) -> None:
        self.left = cells

    def allows(self, cells: int) -> bool:
        """Whether that many cells may be spent; if so, they are."""
        if cells > min(self.left, MOST_CELLS):
            return False
        self.left -= cells
        return True


def spans(a: str, b: str, budget: Budget | None = None) -> tuple[Span, ...]:
    """What it takes to come from `a` to `b`, in order; deleted words stand before those put in their place."""
    if a == b:
        return (Span(How.KEPT, a, 0, 0),) if a else ()
    old, new = tokens(a), tokens(b)
    blocks = _readable(_blocks(old, new, budget or Budget()), old, new)
    return tuple(_spelled(blocks, old, new))


def tokens(text: str) -> list[str]:
    """Words, punctuation and blanks: together they are the text; every cut is between two letters as one sees them."""
    cuts = list(_cuts(text))
    return [text[lo:hi] for lo, hi in pairwise([*cuts, len(text)])]


def _cuts(text: str) -> Iterator[int]:
    """Where tokens begin.  A mark belongs to the letter before it, and a word goes on behind a mark within it."""
    word = marked = holds = line_end = False  # of what was just read
    for found in _PIECE.finditer(text):
        first = found[0][0]
        if found.start() and not line_end and _is_mark(first):
            marked, holds = True, first == "\u200d"
            continue
        letter = first.isalnum() and _UNSPACED_LETTER.match(first) is None
        if not (holds or (marked and word and letter)):
            yield found.start()
            word = letter
        marked, holds, line_end = False, first in _PREFIXED, first in "\r\n"


def _is_mark(letter: str) -> bool:
    """Whether this is seen as part of the letter before it."""
    return letter in "\u200c\u200d" or unicodedata.category(letter)[0] == "M" or "\U0001f3fb" <= letter <= "\U0001f3ff"


# --- what is common -----------------------------------------------------------------------------


def _blocks(old: list[str], new: list[str], budget: Budget) -> list[Block]:
    """Runs of tokens that stand in both, in order."""
    names: dict[str, int] = {}
    a = [names.setdefault(token, len(names)) for token in old]  # numbers, for the library compares hashes of others
    b = [names.setdefault(token, len(names)) for token in new]
    head = _common(a, b)
    tail = _common(a[head:][::-1], b[head:][::-1])
    found: list[Block] = [(0, 0, head)]
    for lo, hi, low, high in _stretches(a, b, head, tail):
        if budget.allows((hi - lo) * (high - low)):
            found += [
                (lo + step.src_start, low + step.dest_start, step.src_end - step.src_start)
                for step in LCSseq.opcodes(a[lo:hi], b[low:high])
                if step.tag == "equal"
            ]
        if hi < len(a) - tail:  # a token that holds both wordings together stands behind each stretch but the last
            found.append((hi, high, 1))
    found.append((len(a) - tail, len(b) - tail, tail))
    return [block for block in found if block[2]]


def _common(a: Sequence[object], b: Sequence[object]) -> int:
    """How many tokens are the same from the beginning on."""
    return next((at for at, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))


def _stretches(a: list[int], b: list[int], head: int, tail: int) -> list[tuple[int, int, int, int]]:
    """What lies between head and tail, whole if it is short enough, else cut at tokens that occur once in each."""
    ends = (len(a) - tail, len(b) - tail)
    if (ends[0] - head) * (ends[1] - head) <= MOST_CELLS:
        return [(head, ends[0], head, ends[1])]
    once_a, once_b = (_once(side[head:end], head) for side, end in zip((a, b), ends, strict=True))
    pairs = sorted((at, once_b[token]) for token, at in once_a.items() if token in once_b)
    cuts = [pairs[at] for at in increasing([other for _, other in pairs])]
    edges = [(head - 1, head - 1), *cuts, ends]
    return [(one[0] + 1, other[0], one[1] + 1, other[1]) for one, other in pairwise(edges)]


def _once(side: list[int], offset: int) -> dict[int, int]:
    """Where the tokens stand that occur once."""
    counted = Counter(side)
    return {token: offset + at for at, token in enumerate(side) if counted[token] == 1}


def increasing(values: Sequence[int]) -> list[int]:
    """The places of a longest strictly increasing subsequence."""
    tops: list[int] = []  # the least value that ends a subsequence of each length
    ends: list[int] = []  # and where that value stands
    before: list[int] = []
    for at, value in enumerate(values):
        length = bisect_left(tops, value)
        tops[length : length + 1] = [value]
        ends[length : length + 1] = [at]
        before.append(ends[length - 1] if length else -1)
    found: list[int] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(at)
        at = before[at]
    return found[::-1]


# --- what is shown ------------------------------------------------------------------------------


class _Weights:
    """How many letters, and how many words, stand between two places of a wording."""

    def __init__(self, words: list[str]) -> None:
        self._letters = [0, *accumulate(map(len, words))]
        self._words = [0, *accumulate(word[0].isalnum() for word in words)]

    def letters(self, lo: int, hi: int) -> int:
        return self._letters[hi] - self._letters[lo]

    def words(self, lo: int, hi: int) -> int:
        return self._words[hi] - self._words[lo]


def _readable(blocks: list[Block], old: list[str], new: list[str]) -> list[Block]:
    """The blocks without those that are common by chance: few words, fewer than what was changed on either side."""
    weights = (_Weights(old), _Weights(new))
    kept: list[Block] = []
    end = (len(old), len(new), 0)
    for block in _joined([*blocks, end]):
        while kept and _by_chance(kept, block, weights):
            kept.pop()
        kept.append(block)
    return list(_joined([*_grown([block for block in kept if block[2]], old, new), end]))


def _by_chance(kept: list[Block], behind: Block, weights: tuple[_Weights, _Weights]) -> bool:
    """Whether the last block kept is common by chance, given the one before it and the one behind it."""
    at, other, length = kept[-1]
    one, two, long = kept[-2] if len(kept) > 1 else (0, 0, 0)
    a, b = weights
    if a.words(at, at + length) > _CHANCE:
        return False
    before = max(a.letters(one + long, at), b.letters(two + long, other))
    after = max(a.letters(at + length, behind[0]), b.letters(other + length, behind[1]))
    return a.letters(at, at + length) <= min(before, after)


def _grown(blocks: list[Block], old: list[str], new: list[str]) -> Iterator[Block]:
    """The blocks with what is the same at the edges of what was changed."""
    at = other = 0  # behind the block before
    for number, (one, two, length) in enumerate(blocks):
        ends = blocks[number + 1][:2] if number + 1 < len(blocks) else (len(old), len(new))
        before = _common(old[at:one][::-1], new[other:two][::-1])
        behind = _common(old[one + length : ends[0]], new[two + length : ends[1]])
        at, other = one + length + behind, two + length + behind
        yield (one - before, two - before, before + length + behind)


def _joined(blocks: list[Block]) -> Iterator[Block]:
    """Blocks that touch on both sides as one."""
    at, other, length = 0, 0, 0
    for one, two, more in blocks:
        if (one, two) == (at + length, other + length) and more:
            length += more
            continue
        if length:
            yield (at, other, length)
        at, other, length = one, two, more
    yield (at, other, length)


def _spelled(blocks: list[Block], old: list[str], new: list[str]) -> Iterator[Span]:
    at = other = a = b = 0
    for one, two, length in blocks:
        deleted, inserted = "".join(old[at:one]), "".join(new[other:two])
        kept = "".join(old[one : one + length])
        if deleted:
            yield Span(How.DELETED, deleted, a, b)
        a += len(deleted)
        if inserted:
            yield Span(How.INSERTED, inserted, a, b)
        b += len(inserted)
        if kept:
            yield Span(How.KEPT, kept, a, b)
        a, b, at, other = a + len(kept), b + len(kept), one + length, two + length
