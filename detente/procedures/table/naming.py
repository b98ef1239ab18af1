"""What clauses are called, and how the text refers to them.

A clause has an id, which never changes, and a name, which is derived: "Article 5, 2 (a)".  Before a text is
published a name is made of the labels as they were written, of the clause and of what it stands under.  When it is
published the names are frozen: from then on a clause keeps its name wherever it goes, and one that comes in is
called after the one before it: bis, ter, quater, in the order in which they stand there.  (Between 4 and a frozen
4 bis comes 4 ter, as lawyers have it: the number tells when it came, the place tells where it stands.)
Publishing may also number anew.  Names are what the table calls clauses; the words of the text are left alone.

New words may refer to a clause as `{ref:` with its id in 32 hex digits `}`.  Whoever reads the clean text reads its
name there, whatever it is by then.  A text that refers to a clause that does not stand is not clean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from detente.ground.errors import Refused
from detente.procedures.table import tree
from detente.procedures.table.model import Text, clause_stands
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.tree import Clause, ClauseKind, NodeId

REFERENCE = re.compile(r"\{ref:([0-9a-f]{32})\}")
_LATIN = (
    "bis", "ter", "quater", "quinquies", "sexies", "septies", "octies", "novies", "decies", "undecies", "duodecies",
)  # fmt: skip
_NUMBER = re.compile(r"(.*?)(\d+)(?: (?:" + "|".join(_LATIN) + r"|\d+))?")
_LETTER = re.compile(r"\(([a-z]+)\)")
_WORDS_OF_A_HEADING = 6


# --- names ----------------------------------------------------------------------------------------


def names(text: Text) -> Mapping[NodeId, str]:
    """What every top clause is called, those that are proposed too: each otherwise."""
    if not text.named:
        text.named.update(_names(text))
    return text.named


def _names(text: Text) -> Iterator[tuple[NodeId, str]]:
    used = set(text.frozen.values())
    found: dict[NodeId, str] = {}
    for parent in (WHOLE, *text.seen.order):
        base, unlabelled = "", 0
        for name in text.seen.children(parent):
            clause = text.clauses[name].ground.clause
            unlabelled += not clause.label
            called = text.frozen.get(name)
            if called is None:
                above = found.get(parent, "")
                written = joined(above, clause.label or _unlabelled(clause, unlabelled))
                called = _called(text, clause, written, base or joined(above, "0"), used)
            used.add(called)
            found[name] = called
            base = base if _is_after(called, base) else called
            yield name, called


def _called(text: Text, clause: Clause, written: str, base: str, used: set[str]) -> str:
    """A name that nobody has: as it is written, where it may be, otherwise after the one before it."""
    came_later = bool(text.frozen) or clause.id not in text.index.clauses
    if written not in used and (not came_later or _is_after(written, base) or (clause.label and not text.frozen)):
        return written
    return next(each for each in _after(base) if each not in used)


def joined(above: str, own: str) -> str:
    """A name under another one."""
    if not above:
        return own
    return f"{above} {own}" if own.startswith("(") else f"{above}, {own}"


def _unlabelled(clause: Clause, count: int) -> str:
    if clause.kind is ClauseKind.HEADING:
        words = "".join(tree.written(clause.passage)).strip("#* \r\n").split()
        if words:
            return " ".join(words[:_WORDS_OF_A_HEADING])
    return f"¶ {count}"


def _after(base: str) -> Iterator[str]:
    """The names of what comes in after something, in order; the first is its own, for it may be free."""
    yield from (base, *(f"{base} {each}" for each in _LATIN))
    number = len(_LATIN) + 2
    while True:
        yield f"{base} {number}"
        number += 1


def _is_after(name: str, base: str) -> bool:
    """Whether something is called after another one."""
    if not base or not name.startswith(base + " "):
        return False
    rest = name[len(base) + 1 :]
    return rest in _LATIN or rest.isdigit()


# --- numbering anew ---------------------------------------------------------------------------------


def numbered(text: Text) -> dict[NodeId, str]:
    """Names for every clause that stands, numbered anew under each parent, in the style in which each was."""
    known = names(text)
    found: dict[NodeId, str] = {}
    for parent in (WHOLE, *text.outline.order):
        above = found.get(parent, "")
        own = {each: _own(text.clauses[each].ground.clause, known[each]) for each in text.outline.children(parent)}
        styles = {each: _style(label) for each, label in own.items()}
        roman = next((label for label in own.values() if _LETTER.fullmatch(label)), "") == "(i)"
        counts: dict[str, int] = {}
        for each, label in own.items():
            style = styles[each]
            counts[style] = counts.get(style, 0) + 1
            found[each] = joined(above, _number(style, counts[style], roman=roman) or label)
    return found


def _own(clause: Clause, name: str) -> str:
    """What a clause is called by itself: as it is written, or the last part of its name."""
    written = clause.label or (_unlabelled(clause, 0) if clause.kind is ClauseKind.HEADING else "")
    last = name.rpartition(", ")[2]
    return written or last[last.rfind(" (") + 1 :]


def _style(label: str) -> str:
    """What is the same in labels that are numbered together."""
    if _LETTER.match(label):
        return "(a)"
    found = _NUMBER.fullmatch(label)
    return found[1] + "1" if found else label


def _number(style: str, count: int, *, roman: bool) -> str:
    if style == "(a)":
        return f"({_roman(count) if roman else _letters(count)})"
    return f"{style[:-1]}{count}" if style.endswith("1") else ""


def _letters(count: int) -> str:
    found = ""
    while count:
        count, letter = divmod(count - 1, 26)
        found = chr(ord("a") + letter) + found
    return found


_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


def _roman(count: int) -> str:
    found = ""
    for value, sign in _ROMAN:
        times, count = divmod(count, value)
        found += sign * times
    return found


# --- references -------------------------------------------------------------------------------------


def checked_references(text: Text, words: str) -> Refused | None:
    """Why these words may not refer to what they refer to, if they may not."""
    if any(not clause_stands(text, bytes.fromhex(each[1])) for each in REFERENCE.finditer(words)):
        return Refused("The words refer to a clause that is not in the text.", rule="table.reference")
    return None


def referring(text: Text, words: str) -> str:
    """Words with the names of the clauses to which they refer; what does not stand stays as it is written."""
    called = names(text)

    def name(found: re.Match[str]) -> str:
        clause = bytes.fromhex(found[1])
        return called.get(clause, found[0]) if _stands(text, clause) else found[0]

    return REFERENCE.sub(name, words)


def dangling(text: Text, words: str) -> Sequence[NodeId]:
    """The clauses to which these words refer and which do not stand, or stand empty."""
    return [each for found in REFERENCE.finditer(words) if not _stands(text, each := bytes.fromhex(found[1]))]


def _stands(text: Text, clause: NodeId) -> bool:
    """Whether this is one of the top clauses, and says anything."""
    if clause not in text.outline.current:
        return False
    return any(piece.strip() for piece in tree.written(text.clauses[clause].ground.clause.passage))
