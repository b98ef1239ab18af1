"""A library of texts that the user adds, and what is found in it: agreed language, with where it was agreed.

A passage without its source is worth nothing to a delegation, so every hit bears the work that it stands in: symbol,
date, body, vote, whether it was adopted, language, source.  What nobody said of a work stays empty, and whoever shows
it says that it is not known.

The words lie in two full-text indexes of SQLite: by words (unicode61, letters without their marks), and by three
letters in a row (trigram) for scripts that write no spaces.  A query is words and "phrases"; each is handed to the
index in quotes, so nothing of SQLite's own query language can be reached.  What the index finds is ranked by how its
words agree (bm25); for a passage in place of a query, the rarest of its words find candidates, and
procedures/table/similar.py ranks them.

The file is a store like others (sqlkit/database.py): what is damaged is not opened, and not touched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from detente.ground.errors import Malformed, Refused, Unfit
from detente.procedures.table import similar
from detente.procedures.table.lint_look import Look
from detente.sqlkit.database import MEMORY, Database, Schema, open_database
from detente.wire import text as safety

_FIRST = """
CREATE TABLE works (
  work INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, title TEXT NOT NULL, symbol TEXT NOT NULL, date TEXT NOT NULL,
  body TEXT NOT NULL, vote TEXT NOT NULL, status TEXT NOT NULL, language TEXT NOT NULL, source TEXT NOT NULL,
  bytes INTEGER NOT NULL, passages INTEGER NOT NULL
) STRICT;
CREATE TABLE passages (
  passage INTEGER PRIMARY KEY, work INTEGER NOT NULL REFERENCES works (work), label TEXT NOT NULL,
  heading TEXT NOT NULL, line INTEGER NOT NULL, words TEXT NOT NULL
) STRICT;
CREATE INDEX passages_of ON passages (work);
CREATE VIRTUAL TABLE by_word USING fts5(
  heading, words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE by_three USING fts5(words, content='', contentless_delete=1, tokenize='trigram');
CREATE VIRTUAL TABLE word_counts USING fts5vocab('by_word', 'row');
"""
SCHEMA = Schema(name="library", application_id=0x444C4942, migrations=(_FIRST,))

STATUSES = ("adopted", "in force", "signed", "draft", "not adopted", "no longer in force")
LONGEST_QUERY = 1_000  # characters
MOST_WORDS = 40  # of a query
MOST_HITS = 200
MOST_PASSAGES = 50_000  # of one work
_CANDIDATES = 100  # that are ranked word by word
_RAREST = 14  # words of a passage that look for candidates
_MATCHING = {
    False: "SELECT rowid FROM by_word WHERE by_word MATCH ? ORDER BY rank LIMIT ?",
    True: "SELECT rowid FROM by_three WHERE by_three MATCH ? ORDER BY rank LIMIT ?",
}
_NUMBERS = {
    "works": "SELECT coalesce(max(work), 0) + 1 FROM works",
    "passages": "SELECT coalesce(max(passage), 0) + 1 FROM passages",
}
_UNINDEX = {
    "by_word": "DELETE FROM by_word WHERE rowid IN (SELECT passage FROM passages WHERE work = ?)",
    "by_three": "DELETE FROM by_three WHERE rowid IN (SELECT passage FROM passages WHERE work = ?)",
}
_SHORTEST_UNSPACED = 5  # three letters and the quotes
_FIELD = 400  # characters of what is said of a work
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_ASKED = re.compile(r"\"([^\"]*)\"|(\w+)")


@dataclass(frozen=True)
class Work:
    """A text and what is known of it; what is empty is not known."""

    title: str
    symbol: str = ""
    date: str = ""  # of its adoption: ISO 8601, to the year, the month or the day
    body: str = ""
    vote: str = ""
    status: str = ""  # one of STATUSES
    language: str = ""  # BCP 47
    source: str = ""

    def check(self) -> None:
        """`Malformed` where something of it cannot be what it should be."""
        safety.check_name(self.title, safety.LONGEST_TITLE, "The title of a work")
        for what in ("symbol", "body", "vote", "source"):
            if said := getattr(self, what):
                safety.check_name(said, _FIELD, f"The {what} of a work")
        if self.date and not _DATE.fullmatch(self.date):
            raise Malformed("A date is written as 2031, 2031-05 or 2031-05-17.")
        if self.status and self.status not in STATUSES:
            raise Malformed(f"The status of a work is one of: {', '.join(STATUSES)}.")
        if self.language and not _LANGUAGE.fullmatch(self.language):
            raise Malformed("A language is named as in “en” or “pt-BR”.")


@dataclass(frozen=True)
class Shelved:
    """A work in the library, under its number."""

    number: int
    work: Work
    bytes: int
    passages: int


@dataclass(frozen=True)
class Hit:
    """A passage that was found.  `score` is in per cent; `whole`: all words of the query stand in it."""

    work: Shelved
    label: str
    heading: str
    line: int
    words: str
    score: float
    whole: bool
    excerpt: str


@dataclass
class Library:
    """An open library.  Close it."""

    _database: Database
    _works: dict[int, Shelved] = field(default_factory=dict)

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    # --- the shelves ----------------------------------------------------------------------------

    def add(self, work: Work, text: str) -> Shelved:
        """The work, indexed.  `Malformed` where it cannot be read, `Refused` where it is there already."""
        (added,) = self.add_all([(work, text)])
        return added

    def add_all(self, texts: Iterable[tuple[Work, str]], tell: Callable[[int], None] | None = None) -> list[Shelved]:
        """All of these works, or none: one that cannot be added leaves the library as it was."""
        numbers: list[int] = []
        with self._database.transaction():
            for work, text in texts:
                numbers.append(self._add(work, text))
                if tell is not None:
                    tell(len(numbers))
        self._works.clear()
        return [self.work(number) for number in numbers]

    def _add(self, work: Work, text: str) -> int:
        work.check()
        safety.check_text(text)
        raw = text.encode()
        digest = hashlib.sha256(raw).digest()
        known = self._database.row("SELECT work, title FROM works WHERE digest = ?", (digest,))
        if known is not None:
            raise Refused(f"That text is in the library already: number {known[0]}, “{known[1]}”.", "library.twice")
        held = similar.passages(Look(text))
        if not 1 <= len(held) <= MOST_PASSAGES:
            raise Malformed(
                f"A work of the library has between 1 and {MOST_PASSAGES:,} passages; this has {len(held):,}."
            )
        number = self._next("works")
        told = (work.title, work.symbol, work.date, work.body, work.vote, work.status, work.language, work.source)
        self._database.execute(
            "INSERT INTO works VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, digest, *told, len(raw), len(held)),
        )
        self._index(number, held)
        return number

    def _index(self, number: int, held: list[similar.Passage]) -> None:
        for at, each in enumerate(held, self._next("passages")):
            row = (at, number, each.label, each.heading, each.line, each.words)
            self._database.execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)", row)
            self._database.execute(
                "INSERT INTO by_word (rowid, heading, words) VALUES (?, ?, ?)", (at, each.heading, each.words)
            )
            if similar.unspaced(each.words):
                self._database.execute("INSERT INTO by_three (rowid, words) VALUES (?, ?)", (at, each.words))

    def _next(self, table: str) -> int:
        row = self._database.row(_NUMBERS[table])
        return int(row[0]) if row else 1

    def remove(self, number: int) -> Shelved:
        """Take a work out; `Refused` where there is none of that number."""
        gone = self.work(number)
        with self._database.transaction():
            for index in ("by_word", "by_three"):
                self._database.execute(_UNINDEX[index], (number,))
            self._database.execute("DELETE FROM passages WHERE work = ?", (number,))
            self._database.execute("DELETE FROM works WHERE work = ?", (number,))
        self._works.clear()
        return gone

    def works(self) -> list[Shelved]:
        """Every work, by number."""
        rows = self._database.rows(
            "SELECT work, title, symbol, date, body, vote, status, language, source, bytes, passages FROM works "
            "ORDER BY work"
        )
        return [Shelved(row[0], Work(*row[1:9]), row[9], row[10]) for row in rows]

    def work(self, number: int) -> Shelved:
        """The work of a number."""
        if not self._works:
            self._works = {each.number: each for each in self.works()}
        found = self._works.get(number)
        if found is None:
            raise Refused(f"The library has no work of the number {number}.", "library.unknown")
        return found

    # --- looking for language -------------------------------------------------------------------

    def search(self, query: str, most: int = 10) -> list[Hit]:
        """Passages with all words and "phrases" of a query, the best first; where there is room, with some of them."""
        asked = _asked(query)
        every = " AND ".join(asked)
        found = self._matching(every, most, query)
        hits = [self._hit(each, query, whole=True) for each in found]
        if len(hits) < most and len(asked) > 1:
            some = self._matching(" OR ".join(asked), most + len(found), query)
            hits += [self._hit(each, query, whole=False) for each in some if each not in found]
        return hits[:most]

    def like(self, words: str, most: int = 10) -> list[Hit]:
        """The passages that read most like these words, the likest first."""
        words = " ".join(words.split())
        if not words:
            raise Malformed("There are no words to look for.")
        found: dict[int, str] = {}
        if match := self._rarest(words):
            for name in self._matching(match, _CANDIDATES, words):
                row = self._database.row("SELECT words FROM passages WHERE passage = ?", (name,))
                if row is not None:
                    found[name] = row[0]
        return [self._hit(name, words, whole=False, score=alike) for name, alike in similar.rank(words, found, most)]

    def _matching(self, match: str, most: int, query: str) -> list[int]:
        rows = self._database.rows(_MATCHING[similar.unspaced(query)], (match, most))
        return [int(row[0]) for row in rows]

    def _rarest(self, words: str) -> str:
        """The rarest words of a passage that the library knows at all, as a query for any of them."""
        if similar.unspaced(words):
            letters = re.sub(r"\W+", "", words)
            step = max(len(letters) // _RAREST, 1)
            return " OR ".join(f'"{letters[at : at + 3]}"' for at in range(0, max(len(letters) - 2, 0), step))
        counted = []
        for term in similar.terms(words)[: 40 * _RAREST]:
            row = self._database.row("SELECT doc FROM word_counts WHERE term = ?", (term,))
            if row is not None:
                counted.append((int(row[0]), term))
        return " OR ".join(f'"{term}"' for _, term in sorted(counted)[:_RAREST])

    def _hit(self, name: int, query: str, *, whole: bool, score: float | None = None) -> Hit:
        row = self._database.row("SELECT work, label, heading, line, words FROM passages WHERE passage = ?", (name,))
        if row is None:
            raise Unfit("The library is damaged: its index names a passage that is not there.")
        work, label, heading, line, words = row
        likeness = similar.score(query, words) if score is None else score
        return Hit(self.work(work), label, heading, line, words, likeness, whole, similar.excerpt(query, words))


def open_library(path: Path | str, *, make: bool = False) -> Library:
    """The library at `path`, made with `make` where there is none.  Raises `Unfit`, and then touched nothing."""
    if not make and str(path) != MEMORY and not Path(path).exists():
        raise Unfit(f"There is no library at {path}.")
    return Library(open_database(path, SCHEMA, verify=_agrees))


def _agrees(database: Database) -> None:
    """The index and the passages tell of the same."""
    counts = database.row(
        "SELECT (SELECT count(*) FROM passages), (SELECT count(*) FROM by_word_docsize), "
        "(SELECT coalesce(sum(passages), 0) FROM works), "
        "(SELECT count(*) FROM by_three_docsize WHERE id NOT IN (SELECT passage FROM passages))"
    )
    if counts is None or not counts[0] == counts[1] == counts[2] or counts[3]:
        raise Unfit("The library is damaged: its index and its passages do not tell of the same texts.")


def _asked(query: str) -> list[str]:
    """The words and phrases of a query, each in quotes: nothing of it is an operator of the index."""
    if len(query) > LONGEST_QUERY:
        raise Malformed(f"A query has at most {LONGEST_QUERY:,} characters; look for a whole passage with --like.")
    asked: list[str] = []
    for phrase, word in _ASKED.findall(query):
        words = re.findall(r"\w+", phrase) if phrase else [word] if word else []
        if words:
            asked.append('"' + " ".join(words) + '"')
    if not asked:
        raise Malformed("There is no word in that query.")
    if similar.unspaced(query) and any(len(each) < _SHORTEST_UNSPACED for each in asked):
        raise Malformed("In a script without spaces each part of a query has at least three letters.")
    if sum(each.count(" ") + 1 for each in asked) > MOST_WORDS:
        raise Malformed(f"A query has at most {MOST_WORDS} words; look for a whole passage with --like.")
    return list(dict.fromkeys(asked))
