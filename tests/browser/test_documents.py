"""Pages of texts in a real browser: they fit a phone and a wall, ask for nothing, and their policy lets nothing run."""

import pytest

from detente.documents import page_columns, page_frame, page_html, page_redline
from detente.documents.matter import Matter, Meta
from detente.procedures.table import align, columns, sheet
from detente.procedures.table.parse import parse

pytestmark = pytest.mark.slow

ENGLISH = (
    "# Protocol on the Shared Waters\n\n## Article 1 Purpose\n\n1. The Parties [BEL/COR propose: shall][DOR propose: should] "
    "share [what they measure [and what they expect [within [three][six] hours]]] of the level of the waters[^1].\n\n"
    "(a) " + "Donaudampfschifffahrtsgesellschaftskapitän " * 3 + "\n\n1. **Option 1:** A commission meets.\n\n"
    "    **Option 2:** No text\n\n[^1]: A note.\n\n## Article 2\n\n1. Nothing.\n"
)
ARABIC = "# بروتوكول\n\n1. [BEL propose: يجب على الأطراف][COR: ينبغي للأطراف] أن تتبادل [ما تقيسه] (A/RES/1).\n"


def written(kind, text, language):
    document = parse(text).document
    laid = sheet.as_negotiated(document)
    meta = Meta("A text", language)
    match kind:
        case "text":
            return page_html.write(Matter(document, laid), meta)
        case "columns":
            return page_columns.write(columns.of_parties(document, ["BEL", "COR"]), meta)
        case _:
            other = sheet.as_negotiated(parse(text.replace("1. ", "1. Now ", 1)).document)
            return page_redline.write(align.revisions(laid, other), meta, ("one", "two"))


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as maker:
        try:
            started = maker.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        except playwright.Error:
            pytest.skip("no chromium: apt install chromium")
        yield started
        started.close()


class Seen:
    """A page with what it complained of and what it asked for."""

    def __init__(self, browser, file, **more):
        self.page = browser.new_page(**more)
        self.complaints, self.asked = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 2560])
@pytest.mark.parametrize("kind", ["text", "columns", "redline"])
def test_every_page_fits_and_asks_for_nothing(browser, tmp_path, kind, width, scheme):
    for language, text in (("en", ENGLISH), ("ar", ARABIC)):
        file = tmp_path / f"{kind}-{language}.html"
        file.write_bytes(written(kind, text, language))
        seen = Seen(browser, file, viewport={"width": width, "height": 800}, color_scheme=scheme)
        assert seen.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        assert seen.complaints == []
        assert seen.asked == [file.as_uri()]
        ground = seen.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (ground == "rgb(20, 22, 26)") is (scheme == "dark")  # the style sheet is there, and the scheme is heard
        seen.page.close()


def test_what_would_run_if_it_became_markup_does_not(browser, tmp_path):
    meta = Meta("A text", "en")
    page, main = page_frame.frame(meta, "a page")
    page_frame.put(main, "p", "WORDS")
    raw = page_frame.written(page)
    hostile = b"<script>window.ran = 1</script><img src=http://127.0.0.1:9/x onerror='window.ran = 2'><b style='color:red'>x</b>"
    spoilt = tmp_path / "spoilt.html"
    spoilt.write_bytes(raw.replace(b"WORDS", hostile))
    seen = Seen(browser, spoilt)
    assert seen.page.evaluate("window.ran") is None
    assert seen.page.evaluate("getComputedStyle(document.querySelector('b')).color") != "rgb(255, 0, 0)"
    assert len(seen.complaints) >= 3
    free = tmp_path / "free.html"  # the control: without the policy it runs
    free.write_bytes(raw.replace(b"WORDS", hostile).replace(b"Content-Security-Policy", b"Nothing"))
    assert Seen(browser, free).page.evaluate("window.ran") in (1, 2)


def test_paper_has_no_dark_ground(browser, tmp_path):
    file = tmp_path / "text.html"
    file.write_bytes(written("text", ENGLISH, "en"))
    seen = Seen(browser, file, color_scheme="dark")
    seen.page.emulate_media(media="print", color_scheme="dark")
    assert seen.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert seen.page.evaluate("getComputedStyle(document.documentElement).color") == "rgb(0, 0, 0)"
    assert not seen.page.locator(".contents").is_visible()
