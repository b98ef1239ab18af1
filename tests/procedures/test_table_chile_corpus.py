"""Two commissions of a constitutional convention, replayed on the table: what became of each article, and its words.

An article is a line of its draft, label and words, as one passage.  Every event is an operation that is proposed
and then settled by the chair: an article comes, its words change, it moves to another draft under another label, it
goes.  Articles that were voted down as a whole, which the record says of them only at the end, go at the end.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from lineup import ARVENIA, FACTS, Room
from shared import shared

from detente.procedures.table import acts, rules, tree, views
from detente.procedures.table.acts import Basis, Edit, Hunk, Import, Settle
from detente.procedures.table.parse import VERSION

pytestmark = pytest.mark.vectors


def said(words):
    """The words on one line, without brackets, which are places to decide."""
    return " ".join((words or "").translate(str.maketrans("[]", "⟦⟧")).split())


def when(timestamp):
    found = re.fullmatch(r"(\d+)-(\d+)(?:-(\d+))?", timestamp or "")
    return tuple(int(part or 0) for part in found.groups()) if found else None


@dataclass(frozen=True)
class Place:
    """Where words stand now."""

    container: bytes
    lo: int
    hi: int


class Draft:
    """The commission's text on the table: who stands where, and how it is changed."""

    def __init__(self, articles):
        self.room = Room(rules.PROCEDURE, replace(FACTS, must_accept=()))
        self.expected = {uid: [label, words] for uid, label, words in articles}
        self.labels: dict[str, Place] = {}
        self.words: dict[str, Place] = {}
        source = "Draft: the articles that the commission began with.\n\n"
        for uid, label, words in articles:
            self.labels[uid] = Place(b"", len(source), len(source) + len(label))
            self.words[uid] = Place(b"", len(source) + len(label), len(source) + len(label) + len(words))
            source += f"{label}{words}\n\n"
        self.end = len(source)
        self.text = self.room.say(ARVENIA, Import("A draft", "es", VERSION, source + "The end."))
        self.clauses = {
            run.lo: clause.id
            for clause in tree.clauses(self.state.document.passage)
            for run in clause.passage.items
            if isinstance(run, tree.Run)
        }
        self.homes = {uid: self.clauses[place.lo] for uid, place in self.labels.items()}
        self.acts = 0

    @property
    def state(self):
        return self.room.state.texts[self.text]

    def put(self, clause, place, words):
        """Proposes and settles one change; where the words stand then."""
        body = Edit(self.text, clause, (Hunk(place.container, place.lo, place.hi, words),))
        self.room.say(ARVENIA, body)
        slot = views.next_slot(self.state)
        assert slot is not None
        proposal = acts.proposal_id(body.hunks)
        (made,) = (each.containers for each in self.proposals(clause) if each.id == proposal)
        settle = Settle(self.text, slot.scope, slot.id, (proposal,), slot.precondition, Basis.EDITORIAL)
        self.room.say(ARVENIA, settle)
        assert self.state.document.passage.open == 0
        self.acts += 2
        return Place(made[0], 0, len(words)) if words else None

    def proposals(self, clause):
        return next(each for each in tree.clauses(self.state.document.passage) if each.id == clause).passage.proposals

    def create(self, uid, label, words):
        self.homes[uid] = self.clauses[self.end]
        whole = self.put(self.homes[uid], Place(b"", self.end, self.end), f"{label}{words}\n\n")
        self.labels[uid] = replace(whole, hi=len(label))
        self.words[uid] = replace(whole, lo=len(label), hi=len(label) + len(words))
        self.expected[uid] = [label, words]

    def change(self, uid, words):
        """Other words; none: the article goes, and its label stays as the place where it stood."""
        if words == self.expected[uid][1]:
            return
        place = self.words[uid]
        if place is None:  # it comes back, behind its label
            label = self.labels[uid]
            place = Place(label.container, label.hi, label.hi)
        self.words[uid] = self.put(self.homes[uid], place, words)
        self.expected[uid][1] = words

    def move(self, uid, label):
        if label != self.expected[uid][0]:
            self.labels[uid] = self.put(self.homes[uid], self.labels[uid], label)
            self.expected[uid][0] = label

    def standing(self):
        """The words of every article as the table has them: what stands behind its label, read from the text."""
        written = tree.render(self.state.document)
        found = {}
        for uid, (label, _) in self.expected.items():
            lines = [line for line in written.split("\n") if line.startswith(label)]
            assert len(lines) == 1, uid
            found[uid] = lines[0][len(label) :]
        return found


def label(uid, article):
    return f"Draft line {uid} as “{said(article)}”: "


def replayed(commission):
    rows = json.loads(shared(f"corpus/chile-convention-2022/{commission}_TRACK_full.json").read_text("utf-8"))
    events = []
    for number, row in enumerate(rows):
        born = when(row.get("timestamp")) or (0, 0, 0)
        created = "_IND" in row["article_uid"]
        events.append((born, number, -1, "create" if created else "begin", row, row))
        at = born
        for place, event in enumerate(row.get("history", [])):
            at = max(at, when(event.get("timestamp")) or at)
            events.append((at, number, place, "change" if "content_snapshot" in event else "move", row, event))
    events.sort(key=lambda each: each[:3])
    first = [each for each in events if each[3] == "begin"]
    draft = Draft(
        [(r["article_uid"], label(r["article_uid"], r.get("article")), said(r["text"])) for *_, r, _ in first]
    )
    kinds = Counter()
    for _, _, _, kind, row, event in events:
        uid = row["article_uid"]
        kinds[kind] += 1
        if kind == "create":
            draft.create(uid, label(uid, row.get("article")), said(row["text"]))
        elif kind == "change":
            kinds["delete"] += not said(event["content_snapshot"])
            draft.change(uid, said(event["content_snapshot"]))
        elif kind == "move":
            draft.move(uid, label(uid, event["article"]))
    return rows, draft, kinds


def fates(rows):
    return Counter("survived" if " a " in row["final_status"] else row["final_status"] for row in rows)


@pytest.mark.parametrize(
    ("commission", "lineages", "kinds", "outcome"),
    [
        ("C1", 202, {"begin": 97, "create": 105, "change": 247, "move": 108, "delete": 18}, (131, 62, 9)),
        ("C4", 175, {"begin": 167, "create": 8, "change": 436, "delete": 81}, (58, 35, 82)),
    ],
)
def test_a_commission_is_replayed_to_its_last_words(commission, lineages, kinds, outcome):
    rows, draft, seen = replayed(commission)
    assert len({row["article_uid"] for row in rows}) == len(rows) == lineages
    assert seen == kinds
    standing = draft.standing()
    for row in rows:
        snapshots = [event["content_snapshot"] for event in row.get("history", []) if "content_snapshot" in event]
        assert standing[row["article_uid"]] == said(snapshots[-1] if snapshots else row["text"])
    recorded = fates(rows)
    gone = {uid for uid, words in standing.items() if not words}
    assert gone <= {row["article_uid"] for row in rows if row["final_status"] == "Eliminado"}
    for row in rows:  # voted down, or taken out without an event of its own
        if row["final_status"] in {"ART-FALLIDO", "Eliminado"}:
            draft.change(row["article_uid"], "")
    after = draft.standing()
    survived = {uid for uid, words in after.items() if words}
    failed = {row["article_uid"] for row in rows if row["final_status"] == "ART-FALLIDO"}
    assert (len(survived), len(failed), len(set(after) - survived - failed)) == outcome
    assert outcome == (recorded["survived"], recorded["ART-FALLIDO"], recorded["Eliminado"])
    fate = Counter(operation.fate.value for operation in draft.state.operations.values())
    assert fate == {"taken": draft.acts // 2}
