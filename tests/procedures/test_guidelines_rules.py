"""Agreeing on a charter, changing it, and the ladder on which a line stands."""

from dataclasses import replace

import pytest
from charterworlds import (
    ARVENIA,
    BELMORA,
    CORVALIS,
    DORANE,
    FACTS,
    HOUR,
    KNOWING,
    OPEN_TO_ALL,
    STRANGER,
    adopt,
    amendment,
    ask,
    charter,
    ladder,
    propose,
    room,
    rule,
)  # fmt: skip
from hypothesis import given
from hypothesis import strategies as st
from lineup import Room
from lineup import party as named

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.acts.procedure import LineState, Registry, asked, fold
from detente.ground.errors import Refused
from detente.procedures.charter.acts import Incident, Remove
from detente.procedures.charter.rules import PROCEDURE as CHARTER
from detente.procedures.guidelines import diff, rules, views
from detente.procedures.guidelines.acts import Accept, Announce, Bar, Declare, Leave, Object, Propose, Step
from detente.procedures.guidelines.clauses import Charter, Decisions, Effect, Exit, Observers, Phase, Rung, name_of
from detente.procedures.guidelines.rules import PROCEDURE, phase_of, rung_at, standing_at
from detente.procedures.guidelines.templates import TEMPLATES

WHY = ("Article 1", "So that there is a reason.")
ALL = (ARVENIA, BELMORA, CORVALIS)


def rung(made, wait=0):
    return rung_at(made.state, made.facts, made.now + wait)


def stepped(made, author, where, reason=""):
    return made.say(author, Step(where, reason))


# --- agreeing -----------------------------------------------------------------------------------------


def test_without_a_charter_the_founding_act_alone_holds():
    made = room(None)
    assert ask(made, DORANE, "table.settle", basis="vote") is None
    assert PROCEDURE.publish(made.state, made.facts) == made.facts
    assert views.describe(made.state, made.facts, made.now)["charter"] is None
    made.refused(BELMORA, Step(Rung.SUSPENDED, ""), "guidelines.ladder")


def test_a_first_charter_holds_once_the_chair_and_all_members_have_accepted_it():
    made = room(None)
    proposal = propose(made, OPEN_TO_ALL)
    for party in (BELMORA, ARVENIA):
        made.say(party, Accept(proposal, name_of(OPEN_TO_ALL)))
        assert made.state.charter is None
    shown = views.describe(made.state, made.facts, made.now)["proposals"][0]
    assert [each["name"] for each in shown["waits_for"]] == ["Corvalis"]
    made.refused(BELMORA, Accept(proposal, name_of(OPEN_TO_ALL)), "guidelines.once")
    made.refused(CORVALIS, Accept(proposal, bytes(32)), "guidelines.name")
    made.refused(CORVALIS, Accept(b"\1" * 32, name_of(OPEN_TO_ALL)), "guidelines.target")
    made.say(CORVALIS, Accept(proposal, name_of(OPEN_TO_ALL)))
    assert made.state.name == name_of(OPEN_TO_ALL)
    assert not made.state.proposals
    assert views.describe(made.state, made.facts, made.now)["charter"]["title"] == "A small charter"


def test_a_line_that_was_founded_without_these_rules_asks_its_observers_too():
    made = room(None, FACTS)
    proposal = propose(made, OPEN_TO_ALL)
    for party in ALL:
        made.say(party, Accept(proposal, name_of(OPEN_TO_ALL)))
    assert made.state.charter is None
    made.say(DORANE, Accept(proposal, name_of(OPEN_TO_ALL)))
    assert made.state.charter is not None


def test_a_charter_is_amended_by_its_own_rule():
    two_thirds = Charter("By two thirds", (rule("notes"), amendment(2, 3)))
    made = room(two_thirds)
    other = charter(rule("notes", acts=("correspondence.*",)))
    proposal = propose(made, other, BELMORA)
    made.say(DORANE, Accept(proposal, name_of(other)))  # an observer's word is kept, and counts for nothing
    made.say(BELMORA, Accept(proposal, name_of(other)))
    assert made.state.name == name_of(two_thirds)
    made.say(CORVALIS, Accept(proposal, name_of(other)))
    assert made.state.name == name_of(other)
    assert len(made.state.history) == 2


def test_what_was_proposed_against_another_charter_is_stale_and_lapses():
    made = room()
    lapsing = propose(made, TEMPLATES["ceasefire"], BELMORA)
    adopt(made, TEMPLATES["allied-group"])
    made.refused(BELMORA, Accept(lapsing, name_of(TEMPLATES["ceasefire"])), "guidelines.target")
    made.refused(BELMORA, Propose(TEMPLATES["ceasefire"], name_of(OPEN_TO_ALL)), "guidelines.base")
    made.refused(BELMORA, Propose(TEMPLATES["allied-group"], made.state.name), "guidelines.once")


def test_a_party_has_one_proposal_at_a_time_and_observers_none():
    made = room()
    first = propose(made, TEMPLATES["ceasefire"], BELMORA)
    second = propose(made, TEMPLATES["allied-group"], BELMORA)
    assert set(made.state.proposals) == {second}
    assert first != second
    made.refused(DORANE, Propose(TEMPLATES["ceasefire"], made.state.name), "guidelines.party")
    made.refused(BELMORA, Step(Rung.DEGRADED, "x" * 2001), "guidelines.words")
    made.refused(BELMORA, Step(Rung.DEGRADED, "\u202e"), "guidelines.words")
    made.refused(BELMORA, Incident(0, b"", "Not ours."), "guidelines.kind")


def test_silences_last_as_long_as_the_charter_says():
    decisions = Decisions("how", *WHY, ("silence",), (), 6, without_all=True)
    made = room(charter(rule("notes"), rule("silence", acts=("silence.*",)), decisions))
    assert (made.facts.shortest_silence, made.facts.silence_without_all) == (6 * HOUR, True)
    adopt(made, OPEN_TO_ALL)
    assert made.facts.shortest_silence == 72 * HOUR
    assert not made.facts.silence_without_all


# --- refusing -----------------------------------------------------------------------------------------


def test_the_fold_refuses_by_the_charter_before_the_procedure_is_asked():
    made = room(charter(rule("notes", roles=(Role.CHAIR,)), rule("more", acts=("charter.admit",))))
    registry = Registry((CHARTER, PROCEDURE))
    state = LineState(parts={"guidelines": made.state}, facts=made.facts)
    act = made.verified(BELMORA, Bar(BELMORA, "x", barred=False, reason=""))
    assert fold(registry, state, act).rule == "guidelines.own"
    admitted = fold(registry, state, made.verified(BELMORA, Declare(Phase.CRISIS, "")))
    assert isinstance(admitted, LineState)
    refusal = fold(registry, state, made.verified(BELMORA, Remove(CORVALIS, "")))
    assert isinstance(refusal, Refused)
    assert refusal.rule == "charter"
    assert "No clause of the charter allows it (to remove parties)." in refusal.sentence
    assert asked(registry, made.verified(BELMORA, Remove(CORVALIS, ""))).matter.party == CORVALIS


def test_a_refusal_names_its_clause_and_who_could():
    made = room(charter(rule("notes"), rule("quiet", Effect.MAY_NOT, roles=(Role.OBSERVER,))))
    refusal = ask(made, DORANE)
    assert refusal.rule == "charter/quiet"
    assert refusal.sentence == (
        "Article quiet (quiet): Observers may not send notes. Its reason: So that there is a reason. "
        "It could be done by the chair or members."
    )
    assert ask(made, BELMORA) is None


# --- the ladder ---------------------------------------------------------------------------------------


def test_a_suspension_begins_when_its_notice_is_over_and_ends_with_a_step_back():
    made = room()
    stepped(made, BELMORA, Rung.SUSPENDED, "We need time.")
    assert rung(made, 23 * HOUR) is Rung.OPEN
    assert rung(made, 24 * HOUR) is Rung.SUSPENDED
    assert ask(made, ARVENIA) is None
    made.wait(25 * HOUR)
    assert "While the line is suspended" in ask(made, ARVENIA).sentence
    assert ask(made, ARVENIA, office="duty-officer", precedence="FLASH") is None
    made.refused(ARVENIA, Step(Rung.OPEN, ""), "guidelines.ladder")  # not its own to take back
    stepped(made, BELMORA, Rung.OPEN)
    assert ask(made, ARVENIA) is None


def test_a_notice_is_withdrawn_before_it_is_over():
    made = room()
    stepped(made, BELMORA, Rung.SUSPENDED)
    stepped(made, BELMORA, Rung.OPEN)
    assert rung(made, 1000 * HOUR) is Rung.OPEN
    made.refused(BELMORA, Step(Rung.OPEN, ""), "guidelines.ladder")


def test_one_partys_step_back_does_not_undo_anothers():
    made = room()
    stepped(made, BELMORA, Rung.RESTRICTED)
    stepped(made, CORVALIS, Rung.DEGRADED)
    stepped(made, BELMORA, Rung.OPEN)
    assert rung(made) is Rung.DEGRADED
    made.know(members={party: each for party, each in made.facts.members.items() if party != CORVALIS})
    assert rung(made) is Rung.OPEN  # who is gone holds nothing


def test_a_rupture_ends_by_consent_of_all_and_the_line_is_open_again_when_all_say_so():
    made = room()
    stepped(made, BELMORA, Rung.RUPTURED)
    assert rung(made) is Rung.RUPTURED
    for where in (Rung.OPEN, Rung.SUSPENDED, Rung.RUPTURED):
        made.refused(BELMORA, Step(where, ""), "guidelines.ladder")
    stepped(made, ARVENIA, Rung.CLOSED)
    for party in ALL:
        assert rung(made) is Rung.RUPTURED
        stepped(made, party, Rung.RESTORED)
    assert rung(made) is Rung.RESTORED
    for party in ALL:
        stepped(made, party, Rung.OPEN)
    assert rung(made) is Rung.OPEN


def test_a_closed_line_takes_nothing_and_keeps_everything():
    made = room()
    stepped(made, BELMORA, Rung.RUPTURED)
    for party in ALL:
        stepped(made, party, Rung.CLOSED)
    assert rung(made) is Rung.CLOSED
    assert "This line is closed" in ask(made, ARVENIA, office="duty-officer", precedence="FLASH").sentence
    assert ask(made, ARVENIA, "guidelines.step") is not None
    made.refused(ARVENIA, Step(Rung.OPEN, ""), "guidelines.ladder")
    assert len(made.state.history) == 1


def test_an_amendment_can_take_the_ladder_away_and_holds_nobody_on_it():
    made = room()
    stepped(made, BELMORA, Rung.SUSPENDED)
    made.wait(25 * HOUR)
    assert rung(made) is Rung.SUSPENDED
    adopt(made, charter(rule("notes")))
    assert rung(made) is Rung.OPEN
    made.refused(BELMORA, Step(Rung.OPEN, ""), "guidelines.ladder")


STEPS = st.lists(
    st.tuples(st.sampled_from(ALL), st.sampled_from(list(Rung)), st.integers(0, 30)), min_size=1, max_size=25
)


@given(STEPS)
def test_machine_l(steps):
    """Beside a model: who stands where since when, and who consented since the rupture."""
    made, stood, consents, base = room(), {}, {}, Rung.OPEN
    for author, where, hours in steps:
        made.wait(hours * HOUR)
        now = made.now
        before = max((base, *(each for each, begins in stood.values() if begins <= now)), key=list(Rung).index)
        assert rung(made) is (Rung.CLOSED if base is Rung.CLOSED else before)
        bell = ask(made, author, office="duty-officer", precedence="FLASH")
        assert (bell is None) == (before is not Rung.CLOSED)
        if isinstance(made.ask(author, Step(where, "")), Refused):
            back = where is Rung.OPEN and (author in stood or before is Rung.RESTORED)
            onwards = where in (Rung.DEGRADED, Rung.RESTRICTED, Rung.SUSPENDED, Rung.RUPTURED)
            assert before in (Rung.RUPTURED, Rung.CLOSED) or not (back or onwards)
            continue
        stepped(made, author, where)
        consenting = before is Rung.RUPTURED or (where is Rung.OPEN and author not in stood)
        if consenting:
            assert where in ((Rung.RESTORED, Rung.CLOSED) if before is Rung.RUPTURED else (Rung.OPEN,))
            consents[author] = where
            if all(consents.get(party) is where for party in ALL):
                stood, consents, base = {}, {}, where
        elif where is Rung.OPEN:
            del stood[author]
        else:
            stood[author] = where, now + (24 * HOUR if where is Rung.SUSPENDED else 0)
            consents = {}


# --- phases, observers, leaving, persons --------------------------------------------------------------


def test_the_gravest_phase_that_one_declares_holds():
    made = room()
    made.say(BELMORA, Declare(Phase.CRISIS, ""))
    made.say(CORVALIS, Declare(Phase.AFTER, ""))
    assert phase_of(made.state, made.facts) is Phase.CRISIS
    made.say(BELMORA, Declare(Phase.PEACE, ""))
    assert phase_of(made.state, made.facts) is Phase.AFTER
    made.refused(DORANE, Declare(Phase.CONFLICT, ""), "guidelines.party")


GUESTS = charter(
    rule("notes"), rule("members", acts=("charter.*",)), Observers("guests", *WHY, 72), Exit("leave", *WHY, 30)
)


def admits(made, role=Role.OBSERVER):
    return ask(made, ARVENIA, "charter.admit", label=None, party=STRANGER, role=role)


def test_an_observer_is_admitted_unless_a_member_objects_in_time():
    made = room(GUESTS)
    assert admits(made).rule == "charter/guests"
    assert admits(made, Role.MEMBER) is None
    made.say(BELMORA, Announce(STRANGER))
    made.refused(BELMORA, Announce(STRANGER), "guidelines.once")
    made.refused(BELMORA, Announce(CORVALIS), "guidelines.target")
    made.refused(BELMORA, Announce("x" * 61), "guidelines.target")
    made.wait(72 * HOUR - 120_000)
    assert admits(made).rule == "charter/guests"
    made.wait(120_000)
    assert admits(made) is None
    made.say(CORVALIS, Object(STRANGER, stands=True))
    made.refused(CORVALIS, Object(STRANGER, stands=True), "guidelines.once")
    made.refused(CORVALIS, Object(DORANE, stands=True), "guidelines.target")
    assert admits(made).rule == "charter/guests"
    made.say(CORVALIS, Object(STRANGER, stands=False))
    assert admits(made) is None


def test_nobody_is_removed_before_its_own_notice_is_over():
    made = room(GUESTS)
    assert ask(made, ARVENIA, "charter.remove", label=None, party=DORANE).rule == "charter/leave"
    made.say(DORANE, Leave(stays=False, reason=""))
    made.refused(DORANE, Leave(stays=False, reason=""), "guidelines.once")
    made.wait(30 * 24 * HOUR)
    assert ask(made, ARVENIA, "charter.remove", label=None, party=DORANE) is None
    assert ask(made, ARVENIA, "charter.remove", label=None, party=BELMORA).rule == "charter/leave"
    made.say(DORANE, Leave(stays=True, reason=""))
    assert ask(made, ARVENIA, "charter.remove", label=None, party=DORANE).rule == "charter/leave"


def test_a_person_is_barred_without_a_reason_and_the_party_keeps_its_seat():
    made = room()
    made.say(BELMORA, Bar(ARVENIA, "envoy", barred=True, reason=""))
    assert ask(made, ARVENIA, office="envoy").rule == "charter"
    assert ask(made, ARVENIA, office="registry") is None
    assert ARVENIA in made.facts.members
    made.refused(BELMORA, Bar(ARVENIA, "envoy", barred=True, reason=""), "guidelines.own")
    made.refused(CORVALIS, Bar(ARVENIA, "envoy", barred=False, reason=""), "guidelines.own")
    made.refused(ARVENIA, Bar(ARVENIA, "envoy", barred=False, reason=""), "guidelines.own")
    made.refused(BELMORA, Bar(CORVALIS, "envoy", barred=False, reason=""), "guidelines.own")
    made.refused(BELMORA, Bar(STRANGER, "envoy", barred=True, reason=""), "guidelines.target")
    made.refused(BELMORA, Bar(ARVENIA, "", barred=True, reason=""), "guidelines.target")
    made.say(CORVALIS, Bar(ARVENIA, "envoy", barred=True, reason=""))
    made.say(BELMORA, Bar(ARVENIA, "envoy", barred=False, reason=""))
    assert ask(made, ARVENIA, office="envoy") is not None  # the other's bar stands
    shown = views.describe(made.state, made.facts, made.now)
    assert [(each["name"], each["office"]) for each in shown["barred"]] == [("Arvenia", "envoy")]


def test_a_recalled_office_does_nothing_here_and_its_party_goes_on():
    made = room()
    made.say(BELMORA, Bar(BELMORA, "duty-officer", barred=True, reason="Recalled."))
    for kind in ("correspondence.note", "guidelines.bar", "guidelines.step", "silence.object"):
        refusal = ask(made, BELMORA, kind, office="duty-officer", precedence="FLASH")
        assert "Its own party has recalled" in refusal.sentence
    assert ask(made, ARVENIA, office="duty-officer", precedence="FLASH") is None
    assert ask(made, BELMORA, "guidelines.bar") is None
    made.say(BELMORA, Bar(BELMORA, "duty-officer", barred=False, reason=""))
    assert ask(made, BELMORA, office="duty-officer", precedence="FLASH") is None


# --- what changed for me ------------------------------------------------------------------------------


def changed(made, party, office="registry", proposal=None):
    return views.changes(made.state, made.facts, proposal, party, office)


def test_what_an_amendment_would_change_for_me_is_told_before_and_after_it():
    made = room()
    stricter = charter(
        rule("notes", acts=("correspondence.*",)), rule("quiet", Effect.MAY_NOT, roles=(Role.MEMBER,), precedences=("FLASH",)),
        ladder(), title="Stricter",
    )  # fmt: skip
    proposal = propose(made, stricter)
    told = changed(made, BELMORA, proposal=proposal)
    sentences = [each["sentence"] for each in told["for_me"]]
    assert "You may no longer send notes in these cases (precedence: FLASH)." in sentences
    assert "You may no longer settle." in sentences
    assert {each["id"] for each in told["clauses"]} == {"quiet", "table"}
    assert told["asymmetries"] == [
        {"kind": "correspondence.note", "words": "send notes", "more": ["Arvenia"], "fewer": ["Belmora", "Corvalis"]}
    ]
    assert all("FLASH" not in each["sentence"] for each in changed(made, BELMORA, "duty-officer", proposal)["for_me"])
    for party in ALL:
        made.say(party, Accept(proposal, name_of(stricter)))
    assert changed(made, BELMORA) == told
    assert changed(made, BELMORA, proposal=proposal) is None
    assert all("FLASH" not in each["sentence"] for each in changed(made, ARVENIA)["for_me"])


def test_a_first_charter_is_compared_with_the_founding_act_alone():
    made = room(None)
    assert changed(made, BELMORA) is None
    adopt(made, OPEN_TO_ALL)
    told = changed(made, BELMORA)
    assert "You may no longer vote." in [each["sentence"] for each in told["for_me"]]
    assert all(each["before"] == "" for each in told["clauses"])
    assert told["asymmetries"] == []


@pytest.mark.parametrize("old", TEMPLATES)
@pytest.mark.parametrize("new", TEMPLATES)
def test_templates_are_compared(old, new):
    made = room(TEMPLATES[old])
    proposal = propose(made, TEMPLATES[new]) if old != new else None
    told = changed(made, DORANE, proposal=proposal)
    assert told["clauses"]
    assert all(each["sentence"].startswith("You may") for each in told["for_me"])


def test_more_cases_than_anybody_reads_are_refused():
    topics = tuple(f"topic {number}" for number in range(16))
    wide = [
        rule("a", topics=topics, phases=tuple(Phase), rungs=(Rung.OPEN,), forms=("non-paper",)),
        rule("b", up_to=Label.PUBLIC, circumstances=tuple(diff.Circumstance)),
    ]
    made = room(charter(*wide))
    with pytest.raises(Refused, match="clause by clause"):
        changed(made, BELMORA)


def test_the_standing_is_that_of_the_place_in_the_log():
    made = room(GUESTS, replace(KNOWING))
    made.say(BELMORA, Announce(STRANGER))
    assert STRANGER not in standing_at(made.state, made.facts, made.now).announced
    assert STRANGER in standing_at(made.state, made.facts, made.now + 73 * HOUR).announced
    assert isinstance(made, Room)
    shown = views.describe(made.state, made.facts, made.now)
    assert [each["party"] for each in shown["announced"]] == [STRANGER]


def test_what_could_be_piled_up_without_end_is_bounded(monkeypatch):
    monkeypatch.setattr(rules, "MOST_ANNOUNCED", 1)
    monkeypatch.setattr(rules, "MOST_BARRED", 1)
    made = room(GUESTS)
    made.say(BELMORA, Announce(STRANGER))
    made.refused(BELMORA, Announce(named("Elsewhere")), "guidelines.once")
    made.refused(CORVALIS, Announce("elsewhere"), "guidelines.target")
    made.say(BELMORA, Bar(ARVENIA, "envoy", barred=True, reason=""))
    made.refused(BELMORA, Bar(ARVENIA, "press", barred=True, reason=""), "guidelines.once")
    made.say(BELMORA, Bar(ARVENIA, "envoy", barred=False, reason=""))
