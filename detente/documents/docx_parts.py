"""The parts of a Word package that are the same for every text: styles, settings, names, and how it is zipped.

Nothing in them names a machine, a user or a moment but the one that is handed in (attack A45).  The same parts make
the same bytes, for every part is dated alike; only another zlib would pack them otherwise.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree

from detente.documents.matter import Meta
from detente.ground.instants import Instant, iso

W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
XML_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_CORE: Final = "application/vnd.openxmlformats-package.core-properties+xml"
_PROPERTIES: Final = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_THEN: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

Parts = dict[str, bytes]  # name in the package -> content


def el(tag: str, *inside: Any, **values: str | int) -> Any:
    """An element of WordprocessingML with its children; None is left out.  Values are attributes of the same space."""
    made = etree.Element(f"{{{W}}}{tag}", nsmap={"w": W, "r": R})
    for name, value in values.items():
        made.set(f"{{{W}}}{name}", str(value))
    made.extend([child for child in inside if child is not None])
    return made


def on(tag: str, present: object = True, **values: str | int) -> Any:  # noqa: FBT002 - the name says it
    """The element where something is present, else None."""
    return el(tag, **values) if present else None


def serialised(root: Any) -> bytes:
    """A part as bytes."""
    etree.cleanup_namespaces(root, keep_ns_prefixes=["w"])
    written: bytes = etree.tostring(root, encoding="unicode").encode()
    return _DECLARATION.encode() + written


def moment(at: Instant | None) -> str:
    """An instant as Word dates a change: whole seconds of UTC; where there is none, the first of 1970."""
    return iso(at or Instant(0))[:19] + "Z"


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """The package."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _THEN)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            package.writestr(entry, content)
    return stream.getvalue()


# --- what every package has ---------------------------------------------------------------------

_TYPES: Final = {
    "word/document.xml": f"{_WORD}.document.main+xml",
    "word/styles.xml": f"{_WORD}.styles+xml",
    "word/settings.xml": f"{_WORD}.settings+xml",
    "word/fontTable.xml": f"{_WORD}.fontTable+xml",
    "word/footnotes.xml": f"{_WORD}.footnotes+xml",
    "word/comments.xml": f"{_WORD}.comments+xml",
    "word/header1.xml": f"{_WORD}.header+xml",
    "word/header2.xml": f"{_WORD}.header+xml",
    "word/footer1.xml": f"{_WORD}.footer+xml",
    "docProps/core.xml": _CORE,
}
LINKS: Final = {
    "word/styles.xml": "rId1",
    "word/settings.xml": "rId2",
    "word/footnotes.xml": "rId3",
    "word/comments.xml": "rId4",
    "word/header1.xml": "rId5",
    "word/header2.xml": "rId6",
    "word/footer1.xml": "rId7",
    "word/fontTable.xml": "rId8",
}


def enveloped(parts: Parts, meta: Meta) -> Parts:
    """The parts in their order, with what names them, links them and says what they are."""
    word = [name for name in LINKS if name in parts]
    types = "".join(f'<Override PartName="/{name}" ContentType="{_TYPES[name]}"/>' for name in _TYPES if name in parts)
    core = f'<Override PartName="/docProps/core.xml" ContentType="{_CORE}"/>'
    first = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/>{types}{core}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{R}/officeDocument" Target="word/document.xml"/>'
        f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
        "</Relationships>",
        "docProps/core.xml": _core(meta),
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="{LINKS[name]}" Type="{R}/{_kind(name)}" Target="{name.removeprefix("word/")}"/>'
            for name in word
        )
        + "</Relationships>",
    }
    return {name: (_DECLARATION + content).encode() for name, content in first.items()} | parts


def _kind(name: str) -> str:
    return name.removeprefix("word/").removesuffix(".xml").rstrip("0123456789")


def _core(meta: Meta) -> str:
    dated = "".join(
        f'<dcterms:{what} xsi:type="dcterms:W3CDTF">{moment(meta.at)}</dcterms:{what}>'
        for what in ("created", "modified")
        if meta.at is not None
    )
    return (
        f'<cp:coreProperties xmlns:cp="{_PROPERTIES}" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(meta.title)}</dc:title><dc:creator></dc:creator>"
        f"<cp:lastModifiedBy></cp:lastModifiedBy>{dated}<dc:language>{escape(meta.language)}</dc:language>"
        "</cp:coreProperties>"
    )


def settings(*, tracking: bool) -> bytes:
    """Settings: today's layout, footnotes below the page, and where asked for, changes that go on being tracked."""
    separators = (el("footnote", id=-1), el("footnote", id=0))
    compatible = [
        el("compatSetting", name=name, uri="http://schemas.microsoft.com/office/word", val=value)
        for name, value in (("compatibilityMode", 15), ("overrideTableStyleFontSizeAndJustification", 1))
    ]
    return serialised(
        el(
            "settings",
            el("zoom", percent=100),
            on("trackRevisions", tracking),
            el("defaultTabStop", val=567),
            el("footnotePr", *separators),
            el("compat", *compatible),
        )
    )


# --- styles -------------------------------------------------------------------------------------

_INK: Final = "1B2A41"
_QUIET: Final = "5B6472"
_ALARM: Final = "B00020"
_SERIF: Final = "Times New Roman"


def fonts(meta: Meta) -> bytes:
    """Which font stands in for the one for letters of other scripts, where a machine does not have it."""
    return serialised(el("fonts", el("font", el("altName", val=_SERIF), name=_complex(meta))))


def _complex(meta: Meta) -> str:
    """The font for a script that joins or points its letters."""
    if not meta.right_to_left:
        return _SERIF
    return "Noto Serif Hebrew" if meta.language.lower().startswith(("he", "yi")) else "Noto Naskh Arabic"


def styles(meta: Meta) -> bytes:
    """How headings, clauses, points, notes and marks look: black on white, a serif, room to write in."""
    right = meta.right_to_left
    language = {"bidi": meta.language} if right else {"val": meta.language}
    defaults = el(
        "docDefaults",
        el(
            "rPrDefault",
            el(
                "rPr",
                el("rFonts", ascii=_SERIF, hAnsi=_SERIF, cs=_complex(meta), eastAsia="SimSun"),
                el("sz", val=24),
                el("szCs", val=28 if right else 24),
                el("lang", **language),
            ),
        ),
        el("pPrDefault", el("pPr", el("spacing", before=0, after=160, line=288, lineRule="auto"))),
    )
    made = [_paragraph("Normal", "Normal", based=None)]
    made += [_heading(level) for level in range(1, 7)]
    made += [
        _paragraph("Clause", "Clause", el("tabs", el("tab", val="left", pos=567))),
        _paragraph("ClausePoint", "Clause Point", el("spacing", after=100)),
        _paragraph("ClauseNote", "Clause Note", el("ind", left=567), look=(el("sz", val=20), el("szCs", val=22))),
        _paragraph("ClauseFront", "Clause Front", look=(el("color", val=_QUIET), el("sz", val=16), el("szCs", val=18))),
        _paragraph("FootnoteText", "footnote text", el("spacing", after=40, line=240, lineRule="auto"), look=_small()),
        _paragraph("CommentText", "annotation text", el("spacing", after=0, line=240, lineRule="auto"), look=_small()),
        _paragraph("Header", "header", el("spacing", after=0, line=240, lineRule="auto"), look=_small(_QUIET)),
        _paragraph("Footer", "footer", el("spacing", after=0, line=240, lineRule="auto"), look=_small(_QUIET)),
        _paragraph(
            "TextTitle",
            "Text Title",
            el("spacing", before=0, after=60, line=240, lineRule="auto"),
            look=(el("b"), el("bCs"), el("color", val=_INK), el("sz", val=36), el("szCs", val=40)),
        ),
        _paragraph(
            "TextReading",
            "Text Reading",
            _rule("bottom", 8),
            el("spacing", after=0, line=264, lineRule="auto"),
            look=(el("color", val=_QUIET), el("sz", val=21), el("szCs", val=24)),
        ),
        _character("FootnoteReference", "footnote reference", el("vertAlign", val="superscript")),
        _character("CommentReference", "annotation reference", el("sz", val=16)),
        _character("BracketMark", "Bracket Mark", el("b"), el("bCs"), el("color", val="1F4E9E")),
        _character("BracketHead", "Bracket Head", el("color", val="1F4E9E"), el("sz", val=20), el("szCs", val=22)),
        _character("Alarm", "Alarm", el("b"), el("bCs"), el("color", val=_ALARM)),
    ]
    return serialised(el("styles", defaults, *made))


def _rule(side: str, size: int) -> Any:
    return el("pBdr", el(side, val="single", sz=size, space=6, color=_INK))


def _small(colour: str = "000000") -> tuple[Any, ...]:
    return (el("color", val=colour), el("sz", val=19), el("szCs", val=22))


def _heading(level: int) -> Any:
    size = (32, 28, 25, 24, 24, 24)[level - 1]
    look = (
        el("b"), el("bCs"), on("i", level > 4), on("iCs", level > 4), el("color", val=_INK),
        el("sz", val=size), el("szCs", val=size + 4),
    )  # fmt: skip
    spacing = el("spacing", before=360 if level < 3 else 240, after=140, line=252, lineRule="auto")
    form = (el("keepNext"), el("keepLines"), spacing, el("outlineLvl", val=level - 1))
    return _paragraph(f"Heading{level}", f"heading {level}", *form, look=look)


def _paragraph(name: str, shown: str, *form: Any, look: tuple[Any, ...] = (), based: str | None = "Normal") -> Any:
    made = el(
        "style",
        el("name", val=shown),
        on("basedOn", based, val=based or ""),
        on("next", name.startswith("Heading"), val="Clause"),
        el("qFormat"),
        el("pPr", *form),
        el("rPr", *look),
        type="paragraph",
        styleId=name,
    )
    if based is None:
        made.set(f"{{{W}}}default", "1")
    elif not name.startswith(("Heading", "Footnote", "Comment", "Header", "Footer")):
        made.set(f"{{{W}}}customStyle", "1")
    return made


def _character(name: str, shown: str, *look: Any) -> Any:
    made = el("style", el("name", val=shown), el("qFormat"), el("rPr", *look), type="character", styleId=name)
    if name in {"BracketMark", "BracketHead", "Alarm"}:
        made.set(f"{{{W}}}customStyle", "1")
    return made
