"""How a text reads to one party, what stands without anybody's proposal, and who is in the way."""

from hypothesis import given
from hypothesis import strategies as st
from tableworlds import ARVENIA, BELMORA, CORVALIS, SOURCE, TEXT, fold, verified

from detente.procedures.table import acts, layout, standpoints, tree
from detente.procedures.table.layout import EVERY
from detente.procedures.table.parse import parse
from detente.procedures.table.standpoints import UNNAMED, Standing

# what is written, the base, as BEL has it, as COR has it, as DOR (named nowhere) has it, who blocks
RULES = [
    ("[COR oppose: gladly]", "gladly", "gladly", "", "gladly", ("COR",)),
    ("[COR reserve: gladly]", "gladly", "gladly", "[COR reserve: gladly]", "gladly", ("COR",)),
    ("[BEL: gladly]", "", "gladly", "", "", ()),
    ("[BEL propose: gladly]", "", "gladly", "", "", ()),
    ("[BEL propose; COR oppose: gladly]", "", "gladly", "", "", ("BEL", "COR")),
    ("[BEL: now][COR: soon]", "[BEL: now][COR: soon]", "now", "soon", "[BEL: now][COR: soon]", ("BEL", "COR")),
    ("[COR oppose: now][BEL propose: soon]", "now", "soon", "[COR oppose: now][BEL propose: soon]", "now",
     ("BEL", "COR")),
    ("[BEL considering: gladly]", *["[BEL considering: gladly]"] * 4, ()),
    ("[gladly]", *["[gladly]"] * 4, ()),
    ("[now][soon]", *["[now][soon]"] * 4, (UNNAMED,)),
]  # fmt: skip


def reading(text, decide):
    return "".join(block.written for block in layout.lay_out(parse(text).document, decide))


def test_the_table_of_readings_holds():
    for written, base, belmora, corvalis, dorane, blocks in RULES:
        text = f"1. They act ({written}) together.\n"

        def shown(decide, text=text):
            return reading(text, decide).removeprefix("1. They act (").removesuffix(") together.\n")

        assert shown(standpoints.base) == base, written
        assert shown(standpoints.as_party("BEL")) == belmora, written
        assert shown(standpoints.as_party("COR")) == corvalis, written
        assert shown(standpoints.as_party("DOR")) == dorane, written
        assert standpoints.who_blocks(tree.slots(parse(text).document.passage)) == blocks, written


@given(st.lists(st.sampled_from([rule[0] for rule in RULES] + [" and ", "\n\n2. "]), max_size=12))
def test_a_reading_adds_no_word_and_leaves_open_only_what_nobody_can_tell(pieces):
    text = "1. " + "".join(pieces)
    document = parse(text).document
    for decide in (standpoints.base, standpoints.as_party("BEL"), standpoints.as_party("DOR")):
        blocks = layout.lay_out(document, decide)
        for block in blocks:
            for stretch in block.stretches:
                assert decide(stretch.slot) is EVERY
        words = iter("".join(block.words for block in layout.lay_out(document, layout.every)))
        assert all(letter in words for block in blocks for letter in block.words)  # a subsequence


def test_a_live_proposal_is_its_sponsors_reading_and_the_words_there_are_everybody_elses():
    at = SOURCE.index("noon")
    hunk = acts.Hunk(b"", at, at + 4, "dawn")
    clause = next(each.id for each in tree.clauses(fold([]).document.passage) if each.label == "1")
    text = fold([verified(acts.Edit(TEXT, clause, (hunk,)), BELMORA)])
    codes = {ARVENIA: "ARV", BELMORA: "BEL", CORVALIS: "COR"}

    def read(decide):
        return "".join(block.words for block in layout.lay_out(text.document, decide, codes))

    assert "at dawn" in read(standpoints.as_party("BEL", codes))
    assert "at noon" in read(standpoints.as_party("COR", codes))
    assert "at noon" in read(standpoints.base)
    (slot,) = (each for each in tree.slots(text.document.passage) if each.form is tree.Form.PROPOSAL)
    assert standpoints.blocking(slot, codes) == ("BEL",)  # two variants are written, and Belmora wants one of them
    assert standpoints.parties([slot], codes) == ("BEL",)


def test_insertions_at_one_gap_do_not_stand_in_each_others_way():
    at = SOURCE.index("noon")
    clause = next(each.id for each in tree.clauses(fold([]).document.passage) if each.label == "1")
    made = [
        verified(acts.Edit(TEXT, clause, (acts.Hunk(b"", at, at, words),)), party, words.encode())
        for party, words in ((BELMORA, "high "), (CORVALIS, "sharp "))
    ]
    text = fold(made)
    (slot,) = (each for each in tree.slots(text.document.passage) if each.form is tree.Form.BAG)
    assert standpoints.blocking(slot) == ()
    assert standpoints.base(slot) is None


def test_only_what_blocks_is_shown_under_its_headings():
    text = (
        "# Treaty\n\n## Article 1\n\n1. Clean.\n\n## Article 2\n\n1. [BEL: This][COR: That].\n\n2. [Open].\n\n"
        "### Section A\n\n3. [COR oppose: No.]\n\n## Article 3\n\n1. Clean.\n"
    )
    blocks = layout.lay_out(parse(text).document, layout.every)
    kept = standpoints.only_what_blocks(blocks)
    assert [block.label for block in kept] == ["", "Article 2", "1", "Section A", "3"]
    standings = {block.written: standpoints.standing(standpoints.slots_of(block)) for block in blocks}
    assert standings["1. Clean.\n\n"] is Standing.CLEAN
    assert standings["2. [Open].\n\n"] is Standing.OPEN
    assert standings["3. [COR oppose: No.]\n\n"] is Standing.CONTESTED
