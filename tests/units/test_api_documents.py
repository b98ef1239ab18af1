"""Documents through the API: out in every form, in with a preview, and nothing said before it is confirmed."""

import asyncio
import hashlib
import io
import json
import re
import threading
import zipfile

import pytest
from desked import Desked
from houses import TEXT as OF_NAMES
from wordfiles import docx, p, r

from detente.api import documents, problems, workshop
from detente.api.workshop import Previews, Workshop
from detente.documents import docx_reader
from detente.documents.docx_reading import Side, blocks
from detente.ground.errors import Malformed, Refused, Stale, Unavailable
from detente.ground.identifiers import LineId
from detente.procedures.table import acts, tree, views
from detente.procedures.table.acts import Hunk

TEXT = OF_NAMES.replace("Belmora", "BEL")  # a head names a party by its code


@pytest.fixture
def house():
    with Desked(TEXT) as made:
        yield made


@pytest.fixture(scope="module")
def shown():
    """A house whose text has a proposal of another party; nothing is done in it."""
    with Desked(TEXT) as made:
        lo = TEXT.index("every incident")
        clause = next(
            each.id for each in tree.clauses(made.table.texts[made.text].document.passage) if each.label == "1"
        )
        made.act(acts.Edit(made.text, clause, (Hunk(b"", lo, lo + 5, "each"),)), party=1)
        yield made


def text_of(house):
    return house.table.texts[house.text]


def exported(house, form="docx", of="negotiated"):
    return house.answer("GET", f"{house.text_path}/documents/{form}", of=of)


def edited(raw, old, new):
    """A Word document with other words in its main part."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            part = before.read(name)
            if name == "word/document.xml":
                assert old.encode() in part
                part = part.replace(old.encode(), new.encode())
            after.writestr(name, part)
    return stream.getvalue()


# --- out ------------------------------------------------------------------------------------------


def test_the_list_says_what_can_be_had_and_all_of_it_can(shown):
    found = shown.get(f"{shown.text_path}/documents")
    assert found["label"] == "SENSITIVE"
    assert found["content_hash"] == shown.get(shown.text_path)["content_hash"]
    assert [each["reading"] for each in found["readings"]][:4] == ["imported", "negotiated", "base", "clean"]
    assert {"code": "BEL", "name": "Belmora"} in found["parties"]
    json.dumps(found)
    for each in found["forms"]:
        if each["form"].endswith("pdf"):
            continue
        answer = shown.answer("GET", f"{shown.text_path}/documents/{each['form']}")
        assert answer.file
        assert answer.name.isascii()
    for each in found["readings"]:
        assert exported(shown, "docx", each["reading"]).file


def test_a_document_out_has_what_the_text_has(shown):
    table = json.loads(exported(shown, "json").file)
    proposal = next(each for each in table["slots"] if each["form"] == "proposal")
    assert [voice["party"] for one in proposal["variants"] for voice in one["voices"]] == ["BEL"]
    assert any("Made of entry" in mark for mark in table["marks"])
    redline = shown.answer("GET", f"{shown.text_path}/documents/redline.docx", **{"from": "base", "to": "BEL"}).file
    reading = docx_reader.read(redline)
    assert [
        "of each incident" in "".join(block.text for block in blocks(reading.paragraphs, side)) for side in Side
    ] == [
        True,
        False,
    ]
    columns = json.loads(shown.answer("GET", f"{shown.text_path}/documents/columns.json", parties="BEL").file)
    assert columns["columns"] == ["Base", "BEL"]


@pytest.mark.parametrize(
    ("form", "query"),
    [("exe", {}), ("redline.exe", {}), ("columns.docx", {}), ("docx", {"of": "NOR"}), ("csv", {"of": "base"}),
     ("redline.docx", {"to": "<img src=x>"}), ("columns.html", {"parties": "NOR"})],
)  # fmt: skip
def test_a_form_or_a_reading_that_there_is_not_is_refused_with_a_sentence(shown, form, query):
    error = shown.refusal("GET", f"{shown.text_path}/documents/{form}", **query)
    assert isinstance(error, Malformed)
    assert error.sentence.endswith(".")


def test_of_a_text_that_is_not_there_there_is_no_document(shown):
    for path in ("documents", "documents/docx"):
        error = shown.refusal("GET", f"{shown.path}/texts/{'0' * 64}/{path}")
        assert problems.status_of(error)[0] == 404


def test_a_committees_text_was_never_laid_down_and_has_every_other_reading():
    with Desked(TEXT) as house:
        clause = text_of(house).order[0]
        child = house.act(acts.Refer(house.text, "A committee", (clause,), (), ""))
        path = f"{house.path}/texts/{child.hex()}/documents"
        assert "imported" not in [each["reading"] for each in house.get(path)["readings"]]
        assert house.answer("GET", f"{path}/docx").file
        assert isinstance(house.refusal("GET", f"{path}/redline.docx"), Malformed)


# --- in: a new text -------------------------------------------------------------------------------

NEW = "# Hours\n\n1. The line [is][stays] open [BEL propose: at night].\n\n2. A stray ] bracket.\n"


def test_a_text_is_shown_first_and_laid_on_the_table_as_it_was_shown(house):
    before = house.picture()
    seen = house.post(f"{house.path}/documents", NEW.encode(), name="hours.md")
    assert house.picture() == before, "nothing was said"
    assert seen["preview"] == hashlib.sha256(NEW.encode()).hexdigest()
    assert (seen["title"], seen["language"], seen["refused"], seen["name"]) == ("Hours", "en", "", "hours.md")
    assert [each["label"] for each in seen["clauses"]] == ["", "1", "2"]
    assert seen["attributions"][0]["parties"] == ["BEL"]
    assert seen["figures"]["slots"] == 2
    assert seen["counts"]["diagnostics"] == len(seen["diagnostics"]) == 1
    json.dumps(seen)
    assert house.get(f"{house.path}/documents/{seen['preview']}") == seen
    asked = {"title": "Hours of the line", "language": "en"}
    act = house.post(f"{house.path}/documents/{seen['preview']}/import", asked)["act"]
    assert house.post(f"{house.path}/documents/{seen['preview']}/import", asked)["act"] == act, "twice is once"
    text = house.table.texts[bytes.fromhex(act)]
    assert (text.title, tree.render(text.document)) == ("Hours of the line", NEW)
    assert house.picture()[0] == before[0] + 1


def test_a_word_document_is_read_in_the_jail_and_what_was_noticed_is_said(house):
    raw = docx(p(r("1. The line is open\u200b."), r("Hidden.", "<w:vanish/>")))
    seen = house.post(f"{house.path}/documents", raw, name="C:\\papers\\A text.DOCX")
    assert seen["name"] == "A text.DOCX"
    assert seen["title"] == "A text"
    assert any("hidden" in each["sentence"] for each in seen["findings"])
    assert [(each["code_point"], each["line"]) for each in seen["unseen"]] == [(0x200B, 1)]


def test_akoma_ntoso_comes_in_as_it_went_out(house):
    raw = exported(house, "akn").file
    seen = house.post(f"{house.path}/documents", raw, name="text.akn.xml")
    act = house.post(f"{house.path}/documents/{seen['preview']}/import", {"title": "Again", "language": "en"})["act"]
    assert tree.render(house.table.texts[bytes.fromhex(act)].document) == TEXT


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        ("", b"1. Words.\n", "has a name"),
        ("x" * 300 + ".md", b"1. Words.\n", "has a name"),
        ("text", b"1. Words.\n", "no text that is read here"),
        ("text.rtf", b"{\\rtf1 Words}", "no text that is read here"),
        ("text.html", b"<p>Words</p>", "no text that is read here"),
        ("\u202exod.exe", b"MZ", "<U\\+202E>xod.exe"),
        ("text.md", b"", "is empty"),
        ("text.md", b" \n\n ", "no words"),
        ("text.docx", docx(p()), "no words"),
        ("text.md", b"\xff\xfe1\x00", "not UTF-8"),
        ("text.md", b"%PDF-1.7", "is a PDF"),
        ("text.docx", b"PK\x03\x04 cut short", ""),
        ("text.xml", b"<html/>", "Akoma Ntoso"),
        ("text.md", b"x" * (4 * 2**20 + 1), "larger than"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_text_is_refused_with_a_sentence_and_nothing_changes(shown, name, raw, sentence):
    error = shown.refusal("POST", f"{shown.path}/documents", raw, name=name)
    assert isinstance(error, Malformed)
    assert re.search(sentence, error.sentence), error.sentence
    assert error.sentence.endswith(".")
    assert "\u202e" not in error.sentence
    for path in ("documents", f"texts/{shown.text.hex()}/revisions"):
        again = shown.refusal("POST", f"{shown.path}/{path}", raw, name=name)
        assert again.sentence == error.sentence


@pytest.mark.parametrize(
    ("raw", "sentence", "unseen"),
    [
        ("1. An act of \u202ewar.\n".encode(), "U+202E", [0x202E]),
        (("[" * 70 + "x" + "]" * 70 + "\n").encode(), "nested 70 deep", []),
        pytest.param(b"[x] " * 40_001, "brackets", [], marks=pytest.mark.slow),
        ("1. The p\u0430rties act.\n".encode(), "", [0x0430]),
        (('1. "' + '"' * 3_200_000 + "\n").encode(), "larger than an act", []),
    ],
    ids=["direction", "deep", "many", "another script", "no room in an act"],
)
def test_what_the_rules_would_refuse_is_known_before_anybody_says_it(shown, raw, sentence, unseen):
    before = shown.picture()
    seen = shown.post(f"{shown.path}/documents", raw, name="text.md")
    assert sentence in seen["refused"]
    assert bool(seen["refused"]) is bool(sentence)
    assert [each["code_point"] for each in seen["unseen"]] == unseen
    if sentence:
        error = shown.refusal(
            "POST", f"{shown.path}/documents/{seen['preview']}/import", {"title": "T", "language": "en"}
        )
        assert error.sentence
    assert shown.picture() == before


def test_a_preview_belongs_to_the_session_and_the_line_that_asked_for_it(shown):
    seen = shown.post(f"{shown.path}/documents", NEW.encode(), name="hours.md")
    asked = {"title": "Hours", "language": "en"}
    other = shown.signed_in("registry")
    paths = ((f"{shown.path}/documents/{seen['preview']}/import", other),
             (f"/lines/{'0' * 64}/documents/{seen['preview']}/import", None),
             (f"{shown.path}/documents/{'0' * 64}/import", None),
             (f"{shown.text_path}/revisions/{seen['preview']}/propose", None))  # fmt: skip
    for path, session in paths:
        body = {"chosen": [0]} if path.endswith("propose") else asked
        error = shown.refusal("POST", path, body, session=session)
        assert isinstance(error, Refused)
        assert error.rule == "documents.preview"


def test_a_preview_is_confirmed_on_its_own_line_alone(house):
    seen = house.post(f"{house.path}/documents", NEW.encode(), name="hours.md")
    other = house.runner.run(house.desk.do(lambda _: house.world.found())).hex()
    asked = {"title": "Hours", "language": "en"}
    error = house.refusal("POST", f"/lines/{other}/documents/{seen['preview']}/import", asked)
    assert error.rule == "documents.preview"
    assert house.get(f"/lines/{other}/texts") == []


def test_a_title_that_is_none_is_refused_and_the_preview_stays(house):
    seen = house.post(f"{house.path}/documents", NEW.encode(), name="hours.md")
    for title, language in (("", "en"), ("a\u202eb", "en"), ("Hours", "no language at all")):
        error = house.refusal(
            "POST", f"{house.path}/documents/{seen['preview']}/import", {"title": title, "language": language}
        )
        assert error.rule == "table.import"
    assert house.post(f"{house.path}/documents/{seen['preview']}/import", {"title": "Hours", "language": "en"})["act"]


# --- in: the next revision ------------------------------------------------------------------------


def test_a_document_that_went_out_and_comes_back_unchanged_proposes_nothing(house):
    for form, name in (("docx", "text.docx"), ("akn", "text.akn")):
        for reading in ("negotiated", "base", "BEL", "clean"):
            raw = exported(house, form, reading).file
            seen = house.post(f"{house.text_path}/revisions", raw, name=name, of=reading)
            assert (seen["proposals"], seen["unsaid"], seen["reading"]) == ([], [], reading)


def test_a_revision_is_shown_first_and_proposed_act_by_act(house):
    raw = edited(exported(house).file, "of every incident", "of each incident")
    before = house.picture()
    seen = house.post(f"{house.text_path}/revisions", raw, name="renamed.docx")
    assert house.picture() == before, "nothing was said"
    assert (seen["reading"], seen["marked"], seen["changed_since"]) == ("negotiated", True, False)
    (one,) = seen["proposals"]
    assert (one["kind"], one["old"], one["new"], one["refused"]) == ("table.edit", ["every"], ["each"], "")
    assert one["name"] == "Line on incidents, Article 1, 1"
    assert house.get(f"{house.text_path}/revisions/{seen['preview']}") == seen
    done = house.post(f"{house.text_path}/revisions/{seen['preview']}/propose", {"chosen": [0]})
    again = house.post(f"{house.text_path}/revisions/{seen['preview']}/propose", {"chosen": [0]})
    assert done == again, "twice is once"
    assert done["refused"] == []
    assert len(text_of(house).operations) == 1
    said = [each.text for each in blocks(docx_reader.read(exported(house).file).paragraphs, Side.ACCEPTED)]
    assert any("[ARV propose: each]" in each for each in said)


def test_clauses_that_build_on_each_other_are_proposed_one_after_the_other(house):
    raw = TEXT.replace("## Article 2", "## Article 1bis\n\n1. A new one.\n\n2. Another.\n\n## Article 2").encode()
    seen = house.post(f"{house.text_path}/revisions", raw, name="text.md")
    assert [each["kind"] for each in seen["proposals"]] == ["table.add-clause"] * 3
    assert [each["refused"] for each in seen["proposals"]] == ["", "", ""]
    assert not seen["marked"]
    done = house.post(f"{house.text_path}/revisions/{seen['preview']}/propose", {"chosen": [2, 0, 1]})
    assert (len(done["submitted"]), done["refused"]) == (3, [])
    assert len(text_of(house).operations) == 3


def test_where_the_relay_is_not_reached_all_is_held_and_said_once(house):
    raw = TEXT.replace("## Article 2", "## Article 1bis\n\n1. A new one.\n\n## Article 2").replace(
        "every hour", "each hour"
    )
    seen = house.post(f"{house.text_path}/revisions", raw.encode(), name="text.md")
    everything = {"chosen": [each["number"] for each in seen["proposals"]]}
    path = f"{house.text_path}/revisions/{seen['preview']}/propose"
    house.courier.reached = False
    first = house.post(path, everything)
    assert (len(first["submitted"]), first["refused"]) == (3, [])
    assert len(text_of(house).operations) == 0
    house.courier.reached = True
    assert house.post(path, everything) == first, "what was said is not said again"
    assert len(text_of(house).operations) == 3


def test_one_that_is_refused_holds_up_no_other(house):
    raw = TEXT.replace("every incident", "each incident").replace("every hour", "all hours")
    seen = house.post(f"{house.text_path}/revisions", raw.encode(), name="text.md")
    assert len(seen["proposals"]) == 2
    slot = next(each for each in views.open_slots(text_of(house)) if "every day" in each.choices[0].words)
    outer = [
        each
        for each in views.open_slots(text_of(house))
        if "names one office" in "".join(c.words for c in each.choices)
    ]
    gone = outer[-1] if outer else slot
    nothing = next(each.id for each in gone.choices if not each.words)
    house.act(acts.Settle(house.text, gone.scope, gone.id, (nothing,), gone.precondition, acts.Basis.CONSENSUS))
    shown_again = house.get(f"{house.text_path}/revisions/{seen['preview']}")
    assert shown_again["changed_since"]
    done = house.post(f"{house.text_path}/revisions/{seen['preview']}/propose", {"chosen": [0, 1]})
    assert [each["number"] for each in done["submitted"]] == [0]
    assert [each["number"] for each in done["refused"]] == [1]
    assert done["refused"][0]["sentence"].endswith(".")


def test_a_document_of_an_earlier_state_is_refused_as_stale(house):
    raw = exported(house).file
    name = exported(house, "akn").name
    lo = TEXT.index("every incident")
    clause = next(each.id for each in tree.clauses(text_of(house).document.passage) if each.label == "1")
    house.act(acts.Edit(house.text, clause, (Hunk(b"", lo, lo + 5, "each"),)), party=1)
    for file, called in ((raw, "text.docx"), (TEXT.encode(), name.replace(".akn.xml", ".md"))):
        error = house.refusal("POST", f"{house.text_path}/revisions", file, name=called)
        assert isinstance(error, Stale)
        assert "struck out" in error.sentence
    unchanged = house.post(f"{house.text_path}/revisions", exported(house, of="base").file, name="text.docx")
    assert (unchanged["reading"], unchanged["proposals"]) == ("base", [])


def test_a_revision_is_not_told_against_what_was_laid_down(house):
    error = house.refusal("POST", f"{house.text_path}/revisions", exported(house, of="imported").file, name="text.docx")
    assert isinstance(error, Malformed)
    assert "as it stands" in error.sentence
    named = house.refusal("POST", f"{house.text_path}/revisions", b"1. Words.\n", name="a.md", of="NOR")
    assert "names no party" in named.sentence
    sided = house.refusal("POST", f"{house.text_path}/revisions", b"1. Words.\n", name="a.md", side="both")
    assert "accepted" in sided.sentence


@pytest.mark.parametrize("chosen", [[], [-1], [1], [0] * 0, list(range(501))])
def test_proposals_that_there_are_not_are_refused(house, chosen):
    raw = TEXT.replace("every incident", "each incident").encode()
    seen = house.post(f"{house.text_path}/revisions", raw, name="text.md")
    error = house.refusal("POST", f"{house.text_path}/revisions/{seen['preview']}/propose", {"chosen": chosen})
    assert error.rule == "documents.chosen"


def test_what_is_another_text_altogether_is_no_revision(house, monkeypatch):
    monkeypatch.setattr("detente.documents.incoming.MOST_PROPOSALS", 1)
    raw = TEXT.replace("every incident", "each incident").replace("every hour", "all hours").encode()
    error = house.refusal("POST", f"{house.text_path}/revisions", raw, name="text.md")
    assert "another text" in error.sentence


def test_what_moved_and_went_is_told_with_its_words():
    source = "# T\n\n## Article 1\n\n1. Ships keep their distance from each other.\n\n2. Aircraft stay above two thousand metres.\n\n3. A third one goes away entirely.\n"
    with Desked(source) as house:
        raw = "# T\n\n## Article 1\n\n2. Aircraft stay above two thousand metres.\n\n1. Ships keep their distance from each other.\n"
        seen = house.post(f"{house.text_path}/revisions", raw.encode(), name="text.md")
        told = {each["kind"]: each for each in seen["proposals"]}
        assert set(told) == {"table.move-clause", "table.alternative"}
        assert told["table.alternative"]["old"] == ["3. A third one goes away entirely."]
        assert told["table.alternative"]["new"] == [""]
        assert ": " in told["table.move-clause"]["name"]
        done = house.post(f"{house.text_path}/revisions/{seen['preview']}/propose", {"chosen": [0, 1]})
        assert done["refused"] == []


# --- the workshop ---------------------------------------------------------------------------------


def test_so_many_documents_are_made_at_once_and_no_more(monkeypatch):
    monkeypatch.setattr(workshop, "PATIENCE", 0.05)
    gate = threading.Event()

    async def story():
        shop = Workshop(1)
        first = asyncio.ensure_future(shop.do(gate.wait))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="other documents"):
            await shop.do(lambda: 1)
        first.cancel()  # nobody waits for it any more, and it is still being made
        with pytest.raises(Unavailable):
            await shop.do(lambda: 1)
        gate.set()
        monkeypatch.setattr(workshop, "PATIENCE", 30)
        assert await shop.do(lambda: 2) == 2
        with pytest.raises(Refused):
            await shop.do(refused)
        assert await shop.do(lambda: 3) == 3, "a refusal gives its place back"

    def refused():
        raise Refused("No.", rule="documents.preview")

    asyncio.run(story())


def test_previews_give_way_by_age_and_by_number():
    kept, line = Previews(), LineId(bytes(32))
    for number in range(workshop.MOST_OF_ONE + 1):
        kept.keep(b"one", str(number), line, number, 0)
    with pytest.raises(Refused):
        kept.get(b"one", "0", line, int, 0)
    assert kept.get(b"one", "1", line, int, 0).shown == 1
    with pytest.raises(Refused):
        kept.get(b"one", "1", line, int, workshop.KEPT_FOR + 1)
    with pytest.raises(Refused):
        kept.get(b"one", "1", line, str, 0)
    for number in range(workshop.MOST_OF_ALL + 5):
        kept.keep(b"%d" % number, "x", line, number, 1)
    assert len(kept._kept) == workshop.MOST_OF_ALL
    kept.keep(b"late", "x", line, 0, workshop.KEPT_FOR * 2)
    assert len(kept._kept) == 1


def test_the_words_that_were_laid_down_are_found_in_the_act_and_a_missing_one_is_none():
    assert documents._source(b"") is None
