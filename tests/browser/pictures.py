"""The pictures of docs/specs/table.md, made of the project's own fixtures: what the exporters write, seen by Chromium.

    PYTHONPATH=tests .venv/bin/python tests/browser/pictures.py    # writes them into docs/pictures

One function for each view gives the bytes of a page in one file; `take` has it rendered as a PNG of few colours.
"""

import io
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "procedures")]

from lineup import ARVENIA, BELMORA, CORVALIS, Room  # noqa: E402
from PIL import Image  # noqa: E402

from detente.documents import page_columns, page_html, page_redline  # noqa: E402
from detente.documents.matter import Matter, Meta  # noqa: E402
from detente.procedures.table import acts, align, columns, known, readings, rules, sheet, standpoints, tree  # noqa: E402
from detente.procedures.table.acts import Hunk, Stance  # noqa: E402
from detente.procedures.table.parse import VERSION, parse  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
SOURCE = (ROOT / "tests" / "fixtures" / "protocol.md").read_text("utf-8")
META = Meta("Protocol on Visits to Military Installations", "en")
WIDTH = 900  # pixels
COLOURS = 64


def rolling():
    """All variants, with the codes of those who want them."""
    document = parse(SOURCE).document
    return page_html.write(Matter(document, sheet.as_negotiated(document)), META)


def by_party():
    """As one party would have it."""
    document = parse(SOURCE).document
    laid = sheet.as_decided(document, readings.named(document, "COR"))
    return page_html.write(Matter(document, laid, "as COR would have it"), META)


def in_columns():
    """One column for each party."""
    document = parse(SOURCE).document
    return page_columns.write(columns.of_parties(document, standpoints.parties(tree.slots(document.passage))), META)


def proposals():
    """A text on a table: live proposals, who sponsors them, what was said of them, how far each clause has come."""
    room = Room(rules.PROCEDURE)
    name = room.say(ARVENIA, acts.Import(META.title, "en", VERSION, SOURCE))

    def text():
        return room.state.texts[name]

    def edit(party, old, new):
        lo = SOURCE.index(old)
        clause = next(
            each for each in text().order if old in "".join(tree.written(text().clauses[each].clause.passage))
        )
        return room.say(party, acts.Edit(name, clause, (Hunk(b"", lo, lo + len(old), new),)))

    permission = edit(BELMORA, "with the permission of the host", "where the host has marked the place")
    room.say(CORVALIS, acts.Join(name, permission))
    edit(CORVALIS, "Photographs", "Photographs and films")
    room.say(ARVENIA, acts.Position(name, permission, Stance.RESERVE, True, "Our capital is asked."))
    last = text().order[-1]
    room.say(CORVALIS, acts.Alternative(name, last, "5. This protocol binds those who sign it."))
    document = text().document
    matter = Matter(document, sheet.as_negotiated(document))
    return page_html.write(matter, META, known.of_table(text(), room.facts))


def redline():
    """From what one party wants to what another one wants."""
    document = parse(SOURCE).document
    two = [sheet.as_decided(document, readings.named(document, name)) for name in ("BEL", "COR")]
    return page_redline.write(align.readings(*two), META, ("as BEL would have it", "as COR would have it"))


VIEWS = {
    "table-rolling": rolling,
    "table-party": by_party,
    "table-columns": in_columns,
    "table-proposals": proposals,
    "table-redline": redline,
}


def take(browser, raw):
    """The page of these bytes as a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_bytes(raw)
        page = browser.new_page(viewport={"width": WIDTH, "height": 600}, color_scheme="light")
        page.goto(file.as_uri())
        seen = page.screenshot(full_page=True)
        page.close()
    made = io.BytesIO()
    picture = Image.open(io.BytesIO(seen)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return made.getvalue()


def main():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as maker:
        browser = maker.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, view in VIEWS.items():
            (PICTURES / f"{name}.png").write_bytes(take(browser, view()))
        browser.close()


if __name__ == "__main__":
    main()
