"""Passages that read alike, inside one text."""

from hypothesis import given
from hypothesis import strategies as st

from detente.procedures.table import similar
from detente.procedures.table.lint_look import Look

TEXT = """\
---
title: A text
---

## Article 1 (Lines)

1. Each Party shall keep a line open at noon and answer what it is asked:

(a) in good faith;

(b) in good time.

**Option 1:** 2. Disputes between the Parties are settled by the Council whose decision is final.

**Option 2:** 2. Disputes between the Parties are settled by the Court whose decision is final.

## Article 2

1. Each Party shall keep a line open at night and answer what it is asked.

Yes.
"""


def test_a_passage_is_a_paragraph_with_its_points_under_its_heading():
    found = similar.passages(Look(TEXT))
    labels = [each.label for each in found]
    assert labels[:2] == ["Article 1", "Article 1, 1"]
    assert "in good faith" in found[1].words
    assert found[1].heading == "Article 1 (Lines)"
    assert "Yes." not in [each.words for each in found]


def test_pairs_are_told_with_their_likeness_and_alternatives_are_marked():
    pairs = similar.inside(Look(TEXT), 70)
    assert [(each.alternatives, each.one.line < each.other.line) for each in pairs] == [(True, True), (False, True)]
    assert pairs[0].score >= pairs[1].score >= 70
    assert similar.inside(Look(TEXT), 99) == []


VOCABULARY = ("each", "party", "shall", "keep", "a", "line", "open", "at", "noon", "and", "answer")
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=30).map(" ".join)


@given(WORDS, WORDS)
def test_likeness_is_in_per_cent_and_whole_for_the_same_words(one, other):
    assert 0 <= similar.score(one, other) <= 100
    if one:
        assert similar.score(one, one) == 100


@given(st.dictionaries(st.integers(0, 99), WORDS, max_size=8), WORDS, st.integers(1, 8))
def test_the_likest_come_first(found, query, most):
    ranked = similar.rank(query, found, most)
    assert len(ranked) == min(most, len(found))
    assert [score for _, score in ranked] == sorted((score for _, score in ranked), reverse=True)
    assert all(similar.score(query, found[name]) == score for name, score in ranked)


@given(WORDS, WORDS)
def test_an_excerpt_is_a_part_of_the_passage(query, words):
    assert similar.excerpt(query, words, 10).strip("…") in words


def test_scripts_without_spaces_are_known():
    assert similar.unspaced("缔约方应当")
    assert not similar.unspaced("Each Party")
    assert not similar.unspaced("")
    assert similar.terms("Répondre, RÉPONDRE à 12") == ["repondre", "a", "12"]
