"""Foreign XML, read without trust: one pass, bounded, and nothing that the file asks for is fetched or expanded.

| what comes                                  | what happens                                                        |
|---------------------------------------------|---------------------------------------------------------------------|
| a DOCTYPE, and with it entities of any kind | refused at the DOCTYPE, before the first entity is read             |
| an address (schema, style sheet, entity)    | never opened: no DTD, no XInclude, no network                       |
| more bytes, elements or depth than a text   | refused as soon as the bound is passed                              |
| comments, processing instructions           | left out                                                            |

No treaty text of the corpus comes near the bounds; whoever meets one can name it.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from lxml import etree

from detente.ground.errors import Malformed
from detente.wire import text as safety

LARGEST_FILE: Final = 16 * 2**20  # bytes, as of any file
MOST_ELEMENTS: Final = 500_000
DEEPEST: Final = 256  # elements within elements
_CHUNK: Final = 4 * 2**20  # the library holds no more than ten million bytes of one piece, and reads a tag anew at each
MOST_ATTRIBUTES: Final = 64  # of one element; the library takes as many as come, in quadratic time

Element: TypeAlias = Any  # lxml brings no types of its own


def parse(raw: bytes) -> Element:
    """The root of the XML in these bytes; `Malformed` with a sentence where it may not or cannot be read."""
    if len(raw) > LARGEST_FILE:
        raise Malformed(f"The file is larger than {LARGEST_FILE:,} bytes, which is the most that is read.")
    bounded = _Bounded()
    parser = etree.XMLParser(
        target=bounded, resolve_entities=False, load_dtd=False, dtd_validation=False, no_network=True,
        huge_tree=False, recover=False, remove_comments=True, remove_pis=True, collect_ids=False,
    )  # fmt: skip
    try:
        for at in range(0, len(raw), _CHUNK):
            parser.feed(raw[at : at + _CHUNK])
        root = parser.close()
    except etree.XMLSyntaxError as error:
        said = " ".join(str(error.msg or "it is empty").split())[:200]
        raise bounded.refusal or Malformed(f"This is no well-formed XML: {safety.visible(said)}.") from None
    if bounded.refusal:
        raise bounded.refusal
    return root


class _Bounded:
    """Builds the tree and counts; what passes a bound is refused there and then.

    The library ends a refused parse with `close`, which must not speak in its place: so the refusal is kept.
    """

    def __init__(self) -> None:
        self.refusal: Malformed | None = None
        self._builder = etree.TreeBuilder()
        self._depth = 0
        self._elements = 0

    def doctype(self, *_: object) -> None:
        self._refuse("The file has a DOCTYPE, with which entities are declared; no text needs one, and none is read.")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST:
            self._refuse(f"The elements of the file are nested more than {DEEPEST} deep.")
        if self._elements > MOST_ELEMENTS:
            self._refuse(f"The file has more than {MOST_ELEMENTS:,} elements.")
        if len(attributes) > MOST_ATTRIBUTES:
            self._refuse(f"An element of the file has more than {MOST_ATTRIBUTES} attributes.")
        self._builder.start(tag, attributes)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag)

    def data(self, words: str) -> None:
        self._builder.data(words)

    def close(self) -> Element:
        return None if self.refusal or self._depth or not self._elements else self._builder.close()

    def _refuse(self, sentence: str) -> None:
        self.refusal = Malformed(sentence)
        raise self.refusal
