"""A browser (Debian's Chromium) for each test, on the stack of the session."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import Stack

CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-gpu",
)  # fmt: skip
WILL_NOT_SAY = "localStorage.getItem('vethboard.name') ?? localStorage.setItem('vethboard.name', '')"
"""To be run in a page before its own scripts: its person was asked for a name already."""
OUT = Path(__file__).parent / "out"


STILL = """async () => {
  const moved = () => [...document.querySelectorAll('.react-flow__viewport, .react-flow__node')]
  const places = () => moved().map((e) => getComputedStyle(e).transform).join()
  for (let was = places(), same = 0; same < 10; ) {
    await new Promise(requestAnimationFrame)
    const now = places()
    same = now === was ? same + 1 : 0
    was = now
  }
}"""


def still(page: Page) -> None:
    """Wait until the canvas and its cards have stopped moving: ten frames are alike."""
    page.evaluate(STILL)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, stack: Stack, lab: str) -> Iterator[Page]:
    """The page of the test's own lab, as a new visitor opens it. An error in its console fails the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{stack.url}/?token={stack.token}&lab={lab}")
    page.get_by_role("group", name="Namespace host").wait_for()
    yield page
    context.close()
    assert not errors
