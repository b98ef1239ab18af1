"""A saved table: taken up it is the text that was put down, and goes on as that would have."""

import hashlib
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map
from lineup import FACTS
from tableworlds import PASSAGES, TEXT, fold, hunk_sets, verified, worlds
from test_table_properties import same, settled_all

from detente.ground.errors import Malformed
from detente.procedures.table import rules, saved, tree, views
from detente.procedures.table.acts import Edit, Hunk
from detente.procedures.table.agreeing import content
from detente.procedures.table.maps import Layers, Log
from detente.procedures.table.model import Table, Text, top_of
from detente.procedures.table.outline import WHOLE


@given(st.data())
def test_what_is_taken_up_is_what_was_put_down_and_goes_on_as_it_would_have(data):
    made, _ = data.draw(worlds())
    before = fold(made)
    if data.draw(st.booleans()):
        before = settled_all(before)
    after = saved.take_up(saved.put_down(before))
    same(before, after)
    assert views.rolling(before, FACTS) == views.rolling(after, FACTS)
    assert views.overview(before, FACTS) == views.overview(after, FACTS)
    assert views.summary(before, FACTS) == views.summary(after, FACTS)
    more = [replace(verified(data.draw(hunk_sets()), name=b"more"), position=99)]
    one, other = (fold(more, Table(Map({TEXT: text}))) for text in (before, after))
    same(one, other)
    assert list(one.history) == list(other.history)
    assert views.changes(one, 99) == views.changes(other, 99)
    same(saved.take_up(saved.put_down(other)), one)
    fresh = saved.take_up(saved.put_down(one))  # nothing is kept of what was told before the last act
    assert views.summary(one, FACTS) == views.summary(fresh, FACTS)
    assert views.literal_brackets(one) == views.literal_brackets(fresh)
    assert views.rolling(one, FACTS) == views.rolling(fresh, FACTS)


@given(worlds(), st.booleans(), st.integers(1, 4))
def test_page_after_page_of_a_saved_table_is_the_text_whether_or_not_it_was_looked_at(world, looked_at, most):
    text = fold(world[0])
    if looked_at:
        assert text.document.digest
    again = saved.take_up(saved.put_down(text))
    pages = [views.page(again, FACTS, first, most) for first in range(0, len(text.rows) + 1, most)]
    assert tuple(each for page in pages for each in page) == views.rolling(text, FACTS)
    assert views.page(again, FACTS, len(text.rows), most) == ()
    assert content(again, WHOLE) == content(text, WHOLE)


@given(worlds())
def test_a_digest_that_was_put_down_is_that_of_the_clause_woven_anew(world):
    text = fold(world[0])
    assert text.document.digest
    again = saved.take_up(saved.put_down(text))
    told = {name: again.clauses[name].digest for name in again.order}
    assert not any("clause" in again.clauses[name].__dict__ for name in again.order)
    assert told == {name: again.clauses[name].clause.digest for name in again.order}


def test_a_page_weaves_its_own_clauses_and_no_other():
    clause = PASSAGES[2].clause
    edits = [
        verified(Edit(TEXT, each.clause, (Hunk(b"", each.runs[0][0] + 1, each.runs[0][0] + 1, "x"),)), name=b"%d" % at)
        for at, each in enumerate(PASSAGES)
    ]
    text = fold(edits)
    assert text.document.digest
    again = saved.take_up(saved.put_down(text))
    views.overview(again, FACTS)
    row = again.rows.index(top_of(again, clause).ground.clause.id)
    assert views.page(again, FACTS, row, 1) == views.page(text, FACTS, row, 1)
    assert [at for at, name in enumerate(again.rows) if "clause" in again.clauses[name].__dict__] == [row]


def test_every_field_of_a_text_is_saved():
    assert saved._Text.__struct_fields__ == Text.__struct_fields__


@pytest.mark.parametrize("damage", [b"", b"detente-table/1\0", b"detente-table/2\0" + bytes(90)])
def test_what_was_not_saved_here_is_not_taken_up(damage):
    with pytest.raises(Malformed, match="damaged"):
        saved.take_up(damage)


def test_one_bit_more_or_less_is_noticed():
    raw = bytearray(saved.put_down(fold([])))
    for place in range(0, len(raw), 97):
        raw[place] ^= 1
        with pytest.raises(Malformed, match="damaged"):
            saved.take_up(bytes(raw))
        raw[place] ^= 1
    assert saved.take_up(bytes(raw)).id == TEXT


def test_bytes_that_are_whole_but_no_table_are_not_taken_up():
    for payload in (b"", msgspec.msgpack.encode([1, 2, 3]), msgspec.msgpack.encode({"a": 1})):
        with pytest.raises(Malformed, match="another version"):
            saved.take_up(b"detente-table/1\0" + hashlib.sha256(payload).digest() + payload)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers())), st.dictionaries(st.integers(0, 9), st.integers()))
def test_layers_are_a_dictionary_of_which_every_earlier_one_stays(entries, below):
    unread = {key: msgspec.Raw(msgspec.msgpack.encode(str(value))) for key, value in below.items()}
    layers = Layers(unread, lambda raw: int(msgspec.msgpack.decode(raw)))
    versions = [(layers, dict(below))]
    for key, value in entries:
        last, plain = versions[-1]
        versions.append((last.put(key, value), {**plain, key: value}))
    for made, plain in versions:
        assert dict(made) == plain
        assert len(made) == len(plain)
        assert all((key in made) == (key in plain) for key in range(10))


@given(st.lists(st.integers()), st.lists(st.integers()))
def test_a_log_is_a_list_of_which_every_earlier_one_stays(below, added):
    logs = [
        Log(
            [msgspec.Raw(msgspec.msgpack.encode(str(each))) for each in below],
            lambda raw: int(msgspec.msgpack.decode(raw)),
        )
    ]
    for value in added:
        logs.append(logs[-1].added(value))
    for count, log in enumerate(logs):
        assert list(log) == below + added[:count]
        assert len(log) == len(below) + count


def test_what_was_never_put_down_cannot_lie_there_unread():
    with pytest.raises(TypeError):
        Layers({1: msgspec.Raw(b"")})[1]


def test_a_clause_that_nobody_touched_is_not_read():
    text = saved.take_up(saved.put_down(fold([])))
    assert all(isinstance(each, msgspec.Raw) for each in text.clauses._below.values())
    first = next(iter(text.outline.order))
    assert isinstance(text.clauses[first].clause, tree.Clause)
    assert sum(isinstance(each, msgspec.Raw) for each in text.clauses._below.values()) == len(text.outline.order) - 1
    assert rules.clean_text(text) is None
