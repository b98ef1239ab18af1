"""One proposal in nine languages: the importer sees the same tree in each, and on a table an edit makes all others stale."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from shared import shared

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "procedures"))
from lineup import ARVENIA, BELMORA, CORVALIS, Room

from detente.procedures.table import acts, agreeing, concordance, languages, rules, tree, views
from detente.procedures.table.acts import Basis, Hunk, Level, Rendered
from detente.procedures.table.languages import Concord
from detente.procedures.table.outline import WHOLE
from detente.procedures.table.parse import VERSION, parse

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


# --- on a table ---------------------------------------------------------------------------------

OTHERS = tuple(language for language in ARTICLE if language != "en")


class Table(Room):
    """The English version on a table, and the eight others rendered by the chair."""

    def __init__(self, versions):
        super().__init__(rules.PROCEDURE)
        self.id = self.say(ARVENIA, acts.Import("A proposal", "en", VERSION, tree.render(versions["en"])))
        self.say(ARVENIA, acts.Modalities(self.id, (), OTHERS, together=False))
        self.words = {
            language: ["".join(tree.written(tree.passage((each,)))) for each in versions[language].passage.items]
            for language in OTHERS
        }

    @property
    def text(self):
        return self.state.texts[self.id]

    def render(self, language, clauses, level=Level.AUTHENTIC):
        order = self.text.order
        parts = tuple(
            Rendered(name, languages.source_of(self.text, name), self.words[language][order.index(name)])
            for name in clauses
        )
        self.say(ARVENIA, acts.Translate(self.id, language, level, parts))

    def render_all(self):
        for language in OTHERS:
            self.render(language, self.text.order)

    def states(self):
        """How many clauses of all languages stand how, without those that stand nohow."""
        found = Counter()
        for counts in languages.concordance(self.text).values():
            found.update(counts)
        return {concord: count for concord, count in found.items() if count}

    def stale(self):
        return {
            (language, each.clause)
            for language in OTHERS
            for each in languages.in_language(self.text, language)
            if each.concord is Concord.STALE
        }

    def edited(self, clause, old, new):
        """An edit of a clause of the import, taken by the chair."""
        passage = self.text.clauses[clause].ground.clause.passage
        lo = passage.items[0].lo + "".join(tree.written(passage)).index(old)
        return self.say(BELMORA, acts.Edit(self.id, clause, (Hunk(b"", lo, lo + len(old), new),)))

    def take(self, operation):
        proposal = self.text.operations[operation].proposal
        slot = next(each for each in views.open_slots(self.text) if proposal in {one.id for one in each.choices})
        body = acts.Settle(self.id, slot.scope, slot.id, (proposal,), slot.precondition, Basis.CONSENSUS)
        return self.say(ARVENIA, body)


@pytest.fixture
def table(versions):
    return Table(versions)


def worded(table):
    """A paragraph in the middle of the text that the importer keeps in one piece, and a word that stands in it once."""
    for name in table.text.order[len(table.text.order) // 2 :]:
        clause = table.text.clauses[name].ground.clause
        words = "".join(tree.written(clause.passage))
        if clause.kind is tree.ClauseKind.PARAGRAPH and not clause.open and words.count(" processing ") == 1:
            return name
    raise AssertionError("no paragraph of the corpus says processing once")


def test_eight_renderings_of_every_clause_are_taken_and_an_edit_makes_its_own_clause_stale_in_all_of_them(table):
    everything = len(OTHERS) * len(table.text.order)
    missing = table.states()
    assert sum(missing.values()) == everything
    assert missing[Concord.MISSING] > 0.9 * everything  # a clause of blanks alone needs no words
    table.render_all()
    assert table.states() == {Concord.AUTHENTIC: everything}
    assert languages.concordant(table.text)

    clause = worded(table)
    operation = table.edited(clause, " processing ", " treatment ")
    assert table.states() == {Concord.AUTHENTIC: everything - len(OTHERS), Concord.INCOMPLETE: len(OTHERS)}
    assert table.stale() == set()
    table.take(operation)
    assert table.stale() == {(language, clause) for language in OTHERS}
    assert not languages.concordant(table.text)

    for count, language in enumerate(OTHERS, 1):
        table.render(language, [clause])
        assert len(table.stale()) == len(OTHERS) - count
    assert table.states() == {Concord.AUTHENTIC: everything}


def test_a_withdrawn_edit_leaves_no_language_behind(table):
    table.render_all()
    before = table.states()
    operation = table.edited(worded(table), " processing ", " treatment ")
    table.say(BELMORA, acts.Withdraw(table.id, operation))
    assert table.states() == before
    assert table.stale() == set()


def test_what_was_rendered_of_the_words_before_is_refused_as_stale(table):
    clause = worded(table)
    source = languages.source_of(table.text, clause)
    table.take(table.edited(clause, " processing ", " treatment "))
    late = acts.Translate(table.id, "fr", Level.DRAFT, (Rendered(clause, source, "Trop tard."),))
    assert "changed since they were rendered" in table.refused(CORVALIS, late, "table.stale")


def test_who_accepted_a_clause_accepted_it_in_nine_languages(table):
    table.render_all()
    clause = worded(table)
    for party in (ARVENIA, BELMORA, CORVALIS):
        table.say(party, acts.Accept(table.id, clause, agreeing.content(table.text, clause), ad_referendum=False))
    assert agreeing.status(table.text, table.facts, table.text.clauses[clause].clause) is agreeing.Status.AGREED
    for language in OTHERS:
        before = agreeing.content(table.text, clause)
        words = table.words[language][table.text.order.index(clause)]
        body = acts.Translate(table.id, language, Level.AUTHENTIC, (
            Rendered(clause, languages.source_of(table.text, clause), words.rstrip() + " *\n\n"),))  # fmt: skip
        table.say(ARVENIA, body)
        assert agreeing.content(table.text, clause) != before, language
    assert agreeing.status(table.text, table.facts, table.text.clauses[clause].clause) is agreeing.Status.REOPENED
    assert agreeing.content(table.text, WHOLE) is not None
