"""What is known of a text beyond its words: codes of parties, statuses, who said what."""

from hypothesis import given
from hypothesis import strategies as st
from lineup import FACTS
from tableworlds import ARVENIA, BELMORA, CORVALIS, SOURCE, TEXT, fold, verified, worlds

from detente.procedures.table import acts, known, layout, tree
from detente.procedures.table.attribution import attributions
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
    assert len(found.said) == len(text.positions)


@given(st.lists(st.text(alphabet="ABCabcÉ é-", min_size=1, max_size=8), max_size=30))
def test_codes_are_codes_of_the_grammar_and_each_is_given_once(names):
    made = known.codes({f"party {number}": name for number, name in enumerate(names)})
    assert len(set(made.values())) == len(names)
    for code in made.values():
        assert 2 <= len(code) <= 5
        assert attributions(f"[{code} propose: ", 1)[0].parties == (code,)


def test_codes_are_made_of_names():
    made = known.codes({"1": "Arvenia", "2": "Arboria", "3": "Arvenmark", "4": "Côte", "5": "雪"})
    assert made == {"1": "ARV", "2": "ARB", "3": "ARE", "4": "COT", "5": "XXX"}
