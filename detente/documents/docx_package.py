"""The package of a Word document: a zip file of XML parts, opened with suspicion.  Runs in the jailed child only.

What is refused, each with a sentence:

    no package         another kind of file, an old or encrypted one, one that is cut short
    a bomb             too many parts, too large in all, too large for what is packed
    two readings       one name twice, a path that leads out, a link, something before the package
    programs           macros, ActiveX, embedded objects
    what is elsewhere  templates, pictures, objects, text that would be fetched; a link that a person may follow is
                       reported and not followed
    tricks of XML      a DOCTYPE or entities, another encoding than UTF-8, elements nested beyond measure
"""

from __future__ import annotations

import io
import posixpath
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from lxml import etree

from detente.ground.errors import Malformed
from detente.wire import text as safety

LARGEST_DOCX: Final = 16 * 2**20  # bytes of the file
MOST_PARTS: Final = 2_000
LARGEST_PART: Final = 32 * 2**20  # bytes, unpacked
LARGEST_WHOLE: Final = 200 * 2**20
STEEPEST: Final = 200  # how many times larger a part may be than it is packed, beyond the first megabyte
_LEVEL: Final = 2**20

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK\x03\x04"
_CONTENT_TYPES: Final = "[Content_Types].xml"
_MAIN: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_BAD_NAME: Final = re.compile(r"[\x00-\x1f\\:]|\A/|(?:\A|/)\.\.?(?:/|\Z)|//")
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//|\\\\", re.IGNORECASE)
_DECLARED: Final = re.compile(rb"""\A(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

# What the zip module raises where a package is not what it says.
_DAMAGED: Final = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
    OverflowError, struct.error,
)  # fmt: skip

# What a part may not be, by its name or its content type, and what to say of it.
_PROGRAMS: Final = (
    (re.compile(r"vbaproject|vbadata|macrosheet|macroenabled", re.IGNORECASE), "macros"),
    (re.compile(r"activex", re.IGNORECASE), "ActiveX controls"),
    (re.compile(r"oleobject|embeddings/|\.bin\Z", re.IGNORECASE), "embedded objects"),
    (re.compile(r"afchunk|altchunk", re.IGNORECASE), "text of another format inside it"),
    (re.compile(r"\.(?:zip|docx|docm|jar|exe|dll|js|vbs|ps1|bat|lnk|hta)\Z", re.IGNORECASE), "another file inside it"),
)
_PROGRAM_LINKS: Final = {
    "vbaProject": "macros",
    "oleObject": "embedded objects",
    "package": "embedded objects",
    "control": "ActiveX controls",
    "aFChunk": "text of another format inside it",
    "subDocument": "parts of it in other files",
    "attachedTemplate": "",  # only where it lies elsewhere
}


class Link(NamedTuple):
    """A relationship of a part: its id, the last word of its type, its target, and whether that lies elsewhere."""

    id: str
    kind: str
    target: str
    external: bool


class Package:
    """The parts of a document that was looked over.  `followed` are the addresses of links that a person may follow."""

    def __init__(self, raw: bytes) -> None:
        self._zip = _opened(raw)
        self._names = _names(self._zip)
        self.followed: list[str] = []
        self._budget = LARGEST_WHOLE
        self._types = self._content_types()
        for name in self._names:
            if name.endswith(".rels"):
                self._look_over(name)

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return name in self._names

    def main(self) -> str:
        """The name of the part with the text."""
        found = [link.target for link in self.links("") if link.kind == "officeDocument"]
        if len(found) != 1 or not self.has(found[0]):
            raise Malformed("The package names no main part, or one that is missing: it is no Word document.")
        if self._types.get(found[0]) != _MAIN:
            what = safety.visible(self._types.get(found[0], "nothing")[:100])
            raise Malformed(f"The main part says that it is {what}, and not the text of a Word document.")
        return found[0]

    def links(self, part: str) -> tuple[Link, ...]:
        """The relationships of a part; of the package itself where the name is empty."""
        folder, name = posixpath.split(part)
        where = posixpath.join(folder, "_rels", f"{name}.rels")
        return tuple(self._links(where, folder)) if self.has(where) else ()

    def linked(self, part: str, kind: str) -> list[str]:
        """The parts to which a part is related in this way, those that are there."""
        return [link.target for link in self.links(part) if link.kind == kind and not link.external]

    def xml(self, name: str) -> Any:
        """The root of a part; `Malformed` where it is missing or is no plain XML."""
        return parsed(self._part(name), name)

    def _part(self, name: str) -> bytes:
        entry = self._names.get(name)
        if entry is None:
            raise Malformed(f"The package lacks a part that it names: {safety.visible(name[:100])}.")
        try:
            with self._zip.open(entry) as stream:
                content = stream.read(min(LARGEST_PART, self._budget) + 1)
        except _DAMAGED:
            raise Malformed("The package is damaged or cut short; nothing of it was taken.") from None
        if len(content) > min(LARGEST_PART, self._budget):
            raise Malformed("The package unpacks to more than a document has: it is refused as a bomb.")
        self._budget -= len(content)
        return content

    def _content_types(self) -> dict[str, str]:
        if not self.has(_CONTENT_TYPES):
            raise Malformed("The package does not say what its parts are: it is no Word document.")
        root = self.xml(_CONTENT_TYPES)
        types = {}
        for each in root:
            kind = each.get("ContentType", "")
            _refuse_programs(kind)
            if each.tag.endswith("}Override"):
                types[each.get("PartName", "").lstrip("/")] = kind
        return types

    def _look_over(self, where: str) -> None:
        """Refuses what would be fetched or run, and notes what a person may follow."""
        folder = posixpath.dirname(posixpath.dirname(where))
        for link in self._links(where, folder):
            said = _PROGRAM_LINKS.get(link.kind)
            if said:
                raise Malformed(f"The document has {said}; such documents are not opened.")
            if not link.external:
                continue
            address = safety.visible(link.target[:200])
            if link.kind != "hyperlink":
                kind = safety.visible(link.kind[:40])
                raise Malformed(
                    f"The document would fetch something from elsewhere ({kind}: {address}); it is refused."
                )
            self.followed.append(address)

    def _links(self, where: str, folder: str) -> Iterator[Link]:
        for each in self.xml(where):
            target = each.get("Target", "")
            external = each.get("TargetMode") == "External" or _ELSEWHERE.match(target) is not None
            kind = each.get("Type", "").rpartition("/")[2]
            if not external:
                target = _inside(folder, target.partition("#")[0])
            yield Link(each.get("Id", ""), kind, target, external)


def _opened(raw: bytes) -> zipfile.ZipFile:
    if len(raw) > LARGEST_DOCX:
        raise Malformed(f"The document is larger than {LARGEST_DOCX:,} bytes, which is the most that is read.")
    if raw.startswith(_OLE):
        raise Malformed("This is an old or an encrypted Word file: save it as .docx, without a password.")
    if not raw.startswith(_ZIP):
        raise Malformed("This is no Word document (.docx): it does not begin as one does.")
    try:
        return zipfile.ZipFile(io.BytesIO(raw))
    except _DAMAGED:
        raise Malformed("The package is damaged or cut short; nothing of it was taken.") from None


def _names(package: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The parts by name, once none of them is against the rules."""
    entries = package.infolist()
    if len(entries) > MOST_PARTS:
        raise Malformed(f"The package has more than {MOST_PARTS:,} parts: it is refused as a bomb.")
    if sum(entry.file_size for entry in entries) > LARGEST_WHOLE:
        raise Malformed("The package unpacks to more than a document has: it is refused as a bomb.")
    known: dict[str, zipfile.ZipInfo] = {}
    folded: set[str] = set()
    for entry in entries:
        shown = safety.visible(entry.filename[:100])
        if entry.is_dir():
            continue
        if entry.flag_bits & 0x1:
            raise Malformed("The package is encrypted; save it without a password.")
        if _BAD_NAME.search(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
            raise Malformed(f"A part of the package bears a name that leads out of it: {shown}.")
        if entry.filename.casefold() in folded:
            raise Malformed(f"Two parts of the package bear one name: {shown}.")
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise Malformed(f"A part is packed in a way that no Word document uses: {shown}.")
        if entry.file_size > _LEVEL + STEEPEST * entry.compress_size:
            raise Malformed("The package unpacks to more than a document has: it is refused as a bomb.")
        _refuse_programs(entry.filename)
        folded.add(entry.filename.casefold())
        known[entry.filename] = entry
    return known


def _refuse_programs(said: str) -> None:
    for pattern, what in _PROGRAMS:
        if pattern.search(said):
            raise Malformed(f"The document has {what}; such documents are not opened.")


def _inside(folder: str, target: str) -> str:
    """The name of the part that a target within the package names."""
    name = posixpath.normpath(posixpath.join("/", folder, target)) if target else "/"
    return name.lstrip("/")


def parsed(raw: bytes, name: str) -> Any:
    """The root of an XML part: UTF-8, without DOCTYPE, without comments and instructions."""
    shown = safety.visible(name[:100])
    declared = _DECLARED.match(raw)
    if declared and declared[1].lower() not in {b"utf-8", b"utf8", b"us-ascii"}:
        raise Malformed(f"A part of the document is not written in UTF-8: {shown}.")
    if _DOCTYPE.search(raw):
        raise Malformed(f"A part of the document declares entities or a DOCTYPE, which no document needs: {shown}.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        raw.decode("utf-8")
        return etree.fromstring(raw, parser)
    except UnicodeDecodeError:
        raise Malformed(f"A part of the document is not written in UTF-8: {shown}.") from None
    except etree.XMLSyntaxError as error:
        deep = "depth" in str(error).lower()
        what = "is nested deeper than any document" if deep else "is no proper XML"
        raise Malformed(f"A part of the document {what}: {shown}.") from None
