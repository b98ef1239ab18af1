"""How far a text has come: what is counted, by article, and the real curve of the Paris series."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared import shared
from tableworlds import ARVENIA, BELMORA, CORVALIS, fold, worlds
from test_table_sheet import PIECES

from detente.procedures.table import brackets, burndown, standpoints, tree
from detente.procedures.table.burndown import Count
from detente.procedures.table.inspect import read
from detente.procedures.table.parse import parse
from detente.procedures.table.tree import Form

TEXT = (
    "A preamble [with a place].\n\n## Article 1\n\n1. [BEL: This][COR/DOR: That] stands.\n\n2. Clean.\n\n"
    "## Article 2\n\n1. [COR oppose: All of it.]\n\n2. [shall][should]\n\nNegotiators' Note: [one more]\n"
)


def state(text, name="a"):
    return burndown.state(name, parse(text).document)


def test_places_variants_and_parties_are_counted_by_article():
    found = state(TEXT)
    assert found.articles == {
        "": Count(open=1, variants=1, contested=0, paragraphs=1, clean=0, blocking={}),
        "Article 1": Count(1, 2, 1, 2, 1, {"BEL": 1, "COR": 1, "DOR": 1}),
        "Article 2": Count(3, 4, 2, 2, 0, {"?": 1, "COR": 1}),
    }
    assert found.whole == Count(5, 7, 3, 5, 1, {"COR": 2, "?": 1, "BEL": 1, "DOR": 1})
    assert found.whole.share == 0.2
    assert state("").whole.share == 1.0


def test_a_bracket_around_whole_articles_leaves_the_paragraphs_within_it_clean_and_an_option_does_not():
    hull = "[1. One\n\n2. Two\n\n3. Three]\n"
    assert state(hull).whole == Count(1, 1, 0, 3, 1, {})
    options = "**Option 1:**\n\n1. One\n\n2. Two\n\n3. Three\n\n**Option 2:**\n\n1. None\n"
    assert state(options).whole.clean == 0


@given(PIECES)
def test_articles_add_up_to_the_whole_and_places_are_those_of_the_tree(pieces):
    document = parse("".join(pieces)).document
    found = burndown.state("x", document)
    for figure in ("open", "variants", "contested", "paragraphs", "clean"):
        assert sum(getattr(each, figure) for each in found.articles.values()) == getattr(found.whole, figure)
    slots = [slot for slot in tree.slots(document.passage) if any(variant.written for variant in slot.variants)]
    assert found.whole.open == len(slots)
    assert found.whole.variants == sum(variant.written for slot in slots for variant in slot.variants)


@given(st.lists(st.sampled_from(["[a] ", "b "]), max_size=9))
def test_settling_a_place_is_what_brings_the_curve_down(pieces):
    text = "1. " + "".join(pieces)
    before, after = state(text).whole, state(text.replace("[a]", "a", 1)).whole
    assert after.open == max(before.open - 1, 0)


def test_a_series_keeps_the_order_of_articles_and_says_where_one_was_not_there():
    later = state(TEXT.replace("Article 2", "Article 3").replace("[BEL: This][COR/DOR: That]", "This"), "b")
    over = burndown.over_time([state(TEXT), later])
    assert list(over) == ["", "Article 1", "Article 2", "Article 3"]
    assert [each.open if each else None for each in over["Article 1"]] == [1, 0]
    assert [each.open if each else None for each in over["Article 2"]] == [3, None]


PARIS = {  # of each draft: places to decide, variants, contested places
    "nonpaper_2015-10-05_layout.txt": (127, 231, 57),
    "draft_2015-10-23_layout.txt": (1408, 1819, 303),
    "agreement_2015-10-23.md": (922, 1164, 179),
    "agreement_2015-12-04.md": (878, 1121, 188),
}


@pytest.mark.vectors
def test_the_curve_of_the_paris_series_goes_up_and_then_a_little_down():
    """5 October, 23 October (as it fell out of a PDF, and in the edition of the agreement alone), 4 December."""
    found = {}
    for name, figures in PARIS.items():
        text = read(shared(f"corpus/paris-2015/{name}").read_bytes())
        parsed = parse(text)
        whole = burndown.state(name, parsed.document).whole
        assert (whole.open, whole.variants, whole.contested) == figures, name
        found[name] = whole
        # every bracket that a plain search finds is a variant, unless it is a link; what comes on top is no bracket
        plain = brackets.match(text)
        slots = list(tree.slots(parsed.document.passage))
        more = sum(
            variant.written for slot in slots if slot.form in {Form.OPTIONS, Form.SLASH} for variant in slot.variants
        )
        links = sum(text[at] == "[" for at in plain.links)
        assert plain.opening - links <= whole.variants <= plain.opening - links + more, name
    may, before, edition, after = (found[name] for name in PARIS)
    assert may.open < edition.open < before.open
    assert after.open < edition.open
    assert may.share > after.share > edition.share


@given(worlds())
def test_the_curve_of_a_table_follows_its_log(world):
    """Each act is a state: proposals open places, and what is withdrawn closes them again."""
    made, _ = world
    names = {ARVENIA: "ARV", BELMORA: "BEL", CORVALIS: "COR"}
    texts = [fold(made[:length]) for length in range(len(made) + 1)]
    states = [burndown.state(str(at), text.document, names) for at, text in enumerate(texts)]
    for text, found in zip(texts, states, strict=True):
        assert found.whole.open == text.document.passage.open
        assert set(found.whole.blocking) <= {*names.values(), standpoints.UNNAMED}
    assert [counts[-1].open for counts in burndown.over_time(states).values()] == [
        count.open for count in states[-1].articles.values()
    ]
