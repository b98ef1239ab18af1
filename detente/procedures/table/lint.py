"""A text looked over before people do: findings that are notes, never edits.

The rules are the table below.  What a rule says is a doubt for a person to settle, so a rule rather says nothing than
something wrong: whoever reads two hundred false alarms at night reads the next finding no more.

    wrong      nobody can have meant it
    doubtful   look at it
    style      it is clear, and could be said better
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any

from detente.procedures.table import concordance, lint_marks, lint_references, lint_words
from detente.procedures.table.lint_look import Finding, Look
from detente.procedures.table.profile import EMPTY, Profile

MOST = 2_000  # findings of one rule; beyond them its last one says how many more


class Severity(Enum):
    """How sure a rule is."""

    WRONG = "wrong"
    DOUBTFUL = "doubtful"
    STYLE = "style"


@dataclass(frozen=True)
class Rule:
    """A rule: what it looks for, how sure it is, where it comes from."""

    name: str
    what: str
    severity: Severity
    source: str


_W, _D, _S = Severity.WRONG, Severity.DOUBTFUL, Severity.STYLE
_PRACTICE = "drafting practice"
_SMELLS = "Law Smells, arXiv 2110.11984"
_Find = Callable[[Look], Iterator[Finding]]
# A rule without a function of its own is found on the way by the one above it, or between texts.
RULES: tuple[tuple[Rule, _Find | None], ...] = (
    (Rule("brackets-unbalanced", "a bracket without its partner", _W, _PRACTICE), lint_marks.unbalanced),
    (Rule("hidden-letters", "letters that nobody sees, or that turn the line", _W, "Unicode TR 36"), lint_marks.hidden),
    (Rule("look-alikes", "a word of letters of two scripts", _W, "Unicode TR 39"), None),
    (Rule("reference-unresolved", "a reference to what is not there", _W, _SMELLS), lint_references.unresolved),
    (
        Rule("reference-ambiguous", "a reference to a number that is there twice", _D, _SMELLS),
        lint_references.ambiguous,
    ),
    (Rule("reference-dropped", "a reference to what was taken out", _W, _PRACTICE), lint_references.dropped),
    (Rule("numbering", "a number that is missing in its series", _D, _PRACTICE), lint_marks.numbering),
    (Rule("number-twice", "a number that two of a series bear", _D, _PRACTICE), None),
    (Rule("placeholder", "a place kept for something that is not there", _D, _PRACTICE), lint_marks.placeholders),
    (Rule("option-alone", "an option without another", _D, _PRACTICE), lint_marks.dangling_options),
    (Rule("sponsorless", "a bracket that nobody is named for", _D, _PRACTICE), lint_marks.sponsorless),
    (
        Rule("final-clauses", "what the final part of a treaty lacks", _D, "VCLT 10-24, 33, 76"),
        lint_marks.final_clauses,
    ),
    (Rule("term-unused", "a term that is defined and not used", _D, _PRACTICE), lint_words.terms_unused),
    (Rule("term-undefined", "an acronym that nothing introduces", _D, _PRACTICE), lint_words.terms_undefined),
    (Rule("two-spellings", "one word in two spellings", _S, _PRACTICE), lint_words.two_spellings),
    (Rule("modals-mixed", "shall beside should or will, of one subject", _D, _PRACTICE), lint_words.modals_mixed),
    (Rule("word-twice", "a word twice, one behind the other", _W, _PRACTICE), lint_words.words_twice),
    (
        Rule("sentence-twice", "a long sentence in two provisions", _S, "Dupex, arXiv 2110.00735"),
        lint_words.sentences_twice,
    ),
    (Rule("and-or", "and/or", _S, _PRACTICE), lint_words.and_or),
    (Rule("modals-changed", "another modal verb than in the revision before", _D, _PRACTICE), None),
    (Rule("out-of-step", "versions in two languages with other provisions", _W, "VCLT 33"), None),
)
BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule, _ in RULES}


def look_over(text: str, profile: Profile = EMPTY) -> tuple[Finding, ...]:
    """What there is to say about one text, in the order of its lines; `Malformed` where it cannot be parsed."""
    return findings(Look(text, profile))


def findings(look: Look) -> tuple[Finding, ...]:
    """The same, of a text that was prepared already."""
    found: list[Finding] = []
    for _, find in RULES:
        if find is not None:
            found.extend(_bounded(find(look)))
    return _in_order(found)


def between(revisions: list[Look]) -> tuple[Finding, ...]:
    """What changed between revisions of a text that deserves a look; lines are those of the later one."""
    found: list[Finding] = []
    for before, after in pairwise(revisions):
        found.extend(_bounded(lint_words.modals_changed(before, after)))
    return _in_order(found)


def languages(versions: Mapping[str, Look]) -> tuple[Finding, ...]:
    """Where versions in several languages are out of step with the first; lines are those of the other."""
    compared = concordance.compare({name: look.parsed.document for name, look in versions.items()})
    return tuple(Finding("out-of-step", each.line, f"{each.language}: {each.sentence}") for each in compared)


def _bounded(found: Iterator[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    more = 0
    for each in found:
        if len(kept) < MOST:
            kept.append(each)
        else:
            more += 1
    if more:
        kept.append(Finding(kept[-1].rule, kept[-1].line, f"And {more:,} more of this kind."))
    return kept


def _in_order(found: list[Finding]) -> tuple[Finding, ...]:
    order = {rule.name: place for place, (rule, _) in enumerate(RULES)}
    return tuple(sorted(found, key=lambda each: (each.line, order[each.rule], each.sentence)))


def as_json(found: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """The findings in plain values, each with what its rule says of itself."""
    return [
        {
            "rule": each.rule,
            "severity": BY_NAME[each.rule].severity.value,
            "line": each.line,
            "sentence": each.sentence,
            "what": BY_NAME[each.rule].what,
            "source": BY_NAME[each.rule].source,
        }
        for each in found
    ]
