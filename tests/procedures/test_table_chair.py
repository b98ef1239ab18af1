"""What a chair is offered: settlements that nobody stands against, and how brackets come and go over drafts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, BELMORA, CORVALIS
from test_table_rules import Table
from typer.testing import CliRunner

from detente.cli.text import app
from detente.procedures.table import acts, inflation, settling
from detente.procedures.table.acts import Stance
from detente.procedures.table.lint_look import Look
from detente.procedures.table.parse import parse


def drafted(text):
    return settling.draft(parse(text).document)


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("1. We [BEL propose: gladly] act.", ("gladly",), "BEL: wanted"),
        ("1. We [BEL: gladly] act.", ("gladly",), "BEL: wanted"),
        ("1. We [BEL propose; COR oppose: gladly] act.", (), "COR would have to agree"),
        ("1. We [COR oppose: gladly] act.", (), "COR would have to agree"),
        ("1. We [COR oppose: gladly][COR propose: soon] act.", (), "COR would have to agree"),
        ("1. We [BEL: gladly][COR: soon] act.", (), "2 variants are wanted"),
        ("1. We [gladly] act.", (), "Nobody is named"),
        ("1. We act in [X] days.", (), "A place is kept"),
    ],
)
def test_a_settlement_is_proposed_where_somebody_wants_it_and_nobody_stands_against_it(text, words, reason):
    (found,) = drafted(text)
    assert found.words == words
    assert reason in found.reason


def test_what_lies_within_a_place_waits_for_it():
    outer, other = drafted("1. We [BEL: [COR: gladly] act] and [ARV: rest].")
    assert (outer.words, other.words) == (("[COR: gladly] act",), ("rest",))


def test_positions_on_live_proposals_count():
    room = Table()
    edit = room.replace("1", "open", "close")
    name = room.say(BELMORA, edit)

    def proposed():
        found = settling.draft(room.text.document, settling.positions(room.text))
        return [each for each in found if acts.proposal_id(edit.hunks) in each.chosen]

    assert len(proposed()) == 1
    room.say(CORVALIS, acts.Position(room.id, name, Stance.RESERVE, False, ""))
    assert proposed() == []
    room.say(CORVALIS, acts.Position(room.id, name, Stance.CAN_GO_WITH_CONSENSUS, False, ""))
    assert "," in proposed()[0].reason
    room.say(ARVENIA, room.replace("1", "open", "hold"))
    assert proposed() == []


ONE = "1. [BEL: Each Party] [shall] act.\n\n2. [COR: Lines are kept open at noon and closed at night.]\n"
TWO = "1. [BEL: Each Party] acts.\n\n2. [COR: Lines are kept open at noon and closed at nightfall.]\n\n3. [BEL: New.][COR: Newer.]\n"


def test_brackets_of_a_series_come_go_and_age():
    found = inflation.series([Look(ONE), Look(TWO)])
    first, second = found.drafts
    assert (first.open, first.came, first.went) == (3, 3, 0)
    assert (second.open, second.came, second.went) == (3, 1, 1)
    assert (first.by_party, second.came_by_party) == ({"?": 1, "BEL": 1, "COR": 1}, {"BEL": 1, "COR": 1})
    assert [(each.since, each.line) for each in found.oldest] == [(0, 1), (0, 3), (1, 5)]


PIECES = st.lists(
    st.sampled_from(["[x] ", "[BEL: y] ", "[y][z] ", "[a [b] c] ", "words ", "\n\n1. "]), max_size=20
).map("".join)


@given(st.lists(PIECES, min_size=1, max_size=4))
def test_what_is_open_is_what_came_less_what_went(texts):
    found = inflation.series([Look(text) for text in texts])
    standing = 0
    for each in found.drafts:
        standing += each.came - each.went
        assert standing == each.open
    assert len(found.oldest) == standing
    assert [each.since for each in found.oldest] == sorted(each.since for each in found.oldest)
    again = inflation.series([Look(texts[-1])] * 2).drafts[1]
    assert (again.came, again.went) == (0, 0)


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_the_commands_say_it_on_screen_and_in_json(tmp_path):
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    one.write_text(ONE)
    two.write_text(TWO)
    shown = run("brackets", one, two)
    assert "two.md: 3 open, 1 came, 1 went, 1 deep" in shown.stdout
    assert "since one.md, line 1  BEL: Each Party" in shown.stdout
    found = json.loads(run("brackets", one, two, "--json").stdout)
    assert [each["open"] for each in found["drafts"]] == [3, 3]
    settled = json.loads(run("settle", two, "--json").stdout)
    assert (settled["proposed"], len(settled["places"])) == (2, 3)
    assert "2 of 3 places could be settled" in run("settle", two).stdout
    (tmp_path / "parties.toml").write_text("[parties]\nBEL = []\n")
    assert run("settle", two, "--profile", tmp_path / "parties.toml").exit_code == 0


def test_the_commands_refuse_with_2(tmp_path):
    (tmp_path / "bad.md").write_bytes(b"\xff")
    (tmp_path / "good.md").write_text(ONE)
    for arguments in (
        ["brackets", tmp_path / "bad.md"],
        ["brackets", tmp_path / "good.md", tmp_path / "good.md"],
        ["settle", tmp_path / "absent.md"],
        ["settle", tmp_path / "good.md", "--profile", tmp_path / "bad.md"],
    ):
        refused = run(*arguments)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert refused.stderr.count("\n") == 1
