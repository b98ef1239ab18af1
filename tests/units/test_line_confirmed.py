"""Confirmed is what a quorum of each entry's own members cosigned: against a reference that asks entry by entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.acts.facts import faults_by_default, quorum
from detente.line.quorum import Span, confirmed, covered

KEYS = [bytes([number]) * 32 for number in range(5)]


def by_entry(size, spans, witnessed):
    """The longest beginning of the log of which every entry has its quorum."""
    for place in range(size):
        (span,) = [
            each
            for index, each in enumerate(spans)
            if each.first <= place and (index + 1 == len(spans) or spans[index + 1].first > place)
        ]
        votes = sum(witnessed.get(key, 0) > place for key in span.witnesses)
        if not span.witnesses or votes < (len(span.witnesses) + span.faults) // 2 + 1:
            return place
    return size


@st.composite
def logs(draw):
    size = draw(st.integers(0, 12))
    firsts = sorted({0, *draw(st.lists(st.integers(0, size), max_size=4))})
    spans = []
    for first in firsts:
        witnesses = tuple(draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=5)))
        faults = draw(st.integers(0, max(0, len(witnesses) - 1)))
        spans.append(Span(first, witnesses, faults))
    witnessed = draw(st.dictionaries(st.sampled_from(KEYS), st.integers(0, size)))
    return size, spans, witnessed


@given(logs())
def test_confirmed_is_what_every_entrys_own_quorum_covers(log):
    size, spans, witnessed = log
    assert confirmed(0, size, spans, witnessed) == by_entry(size, spans, witnessed)


@given(logs(), st.dictionaries(st.sampled_from(KEYS), st.integers(0, 12)))
def test_it_never_goes_back_whatever_comes_later(log, later):
    size, spans, witnessed = log
    already = confirmed(0, size, spans, witnessed)
    more = {key: max(witnessed.get(key, 0), min(size, later.get(key, 0))) for key in KEYS}
    assert already <= confirmed(already, size, spans, more) <= size
    assert confirmed(already, size, spans, {}) >= already


@pytest.mark.parametrize(("members", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (7, 5), (10, 7), (193, 129)])
def test_how_many_confirm(members, needed):
    """house.md: 2 of 2, 2 of 3, 3 of 4."""
    assert quorum(members, faults_by_default(members)) == needed
    keys = [number.to_bytes(32, "big") for number in range(members)]
    span = Span(0, tuple(keys), faults_by_default(members))
    assert span.needed == needed
    assert covered(span, dict.fromkeys(keys[:needed], 7)) == 7
    assert covered(span, dict.fromkeys(keys[: needed - 1], 7)) == 0


@given(st.integers(1, 40), st.data())
def test_two_quorums_share_more_members_than_may_collude(members, data):
    faults = data.draw(st.integers(0, members - 1))
    needed = quorum(members, faults)
    assert 2 * needed - members > faults or needed == members


def test_a_span_of_nobody_confirms_nothing():
    assert Span(0, (), 0).needed == 0
    assert confirmed(0, 5, [Span(0, (), 0)], {KEYS[0]: 5}) == 0
    assert confirmed(3, 5, [], {}) == 3


def test_who_is_removed_is_not_asked_about_its_own_removal():
    before, after = Span(0, tuple(KEYS[:3]), 1), Span(4, tuple(KEYS[:2]), 0)
    seen = {KEYS[0]: 6, KEYS[1]: 6, KEYS[2]: 4}
    assert confirmed(0, 6, [before, after], seen) == 6
    assert confirmed(0, 6, [before], seen) == 4
