"""The page for people who write charters prints the templates as they read.

`python tests/contracts/test_charters.py` writes them anew.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from detente.procedures.guidelines import clauses, prose  # noqa: E402
from detente.procedures.guidelines.templates import TEMPLATES  # noqa: E402

PAGE = ROOT / "docs" / "specs" / "charters.md"
MARK = "<!-- templates: written by tests/contracts/test_charters.py -->\n"


def printed():
    """The templates, one after the other."""
    return "\n".join(
        f"### `{name}`: {prose.page(each, {}).removeprefix('## ')}".rstrip() + "\n" for name, each in TEMPLATES.items()
    )


def test_the_page_prints_the_templates_as_they_read():
    assert PAGE.read_text("utf-8").split(MARK)[1].strip() == printed().strip()


def test_the_page_explains_every_clause():
    page = PAGE.read_text("utf-8")
    for kind in clauses.Clause.__subclasses__():
        assert f"| `{kind.__struct_config__.tag}` |" in page
    for field in clauses.Rule.__struct_fields__:
        assert field in ("id", "article", "reason", "effect") or f"`{field}`" in page


def test_a_page_that_prints_other_words_is_noticed():
    assert printed().replace("may", "may not", 1).strip() != printed().strip()


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text("utf-8").split(MARK)[0] + MARK + "\n" + printed(), "utf-8")
