"""`detente charter`: on files alone, and against a house that answers."""

import json

import msgspec
import pytest
from serving import serving
from typer.testing import CliRunner

from detente import bootstrap
from detente.chancery.identity import EVERY_POWER
from detente.cli import charter_line
from detente.cli.charter import app
from detente.ground.errors import Refused, Unavailable
from detente.procedures.guidelines.templates import CEASEFIRE, HOTLINE, TEMPLATES

RUN = CliRunner()


def ran(*arguments):
    return RUN.invoke(app, list(arguments))


def written(folder, charter):
    path = folder / "charter.json"
    path.write_bytes(msgspec.json.encode(charter))
    return str(path)


def test_templates_are_listed_shown_and_sound():
    assert [line.split()[0] for line in ran("list").stdout.splitlines()] == list(TEMPLATES)
    for name, charter in TEMPLATES.items():
        assert ran("show", name).stdout.startswith(f"## {charter.title}")
        assert ran("check", name).exit_code == 0


def test_what_is_shown_as_data_is_read_again(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(ran("show", "ceasefire", "--json").stdout)
    assert ran("show", str(path)).stdout == ran("show", "ceasefire").stdout
    assert ran("diff", "ceasefire", str(path)).stdout == ""


def test_a_difference_is_told_clause_by_clause(tmp_path):
    path = written(tmp_path, msgspec.structs.replace(CEASEFIRE, clauses=CEASEFIRE.clauses[1:]))
    told = ran("diff", "ceasefire", path).stdout
    assert told.startswith("Point 1 (notes.sides)\n  - The chair and members may send notes, on the topic")
    assert "+" not in told


def test_an_unsound_charter_ends_with_one_and_its_reason(tmp_path):
    path = written(tmp_path, msgspec.structs.replace(HOTLINE, clauses=HOTLINE.clauses[:1]))
    ended = ran("check", path)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("guidelines.locked: It does not say how it is changed")
    assert ran("propose", "0" * 64, path, "--house", "http://127.0.0.1:9", "--link", "x").exit_code == 1


@pytest.mark.parametrize(
    "content", ["", "[]", '{"title": "x"}', '{"title":"x","clauses":[],"title":"y"}', "{" * 99_999]
)
def test_what_is_no_charter_ends_with_two(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content)
    ended = ran("check", str(path))
    assert ended.exit_code == 2
    assert ended.stderr.endswith(".\n")


def test_a_file_that_is_not_there_or_too_large_ends_with_two(tmp_path):
    assert "no template" in ran("check", str(tmp_path / "none.json")).stderr
    large = tmp_path / "large.json"
    large.write_bytes(b" " * ((1 << 20) + 1))
    assert "a megabyte" in ran("check", str(large)).stderr


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("house")
    bootstrap.make_house(home, bytes(32), {"en": "Republic of Arvenia"}, {"head-of-mission": EVERY_POWER})
    with serving(home) as made:
        yield made


def reaching(house, *arguments):
    link = house.sessions.link("head-of-mission")
    return ran(*arguments, "--house", f"http://{house.entrance.address}", "--link", link)


def test_a_line_is_founded_at_home_and_waits_where_the_relay_is_away(house, monkeypatch):
    monkeypatch.setattr(charter_line, "TIMES", 0)
    ended = reaching(house, "found", "bilateral-hotline", "--title", "A line", "--member", "a" * 52)
    assert ended.exit_code == 1  # nobody of that name is accredited
    ended = reaching(house, "found", "bilateral-hotline", "--title", "A line", "--member", own(house))
    assert ended.exit_code == 2
    assert "is founded at home, and the relay does not answer" in ended.stderr


def own(house):
    with charter_line.visit(f"http://{house.entrance.address}", house.sessions.link("head-of-mission")) as visitor:
        return visitor.ask("GET", "/house")["party"]


def test_a_proposal_on_a_line_that_is_not_there_is_refused_by_the_house(house, tmp_path):
    assert "nothing here by that name" in reaching(house, "propose", "0" * 64, "ceasefire").stderr
    act = tmp_path / "act.json"
    act.write_text(json.dumps({"kind": "guidelines.leave", "stays": False, "reason": ""}))
    assert "nothing here by that name" in reaching(house, "may", "0" * 64, str(act)).stderr
    assert ran("may", "0" * 64, str(tmp_path / "none"), "--house", "http://127.0.0.1:9", "--link", "x").exit_code == 2
    act.write_text("nonsense")
    assert ran("may", "0" * 64, str(act), "--house", "http://127.0.0.1:9", "--link", "x").exit_code == 2


def test_a_house_that_is_away_and_a_link_that_is_none_are_told(house):
    assert (
        "does not answer"
        in ran("propose", "0" * 64, "ceasefire", "--house", "http://127.0.0.1:9", "--link", "x").stderr
    )
    assert "no address" in ran("propose", "0" * 64, "ceasefire", "--house", "http://a:port", "--link", "x").stderr
    ended = ran("propose", "0" * 64, "ceasefire", "--house", f"http://{house.entrance.address}", "--link", "x")
    assert "never was one" in ended.stderr


class Answering:
    """A visitor whose house has answered already."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def ask(self, method, path, body=None, **_query):
        self.asked.append((method, path, body))
        return self.answers.pop(0)


def test_the_answer_to_may_i_is_a_sentence():
    yes = {"may": True, "clause": "notes", "sentence": "", "instead": ""}
    assert charter_line.may(Answering(yes), "l", {}) == "Yes: notes."
    no = {"may": False, "clause": "", "sentence": "No clause allows it.", "instead": "members"}
    with pytest.raises(Refused, match=r"No clause allows it\. It could be done by members\."):
        charter_line.may(Answering(no), "l", {})


def test_founding_names_every_seat_once_and_proposes_when_the_line_has_its_place():
    visitor = Answering({"party": "own"}, {"line": "l"}, {"word": "held"}, {"word": "ordered"}, {"act": "p"})
    told = charter_line.found(visitor, "A line", charter_line.Seats(("own", "b"), ("c",)), "SENSITIVE", HOTLINE)
    assert told == "l\np"
    assert visitor.asked[1][2]["members"] == [
        {"party": "own", "role": "chair"}, {"party": "b", "role": "member"}, {"party": "c", "role": "observer"},
    ]  # fmt: skip
    assert visitor.asked[1][2]["must_accept"] == ["b", "own"]
    with pytest.raises(Unavailable):
        charter_line.found(Answering({"party": "own"}, {"line": "l"}, *[{"word": "held"}] * 6), "A",
                           charter_line.Seats((), ()), "SENSITIVE", HOTLINE)  # fmt: skip
