"""The commands on texts: what they answer, what they write, and what they say when they cannot."""

import io
import json
import zipfile

import pytest
from typer.testing import CliRunner
from wordfiles import change, docx, p, r

from detente.cli import text_files
from detente.cli.text import app
from detente.documents import docx_reader, guesses
from detente.documents.docx_reading import Side, blocks

MEMO = (
    "# A memorandum\n\n1. The Parties [BEL: shall][COR: should] act[^1].\n\n2. They may stop.\n\n[^1]: Not at night.\n"
)
LATER = MEMO.replace("may stop", "may pause").replace("[BEL: shall][COR: should]", "shall")


@pytest.fixture
def run():
    def call(*arguments):
        ended = CliRunner().invoke(app, [str(each) for each in arguments])
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return ended

    return call


@pytest.fixture
def files(tmp_path):
    (tmp_path / "memo.md").write_text(MEMO, "utf-8")
    (tmp_path / "later.md").write_text(LATER, "utf-8")
    (tmp_path / "plain.txt").write_text("1. *Not* Markdown.\n", "utf-8")
    tracked = docx(
        p(r("1. The Parties "), change("ins", r("shall")), change("del", r("may", tag="delText")), r(" act."))
    )
    (tmp_path / "tracked.docx").write_bytes(tracked)
    (tmp_path / "plain.docx").write_bytes(docx(p(r("1. The Parties may act."))))
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04")
    return tmp_path


def sides(path):
    found = docx_reader.read(path.read_bytes())
    return [[block.text for block in blocks(found.paragraphs, side)] for side in (Side.REJECTED, Side.ACCEPTED)]


# --- outline ------------------------------------------------------------------------------------


def test_an_outline_lists_the_clauses_with_what_is_open(run, files):
    ended = run("outline", files / "memo.md")
    assert ended.exit_code == 0
    assert [line.split() for line in ended.stdout.splitlines()][:2] == [
        ["1", "A", "memorandum"],
        ["3", "1.", "The", "Parties", "[BEL:", "shall][COR:", "should]", "act[^1].", "(1", "open)"],
    ]


def test_an_outline_for_programs_has_ids_labels_and_levels(run, files):
    values = json.loads(run("outline", files / "memo.md", "--json").stdout)
    assert values["open"] == 1
    assert [(each["kind"], each["label"], each["level"], each["line"], each["open"]) for each in values["clauses"]] == [
        ("heading", "", 0, 1, 0),
        ("paragraph", "1", 2, 3, 1),
        ("paragraph", "2", 2, 5, 0),
        ("note", "[^1]", 1, 7, 0),
    ]
    assert len({each["id"] for each in values["clauses"]}) == 4


def test_a_long_clause_is_cut_on_screen_and_whole_for_programs(run, files):
    (files / "long.md").write_text("1. " + "word " * 40 + "\n", "utf-8")
    assert run("outline", files / "long.md").stdout.rstrip().endswith("…")
    assert json.loads(run("outline", files / "long.md", "--json").stdout)["clauses"][0]["text"].count("word") == 40


# --- redline ------------------------------------------------------------------------------------


def test_two_files_are_compared_on_screen(run, files):
    ended = run("redline", files / "memo.md", files / "later.md")
    assert ended.exit_code == 0
    assert "[-stop-]{+pause+}" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "memo.md → later.md: 2 equal, 2 changed."


def test_two_readings_of_one_text_are_compared_into_a_document(run, files):
    out = files / "out.docx"
    ended = run(
        "redline", files / "memo.md", "--as-a", "BEL", "--as-b", "COR", "-o", out, "--by", "SEC", "--at", "2026-01-31"
    )
    assert ended.exit_code == 0
    assert "as BEL would have it → as COR would have it" in ended.stdout
    assert sides(out) == [
        ["A memorandum", "1.\tThe Parties shall act.", "2.\tThey may stop."],
        ["A memorandum", "1.\tThe Parties should act.", "2.\tThey may stop."],
    ]
    (first, second) = docx_reader.read(out.read_bytes()).revisions
    assert {(each.author, each.date) for each in (first, second)} == {("COR", "2026-01-31T00:00:00Z")}
    assert out.stat().st_mode & 0o777 == 0o600


def test_the_same_call_makes_the_same_bytes(run, files):
    made = []
    for name in ("one.docx", "two.docx"):
        run("redline", files / "memo.md", files / "later.md", "-o", files / name, "--at", "2026-01-31T09:00Z")
        made.append((files / name).read_bytes())
    assert made[0] == made[1]


def test_a_comparison_for_programs_has_its_rows_and_what_was_written(run, files):
    out = files / "out.docx"
    ended = run("redline", files / "memo.md", files / "later.md", "-o", out, "--json")
    values = json.loads(ended.stdout)
    assert ended.stdout.count("\n") == 1
    assert (values["a"]["file"], values["b"]["file"]) == ("memo.md", "later.md")
    assert values["counts"] == {"equal": 2, "changed": 2, "deleted": 0, "inserted": 0, "moved": 0}
    assert [row["label"] for row in values["rows"]] == ["1", "2"]
    assert values["rows"][1]["spans"][1] == {"how": "deleted", "text": "stop"}
    assert values["written"]["bytes"] == out.stat().st_size


def test_a_document_with_tracked_changes_is_compared_before_and_after(run, files):
    ended = run("redline", files / "tracked.docx")
    assert "[-may-]{+shall+}" in ended.stdout
    assert "rejected → accepted" in ended.stdout
    assert "2 tracked changes" in ended.stderr
    assert "1 equal" in run("redline", files / "tracked.docx", files / "plain.docx", "--as-a", "rejected").stdout
    assert "1 changed" in run("redline", files / "tracked.docx", files / "plain.docx", "--as-a", "accepted").stdout


def test_what_moved_is_shown_at_both_places(run, files):
    clauses = [
        "1. The Parties keep the line open.\n\n",
        "2. Ships show lights at night.\n\n",
        "3. This takes effect.\n\n",
    ]
    (files / "a.md").write_text("".join(clauses), "utf-8")
    (files / "b.md").write_text("".join(clauses[1:] + clauses[:1]), "utf-8")
    lines = run("redline", files / "a.md", files / "b.md").stdout.splitlines()
    assert [line[0] for line in lines] == ["<", ">", "a"]
    assert lines[-1].endswith("2 equal, 1 moved.")


def test_equal_texts_are_said_to_be_equal(run, files):
    assert "4 equal." in run("redline", files / "memo.md", files / "memo.md").stdout
    (files / "empty.md").write_text("", "utf-8")
    assert "nothing at all" in run("redline", files / "empty.md", files / "empty.md").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["memo.md"], "Name a second file"),
        (["memo.md", "--as-a", "BEL"], "name both"),
        (["memo.md", "--as-a", "BEL", "--as-b", "XYZ"], "names no party “XYZ”"),
        (["memo.md", "--as-a", "rejected", "--as-b", "accepted"], "has no tracked changes"),
        (["memo.md", "nowhere.md"], "cannot be read"),
        (["memo.md", "broken.docx"], "damaged or cut short"),
        (["memo.md", "later.md", "--by", "a\u202eb"], "U+202E"),
        (["memo.md", "later.md", "--at", "yesterday"], "A moment is named"),
        (["memo.md", "later.md", "--at", "2026-02-31"], "no such moment"),
        (["memo.md", "later.md", "--title", "a\nb"], "A title may not"),
        (["memo.md", "later.md", "-o", "memo.md"], "is what is read"),
        (["memo.md", "later.md", "-o", "memo.md/out.docx"], "cannot be written"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_sentence(run, files, monkeypatch, arguments, sentence):
    monkeypatch.chdir(files)
    before = {each.name: each.read_bytes() for each in files.iterdir()}
    ended = run("redline", *arguments)
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert sentence in ended.stderr
    assert {each.name: each.read_bytes() for each in files.iterdir()} == before


# --- export -------------------------------------------------------------------------------------


def test_a_text_is_written_as_a_document_beside_itself(run, files):
    ended = run("export", files / "memo.md", "--to", "docx")
    assert ended.exit_code == 0
    assert sides(files / "memo.docx")[1] == [
        "A memorandum",
        "1.\tThe Parties [BEL: shall][COR: should] act.",
        "2.\tThey may stop.",
    ]
    assert "text as negotiated" in ended.stdout


def test_a_reading_of_a_text_is_written(run, files):
    values = json.loads(
        run("export", files / "memo.md", "--to", "docx", "-o", files / "x.docx", "--as", "COR", "--json").stdout
    )
    assert sides(files / "x.docx")[1][1] == "1.\tThe Parties should act."
    assert values["written"][0]["file"].endswith("x.docx")
    assert values["title"] == "A memorandum"


def test_a_text_that_is_no_markdown_keeps_its_signs(run, files):
    run("export", files / "plain.txt", "--to", "docx")
    assert sides(files / "plain.docx")[1] == ["1.\t*Not* Markdown."]


def test_two_formats_of_one_text_have_two_endings(run, files, monkeypatch):
    from detente.documents import formats

    other = formats.Format(".other", "text/plain", "for this test", lambda _, meta: meta.title.encode())
    monkeypatch.setitem(formats.FORMATS, "other", other)
    assert run("export", files / "memo.md", "--to", "docx, other", "-o", files / "out.docx").exit_code == 0
    assert (files / "out.other").read_bytes() == b"A memorandum"
    assert (files / "out.docx").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["memo.md", "--to", "pages"], "no format “pages”"),
        (["memo.md", "--to", "docx", "--as", "XYZ"], "names no party"),
        (["plain.docx", "--to", "docx"], "is what is read"),
        (["memo.md", "--to", "docx", "--title", " "], "single spaces"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_a_sentence(run, files, monkeypatch, arguments, sentence):
    monkeypatch.chdir(files)
    ended = run("export", *arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert sentence in ended.stderr


# --- inspect ------------------------------------------------------------------------------------


def test_a_document_is_inspected_as_its_text_and_with_what_it_holds_besides(run, files):
    values = json.loads(run("inspect", files / "tracked.docx", "--json").stdout)
    assert values["clauses"] == {"paragraph": 1}
    held = values["document"]
    assert (held["rejected"], held["accepted"]) == (["1. The Parties may act."], ["1. The Parties shall act."])
    assert [(each["kind"], each["author"]) for each in held["revisions"]] == [("insertion", "BEL"), ("deletion", "BEL")]
    assert held["bytes"] == (files / "tracked.docx").stat().st_size
    shown = run("inspect", files / "tracked.docx").stdout
    assert "2 tracked changes" in shown
    assert "insertion by BEL: shall" in shown


def test_a_text_is_inspected_as_before(run, files):
    assert "document" not in json.loads(run("inspect", files / "memo.md", "--json").stdout)
    assert "document" not in run("inspect", files / "memo.md").stdout


def test_a_document_that_harms_is_refused_by_every_command(run, files):
    with zipfile.ZipFile(io.BytesIO((files / "plain.docx").read_bytes())) as package:
        held = {name: package.read(name) for name in package.namelist()}
    from wordfiles import zipped

    (files / "evil.docx").write_bytes(zipped(held | {"word/vbaProject.bin": b"\0"}))
    for arguments in (["inspect"], ["outline"], ["redline"], ["export", "--to", "docx", "-o", files / "out.docx"]):
        ended = run(*arguments, files / "evil.docx")
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert "has macros" in ended.stderr
    assert not (files / "out.docx").exists()


# --- small things -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The Parties", "en"),
        ("الأطراف (COR)", "ar"),
        ("הצדדים", "he"),
        ("Стороны", "ru"),
        ("缔约方", "zh"),
        ("12", "en"),
    ],
)
def test_the_script_of_a_text_suggests_its_language(text, language):
    assert guesses.language_of(text) == language


def test_a_text_without_a_heading_has_its_files_name(run, files):
    assert (
        json.loads(run("export", files / "plain.txt", "--to", "docx", "-o", files / "x.docx", "--json").stdout)["title"]
        == "plain"
    )


def test_at_a_terminal_it_is_seen_that_something_is_worked_on(monkeypatch, capsys):
    monkeypatch.setattr(text_files.sys.stderr, "isatty", lambda: True)
    with text_files.at_work("reading [a file]"):
        pass
    assert capsys.readouterr().out == ""
