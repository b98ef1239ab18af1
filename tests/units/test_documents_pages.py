"""Pages of a text in one file: what is seen, by whom, in which direction, and that nothing runs or is fetched."""

import base64
import hashlib
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from lxml import etree
from test_documents_akn import PIECES, matter_of

from detente.documents import formats, page_columns, page_frame, page_html, page_pdf, page_redline
from detente.documents.matter import Matter, Meta, Remark
from detente.ground.errors import Malformed, Unfit
from detente.ground.instants import Instant
from detente.procedures.table import align, columns, sheet, tree
from detente.procedures.table.known import Known, Said
from detente.procedures.table.parse import parse

TEXT = (
    "# Protocol\n\n## Article 1 **Aims**\n\n1. Each Party [BEL/COR propose: shall][DOR propose: should] act[^1] "
    "[in time [and [always]]].\n\n(a) *at once*;\n\n**Option 1:** Now.\n\n**Option 2:** No text\n\n[^1]: A note.\n\n"
    "## Article 2\n\n1. Nothing.\n"
)
ARABIC = "# اتفاق\n\n1. [BEL propose: يجب على الأطراف][COR: ينبغي] أن تعمل (A/RES/1).\n"


def html(text, language="en", known=None, **more):
    raw = page_html.write(matter_of(text, **more), Meta("A text", language), known)
    return etree.HTML(raw.decode())


def one(root, path):
    (found,) = root.xpath(path)
    return found


def words(element):
    return " ".join("".join(element.itertext()).split())


def test_what_is_negotiated_is_seen_with_codes_beside_the_words():
    root = html(TEXT)
    assert [badge.text for badge in root.xpath("//main//*[contains(@class,'by')]")] == [
        "BEL/COR propose",
        "DOR propose",
    ]
    paragraph = next(
        each for each in root.xpath("//div[contains(@class,'block')]") if words(each).startswith("contested")
    )
    assert words(paragraph) == (
        "contested: BEL, COR, DOR1. Each Party [BEL/COR proposeshall][DOR proposeshould] act1 [in time [2and [3always]3]2]."
    )
    assert [each.text for each in root.xpath("//sub")] == ["2", "3", "3", "2"]  # how deep a bracket stands
    assert [words(each) for each in root.xpath("//*[contains(@class,'option')]")] == [
        "Option 1: Now.",
        "Option 2: No text",
    ]
    assert one(root, "//em").text == "at once"
    assert [each.get("href") for each in root.xpath("//a[@class='fn']")] == ["#note-1", "#note-1"]
    assert one(root, "//*[@id='note-1']").get("role") == "note"


def test_headings_leave_no_level_out_and_the_contents_lead_to_them():
    root = html("# Protocol\n\n### Article 1\n\n1. One.\n\n### Article 2\n\n1. Two.\n")
    levels = [int(each.tag[1]) for each in root.iter() if re.fullmatch(r"h[1-6]", str(each.tag))]
    assert levels == [1, 2, 3, 3]
    entries = root.xpath("//nav//a")
    assert [words(each) for each in entries] == ["Protocol", "Article 1", "Article 2"]
    for entry in entries:
        assert words(one(root, f"//*[@id='{entry.get('href')[1:]}']")) == words(entry)
    assert not html("# One\n\n1. Word.\n").xpath("//nav")


def test_a_decided_reading_has_no_mark_and_no_status():
    document = parse(TEXT).document
    decided = sheet.as_decided(document, lambda slot: slot.variants[0])
    raw = page_html.write(Matter(document, decided, "as it is"), Meta("A text", "en"))
    root = etree.HTML(raw.decode())
    assert not root.xpath("//*[@class='mark' or contains(@class,'status') or contains(@class,'option')]")
    assert "1. Each Party shall act" in words(one(root, "//main"))
    assert one(root, "//p[@class='kind']").text == "as it is"


def test_a_reading_that_leaves_places_open_keeps_its_badges():
    document = parse(TEXT).document
    open_ = tuple(each for each in sheet.as_negotiated(document) if each.label == "1")[:1]
    root = etree.HTML(page_html.write(Matter(document, open_, "one clause"), Meta("A text", "en")).decode())
    assert [badge.text for badge in root.xpath("//main//*[contains(@class,'by')]")] == [
        "BEL/COR propose",
        "DOR propose",
    ]


def test_what_was_said_stands_beside_the_words_and_never_in_them():
    document = parse(TEXT).document
    clause = next(each for each in tree.clauses(document.passage) if each.label == "1")
    variant = next(tree.slots(document.passage)).variants[0]
    known = Known(
        parties={"BEL": "Belmora", "COR": "Corvalis", "DOR": "Dorane"},
        statuses={clause.id: "agreed ad referendum"},
        said=(
            Said(variant.id, "DOR", "oppose", ad_referendum=True, note="too strong"),
            Said(clause.id, "COR", "support"),
        ),
    )
    root = html(TEXT, known=known, remarks=(Remark(clause.id, "BEL", "Under\nstudy."),))
    assert [words(each) for each in root.xpath("//ul[@class='said']/li")] == [
        "DOR oppose, ad referendum on “shall”: too strong", "COR support", "BEL: Under study.",
    ]  # fmt: skip
    assert [words(each) for each in root.xpath("//ul[@class='parties']/li")] == [
        "BEL Belmora",
        "COR Corvalis",
        "DOR Dorane",
    ]
    assert words(root.xpath("//small")[0]).startswith("agreed ad referendum")
    assert root.xpath("//main//*[contains(@class,'by')]")[0].get("title") == "Belmora, Corvalis"


def test_each_paragraph_has_the_direction_of_its_words_and_not_of_its_badges():
    root = html(ARABIC, "ar")
    assert (root.get("lang"), root.get("dir")) == ("ar", "rtl")
    assert {each.get("dir") for each in root.xpath("//main//*[@id]")} == {"rtl"}
    mixed = html("1. Words.\n\n2. كلمات.\n\n3. 5 % – 6 %\n")
    assert [each.get("dir") for each in mixed.xpath("//main/div")] == ["ltr", "rtl", None]


def test_what_a_reader_does_not_see_is_written_out_and_counted():
    root = html("1. zero\u200bwidth, over\u202eride, no\u00a0break, \u0001 and \f page, می\u200cخواهم.\n")
    shown = [each.text for each in root.xpath("//span[@class='flag']")]
    assert shown == ["U+200B", "U+202E", "U+0001"]
    rows = {words(line[0]): words(line[2]) for line in root.xpath("//section//tbody/tr")}
    assert rows == {"U+0001": "1", "U+000C": "1", "U+00A0": "1", "U+200B": "1", "U+200C": "1", "U+202E": "1"}
    text = "".join(one(root, "//main").itertext())
    assert "\u200b" in text
    assert "\u200c" in text
    assert "\u202e" not in text


def test_stars_of_a_text_that_is_no_markdown_are_stars():
    document = parse("# 1 *not* **so**\n").document
    raw = page_html.write(Matter(document, sheet.as_negotiated(document), markdown=False), Meta("A text", "en"))
    assert "# 1 *not* **so**" in raw.decode()
    assert "<em>" not in raw.decode()


@given(PIECES)
def test_no_word_is_lost_and_every_id_is_one(pieces):
    text = "".join(pieces)
    root = html(text)
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {each[1:] for each in root.xpath("//a/@href")} <= set(ids)
    seen = "".join(words_of_text(root)).replace("U+200D", "")
    assert [letter for letter in text if letter.isalpha()] == [letter for letter in seen if letter.isalpha()]


def words_of_text(root):
    """What is shown of the text itself: no status, no contents, no table of what is unseen."""
    waiting = [root.find(".//main")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif not (node.tag in ("small", "section", "sub") or node.get("class") == "flag"):
            inside = [node.text or ""]
            for child in node:
                inside += [child, child.tail or ""]
            waiting += reversed(inside)


# --- one file, which does nothing ---------------------------------------------------------------


def pages():
    document = parse(TEXT).document
    laid = sheet.as_negotiated(document)
    meta = Meta("A text", "en")
    other = sheet.as_negotiated(parse(TEXT.replace("Nothing", "Something").replace("(a) *at once*;\n\n", "")).document)
    yield page_html.write(Matter(document, laid), meta)
    yield page_columns.write(columns.of_parties(document, ["BEL", "COR"]), meta)
    yield page_redline.write(align.revisions(laid, other), meta, ("one", "two"))


def test_a_page_runs_nothing_and_asks_for_nothing_and_its_policy_says_so():
    for raw in pages():
        root = etree.HTML(raw.decode())
        assert not root.xpath("//script|//link|//img|//iframe|//form|//object|//@style|//base")
        assert all(each.startswith("#") for each in root.xpath("//@href"))
        assert not root.xpath("//@src")
        policy = one(root, "//meta[@http-equiv='Content-Security-Policy']").get("content")
        digest = hashlib.sha256(one(root, "//style").text.encode()).digest()
        assert policy.startswith(f"default-src 'none'; style-src 'sha256-{base64.b64encode(digest).decode()}'")
        assert "url(" not in one(root, "//style").text
        assert "@import" not in one(root, "//style").text


def test_the_same_matter_makes_the_same_bytes_and_tables_have_headers():
    assert list(pages()) == list(pages())
    root = etree.HTML(list(pages())[1].decode())
    assert [each.get("scope") for each in root.xpath("//thead//th")] == ["col"] * 5
    assert {each.get("scope") for each in root.xpath("//tbody//th")} == {"row", "colgroup"}


def colours(scheme):
    """The named colours of one scheme, as the two style sheets have them."""
    found = {}
    for block in re.findall(r":root \{(.*?)\}", page_frame.style(), re.DOTALL)[: 2 if scheme == "light" else None]:
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    return found


def contrast(one_, two):
    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one_), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_words_is_read_on_every_ground(scheme):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    found = colours(scheme)
    for ink in ("ink", "soft", "accent", "gold", "good", "bad", "s1", "s2", "s3", "s4", "s5", "s6"):
        for ground in ("paper", "sheet"):
            assert contrast(found[ink], found[ground]) >= 4.5, (ink, ground)
    for ink, ground in (("good", "good-back"), ("gold", "open-back"), ("bad", "bad-back"), ("ink", "faint")):
        assert contrast(found[ink], found[ground]) >= 4.5, (ink, ground)


def test_pages_have_the_colours_of_the_house():
    house = (page_frame.files("detente.web") / "static" / "detente.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", house, re.DOTALL)
    for scheme, block in zip(("light", "dark"), blocks, strict=True):
        named = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        mine = colours(scheme)
        shared = set(named) & set(mine)
        assert len(shared) > 12
        assert {name: mine[name] for name in shared} == {name: named[name] for name in shared}


def test_a_comparison_shows_what_came_in_and_what_went_out_as_elements():
    a = sheet.as_negotiated(parse("## Article 1\n\n1. The Parties meet every year in May.\n\n2. Gone.\n").document)
    b = sheet.as_negotiated(
        parse("## Article 1\n\n1. The Parties meet every month in May.\n\n3. New words.\n").document
    )
    root = etree.HTML(page_redline.write(align.revisions(a, b), Meta("A text", "fr"), ("one", "two")).decode())
    assert [words(each) for each in root.xpath("//del")] == ["year", "2. Gone."]
    assert [words(each) for each in root.xpath("//ins")] == ["month", "3. New words."]
    assert {each.get("title") for each in root.xpath("//ins")} == {"ajouté"}
    assert words(one(root, "//p[@class='kind']")) == "Comparaison: one → two"


def test_a_paragraph_that_moved_stands_in_both_places_and_says_so():
    text = "".join(f"{n}. The Parties agree on matter number {n} of the annex.\n\n" for n in range(1, 8))
    lines = text.split("\n\n")
    moved = "\n\n".join([*lines[1:6], lines[0], *lines[6:]])
    a, b = (sheet.as_negotiated(parse(each).document) for each in (text, moved))
    found = align.revisions(a, b)
    root = etree.HTML(page_redline.write(found, Meta("A text", "en"), ("one", "two")).decode())
    assert len(root.xpath("//small")) == 2 * found.counts()["moved"]


# --- PDF ----------------------------------------------------------------------------------------


def test_where_weasyprint_or_pango_is_missing_a_sentence_says_what_to_install(monkeypatch):
    meta, matter = Meta("A text", "en"), matter_of("1. Words.\n")
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(Unfit, match=r"detente\[pdf\]"):
        page_pdf.write(matter, meta)

    class NoPango:
        def find_spec(self, name, *_):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.delitem(sys.modules, "weasyprint")
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    with pytest.raises(Unfit, match="Pango"):
        page_pdf.write(matter, meta)


def test_a_page_that_asks_for_something_gets_nothing():
    with pytest.raises(page_pdf.NothingIsFetched):
        page_pdf.refuse(None, "http://127.0.0.1:9/x.png")


def test_formats_are_named_with_their_endings_and_an_unknown_one_is_refused():
    assert {"docx", "akn", "html", "pdf", "csv", "json"} <= set(formats.FORMATS)
    with pytest.raises(Malformed, match="There is no format “odt”"):
        formats.named("odt")


def test_letters_that_have_a_direction_decide_it():
    assert page_frame.direction("12 ± كلمة word") == "rtl"
    assert page_frame.direction("12 ± word كلمة") == "ltr"
    assert page_frame.direction("12 %") == ""
    assert unicodedata.bidirectional("ك") == "AL"


def test_the_instant_of_a_page_is_no_part_of_it():
    matter = matter_of("1. Words.\n")
    assert page_html.write(matter, Meta("A", "en", Instant(0))) == page_html.write(matter, Meta("A", "en"))
