"""Documents in a real browser: a Word document is brought, looked at and laid down; one is kept, changed and returns."""

import zipfile

import pytest
from browsing import must_be_here
from houses import TEXT as OF_NAMES
from houses import Houses
from test_pages import HOSTILE, inside, refusals

from detente.documents import docx_writer
from detente.documents.matter import Matter, Meta
from detente.procedures.table import sheet
from detente.procedures.table.parse import parse

pytestmark = pytest.mark.slow

TITLE = "Brought as a document"
SOURCE = OF_NAMES.replace("Belmora", "BEL").replace("every incident", "every incident\u200b " + HOSTILE)
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    must_be_here()
    with Houses(tmp_path_factory.mktemp("houses")) as made:
        made.meet()
        yield made


def word(folder):
    document = parse(SOURCE).document
    made = docx_writer.write(Matter(document, sheet.as_negotiated(document)), Meta("A text", "en"))
    (folder / "Incidents.docx").write_bytes(made)
    return folder / "Incidents.docx"


def changed(file, old, new):
    back = file.with_name(f"back-{file.name}")
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(back, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            part = before.read(name)
            assert name != "word/document.xml" or old in part
            after.writestr(name, part.replace(old, new) if name == "word/document.xml" else part)
    return back


def looked_at(page, name, folder):
    """The page as it is in both schemes, wide and on a phone: nothing sticks out."""
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        assert inside(page), (name, scheme, width)
        page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.evaluate("window.__xss") is None


def test_a_document_is_brought_kept_changed_and_returns(houses, enter, tmp_path):
    folder = tmp_path
    page = enter("arvenia")
    page.goto(f"/lines/{houses.line}/texts")
    brought = page.locator("details.card", has_text="Bring a text as a document")
    brought.locator("summary").click()
    brought.locator("[name=document]").set_input_files(word(folder))
    looked_at(page, "bring", folder)
    brought.get_by_role("button", name="Show what it holds").click()
    page.wait_for_load_state()
    assert refusals(page) == []
    assert "U+200B" in page.locator("main").inner_text()
    assert HOSTILE in page.locator("main").inner_text()
    looked_at(page, "preview", folder)
    page.locator("[name=title]").fill(TITLE)
    page.get_by_role("button", name="Lay these words on the table").click()
    page.wait_for_load_state()
    assert refusals(page) == []
    houses.until(lambda: page.reload() and page.locator("a.row", has_text=TITLE).count())
    page.locator("a.row", has_text=TITLE).click()
    page.get_by_role("link", name="Documents", exact=True).click()
    page.wait_for_load_state()
    looked_at(page, "documents", folder)

    member = enter("belmora")
    path = page.url.removeprefix(houses.urls["arvenia"])
    houses.until(lambda: member.goto(path).status == 200)
    with member.expect_download() as coming:
        member.locator("section", has_text="Which reading").get_by_role("button", name="Word").click()
    kept = folder / coming.value.suggested_filename
    coming.value.save_as(kept)
    assert kept.name.startswith("Brought-as-a-document_SENSITIVE_entry-")
    back = changed(kept, b"names one office", b"names two offices")
    form = member.locator("section", has_text="The next revision")
    form.locator("[name=document]").set_input_files(back)
    form.get_by_role("button", name="Show what it would propose").click()
    member.wait_for_load_state()
    assert refusals(member) == []
    assert member.locator("[name=chosen]").count() == 1
    assert "one office" in member.locator("del").first.inner_text()
    looked_at(member, "revision", folder)
    member.get_by_role("button", name="Propose what is chosen").click()
    member.wait_for_load_state()
    assert "1 proposed" in member.locator("[role=status]").last.inner_text()
    looked_at(member, "proposed", folder)
    text = path.removesuffix("/documents")
    houses.until(lambda: [one for one in houses.get("arvenia", text)["operations"] if one["fate"] == "live"])

    with page.expect_download() as coming:
        page.locator("section", has_text="What changed").get_by_role("button", name="Word").click()
    assert coming.value.suggested_filename.endswith("_redline.docx")
    (folder / "empty.md").write_bytes(b"")
    form = page.locator("section", has_text="The next revision")
    form.locator("[name=document]").set_input_files(folder / "empty.md")
    form.get_by_role("button", name="Show what it would propose").click()
    page.wait_for_load_state()
    assert refusals(page) == ["The file is empty."]
    looked_at(page, "refused", folder)
    page.get_by_text("Back to where you were").click()
    page.wait_for_load_state()
    assert page.url.endswith("/documents")
    for each in (page, member):
        said = [words for words in each.complaints if "400" not in words]
        assert said == []


def test_documents_need_no_script(houses, enter, tmp_path):
    page = enter("corvalis", java_script_enabled=False)
    page.goto(f"/lines/{houses.line}/texts")
    brought = page.locator("details.card", has_text="Bring a text as a document")
    brought.locator("summary").click()
    brought.locator("[name=document]").set_input_files(word(tmp_path))
    brought.get_by_role("button", name="Show what it holds").click()
    page.wait_for_load_state()
    assert page.get_by_role("button", name="Lay these words on the table").count() == 1
