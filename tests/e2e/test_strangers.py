"""What others choose is only ever text on the page; and a token that only looks is told so."""

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import Stack

NAME = '<img src=x onerror="window.pwned=1">'
INTERFACE = "<b>x<i>'\"&"


def test_html_in_names_is_text(page: Page, stack: Stack, lab: str) -> None:
    stack.inside(lab, "host", "ip", "netns", "add", NAME)
    stack.inside(lab, "host", "ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", "${alert(1)}")
    page.get_by_role("group", name=f"Namespace {NAME}").wait_for()
    expect(page.get_by_text(NAME).first).to_be_visible()
    page.get_by_role("button", name=f"Interface host/{INTERFACE}").first.wait_for()
    page.get_by_role("group", name=f"Namespace {NAME}").click()
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.pwned") is None
    assert page.evaluate("() => document.querySelectorAll('img[src=\"x\"], b').length") == 0


@pytest.mark.usefixtures("page")
def test_a_view_token_in_the_browser(browser: Browser, stack: Stack, lab: str) -> None:
    secret = json.loads(stack.cli("token", lab, "--view", "--json"))["token"]
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
    try:
        page = context.new_page()
        page.goto(f"{stack.url}/?token={secret}&lab={lab}")
        page.get_by_role("group", name="Namespace host").wait_for()
        page.keyboard.press("n")
        page.get_by_role("dialog", name="New namespace").get_by_role("button", name="Add").click()
        expect(page.get_by_text(f"this token only allows to look at lab {lab}").first).to_be_visible()
        page.reload()
        page.get_by_role("group", name="Namespace host").wait_for()
        assert stack.inside(lab, "host", "ip", "netns", "list") == ""
    finally:
        context.close()
