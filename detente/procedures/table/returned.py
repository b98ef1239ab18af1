"""What paper cannot carry, put back into a text that returns from it.

Paper knows no stars, no line ends of an editor, no blanks at the end of a line: what is read of a document differs
from the text that it was written from, though nobody changed a word.  So three texts are compared:

    base    the reading of the text that went out
    sent    what is read of the document as it went out
    back    what is read of the document that came back

What is the same in `sent` and `back` nobody touched, and there the words of `base` stand; what differs is put into
`base` at its place.  A paragraph whose letters and digits paper did not carry one by one is taken as it came.  Where
`sent` is `base`, the answer is `back`, byte for byte; where `back` is `sent`, it is `base`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate

from detente.procedures.table import align, sheet
from detente.procedures.table.align import Fate
from detente.procedures.table.hunks import Budget, How, Span, spans
from detente.procedures.table.parse import parse
from detente.procedures.table.sheet import Paragraph, Sheet


def restored(base: Sheet, sent: Sheet, back: Sheet) -> str:
    """The text that came back, with what only paper had changed as it was before."""
    pairs = [(row.a, row.b) for row in align.revisions(base, sent).rows if row.in_b]
    homes = {b: a for a, b in pairs if a is not None and b is not None and _same_letters(base[a], sent[b])}
    budget = Budget()
    words: list[str] = []
    for row in align.revisions(sent, back).rows:
        if row.b is None or not row.in_b:
            continue
        home = homes.get(row.a) if row.a is not None and row.fate is not Fate.INSERTED else None
        came = back[row.b].written
        if row.a is None or home is None:
            words.append(came)
        else:
            words.append(_put_back(base[home].written, sent[row.a].written, came, budget))
    return "".join(words)


def regrouped(base: Sheet, other: Sheet) -> Sheet:
    """The paragraphs of another text put together as `base` has them.

    Where one variant was chosen, a clause may hold what reads as a paragraph of its own once it is written down.
    """
    echo = sheet.as_negotiated(parse("".join(each.written for each in base)).document)
    begins = {0, *accumulate(len(each.written) for each in base)}
    starts = [0, *accumulate(len(each.written) for each in echo)]
    goes_on = {at for at in range(len(echo)) if starts[at] not in begins}
    if not goes_on:
        return other
    made: list[Paragraph] = []
    before: int | None = None  # the paragraph of `echo` that the last one is
    for row in align.revisions(echo, other).rows:
        if row.b is None or not row.in_b:
            continue
        paragraph = other[row.b]
        if row.in_a and row.a in goes_on and before == row.a - 1 and made:
            made[-1] = replace(made[-1], pieces=(*made[-1].pieces, *paragraph.pieces))
        else:
            made.append(paragraph)
        before = row.a if row.in_a else None
    return tuple(made)


def _same_letters(one: Paragraph, other: Paragraph) -> bool:
    return [each for each in one.written if each.isalnum()] == [each for each in other.written if each.isalnum()]


def _put_back(base: str, sent: str, back: str, budget: Budget) -> str:
    """One paragraph: the changes from `sent` to `back`, made in `base`."""
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
