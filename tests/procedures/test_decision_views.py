"""What people see of silences and ballots, and what each is offered to do."""

from dataclasses import replace

import test_ballot_rules as ballots
import test_silence_rules as silences
from lineup import ARVENIA, BELMORA, CORVALIS, DORANE, FACTS, Room
from test_ballot_rules import ABSTAIN, NO, YES, opened, planned, step, voted

from detente.procedures.ballot import views as ballot_views
from detente.procedures.ballot.acts import Explain
from detente.procedures.ballot.presets import PRESETS
from detente.procedures.ballot.rules import PROCEDURE as BALLOT
from detente.procedures.silence import views as silence_views
from detente.procedures.silence.acts import Conclude, Lift, Object
from detente.procedures.silence.acts import Explain as Say
from detente.procedures.silence.rules import PROCEDURE as SILENCE


def silence_room():
    return Room(SILENCE, replace(FACTS, texts={silences.TEXT: silences.on_the_table()}))


def ballot_room():
    return Room(BALLOT, replace(FACTS, texts={ballots.TEXT: ballots.on_the_table()}))


def may(room, name, party):
    return silence_views.may(room.state.silences[name], room.facts, party)


def test_a_silence_is_told_with_who_has_it_and_who_objects():
    room = silence_room()
    name = silences.opened(room)
    silences.all_receive(room, name, (ARVENIA, BELMORA))
    room.say(CORVALIS, Object(name, "Not so."))
    (told,) = silence_views.listed(room.state, room.facts)
    assert (told["stage"], told["title"], told["decided"]) == ("running", "A text", None)
    by_name = {each["name"]: (each["received"] is not None, each["objects"]) for each in told["objectors"]}
    assert by_name == {"Arvenia": (True, False), "Belmora": (True, False), "Corvalis": (False, True)}
    assert told["objections"][0]["reason"] == "Not so."
    assert may(room, name, CORVALIS) == ["lift", "conclude"]
    assert may(room, name, BELMORA) == ["object", "conclude"]
    assert may(room, name, ARVENIA) == ["object", "extend", "conclude", "cancel"]
    assert may(room, name, DORANE) == []
    room.say(CORVALIS, Lift(name))
    assert silence_views.listed(room.state, room.facts)[0]["objections"][0]["lifted"] is not None


def test_a_held_silence_names_who_was_not_reached_and_an_adopted_one_its_statements():
    room = silence_room()
    room.know(silence_without_all=True)
    held, adopted = silences.opened(room), silences.opened(room)
    silences.all_receive(room, held, (ARVENIA, BELMORA))
    silences.all_receive(room, adopted)
    silences.until_the_deadline(room, adopted)
    room.say(ARVENIA, Conclude(held))
    room.say(ARVENIA, Conclude(adopted))
    room.say(BELMORA, Say(adopted, "Not paragraph 3.", disassociates=True))
    newest, oldest = silence_views.listed(room.state, room.facts)
    assert [each["name"] for each in oldest["objectors"] if each["not_reached"]] == ["Corvalis"]
    assert newest["statements"][0]["disassociates"]
    assert may(room, held, ARVENIA) == ["extend", "record", "cancel"]
    assert may(room, adopted, BELMORA) == ["explain"]
    room.know(members={}, texts={})
    nameless = silence_views.listed(room.state, room.facts)[0]
    assert nameless["title"] == ""
    assert nameless["objectors"][0]["name"].endswith("…")


def test_a_ballot_is_told_with_its_figures_so_far_and_at_the_end():
    room = ballot_room()
    name = opened(room, rules=PRESETS["main-committee"], sponsors=(BELMORA,))
    voted(room, name, YES, NO)
    (told,) = ballot_views.listed(room.state, room.facts)
    assert (told["figures"]["yes"], told["figures"]["no"], told["figures"]["absent"]) == (1, 1, 1)
    assert {each["name"]: each["choice"] for each in told["votes"]} == {
        "Arvenia": "yes", "Belmora": "no", "Corvalis": None,
    }  # fmt: skip
    one = room.state.ballots[name]
    assert ballot_views.may(one, room.facts, CORVALIS) == ["cast", "close", "explain"]
    assert ballot_views.may(one, room.facts, BELMORA) == ["cast", "close"]  # a sponsor does not explain
    assert ballot_views.may(one, room.facts, DORANE) == []
    voted(room, name, None, None, YES)
    room.say(CORVALIS, Explain(name, "With regret."))
    ballots.ended(room, name)
    (told,) = ballot_views.listed(room.state, room.facts)
    assert (told["stage"], told["figures"]["outcome"]) == ("adopted", "adopted")
    assert told["statements"][0]["words"] == "With regret."
    assert ballot_views.may(room.state.ballots[name], room.facts, ARVENIA) == ["intend", "explain"]


def test_after_a_tie_the_chair_is_offered_a_second_vote():
    room = ballot_room()
    name = opened(room)
    voted(room, name, YES, NO, ABSTAIN)
    tied = ballots.ended(room, name)
    assert "again" in ballot_views.may(tied, room.facts, ARVENIA)
    assert "again" not in ballot_views.may(tied, room.facts, BELMORA)


def test_a_plan_is_told_step_by_step():
    room = ballot_room()
    planned(room, step("First.", 1), step("Second."))
    (told,) = ballot_views.plans(room.state)
    assert told["next"] == 0
    assert [(each["question"], each["fate"], each["falls"]) for each in told["steps"]] == [
        ("First.", "waiting", [1]), ("Second.", "waiting", []),
    ]  # fmt: skip


def test_rules_of_procedure_are_said_as_one_reads_them():
    said = {name: ballot_views.sentence(rules) for name, rules in PRESETS.items()}
    assert said["main-committee"] == "Adopted by more than 1/2 of yes and no; more than 1/2 have to be present."
    assert said["treaty-conference"].startswith("Adopted by at least 2/3 of yes and no;")
    assert said["consensus"].startswith("Adopted by nobody against;")
    assert said["consent-of-all"] == "Adopted by at least 1/1 of all who may vote; at least 1/1 have to be present."
