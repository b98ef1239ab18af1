"""Words: terms that are defined, two spellings of one word, how strongly a provision binds, and what is said twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import islice, pairwise

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from detente.procedures.table.lint_look import Finding, Look, Provision, short, together
from detente.procedures.table.tree import ClauseKind

# --- terms --------------------------------------------------------------------------------------

_QUOTED = r"[“\"«„](?P<term>[^”\"»“\n]{2,60})[”\"»]"
_DEFINED = re.compile(
    rf"{_QUOTED}[ \n]+(?:means?|refers?[ \n]+to|includes?|shall[ \n]+mean|denotes?)\b"
    rf"|\((?:here(?:in)?after)?[ \n]*(?:referred[ \n]+to[ \n]+as|called|:)?[ \n]*(?:the[ \n]+)?"
    rf"{_QUOTED.replace('term', 'named')}\)"
)
_ACRONYM = re.compile(r"(?<![\w/-])[A-Z]{3,6}(?![\w/-])")
_SHOUTED = re.compile(r"^[^a-z\n]{8,}$", re.MULTILINE)
_INTRODUCED = re.compile(r"[(“\"][ ]?([A-Z][A-Za-z]{1,7})s?[)”\"]")
_KNOWN = re.compile(r"UN|EU|USD|EUR|ISO|UTC|GMT|ITU|WHO|WTO|IMF|UNESCO|TOC|AND|NOT|[IVX]+")
_FEWEST_USES = 2
_MOST_TERMS = 400  # that are looked for in the whole text


def terms_unused(look: Look) -> Iterator[Finding]:
    """Terms that are defined and used nowhere else."""
    for offset, term in islice(_definitions(look.words), _MOST_TERMS):
        uses = len(re.findall(rf"(?<!\w){re.escape(term)}(?:e?s)?(?!\w)", look.words, re.IGNORECASE))
        if uses < _FEWEST_USES:
            yield look.finding("term-unused", offset, f"“{term}” is defined here and used nowhere else.")


def terms_undefined(look: Look) -> Iterator[Finding]:
    """Acronyms that are used and introduced nowhere."""
    introduced = {name.rstrip("s").upper() for name in _INTRODUCED.findall(look.text)}
    introduced |= {term.upper().rstrip("+") for _, term in _definitions(look.words)}
    codes = {code for each in look.parsed.attributions for code in each.parties}
    seen: dict[str, list[int]] = defaultdict(list)
    for found in _ACRONYM.finditer(_not_in_capitals(look)):
        seen[found[0]].append(found.start())
    for name, places in seen.items():
        known = _KNOWN.fullmatch(name) or name in codes or name.rstrip("S") in introduced or name in introduced
        if len(places) >= _FEWEST_USES and not known:
            sentence = f"{name} is used {len(places)} times and introduced nowhere."
            yield look.finding("term-undefined", places[0], sentence)


def _not_in_capitals(look: Look) -> str:
    """The words less headings and lines written in capitals throughout: what stands there is no acronym."""
    parts: list[str] = []
    at = 0
    for each in look.provisions:
        if each.clause.kind is ClauseKind.HEADING:
            parts += [look.words[at : each.lo], " " * len(each.words)]
            at = each.hi
    return _SHOUTED.sub(lambda found: " " * len(found[0]), "".join([*parts, look.words[at:]]))


def _definitions(words: str) -> Iterator[tuple[int, str]]:
    told: set[str] = set()
    for found in _DEFINED.finditer(words):
        term = " ".join((found["term"] or found["named"]).split()).strip(" ,.")
        if term.lower() not in told and term:
            told.add(term.lower())
            yield found.start(), term


# --- spellings ----------------------------------------------------------------------------------

_WORD = re.compile(r"(?<![\w-])[A-Za-z]{2,}(?:-[A-Za-z]{2,})*(?![\w-])")
_ISE = re.compile(r"(?<=[a-z]{3})is(?=e[ds]?$|ing$|ations?$)")
_OUR = re.compile(r"(?<=[a-z]{2})our(?=$|s$|ed$|ing$|able$)")
_OTHERWISE_SPELT = re.compile(  # what ends so in every English
    r"(?:adv|ar|compr|compromis|dev|disgu|enterpr|exerc|expert|franch|improv|like|merchand|other|pra|prec|prom|ra|rev|r"
    r"|superv|surpr|telev)is(?:e|ed|es|ing)|(?:f|h|t|y|p|fl|s|cont|det|c|s|res)our(?:s|ed|ing)?|(?:course|source|resource)s?"
)


def two_spellings(look: Look) -> Iterator[Finding]:
    """One word in two spellings, the rarer told: "co-operation" beside "cooperation"."""
    seen: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for found in _WORD.finditer(look.words):
        word = found[0].lower()
        seen[_key(word)][word].append(found.start())
    for spellings in seen.values():
        if len(spellings) < 2:
            continue
        (usual, often), *rarer = sorted(spellings.items(), key=lambda each: (-len(each[1]), each[0]))
        for word, places in rarer:
            sentence = f"“{word}” stands here ({len(places)} times), “{usual}” elsewhere ({len(often)} times)."
            yield look.finding("two-spellings", places[0], sentence)


def _key(word: str) -> str:
    bare = word.replace("-", "")
    if _OTHERWISE_SPELT.fullmatch(bare):
        return bare
    return _OUR.sub("or", _ISE.sub("iz", bare))


# --- how strongly a provision binds -------------------------------------------------------------

_SUBJECT = r"(?:Part(?:y|ies)|States?(?: Parties)?|Members?(?: States)?|Countries)"
_OPERATIVE = re.compile(rf"\b(?:{_SUBJECT}|they|it)[ \n]+(?:[a-z]+[ \n]+)?(shall|should|will|must)\b")
_MODALS = ("shall", "should", "may", "will", "must", "can", "could", "might")
_MOST_COMPARED = 60  # provisions of the revision before
_SAME_PROVISION = 70.0  # per cent of the letters
_BINDING = {"must": 3, "shall": 3, "will": 2, "should": 1}


def modals_mixed(look: Look) -> Iterator[Finding]:
    """Provisions that bind the same subjects more and less strongly: "shall" beside "should", "will" beside "shall".

    What stands in brackets as a choice between them is open, not mixed, and "may" beside "shall" is ordinary.
    """
    for each in look.provisions:
        said = [(_BINDING[found[1]], each.lo + found.start(1), found[1]) for found in _OPERATIVE.finditer(each.words)]
        strong = [one for one in said if one[0] == max(_BINDING.values())]
        for weight, offset, modal in said:
            beside = next((one for one in strong if together(look.branch(one[1]), look.branch(offset))), None)
            if beside is not None and weight < beside[0]:
                sentence = f"“{modal}” stands in a provision that otherwise says “{beside[2]}”."
                yield look.finding("modals-mixed", offset, sentence)
                break


def modals_changed(before: Look, after: Look) -> Iterator[Finding]:
    """Provisions of a text whose modal verb is another than in the revision before it.

    A provision is compared with those of its kind and number that stand about where it stands.
    """
    old = {each.place: " ".join(each.words.split()) for each in before.provisions if _says(each)}
    same = set(old.values())
    alike: dict[tuple[ClauseKind, str], list[int]] = defaultdict(list)
    for place in old:
        each = before.provisions[place]
        alike[each.clause.kind, each.number].append(place)
    stretch = len(before.provisions) / max(len(after.provisions), 1)
    for each in after.provisions:
        said = " ".join(each.words.split())
        if not _says(each) or said in same:
            continue
        middle = each.place * stretch
        near = sorted(alike[each.clause.kind, each.number], key=partial(_apart, middle))[:_MOST_COMPARED]
        found = process.extractOne(
            said, {place: old[place] for place in near}, scorer=fuzz.ratio, score_cutoff=_SAME_PROVISION
        )
        if found is None:
            continue
        for was, now, at in _changed(found[0], said):
            where = before.provisions[found[2]].clause.line
            offset = each.lo + _offset_of(each.words, at)
            yield after.finding("modals-changed", offset, f"“{was}” (line {where} before) became “{now}”.")


def _apart(middle: float, place: int) -> float:
    return abs(place - middle)


def _says(each: Provision) -> bool:
    return len(each.words.split()) > 4 and any(re.search(rf"\b{modal}\b", each.words) for modal in _MODALS)


def _changed(old: str, new: str) -> Iterator[tuple[str, str, int]]:
    """(modal before, modal now, which word of the new text it is)."""
    left, right = old.split(), new.split()
    ops = [op for op in Indel.opcodes(left, right) if op.tag != "equal"]
    for one, other in pairwise(ops):
        gone, come = (other, one) if one.tag == "insert" else (one, other)
        if {gone.tag, come.tag} != {"delete", "insert"} or abs(gone.src_end - come.src_start) > 1:
            continue
        was = [word for word in left[gone.src_start : gone.src_end] if word in _MODALS]
        now = [word for word in right[come.dest_start : come.dest_end] if word in _MODALS]
        if len(was) == len(now) == 1 and was != now:
            yield was[0], now[0], right.index(now[0], come.dest_start)


def _offset_of(words: str, number: int) -> int:
    """Where the word of that number begins."""
    found = list(re.finditer(r"\S+", words))
    return found[number].start() if number < len(found) else 0


# --- inclusive lists, what is said twice --------------------------------------------------------

_AND_OR = re.compile(r"\band[ ]?/[ ]?or\b", re.IGNORECASE)
_TWICE = re.compile(r"(?<![\w-])([A-Za-z]{2,})[ \n]+\1(?![\w-])", re.IGNORECASE)
_TWICE_RIGHT = frozenset({"that", "had", "in"})
_LONG_ENOUGH = 12  # words of a sentence, to be told where it stands twice


def and_or(look: Look) -> Iterator[Finding]:
    """And/or, told once for all its places."""
    found = list(_AND_OR.finditer(look.words))
    if found:
        lines = _some([look.line(each.start()) for each in found])
        sentence = f"“and/or” stands {len(found)} times (line {lines}): say which, or “or” with “or both”."
        yield look.finding("and-or", found[0].start(), sentence)


def _some(lines: list[int], most: int = 8) -> str:
    listed = list(dict.fromkeys(lines))
    return ", ".join(map(str, listed[:most])) + (" and more" if len(listed) > most else "")


def words_twice(look: Look) -> Iterator[Finding]:
    """A word that stands twice, one behind the other."""
    for found in _TWICE.finditer(look.words):
        between = look.text[found.start() : found.end()]
        if found[1].lower() not in _TWICE_RIGHT and "[" not in between and "]" not in between:
            yield look.finding("word-twice", found.start(), f"“{found[1]}” stands twice, one behind the other.")


def sentences_twice(look: Look) -> Iterator[Finding]:
    """Long sentences that stand in two provisions which can stand together."""
    seen: dict[str, tuple[Provision, int]] = {}
    told: Counter[str] = Counter()
    for each in look.provisions:
        if each.clause.kind in {ClauseKind.NOTE, ClauseKind.FRONT}:
            continue
        for offset, sentence in each.sentences():
            said = " ".join(re.findall(r"\w+", sentence.lstrip().removeprefix(each.clause.label).lower()))
            if said.count(" ") + 1 < _LONG_ENOUGH:
                continue
            first = seen.setdefault(said, (each, offset))
            if first[0] is not each and together(first[0].branch, each.branch) and not told[said]:
                told[said] += 1
                line = look.line(first[1])
                yield look.finding("sentence-twice", offset, f"This stands at line {line} too: “{short(sentence)}”")
