"""The next revision as proposals: whoever takes them all has the revision's words, on the clauses that there were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineup import ARVENIA, FACTS
from tableworlds import SOURCE, TEXT, laid, verified

from detente.ground.errors import Refused
from detente.procedures.table import readings, rules, sheet, tree
from detente.procedures.table.acts import AddClause, Alternative, Edit, Hunk, MoveClause, proposal_id
from detente.procedures.table.parse import parse
from detente.procedures.table.revision import revised
from detente.procedures.table.tree import ClauseKind

LONG = (
    "## Article 1\n\n1. The Parties keep the line open at all hours, and test it every week.\n\n"
    "2. A Party answers within ten minutes what it is asked.\n\n"
    "3. Ships keep a distance of a thousand metres from each other.\n\n"
    "## Article 2\n\n1. Exercises are notified seven days before they begin.\n\n"
    "2. This text takes effect on the day after its last signature.\n"
)

DEEP = (
    "# Part One\n\n## Article 1\n\n1. Ships keep a distance of a thousand metres, unless:\n\n"
    "(a) the commanders have agreed otherwise by radio;\n\n(b) safety of navigation so requires.\n\n"
    "Negotiators' Note: BEL considers this paragraph.\n\n2. A Party answers within ten minutes what it is asked.\n\n"
    "# Part Two\n\nThis text takes effect on the day after its last signature.\n"
)
NEW = ["9. A clause that is new to all.", "## Article 9", "# Part", "(a) a point", "Words.", "Negotiators' Note: X."]


def taken(table, proposals, author=ARVENIA):
    """The text once these were proposed; none of them may be refused."""
    for number, body in enumerate(proposals):
        outcome = rules.admit(table, FACTS, verified(body, author, b"revision %d" % number, number))
        assert not isinstance(outcome, Refused), (body, outcome)
        table = outcome
    return table.texts[TEXT]


def chosen(text):
    """The words with all proposals taken that were made on the text, and base elsewhere."""
    ids = {operation.proposal for operation in text.operations.values()}

    def pick(slot):
        mine = next((variant for variant in slot.variants if variant.id in ids), None)
        return mine or readings.base(slot)

    return words(sheet.as_decided(text.document, pick))


def words(laid_out):
    return " ".join("".join(each.words for each in laid_out).split())


def came_back(source, revision, table=None):
    """The revision of a text as it was decided, taken in; what was read of it, and the text that follows."""
    table = table or laid(source)
    base = sheet.as_decided(table.texts[TEXT].document, readings.base)
    back = sheet.as_negotiated(parse(revision).document)
    found = revised(table.texts[TEXT], base, back)
    return found, taken(table, found.proposals), back


def plain(source):
    return "".join(each.words for each in sheet.as_decided(parse(source).document, readings.base))


@st.composite
def edited(draw, source):
    """A text in which words and clauses were exchanged, put in and taken out."""
    clauses = plain(source).split("\n\n")
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(len(clauses) - 1, 0)))
        match draw(st.sampled_from(["word", "word", "gone", "new", "swap"])):
            case "word" if clauses:
                said = clauses[at].split(" ")
                place = draw(st.integers(0, len(said) - 1))
                said[place : place + draw(st.integers(0, 2))] = draw(
                    st.lists(st.sampled_from(["new", "words,"]), max_size=2)
                )
                clauses[at] = " ".join(said)
            case "gone" if clauses:
                del clauses[at]
            case "new":
                clauses.insert(at, draw(st.sampled_from(NEW)))
            case _ if len(clauses) > 1:
                clauses.insert(draw(st.integers(0, len(clauses) - 2)), clauses.pop(at))
            case _:
                pass
    return "\n\n".join(clauses)


@pytest.mark.parametrize("source", [LONG, SOURCE, DEEP])
@given(st.data())
def test_all_proposals_taken_give_the_words_of_the_revision(source, data):
    revision = data.draw(edited(source))
    found, text, back = came_back(source, revision)
    if not found.unsaid:
        assert chosen(text) == words(back)


def test_a_revision_without_changes_proposes_nothing():
    found, _, _ = came_back(LONG, plain(LONG))
    assert (found.proposals, found.unsaid, found.moved) == ((), (), ())


def test_changed_words_are_one_edit_in_their_clause():
    found, text, back = came_back(LONG, plain(LONG).replace("ten minutes", "an hour").replace("is asked", "hears"))
    (edit,) = found.proposals
    clause = next(each for each in tree.clauses(text.document.passage) if each.label == "2")
    assert isinstance(edit, Edit)
    assert edit.clause == clause.id
    assert [(LONG[hunk.lo : hunk.hi], hunk.words) for hunk in edit.hunks] == [
        ("ten minutes", "an hour"),
        ("is asked", "hears"),
    ]
    assert chosen(text) == words(back)


def test_a_clause_that_went_is_an_alternative_that_says_nothing_and_keeps_its_id():
    found, text, _ = came_back(
        LONG, plain(LONG).replace("3. Ships keep a distance of a thousand metres from each other.\n\n", "")
    )
    (only,) = found.proposals
    assert only == Alternative(TEXT, next(c.id for c in tree.clauses(text.document.passage) if c.label == "3"), "")


def test_a_clause_that_came_in_is_proposed_right_behind_what_it_follows():
    new = "3bis. Ships show their lights.\n\n"
    found, text, back = came_back(LONG, plain(LONG).replace("## Article 2", new + "## Article 2"))
    heading, third = (each.id for each in tree.clauses(text.document.passage) if each.label in {"Article 1", "3"})
    assert found.proposals == (AddClause(TEXT, ClauseKind.PARAGRAPH, heading, third, new),)
    assert chosen(text) == words(back)


def test_points_that_came_in_stand_under_their_paragraph_and_notes_belong_to_what_they_follow():
    new = "4. A new one:\n\n(a) alpha;\n\n(b) beta.\n\nNegotiators' Note: ARV reserves.\n\n"
    found, text, back = came_back(LONG, plain(LONG).replace("## Article 2", new + "## Article 2"))
    parents = [each.parent for each in found.proposals]
    assert parents[1] == parents[2] != parents[0]
    assert found.proposals[2].words.endswith("ARV reserves.\n\n")
    assert chosen(text) == words(back)


def test_a_note_that_came_in_is_put_at_the_end_of_the_paragraph_before_it():
    note = "Negotiators' Note: ARV reserves.\n\n"
    found, text, back = came_back(LONG, plain(LONG).replace("3. Ships", note + "3. Ships"))
    (edit,) = found.proposals
    assert [hunk.words for hunk in edit.hunks] == [note]
    assert chosen(text) == words(back)
    found, text, back = came_back(LONG, note + plain(LONG))
    assert [type(each) for each in found.proposals] == [Edit]
    assert chosen(text) == words(back)


def test_what_comes_before_everything_is_put_before_the_first_clause():
    _found, text, back = came_back(LONG, "An entirely new beginning of it all.\n\n" + plain(LONG))
    assert chosen(text) == words(back)


def test_where_everything_is_new_the_old_words_go_and_the_new_ones_come():
    _found, text, back = came_back("1. Alpha beta.\n", "Quite unlike whatever stood there before\n")
    assert chosen(text) == words(back)


def test_a_clause_that_moved_is_proposed_elsewhere_with_what_changed_in_it():
    clauses = plain(LONG).split("\n\n")
    moved = clauses[1].replace("every week", "every day")
    found, text, back = came_back(LONG, "\n\n".join([*clauses[:1], *clauses[2:4], moved, *clauses[4:]]))
    first = next(
        each.id for each in tree.clauses(text.document.passage) if "open" in "".join(tree.written(each.passage))
    )
    assert found.moved == (first,)
    move, edit = found.proposals
    assert (move.clause, edit.clause) == (first, first)
    assert isinstance(move, MoveClause)
    assert [hunk.words for hunk in edit.hunks] == ["day"]
    assert chosen(text) == words(back)


def test_a_clause_by_which_another_is_placed_goes_and_comes():
    clauses = plain(LONG).split("\n\n")
    found, text, back = came_back(
        LONG, "\n\n".join([clauses[0], *clauses[2:4], clauses[1], "4. A new one.", *clauses[4:]])
    )
    assert sorted(type(each).__name__ for each in found.proposals) == ["AddClause", "AddClause", "Alternative"]
    assert chosen(text) == words(back)


def negotiated(source, revision):
    """The revision of a text that left with its brackets."""
    table = laid(source)
    document = table.texts[TEXT].document
    found = revised(table.texts[TEXT], sheet.as_negotiated(document), sheet.as_negotiated(parse(revision).document))
    return found, taken(table, found.proposals)


def test_words_within_a_bracket_are_changed_there_and_the_bracket_stays():
    found, text = negotiated("1. Act [at once] and well.\n", "1. Act [at noon] and well.\n")
    (edit,) = found.proposals
    assert [hunk.words for hunk in edit.hunks] == ["noon"]
    assert "[at [" in tree.render(text.document)


def test_brackets_that_went_are_an_alternative_to_the_clause():
    found, text = negotiated("1. Each [shall][should] act.\n\n2. B.\n", "1. Each shall act.\n\n2. B.\n")
    (only,) = found.proposals
    assert only == Alternative(TEXT, next(iter(tree.clauses(text.document.passage))).id, "1. Each shall act.")


def test_brackets_that_came_are_left_to_a_person():
    found, _ = negotiated("1. Each shall act.\n\n2. B.\n", "1. Each [shall] act.\n\n2. B.\n")
    assert found.proposals == ()
    assert [each.label for each in found.unsaid] == ["1"]


def test_a_place_that_holds_other_clauses_is_left_to_a_person():
    source = "1. Words here.\n\n[2. One more clause.\n\n3. And another one.]\n\n4. The end of it.\n"
    found, _ = negotiated(source, source.replace("[2.", "2.").replace("one.]", "one."))
    assert found.unsaid


def test_a_clause_that_holds_others_goes_without_them():
    source = "1. Words here.\n\n[2. One more clause of it.\n\n3. And another one.]\n\n4. The end of it.\n"
    found, text, back = came_back(source, plain(source).replace("2. One more clause of it.\n\n", ""))
    assert all(isinstance(each, Edit) for each in found.proposals)
    assert chosen(text) == words(back)


def test_words_longer_than_a_proposal_may_have_are_left_to_a_person():
    found, _ = negotiated("1. Act.\n\n2. B.\n", "1. Act" + " on and on" * 8_000 + ".\n\n2. B.\n")
    assert found.proposals == ()
    assert [each.label for each in found.unsaid] == ["1"]


def test_a_text_with_a_proposal_in_two_places_is_revised_beside_it():
    table = laid(LONG)
    document = table.texts[TEXT].document
    clause = next(each.id for each in tree.clauses(document.passage) if each.label == "2")
    spots = (LONG.index("ten minutes"), LONG.index("is asked"))
    two = Edit(TEXT, clause, (Hunk(b"", spots[0], spots[0] + 3, "five"), Hunk(b"", spots[1], spots[1] + 2, "was")))
    outcome = rules.admit(table, FACTS, verified(two, ARVENIA, b"two", 0))
    document = outcome.texts[TEXT].document
    base = sheet.as_decided(document, readings.base)
    revision = "".join(each.words for each in base).replace("every week", "every day")
    found = revised(outcome.texts[TEXT], base, sheet.as_negotiated(parse(revision).document))
    assert [[hunk.words for hunk in each.hunks] for each in found.proposals] == [["day"]]
    assert taken(outcome, found.proposals) is not None


def test_a_revision_that_cannot_be_read_is_left_to_a_person():
    found, _ = negotiated("1. Act.\n\n2. B.\n", "1. Act \u202enow.\n\n2. B.\n")
    assert found.proposals == ()
    assert len(found.unsaid) == 1


def test_what_comes_into_an_empty_reading_is_new_and_a_note_alone_has_no_place():
    table = laid(LONG)
    back = sheet.as_negotiated(parse(LONG + "\nNegotiators' Note: ARV reserves.\n").document)
    assert {type(each) for each in revised(table.texts[TEXT], (), back).proposals} == {AddClause}
    alone = revised(table.texts[TEXT], (), sheet.as_negotiated(parse("Negotiators' Note: ARV reserves.\n").document))
    assert len(alone.unsaid) == 1


def test_a_new_clause_with_brackets_is_left_to_a_person():
    found, _ = negotiated("1. Act.\n\n2. B.\n", "1. Act.\n\n1bis. Also [rest].\n\n2. B.\n")
    assert found.proposals == ()
    assert [each.label for each in found.unsaid] == ["1bis"]


def test_what_comes_in_within_a_bracket_is_put_at_the_end_of_what_it_follows():
    source = "1. Words here.\n\n[2. One more clause of it.\n\n3. And another one.]\n\n4. The end of it.\n"
    found, text, back = came_back(source, plain(source).replace("3. And", "2bis. Something new.\n\n3. And"))
    assert [type(each) for each in found.proposals] == [Edit]
    assert chosen(text) == words(back)


def test_more_changes_than_one_proposal_may_have_are_several():
    said = [f"word{number} stands here" for number in range(120)]
    source = "1. " + ", ".join(said) + ".\n"
    revision = source
    for number in range(0, 120, 2):
        revision = revision.replace(f"word{number} ", f"term{number} ")
    found, text, back = came_back(source, revision)
    assert [len(each.hunks) for each in found.proposals] == [50, 10]
    assert chosen(text) == words(back)


def test_words_of_a_live_proposal_are_changed_in_their_own_container():
    table = laid(LONG)
    at = LONG.index("ten minutes")
    document = table.texts[TEXT].document
    clause = next(each.id for each in tree.clauses(document.passage) if each.label == "2")
    mine = Edit(TEXT, clause, (Hunk(b"", at, at + 11, "one whole hour"),))
    outcome = rules.admit(table, FACTS, verified(mine, ARVENIA, b"mine", 0))
    document = outcome.texts[TEXT].document
    base = sheet.as_decided(document, readings.as_party(ARVENIA))
    revision = "".join(each.words for each in base).replace("whole ", "long ").replace("asked", "told")
    found = revised(outcome.texts[TEXT], base, sheet.as_negotiated(parse(revision).document))
    assert sorted(len(each.hunks[0].container) for each in found.proposals) == [0, len(tree.container_of(bytes(16), 0))]
    text = taken(outcome, found.proposals)
    ids = {proposal_id(mine.hunks)} | {proposal_id(each.hunks) for each in found.proposals}

    def pick(slot):
        return next((variant for variant in slot.variants if variant.id in ids), readings.base(slot))

    assert words(sheet.as_decided(text.document, pick)) == " ".join(revision.split())
