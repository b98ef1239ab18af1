"""The rolling text for a page: a tree of clauses, words and slots as one flat row of tokens.

The template opens and closes what the tokens say and never calls itself, so a text may nest as deep as
the rules admit.  Beyond three brackets deep a slot begins closed, behind a summary of its first words.
Who is said to sponsor something is always written; the colour only repeats it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

COLLAPSED_BEYOND = 3
COLOURS = 6
_SUMMARY = 60  # characters
_AROUND = 24  # characters
_HEADING = re.compile(r"\A(\s*#{1,6} )")
_EMPHASIS = re.compile(r"(\*{1,2})([^*\n]+)\1")
_BY_PARTIES = ("proposal", "bag", "clause", "addition", "placement")


@dataclass(frozen=True)
class Token:
    """What the template writes next."""

    is_: str  # words, slot, /slot, variant, /variant, clause, /clause
    text: str = ""
    node: Mapping[str, Any] | None = None
    depth: int = 0
    collapsed: bool = False
    block: bool = False  # a slot that holds whole clauses
    colour: int = 0
    sponsors: str = ""
    proposed: bool = False


@dataclass(frozen=True)
class _Close:
    token: Token


def tokens(parts: Iterable[Mapping[str, Any]], palette: Palette) -> Iterator[Token]:
    """The tokens of a text, or of one clause."""
    waiting: list[tuple[Mapping[str, Any] | _Close | _Variant, int]] = [(each, 0) for each in reversed(list(parts))]
    while waiting:
        each, depth = waiting.pop()
        if isinstance(each, _Close):
            yield each.token
        elif isinstance(each, _Variant):
            token = each.token
            yield token
            waiting.append((_Close(Token("/variant", text=str(each.node["tail"]), proposed=token.proposed)), depth))
            waiting.extend((one, depth) for one in reversed(each.node["parts"]))
        elif each["is"] == "words":
            yield Token("words", text=str(each["text"]), node=each)
        elif each["is"] == "clause":
            yield Token("clause", node=each, depth=depth)
            waiting.append((_Close(Token("/clause", node=each)), depth))
            waiting.extend((one, depth) for one in reversed(_trimmed(each["parts"])))
        else:
            token = _slot(each, depth + 1)
            yield token
            waiting.append((_Close(Token("/slot", collapsed=token.collapsed)), depth))
            shown = [variant for variant in each["variants"] if _is_written(variant, each)]
            waiting.extend(
                (_variant(variant, palette, proposed=token.proposed), depth + 1) for variant in reversed(shown)
            )


def _trimmed(parts: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The parts of a clause without the empty lines at its ends, which the page's own spacing stands for."""
    shown = list(parts)
    for place, strip in ((0, str.lstrip), (-1, str.rstrip)):
        if shown and shown[place]["is"] == "words":
            shown[place] = {**shown[place], "text": strip(shown[place]["text"], "\r\n")}
    return shown


@dataclass(frozen=True)
class _Variant:
    token: Token
    node: Mapping[str, Any]


def _variant(variant: Mapping[str, Any], palette: Palette, *, proposed: bool) -> _Variant:
    parties = list(variant["sponsors"]) or [party for one in variant["attributions"] for party in one["parties"]]
    token = Token(
        "variant",
        text=str(variant["lead"]),
        node=variant,
        colour=palette.of(parties[0]) if parties else 0,
        sponsors=", ".join(variant["sponsors"]),
        proposed=proposed,
    )
    return _Variant(token, variant)


def _slot(slot: Mapping[str, Any], depth: int) -> Token:
    return Token(
        "slot",
        node=slot,
        depth=depth,
        collapsed=depth > COLLAPSED_BEYOND,
        block=_holds_clauses(slot),
        text=_beginning(slot),
        proposed=slot["form"] in _BY_PARTIES,
    )


def marked(text: str) -> Markup:
    """Words with their Markdown marks still there, only fainter: what is seen is what is hashed."""
    safe = str(escape(text))
    safe = _HEADING.sub(r'<span class="md">\1</span>', safe)
    safe = _EMPHASIS.sub(_emphasised, safe)
    return Markup(safe)  # noqa: S704 - escaped above; what is added has no value of anybody's in it


def _emphasised(match: re.Match[str]) -> str:
    signs, words = match.groups()
    tag = "strong" if len(signs) == 2 else "em"
    return f'<span class="md">{signs}</span><{tag}>{words}</{tag}><span class="md">{signs}</span>'


def _is_written(variant: Mapping[str, Any], slot: Mapping[str, Any]) -> bool:
    """Whether a variant is seen in the text; “nothing” is not."""
    said = bool(variant["lead"] or variant["tail"] or variant["parts"])
    return said or (slot["form"] in _BY_PARTIES and slot["form"] != "addition")


def _holds_clauses(slot: Mapping[str, Any]) -> bool:
    return any(part["is"] == "clause" for variant in slot["variants"] for part in variant["parts"])


def _beginning(slot: Mapping[str, Any]) -> str:
    """The first words of a slot, for its summary."""
    each = (" ".join(words_of([variant]).split()) for variant in slot["variants"])
    return _shortened(" / ".join(one for one in each if one))


def _shortened(words: str) -> str:
    return words if len(words) <= _SUMMARY else words[:_SUMMARY].rsplit(" ", 1)[0] + " …"


def words_of(variants: Iterable[Mapping[str, Any]]) -> str:
    """The words of variants at every depth, without marks, until there is enough for a summary."""
    found: list[str] = []
    waiting = [part for variant in variants for part in variant["parts"]][::-1]
    while waiting and sum(map(len, found)) < 4 * _SUMMARY:
        part = waiting.pop()
        if part["is"] == "words":
            found.append(str(part["text"]))
        else:
            inner = part["variants"] if part["is"] == "slot" else [part]
            waiting.extend([one for each in inner for one in each["parts"]][::-1])
    return "".join(found)


class Palette:
    """Six colours for sponsors: the members of the line in their order, then whoever else is named.

    A text may name a party by a code (ARV) and the line by its name: a code that begins a word of one
    member's name alone is that member's.  The colour never says more than the words beside it.
    """

    def __init__(self, members: Iterable[str]) -> None:
        self._members = [name.casefold().split() for name in members]

    def of(self, name: str) -> int:
        """The colour of a sponsor, from 1; the same name has the same everywhere on the line."""
        code = name.casefold()
        for places in (self._full(code), self._begun(code)):
            if len(places) == 1:
                return places[0] % COLOURS + 1
        rest = max(1, COLOURS - len(self._members))
        return COLOURS - hashlib.sha256(name.encode()).digest()[0] % rest

    def _full(self, name: str) -> list[int]:
        return [place for place, words in enumerate(self._members) if words == name.split()]

    def _begun(self, code: str) -> list[int]:
        return [place for place, words in enumerate(self._members) if any(word.startswith(code) for word in words)]


def clauses(parts: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Every clause at every depth."""
    waiting = list(parts)[::-1]
    while waiting:
        part = waiting.pop()
        if part["is"] == "clause":
            yield part
        if part["is"] == "slot":
            waiting.extend([one for variant in part["variants"] for one in variant["parts"]][::-1])
        elif part["is"] == "clause":
            waiting.extend(part["parts"][::-1])


def heading_of(parts: Iterable[Mapping[str, Any]], wanted: str) -> str:
    """What the heading is called under which a clause stands; empty for a heading, and where there is none."""
    heading = ""
    for each in clauses(parts):
        if each["kind"] == "heading":
            named = str(each["label"]) or " ".join(words_of([each]).strip("# \r\n").split())
            heading = named if each["id"] != wanted else ""
        if each["id"] == wanted:
            break
    return heading


def around(clause: Mapping[str, Any], container: str, offset: int) -> tuple[str, str]:
    """A few words before and after a character of a clause, for who is to find it there."""
    for run in runs(clause):
        at = offset - run["lo"]
        if run["container"] == container and 0 <= at < len(run["text"]):
            return str(run["text"][max(0, at - _AROUND) : at]), str(run["text"][at + 1 : at + 1 + _AROUND])
    return "", ""


def operations(parts: Iterable[Mapping[str, Any]]) -> set[str]:
    """The proposals that are seen in a text, or in one clause."""
    return {operation for variant in variants(parts) for operation in variant["operations"]}


def variants(parts: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Every variant at every depth, the places for clauses among them."""
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        if part["is"] == "slot":
            yield from part["variants"]
            waiting.extend(one for variant in part["variants"] for one in variant["parts"])
        elif part["is"] == "clause":
            waiting.extend([*part["parts"], *([part["placement"]] if part.get("placement") else [])])


def proposed(parts: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The first words of every proposal that is seen, by its operations; of a move where the clause would stand."""
    found: dict[str, str] = {}
    for variant in variants(parts):
        said = str(variant["where"]) or _shortened(" ".join(_as_it_stands(variant).split()))
        found.update(dict.fromkeys(variant["operations"], said))
    return found


def _as_it_stands(variant: Mapping[str, Any]) -> str:
    """The beginning of a variant's words, without what others propose within them."""
    found: list[str] = []
    waiting = list(variant["parts"])[::-1]
    while waiting and sum(map(len, found)) < 4 * _SUMMARY:
        part = waiting.pop()
        if part["is"] == "words":
            found.append(str(part["text"]))
        else:
            waiting.extend((part["variants"][0] if part["is"] == "slot" else part)["parts"][::-1])
    return "".join(found)


def runs(clause: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The words of a clause that an edit can name, those in its slots too, without the clauses within.

    `by` says who proposes them; it is empty of words that stand.
    """
    found: list[Mapping[str, Any]] = []
    waiting = [(part, "") for part in reversed(clause["parts"])]
    while waiting:
        part, by = waiting.pop()
        if part["is"] == "words" and part["text"].strip():
            found.append({**part, "by": by})
        elif part["is"] == "slot" and not part["further"]:
            inner = [(one, ", ".join(each["sponsors"]) or by) for each in part["variants"] for one in each["parts"]]
            waiting.extend(inner[::-1])
    return found


def hunk(container: str, lo: int, old: str, new: str) -> dict[str, Any] | None:
    """The smallest change of whole words that makes `new` of `old`; None where nothing changes."""
    if old == new:
        return None
    start = _common(old, new)
    while start and not (old[start - 1].isspace()):
        start -= 1
    end = _common(old[start:][::-1], new[start:][::-1])
    while end and not old[len(old) - end].isspace():
        end -= 1
    return {
        "container": container,
        "lo": lo + start,
        "hi": lo + len(old) - end,
        "words": new[start : len(new) - end],
    }


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with together."""
    same = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        same += 1
    return same
