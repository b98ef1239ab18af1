"""A50: documents made to harm whoever opens them.  Each is refused with a sentence, and nothing of it is taken.

A control stands beside each: the same document without the one thing for which it is refused is read.
"""

import io
import zipfile

import pytest
from wordfiles import MAIN, R, change, content_types, docx, links, p, parts, r, root, zipped

from detente.documents import docx_package, docx_reader, intake
from detente.documents.docx_reading import Side, blocks
from detente.ground.errors import Malformed

HONEST = parts(p(r("Honest words.")))
DOC_RELS = "word/_rels/document.xml.rels"


def words(made):
    return [block.text for block in blocks(docx_reader.read(made).paragraphs, Side.ACCEPTED)]


def with_link(kind, target, *mode):
    return HONEST | {DOC_RELS: links((kind, target, *mode))}


def with_type(kind, more=""):
    return HONEST | {"[Content_Types].xml": content_types(kind, more)}


def with_text(text):
    return HONEST | {"word/document.xml": text}


DOCUMENT = HONEST["word/document.xml"]
DOCTYPE = '<!DOCTYPE w [<!ENTITY e SYSTEM "file:///etc/passwd">]>'

PACKAGES = {
    "macros": (HONEST | {"word/vbaProject.bin": b"\0"}, "has macros"),
    "macros by another name": (with_link("vbaProject", "harmless.xml"), "has macros"),
    "macros by type": (
        with_type("application/vnd.ms-word.document.macroEnabled.main+xml"),
        "has macros",
    ),
    "a macro's data": (HONEST | {"word/vbaData.xml": "<a/>"}, "has macros"),
    "an embedded object": (HONEST | {"word/embeddings/oleObject1.bin": b"\0"}, "embedded objects"),
    "a linked object": (with_link("oleObject", "embeddings/a.xlsx"), "embedded objects"),
    "a package inside": (with_link("package", "a.xlsx"), "embedded objects"),
    "a control": (HONEST | {"word/activeX/activeX1.xml": "<a/>"}, "ActiveX"),
    "a linked control": (with_link("control", "a.xml"), "ActiveX"),
    "another format inside": (with_link("aFChunk", "a.htm"), "text of another format"),
    "another format by name": (HONEST | {"word/afchunk.mht": b"x"}, "text of another format"),
    "a document inside": (HONEST | {"word/inner.docx": b"PK"}, "another file inside"),
    "a program inside": (HONEST | {"word/media/run.exe": b"MZ"}, "another file inside"),
    "parts in other files": (with_link("subDocument", "a.xml"), "parts of it in other files"),
    "a template elsewhere": (with_link("attachedTemplate", "https://evil.example/t.dotm", "External"), "fetch something"),
    "a template of settings": (
        HONEST | {"word/settings.xml": root("settings", ""),
                  "word/_rels/settings.xml.rels": links(("attachedTemplate", r"\\evil\t.dotx", "External"))},
        "fetch something",
    ),
    "a picture elsewhere": (with_link("image", "https://evil.example/p.png", "External"), "fetch something"),
    "a frame elsewhere": (with_link("frame", "https://evil.example/", "External"), "fetch something"),
    "elsewhere without saying so": (with_link("image", "https://evil.example/p.png"), "fetch something"),
    "a share without saying so": (with_link("image", "//evil/p.png"), "fetch something"),
    "a file without saying so": (with_link("image", "file:///etc/passwd"), "fetch something"),
    "a DOCTYPE": (with_text(DOCTYPE + DOCUMENT), "declares entities"),
    "a DOCTYPE in the links": (HONEST | {DOC_RELS: DOCTYPE + links()}, "declares entities"),
    "another encoding": (with_text('<?xml version="1.0" encoding="UTF-7"?>' + DOCUMENT), "not written in UTF-8"),
    "two bytes a letter": (with_text(DOCUMENT.encode("utf-16")), "not written in UTF-8"),
    "broken letters": (with_text(DOCUMENT.replace("Honest", "H\ufffd").encode().replace(b"\xef\xbf\xbd", b"\xff")), "UTF-8"),
    "broken XML": (with_text(DOCUMENT[:-20]), "no proper XML"),
    "no XML": (with_text("Honest words."), "no proper XML"),
    "elements without end": (with_text(DOCUMENT.replace("<w:p>", "<w:p>" + "<w:sdt>" * 300)), "nested deeper|no proper XML"),
    "a part that leads out": (HONEST | {"word/../../out.xml": "<a/>"}, "leads out"),
    "a part from the root": (HONEST | {"/etc/x.xml": "<a/>"}, "leads out"),
    "a part with a drive": (HONEST | {"c:/x.xml": "<a/>"}, "leads out"),
    "a part with a turned slash": (HONEST | {"word\\x.xml": "<a/>"}, "leads out"),
    "a part in two spellings": (HONEST | {"WORD/document.xml": "<a/>"}, "bear one name"),
    "no types": ({name: made for name, made in HONEST.items() if name != "[Content_Types].xml"}, "what its parts are"),
    "no main part": (HONEST | {"_rels/.rels": links()}, "names no main part"),
    "a main part that is missing": ({name: made for name, made in HONEST.items() if "document.xml" not in name}, "missing"),
    "two main parts": (
        HONEST | {"_rels/.rels": links(("officeDocument", "word/document.xml"), ("officeDocument", "word/document.xml"))},
        "no main part",
    ),
    "another kind of document": (
        with_type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"),
        "not the text of a Word document",
    ),
    "a main part without a type": (with_type("text/plain"), "not the text of a Word document"),
    "a main part of another kind": (with_text("<html/>"), "holds no text"),
    "a note that is missing": (
        with_text(root("document", f"<w:body>{p('<w:r><w:footnoteReference w:id=' + chr(34) + '1' + chr(34) + '/></w:r>')}</w:body>")),
        "does not have",
    ),
    "a field that fetches": (with_text(DOCUMENT.replace("<w:r>", '<w:fldSimple w:instr="DDEAUTO x"/><w:r>', 1)), "fetches or runs"),
}  # fmt: skip


@pytest.mark.attack("A50", "prevented")
@pytest.mark.parametrize("name", PACKAGES)
def test_a_document_made_to_harm_is_refused_with_a_sentence(name):
    made, sentence = PACKAGES[name]
    with pytest.raises(Malformed, match=sentence) as caught:
        docx_reader.read(zipped(made))
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    "made",
    [
        HONEST,
        with_type(MAIN),
        with_link("attachedTemplate", "template.xml"),
        with_link("hyperlink", "https://example.org/", "External"),
        with_link("image", "media/p.png"),
        HONEST | {"docProps/app.xml": "<a/>", "word/media/p.png": b"\x89PNG"},
        with_text('<?xml version="1.0" encoding="utf-8"?><!-- a remark --><?a pi?>' + DOCUMENT),
        with_text("\ufeff" + DOCUMENT),
        HONEST | {"word/": ""},
    ],
)
def test_control_the_same_without_harm_is_read(made):
    assert words(zipped(made)) == ["Honest words."]


def flagged(made, **changes):
    """The package with one entry's header changed, in the directory at its end."""
    stream = io.BytesIO(made)
    with zipfile.ZipFile(stream, "a") as package:
        entry = package.getinfo("word/document.xml")
        for name, value in changes.items():
            setattr(entry, name, value)
        package.comment = b"changed"  # so that the directory is written again
    return stream.getvalue()


@pytest.mark.attack("A50", "prevented")
def test_an_encrypted_package_and_one_with_a_link_are_refused():
    made = zipped(HONEST)
    with pytest.raises(Malformed, match="encrypted"):
        docx_reader.read(flagged(made, flag_bits=0x1))
    with pytest.raises(Malformed, match="leads out"):
        docx_reader.read(flagged(made, external_attr=0o120777 << 16))
    assert words(flagged(made)) == ["Honest words."]  # control


@pytest.mark.attack("A50", "prevented")
def test_one_name_twice_is_refused():
    stream = io.BytesIO(zipped(HONEST))
    with zipfile.ZipFile(stream, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr("word/document.xml", DOCUMENT.replace("Honest", "Other"))
    with pytest.raises(Malformed, match="bear one name"):
        docx_reader.read(stream.getvalue())


@pytest.mark.attack("A50", "prevented")
@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "does not begin"),
        (b"%PDF-1.7", "does not begin"),
        (b"MZ" + zipped(HONEST), "does not begin"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old or an encrypted"),
        (b"PK\x03\x04", "damaged or cut short"),
        (zipped(HONEST)[:-30], "damaged or cut short"),
        (zipped(HONEST, zipfile.ZIP_LZMA), "packed in a way"),
        (zipped({}), "does not begin"),
    ],
)
def test_what_is_no_package_is_refused(raw, sentence):
    with pytest.raises(Malformed, match=sentence):
        docx_reader.read(raw)


@pytest.mark.attack("A50", "prevented")
def test_a_package_cut_short_or_damaged_anywhere_is_refused_or_read_as_it_is():
    whole = zipped(HONEST)
    for end in range(0, len(whole), 7):
        with pytest.raises(Malformed):
            docx_reader.read(whole[:end])
    for at in range(0, len(whole), 5):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        try:
            assert words(damaged) == ["Honest words."]
        except Malformed as error:
            assert error.sentence.endswith(".")
    assert words(whole) == ["Honest words."]  # control


# --- what can be read and is not what it seems ---------------------------------------------------

SEEN_OTHERWISE = {
    "hidden": r("not ", "<w:vanish/>"),
    "pale": r("not ", '<w:color w:val="FFFFFF"/>'),
    "tiny": r("not ", '<w:sz w:val="1"/>'),
    "turned": '<w:bdo w:val="rtl">' + r("not ") + "</w:bdo>",
    "refused": r("\u202enot\u202c "),
    "flagged": r("n\u200bot "),
    "look-alike": r("n\u043et "),
}


@pytest.mark.attack("A25", "detected")
@pytest.mark.parametrize("kind", SEEN_OTHERWISE)
def test_text_that_is_seen_otherwise_than_it_is_is_kept_and_told(kind):
    body = p(r("The Parties shall "), SEEN_OTHERWISE[kind], r("act."))
    found = docx_reader.read(docx(body))
    assert kind in {each.kind for each in found.findings}
    (block,) = blocks(found.paragraphs, Side.ACCEPTED)
    assert block.text.startswith("The Parties shall ")
    assert len(block.text) > len("The Parties shall act.")


def test_control_plain_text_is_not_told_of():
    assert docx_reader.read(docx(p(r("The Parties shall not act.")))).findings == ()


@pytest.mark.attack("A25", "detected")
def test_a_change_that_hides_as_a_change_of_form_is_no_change():
    """The old form of a run may not say what the text is: only marks of insertion and deletion do."""
    old = f'<w:rPrChange w:id="1" w:author="X"><w:rPr>{change("del")}<w:vanish/></w:rPr></w:rPrChange>'
    found = docx_reader.read(docx(p(r("shall not", old))))
    assert words(docx(p(r("shall not", old)))) == ["shall not"]
    assert found.revisions == ()


# --- through the jail ---------------------------------------------------------------------------


@pytest.mark.attack("A50", "prevented")
@pytest.mark.parametrize("name", ["macros", "a template elsewhere", "a DOCTYPE", "broken XML"])
def test_a_document_made_to_harm_is_refused_in_the_jail_with_the_same_sentence(name):
    made, sentence = PACKAGES[name]
    with pytest.raises(Malformed, match=sentence):
        intake.taken(zipped(made), ".docx")


def test_control_an_honest_document_is_read_in_the_jail():
    found = intake.taken(docx(p(r("We "), change("ins", r("act"))) + p(r("•\tone"))), ".docx")
    assert found.text == "We act\n\n* one\n"
    assert [each.kind for each in found.findings] == ["tracked"]
    assert intake.taken(docx(p(r("A package by another name."))), ".md").text == "A package by another name.\n"


@pytest.mark.attack("A50", "prevented")
def test_what_is_no_part_of_the_rules_is_not_reached_by_another_way():
    """A target that climbs stays in the package, and a part by its full path is the same part."""
    made = HONEST | {"_rels/.rels": links(("officeDocument", "/word/document.xml"))}
    assert words(zipped(made)) == ["Honest words."]
    climbing = HONEST | {"_rels/.rels": links(("officeDocument", "../../word/document.xml"))}
    assert words(zipped(climbing)) == ["Honest words."]
    assert docx_package.LARGEST_DOCX == intake.LARGEST
    assert R.startswith("http")
