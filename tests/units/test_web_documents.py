"""Documents on pages: forms that bring a file, what is shown of it, and what confirming it does."""

import re
import subprocess
import sys
from html import unescape

import pytest
from desked import Desked
from houses import TEXT as OF_NAMES
from serving import cookie_of, own_line, serving, signed_in, token_for, visitor
from wordfiles import docx, p, r

from detente import bootstrap
from detente.chancery.identity import EVERY_POWER
from detente.ground.errors import Malformed
from detente.procedures.table import acts, tree, views
from detente.web import upload

TEXT = OF_NAMES.replace("Belmora", "BEL")
HOSTILE = '<img src=x onerror="xss()">'


@pytest.fixture
def house():
    with Desked(TEXT) as made:
        yield made


def alert(page):
    found = re.search(r'role="alert"[^>]*>(.*?)</p>', page.text, re.DOTALL)
    return unescape(re.sub("<[^>]*>", "", found[1])) if found else ""


def field(page, name):
    return unescape(re.search(f'name="{name}" value="([^"]*)"', page.text)[1])


def hand_in(house, raw, name, path=None, **data):
    return house.visit("POST", path or f"{house.path}/documents", files={"document": (name, raw)}, data=data)


# --- the journey of a document ----------------------------------------------------------------------


def test_every_document_that_the_page_offers_comes_as_a_file(house):
    page = house.visit("GET", f"{house.text_path}/documents")
    assert page.status_code == 200
    offered = re.findall(r'name="form" value="([^"]+)"', page.text)
    assert {"docx", "redline.docx", "columns.html"} <= set(offered)
    for form in offered:
        answer = house.visit("GET", f"{house.text_path}/documents/file", params={"form": form})
        if form.endswith("pdf") and answer.status_code == 503:
            assert "Pango" in alert(answer) or "WeasyPrint" in alert(answer)
            continue
        assert answer.status_code == 200
        disposition = answer.headers["content-disposition"]
        assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]+"', disposition)
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.content


def test_a_document_that_there_is_not_is_a_page_with_a_sentence_and_a_way_back(house):
    for query in (
        {},
        {"form": "a/b"},
        {"form": "exe"},
        {"form": "docx", "of": HOSTILE},
        {"form": "columns.csv", "parties": "NOR"},
    ):
        page = house.visit("GET", f"{house.text_path}/documents/file", params=query)
        assert page.status_code in (400, 409)
        assert alert(page).endswith(".")
        assert f'href="{house.text_path}/documents"' in page.text
        assert HOSTILE not in page.text


def test_a_text_is_brought_looked_at_and_laid_on_the_table(house):
    before = house.picture()
    raw = docx(p(r("1. The line [is][stays] open [BEL propose: at night]\u200b.")))
    sent = hand_in(house, raw, "Hours.docx", side="accepted")
    assert sent.status_code == 303
    page = house.visit("GET", sent.headers["location"])
    assert page.status_code == 200
    for words in ("Nothing has been said", "U+200B", "BEL", "Lay these words on the table", "2 ("):
        assert words in page.text
    assert house.picture() == before
    path = f"{sent.headers['location']}/import"
    given = {"title": field(page, "title"), "language": field(page, "language"), "wish": field(page, "wish")}
    assert given["title"] == "Hours"
    refused = house.visit("POST", path, data={**given, "title": "  "})
    assert "A title" in alert(refused)
    assert f'href="{sent.headers["location"]}"' in refused.text
    for _ in range(2):
        done = house.visit("POST", path, data=given)
        assert (done.status_code, done.headers["location"]) == (303, f"{house.path}/texts")
    assert sorted(text.title for text in house.table.texts.values()) == ["Hours", "On incidents"]


def test_a_revision_is_brought_looked_at_and_proposed(house):
    raw = TEXT.replace("every incident", f"each incident {HOSTILE}").replace("every hour", "all hours").encode()
    before = house.picture()
    sent = hand_in(house, raw, "next.md", f"{house.text_path}/revisions", of="", side="accepted")
    page = house.visit("GET", sent.headers["location"])
    assert "<del>every</del>" in page.text
    assert HOSTILE not in page.text
    assert "Nothing has been said" in page.text
    assert house.picture() == before
    assert re.findall(r'name="chosen" value="(\d)" checked', page.text) == ["0", "1"]
    given = {"chosen": ["0", "1"], "wish": field(page, "wish")}
    done = house.visit("POST", f"{sent.headers['location']}/propose", data=given)
    assert done.status_code == 200
    assert "2 proposed" in done.text
    assert len(house.table.texts[house.text].operations) == 2
    again = house.visit("POST", f"{sent.headers['location']}/propose", data=given)
    assert "2 proposed" in again.text
    assert len(house.table.texts[house.text].operations) == 2, "twice is once"


def test_what_is_refused_stands_on_the_page_with_its_reason_and_can_be_tried_again(house):
    raw = TEXT.replace("every incident", "each incident").replace("every hour", "all hours").encode()
    sent = hand_in(house, raw, "next.md", f"{house.text_path}/revisions")
    clause = next(each.id for each in tree.clauses(house.table.texts[house.text].document.passage) if each.label == "2")
    slot = [each for each in views.open_slots(house.table.texts[house.text]) if each.scope == clause][-1]
    nothing = next(each.id for each in slot.choices if not each.words)
    house.act(acts.Settle(house.text, slot.scope, slot.id, (nothing,), slot.precondition, acts.Basis.CONSENSUS))
    page = house.visit("GET", sent.headers["location"])
    assert "since this was shown" in alert(page)
    done = house.visit("POST", f"{sent.headers['location']}/propose", data={"chosen": ["0", "1"], "wish": "w"})
    assert "1 proposed, 1 refused" in alert(done)
    assert len(re.findall(r'name="chosen" value="1"', done.text)) == 1, "it can be chosen again"
    assert len(re.findall(r'name="chosen" value="0"', done.text)) == 0


@pytest.mark.parametrize("chosen", [[], ["x"], ["99"], ["-1"], ["1" * 9]])
def test_a_choice_that_is_none_is_a_sentence_and_nothing_is_said(house, chosen):
    sent = hand_in(
        house, TEXT.replace("every incident", "each incident").encode(), "next.md", f"{house.text_path}/revisions"
    )
    before = house.picture()
    page = house.visit("POST", f"{sent.headers['location']}/propose", data={"chosen": chosen, "wish": "w"})
    assert page.status_code == 409
    assert alert(page).endswith(".")
    assert house.picture() == before


def test_a_preview_that_is_gone_says_so_and_leads_back(house):
    for path, to in ((f"{house.path}/documents/{'0' * 64}", f"{house.path}/texts"),
                     (f"{house.text_path}/revisions/{'0' * 64}", f"{house.text_path}/documents")):  # fmt: skip
        page = house.visit("GET", path)
        assert page.status_code == 409
        assert "hand it in again" in alert(page)
        assert f'href="{to}"' in page.text


def test_who_may_not_negotiate_is_offered_no_upload_and_is_refused_one(tmp_path):
    offices = {"head-of-mission": EVERY_POWER, "reader": ("read",)}
    bootstrap.make_house(tmp_path, bytes(32), {"en": "Republic of Arvenia"}, offices)
    with serving(tmp_path) as made, signed_in(made) as head:
        line, own = own_line(head), f"http://{made.entrance.address}"
        for office, may in (("reader", False), ("head-of-mission", True)):
            with visitor(made) as browser:
                browser.cookies.set(cookie_of(made), token_for(made, office))
                assert ("Bring a text as a document" in browser.get(f"/lines/{line}/texts").text) is may
                files = {"document": ("a.md", b"1. Words.\n")}
                sent = browser.post(f"/lines/{line}/documents", files=files, headers={"origin": own})
                assert sent.status_code == (303 if may else 403)
                foreign = browser.post(
                    f"/lines/{line}/documents", files=files, headers={"origin": "http://evil.example"}
                )
                assert foreign.status_code == 403


# --- hostile files and forms ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        ("../../etc/passwd", b"root", "no text that is read here"),
        (HOSTILE, b"1. Words.", "no text that is read here"),
        ("a\u202efdp.exe", b"MZ", "<U+202E>fdp.exe"),
        ("text.md", b"", "The file is empty."),
        ("text.docx", b"PK\x05\x06" + bytes(18), "."),
        ("text.md", b"\xff\xfe", "not UTF-8"),
        ("text.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><akomaNtoso/>', "."),
    ],
)
@pytest.mark.parametrize("where", ["documents", "revisions"])
def test_a_hostile_file_is_refused_on_a_page_and_nothing_changes(house, where, name, raw, sentence):
    before = house.picture()
    path = f"{house.path}/documents" if where == "documents" else f"{house.text_path}/revisions"
    page = hand_in(house, raw, name, path)
    assert page.status_code == 400
    assert sentence in alert(page)
    assert "\u202e" not in page.text
    assert HOSTILE not in page.text
    assert house.picture() == before


BOUNDARY = "xyz"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(head, body=b"x"):
    return b"--xyz\r\n" + head + b"\r\n\r\n" + body + b"\r\n"


END = b"--xyz--\r\n"
FIELD = b'Content-Disposition: form-data; name="a"'
FILE = b'Content-Disposition: form-data; name="f"; filename="t.md"\r\nContent-Type: text/markdown'


def test_a_form_with_a_file_is_read_byte_for_byte():
    body = b"\r\n--xy\r\n\x00\xff--xyz \n"
    pairs, files = upload.read(part(FIELD, "\u00e4\r\n".encode()) + part(FILE, body) + END, TYPE)
    assert pairs == [("a", "\u00e4\r\n")]
    assert files == {"f": upload.Upload("t.md", body)}
    quoted = upload.read(part(FIELD) + END, 'multipart/form-data; boundary="xyz"')
    assert quoted == ([("a", "x")], {})


@pytest.mark.parametrize(
    ("raw", "media", "sentence"),
    [
        (part(FIELD), TYPE, "cut short"),
        (part(FIELD)[:-5], TYPE, "cut short"),
        (b"", TYPE, "cut short"),
        (b"nothing of the kind", TYPE, "cannot be read"),
        (part(FIELD) + END, "multipart/form-data", "where its parts end"),
        (part(FIELD) + END, f"multipart/form-data; boundary={'x' * 71}", "where its parts end"),
        (part(FIELD) * 41 + END, TYPE, "at most 40 parts"),
        (part(FIELD, b"x" * 70_000) + END, TYPE, "at most 65,536 bytes"),
        (part(FIELD, b"\xff") + END, TYPE, "not UTF-8"),
        (part(b'Content-Disposition: form-data; name="\xff"') + END, TYPE, "not UTF-8"),
        (part(FILE) + part(FILE) + END, TYPE, "two files"),
        (part(b"Content-Type: text/plain") + END, TYPE, "no field of a form"),
        (part(b'Content-Disposition: attachment; name="a"') + END, TYPE, "no field of a form"),
        (part(b"Content-Disposition: form-data") + END, TYPE, "no field of a form"),
        (part(FIELD + b"\r\n" + FIELD) + END, TYPE, "twice"),
        (part(FIELD + b"\r\nContent-Transfer-Encoding: base64") + END, TYPE, "no field of a form"),
        (part(FIELD + b"\r\nX-A: " + b"x" * 5_000) + END, TYPE, "cannot be read"),
        (part(FIELD + b"".join(b"\r\nX-%d: x" % at for at in range(20))) + END, TYPE, "cannot be read"),
    ],
)
def test_a_form_that_is_not_whole_or_too_much_is_refused(raw, media, sentence):
    with pytest.raises(Malformed, match=sentence):
        upload.read(raw, media)


def test_a_form_that_is_refused_leaves_nothing_in_the_log():
    """A house writes its log to its own streams; the parser would warn there of every body, with bytes of it."""
    program = (
        "from detente.web import upload\n"
        "import logging\n"
        "{}\n"
        "try:\n"
        "    upload.read(b'nothing of the kind', 'multipart/form-data; boundary=xyz')\n"
        "except Exception as error:\n"
        "    print(type(error).__name__)\n"
    )

    def said(more):
        ended = subprocess.run([sys.executable, "-c", program.format(more)], capture_output=True, text=True, check=True)
        return ended.stdout, ended.stderr

    assert said("") == ("Malformed\n", "")
    logger = "logging.getLogger('python_multipart')"
    assert "boundary" in said(f"{logger}.propagate = True; {logger}.handlers.clear()")[1], "the control"


def test_a_form_is_refused_on_a_page_and_so_is_one_without_its_file(house):
    path = f"{house.path}/documents"
    for files, data in ((None, {"side": "accepted"}), ({"document": ("", b"")}, {}), ({"other": ("a.md", b"x")}, {})):
        page = house.visit("POST", path, files=files, data=data)
        assert (page.status_code, alert(page)) == (400, "Choose a file first.")
    large = house.visit("POST", path, files={"document": ("a.md", b"x" * (17 * 2**20))})
    assert large.status_code == 413
    wrong = house.visit("POST", path, json={})
    assert wrong.status_code == 415
