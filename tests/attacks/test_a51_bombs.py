"""A51: documents that unpack, expand or nest without end.  Time and memory are bounded, in the child and in the parent."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from wordfiles import change, docx, p, parts, r, root, zipped

from detente.documents import docx_package, docx_reader, intake
from detente.documents.docx_reading import MOST_PARAGRAPHS
from detente.ground.errors import Malformed

ROOT = Path(__file__).resolve().parent.parent.parent
MEGABYTE = 2**20


def filled(text, times):
    """A document of one paragraph with much in it."""
    return zipped(parts() | {"word/document.xml": root("document", f"<w:body><w:p>{text * times}</w:p></w:body>")})


def billion_laughs():
    entities = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 10))
    text = f'<!DOCTYPE w [<!ENTITY a0 "ha">{entities}]>' + root("document", f"<w:body>{p(r('&a9;'))}</w:body>")
    return zipped(parts() | {"word/document.xml": text})


def many_parts():
    return zipped(parts() | {f"word/part{at}.xml": "" for at in range(docx_package.MOST_PARTS)})


def lying_about_its_size():
    """A part whose directory entry says that it is small."""
    made = zipped(parts(p(r("x" * 3 * MEGABYTE))))
    stream = io.BytesIO(made)
    with zipfile.ZipFile(stream, "a") as package:
        package.getinfo("word/document.xml").file_size = 1000
        package.comment = b"changed"
    return stream.getvalue()


def steep():
    """A part two hundred times larger than it is packed."""
    return zipped(parts(p(r("x" * 30 * MEGABYTE))))


def many_steep_ones(each=30 * MEGABYTE):
    """Together larger than anything; each barely within what one may be."""
    filler = os.urandom(each // 150) + b"\0" * each
    return zipped(parts() | {f"word/media/p{at}.png": filler for at in range(8)})


BOMBS = {
    "laughs": (billion_laughs, "declares entities"),
    "parts": (many_parts, "more than 2,000 parts"),
    "steep": (steep, "refused as a bomb"),
    "steep together": (many_steep_ones, "refused as a bomb"),
    "lying": (lying_about_its_size, "damaged or cut short|no proper XML"),
    "deep": (lambda: filled("<w:sdt>", 100_000), "nested deeper|no proper XML"),
    "deep runs": (lambda: docx("<w:sdt>" * 250 + p(r("x")) + "</w:sdt>" * 250), ""),
}


@pytest.mark.attack("A51", "prevented")
@pytest.mark.parametrize("name", [name for name in BOMBS if BOMBS[name][1]])
def test_a_bomb_is_refused_before_it_goes_off(name, monkeypatch):
    made, sentence = BOMBS[name]
    if made is many_steep_ones:
        monkeypatch.setattr(docx_package, "LARGEST_WHOLE", 16 * MEGABYTE)
        raw = made(3 * MEGABYTE)
    else:
        raw = made()
    with pytest.raises(Malformed, match=sentence):
        docx_reader.read(raw)


def test_control_what_is_merely_large_or_deep_is_read():
    assert len(docx_reader.read(docx(p(r("word " * 100_000)))).paragraphs) == 1
    assert len(docx_reader.read(docx("<w:sdt>" * 100 + p(r("x")) + "</w:sdt>" * 100)).paragraphs) == 1


@pytest.mark.attack("A51", "prevented")
def test_more_paragraphs_changes_or_comments_than_any_document_has_are_refused(monkeypatch):
    assert MOST_PARAGRAPHS == 100_000
    monkeypatch.setattr(docx_reader, "MOST_PARAGRAPHS", 10)
    monkeypatch.setattr(docx_reader, "MOST_REVISIONS", 10)
    monkeypatch.setattr(docx_reader, "MOST_COMMENTS", 10)
    comment = '<w:comment w:id="1"/>'
    for made, what in (
        (docx("<w:p/>" * 11), "paragraphs"),
        (docx(p(change("ins", r("x")) * 11)), "tracked changes"),
        (docx("", comments=comment * 11), "comments"),
    ):
        with pytest.raises(Malformed, match=f"more than 10 {what}"):
            docx_reader.read(made)
    for made in (docx("<w:p/>" * 10), docx(p(change("ins", r("x")) * 10)), docx("", comments=comment * 10)):
        assert docx_reader.read(made) is not None  # control


@pytest.mark.attack("A51", "prevented")
def test_a_file_that_is_too_large_is_refused_before_any_child_is_started(monkeypatch):
    monkeypatch.setattr(intake.jail, "run", lambda *_: pytest.fail("a child was started"))
    with pytest.raises(Malformed, match="larger than 16,777,216 bytes"):
        intake.taken(b"PK\x03\x04" + bytes(intake.LARGEST), ".docx")
    with pytest.raises(Malformed, match="larger than 16,777,216 bytes"):
        docx_reader.read(b"PK\x03\x04" + bytes(intake.LARGEST))


@pytest.mark.attack("A51", "prevented")
def test_a_text_longer_than_the_table_takes_is_refused(monkeypatch):
    made = docx(p(r("word " * 100)))
    assert len(intake.taken(made, ".docx").text) == 501  # control
    monkeypatch.setattr(intake, "LARGEST_TEXT", 400)
    with pytest.raises(Malformed, match="400 bytes of text"):
        intake.taken(made, ".docx")


PROGRAM = """
import json, resource, sys
sys.path[:0] = [{root!r}, {tests!r}, {attacks!r}]
import test_a51_bombs as bombs
from detente.documents import intake
from detente.ground.errors import Malformed
from wordfiles import docx, p, r
intake.taken(docx(p(r("warm"))), ".docx")
made = [bombs.BOMBS[name][0]() for name in bombs.BOMBS]
made += [bombs.filled("<w:r/>", 4_000_000), bombs.filled("<w:r><w:t>" + "y" * 1000 + "</w:t></w:r>", 9_000)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said = []
for raw in made:
    try:
        said.append(len(intake.taken(raw, ".docx").text))
    except Malformed as error:
        said.append(error.sentence)
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, said]))
"""


@pytest.mark.slow
@pytest.mark.attack("A51", "prevented")
def test_the_parent_of_a_child_that_meets_a_bomb_does_not_grow():
    program = PROGRAM.format(root=str(ROOT), tests=str(ROOT / "tests"), attacks=str(Path(__file__).parent))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300)
    grown, said = json.loads(ended.stdout)
    assert grown < 60 * 1024  # kilobytes: what a document may say at most is what the parent may have to hold
    assert [isinstance(each, str) for each in said[: len(BOMBS)]] == [bool(sentence) for _, sentence in BOMBS.values()]
