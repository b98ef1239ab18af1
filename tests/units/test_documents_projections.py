"""A text on a table as documents: every reading in every form, marked, and the same bytes for the same state."""

import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "procedures"))
from lineup import ARVENIA, BELMORA, CORVALIS, FACTS, START
from test_table_places import SOURCE, add, room_of

from detente.documents import akn_read, docx_reader, formats, page_html, page_pdf, projections
from detente.documents.docx_reading import Side, blocks
from detente.documents.matter import Matter, Meta
from detente.documents.projections import COLUMNS, REDLINES, State
from detente.ground.errors import DetenteError, Malformed, Unfit
from detente.procedures.table import acts, known, layout, sheet, tree
from detente.procedures.table.acts import Hunk, Stance
from detente.procedures.table.outline import WHOLE


def with_pango():
    try:
        page_pdf._weasyprint()
    except DetenteError:
        return False
    return True


FORMS = [each for each in formats.FORMATS if each != "pdf" or with_pango()]


@pytest.fixture(scope="module")
def state():
    """A text with an edit, a new clause, a clause to be moved, an alternative and positions."""
    room, at = room_of()
    lo = SOURCE.index("Two")
    edit = room.say(BELMORA, acts.Edit(room.id, at["2"], (Hunk(b"", lo, lo + 3, "Deux"),)))
    room.say(CORVALIS, acts.Position(room.id, edit, Stance.OPPOSE, False, "not yet"))
    room.say(BELMORA, add(room, at["Article 1"], WHOLE, "0. Before."))
    room.say(CORVALIS, acts.MoveClause(room.id, at["Article 1"], at["Article 2"], WHOLE))
    room.say(CORVALIS, acts.Alternative(room.id, at["(a)"], "(a) Another point."))
    return State(room.text, room.facts, 6, START, SOURCE)


def accepted(raw, side=Side.ACCEPTED):
    return [each.text for each in blocks(docx_reader.read(raw).paragraphs, side)]


def test_live_proposals_of_every_kind_are_laid_out_as_they_lie_on_a_sheet(state):
    document = state.text.document
    assert layout.as_sheet(layout.lay_out(document, layout.every)) == sheet.as_negotiated(document)
    written = "".join(each.written for each in projections.project(state, "negotiated").sheet)
    for words in ("[BEL propose: Deux]", "[BEL propose: 0. Before.", "{COR propose: to be placed first under Article 2}",
                  "[COR propose: (a) Another point."):  # fmt: skip
        assert words in written
    assert not [party for party in (ARVENIA, BELMORA, CORVALIS) if party in written]


def test_readings_differ_in_what_their_parties_want(state):
    def words(name):
        return "".join(each.words for each in projections.project(state, name).sheet)

    assert words("imported") == words("base") == SOURCE
    assert "2. Deux." in words("BEL")
    assert "0. Before." in words("BEL")
    assert "Another point" not in words("BEL")
    assert "Another point" in words("COR")
    assert words("COR").index("Article 2") < words("COR").index("Article 1")
    assert words("ARV") == words("base")
    authors = {
        party for each in projections.project(state, "BEL").sheet for one in each.pieces for party in one.sponsors
    }
    assert authors == {"BEL"}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_bears_its_marks_and_the_same_state_makes_the_same_bytes(state, form):
    made, again = projections.write(state, form), projections.write(state, form)
    assert made == again
    assert made.name.startswith("A-text_SENSITIVE_entry-6_negotiated-")
    assert made.name.isascii()
    said = ("SENSITIVE", "entry 6 of the log", state.content, "Reading negotiated ")
    if form == "docx":
        text = "".join(docx_reader.read(made.raw).furniture)
        with zipfile.ZipFile(io.BytesIO(made.raw)) as package:
            assert b"Treated as SENSITIVE" in package.read("word/header2.xml"), "at the head of every page"
    else:
        text = made.raw.decode("utf-8", "replace")
    if form not in {"csv", "pdf"}:
        assert [words for words in said if words not in text] == []


def test_a_redline_has_both_readings_and_the_names_of_who_proposes(state):
    made = projections.redline(state, "docx", "base", "BEL")
    reading = docx_reader.read(made.raw)
    for name, side in (("base", Side.REJECTED), ("BEL", Side.ACCEPTED)):
        alone = docx_reader.read(projections.write(state, "docx", name).raw)
        assert [each.text for each in blocks(reading.paragraphs, side)] == [
            each.text for each in blocks(alone.paragraphs, Side.ACCEPTED)
        ]
    assert {each.author for each in reading.revisions if each.kind == "insertion"} == {"BEL"}
    assert accepted(made.raw) != accepted(made.raw, Side.REJECTED)


@pytest.mark.parametrize("form", [each for each in REDLINES if each in FORMS])
def test_a_redline_from_what_was_laid_down_to_what_stands(state, form):
    made = projections.redline(state, form)
    assert made.media == formats.FORMATS[form].media_type
    assert made.name.endswith(f"_redline{formats.FORMATS[form].suffix}")
    if form == "docx":
        assert "".join(accepted(made.raw, Side.REJECTED)) == "".join(
            accepted(projections.write(state, "docx", "imported").raw)
        )
        assert "".join(accepted(made.raw)) == "".join(accepted(projections.write(state, "docx").raw))


@pytest.mark.parametrize("form", [each for each in COLUMNS if each in FORMS])
def test_columns_of_those_who_want_something(state, form):
    made = projections.in_columns(state, form)
    assert made.name.endswith(f"_columns.{form}")
    if form == "json":
        assert json.loads(made.raw)["columns"] == ["Base", "BEL", "COR"]
    only = projections.in_columns(state, "json", ["COR", "COR"])
    assert json.loads(only.raw)["columns"] == ["Base", "COR"]


def test_akoma_ntoso_comes_back_byte_for_byte(state):
    made = projections.write(state, "akn")
    came = akn_read.read(made.raw)
    assert came.exact
    assert came.text == "".join(each.written for each in projections.project(state, "negotiated").sheet)


def test_what_there_is_not_is_refused_with_what_there_is(state):
    for ask in (
        lambda: projections.write(state, "exe"),
        lambda: projections.write(state, "docx", "NOR"),
        lambda: projections.write(state, "csv", "BEL"),
        lambda: projections.redline(state, "csv"),
        lambda: projections.redline(state, "docx", "base", "\u202eNOR"),
        lambda: projections.in_columns(state, "docx"),
        lambda: projections.in_columns(state, "html", ["NOR"]),
        lambda: projections.in_columns(state, "html", [f"P{number}" for number in range(40)]),
        lambda: projections.project(State(state.text, state.facts, 6, START), "imported"),
    ):
        with pytest.raises(Malformed) as refused:
            ask()
        assert refused.value.sentence.endswith(".")
        assert "\u202e" not in refused.value.sentence
    assert "imported" not in State(state.text, state.facts, 6, START).readings
    assert state.readings == ("imported", "negotiated", "base", "clean", "ARV", "BEL", "COR", "DOR")


@pytest.mark.skipif("pdf" not in FORMS, reason="Pango is not here: apt install libpangoft2-1.0-0")
def test_a_pdf_of_a_very_long_text_is_refused_and_the_page_is_not(state, monkeypatch):
    monkeypatch.setattr(projections, "LARGEST_PDF", 20)
    for ask in (projections.write, projections.redline, projections.in_columns):
        with pytest.raises(Malformed, match="HTML"):
            ask(state, "pdf")
    assert projections.write(state, "html").raw


@pytest.mark.skipif("pdf" not in FORMS, reason="Pango is not here: apt install libpangoft2-1.0-0")
def test_a_pdf_by_a_child_is_the_one_that_the_command_makes_and_is_given_so_long(state, monkeypatch):
    shown = projections.project(state, "negotiated")
    matter, meta = Matter(shown.document, shown.sheet), Meta("A text", "en", START)
    page = page_html.page(matter, meta, shown.known)
    assert page_pdf.apart(page, meta) == page_pdf.write(matter, meta, shown.known)
    monkeypatch.setattr(page_pdf, "PATIENCE", 0.01)
    with pytest.raises(Malformed, match="longer to make"):
        projections.write(state, "pdf")


@pytest.mark.parametrize(
    ("library", "sentence"),
    [
        ("raise OSError('no pango')", "Pango"),
        ("raise ModuleNotFoundError", "WeasyPrint"),
        ("raise KeyError", "could not be made"),
    ],
)
def test_where_pango_is_absent_a_pdf_is_a_sentence(state, monkeypatch, tmp_path, library, sentence):
    (tmp_path / "weasyprint.py").write_text(library)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for ask in (projections.write, projections.redline, projections.in_columns):
        with pytest.raises(DetenteError, match=sentence) as refused:
            ask(state, "pdf")
        assert isinstance(refused.value, Malformed if sentence == "could not be made" else Unfit)


def test_a_document_is_known_again_by_its_head_or_by_its_name(state):
    made = projections.write(state, "docx", "BEL")
    mark = ("BEL", projections.project(state, "BEL").digest)
    assert projections.marked(state, "renamed.docx", docx_reader.read(made.raw).furniture) == mark
    assert projections.marked(state, made.name, ()) == mark
    assert projections.marked(state, made.name.replace(".docx", " (1).docx"), ()) == mark
    assert projections.marked(state, made.name.replace("BEL", "NOR"), ()) is None
    assert projections.marked(state, "text.docx", ("A head",)) is None


def test_a_party_has_the_code_by_which_the_text_names_it():
    members = {ARVENIA: "Republic of Arvenia", BELMORA: "Kingdom of Belmora", CORVALIS: "Corvalis"}
    assert known.codes(members, written=("ARV", "Belmora", "NOR")) == {
        ARVENIA: "ARV",
        BELMORA: "Belmora",
        CORVALIS: "COR",
    }
    assert known.codes(members, written=("o", "of", "C")) == {ARVENIA: "ARV", BELMORA: "BEL", CORVALIS: "COR"}, (
        "no code is two's"
    )
    taken = known.codes({ARVENIA: "Arvenia", BELMORA: "Republic of Arvenia"}, written=("Arvenia",))
    assert len(set(taken.values())) == 2


def test_names_of_files_are_plain_whatever_the_title_is(state):
    import msgspec

    for title in ("../../etc/passwd", "عنوان", 'x"; y=\r\nz', "CON", "a" * 400):
        text = msgspec.structs.replace(state.text, title=" ".join(title.split()))
        name = projections.write(State(text, FACTS, 1, START), "json").name
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"), name
        assert len(name) < 160
        assert not name.startswith((".", "-", "CON."))


def test_every_clause_is_still_there(state):
    assert {each.id for each in tree.clauses(projections.project(state, "negotiated").document.passage)} >= set(
        state.text.order
    )
