"""A text as a Word document: headings as styles, one paragraph for every clause."""

from __future__ import annotations

import io
import zipfile
from typing import Final

from lxml import etree

from detente.documents.matter import Matter, Meta
from detente.procedures.table.sheet import Paragraph
from detente.procedures.table.tree import ClauseKind
from detente.wire import text as safety

_W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_THEN: Final = (1980, 1, 1, 0, 0, 0)  # what every part of a package is dated, so that bytes depend on the text alone


def write(matter: Matter, meta: Meta) -> bytes:
    """The document in the bytes of a .docx file."""
    body = etree.Element(f"{{{_W}}}document", nsmap={"w": _W})
    inside = etree.SubElement(body, f"{{{_W}}}body")
    for paragraph in matter.sheet:
        _paragraph(inside, paragraph, meta)
    types = (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_MAIN}"/></Types>'
    )
    links = (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    return _packed(
        {
            "[Content_Types].xml": types.encode(),
            "_rels/.rels": links.encode(),
            "word/document.xml": etree.tostring(body, xml_declaration=True, encoding="UTF-8", standalone=True),
        }
    )


def _paragraph(body: etree._Element, paragraph: Paragraph, meta: Meta) -> None:
    made = etree.SubElement(body, f"{{{_W}}}p")
    form = etree.SubElement(made, f"{{{_W}}}pPr")
    if paragraph.kind is ClauseKind.HEADING:
        etree.SubElement(form, f"{{{_W}}}pStyle", {f"{{{_W}}}val": f"Heading{paragraph.level + 1}"})
    if meta.right_to_left:
        etree.SubElement(form, f"{{{_W}}}bidi")
    run = etree.SubElement(made, f"{{{_W}}}r")
    words = etree.SubElement(run, f"{{{_W}}}t")
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    words.text = safety.visible(" ".join(paragraph.written.split()))


def _packed(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _THEN)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            package.writestr(entry, content)
    return stream.getvalue()
