"""A text laid out: what a sheet holds, and the variants cut where paragraphs begin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tableworlds import PARTIES, fold, worlds
from test_table_sheet import PIECES

from detente.ground.errors import Malformed
from detente.procedures.table import layout, sheet, tree
from detente.procedures.table.layout import EVERY, Stretch
from detente.procedures.table.parse import parse


@given(PIECES)
def test_every_variant_laid_out_is_the_sheet_as_negotiated(pieces):
    document = parse("".join(pieces)).document
    assert layout.as_sheet(layout.lay_out(document, layout.every)) == sheet.as_negotiated(document)


@given(PIECES, st.integers(-2, 3))
def test_one_variant_laid_out_is_the_sheet_as_decided(pieces, choice):
    document = parse("".join(pieces)).document

    def pick(slot):
        return slot.variants[choice] if -len(slot.variants) <= choice < len(slot.variants) else None

    assert layout.as_sheet(layout.lay_out(document, pick)) == sheet.as_decided(document, pick)


@given(PIECES)
def test_the_stretches_of_a_variant_hold_it_whole_and_say_where_it_begins_and_ends(pieces):
    document = parse("".join(pieces)).document
    stretches = [each for block in layout.lay_out(document, layout.every) for each in block.stretches]
    for slot in tree.slots(document.passage):
        for variant in slot.variants:
            mine = [each for each in stretches if each.variant.id == variant.id]
            if not variant.written:
                assert not mine
                continue
            assert [each.begins for each in mine] == [True] + [False] * (len(mine) - 1)
            assert [each.ends for each in mine] == [False] * (len(mine) - 1) + [True]
            written = "".join(
                piece.text
                for each in mine
                for piece in layout.Block(b"", tree.ClauseKind.FRONT, "", 0, each.inside).pieces
            )
            inside = "".join(tree.written(variant.passage))
            assert written == variant.lead + inside + variant.tail


@given(worlds())
def test_live_proposals_are_laid_out_as_they_are_rendered_and_under_their_codes(world):
    made, _ = world
    text = fold(made)
    blocks = layout.lay_out(text.document, layout.every)
    assert "".join(block.written for block in blocks) == tree.render(text.document)
    codes = dict(zip(PARTIES, ("ARV", "BEL", "COR"), strict=True))
    named = "".join(block.written for block in layout.lay_out(text.document, layout.every, codes))
    expected = tree.render(text.document)
    for party, code in codes.items():
        expected = expected.replace(party, code)
    assert named == expected


def test_a_variant_that_ends_articles_later_is_cut_where_clauses_begin():
    text = "1. Each Party [shall act.\n\n2. It tells the others.\n\n3. They] agree.\n"
    blocks = layout.lay_out(parse(text).document, layout.every)
    cut = [each for block in blocks for each in block.stretches]
    assert [(each.begins, each.ends) for each in cut] == [(True, False), (False, False), (False, True)]
    assert [block.label for block in blocks] == ["1", "2", "3"]
    assert len({each.variant.id for each in cut}) == 1


def test_a_slot_may_stay_open_while_another_is_decided():
    document = parse("1. [One][Two] and [three].\n").document

    def decide(slot):
        return EVERY if slot.form is tree.Form.BRACKET else slot.variants[1]

    (block,) = layout.lay_out(document, decide)
    assert block.written == "1. Two and [three].\n"
    assert block.words == "1. Two and three.\n"
    assert [type(each) for each in block.inside].count(Stretch) == 1


def test_what_no_page_can_show_is_refused_with_a_sentence():
    deep = "[" * layout.DEEPEST + "x" + "]" * layout.DEEPEST
    assert layout.lay_out(parse(deep).document, layout.every)
    with pytest.raises(Malformed, match=f"nested more than {layout.DEEPEST} deep"):
        layout.lay_out(parse("[" + deep + "]").document, layout.every)


def test_an_empty_text_has_no_block():
    assert layout.lay_out(parse("").document, layout.every) == ()


@given(PIECES, st.integers(0, 80))
def test_a_cut_loses_nothing_and_says_where_a_stretch_goes_on(pieces, at):
    for block in layout.lay_out(parse("".join(pieces)).document, layout.every):
        before, behind = (layout.Block(b"", block.kind, "", 0, part) for part in layout.cut(block.inside, at))
        assert before.written == block.written[:at]
        assert behind.written == block.written[at:]
        assert before.words + behind.words == block.words
        for piece in behind.pieces:
            if piece.ink is sheet.Ink.WORDS:
                assert any(
                    one.container == piece.container and one.lo <= piece.lo <= one.lo + len(one.text)
                    for one in block.pieces
                )
        ends = [each.variant.id for part in (before, behind) for each in part.stretches if each.ends]
        begins = [each.variant.id for part in (before, behind) for each in part.stretches if each.begins]
        assert sorted(ends) == sorted(each.variant.id for each in block.stretches if each.ends)
        assert sorted(begins) == sorted(each.variant.id for each in block.stretches if each.begins)
