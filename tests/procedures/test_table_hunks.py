"""What changed between two wordings: nothing lost, no letter cut, and bounded whatever comes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.procedures.table import hunks
from detente.procedures.table.hunks import Budget, How, increasing, spans, tokens

LETTERS = st.text(alphabet="ab .,\n\r\u0301\u200d\u0915\u093e\u0e01\u4e2d\U0001f1eb", max_size=40)


def before(found):
    return "".join(span.text for span in found if span.how is not How.INSERTED)


def after(found):
    return "".join(span.text for span in found if span.how is not How.DELETED)


def lossless(a, b, found):
    assert before(found) == a
    assert after(found) == b
    for span in found:
        assert span.how is How.INSERTED or a[span.a :].startswith(span.text)
        assert span.how is How.DELETED or b[span.b :].startswith(span.text)
    return True


@given(LETTERS, LETTERS)
def test_both_wordings_come_back_letter_by_letter(a, b):
    assert lossless(a, b, spans(a, b))


@given(LETTERS, LETTERS, st.integers(0, 40))
def test_whatever_may_still_be_spent_nothing_is_lost(a, b, cells):
    assert lossless(a, b, spans(a, b, Budget(cells)))


@given(st.lists(st.sampled_from(["one", "two", "three", "four", " ", ". "]), max_size=30), st.data())
def test_wordings_too_long_to_be_compared_at_once_are_cut_at_words_that_occur_once(words, data):
    a, b = "".join(words), "".join(data.draw(st.permutations(words)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hunks, "MOST_CELLS", 4)
        assert lossless(a, b, spans(a, b))


def test_words_that_occur_once_hold_long_wordings_together(monkeypatch):
    monkeypatch.setattr(hunks, "MOST_CELLS", 30)
    words = [f"w{number} " for number in range(40)]
    a, b = "".join(words), "".join(words[:10] + ["new "] + words[11:30] + words[31:])
    found = spans(a, b)
    assert lossless(a, b, found)
    assert [(span.how, span.text) for span in found if span.how is not How.KEPT] == [
        (How.DELETED, "w10"),
        (How.INSERTED, "new"),
        (How.DELETED, " w30"),
    ]


def test_a_budget_that_is_spent_replaces_the_whole():
    budget = Budget(3)
    a, b = "x one y two z", "p one q two r"
    assert [span.how for span in spans(a, b, budget)] == [How.DELETED, How.INSERTED]
    assert budget.left == 3


def test_two_equal_wordings_and_two_empty_ones():
    assert [span.how for span in spans("as it was", "as it was")] == [How.KEPT]
    assert spans("", "") == ()
    assert [span.how for span in spans("", "new")] == [How.INSERTED]


def test_words_are_exchanged_whole_and_blanks_stay():
    found = spans("The Parties shall act at noon.", "The Parties should act at noon and at six.")
    assert [(span.how, span.text) for span in found if span.how is not How.KEPT] == [
        (How.DELETED, "shall"),
        (How.INSERTED, "should"),
        (How.INSERTED, " and at six"),
    ]


def test_a_word_in_common_by_chance_is_not_shown_as_kept():
    found = spans("Visitors may see every building of the site.", "No guest is shown any of those rooms.")
    assert [span.how for span in found] == [How.DELETED, How.INSERTED, How.KEPT]
    assert found[-1].text == "."


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("a word, two", ["a", " ", "word", ",", " ", "two"]),
        ("e\u0301t\u0301e", ["e\u0301t\u0301e"]),
        ("\u0915\u093e\u092e \u0915\u0930", ["\u0915\u093e\u092e", " ", "\u0915\u0930"]),
        ("\u4e2d\u6587\u5b57", ["\u4e2d", "\u6587", "\u5b57"]),
        ("\u0e17\u0e35\u0e48\u0e19", ["\u0e17\u0e35\u0e48", "\u0e19"]),
        ("\u0645\u06cc\u200c\u062e\u0648", ["\u0645\u06cc\u200c\u062e\u0648"]),
        ("\U0001f468\u200d\U0001f469 \U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea",
         ["\U0001f468\u200d\U0001f469", " ", "\U0001f1eb\U0001f1f7", "\U0001f1e9\U0001f1ea"]),
        ("\U0001f44d\U0001f3fd", ["\U0001f44d\U0001f3fd"]),
        ("a\r\n\u0301b", ["a", "\r\n", "\u0301", "b"]),
        ("\u06dd12", ["\u06dd12"]),
        ("\u0301a", ["\u0301", "a"]),
        ("", []),
    ],
)  # fmt: skip
def test_a_cut_is_never_within_what_is_seen_as_one_letter(text, cut):
    assert tokens(text) == cut


@given(LETTERS)
def test_the_tokens_are_the_text(text):
    assert "".join(tokens(text)) == text


@given(st.lists(st.integers(0, 8), max_size=12))
def test_a_longest_increasing_subsequence_is_increasing_and_none_is_longer(values):
    places = increasing(values)
    assert all(one < other and values[one] < values[other] for one, other in pairwise(places))
    best = [1] * len(values)
    for at, value in enumerate(values):
        best[at] = 1 + max((best[before] for before in range(at) if values[before] < value), default=0)
    assert len(places) == max(best, default=0)
