"""Forms: sent twice they are one wish, and every form that does something bears one."""

import re
from html.parser import HTMLParser
from importlib import resources

import pytest
from serving import cookie_of, own_line, serving, signed_in, token_for, visitor

from detente import bootstrap
from detente.chancery.identity import EVERY_POWER
from detente.web.app import wish

SIGNING_IN_AND_OUT = ("base.html",)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("house")
    bootstrap.make_house(home, bytes(32), {"en": "Republic of Arvenia"}, {"head-of-mission": EVERY_POWER})
    with serving(home) as made:
        yield made


class Fields(HTMLParser):
    """What the last form of a page would send as it stands."""

    def __init__(self, page):
        super().__init__()
        self.fields = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given["value"]


def test_a_form_that_is_sent_twice_is_done_once_and_with_other_words_it_is_another(house):
    own = f"http://{house.entrance.address}"
    with visitor(house) as browser, signed_in(house) as head:
        line = own_line(head)
        browser.cookies.set(cookie_of(house), token_for(house))
        path = f"/lines/{line}/notes/new"
        party = head.get("/api/v1/house").json()["party"]
        sent = {
            **Fields(browser.get(path).text).fields,
            "form": "note verbale", "precedence": "ROUTINE", "character": "FORMAL", "label": "UNCLASSIFIED",
            "to": party, "subject": "Once", "text": "The Mission presents its compliments.",
        }  # fmt: skip

        def drafts():
            return [each["subject"] for each in head.get(f"/api/v1/lines/{line}/drafts").json()]

        for _ in range(3):
            assert browser.post(path, data=sent, headers={"origin": own}).status_code == 303
        assert drafts() == ["Once"]
        browser.post(path, data={**sent, "subject": "Other words"}, headers={"origin": own})
        assert sorted(drafts()) == ["Once", "Other words"]
        again = {**sent, "wish": Fields(browser.get(path).text).fields["wish"]}
        browser.post(path, data=again, headers={"origin": own})
        assert sorted(drafts()) == ["Once", "Once", "Other words"], "a new form is a new wish: the control"


def test_every_form_that_does_something_bears_a_wish():
    folder = resources.files("detente.web") / "templates"
    forms = {
        template.name: re.findall(r'<form[^>]*method="post"[^>]*>(.{0,12})', template.read_text("utf-8"))
        for template in folder.iterdir()
        if template.name not in SIGNING_IN_AND_OUT
    }
    found = [(name, beginning) for name, each in forms.items() for beginning in each]
    assert len(found) >= 20
    assert [each for each in found if each[1] != "{{ wish() }}"] == []


def test_no_two_wishes_are_the_same():
    assert len({wish() for _ in range(100)}) == 100
