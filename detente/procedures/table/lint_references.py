"""References from one provision to another: to what is not there, to what is there twice, to what was taken out.

A reference to another instrument ("Article 4 of the Convention" in a text that calls itself an agreement) is none of
this text, and is not looked up.  What the text calls itself is read from "this Agreement", "the present Protocol".
Paragraphs and points are looked up only under an article that numbers its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from detente.procedures.table.lint_look import Finding, Look, Provision, together
from detente.procedures.table.tree import ClauseKind

_KINDS = r"[Aa]rticle|[Ss]ection|[Cc]hapter|[Aa]nnex|[Pp]aragraph|[Ss]ub-?paragraph"
_LATIN = r"(?:[ ]?(?:bis|ter|quater|quinquies)\b)?"
_ONE = rf"(?:[A-Z]{{1,3}}\.)*(?:\d{{1,3}}(?:\.\d{{1,3}})*{_LATIN}|[IVX]{{1,5}}\b)(?:[ ]?\([a-z\d]{{1,4}}\))*"
_REFERENCE = re.compile(
    rf"\b(?P<kind>{_KINDS})(?P<many>e?s)?[ \n]+"
    rf"(?P<numbers>{_ONE}(?:(?:,[ \n]*|[ \n]+(?:and|or|to|through)[ \n]+|(?<=\d)[–-](?=\d)){_ONE})*)"
)
_NUMBER = re.compile(_ONE)
_RANGE = re.compile(r"[ \n]+(?:to|through)[ \n]+|[–-]")
_OWNER = re.compile(
    r"(?:[ \n]*\([a-z\d]{1,4}\))*[ \n]*,?[ \n]*"
    r"(?:(?:sub-?)?paragraphs?[ \n][^;:.]{1,40}?,?[ \n]*)?(?:option[ \n]\w+[ \n])?"
    r"(?:of|to|in|under)[ \n]+(?P<which>this|the[ \n]present|the|that|its|such|(?=[A-Z]))[ \n]*(?P<name>[A-Za-z]*)"
)
_EXTERNAL = re.compile(r"decisions?|resolutions?|regulations?|directives?|documents?", re.IGNORECASE)
_ARTICLE_BEHIND = re.compile(rf"[ \n,]+(?:of|in|under)[ \n]+[Aa]rticle[ \n]+({_ONE})")
_THIS_ARTICLE = re.compile(r"[ \n,]+(?:of|in|under)[ \n]+this[ \n]+[Aa]rticle")
_ITSELF = re.compile(
    r"\b(?:this|the present)[ \n]+"
    r"(Agreement|Convention|Protocol|Treaty|Charter|Chapter|Regulation|Decision|Instrument|Statute|Covenant)"
)
_GONE = re.compile(
    r"[\W\d]*(?:Article|paragraph)?[\w. ]{0,20}[\W]*"
    r"(?:deleted|reserved|no text|intentionally (?:left )?blank|blank)\W*\Z",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(  # what stands right before a reference to another instrument: its name, its symbol
    r"(?:\b[A-Z]{3,}|Agreement|Convention|Protocol|Treaty|Charter|Regulation|Directive|[Dd]ecision|\S*\d/[A-Z\d]\S*)"
    r"[ ]?,?[ \n]+\Z"
)


_SYMBOL_BEHIND = re.compile(r"[ \n]+of[ \n]+(?:decisions?|resolutions?|documents?)[ \n]+\S*\d/")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference leads to: of which kind, which number, under which article (None: the one it stands in).

    `here` is whether it says "of this Article".
    """

    offset: int
    kind: str
    number: str
    article: str | None
    written: str
    here: bool


def references(look: Look) -> Iterator[Reference]:
    """The references of a text to itself, in order."""
    itself = {name.lower() for name in _ITSELF.findall(look.words)}
    before: Reference | None = None
    for found in _REFERENCE.finditer(look.words):
        kind = found["kind"].lower().replace("sub-p", "subp")
        if _elsewhere(look.words, found, itself) or _names_itself(look, found.start()):
            continue
        behind = _ARTICLE_BEHIND.match(look.words, found.end()) if kind != "article" else None
        if behind and _owned_elsewhere(look.words, behind.end(), itself):
            continue
        article = _plain(behind[1]) if behind else _article_before(before, found, look.words)
        for number in _numbers(found["numbers"]):
            written = f"{found['kind']} {number}"
            here = _THIS_ARTICLE.match(look.words, found.end()) is not None
            under = article if kind != "article" else None
            before = Reference(found.start(), kind, _plain(number), under, written, here)
            yield before


def _names_itself(look: Look, offset: int) -> bool:
    """Whether this is the name of a heading: nothing but signs stands before it."""
    here = look.at(offset)
    if here is None or here.clause.kind is not ClauseKind.HEADING:
        return False
    return not any(letter.isalnum() for letter in look.words[here.lo : offset])


def _elsewhere(words: str, found: re.Match[str], itself: set[str]) -> bool:
    """Whether a reference is to another instrument than the text that it stands in."""
    if _ELSEWHERE.search(words[max(found.start() - 40, 0) : found.start()]):
        return True
    return _owned_elsewhere(words, found.end(), itself)


def _owned_elsewhere(words: str, end: int, itself: set[str]) -> bool:
    """Whether what follows a number says that it is one of another instrument."""
    owner = _OWNER.match(words, end)
    if owner is None:
        return _SYMBOL_BEHIND.match(words, end) is not None
    if owner["which"] in {"this", "the present"}:
        return False
    name = owner["name"].lower()
    if _EXTERNAL.fullmatch(name):
        return name not in itself
    if not owner["which"]:
        return name != "article"
    return owner["name"][:1].isupper() and name not in itself and name != "article"


_RIGHT_BEFORE = re.compile(r"[Aa]rticles?[ \n]+\S+?[ \n]*,?[ \n]+")


def _article_before(before: Reference | None, found: re.Match[str], words: str) -> str | None:
    """The article of "Article 4, paragraph 8": the reference right before this one."""
    if before is None or before.kind != "article":
        return None
    between = words[before.offset : found.start()]
    return before.number if len(between) < 24 and _RIGHT_BEFORE.fullmatch(between) else None


def _numbers(written: str) -> Iterator[str]:
    """The numbers of a list, those of a range of plain numbers filled in."""
    at, before = 0, ""
    for found in _NUMBER.finditer(written):
        between = written[at : found.start()]
        plain = before.isdigit() and found[0].isdigit()
        if plain and _RANGE.fullmatch(between):
            yield from (str(each) for each in range(int(before) + 1, min(int(found[0]), int(before) + 50)))
        if plain or between not in {"-", "–"}:
            yield found[0]
        at, before = found.end(), found[0]


def _plain(number: str) -> str:
    return number.replace(" ", "").rstrip(".").lower()


# --- where they lead ----------------------------------------------------------------------------


class _Map:
    """The numbers of a text: of its articles, annexes and parts, and of the paragraphs under each article."""

    def __init__(self, look: Look) -> None:
        self.headings: dict[tuple[str, str], list[Provision]] = {}
        self.paragraphs: dict[int, dict[str, list[Provision]]] = {}
        for each in look.provisions:
            if each.clause.kind is ClauseKind.HEADING and each.number:
                kind = each.clause.label.split()[0].lower()
                self.headings.setdefault((kind, _plain(each.number)), []).append(each)
            elif each.clause.kind is ClauseKind.PARAGRAPH and each.number:
                numbered = self.paragraphs.setdefault(each.article, {})
                numbered.setdefault(_plain(each.number), []).append(each)

    def has(self, kind: str) -> bool:
        """Whether the text numbers anything of that kind."""
        return any(each == kind for each, _ in self.headings)

    def article(self, kind: str, number: str) -> list[Provision]:
        """The headings of a number; of "5(2)" and "5.2" those of "5", where nothing has the whole of it."""
        form = number
        while form:
            if found := self.headings.get((kind, form)):
                return found
            form = form.rpartition("(")[0] or form.rpartition(".")[0]
        return []

    def anywhere(self, number: str) -> bool:
        """Whether any article of the text has such a paragraph."""
        return any(number in numbered for numbered in self.paragraphs.values())


def unresolved(look: Look) -> Iterator[Finding]:
    """References to what is not in the text."""
    known = _Map(look)
    for each in references(look):
        if each.number == "x":  # a number that is kept open
            continue
        if each.kind in {"article", "section", "chapter", "annex"}:
            if known.has(each.kind) and not known.article(each.kind, each.number):
                yield look.finding("reference-unresolved", each.offset, f"{each.written} is not in this text.")
        elif each.kind == "paragraph" and (missing := _missing_paragraph(look, known, each)):
            yield look.finding("reference-unresolved", each.offset, missing)


def _missing_paragraph(look: Look, known: _Map, each: Reference) -> str | None:
    """What to say of a paragraph that is not there; an article that does not number from one is not asked."""
    here = look.at(each.offset)
    heads = known.article("article", each.article) if each.article else []
    places = [head.place for head in heads] if heads else [here.article] if here else []
    numbered = [known.paragraphs.get(place, {}) for place in places]
    bare = re.sub(r"\(.*", "", each.number)
    if not bare.isdigit() or not all("1" in each_one and "2" in each_one for each_one in numbered) or not numbered:
        return None
    if any(bare in paragraphs for paragraphs in numbered):
        return None
    if not each.article and not each.here and known.anywhere(bare):
        return None  # of a part of the text that counts for itself
    where = f"Article {each.article}" if each.article else "the article in which it stands"
    return f"There is no paragraph {bare} in {where}."


def ambiguous(look: Look) -> Iterator[Finding]:
    """References to a number that two provisions bear which can stand together."""
    known = _Map(look)
    told: set[tuple[str, str]] = set()
    for each in references(look):
        found = known.article(each.kind, each.number) if each.kind in {"article", "annex"} else []
        twice = [
            (one, other)
            for at, one in enumerate(found)
            for other in found[at + 1 :]
            if together(one.branch, other.branch)
        ]
        if twice and (each.kind, each.number) not in told:
            told.add((each.kind, each.number))
            one, other = twice[0]
            sentence = f"{each.written} can be that of line {one.clause.line} or that of line {other.clause.line}."
            yield look.finding("reference-ambiguous", each.offset, sentence)


def dropped(look: Look) -> Iterator[Finding]:
    """References to what says of itself that it was taken out."""
    known = _Map(look)
    for each in references(look):
        found = known.article(each.kind, each.number) if each.kind in {"article", "annex"} else []
        if found and all(_is_gone(look, head) for head in found):
            sentence = f"{each.written} was taken out (line {found[0].clause.line})."
            yield look.finding("reference-dropped", each.offset, sentence)


def _is_gone(look: Look, head: Provision) -> bool:
    under = [each for each in look.provisions[head.place : head.place + 4] if each.article == head.place]
    said = " ".join(each.words for each in under)
    return len(said) < 400 and len(under) < 4 and _GONE.match(" ".join(said.split())) is not None
