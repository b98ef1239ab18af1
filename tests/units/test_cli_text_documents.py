"""The commands that lay a text out: columns, status, view; and Akoma Ntoso in and out, through the jailed child."""

import json

import pytest
from click.testing import CliRunner
from test_documents_pages import TEXT
from typer.main import get_command

from detente.cli.text import app
from detente.documents import intake
from detente.documents.akn_read import Incoming, checked
from detente.ground.errors import Malformed


def run(*arguments):
    return CliRunner().invoke(get_command(app), [str(each) for each in arguments])


def said(*arguments):
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def text(tmp_path):
    file = tmp_path / "protocol.md"
    file.write_text(TEXT, encoding="utf-8")
    return file


def test_columns_are_written_in_every_format_that_was_asked_for(text):
    values = said("columns", text, "--parties", "BEL,DOR", "--to", "html,csv,json", "--at", "2026-01-31")
    assert values["columns"] == ["Base", "BEL", "DOR"]
    assert [each["format"] for each in values["written"]] == ["html", "csv", "json"]
    assert (text.parent / "protocol.columns.csv").read_bytes().startswith(b"\xef\xbb\xbfclause,")
    assert b"<table" in (text.parent / "protocol.columns.html").read_bytes()
    shown = run("columns", text, "-o", text.parent / "out.html")
    assert "by 4 columns" in shown.stdout
    assert (text.parent / "out.html").exists()


def test_versions_and_a_draft_stand_beside_a_text(text):
    other = text.with_name("later.md")
    other.write_text(TEXT.replace("Nothing", "Something"), encoding="utf-8")
    values = said("columns", text, other, "--to", "csv", "-o", text.parent / "v.csv")
    assert values["columns"] == ["protocol.md", "later.md"]
    assert values["lights"]["yellow"] == 1
    values = said("columns", text, "--draft", other, "--to", "csv", "-o", text.parent / "d.csv")
    assert values["columns"] == ["Base", "BEL", "COR", "DOR", "Draft"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--to", "odt"], "There is no format “odt”"),
        (["--parties", "BEL,XYZ"], "The text names no party “XYZ”; it names BEL, COR, DOR."),
        (["--language", ""], "A document names its language"),
        (["--at", "yesterday"], "A moment is named as in"),
    ],
)
def test_columns_refuse_with_a_sentence_and_write_nothing(text, more, sentence):
    done = run("columns", text, *more)
    if more == ["--language", ""]:
        assert done.exit_code == 0  # an empty language is none, and is looked for
        return
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert done.stdout == ""
    assert [each.name for each in text.parent.iterdir()] == ["protocol.md"]


def test_too_many_files_and_files_that_are_no_texts_are_refused(text):
    assert "versions stand side by side" in run("columns", *[text] * 31).stderr
    assert "At most 50 drafts" in run("status", *[text] * 51).stderr
    assert "several files are versions" in run("columns", text, text, "--parties", "BEL").stderr
    for command in ("columns", "status", "view"):
        done = run(command, text.with_name("nowhere.md"))
        assert (done.exit_code, done.stdout) == (2, "")
        assert "cannot be read" in done.stderr


def test_the_status_of_a_text_and_of_a_series(text):
    values = said("status", text)
    (state,) = values["states"]
    assert (state["whole"]["open"], state["whole"]["contested"]) == (5, 2)
    assert state["whole"]["blocking"] == {"?": 1, "BEL": 1, "COR": 1, "DOR": 1}
    shown = run("status", text)
    assert "the whole" in shown.stdout
    assert "in the way in protocol.md" in shown.stdout
    later = text.with_name("later.md")
    later.write_text(TEXT.replace("[in time [and [always]]]", "in time"), encoding="utf-8")
    series = run("status", text, later).stdout
    assert [line.split()[-2:] for line in series.splitlines() if line.startswith("all that is open")] == [["5", "2"]]


def test_a_text_as_one_party_would_have_it_and_only_what_blocks(text):
    assert "1. Each Party should act[^1] [in time [and [always]]]." in run("view", text, "--as", "DOR").stdout
    assert run("view", text).stdout == TEXT
    blocking = said("view", text, "--only-blocks")
    assert [each["label"] for each in blocking["paragraphs"]] == ["", "Article 1", "1", "(a)"]
    assert blocking["paragraphs"][2]["blocking"] == ["BEL", "COR", "DOR"]
    done = run("view", text, "--as", "XYZ")
    assert done.exit_code == 2
    assert "it names BEL, COR, DOR" in done.stderr
    calm = text.with_name("calm.md")
    calm.write_text("1. Nothing.\n", encoding="utf-8")
    assert "Nobody stands in the way" in run("view", calm, "--only-blocks").stderr


def test_a_text_leaves_as_akoma_ntoso_and_comes_back_as_it_was(text):
    assert run("export", text, "--to", "akn", "--at", "2026-01-31").exit_code == 0
    file = text.with_suffix(".akn.xml")
    assert said("inspect", file)["sha256"] == said("inspect", text)["sha256"]
    taken = intake.taken(file.read_bytes(), ".xml")
    assert (taken.text, taken.title, taken.language) == (TEXT, "Protocol", "en")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "has a DOCTYPE"),
        (b"<html/>", "Akoma Ntoso begins with <akomaNtoso>"),
        (b"<akomaNtoso", "no well-formed XML"),
        (b"", "no well-formed XML"),
    ],
)
def test_what_is_no_akoma_ntoso_is_refused_by_the_child_and_the_sentence_comes_back(tmp_path, raw, sentence):
    file = tmp_path / "a.xml"
    file.write_bytes(raw)
    done = run("inspect", file)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert done.stdout == ""


def test_what_was_not_carried_is_said(tmp_path):
    file = tmp_path / "a.xml"
    file.write_text(
        '<akomaNtoso xmlns="http://docs.oasis-open.org/legaldocml/ns/akn/3.0/WD17"><act name="x"><body><p>A <img src="x"/>'
        "picture.</p></body></act></akomaNtoso>"
    )
    done = run("view", file)
    assert done.stdout == "A picture.\n"
    assert "1 × picture, which a text cannot hold" in done.stderr
    assert "a working draft of the standard" in done.stderr


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"text": "x\u202e"}, "U\\+202E"),
        ({"title": "two\nlines"}, "The title of the file"),
        ({"language": "x y"}, "a language that is none"),
    ],
)
def test_a_child_that_was_taken_over_may_not_say_what_no_text_says(changed, sentence):
    honest = Incoming("1. Words.\n", "A law", "en", "act", "", False, "", (), (), ())
    assert checked(honest) is honest
    values = {name: getattr(honest, name) for name in honest.__struct_fields__} | changed
    with pytest.raises(Malformed, match=sentence):
        checked(Incoming(**values))
