"""What is known of a text beyond its words: codes of parties, statuses, who said what."""

import json

from hypothesis import given
from hypothesis import strategies as st
from lineup import FACTS
from tableworlds import ARVENIA, BELMORA, CORVALIS, SOURCE, TEXT, fold, verified, worlds

from detente.documents import akn_read, akn_write, page_html, rows_proposals
from detente.documents.matter import Matter, Meta
from detente.procedures.table import acts, known, layout, sheet, tree
from detente.procedures.table.attribution import PLAIN
from detente.procedures.table.known import Said
from detente.procedures.table.parse import parse


def test_a_file_tells_what_its_brackets_tell():
    document = parse("## Article 1\n\n1. [BEL: a][COR oppose: b].\n\n2. [c].\n\n3. d.\n").document
    found = known.of_file(document)
    assert found.parties == {"BEL": "BEL", "COR": "COR"}
    labels = {clause.id: clause.label for clause in tree.clauses(document.passage)}
    assert {labels[clause]: status for clause, status in found.statuses.items()} == {
        "Article 1": "clean", "1": "contested", "2": "open", "3": "clean",
    }  # fmt: skip
    assert found.said == ()


def test_a_table_tells_statuses_and_positions_under_codes():
    at = SOURCE.index("noon")
    clause = next(each.id for each in tree.clauses(fold([]).document.passage) if each.label == "1")
    edit = verified(acts.Edit(TEXT, clause, (acts.Hunk(b"", at, at + 4, "dawn"),)), BELMORA, b"edit")
    said = verified(acts.Position(TEXT, edit.id, acts.Stance.OPPOSE, True, "never"), CORVALIS, b"said")
    there = verified(acts.Position(TEXT, clause, acts.Stance.SUPPORT, False, ""), ARVENIA, b"there")
    text = fold([edit, said, there])
    found = known.of_table(text, FACTS)
    assert found.names == {
        ARVENIA: "ARV",
        BELMORA: "BEL",
        CORVALIS: "COR",
        **{p: "DOR" for p in found.names if found.names[p] == "DOR"},
    }
    assert found.parties["BEL"] == "Belmora"
    (slot,) = (each for each in tree.slots(text.document.passage) if each.form is tree.Form.PROPOSAL)
    assert set(found.said) == {
        Said(slot.variants[1].id, "COR", "oppose", ad_referendum=True, note="never"),
        Said(clause, "ARV", "support"),
    }
    assert found.statuses[clause] == "contested"
    written = "".join(block.written for block in layout.lay_out(text.document, layout.every, found.names))
    assert "[BEL propose: dawn]" in written


@given(worlds())
def test_what_is_said_of_the_table_is_said_of_its_variants(world):
    text = fold(world[0])
    found = known.of_table(text, FACTS)
    assert set(found.statuses) == {clause.id for clause in tree.clauses(text.document.passage)}
    assert len(found.said) == sum(len(text.positions[target]) for target in text.positions)


@given(st.lists(st.text(alphabet="ABCabcÉ é-", min_size=1, max_size=8), max_size=30))
def test_codes_are_codes_of_the_grammar_and_each_is_given_once(names):
    made = known.codes({f"party {number}": name for number, name in enumerate(names)})
    assert len(set(made.values())) == len(names)
    for code in made.values():
        assert 2 <= len(code) <= 5
        assert PLAIN.read(f"[{code} propose: ", 1)[0].parties == (code,)


def test_codes_are_made_of_names():
    made = known.codes({"1": "Arvenia", "2": "Arboria", "3": "Arvenmark", "4": "Côte", "5": "雪"})
    assert made == {"1": "ARV", "2": "ARB", "3": "ARE", "4": "COT", "5": "XXX"}
    states = {"1": "Republic of Arvenia", "2": "the Kingdom of Belmora", "3": "Federal Republic", "4": "United Isles"}
    assert known.codes(states) == {"1": "ARV", "2": "BEL", "3": "FED", "4": "ISL"}


def test_the_codes_that_the_chair_said_come_before_those_that_are_made():
    given_ = [acts.Code("ARV", "2"), acts.Code("BO", "2"), acts.Code("ZZ", "absent")]
    assert known.codes({"1": "Arvenia", "2": "Arboria"}, given_) == {"2": "ARV", "1": "ARE"}
    text = fold([verified(acts.Codes(TEXT, (acts.Code("KB", BELMORA), acts.Code("BELM", BELMORA))), ARVENIA, b"codes")])
    found = known.of_table(text, FACTS)
    assert (found.names[BELMORA], found.names[CORVALIS]) == ("BELM", "COR")
    assert {found.parties[code] for code in ("KB", "BELM")} == {"Belmora"}


@given(worlds())
def test_a_text_on_a_table_is_told_with_its_sponsors(world):
    text = fold(world[0])
    beside = known.of_table(text, FACTS)
    matter = Matter(text.document, sheet.as_negotiated(text.document))
    values = json.loads(rows_proposals.as_json(matter, Meta("A text", "en"), beside))
    live = {voice["party"] for slot in values["slots"] for each in slot["variants"] for voice in each["voices"]}
    sponsors = {
        beside.names[party]
        for slot in tree.slots(text.document.passage)
        for each in slot.variants
        for party in each.sponsors
    }
    assert sponsors <= live <= sponsors | {each.party for each in beside.said}
    assert rows_proposals.as_csv(matter, Meta("A text", "en"), beside).count(b"\r\n") > 0


@given(worlds())
def test_a_text_on_a_table_leaves_as_akoma_ntoso_and_is_read_with_its_codes(world):
    text = fold(world[0])
    beside = known.of_table(text, FACTS)
    matter = Matter(text.document, sheet.as_negotiated(text.document))
    came = akn_read.read(akn_write.write(matter, Meta("A text", "en"), beside))
    assert came.exact
    assert came.text == "".join(block.written for block in layout.lay_out(text.document, layout.every, beside.names))
    assert came.content_hash == text.document.digest.hex()
    assert {each.party for each in came.positions} <= set(beside.parties)
    shown = page_html.write(matter, Meta("A text", "en"), beside).decode()
    assert all(f">{each.party}</b>" in shown for each in beside.said if each.target in beside.statuses)
