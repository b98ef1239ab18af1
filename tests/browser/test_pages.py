"""The pages in a real browser: three houses, a text with brackets, and words that try to be more than words."""

import base64

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import must_be_here
from houses import NAMES, TEXT, Houses

from detente.evidence import verifier
from detente.procedures.table.parse import VERSION

HOSTILE = '<img src=x onerror="window.__xss=1"><script>window.__xss=1</script>'
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    must_be_here()
    with Houses(tmp_path_factory.mktemp("houses")) as made:
        made.meet()
        made.note("belmora", ["arvenia"], subject=HOSTILE, text=f"{HOSTILE}\n\nملاحظة\n\n{HOSTILE}")
        source = TEXT.replace("every incident", f"every incident {HOSTILE}")
        body = {"kind": "table.import", "title": f"On incidents {HOSTILE}", "language": "en", "importer": VERSION,
                "source": source}  # fmt: skip
        made.text = made.act("arvenia", body)
        made.everywhere(made.text)
        yield made


def every_page(houses):
    line = f"/lines/{houses.line}"
    own = ("", "/log", "/notes", "/notes/new", "/texts", "/decisions", "/instruments")
    of_a_text = ("", "/standing", "/chair", "/packages", "/committees", "/languages", "/documents")
    return [
        *("/", "/directory", "/not-yet", "/new-line"),
        *(line + path for path in own),
        *(f"{line}/texts/{houses.text}{path}" for path in of_a_text),
    ]


def inside(page):
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_says_nothing_wrong_and_runs_nothing_of_a_text(houses, enter, scheme, width):
    page = enter("arvenia", color_scheme=scheme, viewport={"width": width, "height": 800})
    for path in every_page(houses):
        assert page.goto(path).status == 200, path
        assert inside(page), path
        assert page.evaluate("window.__xss") is None
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert inside(page), f"{path}, from right to left"
    page.goto(f"/lines/{houses.line}/texts/{houses.text}")
    clause = page.locator(".clause-side a").first.get_attribute("href")
    assert page.goto(clause).status == 200
    assert inside(page)
    assert page.complaints == []
    assert all(url.startswith(houses.urls["arvenia"]) for url in page.elsewhere)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_axe_finds_nothing_on_any_page(houses, enter, scheme, direction):
    """What keeps somebody out who hears a page, or sees little of it: names, contrasts, order, landmarks."""
    page, axe = enter("arvenia", color_scheme=scheme), Axe()
    clause = houses.get("arvenia", f"/lines/{houses.line}/texts/{houses.text}/overview")[0]["id"]
    found = []
    for path in (*every_page(houses), f"/lines/{houses.line}/texts/{houses.text}/clauses/{clause}"):
        page.goto(path)
        page.evaluate("direction => { document.documentElement.dir = direction }", direction)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        for each in axe.run(page).response["violations"]:
            found += [(path.rpartition("/")[2], each["id"], node["html"][:160]) for node in each["nodes"]]
    assert found == [], "\n".join(map(str, found))


def test_no_page_needs_a_script(houses, enter):
    page = enter("belmora", java_script_enabled=False)
    for path in every_page(houses):
        assert page.goto(path).status == 200, path
    page.goto(f"/lines/{houses.line}/notes")
    assert page.get_by_text("not yet").count() > 0


def test_brackets_are_seen_and_deep_ones_are_folded(houses, enter):
    page = enter("corvalis")
    page.goto(f"/lines/{houses.line}/texts/{houses.text}")
    rolling = page.locator(".rolling")
    assert "[shall][should]" in rolling.inner_text()
    assert HOSTILE in rolling.inner_text()
    folded = page.locator(".deep").first
    assert not folded.get_by_text("of every day").last.is_visible()
    folded.locator("summary").first.click()
    assert folded.get_by_text("of every day").last.is_visible()


def test_a_party_proposes_the_chair_sees_it_beside_the_other_and_settles(houses, enter):
    page = enter("belmora")
    page.goto(f"/lines/{houses.line}/texts/{houses.text}")
    page.locator(".clause-side a").filter(has_text="to decide").first.click()
    clause = page.url.rsplit("/", 1)[-1]
    assert page.get_by_role("button", name="Settle as chosen").count() == 0
    offered = page.locator("details.card", has=page.locator("textarea")).filter(has_text="inform each other").first
    offered.locator("summary").click()
    words = offered.locator("textarea")
    words.fill(words.input_value().replace("inform", "promptly inform"))
    offered.get_by_role("button", name="Propose this").click()
    page.wait_for_load_state()

    path = f"/lines/{houses.line}/texts/{houses.text}"
    live = houses.until(lambda: [one for one in houses.get("arvenia", path)["operations"] if one["fate"] == "live"])
    assert [one["name"] for one in live] == [NAMES["belmora"]]

    chair = enter("arvenia")
    chair.goto(f"{path}/clauses/{clause}")
    choice = chair.locator(".decide", has_text=NAMES["belmora"]).first
    choice.locator("label.choice", has_text=NAMES["belmora"]).locator("input").check()
    choice.get_by_role("button", name="Settle as chosen").click()
    chair.wait_for_load_state()
    taken = houses.until(lambda: [one for one in houses.get("corvalis", path)["operations"] if one["fate"] == "taken"])
    assert taken[0]["operation"] == live[0]["operation"]


def laid(houses, title, source):
    body = {"kind": "table.import", "title": title, "language": "en", "importer": VERSION, "source": source}
    text = houses.act("arvenia", body)
    houses.everywhere(text)
    return f"/lines/{houses.line}/texts/{text}"


def refusals(page):
    return page.locator("[role=alert]").all_inner_texts()


def test_the_chair_settles_one_place_after_the_other_and_each_page_shows_what_was_settled(houses, enter):
    chair = enter("arvenia")
    path = laid(houses, "Many places", "# A\n\n## Article 1\n\nOption 1:\n\n1. [One][Two] and [three [or four]].\n\n"
                "Option 2:\n\n1. None.\n")  # fmt: skip
    settled = 0
    while (chair.goto(path), chair.locator(".clause-side a").filter(has_text="to decide"))[1].count():
        chair.locator(".clause-side a").filter(has_text="to decide").first.click()
        chair.wait_for_load_state()
        before = chair.locator(".decide").count()
        assert before, "every place that a text names as open is decided on the page that it leads to"
        chair.locator(".decide").first.locator("[name=chosen]").first.check()
        chair.get_by_role("button", name="Settle as chosen").first.click()
        chair.wait_for_load_state()
        assert refusals(chair) == []
        assert chair.locator(".decide").count() < before
        settled += 1
    assert settled == 4


def test_a_position_an_accepted_clause_and_a_bracket_without_a_partner(houses, enter):
    path = laid(houses, "Small things", "# B\n\n1. It enters into force] on [Monday][Tuesday].\n")
    member, chair = enter("corvalis"), enter("arvenia")
    for page in (member, chair):
        page.goto(path)
        page.locator(".clause-side a").filter(has_text="to decide").first.click()
        page.wait_for_load_state()
    member.get_by_text("Say where your party stands").click()
    member.locator("[name=stance]").select_option("reserve")
    member.locator("[name=note]").fill(HOSTILE)
    member.get_by_role("button", name="Say this").click()
    member.wait_for_load_state()
    assert f"{NAMES['corvalis']}: reserve “{HOSTILE}”" in member.locator(".said").inner_text()
    assert member.evaluate("window.__xss") is None
    member.get_by_text("Accept this clause as it stands").click()
    member.get_by_role("button", name="Accept this clause").click()
    member.wait_for_load_state()
    assert member.locator(".said").last.inner_text().strip() == NAMES["corvalis"]
    assert member.locator("[name=mark]").count() == 0, "the chair alone takes brackets out"
    chair.get_by_role("button", name="Take the chosen ones out").click()
    chair.wait_for_load_state()
    assert refusals(chair) == ["Choose the brackets that are to go."]
    chair.get_by_text("Back to where you were").click()
    chair.locator("[name=mark]").check()
    chair.get_by_role("button", name="Take the chosen ones out").click()
    chair.wait_for_load_state()
    assert refusals(chair) == []
    assert "It enters into force on" in chair.locator(".rolling").inner_text()
    houses.until(lambda: member.reload() and "an earlier content" in member.locator(".said").last.inner_text())


def test_a_draft_is_refused_with_its_words_kept_and_comes_back_with_a_reason(houses, enter):
    drafter, head = enter("belmora", "registry"), enter("belmora")
    notes = f"/lines/{houses.line}/notes"
    drafter.goto(f"{notes}/new")
    drafter.locator("[name=subject]").fill("Seat")
    drafter.locator("[name=text]").fill("The Mission asks for the seat.")
    drafter.get_by_role("button", name="Submit for clearance").click()
    drafter.wait_for_load_state()
    assert refusals(drafter) == ["Not drafted: A note has at least one addressee for action."]
    assert drafter.locator("[name=subject]").input_value() == "Seat"
    drafter.locator("[name=to]").first.check()
    drafter.get_by_role("button", name="Submit for clearance").click()
    drafter.wait_for_load_state()
    head.goto("/")
    head.get_by_text("to be cleared").click()
    head.get_by_role("button", name="Clear").click()
    head.get_by_text("Send it back", exact=True).click()
    head.locator("[name=remark]").fill("Which seat?")
    head.get_by_role("button", name="Send it back to registry").click()
    head.wait_for_load_state()
    assert "Which seat?" in head.locator(".drafts").inner_text()
    assert head.get_by_role("button", name="Give it up").count() == 0
    drafter.goto(notes)
    drafter.get_by_text("Write it anew").click()
    drafter.locator("[name=text]").fill("The Mission asks for the seat of the talks.")
    drafter.get_by_role("button", name="Submit for clearance").click()
    drafter.wait_for_load_state()
    head.goto(notes)
    assert "seat of the talks" in (head.locator(".drafts").text_content() or "")
    head.get_by_role("button", name="Clear").click()
    head.get_by_role("button", name="Authorise and dispatch").click()
    head.wait_for_load_state()
    assert refusals(head) == []
    assert head.locator(".drafts").count() == 0


def test_a_line_is_founded_and_agreed_to_on_pages(houses, enter):
    chair, other = enter("corvalis"), enter("arvenia")
    chair.goto("/")
    chair.get_by_text("Found a line").click()
    chair.locator("[name=title]").fill(f"A second line {HOSTILE}"[:60])
    chair.locator(f"[name=role-{houses.parties['belmora']}]").select_option("")
    for box in chair.locator("[name=must_accept]").all():
        box.uncheck()
    chair.get_by_role("button", name="Found this line").click()
    chair.wait_for_load_state()
    assert "Who must accept" in refusals(chair)[0]
    for box in chair.locator("[name=must_accept]").all():
        box.check()
    chair.get_by_role("button", name="Found this line").click()
    chair.wait_for_load_state()
    assert refusals(chair) == []
    assert "Founded" in chair.locator(".lead").inner_text()
    houses.until(lambda: other.goto("/") and other.get_by_role("button", name="Agree to this line").count())
    other.get_by_role("button", name="Agree to this line").click()
    houses.until(lambda: chair.reload() and chair.get_by_text("holds the keys").count() == 2)
    assert chair.locator(".members li").count() == 2


def test_the_three_things_about_a_note_are_three_things(houses, enter):
    page = enter("arvenia")
    page.goto("/")
    page.get_by_text(HOSTILE).first.click()
    row = page.locator(".standings tbody tr").first
    delivered, acknowledged, answered = row.locator("td").all_inner_texts()
    assert "UTC" in delivered
    assert (acknowledged.strip(), answered.strip()) == ("not yet", "not yet")
    page.get_by_role("button", name="Acknowledge receipt").click()
    page.wait_for_load_state()
    note = page.url

    def seen():
        page.goto(note)
        return "UTC" in row.locator("td").nth(1).inner_text()

    houses.until(seen)
    assert row.locator("td").nth(2).inner_text().strip() == "not yet"


def test_a_link_makes_a_passkey_once_and_the_passkey_signs_in(houses, chromium):
    link = houses.link("corvalis", "registry")
    context = chromium.new_context()
    page = context.new_page()
    complaints = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    name = device.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    page.goto(link)
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_url("**/sign-in")
    assert len(device.send("WebAuthn.getCredentials", {"authenticatorId": name})["credentials"]) == 1
    assert page.goto(link).status == 403
    door = link.split("/enter/")[0]
    page.goto(f"{door}/sign-in")
    device.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("Nothing was done").wait_for()
    device.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": True})
    for _ in range(2):
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url(f"{door}/")
        assert page.get_by_text("Signed in as registry").is_visible()
        assert inside(page)
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_load_state()
        page.get_by_role("link", name="Sign in").click()
    assert page.goto(f"{door}/directory").status == 401
    known = ("status of 40", "pubKeyCredParams")  # what was refused on purpose; RSA is not asked for
    assert [each for each in complaints if not any(words in each for words in known)] == []
    context.close()


def test_at_another_name_of_this_machine_the_page_says_where_passkeys_are_asked_for(houses, chromium):
    page = chromium.new_page()
    page.goto(f"{houses.urls['corvalis'].replace('localhost', '127.0.0.1')}/sign-in")
    assert page.get_by_role("button", name="Sign in").is_disabled()
    assert page.get_by_text("Passkeys are asked for at").is_visible()
    page.close()


def test_three_parties_conclude_a_clean_text_from_adoption_to_the_register(houses, enter):
    body = {"kind": "table.import", "title": "Hours of the contact points", "language": "en", "importer": VERSION,
            "source": "# Hours\n\n1. The contact points answer at every hour.\n"}  # fmt: skip
    houses.everywhere(houses.act("arvenia", body))
    pages = {key: enter(key) for key in NAMES}
    path = f"/lines/{houses.line}/instruments"

    def press(key, button):
        """Press it once the page offers it: what builds on a decision waits until a quorum has confirmed that."""
        page = pages[key]
        of_this_text = page.get_by_role("heading", name="Hours of the contact points", exact=True)

        def offered():
            page.goto(path)
            found = (
                page.locator("section.card, article.paper").filter(has=of_this_text).get_by_role("button", name=button)
            )
            if not found.count():
                return False
            found.click()
            page.wait_for_load_state()
            return page.url.endswith("/instruments")

        houses.until(offered)

    for button in ("Adopt this content", "Set the party's seal to it", "Consent to its publication"):
        for key in NAMES:
            press(key, button)
    press("belmora", "Publish it in the register")
    for page in pages.values():
        houses.until(lambda page=page: page.goto(path) and page.get_by_text("Sealed by all and published").count())
        assert page.get_by_text("No person's own approval (passkey) stands beside the seal of").count() == 1
        assert inside(page)
    published = houses.get("corvalis", path)["concluded"][0]
    files = [houses.client(key).get(f"/api/v1{path}/{published['digest']}/file").content for key in NAMES]
    assert len(set(files)) == 1
    proof = houses.client("arvenia").get(f"/api/v1{path}/{published['digest']}/proof").content
    verdict = verifier.verify(files[0], proof, houses.anchors.read_bytes())
    assert verdict.outcome is verifier.Outcome.PROVED, verdict.summary


def test_what_the_chair_puts_is_received_by_every_house_and_broken_by_one_objection(houses, enter):
    chair, member = enter("arvenia"), enter("belmora")
    laid(houses, "Put to the parties", "# C\n\n1. The line stays open.\n")
    path = f"/lines/{houses.line}/decisions"
    chair.goto(path)
    chair.get_by_text("Put a text to the parties").click()
    chair.locator("[name=text]").select_option(label="Put to the parties (0 to decide)")
    chair.locator("[name=question]").fill(f"Shall it stand? {HOSTILE}"[:400])
    chair.locator("[name=hours]").fill("1")
    chair.get_by_role("button", name="Put this").click()
    chair.wait_for_load_state()
    assert refusals(chair) == ["A silence lasts 72 hours at least on this line."]
    chair.get_by_text("Back to where you were").click()
    chair.get_by_text("Put a text to the parties").click()
    chair.locator("[name=text]").select_option(label="Put to the parties (0 to decide)")
    chair.locator("[name=question]").fill(f"Shall it stand? {HOSTILE}"[:400])
    chair.get_by_role("button", name="Put this").click()
    chair.wait_for_load_state()
    assert refusals(chair) == []
    one = chair.locator(".decision").first
    houses.until(lambda: chair.reload() and one.get_by_text("its house received this").count() == 3)
    member.goto(path)
    assert member.get_by_text("Put a text to the parties").count() == 0, "the chair alone puts"
    other = member.locator(".decision").first
    other.get_by_text("Object", exact=True).click()
    other.locator("[name=words]").first.fill(HOSTILE)
    other.get_by_role("button", name="Object, which breaks the silence").click()
    member.wait_for_load_state()
    assert refusals(member) == []
    assert HOSTILE in other.locator(".said").inner_text()
    houses.until(lambda: chair.reload() and one.get_by_text("objects", exact=True).count() == 1)
    other.get_by_role("button", name="Take the objection back").click()
    member.wait_for_load_state()
    assert "taken back" in other.locator(".said").inner_text()
    assert [page.evaluate("window.__xss") for page in (chair, member)] == [None, None]


def test_a_vote_is_put_cast_and_counted_on_pages(houses, enter):
    pages = {key: enter(key) for key in NAMES}
    laid(houses, "Put to the vote", "# D\n\n1. The line is tested each year.\n")
    path = f"/lines/{houses.line}/decisions"
    chair = pages["arvenia"]
    chair.goto(path)
    chair.get_by_text("Put a text to the parties").click()
    chair.locator("[name=text]").select_option(label="Put to the vote (0 to decide)")
    chair.locator("[name=how]").select_option("main-committee")
    chair.get_by_role("button", name="Put this").click()
    chair.wait_for_load_state()
    assert refusals(chair) == []
    for key, button in (("arvenia", "Vote yes"), ("belmora", "Vote no"), ("corvalis", "Vote yes")):
        page = pages[key]
        houses.until(lambda page=page: page.goto(path) and page.get_by_role("button", name="Vote yes").count())
        page.locator(".decision", has_text="Vote").filter(has_text="Put to the vote").get_by_role(
            "button", name=button
        ).click()
        page.wait_for_load_state()
        assert refusals(page) == []
    vote = chair.locator(".decision").filter(has_text="Put to the vote")

    def ended():
        chair.goto(path)
        if vote.get_by_text("adopted", exact=True).count():
            return True
        if vote.locator("dd").all_inner_texts()[:2] == ["2", "1"]:
            vote.get_by_role("button", name="The vote is over").click()
            chair.wait_for_load_state()
        return False

    houses.until(ended)
    assert vote.locator("dd").all_inner_texts() == ["2", "1", "0", "0"]


def test_how_a_text_stands_is_told_on_a_page_and_a_mark_says_what_is_new(houses, enter):
    member = enter("belmora")
    laid(houses, "Reports", "# E\n\n1. The line [BEL: stays][COR: is] open.\n\n2. It is tested.\n")
    text = next(each for each in houses.get("belmora", f"/lines/{houses.line}/texts") if each["title"] == "Reports")
    member.goto(f"/lines/{houses.line}/texts/{text['text']}")
    member.get_by_role("link", name="How it stands").click()
    assert member.get_by_role("heading", level=1, name="Reports").count() == 1
    assert member.get_by_role("heading", name="What is pending, and for whom").count() == 1
    names = member.locator("section", has_text="What is pending").locator("h3").all_inner_texts()
    assert "BEL as the text names it" in names
    member.get_by_role("button", name="I have read it up to here").click()
    member.wait_for_load_state()
    assert refusals(member) == []
    assert member.locator("section", has_text="What is new").get_by_text("Nothing.").count() == 1
    scope = next(
        each
        for each in houses.get("corvalis", f"/lines/{houses.line}/texts/{text['text']}/overview")
        if "tested" in each["words"]
    )
    body = {"kind": "table.alternative", "text": base64.b64encode(bytes.fromhex(text["text"])).decode(),
            "clause": base64.b64encode(bytes.fromhex(scope["id"])).decode(), "words": f"2. {HOSTILE}"}  # fmt: skip
    houses.everywhere(houses.act("corvalis", body))
    member.reload()
    assert member.get_by_text("proposed an alternative").count() == 1
    assert member.evaluate("window.__xss") is None
    assert inside(member)
    member.get_by_label("Since").select_option(label="the last word of Corvalis")
    member.get_by_role("button", name="Show").click()
    assert member.get_by_text("proposed an alternative").count() == 0


def test_what_three_houses_tell_of_one_line_is_alike_in_every_order(houses):
    """Each process hashes under a seed of its own: an order that comes from a hash would differ from house to house."""
    houses.until(lambda: len({len(houses.get(key, f"/lines/{houses.line}/acts")) for key in NAMES}) == 1)

    def told(key):
        texts = houses.get(key, f"/lines/{houses.line}/texts")
        below = [(text["text"], view) for text in texts for view in ("", "/slots", "/overview", "/changes")]
        return [texts, *(houses.get(key, f"/lines/{houses.line}/texts/{text}{view}") for text, view in below)]

    houses.until(lambda: told("arvenia") == told("belmora") == told("corvalis"))
    assert len(told("arvenia")) > len(NAMES)
    silences = [houses.get(key, f"/lines/{houses.line}/decisions")["silences"] for key in NAMES]
    assert len({tuple(each["silence"] for each in told) for told in silences}) == 1
