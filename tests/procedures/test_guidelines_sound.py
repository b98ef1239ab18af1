"""Charters that nobody should be asked to accept: each refused by its own sentence, beside one that is accepted."""

import msgspec
import pytest
from charterworlds import BELMORA, OPEN_TO_ALL, amendment, charter, ladder, room, rule

from detente.acts.facts import Role
from detente.acts.labels import Label
from detente.procedures.guidelines import sound
from detente.procedures.guidelines.acts import Propose
from detente.procedures.guidelines.clauses import (
    Answer,
    Charter,
    Circumstance,
    Decisions,
    Effect,
    Exit,
    Languages,
    Observers,
    Phase,
    Promise,
)  # fmt: skip
from detente.procedures.guidelines.templates import TEMPLATES

NOTES = rule("notes")
WHY = ("Article 1", "So that there is a reason.")
BAN = Effect.MAY_NOT


def refused(*clauses, rule="", title="A small charter"):
    found = sound.check(Charter(title, clauses))
    assert found is not None
    assert found.rule == f"guidelines.{rule}", found
    assert found.sentence.endswith("."), found
    return found.sentence


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_templates_are_sound(name):
    assert sound.check(TEMPLATES[name]) is None


UNREADABLE = {
    "title": "one line that can be read",
    "id": "small letters, digits and hyphens",
    "article": "its article and its reason",
    "bidi": "its article and its reason",
    "alike": "its article and its reason",
    "acts": "names no kind of act",
    "kind": "“correspondence.notte” is not among the kinds of acts",
    "hidden kind": "“x<U+202E>y” is not among",
    "office": "words that can be read",
    "twice": "each named once",
    "form": "“letter” is not among the forms",
    "precedence": "“URGENT” is not among",
    "colon": "a topic has no colon",
    "phases": "names something twice",
    "party": "a party is named by its identifier",
    "up to": "leave goes up to a label",
    "above": "leave goes up to a label",
    "asked of votes": "are asked of notes alone",
    "minutes": "between 1 and",
    "days": "between 0 and 366 days",
    "no language": "names no language",
    "tag": "BCP 47",
    "basis": "“force” is not among the bases",
    "promise": "a promise is one line",
    "offices": "more than 16 offices in all",
}
HOSTILE = {
    "id": rule("Notes.A"),
    "article": msgspec.structs.replace(NOTES, reason=""),
    "bidi": msgspec.structs.replace(NOTES, reason="Not \u202etnemeerga na"),
    "alike": msgspec.structs.replace(NOTES, reason="The p\u0430rties agree."),
    "acts": rule("x", acts=()),
    "kind": rule("x", acts=("correspondence.notte",)),
    "hidden kind": rule("x", acts=("x\u202ey",)),
    "office": rule("x", offices=("line\nbreak",)),
    "twice": rule("x", offices=("a", "a")),
    "form": rule("x", forms=("letter",)),
    "precedence": rule("x", precedences=("URGENT",)),
    "colon": rule("x", topics=("a:b",)),
    "phases": rule("x", phases=(Phase.PEACE, Phase.PEACE)),
    "party": rule("x", parties=("Belmora",)),
    "up to": rule("x", BAN, up_to=Label.PUBLIC),
    "above": rule("x", above=Label.PUBLIC),
    "asked of votes": rule("x", acts=("ballot.cast",), forms=("non-paper",)),
    "minutes": Answer("x", *WHY, "FLASH", 0),
    "days": Exit("x", *WHY, 10_000),
    "no language": Languages("x", *WHY, (), ()),
    "tag": Languages("x", *WHY, ("English",), ()),
    "basis": Decisions("x", *WHY, ("force",), (), 24, without_all=False),
    "promise": Promise("x", *WHY, ""),
    "offices": ladder(tuple(f"office-{number}" for number in range(17))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_charter_that_cannot_be_read_is_refused(name):
    assert UNREADABLE[name] in refused(NOTES, HOSTILE[name], amendment(), rule="unreadable")
    assert sound.check(charter(NOTES)) is None


def test_a_charter_has_a_title_and_not_too_many_clauses():
    assert UNREADABLE["title"] in refused(NOTES, amendment(), rule="unreadable", title="\u200bA")
    many = tuple(rule(f"n{number}") for number in range(sound.MOST_CLAUSES + 1))
    assert "between 1 and" in refused(*many, rule="unreadable")
    assert "between 1 and" in refused(rule="unreadable")


@pytest.mark.parametrize(
    ("clauses", "words"),
    [
        ((NOTES, rule("notes", BAN, offices=("a",))), "Two clauses are called notes."),
        ((NOTES, amendment(name="other")), "Clauses amendment and other say the same thing"),
        ((NOTES, Answer("a", *WHY, "FLASH", 5), Answer("b", *WHY, "FLASH", 10)), "Clauses a and b both say how fast FLASH"),
        ((NOTES, rule("ban", BAN)), "Clause notes allows what clause ban forbids whole (send notes)."),
        (
            (rule("chair", roles=(Role.CHAIR,)), rule("ban", BAN, acts=("correspondence.*",), roles=(Role.CHAIR,))),
            "Clause chair allows what clause ban forbids whole",
        ),
        ((NOTES, ladder(), rule("ban", BAN, offices=("duty-officer",), precedences=("FLASH",))), "lets pass on every rung"),
        ((NOTES, ladder(()), rule("ban", BAN, precedences=("FLASH",))), "lets pass on every rung"),
    ],
)  # fmt: skip
def test_a_charter_that_says_two_things_is_refused(clauses, words):
    assert words in refused(*clauses, amendment(), rule="ambiguous")


@pytest.mark.parametrize(
    "ban",
    [
        rule("ban", BAN, roles=(Role.OBSERVER,)),
        rule("ban", BAN, offices=("press",)),
        rule("ban", BAN, phases=(Phase.CONFLICT,), precedences=("ROUTINE",)),
        rule("ban", BAN, above=Label.PUBLIC),
        rule("ban", BAN, circumstances=(Circumstance.EXERCISE,)),
        rule("ban", BAN, acts=("correspondence.return",)),
    ],
)
def test_an_exception_is_no_contradiction(ban):
    assert sound.check(charter(NOTES, ban)) is None


@pytest.mark.parametrize(
    ("clauses", "words"),
    [
        ((NOTES,), "does not say how it is changed"),
        ((NOTES, amendment(0, 1)), "more than none and no more than all"),
        ((NOTES, amendment(2, 1)), "more than none and no more than all"),
        ((NOTES, amendment(), rule("ban", BAN, acts=("guidelines.accept",))), "forbids what no charter can forbid"),
        ((NOTES, amendment(), rule("ban", BAN, acts=("silence.object",))), "forbids what no charter can forbid (object)"),
        ((NOTES, amendment(), rule("ban", BAN, phases=(Phase.CONFLICT,))), "In the phase conflict nobody could send any"),
        ((rule("table", acts=("table.*",)), amendment()), "In the phase peace nobody could send any note"),
        ((rule("flash", precedences=("FLASH",)), amendment()), "nobody could send any note"),
        (
            (NOTES, amendment(), Decisions("how", *WHY, ("vote",), (), 24, without_all=False)),
            "names no rules of procedure",
        ),
        (
            (NOTES, rule("t", acts=("table.*",)), amendment(), Decisions("how", *WHY, (), (), 24, without_all=False)),
            "leaves no basis",
        ),
    ],
)  # fmt: skip
def test_a_charter_that_locks_itself_is_refused(clauses, words):
    assert words in refused(*clauses, rule="locked")


def test_a_way_out_through_one_office_of_one_party_is_enough():
    narrow = rule("notes", parties=(BELMORA,), offices=("envoy",), topics=("peace",), phases=(Phase.CONFLICT,))
    ordinary = rule("quiet", phases=(Phase.PEACE, Phase.CRISIS, Phase.AFTER))
    assert sound.check(charter(narrow, ordinary)) is None


def test_groups_leave_out_what_no_charter_can_forbid():
    assert sound.check(charter(NOTES, rule("ban", BAN, acts=("silence.*",)))) is None
    assert sound.check(charter(NOTES, Observers("guests", *WHY, 24), Promise("p", *WHY, "We keep our word."))) is None


def test_an_unsound_charter_is_refused_as_a_proposal_and_a_sound_one_is_not():
    made = room(None)
    for rule_name, clauses in (("locked", (NOTES,)), ("ambiguous", (NOTES, NOTES, amendment()))):
        made.refused(BELMORA, Propose(Charter("A charter", clauses), b""), f"guidelines.{rule_name}")
    made.say(BELMORA, Propose(OPEN_TO_ALL, b""))
