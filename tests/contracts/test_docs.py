"""Pages that fail when they lie: every link leads somewhere, every path and command that they name is there."""

import re
from pathlib import Path

import pytest
from contracts import house
from typer.main import get_command

from detente.cli.main import app

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
NAMED = re.compile(
    r"`((?:detente|docs|tests|tools|bench|requirements)/[\w./-]*\.\w+|[\w/]+/|\.ci/\w+|dev\.py|pyproject\.toml)`"
)
COMMAND = re.compile(r"(?m)(?:^ {4,}|`)(?:python3 |\.venv/bin/)?(dev\.py|detente)((?: [a-z][\w-]*)+)((?: --?[\w-]+)*)")


def lost_links(page: Path, text: str) -> list[str]:
    targets = [link for link in LINK.findall(text) if "://" not in link]
    return [link for link in targets if not (page.parent / link).exists()]


def lost_paths(text: str) -> list[str]:
    return [name for name in NAMED.findall(text) if not (ROOT / name).exists()]


def lost_commands(text: str, commands: dict[str, set[str]]) -> list[str]:
    """The commands and options in a page that do not exist.  `commands`: "detente verify" -> its options."""
    lost = []
    for program, words, options in COMMAND.findall(text):
        known = [name for name in commands if f"{program}{words} ".startswith(f"{name} ")]
        if not known:
            lost.append(program + words)
            continue
        command = max(known, key=len)
        lost += [f"{command} {option}" for option in options.split() if option not in commands[command]]
    return lost


def of_dev() -> dict[str, set[str]]:
    """The commands of dev.py."""
    actions = house.dev.parser()._subparsers._group_actions[0].choices
    return {f"dev.py {name}": {*one._option_string_actions} for name, one in actions.items()}


def of_detente(command, name: str) -> dict[str, set[str]]:
    """The commands of a program, each with its options."""
    if not hasattr(command, "list_commands"):
        return {name: {option for parameter in command.params for option in parameter.opts} | {"--help"}}
    below = {sub: command.get_command(None, sub) for sub in command.list_commands(None)}
    return {known: one for sub, each in below.items() for known, one in of_detente(each, f"{name} {sub}").items()}


@pytest.fixture(scope="module")
def commands():
    return of_dev() | of_detente(get_command(app), "detente")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page, commands):
    text = page.read_text("utf-8")
    assert lost_links(page, text) == []
    assert lost_paths(text) == []
    assert lost_commands(text, commands) == []


def test_control_what_is_not_there_is_found(commands):
    text = (
        "See [this](nowhere.md), `detente/nothing.py` and\n\n    python3 dev.py dance\n    detente verify --backwards\n"
    )
    assert lost_links(ROOT / "README.md", text) == ["nowhere.md"]
    assert lost_paths(text) == ["detente/nothing.py"]
    assert lost_commands(text, commands) == ["dev.py dance", "detente verify --backwards"]


def test_every_decision_stands_in_the_list_under_its_own_title():
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    lines = [line for line in (folder / "README.md").read_text("utf-8").splitlines() if line.startswith("- [")]
    titles = [path.read_text("utf-8").splitlines()[0].removeprefix("# ") for path in pages]
    assert pages
    assert [line.replace("[", "").split("](")[0].removeprefix("- ") for line in lines] == [
        t.split(" ")[0] for t in titles
    ]
    assert [f"{line.split('[')[1].split(']')[0]} {line.split(') ', 1)[1]}" for line in lines] == titles
    assert [LINK.findall(line) for line in lines] == [[path.name] for path in pages]
    assert [path.name[:4] for path in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]


@pytest.mark.parametrize("name", ["why", "words", "journey", "threat-model", "newcomer", "specs/instrument"])
def test_the_page_is_there_and_something_leads_to_it(name):
    page = ROOT / "docs" / f"{name}.md"
    assert page.read_text("utf-8").startswith("# ")
    linked = {(other.parent / link).resolve() for other in PAGES for link in LINK.findall(other.read_text("utf-8"))}
    named = any(f"docs/{name}.md" in path.read_text("utf-8") for path in (ROOT / "detente").rglob("*.py"))
    assert page.resolve() in linked or named
