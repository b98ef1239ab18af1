"""An Akoma Ntoso document as a text that can be laid on the table; run in the jailed child (jail.py).

Two kinds of files come in.

    our own, untouched    `textHash` of the file is the hash of its words: the text comes back byte for byte
    every other           elements become lines of our grammar: headings, labels, points, notes `[^n]`, and variants
                          (alternativeTo, ins, del, our own spans) become brackets, with sponsors as their heads

What has no place in a text is counted and said (`not_carried`), never dropped in silence.  Working drafts of the
standard (.../3.0/WD17) are read like the standard, and that is said too.  Pure: bytes in, values out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from detente.documents import akn_lines, akn_xml
from detente.documents.akn_names import AKN, DRAFTS, local, own
from detente.documents.akn_xml import Element
from detente.ground.errors import Malformed
from detente.procedures.table.parse import LARGEST_TEXT
from detente.wire import text as safety

_TYPES: Final = (
    "act", "bill", "doc", "statement", "debate", "debateReport", "judgment", "amendment", "amendmentList", "portion",
    "documentCollection", "officialGazette", "documentFragment",
)  # fmt: skip
_LANGUAGES: Final = {
    "ara": "ar", "chi": "zh", "deu": "de", "eng": "en", "fra": "fr", "fre": "fr", "ger": "de", "ita": "it",
    "por": "pt", "rus": "ru", "spa": "es", "zho": "zh",
}  # fmt: skip
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")
_WORDY: Final = frozenset(("num", "heading", "p", "span", "inline"))


class Spoken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of ours says that a party said."""

    party: str
    stance: str
    ad_referendum: bool
    note: str
    on: str  # the eId that it is about


class Incoming(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document read: the text, and what the file says of it."""

    text: str  # bracketed text, in our grammar
    title: str
    language: str  # BCP 47; `und` where the file does not say
    kind: str  # the standard's name of the document's type
    namespace: str
    exact: bool  # whether the text is byte for byte the one that Detente wrote down
    content_hash: str  # hexadecimal; what a file of ours says of the text; otherwise empty
    parties: tuple[tuple[str, str], ...]  # code or eId, and name
    positions: tuple[Spoken, ...]
    not_carried: tuple[str, ...]  # sentences


def read(raw: bytes) -> Incoming:
    """The text in these bytes; `Malformed` with a sentence where they hold no Akoma Ntoso that may be read."""
    root = akn_xml.parse(raw)
    namespace = _namespace(root)
    document = _document(root, namespace)
    ours = next(document.iter(own("text")), None)
    exact = _exact(document, ours) if ours is not None else None
    said: list[str] = []
    if namespace != AKN:
        said.append(f"The file uses {_shown(namespace)}, a working draft of the standard or none; it is read as 3.0.")
    if exact is None:
        lines = akn_lines.lines(document, namespace, ours)
        text = lines.text
        said += [f"{count} × {what}" for what, count in sorted(lines.not_carried.items())]
        if ours is not None:
            said.append("Detente wrote this file and somebody changed its words since; brackets are made anew from it.")
    else:
        text = exact
    if len(text.encode()) > LARGEST_TEXT:
        raise Malformed(f"The text in this file is larger than {LARGEST_TEXT:,} bytes, the most that a text may have.")
    return Incoming(
        text=safety.check_text(text),
        title=_title(document, namespace),
        language=_language(document, namespace),
        kind=local(document),
        namespace=namespace,
        exact=exact is not None,
        content_hash=ours.get("contentHash", "") if ours is not None else "",
        parties=tuple(_parties(document, namespace)),
        positions=tuple(_positions(document)),
        not_carried=tuple(said),
    )


def checked(came: Incoming) -> Incoming:
    """The same, where the child that read it says what a text may say; `Malformed` where it does not.

    The child has read a stranger's file and is a stranger since: what it must keep is looked at again.
    """
    if len(came.text.encode("utf-8", "surrogatepass")) > LARGEST_TEXT:
        raise Malformed(f"The text in this file is larger than {LARGEST_TEXT:,} bytes, the most that a text may have.")
    safety.check_text(came.text)
    safety.check_name(came.title, safety.LONGEST_TITLE, "The title of the file")
    if not _LANGUAGE.fullmatch(came.language):
        raise Malformed("The file names a language that is none.")
    return came


def _namespace(root: Element) -> str:
    namespace, name = root.tag[1:].split("}", 1) if root.tag.startswith("{") else ("", root.tag)
    if name != "akomaNtoso":
        raise Malformed(f"This is XML, but it begins with <{_shown(name)}>, and Akoma Ntoso begins with <akomaNtoso>.")
    if namespace not in {"", AKN} and not namespace.startswith(DRAFTS):
        raise Malformed(f"This is Akoma Ntoso of another version ({_shown(namespace)}); version 3.0 is read.")
    return namespace


def _document(root: Element, namespace: str) -> Element:
    found = next((child for child in root if _in(child, namespace) and local(child) in _TYPES), None)
    if found is None:
        raise Malformed("The file is Akoma Ntoso, but it holds no document of a type that the standard has.")
    return found


def _in(element: Element, namespace: str) -> bool:
    return bool(element.tag == (f"{{{namespace}}}{local(element)}" if namespace else local(element)))


# --- our own file -------------------------------------------------------------------------------


def _exact(document: Element, ours: Element) -> str | None:
    """The words as we wrote them, or None where they are not those that the file's hash names."""
    body = next((child for child in document if local(child) == "mainBody"), None)
    written = "".join(_written(body)) if body is not None else ""
    named = ours.get("textHash", "")
    return written if hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest() == named else None


def _written(body: Element) -> Iterator[str]:
    """Every word in order: of elements that hold words, what they hold; of all others, nothing of their own."""
    waiting: list[Element | str] = [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
            continue
        name = local(node)
        if name == "eop":
            yield "\f"
        elif name == "noteRef":
            yield f"[^{node.get('marker', '')}]"
        wordy = name in _WORDY
        inside: list[Element | str] = [node.get(own("before"), ""), node.text or "" if wordy else ""]
        for child in node:
            inside += [child, child.tail or "" if wordy else ""]
        waiting += reversed([*inside, node.get(own("behind"), "")])


# --- what the file says of the text -------------------------------------------------------------


def _title(document: Element, namespace: str) -> str:
    """The title that the document bears, the name that its catalogue entry has, or its type; one visible line."""
    found = [" ".join("".join(each.itertext()).split()) for each in _all(document, namespace, "shortTitle", "docTitle")]
    found += [each.get("value", "") for each in _all(document, namespace, "FRBRname", "FRBRalias")]
    found += [document.get("name", ""), local(document)]
    title = next(safety.visible(" ".join(each.split())) for each in found if each.strip())
    return title[: safety.LONGEST_TITLE].strip()


def _language(document: Element, namespace: str) -> str:
    said = [each.get("language", "") for each in _all(document, namespace, "FRBRlanguage")]
    language = next((each for each in said if _LANGUAGE.fullmatch(each)), "und")
    return _LANGUAGES.get(language.lower(), language)


def _all(document: Element, namespace: str, *names: str) -> Iterator[Element]:
    for name in names:
        yield from document.iter(f"{{{namespace}}}{name}" if namespace else name)


def _parties(document: Element, namespace: str) -> Iterator[tuple[str, str]]:
    for each in _all(document, namespace, "TLCOrganization"):
        code = each.get("shortForm") or each.get("eId") or ""
        if each.get("eId") != "parties" and code:
            yield safety.visible(code), safety.visible(each.get("showAs", code))


def _positions(document: Element) -> Iterator[Spoken]:
    for each in document.iter(own("position")):
        yield Spoken(
            safety.visible(each.get("by", "").removeprefix("#party-")),
            safety.visible(each.get("stance", "")),
            each.get("adReferendum") == "true",
            each.text or "",
            safety.visible(each.get("on", "").removeprefix("#")),
        )


def _shown(name: str) -> str:
    return safety.visible(name[:80])
