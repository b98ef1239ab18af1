"""The table's rules: who may act, what is refused with which sentence, what a settlement does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lineup import ARVENIA, BELMORA, CORVALIS, DORANE, FACTS, STRANGER, Room
from shared import shared

from detente.ground.errors import Refused, Stale
from detente.procedures.table import acts, inspect, rules, tree, views
from detente.procedures.table.acts import Basis, Hunk, Mark, Stance
from detente.procedures.table.model import Fate, scope_hash
from detente.procedures.table.parse import VERSION
from detente.wire import canonical

TEXTS = Path(__file__).resolve().parents[2] / "detente" / "cli" / "demo" / "texts"
SMALL = "1. The Parties [shall][should] open the line [promptly] at noon.\n\n2. It stays] open.\n"


class Table(Room):
    def __init__(self, source=SMALL):
        super().__init__(rules.PROCEDURE)
        self.id = self.say(ARVENIA, acts.Import("A text", "en", VERSION, source))

    @property
    def text(self):
        return self.state.texts[self.id]

    def clause(self, label):
        return next(each for each in tree.clauses(self.text.document.passage) if each.label == label)

    def slots(self):
        return views.open_slots(self.text)

    def edit(self, label, *hunks):
        made = tuple(Hunk(b"", *hunk) if len(hunk) == 3 else Hunk(*hunk) for hunk in hunks)
        return acts.Edit(self.id, self.clause(label).id, made)

    def replace(self, label, old, new):
        lo = SMALL.index(old)
        return self.edit(label, (lo, lo + len(old), new))

    def settle(self, slot, *chosen, precondition=None):
        return acts.Settle(self.id, slot.scope, slot.id, chosen, precondition or slot.precondition, Basis.CONSENSUS)

    def settle_all(self, pick=0):
        count = 0
        while (slot := views.next_slot(self.text)) is not None:
            self.say(ARVENIA, self.settle(slot, slot.choices[pick % len(slot.choices)].id))
            count += 1
        return count


def test_settlements_make_the_text_clean_and_facts_say_so():
    room = Table()
    modal, promptly = room.slots()
    assert [choice.words for choice in modal.choices] == ["shall", "should"]
    room.say(ARVENIA, room.settle(modal, modal.choices[1].id))
    assert room.facts.texts[room.id].clean_text is None
    promptly = views.next_slot(room.text)
    room.say(ARVENIA, room.settle(promptly, promptly.choices[1].id))
    words = "1. The Parties should open the line at noon.\n\n2. It stays] open.\n"
    assert room.facts.texts[room.id].clean_text == views.clean_text(room.text) == words
    assert room.facts.texts[room.id].open_slots == 0
    figures = views.summary(room.text, room.facts)
    assert (figures.slots_imported, figures.slots_settled, figures.slots_dropped) == (2, 2, 0)


def test_strays_are_removed_by_the_chairs_correction_alone():
    room = Table()
    (stray,) = views.literal_brackets(room.text)
    body = acts.Correct(
        room.id, stray.scope, (Mark(stray.container, stray.offset),), scope_hash(room.text, stray.scope)
    )
    room.refused(BELMORA, body, "table.role")
    word = acts.Correct(room.id, stray.scope, (Mark(b"", stray.offset - 1),), scope_hash(room.text, stray.scope))
    room.refused(ARVENIA, word, "table.target")
    room.say(ARVENIA, body)
    assert views.literal_brackets(room.text) == []
    assert "It stays open." in views.bracketed(room.text)
    room.refused(ARVENIA, body, "table.stale")


def test_a_correction_waits_for_proposals_and_removes_a_links_brackets():
    room = Table("1. See [the draft](http://example.org/a) of [^1] May.\n")
    found = views.literal_brackets(room.text)
    assert [each.sign for each in found] == ["[", "]"]
    marks = tuple(Mark(each.container, each.offset) for each in found)
    operation = room.say(BELMORA, room.edit("1", (3, 6, "Read")))
    blocked = acts.Correct(room.id, found[0].scope, marks, scope_hash(room.text, found[0].scope))
    room.refused(ARVENIA, blocked, "table.target")
    room.say(BELMORA, acts.Withdraw(room.id, operation))
    room.say(ARVENIA, acts.Correct(room.id, found[0].scope, marks, scope_hash(room.text, found[0].scope)))
    assert views.bracketed(room.text) == "1. See the draft(http://example.org/a) of [^1] May.\n"


def test_a_settlement_on_another_content_is_stale_and_changes_nothing():
    room = Table()
    promptly = room.slots()[1]
    room.say(BELMORA, room.replace("1", "noon", "dawn"))
    stale = room.ask(ARVENIA, room.settle(promptly, promptly.choices[0].id))
    assert isinstance(stale, Stale)
    room.refused(ARVENIA, room.settle(promptly, promptly.choices[0].id), "table.stale")
    fresh = next(slot for slot in room.slots() if slot.id == promptly.id)
    room.say(ARVENIA, room.settle(fresh, fresh.choices[0].id))
    assert "the line promptly at" in views.bracketed(room.text)


def test_an_edit_in_another_clause_makes_nothing_stale():
    room = Table()
    promptly = room.slots()[1]
    room.say(CORVALIS, room.replace("2", "It", "The line"))
    room.say(ARVENIA, room.settle(promptly, promptly.choices[0].id))


def test_only_the_chair_settles_and_observers_and_strangers_do_nothing():
    room = Table()
    slot = room.slots()[0]
    room.refused(BELMORA, room.settle(slot, slot.choices[0].id), "table.role")
    for party in (DORANE, STRANGER):
        for body in (
            acts.Import("Another", "en", VERSION, "Words"),
            room.replace("1", "noon", "dawn"),
            acts.Accept(room.id, b"", room.text.document.digest, False),
        ):
            room.refused(party, body, "table.role")


def test_a_settlement_takes_exactly_one_variant_of_a_slot_that_is_there():
    room = Table()
    modal, promptly = room.slots()
    both = tuple(choice.id for choice in modal.choices)
    room.refused(ARVENIA, room.settle(modal, *both), "table.choice")
    room.refused(ARVENIA, room.settle(modal), "table.choice")
    room.refused(ARVENIA, room.settle(modal, promptly.choices[0].id), "table.choice")
    room.say(ARVENIA, room.settle(modal, both[0]))
    again = scope_hash(room.text, modal.scope)
    room.refused(ARVENIA, room.settle(modal, both[0], precondition=again), "table.target")
    wrong = acts.Settle(
        room.id, room.clause("2").id, promptly.id, (promptly.choices[0].id,), room.clause("2").digest, Basis.CONSENSUS
    )
    room.refused(ARVENIA, wrong, "table.target")
    absent = acts.Settle(room.id, b"?" * 16, promptly.id, (), bytes(32), Basis.CONSENSUS)
    room.refused(ARVENIA, absent, "table.target")


def test_an_edit_becomes_a_slot_with_its_sponsors_and_identical_edits_are_one_variant():
    room = Table()
    body = room.replace("1", "noon", "dawn")
    room.say(BELMORA, body)
    room.say(CORVALIS, body)
    room.say(BELMORA, room.replace("1", "at noon", "at night"))
    slot = next(each for each in room.slots() if not each.imported)
    assert [(choice.words, set(choice.sponsors)) for choice in slot.choices] == [
        ("at noon", set()),
        *sorted(
            [("at dawn", {BELMORA, CORVALIS}), ("at night", {BELMORA})],
            key=lambda each: each[0] != slot.choices[1].words,
        ),
    ]
    chosen = next(choice for choice in slot.choices if choice.words == "at dawn")
    room.say(ARVENIA, room.settle(slot, chosen.id))
    assert "at dawn." in views.bracketed(room.text)
    fates = sorted(each.fate.value for each in room.text.operations.values())
    assert fates == ["set aside", "taken", "taken"]


def test_all_hunks_of_an_edit_are_taken_together():
    room = Table()
    noon, line = SMALL.index("noon"), SMALL.index("the line")
    room.say(BELMORA, room.edit("1", (line, line + 8, "a channel"), (noon, noon + 4, "dawn")))
    (slot,) = (each for each in room.slots() if not each.imported)
    assert room.text.document.passage.open == 3
    room.say(ARVENIA, room.settle(slot, slot.choices[1].id))
    assert "open a channel [promptly] at dawn." in views.bracketed(room.text)


def test_an_edit_over_a_slot_keeps_it_among_the_words_as_they_stand():
    room = Table()
    lo, hi = SMALL.index("the line"), SMALL.index(" at noon")
    room.say(BELMORA, room.edit("1", (lo, hi, "it at once")))
    assert sorted(slot.form.value for slot in room.slots()) == ["bracket", "exclusive", "proposal"]
    slot = next(each for each in room.slots() if not each.imported)
    assert room.text.document.passage.open == 3
    room.say(ARVENIA, room.settle(slot, slot.choices[1].id))
    assert views.bracketed(room.text).startswith("1. The Parties [shall][should] open it at once at noon.")
    assert views.summary(room.text, room.facts).slots_dropped == 1


def test_insertions_at_one_gap_are_a_bag_of_which_any_may_be_taken():
    room = Table()
    gap = SMALL.index(" at noon") + len(" at noon")
    for party, words in ((BELMORA, ", sharp"), (CORVALIS, ", local time")):
        room.say(party, room.edit("1", (gap, gap, words)))
    (bag,) = (each for each in room.slots() if not each.imported)
    assert (bag.form, len(bag.choices)) == (tree.Form.BAG, 2)
    room.say(ARVENIA, room.settle(bag, *(choice.id for choice in bag.choices)))
    words = views.bracketed(room.text)
    assert ", sharp" in words
    assert ", local time" in words


def test_an_edit_on_an_edit_lives_in_its_variant_and_is_orphaned_with_it():
    room = Table()
    first = room.replace("1", "noon", "dawn or dusk")
    operation = room.say(BELMORA, first)
    container = tree.container_of(acts.proposal_id(first.hunks), 0)
    inner = room.say(CORVALIS, room.edit("1", (container, 4, 12, "")))
    outer = next(each for each in room.slots() if len(each.choices) == 2 and each.choices[1].open)
    assert [slot.form.value for slot in room.slots()].count("proposal") == 2
    room.say(BELMORA, acts.Withdraw(room.id, operation))
    assert views.orphans(room.text) == (inner,)
    assert outer.id not in {slot.id for slot in room.slots()}
    room.say(BELMORA, first)
    assert views.orphans(room.text) == ()
    nested = next(each for each in room.slots() if not each.imported)
    room.say(ARVENIA, room.settle(nested, nested.choices[1].id))
    last = next(each for each in room.slots() if not each.imported)
    room.say(ARVENIA, room.settle(last, last.choices[1].id))
    assert "at dawn." in views.bracketed(room.text)
    assert room.text.operations[inner].fate is Fate.TAKEN


def test_alternatives_to_a_clause_and_the_words_in_them():
    room = Table()
    clause = room.clause("2")
    room.say(BELMORA, acts.Alternative(room.id, clause.id, "2. It is closed."))
    room.say(CORVALIS, acts.Alternative(room.id, clause.id, ""))
    inner = tree.container_of(acts.alternative_id(clause.id, "2. It is closed."), 0)
    room.say(CORVALIS, acts.Edit(room.id, clause.id, (Hunk(inner, 9, 15, "shut"),)))
    forms = [slot.form.value for slot in room.slots() if not slot.imported]
    assert forms == ["proposal", "clause"]
    nested = next(each for each in room.slots() if each.form is tree.Form.PROPOSAL)
    room.say(ARVENIA, room.settle(nested, nested.choices[1].id))
    choice = next(each for each in room.slots() if each.form is tree.Form.CLAUSE)
    taken = next(each for each in choice.choices if "shut" in each.words)
    room.say(ARVENIA, room.settle(choice, taken.id))
    assert views.bracketed(room.text).endswith("2. It is shut.\n")
    room.refused(BELMORA, room.replace("2", "stays", "is"), "table.target")
    assert Fate.LIVE not in {each.fate for each in room.text.operations.values()}


def test_an_alternative_may_be_settled_away_and_what_stood_on_it_falls():
    room = Table()
    clause = room.clause("2")
    body = acts.Alternative(room.id, clause.id, "2. Closed.")
    room.say(BELMORA, body)
    inner = tree.container_of(acts.alternative_id(clause.id, body.words), 0)
    room.say(CORVALIS, acts.Edit(room.id, clause.id, (Hunk(inner, 3, 9, "Shut"),)))
    choice = next(each for each in room.slots() if each.form is tree.Form.CLAUSE)
    room.say(ARVENIA, room.settle(choice, choice.choices[0].id))
    assert views.bracketed(room.text) == SMALL
    assert {each.fate for each in room.text.operations.values()} == {Fate.SET_ASIDE}


def test_proposals_on_a_variant_that_is_not_taken_are_set_aside():
    room = Table("1. Open [at noon [sharp]][at one].\n")
    lo = "1. Open [at noon [sharp]][at one].\n".index("one")
    operation = room.say(BELMORA, room.edit("1", (lo, lo + 3, "two")))
    kept = room.say(CORVALIS, room.edit("1", (3, 7, "Close")))
    outer = next(each for each in room.slots() if each.form is tree.Form.EXCLUSIVE)
    room.say(ARVENIA, room.settle(outer, outer.choices[0].id))
    assert room.text.operations[operation].fate is Fate.SET_ASIDE
    assert room.text.operations[kept].fate is Fate.LIVE
    room.refused(BELMORA, room.edit("1", (lo, lo + 3, "ten")), "table.target")
    assert {slot.form.value for slot in room.slots()} == {"bracket", "proposal"}


@pytest.mark.parametrize(
    ("hunks", "rule"),
    [
        ((), "table.hunks"),
        (((5, 4, "x"),), "table.hunks"),
        (((-1, 4, "x"),), "table.hunks"),
        (((4, 4, ""),), "table.hunks"),
        (((3, 6, "The"),), "table.hunks"),
        (((3, 6, "A"), (5, 9, "B")), "table.hunks"),
        (((3, 3, "A"), (3, 3, "B")), "table.hunks"),
        (((3, 6, "A"), (17, 19, "B")), "table.target"),
        (((3, 6, "[A]"),), "table.words"),
        (((3, 6, "\x00"),), "table.words"),
        (((3, 6, "x" * 70_000),), "table.words"),
        (((3, 600, "x"),), "table.target"),
        (((10_000, 10_001, "x"),), "table.target"),
        (((b"?" * 32, 0, 1, "x"),), "table.target"),
    ],
)
def test_edits_that_are_refused(hunks, rule):
    room = Table()
    room.refused(BELMORA, room.edit("1", *hunks), rule)


def test_an_edit_names_the_clause_in_which_its_place_stands():
    room = Table()
    body = room.replace("1", "noon", "dawn")
    room.refused(BELMORA, acts.Edit(room.id, room.clause("2").id, body.hunks), "table.target")
    room.refused(BELMORA, acts.Alternative(room.id, b"?" * 16, "x"), "table.target")
    room.refused(BELMORA, acts.Edit(b"?" * 32, body.clause, body.hunks), "table.target")


def test_proposals_go_eight_deep():
    room = Table()
    body = room.replace("1", "noon", "dawn")
    for depth in range(8):
        room.say(BELMORA, body)
        container = tree.container_of(acts.proposal_id(body.hunks), 0)
        body = room.edit("1", (container, 0, 1, f"d{depth}"))
    room.refused(BELMORA, body, "table.hunks")
    assert room.settle_all(pick=1) == 10


def test_withdrawal_is_ones_own_and_final():
    room = Table()
    operation = room.say(BELMORA, room.replace("1", "noon", "dawn"))
    room.refused(CORVALIS, acts.Withdraw(room.id, operation), "table.own")
    room.refused(BELMORA, acts.Withdraw(room.id, b"?" * 32), "table.target")
    room.say(BELMORA, acts.Withdraw(room.id, operation))
    room.refused(BELMORA, acts.Withdraw(room.id, operation), "table.own")
    assert views.bracketed(room.text) == SMALL


def test_positions_are_the_last_word_of_a_party_and_change_no_content():
    room = Table()
    operation = room.say(BELMORA, room.replace("1", "noon", "dawn"))
    before = room.text.document.digest
    for stance in (Stance.OPPOSE, Stance.FLEXIBLE):
        room.say(CORVALIS, acts.Position(room.id, operation, stance, True, "pending capital"))
    assert [each.stance for each in room.text.positions[operation].values()] == [Stance.FLEXIBLE]
    assert room.text.document.digest == before
    slot = next(
        each
        for each in flat(views.rolling(room.text, room.facts))
        if isinstance(each, views.ShownSlot) and operation in each.variants[1].operations
    )
    assert views.stances(room.text, slot.variants[1].operations) == [(CORVALIS, Stance.FLEXIBLE)]
    assert slot.variants[1].operations == (operation,)
    room.say(CORVALIS, acts.Position(room.id, room.clause("1").id, Stance.SUPPORT, False, ""))
    room.refused(CORVALIS, acts.Position(room.id, b"?" * 32, Stance.SUPPORT, False, ""), "table.target")
    room.refused(CORVALIS, acts.Position(room.id, operation, Stance.SUPPORT, False, "x" * 3000), "table.words")


def flat(shown):
    for each in shown:
        yield each
        for variant in getattr(each, "variants", ()):
            yield from flat(variant.parts)
        yield from flat(getattr(each, "parts", ()))


def test_the_rolling_text_says_every_word_and_every_slot():
    room = Table((TEXTS / "hotline.md").read_text("utf-8"))
    shown = list(flat(views.rolling(room.text, room.facts)))
    assert sum(isinstance(each, views.ShownSlot) for each in shown) == room.text.document.passage.open
    statuses = {each.status for each in shown if isinstance(each, views.ShownClause)}
    assert statuses == {views.Status.CONTESTED, views.Status.OPEN}


def read_aloud(shown):
    """Every word, and the marks of every variant, in their order."""
    for each in shown:
        if isinstance(each, views.ShownSlot):
            for variant in each.variants:
                yield from (variant.lead, *read_aloud(variant.parts), variant.tail)
        elif isinstance(each, views.ShownClause):
            yield from read_aloud(each.parts)
        else:
            yield each.text


def test_the_rolling_text_is_the_text_as_it_came_to_the_last_space():
    source = (TEXTS / "hotline.md").read_text("utf-8")
    room = Table(source)
    assert "".join(read_aloud(views.rolling(room.text, room.facts))) == source


def test_acceptance_is_of_exactly_this_content_and_by_all_who_must():
    room = Table()
    room.settle_all()
    digest = room.text.document.digest
    room.refused(BELMORA, acts.Accept(room.id, b"", bytes(32), False), "table.stale")
    for party, ad_referendum in ((ARVENIA, False), (BELMORA, True)):
        room.say(party, acts.Accept(room.id, b"", digest, ad_referendum))
    assert views.status(room.text, room.facts) is views.Status.OPEN
    room.say(CORVALIS, acts.Accept(room.id, b"", digest, False))
    assert room.facts.texts[room.id].accepted_by == {ARVENIA, BELMORA, CORVALIS}
    assert views.status(room.text, room.facts) is views.Status.AGREED_AD_REFERENDUM
    room.say(BELMORA, acts.Accept(room.id, b"", digest, False))
    assert views.status(room.text, room.facts) is views.Status.AGREED
    assert views.status(room.text, room.facts, room.clause("1")) is views.Status.AGREED
    room.say(CORVALIS, room.replace("2", "stays", "is"))
    assert room.facts.texts[room.id].accepted_by == frozenset()
    assert views.status(room.text, room.facts) is views.Status.CONTESTED
    room.settle_all(pick=1)
    assert views.status(room.text, room.facts) is views.Status.REOPENED


def test_a_clause_is_accepted_on_its_own():
    room = Table()
    clause = room.clause("2")
    for party in (ARVENIA, BELMORA, CORVALIS):
        room.say(party, acts.Accept(room.id, clause.id, clause.digest, False))
    assert views.status(room.text, room.facts, room.clause("2")) is views.Status.AGREED
    assert views.status(room.text, room.facts) is views.Status.CONTESTED
    room.refused(BELMORA, acts.Accept(room.id, b"?" * 16, clause.digest, False), "table.target")


@pytest.mark.parametrize(
    "body",
    [
        acts.Import("", "en", VERSION, "Words"),
        acts.Import("A title", "English please", VERSION, "Words"),
        acts.Import("A title", "en", "detente-text/0", "Words"),
        acts.Import("A title", "en", VERSION, " \n"),
        acts.Import("A title", "en", VERSION, "a\x00b"),
        acts.Import("A title", "en", VERSION, "x" * 5_000_000),
        acts.Import("A title", "en", VERSION, "[" * 65 + "]" * 65),
        acts.Import("A title", "en", VERSION, "[" * 100_000),
        acts.Import("A title", "en", VERSION, "[a] " * 20_001),
        acts.Import("A title", "en", VERSION, "[" * 250_001),
    ],
    ids=["title", "language", "importer", "empty", "control", "size", "depth", "bomb", "slots", "brackets"],
)
def test_imports_that_are_refused(body):
    Room(rules.PROCEDURE).refused(BELMORA, body, "table.import")


def test_the_same_act_has_effect_once():
    room = Table()
    act = room.verified(BELMORA, room.replace("1", "noon", "dawn"))
    once = rules.admit(room.state, FACTS, act)
    twice = rules.admit(once, FACTS, act)
    assert isinstance(twice, Refused)
    assert twice.rule == "table.twice"


def test_bodies_have_one_spelling():
    for body in (
        acts.Import("A text", "en", VERSION, SMALL),
        acts.Edit(b"t" * 32, b"c" * 16, (Hunk(b"", 1, 2, "x"),)),
        acts.Settle(b"t" * 32, b"c" * 16, b"s" * 16, (b"v" * 16,), b"h" * 32, Basis.EDITORIAL),
        acts.Correct(b"t" * 32, b"c" * 16, (Mark(b"", 3),), b"h" * 32),
        acts.Accept(b"t" * 32, b"", b"h" * 32, True),
        acts.Position(b"t" * 32, b"o" * 32, Stance.RESERVE, True, ""),
    ):
        assert canonical.decode(canonical.encode(body), type(body)) == body
        assert json.loads(canonical.encode(body))["kind"].startswith("table.")


def independently(items, chosen):
    """The final words from the imported tree and the choices alone: no state, no fold, no act."""
    words = ""
    for item in items:
        if isinstance(item, tree.Run):
            words += item.text
        elif isinstance(item, tree.Clause):
            words += independently(item.passage.items, chosen)
        else:
            taken = next(each for each in item.variants if each.id == chosen[item.id])
            inner = independently(taken.passage.items, chosen)
            words += (taken.space.text if taken.space else "") + inner + (taken.after.text if taken.after else "")
    return words


@pytest.mark.parametrize("name", ["hotline.md", "hotline-short.md"])
def test_every_slot_of_the_demonstration_texts_is_settled_by_an_act_of_its_own(name):
    full_settle((TEXTS / name).read_text("utf-8"))


@pytest.mark.vectors
@pytest.mark.parametrize(
    "path",
    [
        "corpus/paris-2015/agreement_2015-12-04.md",
        "corpus/paris-2015/agreement_2015-10-23.md",
        "corpus/tpp-ip-2013/tpp_ip_part1_sections_A-D.txt",
        "corpus/paris-2015/nonpaper_2015-10-05_layout.txt",
    ],
)
def test_every_slot_of_a_real_text_is_settled_by_an_act_of_its_own(path):
    full_settle(inspect.read(shared(path).read_bytes()))


def full_settle(source):
    room = Table(source)
    counted = inspect.inspect(source.encode()).slots
    imported = room.text.document.passage.items
    chosen = {}
    opened = [room.text.document.passage.open]
    while (slot := views.next_slot(room.text)) is not None:
        taken = slot.choices[len(chosen) * 7 % len(slot.choices)].id
        chosen[slot.id] = taken
        room.say(ARVENIA, room.settle(slot, taken))
        opened.append(room.text.document.passage.open)
    assert len(chosen) == counted == views.summary(room.text, room.facts).slots_settled
    assert opened == list(range(counted, -1, -1))  # the burn-down: inner ones first, each act one slot less
    words = views.clean_text(room.text)
    assert words == independently(imported, chosen)
    strays = views.literal_brackets(room.text)
    for scope in dict.fromkeys(each.scope for each in strays):
        marks = tuple(Mark(each.container, each.offset) for each in strays if each.scope == scope)
        room.say(ARVENIA, acts.Correct(room.id, scope, marks, scope_hash(room.text, scope)))
    bare = inspect.grammar.FOOTNOTE_ANCHOR.sub("", views.clean_text(room.text))
    assert "[" not in bare
    assert "]" not in bare


REPLAY = """
import sys
sys.path[:0] = sys.argv[1:]
from test_table_rules import Table, acts, BELMORA, CORVALIS
room = Table()
for party, old, new in ((BELMORA, "noon", "dawn"), (CORVALIS, "at noon", "at night"), (CORVALIS, "It", "The line")):
    room.say(party, room.replace("2" if old == "It" else "1", old, new))
for words in ("2. One.", "2. Two.", ""):
    room.say(BELMORA, acts.Alternative(room.id, room.clause("2").id, words))
before = [slot.id.hex() for slot in room.slots()]
room.settle_all(pick=1)
print(before, room.text.document.digest.hex(), room.procedure.digest(room.state).hex())
"""


def test_every_house_reaches_the_same_state_under_every_hash_seed():
    here = Path(__file__).resolve().parent
    said = {
        subprocess.run(
            [sys.executable, "-c", REPLAY, str(here), str(here.parent), str(here.parents[1])],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(said) == 1


def test_a_range_may_begin_and_end_at_brackets_and_still_stands_when_they_are_gone():
    room = Table()
    lo, hi = SMALL.index(" [promptly]"), SMALL.index(" at noon")
    room.say(BELMORA, room.edit("1", (lo, hi, " early")))
    slot = next(each for each in room.slots() if each.form is tree.Form.BRACKET)
    room.say(ARVENIA, room.settle(slot, slot.choices[0].id))
    mine = next(each for each in room.slots() if not each.imported)
    assert [choice.words for choice in mine.choices] == [" promptly", " early"]
    room.say(ARVENIA, room.settle(mine, mine.choices[1].id))
    assert "the line early at noon." in views.bracketed(room.text)
    room.refused(BELMORA, room.edit("1", (lo, hi, " late")), "table.target")


def test_a_projection_shows_the_text_as_one_party_would_have_it():
    room = Table()
    body = room.replace("1", "noon", "dawn")
    room.say(BELMORA, body)

    def as_belmora_would(slot):
        return next((each for each in slot.variants if BELMORA in each.sponsors), slot.variants[0])

    assert (
        views.projection(room.text, as_belmora_would)
        == "1. The Parties shall open the line promptly at dawn.\n\n2. It stays] open.\n"
    )
    assert views.projection(room.text, lambda _slot: None).startswith("1. The Parties  open the line at .")


def test_alternatives_are_joined_withdrawn_and_fall_with_the_variant_that_holds_their_clause():
    source = "## Article 1\n\n**Option 1:**\n\n1. One [two].\n\n2. Three.\n\n**Option 2:** No text\n"
    room = Table(source)
    clause = room.clause("1")
    body = acts.Alternative(room.id, clause.id, "1. Four.")
    first, second = (room.say(party, body) for party in (BELMORA, CORVALIS))
    choice = next(each for each in room.slots() if each.form is tree.Form.CLAUSE)
    assert set(choice.choices[1].sponsors) == {BELMORA, CORVALIS}
    room.say(BELMORA, acts.Withdraw(room.id, first))
    assert next(each for each in room.slots() if each.form is tree.Form.CLAUSE).choices[1].sponsors == (CORVALIS,)
    wrong = next(each for each in room.slots() if each.form is tree.Form.CLAUSE)
    room.refused(ARVENIA, room.settle(wrong, b"?" * 16), "table.choice")
    options = next(each for each in room.slots() if each.form is tree.Form.OPTIONS)
    room.say(ARVENIA, room.settle(options, options.choices[1].id))
    assert room.text.operations[second].fate is Fate.SET_ASIDE
    room.refused(CORVALIS, acts.Withdraw(room.id, second), "table.own")
    room.refused(CORVALIS, acts.Position(room.id, clause.id, Stance.SUPPORT, False, ""), "table.target")
    room.refused(CORVALIS, body, "table.target")
    assert views.summary(room.text, room.facts).slots_dropped == 1


def test_the_slots_of_an_option_stay_open_in_their_clauses_once_it_is_taken():
    room = Table("## Article 1\n\n**Option 1:**\n\n1. One [two].\n\n2. Three.\n\n**Option 2:** No text\n")
    options = next(each for each in room.slots() if each.form is tree.Form.OPTIONS)
    room.say(ARVENIA, room.settle(options, options.choices[0].id))
    (left,) = room.slots()
    assert left.scope == room.clause("1").id
    room.say(ARVENIA, room.settle(left, left.choices[0].id))
    assert views.clean_text(room.text) == "## Article 1\n\n1. One two.\n\n2. Three.\n\n"


def test_a_bag_takes_none_and_a_nested_edit_falls_with_what_is_not_taken():
    room = Table()
    gap = SMALL.index(" at noon")
    for party, words in ((BELMORA, " soon"), (CORVALIS, " now")):
        room.say(party, room.edit("1", (gap + 3, gap + 3, words)))
    outer = room.replace("2", "It", "The line")
    room.say(BELMORA, outer)
    container = tree.container_of(acts.proposal_id(outer.hunks), 0)
    inner = room.say(CORVALIS, room.edit("2", (container, 0, 3, "This")))
    bag = next(each for each in room.slots() if each.form is tree.Form.BAG)
    room.refused(ARVENIA, room.settle(bag, bag.choices[0].id, bag.choices[0].id), "table.choice")
    room.say(ARVENIA, room.settle(bag))
    whole = next(each for each in room.slots() if each.choices[-1].open)
    room.say(ARVENIA, room.settle(whole, whole.choices[0].id))
    assert views.bracketed(room.text) == SMALL
    assert room.text.operations[inner].fate is Fate.SET_ASIDE
    room.refused(CORVALIS, room.edit("2", (container, 0, 3, "That")), "table.target")
