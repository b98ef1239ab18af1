"""One proposal in nine languages: the importer sees the same tree in each."""

import json

import pytest
from shared import shared

from detente.procedures.table import concordance, tree
from detente.procedures.table.parse import parse

pytestmark = pytest.mark.vectors
ARTICLE = {"en": "Article", "fr": "Article", "es": "Artículo", "de": "Artikel", "bg": "Член", "el": "Άρθρο",
           "pl": "Artykuł", "mt": "Artikolu", "ga": "Airteagal"}  # fmt: skip


def written(rows, language):
    """The recitals and articles as a text, in one language."""
    by_id = {row["id"]: row for row in rows}
    recitals, articles = (
        sorted((row for row in rows if row["type"] == kind), key=lambda each: int(each["literal"]))
        for kind in ("recital", "article")
    )
    lines = [f"({row['literal']}) {row['text'][language]}" for row in recitals]
    for row in articles:
        lines += [f"{ARTICLE[language]} {row['literal']}", row["text"][language], *under(by_id, row, language)]
    return "\n\n".join(" ".join(line.split()) if line[0] != " " else line for line in lines) + "\n"


def under(by_id, row, language):
    for name in row["children"]:
        child = by_id[name]
        words = " ".join(child["text"][language].split())
        mark = {"paragraph": f"{child['literal']}. ", "point": f"    ({child['literal']}) "}.get(child["type"], "")
        yield mark + words
        yield from under(by_id, child, language)


@pytest.fixture(scope="module")
def versions():
    path = shared("corpus/gdpr-multilingual/com_proposal_even.jsonl")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return {language: parse(written(rows, language)).document for language in ARTICLE}


def test_the_tree_is_the_same_in_nine_languages(versions):
    assert len(versions) == 9
    assert concordance.compare(versions) == ()
    labels = [clause.label for clause in tree.clauses(versions["en"].passage)]
    assert sum(label.startswith("Article ") for label in labels) == 45
    assert len(labels) == 45 + 45 + 69 + 164 + 128 + 8 + 3
    assert {version.passage.open for version in versions.values()} == {4}


def test_a_clause_that_one_language_lacks_is_told(versions):
    rendered = tree.render(versions["fr"])
    paragraph = next(part for part in rendered.split("\n\n") if part.startswith("2. "))
    shorter = parse(rendered.replace(paragraph + "\n\n", "", 1)).document
    (found,) = concordance.compare({"en": versions["en"], "fr": shorter})
    assert found.sentence == "The paragraph 2 of en has nothing that answers it in fr."
