"""A text in columns: by party, by version; and the real tables of trilogues, whose rows somebody aligned by hand."""

import csv
import re
from collections import defaultdict

import pytest
from shared import shared
from tableworlds import ARVENIA, BELMORA, CORVALIS, SOURCE, TEXT, fold, verified

from detente.procedures.table import acts, align, columns, sheet, tree
from detente.procedures.table.columns import DELETED, UNCHANGED, Light, Likeness
from detente.procedures.table.parse import parse
from detente.procedures.table.sheet import Ink, Paragraph, Piece
from detente.procedures.table.tree import ClauseKind

DRAFT = (
    "## Article 1\n\n1. Each Party [BEL: shall][COR: should] act[ARV oppose:  at once].\n\n2. It [tells] the others.\n\n"
    "3. [BEL propose: A whole paragraph.]\n\n4. Agreed.\n"
)


def sheets(*texts):
    return [(f"v{number}", sheet.as_negotiated(parse(text).document)) for number, text in enumerate(texts, 1)]


def shown(table):
    return {row.label: [cell.shown for cell in row.cells] for row in table.rows}


def test_each_party_has_its_own_words_and_the_base_has_what_nobody_proposed():
    table = columns.of_parties(parse(DRAFT).document, ["ARV", "BEL", "COR"])
    assert table.heads == ("Base", "ARV", "BEL", "COR")
    rows = shown(table)
    assert rows["1"] == [
        "1. Each Party [BEL: shall][COR: should] act at once.",
        "1. Each Party [BEL: shall][COR: should] act.",
        "1. Each Party shall act at once.",
        "1. Each Party should act at once.",
    ]
    assert rows["2"] == ["2. It [tells] the others.", UNCHANGED, UNCHANGED, UNCHANGED]
    assert rows["3"] == ["3.", UNCHANGED, "3. A whole paragraph.", UNCHANGED]
    lights = {row.label: (row.light, row.state) for row in table.rows}
    assert lights["1"] == (Light.RED, "2 places contested: ARV, BEL, COR")
    assert lights["2"] == (Light.YELLOW, "1 place open")
    assert lights["4"] == (Light.GREEN, "nothing to decide")
    assert table.lights() == {"green": 2, "yellow": 2, "red": 1}


def test_the_chairs_draft_stands_beside_the_clauses_that_it_changes():
    draft = sheet.as_negotiated(parse(
        "## Article 1\n\n1. Each Party shall act without delay.\n\n2. It tells the others.\n\n2bis. And the public.\n\n"
        "4. Agreed.\n").document)  # fmt: skip
    table = columns.of_parties(parse(DRAFT).document, [], draft)
    assert table.heads == ("Base", "Draft")
    rows = shown(table)
    assert rows["1"][1] == "1. Each Party shall act without delay."
    assert rows["2"][1] == "2. It tells the others. 2bis. And the public."
    assert rows["3"][1] == DELETED
    assert rows["4"][1] == UNCHANGED


def test_a_live_proposal_is_a_column_under_its_sponsors_code():
    at = SOURCE.index("noon")
    clause = next(each.id for each in tree.clauses(fold([]).document.passage) if each.label == "1")
    text = fold([verified(acts.Edit(TEXT, clause, (acts.Hunk(b"", at, at + 4, "dawn"),)), BELMORA)])
    names = {ARVENIA: "ARV", BELMORA: "BEL", CORVALIS: "COR"}
    table = columns.of_parties(text.document, ["BEL", "COR"], names=names)
    row = next(row for row in table.rows if row.label == "1")
    assert "at dawn" in row.cells[1].words
    assert row.cells[2].likeness is Likeness.SAME
    assert "BEL" in row.state


def test_versions_stand_in_one_row_where_they_are_one_clause():
    one = "## Article 1\n\n1. The Parties meet every year.\n\n2. They agree.\n"
    two = "## Article 1\n\n1. The Parties meet every month.\n\n1bis. Observers attend.\n\n2. They agree.\n"
    three = "## Article 1\n\n1. The Parties meet every month.\n\n1bis. Observers attend.\n"
    table = columns.of_versions(sheets(one, two, three))
    rows = shown(table)
    assert rows["1"] == ["1. The Parties meet every year.", *["1. The Parties meet every month."] * 2]
    assert rows["1bis"] == ["", "1bis. Observers attend.", "1bis. Observers attend."]
    assert rows["2"] == ["2. They agree.", UNCHANGED, DELETED]
    states = {row.label: (row.light, row.state) for row in table.rows}
    assert states["1"] == (Light.YELLOW, "changed in v2, v3")
    assert states["1bis"] == (Light.RED, "missing in v1")
    assert states["2"] == (Light.RED, "missing in v3")
    assert states["Article 1"] == (Light.GREEN, "the same in all")
    (changed,) = [row.cells[1] for row in table.rows if row.label == "1"]
    assert {span.how for span in changed.changes} == {align.How.KEPT, align.How.DELETED, align.How.INSERTED}


def test_what_moved_stays_in_the_row_of_the_clause_that_it_was():
    lines = [f"{n}. The Parties agree on matter number {n} of the annex.\n\n" for n in range(1, 8)]
    table = columns.of_versions(sheets("".join(lines), "".join([*lines[1:6], lines[0], *lines[6:]])))
    assert len(table.rows) == 7
    assert all(row.light is Light.GREEN for row in table.rows)


def test_an_empty_text_has_no_rows():
    assert columns.of_versions(sheets("", "")).rows == ()
    assert columns.of_parties(parse("").document, ["BEL"]).rows == ()


# --- the tables of trilogues --------------------------------------------------------------------

NO_WORDS = {"", "empty", "[]", "[ ]", "[no change]", "$[no change]$", "Commission proposal unchanged"}


def paragraph(number, words):
    clause = next(iter(parse(words).document.passage.items), None)
    kind, label = (clause.kind, clause.label) if clause else (ClauseKind.PARAGRAPH, "")
    return Paragraph(b"%016d" % number, kind, label, 2, (Piece(words, Ink.WORDS, b"", 0, (), 0),))


@pytest.mark.vectors
@pytest.mark.parametrize(("column", "right", "pairs"), [("COM-Council", 95, 98), ("COM-EP", 52, 56)])
def test_rows_of_real_trilogues_are_aligned_as_people_aligned_them(column, right, pairs, record_property):
    """The gold pairs with a label; what label 0 means is not documented, so those rows are left out."""
    with shared("corpus/eu-trilogue-pairs/pairs_gold.csv").open(encoding="utf-8", newline="") as stream:
        gold = [row for row in csv.DictReader(stream) if row["column"] == column and row["label"] != "0"]
    gold.sort(
        key=lambda row: (
            row["identifier"].rpartition("_")[0],
            int(re.sub(r"\D", "", row["identifier"].rpartition("_")[2])),
        )
    )
    sides = [
        [paragraph(number, row[side]) for number, row in enumerate(gold) if row[side] not in NO_WORDS]
        for side in ("text_1", "text_2")
    ]
    known = [{int(each.clause) for each in side} for side in sides]
    found = align.revisions(*map(tuple, sides))
    matched = defaultdict(set)
    for row in found.rows:
        if row.a is not None and row.b is not None:
            matched[int(found.a[row.a].clause)].add(int(found.b[row.b].clause))
    both = known[0] & known[1]
    agreed = sum(matched[number] == {number} for number in both)
    wrong = sum(bool(matched[number] - {number}) for number in range(len(gold)))
    record_property("accuracy", f"{agreed}/{len(both)}")
    assert len(both) == pairs
    assert agreed >= right
    assert wrong == 0  # what is not found stands alone; no row says that two clauses are one that are not
