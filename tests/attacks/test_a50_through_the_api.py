"""A50, A51 at a house's own entrance: what the jail refuses, the API and the pages refuse, and the line is as it was."""

import pytest
from desked import Desked
from test_a50_documents import PACKAGES
from test_a51_bombs import BOMBS
from wordfiles import docx, p, r, zipped

from detente.api import problems
from detente.ground.errors import Malformed

SOURCE = "1. The Parties [shall][should] act.\n"
SOME = ("macros", "an embedded object", "a linked object", "a control", "another format inside", "a program inside",
        "a template elsewhere")  # fmt: skip
HOSTILE = {
    **{name: (lambda made=PACKAGES[name][0]: zipped(made), PACKAGES[name][1]) for name in SOME},
    **{name: BOMBS[name] for name in ("laughs", "parts", "steep", "deep")},
}


@pytest.fixture(scope="module")
def house():
    with Desked(SOURCE) as made:
        yield made


@pytest.mark.attack("A50", "prevented")
@pytest.mark.attack("A51", "prevented")
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_the_jail_refuses_the_house_refuses_and_says_nothing(house, name):
    made, _ = HOSTILE[name]
    raw = made()
    for path in (f"{house.path}/documents", f"{house.text_path}/revisions"):
        error = house.refusal("POST", path, raw, name="text.docx")
        assert isinstance(error, Malformed)
        assert problems.status_of(error) == (400, "malformed")
        assert error.sentence.endswith(".")
    assert house.entrance.previews._kept == {}
    page = house.visit("POST", f"{house.path}/documents", files={"document": ("text.docx", raw)})
    assert page.status_code == 400
    assert problems.describe(error)[1]["sentence"].partition("“")[0][:40] in page.text


def test_control_an_honest_document_is_shown(house):
    seen = house.post(f"{house.path}/documents", docx(p(r("1. Honest words."))), name="text.docx")
    assert seen["clauses"][0]["words"] == "1. Honest words."
    assert house.visit("POST", f"{house.path}/documents", files={"document": ("a.md", b"1. W.\n")}).status_code == 303
