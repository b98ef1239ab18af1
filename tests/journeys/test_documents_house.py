"""A document's journey through real houses: in as Word, shown, laid down, revised by another party, out as a redline.

Pandoc has the last word: who accepts all changes of the redline has the one reading, who rejects all has the other.
"""

import io
import zipfile

import pytest
from houses import TEXT as OF_NAMES
from houses import Houses
from test_documents_oracles import pandoc  # noqa: F401 - a fixture

from detente.documents import docx_writer
from detente.documents.matter import Matter, Meta
from detente.procedures.table import sheet
from detente.procedures.table.parse import parse

pytestmark = pytest.mark.slow

TEXT = OF_NAMES.replace("Belmora", "BEL") + "\n## Article 3\n\n1. **Nothing** in this\n   text binds a third Party.\n"
MEDIA = {"content-type": "application/octet-stream"}


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    with Houses(tmp_path_factory.mktemp("houses")) as made:
        made.meet()
        yield made


def hand_in(houses, key, path, raw, **query):
    sent = houses.client(key).post(f"/api/v1{path}", content=raw, params=query, headers=MEDIA)
    assert sent.is_success, sent.text
    return sent.json()


def kept(houses, key, path, **query):
    answer = houses.client(key).get(f"/api/v1{path}", params=query).raise_for_status()
    assert answer.headers["content-disposition"].startswith('attachment; filename="')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    return answer


def changed(raw, *changes):
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            part = before.read(name)
            for old, new in changes if name == "word/document.xml" else ():
                assert old in part
                part = part.replace(old, new)
            after.writestr(name, part)
    return stream.getvalue()


def test_in_shown_laid_down_revised_and_out_as_a_redline_that_pandoc_reads(houses, pandoc):  # noqa: F811
    line = f"/lines/{houses.line}"
    document = parse(TEXT).document
    word = docx_writer.write(Matter(document, sheet.as_negotiated(document)), Meta("On incidents", "en"))
    seen = hand_in(houses, "arvenia", f"{line}/documents", word, name="incidents.docx")
    assert (seen["refused"], seen["title"]) == ("", "Line on incidents")
    assert houses.get("arvenia", f"{line}/texts") == [], "nothing was said"
    act = houses.post(
        "arvenia", f"{line}/documents/{seen['preview']}/import", {"title": "On incidents", "language": "en"}
    )["act"]
    houses.confirmed("arvenia", act)
    houses.everywhere(act)
    text = f"{line}/texts/{act}"

    base = kept(houses, "belmora", f"{text}/documents/docx", of="base").content
    back = changed(base, (b"every incident", b"each incident"), (b"a third Party", b"any third State"))
    seen = hand_in(houses, "belmora", f"{text}/revisions", back, name="our changes.docx")
    assert (seen["reading"], seen["marked"], len(seen["proposals"]), seen["unsaid"]) == ("base", True, 2, [])
    done = houses.post("belmora", f"{text}/revisions/{seen['preview']}/propose", {"chosen": [0, 1]})
    assert (len(done["submitted"]), done["refused"]) == (2, [])
    for each in done["submitted"]:
        houses.confirmed("belmora", each["act"])
        houses.everywhere(each["act"])

    redline = kept(houses, "corvalis", f"{text}/documents/redline.docx", **{"from": "base", "to": "BEL"}).content
    for name, mode in (("base", "reject"), ("BEL", "accept")):
        alone = kept(houses, "corvalis", f"{text}/documents/docx", of=name).content
        words = pandoc(redline, mode)
        assert words == pandoc(alone, "accept")
        assert ("each incident" in " ".join(words)) is (mode == "accept")
        assert ("any third State" in " ".join(words)) is (mode == "accept")
    assert pandoc(redline, "accept") != pandoc(redline, "reject")

    sizes = {key: houses.get(key, line)["size"] for key in ("arvenia", "corvalis")}
    if len(set(sizes.values())) == 1:
        files = {kept(houses, key, f"{text}/documents/{form}").content for key in sizes for form in ("akn",)}
        assert len(files) == 1, "one state makes one document, whoever makes it"

    whole = kept(houses, "arvenia", f"{text}/documents/docx").content
    again = hand_in(houses, "arvenia", f"{text}/revisions", whole, name="unchanged.docx")
    assert again["proposals"] == []
    stale = houses.client("belmora").post(
        f"/api/v1{text}/revisions", content=kept(houses, "belmora", f"{text}/documents/docx", of="imported").content,
        params={"name": "old.docx"}, headers=MEDIA,
    )  # fmt: skip
    assert stale.status_code == 400
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", b"\0" * 40_000_000)
    for raw, name in ((bomb.getvalue(), "bomb.docx"), (b'<!DOCTYPE a [<!ENTITY b "c">]><akomaNtoso/>', "bomb.xml")):
        refused = houses.client("belmora").post(
            f"/api/v1{line}/documents", content=raw, params={"name": name}, headers=MEDIA
        )
        assert refused.status_code == 400
        assert refused.json()["sentence"].endswith(".")
