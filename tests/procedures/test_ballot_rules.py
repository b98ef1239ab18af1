"""Ballots: counting against an independent reference, and the rules of procedure by the traps of the field."""

import hashlib
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS, DORANE, FACTS, STRANGER, Room, member, party

from detente.acts.facts import Basis, Role, TextFacts
from detente.acts.voting import Outcome
from detente.ground.errors import Refused, Stale
from detente.ground.identifiers import ActId, Position
from detente.ground.instants import Instant
from detente.procedures.ballot.acts import (
    Again,
    Base,
    Bloc,
    Blocs,
    Cast,
    Choice,
    Close,
    Explain,
    Intend,
    Open,
    Plan,
    Share,
    Step,
    Tie,
    VotingRules,
)
from detente.procedures.ballot.presets import PRESETS
from detente.procedures.ballot.rules import PROCEDURE, SECOND_VOTE, Fate, Stage
from detente.procedures.ballot.tally import tally

HOUR = 3_600_000
TEXT = ActId(hashlib.sha256(b"a text").digest())
CONTENT = hashlib.sha256(b"its content").digest()
OTHER = hashlib.sha256(b"another content").digest()
YES, NO, ABSTAIN = Choice.YES, Choice.NO, Choice.ABSTAIN
ASSEMBLY = PRESETS["general-assembly"]


def on_the_table(content=CONTENT, changed=None):
    return TextFacts("A text", "en", content, 0, "words", frozenset(), changed or {})


@pytest.fixture
def room():
    return Room(PROCEDURE, replace(FACTS, texts={TEXT: on_the_table()}))


def opening(room, **more):
    fields = {
        "text": TEXT,
        "scope": b"",
        "content_hash": CONTENT,
        "asked": b"",
        "question": "Who is in favour?",
        "rules": ASSEMBLY,
        "voters": (),
        "blocs": (),
        "sponsors": (),
        "closes": Instant(room.now + HOUR),
        "plan": b"",
        "step": 0,
    }
    return Open(**(fields | more))


def opened(room, **more):
    return room.say(ARVENIA, opening(room, **more))


def ballot(room, name):
    return room.state.ballots[name]


def voted(room, name, *choices):
    for who, choice in zip((ARVENIA, BELMORA, CORVALIS), choices, strict=False):
        if choice is not None:
            room.say(who, Cast(name, choice))


def ended(room, name):
    room.wait(max(0, ballot(room, name).closes - room.now))
    room.say(ARVENIA, Close(name))
    return ballot(room, name)


# --- counting -----------------------------------------------------------------------------------

PARTIES = tuple(party(f"party {number}") for number in range(9))
SHARES = st.builds(
    Share, of=st.integers(0, 4), by=st.integers(4, 5), above=st.booleans()
)  # some are odd rules of procedure; counting takes them all
RULES = st.builds(
    VotingRules,
    name=st.just("any"),
    quorum=SHARES,
    majority=SHARES,
    base=st.sampled_from(Base),
    most_against=st.none() | st.integers(0, 3),
    tie=st.sampled_from(Tie),
    blocs=st.just(Blocs.NONE),
)
CAST = st.dictionaries(st.sampled_from(PARTIES), st.sampled_from(Choice))


def reference(rules, yes, no, abstain, absent):
    """The same in fractions, written from the prose of the rules."""
    everyone = yes + no + abstain + absent
    present = yes + no + abstain

    def enough(share, part, whole):
        needed, has = Fraction(share.of, share.by), Fraction(part, whole)
        return has > needed if share.above else has >= needed

    if present == 0 or not enough(rules.quorum, present, everyone):
        return Outcome.NO_QUORUM
    if rules.most_against is not None and rules.most_against < no:
        return Outcome.REJECTED
    if rules.majority.of == 0:
        return Outcome.ADOPTED
    whole = {"present and voting": yes + no, "present": present, "members": everyone}[rules.base.value]
    if whole and enough(rules.majority, yes, whole):
        return Outcome.ADOPTED
    half = Fraction(rules.majority.of, rules.majority.by) == Fraction(1, 2)
    if half and rules.majority.above and rules.base is Base.VOTING and yes == no and yes > 0:
        return Outcome.TIED
    return Outcome.REJECTED


@given(RULES, CAST, st.sets(st.sampled_from(PARTIES), min_size=1))
def test_counting_agrees_with_the_prose_in_fractions(rules, cast, voters):
    found = tally(rules, voters, (), cast)
    counts = [sum(1 for each in voters if cast.get(each) is choice) for choice in (YES, NO, ABSTAIN)]
    absent = len(voters) - sum(counts)
    assert [found.yes, found.no, found.abstain, found.absent] == [*counts, absent]
    assert found.outcome is reference(rules, *counts, absent)


def test_abstentions_are_present_and_do_not_vote():
    """Trap 13: they make the quorum, and are not counted in the majority."""
    cast = dict(zip(PARTIES, [YES, *[ABSTAIN] * 4], strict=False))
    assert tally(ASSEMBLY, PARTIES, (), cast).outcome is Outcome.ADOPTED
    without = {PARTIES[0]: YES}
    assert tally(ASSEMBLY, PARTIES, (), without).outcome is Outcome.NO_QUORUM


def test_two_thirds_are_two_thirds_exactly():
    important = PRESETS["important-question"]
    for yes, no, outcome in ((6, 3, Outcome.ADOPTED), (5, 3, Outcome.REJECTED), (5, 4, Outcome.REJECTED)):
        cast = dict(zip(PARTIES, [YES] * yes + [NO] * no, strict=False))
        assert tally(important, PARTIES, (), cast).outcome is outcome


def test_if_all_abstain_nothing_is_adopted_and_nothing_is_tied():
    cast = dict.fromkeys(PARTIES, ABSTAIN)
    assert tally(ASSEMBLY, PARTIES, (), cast).outcome is Outcome.REJECTED


def test_consensus_is_not_unanimity():
    """Trap 17: nobody stands against it; not everybody is for it."""
    consensus = PRESETS["consensus"]
    cast = dict.fromkeys(PARTIES, ABSTAIN) | {PARTIES[0]: YES}
    assert tally(consensus, PARTIES, (), cast).outcome is Outcome.ADOPTED
    assert tally(consensus, PARTIES, (), cast | {PARTIES[1]: NO}).outcome is Outcome.REJECTED
    assert tally(PRESETS["consent-of-all"], PARTIES, (), {PARTIES[0]: YES}).outcome is Outcome.NO_QUORUM
    everyone = dict.fromkeys(PARTIES, YES)
    assert tally(PRESETS["consent-of-all"], PARTIES, (), everyone).outcome is Outcome.ADOPTED
    assert tally(PRESETS["consent-of-all"], PARTIES, (), everyone | {PARTIES[1]: ABSTAIN}).outcome is Outcome.REJECTED


def test_the_votes_of_an_organisation_are_never_additional_to_its_members():
    """Trap 29."""
    union, *others = PARTIES
    bloc = Bloc(union, (*others[:4], party("a member that has no seat")))
    seated = replace_blocs(Blocs.SEATED)
    for cast, yes in (
        ({union: YES}, 4),
        ({union: YES, others[0]: NO}, 3),
        (dict.fromkeys(others[:4], YES), 4),
        ({union: YES} | dict.fromkeys(others[:4], YES), 4),
        ({union: YES, others[7]: YES}, 5),
    ):
        found = tally(seated, PARTIES, (bloc,), cast)
        assert found.yes == yes
        assert found.members == 8
    assert tally(replace_blocs(Blocs.ALL), PARTIES, (bloc,), {union: YES}).yes == 5
    assert tally(replace_blocs(Blocs.NONE), PARTIES, (bloc,), {union: YES}).yes == 0


@given(CAST, st.sampled_from([Blocs.SEATED, Blocs.ALL]))
def test_a_member_of_two_organisations_is_spoken_for_once(cast, rule):
    one = Bloc(PARTIES[0], PARTIES[2:6])
    two = Bloc(PARTIES[1], PARTIES[4:8])
    found = tally(replace_blocs(rule), PARTIES, (one, two), cast)
    assert found.members == 7  # the seven that are no organisations
    assert found.yes + found.no + found.abstain <= 7


def replace_blocs(blocs):
    return VotingRules(
        ASSEMBLY.name, Share(0, 1, above=False), ASSEMBLY.majority, ASSEMBLY.base, None, ASSEMBLY.tie, blocs
    )


# --- one ballot ---------------------------------------------------------------------------------


def test_what_most_are_for_is_adopted_and_known_to_the_other_procedures(room):
    name = opened(room)
    voted(room, name, YES, YES, NO)
    found = ended(room, name)
    assert found.stage is Stage.ADOPTED
    assert (found.result.yes, found.result.no, found.result.absent) == (2, 1, 0)
    decision = room.facts.decisions[name]
    assert (decision.basis, decision.text, decision.content_hash) == (Basis.VOTE, TEXT, CONTENT)


def test_what_is_rejected_is_no_decision(room):
    name = opened(room)
    voted(room, name, YES, NO, NO)
    assert ended(room, name).stage is Stage.REJECTED
    assert name not in room.facts.decisions


def test_without_a_quorum_nothing_is_decided(room):
    name = opened(room)
    voted(room, name, YES)
    assert ended(room, name).stage is Stage.NO_QUORUM
    assert name not in room.facts.decisions


def test_a_party_may_change_its_vote_until_the_end(room):
    name = opened(room)
    voted(room, name, NO, YES, NO)
    room.say(CORVALIS, Cast(name, YES))
    assert ended(room, name).stage is Stage.ADOPTED
    room.refused(CORVALIS, Cast(name, NO), "ballot.open")


def test_the_chair_ends_a_vote_before_its_time_only_once_everyone_has_voted(room):
    name = opened(room)
    voted(room, name, YES, YES)
    room.refused(ARVENIA, Close(name), "ballot.time")
    voted(room, name, None, None, NO)
    room.refused(BELMORA, Close(name), "ballot.time")
    room.say(ARVENIA, Close(name))
    assert ballot(room, name).stage is Stage.ADOPTED
    room.refused(ARVENIA, Close(name), "ballot.open")


def test_any_member_ends_a_vote_whose_time_is_over(room):
    name = opened(room)
    voted(room, name, YES, YES, YES)
    room.wait(HOUR)
    room.refused(BELMORA, Cast(name, NO), "ballot.open")
    room.refused(DORANE, Close(name), "ballot.voters")
    room.say(BELMORA, Close(name))
    assert ballot(room, name).stage is Stage.ADOPTED


def test_a_tie_has_a_second_vote_within_two_days_and_is_then_rejected(room):
    name = opened(room)
    voted(room, name, YES, NO, ABSTAIN)
    assert ended(room, name).stage is Stage.TIED
    room.refused(BELMORA, Again(name, Instant(room.now + HOUR)), "ballot.chair")
    room.refused(ARVENIA, Again(name, Instant(room.now + SECOND_VOTE + 1)), "ballot.time")
    room.say(ARVENIA, Again(name, Instant(room.now + HOUR)))
    assert ballot(room, name).cast == {}
    voted(room, name, YES, NO, ABSTAIN)
    found = ended(room, name)
    assert found.stage is Stage.REJECTED
    assert found.first is not None
    room.refused(ARVENIA, Again(name, Instant(room.now + HOUR)), "ballot.open")


def test_a_second_vote_comes_too_late_after_two_days(room):
    name = opened(room)
    voted(room, name, YES, NO, ABSTAIN)
    ended(room, name)
    room.wait(SECOND_VOTE)
    room.refused(ARVENIA, Again(name, Instant(room.now + HOUR)), "ballot.open")


def test_in_a_committee_a_tie_is_rejected_at_once(room):
    name = opened(room, rules=PRESETS["main-committee"])
    voted(room, name, YES, NO, ABSTAIN)
    assert ended(room, name).stage is Stage.REJECTED


def test_votes_of_a_party_that_is_removed_while_the_vote_is_open_stand(room):
    """Golden case (vii)."""
    name = opened(room)
    voted(room, name, YES, NO, YES)
    room.know(members={each: one for each, one in FACTS.members.items() if each != CORVALIS})
    found = ended(room, name)
    assert (found.stage, found.result.yes) == (Stage.ADOPTED, 2)


def test_a_change_of_what_was_put_voids_the_vote_even_one_that_was_taken_back(room):
    name = opened(room)
    voted(room, name, YES, YES, YES)
    room.know(texts={TEXT: on_the_table(CONTENT, {b"": Position(room.position)})})
    assert ended(room, name).stage is Stage.VOID
    assert name not in room.facts.decisions
    again = opened(room)
    room.know(texts={TEXT: on_the_table(OTHER)})
    assert ended(room, again).stage is Stage.VOID
    third = room.say(ARVENIA, opening(room, content_hash=OTHER))
    room.know(texts={})
    assert ended(room, third).stage is Stage.VOID


def test_what_one_meant_to_vote_is_noted_and_changes_no_result(room):
    name = opened(room)
    voted(room, name, YES, NO, YES)
    room.refused(BELMORA, Intend(name, YES), "ballot.after")
    before = ended(room, name).result
    room.say(BELMORA, Intend(name, YES))
    room.refused(DORANE, Intend(name, YES), "ballot.voters")
    assert ballot(room, name).result == before
    assert ballot(room, name).statements[0].intended is YES


def test_a_sponsor_does_not_explain_its_vote_on_its_own_proposal(room):
    """Trap 16."""
    name = opened(room, sponsors=(BELMORA,))
    room.refused(BELMORA, Explain(name, "Because it is ours."), "ballot.sponsor")
    room.say(CORVALIS, Explain(name, "We vote for it with regret."))
    room.refused(DORANE, Explain(name, "We observe."), "ballot.voters")
    room.refused(CORVALIS, Explain(name, " "), "ballot.words")


@pytest.mark.parametrize(
    ("author", "change", "broken"),
    [
        (BELMORA, {}, "ballot.chair"),
        (ARVENIA, {"text": ActId(bytes(32))}, "ballot.content"),
        (ARVENIA, {"content_hash": OTHER}, "ballot.content"),
        (ARVENIA, {"content_hash": b"short"}, "ballot.content"),
        (ARVENIA, {"scope": b"short"}, "ballot.content"),
        (ARVENIA, {"question": ""}, "ballot.words"),
        (ARVENIA, {"question": "q" * 501}, "ballot.words"),
        (ARVENIA, {"question": "a\x00b"}, "ballot.words"),
        (ARVENIA, {"voters": (DORANE,)}, "ballot.voters"),
        (ARVENIA, {"voters": (BELMORA, BELMORA)}, "ballot.voters"),
        (ARVENIA, {"sponsors": (STRANGER,)}, "ballot.voters"),
        (ARVENIA, {"blocs": (Bloc(STRANGER, (BELMORA,)),)}, "ballot.voters"),
        (ARVENIA, {"blocs": (Bloc(BELMORA, (BELMORA,)),)}, "ballot.voters"),
        (ARVENIA, {"blocs": (Bloc(BELMORA, ()),)}, "ballot.voters"),
        (ARVENIA, {"blocs": (Bloc(BELMORA, (CORVALIS, CORVALIS)),)}, "ballot.voters"),
        (ARVENIA, {"closes": Instant(0)}, "ballot.time"),
        (ARVENIA, {"plan": bytes(32)}, "ballot.plan"),
    ],
)
def test_what_may_not_be_put_to_the_vote_is_refused(room, author, change, broken):
    room.refused(author, opening(room, **change), broken)


def test_a_vote_on_an_old_content_is_stale(room):
    assert isinstance(room.ask(ARVENIA, opening(room, content_hash=OTHER)), Stale)


@pytest.mark.parametrize(
    "change",
    [
        {"quorum": Share(3, 2, above=False)},
        {"quorum": Share(0, 0, above=False)},
        {"majority": Share(1, 3, above=False)},
        {"majority": Share(1, 2, above=False)},
        {"majority": Share(1, 1, above=True)},
        {"majority": Share(0, 1, above=False)},
        {"most_against": -1},
        {"name": ""},
    ],
)
def test_rules_under_which_a_minority_decides_are_refused(room, change):
    fields = {name: getattr(ASSEMBLY, name) for name in ASSEMBLY.__struct_fields__}
    broken = VotingRules(**(fields | change))
    assert room.ask(ARVENIA, opening(room, rules=broken)).rule in {"ballot.rules", "ballot.words"}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_admitted(room, name):
    opened(room, rules=PRESETS[name])


def test_who_has_no_vote_casts_none_and_no_foreign_act_is_one(room):
    name = opened(room, voters=(ARVENIA, BELMORA))
    room.refused(CORVALIS, Cast(name, YES), "ballot.voters")
    room.refused(ARVENIA, Cast(ActId(bytes(32)), YES), "ballot.target")
    assert isinstance(PROCEDURE.admit(room.state, room.facts, room.verified(ARVENIA, None)), Refused)


# --- plans --------------------------------------------------------------------------------------


def step(question, *falls, operative=False, whole=False):
    return Step(question, falls, operative, whole)


def planned(room, *steps):
    return room.say(ARVENIA, Plan(TEXT, steps, "Furthest removed first."))


def put_next(room, plan, *choices):
    known = room.state.plans[plan]
    at = known.next
    name = opened(room, plan=plan, step=at, question=known.put.steps[at].question)
    voted(room, name, *choices)
    ended(room, name)
    return name


def fates(room, plan):
    return [fate.value for fate in room.state.plans[plan].fates]


def test_four_overlapping_amendments_with_an_implied_rejection(room):
    """Golden case (iv), trap 14: furthest removed first; what an adoption implies is not put any more."""
    plan = planned(
        room,
        step("Delete the paragraph.", 1, 2, 3),
        step("Replace the sentence.", 2),
        step("Replace the words.", 3),
        step("Insert the words."),
        step("The text as amended.", whole=True),
    )
    put_next(room, plan, NO, NO, YES)
    put_next(room, plan, YES, YES, NO)
    assert fates(room, plan) == ["rejected", "adopted", "fallen", "waiting", "waiting"]
    put_next(room, plan, YES, NO, NO)
    put_next(room, plan, YES, YES, YES)
    assert fates(room, plan) == ["rejected", "adopted", "fallen", "rejected", "adopted"]
    assert room.state.plans[plan].next is None


def test_where_all_operative_parts_are_rejected_the_whole_is_rejected_and_not_put(room):
    """Trap 15, rule 89: division can kill a resolution."""
    plan = planned(
        room, step("Preamble."), step("Part 1.", operative=True), step("Part 2.", operative=True),
        step("The whole.", whole=True),
    )  # fmt: skip
    put_next(room, plan, YES, YES, YES)
    put_next(room, plan, NO, NO, YES)
    assert fates(room, plan)[-1] == "waiting"
    put_next(room, plan, NO, NO, YES)
    assert fates(room, plan) == ["adopted", "rejected", "rejected", "rejected"]
    room.refused(ARVENIA, opening(room, plan=plan, step=3, question="The whole."), "ballot.plan")


def test_one_operative_part_that_stands_keeps_the_whole(room):
    plan = planned(room, step("1", operative=True), step("2", operative=True), step("All.", whole=True))
    put_next(room, plan, NO, NO, NO)
    put_next(room, plan, YES, YES, NO)
    assert room.state.plans[plan].fates[-1] is Fate.WAITING


def test_things_are_put_in_the_order_of_the_plan_and_one_at_a_time(room):
    plan = planned(room, step("First."), step("Second."))
    room.refused(ARVENIA, opening(room, plan=plan, step=1, question="Second."), "ballot.plan")
    room.refused(ARVENIA, opening(room, plan=plan, step=0, question="Another question."), "ballot.plan")
    opened(room, plan=plan, step=0, question="First.")
    room.refused(ARVENIA, opening(room, plan=plan, step=0, question="First."), "ballot.plan")


def test_without_a_quorum_a_step_is_put_again(room):
    plan = planned(room, step("First."), step("Second."))
    put_next(room, plan, YES)
    assert fates(room, plan) == ["waiting", "waiting"]
    put_next(room, plan, YES, YES)
    assert fates(room, plan) == ["adopted", "waiting"]


@pytest.mark.parametrize(
    ("author", "steps", "broken"),
    [
        (BELMORA, (step("One."),), "ballot.chair"),
        (ARVENIA, (), "ballot.plan"),
        (ARVENIA, (step(""),), "ballot.words"),
        (ARVENIA, (step("One.", 0),), "ballot.plan"),
        (ARVENIA, (step("One.", 5),), "ballot.plan"),
        (ARVENIA, (step("One.", whole=True), step("Two.")), "ballot.plan"),
        (ARVENIA, (step("One.", operative=True, whole=True),), "ballot.plan"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(room, author, steps, broken):
    room.refused(author, Plan(TEXT, steps, ""), broken)


def test_a_plan_for_no_text_is_refused(room):
    room.refused(ARVENIA, Plan(ActId(bytes(32)), (step("One."),), ""), "ballot.content")


@given(st.lists(st.tuples(st.sets(st.integers(1, 6)), st.booleans()), min_size=1, max_size=7), st.data())
def test_every_plan_comes_to_an_end_and_puts_nothing_that_fell(shapes, data):
    room = Room(PROCEDURE, replace(FACTS, texts={TEXT: on_the_table()}))
    count = len(shapes)
    steps = [
        step(f"Step {index}.", *sorted(index + by for by in falls if index + by < count), operative=operative)
        for index, (falls, operative) in enumerate(shapes)
    ]
    plan = planned(room, *steps)
    put = 0
    while room.state.plans[plan].next is not None:
        at = room.state.plans[plan].next
        adopters = {each for each in range(at) if room.state.plans[plan].fates[each] is Fate.ADOPTED}
        assert all(at not in steps[each].falls for each in adopters)
        put_next(room, plan, *data.draw(st.sampled_from([(YES, YES, NO), (NO, NO, YES)])))
        put += 1
        assert put <= count


def test_ballots_of_a_larger_room_are_the_same_in_every_order_of_votes(room):
    """The digest does not know in which order votes came."""
    many = {each: member(f"State {index}", Role.MEMBER) for index, each in enumerate(PARTIES)}
    room.know(members={**FACTS.members, **many})
    name = opened(room)
    for each in PARTIES:
        room.say(each, Cast(name, YES))
    assert ended(room, name).result.yes == len(PARTIES)
