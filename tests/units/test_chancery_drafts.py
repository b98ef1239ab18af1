"""A note's passage at home: two offices, one number, one act."""

import pytest
from conference import Conference

from detente.acts.labels import Label
from detente.ground.errors import Malformed, Refused
from detente.procedures.correspondence.acts import Character, Form, Note, Number, Precedence
from detente.procedures.correspondence.machine import State


@pytest.fixture
def world():
    world = Conference(2)
    world.line = world.found()
    return world


def a_draft(world, form=Form.NOTE_VERBALE, **more):
    fields = {
        "form": form,
        "number": None,
        "precedence": Precedence.ROUTINE,
        "character": Character.INFORMAL if form is Form.NON_PAPER else Character.FORMAL,
        "label": Label.UNCLASSIFIED,
        "to": (world.parties[1].id,),
        "info": (),
        "subject": "A matter",
        "text": "The Ministry presents its compliments.",
        "answers": None,
        "refers": None,
        "exercise": False,
        **more,
    }
    return Note(**fields)


def drafts(world):
    return world.parties[0].house.drafts


def test_a_note_leaves_the_house_when_a_second_office_authorised_it(world):
    made = drafts(world).write(world.line, "registry", a_draft(world), world.now)
    assert made.state is State.IN_CLEARANCE
    cleared = drafts(world).clear(world.line, made.name, "registry", world.now)
    assert cleared.state is State.CLEARED
    sent = drafts(world).authorise(world.line, made.name, "head-of-mission", world.now)
    assert sent.state is State.DISPATCHED
    assert sent.note.number == Number("registry", 1, 2027)
    world.settle()
    assert sent.act in world.parties[1].house.line(world.line).known


def test_the_office_that_drafted_it_does_not_authorise_it(world):
    made = drafts(world).write(world.line, "registry", a_draft(world), world.now)
    drafts(world).clear(world.line, made.name, "head-of-mission", world.now)
    with pytest.raises(Refused, match="second office"):
        drafts(world).authorise(world.line, made.name, "registry", world.now)
    assert drafts(world).get(world.line, made.name).state is State.CLEARED
    assert not world.parties[0].house.line(world.line).held


def test_control_another_office_does(world):
    made = drafts(world).write(world.line, "registry", a_draft(world), world.now)
    drafts(world).clear(world.line, made.name, "head-of-mission", world.now)
    assert drafts(world).authorise(world.line, made.name, "head-of-mission", world.now).act


def test_nothing_leaves_before_it_is_cleared_by_everyone_who_was_asked(world):
    both = ("head-of-mission", "registry")
    made = drafts(world).write(world.line, "registry", a_draft(world), world.now, required=both)
    drafts(world).clear(world.line, made.name, "registry", world.now)
    with pytest.raises(Refused):
        drafts(world).authorise(world.line, made.name, "head-of-mission", world.now)
    drafts(world).clear(world.line, made.name, "head-of-mission", world.now)
    assert drafts(world).authorise(world.line, made.name, "head-of-mission", world.now).act


def test_what_was_sent_back_lost_its_clearances(world):
    made = drafts(world).write(world.line, "registry", a_draft(world), world.now)
    back = drafts(world).reject(world.line, made.name, "head-of-mission", "Too long.", world.now)
    assert back.state is State.DRAFT
    assert back.cleared_by == ()
    with pytest.raises(Refused):
        drafts(world).clear(world.line, made.name, "head-of-mission", world.now)


def test_a_note_that_the_rules_refuse_is_not_even_drafted(world):
    for wrong in ({"label": Label.SECRET}, {"to": ()}, {"text": " "}):
        with pytest.raises(Refused):
            drafts(world).write(world.line, "registry", a_draft(world, **wrong), world.now)
    assert drafts(world).of(world.line) == []
    assert drafts(world).write(world.line, "registry", a_draft(world), world.now), "the control"


def test_who_would_authorise_sends_back_and_only_the_drafter_writes_anew(world):
    made = drafts(world).write(world.line, "registry", a_draft(world), world.now)
    better = a_draft(world, subject="In other words")
    with pytest.raises(Refused):
        drafts(world).rewrite(world.line, made.name, "registry", better, world.now)
    drafts(world).clear(world.line, made.name, "registry", world.now)
    drafts(world).reject(world.line, made.name, "head-of-mission", "Say it in other words.", world.now)
    with pytest.raises(Refused, match="registry"):
        drafts(world).rewrite(world.line, made.name, "head-of-mission", better, world.now)
    with pytest.raises(Refused):
        drafts(world).rewrite(world.line, made.name, "registry", a_draft(world, to=()), world.now)
    again = drafts(world).rewrite(world.line, made.name, "registry", better, world.now)
    assert (again.state, again.note.subject, again.cleared_by) == (State.IN_CLEARANCE, "In other words", ())
    with pytest.raises(Refused):
        drafts(world).authorise(world.line, made.name, "head-of-mission", world.now)
    drafts(world).clear(world.line, made.name, "head-of-mission", world.now)
    assert drafts(world).authorise(world.line, made.name, "head-of-mission", world.now).act


def test_what_was_sent_back_can_be_given_up_by_its_drafter_alone(world):
    made = drafts(world).write(world.line, "registry", a_draft(world), world.now)
    with pytest.raises(Refused):
        drafts(world).discard(world.line, made.name, "registry")
    drafts(world).reject(world.line, made.name, "head-of-mission", "", world.now)
    with pytest.raises(Refused):
        drafts(world).discard(world.line, made.name, "head-of-mission")
    drafts(world).discard(world.line, made.name, "registry")
    assert drafts(world).of(world.line) == []


def test_asked_twice_it_is_done_once(world):
    first = drafts(world).write(world.line, "registry", a_draft(world), world.now, request="wish")
    again = drafts(world).write(world.line, "registry", a_draft(world), world.now, request="wish")
    assert first == again
    drafts(world).clear(world.line, first.name, "registry", world.now)
    sent = drafts(world).authorise(world.line, first.name, "head-of-mission", world.now)
    assert drafts(world).authorise(world.line, first.name, "head-of-mission", world.now) == sent
    assert len(drafts(world).of(world.line)) == 1


def test_a_non_paper_bears_no_number(world):
    paper = a_draft(world, Form.NON_PAPER)
    made = drafts(world).write(world.line, "registry", paper, world.now)
    drafts(world).clear(world.line, made.name, "registry", world.now)
    assert drafts(world).authorise(world.line, made.name, "head-of-mission", world.now).note.number is None


def test_a_draft_bears_no_number_and_names_offices_of_the_party(world):
    numbered = a_draft(world, number=Number("registry", 1, 2027))
    with pytest.raises(Malformed):
        drafts(world).write(world.line, "registry", numbered, world.now)
    with pytest.raises(Malformed):
        drafts(world).write(world.line, "registry", a_draft(world), world.now, required=("nobody",))
    with pytest.raises(Refused):
        drafts(world).get(world.line, "0" * 32)
