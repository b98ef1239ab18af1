"""A real browser for tests: started once for a module, and a page of somebody who has signed in at a house."""

import os
import shutil

import pytest

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def must_be_here():
    """Chromium is there, or the test is skipped at home and fails where everything is installed."""
    if shutil.which(CHROMIUM) is None:
        if os.environ.get("CI") == "true":
            pytest.fail("The pages are looked at with Chromium, which is not installed here.")
        pytest.skip("Chromium is not installed here: apt-get install chromium.")


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def enter(houses, chromium):
    """A page of somebody who has signed in, and everything that the browser complains about."""
    contexts = []

    def entered(key, office="head-of-mission", **options):
        context = chromium.new_context(base_url=houses.urls[key], **options)
        context.add_cookies([{"url": houses.urls[key], **houses.cookie(key, office)}])
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.elsewhere = []
        page.on("request", lambda asked: page.elsewhere.append(asked.url))
        page.goto("/")
        return page

    yield entered
    for context in contexts:
        context.close()
