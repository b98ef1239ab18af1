"""Claim: agreed language is found in a small part of the time that reading all of the library would take.

All articles of the trade agreements in the shared folder (or of texts generated here, where there is none) are indexed.
Then, in the same rounds: a query of four words, and a whole passage looked for by what reads like it.

Floors: finding four words in every passage by plain `in`, and comparing the passage with every passage of the library
by rapidfuzz.token_set_ratio.  For the index: hashing the words of all passages once.  CPU time.

    python bench/search.py [--rounds N]
"""

import argparse
import hashlib
import random
import re
import time
import xml.etree.ElementTree as ET

import measure
from measure import milli, say, times
from rapidfuzz import fuzz, process

from detente.library.texts import Work, open_library

PARAGRAPH = (
    "{0}. The Parties keep the line of station {1} open at hour {2}, and answer calls about {3} within {0} days.\n\n"
)


def texts():
    """(title, text) of each work."""
    folder = measure.shared("corpus/tota")
    if folder is None:
        chance = random.Random(1)
        for work in range(12):
            words = (PARAGRAPH.format(at, chance.random(), chance.random(), chance.random()) for at in range(200))
            yield f"Generated {work}", f"## Article {work}\n\n" + "".join(words)
        return
    for path in sorted(folder.glob("*.xml")):
        parts = []
        for number, article in enumerate(ET.parse(path).iter("article"), 1):  # noqa: S314 - a file of ours
            said = re.sub(r"\n[ \t]+", "\n", "".join(article.itertext())).strip()
            parts.append(f"## Article {number}\n\n{said}\n\n")
        yield path.stem, "".join(parts).translate(str.maketrans("[]", "()"))


def filled(works):
    library = open_library(":memory:")
    library.add_all((Work(title), text) for title, text in works)
    return library


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    begun = time.monotonic()
    measure.opening("search in a library of texts")
    works = list(texts())
    library = filled(works)
    rows = {row[0]: row[1] for row in library._database.rows("SELECT passage, words FROM passages")}
    say(f"{len(works)} works, {len(rows):,} passages, {sum(map(len, rows.values())):,} characters")
    say()
    chance = random.Random(7)
    chosen = chance.sample([words for words in rows.values() if len(words) > 150], 30)
    queries = [" ".join(re.findall(r"\w{5,}", words)[:4]) for words in chosen]
    turn = iter(range(10**9))

    def each(work):
        return lambda: work(next(turn) % len(chosen))

    def plain(at):
        asked = queries[at].lower().split()
        return [name for name, words in rows.items() if all(word in words.lower() for word in asked)]

    def hashed():
        for words in rows.values():
            hashlib.sha256(words.encode()).digest()

    figures = measure.interleaved(
        {
            "a query of four words": each(lambda at: library.search(queries[at])),
            "floor: plain search of every passage": each(plain),
            "a passage by what reads like it": each(lambda at: library.like(chosen[at])),
            "floor: token_set_ratio with every passage": each(
                lambda at: process.extract(chosen[at], rows, scorer=fuzz.token_set_ratio, limit=10)
            ),
            "all texts read and indexed": lambda: filled(works).close(),
            "floor: hashing all passages": hashed,
        },
        rounds=rounds,
    )
    names = list(figures)
    against = {name: names[at + 1] for at, name in enumerate(names) if at % 2 == 0}
    measure.table(
        ["", "ms", "least", "/ its floor"],
        [
            [
                name,
                milli(figure.median),
                milli(figure.least),
                times(figure.median / figures[against[name]].median) if name in against else "",
            ]
            for name, figure in figures.items()
        ],
    )
    library.close()
    measure.closing(begun)


if __name__ == "__main__":
    main()
