"""Marks: numbers, brackets, places kept for something, letters that are not what they seem, and the final clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from detente.procedures.table import tree
from detente.procedures.table.lint_look import Finding, Look, Provision, short, together
from detente.procedures.table.tree import ClauseKind, Form, Slot
from detente.wire import text as safety

# --- numbers ------------------------------------------------------------------------------------

_WIDEST_GAP = 3  # missing numbers in a row; more is another series
_ROMAN = {"i": 1, "v": 5, "x": 10}

Value = tuple[str, int]  # how it is written, and which it is: ("letters", 3) for c


def numbering(look: Look) -> Iterator[Finding]:
    """Numbers that are missing between two of one series, and numbers that two provisions of it bear."""
    for members in _counted_together(look):
        yield from _Count(look, members).findings()


def _counted_together(look: Look) -> Iterator[list[Provision]]:
    """Headings of one kind; paragraphs of one article; points of one paragraph."""
    groups: dict[tuple[object, ...], list[Provision]] = {}
    paragraph = -1
    for each in look.provisions:
        kind = each.clause.kind
        if kind in {ClauseKind.PARAGRAPH, ClauseKind.HEADING}:
            paragraph = each.place
        if not each.number or kind in {ClauseKind.NOTE, ClauseKind.FRONT}:
            continue
        over = each.number.rpartition(".")[0]
        if kind is ClauseKind.HEADING:
            groups.setdefault((kind, each.clause.label.split()[0].lower(), over), []).append(each)
        elif kind is ClauseKind.PARAGRAPH:
            groups.setdefault((kind, each.article, over), []).append(each)
        else:
            groups.setdefault((kind, paragraph, each.clause.label[:1] == "("), []).append(each)
    yield from groups.values()


def values(number: str) -> list[Value]:
    """What a number may be: 3; of "i" the ninth letter or the first roman; of "3bis" nothing, it counts with 3."""
    last = number.rpartition(".")[2]
    found: list[Value] = []
    if last.isdigit():
        found.append(("digits", int(last)))
    if re.fullmatch(r"[a-z]", last):
        found.append(("letters", ord(last) - ord("a") + 1))
    if re.fullmatch(r"[ivx]{1,6}", last):
        digits = [_ROMAN[letter] for letter in last]
        signed = (-one if one < other else one for one, other in zip(digits, [*digits[1:], 0], strict=True))
        found.append(("roman", sum(signed)))
    return found


@dataclass
class _Series:
    """A series that is being counted."""

    style: str
    last: int
    seen: dict[int, Provision]


class _Count:
    """One pass over provisions that are counted together.

    Series are open within each other: an inner one may end, and the outer one goes on.
    """

    def __init__(self, look: Look, members: list[Provision]) -> None:
        self._look = look
        self._members = members
        self._present = {value for each in members for value in values(each.number)}
        self._open: list[_Series] = []
        self._told: set[str] = set()

    def findings(self) -> Iterator[Finding]:
        """What is missing, and what is there twice."""
        for each in self._members:
            found = values(each.number)
            if not found or self._goes_on(each, found):
                continue
            first = next((value for value in found if value[1] == 1), None)
            if first is not None or not self._open:
                style, value = first or found[0]
                self._open.append(_Series(style, value, {value: each}))
                continue
            yield from self._out_of_order(each, found)

    def _goes_on(self, each: Provision, found: list[Value]) -> bool:
        """Whether it is the next of an open series, or an alternative to one of its members."""
        for depth in range(len(self._open) - 1, -1, -1):
            series = self._open[depth]
            for style, value in found:
                if style != series.style:
                    continue
                alike = series.seen.get(value)
                other_way = alike is not None and not together(alike.branch, each.branch)
                if value == series.last + 1 or other_way:
                    del self._open[depth + 1 :]
                    series.last = value
                    series.seen[value] = each
                    return True
        return False

    def _out_of_order(self, each: Provision, found: list[Value]) -> Iterator[Finding]:
        series = self._open[-1]
        value = next((value for style, value in found if style == series.style), None)
        if value is None:
            return
        before, series.last = series.last, value
        alike = series.seen.setdefault(value, each)
        missing = [gap for gap in range(before + 1, value) if (series.style, gap) not in self._present]
        if missing and value - before - 1 <= _WIDEST_GAP:
            what = self._look.provisions[series.seen[before].place].clause.label if before in series.seen else before
            yield self._look.finding(
                "numbering", each.lo, f"Between {what} and {each.clause.label} {_are_missing(len(missing))}."
            )
        elif alike is not each and each.number not in self._told:
            self._told.add(each.number)
            sentence = f"{each.clause.label} stands at line {alike.clause.line} already."
            yield self._look.finding("number-twice", each.lo, sentence)


def _are_missing(count: int) -> str:
    return "a number is missing" if count == 1 else f"{count} numbers are missing"


# --- brackets -----------------------------------------------------------------------------------


def unbalanced(look: Look) -> Iterator[Finding]:
    """Brackets that close nothing, or that nothing closes."""
    for each in look.parsed.diagnostics:
        if each.kind in {"unclosed", "stray"}:
            yield Finding("brackets-unbalanced", each.line, each.sentence)


_LEFT_OVER = re.compile(
    r"\bTB[DC]\b|\b(?:to be|TO BE) (?:added|completed|confirmed|inserted)\b(?! (?:by|to|on|in)\b)|\bArticle X\b"
    r"|\b(?:to be|TO BE) (?:agreed|decided|defined|determined|specified)(?=[ ]*[\])}.;]|[ ]*\n\n)"
    r"|_{3,}|\bXX+\b|\bQQ\.[A-Z]\.[Xx]\b|\?\?+|\b(?:FIXME|TODO)\b"
)
_CURLY_PLACE = re.compile(r"\{[ ]?Placeholder\b[^{}]{0,120}\}", re.IGNORECASE)


def placeholders(look: Look) -> Iterator[Finding]:
    """Places kept for something that is not there yet."""
    lines: set[int] = set()
    for slot in look.slots:
        if slot.placeholder and slot.line not in lines:
            lines.add(slot.line)
            said = short("".join(run for run in _said(slot)))
            yield Finding("placeholder", slot.line, f"A place is kept here: “{said}”")
    for pattern in (_LEFT_OVER, _CURLY_PLACE):
        for found in pattern.finditer(look.words):
            line = look.line(found.start())
            if line not in lines:
                lines.add(line)
                yield Finding("placeholder", line, f"“{short(found[0])}” is left over.")


def _said(slot: Slot) -> Iterator[str]:
    return tree.written(slot.variants[0].passage)


_MOST_SPONSORED = 0.5


def sponsorless(look: Look) -> Iterator[Finding]:
    """Brackets without a sponsor, in a text that gives one for most; of another one finding says that it gives none.

    A bracket within words that have a sponsor is that sponsor's, and one round such words only holds them together.
    """
    brackets = [slot for slot in look.slots if slot.form in {Form.BRACKET, Form.EXCLUSIVE} and not slot.placeholder]
    bare = [slot for slot in brackets if not _sponsored(slot)]
    if len(bare) > len(brackets) * _MOST_SPONSORED:
        sentence = (
            f"{len(bare)} of {len(brackets)} brackets name no sponsor: ask who holds them before they are settled."
        )
        yield Finding("sponsorless", bare[0].line, sentence)
        return
    within = {inner.id for slot in brackets if _sponsored(slot) for inner in _inside(slot)}
    for slot in bare:
        if slot.id not in within and not any(_sponsored(inner) for inner in _inside(slot)):
            yield Finding("sponsorless", slot.line, f"Nobody is named who wants “{short(''.join(_said(slot)), 50)}”.")


def _sponsored(slot: Slot) -> bool:
    return any(variant.attributions for variant in slot.variants)


def _inside(slot: Slot) -> Iterator[Slot]:
    return (inner for variant in slot.variants for inner in tree.slots(variant.passage))


# --- letters ------------------------------------------------------------------------------------

_ORDINARY = {0x0C, 0x0D, 0xA0}  # form feeds and carriage returns of files, and the space that does not break
_MIXED = re.compile(r"(?=\w*[A-Za-z])(?=\w*[\u0370-\u03ff\u0400-\u04ff])\w{2,}")


def hidden(look: Look) -> Iterator[Finding]:
    """Letters that nobody sees, that turn the direction of writing, or that look like others."""
    seen: dict[int, list[safety.Flag]] = {}
    for flag in safety.flags(look.text):
        if flag.code_point not in _ORDINARY and not (flag.offset == 0 and flag.code_point == 0xFEFF):
            seen.setdefault(flag.code_point, []).append(flag)
    for code_point, places in seen.items():
        sentence = f"U+{code_point:04X}, {places[0].why}: {len(places)} times, here first."
        yield look.finding("hidden-letters", places[0].offset, sentence)
    for found in _MIXED.finditer(look.text):
        letters = ", ".join(f"U+{ord(letter):04X}" for letter in found[0] if ord(letter) > 0x36F)
        sentence = f"“{found[0]}” mixes letters of two scripts that look alike ({letters})."
        yield look.finding("look-alikes", found.start(), sentence)


# --- final clauses ------------------------------------------------------------------------------

_CONSENT = (
    r"open(?:ed)? for signature|subject to ratification|shall be signed"
    r"|instruments? of (?:ratification|acceptance|approval|accession)"
)
_AUTHENTIC = r"equally authentic|authentic texts?|texts? (?:of which )?(?:are|being|is) (?:equally )?authentic"
_FINAL = (
    ("entry into force", r"enters? into force|entry into force|comes? into (?:force|effect)", "VCLT 24"),
    ("signature or consent", _CONSENT, "VCLT 11"),
    ("a depositary", r"\bdepositary\b|deposited with", "VCLT 76"),
    ("authentic languages", _AUTHENTIC, "VCLT 33"),
    ("date and place", r"\bDone (?:at|in)\b|\bIn witness whereof\b", "VCLT 10"),
)
_FEWEST_FINAL = 3  # of them that a text has, to be looked at as one with final clauses


def final_clauses(look: Look) -> Iterator[Finding]:
    """What the final part of a treaty lacks; asked only of a text that has one."""
    flat = " ".join(look.words.split())
    present = [name for name, pattern, _ in _FINAL if re.search(pattern, flat, re.IGNORECASE)]
    if len(present) < _FEWEST_FINAL:
        return
    last = look.provisions[-1].lo if look.provisions else 0
    for name, _, source in _FINAL:
        if name not in present:
            yield look.finding("final-clauses", last, f"Nothing in the text says of {name} ({source}).")


_OPTION = re.compile(r"^[ \t\[*_]*Option[ ]+(?:\d{1,2}|\([a-z]\)|[IVX]+)\b[^\n]{0,60}", re.MULTILINE)


_OPTION = re.compile(r"^[ \t\[*_]*Option[ ]+(?:\d{1,2}|\([a-z]\)|[IVX]+)\b[^\n]{0,60}", re.MULTILINE)


def dangling_options(look: Look) -> Iterator[Finding]:
    """An option that stands alone: its alternatives are not there, or a bracket crosses them."""
    for found in _OPTION.finditer(look.words):
        sentence = f"“{short(found[0], 40)}” has no other option beside it, or a bracket crosses it."
        yield look.finding("option-alone", found.start(), sentence)
