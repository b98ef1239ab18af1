"""How a text stands, on a page: what is pending and for whom, and what is new since somebody spoke or one has read."""

import pytest
from pagerooms import HOSTILE, Room, hidden, well_made

SOURCE = "# Part A\n\n1. The line [BEL: stays][COR: is] open.\n\n2. It is tested.\n"


@pytest.fixture(scope="module")
def room():
    return Room()


@pytest.fixture
def path(room):
    return room.lay(SOURCE, f"Tests {HOSTILE}"[:60])


def test_it_answers_the_four_questions_and_links_every_clause(room, path):
    page = room.one.get(f"{path}/standing")
    assert page.status_code == 200
    assert well_made(page.text) == []
    assert HOSTILE[:20] not in page.text
    for heading in ("What is agreed", "What is pending, and for whom", "Who may speak", "When one may propose"):
        assert heading in page.text
    assert "as the text names it" in page.text
    clause = room.rows(path)["Part A, 1"]["id"]
    assert f'href="{path}/clauses/{clause}"' in page.text


def test_what_is_new_is_asked_from_where_somebody_spoke_or_one_has_read(room, path):
    def new(browser, since="read"):
        page = browser.get(f"{path}/standing?since={since}").text
        return page.partition('id="new"')[2].partition("</section>")[0]

    clause = room.rows(path)["Part A, 2"]["id"]
    fields = hidden(room.one.get(f"{path}/standing").text, f"{path}/standing")
    room.one.done(f"{path}/standing", **fields)
    assert "Nothing." in new(room.one)
    room.other.done(f"{path}/clauses/{clause}/alternative", new=f"2. {HOSTILE}")
    assert "proposed an alternative" in new(room.one)
    assert HOSTILE[:20] not in new(room.one)
    assert "proposed an alternative" in new(room.chair, "beginning")
    assert "proposed an alternative" not in new(room.one, room.other.party.id)
    assert "proposed an alternative" in new(room.one, "no such place")
    room.one.done(f"{path}/standing", **fields)  # the mark of the older page: it does not go back
    again = hidden(room.one.get(f"{path}/standing").text, f"{path}/standing")
    room.one.done(f"{path}/standing", **again)
    assert "Nothing." in new(room.one)
    assert "I have read it up to here" not in new(room.one)


@pytest.mark.parametrize(
    ("position", "sentence"),
    [("", "whole number"), ("-1", "whole number"), ("999999", "Nothing stands"), ("x", "whole")],
)
def test_a_mark_beyond_the_log_or_of_no_number_is_refused(room, path, position, sentence):
    assert sentence in room.one.refused(f"{path}/standing", position=position)
