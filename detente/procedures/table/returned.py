"""What paper cannot carry, put back into a text that returns from it.

Paper knows no stars, no line ends of an editor, no names of notes: what is read of a document differs from the text
that it was written from, though nobody changed a word.  So three texts are compared:

    base    the reading of the text that went out
    sent    what is read of the document as it went out
    back    what is read of the document that came back

`base` and `sent` are cut into stretches that belong together: a paragraph each, where the letters and digits are the
same, and whatever lies between two of these.  A stretch that is the same in `sent` and `back` nobody touched, and there
the words of `base` stand.  What differs is put into `base` at its place, where paper carried all its letters, and is
taken as it came where it did not.  Where `sent` is `base`, the answer is `back`, byte for byte; where `back` is `sent`,
it is `base`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

from detente.procedures.table import align, sheet
from detente.procedures.table.align import Fate, Row
from detente.procedures.table.hunks import Budget, How, Span, spans
from detente.procedures.table.parse import parse
from detente.procedures.table.sheet import Paragraph, Sheet


def restored(base: Sheet, sent: Sheet, back: Sheet) -> str:
    """The text that came back, with what only paper had changed as it was before."""
    if [each.written for each in sent] == [each.written for each in back]:
        return _written(base)
    stretches = list(_by_letters(base, sent))
    budget = Budget()
    words: list[str] = []
    for stretch, rows in _together(align.revisions(sent, back).rows, stretches):
        came = _written(back[row.b] for row in rows if row.b is not None)
        if stretch is None or not stretch.is_whole(rows):
            words.append(came)
            continue
        before, after = _written(base[stretch.a : stretch.b]), _written(sent[stretch.c : stretch.d])
        if came == after:
            words.append(before)
        else:
            words.append(_put_back(before, after, came, budget) if _letters(before) == _letters(after) else came)
    return "".join(words)


def regrouped(base: Sheet, other: Sheet) -> Sheet:
    """The paragraphs of another text put together as `base` has them.

    Where one variant was chosen, a clause may hold what reads as a paragraph of its own once it is written down.
    """
    echo = sheet.as_negotiated(parse(_written(base)).document)
    made: list[Paragraph] = []
    for stretch, rows in _together(align.revisions(echo, other).rows, list(_by_place(base, echo))):
        came = [other[row.b] for row in rows if row.b is not None]
        if stretch is None or not stretch.is_whole(rows):
            made += came
        elif all(row.fate is Fate.EQUAL for row in rows):
            made += base[stretch.a : stretch.b]
        elif stretch.b - stretch.a == 1:
            made.append(replace(came[0], pieces=tuple(piece for each in came for piece in each.pieces)))
        else:
            made += came
    return tuple(made)


# --- stretches that belong together -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Paragraphs a to b of one sheet, which are c to d of another."""

    a: int
    b: int
    c: int
    d: int

    def is_whole(self, rows: list[Row]) -> bool:
        """Whether these rows are all paragraphs of the other sheet's part, in their order."""
        return [row.a for row in rows] == [*range(self.c, self.d)]


def _by_letters(base: Sheet, sent: Sheet) -> Iterator[_Stretch]:
    """A stretch for each paragraph that paper carried whole, and for what lies between two of these."""
    at = other = 0
    for row in align.revisions(base, sent).rows:
        if row.a is None or row.b is None or not (row.in_a and row.in_b):
            continue
        if _letters(base[row.a].written) == _letters(sent[row.b].written):
            if (at, other) != (row.a, row.b):
                yield _Stretch(at, row.a, other, row.b)
            yield _Stretch(row.a, row.a + 1, row.b, row.b + 1)
            at, other = row.a + 1, row.b + 1
    if (at, other) != (len(base), len(sent)):
        yield _Stretch(at, len(base), other, len(sent))


def _by_place(base: Sheet, echo: Sheet) -> Iterator[_Stretch]:
    """Two cuts of one text: a stretch from each place where both are cut to the next."""
    ends = {place: number for number, place in enumerate(accumulate(len(each.written) for each in base), 1)}
    at = other = place = 0
    for number, each in enumerate(echo, 1):
        place += len(each.written)
        if place in ends:
            yield _Stretch(at, ends[place], other, number)
            at, other = ends[place], number


def _together(rows: Iterable[Row], stretches: Iterable[_Stretch]) -> Iterator[tuple[_Stretch | None, list[Row]]]:
    """The rows of the second sheet in order; those side by side that belong to one stretch as one."""
    owner: Mapping[int, _Stretch] = {at: each for each in stretches for at in range(each.c, each.d)}
    shown = [row for row in rows if row.b is not None and row.in_b]
    for stretch, group in groupby(shown, lambda row: owner.get(row.a) if row.a is not None else None):
        yield stretch, list(group)


def _written(paragraphs: Iterable[Paragraph]) -> str:
    return "".join(each.written for each in paragraphs)


def _letters(written: str) -> list[str]:
    return [each for each in written if each.isalnum()]


# --- one stretch ------------------------------------------------------------------------------------


def _put_back(base: str, sent: str, back: str, budget: Budget) -> str:
    """The changes from `sent` to `back`, made in `base`."""
    if base == sent:
        return back
    places = _places(spans(base, sent, budget), len(sent))
    words: list[str] = []
    at = 0
    for turn in _turns(spans(sent, back, budget)):
        lo, hi = places.range(turn.lo, turn.hi)
        words += [base[at : max(lo, at)], turn.words]
        at = max(hi, at)
    return "".join([*words, base[at:]])


@dataclass(frozen=True, slots=True)
class _Turn:
    """Letters lo to hi of a wording, and what stands in their place."""

    lo: int
    hi: int
    words: str


def _turns(changes: tuple[Span, ...]) -> list[_Turn]:
    """What was deleted, with what was put in its place."""
    found: list[_Turn] = []
    for span in changes:
        last = found[-1] if found else None
        if span.how is How.DELETED:
            found.append(_Turn(span.a, span.a + len(span.text), ""))
        elif span.how is How.INSERTED and last is not None and last.hi == span.a:
            found[-1] = _Turn(last.lo, last.hi, last.words + span.text)
        elif span.how is How.INSERTED:
            found.append(_Turn(span.a, span.a, span.text))
    return found


@dataclass(frozen=True, slots=True)
class _Places:
    """For every letter of `sent`, where it begins and ends in `base`."""

    begins: list[int]
    ends: list[int]

    def range(self, lo: int, hi: int) -> tuple[int, int]:
        """Where letters lo to hi stand; for a gap, right behind the letter before it."""
        if lo < hi:
            return self.begins[lo], self.ends[hi - 1]
        at = self.ends[lo - 1] if lo else 0
        return at, at


def _places(changes: tuple[Span, ...], letters: int) -> _Places:
    """Letters that paper put in stand where those stood that it left out."""
    begins, ends = [0] * letters, [0] * letters
    before = 0  # where in `base` what paper changed begins
    at = 0  # how far `base` has been read
    for span in changes:
        match span.how:
            case How.DELETED:
                at = span.a + len(span.text)
            case How.INSERTED:
                begins[span.b : span.b + len(span.text)] = [before] * len(span.text)
                ends[span.b : span.b + len(span.text)] = [at] * len(span.text)
            case How.KEPT:
                for number in range(len(span.text)):
                    begins[span.b + number], ends[span.b + number] = span.a + number, span.a + number + 1
                before = at = span.a + len(span.text)
    return _Places(begins, ends)
