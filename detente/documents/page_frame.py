"""A page in one file: nothing in it runs, nothing in it is fetched, and it reads alike on a phone, a wall and paper.

A page is made of elements and written by the library, which escapes every word and every value; nobody here writes
markup as a string.  A content security policy forbids everything but the style sheet, which it names by its hash:
even words that became markup could neither run nor call home.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeAlias

from lxml import etree

from detente.documents.matter import Meta
from detente.wire import text as safety

Element: TypeAlias = Any  # lxml brings no types of its own
GENERATOR: Final = "Detente"


def put(above: Element, tag: str, words: str = "", **attributes: str) -> Element:
    """A new element behind the last; `class_` is written as class, `data_x` as data-x, an empty value not at all."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items() if value}
    element = etree.SubElement(above, tag, named)
    if words:
        element.text = words
    return element


def append(element: Element, words: str) -> None:
    """Words behind whatever the element holds."""
    if not words:
        return
    if len(element):
        element[-1].tail = (element[-1].tail or "") + words
    else:
        element.text = (element.text or "") + words


def ours(above: Element, words: str) -> Element:
    """Words of ours, which are English whatever the language of the page."""
    return put(above, "span", words, class_="ours", lang="en", dir="ltr")


def direction(words: str) -> str:
    """`rtl` or `ltr` by the first letter that has a direction; empty where none has, so that the page's own holds."""
    for letter in words:
        kind = unicodedata.bidirectional(letter)
        if kind in {"R", "AL"}:
            return "rtl"
        if kind == "L":
            return "ltr"
    return ""


def frame(meta: Meta, kind: str, figures: str = "", width: str = "in") -> tuple[Element, Element]:
    """The page and its <main>; `kind` says over the title what the page shows, `figures` under it how much."""
    page = etree.Element("html", {"lang": meta.language, "dir": "rtl" if meta.right_to_left else "ltr"})
    head = put(page, "head")
    put(head, "meta", charset="utf-8")
    put(head, "meta", http_equiv="Content-Security-Policy", content=_policy())
    put(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    put(head, "meta", name="generator", content=GENERATOR)
    put(head, "title", meta.title)
    put(head, "style", style())
    body = put(page, "body")
    put(body, "a", "To the text", class_="skip", href="#text", lang="en", dir="ltr")
    top = put(put(body, "header", class_="top"), "div", class_=width)
    put(top, "p", kind, class_="kind")
    put(top, "h1", meta.title, dir=direction(meta.title))
    if figures:
        ours(put(top, "p", class_="figures"), figures)
    for mark in meta.marks:
        ours(put(top, "p", class_="figures"), readable(mark))
    return page, put(body, "main", id="text", class_=f"text {width}")


def close(page: Element, *sentences: str, width: str = "in") -> Element:
    """The page with a line at its end for each sentence."""
    foot = put(put(page[1], "footer"), "div", class_=width)
    for sentence in sentences:
        ours(put(foot, "p"), sentence)
    return page


def written(page: Element) -> bytes:
    """The bytes of a page, in UTF-8."""
    made: bytes = etree.tostring(page, method="html", encoding="utf-8", doctype="<!doctype html>")
    return made + b"\n"


@cache
def style() -> str:
    """The style sheet that every page carries: what holds everywhere, and what holds on screens."""
    return print_style() + _sheet("page_screen.css")


@cache
def print_style() -> str:
    """The style sheet without what only screens know."""
    return _sheet("page.css")


def _sheet(name: str) -> str:
    return files("detente.documents").joinpath(name).read_text(encoding="utf-8")


def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def readable(words: str) -> str:
    """Words of a person on one line; what nobody sees is written as its number."""
    return safety.visible(" ".join(words.split()))
