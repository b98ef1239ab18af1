"""The order of votes on amendments, and what falls with each, by the rules' own words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import BELMORA, CORVALIS
from test_table_amendments import FIRST, SECOND, listed, row
from test_table_rules import Table
from typer.testing import CliRunner

from detente.acts.voting import Outcome
from detente.cli.text import app
from detente.ground.errors import Malformed
from detente.procedures.table import acts, amendments, tree, voteorder
from detente.procedures.table.tree import Place
from detente.procedures.table.voteorder import Part, Scope, Submission, divided, excludes, order, rehearse

ADOPTED, REJECTED = Outcome.ADOPTED, Outcome.REJECTED


def change(name, lo, hi, **more):
    scope = Scope.INSERT if lo == hi else Scope.CHANGE_PART
    return Submission(name, "1", scope, (Place(b"", lo, hi),), hi - lo, **more)


def whole(name, scope=Scope.DELETE_WHOLE, place="1", **more):
    return Submission(name, place, scope, **more)


def names(steps):
    return [step.submission.name for step in steps]


def test_the_furthest_removed_comes_first_and_what_it_excludes_falls():
    steps = order(
        [change("insert", 5, 5), change("part", 4, 8), whole("other words", Scope.REPLACE_WHOLE), whole("delete")]
    )
    assert names(steps) == ["delete", "other words", "part", "insert"]
    assert [step.falls for step in steps] == [("other words", "part", "insert"), ("part", "insert"), ("insert",), ()]


def test_of_two_of_a_kind_the_one_that_touches_more_and_of_two_alike_the_one_submitted_first():
    steps = order([change("later", 0, 4, submitted=2), change("sooner", 6, 10, submitted=1), change("longer", 20, 90)])
    assert names(steps) == ["longer", "sooner", "later"]
    assert [step.alike for step in steps] == [(), ("later",), ("sooner",)]


def test_places_come_in_the_order_of_the_text_and_do_not_exclude_each_other():
    steps = order([change("one", 0, 4), whole("elsewhere", place="2"), change("two", 0, 9)])
    assert names(steps) == ["two", "one", "elsewhere"]
    assert steps[2].falls == ()


def test_an_amendment_to_an_amendment_comes_before_it_and_falls_with_it():
    listed_ = [whole("delete"), change("a", 0, 9), change("on a", 2, 4, on="a"), change("on that", 3, 4, on="on a")]
    steps = order(listed_)
    assert names(steps) == ["delete", "on that", "on a", "a"]
    assert set(steps[0].falls) == {"on that", "on a", "a"}
    rivals = order([change("a", 0, 9), change("x", 2, 4, on="a"), change("y", 3, 5, on="a"), change("z", 3, 5)])
    assert {step.submission.name: step.falls for step in rivals}["x"] == ("y",)


def test_insertions_at_one_gap_do_not_exclude_each_other_and_one_at_the_edge_of_a_range_stands():
    assert not excludes(change("a", 5, 5), change("b", 5, 5))
    assert not excludes(change("a", 5, 5), change("b", 5, 9))
    assert excludes(change("a", 6, 6), change("b", 5, 9))
    assert not excludes(whole("a", Scope.INSERT), whole("b", Scope.INSERT))
    assert not excludes(whole("a"), whole("b", place="2"))


def test_what_somebody_said_falls_too():
    steps = order([change("a", 0, 4, excludes=frozenset({"b"})), change("b", 50, 52)])
    assert steps[0].falls == ("b",)


@pytest.mark.parametrize(
    ("submissions", "said"),
    [
        ([whole("a"), whole("a")], "one name"),
        ([whole("a", on="b")], "names b"),
        ([whole("a", excludes=frozenset({"b"}))], "names b"),
        ([whole("a", on="b"), whole("b", on="a")], "in a circle"),
    ],
)
def test_submissions_that_cannot_be_ordered_are_refused(submissions, said):
    with pytest.raises(Malformed, match=said):
        order(submissions)


def test_a_rehearsal_puts_what_stands_and_says_why_the_rest_fell():
    steps = order([change("part", 4, 8), change("within", 5, 6), whole("delete"), change("apart", 20, 30)])
    first = rehearse(steps, {"delete": REJECTED})
    assert (first.put, first.upcoming, first.amended) == ((("delete", REJECTED),), "apart", False)
    done = rehearse(steps, {"delete": REJECTED, "apart": Outcome.TIED, "part": ADOPTED})
    assert done.put == (("delete", REJECTED), ("apart", REJECTED), ("part", ADOPTED))
    assert [(each.name, each.because) for each in done.fallen] == [("within", "part")]
    assert (done.upcoming, done.amended) == (None, True)
    with pytest.raises(Malformed, match="no amendment zzz"):
        rehearse(steps, {"zzz": ADOPTED})
    with pytest.raises(Malformed, match="Without a quorum"):
        rehearse(steps, {"delete": Outcome.NO_QUORUM})


@st.composite
def submissions(draw):
    made = []
    for number in range(draw(st.integers(0, 8))):
        lo, hi = sorted((draw(st.integers(0, 9)), draw(st.integers(0, 9))))
        on = draw(st.sampled_from([None, None, *(each.name for each in made)]))
        made.append(change(f"n{number}", lo, hi, submitted=number, on=on))
    return made


@given(submissions(), st.data())
def test_every_submission_is_put_or_falls_and_nothing_that_is_put_contradicts_what_was_adopted(made, data):
    steps = order(made)
    assert sorted(names(steps)) == sorted(each.name for each in made)
    place = {name: at for at, name in enumerate(names(steps))}
    assert all(place[each.name] < place[each.on] for each in made if each.on)
    outcomes = {name: data.draw(st.sampled_from([ADOPTED, REJECTED])) for name in names(steps)}
    done = rehearse(steps, outcomes)
    assert done.upcoming is None
    put, fallen = [name for name, _ in done.put], [each.name for each in done.fallen]
    assert sorted([*put, *fallen]) == sorted(names(steps))
    by_name = {each.name: each for each in made}
    adopted = [by_name[name] for name in put if outcomes[name] is ADOPTED]
    for at, one in enumerate(adopted):
        assert not any(one.on == other.on and excludes(one, other) for other in adopted[at + 1 :])
    assert rehearse(steps, dict.fromkeys(names(steps), REJECTED)).fallen == ()


@pytest.mark.parametrize(
    ("parts", "vote", "outcome"),
    [
        ([Part("1", True, ADOPTED), Part("2", True, REJECTED)], None, None),
        ([Part("1", True, ADOPTED), Part("2", True, REJECTED)], ADOPTED, ADOPTED),
        ([Part("1", True, REJECTED), Part("preamble", False, ADOPTED)], ADOPTED, REJECTED),
        ([Part("preamble", False, REJECTED)], None, REJECTED),
        ([], REJECTED, REJECTED),
    ],
)
def test_after_a_division_what_was_approved_is_voted_on_as_a_whole(parts, vote, outcome):
    assert divided(parts, vote) is outcome


def test_the_live_proposals_of_a_table_are_submissions():
    room = Table()
    edit = room.replace("1", "open", "close")
    room.say(BELMORA, edit)
    (proposal,) = (each for clause in tree.clauses(room.text.document.passage) for each in clause.passage.proposals)
    (container,) = proposal.containers
    room.say(CORVALIS, acts.Edit(room.id, edit.clause, (acts.Hunk(container, 0, 2, "sh"),)))
    room.say(CORVALIS, acts.Alternative(room.id, edit.clause, ""))
    steps = order(voteorder.from_document(room.text.document))
    assert [step.submission.scope for step in steps] == [Scope.DELETE_WHOLE, Scope.CHANGE_PART, Scope.CHANGE_PART]
    assert steps[1].submission.on == steps[2].submission.name
    assert steps[2].submission.sponsors == (BELMORA,)
    assert set(steps[0].falls) == {steps[1].submission.name, steps[2].submission.name}


LIST = (
    row("1", "Article 1 – paragraph 1", FIRST, FIRST.replace("ten", "five"), "Ada"),
    row("2", "Article 1 – paragraph 1", FIRST, FIRST.replace("ten days", "a week or so"), "Grace"),
    row("3", "Article 1 – paragraph 1", FIRST, "deleted", "Emmy"),
    row("4", "Article 1 – paragraph 1 a (new)", "", "1a. New words."),
    row("5", "Article 1", "", "Article 1 deleted"),
    row("6", "Article 1 – paragraph 2", SECOND, SECOND.replace("why", "when")),
    row("7", "Article 1 – paragraph 2", SECOND, SECOND.replace("why", "when"), "Grace"),
    row("7", "Article 1 – paragraph 2", SECOND, SECOND.replace("others", "Council")),
)


def test_a_list_of_amendments_is_ordered_and_equal_ones_are_put_once():
    steps = order(amendments.submissions(amendments.load(listed(*LIST))))
    assert names(steps) == ["3", "2", "1", "4", "5", "7", "6"]
    falls = {step.submission.name: set(step.falls) for step in steps}
    assert falls["3"] == {"1", "2"}
    assert falls["2"] == {"1"}
    assert falls["4"] == set()
    assert falls["5"] == {"6", "7"}
    assert next(step.submission.sponsors for step in steps if step.submission.name == "6") == ("Ada", "Grace")


def run(*arguments):
    return CliRunner().invoke(app, ["votes", *map(str, arguments)])


def test_the_command_rehearses(tmp_path):
    (tmp_path / "list.jsonl").write_text("\n".join(json.dumps(each) for each in LIST))
    shown = run(tmp_path / "list.jsonl", "--reject", "3", "--adopt", "2")
    assert "1  is not put: 2 was adopted" in shown.stdout
    assert shown.stdout.endswith("next: amendment 4\n")
    found = json.loads(run(tmp_path / "list.jsonl", "--reject", "3", "--adopt", "2", "--json").stdout)
    assert found["fallen"] == [{"amendment": "1", "because": "2"}]
    assert (found["next"], found["amended"], found["left"]) == ("4", True, 0)


def test_the_command_refuses_with_2(tmp_path):
    (tmp_path / "list.jsonl").write_text("\n".join(json.dumps(each) for each in LIST))
    (tmp_path / "bad").write_bytes(b"\xff")
    for arguments in (
        [tmp_path / "absent"],
        [tmp_path / "bad"],
        [tmp_path / "list.jsonl", "--base", tmp_path / "bad"],
        [tmp_path / "list.jsonl", "--adopt", "99"],
        [tmp_path / "list.jsonl", "--adopt", "1", "--reject", "1"],
    ):
        refused = run(*arguments)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert refused.stderr.count("\n") == 1
