"""A45: what a document that leaves the house tells of the machine, the user and the moment.

Every byte of every part is searched; the control shows that the search finds such a trace where there is one.
"""

import getpass
import io
import platform
import re
import sys
import time
import zipfile
from pathlib import Path

import pytest

from detente.documents import docx_writer
from detente.documents.docx_ink import Style
from detente.documents.matter import Matter, Meta
from detente.ground.instants import Instant
from detente.procedures.table import align, readings, sheet
from detente.procedures.table.parse import parse

MEMO = "# A memorandum\n\n1. The Parties [BEL: shall][COR: should] act[^1].\n\n[^1]: Not at night.\n"
DOCUMENT = parse(MEMO).document
AT = Instant(1_790_000_000_000)
MOMENT = b"2026-09-21T14:13:20"


def made(title="A memorandum"):
    """A text and a redline, as they leave."""
    meta = Meta(title, "en", AT)
    a, b = (sheet.as_decided(DOCUMENT, readings.as_party(code)) for code in ("BEL", "COR"))
    return [
        docx_writer.write(Matter(DOCUMENT, sheet.as_negotiated(DOCUMENT)), meta),
        docx_writer.redline(align.readings(a, b), meta, ("a", "b"), Style(by="SEC")),
    ]


def parts(document):
    """Everything in a package, names and headers too."""
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        return [document, *(package.read(name) for name in package.namelist())]


def traces():
    """What only this machine and this user have; what is as short as a word of the text is no trace."""
    said = {
        getpass.getuser(),
        platform.node(),
        str(Path.cwd()),
        sys.prefix,
        platform.release(),
        time.strftime("%Y-%m-%dT%H"),
    }
    return {each.encode() for each in said if len(each) > 3} | {b"python", b"lxml", b"LibreOffice", b"rsid"}


def found_in(document):
    return {trace for part in parts(document) for trace in traces() if trace.lower() in part.lower()}


@pytest.mark.attack("A45", "prevented")
def test_no_part_of_a_document_names_the_machine_or_the_user():
    for document in made():
        assert found_in(document) == set()


def test_control_a_trace_is_found_where_there_is_one():
    assert found_in(made(f"Written by {platform.python_implementation()} python")[0]) == {b"python"}


@pytest.mark.attack("A45", "prevented")
def test_a_document_bears_the_moment_that_was_handed_in_and_no_other():
    for document in made():
        moments = set(re.findall(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", b"".join(parts(document))))
        assert moments == {MOMENT}
        with zipfile.ZipFile(io.BytesIO(document)) as package:
            assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert {(entry.create_system, entry.external_attr >> 16, entry.comment) for entry in package.infolist()} <= {
                (0, 0, b""), (0, 0o600, b"")
            }  # fmt: skip


@pytest.mark.attack("A45", "prevented")
def test_nobody_is_named_as_author_who_was_not_handed_in():
    for document in made():
        text = b"".join(parts(document))
        assert set(re.findall(rb'w:author="([^"]*)"', text)) <= {b"BEL", b"COR", b"SEC"}
        assert b"<dc:creator></dc:creator>" in text
        assert b"<cp:lastModifiedBy></cp:lastModifiedBy>" in text
