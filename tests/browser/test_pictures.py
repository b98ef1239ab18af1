"""The pictures of the table's views: small, described in words, and made again of what the exporters write today."""

import io
import re

import pictures
import pytest
from PIL import Image

PAGE = (pictures.ROOT / "docs" / "specs" / "table.md").read_text("utf-8")
LARGEST = 150_000  # bytes
SHOWN = dict(re.findall(r"!\[([^\]]*)\]\(\.\./pictures/(table-\w+)\.png\)", PAGE))


def test_every_view_has_a_picture_that_is_small_and_said_in_words():
    assert sorted(SHOWN.values()) == sorted(pictures.VIEWS)
    assert sorted(each.stem for each in pictures.PICTURES.glob("table-*.png")) == sorted(pictures.VIEWS)
    assert all(len(words.split()) > 8 for words in SHOWN)
    assert all((pictures.PICTURES / f"{name}.png").stat().st_size < LARGEST for name in pictures.VIEWS)


def test_what_the_pictures_are_said_to_show_is_on_their_pages():
    pages = {name: re.sub(r"<[^>]+>", "", view().decode()) for name, view in pictures.VIEWS.items()}
    assert "COR propose" in pages["table-rolling"]
    assert "not later than three weeks" in pages["table-party"]
    assert "Visitors" not in pages["table-party"]
    assert all(f"{light}: " in pages["table-columns"] for light in ("green", "yellow", "red"))
    assert "BEL/COR propose" in pages["table-proposals"]
    assert "reserve, ad referendum on" in pages["table-proposals"]
    assert pages["table-proposals"].count("contested") == 5
    assert "not later than three weeks" in pages["table-redline"]
    assert "Visitors" in pages["table-redline"]


@pytest.mark.slow
def test_chromium_takes_them_again_and_they_are_as_small():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as maker:
        try:
            browser = maker.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        except playwright.Error:
            pytest.skip("no chromium: apt install chromium")
        for name, view in pictures.VIEWS.items():
            taken = pictures.take(browser, view())
            assert len(taken) < LARGEST, name
            with Image.open(io.BytesIO(taken)) as picture:
                assert picture.format == "PNG"
                assert picture.width == pictures.WIDTH
        browser.close()
