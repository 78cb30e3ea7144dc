"""The main screens look as they did, in both themes and both languages. `VETHBOARD_SNAPSHOTS=renew` takes the pictures anew."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import OUT
from tests.e2e.pixels import Image, difference, fewer_colours
from tests.pictures.labs import site
from tests.support import Stack

KEPT = Path(__file__).parent / "snapshots"
RENEW = os.environ.get("VETHBOARD_SNAPSHOTS") == "renew"
TOLERATED = 0.003
"""The part of the pixels that may look different; a panel that has moved or lost its colours is many times more."""

LOOKS = [(theme, language) for theme in ("light", "dark") for language in ("en-GB", "zh-TW")]
CHANGING = "tbody, canvas, [role=img], .mono, .react-flow__edges"
"""What is different each time: MAC addresses, counters, ages, curves of traffic."""


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    """A Vethboard without labs, so that it shows its start screen."""
    stack = Stack()
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def site_lab(own: Stack) -> str:
    own.cli("new", "site")
    own.cli("apply", "site", "-", input=site())
    return "site"


def _open(browser: Browser, own: Stack, theme: str, language: str, lab: str = "") -> Page:
    context = browser.new_context(viewport={"width": 1000, "height": 640}, locale=language, reduced_motion="reduce")
    context.add_init_script(f"localStorage.setItem('vethboard.theme', '{theme}')")
    page = context.new_page()
    page.goto(f"{own.url}/?token={own.token}&lab={lab}")
    return page


def _same(page: Page, name: str) -> None:
    """As the kept picture; otherwise what is seen now goes to `out`, to be looked at."""
    page.mouse.move(2, 2)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(700)  # what fades in has arrived
    file = KEPT / f"{name}.png"
    seen = (KEPT if RENEW else OUT) / f"{name}.png"
    seen.parent.mkdir(exist_ok=True)
    page.screenshot(path=seen, animations="disabled", caret="hide", mask=[page.locator(CHANGING)], mask_color="#808080")
    with Image.open(seen) as picture:
        now = fewer_colours(picture.convert("RGB"), 64)
    now.save(seen, optimize=True)
    with Image.open(file) as before:
        assert difference(before, now) <= TOLERATED, f"{name} looks different: compare {seen} with {file}"


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_start_screen(browser: Browser, own: Stack, theme: str, language: str) -> None:
    page = _open(browser, own, theme, language)
    page.locator("main button svg").first.wait_for()
    _same(page, f"start-{theme}-{language}")
    page.context.close()


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_a_lab_and_its_tools(browser: Browser, own: Stack, site_lab: str, theme: str, language: str) -> None:
    page = _open(browser, own, theme, language, site_lab)
    page.locator("[data-id='namespace:web']").wait_for()
    page.keyboard.press("1")
    page.locator("[data-id='namespace:web']").click(position={"x": 20, "y": 8})
    _same(page, f"lab-{theme}-{language}")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").wait_for()
    page.keyboard.type("ns")
    _same(page, f"palette-{theme}-{language}")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.get_by_role("group", name="FORWARD").wait_for()
    page.keyboard.press("1")
    _same(page, f"chains-{theme}-{language}")
    page.keyboard.press("e")
    page.locator(".cm-content").wait_for()
    _same(page, f"source-{theme}-{language}")
    page.context.close()
