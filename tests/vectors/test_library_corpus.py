"""All articles of a dozen trade agreements in a library: each is found by its own words, with where it comes from."""

import csv
import random
import re
import xml.etree.ElementTree as ET

import pytest
from rapidfuzz import fuzz
from shared import shared

from detente.library.texts import Work, open_library

pytestmark = pytest.mark.vectors
UNBRACKETED = str.maketrans("[]", "()")


def agreements():
    """(what is known of each, its text with a heading for each article, how many articles it has)."""
    folder = shared("corpus/tota/index.csv").parent
    for row in csv.DictReader((folder / "index.csv").read_text("utf-8").splitlines()):
        tree = ET.parse(folder / row["file"].rpartition("/")[2])  # noqa: S314 - a file of the shared folder
        parts = []
        for number, article in enumerate(tree.iter("article"), 1):
            words = re.sub(r"\n[ \t]+", "\n", "".join(article.itertext())).strip()
            parts.append(f"## Article {number}\n\n{words}\n\n")
        status = "in force" if tree.findtext("meta/status") == "In Force" else ""
        source = tree.findtext("meta/source") or ""
        work = Work(row["name"], date=row["signed"], status=status, language=row["lang"], source=source)
        yield work, "".join(parts).translate(UNBRACKETED), len(parts)


@pytest.fixture(scope="module")
def library():
    opened = open_library(":memory:")
    opened.add_all((work, text) for work, text, _ in agreements())
    yield opened
    opened.close()


def passages(library):
    return list(library._database.rows("SELECT passage, work, label, words FROM passages"))


def test_every_article_is_indexed_and_every_long_line_of_it(library):
    held: dict[int, list[str]] = {}
    for _, work, _, words in passages(library):
        held.setdefault(work, []).append(words)
    articles = lines = 0
    for number, (_, text, count) in enumerate(agreements(), 1):
        whole = " ".join(held[number])
        articles += count
        for line in text.splitlines():
            if len(line.split()) >= 8:
                lines += 1
                assert " ".join(line.split()) in whole, line
    assert articles == 829
    assert lines > 3_000


def test_a_passage_is_found_by_its_own_words_and_often_in_another_treaty(library):
    long = [row for row in passages(library) if len(row[3]) > 200]
    elsewhere = 0
    for _, work, _, words in random.Random(4).sample(long, 60):
        hits = library.like(words)
        assert hits[0].words == words
        assert hits[0].score == 100
        assert all(hit.work.work.date and hit.work.work.source for hit in hits)
        elsewhere += any(hit.work.number != work and fuzz.token_set_ratio(words, hit.words) >= 90 for hit in hits)
    assert elsewhere >= 20


@pytest.mark.parametrize(
    "query", ["movement of capital", '"rules of origin"', "arbitration award", "propriété", "acuerdo partes"]
)
def test_what_is_asked_for_is_in_every_hit(library, query):
    hits = library.search(query, 20)
    assert hits
    for hit in hits:
        if hit.whole:
            said = f"{hit.heading} {hit.words}".lower()
            assert all(word in said for word in re.findall(r"\w+", query.lower()))
