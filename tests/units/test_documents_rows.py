"""Rows of who wants what, and of columns: every place, every voice, nothing that a spreadsheet runs."""

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st
from lineup import FACTS
from tableworlds import worlds
from test_documents_akn import PIECES, matter_of
from test_documents_pages import TEXT
from test_table_known import fold

from detente.documents import rows_columns, rows_csv, rows_proposals
from detente.documents.matter import Matter, Meta, Remark
from detente.procedures.table import columns, known, sheet, tree
from detente.procedures.table.known import Known, Said
from detente.procedures.table.parse import parse

META = Meta("A text", "en")


def rows_of(raw):
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))


def test_each_voice_on_each_variant_is_a_row():
    rows = rows_of(rows_proposals.as_csv(matter_of(TEXT), META))
    assert tuple(rows[0]) == rows_proposals.COLUMNS
    first = [row for row in rows if row["slot"] == "1"]
    assert [(row["variant"], row["party"], row["stance"], row["words"]) for row in first] == [
        ("1", "BEL", "propose", "shall"), ("1", "COR", "propose", "shall"), ("2", "DOR", "propose", "should"),
    ]  # fmt: skip
    assert {
        (row["article"], row["clause"], row["line"], row["form"], row["inferred"], row["depth"]) for row in first
    } == {("Article 1", "1", "5", "exclusive", "yes", "1")}
    assert [row["depth"] for row in rows if row["words"] == "always"] == ["3"]
    assert [row["words"] for row in rows if row["form"] == "options"] == ["Now.", ""]


def test_positions_of_a_table_are_rows_too():
    document = parse(TEXT).document
    clause = next(each for each in tree.clauses(document.passage) if each.label == "1")
    variant = next(tree.slots(document.passage)).variants[1]
    said = (Said(variant.id, "BEL", "oppose", ad_referendum=True, note="too weak"), Said(clause.id, "COR", "support"))
    beside = Known(parties={"BEL": "Belmora"}, said=said, statuses={clause.id: "contested"})
    matter = Matter(document, sheet.as_negotiated(document), remarks=(Remark(clause.id, "DOR", "Under study."),))
    rows = rows_of(rows_proposals.as_csv(matter, META, beside))
    (on_variant,) = [row for row in rows if row["stance"] == "oppose"]
    assert (on_variant["party"], on_variant["name"], on_variant["ad referendum"], on_variant["note"], on_variant["words"]) == (
        "BEL", "Belmora", "yes", "too weak", "should",
    )  # fmt: skip
    (on_clause,) = [row for row in rows if row["stance"] == "support"]
    assert (on_clause["form"], on_clause["clause"], on_clause["party"]) == ("clause", "1", "COR")
    values = json.loads(rows_proposals.as_json(matter, META, beside))
    assert values["format"] == "detente-rows/1"
    assert next(each for each in values["clauses"] if each["label"] == "1")["positions"][0]["party"] == "COR"
    assert values["slots"][0]["variants"][1]["voices"][-1]["ad_referendum"] is True
    assert values["slots"][0]["blocking"] == ["BEL", "COR", "DOR"]
    assert values["remarks"] == [{"clause": clause.id.hex(), "author": "DOR", "text": "Under study."}]


@given(PIECES)
def test_every_place_and_every_variant_is_told_once(pieces):
    text = "".join(pieces)
    document = parse(text).document
    values = json.loads(rows_proposals.as_json(matter_of(text), META))
    slots = list(tree.slots(document.passage))
    assert [each["id"] for each in values["slots"]] == [slot.id.hex() for slot in slots]
    for told, slot in zip(values["slots"], slots, strict=True):
        assert [each["words"] for each in told["variants"]] == [
            ["".join(tree.written(place)) for place in variant.places] for variant in slot.variants
        ]
    assert [each["id"] for each in values["clauses"]] == [clause.id.hex() for clause in tree.clauses(document.passage)]


@given(worlds())
def test_a_text_on_a_table_is_told_with_its_sponsors(world):
    text = fold(world[0])
    beside = known.of_table(text, FACTS)
    matter = Matter(text.document, sheet.as_negotiated(text.document))
    values = json.loads(rows_proposals.as_json(matter, META, beside))
    live = {voice["party"] for slot in values["slots"] for each in slot["variants"] for voice in each["voices"]}
    sponsors = {
        beside.names[party]
        for slot in tree.slots(text.document.passage)
        for each in slot.variants
        for party in each.sponsors
    }
    assert sponsors <= live <= sponsors | {each.party for each in beside.said}
    rows_of(rows_proposals.as_csv(matter, META, beside))


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_csv_is_read_again_as_it_was_written_apostrophes_apart(cells):
    raw = rows_csv.table(["a"] * len(cells), [cells])
    assert raw.endswith(b"\r\n")
    (_, row) = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True)
    assert [cell.removeprefix("'") for cell in row] == [rows_csv.harmless(cell).removeprefix("'") for cell in cells]
    for cell, written in zip(cells, row, strict=True):
        if all(letter.isalnum() for letter in cell):
            assert written == cell


def test_a_cell_that_no_spreadsheet_holds_is_cut_and_says_so_and_numbers_are_numbers():
    shown = rows_csv.harmless("x" * 40_000)
    assert shown.endswith("… (8,000 characters more)")
    assert len(shown) < 32_767
    assert rows_csv.table(["n"], [[-5], [2.5]]) == b"\xef\xbb\xbfn\r\n-5\r\n2.5\r\n"


def test_columns_are_rows_with_the_marks_of_a_trilogue():
    table = columns.of_parties(parse("1. All [BEL: gladly ]act.\n\n2. [COR oppose: Gone.]\n").document, ["BEL", "COR"])
    rows = rows_of(rows_columns.as_csv(table))
    assert rows[0] == {"clause": "1", "kind": "paragraph", "Base": "1. All act.", "BEL": "1. All gladly act.",
                       "COR": "unchanged", "light": "yellow", "state": "1 place open"}  # fmt: skip
    assert rows[1]["COR"] == "2."
    values = json.loads(rows_columns.as_json(table))
    assert values["format"] == "detente-columns/1"
    assert values["columns"] == ["Base", "BEL", "COR"]
    assert values["rows"][0]["cells"][2] == {"words": "1. All act.", "likeness": "unchanged"}
