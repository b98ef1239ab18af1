"""A delegate and a chair at the table in a real browser: clause, move, note, package, revision; no script is needed."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import must_be_here
from houses import NAMES, Houses
from test_pages import HOSTILE, inside, refusals

from detente.procedures.table.parse import VERSION

TITLE = f"Hours of the line {HOSTILE}"
SOURCE = (
    "# Hours\n\n## Article 1\n\n1. The line [shall][should] be open at noon.\n\n2. It is tested each year.\n\n"
    f"## Article 2\n\n1. It stays {HOSTILE} open.\n\n2. It may be closed for repairs.\n"
)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    must_be_here()
    with Houses(tmp_path_factory.mktemp("houses")) as made:
        made.meet()
        body = {"kind": "table.import", "title": TITLE, "language": "en", "importer": VERSION, "source": SOURCE}
        made.text = made.act("arvenia", body)
        made.everywhere(made.text)
        yield made


def at(page, houses):
    """To the text, from the list of texts, by its title."""
    page.goto(f"/lines/{houses.line}/texts")
    page.locator("a.row").filter(has=page.get_by_text(TITLE, exact=True)).click()


def clause(page, houses, words):
    """To the page of the clause that begins with these words."""
    at(page, houses)
    section = page.locator("section.clause").filter(has_text=words)
    section.locator(".clause-side a").last.click()
    assert page.locator("article.alone").get_by_text(words).count() == 1


def opened(page, summary):
    """The form behind a summary."""
    found = page.locator("details").filter(has=page.locator("> summary", has_text=summary))
    found.locator("> summary").click()
    return found.locator("> form")


def sent(page, form, button):
    form.get_by_role("button", name=button, exact=True).click()
    page.wait_for_load_state()
    assert refusals(page) == []


def test_a_delegate_walks_from_clause_to_package_and_the_chair_publishes(houses, enter):
    page, chair = enter("belmora", java_script_enabled=False), enter("arvenia", java_script_enabled=False)

    clause(page, houses, "2. It is tested each year.")
    form = opened(page, "A new clause beside this one")
    form.get_by_label("Where").select_option(label="right after this clause")
    form.get_by_label("What it is").select_option(label="a paragraph")
    form.get_by_label("Its words").fill(f"3. The result is told to all. {HOSTILE}")
    sent(page, form, "Propose this clause")
    assert "3. The result is told to all." in page.locator(".rolling").inner_text()

    clause(page, houses, "2. It may be closed for repairs.")
    form = opened(page, "Another place for this clause")
    form.get_by_label("Where").select_option(label="right after")
    form.get_by_label("Which clause").select_option(label="Hours, Article 1, 2: 2. It is tested each year.")
    sent(page, form, "Propose this place")
    assert f"{NAMES['belmora']}: after Hours, Article 1, 2" in page.locator(".elsewhere").inner_text()

    form = opened(page, "Write a note")
    form.locator("[name=target]").select_option(label="this clause")
    form.get_by_label("In words").fill(f"Closed when, and by whom? {HOSTILE}")
    form.get_by_label("these parties, and ours:").check()
    sent_without_a_party(page, form)
    form = opened(page, "Write a note")
    form.get_by_label("In words").fill(f"Closed when, and by whom? {HOSTILE}")
    form.get_by_label("these parties, and ours:").check()
    form.get_by_label(NAMES["arvenia"]).check()
    sent(page, form, "Leave this note")
    assert HOSTILE in page.locator("section", has=page.locator("#notes")).inner_text()

    at(page, houses)
    page.get_by_role("link", name="Packages").click()
    form = page.locator("form", has=page.get_by_role("button", name="Propose this package"))
    form.get_by_label("Its name").fill("Order and openness")
    for words in ("a new clause, Hours, Article 1, 3", "another place, Hours, Article 2, 2"):
        form.locator("tr").filter(has_text=words).get_by_label("Takes").check()
    sent(page, form, "Propose this package")
    package = page.locator("article", has=page.get_by_role("heading", name="Order and openness"))
    assert package.locator("li").filter(has_text=NAMES["belmora"]).count() == 2

    seen_by_the_others(houses, enter)
    for each in (page, enter("corvalis", java_script_enabled=False), chair):
        accepted(each, houses)
    carried = chair.locator("article", has=chair.get_by_role("heading", name="Order and openness"))
    houses.until(lambda: chair.reload() and carried.get_by_text("carried", exact=True).count())
    form = opened(chair, "Take it whole")
    form.get_by_label("On the basis of").select_option(label="all who must accept are in favour")
    sent(chair, form, "Take this package")
    assert carried.get_by_text("taken", exact=True).count() >= 1
    published(houses, chair)


def sent_without_a_party(page, form):
    form.get_by_role("button", name="Leave this note").click()
    page.wait_for_load_state()
    assert refusals(page) == ["Choose the parties for whom the note is meant."]
    page.get_by_text("Back to where you were").click()


def seen_by_the_others(houses, enter):
    """The note is shown to the chair, for whom it is meant, and not to Corvalis."""
    shown = {}
    for key in ("arvenia", "corvalis"):
        page = enter(key)
        houses.until(lambda page=page: at(page, houses) or page.locator(".elsewhere").count())
        clause(page, houses, "2. It may be closed for repairs.")
        shown[key] = page.locator("section", has=page.locator("#notes")).inner_text()
        assert page.evaluate("window.__xss") is None
        assert page.complaints == []
    assert f"Closed when, and by whom? {HOSTILE}" in shown["arvenia"]
    assert "Closed when" not in shown["corvalis"]


def accepted(page, houses):
    at(page, houses)
    page.get_by_role("link", name="Packages").click()
    package = page.locator("article", has=page.get_by_role("heading", name="Order and openness"))
    houses.until(lambda: package.count() or (page.reload() and False))
    sent(page, opened(page, "Accept this package"), "Accept this package")


def published(houses, chair):
    """The order that was taken is published, with the names that follow from it."""
    at(chair, houses)
    words = chair.locator(".rolling").inner_text()
    assert words.index("3. The result") < words.index("Article 2"), "the new clause stands where it was proposed"
    assert words.index("for repairs") < words.index("Article 2"), "and so does the one that was moved"
    chair.get_by_role("link", name="How it is run").click()
    row = chair.locator("section", has=chair.locator("#inferred"))
    sent(chair, row, "Confirm all 1 as they were read")
    form = opened(chair, "Publish the text as it stands")
    form.get_by_label("Name of the revision").fill("Rev. 1")
    form.get_by_label("name the clauses anew").check()
    sent(chair, form, "Publish this revision")
    assert "Rev. 1" in chair.locator("section", has=chair.locator("#revisions")).locator("ol").inner_text()
    path = f"/lines/{houses.line}/texts/{houses.text}/around"
    houses.until(lambda: [each["name"] for each in houses.get("corvalis", path)["revisions"]] == ["Rev. 1"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_around_a_text_fit_and_run_nothing_of_it(houses, enter, scheme, width):
    page = enter("arvenia", color_scheme=scheme, viewport={"width": width, "height": 800})
    text = f"/lines/{houses.line}/texts/{houses.text}"
    at(page, houses)
    links = [each.get_attribute("href") for each in page.locator(".clause-side a").all()]
    others = [f"{text}/{each}" for each in ("chair", "packages", "committees", "languages", "languages/ar")]
    for path in (text, links[-1], *others):
        assert page.goto(path).status == 200, path
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        for direction in ("ltr", "rtl"):
            page.evaluate(f"document.documentElement.dir = '{direction}'")
            assert inside(page), (path, direction)
        assert page.evaluate("window.__xss") is None
        assert page.complaints == []
        found = Axe().run(page).response["violations"]
        assert [(each["id"], node["html"][:160]) for each in found for node in each["nodes"]] == [], path


def test_a_committee_is_set_up_and_a_version_in_another_language_handed_in(houses, enter):
    chair, page = enter("arvenia", java_script_enabled=False), enter("corvalis", java_script_enabled=False)
    at(chair, houses)
    chair.get_by_role("link", name="Committees").click()
    form = chair.locator("form", has=chair.get_by_role("button", name="Set up this committee"))
    form.get_by_label("Title of its text").fill("Committee on repairs")
    form.get_by_label("Who facilitates").select_option(label=NAMES["belmora"])
    form.get_by_label(NAMES["belmora"], exact=True).check()
    form.locator("li").filter(has_text="It may be closed").get_by_role("checkbox").check()
    sent(chair, form, "Set up this committee")
    card = chair.locator("article", has=chair.get_by_role("heading", name="Committee on repairs"))
    assert card.locator("dd").all_inner_texts() == [NAMES["belmora"], NAMES["belmora"]]
    card.get_by_role("link", name="Committee on repairs").click()
    chair.get_by_role("link", name="to the text it came from").click()
    assert TITLE in chair.locator("h1").inner_text()

    at(page, houses)
    page.get_by_role("link", name="Languages").click()
    page.get_by_label("Another language").fill("ar")
    page.get_by_role("button", name="Show the text in it").click()
    row = page.locator("article").filter(has_text="It is tested each year.")
    row.locator("summary").click()
    row.get_by_label("Words in ar").fill(f"٢. {HOSTILE}")
    row.get_by_label("How far it has come").select_option(label="a draft")
    sent(page, row, "Hand this version in")
    assert f"٢. {HOSTILE}" in row.locator(".choice").last.inner_text()
    assert row.locator(".tag").inner_text() == "draft"
