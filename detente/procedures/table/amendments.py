"""From a list of amendments to operations on one text.

Each amendment quotes the words it changes, and no two quote them quite alike.  So there is one *base*, and what an
amendment quotes is laid on it:

1. The base is the text that the user gives; or it is built from the quotations, one paragraph for each place, in the
   order of the places.  Of several quotations of one place the most frequent is the base.  A place within another
   (a point of a paragraph that somebody quotes whole) is looked up in the words of that other.
2. An amendment is *anchored* at the words of its place: by its location and, where that fails, by its words.  How far
   its quotation departs from the base is its *deviation*; beyond a bound it is not anchored, and that is said.
3. What it changes is the difference between what it quotes and what it puts there, in words: its *hunks*, laid from
   the quotation over to the base.  All hunks of an amendment are one operation: they are taken together or not at all.

A whole paragraph that goes, or becomes another, is an alternative to that clause; a new place is an insertion behind
the place before it.  Amendments that come to the same are one proposal, with all who tabled it.

Words of a proposal hold no brackets, for on the table a bracket is a place to decide: `[` and `]` are written as
⟦ and ⟧, in a base that is built here too, so that it can be seen and undone.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel, Levenshtein, Opcode

from detente.ground.errors import Malformed
from detente.ground.identifiers import ActId
from detente.procedures.table import tree
from detente.procedures.table.acts import Alternative, Edit, Hunk, alternative_id, proposal_id
from detente.procedures.table.amendments_list import Amendment
from detente.procedures.table.amendments_place import Location, Step
from detente.procedures.table.parse import parse
from detente.procedures.table.proposing import MOST_HUNKS
from detente.procedures.table.tree import IMPORTED, Document, NodeId, Place
from detente.procedures.table.voteorder import Scope, Submission

NEAREST = 55.0  # per cent of the words that a quotation shares with the base, to be anchored by its location
BY_WORDS = 85.0  # per cent of the letters, to be anchored elsewhere than its location says
WITHIN = 90.0  # per cent of the words, to be taken for a part of the words of the place that holds it
MOST_ELSEWHERE = 300  # amendments that are looked for by their words in the whole of the base
_MOST_BETWEEN = 3  # words
MOST_KEPT_GAP = 3  # tokens that stay between two changes and are still changed with them: fewer, longer hunks
REWRITTEN = 35.0  # per cent of the words kept, below which a whole clause is another clause
_WORDS = re.compile(r"\w+")
_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
_BRACKETS = str.maketrans("[]", "⟦⟧")


class Kind(Enum):
    """What an amendment does."""

    EDIT = "edit"
    REWRITE = "rewrite"  # another clause in place of a clause
    DELETION = "deletion"  # of a whole clause
    INSERTION = "insertion"


_SCOPES = {
    Kind.DELETION: Scope.DELETE_WHOLE,
    Kind.REWRITE: Scope.REPLACE_WHOLE,
    Kind.EDIT: Scope.CHANGE_PART,
    Kind.INSERTION: Scope.INSERT,
}


@dataclass(frozen=True)
class Anchored:
    """An amendment as an operation on the base; `clause` is empty where it could not be anchored."""

    amendment: Amendment
    kind: Kind
    clause: NodeId
    hunks: tuple[Hunk, ...]  # of the base as imported; none where the clause is to go or to be another
    words: str  # of an alternative to the clause
    deviation: float  # per cent of the quotation's letters that the base has otherwise
    how: str  # a sentence for the person who looks at it; empty where it simply stands at its place

    @property
    def proposal(self) -> NodeId:
        """The id that equal amendments share; empty where it was not anchored."""
        if not self.clause:
            return b""
        return proposal_id(self.hunks) if self.hunks else alternative_id(self.clause, self.words)

    def body(self, text: ActId) -> Edit | Alternative:
        """The act that lays it on the table, where `text` is the import of the base."""
        if self.hunks:
            return Edit(text, self.clause, self.hunks)
        return Alternative(text, self.clause, self.words)


@dataclass(frozen=True)
class Joined:
    """Amendments that come to the same, and all who tabled them."""

    proposal: NodeId
    numbers: tuple[str, ...]
    sponsors: tuple[str, ...]


@dataclass(frozen=True)
class Loaded:
    """A list of amendments on its base."""

    base: str
    document: Document
    anchored: tuple[Anchored, ...]
    left: tuple[Anchored, ...]  # those that could not be anchored
    deviating: dict[Location, int] = field(default_factory=dict)  # places -> how many other wordings are quoted

    def joined(self) -> tuple[Joined, ...]:
        """The proposals that several amendments come to, in the order of the list."""
        same: dict[NodeId, list[Anchored]] = {}
        for each in self.anchored:
            same.setdefault(each.proposal, []).append(each)
        return tuple(
            Joined(
                proposal,
                tuple(each.amendment.number for each in alike),
                tuple(dict.fromkeys(name for each in alike for name in each.amendment.authors)),
            )
            for proposal, alike in same.items()
            if len(alike) > 1
        )


def _silent(done: int, of: int) -> None:
    del done, of


def submissions(loaded: Loaded) -> tuple[Submission, ...]:
    """The amendments as they are put to the vote: those that come to the same once, under the first of their numbers.

    Where an article goes as a whole, all that amends what stands under it falls with it.
    """
    first: dict[NodeId, Anchored] = {}
    sponsors: dict[NodeId, dict[str, None]] = {}
    for each in loaded.anchored:
        first.setdefault(each.proposal, each)
        sponsors.setdefault(each.proposal, {}).update(dict.fromkeys(each.amendment.authors))
    names = _names(first.values())
    extents: dict[NodeId, tuple[int, int]] = {}
    for clause, run in _runs(loaded.document):
        extents[clause] = (extents.get(clause, (run.lo, 0))[0], run.lo + len(run.text.rstrip()))
    under: dict[Location, set[str]] = {}
    for proposal, each in first.items():
        for holder in each.amendment.location.holders():
            under.setdefault(holder, set()).add(names[proposal])
    return tuple(
        Submission(
            names[proposal],
            str(each.amendment.location.before()),
            _SCOPES[each.kind],
            _spans(each, extents),
            sum(hunk.hi - hunk.lo + len(hunk.words) for hunk in each.hunks) or len(each.amendment.old + each.words),
            submitted=place,
            excludes=frozenset(_falling(each, under)),
            sponsors=tuple(sponsors[proposal]),
        )
        for place, (proposal, each) in enumerate(first.items())
    )


def _spans(each: Anchored, extents: dict[NodeId, tuple[int, int]]) -> tuple[Place, ...]:
    if not each.hunks:
        return (Place(IMPORTED, *extents[each.clause]),)
    return tuple(Place(hunk.container, hunk.lo, hunk.hi) for hunk in each.hunks)


def _names(amendments: Iterable[Anchored]) -> dict[NodeId, str]:
    """The number of each; a number that a list gives to several is counted: "12", "12 (2)"."""
    seen: Counter[str] = Counter()
    names: dict[NodeId, str] = {}
    for each in amendments:
        number = each.amendment.number
        seen[number] += 1
        names[each.proposal] = number if seen[number] == 1 else f"{number} ({seen[number]})"
    return names


def _falling(each: Anchored, under: dict[Location, set[str]]) -> set[str]:
    whole = each.kind is Kind.DELETION and not each.amendment.old
    return under.get(each.amendment.location, set()) if whole else set()


def load(
    amendments: Iterable[Amendment], base: str | None = None, tell: Callable[[int, int], None] = _silent
) -> Loaded:
    """The amendments as operations on `base`, or on the base that their quotations make.

    `tell` is called with how many are laid on it, and of how many.  Raises `Malformed` where there are none, or where
    the base is no text that can be on the table.
    """
    listed = [_without_brackets(each) for each in amendments]
    if not listed:
        raise Malformed("There is no amendment to load.")
    quoted = _quoted(listed)
    built = _Built(listed, quoted) if base is None else None
    text = built.text if built is not None else base or ""
    document = parse(text).document
    places = built.places if built is not None else _found_in(document, listed)
    ground = _Ground(text, document, places, _language(listed))
    anchored: list[Anchored] = []
    for each in listed:
        anchored.append(_anchor(ground, each))
        tell(len(anchored), len(listed))
    deviating = {place: len(wordings) - 1 for place, wordings in quoted.items() if len(wordings) > 1}
    return Loaded(
        text,
        document,
        tuple(each for each in anchored if each.clause),
        tuple(each for each in anchored if not each.clause),
        deviating,
    )


def _language(listed: list[Amendment]) -> str:
    """The language of most amendments; empty where they do not say."""
    return Counter(each.language for each in listed).most_common(1)[0][0]


def _without_brackets(each: Amendment) -> Amendment:
    return Amendment(
        each.number,
        each.location,
        each.authors,
        each.old.translate(_BRACKETS),
        each.new.translate(_BRACKETS),
        each.language,
        each.line,
    )


def _quoted(listed: list[Amendment]) -> dict[Location, Counter[str]]:
    """Every place with the wordings that are quoted of it, in the order of the places.

    Wordings in the language of most amendments stand before all others: a text has one language.
    """
    quoting = [each for each in listed if each.old and not each.location.new]
    languages = [language for language, _ in Counter(each.language for each in quoting).most_common()]
    spoken: dict[Location, str] = {}
    for language in languages:
        for each in quoting:
            if each.language == language:
                spoken.setdefault(each.location, language)
    found: dict[Location, Counter[str]] = {}
    for each in quoting:
        if spoken[each.location] == each.language:
            found.setdefault(each.location, Counter())[each.old] += 1
    return dict(sorted(found.items()))


# --- a base from quotations ---------------------------------------------------------------------


class _Built:
    """A text of one heading for each article or recital, and one paragraph for each place that is quoted."""

    def __init__(self, listed: list[Amendment], quoted: dict[Location, Counter[str]]) -> None:
        self.places: dict[Location, tuple[int, int]] = {}
        self._parts: list[str] = []
        self._at = 0
        words = {place: wordings.most_common(1)[0][0] for place, wordings in quoted.items()}
        within: dict[Location, tuple[Location, int, int]] = {}
        for place in sorted(words, key=lambda each: len(each.steps)):
            holder = next((each for each in reversed(place.holders()) if each in words and each not in within), None)
            part = _part(words[place], words[holder]) if holder is not None else None
            if holder is not None and part is not None:
                within[place] = (holder, *part)
        for head in sorted({_head(place) for place in (*words, *_neighbours(listed))}):
            self._paragraph(f"## {head}", head if head not in words else None)
            for place in (each for each in words if each not in within and _head(each) == head):
                self._paragraph(words[place], place)
        for place, (holder, lo, hi) in within.items():
            start = self.places[holder][0]
            self.places[place] = (start + lo, start + hi)
        self.text = "".join(self._parts)

    def _paragraph(self, words: str, place: Location | None) -> None:
        if place is not None:
            self.places[place] = (self._at, self._at + len(words))
        self._parts.append(words + "\n\n")
        self._at += len(words) + 2


def _part(words: str, held: str) -> tuple[int, int] | None:
    """Where in the words of a place those of a part of it stand; None where they do not, or only far apart.

    Words are compared, not letters: two long texts are laid along each other in no time that matters.
    """
    at = held.find(words)
    if at >= 0:
        return at, at + len(words)
    asked, said = list(_WORDS.finditer(words)), list(_WORDS.finditer(held))
    blocks = [op for op in Indel.opcodes([each[0] for each in asked], [each[0] for each in said]) if op.tag == "equal"]
    if not blocks:
        return None
    first = last = blocks.index(max(blocks, key=lambda op: op.dest_end - op.dest_start))
    while first and _near(blocks[first - 1], blocks[first]):
        first -= 1
    while last + 1 < len(blocks) and _near(blocks[last], blocks[last + 1]):
        last += 1
    lo, hi = said[blocks[first].dest_start].start(), said[blocks[last].dest_end - 1].end()
    lo -= held[:lo].endswith("(") and words.startswith("(")
    hi += held[hi : hi + 1] == words[-1:] and not words[-1:].isalnum()
    return (lo, hi) if _alike(words, held[lo:hi]) >= WITHIN else None


def _near(one: Opcode, other: Opcode) -> bool:
    """Whether two common rows of words belong together: hardly more lies between them here than in the part."""
    return other.dest_start - one.dest_end <= other.src_start - one.src_end + _MOST_BETWEEN


def _head_steps(place: Location) -> int:
    """How many steps of a location its heading has: a section stands under its chapter, all else alone."""
    return 2 if len(place.steps) > 1 and place.steps[1].kind == "section" else 1


def _head(place: Location) -> Location:
    return Location(place.steps[: _head_steps(place)])


def _neighbours(listed: list[Amendment]) -> list[Location]:
    """The places at which amendments need something to stand though nobody quotes it."""
    return [each.location.before() if each.location.new else each.location for each in listed]


# --- a base that is given -----------------------------------------------------------------------


def _found_in(document: Document, listed: list[Amendment]) -> dict[Location, tuple[int, int]]:
    """Where the labels of a text lead to the places of the amendments, as ranges of the text."""
    ways = _ways(document)
    found: dict[Location, tuple[int, int]] = {}
    for place in {place for each in listed for place in (each.location, each.location.before())}:
        span = ways.get(tuple(_plain(step) for step in place.steps if step.kind != "introductory part"))
        if span is not None:
            found[place] = span
    return found


def _plain(step: Step) -> str:
    """A step as a label of a text shows it."""
    if step.kind in {"article", "recital", "chapter", "annex", "title", "part", "citation", "section"}:
        return f"{step.kind} {step.number}{step.suffix}"
    return f"{step.number}{step.suffix}"


def _ways(document: Document) -> dict[tuple[str, ...], tuple[int, int]]:
    """The labels that lead to each clause -> where its words stand."""
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    path: list[tuple[int, str]] = []
    for clause in tree.clauses(document.passage):
        runs = [node for node in clause.passage.items if isinstance(node, tree.Run)]
        if not clause.label or not runs:
            continue
        level = 0 if clause.kind is tree.ClauseKind.HEADING else clause.level
        while path and path[-1][0] >= level:
            path.pop()
        path.append((level, clause.label.strip("().").lower()))
        way = tuple(label for _, label in path)
        if len(way) == 1 and way[0].isdigit():
            way = (f"recital {way[0]}",)  # numbers that stand under no article
        words = runs[-1].text.rstrip()
        found.setdefault(way, (runs[0].lo, runs[-1].lo + len(words)))
    return found


# --- anchoring ----------------------------------------------------------------------------------


class _Ground:
    """The base, its clauses in order, and where its places are."""

    def __init__(
        self, text: str, document: Document, places: dict[Location, tuple[int, int]], language: str = ""
    ) -> None:
        self.text = text
        self.language = language
        self.places = places
        self._order = sorted(places)
        self._runs = list(_runs(document))
        self._starts = [run.lo for _, run in self._runs]
        self._extents: dict[NodeId, tuple[int, int]] = {}
        for clause, run in self._runs:
            first, _ = self._extents.setdefault(clause, (run.lo, run.hi))
            self._extents[clause] = (first, run.hi)
        self._said: dict[tuple[int, int], str] | None = None
        self._lookups = 0

    def clause(self, lo: int, hi: int) -> NodeId:
        """The clause that holds all of a range; empty where there is none."""
        first = bisect_right(self._starts, lo) - 1
        last = bisect_right(self._starts, max(hi - 1, lo)) - 1
        if first < 0 or self._runs[first][0] != self._runs[last][0]:
            return b""
        return self._runs[first][0]

    def whole(self, clause: NodeId, lo: int, hi: int) -> bool:
        """Whether a range is all that a clause says."""
        start, end = self._extents[clause]
        return not self.text[start:lo].strip() and not self.text[hi:end].strip()

    def behind(self, place: Location) -> tuple[int, Location] | None:
        """Where a new place begins: behind the last place of the base that comes before it, and which that is."""
        at = bisect_right(self._order, place)
        if not at:
            return None
        before = self._order[at - 1]
        held = [before, *(each for each in before.holders() if len(each.steps) >= len(place.steps))]
        return max(self.places[each][1] for each in held if each in self.places), before

    def by_words(self, said: str) -> tuple[tuple[int, int], float] | None:
        """The clause or the place of the base whose words are most like these, and how like, in per cent."""
        if self._lookups == MOST_ELSEWHERE:
            return None
        self._lookups += 1
        if self._said is None:
            spans = {*self.places.values(), *self._extents.values()}
            self._said = {(lo, hi): self.text[lo:hi].strip() for lo, hi in sorted(spans)}
        near = process.extractOne(said, self._said, scorer=fuzz.ratio, score_cutoff=BY_WORDS)
        if near is None:
            return None
        (lo, hi), words = near[2], near[0]
        lo = self.text.index(words, lo, hi)
        return (lo, lo + len(words)), near[1]


def _runs(document: Document) -> Iterator[tuple[NodeId, tree.Run]]:
    """Every run of the base with the innermost clause that holds it, in the order of the text."""
    waiting: list[tuple[tree.Passage | tree.Item, NodeId]] = [(document.passage, b"")]
    while waiting:
        node, clause = waiting.pop()
        match node:
            case tree.Run():
                yield clause, node
            case tree.Clause():
                waiting.append((node.passage, node.id))
            case tree.Slot():
                waiting.extend((variant.passage, clause) for variant in reversed(node.variants))
            case tree.Passage():
                waiting.extend((item, clause) for item in reversed(node.items))
            case tree.Echo():
                pass  # a base as imported has none


def _anchor(ground: _Ground, each: Amendment) -> Anchored:
    if not each.old or each.location.new:
        return _at_new_place(ground, each)
    span, deviation, how = _span(ground, each)
    if span is None:
        return Anchored(each, Kind.EDIT, b"", (), "", deviation, how)
    lo, hi = span
    clause = ground.clause(lo, hi)
    if clause and ground.whole(clause, lo, hi):
        if not each.new:
            return Anchored(each, Kind.DELETION, clause, (), "", deviation, how)
        if _alike(each.old, each.new) < REWRITTEN:
            return Anchored(each, Kind.REWRITE, clause, (), each.new, deviation, how)
    hunks = _hunks(each, ground.text[lo:hi], lo)
    if not hunks:
        return Anchored(each, Kind.EDIT, b"", (), "", deviation, "It puts there what it quotes, and changes nothing.")
    touched = {ground.clause(hunk.lo, hunk.hi) for hunk in hunks}
    if len(touched) > 1 or b"" in touched:
        sentence = "It is about several clauses of the base at once; divide it, or give a base of its own wording."
        return Anchored(each, Kind.EDIT, b"", (), "", deviation, sentence)
    return Anchored(each, Kind.EDIT, touched.pop(), hunks, "", deviation, how)


def _span(ground: _Ground, each: Amendment) -> tuple[tuple[int, int] | None, float, str]:
    """The words of the base that an amendment quotes, how far it departs from them, and what to say about it."""
    span = ground.places.get(each.location)
    if span is not None:
        at = ground.text.find(each.old, *span)
        if at >= 0 and len(each.old) < len(ground.text[slice(*span)].strip()):
            return (at, at + len(each.old)), 0.0, "It quotes a part of what stands at its place."
        score = _alike(each.old, ground.text[slice(*span)])
        if score >= NEAREST:
            return span, _deviation(each.old, ground.text[slice(*span)]), ""
        part = _part(each.old, ground.text[slice(*span)])
        if part is not None:
            found = (span[0] + part[0], span[0] + part[1])
            return (
                found,
                _deviation(each.old, ground.text[slice(*found)]),
                "It quotes a part of what stands at its place.",
            )
    near = ground.by_words(each.old)
    if near is not None:
        return (
            near[0],
            _deviation(each.old, ground.text[slice(*near[0])]),
            "Its words stand elsewhere than where it says.",
        )
    if each.language != ground.language:
        return None, 100.0, f"It quotes the text in another language ({each.language or 'not said which'})."
    if span is None:
        return None, 100.0, "The base has no such place, and its words stand nowhere else."
    return (
        None,
        _deviation(each.old, ground.text[slice(*span)]),
        ("What it quotes is too far from what stands at its place, and stands nowhere else."),
    )


def _at_new_place(ground: _Ground, each: Amendment) -> Anchored:
    """An insertion; or a place that goes as a whole, quoted by nobody."""
    span = ground.places.get(each.location)
    if not each.new and span is not None:
        how = "It quotes nothing: what goes is the heading, and with it all that stands under it."
        return Anchored(each, Kind.DELETION, ground.clause(*span), (), "", 0.0, how)
    behind = ground.behind(each.location)
    if behind is None or not each.new:
        return Anchored(each, Kind.INSERTION, b"", (), "", 100.0, "The base has nothing at that place or before it.")
    at, place = behind
    how = "" if place == each.location.before() else f"It is put behind {place}."
    how = "It quotes words for a place that is new; they are left aside." if each.old else how
    how = f"Its words are in another language ({each.language})." if each.language != ground.language else how
    hunk = Hunk(IMPORTED, at, at, "\n\n" + each.new)
    return Anchored(each, Kind.INSERTION, ground.clause(at - 1, at), (hunk,), "", 0.0, how)


def _alike(one: str, other: str) -> float:
    """Per cent of the words that two texts share in order.  Letters would make of two languages half a match."""
    return 100 * Indel.normalized_similarity(_WORDS.findall(one), _WORDS.findall(other))


def _deviation(quoted: str, base: str) -> float:
    """Per cent of the letters that a quotation has otherwise than the base; above 0 wherever they differ at all."""
    return 0.0 if quoted == base else max(0.1, round(100 - fuzz.ratio(quoted, base), 1))


# --- hunks --------------------------------------------------------------------------------------


def _hunks(each: Amendment, base: str, offset: int) -> tuple[Hunk, ...]:
    """What an amendment changes, as hunks of the base; its quotation may differ from the base."""
    changes = _changes(each.old, each.new)
    over = _Over(each.old, base)
    laid = [(over.lo(lo), over.hi(hi), new) for lo, hi, new in changes]
    merged: list[tuple[int, int, str]] = []
    for lo, hi, new in laid:
        if merged and lo < merged[-1][1]:
            first, end, before = merged.pop()
            merged.append((first, max(hi, end), before + new))
        else:
            merged.append((lo, max(lo, hi), new))
    if len(merged) > MOST_HUNKS:
        merged = [(0, len(base), each.new)]
    return tuple(Hunk(IMPORTED, offset + lo, offset + hi, new) for lo, hi, new in merged if base[lo:hi] != new)


def _changes(old: str, new: str) -> list[tuple[int, int, str]]:
    """(from, to, new words) in offsets of `old`: the difference in words, near changes taken together."""
    left, right = _TOKENS.findall(old), _TOKENS.findall(new)
    at_left, at_right = _offsets(left), _offsets(right)
    changes: list[tuple[int, int, int, int]] = []
    for op in Indel.opcodes(left, right):
        if op.tag == "equal":
            continue
        if changes and op.src_start - changes[-1][1] <= MOST_KEPT_GAP:
            first = changes.pop()
            changes.append((first[0], op.src_end, first[2], op.dest_end))
        else:
            changes.append((op.src_start, op.src_end, op.dest_start, op.dest_end))
    return [(at_left[a], at_left[b], new[at_right[c] : at_right[d]]) for a, b, c, d in changes]


def _offsets(tokens: list[str]) -> list[int]:
    found = [0]
    for token in tokens:
        found.append(found[-1] + len(token))
    return found


class _Over:
    """Offsets of a quotation laid over to the base: exactly where they agree, to the edge of a departure elsewhere."""

    def __init__(self, quoted: str, base: str) -> None:
        self._blocks = [op for op in Levenshtein.opcodes(quoted, base) if op.src_start < op.src_end]
        self._starts = [op.src_start for op in self._blocks]

    def lo(self, offset: int) -> int:
        """Where a change begins."""
        op = self._blocks[bisect_right(self._starts, offset) - 1]
        if offset >= op.src_end:
            return op.dest_end
        return op.dest_start + (offset - op.src_start if op.tag == "equal" else 0)

    def hi(self, offset: int) -> int:
        """Where a change ends."""
        op = self._blocks[max(bisect_left(self._starts, offset) - 1, 0)]
        return op.dest_start + (offset - op.src_start) if op.tag == "equal" else op.dest_end
