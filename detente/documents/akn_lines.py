"""From the elements of Akoma Ntoso to lines of our grammar, so that the importer finds what the standard marked.

| element                                        | becomes                                                       |
|------------------------------------------------|---------------------------------------------------------------|
| anything with a heading; article, chapter, ... | `## Article 4 Purpose`, as many `#` as it stands deep         |
| anything with a number: paragraph, point, item | its number, then its words; deeper ones are indented          |
| p, block, from, ... : whatever holds words     | a paragraph                                                   |
| table                                          | a line for each row, cells with ` | ` between them            |
| authorialNote; note, noteRef                   | the anchor `[^n]`, and `[^n]: words` behind the paragraph     |
| alternativeTo, on words                        | `[these words][those words]`, sponsors as heads               |
| alternativeTo, on whole clauses                | `Option 1: ...`, `Option 2: ...`                              |
| ins, del                                       | a bracket: whether they stand is what is to be decided        |
| meta, pictures, links, foreign elements        | counted in `not_carried`                                      |

An agenda stands in for recursion: elements put their parts on it, words go into the line at hand, and what must
happen behind an element waits there as a function.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

from detente.documents.akn_names import local, own
from detente.documents.akn_xml import Element
from detente.wire import text as safety

# fmt: off
_INLINE: Final = frozenset((
    "b", "i", "a", "u", "sub", "sup", "abbr", "span", "ref", "mref", "rref", "mod", "mmod", "rmod", "remark",
    "recordedTime", "vote", "outcome", "ins", "del", "omissis", "embeddedText", "opinion", "placeholder", "fillIn",
    "decoration", "noteRef", "eol", "eop", "br", "inline", "docType", "docTitle", "docNumber", "docProponent",
    "docDate", "legislature", "session", "shortTitle", "docAuthority", "docPurpose", "docCommittee", "docIntroducer",
    "docStage", "docStatus", "docJurisdiction", "docketNumber", "judge", "lawyer", "party", "witness", "date", "time",
    "person", "organization", "concept", "object", "event", "location", "process", "role", "entity", "def", "quantity",
    "term", "neutralCitation", "signature", "affectedDocument", "relatedDocument", "change", "argument", "courtType",
    "quotedText", "img", "authorialNote",
))
_HEADED: Final = frozenset((
    "article", "section", "chapter", "part", "title", "book", "tome", "division", "annex", "subtitle", "subpart",
))
# fmt: on
_AROUND: Final = {  # what is written before and behind the words of an element
    "ins": ("[", "]"),
    "del": ("[", "]"),
    "sup": ("^", ""),
    "sub": ("_", ""),
    "eol": (" ", ""),
    "br": (" ", ""),
}
_SAID_OF: Final = {
    "ins": "insertion or deletion, shown as a bracket",
    "del": "insertion or deletion, shown as a bracket",
    "sup": "word above or below the line, written behind ^ or _",
    "sub": "word above or below the line, written behind ^ or _",
}
_EMPTY: Final = {"fillIn": "___", "omissis": "…"}
_SILENT: Final = {
    "img": "picture, which a text cannot hold",
    "foreign": "part in another vocabulary",
    "componentRef": "reference to another file, which is not fetched",
    "documentRef": "reference to another file, which is not fetched",
}
_LINKS: Final = frozenset({"a", "ref", "mref", "rref"})
_NAMES: Final = frozenset(("num", "heading", "subheading"))
_KEPT_META: Final = frozenset(("identification", "references", "notes", "proprietary"))
_CODE: Final = re.compile(r"G-?77|[A-Z]{2,5}")
_ANCHOR: Final = re.compile(r"[^\]\[\n^]{1,40}")
_BARE: Final = re.compile(r"[a-z]{1,2}|[ivx]{1,5}")  # a letter alone is no label in our grammar: it gets parentheses
OPTIONS: Final = "options"
SLASH: Final = "slash"
FORMS: Final = frozenset(  # of tree.Form
    ("bracket", "exclusive", OPTIONS, SLASH, "proposal", "bag", "clause", "addition", "placement")
)
_STEP: Final = 4  # blanks for each level of indentation
_MOST_HEADING: Final = 6

Item: TypeAlias = "str | Element | Callable[[], None]"


@dataclass(frozen=True)
class Lines:
    """The text, and what was not carried into it: sentence -> how often."""

    text: str
    not_carried: Counter[str]


@dataclass
class _Page:
    """The line at hand, and those that are finished.  A note has a page of its own."""

    done: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    label: str = ""  # the number of the clause whose first words are still to come
    mark: str = ""  # what stands before the line: the sign of a heading, "Option 1: "
    notes: list[str] = field(default_factory=list)  # they follow the line


def lines(document: Element, namespace: str, ours: Element | None) -> Lines:
    """The lines of one document.  `ours` is what Detente wrote about it, where it wrote the file."""
    walk = _Walk(document, namespace, ours)
    agenda: list[Item] = [document]
    while agenda:
        item = agenda.pop()
        if isinstance(item, str):
            walk.page.words.append(item)
        elif callable(item):
            item()
        else:
            agenda.extend(reversed(walk.parts(item)))
    walk.flush()
    walk.last_notes()
    text = "\n\n".join(walk.page.done)
    return Lines(text + "\n" if text else "", walk.lost)


class _Walk:
    """Where we are: the page, how deep, and what the document says of its variants."""

    def __init__(self, document: Element, namespace: str, ours: Element | None) -> None:
        self.namespace = namespace
        self.ours = ours is not None
        self.lost: Counter[str] = Counter()
        self.page = _Page()
        self.pages: list[_Page] = []
        self.headings = self.indent = self.options = self.rows = 0
        self.notes = 0
        self.markers: set[str] = set()
        self.later: list[Element] = []  # notes of the metadata
        self.referred: dict[str, str] = {}  # eId of a note -> the marker of the first reference to it
        self.codes = {
            each.get("eId", ""): each.get("shortForm") or each.get("showAs") or each.get("eId", "")
            for each in document.iter(self._name("TLCOrganization"), self._name("TLCPerson"), self._name("TLCRole"))
        }
        self.said = _heads(ours, self.codes)
        self.main: dict[str, int] = {}  # eId of a first variant -> how many were begun
        self.size: Counter[str] = Counter()
        self.chains: defaultdict[str, list[Element]] = defaultdict(list)
        self._survey(document)

    def _name(self, name: str) -> str:
        return f"{{{self.namespace}}}{name}" if self.namespace else name

    def _survey(self, document: Element) -> None:
        """Which elements are alternatives to which, and which spans go on in another paragraph."""
        for each in document.iter():
            target = each.get("alternativeTo")
            begins = each.get(own("continues"), "").removeprefix("#")
            if target and not begins:
                self.size[target.removeprefix("#")] += 1
            if begins or local(each) == "span":
                self.chains[begins or each.get("eId", "")].append(each)

    # --- the agenda -----------------------------------------------------------------------------

    def parts(self, element: Element) -> list[Item]:
        """What an element puts on the agenda."""
        name = local(element)
        if element.tag != self._name(name):
            self.lost["element of another vocabulary"] += 1
            return []
        if name in _SILENT:
            self.lost[_SILENT[name]] += 1
            return []
        if name == "meta":
            return self._meta(element)
        if name in _INLINE:
            return self._inline(element, name)
        parts = self._block(element, name)
        return self._as_option(element, parts) if self._is_variant(element) else parts

    def _meta(self, meta: Element) -> list[Item]:
        for child in meta:
            if child.tag == self._name("notes"):
                self.later += list(child)
            elif local(child) not in _KEPT_META:
                self.lost[f"part of the metadata, <{safety.visible(local(child)[:40])}>"] += 1
        return []

    def _block(self, element: Element, name: str) -> list[Item]:
        numbered = [child for child in element if child.tag in {self._name("num"), self._name("heading")}]
        if numbered and name not in {"num", "heading"}:
            return self._hierarchy(element, name)
        if name == "tr":
            return [self.flush, partial(self._row, 1), *self._inside(element), partial(self._row, -1), self.flush]
        if name in {"td", "th"} and element.getprevious() is not None:
            return [" | ", *self._inside(element)]
        if name == "table":
            self.lost["table, whose rows are carried as lines"] += 1
        if name == "li":
            return [self.flush, partial(self._label, "-"), *self._inside(element), self.flush]
        if name == "quotedStructure":
            opens, closes = element.get("startQuote", ""), element.get("endQuote", "")
            return [
                self.flush,
                partial(self._mark, opens),
                *self._inside(element),
                self.flush,
                partial(self._close, closes),
            ]
        return [self.flush, *self._inside(element), self.flush]

    def _hierarchy(self, element: Element, name: str) -> list[Item]:
        """A clause: its number and heading as one line, or its number before its first words."""
        named = [child for child in element if local(child) in _NAMES]
        rest = [child for child in element if local(child) not in _NAMES]
        headed = name in _HEADED or any(local(child) == "heading" for child in named)
        title: list[Item] = []
        for child in named:
            title += [*self._inside(child), " "]
        if headed:
            begin: list[Item] = [partial(self._begin_heading, 1), *title, self.flush]
            return [self.flush, *begin, *rest, self.flush, partial(self._deeper, -1)]
        return [self.flush, *title, self._take_label, *rest, self._end_label, partial(self._further, -1)]

    def _inside(self, element: Element) -> list[Item]:
        """Words and elements in order; blanks between elements that hold elements alone are none of the text."""
        wordy = local(element) in _INLINE or any(local(child) in _INLINE for child in element)
        wordy = wordy or bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)
        parts: list[Item] = [self._said_words(element.text)] if wordy else []
        for child in element:
            parts.append(child)
            if wordy:
                parts.append(self._said_words(child.tail))
        return parts

    def _said_words(self, words: str | None) -> str:
        brackets = (words or "").count("[") if not self.ours else 0
        if brackets:
            self.lost["bracket in the words, which the importer takes for a place to decide"] += brackets
        return words or ""

    # --- words ----------------------------------------------------------------------------------

    def _inline(self, element: Element, name: str) -> list[Item]:
        if self._is_variant(element):
            return self._variant(element)
        if name == "noteRef":
            return [f"[^{self._marker(element)}]"]
        if name == "authorialNote":
            return self._note(element)
        if name == "inline" and self.ours and element.get("name") == "mark":
            return []
        if name in _EMPTY and not len(element) and not (element.text or "").strip():
            return [_EMPTY[name]]
        if name in _SAID_OF:
            self.lost[_SAID_OF[name]] += 1
        if name in _LINKS and element.get("href"):
            self.lost["link, of which the words are carried and the address is not"] += 1
        before, behind = _AROUND.get(name, (element.get("startQuote", ""), element.get("endQuote", "")))
        return [before, *self._inside(element), behind]

    def _marker(self, element: Element) -> str:
        """The anchor of a reference; the note that it names will bear it."""
        name = element.get("href", "").removeprefix("#")
        marker = element.get("marker") or name
        marker = marker if _ANCHOR.fullmatch(marker) else "note"
        self.referred.setdefault(name, marker)
        return marker

    def _note(self, element: Element) -> list[Item]:
        """A note that stands alone in its paragraph and has no marker is a paragraph; every other has an anchor."""
        above = element.getparent()
        only = element.getprevious() is None and element.getnext() is None
        alone = only and not (above.text or "").strip() and not (element.tail or "").strip()
        marker = element.get("marker", "")
        if alone and not marker:
            return self._inside(element)
        self.notes += 1
        if not _ANCHOR.fullmatch(marker) or marker in self.markers:
            marker = f"note-{self.notes}"
        self.markers.add(marker)
        anchor = [] if alone else [f"[^{marker}]"]
        return [*anchor, self._begin_note, *self._inside(element), partial(self._end_note, marker, alone)]

    # --- variants -------------------------------------------------------------------------------

    def _is_variant(self, element: Element) -> bool:
        if element.get("alternativeTo") or self.size[element.get("eId", "")]:
            return True
        return self.ours and local(element) == "span" and element.get("class") in FORMS

    def _variant(self, element: Element) -> list[Item]:
        chain = self.chains.get(
            element.get(own("continues"), "").removeprefix("#") or element.get("eId", ""), [element]
        )
        begins, ends = element is chain[0], element is chain[-1]
        number, of = self._ordinal(element, begins=begins)
        form = element.get("class")
        if form == OPTIONS:
            return [
                self.flush,
                partial(self._mark, f"Option {number}: " if begins else ""),
                *self._inside(element),
                self.flush,
            ]
        opens, closes = "[" + self._head(chain[0]), "]"
        if form == SLASH:
            opens, closes = (opens if number == 1 else " / "), ("]" if number == of else "")
        return [opens if begins else "", *self._inside(element), closes if ends else ""]

    def _ordinal(self, element: Element, *, begins: bool) -> tuple[int, int]:
        """The which-th variant of its slot this is, and of how many."""
        main = (element.get("alternativeTo") or element.get("eId", "")).removeprefix("#")
        if begins:
            self.main[main] = self.main.get(main, 0) + 1
        return self.main.get(main, 1), self.size[main] + 1

    def _head(self, element: Element) -> str:
        """Who is said to want a variant, as the grammar writes it."""
        said = self.said.get(element.get("eId", ""))
        if said:
            return said
        codes = [self.codes.get(each.removeprefix("#"), each) for each in element.get("refersTo", "").split()]
        if not codes:
            return ""
        if not all(_CODE.fullmatch(code) for code in codes):
            self.lost["sponsor whose name is no code of two to five capitals"] += 1
            return ""
        return "/".join(codes) + ": "

    def _as_option(self, element: Element, parts: list[Item]) -> list[Item]:
        """Alternatives to a whole clause."""
        number, _ = self._ordinal(element, begins=True)
        return [
            self.flush,
            partial(self._option, 1, f"Option {number}: "),
            *parts,
            self.flush,
            partial(self._option, -1, ""),
        ]

    # --- the line at hand -----------------------------------------------------------------------

    def flush(self) -> None:
        """Ends the line, if there is one; within a row of a table it is one blank."""
        page = self.page
        if self.rows:
            page.words.append(" ")
            return
        words = " ".join("".join(page.words).split())
        page.words.clear()
        if not words:
            return
        indent = " " * (_STEP * (max(0, self.indent - 1) + self.options))
        label = page.label + " " if page.label else ""
        page.done.append(f"{'' if page.mark.startswith('#') else indent}{page.mark}{label}{words}")
        page.label = page.mark = ""
        page.done += page.notes
        page.notes = []

    def _mark(self, mark: str) -> None:
        self.page.mark += mark

    def _close(self, quote: str) -> None:
        if quote and self.page.done:
            self.page.done[-1] += quote

    def _row(self, step: int) -> None:
        self.rows += step

    def _option(self, step: int, mark: str) -> None:
        self.options += step
        self._mark(mark)

    def _begin_heading(self, step: int) -> None:
        self._deeper(step)
        if not self.options:
            self._mark("#" * min(self.headings, _MOST_HEADING) + " ")

    def _deeper(self, step: int) -> None:
        self.headings += step
        if step < 0:
            self.page.mark = ""

    def _further(self, step: int) -> None:
        self.indent += step

    def _take_label(self) -> None:
        self._further(1)
        label = " ".join("".join(self.page.words).split())
        self.page.words.clear()
        self._end_label()
        self._label(label)

    def _label(self, label: str) -> None:
        self.page.label = f"({label})" if _BARE.fullmatch(label) else label

    def _end_label(self) -> None:
        """A number that no words followed is a line of its own."""
        self.flush()
        if self.page.label:
            self.page.words.append(self.page.label)
            self.page.label = ""
            self.flush()

    def _begin_note(self) -> None:
        self.pages.append(self.page)
        self.page = _Page()

    def _end_note(self, marker: str, alone: bool) -> None:  # noqa: FBT001 - what the agenda knows of the note
        self._end_label()
        note = " ".join(self.page.done)
        self.page = self.pages.pop()
        (self.page.done if alone else self.page.notes).append(f"[^{marker}]: {note}")

    def last_notes(self) -> None:
        """Notes without a line before them, and those that the metadata hold."""
        self.page.done += self.page.notes
        for note in self.later:
            name = note.get("eId", "")
            words = " ".join("".join(note.itertext()).split())
            marker = self.referred.get(name) or note.get("marker") or name
            if words:
                self.page.done.append(f"[^{marker}]: {words}" if _ANCHOR.fullmatch(marker) else words)


def _heads(ours: Element | None, codes: dict[str, str]) -> dict[str, str]:
    """The head of each of our own variants, by its eId."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for each in ours.iter(own("said")) if ours is not None else ():
        parties = "/".join(codes.get(one.removeprefix("#"), one) for one in each.get("by", "").split())
        found[each.get("on", "").removeprefix("#")].append(f"{parties} {each.get('verb', '')}".strip())
    return {where: "; ".join(heads) + ": " for where, heads in found.items()}
