"""Whole stories with acts of every kind.  What is folded act by act, folded again from nothing, put down and taken
up again, and woven in whatever order somebody looked, is one state; and in each state the invariants hold.

The quick ones run in every check, thousands of them among the slow tests.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from immutables import Map
from lineup import ARVENIA, FACTS
from tablestories import DECIDING, OF_THE_CHAIR, OF_THE_PARTIES, PARTIES, Chance, draw_body, spoilt
from tableworlds import SOURCE, TEXT, laid, verified

from detente.ground.errors import Refused, Stale
from detente.procedures.table import acts, agreeing, naming, packages, rules, saved, sheet, tree, views
from detente.procedures.table.agreeing import Status
from detente.procedures.table.model import Fate, Table
from detente.procedures.table.outline import WHOLE

STORY = SOURCE + "\n# Part II\n\n## Article 3\n\n1. One [a][b] here]. See [x](http://example.org).\n\n(a) Point.\n"
TABLE = laid(STORY)
ORDER = list(Status)
MAKING = (
    acts.Edit,
    acts.Alternative,
    acts.AddClause,
    acts.MoveClause,
    acts.ChairText,
    acts.Note,
    acts.Package,
    acts.Refer,
    acts.Report,
    acts.Settle,
    acts.TakePackages,
    acts.Publish,
    acts.Withdraw,
    acts.Join,
    acts.Leave,
    acts.Grant,
)
SLOW = pytest.mark.slow


def admitted(table, act):
    outcome = rules.admit(table, FACTS, act)
    return None if isinstance(outcome, Refused) else outcome


def base(slot):
    """The words as they stand, of what parties proposed; the first variant of the rest."""
    return slot.variants[0]


# --- what is asked of every state -----------------------------------------------------------------


def check_text(text):
    """The invariants that one state can show."""
    check_tree(text)
    check_places(text)
    check_statuses(text)
    check_origins(text)


def check_tree(text):
    """P5: every live proposal is exactly one variant, or is listed; ids are unique; counts are true."""
    slots = list(tree.slots(text.document.passage))
    assert len({slot.id for slot in slots}) == len(slots) == text.document.passage.open
    assert (text.document.passage.open == 0) == text.clean
    variants = [variant for slot in slots for variant in slot.variants if variant.operations]
    assert len({variant.id for variant in variants}) == len(variants)
    seen = {operation for variant in variants for operation in variant.operations}
    live = {name for name, each in text.operations.items() if each.fate is Fate.LIVE}
    assert seen | set(views.orphans(text)) == live
    for variant in variants:
        assert {text.operations[each].proposal for each in variant.operations} == {variant.id}
        joined = {party for each in variant.operations for party in text.operations[each].joined}
        own = {text.operations[each].party for each in variant.operations if not text.operations[each].of_the_chair}
        assert set(variant.sponsors) == joined | own
    figures = views.summary(text, FACTS)
    assert min(figures.slots_dropped, figures.slots_settled) >= 0
    assert sum(figures.operations.values()) == len(text.operations)


def check_places(text):
    """P15: no clause stands under itself; each is reached or listed.  P14: names are unique, frozen ones stay."""
    reached = [each.id for each in tree.clauses(text.document.passage)]
    assert len(set(reached)) == len(reached)
    assert set(text.outline.order) == set(text.outline.current) <= set(reached)
    called = naming.names(text)
    assert len(set(called.values())) == len(called) == len(text.order)
    assert all(called[each] == name for each, name in text.frozen.items() if each in called)
    moved = text.document.placed(lambda slot: slot.variants[-1])
    assert sorted(each.id for each in tree.clauses(moved)) == sorted(reached)


def check_statuses(text):
    """P17: no scope is stronger than its weakest part; nothing contested is agreed."""
    status = {each: agreeing.status(text, FACTS, text.clauses[each].clause) for each in text.order}
    status[WHOLE] = agreeing.status(text, FACTS)
    for scope, its in status.items():
        for part in text.seen.children(scope):
            assert ORDER.index(its) <= ORDER.index(status[part])
        if scope != WHOLE and text.clauses[scope].clause.open:
            assert its is Status.CONTESTED
    accepted = agreeing.acceptances(text, WHOLE)
    if status[WHOLE] in {Status.AGREED, Status.AGREED_AD_REFERENDUM}:
        assert set(accepted) >= set(FACTS.must_accept)
        assert text.clean


def check_origins(text):
    """P10: every character of every variant comes from one container at one offset, and that container is known."""
    lengths = {tree.IMPORTED: len(STORY), b"\0": 2}
    for name, lodged in text.proposals.items():
        lengths |= {tree.container_of(name, index): length for index, length in enumerate(lodged.lengths)}
    shown = []
    for paragraph in sheet.as_negotiated(text.document):
        for piece in paragraph.pieces:
            if piece.ink is sheet.Ink.WORDS:
                shown.append(piece)
                assert 0 <= piece.lo <= piece.lo + len(piece.text) <= lengths[piece.container]
    standing = [piece for part in sheet.as_decided(text.document, base) for piece in part.pieces]
    places = [(p.container, p.lo + at) for p in standing for at in range(len(p.text)) if p.container != b"\0"]
    assert len(set(places)) == len(places), "a character stands twice"
    assert {p.container for p in standing} <= {p.container for p in shown} | {tree.IMPORTED}


def same(one, other):
    """Two states of a text that nobody can tell apart."""
    assert one.digest() == other.digest()
    assert one.document.digest == other.document.digest
    assert agreeing.content(one, WHOLE) == agreeing.content(other, WHOLE)
    assert tree.render(one.document) == tree.render(other.document)
    assert views.projection(one, base) == views.projection(other, base)
    assert views.rolling(one, FACTS) == views.rolling(other, FACTS)
    assert views.overview(one, FACTS) == views.overview(other, FACTS)
    assert views.summary(one, FACTS) == views.summary(other, FACTS)
    assert dict(naming.names(one)) == dict(naming.names(other))
    assert views.orphans(one) == views.orphans(other)


# --- the machine ----------------------------------------------------------------------------------


class Story(RuleBasedStateMachine):
    """Parties and the chair act on a text; now and then somebody looks, and now and then the house starts again."""

    @initialize()
    def begin(self):
        self.table, self.done, self.number = TABLE, [], 0

    def do(self, data, kind, *, spoil=False):
        chance = Chance(data.draw, st)
        text = self.table.texts[chance.of(sorted(self.table.texts))]
        body = draw_body(chance, self.table, text, kind)
        body = spoilt(chance, body) if spoil else body
        self.say(ARVENIA if kind in OF_THE_CHAIR else chance.of(PARTIES), body)

    def say(self, party, body):
        self.number += 1
        act = verified(body, party, b"story %d" % self.number, self.number)
        before = rules.digest(self.table)
        outcome = admitted(self.table, act)
        if outcome is None:
            assert rules.digest(self.table) == before
            return
        assert admitted(outcome, act) is None or not isinstance(body, MAKING)
        self.table, self.done = outcome, [*self.done, act]

    @rule(data=st.data(), kind=st.sampled_from(OF_THE_PARTIES))
    def a_party_proposes_or_says(self, data, kind):
        self.do(data, kind)

    @rule(data=st.data(), kind=st.sampled_from(OF_THE_PARTIES))
    def another_party_proposes_or_says(self, data, kind):
        self.do(data, kind)

    @rule(data=st.data())
    def all_accept(self, data):
        text = self.table.texts[TEXT]
        scope = data.draw(st.sampled_from([WHOLE, *text.outline.order]))
        for party in PARTIES:
            seen = agreeing.content(self.table.texts[TEXT], scope)
            self.say(party, acts.Accept(TEXT, scope, seen, ad_referendum=False))
        if data.draw(st.booleans()):
            seen = agreeing.content(self.table.texts[TEXT], WHOLE)
            self.say(ARVENIA, acts.Publish(TEXT, f"Agreed {self.number}", seen, renumber=False))

    @rule(data=st.data(), drop=st.booleans())
    def a_deal_is_struck(self, data, drop):
        live = sorted(name for name, each in self.table.texts[TEXT].operations.items() if each.fate is Fate.LIVE)
        if not live:
            return
        cut = data.draw(st.integers(1, min(3, len(live))))
        self.say(PARTIES[1], acts.Package(TEXT, "A deal", tuple(live[:cut]), tuple(live[cut : cut + drop]), ()))
        text = self.table.texts[TEXT]
        names = tuple(sorted(name for name, each in text.packages.items() if each.fate is Fate.LIVE))[-1:]
        self.say(ARVENIA, acts.TakePackages(TEXT, names, packages.package_hash(text, names), acts.Basis.CONSENSUS))

    @rule()
    def what_came_late_gets_leave(self):
        for name in sorted(self.table.texts[TEXT].late):
            self.say(ARVENIA, acts.Grant(TEXT, (name,)))

    @rule(data=st.data())
    def somebody_joins_and_perhaps_leaves(self, data):
        live = sorted(name for name, each in self.table.texts[TEXT].operations.items() if each.fate is Fate.LIVE)
        if live:
            name = data.draw(st.sampled_from(live))
            self.say(PARTIES[2], acts.Join(TEXT, name))
            if data.draw(st.booleans()):
                self.say(PARTIES[2], acts.Leave(TEXT, name))

    @rule(data=st.data(), pick=st.integers(0, 2))
    def a_committee_finishes(self, data, pick):
        children = sorted(name for name in self.table.texts if name != TEXT)
        if not children:
            return
        name = data.draw(st.sampled_from(children))
        for _ in range(30):
            slot = views.next_slot(self.table.texts[name])
            if slot is None:
                break
            chosen = (slot.choices[pick % len(slot.choices)].id,)
            self.say(ARVENIA, acts.Settle(name, slot.scope, slot.id, chosen, slot.precondition, acts.Basis.EDITORIAL))
        child = self.table.texts[name]
        self.say(ARVENIA, acts.Report(child.lineage.parent, name, agreeing.content(child, WHOLE)))

    @rule(data=st.data(), kind=st.sampled_from(DECIDING))
    def somebody_decides(self, data, kind):
        self.do(data, kind)

    @rule(data=st.data(), kind=st.sampled_from((*OF_THE_PARTIES, *DECIDING)))
    def somebody_writes_nonsense(self, data, kind):
        self.do(data, kind, spoil=True)

    @rule()
    def somebody_looks(self):
        for text in self.table.texts.values():
            views.rolling(text, FACTS)

    @rule()
    def the_house_starts_again(self):
        texts = {name: saved.take_up(saved.put_down(text)) for name, text in self.table.texts.items()}
        self.table = Table(Map(texts))

    @invariant()
    def every_text_is_sound(self):
        for text in self.table.texts.values():
            check_text(text)

    def teardown(self):
        again = TABLE
        for act in getattr(self, "done", []):
            again = admitted(again, act)
            assert again is not None
        if not getattr(self, "done", []):
            return
        assert set(again.texts) == set(self.table.texts)
        for name, text in again.texts.items():
            same(text, self.table.texts[name])
        assert rules.digest(again) == rules.digest(self.table)


class TestStories(Story.TestCase):
    settings = settings(max_examples=25, stateful_step_count=14, deadline=None)


@SLOW
class TestManyStories(Story.TestCase):
    settings = settings(max_examples=600, stateful_step_count=40, deadline=None)


# --- what only several states can show --------------------------------------------------------------


@st.composite
def stories(draw, most=10):
    """A table in the middle of its story, and how many acts it took."""
    table, count = TABLE, 0
    for number in range(draw(st.integers(0, most))):
        kind = draw(st.sampled_from((*OF_THE_PARTIES, *DECIDING)))
        if kind in {"refer", "report"}:
            continue
        body = draw_body(Chance(draw, st), table, table.texts[TEXT], kind)
        party = ARVENIA if kind in OF_THE_CHAIR else draw(st.sampled_from(PARTIES))
        table = admitted(table, verified(body, party, b"before %d" % number, number)) or table
        count = number + 1
    return table, count


@st.composite
def between_two_decisions(draw, table, start, most=6):
    """Operations of the parties on a table, in the order in which they were made."""
    made = []
    for number in range(start, start + draw(st.integers(2, most))):
        body = draw_body(Chance(draw, st), table, table.texts[TEXT], draw(st.sampled_from(OF_THE_PARTIES)))
        act = verified(body, draw(st.sampled_from(PARTIES)), b"between %d" % number, number)
        outcome = admitted(table, act)
        if outcome is not None:
            table, made = outcome, [*made, act]
    return made


def depends(act, other):
    """Whether an act names what another makes, or is its author's next word on the same thing."""
    names = [getattr(act.body, name) for name in act.body.__struct_fields__]
    flat = {
        each for name in names for each in (name if isinstance(name, tuple) else (name,)) if isinstance(each, bytes)
    }
    flat |= {hunk.container for hunk in getattr(act.body, "hunks", ())}
    flat |= {part.of for part in getattr(act.body, "parts", ())}
    made = made_by(other)
    return bool(flat & made) or (act.author == other.author and type(act.body) is type(other.body) and not made)


def made_by(act):
    """The ids that an act brings into the world: its own, and of its proposal and what that holds."""
    after = admitted(TABLE, act)
    text = after.texts[TEXT] if after else None
    if text is None or act.id not in text.operations:
        kinds = ("Note", "Package", "Edit", "Alternative", "AddClause", "MoveClause")
        return {act.id} if type(act.body).__name__ in kinds else set()
    proposal = text.operations[act.id].proposal
    return {act.id, proposal, *(tree.container_of(proposal, index) for index in range(50))}


def reordered(draw, table, made):
    """The same acts in another order that the log could have had: each after what it names."""
    waiting, order = list(made), []
    while waiting:
        ready = [each for each in waiting if not any(depends(each, one) for one in waiting[: waiting.index(each)])]
        ready = [each for each in ready if admitted(table, each) is not None]
        each = draw(st.sampled_from(ready or waiting[:1]))
        waiting.remove(each)
        order.append(each)
        table = admitted(table, each) or table
    return order


def folded(table, made):
    for act in made:
        table = admitted(table, act) or table
    return table.texts[TEXT]


def commute(data):
    table, start = data.draw(stories())
    made = data.draw(between_two_decisions(table, start))
    order = reordered(data.draw, table, made)
    one, other = folded(table, made), folded(table, order)
    admitted_ids = [[act.id for act in acts if admitted_in(table, acts, act)] for acts in (made, order)]
    assert sorted(admitted_ids[0]) == sorted(admitted_ids[1])
    same(one, other)


def admitted_in(table, made, act):
    for each in made:
        outcome = admitted(table, each)
        if each is act:
            return outcome is not None
        table = outcome or table
    return False


@settings(max_examples=40)
@given(st.data())
def test_p1_p3_p19_between_two_decisions_no_order_of_the_relay_changes_anything(data):
    commute(data)


@SLOW
@settings(max_examples=1500)
@given(st.data())
def test_p1_p3_p19_in_thousands_of_worlds(data):
    commute(data)


@settings(max_examples=30)
@given(st.data())
def test_p2_what_came_twice_has_effect_once(data):
    table, start = data.draw(stories())
    made = data.draw(between_two_decisions(table, start))
    twice = [act for act in made for _ in range(2)]
    one, other = folded(table, made), folded(table, twice)
    assert one.document.digest == other.document.digest
    assert agreeing.content(one, WHOLE) == agreeing.content(other, WHOLE)
    assert dict(one.operations) == dict(other.operations)


@settings(max_examples=30)
@given(st.data())
def test_p4_with_nothing_taken_the_text_reads_as_it_was_decided(data):
    table, _ = data.draw(stories())
    text = table.texts[TEXT]

    def expand(slot, place):
        return (
            [slot.variants[0].places[place]]
            if slot.form.proposed and slot.form is not tree.Form.BAG
            else ([] if slot.form.proposed else tree.slot_written(slot, place))
        )

    assert "".join(tree.written(text.document.passage, expand)) == views.standing_words(text)


@settings(max_examples=30)
@given(st.data())
def test_p13_a_decision_on_other_content_than_stands_is_inert(data):
    table, start = data.draw(stories())
    body = draw_body(Chance(data.draw, st), table, table.texts[TEXT], data.draw(st.sampled_from(DECIDING)))
    act = verified(body, ARVENIA, b"decision", start + 9)
    made = data.draw(between_two_decisions(table, start))
    later = table
    for each in made:
        later = admitted(later, each) or later
    before, after = (rules.admit(each, FACTS, act) for each in (table, later))
    named = getattr(body, "precondition", getattr(body, "content_hash", None))
    if named is None or isinstance(before, Refused):
        return
    scope = getattr(body, "scope", getattr(body, "clause", None))
    changed = scope_of(table, body, scope) != scope_of(later, body, scope)
    assert not (isinstance(after, Stale) and not changed)
    if changed and scope is not None:
        assert isinstance(after, Refused)


def scope_of(table, body, scope):
    text = table.texts[TEXT]
    if type(body).__name__ == "Accept":
        return agreeing.content(text, scope) if len(scope or b"") < 32 else None
    return agreeing.scope_hash(text, scope) if scope is not None else agreeing.content(text, WHOLE)


@settings(max_examples=30)
@given(st.data())
def test_p18_what_changed_since_put_upon_the_old_state_is_the_new_one(data):
    table, start = data.draw(stories())
    made = data.draw(between_two_decisions(table, start))
    text = folded(table, made)
    told = views.changes(text, start)
    by_place = {act.position: act for act in made}
    events = sorted((each for change in told for each in change.events), key=lambda each: each.at)
    again = folded(table, [by_place[at] for at in dict.fromkeys(each.at for each in events)])
    same(text, again)
    assert [each.at for each in events] == [act.position for act in made]
    assert views.changes(text, start + 1000) == []
    assert {change.clause for change in told} <= {
        WHOLE,
        *(each.id for each in tree.clauses(text.document.passage)),
        *text.clauses,
    }


@settings(max_examples=30)
@given(st.data())
def test_p9_what_is_withdrawn_at_once_leaves_the_text_as_if_it_had_never_been(data):
    table, start = data.draw(stories())
    kind = data.draw(st.sampled_from(["edit", "alternative", "add", "move"]))
    body = draw_body(Chance(data.draw, st), table, table.texts[TEXT], kind)
    act = verified(body, PARTIES[1], b"made", start)
    after = admitted(table, act)
    if after is None:
        return
    back = admitted(after, verified(acts.Withdraw(TEXT, act.id), PARTIES[1], b"back", start + 1))
    one, other = table.texts[TEXT], back.texts[TEXT]
    assert one.document.digest == other.document.digest
    assert agreeing.content(one, WHOLE) == agreeing.content(other, WHOLE)
    assert other.operations[act.id].fate is Fate.WITHDRAWN
    assert views.projection(one, base) == views.projection(other, base)


@settings(max_examples=30)
@given(st.data())
def test_p8_a_party_changes_no_words_of_another_but_by_adding_variants(data):
    table, start = data.draw(stories())
    before = table.texts[TEXT]
    author = PARTIES[2]
    body = draw_body(
        Chance(data.draw, st),
        table,
        before,
        data.draw(st.sampled_from(["edit", "nested", "alternative", "add", "move"])),
    )
    after = admitted(table, verified(body, author, b"more", start))
    if after is None:
        return
    text = after.texts[TEXT]
    was = {v.id: v.sponsors for s in tree.slots(before.document.passage) for v in s.variants if v.operations}
    now = {v.id: v.sponsors for s in tree.slots(text.document.passage) for v in s.variants if v.operations}
    assert all(set(sponsors) <= set(now.get(each, ())) for each, sponsors in was.items())
    for wanted in was:
        shown = [words_with(each, wanted) for each in (before, text)]
        assert shown[0] == shown[1]


def words_with(text, wanted):
    """The words if one proposal is taken and nothing else."""
    return views.projection(text, lambda slot: next((each for each in slot.variants if each.id == wanted), base(slot)))
