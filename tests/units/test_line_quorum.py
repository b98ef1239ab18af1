"""When an entry is confirmed: what a quorum promises, and that it is counted over the right members."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.acts.facts import faults_by_default, quorum
from detente.line.quorum import Span, confirmed, covered

KEYS = [bytes([number]) * 32 for number in range(9)]


@pytest.mark.parametrize("members", range(1, 10))
def test_two_quorums_share_an_honest_member_for_as_many_faults_as_are_borne(members):
    for faults in range(faults_by_default(members) + 1):
        needed = quorum(members, faults)
        assert needed <= members
        assert 2 * needed - members > faults  # the smallest overlap is more than those who may collude
        assert 2 * (needed - 1) - members <= faults  # and it asks for no more than that


@given(
    st.lists(st.sampled_from(KEYS), min_size=1, max_size=9, unique=True),
    st.dictionaries(st.sampled_from(KEYS), st.integers(0, 30)),
    st.data(),
)
def test_what_is_covered_was_cosigned_by_a_quorum_and_one_more_was_not(members, witnessed, data):
    span = Span(0, tuple(members), data.draw(st.integers(0, faults_by_default(len(members)))))
    size = covered(span, witnessed)
    assert size == 0 or sum(witnessed.get(key, 0) >= size for key in members) >= span.needed
    assert sum(witnessed.get(key, 0) > size for key in members) < span.needed


@given(st.lists(st.integers(1, 20), max_size=4, unique=True), st.data())
def test_the_confirmed_part_grows_with_every_cosignature_and_never_shrinks(starts, data):
    firsts = [0, *sorted(starts)]
    spans = []
    for first in firsts:
        members = tuple(data.draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True)))
        spans.append(Span(first, members, faults_by_default(len(members))))
    size = max(firsts) + data.draw(st.integers(0, 10))
    witnessed, before = {}, 0
    for key, reach in data.draw(st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, size)))):
        witnessed[key] = max(witnessed.get(key, 0), reach)
        after = confirmed(before, size, spans, witnessed)
        assert before <= after <= size
        assert after == confirmed(0, size, spans, witnessed)
        before = after
    for span, following in itertools.pairwise([*spans, Span(size, (), 0)]):
        end = min(before, following.first)
        if end > span.first:
            assert sum(witnessed.get(key, 0) >= end for key in span.witnesses) >= span.needed


def test_nothing_after_a_gap_is_confirmed_whoever_cosigned_it():
    early, late = Span(0, (KEYS[0], KEYS[1]), 0), Span(5, (KEYS[2],), 0)
    assert confirmed(0, 9, [early, late], {KEYS[0]: 9, KEYS[2]: 9}) == 0
    assert confirmed(0, 9, [early, late], {KEYS[0]: 9, KEYS[1]: 3, KEYS[2]: 9}) == 3
    assert confirmed(0, 9, [early, late], {KEYS[0]: 9, KEYS[1]: 5, KEYS[2]: 9}) == 9  # control


def test_who_is_not_of_the_span_does_not_count():
    span = Span(0, (KEYS[0], KEYS[1]), 0)
    assert confirmed(0, 4, [span], {KEYS[0]: 4, KEYS[5]: 4, KEYS[6]: 4}) == 0
    assert confirmed(0, 4, [span], {KEYS[0]: 4, KEYS[1]: 4}) == 4  # control


def test_a_span_of_nobody_confirms_nothing():
    assert covered(Span(0, (), 0), dict.fromkeys(KEYS, 9)) == 0
