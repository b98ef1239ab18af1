"""One text in several languages: what is stale, what is missing, and what an acceptance covers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS
from tableworlds import PARTIES
from test_table_agreeing import accept, all_accept, status
from test_table_places import SOURCE, add, room_of

from detente.ground.errors import Refused, Stale
from detente.procedures.table import acts, agreeing, languages, rules, views
from detente.procedures.table.acts import Hunk, Level, Rendered
from detente.procedures.table.agreeing import Status
from detente.procedures.table.languages import Concord
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.tree import container_of


def translated(room, clause, words, *, language="fr", level=Level.DRAFT, source=None):
    source = languages.source_of(room.text, clause) if source is None else source
    return acts.Translate(room.id, language, level, (Rendered(clause, source, words),))


def bilingual():
    room, at = room_of()
    room.say(ARVENIA, acts.Modalities(room.id, (), ("fr",), together=False))
    return room, at


def concord(room, clause, language="fr"):
    return next(each.concord for each in languages.in_language(room.text, language) if each.clause == clause)


def edit(room, at, label, old, new):
    lo = SOURCE.index(old)
    return acts.Edit(room.id, at[label], (Hunk(b"", lo, lo + len(old), new),))


def test_an_edit_leaves_a_translation_incomplete_and_once_taken_stale():
    room, at = bilingual()
    assert concord(room, at["2"]) is Concord.MISSING
    room.say(BELMORA, translated(room, at["2"], "2. Deux.\n\n"))
    assert concord(room, at["2"]) is Concord.DRAFT
    operation = room.say(CORVALIS, edit(room, at, "2", "Two", "Twain"))
    assert concord(room, at["2"]) is Concord.INCOMPLETE
    container = container_of(room.text.operations[operation].proposal, 0)
    room.say(BELMORA, acts.Translate(room.id, "fr", Level.MACHINE, (Rendered(container, b"", "Une paire"),)))
    assert concord(room, at["2"]) is Concord.DRAFT
    (shown,) = (each for each in languages.in_language(room.text, "fr") if each.clause == at["2"])
    assert (shown.words, shown.by, shown.proposals) == ("2. Deux.\n\n", BELMORA, ((container, "Une paire"),))
    room.settle_all(pick=1)
    assert concord(room, at["2"]) is Concord.STALE
    assert concord(room, at["1"]) is Concord.MISSING
    room.say(BELMORA, translated(room, at["2"], "2. Une paire.\n\n", level=Level.MACHINE))
    assert concord(room, at["2"]) is Concord.MACHINE


def test_a_translation_of_words_that_changed_comes_too_late():
    room, at = bilingual()
    body = translated(room, at["2"], "2. Deux.")
    room.say(CORVALIS, edit(room, at, "2", "Two", "Twain"))
    room.say(BELMORA, body)  # control: a proposal changes nothing yet
    room.settle_all(pick=1)
    assert isinstance(room.ask(BELMORA, body), Stale)


def test_the_better_version_of_what_stands_now_is_shown():
    room, at = bilingual()
    room.say(BELMORA, translated(room, at["2"], "Ours.", level=Level.DRAFT))
    room.say(CORVALIS, translated(room, at["2"], "Theirs.", level=Level.MACHINE))
    assert languages.rendering(room.text, "fr", at["2"])[1].words == "Ours."
    room.say(ARVENIA, translated(room, at["2"], "Reviewed.", level=Level.REVIEWED))
    assert languages.rendering(room.text, "fr", at["2"])[0] == ARVENIA
    room.say(CORVALIS, edit(room, at, "2", "Two", "Twain"))
    room.settle_all(pick=1)
    room.say(CORVALIS, translated(room, at["2"], "Fresh.", level=Level.MACHINE))
    assert languages.rendering(room.text, "fr", at["2"])[1].words == "Fresh."
    assert concord(room, at["2"]) is Concord.MACHINE


def test_an_acceptance_covers_the_authentic_languages_and_no_others():
    room, at = bilingual()
    room.say(BELMORA, translated(room, at["2"], "2. Deux."))
    all_accept(room, WHOLE)
    assert status(room) is Status.AGREED
    assert room.facts.texts[room.id].content_hash == agreeing.content(room.text, WHOLE)
    room.say(BELMORA, translated(room, at["2"], "2. Zwei.", language="de"))
    assert status(room) is Status.AGREED
    room.say(ARVENIA, translated(room, at["2"], "2. Deux.", level=Level.AUTHENTIC))
    assert status(room) is Status.AGREED  # the same words at another level
    room.say(ARVENIA, translated(room, at["2"], "2. Une paire.", level=Level.AUTHENTIC))
    assert status(room) is status(room, at["2"]) is status(room, at["Article 1"]) is Status.REOPENED
    assert status(room, at["1"]) is Status.AGREED
    assert room.facts.texts[room.id].accepted_by == frozenset()
    all_accept(room, at["2"])
    assert status(room, at["2"]) is Status.AGREED
    room.say(CORVALIS, accept(room, WHOLE))
    assert views.accepted_by(room.text) == {CORVALIS}


def test_concordance_is_a_status_of_its_own():
    room, _ = bilingual()
    assert not languages.concordant(room.text)
    parts = tuple(
        Rendered(name, languages.source_of(room.text, name), f"Clause {number}.\n\n")
        for number, name in enumerate(room.text.order)
    )
    room.say(BELMORA, acts.Translate(room.id, "fr", Level.DRAFT, parts))
    assert languages.concordance(room.text)["fr"][Concord.DRAFT] == len(parts)
    room.refused(BELMORA, acts.Translate(room.id, "fr", Level.AUTHENTIC, parts), "table.role")
    room.say(ARVENIA, acts.Translate(room.id, "fr", Level.AUTHENTIC, parts))
    assert languages.concordant(room.text)
    room.say(BELMORA, add(room, WHOLE, WHOLE, "New."))
    assert not languages.concordant(room.text)
    assert languages.concordance(room.text)["fr"][Concord.MISSING] == 1


def test_a_clause_without_words_needs_none():
    room, at = bilingual()
    room.say(BELMORA, acts.Alternative(room.id, at["2"], ""))
    assert concord(room, at["2"]) is Concord.MISSING
    room.settle_all(pick=1)
    assert concord(room, at["2"]) is Concord.AUTHENTIC


@pytest.mark.parametrize(
    ("party", "body", "rule"),
    [
        (BELMORA, lambda room, at: translated(room, at["2"], "x", language="en"), "table.languages"),
        (BELMORA, lambda room, at: translated(room, at["2"], "x", language="French"), "table.languages"),
        (
            ARVENIA,
            lambda room, at: translated(room, at["2"], "x", language="de", level=Level.AUTHENTIC),
            "table.languages",
        ),
        (BELMORA, lambda room, at: translated(room, at["2"], "x", level=Level.REVIEWED), "table.role"),
        (BELMORA, lambda room, at: translated(room, at["2"], "a\x00b"), "table.words"),
        (BELMORA, lambda room, at: translated(room, at["2"], "x" * 70_000), "table.words"),
        (BELMORA, lambda room, at: translated(room, at["2"], "x", source=bytes(32)), "table.stale"),
        (BELMORA, lambda room, _: translated(room, b"?" * 16, "x", source=b""), "table.target"),
        (BELMORA, lambda room, _: translated(room, b"?" * 20, "x", source=b""), "table.target"),
        (BELMORA, lambda room, _: acts.Translate(room.id, "fr", Level.DRAFT, ()), "table.words"),
        (
            BELMORA,
            lambda room, _: acts.Translate(room.id, "fr", Level.DRAFT, (Rendered(b"", b"", "x"),) * 2),
            "table.words",
        ),
    ],
)
def test_translations_that_are_refused(party, body, rule):
    room, at = bilingual()
    room.refused(party, body(room, at), rule)


def test_the_words_of_a_proposal_have_no_other_source_than_themselves():
    room, at = bilingual()
    operation = room.say(CORVALIS, edit(room, at, "2", "Two", "Twain"))
    container = container_of(room.text.operations[operation].proposal, 0)
    body = acts.Translate(room.id, "fr", Level.DRAFT, (Rendered(container, bytes(32), "x"),))
    room.refused(BELMORA, body, "table.target")


VERSIONS = st.lists(
    st.tuples(st.sampled_from(PARTIES), st.sampled_from(["1", "2"]), st.sampled_from(["A", "B"]), st.sampled_from(list(Level)[:2])),
    min_size=2,
    max_size=6,
    unique_by=lambda each: (each[0], each[1]),
)  # fmt: skip


@given(VERSIONS, st.randoms(use_true_random=False))
def test_p1_it_does_not_matter_whose_version_came_first(drawn, chance):
    room, at = bilingual()
    made = [
        room.verified(party, translated(room, at[label], words, level=level)) for party, label, words, level in drawn
    ]
    made = [acts_id(act, number) for number, act in enumerate(made)]
    shuffled = list(made)
    chance.shuffle(shuffled)
    one, other = (folded(room, order) for order in (made, shuffled))
    assert one.digest() == other.digest()
    assert languages.in_language(one, "fr") == languages.in_language(other, "fr")
    assert agreeing.content(one, WHOLE) == agreeing.content(other, WHOLE)


def acts_id(act, number):
    return replace(act, id=b"version%025d" % number)


def folded(room, order):
    table = room.state
    for act in order:
        outcome = rules.admit(table, room.facts, act)
        assert not isinstance(outcome, Refused), outcome
        table = outcome
    return table.texts[room.id]
